/* SPDX-License-Identifier: MIT
 * engine_replace.c - PUT: a whole row from the client against the row as it is, which is locked. What differs becomes the
 * change, as if it alone had been sent by PATCH; so hooks, references and the audit trail see only that.
 *
 * A client that reads a row, edits it and sends it back sends what cannot be written, too: it may, as long as it is what
 * the row has. What it does not send goes back to what a new row would have. */
#include "engine_nested.h"

#include <string.h>

/* The same moment or id, written differently. */
static bool is_same_text(const struct resource_field *f, alees_str shown, alees_str sent) {
    char text[28];
    alees_id a, b;
    if (shown.ptr == NULL || sent.ptr == NULL) {
        return false;
    }
    if (f->decl->type == ALEES_TIMESTAMP) {
        return engine_calendar_timestamp(sent, text) == NULL && alees_equal(alees_text(text), shown);
    }
    return (f->decl->type == ALEES_UUID || f->decl->type == ALEES_REFERENCE) && alees_id_parse(shown, &a) == ALEES_OK &&
           alees_id_parse(sent, &b) == ALEES_OK && alees_id_compare(&a, &b) == 0;
}

bool engine_replace_is_equal(struct arena *arena, const struct resource_field *f, alees_str text,
                             const alees_json *value) {
    alees_json *now = NULL;
    struct problem problem;
    struct str shown;
    str_init(&shown, arena, 64);
    engine_row_value(&shown, f->decl->type, text);
    problem_init(&problem, arena);
    return jx_parse(arena, &problem, str_done(&shown), &now) == ALEES_OK &&
           (jx_is_equal(now, value) || is_same_text(f, jx_text(now), jx_text(value)));
}

/* The row's own parts, as they are shown. */
static bool is_same_list(const alees_change *change, uint32_t at, alees_str text, const alees_json *value) {
    alees_str shown = engine_nested_json(change->ctx->arena, change->resource->shapes->nested[at], text);
    alees_json *now = NULL;
    struct problem problem;
    problem_init(&problem, change->ctx->arena);
    return jx_parse(change->ctx->arena, &problem, shown, &now) == ALEES_OK && jx_is_equal(now, value);
}

static bool is_same(const alees_change *change, const struct resource_field *f, const alees_json *value) {
    uint32_t at = (uint32_t)(f - change->resource->fields), place = change->resource->shapes->all.places[at];
    alees_str text;
    if (place == UINT32_MAX) { /* it is not shown to anybody */
        return false;
    }
    text = store_rows_text(change->before, 0, place);
    return f->decl->type == ALEES_PARTS ? is_same_list(change, at, text, value)
                                        : engine_replace_is_equal(change->ctx->arena, f, text, value);
}

bool engine_replace_is_same(const alees_change *change, const struct resource_field *f, const alees_json *value) {
    const bool *may = change->may_read;
    if ((f->decl->flags & ALEES_COMPUTED) != 0) {
        return true; /* it follows from the others */
    }
    return (may == NULL || may[f - change->resource->fields]) && is_same(change, f, value);
}

/* A secret stays, because it is never shown, and so does what the caller may not change. */
bool engine_replace_stays(const alees_change *change, uint32_t at) {
    const struct resource_field *f = &change->resource->fields[at];
    return !engine_change_takes(change->resource, ALEES_UPDATE, f) || (f->decl->flags & ALEES_WRITE_ONLY) != 0 ||
           (change->may != NULL && !change->may[at]);
}

alees_rc engine_replace_absent(alees_change *change, uint32_t at) {
    const struct resource *r = change->resource;
    const struct resource_field *f = &r->fields[at];
    struct engine_cell *cell = &change->cells[at];
    alees_ctx *ctx = change->ctx;
    alees_json *fallback = NULL;
    if (engine_replace_stays(change, at)) {
        return ALEES_OK;
    }
    if (f == r->custom) {
        alees_rc rc = engine_custom_read(change, at, NULL);
        if (rc != ALEES_OK) {
            return rc;
        }
    }
    if (r->shapes->fallbacks[at].ptr != NULL) {
        alees_rc rc = jx_parse(ctx->arena, &ctx->problem, alees_text(f->decl->fallback), &fallback);
        cell->is_sent = cell->is_written = rc == ALEES_OK && !is_same(change, f, fallback);
        cell->value = r->shapes->fallbacks[at];
        return rc;
    }
    if ((f->decl->flags & ALEES_REQUIRED) != 0) {
        problem_add(&ctx->problem, engine_value_pointer(ctx->arena, alees_text(f->decl->name)), "required",
                    "is required");
        return ALEES_OK;
    }
    cell->is_sent = store_rows_text(change->before, 0, r->shapes->all.places[at]).ptr != NULL;
    cell->is_written = cell->is_default = true;
    return ALEES_OK;
}

alees_rc engine_replace_open(alees_change *change, const bool *may) {
    const struct resource *r = change->resource;
    struct engine_fields readers;
    alees_rc rc = engine_fields_open(change->ctx, r, r->view, &readers);
    change->is_whole = true;
    change->may = may;
    return rc == ALEES_OK ? engine_fields_of_row(&readers, &r->shapes->all, change->before, 0, &change->may_read) : rc;
}
