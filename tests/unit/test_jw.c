/* SPDX-License-Identifier: MIT
 * test_jw.c - JSON text that is written from beginning to end: nesting, escapes, line breaks. */
#include "test.h"

#include "jw.h"
#include "jx.h"

static void begin(struct jw *w, struct str *out, struct arena *arena, uint32_t lines) {
    str_init(out, arena, 16);
    jw_init(w, out);
    w->lines = lines;
}

static void put_some(struct jw *w) {
    jw_object(w, NULL);
    jw_words(w, "name", "bolt");
    jw_array(w, "sizes");
    jw_integer(w, NULL, -8);
    jw_object(w, NULL);
    jw_end(w);
    jw_array(w, NULL);
    jw_end(w);
    jw_boolean(w, NULL, false);
    jw_end(w);
    jw_object(w, "of");
    jw_json(w, "any", "[1.50,null]");
    jw_text(w, "none", (alees_str){NULL, 0});
    jw_end(w);
    jw_printf(w, "path", "/%s/%d", "things", 7);
    jw_end(w);
}

static void test_nesting(void **state) {
    struct jw w;
    struct str out;
    begin(&w, &out, *state, 0);
    put_some(&w);
    assert_text(str_done(&out),
                "{\"name\":\"bolt\",\"sizes\":[-8,{},[],false],\"of\":{\"any\":[1.50,null],\"none\":null},"
                "\"path\":\"/things/7\"}");
    assert_int_equal(w.depth, 0);
}

/* Members have lines of their own as deep as was asked; what is deeper, and what is empty, has none. */
static void test_lines(void **state) {
    struct jw w;
    struct str out;
    begin(&w, &out, *state, 1);
    put_some(&w);
    assert_text(str_done(&out), "{\n  \"name\": \"bolt\",\n  \"sizes\": [-8,{},[],false],\n"
                                "  \"of\": {\"any\": [1.50,null],\"none\": null},\n  \"path\": \"/things/7\"\n}\n");
    begin(&w, &out, *state, 2);
    put_some(&w);
    assert_text(str_done(&out),
                "{\n  \"name\": \"bolt\",\n  \"sizes\": [\n    -8,\n    {},\n    [],\n    false\n  ],\n"
                "  \"of\": {\n    \"any\": [1.50,null],\n    \"none\": null\n  },\n  \"path\": \"/things/7\"\n}\n");
}

static void test_escapes(void **state) {
    struct jw w;
    struct str out;
    struct problem problem;
    alees_json *value;
    begin(&w, &out, *state, 0);
    jw_object(&w, NULL);
    jw_words(&w, "a\"key\\", "line\nbreak \"and\" \\ \x01");
    jw_text(&w, "half", (alees_str){"\xc3", 1});
    jw_text(&w, "empty", (alees_str){"", 0});
    jw_end(&w);
    alees_str text = str_done(&out);
    problem_init(&problem, *state);
    assert_ok(jx_parse(*state, &problem, text, &value));
    assert_text(jx_text(jx_get(value, "a\"key\\")), "line\nbreak \"and\" \\ \x01");
    assert_text(jx_text(jx_get(value, "half")), "\xef\xbf\xbd");
    assert_text(jx_text(jx_get(value, "empty")), "");
}

/* A value alone, and as deep as can be. */
static void test_depth(void **state) {
    struct jw w;
    struct str out;
    begin(&w, &out, *state, 0);
    jw_integer(&w, NULL, INT64_MIN);
    assert_text(str_done(&out), "-9223372036854775808");
    begin(&w, &out, *state, 0);
    for (uint32_t i = 0; i < JW_MAX_DEPTH; i++) {
        jw_array(&w, NULL);
    }
    for (uint32_t i = 0; i < JW_MAX_DEPTH; i++) {
        jw_end(&w);
    }
    assert_int_equal(str_done(&out).len, 2 * JW_MAX_DEPTH);
}

/* Whether there was memory for it is told once, at the end. */
static void test_no_memory(void **state) {
    char few[8];
    struct jw w;
    struct str out;
    (void)state;
    str_init_fixed(&out, few, sizeof few);
    jw_init(&w, &out);
    put_some(&w);
    assert_absent(str_done(&out));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        ARENA_TEST(test_nesting), ARENA_TEST(test_lines),     ARENA_TEST(test_escapes),
        ARENA_TEST(test_depth),   ARENA_TEST(test_no_memory),
    };
    jx_init();
    return cmocka_run_group_tests_name("jw", tests, NULL, NULL);
}
