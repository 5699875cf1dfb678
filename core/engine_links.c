/* SPDX-License-Identifier: MIT
 * engine_links.c - the addresses of the pages around a page: in the envelope, and in the header Link (RFC 8288). */
#include "engine_parts.h"

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
static alees_rc page_url(alees_ctx *ctx, const struct engine_page *page, uint32_t place, bool is_backward,
                         alees_str *ret_url) {
    const struct engine_query *q = page->query;
    alees_str values[ENGINE_MAX_KEYS], cursor;
    struct str url;
    for (uint32_t i = 0; i < q->key_count; i++) {
        uint32_t column = page->view->places[q->keys[i].field - page->r->fields];
        values[i] = store_rows_text(page->rows, engine_list_row(page, place), column);
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
static alees_rc put_link(alees_ctx *ctx, const struct engine_page *page, bool is_backward, struct str *links) {
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

alees_rc engine_links_write(alees_ctx *ctx, struct engine_page *page) {
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
