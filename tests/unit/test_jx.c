/* SPDX-License-Identifier: MIT
 * test_jx.c - what is parsed and what is refused, with which words; hostile texts; failing allocation. */
#include "test.h"

#include <stdio.h>

#include "jx.h"

static alees_rc parse(struct arena *a, alees_str text, alees_json **ret_value, alees_str *ret_detail) {
    struct problem p;
    problem_init(&p, a);
    alees_rc rc = jx_parse(a, &p, text, ret_value);
    assert_err(p.rc, rc);
    if (rc == ALEES_E_MALFORMED) {
        assert_string_equal(p.code, "malformed_json");
        assert_true(str_starts(p.detail, "line "));
    }
    *ret_detail = p.detail;
    return rc;
}

static alees_json *good(struct arena *a, const char *text) {
    alees_json *value = NULL;
    alees_str detail;
    alees_rc rc = parse(a, test_view(text), &value, &detail);
    if (rc != ALEES_OK) {
        fail_msg("%.60s: %.*s", text, STR_FMT(detail));
    }
    assert_non_null(value);
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

static void test_round_trip(void **state) {
    static const char *const texts[] = {"{}",
                                        "[]",
                                        "null",
                                        "true",
                                        "false",
                                        "0",
                                        "-1",
                                        "9223372036854775807",
                                        "-9223372036854775808",
                                        "0.5",
                                        "-0.0",
                                        "1.0",
                                        "1e+300",
                                        "1.5e-300",
                                        "0.1",
                                        "123456789012345.0",
                                        "0.123456789012345",
                                        "\"\"",
                                        "\"a\\n\\\"\\\\/\"",
                                        "{\"b\":1,\"a\":[1,2,{\"c\":null}],\"\":\"\"}",
                                        "\"gr\xc3\xbc\xc3\x9f \xf0\x9f\x98\x80\"",
                                        "[[],{},[[]]]"};
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        assert_string_equal(written(*state, good(*state, texts[i])), texts[i]);
    }
    assert_string_equal(written(*state, good(*state, " [ 1 , 2.50 ]\n")), "[1,2.5]");
    assert_string_equal(written(*state, good(*state, "[1e2, -0]")), "[100.0,0]");
    assert_string_equal(written(*state, good(*state, "\"\\u00fc\\ud83d\\ude00\\/\"")), "\"\xc3\xbc\xf0\x9f\x98\x80/\"");
    assert_string_equal(written(*state, NULL), "null");
}

static void test_questions(void **state) {
    const alees_json *v = good(*state, "{\"n\":null,\"t\":true,\"f\":false,\"i\":-7,\"r\":0.25,\"s\":\"x\",\"a\":[1,2],"
                                       "\"o\":{\"k\":1}}");
    int64_t number = 99;
    assert_int_equal(jx_kind(v), ALEES_JSON_OBJECT);
    assert_int_equal(jx_size(v), 8);
    assert_int_equal(jx_kind(jx_get(v, "n")), ALEES_JSON_NULL);
    assert_int_equal(jx_kind(jx_get(v, "t")), ALEES_JSON_BOOLEAN);
    assert_int_equal(jx_kind(jx_get(v, "f")), ALEES_JSON_BOOLEAN);
    assert_int_equal(jx_kind(jx_get(v, "i")), ALEES_JSON_INTEGER);
    assert_int_equal(jx_kind(jx_get(v, "r")), ALEES_JSON_REAL);
    assert_int_equal(jx_kind(jx_get(v, "s")), ALEES_JSON_STRING);
    assert_int_equal(jx_kind(jx_get(v, "a")), ALEES_JSON_ARRAY);
    assert_int_equal(jx_kind(jx_get(v, "o")), ALEES_JSON_OBJECT);
    assert_int_equal(jx_kind(jx_get(v, "nothing")), ALEES_JSON_ABSENT);
    assert_true(jx_is_true(jx_get(v, "t")));
    assert_false(jx_is_true(jx_get(v, "f")));
    assert_false(jx_is_true(jx_get(v, "i")));
    assert_ok(jx_integer(jx_get(v, "i"), &number));
    assert_true(number == -7);
    assert_err(jx_integer(jx_get(v, "r"), &number), ALEES_E_INVALID);
    assert_err(jx_integer(NULL, &number), ALEES_E_INVALID);
    assert_true(number == -7);
    assert_true(jx_real(jx_get(v, "r")) == 0.25);
    assert_true(jx_real(jx_get(v, "i")) == -7.0);
    assert_true(jx_real(jx_get(v, "s")) == 0.0);
    assert_text(jx_text(jx_get(v, "s")), "x");
    assert_absent(jx_text(jx_get(v, "i")));
    assert_absent(jx_text(NULL));
    assert_int_equal(jx_size(jx_get(v, "a")), 2);
    assert_int_equal(jx_size(jx_get(v, "s")), 0);
    assert_int_equal(jx_size(NULL), 0);
    assert_ok(jx_integer(jx_at(jx_get(v, "a"), 1), &number));
    assert_true(number == 2);
    assert_null(jx_at(jx_get(v, "a"), 2));
    assert_null(jx_at(jx_get(v, "a"), UINT32_MAX));
    assert_null(jx_at(v, 0));
    assert_null(jx_get(jx_get(v, "a"), "k"));
    assert_null(jx_get(NULL, "k"));
}

struct walk {
    char keys[64];
    int stop_after;
};

static bool note_key(void *data, alees_str key, const alees_json *value) {
    struct walk *w = data;
    strncat(w->keys, key.ptr, key.len);
    assert_non_null(value);
    return --w->stop_after != 0;
}

static void test_each_keeps_the_order(void **state) {
    const alees_json *v = good(*state, "{\"z\":1,\"y\":2,\"a\":3,\"m\":4}");
    struct walk all = {"", 0}, two = {"", 2}, none = {"", 0};
    jx_each(v, note_key, &all);
    assert_string_equal(all.keys, "zyam");
    jx_each(v, note_key, &two);
    assert_string_equal(two.keys, "zy");
    jx_each(NULL, note_key, &none);
    jx_each(good(*state, "[1]"), note_key, &none);
    assert_string_equal(none.keys, "");
}

struct refusal {
    const char *text, *detail; /* detail: how it starts; NULL: as jansson says it */
};

static void check_refusals(struct arena *a, const struct refusal *rows, size_t count) {
    for (size_t i = 0; i < count; i++) {
        alees_json *value = NULL;
        alees_str detail;
        alees_rc rc = parse(a, test_view(rows[i].text), &value, &detail);
        if (rc != ALEES_E_MALFORMED || value || (rows[i].detail && !str_starts(detail, rows[i].detail))) {
            fail_msg("%s gave %s: %.*s", rows[i].text, test_rc_name(rc), STR_FMT(detail));
        }
    }
}

static void test_bad_grammar(void **state) {
    static const struct refusal rows[] = {{"", NULL},
                                          {" ", NULL},
                                          {"{", NULL},
                                          {"[1,]", NULL},
                                          {"{\"a\":1,}", NULL},
                                          {"{\"a\"}", NULL},
                                          {"{a:1}", NULL},
                                          {"'a'", NULL},
                                          {"nul", NULL},
                                          {"True", NULL},
                                          {"1 2", NULL},
                                          {"{} x", NULL},
                                          {"[1]]", NULL},
                                          {"]", NULL},
                                          {"}}}", NULL},
                                          {"\"", NULL},
                                          {"\"\\", NULL},
                                          {"\"\\x\"", NULL},
                                          {"\"a\nb\"", NULL},
                                          {"01", NULL},
                                          {"1.", NULL},
                                          {".5", NULL},
                                          {"+1", NULL},
                                          {"-", NULL},
                                          {"1e", NULL},
                                          {"1e+", NULL},
                                          {"1-2", NULL},
                                          {"0x10", NULL},
                                          {"--1", NULL},
                                          {"NaN", NULL},
                                          {"Infinity", NULL},
                                          {"-Infinity", NULL},
                                          {"/* c */ 1", NULL},
                                          {"\xef\xbb\xbf{}", NULL},
                                          {"{\"a\":1 \"b\":2}", "line 1, column "},
                                          {"{\n\"a\" 1}", "line 2, column "}};
    check_refusals(*state, rows, ARRAY_LEN(rows));
}

static void test_bad_unicode(void **state) {
    static const struct refusal rows[] = {{"\"\\ud800\"", NULL},
                                          {"\"\\udc00\"", NULL},
                                          {"\"\\ud800\\u0041\"", NULL},
                                          {"\"\\ud800x\"", NULL},
                                          {"\"\\ude00\\ud83d\"", NULL},
                                          {"\"\\u12\"", NULL},
                                          {"\"\\u0000\"", NULL},
                                          {"{\"\\u0000\":1}", NULL},
                                          {"{\"a\\u0000b\":1}", NULL},
                                          {"\"\xff\"", "line 1, column 2: not UTF-8"},
                                          {"\"\xc0\x80\"", "line 1, column 2: not UTF-8"},
                                          {"\"\xe0\x80\xaf\"", "line 1, column 2: not UTF-8"},
                                          {"[\n\"\xc3\xbc\xed\xa0\x80\"]", "line 2, column 3: not UTF-8"},
                                          {"\"\xf4\x90\x80\x80\"", "line 1, column 2: not UTF-8"},
                                          {"\"\xc3", "line 1, column 2: not UTF-8"}};
    check_refusals(*state, rows, ARRAY_LEN(rows));
    static const alees_str with_nul[] = {{"\0", 1}, {"{}\0", 3}, {"\"a\0b\"", 5}, {"{\"a\0b\":1}", 9}, {"1\0002", 3}};
    for (size_t i = 0; i < ARRAY_LEN(with_nul); i++) {
        alees_json *value = NULL;
        alees_str detail;
        assert_err(parse(*state, with_nul[i], &value, &detail), ALEES_E_MALFORMED);
        assert_non_null(strstr(detail.ptr, "a NUL byte"));
    }
}

static void test_duplicate_keys(void **state) {
    static const struct refusal rows[] = {{"{\"a\":1,\"a\":2}", "line 1, column 10: duplicate object key"},
                                          {"{\"a\":1,\"\\u0061\":2}", NULL},
                                          {"[{\"x\":{\"\":1,\"b\":2,\"\":3}}]", NULL}};
    check_refusals(*state, rows, ARRAY_LEN(rows));
    good(*state, "{\"a\":{\"a\":1},\"A\":2}");
}

static void test_numbers(void **state) {
    static const char integer[] = "line 1, column 1: an integer of more than 64 bits";
    static const char digits[] = "line 1, column 1: a number of more than 15 significant digits";
    static const char range[] = "line 1, column 1: a number out of the range of a double";
    static const struct refusal rows[] = {{"9223372036854775808", integer},
                                          {"-9223372036854775809", integer},
                                          {"100000000000000000000000000000", integer},
                                          {"0.1234567890123456", digits},
                                          {"1234567890123456.0", digits},
                                          {"-12345678.123456789", digits},
                                          {"9007199254740993.0", digits},
                                          {"1.234567890123456e5", digits},
                                          {"1e309", range},
                                          {"-1e309", range},
                                          {"1e-308", range},
                                          {"1e999999999999999999999", range},
                                          {"1e-999999999999999999999", range},
                                          {"0.0001e312", NULL},
                                          {"1.8e308", NULL}};
    check_refusals(*state, rows, ARRAY_LEN(rows) - 2);
    check_refusals(*state, rows + ARRAY_LEN(rows) - 1, 1); /* jansson sees that it is too large */
    good(*state, "0.0001e312");
    good(*state, "1.7e308");
    good(*state, "1e-307");
    good(*state, "0e999999999999999999999");
    good(*state, "0.0");
    assert_true(jx_real(good(*state, "0.000000000000000000000012345")) == 1.2345e-23);
    assert_true(jx_real(good(*state, "1.50000000000000000000000")) == 1.5); /* zeros lose nothing */
    assert_true(jx_real(good(*state, "1000000000000000000000000.0")) == 1e24);
    static const struct refusal second[] = {{"{\"a\":\"123456789012345678901234567890\",\n\"b\": 0.1234567890123456}",
                                             "line 2, column 6: a number of more than 15 significant digits"}};
    check_refusals(*state, second, 1); /* digits within a string are no number */
    char text[300];
    memset(text, '1', sizeof text);
    text[1] = '.';
    text[200] = '\0';
    const struct refusal endless = {text, "line 1, column 1: a number of more than 128 characters"};
    check_refusals(*state, &endless, 1);
}

/* Every real number of up to 15 digits comes out with the digits that went in. */
static void test_no_digit_is_lost(void **state) {
    uint64_t random = 88172645463325252u;
    for (int i = 0; i < 20000; i++) {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        int decimals = (int)(random % 15);
        char text[64], back[64];
        snprintf(text, sizeof text, "%.*f", decimals, (double)(random >> 14) / 1e13); /* some have too many digits */
        alees_json *value = NULL;
        alees_str detail;
        if (!strchr(text, '.') || parse(*state, test_view(text), &value, &detail) != ALEES_OK) {
            continue;
        }
        snprintf(back, sizeof back, "%.*f", decimals, jx_real(value));
        assert_string_equal(back, text);
        if (i % 1000 == 0) {
            arena_reset(*state);
        }
    }
}

static char *nested(size_t depth, const char *open, const char *close) {
    size_t size = depth * (strlen(open) + strlen(close)) + 2;
    char *text = calloc(1, size), *at = text;
    assert_non_null(text);
    for (size_t i = 0; i < depth; i++) {
        at = stpcpy(at, open);
    }
    at = stpcpy(at, "0");
    for (size_t i = 0; i < depth; i++) {
        at = stpcpy(at, close);
    }
    return text;
}

static void test_depth(void **state) {
    static const size_t depths[] = {JX_MAX_DEPTH, JX_MAX_DEPTH + 1, 10000, 1000000};
    for (size_t i = 0; i < ARRAY_LEN(depths); i++) {
        char *arrays = nested(depths[i], "[", "]"), *objects = nested(depths[i], "{\"a\":", "}");
        if (depths[i] <= JX_MAX_DEPTH) {
            assert_string_equal(written(*state, good(*state, arrays)), arrays);
            assert_string_equal(written(*state, good(*state, objects)), objects);
        } else {
            const struct refusal rows[] = {{arrays, "line 1, column 33: nested more than 32 deep"},
                                           {objects, "line 1, column 161: nested more than 32 deep"}};
            check_refusals(*state, rows, 2);
        }
        free(arrays);
        free(objects);
    }
    good(*state, "\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\\\"[[[[[[[[\"");
    const struct refusal open_only = {"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
                                      "line 1, column 33: nested"};
    check_refusals(*state, &open_only, 1);
}

/* A small body may stand for a large tree; the arena's limit is the bound. */
static void test_memory_is_bounded(void **state) {
    (void)state;
    size_t count = 32000;
    char *text = malloc(count * 3 + 2), *at = text;
    assert_non_null(text);
    *at++ = '[';
    for (size_t i = 0; i < count; i++) {
        at = stpcpy(at, i ? ",{}" : "{}");
    }
    *at++ = ']';
    struct arena *a = arena_new(1024 * 1024);
    struct problem p;
    alees_json *value = NULL;
    problem_init(&p, a);
    assert_err(jx_parse(a, &p, (alees_str){text, (size_t)(at - text)}, &value), ALEES_E_NOMEM);
    assert_null(value);
    assert_int_equal(p.status, 503);
    assert_true(arena_used(a) <= 1024 * 1024);
    arena_free(a);
    free(text);
}

/* Brackets and commas are counted: each may stand for a value, and a value costs a hundred times its text. */
static void test_too_many_values(void **state) {
    static char text[2 * 65536 + 16];
    alees_json *value = NULL;
    alees_str detail;
    for (size_t count = 65536; count <= 65537; count++) {
        size_t at = 0;
        text[at++] = '[';
        for (size_t i = 1; i < count; i++) {
            text[at++] = '1';
            text[at++] = ',';
        }
        text[at++] = '1';
        text[at++] = ']';
        const alees_str view = {text, at};
        if (count == 65536) {
            assert_ok(parse(*state, view, &value, &detail));
            assert_int_equal(jx_size(value), count);
        } else {
            assert_err(parse(*state, view, &value, &detail), ALEES_E_MALFORMED);
            assert_text(detail, "line 1, column 131073: more than 65536 values");
        }
    }
}

static void test_many_keys(void **state) {
    struct str s;
    str_init(&s, *state, 0);
    for (int i = 0; i < 50000; i++) {
        str_printf(&s, "%s\"key%d\":%d", i ? "," : "{", i, i);
    }
    str_putc(&s, '}');
    alees_json *value = NULL;
    alees_str detail, text = str_done(&s);
    assert_ok(parse(*state, text, &value, &detail));
    int64_t number = 0;
    assert_ok(jx_integer(jx_get(value, "key49999"), &number));
    assert_true(number == 49999);
}

static const char sweep_text[] =
    "{\"name\":\"a longer text so that buffers grow and grow and grow\",\"list\":[1,2.5,true,"
    "null,{\"k\":\"v\"},\"\\u00fc\"],\"a\":1,\"b\":2,\"c\":3,\"d\":4,\"e\":5,\"f\":6,\"g\":7}";

static void test_every_failing_allocation_of_parse(void **state) {
    (void)state;
    for (uint32_t nth = 1;; nth++) {
        struct arena *a = test_arena();
        struct problem p;
        alees_json *value = NULL;
        problem_init(&p, a);
        arena_fail_after(a, nth);
        alees_rc rc = jx_parse(a, &p, STR_LIT(sweep_text), &value);
        if (rc != ALEES_OK) {
            assert_err(rc, ALEES_E_NOMEM);
            assert_null(value);
            assert_int_equal(p.status, 503);
            arena_fail_after(a, 0); /* afterwards the thread serves the next request */
            arena_reset(a);
            problem_init(&p, a);
            assert_ok(jx_parse(a, &p, STR_LIT(sweep_text), &value));
        }
        assert_int_equal(jx_size(value), 9);
        arena_free(a);
        if (rc == ALEES_OK) {
            assert_true(nth > 20);
            return;
        }
    }
}

/* Once the memory is gone it stays gone: jansson 2.14, left to itself, would lose the quote at the end of a string and go
 * on reading and writing behind its buffers. */
static void test_every_limit_of_parse(void **state) {
    enum { LONG = 20000 };
    static char text[LONG + 64];
    (void)state;
    size_t at = (size_t)snprintf(text, sizeof text, "{\"a\":[{},{},[],1.5],\"b\":\"");
    memset(text + at, 'x', LONG);
    memcpy(text + at + LONG, "\"}", 3);
    for (size_t limit = 16; limit < (size_t)256 * 1024; limit += limit < 4096 ? 16 : 1008) {
        struct arena *a = arena_new(limit);
        struct problem p;
        alees_json *value = NULL;
        assert_non_null(a);
        problem_init(&p, a);
        alees_rc rc = jx_parse(a, &p, test_view(text), &value);
        if (rc == ALEES_OK) {
            assert_int_equal(jx_text(jx_get(value, "b")).len, LONG);
        } else {
            assert_err(rc, ALEES_E_NOMEM);
        }
        arena_free(a);
    }
}

int main(void) {
    jx_init();
    const struct CMUnitTest tests[] = {
        ARENA_TEST(test_round_trip),
        ARENA_TEST(test_questions),
        ARENA_TEST(test_each_keeps_the_order),
        ARENA_TEST(test_bad_grammar),
        ARENA_TEST(test_bad_unicode),
        ARENA_TEST(test_duplicate_keys),
        ARENA_TEST(test_numbers),
        ARENA_TEST(test_no_digit_is_lost),
        ARENA_TEST(test_depth),
        cmocka_unit_test(test_memory_is_bounded),
        ARENA_TEST(test_too_many_values),
        ARENA_TEST(test_many_keys),
        cmocka_unit_test(test_every_failing_allocation_of_parse),
        cmocka_unit_test(test_every_limit_of_parse),
    };
    return cmocka_run_group_tests_name("jx", tests, NULL, NULL);
}
