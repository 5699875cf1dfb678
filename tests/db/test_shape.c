/* SPDX-License-Identifier: MIT
 * test_shape.c - statements that clients make by asking: what comes again is prepared, what comes once is not, nobody can
 * fill the places of others for good, and no statement ever runs in the place of another. */
#include "shop.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#include "unit.h"

enum { ATTACKS = 4000, THREADS = 8, ROUNDS = 3000 };

static int setup(void **state) {
    struct shop *s = calloc(1, sizeof *s);
    assert_non_null(s);
    shop_new(s, "shape", "[database]\nlanes = 1\npool = 2\n");
    shop_migrated(s);
    shop_opened(s);
    *state = s;
    return 0;
}

static int teardown(void **state) {
    shop_free(*state);
    free(*state);
    return 0;
}

/* "SELECT <number>", as a shape; runs it, and the answer must be that number. */
static struct statement ask(struct shop *s, bool all, uint32_t number) {
    alees_ctx *ctx = shop_ctx(s);
    const struct store_scope scope = shop_scope(&s->shop, all ? NULL : SHOP_ONLY_A);
    char sql[64], expected[16];
    struct statement shape = {.sql = sql, .name = "shop.item", .plugin = &s->shop};
    const struct store_call call = {&shape, NULL};
    alees_rows *rows = NULL;
    snprintf(sql, sizeof sql, "SELECT %u", number);
    snprintf(expected, sizeof expected, "%u", number);
    store_shape(s->app.store, &shape);
    assert_true(shape.is_reading);
    assert_true(shape.number == 0 || (shape.serial > 0 && shape.number > UNIT_MAX_STATEMENTS &&
                                      shape.number <= UNIT_MAX_STATEMENTS + UNIT_MAX_SHAPES));
    assert_ok(store_run(ctx, &scope, &call, 1, &rows, NULL));
    assert_text(store_rows_text(rows, 0, 0), expected);
    shop_ctx_end(ctx);
    return shape;
}

/* On the connection of the one lane. */
static int64_t prepared(struct shop *s) {
    alees_ctx *ctx = shop_ctx(s);
    int64_t count =
        shop_number(ctx, &s->shop, SHOP_ONLY_A, "SELECT count(*) FROM pg_prepared_statements WHERE name ~ '^s[0-9]'");
    shop_ctx_end(ctx);
    return count;
}

static void test_what_comes_again_is_prepared(void **state) {
    struct shop *s = *state;
    struct statement second;
    assert_int_equal(ask(s, false, 1).number, 0);
    assert_int_equal(prepared(s), 0);
    second = ask(s, false, 1);
    assert_int_not_equal(second.number, 0);
    assert_int_equal(prepared(s), 1);
    assert_int_equal(ask(s, false, 1).serial, second.serial);
    assert_int_equal(ask(s, true, 1).serial, second.serial);
    assert_int_equal(prepared(s), 2); /* one for each of the two roles */
}

static void test_a_text_of_another_plugin_is_another(void **state) {
    struct shop *s = *state;
    struct statement a = {.sql = "SELECT 'same'", .name = "x.y", .plugin = &s->shop};
    struct statement b = {.sql = "SELECT 'same'", .name = "x.y", .plugin = &s->bank};
    for (int i = 0; i < 2; i++) {
        store_shape(s->app.store, &a);
        store_shape(s->app.store, &b);
    }
    assert_true(a.number != 0 && b.number != 0 && a.number != b.number && a.serial != b.serial);
}

/* A thousand different questions, each once, change nothing. */
static void test_what_comes_once_takes_nothing(void **state) {
    struct shop *s = *state;
    const struct statement usual = ask(s, false, 1);
    int64_t before = prepared(s);
    assert_int_not_equal(usual.number, 0);
    for (uint32_t i = 0; i < ATTACKS; i++) {
        assert_int_equal(ask(s, false, 1000000 + i).number, 0);
    }
    assert_int_equal(prepared(s), before);
    assert_int_equal(ask(s, false, 1).serial, usual.serial);
}

/* Nor do those that come again push out what is in use; and what they did push out comes back. */
static void test_nobody_fills_it_for_good(void **state) {
    struct shop *s = *state;
    const struct statement usual = ask(s, false, 1);
    uint64_t last = 0;
    ask(s, false, 2);
    const struct statement rare = ask(s, false, 2);
    assert_int_not_equal(rare.number, 0);
    for (uint32_t i = 0; i < ATTACKS; i++) {
        ask(s, false, 2000000 + i);
        struct statement again = ask(s, false, 2000000 + i);
        assert_int_not_equal(again.number, 0);
        assert_true(again.serial > last);
        last = again.serial;
        if (i % 50 == 0) {
            assert_int_equal(ask(s, false, 1).serial, usual.serial);
        }
    }
    assert_in_range(prepared(s), UNIT_MAX_SHAPES / 2, UNIT_MAX_SHAPES + 2); /* of one role, and two of the other */
    assert_int_equal(ask(s, false, 2).number, 0);                           /* pushed out */
    assert_int_not_equal(ask(s, false, 2).number, 0);                       /* and back */
    assert_true(ask(s, false, 2).serial > rare.serial);
}

/* A request that has lost its place on the way is answered without it. */
static void test_one_that_has_lost_its_place(void **state) {
    struct shop *s = *state;
    const struct store_scope scope = shop_scope(&s->shop, SHOP_ONLY_A);
    struct statement kept = {.sql = "SELECT 'kept'", .name = "shop.item", .plugin = &s->shop};
    const struct store_call call = {&kept, NULL};
    for (int i = 0; i < 2; i++) {
        store_shape(s->app.store, &kept);
    }
    assert_int_not_equal(kept.number, 0);
    for (uint32_t i = 0; i < ATTACKS; i++) { /* each place has had several since */
        ask(s, false, 3000000 + i);
        ask(s, false, 3000000 + i);
    }
    for (int i = 0; i < 3; i++) {
        alees_ctx *ctx = shop_ctx(s);
        alees_rows *rows = NULL;
        assert_ok(store_run(ctx, &scope, &call, 1, &rows, NULL));
        assert_text(store_rows_text(rows, 0, 0), "kept");
        shop_ctx_end(ctx);
    }
}

/* In transactions, too: a snapshot must begin before anything else is done, a failure must not lose a place. */
static void test_in_a_transaction(void **state) {
    struct shop *s = *state;
    const struct store_scope scope = shop_scope(&s->shop, SHOP_ONLY_A);
    for (uint32_t i = 0; i < 3 * UNIT_MAX_SHAPES; i++) {
        alees_ctx *ctx = shop_ctx(s);
        char sql[64];
        struct statement bad = {.sql = "SELECT 1 / 0", .name = "shop.item", .plugin = &s->shop};
        struct statement shape = {.sql = sql, .name = "shop.item", .plugin = &s->shop};
        const struct store_call calls[2] = {{&bad, NULL}, {&shape, NULL}};
        alees_rows *rows[2];
        bool is_failing = i % 3 == 0;
        snprintf(sql, sizeof sql, "SELECT %u", 4000000 + i / 2);
        store_shape(s->app.store, &shape);
        store_shape(s->app.store, &shape);
        assert_int_not_equal(shape.number, 0);
        store_begin(ctx);
        if (is_failing) {
            assert_err(store_run(ctx, &scope, calls, 2, rows, NULL), ALEES_E_INVALID);
            store_rollback(ctx);
        } else {
            assert_ok(store_run(ctx, &scope, calls + 1, 1, rows, NULL));
            assert_ok(store_commit(ctx));
        }
        shop_ctx_end(ctx);
    }
}

struct load {
    struct shop *s;
    uint32_t number;
};

static void *run(void *data) {
    const struct load *load = data;
    uint32_t random = load->number;
    for (uint32_t i = 0; i < ROUNDS; i++) {
        random = random * 1664525u + 1013904223u;
        ask(load->s, (random >> 12 & 1) != 0, i % 2 == 0 ? random >> 16 & 15 : 5000000 + (random >> 16 & 2047));
    }
    return NULL;
}

static void test_many_threads(void **state) {
    pthread_t threads[THREADS];
    struct load loads[THREADS];
    for (uint32_t i = 0; i < THREADS; i++) {
        loads[i] = (struct load){*state, i + 1};
        assert_int_equal(pthread_create(&threads[i], NULL, run, &loads[i]), 0);
    }
    for (uint32_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
    assert_in_range(prepared(*state), 1, 2 * UNIT_MAX_SHAPES);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_comes_again_is_prepared),
        cmocka_unit_test(test_a_text_of_another_plugin_is_another),
        cmocka_unit_test(test_what_comes_once_takes_nothing),
        cmocka_unit_test(test_nobody_fills_it_for_good),
        cmocka_unit_test(test_one_that_has_lost_its_place),
        cmocka_unit_test(test_in_a_transaction),
        cmocka_unit_test(test_many_threads),
    };
    return cmocka_run_group_tests_name("shape", tests, setup, teardown);
}
