/* SPDX-License-Identifier: MIT
 * test_many.c - PATCH and DELETE of the rows that filters choose: which, how many, whose; what protects them; and that no
 * rule of rbac is passed by doing many things at once. */
#include "test.h"

#include <stdio.h>

#include "world.h"

enum { ACME_MANAGER = 1, ACME_VIEWER = 2, GLOBEX_MANAGER = 3, BOTH = 4, NOBODY = 5 };

static const struct answer *ask(struct world *w, size_t user, const char *method, const char *query, const char *body,
                                const char *prefer) {
    struct loopback_request request = {
        .method = method, .path = world_text(w, "/api/v1/products%s", query), .token = w->tokens[user], .body = body};
    if (prefer) {
        request.headers[0][0] = "Prefer";
        request.headers[0][1] = prefer;
    }
    return loopback_send(w->loopback, &request);
}

/* Three products in Acme and two in Globex, called PREFIX-1 and so on. */
static void make(struct world *w, const char *prefix) {
    pg_exec(&w->pg,
            world_text(w,
                       "INSERT INTO product.product (organization_id, name, sku, base_uom_id, status) "
                       "SELECT o::uuid, 'many %s', '%s-' || n, (SELECT id FROM product.unit_of_measure WHERE code "
                       "= 'EA'), 'draft' FROM (VALUES ('%s', 1), ('%s', 2), ('%s', 3), ('%s', 4), ('%s', 5)) v (o, n)",
                       prefix, prefix, world_organizations[WORLD_ACME].id, world_organizations[WORLD_ACME].id,
                       world_organizations[WORLD_ACME].id, world_organizations[WORLD_GLOBEX].id,
                       world_organizations[WORLD_GLOBEX].id));
}

static int64_t count_of(struct world *w, const char *prefix, const char *condition) {
    return pg_count(
        &w->pg,
        world_text(w, "SELECT count(*) FROM product.product WHERE deleted_at IS NULL AND sku LIKE '%s-%%' AND %s",
                   prefix, condition));
}

static void test_which_rows(void **state) {
    struct world *w = *state;
    make(w, "WHI");
    assert_problem(ask(w, ACME_MANAGER, "PATCH", "", "{\"status\":\"active\"}", NULL), 400, "bad_parameter");
    assert_problem(ask(w, ACME_MANAGER, "DELETE", "", NULL, NULL), 400, "bad_parameter");
    assert_problem(ask(w, ACME_MANAGER, "DELETE", "?all=yes", NULL, NULL), 400, "bad_parameter");
    assert_problem(ask(w, ACME_MANAGER, "DELETE", "?sku=a&page_size=3", NULL, NULL), 400, "bad_parameter");
    assert_problem(ask(w, ACME_MANAGER, "DELETE", "?skuu=a", NULL, NULL), 400, "unknown_parameter");
    assert_problem(ask(w, ACME_MANAGER, "PATCH", "?sku=a", "{\"nonsense\":1}", NULL), 400, "unknown_field");
    assert_problem(ask(w, ACME_MANAGER, "PATCH", "?sku=a", "{\"status\":\"nonsense\"}", NULL), 422, "invalid");
    const struct answer *a =
        ask(w, ACME_MANAGER, "PATCH", "?sku__startswith=WHI-", "{\"status\":\"active\"}", "return=representation");
    assert_status(a, 200);
    assert_int_equal(answer_integer(a, "/count"), 3);
    assert_int_equal(jx_size(answer_at(a, "/results")), 3);
    assert_text(answer_text(a, "/results/0/status"), "active");
    assert_int_equal(count_of(w, "WHI", "status = 'active' AND version = 2 AND updated_by IS NOT NULL"), 3);
    a = ask(w, ACME_MANAGER, "PATCH", "?sku__startswith=WHI-&status=draft", "{\"status\":\"active\"}", NULL);
    assert_text(a->body, "{\"count\":0}");
    a = ask(w, ACME_MANAGER, "DELETE", "?sku__in=WHI-1,WHI-4", NULL, NULL);
    assert_text(a->body, "{\"count\":1}"); /* the other one is not seen */
    assert_int_equal(count_of(w, "WHI", "deleted_at IS NULL"), 4);
    a = ask(w, WORLD_ADMIN, "DELETE",
            world_text(w, "?sku__startswith=WHI-&organization=%s", world_organizations[WORLD_GLOBEX].id), NULL, NULL);
    assert_text(a->body, "{\"count\":2}");
    assert_int_equal(count_of(w, "WHI", "deleted_at IS NULL"), 2);
}

static void test_all_or_nothing(void **state) {
    struct world *w = *state;
    make(w, "ALL");
    const struct answer *a = ask(w, BOTH, "PATCH", "?sku__startswith=ALL-", "{\"status\":\"active\"}", NULL);
    assert_problem(a, 403, "permission_denied"); /* sees Acme's, may change Globex's */
    assert_non_null(strstr(a->body.ptr, "product.change_product"));
    assert_problem(ask(w, BOTH, "DELETE", "?sku__startswith=ALL-", NULL, NULL), 403, "permission_denied");
    assert_problem(ask(w, ACME_VIEWER, "DELETE", "?sku__startswith=ALL-", NULL, NULL), 403, "permission_denied");
    assert_int_equal(count_of(w, "ALL", "status = 'draft'"), 5);
    a = ask(w, NOBODY, "DELETE", "?sku__startswith=ALL-", NULL, NULL);
    assert_true(a->status == 403 || (a->status == 200 && strstr(a->body.ptr, "\"count\":0")));
    assert_problem(ask(w, ACME_MANAGER, "DELETE", "?sku__startswith=ALL-", NULL, "max-affected=2"), 409,
                   "too_many_affected");
    assert_int_equal(count_of(w, "ALL", "true"), 5);
    a = ask(w, ACME_MANAGER, "DELETE", "?sku__startswith=ALL-", NULL, "max-affected=3, tx=rollback");
    assert_text(a->body, "{\"count\":3}");
    assert_int_equal(count_of(w, "ALL", "true"), 5);
    a = ask(w, ACME_MANAGER, "PATCH", "?sku__startswith=ALL-", "{\"sku\":\"same\"}", NULL);
    assert_problem(a, 409, "not_unique");
    assert_int_equal(count_of(w, "ALL", "true"), 5);
    a = ask(w, ACME_MANAGER, "PATCH", "?sku__startswith=ALL-",
            world_text(w, "{\"organization\":\"%s\"}", world_organizations[WORLD_GLOBEX].id), NULL);
    assert_problem(a, 400, "read_only_field");
    a = ask(w, GLOBEX_MANAGER, "PATCH", "?sku__startswith=ALL-",
            world_text(w, "{\"category\":\"%s\"}", "01930000-0000-7000-8000-0000000000ff"), NULL);
    assert_problem(a, 422, "invalid");
    assert_text(answer_text(a, "/errors/0/pointer"), "/category");
}

/* Where is not which: it takes a filter, or all=true, however many organizations are named. */
static void test_where_is_no_filter(void **state) {
    struct world *w = *state;
    const char *where = world_text(w, "?organization=%s", world_organizations[WORLD_GLOBEX].id);
    static const char *const more[] = {"", "&below=false", "&below=true", "&below=true&fields=id"};
    int64_t before = pg_count(&w->pg, "SELECT sum(version) FROM product.product");
    for (size_t i = 0; i < ARRAY_LEN(more); i++) {
        const char *query = world_text(w, "%s%s", where, more[i]);
        assert_problem(ask(w, GLOBEX_MANAGER, "PATCH", query, "{\"name\":\"all of them\"}", NULL), 400,
                       "bad_parameter");
        assert_problem(ask(w, GLOBEX_MANAGER, "DELETE", query, NULL, NULL), 400, "bad_parameter");
    }
    assert_int_equal(pg_count(&w->pg, "SELECT sum(version) FROM product.product"), before);
    assert_status(ask(w, GLOBEX_MANAGER, "DELETE", world_text(w, "%s&below=true&sku=none", where), NULL, NULL), 200);
}

static void test_what_others_refer_to(void **state) {
    struct world *w = *state;
    const struct answer *a = world_ask(w, GLOBEX_MANAGER, "POST", "/api/v1/categories", "{\"name\":\"many top\"}");
    assert_status(a, 201);
    const char *top = answer_text(a, "/id").ptr;
    a = world_ask(w, GLOBEX_MANAGER, "POST", "/api/v1/categories",
                  world_text(w, "{\"name\":\"many below\",\"parent\":\"%s\"}", top));
    assert_status(a, 201);
    a = world_ask(w, GLOBEX_MANAGER, "DELETE", "/api/v1/categories?name=many%20top", NULL);
    assert_problem(a, 409, "protected");
    assert_text(answer_text(a, "/errors/0/pointer").ptr ? answer_text(a, "/errors/0/code") : a->body, "protected");
    assert_int_equal(pg_count(&w->pg, "SELECT count(*) FROM product.category WHERE name LIKE 'many %'"), 2);
}

/* ---- rbac ---- */

static int64_t members(struct world *w) {
    return pg_count(&w->pg, "SELECT count(*) FROM rbac.membership");
}

static void test_rbac(void **state) {
    struct world *w = *state;
    int64_t before = members(w);
    const char *role = "00000000-0000-7000-8000-000000000001"; /* owner */
    const char *nobody = pg_value(&w->pg, w->arena, "SELECT id FROM rbac.app_user WHERE username = 'nobody'").ptr;
    const char *one = world_text(w, "{\"user\":\"%s\",\"organization\":\"%s\",\"roles\":[\"%s\"]}", nobody,
                                 world_organizations[WORLD_ACME].id, role);
    const struct answer *single = world_ask(w, ACME_MANAGER, "POST", "/api/v1/organization-memberships", one);
    const struct answer *many =
        world_ask(w, ACME_MANAGER, "POST", "/api/v1/organization-memberships", world_text(w, "[%s]", one));
    assert_true(single->status >= 400);
    assert_int_equal(many->status, single->status);
    assert_text(answer_text(many, "/code"), answer_text(single, "/code").ptr);
    static const char *const paths[] = {"/users", "/roles", "/organization-memberships", "/field-permissions",
                                        "/invitations"};
    for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
        const struct answer *a =
            world_ask(w, ACME_VIEWER, "DELETE", world_text(w, "/api/v1%s?all=true", paths[i]), NULL);
        assert_true(a->status == 403 || a->status == 404 || a->status == 405 || strstr(a->body.ptr, "\"count\":0"));
    }
    assert_int_equal(members(w), before);
    /* not even a superuser leaves organizations without an owner */
    pg_exec(&w->pg, world_text(w,
                               "UPDATE rbac.membership SET role_ids = ARRAY['%s'::uuid] WHERE organization_id = '%s' "
                               "AND user_id = (SELECT id FROM rbac.app_user WHERE username = 'acme-manager')",
                               role, world_organizations[WORLD_ACME].id));
    assert_problem(world_ask(w, WORLD_ADMIN, "DELETE", "/api/v1/organization-memberships?all=true", NULL), 409,
                   "last_owner");
    assert_int_equal(members(w), before);
    /* keys: one's own, and their hooks see each */
    assert_text(world_ask(w, NOBODY, "PATCH", "/api/v1/api-keys?all=true", "{}")->body, "{\"count\":0}");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_which_rows),
        cmocka_unit_test(test_all_or_nothing),
        cmocka_unit_test(test_where_is_no_filter),
        cmocka_unit_test(test_what_others_refer_to),
        cmocka_unit_test(test_rbac),
    };
    return cmocka_run_group_tests_name("many", tests, world_setup, world_teardown);
}
