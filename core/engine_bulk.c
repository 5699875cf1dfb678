/* SPDX-License-Identifier: MIT
 * engine_bulk.c - many rows by one request: POST of an array, and of one row or many with on_conflict. */
#include "engine_batch.h"
#include "idempotency.h"

/* ---- POST ---- */

bool engine_bulk_is_meant(const alees_ctx *ctx) {
    return jx_kind(ctx->json) == ALEES_JSON_ARRAY || ctx_parameter(ctx, "on_conflict").ptr != NULL;
}

/* Names of the fields by which rows can be known again. */
static const char *nearest_key(alees_ctx *ctx, const struct resource *r, alees_str word) {
    const char **names = ARENA_ARRAY(ctx->arena, const char *, r->field_count);
    uint32_t count = 0;
    for (uint32_t i = 0; names != NULL && i < r->field_count; i++) {
        if (engine_upsert_key(r, alees_text(r->fields[i].decl->name)) != NULL) {
            names[count++] = r->fields[i].decl->name;
        }
    }
    return names != NULL ? engine_value_nearest(ctx->arena, word, names, count) : "";
}

alees_rc engine_upsert_options(alees_ctx *ctx, struct engine_batch_options *options) {
    const struct resource *r = options->resource;
    alees_str name = ctx_parameter(ctx, "on_conflict");
    options->mode = ENGINE_BATCH_CREATE;
    options->key = NULL;
    if (name.ptr == NULL) {
        return ALEES_OK;
    }
    options->key = engine_upsert_key(r, name);
    options->mode = ctx->prefer.resolution == CTX_RESOLUTION_IGNORE ? ENGINE_BATCH_IGNORE : ENGINE_BATCH_MERGE;
    if (options->key == NULL) {
        return problem_set(&ctx->problem, PROBLEM_BAD_PARAMETER,
                           "The parameter on_conflict must be a unique field by which a %s can be found, not %s%s",
                           r->decl->name, engine_value_quote(ctx->arena, name), nearest_key(ctx, r, name));
    }
    if (options->mode == ENGINE_BATCH_MERGE && (r->decl->flags & ALEES_RESOURCE_NO_CHANGE) != 0) {
        return problem_set(&ctx->problem, PROBLEM_BAD_PARAMETER,
                           "The parameter on_conflict needs Prefer: resolution=ignore-duplicates here, because a %s "
                           "cannot be changed.",
                           r->decl->name);
    }
    return ALEES_OK;
}

static alees_rc check_size(alees_ctx *ctx, bool is_array) {
    uint32_t count = jx_size(ctx->json);
    if (!is_array) {
        const alees_json *body;
        return engine_change_body(ctx, &body);
    }
    if (count == 0 || count > ctx->app->bulk_rows) {
        return problem_set(&ctx->problem, PROBLEM_BAD_REQUEST, "Send an array of 1 to %u objects, not %u.",
                           (unsigned)ctx->app->bulk_rows, (unsigned)count);
    }
    return ALEES_OK;
}

static alees_rc add_all(alees_ctx *ctx, struct engine_batch *b, bool is_array) {
    uint32_t count = is_array ? jx_size(ctx->json) : 1;
    alees_rc rc = ALEES_OK;
    for (uint32_t i = 0; i < count && rc == ALEES_OK; i++) {
        alees_str at = is_array ? arena_printf(ctx->arena, "/%u", (unsigned)i) : (alees_str){NULL, 0};
        rc = engine_batch_add(b, is_array ? jx_at(ctx->json, i) : ctx->json, at, 0);
    }
    return rc == ALEES_OK ? engine_batch_finish(b) : rc;
}

alees_rc engine_bulk_read(alees_ctx *ctx, const struct resource *r, const struct store_scope *scope,
                          const alees_id *ids, uint32_t count, alees_rows **ret_rows) {
    struct engine_sql sql;
    struct str list;
    engine_sql_init(&sql, ctx->arena, 1);
    str_init(&list, ctx->arena, (size_t)count * 37 + 8);
    for (uint32_t i = 0; i < count; i++) {
        str_putc(&list, i > 0 ? ',' : '{');
        str_id(&list, &ids[i]);
    }
    str_puts(&list, count > 0 ? "}" : "{}");
    str_puts(&sql.text, "SELECT ");
    str_view(&sql.text, r->shapes->all.selected);
    str_puts(&sql.text, ", \"version\" FROM unnest(");
    engine_sql_value(&sql, str_done(&list), "uuid[]");
    str_puts(&sql.text, ") WITH ORDINALITY AS u (\"?0\", \"?n\") JOIN ");
    str_view(&sql.text, r->shapes->table);
    str_puts(&sql.text, " AS t ON t.\"id\" = u.\"?0\"");
    (void)engine_sql_life(&sql, " AND ", r, ENGINE_LIVE);
    str_puts(&sql.text, " ORDER BY u.\"?n\"");
    return engine_sql_run(ctx, r, scope, &sql, ret_rows, NULL);
}

alees_rc engine_bulk_results(alees_ctx *ctx, const struct engine_view *view, const alees_rows *rows, uint64_t count) {
    uint32_t shown_count = rows != NULL ? store_rows_count(rows) : 0;
    struct str *body = &ctx->response.body;
    struct engine_answer shown;
    struct engine_fields fields;
    alees_rc rc = ALEES_OK;
    if (rows != NULL) {
        rc = engine_fields_open(ctx, view->r, view->r->view, &fields);
        rc = rc == ALEES_OK ? engine_answer_open(ctx, view, &fields, rows, shown_count, &shown) : rc;
    }
    str_puts(body, rows != NULL ? "{\"results\":[" : "{");
    for (uint32_t i = 0; i < shown_count && rc == ALEES_OK; i++) {
        str_puts(body, i > 0 ? "," : "");
        rc = engine_answer_row(&shown, i, body);
    }
    str_puts(body, rows != NULL ? "],\"count\":" : "\"count\":");
    str_u64(body, count);
    str_putc(body, '}');
    ctx->response.content_type = "application/json";
    return rc == ALEES_OK && body->failed ? engine_value_nomem(&ctx->problem) : rc;
}

static alees_rc put_location(alees_ctx *ctx, const alees_id *id) {
    struct str url;
    alees_str text;
    str_init(&url, ctx->arena, 128);
    engine_links_path(ctx, &url);
    str_putc(&url, '/');
    str_id(&url, id);
    text = str_done(&url);
    if (text.ptr == NULL || ctx_set_header(ctx, "Location", text) != ALEES_OK) {
        return engine_value_nomem(&ctx->problem);
    }
    return ALEES_OK;
}

/* Where all rows of the batch are seen, as far as the caller reached them. */
static alees_rc scope_of_all(struct engine_batch *b, struct store_scope *ret_scope) {
    const struct resource *r = b->options.resource;
    struct engine_batch_row **rows;
    struct engine_place place;
    alees_rc rc = engine_place_of(b->ctx, r, b->ctx->where, false, &place);
    if (rc != ALEES_OK) {
        return rc;
    }
    *ret_scope = place.scope;
    if (place.reach == ENGINE_EVERYWHERE || r->decl->scope == ALEES_SCOPE_OWN) {
        return ALEES_OK;
    }
    if (r->decl->scope == ALEES_SCOPE_SEVERAL) {
        *ret_scope = b->options.mode == ENGINE_BATCH_IGNORE ? b->view_place.scope : b->change_place.scope;
        return ALEES_OK;
    }
    rows = ARENA_ARRAY(b->ctx->arena, struct engine_batch_row *, b->count);
    for (uint32_t i = 0; rows != NULL && i < b->count; i++) {
        rows[i] = &b->rows[i];
    }
    if (rows != NULL) {
        ret_scope->organizations = engine_batch_organizations(b, rows, b->count);
    }
    return rows != NULL && ret_scope->organizations.ptr != NULL ? ALEES_OK : engine_value_nomem(&b->ctx->problem);
}

static alees_rc read_all(struct engine_batch *b, alees_rows **ret_rows) {
    alees_id *ids = ARENA_ARRAY(b->ctx->arena, alees_id, b->count);
    struct store_scope scope;
    alees_rc rc = ids != NULL ? scope_of_all(b, &scope) : engine_value_nomem(&b->ctx->problem);
    if (rc != ALEES_OK) {
        return rc;
    }
    for (uint32_t i = 0; i < b->count; i++) {
        ids[i] = b->rows[i].change->id;
    }
    rc = engine_bulk_read(b->ctx, b->options.resource, &scope, ids, b->count, ret_rows);
    if (rc == ALEES_OK && store_rows_count(*ret_rows) != b->count) {
        rc = problem_set(&b->ctx->problem, PROBLEM_CONFLICT, "Rows have just changed; try again.");
    }
    return rc;
}

/* Of which organizations is the answer? Those that its rows are in, or would be created in. */
static alees_rc tell_organizations(const struct engine_batch *b) {
    bool is_judged = b->options.resource->decl->scope == ALEES_SCOPE_ORGANIZATION ||
                     b->options.resource->decl->scope == ALEES_SCOPE_SELF;
    alees_rc rc = ALEES_OK;
    for (uint32_t i = 0; i < b->count && is_judged && rc == ALEES_OK; i++) {
        rc = idempotency_about(b->ctx, &b->rows[i].organization);
    }
    return rc;
}

/* The answer is written before the commit: one that cannot be given must not have happened. */
static alees_rc answer(alees_ctx *ctx, struct engine_batch *b, const struct engine_view *view, bool is_array) {
    bool is_minimal = ctx->prefer.returns == CTX_RETURN_MINIMAL;
    uint32_t status = b->counts.created > 0 ? 201 : 200;
    alees_rows *rows = NULL;
    alees_str etag;
    alees_rc rc = ctx_obeyed(ctx, CTX_PREFER_RETURN);
    if (rc == ALEES_OK && b->options.key != NULL) {
        rc = ctx_obeyed(ctx, CTX_PREFER_RESOLUTION);
    }
    if (rc == ALEES_OK && !(is_array && is_minimal)) {
        rc = read_all(b, &rows);
    }
    if (rc == ALEES_OK && is_array) {
        rc = engine_bulk_results(ctx, view, rows, b->count);
    } else if (rc == ALEES_OK) {
        rc = put_location(ctx, &b->rows[0].change->id);
        status = is_minimal && status == 200 ? 204 : status;
        rc = rc != ALEES_OK ? rc
             : is_minimal   ? engine_row_tag(ctx, view, rows, &etag)
                            : engine_row_reply(ctx, status, view, rows);
    }
    rc = rc == ALEES_OK ? tell_organizations(b) : rc;
    ctx->response.status = rc == ALEES_OK ? status : 0;
    return rc == ALEES_OK && !ctx_can_answer(ctx) ? engine_value_nomem(&ctx->problem) : rc;
}

alees_rc engine_bulk_end(alees_ctx *ctx, bool is_mine, alees_rc rc) {
    if (is_mine && rc == ALEES_OK) {
        rc = ctx_commit(ctx);
    } else if (is_mine) {
        store_rollback(ctx);
    }
    if (rc != ALEES_OK) {
        ctx->response.status = 0;
    }
    return rc;
}

alees_rc engine_bulk_create(alees_ctx *ctx) {
    static const char *const parameters[] = {"on_conflict", "fields", "expand"};
    struct engine_batch_options options = {.resource = ctx->route->resource, .is_whole = true};
    bool is_array = jx_kind(ctx->json) == ALEES_JSON_ARRAY, is_mine = ctx->transaction == NULL;
    const struct engine_view *view = NULL;
    struct engine_batch *b = NULL;
    alees_rc rc = engine_query_only(ctx, parameters, ARRAY_LEN(parameters));
    rc = rc == ALEES_OK ? engine_view_read(ctx, options.resource, NULL, &view) : rc;
    rc = rc == ALEES_OK ? engine_upsert_options(ctx, &options) : rc;
    rc = rc == ALEES_OK ? check_size(ctx, is_array) : rc;
    if (rc != ALEES_OK) {
        return rc;
    }
    if (is_mine) {
        store_begin(ctx);
    }
    rc = engine_batch_begin(ctx, &options, &b);
    rc = rc == ALEES_OK ? add_all(ctx, b, is_array) : rc;
    rc = rc == ALEES_OK ? answer(ctx, b, view, is_array) : rc;
    return engine_bulk_end(ctx, is_mine, rc);
}
