/* SPDX-License-Identifier: MIT
 * test_outage.c - PostgreSQL's backends are killed while the server works: requests are answered with the right rows or
 * with 503, nothing that was confirmed is lost, and the server recovers by itself. */
#include "test.h"

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include "world.h"

enum { READERS = 4, WRITERS = 2, KILLS = 10, PAUSE_MS = 150, RECOVERY_MS = 5000 };

struct outage {
    struct world *world;
    const char *path, *expected; /* of one row, and what it must look like */
    atomic_bool is_over;
    atomic_uint right, refused, wrong, created;
};

static void pause_ms(long ms) {
    struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    nanosleep(&t, NULL);
}

static void count(struct outage *o, uint32_t status, bool is_right) {
    if (status == 503) {
        atomic_fetch_add(&o->refused, 1);
        pause_ms(5); /* as a client that heeds Retry-After would, only sooner */
    } else {
        atomic_fetch_add(is_right ? &o->right : &o->wrong, 1);
    }
}

/* The asserts of cmocka belong to the main thread: these only count. */
static void *read_row(void *data) {
    struct outage *o = data;
    while (!atomic_load(&o->is_over)) {
        struct loopback *l = loopback_on(loopback_app(o->world->loopback));
        const struct answer *a = loopback_request(l, "GET", o->path, o->world->tokens[1], NULL);
        count(o, a->status, a->status == 200 && str_equal(a->body, o->expected));
        loopback_close(l);
    }
    return NULL;
}

static void *write_rows(void *data) {
    struct outage *o = data;
    for (unsigned serial = 0; !atomic_load(&o->is_over); serial++) {
        struct loopback *l = loopback_on(loopback_app(o->world->loopback));
        char body[128];
        snprintf(body, sizeof body, "{\"first_name\":\"Outage\",\"last_name\":\"%lx %u\"}",
                 (unsigned long)pthread_self(), serial);
        const struct answer *a = loopback_request(l, "POST", "/api/v1/contacts", o->world->tokens[1], body);
        count(o, a->status, a->status == 201);
        atomic_fetch_add(&o->created, a->status == 201);
        loopback_close(l);
    }
    return NULL;
}

static bool recovers(struct outage *o) {
    for (int waited = 0; waited < RECOVERY_MS; waited += 50) {
        if (loopback_request(o->world->loopback, "GET", o->path, o->world->tokens[1], NULL)->status == 200) {
            return true;
        }
        pause_ms(50);
    }
    return false;
}

static void test_killed_backends_give_503_and_nothing_else(void **state) {
    struct world *w = *state;
    const char *list = "/api/v1/products?page_size=1";
    alees_str id = answer_text(world_ask(w, 1, "GET", list, NULL), "/results/0/id");
    struct outage o = {.world = w, .path = world_text(w, "/api/v1/products/%.*s", STR_FMT(id))};
    pthread_t threads[READERS + WRITERS];
    o.expected = world_ask(w, 1, "GET", o.path, NULL)->body.ptr;
    for (size_t i = 0; i < ARRAY_LEN(threads); i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, i < READERS ? read_row : write_rows, &o), 0);
    }
    for (int i = 0; i < KILLS; i++) {
        pause_ms(PAUSE_MS);
        pg_exec(&w->pg, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                        "WHERE usename = 'alees_app' AND datname = current_database()");
    }
    pause_ms(PAUSE_MS);
    atomic_store(&o.is_over, true);
    for (size_t i = 0; i < ARRAY_LEN(threads); i++) {
        pthread_join(threads[i], NULL);
    }
    assert_true(recovers(&o));
    print_message("%u right, %u refused with 503, %u rows written\n", o.right, o.refused, o.created);
    assert_int_equal(o.wrong, 0);
    assert_true(o.right > 0 && o.refused > 0 && o.created > 0);
    /* Confirmed is kept; one that was answered with 503 may have been committed just before the kill. */
    int64_t kept = pg_count(&w->pg, "SELECT count(*) FROM contact.contact WHERE first_name = 'Outage'");
    assert_in_range(kept, o.created, o.created + o.refused);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_killed_backends_give_503_and_nothing_else),
    };
    return cmocka_run_group_tests_name("outage", tests, world_setup, world_teardown);
}
