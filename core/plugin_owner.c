/* SPDX-License-Identifier: MIT
 * plugin_owner.c - resources that are parts of others of the same plugin: do the two declarations fit together? */
#include <string.h>

#include "plugin_private.h"

static const struct alees_field *find_field(const struct alees_resource *r, const char *name) {
    const struct alees_field *fields = r->fields.items;
    for (uint32_t i = 0; i < r->fields.count; i++) {
        if (fields[i].name && strcmp(fields[i].name, name) == 0) {
            return &fields[i];
        }
    }
    return NULL;
}

/* The resource of this plugin that "plugin.name" names; NULL: there is none. */
static const struct alees_resource *find_resource(const struct alees_self *plugin, const char *whole) {
    size_t length = strlen(plugin->decl.name);
    if (plugin_is_blank(whole) || strncmp(whole, plugin->decl.name, length) != 0 || whole[length] != '.') {
        return NULL;
    }
    for (uint32_t i = 0; i < plugin->resource_count; i++) {
        const char *name = plugin->resources[i].name;
        if (name && strcmp(name, whole + length + 1) == 0) {
            return &plugin->resources[i];
        }
    }
    return NULL;
}

/* Whose part is it? NULL: it says so wrongly, or is nobody's. */
static const struct alees_resource *owner_of(const struct alees_self *plugin, const struct alees_resource *r) {
    const struct alees_field *f = r->owner ? find_field(r, r->owner) : NULL;
    return f && f->type == ALEES_REFERENCE ? find_resource(plugin, f->reference) : NULL;
}

static bool is_scoped(const struct alees_resource *r) {
    return r->scope == ALEES_SCOPE_ORGANIZATION && (r->flags & ALEES_RESOURCE_OPTIONAL) == 0;
}

static void check_part(const struct alees_self *plugin, const struct alees_resource *r, struct plugin_report *report) {
    const uint32_t unwritten = ALEES_RESOURCE_NO_CREATE | ALEES_RESOURCE_NO_CHANGE | ALEES_RESOURCE_NO_DELETE;
    const struct alees_resource *owner = owner_of(plugin, r);
    const struct alees_field *f = find_field(r, r->owner);
    char path[512];
    if (!owner || owner == r) {
        plugin_fault(report, "resource %s: its owner must name a field that is a REFERENCE to another resource of %s",
                     r->name, plugin->decl.name);
        return;
    }
    if (!f || f->flags != (f->flags & (ALEES_READ_ONLY | ALEES_FILTER)) || (f->flags & ALEES_READ_ONLY) == 0) {
        plugin_fault(report,
                     "resource %s: field %s names the owner, which the host writes: it must be READ_ONLY, and "
                     "can be FILTER besides",
                     r->name, r->owner);
    }
    if (!is_scoped(r) || !is_scoped(owner) || owner->owner) {
        plugin_fault(report,
                     "resource %s is a part of %s: both must be ALEES_SCOPE_ORGANIZATION and not OPTIONAL, and "
                     "the owner no part itself",
                     r->name, owner->name);
    }
    if ((r->flags & ALEES_RESOURCE_SOFT_DELETE) != 0) {
        plugin_fault(report, "resource %s is SOFT_DELETE, which parts cannot be: they come and go with their owner",
                     r->name);
    }
    if ((owner->flags & ALEES_RESOURCE_NO_CHANGE) != 0 && (r->flags & unwritten) != unwritten) {
        plugin_fault(report,
                     "resource %s is a part of %s, which is NO_CHANGE: it must be NO_CREATE, NO_CHANGE and "
                     "NO_DELETE",
                     r->name, owner->name);
    }
    snprintf(path, sizeof path, "%s/{%s}%s", owner->path ? owner->path : "", r->owner, r->path ? r->path : "");
    if (strlen(path) + 1 < sizeof path && plugin_path_fault(owner->path, false) == NULL &&
        plugin_path_fault(r->path, false) == NULL && plugin_path_fault(path, true) != NULL) {
        plugin_fault(report, "resource %s: %s %s", r->name, path, plugin_path_fault(path, true));
    }
}

static void check_list(const struct alees_self *plugin, const struct alees_resource *r, uint32_t at,
                       struct plugin_report *report) {
    const struct alees_field *fields = r->fields.items, *f = &fields[at];
    const struct alees_resource *part = find_resource(plugin, f->reference);
    if (!part || owner_of(plugin, part) != r) {
        plugin_fault(report,
                     "resource %s: field %s is of PARTS: its reference must name a resource of %s whose owner "
                     "is this one",
                     r->name, f->name, plugin->decl.name);
    }
    if (part && (f->flags & ALEES_READ_ONLY) == 0 &&
        (part->flags & (ALEES_RESOURCE_NO_CREATE | ALEES_RESOURCE_NO_CHANGE | ALEES_RESOURCE_NO_DELETE)) != 0) {
        plugin_fault(report,
                     "resource %s: field %s is of PARTS and can be written, but %s is NO_CREATE, NO_CHANGE or "
                     "NO_DELETE: make it READ_ONLY",
                     r->name, f->name, part->name);
    }
    for (uint32_t i = 0; i < at; i++) {
        if (fields[i].type == ALEES_PARTS && fields[i].reference && f->reference &&
            strcmp(fields[i].reference, f->reference) == 0) {
            plugin_fault(report, "resource %s: field %s has the same parts as %s", r->name, f->name, fields[i].name);
        }
    }
}

/* A part goes where its owner goes: what it says must hold there as well. */
static void check_moved(const struct alees_self *plugin, const struct alees_resource *r,
                        const struct alees_resource *part, struct plugin_report *report) {
    const struct alees_field *fields = part->fields.items;
    for (uint32_t i = 0; i < part->fields.count; i++) {
        bool is_owner = fields[i].name && strcmp(fields[i].name, part->owner) == 0;
        if ((fields[i].reference && !is_owner) || (fields[i].flags & ALEES_CUSTOM) != 0) {
            plugin_fault(
                report,
                "resource %s is MOVABLE, but field %s of its part %s.%s is a reference or CUSTOM, which may not "
                "hold in another organization",
                r->name, fields[i].name ? fields[i].name : "", plugin->decl.name, part->name);
        }
    }
}

void plugin_check_movable(const struct alees_self *plugin, const struct alees_resource *r,
                          struct plugin_report *report) {
    if ((r->flags & ALEES_RESOURCE_MOVABLE) == 0) {
        return;
    }
    if (!is_scoped(r) || r->owner) {
        plugin_fault(report,
                     "resource %s is MOVABLE, which only ALEES_SCOPE_ORGANIZATION can be, not OPTIONAL and no part",
                     r->name);
    }
    if ((r->flags & (ALEES_RESOURCE_NO_CREATE | ALEES_RESOURCE_NO_CHANGE)) != 0) {
        plugin_fault(report, "resource %s is MOVABLE and NO_CREATE or NO_CHANGE", r->name);
    }
    for (uint32_t i = 0; i < plugin->resource_count; i++) {
        const struct alees_resource *part = &plugin->resources[i];
        if (part->owner && owner_of(plugin, part) == r) {
            check_moved(plugin, r, part, report);
        }
    }
}

void plugin_check_owner(const struct alees_self *plugin, const struct alees_resource *r, struct plugin_report *report) {
    const struct alees_field *fields = r->fields.items;
    if (r->owner) {
        check_part(plugin, r, report);
    }
    for (uint32_t i = 0; i < r->fields.count; i++) {
        if (!fields[i].name) {
            continue;
        }
        if (fields[i].type == ALEES_PARTS) {
            check_list(plugin, r, i, report);
        }
        if ((fields[i].flags & ALEES_SINGLE) != 0 && !r->owner) {
            plugin_fault(report, "resource %s: field %s is SINGLE, but of whom? The resource has no owner", r->name,
                         fields[i].name);
        }
    }
}
