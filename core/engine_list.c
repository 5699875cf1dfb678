/* SPDX-License-Identifier: MIT
 * engine_list.c - a list: what is asked for, where it may be read, the rows, the envelope around them. */
#include "engine_parts.h"
#include "engine_transfer.h"

uint32_t engine_list_row(const struct engine_page *page, uint32_t place) {
    return page->query->is_backward ? page->count - 1 - place : place;
}

static alees_rc put_page(alees_ctx *ctx, struct engine_page *page) {
    struct str *body = &ctx->response.body;
    struct engine_answer shown;
    alees_rc rc = engine_answer_open(ctx, page->view, &page->fields, page->rows, page->count, &shown);
    str_puts(body, "{\"results\":[");
    for (uint32_t i = 0; i < page->count && rc == ALEES_OK; i++) {
        if (i > 0) {
            str_putc(body, ',');
        }
        rc = engine_answer_row(&shown, engine_list_row(page, i), body);
    }
    str_putc(body, ']');
    rc = rc == ALEES_OK ? engine_links_write(ctx, page) : rc;
    str_puts(body, ",\"count\":");
    if (page->has_total) {
        str_u64(body, page->total);
    } else {
        str_puts(body, "null");
    }
    str_putc(body, '}');
    if (rc == ALEES_OK && body->failed) {
        rc = engine_value_nomem(&ctx->problem);
    }
    ctx->response.status = rc == ALEES_OK ? 200 : 0;
    ctx->response.content_type = "application/json";
    return rc;
}

/* Rows and their number in one round trip; on a lane unless it may take long. */
static alees_rc run(alees_ctx *ctx, const struct engine_place *place, const struct engine_page *page,
                    alees_rows *ret_rows[2]) {
    const struct engine_query *q = page->query;
    struct store_scope scope = place->scope;
    struct engine_sql sqls[2];
    struct store_call calls[2];
    uint32_t count = q->count == CTX_COUNT_NONE ? 1 : 2;
    for (uint32_t i = 0; i < count; i++) {
        engine_select_init(&sqls[i], ctx->arena, q);
        (i == 0 ? engine_select_sql : engine_select_count)(page->r, q, place, &sqls[i]);
        calls[i] = (struct store_call){engine_sql_statement(ctx->app->store, page->r, &sqls[i]), sqls[i].params};
        if (calls[i].statement == NULL) {
            return engine_value_nomem(&ctx->problem);
        }
    }
    scope.by_index = engine_select_is_by_index(page->r, q, place);
    return q->is_slow || scope.by_index ? store_run_slow(ctx, &scope, calls, count, ret_rows, NULL)
                                        : store_run(ctx, &scope, calls, count, ret_rows, NULL);
}

static alees_rc read_page(alees_ctx *ctx, const struct engine_place *place, struct engine_page *page) {
    const struct engine_query *q = page->query;
    alees_rows *rows[2] = {NULL, NULL};
    uint32_t count;
    alees_rc rc;
    if (place->reach == ENGINE_NOWHERE) {
        page->has_total = page->is_exact = q->count != CTX_COUNT_NONE;
        return ALEES_OK;
    }
    rc = run(ctx, place, page, rows);
    if (rc != ALEES_OK) {
        return rc;
    }
    count = store_rows_count(rows[0]);
    page->rows = rows[0];
    page->has_more = count > q->page_size;
    page->count = page->has_more ? q->page_size : count;
    return rows[1] != NULL ? engine_count_take(ctx, place, page, rows[1]) : ALEES_OK;
}

static alees_rc list(alees_ctx *ctx, const struct resource *r, const struct engine_only *only) {
    struct engine_query query;
    struct engine_place place;
    struct engine_page page = {.r = r, .query = &query};
    enum engine_life life;
    alees_rc rc;
    if (ctx->response.format != CTX_JSON) {
        return engine_export(ctx, r, only);
    }
    rc = engine_deleted_enter(ctx, r, &life);
    rc = rc == ALEES_OK ? engine_fields_open(ctx, r, r->view, &page.fields) : rc;
    rc = rc == ALEES_OK ? engine_query_read(ctx, r, &page.fields, &query) : rc;
    rc = rc == ALEES_OK ? engine_narrow_to(ctx, r, only, &query) : rc;
    rc = rc == ALEES_OK ? engine_query_cursor(ctx, store_secret(ctx->app->store), &query) : rc;
    rc = rc == ALEES_OK ? engine_view_read(ctx, r, &query, &page.view) : rc;
    rc = rc == ALEES_OK ? engine_view_narrow(ctx, &query, &page.view) : rc;
    query.view = page.view;
    rc = rc == ALEES_OK ? engine_deleted_place(ctx, r, life, &place) : rc;
    rc = rc == ALEES_OK ? engine_narrow_place(ctx, r, ctx->where, &query, &place) : rc;
    rc = rc == ALEES_OK ? read_page(ctx, &place, &page) : rc;
    return rc == ALEES_OK ? put_page(ctx, &page) : rc;
}

alees_rc engine_list(alees_ctx *ctx) {
    return list(ctx, ctx->route->resource, NULL);
}

alees_rc engine_reply_list(alees_ctx *ctx, const struct resource *r, const alees_id *ids, uint32_t count,
                           bool is_in_order) {
    const struct alees_organizations *where = ctx->where, *view = NULL;
    struct engine_only only = {ids, count, is_in_order};
    alees_rc rc = ALEES_OK;
    if (r->scope_column != NULL && !ctx->is_all) {
        rc = engine_place_holds(ctx, r, r->view, &view);
    }
    if (rc == ALEES_OK) {
        ctx->where = view;
        rc = list(ctx, r, &only);
        ctx->where = where;
    }
    return rc;
}
