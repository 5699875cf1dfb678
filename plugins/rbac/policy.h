/* SPDX-License-Identifier: MIT
 * policy.h - who may do what where: a model in memory and the one decision over it. No database, no clock, no lock:
 * the caller brings the rows and the time.
 *
 * Three objects, none of which changes once it is made, each counted and freed with its last reference:
 *
 *   struct policy_tree   the organizations, numbered in pre-order: one and all below it are the numbers [low, high);
 *                        as they are at one moment, good until next_change; then policy_tree_again
 *   struct policy_roles  roles with their permissions as sets of bits
 *   struct policy_user   a user with memberships, resolved against one tree and one set of roles at one moment; good
 *                        until the tree or the roles are replaced or until next_change; then policy_user_again
 *                        resolves it anew, without the database
 *
 * The rule, for an active user who is no superuser: a membership gives a permission in an organization if it reaches
 * it and holds it. It reaches its own organization and, with inherit, those below, as long as no organization on the
 * way, both ends included, is inactive or out of its time. It holds what its roles permit while it is active and within its time. A
 * superuser, if active, may do everything that is known. An API key takes away (struct policy_limit) and never gives.
 *
 * Fields: a role without a row for a resource permits all of its fields, one with a row exactly those listed. Of the
 * fields behind a permission a user may use, in an organization, the union over the roles that give the permission
 * there. */
#ifndef POLICY_H
#define POLICY_H

#include <stdatomic.h>
#include <stdbool.h>

#include "alees/rbac.h"

#define POLICY_NONE UINT32_MAX

/* --- permissions and resources: a number for each name --- */

enum { POLICY_READ, POLICY_CREATE, POLICY_UPDATE, POLICY_ACTIONS }; /* what is done to a field */
enum { POLICY_FIELD_WORDS = 4, POLICY_MOST_FIELDS = 64 * POLICY_FIELD_WORDS };

struct policy_fields { /* of one resource */
    bool all;
    uint64_t bits[POLICY_FIELD_WORDS]; /* by the place in the resource's own list; all 0 if all */
};

struct policy_subject { /* what a permission is about */
    uint32_t resource;  /* place in resources, or POLICY_NONE: not to view, add or change one */
    uint32_t action;    /* POLICY_READ, POLICY_CREATE or POLICY_UPDATE */
};

struct policy_catalogue {
    const struct alees_permission **permissions; /* number - 1 is the place */
    uint32_t count;
    uint32_t mask; /* of slots: numbers by the hash of the name, 0 is free */
    uint32_t *slots;
    struct policy_subject *subjects; /* number - 1 is the place */
    const struct alees_resource_of **resources;
    uint32_t resource_count;
};

/* Of struct alees_permission and struct alees_resource_of. Keeps the items. NULL without memory. */
struct policy_catalogue *policy_catalogue_new(alees_list permissions, alees_list resources);
void policy_catalogue_free(struct policy_catalogue *c);
uint32_t policy_permission(const struct policy_catalogue *c, const char *name); /* 0: unknown */
uint32_t policy_resource(const struct policy_catalogue *c, alees_str name);     /* "product.product"; POLICY_NONE */
uint32_t policy_field(const struct policy_catalogue *c, uint32_t resource, alees_str name); /* POLICY_NONE */
/* "*" is every permission; elsewhere a star is any run of characters, but a leading one never stands for "rbac" (rights
 * over rights) or "audit" (whose trail shows every field). */
bool policy_matches(alees_str pattern, const char *name);
/* The next element of an array of names as PostgreSQL writes it, "{a,b}"; false after the last. */
bool policy_next_name(alees_str *array, alees_str *ret_name);

/* A set of permissions is an array of this many words: bit number % 64 of word number / 64. */
uint32_t policy_words(const struct policy_catalogue *c);
static inline bool policy_set_has(const uint64_t *set, uint32_t permission) {
    return set[permission / 64] >> (permission % 64) & 1;
}
/* Adds what a name, or if may_be_pattern a pattern, stands for. false: nobody declared such a permission. */
bool policy_set_add(const struct policy_catalogue *c, uint64_t *set, alees_str name, bool may_be_pattern);

/* --- the tree --- */

struct policy_organization_row {
    alees_id id, parent;
    bool has_parent, is_active;
    int64_t from, until; /* microseconds since 1970; it is there while from <= now < until */
    alees_str name;
};

struct policy_organization { /* small: decisions walk over them */
    alees_id id;
    uint32_t high;    /* one past the last number below it; its own number is its place */
    uint32_t blocked; /* number of the nearest closed organization at or above it, or POLICY_NONE */
    const char *name;
};

struct policy_life { /* when an organization is open, and whose child it is */
    int64_t from, until;
    uint32_t up; /* the number above it, or POLICY_NONE */
    bool is_active;
};

struct policy_tree {
    atomic_uint refs;
    size_t bytes; /* of memory, in one block */
    uint64_t generation;
    int64_t last_change, next_change; /* good for times in [last_change, next_change) */
    uint32_t count, mask;
    uint32_t room;                             /* for so many: rows in a circle have no number */
    struct policy_organization *organizations; /* by number */
    struct policy_life *lives;                 /* the same */
    uint32_t *slots;                           /* numbers by the hash of the id, POLICY_NONE is free */
};

/* A parent that is not among the rows is taken as none; rows in a circle are left out: nobody is known to belong there.
 * generation is the caller's, users carry it on. NULL without memory. */
struct policy_tree *policy_tree_new(const struct policy_organization_row *rows, uint32_t count, uint64_t generation,
                                    int64_t now);
/* The same tree at another time. */
struct policy_tree *policy_tree_again(const struct policy_tree *t, int64_t now);
struct policy_tree *policy_tree_hold(struct policy_tree *t);
void policy_tree_release(struct policy_tree *t);                            /* accepts NULL */
uint32_t policy_tree_find(const struct policy_tree *t, const alees_id *id); /* its number, or POLICY_NONE */

/* --- the roles --- */

struct policy_role_row { /* one for each permission; rows of one role follow each other */
    alees_id id, organization;
    bool is_system; /* of no organization, held in any */
    bool is_owner;
    alees_str name;
    alees_str permission; /* whole, or a pattern if is_system; absent: the role has none */
};

struct policy_field_row { /* the fields of one resource that a role permits; several of one pair are united */
    alees_id role;
    alees_str resource;              /* "product.product" */
    alees_str names[POLICY_ACTIONS]; /* "{name,sku}"; what the resource does not have is passed over */
};

struct policy_field_rights {
    uint32_t resource;
    struct policy_fields fields[POLICY_ACTIONS];
};

struct policy_role {
    alees_id id, organization;
    bool is_system, is_owner;
    const char *name;
    uint64_t *permissions; /* a set */
    uint32_t right_count;
    struct policy_field_rights *rights; /* of the resources that it restricts, one of each */
};

struct policy_roles {
    atomic_uint refs;
    uint64_t generation;
    uint32_t count;
    struct policy_role *roles; /* rising ids */
};

struct policy_role_rows {
    const struct policy_role_row *roles;
    const struct policy_field_row *fields; /* in any order; of roles that are not among the rows: passed over */
    uint32_t role_count, field_count;
};

struct policy_roles *policy_roles_new(const struct policy_catalogue *c, const struct policy_role_rows *rows,
                                      uint64_t generation);
struct policy_roles *policy_roles_hold(struct policy_roles *r);
void policy_roles_release(struct policy_roles *r); /* accepts NULL */
/* NULL: unknown. Lives as long as r. */
const struct policy_role *policy_role(const struct policy_roles *r, const alees_id *id);
/* What a role says of the fields behind a permission, whether or not it gives that permission. */
void policy_role_fields(const struct policy_catalogue *c, const struct policy_role *role, uint32_t permission,
                        struct policy_fields *ret_fields);

/* --- the limit of an API key --- */

struct policy_limit {   /* one block of memory: free() */
    size_t bytes;       /* of it */
    bool is_everywhere; /* no limit to organizations; else to exactly those listed, never those below them */
    uint32_t words, organization_count;
    const uint64_t *permissions;   /* a set */
    const alees_id *organizations; /* rising */
};

/* names: whole, "{product.view_product,...}"; what nobody declares now is passed over. organizations: "{...}" of ids in
 * any order, or absent for everywhere. What is no array of ids leaves no organization. NULL without memory. */
struct policy_limit *policy_limit_new(const struct policy_catalogue *c, alees_str names, alees_str organizations);
/* A copy into limit->bytes of other memory, such as a request's. */
struct policy_limit *policy_limit_copy(void *memory, const struct policy_limit *limit);
bool policy_limit_has(const struct policy_limit *limit, const alees_id *organization);

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
    bool is_restricted; /* any of the roles restricts fields */
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

/* Copies the rows, holds tree and roles; the tree is one of now. NULL without memory. */
struct policy_user *policy_user_new(const struct policy_user_row *row, const struct policy_membership_row *memberships,
                                    uint32_t count, struct policy_tree *tree, struct policy_roles *roles,
                                    uint32_t permission_count, int64_t now);
/* The same user, resolved against another tree, other roles or another time. */
struct policy_user *policy_user_again(const struct policy_user *u, struct policy_tree *tree, struct policy_roles *roles,
                                      int64_t now);
struct policy_user *policy_user_hold(struct policy_user *u);
void policy_user_release(struct policy_user *u); /* accepts NULL */

/* --- the decision --- */

/* ALEES_GRANTED, ALEES_BY_SUPERUSER or why not. u NULL: an unknown user. limit: of the API key that asks; NULL: the user
 * in person. organization NULL: a global resource. *ret_grounds (may be NULL) is always written, whole. */
uint32_t policy_decide(const struct policy_user *u, const struct policy_limit *limit, uint32_t permission,
                       const alees_id *organization, struct alees_decision *ret_grounds);
/* Every organization in which policy_decide allows. Kept with the user: lives as long as it. Under a limit to
 * organizations it is made in room instead, policy_room(limit) bytes of the caller's, aligned for any type; without
 * such a limit room may be NULL. NULL without memory. */
const struct alees_organizations *policy_organizations(struct policy_user *u, const struct policy_limit *limit,
                                                       uint32_t permission, void *room);
size_t policy_room(const struct policy_limit *limit); /* accepts NULL */
/* The same as bits by number: (u->tree->count + 63) / 64 words, all 0 before. */
void policy_mark(const struct policy_user *u, const struct policy_limit *limit, uint32_t permission, uint64_t *bits);
/* The fields behind a permission (to view, add or change a resource) in one organization, or, with organization NULL,
 * those that may be used in each organization in which policy_decide allows. None where it does not, and none of a
 * permission of another kind. What belongs to no organization (ALEES_SCOPE_GLOBAL) has no restricted fields. What a
 * membership without organization permits of a resource that belongs to several (ALEES_SCOPE_SEVERAL) it permits
 * everywhere. */
void policy_fields(const struct policy_catalogue *c, struct policy_user *u, const struct policy_limit *limit,
                   uint32_t permission, const alees_id *organization, struct policy_fields *ret_fields);
/* Does any membership, good or not, reach this organization or stand in it? */
bool policy_is_member(const struct policy_user *u, const alees_id *organization);
bool policy_is_allowed(uint32_t reason);
const char *policy_reason(uint32_t reason); /* "role_lacks_permission" */

/* --- what a user may hand on ---
 *
 * The questions of delegation, answered by the same walk over memberships as the decision. below: only what is held in
 * the organization and in those below it, that is, through memberships with inherit (for who gives `inherit`); a key
 * that is limited to organizations holds nothing below. organization NULL: held without an organization. An inactive user
 * lacks everything, an active superuser in person nothing that is known. u is never NULL here. */

bool policy_holds(const struct policy_user *u, const struct policy_limit *limit, uint32_t permission,
                  const alees_id *organization, bool below);
/* Writes the numbers of the permissions of a set that the user lacks there, rising, up to room; returns how many there
 * are in all. */
uint32_t policy_lacks(const struct policy_user *u, const struct policy_limit *limit, const uint64_t *set,
                      const alees_id *organization, bool below, uint32_t *ret_permissions, uint32_t room);
/* The same for the fields behind one permission: places in the resource's list. wanted: what is to be given, from
 * policy_role_fields or made from names; all stands for each field of the resource. */
uint32_t policy_lacks_fields(const struct policy_catalogue *c, const struct policy_user *u,
                             const struct policy_limit *limit, uint32_t permission, const struct policy_fields *wanted,
                             const alees_id *organization, bool below, uint32_t *ret_fields, uint32_t room);

struct policy_lack {
    uint32_t permission;
    uint32_t field; /* place in the list of its resource */
};
/* The same for all that a role says of fields behind the permissions of a set (NULL: its own). Permissions that the
 * user lacks altogether are policy_lacks' to tell and are passed over here. */
uint32_t policy_lacks_of_role(const struct policy_catalogue *c, const struct policy_user *u,
                              const struct policy_limit *limit, const struct policy_role *role, const uint64_t *set,
                              const alees_id *organization, bool below, struct policy_lack *ret_lacks, uint32_t room);
/* An active superuser, or somebody with a role that is_owner through a good membership that reaches the organization;
 * in person: no key makes an owner. organization NULL: superusers. */
bool policy_is_owner(const struct policy_user *u, const struct policy_limit *limit, const alees_id *organization);

#endif
