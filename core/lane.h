/* SPDX-License-Identifier: MIT
 * lane.h - a few connections on which the short units of many threads are pipelined. Level 3.
 *
 * There is no thread of its own: a request thread sends its unit under the lane's lock, then one of those that wait,
 * the leader, polls the socket and sorts the answers of all; when its own has come it hands the lead to the next in the
 * queue (lane.c explains). A unit is one implicit transaction. */
#ifndef LANE_H
#define LANE_H

#include "unit.h"

struct lanes;

struct lane_options {
    struct db_options db;
    uint32_t lanes;      /* connections */
    uint32_t depth;      /* units under way on one of them at the most; more are refused at once */
    uint32_t timeout_ms; /* from sending to answer; a lane that takes longer is closed and connected again */
};

/* Opens all of them. options.db.url is kept. E_UNAVAILABLE, E_NOMEM. */
alees_rc lane_open(const struct lane_options *options, struct lanes **ret_lanes, char why[DB_WHY]) MUST_CHECK;
void lane_close(struct lanes *lanes); /* no unit is under way; accepts NULL */

/* Sends u and waits for its answer. ALEES_OK: PostgreSQL has answered, u->error says if it refused. E_UNAVAILABLE: it
 * has not; what was sent may have been done or not. Any thread. */
alees_rc lane_run(struct lanes *lanes, struct unit *u) MUST_CHECK;

#endif
