/* SPDX-License-Identifier: MIT
 * test_table.c - the bounded map of plugins/rbac: bounds, what is dropped while it is loaded, many threads. Worth a run
 * under the thread sanitizer. */
#include "test.h"

#include <pthread.h>

#include "plugins/rbac/table.c"

struct thing {
    atomic_uint refs;
    atomic_size_t bytes;
    uint64_t value;
};

static atomic_int living;

static struct thing *new_thing(uint64_t value, size_t bytes) {
    struct thing *t = calloc(1, sizeof *t);
    atomic_init(&t->refs, 1);
    atomic_init(&t->bytes, bytes);
    t->value = value;
    atomic_fetch_add(&living, 1);
    return t;
}

static void hold(void *object) {
    struct thing *t = object;
    atomic_fetch_add(&t->refs, 1);
}

static void release(void *object) {
    struct thing *t = object;
    if (atomic_fetch_sub(&t->refs, 1) == 1) {
        free(t);
        atomic_fetch_sub(&living, 1);
    }
}

static size_t bytes_of(const void *object) {
    const struct thing *t = object;
    return atomic_load(&t->bytes);
}

static const struct table_kind kind = {hold, release, bytes_of};

static alees_id id_of(uint64_t number) {
    alees_id id = {{0}};
    memcpy(id.bytes + 8, &number, sizeof number);
    return id;
}

static void put_thing(struct table *t, uint64_t number, size_t bytes) {
    const alees_id id = id_of(number);
    struct table_watch watch;
    struct thing *thing = new_thing(number, bytes);
    table_watch(t, &watch);
    table_put(t, &id, thing, &watch);
    release(thing);
}

static bool has_thing(struct table *t, uint64_t number) {
    const alees_id id = id_of(number);
    struct thing *thing = table_get(t, &id);
    if (thing) {
        assert_int_equal(thing->value, number);
        release(thing);
    }
    return thing != NULL;
}

static void test_put_get_drop(void **state) {
    struct table *t = table_new(1024 * 1024, &kind);
    const alees_id first = id_of(1);
    (void)state;
    put_thing(t, 1, 100);
    put_thing(t, 2, 100);
    assert_true(has_thing(t, 1));
    assert_true(has_thing(t, 2));
    assert_false(has_thing(t, 3));
    struct thing *held = table_get(t, &first);
    table_drop(t, &first);
    assert_false(has_thing(t, 1));
    assert_true(has_thing(t, 2));
    assert_int_equal(held->value, 1); /* lives as long as it is held */
    release(held);
    put_thing(t, 2, 300); /* in the place of the first */
    assert_int_equal(atomic_load(&living), 1);
    table_flush(t);
    assert_false(has_thing(t, 2));
    assert_int_equal(table_bytes(t), 0);
    table_free(t);
    assert_int_equal(atomic_load(&living), 0);
}

static void test_what_changed_while_it_was_loaded_is_not_kept(void **state) {
    struct table *t = table_new(1024 * 1024, &kind);
    const alees_id id = id_of(7);
    struct table_watch watch;
    (void)state;
    for (int flush = 0; flush < 2; flush++) {
        struct thing *loaded = new_thing(7, 100);
        table_watch(t, &watch);
        if (flush) {
            table_flush(t);
        } else {
            table_drop(t, &id);
        }
        table_put(t, &id, loaded, &watch);
        assert_false(has_thing(t, 7));
        table_watch(t, &watch);
        table_put(t, &id, loaded, &watch);
        assert_true(has_thing(t, 7));
        table_drop(t, &id);
        release(loaded);
    }
    table_free(t);
    assert_int_equal(atomic_load(&living), 0);
}

static void test_replace_only_what_is_still_there(void **state) {
    struct table *t = table_new(1024 * 1024, &kind);
    const alees_id id = id_of(5);
    (void)state;
    put_thing(t, 5, 100);
    struct thing *old = table_get(t, &id), *fresh = new_thing(5, 200), *late = new_thing(5, 300);
    table_replace(t, &id, old, fresh);
    table_replace(t, &id, old, late);
    struct thing *found = table_get(t, &id);
    assert_ptr_equal(found, fresh);
    release(found);
    table_drop(t, &id);
    table_replace(t, &id, fresh, late);
    assert_false(has_thing(t, 5));
    release(old);
    release(fresh);
    release(late);
    table_free(t);
    assert_int_equal(atomic_load(&living), 0);
}

static void test_budget_holds_and_spares_what_is_used(void **state) {
    enum { BUDGET = 256 * 1024, EACH = 1000 };
    struct table *t = table_new(BUDGET, &kind);
    const alees_id first = id_of(0);
    (void)state;
    put_thing(t, 0, EACH);
    for (uint64_t i = 1; i < 4000; i++) {
        put_thing(t, i, EACH);
        assert_true(has_thing(t, 0)); /* asked for all the time */
        assert_true(table_bytes(t) <= BUDGET);
    }
    assert_true(atomic_load(&living) > 100); /* and the budget is used */
    struct thing *held = table_get(t, &first);
    atomic_store(&held->bytes, 2 * BUDGET); /* it grew: seen when it is asked for next */
    release(held);
    (void)has_thing(t, 0);
    assert_true(table_bytes(t) <= BUDGET);
    assert_false(has_thing(t, 0));
    table_free(t);
    assert_int_equal(atomic_load(&living), 0);
}

/* --- many threads: when all is quiet, nothing is kept that is not the truth --- */

enum { THREADS = 4, ROUNDS = 20000, KEYS = 50 };

static struct table *shared;
static _Atomic uint64_t truth[KEYS];
static atomic_bool is_over;

static void *writer(void *data) {
    uint32_t seed = 1;
    (void)data;
    for (int i = 0; i < ROUNDS; i++) {
        seed = seed * 1664525u + 1013904223u;
        const uint32_t key = (seed >> 8) % KEYS;
        const alees_id id = id_of(key);
        atomic_fetch_add(&truth[key], 1);
        if (i % 500 == 0) {
            table_flush(shared);
        } else {
            table_drop(shared, &id); /* from here on nobody finds the old one */
        }
    }
    atomic_store(&is_over, true);
    return NULL;
}

static void *reader(void *data) {
    uint32_t seed = *(uint32_t *)data;
    for (uint32_t after = 0; after < 10 * KEYS; after += atomic_load(&is_over)) {
        seed = seed * 1664525u + 1013904223u;
        const uint32_t key = (seed >> 8) % KEYS;
        const alees_id id = id_of(key);
        struct thing *t = table_get(shared, &id);
        if (!t) {
            struct table_watch watch;
            table_watch(shared, &watch);
            t = new_thing(atomic_load(&truth[key]), 200);
            table_put(shared, &id, t, &watch);
        }
        release(t);
    }
    return NULL;
}

static void test_many_threads(void **state) {
    static uint32_t seeds[THREADS] = {11, 22, 33, 44};
    pthread_t threads[THREADS], one;
    (void)state;
    shared = table_new(64 * 1024, &kind);
    assert_int_equal(pthread_create(&one, NULL, writer, NULL), 0);
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, reader, &seeds[i]), 0);
    }
    pthread_join(one, NULL);
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    uint32_t kept = 0;
    for (uint32_t key = 0; key < KEYS; key++) {
        const alees_id id = id_of(key);
        struct thing *t = table_get(shared, &id);
        if (t) {
            assert_int_equal(t->value, atomic_load(&truth[key]));
            release(t);
            kept++;
        }
    }
    assert_true(kept > 0);
    table_free(shared);
    assert_int_equal(atomic_load(&living), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_put_get_drop),
        cmocka_unit_test(test_what_changed_while_it_was_loaded_is_not_kept),
        cmocka_unit_test(test_replace_only_what_is_still_there),
        cmocka_unit_test(test_budget_holds_and_spares_what_is_used),
        cmocka_unit_test(test_many_threads),
    };
    return cmocka_run_group_tests_name("table", tests, NULL, NULL);
}
