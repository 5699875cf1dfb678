/* SPDX-License-Identifier: MIT
 * store.h - the only way to the database for the rest of the server: every statement runs under a plugin's role and a
 * set of organizations, set in the same round trip and gone with it. Level 3.
 *
 * Below it stand db.c (libpq), lane.c (pipelined connections shared by many threads), pool.c and listen.c. */
#ifndef STORE_H
#define STORE_H

#include "plugin.h"
#include "problem.h"

struct store;

/* A statement, registered once; its SQL is prepared on each connection under the role that first runs it there. */
struct statement {
    uint32_t number; /* from 1; 0: prepared nowhere, sent as text */
    uint64_t serial; /* 0: the number is its own for ever; else another one has had it before, or will have it */
    uint32_t nparams;
    const char *sql;
    const char *name;
    struct alees_self *plugin;
    bool is_reading; /* for certain: a SELECT that the engine made. One of a plugin may call a function that writes */
};

struct store_scope {
    struct alees_self *plugin; /* whose role; NULL: alees_app itself (the host's own tables in schema alees) */
    bool all;                  /* a superuser's request: the twin role, whose policies are true */
    alees_str organizations;   /* "{uuid,uuid}"; "{}" for none; NUL-terminated */
    /* of store_run_slow: tables are not read whole where an index will do. For statements that look into a table once for
     * each of many organizations: PostgreSQL thinks it cheap to read a small one, and does so each time. */
    bool by_index;
};

struct store_call {
    const struct statement *statement;
    const alees_str *params; /* text, NUL-terminated; absent: NULL */
};

/* What PostgreSQL said of a failed statement; for mapping to fields, never for clients. Lives as long as the ctx. */
struct store_error {
    char sqlstate[6];
    uint32_t call;                                     /* which of the calls */
    const char *constraint, *table, *column, *message; /* NULL if not said */
};

/* Opens the listener, the lanes and the pool. E_UNAVAILABLE with a line on errors when PostgreSQL cannot be reached,
 * E_INVALID when it is too old a minor version, when the login is a superuser or bypasses row-level security, or when
 * migrations are missing (says what to run). */
alees_rc store_open(const struct config *config, const struct plugins *plugins, FILE *errors,
                    struct store **ret_store) MUST_CHECK;
void store_close(struct store *s);

/* Registers SQL text for a plugin, for ever; the same text gives the same statement. For the boot: each costs memory in
 * every backend. NULL past UNIT_MAX_STATEMENTS or without memory. sql and name are copied. Any thread. */
const struct statement *store_statement(struct store *s, struct alees_self *plugin, const char *name, alees_str sql,
                                        uint32_t nparams) MUST_CHECK;

/* The same text, if it was registered; NULL. Needs no lock. Any thread. */
const struct statement *store_known(struct store *s, const struct alees_self *plugin, alees_str sql);
/* For a text that a client's question made: sets number, serial and is_reading of a statement of the caller's, which
 * lives in its request and has the rest. Prepared is what comes again, as long as others do not come more often
 * (store_shape.c). Any thread. */
void store_shape(struct store *s, struct statement *statement);

/* Prepares every statement registered so far on one connection under its role, which finds drift between the code and
 * the schema: a line on errors for each that fails, E_INVALID. At boot. */
alees_rc store_prepare_all(struct store *s, FILE *errors) MUST_CHECK;

/* Runs calls in order in one round trip. Outside a transaction of the ctx: one implicit transaction on a lane. Inside
 * (store_begin): part of it, on its connection. ret_rows[i] belongs to calls[i] and lives as long as the ctx; written
 * on success only. Failures are mapped as db.h says, the problem is set, and *ret_error (may be NULL) says more. */
alees_rc store_run(alees_ctx *ctx, const struct store_scope *scope, const struct store_call *calls, uint32_t count,
                   alees_rows **ret_rows, const struct store_error **ret_error) MUST_CHECK;
/* The same, but never part of the ctx's transaction. */
alees_rc store_run_alone(alees_ctx *ctx, const struct store_scope *scope, const struct store_call *calls,
                         uint32_t count, alees_rows **ret_rows, const struct store_error **ret_error) MUST_CHECK;

/* The same for what may take long: reading statements, on a connection of the pool, in one snapshot. It ends, cancelled in
 * the database, at the ctx's deadline (503 with code timeout) and when the client hangs up. Part of the ctx's transaction if
 * there is one. */
alees_rc store_run_slow(alees_ctx *ctx, const struct store_scope *scope, const struct store_call *calls, uint32_t count,
                        alees_rows **ret_rows, const struct store_error **ret_error) MUST_CHECK;

/* The rows of one reading statement, more than memory holds: STORE_CURSOR_ROWS at a time, from one snapshot, on a connection
 * of the pool that is given back by the end of the ctx at the latest; not part of the ctx's transaction. Each fetch ends as
 * store_run_slow does. */
struct store_cursor;
enum { STORE_CURSOR_ROWS = 1000 };
alees_rc store_cursor_open(alees_ctx *ctx, const struct store_scope *scope, const struct store_call *call,
                           struct store_cursor **ret_cursor) MUST_CHECK;
/* Fewer than STORE_CURSOR_ROWS: those were the last. They live as long as the arena, which is not the ctx's own. */
alees_rc store_cursor_fetch(alees_ctx *ctx, struct store_cursor *cursor, struct arena *arena,
                            alees_rows **ret_rows) MUST_CHECK;
void store_cursor_close(struct store_cursor *cursor);

/* A transaction on a connection of the pool, until commit or rollback; the end of the ctx rolls back. begin is lazy:
 * the connection is taken by the first store_run. */
void store_begin(alees_ctx *ctx);
alees_rc store_commit(alees_ctx *ctx) MUST_CHECK; /* E_CONFLICT, E_UNAVAILABLE: nothing was written */
void store_rollback(alees_ctx *ctx);
/* A commit that does not take place: checks what is deferred to one, fails as it would, and rolls back. */
alees_rc store_rehearse(alees_ctx *ctx) MUST_CHECK;
/* Sets the transaction's only savepoint, in place of an earlier one; and undoes what has happened since, so that a
 * transaction in which PostgreSQL has refused something goes on. The problem stays set. */
alees_rc store_savepoint(alees_ctx *ctx) MUST_CHECK;
alees_rc store_back(alees_ctx *ctx) MUST_CHECK;
/* Before the texts of scopes that statements of the transaction ran under are given back with arena_release. */
void store_forget_scope(alees_ctx *ctx);
/* Has the transaction failed, so that nothing more can be asked in it? */
bool store_is_spoilt(const alees_ctx *ctx);

uint32_t store_rows_count(const alees_rows *rows);
uint32_t store_rows_columns(const alees_rows *rows);
uint64_t store_rows_changed(const alees_rows *rows);
alees_str store_rows_text(const alees_rows *rows, uint32_t row, uint32_t column); /* absent if NULL */

/* See db.h: listen. Before store_listen_start. */
alees_rc store_listen(struct store *s, struct alees_self *plugin, const char *channel,
                      void (*on_message)(void *state, alees_ctx *ctx, alees_str payload)) MUST_CHECK;
/* LISTENs on all channels, commits, then starts the thread. make/end: a ctx for each message. */
alees_rc store_listen_start(struct store *s, alees_ctx *(*make)(void *data, struct alees_self *plugin),
                            void (*end)(void *data, alees_ctx *ctx), void *data, FILE *errors) MUST_CHECK;
uint32_t store_listener_age_ms(const struct store *s);
/* Can PostgreSQL be asked now? For /readyz; at most once a second it really asks. */
bool store_is_ready(struct store *s);
const uint8_t *store_secret(const struct store *s); /* 32 bytes shared by all servers on this database: cursors */

#endif
