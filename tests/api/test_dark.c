/* SPDX-License-Identifier: MIT
 * test_dark.c - what is remembered of rights, when PostgreSQL is away and when somebody floods its notifications: nothing is
 * answered from memory that cannot be proven (T78), and no notification gives a right or takes one (T82). */
#include "test.h"

#include <stdio.h>
#include <time.h>

#include "metrics.h"
#include "sys.h"
#include "world.h"

enum { ADMIN, ACME_MANAGER, ACME_VIEWER, GLOBEX_MANAGER, BOTH, NOBODY };
enum { PATIENCE_MS = 15000, STALE_MS = 2000, DARK_MS = 3500 };

static void pause_ms(long ms) {
    nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000}, NULL);
}

static uint64_t now_ms(void) {
    return sys_monotonic_us() / 1000;
}

static void soon(struct world *w, size_t user, const char *path, uint32_t status) {
    const uint64_t start = now_ms();
    while (world_ask(w, user, "GET", path, NULL)->status != status) {
        if (now_ms() - start > PATIENCE_MS) {
            fail_msg("%s never gave %u", path, status);
        }
        pause_ms(20);
    }
}

/* ---- PostgreSQL is away ---- */

static void leave_dark(struct world *w) {
    pg_exec(&w->pg, world_text(w, "REVOKE CONNECT ON DATABASE %s FROM alees_app", w->pg.name));
    pg_exec(&w->pg, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'alees_app' AND "
                    "datname = current_database()");
}

/* Rows come from PostgreSQL or not at all; what comes from memory alone stops within two seconds. */
static void check_dark(struct world *w, const char *row, const char *list, const char *can) {
    const uint64_t start = now_ms();
    uint32_t refused = 0;
    while (now_ms() - start < DARK_MS) {
        assert_problem(world_ask(w, ACME_MANAGER, "GET", row, NULL), 503, "unavailable");
        assert_problem(world_ask(w, ACME_MANAGER, "GET", list, NULL), 503, "unavailable");
        const uint64_t asked = now_ms();
        const struct answer *a = world_ask(w, ACME_MANAGER, "GET", can, NULL);
        if (a->status == 503) {
            refused++;
        } else if (asked - start > STALE_MS) {
            fail_msg("%s gave %u after %u ms without PostgreSQL", can, a->status, (unsigned)(asked - start));
        }
        pause_ms(50);
    }
    assert_true(refused > 0);
    assert_problem(world_ask(w, NOBODY, "GET", row, NULL), 503, "unavailable");
    assert_problem(loopback_request(w->loopback, "GET", row, "alees_made-up", NULL), 503, "unavailable");
    assert_status(loopback_request(w->loopback, "GET", "/healthz", NULL, NULL), 200);
    assert_status(loopback_request(w->loopback, "GET", "/readyz", NULL, NULL), 503);
}

static void test_without_postgresql(void **state) {
    struct world *w = *state;
    const struct resource *product = catalogue_resource(w->catalogue, "product.product");
    const char *row = world_row_path(w, product, world_any_row(w, product, WORLD_ACME));
    const char *list = world_list_path(w, product, "");
    const char *can = world_text(w, "/api/v1/rbac/can?permission=product.view_product&organization=%s",
                                 world_organizations[WORLD_ACME].id);
    soon(w, ACME_MANAGER, row, 200);
    assert_status(world_ask(w, ACME_MANAGER, "GET", can, NULL), 200); /* all of it is remembered now */
    leave_dark(w);
    check_dark(w, row, list, can);
    pg_exec(&w->pg, "DELETE FROM rbac.membership WHERE user_id = (SELECT id FROM rbac.app_user WHERE username = "
                    "'acme-viewer')"); /* while nobody hears */
    pg_exec(&w->pg, world_text(w, "GRANT CONNECT ON DATABASE %s TO alees_app", w->pg.name));
    soon(w, ACME_MANAGER, row, 200);
    assert_problem(world_ask(w, ACME_VIEWER, "GET", row, NULL), 404, "not_found");
    assert_problem(world_ask(w, NOBODY, "GET", row, NULL), 404, "not_found");
}

/* ---- anybody may notify ---- */

/* Thousands of hints, as every role of the server that there is: some mean everything, most nothing. */
static void flood(struct world *w, struct db *db, const char *role, uint32_t round) {
    static const char *const hints[] = {"flush",  "r:",   "o:", "u:", "u:01930000-0000-7000-8000-000000000001",
                                        "t:zzzz", "nope", "",   ";",  "u:' OR true --"};
    assert_ok(db_query(db, "BEGIN", NULL, 0, NULL));
    assert_ok(db_query(db, world_text(w, "SELECT set_config('role', '%s', true)", role), NULL, 0, NULL));
    for (size_t i = 0; i < ARRAY_LEN(hints); i++) {
        const alees_str hint = {hints[i], strlen(hints[i])};
        assert_ok(db_query(db,
                           world_text(w,
                                      "SELECT count(pg_notify('alees_rbac', $1 || CASE WHEN n > 0 THEN n::text ELSE "
                                      "'' END)) FROM generate_series(0, %u) n",
                                      50 + round),
                           &hint, 1, NULL));
    }
    assert_ok(db_query(db, "SELECT pg_notify('alees_rbac', repeat(E'\\x7f', 7900))", NULL, 0, NULL));
    assert_ok(db_query(db, "SELECT pg_notify('alees_heartbeat', 'x'), pg_notify('alees', 'x')", NULL, 0, NULL));
    assert_ok(db_query(db, "COMMIT", NULL, 0, NULL));
}

static void test_flood_of_notifications(void **state) {
    struct world *w = *state;
    static const char *const roles[] = {"none",
                                        "alees_plugin_product",
                                        "alees_plugin_contact",
                                        "alees_plugin_product_all",
                                        "alees_plugin_organization",
                                        "alees_plugin_rbac"};
    enum { ROUNDS = 8, MOST_STATEMENTS = 16 }; /* of one request that has to read everything again */
    const struct resource *product = catalogue_resource(w->catalogue, "product.product");
    const char *row = world_row_path(w, product, world_any_row(w, product, WORLD_ACME));
    const struct db_options options = {.url = w->pg.app_url, .name = "flood", .connect_timeout_ms = 5000};
    const struct metric *ran = metrics_register(METRICS_COUNTER, "alees_db_statements_total", "", "");
    char why[DB_WHY];
    struct db *db = NULL;
    assert_ok(db_connect(&options, &db, why));
    assert_non_null(ran);
    soon(w, ACME_MANAGER, row, 200);
    int64_t before = metrics_value(ran), requests = 0;
    for (uint32_t round = 0; round < ROUNDS; round++) {
        for (size_t i = 0; i < ARRAY_LEN(roles); i++) {
            flood(w, db, roles[i], round);
            assert_status(world_ask(w, ACME_MANAGER, "GET", row, NULL), 200);
            assert_problem(world_ask(w, NOBODY, "GET", row, NULL), 404, "not_found");
            assert_problem(world_ask(w, GLOBEX_MANAGER, "PATCH", row, "{\"name\":\"x\"}"), 404, "not_found");
            requests += 3;
        }
    }
    print_message("%lld statements for %lld requests under the flood\n", (long long)(metrics_value(ran) - before),
                  (long long)requests);
    assert_true(metrics_value(ran) - before < requests * MOST_STATEMENTS);
    db_close(db);
    pg_exec(&w->pg, "UPDATE rbac.app_user SET is_active = false WHERE username = 'both'"); /* and it still hears */
    soon(w, BOTH, row, 401);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_flood_of_notifications),
        cmocka_unit_test(test_without_postgresql),
    };
    return cmocka_run_group_tests_name("dark", tests, world_setup, world_teardown);
}
