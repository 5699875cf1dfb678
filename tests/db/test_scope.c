/* SPDX-License-Identifier: MIT
 * test_scope.c - role and organizations travel with each unit and are gone behind it, whatever the unit does. */
#include "shop.h"

#include "lane.h"
#include "unit.h"

static int setup(void **state) {
    struct shop *s = calloc(1, sizeof *s);
    assert_non_null(s);
    shop_new(s, "scope", "[database]\nlanes = 1\n");
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

static const char count_items[] = "SELECT count(*) FROM shop.item";

static void test_login_is_harmless(void **state) {
    struct shop *s = *state;
    alees_ctx *ctx = shop_ctx(s);
    assert_int_equal(shop_number(ctx, NULL, "{}",
                                 "SELECT count(*) FROM pg_roles WHERE rolname = session_user AND session_user = "
                                 "'alees_app' AND NOT rolsuper AND NOT rolbypassrls AND NOT rolinherit"),
                     1);
    shop_ctx_end(ctx);
}

static void test_rows_of_the_scope(void **state) {
    struct shop *s = *state;
    alees_ctx *ctx = shop_ctx(s);
    for (int in_transaction = 0; in_transaction < 2; in_transaction++) {
        if (in_transaction) {
            store_begin(ctx);
        }
        assert_int_equal(shop_number(ctx, &s->shop, SHOP_ONLY_A, count_items), SHOP_ROWS_A);
        assert_int_equal(shop_number(ctx, &s->shop, SHOP_ONLY_B, count_items), SHOP_ROWS_B);
        assert_int_equal(shop_number(ctx, &s->shop, SHOP_BOTH, count_items), SHOP_ROWS_A + SHOP_ROWS_B);
        assert_int_equal(shop_number(ctx, &s->shop, "{}", count_items), 0);
        assert_int_equal(shop_number(ctx, &s->shop, NULL, count_items), SHOP_ROWS_A + SHOP_ROWS_B);
        assert_int_equal(shop_number(ctx, &s->bank, SHOP_ONLY_A, "SELECT count(*) FROM bank.account"), 3);
        assert_int_equal(shop_number(ctx, &s->bank, SHOP_ONLY_B, "SELECT count(*) FROM bank.account"), 0);
    }
    shop_ctx_end(ctx);
}

/* Behind a unit, also one that failed, the connection is alees_app's again and sees nothing. */
static void test_nothing_stays(void **state) {
    struct shop *s = *state;
    for (int round = 0; round < 4; round++) {
        alees_ctx *ctx = shop_ctx(s);
        if (round >= 2) {
            store_begin(ctx);
        }
        if (round % 2) {
            assert_err(
                shop_run(ctx, &s->shop, SHOP_BOTH, "SELECT 1 / (count(*) - count(*)) FROM shop.item", NULL, 0, NULL),
                ALEES_E_INVALID);
        } else {
            assert_int_equal(shop_number(ctx, &s->shop, SHOP_ONLY_A, count_items), SHOP_ROWS_A);
        }
        store_rollback(ctx);
        assert_int_equal(shop_number(ctx, NULL, "{}",
                                     "SELECT count(*) WHERE current_user = 'alees_app' AND session_user = 'alees_app'"),
                         1);
        shop_ctx_end(ctx);
    }
    /* And without any scope at all, as a unit that forgot it would run. */
    struct session *session = NULL;
    struct unit u;
    char why[DB_WHY];
    struct arena *arena = test_arena();
    const struct db_options db = {.url = s->pg.app_url, .name = "test", .connect_timeout_ms = 5000};
    const struct statement bare = {.sql = "SELECT coalesce(current_setting('alees.organizations', true), '')"};
    const struct statement look = {.sql = count_items};
    const struct store_call calls[] = {{&bare, NULL}, {&look, NULL}};
    assert_ok(session_open(&db, &session, why));
    assert_ok(unit_init(&u, arena, calls, 2));
    assert_true(unit_run(&u, session, UINT64_MAX));
    assert_string_equal(db_error(u.error, DB_SQLSTATE), "42501");
    assert_text(db_value(u.results[0], 0, 0), "");
    session_close(session);
    arena_free(arena);
}

/* What SQL under a plugin's role must not do, as if somebody had injected it. */
static void test_no_way_out(void **state) {
    static const char *const attacks[] = {
        "SELECT set_config('alees.organizations', '" SHOP_BOTH "', true)",
        "SELECT set_config('role', 'none', true)",
        "SELECT set_config('role', 'alees_plugin_shop_all', false)",
        "WITH w AS (SELECT set_config('alees.organizations', '" SHOP_BOTH "', true)) SELECT count(*) FROM shop.item, w",
        "UPDATE pg_settings SET setting = '" SHOP_BOTH "' WHERE name = 'alees.organizations'",
        "UPDATE pg_catalog.pg_settings SET setting = 'none' WHERE name = 'role'",
        "SELECT query_to_xml('SELECT set_config(''role'', ''none'', true)', true, false, '')",
        "SELECT query_to_xml('SET LOCAL ROLE NONE', true, false, '')",
        "SELECT query_to_xml('SET LOCAL alees.organizations = ''{}''', true, false, '')",
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'alees_app' AND pid > 0",
        "SELECT * FROM bank.account",
        "SELECT * FROM alees.secret",
        "SELECT * FROM alees.idempotency",
        "DELETE FROM alees.idempotency",
        "INSERT INTO alees.migration VALUES ('x', 1, 'x', 'x')",
        "SELECT pg_read_file('/etc/passwd')",
        "CREATE TABLE shop.mine (id integer)",
        "CREATE TEMPORARY TABLE mine (id integer)",
        "ALTER TABLE shop.item DISABLE ROW LEVEL SECURITY",
        "TRUNCATE shop.item",
        "SET SESSION AUTHORIZATION postgres",
        "SELECT * FROM pg_authid",
        "INSERT INTO shop.item (organization_id, id, name, sku) VALUES ('" SHOP_ORG_B "', alees.new_id(), 'x', 'x')",
        "UPDATE shop.item SET organization_id = '" SHOP_ORG_B "'",
    };
    struct shop *s = *state;
    for (size_t i = 0; i < ARRAY_LEN(attacks); i++) {
        for (int in_transaction = 0; in_transaction < 2; in_transaction++) {
            alees_ctx *ctx = shop_ctx(s);
            if (in_transaction) {
                store_begin(ctx);
            }
            alees_rc rc = shop_run(ctx, &s->shop, SHOP_ONLY_A, attacks[i], NULL, 0, NULL);
            if (rc != ALEES_E_DENIED && rc != ALEES_E_INTERNAL) {
                fail_msg("%s gave %s", attacks[i], test_rc_name(rc));
            }
            store_rollback(ctx);
            assert_int_equal(shop_number(ctx, &s->shop, SHOP_ONLY_A, count_items), SHOP_ROWS_A);
            shop_ctx_end(ctx);
        }
    }
    alees_ctx *ctx = shop_ctx(s);
    assert_int_equal(shop_number(ctx, &s->shop, NULL, count_items), SHOP_ROWS_A + SHOP_ROWS_B);
    shop_ctx_end(ctx);
}

/* Foreign rows are not there for UPDATE and DELETE either. */
static void test_writes_stay_inside(void **state) {
    struct shop *s = *state;
    alees_ctx *ctx = shop_ctx(s);
    alees_rows *rows = NULL;
    store_begin(ctx);
    assert_ok(shop_run(ctx, &s->shop, SHOP_ONLY_A, "UPDATE shop.item SET price = 7", NULL, 0, &rows));
    assert_int_equal(store_rows_changed(rows), SHOP_ROWS_A);
    assert_ok(shop_run(ctx, &s->shop, SHOP_ONLY_B, "DELETE FROM shop.item WHERE name LIKE 'A-%'", NULL, 0, &rows));
    assert_int_equal(store_rows_changed(rows), 0);
    assert_ok(shop_run(ctx, &s->shop, "{}", "DELETE FROM shop.item", NULL, 0, &rows));
    assert_int_equal(store_rows_changed(rows), 0);
    shop_ctx_end(ctx);
}

/* One connection, the same prepared statement, role and scope in turn: a plan made for one role must never serve
 * another (CVE-2016-2193, CVE-2023-2455, CVE-2024-10976). */
static void test_alternating(void **state) {
    static const struct {
        const char *organizations;
        int64_t rows;
    } turns[] = {
        {SHOP_ONLY_A, SHOP_ROWS_A},
        {NULL, SHOP_ROWS_A + SHOP_ROWS_B},
        {SHOP_ONLY_B, SHOP_ROWS_B},
        {"{}", 0},
        {SHOP_BOTH, SHOP_ROWS_A + SHOP_ROWS_B},
    };
    struct shop *s = *state;
    const char *more = getenv("ALEES_TEST_LONG");
    uint32_t rounds = more ? 1000000 : 100000;
    alees_ctx *ctx = NULL;
    for (uint32_t i = 0; i < rounds; i++) {
        if (i % 100 == 0) {
            if (ctx) {
                shop_ctx_end(ctx);
            }
            ctx = shop_ctx(s);
        }
        uint32_t turn = (i * 7 + i / 11) % ARRAY_LEN(turns);
        int64_t found =
            i % 17 ? shop_number(ctx, &s->shop, turns[turn].organizations, count_items)
                   : shop_number(ctx, &s->bank, turns[turn].organizations, "SELECT count(*) FROM bank.account");
        bool sees_a = turn != 2 && turn != 3;
        assert_int_equal(found, i % 17 ? turns[turn].rows : (sees_a ? 3 : 0));
    }
    shop_ctx_end(ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_login_is_harmless),  cmocka_unit_test(test_rows_of_the_scope),
        cmocka_unit_test(test_nothing_stays),      cmocka_unit_test(test_no_way_out),
        cmocka_unit_test(test_writes_stay_inside), cmocka_unit_test(test_alternating),
    };
    return cmocka_run_group_tests_name("scope", tests, setup, teardown);
}
