/* SPDX-License-Identifier: MIT
 * policy_rows.h - rows for the model of plugins/rbac, made from small numbers. Compiles that model in. */
#ifndef POLICY_ROWS_H
#define POLICY_ROWS_H

#include "test.h"

#include "plugins/rbac/limit.c"
#include "plugins/rbac/model.c"
#include "plugins/rbac/names.c"
#include "plugins/rbac/policy.c"
#include "plugins/rbac/rights.c"
#include "plugins/rbac/roles.c"
#include "plugins/rbac/user.c"

#define NOW ((int64_t)1000)

enum { VIEW = 1, ADD, CHANGE, EXPLAIN, ROLE_VIEW, UNIT_VIEW, USER_VIEW, PERMISSIONS = USER_VIEW };

static const struct alees_permission permission_rows[PERMISSIONS] = {
    {"product.view_product", "See."},
    {"product.add_product", "Add."},
    {"product.change_product", "Change."},
    {"rbac.explain_decision", "Explain."},
    {"rbac.view_role", "See."},
    {"unit.view_unit", "See."},
    {"rbac.view_user", "See."},
};

static const struct alees_field product_fields[] = {
    {.name = "name"}, {.name = "sku"}, {.name = "price"}, {.name = "notes"}};
static const struct alees_field unit_fields[] = {{.name = "name"}, {.name = "symbol"}};
static const struct alees_field user_fields[] = {{.name = "username"}, {.name = "email"}};
static const struct alees_resource product_resource = {
    .name = "product", .scope = ALEES_SCOPE_ORGANIZATION, .fields = ALEES_LIST(product_fields)};
static const struct alees_resource unit_resource = {
    .name = "unit", .scope = ALEES_SCOPE_GLOBAL, .fields = ALEES_LIST(unit_fields)};
static const struct alees_resource user_resource = {
    .name = "user", .scope = ALEES_SCOPE_SEVERAL, .fields = ALEES_LIST(user_fields)};
static const struct alees_resource_of resource_rows[] = {
    {"unit", &unit_resource}, {"product", &product_resource}, {"rbac", &user_resource}};

/* Small numbers as ids, so that a failure can be read. */
static inline alees_id id_of(uint32_t kind, uint32_t number) {
    alees_id id = {{0}};
    id.bytes[0] = (uint8_t)(number * 37); /* the order of ids is not the order of making */
    id.bytes[1] = (uint8_t)kind;
    id.bytes[14] = (uint8_t)(number >> 8);
    id.bytes[15] = (uint8_t)number;
    return id;
}

static inline alees_id organization_id(uint32_t number) {
    return id_of(1, number);
}

static inline alees_id role_id(uint32_t number) {
    return id_of(2, number);
}

static inline struct policy_catalogue *catalogue(void) {
    struct policy_catalogue *c =
        policy_catalogue_new((alees_list)ALEES_LIST(permission_rows), (alees_list)ALEES_LIST(resource_rows));
    assert_non_null(c);
    return c;
}

static inline struct policy_organization_row organization(uint32_t number, int parent, bool is_active) {
    struct policy_organization_row row = {.id = organization_id(number),
                                          .is_active = is_active,
                                          .from = INT64_MIN,
                                          .until = INT64_MAX,
                                          .name = test_view("an organization")};
    if (parent >= 0) {
        row.parent = organization_id((uint32_t)parent);
        row.has_parent = true;
    }
    return row;
}

static inline struct policy_membership_row member(uint32_t where, uint32_t role, bool inherit) {
    return (struct policy_membership_row){.id = id_of(3, where),
                                          .organization = organization_id(where),
                                          .role = role_id(role),
                                          .has_role = true,
                                          .is_active = true,
                                          .inherit = inherit,
                                          .from = INT64_MIN,
                                          .until = INT64_MAX};
}

#endif
