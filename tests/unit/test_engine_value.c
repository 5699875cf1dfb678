/* SPDX-License-Identifier: MIT
 * test_engine_value.c - every type with good, bad and hostile values, and the exact words of each refusal. */
#include "test.h"

#include <stdio.h>

#include "sample.h"

struct row {
    const char *field;
    const char *value; /* JSON, or the text of a query */
    const char *good;  /* what PostgreSQL is given; NULL: refused */
    const char *code, *detail;
};

static void check(struct arena *arena, const struct row *row, bool is_json) {
    const struct alees_field *f = sample_field(row->field);
    struct problem problem;
    alees_str text = {NULL, 0};
    alees_rc rc;
    problem_init(&problem, arena);
    if (is_json) {
        rc = engine_value_json(arena, &problem, f, STR_LIT("/f"), sample_json(arena, row->value), &text);
    } else {
        rc = engine_value_text(arena, &problem, f, STR_LIT("f"), test_view(row->value), &text);
    }
    if (row->good != NULL) {
        if (rc != ALEES_OK) {
            print_error("%s = %s: %s\n", row->field, row->value, problem.items ? problem.items->detail.ptr : "?");
        }
        assert_int_equal(rc, ALEES_OK);
        assert_text(text, row->good);
        assert_int_equal(text.ptr[text.len], '\0');
        assert_int_equal(problem.item_count, 0);
        return;
    }
    if (rc != ALEES_E_INVALID) {
        print_error("%s = %s was taken as %s\n", row->field, row->value, text.ptr ? text.ptr : "null");
    }
    assert_int_equal(rc, ALEES_E_INVALID);
    assert_absent(text);
    assert_int_equal(problem.item_count, 1);
    assert_int_equal(problem.rc, ALEES_OK); /* the caller says which status it is */
    assert_text(problem.items->pointer, is_json ? "/f" : "f");
    assert_string_equal(problem.items->code, row->code);
    assert_text(problem.items->detail, row->detail);
}

static void check_all(struct arena *arena, const struct row *rows, size_t count, bool is_json) {
    for (size_t i = 0; i < count; i++) {
        check(arena, &rows[i], is_json);
    }
}

static void test_texts(void **state) {
    static const struct row rows[] = {
        {"name", "\"a\"", "a", NULL, NULL},
        {"name", "\"0123456789\"", "0123456789", NULL, NULL},
        {"name", "\"\xC3\xA4\xC3\xB6\xC3\xBC\xC3\xA4\xC3\xB6\xC3\xBC\xC3\xA4\xC3\xB6\xC3\xBC\xC3\x9F\"",
         "\xC3\xA4\xC3\xB6\xC3\xBC\xC3\xA4\xC3\xB6\xC3\xBC\xC3\xA4\xC3\xB6\xC3\xBC\xC3\x9F", NULL,
         NULL}, /* characters */
        {"name", "\"'; DROP --\"", "'; DROP --", NULL, NULL},
        {"name", "\"\\\"\\\\\\n\"", "\"\\\n", NULL, NULL},
        {"name", "\"01234567890\"", NULL, "too_long", "must be at most 10 characters, not 11"},
        {"name", "\"\"", NULL, "too_short", "must not be empty"},
        {"name", "null", NULL, "null", "must not be null"},
        {"name", "5", NULL, "wrong_type", "must be a text"},
        {"name", "true", NULL, "wrong_type", "must be a text"},
        {"name", "[]", NULL, "wrong_type", "must be a text"},
        {"name", "{}", NULL, "wrong_type", "must be a text"},
        {"secret", "\"\"", "", NULL, NULL}, /* no bounds: may be empty */
    };
    check_all(*state, rows, ARRAY_LEN(rows), true);
}

static void test_unbounded_texts_have_a_bound(void **state) {
    char *json = malloc(65539);
    struct row row = {"secret", json, NULL, "too_long", "must be at most 65535 characters, not 65536"};
    assert_non_null(json);
    memset(json, 'x', 65538);
    json[0] = json[65537] = '"';
    json[65538] = '\0';
    check(*state, &row, true);
    free(json);
}

static const char no_decimal[] = "must be a decimal number of at most 128 characters, such as \"12.50\"";

static void test_numbers(void **state) {
    static const struct row rows[] = {
        {"size", "1", "1", NULL, NULL},
        {"size", "100", "100", NULL, NULL},
        {"size", "0", NULL, "too_small", "must be at least 1"},
        {"size", "-9223372036854775808", NULL, "too_small", "must be at least 1"},
        {"size", "101", NULL, "too_large", "must be at most 100"},
        {"size", "1.0", NULL, "wrong_type", "must be a whole number"},
        {"size", "\"5\"", NULL, "wrong_type", "must be a whole number"},
        {"size", "true", NULL, "wrong_type", "must be a whole number"},
        {"price", "12.5", "12.5", NULL, NULL},
        {"price", "0.1", "0.1", NULL, NULL},
        {"price", "-5", "-5", NULL, NULL},
        {"price", "1000", "1000", NULL, NULL},
        {"price", "1e3", "1000", NULL, NULL},
        {"price", "0", "0", NULL, NULL},
        {"price", "\"12.50\"", "12.50", NULL, NULL}, /* nothing is rounded, not even a zero */
        {"price", "\"0.000000000000000000000000000000000001\"", "0.000000000000000000000000000000000001", NULL, NULL},
        {"price", "\"999.99999999999999999999999999\"", "999.99999999999999999999999999", NULL, NULL},
        {"price", "\"-4.999\"", "-4.999", NULL, NULL},
        {"price", "\"-0\"", "-0", NULL, NULL},
        {"price", "\"1E2\"", "1E2", NULL, NULL},
        {"price", "\"1000.00000000000000000000000001\"", NULL, "too_large", "must be at most 1000"},
        {"price", "\"-5.01\"", NULL, "too_small", "must be at least -5"},
        {"price", "\"1e4\"", NULL, "too_large", "must be at most 1000"},
        {"price", "\"-1e999\"", NULL, "too_small", "must be at least -5"},
        {"price", "\"1e-999\"", "1e-999", NULL, NULL},
        {"price", "\"1e1000\"", NULL, "invalid_format", no_decimal},
        {"price", "\"NaN\"", NULL, "invalid_format", no_decimal},
        {"price", "\"Infinity\"", NULL, "invalid_format", no_decimal},
        {"price", "\"\"", NULL, "invalid_format", no_decimal},
        {"price", "\"-\"", NULL, "invalid_format", no_decimal},
        {"price", "\"+5\"", NULL, "invalid_format", no_decimal},
        {"price", "\".5\"", NULL, "invalid_format", no_decimal},
        {"price", "\"5.\"", NULL, "invalid_format", no_decimal},
        {"price", "\"1.2.3\"", NULL, "invalid_format", no_decimal},
        {"price", "\"1,5\"", NULL, "invalid_format", no_decimal},
        {"price", "\"1e\"", NULL, "invalid_format", no_decimal},
        {"price", "\" 1\"", NULL, "invalid_format", no_decimal},
        {"price", "\"0x10\"", NULL, "invalid_format", no_decimal},
        {"price", "true", NULL, "wrong_type", "must be a number, or a text such as \"12.50\""},
        {"sold", "true", "true", NULL, NULL},
        {"sold", "false", "false", NULL, NULL},
        {"sold", "\"true\"", NULL, "wrong_type", "must be true or false"},
        {"sold", "1", NULL, "wrong_type", "must be true or false"},
    };
    check_all(*state, rows, ARRAY_LEN(rows), true);
}

static const char no_date[] = "must be a date that exists, such as \"2026-11-22\"";
static const char no_day[] = "must begin with a date that exists, such as \"2026-11-22T14:05:00Z\"";
static const char no_time[] = "must have a time of day with seconds, such as \"2026-11-22T14:05:00Z\"";
static const char no_offset[] = "must end with Z or an offset from UTC, such as \"2026-11-22T14:05:00+01:00\"";

static void test_dates_and_times(void **state) {
    static const struct row rows[] = {
        {"since", "\"2026-11-22\"", "2026-11-22", NULL, NULL},
        {"since", "\"2024-02-29\"", "2024-02-29", NULL, NULL},
        {"since", "\"2000-02-29\"", "2000-02-29", NULL, NULL},
        {"since", "\"0001-01-01\"", "0001-01-01", NULL, NULL},
        {"since", "\"9999-12-31\"", "9999-12-31", NULL, NULL},
        {"since", "\"2023-02-29\"", NULL, "invalid_format", no_date},
        {"since", "\"1900-02-29\"", NULL, "invalid_format", no_date},
        {"since", "\"2026-04-31\"", NULL, "invalid_format", no_date},
        {"since", "\"2026-13-01\"", NULL, "invalid_format", no_date},
        {"since", "\"2026-00-10\"", NULL, "invalid_format", no_date},
        {"since", "\"2026-01-00\"", NULL, "invalid_format", no_date},
        {"since", "\"0000-01-01\"", NULL, "invalid_format", no_date},
        {"since", "\"2026-1-1\"", NULL, "invalid_format", no_date},
        {"since", "\"2026-11-22 \"", NULL, "invalid_format", no_date},
        {"since", "\"2026-11-22T00:00:00Z\"", NULL, "invalid_format", no_date},
        {"since", "\"22.11.2026\"", NULL, "invalid_format", no_date},
        {"since", "\"infinity\"", NULL, "invalid_format", no_date},
        {"since", "\"today\"", NULL, "invalid_format", no_date},
        {"since", "\"\"", NULL, "invalid_format", no_date},
        {"since", "20261122", NULL, "wrong_type", "must be a text with a date, such as \"2026-11-22\""},
        {"at", "\"2026-11-22T14:05:00Z\"", "2026-11-22T14:05:00.000000Z", NULL, NULL},
        {"at", "\"2026-11-22t14:05:00.1z\"", "2026-11-22T14:05:00.100000Z", NULL, NULL},
        {"at", "\"2026-11-22 14:05:00.123456+00:00\"", "2026-11-22T14:05:00.123456Z", NULL, NULL},
        {"at", "\"2026-01-01T00:30:00+01:00\"", "2025-12-31T23:30:00.000000Z", NULL, NULL},
        {"at", "\"2024-02-28T23:30:00-01:00\"", "2024-02-29T00:30:00.000000Z", NULL, NULL},
        {"at", "\"1969-12-31T23:59:59.999999Z\"", "1969-12-31T23:59:59.999999Z", NULL, NULL},
        {"at", "\"2026-11-22T14:05:00+05:45\"", "2026-11-22T08:20:00.000000Z", NULL, NULL},
        {"at", "\"0001-01-01T00:00:00+00:01\"", NULL, "invalid_format", "must lie in the years 0001 to 9999"},
        {"at", "\"9999-12-31T23:59:59-00:01\"", NULL, "invalid_format", "must lie in the years 0001 to 9999"},
        {"at", "\"2026-11-22T14:05:00.1234567Z\"", NULL, "invalid_format", "must not be finer than microseconds"},
        {"at", "\"2026-11-22T14:05:00.Z\"", NULL, "invalid_format", "has no digit after the point"},
        {"at", "\"2026-02-30T14:05:00Z\"", NULL, "invalid_format", no_day},
        {"at", "\"2026-11-22\"", NULL, "invalid_format", no_time},
        {"at", "\"2026-11-22T14:05Z\"", NULL, "invalid_format", no_time},
        {"at", "\"2026-11-22T24:00:00Z\"", NULL, "invalid_format", no_time},
        {"at", "\"2026-11-22T14:60:00Z\"", NULL, "invalid_format", no_time},
        {"at", "\"2026-11-22T14:05:60Z\"", NULL, "invalid_format", no_time},
        {"at", "\"2026-11-22T14:05:00\"", NULL, "invalid_format", no_offset},
        {"at", "\"2026-11-22T14:05:00+01\"", NULL, "invalid_format", no_offset},
        {"at", "\"2026-11-22T14:05:00+24:00\"", NULL, "invalid_format", no_offset},
        {"at", "\"2026-11-22T14:05:00 01:00\"", NULL, "invalid_format", no_offset}, /* a + that was not encoded */
        {"at", "\"2026-11-22T14:05:00Zx\"", NULL, "invalid_format", no_offset},
        {"at", "\"now\"", NULL, "invalid_format", no_day},
        {"at", "1790000000", NULL, "wrong_type", "must be a text such as \"2026-11-22T14:05:00Z\""},
    };
    check_all(*state, rows, ARRAY_LEN(rows), true);
}

static const char no_uuid[] = "must be a UUID, such as \"0193a5e0-7c2b-7d3e-9f10-2b6c4d8e1a55\"";
static const char no_row[] = "must be the id of a row, such as \"0193a5e0-7c2b-7d3e-9f10-2b6c4d8e1a55\"";

static void test_ids_and_choices(void **state) {
    static const struct row rows[] = {
        {"key", "\"0193A5E0-7C2B-7D3E-9F10-2B6C4D8E1A55\"", "0193a5e0-7c2b-7d3e-9f10-2b6c4d8e1a55", NULL, NULL},
        {"key", "\"0193a5e07c2b7d3e9f102b6c4d8e1a55\"", NULL, "invalid_format", no_uuid},
        {"key", "\"{0193a5e0-7c2b-7d3e-9f10-2b6c4d8e1a5}\"", NULL, "invalid_format", no_uuid},
        {"key", "\"0193a5e0-7c2b-7d3e-9f10-2b6c4d8e1a5g\"", NULL, "invalid_format", no_uuid},
        {"key", "\"\"", NULL, "invalid_format", no_uuid},
        {"key", "7", NULL, "wrong_type", "must be a text with a UUID"},
        {"category", "\"0193a5e0-7c2b-7d3e-9f10-2b6c4d8e1a55\"", "0193a5e0-7c2b-7d3e-9f10-2b6c4d8e1a55", NULL, NULL},
        {"category", "\"tools\"", NULL, "invalid_format", no_row},
        {"category", "{}", NULL, "wrong_type", "must be a text with the id of a row"},
        {"status", "\"draft\"", "draft", NULL, NULL},
        {"status", "\"archived\"", "archived", NULL, NULL},
        {"status", "\"actve\"", NULL, "not_a_choice",
         "must be one of draft, active, archived; did you mean \"active\"?"},
        {"status", "\"zzzzzzzzzz\"", NULL, "not_a_choice", "must be one of draft, active, archived"},
        {"status", "\"\"", NULL, "not_a_choice", "must be one of draft, active, archived"},
        {"status", "\"draft|active\"", NULL, "not_a_choice", "must be one of draft, active, archived"},
        {"status", "1", NULL, "wrong_type", "must be a text"},
    };
    check_all(*state, rows, ARRAY_LEN(rows), true);
}

static void test_objects_and_lists(void **state) {
    static const struct row rows[] = {
        {"attributes", "{}", "{}", NULL, NULL},
        {"attributes", "{\"a\":[1,{\"b\":null}]}", "{\"a\":[1,{\"b\":null}]}", NULL, NULL},
        {"attributes", "[]", NULL, "wrong_type", "must be an object"},
        {"attributes", "\"{}\"", NULL, "wrong_type", "must be an object"},
        {"tags", "[]", "{}", NULL, NULL},
        {"tags", "[\"a\",\"b c\"]", "{\"a\",\"b c\"}", NULL, NULL},
        {"tags", "[\"a\\\"b\",\"c\\\\d\",\"{e,f}\",\"NULL\"]", "{\"a\\\"b\",\"c\\\\d\",\"{e,f}\",\"NULL\"}", NULL,
         NULL},
        {"tags", "[\"a\",\"a\"]", NULL, "duplicate", "must not hold \"a\" twice"},
        {"words", "[\"a\"]", "{\"a\"}", NULL, NULL},
        {"words", "[]", NULL, "too_few", "must hold at least 1 texts, not 0"},
        {"tags", "[\"\"]", NULL, "too_long", "must hold texts of 1 to 200 characters"},
        {"tags", "[1]", NULL, "wrong_type", "must be a list of texts"},
        {"tags", "[null]", NULL, "wrong_type", "must be a list of texts"},
        {"tags", "[[\"a\"]]", NULL, "wrong_type", "must be a list of texts"},
        {"tags", "\"a\"", NULL, "wrong_type", "must be a list of texts"},
        {"tags", "{}", NULL, "wrong_type", "must be a list of texts"},
    };
    check_all(*state, rows, ARRAY_LEN(rows), true);
}

#define PART "0193a5e0-7c2b-7d3e-9f10-00000000000"

static void test_references(void **state) {
    static const struct row rows[] = {
        {"parts", "[]", "{}", NULL, NULL},
        {"parts", "[\"" PART "2\",\"" PART "1\"]", "{" PART "2," PART "1}", NULL, NULL}, /* in that order */
        {"parts", "[\"0193A5E0-7C2B-7D3E-9F10-00000000000B\"]", "{" PART "b}", NULL, NULL},
        {"parts", "[\"0193A5E0-7C2B-7D3E-9F10-00000000000B\",\"" PART "b\"]", NULL, "duplicate",
         "must not hold \"" PART "b\" twice"},
        {"parts", "[\"" PART "1\",\"" PART "2\",\"" PART "3\"]", NULL, "too_many", "must hold at most 2 ids, not 3"},
        {"parts", "[\"1\"]", NULL, "invalid_format",
         "must hold ids of rows, such as \"0193a5e0-7c2b-7d3e-9f10-2b6c4d8e1a55\""},
        {"parts", "[\"" PART "1,\"]", NULL, "invalid_format",
         "must hold ids of rows, such as \"0193a5e0-7c2b-7d3e-9f10-2b6c4d8e1a55\""},
        {"parts", "[1]", NULL, "wrong_type", "must be a list of ids of rows"},
        {"parts", "[null]", NULL, "wrong_type", "must be a list of ids of rows"},
        {"parts", "\"" PART "1\"", NULL, "wrong_type", "must be a list of ids of rows"},
        {"parts", "{}", NULL, "wrong_type", "must be a list of ids of rows"},
        {"parts", "null", NULL, "null", "must not be null"},
    };
    check_all(*state, rows, ARRAY_LEN(rows), true);
    check(*state, &(struct row){"parts", PART "1", NULL, "wrong_type", "cannot be given as text"}, false);
}

/* As many as the field says, or 50; each as long as 200 characters, of however many bytes. */
static void test_bounds_of_tags(void **state) {
    struct str list, longest, longer;
    str_init(&list, *state, 1024);
    str_puts(&list, "[\"0\"");
    for (int i = 1; i <= 60; i++) {
        str_printf(&list, ",\"%d\"", i);
    }
    str_putc(&list, ']');
    const char *json = str_done(&list).ptr;
    check(*state, &(struct row){"tags", json, NULL, "too_many", "must hold at most 50 texts, not 61"}, true);
    check(*state, &(struct row){"words", json, NULL, "too_many", "must hold at most 60 texts, not 61"}, true);
    str_init(&longest, *state, 1024);
    str_init(&longer, *state, 1024);
    for (int i = 0; i < 200; i++) {
        str_puts(&longest, "\xc3\xa9");
    }
    str_printf(&longer, "[\"%s+\"]", str_done(&longest).ptr);
    const char *good = arena_printf(*state, "{\"%s\"}", str_done(&longest).ptr).ptr;
    json = arena_printf(*state, "[\"%s\"]", str_done(&longest).ptr).ptr;
    check(*state, &(struct row){"tags", json, good, NULL, NULL}, true);
    check(*state,
          &(struct row){"tags", str_done(&longer).ptr, NULL, "too_long", "must hold texts of 1 to 200 characters"},
          true);
}

static void test_null_only_where_it_is_declared(void **state) {
    struct arena *arena = *state;
    struct problem problem;
    alees_str text = STR_LIT("before");
    problem_init(&problem, arena);
    assert_ok(
        engine_value_json(arena, &problem, sample_field("since"), STR_LIT("/f"), sample_json(arena, "null"), &text));
    assert_absent(text);
    assert_err(
        engine_value_json(arena, &problem, sample_field("tags"), STR_LIT("/f"), sample_json(arena, "null"), &text),
        ALEES_E_INVALID);
}

static void test_texts_of_a_query(void **state) {
    static const struct row rows[] = {
        {"name", "a", "a", NULL, NULL},
        {"name", "12345678901", NULL, "too_long", "must be at most 10 characters, not 11"},
        {"name", "\xFF", NULL, "invalid_format", "must be valid UTF-8 without NUL"},
        {"size", "5", "5", NULL, NULL},
        {"size", "5x", NULL, "wrong_type", "must be a whole number from -9223372036854775808 to 9223372036854775807"},
        {"size", "9223372036854775808", NULL, "wrong_type",
         "must be a whole number from -9223372036854775808 to 9223372036854775807"},
        {"price", "12.50", "12.50", NULL, NULL},
        {"sold", "true", "true", NULL, NULL},
        {"sold", "1", NULL, "wrong_type", "must be true or false"},
        {"at", "2026-11-22T14:05:00+01:00", "2026-11-22T13:05:00.000000Z", NULL, NULL},
        {"tags", "a\"b", "{\"a\\\"b\"}", NULL, NULL},
        {"tags", "", NULL, "too_long", "must hold texts of 1 to 200 characters"},
        {"attributes", "{}", NULL, "wrong_type", "cannot be given as text"},
    };
    check_all(*state, rows, ARRAY_LEN(rows), false);
}

static void test_a_nul_is_refused(void **state) {
    struct arena *arena = *state;
    struct problem problem;
    alees_str text = {NULL, 0};
    problem_init(&problem, arena);
    assert_err(engine_value_text(arena, &problem, sample_field("secret"), STR_LIT("f"), (alees_str){"a\0b", 3}, &text),
               ALEES_E_INVALID);
}

/* Whatever allocation fails, the value is refused or right, never half. */
static void test_failing_allocation(void **state) {
    static const char *const rows[][2] = {{"size", "5"},
                                          {"price", "1.5"},
                                          {"at", "\"2026-11-22T14:05:00Z\""},
                                          {"key", "\"0193a5e0-7c2b-7d3e-9f10-2b6c4d8e1a55\""},
                                          {"tags", "[\"a\",\"b\"]"},
                                          {"parts", "[\"0193a5e0-7c2b-7d3e-9f10-2b6c4d8e1a55\"]"},
                                          {"attributes", "{\"a\":1}"}};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        for (uint32_t nth = 1; nth < 10; nth++) {
            struct arena *arena = test_arena();
            struct problem problem;
            alees_str text = {NULL, 0};
            const alees_json *value = sample_json(arena, rows[i][1]);
            problem_init(&problem, arena);
            arena_fail_after(arena, nth);
            alees_rc rc = engine_value_json(arena, &problem, sample_field(rows[i][0]), STR_LIT("/f"), value, &text);
            assert_true(rc == ALEES_OK || rc == ALEES_E_NOMEM);
            assert_int_equal(rc == ALEES_OK, text.ptr != NULL);
            arena_fail_after(arena, 0);
            arena_free(arena);
        }
    }
}

static void test_pointers_are_escaped(void **state) {
    assert_text(engine_value_pointer(*state, STR_LIT("a/b~c")), "/a~1b~0c");
}

static void test_quotes_are_short_and_whole_characters(void **state) {
    struct arena *arena = *state;
    assert_string_equal(engine_value_quote(arena, STR_LIT("abc")), "\"abc\"");
    assert_string_equal(engine_value_quote(arena, STR_LIT("\xFF")), "(not UTF-8)");
    assert_string_equal(engine_value_quote(arena, STR_LIT("123456789012345678901234567890123456789\xC3\xA4x")),
                        "\"123456789012345678901234567890123456789...\"");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        ARENA_TEST(test_texts),
        ARENA_TEST(test_unbounded_texts_have_a_bound),
        ARENA_TEST(test_numbers),
        ARENA_TEST(test_dates_and_times),
        ARENA_TEST(test_ids_and_choices),
        ARENA_TEST(test_objects_and_lists),
        ARENA_TEST(test_references),
        ARENA_TEST(test_bounds_of_tags),
        ARENA_TEST(test_null_only_where_it_is_declared),
        ARENA_TEST(test_texts_of_a_query),
        ARENA_TEST(test_a_nul_is_refused),
        cmocka_unit_test(test_failing_allocation),
        ARENA_TEST(test_pointers_are_escaped),
        ARENA_TEST(test_quotes_are_short_and_whole_characters),
    };
    jx_init();
    return cmocka_run_group_tests_name("engine_value", tests, NULL, NULL);
}
