/* SPDX-License-Identifier: MIT
 * test_phone.c - telephone numbers of plugins/contact: what they become, and what is none. */
#include "test.h"

#include <pthread.h>
#include <string.h>

#include "alees/util.h"
#include "plugins/contact/phone.h"

static const char *normal(const char *number, const char *region) {
    static char text[PHONE_SIZE];
    return phone_normalize(alees_text(number), region, text) == ALEES_OK ? text : NULL;
}

static void test_with_the_country(void **state) {
    static const char *const numbers[][2] = {
        {"+49 (0)30 901820", "+4930901820"},
        {"+4930901820", "+4930901820"}, /* what it became stays what it is */
        {"(+49) 30 / 90-18.20", "+4930901820"},
        {"+44 20 7946 0000", "+442079460000"},
        {"+1 (212) 555-0123", "+12125550123"},
        {"+39 06 698 12345", "+390669812345"}, /* the zero belongs to it */
        {"+800 1234 5678", "+80012345678"},    /* no country's */
        {"+33612345678", "+33612345678"},
        {"\xef\xbc\x8b\xef\xbc\x94\xef\xbc\x99 30 901820", "+4930901820"}, /* full width */
        {"+\xd9\xa4\xd9\xa9\xd9\xa3\xd9\xa0\xd9\xa9\xd9\xa0\xd9\xa1\xd9\xa8\xd9\xa2\xd9\xa0",
         "+4930901820"}, /* Arabic */
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
        print_message("%s\n", numbers[i][0]);
        assert_string_equal(normal(numbers[i][0], NULL), numbers[i][1]);
        assert_string_equal(normal(numbers[i][0], "US"), numbers[i][1]); /* a region changes none of them */
    }
}

static void test_as_it_is_dialled(void **state) {
    (void)state;
    assert_string_equal(normal("030 901820", "DE"), "+4930901820");
    assert_string_equal(normal("(0 30) 90 18 20", "DE"), "+4930901820");
    assert_string_equal(normal("00 44 20 7946 0000", "DE"), "+442079460000");
    assert_string_equal(normal("011 49 30 901820", "US"), "+4930901820");
    assert_string_equal(normal("(212) 555-0123", "US"), "+12125550123");
    assert_null(normal("030 901820", NULL));
    assert_null(normal("00 44 20 7946 0000", NULL));
    assert_null(normal("030 901820", "US"));
}

static void test_what_is_none(void **state) {
    static const char *const numbers[] = {
        "",
        " ",
        "+",
        "+49",
        "+49 1",
        "+999 123456",
        "+49+30901820",
        "110",
        "+1 111 111 1111",
        "+0 30 901820",
        "hello",
        "+49 30 901820 ext. 12",
        "+49 30 901820 12 12 12 12 12 12 12",
        "B\xc3\xbcro +49 30 901820",
        "+1 800 FLOWERS",
        "tel:+49-30-901820",
        "+49 30 901820\n+49 30 901821",
        "+49 30 901820, +49 30 901821",
        "+49 30 901820#12",
    };
    static const char nul[] = "+4930901820\0"
                              "1";
    static char most[300];
    char text[PHONE_SIZE] = "untouched";
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
        print_message("%s\n", numbers[i]);
        assert_null(normal(numbers[i], NULL));
        assert_null(normal(numbers[i], "DE"));
    }
    assert_int_equal(phone_normalize((alees_str){nul, sizeof nul - 1}, NULL, text), ALEES_E_INVALID);
    memset(most, '1', sizeof most);
    most[0] = '+';
    assert_int_equal(phone_normalize((alees_str){most, sizeof most}, NULL, text), ALEES_E_INVALID);
    assert_string_equal(text, "untouched");
}

static void test_regions(void **state) {
    (void)state;
    assert_int_equal(phone_check_region("DE"), ALEES_OK);
    assert_int_equal(phone_check_region("US"), ALEES_OK);
    assert_int_equal(phone_check_region("ZZ"), ALEES_E_INVALID);
    assert_int_equal(phone_check_region("de"), ALEES_E_INVALID);
    assert_int_equal(phone_check_region("Germany"), ALEES_E_INVALID);
    assert_int_equal(phone_check_region(""), ALEES_E_INVALID);
}

/* The library is one for all threads. */
static void *normalize_many(void *data) {
    static const char *const numbers[] = {"+49 30 901820", "+44 20 7946 0000", "+1 212 555 0123", "+33 6 12345678"};
    uint32_t *failures = data;
    for (uint32_t i = 0; i < 400; i++) {
        char text[PHONE_SIZE];
        *failures += phone_normalize(alees_text(numbers[i % ARRAY_LEN(numbers)]), NULL, text) != ALEES_OK;
        *failures += phone_normalize(alees_text("+49 1"), NULL, text) != ALEES_E_INVALID;
    }
    return NULL;
}

static void test_threads(void **state) {
    pthread_t threads[4];
    uint32_t failures[4] = {0};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(threads); i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, normalize_many, &failures[i]), 0);
    }
    for (size_t i = 0; i < ARRAY_LEN(threads); i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_int_equal(failures[i], 0);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_threads),          cmocka_unit_test(test_with_the_country),
        cmocka_unit_test(test_as_it_is_dialled), cmocka_unit_test(test_what_is_none),
        cmocka_unit_test(test_regions),
    };
    return cmocka_run_group_tests_name("phone", tests, NULL, NULL);
}
