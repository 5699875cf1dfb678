/* SPDX-License-Identifier: MIT
 * test_httpd_head.c - heads of requests that are malformed, too long, or that two servers could read differently. Each is
 * refused, the connection ended, and nothing behind it answered. */
#include "conf.h"

#include <stdatomic.h>
#include <stdio.h>

#include "served.h"
#include "svc.h"
#include "wire.h"

static struct served served;
static atomic_uint calls;

static alees_rc handle(void *state, alees_ctx *ctx) {
    (void)state;
    atomic_fetch_add(&calls, 1);
    return svc_http.reply(ctx, 200, "text/plain", STR_LIT("hello"));
}

static alees_rc handle_who(void *state, alees_ctx *ctx) {
    (void)state;
    alees_str token = svc_http.token(ctx);
    return svc_http.reply(ctx, 200, "text/plain", token.ptr ? token : STR_LIT("nobody"));
}

#define OPEN (ALEES_ROUTE_READ | ALEES_ROUTE_PUBLIC)
static const struct alees_route decls[] = {
    {.method = ALEES_GET, .flags = OPEN, .path = "/a", .handle = handle},
    {.method = ALEES_POST, .flags = OPEN, .path = "/a", .handle = handle},
    {.method = ALEES_GET, .flags = OPEN, .path = "/who", .handle = handle_who},
};

#define BEHIND "GET /a HTTP/1.1\r\nHost: h\r\n\r\n"
#define JSON "Content-Type: application/json\r\n"

struct raw {
    const char *bytes;
    size_t len;
    uint32_t status;
};
#define RAW(text, status) \
    { (text), sizeof(text) - 1, (status) }

static void check(const struct raw *cases, size_t count) {
    for (size_t i = 0; i < count; i++) {
        uint32_t before = atomic_load(&calls);
        struct wire_answer a = wire_alone(served.port, cases[i].bytes, cases[i].len);
        if (a.status != cases[i].status || !a.close || !a.code[0] || atomic_load(&calls) != before) {
            print_error("status %u (%s), close %d, %u calls, for %.70s\n", a.status, a.code, a.close,
                        atomic_load(&calls) - before, cases[i].bytes);
            fail();
        }
    }
}

static void test_framing(void **state) {
    static const struct raw cases[] = {
        RAW("POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" BEHIND,
            400),
        RAW("POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n" BEHIND,
            400),
        RAW("POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\n{}" BEHIND, 400),
        RAW("POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 2, 2\r\n\r\n{}" BEHIND, 400),
        RAW("POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: +2\r\n\r\n{}" BEHIND, 400),
        RAW("POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: -2\r\n\r\n{}" BEHIND, 400),
        RAW("POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 0x2\r\n\r\n{}" BEHIND, 400),
        RAW("POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 2x\r\n\r\n{}" BEHIND, 400),
        RAW("POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: \r\n\r\n{}" BEHIND, 400),
        RAW("POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 9999999999999999999999\r\n\r\n{}" BEHIND, 400),
        RAW("POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: identity\r\n\r\n" BEHIND, 400),
        RAW("POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n" BEHIND, 400),
        RAW("POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: identity, chunked\r\n\r\n0\r\n\r\n" BEHIND, 400),
        RAW("POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n\r\n0\r\n\r\n" BEHIND,
            400),
        RAW("POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" BEHIND,
            400),
        RAW("POST /a HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" BEHIND, 400),
        RAW("POST /a HTTP/1.1\r\nHost: h\r\nContent-Length : 2\r\n\r\n{}" BEHIND, 400),
        RAW("POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n" BEHIND, 400),
        RAW("POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding:\tchunked\r\n\r\n0\r\n\r\n" BEHIND, 400),
        RAW("POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chun\x0bked\r\n\r\n0\r\n\r\n" BEHIND, 400),
    };
    (void)state;
    check(cases, ARRAY_LEN(cases));
}

static void test_lines(void **state) {
    static const struct raw cases[] = {
        RAW("GET /a HTTP/1.1\nHost: h\n\n" BEHIND, 400),
        RAW("GET /a HTTP/1.1\r\nHost: h\nX: y\r\n\r\n" BEHIND, 400),
        RAW("GET /a HTTP/1.1\r\nHost: h\n\r\n\r\n" BEHIND, 400),
        RAW("GET /a HTTP/1.1\nHost: h\r\n\r\n" BEHIND, 400),
        RAW("GET /a HTTP/1.1\r\nHost: h\r\nX: y\n\n" BEHIND, 400),
        RAW("GET /a HTTP/1.1\r\nHost: h\rX: y\r\n\r\n" BEHIND, 400),
        RAW("POST /a HTTP/1.1\r\nHost: h\r\nX: y\r\n Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" BEHIND, 400),
        RAW("POST /a HTTP/1.1\r\n Host: h\r\nContent-Length: 0\r\n\r\n" BEHIND, 400),
        RAW("POST /a HTTP/1.1\r\nHost: h\r\n: y\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" BEHIND, 400),
        RAW("POST /a HTTP/1.1\r\nHost: h\r\n\xff: y\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" BEHIND, 400),
        RAW("GET /a HTTP/1.1\r\nHost: h\r\nno colon\r\n\r\n" BEHIND, 400),
        RAW("GET  /a HTTP/1.1\r\nHost: h\r\n\r\n" BEHIND, 400),
        RAW("GET /a  HTTP/1.1\r\nHost: h\r\n\r\n" BEHIND, 400),
        RAW("GET\r\n/a HTTP/1.1\r\nHost: h\r\n\r\n" BEHIND, 400),
        RAW("GET /a\r\nHost: h\r\n\r\n" BEHIND, 400),
        RAW("GET /a HTTP/1.1 x\r\nHost: h\r\n\r\n" BEHIND, 400),
        RAW("GET /a b HTTP/1.1\r\nHost: h\r\n\r\n" BEHIND, 400),
        RAW("GET a HTTP/1.1\r\nHost: h\r\n\r\n" BEHIND, 400),
        RAW("GET /a XTTP/1.1\r\nHost: h\r\n\r\n" BEHIND, 400),
        RAW("BREW /a HTTP/1.1\r\nHost: h\r\n\r\n" BEHIND, 400),
        RAW("get /a HTTP/1.1\r\nHost: h\r\n\r\n" BEHIND, 400),
        RAW("GET /a HTTP/1.1\r\n\r\n" BEHIND, 400),
        RAW("GET /a HTTP/1.1\r\nHost: h\r\nHost: i\r\n\r\n" BEHIND, 400),
        RAW("GET /a\0 HTTP/1.1\r\nHost: h\r\n\r\n" BEHIND, 400),
        RAW("GET /a?\0 HTTP/1.1\r\nHost: h\r\n\r\n" BEHIND, 400),
        RAW("GET /a HTTP/1.1\r\nHost: h\0\r\n\r\n" BEHIND, 400),
        RAW("GET /a HTTP/1.1\r\nHost: h\r\nX: \x01\r\n\r\n" BEHIND, 400),
        RAW("GET /a\x7f HTTP/1.1\r\nHost: h\r\n\r\n" BEHIND, 400),
        RAW("GET /\xc3\xa4 HTTP/1.1\r\nHost: h\r\n\r\n" BEHIND, 400),
        RAW("\0\0\0\0\r\n\r\n", 400),
        RAW("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400),
    };
    (void)state;
    check(cases, ARRAY_LEN(cases));
}

/* Understood, and therefore no reason to end the connection; what is behind is a request of its own. */
static void test_bad_escapes(void **state) {
    static const char *const paths[] = {"/a%", "/a%2", "/a%zz", "/%00", "/a?x=%", "/a?x=%00", "/%ff", "/a?%c3%28=1"};
    struct wire w;
    char request[128];
    (void)state;
    wire_open(&w, served.port);
    for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
        (void)snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: h\r\n\r\n", paths[i]);
        wire_puts(&w, request);
        wire_puts(&w, BEHIND);
        struct wire_answer a = wire_take(&w, false);
        assert_int_equal(a.status, 400);
        assert_string_equal(a.code, "bad_request");
        (void)wire_take(&w, false);
        if (a.close) {
            wire_close(&w);
            wire_open(&w, served.port);
        }
    }
    wire_close(&w);
}

static void test_chunks(void **state) {
#define CHUNKED "POST /a HTTP/1.1\r\nHost: h\r\n" JSON "Transfer-Encoding: chunked\r\n\r\n"
    static const struct raw cases[] = {
        RAW(CHUNKED "2\n{}\n0\n\n" BEHIND, 400),
        RAW(CHUNKED "-2\r\n{}\r\n0\r\n\r\n" BEHIND, 400),
        RAW(CHUNKED "0x2\r\n{}\r\n0\r\n\r\n" BEHIND, 400),
        RAW(CHUNKED "2 \r\n{}\r\n0\r\n\r\n" BEHIND, 400),
        RAW(CHUNKED "2;a=b\r\n{}\r\n0\r\n\r\n" BEHIND, 400),
        RAW(CHUNKED "ffffffffffffffff\r\n{}\r\n0\r\n\r\n" BEHIND, 400),
        RAW(CHUNKED "fffffffffffffffffffffffffff\r\n{}\r\n0\r\n\r\n" BEHIND, 400),
        RAW(CHUNKED "2\r\n{}xx0\r\n\r\n" BEHIND, 400),
        RAW(CHUNKED "zz\r\n{}\r\n0\r\n\r\n" BEHIND, 400),
        RAW(CHUNKED "\r\n\r\n" BEHIND, 400),
    };
    (void)state;
    check(cases, ARRAY_LEN(cases));
}

/* Past a head of this length civetweb itself gives up, and nobody can say what was too long. */
static void test_long_heads(void **state) {
    static const struct {
        size_t uri, header;
        uint32_t count, status;
    } cases[] = {{9000, 10, 1, 414},       {64 * 1024, 10, 1, 414}, {10, 17 * 1024, 1, 431}, {10, 300, 60, 431},
                 {10, 10, 63, 431},        {10, 10, 64, 431},       {10, 10, 200, 431},      {10, 60 * 1024, 1, 431},
                 {200 * 1024, 10, 1, 400}, {10, 200 * 1024, 1, 400}};
    static char request[256 * 1024];
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char *p = request + sprintf(request, "GET /a?");
        memset(p, 'x', cases[i].uri);
        p += cases[i].uri;
        p += sprintf(p, " HTTP/1.1\r\nHost: h\r\n");
        for (uint32_t n = 0; n < cases[i].count; n++) {
            p += sprintf(p, "X-%u: ", n);
            memset(p, 'y', cases[i].header);
            p += cases[i].header;
            p += sprintf(p, "\r\n");
        }
        p += sprintf(p, "\r\n");
        struct wire_answer a = wire_alone(served.port, request, (size_t)(p - request));
        if (cases[i].status == 400 && a.status == 0) {
            continue; /* reset while we were still sending: refused as well */
        }
        if (a.status != cases[i].status || !a.close) {
            print_error("case %zu: status %u, not %u\n", i, a.status, cases[i].status);
            fail();
        }
    }
}

/* civetweb skips white space in front of a request beyond what has been received. There is one thread here, so its buffer
 * still holds what the client before sent in one go; nobody else may get at it. */
static void test_nothing_of_the_client_before(void **state) {
#define SECRET "GET /who HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer secret\r\n\r\n"
    char blanks[600];
    (void)state;
    for (size_t skip = 4; skip < sizeof blanks; skip++) {
        struct wire w;
        if (skip % 20 == 4) { /* fill the buffer again */
            wire_open(&w, served.port);
            wire_puts(&w, SECRET SECRET SECRET SECRET SECRET SECRET SECRET SECRET);
            for (int i = 0; i < 8; i++) {
                assert_string_equal(wire_take(&w, false).body, "secret");
            }
            wire_close(&w);
        }
        for (size_t i = 0; i < skip; i++) {
            blanks[i] = i % 2 ? '\n' : '\r';
        }
        struct wire_answer a = wire_alone(served.port, blanks, skip);
        assert_true(a.status == 400 || a.status == 0);
        assert_null(strstr(a.body, "secret"));
    }
}

/* An override of the method, a body that is packed. */
static void test_refused_headers(void **state) {
    static const struct {
        const char *headers;
        uint32_t status;
    } cases[] = {{"X-HTTP-Method-Override: GET\r\n", 400}, {"X-Http-Method: DELETE\r\n", 400},
                 {"x-method-override:\r\n", 400},          {"X-HTTP-Method-Overrides: GET\r\n", 200},
                 {"Content-Encoding: gzip\r\n", 415},      {"Content-Encoding: identity, br\r\n", 415},
                 {"Content-Encoding: identity\r\n", 200}};
    struct wire w;
    char request[256];
    (void)state;
    wire_open(&w, served.port);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        (void)snprintf(request, sizeof request, "POST /a HTTP/1.1\r\nHost: h\r\n" JSON "%sContent-Length: 2\r\n\r\n{}",
                       cases[i].headers);
        wire_puts(&w, request);
        assert_int_equal(wire_take(&w, false).status, cases[i].status);
    }
    wire_close(&w);
}

/* The setting limits.header_bytes, to the byte. The server's threads read it: it is not to be changed here. */
static void test_header_bytes(void **state) {
    static const char start[] = "GET /a HTTP/1.1\r\nHost: h\r\nX: ";
    static char request[32768];
    uint32_t limit = served.stub->app.max_header;
    (void)state;
    assert_true(limit < sizeof request - 64);
    for (size_t over = 0; over < 2; over++) {
        size_t len = sizeof start - 1, filling = limit - (sizeof "Host: h\r\nX: " - 1) + over;
        memcpy(request, start, len);
        memset(request + len, 'y', filling);
        memcpy(request + len + filling, "\r\n\r\n", 5);
        struct wire w;
        wire_open(&w, served.port);
        wire_puts(&w, request);
        struct wire_answer a = wire_take(&w, false);
        assert_int_equal(a.status, over ? 431 : 200);
        assert_string_equal(a.code, over ? "headers_too_large" : "");
        wire_close(&w);
    }
}

static int setup(void **state) {
    int rc = conf_setup(state);
    served_open(&served, decls, ARRAY_LEN(decls), "threads = 1\nrequest_timeout_ms = 400\nkeep_alive_ms = 400");
    return rc;
}

static int teardown(void **state) {
    served_close(&served);
    return conf_teardown(state);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_framing),      cmocka_unit_test(test_lines),
        cmocka_unit_test(test_bad_escapes),  cmocka_unit_test(test_chunks),
        cmocka_unit_test(test_long_heads),   cmocka_unit_test(test_refused_headers),
        cmocka_unit_test(test_header_bytes), cmocka_unit_test(test_nothing_of_the_client_before),
    };
    return cmocka_run_group_tests_name("httpd_head", tests, setup, teardown);
}
