/* SPDX-License-Identifier: MIT
 * engine_upsert.c - rows that are known again by a unique field: those of their organization that are there are merged or
 * left alone, the others are created.
 *
 * Who is there is asked twice: which rows the caller sees, and, locked, which of those they may change. A row that another
 * transaction makes meanwhile is met by ON CONFLICT DO NOTHING, which waits for it: then it is asked again. A row that the
 * caller does not see is refused in the end as any other value that is taken. */
#include "engine_batch.h"

#include <string.h>

#include "engine_nested.h"
#include "lock.h"

enum { ROUNDS = 2, FIRST_SLOTS = 64 };

const struct resource_field *engine_upsert_key(const struct resource *r, alees_str name) {
    const struct resource_field *f = resource_field(r, name);
    if (f == NULL || f->is_standard || r->decl->scope == ALEES_SCOPE_SELF || (f->decl->flags & ALEES_UNIQUE) == 0 ||
        (f->decl->flags & (ALEES_READ_ONLY | ALEES_WRITE_ONLY)) != 0) {
        return NULL;
    }
    return f;
}

/* ---- keys of rows that wait ---- */

static bool is_same_key(const struct engine_batch_row *a, const struct engine_batch_row *b) {
    return alees_id_compare(&a->organization, &b->organization) == 0 && alees_equal(a->key, b->key);
}

/* The slot of the row's key, or the free one where it would be. */
static uint32_t *find_slot(const struct engine_batch *b, const struct engine_batch_row *row) {
    uint32_t hash = 2166136261u, at; /* FNV-1a */
    for (size_t i = 0; i < row->key.len; i++) {
        hash = (hash ^ (unsigned char)row->key.ptr[i]) * 16777619u;
    }
    for (size_t i = 0; i < sizeof row->organization.bytes; i++) {
        hash = (hash ^ row->organization.bytes[i]) * 16777619u;
    }
    at = hash & (b->key_slots - 1);
    while (b->keys[at] != 0 && !is_same_key(&b->rows[b->keys[at] - 1], row)) {
        at = (at + 1) & (b->key_slots - 1);
    }
    return &b->keys[at];
}

/* Always leaves half of the slots free. */
static alees_rc make_slots(struct engine_batch *b) {
    uint32_t slots = b->key_slots > 0 ? 2 * b->key_slots : FIRST_SLOTS;
    uint32_t *keys;
    if (2 * (b->count + 1) <= b->key_slots) {
        return ALEES_OK;
    }
    while (!b->options.is_whole && slots < 2 * (ENGINE_BATCH_ROWS + 1)) {
        slots *= 2; /* once and for all: what is made later is given back */
    }
    keys = ARENA_ARRAY(b->ctx->arena, uint32_t, slots);
    if (keys == NULL) {
        return engine_value_nomem(&b->ctx->problem);
    }
    b->keys = keys;
    b->key_slots = slots;
    for (uint32_t i = 0; i < b->count; i++) {
        *find_slot(b, &b->rows[i]) = i + 1;
    }
    return ALEES_OK;
}

void engine_upsert_forget(struct engine_batch *b) {
    if (b->keys != NULL) {
        memset(b->keys, 0, b->key_slots * sizeof *b->keys);
    }
}

/* ---- where ---- */

alees_rc engine_upsert_begin(struct engine_batch *b) {
    const struct resource *r = b->options.resource;
    const struct alees_organizations *add = b->ctx->where, *view = NULL;
    alees_ctx *ctx = b->ctx;
    alees_rc rc = ALEES_OK;
    if (r->scope_column != NULL && !ctx->is_all) {
        rc = engine_place_holds(ctx, r, r->view, &view);
        rc = rc == ALEES_OK ? engine_place_holds(ctx, r, r->change, &b->change_where) : rc;
        if (rc == ALEES_OK) { /* and view */
            ctx->where = b->change_where;
            rc = engine_place_seen(ctx, r, &b->change_where);
            ctx->where = add;
        }
    }
    rc = rc == ALEES_OK ? engine_place_of(ctx, r, view, true, &b->view_place) : rc;
    rc = rc == ALEES_OK ? engine_place_of(ctx, r, b->change_where, false, &b->change_place) : rc;
    rc = rc == ALEES_OK ? engine_fields_open(ctx, r, r->change, &b->may_change) : rc;
    return rc == ALEES_OK ? make_slots(b) : rc; /* before the mark behind which memory is given back */
}

/* ---- one row ---- */

alees_rc engine_upsert_add(struct engine_batch *b, struct engine_batch_row *row, bool *ret_is_double) {
    const struct alees_field *key = b->options.key->decl;
    const alees_json *value = jx_get(row->body, key->name);
    struct problem *p = &b->ctx->problem;
    alees_str pointer = engine_value_pointer(b->ctx->arena, alees_text(key->name));
    uint32_t *slot;
    alees_rc rc = make_slots(b);
    if (rc != ALEES_OK) {
        return rc;
    }
    if (jx_kind(value) == ALEES_JSON_ABSENT || jx_kind(value) == ALEES_JSON_NULL) {
        problem_add(p, pointer, "required", "is required: on_conflict names it");
        rc = ALEES_E_INVALID;
    } else {
        rc = engine_value_from_json(b->ctx, key, pointer, value, &row->key);
    }
    if (rc == ALEES_OK && p->item_count == 0) {
        slot = find_slot(b, row);
        *ret_is_double = *slot != 0;
        if (*slot == 0 && !engine_batch_is_faulty(b)) {
            *slot = b->count + 1;
        }
        if (*ret_is_double && b->options.is_whole) {
            problem_add(p, pointer, "duplicate", "is that of another row of this array");
        }
    }
    if (p->item_count > 0) {
        return problem_set(p, PROBLEM_INVALID, "Correct the fields that errors names, then send it again.");
    }
    return rc;
}

/* ---- who is there ---- */

static void put_array(struct engine_sql *sql, struct engine_batch_row *const *rows, uint32_t count,
                      alees_str (*text)(struct arena *arena, const struct engine_batch_row *row)) {
    struct str out;
    str_init(&out, sql->text.arena, (size_t)count * 40);
    str_putc(&out, '{');
    for (uint32_t i = 0; i < count; i++) {
        engine_batch_put_element(&out, text(sql->text.arena, rows[i]), i == 0);
    }
    str_putc(&out, '}');
    engine_sql_value(sql, str_done(&out), "text[]");
}

static alees_str key_of(struct arena *arena, const struct engine_batch_row *row) {
    (void)arena;
    return row->key;
}

static alees_str organization_of(struct arena *arena, const struct engine_batch_row *row) {
    static const alees_id none;
    char text[37];
    if (alees_id_compare(&row->organization, &none) == 0) {
        return (alees_str){NULL, 0};
    }
    return arena_str(arena, (alees_str){alees_id_format(&row->organization, text), 36});
}

/* Rows of what GET shows, version, and the place of the key among rows. */
static void put_lookup(struct engine_sql *sql, const struct engine_batch *b, struct engine_batch_row *const *rows,
                       uint32_t count, const struct engine_place *place, bool is_locking) {
    const struct resource *r = b->options.resource;
    str_puts(&sql->text, "SELECT ");
    str_view(&sql->text, r->shapes->all.plain);
    str_puts(&sql->text, ", \"version\", u.\"?n\" FROM unnest(");
    put_array(sql, rows, count, key_of);
    str_puts(&sql->text, ", ");
    put_array(sql, rows, count, organization_of);
    str_puts(&sql->text, ") WITH ORDINALITY AS u (\"?k\", \"?o\", \"?n\") JOIN ");
    str_view(&sql->text, r->shapes->table);
    str_puts(&sql->text, " AS t ON t.");
    str_ident(&sql->text, b->options.key->column);
    str_printf(&sql->text, " = u.\"?k\"::%s", engine_sql_type(b->options.key->decl));
    if (r->decl->scope == ALEES_SCOPE_ORGANIZATION) {
        str_puts(&sql->text, " AND t.");
        str_ident(&sql->text, r->scope_column);
        str_puts(&sql->text, resource_is_optional(r) ? " IS NOT DISTINCT FROM u.\"?o\"::uuid" : " = u.\"?o\"::uuid");
    }
    if (place->owner.ptr != NULL) {
        str_puts(&sql->text, " AND ");
        engine_sql_owner(sql, r, place->owner);
    }
    (void)engine_sql_life(sql, " AND ", r, place->life);
    if (r->scope_column != NULL && place->reach != ENGINE_EVERYWHERE && !lock_host_is_off()) {
        str_puts(&sql->text, " WHERE ");
        engine_sql_scope(sql, r, place->ids, place->is_shared);
    } else if (place->reach == ENGINE_EVERYWHERE && place->is_owned) {
        str_puts(&sql->text, " WHERE ");
        engine_sql_owned(sql, r);
    }
    str_puts(&sql->text, is_locking ? " ORDER BY t.\"id\" FOR NO KEY UPDATE OF t" : "");
}

static alees_rc look_up(struct engine_batch *b, struct engine_batch_row *const *rows, uint32_t count,
                        const struct engine_place *place, bool is_locking, alees_rows **ret_rows) {
    struct engine_sql sql;
    if (place->reach == ENGINE_NOWHERE || count == 0) {
        return ALEES_OK;
    }
    engine_sql_init(&sql, b->ctx->arena, 3);
    put_lookup(&sql, b, rows, count, place, is_locking);
    return engine_sql_run(b->ctx, b->options.resource, &place->scope, &sql, ret_rows, NULL);
}

/* Which of the rows is row i of the result about? */
static struct engine_batch_row *row_of(const struct engine_batch *b, struct engine_batch_row *const *rows,
                                       uint32_t count, const alees_rows *found, uint32_t i) {
    int64_t number = 0;
    bool is_number = str_parse_i64(store_rows_text(found, i, b->options.resource->shapes->all.version + 1), &number);
    return is_number && number >= 1 && number <= count ? rows[number - 1] : NULL;
}

static alees_rc take_found(struct engine_batch *b, struct engine_batch_row *const *rows, uint32_t count,
                           const alees_rows *found, bool is_merge) {
    const struct resource *r = b->options.resource;
    for (uint32_t i = 0; found != NULL && i < store_rows_count(found); i++) {
        struct engine_batch_row *row = row_of(b, rows, count, found, i);
        if (row == NULL || alees_id_parse(store_rows_text(found, i, 0), &row->change->id) != ALEES_OK) {
            return ALEES_E_INTERNAL;
        }
        row->is_found = true;
        row->rows = found;
        row->place = i;
        row->is_done = !is_merge;
        if (is_merge) {
            row->change->action = ALEES_UPDATE;
            row->change->known_by = b->options.key;
            engine_change_found(row->change, found, i, true);
            if (r->decl->scope == ALEES_SCOPE_GLOBAL) { /* nobody's, so that locking it has not judged */
                const struct alees_rbac_v1 *rbac = b->ctx->app->rbac;
                alees_rc rc =
                    b->ctx->is_all ? ALEES_OK : rbac->decide(rbac, b->ctx, b->ctx->who, r->change, NULL, NULL);
                if (rc != ALEES_OK) {
                    return rc == ALEES_E_DENIED ? engine_place_deny(b->ctx, r->change_name, NULL) : rc;
                }
            }
        }
    }
    return ALEES_OK;
}

static alees_str scope_of(const struct resource *r, const alees_rows *rows, uint32_t row) {
    const struct engine_view *view = &r->shapes->all;
    for (uint32_t i = 0; i < r->field_count; i++) {
        if (r->scope_column != NULL && strcmp(r->fields[i].column, r->scope_column) == 0 &&
            view->places[i] != UINT32_MAX) {
            return store_rows_text(rows, row, view->places[i]);
        }
    }
    return r->decl->scope == ALEES_SCOPE_SEVERAL ? store_rows_text(rows, row, view->scope) : (alees_str){NULL, 0};
}

/* Seen, but not among those that were locked: it has gone since, or the caller may not change it. */
static alees_rc check_permitted(struct engine_batch *b, struct engine_batch_row *const *rows, uint32_t count,
                                const alees_rows *seen) {
    const struct resource *r = b->options.resource;
    for (uint32_t i = 0; seen != NULL && i < store_rows_count(seen); i++) {
        struct engine_batch_row *row = row_of(b, rows, count, seen, i);
        alees_str scope = scope_of(r, seen, i);
        alees_id id;
        if (row == NULL || row->is_found || r->scope_column == NULL || r->decl->scope == ALEES_SCOPE_OWN ||
            b->ctx->is_all || engine_place_meets(b->ctx, b->change_where, scope)) {
            continue;
        }
        engine_batch_enter(b, row);
        return engine_batch_leave(
            b, engine_place_deny(b->ctx, r->change_name, alees_id_parse(scope, &id) == ALEES_OK ? &id : NULL));
    }
    return ALEES_OK;
}

static alees_rc find_rows(struct engine_batch *b, struct engine_batch_row *const *rows, uint32_t count) {
    bool is_merge = b->options.mode == ENGINE_BATCH_MERGE;
    alees_rows *seen = NULL, *locked = NULL;
    alees_rc rc = look_up(b, rows, count, &b->view_place, false, &seen);
    if (rc == ALEES_OK && is_merge) {
        rc = look_up(b, rows, count, &b->change_place, true, &locked);
        rc = rc == ALEES_OK ? take_found(b, rows, count, locked, true) : rc;
        return rc == ALEES_OK ? check_permitted(b, rows, count, seen) : rc;
    }
    return rc == ALEES_OK ? take_found(b, rows, count, seen, false) : rc;
}

/* Rows that are there, against the parts that they have; those that are as sent leave the list. */
static alees_rc compare_parts(struct engine_batch *b, struct engine_batch_row **rows, uint32_t *count) {
    alees_id *ids = ARENA_ARRAY(b->ctx->arena, alees_id, *count + 1);
    uint32_t wanted = 0, kept = 0, at = 0;
    alees_rows *now = NULL;
    alees_rc rc = ids != NULL ? ALEES_OK : engine_value_nomem(&b->ctx->problem);
    for (uint32_t i = 0; rc == ALEES_OK && i < *count; i++) {
        if (rows[i]->is_found && rows[i]->change->nested_count > 0) {
            ids[wanted++] = rows[i]->change->id;
        }
    }
    if (rc != ALEES_OK || wanted == 0) {
        return rc;
    }
    rc = engine_bulk_read(b->ctx, b->options.resource, &b->change_place.scope, ids, wanted, &now);
    if (rc == ALEES_OK && store_rows_count(now) != wanted) {
        rc = problem_set(&b->ctx->problem, PROBLEM_CONFLICT, "Rows have just changed; try again.");
    }
    for (uint32_t i = 0; rc == ALEES_OK && i < *count; i++) {
        if (rows[i]->is_found && rows[i]->change->nested_count > 0) {
            engine_batch_enter(b, rows[i]);
            rc = engine_batch_leave(b, engine_nested_compare(rows[i]->change, now, at++));
        }
        rows[i]->is_done = engine_change_is_empty(rows[i]->change) && rows[i]->is_found;
        if (!rows[i]->is_done) {
            rows[kept++] = rows[i];
        }
    }
    *count = kept;
    return rc;
}

alees_rc engine_upsert_find(struct engine_batch *b, struct engine_batch_row *const *rows, uint32_t count) {
    struct engine_batch_row *read[ENGINE_BATCH_ROWS];
    uint32_t read_count = 0;
    alees_rc rc = find_rows(b, rows, count);
    for (uint32_t i = 0; i < count && rc == ALEES_OK; i++) {
        bool is_right = false;
        if (rows[i]->is_done) {
            continue;
        }
        memset(rows[i]->change->cells, 0, b->options.resource->field_count * sizeof *rows[i]->change->cells);
        rows[i]->change->is_open = true;
        rows[i]->change->nested_count = 0;
        engine_batch_enter(b, rows[i]);
        rc = engine_batch_read(b, rows[i]);
        is_right = rc == ALEES_OK;
        rc = engine_batch_leave(b, rc);
        if (is_right && engine_change_is_empty(rows[i]->change)) {
            rows[i]->is_done = true; /* the row as it is */
        } else if (is_right) {
            read[read_count++] = rows[i];
        }
    }
    rc = rc == ALEES_OK ? compare_parts(b, read, &read_count) : rc;
    return rc == ALEES_OK ? engine_batch_check(b, read, read_count) : rc;
}

/* Those that are not done to the front; how many? */
static uint32_t select_left(struct engine_batch_row *const *rows, uint32_t count, struct engine_batch_row **left) {
    uint32_t left_count = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (!rows[i]->is_done) {
            left[left_count++] = rows[i];
        }
    }
    return left_count;
}

alees_rc engine_upsert_write(struct engine_batch *b, struct engine_batch_row *const *rows, uint32_t count) {
    struct engine_batch_row *left[ENGINE_BATCH_ROWS];
    enum engine_batch_mode mode = b->options.mode;
    uint32_t left_count = select_left(rows, count, left);
    alees_rc rc = ALEES_OK;
    for (uint32_t round = 0; round < ROUNDS && left_count > 0 && rc == ALEES_OK && !engine_batch_is_faulty(b);
         round++) {
        if (round > 0) {
            rc = engine_upsert_find(b, left, left_count);
            left_count = select_left(left, left_count, left);
        }
        if (rc == ALEES_OK && !engine_batch_is_faulty(b)) {
            rc = engine_batch_write(b, left, left_count);
        }
        left_count = select_left(left, left_count, left);
    }
    if (rc == ALEES_OK && left_count > 0 && !engine_batch_is_faulty(b)) {
        b->options.mode = ENGINE_BATCH_CREATE; /* so that PostgreSQL says what stands in the way */
        rc = engine_batch_write(b, left, left_count);
        b->options.mode = mode;
    }
    return rc;
}
