/* SPDX-License-Identifier: MIT
 * engine_list.c - a list: what is asked for, where it may be read, the rows, the envelope around them. */
#include "engine_parts.h"

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
    str_puts(body, ",\"count\":null}");
    if (rc == ALEES_OK && body->failed) {
        rc = engine_value_nomem(&ctx->problem);
    }
    ctx->response.status = rc == ALEES_OK ? 200 : 0;
    ctx->response.content_type = "application/json";
    return rc;
}

static alees_rc read_page(alees_ctx *ctx, const struct engine_place *place, struct engine_page *page) {
    struct engine_sql sql;
    alees_rows *rows = NULL;
    uint32_t count;
    alees_rc rc;
    if (place->reach == ENGINE_NOWHERE) {
        return ALEES_OK;
    }
    engine_sql_init(&sql, ctx->arena, page->query->filter_count + ENGINE_MAX_KEYS + 2);
    engine_select_sql(page->r, page->query, place, &sql);
    rc = engine_sql_run(ctx, page->r, &place->scope, &sql, &rows, NULL);
    if (rc != ALEES_OK) {
        return rc;
    }
    count = store_rows_count(rows);
    page->rows = rows;
    page->has_more = count > page->query->page_size;
    page->count = page->has_more ? page->query->page_size : count;
    return ALEES_OK;
}

alees_rc engine_list(alees_ctx *ctx) {
    const struct resource *r = ctx->route->resource;
    struct engine_query query;
    struct engine_place place;
    struct engine_page page = {.r = r, .query = &query};
    alees_rc rc = engine_fields_open(ctx, r, r->view, &page.fields);
    rc = rc == ALEES_OK ? engine_query_read(ctx, r, &page.fields, &query) : rc;
    rc = rc == ALEES_OK ? engine_query_cursor(ctx, store_secret(ctx->app->store), &query) : rc;
    rc = rc == ALEES_OK ? engine_view_read(ctx, r, &query, &page.view) : rc;
    rc = rc == ALEES_OK ? engine_view_narrow(ctx, &query, &page.view) : rc;
    query.view = page.view;
    rc = rc == ALEES_OK ? engine_place_of(ctx, r, ctx->where, true, &place) : rc;
    if (rc == ALEES_OK && query.has_organization) {
        rc = engine_place_narrow(ctx, ctx->where, &query.organization, &place);
    }
    rc = rc == ALEES_OK ? read_page(ctx, &place, &page) : rc;
    return rc == ALEES_OK ? put_page(ctx, &page) : rc;
}
