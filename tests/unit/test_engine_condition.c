/* SPDX-License-Identifier: MIT
 * test_engine_condition.c - If-Match and If-None-Match: lists, weak tags, *, several lines, and what cannot be read. */
#include "test.h"

#include "alees/util.h"
#include "engine_parts.h"

#define ID "0193a5e0-7c2b-7d3e-9f10-2b6c4d8e1a55"
#define TAG "\"" ID "-3\""
#define OTHER "\"0193a5e0-7c2b-7d3e-9f10-2b6c4d8e1a56-3\""

struct fixture {
    struct app app;
    struct arena *arena;
    alees_ctx *ctx;
    struct ctx_header headers[4];
    alees_id id;
};

static int setup(void **state) {
    static struct fixture f;
    memset(&f, 0, sizeof f);
    f.arena = test_arena();
    assert_ok(alees_id_parse(STR_LIT(ID), &f.id));
    *state = &f;
    return 0;
}

static int teardown(void **state) {
    struct fixture *f = *state;
    ctx_end(f->ctx);
    arena_free(f->arena);
    return 0;
}

/* Up to two lines of a header, with one that is called alike between them. */
static alees_ctx *with(struct fixture *f, const char *name, const char *first, const char *second) {
    ctx_end(f->ctx);
    f->ctx = ctx_new(&f->app, f->arena);
    assert_non_null(f->ctx);
    f->headers[0] = (struct ctx_header){alees_text(name), alees_text(first)};
    f->headers[1] = (struct ctx_header){STR_LIT("If-Matches"), STR_LIT("*")};
    f->headers[2] = (struct ctx_header){alees_text(name), alees_text(second)};
    f->ctx->request.headers = f->headers;
    f->ctx->request.header_count = first == NULL ? 0 : second == NULL ? 2 : 3;
    return f->ctx;
}

static void test_if_none_match_of_a_read(void **state) {
    static const struct {
        const char *first, *second;
        bool is_fresh;
    } rows[] = {
        {NULL, NULL, false},
        {"", NULL, false},
        {"*", NULL, true},
        {"*", TAG, false}, /* * is one only alone */
        {TAG, NULL, true},
        {"W/" TAG, NULL, true},
        {"\"a\", " TAG, NULL, true},
        {"\"a\"," TAG, NULL, true},
        {"\"a\"", TAG, true},
        {"\"a\", ,", "W/" TAG, true},
        {"\"a\"", OTHER, false},
        {"\"" ID "-4\"", NULL, false},
        {"\"", NULL, false},
        {ID "-3", NULL, false},
        {"\"\"", NULL, false},
        {", , " TAG, NULL, true},
        {"W/", NULL, false},
        {"w/" TAG, NULL, false},
        {"\"" ID "-3", NULL, false},
        {"\"a\" " TAG, NULL, false}, /* no comma: nothing behind it counts */
        {"\"a b\", " TAG, NULL, false},
    };
    struct fixture *f = *state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const alees_ctx *ctx = with(f, "If-None-Match", rows[i].first, rows[i].second);
        assert_int_equal(engine_condition_is_fresh(ctx, STR_LIT(TAG)), rows[i].is_fresh);
    }
}

#define MALFORMED "malformed"

static void check(struct fixture *f, const char *name, const char *first, const char *second, const char *versions,
                  const char *excluded) {
    alees_ctx *ctx = with(f, name, first, second);
    struct engine_condition c;
    alees_rc rc = engine_condition_read(ctx, &f->id, &c);
    if (versions != NULL && strcmp(versions, MALFORMED) == 0) {
        assert_err(rc, ALEES_E_MALFORMED);
        assert_string_equal(ctx->problem.code, "bad_request");
        return;
    }
    assert_ok(rc);
    if (versions != NULL) {
        assert_text(c.versions, versions);
    } else {
        assert_absent(c.versions);
    }
    if (excluded != NULL) {
        assert_text(c.excluded, excluded);
    } else {
        assert_absent(c.excluded);
    }
}

static void test_if_match(void **state) {
    static const struct {
        const char *first, *second, *versions; /* NULL: any */
    } rows[] = {
        {NULL, NULL, NULL},
        {"*", NULL, NULL},
        {TAG, NULL, "{3}"},
        {"\"x\", " TAG ", \"" ID "-12\"", NULL, "{3,12}"},
        {TAG, "\"" ID "-12\"", "{3,12}"},
        {"W/" TAG, NULL, "{}"}, /* weak tags never match here */
        {OTHER, NULL, "{}"},
        {"\"" ID "-\"", NULL, "{}"},
        {"\"" ID "-99999999999\"", NULL, "{}"},
        {"\"" ID "-1}'\"", NULL, "{}"},
        {"nonsense", NULL, MALFORMED},
        {"", NULL, MALFORMED},
        {",", NULL, MALFORMED},
        {TAG, "", MALFORMED},
        {"*, " TAG, NULL, MALFORMED},
        {TAG ", *", NULL, MALFORMED},
        {"*", "*", MALFORMED},
        {"\"open", NULL, MALFORMED},
        {TAG TAG, NULL, MALFORMED},
        {TAG, "x", MALFORMED},
    };
    struct fixture *f = *state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        check(f, "if-match", rows[i].first, rows[i].second, rows[i].versions, NULL);
    }
}

static void test_if_none_match_of_a_write(void **state) {
    struct fixture *f = *state;
    check(f, "If-None-Match", "*", NULL, "{}", NULL); /* nothing that is there may be changed */
    check(f, "If-None-Match", TAG, "W/\"" ID "-4\"", NULL, "{3,4}");
    check(f, "If-None-Match", OTHER, NULL, NULL, "{}");
    check(f, "If-None-Match", "nonsense", NULL, MALFORMED, NULL);
}

static void test_admits(void **state) {
    const struct engine_condition any = {{NULL, 0}, {NULL, 0}}, some = {STR_LIT("{3,12}"), {NULL, 0}},
                                  none = {STR_LIT("{}"), {NULL, 0}}, others = {{NULL, 0}, STR_LIT("{3}")};
    (void)state;
    assert_true(engine_condition_admits(&any, STR_LIT("1")));
    assert_true(engine_condition_admits(&some, STR_LIT("12")));
    assert_false(engine_condition_admits(&some, STR_LIT("1")));
    assert_false(engine_condition_admits(&none, STR_LIT("1")));
    assert_false(engine_condition_admits(&others, STR_LIT("3")));
    assert_true(engine_condition_admits(&others, STR_LIT("31")));
}

static void test_it_may_be_demanded(void **state) {
    struct fixture *f = *state;
    struct engine_condition c;
    f->app.require_if_match = true;
    assert_err(engine_condition_read(with(f, "If-None-Match", TAG, NULL), &f->id, &c), ALEES_E_MALFORMED);
    assert_int_equal(f->ctx->problem.status, 428);
    assert_string_equal(f->ctx->problem.code, "precondition_required");
    assert_ok(engine_condition_read(with(f, "If-Match", "*", NULL), &f->id, &c)); /* it says that any will do */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_if_none_match_of_a_read, setup, teardown),
        cmocka_unit_test_setup_teardown(test_if_match, setup, teardown),
        cmocka_unit_test_setup_teardown(test_if_none_match_of_a_write, setup, teardown),
        cmocka_unit_test_setup_teardown(test_admits, setup, teardown),
        cmocka_unit_test_setup_teardown(test_it_may_be_demanded, setup, teardown),
    };
    return cmocka_run_group_tests_name("engine_condition", tests, NULL, NULL);
}
