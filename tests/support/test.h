/* SPDX-License-Identifier: MIT
 * test.h - cmocka with what it needs before it, and the few things every test of ours wants. Include it first. */
#ifndef TEST_H
#define TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "arena.h"

#define TEST_MEMORY ((size_t)64 * 1024 * 1024)

static inline const char *test_rc_name(alees_rc rc) {
    static const char *const names[] = {"ALEES_OK",   "E_NOMEM",     "E_INVALID",         "E_NOT_FOUND",
                                        "E_CONFLICT", "E_DENIED",    "E_UNAVAILABLE",     "E_UNSUPPORTED",
                                        "E_INTERNAL", "E_MALFORMED", "E_UNAUTHENTICATED", "E_TOO_MANY"};
    return rc <= 0 && rc > -(alees_rc)ARRAY_LEN(names) ? names[-rc] : "an unknown code";
}

static inline void test_check_rc(alees_rc rc, alees_rc expected, const char *what, const char *file, int line) {
    if (rc != expected) {
        print_error("%s is %s (%d), not %s\n", what, test_rc_name(rc), (int)rc, test_rc_name(expected));
        _fail(file, line);
    }
}
#define assert_ok(call) test_check_rc((call), ALEES_OK, #call, __FILE__, __LINE__)
#define assert_err(call, expected) test_check_rc((call), (expected), #call, __FILE__, __LINE__)

/* Fails, showing both, unless the view holds exactly this text. */
static inline void test_check_text(alees_str text, const char *expected, const char *what, const char *file, int line) {
    if (!text.ptr || text.len != strlen(expected) || memcmp(text.ptr, expected, text.len) != 0) {
        print_error("%s is %s%.*s, not %s\n", what, text.ptr ? "" : "absent", STR_FMT(text), expected);
        _fail(file, line);
    }
}
#define assert_text(view, expected) test_check_text((view), (expected), #view, __FILE__, __LINE__)
#define assert_absent(view) assert_null((view).ptr)

/* An arena with a limit that no test meets by accident; arena_free it. */
static inline struct arena *test_arena(void) {
    struct arena *arena = arena_new(TEST_MEMORY);
    assert_non_null(arena);
    return arena;
}

static inline alees_str test_view(const char *text) {
    return (alees_str){text, text ? strlen(text) : 0};
}

/* Setup and teardown for tests whose state is an arena of their own. */
static inline int test_setup_arena(void **state) {
    *state = test_arena();
    return 0;
}

static inline int test_teardown_arena(void **state) {
    arena_free(*state);
    return 0;
}
#define ARENA_TEST(test) cmocka_unit_test_setup_teardown(test, test_setup_arena, test_teardown_arena)

#endif
