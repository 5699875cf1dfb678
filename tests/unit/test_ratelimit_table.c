/* SPDX-License-Identifier: MIT
 * test_ratelimit_table.c - buckets that empty, fill up again, and make place for each other. */
#include "test.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#include "alees/util.h"
#include "ratelimit_table.h"

#define SECOND UINT64_C(1000000)
#define START (UINT64_C(500) * SECOND)

static struct ratelimit_state last;

static bool spend(struct ratelimit_table *t, const char *key, uint32_t quota, uint32_t cost, uint64_t now_us) {
    return ratelimit_table_spend(t, alees_text(key), quota, cost, now_us, &last);
}

static void test_bucket(void **state) {
    struct arena *arena = test_arena();
    struct ratelimit_table *t = ratelimit_table_new(arena, 16);
    (void)state;
    for (uint32_t i = 0; i < 6; i++) {
        assert_true(spend(t, "a", 6, 1, START));
        assert_int_equal(last.quota, 6);
        assert_int_equal(last.remaining, 5 - i);
        assert_int_equal(last.reset_s, 10 * (i + 1)); /* a token comes back every ten seconds */
        assert_int_equal(last.wait_s, 0);
    }
    for (int i = 0; i < 3; i++) { /* to be refused costs nothing */
        assert_false(spend(t, "a", 6, 1, START));
        assert_int_equal(last.remaining, 0);
        assert_int_equal(last.wait_s, 10);
        assert_int_equal(last.reset_s, 60);
    }
    assert_true(spend(t, "b", 6, 1, START)); /* another one is full */
    assert_int_equal(last.remaining, 5);
    assert_false(spend(t, "a", 6, 1, START + 10 * SECOND - 1));
    assert_int_equal(last.wait_s, 1);
    assert_true(spend(t, "a", 6, 1, START + 10 * SECOND));
    assert_false(spend(t, "a", 6, 1, START + 10 * SECOND));
    assert_true(spend(t, "a", 6, 3, START + 40 * SECOND));
    assert_int_equal(last.remaining, 0);
    assert_true(spend(t, "a", 6, 6, START + 500 * SECOND)); /* never more than full */
    assert_false(spend(t, "a", 6, 1, START + 500 * SECOND));
    arena_free(arena);
}

static void test_costs(void **state) {
    struct arena *arena = test_arena();
    struct ratelimit_table *t = ratelimit_table_new(arena, 16);
    (void)state;
    assert_true(spend(t, "a", 100, 40, START));
    assert_int_equal(last.remaining, 60);
    assert_false(spend(t, "a", 100, 61, START));
    assert_int_equal(last.remaining, 60); /* none of it was taken */
    assert_int_equal(last.wait_s, 1);
    assert_true(spend(t, "a", 100, 60, START));
    assert_true(spend(t, "b", 100, 1000, START)); /* as much as there can be */
    assert_int_equal(last.remaining, 0);
    assert_true(spend(t, "c", 10000000, 1, START));
    assert_int_equal(last.remaining, 9999999);
    assert_true(spend(t, "d", 7, 7, START)); /* 60 seconds are no multiple of it */
    assert_false(spend(t, "d", 7, 1, START));
    assert_true(spend(t, "e", 1, 1, START));
    assert_false(spend(t, "e", 1, 1, START + 59 * SECOND));
    assert_int_equal(last.wait_s, 1);
    assert_true(spend(t, "e", 1, 1, START + 60 * SECOND));
    arena_free(arena);
}

/* More keys than places: nobody is refused for what others did, and the memory stays what it is. */
static void test_full_table(void **state) {
    struct arena *arena = test_arena();
    struct ratelimit_table *t = ratelimit_table_new(arena, 16);
    size_t used = arena_used(arena);
    char key[32];
    uint32_t refused = 0;
    (void)state;
    for (unsigned i = 0; i < 100000; i++) {
        (void)snprintf(key, sizeof key, "key-%u", i);
        assert_true(spend(t, key, 10, 1, START + i));
        assert_int_equal(last.remaining, 9);
    }
    assert_int_equal(arena_used(arena), used);
    /* Who asks more than the others keeps the place: the fullest bucket goes first. */
    assert_true(spend(t, "busy", 10, 10, START));
    for (unsigned i = 0; i < 10000; i++) {
        (void)snprintf(key, sizeof key, "other-%u", i);
        assert_true(spend(t, key, 10, 1, START + i));
        refused += !spend(t, "busy", 10, 1, START + i);
    }
    assert_int_equal(refused, 10000);
    arena_free(arena);
}

static void test_keys(void **state) {
    struct arena *arena = test_arena();
    struct ratelimit_table *t = ratelimit_table_new(arena, 1024);
    static const char zeros[17];
    (void)state;
    for (size_t len = 0; len <= sizeof zeros; len++) { /* keys that differ in length alone are different */
        assert_true(ratelimit_table_spend(t, (alees_str){zeros, len}, 1, 1, START, &last));
        assert_false(ratelimit_table_spend(t, (alees_str){zeros, len}, 1, 1, START, &last));
    }
    arena_free(arena);
}

enum { THREADS = 4, EACH = 20000, QUOTA = 30000 };
static struct ratelimit_table *shared;
static atomic_uint granted;

static void *hammer(void *data) {
    struct ratelimit_state mine;
    (void)data;
    for (int i = 0; i < EACH; i++) {
        atomic_fetch_add(&granted, ratelimit_table_spend(shared, STR_LIT("same"), QUOTA, 1, START, &mine) ? 1u : 0u);
    }
    return NULL;
}

/* Exactly as many as there are, whoever is first. */
static void test_threads(void **state) {
    struct arena *arena = test_arena();
    pthread_t threads[THREADS];
    (void)state;
    shared = ratelimit_table_new(arena, 16);
    assert_true(spend(shared, "same", QUOTA, 1, START));
    atomic_store(&granted, 1);
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, hammer, NULL), 0);
    }
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
    assert_int_equal(atomic_load(&granted), QUOTA);
    arena_free(arena);
}

static void test_no_memory(void **state) {
    (void)state;
    for (uint32_t nth = 1; nth <= 2; nth++) {
        struct arena *arena = test_arena();
        arena_fail_after(arena, nth);
        assert_null(ratelimit_table_new(arena, 16));
        arena_free(arena);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bucket), cmocka_unit_test(test_costs),   cmocka_unit_test(test_full_table),
        cmocka_unit_test(test_keys),   cmocka_unit_test(test_threads), cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests_name("ratelimit_table", tests, NULL, NULL);
}
