/* SPDX-License-Identifier: MIT
 * test_drip.c - a client that sends an import, or takes an export, drop by drop: it is left, and nothing is held for it. */
#include "test.h"

#include <stdio.h>
#include <time.h>

#include "pg.h"
#include "process.h"
#include "sys.h"

enum { PATIENCE_MS = 8000 };

struct drip {
    struct pg pg;
    struct process server;
    char token[128];
};

static void pause_ms(long ms) {
    nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000}, NULL);
}

static int setup(void **state) {
    static const char *const settings[] = {"ALEES_SERVER_REQUEST_TIMEOUT_MS", "1000", NULL};
    struct drip *d = calloc(1, sizeof *d);
    assert_non_null(d);
    pg_open(&d->pg, "drip", PG_DEMO);
    process_start(&d->server, d->pg.conf, settings);
    struct caller c = {.port = d->server.port};
    caller_login(&c, "acme-manager", d->token);
    caller_close(&c);
    *state = d;
    return 0;
}

static int teardown(void **state) {
    struct drip *d = *state;
    process_stop(&d->server);
    pg_close(&d->pg);
    free(d);
    return 0;
}

static int64_t open_transactions(struct drip *d) {
    return pg_count(&d->pg, "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND usename = "
                            "'alees_app' AND xact_start IS NOT NULL");
}

static void begin_import(struct drip *d, struct wire *w, const char *framing) {
    char text[640];
    (void)snprintf(
        text, sizeof text,
        "POST /api/v1/categories HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Type: text/csv\r\n"
        "%s\r\n\r\n",
        d->token, framing);
    wire_open(w, d->server.port);
    wire_puts(w, text);
}

/* Each drop comes in time, and all of them would take hours. */
static void check_left(struct drip *d, const char *framing, const char *first, const char *drop) {
    struct wire w;
    int64_t before = pg_count(&d->pg, "SELECT count(*) FROM product.category");
    begin_import(d, &w, framing);
    wire_puts(&w, first);
    uint64_t begun = sys_monotonic_us();
    struct wire_answer a = {0};
    while (!sys_is_hung_up(w.socket)) {
        assert_true(sys_monotonic_us() - begun < PATIENCE_MS * 1000u);
        wire_puts(&w, drop);
        pause_ms(200);
    }
    a = wire_take(&w, false);
    assert_true(a.status == 400 || a.status == 0);
    wire_close(&w);
    assert_int_equal(open_transactions(d), 0);
    assert_int_equal(pg_count(&d->pg, "SELECT count(*) FROM product.category"), before);
}

static void test_an_import(void **state) {
    check_left(*state, "Content-Length: 100000000", "name\n", "a");
    check_left(*state, "Transfer-Encoding: chunked", "5\r\nname\n\r\n", "2\r\na\n\r\n");
}

/* Who is slow, but comes, is served: the time that is allowed grows with what has come. */
static void test_slow_but_steady(void **state) {
    enum { ROWS = 4000, PARTS = 20 };
    struct drip *d = *state;
    struct wire w;
    char framing[64], row[32];
    (void)snprintf(framing, sizeof framing, "Content-Length: %d", 5 + ROWS * 12);
    begin_import(d, &w, framing);
    wire_puts(&w, "name\n");
    for (int i = 0; i < ROWS; i++) {
        (void)snprintf(row, sizeof row, "drip %06d\n", i);
        wire_puts(&w, row);
        if (i % (ROWS / PARTS) == 0) {
            pause_ms(150);
        }
    }
    assert_int_equal(wire_take(&w, false).status, 201);
    wire_close(&w);
    assert_int_equal(pg_count(&d->pg, "SELECT count(*) FROM product.category WHERE name LIKE 'drip %'"), ROWS);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_import),
        cmocka_unit_test(test_slow_but_steady),
    };
    return cmocka_run_group_tests_name("drip", tests, setup, teardown);
}
