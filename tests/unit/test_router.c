/* SPDX-License-Identifier: MIT
 * test_router.c - which route a path finds, and what no path may find. */
#include "test.h"

#include <stdio.h>

#include "router.h"

/* The route's summary is its name here. */
static struct route table[] = {
    {.method = ALEES_GET, .path = "/", .summary = "root"},
    {.method = ALEES_GET, .path = "/healthz", .summary = "health"},
    {.method = ALEES_GET, .path = "/openapi.json", .summary = "openapi"},
    {.method = ALEES_GET, .path = "/api/v1/products", .summary = "list"},
    {.method = ALEES_POST, .path = "/api/v1/products", .summary = "create"},
    {.method = ALEES_GET, .path = "/api/v1/products/{id}", .summary = "get"},
    {.method = ALEES_DELETE, .path = "/api/v1/products/{id}", .summary = "delete"},
    {.method = ALEES_GET, .path = "/api/v1/products/export", .summary = "export"},
    {.method = ALEES_POST, .path = "/api/v1/products/{product}/close", .summary = "close"},
    {.method = ALEES_GET, .path = "/api/v1/products/export/parts", .summary = "parts"},
    {.method = ALEES_GET, .path = "/api/v1/a/{a}/{b}/{c}/{d}", .summary = "four"},
    {.method = ALEES_GET, .path = "/api/v1/a/{a}/x/{c}/y", .summary = "mixed"},
};

struct setup {
    struct arena *arena;
    struct router *router;
};

static int setup(void **state) {
    static struct setup s;
    s.arena = test_arena();
    assert_ok(router_new(s.arena, table, ARRAY_LEN(table), stderr, &s.router));
    *state = &s;
    return 0;
}

static int teardown(void **state) {
    arena_free(((struct setup *)*state)->arena);
    return 0;
}

static const struct {
    uint32_t method;
    const char *path;
    const char *name;   /* NULL: none for this method */
    uint32_t allowed;   /* 0: unknown path */
    const char *values; /* "name=value ..." */
} cases[] = {
    {ALEES_GET, "/", "root", 1u << ALEES_GET, ""},
    {ALEES_GET, "/healthz", "health", 1u << ALEES_GET, ""},
    {ALEES_GET, "/healthz/", "health", 1u << ALEES_GET, ""},
    {ALEES_GET, "/openapi.json", "openapi", 1u << ALEES_GET, ""},
    {ALEES_GET, "/api/v1/products", "list", 1u << ALEES_GET | 1u << ALEES_POST, ""},
    {ALEES_POST, "/api/v1/products/", "create", 1u << ALEES_GET | 1u << ALEES_POST, ""},
    {ALEES_PATCH, "/api/v1/products", NULL, 1u << ALEES_GET | 1u << ALEES_POST, ""},
    {ALEES_GET, "/api/v1/products/17", "get", 1u << ALEES_GET | 1u << ALEES_DELETE, "id=17"},
    {ALEES_DELETE, "/api/v1/products/17/", "delete", 1u << ALEES_GET | 1u << ALEES_DELETE, "id=17"},
    /* a literal wins, and its path decides before the method does */
    {ALEES_GET, "/api/v1/products/export", "export", 1u << ALEES_GET, ""},
    {ALEES_DELETE, "/api/v1/products/export", NULL, 1u << ALEES_GET, ""},
    {ALEES_GET, "/api/v1/products/exports", "get", 1u << ALEES_GET | 1u << ALEES_DELETE, "id=exports"},
    {ALEES_GET, "/api/v1/products/expor", "get", 1u << ALEES_GET | 1u << ALEES_DELETE, "id=expor"},
    /* the literal branch ends: back to the parameter, under that route's own name for it */
    {ALEES_POST, "/api/v1/products/export/close", "close", 1u << ALEES_POST, "product=export"},
    {ALEES_GET, "/api/v1/products/export/parts", "parts", 1u << ALEES_GET, ""},
    {ALEES_GET, "/api/v1/a/1/2/3/4", "four", 1u << ALEES_GET, "a=1 b=2 c=3 d=4"},
    {ALEES_GET, "/api/v1/a/1/x/3/y", "mixed", 1u << ALEES_GET, "a=1 c=3"},
    {ALEES_GET, "/api/v1/a/1/x/3/z", "four", 1u << ALEES_GET, "a=1 b=x c=3 d=z"},
    /* values stay encoded */
    {ALEES_GET, "/api/v1/products/a%2Fb", "get", 1u << ALEES_GET | 1u << ALEES_DELETE, "id=a%2Fb"},
    {ALEES_GET, "/api/v1/products/%00", "get", 1u << ALEES_GET | 1u << ALEES_DELETE, "id=%00"},
    {ALEES_GET, "/api/v1/products/...", "get", 1u << ALEES_GET | 1u << ALEES_DELETE, "id=..."},
    {ALEES_GET, "/api/v1/products/%2", "get", 1u << ALEES_GET | 1u << ALEES_DELETE, "id=%2"},
    {ALEES_GET, "/api/v1/products/.a", "get", 1u << ALEES_GET | 1u << ALEES_DELETE, "id=.a"},
    {ALEES_GET, "/api/v1/products/{id}", "get", 1u << ALEES_GET | 1u << ALEES_DELETE, "id={id}"},
    /* unknown */
    {ALEES_GET, "", NULL, 0, ""},
    {ALEES_GET, "healthz", NULL, 0, ""},
    {ALEES_GET, "*", NULL, 0, ""},
    {ALEES_GET, "//", NULL, 0, ""},
    {ALEES_GET, "//healthz", NULL, 0, ""},
    {ALEES_GET, "/healthz//", NULL, 0, ""},
    {ALEES_GET, "/Healthz", NULL, 0, ""},
    {ALEES_GET, "/healthz%20", NULL, 0, ""},
    {ALEES_GET, "/%68ealthz", NULL, 0, ""},
    {ALEES_GET, "/api", NULL, 0, ""},
    {ALEES_GET, "/api/v1", NULL, 0, ""},
    {ALEES_GET, "/api/v1/a/1/2/3", NULL, 0, ""},
    {ALEES_GET, "/api/v1/products//close", NULL, 0, ""},
    {ALEES_GET, "/api/v1/products/17/close/now", NULL, 0, ""},
    {ALEES_GET, "/api/v1/products/.", NULL, 0, ""},
    {ALEES_GET, "/api/v1/products/..", NULL, 0, ""},
    {ALEES_GET, "/api/v1/products/../products", NULL, 0, ""},
    {ALEES_GET, "/api/v1/products/%2e", NULL, 0, ""},
    {ALEES_GET, "/api/v1/products/%2E%2e", NULL, 0, ""},
    {ALEES_GET, "/api/v1/products/.%2e", NULL, 0, ""},
    {ALEES_GET, "/api/v1/products/%2e./close", NULL, 0, ""},
    {ALEES_GET, "/./healthz", NULL, 0, ""},
    {ALEES_GET, "/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16", NULL, 0, ""},
};

static void print_values(const struct router_match *match, char *out, size_t size) {
    size_t used = 0;
    out[0] = '\0';
    for (uint32_t i = 0; i < match->count; i++) {
        used += (size_t)snprintf(out + used, size - used, "%s%s=%.*s", i > 0 ? " " : "", match->names[i],
                                 STR_FMT(match->values[i]));
    }
}

static void test_match(void **state) {
    const struct setup *s = *state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct router_match match;
        char values[256];
        memset(&match, 0xaa, sizeof match); /* whatever was there before */
        router_match(s->router, cases[i].method, test_view(cases[i].path), &match);
        print_values(&match, values, sizeof values);
        if ((match.route == NULL) != (cases[i].name == NULL) || match.allowed != cases[i].allowed ||
            (match.route && strcmp(match.route->summary, cases[i].name) != 0) || strcmp(values, cases[i].values) != 0) {
            print_error("%s: %s allowed %x values %s\n", cases[i].path, match.route ? match.route->summary : "none",
                        match.allowed, values);
            fail();
        }
    }
}

static void test_foreign_methods(void **state) {
    const struct setup *s = *state;
    static const uint32_t methods[] = {0, ALEES_DELETE + 1, 31, 32, UINT32_MAX};
    for (size_t i = 0; i < ARRAY_LEN(methods); i++) {
        struct router_match match;
        router_match(s->router, methods[i], test_view("/healthz"), &match);
        assert_null(match.route);
        assert_int_equal(match.allowed, 1u << ALEES_GET);
    }
}

/* The view need not end in a NUL, and what is behind it is not looked at. */
static void test_views(void **state) {
    const struct setup *s = *state;
    struct router_match match;
    char path[] = {'/', 'h', 'e', 'a', 'l', 't', 'h', 'z', '/', 'x'};
    char *exact = malloc(8); /* so that the sanitizer sees one byte too many */
    assert_non_null(exact);
    router_match(s->router, ALEES_GET, (alees_str){path, 8}, &match);
    assert_non_null(match.route);
    router_match(s->router, ALEES_GET, (alees_str){path, 10}, &match);
    assert_null(match.route);
    memcpy(exact, path, 8);
    router_match(s->router, ALEES_GET, (alees_str){exact, 8}, &match);
    assert_non_null(match.route);
    memcpy(exact, "/%2e%2e%", 8);
    router_match(s->router, ALEES_GET, (alees_str){exact, 8}, &match);
    assert_null(match.route);
    memcpy(exact, "/aaaaa%2", 8);
    router_match(s->router, ALEES_GET, (alees_str){exact, 8}, &match);
    assert_null(match.route);
    free(exact);
}

static void test_no_allocation_while_matching(void **state) {
    const struct setup *s = *state;
    size_t before = arena_used(s->arena);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct router_match match;
        router_match(s->router, cases[i].method, test_view(cases[i].path), &match);
    }
    assert_int_equal(arena_used(s->arena), before);
}

/* --- building ----------------------------------------------------------------------------------------------------- */

static alees_rc build(const char *const *paths, size_t count, char *errors, size_t size) {
    struct route routes[8] = {{0}};
    struct router *router = NULL;
    struct arena *arena = test_arena();
    FILE *out = fmemopen(errors, size, "w");
    alees_rc rc;
    assert_non_null(out);
    assert_true(count <= ARRAY_LEN(routes));
    for (size_t i = 0; i < count; i++) {
        routes[i].method = ALEES_GET;
        routes[i].path = paths[i];
    }
    rc = router_new(arena, routes, (uint32_t)count, out, &router);
    assert_true((rc == ALEES_OK) == (router != NULL));
    (void)fclose(out);
    arena_free(arena);
    return rc;
}

static void test_building(void **state) {
    static const char *const same[] = {"/a/{id}", "/a/{name}"};
    static const char *const different[] = {"/a/{id}", "/a/b", "/a/{id}/b", "/a"};
    static const char *const five[] = {"/{a}/{b}/{c}/{d}/{e}"};
    static const char *const thirteen[] = {"/1/2/3/4/5/6/7/8/9/10/11/12/13"};
    static const char *const twelve[] = {"/1/2/3/4/5/6/7/8/9/10/11/12"};
    static const char *const dots[] = {"/a/../b"};
    char errors[1024] = "";
    (void)state;
    assert_err(build(same, 2, errors, sizeof errors), ALEES_E_INVALID);
    assert_string_equal(errors, "route /a/{name} is the same as /a/{id}: no request could tell them apart\n");
    assert_ok(build(different, 4, errors, sizeof errors));
    assert_err(build(five, 1, errors, sizeof errors), ALEES_E_INVALID);
    assert_ok(build(twelve, 1, errors, sizeof errors));
    assert_err(build(thirteen, 1, errors, sizeof errors), ALEES_E_INVALID);
    assert_err(build(dots, 1, errors, sizeof errors), ALEES_E_INVALID);
    assert_ok(build(NULL, 0, errors, sizeof errors));
}

/* Every allocation fails once: an error each time, and never half a router. */
static void test_out_of_memory(void **state) {
    (void)state;
    for (uint32_t nth = 1;; nth++) {
        struct arena *arena = test_arena();
        struct router *router = NULL;
        alees_rc rc;
        arena_fail_after(arena, nth);
        rc = router_new(arena, table, ARRAY_LEN(table), stderr, &router);
        arena_free(arena);
        if (rc == ALEES_OK) {
            assert_true(nth > 10);
            break;
        }
        assert_int_equal(rc, ALEES_E_NOMEM);
        assert_null(router);
    }
}

/* Many siblings: found by halving, whatever the order they came in. */
static void test_many_siblings(void **state) {
    enum { COUNT = 500 };
    static char paths[COUNT][16];
    static struct route routes[COUNT];
    struct router *router;
    struct arena *arena = test_arena();
    (void)state;
    for (uint32_t i = 0; i < COUNT; i++) {
        (void)snprintf(paths[i], sizeof paths[i], "/r%u", i * 7919u % 10007u);
        routes[i].method = ALEES_GET;
        routes[i].path = paths[i];
    }
    assert_ok(router_new(arena, routes, COUNT, stderr, &router));
    for (uint32_t i = 0; i < COUNT; i++) {
        struct router_match match;
        router_match(router, ALEES_GET, test_view(paths[i]), &match);
        assert_ptr_equal(match.route, &routes[i]);
    }
    arena_free(arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_match, setup, teardown),
        cmocka_unit_test_setup_teardown(test_foreign_methods, setup, teardown),
        cmocka_unit_test_setup_teardown(test_views, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_allocation_while_matching, setup, teardown),
        cmocka_unit_test(test_building),
        cmocka_unit_test(test_out_of_memory),
        cmocka_unit_test(test_many_siblings),
    };
    return cmocka_run_group_tests_name("router", tests, NULL, NULL);
}
