/* SPDX-License-Identifier: MIT
 * test_idempotency.c - Idempotency-Key: the same request is carried out once, whoever sends it twice and whenever the
 * connection breaks; and its reply is for who may see it. */
#include "test.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "alees/util.h"
#include "cred.h"
#include "grant.h"
#include "sys.h"
#include "world.h"

enum { ADMIN, ACME_MANAGER, ACME_VIEWER, GLOBEX_MANAGER, BOTH, NOBODY };

#define PRODUCTS "/api/v1/products"

static const struct answer *post_on(struct loopback *l, const char *token, const char *path, const char *body,
                                    const char *key) {
    const struct loopback_request request = {
        .method = "POST", .path = path, .token = token, .body = body, .headers = {{"Idempotency-Key", key}}};
    return loopback_send(l, &request);
}

static const struct answer *post(struct world *w, size_t user, const char *path, const char *body, const char *key) {
    return post_on(w->loopback, w->tokens[user], path, body, key);
}

static const char *product(struct world *w, const char *sku) {
    const struct answer *a = world_ask(w, ADMIN, "GET", "/api/v1/units-of-measure?page_size=1", NULL);
    return world_text(w, "{\"sku\":\"%s\",\"name\":\"Bolt\",\"base_uom\":\"%.*s\"}", sku,
                      STR_FMT(answer_text(a, "/results/0/id")));
}

static int64_t rows_of(struct world *w, const char *sku) {
    return pg_count(&w->pg, world_text(w, "SELECT count(*) FROM product.product WHERE sku = '%s'", sku));
}

static int64_t kept(struct world *w) {
    return pg_count(&w->pg, "SELECT count(*) FROM alees.idempotency");
}

static bool is_replayed(const struct answer *a) {
    return str_equal(answer_header(a, "Idempotency-Replayed"), "true");
}

static void test_the_same_reply(void **state) {
    struct world *w = *state;
    const char *body = product(w, "IDEM-1");
    const struct answer *first = post(w, GLOBEX_MANAGER, PRODUCTS, body, "k-1");
    assert_status(first, 201);
    assert_false(is_replayed(first));
    for (int i = 0; i < 3; i++) {
        const struct answer *again = post(w, GLOBEX_MANAGER, PRODUCTS, body, "k-1");
        assert_status(again, 201);
        assert_true(is_replayed(again));
        assert_true(alees_equal(again->body, first->body));
        assert_true(alees_equal(answer_header(again, "Location"), answer_header(first, "Location")));
        assert_true(alees_equal(answer_header(again, "ETag"), answer_header(first, "ETag")));
        assert_true(alees_equal(answer_header(again, "Content-Type"), answer_header(first, "Content-Type")));
    }
    assert_int_equal(rows_of(w, "IDEM-1"), 1);
    assert_problem(post(w, GLOBEX_MANAGER, PRODUCTS, product(w, "IDEM-2"), "k-1"), 422, "idempotency_mismatch");
    assert_problem(post(w, GLOBEX_MANAGER, PRODUCTS "?fields=id", body, "k-1"), 422, "idempotency_mismatch");
    assert_int_equal(rows_of(w, "IDEM-2"), 0);
    /* In the database there is neither the key nor anything that it could be guessed by. */
    assert_int_equal(pg_count(&w->pg, "SELECT count(*) FROM alees.idempotency i WHERE i::text LIKE '%k-1%'"), 0);
}

static void test_keys_are_of_user_and_route(void **state) {
    struct world *w = *state;
    assert_status(post(w, GLOBEX_MANAGER, PRODUCTS, product(w, "SCOPE-1"), "k-2"), 201);
    const struct answer *other = post(w, ACME_MANAGER, PRODUCTS, product(w, "SCOPE-2"), "k-2");
    assert_status(other, 201);
    assert_false(is_replayed(other));
    other = post(w, GLOBEX_MANAGER, "/api/v1/categories", "{\"name\":\"Scope\"}", "k-2");
    world_must(other, 201, GLOBEX_MANAGER, "category");
    assert_false(is_replayed(other));
    other = post(w, GLOBEX_MANAGER, PRODUCTS, product(w, "SCOPE-1"), "k-2");
    assert_true(is_replayed(other));
}

static void test_keys_that_are_none(void **state) {
    struct world *w = *state;
    static char longest[257];
    memset(longest, 'k', 256);
    const char *const bad[] = {"", "two words", "k\x7f", "\xc3\xa4", longest};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        assert_problem(post(w, GLOBEX_MANAGER, PRODUCTS, product(w, "BAD-1"), bad[i]), 400, "bad_request");
    }
    const struct loopback_request twice = {.method = "POST",
                                           .path = PRODUCTS,
                                           .token = w->tokens[GLOBEX_MANAGER],
                                           .body = product(w, "BAD-1"),
                                           .headers = {{"Idempotency-Key", "a"}, {"Idempotency-Key", "a"}}};
    assert_problem(loopback_send(w->loopback, &twice), 400, "bad_request");
    assert_int_equal(rows_of(w, "BAD-1"), 0);
    assert_status(post(w, GLOBEX_MANAGER, PRODUCTS, product(w, "BAD-1"), longest + 1), 201);
}

static void test_only_success_is_kept(void **state) {
    struct world *w = *state;
    int64_t before = kept(w);
    assert_problem(post(w, GLOBEX_MANAGER, PRODUCTS, "{\"sku\":1}", "k-3"), 422, "invalid");
    assert_problem(post(w, ACME_VIEWER, PRODUCTS, product(w, "FAIL-1"), "k-3"), 403, "permission_denied");
    const struct loopback_request rehearsal = {.method = "POST",
                                               .path = PRODUCTS,
                                               .token = w->tokens[GLOBEX_MANAGER],
                                               .body = product(w, "FAIL-1"),
                                               .headers = {{"Idempotency-Key", "k-3"}, {"Prefer", "tx=rollback"}}};
    assert_status(loopback_send(w->loopback, &rehearsal), 201);
    assert_int_equal(kept(w), before);
    const struct answer *a = post(w, GLOBEX_MANAGER, PRODUCTS, product(w, "FAIL-1"), "k-3");
    assert_status(a, 201);
    assert_false(is_replayed(a));
}

/* The lock that the request holds while it runs. */
static const char *lock_of(struct world *w, size_t user, const char *route, const char *key) {
    uint8_t hash[CRED_HASH];
    const struct answer *me = world_ask(w, user, "GET", "/api/v1/auth/me", NULL);
    alees_str id = answer_text(me, "/user/id");
    id = id.ptr != NULL ? id : answer_text(me, "/id");
    assert_non_null(id.ptr);
    cred_hash(alees_text(key), hash);
    alees_str text = cred_base64(w->arena, hash, sizeof hash);
    return world_text(w, "hashtextextended('%.*s 00000000-0000-0000-0000-000000000000 %.*s %s', 0)", STR_FMT(id),
                      STR_FMT(text), route);
}

static void test_still_running(void **state) {
    struct world *w = *state;
    const char *lock = lock_of(w, GLOBEX_MANAGER, PRODUCTS, "k-4"), *body = product(w, "RUN-1");
    pg_exec(&w->pg, world_text(w, "SELECT pg_advisory_lock(%s)", lock));
    const struct answer *a = post(w, GLOBEX_MANAGER, PRODUCTS, body, "k-4");
    pg_exec(&w->pg, world_text(w, "SELECT pg_advisory_unlock(%s)", lock));
    assert_problem(a, 409, "idempotency_running");
    assert_text(answer_header(a, "Retry-After"), "1");
    assert_int_equal(rows_of(w, "RUN-1"), 0);
    assert_status(post(w, GLOBEX_MANAGER, PRODUCTS, body, "k-4"), 201);
}

/* ---- at once ---- */

enum { CLIENTS = 2, ROUNDS = 60 };

struct racer {
    struct world *w;
    struct loopback *loopback;
    pthread_barrier_t *start;
    const char *(*bodies)[2]; /* of each round: body, key */
    uint32_t made, replayed, running;
};

static void *race(void *data) {
    struct racer *r = data;
    for (uint32_t i = 0; i < ROUNDS; i++) {
        bool is_done = false;
        (void)pthread_barrier_wait(r->start);
        while (!is_done) {
            const struct answer *a =
                post_on(r->loopback, r->w->tokens[GLOBEX_MANAGER], PRODUCTS, r->bodies[i][0], r->bodies[i][1]);
            assert_true(a->status == 201 || a->status == 409);
            is_done = a->status == 201;
            r->made += is_done && !is_replayed(a);
            r->replayed += is_done && is_replayed(a);
            r->running += !is_done;
            loopback_forget(r->loopback);
        }
    }
    return NULL;
}

static void test_two_clients_at_once(void **state) {
    struct world *w = *state;
    static const char *bodies[ROUNDS][2];
    struct racer racers[CLIENTS];
    pthread_t threads[CLIENTS];
    pthread_barrier_t start;
    uint32_t made = 0, replayed = 0, running = 0;
    assert_int_equal(pthread_barrier_init(&start, NULL, CLIENTS), 0);
    for (uint32_t i = 0; i < ROUNDS; i++) {
        bodies[i][0] = product(w, world_text(w, "RACE-%u", i));
        bodies[i][1] = world_text(w, "race-%u", i);
    }
    for (size_t i = 0; i < CLIENTS; i++) {
        racers[i] = (struct racer){
            .w = w, .loopback = loopback_on(loopback_app(w->loopback)), .start = &start, .bodies = bodies};
        assert_int_equal(pthread_create(&threads[i], NULL, race, &racers[i]), 0);
    }
    for (size_t i = 0; i < CLIENTS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        made += racers[i].made;
        replayed += racers[i].replayed;
        running += racers[i].running;
        loopback_close(racers[i].loopback);
    }
    (void)pthread_barrier_destroy(&start);
    print_message("%u made, %u replayed, %u told to come back\n", made, replayed, running);
    assert_int_equal(made, ROUNDS);
    assert_int_equal(replayed, (CLIENTS - 1) * ROUNDS);
    assert_int_equal(pg_count(&w->pg, "SELECT count(*) FROM product.product WHERE sku LIKE 'RACE-%'"), ROUNDS);
}

/* ---- the connection breaks between the claim and the commit ---- */

struct broken {
    struct world *w;
    struct loopback *loopback;
    const char *body;
    uint32_t status;
};

static void *post_broken(void *data) {
    struct broken *b = data;
    b->status = post_on(b->loopback, b->w->tokens[GLOBEX_MANAGER], PRODUCTS, b->body, "k-5")->status;
    return NULL;
}

static void test_a_crash_leaves_nothing(void **state) {
    struct world *w = *state;
    struct broken b = {.w = w, .loopback = loopback_on(loopback_app(w->loopback)), .body = product(w, "CRASH-1")};
    int64_t before = kept(w), killed = 0;
    pthread_t thread;
    pg_exec(&w->pg, "BEGIN; LOCK TABLE product.product IN SHARE MODE");
    assert_int_equal(pthread_create(&thread, NULL, post_broken, &b), 0);
    for (int i = 0; i < 500 && killed == 0; i++) { /* until the insert waits */
        pg_exec(&w->pg, "SELECT pg_sleep(0.01)");
        killed = pg_count(&w->pg, "SELECT count(pg_terminate_backend(pid)) FROM pg_locks WHERE NOT granted AND "
                                  "relation = 'product.product'::regclass");
    }
    assert_int_equal(killed, 1);
    assert_int_equal(pthread_join(thread, NULL), 0);
    pg_exec(&w->pg, "COMMIT");
    loopback_close(b.loopback);
    assert_int_equal(b.status, 503);
    assert_int_equal(kept(w), before);
    assert_int_equal(rows_of(w, "CRASH-1"), 0);
    const struct answer *a = post(w, GLOBEX_MANAGER, PRODUCTS, b.body, "k-5");
    world_must(a, 201, GLOBEX_MANAGER, "again");
    assert_false(is_replayed(a));
    assert_true(is_replayed(post(w, GLOBEX_MANAGER, PRODUCTS, b.body, "k-5")));
    assert_int_equal(rows_of(w, "CRASH-1"), 1);
}

/* ---- who may see it again ---- */

static void test_a_permission_that_is_gone(void **state) {
    struct world *w = *state;
    const char *body = product(w, "GONE-1");
    assert_status(post(w, BOTH, PRODUCTS, body, "k-6"), 201); /* in Globex; in Acme they only view */
    const char *globex = world_organizations[WORLD_GLOBEX].id;
    alees_str id = pg_value(&w->pg, w->arena,
                            world_text(w,
                                       "SELECT m.id FROM rbac.membership m JOIN rbac.app_user u ON u.id = m.user_id "
                                       "WHERE u.username = 'both' AND m.organization_id = '%s'",
                                       globex));
    const char *path = world_text(w, "/api/v1/organization-memberships/%.*s", STR_FMT(id));
    world_must(world_ask(w, ADMIN, "PATCH", path, "{\"is_active\":false}"), 200, ADMIN, path);
    const struct answer *a = post(w, BOTH, PRODUCTS, body, "k-6");
    assert_problem(a, 403, "permission_denied");
    assert_null(strstr(a->body.ptr, "GONE-1"));
    world_must(world_ask(w, ADMIN, "PATCH", path, "{\"is_active\":true}"), 200, ADMIN, path);
    assert_true(is_replayed(post(w, BOTH, PRODUCTS, body, "k-6")));
}

/* Rows of many at once are shown again to who may still view them; and that they are in one organization is nothing to
 * another, in which the caller could have created them, too. */
static void test_rows_that_are_hidden_since(void **state) {
    struct world *w = *state;
    const char *acme = world_organizations[WORLD_ACME].id, *globex = world_organizations[WORLD_GLOBEX].id;
    static const char *const all =
        "product.view_product,product.add_product,product.change_product,product.view_unit_of_measure";
    const char *role = grant_role(&w->pg, w->arena, acme, all), *other = grant_role(&w->pg, w->arena, globex, all);
    grant_member(&w->pg, "nobody", acme, role, false);
    grant_member(&w->pg, "nobody", globex, other, false);
    for (int i = 0; i < 500 && world_ask(w, NOBODY, "GET", PRODUCTS, NULL)->status != 200; i++) {
        nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL); /* a cache hears of a change by SQL within a moment */
    }
    const char *path = world_text(w, "/api/v1/roles/%s", role), *second = world_text(w, "/api/v1/roles/%s", other);
    const char *one = world_text(w, "%.*s,\"organization\":\"%s\"}", (int)strlen(product(w, "HIDE-1")) - 1,
                                 product(w, "HIDE-1"), acme);
    const char *bodies[] = {world_text(w, "[%s]", one), one};
    for (size_t i = 0; i < ARRAY_LEN(bodies); i++) {
        const char *route = PRODUCTS "?on_conflict=sku", *key = world_text(w, "hide-%zu", i);
        world_must(post(w, NOBODY, route, bodies[i], key), i == 0 ? 201 : 200, NOBODY, route);
        world_must(world_ask(w, ADMIN, "PATCH", second, "{\"permissions\":[]}"), 200, ADMIN, second);
        assert_true(is_replayed(post(w, NOBODY, route, bodies[i], key)));
        world_must(world_ask(w, ADMIN, "PATCH", path, "{\"permissions\":[\"product.add_product\"]}"), 200, ADMIN, path);
        const struct answer *a = post(w, NOBODY, route, bodies[i], key);
        assert_problem(a, 403, "permission_denied");
        assert_null(strstr(a->body.ptr, "HIDE-1"));
        const char *back =
            "{\"permissions\":[\"product.view_product\",\"product.add_product\",\"product.change_product\"]}";
        world_must(world_ask(w, ADMIN, "PATCH", path, back), 200, ADMIN, path);
        world_must(world_ask(w, ADMIN, "PATCH", second, back), 200, ADMIN, second);
    }
    grant_nothing(&w->pg, "nobody");
}

/* ---- the plugins' own routes ---- */

static void test_routes_of_plugins(void **state) {
    struct world *w = *state;
    const char *move = world_text(w, "/api/v1/organizations/%s/move", world_organizations[WORLD_ACME_BERLIN].id);
    const char *body = world_text(w, "{\"parent\":\"%s\"}", world_organizations[WORLD_GLOBEX].id);
    const char *back = world_text(w, "{\"parent\":\"%s\"}", world_organizations[WORLD_ACME].id);
    const struct answer *first = post(w, ADMIN, move, body, "k-7");
    world_must(first, 200, ADMIN, move);
    world_must(world_ask(w, ADMIN, "POST", move, back), 200, ADMIN, move);
    const struct answer *again = post(w, ADMIN, move, body, "k-7");
    assert_status(again, 200);
    assert_true(is_replayed(again)); /* it is not moved a second time */
    assert_true(alees_equal(again->body, first->body));
    again = world_ask(w, ADMIN, "GET",
                      world_text(w, "/api/v1/organizations/%s", world_organizations[WORLD_ACME_BERLIN].id), NULL);
    assert_text(answer_text(again, "/parent"), world_organizations[WORLD_ACME].id);
    move = world_text(w, "/api/v1/organizations/%s/move", world_organizations[WORLD_ACME].id);
    assert_problem(post(w, ADMIN, move, body, "k-7"), 422, "idempotency_mismatch"); /* the same route, another row */
}

static void test_credentials_are_not_kept(void **state) {
    struct world *w = *state;
    int64_t before = kept(w);
    static const char login[] = "{\"username\":\"globex-manager\",\"password\":\"demo-password\"}";
    for (int i = 0; i < 2; i++) {
        const struct answer *a = post_on(w->loopback, NULL, "/api/v1/auth/login", login, "k-8");
        assert_status(a, 200);
        assert_false(is_replayed(a));
    }
    assert_int_equal(kept(w), before);
    static const char key[] = "{\"name\":\"once\",\"permissions\":[\"product.view_product\"]}";
    assert_status(post(w, GLOBEX_MANAGER, "/api/v1/api-keys", key, "k-8"), 201);
    const struct answer *again = post(w, GLOBEX_MANAGER, "/api/v1/api-keys", key, "k-8");
    assert_problem(again, 409, "reply_not_kept");
    assert_int_equal(pg_count(&w->pg, "SELECT count(*) FROM rbac.api_key WHERE name = 'once'"), 1);
    assert_int_equal(pg_count(&w->pg, "SELECT count(*) FROM alees.idempotency i WHERE i::text LIKE '%alees_key_%'"), 0);
}

/* A program's keys are not those of its user. */
static void test_api_keys(void **state) {
    struct world *w = *state;
    const char *body = product(w, "APIKEY-1");
    const struct answer *a = world_ask(w, GLOBEX_MANAGER, "POST", "/api/v1/api-keys",
                                       "{\"name\":\"maker\",\"permissions\":[\"product.view_product\","
                                       "\"product.add_product\",\"product.view_unit_of_measure\"]}");
    world_must(a, 201, GLOBEX_MANAGER, "api key");
    const char *token = world_text(w, "%.*s", STR_FMT(answer_text(a, "/secret")));
    assert_status(post_on(w->loopback, token, PRODUCTS, body, "k-11"), 201);
    a = post_on(w->loopback, token, PRODUCTS, body, "k-11");
    assert_status(a, 201);
    assert_true(is_replayed(a));
    a = post(w, GLOBEX_MANAGER, PRODUCTS, product(w, "APIKEY-2"), "k-11"); /* in person it is another key */
    assert_status(a, 201);
    assert_false(is_replayed(a));
}

static void test_arrays_and_organizations(void **state) {
    struct world *w = *state;
    const char *body = world_text(w, "[%s,%s]", product(w, "ARRAY-1"), product(w, "ARRAY-2"));
    const struct answer *first = post(w, GLOBEX_MANAGER, PRODUCTS, body, "k-12");
    world_must(first, 201, GLOBEX_MANAGER, body);
    const struct answer *again = post(w, GLOBEX_MANAGER, PRODUCTS, body, "k-12");
    assert_true(is_replayed(again));
    assert_true(alees_equal(again->body, first->body));
    assert_int_equal(rows_of(w, "ARRAY-2"), 1);

    const struct resource *type = catalogue_resource(w->catalogue, "organization.organization_type");
    body = world_text(w, "{\"name\":\"Twice\",\"code\":\"TWICE\",\"organization_type\":\"%s\",\"parent\":\"%s\"}",
                      world_any_row(w, type, WORLD_ACME), world_organizations[WORLD_ACME].id);
    first = post(w, ADMIN, "/api/v1/organizations", body, "k-12");
    world_must(first, 201, ADMIN, body);
    assert_true(is_replayed(post(w, ADMIN, "/api/v1/organizations", body, "k-12")));
    assert_int_equal(pg_count(&w->pg, "SELECT count(*) FROM organization.organization WHERE code = 'TWICE'"), 1);
}

/* ---- time ---- */

static void test_they_expire(void **state) {
    struct world *w = *state;
    const char *body = product(w, "OLD-1");
    assert_status(post(w, GLOBEX_MANAGER, PRODUCTS, body, "k-9"), 201);
    pg_exec(&w->pg, "UPDATE alees.idempotency SET created_at = now() - interval '25 hours'");
    pg_exec(&w->pg,
            "INSERT INTO alees.idempotency SELECT user_id, api_key, route, 'old ' || n, fingerprint, created_at, "
            "status, content_type, headers, body, organizations, is_everywhere, is_viewed FROM "
            "(SELECT * FROM alees.idempotency LIMIT 1) i, generate_series(1, 12) n");
    int64_t old = kept(w);
    assert_problem(post(w, GLOBEX_MANAGER, PRODUCTS, body, "k-9"), 409, "not_unique"); /* it is tried again */
    pg_exec(&w->pg, "DELETE FROM product.product WHERE sku = 'OLD-1'");
    const struct answer *a = post(w, GLOBEX_MANAGER, PRODUCTS, body, "k-9");
    assert_status(a, 201);
    assert_false(is_replayed(a));
    assert_int_equal(kept(w), old - 10);
    assert_true(is_replayed(post(w, GLOBEX_MANAGER, PRODUCTS, body, "k-9")));
}

static void test_rows_of_no_organization(void **state) {
    struct world *w = *state;
    const struct resource *r = catalogue_resource(w->catalogue, "product.unit_of_measure");
    const char *unit = world_row_body(w, r, WORLD_ACME, false);
    const struct answer *a = post(w, ADMIN, "/api/v1/units-of-measure", unit, "k-10");
    world_must(a, 201, ADMIN, unit);
    assert_true(is_replayed(post(w, ADMIN, "/api/v1/units-of-measure", unit, "k-10")));
    static const char user[] =
        "{\"username\":\"idem\",\"email\":\"idem@example.com\",\"password\":\"correct horse battery\"}";
    assert_status(post(w, ADMIN, "/api/v1/users", user, "k-10"), 201);
    a = post(w, ADMIN, "/api/v1/users", user, "k-10");
    assert_status(a, 201);
    assert_true(is_replayed(a));
    assert_problem(post(w, GLOBEX_MANAGER, "/api/v1/users", user, "k-10"), 403, "permission_denied");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_same_reply),
        cmocka_unit_test(test_keys_are_of_user_and_route),
        cmocka_unit_test(test_keys_that_are_none),
        cmocka_unit_test(test_only_success_is_kept),
        cmocka_unit_test(test_still_running),
        cmocka_unit_test(test_two_clients_at_once),
        cmocka_unit_test(test_a_crash_leaves_nothing),
        cmocka_unit_test(test_a_permission_that_is_gone),
        cmocka_unit_test(test_rows_that_are_hidden_since),
        cmocka_unit_test(test_routes_of_plugins),
        cmocka_unit_test(test_credentials_are_not_kept),
        cmocka_unit_test(test_rows_of_no_organization),
        cmocka_unit_test(test_api_keys),
        cmocka_unit_test(test_arrays_and_organizations),
        cmocka_unit_test(test_they_expire),
    };
    return cmocka_run_group_tests_name("idempotency", tests, world_setup, world_teardown);
}
