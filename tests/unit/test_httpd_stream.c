/* SPDX-License-Identifier: MIT
 * test_httpd_stream.c - answers that are sent while they are made, and how long a body may take, on a real socket; how a
 * body is read piece by piece, on one that the test plays. */
#include "conf.h"

#include <stdio.h>
#include <sys/socket.h>
#include <time.h>

#include "httpd_stream.h"
#include "served.h"
#include "sys.h"
#include "wire.h"

static struct served served;
static atomic_uint gone, stopped;

static alees_rc write_pieces(alees_ctx *ctx, uint32_t count) {
    static char piece[65536];
    memset(piece, 'x', sizeof piece);
    ctx->response.status = 200;
    ctx->response.content_type = "text/plain";
    for (uint32_t i = 0; i < count; i++) {
        if (!ctx->stream->write(ctx->stream->data, piece, sizeof piece)) {
            atomic_fetch_add(&stopped, 1);
            return ALEES_E_UNAVAILABLE;
        }
    }
    return ALEES_OK;
}

static alees_rc handle_pieces(void *state, alees_ctx *ctx) {
    (void)state;
    return write_pieces(ctx, 32);
}

static alees_rc handle_endless(void *state, alees_ctx *ctx) {
    (void)state;
    return write_pieces(ctx, 100000);
}

static alees_rc handle_failing(void *state, alees_ctx *ctx) {
    (void)state;
    (void)write_pieces(ctx, 1);
    return ALEES_E_INTERNAL;
}

/* Waits for the client to hang up. */
static alees_rc handle_patient(void *state, alees_ctx *ctx) {
    const struct timespec pause = {0, 10 * 1000 * 1000};
    (void)state;
    for (int i = 0; i < 300 && !ctx->stream->is_gone(ctx->stream->data); i++) {
        (void)nanosleep(&pause, NULL);
    }
    atomic_store(&gone, ctx->stream->is_gone(ctx->stream->data) ? 1u : 2u);
    ctx->response.status = 204;
    return ALEES_OK;
}

#define OPEN (ALEES_ROUTE_READ | ALEES_ROUTE_PUBLIC)
static const struct alees_field members[] = {{.name = "text", .type = ALEES_JSON}};
static const struct alees_route decls[] = {
    {.method = ALEES_GET, .flags = OPEN, .path = "/pieces", .handle = handle_pieces},
    {.method = ALEES_GET, .flags = OPEN, .path = "/endless", .handle = handle_endless},
    {.method = ALEES_GET, .flags = OPEN, .path = "/failing", .handle = handle_failing},
    {.method = ALEES_GET, .flags = OPEN, .path = "/patient", .handle = handle_patient},
    {.method = ALEES_POST, .flags = OPEN, .path = "/json", .body = ALEES_LIST(members), .handle = handle_patient},
};

enum { PIECES = 32 * 65536 };

static char *body_of(struct wire *w) {
    char *end = strstr(w->bytes, "\r\n\r\n");
    assert_non_null(end);
    return end + 4;
}

static void test_chunked(void **state) {
    struct wire w;
    bool is_whole;
    (void)state;
    wire_open(&w, served.port);
    wire_puts(&w, "GET /pieces HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    wire_drain(&w);
    assert_non_null(strstr(w.bytes, "\r\nTransfer-Encoding: chunked\r\n"));
    assert_null(strstr(w.bytes, "Content-Length"));
    assert_non_null(strstr(w.bytes, "\r\nConnection: close\r\n"));
    assert_int_equal(wire_unchunk(body_of(&w), &is_whole), PIECES);
    assert_true(is_whole);
    wire_close(&w);
}

static void test_goes_on_afterwards(void **state) {
    struct wire w;
    const char *again;
    (void)state;
    wire_open(&w, served.port);
    wire_puts(&w, "GET /pieces HTTP/1.1\r\nHost: h\r\n\r\nGET /none HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    wire_drain(&w);
    assert_non_null(strstr(w.bytes, "\r\nConnection: keep-alive\r\n"));
    again = strstr(w.bytes, "\r\n0\r\n\r\nHTTP/1.1 404");
    assert_non_null(again);
    wire_close(&w);
}

static void test_1_0_ends_with_the_connection(void **state) {
    struct wire w;
    (void)state;
    wire_open(&w, served.port);
    wire_puts(&w, "GET /pieces HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    wire_drain(&w);
    assert_null(strstr(w.bytes, "chunked"));
    assert_null(strstr(w.bytes, "Content-Length"));
    assert_non_null(strstr(w.bytes, "\r\nConnection: close\r\n"));
    assert_int_equal(strlen(body_of(&w)), PIECES);
    wire_close(&w);
}

static void test_failure_leaves_the_end_out(void **state) {
    struct wire w;
    bool is_whole;
    (void)state;
    wire_open(&w, served.port);
    wire_puts(&w, "GET /failing HTTP/1.1\r\nHost: h\r\n\r\n");
    wire_drain(&w); /* it ends, though the client would have gone on */
    assert_int_equal(strncmp(w.bytes, "HTTP/1.1 200 OK\r\n", 17), 0);
    assert_int_equal(wire_unchunk(body_of(&w), &is_whole), 65536);
    assert_false(is_whole);
    assert_null(strstr(w.bytes, "problem"));
    wire_close(&w);
}

/* Who does not read on is not waited for: each write as long as server.request_timeout_ms, all of it transfer_us. */
static void test_slow_reader(void **state) {
    uint32_t before = atomic_load(&stopped);
    uint64_t start = sys_monotonic_us();
    const struct timespec pause = {0, 20 * 1000 * 1000};
    struct wire w;
    char waste[4096];
    (void)state;
    wire_open(&w, served.port);
    wire_puts(&w, "GET /endless HTTP/1.1\r\nHost: h\r\n\r\n");
    while (atomic_load(&stopped) == before && sys_monotonic_us() - start < 8 * UINT64_C(1000000)) {
        (void)recv(w.socket, waste, sizeof waste, MSG_DONTWAIT); /* now and then a little */
        (void)nanosleep(&pause, NULL);
    }
    assert_int_equal(atomic_load(&stopped), before + 1);
    wire_close(&w);
}

/* A byte now and then does not make a body that is in time. */
static void test_slow_sender(void **state) {
    uint64_t start = sys_monotonic_us();
    const struct timespec pause = {0, 100 * 1000 * 1000};
    struct wire w;
    (void)state;
    wire_open(&w, served.port);
    wire_puts(&w, "POST /json HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{");
    for (int i = 0; i < 20; i++) {
        wire_puts(&w, " ");
        (void)nanosleep(&pause, NULL);
    }
    assert_int_equal(wire_take(&w, false).status, 400);
    assert_true(sys_monotonic_us() - start < 8 * UINT64_C(1000000));
    wire_close(&w);
}

static void test_hang_up_is_seen(void **state) {
    struct wire w;
    (void)state;
    atomic_store(&gone, 0);
    wire_open(&w, served.port);
    wire_puts(&w, "GET /patient HTTP/1.1\r\nHost: h\r\n\r\n");
    wire_close(&w);
    for (int i = 0; i < 500 && atomic_load(&gone) == 0; i++) {
        const struct timespec pause = {0, 10 * 1000 * 1000};
        (void)nanosleep(&pause, NULL);
    }
    assert_int_equal(atomic_load(&gone), 1);
}

/* ---- a body, on a connection that is played ---- */

struct played {
    const char *bytes;
    size_t len, at;
    char sent[1024];
    size_t sent_len;
};

static int read_played(void *conn, char *bytes, size_t size) {
    struct played *p = conn;
    size_t count = p->len - p->at < size ? p->len - p->at : size;
    memcpy(bytes, p->bytes + p->at, count);
    p->at += count;
    return (int)count;
}

static bool write_played(void *conn, const char *bytes, size_t size) {
    struct played *p = conn;
    assert_true(p->sent_len + size < sizeof p->sent);
    memcpy(p->sent + p->sent_len, bytes, size);
    p->sent_len += size;
    return true;
}

static struct httpd_stream play(struct played *p, alees_ctx *ctx, const struct httpd_head *head) {
    struct httpd_stream s;
    httpd_stream_init(&s, ctx, head, true);
    s.conn = p;
    s.read = read_played;
    s.write = write_played;
    return s;
}

static alees_ctx *new_ctx(struct arena *arena) {
    served.stub->app.max_import = 20;
    return ctx_new(&served.stub->app, arena);
}

static void test_sized_body(void **state) {
    struct arena *arena = arena_new(1024 * 1024);
    alees_ctx *ctx = new_ctx(arena);
    struct played p = {.bytes = "0123456789GET /", .len = 15};
    const struct httpd_head head = {.content_length = 10, .is_1_1 = true, .keeps_alive = true, .is_expecting = true};
    struct httpd_stream s = play(&p, ctx, &head);
    char bytes[16];
    (void)state;
    assert_int_equal(s.base.read(&s, bytes, 4), 4);
    assert_int_equal(p.sent_len, strlen("HTTP/1.1 100 Continue\r\n\r\n")); /* once, and only now */
    assert_false(s.is_at_end);
    assert_int_equal(s.base.read(&s, bytes, sizeof bytes), 6);
    assert_memory_equal(bytes, "456789", 6);
    assert_true(s.is_at_end);
    assert_int_equal(s.base.read(&s, bytes, sizeof bytes), 0);
    assert_int_equal(p.at, 10);
    assert_int_equal(p.sent_len, strlen("HTTP/1.1 100 Continue\r\n\r\n"));
    arena_free(arena);
}

static void test_half_a_body(void **state) {
    struct arena *arena = arena_new(1024 * 1024);
    alees_ctx *ctx = new_ctx(arena);
    struct played p = {.bytes = "01234", .len = 5};
    const struct httpd_head head = {.content_length = 10, .is_1_1 = true, .keeps_alive = true};
    struct httpd_stream s = play(&p, ctx, &head);
    char bytes[16];
    (void)state;
    assert_true(s.base.read(&s, bytes, sizeof bytes) < 0);
    assert_int_equal(ctx->problem.status, 400);
    assert_false(s.is_at_end);
    assert_true(s.base.read(&s, bytes, sizeof bytes) < 0);
    arena_free(arena);
}

static void test_long_bodies(void **state) {
    for (int is_chunked = 0; is_chunked <= 1; is_chunked++) {
        struct arena *arena = arena_new(1024 * 1024);
        alees_ctx *ctx = new_ctx(arena);
        struct played p = {.bytes = "012345678901234567890123456789", .len = 30};
        const struct httpd_head head = {
            .content_length = is_chunked ? 0 : 21, .is_1_1 = true, .is_chunked = is_chunked};
        struct httpd_stream s = play(&p, ctx, &head);
        char bytes[16];
        (void)state;
        while (s.base.read(&s, bytes, 10) > 0) {
        }
        assert_int_equal(ctx->problem.status, 413);
        assert_int_equal(p.at, is_chunked ? 30 : 0);
        assert_false(s.is_at_end);
        arena_free(arena);
    }
}

/* An answer that begins before the body was read cannot be followed by another. */
static void test_early_answer_ends_the_connection(void **state) {
    struct arena *arena = arena_new(1024 * 1024);
    alees_ctx *ctx = new_ctx(arena);
    struct played p = {.bytes = "0123456789", .len = 10};
    const struct httpd_head head = {.content_length = 10, .is_1_1 = true, .keeps_alive = true};
    struct httpd_stream s = play(&p, ctx, &head);
    (void)state;
    ctx->response.status = 200;
    assert_true(s.base.write(&s, "hello", 5));
    assert_false(httpd_stream_finish(&s));
    p.sent[p.sent_len] = '\0';
    assert_non_null(strstr(p.sent, "\r\nConnection: close\r\n"));
    assert_non_null(strstr(p.sent, "\r\n\r\n5\r\nhello\r\n0\r\n\r\n"));
    arena_free(arena);
}

#if defined(__SANITIZE_THREAD__)
#define STACK "stack_kib = 8192\n"
#else
#define STACK ""
#endif

static int setup(void **state) {
    int rc = conf_setup(state);
    served_open(&served, decls, ARRAY_LEN(decls), STACK "threads = 4\nrequest_timeout_ms = 500\nkeep_alive_ms = 400");
    served.stub->app.transfer_us = 1500000;
    return rc;
}

static int teardown(void **state) {
    served_close(&served);
    return conf_teardown(state);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_chunked),
        cmocka_unit_test(test_goes_on_afterwards),
        cmocka_unit_test(test_1_0_ends_with_the_connection),
        cmocka_unit_test(test_failure_leaves_the_end_out),
        cmocka_unit_test(test_slow_reader),
        cmocka_unit_test(test_slow_sender),
        cmocka_unit_test(test_hang_up_is_seen),
        cmocka_unit_test(test_sized_body),
        cmocka_unit_test(test_half_a_body),
        cmocka_unit_test(test_long_bodies),
        cmocka_unit_test(test_early_answer_ends_the_connection),
    };
    return cmocka_run_group_tests_name("httpd_stream", tests, setup, teardown);
}
