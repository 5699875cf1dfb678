/* SPDX-License-Identifier: MIT
 * engine_nested_read.c - the list of parts in the body of their owner: each item becomes a change of its own, of a part
 * that is there, named by its id and merge-patched, or of a new one. Items are checked as bodies of the part. */
#include "engine_nested.h"

#include <string.h>

#include "engine_batch.h"

/* ---- faults: those of items stand among those of their owner ---- */

alees_rc engine_nested_open(alees_ctx *ctx, const struct resource *part, struct engine_nested_work *ret_work) {
    struct engine_nested_work *work = ret_work;
    *work = (struct engine_nested_work){.outer = ctx->problem};
    work->batch = (struct engine_batch){.ctx = ctx, .options = {.resource = part, .is_nested = true}};
    if (ctx->who != NULL) {
        char text[37];
        work->batch.user = arena_str(ctx->arena, (alees_str){alees_id_format(&ctx->who->id, text), 36});
        if (work->batch.user.ptr == NULL) {
            return engine_value_nomem(&ctx->problem);
        }
    }
    problem_init(&work->batch.faults, ctx->arena);
    return ALEES_OK;
}

alees_rc engine_nested_close(struct engine_nested_work *work, alees_rc rc) {
    struct problem *faults = &work->batch.faults, *told = &work->batch.ctx->problem;
    struct problem outer = work->outer;
    if (rc != ALEES_OK) {
        return rc;
    }
    if (engine_batch_is_faulty(&work->batch)) {
        struct problem_item *items = outer.items, *last = outer.last;
        uint32_t count = outer.item_count + faults->item_count;
        if (outer.rc == ALEES_OK) {
            alees_str at = outer.at;
            uint64_t row = outer.row;
            outer = *faults;
            outer.at = at;
            outer.row = row;
        }
        if (last != NULL) {
            last->next = faults->items;
        }
        outer.items = items != NULL ? items : faults->items;
        outer.last = faults->last != NULL ? faults->last : last;
        outer.item_count = count;
    }
    *told = outer;
    return engine_batch_is_faulty(&work->batch) ? told->rc : ALEES_OK;
}

static alees_rc invalid(alees_ctx *ctx) {
    return problem_set(&ctx->problem, PROBLEM_INVALID, "Correct the fields that errors names, then send it again.");
}

alees_rc engine_nested_refuse_id(alees_ctx *ctx) {
    problem_add(&ctx->problem, STR_LIT("/id"), "unknown_part",
                "is none of this row's in this list; leave it out to add a new one");
    return invalid(ctx);
}

/* ---- one item ---- */

static alees_rc read_id(const alees_change *owner, const struct resource *part, const alees_json *value,
                        alees_id *ret_id, bool *ret_is_new) {
    alees_ctx *ctx = owner->ctx;
    alees_str text = {NULL, 0};
    alees_rc rc;
    *ret_is_new = jx_kind(value) == ALEES_JSON_ABSENT;
    if (*ret_is_new) {
        *ret_id = sys_new_id();
        return ALEES_OK;
    }
    rc = engine_value_from_json(ctx, part->fields[ENGINE_ID].decl, STR_LIT("/id"), value, &text);
    if (rc != ALEES_OK || alees_id_parse(text, ret_id) != ALEES_OK) {
        return rc == ALEES_E_INVALID ? invalid(ctx) : rc;
    }
    if (owner->action == ALEES_CREATE && !owner->is_imported) {
        return engine_nested_refuse_id(ctx);
    }
    if (owner->action == ALEES_CREATE) { /* an export names parts that are made anew with their owner */
        *ret_is_new = true;
        *ret_id = sys_new_id();
    }
    return ALEES_OK;
}

static alees_rc read_item(const alees_change *owner, const struct engine_nested *n, struct engine_batch_row *item) {
    const struct resource *part = n->shape->part;
    alees_ctx *ctx = owner->ctx;
    bool is_new;
    alees_id id;
    alees_change *change;
    alees_rc rc;
    if (jx_kind(item->body) != ALEES_JSON_OBJECT) {
        problem_add(&ctx->problem, STR_LIT(""), "wrong_type", "must be a JSON object: {\"name\": value, ...}");
        return invalid(ctx);
    }
    rc = read_id(owner, part, jx_get(item->body, "id"), &id, &is_new);
    if (rc != ALEES_OK) {
        return rc;
    }
    change = engine_change_new(ctx, part, is_new ? ALEES_CREATE : ALEES_UPDATE, &id);
    if (change == NULL) {
        return ALEES_E_NOMEM;
    }
    change->known_by = &part->fields[ENGINE_ID];
    change->owner = owner->id;
    change->refers_later = true;
    change->is_item = !is_new;
    item->change = change;
    return engine_change_read(change, item->body, NULL);
}

/* An id that another item has, too; what is true of one of them only. */
static alees_rc check_doubles(alees_ctx *ctx, const struct engine_nested *n, uint32_t at) {
    const struct resource *part = n->shape->part;
    const alees_change *change = n->items[at].change;
    for (uint32_t i = 0; i < at && change != NULL; i++) {
        const alees_change *other = n->items[i].change;
        if (other == NULL) {
            continue;
        }
        if (alees_id_compare(&change->id, &other->id) == 0) {
            problem_add(&ctx->problem, STR_LIT("/id"), "duplicate", "is that of another item of this list");
            break;
        }
        for (uint32_t k = 0; k < part->field_count; k++) {
            if (engine_single_is_made(change, k) && engine_single_is_made(other, k)) {
                engine_single_refuse(ctx, &part->fields[k]);
                return invalid(ctx);
            }
        }
    }
    return ctx->problem.item_count > 0 ? invalid(ctx) : ALEES_OK;
}

static alees_rc read_items(alees_change *owner, struct engine_nested *n, const alees_json *list) {
    const char *name = n->field->decl->name;
    alees_ctx *ctx = owner->ctx;
    alees_str at = ctx->problem.at;
    struct engine_nested_work work;
    alees_rc rc = engine_nested_open(ctx, n->shape->part, &work);
    n->items = ARENA_ARRAY(ctx->arena, struct engine_batch_row, n->count + 1);
    n->now = ARENA_ARRAY(ctx->arena, const alees_str *, n->count + 1);
    if (rc == ALEES_OK && (n->items == NULL || n->now == NULL)) {
        return engine_value_nomem(&ctx->problem);
    }
    for (uint32_t i = 0; i < n->count && rc == ALEES_OK; i++) {
        struct engine_batch_row *item = &n->items[i];
        item->body = jx_at(list, i);
        item->number = work.outer.row;
        item->at = arena_printf(ctx->arena, "%.*s/%s/%u", at.ptr != NULL ? (int)at.len : 0,
                                at.ptr != NULL ? at.ptr : "", name, (unsigned)i);
        engine_batch_enter(&work.batch, item);
        rc = read_item(owner, n, item);
        rc = rc == ALEES_OK ? check_doubles(ctx, n, i) : rc;
        rc = engine_batch_leave(&work.batch, rc);
    }
    return engine_nested_close(&work, rc);
}

/* ---- the list ---- */

/* Is it one? */
static bool check_list(const alees_change *owner, const struct resource_field *f, const alees_json *list) {
    struct problem *p = &owner->ctx->problem;
    alees_str pointer = engine_value_pointer(owner->ctx->arena, alees_text(f->decl->name));
    uint32_t most = engine_owner_most(f);
    if (jx_kind(list) == ALEES_JSON_NULL) {
        problem_add(p, pointer, "null", "must not be null");
    } else if (jx_kind(list) != ALEES_JSON_ARRAY) {
        problem_add(p, pointer, "wrong_type", "must be a list of objects");
    } else if (jx_size(list) > most) {
        problem_add(p, pointer, "too_many", "must hold at most %u objects, not %u", (unsigned)most,
                    (unsigned)jx_size(list));
    } else {
        return true;
    }
    return false;
}

alees_rc engine_nested_read(alees_change *owner, const alees_json *body) {
    const struct resource *r = owner->resource;
    alees_rc rc = ALEES_OK;
    for (uint32_t i = 0; i < r->field_count && rc == ALEES_OK; i++) {
        const struct resource_field *f = &r->fields[i];
        const alees_json *list = jx_get(body, f->decl->name);
        bool is_sent = jx_kind(list) != ALEES_JSON_ABSENT;
        struct engine_nested *n;
        if (r->shapes->nested[i] == NULL || (f->decl->flags & ALEES_READ_ONLY) != 0 ||
            (is_sent ? !check_list(owner, f, list) : !owner->is_whole || engine_replace_stays(owner, i))) {
            continue;
        }
        if (owner->nested == NULL) {
            owner->nested = ARENA_ARRAY(owner->ctx->arena, struct engine_nested, r->field_count);
            if (owner->nested == NULL) {
                return engine_value_nomem(&owner->ctx->problem);
            }
        }
        n = &owner->nested[owner->nested_count++];
        *n = (struct engine_nested){.field = f, .shape = r->shapes->nested[i], .count = is_sent ? jx_size(list) : 0};
        owner->cells[i].is_sent = true;
        rc = read_items(owner, n, list);
        rc = rc == ALEES_E_INVALID || rc == ALEES_E_MALFORMED ? ALEES_OK : rc; /* more is said by the caller */
    }
    return rc;
}
