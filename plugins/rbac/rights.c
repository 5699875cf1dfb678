/* SPDX-License-Identifier: MIT
 * rights.c - the fields behind a permission, and what a user may hand on. */
#include "walk.h"

/* --- sets of fields --- */

static void unite(struct policy_fields *fields, const struct policy_fields *more) {
    for (uint32_t i = 0; i < POLICY_FIELD_WORDS; i++) {
        fields->bits[i] = fields->all || more->all ? 0 : fields->bits[i] | more->bits[i];
    }
    fields->all = fields->all || more->all;
}

static void intersect(struct policy_fields *fields, const struct policy_fields *less) {
    for (uint32_t i = 0; i < POLICY_FIELD_WORDS; i++) {
        fields->bits[i] = fields->all ? less->bits[i] : less->all ? fields->bits[i] : fields->bits[i] & less->bits[i];
    }
    fields->all = fields->all && less->all;
}

/* Adds what the roles of one membership permit; false if none of them gives the permission. */
static bool add_fields(const struct policy_catalogue *c, const struct policy_user *u, const struct policy_membership *m,
                       uint32_t permission, struct policy_fields *fields) {
    const struct policy_role *role;
    struct policy_fields more;
    uint32_t i = 0;
    bool found = false;
    while (m->state == ALEES_GRANTED && (role = walk_next_role(u, m, &i, permission)) != NULL) {
        policy_role_fields(c, role, permission, &more);
        unite(fields, &more);
        found = true;
    }
    return found;
}

/* The same for each membership, from at outwards, that reaches the organization. */
static bool add_fields_there(const struct policy_catalogue *c, const struct policy_user *u, uint32_t at,
                             uint32_t permission, uint32_t organization, bool below, struct policy_fields *fields) {
    bool found = false;
    for (; at != POLICY_NONE; at = u->reaches[at].up) {
        const struct policy_membership *m = &u->memberships[u->reaches[at].membership];
        if (walk_reaches(u, &u->reaches[at], organization) && (m->inherit || !below)) {
            found = add_fields(c, u, m, permission, fields) || found;
        }
    }
    return found;
}

static uint32_t scope_of(const struct policy_catalogue *c, uint32_t permission) {
    return c->resources[c->subjects[permission - 1].resource]->resource->scope;
}

static void fields_in(const struct policy_catalogue *c, const struct policy_user *u, const struct policy_limit *limit,
                      uint32_t permission, const alees_id *organization, bool below, struct policy_fields *fields) {
    uint32_t number = policy_tree_find(u->tree, organization);
    if (number != POLICY_NONE && !walk_is_beyond(limit, permission, organization, below)) {
        (void)add_fields_there(c, u, walk_innermost(u, number), permission, number, below, fields);
    }
}

static void fields_without(const struct policy_catalogue *c, const struct policy_user *u,
                           const struct policy_limit *limit, uint32_t permission, struct policy_fields *fields) {
    if (u->global != POLICY_NONE && !walk_is_beyond(limit, permission, NULL, false)) {
        (void)add_fields(c, u, &u->memberships[u->global], permission, fields);
    }
}

/* What may be used in each organization. Those whose innermost reach is the same one are reached by the same memberships,
 * or by none because of an inactive one below it: one of them answers for all. */
static void fields_everywhere(const struct policy_catalogue *c, const struct policy_user *u,
                              const struct policy_limit *limit, uint32_t permission, struct policy_fields *fields) {
    bool found = false;
    for (uint32_t i = 0; i < u->reach_count; i++) {
        for (uint32_t n = u->reaches[i].low; n < u->reaches[i].high; n++) {
            struct policy_fields here = {0};
            if (!walk_reaches(u, &u->reaches[i], n) || walk_innermost(u, n) != i ||
                walk_is_beyond(limit, permission, &u->tree->organizations[n].id, false)) {
                continue;
            }
            if (add_fields_there(c, u, i, permission, n, false, &here)) {
                if (found) {
                    intersect(fields, &here);
                } else {
                    *fields = here;
                }
                found = true;
            }
            break;
        }
    }
}

static bool has_all_fields(const struct policy_catalogue *c, const struct policy_user *u, uint32_t permission) {
    return scope_of(c, permission) == ALEES_SCOPE_GLOBAL || !u->is_restricted || u->is_superuser;
}

static bool is_about_fields(const struct policy_catalogue *c, uint32_t permission) {
    return permission != 0 && permission <= c->count && c->subjects[permission - 1].resource != POLICY_NONE;
}

/* In any organization. */
static bool is_held_somewhere(struct policy_user *u, const struct policy_limit *limit, uint32_t permission) {
    if (!limit || limit->is_everywhere) {
        const struct alees_organizations *list = policy_organizations(u, limit, permission, NULL);
        return list && (list->all || list->count > 0);
    }
    for (uint32_t i = 0; i < limit->organization_count; i++) {
        if (policy_holds(u, limit, permission, &limit->organizations[i], false)) {
            return true;
        }
    }
    return false;
}

static bool is_held(const struct policy_catalogue *c, struct policy_user *u, const struct policy_limit *limit,
                    uint32_t permission, const alees_id *organization) {
    const uint32_t scope = scope_of(c, permission);
    if ((scope == ALEES_SCOPE_GLOBAL || scope == ALEES_SCOPE_SEVERAL) &&
        policy_holds(u, limit, permission, NULL, false)) {
        return true;
    }
    return scope != ALEES_SCOPE_GLOBAL && (organization ? policy_holds(u, limit, permission, organization, false)
                                                        : is_held_somewhere(u, limit, permission));
}

void policy_fields(const struct policy_catalogue *c, struct policy_user *u, const struct policy_limit *limit,
                   uint32_t permission, const alees_id *organization, struct policy_fields *ret_fields) {
    *ret_fields = (struct policy_fields){0};
    if (!u || !is_about_fields(c, permission) || !is_held(c, u, limit, permission, organization)) {
        return;
    }
    if (has_all_fields(c, u, permission)) {
        ret_fields->all = true;
        return;
    }
    bool is_held_without =
        scope_of(c, permission) == ALEES_SCOPE_SEVERAL && policy_holds(u, limit, permission, NULL, false);
    if (is_held_without) {
        fields_without(c, u, limit, permission, ret_fields);
    }
    if (organization) {
        fields_in(c, u, limit, permission, organization, false, ret_fields);
    } else if (!is_held_without) {
        fields_everywhere(c, u, limit, permission, ret_fields);
    }
}

/* --- what a user may hand on --- */

uint32_t policy_lacks(const struct policy_user *u, const struct policy_limit *limit, const uint64_t *set,
                      const alees_id *organization, bool below, uint32_t *ret_permissions, uint32_t room) {
    uint32_t count = 0;
    for (uint32_t permission = 1; permission <= u->permission_count; permission++) {
        if (policy_set_has(set, permission) && !policy_holds(u, limit, permission, organization, below)) {
            if (count < room) {
                ret_permissions[count] = permission;
            }
            count++;
        }
    }
    return count;
}

uint32_t policy_lacks_fields(const struct policy_catalogue *c, const struct policy_user *u,
                             const struct policy_limit *limit, uint32_t permission, const struct policy_fields *wanted,
                             const alees_id *organization, bool below, uint32_t *ret_fields, uint32_t room) {
    struct policy_fields held = {0};
    uint32_t count = 0;
    if (!is_about_fields(c, permission)) {
        return 0;
    }
    if (policy_holds(u, limit, permission, organization, below)) {
        held.all = has_all_fields(c, u, permission);
        if (!held.all && organization) {
            fields_in(c, u, limit, permission, organization, below, &held);
        } else if (!held.all) {
            fields_without(c, u, limit, permission, &held);
        }
    }
    uint32_t fields = c->resources[c->subjects[permission - 1].resource]->resource->fields.count;
    for (uint32_t field = 0; !held.all && field < fields && field < POLICY_MOST_FIELDS; field++) {
        const uint64_t bit = (uint64_t)1 << (field % 64);
        if ((wanted->all || (wanted->bits[field / 64] & bit)) && !(held.bits[field / 64] & bit)) {
            if (count < room) {
                ret_fields[count] = field;
            }
            count++;
        }
    }
    return count;
}

uint32_t policy_lacks_of_role(const struct policy_catalogue *c, const struct policy_user *u,
                              const struct policy_limit *limit, const struct policy_role *role, const uint64_t *set,
                              const alees_id *organization, bool below, struct policy_lack *ret_lacks, uint32_t room) {
    uint32_t count = 0, fields[POLICY_MOST_FIELDS];
    for (uint32_t permission = 1; permission <= c->count; permission++) {
        struct policy_fields wanted;
        if (!policy_set_has(set ? set : role->permissions, permission) || !is_about_fields(c, permission) ||
            !policy_holds(u, limit, permission, organization, below)) {
            continue;
        }
        policy_role_fields(c, role, permission, &wanted);
        uint32_t lacks =
            policy_lacks_fields(c, u, limit, permission, &wanted, organization, below, fields, POLICY_MOST_FIELDS);
        for (uint32_t i = 0; i < lacks; i++) {
            if (count < room) {
                ret_lacks[count] = (struct policy_lack){permission, fields[i]};
            }
            count++;
        }
    }
    return count;
}

bool policy_is_owner(const struct policy_user *u, const struct policy_limit *limit, const alees_id *organization) {
    uint32_t number = organization ? policy_tree_find(u->tree, organization) : POLICY_NONE;
    if (!u->is_active || limit || (organization && number == POLICY_NONE)) {
        return false;
    }
    if (u->is_superuser || !organization) {
        return u->is_superuser;
    }
    for (uint32_t at = walk_innermost(u, number); at != POLICY_NONE; at = u->reaches[at].up) {
        const struct policy_membership *m = &u->memberships[u->reaches[at].membership];
        for (uint32_t i = m->first_role; i < m->first_role + m->role_count; i++) {
            uint32_t place = u->role_places[i];
            if (m->state == ALEES_GRANTED && walk_reaches(u, &u->reaches[at], number) && place != POLICY_NONE &&
                u->roles->roles[place].is_owner) {
                return true;
            }
        }
    }
    return false;
}
