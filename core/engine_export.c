/* SPDX-License-Identifier: MIT
 * engine_export.c - a list as CSV or NDJSON: all of it, while it is read, from one snapshot.
 *
 * Three memories: the request's, for what is known about rights and grows with the number of organizations; one for the
 * rows that were fetched last, forgotten with each fetch; and a buffer of what is still to be sent. */
#include "engine_parts.h"

#include <string.h>

#include "csv.h"
#include "engine_nested.h"
#include "engine_list.h"
#include "engine_transfer.h"

enum { PIECE = 64 * 1024 };

struct export {
    alees_ctx *ctx;
    const struct resource *r;
    const struct engine_view *view;
    struct engine_fields fields;
    struct engine_query query;
    struct engine_place place;
    bool is_csv, is_sending;
    struct arena *batch; /* of the rows at hand */
    char *piece;         /* not sent yet; NULL: the answer is kept in memory */
    size_t len;
};

/* ---- sending ---- */

static alees_rc gone(alees_ctx *ctx) {
    return problem_set(&ctx->problem, PROBLEM_UNAVAILABLE, "The client does not read on.");
}

static alees_rc flush(struct export *e) {
    struct ctx_stream *stream = e->ctx->stream;
    size_t len = e->len;
    e->len = 0;
    e->is_sending = stream != NULL;
    if (stream == NULL || stream->write(stream->data, e->piece, len)) {
        return ALEES_OK;
    }
    return gone(e->ctx);
}

static alees_rc put(struct export *e, const struct str *text) {
    struct ctx_stream *stream = e->ctx->stream;
    if (text->failed) {
        return engine_value_nomem(&e->ctx->problem);
    }
    if (stream == NULL) {
        str_put(&e->ctx->response.body, text->ptr, text->len);
        return e->ctx->response.body.failed ? engine_value_nomem(&e->ctx->problem) : ALEES_OK;
    }
    if (e->len + text->len > PIECE) {
        alees_rc rc = flush(e);
        if (rc != ALEES_OK) {
            return rc;
        }
    }
    if (text->len > PIECE) {
        return stream->write(stream->data, text->ptr, text->len) ? ALEES_OK : gone(e->ctx);
    }
    memcpy(e->piece + e->len, text->ptr, text->len);
    e->len += text->len;
    return ALEES_OK;
}

/* ---- rows ---- */

/* JSON without the quotes that stand around nearly every value. */
static alees_str bare(struct str *json) {
    bool is_quoted = json->len >= 2 && json->ptr[0] == '"';
    return (alees_str){json->ptr + is_quoted, json->len - 2 * is_quoted};
}

/* Numbers, dates and the like cannot be formulas, or are meant to be negative. */
static bool is_number(uint32_t type) {
    return type == ALEES_INTEGER || type == ALEES_DECIMAL;
}

static void put_cell(struct export *e, struct str *out, const struct engine_column *column, alees_str text,
                     bool is_first) {
    uint32_t type = column->field->decl->type;
    struct str value;
    switch (type) {
    case ALEES_PARTS:
        if (text.ptr != NULL) {
            str_init(&value, e->batch, 256);
            engine_nested_write_json(&value, e->r->shapes->nested[column->field - e->r->fields], text);
            out->failed = out->failed || value.failed;
            text = (alees_str){value.ptr, value.len};
        }
        break;
    case ALEES_BOOLEAN:
    case ALEES_TIMESTAMP:
    case ALEES_TAGS:
    case ALEES_REFERENCES:
        if (text.ptr != NULL) {
            str_init(&value, e->batch, 64);
            engine_row_value(&value, type, text);
            out->failed = out->failed || value.failed;
            text = type == ALEES_TIMESTAMP ? bare(&value) : (alees_str){value.ptr, value.len};
        }
        break;
    default: break;
    }
    csv_put(out, text, !is_number(type), is_first);
}

static alees_str text_of(const struct engine_answer *shown, uint32_t row, const struct engine_column *column) {
    uint32_t slots = shown->view->r->shapes->computed_count;
    if (column->kind == ENGINE_STORED || column->kind == ENGINE_NESTED) {
        alees_str text = store_rows_text(shown->rows, row, column->place);
        return column->kind == ENGINE_NESTED && text.ptr == NULL ? STR_LIT("{}") : text;
    }
    return shown->computed != NULL ? shown->computed[(size_t)row * slots + column->slot] : (alees_str){NULL, 0};
}

static alees_rc put_csv_row(struct export *e, const struct engine_answer *shown, uint32_t row, struct str *out) {
    const bool *may = NULL;
    alees_rc rc = engine_fields_of_row(&e->fields, e->view, shown->rows, row, &may);
    for (uint32_t i = 0; rc == ALEES_OK && i < e->view->column_count; i++) {
        const struct engine_column *column = &e->view->columns[i];
        bool is_seen = may == NULL || may[column->field - e->r->fields];
        alees_str text = is_seen ? text_of(shown, row, column) : (alees_str){NULL, 0};
        put_cell(e, out, column, text, i == 0);
    }
    csv_end(out);
    return rc;
}

/* What is asked about rights is kept for as long as the request lasts: it is asked before anything that is not. */
static alees_rc learn(struct export *e, const alees_rows *rows, uint32_t row) {
    alees_rc rc = ALEES_OK;
    const bool *may;
    alees_id id;
    if (e->r->decl->scope != ALEES_SCOPE_SEVERAL) {
        return engine_fields_of_row(&e->fields, e->view, rows, row, &may);
    }
    for (size_t at = 0; rc == ALEES_OK && engine_place_next(store_rows_text(rows, row, e->view->scope), &at, &id);) {
        rc = engine_fields_in(&e->fields, &id, &may);
    }
    return rc;
}

static alees_rc put_each(struct export *e, const alees_rows *rows, uint32_t count) {
    struct engine_answer shown;
    struct str out;
    alees_rc rc = engine_answer_open(e->ctx, e->view, &e->fields, rows, count, &shown);
    str_init(&out, e->batch, 1024);
    for (uint32_t i = 0; i < count && rc == ALEES_OK; i++) {
        out.len = 0;
        if (e->is_csv) {
            rc = put_csv_row(e, &shown, i, &out);
        } else {
            rc = engine_answer_row(&shown, i, &out);
            str_putc(&out, '\n');
        }
        rc = rc == ALEES_OK ? put(e, &out) : rc;
    }
    return rc;
}

/* Once the answer is on its way, nothing that is made for one batch has to outlive it; unless a plugin's hook wants it. */
static alees_rc put_batch(struct export *e, const alees_rows *rows) {
    const struct ctx_after *after = e->ctx->after, *at_end = e->ctx->at_end;
    uint32_t count = store_rows_count(rows);
    bool is_passing = e->is_sending;
    struct arena_mark mark;
    alees_rc rc = ALEES_OK;
    for (uint32_t i = 0; i < count && rc == ALEES_OK && !e->fields.is_all; i++) {
        rc = learn(e, rows, i);
    }
    if (rc != ALEES_OK) {
        return rc;
    }
    arena_mark(e->ctx->arena, &mark);
    rc = put_each(e, rows, count);
    if (is_passing && rc == ALEES_OK && e->ctx->after == after && e->ctx->at_end == at_end) {
        arena_release(e->ctx->arena, &mark);
    }
    return rc;
}

static alees_rc put_header(struct export *e) {
    struct str out;
    str_init(&out, e->ctx->arena, 256);
    for (uint32_t i = 0; i < e->view->column_count; i++) {
        csv_put(&out, alees_text(e->view->columns[i].field->decl->name), true, i == 0);
    }
    csv_end(&out);
    return put(e, &out);
}

static alees_rc put_rows(struct export *e) {
    struct store_cursor *cursor = NULL;
    struct engine_sql sql;
    struct statement statement = {.plugin = e->r->plugin, .name = e->r->full_name, .is_reading = true};
    struct store_call call = {&statement, NULL};
    alees_rows *rows = NULL;
    uint32_t count = STORE_CURSOR_ROWS;
    alees_rc rc;
    engine_select_init(&sql, e->ctx->arena, &e->query);
    engine_select_sql(e->r, &e->query, &e->place, &sql);
    statement.sql = str_done(&sql.text).ptr;
    statement.nparams = sql.count;
    call.params = sql.params;
    if (statement.sql == NULL) {
        return engine_value_nomem(&e->ctx->problem);
    }
    rc = store_cursor_open(e->ctx, &e->place.scope, &call, &cursor);
    while (rc == ALEES_OK && count == STORE_CURSOR_ROWS) {
        arena_reset(e->batch);
        rc = store_cursor_fetch(e->ctx, cursor, e->batch, &rows);
        count = rc == ALEES_OK ? store_rows_count(rows) : 0;
        rc = rc == ALEES_OK ? put_batch(e, rows) : rc;
    }
    if (cursor != NULL) {
        store_cursor_close(cursor);
    }
    return rc;
}

/* ---- the request ---- */

/* attachment; filename="units-of-measure.csv" */
static alees_rc put_headers(struct export *e) {
    const char *name = strrchr(e->r->decl->path, '/') + 1;
    alees_str value = arena_printf(e->ctx->arena, "attachment; filename=\"%s.%s\"", name, e->is_csv ? "csv" : "ndjson");
    if (value.ptr == NULL || ctx_set_header(e->ctx, "Content-Disposition", value) != ALEES_OK) {
        return engine_value_nomem(&e->ctx->problem);
    }
    e->ctx->response.status = 200;
    e->ctx->response.content_type = e->is_csv ? "text/csv; charset=utf-8; header=present" : "application/x-ndjson";
    return ALEES_OK;
}

static void free_batch(void *data) {
    arena_free(data);
}

static alees_rc carry_out(struct export *e) {
    alees_ctx *ctx = e->ctx;
    alees_rc rc = put_headers(e);
    if (rc != ALEES_OK || ctx->request.is_head) {
        ctx->response.is_streamed = rc == ALEES_OK;
        return rc;
    }
    e->batch = arena_new(ctx->app->max_memory);
    if (e->batch == NULL || !arena_defer(ctx->arena, free_batch, e->batch)) {
        return engine_value_nomem(&ctx->problem);
    }
    if (ctx->stream != NULL) {
        e->piece = arena_alloc(ctx->arena, PIECE);
        if (e->piece == NULL) {
            return engine_value_nomem(&ctx->problem);
        }
    }
    rc = e->is_csv ? put_header(e) : ALEES_OK;
    if (rc == ALEES_OK && e->place.reach != ENGINE_NOWHERE) {
        rc = put_rows(e);
    }
    return rc == ALEES_OK ? flush(e) : rc;
}

/* It is no page, and a cell holds no row. */
static alees_rc check_parameters(alees_ctx *ctx) {
    static const char *const paging[] = {"page", "page_size", "cursor", "count"};
    for (size_t i = 0; i < ARRAY_LEN(paging); i++) {
        if (ctx_parameter(ctx, paging[i]).ptr != NULL) {
            problem_add(&ctx->problem, alees_text(paging[i]), "bad_parameter", "An export has all rows; leave it out.");
            return problem_set(&ctx->problem, PROBLEM_BAD_PARAMETER, "An export has all rows; leave %s out.",
                               paging[i]);
        }
    }
    if (ctx->response.format == CTX_CSV && ctx_parameter(ctx, "expand").ptr != NULL) {
        problem_add(&ctx->problem, STR_LIT("expand"), "bad_parameter",
                    "Leave it out, or ask for application/x-ndjson.");
        return problem_set(&ctx->problem, PROBLEM_BAD_PARAMETER,
                           "CSV has no room for rows within rows; leave expand out, or ask for application/x-ndjson.");
    }
    return ALEES_OK;
}

/* Each holds a connection of the pool for long. */
static alees_rc take_turn(alees_ctx *ctx, struct export *e) {
    alees_rc rc;
    if (atomic_fetch_add(&ctx->app->exports, 1) >= ctx->app->max_exports && !ctx->request.is_head) {
        ctx->problem.retry_after = 5;
        rc = problem_set(&ctx->problem, PROBLEM_UNAVAILABLE, "%u exports are running, as many as may; try again later.",
                         (unsigned)ctx->app->max_exports);
    } else {
        ctx->deadline_us = ctx->started_us + ctx->app->transfer_us;
        rc = carry_out(e);
    }
    atomic_fetch_sub(&ctx->app->exports, 1);
    return rc;
}

alees_rc engine_export(alees_ctx *ctx, const struct resource *r, const struct engine_only *only) {
    struct export e = {.ctx = ctx, .r = r, .is_csv = ctx->response.format == CTX_CSV};
    enum engine_life life;
    alees_rc rc = check_parameters(ctx);
    rc = rc == ALEES_OK ? engine_deleted_enter(ctx, r, &life) : rc;
    rc = rc == ALEES_OK ? engine_fields_open(ctx, r, r->view, &e.fields) : rc;
    rc = rc == ALEES_OK ? engine_query_read(ctx, r, &e.fields, &e.query) : rc;
    rc = rc == ALEES_OK ? engine_narrow_to(ctx, r, only, &e.query) : rc;
    rc = rc == ALEES_OK ? engine_view_read(ctx, r, &e.query, &e.view) : rc;
    rc = rc == ALEES_OK ? engine_view_narrow(ctx, &e.query, &e.view) : rc;
    e.query.view = e.view;
    e.query.is_endless = true;
    rc = rc == ALEES_OK ? engine_deleted_place(ctx, r, life, &e.place) : rc;
    rc = rc == ALEES_OK ? engine_narrow_place(ctx, r, ctx->where, &e.query, &e.place) : rc;
    return rc == ALEES_OK ? take_turn(ctx, &e) : rc;
}
