/* SPDX-License-Identifier: MIT
 * catalogue_print.c - the catalogue for people and for golden files: one line each, in an order that does not change.
 * */
#include <string.h>

#include "catalogue_private.h"

static const char *access_of(const struct route *route) {
    if (route->permission_name) {
        return route->permission_name;
    }
    if (route->operation == ROUTE_HOST || (route->flags & ALEES_ROUTE_PUBLIC) != 0) {
        return "(public)";
    }
    return "(login)";
}

void catalogue_print_routes(const struct catalogue *c, FILE *out) {
    int widest = 0;
    for (uint32_t i = 0; i < c->route_count; i++) {
        int width = (int)strlen(c->routes[i].path);
        widest = width > widest ? width : widest;
    }
    for (uint32_t i = 0; i < c->route_count; i++) {
        const struct route *route = &c->routes[i];
        fprintf(out, "%-6s %-*s %-14s %s\n", plugin_method(route->method), widest, route->path,
                route->plugin ? route->plugin->decl.name : "-", access_of(route));
    }
}

void catalogue_print_permissions(const struct catalogue *c, FILE *out) {
    int widest = 0;
    for (uint32_t i = 0; i < c->permission_count; i++) {
        int width = (int)strlen(c->permissions[i].name);
        widest = width > widest ? width : widest;
    }
    for (uint32_t i = 0; i < c->permission_count; i++) {
        fprintf(out, "%-*s %s\n", widest, c->permissions[i].name, c->permissions[i].description);
    }
}
