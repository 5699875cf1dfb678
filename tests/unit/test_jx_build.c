/* SPDX-License-Identifier: MIT
 * test_jx_build.c - values put together by code, wrong ways to do it, failing allocation. */
#include "test.h"

#include <stdio.h>

#include "jx.h"

static alees_json *good(struct arena *a, const char *text) {
    struct problem p;
    alees_json *value = NULL;
    problem_init(&p, a);
    assert_ok(jx_parse(a, &p, test_view(text), &value));
    return value;
}

static const char *written(struct arena *a, const alees_json *value) {
    struct str s;
    str_init(&s, a, 0);
    jx_write(value, &s);
    alees_str done = str_done(&s);
    assert_non_null(done.ptr);
    return done.ptr;
}

static void test_building(void **state) {
    alees_json *o = jx_object(*state), *list = jx_array(*state), *inner = jx_object(*state);
    char text[] = "copied";
    assert_ok(jx_put_text(o, "s", test_view(text)));
    memset(text, 'x', sizeof text - 1);
    assert_ok(jx_put_text(o, "absent", (alees_str){NULL, 0}));
    assert_ok(jx_put_text(o, "empty", STR_LIT("")));
    assert_ok(jx_put_integer(o, "i", INT64_MIN));
    assert_ok(jx_put_boolean(o, "t", true));
    assert_ok(jx_put(o, "list", list));
    assert_ok(jx_put_integer(list, NULL, 1)); /* also after it was put */
    assert_ok(jx_put_boolean(list, NULL, false));
    assert_ok(jx_put_text(list, NULL, STR_LIT("x")));
    assert_ok(jx_put(list, NULL, inner));
    assert_ok(jx_put_integer(o, "i", 5)); /* again: replaces */
    assert_string_equal(written(*state, o), "{\"s\":\"copied\",\"absent\":null,\"empty\":\"\",\"i\":5,\"t\":true,"
                                            "\"list\":[1,false,\"x\",{}]}");
    struct str pretty;
    str_init(&pretty, *state, 0);
    jx_pretty(good(*state, "{\"a\":[1,{}],\"b\":[],\"c\":{\"d\":null}}"), &pretty);
    assert_text(str_done(&pretty),
                "{\n  \"a\": [\n    1,\n    {}\n  ],\n  \"b\": [],\n  \"c\": {\n    \"d\": null\n  }\n}");
}

static void test_wrong_puts(void **state) {
    alees_json *o = jx_object(*state), *list = jx_array(*state), *text = good(*state, "\"x\"");
    assert_err(jx_put_integer(NULL, "a", 1), ALEES_E_INVALID);
    assert_err(jx_put_integer(o, NULL, 1), ALEES_E_INVALID);
    assert_err(jx_put_integer(list, "a", 1), ALEES_E_INVALID);
    assert_err(jx_put_integer(text, "a", 1), ALEES_E_INVALID);
    assert_err(jx_put_boolean(text, NULL, 1), ALEES_E_INVALID);
    assert_err(jx_put_boolean(o, "\xff", 1), ALEES_E_INVALID);
    assert_err(jx_put_text(o, "a", STR_LIT("\xff")), ALEES_E_INVALID);
    assert_err(jx_put_text(o, "a", (alees_str){"a\0b", 3}), ALEES_E_INVALID);
    assert_err(jx_put_text(list, "a", STR_LIT("x")), ALEES_E_INVALID);
    assert_err(jx_put(o, NULL, list), ALEES_E_INVALID);
    assert_err(jx_put(o, "a", o), ALEES_E_INVALID);
    assert_err(jx_put(o, "a", NULL), ALEES_E_NOMEM); /* what jx_object gives without memory */
    struct arena *other = test_arena();
    assert_err(jx_put(o, "a", jx_object(other)), ALEES_E_INVALID);
    assert_err(jx_put(o, "a", good(other, "\"x\"")), ALEES_E_INVALID);
    assert_ok(jx_put(o, "n", good(other, "null")));
    arena_free(other);
    assert_string_equal(written(*state, o), "{\"n\":null}");
    assert_string_equal(written(*state, list), "[]");
}

static void test_a_circle_is_not_written_for_ever(void **state) {
    alees_json *a = jx_object(*state), *b = jx_object(*state);
    assert_ok(jx_put(a, "b", b));
    assert_ok(jx_put(b, "a", a));
    struct str s;
    str_init(&s, *state, 0);
    jx_write(a, &s);
    assert_absent(str_done(&s));
}

static alees_rc build(struct arena *a) {
    alees_json *o = jx_object(a), *list = jx_array(a);
    alees_rc rc = o && list ? ALEES_OK : ALEES_E_NOMEM;
    for (int i = 0; i < 20 && rc == ALEES_OK; i++) {
        char key[8];
        snprintf(key, sizeof key, "k%d", i);
        rc = jx_put_integer(o, key, i);
        if (rc == ALEES_OK) {
            rc = jx_put_text(list, NULL, STR_LIT("text"));
        }
        if (rc == ALEES_OK) {
            rc = jx_put_boolean(list, NULL, true);
        }
    }
    return rc == ALEES_OK ? jx_put(o, "list", list) : rc;
}

static void test_every_failing_allocation_of_building(void **state) {
    (void)state;
    for (uint32_t nth = 1;; nth++) {
        struct arena *a = test_arena();
        arena_fail_after(a, nth);
        alees_rc rc = build(a);
        arena_free(a);
        if (rc == ALEES_OK) {
            assert_true(nth > 20);
            return;
        }
        assert_err(rc, ALEES_E_NOMEM);
    }
}

int main(void) {
    jx_init();
    const struct CMUnitTest tests[] = {
        ARENA_TEST(test_building),
        ARENA_TEST(test_wrong_puts),
        ARENA_TEST(test_a_circle_is_not_written_for_ever),
        cmocka_unit_test(test_every_failing_allocation_of_building),
    };
    return cmocka_run_group_tests_name("jx_build", tests, NULL, NULL);
}
