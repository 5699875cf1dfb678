/* SPDX-License-Identifier: MIT
 * idempotency.h - the header Idempotency-Key: a request that is sent twice is carried out once. Level 3.
 *
 * A key belongs to a user (and, for programs, to their API key) and a route. The request claims it by a lock that its
 * transaction holds, and the reply is stored in that transaction: both or neither outlive a crash. */
#ifndef IDEMPOTENCY_H
#define IDEMPOTENCY_H

#include "ctx.h"

/* Does the request name a key, on a route where keys count: a POST that writes, of a caller who is known? Not in a
 * rehearsal, which leaves nothing behind. */
bool idempotency_is_asked(const alees_ctx *ctx);

/* In the transaction that has just been opened. Answers at once if the reply is known (then the transaction is over).
 * E_INVALID: the key came with another request; E_CONFLICT: that one is still running, or its reply was not kept. */
alees_rc idempotency_claim(alees_ctx *ctx) MUST_CHECK;

/* The answer is about that organization (zero: about what belongs to none): whoever wants to see it again must still hold
 * the route's permission there. Without any it is about all in which the caller holds it now. */
alees_rc idempotency_about(alees_ctx *ctx, const alees_id *organization) MUST_CHECK;

/* Stores the answer, if it is a success and the key was claimed. For ctx_commit. */
alees_rc idempotency_keep(alees_ctx *ctx) MUST_CHECK;

#endif
