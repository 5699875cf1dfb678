/* SPDX-License-Identifier: MIT
 * test_listen.c - messages arrive, the age proves it, and after a gap every subscriber is told to forget. */
#include "shop.h"

#include <pthread.h>
#include <stdio.h>
#include <time.h>

#include "listen.h"
#include "sys.h"

struct heard {
    pthread_mutex_t mutex;
    uint32_t messages, flushes;
    char last[64];
};

static int setup(void **state) {
    struct shop *s = calloc(1, sizeof *s);
    assert_non_null(s);
    shop_new(s, "listen", NULL);
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

static alees_ctx *make(void *data, struct alees_self *plugin) {
    alees_ctx *ctx = shop_ctx(data);
    ctx->plugin = plugin;
    ctx->is_all = true;
    return ctx;
}

static void end(void *data, alees_ctx *ctx) {
    (void)data;
    shop_ctx_end(ctx);
}

/* Uses its ctx as a plugin would: it re-reads, and the arena serves. */
static void on_message(void *state, alees_ctx *ctx, alees_str payload) {
    struct heard *h = state;
    alees_rows *rows = NULL;
    alees_rc rc = shop_run(ctx, ctx->plugin, NULL, "SELECT count(*) FROM shop.item", NULL, 0, &rows);
    pthread_mutex_lock(&h->mutex);
    if (!payload.ptr) {
        h->flushes++;
    } else if (rc == ALEES_OK) {
        h->messages++;
        snprintf(h->last, sizeof h->last, "%.*s", STR_FMT(payload));
    }
    pthread_mutex_unlock(&h->mutex);
}

/* Up to five seconds for a thing that another thread does. */
static bool becomes(struct heard *h, const uint32_t *number, uint32_t least) {
    for (int i = 0; i < 500; i++) {
        pthread_mutex_lock(&h->mutex);
        bool is_reached = *number >= least;
        pthread_mutex_unlock(&h->mutex);
        if (is_reached) {
            return true;
        }
        const struct timespec pause = {0, 10000000};
        nanosleep(&pause, NULL);
    }
    return false;
}

static bool age_falls_below(struct shop *s, uint32_t ms) {
    for (int i = 0; i < 500; i++) {
        if (store_listener_age_ms(s->app.store) < ms) {
            return true;
        }
        const struct timespec pause = {0, 10000000};
        nanosleep(&pause, NULL);
    }
    return false;
}

static void test_listener(void **state) {
    struct shop *s = *state;
    struct heard h = {.mutex = PTHREAD_MUTEX_INITIALIZER}, other = {.mutex = PTHREAD_MUTEX_INITIALIZER};
    s->shop.state = &h;
    s->bank.state = &other;
    assert_err(store_listen(s->app.store, &s->shop, "", on_message), ALEES_E_INVALID);
    assert_err(store_listen(s->app.store, &s->shop, "a234567890123456789012345678901234567890123456789012345678901234",
                            on_message),
               ALEES_E_INVALID);
    assert_ok(store_listen(s->app.store, &s->shop, "shop \"news\"", on_message));
    assert_int_equal(store_listener_age_ms(s->app.store), UINT32_MAX);
    assert_ok(store_listen_start(s->app.store, make, end, s, stderr));
    assert_int_equal(h.flushes, 1); /* before serving: what was read before LISTEN may be old */
    assert_true(age_falls_below(s, 1000));

    pg_exec(&s->pg, "SELECT pg_notify('shop \"news\"', 'one'), pg_notify('something else', 'x')");
    assert_true(becomes(&h, &h.messages, 1));
    assert_string_equal(h.last, "one");
    for (int i = 0; i < 50; i++) {
        pg_exec(&s->pg, "SELECT pg_notify('shop \"news\"', 'many')");
    }
    assert_true(becomes(&h, &h.messages, 51));

    /* It stays proven, far below the two seconds that caches are believed. */
    for (int i = 0; i < 30; i++) {
        const struct timespec pause = {0, 50000000};
        nanosleep(&pause, NULL);
        assert_true(store_listener_age_ms(s->app.store) < 1500);
    }

    /* The connection is lost: not proven, connected again, flushed, proven again, and messages come. */
    for (uint32_t round = 2; round < 5; round++) {
        pg_exec(&s->pg, "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE query LIKE 'LISTEN%' AND "
                        "datname = current_database()");
        assert_true(becomes(&h, &h.flushes, round));
        assert_true(age_falls_below(s, 1000));
        uint32_t before = h.messages;
        pg_exec(&s->pg, "SELECT pg_notify('shop \"news\"', 'again')");
        assert_true(becomes(&h, &h.messages, before + 1));
    }
}

static bool is_proven(struct listener *l) {
    for (int i = 0; i < 500; i++) {
        if (listen_age_ms(l) < 1000) {
            return true;
        }
        const struct timespec pause = {0, 10000000};
        nanosleep(&pause, NULL);
    }
    return false;
}

/* With the lanes cut off no beat is sent, and nobody who knows the channel can make one up. */
static void test_proof_cannot_be_forged(void **state) {
    struct shop *s = *state;
    char sql[256], why[DB_WHY];
    const struct timespec pause = {2, 500000000};
    struct db_options db = {
        .url = s->pg.app_url, .name = "beats", .connect_timeout_ms = 5000, .statement_timeout_ms = 2000};
    const struct lane_options options = {.db = db, .lanes = 1, .depth = 8, .timeout_ms = 5000};
    const struct listen_hooks hooks = {make, end, s};
    struct lanes *lanes = NULL;
    assert_ok(lane_open(&options, &lanes, why));
    db.name = "ears";
    struct listener *l = listen_new(&db, lanes);
    assert_non_null(l);
    assert_ok(listen_start(l, &hooks, why));
    assert_true(is_proven(l));
    snprintf(sql, sizeof sql, "ALTER DATABASE %s CONNECTION LIMIT 0", s->pg.name);
    pg_exec(&s->pg, sql);
    pg_exec(&s->pg, "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = 'beats' AND "
                    "datname = current_database()");
    assert_int_equal(pg_count(&s->pg, "SELECT count(pg_notify(substring(query FROM '\"(.*)\"'), repeat('0', 32))) FROM "
                                      "pg_stat_activity WHERE application_name = 'ears' AND datname = "
                                      "current_database() AND query LIKE 'LISTEN%'"),
                     1);
    nanosleep(&pause, NULL);
    uint32_t age = listen_age_ms(l);
    snprintf(sql, sizeof sql, "ALTER DATABASE %s CONNECTION LIMIT -1", s->pg.name);
    pg_exec(&s->pg, sql);
    assert_in_range(age, 2000, 10000);
    assert_true(is_proven(l));
    listen_stop(l);
    lane_close(lanes);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_listener),
        cmocka_unit_test(test_proof_cannot_be_forged),
    };
    return cmocka_run_group_tests_name("listen", tests, setup, teardown);
}
