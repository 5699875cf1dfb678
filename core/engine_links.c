/* SPDX-License-Identifier: MIT
 * engine_links.c - the addresses of the pages around a page: in the envelope, and in the header Link (RFC 8288). */
#include "engine_parts.h"

#include <string.h>

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

void engine_links_path(const alees_ctx *ctx, struct str *out) {
    for (const char *p = ctx->route->path; *p;) {
        size_t plain = strcspn(p, "{"), name = strcspn(p + plain, "}");
        str_put(out, p, plain);
        p += plain;
        if (*p) { /* "{id}": the matcher has a value for each */
            for (uint32_t i = 0; i < ctx->match.count; i++) {
                if (strlen(ctx->match.names[i]) == name - 1 && memcmp(ctx->match.names[i], p + 1, name - 1) == 0) {
                    put_encoded(out, ctx->match.values[i]);
                }
            }
            p += name + 1;
        }
    }
}

/* The same query, another place: what comes behind it is "cursor=" or "page=" and its value. */
static void put_query(alees_ctx *ctx, struct str *url) {
    engine_links_path(ctx, url);
    str_putc(url, '?');
    for (uint32_t i = 0; i < ctx->parameter_count; i++) {
        alees_str name = ctx->parameters[i].name;
        if (!str_equal(name, "cursor") && !str_equal(name, "page")) {
            put_encoded(url, name);
            str_putc(url, '=');
            put_encoded(url, ctx->parameters[i].value);
            str_putc(url, '&');
        }
    }
}

static alees_rc done(alees_ctx *ctx, struct str *url, alees_str *ret_url) {
    *ret_url = str_done(url);
    return ret_url->ptr != NULL ? ALEES_OK : engine_value_nomem(&ctx->problem);
}

/* The page behind (or before) the row at that place. */
static alees_rc cursor_url(alees_ctx *ctx, struct engine_page *page, uint32_t place, bool is_backward,
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
    if (page->head.ptr == NULL) {
        page->head = engine_cursor_head(ctx, q);
    }
    if (page->head.ptr == NULL) {
        return engine_value_nomem(&ctx->problem);
    }
    cursor =
        engine_cursor_write(ctx->arena, store_secret(ctx->app->store), page->head, is_backward, values, q->key_count);
    if (cursor.ptr == NULL) {
        return engine_value_nomem(&ctx->problem);
    }
    str_init(&url, ctx->arena, 256);
    put_query(ctx, &url);
    str_puts(&url, "cursor=");
    str_view(&url, cursor);
    return done(ctx, &url, ret_url);
}

/* 0: the beginning of a list that has no numbers. */
static alees_rc page_url(alees_ctx *ctx, uint64_t number, alees_str *ret_url) {
    struct str url;
    str_init(&url, ctx->arena, 256);
    put_query(ctx, &url);
    if (number > 0) {
        str_puts(&url, "page=");
        str_u64(&url, number);
    } else if (url.len > 0) {
        url.len--; /* the last & or ? */
    }
    return done(ctx, &url, ret_url);
}

static uint64_t last_page(const struct engine_page *page) {
    uint64_t size = page->query->page_size;
    return page->total > 0 ? (page->total + size - 1) / size : 1;
}

/* Absent: there is no such page. Behind the deepest page that may have a number the cursors go on. */
static alees_rc next_url(alees_ctx *ctx, struct engine_page *page, alees_str *ret_url) {
    const struct engine_query *q = page->query;
    bool is_there = q->is_backward ? q->has_cursor && page->count > 0 : page->has_more;
    if (!is_there) {
        return ALEES_OK;
    }
    if (q->page != 0 && engine_count_reaches(q, (uint64_t)q->page + 1)) {
        return page_url(ctx, (uint64_t)q->page + 1, ret_url);
    }
    return cursor_url(ctx, page, page->count - 1, false, ret_url);
}

static alees_rc previous_url(alees_ctx *ctx, struct engine_page *page, alees_str *ret_url) {
    const struct engine_query *q = page->query;
    bool is_there = q->is_backward ? page->has_more : q->has_cursor && page->count > 0;
    if (q->page > 1) {
        uint64_t before = q->page - 1;
        return page_url(ctx, page->is_exact && last_page(page) < before ? last_page(page) : before, ret_url);
    }
    return is_there ? cursor_url(ctx, page, 0, true, ret_url) : ALEES_OK;
}

static void put_link(struct str *links, alees_str url, const char *relation) {
    if (url.ptr != NULL) {
        str_puts(links, links->len > 0 ? ", <" : "<");
        str_view(links, url);
        str_puts(links, ">; rel=\"");
        str_puts(links, relation);
        str_putc(links, '"');
    }
}

/* Only in the header: they are known to few clients, and cost nothing to those that count pages. */
static alees_rc put_ends(alees_ctx *ctx, const struct engine_page *page, struct str *links) {
    const struct engine_query *q = page->query;
    alees_str first = {NULL, 0}, last = {NULL, 0};
    alees_rc rc = ALEES_OK;
    if (q->page != 0 || q->has_cursor) {
        rc = page_url(ctx, q->page != 0 ? 1 : 0, &first);
    }
    if (rc == ALEES_OK && q->page != 0 && page->is_exact && engine_count_reaches(q, last_page(page))) {
        rc = page_url(ctx, last_page(page), &last);
    }
    put_link(links, first, "first");
    put_link(links, last, "last");
    return rc;
}

alees_rc engine_links_write(alees_ctx *ctx, struct engine_page *page) {
    struct str *body = &ctx->response.body;
    struct str links;
    alees_str next = {NULL, 0}, previous = {NULL, 0};
    alees_rc rc = next_url(ctx, page, &next);
    rc = rc == ALEES_OK ? previous_url(ctx, page, &previous) : rc;
    if (rc != ALEES_OK) {
        return rc;
    }
    str_puts(body, ",\"next\":");
    str_json(body, next);
    str_puts(body, ",\"previous\":");
    str_json(body, previous);
    str_init(&links, ctx->arena, 256);
    put_link(&links, next, "next");
    put_link(&links, previous, "prev");
    rc = put_ends(ctx, page, &links);
    if (rc == ALEES_OK && links.len > 0) {
        rc = ctx_set_header(ctx, "Link", str_done(&links));
    }
    return rc;
}
