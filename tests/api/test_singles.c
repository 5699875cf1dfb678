/* SPDX-License-Identifier: MIT
 * test_singles.c - several ALEES_SINGLE fields of the parts of one owner change hands in one request, on the whole server
 * with tests/plugins/crew.c: whoever had what, whatever the order, by the owner's list and under the parts' own URL, with
 * hooks and without. */
#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "str.h"
#include "world.h"

enum { ACME_MANAGER = 1, PEOPLE = 4, ROLES = 3, NOBODY = PEOPLE };

#define CREWS "/api/v1/crews"

static const char *const roles[ROLES] = {"is_lead", "is_deputy", "is_driver"};
static const char *const lists[] = {"members", "guards"}; /* without hooks, and with */
static const char *const tables[] = {"member", "guard"};

struct crew {
    struct world *w;
    size_t list;
    const char *name, *path, *codes[PEOPLE], *ids[PEOPLE];
    uint32_t holders[ROLES]; /* PEOPLE: nobody */
};

static int setup(void **state) {
    return world_setup_with(state, "crew");
}

static const struct answer *ask(struct world *w, const char *method, const char *path, const char *body) {
    const struct answer *a = world_ask(w, ACME_MANAGER, method, path, body);
    if (a->status != 200 && a->status != 201) {
        print_message("%s %s\n%s\n", method, path, body);
        world_must(a, 200, ACME_MANAGER, "it can be written");
    }
    return a;
}

static bool holds(const struct crew *c, uint32_t person, uint32_t role) {
    return c->holders[role] == person;
}

/* {"is_lead":true,..}: each role, or, is_short, at random only what cannot be left out. */
static void put_person(const struct crew *c, struct str *out, uint32_t person, const uint32_t *next, bool is_short) {
    for (uint32_t r = 0; r < ROLES; r++) {
        bool was = holds(c, person, r), is = next[r] == person, is_needed = is ? !was : was && next[r] == NOBODY;
        if (!is_short || is_needed || rand() % 2 == 0) {
            str_printf(out, ",\"%s\":%s", roles[r], is ? "true" : "false");
        }
    }
}

/* The people in that order; by_id: as items of the owner's list, else by their codes. */
static const char *people(struct crew *c, const uint32_t *order, const uint32_t *next, bool by_id, bool is_short) {
    struct str out;
    str_init(&out, c->w->arena, 500);
    for (uint32_t i = 0; i < PEOPLE; i++) {
        str_printf(&out, "%s{\"%s\":\"%s\"", i > 0 ? "," : "[", by_id ? "id" : "code",
                   by_id ? c->ids[order[i]] : c->codes[order[i]]);
        put_person(c, &out, order[i], next, is_short);
        str_putc(&out, '}');
    }
    str_putc(&out, ']');
    return str_done(&out).ptr;
}

static struct crew make(struct world *w, size_t list) {
    static const uint32_t order[PEOPLE] = {0, 1, 2, 3}, next[ROLES] = {0, 1, 2};
    struct crew c = {.w = w, .list = list, .holders = {NOBODY, NOBODY, NOBODY}};
    c.name = world_text(w, "crew %u", (unsigned)w->serial++);
    for (uint32_t i = 0; i < PEOPLE; i++) {
        c.codes[i] = world_text(w, "%s %u", c.name, (unsigned)i);
    }
    const struct answer *a =
        ask(w, "POST", CREWS,
            world_text(w, "{\"name\":\"%s\",\"%s\":%s}", c.name, lists[list], people(&c, order, next, false, false)));
    c.path = world_text(w, CREWS "/%.*s", STR_FMT(answer_text(a, "/id")));
    for (uint32_t i = 0; i < PEOPLE; i++) {
        char at[40];
        snprintf(at, sizeof at, "/%s/%u/id", lists[list], (unsigned)i);
        c.ids[i] = world_text(w, "%.*s", STR_FMT(answer_text(a, at)));
    }
    memcpy(c.holders, next, sizeof next);
    return c;
}

enum way { BY_PATCH, BY_PUT, BY_ARRAY, BY_OWN_URL, WAYS };

static void send(struct crew *c, enum way way, const uint32_t *order, const uint32_t *next, bool is_short) {
    struct world *w = c->w;
    const char *list = people(c, order, next, way != BY_OWN_URL, is_short);
    switch (way) {
    case BY_PATCH: (void)ask(w, "PATCH", c->path, world_text(w, "{\"%s\":%s}", lists[c->list], list)); break;
    case BY_PUT:
        (void)ask(w, "PUT", c->path, world_text(w, "{\"name\":\"%s\",\"%s\":%s}", c->name, lists[c->list], list));
        break;
    case BY_ARRAY:
        (void)ask(w, "POST", CREWS "?on_conflict=name",
                  world_text(w, "[{\"name\":\"%s\",\"%s\":%s}]", c->name, lists[c->list], list));
        break;
    case BY_OWN_URL:
    case WAYS: (void)ask(w, "POST", world_text(w, "%s/%s?on_conflict=code", c->path, lists[c->list]), list); break;
    }
    memcpy(c->holders, next, sizeof c->holders);
    for (uint32_t r = 0; r < ROLES; r++) {
        const char *found = pg_value(&w->pg, w->arena,
                                     world_text(w,
                                                "SELECT coalesce(string_agg(code, ','), '-') FROM crew.%s WHERE "
                                                "crew_id = '%s' AND %s",
                                                tables[c->list], c->path + sizeof CREWS, roles[r]))
                                .ptr;
        assert_string_equal(found, next[r] == NOBODY ? "-" : c->codes[next[r]]);
    }
}

/* The n-th order of the people. */
static void order_of(uint32_t n, uint32_t order[PEOPLE]) {
    uint32_t left[PEOPLE] = {0, 1, 2, 3};
    for (uint32_t i = 0; i < PEOPLE; i++) {
        uint32_t at = n % (PEOPLE - i);
        n /= PEOPLE - i;
        order[i] = left[at];
        memmove(&left[at], &left[at + 1], (PEOPLE - 1 - at) * sizeof left[0]);
    }
}

/* Each of the 24 orders, there and back. */
static void test_change(struct world *w, const uint32_t next[ROLES]) {
    static const uint32_t first[ROLES] = {0, 1, 2};
    for (size_t list = 0; list < ARRAY_LEN(lists); list++) {
        struct crew c = make(w, list);
        for (uint32_t n = 0; n < 24; n++) {
            uint32_t order[PEOPLE];
            order_of(n, order);
            send(&c, n % WAYS, order, next, false);
            send(&c, (n / 2) % WAYS, order, first, n % 2 == 0);
        }
    }
}

static void test_one_moves(void **state) {
    static const uint32_t next[ROLES] = {3, 1, 2};
    test_change(*state, next);
}

static void test_two_cross(void **state) {
    static const uint32_t next[ROLES] = {1, 0, 2};
    test_change(*state, next);
}

static void test_three_in_a_circle(void **state) {
    static const uint32_t next[ROLES] = {1, 2, 0};
    test_change(*state, next);
}

/* The first loses only, the second loses and gains, the last gains only. */
static void test_a_chain(void **state) {
    static const uint32_t next[ROLES] = {1, 3, NOBODY};
    test_change(*state, next);
}

static void test_one_takes_all(void **state) {
    static const uint32_t next[ROLES] = {2, 2, 2};
    test_change(*state, next);
}

/* One change of a row is one: its version rises once, and the trail has what came and what went. */
static void test_versions(void **state) {
    static const uint32_t order[PEOPLE] = {0, 1, 2, 3}, next[ROLES] = {1, 0, 2};
    struct world *w = *state;
    for (size_t list = 0; list < ARRAY_LEN(lists); list++) {
        struct crew c = make(w, list);
        send(&c, BY_PATCH, order, next, false);
        assert_string_equal(
            pg_value(&w->pg, w->arena,
                     world_text(w,
                                "SELECT string_agg(version::text, ',' ORDER BY code) FROM crew.%s WHERE crew_id = '%s'",
                                tables[list], c.path + sizeof CREWS))
                .ptr,
            "2,2,1,1");
        for (uint32_t i = 0; i < 2; i++) {
            assert_string_equal(pg_value(&w->pg, w->arena,
                                         world_text(w,
                                                    "SELECT string_agg(c.key || c.value, ',' ORDER BY c.key) FROM "
                                                    "audit.entry, jsonb_each(changes) c WHERE object_id = '%s' "
                                                    "AND action = 'update'",
                                                    c.ids[i]))
                                    .ptr,
                                i == 0 ? "is_deputy{\"after\": true, \"before\": false},is_lead{\"after\": false, "
                                         "\"before\": true}"
                                       : "is_deputy{\"after\": false, \"before\": true},is_lead{\"after\": true, "
                                         "\"before\": false}");
        }
    }
}

static void test_at_random(void **state) {
    struct world *w = *state;
    struct crew crews[2] = {make(w, 0), make(w, 1)};
    srand(5);
    for (uint32_t round = 0; round < 400; round++) {
        uint32_t next[ROLES], order[PEOPLE];
        for (uint32_t r = 0; r < ROLES; r++) {
            next[r] = (uint32_t)rand() % (PEOPLE + 1);
        }
        order_of((uint32_t)rand() % 24, order);
        send(&crews[round % 2], (enum way)(rand() % WAYS), order, next, rand() % 2 == 0);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_moves),         cmocka_unit_test(test_two_cross),
        cmocka_unit_test(test_three_in_a_circle), cmocka_unit_test(test_a_chain),
        cmocka_unit_test(test_one_takes_all),     cmocka_unit_test(test_versions),
        cmocka_unit_test(test_at_random),
    };
    return cmocka_run_group_tests_name("singles", tests, setup, world_teardown);
}
