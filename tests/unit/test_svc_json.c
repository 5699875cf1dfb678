/* SPDX-License-Identifier: MIT
 * test_svc_json.c - alees.json/1 as a plugin calls it, with right and wrong arguments. */
#include "test.h"

#include "jx.h"
#include "svc.h"

static const struct alees_json_v1 *const json = &svc_json;

static void make_ctx(alees_ctx *ctx, struct arena *arena) {
    memset(ctx, 0, sizeof *ctx);
    ctx->magic = CTX_MAGIC;
    ctx->arena = arena;
    problem_init(&ctx->problem, arena);
}

static void test_every_function_is_there(void **state) {
    (void)state;
    assert_int_equal(json->struct_size, sizeof(struct alees_json_v1));
    const unsigned char *bytes = (const unsigned char *)json;
    for (size_t at = offsetof(struct alees_json_v1, parse); at < sizeof *json; at += sizeof(void *)) {
        void *function;
        memcpy(&function, bytes + at, sizeof function);
        assert_non_null(function);
    }
}

static void test_parse_and_ask(void **state) {
    alees_ctx ctx;
    alees_json *v = NULL;
    int64_t number = 0;
    make_ctx(&ctx, *state);
    assert_ok(json->parse(&ctx, STR_LIT("{\"a\":[1,true,\"x\"]}"), &v));
    const alees_json *list = json->get(v, "a");
    assert_int_equal(json->kind(list), ALEES_JSON_ARRAY);
    assert_int_equal(json->size(list), 3);
    assert_ok(json->integer(json->at(list, 0), &number));
    assert_int_equal(number, 1);
    assert_int_equal(json->is_true(json->at(list, 1)), 1);
    assert_int_equal(json->is_true(json->at(list, 0)), 0);
    assert_text(json->text(json->at(list, 2)), "x");
    assert_int_equal(json->kind(json->at(list, 3)), ALEES_JSON_ABSENT);
}

static void test_a_failed_parse_sets_the_answer(void **state) {
    alees_ctx ctx;
    alees_json *v = NULL;
    make_ctx(&ctx, *state);
    assert_err(json->parse(&ctx, STR_LIT("{\"a\":1,\"a\":2}"), &v), ALEES_E_MALFORMED);
    assert_null(v);
    assert_string_equal(ctx.problem.code, "malformed_json");
}

static void test_build(void **state) {
    alees_ctx ctx;
    make_ctx(&ctx, *state);
    alees_json *o = json->object(&ctx), *list = json->array(&ctx);
    assert_ok(json->put(o, "list", list));
    assert_ok(json->put_text(list, NULL, STR_LIT("x")));
    assert_ok(json->put_integer(list, NULL, -5));
    assert_ok(json->put_boolean(list, NULL, 256)); /* any truth, also one without its lowest bits */
    assert_ok(json->put_boolean(list, NULL, 0));
    struct str out;
    str_init(&out, *state, 0);
    jx_write(o, &out);
    assert_text(str_done(&out), "{\"list\":[\"x\",-5,true,false]}");
}

static void test_wrong_arguments(void **state) {
    alees_ctx ctx, stale;
    alees_json *v = NULL;
    int64_t number = 0;
    make_ctx(&ctx, *state);
    make_ctx(&stale, *state);
    stale.magic = 0;
    assert_err(json->parse(NULL, STR_LIT("1"), &v), ALEES_E_INVALID);
    assert_err(json->parse(&stale, STR_LIT("1"), &v), ALEES_E_INVALID);
    assert_err(json->parse(&ctx, STR_LIT("1"), NULL), ALEES_E_INVALID);
    assert_err(json->parse(&ctx, (alees_str){NULL, 0}, &v), ALEES_E_MALFORMED);
    assert_null(json->object(NULL));
    assert_null(json->object(&stale));
    assert_null(json->array(NULL));
    assert_null(json->array(&stale));
    assert_null(json->get(NULL, "a"));
    assert_ok(json->parse(&ctx, STR_LIT("{\"a\":1}"), &v));
    assert_null(json->get(v, NULL));
    assert_err(json->integer(json->get(v, "a"), NULL), ALEES_E_INVALID);
    assert_err(json->integer(NULL, &number), ALEES_E_INVALID);
    assert_absent(json->text(NULL));
    assert_int_equal(json->size(NULL), 0);
    assert_int_equal(json->is_true(NULL), 0);
    assert_null(json->at(NULL, 0));
    assert_err(json->put(NULL, "a", v), ALEES_E_INVALID);
    assert_err(json->put_text(NULL, "a", STR_LIT("")), ALEES_E_INVALID);
    assert_err(json->put_integer(NULL, "a", 1), ALEES_E_INVALID);
    assert_err(json->put_boolean(NULL, "a", 1), ALEES_E_INVALID);
}

int main(void) {
    jx_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_function_is_there),
        ARENA_TEST(test_parse_and_ask),
        ARENA_TEST(test_a_failed_parse_sets_the_answer),
        ARENA_TEST(test_build),
        ARENA_TEST(test_wrong_arguments),
    };
    return cmocka_run_group_tests_name("svc_json", tests, NULL, NULL);
}
