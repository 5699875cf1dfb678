/* SPDX-License-Identifier: MIT
 * test_people_roles.c - roles and field permissions through the whole server: who may let a role permit what. */
#include "people.h"

#include "jx.h"

#define UNKNOWN "019a0000-0000-7000-8000-00000000dead"

static const char *path_of(struct people *p, const char *name) {
    const char *sql = people_text(p, "SELECT id FROM rbac.role WHERE name = '%s'", name);
    return people_text(p, "/roles/%s", pg_value(&p->pg, p->arena, sql).ptr);
}

static const char *id_of(struct people *p, const char *name) {
    return path_of(p, name) + strlen("/roles/");
}

static void make_role(struct people *p, const char *organization, const char *name, const char *permissions) {
    people_sql(p, "INSERT INTO rbac.role (organization_id, name, permissions) VALUES ('%s', '%s', '{%s}')",
               organization, name, permissions);
}

/* Somebody with that role in its organization. */
static const char *holder(struct people *p, const char *name, const char *role, bool inherit) {
    people_add(p, name, NULL, NULL);
    people_sql(p,
               "INSERT INTO rbac.membership (user_id, organization_id, role_ids, inherit) SELECT u.id, "
               "r.organization_id, ARRAY[r.id], %s FROM rbac.app_user u, rbac.role r WHERE u.username = '%s' "
               "AND r.name = '%s'",
               inherit ? "true" : "false", name, role);
    return people_token(p, name);
}

#define ROLES "rbac.view_role,rbac.add_role,rbac.change_role,rbac.delete_role"
#define FIELDS \
    "rbac.view_field_permission,rbac.add_field_permission,rbac.change_field_permission,rbac.delete_field_permission"

/* All of them before the first request, so that none has to be heard of first. */
static int setup(void **state) {
    int rc = people_setup(state);
    struct people *p = *state;
    make_role(p, PEOPLE_ACME, "clerk", ROLES "," FIELDS ",product.view_product,product.change_product");
    make_role(p, PEOPLE_ACME, "escalator", ROLES ",rbac.escalate_role");
    make_role(p, PEOPLE_ACME, "looker", "product.view_product");
    make_role(p, PEOPLE_ACME, "greater", "product.view_product,product.delete_product");
    make_role(p, PEOPLE_GLOBEX, "foreign", "product.view_product");
    make_role(p, PEOPLE_ACME, "wide", "product.view_product");
    make_role(p, PEOPLE_ACME, "chief", ROLES ",product.view_product,product.change_product");
    make_role(p, PEOPLE_ACME, "narrow", "product.view_product");
    make_role(p, PEOPLE_ACME, "fielder", FIELDS ",rbac.view_role,product.view_product");
    return rc;
}

struct step {
    const char *method, *path, *body;
    uint32_t status;
    const char *code;
};

static void walk(struct people *p, const char *token, const struct step *steps, size_t count) {
    for (size_t i = 0; i < count; i++) {
        const struct answer *a = people_ask(p, steps[i].method, steps[i].path, token, steps[i].body);
        if (a->status != steps[i].status) {
            print_error("step %zu, %s %s: %u %.*s\n", i, steps[i].method, steps[i].body ? steps[i].body : "", a->status,
                        STR_FMT(a->body));
        }
        if (steps[i].code) {
            assert_problem(a, steps[i].status, steps[i].code);
        } else {
            assert_status(a, steps[i].status);
        }
    }
}

/* T49, T50, T51, T53 */
static void test_roles(void **state) {
    struct people *p = *state;
    const char *clerk = holder(p, "clerk", "clerk", false);
#define NEW(name, permissions) \
    "{\"organization\":\"" PEOPLE_ACME "\",\"name\":\"" name "\",\"permissions\":[" permissions "]}"
    const struct step steps[] = {
        {"POST", "/roles", NEW("sales", "\"product.view_product\""), 201, NULL},
        {"POST", "/roles", NEW("sales", ""), 409, "not_unique"},
        {"POST", "/roles", NEW("more", "\"product.delete_product\""), 403, "grant_exceeds_own"},
        {"POST", "/roles", NEW("star", "\"product.*\""), 422, "invalid"},
        {"POST", "/roles", NEW("typo", "\"product.veiw_product\""), 422, "invalid"},
        {"POST", "/roles", NEW("owner-like", "\"product.view_product\"],\"is_owner\":true,\"tags\":["), 400, NULL},
        {"POST", "/roles", "{\"organization\":null,\"name\":\"of none\"}", 403, "permission_denied"},
        {"POST", "/roles", "{\"organization\":\"" PEOPLE_GLOBEX "\",\"name\":\"there\"}", 403,
         "organization_not_permitted"},
        {"PATCH", path_of(p, "looker"), "{\"permissions\":[\"product.view_product\",\"product.delete_product\"]}", 403,
         "grant_exceeds_own"},
        {"PATCH", path_of(p, "looker"), "{\"permissions\":[\"product.view_product\",\"product.change_product\"]}", 200,
         NULL},
        {"PATCH", path_of(p, "greater"), "{\"description\":\"more than mine\"}", 200, NULL},
        {"PATCH", path_of(p, "greater"), "{\"permissions\":[\"product.delete_product\"]}", 200, NULL},
        {"PATCH", path_of(p, "clerk"),
         "{\"permissions\":[\""
         "product.view_product\",\"product.delete_product\"]}",
         403, "own_rights"},
        {"PATCH", "/roles/" PEOPLE_VIEWER, "{\"description\":\"mine\"}", 403, "permission_denied"},
        {"DELETE", "/roles/" PEOPLE_VIEWER, NULL, 403, "permission_denied"},
        {"GET", "/roles/" PEOPLE_VIEWER, NULL, 200, NULL}, /* seen by everybody */
        {"PATCH", path_of(p, "foreign"), "{\"description\":\"x\"}", 404, "not_found"},
        {"DELETE", path_of(p, "foreign"), NULL, 404, "not_found"},
        {"DELETE", path_of(p, "clerk"), NULL, 409, "protected"}, /* held */
        {"DELETE", path_of(p, "greater"), NULL, 204, NULL},
    };
    walk(p, clerk, steps, ARRAY_LEN(steps));
    const struct answer *a =
        people_ask(p, "POST", "/roles", clerk, NEW("typo", "\"product.view_product\",\"product.veiw_product\""));
    assert_text(answer_text(a, "/errors/0/code"), "unknown_permission");
    assert_non_null(strstr(answer_text(a, "/errors/0/detail").ptr, "did you mean \"product.view_product\"?"));
    a = people_ask(p, "POST", "/roles", clerk, NEW("more", "\"product.delete_product\""));
    assert_text(answer_text(a, "/errors/0/pointer"), "/permissions");
    assert_text(answer_text(a, "/errors/0/detail"), "product.delete_product");
    const struct step escalations[] = {
        {"POST", "/roles", NEW("escalated", "\"product.delete_product\""), 201, NULL},
        {"PATCH", path_of(p, "escalator"), "{\"permissions\":[\"rbac.escalate_role\",\"product.delete_product\"]}", 403,
         "own_rights"},
    };
    walk(p, holder(p, "riser", "escalator", false), escalations, ARRAY_LEN(escalations));
}

/* E2: one that somebody carries with inherit is widened by those who inherit what is added. */
static void test_a_role_that_is_inherited(void **state) {
    struct people *p = *state;
    (void)holder(p, "wide-holder", "wide", true);
    const struct step refused[] = {{"PATCH", path_of(p, "wide"),
                                    "{\"permissions\":[\"product.view_product\",\"product.change_product\"]}", 403,
                                    "grant_exceeds_own"}};
    const struct step allowed[] = {{"PATCH", path_of(p, "wide"),
                                    "{\"permissions\":[\"product.view_product\",\"product.change_product\"]}", 200,
                                    NULL}};
    walk(p, holder(p, "here", "chief", false), refused, 1);
    walk(p, holder(p, "below", "chief", true), allowed, 1);
}

/* Superusers: roles of none, patterns, and what follows at once. */
static void test_superusers_and_at_once(void **state) {
    struct people *p = *state;
    const char *root = people_token(p, "admin");
    const struct answer *a = people_ask(
        p, "POST", "/roles", root, "{\"organization\":null,\"name\":\"auditor\",\"permissions\":[\"product.view_*\"]}");
    assert_status(a, 201);
    const char *auditor = people_text(p, "/roles/%.*s", STR_FMT(answer_text(a, "/id")));
    people_add(p, "quick", PEOPLE_ACME, "auditor");
    const char *quick = people_token(p, "quick");
    static const char products[] = "/products?organization=" PEOPLE_ACME "&page_size=1";
    for (int i = 0; i < 20; i++) {
        assert_non_null(answer_text(people_ask(p, "GET", products, quick, NULL), "/results/0/id").ptr);
        assert_status(people_ask(p, "PATCH", auditor, root, "{\"permissions\":[]}"), 200);
        assert_null(answer_text(people_ask(p, "GET", products, quick, NULL), "/results/0/id").ptr);
        assert_status(people_ask(p, "PATCH", auditor, root, "{\"permissions\":[\"product.view_*\"]}"), 200);
    }
    assert_problem(people_ask(p, "DELETE", auditor, root, NULL), 409, "protected");
}

/* ---- field permissions ---- */

static void test_field_permissions(void **state) {
    struct people *p = *state;
    const char *narrow = holder(p, "narrow", "narrow", false), *fielder = holder(p, "fielder", "fielder", false);
#define OF(role, resource, fields) \
    people_text(p, "{\"organization\":\"" PEOPLE_ACME "\",\"role\":\"%s\",\"resource\":\"%s\",\"read_fields\":[%s]}", \
                role, resource, fields)
    const struct step steps[] = {
        {"POST", "/field-permissions", OF(UNKNOWN, "product.product", "\"name\""), 422, "invalid"},
        {"POST", "/field-permissions", OF(id_of(p, "foreign"), "product.product", "\"name\""), 422, "invalid"},
        {"POST", "/field-permissions", OF(PEOPLE_VIEWER, "product.product", "\"name\""), 422, "invalid"},
        {"POST", "/field-permissions", OF(id_of(p, "narrow"), "product.prodcut", "\"name\""), 422, "invalid"},
        {"POST", "/field-permissions", OF(id_of(p, "narrow"), "product.product", "\"nmae\""), 422, "invalid"},
        {"POST", "/field-permissions", OF(id_of(p, "narrow"), "product.unit_of_measure", "\"name\""), 422, "invalid"},
    };
    walk(p, fielder, steps, ARRAY_LEN(steps));
    static const char products[] = "/products?organization=" PEOPLE_ACME "&page_size=1";
    assert_non_null(answer_text(people_ask(p, "GET", products, narrow, NULL), "/results/0/sku").ptr);
    const struct answer *a =
        people_ask(p, "POST", "/field-permissions", fielder, OF(id_of(p, "narrow"), "product.product", "\"name\""));
    assert_status(a, 201);
    const char *path = people_text(p, "/field-permissions/%.*s", STR_FMT(answer_text(a, "/id")));
    a = people_ask(p, "GET", products, narrow, NULL); /* at once */
    assert_non_null(answer_text(a, "/results/0/name").ptr);
    assert_null(answer_text(a, "/results/0/sku").ptr);
    assert_problem(
        people_ask(p, "POST", "/field-permissions", fielder, OF(id_of(p, "narrow"), "product.product", "\"sku\"")), 409,
        "not_unique");
    /* whoever sees fewer fields does not give more; nobody widens what they carry themselves */
    assert_status(
        people_ask(p, "POST", "/field-permissions", fielder, OF(id_of(p, "fielder"), "product.product", "\"name\"")),
        201);
    const struct step widened[] = {
        {"PATCH", path, "{\"read_fields\":[\"name\",\"sku\"]}", 403, "grant_exceeds_own"},
        {"DELETE", path, NULL, 403, "grant_exceeds_own"},
        {"PATCH", path, "{\"read_fields\":[]}", 200, NULL},
        {"PATCH", path, "{\"read_fields\":[\"name\"]}", 200, NULL},
        {"PATCH", path, "{\"resource\":\"product.category\"}", 400, "read_only_field"},
    };
    walk(p, fielder, widened, ARRAY_LEN(widened));
    const char *own = people_text(
        p, "/field-permissions/%s",
        pg_value(&p->pg, p->arena,
                 people_text(p, "SELECT id FROM rbac.field_permission WHERE role_id = '%s'", id_of(p, "fielder")))
            .ptr);
    assert_problem(people_ask(p, "DELETE", own, fielder, NULL), 403, "own_rights");
    assert_status(people_ask(p, "DELETE", path, people_new(p, "top", PEOPLE_ACME, "owner"), NULL), 204);
    assert_non_null(answer_text(people_ask(p, "GET", products, narrow, NULL), "/results/0/sku").ptr);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_roles),
        cmocka_unit_test(test_a_role_that_is_inherited),
        cmocka_unit_test(test_superusers_and_at_once),
        cmocka_unit_test(test_field_permissions),
    };
    return cmocka_run_group_tests_name("people_roles", tests, setup, people_teardown);
}
