/* SPDX-License-Identifier: MIT
 * test_prefer.c - Prefer on the routes that write: the answer without a body, and rehearsals, after which nothing has
 * happened, neither in the database nor in what the server remembers. */
#include "test.h"

#include "alees/util.h"
#include "world.h"

enum { ADMIN, ACME_MANAGER, ACME_VIEWER, GLOBEX_MANAGER, BOTH, NOBODY };

#define ROLLBACK "tx=rollback"
#define MINIMAL "return=minimal"

static const struct answer *prefer(struct world *w, size_t user, const char *method, const char *path, const char *body,
                                   const char *preference) {
    const struct loopback_request request = {
        .method = method, .path = path, .token = w->tokens[user], .body = body, .headers = {{"Prefer", preference}}};
    return loopback_send(w->loopback, &request);
}

static const char *id_of(struct world *w, const struct answer *a) {
    alees_str id = answer_text(a, "/id");
    assert_non_null(id.ptr);
    return world_text(w, "%.*s", STR_FMT(id));
}

/* A product that can be created, and in front of its members some more. */
static const char *product(struct world *w, const char *more, const char *sku) {
    static const char uom[] = "/api/v1/units-of-measure?page_size=1";
    const struct answer *a = world_ask(w, ADMIN, "GET", uom, NULL);
    return world_text(w, "{%s\"sku\":\"%s\",\"name\":\"Bolt\",\"base_uom\":\"%.*s\"}", more, sku,
                      STR_FMT(answer_text(a, "/results/0/id")));
}

static const char *make_product(struct world *w, const char *sku) {
    const struct answer *a = world_ask(w, GLOBEX_MANAGER, "POST", "/api/v1/products", product(w, "", sku));
    world_must(a, 201, GLOBEX_MANAGER, sku);
    return world_text(w, "/api/v1/products/%s", id_of(w, a));
}

static void test_minimal(void **state) {
    struct world *w = *state;
    const struct answer *made = prefer(w, GLOBEX_MANAGER, "POST", "/api/v1/products", product(w, "", "MIN-1"), MINIMAL);
    assert_status(made, 201);
    assert_int_equal(made->body.len, 0);
    assert_null(answer_header(made, "Content-Type").ptr); /* clients would read nothing as JSON */
    assert_text(answer_header(made, "Preference-Applied"), MINIMAL);
    alees_str location = answer_header(made, "Location");
    assert_non_null(location.ptr);
    const char *path = world_text(w, "%.*s", STR_FMT(location));
    const struct answer *got = world_ask(w, GLOBEX_MANAGER, "GET", path, NULL);
    assert_status(got, 200);
    assert_true(alees_equal(answer_header(made, "ETag"), answer_header(got, "ETag")));

    const struct answer *changed = prefer(w, GLOBEX_MANAGER, "PATCH", path, "{\"name\":\"Nut\"}", MINIMAL);
    assert_status(changed, 204);
    assert_int_equal(changed->body.len, 0);
    got = world_ask(w, GLOBEX_MANAGER, "GET", path, NULL);
    assert_text(answer_text(got, "/name"), "Nut");
    assert_true(alees_equal(answer_header(changed, "ETag"), answer_header(got, "ETag")));
    assert_status(prefer(w, GLOBEX_MANAGER, "PATCH", path, "{}", MINIMAL), 204);

    const struct answer *shown =
        prefer(w, GLOBEX_MANAGER, "PATCH", path, "{\"name\":\"Bolt\"}", "return=representation");
    assert_status(shown, 200);
    assert_text(answer_header(shown, "Preference-Applied"), "return=representation");
    assert_text(answer_text(shown, "/name"), "Bolt");
    const struct answer *refused = prefer(w, GLOBEX_MANAGER, "PATCH", path, "{\"name\":1}", MINIMAL);
    assert_problem(refused, 422, "invalid"); /* what went wrong is told all the same */
    assert_absent(answer_header(refused, "Preference-Applied"));
    const struct answer *read = prefer(w, GLOBEX_MANAGER, "GET", path, NULL, "return=minimal, tx=rollback");
    assert_status(read, 200);
    assert_absent(answer_header(read, "Preference-Applied"));
}

static void test_a_rehearsal_of_every_operation(void **state) {
    struct world *w = *state;
    const char *path = make_product(w, "DRY-1");
    int64_t before = pg_count(&w->pg, "SELECT count(*) FROM product.product");
    const struct answer *a = prefer(w, GLOBEX_MANAGER, "POST", "/api/v1/products", product(w, "", "DRY-2"), ROLLBACK);
    assert_status(a, 201);
    assert_text(answer_header(a, "Preference-Applied"), ROLLBACK);
    assert_text(answer_text(a, "/sku"), "DRY-2");
    assert_problem(world_ask(w, GLOBEX_MANAGER, "GET", world_text(w, "/api/v1/products/%s", id_of(w, a)), NULL), 404,
                   "not_found");
    assert_problem(prefer(w, GLOBEX_MANAGER, "POST", "/api/v1/products", product(w, "", "DRY-1"), ROLLBACK), 409,
                   "not_unique");

    a = prefer(w, GLOBEX_MANAGER, "PATCH", path, "{\"name\":\"Nut\"}", "return=minimal, tx=rollback");
    assert_status(a, 204);
    assert_text(answer_header(a, "Preference-Applied"), "return=minimal, tx=rollback");
    assert_status(prefer(w, GLOBEX_MANAGER, "PATCH", path, "{}", ROLLBACK), 200);
    a = prefer(w, GLOBEX_MANAGER, "DELETE", path, NULL, ROLLBACK);
    assert_status(a, 204);
    assert_text(answer_header(a, "Preference-Applied"), ROLLBACK);
    a = world_ask(w, GLOBEX_MANAGER, "GET", path, NULL);
    assert_status(a, 200);
    assert_text(answer_text(a, "/name"), "Bolt");
    assert_int_equal(pg_count(&w->pg, "SELECT count(*) FROM product.product"), before);
    assert_problem(prefer(w, ACME_MANAGER, "PATCH", path, "{\"name\":\"Nut\"}", ROLLBACK), 404, "not_found");
    assert_problem(
        prefer(w, BOTH, "POST", "/api/v1/products",
               product(w, world_text(w, "\"organization\":\"%s\",", world_organizations[WORLD_ACME].id), "DRY-3"),
               ROLLBACK),
        403, "permission_denied");
}

/* Organizations, users and roles: what the provider of permissions remembers must not hear of it. */
static void test_a_rehearsal_changes_no_permission(void **state) {
    struct world *w = *state;
    const char *acme = world_organizations[WORLD_ACME].id, *berlin = world_organizations[WORLD_ACME_BERLIN].id;
    const char *move = world_text(w, "/api/v1/organizations/%s/move", berlin);
    const struct answer *a = prefer(
        w, ADMIN, "POST", move, world_text(w, "{\"parent\":\"%s\"}", world_organizations[WORLD_GLOBEX].id), ROLLBACK);
    assert_status(a, 200);
    assert_text(answer_header(a, "Preference-Applied"), ROLLBACK);
    a = world_ask(w, ADMIN, "GET", world_text(w, "/api/v1/organizations/%s", berlin), NULL);
    assert_text(answer_text(a, "/parent"), acme);
    const char *mine = world_text(w, "/api/v1/products?organization=%s", berlin);
    assert_status(world_ask(w, ACME_VIEWER, "GET", mine, NULL), 200);
    assert_true(jx_size(answer_at(world_ask(w, ACME_VIEWER, "GET", mine, NULL), "/results")) > 0);

    a = prefer(
        w, ADMIN, "POST", "/api/v1/organizations",
        world_text(w, "{\"name\":\"Ghost\",\"code\":\"GHOST\",\"organization_type\":\"%s\",\"parent\":\"%s\"}",
                   world_any_row(w, catalogue_resource(w->catalogue, "organization.organization_type"), WORLD_ACME),
                   acme),
        ROLLBACK);
    assert_status(a, 201);
    assert_problem(world_ask(w, ADMIN, "GET", world_text(w, "/api/v1/organizations/%s", id_of(w, a)), NULL), 404,
                   "not_found");
    a = prefer(w, ADMIN, "POST", "/api/v1/users",
               "{\"username\":\"ghost\",\"email\":\"ghost@example.com\",\"password\":\"correct horse battery\"}",
               ROLLBACK);
    assert_status(a, 201);
    assert_int_equal(pg_count(&w->pg, "SELECT count(*) FROM rbac.app_user WHERE username = 'ghost'"), 0);
    assert_problem(world_ask(w, ADMIN, "POST", "/api/v1/auth/login",
                             "{\"username\":\"ghost\",\"password\":\"correct horse battery\"}"),
                   401, "bad_credentials");
    assert_int_equal(pg_count(&w->pg, "SELECT count(*) FROM audit.entry WHERE resource = 'rbac.user' AND "
                                      "changes::text LIKE '%ghost%'"),
                     0);
}

/* A row of each resource that organizations have. */
static void rehearse(struct world *w, const struct resource *r) {
    const char *list = world_list_path(w, r, ""), *table = r->decl->table;
    int64_t before = pg_count(&w->pg, world_text(w, "SELECT count(*) FROM %s", table));
    const struct answer *a;
    if (r->add == 0) {
        return;
    }
    a = prefer(w, ADMIN, "POST", list, world_row_body(w, r, WORLD_GLOBEX, true), ROLLBACK);
    world_must(a, 201, ADMIN, list);
    assert_int_equal(pg_count(&w->pg, world_text(w, "SELECT count(*) FROM %s", table)), before);
}

static void test_each_resource(void **state) {
    world_each_resource(*state, true, rehearse);
}

static void test_strict(void **state) {
    struct world *w = *state;
    const struct answer *a = prefer(w, GLOBEX_MANAGER, "GET", "/api/v1/products", NULL, "handling=strict, wait=3");
    assert_problem(a, 400, "bad_request");
    assert_text(answer_text(a, "/errors/0/code"), "unknown_preference");
    a = prefer(w, GLOBEX_MANAGER, "GET", "/api/v1/products", NULL, "wait=3, handling=lenient");
    assert_status(a, 200);
    assert_text(answer_header(a, "Preference-Applied"), "handling=lenient");
    a = prefer(w, GLOBEX_MANAGER, "POST", "/api/v1/products", product(w, "", "TX-1"), "tx=rolback");
    assert_problem(a, 400, "bad_request"); /* who wanted a rehearsal must not find a row */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_minimal),
        cmocka_unit_test(test_a_rehearsal_of_every_operation),
        cmocka_unit_test(test_a_rehearsal_changes_no_permission),
        cmocka_unit_test(test_each_resource),
        cmocka_unit_test(test_strict),
    };
    return cmocka_run_group_tests_name("prefer", tests, world_setup, world_teardown);
}
