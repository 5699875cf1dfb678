/* SPDX-License-Identifier: MIT
 * catalogue_owner.c - resources whose rows are parts of others: whose, below which path, and which field of the owner
 * shows them. That the declarations fit together has been checked (plugin_owner.c). */
#include <string.h>

#include "catalogue_private.h"

static struct resource_field *find_field(const struct resource *r, const char *name) {
    for (uint32_t i = 0; i < r->field_count; i++) {
        if (strcmp(r->fields[i].decl->name, name) == 0) {
            return &r->fields[i];
        }
    }
    return NULL;
}

static const struct resource_field *find_list(const struct resource *owner, const struct resource *part) {
    for (uint32_t i = 0; i < owner->field_count; i++) {
        if (owner->fields[i].decl->type == ALEES_PARTS && owner->fields[i].target == part) {
            return &owner->fields[i];
        }
    }
    return NULL;
}

void catalogue_add_owners(struct catalogue_builder *b) {
    for (uint32_t i = 0; i < b->catalogue->resource_count; i++) {
        struct resource *r = b->catalogue->resources[i];
        struct resource_field *f = r->decl->owner ? find_field(r, r->decl->owner) : NULL;
        if (!f || !f->target) {
            continue;
        }
        r->owner = f->target;
        r->owner_field = f;
        r->owner_list = find_list(r->owner, r);
        r->path = catalogue_text(b, "%s/{%s}%s", r->owner->decl->path, f->decl->name, r->decl->path);
    }
}
