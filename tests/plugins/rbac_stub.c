/* SPDX-License-Identifier: MIT
 * rbac_stub.c - a provider of alees.rbac/1 that knows nobody and refuses everything. */
#include "fixture.h"

static alees_rc catalogue(const struct alees_rbac_v1 *me, alees_ctx *ctx, alees_list permissions) {
    (void)me;
    (void)ctx;
    (void)permissions;
    return ALEES_OK;
}

static uint32_t permission(const struct alees_rbac_v1 *me, const char *name) {
    (void)me;
    (void)name;
    return 0;
}

static alees_rc authenticate(const struct alees_rbac_v1 *me, alees_ctx *ctx, alees_str token,
                             const struct alees_principal **ret_who) {
    (void)me;
    (void)ctx;
    (void)token;
    (void)ret_who;
    return ALEES_E_UNAUTHENTICATED;
}

static alees_rc decide(const struct alees_rbac_v1 *me, alees_ctx *ctx, const struct alees_principal *who,
                       uint32_t number, const alees_id *organization, const struct alees_decision **ret_why) {
    (void)me;
    (void)ctx;
    (void)who;
    (void)number;
    (void)organization;
    (void)ret_why;
    return ALEES_E_DENIED;
}

static alees_rc organizations(const struct alees_rbac_v1 *me, alees_ctx *ctx, const struct alees_principal *who,
                              uint32_t number, const struct alees_organizations **ret_where) {
    (void)me;
    (void)ctx;
    (void)who;
    (void)number;
    (void)ret_where;
    return ALEES_E_DENIED;
}

static alees_rc user(const struct alees_rbac_v1 *me, alees_ctx *ctx, alees_str username,
                     const struct alees_principal **ret_who) {
    (void)me;
    (void)ctx;
    (void)username;
    (void)ret_who;
    return ALEES_E_NOT_FOUND;
}

static alees_str organization_name(const struct alees_rbac_v1 *me, alees_ctx *ctx, const alees_id *organization) {
    alees_str absent = {NULL, 0};
    (void)me;
    (void)ctx;
    (void)organization;
    return absent;
}

static alees_rc grant(const struct alees_rbac_v1 *me, alees_ctx *ctx, alees_str username, const alees_id *organization,
                      alees_str role, uint32_t inherit) {
    (void)me;
    (void)ctx;
    (void)username;
    (void)organization;
    (void)role;
    (void)inherit;
    return ALEES_E_DENIED;
}

static alees_rc resources(const struct alees_rbac_v1 *me, alees_ctx *ctx, alees_list list) {
    (void)me;
    (void)ctx;
    (void)list;
    return ALEES_OK;
}

static alees_rc fields(const struct alees_rbac_v1 *me, alees_ctx *ctx, const struct alees_principal *who,
                       uint32_t number, const alees_id *organization, const struct alees_fields **ret_fields) {
    (void)me;
    (void)ctx;
    (void)who;
    (void)number;
    (void)organization;
    (void)ret_fields;
    return ALEES_E_DENIED;
}

static const struct alees_rbac_v1 table = {
    .struct_size = sizeof(struct alees_rbac_v1),
    .catalogue = catalogue,
    .permission = permission,
    .authenticate = authenticate,
    .decide = decide,
    .organizations = organizations,
    .user = user,
    .organization_name = organization_name,
    .grant = grant,
    .resources = resources,
    .fields = fields,
};

static const void *offer(void *state, const char *id) {
    (void)state;
    (void)id;
    return &table;
}

static const char *const offers[] = {ALEES_RBAC_V1};

ALEES_EXPORT const struct alees_plugin alees_plugin_v1 = {
    FIXTURE("rbac_stub"),
    .offers = ALEES_LIST(offers),
    .offer = offer,
};
