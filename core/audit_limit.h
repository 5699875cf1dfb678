/* SPDX-License-Identifier: MIT
 * audit_limit.h - how many entries of one user and action are written within a minute, in memory of a fixed size.
 * Level 1. Any thread. */
#ifndef AUDIT_LIMIT_H
#define AUDIT_LIMIT_H

#include "base.h"

struct audit_limit;

/* NULL without memory. */
struct audit_limit *audit_limit_new(uint32_t per_minute) MUST_CHECK;
void audit_limit_free(struct audit_limit *l); /* accepts NULL */

/* May one more be written at now_us (monotonic)? Then *ret_suppressed is how many were not since the last that was. user
 * NULL: nobody in particular, who counts as one user. */
bool audit_limit_take(struct audit_limit *l, const alees_id *user, const char *action, uint64_t now_us,
                      uint64_t *ret_suppressed) MUST_CHECK;

#endif
