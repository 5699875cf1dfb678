/* SPDX-License-Identifier: MIT
 * test_httpd.c - a real socket: connections, bodies, limits. What is malformed or meant to deceive: test_httpd_head.c.
 * Starting, stopping, inherited sockets: test_httpd_life.c. */
#include "conf.h"

#include <stdatomic.h>
#include <stdio.h>

#include "served.h"
#include "svc.h"
#include "sys.h"
#include "wire.h"

enum { DEEP = 512 * 1024 };

static struct served served;
static atomic_uint hellos;

static alees_rc handle_hello(void *state, alees_ctx *ctx) {
    (void)state;
    atomic_fetch_add(&hellos, 1);
    return svc_http.reply(ctx, 200, "text/plain", STR_LIT("hello"));
}

static alees_rc handle_length(void *state, alees_ctx *ctx) {
    alees_json *value = svc_json.object(ctx);
    alees_str text = svc_json.text(svc_json.get(svc_http.json(ctx), "text"));
    (void)state;
    if (svc_json.put_integer(value, "length", (int64_t)text.len) != ALEES_OK) {
        return ALEES_E_NOMEM;
    }
    return svc_http.reply_json(ctx, 200, value);
}

/* Third-party code may well have large locals: it gets the stack that the configuration says. */
static alees_rc handle_deep(void *state, alees_ctx *ctx) {
    volatile char locals[DEEP];
    char text[32];
    (void)state;
    for (size_t i = 0; i < sizeof locals; i += 1024) {
        locals[i] = (char)(i / 1024);
    }
    int sum = 0;
    for (size_t i = 0; i < sizeof locals; i += 1024) {
        sum += locals[i] == (char)(i / 1024);
    }
    (void)snprintf(text, sizeof text, "%d", sum);
    return svc_http.reply(ctx, 200, "text/plain", (alees_str){text, strlen(text)});
}

static alees_rc handle_large(void *state, alees_ctx *ctx) {
    const size_t size = 3 * 1024 * 1024;
    char *body = svc_host.alloc(ctx, size);
    (void)state;
    if (!body) {
        return ALEES_E_NOMEM;
    }
    memset(body, 'x', size);
    return svc_http.reply(ctx, 200, "text/plain", (alees_str){body, size});
}

#define OPEN (ALEES_ROUTE_READ | ALEES_ROUTE_PUBLIC)
static const struct alees_field members[] = {{.name = "text", .type = ALEES_JSON},
                                             {.name = "more", .type = ALEES_JSON}};
static const struct alees_field text_members[] = {{.name = "text", .type = ALEES_TEXT, .max = 4000000}};
static const struct alees_route decls[] = {
    {.method = ALEES_GET, .flags = OPEN, .path = "/hello", .handle = handle_hello},
    {.method = ALEES_POST, .flags = OPEN, .path = "/length", .body = ALEES_LIST(text_members), .handle = handle_length},
    {.method = ALEES_POST, .flags = OPEN, .path = "/json", .body = ALEES_LIST(members), .handle = handle_hello},
    {.method = ALEES_GET, .flags = OPEN, .path = "/deep", .handle = handle_deep},
    {.method = ALEES_GET, .flags = OPEN, .path = "/large", .handle = handle_large},
};

#define GET_HELLO "GET /hello HTTP/1.1\r\nHost: h\r\n\r\n"
#define JSON_HEADERS "Host: h\r\nContent-Type: application/json\r\n"

static struct wire_answer alone(const char *text) {
    return wire_alone(served.port, text, strlen(text));
}

static void test_keep_alive(void **state) {
    struct wire w;
    (void)state;
    wire_open(&w, served.port);
    for (int i = 0; i < 100; i++) {
        wire_puts(&w, GET_HELLO);
        struct wire_answer a = wire_take(&w, false);
        assert_int_equal(a.status, 200);
        assert_string_equal(a.body, "hello");
        assert_false(a.close);
    }
    wire_puts(&w, "GET /hello HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    assert_true(wire_take(&w, false).close);
    assert_true(wire_is_ended(&w));
    wire_close(&w);
}

static void test_versions_and_connection_header(void **state) {
    struct wire w;
    (void)state;
    assert_int_equal(alone("GET /hello HTTP/1.0\r\n\r\n").status, 200);
    assert_int_equal(
        alone("GET /hello HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n").status, 200);
    assert_int_equal(alone("GET /hello HTTP/1.1\r\nHost: h\r\nConnection: x\r\n\r\n").status, 200);
    assert_int_equal(alone("GET /hello HTTP/2.0\r\nHost: h\r\n\r\n").status, 400);
    wire_open(&w, served.port);
    for (int i = 0; i < 2; i++) {
        wire_puts(&w, "GET /hello HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
        assert_false(wire_take(&w, false).close);
    }
    wire_close(&w);
}

static void test_pipelined(void **state) {
    struct wire w;
    (void)state;
    wire_open(&w, served.port);
    wire_puts(&w, GET_HELLO "POST /length HTTP/1.1\r\n" JSON_HEADERS "Content-Length: 14\r\n\r\n{\"text\":\"four\"}"
                            "GET /none HTTP/1.1\r\nHost: h\r\n\r\n" GET_HELLO);
    assert_int_equal(wire_take(&w, false).status, 200);
    assert_int_equal(wire_take(&w, false).status, 400); /* one byte short, so not JSON */
    wire_close(&w);
    wire_open(&w, served.port);
    wire_puts(&w, GET_HELLO "POST /length HTTP/1.1\r\n" JSON_HEADERS "Content-Length: 15\r\n\r\n{\"text\":\"four\"}"
                            "GET /none HTTP/1.1\r\nHost: h\r\n\r\n" GET_HELLO);
    assert_int_equal(wire_take(&w, false).status, 200);
    assert_string_equal(wire_take(&w, false).body, "{\"length\":4}");
    assert_int_equal(wire_take(&w, false).status, 404);
    assert_string_equal(wire_take(&w, false).body, "hello");
    wire_close(&w);
}

static void test_head(void **state) {
    struct wire w;
    (void)state;
    wire_open(&w, served.port);
    wire_puts(&w, "HEAD /hello HTTP/1.1\r\nHost: h\r\n\r\n" GET_HELLO);
    assert_int_equal(wire_take(&w, true).status, 200);
    assert_string_equal(wire_take(&w, false).body, "hello");
    wire_puts(&w, "OPTIONS /hello HTTP/1.1\r\nHost: h\r\n\r\n" GET_HELLO);
    assert_int_equal(wire_take(&w, false).status, 204);
    assert_string_equal(wire_take(&w, false).body, "hello");
    wire_close(&w);
}

static void test_chunked(void **state) {
    struct wire w;
    (void)state;
    wire_open(&w, served.port);
    for (int i = 0; i < 3; i++) {
        wire_puts(&w, "POST /length HTTP/1.1\r\n" JSON_HEADERS "Transfer-Encoding: chunked\r\n\r\n");
        wire_puts(&w, "5\r\n{\"tex\r\n");
        wire_puts(&w, "00a\r\nt\":\"fours\"\r\n1\r\n}\r\n0\r\n\r\n" GET_HELLO);
        assert_string_equal(wire_take(&w, false).body, "{\"length\":5}");
        assert_string_equal(wire_take(&w, false).body, "hello");
    }
    wire_close(&w);
}

static void test_chunked_in_many_pieces(void **state) {
    struct wire w;
    char piece[64];
    size_t total = 0;
    (void)state;
    wire_open(&w, served.port);
    wire_puts(&w, "POST /length HTTP/1.1\r\n" JSON_HEADERS "Transfer-Encoding: chunked\r\n\r\n9\r\n{\"text\":\"\r\n");
    for (int i = 0; i < 3000; i++, total += 16) {
        (void)snprintf(piece, sizeof piece, "10\r\n%016d\r\n", i);
        wire_puts(&w, piece);
    }
    wire_puts(&w, "2\r\n\"}\r\n0\r\n\r\n");
    (void)snprintf(piece, sizeof piece, "{\"length\":%zu}", total);
    assert_string_equal(wire_take(&w, false).body, piece);
    wire_close(&w);
}

static void test_body_limit(void **state) {
    static char body[1024 * 1024 + 1];
    struct wire w;
    char head[256];
    (void)state;
    memset(body, ' ', sizeof body);
    memcpy(body, "{}", 2);
    wire_open(&w, served.port);
    for (int i = 0; i < 2; i++) {
        (void)snprintf(head, sizeof head, "POST /json HTTP/1.1\r\n" JSON_HEADERS "Content-Length: %zu\r\n\r\n",
                       sizeof body - 1 + (size_t)i);
        wire_puts(&w, head);
        wire_send(&w, body, sizeof body - 1 + (size_t)i);
        struct wire_answer a = wire_take(&w, false);
        assert_int_equal(a.status, i == 0 ? 200 : 413);
        assert_int_equal(a.close, i == 1);
    }
    assert_true(wire_is_ended(&w));
    wire_close(&w);
}

/* What was announced and not read must never be taken for a request. */
static void test_unread_body_is_no_request(void **state) {
    static const char *const heads[] = {"Content-Length: 209715200", "Transfer-Encoding: chunked"};
    static char filler[64 * 1024];
    struct wire w;
    (void)state;
    for (size_t k = 0; k < ARRAY_LEN(heads); k++) {
        uint32_t before = atomic_load(&hellos);
        char head[256];
        wire_open(&w, served.port);
        (void)snprintf(head, sizeof head, "POST /json HTTP/1.1\r\n" JSON_HEADERS "%s\r\n\r\n%s", heads[k],
                       k ? "c800000\r\n" : "");
        wire_puts(&w, head);
        for (size_t i = 0; i < 40; i++) { /* 2.5 MB of requests, each of which would be answered */
            for (size_t at = 0; at + sizeof GET_HELLO <= sizeof filler; at += sizeof GET_HELLO - 1) {
                memcpy(filler + at, GET_HELLO, sizeof GET_HELLO - 1);
            }
            wire_send(&w, filler, sizeof filler);
        }
        struct wire_answer a = wire_take(&w, false);
        assert_int_equal(a.status, 413);
        assert_string_equal(a.code, "body_too_large");
        assert_true(a.close);
        assert_true(wire_is_ended(&w));
        assert_int_equal(atomic_load(&hellos), before);
        wire_close(&w);
    }
}

static void test_expect(void **state) {
    struct wire w;
    (void)state;
    wire_open(&w, served.port);
    wire_puts(&w, "POST /length HTTP/1.1\r\n" JSON_HEADERS "Content-Length: 15\r\nExpect: 100-continue\r\n\r\n");
    assert_int_equal(wire_take(&w, true).status, 100);
    wire_puts(&w, "{\"text\":\"four\"}");
    assert_string_equal(wire_take(&w, false).body, "{\"length\":4}");
    wire_puts(&w, "POST /length HTTP/1.1\r\n" JSON_HEADERS "Content-Length: 99999999\r\nExpect: 100-continue\r\n\r\n");
    assert_int_equal(wire_take(&w, false).status, 413); /* without being asked to go on */
    assert_true(wire_is_ended(&w));
    wire_close(&w);
}

static void test_deep_json(void **state) {
    static char request[40000];
    int head = snprintf(request, sizeof request,
                        "POST /json HTTP/1.1\r\n" JSON_HEADERS "Content-Length: 20011\r\n"
                        "Connection: close\r\n\r\n{\"text\":");
    (void)state;
    assert_true(head > 0);
    memset(request + head, '[', 10001);
    memset(request + head + 10001, ']', 10001);
    request[head + 20002] = '}';
    struct wire_answer a = wire_alone(served.port, request, (size_t)head + 20003);
    assert_int_equal(a.status, 400);
    assert_string_equal(a.code, "malformed_json");
}

static void test_slow_clients(void **state) {
    static const char *const starts[] = {"", "GET /hello HT", "GET /hello HTTP/1.1\r\nHost: h\r\n",
                                         "POST /json HTTP/1.1\r\n" JSON_HEADERS "Content-Length: 10\r\n\r\n{",
                                         "POST /json HTTP/1.1\r\n" JSON_HEADERS
                                         "Transfer-Encoding: chunked\r\n\r\n5\r\n{"};
    struct wire w[ARRAY_LEN(starts)];
    uint64_t start = sys_monotonic_us();
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(starts); i++) {
        wire_open(&w[i], served.port);
        wire_puts(&w[i], starts[i]);
    }
    for (size_t i = 0; i < ARRAY_LEN(starts); i++) {
        struct wire_answer a = wire_take(&w[i], false);
        assert_int_equal(a.status, i == 0 ? 0 : 400);
        assert_true(i == 0 || wire_is_ended(&w[i]));
        wire_close(&w[i]);
    }
    assert_true(sys_monotonic_us() - start < 12 * UINT64_C(1000000));
    assert_int_equal(alone("GET /hello HTTP/1.0\r\n\r\n").status, 200);
}

static void test_deep_stack(void **state) {
    (void)state;
    assert_string_equal(alone("GET /deep HTTP/1.0\r\n\r\n").body, "512");
}

static void test_large_answer(void **state) {
    (void)state;
    assert_int_equal(alone("GET /large HTTP/1.0\r\n\r\n").body_length, 3 * 1024 * 1024);
}

/* More connections than threads: each waits for its turn, none is lost. */
static void test_many_connections(void **state) {
    struct wire w[200];
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(w); i++) {
        wire_open(&w[i], served.port);
        wire_puts(&w[i], "GET /hello HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    }
    for (size_t i = 0; i < ARRAY_LEN(w); i++) {
        assert_string_equal(wire_take(&w[i], false).body, "hello");
        wire_close(&w[i]);
    }
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define MOST_GROWTH \
    ((size_t)2048 * 1024 * 1024) /* freed memory is kept back to catch its use; leaks are found at exit */
#else
#define MOST_GROWTH ((size_t)8 * 1024 * 1024)
#endif

static void send_large(struct wire *w, const char *body, size_t size) {
    char head[256];
    (void)snprintf(head, sizeof head, "POST /length HTTP/1.1\r\n" JSON_HEADERS "Content-Length: %zu\r\n\r\n", size);
    wire_puts(w, head);
    wire_send(w, body, size);
    assert_int_equal(wire_take(w, false).status, 200);
}

static void test_memory_is_flat(void **state) {
    static char body[1024 * 1024];
    struct wire w;
    size_t before = 0;
    (void)state;
    memset(body, 'a', sizeof body);
    memcpy(body, "{\"text\":\"", 9);
    memcpy(body + sizeof body - 2, "\"}", 2);
    wire_open(&w, served.port);
    for (int i = 0; i < 120; i++) {
        send_large(&w, body, sizeof body);
        if (i == 20) {
            before = sys_resident_bytes();
        }
    }
    assert_true(before > 0);
    assert_true(sys_resident_bytes() < before + MOST_GROWTH);
    wire_close(&w);
}

#if defined(__SANITIZE_THREAD__)
#define STACK "stack_kib = 8192\n" /* glibc takes the sanitizer's thread-local storage out of it */
#else
#define STACK ""
#endif

static int setup(void **state) {
    int rc = conf_setup(state);
    served_open(&served, decls, ARRAY_LEN(decls), STACK "threads = 4\nrequest_timeout_ms = 400\nkeep_alive_ms = 400");
    return rc;
}

static int teardown(void **state) {
    served_close(&served);
    return conf_teardown(state);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keep_alive),     cmocka_unit_test(test_versions_and_connection_header),
        cmocka_unit_test(test_pipelined),      cmocka_unit_test(test_head),
        cmocka_unit_test(test_chunked),        cmocka_unit_test(test_chunked_in_many_pieces),
        cmocka_unit_test(test_body_limit),     cmocka_unit_test(test_unread_body_is_no_request),
        cmocka_unit_test(test_expect),         cmocka_unit_test(test_deep_json),
        cmocka_unit_test(test_slow_clients),   cmocka_unit_test(test_deep_stack),
        cmocka_unit_test(test_large_answer),   cmocka_unit_test(test_many_connections),
        cmocka_unit_test(test_memory_is_flat),
    };
    return cmocka_run_group_tests_name("httpd", tests, setup, teardown);
}
