/* SPDX-License-Identifier: MIT
 * fresh.c - who may what, read in the transaction of a write and not from memory: for the rules of delegation. And what
 * that write makes this process forget.
 *
 * A decision in an organization depends on that organization, on those above it, and on the user's memberships with
 * their roles: so much is read, and no more, whatever the size of the tree. */
#include "rbac.h"

/* The organizations first, always in the same order: two who write about the same rights wait for each other here. A
 * membership of the writer, or a role, that somebody else is just changing is not waited for: two owners who demote each
 * other hold each other's rows by then, and who changes a role waits for the organization with the role in hand. If that
 * change is committed before the organization is locked, it is seen; else it comes after this one. */
static alees_rc lock(struct rbac *r, alees_ctx *ctx, alees_str user, const struct rbac_about *about) {
    const alees_str params[] = {user, about->organizations, about->roles};
    alees_rows *rows;
    alees_rc rc = rbac_run(r, ctx, RBAC_FRESH_LOCK, &about->organizations, 1, &rows);
    return rc == ALEES_OK ? rbac_run(r, ctx, RBAC_FRESH_LOCK_HELD, params, 3, &rows) : rc;
}

alees_rc rbac_fresh_user(struct rbac *r, alees_ctx *ctx, const alees_id *id, const struct rbac_about *about,
                         struct policy_user **ret_user) {
    const alees_str user = rbac_id_text(r, ctx, id);
    struct rbac_loaded loaded;
    struct policy_tree *tree;
    struct policy_roles *roles;
    alees_rc rc = about->lock ? lock(r, ctx, user, about) : ALEES_OK;
    if (rc != ALEES_OK || (rc = rbac_load_user(r, ctx, RBAC_FRESH_USER, user, &loaded)) != ALEES_OK ||
        (rc = rbac_load_fresh(r, ctx, user, about, &tree, &roles)) != ALEES_OK) {
        return rc;
    }
    struct policy_user *u = policy_user_new(&loaded.user, loaded.memberships, loaded.count, tree, roles,
                                            r->catalogue->count, rbac_now_us());
    policy_tree_release(tree);
    policy_roles_release(roles);
    if (!u) {
        return ALEES_E_NOMEM;
    }
    *ret_user = u;
    return ALEES_OK;
}

alees_rc rbac_fresh_caller(struct rbac *r, alees_ctx *ctx, const struct rbac_about *about,
                           struct policy_user **ret_user, const struct policy_limit **ret_limit) {
    const struct alees_principal *who = r->host->principal(ctx);
    if (!who) {
        return ALEES_E_DENIED;
    }
    alees_rc rc = rbac_fresh_user(r, ctx, &who->id, about, ret_user);
    if (rc == ALEES_OK) {
        *ret_limit = rbac_limit(who);
    }
    return rc == ALEES_E_NOT_FOUND ? ALEES_E_DENIED : rc;
}

/* --- after the commit --- */

static void forget_user(void *state, alees_ctx *ctx, void *data) {
    (void)ctx;
    rbac_forget_user(state, data);
}

static void forget_roles(void *state, alees_ctx *ctx, void *data) {
    struct rbac *r = state;
    (void)ctx;
    (void)data;
    atomic_fetch_add(&r->roles_generation, 1);
}

alees_rc rbac_user_changed(struct rbac *r, alees_ctx *ctx, const alees_id *id) {
    alees_id *kept = r->host->alloc(ctx, sizeof *kept);
    if (!kept) {
        return ALEES_E_NOMEM;
    }
    *kept = *id;
    return r->db->after_commit(r->self, ctx, forget_user, kept);
}

alees_rc rbac_roles_changed(struct rbac *r, alees_ctx *ctx) {
    return r->db->after_commit(r->self, ctx, forget_roles, NULL);
}
