/* SPDX-License-Identifier: MIT
 * test_address.c - what is taken for a user's name, and which two e-mail addresses are one. */
#include "test.h"

#include <string.h>

#include "plugins/rbac/address.c"

static void test_names(void **state) {
    static const char *const good[] = {"a", "ann archer", "\xc3\xa4nn", "\xe5\x90\x8d\xe5\x89\x8d", "\xf0\x9f\x98\x80"};
    static const char *const bad[] = {"",
                                      " a",
                                      "a ",
                                      "a\tb",
                                      "a\x7f",
                                      "a\xc2\x85",
                                      "admin\xc2\xa0",
                                      "adm\xe2\x80\x8bin",
                                      "\xe2\x80\xaenimda",
                                      "admin\xe2\x81\xa0",
                                      "admin\xef\xbb\xbf",
                                      "admin\xe3\x85\xa4",
                                      "admin\xf3\xa0\x80\xa0"};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        assert_true(address_is_username(test_view(good[i])));
    }
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        if (address_is_username(test_view(bad[i]))) {
            fail_msg("taken for a name: %s", bad[i]);
        }
    }
    assert_false(address_is_username((alees_str){NULL, 0}));
}

static bool is_same(const char *a, const char *b) {
    return address_is_same(test_view(a), test_view(b)) && address_is_same(test_view(b), test_view(a));
}

/* Nobody accepts what was meant for somebody whose address only looks like theirs. */
static void test_same(void **state) {
    (void)state;
    assert_true(is_same("ann@example.com", "ann@example.com"));
    assert_true(is_same("Ann@Example.COM", "aNN@eXAMPLE.com"));
    assert_false(is_same("ann@example.com", "ann@example.co"));
    assert_false(is_same("ann@example.com", "anne@example.com"));
    assert_false(is_same("mike@example.com", "mi\xe2\x84\xaa"
                                             "e@example.com"));            /* the sign for kelvin */
    assert_false(is_same("\xc3\xa4@example.com", "\xc3\x84@example.com")); /* a letter beyond ASCII */
    assert_false(is_same("[@example.com", "{@example.com"));               /* 32 apart, no letters */
    assert_false(address_is_same((alees_str){NULL, 0}, (alees_str){NULL, 0}));
    assert_false(is_same("", ""));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_same),
    };
    return cmocka_run_group_tests_name("address", tests, NULL, NULL);
}
