/* SPDX-License-Identifier: MIT
 * pipeline_host.c - the routes of the host itself, outside of /api/v1: one table, and the handlers that are a few lines. */
#include <string.h>

#include "docs.h"
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

static const char *const json[] = {"application/json", NULL}, *const plain[] = {"text/plain", NULL};
static const char *const page[] = {"text/html", NULL}, *const pages[] = {"text/html", "application/json", NULL};
static const char *const files[] = {"text/css", "text/html", "text/javascript", "text/plain", NULL};
static const uint32_t hidden[] = {404, 0}, cached[] = {304, 404, 0}, chosen[] = {406, 0}, found[] = {404, 406, 0};
static const uint32_t described[] = {304, 401, 404, 429, 0};

static const struct alees_field file_parameters[] = {
    {.name = "file",
     .type = ALEES_TEXT,
     .flags = ALEES_REQUIRED | ALEES_IN_PATH,
     .description = "One of the files that the page loads.",
     .example = "\"page.css\""},
};
static const struct alees_field code_parameters[] = {
    {.name = "code",
     .type = ALEES_TEXT,
     .flags = ALEES_REQUIRED | ALEES_IN_PATH,
     .description = "The code of a problem.",
     .example = "\"not_unique\""},
};
static const struct alees_field document_parameters[] = {
    {.name = "organization",
     .type = ALEES_UUID,
     .flags = ALEES_IN_QUERY,
     .description = "With a token: only what its bearer can use in this organization.",
     .example = "\"019a0c1e-9e3d-7f74-9e4a-5b3b8c3f4d5e\""},
};
static const struct alees_route document_decl = {
    .description =
        "All of the API; with a token what its bearer can use somewhere. Rights to fields hide no field here.",
    .parameters = ALEES_LIST(document_parameters)};
static const struct alees_route file_decl = {.parameters = ALEES_LIST(file_parameters)};
static const struct alees_route code_decl = {.parameters = ALEES_LIST(code_parameters)};

const struct route pipeline_host_routes[] = {
    {.method = ALEES_GET,
     .flags = ALEES_ROUTE_PUBLIC | ALEES_ROUTE_READ,
     .operation = ROUTE_HOST,
     .path = "/healthz",
     .types = json,
     .run = healthz,
     .summary = "Ask whether the process is alive"},
    {.method = ALEES_GET,
     .flags = ALEES_ROUTE_PUBLIC | ALEES_ROUTE_READ,
     .operation = ROUTE_HOST,
     .path = "/readyz",
     .types = json,
     .run = readyz,
     .summary = "Ask whether requests can be served"},
    {.method = ALEES_GET,
     .flags = ALEES_ROUTE_PUBLIC | ALEES_ROUTE_READ,
     .operation = ROUTE_HOST,
     .path = "/metrics",
     .types = plain,
     .statuses = hidden,
     .run = metrics,
     .summary = "Get figures for Prometheus"},
    {.method = ALEES_GET,
     .flags = ALEES_ROUTE_PUBLIC | ALEES_ROUTE_READ,
     .operation = ROUTE_HOST,
     .is_for_users = true,
     .path = "/openapi.json",
     .types = json,
     .statuses = described,
     .decl = &document_decl,
     .run = documents_openapi,
     .summary = "Get this description: the API as OpenAPI 3.1"},
    {.method = ALEES_GET,
     .flags = ALEES_ROUTE_PUBLIC | ALEES_ROUTE_READ,
     .operation = ROUTE_HOST,
     .is_for_users = true,
     .path = "/postman.json",
     .types = json,
     .statuses = described,
     .decl = &document_decl,
     .run = documents_postman,
     .summary = "Get the same as a collection for Postman"},
    {.method = ALEES_GET,
     .flags = ALEES_ROUTE_PUBLIC | ALEES_ROUTE_READ,
     .operation = ROUTE_HOST,
     .path = "/docs",
     .types = page,
     .statuses = cached,
     .run = docs_page,
     .summary = "See the API in a browser and try it out"},
    {.method = ALEES_GET,
     .flags = ALEES_ROUTE_PUBLIC | ALEES_ROUTE_READ,
     .operation = ROUTE_HOST,
     .path = "/docs/{file}",
     .types = files,
     .statuses = cached,
     .decl = &file_decl,
     .run = docs_file,
     .summary = "Get a script or style of the page /docs"},
    {.method = ALEES_GET,
     .flags = ALEES_ROUTE_PUBLIC | ALEES_ROUTE_READ,
     .operation = ROUTE_HOST,
     .path = "/docs/errors",
     .types = pages,
     .statuses = chosen,
     .run = docs_errors,
     .summary = "List every error code"},
    {.method = ALEES_GET,
     .flags = ALEES_ROUTE_PUBLIC | ALEES_ROUTE_READ,
     .operation = ROUTE_HOST,
     .path = "/docs/errors/{code}",
     .types = pages,
     .statuses = found,
     .decl = &code_decl,
     .run = docs_error,
     .summary = "Get what an error code means and what to do"},
};
const uint32_t pipeline_host_route_count = ARRAY_LEN(pipeline_host_routes);
