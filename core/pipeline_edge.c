/* SPDX-License-Identifier: MIT
 * pipeline_edge.c - what every request is asked before its route counts, and what OPTIONS and 415 tell, and which
 * answers are packed. */
#include <string.h>

#include "edge.h"
#include "gzip.h"
#include "pipeline_impl.h"

enum {
    LEAST_TO_PACK = 1024,      /* bytes; below, it fits into one packet anyway */
    PACKER_MEMORY = 256 * 1024 /* more than gzip_whole needs */
};

/* A proxy in front that checks methods has checked the one of the request line: no other one is ever meant. */
static alees_rc check_method(alees_ctx *ctx, alees_str name) {
    static const char *const overrides[] = {"x-http-method-override", "x-http-method", "x-method-override"};
    for (size_t i = 0; i < ARRAY_LEN(overrides); i++) {
        if (str_equal_nocase(name, overrides[i])) {
            return problem_set(&ctx->problem, PROBLEM_BAD_REQUEST, "The method cannot be overridden by %s; send it.",
                               overrides[i]);
        }
    }
    return ALEES_OK;
}

/* A small body may unpack to one that is larger than any limit: they are taken as they are. */
static alees_rc check_coding(alees_ctx *ctx, alees_str name, alees_str coding) {
    coding = pipeline_trim(coding);
    if (!str_equal_nocase(name, "content-encoding") || coding.len == 0 || str_equal_nocase(coding, "identity")) {
        return ALEES_OK;
    }
    return problem_set(&ctx->problem, PROBLEM_UNSUPPORTED_MEDIA_TYPE, "%s",
                       "Send the body without Content-Encoding: compressed ones are not read.");
}

alees_rc pipeline_check_headers(alees_ctx *ctx) {
    alees_rc rc = ALEES_OK;
    for (uint32_t i = 0; i < ctx->request.header_count && rc == ALEES_OK; i++) {
        const struct ctx_header *h = &ctx->request.headers[i];
        if (h->name.len < sizeof "x-http-method" - 1) {
            continue; /* most are shorter than any of these */
        }
        rc = check_method(ctx, h->name);
        rc = rc == ALEES_OK ? check_coding(ctx, h->name, h->value) : rc;
    }
    return rc;
}

/* Accept-Post, or Accept-Patch: the types of the route that this method has at the path of the request. */
static alees_rc tell_types(alees_ctx *ctx, uint32_t method, const char *header) {
    struct router_match match;
    router_match(ctx->app->router, method, ctx->request.path, &match);
    const char *const *types = match.route ? pipeline_body_types(match.route) : NULL;
    if (!types) {
        return ALEES_OK;
    }
    alees_str list = pipeline_list_types(ctx->arena, types, ", ");
    return list.ptr ? ctx_set_header(ctx, header, list) : ALEES_E_NOMEM;
}

alees_rc pipeline_tell_types(alees_ctx *ctx) {
    alees_rc rc = tell_types(ctx, ALEES_PATCH, "Accept-Patch");
    rc = rc == ALEES_OK ? tell_types(ctx, ALEES_POST, "Accept-Post") : rc;
    return rc == ALEES_OK && ctx_header(ctx, "content-encoding").ptr
               ? ctx_set_header(ctx, "Accept-Encoding", STR_LIT("identity"))
               : rc;
}

alees_rc pipeline_options(alees_ctx *ctx) {
    pipeline_allow(ctx, ctx->match.allowed);
    alees_rc rc = pipeline_tell_types(ctx);
    rc = rc == ALEES_OK ? pipeline_cors_preflight(ctx, pipeline_methods(ctx, ctx->match.allowed)) : rc;
    ctx->response.status = rc == ALEES_OK ? 204 : 0;
    return rc;
}

void pipeline_find_client(alees_ctx *ctx) {
    const struct edge *e = ctx->app->edge;
    if (e && edge_has_proxies(e)) {
        ctx->request.peer = edge_client(e, ctx->request.peer, ctx_header_list(ctx, "x-forwarded-for"));
    }
}

/* An attacker who can put text into a packed answer learns from its length what else is in it (BREACH). What holds tokens,
 * keys or passwords is therefore never packed: not what a plugin answers to a write, nor below /auth. */
static bool is_packable(const struct route *route) {
    static const char auth[] = "/api/v1/auth/";
    if (route->flags & ALEES_ROUTE_PUBLIC) {
        return false;
    }
    return route->operation == ROUTE_PLUGIN
               ? (route->flags & ALEES_ROUTE_READ) && strncmp(route->path, auth, sizeof auth - 1) != 0
               : route->operation != ROUTE_HOST;
}

/* Those with an ETag are not: it is strong, and would have to differ. Nor those that the handler has packed itself, or asks
 * to leave alone, by a Content-Encoding of its own. */
static bool has_own_coding(const struct ctx_response *r) {
    for (uint32_t i = 0; i < r->header_count; i++) {
        if (str_equal_nocase(r->headers[i].name, "etag") || str_equal_nocase(r->headers[i].name, "content-encoding")) {
            return true;
        }
    }
    return false;
}

bool pipeline_choose_coding(alees_ctx *ctx) {
    struct ctx_response *r = &ctx->response;
    if (!ctx->route || !is_packable(ctx->route) || has_own_coding(r)) {
        return false;
    }
    r->varies = true;
    if (!pipeline_accepts_coding(ctx_header_list(ctx, "accept-encoding"), "gzip")) {
        return false;
    }
    r->coding = "gzip";
    return true;
}

void pipeline_compress(alees_ctx *ctx) {
    struct ctx_response *r = &ctx->response;
    struct str packed;
    if (r->body.len <= LEAST_TO_PACK || r->body.failed || arena_left(ctx->arena) < 4 * r->body.len + PACKER_MEMORY ||
        r->status >= 300 || !pipeline_choose_coding(ctx)) {
        return;
    }
    str_init(&packed, ctx->arena, r->body.len / 4);
    if (gzip_whole(ctx->arena, (alees_str){r->body.ptr, r->body.len}, &packed) && packed.len < r->body.len) {
        r->body = packed;
        return;
    }
    r->coding = NULL; /* as it is, then */
}
