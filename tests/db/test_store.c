/* SPDX-License-Identifier: MIT
 * test_store.c - the facade: statements, transactions, what PostgreSQL refuses, readiness. */
#include "shop.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>

#include "unit.h"

static int setup(void **state) {
    struct shop *s = calloc(1, sizeof *s);
    assert_non_null(s);
    shop_new(s, "store", "[database]\nstatement_timeout_ms = 500\npool = 4\npool_wait_ms = 300\n");
    shop_migrated(s);
    char sql[200]; /* below statement_timeout, so that a deadlock is found first */
    snprintf(sql, sizeof sql, "ALTER DATABASE %s SET deadlock_timeout = '50ms'", s->pg.name);
    pg_exec(&s->pg, sql);
    shop_opened(s);
    *state = s;
    return 0;
}

static int teardown(void **state) {
    shop_free(*state);
    free(*state);
    return 0;
}

static const char insert_sql[] = "INSERT INTO shop.item (organization_id, id, name, sku, price) VALUES ($1, $2, $3, "
                                 "$4, $5::numeric) RETURNING id, price";
static const char count_notes[] = "SELECT count(*) FROM shop.note";

static void test_rows(void **state) {
    struct shop *s = *state;
    alees_ctx *ctx = shop_ctx(s);
    alees_rows *rows = NULL;
    const char *params[] = {"1", NULL, "", "\xc3\xa9"};
    assert_ok(shop_run(ctx, &s->shop, "{}",
                       "SELECT $1::int, $2::text, $3::text, $4::text UNION ALL SELECT 2, 'b', NULL, 'c'", params, 4,
                       &rows));
    assert_int_equal(store_rows_count(rows), 2);
    assert_int_equal(store_rows_columns(rows), 4);
    assert_int_equal(store_rows_changed(rows), 0);
    assert_text(store_rows_text(rows, 0, 0), "1");
    assert_absent(store_rows_text(rows, 0, 1));
    assert_text(store_rows_text(rows, 0, 2), "");
    assert_text(store_rows_text(rows, 0, 3), "\xc3\xa9");
    assert_absent(store_rows_text(rows, 1, 2));
    assert_absent(store_rows_text(rows, 2, 0));
    assert_absent(store_rows_text(rows, 0, 4));
    const char *row[] = {SHOP_ORG_A, "00000000-0000-7000-8000-000000000101", "x", "rows", "1.50"};
    assert_ok(shop_run(ctx, &s->shop, SHOP_ONLY_A, insert_sql, row, 5, &rows));
    assert_int_equal(store_rows_changed(rows), 1);
    assert_text(store_rows_text(rows, 0, 1), "1.50");
    assert_ok(shop_run(ctx, &s->shop, SHOP_ONLY_A, "DELETE FROM shop.item WHERE sku = 'rows'", NULL, 0, &rows));
    assert_int_equal(store_rows_changed(rows), 1);
    shop_ctx_end(ctx);
}

static void test_several_calls(void **state) {
    struct shop *s = *state;
    alees_ctx *ctx = shop_ctx(s);
    const struct store_scope scope = shop_scope(&s->shop, SHOP_ONLY_A);
    const struct statement *one = store_statement(s->app.store, &s->shop, "one", STR_LIT("SELECT 1"), 0);
    const struct statement *bad = store_statement(s->app.store, &s->shop, "bad", STR_LIT("SELECT $1::uuid"), 1);
    const alees_str param = STR_LIT("nonsense");
    const struct store_call calls[] = {{one, NULL}, {bad, &param}, {one, NULL}};
    alees_rows *rows[3] = {NULL, NULL, NULL};
    const struct store_error *error = NULL;
    assert_err(store_run(ctx, &scope, calls, 3, rows, &error), ALEES_E_INVALID);
    assert_null(rows[0]);
    assert_int_equal(error->call, 1);
    assert_string_equal(error->sqlstate, "22P02");
    assert_int_equal(ctx->problem.status, 422);
    assert_null(strstr(ctx->problem.detail.ptr, "nonsense"));
    shop_ctx_end(ctx);
}

static void test_registry(void **state) {
    struct shop *s = *state;
    struct store *store = s->app.store;
    const struct statement *a = store_statement(store, &s->shop, "a", STR_LIT("SELECT 'a'"), 0);
    assert_ptr_equal(store_statement(store, &s->shop, "b", STR_LIT("SELECT 'a'"), 0), a);
    const struct statement *b = store_statement(store, &s->bank, "a", STR_LIT("SELECT 'a'"), 0);
    assert_ptr_not_equal(a, b);
    assert_int_not_equal(a->number, b->number);
    assert_ptr_equal(b->plugin, &s->bank);
}

struct refusal {
    const char *sql, *sqlstate;
    alees_rc rc;
    uint32_t status;
    const char *constraint;
};

static const struct refusal refusals[] = {
    {"INSERT INTO shop.item (organization_id, id, name, sku) VALUES ('" SHOP_ORG_A "', alees.new_id(), 'x', 'sku-1')",
     "23505", ALEES_E_CONFLICT, 409, "item_sku"},
    {"INSERT INTO shop.item (organization_id, id, name, sku, kind_id) VALUES ('" SHOP_ORG_A
     "', alees.new_id(), 'x', 'y', alees.new_id())",
     "23503", ALEES_E_INVALID, 422, "item_kind"},
    {"DELETE FROM shop.kind", "23503", ALEES_E_CONFLICT, 409, "item_kind"},
    {"WITH d AS (DELETE FROM shop.kind RETURNING 1) SELECT count(*) FROM d", "23503", ALEES_E_CONFLICT, 409,
     "item_kind"},
    {"INSERT INTO shop.item (organization_id, id, name, sku, price) VALUES ('" SHOP_ORG_A
     "', alees.new_id(), 'x', 'y', -1)",
     "23514", ALEES_E_INVALID, 422, "item_price_check"},
    {"INSERT INTO shop.item (organization_id, id, sku) VALUES ('" SHOP_ORG_A "', alees.new_id(), 'y')", "23502",
     ALEES_E_INVALID, 422, NULL},
    {"SELECT 'nonsense'::text::uuid", "22P02", ALEES_E_INVALID, 422, NULL},
    {"SELECT 1 / (count(*) - count(*)) FROM shop.kind", "22012", ALEES_E_INVALID, 422, NULL},
    {"UPDATE shop.item SET name = repeat('x', 10), sku = repeat('y', 200) WHERE sku = 'sku-1'", "22001",
     ALEES_E_INVALID, 422, NULL},
    {"INSERT INTO shop.item (organization_id, id, name, sku) VALUES ('" SHOP_ORG_B "', alees.new_id(), 'x', 'y')",
     "42501", ALEES_E_DENIED, 403, NULL},
    {"SELECT * FROM bank.account", "42501", ALEES_E_DENIED, 403, NULL},
    {"SELECT pg_sleep(5)", "57014", ALEES_E_UNAVAILABLE, 503, NULL},
    {"SELECT nothing FROM shop.item", "42703", ALEES_E_INTERNAL, 500, NULL},
    {"SELEC", "42601", ALEES_E_INTERNAL, 500, NULL},
};

static void check_refusal(struct shop *s, const struct refusal *r, bool in_transaction) {
    alees_ctx *ctx = shop_ctx(s);
    const struct store_scope scope = shop_scope(&s->shop, SHOP_ONLY_A);
    const struct store_call call = {store_statement(s->app.store, &s->shop, "refused", test_view(r->sql), 0), NULL};
    const struct store_error *error = NULL;
    alees_rows *rows = NULL;
    if (in_transaction) {
        store_begin(ctx);
    }
    alees_rc rc = store_run(ctx, &scope, &call, 1, &rows, &error);
    if (rc != r->rc || !error || strcmp(error->sqlstate, r->sqlstate) != 0) {
        fail_msg("%s gave %s, %s", r->sql, test_rc_name(rc), error ? error->sqlstate : "no error");
    }
    assert_null(rows);
    assert_int_equal(ctx->problem.status, r->status);
    assert_int_equal(ctx->problem.rc, r->rc);
    assert_null(strstr(ctx->problem.detail.ptr, "item")); /* nothing of PostgreSQL's words */
    if (r->constraint) {
        assert_string_equal(error->constraint, r->constraint);
    }
    if (in_transaction) {
        /* Nothing more is sent, and it does not commit. */
        assert_err(store_run(ctx, &scope, &call, 1, &rows, NULL), r->rc);
        assert_err(store_commit(ctx), r->rc);
    }
    shop_ctx_end(ctx);
}

static void test_refusals(void **state) {
    struct shop *s = *state;
    pg_exec(&s->pg, "UPDATE shop.item SET kind_id = (SELECT id FROM shop.kind) WHERE sku = 'sku-2'");
    struct metric *stopped = metrics_register(METRICS_COUNTER, "alees_rls_stopped_total", "", "");
    int64_t before = metrics_value(stopped);
    for (size_t i = 0; i < ARRAY_LEN(refusals); i++) {
        check_refusal(s, &refusals[i], false);
        check_refusal(s, &refusals[i], true);
    }
    assert_int_equal(metrics_value(stopped) - before, 4);
}

static void test_nul_is_refused(void **state) {
    struct shop *s = *state;
    alees_ctx *ctx = shop_ctx(s);
    const struct store_scope scope = shop_scope(&s->shop, "{}");
    const alees_str param = {"a\0b", 3};
    const struct store_call call = {store_statement(s->app.store, &s->shop, "nul", STR_LIT("SELECT $1::text"), 1),
                                    &param};
    alees_rows *rows = NULL;
    assert_err(store_run(ctx, &scope, &call, 1, &rows, NULL), ALEES_E_INVALID);
    shop_ctx_end(ctx);
}

static const char insert_note[] = "INSERT INTO shop.note VALUES (1, 'x')";

static int64_t notes(struct shop *s) {
    return pg_count(&s->pg, count_notes);
}

static void test_transactions(void **state) {
    struct shop *s = *state;
    alees_ctx *ctx = shop_ctx(s);
    store_begin(ctx); /* nothing was run: nothing to commit */
    assert_ok(store_commit(ctx));
    assert_null(ctx->transaction);

    store_begin(ctx);
    assert_ok(shop_run(ctx, &s->shop, "{}", insert_note, NULL, 0, NULL));
    assert_int_equal(shop_number(ctx, &s->shop, "{}", count_notes), 1);
    assert_int_equal(notes(s), 0);
    const struct store_scope scope = shop_scope(&s->shop, "{}");
    const struct store_call alone = {store_statement(s->app.store, &s->shop, "alone", test_view(count_notes), 0), NULL};
    alees_rows *rows = NULL;
    assert_ok(store_run_alone(ctx, &scope, &alone, 1, &rows, NULL)); /* sees what is committed */
    assert_text(store_rows_text(rows, 0, 0), "0");
    store_rollback(ctx);
    assert_int_equal(notes(s), 0);

    store_begin(ctx);
    assert_ok(shop_run(ctx, &s->shop, "{}", insert_note, NULL, 0, NULL));
    assert_int_equal(shop_number(ctx, &s->bank, SHOP_ONLY_A, "SELECT count(*) FROM bank.account"), 3);
    assert_int_equal(shop_number(ctx, &s->shop, SHOP_ONLY_A, "SELECT count(*) FROM shop.item"), SHOP_ROWS_A);
    assert_int_equal(shop_number(ctx, NULL, "{}", "SELECT count(*) WHERE current_user = 'alees_app'"), 1);
    assert_int_equal(shop_number(ctx, &s->shop, SHOP_ONLY_B, "SELECT count(*) FROM shop.item"), SHOP_ROWS_B);
    assert_ok(store_commit(ctx));
    assert_int_equal(notes(s), 1);
    pg_exec(&s->pg, "DELETE FROM shop.note");

    store_begin(ctx); /* the end of the ctx rolls back */
    assert_ok(shop_run(ctx, &s->shop, "{}", insert_note, NULL, 0, NULL));
    shop_ctx_end(ctx);
    assert_int_equal(notes(s), 0);
    assert_int_equal(pg_count(&s->pg, "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'alees' AND "
                                      "datname = current_database() AND state LIKE "
                                      "'idle in%'"),
                     0);
}

/* A transaction of a traced request is shown with the trace, until it ends. */
static void test_traced_transaction(void **state) {
    static const char name[] = "SELECT count(*) WHERE current_setting('application_name') = "
                               "'alees 4bf92f3577b34da6a3ce929d0e0e4736'";
    static const char shown[] = "SELECT count(*) FROM pg_stat_activity WHERE application_name = "
                                "'alees 4bf92f3577b34da6a3ce929d0e0e4736' AND datname = current_database()";
    struct shop *s = *state;
    alees_ctx *ctx = shop_ctx(s);
    memcpy(ctx->trace_id, "4bf92f3577b34da6a3ce929d0e0e4736", sizeof ctx->trace_id);
    assert_int_equal(shop_number(ctx, NULL, "{}", name), 0); /* on a lane, which many share */
    store_begin(ctx);
    assert_int_equal(shop_number(ctx, NULL, "{}", name), 1);
    assert_int_equal(shop_number(ctx, &s->shop, SHOP_ONLY_A, name), 1); /* also under the role of a plugin */
    assert_int_equal(pg_count(&s->pg, shown), 1);
    assert_ok(store_commit(ctx));
    assert_int_equal(pg_count(&s->pg, shown), 0);
    shop_ctx_end(ctx);
    ctx = shop_ctx(s);
    store_begin(ctx);
    assert_int_equal(shop_number(ctx, NULL, "{}", name), 0);
    store_rollback(ctx);
    shop_ctx_end(ctx);
}

static void test_commit_is_refused(void **state) {
    struct shop *s = *state;
    alees_ctx *ctx = shop_ctx(s);
    store_begin(ctx);
    assert_ok(shop_run(ctx, &s->shop, "{}", "INSERT INTO shop.note VALUES (1, 'x', alees.new_id())", NULL, 0, NULL));
    assert_err(store_commit(ctx), ALEES_E_INVALID); /* a deferred reference */
    assert_int_equal(notes(s), 0);
    shop_ctx_end(ctx);
}

static void test_lost_transaction(void **state) {
    struct shop *s = *state;
    alees_ctx *ctx = shop_ctx(s);
    store_begin(ctx);
    assert_ok(shop_run(ctx, &s->shop, "{}", insert_note, NULL, 0, NULL));
    assert_int_equal(pg_count(&s->pg,
                              "SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity WHERE state LIKE "
                              "'idle in%' AND datname = current_database()"),
                     1);
    assert_err(shop_run(ctx, &s->shop, "{}", insert_note, NULL, 0, NULL), ALEES_E_UNAVAILABLE);
    assert_err(store_commit(ctx), ALEES_E_UNAVAILABLE);
    assert_int_equal(ctx->problem.status, 503);
    assert_int_equal(ctx->problem.retry_after, 1);
    shop_ctx_end(ctx);
    assert_int_equal(notes(s), 0);
    ctx = shop_ctx(s);
    store_begin(ctx);
    assert_ok(shop_run(ctx, &s->shop, "{}", count_notes, NULL, 0, NULL));
    shop_ctx_end(ctx);
}

static void test_pool_is_bounded(void **state) {
    struct shop *s = *state;
    alees_ctx *ctx[5];
    for (size_t i = 0; i < 5; i++) {
        ctx[i] = shop_ctx(s);
        store_begin(ctx[i]);
        alees_rc rc = shop_run(ctx[i], &s->shop, "{}", count_notes, NULL, 0, NULL);
        assert_int_equal(rc, i < 4 ? ALEES_OK : ALEES_E_UNAVAILABLE);
    }
    for (size_t i = 0; i < 5; i++) {
        shop_ctx_end(ctx[i]);
    }
}

/* Two transactions take two rows in opposite order: one of them is told to try again, and what it wrote is gone. */
struct rival {
    struct shop *shop;
    pthread_barrier_t *barrier;
    const char *first, *second;
    alees_rc rc;
};

static void *compete(void *data) {
    struct rival *r = data;
    alees_ctx *ctx = shop_ctx(r->shop);
    store_begin(ctx);
    r->rc = shop_run(ctx, &r->shop->shop, SHOP_ONLY_A, r->first, NULL, 0, NULL);
    pthread_barrier_wait(r->barrier);
    if (r->rc == ALEES_OK) {
        r->rc = shop_run(ctx, &r->shop->shop, SHOP_ONLY_A, r->second, NULL, 0, NULL);
    }
    if (r->rc == ALEES_OK) {
        r->rc = store_commit(ctx);
    }
    shop_ctx_end(ctx);
    return NULL;
}

static void test_deadlock(void **state) {
    struct shop *s = *state;
    pthread_barrier_t barrier;
    pthread_barrier_init(&barrier, NULL, 2);
    static const char one[] = "UPDATE shop.item SET price = price + 1 WHERE sku = 'sku-1'";
    static const char two[] = "UPDATE shop.item SET price = price + 1 WHERE sku = 'sku-2'";
    struct rival rivals[2] = {{s, &barrier, one, two, 0}, {s, &barrier, two, one, 0}};
    pthread_t threads[2];
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, compete, &rivals[i]), 0);
    }
    pthread_join(threads[0], NULL);
    pthread_join(threads[1], NULL);
    pthread_barrier_destroy(&barrier);
    assert_int_equal((rivals[0].rc == ALEES_OK) + (rivals[1].rc == ALEES_OK), 1);
    assert_int_equal((rivals[0].rc == ALEES_E_CONFLICT) + (rivals[1].rc == ALEES_E_CONFLICT), 1);
}

static void test_readiness(void **state) {
    struct shop *s = *state;
    char sql[200];
    const struct timespec pause = {1, 100000000};
    assert_true(store_is_ready(s->app.store));
    snprintf(sql, sizeof sql, "ALTER DATABASE %s CONNECTION LIMIT 0", s->pg.name);
    pg_exec(&s->pg, sql);
    pg_exec(&s->pg,
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = 'alees' AND datname "
            "= current_database()");
    nanosleep(&pause, NULL);
    assert_false(store_is_ready(s->app.store));
    snprintf(sql, sizeof sql, "ALTER DATABASE %s CONNECTION LIMIT -1", s->pg.name);
    pg_exec(&s->pg, sql);
    nanosleep(&pause, NULL);
    assert_true(store_is_ready(s->app.store));
}

static void test_secret(void **state) {
    struct shop *s = *state;
    struct arena *arena = test_arena();
    char hex[65];
    for (size_t i = 0; i < 32; i++) {
        snprintf(hex + 2 * i, 3, "%02x", store_secret(s->app.store)[i]);
    }
    assert_text(pg_value(&s->pg, arena, "SELECT encode(bytes, 'hex') FROM alees.secret"), hex);
    arena_free(arena);
}

/* In a store of its own: what is registered stays. */
static void test_prepare_all(void **state) {
    struct shop *s = *state;
    struct app *app = &s->app;
    struct store *kept = app->store;
    char *text = NULL;
    size_t size = 0;
    assert_ok(shop_open_store(s));
    assert_non_null(
        store_statement(app->store, &s->shop, "fine", STR_LIT("SELECT name FROM shop.item WHERE id = $1"), 1));
    assert_non_null(store_statement(app->store, NULL, "host", STR_LIT("SELECT count(*) FROM alees.migration"), 0));
    assert_ok(store_prepare_all(app->store, stderr));
    assert_non_null(store_statement(app->store, &s->shop, "drifted", STR_LIT("SELECT gone FROM shop.item"), 0));
    assert_non_null(store_statement(app->store, &s->bank, "foreign", STR_LIT("SELECT name FROM shop.item"), 0));
    assert_non_null(store_statement(app->store, &s->shop, "counted", STR_LIT("SELECT $1::text"), 2));
    assert_non_null(store_statement(app->store, &s->shop, "escape", STR_LIT("SET alees.organizations = '{}'"), 0));
    FILE *out = open_memstream(&text, &size);
    assert_err(store_prepare_all(app->store, out), ALEES_E_INVALID);
    fclose(out);
    assert_non_null(
        strstr(text, "shop: statement \"drifted\" does not fit the database: column \"gone\" does not exist"));
    assert_non_null(strstr(text, "bank: statement \"foreign\" does not fit the database: permission denied"));
    assert_non_null(strstr(text, "shop: statement \"counted\" has 1 parameters, declared are 2"));
    assert_non_null(strstr(text, "shop: statement \"escape\" is none of SELECT"));
    assert_null(strstr(text, "fine"));
    free(text);
    for (int i = 0; i < 2000; i++) { /* past the bound there are no more, and the first keep their numbers */
        char sql[64];
        snprintf(sql, sizeof sql, "SELECT %d", i);
        const struct statement *st = store_statement(app->store, &s->shop, "many", test_view(sql), 0);
        assert_true(i < 900 ? st && st->number != 0 : i < UNIT_MAX_STATEMENTS || !st);
    }
    store_close(app->store);
    app->store = kept;
}

/* Every allocation of a request may fail; nothing else may. */
static void test_out_of_memory(void **state) {
    struct shop *s = *state;
    const struct store_scope scope = shop_scope(&s->shop, SHOP_ONLY_A);
    const struct store_call call = {
        store_statement(s->app.store, &s->shop, "memory", STR_LIT("SELECT count(*) FROM shop.item"), 0), NULL};
    for (int in_transaction = 0; in_transaction < 2; in_transaction++) {
        alees_rc rc = ALEES_E_NOMEM;
        uint32_t n = 1;
        for (; rc == ALEES_E_NOMEM && n < 50; n++) {
            alees_ctx *ctx = shop_ctx(s);
            alees_rows *rows = NULL;
            arena_fail_after(ctx->arena, n);
            if (in_transaction) {
                store_begin(ctx);
            }
            rc = store_run(ctx, &scope, &call, 1, &rows, NULL);
            if (rc == ALEES_OK && in_transaction) {
                rc = store_commit(ctx);
            }
            arena_fail_after(ctx->arena, 0);
            assert_true(rc == ALEES_OK || rc == ALEES_E_NOMEM);
            shop_ctx_end(ctx);
        }
        assert_int_equal(rc, ALEES_OK);
        assert_true(n > 3);
    }
}

static alees_str actor(alees_ctx *ctx, struct shop *s, const char *sql) {
    alees_rows *rows = NULL;
    assert_ok(shop_run(ctx, &s->shop, SHOP_ONLY_A, sql, NULL, 0, &rows));
    assert_int_equal(store_rows_count(rows), 1);
    return store_rows_text(rows, 0, 0);
}

/* Who writes goes with what may write, and with nothing else: neither with a read of the engine's, nor with what comes
 * after. */
static void test_actor(void **state) {
    struct shop *s = *state;
    static const struct alees_principal who = {
        .struct_size = sizeof who, .flags = ALEES_API_KEY, .id = {{1}}, .key = {{2}}};
    static const char expected[] =
        "01000000-0000-0000-0000-000000000000|02000000-0000-0000-0000-000000000000|request-7";
    static const char read[] = "SELECT coalesce(nullif(current_setting('alees.actor', true), ''), 'none')";
    static const char write[] = "-- changes\n UPDATE shop.item SET price = price WHERE sku = 'sku-1' "
                                "RETURNING current_setting('alees.actor', true)";
    static const char with[] = "WITH x AS (SELECT 1) SELECT current_setting('alees.actor', true) FROM x";
    static const char call[] = "SELECT concat(current_setting('alees.actor', true))"; /* a function might write */
    assert_non_null(store_statement(s->app.store, &s->shop, "shop.item", test_view(read), 0));
    alees_ctx *ctx = shop_ctx(s);
    ctx->who = &who;
    snprintf(ctx->request_id, sizeof ctx->request_id, "request-7");
    assert_text(actor(ctx, s, read), "none");
    assert_text(actor(ctx, s, write), expected);
    assert_text(actor(ctx, s, read), "none");
    assert_text(actor(ctx, s, with), expected); /* may write */
    assert_text(actor(ctx, s, call), expected);
    assert_text(actor(ctx, s, read), "none");
    store_begin(ctx);
    assert_text(actor(ctx, s, read), expected);
    alees_rows *rows = NULL;
    assert_ok(shop_run(ctx, &s->bank, SHOP_ONLY_B, "SELECT 1", NULL, 0, &rows)); /* another role, another scope */
    assert_text(actor(ctx, s, write), expected);
    assert_ok(store_commit(ctx));
    assert_text(actor(ctx, s, read), "none");
    ctx->who = NULL;
    assert_text(actor(ctx, s, write), "||request-7");
    shop_ctx_end(ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_actor),
        cmocka_unit_test(test_several_calls),
        cmocka_unit_test(test_registry),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_nul_is_refused),
        cmocka_unit_test(test_transactions),
        cmocka_unit_test(test_traced_transaction),
        cmocka_unit_test(test_commit_is_refused),
        cmocka_unit_test(test_lost_transaction),
        cmocka_unit_test(test_pool_is_bounded),
        cmocka_unit_test(test_deadlock),
        cmocka_unit_test(test_readiness),
        cmocka_unit_test(test_secret),
        cmocka_unit_test(test_prepare_all),
        cmocka_unit_test(test_out_of_memory),
    };
    return cmocka_run_group_tests_name("store", tests, setup, teardown);
}
