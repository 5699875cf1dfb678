/* SPDX-License-Identifier: MIT
 * test_pool.c - connections are lent to one thread at a time, come back clean, and are replaced when they are lost. */
#include "shop.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>

#include "pool.h"
#include "sys.h"

enum { CONNECTIONS = 3, THREADS = 16 };

static int setup(void **state) {
    struct shop *s = calloc(1, sizeof *s);
    assert_non_null(s);
    shop_new(s, "pool", NULL);
    shop_migrated(s);
    *state = s;
    return 0;
}

static int teardown(void **state) {
    shop_free(*state);
    free(*state);
    return 0;
}

static struct pool *new_named_pool(struct shop *s, const char *name, uint32_t wait_ms, uint32_t timeout_ms) {
    const struct pool_options options = {
        .db = {.url = s->pg.app_url, .name = name, .connect_timeout_ms = 5000, .statement_timeout_ms = 2000},
        .connections = CONNECTIONS,
        .wait_ms = wait_ms,
        .timeout_ms = timeout_ms};
    struct pool *p = pool_new(&options);
    assert_non_null(p);
    return p;
}

static struct pool *new_pool(struct shop *s, uint32_t wait_ms, uint32_t timeout_ms) {
    return new_named_pool(s, "pool", wait_ms, timeout_ms);
}

static struct unit *run(struct pool *p, struct session *session, struct arena *arena, uint32_t flags, const char *sql,
                        alees_rc expected) {
    struct statement *st = ARENA_NEW(arena, struct statement);
    struct store_call *call = ARENA_NEW(arena, struct store_call);
    struct unit *u = ARENA_NEW(arena, struct unit);
    assert_true(st && call && u);
    st->sql = sql;
    call->statement = st;
    assert_ok(unit_init(u, arena, call, sql ? 1 : 0));
    u->flags = flags;
    u->role = "alees_plugin_shop";
    u->organizations = test_view(SHOP_ONLY_A);
    assert_err(pool_run(p, session, u), expected);
    return u;
}

static void test_waits_and_refuses(void **state) {
    struct pool *p = new_pool(*state, 200, 5000);
    struct session *taken[CONNECTIONS], *more = NULL;
    for (size_t i = 0; i < CONNECTIONS; i++) {
        assert_ok(pool_take(p, &taken[i]));
    }
    uint64_t begun = sys_monotonic_us();
    assert_err(pool_take(p, &more), ALEES_E_UNAVAILABLE);
    uint64_t waited = sys_monotonic_us() - begun;
    assert_in_range(waited, 190000, 2000000);
    pool_give(p, taken[1]);
    assert_ok(pool_take(p, &more));
    assert_ptr_equal(more, taken[1]); /* the warm one */
    pool_give(p, more);
    pool_give(p, taken[0]);
    pool_give(p, taken[2]);
    pool_free(p);
}

/* One of three is never lent for what may take long, and who waits for it is not passed over. */
static void test_slow_ones_leave_some(void **state) {
    struct pool *p = new_pool(*state, 200, 5000);
    struct session *slow[CONNECTIONS - 1], *more = NULL;
    for (size_t i = 0; i < CONNECTIONS - 1; i++) {
        assert_ok(pool_take_slow(p, &slow[i]));
    }
    assert_err(pool_take_slow(p, &more), ALEES_E_UNAVAILABLE);
    assert_ok(pool_take(p, &more));
    pool_give(p, more);
    pool_give_slow(p, slow[0]);
    assert_ok(pool_take_slow(p, &slow[0]));
    for (size_t i = 0; i < CONNECTIONS - 1; i++) {
        pool_give_slow(p, slow[i]);
    }
    pool_free(p);
}

static void test_comes_back_clean(void **state) {
    struct arena *arena = test_arena();
    struct pool *p = new_pool(*state, 200, 5000);
    struct session *session = NULL, *again = NULL;
    assert_ok(pool_take(p, &session));
    struct unit *u = run(p, session, arena, UNIT_BEGIN | UNIT_SCOPE, "SELECT count(*) FROM shop.item", ALEES_OK);
    assert_text(db_value(u->results[0], 0, 0), "30");
    assert_null(run(p, session, arena, UNIT_COMMIT, NULL, ALEES_OK)->error);
    pool_give(p, session);
    assert_ok(pool_take(p, &again));
    assert_ptr_equal(again, session);
    u = run(p, again, arena, 0,
            "SELECT current_user || '/' || coalesce(current_setting('alees.organizations', true), '')", ALEES_OK);
    assert_text(db_value(u->results[0], 0, 0), "alees_app/");
    /* One that comes back in the middle of a transaction is closed, which rolls back. */
    run(p, again, arena, UNIT_BEGIN | UNIT_SCOPE, "INSERT INTO shop.note VALUES (1, 'x')", ALEES_OK);
    pool_give(p, again);
    assert_ok(pool_take(p, &session));
    u = run(p, session, arena, UNIT_BEGIN | UNIT_SCOPE, "SELECT count(*) FROM shop.note", ALEES_OK);
    assert_text(db_value(u->results[0], 0, 0), "0");
    pool_give(p, session);
    pool_free(p);
    arena_free(arena);
}

/* Connections that the server closed while they were free are not handed out. */
static void test_closed_while_free(void **state) {
    struct shop *s = *state;
    struct arena *arena = test_arena();
    struct pool *p = new_pool(s, 200, 5000);
    struct session *taken[2];
    for (int round = 0; round < 3; round++) {
        for (size_t i = 0; i < 2; i++) {
            assert_ok(pool_take(p, &taken[i]));
            assert_null(run(p, taken[i], arena, 0, "SELECT 1", ALEES_OK)->error);
        }
        pool_give(p, taken[0]);
        pool_give(p, taken[1]);
        assert_int_equal(pg_count(&s->pg, "SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity WHERE "
                                          "application_name = 'pool' AND datname = current_database()"),
                         2);
    }
    pool_free(p);
    arena_free(arena);
}

static void test_lost_and_late(void **state) {
    struct shop *s = *state;
    struct arena *arena = test_arena();
    struct pool *p = new_pool(s, 200, 500);
    struct session *session = NULL;
    assert_ok(pool_take(p, &session));
    run(p, session, arena, 0, "SELECT pg_sleep(1.5)", ALEES_E_UNAVAILABLE); /* no answer in time */
    pool_give(p, session);
    assert_ok(pool_take(p, &session));
    assert_null(run(p, session, arena, 0, "SELECT 1", ALEES_OK)->error);
    pg_count(&s->pg, "SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity WHERE application_name = "
                     "'pool' AND datname = current_database() "
                     "AND state = 'idle'");
    struct unit *u = ARENA_NEW(arena, struct unit);
    assert_ok(unit_init(u, arena, NULL, 0));
    u->flags = UNIT_BEGIN;
    alees_rc rc = pool_run(p, session, u);
    assert_true(rc == ALEES_E_UNAVAILABLE || (u->error && strcmp(db_error(u->error, DB_SQLSTATE), "57P01") == 0));
    pool_give(p, session);
    assert_ok(pool_take(p, &session));
    assert_null(run(p, session, arena, 0, "SELECT 1", ALEES_OK)->error);
    pool_give(p, session);
    pool_free(p);
    arena_free(arena);
}

struct borrower {
    struct pool *pool;
    atomic_uint *done, *wrong;
    int number;
};

static void *borrow(void *data) {
    struct borrower *b = data;
    struct arena *arena = arena_new(TEST_MEMORY);
    ASSERT(arena);
    for (int i = 0; i < 50; i++) {
        char sql[64], expected[16];
        struct session *session = NULL;
        snprintf(expected, sizeof expected, "%d", b->number * 1000 + i);
        snprintf(sql, sizeof sql, "SELECT %s", expected);
        const struct statement st = {.sql = sql};
        const struct store_call call = {&st, NULL};
        struct unit u;
        if (pool_take(b->pool, &session) != ALEES_OK) {
            atomic_fetch_add(b->wrong, 1);
            continue;
        }
        alees_rc rc = unit_init(&u, arena, &call, 1);
        if (rc != ALEES_OK || pool_run(b->pool, session, &u) != ALEES_OK || u.error ||
            !str_equal(db_value(u.results[0], 0, 0), expected)) {
            atomic_fetch_add(b->wrong, 1);
        }
        pool_give(b->pool, session);
        arena_reset(arena);
        atomic_fetch_add(b->done, 1);
    }
    arena_free(arena);
    return NULL;
}

static void test_many_threads(void **state) {
    struct shop *s = *state;
    struct pool *p = new_named_pool(s, "many", 20000, 20000);
    pthread_t threads[THREADS];
    struct borrower borrowers[THREADS];
    atomic_uint done = 0, wrong = 0;
    for (int i = 0; i < THREADS; i++) {
        borrowers[i] = (struct borrower){p, &done, &wrong, i};
        assert_int_equal(pthread_create(&threads[i], NULL, borrow, &borrowers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    assert_int_equal(wrong, 0);
    assert_int_equal(done, THREADS * 50);
    assert_in_range(
        pg_count(
            &s->pg,
            "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'many' AND datname = current_database()"),
        1, CONNECTIONS);
    pool_free(p);
}

static void test_away(void **state) {
    struct shop *s = *state;
    struct pool *p = new_pool(s, 200, 5000);
    struct session *session = NULL;
    char sql[200];
    snprintf(sql, sizeof sql, "ALTER DATABASE %s CONNECTION LIMIT 0", s->pg.name);
    pg_exec(&s->pg, sql);
    assert_err(pool_take(p, &session), ALEES_E_UNAVAILABLE);
    uint64_t begun = sys_monotonic_us();
    for (int i = 0; i < 1000; i++) { /* within the first pause: nobody tries */
        assert_err(pool_take(p, &session), ALEES_E_UNAVAILABLE);
    }
    assert_true(sys_monotonic_us() - begun < 1000000);
    snprintf(sql, sizeof sql, "ALTER DATABASE %s CONNECTION LIMIT -1", s->pg.name);
    pg_exec(&s->pg, sql);
    bool works = false;
    for (int i = 0; i < 50 && !works; i++) {
        const struct timespec pause = {0, 100000000};
        nanosleep(&pause, NULL);
        works = pool_take(p, &session) == ALEES_OK;
    }
    assert_true(works);
    pool_give(p, session);
    pool_free(p);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_slow_ones_leave_some),
        cmocka_unit_test(test_waits_and_refuses),
        cmocka_unit_test(test_comes_back_clean),
        cmocka_unit_test(test_closed_while_free),
        cmocka_unit_test(test_lost_and_late),
        cmocka_unit_test(test_many_threads),
        cmocka_unit_test(test_away),
    };
    return cmocka_run_group_tests_name("pool", tests, setup, teardown);
}
