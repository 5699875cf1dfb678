/* SPDX-License-Identifier: MIT
 * test_engine_row.c - what PostgreSQL says in text becomes JSON, type by type; entity tags. */
#include "test.h"

#include "sample.h"

static void check(struct arena *arena, uint32_t type, const char *text, const char *json) {
    struct str out;
    str_init(&out, arena, 16);
    engine_row_value(&out, type, test_view(text));
    assert_text(str_done(&out), json);
}

static void test_values(void **state) {
    static const struct {
        uint32_t type;
        const char *text, *json;
    } rows[] = {
        {ALEES_TEXT, "", "\"\""},
        {ALEES_TEXT, "a\"b\\c\nd\x01", "\"a\\\"b\\\\c\\nd\\u0001\""},
        {ALEES_TEXT, "\xC3\xA4</script>", "\"\xC3\xA4</script>\""},
        {ALEES_TEXT, NULL, "null"},
        {ALEES_CHOICE, "draft", "\"draft\""},
        {ALEES_CHOICE, "dr\"aft", "\"dr\\\"aft\""},
        {ALEES_BOOLEAN, "t", "true"},
        {ALEES_BOOLEAN, "f", "false"},
        {ALEES_BOOLEAN, NULL, "null"},
        {ALEES_INTEGER, "-9223372036854775808", "-9223372036854775808"},
        {ALEES_INTEGER, NULL, "null"},
        {ALEES_DECIMAL, "12.50", "\"12.50\""},
        {ALEES_DECIMAL, "NaN", "\"NaN\""},
        {ALEES_DATE, "2026-11-22", "\"2026-11-22\""},
        {ALEES_DATE, "0044-03-15 BC", "\"0044-03-15 BC\""},
        {ALEES_TIMESTAMP, "2026-11-22 14:05:00+00", "\"2026-11-22T14:05:00.000000Z\""},
        {ALEES_TIMESTAMP, "2026-11-22 14:05:00.1+00", "\"2026-11-22T14:05:00.100000Z\""},
        {ALEES_TIMESTAMP, "2026-11-22 14:05:00.000001+00", "\"2026-11-22T14:05:00.000001Z\""},
        {ALEES_TIMESTAMP, "infinity", "\"infinity\""},
        {ALEES_TIMESTAMP, "2026-11-22 14:05:00+01", "\"2026-11-22 14:05:00+01\""},
        {ALEES_TIMESTAMP, NULL, "null"},
        {ALEES_UUID, "0193a5e0-7c2b-7d3e-9f10-2b6c4d8e1a55", "\"0193a5e0-7c2b-7d3e-9f10-2b6c4d8e1a55\""},
        {ALEES_REFERENCE, NULL, "null"},
        {ALEES_JSON, "{\"a\": [1, null]}", "{\"a\": [1, null]}"},
        {ALEES_JSON, NULL, "null"},
        {ALEES_TAGS, "{}", "[]"},
        {ALEES_TAGS, "{a}", "[\"a\"]"},
        {ALEES_TAGS, "{a,b c,\"d,e\"}", "[\"a\",\"b c\",\"d,e\"]"},
        {ALEES_TAGS, "{\"\",\"x\"}", "[\"\",\"x\"]"},
        {ALEES_TAGS, "{\"a\\\"b\",\"c\\\\d\",\"{}\"}", "[\"a\\\"b\",\"c\\\\d\",\"{}\"]"},
        {ALEES_TAGS, "{NULL,\"NULL\"}", "[null,\"NULL\"]"},
        {ALEES_TAGS, NULL, "null"},
        {ALEES_TAGS, "{\"a", "[\"a\"]"}, /* not from PostgreSQL; must end all the same */
        {ALEES_TAGS, "{", "[]"},
        {ALEES_TAGS, "", "[]"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        check(*state, rows[i].type, rows[i].text, rows[i].json);
    }
}

/* An escaped quote on each side of the edge of the buffer; it is written the same way in both syntaxes. */
static void test_a_tag_longer_than_the_buffer(void **state) {
    for (int at = 250; at < 260; at++) {
        struct str text, json;
        str_init(&text, *state, 16);
        str_init(&json, *state, 16);
        str_puts(&text, "{\"");
        str_puts(&json, "[\"");
        for (int i = 0; i < 600; i++) {
            str_puts(&text, i == at ? "\\\"" : "x");
            str_puts(&json, i == at ? "\\\"" : "x");
        }
        str_puts(&text, "\"}");
        str_puts(&json, "\"]");
        check(*state, ALEES_TAGS, str_done(&text).ptr, str_done(&json).ptr);
    }
}

static void test_members_stand_in_their_order(void **state) {
    struct resource *r = sample_resource(*state, ALEES_SCOPE_ORGANIZATION);
    const struct engine_view *s = &r->shapes->all;
    assert_int_equal(s->column_count, r->field_count - 1); /* all but the secret */
    assert_text(s->columns[0].key, ",\"id\":");
    assert_text(s->columns[1].key, ",\"organization\":");
    assert_text(s->columns[2].key, ",\"name\":");
    assert_text(s->columns[s->column_count - 1].key, ",\"updated_by\":");
    for (uint32_t i = 0; i < r->field_count; i++) {
        bool is_secret = (r->fields[i].decl->flags & ALEES_WRITE_ONLY) != 0;
        assert_int_equal(s->places[i] == UINT32_MAX, is_secret);
        if (!is_secret) {
            assert_ptr_equal(s->columns[s->places[i]].field, &r->fields[i]);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        ARENA_TEST(test_values),
        ARENA_TEST(test_a_tag_longer_than_the_buffer),
        ARENA_TEST(test_members_stand_in_their_order),
    };
    jx_init();
    return cmocka_run_group_tests_name("engine_row", tests, NULL, NULL);
}
