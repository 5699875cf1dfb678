/* SPDX-License-Identifier: MIT
 * resource.c - looking up in a resource; the words of its rows. */
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

bool resource_is_searched(const struct resource *r, const bool *may, uint32_t field) {
    const uint32_t flags = r->fields[field].decl->flags;
    return (flags & ALEES_SEARCH) != 0 && (flags & ALEES_WRITE_ONLY) == 0 && (may == NULL || may[field]);
}

void resource_put_document(struct str *sql, const struct resource *r, const bool *may) {
    const char *before = "\"alees\".\"search_document\"(";
    for (uint32_t i = 0; i < r->field_count; i++) {
        if (resource_is_searched(r, may, i)) {
            str_puts(sql, before);
            str_ident(sql, r->fields[i].column);
            before = ", ";
        }
    }
    str_putc(sql, ')');
}
