/* SPDX-License-Identifier: MIT
 * engine_batch.c - see engine_batch.h. Here: which rows, what each of them says, what is wrong with them, and the order in
 * which all this happens. */
#include "custom.h"
#include "engine_batch.h"
#include "engine_nested.h"
#include "engine_validate.h"

#include <string.h>

enum { LEAST_MEMORY = 8 * 1024 * 1024 /* for faults to be told, when others have used up the rest */ };

/* ---- faults ---- */

void engine_batch_enter(struct engine_batch *b, const struct engine_batch_row *row) {
    struct problem *p = &b->ctx->problem;
    problem_init(p, b->ctx->arena);
    p->at = row->at;
    p->row = row->number;
}

bool engine_batch_is_faulty(const struct engine_batch *b) {
    return b->faults.rc != ALEES_OK;
}

/* What the client can mend in its rows; anything else ends the batch. */
static bool is_collected(const struct problem *p) {
    return p->status == 400 || p->status == 409 || p->status == 422;
}

static void collect(struct engine_batch *b, const struct problem *p) {
    struct problem *all = &b->faults;
    if (all->rc == ALEES_OK) {
        *all = *p;
        return;
    }
    for (struct problem_item *item = p->items, *next; item != NULL && all->item_count < PROBLEM_MOST_ITEMS;
         item = next) {
        next = item->next;
        item->next = NULL;
        if (all->last != NULL) {
            all->last->next = item;
        } else {
            all->items = item;
        }
        all->last = item;
        all->item_count++;
    }
}

alees_rc engine_batch_leave(struct engine_batch *b, alees_rc rc) {
    struct problem *p = &b->ctx->problem;
    if (rc == ALEES_OK) {
        problem_init(p, b->ctx->arena);
        return rc;
    }
    if (p->rc == ALEES_OK) {
        (void)problem_set(p, problem_kind_of(rc), "The row was refused.");
    }
    if (p->item_count == 0 && p->status < 500) { /* which row was it? */
        problem_add(p, STR_LIT(""), p->code, "%.*s", STR_FMT(p->detail));
    }
    p->at = (alees_str){NULL, 0};
    p->row = 0;
    if (!is_collected(p) || store_is_spoilt(b->ctx)) {
        return rc;
    }
    collect(b, p);
    problem_init(p, b->ctx->arena);
    return ALEES_OK;
}

static alees_rc give_faults(struct engine_batch *b) {
    b->ctx->problem = b->faults;
    return b->faults.rc;
}

/* ---- one row ---- */

/* May the caller send these fields there? */
static alees_rc check_rights(struct engine_batch *b, const struct engine_batch_row *row) {
    static const alees_id none;
    const struct resource *r = b->options.resource;
    uint32_t action = row->change->action;
    struct engine_fields *fields = action == ALEES_CREATE ? &b->may_add : &b->may_change;
    alees_id judged = action == ALEES_CREATE ? row->organization : row->change->organization;
    const bool *may = fields->everywhere;
    alees_rc rc = ALEES_OK;
    if (engine_fields_permit(r, action, row->body, may)) {
        return ALEES_OK;
    }
    if (action == ALEES_UPDATE && r->decl->scope == ALEES_SCOPE_SEVERAL) {
        rc = engine_fields_of_scope(fields, store_rows_text(row->rows, row->place, r->shapes->all.scope), &may);
    } else if (alees_id_compare(&judged, &none) != 0) {
        rc = engine_fields_in(fields, &judged, &may);
    } else if (b->ctx->problem.item_count > 0) {
        return ALEES_OK; /* it does not say which organization, and is refused for that */
    }
    if (rc != ALEES_OK || engine_fields_permit(r, action, row->body, may)) {
        return rc;
    }
    return engine_fields_refuse(fields, action, row->body, may, &judged);
}

alees_rc engine_batch_read(struct engine_batch *b, struct engine_batch_row *row) {
    alees_change *change = row->change;
    alees_rc rc = check_rights(b, row);
    change->refers_later = true;
    change->is_imported = !b->options.is_whole;
    return rc == ALEES_OK
               ? engine_change_read(change, row->body, change->action == ALEES_CREATE ? &row->organization : NULL)
               : rc;
}

/* In which organization, and may it be made there? */
static alees_rc place_row(struct engine_batch *b, struct engine_batch_row *row) {
    const struct resource *r = b->options.resource;
    const alees_id *given = b->options.organization;
    if (given != NULL && r->decl->scope == ALEES_SCOPE_ORGANIZATION &&
        jx_kind(jx_get(row->body, "organization")) == ALEES_JSON_ABSENT) {
        row->organization = *given;
        return engine_place_admits(b->ctx, r, given);
    }
    return engine_place_create(b->ctx, r, row->body, &row->organization);
}

static alees_rc open_row(struct engine_batch *b, struct engine_batch_row *row, bool *ret_is_double) {
    const struct resource *r = b->options.resource;
    alees_id id = sys_new_id();
    alees_rc rc;
    if (jx_kind(row->body) != ALEES_JSON_OBJECT) {
        problem_add(&b->ctx->problem, STR_LIT(""), "wrong_type", "must be a JSON object: {\"name\": value, ...}");
        return problem_set(&b->ctx->problem, PROBLEM_BAD_REQUEST, "Send JSON objects: {\"name\": value, ...}.");
    }
    rc = place_row(b, row);
    if (rc != ALEES_OK) {
        return rc;
    }
    row->change = engine_change_new(b->ctx, r, ALEES_CREATE, &id);
    if (row->change == NULL) {
        return ALEES_E_NOMEM;
    }
    row->change->organization = r->decl->scope == ALEES_SCOPE_SELF ? id : row->organization;
    return b->options.mode == ENGINE_BATCH_CREATE ? engine_batch_read(b, row)
                                                  : engine_upsert_add(b, row, ret_is_double);
}

/* ---- many rows ---- */

struct checking {
    struct engine_batch *b;
    struct engine_batch_row *const *rows;
    alees_change **changes; /* as rows */
    uint32_t count;
    bool *is_bad;
};

/* field: absent of a custom one, which pointer names. */
static alees_rc refuse_reference(const struct checking *c, uint32_t row, const struct resource_field *field,
                                 alees_str pointer) {
    alees_ctx *ctx = c->b->ctx;
    engine_batch_enter(c->b, c->rows[row]);
    if (field != NULL) {
        engine_refer_refuse(ctx, field);
    } else {
        problem_add(&ctx->problem, pointer, "invalid_reference", "does not name a row that can be used here");
    }
    c->is_bad[row] = true;
    return engine_batch_leave(
        c->b, problem_set(&ctx->problem, PROBLEM_INVALID, "Correct the fields that errors names, then send it again."));
}

static alees_rc refuse_custom(void *data, uint32_t row, alees_str pointer) {
    return refuse_reference(data, row, NULL, pointer);
}

static alees_rc check_references(const struct checking *c, const struct resource_field *f) {
    bool *may = ARENA_ARRAY(c->b->ctx->arena, bool, c->count);
    alees_rc rc =
        may != NULL ? engine_refer_many(c->changes, c->count, f, may) : engine_value_nomem(&c->b->ctx->problem);
    for (uint32_t i = 0; i < c->count && rc == ALEES_OK; i++) {
        if (!may[i]) {
            rc = refuse_reference(c, i, f, (alees_str){NULL, 0});
        }
    }
    return rc;
}

/* Of those that are right so far. */
static alees_rc validate_all(struct engine_batch *b, struct engine_batch_row *const *rows, uint32_t count,
                             const bool *is_bad) {
    const struct resource *r = b->options.resource;
    alees_change **changes = ARENA_ARRAY(b->ctx->arena, alees_change *, count);
    uint32_t most = 0;
    alees_rc rc;
    if (changes == NULL) {
        return engine_value_nomem(&b->ctx->problem);
    }
    for (uint32_t i = 0; i < count; i++) {
        if (!is_bad[i]) {
            changes[most++] = rows[i]->change;
        }
    }
    rc = engine_validate_all(b->ctx, r, changes, most);
    for (uint32_t i = 0; i < count && rc == ALEES_OK; i++) {
        engine_batch_enter(b, rows[i]);
        rc = engine_batch_leave(b, engine_validate_told(rows[i]->change));
    }
    return rc;
}

/* Of parts: what is true of one of them at most may be true of one row of all. */
static alees_rc check_singles(struct engine_batch *b, const struct engine_batch_row *row) {
    bool is_right = true;
    for (uint32_t i = 0; b->singles != NULL && i < b->options.resource->field_count; i++) {
        struct engine_batch_single *single = &b->singles[i];
        if (!engine_single_is_made(row->change, i)) {
            continue;
        }
        if (single->is_taken && alees_id_compare(&single->id, &row->change->id) != 0) {
            engine_single_refuse(b->ctx, &b->options.resource->fields[i]);
            is_right = false;
        }
        *single = (struct engine_batch_single){true, row->change->id};
    }
    return is_right ? ALEES_OK
                    : problem_set(&b->ctx->problem, PROBLEM_INVALID,
                                  "Correct the fields that errors names, then send it again.");
}

static alees_rc check_parts(struct engine_batch *b, struct engine_batch_row *const *rows, uint32_t count) {
    const struct engine_batch_row none = {.number = 0};
    alees_change **owners = ARENA_ARRAY(b->ctx->arena, alees_change *, count + 1);
    uint32_t owner_count = 0;
    for (uint32_t i = 0; owners != NULL && i < count; i++) {
        if (rows[i]->change->nested_count > 0) {
            owners[owner_count++] = rows[i]->change;
        }
    }
    if (owner_count == 0) {
        return owners != NULL ? ALEES_OK : engine_value_nomem(&b->ctx->problem);
    }
    engine_batch_enter(b, &none);
    return engine_batch_leave(b, engine_nested_check(owners, owner_count));
}

alees_rc engine_batch_check(struct engine_batch *b, struct engine_batch_row *const *rows, uint32_t count) {
    const struct resource *r = b->options.resource;
    struct checking c = {.b = b, .rows = rows, .count = count};
    alees_rc rc;
    c.changes = ARENA_ARRAY(b->ctx->arena, alees_change *, count);
    c.is_bad = ARENA_ARRAY(b->ctx->arena, bool, count);
    rc = c.changes != NULL && c.is_bad != NULL ? ALEES_OK : engine_value_nomem(&b->ctx->problem);
    for (uint32_t i = 0; i < count && rc == ALEES_OK; i++) {
        c.changes[i] = rows[i]->change;
    }
    for (uint32_t i = 0; i < r->field_count && rc == ALEES_OK; i++) {
        if (r->fields[i].decl->reference != NULL && r->shapes->nested[i] == NULL && !r->fields[i].is_standard) {
            rc = check_references(&c, &r->fields[i]);
        }
    }
    if (rc == ALEES_OK && r->custom != NULL) {
        rc = engine_custom_refer_many(c.changes, count, refuse_custom, &c);
    }
    for (uint32_t i = 0; i < count && rc == ALEES_OK && (r->decl->validate != NULL || b->singles != NULL); i++) {
        if (!c.is_bad[i]) {
            uint32_t items = b->faults.item_count;
            engine_batch_enter(b, rows[i]);
            rc = engine_change_hook(rows[i]->change, r->decl->validate);
            rc = engine_batch_leave(b, rc == ALEES_OK ? check_singles(b, rows[i]) : rc);
            c.is_bad[i] = b->faults.item_count > items;
        }
    }
    rc = rc == ALEES_OK ? validate_all(b, rows, count, c.is_bad) : rc;
    return rc == ALEES_OK && !engine_batch_is_faulty(b) ? check_parts(b, rows, count) : rc;
}

static alees_rc check_rows(struct engine_batch *b, struct engine_batch_row *const *rows, uint32_t count) {
    return b->options.mode == ENGINE_BATCH_CREATE ? engine_batch_check(b, rows, count)
                                                  : engine_upsert_find(b, rows, count);
}

static alees_rc write_rows(struct engine_batch *b, struct engine_batch_row *const *rows, uint32_t count) {
    return b->options.mode == ENGINE_BATCH_CREATE ? engine_batch_write(b, rows, count)
                                                  : engine_upsert_write(b, rows, count);
}

/* run over all that wait, so many at a time. */
static alees_rc run_all(struct engine_batch *b,
                        alees_rc (*run)(struct engine_batch *b, struct engine_batch_row *const *rows, uint32_t count)) {
    struct engine_batch_row *part[ENGINE_BATCH_ROWS];
    alees_rc rc = ALEES_OK;
    for (uint32_t from = 0; from < b->count && rc == ALEES_OK; from += ENGINE_BATCH_ROWS) {
        uint32_t count = b->count - from < ENGINE_BATCH_ROWS ? b->count - from : ENGINE_BATCH_ROWS;
        for (uint32_t i = 0; i < count; i++) {
            part[i] = &b->rows[from + i];
        }
        rc = run(b, part, count);
    }
    return rc;
}

static void set_mark(struct engine_batch *b) {
    arena_mark(b->ctx->arena, &b->mark);
    b->since_mark = 0;
    b->after = b->ctx->after;
    b->at_end = b->ctx->at_end;
    b->header_count = b->ctx->response.header_count;
}

/* What was taken since the mark, unless somebody still points there. */
static void give_back(struct engine_batch *b) {
    alees_ctx *ctx = b->ctx;
    if (engine_batch_is_faulty(b)) {
        return;
    }
    if (ctx->after == b->after && ctx->at_end == b->at_end && ctx->response.header_count == b->header_count) {
        store_forget_scope(ctx);
        custom_forget(ctx);
        arena_release(ctx->arena, &b->mark);
        b->may_add.known = b->may_change.known = NULL;
        b->may_add.known_slots = b->may_add.known_count = 0;
        b->may_change.known_slots = b->may_change.known_count = 0;
    }
    set_mark(b);
}

/* Of parts: more than their owner may have? waiting: of these it is known that they will be created. */
static alees_rc check_room(struct engine_batch *b, uint32_t waiting) {
    const struct resource *r = b->options.resource;
    return r->owner != NULL && b->counts.created + waiting > b->room ? engine_owner_refuse_more(b->ctx, r) : ALEES_OK;
}

static alees_rc flush(struct engine_batch *b) {
    alees_rc rc = run_all(b, check_rows);
    if (rc == ALEES_OK && !engine_batch_is_faulty(b)) {
        rc = check_room(b, b->options.mode == ENGINE_BATCH_CREATE ? b->count : 0);
        rc = rc == ALEES_OK ? run_all(b, write_rows) : rc;
        rc = rc == ALEES_OK ? check_room(b, 0) : rc;
    }
    if (!b->options.is_whole) {
        b->count = 0;
        engine_upsert_forget(b);
    }
    return rc;
}

/* The rows that wait have room for one more. */
static alees_rc make_room(struct engine_batch *b) {
    struct engine_batch_row *rows;
    uint32_t cap = b->cap * 2;
    if (b->count < b->cap) {
        return ALEES_OK;
    }
    ASSERT(b->options.is_whole);
    rows = ARENA_ARRAY(b->ctx->arena, struct engine_batch_row, cap);
    if (rows == NULL) {
        return engine_value_nomem(&b->ctx->problem);
    }
    memcpy(rows, b->rows, b->count * sizeof *rows);
    b->rows = rows;
    b->cap = cap;
    return ALEES_OK;
}

alees_rc engine_batch_add(struct engine_batch *b, const alees_json *object, alees_str at, uint64_t number) {
    struct engine_batch_row row = {.body = object, .at = at, .number = number};
    bool is_double = false;
    alees_rc rc = make_room(b);
    if (rc != ALEES_OK) {
        return rc;
    }
    b->counts.rows++;
    b->since_mark++;
    engine_batch_enter(b, &row);
    rc = engine_batch_leave(b, open_row(b, &row, &is_double));
    if (rc == ALEES_OK && is_double && !engine_batch_is_faulty(b)) {
        rc = flush(b); /* it is merged into the one before, which must be there first */
        is_double = false;
        if (rc == ALEES_OK) {
            engine_batch_enter(b, &row);
            rc = engine_batch_leave(b, engine_upsert_add(b, &row, &is_double));
        }
    }
    if (rc != ALEES_OK) {
        return rc;
    }
    if (engine_batch_is_faulty(b)) { /* nothing will be written: only what else is wrong is of interest */
        bool is_enough = b->faults.item_count >= PROBLEM_MOST_ITEMS || arena_left(b->ctx->arena) < LEAST_MEMORY;
        return is_enough ? give_faults(b) : ALEES_OK;
    }
    b->rows[b->count++] = row;
    if (b->options.is_whole || b->since_mark < ENGINE_BATCH_ROWS) {
        return ALEES_OK;
    }
    rc = flush(b);
    if (rc == ALEES_OK) {
        give_back(b);
    }
    return rc;
}

alees_rc engine_batch_finish(struct engine_batch *b) {
    alees_rc rc = flush(b);
    if (rc == ALEES_OK && engine_batch_is_faulty(b)) {
        rc = give_faults(b);
    }
    if (rc == ALEES_OK && b->options.resource->owner != NULL && b->counts.created + b->counts.updated > 0) {
        rc = engine_owner_raise(b->ctx, b->options.resource);
    }
    return rc;
}

const struct engine_batch_counts *engine_batch_counts(const struct engine_batch *b) {
    return &b->counts;
}

/* Rows that are parts are written when their owner is locked. */
static alees_rc begin_parts(struct engine_batch *b) {
    const struct resource *r = b->options.resource;
    bool has_single = false;
    alees_rc rc;
    if (r->owner == NULL) {
        return ALEES_OK;
    }
    for (uint32_t i = 0; i < r->field_count; i++) {
        has_single = has_single || (r->fields[i].decl->flags & ALEES_SINGLE) != 0;
    }
    if (has_single) {
        b->singles = ARENA_ARRAY(b->ctx->arena, struct engine_batch_single, r->field_count);
        if (b->singles == NULL) {
            return engine_value_nomem(&b->ctx->problem);
        }
    }
    rc = engine_owner_lock(b->ctx, r);
    return rc == ALEES_OK ? engine_owner_room(b->ctx, r, &b->room) : rc;
}

alees_rc engine_batch_begin(alees_ctx *ctx, const struct engine_batch_options *options,
                            struct engine_batch **ret_batch) {
    const struct resource *r = options->resource;
    struct engine_batch *b = ARENA_NEW(ctx->arena, struct engine_batch);
    alees_rc rc = ALEES_OK;
    ASSERT(ctx->transaction != NULL && (options->mode == ENGINE_BATCH_CREATE) == (options->key == NULL));
    if (b == NULL) {
        return engine_value_nomem(&ctx->problem);
    }
    b->ctx = ctx;
    b->options = *options;
    b->cap = ENGINE_BATCH_ROWS;
    b->rows = ARENA_ARRAY(ctx->arena, struct engine_batch_row, b->cap);
    if (ctx->who != NULL) {
        char text[37];
        b->user = arena_str(ctx->arena, (alees_str){alees_id_format(&ctx->who->id, text), 36});
    }
    if (b->rows == NULL || (ctx->who != NULL && b->user.ptr == NULL)) {
        return engine_value_nomem(&ctx->problem);
    }
    problem_init(&b->faults, ctx->arena);
    rc = engine_fields_open(ctx, r, r->add, &b->may_add);
    rc = rc == ALEES_OK ? begin_parts(b) : rc;
    if (rc == ALEES_OK && options->mode != ENGINE_BATCH_CREATE) {
        rc = engine_upsert_begin(b);
    }
    if (rc == ALEES_OK) {
        set_mark(b);
        *ret_batch = b;
    }
    return rc;
}
