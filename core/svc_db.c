/* SPDX-License-Identifier: MIT
 * svc_db.c - alees.db/1: a plugin's own statements, under its role and the scope of its caller. */
#include "log.h"
#include "svc.h"
#include "svc_check.h"

static alees_rc misuse(const alees_self *self, alees_ctx *ctx, const char *what) {
    log_event(ALEES_LOG_ERROR, self->decl.name, ctx->request_id, NULL, "db->run: %s", what);
    return problem_set(&ctx->problem, PROBLEM_INTERNAL, "%s", "Tell the operator of the server the request_id.");
}

/* The plugin's pointer only says which: the text is the one that the host copied and prepared. */
static alees_rc db_run(alees_self *self, alees_ctx *ctx, const struct alees_statement *statement,
                       const alees_str *params, uint32_t count, alees_rows **ret_rows) {
    if (!svc_is_self(self) || !svc_is_ctx(ctx)) {
        return ALEES_E_INTERNAL;
    }
    uint32_t place = statement ? plugin_statement(self, statement) : UINT32_MAX;
    if (place >= self->statement_count) {
        return misuse(self, ctx, "not a statement of the plugin's own list");
    }
    const struct alees_statement *own = &self->statements[place];
    if (count != own->nparams || (count && !params)) {
        return misuse(self, ctx, own->name);
    }
    /* libpq wants a NUL behind each; a plugin's view may have none. */
    alees_str *copies = ARENA_ARRAY(ctx->arena, alees_str, count);
    for (uint32_t i = 0; copies && i < count; i++) {
        copies[i] = arena_str(ctx->arena, params[i]);
    }
    if (arena_is_exhausted(ctx->arena)) {
        return problem_set(&ctx->problem, PROBLEM_OUT_OF_MEMORY, "%s", "Ask for less at once.");
    }
    const struct store_call call = {self->prepared ? self->prepared[place] : NULL, copies};
    if (!call.statement) {
        return misuse(self, ctx, "called before the statements are prepared");
    }
    struct store_scope scope;
    alees_rows *rows = NULL;
    ctx_scope(ctx, self, &scope);
    scope.all = scope.all || (own->flags & ALEES_STATEMENT_EVERYWHERE) != 0; /* plugin_check.c: of the provider only */
    alees_rc rc = own->flags & ALEES_STATEMENT_ALONE ? store_run_alone(ctx, &scope, &call, 1, &rows, NULL)
                                                     : store_run(ctx, &scope, &call, 1, &rows, NULL);
    if (rc == ALEES_OK && ret_rows) {
        *ret_rows = rows;
    }
    return rc;
}

static alees_rc db_after_commit(alees_self *self, alees_ctx *ctx, void (*run)(void *state, alees_ctx *ctx, void *data),
                                void *data) {
    if (!svc_is_self(self) || !svc_is_ctx(ctx) || !run) {
        return ALEES_E_INTERNAL;
    }
    struct ctx_after *after = ARENA_NEW(ctx->arena, struct ctx_after);
    if (!after) {
        return problem_set(&ctx->problem, PROBLEM_OUT_OF_MEMORY, "%s", "Ask for less at once.");
    }
    *after = (struct ctx_after){ctx->after, self, run, data};
    ctx->after = after;
    return ALEES_OK;
}

static uint32_t db_count(const alees_rows *rows) {
    return rows ? store_rows_count(rows) : 0;
}

static uint64_t db_changed(const alees_rows *rows) {
    return rows ? store_rows_changed(rows) : 0;
}

static alees_str db_text(const alees_rows *rows, uint32_t row, uint32_t column) {
    if (!rows || row >= store_rows_count(rows) || column >= store_rows_columns(rows)) {
        return (alees_str){NULL, 0};
    }
    return store_rows_text(rows, row, column);
}

static alees_rc db_listen(alees_self *self, const char *channel,
                          void (*on_message)(void *state, alees_ctx *ctx, alees_str payload)) {
    struct app *app = svc_app();
    if (!svc_is_self(self) || !channel || !on_message || !app || !app->store) {
        return ALEES_E_INTERNAL;
    }
    return store_listen(app->store, self, channel, on_message);
}

/* Without a store nothing is proven. */
static uint32_t db_listener_age(alees_self *self) {
    struct app *app = svc_app();
    return svc_is_self(self) && app && app->store ? store_listener_age_ms(app->store) : UINT32_MAX;
}

const struct alees_db_v1 svc_db = {
    .struct_size = sizeof(struct alees_db_v1),
    .run = db_run,
    .count = db_count,
    .changed = db_changed,
    .text = db_text,
    .listen = db_listen,
    .after_commit = db_after_commit,
    .listener_age = db_listener_age,
};
