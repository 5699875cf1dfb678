/* SPDX-License-Identifier: MIT
 * catalogue.c - everything that the loaded plugins declare together: permissions with their numbers, and the checks
 * that need more than one plugin. Resources are in catalogue_resources.c, routes in catalogue_routes.c. */
#include "catalogue.h"

#include <stdarg.h>
#include <string.h>

#include "catalogue_private.h"
#include "str.h"

void catalogue_fault(struct catalogue_builder *b, const struct alees_self *plugin, const char *format, ...) {
    struct plugin_report report = {b->errors, plugin->config->module, plugin->decl.name, 0};
    char text[1024];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    plugin_fault(&report, "%s", text);
    b->faults++;
}

const char *catalogue_text(struct catalogue_builder *b, const char *format, ...) {
    char text[1024];
    va_list args;
    const char *copy;
    int length;
    va_start(args, format);
    length = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    ASSERT(length >= 0 && (size_t)length < sizeof text); /* made of names and paths, whose lengths are checked */
    copy = arena_dup(b->arena, text, (size_t)length);
    b->out_of_memory = b->out_of_memory || !copy;
    return copy ? copy : "";
}

void *catalogue_alloc(struct catalogue_builder *b, size_t size, size_t count) {
    void *memory = arena_alloc_array(b->arena, size, count);
    b->out_of_memory = b->out_of_memory || !memory;
    return memory;
}

/* --- permissions ------------------------------------------------------------------------------------------------ */

static uint32_t add_permission(struct catalogue_builder *b, struct alees_self *plugin, const char *name,
                               const char *description) {
    struct catalogue *c = b->catalogue;
    if (catalogue_permission(c, name) != 0) {
        catalogue_fault(b, plugin,
                        "permission %s is declared twice: a resource brings view_, add_, change_ and delete_ itself",
                        name);
    }
    c->permissions[c->permission_count].name = name;
    c->permissions[c->permission_count].description = description;
    c->permission_plugins[c->permission_count] = plugin;
    return ++c->permission_count;
}

/* view_, add_, change_, delete_: one for each thing that can be done with it. Rows of one user need none at all. */
static void add_four(struct catalogue_builder *b, struct resource *r) {
    const struct {
        uint32_t without; /* the flag that takes it away */
        const char *verb, *says;
        const char **name;
        uint32_t *number;
    } all[] = {
        {0, "view", "See", &r->view_name, &r->view},
        {ALEES_RESOURCE_NO_CREATE, "add", "Create", &r->add_name, &r->add},
        {ALEES_RESOURCE_NO_CHANGE, "change", "Change", &r->change_name, &r->change},
        {ALEES_RESOURCE_NO_DELETE, "delete", "Delete", &r->remove_name, &r->remove},
    };
    for (size_t i = 0; i < ARRAY_LEN(all) && r->decl->scope != ALEES_SCOPE_OWN && !r->owner; i++) {
        if ((r->decl->flags & all[i].without) == 0) {
            *all[i].name = catalogue_text(b, "%s.%s_%s", r->plugin->decl.name, all[i].verb, r->decl->name);
            *all[i].number =
                add_permission(b, r->plugin, *all[i].name, catalogue_text(b, "%s %s", all[i].says, r->labels));
        }
    }
}

/* To view the owner is to view its parts, to change it is to create, change and delete them. */
static void take_from_owner(struct resource *r) {
    const struct resource *owner = r->owner;
    const struct {
        uint32_t without;
        const char **name;
        uint32_t *number;
    } all[] = {
        {ALEES_RESOURCE_NO_CREATE, &r->add_name, &r->add},
        {ALEES_RESOURCE_NO_CHANGE, &r->change_name, &r->change},
        {ALEES_RESOURCE_NO_DELETE, &r->remove_name, &r->remove},
    };
    r->view_name = owner->view_name;
    r->view = owner->view;
    for (size_t i = 0; i < ARRAY_LEN(all); i++) {
        if ((r->decl->flags & all[i].without) == 0) {
            *all[i].name = owner->change_name;
            *all[i].number = owner->change;
        }
    }
}

void catalogue_add_permissions(struct catalogue_builder *b) {
    struct catalogue *c = b->catalogue;
    size_t most = 4 * (size_t)c->resource_count;
    for (uint32_t i = 0; i < b->plugins->count; i++) {
        most += b->plugins->items[i]->permission_count;
    }
    c->permissions = catalogue_alloc(b, sizeof *c->permissions, most);
    c->permission_plugins = catalogue_alloc(b, sizeof *c->permission_plugins, most);
    if (b->out_of_memory) {
        return;
    }
    for (uint32_t i = 0, next = 0; i < b->plugins->count; i++) {
        struct alees_self *plugin = b->plugins->items[i];
        for (; next < c->resource_count && c->resources[next]->plugin == plugin; next++) {
            add_four(b, c->resources[next]);
        }
        for (uint32_t j = 0; j < plugin->permission_count; j++) {
            (void)add_permission(b, plugin, plugin->permissions[j].name, plugin->permissions[j].description);
        }
    }
    for (uint32_t i = 0; i < c->resource_count; i++) {
        if (c->resources[i]->owner) {
            take_from_owner(c->resources[i]);
        }
    }
}

/* --- the whole -------------------------------------------------------------------------------------------------- */

static void check_commands(struct catalogue_builder *b) {
    for (uint32_t i = 0; i < b->plugins->count; i++) {
        const struct alees_self *plugin = b->plugins->items[i];
        for (uint32_t j = 0; j < plugin->command_count; j++) {
            for (uint32_t k = 0; k < i; k++) {
                const struct alees_self *other = b->plugins->items[k];
                for (uint32_t l = 0; l < other->command_count; l++) {
                    if (strcmp(other->commands[l].name, plugin->commands[j].name) == 0) {
                        catalogue_fault(b, plugin, "command %s is plugin %s's already: choose another name",
                                        plugin->commands[j].name, other->decl.name);
                    }
                }
            }
        }
    }
}

alees_rc catalogue_build(struct arena *arena, const struct plugins *plugins, alees_rc (*plugin_run)(alees_ctx *ctx),
                         const struct route *host_routes, uint32_t host_route_count, FILE *errors,
                         struct catalogue *ret_catalogue) {
    struct catalogue catalogue;
    struct catalogue_builder b = {arena, plugins, errors, 0, false, &catalogue};
    memset(&catalogue, 0, sizeof catalogue);
    catalogue_add_resources(&b);
    if (!b.out_of_memory) {
        catalogue_add_owners(&b);
        catalogue_add_permissions(&b);
    }
    if (!b.out_of_memory) {
        catalogue_add_routes(&b, plugin_run, host_routes, host_route_count);
    }
    check_commands(&b);
    catalogue_add_errors(&b);
    if (b.out_of_memory) {
        fprintf(errors, "out of memory while building the catalogue\n");
        return ALEES_E_NOMEM;
    }
    if (b.faults > 0) {
        return ALEES_E_INVALID;
    }
    *ret_catalogue = catalogue;
    return ALEES_OK;
}

uint32_t catalogue_permission(const struct catalogue *c, const char *name) {
    for (uint32_t i = 0; i < c->permission_count; i++) {
        if (strcmp(c->permissions[i].name, name) == 0) {
            return i + 1;
        }
    }
    return 0;
}

const struct resource *catalogue_resource(const struct catalogue *c, const char *full_name) {
    for (uint32_t i = 0; i < c->resource_count; i++) {
        if (strcmp(c->resources[i]->full_name, full_name) == 0) {
            return c->resources[i];
        }
    }
    return NULL;
}
