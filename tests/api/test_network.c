/* SPDX-License-Identifier: MIT
 * test_network.c - what lies between a server and PostgreSQL fails: the listener is killed, its packets are dropped, all
 * connections go silent, a COMMIT is lost. A right that ended is not used for longer than two seconds, whatever happens,
 * and nobody is told that something was saved unless it was. More rounds with ALEES_TEST_LONG=1. */
#include "revoke.h"

#include <stdio.h>
#include <time.h>

enum { KILLS = 20, DROPS = 2, LONG_DROPS = 20, SILENCES = 2, LONG_SILENCES = 12, PATIENCE_MS = 15000, BEATS_MS = 1500 };
#define MOST_US 2000000u

static void pause_ms(long ms) {
    nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000}, NULL);
}

static size_t rounds(size_t usual, size_t many) {
    return getenv("ALEES_TEST_LONG") ? many : usual;
}

static const char listeners[] =
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE "
    "'LISTEN%' AND state = 'idle'";

/* Both servers hear again: by what PostgreSQL knows, and by what passes on the way. */
static void wait_for_listeners(struct revoke *r) {
    for (int waited = 0; pg_count(&r->pg, listeners) < REVOKE_SERVERS || proxy_listeners(r->proxy) != 1; waited += 20) {
        assert_true(waited < PATIENCE_MS);
        pause_ms(20);
    }
}

struct longest {
    const char *name;
    uint64_t allowed, refused;
    size_t count;
};

static void take(struct longest *l, struct revoke *r, const struct revoke_way *way) {
    struct revoke_time t = revoke_measure(r, way, MOST_US);
    l->allowed = t.last_allowed > l->allowed ? t.last_allowed : l->allowed;
    l->refused = t.first_refused > l->refused ? t.first_refused : l->refused;
    l->count++;
    way->give_back(r);
    revoke_wait_allowed(r);
}

static void report(const struct longest *l) {
    print_message("NETWORK | %s | %zu | %.1f | %.1f |\n", l->name, l->count, (double)l->allowed / 1000,
                  (double)l->refused / 1000);
    assert_true(l->allowed <= MOST_US);
}

static void test_killed_listener(void **state) {
    struct revoke *r = *state;
    struct longest l = {.name = "listener killed"};
    for (size_t i = 0; i < KILLS; i++) {
        wait_for_listeners(r);
        pause_ms(BEATS_MS / 3);
        revoke_wait_allowed(r);
        pg_exec(&r->pg, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND "
                        "query LIKE 'LISTEN%'");
        take(&l, r, &revoke_ways[i % REVOKE_WAYS]);
    }
    report(&l);
}

/* Nobody says that the connection is gone: the heartbeats that do not come back do. And later it is made anew. */
static void test_dropped_packets(void **state) {
    struct revoke *r = *state;
    struct longest l = {.name = "listener's packets dropped"};
    for (size_t i = 0; i < rounds(DROPS, LONG_DROPS); i++) {
        wait_for_listeners(r);
        pause_ms(BEATS_MS + (long)(i * 137 % 500)); /* it is proven, and this is anywhere between two beats */
        revoke_wait_allowed(r);                     /* and remembered */
        proxy_drop_listeners(r->proxy);
        assert_int_equal(proxy_listeners(r->proxy), 0);
        take(&l, r, &revoke_ways[i % REVOKE_WAYS]);
    }
    wait_for_listeners(r);
    report(&l);
    assert_true(l.allowed > MOST_US / 4); /* the second server did not hear of it, else this tests nothing */
    pause_ms(BEATS_MS);
    revoke_wait_allowed(r);
    struct revoke_time t =
        revoke_measure(r, &revoke_ways[0], MOST_US / 2); /* it hears again: no need to wait for age */
    revoke_ways[0].give_back(r);
    revoke_wait_allowed(r);
    assert_true(t.last_allowed < MOST_US / 2);
}

static void test_silence(void **state) {
    struct revoke *r = *state;
    struct longest l = {.name = "all connections silent"};
    for (size_t i = 0; i < rounds(SILENCES, LONG_SILENCES); i++) {
        wait_for_listeners(r);
        pause_ms(BEATS_MS);
        revoke_wait_allowed(r);
        proxy_drop_all(r->proxy);
        take(&l, r, &revoke_ways[i % REVOKE_WAYS]);
    }
    report(&l);
}

static void rename_unit(struct revoke *r, const char *name, struct wire_answer *ret_answer) {
    char body[64];
    (void)snprintf(body, sizeof body, "{\"name\":\"%s\"}", name);
    *ret_answer = caller_ask(&r->callers[REVOKE_SECOND], "PATCH", r->path, r->admin, body);
}

static int64_t count_named(struct revoke *r, const char *name) {
    char sql[128];
    (void)snprintf(sql, sizeof sql, "SELECT count(*) FROM organization.organization WHERE name = '%s'", name);
    return pg_count(&r->pg, sql);
}

/* Nobody can know whether it was carried out: the client is told so, and never that all is well. */
static void test_lost_commit(void **state) {
    struct revoke *r = *state;
    static const enum proxy_loss losses[] = {PROXY_COMMIT_LOST, PROXY_ANSWER_LOST};
    struct wire_answer a;
    wait_for_listeners(r);
    for (size_t i = 0; i < ARRAY_LEN(losses); i++) {
        char name[16], next[16];
        uint32_t lost = proxy_lost_commits(r->proxy);
        (void)snprintf(name, sizeof name, "Lost %zu", i);
        (void)snprintf(next, sizeof next, "Kept %zu", i);
        rename_unit(r, next, &a);
        assert_int_equal(a.status, 200);
        proxy_lose_commit(r->proxy, losses[i]);
        rename_unit(r, name, &a);
        assert_int_equal(proxy_lost_commits(r->proxy), lost + 1);
        assert_int_equal(a.status, 503);
        assert_string_equal(a.code, "unavailable");
        assert_non_null(strstr(a.body, "look whether it was"));
        assert_int_equal(count_named(r, name), losses[i] == PROXY_ANSWER_LOST);
        rename_unit(r, next, &a);
        assert_int_equal(a.status, 200);
        assert_int_equal(count_named(r, next), 1);
    }
}

static int setup(void **state) {
    static struct revoke r;
    revoke_open(&r, true);
    *state = &r;
    return 0;
}

static int teardown(void **state) {
    revoke_close(*state);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lost_commit),
        cmocka_unit_test(test_killed_listener),
        cmocka_unit_test(test_dropped_packets),
        cmocka_unit_test(test_silence),
    };
    return cmocka_run_group_tests_name("network", tests, setup, teardown);
}
