/* SPDX-License-Identifier: MIT
 * engine_deleted.c - ?deleted=true: rows that were deleted and are still there, for those who may delete where they are.
 * Every other statement passes them over: see engine_sql_life. */
#include "engine_parts.h"

static alees_str parameter(const alees_ctx *ctx, const struct resource *r) {
    return resource_is_soft(r) && ctx->parameter_count > 0 ? ctx_parameter(ctx, "deleted") : (alees_str){NULL, 0};
}

bool engine_deleted_is_asked(const alees_ctx *ctx, const struct resource *r) {
    return alees_equal(parameter(ctx, r), STR_LIT("true"));
}

/* Rows of nobody are deleted by those who may without any organization. */
static alees_rc decide(alees_ctx *ctx, const struct resource *r) {
    const struct alees_rbac_v1 *rbac = ctx->app->rbac;
    alees_rc rc = ctx->is_all ? ALEES_OK : rbac->decide(rbac, ctx, ctx->who, r->remove, NULL, NULL);
    if (rc == ALEES_E_DENIED) {
        return engine_place_deny(ctx, r->remove_name, NULL);
    }
    if (rc != ALEES_OK) {
        (void)problem_set(&ctx->problem, problem_kind_of(rc), "The permissions of the caller cannot be known now.");
    }
    return rc;
}

alees_rc engine_deleted_where(alees_ctx *ctx, const struct resource *r, const struct alees_organizations **ret_where) {
    const struct alees_organizations *before = ctx->where, *where = before;
    alees_rc rc;
    if (r->scope_column == NULL || ctx->is_all) {
        *ret_where = before;
        return r->scope_column == NULL ? decide(ctx, r) : ALEES_OK;
    }
    rc = engine_place_holds(ctx, r, r->remove, &ctx->where);
    rc = rc == ALEES_OK ? engine_place_seen(ctx, r, &where) : rc;
    ctx->where = before;
    if (rc == ALEES_OK) {
        *ret_where = where; /* which may be that of the ctx itself */
    }
    return rc;
}

alees_rc engine_deleted_enter(alees_ctx *ctx, const struct resource *r, enum engine_life *ret_life) {
    alees_str text = parameter(ctx, r);
    alees_rc rc;
    *ret_life = ENGINE_LIVE;
    if (text.ptr == NULL || str_equal(text, "false")) {
        return ALEES_OK;
    }
    if (!str_equal(text, "true")) {
        problem_add(&ctx->problem, STR_LIT("deleted"), "bad_parameter", "must be true or false");
        return problem_set(&ctx->problem, PROBLEM_BAD_PARAMETER, "The parameter deleted must be true or false");
    }
    rc = engine_deleted_where(ctx, r, &ctx->where);
    if (rc == ALEES_OK && r->scope_column != NULL && !ctx->is_all && ctx->where->all != 1 && ctx->where->count == 0) {
        rc = engine_place_deny(ctx, r->remove_name, NULL);
    }
    *ret_life = ENGINE_DELETED;
    return rc;
}

alees_rc engine_deleted_place(alees_ctx *ctx, const struct resource *r, enum engine_life life,
                              struct engine_place *ret_place) {
    alees_rc rc = engine_place_of(ctx, r, ctx->where, life == ENGINE_LIVE, ret_place);
    if (rc == ALEES_OK) {
        ret_place->life = life;
    }
    return rc;
}
