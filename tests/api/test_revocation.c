/* SPDX-License-Identifier: MIT
 * test_revocation.c - a right ends in one process: how long does another process go on to allow it? Two real servers, the
 * second under load, every way to end a right. More rounds with ALEES_TEST_LONG=1. Lines that begin with REVOCATION are
 * read by tests/bench/revocation.sh. */
#include "revoke.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>

enum { CLIENTS = 4, ROUNDS = 20, LONG_ROUNDS = 1000 / REVOKE_WAYS + 1, PAUSE_US = 1000 };
#define MOST_US 2000000u

static atomic_bool is_over;
static atomic_uint_fast64_t answered, wrong;

struct background {
    struct revoke *revoke;
    pthread_t thread;
    uint32_t number;
};

/* Others go on with their work meanwhile. */
static void *work(void *data) {
    const struct background *b = data;
    struct caller c = {.port = b->revoke->servers[REVOKE_SECOND].port};
    const char *paths[] = {"/api/v1/products?page_size=20", b->revoke->path};
    for (uint32_t i = b->number; !atomic_load(&is_over); i++) {
        struct wire_answer a = caller_ask(&c, "GET", paths[i % ARRAY_LEN(paths)], b->revoke->admin, NULL);
        atomic_fetch_add(a.status == 200 ? &answered : &wrong, 1);
        nanosleep(&(struct timespec){.tv_nsec = PAUSE_US * 1000L}, NULL);
    }
    caller_close(&c);
    return NULL;
}

static int compare(const void *a, const void *b) {
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* Nearest rank. */
static double percentile_ms(const uint64_t *sorted, size_t count, size_t percent) {
    return (double)sorted[(count * percent + 99) / 100 - 1] / 1000;
}

struct times { /* since the answer to the change, and since it was sent */
    uint64_t after[REVOKE_WAYS * LONG_ROUNDS], whole[REVOKE_WAYS * LONG_ROUNDS];
    size_t count;
};

static void put(struct times *t, const struct revoke_time *time) {
    t->after[t->count] = time->first_refused - time->changed;
    t->whole[t->count++] = time->first_refused;
}

static void report(const char *name, struct times *t) {
    qsort(t->after, t->count, sizeof t->after[0], compare);
    qsort(t->whole, t->count, sizeof t->whole[0], compare);
    print_message("REVOCATION | %s | %zu | %.2f | %.2f | %.2f | %.2f | %.2f | %.2f |\n", name, t->count,
                  percentile_ms(t->after, t->count, 50), percentile_ms(t->after, t->count, 99),
                  percentile_ms(t->after, t->count, 100), percentile_ms(t->whole, t->count, 50),
                  percentile_ms(t->whole, t->count, 99), percentile_ms(t->whole, t->count, 100));
}

static void test_every_way_under_load(void **state) {
    static struct times all, one;
    struct revoke *r = *state;
    struct background clients[CLIENTS];
    size_t rounds = getenv("ALEES_TEST_LONG") ? LONG_ROUNDS : ROUNDS;
    for (uint32_t i = 0; i < CLIENTS; i++) {
        clients[i] = (struct background){.revoke = r, .number = i};
        assert_int_equal(pthread_create(&clients[i].thread, NULL, work, &clients[i]), 0);
    }
    for (size_t w = 0; w < REVOKE_WAYS; w++) {
        one.count = 0;
        for (size_t i = 0; i < rounds; i++) {
            struct revoke_time t = revoke_measure(r, &revoke_ways[w], MOST_US);
            put(&one, &t);
            put(&all, &t);
            revoke_ways[w].give_back(r);
            revoke_wait_allowed(r);
        }
        report(revoke_ways[w].name, &one);
    }
    report("all", &all);
    atomic_store(&is_over, true);
    for (uint32_t i = 0; i < CLIENTS; i++) {
        assert_int_equal(pthread_join(clients[i].thread, NULL), 0);
    }
    print_message("%llu requests of others meanwhile\n", (unsigned long long)atomic_load(&answered));
    assert_int_equal(atomic_load(&wrong), 0);
    assert_true(atomic_load(&answered) > all.count);
    assert_true(all.whole[all.count - 1] <= MOST_US);
}

static int setup(void **state) {
    static struct revoke r;
    revoke_open(&r, false);
    *state = &r;
    return 0;
}

static int teardown(void **state) {
    revoke_close(*state);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_way_under_load),
    };
    return cmocka_run_group_tests_name("revocation", tests, setup, teardown);
}
