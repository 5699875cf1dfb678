/* SPDX-License-Identifier: MIT
 * test_import.c - CSV and NDJSON into rows: all or none, faults by row, rights as for each row alone, and what was exported
 * comes back as it was. */
#include "test.h"

#include <stdio.h>
#include <stdlib.h>

#include "alees/util.h"
#include "world.h"

enum { ADMIN, ACME_MANAGER, ACME_VIEWER, GLOBEX_MANAGER, BOTH, NOBODY };

#define ACME "01930000-0000-7000-8000-000000000001"
#define GLOBEX "01930000-0000-7000-8000-000000000003"
#define CSV "text/csv"
#define NDJSON "application/x-ndjson"

static const struct answer *import(struct world *w, size_t user, const char *path, const char *type, const char *body) {
    const struct loopback_request request = {.method = "POST",
                                             .path = world_text(w, "/api/v1%s", path),
                                             .token = w->tokens[user],
                                             .body = body,
                                             .headers = {{"Content-Type", type}}};
    return loopback_send(w->loopback, &request);
}

static int64_t count(struct world *w, const char *where) {
    return pg_count(&w->pg, world_text(w, "SELECT count(*) FROM product.category WHERE %s", where));
}

static void check_counts(const struct answer *a, uint32_t status, int64_t rows, int64_t created, int64_t updated) {
    assert_status(a, status);
    assert_int_equal(answer_integer(a, "/rows"), rows);
    assert_int_equal(answer_integer(a, "/created"), created);
    assert_int_equal(answer_integer(a, "/updated"), updated);
}

static void test_create(void **state) {
    struct world *w = *state;
    assert_status(world_ask(w, ACME_MANAGER, "POST", "/api/v1/custom-field-definitions",
                            "{\"resource\":\"product.category\",\"key\":\"x\",\"label\":\"X\",\"type\":\"integer\"}"),
                  201);
    const struct answer *a = import(w, ACME_MANAGER, "/categories", CSV,
                                    "\xef\xbb\xbfname,description,custom_fields,is_active\r\n"
                                    "imp 1,\"a, \"\"b\"\"\",\"{\"\"x\"\":1}\",FALSE\r\nimp 2,,,\r\n");
    check_counts(a, 201, 2, 2, 0);
    assert_int_equal(count(w, "name = 'imp 1' AND description = 'a, \"b\"' AND custom_fields = '{\"x\":1}' AND NOT "
                              "is_active AND organization_id = '" ACME "'"),
                     1);
    assert_int_equal(count(w, "name = 'imp 2' AND is_active AND description = ''"), 1);
    a = import(w, ACME_MANAGER, "/categories", NDJSON, "{\"name\":\"imp 3\"}\n\n{\"name\":\"imp 4\",\"parent\":null}");
    check_counts(a, 201, 2, 2, 0);
    assert_int_equal(count(w, "name LIKE 'imp %'"), 4);
}

static void test_header_row(void **state) {
    struct world *w = *state;
    const struct answer *a = import(w, ACME_MANAGER, "/categories", CSV, "name,descripton\nx,y\n");
    assert_problem(a, 400, "unknown_field");
    assert_true(str_equal(answer_text(a, "/errors/0/pointer"), "/descripton"));
    assert_non_null(strstr(answer_text(a, "/errors/0/detail").ptr, "description"));
    assert_problem(import(w, ACME_MANAGER, "/categories", CSV, "id,name\nx,y\n"), 400, "read_only_field");
    assert_problem(import(w, ACME_MANAGER, "/categories", CSV, "name,name\nx,y\n"), 400, "bad_request");
    assert_problem(import(w, ACME_MANAGER, "/categories", CSV, "\n"), 400, "bad_request");
    assert_problem(import(w, ACME_MANAGER, "/categories", CSV, "name\na\"b\n"), 400, "bad_request");
}

static void test_faults_by_row(void **state) {
    struct world *w = *state;
    const struct answer *a =
        import(w, ACME_MANAGER, "/categories", CSV,
               "name,is_active,custom_fields\ngood,true,{}\nbad,maybe,{}\nbad,true,{\nbad\ngood,true,{}\n,,\n");
    assert_problem(a, 422, "invalid");
    static const struct {
        int64_t row;
        const char *pointer;
    } expected[] = {{2, "/is_active"}, {3, "/custom_fields"}, {4, ""}, {6, "/name"}};
    assert_int_equal(jx_size(answer_at(a, "/errors")), ARRAY_LEN(expected));
    for (size_t i = 0; i < ARRAY_LEN(expected); i++) {
        assert_int_equal(answer_integer(a, world_text(w, "/errors/%zu/row", i)), expected[i].row);
        assert_true(str_equal(answer_text(a, world_text(w, "/errors/%zu/pointer", i)), expected[i].pointer));
    }
    assert_int_equal(count(w, "name IN ('good', 'bad')"), 0);
    a = import(w, ACME_MANAGER, "/categories", NDJSON, "{\"name\":\"good\"}\n{\"name\":\n{\"nmae\":\"x\"}\n");
    assert_int_equal(answer_integer(a, "/errors/0/row"), 2);
    assert_int_equal(answer_integer(a, "/errors/1/row"), 3);
    assert_int_equal(count(w, "name = 'good'"), 0);
}

/* A hundred are told; the rest is not even read. */
static void test_many_faults(void **state) {
    struct world *w = *state;
    struct str text;
    str_init(&text, w->arena, 65536);
    str_puts(&text, "name,is_active\n");
    for (int i = 0; i < 5000; i++) {
        str_puts(&text, i % 2 ? "x,maybe\n" : "x\n");
    }
    const struct answer *a = import(w, ACME_MANAGER, "/categories", CSV, str_done(&text).ptr);
    assert_problem(a, 422, "invalid");
    assert_int_equal(jx_size(answer_at(a, "/errors")), 100);
    assert_int_equal(answer_integer(a, "/errors/99/row"), 100);
}

static void test_dry_run(void **state) {
    struct world *w = *state;
    int64_t before = count(w, "true");
    check_counts(import(w, ACME_MANAGER, "/categories?dry_run=true", CSV, "name\nrehearsed\n"), 201, 1, 1, 0);
    assert_int_equal(count(w, "true"), before);
    assert_problem(import(w, ACME_MANAGER, "/categories?dry_run=yes", CSV, "name\nx\n"), 400, "bad_parameter");
    assert_problem(import(w, ACME_MANAGER, "/categories?dry_runs=true", CSV, "name\nx\n"), 400, "unknown_parameter");
}

static void test_upsert(void **state) {
    struct world *w = *state;
    const struct answer *unit = world_ask(w, ACME_MANAGER, "GET", "/api/v1/units-of-measure?code=EA", NULL);
    const char *id = answer_text(unit, "/results/0/id").ptr;
    const char *text = world_text(w, "sku,name,base_uom\nUP-1,one,%s\nUP-2,two,%s\n", id, id);
    check_counts(import(w, ACME_MANAGER, "/products?on_conflict=sku", CSV, text), 201, 2, 2, 0);
    text = world_text(w, "sku,name,base_uom\nUP-1,uno,%s\nUP-3,three,%s\n", id, id);
    check_counts(import(w, ACME_MANAGER, "/products?on_conflict=sku", CSV, text), 201, 2, 1, 1);
    assert_int_equal(pg_count(&w->pg, "SELECT count(*) FROM product.product WHERE sku LIKE 'UP-%' AND name IN ('uno', "
                                      "'two', 'three')"),
                     3);
    assert_status(import(w, ACME_MANAGER, "/products", CSV, text), 409); /* without it they are taken */
}

static void test_rights(void **state) {
    struct world *w = *state;
    int64_t before = count(w, "true");
    assert_problem(import(w, ACME_VIEWER, "/categories", CSV, "name\nx\n"), 403, "permission_denied");
    assert_problem(import(w, NOBODY, "/categories", CSV, "name\nx\n"), 403, "permission_denied");
    assert_true(import(w, ACME_MANAGER, "/categories", CSV, "name,organization\nx," ACME "\ny," GLOBEX "\n")->status >=
                403);
    assert_true(import(w, ACME_MANAGER, "/categories?organization=" GLOBEX, CSV, "name\nx\n")->status >= 403);
    assert_int_equal(count(w, "true"), before);
    check_counts(import(w, BOTH, "/categories?organization=" GLOBEX, CSV, "name\nimported by both\n"), 201, 1, 1, 0);
    assert_int_equal(count(w, "name = 'imported by both' AND organization_id = '" GLOBEX "'"), 1);
    assert_problem(import(w, ACME_MANAGER, "/auth/logout", CSV, "name\nx\n"), 415, "unsupported_media_type");
}

static void test_status_lines(void **state) {
    struct world *w = *state;
    struct str text;
    str_init(&text, w->arena, 262144);
    str_puts(&text, "name\n");
    for (int i = 0; i < 10001; i++) {
        str_printf(&text, "line %d\n", i);
    }
    struct loopback_request request = {.method = "POST",
                                       .path = "/api/v1/categories?dry_run=true",
                                       .token = w->tokens[ACME_MANAGER],
                                       .body = str_done(&text).ptr,
                                       .headers = {{"Content-Type", CSV}, {"Accept", NDJSON}}};
    const struct answer *a = loopback_send(w->loopback, &request);
    assert_status(a, 200);
    assert_string_equal(a->body.ptr, "{\"rows\":5000}\n{\"rows\":10000}\n"
                                     "{\"status\":201,\"rows\":10001,\"created\":10001,\"updated\":0}\n");
    request.body = world_text(w, "name\n%s", "");
    request.headers[1][1] = "application/json";
    check_counts(loopback_send(w->loopback, &request), 200, 0, 0, 0);
    request.headers[1][0] = "Idempotency-Key";
    assert_problem(loopback_send(w->loopback, &request), 422, "invalid");
}

/* ---- there and back ---- */

static const char *export_of(struct world *w, const char *path, const char *type) {
    const struct loopback_request request = {
        .method = "GET", .path = path, .token = w->tokens[ACME_MANAGER], .headers = {{"Accept", type}}};
    const struct answer *a = loopback_send(w->loopback, &request);
    assert_status(a, 200);
    return arena_str(w->arena, a->body).ptr;
}

static void test_round_trip(void **state) {
    static const char *const types[] = {CSV, NDJSON};
    static const char path[] =
        "/api/v1/products?ordering=sku&fields=organization,name,sku,description,product_type,category,status,base_uom,"
        "is_inventory_tracked,is_purchasable,is_sellable,tags,attributes,custom_fields";
    struct world *w = *state;
    pg_exec(&w->pg, "DELETE FROM product.product WHERE sku LIKE 'UP-%'");
    pg_exec(&w->pg,
            "UPDATE product.product SET name = (ARRAY['=1+1', '+x', '-5', '@a', E'\\tx', '''=x', '''x', 'a,b', "
            "'say \"x\"', E'two\\nlines'])[1 + (hashtext(sku) & 7)], description = (ARRAY['', '''''-', '007', 'null', "
            "'true', ' x '])[1 + (hashtext(sku) & 3)], tags = ARRAY['=1', 'a b', 'c\"d'], attributes = "
            "'{\"a\":[1,2.5,null]}'"
            " WHERE organization_id = '" ACME "'");
    for (size_t i = 0; i < ARRAY_LEN(types); i++) {
        const char *before = export_of(w, path, types[i]);
        assert_true(strlen(before) > 1000);
        pg_exec(&w->pg, "DELETE FROM product.product WHERE organization_id = '" ACME "'");
        const struct answer *a = import(w, ACME_MANAGER, "/products", types[i], before);
        assert_status(a, 201);
        assert_string_equal(export_of(w, path, types[i]), before);
    }
}

static int setup(void **state) {
    struct world *w;
    assert_int_equal(world_setup(state), 0);
    w = *state;
    for (size_t i = 0; i < WORLD_USERS; i++) {
        w->tokens[i] = world_text(w, "%s", w->tokens[i]);
    }
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_create),      cmocka_unit_test(test_header_row),   cmocka_unit_test(test_faults_by_row),
        cmocka_unit_test(test_many_faults), cmocka_unit_test(test_dry_run),      cmocka_unit_test(test_upsert),
        cmocka_unit_test(test_rights),      cmocka_unit_test(test_status_lines), cmocka_unit_test(test_round_trip),
    };
    return cmocka_run_group_tests_name("import", tests, setup, world_teardown);
}
