/* SPDX-License-Identifier: MIT
 * test_lane.c - many threads on one connection: everybody gets the answers to their own statements, and when the
 * connection is lost everybody is told and the next ones work again. */
#include "shop.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>

#include "lane.h"
#include "sys.h"

enum { THREADS = 32, LONG_TEXT = 300000 };

struct load {
    struct lanes *lanes;
    struct alees_self *plugin;
    int number;
    uint32_t rounds;
    atomic_bool *stop; /* NULL: after rounds */
    atomic_uint *answered, *unavailable, *wrong;
    const char *sql;
    uint32_t statement; /* 0: never prepared */
    size_t padding;     /* bytes of a further parameter, sent both ways */
};

static int setup(void **state) {
    struct shop *s = calloc(1, sizeof *s);
    assert_non_null(s);
    shop_new(s, "lane", NULL);
    shop_migrated(s);
    *state = s;
    return 0;
}

static int teardown(void **state) {
    shop_free(*state);
    free(*state);
    return 0;
}

static struct lanes *open_named(struct shop *s, const char *name, uint32_t lanes, uint32_t timeout_ms) {
    char why[DB_WHY];
    struct lanes *opened = NULL;
    const struct lane_options options = {
        .db = {.url = s->pg.app_url, .name = name, .connect_timeout_ms = 5000, .statement_timeout_ms = 2000},
        .lanes = lanes,
        .depth = 1024,
        .timeout_ms = timeout_ms};
    if (lane_open(&options, &opened, why) != ALEES_OK) {
        fail_msg("%s", why);
    }
    return opened;
}

static struct lanes *open_lanes(struct shop *s, uint32_t lanes, uint32_t timeout_ms) {
    return open_named(s, "lane", lanes, timeout_ms);
}

static struct unit *new_unit(struct arena *arena, const struct store_call *calls, uint32_t count,
                             const struct alees_self *plugin, const char *organizations) {
    struct unit *u = ARENA_NEW(arena, struct unit);
    alees_rc rc = unit_init(u, arena, calls, count);
    ASSERT(rc == ALEES_OK);
    u->flags = UNIT_SCOPE;
    u->all = !organizations;
    u->role = plugin ? (u->all ? plugin->role_all : plugin->role) : "none";
    u->organizations = test_view(organizations ? organizations : "{}");
    return u;
}

/* Asserts are for the main thread only: what goes wrong is counted. */
static void *run_load(void *data) {
    struct load *l = data;
    struct arena *arena = arena_new(TEST_MEMORY);
    char number[16], *padding = calloc(1, l->padding + 1);
    ASSERT(arena && padding);
    memset(padding, 'x', l->padding);
    for (uint32_t i = 0; l->stop ? !atomic_load(l->stop) : i < l->rounds; i++) {
        snprintf(number, sizeof number, "%d", l->number * 1000000 + (int)(i % 1000000));
        const alees_str params[2] = {{number, strlen(number)}, {padding, l->padding}};
        const struct statement st = {.number = l->statement, .nparams = 2, .sql = l->sql, .plugin = l->plugin};
        const struct store_call call = {&st, params};
        const char *scopes[] = {SHOP_ONLY_A, SHOP_ONLY_B, SHOP_BOTH, NULL};
        const char *counts[] = {"30", "20", "50", "50"};
        size_t turn = (size_t)(l->number + (int)i) % ARRAY_LEN(scopes);
        struct unit *u = new_unit(arena, &call, 1, l->plugin, scopes[turn]);
        alees_rc rc = lane_run(l->lanes, u);
        if (rc == ALEES_E_UNAVAILABLE || (u->error && strcmp(db_error(u->error, DB_SQLSTATE), "57P01") == 0)) {
            atomic_fetch_add(l->unavailable, 1);
        } else if (rc != ALEES_OK || u->error || db_rows(u->results[0]) != 1 ||
                   !str_equal(db_value(u->results[0], 0, 0), number) ||
                   !str_equal(db_value(u->results[0], 0, 1), counts[turn]) ||
                   db_value(u->results[0], 0, 2).len != l->padding) {
            atomic_fetch_add(l->wrong, 1);
        } else {
            atomic_fetch_add(l->answered, 1);
        }
        arena_reset(arena);
    }
    free(padding);
    arena_free(arena);
    return NULL;
}

static const char echo[] = "SELECT $1::text, (SELECT count(*) FROM shop.item), $2::text";

struct outcome {
    atomic_uint answered, unavailable, wrong;
    atomic_bool stop;
    pthread_t threads[THREADS];
    struct load loads[THREADS];
};

static void start(struct outcome *o, const struct load *like, bool until_stopped) {
    for (int i = 0; i < THREADS; i++) {
        o->loads[i] = *like;
        o->loads[i].number = i;
        o->loads[i].answered = &o->answered;
        o->loads[i].unavailable = &o->unavailable;
        o->loads[i].wrong = &o->wrong;
        o->loads[i].stop = until_stopped ? &o->stop : NULL;
        assert_int_equal(pthread_create(&o->threads[i], NULL, run_load, &o->loads[i]), 0);
    }
}

static void join(struct outcome *o) {
    atomic_store(&o->stop, true);
    for (int i = 0; i < THREADS; i++) {
        pthread_join(o->threads[i], NULL);
    }
}

static void pause_ms(long ms) {
    const struct timespec t = {ms / 1000, ms % 1000 * 1000000};
    nanosleep(&t, NULL);
}

static void test_everybody_their_own(void **state) {
    struct shop *s = *state;
    for (uint32_t statement = 0; statement < 2; statement++) {
        for (uint32_t count = 1; count <= 3; count += 2) {
            struct outcome o = {.stop = false};
            struct lanes *lanes = open_lanes(s, count, 30000);
            const struct load load = {
                .lanes = lanes, .plugin = &s->shop, .rounds = 200, .sql = echo, .statement = statement, .padding = 10};
            start(&o, &load, false);
            join(&o);
            assert_int_equal(o.wrong, 0);
            assert_int_equal(o.unavailable, 0);
            assert_int_equal(o.answered, THREADS * 200);
            lane_close(lanes);
        }
    }
}

/* More in both directions than all buffers hold: neither side may wait for the other for ever. */
static void test_full_buffers(void **state) {
    struct shop *s = *state;
    struct outcome o = {.stop = false};
    struct lanes *lanes = open_lanes(s, 1, 60000);
    const struct load load = {.lanes = lanes, .plugin = &s->shop, .rounds = 12, .sql = echo, .padding = LONG_TEXT};
    start(&o, &load, false);
    join(&o);
    assert_int_equal(o.wrong, 0);
    assert_int_equal(o.unavailable, 0);
    lane_close(lanes);
}

/* The connection is killed again and again under load. */
static void terminate_under_load(struct shop *s, size_t padding) {
    struct outcome o = {.stop = false};
    struct lanes *lanes = open_lanes(s, 2, 10000);
    const struct load load = {.lanes = lanes, .plugin = &s->shop, .sql = echo, .statement = 7, .padding = padding};
    start(&o, &load, true);
    for (int i = 0; i < 15; i++) {
        pause_ms(100);
        pg_count(&s->pg, "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = "
                         "'lane' AND datname = current_database()");
    }
    pause_ms(200);
    unsigned before = o.answered;
    pause_ms(1000);
    bool works_again = o.answered > before;
    join(&o);
    lane_close(lanes);
    assert_true(works_again);
    assert_int_equal(o.wrong, 0);
    assert_true(o.unavailable > 0);
}

static void test_terminated_under_load(void **state) {
    terminate_under_load(*state, 10);
    terminate_under_load(*state, LONG_TEXT); /* while the buffers are full */
}

static alees_rc ask(struct lanes *lanes, struct arena *arena, struct unit **ret_unit, const char *sql) {
    struct statement *st = ARENA_NEW(arena, struct statement);
    struct store_call *call = ARENA_NEW(arena, struct store_call);
    st->sql = sql;
    call->statement = st;
    *ret_unit = new_unit(arena, call, 1, NULL, "{}");
    return lane_run(lanes, *ret_unit);
}

/* A lane that the server closed while nobody used it costs nobody a failure. */
static void test_closed_while_idle(void **state) {
    struct shop *s = *state;
    struct arena *arena = test_arena();
    struct lanes *lanes = open_named(s, "idle", 1, 10000);
    struct unit *u;
    for (int i = 0; i < 3; i++) {
        assert_ok(ask(lanes, arena, &u, "SELECT 1"));
        assert_int_equal(pg_count(&s->pg, "SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity WHERE "
                                          "application_name = 'idle' AND datname = current_database()"),
                         1);
        assert_ok(ask(lanes, arena, &u, "SELECT 1"));
        assert_null(u->error);
    }
    lane_close(lanes);
    arena_free(arena);
}

static void test_statement_timeout(void **state) {
    struct shop *s = *state;
    struct arena *arena = test_arena();
    struct lanes *lanes = open_lanes(s, 1, 10000);
    struct unit *u;
    assert_ok(ask(lanes, arena, &u, "SELECT pg_sleep(30)"));
    assert_string_equal(db_error(u->error, DB_SQLSTATE), "57014");
    assert_ok(ask(lanes, arena, &u, "SELECT 2"));
    assert_null(u->error);
    assert_text(db_value(u->results[0], 0, 0), "2");
    lane_close(lanes);
    arena_free(arena);
}

/* No answer at all within the deadline: unavailable, and a fresh connection afterwards. */
static void test_deadline(void **state) {
    struct shop *s = *state;
    struct arena *arena = test_arena();
    struct lanes *lanes = open_lanes(s, 1, 300);
    struct unit *u;
    uint64_t begun = sys_monotonic_us();
    assert_err(ask(lanes, arena, &u, "SELECT pg_sleep(1.5)"), ALEES_E_UNAVAILABLE);
    assert_true(sys_monotonic_us() - begun < 1200000);
    assert_ok(ask(lanes, arena, &u, "SELECT 2"));
    assert_null(u->error);
    lane_close(lanes);
    arena_free(arena);
}

/* A Parse that fails, and one that is skipped behind a failure, leave no trace; one that succeeded stays. */
static void test_failed_prepare(void **state) {
    struct shop *s = *state;
    struct arena *arena = test_arena();
    struct lanes *lanes = open_lanes(s, 1, 10000);
    const struct statement fails = {.number = 1, .sql = "SELECT * FROM shop.later"};
    const struct statement divides = {.number = 2, .sql = "SELECT 1 / (count(*) - count(*)) FROM shop.item"};
    const struct statement fine = {.number = 3, .sql = "SELECT count(*) FROM shop.item"};
    const struct store_call calls[] = {{&fails, NULL}, {&divides, NULL}, {&fine, NULL}};
    struct unit *u;
    static const struct {
        uint32_t first, count, error_call;
        const char *state;
    } turns[] = {{0, 1, 0, "42P01"}, {0, 3, 0, "42P01"}, {1, 2, 0, "22012"},
                 {1, 2, 0, "22012"}, {2, 1, 0, NULL},    {2, 1, 0, NULL}};
    for (size_t i = 0; i < ARRAY_LEN(turns); i++) {
        u = new_unit(arena, &calls[turns[i].first], turns[i].count, &s->shop, SHOP_ONLY_A);
        assert_ok(lane_run(lanes, u));
        if (turns[i].state) {
            assert_string_equal(db_error(u->error, DB_SQLSTATE), turns[i].state);
            assert_int_equal(u->error_call, turns[i].error_call);
        } else {
            assert_null(u->error);
            assert_text(db_value(u->results[0], 0, 0), "30");
        }
    }
    pg_exec(&s->pg, "CREATE TABLE shop.later (id integer); GRANT SELECT ON shop.later TO alees_plugin_shop");
    for (int i = 0; i < 2; i++) {
        u = new_unit(arena, calls, 1, &s->shop, SHOP_ONLY_A);
        assert_ok(lane_run(lanes, u));
        assert_null(u->error);
    }
    /* Its plan does not fit any more: one failure, then sent as text. */
    pg_exec(&s->pg, "ALTER TABLE shop.later ALTER id TYPE text");
    u = new_unit(arena, calls, 1, &s->shop, SHOP_ONLY_A);
    assert_ok(lane_run(lanes, u));
    assert_string_equal(db_error(u->error, DB_SQLSTATE), "0A000");
    for (int i = 0; i < 2; i++) {
        u = new_unit(arena, calls, 1, &s->shop, SHOP_ONLY_A);
        assert_ok(lane_run(lanes, u));
        assert_null(u->error);
    }
    pg_exec(&s->pg, "DROP TABLE shop.later");
    lane_close(lanes);
    arena_free(arena);
}

/* A unit is one transaction: what its first statement wrote is undone when its second fails, or its commit does. */
static void test_unit_is_a_transaction(void **state) {
    struct shop *s = *state;
    struct arena *arena = test_arena();
    struct lanes *lanes = open_lanes(s, 1, 10000);
    const struct statement insert = {.sql = "INSERT INTO shop.note (id, text) VALUES (1, 'x')"};
    const struct statement fails = {.sql = "SELECT 1 / (count(*) - count(*)) FROM shop.item"};
    const struct statement deferred = {.sql = "INSERT INTO shop.note (id, text, item_id) VALUES (2, 'x', "
                                              "'00000000-0000-7000-8000-0000000000ff')"};
    const struct store_call both[] = {{&insert, NULL}, {&fails, NULL}};
    const struct store_call late[] = {{&deferred, NULL}};
    struct unit *u;
    u = new_unit(arena, both, 2, &s->shop, SHOP_ONLY_A);
    assert_ok(lane_run(lanes, u));
    assert_int_equal(u->error_call, 1);
    u = new_unit(arena, late, 1, &s->shop, SHOP_ONLY_A);
    assert_ok(lane_run(lanes, u)); /* a deferred constraint is checked by the Sync */
    assert_non_null(u->error);
    assert_string_equal(db_error(u->error, DB_SQLSTATE), "23503");
    assert_int_equal(u->error_call, 1);
    assert_int_equal(pg_count(&s->pg, "SELECT count(*) FROM shop.note"), 0);
    u = new_unit(arena, both, 1, &s->shop, SHOP_ONLY_A);
    assert_ok(lane_run(lanes, u));
    assert_null(u->error);
    assert_int_equal(pg_count(&s->pg, "SELECT count(*) FROM shop.note"), 1);
    pg_exec(&s->pg, "DELETE FROM shop.note");
    lane_close(lanes);
    arena_free(arena);
}

/* PostgreSQL does not let us in: at once for all but the one who tries, and it works when it does again. */
static void test_away(void **state) {
    struct shop *s = *state;
    struct arena *arena = test_arena();
    struct lanes *lanes = open_lanes(s, 2, 10000);
    struct unit *u;
    char sql[200];
    snprintf(sql, sizeof sql, "ALTER DATABASE %s CONNECTION LIMIT 0", s->pg.name);
    pg_exec(&s->pg, sql);
    pg_exec(&s->pg, "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = 'lane' AND "
                    "datname = current_database()");
    for (int i = 0; i < 50; i++) {
        assert_err(ask(lanes, arena, &u, "SELECT 1"), ALEES_E_UNAVAILABLE);
    }
    snprintf(sql, sizeof sql, "ALTER DATABASE %s CONNECTION LIMIT -1", s->pg.name);
    pg_exec(&s->pg, sql);
    bool works = false;
    for (int i = 0; i < 50 && !works; i++) {
        pause_ms(100);
        works = ask(lanes, arena, &u, "SELECT 1") == ALEES_OK;
    }
    assert_true(works);
    lane_close(lanes);
    arena_free(arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_everybody_their_own),
        cmocka_unit_test(test_full_buffers),
        cmocka_unit_test(test_terminated_under_load),
        cmocka_unit_test(test_closed_while_idle),
        cmocka_unit_test(test_statement_timeout),
        cmocka_unit_test(test_deadline),
        cmocka_unit_test(test_failed_prepare),
        cmocka_unit_test(test_unit_is_a_transaction),
        cmocka_unit_test(test_away),
    };
    return cmocka_run_group_tests_name("lane", tests, setup, teardown);
}
