/* SPDX-License-Identifier: MIT
 * test_pipeline_cors.c - what web pages of other origins are told, and what they are not. */
#include "conf.h"

#include "alees/util.h"
#include "edge.h"
#include "loopback.h"
#include "ratelimit.h"
#include "stub_app.h"
#include "svc.h"

#define PAGE "https://app.example.com"

static alees_rc handle(void *state, alees_ctx *ctx) {
    (void)state;
    return svc_http.reply(ctx, 200, "text/plain", STR_LIT("hello"));
}

static const struct alees_route decls[] = {
    {.method = ALEES_GET, .flags = ALEES_ROUTE_READ, .path = "/a", .permission = "p", .handle = handle},
    {.method = ALEES_PATCH, .path = "/a", .flags = ALEES_ROUTE_READ, .permission = "p", .handle = handle},
};

struct fixture {
    struct stub_app *stub;
    struct loopback *loop;
    struct config *config;
};

static void open_with(struct fixture *f, const char *settings) {
    f->stub = stub_app_new(decls, ARRAY_LEN(decls));
    f->loop = loopback_on(&f->stub->app);
    f->config = conf_load(settings);
    assert_ok(edge_new(f->stub->arena, f->config, stderr, &f->stub->app.edge));
    assert_ok(ratelimit_new(f->stub->arena, f->config, &f->stub->app.ratelimit));
}

static void close_all(struct fixture *f) {
    config_free(f->config);
    loopback_close(f->loop);
    stub_app_free(f->stub);
}

static const struct answer *ask(struct fixture *f, const char *method, const char *path, const char *token,
                                const char *origin, const char *wanted) {
    const struct loopback_request r = {
        .method = method,
        .path = path,
        .token = token,
        .headers = {{origin ? "Origin" : "X-None", origin ? origin : ""},
                    {wanted ? "Access-Control-Request-Method" : "X-Nothing", wanted ? wanted : ""}}};
    return loopback_send(f->loop, &r);
}

static void test_listed_origin(void **state) {
    struct fixture f;
    (void)state;
    open_with(&f, "[http]\ncors_origins = " PAGE "\n");
    static const struct {
        const char *method, *path, *token;
        uint32_t status;
    } cases[] = {{"GET", "/a", "good", 200},    {"GET", "/a", "bad", 401},      {"GET", "/unknown", "good", 404},
                 {"DELETE", "/a", "good", 405}, {"GET", "/healthz", NULL, 200}, {"OPTIONS", "/a", NULL, 204},
                 {"GET", "/a?%zz", "good", 400}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) { /* error answers, too: else the page cannot read them */
        const struct answer *a = ask(&f, cases[i].method, cases[i].path, cases[i].token, PAGE, NULL);
        assert_status(a, cases[i].status);
        assert_text(answer_header(a, "Access-Control-Allow-Origin"), PAGE);
        assert_text(answer_header(a, "Vary"), "Origin");
        assert_non_null(strstr(answer_header(a, "Access-Control-Expose-Headers").ptr, "X-Request-Id"));
        assert_absent(answer_header(a, "Access-Control-Allow-Credentials"));
        assert_absent(answer_header(a, "Access-Control-Allow-Methods"));
        a = ask(&f, cases[i].method, cases[i].path, cases[i].token, "https://evil.example", "GET");
        assert_absent(answer_header(a, "Access-Control-Allow-Origin"));
        assert_absent(answer_header(a, "Access-Control-Allow-Methods"));
        assert_absent(answer_header(a, "Access-Control-Expose-Headers"));
        assert_text(answer_header(a, "Vary"), "Origin"); /* a cache must not give this one to the page */
        assert_status(a, cases[i].status);
    }
    close_all(&f);
}

static void test_preflight(void **state) {
    struct fixture f;
    (void)state;
    open_with(&f, "[http]\ncors_origins = " PAGE "\n");
    const struct answer *a = ask(&f, "OPTIONS", "/a", NULL, PAGE, "PATCH");
    assert_status(a, 204);
    assert_text(answer_header(a, "Access-Control-Allow-Origin"), PAGE);
    assert_text(answer_header(a, "Access-Control-Allow-Methods"), "GET, HEAD, PATCH, OPTIONS");
    assert_non_null(strstr(answer_header(a, "Access-Control-Allow-Headers").ptr, "Authorization, Content-Type"));
    assert_text(answer_header(a, "Access-Control-Max-Age"), "7200");
    assert_int_equal(f.stub->authenticate_calls, 0); /* a browser sends no token with it */
    assert_problem(ask(&f, "OPTIONS", "/unknown", NULL, PAGE, "GET"), 404, "not_found");
    close_all(&f);
}

static void test_any_origin(void **state) {
    struct fixture f;
    (void)state;
    open_with(&f, "[http]\ncors_origins = *\n");
    const struct answer *a = ask(&f, "GET", "/a", "good", "https://anything.example", NULL);
    assert_text(answer_header(a, "Access-Control-Allow-Origin"), "*");
    assert_absent(answer_header(a, "Vary"));
    assert_absent(answer_header(a, "Access-Control-Allow-Credentials"));
    close_all(&f);
}

static void test_off(void **state) {
    struct fixture f;
    (void)state;
    open_with(&f, "");
    const struct answer *a = ask(&f, "OPTIONS", "/a", NULL, PAGE, "GET");
    assert_status(a, 204);
    assert_null(strstr(a->head.ptr, "Access-Control"));
    assert_absent(answer_header(a, "Vary"));
    close_all(&f);
}

/* An address that asks without a valid login; the one behind the proxy, and never this machine itself. */
static void test_strangers(void **state) {
    struct fixture f;
    struct loopback_request r = {.method = "GET", .path = "/a", .headers = {{"X-Forwarded-For", "203.0.113.5"}}};
    (void)state;
    open_with(&f, "[limits]\naddress_per_minute = 3\n[http]\ntrusted_proxies = 192.0.2.1\n");
    for (int i = 0; i < 3; i++) {
        assert_problem(loopback_send(f.loop, &r), 401, "unauthenticated");
    }
    const struct answer *a = loopback_send(f.loop, &r);
    assert_problem(a, 429, "too_many_requests");
    assert_text(answer_header(a, "Retry-After"), "20");
    assert_text(answer_header(a, "RateLimit-Policy"), "\"address\";q=3;w=60");
    assert_text(answer_header(a, "RateLimit"), "\"address\";r=0;t=60");
    r.token = "wrong";
    assert_problem(loopback_send(f.loop, &r), 429, "too_many_requests");
    r.token = "good"; /* a login from the same address is not concerned */
    a = loopback_send(f.loop, &r);
    assert_status(a, 200);
    assert_text(answer_header(a, "RateLimit-Policy"), "\"user\";q=6000;w=60, \"organization\";q=60000;w=60");
    r.token = NULL;
    r.headers[0][1] = "203.0.113.6";
    assert_problem(loopback_send(f.loop, &r), 401, "unauthenticated");
    r.path = "/healthz";
    r.headers[0][1] = "203.0.113.5";
    assert_status(loopback_send(f.loop, &r), 200);
    r.path = "/a";
    r.headers[0][1] = "127.0.0.1";
    for (int i = 0; i < 10; i++) {
        assert_problem(loopback_send(f.loop, &r), 401, "unauthenticated");
    }
    close_all(&f);
}

/* What a proxy that listens on both IPv4 and IPv6 says of an IPv4 client: the same client, and not one with all others. */
static void test_mapped_strangers(void **state) {
    struct fixture f;
    struct loopback_request r = {.method = "GET", .path = "/a", .headers = {{"X-Forwarded-For", "::ffff:203.0.113.5"}}};
    (void)state;
    open_with(&f, "[limits]\naddress_per_minute = 3\n[http]\ntrusted_proxies = 192.0.2.1\n");
    for (int i = 0; i < 3; i++) {
        assert_problem(loopback_send(f.loop, &r), 401, "unauthenticated");
    }
    assert_problem(loopback_send(f.loop, &r), 429, "too_many_requests");
    r.headers[0][1] = "203.0.113.5";
    assert_problem(loopback_send(f.loop, &r), 429, "too_many_requests");
    r.headers[0][1] = "::ffff:203.0.113.6";
    assert_problem(loopback_send(f.loop, &r), 401, "unauthenticated");
    r.headers[0][1] = "::ffff:127.0.0.1";
    for (int i = 0; i < 10; i++) {
        assert_problem(loopback_send(f.loop, &r), 401, "unauthenticated");
    }
    close_all(&f);
}

static void test_metrics_from(void **state) {
    struct fixture f;
    struct loopback_request r = {.method = "GET", .path = "/metrics", .headers = {{"X-Forwarded-For", "192.0.2.8"}}};
    (void)state;
    open_with(&f, "[http]\ntrusted_proxies = 192.0.2.1\nmetrics_from = 192.0.2.0/29\n");
    assert_problem(loopback_send(f.loop, &r), 404, "not_found");
    r.headers[0][0] = NULL;
    assert_status(loopback_send(f.loop, &r), 200);
    close_all(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_listed_origin), cmocka_unit_test(test_preflight), cmocka_unit_test(test_any_origin),
        cmocka_unit_test(test_off),           cmocka_unit_test(test_strangers), cmocka_unit_test(test_mapped_strangers),
        cmocka_unit_test(test_metrics_from),
    };
    return cmocka_run_group_tests_name("pipeline_cors", tests, conf_setup, conf_teardown);
}
