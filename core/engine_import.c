/* SPDX-License-Identifier: MIT
 * engine_import.c - POST of CSV or NDJSON: rows are read from the stream one by one, made into JSON objects and given to a
 * batch (engine_batch.h), in one transaction: all of them or none.
 *
 * The header row is read before the batch begins, because a batch gives memory back that was taken later. */
#include "engine_batch.h"

#include <string.h>

#include "csv.h"
#include "engine_transfer.h"

enum { PIECE = 16 * 1024, ROWS_OF_A_LINE = 5000 };

struct import {
    alees_ctx *ctx;
    const struct resource *r;
    struct csv *csv;
    struct engine_batch *batch;
    const struct resource_field **columns; /* of CSV, by cell */
    uint32_t column_count;
    bool is_csv, is_live; /* is_live: lines tell how far it is */
    bool is_at_end;
    uint64_t row;   /* the last that was read, from 1 */
    alees_str left; /* of the piece */
    char *piece;
};

/* ---- reading ---- */

static alees_rc broken(struct import *im, enum csv_result result) {
    struct problem *p = &im->ctx->problem;
    unsigned long long line = csv_line(im->csv);
    if (result == CSV_NO_MEMORY) {
        return engine_value_nomem(p);
    }
    problem_add(p, STR_LIT(""), "malformed", "Line %llu cannot be read: %s.", line, csv_fault(im->csv));
    return problem_set(p, result == CSV_TOO_LONG ? PROBLEM_BODY_TOO_LARGE : PROBLEM_BAD_REQUEST,
                       "Line %llu cannot be read: %s.", line, csv_fault(im->csv));
}

static alees_rc read_piece(struct import *im) {
    struct ctx_stream *stream = im->ctx->stream;
    int64_t got = stream->read(stream->data, im->piece, PIECE);
    if (got < 0) {
        return im->ctx->problem.rc != ALEES_OK
                   ? im->ctx->problem.rc
                   : problem_set(&im->ctx->problem, PROBLEM_BAD_REQUEST, "The body ended early.");
    }
    im->is_at_end = got == 0;
    im->left = (alees_str){im->piece, (size_t)got};
    return ALEES_OK;
}

/* *ret_is_record false: there are no more. */
static alees_rc next_record(struct import *im, bool *ret_is_record) {
    for (;;) {
        enum csv_result result = im->is_at_end ? csv_finish(im->csv) : csv_read(im->csv, &im->left);
        alees_rc rc;
        if (result == CSV_RECORD || (result == CSV_MORE && im->is_at_end)) {
            *ret_is_record = result == CSV_RECORD;
            return ALEES_OK;
        }
        if (result != CSV_MORE) {
            return broken(im, result);
        }
        rc = read_piece(im);
        if (rc != ALEES_OK) {
            return rc;
        }
    }
}

/* ---- the header row ---- */

static const char *nearest(const struct import *im, alees_str name) {
    const char **names = ARENA_ARRAY(im->ctx->arena, const char *, im->r->field_count);
    uint32_t count = 0;
    for (uint32_t i = 0; names != NULL && i < im->r->field_count; i++) {
        if (engine_change_takes(im->r, ALEES_CREATE, &im->r->fields[i])) {
            names[count++] = im->r->fields[i].decl->name;
        }
    }
    return names != NULL ? engine_value_nearest(im->ctx->arena, name, names, count) : "";
}

static enum problem_kind refuse_column(struct import *im, alees_str name, enum problem_kind kind, const char *why,
                                       const char *more) {
    problem_add(&im->ctx->problem, engine_value_pointer(im->ctx->arena, name), problem_rows[kind].code, "%s%s", why,
                more);
    return kind;
}

static bool is_double(const struct import *im, const struct resource_field *f) {
    for (uint32_t i = 0; i < im->column_count; i++) {
        if (im->columns[i] == f) {
            return true;
        }
    }
    return false;
}

static alees_rc read_header(struct import *im) {
    struct problem *p = &im->ctx->problem;
    enum problem_kind kind = PROBLEM_KINDS;
    const struct csv_cell *cells;
    bool is_record;
    uint32_t count;
    alees_rc rc = next_record(im, &is_record);
    if (rc != ALEES_OK) {
        return rc;
    }
    cells = csv_cells(im->csv, &count);
    im->columns = ARENA_ARRAY(im->ctx->arena, const struct resource_field *, count);
    if (!is_record || im->columns == NULL) {
        return is_record ? engine_value_nomem(p)
                         : problem_set(p, PROBLEM_BAD_REQUEST, "Send a header row that names the fields.");
    }
    for (uint32_t i = 0; i < count; i++) {
        const struct resource_field *f = resource_field(im->r, cells[i].text);
        if (f == NULL) {
            kind =
                refuse_column(im, cells[i].text, PROBLEM_UNKNOWN_FIELD, "is not a field", nearest(im, cells[i].text));
        } else if (!engine_change_takes(im->r, ALEES_CREATE, f)) {
            kind = refuse_column(im, cells[i].text, PROBLEM_READ_ONLY_FIELD, "cannot be written; leave the column out",
                                 "");
        } else if (is_double(im, f)) {
            kind = refuse_column(im, cells[i].text, PROBLEM_BAD_REQUEST, "is there twice", "");
        }
        im->columns[im->column_count++] = f;
    }
    return kind == PROBLEM_KINDS ? ALEES_OK
                                 : problem_set(p, kind, "The header row names what cannot be imported; see errors.");
}

/* ---- one row ---- */

static alees_rc fault(struct import *im, const char *name, const char *code, const char *detail) {
    struct problem *p = &im->ctx->problem;
    problem_add(p, name != NULL ? engine_value_pointer(im->ctx->arena, alees_text(name)) : STR_LIT(""), code, "%s",
                detail);
    return problem_set(p, PROBLEM_INVALID, "Correct the rows that errors names, then send it again.");
}

/* Texts that are no value of their type are left to the rules of the field, which say what it must be. */
static alees_rc put_cell(struct import *im, alees_json *object, const struct resource_field *f,
                         const struct csv_cell *cell) {
    const char *name = f->decl->name;
    alees_str text = csv_plain(cell->text);
    struct problem problem;
    alees_json *value;
    int64_t number;
    if (!str_is_utf8(text)) {
        return fault(im, name, "invalid_format", "must be UTF-8 without NUL");
    }
    switch (f->decl->type) {
    case ALEES_INTEGER:
        return str_parse_i64(text, &number) ? jx_put_integer(object, name, number) : jx_put_text(object, name, text);
    case ALEES_BOOLEAN:
        if (str_equal_nocase(text, "true") || str_equal_nocase(text, "false")) {
            return jx_put_boolean(object, name, str_equal_nocase(text, "true"));
        }
        return jx_put_text(object, name, text);
    case ALEES_JSON:
    case ALEES_TAGS:
    case ALEES_PARTS:
    case ALEES_REFERENCES:
        problem_init(&problem, im->ctx->arena);
        if (jx_parse(im->ctx->arena, &problem, text, &value) != ALEES_OK) {
            return fault(im, name, "invalid_format", "must be JSON");
        }
        return jx_put(object, name, value);
    default: return jx_put_text(object, name, text);
    }
}

static alees_rc read_cells(struct import *im, alees_json **ret_object) {
    alees_json *object = jx_object(im->ctx->arena);
    uint32_t count;
    const struct csv_cell *cells = csv_cells(im->csv, &count);
    alees_rc rc = ALEES_OK;
    if (object == NULL) {
        return engine_value_nomem(&im->ctx->problem);
    }
    if (count != im->column_count) {
        alees_str detail = arena_printf(im->ctx->arena, "has %u cells, but the header row has %u", (unsigned)count,
                                        (unsigned)im->column_count);
        return fault(im, NULL, "invalid_format", detail.ptr != NULL ? detail.ptr : "has too many cells, or too few");
    }
    for (uint32_t i = 0; i < count && rc == ALEES_OK; i++) {
        if (cells[i].text.len > 0 || cells[i].is_quoted) {
            rc = put_cell(im, object, im->columns[i], &cells[i]);
        }
    }
    *ret_object = object;
    return rc;
}

static alees_rc read_line(struct import *im, alees_json **ret_object) {
    uint32_t count;
    const struct csv_cell *cells = csv_cells(im->csv, &count);
    return jx_parse(im->ctx->arena, &im->ctx->problem, cells[0].text, ret_object);
}

static alees_rc take_row(struct import *im) {
    const struct engine_batch_row row = {.number = im->row};
    alees_json *object = NULL;
    alees_rc rc;
    engine_batch_enter(im->batch, &row);
    rc = im->is_csv ? read_cells(im, &object) : read_line(im, &object);
    if (rc == ALEES_OK) {
        rc = engine_batch_leave(im->batch, ALEES_OK);
        return rc == ALEES_OK ? engine_batch_add(im->batch, object, (alees_str){NULL, 0}, im->row) : rc;
    }
    rc = engine_batch_leave(im->batch, rc);
    if (rc == ALEES_OK && im->batch->faults.item_count >= PROBLEM_MOST_ITEMS) {
        rc = engine_batch_finish(im->batch); /* says them; more are of no use */
    }
    return rc;
}

/* ---- telling ---- */

static bool tell(struct import *im, const struct str *line) {
    struct ctx_stream *stream = im->ctx->stream;
    im->ctx->response.status = 200;
    im->ctx->response.content_type = "application/x-ndjson";
    return stream->write(stream->data, line->ptr, line->len);
}

static alees_rc tell_rows(struct import *im) {
    char text[64];
    struct str line;
    if (!im->is_live || im->row % ROWS_OF_A_LINE != 0) {
        return ALEES_OK;
    }
    str_init_fixed(&line, text, sizeof text);
    str_printf(&line, "{\"rows\":%llu}\n", (unsigned long long)im->row);
    return tell(im, &line) ? ALEES_OK : problem_set(&im->ctx->problem, PROBLEM_UNAVAILABLE, "The client has hung up.");
}

static alees_rc take_rows(struct import *im) {
    bool is_record = true;
    alees_rc rc = ALEES_OK;
    while (rc == ALEES_OK) {
        rc = next_record(im, &is_record);
        if (rc != ALEES_OK || !is_record) {
            break;
        }
        im->row++;
        rc = take_row(im);
        rc = rc == ALEES_OK ? tell_rows(im) : rc;
    }
    return rc == ALEES_OK ? engine_batch_finish(im->batch) : rc;
}

static alees_rc answer(struct import *im) {
    const struct engine_batch_counts *counts = engine_batch_counts(im->batch);
    struct ctx_response *r = &im->ctx->response;
    uint32_t status = counts->created > 0 ? 201 : 200;
    str_putc(&r->body, '{');
    if (im->is_live) {
        str_printf(&r->body, "\"status\":%u,", (unsigned)status);
    }
    str_printf(&r->body, "\"rows\":%llu,\"created\":%llu,\"updated\":%llu}%s", (unsigned long long)counts->rows,
               (unsigned long long)counts->created, (unsigned long long)counts->updated, im->is_live ? "\n" : "");
    r->status = im->is_live ? 200 : status;
    r->content_type = im->is_live ? "application/x-ndjson" : "application/json";
    return r->body.failed ? engine_value_nomem(&im->ctx->problem) : ALEES_OK;
}

/* Lines were sent: what became of it is the last of them. */
static alees_rc tell_end(struct import *im, alees_rc rc) {
    alees_ctx *ctx = im->ctx;
    if (rc != ALEES_OK) {
        if (ctx->problem.rc == ALEES_OK) {
            (void)problem_set(&ctx->problem, problem_kind_of(rc), "The import failed.");
        }
        ctx->response.body.len = 0;
        problem_write(&ctx->problem, alees_text(ctx->request_id), &ctx->response.body);
        str_putc(&ctx->response.body, '\n');
    }
    return tell(im, &ctx->response.body) ? ALEES_OK : ALEES_E_UNAVAILABLE;
}

/* ---- the request ---- */

static alees_rc bad(alees_ctx *ctx, const char *name, const char *why) {
    problem_add(&ctx->problem, alees_text(name), "bad_parameter", "%s", why);
    return problem_set(&ctx->problem, PROBLEM_BAD_PARAMETER, "The parameter %s %s", name, why);
}

static alees_rc read_parameters(alees_ctx *ctx, struct engine_batch_options *options, alees_id *organization) {
    static const char *const known[] = {"on_conflict", "dry_run", "organization"};
    alees_str dry_run = ctx_parameter(ctx, "dry_run"), text = ctx_parameter(ctx, "organization");
    bool has_one = options->resource->decl->scope == ALEES_SCOPE_ORGANIZATION && options->resource->owner == NULL;
    alees_rc rc = engine_query_only(ctx, known, has_one ? 3 : 2);
    rc = rc == ALEES_OK ? engine_upsert_options(ctx, options) : rc;
    if (rc != ALEES_OK) {
        return rc;
    }
    if (dry_run.ptr != NULL && !str_equal(dry_run, "true") && !str_equal(dry_run, "false")) {
        return bad(ctx, "dry_run", "must be true or false");
    }
    ctx->prefer.is_dry_run = ctx->prefer.is_dry_run || str_equal(dry_run, "true");
    if (text.ptr != NULL) {
        if (alees_id_parse(text, organization) != ALEES_OK) {
            return bad(ctx, "organization", "must be the id of an organization");
        }
        options->organization = organization;
    }
    return ALEES_OK;
}

static void close_csv(void *data) {
    csv_close(data);
}

static alees_rc open_import(struct import *im) {
    im->csv = csv_open(!im->is_csv, im->ctx->app->max_body);
    im->piece = arena_alloc(im->ctx->arena, PIECE);
    if (im->csv == NULL || !arena_defer(im->ctx->arena, close_csv, im->csv) || im->piece == NULL) {
        return engine_value_nomem(&im->ctx->problem);
    }
    return im->is_csv ? read_header(im) : ALEES_OK;
}

static alees_rc carry_out(struct import *im, const struct engine_batch_options *options) {
    alees_ctx *ctx = im->ctx;
    bool is_mine = ctx->transaction == NULL;
    alees_rc rc = open_import(im);
    if (rc != ALEES_OK) {
        return rc;
    }
    if (is_mine) {
        store_begin(ctx);
    }
    rc = engine_batch_begin(ctx, options, &im->batch);
    rc = rc == ALEES_OK ? take_rows(im) : rc;
    rc = rc == ALEES_OK ? answer(im) : rc;
    rc = engine_bulk_end(ctx, is_mine, rc);
    return ctx->response.is_streamed ? tell_end(im, rc) : rc;
}

alees_rc engine_import(alees_ctx *ctx) {
    struct import im = {.ctx = ctx,
                        .r = ctx->route->resource,
                        .is_csv = ctx->request.format == CTX_CSV,
                        .is_live = ctx->response.format == CTX_NDJSON};
    struct engine_batch_options options = {.resource = im.r};
    alees_id organization;
    alees_rc rc = read_parameters(ctx, &options, &organization);
    if (rc != ALEES_OK) {
        return rc;
    }
    if (atomic_fetch_add(&ctx->app->imports, 1) >= ctx->app->max_imports) {
        ctx->problem.retry_after = 5;
        rc = problem_set(&ctx->problem, PROBLEM_UNAVAILABLE, "%u imports are running, as many as may; try again later.",
                         (unsigned)ctx->app->max_imports);
    } else {
        ctx->deadline_us = ctx->started_us + ctx->app->transfer_us;
        rc = carry_out(&im, &options);
    }
    atomic_fetch_sub(&ctx->app->imports, 1);
    return rc;
}
