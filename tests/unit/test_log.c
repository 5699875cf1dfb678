/* SPDX-License-Identifier: MIT
 * test_log.c - what really arrives on standard error: one write, one valid line, nothing forged. */
#include "test.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "jx.h"
#include "log.h"
#include "sys.h"

static int saved_stderr, pipe_ends[2];

/* Standard error becomes a pipe that holds 64 KiB. */
static void capture(void) {
    saved_stderr = dup(STDERR_FILENO);
    assert_int_equal(pipe(pipe_ends), 0);
    assert_true(dup2(pipe_ends[1], STDERR_FILENO) >= 0);
    close(pipe_ends[1]);
}

static char *captured(void) {
    static char bytes[65536];
    size_t len = 0;
    dup2(saved_stderr, STDERR_FILENO); /* closes the last writing end */
    close(saved_stderr);
    for (ssize_t got; (got = read(pipe_ends[0], bytes + len, sizeof bytes - 1 - len)) > 0;) {
        len += (size_t)got;
    }
    close(pipe_ends[0]);
    bytes[len] = '\0';
    return bytes;
}

static const alees_json *parse_line(struct arena *arena, char *line) {
    size_t len = strlen(line);
    assert_true(len > 0 && line[len - 1] == '\n' && !memchr(line, '\n', len - 1));
    struct problem problem;
    problem_init(&problem, arena);
    alees_json *value = NULL;
    assert_ok(jx_parse(arena, &problem, (alees_str){line, len}, &value));
    return value;
}

static void test_json_line(void **state) {
    log_init(LOG_JSON, ALEES_LOG_INFO);
    sys_fake_realtime(UINT64_C(1795356300123456));
    capture();
    errno = EBADF;
    log_event(ALEES_LOG_WARN, "contact", "req-1", "\"status\":200,\"ms\":1.2", "hello %s", "\"you\"\n");
    assert_int_equal(errno, EBADF);
    char *line = captured();
    sys_fake_realtime(0);
    assert_string_equal(line,
                        "{\"time\":\"2026-11-22T14:05:00.123456Z\",\"level\":\"warn\",\"source\":\"contact\","
                        "\"message\":\"hello \\\"you\\\"\\n\",\"request_id\":\"req-1\",\"status\":200,\"ms\":1.2}\n");
    parse_line(*state, line);
}

static void test_level(void **state) {
    (void)state;
    log_init(LOG_JSON, ALEES_LOG_WARN);
    assert_int_equal(log_level(), ALEES_LOG_WARN);
    capture();
    log_debug("no");
    log_info("no");
    assert_string_equal(captured(), "");
    capture();
    log_error("yes");
    assert_non_null(strstr(captured(), "\"level\":\"error\""));
    log_init(LOG_JSON, ALEES_LOG_DEBUG);
    capture();
    log_debug("yes");
    assert_non_null(strstr(captured(), "\"level\":\"debug\",\"source\":\"core\",\"message\":\"yes\"}"));
}

static void test_foreign_level_and_source(void **state) {
    log_init(LOG_JSON, ALEES_LOG_INFO);
    capture();
    log_event(12345, NULL, "", "", "x");
    const alees_json *line = parse_line(*state, captured());
    assert_text(jx_text(jx_get(line, "level")), "error");
    assert_text(jx_text(jx_get(line, "source")), "core");
    assert_null(jx_get(line, "request_id"));
}

static void test_long_and_hostile_message(void **state) {
    char *huge = malloc(100001);
    assert_non_null(huge);
    for (int byte = 0; byte < 256; byte++) {
        memset(huge, byte ? byte : 'x', 100000);
        huge[100000] = '\0';
        log_init(LOG_JSON, ALEES_LOG_INFO);
        capture();
        log_event(ALEES_LOG_INFO, "core", "r", "\"a\":1", "%s", huge);
        const alees_json *line = parse_line(*state, captured());
        assert_true(jx_text(jx_get(line, "message")).len >= 2000);
        int64_t a = 0;
        assert_ok(jx_integer(jx_get(line, "a"), &a)); /* a long message does not push out the fields */
        arena_reset(*state);
    }
    free(huge);
}

static void test_what_does_not_fit_is_left_out_whole(void **state) {
    static char fields[40000];
    memset(fields, 'x', sizeof fields - 1);
    memcpy(fields, "\"a\":\"", 5);
    fields[sizeof fields - 2] = '"';
    log_init(LOG_JSON, ALEES_LOG_INFO);
    capture();
    log_event(ALEES_LOG_INFO, "core", fields, fields, "kept");
    const alees_json *line = parse_line(*state, captured());
    assert_text(jx_text(jx_get(line, "message")), "kept");
    assert_null(jx_get(line, "a"));
    assert_null(jx_get(line, "request_id"));
}

static void test_text_line_cannot_be_forged(void **state) {
    (void)state;
    log_init(LOG_TEXT, ALEES_LOG_INFO);
    sys_fake_realtime(UINT64_C(1795356300123456));
    capture();
    log_event(ALEES_LOG_INFO, "core", "r\n1", "\"a\":1", "a\nb\x1b[2Jc\x7f\xff\xc2\x9b \xc3\xbc");
    char *line = captured();
    sys_fake_realtime(0);
    assert_string_equal(line, "2026-11-22T14:05:00.123456Z info  core: a\\x0ab\\x1b[2Jc\\x7f\\xff\\xc2\\x9b \xc3\xbc "
                              "request_id=r\\x0a1 \"a\":1\n");
}

static void test_auto_is_json_in_a_pipe(void **state) {
    (void)state;
    capture();
    log_init(LOG_AUTO, ALEES_LOG_INFO);
    log_info("x");
    assert_int_equal(captured()[0], '{');
}

static void *write_lines(void *data) {
    for (int i = 0; i < 50; i++) {
        log_info("%s %0100d", (const char *)data, i);
    }
    return NULL;
}

static void test_threads_do_not_tear_lines(void **state) {
    log_init(LOG_JSON, ALEES_LOG_INFO);
    pthread_t threads[4];
    static char name[] = "thread";
    capture();
    for (size_t i = 0; i < ARRAY_LEN(threads); i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, write_lines, name), 0);
    }
    for (size_t i = 0; i < ARRAY_LEN(threads); i++) {
        pthread_join(threads[i], NULL);
    }
    char *all = captured();
    int lines = 0;
    for (char *end; (end = strchr(all, '\n')); all = end + 1) {
        struct problem problem;
        alees_json *value = NULL;
        problem_init(&problem, *state);
        assert_ok(jx_parse(*state, &problem, (alees_str){all, (size_t)(end - all)}, &value));
        lines++;
    }
    assert_int_equal(lines, 200);
}

static void test_assert_says_where_and_aborts(void **state) {
    (void)state;
    log_init(LOG_JSON, ALEES_LOG_ERROR);
    capture();
    pid_t child = fork();
    if (child == 0) {
        signal(SIGABRT, SIG_DFL);
        ASSERT(1 + 1 == 3);
        _exit(0);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    const char *line = captured();
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    assert_non_null(strstr(line, "assertion failed: 1 + 1 == 3 ("));
    assert_non_null(strstr(line, "test_log.c:"));
}

static void test_nobody_reads(void **state) {
    (void)state;
    signal(SIGPIPE, SIG_IGN);
    capture();
    close(pipe_ends[0]);
    log_error("into the void");
    dup2(saved_stderr, STDERR_FILENO);
    close(saved_stderr);
}

int main(void) {
    jx_init();
    const struct CMUnitTest tests[] = {
        ARENA_TEST(test_json_line),
        cmocka_unit_test(test_level),
        ARENA_TEST(test_foreign_level_and_source),
        ARENA_TEST(test_long_and_hostile_message),
        ARENA_TEST(test_what_does_not_fit_is_left_out_whole),
        cmocka_unit_test(test_text_line_cannot_be_forged),
        cmocka_unit_test(test_auto_is_json_in_a_pipe),
        ARENA_TEST(test_threads_do_not_tear_lines),
        cmocka_unit_test(test_assert_says_where_and_aborts),
        cmocka_unit_test(test_nobody_reads),
    };
    return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
