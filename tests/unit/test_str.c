/* SPDX-License-Identifier: MIT
 * test_str.c - building text with an error that sticks; JSON escaping, UTF-8, numbers, the nearest name. */
#include "test.h"

#include <inttypes.h>
#include <stdio.h>

#include "alees/util.h"
#include "str.h"

static const char *json(struct arena *a, const char *bytes, size_t len) {
    struct str s;
    str_init(&s, a, 0);
    str_json(&s, (alees_str){bytes, len});
    alees_str done = str_done(&s);
    assert_non_null(done.ptr);
    assert_int_equal(strlen(done.ptr), done.len);
    return done.ptr;
}

static void test_appends(void **state) {
    struct str s;
    str_init(&s, *state, 4);
    str_puts(&s, "one");
    str_putc(&s, ' ');
    str_put(&s, "two...", 3);
    str_view(&s, STR_LIT(" three "));
    str_view(&s, (alees_str){NULL, 0});
    str_printf(&s, "%d-%s", 4, "five");
    assert_text(str_done(&s), "one two three 4-five");
    assert_text(str_done(&s), "one two three 4-five");
}

static void test_empty_is_not_absent(void **state) {
    struct str s;
    str_init(&s, *state, 0);
    assert_text(str_done(&s), "");
}

static void test_numbers(void **state) {
    struct str s;
    str_init(&s, *state, 0);
    str_u64(&s, 0);
    str_putc(&s, ' ');
    str_u64(&s, UINT64_MAX);
    str_putc(&s, ' ');
    str_i64(&s, INT64_MIN);
    str_putc(&s, ' ');
    str_i64(&s, INT64_MAX);
    str_putc(&s, ' ');
    str_i64(&s, -1);
    assert_text(str_done(&s), "0 18446744073709551615 -9223372036854775808 9223372036854775807 -1");
}

static void test_printf_of_every_length(void **state) {
    for (int width = 0; width < 400; width++) {
        struct str s;
        str_init(&s, *state, 8);
        str_puts(&s, "ab");
        str_printf(&s, "%*s|", width, "");
        str_putc(&s, '!');
        alees_str done = str_done(&s);
        assert_int_equal(done.len, (size_t)width + 4);
        assert_memory_equal(done.ptr + width + 2, "|!", 3);
    }
}

static void test_growing_keeps_the_text(void **state) {
    struct str s, other;
    str_init(&s, *state, 0);
    str_init(&other, *state, 0);
    for (int i = 0; i < 20000; i++) { /* two that grow in turn: neither is always the last block */
        str_printf(&s, "%05d", i);
        str_putc(&other, 'x');
    }
    alees_str done = str_done(&s);
    assert_int_equal(done.len, 100000);
    for (int i = 0; i < 20000; i++) {
        char expected[8];
        snprintf(expected, sizeof expected, "%05d", i);
        assert_memory_equal(done.ptr + (size_t)i * 5, expected, 5);
    }
}

static void test_failure_sticks(void **state) {
    (void)state;
    struct arena *a = arena_new(256);
    struct str s;
    str_init(&s, a, 0);
    for (int i = 0; i < 100; i++) {
        str_puts(&s, "0123456789");
    }
    assert_true(s.failed);
    size_t len = s.len;
    str_puts(&s, "");
    str_putc(&s, 'x');
    str_u64(&s, 1);
    str_printf(&s, "%d", 1);
    str_json(&s, STR_LIT("x"));
    str_ident(&s, "x");
    assert_int_equal(s.len, len);
    alees_str done = str_done(&s);
    assert_absent(done);
    assert_int_equal(done.len, 0);
    arena_free(a);
}

static void test_every_failing_allocation(void **state) {
    (void)state;
    for (uint32_t nth = 1;; nth++) {
        struct arena *a = test_arena();
        arena_fail_after(a, nth);
        struct str s;
        str_init(&s, a, 16);
        for (int i = 0; i < 50; i++) {
            str_json(&s, STR_LIT("line\nfeed"));
            str_printf(&s, "%0100d", i);
        }
        alees_str done = str_done(&s);
        bool is_whole = done.ptr != NULL;
        assert_int_equal(is_whole, !arena_is_exhausted(a));
        if (is_whole) {
            assert_int_equal(done.len, 50 * 112);
        }
        arena_free(a);
        if (is_whole) {
            assert_true(nth > 1);
            return;
        }
    }
}

static void test_fixed_buffer(void **state) {
    (void)state;
    char buffer[8];
    struct str s;
    str_init_fixed(&s, buffer, sizeof buffer);
    str_puts(&s, "1234567");
    assert_text(str_done(&s), "1234567");
    str_putc(&s, '8'); /* its place is the NUL's */
    assert_true(s.failed);
    assert_absent(str_done(&s));
    str_init_fixed(&s, buffer, sizeof buffer);
    str_printf(&s, "%s", "12345678");
    assert_absent(str_done(&s));
}

static void test_id(void **state) {
    struct str s;
    alees_id id;
    for (uint8_t i = 0; i < 16; i++) {
        id.bytes[i] = (uint8_t)(i * 17);
    }
    str_init(&s, *state, 0);
    str_id(&s, &id);
    assert_text(str_done(&s), "00112233-4455-6677-8899-aabbccddeeff");
}

static void test_json_escapes(void **state) {
    struct arena *a = *state;
    assert_string_equal(json(a, "", 0), "\"\"");
    assert_string_equal(json(a, "plain text, longer than eight", 29), "\"plain text, longer than eight\"");
    assert_string_equal(json(a, "\"\\/\b\f\n\r\t", 8), "\"\\\"\\\\/\\b\\f\\n\\r\\t\"");
    assert_string_equal(json(a, "a\0b\x1f\x7f", 5), "\"a\\u0000b\\u001f\x7f\"");
    assert_string_equal(json(a, "gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80", 15),
                        "\"gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80\"");
    struct str s;
    str_init(&s, a, 0);
    str_json(&s, (alees_str){NULL, 0});
    assert_text(str_done(&s), "null");
}

/* Each special byte at each place of the words that the fast path looks at. */
static void test_json_escapes_at_every_place(void **state) {
    struct arena *a = *state;
    for (unsigned c = 0; c < 0x80; c++) {
        for (size_t place = 0; place < 20; place++) {
            char text[20], expected[64], escape[8];
            memset(text, 'x', sizeof text);
            text[place] = (char)c;
            switch (c) {
            case '"': strcpy(escape, "\\\""); break;
            case '\\': strcpy(escape, "\\\\"); break;
            case '\b': strcpy(escape, "\\b"); break;
            case '\f': strcpy(escape, "\\f"); break;
            case '\n': strcpy(escape, "\\n"); break;
            case '\r': strcpy(escape, "\\r"); break;
            case '\t': strcpy(escape, "\\t"); break;
            default: snprintf(escape, sizeof escape, c < 0x20 ? "\\u%04x" : "%c", c); break;
            }
            snprintf(expected, sizeof expected, "\"%.*s%s%.*s\"", (int)place, "xxxxxxxxxxxxxxxxxxxx", escape,
                     (int)(19 - place), "xxxxxxxxxxxxxxxxxxxx");
            assert_string_equal(json(a, text, sizeof text), expected);
        }
        arena_reset(a);
    }
}

static void test_json_mends_what_is_not_utf8(void **state) {
    struct arena *a = *state;
    assert_string_equal(json(a, "a\xff", 2), "\"a\\ufffd\"");
    assert_string_equal(json(a, "\xc3", 1), "\"\\ufffd\"");
    assert_string_equal(json(a, "\xe2\x82x", 3), "\"\\ufffd\\ufffdx\"");
    assert_string_equal(json(a, "\xed\xa0\x80", 3), "\"\\ufffd\\ufffd\\ufffd\"");
}

static void test_ident(void **state) {
    struct str s;
    str_init(&s, *state, 0);
    str_ident(&s, "a\"b; drop");
    assert_text(str_done(&s), "\"a\"\"b; drop\"");
}

static void test_equality(void **state) {
    (void)state;
    assert_true(str_equal(STR_LIT("abc"), "abc"));
    assert_false(str_equal(STR_LIT("abc"), "abcd"));
    assert_false(str_equal(STR_LIT("abcd"), "abc"));
    assert_false(str_equal(STR_LIT("abC"), "abc"));
    assert_true(str_equal(STR_LIT(""), ""));
    assert_false(str_equal((alees_str){NULL, 0}, ""));
    assert_false(str_equal((alees_str){"a\0c", 3}, "a"));
    assert_true(str_equal_nocase(STR_LIT("Content-TYPE"), "content-type"));
    assert_false(str_equal_nocase(STR_LIT("Content-TYP"), "content-type"));
    assert_false(str_equal_nocase(STR_LIT("[bc"), "{bc")); /* 32 apart, but no letters */
    assert_false(str_equal_nocase((alees_str){NULL, 0}, ""));
    assert_true(str_starts(STR_LIT("Bearer x"), "Bearer "));
    assert_false(str_starts(STR_LIT("Bear"), "Bearer "));
    assert_true(str_starts(STR_LIT("x"), ""));
    assert_false(str_starts((alees_str){NULL, 0}, ""));
}

static void test_parse_i64(void **state) {
    (void)state;
    static const struct {
        const char *text;
        int64_t number;
    } good[] = {{"0", 0},
                {"-0", 0},
                {"7", 7},
                {"-12", -12},
                {"007", 7},
                {"9223372036854775807", INT64_MAX},
                {"-9223372036854775808", INT64_MIN}};
    static const char *const bad[] = {"",
                                      "-",
                                      "+1",
                                      " 1",
                                      "1 ",
                                      "1.0",
                                      "1e3",
                                      "0x10",
                                      "--1",
                                      "9223372036854775808",
                                      "-9223372036854775809",
                                      "99999999999999999999999999",
                                      "1\n",
                                      "\xd9\xa1"};
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        int64_t number = 99;
        assert_true(str_parse_i64(test_view(good[i].text), &number));
        assert_true(number == good[i].number);
    }
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        int64_t number = 99;
        if (str_parse_i64(test_view(bad[i]), &number) || number != 99) {
            fail_msg("\"%s\" was taken for %" PRId64, bad[i], number);
        }
    }
    int64_t number = 0;
    assert_false(str_parse_i64((alees_str){"1\0002", 3}, &number));
    assert_false(str_parse_i64((alees_str){NULL, 0}, &number));
}

static void test_utf8(void **state) {
    (void)state;
    static const char *const good[] = {"",
                                       "ascii",
                                       "12345678",
                                       "123456789",
                                       "\x7f",
                                       "\xc2\x80",
                                       "\xdf\xbf",
                                       "\xe0\xa0\x80",
                                       "\xed\x9f\xbf",
                                       "\xee\x80\x80",
                                       "\xef\xbf\xbf",
                                       "\xf0\x90\x80\x80",
                                       "\xf4\x8f\xbf\xbf",
                                       "1234567\xc3\xbc"};
    static const char *const bad[] = {"\x80",
                                      "\xbf",
                                      "\xc0\x80",
                                      "\xc1\xbf",
                                      "\xe0\x80\x80",
                                      "\xe0\x9f\xbf", /* overlong */
                                      "\xf0\x80\x80\x80",
                                      "\xf0\x8f\xbf\xbf",
                                      "\xed\xa0\x80",
                                      "\xed\xbf\xbf", /* surrogates */
                                      "\xf4\x90\x80\x80",
                                      "\xf5\x80\x80\x80",
                                      "\xff",
                                      "\xfe",
                                      "\xc3",
                                      "\xe2\x82",
                                      "\xf0\x9f\x98",
                                      "\xc3\x28",
                                      "\xe2\x28\xa1",
                                      "\xe2\x82\x28",
                                      "12345678\xff",
                                      "1234567\xff",
                                      "\xf0\x28\x8c\xbc"};
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        assert_true(str_is_utf8(test_view(good[i])));
    }
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        if (str_is_utf8(test_view(bad[i]))) {
            fail_msg("bad text %zu passed", i);
        }
    }
}

/* The bad byte at each place of the words that the fast path looks at. */
static void test_utf8_at_every_place(void **state) {
    (void)state;
    for (size_t place = 0; place < 20; place++) {
        char text[20];
        memset(text, 'x', sizeof text);
        text[place] = '\0';
        assert_false(str_is_utf8((alees_str){text, sizeof text}));
        text[place] = (char)0xc3;
        assert_false(str_is_utf8((alees_str){text, sizeof text}));
        text[place] = 'y';
        assert_true(str_is_utf8((alees_str){text, sizeof text}));
    }
    assert_int_equal(str_utf8_step((alees_str){"\0", 1}), 1);
    assert_int_equal(str_utf8_step(STR_LIT("")), 0);
    assert_int_equal(str_utf8_step(STR_LIT("\xf0\x9f\x98\x80z")), 4);
}

/* Every code point, encoded here by another way, is one character; every other pair of bytes is none. */
static void test_utf8_exhaustively(void **state) {
    (void)state;
    for (uint32_t code = 1; code <= 0x10ffff; code++) {
        char bytes[4];
        size_t len;
        if (code < 0x80) {
            bytes[0] = (char)code;
            len = 1;
        } else if (code < 0x800) {
            bytes[0] = (char)(0xc0 | code >> 6);
            len = 2;
        } else if (code < 0x10000) {
            bytes[0] = (char)(0xe0 | code >> 12);
            len = 3;
        } else {
            bytes[0] = (char)(0xf0 | code >> 18);
            len = 4;
        }
        for (size_t i = 1; i < len; i++) {
            bytes[i] = (char)(0x80 | (code >> (6 * (len - 1 - i)) & 0x3f));
        }
        bool is_surrogate = code >= 0xd800 && code < 0xe000;
        if (str_is_utf8((alees_str){bytes, len}) == is_surrogate || str_characters((alees_str){bytes, len}) != 1) {
            fail_msg("U+%04X", code);
        }
    }
    assert_int_equal(str_characters(STR_LIT("gr\xc3\xbc\xc3\x9f")), 4);
    assert_int_equal(str_characters(STR_LIT("")), 0);
}

static void test_nearest(void **state) {
    (void)state;
    struct named {
        const char *name;
        int more;
    };
    static const struct named names[] = {{"name", 1},       {"category", 2}, {"sku", 3},
                                         {"unit_price", 4}, {"status", 5},   {NULL, 6}};
    size_t count = ARRAY_LEN(names), stride = sizeof names[0];
    assert_string_equal(str_nearest(STR_LIT("nmae"), names, count, stride), "name");
    assert_string_equal(str_nearest(STR_LIT("Name"), names, count, stride), "name");
    assert_string_equal(str_nearest(STR_LIT("catagory"), names, count, stride), "category");
    assert_string_equal(str_nearest(STR_LIT("unitprice"), names, count, stride), "unit_price");
    assert_string_equal(str_nearest(STR_LIT("sk"), names, count, stride), "sku");
    assert_string_equal(str_nearest(STR_LIT("staus"), names, count, stride), "status");
    assert_null(str_nearest(STR_LIT("colour"), names, count, stride));
    assert_null(str_nearest(STR_LIT("x"), names, count, stride));
    assert_null(str_nearest(STR_LIT(""), names, count, stride));
    assert_null(str_nearest((alees_str){NULL, 0}, names, count, stride));
    assert_null(str_nearest(STR_LIT("name"), NULL, 0, stride));
    char endless[500];
    memset(endless, 'n', sizeof endless);
    assert_null(str_nearest((alees_str){endless, sizeof endless}, names, count, stride));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        ARENA_TEST(test_appends),
        ARENA_TEST(test_empty_is_not_absent),
        ARENA_TEST(test_numbers),
        ARENA_TEST(test_printf_of_every_length),
        ARENA_TEST(test_growing_keeps_the_text),
        cmocka_unit_test(test_failure_sticks),
        cmocka_unit_test(test_every_failing_allocation),
        cmocka_unit_test(test_fixed_buffer),
        ARENA_TEST(test_id),
        ARENA_TEST(test_json_escapes),
        ARENA_TEST(test_json_escapes_at_every_place),
        ARENA_TEST(test_json_mends_what_is_not_utf8),
        ARENA_TEST(test_ident),
        cmocka_unit_test(test_equality),
        cmocka_unit_test(test_parse_i64),
        cmocka_unit_test(test_utf8),
        cmocka_unit_test(test_utf8_at_every_place),
        cmocka_unit_test(test_utf8_exhaustively),
        cmocka_unit_test(test_nearest),
    };
    return cmocka_run_group_tests_name("str", tests, NULL, NULL);
}
