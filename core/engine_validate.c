/* SPDX-License-Identifier: MIT
 * engine_validate.c - a plugin's look at changes that have been read: `validate` of each, then `validate_all` of all that are
 * right so far, so that what needs the database is asked once and not for each row. */
#include "engine_validate.h"

static alees_rc call(alees_ctx *ctx, const struct resource *r, alees_change *const *changes, uint32_t count) {
    struct alees_self *before = ctx->plugin;
    alees_rc rc;
    ctx->plugin = r->plugin;
    rc = r->decl->validate_all(ctx->plugin->state, ctx, changes, count);
    ctx->plugin = before;
    return ctx->problem.rc != ALEES_OK ? ctx->problem.rc : rc;
}

alees_rc engine_validate_all(alees_ctx *ctx, const struct resource *r, alees_change *const *changes, uint32_t count) {
    bool is_told = false;
    alees_rc rc;
    if (r->decl->validate_all == NULL || count == 0) {
        return ALEES_OK;
    }
    for (uint32_t i = 0; i < count; i++) {
        changes[i]->told = ARENA_NEW(ctx->arena, struct problem);
        if (changes[i]->told == NULL) {
            return engine_value_nomem(&ctx->problem);
        }
        problem_init(changes[i]->told, ctx->arena);
    }
    rc = call(ctx, r, changes, count);
    for (uint32_t i = 0; i < count; i++) {
        is_told = is_told || changes[i]->told->item_count > 0;
    }
    if (rc == ALEES_E_INVALID && is_told && ctx->problem.rc == ALEES_OK) {
        rc = ALEES_OK; /* what refuse() gave back: it is the caller's to say of which rows */
    }
    if (rc != ALEES_OK) {
        (void)problem_set(&ctx->problem, problem_kind_of(rc), "The change was refused.");
    }
    return rc;
}

alees_rc engine_validate_told(alees_change *change) {
    const struct problem *told = change->told;
    struct problem *p = &change->ctx->problem;
    change->told = NULL;
    if (told == NULL || told->item_count == 0) {
        return ALEES_OK;
    }
    for (const struct problem_item *item = told->items; item != NULL; item = item->next) {
        problem_add(p, item->pointer, item->code, "%.*s", STR_FMT(item->detail));
    }
    return problem_set(p, PROBLEM_INVALID, "Correct the fields that errors names, then send it again.");
}

alees_rc engine_validate(alees_change *change) {
    const struct resource *r = change->resource;
    alees_rc rc = engine_change_hook(change, r->decl->validate);
    rc = rc == ALEES_OK ? engine_validate_all(change->ctx, r, &change, 1) : rc;
    return rc == ALEES_OK ? engine_validate_told(change) : rc;
}
