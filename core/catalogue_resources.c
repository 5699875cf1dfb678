/* SPDX-License-Identifier: MIT
 * catalogue_resources.c - from a declared resource to one that can be served: the fields that every resource has in
 * front of its own, columns, references resolved across plugins. */
#include <string.h>

#include "catalogue_private.h"
#include "str.h"

static const struct alees_field id_field = {.name = "id",
                                            .type = ALEES_UUID,
                                            .flags = ALEES_READ_ONLY | ALEES_FILTER | ALEES_SORT,
                                            .description = "Given by the server; rises with time.",
                                            .example = "\"01930d2e-8f7a-7c3b-9a51-3f6f2b8d4e10\""};
static const struct alees_field organization_field = {
    .name = "organization",
    .column = "organization_id",
    .type = ALEES_UUID,
    .flags = ALEES_WRITE_ONCE | ALEES_FILTER,
    .description = "The organization that it belongs to; without it, the only one in which the caller may create.",
    .example = "\"01930d2e-8f7a-7c3b-9a51-3f6f2b8d4e11\""};
static const struct alees_field tail_fields[] = {
    {.name = "created_at",
     .type = ALEES_TIMESTAMP,
     .flags = ALEES_READ_ONLY | ALEES_FILTER | ALEES_SORT,
     .description = "When it was created, in UTC.",
     .example = "\"2026-11-22T14:05:00.123456Z\""},
    {.name = "updated_at",
     .type = ALEES_TIMESTAMP,
     .flags = ALEES_READ_ONLY | ALEES_FILTER | ALEES_SORT,
     .description = "When it was last changed, in UTC.",
     .example = "\"2026-11-22T14:05:00.123456Z\""},
    {.name = "created_by",
     .type = ALEES_UUID,
     .flags = ALEES_READ_ONLY | ALEES_NULLABLE | ALEES_FILTER,
     .description = "The user who created it.",
     .example = "\"01930d2e-8f7a-7c3b-9a51-3f6f2b8d4e12\""},
    {.name = "updated_by",
     .type = ALEES_UUID,
     .flags = ALEES_READ_ONLY | ALEES_NULLABLE | ALEES_FILTER,
     .description = "The user who changed it last.",
     .example = "\"01930d2e-8f7a-7c3b-9a51-3f6f2b8d4e12\""},
};

/* Of rows that are marked when they are deleted. */
static const struct alees_field deletion_fields[] = {
    {.name = "deleted_at",
     .type = ALEES_TIMESTAMP,
     .flags = ALEES_READ_ONLY | ALEES_NULLABLE,
     .description = "When it was deleted, in UTC. Shown of deleted rows alone.",
     .example = "\"2026-11-22T14:05:00.123456Z\""},
    {.name = "deleted_by",
     .type = ALEES_UUID,
     .flags = ALEES_READ_ONLY | ALEES_NULLABLE,
     .description = "The user who deleted it. Shown of deleted rows alone.",
     .example = "\"01930d2e-8f7a-7c3b-9a51-3f6f2b8d4e12\""},
};

const char *const resource_reserved[RESOURCE_RESERVED] = {
    "ordering",
    "page_size",
    "cursor",
    "page",
    "count",
    "fields",
    "expand",
    "search",
    "below",
    "filter",
    "organization",
    "deleted",
    /* of a list */ "permanent",
    "on_conflict",
    "dry_run",
    "all",
    "and",
    "or",
    "not",
};

static void add_field(struct catalogue_builder *b, struct resource *r, const struct alees_field *decl,
                      bool is_standard) {
    struct resource_field *f = &r->fields[r->field_count++];
    f->decl = decl;
    f->is_standard = is_standard;
    f->column = decl->column ? decl->column : decl->name;
    if (!decl->column && decl->type == ALEES_REFERENCE) {
        f->column = catalogue_text(b, "%s_id", decl->name);
    }
}

/* Where organizations themselves are a resource, the field refers to it. */
static const struct alees_field *organization_decl(struct catalogue_builder *b, const struct resource *r,
                                                   const char *organization) {
    struct alees_field *f;
    if (!organization && !resource_is_optional(r) && !r->decl->owner) {
        return &organization_field;
    }
    f = catalogue_alloc(b, sizeof *f, 1);
    if (!f) {
        return &organization_field;
    }
    *f = organization_field;
    if (organization) {
        f->type = ALEES_REFERENCE;
        f->reference = organization;
    }
    if (r->decl->owner) { /* nobody chooses it, neither to write nor to read */
        f->flags = ALEES_READ_ONLY;
        f->description = "The organization of the row that it is a part of.";
    }
    if (resource_is_optional(r)) {
        f->flags |= ALEES_NULLABLE;
        f->description =
            "The organization that it belongs to; without it, the only one in which the caller may create. "
            "Null: none, which only superusers may say.";
    }
    return f;
}

static const char *scope_column(uint32_t scope) {
    switch (scope) {
    case ALEES_SCOPE_ORGANIZATION: return "organization_id";
    case ALEES_SCOPE_SELF: return "id";
    case ALEES_SCOPE_OWN: return "user_id";
    case ALEES_SCOPE_SEVERAL: return "scope_ids";
    default: return NULL;
    }
}

/* "units of measure", from "units-of-measure". */
static const char *words_of(struct catalogue_builder *b, const char *name) {
    char *words = catalogue_alloc(b, 1, strlen(name) + 1);
    for (size_t i = 0; words && name[i]; i++) {
        words[i] = (char)(strchr("-_", name[i]) ? ' ' : name[i]);
    }
    return words ? words : "";
}

static struct resource *make(struct catalogue_builder *b, struct alees_self *plugin, const struct alees_resource *decl,
                             const char *organization) {
    const struct alees_field *declared = decl->fields.items;
    struct resource *r = catalogue_alloc(b, sizeof *r, 1);
    struct resource_field *fields = catalogue_alloc(
        b, sizeof *fields, decl->fields.count + 2 + ARRAY_LEN(tail_fields) + ARRAY_LEN(deletion_fields));
    if (!r || !fields) {
        return NULL;
    }
    r->plugin = plugin;
    r->decl = decl;
    r->full_name = catalogue_text(b, "%s.%s", plugin->decl.name, decl->name);
    r->label = decl->label ? decl->label : words_of(b, decl->name);
    r->labels = decl->labels ? decl->labels : words_of(b, strrchr(decl->path, '/') + 1);
    r->path = decl->path;
    r->fields = fields;
    r->scope_column = scope_column(decl->scope);
    add_field(b, r, &id_field, true);
    if (decl->scope == ALEES_SCOPE_ORGANIZATION) {
        add_field(b, r, organization_decl(b, r, organization), true);
    }
    for (size_t i = 0; i < ARRAY_LEN(tail_fields); i++) {
        add_field(b, r, &tail_fields[i], true);
    }
    for (uint32_t i = 0; i < decl->fields.count; i++) {
        add_field(b, r, &declared[i], false);
        if ((declared[i].flags & ALEES_CUSTOM) != 0) {
            if (r->custom) {
                catalogue_fault(b, plugin, "resource %s: fields %s and %s are CUSTOM: only one can be", decl->name,
                                r->custom->decl->name, declared[i].name);
            }
            r->custom = &r->fields[r->field_count - 1];
        }
        if (decl->parent && strcmp(declared[i].name, decl->parent) == 0) {
            r->parent = &r->fields[r->field_count - 1];
        }
    }
    for (size_t i = 0; resource_is_soft(r) && i < ARRAY_LEN(deletion_fields); i++) {
        add_field(b, r, &deletion_fields[i], true);
        r->fields[r->field_count - 1].is_deletion = true;
    }
    return r;
}

/* The whole name of the resource whose rows are organizations; NULL if no plugin has one. */
static const char *find_organization(struct catalogue_builder *b, uint32_t *ret_resources) {
    const char *name = NULL;
    *ret_resources = 0;
    for (uint32_t i = 0; i < b->plugins->count; i++) {
        const struct alees_self *plugin = b->plugins->items[i];
        *ret_resources += plugin->resource_count;
        for (uint32_t j = 0; j < plugin->resource_count; j++) {
            if (plugin->resources[j].scope != ALEES_SCOPE_SELF) {
                continue;
            }
            if (name) {
                catalogue_fault(b, plugin, "resource %s is ALEES_SCOPE_SELF, but %s is it already: only one can be",
                                plugin->resources[j].name, name);
            }
            name = catalogue_text(b, "%s.%s", plugin->decl.name, plugin->resources[j].name);
        }
    }
    return name;
}

static void check_table(struct catalogue_builder *b, const struct resource *r) {
    for (uint32_t i = 0; i < b->catalogue->resource_count; i++) {
        const struct resource *other = b->catalogue->resources[i];
        if (strcmp(other->decl->table, r->decl->table) == 0) {
            catalogue_fault(b, r->plugin, "resource %s: table %s is that of %s already", r->decl->name, r->decl->table,
                            other->full_name);
        }
    }
}

/* What a filter's name could not say. */
static void check_name(struct catalogue_builder *b, const struct resource *r, const struct resource_field *f) {
    if ((f->decl->flags & ALEES_FILTER) == 0 || f->is_standard) {
        return;
    }
    for (uint32_t i = 0; i < RESOURCE_RESERVED; i++) {
        if (strcmp(f->decl->name, resource_reserved[i]) == 0) {
            catalogue_fault(b, r->plugin, "resource %s: field %s cannot be filtered by: that is a parameter of lists",
                            r->decl->name, f->decl->name);
        }
    }
    if (strstr(f->decl->name, "__")) {
        catalogue_fault(b, r->plugin,
                        "resource %s: field %s cannot be filtered by: an operator stands behind two underscores",
                        r->decl->name, f->decl->name);
    }
}

/* A resource of a plugin that is not loaded stays without target; of one that is, it must exist. */
static void resolve(struct catalogue_builder *b, const struct resource *r, struct resource_field *f) {
    const char *name = f->decl->reference;
    char owner[64];
    if (f->is_standard && (strcmp(f->column, "created_by") == 0 || strcmp(f->column, "updated_by") == 0 ||
                           strcmp(f->column, "deleted_by") == 0)) {
        f->target = catalogue_resource(b->catalogue, "rbac.user"); /* no key holds it: users go, what they did stays */
        return;
    }
    if (!name) {
        return;
    }
    f->target = catalogue_resource(b->catalogue, name);
    snprintf(owner, sizeof owner, "%.*s", (int)strcspn(name, "."), name);
    if (!f->target && plugin_find(b->plugins, owner)) {
        catalogue_fault(b, r->plugin, "resource %s: field %s refers to %s, which plugin %s does not have",
                        r->decl->name, f->decl->name, name, owner);
    }
    if (f->target && f->target->decl->owner && f->target->plugin != r->plugin && (f->decl->flags & ALEES_WEAK) == 0) {
        catalogue_fault(b, r->plugin,
                        "resource %s: field %s refers to %s, which are parts that go with their owner: make it WEAK",
                        r->decl->name, f->decl->name, name);
    }
}

/* One that need not be of the row's organization would go on to name it when it has left. */
static bool is_movable(const struct catalogue *c, const struct resource *r) {
    bool is_free = (r->decl->flags & ALEES_RESOURCE_MOVABLE) != 0;
    for (uint32_t i = 0; i < c->resource_count && is_free; i++) {
        const struct resource *q = c->resources[i];
        bool is_inside = q->decl->scope == ALEES_SCOPE_ORGANIZATION && !resource_is_optional(q);
        for (uint32_t k = 0; k < q->field_count && is_free && !is_inside; k++) {
            const struct alees_field *f = q->fields[k].decl;
            is_free = q->fields[k].target != r || f->type != ALEES_REFERENCE || (f->flags & ALEES_WEAK) != 0;
        }
    }
    return is_free;
}

void catalogue_add_resources(struct catalogue_builder *b) {
    struct catalogue *c = b->catalogue;
    uint32_t count;
    const char *organization = find_organization(b, &count);
    c->resources = catalogue_alloc(b, sizeof *c->resources, count);
    for (uint32_t i = 0; i < b->plugins->count; i++) {
        struct alees_self *plugin = b->plugins->items[i];
        for (uint32_t j = 0; j < plugin->resource_count && !b->out_of_memory; j++) {
            struct resource *r = make(b, plugin, &plugin->resources[j], organization);
            if (r) {
                check_table(b, r);
                c->resources[c->resource_count++] = r;
            }
        }
    }
    for (uint32_t i = 0; i < c->resource_count; i++) {
        for (uint32_t j = 0; j < c->resources[i]->field_count; j++) {
            resolve(b, c->resources[i], &c->resources[i]->fields[j]);
            check_name(b, c->resources[i], &c->resources[i]->fields[j]);
        }
    }
    for (uint32_t i = 0; i < c->resource_count; i++) {
        c->resources[i]->is_movable = is_movable(c, c->resources[i]);
    }
}
