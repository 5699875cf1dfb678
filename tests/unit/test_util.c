/* SPDX-License-Identifier: MIT
 * test_util.c - include/alees/util.h: what plugins share of rules for values. */
#include "test.h"

#include <string.h>

#include "alees/util.h"

static void test_emails(void **state) {
    static const char *const good[] = {"a@b", "ann@example.com", "Ann.O'Neil+x@mail.example.co",
                                       "\xc3\xa4@example.com"};
    static const char *const bad[] = {"",      "a",     "@",    "a@",   "@b",   "a@b@c", "a b@c",    "a@b c",
                                      "a@b\n", "a\t@b", "a@.b", "a@b.", " a@b", "a@b ",  "a@\x7f.b", "a@b\r\nBcc: c@d"};
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_true(alees_is_email(test_view(good[i])));
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        if (alees_is_email(test_view(bad[i]))) {
            fail_msg("taken for an address: %s", bad[i]);
        }
    }
    assert_false(alees_is_email((alees_str){NULL, 0}));
    assert_false(alees_is_email((alees_str){"a@b\0c", 5}));
}

static void test_longest_email(void **state) {
    char text[254 + 2];
    (void)state;
    memset(text, 'a', sizeof text);
    text[1] = '@';
    assert_true(alees_is_email((alees_str){text, 254}));
    assert_false(alees_is_email((alees_str){text, 254 + 1}));
}

static void test_languages(void **state) {
    static const char *const good[] = {"de", "en-GB", "zh-Hant-TW", "de-1996", "haw", "es-419", "DE-at"};
    static const char *const bad[] = {"",    "d",           "german-",      "de-", "-de", "de--AT", "de_DE",
                                      "419", "deutschland", "de-abcdefghi", "de ", " de", "d3",     "\xc3\xa4\xc3\xb6"};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        if (!alees_is_language(test_view(good[i]))) {
            fail_msg("not taken for a language: %s", good[i]);
        }
    }
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        if (alees_is_language(test_view(bad[i]))) {
            fail_msg("taken for a language: %s", bad[i]);
        }
    }
    assert_false(alees_is_language((alees_str){NULL, 0}));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_emails),
        cmocka_unit_test(test_longest_email),
        cmocka_unit_test(test_languages),
    };
    return cmocka_run_group_tests_name("util", tests, NULL, NULL);
}
