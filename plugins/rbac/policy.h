/* SPDX-License-Identifier: MIT
 * policy.h - who may do what where: a model in memory and the one decision over it. No database, no clock, no lock:
 * the caller brings the rows and the time.
 *
 * Three objects, none of which changes once it is made, each counted and freed with its last reference:
 *
 *   struct policy_tree   the organizations, numbered in pre-order: one and all below it are the numbers [low, high)
 *   struct policy_roles  roles with their permissions as sets of bits
 *   struct policy_user   a user with memberships, resolved against one tree and one set of roles at one moment; good
 *                        until the tree or the roles are replaced or until next_change; then policy_user_again
 *                        resolves it anew, without the database
 *
 * The rule, for an active user who is no superuser: a membership gives a permission in an organization if it reaches
 * it and holds it. It reaches its own organization and, with inherit, those below, as long as no organization on the
 * way, both ends included, is inactive. It holds what its roles permit while it is active and within its time. */
#ifndef POLICY_H
#define POLICY_H

#include <stdatomic.h>
#include <stdbool.h>

#include "alees/rbac.h"

#define POLICY_NONE UINT32_MAX

/* --- permissions: a number for each name --- */

struct policy_catalogue {
    const struct alees_permission **permissions; /* number - 1 is the place */
    uint32_t count;
    uint32_t mask; /* of slots: numbers by the hash of the name, 0 is free */
    uint32_t *slots;
};

struct policy_catalogue *policy_catalogue_new(alees_list permissions); /* keeps the items; NULL without memory */
void policy_catalogue_free(struct policy_catalogue *c);
uint32_t policy_permission(const struct policy_catalogue *c, const char *name); /* 0: unknown */
/* "*" is every permission; elsewhere a star is any run of characters, but a leading one never stands for "rbac". */
bool policy_matches(alees_str pattern, const char *name);

/* --- the tree --- */

struct policy_organization_row {
    alees_id id, parent;
    bool has_parent, is_active;
    alees_str name;
};

struct policy_organization {
    alees_id id;
    uint32_t high;    /* one past the last number below it; its own number is its place */
    uint32_t blocked; /* number of the nearest inactive organization at or above it, or POLICY_NONE */
    const char *name;
};

struct policy_tree {
    atomic_uint refs;
    uint64_t generation;
    uint32_t count, mask;
    struct policy_organization *organizations; /* by number */
    uint32_t *slots;                           /* numbers by the hash of the id, POLICY_NONE is free */
};

/* A parent that is not among the rows is taken as none; rows in a circle are left out: nobody is known to belong there.
 * generation is the caller's, users carry it on. NULL without memory. */
struct policy_tree *policy_tree_new(const struct policy_organization_row *rows, uint32_t count, uint64_t generation);
struct policy_tree *policy_tree_hold(struct policy_tree *t);
void policy_tree_release(struct policy_tree *t);                            /* accepts NULL */
uint32_t policy_tree_find(const struct policy_tree *t, const alees_id *id); /* its number, or POLICY_NONE */

/* --- the roles --- */

struct policy_role_row { /* one for each permission; rows of one role follow each other */
    alees_id id, organization;
    bool is_system; /* of no organization, held in any */
    alees_str name;
    alees_str permission; /* whole, or a pattern if is_system; absent: the role has none */
};

struct policy_role {
    alees_id id, organization;
    bool is_system;
    const char *name;
    uint64_t *permissions; /* bits by number */
};

struct policy_roles {
    atomic_uint refs;
    uint64_t generation;
    uint32_t count;
    struct policy_role *roles; /* rising ids */
};

struct policy_roles *policy_roles_new(const struct policy_catalogue *c, const struct policy_role_row *rows,
                                      uint32_t count, uint64_t generation);
struct policy_roles *policy_roles_hold(struct policy_roles *r);
void policy_roles_release(struct policy_roles *r); /* accepts NULL */

/* --- a user --- */

struct policy_user_row {
    alees_id id;
    alees_str username;
    bool is_active, is_superuser;
};

struct policy_membership_row { /* one for each role; rows of one membership follow each other */
    alees_id id, organization, role;
    bool is_global; /* of no organization: for global resources alone */
    bool is_active, inherit, has_role;
    int64_t from, until; /* microseconds since 1970; holds while from <= now < until */
};

struct policy_membership {
    alees_id id, organization;
    int64_t from, until;
    uint32_t first_role, role_count; /* in role_ids and role_places */
    bool is_global, is_active, inherit;
    uint8_t state; /* now: ALEES_GRANTED, ALEES_INACTIVE_MEMBERSHIP or ALEES_EXPIRED_MEMBERSHIP */
};

struct policy_reach {   /* where a membership is, in the tree */
    uint32_t low, high; /* [low, high) */
    uint32_t up;        /* the nearest reach around this one, or POLICY_NONE */
    uint32_t membership;
};

struct policy_list { /* an answer of policy_organizations, kept with the user */
    struct alees_organizations where;
    struct policy_list *next;
};

struct policy_user {
    atomic_uint refs;
    atomic_size_t bytes; /* of memory, with the lists */
    uint64_t tree_generation, roles_generation;
    int64_t last_change, next_change; /* good for times in [last_change, next_change) */
    int64_t loaded_at;                /* the caller's */
    struct policy_tree *tree;
    struct policy_roles *roles;
    alees_id id;
    const char *username;
    bool is_active, is_superuser;
    uint32_t permission_count;
    uint32_t membership_count, role_count, reach_count;
    uint32_t global; /* membership, or POLICY_NONE */
    struct policy_membership *memberships;
    alees_id *role_ids;
    uint32_t *role_places; /* as role_ids: place in roles, or POLICY_NONE if the role is unknown or not of that place */
    struct policy_reach *reaches;                 /* rising low */
    _Atomic(struct policy_list *) lists;          /* all of them */
    _Atomic(struct policy_list *) *by_permission; /* number - 1: one of lists, or NULL if not asked yet */
};

/* Copies the rows, holds tree and roles. NULL without memory. */
struct policy_user *policy_user_new(const struct policy_user_row *row, const struct policy_membership_row *memberships,
                                    uint32_t count, struct policy_tree *tree, struct policy_roles *roles,
                                    uint32_t permission_count, int64_t now);
/* The same user, resolved against another tree, other roles or another time. */
struct policy_user *policy_user_again(const struct policy_user *u, struct policy_tree *tree, struct policy_roles *roles,
                                      int64_t now);
struct policy_user *policy_user_hold(struct policy_user *u);
void policy_user_release(struct policy_user *u); /* accepts NULL */

/* --- the decision --- */

/* ALEES_GRANTED, ALEES_BY_SUPERUSER or why not. u NULL: an unknown user. organization NULL: a global resource.
 * *ret_grounds (may be NULL) is always written, whole. */
uint32_t policy_decide(const struct policy_user *u, uint32_t permission, const alees_id *organization,
                       struct alees_decision *ret_grounds);
/* Every organization in which policy_decide allows. Kept with the user: lives as long as it. NULL without memory. */
const struct alees_organizations *policy_organizations(struct policy_user *u, uint32_t permission);
/* Does any membership, good or not, reach this organization or stand in it? */
bool policy_is_member(const struct policy_user *u, const alees_id *organization);
bool policy_is_allowed(uint32_t reason);
const char *policy_reason(uint32_t reason); /* "role_lacks_permission" */

#endif
