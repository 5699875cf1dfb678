/* SPDX-License-Identifier: MIT
 * policy_worlds.h - random worlds of organizations, roles, one user and a key, and the rules of rights written down from
 * their text as plainly as can be: no numbers, no intervals, no caches, one membership and one role after the other. */
#ifndef POLICY_WORLDS_H
#define POLICY_WORLDS_H

#include "policy_rows.h"

enum { MOST_ORGANIZATIONS = 14, MOST_ROLES = 6, MOST_MEMBERSHIPS = 8, MOST_NAMES = 5, ROLE_NAMES = 8 };
enum { RESOURCES = ARRAY_LEN(resource_rows), GLOBALLY = -1 };

struct random_role {
    bool is_system, is_owner;
    uint32_t where;
    uint32_t name_count;
    const char *names[ROLE_NAMES]; /* of permissions, or patterns */
    bool has_row[RESOURCES];
    uint32_t fields[RESOURCES][POLICY_ACTIONS]; /* bits by the place of the field */
};

struct random_membership {
    int where; /* organization, or GLOBALLY */
    bool is_active, inherit;
    int64_t from, until;
    uint32_t role_count;
    uint32_t roles[MOST_ROLES]; /* the last number is of no role */
};

struct random_world {
    uint32_t organization_count;
    int parents[MOST_ORGANIZATIONS];
    bool is_active_there[MOST_ORGANIZATIONS];
    int64_t opens[MOST_ORGANIZATIONS], closes[MOST_ORGANIZATIONS];
    struct random_role roles[MOST_ROLES];
    uint32_t membership_count;
    struct random_membership memberships[MOST_MEMBERSHIPS];
    bool is_active, is_superuser;
    bool has_key, key_is_everywhere;
    bool key_names[PERMISSIONS + 1], key_organizations[MOST_ORGANIZATIONS + 1];
};

static uint32_t world_seed;

static inline uint32_t below(uint32_t limit) {
    world_seed = world_seed * 1664525u + 1013904223u;
    return (world_seed >> 8) % limit;
}

static inline bool one_in(uint32_t many) {
    return below(many) == 0;
}

/* --- drawing --- */

static inline void draw_tree(struct random_world *w, int64_t now) {
    w->organization_count = 1 + below(MOST_ORGANIZATIONS);
    for (uint32_t i = 0; i < w->organization_count; i++) {
        w->parents[i] = i == 0 || one_in(6) ? -1 : (int)below(i);
        w->is_active_there[i] = !one_in(8);
        w->opens[i] = one_in(8) ? now - 2 + below(5) : INT64_MIN;
        w->closes[i] = one_in(8) ? now - 2 + below(5) : INT64_MAX;
    }
}

static inline void draw_roles(struct random_world *w) {
    static const char *const patterns[] = {"*", "*.view_*", "product.*", "rbac.view_*", "*.add_*", "product.view_*"};
    for (uint32_t i = 0; i < MOST_ROLES; i++) {
        struct random_role *r = &w->roles[i];
        *r = (struct random_role){.is_system = one_in(2), .is_owner = one_in(6), .where = below(w->organization_count)};
        for (uint32_t p = 0; p < PERMISSIONS; p++) {
            if (one_in(3)) {
                r->names[r->name_count++] = permission_rows[p].name;
            }
        }
        if (one_in(4)) {
            r->names[r->name_count++] = patterns[below(ARRAY_LEN(patterns))];
        }
        for (uint32_t resource = 0; resource < RESOURCES; resource++) {
            r->has_row[resource] = one_in(3);
            for (uint32_t action = 0; action < POLICY_ACTIONS; action++) {
                r->fields[resource][action] = below(1u << resource_rows[resource].resource->fields.count);
            }
        }
    }
}

static inline void draw_memberships(struct random_world *w, int64_t now) {
    bool is_taken[MOST_ORGANIZATIONS + 2] = {false};
    w->membership_count = 0;
    for (uint32_t i = 0; i < MOST_MEMBERSHIPS; i++) {
        int where = (int)below(w->organization_count + 2) - 1; /* the last one is unknown */
        struct random_membership *m = &w->memberships[w->membership_count];
        if (is_taken[where + 1]) {
            continue;
        }
        is_taken[where + 1] = true;
        w->membership_count++;
        *m = (struct random_membership){.where = where,
                                        .is_active = !one_in(6),
                                        .inherit = where != GLOBALLY && one_in(2),
                                        .from = one_in(3) ? now - 2 + below(5) : INT64_MIN,
                                        .until = one_in(3) ? now - 2 + below(5) : INT64_MAX};
        for (uint32_t role = 0; role <= MOST_ROLES && m->role_count < MOST_ROLES; role++) {
            if (one_in(4)) {
                m->roles[m->role_count++] = role;
            }
        }
    }
}

static inline void draw_key(struct random_world *w) {
    w->has_key = one_in(2);
    w->key_is_everywhere = one_in(3);
    for (uint32_t i = 0; i <= PERMISSIONS; i++) {
        w->key_names[i] = !one_in(3);
    }
    for (uint32_t i = 0; i <= MOST_ORGANIZATIONS; i++) {
        w->key_organizations[i] = one_in(2);
    }
}

static inline void draw_world(struct random_world *w, int64_t now) {
    draw_tree(w, now);
    draw_roles(w);
    draw_memberships(w, now);
    draw_key(w);
    w->is_active = !one_in(8);
    w->is_superuser = one_in(8);
}

/* --- the rules --- */

/* "*" is everything. Otherwise a star is any run of characters, but one that begins a pattern is never that of "rbac". */
static inline bool plainly_matches(const char *pattern, const char *name, bool is_start) {
    if (is_start && strcmp(pattern, "*") == 0) {
        return true;
    }
    if (is_start && pattern[0] == '*' && strncmp(name, "rbac.", 5) == 0) {
        return false;
    }
    if (pattern[0] == '*') {
        return plainly_matches(pattern + 1, name, false) || (*name && plainly_matches(pattern, name + 1, false));
    }
    return *pattern ? *pattern == *name && plainly_matches(pattern + 1, name + 1, false) : !*name;
}

/* Does this role, held in a membership there, permit it? A role of one organization counts in a membership of that
 * organization only, and has no patterns. */
static inline bool plainly_permits(const struct random_world *w, const struct random_membership *m, uint32_t role,
                                   uint32_t permission) {
    const struct random_role *r = &w->roles[role];
    if (role >= MOST_ROLES || (!r->is_system && m->where != (int)r->where)) {
        return false;
    }
    for (uint32_t i = 0; i < r->name_count; i++) {
        const char *name = permission_rows[permission - 1].name;
        if (strcmp(r->names[i], name) == 0 || (r->is_system && plainly_matches(r->names[i], name, true))) {
            return true;
        }
    }
    return false;
}

static inline bool plainly_open(const struct random_world *w, int organization, int64_t now) {
    return w->is_active_there[organization] && w->opens[organization] <= now && now < w->closes[organization];
}

/* From its own organization down with inherit; never past one that is inactive or out of its time, both ends included. */
static inline bool plainly_reaches(const struct random_world *w, const struct random_membership *m, int where,
                                   int64_t now, bool below_too) {
    if (where == GLOBALLY || m->where == GLOBALLY) {
        return where == m->where;
    }
    for (int at = where; at >= 0; at = w->parents[at]) {
        if (!plainly_open(w, at, now)) {
            return false;
        }
        if (at == m->where) {
            return (at == where || m->inherit) && (m->inherit || !below_too);
        }
    }
    return false;
}

static inline bool plainly_within_key(const struct random_world *w, bool by_key, uint32_t permission, int where,
                                      bool below_too) {
    if (!by_key) {
        return true;
    }
    return w->key_names[permission] &&
           (w->key_is_everywhere || (where != GLOBALLY && !below_too && w->key_organizations[where]));
}

/* below_too: so that it may be handed on with inherit. */
static inline bool plainly_allowed(const struct random_world *w, bool by_key, uint32_t permission, int where,
                                   int64_t now, bool below_too) {
    if (!w->is_active || where >= (int)w->organization_count ||
        !plainly_within_key(w, by_key, permission, where, below_too)) {
        return false;
    }
    if (w->is_superuser) {
        return true;
    }
    for (uint32_t i = 0; i < w->membership_count; i++) {
        const struct random_membership *m = &w->memberships[i];
        for (uint32_t r = 0; r < m->role_count; r++) {
            if (m->is_active && m->from <= now && now < m->until && plainly_reaches(w, m, where, now, below_too) &&
                plainly_permits(w, m, m->roles[r], permission)) {
                return true;
            }
        }
    }
    return false;
}

struct plain_subject {
    int resource; /* -1: none */
    uint32_t action;
};

static inline struct plain_subject plainly_about(uint32_t permission) {
    static const struct plain_subject about[PERMISSIONS + 1] = {
        [VIEW] = {1, POLICY_READ}, [ADD] = {1, POLICY_CREATE},     [CHANGE] = {1, POLICY_UPDATE}, [EXPLAIN] = {-1, 0},
        [ROLE_VIEW] = {-1, 0},     [UNIT_VIEW] = {0, POLICY_READ}, [USER_VIEW] = {2, POLICY_READ}};
    return about[permission];
}

/* One field, there: of a role that gives the permission there, and that says nothing of the resource or lists it. */
static inline bool plainly_usable(const struct random_world *w, bool by_key, uint32_t permission, uint32_t field,
                                  int where, int64_t now, bool below_too) {
    const struct plain_subject about = plainly_about(permission);
    if (!plainly_allowed(w, by_key, permission, where, now, below_too)) {
        return false;
    }
    if (w->is_superuser) {
        return true;
    }
    for (uint32_t i = 0; i < w->membership_count; i++) {
        const struct random_membership *m = &w->memberships[i];
        for (uint32_t r = 0; r < m->role_count; r++) {
            if (m->is_active && m->from <= now && now < m->until && plainly_reaches(w, m, where, now, below_too) &&
                plainly_permits(w, m, m->roles[r], permission) &&
                (!w->roles[m->roles[r]].has_row[about.resource] ||
                 (w->roles[m->roles[r]].fields[about.resource][about.action] >> field & 1))) {
                return true;
            }
        }
    }
    return false;
}

/* --- rows of it --- */

struct world_rows {
    struct policy_organization_row organizations[MOST_ORGANIZATIONS];
    struct policy_role_row roles[MOST_ROLES * ROLE_NAMES];
    struct policy_field_row fields[MOST_ROLES * RESOURCES];
    char field_names[MOST_ROLES][RESOURCES][POLICY_ACTIONS][64];
    struct policy_membership_row memberships[MOST_MEMBERSHIPS * MOST_ROLES];
    uint32_t role_count, field_count, membership_count;
};

/* The fields of a set as an array in PostgreSQL's text. */
static inline void name_fields(uint32_t resource, uint32_t bits, char out[64]) {
    const struct alees_resource *r = resource_rows[resource].resource;
    const struct alees_field *fields = r->fields.items;
    strcpy(out, "{");
    for (uint32_t i = 0; i < r->fields.count; i++) {
        if (bits >> i & 1) {
            strcat(out, out[1] ? "," : "");
            strcat(out, fields[i].name);
        }
    }
    strcat(out, "}");
}

static inline void write_roles(const struct random_world *w, struct world_rows *rows) {
    static const char *const names[RESOURCES] = {"unit.unit", "product.product", "rbac.user"};
    rows->role_count = rows->field_count = 0;
    for (uint32_t i = 0; i < MOST_ROLES; i++) {
        const struct random_role *r = &w->roles[i];
        for (uint32_t n = 0; n < r->name_count || n == 0; n++) {
            rows->roles[rows->role_count++] =
                (struct policy_role_row){.id = role_id(i),
                                         .organization = organization_id(r->where),
                                         .is_system = r->is_system,
                                         .is_owner = r->is_owner,
                                         .name = test_view("a role"),
                                         .permission = test_view(r->name_count ? r->names[n] : NULL)};
        }
        for (uint32_t resource = 0; resource < RESOURCES; resource++) {
            struct policy_field_row *row = &rows->fields[rows->field_count];
            if (!r->has_row[resource]) {
                continue;
            }
            rows->field_count++;
            *row = (struct policy_field_row){.role = role_id(i), .resource = test_view(names[resource])};
            for (uint32_t action = 0; action < POLICY_ACTIONS; action++) {
                name_fields(resource, r->fields[resource][action], rows->field_names[i][resource][action]);
                row->names[action] = test_view(rows->field_names[i][resource][action]);
            }
        }
    }
}

static inline void write_memberships(const struct random_world *w, struct world_rows *rows) {
    rows->membership_count = 0;
    for (uint32_t i = 0; i < w->membership_count; i++) {
        const struct random_membership *m = &w->memberships[i];
        for (uint32_t r = 0; r < m->role_count || r == 0; r++) {
            rows->memberships[rows->membership_count++] = (struct policy_membership_row){
                .id = id_of(3, i),
                .organization = organization_id(m->where == GLOBALLY ? 0 : (uint32_t)m->where),
                .is_global = m->where == GLOBALLY,
                .has_role = m->role_count > 0,
                .role = role_id(m->roles[r]),
                .is_active = m->is_active,
                .inherit = m->inherit,
                .from = m->from,
                .until = m->until};
        }
    }
}

static inline void write_rows(const struct random_world *w, struct world_rows *rows) {
    for (uint32_t i = 0; i < w->organization_count; i++) {
        rows->organizations[i] = organization(i, w->parents[i], w->is_active_there[i]);
        rows->organizations[i].from = w->opens[i];
        rows->organizations[i].until = w->closes[i];
    }
    write_roles(w, rows);
    write_memberships(w, rows);
}

#endif
