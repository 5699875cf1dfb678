/* SPDX-License-Identifier: MIT
 * test_attack_session.c - what is taken away stays away: cursors, memberships, organizations, users; and the ways to write
 * one address. */
#include "test.h"

#include <stdio.h>
#include <time.h>

#include "world.h"

enum { ADMIN, ACME_MANAGER, ACME_VIEWER, GLOBEX_MANAGER, BOTH, NOBODY };

#define PRODUCTS "/api/v1/products"

static const struct resource *product(struct world *w) {
    return catalogue_resource(w->catalogue, "product.product");
}

/* "/api/v1/..." of a link. */
static const char *next_of(struct world *w, const struct answer *a) {
    alees_str next = answer_text(a, "/next");
    assert_non_null(next.ptr);
    return world_text(w, "%.*s", STR_FMT(next));
}

static void within_two_seconds(struct world *w, size_t user, const char *path, uint32_t status) {
    for (int i = 0; i < 400; i++) {
        if (world_ask(w, user, "GET", path, NULL)->status == status) {
            return;
        }
        nanosleep(&(struct timespec){0, 5000000}, NULL);
    }
    fail_msg("%s is not %u", path, status);
}

/* A cursor is of one user, one list, one query (T14); a bit changed anywhere ends it. */
static void test_cursors(void **state) {
    struct world *w = *state;
    const char *next = next_of(w, world_ask(w, BOTH, "GET", PRODUCTS "?page_size=3&ordering=-name", NULL));
    const char *cursor = strstr(next, "cursor=");
    assert_non_null(cursor);
    assert_status(world_ask(w, BOTH, "GET", next, NULL), 200);
    const size_t others[] = {ADMIN, ACME_MANAGER, GLOBEX_MANAGER, NOBODY};
    for (size_t i = 0; i < ARRAY_LEN(others); i++) {
        assert_problem(world_ask(w, others[i], "GET", next, NULL), 400, "invalid_cursor");
    }
    const char *const paths[] = {
        world_text(w, "/api/v1/contacts?ordering=-created_at&%s", cursor),
        world_text(w, PRODUCTS "?ordering=name&%s", cursor),
        world_text(w, PRODUCTS "?%s", cursor),
        world_text(w, PRODUCTS "?ordering=-name&status=draft&%s", cursor),
        world_text(w, PRODUCTS "?ordering=-name&organization=%s&%s", world_organizations[WORLD_ACME].id, cursor),
        world_text(w, "%sAA", next),
        world_text(w, "%.*s", (int)strlen(next) - 4, next),
    };
    for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
        const struct answer *a = world_ask(w, BOTH, "GET", paths[i], NULL);
        assert_problem(a, 400, "invalid_cursor");
    }
    size_t start = (size_t)(cursor - next) + strlen("cursor=");
    for (size_t i = start; next[i]; i++) {
        char *changed = arena_dup(w->arena, next, strlen(next));
        assert_non_null(changed);
        changed[i] = changed[i] == 'A' ? 'B' : 'A';
        const struct answer *a = world_ask(w, BOTH, "GET", changed, NULL);
        assert_problem(a, 400, "invalid_cursor");
    }
}

/* A walk that has begun shows nothing of an organization that was lost on the way (T15). */
static void test_losing_an_organization_on_the_way(void **state) {
    struct world *w = *state;
    const char *acme = world_organizations[WORLD_ACME].id;
    const struct answer *a = world_ask(w, BOTH, "GET", PRODUCTS "?page_size=5", NULL);
    const char *next = next_of(w, a);
    const char *one = world_row_path(w, product(w), world_any_row(w, product(w), WORLD_ACME));
    assert_status(world_ask(w, BOTH, "GET", one, NULL), 200);
    pg_exec(&w->pg,
            world_text(w,
                       "UPDATE rbac.membership SET is_active = false WHERE organization_id = '%s' AND user_id = "
                       "(SELECT id FROM rbac.app_user WHERE username = 'both')",
                       acme));
    within_two_seconds(w, BOTH, one, 404);
    for (int pages = 0; next && pages < 1000; pages++) {
        a = world_ask(w, BOTH, "GET", next, NULL);
        assert_status(a, 200);
        assert_null(strstr(a->body.ptr, acme));
        next = answer_text(a, "/next").ptr;
    }
    pg_exec(&w->pg, "UPDATE rbac.membership SET is_active = true");
    within_two_seconds(w, BOTH, one, 200);
}

/* An organization that is switched off is gone for its members, and so is what lies below it by inheritance (T87). */
static void test_inactive_organization(void **state) {
    struct world *w = *state;
    const char *acme = world_row_path(w, product(w), world_any_row(w, product(w), WORLD_ACME));
    const char *berlin = world_row_path(w, product(w), world_any_row(w, product(w), WORLD_ACME_BERLIN));
    const char *organization = "/api/v1/organizations/01930000-0000-7000-8000-000000000001";
    static const char *const off = "{\"status\":\"inactive\"}", *const on = "{\"status\":\"active\"}";
    assert_status(world_ask(w, ACME_VIEWER, "GET", berlin, NULL), 200);
    world_must(world_ask(w, ADMIN, "PATCH", organization, off), 200, ADMIN, off);
    assert_status(world_ask(w, ACME_MANAGER, "GET", acme, NULL), 404); /* at once in this process */
    assert_status(world_ask(w, ACME_MANAGER, "PATCH", acme, "{\"name\":\"x\"}"), 404);
    assert_status(world_ask(w, ACME_MANAGER, "GET", organization, NULL), 404);
    assert_status(world_ask(w, ACME_MANAGER, "PATCH", organization, on), 404);
    assert_status(world_ask(w, ACME_VIEWER, "GET", berlin, NULL), 404);
    const struct answer *a = world_ask(w, ACME_VIEWER, "GET", PRODUCTS, NULL);
    assert_status(a, 200);
    assert_int_equal(jx_size(answer_at(a, "/results")), 0);
    const char *body = world_row_body(w, product(w), WORLD_ACME, true);
    assert_problem(world_ask(w, ACME_MANAGER, "POST", PRODUCTS, body), 403, "organization_not_permitted");
    assert_status(world_ask(w, ADMIN, "GET", acme, NULL), 200);
    world_must(world_ask(w, ADMIN, "PATCH", organization, on), 200, ADMIN, on);
    assert_status(world_ask(w, ACME_MANAGER, "GET", acme, NULL), 200);
}

/* Whatever the spelling, the same decision as for the plain one, or no route at all (T44). */
static void test_spellings(void **state) {
    struct world *w = *state;
    const char *id = world_any_row(w, product(w), WORLD_GLOBEX);
    const char *own = world_any_row(w, product(w), WORLD_ACME);
    char upper[64];
    static const char *const ways[] = {"/api/v1/products/%s/",
                                       "/api/v1//products/%s",
                                       "/api/v1/Products/%s",
                                       "/API/v1/products/%s",
                                       "/api/v1/%%70roducts/%s",
                                       "/api/v1/products/%s%%20",
                                       "/api/v1/products/%s%%2f",
                                       "/api/v1/products/./%s",
                                       "/api/v1/products/%%2e/%s",
                                       "/api/v1/contacts/../products/%s",
                                       "/api/v1/contacts/%%2e%%2E/products/%s",
                                       "/api/v1/products/%s%%00",
                                       "/api/v1/products/%s;a=b",
                                       "/api/v1/products/%s//",
                                       "api/v1/products/%s",
                                       "http://localhost/api/v1/products/%s",
                                       "/api/v1/products/%%7B%s%%7D",
                                       "/api/v1/products%%2F%s",
                                       "*%s",
                                       "%s",
                                       "/%s",
                                       "/api/v1/products/%s/x",
                                       "/api/v1/products/%s?",
                                       "/api/v1/products/%s?id=1"};
    static const char *const methods[] = {"GET",  "HEAD",    "PATCH", "DELETE", "PUT",
                                          "POST", "OPTIONS", "get",   "",       "PROPFIND"};
    for (size_t i = 0; i < ARRAY_LEN(ways); i++) {
        for (size_t m = 0; m < ARRAY_LEN(methods); m++) {
            const char *body = methods[m][0] == 'P' ? "{\"name\":\"x\"}" : NULL;
            char path[256];
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
            snprintf(path, sizeof path, ways[i], id);
#pragma GCC diagnostic pop
            const struct answer *a = world_ask(w, ACME_MANAGER, methods[m], world_text(w, "%s", path), body);
            bool is_fine = a->status == 404 || a->status == 405 || a->status == 400 ||
                           (a->status == 204 && strcmp(methods[m], "OPTIONS") == 0);
            if (!is_fine || strstr(a->body.ptr, id)) {
                print_error("%s %s: %.*s\n", methods[m], path, STR_FMT(a->wire));
                fail();
            }
        }
    }
    for (size_t i = 0; i <= strlen(own); i++) {
        upper[i] = own[i] >= 'a' && own[i] <= 'f' ? (char)(own[i] - 'a' + 'A') : own[i];
    }
    assert_text(answer_text(world_ask(w, ACME_MANAGER, "GET", world_row_path(w, product(w), upper), NULL), "/id"), own);
}

/* Headers that others take for an order. */
static void test_headers_that_change_nothing(void **state) {
    struct world *w = *state;
    const char *path = world_row_path(w, product(w), world_any_row(w, product(w), WORLD_GLOBEX));
    static const char *const headers[][2] = {
        {"X-HTTP-Methods", "GET"},     {"X-Organization-Id", "01930000-0000-7000-8000-000000000003"},
        {"X-Forwarded-User", "admin"}, {"X-Original-URL", "/healthz"},
        {"Cookie", "token=alees_x"},   {"Prefer", "tx=rollback"},
        {"X-Request-Id", "\xff\xfe"},  {"Accept", "application/json;q=\xff"},
        {"If-None-Match", "\xff"},     {"Range", "bytes=0-1"}};
    for (size_t i = 0; i < ARRAY_LEN(headers); i++) {
        const struct loopback_request request = {.method = "GET",
                                                 .path = path,
                                                 .token = w->tokens[ACME_MANAGER],
                                                 .headers = {{headers[i][0], headers[i][1]}}};
        assert_problem(loopback_send(w->loopback, &request), 404, "not_found");
    }
    static const char *const bad[] = {"",       "Bearer",     "Bearer ",     "Basic YTpi",
                                      "bearer", "Bearer a b", "Bearer \xff", "Token alees_x"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        const struct loopback_request request = {.method = "GET", .path = path, .headers = {{"Authorization", bad[i]}}};
        assert_problem(loopback_send(w->loopback, &request), 401, "unauthenticated");
    }
    const struct loopback_request twice = {
        .method = "GET", .path = path, .token = w->tokens[ADMIN], .headers = {{"Authorization", "Bearer alees_x"}}};
    assert_problem(loopback_send(w->loopback, &twice), 401, "unauthenticated");
}

/* ---- organizations themselves ---- */

static const char *organization_body(struct world *w, const char *code, const char *parent) {
    const struct resource *type = catalogue_resource(w->catalogue, "organization.organization_type");
    return world_text(w, "{\"name\":\"%s\",\"code\":\"%s\",\"organization_type\":\"%s\",\"parent\":%s}", code, code,
                      world_any_row(w, type, WORLD_ACME), parent);
}

static void test_organizations_below_others(void **state) {
    struct world *w = *state;
    static const char *const path = "/api/v1/organizations";
    static const char *const acme = "\"01930000-0000-7000-8000-000000000001\"";
    static const char *const globex = "\"01930000-0000-7000-8000-000000000003\"";
    static const char *const unknown = "\"01930000-0000-7000-8000-00000000ffff\"";
    const struct answer *a = world_ask(w, ACME_MANAGER, "POST", path, organization_body(w, "A1", globex));
    const struct answer *b = world_ask(w, ACME_MANAGER, "POST", path, organization_body(w, "A1", unknown));
    assert_problem(a, 403, "organization_not_permitted");
    assert_string_equal(world_stable(w, a), world_stable(w, b));
    assert_problem(world_ask(w, ACME_MANAGER, "POST", path, organization_body(w, "A1", "null")), 403,
                   "permission_denied");
    assert_problem(world_ask(w, ACME_VIEWER, "POST", path, organization_body(w, "A1", acme)), 403, "permission_denied");
    assert_status(world_ask(w, ACME_MANAGER, "POST", path, organization_body(w, "A1", "[]")), 422);
    assert_status(world_ask(w, ACME_MANAGER, "POST", path, organization_body(w, "A1", "\"\"")), 422);
    a = world_ask(w, ACME_MANAGER, "POST", path, organization_body(w, "A1", acme));
    world_must(a, 201, ACME_MANAGER, path);
    const char *child = world_text(w, "%s/%s", path, answer_text(a, "/id").ptr);
    assert_status(world_ask(w, ACME_MANAGER, "GET", child, NULL), 404); /* nothing is inherited unasked */
    assert_status(world_ask(w, ACME_MANAGER, "DELETE", child, NULL), 404);
    assert_problem(world_ask(w, ADMIN, "PATCH", child, world_text(w, "{\"parent\":%s}", globex)), 400,
                   "read_only_field");
    world_must(world_ask(w, ADMIN, "DELETE", child, NULL), 204, ADMIN, child);
    assert_status(world_ask(w, ADMIN, "GET", child, NULL), 404);
}

/* Other people's rows stand in the way: nothing is deleted, and nothing is said of them. */
static void test_organization_in_use(void **state) {
    struct world *w = *state;
    static const char *const path = "/api/v1/organizations/01930000-0000-7000-8000-000000000003";
    const char *product_path = world_row_path(w, product(w), world_any_row(w, product(w), WORLD_GLOBEX));
    const struct answer *a = world_ask(w, GLOBEX_MANAGER, "DELETE", path, NULL);
    assert_problem(a, 409, "protected");
    assert_null(strstr(a->body.ptr, "_fkey"));
    assert_null(strstr(a->body.ptr, "rbac."));
    assert_status(world_ask(w, GLOBEX_MANAGER, "GET", product_path, NULL),
                  200); /* memberships went with it, and came back */
    a = world_ask(w, ADMIN, "DELETE", "/api/v1/organizations/01930000-0000-7000-8000-000000000001", NULL);
    assert_problem(a, 409, "protected");
}

/* Many transactions that fail half-way, by several users in turn, on the connections that all share (T79). */
static void test_failing_transactions_leave_no_scope(void **state) {
    struct world *w = *state;
    const struct resource *category = catalogue_resource(w->catalogue, "product.category");
    const char *rows[2] = {world_any_row(w, category, WORLD_ACME), world_any_row(w, category, WORLD_GLOBEX)};
    const size_t users[2] = {ACME_MANAGER, GLOBEX_MANAGER};
    for (int round = 0; round < 60; round++) {
        size_t side = (size_t)round % 2;
        const char *own = world_row_path(w, category, rows[side]), *foreign = world_row_path(w, category, rows[!side]);
        const char *body = world_text(w, "{\"parent\":\"%s\"}", rows[!side]);
        assert_status(world_ask(w, users[side], "PATCH", own, body), 422);
        assert_status(world_ask(w, users[side], "PATCH", own, world_text(w, "{\"parent\":\"%s\"}", rows[side])), 409);
        assert_status(world_ask(w, users[side], "PATCH", foreign, body), 404);
        assert_status(world_ask(w, users[!side], "PATCH", foreign, "{\"description\":\"x\"}"), 200);
        assert_status(world_ask(w, users[!side], "GET", own, NULL), 404);
        assert_status(world_ask(w, ADMIN, "PATCH", own, "{\"parent\":null}"), 200);
        assert_status(world_ask(w, users[!side], "PATCH", own, "{\"description\":\"x\"}"), 404);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cursors),
        cmocka_unit_test(test_losing_an_organization_on_the_way),
        cmocka_unit_test(test_inactive_organization),
        cmocka_unit_test(test_spellings),
        cmocka_unit_test(test_headers_that_change_nothing),
        cmocka_unit_test(test_organizations_below_others),
        cmocka_unit_test(test_organization_in_use),
        cmocka_unit_test(test_failing_transactions_leave_no_scope),
    };
    return cmocka_run_group_tests_name("attack, session", tests, world_setup, world_teardown);
}
