/* SPDX-License-Identifier: MIT
 * catalogue.h - everything that the loaded plugins declare, checked against each other and given numbers:
 * permissions, resources, routes. Built at boot, read-only afterwards. Level 3. */
#ifndef CATALOGUE_H
#define CATALOGUE_H

#include "plugin.h"

struct resource; /* engine: resource.h */

enum route_operation { /* what a route does: the resource engine serves all but the last two */
                       ROUTE_LIST,
                       ROUTE_CREATE,
                       ROUTE_GET,
                       ROUTE_PATCH,
                       ROUTE_PUT,
                       ROUTE_REMOVE,
                       ROUTE_PATCH_MANY,
                       ROUTE_REMOVE_MANY,
                       ROUTE_HISTORY,
                       ROUTE_RESTORE,
                       ROUTE_TAGS,
                       ROUTE_PLUGIN, /* a handler of the plugin's own */
                       ROUTE_HOST    /* /healthz and the like */
};

struct route {
    uint32_t method; /* ALEES_GET .. */
    uint32_t flags;  /* ALEES_ROUTE_* */
    enum route_operation operation;
    const char *path;               /* whole: "/api/v1/products/{id}" */
    struct alees_self *plugin;      /* NULL: the host's own */
    const char *permission_name;    /* NULL: none */
    uint32_t permission;            /* number; 0: none */
    struct resource *resource;      /* of an engine route, or the `object` of a plugin's; else NULL */
    const struct resource *row;     /* ROUTE_PLUGIN only: whose row it answers, for descriptions; NULL: none */
    const struct alees_route *decl; /* of ROUTE_PLUGIN; of ROUTE_HOST for its parameters; else NULL */
    const char *const *types;       /* ROUTE_HOST only: of its answer; NULL at the end */
    const uint32_t *statuses;       /* ROUTE_HOST only: beyond 200 and those that all give; 0 at the end; NULL: none */
    bool is_for_users;              /* ROUTE_HOST only: a token that is sent must be valid, and is ctx->who */
    alees_rc (*run)(alees_ctx *ctx);
    const char *summary;
    struct metric *requests[6]; /* by class of status: [0] all others, [1] 1xx .. [5] 5xx */
    struct metric *latency;
};

/* One of the engine's that only look: the permission to view is theirs. */
static inline bool route_is_reading(const struct route *route) {
    return route->operation == ROUTE_LIST || route->operation == ROUTE_GET || route->operation == ROUTE_HISTORY ||
           route->operation == ROUTE_TAGS;
}

/* A code that a problem, or an entry in its `errors`, can have. */
struct catalogue_error {
    struct alees_error decl;
    const struct alees_self *plugin; /* NULL: the host's own */
};

struct catalogue {
    struct alees_permission *permissions;   /* number - 1 is the place */
    struct alees_self **permission_plugins; /* as permissions */
    uint32_t permission_count;
    struct resource **resources;
    uint32_t resource_count;
    struct route *routes;
    uint32_t route_count;
    struct catalogue_error
        *errors; /* the host's by status, then those of each plugin; some codes are several plugins' */
    uint32_t error_count;
};

/* Collects and checks: unique permissions, resources, tables and paths; every permission a route names is declared;
 * every reference names a resource that exists; a field set that makes sense. Every fault is one line on errors;
 * E_INVALID. host_routes are added as they are; plugin_run is the run of every route of a plugin's own
 * (pipeline_plugin_handler). */
alees_rc catalogue_build(struct arena *arena, const struct plugins *plugins, alees_rc (*plugin_run)(alees_ctx *ctx),
                         const struct route *host_routes, uint32_t host_route_count, FILE *errors,
                         struct catalogue *ret_catalogue) MUST_CHECK;
uint32_t catalogue_permission(const struct catalogue *c, const char *name);                  /* 0 if unknown */
const struct resource *catalogue_resource(const struct catalogue *c, const char *full_name); /* "product.product" */
/* The first one of that code; NULL: nobody has declared it. The next one: catalogue_next_error. */
const struct catalogue_error *catalogue_error(const struct catalogue *c, alees_str code);
const struct catalogue_error *catalogue_next_error(const struct catalogue *c, const struct catalogue_error *after);
void catalogue_print_routes(const struct catalogue *c, FILE *out);      /* alees routes */
void catalogue_print_permissions(const struct catalogue *c, FILE *out); /* tests/golden */

#endif
