/* SPDX-License-Identifier: MIT
 * test_pipeline_edge.c - what stands around every answer: its coding, how long it took and in which trace. */
#include "test.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "alees/util.h"
#include "log.h"
#include "loopback.h"
#include "stub_app.h"
#include "svc.h"

enum { BIG = 5000 };

static alees_rc handle_big(void *state, alees_ctx *ctx) {
    static char text[BIG];
    alees_str size = ctx_parameter(ctx, "size");
    (void)state;
    memset(text, 'a', sizeof text);
    if (ctx_parameter(ctx, "etag").ptr) {
        assert_ok(svc_http.set_header(ctx, "ETag", STR_LIT("\"1\"")));
    }
    if (ctx_parameter(ctx, "own").ptr) {
        assert_ok(svc_http.set_header(ctx, "Content-Encoding", STR_LIT("identity")));
    }
    return svc_http.reply(ctx, 200, "text/plain", (alees_str){text, size.ptr ? (size_t)atoi(size.ptr) : sizeof text});
}

static const struct alees_field parameters[] = {
    {.name = "size", .type = ALEES_INTEGER, .flags = ALEES_IN_QUERY},
    {.name = "etag", .type = ALEES_TEXT, .flags = ALEES_IN_QUERY},
    {.name = "own", .type = ALEES_TEXT, .flags = ALEES_IN_QUERY},
};

#define BIG_AT(method_, flags_, path_) \
    { \
        .method = (method_), .flags = (flags_), .path = (path_), .permission = "p", .handle = handle_big, \
        .parameters = { \
            parameters, \
            ARRAY_LEN(parameters), \
            sizeof *parameters \
        } \
    }
static const struct alees_route decls[] = {
    BIG_AT(ALEES_GET, ALEES_ROUTE_READ, "/api/v1/big"),
    BIG_AT(ALEES_GET, ALEES_ROUTE_READ, "/api/v1/auth/big"),
    BIG_AT(ALEES_GET, ALEES_ROUTE_READ | ALEES_ROUTE_PUBLIC, "/api/v1/open"),
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

static const struct answer *with(struct fixture *f, const char *method, const char *path, const char *name,
                                 const char *value) {
    const struct loopback_request r = {.method = method, .path = path, .token = "good", .headers = {{name, value}}};
    return loopback_send(f->loop, &r);
}

static void test_gzip(void **state) {
    static const char magic[] = {0x1f, (char)0x8b};
    struct fixture *f = *state;
    const struct answer *a = with(f, "GET", "/api/v1/big", "Accept-Encoding", "br, gzip;q=0.5");
    assert_status(a, 200);
    assert_text(answer_header(a, "Content-Encoding"), "gzip");
    assert_text(answer_header(a, "Vary"), "Accept-Encoding");
    assert_true(a->body.len < 200 && memcmp(a->body.ptr, magic, sizeof magic) == 0);
    alees_str length = answer_header(a, "Content-Length");
    assert_int_equal(strtoul(length.ptr, NULL, 10), a->body.len);
    const struct answer *head = with(f, "HEAD", "/api/v1/big", "Accept-Encoding", "gzip");
    assert_text(answer_header(head, "Content-Encoding"), "gzip");
    assert_true(alees_equal(answer_header(head, "Content-Length"), length));
    assert_int_equal(head->body.len, 0);
}

static void test_not_packed(void **state) {
    static const struct {
        const char *path, *accept;
        bool varies;
    } cases[] = {
        {"/api/v1/big", "gzip;q=0", true},
        {"/api/v1/big", "*;q=0", true},
        {"/api/v1/big", "br", true},
        {"/api/v1/big", "", true},
        {"/api/v1/big?size=1024", "gzip", false},
        {"/api/v1/big?etag=1", "gzip", false},
        {"/api/v1/big?own=1", "gzip", false},
        {"/api/v1/auth/big", "gzip", false},
        {"/api/v1/open", "gzip", false},
    };
    struct fixture *f = *state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct answer *a = with(f, "GET", cases[i].path, "Accept-Encoding", cases[i].accept);
        assert_status(a, 200);
        assert_true(a->body.len >= 1024 && a->body.ptr[0] == 'a');
        assert_true(!answer_header(a, "Content-Encoding").ptr || strstr(cases[i].path, "own"));
        assert_true((answer_header(a, "Vary").ptr != NULL) == cases[i].varies);
    }
    assert_text(answer_header(with(f, "GET", "/api/v1/big?size=1025", "Accept-Encoding", "gzip"), "Content-Encoding"),
                "gzip");
}

static void test_server_timing(void **state) {
    struct fixture *f = *state;
    double total, auth, db;
    assert_absent(answer_header(with(f, "GET", "/api/v1/big", "X", "y"), "Server-Timing"));
    f->stub->app.server_timing = true;
    alees_str header = answer_header(with(f, "GET", "/api/v1/big", "X", "y"), "Server-Timing");
    assert_non_null(header.ptr);
    assert_int_equal(sscanf(header.ptr, "total;dur=%lf, auth;dur=%lf, db;dur=%lf", &total, &auth, &db), 3);
    assert_true(total >= auth && auth >= 0.0 && db == 0.0 && total < 60000.0);
    assert_non_null(answer_header(with(f, "GET", "/unknown", "X", "y"), "Server-Timing").ptr);
}

/* The log line of one request. */
static const char *logged(struct fixture *f, const char *traceparent) {
    static char line[4096];
    int ends[2], saved = dup(STDERR_FILENO);
    assert_int_equal(pipe(ends), 0);
    assert_true(dup2(ends[1], STDERR_FILENO) >= 0);
    log_init(LOG_JSON, ALEES_LOG_INFO);
    f->stub->app.log_requests = true;
    (void)with(f, "GET", "/api/v1/open", "traceparent", traceparent);
    log_init(LOG_JSON, ALEES_LOG_ERROR + 1);
    ssize_t got = read(ends[0], line, sizeof line - 1);
    assert_true(dup2(saved, STDERR_FILENO) >= 0);
    (void)close(saved);
    (void)close(ends[0]);
    (void)close(ends[1]);
    assert_true(got > 0);
    line[got] = '\0';
    return line;
}

static void test_trace(void **state) {
    struct fixture *f = *state;
    assert_non_null(strstr(logged(f, "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
                           ",\"trace_id\":\"4bf92f3577b34da6a3ce929d0e0e4736\""));
    assert_null(strstr(logged(f, "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7"), "trace_id"));
    const struct loopback_request twice = {
        .method = "GET",
        .path = "/api/v1/open",
        .headers = {{"traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"},
                    {"traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"}}};
    assert_status(loopback_send(f->loop, &twice), 200); /* ignored: which of them would it be? */
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_gzip),
        TEST(test_not_packed),
        TEST(test_server_timing),
        TEST(test_trace),
    };
    return cmocka_run_group_tests_name("pipeline_edge", tests, NULL, NULL);
}
