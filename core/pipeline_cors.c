/* SPDX-License-Identifier: MIT
 * pipeline_cors.c - what lets web pages of other origins ask (the Fetch standard's CORS protocol). Tokens travel in a header
 * that a page sets itself, never in cookies: Access-Control-Allow-Credentials is never sent. */
#include "edge.h"
#include "pipeline_impl.h"

/* What a page may send beyond the headers that need no permission, and what it may read beyond those that need none. */
#define SENT \
    "Authorization, Content-Type, If-Match, If-None-Match, Idempotency-Key, Prefer, X-Request-Id, traceparent, " \
    "tracestate"
#define READ \
    "Allow, Accept-Patch, Accept-Post, Content-Disposition, ETag, Idempotency-Replayed, Link, Location, " \
    "Preference-Applied, RateLimit, RateLimit-Policy, Retry-After, Server-Timing, WWW-Authenticate, X-Request-Id"

void pipeline_cors_write(const alees_ctx *ctx, struct str *out) {
    const struct edge *e = ctx->app->edge;
    if (!e || !edge_has_origins(e)) {
        return;
    }
    alees_str origin = edge_allowed_origin(e, ctx_header(ctx, "origin"));
    if (edge_varies(e)) {
        str_puts(out, "\r\nVary: Origin");
    }
    if (!origin.ptr) {
        return;
    }
    str_puts(out, "\r\nAccess-Control-Allow-Origin: ");
    str_view(out, origin);
    str_puts(out, "\r\nAccess-Control-Expose-Headers: " READ);
}

/* A browser asks before a page does; it takes the methods from here, not from Allow. */
alees_rc pipeline_cors_preflight(alees_ctx *ctx, alees_str methods) {
    const struct edge *e = ctx->app->edge;
    bool is_preflight = ctx_header(ctx, "access-control-request-method").ptr != NULL;
    if (!e || !is_preflight || !edge_allowed_origin(e, ctx_header(ctx, "origin")).ptr) {
        return ALEES_OK;
    }
    alees_rc rc = ctx_set_header(ctx, "Access-Control-Allow-Methods", methods);
    rc = rc == ALEES_OK ? ctx_set_header(ctx, "Access-Control-Allow-Headers", STR_LIT(SENT)) : rc;
    return rc == ALEES_OK ? ctx_set_header(ctx, "Access-Control-Max-Age", STR_LIT("7200")) : rc;
}
