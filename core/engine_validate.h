/* SPDX-License-Identifier: MIT
 * engine_validate.h - the hooks that look at changes before they are written. Level 3. */
#ifndef ENGINE_VALIDATE_H
#define ENGINE_VALIDATE_H

#include "engine_parts.h"

/* Both hooks, of one change. */
alees_rc engine_validate(alees_change *change) MUST_CHECK;
/* validate_all, of many that validate has seen; a failure is one of all of them. Then, for each: what it says of this one. */
alees_rc engine_validate_all(alees_ctx *ctx, const struct resource *r, alees_change *const *changes,
                             uint32_t count) MUST_CHECK;
alees_rc engine_validate_told(alees_change *change) MUST_CHECK;

#endif
