/* SPDX-License-Identifier: MIT
 * ratelimit.h - how many requests a minute: of a user (with all API keys), in an organization, of an address from which
 * somebody asks without a login. Level 3.
 *
 * The buckets are those of this process; several servers behind one address each give the whole quota. */
#ifndef RATELIMIT_H
#define RATELIMIT_H

#include "ctx.h"

struct ratelimit; /* of the process: app->ratelimit; NULL: nothing is limited */

/* Quotas from the settings. In the arena; *ret_limit is NULL where all are 0. E_NOMEM. */
alees_rc ratelimit_new(struct arena *arena, const struct config *c, struct ratelimit **ret_limit) MUST_CHECK;

/* Each takes one token, and sets the problem, 429, if there is none. */
alees_rc ratelimit_user(alees_ctx *ctx) MUST_CHECK; /* ctx->who */
alees_rc
ratelimit_stranger(alees_ctx *ctx) MUST_CHECK; /* the peer, unless it is this machine itself: a proxy's clients */
/* The organization that the request names, if the caller may reach it, or the only one that it can be about. */
alees_rc ratelimit_organization(alees_ctx *ctx) MUST_CHECK;

/* For what costs more than a request: further tokens, of the same buckets. A cost above a quota is the quota. */
alees_rc ratelimit_charge(alees_ctx *ctx, uint32_t cost) MUST_CHECK;

/* The headers RateLimit-Policy and RateLimit of what was asked about, each with CR LF in front; or nothing. */
void ratelimit_write(const alees_ctx *ctx, struct str *out);

#endif
