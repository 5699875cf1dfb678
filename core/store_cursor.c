/* SPDX-License-Identifier: MIT
 * store_cursor.c - the rows of one statement, more than memory holds, from one snapshot. */
#include "app.h"
#include "store_impl.h"

struct store_cursor {
    struct store *store;
    struct session *session; /* NULL: closed */
    struct store_scope scope;
    struct statement fetch;
};

static void close_cursor(void *data) {
    store_cursor_close(data);
}

void store_cursor_close(struct store_cursor *cursor) {
    struct session *session = cursor->session;
    cursor->session = NULL;
    if (session) {
        store_give_back(cursor->store, session);
    }
}

static alees_rc cursor_run(alees_ctx *ctx, struct store_cursor *c, const struct store_call *call, uint32_t flags,
                           alees_rows **ret_rows) {
    struct unit *u;
    alees_rc rc = store_new_unit(ctx, &c->scope, call, 1, &u);
    if (rc != ALEES_OK) {
        return rc;
    }
    u->flags = flags;
    rc = store_obey_deadline(ctx, u);
    if (rc != ALEES_OK) {
        return rc;
    }
    if (pool_run(c->store->pool, c->session, u) != ALEES_OK) {
        pool_give(c->store->pool, c->session);
        c->session = NULL;
        return u->stopped != UNIT_NOT_STOPPED ? store_stopped(ctx, c->store, u) : store_away(ctx);
    }
    if (u->stopped != UNIT_NOT_STOPPED) {
        return store_stopped(ctx, c->store, u);
    }
    return u->error ? store_refused(ctx, c->store, u, NULL) : store_give_rows(ctx, u, ret_rows);
}

alees_rc store_cursor_open(alees_ctx *ctx, const struct store_scope *scope, const struct store_call *call,
                           struct store_cursor **ret_cursor) {
    struct store_cursor *c = ARENA_NEW(ctx->arena, struct store_cursor);
    struct statement declare = *call->statement;
    alees_str sql = arena_printf(ctx->arena, "DECLARE alees_rows NO SCROLL CURSOR FOR %s", call->statement->sql);
    const struct store_call opening = {&declare, call->params};
    if (!c || !sql.ptr || !arena_defer(ctx->arena, close_cursor, c)) {
        return problem_set(&ctx->problem, PROBLEM_OUT_OF_MEMORY, "%s", "The request needs too much memory.");
    }
    *c = (struct store_cursor){.store = ctx->app->store, .scope = *scope};
    c->fetch = (struct statement){.sql = "FETCH 1000 FROM alees_rows", .name = "fetch", .is_reading = true};
    c->fetch.plugin = scope->plugin;
    declare.number = 0;
    declare.is_reading = true;
    declare.sql = sql.ptr;
    if (pool_take(c->store->pool, &c->session) != ALEES_OK) {
        return store_away(ctx);
    }
    alees_rc rc = cursor_run(ctx, c, &opening, UNIT_SNAPSHOT | UNIT_SCOPE, NULL);
    if (rc == ALEES_OK) {
        *ret_cursor = c;
    }
    return rc;
}

_Static_assert(STORE_CURSOR_ROWS == 1000, "stands in the text of FETCH");

alees_rc store_cursor_fetch(alees_ctx *ctx, struct store_cursor *cursor, struct arena *arena, alees_rows **ret_rows) {
    const struct store_call call = {&cursor->fetch, NULL};
    struct arena *own = ctx->arena;
    if (!cursor->session) {
        return store_away(ctx);
    }
    ctx->arena = arena;
    alees_rc rc = cursor_run(ctx, cursor, &call, 0, ret_rows);
    ctx->arena = own;
    return rc;
}
