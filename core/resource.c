/* SPDX-License-Identifier: MIT
 * resource.c - looking up in a resource. */
#include "resource.h"

#include "str.h"

const struct resource_field *resource_field(const struct resource *r, alees_str name) {
    for (uint32_t i = 0; i < r->field_count; i++) {
        if (str_equal(name, r->fields[i].decl->name)) {
            return &r->fields[i];
        }
    }
    return NULL;
}
