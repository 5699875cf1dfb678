/* SPDX-License-Identifier: MIT
 * engine_nested_write.c - the list of parts that was sent, against those that are there, and then into the database: what
 * is not named is deleted, what differs is changed, what is new is created. Their owner is locked by then, so that nobody
 * else writes them. */
#include "engine_nested.h"

#include <string.h>

#include "engine_batch.h"
#include "lock.h"

/* ---- what is there ---- */

struct there { /* a part as it is */
    alees_id id;
    const alees_str *values; /* as shape->fields */
    bool is_named;
};

static uint32_t count_parts(struct arena *arena, alees_str text) {
    struct engine_nested_reader reader = {.arena = arena, .text = text};
    alees_str value;
    uint32_t count = 0;
    while (engine_nested_next_part(&reader)) {
        while (engine_nested_next_value(&reader, &value)) {
        }
        count++;
    }
    return count;
}

static alees_rc read_there(struct arena *arena, const struct engine_nested_shape *shape, alees_str text,
                           struct there **ret_there, uint32_t *ret_count) {
    struct engine_nested_reader reader = {.arena = arena, .text = text};
    uint32_t most = count_parts(arena, text), count = 0;
    struct there *there = ARENA_ARRAY(arena, struct there, most + 1);
    while (there != NULL && count < most && engine_nested_next_part(&reader)) {
        alees_str *values = ARENA_ARRAY(arena, alees_str, shape->count), value;
        for (uint32_t i = 0; values != NULL && engine_nested_next_value(&reader, &value) && i < shape->count; i++) {
            values[i] = value;
        }
        if (values == NULL || alees_id_parse(values[0], &there[count].id) != ALEES_OK) {
            return values == NULL ? ALEES_E_NOMEM : ALEES_E_INTERNAL;
        }
        there[count++].values = values;
    }
    *ret_there = there;
    *ret_count = count;
    return there != NULL ? ALEES_OK : ALEES_E_NOMEM;
}

static uint32_t place_of(const struct engine_nested_shape *shape, const struct resource_field *f) {
    for (uint32_t i = 0; i < shape->count; i++) {
        if (shape->fields[i] == f) {
            return i;
        }
    }
    return UINT32_MAX;
}

/* ---- one item against the part that it names ---- */

struct unwritable { /* of one look over the members of an item */
    const struct engine_nested *n;
    const alees_change *change;
    const alees_str *now; /* NULL: the caller may not know */
    bool is_faulty;
};

static bool look_at_member(void *data, alees_str key, const alees_json *value) {
    struct unwritable *u = data;
    const struct resource *part = u->n->shape->part;
    const struct resource_field *f = resource_field(part, key);
    uint32_t place = f != NULL ? place_of(u->n->shape, f) : UINT32_MAX;
    if (f == NULL || f == u->change->known_by || engine_change_takes(part, ALEES_UPDATE, f)) {
        return true;
    }
    if (place == UINT32_MAX || u->now == NULL ||
        !engine_replace_is_equal(u->change->ctx->arena, f, u->now[place], value)) {
        u->is_faulty = true;
        problem_add(&u->change->ctx->problem, engine_value_pointer(u->change->ctx->arena, key), "read_only_field",
                    "cannot be written; leave it out");
    }
    return true;
}

/* What cannot be written may be sent as it is; what is as it was is not written. */
static alees_rc compare_item(const struct engine_nested *n, struct engine_batch_row *item, const alees_str *now,
                             bool may_read) {
    alees_change *change = item->change;
    struct unwritable u = {.n = n, .change = change, .now = may_read ? now : NULL};
    jx_each(item->body, look_at_member, &u);
    if (u.is_faulty) {
        return problem_set(&change->ctx->problem, PROBLEM_READ_ONLY_FIELD,
                           "The body has a field that cannot be written; see errors.");
    }
    for (uint32_t i = 0; i < n->shape->count && may_read; i++) {
        const struct resource_field *f = n->shape->fields[i];
        struct engine_cell *cell = &change->cells[f - n->shape->part->fields];
        if (cell->is_written &&
            engine_replace_is_equal(change->ctx->arena, f, now[i], jx_get(item->body, f->decl->name))) {
            *cell = (struct engine_cell){.is_written = false};
        }
    }
    return ALEES_OK;
}

/* What is made true of one item is no longer true of the one that has it. */
static void settle_singles(const struct engine_nested *n) {
    const struct resource *part = n->shape->part;
    for (uint32_t k = 0; k < part->field_count; k++) {
        uint32_t place =
            (part->fields[k].decl->flags & ALEES_SINGLE) != 0 ? place_of(n->shape, &part->fields[k]) : UINT32_MAX;
        bool is_made = false;
        for (uint32_t i = 0; place != UINT32_MAX && i < n->count; i++) {
            is_made = is_made || (n->items[i].change != NULL && engine_single_is_made(n->items[i].change, k));
        }
        for (uint32_t i = 0; is_made && i < n->count; i++) {
            struct engine_cell *cell = n->items[i].change != NULL ? &n->items[i].change->cells[k] : NULL;
            if (n->now[i] != NULL && cell != NULL && !cell->is_written && str_equal(n->now[i][place], "true")) {
                cell->is_written = true;
                cell->value = STR_LIT("false");
            }
        }
    }
}

static alees_rc compare_list(alees_change *owner, struct engine_nested *n, alees_str text, bool may_read) {
    alees_ctx *ctx = owner->ctx;
    struct engine_nested_work work;
    struct there *there = NULL;
    uint32_t count = 0;
    alees_rc rc = engine_nested_open(ctx, n->shape->part, &work);
    rc = rc == ALEES_OK ? read_there(ctx->arena, n->shape, text, &there, &count) : rc;
    n->gone = ARENA_ARRAY(ctx->arena, alees_id, count + 1);
    if (rc != ALEES_OK || n->gone == NULL) {
        return rc == ALEES_E_INTERNAL ? rc : engine_value_nomem(&ctx->problem);
    }
    for (uint32_t i = 0; i < n->count && rc == ALEES_OK; i++) {
        alees_change *change = n->items[i].change;
        for (uint32_t k = 0; k < count && change->action == ALEES_UPDATE && n->now[i] == NULL; k++) {
            if (alees_id_compare(&there[k].id, &change->id) == 0) {
                there[k].is_named = true;
                n->now[i] = there[k].values;
            }
        }
        if (change->action == ALEES_UPDATE) {
            engine_batch_enter(&work.batch, &n->items[i]);
            rc = n->now[i] != NULL ? compare_item(n, &n->items[i], n->now[i], may_read) : engine_nested_refuse_id(ctx);
            rc = engine_batch_leave(&work.batch, rc);
        }
    }
    for (uint32_t k = 0; k < count; k++) {
        if (!there[k].is_named) {
            n->gone[n->gone_count++] = there[k].id;
        }
    }
    n->is_compared = true;
    settle_singles(n);
    return engine_nested_close(&work, rc);
}

alees_rc engine_nested_compare(alees_change *owner, const alees_rows *rows, uint32_t row) {
    const struct resource *r = owner->resource;
    struct engine_fields readers;
    const bool *may = NULL;
    alees_rc rc, first = ALEES_OK;
    if (owner->nested_count == 0) {
        return ALEES_OK;
    }
    rc = engine_fields_open(owner->ctx, r, r->view, &readers);
    rc = rc == ALEES_OK ? engine_fields_of_row(&readers, &r->shapes->all, rows, row, &may) : rc;
    for (uint32_t i = 0; i < owner->nested_count && rc == ALEES_OK; i++) {
        struct engine_nested *n = &owner->nested[i];
        uint32_t at = (uint32_t)(n->field - r->fields);
        rc = compare_list(owner, n, store_rows_text(rows, row, r->shapes->all.places[at]), may == NULL || may[at]);
        if (rc == ALEES_E_INVALID || rc == ALEES_E_MALFORMED) {
            first = first == ALEES_OK ? rc : first;
            rc = ALEES_OK;
        }
        owner->cells[at].is_sent = !owner->is_whole || engine_nested_is_changed(owner);
    }
    return rc == ALEES_OK ? first : rc;
}

static bool is_changed(const struct engine_nested *n, uint32_t item) {
    const alees_change *change = n->items[item].change;
    return change != NULL && (change->action == ALEES_CREATE || !engine_change_is_empty(change));
}

bool engine_nested_is_changed(const alees_change *owner) {
    for (uint32_t i = 0; i < owner->nested_count; i++) {
        const struct engine_nested *n = &owner->nested[i];
        bool is_different = n->gone_count > 0 || (owner->action == ALEES_UPDATE && !n->is_compared);
        for (uint32_t k = 0; k < n->count && !is_different; k++) {
            is_different = is_changed(n, k);
        }
        if (is_different) {
            return true;
        }
    }
    return false;
}

/* ---- many owners at once ---- */

struct all { /* the items of one field of many owners that are to be written */
    struct engine_batch_row **rows;
    uint32_t count;
    alees_id *gone;
    uint32_t gone_count;
};

static struct engine_nested *list_of(const alees_change *owner, const struct resource_field *f) {
    for (uint32_t i = 0; i < owner->nested_count; i++) {
        if (owner->nested[i].field == f) {
            return &owner->nested[i];
        }
    }
    return NULL;
}

/* A part is of its owner's organization, and of its owner. */
static alees_rc adopt(const alees_change *owner, struct engine_batch_row *item) {
    alees_change *change = item->change;
    const struct resource *part = change->resource;
    const struct resource_field *organization = resource_field(part, STR_LIT("organization"));
    struct engine_cell *cells[2];
    const alees_id *ids[2] = {&owner->organization, &owner->id};
    change->owner = owner->id;
    change->organization = item->organization = owner->organization;
    if (change->action != ALEES_CREATE) {
        return ALEES_OK;
    }
    ASSERT(organization != NULL);
    cells[0] = &change->cells[organization - part->fields];
    cells[1] = &change->cells[part->owner_field - part->fields];
    for (size_t i = 0; i < ARRAY_LEN(cells); i++) {
        char text[37];
        cells[i]->is_written = true;
        cells[i]->value = arena_str(owner->ctx->arena, (alees_str){alees_id_format(ids[i], text), 36});
        if (cells[i]->value.ptr == NULL) {
            return engine_value_nomem(&owner->ctx->problem);
        }
    }
    return ALEES_OK;
}

static alees_rc collect(alees_change *const *owners, uint32_t count, const struct resource_field *f, struct all *all) {
    uint32_t items = 0, gone = 0;
    alees_ctx *ctx = owners[0]->ctx;
    alees_rc rc = ALEES_OK;
    for (uint32_t i = 0; i < count; i++) {
        const struct engine_nested *n = list_of(owners[i], f);
        items += n != NULL ? n->count : 0;
        gone += n != NULL ? n->gone_count : 0;
    }
    *all = (struct all){.rows = ARENA_ARRAY(ctx->arena, struct engine_batch_row *, items + 1),
                        .gone = ARENA_ARRAY(ctx->arena, alees_id, gone + 1)};
    if (all->rows == NULL || all->gone == NULL) {
        return engine_value_nomem(&ctx->problem);
    }
    for (uint32_t i = 0; i < count && rc == ALEES_OK; i++) {
        const struct engine_nested *n = list_of(owners[i], f);
        for (uint32_t k = 0; n != NULL && k < n->count && rc == ALEES_OK; k++) {
            if (is_changed(n, k)) {
                rc = adopt(owners[i], &n->items[k]);
                all->rows[all->count++] = &n->items[k];
            }
        }
        for (uint32_t k = 0; n != NULL && k < n->gone_count; k++) {
            all->gone[all->gone_count++] = n->gone[k];
        }
    }
    return rc;
}

/* A hook may have set what is there already. */
static void forget_same(const struct engine_nested *n) {
    for (uint32_t i = 0; i < n->count; i++) {
        for (uint32_t k = 1; k < n->shape->count && n->now[i] != NULL; k++) {
            struct engine_cell *cell = &n->items[i].change->cells[n->shape->fields[k] - n->shape->part->fields];
            bool is_same = cell->value.ptr == NULL ? n->now[i][k].ptr == NULL
                                                   : n->now[i][k].ptr != NULL && alees_equal(cell->value, n->now[i][k]);
            cell->is_written = cell->is_written && !is_same;
        }
    }
}

/* What a hook has made true, too, of two items. */
static alees_rc check_singles(struct engine_nested_work *work, const struct engine_nested *n) {
    const struct resource *part = n->shape->part;
    alees_rc rc = ALEES_OK;
    for (uint32_t k = 0; k < part->field_count && rc == ALEES_OK; k++) {
        bool is_made = false;
        for (uint32_t i = 0; i < n->count && rc == ALEES_OK; i++) {
            if (!engine_single_is_made(n->items[i].change, k)) {
                continue;
            }
            if (is_made) {
                engine_batch_enter(&work->batch, &n->items[i]);
                engine_single_refuse(work->batch.ctx, &part->fields[k]);
                rc = engine_batch_leave(&work->batch,
                                        problem_set(&work->batch.ctx->problem, PROBLEM_INVALID,
                                                    "Correct the fields that errors names, then send it again."));
            }
            is_made = true;
        }
    }
    return rc;
}

static alees_rc check_field(alees_change *const *owners, uint32_t count, const struct resource_field *f) {
    struct engine_nested_work work;
    struct all all;
    alees_rc rc = engine_nested_open(owners[0]->ctx, f->target, &work);
    rc = rc == ALEES_OK ? collect(owners, count, f, &all) : rc;
    if (rc == ALEES_OK && all.count > 0) {
        rc = engine_batch_check(&work.batch, all.rows, all.count);
    }
    for (uint32_t i = 0; i < count && rc == ALEES_OK && !engine_batch_is_faulty(&work.batch); i++) {
        const struct engine_nested *n = list_of(owners[i], f);
        if (n != NULL && f->target->decl->validate != NULL) {
            forget_same(n);
            rc = check_singles(&work, n);
            settle_singles(n);
        }
    }
    return engine_nested_close(&work, rc);
}

/* The resource of the owners; NULL: none of them has lists to look at. */
static const struct resource *resource_of(alees_change *const *owners, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        if (owners[i]->nested_count > 0) {
            return owners[i]->resource;
        }
    }
    return NULL;
}

alees_rc engine_nested_check(alees_change *const *owners, uint32_t count) {
    const struct resource *r = resource_of(owners, count);
    alees_rc rc = ALEES_OK, first = ALEES_OK;
    for (uint32_t i = 0; r != NULL && i < r->field_count && rc == ALEES_OK; i++) {
        if (r->shapes->nested[i] != NULL) {
            rc = check_field(owners, count, &r->fields[i]);
        }
        if (rc == ALEES_E_INVALID || rc == ALEES_E_MALFORMED) {
            first = first == ALEES_OK ? rc : first;
            rc = ALEES_OK;
        }
    }
    return rc == ALEES_OK ? first : rc;
}

/* ---- writing ---- */

static alees_rc delete_ids(struct engine_batch *b, const alees_id *ids, uint32_t count) {
    const struct resource *part = b->options.resource;
    const struct engine_place *place = &b->change_place;
    const struct store_error *error = NULL;
    struct engine_sql sql;
    struct str list;
    alees_rows *rows = NULL;
    alees_rc rc;
    engine_sql_init(&sql, b->ctx->arena, 2);
    str_init(&list, b->ctx->arena, (size_t)count * 37 + 2);
    for (uint32_t i = 0; i < count; i++) {
        str_putc(&list, i > 0 ? ',' : '{');
        str_id(&list, &ids[i]);
    }
    str_putc(&list, '}');
    str_puts(&sql.text, "DELETE FROM ");
    str_view(&sql.text, part->shapes->table);
    str_puts(&sql.text, " WHERE \"id\" = ANY(");
    engine_sql_value(&sql, str_done(&list), "uuid[]");
    str_putc(&sql.text, ')');
    if (place->reach != ENGINE_EVERYWHERE && !lock_host_is_off()) {
        str_puts(&sql.text, " AND ");
        engine_sql_scope(&sql, part, place->ids, false);
    }
    rc = engine_sql_run(b->ctx, part, &place->scope, &sql, &rows, &error);
    if (rc != ALEES_OK) {
        const struct engine_refused what = {part, ALEES_DELETE_ROW, count == 1 ? ids : NULL, false, false};
        rc = engine_error_map(b->ctx, &what, error, rc);
    }
    return rc;
}

static alees_rc delete_with_hooks(struct engine_batch *b, const alees_id *id) {
    const struct alees_resource *decl = b->options.resource->decl;
    struct engine_batch_row row = {.change = engine_change_new(b->ctx, b->options.resource, ALEES_DELETE_ROW, id)};
    alees_rc rc = row.change != NULL ? engine_batch_lock(b, &row) : ALEES_E_NOMEM;
    rc = rc == ALEES_OK ? engine_change_hook(row.change, decl->before_write) : rc;
    rc = rc == ALEES_OK ? delete_ids(b, id, 1) : rc;
    return rc == ALEES_OK ? engine_change_hook(row.change, decl->after_write) : rc;
}

static alees_rc delete_all(struct engine_batch *b, const struct all *all) {
    alees_rc rc = ALEES_OK;
    if (all->gone_count > 0 && !engine_batch_has_hooks(b->options.resource)) {
        return delete_ids(b, all->gone, all->gone_count);
    }
    for (uint32_t i = 0; i < all->gone_count && rc == ALEES_OK; i++) {
        rc = delete_with_hooks(b, &all->gone[i]);
    }
    return rc;
}

/* Of what is true of one part at most: who loses it comes before who gains it. */
enum turn { LOSES, LOSES_AND_GAINS, GAINS_OR_NEITHER, TURNS };

static enum turn turn_of(const alees_change *change) {
    bool loses = false, gains = false;
    for (uint32_t k = 0; k < change->resource->field_count && change->action == ALEES_UPDATE; k++) {
        if ((change->resource->fields[k].decl->flags & ALEES_SINGLE) != 0 && change->cells[k].is_written) {
            bool is_made = engine_single_is_made(change, k);
            gains = gains || is_made;
            loses = loses || !is_made;
        }
    }
    return !loses ? GAINS_OR_NEITHER : gains ? LOSES_AND_GAINS : LOSES;
}

/* Among those that do both there need be no first: each may gain what the next one loses. */
static alees_rc release(struct engine_batch *b, const struct all *all) {
    alees_change **changes = ARENA_ARRAY(b->ctx->arena, alees_change *, all->count + 1);
    uint32_t count = 0;
    if (changes == NULL) {
        return engine_value_nomem(&b->ctx->problem);
    }
    for (uint32_t i = 0; i < all->count; i++) {
        if (turn_of(all->rows[i]->change) == LOSES_AND_GAINS) {
            changes[count++] = all->rows[i]->change;
        }
    }
    return count > 1 ? engine_single_release(changes, count, &b->change_place) : ALEES_OK;
}

static alees_rc write_items(struct engine_batch *b, const struct all *all) {
    alees_rc rc = ALEES_OK;
    for (uint32_t turn = 0; turn < TURNS; turn++) {
        struct engine_batch_row *part[ENGINE_BATCH_ROWS];
        uint32_t count = 0;
        rc = rc == ALEES_OK && turn == LOSES_AND_GAINS ? release(b, all) : rc;
        for (uint32_t i = 0; i <= all->count && rc == ALEES_OK && !engine_batch_is_faulty(b); i++) {
            if (i < all->count && !all->rows[i]->is_done && turn_of(all->rows[i]->change) == turn) {
                part[count++] = all->rows[i];
            }
            if (count == ENGINE_BATCH_ROWS || (i == all->count && count > 0)) {
                rc = engine_batch_write(b, part, count);
                count = 0;
            }
        }
    }
    return rc;
}

alees_rc engine_nested_remove(const alees_change *owner, const struct engine_place *place) {
    alees_rc rc = ALEES_OK;
    for (uint32_t i = 0; i < owner->nested_count && rc == ALEES_OK; i++) {
        struct engine_nested *n = &owner->nested[i];
        const struct all all = {.gone = n->gone, .gone_count = n->gone_count};
        struct engine_nested_work work;
        rc = engine_nested_open(owner->ctx, n->field->target, &work);
        work.batch.change_place = *place;
        rc = rc == ALEES_OK ? delete_all(&work.batch, &all) : rc;
        rc = engine_nested_close(&work, rc);
        n->gone_count = 0;
    }
    return rc;
}

alees_rc engine_nested_write(alees_change *const *owners, uint32_t count, const struct engine_place *place) {
    const struct resource *r = resource_of(owners, count);
    alees_rc rc = ALEES_OK;
    for (uint32_t i = 0; r != NULL && i < r->field_count && rc == ALEES_OK; i++) {
        struct engine_nested_work work;
        struct all all = {.count = 0};
        if (r->shapes->nested[i] == NULL) {
            continue;
        }
        rc = engine_nested_open(owners[0]->ctx, r->fields[i].target, &work);
        work.batch.change_place = *place;
        rc = rc == ALEES_OK ? collect(owners, count, &r->fields[i], &all) : rc;
        rc = rc == ALEES_OK ? delete_all(&work.batch, &all) : rc;
        rc = rc == ALEES_OK ? write_items(&work.batch, &all) : rc;
        rc = engine_nested_close(&work, rc);
    }
    for (uint32_t i = 0; i < count; i++) {
        owners[i]->nested_count = 0;
    }
    return rc;
}
