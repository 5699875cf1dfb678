/* SPDX-License-Identifier: MIT
 * test_contact_race.c - several clients make different e-mail addresses of one contact its primary one at the same time, a
 * thousand times: each is told that it is done, and at the end of each round exactly one is. */
#include "test.h"

#include <pthread.h>
#include <stdio.h>

#include "people.h"
#include "str.h"
#include "sys.h"

enum { CLIENTS = 4, ROUNDS = 1000, BATCH = 50 };

struct race {
    struct people *people;
    const char *token, *contact, *parts, *count;
    const char *ids[CLIENTS];
    pthread_barrier_t barrier;
    uint32_t wrong; /* rounds that did not end with exactly one; by the first client */
    bool is_nested; /* every other client writes the contact with its list */
};

struct client {
    struct race *race;
    uint32_t place, refused;
    char fault[512];
    pthread_t thread;
};

/* One of the ways to make it primary. */
static const struct answer *make_primary(struct client *c, struct loopback *l, uint32_t round) {
    struct race *r = c->race;
    char path[200], body[1000];
    int at = 0;
    if (!r->is_nested || (c->place + round) % 2 == 0) {
        snprintf(path, sizeof path, "/api/v1%s/%s", r->parts, r->ids[c->place]);
        return loopback_request(l, "PATCH", path, r->token, "{\"is_primary\":true}");
    }
    snprintf(path, sizeof path, "/api/v1%s", r->contact);
    at = snprintf(body, sizeof body, "{\"email_addresses\":[");
    for (uint32_t i = 0; i < CLIENTS; i++) { /* all stay, one is primary */
        at += snprintf(body + at, sizeof body - (size_t)at, "%s{\"id\":\"%s\",\"is_primary\":%s}", i ? "," : "",
                       r->ids[i], i == c->place ? "true" : "false");
    }
    snprintf(body + at, sizeof body - (size_t)at, "]}");
    return loopback_request(l, "PATCH", path, r->token, body);
}

static void *run(void *data) {
    struct client *c = data;
    struct race *r = c->race;
    struct loopback *l = NULL;
    for (uint32_t round = 0; round < ROUNDS; round++) {
        if (round % BATCH == 0) {
            if (l) {
                loopback_close(l);
            }
            l = loopback_on(loopback_app(r->people->loopback));
        }
        pthread_barrier_wait(&r->barrier);
        const struct answer *a = make_primary(c, l, round);
        if (a->status != 200 || !str_starts(a->body, "{")) {
            c->refused++;
            snprintf(c->fault, sizeof c->fault, "%u %.400s", a->status, a->body.ptr);
        }
        pthread_barrier_wait(&r->barrier);
        if (c->place == 0) {
            r->wrong += pg_count(&r->people->pg, r->count) != 1;
        }
    }
    loopback_close(l);
    return NULL;
}

static void race(struct people *p, const char *name, bool is_nested) {
    struct race r = {.people = p, .token = people_new(p, name, PEOPLE_ACME, "manager"), .is_nested = is_nested};
    struct client clients[CLIENTS];
    const struct answer *a = people_ask(p, "POST", "/contacts", r.token, "{\"first_name\":\"Lena\"}");
    assert_status(a, 201);
    r.contact = people_text(p, "/contacts/%s", answer_text(a, "/id").ptr);
    r.parts = people_text(p, "%s/email-addresses", r.contact);
    r.count = people_text(p, "SELECT count(*) FROM contact.email_address WHERE contact_id = '%s' AND is_primary",
                          answer_text(a, "/id").ptr);
    for (uint32_t i = 0; i < CLIENTS; i++) {
        a = people_ask(p, "POST", r.parts, r.token, people_text(p, "{\"email\":\"a%u@example.com\"}", i));
        assert_status(a, 201);
        r.ids[i] = people_text(p, "%s", answer_text(a, "/id").ptr);
    }
    const uint64_t start = sys_monotonic_us();
    assert_int_equal(pthread_barrier_init(&r.barrier, NULL, CLIENTS), 0);
    for (uint32_t i = 0; i < CLIENTS; i++) {
        clients[i] = (struct client){.race = &r, .place = i};
        assert_int_equal(pthread_create(&clients[i].thread, NULL, run, &clients[i]), 0);
    }
    for (uint32_t i = 0; i < CLIENTS; i++) {
        assert_int_equal(pthread_join(clients[i].thread, NULL), 0);
    }
    pthread_barrier_destroy(&r.barrier);
    print_message("%d rounds of %d clients in %.1f s\n", ROUNDS, CLIENTS,
                  (double)(sys_monotonic_us() - start) / 1000000.0);
    for (uint32_t i = 0; i < CLIENTS; i++) {
        assert_string_equal(clients[i].fault, "");
        assert_int_equal(clients[i].refused, 0);
    }
    assert_int_equal(r.wrong, 0);
    a = people_ask(p, "GET", people_text(p, "%s?count=exact", r.parts), r.token, NULL);
    assert_int_equal(answer_integer(a, "/count"), CLIENTS);
}

static void test_own_urls(void **state) {
    race(*state, "racer", false);
}

static void test_with_the_contact(void **state) {
    race(*state, "jockey", true);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_own_urls),
        cmocka_unit_test(test_with_the_contact),
    };
    return cmocka_run_group_tests_name("contact_race", tests, people_setup, people_teardown);
}
