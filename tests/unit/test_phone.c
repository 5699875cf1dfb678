/* SPDX-License-Identifier: MIT
 * test_phone.c - telephone numbers of plugins/contact: what they become, and what is none; and the file that knows it. */
#include "plugins/contact/phone_open.c"

#include "test.h"

#include <stdlib.h>

#include "alees/util.h"

#define REAL_PLUGIN ALEES_PLUGIN_BUILD_DIR "/contact.so"

/* ---- contact.phone.so ---- */

static char folder[64], plugin[80], file[96];

static void write_file(const char *path, const char *text) {
    FILE *out = fopen(path, "we");
    assert_non_null(out);
    fputs(text, out);
    assert_int_equal(fclose(out), 0);
    assert_int_equal(chmod(path, 0644), 0);
}

static int make_folder(void **state) {
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/alees-phone.XXXXXX");
    assert_non_null(mkdtemp(folder));
    snprintf(plugin, sizeof plugin, "%s/contact.so", folder);
    snprintf(file, sizeof file, "%s/%s", folder, PHONE_FILE);
    write_file(plugin, "");
    write_file(file, "");
    return 0;
}

static int remove_folder(void **state) {
    (void)state;
    (void)remove(file);
    (void)remove(plugin);
    return remove(folder);
}

static void expect_fault(const char *what) {
    struct phone_fault look = {.text = ""}, open = {.text = ""};
    const struct phone_library *library = NULL;
    assert_int_equal(phone_look(plugin, &look), ALEES_E_UNAVAILABLE);
    assert_int_equal(phone_open(plugin, &library, &open), ALEES_E_UNAVAILABLE);
    assert_null(library);
    assert_string_equal(look.text, open.text);
    assert_non_null(strstr(look.text, file));
    if (!strstr(look.text, what)) {
        fail_msg("%s", look.text);
    }
}

static void test_missing(void **state) {
    struct phone_fault fault;
    (void)state;
    assert_int_equal(phone_look(plugin, &fault), ALEES_OK);
    assert_int_equal(remove(file), 0);
    expect_fault("No such file or directory; install it beside contact.so");
    assert_int_equal(phone_look(NULL, &fault), ALEES_E_UNAVAILABLE);
    assert_int_equal(phone_look("contact.so", &fault), ALEES_E_UNAVAILABLE);
    assert_non_null(strstr(fault.text, "the folder of contact.so cannot be found"));
}

static void test_of_others(void **state) {
    struct phone_fault fault;
    (void)state;
    assert_int_equal(chmod(file, 0664), 0);
    expect_fault("can be written by its group or by others (mode 0664): chmod go-w it");
    assert_int_equal(chmod(file, 0646), 0);
    expect_fault("mode 0646");
    assert_int_equal(chmod(plugin, 0666), 0); /* who may write the plugin needs no second file */
    assert_int_equal(phone_look(plugin, &fault), ALEES_OK);
    assert_int_equal(chmod(plugin, 0644), 0);
    assert_int_equal(chmod(file, 0644), 0);
    if (geteuid() == 0) {
        assert_int_equal(chown(file, 1, 0), 0);
        expect_fault("belongs to user 1, contact.so beside it to user 0: chown it");
        assert_int_equal(chown(plugin, 1, 0), 0);
        assert_int_equal(phone_look(plugin, &fault), ALEES_OK);
        assert_int_equal(chown(file, 0, 0), 0);
        assert_int_equal(phone_look(plugin, &fault), ALEES_OK);
    }
}

static void test_no_file(void **state) {
    (void)state;
    assert_int_equal(remove(file), 0);
    assert_int_equal(symlink(ALEES_PLUGIN_BUILD_DIR "/" PHONE_FILE, file), 0);
    expect_fault("is not a file");
    assert_int_equal(remove(file), 0);
    assert_int_equal(mkdir(file, 0755), 0);
    expect_fault("is not a file");
}

/* It looks right until it is opened. */
static void test_no_library(void **state) {
    struct phone_fault fault;
    const struct phone_library *library = NULL;
    (void)state;
    write_file(file, "text");
    assert_int_equal(phone_look(plugin, &fault), ALEES_OK);
    assert_int_equal(phone_open(plugin, &library, &fault), ALEES_E_UNAVAILABLE);
    assert_non_null(strstr(fault.text, "cannot be loaded: "));
    assert_null(library);
}

static void test_other_library(void **state) {
    static char bytes[1 << 20];
    struct phone_fault fault;
    const struct phone_library *library = NULL;
    FILE *in = fopen(ALEES_TEST_PLUGIN_DIR "/no_symbol.so", "re"), *out = fopen(file, "we");
    (void)state;
    assert_true(in && out);
    const size_t size = fread(bytes, 1, sizeof bytes, in);
    assert_int_equal(fwrite(bytes, 1, size, out), size);
    assert_int_equal(fclose(out), 0);
    fclose(in);
    assert_int_equal(phone_open(plugin, &library, &fault), ALEES_E_UNAVAILABLE);
    assert_non_null(strstr(fault.text, "is not the one of this contact.so"));
    assert_null(library);
}

static void test_own_path(void **state) {
    const char *path = phone_plugin();
    (void)state;
    assert_non_null(path);
    assert_non_null(strstr(path, "phone")); /* this program's */
}

/* ---- numbers ---- */

static const struct phone_library *phone(void) {
    const struct phone_library *library = NULL;
    struct phone_fault fault = {.text = ""};
    if (phone_open(REAL_PLUGIN, &library, &fault) != ALEES_OK) {
        fail_msg("%s", fault.text);
    }
    return library;
}

static alees_rc phone_normalize(alees_str number, const char *region, char ret_number[PHONE_SIZE]) {
    return phone()->normalize(number, region, ret_number);
}

static alees_rc phone_check_region(const char *region) {
    return phone()->check_region(region);
}

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

/* Opened by several at once, and one for all threads. */
static void *normalize_many(void *data) {
    static const char *const numbers[] = {"+49 30 901820", "+44 20 7946 0000", "+1 212 555 0123", "+33 6 12345678"};
    uint32_t *failures = data;
    const struct phone_library *library = NULL;
    struct phone_fault fault;
    if (phone_open(REAL_PLUGIN, &library, &fault) != ALEES_OK) {
        *failures += 1;
        return NULL;
    }
    for (uint32_t i = 0; i < 400; i++) {
        char text[PHONE_SIZE];
        *failures += library->normalize(alees_text(numbers[i % ARRAY_LEN(numbers)]), NULL, text) != ALEES_OK;
        *failures += library->normalize(alees_text("+49 1"), NULL, text) != ALEES_E_INVALID;
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
        cmocka_unit_test_setup_teardown(test_missing, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(test_of_others, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(test_no_file, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(test_no_library, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(test_other_library, make_folder, remove_folder),
        cmocka_unit_test(test_own_path),
        cmocka_unit_test(test_threads), /* the first to open it */
        cmocka_unit_test(test_with_the_country),
        cmocka_unit_test(test_as_it_is_dialled),
        cmocka_unit_test(test_what_is_none),
        cmocka_unit_test(test_regions),
    };
    return cmocka_run_group_tests_name("phone", tests, NULL, NULL);
}
