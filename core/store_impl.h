/* SPDX-License-Identifier: MIT
 * store_impl.h - what store.c (opening, closing), store_run.c (statements and transactions), store_error.c (what
 * PostgreSQL refused) and store_check.c (is this database fit?) share. Level 3. */
#ifndef STORE_IMPL_H
#define STORE_IMPL_H

#include <pthread.h>
#include <stdatomic.h>

#include "ctx.h"
#include "lane.h"
#include "listen.h"
#include "pool.h"
#include "store.h"

enum {
    STORE_SECRET = 32,
    STORE_SLOTS = 2048,            /* of the hash table: a power of two, at most half full */
    STORE_MEMORY = 8 * 1024 * 1024 /* of statements, at most */
};

struct store {
    struct lanes *lanes;
    struct pool *pool;
    struct listener *listener;
    struct metric *rls_stopped, *ran, *stopped_gone, *stopped_late;
    uint32_t statement_timeout_ms;
    uint8_t secret[STORE_SECRET];

    /* Statements by hash of plugin and SQL, open addressing. Slots are read without the lock and written once. */
    _Atomic(struct statement *) slots[STORE_SLOTS];
    pthread_mutex_t registry;
    struct arena *arena;
    struct statement *statements[UNIT_MAX_STATEMENTS]; /* by number - 1 */
    uint32_t statement_count;

    struct store_shapes *shapes; /* store_shape.c: those that clients make */

    atomic_bool is_ready;
    _Atomic uint64_t asked_us; /* when is_ready was asked for last */
};

/* Sets the problem, logs, counts; *ret_error (may be NULL) says more, *ret_error is untouched without memory. Returns
 * the result code. */
alees_rc store_refused(alees_ctx *ctx, struct store *s, const struct unit *u, const struct store_error **ret_error);
alees_rc store_away(alees_ctx *ctx); /* no answer from PostgreSQL */
alees_rc store_late(alees_ctx *ctx); /* the deadline of the request has passed */
alees_rc store_stopped(alees_ctx *ctx, struct store *s, const struct unit *u); /* one that unit_run has cancelled */

struct store_shapes *store_shapes_new(const uint8_t secret[STORE_SECRET]); /* NULL without memory */
void store_shapes_free(struct store_shapes *shapes);                       /* accepts NULL */
uint64_t store_hash(uint64_t seed, const struct alees_self *plugin, alees_str sql);
bool store_is_reading(const char *name, const char *sql); /* see struct statement */

/* Of store_run.c: a unit for these calls; when, and by whom, it is cancelled; what came back of it; the end of whatever is
 * open on a session of the pool, which is given back. */
alees_rc store_new_unit(alees_ctx *ctx, const struct store_scope *scope, const struct store_call *calls, uint32_t count,
                        struct unit **ret_unit) MUST_CHECK;
alees_rc store_obey_deadline(alees_ctx *ctx, struct unit *u) MUST_CHECK;
alees_rc store_give_rows(alees_ctx *ctx, const struct unit *u, alees_rows **ret_rows) MUST_CHECK;
void store_give_back(struct store *s, struct session *session);

/* The first word of a statement, behind blanks and comments. */
const char *store_verb(const char *sql);

/* Is this database fit for serving? Versions, login, migrations. db is in plain mode. Fills in secret; lines on errors.
 * E_INVALID, E_UNAVAILABLE, E_NOMEM. */
alees_rc store_check(struct db *db, const struct plugins *plugins, uint8_t secret[STORE_SECRET],
                     FILE *errors) MUST_CHECK;

#endif
