/* SPDX-License-Identifier: MIT
 * pipeline_host.c - the routes of the host itself, outside of /api/v1: one table, and the handlers that are a few lines. */
#include <string.h>

#include "documents.h"
#include "edge.h"
#include "pipeline.h"

static alees_rc healthz(alees_ctx *ctx) {
    ctx->response.status = 200;
    ctx->response.content_type = "application/json";
    str_puts(&ctx->response.body, "{\"status\":\"ok\"}");
    return ALEES_OK;
}

static alees_rc readyz(alees_ctx *ctx) {
    if (atomic_load(&ctx->app->is_draining)) {
        return problem_set(&ctx->problem, PROBLEM_UNAVAILABLE, "%s", "The server is stopping.");
    }
    if (!ctx->app->store || !store_is_ready(ctx->app->store)) {
        return problem_set(&ctx->problem, PROBLEM_UNAVAILABLE, "%s", "The database cannot be reached.");
    }
    return healthz(ctx);
}

static alees_rc metrics(alees_ctx *ctx) {
    if (ctx->app->edge && !edge_may_read_metrics(ctx->app->edge, ctx->request.peer)) {
        return ALEES_E_NOT_FOUND;
    }
    ctx->response.status = 200;
    ctx->response.content_type = "text/plain; version=0.0.4; charset=utf-8";
    metrics_write(&ctx->response.body);
    return ALEES_OK;
}

const struct route pipeline_host_routes[] = {
    {.method = ALEES_GET,
     .flags = ALEES_ROUTE_PUBLIC | ALEES_ROUTE_READ,
     .operation = ROUTE_HOST,
     .path = "/healthz",
     .type = "application/json",
     .run = healthz,
     .summary = "Ask whether the process is alive"},
    {.method = ALEES_GET,
     .flags = ALEES_ROUTE_PUBLIC | ALEES_ROUTE_READ,
     .operation = ROUTE_HOST,
     .path = "/readyz",
     .type = "application/json",
     .run = readyz,
     .summary = "Ask whether requests can be served"},
    {.method = ALEES_GET,
     .flags = ALEES_ROUTE_PUBLIC | ALEES_ROUTE_READ,
     .operation = ROUTE_HOST,
     .path = "/metrics",
     .type = "text/plain",
     .run = metrics,
     .summary = "Get figures for Prometheus"},
    {.method = ALEES_GET,
     .flags = ALEES_ROUTE_PUBLIC | ALEES_ROUTE_READ,
     .operation = ROUTE_HOST,
     .is_for_users = true,
     .path = "/openapi.json",
     .type = "application/json",
     .run = documents_openapi,
     .summary = "Get this description: the API as OpenAPI 3.1"},
};
const uint32_t pipeline_host_route_count = ARRAY_LEN(pipeline_host_routes);
