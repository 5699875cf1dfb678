/* SPDX-License-Identifier: MIT
 * user.c - struct policy_user of policy.h: what was loaded of a user, and what it means in one tree, with one set of
 * roles, at one moment. */
#include <stdlib.h>

#include "policy_parts.h"

/* A role of one organization counts in that organization only, whatever the table says. */
static void resolve_roles(struct policy_user *u, const struct policy_membership *m) {
    for (uint32_t i = m->first_role; i < m->first_role + m->role_count; i++) {
        const struct policy_role *role = policy_role(u->roles, &u->role_ids[i]);
        if (role && !role->is_system &&
            (m->is_global || alees_id_compare(&role->organization, &m->organization) != 0)) {
            role = NULL;
        }
        u->role_places[i] = role ? (uint32_t)(role - u->roles->roles) : POLICY_NONE;
        u->is_restricted = u->is_restricted || (role && role->right_count > 0);
    }
}

static void resolve_time(struct policy_user *u, struct policy_membership *m, int64_t now) {
    m->state = ALEES_INACTIVE_MEMBERSHIP;
    if (m->is_active) {
        m->state = m->from <= now && now < m->until ? ALEES_GRANTED : ALEES_EXPIRED_MEMBERSHIP;
        policy_note_change(&u->last_change, &u->next_change, m->from, now);
        policy_note_change(&u->last_change, &u->next_change, m->until, now);
    }
}

static int compare_reaches(const void *a, const void *b) {
    const struct policy_reach *left = a, *right = b;
    if (left->low != right->low) {
        return left->low < right->low ? -1 : 1;
    }
    return (left->high < right->high) - (left->high > right->high); /* the wider one around the narrower */
}

static void resolve_places(struct policy_user *u) {
    for (uint32_t i = 0; i < u->membership_count; i++) {
        const struct policy_membership *m = &u->memberships[i];
        uint32_t number = m->is_global ? POLICY_NONE : policy_tree_find(u->tree, &m->organization);
        if (m->is_global) {
            u->global = i;
        } else if (number != POLICY_NONE) {
            u->reaches[u->reach_count++] = (struct policy_reach){
                number, m->inherit ? u->tree->organizations[number].high : number + 1, POLICY_NONE, i};
        }
    }
    if (u->reach_count > 1) {
        qsort(u->reaches, u->reach_count, sizeof *u->reaches, compare_reaches);
    }
    for (uint32_t i = 1; i < u->reach_count; i++) { /* they nest or lie apart, as the tree does */
        uint32_t up = i - 1;
        while (up != POLICY_NONE && u->reaches[up].high <= u->reaches[i].low) {
            up = u->reaches[up].up;
        }
        u->reaches[i].up = up;
    }
}

static struct policy_user *resolve(struct policy_user *u, struct policy_tree *tree, struct policy_roles *roles,
                                   int64_t now) {
    u->tree = policy_tree_hold(tree);
    u->roles = policy_roles_hold(roles);
    u->tree_generation = tree->generation;
    u->roles_generation = roles->generation;
    u->last_change = tree->last_change;
    u->next_change = tree->next_change;
    u->global = POLICY_NONE;
    for (uint32_t i = 0; i < u->membership_count; i++) {
        resolve_time(u, &u->memberships[i], now);
        resolve_roles(u, &u->memberships[i]);
    }
    resolve_places(u);
    return u;
}

/* One block: the user, then its arrays by falling alignment, then the name. */
static struct policy_user *make(const struct policy_user_row *row, uint32_t permissions, uint32_t memberships,
                                uint32_t roles) {
    struct policy_user *u;
    size_t bytes = sizeof *u + permissions * sizeof *u->by_permission + memberships * sizeof *u->memberships +
                   memberships * sizeof *u->reaches + roles * (sizeof *u->role_places + sizeof *u->role_ids) +
                   row->username.len + 1;
    u = calloc(1, bytes);
    if (!u) {
        return NULL;
    }
    void *at = u + 1;
    u->by_permission = at;
    at = (char *)at + permissions * sizeof *u->by_permission;
    u->memberships = at;
    at = u->memberships + memberships;
    u->reaches = at;
    at = u->reaches + memberships;
    u->role_places = at;
    at = u->role_places + roles;
    u->role_ids = at;
    char *name = (char *)(u->role_ids + roles);
    if (row->username.len > 0) {
        memcpy(name, row->username.ptr, row->username.len);
    }
    atomic_init(&u->refs, 1);
    atomic_init(&u->bytes, bytes);
    u->id = row->id;
    u->username = name;
    u->is_active = row->is_active;
    u->is_superuser = row->is_superuser;
    u->permission_count = permissions;
    return u;
}

struct policy_user *policy_user_new(const struct policy_user_row *row, const struct policy_membership_row *rows,
                                    uint32_t count, struct policy_tree *tree, struct policy_roles *roles,
                                    uint32_t permission_count, int64_t now) {
    uint32_t memberships = 0, held = 0;
    for (uint32_t i = 0; i < count; i++) {
        memberships += i == 0 || alees_id_compare(&rows[i].id, &rows[i - 1].id) != 0;
        held += rows[i].has_role;
    }
    struct policy_user *u = make(row, permission_count, memberships, held);
    if (!u) {
        return NULL;
    }
    for (uint32_t i = 0; i < count; i++) {
        if (i == 0 || alees_id_compare(&rows[i].id, &rows[i - 1].id) != 0) {
            u->memberships[u->membership_count++] = (struct policy_membership){.id = rows[i].id,
                                                                               .organization = rows[i].organization,
                                                                               .from = rows[i].from,
                                                                               .until = rows[i].until,
                                                                               .first_role = u->role_count,
                                                                               .is_global = rows[i].is_global,
                                                                               .is_active = rows[i].is_active,
                                                                               .inherit = rows[i].inherit};
        }
        if (rows[i].has_role) {
            u->role_ids[u->role_count++] = rows[i].role;
            u->memberships[u->membership_count - 1].role_count++;
        }
    }
    return resolve(u, tree, roles, now);
}

struct policy_user *policy_user_again(const struct policy_user *old, struct policy_tree *tree,
                                      struct policy_roles *roles, int64_t now) {
    const struct policy_user_row row = {old->id, alees_text(old->username), old->is_active, old->is_superuser};
    struct policy_user *u = make(&row, old->permission_count, old->membership_count, old->role_count);
    if (!u) {
        return NULL;
    }
    u->loaded_at = old->loaded_at;
    u->membership_count = old->membership_count;
    u->role_count = old->role_count;
    if (old->membership_count > 0) {
        memcpy(u->memberships, old->memberships, old->membership_count * sizeof *u->memberships);
    }
    if (old->role_count > 0) {
        memcpy(u->role_ids, old->role_ids, old->role_count * sizeof *u->role_ids);
    }
    return resolve(u, tree, roles, now);
}

struct policy_user *policy_user_hold(struct policy_user *u) {
    atomic_fetch_add_explicit(&u->refs, 1, memory_order_relaxed);
    return u;
}

void policy_user_release(struct policy_user *u) {
    if (!u || atomic_fetch_sub_explicit(&u->refs, 1, memory_order_acq_rel) != 1) {
        return;
    }
    for (struct policy_list *l = atomic_load(&u->lists), *next; l; l = next) {
        next = l->next;
        free(l);
    }
    policy_tree_release(u->tree);
    policy_roles_release(u->roles);
    free(u);
}
