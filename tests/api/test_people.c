/* SPDX-License-Identifier: MIT
 * test_people.c - memberships through the whole server: who may give which roles where, and who may not. */
#include "people.h"

#include "jx.h"

/* What everybody in Acme may do here, by roles of Acme. */
static const struct {
    const char *name, *permissions;
} roles[] = {
    {"admin", "rbac.view_user,rbac.view_role,rbac.view_organization_membership,rbac.add_organization_membership,"
              "rbac.change_organization_membership,rbac.delete_organization_membership,product.view_product"},
    {"looker", "product.view_product"},
    {"writer", "product.view_product,product.add_product"},
    {"binder", "rbac.view_role,rbac.view_organization_membership,rbac.add_organization_membership,rbac.view_user,"
               "rbac.change_organization_membership,rbac.bind_role"},
};

static const char *role(struct people *p, const char *name) {
    alees_str id = pg_value(&p->pg, p->arena, people_text(p, "SELECT id FROM rbac.role WHERE name = '%s'", name));
    assert_non_null(id.ptr);
    return id.ptr;
}

static const char *path_of(struct people *p, const char *name, const char *organization) {
    const char *sql = people_text(p,
                                  "SELECT m.id FROM rbac.membership m JOIN rbac.app_user u ON u.id = m.user_id "
                                  "WHERE u.username = '%s' AND m.organization_id = '%s'",
                                  name, organization);
    return people_text(p, "/organization-memberships/%s", pg_value(&p->pg, p->arena, sql).ptr);
}

/* A member by a role of one organization. */
static const char *join(struct people *p, const char *name, const char *organization, const char *role_name,
                        bool inherit) {
    people_sql(p,
               "INSERT INTO rbac.membership (user_id, organization_id, role_ids, inherit) SELECT u.id, '%s', "
               "ARRAY[r.id], %s FROM rbac.app_user u, rbac.role r WHERE u.username = '%s' AND r.name = '%s'",
               organization, inherit ? "true" : "false", name, role_name);
    return path_of(p, name, organization);
}

static const char *new_member(struct people *p, const char *name, const char *organization, const char *role_name) {
    people_add(p, name, NULL, NULL);
    return join(p, name, organization, role_name, false);
}

static const char *user(struct people *p, const char *name, const char *organization, const char *role_name,
                        bool inherit) {
    people_add(p, name, NULL, NULL);
    (void)join(p, name, organization, role_name, inherit);
    return people_token(p, name);
}

static const char *body(struct people *p, const char *name, const char *organization, const char *role_id,
                        const char *more) {
    return people_text(p, "{\"user\":\"%s\",\"organization\":\"%s\",\"roles\":[\"%s\"]%s}", people_id(p, name),
                       organization, role_id, more);
}

static const char *with_role(struct people *p, const char *name) {
    return people_text(p, "{\"roles\":[\"%s\"]}", role(p, name));
}

static int setup(void **state) {
    int rc = people_setup(state);
    struct people *p = *state;
    for (size_t i = 0; i < ARRAY_LEN(roles); i++) {
        people_sql(p,
                   "INSERT INTO rbac.role (organization_id, name, permissions) VALUES ('" PEOPLE_ACME
                   "', '%s', string_to_array('%s', ','))",
                   roles[i].name, roles[i].permissions);
    }
    people_sql(p, "INSERT INTO rbac.role (organization_id, name, permissions) VALUES ('" PEOPLE_BERLIN
                  "', 'berliner', string_to_array('rbac.view_role,rbac.view_user,rbac.view_organization_membership,"
                  "rbac.add_organization_membership,rbac.change_organization_membership,product.view_product', ',')), "
                  "('" PEOPLE_GLOBEX "', 'globexer', '{product.view_product}')");
    return rc;
}

static void create(struct people *p, const char *token, const char *json, uint32_t status, const char *code) {
    const struct answer *a = people_ask(p, "POST", "/organization-memberships", token, json);
    if (status == 201) {
        assert_status(a, 201);
    } else {
        assert_problem(a, status, code);
    }
}

/* ---- to give ---- */

static void test_within_ones_own(void **state) {
    struct people *p = *state;
    const char *boss = user(p, "boss", PEOPLE_ACME, "admin", true);
    (void)new_member(p, "guest", PEOPLE_BERLIN, "berliner");
    create(p, boss, body(p, "guest", PEOPLE_ACME, role(p, "writer"), ""), 403, "grant_exceeds_own");
    const struct answer *a =
        people_ask(p, "POST", "/organization-memberships", boss, body(p, "guest", PEOPLE_ACME, role(p, "writer"), ""));
    assert_text(answer_text(a, "/errors/0/pointer"), "/roles");
    assert_text(answer_text(a, "/errors/0/detail"), "the role writer: product.add_product");
    create(p, boss, body(p, "guest", PEOPLE_ACME, role(p, "looker"), ""), 201, NULL);
    create(p, boss, body(p, "guest", PEOPLE_ACME, role(p, "looker"), ""), 409, "not_unique");
    const char *binder = user(p, "binder", PEOPLE_ACME, "binder", true);
    (void)new_member(p, "guest2", PEOPLE_BERLIN, "berliner");
    create(p, binder, body(p, "guest2", PEOPLE_ACME, PEOPLE_OWNER, ""), 403, "owners_only");
    create(p, binder, body(p, "guest2", PEOPLE_ACME, role(p, "writer"), ""), 201, NULL);
}

/* T52, T54, T26: what is of others is answered as what is not there. */
static void test_what_is_of_others(void **state) {
    struct people *p = *state;
    const char *chief = user(p, "chief", PEOPLE_ACME, "admin", true), *looker = role(p, "looker");
    (void)new_member(p, "near", PEOPLE_BERLIN, "berliner");
    (void)new_member(p, "far", PEOPLE_GLOBEX, "globexer");
    static const char unknown[] = "019a0000-0000-7000-8000-00000000dead";
    const struct {
        const char *foreign, *absent;
        uint32_t status;
        const char *code;
    } pairs[] = {
        {body(p, "near", PEOPLE_ACME, role(p, "globexer"), ""), body(p, "near", PEOPLE_ACME, unknown, ""), 422,
         "invalid"},
        {body(p, "near", PEOPLE_ACME, role(p, "berliner"), ""), body(p, "near", PEOPLE_ACME, unknown, ""), 422,
         "invalid"},
        {body(p, "near", PEOPLE_GLOBEX, looker, ""), body(p, "near", PEOPLE_NOWHERE, looker, ""), 403,
         "organization_not_permitted"},
        {body(p, "far", PEOPLE_ACME, looker, ""),
         people_text(p, "{\"user\":\"%s\",\"organization\":\"" PEOPLE_ACME "\",\"roles\":[\"%s\"]}", unknown, looker),
         422, "invalid"},
    };
    for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
        const struct answer *a = people_ask(p, "POST", "/organization-memberships", chief, pairs[i].foreign);
        assert_problem(a, pairs[i].status, pairs[i].code);
        assert_string_equal(
            people_stable(p, people_ask(p, "POST", "/organization-memberships", chief, pairs[i].absent)),
            people_stable(p, a));
    }
}

/* T35 */
static void test_what_a_client_may_not_say(void **state) {
    struct people *p = *state;
    const char *root = people_token(p, "admin");
    (void)new_member(p, "subject", PEOPLE_BERLIN, "berliner");
    static const char *const more[] = {",\"id\":\"019a0000-0000-7000-8000-00000000dead\"", ",\"created_by\":null",
                                       ",\"version\":9", ",\"is_owner\":true"};
    for (size_t i = 0; i < ARRAY_LEN(more); i++) {
        const struct answer *a = people_ask(p, "POST", "/organization-memberships", root,
                                            body(p, "subject", PEOPLE_ACME, role(p, "looker"), more[i]));
        assert_status(a, 400);
    }
    static const char *const wrong[] = {
        ",\"valid_from\":\"2027-01-01T00:00:00Z\",\"valid_until\":\"2026-01-01T00:00:00Z\"", ",\"inherit\":null"};
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        create(p, root, body(p, "subject", PEOPLE_ACME, role(p, "looker"), wrong[i]), 422, "invalid");
    }
    const char *none =
        people_text(p, "{\"user\":\"%s\",\"organization\":\"" PEOPLE_ACME "\",\"roles\":[]}", people_id(p, "subject"));
    create(p, root, none, 422, "invalid");
    assert_int_equal(pg_count(&p->pg, "SELECT count(*) FROM rbac.membership m JOIN rbac.app_user u ON u.id = m.user_id "
                                      "WHERE username = 'subject'"),
                     1);
    create(p, root, body(p, "subject", PEOPLE_ACME, role(p, "looker"), ""), 201, NULL);
    const struct answer *a = people_ask(p, "PATCH", join(p, "subject", PEOPLE_GLOBEX, "globexer", false), root,
                                        people_text(p, "{\"user\":\"%s\"}", people_id(p, "admin")));
    assert_problem(a, 400, "read_only_field");
}

/* ---- to change ---- */

/* T47, T48, T55, T62, T66 */
static void test_changes(void **state) {
    struct people *p = *state;
    const char *admin = user(p, "keeper", PEOPLE_ACME, "admin", false);
    people_add(p, "top", PEOPLE_ACME, "owner");
    people_add(p, "top2", PEOPLE_ACME, "owner");
    const char *member = new_member(p, "clerk", PEOPLE_ACME, "looker");
    const char *greater = new_member(p, "greater", PEOPLE_ACME, "writer");
    const char *own = path_of(p, "keeper", PEOPLE_ACME), *owners = path_of(p, "top", PEOPLE_ACME);
    const struct {
        const char *method, *path, *body;
        uint32_t status;
        const char *code;
    } steps[] = {
        {"PATCH", own, "{\"roles\":[\"" PEOPLE_OWNER "\"]}", 403, "own_rights"},
        {"PATCH", own, "{\"inherit\":true}", 403, "own_rights"},
        {"PATCH", own, with_role(p, "writer"), 403, "own_rights"},
        {"PATCH", member, with_role(p, "writer"), 403, "grant_exceeds_own"},
        {"PATCH", member, "{\"roles\":[\"" PEOPLE_OWNER "\"]}", 403, "owners_only"},
        {"PATCH", member, "{\"inherit\":true}", 403, "grant_exceeds_own"},
        {"PATCH", member, "{\"roles\":[\"019a0000-0000-7000-8000-00000000dead\"]}", 422, "invalid"},
        {"PATCH", member, "{\"is_active\":false}", 200, NULL},
        {"PATCH", member, "{\"is_active\":true}", 200, NULL},
        {"PATCH", owners, with_role(p, "looker"), 403, "owners_only"},
        {"PATCH", owners, "{\"is_active\":false}", 403, "owners_only"},
        {"PATCH", owners, "{\"valid_until\":\"2030-01-01T00:00:00Z\"}", 403, "owners_only"},
        {"DELETE", owners, NULL, 403, "owners_only"},
        {"PATCH", greater, "{\"is_active\":false}", 200, NULL}, /* taking away is free */
        {"PATCH", greater, "{\"is_active\":true}", 403, "grant_exceeds_own"},
        {"PATCH", greater, "{\"valid_from\":\"2020-01-01T00:00:00Z\"}", 200, NULL},
        {"PATCH", greater, "{\"valid_from\":null}", 403, "grant_exceeds_own"},
        {"DELETE", greater, NULL, 204, NULL},
        {"PATCH", own, "{\"valid_until\":\"2030-01-01T00:00:00Z\"}", 200, NULL}, /* reducing oneself */
        {"PATCH", own, "{\"valid_until\":null}", 403, "own_rights"},
        {"DELETE", own, NULL, 204, NULL},
        {"DELETE", member, NULL, 404, "not_found"},
    };
    for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
        const struct answer *a = people_ask(p, steps[i].method, steps[i].path, admin, steps[i].body);
        if (a->status != steps[i].status) {
            print_error("step %zu, %s %s: %u\n", i, steps[i].method, steps[i].body ? steps[i].body : "", a->status);
        }
        if (steps[i].code) {
            assert_problem(a, steps[i].status, steps[i].code);
        } else {
            assert_status(a, steps[i].status);
        }
    }
}

/* T55, T59: from the child upwards nothing is given, nothing is seen. */
static void test_from_below(void **state) {
    struct people *p = *state;
    const char *child = user(p, "child", PEOPLE_BERLIN, "berliner", true);
    const char *above = new_member(p, "above", PEOPLE_ACME, "looker");
    (void)join(p, "above", PEOPLE_BERLIN, "berliner", false);
    assert_problem(people_ask(p, "PATCH", above, child, "{\"is_active\":false}"), 404, "not_found");
    assert_problem(people_ask(p, "GET", above, child, NULL), 404, "not_found");
    create(p, child, body(p, "above", PEOPLE_ACME, role(p, "looker"), ""), 403, "organization_not_permitted");
    /* T67: a member without the permission */
    const char *plain = people_token(p, "above");
    create(p, plain, body(p, "child", PEOPLE_ACME, role(p, "looker"), ""), 403, "organization_not_permitted");
    const char *limited = user(p, "limited", PEOPLE_ACME, "looker", false);
    create(p, limited, body(p, "limited", PEOPLE_ACME, role(p, "looker"), ""), 403, "organization_not_permitted");
}

/* ---- the last owner ---- */

/* T60, in an organization of its own. */
static void test_last_owner(void **state) {
    struct people *p = *state;
    const char *root = people_token(p, "admin");
    const char *lone = people_new(p, "lone", PEOPLE_GLOBEX, "owner");
    const char *path = path_of(p, "lone", PEOPLE_GLOBEX);
    const char *account = people_text(p, "/users/%s", people_id(p, "lone"));
    const struct {
        const char *token, *method, *path, *body;
    } ways[] = {
        {root, "DELETE", path, NULL},
        {lone, "DELETE", path, NULL},
        {root, "PATCH", path, "{\"roles\":[\"" PEOPLE_VIEWER "\"]}"},
        {lone, "PATCH", path, "{\"roles\":[\"" PEOPLE_VIEWER "\"]}"},
        {lone, "PATCH", path, "{\"is_active\":false}"},
        {lone, "PATCH", path, "{\"valid_until\":\"2030-01-01T00:00:00Z\"}"},
        {root, "PATCH", account, "{\"is_active\":false}"},
        {root, "DELETE", account, NULL},
    };
    for (size_t i = 0; i < ARRAY_LEN(ways); i++) {
        const struct answer *a = people_ask(p, ways[i].method, ways[i].path, ways[i].token, ways[i].body);
        if (a->status != 409) {
            print_error("way %zu\n", i);
        }
        assert_problem(a, 409, "last_owner");
    }
    people_add(p, "second", PEOPLE_GLOBEX, "owner");
    assert_status(people_ask(p, "DELETE", path, lone, NULL), 204);
}

/* ---- at once, and once only ---- */

static void test_counts_at_once(void **state) {
    struct people *p = *state;
    const char *root = people_token(p, "admin");
    people_add(p, "quick", NULL, NULL);
    const char *quick = people_token(p, "quick");
    static const char products[] = "/products?organization=" PEOPLE_ACME "&page_size=1";
    assert_null(answer_text(people_ask(p, "GET", products, quick, NULL), "/results/0/id").ptr);
    const struct answer *a =
        people_ask(p, "POST", "/organization-memberships", root, body(p, "quick", PEOPLE_ACME, role(p, "looker"), ""));
    assert_status(a, 201);
    const char *path = people_text(p, "/organization-memberships/%.*s", STR_FMT(answer_text(a, "/id")));
    assert_non_null(answer_text(people_ask(p, "GET", products, quick, NULL), "/results/0/id").ptr);
    for (int i = 0; i < 20; i++) { /* not by luck */
        assert_status(people_ask(p, "PATCH", path, root, "{\"is_active\":false}"), 200);
        assert_null(answer_text(people_ask(p, "GET", products, quick, NULL), "/results/0/id").ptr);
        assert_status(people_ask(p, "PATCH", path, root, "{\"is_active\":true}"), 200);
        assert_non_null(answer_text(people_ask(p, "GET", products, quick, NULL), "/results/0/id").ptr);
    }
    a = people_ask(p, "GET", path, root, NULL);
    const char *tag = people_text(p, "%.*s", STR_FMT(answer_header(a, "ETag")));
    assert_status(people_ask(p, "PATCH", path, root, "{\"valid_until\":\"2030-01-01T00:00:00Z\"}"), 200);
    const struct loopback_request stale = {.method = "PATCH",
                                           .path = people_text(p, "/api/v1%s", path),
                                           .token = root,
                                           .body = "{\"is_active\":false}",
                                           .headers = {{"If-Match", tag}}};
    assert_problem(loopback_send(p->loopback, &stale), 412, "precondition_failed");
    assert_status(people_ask(p, "DELETE", path, root, NULL), 204);
    assert_null(answer_text(people_ask(p, "GET", products, quick, NULL), "/results/0/id").ptr);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_within_ones_own),
        cmocka_unit_test(test_what_is_of_others),
        cmocka_unit_test(test_what_a_client_may_not_say),
        cmocka_unit_test(test_changes),
        cmocka_unit_test(test_from_below),
        cmocka_unit_test(test_last_owner),
        cmocka_unit_test(test_counts_at_once),
    };
    return cmocka_run_group_tests_name("people", tests, setup, people_teardown);
}
