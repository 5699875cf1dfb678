/* SPDX-License-Identifier: MIT
 * store_run.c - statements of a ctx: by themselves on a lane, or in its transaction on a connection of the pool. */
#include <string.h>

#include "app.h"
#include "lock.h"
#include "log.h"
#include "store_impl.h"
#include "sys.h"

struct alees_rows {
    const struct db_result *result;
};

/* In the ctx's arena. What of the scope is set on the connection is remembered, to send it only when it changes. */
struct ctx_transaction {
    struct store *store;
    struct session *session;   /* NULL: nothing has been run yet, or it is over */
    alees_rc rc;               /* not OK: PostgreSQL refuses all but a rollback */
    bool has_scope, has_actor; /* set, and not undone by going back to the savepoint */
    bool has_role;             /* of a plugin: another one cannot be set before it is left */
    bool has_savepoint;
    struct store_scope scope;
};

/* For a transaction that there is no memory for: all it gives is E_NOMEM. */
static struct ctx_transaction no_transaction = {.rc = ALEES_E_NOMEM};

static alees_rc out_of_memory(alees_ctx *ctx) {
    (void)problem_set(&ctx->problem, PROBLEM_OUT_OF_MEMORY, "%s", "The request needs too much memory.");
    return ALEES_E_NOMEM;
}

static const char *role_of(const struct store_scope *scope) {
    if (!scope->plugin) {
        return "none"; /* alees_app, which logged in */
    }
    return scope->all || lock_database_is_off() ? scope->plugin->role_all : scope->plugin->role;
}

/* PostgreSQL's texts have no NUL; libpq would quietly send what is before it. */
static bool has_nul(const struct store_call *calls, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        for (uint32_t k = 0; k < calls[i].statement->nparams; k++) {
            alees_str p = calls[i].params[k];
            if (p.ptr && p.len && memchr(p.ptr, '\0', p.len)) {
                return true;
            }
        }
    }
    return false;
}

/* Then the audit trail must be told by whom. */
static bool may_write(const struct store_call *calls, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        if (!calls[i].statement->is_reading) {
            return true;
        }
    }
    return false;
}

alees_rc store_new_unit(alees_ctx *ctx, const struct store_scope *scope, const struct store_call *calls, uint32_t count,
                        struct unit **ret_unit) {
    for (uint32_t i = 0; i < count; i++) {
        /* A prepared statement belongs to one plugin's two roles. */
        ASSERT(calls[i].statement->plugin == scope->plugin && calls[i].statement->nparams <= DB_MAX_PARAMS);
    }
    if (has_nul(calls, count)) {
        (void)problem_set(&ctx->problem, PROBLEM_INVALID, "%s", "A text contains the character NUL.");
        return ALEES_E_INVALID;
    }
    struct unit *u = ARENA_NEW(ctx->arena, struct unit);
    if (!u || unit_init(u, ctx->arena, calls, count) != ALEES_OK) {
        return out_of_memory(ctx);
    }
    metrics_add(ctx->app->store->ran, (int64_t)count);
    u->all = scope->all;
    u->role = role_of(scope);
    u->organizations = scope->all || !scope->organizations.ptr ? STR_LIT("{}") : scope->organizations;
    *ret_unit = u;
    return ALEES_OK;
}

alees_rc store_give_rows(alees_ctx *ctx, const struct unit *u, alees_rows **ret_rows) {
    alees_rows *rows = ARENA_ARRAY(ctx->arena, alees_rows, u->count);
    if (!rows) {
        return out_of_memory(ctx);
    }
    for (uint32_t i = 0; i < u->count; i++) {
        ASSERT(u->results[i]);
        rows[i].result = u->results[i];
    }
    for (uint32_t i = 0; ret_rows && i < u->count; i++) {
        ret_rows[i] = &rows[i];
    }
    return ALEES_OK;
}

/* For a unit on the pool: when, and by whom, it is cancelled. */
alees_rc store_obey_deadline(alees_ctx *ctx, struct unit *u) {
    u->client = ctx->client;
    u->stop_us = ctx->deadline_us;
    if (ctx->deadline_us == 0) {
        return ALEES_OK;
    }
    uint64_t now = sys_monotonic_us();
    if (now >= ctx->deadline_us) {
        return store_late(ctx);
    }
    uint64_t left_ms = (ctx->deadline_us - now) / 1000 + 1;
    /* PostgreSQL ends it by itself, too, should this process not be there to do so. */
    if ((u->flags & (UNIT_BEGIN | UNIT_SNAPSHOT)) && left_ms < ctx->app->store->statement_timeout_ms) {
        u->timeout = arena_printf(ctx->arena, "%u", (unsigned)left_ms);
        return u->timeout.ptr ? ALEES_OK : out_of_memory(ctx);
    }
    return ALEES_OK;
}

/* Also what a cancelled statement needs behind it: a request to cancel that is late hits this, and nobody else. */
static void roll_back_session(struct store *s, struct session *session) {
    struct unit_space space;
    struct unit u;
    unit_init_control(&u, &space, UNIT_ROLLBACK);
    (void)(pool_run(s->pool, session, &u) == ALEES_OK); /* else pool_give closes it, which rolls back as well */
    db_result_free(u.error);
}

void store_give_back(struct store *s, struct session *session) {
    roll_back_session(s, session);
    pool_give(s->pool, session);
}

/* On the pool, in a transaction of its own: there and back. The session is given back whatever comes of it. */
static alees_rc run_slow(alees_ctx *ctx, struct unit *u, const struct store_error **ret_error) {
    struct store *s = ctx->app->store;
    struct session *session = NULL;
    alees_rc rc = store_obey_deadline(ctx, u);
    if (rc != ALEES_OK) {
        return rc;
    }
    if (pool_take_slow(s->pool, &session) != ALEES_OK) {
        return store_away(ctx);
    }
    if (pool_run(s->pool, session, u) != ALEES_OK) {
        pool_give_slow(s->pool, session);
        return u->stopped != UNIT_NOT_STOPPED ? store_stopped(ctx, s, u) : store_away(ctx);
    }
    if (!u->error && u->stopped == UNIT_NOT_STOPPED) {
        pool_give_slow(s->pool, session);
        return ALEES_OK;
    }
    roll_back_session(s, session);
    pool_give_slow(s->pool, session);
    return u->stopped != UNIT_NOT_STOPPED ? store_stopped(ctx, s, u) : store_refused(ctx, s, u, ret_error);
}

/* At the latest when the arena ends. */
static void roll_back(void *data) {
    struct ctx_transaction *t = data;
    struct session *session = t->session;
    if (session) {
        t->session = NULL;
        store_give_back(t->store, session);
    }
}

void store_begin(alees_ctx *ctx) {
    ASSERT(!ctx->transaction);
    struct ctx_transaction *t = ARENA_NEW(ctx->arena, struct ctx_transaction);
    if (t) {
        t->store = ctx->app->store;
    }
    ctx->transaction = t && arena_defer(ctx->arena, roll_back, t) ? t : &no_transaction;
}

static bool is_same_scope(const struct ctx_transaction *t, const struct store_scope *scope) {
    const struct store_scope *set = &t->scope;
    return t->has_scope && set->plugin == scope->plugin && set->all == scope->all &&
           set->organizations.len == scope->organizations.len &&
           memcmp(set->organizations.ptr, scope->organizations.ptr, set->organizations.len) == 0;
}

static alees_rc transaction_run(alees_ctx *ctx, const struct store_scope *scope, const struct store_call *calls,
                                uint32_t count, alees_rows **ret_rows, const struct store_error **ret_error) {
    struct ctx_transaction *t = ctx->transaction;
    struct unit *u;
    if (t->rc != ALEES_OK) {
        return t->rc; /* the problem is that of the first failure */
    }
    alees_rc rc = store_new_unit(ctx, scope, calls, count, &u);
    if (rc != ALEES_OK) {
        return rc;
    }
    const struct store_scope now = {.plugin = scope->plugin, .all = scope->all, .organizations = u->organizations};
    if (!t->has_actor) {
        u->actor = ctx_actor(ctx); /* once: it holds until the end of the transaction */
        if (!u->actor.ptr) {
            return out_of_memory(ctx);
        }
        if (ctx->trace_id[0]) {
            u->application = arena_printf(ctx->arena, "alees %s", ctx->trace_id);
        }
    }
    if (!t->session) {
        if (pool_take(t->store->pool, &t->session) != ALEES_OK) {
            t->rc = store_away(ctx);
            return t->rc;
        }
        u->flags |= UNIT_BEGIN;
    }
    rc = store_obey_deadline(ctx, u);
    if (rc != ALEES_OK) {
        t->rc = rc;
        return rc;
    }
    if (!is_same_scope(t, &now)) {
        u->flags |= UNIT_SCOPE | (t->has_role ? UNIT_LEAVE_ROLE : 0u);
        t->has_role = t->has_role || now.plugin != NULL;
        t->scope = now;
        t->has_scope = t->has_actor = true;
    }
    if (pool_run(t->store->pool, t->session, u) != ALEES_OK) {
        pool_give(t->store->pool, t->session);
        t->session = NULL;
        t->rc = u->stopped != UNIT_NOT_STOPPED ? store_stopped(ctx, t->store, u) : store_away(ctx);
        return t->rc;
    }
    if (u->stopped != UNIT_NOT_STOPPED) {
        t->rc = store_stopped(ctx, t->store, u);
        return t->rc;
    }
    if (u->error) {
        t->rc = store_refused(ctx, t->store, u, ret_error);
        return t->rc;
    }
    return store_give_rows(ctx, u, ret_rows);
}

/* Somebody holds a lock that this needs, perhaps for long: not on a lane, where strangers would wait as well. There it was
 * undone, so it can be sent again. */
static alees_rc run_patiently(alees_ctx *ctx, const struct store_scope *scope, const struct store_call *calls,
                              uint32_t count, alees_rows **ret_rows, const struct store_error **ret_error) {
    struct ctx_transaction *open = ctx->transaction; /* this one is to be alone */
    struct ctx_after *after = ctx->after;
    ctx->transaction = NULL;
    store_begin(ctx);
    alees_rc rc = transaction_run(ctx, scope, calls, count, ret_rows, ret_error);
    if (rc == ALEES_OK) {
        rc = store_commit(ctx);
    } else {
        store_rollback(ctx);
    }
    ctx->transaction = open;
    ctx->after = after;
    return rc;
}

alees_rc store_run_alone(alees_ctx *ctx, const struct store_scope *scope, const struct store_call *calls,
                         uint32_t count, alees_rows **ret_rows, const struct store_error **ret_error) {
    struct store *s = ctx->app->store;
    struct unit *u;
    alees_rc rc = store_new_unit(ctx, scope, calls, count, &u);
    if (rc != ALEES_OK) {
        return rc;
    }
    if (ctx->deadline_us != 0 && sys_monotonic_us() >= ctx->deadline_us) {
        return store_late(ctx);
    }
    u->flags = UNIT_SCOPE;
    if (may_write(calls, count)) {
        u->actor = ctx_actor(ctx);
        if (!u->actor.ptr) {
            return out_of_memory(ctx);
        }
    }
    if (lane_run(s->lanes, u) != ALEES_OK) {
        return store_away(ctx);
    }
    if (u->error && strcmp(db_error(u->error, DB_SQLSTATE), "55P03") == 0) {
        return run_patiently(ctx, scope, calls, count, ret_rows, ret_error);
    }
    return u->error ? store_refused(ctx, s, u, ret_error) : store_give_rows(ctx, u, ret_rows);
}

alees_rc store_run(alees_ctx *ctx, const struct store_scope *scope, const struct store_call *calls, uint32_t count,
                   alees_rows **ret_rows, const struct store_error **ret_error) {
    uint64_t start = ctx->app->server_timing ? sys_monotonic_us() : 0;
    alees_rc rc = ctx->transaction ? transaction_run(ctx, scope, calls, count, ret_rows, ret_error)
                                   : store_run_alone(ctx, scope, calls, count, ret_rows, ret_error);
    ctx->db_us += start ? sys_monotonic_us() - start : 0;
    return rc;
}

alees_rc store_run_slow(alees_ctx *ctx, const struct store_scope *scope, const struct store_call *calls, uint32_t count,
                        alees_rows **ret_rows, const struct store_error **ret_error) {
    struct unit *u;
    if (ctx->transaction) {
        return transaction_run(ctx, scope, calls, count, ret_rows, ret_error);
    }
    alees_rc rc = store_new_unit(ctx, scope, calls, count, &u);
    if (rc != ALEES_OK) {
        return rc;
    }
    u->flags = UNIT_SNAPSHOT | UNIT_SCOPE | UNIT_COMMIT | (scope->by_index ? UNIT_BY_INDEX : 0u);
    rc = run_slow(ctx, u, ret_error);
    return rc == ALEES_OK ? store_give_rows(ctx, u, ret_rows) : rc;
}

/* One that only moves the savepoint. */
static alees_rc run_control(alees_ctx *ctx, struct ctx_transaction *t, uint32_t flags) {
    struct unit_space space;
    struct unit u;
    unit_init_control(&u, &space, flags);
    if (pool_run(t->store->pool, t->session, &u) != ALEES_OK) {
        pool_give(t->store->pool, t->session);
        t->session = NULL;
        t->rc = store_away(ctx);
    } else if (u.error) {
        t->rc = store_refused(ctx, t->store, &u, NULL);
    }
    db_result_free(u.error);
    return t->rc;
}

alees_rc store_savepoint(alees_ctx *ctx) {
    struct ctx_transaction *t = ctx->transaction;
    uint32_t flags = UNIT_SAVEPOINT;
    ASSERT(t != NULL);
    if (t->rc != ALEES_OK) {
        return t->rc;
    }
    if (!t->session) {
        if (pool_take(t->store->pool, &t->session) != ALEES_OK) {
            t->rc = store_away(ctx);
            return t->rc;
        }
        flags |= UNIT_BEGIN;
    }
    flags |= t->has_savepoint ? UNIT_RELEASE : 0u;
    t->has_savepoint = true;
    return run_control(ctx, t, flags);
}

alees_rc store_back(alees_ctx *ctx) {
    struct ctx_transaction *t = ctx->transaction;
    ASSERT(t != NULL);
    ASSERT(t->has_savepoint);
    if (!t->session) {
        return t->rc;
    }
    t->rc = ALEES_OK;
    t->has_scope = t->has_actor = false; /* what was set since then is undone, too */
    return run_control(ctx, t, UNIT_BACK);
}

void store_forget_scope(alees_ctx *ctx) {
    if (ctx->transaction && ctx->transaction != &no_transaction) {
        ctx->transaction->has_scope = false;
    }
}

bool store_is_spoilt(const alees_ctx *ctx) {
    return ctx->transaction && ctx->transaction->rc != ALEES_OK;
}

/* A connection that breaks now leaves it open whether the commit took place; nobody can know. */
static alees_rc lost_at_commit(alees_ctx *ctx) {
    log_event(ALEES_LOG_ERROR, "db", ctx->request_id, NULL, "connection lost during commit: outcome unknown");
    (void)problem_set(
        &ctx->problem, PROBLEM_UNAVAILABLE, "%s",
        "The database went away while the change was being saved; look whether it was before trying again.");
    return ALEES_E_UNAVAILABLE;
}

alees_rc store_commit(alees_ctx *ctx) {
    struct ctx_transaction *t = ctx->transaction;
    ASSERT(t);
    if (t->rc != ALEES_OK) {
        alees_rc rc = t->rc;
        store_rollback(ctx);
        return rc;
    }
    ctx->transaction = NULL;
    if (!t->session) {
        return ALEES_OK;
    }
    struct unit *u = ARENA_NEW(ctx->arena, struct unit);
    if (!u || unit_init(u, ctx->arena, NULL, 0) != ALEES_OK) {
        roll_back(t);
        return out_of_memory(ctx);
    }
    u->flags = UNIT_COMMIT;
    struct session *session = t->session;
    t->session = NULL;
    alees_rc rc = pool_run(t->store->pool, session, u);
    pool_give(t->store->pool, session);
    if (rc != ALEES_OK) {
        return lost_at_commit(ctx);
    }
    if (u->error) {
        return store_refused(ctx, t->store, u, NULL);
    }
    if (u->is_rolled_back) {
        return problem_set(&ctx->problem, PROBLEM_CONFLICT, "%s", "The change could not be saved; try again.");
    }
    return ALEES_OK;
}

/* On the open transaction's connection, which stays its. */
static alees_rc check_deferred(alees_ctx *ctx, struct ctx_transaction *t) {
    struct unit *u = ARENA_NEW(ctx->arena, struct unit);
    if (!u || unit_init(u, ctx->arena, NULL, 0) != ALEES_OK) {
        return out_of_memory(ctx);
    }
    u->flags = UNIT_CHECK;
    if (pool_run(t->store->pool, t->session, u) != ALEES_OK) {
        pool_give(t->store->pool, t->session);
        t->session = NULL;
        return store_away(ctx);
    }
    return u->error ? store_refused(ctx, t->store, u, NULL) : ALEES_OK;
}

alees_rc store_rehearse(alees_ctx *ctx) {
    struct ctx_transaction *t = ctx->transaction;
    ASSERT(t);
    alees_rc rc = t->rc;
    if (rc == ALEES_OK && t->session) {
        rc = check_deferred(ctx, t);
    }
    store_rollback(ctx);
    return rc;
}

void store_rollback(alees_ctx *ctx) {
    if (ctx->transaction) {
        roll_back(ctx->transaction);
        ctx->transaction = NULL;
        ctx->after = NULL; /* nothing that they could be about has happened */
    }
}

uint32_t store_rows_count(const alees_rows *rows) {
    return db_rows(rows->result);
}

uint32_t store_rows_columns(const alees_rows *rows) {
    return db_columns(rows->result);
}

uint64_t store_rows_changed(const alees_rows *rows) {
    return db_changed(rows->result);
}

alees_str store_rows_text(const alees_rows *rows, uint32_t row, uint32_t column) {
    if (row >= db_rows(rows->result) || column >= db_columns(rows->result)) {
        return (alees_str){NULL, 0};
    }
    return db_value(rows->result, row, column);
}
