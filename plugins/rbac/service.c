/* SPDX-License-Identifier: MIT
 * service.c - alees.rbac/1.
 *
 * A principal says which user; each question finds that user anew in memory (cache.c), holds it while it is answered,
 * and copies what lives on. So no reference outlives a call, and a right that is taken away is gone for the next
 * question of the same request. */
#include <stdlib.h>

#include "rbac.h"

static struct rbac *rbac_of(const struct alees_rbac_v1 *me) {
    return me->state;
}

/* size + 1 bytes of the request's memory, the last one 0; NULL without memory. */
static void *copy(struct rbac *r, alees_ctx *ctx, const void *bytes, size_t size) {
    char *memory = r->host->alloc(ctx, size + 1);
    if (memory && size > 0) {
        memcpy(memory, bytes, size);
    }
    return memory;
}

static alees_rc fill_principal(struct rbac *r, alees_ctx *ctx, const struct policy_user *u, const alees_id *key,
                               const struct policy_limit *limit, const struct alees_principal **ret_who) {
    struct alees_principal *who = r->host->alloc(ctx, sizeof *who);
    struct rbac_caller *caller = r->host->alloc(ctx, sizeof *caller);
    size_t length = strlen(u->username);
    char *username = copy(r, ctx, u->username, length);
    void *memory = limit ? r->host->alloc(ctx, limit->bytes) : NULL;
    if (!who || !caller || !username || (limit && !memory)) {
        return ALEES_E_NOMEM;
    }
    caller->r = r;
    caller->limit = limit ? policy_limit_copy(memory, limit) : NULL;
    *who = (struct alees_principal){.struct_size = sizeof *who,
                                    .flags = key               ? ALEES_API_KEY
                                             : u->is_superuser ? ALEES_SUPERUSER
                                                               : 0,
                                    .id = u->id,
                                    .username = {username, length},
                                    .provider = caller};
    if (key) {
        who->key = *key;
    }
    *ret_who = who;
    return ALEES_OK;
}

alees_rc rbac_make_principal(struct rbac *r, alees_ctx *ctx, struct policy_user *u, const alees_id *key,
                             const struct policy_limit *limit, const struct alees_principal **ret_who) {
    alees_rc rc = !key == !limit ? fill_principal(r, ctx, u, key, limit, ret_who) : ALEES_E_INTERNAL;
    policy_user_release(u);
    return rc;
}

const struct policy_limit *rbac_limit(const struct alees_principal *who) {
    const struct rbac_caller *caller = who->provider;
    return caller->limit;
}

alees_rc rbac_hold_user(struct rbac *r, alees_ctx *ctx, const struct alees_principal *who,
                        struct policy_user **ret_user, const struct policy_limit **ret_limit) {
    const struct rbac_caller *caller = who ? who->provider : NULL;
    struct policy_user *u = NULL;
    alees_rc rc = ALEES_E_NOT_FOUND;
    if (caller && caller->r == r) {
        rc = rbac_user_by_id(r, ctx, &who->id, &u);
    }
    if (rc == ALEES_OK || rc == ALEES_E_NOT_FOUND) {
        *ret_user = u;
        *ret_limit = u ? caller->limit : NULL;
        return ALEES_OK;
    }
    return rc;
}

static alees_rc resources(const struct alees_rbac_v1 *me, alees_ctx *ctx, alees_list list) {
    struct rbac *r = rbac_of(me);
    for (uint32_t i = 0; i < list.count; i++) {
        const struct alees_resource_of *of = (const void *)((const char *)list.items + (size_t)i * list.stride);
        if (of->resource->fields.count > POLICY_MOST_FIELDS) {
            return rbac_fail(r, ctx, ALEES_E_INVALID, "too_many_fields", "A resource may have 256 fields at most.");
        }
    }
    r->resources = list;
    return ALEES_OK;
}

static alees_rc catalogue(const struct alees_rbac_v1 *me, alees_ctx *ctx, alees_list permissions) {
    struct rbac *r = rbac_of(me);
    if (r->catalogue) {
        return ALEES_E_INTERNAL; /* numbers never change */
    }
    r->catalogue = policy_catalogue_new(permissions, r->resources);
    if (!r->catalogue) {
        return rbac_fail(r, ctx, ALEES_E_NOMEM, "out_of_memory", "There is no memory for the list of permissions.");
    }
    r->explain = policy_permission(r->catalogue, "rbac.explain_decision");
    r->invite = policy_permission(r->catalogue, "rbac.add_invitation");
    return ALEES_OK;
}

static uint32_t permission(const struct alees_rbac_v1 *me, const char *name) {
    const struct rbac *r = rbac_of(me);
    return r->catalogue && name ? policy_permission(r->catalogue, name) : 0;
}

/* A token or an API key: which of the two only cache.c knows. */
static alees_rc authenticate(const struct alees_rbac_v1 *me, alees_ctx *ctx, alees_str token,
                             const struct alees_principal **ret_who) {
    static const char prefix[] = RBAC_TOKEN_PREFIX;
    struct rbac *r = rbac_of(me);
    struct policy_user *u;
    struct rbac_token *t;
    if (!token.ptr || token.len < sizeof prefix || memcmp(token.ptr, prefix, sizeof prefix - 1) != 0) {
        return ALEES_E_UNAUTHENTICATED; /* not one of ours: the database need not be asked */
    }
    alees_rc rc = rbac_user_by_token(r, ctx, token, &u, &t);
    if (rc != ALEES_OK) {
        return rc;
    }
    rc = rbac_make_principal(r, ctx, u, t->limit ? &t->key : NULL, t->limit, ret_who);
    if (rc == ALEES_OK && t->limit) {
        rbac_note_use(r, ctx, t);
    }
    rbac_token_release(t);
    return rc;
}

static alees_rc decide(const struct alees_rbac_v1 *me, alees_ctx *ctx, const struct alees_principal *who,
                       uint32_t number, const alees_id *organization, const struct alees_decision **ret_why) {
    struct rbac *r = rbac_of(me);
    struct alees_decision *why = ret_why ? r->host->alloc(ctx, sizeof *why) : NULL;
    const struct policy_limit *limit;
    struct policy_user *u;
    if (ret_why && !why) {
        return ALEES_E_NOMEM;
    }
    alees_rc rc = rbac_hold_user(r, ctx, who, &u, &limit);
    if (rc != ALEES_OK) {
        return rc;
    }
    uint32_t reason = policy_decide(u, limit, number, organization, why);
    policy_user_release(u);
    if (ret_why) {
        *ret_why = why;
    }
    return policy_is_allowed(reason) ? ALEES_OK : ALEES_E_DENIED;
}

/* The list is kept with the user; the request gets a copy of it in one piece. */
static alees_rc copy_list(struct rbac *r, alees_ctx *ctx, const struct alees_organizations *list,
                          const struct alees_organizations **ret_where) {
    const size_t ids = list->count * sizeof *list->ids;
    struct alees_organizations *where = r->host->alloc(ctx, sizeof *where + ids + list->text.len + 1);
    if (!where) {
        return ALEES_E_NOMEM;
    }
    alees_id *id = (alees_id *)(where + 1);
    char *text = (char *)(id + list->count);
    if (ids > 0) {
        memcpy(id, list->ids, ids);
    }
    memcpy(text, list->text.ptr, list->text.len + 1);
    *where = *list;
    where->ids = list->count > 0 ? id : NULL;
    where->text.ptr = text;
    *ret_where = where;
    return ALEES_OK;
}

static alees_rc organizations(const struct alees_rbac_v1 *me, alees_ctx *ctx, const struct alees_principal *who,
                              uint32_t number, const struct alees_organizations **ret_where) {
    struct rbac *r = rbac_of(me);
    const struct policy_limit *limit;
    struct policy_user *u;
    alees_rc rc = rbac_hold_user(r, ctx, who, &u, &limit);
    if (rc != ALEES_OK) {
        return rc;
    }
    void *room = limit ? r->host->alloc(ctx, policy_room(limit)) : NULL;
    const struct alees_organizations *list = !limit || room ? policy_organizations(u, limit, number, room) : NULL;
    rc = list ? copy_list(r, ctx, list, ret_where) : ALEES_E_NOMEM;
    policy_user_release(u);
    return rc;
}

static alees_rc fields(const struct alees_rbac_v1 *me, alees_ctx *ctx, const struct alees_principal *who,
                       uint32_t number, const alees_id *organization, const struct alees_fields **ret_fields) {
    struct rbac *r = rbac_of(me);
    struct {
        struct alees_fields answer;
        struct policy_fields kept;
    } *memory = r->host->alloc(ctx, sizeof *memory);
    const struct policy_limit *limit;
    struct policy_user *u;
    alees_rc rc = memory ? rbac_hold_user(r, ctx, who, &u, &limit) : ALEES_E_NOMEM;
    if (rc != ALEES_OK) {
        return rc;
    }
    policy_fields(r->catalogue, u, limit, number, organization, &memory->kept);
    policy_user_release(u);
    memory->answer = (struct alees_fields){.struct_size = sizeof memory->answer,
                                           .all = memory->kept.all,
                                           .bits = memory->kept.all ? NULL : memory->kept.bits};
    *ret_fields = &memory->answer;
    return ALEES_OK;
}

static alees_rc user(const struct alees_rbac_v1 *me, alees_ctx *ctx, alees_str username,
                     const struct alees_principal **ret_who) {
    struct policy_user *u;
    alees_rc rc = rbac_user_by_name(rbac_of(me), ctx, username, &u);
    return rc == ALEES_OK ? rbac_make_principal(rbac_of(me), ctx, u, NULL, NULL, ret_who) : rc;
}

static alees_str organization_name(const struct alees_rbac_v1 *me, alees_ctx *ctx, const alees_id *organization) {
    struct rbac *r = rbac_of(me);
    struct policy_tree *tree;
    struct policy_roles *roles;
    alees_str name = {NULL, 0};
    if (rbac_world(r, ctx, &tree, &roles) != ALEES_OK) {
        return name;
    }
    uint32_t number = policy_tree_find(tree, organization);
    if (number != POLICY_NONE) {
        alees_str kept = alees_text(tree->organizations[number].name);
        name.ptr = copy(r, ctx, kept.ptr, kept.len);
        name.len = name.ptr ? kept.len : 0;
    }
    policy_tree_release(tree);
    policy_roles_release(roles);
    return name;
}

static void forget_tree(void *state, alees_ctx *ctx, void *data) {
    (void)ctx;
    (void)data;
    rbac_forget_tree(state);
}

static alees_rc tree_changed(const struct alees_rbac_v1 *me, alees_ctx *ctx) {
    struct rbac *r = rbac_of(me);
    return r->db->after_commit(r->self, ctx, forget_tree, NULL);
}

static alees_rc refresh(const struct alees_rbac_v1 *me, alees_ctx *ctx, const struct alees_principal *who) {
    return rbac_refresh(rbac_of(me), ctx, &who->id);
}

static alees_rc grant(const struct alees_rbac_v1 *me, alees_ctx *ctx, alees_str username, const alees_id *organization,
                      alees_str role, uint32_t inherit) {
    struct rbac *r = rbac_of(me);
    alees_rows *rows;
    const alees_id id = r->host->new_id();
    const alees_str params[] = {username, organization ? rbac_id_text(r, ctx, organization) : alees_text(NULL), role,
                                alees_text(inherit ? "true" : "false"), rbac_id_text(r, ctx, &id)};
    alees_rc rc = rbac_run(r, ctx, RBAC_GRANT, params, 5, &rows);
    if (rc != ALEES_OK) {
        return rc;
    }
    if (alees_equal(r->db->text(rows, 0, 0), alees_text("0"))) {
        return rbac_fail(r, ctx, ALEES_E_NOT_FOUND, "unknown_user", "There is no user of that name.");
    }
    if (alees_equal(r->db->text(rows, 0, 1), alees_text("0"))) {
        return rbac_fail(r, ctx, ALEES_E_NOT_FOUND, "unknown_role",
                         "There is no role of that name in that organization.");
    }
    return ALEES_OK;
}

void rbac_service_init(struct rbac *r) {
    r->service = (struct alees_rbac_v1){.struct_size = sizeof r->service,
                                        .state = r,
                                        .catalogue = catalogue,
                                        .permission = permission,
                                        .authenticate = authenticate,
                                        .decide = decide,
                                        .organizations = organizations,
                                        .user = user,
                                        .organization_name = organization_name,
                                        .tree_changed = tree_changed,
                                        .grant = grant,
                                        .resources = resources,
                                        .fields = fields,
                                        .refresh = refresh,
                                        .relatives = rbac_relatives};
}
