/* SPDX-License-Identifier: MIT
 * test_engine_cursor.c - a cursor comes back as it went out, to the same user for the same question, or not at all. */
#include "test.h"

#include "cred.h"
#include "sample.h"

static const uint8_t secret[CRED_KEY] = {1, 2, 3};
static const uint8_t other_secret[CRED_KEY] = {1, 2, 4};
static const alees_str head = {"head", 4};

static alees_str make(struct arena *arena, bool is_backward, const alees_str *values, uint32_t count) {
    alees_str cursor = engine_cursor_write(arena, secret, head, is_backward, values, count);
    assert_non_null(cursor.ptr);
    return cursor;
}

static alees_rc read_two(struct arena *arena, alees_str cursor) {
    alees_str values[2];
    bool is_backward;
    return engine_cursor_read(arena, secret, head, cursor, values, 2, &is_backward);
}

static void test_round_trip(void **state) {
    static const char *const texts[] = {"", "a", "\xC3\xA4 \" \\ \n", "2026-11-22 14:05:00.123456+00",
                                        "a rather long value, longer than any short buffer that one might think of"};
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        alees_str values[2] = {test_view(texts[i]), STR_LIT("id")}, back[2];
        bool is_backward = i % 2 == 0;
        alees_str cursor = make(*state, !is_backward, values, 2);
        assert_ok(engine_cursor_read(*state, secret, head, cursor, back, 2, &is_backward));
        assert_int_equal(is_backward, i % 2 != 0);
        assert_text(back[0], texts[i]);
        assert_text(back[1], "id");
        assert_int_equal(back[0].ptr[back[0].len], '\0');
        for (size_t k = 0; k < cursor.len; k++) { /* goes into an address as it is */
            assert_non_null(strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_", cursor.ptr[k]));
        }
    }
}

static void test_every_changed_character_is_noticed(void **state) {
    struct arena *arena = *state;
    alees_str values[2] = {STR_LIT("name"), STR_LIT("0193a5e0-7c2b-7d3e-9f10-2b6c4d8e1a55")};
    alees_str cursor = make(arena, false, values, 2);
    assert_ok(read_two(arena, cursor));
    for (size_t i = 0; i < cursor.len; i++) {
        for (const char *c = "AQgz0_"; *c != '\0'; c++) {
            char *copy = arena_dup(arena, cursor.ptr, cursor.len);
            alees_str bytes;
            if (copy[i] == *c) {
                continue;
            }
            copy[i] = *c;
            if (i + 1 == cursor.len && cred_unbase64(arena, (alees_str){copy, cursor.len}, &bytes)) {
                alees_str original;
                assert_true(cred_unbase64(arena, cursor, &original));
                if (alees_equal(bytes, original)) {
                    continue; /* spare bits of the last character: the same bytes */
                }
            }
            assert_err(read_two(arena, (alees_str){copy, cursor.len}), ALEES_E_MALFORMED);
        }
    }
}

static void test_every_cut_is_noticed(void **state) {
    struct arena *arena = *state;
    alees_str values[2] = {STR_LIT("name"), STR_LIT("id")};
    alees_str cursor = make(arena, false, values, 2);
    for (size_t len = 0; len < cursor.len; len++) {
        assert_err(read_two(arena, arena_str(arena, (alees_str){cursor.ptr, len})), ALEES_E_MALFORMED);
    }
}

static void test_garbage(void **state) {
    static const char *const rows[] = {"",
                                       "a",
                                       "====",
                                       "abc!",
                                       "\xFF\xFE",
                                       "../../etc/passwd",
                                       "AAAAAAAAAAAAAAAAAAAAAAAA",
                                       "AAAAAAAAAAAAAAAAAAAAAAAAbgABYQABYg"};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        assert_err(read_two(*state, test_view(rows[i])), ALEES_E_MALFORMED);
    }
}

static void test_bound_to_head_secret_and_count(void **state) {
    alees_str values[3] = {STR_LIT("name"), STR_LIT("id"), STR_LIT("x")}, back[3];
    alees_str cursor = make(*state, false, values, 2);
    bool is_backward;
    assert_err(engine_cursor_read(*state, secret, STR_LIT("heae"), cursor, back, 2, &is_backward), ALEES_E_MALFORMED);
    assert_err(engine_cursor_read(*state, secret, STR_LIT(""), cursor, back, 2, &is_backward), ALEES_E_MALFORMED);
    assert_err(engine_cursor_read(*state, other_secret, head, cursor, back, 2, &is_backward), ALEES_E_MALFORMED);
    assert_err(engine_cursor_read(*state, secret, head, cursor, back, 1, &is_backward), ALEES_E_MALFORMED);
    assert_err(engine_cursor_read(*state, secret, head, cursor, back, 3, &is_backward), ALEES_E_MALFORMED);
}

/* Even with the key, lengths inside are not believed. */
static void test_lengths_that_lie(void **state) {
    static const char *const payloads[] = {"n\xFF\xFF", "n\x00", "n", "x\x00\x01q\x00\x01r"};
    static const size_t lengths[] = {3, 2, 1, 7};
    for (size_t i = 0; i < ARRAY_LEN(payloads); i++) {
        uint8_t bytes[64];
        cred_mac(secret, head, (alees_str){payloads[i], lengths[i]}, bytes);
        memcpy(bytes + CRED_MAC, payloads[i], lengths[i]);
        assert_err(read_two(*state, cred_base64(*state, bytes, CRED_MAC + lengths[i])), ALEES_E_MALFORMED);
    }
}

/* ---- what a request binds it to ---- */

static alees_str head_of(struct arena *arena, const char *query) {
    struct resource *r = sample_resource(arena, ALEES_SCOPE_ORGANIZATION);
    alees_ctx *ctx = sample_ctx(arena, r, query);
    struct engine_query q;
    alees_str text;
    assert_ok(engine_query_read(ctx, r, &sample_every_field, &q));
    text = engine_cursor_head(ctx, &q);
    assert_non_null(text.ptr);
    return text;
}

static void test_the_same_question_has_the_same_head(void **state) {
    struct arena *arena = *state;
    assert_true(alees_equal(head_of(arena, "name=a&size=3"), head_of(arena, "size=3&name=a")));
    assert_true(alees_equal(head_of(arena, "name=a&page_size=3"), head_of(arena, "page_size=100&name=a")));
}

static void test_another_question_has_another_head(void **state) {
    static const char *const queries[] = {"",       "name=a",         "name=b",        "status=draft",   "name=size",
                                          "size=3", "ordering=-name", "ordering=size", "ordering=-size", "since=null"};
    struct arena *arena = *state;
    for (size_t i = 0; i < ARRAY_LEN(queries); i++) {
        for (size_t k = 0; k < i; k++) {
            assert_false(alees_equal(head_of(arena, queries[i]), head_of(arena, queries[k])));
        }
    }
}

static void test_another_user_or_route_has_another_head(void **state) {
    struct arena *arena = *state;
    struct resource *r = sample_resource(arena, ALEES_SCOPE_ORGANIZATION);
    alees_ctx *ctx = sample_ctx(arena, r, "");
    struct alees_principal other = *ctx->who;
    struct route route = *ctx->route;
    struct engine_query q;
    alees_str before;
    assert_ok(engine_query_read(ctx, r, &sample_every_field, &q));
    before = engine_cursor_head(ctx, &q);
    other.id.bytes[15] ^= 1;
    ctx->who = &other;
    assert_false(alees_equal(before, engine_cursor_head(ctx, &q)));
    other.id.bytes[15] ^= 1;
    assert_true(alees_equal(before, engine_cursor_head(ctx, &q)));
    route.path = "/api/v1/others";
    ctx->route = &route;
    assert_false(alees_equal(before, engine_cursor_head(ctx, &q)));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        ARENA_TEST(test_round_trip),
        ARENA_TEST(test_every_changed_character_is_noticed),
        ARENA_TEST(test_every_cut_is_noticed),
        ARENA_TEST(test_garbage),
        ARENA_TEST(test_bound_to_head_secret_and_count),
        ARENA_TEST(test_lengths_that_lie),
        ARENA_TEST(test_the_same_question_has_the_same_head),
        ARENA_TEST(test_another_question_has_another_head),
        ARENA_TEST(test_another_user_or_route_has_another_head),
    };
    jx_init();
    if (cred_init(1, 1000) != ALEES_OK) {
        return 1;
    }
    return cmocka_run_group_tests_name("engine_cursor", tests, NULL, NULL);
}
