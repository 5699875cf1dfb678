/* SPDX-License-Identifier: MIT
 * test_problem.c - the first error wins; its form on the wire; failing allocation. */
#include "test.h"

#include <stdio.h>

#include "jx.h"
#include "problem.h"

static const char *written(struct arena *a, const struct problem *p, const char *request_id) {
    struct str s;
    str_init(&s, a, 0);
    problem_write(p, test_view(request_id), &s);
    alees_str done = str_done(&s);
    assert_non_null(done.ptr);
    struct problem other;
    alees_json *value = NULL;
    problem_init(&other, a);
    assert_ok(jx_parse(a, &other, done, &value));
    return done.ptr;
}

static void test_set_and_write(void **state) {
    struct problem p;
    problem_init(&p, *state);
    assert_err(problem_set(&p, PROBLEM_NOT_FOUND, "no %s here", "product"), ALEES_E_NOT_FOUND);
    assert_err(p.rc, ALEES_E_NOT_FOUND);
    assert_string_equal(
        written(*state, &p, "req-1"),
        "{\"type\":\"/docs/errors/not_found\",\"title\":\"Not found\",\"status\":404,\"code\":\"not_found\","
        "\"detail\":\"no product here\",\"request_id\":\"req-1\"}");
}

static void test_items_say_where(void **state) {
    struct problem p;
    problem_init(&p, *state);
    p.at = test_view("/3");
    problem_add(&p, test_view("/sku"), "required", "is required");
    problem_add(&p, test_view(""), "bad", "is no object");
    problem_add(&p, test_view("page"), "bad", "is a parameter");
    p.at = (alees_str){NULL, 0};
    p.row = 99999;
    problem_add(&p, test_view("/sku"), "required", "is required");
    assert_err(problem_set(&p, PROBLEM_INVALID, "no"), ALEES_E_INVALID);
    const char *text = written(*state, &p, "r");
    assert_non_null(strstr(text, "{\"pointer\":\"/3/sku\""));
    assert_non_null(strstr(text, "{\"pointer\":\"/3\""));
    assert_non_null(strstr(text, "{\"pointer\":\"page\""));
    assert_non_null(strstr(text, "{\"row\":99999,\"pointer\":\"/sku\""));
}

static void test_the_first_wins(void **state) {
    struct problem p;
    problem_init(&p, *state);
    assert_err(problem_set(&p, PROBLEM_CONFLICT, "first"), ALEES_E_CONFLICT);
    assert_err(problem_set(&p, PROBLEM_INTERNAL, "second"), ALEES_E_INTERNAL);
    assert_err(problem_fail(&p, ALEES_E_INVALID, "third", STR_LIT("third")), ALEES_E_INVALID);
    assert_int_equal(p.status, 409);
    assert_string_equal(p.code, "conflict");
    assert_text(p.detail, "first");
}

static void test_a_plugins_own_code(void **state) {
    struct problem p;
    char code[] = "already_closed";
    problem_init(&p, *state);
    assert_err(problem_fail(&p, ALEES_E_CONFLICT, code, STR_LIT("Open it again first.")), ALEES_E_CONFLICT);
    memset(code, 'x', sizeof code - 1); /* it was copied */
    assert_string_equal(written(*state, &p, NULL),
                        "{\"type\":\"/docs/errors/already_closed\",\"title\":\"Conflict with the present state\","
                        "\"status\":409,\"code\":\"already_closed\",\"detail\":\"Open it again first.\"}");
}

/* One title for one code, whoever says it. */
static void test_a_code_of_the_servers(void **state) {
    struct problem p;
    problem_init(&p, *state);
    assert_err(problem_fail(&p, ALEES_E_UNAUTHENTICATED, "bad_credentials", STR_LIT("x")), ALEES_E_UNAUTHENTICATED);
    assert_string_equal(p.title, "Wrong username or password");
    assert_int_equal(p.status, 401);
}

static void test_a_plugins_nonsense(void **state) {
    static const char *const codes[] = {
        NULL,   "",      "Has Space",   "a\"b",
        "../x", "UPPER", "gr\xc3\xbcn", "a_code_that_is_far_longer_than_any_code_has_a_reason_to_be_in_any_api"};
    for (size_t i = 0; i < ARRAY_LEN(codes); i++) {
        struct problem p;
        problem_init(&p, *state);
        assert_err(problem_fail(&p, ALEES_E_DENIED, codes[i], (alees_str){NULL, 0}), ALEES_E_DENIED);
        assert_string_equal(p.code, "permission_denied");
        assert_absent(p.detail);
    }
    static const alees_rc codes_of_nobody[] = {ALEES_OK, 1, 77};
    for (size_t i = 0; i < ARRAY_LEN(codes_of_nobody); i++) {
        struct problem p;
        problem_init(&p, *state);
        assert_err(problem_fail(&p, codes_of_nobody[i], "odd", STR_LIT("x")), ALEES_E_INTERNAL);
        assert_err(p.rc, ALEES_E_INTERNAL);
        assert_int_equal(p.status, 500);
    }
    struct problem p;
    problem_init(&p, *state);
    assert_err(problem_fail(&p, -99, "odd", STR_LIT("x")), -99);
    assert_int_equal(p.status, 500);
}

static void test_items_permission_organization(void **state) {
    struct problem p;
    problem_init(&p, *state);
    problem_add(&p, STR_LIT("/sku"), "required", "Send a value.");
    problem_add(&p, STR_LIT("/a~1\"b"), "out_of_range", "At most %d.", 12);
    problem_set(&p, PROBLEM_INVALID, "%d fields are wrong", 2);
    p.permission = STR_LIT("product.add_product");
    p.organization = STR_LIT("North \"Star\"");
    assert_int_equal(p.item_count, 2);
    assert_string_equal(written(*state, &p, "r"),
                        "{\"type\":\"/docs/errors/invalid\",\"title\":\"The values are not valid\",\"status\":422,"
                        "\"code\":\"invalid\",\"detail\":\"2 fields are wrong\",\"errors\":["
                        "{\"pointer\":\"/sku\",\"code\":\"required\",\"detail\":\"Send a value.\"},"
                        "{\"pointer\":\"/a~1\\\"b\",\"code\":\"out_of_range\",\"detail\":\"At most 12.\"}],"
                        "\"permission\":\"product.add_product\",\"organization\":\"North \\\"Star\\\"\","
                        "\"request_id\":\"r\"}");
}

static void test_items_are_bounded(void **state) {
    struct problem p;
    problem_init(&p, *state);
    for (int i = 0; i < 5000; i++) {
        problem_add(&p, STR_LIT("/x"), "wrong", "%d", i);
    }
    assert_int_equal(p.item_count, 100);
    assert_text(p.last->detail, "99");
}

static void test_long_detail_stays_valid(void **state) {
    struct problem p;
    char text[3001];
    for (size_t i = 0; i < 3000; i += 2) {
        memcpy(text + i, "\xc3\xbc", 2);
    }
    text[3000] = '\0';
    problem_init(&p, *state);
    problem_set(&p, PROBLEM_BAD_PARAMETER, "%s", text);
    const char *json = written(*state, &p, "\xff\n");
    assert_true(strlen(json) > 1000 && strlen(json) < 1400);
    assert_non_null(strstr(json, "\"request_id\":\"\\ufffd\\n\""));
}

static void test_nothing_set_is_an_internal_error(void **state) {
    struct problem p;
    problem_init(&p, *state);
    assert_string_equal(written(*state, &p, NULL), "{\"type\":\"/docs/errors/internal\",\"title\":\"Internal error\","
                                                   "\"status\":500,\"code\":\"internal\"}");
}

static void test_table(void **state) {
    for (size_t i = 0; i < PROBLEM_KINDS; i++) {
        const struct problem_row *row = &problem_rows[i];
        assert_in_range(row->status, 400, 599);
        assert_true(row->rc < 0);
        assert_true(strspn(row->code, "abcdefghijklmnopqrstuvwxyz_") == strlen(row->code));
        assert_true(row->title[0] >= 'A' && row->title[0] <= 'Z');
        for (size_t k = 0; k < i; k++) {
            assert_string_not_equal(row->code, problem_rows[k].code);
        }
        struct problem p;
        problem_init(&p, *state);
        assert_err(problem_set(&p, (enum problem_kind)i, "x"), row->rc);
        assert_int_equal(p.status, row->status);
    }
    for (alees_rc rc = ALEES_E_TOO_MANY; rc < ALEES_OK; rc++) { /* each result code has a kind of the same code */
        assert_err(problem_rows[problem_kind_of(rc)].rc, rc);
    }
    assert_int_equal(problem_kind_of(ALEES_OK), PROBLEM_INTERNAL);
    assert_int_equal(problem_kind_of(-1000), PROBLEM_INTERNAL);
}

static void test_every_failing_allocation(void **state) {
    (void)state;
    for (uint32_t nth = 1;; nth++) {
        struct arena *a = test_arena();
        struct problem p;
        struct str s;
        problem_init(&p, a);
        arena_fail_after(a, nth);
        problem_add(&p, STR_LIT("/a"), "wrong", "%s", "no");
        problem_add(&p, STR_LIT("/b"), "wrong", "%s", "no");
        assert_err(problem_fail(&p, ALEES_E_INVALID, "own_code", STR_LIT("because")), ALEES_E_INVALID);
        assert_int_equal(p.status, 422);
        assert_true(strcmp(p.code, "own_code") == 0 || strcmp(p.code, "invalid") == 0);
        str_init(&s, a, 0);
        problem_write(&p, STR_LIT("r"), &s);
        bool is_done = !arena_is_exhausted(a);
        alees_str text = str_done(&s);
        if (text.ptr) { /* what could be said is said in valid JSON */
            struct arena *fresh = test_arena();
            struct problem other;
            alees_json *value = NULL;
            problem_init(&other, fresh);
            assert_ok(jx_parse(fresh, &other, text, &value));
            arena_free(fresh);
        }
        arena_free(a);
        if (is_done) {
            assert_true(nth > 5);
            return;
        }
    }
}

int main(void) {
    jx_init();
    const struct CMUnitTest tests[] = {
        ARENA_TEST(test_set_and_write),
        ARENA_TEST(test_items_say_where),
        ARENA_TEST(test_the_first_wins),
        ARENA_TEST(test_a_plugins_own_code),
        ARENA_TEST(test_a_code_of_the_servers),
        ARENA_TEST(test_a_plugins_nonsense),
        ARENA_TEST(test_items_permission_organization),
        ARENA_TEST(test_items_are_bounded),
        ARENA_TEST(test_long_detail_stays_valid),
        ARENA_TEST(test_nothing_set_is_an_internal_error),
        ARENA_TEST(test_table),
        cmocka_unit_test(test_every_failing_allocation),
    };
    return cmocka_run_group_tests_name("problem", tests, NULL, NULL);
}
