/* SPDX-License-Identifier: MIT
 * catalogue_routes.c - the route table: some for each resource, the plugins' own, the host's own; each with the
 * number of its permission and its metrics. */
#include <string.h>

#include "catalogue_private.h"
#include "str.h"

#define BASE "/api/v1"

enum right { VIEW, ADD, CHANGE, REMOVE, RIGHTS }; /* the four permissions of a resource */

static bool has_tags(const struct resource *r) {
    return resource_tags(r) != NULL;
}

/* What the host serves of each resource. */
static const struct operation {
    enum route_operation operation;
    uint32_t method, flags;
    const char *tail;                           /* behind the resource's path */
    enum right right;                           /* that the route asks for */
    uint32_t without;                           /* the flag of a resource that has no such route */
    uint32_t with;                              /* the flag of one that has; 0: every one has */
    bool (*is_there)(const struct resource *r); /* and what no flag says; NULL: nothing */
    const char *summary;                        /* %s: one row, as "an API key"; with is_plural several, "API keys" */
    bool is_plural;
    alees_rc (*run)(alees_ctx *ctx);
} operations[] = {
    {.operation = ROUTE_LIST,
     .method = ALEES_GET,
     .flags = ALEES_ROUTE_READ,
     .tail = "",
     .right = VIEW,
     .summary = "List %s",
     .is_plural = true,
     .run = engine_list},
    {.operation = ROUTE_CREATE,
     .method = ALEES_POST,
     .tail = "",
     .right = ADD,
     .without = ALEES_RESOURCE_NO_CREATE,
     .summary = "Create %s",
     .run = engine_create},
    {.operation = ROUTE_GET,
     .method = ALEES_GET,
     .flags = ALEES_ROUTE_READ,
     .tail = "/{id}",
     .right = VIEW,
     .summary = "Get %s",
     .run = engine_get},
    {.operation = ROUTE_PATCH,
     .method = ALEES_PATCH,
     .tail = "/{id}",
     .right = CHANGE,
     .without = ALEES_RESOURCE_NO_CHANGE,
     .summary = "Change %s",
     .run = engine_patch},
    {.operation = ROUTE_PUT,
     .method = ALEES_PUT,
     .tail = "/{id}",
     .right = CHANGE,
     .without = ALEES_RESOURCE_NO_CHANGE,
     .summary = "Replace %s",
     .run = engine_put},
    {.operation = ROUTE_REMOVE,
     .method = ALEES_DELETE,
     .tail = "/{id}",
     .right = REMOVE,
     .without = ALEES_RESOURCE_NO_DELETE,
     .summary = "Delete %s",
     .run = engine_remove},
    {.operation = ROUTE_PATCH_MANY,
     .method = ALEES_PATCH,
     .tail = "",
     .right = CHANGE,
     .without = ALEES_RESOURCE_NO_CHANGE,
     .summary = "Change many %s",
     .is_plural = true,
     .run = engine_patch_many},
    {.operation = ROUTE_REMOVE_MANY,
     .method = ALEES_DELETE,
     .tail = "",
     .right = REMOVE,
     .without = ALEES_RESOURCE_NO_DELETE,
     .summary = "Delete many %s",
     .is_plural = true,
     .run = engine_remove_many},
    {.operation = ROUTE_HISTORY,
     .method = ALEES_GET,
     .flags = ALEES_ROUTE_READ,
     .tail = "/{id}/history",
     .right = VIEW,
     .without = ALEES_RESOURCE_READ_ONLY,
     .summary = "List the history of %s",
     .run = engine_history},
    {.operation = ROUTE_RESTORE,
     .method = ALEES_POST,
     .tail = "/{id}/restore",
     .right = REMOVE,
     .with = ALEES_RESOURCE_SOFT_DELETE,
     .summary = "Restore %s",
     .run = engine_restore},
    {.operation = ROUTE_TAGS,
     .method = ALEES_GET,
     .flags = ALEES_ROUTE_READ,
     .tail = "/tags",
     .right = VIEW,
     .is_there = has_tags,
     .summary = "List the tags of %s",
     .is_plural = true,
     .run = engine_tags},
};

/* Do two paths match the same requests? Parameters' names do not tell them apart. */
static bool is_same_path(const char *a, const char *b) {
    while (*a && *b) {
        if (*a == '{' && *b == '{') {
            a += strcspn(a, "}");
            b += strcspn(b, "}");
        } else if (*a != *b) {
            return false;
        }
        a++;
        b++;
    }
    return *a == *b;
}

static const char *owner_of(const struct route *route) {
    return route->plugin ? route->plugin->decl.name : "the server itself";
}

static void check_path(struct catalogue_builder *b, const struct route *route) {
    const struct catalogue *c = b->catalogue;
    for (uint32_t i = 0; i < c->route_count; i++) {
        const struct route *other = &c->routes[i];
        if (other->method == route->method && is_same_path(other->path, route->path)) {
            const struct alees_self *plugin = route->plugin ? route->plugin : other->plugin;
            ASSERT(plugin != NULL); /* two of the host's own would be a defect */
            catalogue_fault(b, plugin, "route %s %s is that of %s already (%s)", plugin_method(route->method),
                            route->path, owner_of(other), other->path);
        }
    }
}

/* One series for each class of status, so that counting a request is one addition. */
static void register_metrics(struct catalogue_builder *b, struct route *route) {
    static const char *const classes[] = {"other", "1xx", "2xx", "3xx", "4xx", "5xx"};
    const char *method = plugin_method(route->method);
    for (size_t i = 0; i < ARRAY_LEN(classes); i++) {
        const char *labels =
            catalogue_text(b, "method=\"%s\",route=\"%s\",class=\"%s\"", method, route->path, classes[i]);
        route->requests[i] =
            metrics_register(METRICS_COUNTER, "alees_http_requests_total", labels, "Requests answered.");
        b->out_of_memory = b->out_of_memory || !route->requests[i];
    }
    route->latency = metrics_register(METRICS_HISTOGRAM, "alees_http_request_seconds",
                                      catalogue_text(b, "method=\"%s\",route=\"%s\"", method, route->path),
                                      "Time to answer a request.");
    b->out_of_memory = b->out_of_memory || !route->latency;
}

static void add(struct catalogue_builder *b, const struct route *route) {
    struct catalogue *c = b->catalogue;
    check_path(b, route);
    c->routes[c->route_count] = *route;
    register_metrics(b, &c->routes[c->route_count]);
    c->route_count++;
}

static bool is_served(const struct operation *o, const struct resource *r) {
    return (r->decl->flags & o->without) == 0 && (r->decl->flags & o->with) == o->with &&
           (!o->is_there || o->is_there(r));
}

static const char *summary_of(struct catalogue_builder *b, const struct operation *o, const struct resource *r) {
    const char *at = strstr(o->summary, "%s");
    const char *article = o->is_plural ? "" : strchr("aeioAEIO", r->label[0]) ? "an " : "a "; /* "a unit", "a user" */
    return catalogue_text(b, "%.*s%s%s", (int)(at - o->summary), o->summary, article,
                          o->is_plural ? r->labels : r->label);
}

static void add_engine_routes(struct catalogue_builder *b, struct resource *r) {
    const struct {
        uint32_t number;
        const char *name;
    } rights[RIGHTS] = {[VIEW] = {r->view, r->view_name},
                        [ADD] = {r->add, r->add_name},
                        [CHANGE] = {r->change, r->change_name},
                        [REMOVE] = {r->remove, r->remove_name}};
    for (size_t i = 0; i < ARRAY_LEN(operations); i++) {
        const struct operation *o = &operations[i];
        struct route route;
        if (!is_served(o, r)) {
            continue;
        }
        memset(&route, 0, sizeof route);
        route.method = o->method;
        route.flags =
            o->flags | (r->decl->scope == ALEES_SCOPE_OWN ? (uint32_t)ALEES_ROUTE_LOGIN | ALEES_ROUTE_IN_PERSON : 0u);
        route.operation = o->operation;
        route.path = catalogue_text(b, BASE "%s%s", r->path, o->tail);
        route.plugin = r->plugin;
        route.permission_name = rights[o->right].name;
        route.permission = rights[o->right].number;
        route.resource = r;
        route.run = o->run;
        route.summary = summary_of(b, o, r);
        add(b, &route);
    }
}

static void check_permission(struct catalogue_builder *b, struct route *route) {
    const struct catalogue *c = b->catalogue;
    const char *near;
    if (!route->permission_name) {
        return;
    }
    route->permission = catalogue_permission(c, route->permission_name);
    if (route->permission != 0) {
        return;
    }
    near = str_nearest((alees_str){route->permission_name, strlen(route->permission_name)}, c->permissions,
                       c->permission_count, sizeof *c->permissions);
    catalogue_fault(b, route->plugin, "route %s %s: permission %s is declared by no plugin%s%s",
                    plugin_method(route->method), route->path, route->permission_name, near ? "; did you mean " : "",
                    near ? near : "");
}

static struct resource *find_object(struct catalogue_builder *b, const struct route *route, const char *name) {
    const struct catalogue *c = b->catalogue;
    for (uint32_t i = 0; i < c->resource_count; i++) {
        uint32_t scope = c->resources[i]->decl->scope;
        if (strcmp(c->resources[i]->full_name, name) == 0 &&
            (scope == ALEES_SCOPE_ORGANIZATION || scope == ALEES_SCOPE_SELF)) {
            return c->resources[i];
        }
    }
    catalogue_fault(b, route->plugin,
                    "route %s %s: object %s is no resource whose rows belong to one organization: give its whole name, "
                    "such as %s.thing",
                    plugin_method(route->method), route->path, name, route->plugin->decl.name);
    return NULL;
}

static void add_plugin_route(struct catalogue_builder *b, struct alees_self *plugin, const struct alees_route *decl,
                             alees_rc (*run)(alees_ctx *ctx)) {
    struct route route;
    memset(&route, 0, sizeof route);
    route.method = decl->method;
    route.flags = decl->flags;
    route.operation = ROUTE_PLUGIN;
    route.path = catalogue_text(b, BASE "%s", decl->path);
    route.plugin = plugin;
    route.permission_name = decl->permission;
    route.decl = decl;
    route.run = run;
    route.summary = decl->summary;
    check_permission(b, &route);
    if (decl->object) {
        route.resource = find_object(b, &route, decl->object);
    }
    if (decl->row) {
        route.row = catalogue_resource(b->catalogue, decl->row);
        if (!route.row) {
            catalogue_fault(b, plugin, "route %s %s: row %s is no resource", plugin_method(route.method), route.path,
                            decl->row);
        }
    }
    add(b, &route);
}

void catalogue_add_routes(struct catalogue_builder *b, alees_rc (*plugin_run)(alees_ctx *ctx),
                          const struct route *host_routes, uint32_t host_route_count) {
    struct catalogue *c = b->catalogue;
    size_t most = host_route_count + ARRAY_LEN(operations) * (size_t)c->resource_count;
    for (uint32_t i = 0; i < b->plugins->count; i++) {
        most += b->plugins->items[i]->route_count;
    }
    c->routes = catalogue_alloc(b, sizeof *c->routes, most);
    if (!c->routes) {
        return;
    }
    for (uint32_t i = 0; i < host_route_count; i++) {
        add(b, &host_routes[i]);
    }
    for (uint32_t i = 0; i < c->resource_count; i++) {
        add_engine_routes(b, c->resources[i]);
    }
    for (uint32_t i = 0; i < b->plugins->count; i++) {
        struct alees_self *plugin = b->plugins->items[i];
        for (uint32_t j = 0; j < plugin->route_count; j++) {
            add_plugin_route(b, plugin, &plugin->routes[j], plugin_run);
        }
    }
}
