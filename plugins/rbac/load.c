/* SPDX-License-Identifier: MIT
 * load.c - what the RBAC_LOAD_* statements bring, as rows of policy.h. The columns are those of statements.c. */
#include "rbac.h"

enum user_column {
    USER_ID,
    USER_NAME,
    USER_ACTIVE,
    USER_SUPERUSER,
    USER_EXPIRES,
    MEMBERSHIP_ID,
    MEMBERSHIP_ORGANIZATION,
    MEMBERSHIP_ACTIVE,
    MEMBERSHIP_INHERIT,
    MEMBERSHIP_FROM,
    MEMBERSHIP_UNTIL,
    MEMBERSHIP_ROLE,
    KEY_ID, /* from here on: RBAC_LOAD_BY_KEY only */
    KEY_PERMISSIONS,
    KEY_ORGANIZATIONS,
    KEY_LAST_USED
};

struct reader {
    struct rbac *r;
    const alees_rows *rows;
    alees_rc rc; /* the first value that was not what it should be; sticky */
};

static alees_str text(struct reader *in, uint32_t row, uint32_t column) {
    return in->r->db->text(in->rows, row, column);
}

static bool is_true(struct reader *in, uint32_t row, uint32_t column) {
    alees_str value = text(in, row, column);
    return value.len == 1 && value.ptr[0] == 't';
}

/* false if NULL */
static bool read_id(struct reader *in, uint32_t row, uint32_t column, alees_id *ret_id) {
    alees_str value = text(in, row, column);
    if (!value.ptr) {
        return false;
    }
    if (alees_id_parse(value, ret_id) != ALEES_OK) {
        in->rc = ALEES_E_INTERNAL;
    }
    return true;
}

static int64_t read_integer(struct reader *in, uint32_t row, uint32_t column, int64_t absent) {
    alees_str value = text(in, row, column);
    uint64_t number = 0;
    bool is_negative = value.len > 0 && value.ptr[0] == '-';
    if (!value.ptr) {
        return absent;
    }
    for (size_t i = is_negative; i < value.len; i++) {
        uint64_t digit = (uint64_t)(uint8_t)value.ptr[i] - '0';
        if (digit > 9 || number > (INT64_MAX - digit) / 10) {
            in->rc = ALEES_E_INTERNAL;
            return absent;
        }
        number = number * 10 + digit;
    }
    return is_negative ? -(int64_t)number : (int64_t)number;
}

static void read_membership(struct reader *in, uint32_t row, struct policy_membership_row *m) {
    (void)read_id(in, row, MEMBERSHIP_ID, &m->id);
    m->is_global = !read_id(in, row, MEMBERSHIP_ORGANIZATION, &m->organization);
    m->has_role = read_id(in, row, MEMBERSHIP_ROLE, &m->role);
    m->is_active = is_true(in, row, MEMBERSHIP_ACTIVE);
    m->inherit = is_true(in, row, MEMBERSHIP_INHERIT);
    m->from = read_integer(in, row, MEMBERSHIP_FROM, INT64_MIN);
    m->until = read_integer(in, row, MEMBERSHIP_UNTIL, INT64_MAX);
}

alees_rc rbac_load_user(struct rbac *r, alees_ctx *ctx, enum rbac_statement statement, alees_str key,
                        struct rbac_loaded *ret_loaded) {
    alees_rows *rows;
    alees_rc rc = rbac_run(r, ctx, statement, &key, 1, &rows);
    if (rc != ALEES_OK) {
        return rc;
    }
    struct reader in = {r, rows, ALEES_OK};
    struct rbac_loaded loaded = {0};
    uint32_t count = r->db->count(rows);
    if (count == 0) {
        return ALEES_E_NOT_FOUND;
    }
    r->host->count(r->self, RBAC_USER_LOADS, 1);
    (void)read_id(&in, 0, USER_ID, &loaded.user.id);
    loaded.user.username = text(&in, 0, USER_NAME);
    loaded.user.is_active = is_true(&in, 0, USER_ACTIVE);
    loaded.user.is_superuser = is_true(&in, 0, USER_SUPERUSER);
    loaded.token_expires_at = read_integer(&in, 0, USER_EXPIRES, INT64_MIN);
    if (statement == RBAC_LOAD_BY_KEY) {
        (void)read_id(&in, 0, KEY_ID, &loaded.key.id);
        loaded.key.permissions = text(&in, 0, KEY_PERMISSIONS);
        loaded.key.organizations = text(&in, 0, KEY_ORGANIZATIONS);
        loaded.key.last_used_at = read_integer(&in, 0, KEY_LAST_USED, 0);
    }
    if (text(&in, 0, MEMBERSHIP_ID).ptr) {
        struct policy_membership_row *memberships = r->host->alloc(ctx, count * sizeof *memberships);
        if (!memberships) {
            return ALEES_E_NOMEM;
        }
        for (uint32_t i = 0; i < count; i++) {
            read_membership(&in, i, &memberships[i]);
        }
        loaded.memberships = memberships;
        loaded.count = count;
    }
    if (in.rc == ALEES_OK) {
        *ret_loaded = loaded;
    }
    return in.rc;
}

/* --- the tree and the roles --- */

static alees_rc load_tree(struct rbac *r, alees_ctx *ctx, enum rbac_statement statement, const alees_str *params,
                          uint32_t nparams, uint64_t generation, struct policy_tree **ret_tree) {
    alees_rows *rows;
    alees_rc rc = rbac_run(r, ctx, statement, params, nparams, &rows);
    if (rc != ALEES_OK) {
        return rc;
    }
    struct reader in = {r, rows, ALEES_OK};
    uint32_t count = r->db->count(rows);
    struct policy_organization_row *organizations = r->host->alloc(ctx, count * sizeof *organizations);
    if (!organizations) {
        return ALEES_E_NOMEM;
    }
    for (uint32_t i = 0; i < count; i++) {
        (void)read_id(&in, i, 0, &organizations[i].id);
        organizations[i].has_parent = read_id(&in, i, 1, &organizations[i].parent);
        organizations[i].is_active = is_true(&in, i, 2);
        organizations[i].name = text(&in, i, 3);
        organizations[i].from = read_integer(&in, i, 4, INT64_MIN);
        organizations[i].until = read_integer(&in, i, 5, INT64_MAX);
    }
    if (in.rc != ALEES_OK) {
        return in.rc;
    }
    struct policy_tree *tree = policy_tree_new(organizations, count, generation, rbac_now_us());
    if (!tree) {
        return ALEES_E_NOMEM;
    }
    *ret_tree = tree;
    return ALEES_OK;
}

static alees_rc read_role_rows(struct rbac *r, alees_ctx *ctx, const alees_rows *rows,
                               struct policy_role_rows *ret_rows) {
    struct reader in = {r, rows, ALEES_OK};
    uint32_t count = r->db->count(rows);
    struct policy_role_row *roles = r->host->alloc(ctx, count * sizeof *roles);
    if (!roles) {
        return ALEES_E_NOMEM;
    }
    for (uint32_t i = 0; i < count; i++) {
        (void)read_id(&in, i, 0, &roles[i].id);
        roles[i].is_system = !read_id(&in, i, 1, &roles[i].organization);
        roles[i].name = text(&in, i, 2);
        roles[i].permission = text(&in, i, 3);
        roles[i].is_owner = is_true(&in, i, 4);
    }
    ret_rows->roles = roles;
    ret_rows->role_count = count;
    return in.rc;
}

static alees_rc read_field_rows(struct rbac *r, alees_ctx *ctx, const alees_rows *rows,
                                struct policy_role_rows *ret_rows) {
    struct reader in = {r, rows, ALEES_OK};
    uint32_t count = r->db->count(rows);
    struct policy_field_row *fields = r->host->alloc(ctx, count * sizeof *fields);
    if (!fields) {
        return ALEES_E_NOMEM;
    }
    for (uint32_t i = 0; i < count; i++) {
        (void)read_id(&in, i, 0, &fields[i].role);
        fields[i].resource = text(&in, i, 1);
        for (uint32_t action = 0; action < POLICY_ACTIONS; action++) {
            fields[i].names[action] = text(&in, i, 2 + action);
        }
    }
    ret_rows->fields = fields;
    ret_rows->field_count = count;
    return in.rc;
}

static alees_rc load_roles(struct rbac *r, alees_ctx *ctx, enum rbac_statement roles, enum rbac_statement fields,
                           const alees_str *params, uint32_t nparams, uint64_t generation,
                           struct policy_roles **ret_roles) {
    struct policy_role_rows all = {0};
    alees_rows *rows;
    alees_rc rc = rbac_run(r, ctx, roles, params, nparams, &rows);
    if (rc != ALEES_OK || (rc = read_role_rows(r, ctx, rows, &all)) != ALEES_OK ||
        (rc = rbac_run(r, ctx, fields, params, nparams, &rows)) != ALEES_OK ||
        (rc = read_field_rows(r, ctx, rows, &all)) != ALEES_OK) {
        return rc;
    }
    struct policy_roles *made = policy_roles_new(r->catalogue, &all, generation);
    if (!made) {
        return ALEES_E_NOMEM;
    }
    *ret_roles = made;
    return ALEES_OK;
}

alees_rc rbac_load_tree(struct rbac *r, alees_ctx *ctx, uint64_t generation, struct policy_tree **ret_tree) {
    r->host->count(r->self, RBAC_TREE_LOADS, 1);
    return load_tree(r, ctx, RBAC_LOAD_ORGANIZATIONS, NULL, 0, generation, ret_tree);
}

alees_rc rbac_load_roles(struct rbac *r, alees_ctx *ctx, uint64_t generation, struct policy_roles **ret_roles) {
    r->host->count(r->self, RBAC_ROLE_LOADS, 1);
    return load_roles(r, ctx, RBAC_LOAD_ROLES, RBAC_LOAD_FIELDS, NULL, 0, generation, ret_roles);
}

alees_rc rbac_load_fresh(struct rbac *r, alees_ctx *ctx, alees_str user, const struct rbac_about *about,
                         struct policy_tree **ret_tree, struct policy_roles **ret_roles) {
    const alees_str params[] = {user, about->roles};
    struct policy_tree *tree;
    alees_rc rc = load_tree(r, ctx, RBAC_FRESH_ORGANIZATIONS, &about->organizations, 1, 0, &tree);
    if (rc != ALEES_OK) {
        return rc;
    }
    rc = load_roles(r, ctx, RBAC_FRESH_ROLES, RBAC_FRESH_FIELDS, params, 2, 0, ret_roles);
    if (rc != ALEES_OK) {
        policy_tree_release(tree);
        return rc;
    }
    *ret_tree = tree;
    return ALEES_OK;
}
