/* SPDX-License-Identifier: MIT
 * roles.c - the roles of policy.h, with the fields they permit. They lie in one block of memory. */
#include <stdlib.h>

#include "policy_parts.h"

static int compare_roles(const void *a, const void *b) {
    const struct policy_role *left = a, *right = b;
    return alees_id_compare(&left->id, &right->id);
}

static struct policy_role *find_role(const struct policy_roles *r, const alees_id *id) {
    uint32_t low = 0, high = r->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        int order = alees_id_compare(&r->roles[middle].id, id);
        if (order == 0) {
            return &r->roles[middle];
        }
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return NULL;
}

const struct policy_role *policy_role(const struct policy_roles *r, const alees_id *id) {
    return find_role(r, id);
}

/* --- the fields --- */

static struct policy_field_rights *find_rights(const struct policy_role *role, uint32_t resource) {
    for (uint32_t i = 0; i < role->right_count; i++) {
        if (role->rights[i].resource == resource) {
            return &role->rights[i];
        }
    }
    return NULL;
}

static void permit_fields(const struct policy_catalogue *c, const struct policy_field_row *row,
                          struct policy_field_rights *rights) {
    for (uint32_t action = 0; action < POLICY_ACTIONS; action++) {
        alees_str names = row->names[action], name;
        while (policy_next_name(&names, &name)) {
            uint32_t field = policy_field(c, rights->resource, name);
            if (field < POLICY_MOST_FIELDS) {
                rights->fields[action].bits[field / 64] |= (uint64_t)1 << (field % 64);
            }
        }
    }
}

/* Counts first, so that each role's rights lie together. */
static void read_fields(const struct policy_catalogue *c, struct policy_roles *r, const struct policy_role_rows *rows,
                        struct policy_field_rights *room) {
    for (uint32_t i = 0; i < rows->field_count; i++) {
        struct policy_role *role = find_role(r, &rows->fields[i].role);
        if (role) {
            role->right_count++;
        }
    }
    for (uint32_t i = 0; i < r->count; i++) {
        r->roles[i].rights = room;
        room += r->roles[i].right_count;
        r->roles[i].right_count = 0;
    }
    for (uint32_t i = 0; i < rows->field_count; i++) {
        const struct policy_field_row *row = &rows->fields[i];
        struct policy_role *role = find_role(r, &row->role);
        uint32_t resource = policy_resource(c, row->resource);
        if (!role || resource == POLICY_NONE) {
            continue; /* of a plugin that is not enabled now */
        }
        struct policy_field_rights *rights = find_rights(role, resource);
        if (!rights) {
            rights = &role->rights[role->right_count++];
            rights->resource = resource;
        }
        permit_fields(c, row, rights);
    }
}

void policy_role_fields(const struct policy_catalogue *c, const struct policy_role *role, uint32_t permission,
                        struct policy_fields *ret_fields) {
    const struct policy_subject *about = &c->subjects[permission - 1];
    const struct policy_field_rights *rights = role->right_count > 0 ? find_rights(role, about->resource) : NULL;
    *ret_fields = rights ? rights->fields[about->action] : (struct policy_fields){.all = true};
}

/* --- the roles --- */

struct policy_roles *policy_roles_new(const struct policy_catalogue *c, const struct policy_role_rows *rows,
                                      uint64_t generation) {
    size_t words = policy_words(c), names = 0;
    uint32_t count = 0;
    for (uint32_t i = 0; i < rows->role_count; i++) {
        if (i == 0 || alees_id_compare(&rows->roles[i].id, &rows->roles[i - 1].id) != 0) {
            names += rows->roles[i].name.len + 1;
            count++;
        }
    }
    struct policy_roles *r = calloc(1, sizeof *r + count * (sizeof *r->roles + words * sizeof(uint64_t)) +
                                           rows->field_count * sizeof(struct policy_field_rights) + names);
    if (!r) {
        return NULL;
    }
    r->roles = (struct policy_role *)(void *)(r + 1);
    r->generation = generation;
    atomic_init(&r->refs, 1);
    struct policy_field_rights *rights = (struct policy_field_rights *)(void *)(r->roles + count);
    uint64_t *bits = (uint64_t *)(void *)(rights + rows->field_count);
    char *name = (char *)(bits + count * words);
    struct policy_role *role = NULL;
    for (uint32_t i = 0; i < rows->role_count; i++) {
        const struct policy_role_row *row = &rows->roles[i];
        if (!role || alees_id_compare(&row->id, &role->id) != 0) {
            role = &r->roles[r->count++];
            *role = (struct policy_role){.id = row->id,
                                         .organization = row->organization,
                                         .is_system = row->is_system,
                                         .is_owner = row->is_owner,
                                         .name = policy_put_text(&name, row->name),
                                         .permissions = bits};
            bits += words;
        }
        /* a custom role never widens by itself, whatever the table says: no pattern in it */
        (void)policy_set_add(c, role->permissions, row->permission, role->is_system);
    }
    qsort(r->roles, r->count, sizeof *r->roles, compare_roles);
    read_fields(c, r, rows, rights);
    return r;
}

struct policy_roles *policy_roles_hold(struct policy_roles *r) {
    atomic_fetch_add_explicit(&r->refs, 1, memory_order_relaxed);
    return r;
}

void policy_roles_release(struct policy_roles *r) {
    if (r && atomic_fetch_sub_explicit(&r->refs, 1, memory_order_acq_rel) == 1) {
        free(r);
    }
}
