/* SPDX-License-Identifier: MIT
 * pool.h - connections for transactions of several steps, each lent to one thread at a time. Level 3.
 *
 * They are made when they are first needed. Role and organizations are set for the transaction only (SET LOCAL), so
 * nothing has to be reset between borrowers but the transaction itself. */
#ifndef POOL_H
#define POOL_H

#include "unit.h"

struct pool;

struct pool_options {
    struct db_options db;
    uint32_t connections; /* at most */
    uint32_t wait_ms;     /* for one to become free */
    uint32_t timeout_ms;  /* of one statement, from sending to answer */
};

struct pool *pool_new(const struct pool_options *options) MUST_CHECK; /* NULL without memory; options.db.url is kept */
void pool_free(struct pool *p);                                       /* nothing is lent; accepts NULL */

/* A live session outside any transaction. E_UNAVAILABLE: none became free in time, or PostgreSQL cannot be reached;
 * then one caller at a time tries again, with growing pauses, and the others fail at once. Any thread. */
alees_rc pool_take(struct pool *p, struct session **ret_session) MUST_CHECK;
/* Gives it back. One that is lost, or still in a transaction, is closed. */
void pool_give(struct pool *p, struct session *s);

/* The same for what may take long: a quarter of the connections, one if there are two, is never lent for that, so that heavy
 * lists do not keep writes waiting. */
alees_rc pool_take_slow(struct pool *p, struct session **ret_session) MUST_CHECK;
void pool_give_slow(struct pool *p, struct session *s);

/* Runs a unit on a session that was taken. E_UNAVAILABLE: lost or too late; give it back. */
alees_rc pool_run(struct pool *p, struct session *s, struct unit *u) MUST_CHECK;

#endif
