/* SPDX-License-Identifier: MIT
 * engine_custom.c - values of custom fields. What is sent is an object: of a PATCH its members are merged into those that
 * the row has (null takes one away), else it is the whole. Each member must have its definition and fit it, unless the row
 * has that very value already: a definition may have changed or gone since. */
#include "custom.h"
#include "engine_batch.h"

#include <string.h>

struct engine_custom { /* a reference among the values, to be looked at with those of other rows */
    struct engine_custom *next;
    const struct resource_field *field;
    alees_str pointer, value;
    bool is_checked;
};

struct reading { /* of one object */
    alees_change *change;
    const struct alees_field *decl;               /* of the field that it is for */
    const struct custom_definitions *definitions; /* NULL: not known yet what holds */
    const alees_json *before;                     /* what the row has; NULL: nothing */
    struct str out;                               /* what it will have */
    alees_rc rc;
};

static alees_str pointer_to(const struct reading *rd, alees_str key) {
    struct arena *arena = rd->change->ctx->arena;
    alees_str member = engine_value_pointer(arena, key);
    alees_str pointer = arena_printf(arena, "/%s%.*s", rd->decl->name, STR_FMT(member));
    return pointer.ptr != NULL ? pointer : STR_LIT("");
}

static void put_key(struct reading *rd, alees_str key) {
    str_puts(&rd->out, rd->out.len > 1 ? "," : "");
    str_json(&rd->out, key);
    str_putc(&rd->out, ':');
}

static void refuse(const struct reading *rd, alees_str key, const char *code, const char *detail) {
    problem_add(&rd->change->ctx->problem, pointer_to(rd, key), code, "%s", detail);
}

static void refuse_unknown(const struct reading *rd, alees_str key) {
    struct arena *arena = rd->change->ctx->arena;
    const struct custom_definitions *d = rd->definitions;
    alees_str detail =
        arena_printf(arena, "is not a custom field here%s", engine_value_nearest(arena, key, d->keys, d->count));
    refuse(rd, key, "unknown_field", detail.ptr != NULL ? detail.ptr : "is not a custom field here");
}

/* Now, or with those of the other rows. */
static alees_rc check_reference(struct reading *rd, const struct custom_definition *d, alees_str key, alees_str value) {
    alees_change *change = rd->change;
    bool may = true;
    alees_rc rc;
    if (change->refers_later) {
        struct engine_custom *later = ARENA_NEW(change->ctx->arena, struct engine_custom);
        if (later == NULL) {
            return engine_value_nomem(&change->ctx->problem);
        }
        *later = (struct engine_custom){change->custom, &d->field, pointer_to(rd, key), value, false};
        change->custom = later;
        return ALEES_OK;
    }
    rc = engine_refer_check(change, &d->field, value, &may);
    if (rc == ALEES_OK && !may) {
        refuse(rd, key, "invalid_reference", "does not name a row that can be used here");
    }
    return rc;
}

static void put_value(struct reading *rd, const struct alees_field *decl, alees_str key, alees_str text) {
    put_key(rd, key);
    if (decl->type == ALEES_INTEGER || decl->type == ALEES_BOOLEAN) {
        str_view(&rd->out, text);
    } else {
        str_json(&rd->out, text);
    }
}

static alees_rc read_defined(struct reading *rd, const struct custom_definition *d, alees_str key,
                             const alees_json *value) {
    alees_ctx *ctx = rd->change->ctx;
    alees_str text = {NULL, 0};
    alees_rc rc = engine_value_from_json(ctx, &d->decl, pointer_to(rd, key), value, &text);
    if (rc == ALEES_OK && text.ptr != NULL && d->decl.type == ALEES_REFERENCE) {
        rc = check_reference(rd, d, key, text);
    }
    if (rc == ALEES_OK && text.ptr != NULL) {
        put_value(rd, &d->decl, key, text);
    }
    return rc == ALEES_E_INVALID ? ALEES_OK : rc; /* it is among the items */
}

static bool read_member(void *data, alees_str key, const alees_json *value) {
    struct reading *rd = data;
    const alees_json *now = jx_get(rd->before, key.ptr);
    const struct custom_definition *d = custom_find(rd->definitions, key);
    if (now != NULL && !rd->change->is_moving && jx_is_equal(now, value)) {
        put_key(rd, key);
        jx_write(value, &rd->out);
    } else if (d != NULL) {
        rd->rc = read_defined(rd, d, key, value);
    } else if (now == NULL || jx_kind(value) != ALEES_JSON_NULL) {
        refuse_unknown(rd, key);
    }
    return rd->rc == ALEES_OK && rd->change->ctx->problem.item_count < PROBLEM_MOST_ITEMS;
}

/* Of a PATCH: what is not sent stays. */
struct keeping {
    struct reading *rd;
    const alees_json *sent;
};

static bool keep_member(void *data, alees_str key, const alees_json *value) {
    const struct keeping *k = data;
    if (k->rd->change->is_moving && jx_get(k->sent, key.ptr) == NULL) {
        return read_member(k->rd, key, value);
    }
    if (jx_get(k->sent, key.ptr) == NULL) {
        put_key(k->rd, key);
        jx_write(value, &k->rd->out);
    }
    return true;
}

/* A new row must have all that is required, and so must one that comes from another organization; of one that is replaced,
 * what it has had. */
static void check_required(const struct reading *rd, const alees_json *sent) {
    const alees_change *change = rd->change;
    const alees_json *kept = change->is_moving && !change->is_whole ? rd->before : NULL;
    bool is_new = change->action == ALEES_CREATE || change->is_moving;
    for (uint32_t i = 0; i < rd->definitions->count && (is_new || change->is_whole); i++) {
        const struct alees_field *d = &rd->definitions->items[i].decl;
        if ((d->flags & ALEES_REQUIRED) != 0 && jx_get(sent, d->name) == NULL && jx_get(kept, d->name) == NULL &&
            (is_new || jx_get(rd->before, d->name) != NULL)) {
            refuse(rd, alees_text(d->name), "required", "is required");
        }
    }
}

/* What the row has, as it was locked. */
static alees_rc read_before(struct reading *rd, uint32_t at) {
    alees_change *change = rd->change;
    uint32_t place = change->resource->shapes->all.places[at];
    struct problem problem;
    alees_json *before = NULL;
    alees_str text;
    if (change->found == NULL || place == UINT32_MAX) {
        return ALEES_OK;
    }
    text = store_rows_text(change->found, change->found_row, place);
    problem_init(&problem, change->ctx->arena);
    if (text.ptr != NULL && jx_parse(change->ctx->arena, &problem, text, &before) != ALEES_OK) {
        return arena_is_exhausted(change->ctx->arena) ? engine_value_nomem(&change->ctx->problem) : ALEES_E_INTERNAL;
    }
    rd->before = before;
    return ALEES_OK;
}

static alees_rc write_cell(struct reading *rd, uint32_t at) {
    struct engine_cell *cell = &rd->change->cells[at];
    alees_ctx *ctx = rd->change->ctx;
    str_putc(&rd->out, '}');
    cell->value = str_done(&rd->out);
    if (cell->value.ptr == NULL) {
        return engine_value_nomem(&ctx->problem);
    }
    if (cell->value.len > ENGINE_MAX_TEXT) {
        problem_add(&ctx->problem, engine_value_pointer(ctx->arena, alees_text(rd->decl->name)), "too_long",
                    "must be at most %d bytes of JSON", ENGINE_MAX_TEXT);
    }
    cell->is_sent = cell->is_written = true;
    return ALEES_OK;
}

bool engine_custom_is_moved(const alees_change *change, const alees_json *value) {
    return jx_kind(value) == ALEES_JSON_OBJECT || (jx_kind(value) == ALEES_JSON_ABSENT && !change->is_whole);
}

/* Without a row there are no definitions to hold it against, but no custom field of any row has such a value. */
static bool refuse_no_value(void *data, alees_str key, const alees_json *value) {
    const struct reading *rd = data;
    if (jx_kind(value) == ALEES_JSON_OBJECT || jx_kind(value) == ALEES_JSON_ARRAY) {
        refuse(rd, key, "wrong_type", "must be a text, a number, true, false or null");
    }
    return rd->change->ctx->problem.item_count < PROBLEM_MOST_ITEMS;
}

alees_rc engine_custom_read(alees_change *change, uint32_t at, const alees_json *value) {
    struct reading rd = {.change = change, .decl = change->resource->fields[at].decl};
    struct keeping keeping = {&rd, value};
    bool is_update = change->action == ALEES_UPDATE;
    alees_rc rc;
    change->custom = NULL;
    if (is_update && change->found == NULL) { /* of rows that are not known yet: it is read again with each */
        change->cells[at].is_sent = change->cells[at].is_written = true;
        change->cells[at].value = STR_LIT("{}");
        jx_each(value, refuse_no_value, &rd);
        return ALEES_OK;
    }
    rc = custom_read(change->ctx, change->resource, &change->organization, &rd.definitions);
    rc = rc == ALEES_OK ? read_before(&rd, at) : rc;
    if (rc != ALEES_OK) {
        return rc;
    }
    check_required(&rd, value);
    if (value == NULL && !(change->is_moving && !change->is_whole)) {
        return ALEES_OK;
    }
    str_init(&rd.out, change->ctx->arena, 256);
    str_putc(&rd.out, '{');
    jx_each(value, read_member, &rd);
    if (rd.rc == ALEES_OK && is_update && !change->is_whole) {
        jx_each(rd.before, keep_member, &keeping);
    }
    return rd.rc == ALEES_OK ? write_cell(&rd, at) : rd.rc;
}

/* ---- references of many rows ---- */

alees_str engine_custom_reference(const alees_change *change, const struct resource_field *f) {
    for (const struct engine_custom *c = change->custom; c != NULL; c = c->next) {
        if (c->field == f) {
            return c->value;
        }
    }
    return (alees_str){NULL, 0};
}

static struct engine_custom *find_later(const alees_change *change, const struct resource_field *f) {
    struct engine_custom *c = change->custom;
    while (c != NULL && c->field != f) {
        c = c->next;
    }
    return c;
}

/* One definition, in all rows that have a value of it. */
static alees_rc check_one(alees_change *const *changes, uint32_t count, const struct resource_field *f,
                          alees_rc (*refused)(void *data, uint32_t row, alees_str pointer), void *data) {
    bool *may = ARENA_ARRAY(changes[0]->ctx->arena, bool, count);
    alees_rc rc =
        may != NULL ? engine_refer_many(changes, count, f, may) : engine_value_nomem(&changes[0]->ctx->problem);
    for (uint32_t i = 0; i < count && rc == ALEES_OK; i++) {
        struct engine_custom *c = find_later(changes[i], f);
        if (c != NULL) {
            c->is_checked = true;
            rc = may[i] ? ALEES_OK : refused(data, i, c->pointer);
        }
    }
    return rc;
}

alees_rc engine_custom_refer_many(alees_change *const *changes, uint32_t count,
                                  alees_rc (*refused)(void *data, uint32_t row, alees_str pointer), void *data) {
    alees_rc rc = ALEES_OK;
    for (uint32_t i = 0; i < count && rc == ALEES_OK; i++) {
        for (struct engine_custom *c = changes[i]->custom; c != NULL && rc == ALEES_OK; c = c->next) {
            rc = c->is_checked ? ALEES_OK : check_one(changes, count, c->field, refused, data);
        }
    }
    return rc;
}
