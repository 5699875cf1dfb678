/* SPDX-License-Identifier: MIT
 * engine_row.c - a row of a result into JSON, straight from PostgreSQL's text into the answer. This is the hot path of
 * every list: no value is parsed into anything, nothing is formatted, nothing is allocated but the answer itself. */
#include "engine_nested.h"

#include <string.h>

static void put_quoted(struct str *out, alees_str text) { /* of text that needs no escaping */
    str_putc(out, '"');
    str_view(out, text);
    str_putc(out, '"');
}

/* "2026-11-22 14:05:00.1+00" -> "2026-11-22T14:05:00.100000Z". What is not of that form, such as "infinity", goes out as
 * it came. */
static void put_timestamp(struct str *out, alees_str text) {
    char json[32] = "\"0000-00-00T00:00:00.000000Z\"";
    size_t end;
    if (text.len < 22 || text.ptr[4] != '-' || text.ptr[10] != ' ' || memcmp(text.ptr + text.len - 3, "+00", 3) != 0) {
        put_quoted(out, text);
        return;
    }
    end = text.len - 3; /* of the fraction */
    memcpy(json + 1, text.ptr, 10);
    memcpy(json + 12, text.ptr + 11, 8);
    if (end > 20 && end <= 26) {
        memcpy(json + 21, text.ptr + 20, end - 20);
    }
    str_put(out, json, 29);
}

/* One element of an array literal, quotes and backslashes undone, as JSON. *at stands behind it afterwards. */
static void put_element(struct str *out, alees_str text, size_t *at) {
    char buffer[256];
    size_t len = 0, i = *at;
    bool is_quoted = i < text.len && text.ptr[i] == '"';
    struct str element;
    str_init(&element, out->arena, 0);
    for (i += is_quoted; i < text.len; i++) {
        char c = text.ptr[i];
        if (is_quoted ? c == '"' : (c == ',' || c == '}')) {
            break;
        }
        if (c == '\\' && i + 1 < text.len) {
            c = text.ptr[++i];
        }
        if (len == sizeof buffer) { /* longer than any tag that this server writes */
            str_put(&element, buffer, len);
            len = 0;
        }
        buffer[len++] = c;
    }
    *at = i + is_quoted;
    if (element.len > 0) {
        str_put(&element, buffer, len);
        str_json(out, str_done(&element));
    } else if (!is_quoted && len == 4 && memcmp(buffer, "NULL", 4) == 0) {
        str_puts(out, "null");
    } else {
        str_json(out, (alees_str){buffer, len});
    }
}

/* {a,"b c"} -> ["a","b c"] */
static void put_array(struct str *out, alees_str text) {
    size_t at = 1;
    str_putc(out, '[');
    while (at < text.len && text.ptr[at] != '}') {
        if (at > 1) {
            str_putc(out, ',');
            at++; /* the comma of the literal */
        }
        put_element(out, text, &at);
    }
    str_putc(out, ']');
}

void engine_row_value(struct str *out, uint32_t type, alees_str text) {
    if (text.ptr == NULL) {
        str_put(out, "null", 4);
        return;
    }
    switch (type) {
    case ALEES_BOOLEAN: str_puts(out, text.len > 0 && text.ptr[0] == 't' ? "true" : "false"); break;
    case ALEES_INTEGER:
    case ALEES_JSON: str_view(out, text); break;
    case ALEES_DECIMAL:
    case ALEES_DATE:
    case ALEES_UUID:
    case ALEES_REFERENCE: put_quoted(out, text); break;
    case ALEES_TIMESTAMP: put_timestamp(out, text); break;
    case ALEES_TAGS:
    case ALEES_REFERENCES: put_array(out, text); break;
    default: str_json(out, text); break;
    }
}

/* Not as it stands in the result. */
static void put_made(struct str *out, const struct engine_answer *answer, uint32_t row,
                     const struct engine_column *column) {
    if (column->kind == ENGINE_NESTED) {
        const struct resource *r = answer->view->r;
        engine_nested_write_json(out, r->shapes->nested[column->field - r->fields],
                                 store_rows_text(answer->rows, row, column->place));
    } else if (column->kind == ENGINE_EXPANDED) {
        engine_expand_write(answer, column, store_rows_text(answer->rows, row, column->place), out);
    } else if (answer->computed != NULL) {
        uint32_t count = answer->view->r->shapes->computed_count;
        engine_row_value(out, column->field->decl->type, answer->computed[(size_t)row * count + column->slot]);
    } else {
        str_puts(out, "null");
    }
}

void engine_row_write(struct str *out, const struct engine_answer *answer, uint32_t row, const bool *may) {
    const struct engine_view *view = answer->view;
    bool is_first = true;
    str_putc(out, '{');
    for (uint32_t i = 0; i < view->column_count; i++) {
        const struct engine_column *column = &view->columns[i];
        if (may != NULL && !may[column->field - view->r->fields]) {
            continue;
        }
        str_put(out, column->key.ptr + is_first, column->key.len - is_first);
        if (column->kind == ENGINE_STORED) {
            engine_row_value(out, column->field->decl->type, store_rows_text(answer->rows, row, column->place));
        } else {
            put_made(out, answer, row, column);
        }
        is_first = false;
    }
    str_putc(out, '}');
}

/* "<id>-<version>" */
static alees_str make_etag(alees_ctx *ctx, alees_str id, alees_str version) {
    struct str s;
    str_init(&s, ctx->arena, 64);
    str_putc(&s, '"');
    str_view(&s, id);
    str_putc(&s, '-');
    str_view(&s, version);
    str_putc(&s, '"');
    return str_done(&s);
}

alees_rc engine_row_tag(alees_ctx *ctx, const struct engine_view *view, const alees_rows *rows, alees_str *ret_etag) {
    alees_str version = store_rows_text(rows, 0, view->version);
    alees_str etag = make_etag(ctx, store_rows_text(rows, 0, view->places[ENGINE_ID]), version);
    alees_rc rc;
    if (etag.ptr == NULL) {
        return engine_value_nomem(&ctx->problem);
    }
    rc = ctx_set_header(ctx, "ETag", etag);
    if (rc != ALEES_OK) {
        return problem_set(&ctx->problem, problem_kind_of(rc), "The answer could not be written.");
    }
    *ret_etag = etag;
    return ALEES_OK;
}

alees_rc engine_row_reply(alees_ctx *ctx, uint32_t status, const struct engine_view *view, const alees_rows *rows) {
    const struct resource *r = view->r;
    struct engine_answer shown;
    struct engine_fields fields;
    alees_str etag = {NULL, 0};
    alees_rc rc = engine_row_tag(ctx, view, rows, &etag);
    if (rc != ALEES_OK) {
        return rc;
    }
    if (status == 200 && ctx->request.method == ALEES_GET && view->expand_count == 0 &&
        engine_condition_is_fresh(ctx, etag)) {
        ctx->response.status = 304;
        return ALEES_OK;
    }
    rc = engine_fields_open(ctx, r, r->view, &fields);
    rc = rc == ALEES_OK ? engine_answer_open(ctx, view, &fields, rows, 1, &shown) : rc;
    rc = rc == ALEES_OK ? engine_answer_row(&shown, 0, &ctx->response.body) : rc;
    if (rc != ALEES_OK) {
        return rc;
    }
    if (ctx->response.body.failed) {
        return engine_value_nomem(&ctx->problem);
    }
    ctx->response.status = status;
    ctx->response.content_type = "application/json";
    return ALEES_OK;
}
