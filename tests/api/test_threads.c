/* SPDX-License-Identifier: MIT
 * test_threads.c - many threads ask at the same time for two users who share nothing, while rights come and go: every
 * answer is the one to its own question. Worth most under the thread sanitizer. */
#include "test.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>

#include "world.h"

enum { THREADS = 8, ROUNDS = 1200, BATCH = 100 };

/* The two, in world_users, and what is theirs. */
static const struct { size_t user, organization; } sides[2] = {{1, WORLD_ACME}, {3, WORLD_GLOBEX}};

struct work {
    struct world *world;
    const char *rows[2]; /* a product of each */
    pthread_t thread;
    uint32_t number;
    uint32_t serial;
    char fault[1024]; /* cmocka's assertions belong to the main thread */
};

static atomic_bool is_over;

static bool fault(struct work *w, const struct answer *a, const char *what) {
    if (!w->fault[0]) {
        snprintf(w->fault, sizeof w->fault, "%s: %u %.600s", what, a->status, a->wire.ptr);
    }
    return false;
}

static bool is_of(const struct answer *a, const char *pointer, const char *text) {
    return str_equal(answer_text(a, pointer), text);
}

/* Every row is of the side's own organization, and nothing else is named. */
static bool check_list(struct work *w, const struct answer *a, size_t side) {
    const alees_json *rows = answer_at(a, "/results");
    if (a->status != 200 || jx_size(rows) == 0) {
        return fault(w, a, "list");
    }
    for (uint32_t i = 0; i < jx_size(rows); i++) {
        if (!str_equal(jx_text(jx_get(jx_at(rows, i), "organization")),
                       world_organizations[sides[side].organization].id)) {
            return fault(w, a, "a row of somebody else");
        }
    }
    return strstr(a->body.ptr, world_organizations[sides[!side].organization].id) ? fault(w, a, "named") : true;
}

static bool check_row(struct work *w, const struct answer *a, size_t side) {
    return (a->status == 200 && is_of(a, "/id", w->rows[side]) &&
            is_of(a, "/organization", world_organizations[sides[side].organization].id)) ||
           fault(w, a, "get");
}

static bool check_me(struct work *w, const struct answer *a, size_t side) {
    return (a->status == 200 && is_of(a, "/user/username", world_users[sides[side].user].name)) || fault(w, a, "me");
}

static bool check_written(struct work *w, const struct answer *a, size_t side, const char *name) {
    return (a->status == 200 && is_of(a, "/name", name) &&
            is_of(a, "/organization", world_organizations[sides[side].organization].id)) ||
           fault(w, a, "patch");
}

static const struct answer *ask(struct work *w, struct loopback *l, size_t side, const char *method, const char *path,
                                const char *body) {
    char id[37];
    snprintf(id, sizeof id, "thread-%u-%u", w->number, ++w->serial);
    const struct loopback_request request = {.method = method,
                                             .path = path,
                                             .token = w->world->tokens[sides[side].user],
                                             .body = body,
                                             .headers = {{"X-Request-Id", id}}};
    const struct answer *a = loopback_send(l, &request);
    if (!str_equal(answer_header(a, "X-Request-Id"), id)) {
        fault(w, a, "the answer to another request");
    }
    return a;
}

/* A transaction on a connection that all share: made, and taken away again. */
static bool make_and_remove(struct work *w, struct loopback *l, size_t side) {
    char path[256], body[256];
    snprintf(body, sizeof body, "{\"name\":\"of %u, %u\"}", w->number, w->serial);
    const struct answer *made = ask(w, l, side, "POST", "/api/v1/categories", body);
    if (made->status != 201 || !is_of(made, "/organization", world_organizations[sides[side].organization].id)) {
        return fault(w, made, "post");
    }
    snprintf(path, sizeof path, "/api/v1/categories/%.36s", answer_text(made, "/id").ptr);
    const struct answer *foreign = ask(w, l, !side, "DELETE", path, NULL);
    const struct answer *removed = ask(w, l, side, "DELETE", path, NULL);
    return (foreign->status == 404 && removed->status == 204) || fault(w, removed, "delete");
}

/* A session of its own: good until it is ended, and then at once no more. */
static bool come_and_go(struct work *w, struct loopback *l, size_t side) {
    const char *name = world_users[sides[side].user].name;
    char body[256], token[128];
    snprintf(body, sizeof body, "{\"username\":\"%s\",\"password\":\"demo-password\"}", name);
    const struct answer *a = loopback_request(l, "POST", "/api/v1/auth/login", NULL, body);
    if (a->status != 200) {
        return fault(w, a, "login");
    }
    snprintf(token, sizeof token, "%.*s", STR_FMT(answer_text(a, "/token")));
    a = loopback_request(l, "GET", "/api/v1/auth/me", token, NULL);
    if (!check_me(w, a, side)) {
        return false;
    }
    a = loopback_request(l, "POST", "/api/v1/auth/logout", token, NULL);
    if (a->status != 204) {
        return fault(w, a, "logout");
    }
    a = loopback_request(l, "GET", "/api/v1/auth/me", token, NULL);
    return a->status == 401 || fault(w, a, "after logout");
}

static bool ask_once(struct work *w, struct loopback *l, uint32_t round) {
    size_t side = (w->number + round / 3) % 2;
    char path[256], body[256], name[64];
    if (round % 200 == 199) {
        return come_and_go(w, l, side);
    }
    snprintf(path, sizeof path, "/api/v1/products/%s", w->rows[side]);
    switch (round % 8) {
    case 0: return check_list(w, ask(w, l, side, "GET", "/api/v1/products?page_size=20", NULL), side);
    case 1: return check_me(w, ask(w, l, side, "GET", "/api/v1/auth/me", NULL), side);
    case 2: {
        snprintf(path, sizeof path, "/api/v1/products/%s", w->rows[!side]);
        const struct answer *foreign = ask(w, l, side, "GET", path, NULL);
        return foreign->status == 404 || fault(w, foreign, "foreign");
    }
    case 3:
        snprintf(name, sizeof name, "of %u round %u", w->number, round);
        snprintf(body, sizeof body, "{\"name\":\"%s\"}", name);
        return check_written(w, ask(w, l, side, "PATCH", path, body), side, name);
    case 4: {
        const struct answer *bad = ask(w, l, side, "POST", "/api/v1/categories", "{\"name\":\"x\",\"name\":\"y\"}");
        return bad->status == 400 || fault(w, bad, "twice");
    }
    case 5: return check_list(w, ask(w, l, side, "GET", "/api/v1/contacts?ordering=-created_at", NULL), side);
    case 6: return make_and_remove(w, l, side);
    default: return check_row(w, ask(w, l, side, "GET", path, NULL), side);
    }
}

static void *run(void *data) {
    struct work *w = data;
    for (uint32_t round = 0; round < ROUNDS && !w->fault[0];) {
        struct loopback *l = loopback_on(loopback_app(w->world->loopback));
        for (uint32_t i = 0; i < BATCH && ask_once(w, l, round); i++, round++) {
        }
        loopback_close(l);
    }
    return NULL;
}

/* Other people's rights, the roles and the tree change all the time: what is in memory is replaced under the threads. */
static void *change(void *data) {
    struct world *w = data;
    while (!atomic_load(&is_over)) {
        pg_exec(&w->pg, "UPDATE rbac.membership SET inherit = NOT inherit WHERE user_id IN "
                        "(SELECT id FROM rbac.app_user WHERE username IN ('acme-manager', 'globex-manager'))");
        pg_exec(&w->pg, "UPDATE rbac.organization SET name = reverse(name) WHERE parent_id IS NULL");
        pg_exec(&w->pg, "UPDATE rbac.role SET name = reverse(name) WHERE name IN ('viewer', 'reweiv')");
        nanosleep(&(struct timespec){0, 5000000}, NULL);
    }
    return NULL;
}

static void test_no_answer_is_crossed(void **state) {
    struct world *w = *state;
    struct work works[THREADS] = {{0}};
    const char *rows[2];
    pthread_t changer;
    for (size_t side = 0; side < 2; side++) { /* in an organization below which nothing is: inherit changes nothing */
        const struct resource *product = catalogue_resource(w->catalogue, "product.product");
        rows[side] = world_any_row(w, product, sides[side].organization);
    }
    pg_exec(&w->pg, "DELETE FROM rbac.membership m USING rbac.organization o WHERE o.id = m.organization_id "
                    "AND o.name = 'Acme Berlin'");
    pg_exec(&w->pg, "UPDATE rbac.organization SET is_active = false WHERE name = 'Acme Berlin'");
    assert_int_equal(pthread_create(&changer, NULL, change, w), 0);
    for (uint32_t i = 0; i < THREADS; i++) {
        works[i] = (struct work){.world = w, .rows = {rows[0], rows[1]}, .number = i};
        assert_int_equal(pthread_create(&works[i].thread, NULL, run, &works[i]), 0);
    }
    for (uint32_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(works[i].thread, NULL), 0);
    }
    atomic_store(&is_over, true);
    assert_int_equal(pthread_join(changer, NULL), 0);
    for (uint32_t i = 0; i < THREADS; i++) {
        assert_string_equal(works[i].fault, "");
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_no_answer_is_crossed)};
    return cmocka_run_group_tests_name("threads", tests, world_setup, world_teardown);
}
