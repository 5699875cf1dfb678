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

const struct resource_field *resource_tags(const struct resource *r) {
    const struct resource_field *f = resource_field(r, STR_LIT("tags"));
    bool is_on =
        f && f->decl->type == ALEES_TAGS && (f->decl->flags & (ALEES_FILTER | ALEES_WRITE_ONLY)) == ALEES_FILTER;
    return is_on ? f : NULL;
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
