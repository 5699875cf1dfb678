/* SPDX-License-Identifier: MIT
 * test_tree_race.c - organizations move at the same time, each below the next, so that all moves together would make a
 * circle: all but one are done, that one is refused, and nothing else happens. And rights that end while eight threads use
 * them: who asks after the answer to the one that ended them is refused. Worth most under the thread sanitizer. */
#include "test.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>

#include "grant.h"
#include "world.h"

enum { NOBODY = 5, MOST_MOVERS = 3, ROUNDS = 1000, BATCH = 50, READERS = 8, FLIPS = 1000 };
#define MOVER "nobody"
#define FULL \
    "organization.view_organization,organization.change_organization,organization.add_organization," \
    "organization.move_organization"

static unsigned serial; /* of codes */

/* ---- crossing moves ---- */

struct circle {
    struct world *world;
    pthread_barrier_t barrier;
    uint32_t count, rounds;
    const char *organizations[MOST_MOVERS], *reset, *loops;
    uint32_t statuses[MOST_MOVERS];
    uint32_t wrong; /* by the first thread: rounds that did not end with exactly one refusal, and circles */
    char fault[512];
};

struct mover {
    struct circle *circle;
    uint32_t place;
    pthread_t thread;
};

static uint32_t move_once(struct circle *c, struct loopback *l, uint32_t place) {
    char path[128], body[64];
    snprintf(path, sizeof path, "/api/v1/organizations/%s/move", c->organizations[place]);
    snprintf(body, sizeof body, "{\"parent\":\"%s\"}", c->organizations[(place + 1) % c->count]);
    const struct answer *a = loopback_request(l, "POST", path, c->world->tokens[NOBODY], body);
    bool is_refused = a->status == 409 && str_equal(answer_text(a, "/code"), "organization_cycle");
    if (a->status != 200 && !is_refused) {
        snprintf(c->fault, sizeof c->fault, "%u %.400s", a->status, a->body.ptr);
    }
    return is_refused || a->status == 200 ? a->status : 0;
}

/* By one thread, while the others wait. */
static void judge(struct circle *c) {
    uint32_t moved = 0, refused = 0;
    for (uint32_t i = 0; i < c->count; i++) {
        moved += c->statuses[i] == 200;
        refused += c->statuses[i] == 409;
    }
    c->wrong += moved != c->count - 1 || refused != 1 || pg_count(&c->world->pg, c->loops) != 0;
    pg_exec(&c->world->pg, c->reset);
}

static void *move_all(void *data) {
    struct mover *m = data;
    struct circle *c = m->circle;
    struct loopback *l = NULL;
    for (uint32_t round = 0; round < c->rounds; round++) {
        if (round % BATCH == 0) {
            if (l) {
                loopback_close(l);
            }
            l = loopback_on(loopback_app(c->world->loopback));
        }
        pthread_barrier_wait(&c->barrier);
        c->statuses[m->place] = move_once(c, l, m->place);
        pthread_barrier_wait(&c->barrier);
        if (m->place == 0) {
            judge(c);
        }
    }
    loopback_close(l);
    return NULL;
}

static void run_circle(struct world *w, uint32_t count, uint32_t rounds) {
    struct circle c = {.world = w, .count = count, .rounds = rounds};
    struct mover movers[MOST_MOVERS];
    const char *top = grant_organization(&w->pg, w->arena, world_text(w, "TOP%u", serial++), NULL), *ids = "";
    grant_member(&w->pg, MOVER, top, grant_role(&w->pg, w->arena, top, FULL), true);
    for (uint32_t i = 0; i < count; i++) {
        c.organizations[i] = grant_organization(&w->pg, w->arena, world_text(w, "MOVES%u", serial++), top);
        ids = world_text(w, "%s%s'%s'", ids, i ? "," : "", c.organizations[i]);
    }
    c.reset = world_text(w, "UPDATE organization.organization SET parent_id = '%s' WHERE id IN (%s)", top, ids);
    /* those that cannot be reached from above, in either of the two tables */
    c.loops =
        world_text(w, "WITH RECURSIVE a AS (SELECT id FROM organization.organization WHERE parent_id IS NULL UNION"
                      " SELECT o.id FROM organization.organization o JOIN a ON a.id = o.parent_id),"
                      " b AS (SELECT id FROM rbac.organization WHERE parent_id IS NULL UNION"
                      " SELECT o.id FROM rbac.organization o JOIN b ON b.id = o.parent_id)"
                      " SELECT (SELECT count(*) FROM organization.organization WHERE id NOT IN (SELECT id FROM a))"
                      " + (SELECT count(*) FROM rbac.organization WHERE id NOT IN (SELECT id FROM b))");
    assert_int_equal(pthread_barrier_init(&c.barrier, NULL, count), 0);
    for (uint32_t i = 0; i < count; i++) {
        movers[i] = (struct mover){.circle = &c, .place = i};
        assert_int_equal(pthread_create(&movers[i].thread, NULL, move_all, &movers[i]), 0);
    }
    for (uint32_t i = 0; i < count; i++) {
        assert_int_equal(pthread_join(movers[i].thread, NULL), 0);
    }
    pthread_barrier_destroy(&c.barrier);
    assert_string_equal(c.fault, "");
    assert_int_equal(c.wrong, 0);
}

static void test_two_cross(void **state) {
    run_circle(*state, 2, ROUNDS);
}

static void test_three_make_a_circle(void **state) {
    run_circle(*state, 3, ROUNDS / 4);
}

/* ---- rights that end under load ---- */

struct flip {
    const char *method, *path, *off, *on; /* two bodies of a request by the superuser */
};

/* Each request of the superuser begins a new phase when it is sent and when it is answered. */
enum { HELD, ENDING, ENDED, COMING, PHASES };

struct load {
    struct world *world;
    const char *path; /* of a row that is readable only while the right is held */
    atomic_uint phase;
    atomic_bool is_over;
    atomic_uint allowed, denied,
        wrong; /* of what began and ended in one phase: by HELD, by ENDED, and what must not be */
};

/* One question from within one phase has one right answer. */
static void ask(struct load *o, struct loopback *l) {
    uint32_t phase = atomic_load(&o->phase);
    uint32_t status = loopback_request(l, "GET", o->path, o->world->tokens[NOBODY], NULL)->status;
    bool is_within = atomic_load(&o->phase) == phase;
    if (status != 200 && status != 404) {
        atomic_fetch_add(&o->wrong, 1);
    } else if (is_within && phase % PHASES == HELD) {
        atomic_fetch_add(status == 200 ? &o->allowed : &o->wrong, 1);
    } else if (is_within && phase % PHASES == ENDED) {
        atomic_fetch_add(status == 404 ? &o->denied : &o->wrong, 1);
    }
}

static void *read_on(void *data) {
    struct load *o = data;
    while (!atomic_load(&o->is_over)) {
        struct loopback *l = loopback_on(loopback_app(o->world->loopback));
        for (int i = 0; i < BATCH; i++) {
            ask(o, l);
            nanosleep(&(struct timespec){.tv_nsec = 500000}, NULL); /* the one who ends the right must get on, too */
        }
        loopback_close(l);
    }
    return NULL;
}

/* Sends one of the two, and asks at once. */
static bool turn(struct load *o, struct loopback *l, const struct flip *f, const char *body) {
    atomic_fetch_add(&o->phase, 1);
    bool is_done = loopback_request(l, f->method, f->path, o->world->tokens[WORLD_ADMIN], body)->status == 200;
    atomic_fetch_add(&o->phase, 1);
    ask(o, l);
    return is_done;
}

static void run_flips(struct world *w, const char *path, const struct flip *f) {
    struct load o = {.world = w, .path = path};
    pthread_t readers[READERS];
    uint32_t failed = 0;
    for (size_t i = 0; i < READERS; i++) {
        assert_int_equal(pthread_create(&readers[i], NULL, read_on, &o), 0);
    }
    for (uint32_t round = 0; round < FLIPS; round++) {
        struct loopback *l = loopback_on(loopback_app(w->loopback));
        failed += !turn(&o, l, f, f->off);
        failed += !turn(&o, l, f, f->on);
        loopback_close(l);
    }
    atomic_store(&o.is_over, true);
    for (size_t i = 0; i < READERS; i++) {
        assert_int_equal(pthread_join(readers[i], NULL), 0);
    }
    print_message("%u allowed, %u denied\n", atomic_load(&o.allowed), atomic_load(&o.denied));
    assert_int_equal(failed, 0);
    assert_int_equal(atomic_load(&o.wrong), 0);
    assert_true(atomic_load(&o.allowed) >= FLIPS && atomic_load(&o.denied) >= FLIPS);
}

static void wait_until_seen(struct world *w, const char *path) {
    for (int i = 0; i < 500 && world_ask(w, NOBODY, "GET", path, NULL)->status != 200; i++) {
        nanosleep(&(struct timespec){0, 5000000}, NULL);
    }
    assert_status(world_ask(w, NOBODY, "GET", path, NULL), 200);
}

/* An organization ends, with all rights in it. */
static void test_deactivated_under_load(void **state) {
    struct world *w = *state;
    const char *id = grant_organization(&w->pg, w->arena, world_text(w, "ENDS%u", serial++), NULL);
    const char *path = world_text(w, "/api/v1/organizations/%s", id);
    const struct flip f = {"PATCH", path, "{\"status\":\"inactive\"}", "{\"status\":\"active\"}"};
    grant_member(&w->pg, MOVER, id, GRANT_VIEWER, false);
    wait_until_seen(w, path);
    run_flips(w, path, &f);
}

/* It goes out of the reach of what is inherited, and comes back. */
static void test_moved_under_load(void **state) {
    struct world *w = *state;
    const char *here = grant_organization(&w->pg, w->arena, world_text(w, "HERE%u", serial++), NULL);
    const char *there = grant_organization(&w->pg, w->arena, world_text(w, "THERE%u", serial++), NULL);
    const char *unit = grant_organization(&w->pg, w->arena, world_text(w, "GOES%u", serial++), here);
    const char *leaf = grant_organization(&w->pg, w->arena, world_text(w, "BELOW%u", serial++), unit);
    const char *path = world_text(w, "/api/v1/organizations/%s", leaf);
    const struct flip f = {"POST", world_text(w, "/api/v1/organizations/%s/move", unit),
                           world_text(w, "{\"parent\":\"%s\"}", there), world_text(w, "{\"parent\":\"%s\"}", here)};
    grant_member(&w->pg, MOVER, here, GRANT_VIEWER, true);
    wait_until_seen(w, path);
    run_flips(w, path, &f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_two_cross),
        cmocka_unit_test(test_three_make_a_circle),
        cmocka_unit_test(test_deactivated_under_load),
        cmocka_unit_test(test_moved_under_load),
    };
    return cmocka_run_group_tests_name("tree_race", tests, world_setup, world_teardown);
}
