/* SPDX-License-Identifier: MIT
 * test_bulk.c - arrays by POST: all or nothing, what is told of which row, rights and organizations of each, on the whole
 * server. */
#include "test.h"

#include <stdio.h>

#include "ctx.h"
#include "engine_batch.h"
#include "server.h"
#include "world.h"

enum { ACME_MANAGER = 1, ACME_VIEWER = 2, GLOBEX_MANAGER = 3, BOTH = 4, NOBODY = 5, MANY = 100000 };

static const struct answer *send(struct world *w, size_t user, const char *query, const char *body) {
    return world_ask(w, user, "POST", world_text(w, "/api/v1/products%s", query), body);
}

/* The id of the unit EA. */
static const char *unit(struct world *w) {
    return pg_value(&w->pg, w->arena, "SELECT id FROM product.unit_of_measure WHERE code = 'EA'").ptr;
}

/* A product; more: further members. */
static const char *product(struct world *w, const char *sku, const char *more) {
    return world_text(w, "{\"name\":\"Bolt\",\"sku\":\"%s\",\"base_uom\":\"%s\"%s}", sku, unit(w), more);
}

static int64_t count_of(struct world *w, const char *prefix) {
    return pg_count(&w->pg, world_text(w, "SELECT count(*) FROM product.product WHERE sku LIKE '%s%%'", prefix));
}

static void test_an_array(void **state) {
    struct world *w = *state;
    const char *body = world_text(w, "[%s,%s,%s]", product(w, "ARR-1", ",\"tags\":[\"a \\\"b\\\" \\\\ ,{}\",\"NULL\"]"),
                                  product(w, "ARR-2", ",\"is_sellable\":false,\"description\":\"\""),
                                  product(w, "ARR-3", ",\"tags\":[]"));
    const struct answer *a = send(w, GLOBEX_MANAGER, "", body);
    assert_status(a, 201);
    assert_int_equal(answer_integer(a, "/count"), 3);
    for (int i = 0; i < 3; i++) {
        assert_text(answer_text(a, world_text(w, "/results/%d/sku", i)), world_text(w, "ARR-%d", i + 1));
    }
    assert_text(answer_text(a, "/results/0/tags/0"), "a \"b\" \\ ,{}");
    assert_text(answer_text(a, "/results/0/tags/1"), "NULL");
    assert_text(answer_text(a, "/results/1/status"), "draft");
    assert_int_equal(count_of(w, "ARR-"), 3);
    /* one by one they would be the same */
    const char *id = answer_text(a, "/results/1/id").ptr;
    const struct answer *one = world_ask(w, GLOBEX_MANAGER, "GET", world_text(w, "/api/v1/products/%s", id), NULL);
    assert_status(one, 200);
    assert_non_null(strstr(a->body.ptr, one->body.ptr));
    /* each has its entry in the audit trail */
    assert_int_equal(pg_count(&w->pg, "SELECT count(*) FROM audit.entry e JOIN product.product p ON p.id = e.object_id "
                                      "WHERE p.sku LIKE 'ARR-%' AND e.user_id IS NOT NULL"),
                     3);
    a = send(w, GLOBEX_MANAGER, "?fields=sku", world_text(w, "[%s]", product(w, "ARR-4", "")));
    assert_status(a, 201);
    assert_text(a->body, "{\"results\":[{\"sku\":\"ARR-4\"}],\"count\":1}");
}

/* What the errors say, one line each: "pointer code". */
static const char *errors_of(struct world *w, const struct answer *a) {
    const char *text = "";
    for (uint32_t i = 0; i < jx_size(answer_at(a, "/errors")); i++) {
        text = world_text(w, "%s%s%s %s", text, i > 0 ? "\n" : "",
                          answer_text(a, world_text(w, "/errors/%u/pointer", i)).ptr,
                          answer_text(a, world_text(w, "/errors/%u/code", i)).ptr);
    }
    return text;
}

static void test_all_faults_at_once_and_nothing_happens(void **state) {
    struct world *w = *state;
    const char *unknown = "01930000-0000-7000-8000-0000000000ff";
    const char *body = world_text(w, "[%s,{\"name\":\"\",\"sku\":\"BAD-2\"},7,%s,%s]", product(w, "BAD-1", ""),
                                  product(w, "BAD-3", world_text(w, ",\"nonsense\":1,\"category\":\"%s\"", unknown)),
                                  product(w, "BAD-4", ""));
    const struct answer *a = send(w, GLOBEX_MANAGER, "", body);
    assert_problem(a, 422, "invalid");
    assert_string_equal(errors_of(w, a),
                        "/1/name too_short\n/1/base_uom required\n/2 wrong_type\n/3/nonsense unknown_field");
    assert_int_equal(count_of(w, "BAD-"), 0);
    /* what a plugin's hook finds, and what PostgreSQL does, row by row */
    pg_exec(&w->pg, "INSERT INTO product.unit_of_measure (code, name, uom_type, is_active, symbol) "
                    "VALUES ('OLD', 'Old', 'OTHER', false, '')");
    const char *old = pg_value(&w->pg, w->arena, "SELECT id FROM product.unit_of_measure WHERE code = 'OLD'").ptr;
    body = world_text(w, "[%s,{\"name\":\"a\",\"sku\":\"BAD-2\",\"base_uom\":\"%s\"},%s]", product(w, "BAD-1", ""), old,
                      product(w, "BAD-1", ""));
    a = send(w, GLOBEX_MANAGER, "", body);
    assert_problem(a, 422, "invalid");
    assert_string_equal(errors_of(w, a), "/1/base_uom inactive_unit");
    body = world_text(w, "[%s,%s,%s,%s,%s]", product(w, "BAD-1", ""), product(w, "BAD-2", ""), product(w, "BAD-1", ""),
                      product(w, "BAD-5", world_text(w, ",\"category\":\"%s\"", unknown)), product(w, "BAD-2", ""));
    a = send(w, GLOBEX_MANAGER, "", body);
    assert_problem(a, 409, "not_unique");
    assert_string_equal(errors_of(w, a), "/2/sku not_unique\n/3/category invalid_reference\n/4/sku not_unique");
    assert_int_equal(count_of(w, "BAD-"), 0);
}

static void test_at_most_a_hundred_faults(void **state) {
    struct world *w = *state;
    struct str body;
    str_init(&body, w->arena, 1024);
    for (int i = 0; i < 200; i++) {
        str_puts(&body, i ? ",{}" : "[{}");
    }
    str_putc(&body, ']');
    const struct answer *a = send(w, GLOBEX_MANAGER, "", str_done(&body).ptr);
    assert_problem(a, 422, "invalid");
    assert_int_equal(jx_size(answer_at(a, "/errors")), PROBLEM_MOST_ITEMS);
}

static void test_limits(void **state) {
    struct world *w = *state;
    struct app *app = loopback_app(w->loopback);
    uint32_t most = app->bulk_rows;
    assert_problem(send(w, GLOBEX_MANAGER, "", "[]"), 400, "bad_request");
    app->bulk_rows = 2;
    const char *two = world_text(w, "%s,%s", product(w, "LIM-1", ""), product(w, "LIM-2", ""));
    assert_problem(send(w, GLOBEX_MANAGER, "", world_text(w, "[%s,%s]", two, product(w, "LIM-3", ""))), 400,
                   "bad_request");
    assert_int_equal(count_of(w, "LIM-"), 0);
    assert_status(send(w, GLOBEX_MANAGER, "", world_text(w, "[%s]", two)), 201);
    app->bulk_rows = most;
    assert_problem(send(w, GLOBEX_MANAGER, "?nonsense=1", "[{}]"), 400, "unknown_parameter");
}

static void test_rights_of_each_row(void **state) {
    struct world *w = *state;
    const char *acme = world_text(w, ",\"organization\":\"%s\"", world_organizations[WORLD_ACME].id);
    const char *globex = world_text(w, ",\"organization\":\"%s\"", world_organizations[WORLD_GLOBEX].id);
    const char *both = world_text(w, "[%s,%s]", product(w, "RGT-1", globex), product(w, "RGT-2", acme));
    const struct answer *a = send(w, GLOBEX_MANAGER, "", both);
    assert_problem(a, 403, "organization_not_permitted");
    assert_string_equal(errors_of(w, a), "/1 organization_not_permitted");
    assert_problem(send(w, BOTH, "", both), 403, "permission_denied"); /* a viewer of Acme */
    assert_problem(send(w, NOBODY, "", both), 403, "organization_not_permitted");
    assert_problem(send(w, ACME_VIEWER, "", world_text(w, "[%s]", product(w, "RGT-3", ""))), 403, "permission_denied");
    assert_int_equal(count_of(w, "RGT-"), 0);
    a = send(w, WORLD_ADMIN, "", both);
    assert_status(a, 201);
    assert_text(answer_text(a, "/results/0/organization"), world_organizations[WORLD_GLOBEX].id);
    assert_text(answer_text(a, "/results/1/organization"), world_organizations[WORLD_ACME].id);
}

/* ---- as imports do it ---- */

static alees_ctx *command(struct world *w) {
    alees_ctx *ctx = server_ctx_new(loopback_app(w->loopback), NULL);
    assert_non_null(ctx);
    store_begin(ctx);
    return ctx;
}

static alees_rc import(struct world *w, alees_ctx *ctx, uint32_t count, uint32_t wrong, size_t *ret_memory) {
    alees_id organization;
    const struct engine_batch_options options = {.resource = catalogue_resource(w->catalogue, "product.product"),
                                                 .organization = &organization};
    struct engine_batch *b = NULL;
    const char *ea = unit(w);
    alees_rc rc;
    assert_ok(alees_id_parse(test_view(world_organizations[WORLD_GLOBEX].id), &organization));
    rc = engine_batch_begin(ctx, &options, &b);
    for (uint32_t i = 0; i < count && rc == ALEES_OK; i++) {
        char text[256];
        alees_json *value = NULL;
        snprintf(text, sizeof text,
                 "{\"name\":\"Bolt %u\",\"sku\":\"IMP-%u\",\"base_uom\":\"%s\",\"tags\":[\"a\",\"b\"]}", i,
                 wrong > 0 && i == wrong ? 0 : i, ea);
        assert_ok(jx_parse(ctx->arena, &ctx->problem, test_view(text), &value));
        rc = engine_batch_add(b, value, (alees_str){NULL, 0}, i + 1);
        *ret_memory = arena_used(ctx->arena) > *ret_memory ? arena_used(ctx->arena) : *ret_memory;
    }
    rc = rc == ALEES_OK ? engine_batch_finish(b) : rc;
    if (rc == ALEES_OK) {
        assert_int_equal(engine_batch_counts(b)->created, count);
        assert_int_equal(engine_batch_counts(b)->rows, count);
    }
    return rc;
}

static void test_a_hundred_thousand_rows(void **state) {
    struct world *w = *state;
    alees_ctx *ctx = command(w);
    uint64_t start = sys_monotonic_us(), end;
    size_t memory = 0;
    assert_ok(import(w, ctx, MANY, 0, &memory));
    assert_ok(ctx_commit(ctx));
    end = sys_monotonic_us();
    server_ctx_end(ctx);
    print_message("%d rows in %.1f s, %.1f MiB\n", MANY, (double)(end - start) / 1e6, (double)memory / 1048576);
    assert_int_equal(count_of(w, "IMP-"), MANY);
    assert_int_equal(pg_count(&w->pg, "SELECT count(*) FROM audit.entry e JOIN product.product p ON p.id = e.object_id "
                                      "WHERE p.sku LIKE 'IMP-%'"),
                     MANY);
    assert_true(memory < (size_t)16 * 1024 * 1024);
    pg_exec(&w->pg, "DELETE FROM product.product WHERE sku LIKE 'IMP-%'");
}

static void test_a_fault_late_in_an_import(void **state) {
    struct world *w = *state;
    alees_ctx *ctx = command(w);
    size_t memory = 0;
    alees_rc rc = import(w, ctx, 5000, 3333, &memory);
    assert_int_equal(rc, ALEES_E_CONFLICT);
    assert_string_equal(ctx->problem.code, "not_unique");
    assert_int_equal(ctx->problem.item_count, 1);
    assert_int_equal(ctx->problem.items->row, 3334);
    assert_text(ctx->problem.items->pointer, "/sku");
    server_ctx_end(ctx);
    assert_int_equal(count_of(w, "IMP-"), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_array),
        cmocka_unit_test(test_all_faults_at_once_and_nothing_happens),
        cmocka_unit_test(test_at_most_a_hundred_faults),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_rights_of_each_row),
        cmocka_unit_test(test_a_hundred_thousand_rows),
        cmocka_unit_test(test_a_fault_late_in_an_import),
    };
    return cmocka_run_group_tests_name("bulk", tests, world_setup, world_teardown);
}
