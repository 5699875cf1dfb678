/* SPDX-License-Identifier: MIT
 * test_csv.c - records: whatever is written is read again, however it is cut; what is not CSV is refused. */
#include "test.h"

#include <stdio.h>
#include <stdlib.h>

#include "alees/util.h"
#include "csv.h"

static struct arena *arena;

/* "cell|cell\n" for each record, "<fault>" at a failure; pieces of so many bytes. Quoted cells are marked with ". */
static const char *read_all(const char *text, size_t len, size_t step, bool is_lines, size_t longest) {
    struct csv *c = csv_open(is_lines, longest);
    struct str out;
    enum csv_result result = CSV_MORE;
    assert_non_null(c);
    str_init(&out, arena, 256);
    for (size_t at = 0; at <= len && (result == CSV_MORE || result == CSV_RECORD);) {
        alees_str piece = {text + at, len - at < step ? len - at : step};
        bool is_last = piece.len == 0;
        at += piece.len;
        do {
            result = is_last ? csv_finish(c) : csv_read(c, &piece);
            if (result == CSV_RECORD) {
                uint32_t count;
                const struct csv_cell *cells = csv_cells(c, &count);
                str_printf(&out, "%u:", (unsigned)csv_line(c));
                for (uint32_t i = 0; i < count; i++) {
                    str_puts(&out, i > 0 ? "|" : "");
                    str_puts(&out, cells[i].is_quoted ? "\"" : "");
                    str_view(&out, cells[i].text);
                    assert_int_equal(cells[i].text.ptr[cells[i].text.len], '\0');
                }
                str_putc(&out, '\n');
            }
        } while (result == CSV_RECORD);
        if (is_last) {
            break;
        }
    }
    if (result != CSV_MORE) {
        str_printf(&out, "<%s>", csv_fault(c));
        alees_str more = STR_LIT("x,y\n");
        assert_int_equal(csv_read(c, &more), result);
        assert_int_equal(csv_finish(c), result);
    }
    csv_close(c);
    return str_done(&out).ptr;
}

static void check(const char *text, const char *expected) {
    for (size_t step = 1; step < 12; step++) {
        assert_string_equal(read_all(text, strlen(text), step, false, 1000), expected);
    }
}

static void test_records(void **state) {
    (void)state;
    check("", "");
    check("\n\r\n\n", "");
    check("a", "1:a\n");
    check("a,b\nc,d\n", "1:a|b\n2:c|d\n");
    check("a,b\r\nc,d", "1:a|b\n2:c|d\n");
    check("\na\n\nb\n", "2:a\n4:b\n");
    check(",\n,,\n", "1:|\n2:||\n");
    check("a,\n", "1:a|\n");
    check("\"a,\"\"b\"\"\nc\",d\n\"\",\n", "1:\"a,\"b\"\nc|d\n3:\"|\n");
    check("\"\"\n", "1:\"\n");
    check(" a , b \n", "1: a | b \n");
    check("it's,100%\n", "1:it's|100%\n");
}

static void test_byte_order_mark(void **state) {
    (void)state;
    check("\xef\xbb\xbf"
          "a,b\n",
          "1:a|b\n");
    check("\xef\xbb\xbf\"a\",b\n", "1:\"a|b\n");
    check("\xef\xbb\xbf", "");
    check("\xef\xbb", "1:\xef\xbb\n");
    check("\xef\xbc\x8c,b\n", "1:\xef\xbc\x8c|b\n");
    check("a\n\xef\xbb\xbf"
          "b\n",
          "1:a\n2:\xef\xbb\xbf"
          "b\n"); /* at the very start only */
}

static void test_what_is_not_csv(void **state) {
    (void)state;
    check("a\"b\n", "<a quote stands within a cell that is not quoted>");
    check("a,b\n\"a\"b\n", "1:a|b\n<something stands behind a quoted cell>");
    check("a\n\"a\nb\nc", "1:a\n<a quoted cell has no end>");
    check("a\rb\n", "<a CR stands alone; lines end in LF or CR LF>");
    check("\"a\"\r,b\n", "<a CR stands alone; lines end in LF or CR LF>");
}

static void test_lines(void **state) {
    (void)state;
    for (size_t step = 1; step < 12; step++) {
        const char text[] = "{\"a\":1,\"b\":2}\r\n\n[\"x\"]\n3";
        assert_string_equal(read_all(text, sizeof text - 1, step, true, 1000), "1:{\"a\":1,\"b\":2}\n3:[\"x\"]\n4:3\n");
    }
}

static void test_bounds(void **state) {
    char text[5000];
    (void)state;
    memset(text, 'x', sizeof text);
    assert_string_equal(read_all(text, sizeof text, 100, false, 999), "<it is too long>");
    text[0] = '"';
    assert_string_equal(read_all(text, sizeof text, 100, false, 999), "<it is too long>");
    memset(text, ',', sizeof text);
    assert_string_equal(read_all(text, sizeof text, 100, false, 99999), "<it has too many cells>");
    text[CSV_MAX_CELLS - 1] = '\n';
    assert_int_equal(strncmp(read_all(text, CSV_MAX_CELLS, 100, false, 99999), "1:|||", 5), 0);
}

static const char *written(const char *text, bool is_text) {
    struct str out;
    str_init(&out, arena, 16);
    csv_put(&out, alees_text(text), is_text, true);
    return str_done(&out).ptr;
}

static void test_writing(void **state) {
    (void)state;
    assert_string_equal(written("a b", true), "a b");
    assert_string_equal(written("a,b", true), "\"a,b\"");
    assert_string_equal(written("say \"x\"", true), "\"say \"\"x\"\"\"");
    assert_string_equal(written("a\nb", true), "\"a\nb\"");
    assert_string_equal(written("", true), "\"\"");
    assert_string_equal(written(NULL, true), "");
    assert_string_equal(written("-5", false), "-5");
    assert_string_equal(written("-5", true), "'-5");
    assert_string_equal(written("=1+1", true), "'=1+1");
    assert_string_equal(written("@x", true), "'@x");
    assert_string_equal(written("+x", true), "'+x");
    assert_string_equal(written("\tx", true), "'\tx");
    assert_string_equal(written("\rx", true), "\"'\rx\"");
    assert_string_equal(written("=a,b", true), "\"'=a,b\"");
    assert_string_equal(written("'=x", true), "''=x");
    assert_string_equal(written("'x", true), "'x");
    assert_string_equal(written("a=b", true), "a=b");
}

/* Whatever is written is read as it was. */
static void test_round_trip(void **state) {
    static const char letters[] = "a=+-@'\",\r\n\t \xc3\xa4";
    (void)state;
    srand(7);
    for (int round = 0; round < 3000; round++) {
        struct str out;
        alees_str cells[8], piece;
        struct csv *c = csv_open(false, 100000);
        uint32_t count = 1 + (uint32_t)rand() % 8, read;
        enum csv_result result = CSV_MORE;
        str_init(&out, arena, 256);
        for (uint32_t i = 0; i < count; i++) {
            char text[8];
            size_t len = (size_t)rand() % sizeof text;
            for (size_t k = 0; k < len; k++) {
                text[k] = letters[(size_t)rand() % (sizeof letters - 1)];
            }
            cells[i] = rand() % 9 == 0 && count > 1 ? (alees_str){NULL, 0} : arena_str(arena, (alees_str){text, len});
            csv_put(&out, cells[i], true, i == 0);
        }
        csv_end(&out);
        piece = str_done(&out);
        for (size_t at = 0, len = piece.len; at < len && result == CSV_MORE; at++) {
            alees_str byte = {piece.ptr + at, 1};
            result = csv_read(c, &byte);
        }
        assert_int_equal(result, CSV_RECORD);
        const struct csv_cell *got = csv_cells(c, &read);
        assert_int_equal(read, count);
        for (uint32_t i = 0; i < count; i++) {
            alees_str plain = csv_plain(got[i].text);
            assert_true(plain.len == cells[i].len &&
                        memcmp(plain.ptr, cells[i].ptr ? cells[i].ptr : "", plain.len) == 0);
            assert_int_equal(!got[i].is_quoted && got[i].text.len == 0, cells[i].ptr == NULL);
        }
        csv_close(c);
        if (round % 100 == 0) {
            arena_reset(arena);
        }
    }
}

static int setup(void **state) {
    (void)state;
    arena = test_arena();
    return 0;
}

static int teardown(void **state) {
    (void)state;
    arena_free(arena);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_records),         cmocka_unit_test(test_byte_order_mark),
        cmocka_unit_test(test_what_is_not_csv), cmocka_unit_test(test_lines),
        cmocka_unit_test(test_bounds),          cmocka_unit_test(test_writing),
        cmocka_unit_test(test_round_trip),
    };
    return cmocka_run_group_tests_name("csv", tests, setup, teardown);
}
