/* SPDX-License-Identifier: MIT
 * test_policy.c - the decision, each rule by itself. test_policy_worlds.c sets them all against random worlds. */
#include "policy_rows.h"

/* --- one world for the tables ---
 *
 *   0 root -+- 1 acme -+- 2 acme/east --- 3 acme/east/shop
 *           |          `- 4 acme/shut (inactive) --- 5 acme/shut/below
 *           `- 6 globex
 */

struct world {
    struct policy_catalogue *catalogue;
    struct policy_tree *tree;
    struct policy_roles *roles;
};

enum { OWNER = 1, VIEWER, GLOBEX_ADDER };

static int set_up(void **state) {
    static struct world w;
    const struct policy_organization_row organizations[] = {
        organization(3, 2, true), organization(6, 0, true), organization(0, -1, true), organization(4, 1, false),
        organization(2, 1, true), organization(5, 4, true), organization(1, 0, true),
    };
    const struct policy_role_row roles[] = {
        {.id = role_id(OWNER), .is_system = true, .name = test_view("owner"), .permission = test_view("*")},
        {.id = role_id(VIEWER), .is_system = true, .name = test_view("viewer"), .permission = test_view("*.view_*")},
        {.id = role_id(GLOBEX_ADDER),
         .organization = organization_id(6),
         .name = test_view("adder"),
         .permission = test_view("product.add_product")},
    };
    w.catalogue = catalogue();
    w.tree = policy_tree_new(organizations, ARRAY_LEN(organizations), 1, NOW);
    w.roles =
        policy_roles_new(w.catalogue, &(struct policy_role_rows){.roles = roles, .role_count = ARRAY_LEN(roles)}, 1);
    assert_non_null(w.tree);
    assert_non_null(w.roles);
    *state = &w;
    return 0;
}

static int tear_down(void **state) {
    struct world *w = *state;
    policy_catalogue_free(w->catalogue);
    policy_tree_release(w->tree);
    policy_roles_release(w->roles);
    return 0;
}

static struct policy_user *make_user(const struct world *w, bool is_active, bool is_superuser,
                                     const struct policy_membership_row *rows, uint32_t count) {
    const struct policy_user_row row = {id_of(4, 1), test_view("somebody"), is_active, is_superuser};
    struct policy_user *u = policy_user_new(&row, rows, count, w->tree, w->roles, w->catalogue->count, NOW);
    assert_non_null(u);
    return u;
}

static uint32_t decide_in(const struct policy_user *u, uint32_t permission, uint32_t where) {
    const alees_id id = organization_id(where);
    return policy_decide(u, NULL, permission, &id, NULL);
}

/* The organizations as digits: "136". */
static void assert_list(struct policy_user *u, uint32_t permission, const char *expected) {
    const struct alees_organizations *list = policy_organizations(u, NULL, permission, NULL);
    char found[16] = "";
    size_t at = 0;
    assert_non_null(list);
    assert_int_equal(list->all, 0);
    for (char digit = '0'; digit <= '6'; digit++) {
        const alees_id id = organization_id((uint32_t)(digit - '0'));
        for (uint32_t i = 0; i < list->count; i++) {
            if (alees_id_compare(&list->ids[i], &id) == 0) {
                found[at++] = digit;
            }
        }
    }
    assert_string_equal(found, expected);
    assert_int_equal(list->count, at);
}

static void test_own_organization_only(void **state) {
    const struct policy_membership_row rows[] = {member(1, VIEWER, false)};
    struct policy_user *u = make_user(*state, true, false, rows, 1);
    assert_int_equal(decide_in(u, VIEW, 1), ALEES_GRANTED);
    assert_int_equal(decide_in(u, ADD, 1), ALEES_ROLE_LACKS_PERMISSION);
    assert_int_equal(decide_in(u, VIEW, 0), ALEES_NO_MEMBERSHIP); /* above */
    assert_int_equal(decide_in(u, VIEW, 2), ALEES_NO_MEMBERSHIP); /* below */
    assert_int_equal(decide_in(u, VIEW, 6), ALEES_NO_MEMBERSHIP); /* beside */
    assert_int_equal(decide_in(u, VIEW, 99), ALEES_UNKNOWN_ORGANIZATION);
    assert_list(u, VIEW, "1");
    assert_list(u, ADD, "");
    assert_text(policy_organizations(u, NULL, ADD, NULL)->text, "{}");
    policy_user_release(u);
}

static void test_inherit_reaches_down_and_stops_at_an_inactive_one(void **state) {
    const struct policy_membership_row rows[] = {member(1, VIEWER, true)};
    struct policy_user *u = make_user(*state, true, false, rows, 1);
    struct alees_decision why;
    const alees_id shop = organization_id(3), acme = organization_id(1), viewer = role_id(VIEWER);
    assert_int_equal(policy_decide(u, NULL, VIEW, &shop, &why), ALEES_GRANTED);
    assert_memory_equal(&why.through, &acme, sizeof acme);
    assert_memory_equal(&why.role, &viewer, sizeof viewer);
    assert_int_equal(decide_in(u, VIEW, 4), ALEES_INACTIVE_ORGANIZATION);
    assert_int_equal(decide_in(u, VIEW, 5), ALEES_INACTIVE_ORGANIZATION);
    assert_int_equal(decide_in(u, VIEW, 0), ALEES_NO_MEMBERSHIP);
    assert_list(u, VIEW, "123");
    policy_user_release(u);
}

static void test_inner_membership_below_an_inactive_one(void **state) {
    const struct policy_membership_row rows[] = {member(0, VIEWER, true), member(5, VIEWER, false),
                                                 member(4, OWNER, true), member(3, OWNER, false)};
    struct policy_user *u = make_user(*state, true, false, rows, 4);
    assert_int_equal(decide_in(u, VIEW, 5), ALEES_GRANTED);              /* its own, active */
    assert_int_equal(decide_in(u, ADD, 5), ALEES_ROLE_LACKS_PERMISSION); /* its own came furthest */
    assert_int_equal(decide_in(u, VIEW, 4), ALEES_INACTIVE_ORGANIZATION);
    assert_int_equal(decide_in(u, ADD, 3), ALEES_GRANTED);
    assert_list(u, VIEW, "012356");
    assert_list(u, ADD, "3");
    policy_user_release(u);
}

static void test_time(void **state) {
    const struct world *w = *state;
    struct policy_membership_row rows[] = {member(1, VIEWER, false), member(2, VIEWER, false),
                                           member(6, VIEWER, false)};
    rows[0].until = NOW;     /* is over */
    rows[1].from = NOW + 10; /* is to come */
    rows[2].from = NOW;      /* begins now, ends later */
    rows[2].until = NOW + 20;
    struct policy_user *u = make_user(w, true, false, rows, 3);
    assert_int_equal(decide_in(u, VIEW, 1), ALEES_EXPIRED_MEMBERSHIP);
    assert_int_equal(decide_in(u, VIEW, 2), ALEES_EXPIRED_MEMBERSHIP);
    assert_list(u, VIEW, "6");
    assert_int_equal(u->last_change, NOW);
    assert_int_equal(u->next_change, NOW + 10);
    struct policy_user *later = policy_user_again(u, w->tree, w->roles, NOW + 10);
    assert_list(later, VIEW, "26");
    assert_int_equal(later->next_change, NOW + 20);
    struct policy_user *latest = policy_user_again(later, w->tree, w->roles, NOW + 20);
    assert_list(latest, VIEW, "2");
    assert_int_equal(latest->next_change, INT64_MAX);
    policy_user_release(u);
    policy_user_release(later);
    policy_user_release(latest);
}

static void test_users_of_every_kind(void **state) {
    struct policy_membership_row rows[] = {member(1, OWNER, true)};
    struct policy_user *inactive = make_user(*state, false, false, rows, 1);
    struct policy_user *fallen = make_user(*state, false, true, rows, 1);
    struct policy_user *superuser = make_user(*state, true, true, NULL, 0);
    rows[0].is_active = false;
    struct policy_user *suspended = make_user(*state, true, false, rows, 1);
    assert_int_equal(decide_in(NULL, VIEW, 1), ALEES_UNKNOWN_USER);
    assert_int_equal(policy_organizations(NULL, NULL, VIEW, NULL)->count, 0);
    assert_int_equal(policy_organizations(NULL, NULL, VIEW, NULL)->all, 0);
    assert_int_equal(decide_in(inactive, VIEW, 1), ALEES_INACTIVE_USER);
    assert_list(inactive, VIEW, "");
    assert_int_equal(decide_in(fallen, VIEW, 1), ALEES_INACTIVE_USER); /* before superuser */
    assert_list(fallen, VIEW, "");
    assert_int_equal(decide_in(suspended, VIEW, 1), ALEES_INACTIVE_MEMBERSHIP);
    assert_list(suspended, VIEW, "");
    assert_int_equal(decide_in(superuser, ADD, 4), ALEES_BY_SUPERUSER); /* an inactive organization, too */
    assert_int_equal(decide_in(superuser, ADD, 99), ALEES_UNKNOWN_ORGANIZATION);
    assert_int_equal(decide_in(superuser, 0, 1), ALEES_UNKNOWN_PERMISSION);
    assert_int_equal(decide_in(superuser, PERMISSIONS + 1, 1), ALEES_UNKNOWN_PERMISSION);
    assert_int_equal(policy_organizations(superuser, NULL, ADD, NULL)->all, 1);
    assert_int_equal(policy_organizations(superuser, NULL, 0, NULL)->all, 0);
    assert_int_equal(policy_organizations(superuser, NULL, PERMISSIONS + 1, NULL)->all, 0);
    policy_user_release(inactive);
    policy_user_release(fallen);
    policy_user_release(superuser);
    policy_user_release(suspended);
}

static void test_global_resources(void **state) {
    struct policy_membership_row rows[] = {member(1, OWNER, true), member(9, VIEWER, false)};
    rows[1].is_global = true;
    struct policy_user *tenant = make_user(*state, true, false, rows, 1);
    struct policy_user *both = make_user(*state, true, false, rows, 2);
    struct policy_user *superuser = make_user(*state, true, true, NULL, 0);
    assert_int_equal(policy_decide(tenant, NULL, ADD, NULL, NULL), ALEES_NO_MEMBERSHIP); /* an owner of a tenant */
    assert_int_equal(policy_decide(both, NULL, VIEW, NULL, NULL), ALEES_GRANTED);
    assert_int_equal(policy_decide(both, NULL, ADD, NULL, NULL), ALEES_ROLE_LACKS_PERMISSION);
    assert_int_equal(decide_in(both, VIEW, 6), ALEES_NO_MEMBERSHIP); /* global is not everywhere */
    assert_int_equal(policy_decide(superuser, NULL, ADD, NULL, NULL), ALEES_BY_SUPERUSER);
    policy_user_release(tenant);
    policy_user_release(both);
    policy_user_release(superuser);
}

static void test_role_of_another_organization_counts_nowhere(void **state) {
    const struct policy_membership_row rows[] = {member(1, GLOBEX_ADDER, true), member(6, GLOBEX_ADDER, false),
                                                 member(2, 77, false)};
    struct policy_user *u = make_user(*state, true, false, rows, 3);
    assert_int_equal(decide_in(u, ADD, 1), ALEES_ROLE_LACKS_PERMISSION);
    assert_int_equal(decide_in(u, ADD, 6), ALEES_GRANTED);
    assert_int_equal(decide_in(u, ADD, 2), ALEES_ROLE_LACKS_PERMISSION); /* a role that does not exist */
    assert_list(u, ADD, "6");
    policy_user_release(u);
}

static void test_several_roles_in_one_membership(void **state) {
    struct policy_membership_row rows[] = {member(6, VIEWER, false), member(6, GLOBEX_ADDER, false)};
    struct policy_user *u = make_user(*state, true, false, rows, 2);
    assert_int_equal(u->membership_count, 1);
    assert_int_equal(decide_in(u, VIEW, 6), ALEES_GRANTED);
    assert_int_equal(decide_in(u, ADD, 6), ALEES_GRANTED);
    assert_int_equal(decide_in(u, CHANGE, 6), ALEES_ROLE_LACKS_PERMISSION);
    policy_user_release(u);
}

static void test_equal_lists_are_kept_once(void **state) {
    const struct policy_membership_row rows[] = {member(1, OWNER, true)};
    struct policy_user *u = make_user(*state, true, false, rows, 1);
    size_t before = atomic_load(&u->bytes);
    const struct alees_organizations *first = policy_organizations(u, NULL, VIEW, NULL);
    size_t after = atomic_load(&u->bytes);
    assert_true(after > before);
    assert_ptr_equal(policy_organizations(u, NULL, ADD, NULL), first);
    assert_ptr_equal(policy_organizations(u, NULL, VIEW, NULL), first);
    assert_int_equal(atomic_load(&u->bytes), after);
    policy_user_release(u);
}

static void test_patterns(void **state) {
    static const struct {
        const char *pattern, *name;
        bool matches;
    } rows[] = {
        {"*", "rbac.explain_decision", true},
        {"*.view_*", "product.view_product", true},
        {"*.view_*", "product.review_product", false},
        {"*.view_*", "product.add_product", false},
        {"*.view_*", "rbac.view_role", false},
        {"*.view_*", "audit.view_audit_entry", false},
        {"*", "audit.view_audit_entry", true},
        {"rbac.view_*", "rbac.view_role", true},
        {"rbac.view_*", "rbac.explain_decision", false},
        {"*.view_*", "rbacx.view_role", true},
        {"product.*", "product.view_product", true},
        {"product.*", "products.view_product", false},
        {"*.add_*", "a.add_b.add_c", true},
        {"product.view_product", "product.view_product", true},
        {"product.view_product", "product.view_products", false},
        {"", "product.view_product", false},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (policy_matches(test_view(rows[i].pattern), rows[i].name) != rows[i].matches) {
            fail_msg("%s against %s", rows[i].pattern, rows[i].name);
        }
    }
}

static void test_custom_roles_have_no_patterns(void **state) {
    const struct world *w = *state;
    const struct policy_role_row row = {
        .id = role_id(9), .organization = organization_id(1), .name = test_view("sly"), .permission = test_view("*")};
    struct policy_roles *roles =
        policy_roles_new(w->catalogue, &(struct policy_role_rows){.roles = &row, .role_count = 1}, 1);
    assert_int_equal(roles->count, 1);
    assert_int_equal(roles->roles[0].permissions[0], 0);
    policy_roles_release(roles);
}

static void test_catalogue(void **state) {
    const struct world *w = *state;
    assert_int_equal(policy_permission(w->catalogue, "product.add_product"), ADD);
    assert_int_equal(policy_permission(w->catalogue, "add_product"), 0); /* never by its last part */
    assert_int_equal(policy_permission(w->catalogue, "contact.add_product"), 0);
    assert_int_equal(policy_permission(w->catalogue, ""), 0);
}

static void test_circle_in_the_tree_is_left_out(void **state) {
    const struct policy_organization_row rows[] = {organization(0, -1, true), organization(1, 2, true),
                                                   organization(2, 1, true), organization(3, 88, true)};
    struct policy_tree *tree = policy_tree_new(rows, ARRAY_LEN(rows), 1, NOW);
    const alees_id in_circle = organization_id(1), orphan = organization_id(3);
    (void)state;
    assert_int_equal(tree->count, 2);
    assert_int_equal(policy_tree_find(tree, &in_circle), POLICY_NONE);
    assert_int_not_equal(policy_tree_find(tree, &orphan), POLICY_NONE);
    policy_tree_release(tree);
}

static void test_a_chain_as_deep_as_it_is_long(void **state) {
    enum { DEEP = 20000 };
    const struct world *w = *state;
    struct policy_organization_row *rows = calloc(DEEP, sizeof *rows);
    for (uint32_t i = 0; i < DEEP; i++) {
        rows[i] = organization(i, (int)i - 1, true);
    }
    struct policy_tree *tree = policy_tree_new(rows, DEEP, 2, NOW);
    const struct policy_membership_row top = member(0, VIEWER, true);
    const struct policy_user_row row = {id_of(4, 1), test_view("somebody"), true, false};
    struct policy_user *u = policy_user_new(&row, &top, 1, tree, w->roles, w->catalogue->count, NOW);
    assert_int_equal(policy_organizations(u, NULL, VIEW, NULL)->count, DEEP);
    assert_int_equal(decide_in(u, VIEW, DEEP - 1), ALEES_GRANTED);
    policy_user_release(u);
    policy_tree_release(tree);
    free(rows);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_own_organization_only),
        cmocka_unit_test(test_inherit_reaches_down_and_stops_at_an_inactive_one),
        cmocka_unit_test(test_inner_membership_below_an_inactive_one),
        cmocka_unit_test(test_time),
        cmocka_unit_test(test_users_of_every_kind),
        cmocka_unit_test(test_global_resources),
        cmocka_unit_test(test_role_of_another_organization_counts_nowhere),
        cmocka_unit_test(test_several_roles_in_one_membership),
        cmocka_unit_test(test_equal_lists_are_kept_once),
        cmocka_unit_test(test_patterns),
        cmocka_unit_test(test_custom_roles_have_no_patterns),
        cmocka_unit_test(test_catalogue),
        cmocka_unit_test(test_circle_in_the_tree_is_left_out),
        cmocka_unit_test(test_a_chain_as_deep_as_it_is_long),
    };
    return cmocka_run_group_tests_name("policy", tests, set_up, tear_down);
}
