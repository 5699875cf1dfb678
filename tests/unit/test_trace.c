/* SPDX-License-Identifier: MIT
 * test_trace.c - traceparent as the W3C's Trace Context has it, and everything that only looks like it. */
#include "test.h"

#include <string.h>

#include "alees/util.h"
#include "trace.h"

#define ID "4bf92f3577b34da6a3ce929d0e0e4736"
#define PARENT "00f067aa0ba902b7"
#define ZEROS "00000000000000000000000000000000"

static void test_valid(void **state) {
    static const char *const cases[] = {
        "00-" ID "-" PARENT "-01",
        "00-" ID "-" PARENT "-00",
        "00-" ID "-" PARENT "-ff",
        "01-" ID "-" PARENT "-01",
        "cc-" ID "-" PARENT "-01-what-comes-later",
        "01-" ID "-" PARENT "-01-",
    };
    char id[TRACE_ID + 1];
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        memset(id, 'x', sizeof id);
        assert_true(trace_parse(alees_text(cases[i]), id));
        assert_string_equal(id, ID);
    }
}

static void test_invalid(void **state) {
    static const char *const cases[] = {
        "",
        "00",
        "00-" ID "-" PARENT "-0",
        "00-" ID "-" PARENT "-01-", /* version 00 has no more */
        "00-" ID "-" PARENT "-01 ",
        " 00-" ID "-" PARENT "-01",
        "01-" ID "-" PARENT "-011",
        "ff-" ID "-" PARENT "-01", /* is no version */
        "0x-" ID "-" PARENT "-01",
        "00-" ZEROS "-" PARENT "-01",
        "00-" ID "-0000000000000000-01",
        "00-4BF92F3577B34DA6A3CE929D0E0E4736-" PARENT "-01",
        "00-" ID "-00F067AA0BA902B7-01",
        "00-" ID "-" PARENT "-0G",
        "00-4bf92f3577b34da6a3ce929d0e0e473-" PARENT "-01-",
        "00_" ID "-" PARENT "-01",
        "00-" ID "_" PARENT "-01",
        "00-" ID "-" PARENT "_01",
        "00-4bf92f3577b34da6a3ce929d0e0e473\"-" PARENT "-01",
    };
    char id[TRACE_ID + 1] = "untouched";
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        assert_false(trace_parse(alees_text(cases[i]), id));
    }
    assert_false(trace_parse((alees_str){NULL, 0}, id));
    assert_string_equal(id, "untouched");
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_valid), cmocka_unit_test(test_invalid)};
    return cmocka_run_group_tests_name("trace", tests, NULL, NULL);
}
