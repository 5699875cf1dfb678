/* SPDX-License-Identifier: MIT
 * test_business.c - the rules of organization, product and contact that their fields alone do not say. */
#include "test.h"

#include <pthread.h>
#include <time.h>

#include "world.h"

enum { GLOBEX_MANAGER = 3 };

static const struct answer *send(struct world *w, const char *method, const char *path, const char *body) {
    return world_ask(w, GLOBEX_MANAGER, method, path, body);
}

static void refused(const struct answer *a, const char *pointer, const char *code) {
    assert_problem(a, 422, "invalid");
    assert_text(answer_text(a, "/errors/0/pointer"), pointer);
    assert_text(answer_text(a, "/errors/0/code"), code);
}

/* The path of a new category of Globex; more: further members. */
static const char *category(struct world *w, const char *more) {
    const char *body = world_text(w, "{\"name\":\"category %u\"%s}", ++w->serial, more);
    const struct answer *a = send(w, "POST", "/api/v1/categories", body);
    assert_status(a, 201);
    return world_text(w, "/api/v1/categories/%s", answer_text(a, "/id").ptr);
}

static const char *id_in(const char *path) {
    return strrchr(path, '/') + 1;
}

static const struct answer *move(struct world *w, const char *path, const char *parent) {
    return send(w, "PATCH", path, world_text(w, "{\"parent\":\"%s\"}", id_in(parent)));
}

static void test_categories(void **state) {
    struct world *w = *state;
    const struct answer *a = send(w, "POST", "/api/v1/categories", "{\"name\":\"--Öl & Fett, 5 l--\"}");
    assert_status(a, 201);
    assert_text(answer_text(a, "/slug"), "l-fett-5-l");
    assert_text(answer_text(a, "/category_type"), "PRODUCT");
    a = send(w, "POST", "/api/v1/categories", "{\"name\":\"Own slug\",\"slug\":\"mine\"}");
    assert_text(answer_text(a, "/slug"), "mine");
    a = send(w, "POST", "/api/v1/categories",
             "{\"name\":\"Own slug\"}"); /* a key of several fields: the last is named */
    assert_problem(a, 409, "not_unique");
    assert_text(answer_text(a, "/errors/0/pointer"), "/name");
    assert_text(answer_text(a, "/errors/0/detail"),
                "is taken by another category of the organization with the same category_type and parent");
    assert_status(send(w, "POST", "/api/v1/categories", "{\"name\":\"Own slug\",\"category_type\":\"ASSET\"}"), 201);

    const char *top = category(w, ""), *asset = category(w, ",\"category_type\":\"ASSET\"");
    const char *below = category(w, world_text(w, ",\"parent\":\"%s\"", id_in(top)));
    refused(move(w, below, asset), "/parent", "wrong_category_type");
    refused(move(w, asset, top), "/parent", "wrong_category_type");
    assert_problem(move(w, top, below), 409, "cycle");
    assert_problem(move(w, top, top), 409, "cycle");
    assert_problem(send(w, "DELETE", top, NULL), 409, "protected");
    assert_status(send(w, "PATCH", below, "{\"parent\":null}"), 200);
    assert_status(move(w, top, below), 200);
}

static void test_products(void **state) {
    struct world *w = *state;
    const struct resource *r = catalogue_resource(w->catalogue, "product.product");
    const char *path = world_row_path(w, r, world_make_row(w, r, WORLD_GLOBEX));
    const char *asset = category(w, ",\"category_type\":\"ASSET\""), *fitting = category(w, "");
    const char *body = world_text(w, "{\"category\":\"%s\"}", id_in(asset));
    refused(send(w, "PATCH", path, body), "/category", "wrong_category_type");
    body = world_text(w, "{\"category\":\"%s\"}", id_in(fitting));
    assert_status(send(w, "PATCH", path, body), 200);
    assert_problem(send(w, "DELETE", fitting, NULL), 409, "protected");
    assert_status(send(w, "PATCH", path, "{\"category\":null}"), 200);
    assert_status(send(w, "DELETE", fitting, NULL), 204);

    const char *unit = "{\"code\":\"OLD\",\"name\":\"Old unit\",\"uom_type\":\"OTHER\",\"is_active\":false}";
    const struct answer *a = world_ask(w, WORLD_ADMIN, "POST", "/api/v1/units-of-measure", unit);
    assert_status(a, 201);
    body = world_text(w, "{\"base_uom\":\"%s\"}", answer_text(a, "/id").ptr);
    refused(send(w, "PATCH", path, body), "/base_uom", "inactive_unit");
    const char *used = answer_text(send(w, "GET", path, NULL), "/base_uom").ptr;
    a = world_ask(w, WORLD_ADMIN, "DELETE", world_text(w, "/api/v1/units-of-measure/%s", used), NULL);
    assert_problem(a, 409, "protected");
}

static const struct answer *convert(struct world *w, const char *query) {
    return world_ask(w, 5, "GET", world_text(w, "/api/v1/units-of-measure/convert?%s", query), NULL); /* nobody may */
}

static void test_convert(void **state) {
    struct world *w = *state;
    assert_text(answer_text(convert(w, "from=KG&to=LB&value=10"), "/result"), "22.046226218488");
    assert_text(answer_text(convert(w, "from=KM&to=MM&value=1000000000000"), "/result"), "1000000000000000000");
    assert_text(answer_text(convert(w, "from=IN&to=CM&value=-0.5"), "/result"), "-1.27");
    assert_problem(convert(w, "from=KG&to=M&value=1"), 422, "not_convertible");
    assert_problem(convert(w, "from=KG&to=NONE&value=1"), 422, "not_convertible");
    assert_problem(convert(w, "from=BOX&to=BOX&value=1"), 422, "not_convertible");
    assert_int_equal(convert(w, "from=KG&to=LB&value=ten")->status / 100, 4);
    assert_int_equal(convert(w, "from=KG&to=LB")->status / 100, 4);
}

static void test_organizations(void **state) {
    struct world *w = *state;
    const char *path = world_text(w, "/api/v1/organizations/%s", world_organizations[WORLD_GLOBEX].id);
    refused(send(w, "PATCH", path, "{\"timezone\":\"Mars/Olympus\"}"), "/timezone", "unknown_timezone");
    refused(send(w, "PATCH", path, "{\"language\":\"de_DE\"}"), "/language", "unknown_language");
    refused(send(w, "PATCH", path, "{\"language\":\"de-\"}"), "/language", "unknown_language");
    refused(send(w, "PATCH", path, "{\"currency\":\"XXX\"}"), "/currency", "not_a_choice");
    refused(send(w, "PATCH", path, "{\"effective_date\":\"2026-02-01\",\"end_date\":\"2026-01-31\"}"), "/end_date",
            "before_effective_date");
    assert_status(send(w, "PATCH", path, "{\"effective_date\":\"2026-02-01\",\"end_date\":null}"), 200);
    assert_problem(send(w, "PATCH", path, "{\"end_date\":\"2026-01-31\"}"), 422, "invalid");
    assert_problem(send(w, "PATCH", path, "{\"parent\":null}"), 400, "read_only_field");
    assert_problem(send(w, "PATCH", path, "{\"code\":\"ACME\"}"), 409, "not_unique");
    assert_status(send(w, "PATCH", path, "{\"timezone\":\"Asia/Tokyo\",\"language\":\"zh-Hant-TW\"}"), 200);
    assert_problem(world_ask(w, WORLD_ADMIN, "DELETE", path, NULL), 409, "protected"); /* it has products */

    const char *type = world_any_row(w, catalogue_resource(w->catalogue, "organization.organization_type"), WORLD_ACME);
    const char *root = world_text(w, "{\"name\":\"Root\",\"code\":\"ROOT\",\"organization_type\":\"%s\"}", type);
    assert_problem(send(w, "POST", "/api/v1/organizations", root), 403, "permission_denied");
    const struct answer *a = world_ask(w, WORLD_ADMIN, "POST", "/api/v1/organizations", root);
    assert_status(a, 201);
    const char *in_root =
        world_text(w, "{\"name\":\"Child\",\"code\":\"CHILD\",\"organization_type\":\"%s\",\"parent\":\"%s\"}", type,
                   answer_text(a, "/id").ptr);
    assert_problem(send(w, "POST", "/api/v1/organizations", in_root), 403, "organization_not_permitted");
    /* At once: the permission check of this process has heard of the new organization. */
    a = world_ask(w, WORLD_ADMIN, "POST", "/api/v1/organizations", in_root);
    assert_status(a, 201);
    path = world_text(w, "/api/v1/organizations/%s", answer_text(a, "/parent").ptr);
    assert_problem(world_ask(w, WORLD_ADMIN, "DELETE", path, NULL), 409, "protected"); /* it has a child */
    path = world_text(w, "/api/v1/organizations/%s", answer_text(a, "/id").ptr);
    assert_status(world_ask(w, WORLD_ADMIN, "DELETE", path, NULL), 204);
}

/* ---- two at once ---- */

enum { ROUNDS = 100 };

struct mover {
    struct world world; /* a loopback and an arena of its own */
    pthread_barrier_t *barrier;
    const char *const (*pairs)[2];
    size_t own; /* which of a pair it moves below the other */
    uint32_t moved;
};

static void *move_all(void *data) {
    struct mover *m = data;
    for (size_t i = 0; i < ROUNDS; i++) {
        (void)pthread_barrier_wait(m->barrier);
        const struct answer *a = move(&m->world, m->pairs[i][m->own], m->pairs[i][!m->own]);
        m->moved += a->status == 200;
    }
    return NULL;
}

/* Each of two categories is moved below the other at the same time: one of the moves wins, never both. */
static void test_crossing_moves(void **state) {
    struct world *w = *state;
    static const char *pairs[ROUNDS][2];
    struct mover movers[2] = {{.own = 0}, {.own = 1}};
    pthread_barrier_t barrier;
    pthread_t threads[2];
    for (size_t i = 0; i < ROUNDS; i++) {
        pairs[i][0] = category(w, "");
        pairs[i][1] = category(w, "");
    }
    assert_int_equal(pthread_barrier_init(&barrier, NULL, 2), 0);
    for (size_t i = 0; i < 2; i++) {
        movers[i].world = *w;
        movers[i].world.arena = test_arena();
        movers[i].world.loopback = loopback_on(loopback_app(w->loopback));
        movers[i].barrier = &barrier;
        movers[i].pairs = (const char *const(*)[2])pairs;
        assert_int_equal(pthread_create(&threads[i], NULL, move_all, &movers[i]), 0);
    }
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        loopback_close(movers[i].world.loopback);
        arena_free(movers[i].world.arena);
    }
    assert_int_equal(pthread_barrier_destroy(&barrier), 0);
    assert_int_equal(movers[0].moved + movers[1].moved, ROUNDS);
    assert_int_equal(pg_count(&w->pg, "SELECT count(*) FROM product.category a JOIN product.category b"
                                      " ON a.parent_id = b.id AND b.parent_id = a.id"),
                     0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_categories),    cmocka_unit_test(test_products),       cmocka_unit_test(test_convert),
        cmocka_unit_test(test_organizations), cmocka_unit_test(test_crossing_moves),
    };
    return cmocka_run_group_tests_name("business", tests, world_setup, world_teardown);
}
