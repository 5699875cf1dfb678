/* SPDX-License-Identifier: MIT
 * test_cancel.c - what takes long ends at the deadline of its request, and when its client hangs up: in the database, too,
 * at once, and never what belongs to somebody else. Its connection is as good as before. */
#include "shop.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "metrics.h"
#include "sys.h"

enum { HANG_UP_MS = 150, VICTIMS = 3, ROUNDS = 400 };

#define TIMEOUT "SELECT setting FROM pg_settings WHERE name = 'statement_timeout'"

static int setup(void **state) {
    struct shop *s = calloc(1, sizeof *s);
    assert_non_null(s);
    shop_new(s, "cancel", "[database]\npool = 4\n");
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

static void pause_ms(long ms) {
    nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000}, NULL);
}

static int64_t running(struct shop *s) {
    return pg_count(&s->pg, "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND usename = "
                            "'alees_app' AND state <> 'idle'");
}

/* Two statements that only read. */
static alees_rc run_slow(struct shop *s, alees_ctx *ctx, const char *sql, alees_rows **ret_rows) {
    const struct store_scope scope = shop_scope(&s->shop, SHOP_ONLY_A);
    const struct store_call calls[] = {
        {store_statement(s->app.store, &s->shop, "first", STR_LIT("SELECT count(*), pg_backend_pid() FROM shop.item"),
                         0),
         NULL},
        {store_statement(s->app.store, &s->shop, "slow", test_view(sql), 0), NULL},
    };
    return store_run_slow(ctx, &scope, calls, ARRAY_LEN(calls), ret_rows, NULL);
}

static int64_t backend(struct shop *s) {
    alees_ctx *ctx = shop_ctx(s);
    alees_rows *rows[2];
    assert_ok(run_slow(s, ctx, "SELECT 1", rows));
    int64_t pid = strtoll(store_rows_text(rows[0], 0, 1).ptr, NULL, 10);
    shop_ctx_end(ctx);
    return pid;
}

static void test_reads_under_the_scope(void **state) {
    struct shop *s = *state;
    alees_ctx *ctx = shop_ctx(s);
    alees_rows *rows[2];
    assert_ok(run_slow(s, ctx,
                       "SELECT current_user || ' ' || current_setting('transaction_isolation') || ' ' || "
                       "current_setting('transaction_read_only') || ' ' || current_setting('statement_timeout')",
                       rows));
    assert_text(store_rows_text(rows[0], 0, 0), "30");
    assert_text(store_rows_text(rows[1], 0, 0), "alees_plugin_shop repeatable read on 10s");
    ctx->deadline_us = sys_monotonic_us() + 3000000;
    assert_ok(run_slow(s, ctx, TIMEOUT, rows));
    long left = strtol(store_rows_text(rows[1], 0, 0).ptr, NULL, 10);
    assert_in_range(left, 2000, 3001);
    assert_err(run_slow(s, ctx, "INSERT INTO shop.note VALUES (1, 'x')", rows), ALEES_E_UNAVAILABLE);
    shop_ctx_end(ctx);
    assert_int_equal(pg_count(&s->pg, "SELECT count(*) FROM shop.note"), 0);
}

/* Nothing of it stays on the connection. */
static void test_deadline(void **state) {
    struct shop *s = *state;
    int64_t pid = backend(s);
    alees_ctx *ctx = shop_ctx(s);
    alees_rows *rows[2];
    uint64_t begun = sys_monotonic_us();
    ctx->deadline_us = begun + 300000;
    assert_err(run_slow(s, ctx, "SELECT pg_sleep(8)", rows), ALEES_E_UNAVAILABLE);
    uint64_t took = sys_monotonic_us() - begun;
    assert_in_range(took, 290000, 1300000);
    assert_string_equal(ctx->problem.code, "timeout");
    assert_int_equal(ctx->problem.status, 503);
    assert_int_equal(running(s), 0);
    problem_init(&ctx->problem, ctx->arena);
    assert_err(run_slow(s, ctx, "SELECT 1", rows), ALEES_E_UNAVAILABLE); /* it has passed for all that comes */
    assert_string_equal(ctx->problem.code, "timeout");
    problem_init(&ctx->problem, ctx->arena);
    assert_err(shop_run(ctx, &s->shop, SHOP_ONLY_A, "SELECT 1", NULL, 0, rows), ALEES_E_UNAVAILABLE);
    shop_ctx_end(ctx);
    assert_int_equal(backend(s), pid);
}

/* The server is not there to cancel it: PostgreSQL knows when, by itself. */
static void test_the_database_knows_the_deadline(void **state) {
    struct shop *s = *state;
    alees_ctx *ctx = shop_ctx(s);
    alees_rows *rows = NULL;
    ctx->deadline_us = sys_monotonic_us() + 2000000;
    store_begin(ctx);
    assert_ok(shop_run(ctx, &s->shop, SHOP_ONLY_A, TIMEOUT, NULL, 0, &rows));
    assert_in_range(strtol(store_rows_text(rows, 0, 0).ptr, NULL, 10), 1000, 2001);
    assert_ok(store_commit(ctx));
    shop_ctx_end(ctx);
}

struct client {
    int ends[2]; /* the server's, the client's */
    pthread_t thread;
};

static void *hang_up(void *data) {
    struct client *c = data;
    pause_ms(HANG_UP_MS);
    close(c->ends[1]);
    return NULL;
}

static void client_open(struct client *c) {
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, c->ends), 0);
    assert_int_equal(write(c->ends[1], "GET / HTTP/1.1\r\n", 16), 16); /* the next request has come already */
}

static void test_client_hangs_up(void **state) {
    struct shop *s = *state;
    int64_t pid = backend(s);
    struct client c;
    alees_rows *rows[2];
    client_open(&c);
    alees_ctx *ctx = shop_ctx(s);
    ctx->client = c.ends[0];
    assert_false(sys_is_hung_up(ctx->client));
    assert_ok(run_slow(s, ctx, "SELECT pg_sleep(0.4)", rows)); /* what waits to be read is no hang-up */
    uint64_t begun = sys_monotonic_us();
    assert_int_equal(pthread_create(&c.thread, NULL, hang_up, &c), 0);
    assert_err(run_slow(s, ctx, "SELECT pg_sleep(8)", rows), ALEES_E_UNAVAILABLE);
    uint64_t took = sys_monotonic_us() - begun;
    assert_in_range(took, HANG_UP_MS * 1000 - 10000, 1000000);
    assert_string_equal(ctx->problem.code, "client_gone");
    assert_true(ctx->response.close);
    assert_true(sys_is_hung_up(ctx->client));
    assert_int_equal(running(s), 0);
    pthread_join(c.thread, NULL);
    shop_ctx_end(ctx);
    close(c.ends[0]);
    assert_int_equal(backend(s), pid);
}

static void test_nothing_is_written_for_nobody(void **state) {
    struct shop *s = *state;
    struct client c;
    alees_rows *rows = NULL;
    client_open(&c);
    alees_ctx *ctx = shop_ctx(s);
    ctx->client = c.ends[0];
    store_begin(ctx);
    assert_ok(shop_run(ctx, &s->shop, SHOP_ONLY_A, "INSERT INTO shop.note VALUES (2, 'x')", NULL, 0, &rows));
    assert_int_equal(pthread_create(&c.thread, NULL, hang_up, &c), 0);
    assert_err(shop_run(ctx, &s->shop, SHOP_ONLY_A, "SELECT pg_sleep(8)", NULL, 0, &rows), ALEES_E_UNAVAILABLE);
    assert_err(store_commit(ctx), ALEES_E_UNAVAILABLE);
    assert_string_equal(ctx->problem.code, "client_gone");
    pthread_join(c.thread, NULL);
    shop_ctx_end(ctx);
    close(c.ends[0]);
    assert_int_equal(pg_count(&s->pg, "SELECT count(*) FROM shop.note"), 0);
    assert_int_equal(running(s), 0);
}

/* A statement that takes about as long as its request may: it is cancelled before, at, or after its end. */
struct victims {
    struct shop *s;
    atomic_bool is_over;
    atomic_uint late, done, hit, innocent;
};

static void *be_late(void *data) {
    struct victims *v = data;
    alees_rows *rows[2];
    for (unsigned i = 0; i < ROUNDS; i++) {
        alees_ctx *ctx = shop_ctx(v->s);
        ctx->deadline_us = sys_monotonic_us() + 3000 + i % 20 * 200;
        alees_rc rc = run_slow(v->s, ctx, "SELECT pg_sleep(0.003)", rows);
        atomic_fetch_add(rc == ALEES_OK ? &v->done : &v->late, 1);
        shop_ctx_end(ctx);
    }
    return NULL;
}

static void *be_innocent(void *data) {
    struct victims *v = data;
    alees_rows *rows[2];
    while (!atomic_load(&v->is_over)) {
        alees_ctx *ctx = shop_ctx(v->s);
        alees_rc rc = run_slow(v->s, ctx, "SELECT pg_sleep(0.002)", rows);
        atomic_fetch_add(rc == ALEES_OK ? &v->innocent : &v->hit, 1);
        shop_ctx_end(ctx);
    }
    return NULL;
}

static void test_nobody_else_is_hit(void **state) {
    struct victims v = {.s = *state};
    pthread_t late[VICTIMS], innocent;
    assert_int_equal(pthread_create(&innocent, NULL, be_innocent, &v), 0);
    for (size_t i = 0; i < VICTIMS; i++) {
        assert_int_equal(pthread_create(&late[i], NULL, be_late, &v), 0);
    }
    for (size_t i = 0; i < VICTIMS; i++) {
        pthread_join(late[i], NULL);
    }
    atomic_store(&v.is_over, true);
    pthread_join(innocent, NULL);
    print_message("%u late, %u in time; %u others\n", v.late, v.done, v.innocent);
    assert_int_equal(v.hit, 0);
    assert_in_range(v.late, 1, VICTIMS * ROUNDS - 1); /* both have happened, else this tests nothing */
    assert_true(v.innocent > 10);
    assert_int_equal(running(v.s), 0);
}

static void *unlock_soon(void *data) {
    struct shop *s = data;
    pause_ms(200);
    pg_exec(&s->pg, "COMMIT");
    return NULL;
}

/* On a lane nobody waits for a lock. What runs alone waits elsewhere, and leaves the transaction that is open as it was. */
static void test_alone_meets_a_lock(void **state) {
    struct shop *s = *state;
    alees_ctx *ctx = shop_ctx(s);
    const struct store_scope scope = shop_scope(&s->shop, SHOP_ONLY_A);
    const struct store_call alone = {
        store_statement(s->app.store, &s->shop, "alone", STR_LIT("SELECT count(*) FROM shop.item"), 0), NULL};
    alees_rows *rows = NULL;
    pthread_t other;
    store_begin(ctx);
    assert_ok(shop_run(ctx, &s->shop, SHOP_ONLY_A, "INSERT INTO shop.note VALUES (3, 'x')", NULL, 0, NULL));
    struct ctx_transaction *open = ctx->transaction;
    pg_exec(&s->pg, "BEGIN; LOCK TABLE shop.item IN ACCESS EXCLUSIVE MODE");
    assert_int_equal(pthread_create(&other, NULL, unlock_soon, s), 0);
    assert_ok(store_run_alone(ctx, &scope, &alone, 1, &rows, NULL));
    pthread_join(other, NULL);
    assert_int_equal(strtoll(store_rows_text(rows, 0, 0).ptr, NULL, 10), SHOP_ROWS_A);
    assert_ptr_equal(ctx->transaction, open);
    assert_int_equal(pg_count(&s->pg, "SELECT count(*) FROM shop.note"), 0);
    assert_ok(store_commit(ctx));
    assert_int_equal(pg_count(&s->pg, "SELECT count(*) FROM shop.note"), 1);
    pg_exec(&s->pg, "DELETE FROM shop.note");
    shop_ctx_end(ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reads_under_the_scope),
        cmocka_unit_test(test_deadline),
        cmocka_unit_test(test_the_database_knows_the_deadline),
        cmocka_unit_test(test_client_hangs_up),
        cmocka_unit_test(test_nothing_is_written_for_nobody),
        cmocka_unit_test(test_nobody_else_is_hit),
        cmocka_unit_test(test_alone_meets_a_lock),
    };
    return cmocka_run_group_tests_name("cancel", tests, setup, teardown);
}
