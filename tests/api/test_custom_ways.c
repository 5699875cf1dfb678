/* SPDX-License-Identifier: MIT
 * test_custom_ways.c - custom fields: which definitions hold for which rows, rows that values point at, each way by which
 * rows are written, and filters. */
#include "test.h"

#include "alees/util.h"
#include "custom_fields.h"

/* One of the organization's own stands for the one of that key for all; another's is not there. */
static void test_own_and_global(void **state) {
    struct world *w = *state;
    (void)custom_defined(w, ADMIN, "\"organization\":null,\"key\":\"k\",\"type\":\"integer\"");
    const char *own = custom_defined(w, MANAGER, "\"key\":\"k\",\"type\":\"text\"");
    (void)custom_defined(w, MANAGER, "\"key\":\"acme_only\",\"type\":\"text\"");
    assert_status(custom_category(w, MANAGER, "{\"k\":\"word\"}"), 201);
    custom_refused(custom_category(w, MANAGER, "{\"k\":1}"), "/custom_fields/k", "wrong_type", "text");
    assert_status(custom_category(w, GLOBEX_MANAGER, "{\"k\":1}"), 201);
    custom_refused(custom_category(w, GLOBEX_MANAGER, "{\"k\":\"word\"}"), "/custom_fields/k", "wrong_type",
                   "whole number");
    const struct answer *a = custom_category(w, GLOBEX_MANAGER, "{\"acme_onl\":1}");
    custom_refused(a, "/custom_fields/acme_onl", "unknown_field", "is not a custom field here");
    assert_null(strstr(a->body.ptr, "acme_only")); /* not even as a guess */
    assert_status(world_ask(w, MANAGER, "PATCH", own, "{\"is_active\":false}"), 200);
    assert_status(custom_category(w, MANAGER, "{\"k\":1}"), 201);
    /* both organizations in one request, each with its own */
    assert_status(world_ask(w, MANAGER, "PATCH", own, "{\"is_active\":true}"), 200);
    a = world_ask(w, ADMIN, "POST", CATEGORIES,
                  "[{\"name\":\"both a\",\"organization\":\"" ACME "\",\"custom_fields\":{\"k\":\"w\"}},"
                  "{\"name\":\"both b\",\"organization\":\"" GLOBEX "\",\"custom_fields\":{\"k\":\"w\"}}]");
    custom_refused(a, "/1/custom_fields/k", "wrong_type", "whole number");
    assert_int_equal(jx_size(answer_at(a, "/errors")), 1);
}

/* A row is named that the caller sees in the organization of the row itself, or nobody's. */
static void test_references(void **state) {
    struct world *w = *state;
    const struct resource *r = catalogue_resource(w->catalogue, "product.product");
    const char *acme = world_any_row(w, r, WORLD_ACME), *globex = world_any_row(w, r, WORLD_GLOBEX);
    (void)custom_defined(
        w, ADMIN, "\"organization\":null,\"key\":\"p\",\"type\":\"reference\",\"reference\":\"product.product\"");
    (void)custom_defined(
        w, ADMIN,
        "\"organization\":null,\"key\":\"o\",\"type\":\"reference\",\"reference\":\"organization.organization\"");
    (void)custom_defined(w, ADMIN,
                         "\"organization\":null,\"key\":\"u\",\"type\":\"reference\",\"reference\":\"rbac.user\"");
    const char *const pointers[] = {"/custom_fields/p", "/custom_fields/o"};
    const char *const bad[][2] = {{world_text(w, "{\"p\":\"%s\"}", globex), "{\"o\":\"" GLOBEX "\"}"},
                                  {"{\"p\":\"" UNKNOWN_ID "\"}", "{\"o\":\"" UNKNOWN_ID "\"}"}};
    const char *path = custom_category_path(w, MANAGER, world_text(w, "{\"p\":\"%s\",\"o\":\"" ACME "\"}", acme));
    for (size_t i = 0; i < 4; i++) {
        const char *value = bad[i / 2][i % 2];
        custom_refused(custom_category(w, MANAGER, value), pointers[i % 2], "invalid_reference", "does not name a row");
        custom_refused(custom_patch(w, MANAGER, path, value), pointers[i % 2], "invalid_reference",
                       "does not name a row");
        custom_refused(
            world_ask(w, MANAGER, "POST", CATEGORIES,
                      world_text(w, "[{\"name\":\"ref\"},{\"name\":\"ref 2\",\"custom_fields\":%s}]", value)),
            world_text(w, "/1%s", pointers[i % 2]), "invalid_reference", "does not name a row");
        custom_refused(world_ask(w, MANAGER, "PATCH", CATEGORIES "?name__startswith=custom",
                                 world_text(w, "{\"custom_fields\":%s}", value)),
                       pointers[i % 2], "invalid_reference", "does not name a row");
    }
    /* who sees both cannot join what is of two organizations either */
    custom_refused(world_ask(w, ADMIN, "PATCH", path, world_text(w, "{\"custom_fields\":{\"p\":\"%s\"}}", globex)),
                   "/custom_fields/p", "invalid_reference", "does not name a row");
    const struct answer *a = world_ask(
        w, MANAGER, "POST", CATEGORIES,
        world_text(
            w,
            "[{\"name\":\"r1\",\"custom_fields\":{\"p\":\"%s\"}},{\"name\":\"r2\",\"custom_fields\":{\"o\":\"" ACME
            "\"}}]",
            acme));
    assert_status(a, 201);
    assert_text(answer_text(a, "/results/0/custom_fields/p"), acme);
}

/* ---- each way to write ---- */

static void test_many_ways(void **state) {
    struct world *w = *state;
    (void)custom_defined(w, MANAGER, "\"key\":\"n\",\"type\":\"integer\",\"max\":9");
    (void)custom_defined(w, MANAGER, "\"key\":\"m\",\"type\":\"decimal\"");
    custom_refused(
        world_ask(w, MANAGER, "POST", CATEGORIES,
                  "[{\"name\":\"w 1\",\"custom_fields\":{\"n\":1}},{\"name\":\"w 2\",\"custom_fields\":{\"n\":10}}]"),
        "/1/custom_fields/n", "too_large", "at most 9");
    assert_status(world_ask(w, MANAGER, "POST", CATEGORIES,
                            "[{\"name\":\"way 1\",\"custom_fields\":{\"n\":1,\"m\":\"1.0\"}},{\"name\":\"way 2\"}]"),
                  201);
    /* merged into what each has */
    const struct answer *a =
        world_ask(w, MANAGER, "PATCH", CATEGORIES "?name__startswith=way", "{\"custom_fields\":{\"n\":2}}");
    assert_status(a, 200);
    assert_int_equal(pg_count(&w->pg, "SELECT count(*) FROM product.category WHERE (name, custom_fields) IN (('way 1', "
                                      "'{\"n\":2,\"m\":\"1.0\"}'), ('way 2', '{\"n\":2}'))"),
                     2);
    custom_refused(world_ask(w, MANAGER, "PATCH", CATEGORIES "?name__startswith=way", "{\"custom_fields\":{\"n\":22}}"),
                   "/custom_fields/n", "too_large", "at most 9");
    custom_refused(world_ask(w, MANAGER, "PATCH", CATEGORIES "?name__startswith=way", "{\"custom_fields\":{\"k\":2}}"),
                   "/custom_fields/k", "unknown_field", "not a custom field");
    assert_status(
        world_ask(w, MANAGER, "PATCH", CATEGORIES "?name__startswith=way", "{\"custom_fields\":{\"n\":null}}"), 200);
    assert_int_equal(
        pg_count(&w->pg, "SELECT count(*) FROM product.category WHERE name LIKE 'way %' AND custom_fields ? 'n'"), 0);
    a = world_ask(w, MANAGER, "PATCH", CATEGORIES "?name__startswith=nothing%20at%20all",
                  "{\"custom_fields\":{\"n\":1}}");
    assert_status(a, 200);
    /* what no custom field of any row could hold is refused, though there is no row */
    for (size_t i = 0; i < 2; i++) {
        const char *value = i == 0 ? "{\"custom_fields\":{\"\":[]}}" : "{\"custom_fields\":{\"\":{\"a\":1}}}";
        custom_refused(world_ask(w, MANAGER, "PATCH", CATEGORIES "?name__startswith=nothing%20at%20all", value),
                       "/custom_fields/", "wrong_type", "a text, a number, true, false or null");
        custom_refused(world_ask(w, MANAGER, "PATCH", CATEGORIES "?name__startswith=way", value), "/custom_fields/",
                       "wrong_type", "a text, a number, true, false or null");
    }
    assert_problem(world_ask(w, VIEWER, "PATCH", CATEGORIES "?name__startswith=way", "{\"custom_fields\":{\"n\":1}}"),
                   403, "permission_denied");
}

static const struct answer *import(struct world *w, const char *path, const char *type, const char *body) {
    const struct loopback_request request = {.method = "POST",
                                             .path = world_text(w, "/api/v1%s", path),
                                             .token = w->tokens[MANAGER],
                                             .body = body,
                                             .headers = {{"Content-Type", type}}};
    return loopback_send(w->loopback, &request);
}

/* Numbers as numbers, though decimals are kept as texts; the rest as of any JSON. */
static void check_filters(struct world *w) {
    static const struct {
        const char *query;
        int64_t count;
    } filters[] = {{"custom_fields__kg__gte=1190", 10},    {"custom_fields__kg__lt=3", 3},
                   {"custom_fields__kg__range=9,11.5", 3}, {"custom_fields__kg=7.250", 1},
                   {"custom_fields__kg=7.25", 1},          {"custom_fields__kg=1199", 1},
                   {"custom_fields__kg=1199.00", 1},       {"custom_fields__kg__in=5,7.25", 2},
                   {"custom_fields__lot=l", 1199},         {"custom_fields__lot__isnull=true&sku__startswith=CU-", 1},
                   {"custom_fields__lot__gte=3", 0}};
    for (size_t i = 0; i < ARRAY_LEN(filters); i++) {
        const struct answer *a = world_ask(
            w, MANAGER, "GET", world_text(w, "/api/v1/products?page=1&count=exact&%s", filters[i].query), NULL);
        assert_status(a, 200);
        if (answer_integer(a, "/count") != filters[i].count) {
            print_error("%s: %lld\n", filters[i].query, (long long)answer_integer(a, "/count"));
            fail();
        }
    }
}

static void test_import_and_upsert(void **state) {
    struct world *w = *state;
    const char *unit = world_any_row(w, catalogue_resource(w->catalogue, "product.unit_of_measure"), WORLD_ACME);
    const struct answer *a =
        world_ask(w, MANAGER, "POST", DEFINITIONS,
                  "[{\"resource\":\"product.product\",\"key\":\"kg\",\"label\":\"Weight\",\"type\":\"decimal\","
                  "\"required\":true},"
                  "{\"resource\":\"product.product\",\"key\":\"lot\",\"label\":\"Lot\",\"type\":\"text\"}]");
    assert_status(a, 201);
    a = import(w, "/products", "text/csv",
               world_text(w,
                          "sku,name,base_uom,custom_fields\nC-1,a,%s,\"{\"\"kg\"\":\"\"1.5\"\"}\"\nC-2,b,%s,\nC-3,c,%s,"
                          "\"{\"\"kg\"\":true}\"\n"
                          "C-4,d,%s,\"{\"\"kg\"\":1,\"\"lit\"\":\"\"x\"\"}\"\n",
                          unit, unit, unit, unit));
    assert_problem(a, 422, "invalid");
    static const struct {
        int64_t row;
        const char *pointer, *code;
    } faults[] = {{2, "/custom_fields/kg", "required"},
                  {3, "/custom_fields/kg", "wrong_type"},
                  {4, "/custom_fields/lit", "unknown_field"}};
    assert_int_equal(jx_size(answer_at(a, "/errors")), ARRAY_LEN(faults));
    for (size_t i = 0; i < ARRAY_LEN(faults); i++) {
        assert_int_equal(answer_integer(a, world_text(w, "/errors/%zu/row", i)), faults[i].row);
        assert_text(answer_text(a, world_text(w, "/errors/%zu/pointer", i)), faults[i].pointer);
        assert_text(answer_text(a, world_text(w, "/errors/%zu/code", i)), faults[i].code);
    }
    struct str text; /* more than are written at once: what was read is given back in between */
    str_init(&text, w->arena, 200000);
    for (int i = 0; i < 1200; i++) {
        str_printf(
            &text,
            "{\"sku\":\"CU-%d\",\"name\":\"n\",\"base_uom\":\"%s\",\"custom_fields\":{\"kg\":%d,\"lot\":\"l\"}}\n", i,
            unit, i);
    }
    assert_status(import(w, "/products?on_conflict=sku", "application/x-ndjson", str_done(&text).ptr), 201);
    a = import(w, "/products?on_conflict=sku", "application/x-ndjson",
               "{\"sku\":\"CU-7\",\"custom_fields\":{\"kg\":\"7.25\"}}\n{\"sku\":\"CU-8\",\"custom_fields\":{\"lot\":"
               "null}}\n");
    assert_status(a, 200);
    assert_int_equal(pg_count(&w->pg, "SELECT count(*) FROM product.product WHERE (sku, custom_fields) IN (('CU-7', "
                                      "'{\"kg\":\"7.25\",\"lot\":\"l\"}'), ('CU-8', '{\"kg\":\"8\"}'), ('CU-1199', "
                                      "'{\"kg\":\"1199\",\"lot\":\"l\"}'))"),
                     3);
    a = import(w, "/products?on_conflict=sku", "application/x-ndjson",
               "{\"sku\":\"CU-9\",\"custom_fields\":{\"kg\":null}}\n");
    custom_refused(a, "/custom_fields/kg", "null", "must not be null");
    check_filters(w);
}

/* Of organizations, contacts and users, too: of those, what is for all. */
static void test_other_resources(void **state) {
    struct world *w = *state;
    assert_status(
        world_ask(w, MANAGER, "POST", DEFINITIONS,
                  "{\"resource\":\"organization.organization\",\"key\":\"erp\",\"label\":\"E\",\"type\":\"integer\"}"),
        201);
    assert_status(
        world_ask(
            w, ADMIN, "POST", DEFINITIONS,
            "{\"organization\":null,\"resource\":\"rbac.user\",\"key\":\"badge\",\"label\":\"B\",\"type\":\"text\"}"),
        201);
    assert_status(world_ask(w, MANAGER, "POST", DEFINITIONS,
                            "{\"resource\":\"contact.contact\",\"key\":\"vip\",\"label\":\"V\",\"type\":\"boolean\"}"),
                  201);
    assert_string_equal(custom_shown(w, custom_patch(w, ADMIN, "/api/v1/organizations/" ACME, "{\"erp\":4711}")),
                        "{\"erp\":4711}");
    custom_refused(custom_patch(w, ADMIN, "/api/v1/organizations/" GLOBEX, "{\"erp\":4711}"), "/custom_fields/erp",
                   "unknown_field", "");
    const struct answer *a = world_ask(w, MANAGER, "GET", "/api/v1/auth/me", NULL);
    const char *self = world_text(w, "/api/v1/users/%.*s", STR_FMT(answer_text(a, "/user/id")));
    assert_string_equal(custom_shown(w, custom_patch(w, MANAGER, self, "{\"badge\":\"A-1\"}")), "{\"badge\":\"A-1\"}");
    custom_refused(custom_patch(w, MANAGER, self, "{\"badge\":1}"), "/custom_fields/badge", "wrong_type", "text");
    a = world_ask(w, MANAGER, "POST", "/api/v1/contacts", "{\"first_name\":\"A\",\"custom_fields\":{\"vip\":true}}");
    assert_status(a, 201);
    assert_string_equal(custom_shown(w, a), "{\"vip\":true}");
}

/* As many as are too many; and each write of one counts from then on, within one request too. */
static void test_bounds(void **state) {
    struct world *w = *state;
    struct str big;
    (void)pg_count(
        &w->pg,
        "WITH made AS (INSERT INTO custom.custom_field_definition (organization_id, resource, key, label, type) "
        "SELECT '" ACME "', 'product.category', 'k' || i, 'L', 'text' FROM generate_series(1, 200) i RETURNING 1) "
        "SELECT count(*) FROM made");
    custom_refused(custom_define(w, MANAGER, "\"key\":\"one_more\",\"type\":\"text\""), "/resource", "too_many",
                   "200 custom fields");
    assert_status(custom_define(w, ADMIN, "\"organization\":\"" GLOBEX "\",\"key\":\"one\",\"type\":\"text\""), 201);
    str_init(&big, w->arena, 70000);
    str_puts(&big, "{\"k1\":\"");
    for (int i = 0; i < 40000; i++) {
        str_putc(&big, 'x');
    }
    str_puts(&big, "\"}");
    const struct loopback_request request = {
        .method = "POST",
        .path = CATEGORIES,
        .token = w->tokens[MANAGER],
        .body = arena_printf(w->arena, "{\"name\":\"big\",\"custom_fields\":%s}", str_done(&big).ptr).ptr};
    const struct answer *a = loopback_send(w->loopback, &request);
    assert_status(a, 201);
    const char *path = world_text(w, CATEGORIES "/%.*s", STR_FMT(answer_text(a, "/id")));
    const struct loopback_request more = {
        .method = "PATCH",
        .path = path,
        .token = w->tokens[MANAGER],
        .body = arena_printf(w->arena, "{\"custom_fields\":{\"k2\":\"%.*s\"}}", 40000, big.ptr + 7).ptr};
    custom_refused(loopback_send(w->loopback, &more), "/custom_fields", "too_long", "65535 bytes");
}

/* A value that passed is of the definition that was there when its statement began: from the answer to the change on no
 * other passes. */
static void test_change_counts_at_once(void **state) {
    struct world *w = *state;
    const char *path = custom_defined(w, MANAGER, "\"key\":\"n\",\"type\":\"integer\",\"max\":1000");
    for (int i = 0; i < 50; i++) {
        int most = i % 2 ? 1000 : 10;
        assert_status(world_ask(w, MANAGER, "PATCH", path, world_text(w, "{\"max\":%d}", most)), 200);
        assert_int_equal(custom_category(w, MANAGER, "{\"n\":500}")->status, i % 2 ? 201 : 422);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_own_and_global, custom_clean),
        cmocka_unit_test_setup(test_references, custom_clean),
        cmocka_unit_test_setup(test_many_ways, custom_clean),
        cmocka_unit_test_setup(test_import_and_upsert, custom_clean),
        cmocka_unit_test_setup(test_other_resources, custom_clean),
        cmocka_unit_test_setup(test_bounds, custom_clean),
        cmocka_unit_test_setup(test_change_counts_at_once, custom_clean),
    };
    return cmocka_run_group_tests_name("custom_ways", tests, world_setup, world_teardown);
}
