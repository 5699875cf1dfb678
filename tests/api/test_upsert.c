/* SPDX-License-Identifier: MIT
 * test_upsert.c - POST with on_conflict: rows that are there are merged or left alone, others are created; what is not seen
 * stays unseen; races end in one row. */
#include "test.h"

#include <pthread.h>
#include <stdio.h>

#include "pipeline.h"
#include "world.h"

enum { ACME_MANAGER = 1, ACME_VIEWER = 2, GLOBEX_MANAGER = 3, BOTH = 4, THREADS = 8 };

static const struct answer *upsert(struct world *w, size_t user, const char *body, const char *prefer) {
    struct loopback_request request = {
        .method = "POST", .path = "/api/v1/products?on_conflict=sku", .token = w->tokens[user], .body = body};
    if (prefer) {
        request.headers[0][0] = "Prefer";
        request.headers[0][1] = prefer;
    }
    return loopback_send(w->loopback, &request);
}

static const char *unit(struct world *w) {
    return pg_value(&w->pg, w->arena, "SELECT id FROM product.unit_of_measure WHERE code = 'EA'").ptr;
}

static const char *product(struct world *w, const char *sku, const char *name) {
    return world_text(w, "{\"name\":\"%s\",\"sku\":\"%s\",\"base_uom\":\"%s\"}", name, sku, unit(w));
}

static int64_t count_of(struct world *w, const char *sku, const char *name) {
    return pg_count(&w->pg,
                    world_text(w, "SELECT count(*) FROM product.product WHERE sku = '%s' AND name = '%s'", sku, name));
}

static void test_one(void **state) {
    struct world *w = *state;
    const struct answer *a = upsert(w, GLOBEX_MANAGER, product(w, "UPS-1", "first"), NULL);
    assert_status(a, 201);
    assert_non_null(answer_header(a, "Location").ptr);
    const char *id = answer_text(a, "/id").ptr;
    a = upsert(w, GLOBEX_MANAGER, "{\"sku\":\"UPS-1\",\"name\":\"second\"}",
               NULL); /* as a patch: nothing is required */
    assert_status(a, 200);
    assert_text(answer_text(a, "/id"), id);
    assert_text(answer_text(a, "/name"), "second");
    a = upsert(w, GLOBEX_MANAGER, "{\"sku\":\"UPS-1\",\"name\":\"third\"}", "resolution=ignore-duplicates");
    assert_status(a, 200);
    assert_text(answer_text(a, "/name"), "second");
    assert_problem(upsert(w, GLOBEX_MANAGER, "{\"sku\":\"UPS-2\",\"name\":\"x\"}", NULL), 422, "invalid");
    assert_problem(upsert(w, GLOBEX_MANAGER, "{\"name\":\"x\"}", NULL), 422, "invalid");
    assert_problem(world_ask(w, GLOBEX_MANAGER, "POST", "/api/v1/products?on_conflict=name", "{}"), 400,
                   "bad_parameter");
    assert_int_equal(count_of(w, "UPS-1", "second"), 1);
}

static void test_many(void **state) {
    struct world *w = *state;
    assert_status(upsert(w, GLOBEX_MANAGER, product(w, "MAN-1", "old"), NULL), 201);
    const struct answer *a =
        upsert(w, GLOBEX_MANAGER,
               world_text(w, "[%s,{\"sku\":\"MAN-1\",\"name\":\"new\"}]", product(w, "MAN-2", "new")), NULL);
    assert_status(a, 201);
    assert_text(answer_text(a, "/results/0/sku"), "MAN-2");
    assert_text(answer_text(a, "/results/1/sku"), "MAN-1");
    assert_text(answer_text(a, "/results/1/name"), "new");
    a = upsert(w, GLOBEX_MANAGER, world_text(w, "[%s,%s]", product(w, "MAN-3", "a"), product(w, "MAN-3", "b")), NULL);
    assert_problem(a, 422, "invalid");
    assert_text(answer_text(a, "/errors/0/pointer"), "/1/sku");
    assert_text(answer_text(a, "/errors/0/code"), "duplicate");
    a = upsert(w, GLOBEX_MANAGER, "[{\"sku\":\"MAN-1\",\"name\":\"x\"},{\"sku\":\"MAN-2\",\"name\":\"\"}]", NULL);
    assert_problem(a, 422, "invalid");
    assert_int_equal(count_of(w, "MAN-1", "new"), 1);
}

/* The same key in another organization is another row; where one may only look, 403. */
static void test_organizations(void **state) {
    struct world *w = *state;
    assert_status(upsert(w, ACME_MANAGER, product(w, "ORG-1", "acme"), NULL), 201);
    assert_status(upsert(w, GLOBEX_MANAGER, product(w, "ORG-1", "globex"), NULL), 201);
    assert_int_equal(count_of(w, "ORG-1", "acme"), 1);
    assert_int_equal(count_of(w, "ORG-1", "globex"), 1);
    const char *body = world_text(w, "{\"sku\":\"ORG-1\",\"name\":\"taken\",\"organization\":\"%s\"}",
                                  world_organizations[WORLD_ACME].id);
    assert_problem(upsert(w, BOTH, body, NULL), 403, "permission_denied");
    assert_problem(upsert(w, ACME_VIEWER, product(w, "ORG-1", "taken"), NULL), 403, "permission_denied");
    assert_problem(upsert(w, GLOBEX_MANAGER, body, NULL), 403, "organization_not_permitted");
    assert_int_equal(count_of(w, "ORG-1", "acme"), 1);
}

/* ---- races ---- */

struct racer {
    struct world *w;
    pthread_barrier_t *start;
    const char *body;
    uint32_t status;
};

static uint32_t send_alone(struct world *w, const char *body) {
    struct arena *arena = arena_new((size_t)16 * 1024 * 1024);
    alees_ctx *ctx = arena ? ctx_new(loopback_app(w->loopback), arena) : NULL;
    char token[256];
    uint32_t status = 0;
    int length = snprintf(token, sizeof token, "Bearer %s", w->tokens[GLOBEX_MANAGER]);
    const struct ctx_header headers[] = {{STR_LIT("Authorization"), {token, (size_t)length}},
                                         {STR_LIT("Content-Type"), STR_LIT("application/json")}};
    if (ctx) {
        ctx->request = (struct ctx_request){.method = ALEES_POST,
                                            .method_text = STR_LIT("POST"),
                                            .uri = STR_LIT("/api/v1/products?on_conflict=sku"),
                                            .path = STR_LIT("/api/v1/products"),
                                            .query = STR_LIT("on_conflict=sku"),
                                            .headers = headers,
                                            .header_count = 2,
                                            .body = test_view(body),
                                            .peer = STR_LIT("192.0.2.1")};
        pipeline_run(ctx);
        status = ctx->response.status;
        ctx_end(ctx);
    }
    arena_free(arena);
    return status;
}

static void *race(void *data) {
    struct racer *r = data;
    pthread_barrier_wait(r->start);
    r->status = send_alone(r->w, r->body);
    return NULL;
}

static void test_races(void **state) {
    struct world *w = *state;
    for (int round = 0; round < 5; round++) {
        struct racer racers[THREADS];
        pthread_t threads[THREADS];
        pthread_barrier_t start;
        uint32_t created = 0;
        assert_int_equal(pthread_barrier_init(&start, NULL, THREADS), 0);
        for (int i = 0; i < THREADS; i++) {
            const char *sku = world_text(w, "RACE-%d", round);
            racers[i] = (struct racer){w, &start, product(w, sku, world_text(w, "racer %d", i)), 0};
        }
        for (int i = 0; i < THREADS; i++) {
            assert_int_equal(pthread_create(&threads[i], NULL, race, &racers[i]), 0);
        }
        for (int i = 0; i < THREADS; i++) {
            assert_int_equal(pthread_join(threads[i], NULL), 0);
            assert_true(racers[i].status == 200 || racers[i].status == 201);
            created += racers[i].status == 201;
        }
        (void)pthread_barrier_destroy(&start);
        assert_int_equal(created, 1);
        assert_int_equal(
            pg_count(&w->pg, world_text(w, "SELECT count(*) FROM product.product WHERE sku = 'RACE-%d'", round)), 1);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one),
        cmocka_unit_test(test_many),
        cmocka_unit_test(test_organizations),
        cmocka_unit_test(test_races),
    };
    return cmocka_run_group_tests_name("upsert", tests, world_setup, world_teardown);
}
