/* SPDX-License-Identifier: MIT
 * documents_rights.c - which routes a caller can use somewhere, or in one organization. No rule of its own: every route is put
 * to the stage of the pipeline that judges requests, and what the stage answers decides. */
#include <string.h>

#include "alees/util.h"
#include "documents.h"
#include "engine.h"
#include "pipeline_impl.h"
#include "resource.h"

struct verdict {
    bool is_told;
    bool is_inside; /* by a right in the organization that was asked for */
};

/* Does the stage ask the same question about both? */
static bool is_alike(const struct route *a, const struct route *b) {
    return a->permission == b->permission && a->resource == b->resource && a->flags == b->flags &&
           (a->operation == ROUTE_PLUGIN) == (b->operation == ROUTE_PLUGIN) &&
           (a->operation == ROUTE_CREATE) == (b->operation == ROUTE_CREATE) &&
           (a->operation == ROUTE_HOST) == (b->operation == ROUTE_HOST) && route_is_reading(a) == route_is_reading(b) &&
           (a->decl && a->decl->object) == (b->decl && b->decl->object);
}

static uint32_t scope_of(const struct route *route) {
    return route->resource ? route->resource->decl->scope : (uint32_t)ALEES_SCOPE_ORGANIZATION;
}

/* The stage lets the request through, to find rows in where: are there any that the caller could reach? */
static struct verdict weigh(const alees_ctx *ctx, const struct route *route, const alees_id *organization) {
    const struct alees_organizations *where = ctx->where;
    const bool is_engine = route->operation != ROUTE_PLUGIN;
    const uint32_t scope = scope_of(route);
    struct verdict v = {false, false};
    if (!where) {
        v.is_told = true; /* whoever comes so far may */
    } else if (is_engine && scope == ALEES_SCOPE_OWN) {
        v.is_told = true;
    } else if (!organization) {
        v.is_told = where->all == 1 || where->count > 0;
    } else if (is_engine && scope == ALEES_SCOPE_SEVERAL) {
        v.is_told = engine_place_has(where, organization) || engine_place_has(where, &ctx->who->id);
    } else {
        v.is_told = v.is_inside = engine_place_has(where, organization);
    }
    if (is_engine && route_is_reading(route) && resource_is_shared(route->resource)) {
        v.is_told = true;
    }
    return v;
}

static alees_rc judge(alees_ctx *ctx, struct route *route, const alees_id *organization, struct verdict *ret_verdict) {
    struct arena_mark mark;
    arena_mark(ctx->arena, &mark);
    ctx->route = route;
    ctx->where = NULL;
    alees_rc rc = pipeline_authorize(ctx);
    if (rc != ALEES_OK && rc != ALEES_E_DENIED) {
        return rc;
    }
    *ret_verdict = rc == ALEES_OK ? weigh(ctx, route, organization) : (struct verdict){false, false};
    ctx->where = NULL;
    problem_init(&ctx->problem, ctx->arena); /* what was refused is no failure of this request */
    arena_release(ctx->arena, &mark);
    return ALEES_OK;
}

/* The verdict on an earlier route that is judged alike; NULL. */
static const struct verdict *known(const struct catalogue *c, const struct verdict *verdicts, uint32_t place) {
    for (uint32_t i = place; i-- > 0;) {
        if (is_alike(&c->routes[i], &c->routes[place])) {
            return &verdicts[i];
        }
    }
    return NULL;
}

static alees_rc judge_all(alees_ctx *ctx, const alees_id *organization, struct verdict *verdicts) {
    struct catalogue *c = &ctx->app->catalogue;
    struct route *own = ctx->route;
    alees_rc rc = ALEES_OK;
    for (uint32_t i = 0; i < c->route_count && rc == ALEES_OK; i++) {
        const struct verdict *before = known(c, verdicts, i);
        if (before) {
            verdicts[i] = *before;
        } else {
            rc = judge(ctx, &c->routes[i], organization, &verdicts[i]);
        }
    }
    ctx->route = own;
    return rc;
}

alees_rc documents_judge(alees_ctx *ctx, const alees_id *organization, bool *told) {
    const struct alees_rbac_v1 *rbac = ctx->app->rbac;
    const uint32_t count = ctx->app->catalogue.route_count;
    struct verdict *verdicts = ARENA_ARRAY(ctx->arena, struct verdict, count);
    bool is_seen = false;
    if (!verdicts) {
        return ALEES_E_NOMEM;
    }
    alees_rc rc = judge_all(ctx, organization, verdicts);
    if (rc != ALEES_OK) {
        return rc;
    }
    for (uint32_t i = 0; i < count; i++) {
        told[i] = verdicts[i].is_told;
        is_seen = is_seen || verdicts[i].is_inside;
    }
    /* Everywhere is not any id that one could think of. */
    is_seen = is_seen && organization && rbac->organization_name(rbac, ctx, organization).ptr;
    return !organization || is_seen ? ALEES_OK : ALEES_E_NOT_FOUND;
}
