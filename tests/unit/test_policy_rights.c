/* SPDX-License-Identifier: MIT
 * test_policy_rights.c - fields behind a permission, the limit of an API key, and what a user may hand on: each rule by
 * itself. test_policy_worlds.c sets them all against random worlds. */
#include "policy_rows.h"

#include <stdio.h>

/* --- one world for the tables ---
 *
 *   0 acme --- 1 east --- 2 shop
 *   3 globex
 */

enum { OWNER = 1, VIEWER, CLERK, BUYER, EAST_ADDER, ACCOUNTS };
enum { NAME, SKU, PRICE, NOTES };
#define FIELD(place) ((uint64_t)1 << (place))

struct world {
    struct policy_catalogue *catalogue;
    struct policy_tree *tree;
    struct policy_roles *roles;
};

static struct policy_role_row role(uint32_t number, const char *permission) {
    return (struct policy_role_row){.id = role_id(number),
                                    .is_system = true,
                                    .is_owner = number == OWNER,
                                    .name = test_view("a role"),
                                    .permission = test_view(permission)};
}

static struct policy_field_row row_of(uint32_t number, const char *resource, const char *read, const char *create,
                                      const char *update) {
    return (struct policy_field_row){
        role_id(number), test_view(resource), {test_view(read), test_view(create), test_view(update)}};
}

static int set_up(void **state) {
    static struct world w;
    const struct policy_organization_row organizations[] = {organization(0, -1, true), organization(1, 0, true),
                                                            organization(2, 1, true), organization(3, -1, true)};
    struct policy_role_row roles[] = {role(OWNER, "*"),
                                      role(VIEWER, "*.view_*"),
                                      role(CLERK, "product.view_product"),
                                      role(CLERK, "product.add_product"),
                                      role(BUYER, "product.view_product"),
                                      role(EAST_ADDER, "product.add_product"),
                                      role(ACCOUNTS, "rbac.view_user")};
    const struct policy_field_row fields[] = {
        row_of(BUYER, "product.product", "{sku,price}", "{}", "{}"),
        row_of(CLERK, "product.product", "{name,\"sku\",gone}", "{name}", "{}"),
        row_of(CLERK, "unit.unit", "{}", "{}", "{}"),
        row_of(77, "product.product", "{name}", "{}", "{}"),     /* of an unknown role */
        row_of(VIEWER, "warehouse.shelf", "{name}", "{}", "{}"), /* of an unknown resource */
        row_of(ACCOUNTS, "rbac.user", "{username}", "{}", "{}"),
    };
    roles[5].is_system = false;
    roles[5].organization = organization_id(1);
    w.catalogue = catalogue();
    w.tree = policy_tree_new(organizations, ARRAY_LEN(organizations), 1, NOW);
    w.roles = policy_roles_new(w.catalogue,
                               &(struct policy_role_rows){roles, fields, ARRAY_LEN(roles), ARRAY_LEN(fields)}, 1);
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

static struct policy_user *make_user(const struct world *w, bool is_superuser, const struct policy_membership_row *rows,
                                     uint32_t count) {
    const struct policy_user_row row = {id_of(4, 1), test_view("somebody"), true, is_superuser};
    struct policy_user *u = policy_user_new(&row, rows, count, w->tree, w->roles, w->catalogue->count, NOW);
    assert_non_null(u);
    return u;
}

static struct policy_limit *make_limit(const struct world *w, const char *names, int first, int second) {
    char text[80], one[37], two[37];
    const alees_id ids[] = {organization_id((uint32_t)first), organization_id((uint32_t)second)};
    snprintf(text, sizeof text, "{%s,%s}", alees_id_format(&ids[0], one), alees_id_format(&ids[1], two));
    struct policy_limit *limit =
        policy_limit_new(w->catalogue, test_view(names), first < 0 ? test_view(NULL) : test_view(text));
    assert_non_null(limit);
    return limit;
}

/* where -1: everywhere; expected -1: all */
static void assert_fields(const struct world *w, struct policy_user *u, const struct policy_limit *limit,
                          uint32_t permission, int where, int64_t expected) {
    const alees_id id = organization_id((uint32_t)where);
    struct policy_fields fields;
    policy_fields(w->catalogue, u, limit, permission, where < 0 ? NULL : &id, &fields);
    assert_int_equal(fields.all, expected == -1);
    assert_int_equal(fields.bits[0], expected == -1 ? 0 : expected);
    assert_int_equal(fields.bits[1], 0);
}

/* --- fields --- */

static void test_a_role_without_a_row_permits_all(void **state) {
    const struct policy_membership_row rows[] = {member(1, VIEWER, false), member(0, CLERK, false)};
    struct policy_user *u = make_user(*state, false, rows, 2);
    assert_fields(*state, u, NULL, VIEW, 1, -1);
    assert_fields(*state, u, NULL, VIEW, 0, FIELD(NAME) | FIELD(SKU));
    assert_fields(*state, u, NULL, ADD, 0, FIELD(NAME));
    assert_fields(*state, u, NULL, VIEW, 2, 0);    /* not held */
    assert_fields(*state, u, NULL, CHANGE, 0, 0);  /* not held */
    assert_fields(*state, u, NULL, EXPLAIN, 0, 0); /* of another kind */
    assert_fields(*state, u, NULL, 0, 0, 0);
    assert_fields(*state, u, NULL, VIEW, -1, FIELD(NAME) | FIELD(SKU)); /* in each of both */
    assert_fields(*state, u, NULL, CHANGE, -1, 0);
    policy_user_release(u);
}

static void test_roles_that_give_the_permission_are_united(void **state) {
    const struct policy_membership_row rows[] = {member(0, CLERK, true), member(1, BUYER, false),
                                                 member(1, EAST_ADDER, false), member(3, BUYER, false)};
    struct policy_user *u = make_user(*state, false, rows, 4);
    const uint64_t clerk = FIELD(NAME) | FIELD(SKU), buyer = FIELD(SKU) | FIELD(PRICE);
    assert_fields(*state, u, NULL, VIEW, 0, (int64_t)clerk);
    assert_fields(*state, u, NULL, VIEW, 1,
                  (int64_t)(clerk | buyer)); /* EAST_ADDER does not give it: all of it is not added */
    assert_fields(*state, u, NULL, ADD, 1, -1);
    assert_fields(*state, u, NULL, VIEW, 2, (int64_t)clerk);
    assert_fields(*state, u, NULL, VIEW, 3, (int64_t)buyer);
    assert_fields(*state, u, NULL, VIEW, -1, FIELD(SKU));
    policy_user_release(u);
}

static void test_fields_of_superusers_and_of_resources_without_organization(void **state) {
    struct policy_membership_row rows[] = {member(9, CLERK, false), member(0, CLERK, false)};
    rows[0].is_global = true;
    struct policy_user *clerk = make_user(*state, false, rows, 2);
    struct policy_user *superuser = make_user(*state, true, rows, 2);
    rows[0].role = role_id(VIEWER);
    struct policy_user *viewer = make_user(*state, false, rows, 2);
    assert_fields(*state, superuser, NULL, VIEW, 0, -1);
    assert_fields(*state, superuser, NULL, VIEW, -1, -1);
    assert_fields(*state, superuser, NULL, VIEW, 99, 0);
    assert_fields(*state, superuser, NULL, EXPLAIN, 0, 0);
    assert_fields(*state, NULL, NULL, VIEW, 0, 0);
    assert_fields(*state, clerk, NULL, UNIT_VIEW, -1, 0); /* not held */
    assert_fields(*state, viewer, NULL, UNIT_VIEW, -1, -1);
    assert_fields(*state, viewer, NULL, VIEW, -1, FIELD(NAME) | FIELD(SKU)); /* where it belongs to nobody: not asked */
    policy_user_release(clerk);
    policy_user_release(viewer);
    policy_user_release(superuser);
}

static void test_fields_of_what_belongs_to_several(void **state) {
    struct policy_membership_row rows[] = {member(9, ACCOUNTS, false), member(0, OWNER, false),
                                           member(3, CLERK, false)};
    struct policy_user *there = make_user(*state, false, rows + 1, 2);
    rows[0].is_global = true;
    struct policy_user *both = make_user(*state, false, rows, 3);
    assert_fields(*state, there, NULL, USER_VIEW, -1, -1);
    assert_fields(*state, there, NULL, USER_VIEW, 3, 0);
    assert_fields(*state, both, NULL, USER_VIEW, -1, FIELD(0)); /* those that are in no organization of theirs, too */
    assert_fields(*state, both, NULL, USER_VIEW, 0, -1);
    assert_fields(*state, both, NULL, USER_VIEW, 3, FIELD(0));
    policy_user_release(there);
    policy_user_release(both);
}

/* --- the limit --- */

static void test_a_key_takes_away(void **state) {
    const struct world *w = *state;
    const struct policy_membership_row rows[] = {member(0, OWNER, true), member(3, BUYER, false)};
    struct policy_user *u = make_user(w, false, rows, 2), *superuser = make_user(w, true, NULL, 0);
    struct policy_limit *view = make_limit(w, "{product.view_product,gone.view_gone}", -1, 0);
    struct policy_limit *there = make_limit(w, "{product.view_product,unit.view_unit}", 3, 1);
    const alees_id acme = organization_id(0), east = organization_id(1), shop = organization_id(2),
                   globex = organization_id(3);
    _Alignas(16) char room[512];
    assert_int_equal(policy_decide(u, view, VIEW, &acme, NULL), ALEES_GRANTED);
    assert_int_equal(policy_decide(u, view, ADD, &acme, NULL), ALEES_BEYOND_KEY);
    assert_int_equal(policy_decide(u, view, ADD, &globex, NULL), ALEES_ROLE_LACKS_PERMISSION); /* nor may the user */
    assert_int_equal(policy_organizations(u, view, VIEW, NULL)->count, 4);
    assert_int_equal(policy_organizations(u, view, ADD, NULL)->count, 0);
    assert_int_equal(policy_decide(u, there, VIEW, &east, NULL), ALEES_GRANTED);
    assert_int_equal(policy_decide(u, there, VIEW, &shop, NULL), ALEES_BEYOND_KEY); /* never those below */
    assert_int_equal(policy_decide(u, there, VIEW, &acme, NULL), ALEES_BEYOND_KEY);
    assert_true(policy_room(there) <= sizeof room);
    const struct alees_organizations *list = policy_organizations(u, there, VIEW, room);
    assert_int_equal(list->count, 2);
    assert_true(alees_id_compare(&list->ids[0], &list->ids[1]) < 0);
    assert_int_equal(list->text.len, 1 + 37 * 2);
    assert_int_equal(policy_organizations(u, NULL, VIEW, NULL)->count, 4); /* the user's own is as before */
    assert_int_equal(policy_decide(superuser, there, VIEW, &globex, NULL), ALEES_BY_SUPERUSER);
    assert_int_equal(policy_decide(superuser, there, VIEW, &acme, NULL), ALEES_BEYOND_KEY);
    assert_int_equal(policy_decide(superuser, there, UNIT_VIEW, NULL, NULL), ALEES_BEYOND_KEY);
    assert_int_equal(policy_decide(superuser, view, VIEW, NULL, NULL), ALEES_BY_SUPERUSER);
    assert_int_equal(policy_organizations(superuser, there, VIEW, room)->all, 0);
    assert_int_equal(policy_organizations(superuser, there, VIEW, room)->count, 2);
    assert_int_equal(policy_organizations(superuser, view, VIEW, NULL)->all, 1);
    assert_fields(w, u, view, VIEW, -1, FIELD(SKU) | FIELD(PRICE));
    assert_fields(w, u, view, ADD, -1, 0);
    assert_fields(w, u, there, VIEW, 0, 0);
    assert_fields(w, u, there, VIEW, 1, -1);
    free(view);
    free(there);
    policy_user_release(u);
    policy_user_release(superuser);
}

static void test_a_limit_is_read_strictly(void **state) {
    const struct world *w = *state;
    char memory[512];
    struct policy_limit *patterns = make_limit(w, "{*,product.*,product.view_product}", 3, 3);
    const alees_id globex = organization_id(3), acme = organization_id(0);
    const struct policy_limit *copied;
    assert_int_equal(patterns->permissions[0], FIELD(VIEW)); /* a name, never a pattern */
    assert_true(patterns->bytes <= sizeof memory);
    copied = policy_limit_copy(memory, patterns);
    free(patterns);
    assert_int_equal(copied->permissions[0], FIELD(VIEW));
    assert_true(policy_limit_has(copied, &globex));
    assert_false(policy_limit_has(copied, &acme));
    static const char *const bad[] = {"{}", "", "{00000000}", "x"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct policy_limit *none_left = policy_limit_new(w->catalogue, test_view("{}"), test_view(bad[i]));
        assert_false(none_left->is_everywhere);
        assert_int_equal(none_left->organization_count, 0);
        assert_int_equal(none_left->permissions[0], 0);
        free(none_left);
    }
}

/* --- handing on --- */

static uint32_t lacks(const struct world *w, const struct policy_user *u, const struct policy_limit *limit,
                      uint32_t role_number, int where, bool below) {
    const alees_id id = organization_id((uint32_t)where), role_key = role_id(role_number);
    const struct policy_role *of = policy_role(w->roles, &role_key);
    uint32_t numbers[PERMISSIONS] = {0};
    uint32_t count = policy_lacks(u, limit, of->permissions, where < 0 ? NULL : &id, below, numbers, PERMISSIONS);
    for (uint32_t i = 0; i < count; i++) {
        assert_true(policy_set_has(of->permissions, numbers[i]));
        assert_true(i == 0 || numbers[i - 1] < numbers[i]);
    }
    return count;
}

static void test_what_may_be_handed_on(void **state) {
    const struct world *w = *state;
    struct policy_membership_row rows[] = {member(0, OWNER, true), member(3, OWNER, false), member(9, VIEWER, false)};
    rows[2].is_global = true;
    struct policy_user *u = make_user(w, false, rows, 3), *superuser = make_user(w, true, NULL, 0);
    struct policy_limit *widest = make_limit(w, "{product.view_product,product.add_product}", -1, 0);
    struct policy_limit *there = make_limit(w, "{product.view_product,product.add_product}", 0, 3);
    assert_int_equal(lacks(w, u, NULL, OWNER, 0, false), 0);
    assert_int_equal(lacks(w, u, NULL, OWNER, 1, true), 0); /* inherited from above, and it goes on below */
    assert_int_equal(lacks(w, u, NULL, OWNER, 3, false), 0);
    assert_int_equal(lacks(w, u, NULL, OWNER, 3, true), PERMISSIONS);       /* held there, but not below */
    assert_int_equal(lacks(w, u, NULL, OWNER, -1, false), PERMISSIONS - 2); /* without organization: as a viewer */
    assert_int_equal(lacks(w, superuser, NULL, OWNER, 3, true), 0);
    assert_int_equal(lacks(w, superuser, NULL, OWNER, 99, false), PERMISSIONS);
    assert_int_equal(lacks(w, u, widest, CLERK, 0, true), 0);
    assert_int_equal(lacks(w, u, widest, OWNER, 0, false), PERMISSIONS - 2);
    assert_int_equal(lacks(w, u, there, CLERK, 0, false), 0);
    assert_int_equal(lacks(w, u, there, CLERK, 0, true), 2); /* the key is made for the one organization */
    free(widest);
    free(there);
    policy_user_release(u);
    policy_user_release(superuser);
}

static void test_fields_that_may_be_handed_on(void **state) {
    const struct world *w = *state;
    const struct policy_membership_row rows[] = {member(0, BUYER, true), member(1, CLERK, false),
                                                 member(3, VIEWER, false)};
    struct policy_user *u = make_user(w, false, rows, 3);
    const alees_id acme = organization_id(0), east = organization_id(1), globex = organization_id(3),
                   clerk_id = role_id(CLERK), owner_id = role_id(OWNER);
    const struct policy_role *clerk = policy_role(w->roles, &clerk_id), *owner = policy_role(w->roles, &owner_id);
    struct policy_fields wanted;
    struct policy_lack missing[8];
    uint32_t places[8];
    policy_role_fields(w->catalogue, clerk, VIEW, &wanted);
    assert_int_equal(policy_lacks_fields(w->catalogue, u, NULL, VIEW, &wanted, &acme, false, places, 8), 1);
    assert_int_equal(places[0], NAME);
    assert_int_equal(policy_lacks_fields(w->catalogue, u, NULL, VIEW, &wanted, &east, false, places, 8), 0);
    assert_int_equal(policy_lacks_fields(w->catalogue, u, NULL, VIEW, &wanted, &east, true, places, 8), 1);
    assert_int_equal(policy_lacks_fields(w->catalogue, u, NULL, VIEW, &wanted, &globex, false, places, 8), 0);
    assert_int_equal(policy_lacks_fields(w->catalogue, u, NULL, EXPLAIN, &wanted, &acme, false, places, 8), 0);
    policy_role_fields(w->catalogue, owner, VIEW, &wanted); /* all */
    assert_int_equal(policy_lacks_fields(w->catalogue, u, NULL, VIEW, &wanted, &acme, false, places, 1), 2);
    assert_int_equal(places[0], NAME);
    assert_int_equal(
        policy_lacks_of_role(w->catalogue, u, NULL, clerk, NULL, &acme, false, missing, ARRAY_LEN(missing)), 1);
    assert_int_equal(missing[0].permission, VIEW); /* to add is not held at all: policy_lacks tells that */
    assert_int_equal(missing[0].field, NAME);
    const uint64_t only_add = FIELD(ADD);
    assert_int_equal(policy_lacks_of_role(w->catalogue, u, NULL, owner, &only_add, &east, false, missing, 8), 3);
    assert_int_equal(missing[0].field, SKU);
    policy_user_release(u);
}

static void test_owners(void **state) {
    const struct world *w = *state;
    struct policy_membership_row rows[] = {member(0, OWNER, true), member(3, VIEWER, false)};
    struct policy_user *u = make_user(w, false, rows, 2), *superuser = make_user(w, true, NULL, 0);
    struct policy_limit *key = make_limit(w, "{product.view_product}", -1, 0);
    const alees_id shop = organization_id(2), globex = organization_id(3), unknown = organization_id(99);
    assert_true(policy_is_owner(u, NULL, &shop));
    assert_false(policy_is_owner(u, NULL, &globex));
    assert_false(policy_is_owner(u, NULL, NULL));
    assert_false(policy_is_owner(u, key, &shop));
    assert_true(policy_is_owner(superuser, NULL, &globex));
    assert_true(policy_is_owner(superuser, NULL, NULL));
    assert_false(policy_is_owner(superuser, NULL, &unknown));
    assert_false(policy_is_owner(superuser, key, &globex));
    rows[0].until = NOW;
    struct policy_user *former = make_user(w, false, rows, 2);
    assert_false(policy_is_owner(former, NULL, &shop));
    free(key);
    policy_user_release(u);
    policy_user_release(superuser);
    policy_user_release(former);
}

/* --- names --- */

static void test_arrays_of_names(void **state) {
    static const struct {
        const char *array, *joined;
    } rows[] = {{"{}", ""},   {"", ""},     {"{a}", "a."}, {"{a,bc}", "a.bc."}, {"{\"null\",b}", "null.b."},
                {"{a", "a."}, {"x{a}", ""}, {"{,}", "."}};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        alees_str array = test_view(rows[i].array), name;
        char joined[32] = "";
        while (policy_next_name(&array, &name)) {
            strncat(joined, name.ptr, name.len);
            strcat(joined, ".");
        }
        assert_string_equal(joined, rows[i].joined);
    }
}

static void test_names(void **state) {
    const struct world *w = *state;
    uint64_t set = 0;
    assert_int_equal(policy_words(w->catalogue), 1);
    assert_int_equal(policy_resource(w->catalogue, test_view("product.product")), 1);
    assert_int_equal(policy_resource(w->catalogue, test_view("product.unit")), POLICY_NONE);
    assert_int_equal(policy_resource(w->catalogue, test_view("product")), POLICY_NONE);
    assert_int_equal(policy_field(w->catalogue, 1, test_view("price")), PRICE);
    assert_int_equal(policy_field(w->catalogue, 1, test_view("pric")), POLICY_NONE);
    assert_true(policy_set_add(w->catalogue, &set, test_view("product.add_product"), false));
    assert_int_equal(set, FIELD(ADD));
    assert_false(policy_set_add(w->catalogue, &set, test_view("*"), false));
    assert_false(policy_set_add(w->catalogue, &set, test_view("gone.add_gone"), true));
    assert_false(policy_set_add(w->catalogue, &set, test_view("gone.*"), true));
    assert_false(policy_set_add(w->catalogue, &set, test_view(NULL), true));
    assert_int_equal(set, FIELD(ADD));
    assert_true(policy_set_add(w->catalogue, &set, test_view("product.*"), true));
    assert_int_equal(set, FIELD(VIEW) | FIELD(ADD) | FIELD(CHANGE));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_role_without_a_row_permits_all),
        cmocka_unit_test(test_roles_that_give_the_permission_are_united),
        cmocka_unit_test(test_fields_of_superusers_and_of_resources_without_organization),
        cmocka_unit_test(test_fields_of_what_belongs_to_several),
        cmocka_unit_test(test_a_key_takes_away),
        cmocka_unit_test(test_a_limit_is_read_strictly),
        cmocka_unit_test(test_what_may_be_handed_on),
        cmocka_unit_test(test_fields_that_may_be_handed_on),
        cmocka_unit_test(test_owners),
        cmocka_unit_test(test_arrays_of_names),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests_name("policy_rights", tests, set_up, tear_down);
}
