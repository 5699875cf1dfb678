/* SPDX-License-Identifier: MIT
 * test_attack.c - what somebody tries who is logged in to one organization and wants more. */
#include "test.h"

#include <stdio.h>
#include <time.h>

#include "alees/util.h"
#include "engine.h"
#include "world.h"

enum { ADMIN, ACME_MANAGER, ACME_VIEWER, GLOBEX_MANAGER, BOTH, NOBODY };

#define PRODUCTS "/api/v1/products"
#define TWO_ORGANIZATIONS \
    "\"organization\":\"01930000-0000-7000-8000-000000000003\"," \
    "\"organization\":\"01930000-0000-7000-8000-000000000001\""

static const struct resource *product(struct world *w) {
    return catalogue_resource(w->catalogue, "product.product");
}

static const char *some_row(struct world *w, const char *resource, size_t organization) {
    return world_any_row(w, catalogue_resource(w->catalogue, resource), organization);
}

static const struct answer *send_with(struct world *w, size_t user, const char *method, const char *path,
                                      const char *body, const char *header, const char *value) {
    const struct loopback_request request = {
        .method = method, .path = path, .token = w->tokens[user], .body = body, .headers = {{header, value}}};
    return loopback_send(w->loopback, &request);
}

/* Nothing of PostgreSQL's own words, and no name of what lies below the API. */
static void check_discreet(const struct answer *a) {
    static const char *const words[] = {
        "_fkey",  "_key\"",  "_pkey",     "constraint",        "violates", "relation",     "SELECT",
        "INSERT", "UPDATE ", "column \"", "rbac.organization", "SQLSTATE", "alees_plugin", "row-level"};
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        if (strstr(a->body.ptr, words[i])) {
            print_error("%s in %.*s\n", words[i], STR_FMT(a->body));
            fail();
        }
    }
}

/* ---- a row of another organization ---- */

static const char *head_without_id(struct world *w, const struct answer *a) {
    alees_str id = answer_header(a, "X-Request-Id");
    char *copy = arena_dup(w->arena, a->head.ptr, a->head.len + 1);
    assert_non_null(copy);
    copy[a->head.len] = '\0';
    memset(copy + (id.ptr - a->head.ptr), '-', id.len);
    char *date = strstr(copy, "Date: ");
    assert_non_null(date);
    memset(date, '-', strcspn(date, "\r"));
    return copy;
}

/* Preconditions are judged after the row is seen, never before (T16, T17); and no other method tells more (T02). */
static void test_foreign_row_and_headers(void **state) {
    struct world *w = *state;
    const char *id = some_row(w, "product.product", WORLD_GLOBEX);
    const char *foreign = world_row_path(w, product(w), id);
    const char *unknown = world_row_path(w, product(w), world_organizations[WORLD_UNKNOWN].id);
    const struct answer *row = world_ask(w, ADMIN, "GET", foreign, NULL);
    alees_str etag = answer_header(row, "ETag");
    const char *tag = world_text(w, "%.*s", STR_FMT(etag));
    const char *const values[] = {tag, "*", "\"x\"", world_text(w, "W/%s", tag), "", "\"", "\"a\", "};
    static const struct {
        const char *method, *header, *body;
    } tries[] = {
        {"GET", "If-None-Match", NULL},
        {"HEAD", "If-None-Match", NULL},
        {"GET", "If-Match", NULL},
        {"DELETE", "If-Match", NULL},
        {"PATCH", "If-Match", "{\"name\":\"x\"}"},
        {"PATCH", "If-Match", "{}"},
        {"PUT", "If-Match", "{}"},
        {"POST", "If-Match", "{}"},
        {"OPTIONS", "If-Match", NULL},
        {"TRACE", "If-Match", NULL},
        {"PATCH", "If-Match", "[]"},
        {"PATCH", "If-Match", "{\"sku\":1}"},
    };
    for (size_t i = 0; i < ARRAY_LEN(tries); i++) {
        for (size_t k = 0; k < ARRAY_LEN(values); k++) {
            const struct answer *a =
                send_with(w, ACME_MANAGER, tries[i].method, foreign, tries[i].body, tries[i].header, values[k]);
            const struct answer *b =
                send_with(w, ACME_MANAGER, tries[i].method, unknown, tries[i].body, tries[i].header, values[k]);
            assert_int_equal(a->status, b->status);
            assert_string_equal(head_without_id(w, a), head_without_id(w, b));
            assert_string_equal(world_stable(w, a), world_stable(w, b));
            assert_true(a->status != 304 && a->status != 412 && a->status != 200);
        }
    }
    assert_text(world_ask(w, ADMIN, "GET", foreign, NULL)->body, row->body.ptr);
}

/* Seen, not permitted: 403 comes before 412. */
static void test_seen_row_and_headers(void **state) {
    struct world *w = *state;
    const char *path = world_row_path(w, product(w), some_row(w, "product.product", WORLD_ACME));
    const struct answer *row = world_ask(w, ACME_VIEWER, "GET", path, NULL);
    const char *tag = world_text(w, "%.*s", STR_FMT(answer_header(row, "ETag")));
    assert_status(send_with(w, ACME_VIEWER, "GET", path, NULL, "If-None-Match", tag), 304);
    assert_problem(send_with(w, ACME_VIEWER, "PATCH", path, "{\"name\":\"x\"}", "If-Match", "\"x\""), 403,
                   "permission_denied");
    assert_problem(send_with(w, ACME_VIEWER, "PATCH", path, "{}", "If-Match", tag), 403, "permission_denied");
    assert_problem(send_with(w, ACME_VIEWER, "DELETE", path, NULL, "If-Match", "\"x\""), 403, "permission_denied");
    assert_problem(send_with(w, ACME_MANAGER, "PATCH", path, "{}", "If-Match", "\"x\""), 412, "precondition_failed");
}

/* ---- a role that may change what it may not see ---- */

static void hold(struct world *w, const char *role, const char *permission, const char *user, size_t organization) {
    const char *o = world_organizations[organization].id;
    pg_exec(&w->pg, world_text(w,
                               "INSERT INTO rbac.role (organization_id, name, permissions) VALUES ('%s', '%s', "
                               "string_to_array('%s', ' '))",
                               o, role, permission));
    pg_exec(&w->pg, world_text(w,
                               "INSERT INTO rbac.membership AS m (user_id, organization_id, role_ids) SELECT u.id, "
                               "'%s', ARRAY[r.id] FROM rbac.app_user u, rbac.role r WHERE u.username = '%s' AND r.name "
                               "= '%s' ON CONFLICT (user_id, organization_id) DO UPDATE SET role_ids = m.role_ids || "
                               "excluded.role_ids",
                               o, user, role));
}

static void wait_for(struct world *w, size_t user, const char *permission, size_t organization, bool is_allowed) {
    const char *path = world_text(w, "/api/v1/rbac/can?permission=%s&organization=%s", permission,
                                  world_organizations[organization].id);
    for (int i = 0; i < 400; i++) {
        if (jx_is_true(answer_at(world_ask(w, user, "GET", path, NULL), "/allowed")) == is_allowed) {
            return;
        }
        nanosleep(&(struct timespec){0, 5000000}, NULL);
    }
    fail_msg("%s never became %d", permission, is_allowed);
}

static void leave(struct world *w, const char *user, size_t organization, const char *role) {
    pg_exec(&w->pg, world_text(w,
                               "DELETE FROM rbac.membership WHERE organization_id = '%s' AND user_id = (SELECT id FROM "
                               "rbac.app_user WHERE username = '%s')",
                               world_organizations[organization].id, user));
    if (role) {
        pg_exec(&w->pg, world_text(w, "DELETE FROM rbac.role WHERE name = '%s'", role));
    }
}

/* What a plugin's own route would show of the row: reply_row is as the row's own GET. */
static alees_rc reply_row(struct world *w, const char *username, const char *permission, const char *id) {
    struct app *app = loopback_app(w->loopback);
    const struct alees_route decl = {.method = ALEES_POST, .path = "/act", .permission = permission};
    struct route route = {.method = ALEES_POST, .operation = ROUTE_PLUGIN, .path = "/act", .decl = &decl};
    struct arena *arena = test_arena();
    alees_ctx *ctx = ctx_new(app, arena);
    alees_id row;
    assert_non_null(ctx);
    ctx->route = &route;
    ctx->request.method = ALEES_POST;
    assert_ok(alees_id_parse(test_view(id), &row));
    assert_ok(app->rbac->user(app->rbac, ctx, test_view(username), &ctx->who));
    assert_ok(
        app->rbac->organizations(app->rbac, ctx, ctx->who, app->rbac->permission(app->rbac, permission), &ctx->where));
    alees_rc rc = engine_reply_row(ctx, 200, product(w), &row);
    ctx_end(ctx);
    arena_free(arena);
    return rc;
}

static void test_change_without_view(void **state) {
    struct world *w = *state;
    const char *id = some_row(w, "product.product", WORLD_ACME);
    const char *path = world_row_path(w, product(w), id);
    const char *unknown = world_row_path(w, product(w), world_organizations[WORLD_UNKNOWN].id);
    const struct answer *before = world_ask(w, ADMIN, "GET", path, NULL);
    static const struct {
        const char *method, *body;
    } tries[] = {{"GET", NULL}, {"PATCH", "{}"}, {"PATCH", "{\"name\":\"blind\"}"}, {"DELETE", NULL}};
    hold(w, "blind", "product.change_product product.delete_product", "nobody", WORLD_ACME);
    wait_for(w, NOBODY, "product.change_product", WORLD_ACME, true);
    for (size_t i = 0; i < ARRAY_LEN(tries); i++) {
        const struct answer *a = world_ask(w, NOBODY, tries[i].method, path, tries[i].body);
        assert_problem(a, 404, "not_found");
        assert_string_equal(world_stable(w, a),
                            world_stable(w, world_ask(w, NOBODY, tries[i].method, unknown, tries[i].body)));
    }
    assert_text(world_ask(w, ADMIN, "GET", path, NULL)->body, before->body.ptr);
    assert_err(reply_row(w, "nobody", "product.change_product", id), ALEES_E_NOT_FOUND);
    assert_ok(reply_row(w, "acme-manager", "product.change_product", id));
    assert_ok(reply_row(w, "admin", "product.change_product", id));
    assert_err(reply_row(w, "globex-manager", "product.change_product", id), ALEES_E_NOT_FOUND);
    leave(w, "nobody", WORLD_ACME, "blind");
    wait_for(w, NOBODY, "product.change_product", WORLD_ACME, false);
}

/* ---- bodies ---- */

static void test_mass_assignment(void **state) {
    struct world *w = *state;
    const char *path = world_row_path(w, product(w), some_row(w, "product.product", WORLD_ACME));
    const struct answer *before = world_ask(w, ACME_MANAGER, "GET", path, NULL);
    static const char *const members[] = {"\"id\":\"01930000-0000-7000-8000-00000000fffe\"",
                                          "\"created_at\":\"2026-01-01T00:00:00Z\"",
                                          "\"updated_at\":null",
                                          "\"created_by\":null",
                                          "\"updated_by\":\"01930000-0000-7000-8000-00000000fffe\"",
                                          "\"version\":1",
                                          "\"organization_id\":\"01930000-0000-7000-8000-000000000003\"",
                                          "\"category_id\":null",
                                          "\"is_superuser\":true",
                                          "\"role\":\"owner\"",
                                          "\"\":1",
                                          "\"na\\u006de\":\"x\",\"name\":\"y\"",
                                          TWO_ORGANIZATIONS};
    for (size_t i = 0; i < ARRAY_LEN(members); i++) {
        const char *body = world_text(w, "{\"description\":\"taken\",%s}", members[i]);
        const struct answer *a = world_ask(w, ACME_MANAGER, "PATCH", path, body);
        world_must(a, 400, ACME_MANAGER, body);
        check_discreet(a);
        const char *row = world_row_body(w, product(w), WORLD_ACME, false);
        body = world_text(w, "{%s,%s", members[i], row + 1);
        a = world_ask(w, ACME_MANAGER, "POST", PRODUCTS, body);
        world_must(a, 400, ACME_MANAGER, body);
        check_discreet(a);
    }
    const char *move = "{\"organization\":\"01930000-0000-7000-8000-000000000003\"}";
    const char *nowhere = world_text(w, "{\"organization\":\"%s\"}", world_organizations[WORLD_UNKNOWN].id);
    assert_problem(world_ask(w, BOTH, "PATCH", path, move), 403, "permission_denied"); /* only sees it */
    assert_problem(world_ask(w, ACME_MANAGER, "PATCH", path, move), 403, "organization_not_permitted");
    assert_string_equal(world_stable(w, world_ask(w, ACME_MANAGER, "PATCH", path, move)),
                        world_stable(w, world_ask(w, ACME_MANAGER, "PATCH", path, nowhere)));
    assert_text(world_ask(w, ACME_MANAGER, "GET", path, NULL)->body, before->body.ptr);
}

/* What is taken in one organization is free in another (T28), and no message says otherwise. */
static void test_unique_within_the_organization(void **state) {
    struct world *w = *state;
    const struct answer *theirs = world_ask(
        w, GLOBEX_MANAGER, "GET", world_row_path(w, product(w), some_row(w, "product.product", WORLD_GLOBEX)), NULL);
    const char *sku = world_text(w, "only-globex-%u", ++w->serial);
    assert_non_null(answer_text(theirs, "/id").ptr);
    const char *const bodies[] = {world_row_body(w, product(w), WORLD_GLOBEX, false),
                                  world_row_body(w, product(w), WORLD_ACME, false)};
    const size_t users[] = {GLOBEX_MANAGER, ACME_MANAGER};
    for (size_t i = 0; i < 2; i++) {
        const struct answer *a = world_ask(w, users[i], "POST", PRODUCTS, bodies[i]);
        world_must(a, 201, users[i], bodies[i]);
        const char *path = world_row_path(w, product(w), answer_text(a, "/id").ptr);
        const char *body = world_text(w, "{\"sku\":\"%s\"}", sku);
        world_must(world_ask(w, users[i], "PATCH", path, body), 200, users[i], body);
    }
}

/* Sixty thousand members that nobody knows: a hundred are named, and the answer stays small. */
static void test_many_faults(void **state) {
    struct world *w = *state;
    enum { MEMBERS = 60000 };
    struct str body;
    str_init(&body, w->arena, 1024 * 1024);
    str_putc(&body, '{');
    for (unsigned i = 0; i < MEMBERS; i++) {
        str_printf(&body, "%s\"nam%x\":1", i ? "," : "", i);
    }
    str_putc(&body, '}');
    alees_str whole = str_done(&body);
    const struct answer *a = world_ask(w, ACME_MANAGER, "POST", PRODUCTS, whole.ptr);
    assert_problem(a, 400, "unknown_field");
    assert_int_equal(jx_size(answer_at(a, "/errors")), PROBLEM_MOST_ITEMS);
    assert_true(a->body.len < 32 * 1024);
}

/* ---- numbers at their ends, and texts that are none ---- */

static void test_extreme_values(void **state) {
    struct world *w = *state;
    static const struct {
        uint32_t status;
        const char *path;
    } lists[] = {
        {400, "?page_size=0"},
        {400, "?page_size=-1"},
        {400, "?page_size=201"},
        {400, "?page_size=4294967297"},
        {400, "?page_size=18446744073709551617"},
        {400, "?page_size=1e2"},
        {400, "?page_size=%2b5"},
        {400, "?page_size=5&page_size=5"},
        {400, "?cursor="},
        {400, "?cursor=AAAA"},
        {400, "?cursor=%00"},
        {400, "?name=%ff"},
        {400, "?name=%c0%80"},
        {400, "?name=%ed%a0%80"},
        {400, "?na%ffme=x"},
        {400, "?%zz=x"},
        {400, "?name=%"},
        {400, "?name=%4"},
        {400, "?created_by=x"},
        {400, "?category=x"},
        {400, "?category__name=x"},
        {400, "?t1.sku=x"},
        {400, "?\"sku\"=x"},
        {400, "?organization_id=01930000-0000-7000-8000-000000000003"},
        {400, "?organization=x"},
        {400, "?ordering=organization"},
        {400, "?ordering=name,name"},
        {400, "?ordering=name;drop"},
        {400, "?ordering="},
        {400, "?ordering=id,name"},
        {200, "?id__in=01930000-0000-7000-8000-000000000003"},
        {200, "?"},
        {200, "?&&&"},
        {200, "?category=01930000-0000-7000-8000-000000000003"},
    };
    for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
        const struct answer *a = world_ask(w, ACME_MANAGER, "GET", world_text(w, PRODUCTS "%s", lists[i].path), NULL);
        world_must(a, lists[i].status, ACME_MANAGER, lists[i].path);
        check_discreet(a);
    }
}

static void test_extreme_bodies(void **state) {
    struct world *w = *state;
    const char *path = world_row_path(w, product(w), some_row(w, "product.product", WORLD_ACME));
    static const struct {
        uint32_t status;
        const char *body;
    } tries[] = {
        {400, ""},
        {400, "nonsense"},
        {400, "[]"},
        {400, "null"},
        {400, "{\"name\":\"\xff\"}"},
        {400, "{\"name\":\"\xed\xa0\x80\"}"},
        {400, "{\"name\":\"\\ud800\"}"},
        {400, "{\"name\":\"\\u0000\"}"},
        {400, "{\"n\\u0000\":1}"},
        {400, "{\"attributes\":{\"a\":{\"b\":1,\"b\":2}}}"},
        {400, "{\"attributes\":{\"a\":99999999999999999999}}"},
        {400, "{\"attributes\":{\"a\":1e999}}"},
        {422, "{\"name\":null}"},
        {422, "{\"name\":\"\"}"},
        {422, "{\"name\":{}}"},
        {422, "{\"tags\":{}}"},
        {422, "{\"tags\":[1]}"},
        {422, "{\"tags\":[\"a\",\"a\"]}"},
        {422, "{\"attributes\":[]}"},
        {422, "{\"category\":\"x\"}"},
        {422, "{\"category\":\"01930000-0000-7000-8000-000000000003\"}"},
        {422, "{\"base_uom\":null}"},
        {422, "{\"base_uom\":\"01930000-0000-7000-8000-000000000003\"}"},
        {422, "{\"status\":\"Active\"}"},
        {422, "{\"is_sellable\":\"true\"}"},
        {422, "{\"is_sellable\":1}"},
        {200, "{\"tags\":[\"a,b\",\"{}\",\"\\\"\",\"\\\\\",\"NULL\",\"null\",\" x \",\"\\n\"]}"},
        {200, "{\"attributes\":{\"\":{\"deep\":[[[[1.5,-0.0,1e-7,null,true]]]]},\"\\u2028\":\"\\ud83d\\ude00\"}}"},
    };
    for (size_t i = 0; i < ARRAY_LEN(tries); i++) {
        const struct answer *a = world_ask(w, ACME_MANAGER, "PATCH", path, tries[i].body);
        world_must(a, tries[i].status, ACME_MANAGER, tries[i].body);
        assert_non_null(a->json);
        check_discreet(a);
    }
    const struct answer *a = world_ask(w, ACME_MANAGER, "GET", path, NULL);
    assert_text(answer_text(a, "/tags/1"), "{}");
    assert_text(answer_text(a, "/tags/4"), "NULL");
    assert_text(answer_text(a, "/tags/7"), "\n");
    assert_non_null(a->json);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_foreign_row_and_headers),
        cmocka_unit_test(test_seen_row_and_headers),
        cmocka_unit_test(test_change_without_view),
        cmocka_unit_test(test_mass_assignment),
        cmocka_unit_test(test_unique_within_the_organization),
        cmocka_unit_test(test_many_faults),
        cmocka_unit_test(test_extreme_values),
        cmocka_unit_test(test_extreme_bodies),
    };
    return cmocka_run_group_tests_name("attack", tests, world_setup, world_teardown);
}
