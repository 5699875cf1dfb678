/* SPDX-License-Identifier: MIT
 * test_pipeline_respond.c - the bytes of an answer. */
#include "test.h"

#include "alees/util.h"
#include "loopback.h"
#include "pipeline.h"
#include "stub_app.h"
#include "svc.h"
#include "sys.h"

static alees_rc handle_text(void *state, alees_ctx *ctx) {
    (void)state;
    assert_ok(svc_http.set_header(ctx, "ETag", STR_LIT("\"1\"")));
    return svc_http.reply(ctx, 200, "text/plain", STR_LIT("hello"));
}

static alees_rc handle_headers(void *state, alees_ctx *ctx) {
    static const char *const refused[] = {
        "Content-Length", "transfer-encoding", "Connection", "Date", "X-Request-Id", "Content-Type", "", "a b", "a:b",
        "a\r\nb"};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
        assert_err(svc_http.set_header(ctx, refused[i], STR_LIT("1")), ALEES_E_INVALID);
    }
    assert_err(svc_http.set_header(ctx, "X-Split", STR_LIT("a\r\nSet-Cookie: b")), ALEES_E_INVALID);
    assert_err(svc_http.set_header(ctx, "X-Split", (alees_str){NULL, 0}), ALEES_E_INVALID);
    assert_err(svc_http.reply(ctx, 200, "text/plain\r\nX-A: b", STR_LIT("")), ALEES_E_INTERNAL);
    assert_err(svc_http.reply(ctx, 100, "text/plain", STR_LIT("")), ALEES_E_INTERNAL);
    assert_err(svc_http.reply(ctx, 600, "text/plain", STR_LIT("")), ALEES_E_INTERNAL);
    assert_ok(svc_http.set_header(ctx, "Cache-Control", STR_LIT("max-age=1")));
    assert_ok(svc_http.set_header(ctx, "X-One", STR_LIT("1")));
    assert_ok(svc_http.set_header(ctx, "x-one", STR_LIT("2")));
    alees_json *value = svc_json.object(ctx);
    assert_ok(svc_json.put_integer(value, "n", 5));
    assert_ok(svc_http.reply_json(ctx, 201, value));
    assert_err(svc_http.reply(ctx, 200, "text/plain", STR_LIT("twice")), ALEES_E_INTERNAL);
    return ALEES_OK;
}

/* Leaves nothing of the request's memory. */
static alees_rc handle_hungry(void *state, alees_ctx *ctx) {
    (void)state;
    for (size_t size = arena_left(ctx->arena); size > 0; size = arena_alloc(ctx->arena, size) ? size : size / 2) {
    }
    return ALEES_OK;
}

#define OPEN (ALEES_ROUTE_READ | ALEES_ROUTE_PUBLIC)
static const struct alees_route decls[] = {
    {.method = ALEES_GET, .flags = OPEN, .path = "/text", .handle = handle_text},
    {.method = ALEES_PATCH, .flags = OPEN, .path = "/text", .handle = handle_text},
    {.method = ALEES_GET, .flags = OPEN, .path = "/headers", .handle = handle_headers},
    {.method = ALEES_GET, .flags = OPEN, .path = "/hungry", .handle = handle_hungry},
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
    sys_fake_realtime(0);
    loopback_close(f->loop);
    stub_app_free(f->stub);
    return 0;
}

static const struct answer *request(struct fixture *f, const char *method, const char *path, const char *id) {
    const struct loopback_request r = {.method = method, .path = path, .headers = {{"X-Request-Id", id}}};
    return loopback_send(f->loop, &r);
}

static void test_bytes(void **state) {
    struct fixture *f = *state;
    sys_fake_realtime(784111777u * UINT64_C(1000000));
    assert_text(request(f, "GET", "/text", "abc")->wire,
                "HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Type: text/plain\r\n"
                "Content-Length: 5\r\nETag: \"1\"\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n"
                "X-Request-Id: abc\r\nConnection: keep-alive\r\n\r\nhello");
    sys_fake_realtime(784111778u * UINT64_C(1000000));
    assert_text(answer_header(request(f, "GET", "/text", "abc"), "Date"), "Sun, 06 Nov 1994 08:49:38 GMT");
}

static void test_head(void **state) {
    struct fixture *f = *state;
    const struct answer *a = request(f, "HEAD", "/text", "abc");
    assert_status(a, 200);
    assert_int_equal(a->body.len, 0);
    assert_text(answer_header(a, "Content-Length"), "5");
    a = request(f, "HEAD", "/unknown", "abc");
    assert_status(a, 404);
    assert_int_equal(a->body.len, 0);
}

static void test_options_and_allow(void **state) {
    struct fixture *f = *state;
    const struct answer *a = request(f, "OPTIONS", "/text", "abc");
    assert_status(a, 204);
    assert_text(answer_header(a, "Allow"), "GET, HEAD, PATCH, OPTIONS");
    assert_absent(answer_header(a, "Content-Length"));
    assert_absent(answer_header(a, "Content-Type"));
    assert_text(answer_header(a, "Accept-Patch"), "application/merge-patch+json, application/json");
    assert_absent(answer_header(a, "Accept-Post")); /* nothing can be posted there */
    assert_problem(request(f, "OPTIONS", "/unknown", "abc"), 404, "not_found");
    a = request(f, "POST", "/text", "abc");
    assert_problem(a, 405, "method_not_allowed");
    assert_text(answer_header(a, "Allow"), "GET, HEAD, PATCH, OPTIONS");
    assert_problem(request(f, "PROPFIND", "/text", "abc"), 405, "method_not_allowed");
    assert_status(request(f, "GET", "/text/", "abc"), 200);
}

/* A refused body is told what would have been taken. */
static void test_refused_types(void **state) {
    struct fixture *f = *state;
    struct loopback_request r = {
        .method = "PATCH", .path = "/text", .body = "{}", .headers = {{"Content-Type", "text/plain"}}};
    const struct answer *a = loopback_send(f->loop, &r);
    assert_problem(a, 415, "unsupported_media_type");
    assert_text(answer_header(a, "Accept-Patch"), "application/merge-patch+json, application/json");
    assert_absent(answer_header(a, "Accept-Encoding"));
    r.headers[0][1] = "application/merge-patch+json";
    r.headers[1][0] = "Content-Encoding";
    r.headers[1][1] = "gzip";
    a = loopback_send(f->loop, &r);
    assert_problem(a, 415, "unsupported_media_type");
    assert_text(answer_header(a, "Accept-Encoding"), "identity");
    r.headers[1][1] = " Identity";
    assert_status(loopback_send(f->loop, &r), 200);
}

static void test_request_id(void **state) {
    static const char *const bad[] = {"", "a b", "a\"b", "x/y", "0123456789012345678901234567890123456"};
    struct fixture *f = *state;
    assert_text(answer_header(request(f, "GET", "/text", "A.b_c-9"), "X-Request-Id"), "A.b_c-9");
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        alees_str id = answer_header(request(f, "GET", "/text", bad[i]), "X-Request-Id");
        alees_id parsed;
        assert_ok(alees_id_parse(id, &parsed));
    }
}

static void test_headers_of_a_handler(void **state) {
    struct fixture *f = *state;
    const struct answer *a = request(f, "GET", "/headers", "abc");
    assert_status(a, 201);
    assert_text(a->body, "{\"n\":5}");
    assert_text(answer_header(a, "Cache-Control"), "max-age=1");
    assert_text(answer_header(a, "X-One"), "2");
    assert_null(strstr(a->wire.ptr, "no-store"));
    assert_null(strstr(a->wire.ptr, "Set-Cookie"));
}

static void test_host_routes(void **state) {
    struct fixture *f = *state;
    const struct answer *a = request(f, "GET", "/healthz", "abc");
    assert_status(a, 200);
    assert_text(a->body, "{\"status\":\"ok\"}");
    a = request(f, "GET", "/readyz", "abc"); /* without a database */
    assert_problem(a, 503, "unavailable");
    assert_text(answer_header(a, "Retry-After"), "1");
    atomic_store(&f->stub->app.is_draining, true);
    assert_problem(request(f, "GET", "/readyz", "abc"), 503, "unavailable");
    assert_status(request(f, "GET", "/healthz", "abc"), 200);
    a = request(f, "GET", "/metrics", "abc");
    assert_status(a, 200);
    assert_text(answer_header(a, "Content-Type"), "text/plain; version=0.0.4; charset=utf-8");
}

static void test_metrics(void **state) {
    struct fixture *f = *state;
    struct route *r = &f->stub->routes[0];
    r->requests[2] = metrics_register(METRICS_COUNTER, "test_requests_total", "class=\"2xx\"", "Requests.");
    r->requests[4] = metrics_register(METRICS_COUNTER, "test_requests_total", "class=\"4xx\"", "Requests.");
    (void)request(f, "GET", "/text", "abc");
    (void)request(f, "GET", "/text", "abc");
    (void)request(f, "GET", "/text?unknown=1", "abc");
    assert_int_equal(metrics_value(r->requests[2]), 2);
    assert_int_equal(metrics_value(r->requests[4]), 1);
}

/* Whatever a request has eaten: what is said about it lies elsewhere. */
static void test_no_memory_left(void **state) {
    struct fixture *f = *state;
    const struct answer *a = request(f, "GET", "/hungry", "abc");
    assert_problem(a, 503, "out_of_memory");
    assert_text(answer_text(a, "/type"), "/docs/errors/out_of_memory");
    assert_text(answer_text(a, "/title"), "The request needs too much memory");
    assert_text(answer_text(a, "/detail"), "Ask for less at once.");
    assert_text(answer_text(a, "/request_id"), "abc");
    assert_text(answer_header(a, "Content-Type"), "application/problem+json");
    assert_text(answer_header(a, "Retry-After"), "1");
    assert_text(answer_header(a, "Cache-Control"), "no-store");
    assert_text(answer_header(a, "X-Request-Id"), "abc");
    int64_t length = 0;
    assert_true(str_parse_i64(answer_header(a, "Content-Length"), &length));
    assert_int_equal(length, a->body.len);
    assert_status(request(f, "GET", "/text", "abc"), 200); /* the next one has all of it again */
    a = request(f, "HEAD", "/hungry", "abc");
    assert_status(a, 503);
    assert_int_equal(a->body.len, 0);
    assert_text(answer_header(a, "Content-Type"), "application/problem+json");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_bytes),         TEST(test_head),       TEST(test_options_and_allow),
        TEST(test_refused_types), TEST(test_request_id), TEST(test_headers_of_a_handler),
        TEST(test_host_routes),   TEST(test_metrics),    TEST(test_no_memory_left),
    };
    return cmocka_run_group_tests_name("pipeline_respond", tests, NULL, NULL);
}
