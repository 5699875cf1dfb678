/* SPDX-License-Identifier: MIT
 * plugin_copy.c - the declaration of a plugin as this host knows it. A plugin may be older or newer than the host: of
 * each structure as much is taken as both know, the rest is zero, and a list is stepped through by the stride its
 * maker gave. */
#include <string.h>

#include "plugin_private.h"

enum { MOST_ITEMS = 10000, LARGEST_STRIDE = 4096 };

struct copier {
    struct arena *arena;
    struct plugin_report *report;
    bool out_of_memory;
};

/* What an item of a list is: its size for this host, and its size in ABI 1.0, the least that can come. */
struct shape {
    const char *what;
    size_t size, least;
};
#define SHAPE(what, type, last_of_1_0) \
    { (what), sizeof(type), ALEES_UPTO(type, last_of_1_0) }
static const struct shape needs = SHAPE("needs", struct alees_need, flags);
static const struct shape offers = {"offers", sizeof(const char *), sizeof(const char *)};
static const struct shape settings = SHAPE("settings", struct alees_setting, description);
static const struct shape permissions = SHAPE("permissions", struct alees_permission, description);
static const struct shape resources = SHAPE("resources", struct alees_resource, after_write);
static const struct shape routes = SHAPE("routes", struct alees_route, handle);
static const struct shape statements = SHAPE("statements", struct alees_statement, flags);
static const struct shape migrations = SHAPE("migrations", struct alees_migration, sql);
static const struct shape commands = SHAPE("commands", struct alees_command, run);
static const struct shape metrics = SHAPE("metrics", struct alees_metric, help);
static const struct shape errors = SHAPE("errors", struct alees_error, help);
static const struct shape fields = SHAPE("fields", struct alees_field, example);
static const struct shape parameters = SHAPE("parameters", struct alees_field, example);
static const struct shape body = SHAPE("body", struct alees_field, example);
static const struct shape response = SHAPE("response", struct alees_field, example);

/* NULL and a count of 0 after a fault; never NULL otherwise. */
static void *copy(struct copier *c, const struct shape *shape, alees_list list, const char *of, uint32_t *ret_count) {
    const uint8_t *from = list.items;
    uint8_t *to;
    *ret_count = 0;
    if (list.count > MOST_ITEMS ||
        (list.count > 0 && (!from || list.stride < shape->least || list.stride > LARGEST_STRIDE))) {
        plugin_fault(c->report, "list %s%s%s has %u items of %u bytes%s, ABI 1.0 has %zu bytes: use ALEES_LIST()",
                     shape->what, of ? " of " : "", of ? of : "", list.count, list.stride, from ? "" : " at NULL",
                     shape->least);
        return NULL;
    }
    to = arena_alloc_array(c->arena, shape->size, list.count);
    if (!to) {
        c->out_of_memory = true;
        return NULL;
    }
    for (uint32_t i = 0; i < list.count; i++) {
        memcpy(to + i * shape->size, from + (size_t)i * list.stride,
               list.stride < shape->size ? list.stride : shape->size);
    }
    *ret_count = list.count;
    return to;
}

/* The list inside an item, replaced by its copy. */
static void copy_fields(struct copier *c, const struct shape *shape, const char *of, alees_list *list) {
    uint32_t count;
    const void *items = copy(c, shape, *list, of ? of : "a nameless item", &count);
    list->items = items;
    list->count = count;
    list->stride = sizeof(struct alees_field);
}

alees_rc plugin_copy(struct arena *arena, const struct alees_plugin *symbol, struct plugin_report *report,
                     struct alees_self *plugin) {
    struct copier c = {arena, report, false};
    uint32_t before = report->faults;
    struct alees_plugin *d = &plugin->decl;
    memcpy(d, symbol, symbol->struct_size < sizeof *d ? symbol->struct_size : sizeof *d);
    plugin->needs = copy(&c, &needs, d->needs, NULL, &plugin->need_count);
    plugin->offers = copy(&c, &offers, d->offers, NULL, &plugin->offer_count);
    plugin->settings = copy(&c, &settings, d->settings, NULL, &plugin->setting_count);
    plugin->permissions = copy(&c, &permissions, d->permissions, NULL, &plugin->permission_count);
    plugin->resources = copy(&c, &resources, d->resources, NULL, &plugin->resource_count);
    plugin->routes = copy(&c, &routes, d->routes, NULL, &plugin->route_count);
    plugin->statements = copy(&c, &statements, d->statements, NULL, &plugin->statement_count);
    plugin->migrations = copy(&c, &migrations, d->migrations, NULL, &plugin->migration_count);
    plugin->commands = copy(&c, &commands, d->commands, NULL, &plugin->command_count);
    plugin->metrics = copy(&c, &metrics, d->metrics, NULL, &plugin->metric_count);
    plugin->errors = copy(&c, &errors, d->errors, NULL, &plugin->error_count);
    for (uint32_t i = 0; i < plugin->resource_count; i++) {
        copy_fields(&c, &fields, plugin->resources[i].name, &plugin->resources[i].fields);
    }
    for (uint32_t i = 0; i < plugin->route_count; i++) {
        struct alees_route *route = &plugin->routes[i];
        copy_fields(&c, &parameters, route->path, &route->parameters);
        copy_fields(&c, &body, route->path, &route->body);
        copy_fields(&c, &response, route->path, &route->response);
    }
    if (c.out_of_memory) {
        plugin_fault(report, "out of memory");
        return ALEES_E_NOMEM;
    }
    return report->faults == before ? ALEES_OK : ALEES_E_INVALID;
}
