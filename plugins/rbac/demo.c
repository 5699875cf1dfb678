/* SPDX-License-Identifier: MIT
 * demo.c - demonstration users. Their password is in the manual, so they live alone, and on loopback. Their memberships
 * come with the organizations, from plugins/organization. */
#include "rbac.h"

#include <stdio.h>

static const struct {
    const char *name, *is_superuser;
} users[] = {
    {"admin", "true"},           {"acme-manager", "false"}, {"acme-viewer", "false"},
    {"globex-manager", "false"}, {"both", "false"},         {"nobody", "false"},
};

static alees_rc look(struct rbac *r, alees_ctx *ctx, bool *ret_has_demo, bool *ret_has_others) {
    alees_rows *rows;
    alees_rc rc = rbac_run(r, ctx, RBAC_DEMO_STATE, NULL, 0, &rows);
    if (rc == ALEES_OK) {
        *ret_has_demo = !alees_equal(r->db->text(rows, 0, 0), alees_text("0"));
        *ret_has_others = !alees_equal(r->db->text(rows, 0, 1), alees_text("0"));
    }
    return rc;
}

alees_rc rbac_demo(void *state, alees_ctx *ctx) {
    struct rbac *r = state;
    bool has_demo = false, has_others = false;
    alees_rc rc = look(r, ctx, &has_demo, &has_others);
    if (rc != ALEES_OK || has_demo) {
        return rc;
    }
    if (has_others) {
        return rbac_fail(r, ctx, ALEES_E_CONFLICT, "users_exist",
                         "There are users already. Demonstration users have a password that everybody knows and are "
                         "only put into a database without others.");
    }
    for (size_t i = 0; rc == ALEES_OK && i < sizeof users / sizeof users[0]; i++) {
        rc = rbac_add_user(r, ctx, alees_text(users[i].name), alees_text(NULL), alees_text("demo-password"),
                           users[i].is_superuser, "true");
    }
    return rc;
}

alees_rc rbac_demo_large(void *state, alees_ctx *ctx, const struct alees_demo *demo) {
    struct rbac *r = state;
    char id[37], number[16];
    alees_rows *rows;
    (void)snprintf(number, sizeof number, "%u", (unsigned)demo->number);
    const alees_str params[] = {alees_text(alees_id_format(&demo->organization, id)), alees_text(number)};
    switch (demo->phase) {
    case ALEES_DEMO_USERS: return rbac_run(r, ctx, RBAC_DEMO_USERS, &params[1], 1, &rows);
    case ALEES_DEMO_MEMBERS: return rbac_run(r, ctx, RBAC_DEMO_MEMBERS, params, 2, &rows);
    default: return ALEES_OK;
    }
}

static bool is_loopback(alees_str address) {
    return alees_equal(address, alees_text("localhost")) || alees_equal(address, alees_text("::1")) ||
           alees_equal(address, alees_text("[::1]")) || (address.len > 4 && memcmp(address.ptr, "127.", 4) == 0);
}

alees_rc rbac_check_demo(struct rbac *r, alees_ctx *ctx) {
    const alees_str address = r->host->listen_address();
    bool has_demo = false, has_others = false;
    if (!address.ptr || is_loopback(address)) {
        return ALEES_OK;
    }
    alees_rc rc = look(r, ctx, &has_demo, &has_others);
    if (rc == ALEES_OK && has_demo) {
        return rbac_fail(r, ctx, ALEES_E_CONFLICT, "demo_users",
                         "This database has demonstration users, whose password everybody knows: server.listen must be "
                         "127.0.0.1 or ::1. For real use, start with a new database.");
    }
    return rc;
}
