/* SPDX-License-Identifier: MIT
 * test_delegate.c - the rules of delegation, each allowed and each refused. */
#include "policy_rows.h"

#include "plugins/rbac/delegate.c"

/* --- one world ---
 *
 *   0 acme --- 1 east
 *   2 globex
 */

enum { OWNER = 1, ADMIN, VIEWER, CLERK, BINDER, ESCALATOR, NOTHING, PRICED, FOREIGN };
enum { P_VIEW = 1, P_ADD, P_BIND, P_ESCALATE, P_ADD_MEMBER, P_CHANGE_ROLE, P_CHANGE_USER, P_DELETE_USER, P_COUNT = 8 };
enum { ME = 1, OTHER };

static const struct alees_permission own_permissions[P_COUNT] = {
    {"product.view_product", "See."},
    {"product.add_product", "Add."},
    {"rbac.bind_role", "Bind."},
    {"rbac.escalate_role", "Escalate."},
    {"rbac.add_organization_membership", "Add."},
    {"rbac.change_role", "Change."},
    {"rbac.change_user", "Change."},
    {"rbac.delete_user", "Delete."},
};

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

static int set_up(void **state) {
    static struct world w;
    const struct policy_organization_row organizations[] = {organization(0, -1, true), organization(1, 0, true),
                                                            organization(2, -1, true)};
    struct policy_role_row roles[] = {role(OWNER, "*"),
                                      role(ADMIN, "rbac.add_organization_membership"),
                                      role(ADMIN, "rbac.change_role"),
                                      role(ADMIN, "rbac.change_user"),
                                      role(ADMIN, "rbac.delete_user"),
                                      role(ADMIN, "product.view_product"),
                                      role(VIEWER, "product.view_product"),
                                      role(CLERK, "product.view_product"),
                                      role(CLERK, "product.add_product"),
                                      role(BINDER, "rbac.bind_role"),
                                      role(BINDER, "rbac.add_organization_membership"),
                                      role(ESCALATOR, "rbac.escalate_role"),
                                      role(NOTHING, NULL),
                                      role(PRICED, "product.view_product"),
                                      role(FOREIGN, "product.view_product")};
    const struct policy_field_row fields[] = {
        {role_id(PRICED), test_view("product.product"), {test_view("{name,price}"), test_view("{}"), test_view("{}")}}};
    roles[14].is_system = false;
    roles[14].organization = organization_id(2);
    w.catalogue = policy_catalogue_new((alees_list)ALEES_LIST(own_permissions), (alees_list)ALEES_LIST(resource_rows));
    w.tree = policy_tree_new(organizations, ARRAY_LEN(organizations), 1, NOW);
    w.roles = policy_roles_new(w.catalogue,
                               &(struct policy_role_rows){roles, fields, ARRAY_LEN(roles), ARRAY_LEN(fields)}, 1);
    assert_non_null(w.catalogue);
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

static struct policy_user *make_user(const struct world *w, uint32_t number, bool is_superuser,
                                     const struct policy_membership_row *rows, uint32_t count) {
    const struct policy_user_row row = {id_of(4, number), test_view("somebody"), true, is_superuser};
    struct policy_user *u = policy_user_new(&row, rows, count, w->tree, w->roles, w->catalogue->count, NOW);
    assert_non_null(u);
    return u;
}

static const struct policy_role *find(const struct world *w, uint32_t number) {
    const alees_id id = role_id(number);
    const struct policy_role *found = policy_role(w->roles, &id);
    assert_non_null(found);
    return found;
}

/* --- memberships --- */

/* What of a membership a row of the table says: roles as digits, then flags. '-': inactive, '+': inherited, '<': until
 * soon, '>': not yet. NULL: there is none. */
struct held {
    const struct policy_role *roles[4];
    struct delegate_membership m;
};

static const struct delegate_membership *read_held(const struct world *w, const char *text, uint32_t user,
                                                   struct held *h) {
    if (!text) {
        return NULL;
    }
    *h = (struct held){.m = {.user = id_of(4, user),
                             .roles = h->roles,
                             .is_active = !strchr(text, '-'),
                             .inherit = strchr(text, '+') != NULL,
                             .from = strchr(text, '>') ? NOW + 5 : INT64_MIN,
                             .until = strchr(text, '<') ? NOW + 9 : INT64_MAX}};
    for (; *text; text++) {
        if (*text >= '1' && *text <= '9') {
            h->roles[h->m.role_count++] = find(w, (uint32_t)(*text - '0'));
        }
    }
    return &h->m;
}

struct membership_case {
    const char *what;
    uint32_t writer, where; /* the role of the writer, in this organization */
    bool inherit;
    uint32_t user;
    const char *before, *after;
    enum delegate_verdict expected;
};

static void check_membership(const struct world *w, const struct membership_case *c, const struct policy_limit *limit) {
    const struct policy_membership_row mine = member(c->where, c->writer, c->inherit);
    const alees_id acme = organization_id(0), east = organization_id(1);
    struct policy_user *u = make_user(w, ME, false, &mine, 1);
    const struct delegate d = {w->catalogue, u, limit, c->where == 0 ? (c->inherit ? &east : &acme) : &acme};
    struct held before, after;
    struct delegate_lacks lacks;
    enum delegate_verdict verdict = delegate_membership(&d, P_ADD_MEMBER, read_held(w, c->before, c->user, &before),
                                                        read_held(w, c->after, c->user, &after), &lacks);
    if (verdict != c->expected) {
        print_error("%s: %d, not %d\n", c->what, verdict, c->expected);
        fail();
    }
    if (verdict == DELEGATE_ALLOWED || verdict == DELEGATE_EXCEEDS) {
        assert_int_equal(lacks.count > 0, verdict == DELEGATE_EXCEEDS);
    }
    policy_user_release(u);
}

static void test_memberships(void **state) {
    static const struct membership_case cases[] = {
        {"give what one holds", ADMIN, 0, false, OTHER, NULL, "3", DELEGATE_ALLOWED},
        {"give more than one holds", ADMIN, 0, false, OTHER, NULL, "4", DELEGATE_EXCEEDS},
        {"add a role beyond one's own", ADMIN, 0, false, OTHER, "3", "34", DELEGATE_EXCEEDS},
        {"add a lesser role to a greater one", ADMIN, 0, false, OTHER, "4", "43", DELEGATE_ALLOWED},
        {"activate a greater one", ADMIN, 0, false, OTHER, "4-", "4", DELEGATE_EXCEEDS},
        {"make a greater one last longer", ADMIN, 0, false, OTHER, "4<", "4", DELEGATE_EXCEEDS},
        {"make a greater one begin sooner", ADMIN, 0, false, OTHER, "4>", "4", DELEGATE_EXCEEDS},
        {"take a greater role away", ADMIN, 0, false, OTHER, "43", "3", DELEGATE_ALLOWED},
        {"switch a greater one off", ADMIN, 0, false, OTHER, "4", "4-", DELEGATE_ALLOWED},
        {"end a greater one", ADMIN, 0, false, OTHER, "4", "4<", DELEGATE_ALLOWED},
        {"delete a greater one", ADMIN, 0, false, OTHER, "4", NULL, DELEGATE_ALLOWED},
        {"change nothing of a greater one", ADMIN, 0, false, OTHER, "4", "4", DELEGATE_ALLOWED},
        {"fields beyond one's own", PRICED, 0, false, OTHER, NULL, "3", DELEGATE_EXCEEDS},
        {"fields within one's own", ADMIN, 0, false, OTHER, NULL, "8", DELEGATE_ALLOWED},
        /* whoever may bind roles */
        {"bind beyond one's own", BINDER, 0, false, OTHER, NULL, "4", DELEGATE_ALLOWED},
        {"bind for below, held here only", BINDER, 1, false, OTHER, NULL, "4", DELEGATE_EXCEEDS},
        {"bind for below, inherited", BINDER, 0, true, OTHER, NULL, "4+", DELEGATE_ALLOWED},
        {"bind an owner", BINDER, 0, false, OTHER, NULL, "1", DELEGATE_OWNERS_ONLY},
        /* oneself */
        {"a role more for oneself", ADMIN, 0, false, ME, "2", "23", DELEGATE_SELF},
        {"a membership for oneself", ADMIN, 0, true, ME, NULL, "3", DELEGATE_SELF},
        {"inherit for oneself", OWNER, 0, false, ME, "1", "1+", DELEGATE_SELF},
        {"longer for oneself", ADMIN, 0, false, ME, "2<", "2", DELEGATE_SELF},
        {"bind oneself", BINDER, 0, false, ME, "5", "54", DELEGATE_SELF},
        {"a role less for oneself", ADMIN, 0, false, ME, "23", "2", DELEGATE_ALLOWED},
        {"leave", ADMIN, 0, false, ME, "2", NULL, DELEGATE_ALLOWED},
        {"less instead of more for oneself", CLERK, 0, false, ME, "4", "3", DELEGATE_ALLOWED},
        {"more instead of less for oneself", VIEWER, 0, false, ME, "3", "4", DELEGATE_SELF},
        {"more fields for oneself", PRICED, 0, false, ME, "8", "3", DELEGATE_SELF},
        {"fewer fields for oneself", VIEWER, 0, false, ME, "3", "8", DELEGATE_ALLOWED},
        {"owner no more", OWNER, 0, false, ME, "1", "3", DELEGATE_ALLOWED},
        /* owners */
        {"make an owner", ADMIN, 0, false, OTHER, "3", "31", DELEGATE_OWNERS_ONLY},
        {"demote an owner", ADMIN, 0, false, OTHER, "1", "3", DELEGATE_OWNERS_ONLY},
        {"switch an owner off", ADMIN, 0, false, OTHER, "1", "1-", DELEGATE_OWNERS_ONLY},
        {"delete an owner", ADMIN, 0, false, OTHER, "1", NULL, DELEGATE_OWNERS_ONLY},
        {"an owner makes an owner", OWNER, 0, false, OTHER, NULL, "1", DELEGATE_ALLOWED},
        {"an owner demotes an owner", OWNER, 0, false, OTHER, "1", "3", DELEGATE_ALLOWED},
        {"the owner above makes one below", OWNER, 0, true, OTHER, NULL, "1", DELEGATE_ALLOWED},
        {"the owner above makes one for below", OWNER, 0, true, OTHER, NULL, "1+", DELEGATE_ALLOWED},
        /* what counts below */
        {"inherit what is held here only", ADMIN, 0, false, OTHER, NULL, "3+", DELEGATE_NOT_BELOW},
        {"make it inherited", OWNER, 0, false, OTHER, "3", "3+", DELEGATE_NOT_BELOW},
        {"inherit what is inherited", ADMIN, 0, true, OTHER, NULL, "3+", DELEGATE_ALLOWED},
        {"inherit more than that", ADMIN, 0, true, OTHER, NULL, "4+", DELEGATE_EXCEEDS},
        {"no longer inherited", ADMIN, 0, false, OTHER, "4+", "4", DELEGATE_ALLOWED},
        /* elsewhere */
        {"at the parent, from the child", OWNER, 1, true, OTHER, NULL, "3", DELEGATE_EXCEEDS},
        {"in another tree", OWNER, 2, true, OTHER, NULL, "1", DELEGATE_OWNERS_ONLY},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        check_membership(*state, &cases[i], NULL);
    }
}

static void test_by_a_key(void **state) {
    struct world *w = *state;
    static const struct membership_case cases[] = {
        {"within the key", OWNER, 0, false, OTHER, NULL, "3", DELEGATE_ALLOWED},
        {"beyond the key", OWNER, 0, false, OTHER, NULL, "4", DELEGATE_EXCEEDS},
        {"no key makes an owner", OWNER, 0, false, OTHER, NULL, "1", DELEGATE_OWNERS_ONLY},
        {"nor unmakes one", OWNER, 0, false, OTHER, "1", NULL, DELEGATE_OWNERS_ONLY},
    };
    struct policy_limit *limit = policy_limit_new(
        w->catalogue, test_view("{product.view_product,rbac.add_organization_membership}"), test_view(NULL));
    assert_non_null(limit);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        check_membership(w, &cases[i], limit);
    }
    free(limit);
}

/* A superuser may all of it, but not while inactive, and not by a key. */
static void test_superusers(void **state) {
    struct world *w = *state;
    const alees_id acme = organization_id(0);
    struct policy_user *u = make_user(w, ME, true, NULL, 0);
    struct policy_limit *limit = policy_limit_new(w->catalogue, test_view("{product.view_product}"), test_view(NULL));
    struct delegate d = {w->catalogue, u, NULL, &acme};
    struct held after;
    struct delegate_lacks lacks;
    const struct delegate_membership *owner = read_held(w, "1+", ME, &after);
    assert_int_equal(delegate_membership(&d, P_ADD_MEMBER, NULL, owner, &lacks), DELEGATE_ALLOWED);
    d.organization = NULL;
    assert_int_equal(delegate_membership(&d, P_ADD_MEMBER, NULL, owner, &lacks), DELEGATE_ALLOWED);
    d.limit = limit;
    assert_int_equal(delegate_membership(&d, P_ADD_MEMBER, NULL, owner, &lacks), DELEGATE_SUPERUSERS_ONLY);
    d.organization = &acme;
    owner = read_held(w, "4", OTHER, &after);
    assert_int_equal(delegate_membership(&d, P_ADD_MEMBER, NULL, owner, &lacks), DELEGATE_EXCEEDS);
    d.limit = NULL;
    u->is_active = false;
    assert_int_equal(delegate_membership(&d, P_ADD_MEMBER, NULL, owner, &lacks), DELEGATE_EXCEEDS);
    free(limit);
    policy_user_release(u);
}

static void test_what_is_lacking_is_told(void **state) {
    struct world *w = *state;
    const struct policy_membership_row mine = member(0, PRICED, false);
    const alees_id acme = organization_id(0);
    struct policy_user *u = make_user(w, ME, false, &mine, 1);
    const struct delegate d = {w->catalogue, u, NULL, &acme};
    struct held after;
    struct delegate_lacks lacks;
    const struct delegate_membership *clerk = read_held(w, "4", OTHER, &after);
    assert_int_equal(delegate_membership(&d, P_ADD_MEMBER, NULL, clerk, &lacks), DELEGATE_EXCEEDS);
    assert_int_equal(lacks.count, 3); /* to add at all, and to see the fields sku and notes */
    assert_int_equal(lacks.items[0].permission, P_ADD);
    assert_int_equal(lacks.items[0].field, POLICY_NONE);
    assert_ptr_equal(lacks.items[0].role, find(w, CLERK));
    assert_int_equal(lacks.items[1].permission, P_VIEW);
    assert_int_equal(lacks.items[1].field, 1);
    assert_int_equal(lacks.items[2].field, 3);
    policy_user_release(u);
}

/* --- roles --- */

static void test_roles(void **state) {
    static const struct {
        const char *what;
        uint32_t writer, more; /* what the writer carries */
        bool inherit;
        uint32_t role; /* 0: a new one */
        const char *wanted;
        bool is_below;
        enum delegate_verdict expected;
    } cases[] = {
        {"a new role within one's own", ADMIN, 0, false, 0, "product.view_product", false, DELEGATE_ALLOWED},
        {"a new role beyond one's own", ADMIN, 0, false, 0, "product.add_product", false, DELEGATE_EXCEEDS},
        {"a new role of fields that one may not see", PRICED, 0, false, 0, "product.view_product", false,
         DELEGATE_EXCEEDS},
        {"widen within", ADMIN, 0, false, NOTHING, "product.view_product", false, DELEGATE_ALLOWED},
        {"widen beyond", ADMIN, 0, false, NOTHING, "product.add_product", false, DELEGATE_EXCEEDS},
        {"keep what is beyond", ADMIN, 0, false, CLERK, "product.add_product", false, DELEGATE_ALLOWED},
        {"take away", ADMIN, 0, false, CLERK, "", false, DELEGATE_ALLOWED},
        {"change another thing", ADMIN, 0, false, CLERK, NULL, false, DELEGATE_ALLOWED},
        {"one that is inherited, held here only", ADMIN, 0, false, NOTHING, "product.view_product", true,
         DELEGATE_NOT_BELOW},
        {"one that is inherited, inherited", ADMIN, 0, true, NOTHING, "product.view_product", true, DELEGATE_ALLOWED},
        {"one's own, within", ADMIN, NOTHING, false, NOTHING, "product.view_product", false, DELEGATE_SELF},
        {"one's own, less", ADMIN, CLERK, false, CLERK, "product.view_product", false, DELEGATE_ALLOWED},
        {"escalate", ESCALATOR, 0, false, NOTHING, "product.add_product", false, DELEGATE_ALLOWED},
        {"escalate for below, held here only", ESCALATOR, 0, false, NOTHING, "product.add_product", true,
         DELEGATE_EXCEEDS},
        {"escalate one's own", ESCALATOR, NOTHING, false, NOTHING, "product.add_product", false, DELEGATE_SELF},
    };
    struct world *w = *state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct policy_membership_row mine[] = {member(0, cases[i].writer, cases[i].inherit),
                                               member(0, cases[i].more, cases[i].inherit)};
        const alees_id where = organization_id(cases[i].inherit ? 1 : 0);
        struct policy_user *u = make_user(w, ME, false, mine, cases[i].more ? 2 : 1);
        const struct delegate d = {w->catalogue, u, NULL, &where};
        const struct delegate_role role = {cases[i].role ? find(w, cases[i].role) : NULL, cases[i].is_below};
        uint64_t wanted[1] = {0};
        struct delegate_lacks lacks;
        if (cases[i].wanted && cases[i].wanted[0]) {
            assert_true(policy_set_add(w->catalogue, wanted, test_view(cases[i].wanted), false));
        }
        enum delegate_verdict verdict = delegate_role(&d, &role, cases[i].wanted ? wanted : NULL, &lacks);
        if (verdict != cases[i].expected) {
            print_error("%s: %d, not %d\n", cases[i].what, verdict, cases[i].expected);
            fail();
        }
        const struct delegate of_none = {w->catalogue, u, NULL, NULL};
        assert_int_equal(delegate_role(&of_none, &role, NULL, &lacks), DELEGATE_SUPERUSERS_ONLY);
        policy_user_release(u);
    }
}

static void test_field_permissions(void **state) {
    static const struct {
        const char *what;
        uint32_t writer, role;
        int64_t read; /* -1: all */
        bool is_below;
        enum delegate_verdict expected;
    } cases[] = {
        {"fewer than all", ADMIN, VIEWER, 1, false, DELEGATE_ALLOWED},
        {"more, within one's own", ADMIN, PRICED, -1, false, DELEGATE_ALLOWED},
        {"more, beyond one's own", PRICED, VIEWER, -1, false, DELEGATE_ALLOWED}, /* it has them all already */
        {"one's own role, more", PRICED, PRICED, 1 | 2, false, DELEGATE_SELF},
        {"one's own role, less", PRICED, PRICED, 1, false, DELEGATE_ALLOWED},
        {"beyond one's own", NOTHING, PRICED, 1 | 2, false, DELEGATE_EXCEEDS},
        {"for below, held here only", ADMIN, PRICED, -1, true, DELEGATE_EXCEEDS},
        {"escalate", ESCALATOR, PRICED, -1, false, DELEGATE_ALLOWED},
        {"of a role without the permission", NOTHING, NOTHING, -1, false, DELEGATE_ALLOWED},
    };
    struct world *w = *state;
    const uint32_t product = policy_resource(w->catalogue, test_view("product.product"));
    const alees_id acme = organization_id(0);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct policy_membership_row mine = member(0, cases[i].writer, false);
        struct policy_user *u = make_user(w, ME, false, &mine, 1);
        const struct delegate d = {w->catalogue, u, NULL, &acme};
        const struct delegate_role role = {find(w, cases[i].role), cases[i].is_below};
        struct policy_fields wanted[POLICY_ACTIONS] = {{.all = cases[i].read == -1}};
        struct delegate_lacks lacks;
        wanted[POLICY_READ].bits[0] = cases[i].read == -1 ? 0 : (uint64_t)cases[i].read;
        enum delegate_verdict verdict = delegate_fields(&d, &role, product, wanted, &lacks);
        if (verdict != cases[i].expected) {
            print_error("%s: %d, not %d\n", cases[i].what, verdict, cases[i].expected);
            fail();
        }
        policy_user_release(u);
    }
}

/* --- accounts --- */

static void test_accounts(void **state) {
    static const struct {
        const char *what;
        uint32_t role, where;
        int more; /* and a second membership of that user, there */
        bool is_superuser, is_removal;
        enum delegate_verdict expected;
        bool is_elsewhere;
    } cases[] = {
        {"holds no more", VIEWER, 0, -1, false, false, DELEGATE_ALLOWED, false},
        {"holds more", CLERK, 0, -1, false, false, DELEGATE_EXCEEDS, false},
        {"holds more, goes", CLERK, 0, -1, false, true, DELEGATE_ALLOWED, false},
        {"is elsewhere too", VIEWER, 0, 2, false, false, DELEGATE_EXCEEDS, true},
        {"is elsewhere too, goes", VIEWER, 0, 2, false, true, DELEGATE_EXCEEDS, true},
        {"is an owner", OWNER, 0, -1, false, false, DELEGATE_OWNERS_ONLY, false},
        {"is an owner, goes", OWNER, 0, -1, false, true, DELEGATE_OWNERS_ONLY, false},
        {"is a superuser", VIEWER, 0, -1, true, false, DELEGATE_SUPERUSERS_ONLY, false},
    };
    struct world *w = *state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct policy_membership_row mine = member(0, ADMIN, false);
        const struct policy_membership_row theirs[] = {
            member(cases[i].where, cases[i].role, false),
            member((uint32_t)(cases[i].more > 0 ? cases[i].more : 0), VIEWER, false)};
        struct policy_user *u = make_user(w, ME, false, &mine, 1);
        struct policy_user *other = make_user(w, OTHER, cases[i].is_superuser, theirs, cases[i].more > 0 ? 2 : 1);
        const struct delegate d = {w->catalogue, u, NULL, NULL};
        struct delegate_lacks lacks;
        bool is_elsewhere;
        enum delegate_verdict verdict = delegate_account(&d, cases[i].is_removal ? P_DELETE_USER : P_CHANGE_USER, other,
                                                         cases[i].is_removal, &is_elsewhere, &lacks);
        if (verdict != cases[i].expected || is_elsewhere != cases[i].is_elsewhere) {
            print_error("%s: %d, not %d\n", cases[i].what, verdict, cases[i].expected);
            fail();
        }
        policy_user_release(u);
        policy_user_release(other);
    }
}

/* What somebody holds below is taken over with the account; who may change users without an organization may do so. */
static void test_accounts_below_and_everywhere(void **state) {
    struct world *w = *state;
    struct policy_membership_row mine = member(0, ADMIN, false);
    const struct policy_membership_row theirs = member(0, VIEWER, true);
    struct policy_user *u = make_user(w, ME, false, &mine, 1), *other = make_user(w, OTHER, false, &theirs, 1);
    struct delegate d = {w->catalogue, u, NULL, NULL};
    struct delegate_lacks lacks;
    bool is_elsewhere;
    assert_int_equal(delegate_account(&d, P_CHANGE_USER, other, false, &is_elsewhere, &lacks), DELEGATE_EXCEEDS);
    policy_user_release(u);
    mine.inherit = true;
    d.writer = u = make_user(w, ME, false, &mine, 1);
    assert_int_equal(delegate_account(&d, P_CHANGE_USER, other, false, &is_elsewhere, &lacks), DELEGATE_ALLOWED);
    policy_user_release(u);
    mine.is_global = true;
    mine.inherit = false;
    d.writer = u = make_user(w, ME, false, &mine, 1);
    assert_int_equal(delegate_account(&d, P_CHANGE_USER, other, false, &is_elsewhere, &lacks), DELEGATE_ALLOWED);
    policy_user_release(u);
    policy_user_release(other);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_memberships), cmocka_unit_test(test_by_a_key),
        cmocka_unit_test(test_superusers),  cmocka_unit_test(test_what_is_lacking_is_told),
        cmocka_unit_test(test_roles),       cmocka_unit_test(test_field_permissions),
        cmocka_unit_test(test_accounts),    cmocka_unit_test(test_accounts_below_and_everywhere),
    };
    return cmocka_run_group_tests_name("delegate", tests, set_up, tear_down);
}
