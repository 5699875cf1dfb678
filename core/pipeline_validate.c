/* SPDX-License-Identifier: MIT
 * pipeline_validate.c - does the request match the declaration of its route? Afterwards a plugin's handler finds every
 * parameter decoded, checked and in the form that PostgreSQL reads, and the body as an object of known members.
 *
 * The resource engine knows its own query parameters and bodies; for its routes only the media types are looked at and
 * the body is parsed. */
#include <string.h>

#include "alees/util.h"
#include "engine.h"
#include "jx.h"
#include "pipeline_impl.h"

static const struct alees_field *declared(const struct alees_route *decl, alees_str name, uint32_t where) {
    const struct alees_field *fields = decl->parameters.items;
    for (uint32_t i = 0; i < decl->parameters.count; i++) {
        if ((fields[i].flags & where) && str_equal(name, fields[i].name)) {
            return &fields[i];
        }
    }
    return NULL;
}

static alees_rc unknown_parameter(alees_ctx *ctx, const struct alees_route *decl, alees_str name) {
    const struct alees_field *fields = decl->parameters.items;
    const char **known = ARENA_ARRAY(ctx->arena, const char *, decl->parameters.count);
    size_t count = 0;
    if (!known) {
        return ALEES_E_NOMEM;
    }
    for (uint32_t i = 0; i < decl->parameters.count; i++) {
        if (fields[i].flags & ALEES_IN_QUERY) {
            known[count++] = fields[i].name;
        }
    }
    const char *nearest = str_nearest(name, known, count, sizeof *known);
    if (nearest) {
        problem_add(&ctx->problem, name, "unknown_parameter", "Did you mean %s?", nearest);
        return problem_set(&ctx->problem, PROBLEM_UNKNOWN_PARAMETER, "There is no parameter %.*s. Did you mean %s?",
                           STR_FMT(name), nearest);
    }
    problem_add(&ctx->problem, name, "unknown_parameter", "%s", "It is not known here.");
    return problem_set(&ctx->problem, PROBLEM_UNKNOWN_PARAMETER, "There is no parameter %.*s.", STR_FMT(name));
}

static bool is_repeated(const alees_ctx *ctx, uint32_t place) {
    for (uint32_t i = 0; i < place; i++) {
        if (alees_equal(ctx->parameters[i].name, ctx->parameters[place].name)) {
            return true;
        }
    }
    return false;
}

static alees_rc check_sent(alees_ctx *ctx, const struct alees_route *decl) {
    bool is_bad = false;
    for (uint32_t i = 0; i < ctx->parameter_count; i++) {
        struct ctx_parameter *p = &ctx->parameters[i];
        const struct alees_field *field = declared(decl, p->name, ALEES_IN_QUERY);
        if (!field) {
            return unknown_parameter(ctx, decl, p->name);
        }
        if (is_repeated(ctx, i)) {
            problem_add(&ctx->problem, p->name, "repeated", "%s", "Send it once.");
            is_bad = true;
            continue;
        }
        alees_rc rc = engine_value_from_text(ctx, field, p->name, p->value, &p->value);
        if (rc != ALEES_OK && rc != ALEES_E_INVALID) {
            return rc;
        }
        is_bad = is_bad || rc != ALEES_OK;
    }
    return is_bad ? problem_set(&ctx->problem, PROBLEM_BAD_PARAMETER, "%s", "Correct the parameters named in errors.")
                  : ALEES_OK;
}

/* The default of a parameter that was not sent, from the JSON text of its declaration. */
static alees_rc fallback_value(alees_ctx *ctx, const struct alees_field *field, alees_str *ret_value) {
    alees_json *value = NULL;
    alees_rc rc = jx_parse(ctx->arena, &ctx->problem, alees_text(field->fallback), &value);
    return rc != ALEES_OK ? rc : engine_value_from_json(ctx, field, alees_text(field->name), value, ret_value);
}

static alees_rc check_missing(alees_ctx *ctx, const struct alees_route *decl) {
    const struct alees_field *fields = decl->parameters.items;
    struct ctx_parameter *all =
        ARENA_ARRAY(ctx->arena, struct ctx_parameter, (size_t)ctx->parameter_count + decl->parameters.count);
    if (!all) {
        return ALEES_E_NOMEM;
    }
    if (ctx->parameter_count) {
        memcpy(all, ctx->parameters, ctx->parameter_count * sizeof *all);
    }
    ctx->parameters = all;
    for (uint32_t i = 0; i < decl->parameters.count; i++) {
        const struct alees_field *field = &fields[i];
        if (!(field->flags & ALEES_IN_QUERY) || ctx_parameter(ctx, field->name).ptr) {
            continue;
        }
        if (field->flags & ALEES_REQUIRED) {
            problem_add(&ctx->problem, alees_text(field->name), "required", "%s", "Send this parameter.");
            return problem_set(&ctx->problem, PROBLEM_BAD_PARAMETER, "The parameter %s is required.", field->name);
        }
        if (field->fallback) {
            struct ctx_parameter *p = &all[ctx->parameter_count];
            alees_rc rc = fallback_value(ctx, field, &p->value);
            if (rc != ALEES_OK) {
                return rc;
            }
            p->name = alees_text(field->name);
            ctx->parameter_count++;
        }
    }
    return ALEES_OK;
}

/* A path with a value that cannot be one leads nowhere: the same answer as any other unknown path. */
static alees_rc check_path(alees_ctx *ctx, const struct alees_route *decl) {
    for (uint32_t i = 0; i < ctx->match.count; i++) {
        alees_str name = alees_text(ctx->match.names[i]);
        const struct alees_field *field = declared(decl, name, ALEES_IN_PATH);
        if (!field) {
            continue;
        }
        alees_rc rc = engine_value_from_text(ctx, field, name, ctx->match.values[i], &ctx->match.values[i]);
        if (rc == ALEES_E_INVALID) {
            problem_init(&ctx->problem, ctx->arena);
            return ALEES_E_NOT_FOUND;
        }
        if (rc != ALEES_OK) {
            return rc;
        }
    }
    return ALEES_OK;
}

/* An import leaves its body where it is. What it was about cannot be known before it is done. */
static alees_rc check_unread(alees_ctx *ctx) {
    if (!ctx_header(ctx, "idempotency-key").ptr) {
        return ALEES_OK;
    }
    return problem_set(
        &ctx->problem, PROBLEM_INVALID, "%s",
        "The answer to an import is not kept for a replay: leave Idempotency-Key out. With on_conflict an "
        "import can be sent again.");
}

static alees_rc parse_body(alees_ctx *ctx, const char *const *types) {
    if (ctx->request.body.len == 0 && !ctx->request.is_unread) {
        return ALEES_OK;
    }
    if (!pipeline_body_type(ctx_header(ctx, "content-type"), types)) {
        alees_str list = pipeline_list_types(ctx->arena, types, " or ");
        return problem_set(&ctx->problem, PROBLEM_UNSUPPORTED_MEDIA_TYPE, "Send the body as %.*s, in UTF-8.",
                           STR_FMT(list));
    }
    if (ctx->request.is_unread) {
        return check_unread(ctx);
    }
    return jx_parse(ctx->arena, &ctx->problem, ctx->request.body, &ctx->json);
}

static alees_rc check_body(alees_ctx *ctx, const struct alees_route *decl) {
    const struct alees_field *fields = decl->body.items;
    if (ctx->json) {
        return engine_check_body(ctx, fields, decl->body.count, ctx->json);
    }
    for (uint32_t i = 0; i < decl->body.count; i++) {
        if (fields[i].flags & ALEES_REQUIRED) {
            return problem_set(&ctx->problem, PROBLEM_BAD_REQUEST, "%s", "Send a JSON object as the body.");
        }
    }
    return ALEES_OK;
}

static alees_rc validate_plugin(alees_ctx *ctx) {
    const struct route *route = ctx->route;
    alees_rc rc = check_path(ctx, route->decl);
    if (rc == ALEES_OK && route->decl->object) {
        rc = engine_find_object(ctx);
        if (rc == ALEES_OK) {
            rc = pipeline_authorize_object(ctx);
        }
    }
    if (rc == ALEES_OK && (route->flags & ALEES_ROUTE_LIST) == 0) { /* else the engine reads them */
        rc = check_sent(ctx, route->decl);
    }
    if (rc == ALEES_OK) {
        rc = check_missing(ctx, route->decl);
    }
    if (rc == ALEES_OK && pipeline_body_types(route)) {
        rc = check_body(ctx, route->decl);
    }
    return rc;
}

static alees_rc check_accept(alees_ctx *ctx, const char *const *offered) {
    alees_str accept = ctx_header_list(ctx, "accept");
    const char *type = pipeline_negotiate(accept, offered);
    if (type) {
        ctx->response.format = pipeline_format(type);
        return ALEES_OK;
    }
    alees_str list = pipeline_list_types(ctx->arena, offered, " and ");
    return problem_set(&ctx->problem, PROBLEM_NOT_ACCEPTABLE, "Only %.*s is offered here.", STR_FMT(list));
}

alees_rc pipeline_validate(alees_ctx *ctx) {
    const struct route *route = ctx->route;
    const char *const *answers = pipeline_answer_types(route, ctx->request.is_unread);
    const char *const *bodies = pipeline_body_types(route);
    alees_rc rc = answers ? check_accept(ctx, answers) : ALEES_OK;
    if (rc == ALEES_OK && bodies) {
        rc = parse_body(ctx, bodies);
    }
    if (rc != ALEES_OK || route->operation == ROUTE_PLUGIN) {
        return rc == ALEES_OK ? validate_plugin(ctx) : rc;
    }
    return route->resource && route->resource->owner ? engine_owner_find(ctx) : ALEES_OK;
}
