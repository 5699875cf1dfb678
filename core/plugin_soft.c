/* SPDX-License-Identifier: MIT
 * plugin_soft.c - resources whose rows are marked when they are deleted: can theirs be? */
#include <string.h>

#include "plugin_private.h"

static bool is_mark(const char *name) {
    return name && (strcmp(name, "deleted_at") == 0 || strcmp(name, "deleted_by") == 0);
}

void plugin_check_soft(const struct alees_resource *r, struct plugin_report *report) {
    const struct alees_field *fields = r->fields.items;
    if ((r->flags & ALEES_RESOURCE_SOFT_DELETE) == 0) {
        return;
    }
    if ((r->flags & ALEES_RESOURCE_NO_DELETE) != 0) {
        plugin_fault(report, "resource %s is SOFT_DELETE and NO_DELETE", r->name);
    }
    if (r->scope == ALEES_SCOPE_SELF) {
        plugin_fault(report, "resource %s is SOFT_DELETE, which organizations cannot be: permissions go by them",
                     r->name);
    }
    if (r->owner) {
        plugin_fault(report, "resource %s is SOFT_DELETE, which parts cannot be: they go with their owner", r->name);
    }
    for (uint32_t i = 0; i < r->fields.count; i++) {
        if (is_mark(fields[i].name) || is_mark(fields[i].column)) {
            plugin_fault(report,
                         "resource %s: field %s is one that every resource with SOFT_DELETE has: the host serves it by "
                         "itself",
                         r->name, fields[i].name ? fields[i].name : "");
        }
    }
}
