/* SPDX-License-Identifier: MIT
 * test_soft.c - rows that are marked when they are deleted: they are gone for everybody and everything, but for who may
 * delete them and asks; they come back, or go for good. It runs three times, with both locks and with each alone. */
#include "test.h"

#include <stdio.h>

#include "config.h"
#include "migrate.h"
#include "world.h"

enum { ADMIN, ACME_MANAGER, ACME_VIEWER, GLOBEX_MANAGER, BOTH, NOBODY };

static const struct answer *ask(struct world *w, size_t user, const char *method, const char *path, const char *body) {
    return world_ask(w, user, method, world_text(w, "/api/v1%s", path), body);
}

static const char *unit(struct world *w) {
    return pg_value(&w->pg, w->arena, "SELECT id FROM product.unit_of_measure WHERE code = 'KG'").ptr;
}

static const char *body_of(struct world *w, const char *sku, const char *more) {
    return world_text(w, "{\"name\":\"soft %s\",\"sku\":\"%s\",\"base_uom\":\"%s\"%s}", sku, sku, unit(w), more);
}

/* The path of a new product of Globex. */
static const char *make(struct world *w, const char *sku, const char *more) {
    const struct answer *a = ask(w, GLOBEX_MANAGER, "POST", "/products", body_of(w, sku, more));
    world_must(a, 201, GLOBEX_MANAGER, sku);
    return world_text(w, "/products/%s", answer_text(a, "/id").ptr);
}

static const char *deleted(struct world *w, const char *sku, const char *more) {
    const char *path = make(w, sku, more);
    assert_status(ask(w, GLOBEX_MANAGER, "DELETE", path, NULL), 204);
    return path;
}

static const char *id_in(const char *path) {
    return strrchr(path, '/') + 1;
}

static int64_t rows_of(const struct answer *a, const char *sku) {
    int64_t count = 0;
    assert_status(a, 200);
    for (const char *p = strstr(a->body.ptr, sku); p; p = strstr(p + 1, sku)) {
        count++;
    }
    return count;
}

static const struct answer *with(struct world *w, const char *method, const char *path, const char *name,
                                 const char *value) {
    const struct loopback_request request = {.method = method,
                                             .path = world_text(w, "/api/v1%s", path),
                                             .token = w->tokens[GLOBEX_MANAGER],
                                             .headers = {{name, value}}};
    return loopback_send(w->loopback, &request);
}

static const char *tag_of(struct world *w, const struct answer *a) {
    return world_text(w, "%.*s", STR_FMT(answer_header(a, "ETag")));
}

/* ---- life ---- */

static void test_life(void **state) {
    struct world *w = *state;
    const char *path = make(w, "life", ""), *restore = world_text(w, "%s/restore", path);
    const char *shown = world_text(w, "%s?deleted=true", path);
    const struct answer *a = ask(w, GLOBEX_MANAGER, "GET", path, NULL);
    assert_null(answer_text(a, "/deleted_at").ptr);
    assert_null(strstr(a->body.ptr, "deleted_"));
    const char *before = tag_of(w, a);
    assert_problem(ask(w, GLOBEX_MANAGER, "GET", shown, NULL), 404, "not_found");
    assert_problem(ask(w, GLOBEX_MANAGER, "POST", restore, NULL), 409, "conflict"); /* it is not deleted */
    assert_status(ask(w, GLOBEX_MANAGER, "DELETE", path, NULL), 204);
    assert_problem(ask(w, GLOBEX_MANAGER, "GET", path, NULL), 404, "not_found");
    assert_problem(ask(w, GLOBEX_MANAGER, "DELETE", path, NULL), 404, "not_found");
    a = ask(w, GLOBEX_MANAGER, "GET", shown, NULL);
    assert_status(a, 200);
    assert_non_null(answer_text(a, "/deleted_at").ptr);
    assert_text(answer_text(a, "/deleted_by"), answer_text(a, "/updated_by").ptr);
    const char *marked = tag_of(w, a);
    assert_string_not_equal(marked, before);
    a = with(w, "POST", restore, "If-Match", before);
    assert_problem(a, 412, "precondition_failed");
    a = with(w, "POST", restore, "If-Match", marked);
    assert_status(a, 200);
    assert_text(answer_text(a, "/sku"), "life");
    assert_null(strstr(a->body.ptr, "deleted_"));
    assert_string_not_equal(tag_of(w, a), marked);
    assert_status(ask(w, GLOBEX_MANAGER, "GET", path, NULL), 200);
    assert_problem(ask(w, GLOBEX_MANAGER, "GET", shown, NULL), 404, "not_found");
}

static void test_key_is_free(void **state) {
    struct world *w = *state;
    const char *path = deleted(w, "free", ""), *restore = world_text(w, "%s/restore", path);
    const char *other = make(w, "free", "");
    const struct answer *a = ask(w, GLOBEX_MANAGER, "POST", restore, NULL);
    assert_problem(a, 409, "not_unique");
    assert_text(answer_text(a, "/errors/0/pointer"), "/sku");
    assert_status(ask(w, GLOBEX_MANAGER, "DELETE", other, NULL), 204);
    assert_status(ask(w, GLOBEX_MANAGER, "POST", restore, NULL), 200);
    assert_problem(ask(w, GLOBEX_MANAGER, "POST", world_text(w, "%s/restore", other), NULL), 409, "not_unique");
}

static void test_for_good(void **state) {
    struct world *w = *state;
    const char *live = make(w, "good-1", ""), *gone = deleted(w, "good-2", "");
    assert_problem(ask(w, GLOBEX_MANAGER, "DELETE", world_text(w, "%s?permanent=yes", live), NULL), 400,
                   "bad_parameter");
    assert_problem(ask(w, GLOBEX_MANAGER, "DELETE", world_text(w, "%s?deleted=true", live), NULL), 400,
                   "unknown_parameter");
    assert_problem(ask(w, ACME_MANAGER, "DELETE", world_text(w, "%s?permanent=true", live), NULL), 404, "not_found");
    assert_problem(ask(w, ACME_MANAGER, "DELETE", world_text(w, "%s?permanent=true", gone), NULL), 404, "not_found");
    assert_status(ask(w, GLOBEX_MANAGER, "DELETE", world_text(w, "%s?permanent=true", live), NULL), 204);
    assert_status(ask(w, GLOBEX_MANAGER, "DELETE", world_text(w, "%s?permanent=true", gone), NULL), 204);
    assert_problem(ask(w, GLOBEX_MANAGER, "DELETE", world_text(w, "%s?permanent=true", gone), NULL), 404, "not_found");
    assert_int_equal(pg_count(&w->pg, "SELECT count(*) FROM product.product WHERE sku LIKE 'good-%'"), 0);
}

/* ---- every operation passes it over ---- */

static void test_every_operation(void **state) {
    struct world *w = *state;
    const char *path = deleted(w, "walked", ",\"tags\":[\"walked-tag\"]"), *other = make(w, "walker", "");
    const char *in = world_text(w, "organization=%s", world_organizations[WORLD_GLOBEX].id);
    static const char *const lists[] = {"",
                                        "sku=walked",
                                        "search=walked",
                                        "tags=walked-tag",
                                        "name__icontains=walked",
                                        "count=exact",
                                        "page=1",
                                        "ordering=-sku",
                                        "filter={\"sku\":\"walked\"}",
                                        "deleted=false"};
    for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
        const struct answer *a =
            ask(w, GLOBEX_MANAGER, "GET", world_text(w, "/products?%s&page_size=200&%s", lists[i], in), NULL);
        assert_int_equal(rows_of(a, "\"walked\""), 0);
        a = ask(w, ADMIN, "GET", world_text(w, "/products?%s&page_size=200&%s", lists[i], in), NULL);
        assert_int_equal(rows_of(a, "\"walked\""), 0);
        a = ask(w, BOTH, "GET", world_text(w, "/products?%s&page_size=200", lists[i]),
                NULL); /* several organizations */
        assert_int_equal(rows_of(a, "\"walked\""), 0);
    }
    const struct answer *a = ask(w, GLOBEX_MANAGER, "GET", "/products?sku=walked&count=exact", NULL);
    assert_int_equal(answer_integer(a, "/count"), 0);
    a = with(w, "GET", "/products?sku=walked", "Accept", "application/x-ndjson");
    assert_status(a, 200);
    assert_int_equal(a->body.len, 0);
    const struct {
        const char *method, *path, *body;
        uint32_t status;
    } writes[] = {
        {"PATCH", path, "{\"name\":\"x\"}", 404},
        {"PATCH", path, "{}", 404},
        {"PUT", path, body_of(w, "walked", ""), 404},
        {"DELETE", path, NULL, 404},
        {"GET", world_text(w, "%s?fields=id", path), NULL, 404},
        {"GET", world_text(w, "%s?expand=category", path), NULL, 404},
        {"PATCH", "/products?sku=walked", "{\"name\":\"x\"}", 200},
        {"DELETE", "/products?sku=walked", NULL, 200},
    };
    for (size_t i = 0; i < ARRAY_LEN(writes); i++) {
        a = ask(w, GLOBEX_MANAGER, writes[i].method, writes[i].path, writes[i].body);
        world_must(a, writes[i].status, GLOBEX_MANAGER, writes[i].path);
        if (writes[i].status == 200) {
            assert_int_equal(answer_integer(a, "/count"), 0);
        }
    }
    assert_text(pg_value(&w->pg, w->arena, "SELECT name FROM product.product WHERE sku = 'walked'"), "soft walked");
    a = ask(w, GLOBEX_MANAGER, "POST", "/products?on_conflict=sku", body_of(w, "walked", ""));
    world_must(a, 201, GLOBEX_MANAGER, "upsert"); /* a new one */
    assert_string_not_equal(answer_text(a, "/id").ptr, id_in(path));
    a = ask(w, GLOBEX_MANAGER, "POST", "/products?on_conflict=sku", body_of(w, "walked", ",\"description\":\"again\""));
    world_must(a, 200, GLOBEX_MANAGER, "upsert again");
    assert_int_equal(pg_count(&w->pg, "SELECT count(*) FROM product.product WHERE sku = 'walked'"), 2);
    assert_status(ask(w, GLOBEX_MANAGER, "GET", other, NULL), 200);
}

static void test_many(void **state) {
    struct world *w = *state;
    for (int i = 0; i < 4; i++) {
        make(w, world_text(w, "many-%d", i), "");
    }
    const struct answer *a = ask(w, GLOBEX_MANAGER, "DELETE", "/products?sku__in=many-0,many-1,many-2", NULL);
    assert_status(a, 200);
    assert_int_equal(answer_integer(a, "/count"), 3);
    assert_int_equal(pg_count(&w->pg, "SELECT count(*) FROM product.product WHERE sku LIKE 'many-%' AND deleted_at IS "
                                      "NOT NULL AND deleted_by IS NOT NULL AND version = 2"),
                     3);
    assert_int_equal(rows_of(ask(w, GLOBEX_MANAGER, "GET", "/products?sku__startswith=many-", NULL), "\"many-"), 1);
    assert_int_equal(
        rows_of(ask(w, GLOBEX_MANAGER, "GET", "/products?sku__startswith=many-&deleted=true", NULL), "\"many-"), 3);
    a = ask(w, GLOBEX_MANAGER, "DELETE", "/products?sku__startswith=many-&deleted=true", NULL);
    assert_problem(a, 400, "bad_parameter");
    assert_problem(ask(w, GLOBEX_MANAGER, "DELETE", "/products?deleted=true&permanent=true", NULL), 400,
                   "bad_parameter"); /* no filter, and not all */
    assert_problem(ask(w, GLOBEX_MANAGER, "PATCH", "/products?deleted=true&sku=many-0", "{\"name\":\"x\"}"), 400,
                   "bad_parameter");
    a = ask(w, ACME_MANAGER, "DELETE", "/products?sku__startswith=many-&deleted=true&permanent=true", NULL);
    assert_status(a, 200);
    assert_int_equal(answer_integer(a, "/count"), 0);
    a = ask(w, GLOBEX_MANAGER, "DELETE", "/products?sku__in=many-0,many-3&deleted=true&permanent=true", NULL);
    assert_int_equal(answer_integer(a, "/count"), 1);
    a = ask(w, GLOBEX_MANAGER, "DELETE", "/products?sku__in=many-1,many-3&permanent=true", NULL);
    assert_int_equal(answer_integer(a, "/count"), 1);
    assert_int_equal(pg_count(&w->pg, "SELECT count(*) FROM product.product WHERE sku LIKE 'many-%'"), 2);
}

/* ---- who sees what is deleted ---- */

static void test_rights(void **state) {
    struct world *w = *state;
    const char *path = deleted(w, "rights", ""), *shown = world_text(w, "%s?deleted=true", path);
    const char *acme = world_make_row(w, catalogue_resource(w->catalogue, "product.product"), WORLD_ACME);
    const char *of_acme = world_text(w, "/products/%s", acme);
    assert_status(ask(w, ACME_MANAGER, "DELETE", of_acme, NULL), 204);
    assert_status(ask(w, GLOBEX_MANAGER, "GET", shown, NULL), 200);
    assert_status(ask(w, ADMIN, "GET", shown, NULL), 200);
    assert_status(ask(w, BOTH, "GET", shown, NULL), 200); /* a manager there */
    assert_problem(ask(w, ACME_MANAGER, "GET", shown, NULL), 404, "not_found");
    assert_problem(ask(w, ACME_VIEWER, "GET", shown, NULL), 403, "permission_denied");
    assert_problem(ask(w, ACME_VIEWER, "GET", "/products?deleted=true", NULL), 403, "permission_denied");
    assert_problem(ask(w, BOTH, "GET", world_text(w, "%s?deleted=true", of_acme), NULL), 404,
                   "not_found"); /* a viewer */
    assert_problem(ask(w, BOTH, "POST", world_text(w, "%s/restore", of_acme), NULL), 404, "not_found");
    assert_problem(ask(w, ACME_VIEWER, "POST", world_text(w, "%s/restore", of_acme), NULL), 404, "not_found");
    assert_problem(ask(w, ACME_MANAGER, "POST", world_text(w, "%s/restore", path), NULL), 404, "not_found");
    assert_int_equal(rows_of(ask(w, BOTH, "GET", "/products?deleted=true&page_size=200", NULL), acme), 0);
    assert_int_equal(rows_of(ask(w, BOTH, "GET", "/products?deleted=true&page_size=200", NULL), id_in(path)), 1);
    assert_int_equal(rows_of(ask(w, ACME_MANAGER, "GET", "/products?deleted=true&page_size=200", NULL), id_in(path)),
                     0);
    assert_int_equal(rows_of(ask(w, ACME_MANAGER, "GET", "/products?deleted=true&page_size=200", NULL), acme), 1);
    assert_problem(ask(w, ACME_MANAGER, "GET", "/products?deleted=maybe", NULL), 400, "bad_parameter");
    assert_problem(ask(w, ACME_MANAGER, "GET", "/categories?deleted=true", NULL), 400, "unknown_parameter");
    assert_problem(ask(w, ACME_MANAGER, "GET", "/products?fields=deleted_at", NULL), 400, "bad_parameter");
    const struct answer *a = ask(w, ACME_MANAGER, "GET", "/products?deleted=true&fields=id,deleted_at", NULL);
    assert_non_null(answer_text(a, "/results/0/deleted_at").ptr);
    assert_problem(ask(w, ACME_MANAGER, "POST", "/products", body_of(w, "x", ",\"deleted_at\":null")), 400,
                   "read_only_field");
    assert_status(ask(w, ACME_MANAGER, "POST", world_text(w, "%s/restore", of_acme), NULL), 200);
    assert_problem(ask(w, ACME_VIEWER, "POST", world_text(w, "%s/restore", of_acme), NULL), 403, "permission_denied");
}

/* ---- the trail, a replay, what it refers to ---- */

static void test_trail(void **state) {
    struct world *w = *state;
    const char *path = deleted(w, "trail", "");
    assert_status(ask(w, GLOBEX_MANAGER, "POST", world_text(w, "%s/restore", path), NULL), 200);
    assert_status(ask(w, GLOBEX_MANAGER, "DELETE", world_text(w, "%s?permanent=true", path), NULL), 204);
    assert_text(
        pg_value(&w->pg, w->arena,
                 world_text(w, "SELECT string_agg(action, ' ' ORDER BY id) FROM audit.entry WHERE object_id = '%s'",
                            id_in(path))),
        "create delete restore delete");
}

static void test_replay(void **state) {
    struct world *w = *state;
    const char *restore = world_text(w, "%s/restore", deleted(w, "replay", ""));
    for (int i = 0; i < 2; i++) {
        const struct answer *a = with(w, "POST", restore, "Idempotency-Key", "soft-replay-1");
        assert_status(a, 200);
        assert_text(answer_text(a, "/sku"), "replay");
    }
}

/* A deleted product still names its category, which therefore stays until the product has gone for good. */
static void test_what_it_refers_to(void **state) {
    struct world *w = *state;
    const struct answer *a = ask(w, GLOBEX_MANAGER, "POST", "/categories", "{\"name\":\"soft\"}");
    const char *category = answer_text(a, "/id").ptr, *top = world_text(w, "/categories/%s", category);
    const char *path = deleted(w, "refers", world_text(w, ",\"category\":\"%s\"", category));
    a = ask(w, GLOBEX_MANAGER, "DELETE", top, NULL);
    assert_problem(a, 409, "protected");
    assert_text(answer_text(a, "/errors/0/detail"), "1 deleted row of product.product refers to it");
    make(w, "refers-2", world_text(w, ",\"category\":\"%s\"", category));
    a = ask(w, GLOBEX_MANAGER, "DELETE", top, NULL);
    assert_text(answer_text(a, "/errors/0/detail"), "1 row of product.product refers to it");
    assert_text(answer_text(a, "/errors/1/detail"), "1 deleted row of product.product refers to it");
    assert_status(ask(w, GLOBEX_MANAGER, "DELETE", world_text(w, "%s?permanent=true", path), NULL), 204);
    a = ask(w, GLOBEX_MANAGER, "DELETE", top, NULL);
    assert_null(answer_text(a, "/errors/1/detail").ptr);
}

/* ---- purge ---- */

static void test_purge(void **state) {
    struct world *w = *state;
    struct config *config = pg_config(&w->pg, NULL);
    const char *old = deleted(w, "purge-old", ""), *young = deleted(w, "purge-young", ""),
               *live = make(w, "purge-live", "");
    pg_exec(&w->pg, world_text(w, "UPDATE product.product SET deleted_at = now() - interval '31 days' WHERE id = '%s'",
                               id_in(old)));
    FILE *out = fopen("/dev/null", "w");
    assert_non_null(out);
    assert_ok(migrate_purge(config, w->catalogue, 30, out, out));
    fclose(out);
    config_free(config);
    assert_int_equal(pg_count(&w->pg, "SELECT count(*) FROM product.product WHERE sku = 'purge-old'"), 0);
    assert_status(ask(w, GLOBEX_MANAGER, "GET", world_text(w, "%s?deleted=true", young), NULL), 200);
    assert_status(ask(w, GLOBEX_MANAGER, "GET", live, NULL), 200);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_life),
        cmocka_unit_test(test_key_is_free),
        cmocka_unit_test(test_for_good),
        cmocka_unit_test(test_every_operation),
        cmocka_unit_test(test_many),
        cmocka_unit_test(test_rights),
        cmocka_unit_test(test_trail),
        cmocka_unit_test(test_replay),
        cmocka_unit_test(test_what_it_refers_to),
        cmocka_unit_test(test_purge),
    };
    return cmocka_run_group_tests_name("soft", tests, world_setup, world_teardown);
}
