/* SPDX-License-Identifier: MIT
 * test_httpd_life.c - starting, stopping, and sockets that somebody else has opened. */
#include "conf.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "served.h"
#include "svc.h"
#include "sys.h"
#include "wire.h"

static atomic_bool is_inside;

static void pause_ms(long ms) {
    const struct timespec time = {ms / 1000, ms % 1000 * 1000000};
    (void)nanosleep(&time, NULL);
}

static alees_rc handle_hello(void *state, alees_ctx *ctx) {
    (void)state;
    return svc_http.reply(ctx, 200, "text/plain", STR_LIT("hello"));
}

static alees_rc handle_slow(void *state, alees_ctx *ctx) {
    (void)state;
    atomic_store(&is_inside, true);
    pause_ms(700);
    return svc_http.reply(ctx, 200, "text/plain", STR_LIT("finished"));
}

#define OPEN (ALEES_ROUTE_READ | ALEES_ROUTE_PUBLIC)
static const struct alees_route decls[] = {
    {.method = ALEES_GET, .flags = OPEN, .path = "/hello", .handle = handle_hello},
    {.method = ALEES_GET, .flags = OPEN, .path = "/slow", .handle = handle_slow},
};

#define GET_HELLO "GET /hello HTTP/1.1\r\nHost: h\r\n\r\n"

static struct stub_app *stub_with(const char *settings) {
    struct stub_app *stub = stub_app_new(decls, ARRAY_LEN(decls));
    stub->app.config = conf_load(settings);
    return stub;
}

static void stub_end(struct stub_app *stub) {
    config_free(stub->app.config);
    conf_forget("alees.conf");
    stub_app_free(stub);
}

static void say_hello(uint32_t port) {
    struct wire w;
    wire_open(&w, port);
    wire_puts(&w, GET_HELLO);
    assert_string_equal(wire_take(&w, false).body, "hello");
    wire_close(&w);
}

static void test_port_is_taken(void **state) {
    struct httpd *h = NULL;
    char settings[128], *text = NULL;
    size_t size = 0;
    uint32_t port;
    int taken = served_listen(&port);
    FILE *errors = open_memstream(&text, &size);
    (void)state;
    (void)snprintf(settings, sizeof settings, "[server]\nport = %u\nthreads = 1\n", port);
    struct stub_app *stub = stub_with(settings);
    assert_non_null(errors);
    assert_err(httpd_start(&stub->app, errors, &h), ALEES_E_UNAVAILABLE);
    assert_null(h);
    assert_int_equal(fclose(errors), 0);
    assert_non_null(strstr(text, "cannot listen on 127.0.0.1:"));
    free(text);
    (void)close(taken);
    stub_end(stub);
}

/* As systemd does it: descriptor 3 and two variables. The configured port is not touched. */
static void test_inherited_socket(void **state) {
    enum { FD = 3 };
    struct stub_app *stub = stub_with("[server]\nport = 1\nthreads = 2\nstack_kib = 512\n");
    struct httpd *h = NULL;
    char pid[24];
    uint32_t port;
    int own = served_listen(&port), saved = fcntl(FD, F_DUPFD_CLOEXEC, 10);
    (void)state;
    assert_true(own >= 0);
    assert_int_equal(dup2(own, FD), FD);
    (void)snprintf(pid, sizeof pid, "%ld", (long)getpid());
    assert_int_equal(setenv("LISTEN_FDS", "1", 1), 0);
    assert_int_equal(setenv("LISTEN_PID", pid, 1), 0);
    assert_ok(httpd_start(&stub->app, stderr, &h));
    assert_int_equal(httpd_port(h), port);
    say_hello(port);
    httpd_stop(h);
    /* The socket itself is still open with us: a connection waits for the next process instead of being refused. */
    struct wire waiting;
    wire_open(&waiting, port);
    wire_puts(&waiting, GET_HELLO);
    atomic_store(&stub->app.is_draining, false);
    assert_ok(httpd_start(&stub->app, stderr, &h));
    assert_string_equal(wire_take(&waiting, false).body, "hello");
    wire_close(&waiting);
    httpd_stop(h);
    assert_int_equal(unsetenv("LISTEN_FDS"), 0);
    assert_int_equal(unsetenv("LISTEN_PID"), 0);
    (void)close(FD);
    if (saved >= 0) {
        (void)dup2(saved, FD);
        (void)close(saved);
    }
    if (own != FD) {
        (void)close(own);
    }
    stub_end(stub);
}

/* Meant for another process: the configuration counts. */
static void test_variables_of_another_process(void **state) {
    struct served s;
    (void)state;
    assert_int_equal(setenv("LISTEN_FDS", "1", 1), 0);
    assert_int_equal(setenv("LISTEN_PID", "1", 1), 0);
    served_open(&s, decls, ARRAY_LEN(decls), "threads = 1");
    say_hello(s.port);
    served_close(&s);
    assert_int_equal(unsetenv("LISTEN_FDS"), 0);
    assert_int_equal(unsetenv("LISTEN_PID"), 0);
}

struct client {
    uint32_t port;
    struct wire_answer answer;
};

static void *ask_slowly(void *data) {
    struct client *c = data;
    struct wire w;
    wire_open(&w, c->port);
    wire_puts(&w, "GET /slow HTTP/1.1\r\nHost: h\r\n\r\n");
    c->answer = wire_take(&w, false);
    wire_close(&w);
    return NULL;
}

static void test_running_requests_finish(void **state) {
    struct served s;
    struct client c;
    struct wire idle;
    pthread_t thread;
    (void)state;
    served_open(&s, decls, ARRAY_LEN(decls), "threads = 4\ndrain_ms = 5000");
    memset(&c, 0, sizeof c);
    c.port = s.port;
    wire_open(&idle, s.port);
    wire_puts(&idle, GET_HELLO);
    assert_int_equal(wire_take(&idle, false).status, 200);
    assert_int_equal(pthread_create(&thread, NULL, ask_slowly, &c), 0);
    while (!atomic_load(&is_inside)) {
        pause_ms(5);
    }
    served_close(&s);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_string_equal(c.answer.body, "finished");
    assert_true(c.answer.close);
    assert_true(wire_is_ended(&idle)); /* one that is kept alive does not hold the server up */
    wire_close(&idle);
}

/* Refused with a reason, not served in a way that nobody asked for. */
static void test_no_ipv6(void **state) {
    struct httpd *h = NULL;
    char *text = NULL;
    size_t size = 0;
    FILE *errors = open_memstream(&text, &size);
    struct stub_app *stub = stub_with("[server]\nlisten = ::1\nthreads = 1\n");
    (void)state;
    assert_non_null(errors);
    assert_err(httpd_start(&stub->app, errors, &h), ALEES_E_UNAVAILABLE);
    assert_int_equal(fclose(errors), 0);
    assert_non_null(strstr(text, "IPv4"));
    free(text);
    stub_end(stub);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_port_is_taken),
        cmocka_unit_test(test_inherited_socket),
        cmocka_unit_test(test_variables_of_another_process),
        cmocka_unit_test(test_running_requests_finish),
        cmocka_unit_test(test_no_ipv6),
    };
    return cmocka_run_group_tests_name("httpd_life", tests, conf_setup, conf_teardown);
}
