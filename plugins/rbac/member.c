/* SPDX-License-Identifier: MIT
 * member.c - `alees member` and `alees can`. */
#include <stdio.h>

#include "rbac.h"

/* By id or by its whole name; an id goes before a name. */
static alees_rc find_organization(struct rbac *r, alees_ctx *ctx, const char *name, alees_id *ret_id) {
    const alees_str key = alees_text(name);
    alees_rows *rows;
    alees_id id;
    alees_rc rc = rbac_run(r, ctx, RBAC_FIND_ORGANIZATION, &key, 1, &rows);
    if (rc != ALEES_OK) {
        return rc;
    }
    if (r->db->count(rows) == 0) {
        return rbac_fail(r, ctx, ALEES_E_NOT_FOUND, "unknown_organization",
                         "There is no organization of that id or name.");
    }
    if (r->db->count(rows) > 1 && alees_id_parse(key, &id) != ALEES_OK) {
        return rbac_fail(r, ctx, ALEES_E_INVALID, "ambiguous_organization",
                         "Several organizations have that name: give the id.");
    }
    return alees_id_parse(r->db->text(rows, 0, 0), ret_id);
}

/* --- alees member --- */

static alees_rc add(struct rbac *r, alees_ctx *ctx, const char *user, const alees_id *organization, const char *role,
                    bool inherit) {
    alees_rc rc = r->service.grant(&r->service, ctx, alees_text(user), organization, alees_text(role), inherit);
    if (rc == ALEES_OK) {
        printf("%s has the role %s%s\n", user, role, inherit ? ", also in the organizations below" : "");
    }
    return rc;
}

static alees_rc take_away(struct rbac *r, alees_ctx *ctx, const char *user, const alees_id *organization) {
    const alees_str params[] = {alees_text(user), organization ? rbac_id_text(r, ctx, organization) : alees_text(NULL)};
    alees_rows *rows;
    alees_rc rc = rbac_run(r, ctx, RBAC_MEMBER_REMOVE, params, 2, &rows);
    if (rc == ALEES_OK && r->db->changed(rows) == 0) {
        return rbac_fail(r, ctx, ALEES_E_NOT_FOUND, "unknown_membership", "There is no such membership.");
    }
    if (rc == ALEES_OK) {
        printf("%s is no member any more\n", user);
    }
    return rc;
}

alees_rc rbac_command_member(void *state, alees_ctx *ctx, int argc, char **argv) {
    struct rbac *r = state;
    const char *words[3] = {NULL, NULL, NULL}; /* user, organization, role */
    bool inherit = false, is_global = false;
    uint32_t count = 0;
    alees_id id;
    for (int i = 2; i < argc; i++) {
        if (strcmp(argv[i], "--inherit") == 0) {
            inherit = true;
        } else if (strcmp(argv[i], "--global") == 0 && count == 1) {
            is_global = true;
            words[count++] = "";
        } else if (argv[i][0] == '-' || count == 3) {
            return ALEES_E_MALFORMED;
        } else {
            words[count++] = argv[i];
        }
    }
    bool is_add = argc > 1 && strcmp(argv[1], "add") == 0 && count == 3;
    bool is_remove = argc > 1 && strcmp(argv[1], "remove") == 0 && count == 2 && !inherit;
    if ((!is_add && !is_remove) || (is_global && inherit)) {
        return ALEES_E_MALFORMED;
    }
    alees_rc rc = is_global ? ALEES_OK : find_organization(r, ctx, words[1], &id);
    if (rc != ALEES_OK) {
        return rc;
    }
    return is_add ? add(r, ctx, words[0], is_global ? NULL : &id, words[2], inherit)
                  : take_away(r, ctx, words[0], is_global ? NULL : &id);
}

/* --- alees can --- */

static void print_grounds(const struct policy_user *u, const struct alees_decision *why) {
    char text[37];
    printf("reason: %s\n", policy_reason(why->reason));
    if (why->reason != ALEES_GRANTED) {
        return;
    }
    printf("membership: %s\n", alees_id_format(&why->membership, text));
    uint32_t through = policy_tree_find(u->tree, &why->through);
    if (through != POLICY_NONE) {
        printf("through: %s (%s)\n", alees_id_format(&why->through, text), u->tree->organizations[through].name);
    }
    for (uint32_t i = 0; i < u->roles->count; i++) {
        if (alees_id_compare(&u->roles->roles[i].id, &why->role) == 0) {
            printf("role: %s (%s)\n", alees_id_format(&why->role, text), u->roles->roles[i].name);
        }
    }
}

alees_rc rbac_command_can(void *state, alees_ctx *ctx, int argc, char **argv) {
    struct rbac *r = state;
    bool explain = argc == 5 && strcmp(argv[4], "--explain") == 0;
    struct alees_decision why;
    struct policy_user *u;
    alees_id organization;
    if (argc != 4 && !explain) {
        return ALEES_E_MALFORMED;
    }
    alees_rc rc = find_organization(r, ctx, argv[3], &organization);
    if (rc != ALEES_OK) {
        return rc;
    }
    rc = rbac_user_by_name(r, ctx, alees_text(argv[1]), &u);
    if (rc != ALEES_OK) {
        return rc == ALEES_E_NOT_FOUND ? rbac_fail(r, ctx, rc, "unknown_user", "There is no user of that name.") : rc;
    }
    uint32_t reason = policy_decide(u, NULL, policy_permission(r->catalogue, argv[2]), &organization, &why);
    printf("%s\n", policy_is_allowed(reason) ? "allowed" : "denied");
    if (explain) {
        print_grounds(u, &why);
    }
    policy_user_release(u);
    return policy_is_allowed(reason) ? ALEES_OK : rbac_fail(r, ctx, ALEES_E_DENIED, "denied", policy_reason(reason));
}
