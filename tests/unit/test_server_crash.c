/* SPDX-License-Identifier: MIT
 * test_server_crash.c - a process that dies in a plugin names the plugin, and still dies as it would have. */
#include "test.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>

#include "child.h"
#include "ctx.h"
#include "server.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#endif
#ifndef SANITIZED
#define SANITIZED 0 /* with 1 a real fault belongs to the sanitizer */
#endif

static struct alees_self plugin = {.magic = PLUGIN_MAGIC, .decl = {.name = "product"}};
static struct route route = {.method = ALEES_GET, .path = "/api/v1/products/{id}"};
static struct alees_ctx ctx = {.magic = CTX_MAGIC, .request_id = "req-17", .route = &route, .plugin = &plugin};

/* cmocka has handlers of its own for these. */
static void init(void) {
    (void)signal(SIGSEGV, SIG_DFL);
    (void)signal(SIGBUS, SIG_DFL);
    server_crash_init();
}

static int die_by_abort(void *data) {
    (void)data;
    init();
    server_crash_watch(&ctx);
    abort();
}

static int die_outside(void *data) {
    (void)data;
    init();
    server_crash_watch(&ctx);
    server_crash_watch(NULL);
    abort();
}

static int die_by_signal(void *data) {
    (void)data;
    init();
    server_crash_watch(&ctx);
    return raise(SIGBUS); /* as if another process had sent it */
}

static int die_in_host(void *data) {
    (void)data;
    ctx.plugin = NULL;
    ctx.route = NULL;
    init();
    server_crash_watch(&ctx);
    abort();
}

static void *overflow(void *data) {
    volatile char block[4096];
    memset((void *)(uintptr_t)block, 1, sizeof block);
    if (data) {
        (void)overflow((char *)data + 1);
    }
    return (void *)(uintptr_t)(block[7] + block[4095]);
}

static void *overflow_thread(void *data) {
    server_crash_watch(&ctx);
    return overflow(data);
}

static int die_by_overflow(void *data) {
    pthread_t thread;
    init();
    if (pthread_create(&thread, NULL, overflow_thread, &data) != 0) {
        return 1;
    }
    (void)pthread_join(thread, NULL);
    return 0;
}

static int die_by_null(void *data) {
    int *volatile nothing = data;
    init();
    server_crash_watch(&ctx);
    *nothing = 1;
    return 0;
}

static void check(int (*body)(void *data), int number, const char *line) {
    static struct child child;
    child_run(body, NULL, &child);
    if (!strstr(child.err, line)) {
        print_error("not \"%s\" but:\n%s\n", line, child.err);
        fail();
    }
    if (!SANITIZED || number == SIGABRT) {
        assert_true(WIFSIGNALED(child.status));
        assert_int_equal(WTERMSIG(child.status), number);
    } else {
        assert_true(WIFSIGNALED(child.status) || WEXITSTATUS(child.status) != 0);
    }
}

static void test_abort(void **state) {
    (void)state;
    check(die_by_abort, SIGABRT, "alees: SIGABRT in plugin product, route GET /api/v1/products/{id}, request req-17\n");
    check(die_outside, SIGABRT, "alees: SIGABRT outside of a request\n");
    check(die_in_host, SIGABRT, "alees: SIGABRT in plugin (none: the server itself), request req-17\n");
}

static void test_signal_from_outside(void **state) {
    (void)state;
    check(die_by_signal, SIGBUS, "alees: SIGBUS in plugin product, route GET /api/v1/products/{id}, request req-17\n");
}

static void test_fault(void **state) {
    (void)state;
    if (SANITIZED) {
        print_message("  the sanitizer keeps SIGSEGV to itself\n");
        return;
    }
    check(die_by_null, SIGSEGV, "alees: SIGSEGV in plugin product, route GET ");
    check(die_by_overflow, SIGSEGV, "alees: SIGSEGV in plugin product, route GET ");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_abort),
        cmocka_unit_test(test_signal_from_outside),
        cmocka_unit_test(test_fault),
    };
    return cmocka_run_group_tests_name("server_crash", tests, NULL, NULL);
}
