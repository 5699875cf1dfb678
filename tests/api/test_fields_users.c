/* SPDX-License-Identifier: MIT
 * test_fields_users.c - field permissions made, changed and deleted by requests have an effect at once; and what is shown of
 * users, who belong to several organizations. */
#include "test.h"

#include "alees/util.h"
#include "world.h"

enum { ADMIN, ACME_MANAGER, ACME_VIEWER, GLOBEX_MANAGER, BOTH, NOBODY };

#define ACME "01930000-0000-7000-8000-000000000001"
#define VIEWER "00000000-0000-7000-8000-000000000004"

static const char *colleague; /* a role of Acme: views users and roles */

static const struct answer *must(struct world *w, size_t user, const char *method, const char *path, const char *body,
                                 uint32_t status) {
    const struct answer *a = world_ask(w, user, method, path, body);
    world_must(a, status, user, path);
    return a;
}

static bool has(struct world *w, const struct answer *a, const char *row, const char *field) {
    const alees_json *value = answer_at(a, world_text(w, "%s/%s", row, field));
    return value != NULL && jx_kind(value) != ALEES_JSON_ABSENT;
}

static const char *text_at(struct world *w, const struct answer *a, const char *pointer) {
    alees_str text = answer_text(a, pointer);
    assert_non_null(text.ptr);
    return world_text(w, "%.*s", STR_FMT(text));
}

/* In the process that made the change, from its answer on. */
static void test_a_change_holds_at_once(void **state) {
    struct world *w = *state;
    const char *product =
        text_at(w, must(w, ACME_VIEWER, "GET", "/api/v1/products?page_size=1", NULL, 200), "/results/0/id");
    const char *path = world_text(w, "/api/v1/products/%s", product), *rights;
    const struct answer *a = must(w, ACME_VIEWER, "GET", path, NULL, 200);
    assert_true(has(w, a, "", "sku") && has(w, a, "", "name"));
    a = must(w, ADMIN, "POST", "/api/v1/field-permissions",
             "{\"organization\":null,\"role\":\"" VIEWER
             "\",\"resource\":\"product.product\",\"read_fields\":[\"name\"]}",
             201);
    rights = world_text(w, "/api/v1/field-permissions/%s", text_at(w, a, "/id"));
    a = must(w, ACME_VIEWER, "GET", path, NULL, 200);
    assert_true(has(w, a, "", "name"));
    assert_false(has(w, a, "", "sku"));
    must(w, ACME_VIEWER, "GET", "/api/v1/products?ordering=sku", NULL, 400);
    must(w, ADMIN, "PATCH", rights, "{\"read_fields\":[\"sku\"]}", 200);
    a = must(w, ACME_VIEWER, "GET", path, NULL, 200);
    assert_true(has(w, a, "", "sku"));
    assert_false(has(w, a, "", "name"));
    must(w, ACME_VIEWER, "GET", "/api/v1/products?ordering=sku", NULL, 200);
    must(w, ADMIN, "DELETE", rights, NULL, 204);
    a = must(w, ACME_VIEWER, "GET", path, NULL, 200);
    assert_true(has(w, a, "", "sku") && has(w, a, "", "name"));
}

/* The row of a user in a list of all that one sees. */
static const char *row_of(struct world *w, const struct answer *a, const char *username) {
    for (uint32_t i = 0; i < jx_size(answer_at(a, "/results")); i++) {
        const char *row = world_text(w, "/results/%u", i);
        if (str_equal(answer_text(a, world_text(w, "%s/username", row)), username)) {
            return row;
        }
    }
    fail_msg("%s is not in %.*s", username, STR_FMT(a->body));
    return NULL;
}

/* "both" views users in Acme as a colleague, who reads but their name, and in Globex without restriction. */
static void test_users_are_shown_by_any_of_their_organizations(void **state) {
    static const struct {
        const char *username;
        bool is_whole;
    } rows[] = {{"acme-manager", false}, {"acme-viewer", false}, {"globex-manager", true}, {"both", true}};
    struct world *w = *state;
    const struct answer *a;
    must(w, ADMIN, "POST", "/api/v1/field-permissions",
         world_text(w,
                    "{\"organization\":\"" ACME "\",\"role\":\"%s\",\"resource\":\"rbac.user\","
                    "\"read_fields\":[\"username\",\"first_name\"],\"update_fields\":[\"first_name\"]}",
                    colleague),
         201);
    a = must(w, BOTH, "GET", "/api/v1/users", NULL, 200);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const char *row = row_of(w, a, rows[i].username);
        const char *path = world_text(w, "/api/v1/users/%s", text_at(w, a, world_text(w, "%s/id", row)));
        const struct answer *one = must(w, BOTH, "GET", path, NULL, 200);
        assert_true(has(w, a, row, "first_name") && has(w, one, "", "first_name"));
        assert_int_equal(has(w, a, row, "email"), rows[i].is_whole);
        assert_int_equal(has(w, one, "", "email"), rows[i].is_whole);
        assert_false(has(w, a, row, "password") || has(w, one, "", "password"));
        assert_false(has(w, a, row, "scope_ids") || has(w, one, "", "scope_ids"));
    }
    assert_problem(world_ask(w, BOTH, "GET", "/api/v1/users?email=a@example.com", NULL), 400, "bad_parameter");
    assert_problem(world_ask(w, ACME_VIEWER, "GET", "/api/v1/users?email=a@example.com", NULL), 400,
                   "unknown_parameter");
    must(w, BOTH, "GET", "/api/v1/users?username=both&ordering=-username", NULL, 200);
}

/* Roles of the system belong to no organization: everybody sees them, so no role can hide anything of them. */
static void test_what_is_shared_is_shown_whole(void **state) {
    struct world *w = *state;
    const struct answer *a;
    must(w, ADMIN, "POST", "/api/v1/field-permissions",
         world_text(
             w, "{\"organization\":\"" ACME "\",\"role\":\"%s\",\"resource\":\"rbac.role\",\"read_fields\":[\"name\"]}",
             colleague),
         201);
    a = must(w, ACME_VIEWER, "GET", "/api/v1/roles?ordering=name", NULL, 200); /* colleague, editor, manager, .. */
    assert_text(answer_text(a, "/results/0/name"), "colleague");
    assert_text(answer_text(a, "/results/1/name"), "editor");
    assert_false(has(w, a, "/results/0", "permissions") || has(w, a, "/results/0", "description"));
    assert_true(has(w, a, "/results/1", "permissions") && has(w, a, "/results/1", "description"));
    assert_true(has(w, must(w, ACME_VIEWER, "GET", "/api/v1/roles/" VIEWER, NULL, 200), "", "permissions"));
    /* who sees nothing else is not restricted in choosing among them */
    assert_problem(world_ask(w, ACME_VIEWER, "GET", "/api/v1/roles?is_owner=true", NULL), 400, "unknown_parameter");
    must(w, NOBODY, "GET", "/api/v1/roles?is_owner=true", NULL, 200);
}

/* Oneself is nobody's secret, whatever one's roles are. */
static void test_oneself(void **state) {
    static const size_t users[] = {ACME_VIEWER, NOBODY};
    struct world *w = *state;
    for (size_t i = 0; i < ARRAY_LEN(users); i++) {
        const struct answer *a = must(w, users[i], "GET", "/api/v1/auth/me", NULL, 200);
        const char *path = world_text(w, "/api/v1/users/%s", text_at(w, a, "/user/id"));
        assert_true(has(w, must(w, users[i], "GET", path, NULL, 200), "", "email"));
        a = must(w, users[i], "PATCH", path, "{\"job_title\":\"Tester\"}", 200);
        assert_text(answer_text(a, "/job_title"), "Tester");
        assert_true(has(w, a, "", "email"));
    }
    must(w, NOBODY, "GET", "/api/v1/users?email=a@example.com&ordering=username", NULL,
         200); /* a list of oneself alone */
}

static int setup(void **state) {
    const struct answer *a;
    struct world *w;
    assert_int_equal(world_setup(state), 0);
    w = *state;
    a = must(w, ADMIN, "POST", "/api/v1/roles",
             "{\"organization\":\"" ACME
             "\",\"name\":\"colleague\",\"permissions\":[\"rbac.view_user\",\"rbac.view_role\"]}",
             201);
    colleague = text_at(w, a, "/id");
    for (size_t i = 0; i < 2; i++) {
        static const char *const names[] = {"both", "acme-viewer"};
        const char *of = world_text(w,
                                    "SELECT m.id FROM rbac.membership m JOIN rbac.app_user u ON u.id = m.user_id "
                                    "WHERE u.username = '%s' AND m.organization_id = '" ACME "'",
                                    names[i]);
        must(w, ADMIN, "PATCH",
             world_text(w, "/api/v1/organization-memberships/%s", pg_value(&w->pg, w->arena, of).ptr),
             world_text(w, "{\"roles\":[\"" VIEWER "\",\"%s\"]}", colleague), 200);
    }
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_change_holds_at_once),
        cmocka_unit_test(test_users_are_shown_by_any_of_their_organizations),
        cmocka_unit_test(test_what_is_shared_is_shown_whole),
        cmocka_unit_test(test_oneself),
    };
    return cmocka_run_group_tests_name("fields_users", tests, setup, world_teardown);
}
