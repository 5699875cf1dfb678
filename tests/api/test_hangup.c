/* SPDX-License-Identifier: MIT
 * test_hangup.c - the real server and a client that does not wait: what runs for it in the database ends with its connection,
 * within a second; what runs for others does not, nor what belongs to a client that only sends ahead. */
#include "test.h"

#include <stdio.h>
#include <time.h>

#include "pg.h"
#include "process.h"
#include "sys.h"

enum { PATIENCE_MS = 10000, SOON_MS = 1000 };
#define COUNTED "/api/v1/products?page_size=1&count=exact"

struct hangup {
    struct pg pg;
    struct process server;
    char token[128];
};

static void pause_ms(long ms) {
    nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000}, NULL);
}

static int setup(void **state) {
    static const char *const settings[] = {"ALEES_LIMITS_REQUEST_MS", "6000", "ALEES_DATABASE_POOL", "4", NULL};
    struct hangup *h = calloc(1, sizeof *h);
    assert_non_null(h);
    pg_open(&h->pg, "hangup", PG_DEMO);
    process_start(&h->server, h->pg.conf, settings);
    struct caller c = {.port = h->server.port};
    caller_login(&c, "acme-manager", h->token);
    caller_close(&c);
    *state = h;
    return 0;
}

static int teardown(void **state) {
    struct hangup *h = *state;
    process_stop(&h->server);
    pg_close(&h->pg);
    free(h);
    return 0;
}

/* Who reads products now waits until the other is called. */
static void block(struct hangup *h) {
    pg_exec(&h->pg, "BEGIN; LOCK TABLE product.product IN ACCESS EXCLUSIVE MODE");
}

static void unblock(struct hangup *h) {
    pg_exec(&h->pg, "ROLLBACK");
}

/* Statements of the server that wait for the table. */
static int64_t waiting(struct hangup *h) {
    pg_exec(&h->pg, "SELECT pg_stat_clear_snapshot()"); /* else it is that of the transaction's first look */
    return pg_count(&h->pg, "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND usename = "
                            "'alees_app' AND wait_event_type = 'Lock'");
}

/* How long it took until so many wait. */
static uint64_t wait_for(struct hangup *h, int64_t count) {
    uint64_t begun = sys_monotonic_us();
    while (waiting(h) != count) {
        if (sys_monotonic_us() - begun >= PATIENCE_MS * 1000u) {
            fail_msg("%d statements wait, not %d", (int)waiting(h), (int)count);
        }
        pause_ms(5);
    }
    return (sys_monotonic_us() - begun) / 1000;
}

static void ask(struct hangup *h, struct wire *w, const char *path) {
    char text[512];
    (void)snprintf(text, sizeof text, "GET %s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n\r\n", path, h->token);
    wire_puts(w, text);
}

static void check_still_good(struct hangup *h) {
    struct wire w;
    wire_open(&w, h->server.port);
    for (int i = 0; i < 20; i++) { /* on each connection of the pool */
        ask(h, &w, COUNTED);
        assert_int_equal(wire_take(&w, false).status, 200);
    }
    wire_close(&w);
}

/* Of the connections that the server had then, how many are gone? */
static void remember_connections(struct hangup *h) {
    pg_exec(&h->pg,
            "CREATE TEMP TABLE known AS SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND "
            "usename = 'alees_app'");
    assert_true(pg_count(&h->pg, "SELECT count(*) FROM known") > 2);
}

static int64_t lost_connections(struct hangup *h) {
    return pg_count(&h->pg, "SELECT count(*) FROM known WHERE pid NOT IN (SELECT pid FROM pg_stat_activity)");
}

static void test_the_query_ends_with_its_client(void **state) {
    struct hangup *h = *state;
    check_still_good(h);
    remember_connections(h);
    for (int round = 0; round < 5; round++) {
        struct wire w;
        wire_open(&w, h->server.port);
        if (round % 2 == 1) { /* kept alive: the socket is the same for the second request */
            ask(h, &w, "/api/v1/units-of-measure?page_size=1");
            assert_int_equal(wire_take(&w, false).status, 200);
        }
        block(h);
        ask(h, &w, COUNTED);
        (void)wait_for(h, 1);
        wire_close(&w);
        assert_true(wait_for(h, 0) < SOON_MS);
        unblock(h);
        check_still_good(h);
    }
    assert_int_equal(lost_connections(h), 0);
}

/* Two wait for the same; one of them goes. The other has sent its next request already, too: that is no hang-up. */
static void test_others_are_not_hit(void **state) {
    struct hangup *h = *state;
    struct wire gone, stays;
    wire_open(&gone, h->server.port);
    wire_open(&stays, h->server.port);
    block(h);
    ask(h, &stays, COUNTED);
    ask(h, &stays, "/api/v1/units-of-measure?page_size=1");
    ask(h, &gone, COUNTED);
    (void)wait_for(h, 2);
    wire_close(&gone);
    assert_true(wait_for(h, 1) < SOON_MS);
    pause_ms(300);
    assert_int_equal(waiting(h), 1);
    unblock(h);
    assert_int_equal(wire_take(&stays, false).status, 200);
    assert_int_equal(wire_take(&stays, false).status, 200);
    wire_close(&stays);
}

static void test_deadline(void **state) {
    struct hangup *h = *state;
    struct wire w;
    wire_open(&w, h->server.port);
    block(h);
    uint64_t begun = sys_monotonic_us();
    ask(h, &w, COUNTED);
    struct wire_answer a = wire_take(&w, false);
    uint64_t took = (sys_monotonic_us() - begun) / 1000;
    assert_int_equal(a.status, 503);
    assert_string_equal(a.code, "timeout");
    assert_in_range(took, 5900, 9000);
    assert_int_equal(waiting(h), 0);
    unblock(h);
    ask(h, &w, COUNTED); /* the connection goes on */
    assert_int_equal(wire_take(&w, false).status, 200);
    wire_close(&w);
}

/* A write is taken back: nobody would know of it. */
static void test_a_write_ends_with_its_client(void **state) {
    struct hangup *h = *state;
    struct wire w;
    char text[512];
    int64_t count = pg_count(&h->pg, "SELECT count(*) FROM product.category");
    wire_open(&w, h->server.port);
    pg_exec(&h->pg, "BEGIN; LOCK TABLE product.category IN ACCESS EXCLUSIVE MODE");
    (void)snprintf(text, sizeof text,
                   "POST /api/v1/categories HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Type: "
                   "application/json\r\nContent-Length: 17\r\n\r\n{\"name\":\"nobody\"}",
                   h->token);
    wire_puts(&w, text);
    (void)wait_for(h, 1);
    wire_close(&w);
    assert_true(wait_for(h, 0) < SOON_MS);
    unblock(h);
    check_still_good(h);
    assert_int_equal(pg_count(&h->pg, "SELECT count(*) FROM product.category"), count);
}

/* Writes of a row that somebody holds wait; what others want is not behind them. */
static void test_nobody_waits_behind_a_lock(void **state) {
    enum { WRITERS = 4 };
    struct hangup *h = *state;
    struct wire writers[WRITERS], reader;
    struct arena *arena = arena_new(1024 * 1024);
    char path[128], text[640];
    const char *id =
        pg_value(&h->pg, arena,
                 "SELECT p.id FROM product.product p JOIN organization.organization o ON o.id = p.organization_id "
                 "WHERE o.name LIKE 'Acme%' ORDER BY p.id LIMIT 1")
            .ptr;
    assert_non_null(id);
    (void)snprintf(path, sizeof path, "/api/v1/products/%s", id);
    (void)snprintf(text, sizeof text,
                   "PATCH %s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Type: "
                   "application/merge-patch+json\r\nContent-Length: 17\r\n\r\n{\"name\":\"waited\"}",
                   path, h->token);
    pg_exec(&h->pg, "BEGIN; SELECT FROM product.product FOR UPDATE");
    for (int i = 0; i < WRITERS; i++) {
        wire_open(&writers[i], h->server.port);
        wire_puts(&writers[i], text);
    }
    wire_open(&reader, h->server.port);
    uint64_t begun = sys_monotonic_us();
    while (waiting(h) < 2) { /* as many as the pool has room for */
        assert_true(sys_monotonic_us() - begun < PATIENCE_MS * 1000u);
        pause_ms(5);
    }
    for (int i = 0; i < 20; i++) {
        begun = sys_monotonic_us();
        ask(h, &reader, path);
        assert_int_equal(wire_take(&reader, false).status, 200);
        assert_true(sys_monotonic_us() - begun < SOON_MS * 1000u);
    }
    unblock(h);
    int good = 0;
    for (int i = 0; i < WRITERS; i++) {
        good += wire_take(&writers[i], false).status == 200;
        wire_close(&writers[i]);
    }
    assert_true(good >= 2);
    ask(h, &reader, path);
    assert_non_null(strstr(wire_take(&reader, false).body, "waited"));
    wire_close(&reader);
    arena_free(arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_query_ends_with_its_client),
        cmocka_unit_test(test_others_are_not_hit),
        cmocka_unit_test(test_deadline),
        cmocka_unit_test(test_a_write_ends_with_its_client),
        cmocka_unit_test(test_nobody_waits_behind_a_lock),
    };
    return cmocka_run_group_tests_name("hangup", tests, setup, teardown);
}
