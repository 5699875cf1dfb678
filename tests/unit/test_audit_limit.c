/* SPDX-License-Identifier: MIT
 * test_audit_limit.c - so many in a minute, of each user and action; what was not written is told once. */
#include "test.h"

#include <string.h>

#include "audit_limit.h"

enum { MINUTE = 60 * 1000 * 1000 };

static const alees_id anna = {{1}}, bert = {{2}};

static void test_bound(void **state) {
    struct audit_limit *l = audit_limit_new(3);
    uint64_t suppressed = 77;
    (void)state;
    assert_non_null(l);
    for (int i = 0; i < 3; i++) {
        assert_true(audit_limit_take(l, &anna, "denied", MINUTE, &suppressed));
        assert_int_equal(suppressed, 0);
    }
    for (int i = 0; i < 5; i++) {
        assert_false(audit_limit_take(l, &anna, "denied", 2 * MINUTE - 1, &suppressed));
    }
    assert_true(audit_limit_take(l, &bert, "denied", MINUTE, &suppressed)); /* others are not kept out */
    assert_true(audit_limit_take(l, &anna, "login_refused", MINUTE, &suppressed));
    assert_true(audit_limit_take(l, NULL, "denied", MINUTE, &suppressed));
    assert_int_equal(suppressed, 0);
    assert_true(audit_limit_take(l, &anna, "denied", 2 * MINUTE, &suppressed));
    assert_int_equal(suppressed, 5);
    assert_true(audit_limit_take(l, &anna, "denied", 2 * MINUTE, &suppressed));
    assert_int_equal(suppressed, 0); /* told once */
    audit_limit_free(l);
}

static void test_none(void **state) {
    struct audit_limit *l = audit_limit_new(0);
    uint64_t suppressed;
    (void)state;
    assert_non_null(l);
    assert_false(audit_limit_take(l, &anna, "denied", 0, &suppressed));
    assert_false(audit_limit_take(l, &anna, "denied", 9 * (uint64_t)MINUTE, &suppressed));
    audit_limit_free(l);
    audit_limit_free(NULL);
}

/* More users than there is room for: whoever comes now is written, and one who comes without end stays bounded. */
static void test_crowd(void **state) {
    struct audit_limit *l = audit_limit_new(1);
    uint64_t suppressed;
    uint32_t written = 0;
    (void)state;
    assert_non_null(l);
    for (uint32_t i = 0; i < 100000; i++) {
        alees_id user = {{9}};
        memcpy(user.bytes + 4, &i, sizeof i);
        assert_true(audit_limit_take(l, &user, "denied", MINUTE + i, &suppressed));
        written += audit_limit_take(l, &user, "denied", MINUTE + i, &suppressed);
    }
    assert_int_equal(written, 0);
    audit_limit_free(l);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bound),
        cmocka_unit_test(test_none),
        cmocka_unit_test(test_crowd),
    };
    return cmocka_run_group_tests_name("audit_limit", tests, NULL, NULL);
}
