/* SPDX-License-Identifier: MIT
 * pipeline_access.c - who asks, and may they? Both answers come from the provider of alees.rbac/1; anything it gives back
 * but ALEES_OK refuses, whether or not the value is known here. */
#include <string.h>

#include "alees/util.h"
#include "engine.h"
#include "log.h"
#include "pipeline_impl.h"
#include "ratelimit.h"
#include "resource.h"

enum { MAX_TOKEN = 512 };

/* token68 of RFC 9110. */
static bool is_token_text(alees_str text) {
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        bool is_word = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!is_word && !memchr("-._~+/=", c, 7)) {
            return false;
        }
    }
    return text.len >= 1 && text.len <= MAX_TOKEN;
}

/* The token of the one Authorization header; absent if there is none, false if it is not a bearer token. */
static bool find_token(const alees_ctx *ctx, alees_str *ret_token) {
    static const char scheme[] = "Bearer ";
    alees_str token = {NULL, 0};
    uint32_t count = 0;
    for (uint32_t i = 0; i < ctx->request.header_count; i++) {
        if (str_equal_nocase(ctx->request.headers[i].name, "authorization")) {
            token = ctx->request.headers[i].value;
            count++;
        }
    }
    if (count == 1) {
        alees_str start = {token.ptr, token.len < sizeof scheme - 1 ? token.len : sizeof scheme - 1};
        if (!str_equal_nocase(start, scheme)) {
            return false;
        }
        token.ptr += sizeof scheme - 1;
        token.len -= sizeof scheme - 1;
        while (token.len && token.ptr[0] == ' ') {
            token.ptr++;
            token.len--;
        }
        if (!is_token_text(token)) {
            return false;
        }
    }
    *ret_token = token;
    return count <= 1;
}

static alees_rc unauthenticated(alees_ctx *ctx) {
    alees_rc rc = ratelimit_stranger(ctx);
    return rc != ALEES_OK ? rc
                          : problem_set(&ctx->problem, PROBLEM_UNAUTHENTICATED, "%s",
                                        "Log in and send the token as the header Authorization: Bearer TOKEN.");
}

/* The provider could not or would not answer: what the client is told. Never ALEES_OK. */
static alees_rc provider_failed(alees_ctx *ctx, alees_rc rc, const char *question) {
    switch (rc) {
    case ALEES_E_NOMEM:
    case ALEES_E_UNAVAILABLE:
    case ALEES_E_TOO_MANY:
        return problem_set(&ctx->problem, problem_kind_of(rc), "%s", "Permissions cannot be checked now. Try again.");
    default:
        log_event(ALEES_LOG_ERROR, "core", ctx->request_id, NULL, "alees.rbac/1: %s gave %d", question, (int)rc);
        return problem_set(&ctx->problem, PROBLEM_INTERNAL, "%s", "Permissions could not be checked.");
    }
}

static alees_rc denied(alees_ctx *ctx) {
    const char *name = ctx->route->permission_name;
    alees_rc rc = problem_set(&ctx->problem, PROBLEM_PERMISSION_DENIED, "You need the permission %s.",
                              name ? name : "of an administrator");
    ctx->problem.permission = alees_text(name);
    return rc;
}

/* Nobody's token is looked at. */
static bool is_open(const struct route *route) {
    return !route->is_for_users && (route->operation == ROUTE_HOST || (route->flags & ALEES_ROUTE_PUBLIC));
}

/* A probe of health must not be refused because others asked too often; what is for users, too, is no probe. */
static alees_rc meet_stranger(alees_ctx *ctx) {
    ctx->is_public = true;
    return ctx->route->operation == ROUTE_HOST && !ctx->route->is_for_users ? ALEES_OK : ratelimit_stranger(ctx);
}

alees_rc pipeline_authenticate(alees_ctx *ctx) {
    const struct alees_rbac_v1 *rbac = ctx->app->rbac;
    const struct alees_principal *who = NULL;
    bool is_bearer = find_token(ctx, &ctx->token);
    if (is_open(ctx->route) || (ctx->route->is_for_users && is_bearer && !ctx->token.ptr)) {
        return meet_stranger(ctx);
    }
    if (!is_bearer || !ctx->token.ptr) {
        return unauthenticated(ctx);
    }
    if (!rbac) {
        return provider_failed(ctx, ALEES_E_UNAVAILABLE, "authenticate");
    }
    alees_rc rc = rbac->authenticate(rbac, ctx, ctx->token, &who);
    if (rc == ALEES_OK && who) {
        ctx->who = who;
        return ratelimit_user(ctx);
    }
    return rc == ALEES_E_UNAUTHENTICATED ? unauthenticated(ctx) : provider_failed(ctx, rc, "authenticate");
}

/* What belongs to no organization is written by superusers, and by a membership that belongs to none either. */
static alees_rc decide_globally(alees_ctx *ctx) {
    const struct alees_rbac_v1 *rbac = ctx->app->rbac;
    alees_rc rc = rbac->decide(rbac, ctx, ctx->who, ctx->route->permission, NULL, NULL);
    if (rc == ALEES_OK) {
        return ALEES_OK;
    }
    return rc == ALEES_E_DENIED ? denied(ctx) : provider_failed(ctx, rc, "decide");
}

static alees_rc find_organizations(alees_ctx *ctx) {
    const struct alees_rbac_v1 *rbac = ctx->app->rbac;
    const struct alees_organizations *where = NULL;
    alees_rc rc = rbac->organizations(rbac, ctx, ctx->who, ctx->route->permission, &where);
    if (rc == ALEES_OK && where) {
        ctx->where = where;
        return ALEES_OK;
    }
    return rc == ALEES_E_DENIED ? denied(ctx) : provider_failed(ctx, rc, "organizations");
}

static bool is_global(const struct route *route) {
    return route->resource && route->resource->decl->scope == ALEES_SCOPE_GLOBAL;
}

static alees_rc not_in_person(alees_ctx *ctx) {
    return problem_set(&ctx->problem, PROBLEM_NOT_BY_API_KEY, "%s",
                       "This belongs to the user in person. Log in as that user and send the token instead.");
}

/* Each sees their own, and may do with it what can be done at all. */
static alees_rc authorize_own(alees_ctx *ctx) {
    return engine_place_holds(ctx, ctx->route->resource, 0, &ctx->where);
}

/* Rows of several organizations begin in none of them. */
static alees_rc authorize_several(alees_ctx *ctx) {
    if (ctx->route->operation == ROUTE_CREATE) {
        alees_rc rc = decide_globally(ctx);
        if (rc != ALEES_OK) {
            return rc;
        }
    }
    return engine_place_holds(ctx, ctx->route->resource, ctx->route->permission, &ctx->where);
}

/* Rows of an organization that the caller may not see are the engine's concern: it answers as if they were not there. A
 * plugin's own route without a row is refused here. */
alees_rc pipeline_authorize(alees_ctx *ctx) {
    const struct route *route = ctx->route;
    bool is_engine = route->operation != ROUTE_PLUGIN;
    if (route->operation == ROUTE_HOST || (route->flags & ALEES_ROUTE_PUBLIC)) {
        return ALEES_OK;
    }
    ASSERT(ctx->who);
    if ((route->flags & ALEES_ROUTE_IN_PERSON) && (ctx->who->flags & ALEES_API_KEY)) {
        return not_in_person(ctx);
    }
    if (is_engine && route->resource->decl->scope == ALEES_SCOPE_OWN) {
        return authorize_own(ctx);
    }
    if (is_engine && route->resource->decl->scope == ALEES_SCOPE_SEVERAL) {
        return authorize_several(ctx);
    }
    if (route->permission == 0) {
        return (route->flags & ALEES_ROUTE_LOGIN) && !route->permission_name ? ALEES_OK : denied(ctx);
    }
    if (is_global(route)) {
        return is_engine && route_is_reading(route) ? ALEES_OK : decide_globally(ctx);
    }
    alees_rc rc = find_organizations(ctx);
    if (rc == ALEES_OK && !is_engine && !route->decl->object && !ctx->where->all && ctx->where->count == 0) {
        return denied(ctx);
    }
    return rc;
}

alees_rc pipeline_authorize_object(alees_ctx *ctx) {
    static const alees_id none;
    const struct alees_rbac_v1 *rbac = ctx->app->rbac;
    if (is_global(ctx->route) || ctx->is_public || ctx->route->permission == 0) {
        return ALEES_OK; /* the route's own answer was given before */
    }
    if (alees_id_compare(&ctx->object_organization, &none) == 0) { /* every organization is not none */
        return engine_place_is_superuser(ctx) ? ALEES_OK : denied(ctx);
    }
    if (engine_place_has(ctx->where, &ctx->object_organization)) {
        return ALEES_OK;
    }
    /* The caller sees the row, so may know whose it is. */
    alees_str name = rbac->organization_name(rbac, ctx, &ctx->object_organization);
    alees_rc rc = problem_set(&ctx->problem, PROBLEM_PERMISSION_DENIED, "You need the permission %s in %.*s.",
                              ctx->route->permission_name, name.ptr ? (int)name.len : 22,
                              name.ptr ? name.ptr : "the row's organization");
    ctx->problem.permission = alees_text(ctx->route->permission_name);
    ctx->problem.organization = name;
    ctx->problem.organization_id = ctx->object_organization;
    return rc;
}
