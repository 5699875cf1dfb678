/* SPDX-License-Identifier: MIT
 * pipeline.c - the way of a request, from its first byte to its answer. Read this file first.
 *
 *     httpd.c -> limits -> route -> authenticate -> authorize -> prefer -> validate -> handle -> (respond) -> httpd.c
 *
 * Each stage relies on those before it and calls none of them. ALEES_OK with nothing answered yet leads to the next
 * stage; an answer ends the way; any other value, known or not, is a failure and is answered as the problem that the stage
 * left in ctx->problem, or as the one that stands for the value. */
#include "pipeline.h"

#include <string.h>

#include "alees/util.h"
#include "audit.h"
#include "idempotency.h"
#include "log.h"
#include "pipeline_impl.h"
#include "ratelimit.h"
#include "server.h"
#include "sys.h"

static alees_rc limits(alees_ctx *ctx);
static alees_rc authenticate(alees_ctx *ctx);
static alees_rc route(alees_ctx *ctx);
static alees_rc handle(alees_ctx *ctx);

static const struct stage {
    const char *name;
    alees_rc (*run)(alees_ctx *ctx);
} stages[] = {
    {"limits", limits},                /* is it a request we read at all? */
    {"route", route},                  /* -> ctx->route, parameters; 404, 405, OPTIONS */
    {"authenticate", authenticate},    /* -> ctx->who, unless the route is public; 401 */
    {"authorize", pipeline_authorize}, /* -> ctx->where; 403 */
    {"prefer", pipeline_prefer},       /* -> ctx->prefer; 400 */
    {"validate", pipeline_validate},   /* media types, declared parameters and body -> ctx->json; 400, 422 */
    {"meter", ratelimit_organization}, /* what it is about is known now; 429 */
    {"handle", handle},                /* in a transaction -> ctx->response */
};

/* The client's own id, when it is harmless in a log, so that one can follow a request through several servers. */
static void take_request_id(alees_ctx *ctx) {
    alees_str given = ctx_header(ctx, "x-request-id");
    if (given.ptr && pipeline_is_request_id(given)) {
        memcpy(ctx->request_id, given.ptr, given.len);
        ctx->request_id[given.len] = '\0';
    } else {
        alees_id id = sys_new_id();
        alees_id_format(&id, ctx->request_id);
    }
}

/* Of several headers none is the one that counts. */
static void take_trace(alees_ctx *ctx) {
    alees_str list = ctx_header_list(ctx, "traceparent");
    if (list.ptr && !trace_parse(pipeline_trim(list), ctx->trace_id)) {
        log_event(ALEES_LOG_DEBUG, "core", ctx->request_id, NULL, "traceparent is not valid");
    }
}

void pipeline_run(alees_ctx *ctx) {
    alees_rc rc = ALEES_OK;
    ASSERT(ctx->magic == CTX_MAGIC && ctx->response.status == 0);
    server_crash_watch(ctx);
    take_request_id(ctx);
    take_trace(ctx);
    pipeline_find_client(ctx);
    if (ctx->app->request_ms != 0) {
        ctx->deadline_us = ctx->started_us + (uint64_t)ctx->app->request_ms * 1000;
    }
    for (size_t i = 0; i < ARRAY_LEN(stages) && ctx->response.status == 0; i++) {
        rc = stages[i].run(ctx);
        if (rc != ALEES_OK) {
            log_event(ALEES_LOG_DEBUG, "core", ctx->request_id, NULL, "%s gave %d", stages[i].name, (int)rc);
            break;
        }
        if (ctx->problem.rc != ALEES_OK) {
            problem_init(&ctx->problem, ctx->arena); /* one that was dealt with must not hide a later one */
        }
    }
    if (ctx->transaction) {
        store_rollback(ctx);
    }
    if (rc != ALEES_OK) {
        pipeline_refuse(ctx, rc);
    }
    if (ctx->response.status == 403) {
        audit_denied(ctx);
    }
    ASSERT(ctx->response.status != 0);
    pipeline_compress(ctx);
    pipeline_account(ctx);
    server_crash_watch(NULL);
}

static bool is_visible_ascii(alees_str text) {
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] <= ' ' || text.ptr[i] > '~') {
            return false;
        }
    }
    return true;
}

static alees_rc limits(alees_ctx *ctx) {
    const struct ctx_request *r = &ctx->request;
    if (ctx->problem.rc != ALEES_OK) {
        return ctx->problem.rc; /* httpd.c could not read it */
    }
    if (r->uri.len > ctx->app->max_uri) {
        return problem_set(&ctx->problem, PROBLEM_URI_TOO_LONG, "Path and query may be %u bytes long.",
                           ctx->app->max_uri);
    }
    if (r->body.len > ctx->app->max_body) {
        return problem_set(&ctx->problem, PROBLEM_BODY_TOO_LARGE, "A body may be %u bytes long.", ctx->app->max_body);
    }
    if (!is_visible_ascii(r->uri)) {
        return problem_set(&ctx->problem, PROBLEM_BAD_REQUEST, "%s",
                           "Percent-encode everything but visible ASCII in path and query.");
    }
    alees_rc rc = pipeline_check_headers(ctx);
    return rc == ALEES_OK ? pipeline_parse_query(ctx) : rc;
}

static alees_rc decode(alees_ctx *ctx, alees_str text, alees_str *ret_decoded) {
    if (!pipeline_decode(ctx->arena, text, false, ret_decoded)) {
        return problem_set(&ctx->problem, PROBLEM_BAD_REQUEST, "%s",
                           "The path is not valid: a % must be followed by two hexadecimal digits, and the result must "
                           "be UTF-8 without NUL.");
    }
    return ret_decoded->ptr ? ALEES_OK : ALEES_E_NOMEM;
}

/* From here on the values of the match are decoded. */
static alees_rc decode_values(alees_ctx *ctx) {
    alees_rc rc = ALEES_OK;
    for (uint32_t i = 0; i < ctx->match.count && rc == ALEES_OK; i++) {
        rc = decode(ctx, ctx->match.values[i], &ctx->match.values[i]);
    }
    return rc;
}

static alees_rc route(alees_ctx *ctx) {
    const struct ctx_request *r = &ctx->request;
    if (r->path.len && memchr(r->path.ptr, '%', r->path.len)) {
        alees_str decoded;
        alees_rc rc = decode(ctx, r->path, &decoded); /* nonsense is nonsense, whether or not there is such a route */
        if (rc != ALEES_OK) {
            return rc;
        }
    }
    router_match(ctx->app->router, r->method, r->path, &ctx->match);
    if (ctx->match.allowed == 0) {
        return ALEES_E_NOT_FOUND;
    }
    if (r->is_options) {
        return pipeline_options(ctx);
    }
    if (!ctx->match.route) {
        return problem_set(&ctx->problem, PROBLEM_METHOD_NOT_ALLOWED, "%s", "The header Allow says what can be done.");
    }
    ctx->route = ctx->match.route;
    return decode_values(ctx);
}

static alees_rc authenticate(alees_ctx *ctx) {
    uint64_t start = ctx->app->server_timing ? sys_monotonic_us() : 0;
    alees_rc rc = pipeline_authenticate(ctx);
    ctx->auth_us = start ? sys_monotonic_us() - start : 0;
    return rc;
}

/* In a transaction, its own or the one that is open: then whoever opened it ends it. */
alees_rc pipeline_plugin_handler(alees_ctx *ctx) {
    const struct route *r = ctx->route;
    bool is_own = (r->flags & ALEES_ROUTE_READ) == 0 && !ctx->transaction;
    if (is_own) {
        store_begin(ctx);
    }
    ctx->plugin = r->plugin;
    alees_rc rc = r->decl->handle(r->plugin->state, ctx);
    ctx->plugin = NULL;
    if (rc == ALEES_OK && !ctx_can_answer(ctx)) {
        rc = ALEES_E_NOMEM; /* before the commit: an answer that cannot be given must not have happened */
    }
    return rc == ALEES_OK && is_own ? ctx_commit(ctx) : rc;
}

/* What more than one statement must share: a rehearsal, a reply that is stored. */
static bool needs_transaction(const alees_ctx *ctx, bool is_idempotent) {
    return is_idempotent || (ctx->prefer.is_dry_run && (ctx->route->flags & ALEES_ROUTE_READ) == 0);
}

/* A failure anywhere leaves the transaction open, and pipeline_run rolls all of it back. */
static alees_rc handle(alees_ctx *ctx) {
    bool is_idempotent = idempotency_is_asked(ctx);
    if (needs_transaction(ctx, is_idempotent)) {
        store_begin(ctx);
    }
    alees_rc rc = is_idempotent ? idempotency_claim(ctx) : ALEES_OK;
    if (rc != ALEES_OK || ctx->response.status != 0) {
        return rc; /* refused, or the reply of before */
    }
    rc = ctx->route->run(ctx);
    if (rc == ALEES_OK && (ctx->response.body.failed || arena_is_exhausted(ctx->arena))) {
        rc = ALEES_E_NOMEM;
    }
    if (rc == ALEES_OK && ctx->response.status == 0) {
        ctx->response.status = 204;
    }
    return rc == ALEES_OK && ctx->transaction ? ctx_commit(ctx) : rc;
}
