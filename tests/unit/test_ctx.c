/* SPDX-License-Identifier: MIT
 * test_ctx.c - lookups in a request, the headers of its answer, and the scope of a plugin's statements. */
#include "test.h"

#include <pthread.h>
#include <stdio.h>

#include "alees/util.h"
#include "app.h"
#include "ctx.h"
#include "stub_app.h"

struct fixture {
    struct app app;
    struct arena *arena;
    alees_ctx *ctx;
    struct alees_self plugin;
};

static int setup(void **state) {
    static struct fixture f;
    memset(&f, 0, sizeof f);
    f.arena = test_arena();
    f.ctx = ctx_new(&f.app, f.arena);
    assert_non_null(f.ctx);
    *state = &f;
    return 0;
}

static int teardown(void **state) {
    struct fixture *f = *state;
    ctx_end(f->ctx);
    arena_free(f->arena);
    return 0;
}

static void test_lookups(void **state) {
    alees_ctx *ctx = ((struct fixture *)*state)->ctx;
    const struct ctx_header headers[] = {{STR_LIT("X-A"), STR_LIT("1")}, {STR_LIT("x-a"), STR_LIT("2")}};
    struct ctx_parameter parameters[] = {{STR_LIT("q"), STR_LIT("")}};
    ctx->request.headers = headers;
    ctx->request.header_count = ARRAY_LEN(headers);
    ctx->parameters = parameters;
    ctx->parameter_count = ARRAY_LEN(parameters);
    ctx->match.names[0] = "id";
    ctx->match.values[0] = STR_LIT("7");
    ctx->match.count = 1;
    assert_text(ctx_header(ctx, "X-a"), "1");
    assert_absent(ctx_header(ctx, "X"));
    assert_non_null(ctx_parameter(ctx, "q").ptr); /* empty is not absent */
    assert_int_equal(ctx_parameter(ctx, "q").len, 0);
    assert_absent(ctx_parameter(ctx, "Q"));
    assert_text(ctx_path(ctx, "id"), "7");
    assert_absent(ctx_path(ctx, "i"));
}

static void test_set_header(void **state) {
    alees_ctx *ctx = ((struct fixture *)*state)->ctx;
    char name[16];
    for (int i = 0; i < 32; i++) {
        (void)snprintf(name, sizeof name, "X-%d", i);
        assert_ok(ctx_set_header(ctx, name, STR_LIT("v")));
    }
    assert_err(ctx_set_header(ctx, "X-more", STR_LIT("v")), ALEES_E_INVALID);
    assert_ok(ctx_set_header(ctx, "x-31", STR_LIT("w"))); /* replaces */
    assert_int_equal(ctx->response.header_count, 32);
    assert_text(ctx->response.headers[31].value, "w");
    assert_err(ctx_set_header(ctx, "X-0", STR_LIT("tab\tand\nline")), ALEES_E_INVALID);
}

static struct store_scope scope_of(struct fixture *f) {
    struct store_scope scope;
    ctx_scope(f->ctx, &f->plugin, &scope);
    assert_ptr_equal(scope.plugin, &f->plugin);
    return scope;
}

static void assert_scope(struct fixture *f, bool all, const char *organizations) {
    struct store_scope scope = scope_of(f);
    assert_int_equal(scope.all, all);
    assert_text(scope.organizations, organizations);
}

#define ONE "{018f0000-0000-7000-8000-000000000011}"

static void test_scope(void **state) {
    struct fixture *f = *state;
    const struct alees_organizations where = {.struct_size = sizeof where, .count = 1, .text = STR_LIT(ONE)};
    const struct alees_organizations nowhere = {.struct_size = sizeof nowhere, .text = STR_LIT("{}")};
    const struct alees_organizations everywhere = {.struct_size = sizeof everywhere, .all = 1};
    const struct alees_organizations broken = {.struct_size = sizeof broken, .count = 1};
    const struct alees_principal user = {.struct_size = sizeof user};
    const struct alees_principal superuser = {.struct_size = sizeof superuser, .flags = ALEES_SUPERUSER};
    assert_scope(f, false, "{}"); /* nobody */
    f->ctx->who = &user;
    assert_scope(f, false, "{}"); /* a user whose permission was not asked for */
    f->ctx->where = &where;
    assert_scope(f, false, ONE);
    f->ctx->where = &nowhere;
    assert_scope(f, false, "{}");
    f->ctx->where = &broken;
    assert_scope(f, false, "{}");
    f->ctx->where = &everywhere;
    assert_true(scope_of(f).all);
    f->ctx->where = &where;
    f->ctx->is_public = true;
    assert_scope(f, false, "{}");
    f->ctx->is_public = false;
    f->ctx->who = &superuser;
    assert_true(scope_of(f).all);
    f->ctx->who = NULL;
    f->ctx->is_all = true;
    assert_true(scope_of(f).all);
}

/* Where any login will do, one's own rows are in reach, and nobody's else. */
static void test_scope_of_a_login(void **state) {
    struct fixture *f = *state;
    const struct alees_organizations where = {.struct_size = sizeof where, .count = 2, .text = STR_LIT("{a,b}")};
    struct alees_principal who = {.struct_size = sizeof who, .id = stub_organization};
    struct route route = {.flags = ALEES_ROUTE_LOGIN};
    f->ctx->route = &route;
    assert_scope(f, false, "{}");
    f->ctx->who = &who;
    assert_scope(f, false, ONE);
    f->ctx->where = &where; /* a resource's route knows better */
    assert_scope(f, false, "{a,b}");
    f->ctx->where = NULL;
    who.flags = ALEES_API_KEY;
    assert_scope(f, false, "{}");
    who.flags = ALEES_SUPERUSER;
    assert_true(scope_of(f).all);
    who.flags = 0;
    route.flags = 0;
    assert_scope(f, false, "{}");
    route.flags = ALEES_ROUTE_LOGIN;
    arena_fail_after(f->arena, 1);
    assert_scope(f, false, "{}");
}

static void test_scope_of_an_object(void **state) {
    struct fixture *f = *state;
    const struct alees_organizations where = {.struct_size = sizeof where, .count = 2, .text = STR_LIT("{a,b}")};
    const struct alees_organizations everywhere = {.struct_size = sizeof everywhere, .all = 1};
    const struct alees_principal user = {.struct_size = sizeof user};
    const struct alees_principal superuser = {.struct_size = sizeof superuser, .flags = ALEES_SUPERUSER};
    const struct alees_route decl = {.object = "stub.thing"};
    struct route route = {.decl = &decl};
    f->ctx->who = &user;
    f->ctx->where = &where;
    f->ctx->route = &route;
    f->ctx->object_organization = stub_organization;
    assert_scope(f, false, ONE);
    f->ctx->who = &superuser; /* reaches every row, but one request is about one */
    f->ctx->where = &everywhere;
    assert_scope(f, false, ONE);
    f->ctx->object_organization = (alees_id){{0}}; /* a global row */
    assert_true(scope_of(f).all);
    f->ctx->who = &user;
    f->ctx->where = &where;
    assert_scope(f, false, "{00000000-0000-0000-0000-000000000000}");
    f->ctx->object_organization = stub_organization;
    arena_fail_after(f->arena, 1);
    assert_scope(f, false, "{}"); /* never more than it should be */
}

static void *ask(void *data) {
    return ctx_is_owner(data) ? data : NULL;
}

static void test_owner(void **state) {
    alees_ctx *ctx = ((struct fixture *)*state)->ctx;
    pthread_t thread;
    void *result = ctx;
    assert_true(ctx_is_owner(ctx));
    assert_int_equal(pthread_create(&thread, NULL, ask, ctx), 0);
    assert_int_equal(pthread_join(thread, &result), 0);
    assert_null(result);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_lookups),          TEST(test_set_header),         TEST(test_scope),
        TEST(test_scope_of_a_login), TEST(test_scope_of_an_object), TEST(test_owner),
    };
    return cmocka_run_group_tests_name("ctx", tests, NULL, NULL);
}
