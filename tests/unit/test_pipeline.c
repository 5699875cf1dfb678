/* SPDX-License-Identifier: MIT
 * test_pipeline.c - the stages of a request, their order, and that nothing but ALEES_OK lets one through. */
#include "test.h"

#include "alees/util.h"
#include "loopback.h"
#include "pipeline.h"
#include "pipeline_impl.h"
#include "resource.h"
#include "stub_app.h"
#include "svc.h"

/* --- the routes ---------------------------------------------------------------------------------------------------- */

static alees_rc handle_count(void *state, alees_ctx *ctx) {
    struct stub_app *s = state;
    s->handler_calls++;
    if (s->handler_rc != ALEES_OK) {
        return s->handler_rc;
    }
    return svc_http.reply(ctx, 200, "text/plain", STR_LIT("done"));
}

static alees_rc handle_silent(void *state, alees_ctx *ctx) {
    struct stub_app *s = state;
    (void)ctx;
    s->handler_calls++;
    return ALEES_OK;
}

static alees_rc handle_late_failure(void *state, alees_ctx *ctx) {
    (void)state;
    assert_ok(svc_http.set_header(ctx, "X-Left-Behind", STR_LIT("1")));
    assert_ok(svc_http.reply(ctx, 200, "text/plain", STR_LIT("all went well")));
    return (svc_host.fail)(ctx, ALEES_E_CONFLICT, "already_closed", STR_LIT("Open it first."));
}

static alees_rc handle_invisible(void *state, alees_ctx *ctx) {
    (void)state;
    problem_add(&ctx->problem, STR_LIT("/id"), "hidden", "%s", "a trace of the row");
    return problem_set(&ctx->problem, PROBLEM_NOT_FOUND, "%s", "This row belongs to somebody else.");
}

static alees_rc handle_recovered(void *state, alees_ctx *ctx) {
    (void)state;
    (void)(svc_host.fail)(ctx, ALEES_E_CONFLICT, "first_try", STR_LIT("A try that failed."));
    return svc_http.reply(ctx, 201, "text/plain", STR_LIT("second try"));
}

static alees_rc handle_greedy(void *state, alees_ctx *ctx) {
    (void)state;
    while (svc_host.alloc(ctx, 1024 * 1024)) {
    }
    return svc_http.reply(ctx, 200, "text/plain", STR_LIT("did not look at the result"));
}

static alees_rc handle_throttled(void *state, alees_ctx *ctx) {
    (void)state;
    assert_ok(svc_http.set_header(ctx, "Retry-After", STR_LIT("30")));
    return (svc_host.fail)(ctx, ALEES_E_TOO_MANY, "throttled", STR_LIT("Wait."));
}

static alees_rc handle_context(void *state, alees_ctx *ctx) {
    struct stub_app *s = state;
    assert_ptr_equal(ctx->plugin, &s->plugin);
    assert_ptr_equal(svc_host.principal(ctx), &s->who);
    assert_text(svc_http.token(ctx), "good");
    assert_text(svc_http.peer(ctx), "192.0.2.1");
    assert_text(svc_http.header(ctx, "x-own"), "1");
    assert_absent(svc_http.header(ctx, "x-other"));
    return svc_http.reply(ctx, 200, "text/plain", STR_LIT(""));
}

#define READ ALEES_ROUTE_READ
static const struct alees_route decls[] = {
    {.method = ALEES_GET, .flags = READ, .path = "/guarded", .permission = "stub.view", .handle = handle_count},
    {.method = ALEES_POST, .flags = READ, .path = "/guarded", .permission = "stub.view", .handle = handle_count},
    {.method = ALEES_GET, .flags = READ | ALEES_ROUTE_LOGIN, .path = "/login", .handle = handle_count},
    {.method = ALEES_GET, .flags = READ | ALEES_ROUTE_PUBLIC, .path = "/public", .handle = handle_count},
    {.method = ALEES_DELETE, .flags = READ | ALEES_ROUTE_PUBLIC, .path = "/public", .handle = handle_silent},
    {.method = ALEES_GET, .flags = READ | ALEES_ROUTE_PUBLIC, .path = "/late", .handle = handle_late_failure},
    {.method = ALEES_GET, .flags = READ | ALEES_ROUTE_PUBLIC, .path = "/invisible/{id}", .handle = handle_invisible},
    {.method = ALEES_GET, .flags = READ | ALEES_ROUTE_PUBLIC, .path = "/recovered", .handle = handle_recovered},
    {.method = ALEES_GET, .flags = READ | ALEES_ROUTE_PUBLIC, .path = "/greedy", .handle = handle_greedy},
    {.method = ALEES_GET, .flags = READ | ALEES_ROUTE_PUBLIC, .path = "/throttled", .handle = handle_throttled},
    {.method = ALEES_GET, .flags = READ | ALEES_ROUTE_LOGIN, .path = "/context", .handle = handle_context},
    {.method = ALEES_GET,
     .flags = READ,
     .path = "/forgotten",
     .handle = handle_count}, /* neither permission nor flag */
};

struct fixture {
    struct stub_app *stub;
    struct loopback *loop;
};

static int setup(void **state) {
    static struct fixture f;
    f.stub = stub_app_new(decls, ARRAY_LEN(decls));
    f.loop = loopback_on(&f.stub->app);
    *state = &f;
    return 0;
}

static int teardown(void **state) {
    struct fixture *f = *state;
    loopback_close(f->loop);
    stub_app_free(f->stub);
    return 0;
}

static const struct answer *get(struct fixture *f, const char *path, const char *token) {
    return loopback_request(f->loop, "GET", path, token, NULL);
}

/* --- nothing but ALEES_OK ------------------------------------------------------------------------------------------ */

static void check_refused(struct fixture *f, alees_rc *which, alees_rc rc, const char *path, bool runs_handler) {
    uint32_t before = f->stub->handler_calls;
    *which = rc;
    const struct answer *a = get(f, path, "good");
    if (a->status < 400 || a->status > 599 || (f->stub->handler_calls != before) != runs_handler) {
        print_error("rc %d gave status %u\n", (int)rc, a->status);
        fail();
    }
    *which = ALEES_OK;
}

static void check_every_rc(struct fixture *f, alees_rc *which, const char *path, bool runs_handler) {
    for (alees_rc rc = -20; rc <= 20; rc++) {
        if (rc != ALEES_OK) {
            check_refused(f, which, rc, path, runs_handler);
        }
    }
    check_refused(f, which, INT32_MIN, path, runs_handler);
    check_refused(f, which, INT32_MAX, path, runs_handler);
    check_refused(f, which, 200, path, runs_handler);
}

static void test_only_ok_authenticates(void **state) {
    struct fixture *f = *state;
    check_every_rc(f, &f->stub->authenticate, "/guarded", false);
    check_every_rc(f, &f->stub->authenticate, "/login", false);
    assert_int_equal(f->stub->organizations_calls, 0);
    assert_status(get(f, "/guarded", "good"), 200);
}

static void test_only_ok_authorizes(void **state) {
    struct fixture *f = *state;
    check_every_rc(f, &f->stub->organizations, "/guarded", false);
    assert_status(get(f, "/guarded", "good"), 200);
}

static void test_only_ok_of_a_handler_succeeds(void **state) {
    struct fixture *f = *state;
    check_every_rc(f, &f->stub->handler_rc, "/guarded", true);
    check_every_rc(f, &f->stub->handler_rc, "/public", true);
    assert_status(get(f, "/public", NULL), 200);
}

/* What belongs to no organization: reading needs a login, writing and a plugin's own routes a decision. */
static void test_only_ok_decides_globally(void **state) {
    static const struct alees_resource decl = {.name = "unit", .scope = ALEES_SCOPE_GLOBAL};
    static struct resource unit;
    struct fixture *f = *state;
    struct route *route = &f->stub->routes[0];
    unit.decl = &decl;
    route->resource = &unit;
    check_every_rc(f, &f->stub->decide, "/guarded", false);
    assert_status(get(f, "/guarded", "good"), 200);
    f->stub->decide = ALEES_E_DENIED;
    assert_problem(get(f, "/guarded", "good"), 403, "permission_denied");
    route->operation = ROUTE_CREATE;
    assert_problem(get(f, "/guarded", "good"), 403, "permission_denied");
    route->operation = ROUTE_GET;
    assert_status(get(f, "/guarded", "good"), 200);
    assert_problem(get(f, "/guarded", NULL), 401, "unauthenticated");
    assert_int_equal(f->stub->organizations_calls, 0);
}

/* What belongs to users: no permission is asked for, but the user comes in person. */
static void test_own_is_not_by_api_key(void **state) {
    static const struct alees_resource decl = {.name = "note", .scope = ALEES_SCOPE_OWN};
    static struct resource note;
    struct fixture *f = *state;
    struct route *route = &f->stub->routes[0];
    note.decl = &decl;
    route->resource = &note;
    route->flags |= ALEES_ROUTE_LOGIN | ALEES_ROUTE_IN_PERSON;
    for (uint32_t operation = ROUTE_LIST; operation <= ROUTE_REMOVE; operation++) {
        route->operation = (enum route_operation)operation;
        f->stub->who.flags = 0;
        assert_status(get(f, "/guarded", "good"), 200);
        assert_problem(get(f, "/guarded", NULL), 401, "unauthenticated");
        f->stub->who.flags = ALEES_API_KEY;
        assert_problem(get(f, "/guarded", "good"), 403, "not_by_api_key");
    }
    assert_int_equal(f->stub->organizations_calls, 0);
    assert_int_equal(f->stub->decide_calls, 0);
}

/* What belongs to several is created by those who may without an organization, and reached by those who may in one. */
static void test_several_begin_in_none(void **state) {
    static const struct alees_resource decl = {.name = "person", .scope = ALEES_SCOPE_SEVERAL};
    static struct resource person;
    struct fixture *f = *state;
    struct route *route = &f->stub->routes[0];
    person.decl = &decl;
    route->resource = &person;
    route->operation = ROUTE_CREATE;
    check_every_rc(f, &f->stub->decide, "/guarded", false);
    assert_status(get(f, "/guarded", "good"), 200);
    f->stub->decide = ALEES_E_DENIED;
    assert_problem(get(f, "/guarded", "good"), 403, "permission_denied");
    route->operation = ROUTE_LIST;
    assert_status(get(f, "/guarded", "good"), 200);
    check_every_rc(f, &f->stub->organizations, "/guarded", false);
    f->stub->decide = ALEES_E_UNAVAILABLE;
    assert_problem(get(f, "/guarded", "good"), 503, "unavailable");
}

static void test_ok_without_a_result_refuses(void **state) {
    struct fixture *f = *state;
    f->stub->without_result = true;
    assert_problem(get(f, "/guarded", "good"), 500, "internal");
    assert_int_equal(f->stub->handler_calls, 0);
}

static void test_no_provider_refuses(void **state) {
    struct fixture *f = *state;
    f->stub->app.rbac = NULL;
    assert_problem(get(f, "/guarded", "good"), 503, "unavailable");
    assert_problem(get(f, "/login", "good"), 503, "unavailable");
    assert_int_equal(f->stub->handler_calls, 0);
    assert_status(get(f, "/public", NULL), 200);
}

static void test_what_the_client_is_told(void **state) {
    static const struct {
        alees_rc rc;
        uint32_t authenticate, organizations;
    } told[] = {{ALEES_E_UNAUTHENTICATED, 401, 500},
                {ALEES_E_DENIED, 500, 403},
                {ALEES_E_UNAVAILABLE, 503, 503},
                {ALEES_E_NOMEM, 503, 503},
                {ALEES_E_TOO_MANY, 429, 429},
                {ALEES_E_NOT_FOUND, 500, 500},
                {7, 500, 500}};
    struct fixture *f = *state;
    for (size_t i = 0; i < ARRAY_LEN(told); i++) {
        f->stub->authenticate = told[i].rc;
        assert_status(get(f, "/guarded", "good"), told[i].authenticate);
        f->stub->authenticate = ALEES_OK;
        f->stub->organizations = told[i].rc;
        assert_status(get(f, "/guarded", "good"), told[i].organizations);
        f->stub->organizations = ALEES_OK;
    }
}

/* --- the order ----------------------------------------------------------------------------------------------------- */

static void test_order_of_stages(void **state) {
    struct fixture *f = *state;
    f->stub->where.count = 0;
    /* a bad path is bad before the route is looked for; an unknown path needs no login; a wrong method neither */
    assert_problem(get(f, "/nowhere?%zz", NULL), 400, "bad_request");
    assert_problem(get(f, "/nowhere", NULL), 404, "not_found");
    assert_problem(loopback_request(f->loop, "DELETE", "/guarded", NULL, NULL), 405, "method_not_allowed");
    /* the login comes before permissions, those before parameters and body */
    assert_problem(loopback_request(f->loop, "POST", "/guarded?x=1", NULL, "{"), 401, "unauthenticated");
    assert_problem(loopback_request(f->loop, "POST", "/guarded?x=1", "bad", "{"), 401, "unauthenticated");
    assert_problem(loopback_request(f->loop, "POST", "/guarded?x=1", "good", "{"), 403, "permission_denied");
    f->stub->where.count = 1;
    assert_problem(loopback_request(f->loop, "POST", "/guarded?x=1", "good", "{"), 400, "malformed_json");
    assert_problem(loopback_request(f->loop, "POST", "/guarded?x=1", "good", NULL), 400, "unknown_parameter");
    assert_int_equal(f->stub->handler_calls, 0);
    assert_status(loopback_request(f->loop, "POST", "/guarded", "good", NULL), 200);
    assert_int_equal(f->stub->handler_calls, 1);
}

static void test_denied_names_the_permission(void **state) {
    struct fixture *f = *state;
    f->stub->where.count = 0;
    const struct answer *a = get(f, "/guarded", "good");
    assert_problem(a, 403, "permission_denied");
    assert_text(answer_text(a, "/permission"), "stub.view");
    f->stub->where.all = 1;
    assert_status(get(f, "/guarded", "good"), 200);
}

/* The row of an object route is seen; is its organization one of those with the permission? */
static void test_object_of_an_organization(void **state) {
    struct fixture *f = *state;
    struct arena *arena = test_arena();
    const alees_id ids[] = {{{1, [15] = 1}}, {{3, [15] = 1}}, {{5, [15] = 1}}, {{7, [15] = 1}}};
    struct alees_organizations where = {.struct_size = sizeof where, .ids = ids};
    for (uint8_t id = 0; id <= 8; id++) {
        for (where.count = 0; where.count <= ARRAY_LEN(ids); where.count++) {
            alees_ctx *ctx = ctx_new(&f->stub->app, arena);
            assert_non_null(ctx);
            ctx->route = &f->stub->routes[0];
            ctx->who = &f->stub->who;
            ctx->where = &where;
            ctx->object_organization.bytes[0] = id;
            ctx->object_organization.bytes[15] = 1;
            bool is_held = id % 2 == 1 && (uint32_t)id / 2 < where.count;
            assert_err(pipeline_authorize_object(ctx), is_held ? ALEES_OK : ALEES_E_DENIED);
            if (!is_held) {
                assert_text(ctx->problem.permission, "stub.view");
                assert_text(ctx->problem.organization, "North");
                assert_text(ctx->problem.detail, "You need the permission stub.view in North.");
            }
            ctx_end(ctx);
        }
    }
    arena_free(arena);
}

/* Every organization is not none: what belongs to all is for superusers. */
static void test_object_of_no_organization(void **state) {
    struct fixture *f = *state;
    struct arena *arena = test_arena();
    const struct alees_organizations all = {.struct_size = sizeof all, .all = 1};
    for (uint32_t is_superuser = 0; is_superuser < 2; is_superuser++) {
        alees_ctx *ctx = ctx_new(&f->stub->app, arena);
        struct alees_principal who = f->stub->who;
        assert_non_null(ctx);
        who.flags = is_superuser ? ALEES_SUPERUSER : 0;
        ctx->route = &f->stub->routes[0];
        ctx->who = &who;
        ctx->where = &all;
        assert_err(pipeline_authorize_object(ctx), is_superuser ? ALEES_OK : ALEES_E_DENIED);
        ctx_end(ctx);
    }
    arena_free(arena);
}

static void test_a_route_without_any_rule_is_closed(void **state) {
    struct fixture *f = *state;
    assert_problem(get(f, "/forgotten", NULL), 401, "unauthenticated");
    assert_problem(get(f, "/forgotten", "good"), 403, "permission_denied");
    assert_int_equal(f->stub->handler_calls, 0);
}

static void test_public_route_asks_nobody(void **state) {
    struct fixture *f = *state;
    assert_status(get(f, "/public", NULL), 200);
    assert_status(get(f, "/public", "whatever"), 200);
    assert_int_equal(f->stub->authenticate_calls, 0);
    assert_int_equal(f->stub->organizations_calls, 0);
}

static void test_login_route_needs_no_permission(void **state) {
    struct fixture *f = *state;
    f->stub->where.count = 0;
    assert_status(get(f, "/login", "good"), 200);
    assert_int_equal(f->stub->organizations_calls, 0);
}

static void test_authorization_header(void **state) {
    static const char *const bad[] = {"good",         "Basic good",  "Bearer",    "Bearer ",
                                      "Bearer go od", "Bearer g\"d", "Bearergood"};
    struct fixture *f = *state;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        const struct loopback_request r = {.method = "GET", .path = "/login", .headers = {{"Authorization", bad[i]}}};
        const struct answer *a = loopback_send(f->loop, &r);
        assert_problem(a, 401, "unauthenticated");
        assert_text(answer_header(a, "WWW-Authenticate"), "Bearer realm=\"alees\"");
    }
    const struct loopback_request twice = {
        .method = "GET", .path = "/login", .token = "good", .headers = {{"authorization", "Bearer good"}}};
    assert_problem(loopback_send(f->loop, &twice), 401, "unauthenticated");
    const struct loopback_request lower = {
        .method = "GET", .path = "/login", .headers = {{"authorization", "bearer good"}}};
    assert_status(loopback_send(f->loop, &lower), 200);
    assert_text(answer_header(get(f, "/login", "stale"), "WWW-Authenticate"),
                "Bearer realm=\"alees\", error=\"invalid_token\"");
}

/* --- handlers ------------------------------------------------------------------------------------------------------ */

static void test_handler_answers(void **state) {
    struct fixture *f = *state;
    const struct answer *a = loopback_request(f->loop, "DELETE", "/public", NULL, NULL);
    assert_status(a, 204);
    assert_int_equal(a->body.len, 0);
    a = get(f, "/late", NULL);
    assert_problem(a, 409, "already_closed");
    assert_text(answer_text(a, "/detail"), "Open it first.");
    assert_absent(answer_header(a, "X-Left-Behind"));
    a = get(f, "/recovered", NULL);
    assert_status(a, 201);
    assert_text(a->body, "second try");
    assert_problem(get(f, "/greedy", NULL), 503, "out_of_memory");
    a = get(f, "/throttled", NULL);
    assert_problem(a, 429, "throttled");
    assert_text(answer_header(a, "Retry-After"), "30");
    const struct loopback_request own = {
        .method = "GET", .path = "/context", .token = "good", .headers = {{"X-Own", "1"}}};
    assert_status(loopback_send(f->loop, &own), 200);
}

/* Byte for byte, with the same request id. */
static void test_invisible_is_unknown(void **state) {
    struct fixture *f = *state;
    struct loopback_request r = {.method = "GET", .headers = {{"X-Request-Id", "same"}}};
    r.path = "/invisible/5";
    const struct answer *invisible = loopback_send(f->loop, &r);
    r.path = "/nowhere/5";
    const struct answer *unknown = loopback_send(f->loop, &r);
    assert_problem(invisible, 404, "not_found");
    assert_text(invisible->body, unknown->body.ptr);
    assert_int_equal(invisible->wire.len, unknown->wire.len);
}

/* Every place that allocates fails once; the answer is whole or says that there is no memory. */
static void test_no_memory(void **state) {
    struct fixture *f = *state;
    uint32_t failures = 0;
    for (uint32_t nth = 1; nth < 100; nth++) {
        struct arena *arena = test_arena();
        alees_ctx *ctx = ctx_new(&f->stub->app, arena);
        const struct ctx_header headers[] = {{STR_LIT("Authorization"), STR_LIT("Bearer good")},
                                             {STR_LIT("Content-Type"), STR_LIT("application/json")}};
        assert_non_null(ctx);
        ctx->request.method = ALEES_POST;
        ctx->request.uri = STR_LIT("/guarded/?a=1");
        ctx->request.path = STR_LIT("/guarded/");
        ctx->request.query = STR_LIT("a=1");
        ctx->request.body = STR_LIT("{}");
        ctx->request.headers = headers;
        ctx->request.header_count = ARRAY_LEN(headers);
        arena_fail_after(arena, nth);
        pipeline_run(ctx);
        arena_fail_after(arena, 0);
        assert_true(ctx->response.status == 400 || ctx->response.status == 503);
        failures += ctx->response.status == 503;
        ctx_end(ctx);
        arena_free(arena);
    }
    assert_true(failures > 2);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_only_ok_authenticates),         TEST(test_only_ok_authorizes),
        TEST(test_only_ok_of_a_handler_succeeds), TEST(test_only_ok_decides_globally),
        TEST(test_own_is_not_by_api_key),         TEST(test_several_begin_in_none),
        TEST(test_ok_without_a_result_refuses),   TEST(test_no_provider_refuses),
        TEST(test_what_the_client_is_told),       TEST(test_order_of_stages),
        TEST(test_denied_names_the_permission),   TEST(test_object_of_an_organization),
        TEST(test_object_of_no_organization),     TEST(test_a_route_without_any_rule_is_closed),
        TEST(test_public_route_asks_nobody),      TEST(test_login_route_needs_no_permission),
        TEST(test_authorization_header),          TEST(test_handler_answers),
        TEST(test_invisible_is_unknown),          TEST(test_no_memory),
    };
    return cmocka_run_group_tests_name("pipeline", tests, NULL, NULL);
}
