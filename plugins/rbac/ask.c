/* SPDX-License-Identifier: MIT
 * ask.c - who am I, what may I do, what is there to be permitted. What others may do: explain.c. */
#include "rbac.h"

/* Names of the roles that count in this membership. */
static alees_rc put_roles(struct rbac *r, alees_ctx *ctx, const struct policy_user *u,
                          const struct policy_membership *m, alees_json *target) {
    alees_json *names = r->json->array(ctx);
    alees_rc rc = names ? ALEES_OK : ALEES_E_NOMEM;
    for (uint32_t i = m->first_role; rc == ALEES_OK && i < m->first_role + m->role_count; i++) {
        if (u->role_places[i] != POLICY_NONE) {
            rc = r->json->put_text(names, NULL, alees_text(u->roles->roles[u->role_places[i]].name));
        }
    }
    return rc == ALEES_OK ? r->json->put(target, "roles", names) : rc;
}

/* What the user, or their key, may do in the organization of this membership, by whatever membership. */
static alees_rc put_permissions(struct rbac *r, alees_ctx *ctx, const struct policy_user *u,
                                const struct policy_membership *m, alees_json *target) {
    const struct policy_limit *limit = rbac_limit(r->host->principal(ctx));
    alees_json *names = r->json->array(ctx);
    alees_rc rc = names ? ALEES_OK : ALEES_E_NOMEM;
    for (uint32_t p = 1; rc == ALEES_OK && p <= u->permission_count; p++) {
        if (policy_is_allowed(policy_decide(u, limit, p, m->is_global ? NULL : &m->organization, NULL))) {
            rc = r->json->put_text(names, NULL, alees_text(r->catalogue->permissions[p - 1]->name));
        }
    }
    return rc == ALEES_OK ? r->json->put(target, "permissions", names) : rc;
}

static alees_rc put_organization(struct rbac *r, alees_ctx *ctx, const struct policy_user *u,
                                 const struct policy_membership *m, alees_json *target) {
    uint32_t number = m->is_global ? POLICY_NONE : policy_tree_find(u->tree, &m->organization);
    if (number == POLICY_NONE) {
        return r->json->put_text(target, "organization", (alees_str){NULL, 0});
    }
    alees_json *organization = r->json->object(ctx);
    alees_rc rc = organization ? rbac_put_id(r, organization, "id", &m->organization) : ALEES_E_NOMEM;
    if (rc == ALEES_OK) {
        rc = r->json->put_text(organization, "name", alees_text(u->tree->organizations[number].name));
    }
    return rc == ALEES_OK ? r->json->put(target, "organization", organization) : rc;
}

static alees_rc put_membership(struct rbac *r, alees_ctx *ctx, const struct policy_user *u,
                               const struct policy_membership *m, alees_json *list) {
    alees_json *one = r->json->object(ctx);
    alees_rc rc = one ? rbac_put_id(r, one, "id", &m->id) : ALEES_E_NOMEM;
    if (rc != ALEES_OK || (rc = put_organization(r, ctx, u, m, one)) != ALEES_OK ||
        (rc = put_roles(r, ctx, u, m, one)) != ALEES_OK ||
        (rc = r->json->put_boolean(one, "inherit", m->inherit)) != ALEES_OK ||
        (rc = r->json->put_boolean(one, "is_active", m->state == ALEES_GRANTED)) != ALEES_OK ||
        (rc = put_permissions(r, ctx, u, m, one)) != ALEES_OK) {
        return rc;
    }
    return r->json->put(list, NULL, one);
}

/* As the statement ACCOUNT numbers them, from the second on. */
static const char *const profile[] = {"email",     "last_login",   "first_name", "last_name",
                                      "job_title", "phone_number", "language",   "timezone"};

static alees_rc put_user(struct rbac *r, alees_ctx *ctx, const struct policy_user *u, alees_json *answer) {
    const struct alees_json_v1 *j = r->json;
    const alees_str id = rbac_id_text(r, ctx, &u->id);
    alees_rows *rows;
    alees_rc rc = rbac_run(r, ctx, RBAC_ACCOUNT, &id, 1, &rows);
    if (rc != ALEES_OK) {
        return rc;
    }
    bool is_there = r->db->count(rows) == 1;
    alees_json *user = j->object(ctx);
    if (!user || !is_there) {
        return user ? ALEES_E_UNAUTHENTICATED : ALEES_E_NOMEM;
    }
    if ((rc = j->put_text(user, "id", id)) != ALEES_OK ||
        (rc = j->put_text(user, "username", alees_text(u->username))) != ALEES_OK ||
        (rc = j->put_boolean(user, "is_superuser", u->is_superuser)) != ALEES_OK) {
        return rc;
    }
    for (uint32_t i = 0; rc == ALEES_OK && i < sizeof profile / sizeof *profile; i++) {
        rc = j->put_text(user, profile[i], r->db->text(rows, 0, i + 1));
    }
    return rc == ALEES_OK ? j->put(answer, "user", user) : rc;
}

/* Is it any business of an API key that is limited to some organizations? */
static bool is_told(const struct policy_limit *limit, const struct policy_membership *m) {
    return !limit || limit->is_everywhere || (!m->is_global && policy_limit_has(limit, &m->organization));
}

alees_rc rbac_me(void *state, alees_ctx *ctx) {
    struct rbac *r = state;
    const struct policy_limit *limit = rbac_limit(r->host->principal(ctx));
    struct policy_user *u;
    alees_json *answer = r->json->object(ctx), *memberships = r->json->array(ctx);
    if (!answer || !memberships) {
        return ALEES_E_NOMEM;
    }
    alees_rc rc = rbac_user_by_id(r, ctx, &r->host->principal(ctx)->id, &u);
    if (rc != ALEES_OK) {
        return rc;
    }
    rc = put_user(r, ctx, u, answer);
    for (uint32_t i = 0; rc == ALEES_OK && i < u->membership_count; i++) {
        rc = is_told(limit, &u->memberships[i]) ? put_membership(r, ctx, u, &u->memberships[i], memberships) : ALEES_OK;
    }
    policy_user_release(u);
    if (rc == ALEES_OK) {
        rc = r->json->put(answer, "memberships", memberships);
    }
    return rc == ALEES_OK ? r->http->reply_json(ctx, 200, answer) : rc;
}

/* --- /permissions --- */

alees_rc rbac_permissions(void *state, alees_ctx *ctx) {
    struct rbac *r = state;
    const struct alees_json_v1 *j = r->json;
    alees_json *answer = j->object(ctx), *list = j->array(ctx);
    alees_rc rc = answer && list ? ALEES_OK : ALEES_E_NOMEM;
    for (uint32_t i = 0; rc == ALEES_OK && i < r->catalogue->count; i++) {
        const struct alees_permission *p = r->catalogue->permissions[i];
        alees_json *one = j->object(ctx);
        if (!one || (rc = j->put_text(one, "name", alees_text(p->name))) != ALEES_OK ||
            (rc = j->put_text(one, "description", alees_text(p->description))) != ALEES_OK ||
            (rc = j->put_text(one, "plugin", (alees_str){p->name, strcspn(p->name, ".")})) != ALEES_OK) {
            return one ? rc : ALEES_E_NOMEM;
        }
        rc = j->put(list, NULL, one);
    }
    if (rc != ALEES_OK || (rc = j->put(answer, "results", list)) != ALEES_OK ||
        (rc = rbac_put_null(r, answer, "next")) != ALEES_OK ||
        (rc = rbac_put_null(r, answer, "previous")) != ALEES_OK ||
        (rc = j->put_integer(answer, "count", r->catalogue->count)) != ALEES_OK) {
        return rc;
    }
    return r->http->reply_json(ctx, 200, answer);
}
