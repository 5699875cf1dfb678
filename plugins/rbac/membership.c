/* SPDX-License-Identifier: MIT
 * membership.c - who becomes, remains and ceases to be a member of what, with which roles. */
#include <stdlib.h>

#include "hooks.h"

enum { MOST_ROLES = 50 }; /* of a membership, as the table says */

struct terms { /* of one membership, and where its roles are kept */
    const struct policy_role *roles[MOST_ROLES];
    struct delegate_membership m;
};

/* --- the user --- */

/* May the writer know of somebody who belongs to these, "{id,id}"? That user's own id is among them. */
static bool sees(const struct policy_user *u, const struct policy_limit *limit, uint32_t view, alees_str scopes) {
    alees_str name;
    alees_id id;
    if (policy_holds(u, limit, view, NULL, false)) {
        return true;
    }
    while (policy_next_name(&scopes, &name)) {
        if (alees_id_parse(name, &id) == ALEES_OK &&
            (alees_id_compare(&id, &u->id) == 0 || policy_holds(u, limit, view, &id, false))) {
            return true;
        }
    }
    return false;
}

/* A user that the writer may not see is not made a member: it looks like one that does not exist. */
static alees_rc check_user(const struct hook *h, alees_str user) {
    const uint32_t view = policy_permission(h->r->catalogue, "rbac.view_user");
    struct policy_user *u; /* with the whole tree: the user may belong to any part of it */
    alees_rows *rows;
    alees_rc rc = rbac_run(h->r, h->ctx, RBAC_USER_SCOPES, &user, 1, &rows);
    if (rc != ALEES_OK) {
        return rc;
    }
    if (h->r->db->count(rows) == 0) {
        return hook_refuse_reference(h, "user");
    }
    rc = rbac_user_by_id(h->r, h->ctx, &h->writer->id, &u);
    if (rc != ALEES_OK) {
        return rc;
    }
    bool is_seen = sees(u, h->delegate.limit, view, h->r->db->text(rows, 0, 0));
    policy_user_release(u);
    return is_seen ? ALEES_OK : hook_refuse_reference(h, "user");
}

/* --- terms --- */

/* false: one of them cannot be held there. */
static bool read_roles(const struct hook *h, alees_str roles, struct terms *t) {
    bool are_good = true;
    alees_str name;
    alees_id id;
    while (policy_next_name(&roles, &name)) {
        const struct policy_role *role =
            alees_id_parse(name, &id) == ALEES_OK ? policy_role(h->writer->roles, &id) : NULL;
        if (!role || t->m.role_count == MOST_ROLES ||
            (!role->is_system &&
             (!h->delegate.organization || alees_id_compare(&role->organization, h->delegate.organization) != 0))) {
            are_good = false;
        } else {
            t->roles[t->m.role_count++] = role;
        }
    }
    return are_good;
}

static int64_t read_time(const struct hook *h, const alees_rows *rows, uint32_t column, int64_t absent) {
    alees_str text = h->r->db->text(rows, 0, column);
    return text.ptr ? strtoll(text.ptr, NULL, 10) : absent;
}

static bool read_terms(const struct hook *h, alees_str user, const alees_str values[3], const alees_rows *times,
                       uint32_t column, struct terms *t) {
    *t = (struct terms){.m = {.roles = t->roles,
                              .is_active = hook_is_true(values[1]),
                              .inherit = hook_is_true(values[2]),
                              .from = read_time(h, times, column, INT64_MIN),
                              .until = read_time(h, times, column + 1, INT64_MAX)}};
    return alees_id_parse(user, &t->m.user) == ALEES_OK && read_roles(h, values[0], t);
}

/* What a client may not say whoever it is. */
static alees_rc check_terms(const struct hook *h, const struct terms *t) {
    alees_rc rc = ALEES_OK;
    if (t->m.role_count == 0) {
        rc = hook_refuse(h, "roles", "required", "must name at least one role");
    }
    if (t->m.inherit && !h->delegate.organization) {
        rc = hook_refuse(h, "inherit", "invalid", "needs an organization, below which it counts");
    }
    if (t->m.from >= t->m.until) {
        rc = hook_refuse(h, "valid_until", "invalid", "must be after valid_from");
    }
    return rc;
}

/* --- the hook --- */

static alees_rc judge(struct hook *h, alees_str user) {
    const struct alees_resource_v1 *resource = h->r->resource;
    const alees_str now[] = {resource->before(h->change, "roles"), resource->before(h->change, "is_active"),
                             resource->before(h->change, "inherit")};
    const alees_str then[] = {hook_value(h, "roles"), hook_value(h, "is_active"), hook_value(h, "inherit")};
    const alees_str params[] = {resource->before(h->change, "valid_from"), resource->before(h->change, "valid_until"),
                                hook_value(h, "valid_from"), hook_value(h, "valid_until")};
    struct terms before, after;
    struct delegate_lacks lacks;
    alees_rows *times;
    alees_rc rc = rbac_run(h->r, h->ctx, RBAC_MICROSECONDS, params, 4, &times);
    if (rc != ALEES_OK) {
        return rc;
    }
    bool is_new = h->action == ALEES_CREATE, is_gone = h->action == ALEES_DELETE_ROW;
    if (!is_new) {
        (void)read_terms(h, user, now, times, 0, &before); /* a role that does not count there gives nothing */
    }
    if (!is_gone && !read_terms(h, user, then, times, 2, &after)) {
        return hook_refuse_reference(h, "roles");
    }
    rc = is_gone ? ALEES_OK : check_terms(h, &after);
    if (rc != ALEES_OK) {
        return rc;
    }
    uint32_t permission = policy_permission(h->r->catalogue, is_new ? "rbac.add_organization_membership"
                                                                    : "rbac.change_organization_membership");
    enum delegate_verdict verdict =
        delegate_membership(&h->delegate, permission, is_new ? NULL : &before.m, is_gone ? NULL : &after.m, &lacks);
    return verdict == DELEGATE_ALLOWED ? ALEES_OK : hook_deny(h, verdict, "roles", &lacks);
}

alees_rc rbac_write_membership(void *state, alees_ctx *ctx, alees_change *change) {
    struct rbac *r = state;
    const struct alees_resource_v1 *resource = r->resource;
    bool is_new = resource->action(change) == ALEES_CREATE;
    const alees_str user = is_new ? resource->value(change, "user") : resource->before(change, "user");
    const struct rbac_about about = {
        .organizations = hook_organization(r, ctx, change),
        .roles = hook_join(r, ctx, resource->before(change, "roles"), resource->value(change, "roles")),
        .lock = true};
    struct hook h;
    alees_id id;
    alees_rc rc = hook_begin(&h, r, ctx, change, "organization_membership", &about);
    if (rc != ALEES_OK) {
        return rc;
    }
    rc = is_new ? check_user(&h, user) : ALEES_OK;
    rc = rc == ALEES_OK ? judge(&h, user) : rc;
    hook_end(&h);
    if (rc == ALEES_OK && (rc = alees_id_parse(user, &id)) == ALEES_OK) {
        rc = rbac_user_changed(r, ctx, &id);
    }
    return rc;
}
