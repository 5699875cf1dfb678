/* SPDX-License-Identifier: MIT
 * test_categories_race.c - categories move at the same time, each below the next, so that all moves together would make a
 * circle: all but one are done, that one is refused, and nothing else happens. And a category that becomes one of another type
 * while products are put into it: whoever comes second is refused. Worth most under the thread sanitizer. */
#include "test.h"

#include <pthread.h>
#include <stdio.h>

#include "world.h"

enum { GLOBEX_MANAGER = 3, MOST_MOVERS = 4, ROUNDS = 1000, BATCH = 50, RETYPES = 200 };
#define CATEGORIES "/api/v1/categories"
#define PRODUCTS "/api/v1/products"

struct race {
    struct world *world;
    pthread_barrier_t barrier;
    uint32_t count, rounds;
    /* One try of a thread: gives the status, 0 and a fault for what must not come. */
    uint32_t (*try_once)(struct race *race, struct loopback *l, uint32_t place);
    void (*judge)(struct race *race); /* by the first thread, while the others wait */
    const char *categories[MOST_MOVERS], *loops, *reset, *unit;
    uint32_t statuses[MOST_MOVERS];
    uint32_t wrong, serial;
    uint32_t won[MOST_MOVERS]; /* how often each was done */
    char fault[512];
};

struct racer {
    struct race *race;
    uint32_t place;
    pthread_t thread;
};

static void *run(void *data) {
    struct racer *r = data;
    struct race *race = r->race;
    struct loopback *l = NULL;
    for (uint32_t round = 0; round < race->rounds; round++) {
        if (round % BATCH == 0) {
            if (l) {
                loopback_close(l);
            }
            l = loopback_on(loopback_app(race->world->loopback));
        }
        pthread_barrier_wait(&race->barrier);
        race->statuses[r->place] = race->try_once(race, l, r->place);
        pthread_barrier_wait(&race->barrier);
        if (r->place == 0) {
            race->judge(race);
        }
    }
    loopback_close(l);
    return NULL;
}

static void run_race(struct race *race) {
    struct racer racers[MOST_MOVERS];
    assert_int_equal(pthread_barrier_init(&race->barrier, NULL, race->count), 0);
    for (uint32_t i = 0; i < race->count; i++) {
        racers[i] = (struct racer){.race = race, .place = i};
        assert_int_equal(pthread_create(&racers[i].thread, NULL, run, &racers[i]), 0);
    }
    for (uint32_t i = 0; i < race->count; i++) {
        assert_int_equal(pthread_join(racers[i].thread, NULL), 0);
    }
    pthread_barrier_destroy(&race->barrier);
    assert_string_equal(race->fault, "");
    assert_int_equal(race->wrong, 0);
}

static const char *make_category(struct world *w, const char *name) {
    const struct answer *a =
        world_ask(w, GLOBEX_MANAGER, "POST", CATEGORIES, world_text(w, "{\"name\":\"%s %u\"}", name, ++w->serial));
    assert_status(a, 201);
    return world_text(w, "%s", answer_text(a, "/id").ptr);
}

/* ---- crossing moves ---- */

/* Every second round the mover names the row by a filter, and renames it: another way to the same lock. */
static uint32_t move_once(struct race *race, struct loopback *l, uint32_t place) {
    bool is_many = (race->serial + place) % 2 == 0;
    char path[160], body[160];
    snprintf(path, sizeof path, is_many ? CATEGORIES "?id=%s" : CATEGORIES "/%s", race->categories[place]);
    snprintf(body, sizeof body, "{\"name\":\"moved %u %u\",\"parent\":\"%s\"}", place, race->serial,
             race->categories[(place + 1) % race->count]);
    const struct answer *a = loopback_request(l, "PATCH", path, race->world->tokens[GLOBEX_MANAGER], body);
    bool is_refused = a->status == 409 && str_equal(answer_text(a, "/code"), "cycle");
    if (a->status != 200 && !is_refused) {
        snprintf(race->fault, sizeof race->fault, "%u %.400s", a->status, a->body.ptr);
        return 0;
    }
    return a->status;
}

static void judge_moves(struct race *race) {
    uint32_t moved = 0;
    for (uint32_t i = 0; i < race->count; i++) {
        moved += race->statuses[i] == 200;
        race->won[i] += race->statuses[i] == 200;
    }
    race->wrong += moved != race->count - 1 || pg_count(&race->world->pg, race->loops) != 0;
    pg_exec(&race->world->pg, race->reset);
    race->serial++;
}

static void run_circle(struct world *w, uint32_t count, uint32_t rounds) {
    struct race race = {.world = w, .count = count, .rounds = rounds, .try_once = move_once, .judge = judge_moves};
    const char *ids = "";
    for (uint32_t i = 0; i < count; i++) {
        race.categories[i] = make_category(w, "circle");
        ids = world_text(w, "%s%s'%s'", ids, i ? "," : "", race.categories[i]);
    }
    race.reset = world_text(w, "UPDATE product.category SET parent_id = NULL WHERE id IN (%s)", ids);
    race.loops = "WITH RECURSIVE a AS (SELECT id FROM product.category WHERE parent_id IS NULL UNION"
                 " SELECT c.id FROM product.category c JOIN a ON a.id = c.parent_id)"
                 " SELECT count(*) FROM product.category WHERE id NOT IN (SELECT id FROM a)";
    run_race(&race);
    for (uint32_t i = 0; i < count; i++) {
        assert_true(race.won[i] < rounds); /* they did meet: each has lost a round */
    }
}

static void test_two_cross(void **state) {
    run_circle(*state, 2, ROUNDS);
}

static void test_four_make_a_circle(void **state) {
    run_circle(*state, 4, ROUNDS / 4);
}

/* ---- another type, while a product comes ---- */

static uint32_t retype_or_fill(struct race *race, struct loopback *l, uint32_t place) {
    char path[160], body[256];
    bool is_retype = place == 0;
    if (is_retype) {
        snprintf(path, sizeof path, CATEGORIES "/%s", race->categories[0]);
        snprintf(body, sizeof body, "{\"category_type\":\"ASSET\"}");
    } else {
        snprintf(path, sizeof path, PRODUCTS);
        snprintf(body, sizeof body, "{\"name\":\"p\",\"sku\":\"RT-%u\",\"base_uom\":\"%s\",\"category\":\"%s\"}",
                 race->serial, race->unit, race->categories[0]);
    }
    const struct answer *a =
        loopback_request(l, is_retype ? "PATCH" : "POST", path, race->world->tokens[GLOBEX_MANAGER], body);
    bool is_held = a->status == 409 && (str_equal(answer_text(a, "/code"), "category_in_use") ||
                                        str_equal(answer_text(a, "/code"), "protected"));
    bool is_late = a->status == 422 && (str_equal(answer_text(a, "/errors/0/code"), "wrong_category_type") ||
                                        str_equal(answer_text(a, "/errors/0/code"), "invalid_reference"));
    if (a->status != 200 && a->status != 201 && !(is_retype ? is_held : is_late)) {
        snprintf(race->fault, sizeof race->fault, "%u %.400s", a->status, a->body.ptr);
        return 0;
    }
    return a->status;
}

static void judge_types(struct race *race) {
    bool is_retyped = race->statuses[0] == 200, is_filled = race->statuses[1] == 201;
    race->wrong += is_retyped == is_filled;
    race->won[0] += is_retyped;
    race->won[1] += is_filled;
    pg_exec(&race->world->pg, race->reset);
    race->serial++;
}

static void test_type_and_products(void **state) {
    struct world *w = *state;
    struct race race = {
        .world = w, .count = 2, .rounds = RETYPES, .try_once = retype_or_fill, .judge = judge_types, .loops = ""};
    race.categories[0] = make_category(w, "typed");
    const struct answer *a = world_ask(w, GLOBEX_MANAGER, "GET", "/api/v1/units-of-measure?code=EA", NULL);
    race.unit = world_text(w, "%s", answer_text(a, "/results/0/id").ptr);
    race.reset = world_text(w,
                            "WITH p AS (DELETE FROM product.product WHERE category_id = '%s')"
                            " UPDATE product.category SET category_type = 'PRODUCT' WHERE id = '%s'",
                            race.categories[0], race.categories[0]);
    run_race(&race);
    assert_int_equal(race.won[0] + race.won[1], RETYPES);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_two_cross),
        cmocka_unit_test(test_four_make_a_circle),
        cmocka_unit_test(test_type_and_products),
    };
    return cmocka_run_group_tests_name("categories_race", tests, world_setup, world_teardown);
}
