/* SPDX-License-Identifier: MIT
 * engine_read.c - get and list, and what other parts ask of a single row. */
#include "engine_parts.h"

#include <string.h>

alees_rc engine_read_id(alees_ctx *ctx, alees_id *ret_id) {
    alees_str text = ctx_path(ctx, "id");
    if (text.ptr == NULL || alees_id_parse(text, ret_id) != ALEES_OK) {
        return engine_error_not_found(ctx);
    }
    return ALEES_OK;
}

/* Where a program may reach everything but the rows of no organization. */
static alees_rc run_owned(alees_ctx *ctx, const struct resource *r, bool is_get, const struct engine_place *place,
                          alees_str id, alees_rows **ret_rows) {
    const struct engine_target target = {.id = id, .is_owned = true};
    struct engine_sql sql;
    engine_sql_init(&sql, ctx->arena, 1);
    (is_get ? engine_sql_get : engine_sql_locate)(&sql, r, &target);
    return engine_sql_run(ctx, r, &place->scope, &sql, ret_rows, NULL);
}

/* Runs one of the pairs of statements by id. */
static alees_rc run_by_id(alees_ctx *ctx, const struct resource *r, const struct statement *const pair[2],
                          const struct engine_place *place, const alees_id *id, alees_rows **ret_rows) {
    bool is_everywhere = place->reach == ENGINE_EVERYWHERE;
    const struct statement *statement = pair[is_everywhere && r->scope_column != NULL];
    char text[37];
    alees_str params[2] = {{alees_id_format(id, text), 36}, place->ids};
    struct store_call call = {statement, params};
    if (is_everywhere && place->is_owned) {
        return run_owned(ctx, r, pair == r->shapes->get, place, params[0], ret_rows);
    }
    return store_run(ctx, &place->scope, &call, 1, ret_rows, NULL);
}

alees_rc engine_read_row(alees_ctx *ctx, const struct resource *r, const struct engine_place *place, const alees_id *id,
                         alees_rows **ret_rows) {
    alees_rows *rows = NULL;
    alees_rc rc;
    if (place->reach == ENGINE_NOWHERE) {
        return engine_error_not_found(ctx);
    }
    rc = run_by_id(ctx, r, r->shapes->get, place, id, &rows);
    if (rc != ALEES_OK) {
        return rc;
    }
    if (store_rows_count(rows) == 0) {
        return engine_error_not_found(ctx);
    }
    *ret_rows = rows;
    return ALEES_OK;
}

alees_rc engine_read_locate(alees_ctx *ctx, const struct resource *r, const struct engine_place *place,
                            const alees_id *id, alees_str *ret_organization, alees_str *ret_version) {
    alees_rows *rows = NULL;
    alees_rc rc;
    *ret_organization = *ret_version = (alees_str){NULL, 0};
    if (place->reach == ENGINE_NOWHERE) {
        return ALEES_OK;
    }
    rc = run_by_id(ctx, r, r->shapes->locate, place, id, &rows);
    if (rc == ALEES_OK && store_rows_count(rows) > 0) {
        *ret_organization = store_rows_text(rows, 0, 0);
        *ret_version = store_rows_text(rows, 0, 1);
    }
    return rc;
}

alees_rc engine_get(alees_ctx *ctx) {
    const struct resource *r = ctx->route->resource;
    struct engine_place place;
    alees_rows *rows = NULL;
    alees_id id;
    alees_rc rc = engine_read_id(ctx, &id);
    rc = rc == ALEES_OK ? engine_query_none(ctx) : rc;
    rc = rc == ALEES_OK ? engine_place_of(ctx, r, ctx->where, true, &place) : rc;
    rc = rc == ALEES_OK ? engine_read_row(ctx, r, &place, &id, &rows) : rc;
    return rc == ALEES_OK ? engine_row_reply(ctx, 200, r, rows) : rc;
}

alees_rc engine_find_object(alees_ctx *ctx) {
    const struct resource *r = ctx->route->resource;
    const struct alees_organizations *view = NULL;
    struct engine_place place;
    alees_str organization, version;
    alees_rc rc = engine_read_id(ctx, &ctx->object);
    if (rc == ALEES_OK && r->scope_column != NULL && !ctx->is_all) {
        rc = engine_place_holds(ctx, r, r->view, &view);
    }
    rc = rc == ALEES_OK ? engine_place_of(ctx, r, view, true, &place) : rc;
    rc = rc == ALEES_OK ? engine_read_locate(ctx, r, &place, &ctx->object, &organization, &version) : rc;
    if (rc != ALEES_OK) {
        return rc;
    }
    if (version.ptr == NULL) {
        return engine_error_not_found(ctx);
    }
    memset(&ctx->object_organization, 0, sizeof ctx->object_organization);
    if (organization.ptr != NULL && alees_id_parse(organization, &ctx->object_organization) != ALEES_OK) {
        return ALEES_E_INTERNAL;
    }
    return ALEES_OK;
}

/* A plugin's route runs under the route's own permission; to see the row takes the one to view it, as everywhere. */
static alees_rc check_seen(alees_ctx *ctx, const struct resource *r, const alees_rows *rows) {
    const struct resource_field *f =
        resource_field(r, r->decl->scope == ALEES_SCOPE_SELF ? STR_LIT("id") : STR_LIT("organization"));
    const struct alees_organizations *view = NULL;
    alees_str scope;
    alees_rc rc = engine_place_holds(ctx, r, r->view, &view);
    if (rc != ALEES_OK) {
        return rc;
    }
    if (f == NULL) {
        return engine_error_not_found(ctx);
    }
    scope = store_rows_text(rows, 0, r->shapes->places[f - r->fields]);
    if (!(scope.ptr == NULL && resource_is_shared(r)) && !engine_place_meets(ctx, view, scope)) {
        return engine_error_not_found(ctx);
    }
    return ALEES_OK;
}

/* Rows of users are in no organization that a route could be limited to: who may view the row sees it. */
static alees_rc reply_to_viewer(alees_ctx *ctx, uint32_t status, const struct resource *r, const alees_id *id) {
    const struct alees_organizations *view = NULL;
    struct engine_place place;
    alees_rows *rows = NULL;
    alees_rc rc = engine_place_holds(ctx, r, r->view, &view);
    rc = rc == ALEES_OK ? engine_place_of(ctx, r, view, true, &place) : rc;
    rc = rc == ALEES_OK ? engine_read_row(ctx, r, &place, id, &rows) : rc;
    return rc == ALEES_OK ? engine_row_reply(ctx, status, r, rows) : rc;
}

alees_rc engine_reply_row(alees_ctx *ctx, uint32_t status, const struct resource *r, const alees_id *id) {
    struct engine_place place = {.reach = ENGINE_SEVERAL, .is_shared = resource_is_shared(r)};
    alees_rows *rows = NULL;
    alees_rc rc;
    if (r->decl->scope == ALEES_SCOPE_OWN || r->decl->scope == ALEES_SCOPE_SEVERAL) {
        return reply_to_viewer(ctx, status, r, id);
    }
    ctx_scope(ctx, r->plugin, &place.scope);
    place.ids = place.scope.organizations;
    if (place.scope.all || r->scope_column == NULL) {
        place.reach = ENGINE_EVERYWHERE;
        place.is_owned = resource_is_optional(r) && !resource_is_shared(r) && !engine_place_is_superuser(ctx);
    }
    rc = engine_read_row(ctx, r, &place, id, &rows);
    if (rc == ALEES_OK && place.reach != ENGINE_EVERYWHERE) {
        rc = check_seen(ctx, r, rows);
    }
    return rc == ALEES_OK ? engine_row_reply(ctx, status, r, rows) : rc;
}

/* ---- the list ---- */

struct page { /* what came back */
    const struct resource *r;
    const struct engine_query *query;
    struct engine_fields fields; /* to read */
    const alees_rows *rows;
    uint32_t count; /* of rows to show */
    bool has_more;  /* beyond them, the way this page was read */
    alees_str head; /* what its cursors are bound to */
};

/* The row shown at a place: a page read backwards is turned round. */
static uint32_t row_at(const struct page *page, uint32_t place) {
    return page->query->is_backward ? page->count - 1 - place : place;
}

static void put_encoded(struct str *out, alees_str text) { /* RFC 3986: all but unreserved characters */
    static const char digits[] = "0123456789ABCDEF";
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        bool is_plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
        if (is_plain || c == '-' || c == '.' || c == '_' || c == '~') {
            str_putc(out, (char)c);
        } else {
            str_putc(out, '%');
            str_putc(out, digits[c >> 4]);
            str_putc(out, digits[c & 15]);
        }
    }
}

/* The address of the page behind (or before) the row at that place: the same query with another cursor. */
static alees_rc page_url(alees_ctx *ctx, const struct page *page, uint32_t place, bool is_backward,
                         alees_str *ret_url) {
    const struct engine_query *q = page->query;
    alees_str values[ENGINE_MAX_KEYS], cursor;
    struct str url;
    for (uint32_t i = 0; i < q->key_count; i++) {
        uint32_t column = page->r->shapes->places[q->keys[i].field - page->r->fields];
        values[i] = store_rows_text(page->rows, row_at(page, place), column);
        if (values[i].ptr == NULL || values[i].len > UINT16_MAX) {
            return problem_set(&ctx->problem, PROBLEM_INTERNAL, "This list cannot be continued in that order.");
        }
    }
    cursor =
        engine_cursor_write(ctx->arena, store_secret(ctx->app->store), page->head, is_backward, values, q->key_count);
    str_init(&url, ctx->arena, 256);
    str_puts(&url, ctx->route->path);
    str_putc(&url, '?');
    for (uint32_t i = 0; i < ctx->parameter_count; i++) {
        if (!str_equal(ctx->parameters[i].name, "cursor")) {
            put_encoded(&url, ctx->parameters[i].name);
            str_putc(&url, '=');
            put_encoded(&url, ctx->parameters[i].value);
            str_putc(&url, '&');
        }
    }
    str_puts(&url, "cursor=");
    str_view(&url, cursor);
    *ret_url = str_done(&url);
    return cursor.ptr != NULL && ret_url->ptr != NULL ? ALEES_OK : engine_value_nomem(&ctx->problem);
}

/* next or previous: into the envelope, and into the header. */
static alees_rc put_link(alees_ctx *ctx, const struct page *page, bool is_backward, struct str *links) {
    struct str *body = &ctx->response.body;
    bool is_there =
        page->query->is_backward == is_backward ? page->has_more : page->query->has_cursor && page->count > 0;
    alees_str url = {NULL, 0};
    alees_rc rc = ALEES_OK;
    str_puts(body, is_backward ? ",\"previous\":" : ",\"next\":");
    if (is_there) {
        rc = page_url(ctx, page, is_backward ? 0 : page->count - 1, is_backward, &url);
    }
    if (rc != ALEES_OK) {
        return rc;
    }
    str_json(body, url);
    if (is_there) {
        str_puts(links, links->len > 0 ? ", <" : "<");
        str_view(links, url);
        str_puts(links, is_backward ? ">; rel=\"prev\"" : ">; rel=\"next\"");
    }
    return ALEES_OK;
}

static alees_rc put_links(alees_ctx *ctx, struct page *page) {
    struct str links;
    alees_rc rc;
    page->head = engine_cursor_head(ctx, page->query);
    if (page->head.ptr == NULL) {
        return engine_value_nomem(&ctx->problem);
    }
    str_init(&links, ctx->arena, 256);
    rc = put_link(ctx, page, false, &links);
    rc = rc == ALEES_OK ? put_link(ctx, page, true, &links) : rc;
    if (rc == ALEES_OK && links.len > 0) {
        rc = ctx_set_header(ctx, "Link", str_done(&links));
    }
    return rc;
}

static alees_rc put_page(alees_ctx *ctx, struct page *page) {
    struct str *body = &ctx->response.body;
    alees_rc rc = ALEES_OK;
    str_puts(body, "{\"results\":[");
    for (uint32_t i = 0; i < page->count && rc == ALEES_OK; i++) {
        uint32_t row = row_at(page, i);
        const bool *may = NULL;
        if (i > 0) {
            str_putc(body, ',');
        }
        rc = engine_fields_of_row(&page->fields, page->rows, row, &may);
        if (rc == ALEES_OK) {
            engine_row_write(body, page->r, page->rows, row, may);
        }
    }
    str_putc(body, ']');
    rc = rc == ALEES_OK ? put_links(ctx, page) : rc;
    str_puts(body, ",\"count\":null}");
    if (rc == ALEES_OK && body->failed) {
        rc = engine_value_nomem(&ctx->problem);
    }
    ctx->response.status = rc == ALEES_OK ? 200 : 0;
    ctx->response.content_type = "application/json";
    return rc;
}

static alees_rc read_page(alees_ctx *ctx, const struct engine_place *place, struct page *page) {
    struct engine_sql sql;
    alees_rows *rows = NULL;
    uint32_t count;
    alees_rc rc;
    if (place->reach == ENGINE_NOWHERE) {
        return ALEES_OK;
    }
    engine_sql_init(&sql, ctx->arena, page->query->filter_count + ENGINE_MAX_KEYS + 2);
    engine_list_sql(page->r, page->query, place, &sql);
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
    struct page page = {.r = r, .query = &query};
    alees_rc rc = engine_fields_open(ctx, r, r->view, &page.fields);
    rc = rc == ALEES_OK ? engine_query_read(ctx, r, &page.fields, &query) : rc;
    rc = rc == ALEES_OK ? engine_query_cursor(ctx, store_secret(ctx->app->store), &query) : rc;
    rc = rc == ALEES_OK ? engine_place_of(ctx, r, ctx->where, true, &place) : rc;
    if (rc == ALEES_OK && query.has_organization) {
        rc = engine_place_narrow(ctx, ctx->where, &query.organization, &place);
    }
    rc = rc == ALEES_OK ? read_page(ctx, &place, &page) : rc;
    return rc == ALEES_OK ? put_page(ctx, &page) : rc;
}
