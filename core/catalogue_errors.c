/* SPDX-License-Identifier: MIT
 * catalogue_errors.c - every error code that an answer can have: the host's, those that plugins declare, and those that
 * follow from fields of which one row at most is true. */
#include <string.h>

#include "catalogue_private.h"
#include "problem.h"
#include "str.h"

enum { UNPROCESSABLE = 422 };

static void put(struct catalogue *c, const struct alees_error *decl, const struct alees_self *plugin) {
    c->errors[c->error_count++] = (struct catalogue_error){*decl, plugin};
}

static void add_own(struct catalogue *c) {
    for (uint32_t i = 0; i < PROBLEM_KINDS; i++) {
        const struct problem_row *row = &problem_rows[i];
        const struct alees_error error = {row->code, row->status, 0, row->title, row->help};
        put(c, &error, NULL);
    }
    for (uint32_t i = 0; i < problem_item_row_count; i++) {
        const struct problem_item_row *row = &problem_item_rows[i];
        const struct alees_error error = {row->code, UNPROCESSABLE, ALEES_ERROR_FIELD, row->title, row->help};
        put(c, &error, NULL);
    }
}

/* What engine_single_refuse says of a field that is SINGLE. */
static void add_single(struct catalogue_builder *b, const struct resource_field *f) {
    const char *code = catalogue_text(b, "several_%s", f->decl->name);
    const struct alees_error error = {
        code, UNPROCESSABLE, ALEES_ERROR_FIELD, catalogue_text(b, "%s of several rows", f->decl->name),
        catalogue_text(b, "The request says %s: true of several rows of which one at most can be. Choose one of them.",
                       f->decl->name)};
    if (!catalogue_error(b->catalogue, (alees_str){code, strlen(code)})) {
        put(b->catalogue, &error, NULL);
    }
}

static bool is_single(const struct resource_field *f) {
    return f->decl && (f->decl->flags & ALEES_SINGLE) != 0;
}

void catalogue_add_errors(struct catalogue_builder *b) {
    struct catalogue *c = b->catalogue;
    size_t most = PROBLEM_KINDS + problem_item_row_count;
    for (uint32_t i = 0; i < b->plugins->count; i++) {
        most += b->plugins->items[i]->error_count;
    }
    for (uint32_t i = 0; i < c->resource_count; i++) {
        most += c->resources[i]->field_count;
    }
    c->errors = catalogue_alloc(b, sizeof *c->errors, most);
    if (!c->errors) {
        return;
    }
    add_own(c);
    for (uint32_t i = 0; i < c->resource_count; i++) {
        for (uint32_t j = 0; j < c->resources[i]->field_count; j++) {
            if (is_single(&c->resources[i]->fields[j])) {
                add_single(b, &c->resources[i]->fields[j]);
            }
        }
    }
    for (uint32_t i = 0; i < b->plugins->count; i++) {
        const struct alees_self *plugin = b->plugins->items[i];
        for (uint32_t j = 0; j < plugin->error_count; j++) {
            put(c, &plugin->errors[j], plugin);
        }
    }
}

static const struct catalogue_error *find(const struct catalogue *c, uint32_t from, alees_str code) {
    for (uint32_t i = from; i < c->error_count; i++) {
        if (str_equal(code, c->errors[i].decl.code)) {
            return &c->errors[i];
        }
    }
    return NULL;
}

const struct catalogue_error *catalogue_error(const struct catalogue *c, alees_str code) {
    return find(c, 0, code);
}

const struct catalogue_error *catalogue_next_error(const struct catalogue *c, const struct catalogue_error *after) {
    return find(c, (uint32_t)(after - c->errors) + 1, (alees_str){after->decl.code, strlen(after->decl.code)});
}
