/* SPDX-License-Identifier: MIT
 * ratelimit_table.h - token buckets in a table of fixed size, without locks. Level 1. Any thread. */
#ifndef RATELIMIT_TABLE_H
#define RATELIMIT_TABLE_H

#include "arena.h"

enum { RATELIMIT_WINDOW = 60 }; /* seconds in which an empty bucket fills up */

/* What became of one bucket. */
struct ratelimit_state {
    uint32_t quota;     /* tokens of a full one; 0: nothing was asked */
    uint32_t remaining; /* tokens in it now */
    uint32_t reset_s;   /* until it is full */
    uint32_t wait_s;    /* refused: until there is enough; else 0 */
};

struct ratelimit_table;

/* sets: a power of two; 4 buckets and 64 bytes each. NULL without memory. */
struct ratelimit_table *ratelimit_table_new(struct arena *arena, uint32_t sets) MUST_CHECK;

/* Takes cost tokens, at most quota, out of the bucket of that key, which holds quota of them and gets as many in a minute.
 * False: there are not so many, and none was taken. A bucket that is not in the table is full; where there is no room, the
 * fullest of four makes place, and is full when it comes back. now_us: monotonic. */
bool ratelimit_table_spend(struct ratelimit_table *t, alees_str key, uint32_t quota, uint32_t cost, uint64_t now_us,
                           struct ratelimit_state *ret_state) MUST_CHECK;

#endif
