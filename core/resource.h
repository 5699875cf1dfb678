/* SPDX-License-Identifier: MIT
 * resource.h - a declared resource, ready to be served: what engine_*.c and the catalogue share. Level 3. */
#ifndef RESOURCE_H
#define RESOURCE_H

#include "catalogue.h"

struct str;

/* A field with what the boot worked out. The standard fields (id, organization, created_at, updated_at, created_by,
 * updated_by) are here too, before the declared ones, so that no code has a special case for them. */
struct resource_field {
    const struct alees_field *decl;
    const char *column;            /* "sku", "category_id" */
    const struct resource *target; /* of a reference: NULL if its plugin is not loaded; of ALEES_PARTS */
    bool is_standard;
    bool is_deletion;               /* deleted_at, deleted_by: behind the declared ones, shown of deleted rows alone */
    const char *unique_constraint;  /* name in the database, found by migrate_verify; NULL */
    const char *foreign_constraint; /* the same for a reference */
    bool is_custom;                 /* no field of a resource: a reference among the values of custom fields */
    bool is_holding;                /* a reference by which a row keeps the one that it names from going */
    char constraint_names[2][64];   /* what these two point to; PostgreSQL's names are shorter */
};

/* A unique index, as its table has it; found by migrate_verify. */
enum { RESOURCE_KEYS = 8 };
struct resource_key {
    char constraint[64];
    char columns[128]; /* "organization_id,resource,key" */
};

struct resource {
    struct alees_self *plugin;
    const struct alees_resource *decl;
    const char *full_name; /* "product.product" */
    const char *label;     /* one row in a sentence: "API key" */
    const char *labels;    /* several: "API keys" */
    const char *path;      /* decl->path; of parts "/contacts/{contact}/email-addresses" */
    const char
        *scope_column; /* "organization_id", "id" (SELF), "user_id" (OWN), "scope_ids" (SEVERAL), NULL (GLOBAL) */
    struct resource_field *fields;
    uint32_t field_count;
    uint32_t view, add, change, remove; /* permission numbers; 0: there is none, by its scope or its flags */
    const char *view_name, *add_name, *change_name, *remove_name; /* NULL with 0 */
    struct resource_field *parent;                                /* SELF: the field a create is judged by; else NULL */
    const struct resource_field *custom;                          /* the one that is ALEES_CUSTOM; NULL */
    bool is_movable;                         /* declared so, and whatever refers to its rows is of their organization */
    const struct resource *owner;            /* what its rows are parts of; NULL */
    struct resource_field *owner_field;      /* the reference to it */
    const struct resource_field *owner_list; /* the owner's field that shows these parts; NULL: there is none */
    struct resource_key keys[RESOURCE_KEYS];
    uint32_t key_count;
    struct engine_shapes *shapes; /* the engine's own: statements built at boot */
};

/* Parameters and members of filter= that cannot be the names of fields to filter by. */
enum { RESOURCE_RESERVED = 19, RESOURCE_OF_A_LIST = 12 };
extern const char *const resource_reserved[RESOURCE_RESERVED]; /* the first 12 are parameters of a list */

/* Made by the hook `represent`: it has no column. */
static inline bool resource_field_is_computed(const struct resource_field *f) {
    return (f->decl->flags & ALEES_COMPUTED) != 0;
}

/* Has it a column of the table? */
static inline bool resource_field_is_stored(const struct resource_field *f) {
    return !resource_field_is_computed(f) && f->decl->type != ALEES_PARTS;
}

const struct resource_field *resource_field(const struct resource *r, alees_str name); /* NULL if unknown */
const struct resource_field *resource_tags(const struct resource *r); /* what GET {path}/tags counts; NULL */

/* Is it taken into ?search=, and may it be? may: by place, NULL: all. */
bool resource_is_searched(const struct resource *r, const bool *may, uint32_t field);
/* "alees.search_document(..)" of those fields: the words of a row. With all of them it is what the index has. */
void resource_put_document(struct str *sql, const struct resource *r, const bool *may);

/* Does DELETE mark its rows, so that they can be brought back? */
static inline bool resource_is_soft(const struct resource *r) {
    return (r->decl->flags & ALEES_RESOURCE_SOFT_DELETE) != 0;
}
/* May its rows belong to no organization? */
static inline bool resource_is_optional(const struct resource *r) {
    return (r->decl->flags & ALEES_RESOURCE_OPTIONAL) != 0;
}
/* And does everybody who is logged in see those? */
static inline bool resource_is_shared(const struct resource *r) {
    return (r->decl->flags & ALEES_RESOURCE_SHARED) != 0;
}

/* The operations, one for each route; see engine.h. */
alees_rc engine_list(alees_ctx *ctx);
alees_rc engine_create(alees_ctx *ctx);
alees_rc engine_get(alees_ctx *ctx);
alees_rc engine_patch(alees_ctx *ctx);
alees_rc engine_put(alees_ctx *ctx);
alees_rc engine_remove(alees_ctx *ctx);
alees_rc engine_patch_many(alees_ctx *ctx);
alees_rc engine_remove_many(alees_ctx *ctx);
alees_rc engine_history(alees_ctx *ctx);
alees_rc engine_restore(alees_ctx *ctx); /* of those with soft delete */
alees_rc engine_tags(alees_ctx *ctx);

#endif
