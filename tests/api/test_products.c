/* SPDX-License-Identifier: MIT
 * test_products.c - each rule of plugins/product with its message: a product's life, category trees and their types, units
 * and what is converted by them, attributes; alone, in arrays, imports, upserts and changes by filters. */
#include "test.h"

#include <time.h>

#include "grant.h"
#include "world.h"

enum { GLOBEX_MANAGER = 3, NOBODY = 5 };
#define PRODUCTS "/api/v1/products"
#define CATEGORIES "/api/v1/categories"
#define UNITS "/api/v1/units-of-measure"

static const char *const statuses[] = {"draft", "active", "discontinued", "end_of_life"};
enum { STATUSES = 4 };

static const struct answer *send(struct world *w, const char *method, const char *path, const char *body) {
    return world_ask(w, GLOBEX_MANAGER, method, path, body);
}

static void refused(const struct answer *a, uint32_t status, const char *code, const char *pointer,
                    const char *detail) {
    assert_problem(a, status, status == 422 ? "invalid" : code);
    assert_text(answer_text(a, "/errors/0/pointer"), pointer);
    assert_text(answer_text(a, "/errors/0/code"), code);
    assert_text(answer_text(a, "/errors/0/detail"), detail);
}

/* A conflict that is about the whole row. */
static void stopped(const struct answer *a, const char *code, const char *detail) {
    assert_problem(a, 409, code);
    assert_text(answer_text(a, "/detail"), detail);
}

static const char *unit(struct world *w) {
    return answer_text(send(w, "GET", UNITS "?code=EA", NULL), "/results/0/id").ptr;
}

/* A body; more: further members, each with a comma before it. */
static const char *product_body(struct world *w, const char *more) {
    return world_text(w, "{\"name\":\"p\",\"sku\":\"TP-%u\",\"base_uom\":\"%s\"%s}", ++w->serial, unit(w), more);
}

static const char *product(struct world *w, const char *status) {
    const struct answer *a = send(w, "POST", PRODUCTS, product_body(w, world_text(w, ",\"status\":\"%s\"", status)));
    assert_status(a, 201);
    assert_text(answer_text(a, "/status"), status);
    return world_text(w, PRODUCTS "/%s", answer_text(a, "/id").ptr);
}

/* Its id. */
static const char *category(struct world *w, const char *parent, const char *type) {
    const char *above = parent ? world_text(w, "\"%s\"", parent) : "null";
    const char *body =
        world_text(w, "{\"name\":\"c%u\",\"parent\":%s,\"category_type\":\"%s\"}", ++w->serial, above, type);
    const struct answer *a = send(w, "POST", CATEGORIES, body);
    assert_status(a, 201);
    return world_text(w, "%s", answer_text(a, "/id").ptr);
}

static const struct answer *change(struct world *w, const char *category_id, const char *body) {
    return send(w, "PATCH", world_text(w, CATEGORIES "/%s", category_id), body);
}

static const struct answer *move(struct world *w, const char *category_id, const char *parent) {
    return change(w, category_id, world_text(w, "{\"parent\":\"%s\"}", parent));
}

/* ---- a product's life ---- */

static const char *step_detail(struct world *w, size_t from) {
    return from + 1 < STATUSES
               ? world_text(w, "The status is %s; it can only become %s.", statuses[from], statuses[from + 1])
               : "The status is end_of_life and stays so.";
}

static void test_every_step(void **state) {
    struct world *w = *state;
    for (size_t from = 0; from < STATUSES; from++) {
        for (size_t to = 0; to < STATUSES; to++) {
            const char *path = product(w, statuses[from]);
            const struct answer *a = send(w, "PATCH", path, world_text(w, "{\"status\":\"%s\"}", statuses[to]));
            if (to == from || to == from + 1) {
                assert_status(a, 200);
                assert_text(answer_text(a, "/status"), statuses[to]);
            } else {
                refused(a, 409, "invalid_transition", "/status", step_detail(w, from));
                assert_text(answer_text(a, "/detail"), step_detail(w, from));
                assert_text(answer_text(send(w, "GET", path, NULL), "/status"), statuses[from]);
            }
        }
    }
}

static void test_steps_of_put(void **state) {
    struct world *w = *state;
    const char *path = product(w, "active");
    const char *without =
        "The status is active; it can only become discontinued. PUT without status means \"draft\": send "
        "status.";
    const struct answer *a = send(w, "PUT", path, product_body(w, ""));
    refused(a, 409, "invalid_transition", "/status", without);
    assert_text(answer_text(a, "/detail"), without);
    refused(send(w, "PUT", path, product_body(w, ",\"status\":\"draft\"")), 409, "invalid_transition", "/status",
            step_detail(w, 1));
    assert_status(send(w, "PUT", path, product_body(w, ",\"status\":\"active\"")), 200);
    a = send(w, "PUT", path, product_body(w, ",\"status\":\"discontinued\""));
    assert_status(a, 200);
    assert_text(answer_text(a, "/status"), "discontinued");
}

static void test_steps_of_many(void **state) {
    struct world *w = *state;
    const char *first = strrchr(product(w, "active"), '/') + 1, *second = strrchr(product(w, "draft"), '/') + 1;
    const char *path = world_text(w, PRODUCTS "?id__in=%s,%s", first, second);
    const struct answer *a = send(w, "PATCH", path, "{\"status\":\"discontinued\"}");
    refused(a, 409, "invalid_transition", world_text(w, "/%s/status", second), step_detail(w, 0));
    assert_text(answer_text(send(w, "GET", world_text(w, PRODUCTS "/%s", first), NULL), "/status"), "active");
    assert_status(send(w, "PATCH", path, "{\"status\":\"active\"}"), 200);
    assert_status(send(w, "PATCH", path, "{\"status\":\"discontinued\"}"), 200);
    assert_text(answer_text(send(w, "GET", world_text(w, PRODUCTS "/%s", second), NULL), "/status"), "discontinued");
}

static void test_steps_of_upsert(void **state) {
    struct world *w = *state;
    const char *sku[3];
    for (size_t i = 0; i < ARRAY_LEN(sku); i++) {
        sku[i] = answer_text(send(w, "GET", product(w, "active"), NULL), "/sku").ptr;
    }
    const char *body = world_text(w,
                                  "[{\"sku\":\"%s\",\"status\":\"discontinued\"},{\"sku\":\"%s\",\"status\":\"draft\"},"
                                  "{\"sku\":\"%s\",\"status\":\"end_of_life\"}]",
                                  sku[0], sku[1], sku[2]);
    const struct answer *a = send(w, "POST", PRODUCTS "?on_conflict=sku", body);
    refused(a, 409, "invalid_transition", "/1/status", step_detail(w, 1));
    assert_text(answer_text(a, "/errors/1/pointer"), "/2/status");
    a = send(w, "GET", world_text(w, PRODUCTS "?sku=%s", sku[0]), NULL);
    assert_text(answer_text(a, "/results/0/status"), "active"); /* all or nothing */
    const struct loopback_request import = {
        .method = "POST",
        .path = PRODUCTS "?on_conflict=sku",
        .token = w->tokens[GLOBEX_MANAGER],
        .body = world_text(w, "sku,status\n%s,discontinued\n%s,end_of_life\n", sku[0], sku[1]),
        .headers = {{"Content-Type", "text/csv"}}};
    a = loopback_send(w->loopback, &import);
    refused(a, 409, "invalid_transition", "/status", step_detail(w, 1));
    assert_int_equal(answer_integer(a, "/errors/0/row"), 2);
}

/* ---- categories ---- */

/* Of somebody whose rights have just been changed: the server has heard of it within two seconds. */
static void soon_stopped(struct world *w, const char *id, const char *told) {
    const char *detail = world_text(w, "Its category_type is that of %s; move what has it first.", told);
    const char *path = world_text(w, CATEGORIES "/%s", id);
    const struct answer *a = NULL;
    for (uint32_t i = 0; i < 400; i++) {
        a = world_ask(w, NOBODY, "PATCH", path, "{\"category_type\":\"ASSET\"}");
        if (str_equal(answer_text(a, "/detail"), detail)) {
            break;
        }
        nanosleep(&(struct timespec){0, 5000000}, NULL);
    }
    stopped(a, "category_in_use", detail);
}

static void test_types(void **state) {
    struct world *w = *state;
    const char *same = "A category and its parent must have the same category_type.";
    const char *top = category(w, NULL, "PRODUCT"), *asset = category(w, NULL, "ASSET");
    const char *below = category(w, top, "PRODUCT");
    refused(move(w, below, asset), 422, "wrong_category_type", "/parent", same);
    refused(send(w, "POST", CATEGORIES, world_text(w, "{\"name\":\"x\",\"parent\":\"%s\"}", asset)), 422,
            "wrong_category_type", "/parent", same);
    refused(change(w, below, "{\"category_type\":\"ASSET\"}"), 422, "wrong_category_type", "/category_type", same);
    stopped(change(w, top, "{\"category_type\":\"ASSET\"}"), "category_in_use",
            "Its category_type is that of 1 category below it; move what has it first.");
    const struct answer *a =
        change(w, below, world_text(w, "{\"category_type\":\"ASSET\",\"parent\":\"%s\"}", asset)); /* both at once */
    assert_status(a, 200);
    assert_text(answer_text(a, "/category_type"), "ASSET");
    assert_status(change(w, top, "{\"category_type\":\"OTHER\"}"), 200); /* nothing is below it any more */
    assert_status(change(w, top, "{\"category_type\":\"PRODUCT\"}"), 200);
    for (int i = 0; i < 2; i++) {
        assert_status(send(w, "POST", PRODUCTS, product_body(w, world_text(w, ",\"category\":\"%s\"", top))), 201);
    }
    stopped(change(w, top, "{\"category_type\":\"ASSET\"}"), "category_in_use",
            "Its category_type is that of 2 products in it; move what has it first.");
    (void)category(w, top, "PRODUCT");
    stopped(change(w, top, "{\"category_type\":\"ASSET\"}"), "category_in_use",
            "Its category_type is that of 1 category below it and 2 products in it; move what has it first.");
    const struct answer *list = send(w, "GET", world_text(w, PRODUCTS "?category=%s", top), NULL);
    const char *deleted = world_text(w, PRODUCTS "/%s", answer_text(list, "/results/0/id").ptr);
    assert_status(send(w, "DELETE", deleted, NULL), 204);
    stopped(
        change(w, top, "{\"category_type\":\"ASSET\"}"), "category_in_use",
        "Its category_type is that of 1 category below it, 1 product in it and 1 deleted product in it; move what has "
        "it first.");
}

/* What the caller may not view is not counted out to them, neither are fields. */
static void test_types_that_are_hidden(void **state) {
    struct world *w = *state;
    static const struct {
        const char *permissions, *told;
    } cases[] = {
        {"", "1 category below it and rows that you may not see"},
        {",product.delete_product", "1 category below it and rows that you may not see"},
        {",product.view_product", "1 category below it, 1 product in it and rows that you may not see"},
        {",product.view_product,product.delete_product",
         "1 category below it, 1 product in it and 1 deleted product in it"},
    };
    const char *globex = world_organizations[WORLD_GLOBEX].id, *top = category(w, NULL, "PRODUCT");
    const char *in_it = world_text(w, ",\"category\":\"%s\"", top), *role = NULL;
    (void)category(w, top, "PRODUCT");
    for (int i = 0; i < 2; i++) {
        const struct answer *a = send(w, "POST", PRODUCTS, product_body(w, in_it));
        assert_status(a, 201);
        if (i > 0) {
            a = send(w, "DELETE", world_text(w, PRODUCTS "/%s", answer_text(a, "/id").ptr), NULL);
            assert_status(a, 204);
        }
    }
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        role = grant_role(&w->pg, w->arena, globex,
                          world_text(w, "product.view_category,product.change_category%s", cases[i].permissions));
        grant_member(&w->pg, "nobody", globex, role, false);
        soon_stopped(w, top, cases[i].told);
    }
    const struct answer *a = world_ask(
        w, WORLD_ADMIN, "POST", "/api/v1/field-permissions",
        world_text(
            w, "{\"organization\":\"%s\",\"role\":\"%s\",\"resource\":\"product.product\",\"read_fields\":[\"name\"]}",
            globex, role));
    assert_status(a, 201);
    soon_stopped(w, top, "1 category below it and rows that you may not see");
    grant_nothing(&w->pg, "nobody");
}

static void test_cycles(void **state) {
    struct world *w = *state;
    const char *detail = "Choose a parent that is neither this category nor below it.";
    const char *top = category(w, NULL, "PRODUCT"), *middle = category(w, top, "PRODUCT");
    const char *low = category(w, middle, "PRODUCT");
    stopped(move(w, top, top), "cycle", detail);
    stopped(move(w, top, middle), "cycle", detail);
    stopped(move(w, top, low), "cycle", detail);
    const char *path = world_text(w, CATEGORIES "?id__in=%s,%s", middle, top);
    assert_problem(send(w, "PATCH", path, world_text(w, "{\"parent\":\"%s\"}", low)), 409, "cycle");
    assert_status(move(w, low, top), 200);
    assert_status(change(w, low, "{\"parent\":null}"), 200);
    assert_status(move(w, top, low), 200);
}

static void test_depth(void **state) {
    struct world *w = *state;
    const char *detail = "Choose a parent higher up: categories have 50 levels at most.";
    const char *at = NULL, *chain[50], *pair = category(w, NULL, "PRODUCT");
    for (size_t i = 0; i < ARRAY_LEN(chain); i++) {
        chain[i] = at = category(w, at, "PRODUCT");
    }
    const char *body = world_text(w, "{\"name\":\"deep\",\"parent\":\"%s\"}", at);
    refused(send(w, "POST", CATEGORIES, body), 422, "too_deep", "/parent", detail);
    refused(send(w, "POST", CATEGORIES, world_text(w, "[{\"name\":\"fine\"},%s]", body)), 422, "too_deep", "/1/parent",
            detail);
    assert_status(move(w, pair, chain[48]), 200);
    assert_status(change(w, pair, "{\"parent\":null}"), 200);
    (void)category(w, pair, "PRODUCT");
    refused(move(w, pair, chain[48]), 422, "too_deep", "/parent", detail); /* what is below it counts */
    assert_status(move(w, pair, chain[47]), 200);
    refused(move(w, chain[0], category(w, NULL, "PRODUCT")), 422, "too_deep", "/parent", detail);
}

static void test_foreign_parent(void **state) {
    struct world *w = *state;
    const struct resource *r = catalogue_resource(w->catalogue, "product.category");
    const char *foreign = world_make_row(w, r, WORLD_ACME), *own = category(w, NULL, "PRODUCT");
    refused(move(w, own, foreign), 422, "invalid_reference", "/parent", "does not name a row that can be used here");
}

static void test_protected(void **state) {
    struct world *w = *state;
    const char *top = category(w, NULL, "PRODUCT"), *below = category(w, top, "PRODUCT");
    const char *path = world_text(w, CATEGORIES "/%s", top);
    assert_problem(send(w, "DELETE", path, NULL), 409, "protected");
    assert_status(send(w, "DELETE", world_text(w, CATEGORIES "/%s", below), NULL), 204);
    const struct answer *a = send(w, "POST", PRODUCTS, product_body(w, world_text(w, ",\"category\":\"%s\"", top)));
    assert_status(a, 201);
    a = send(w, "DELETE", path, NULL);
    assert_problem(a, 409, "protected");
    assert_text(answer_text(a, "/errors/0/code"), "protected");
    assert_non_null(strstr(answer_text(a, "/errors/0/detail").ptr, "product.product"));
    a = world_ask(w, WORLD_ADMIN, "DELETE", world_text(w, UNITS "/%s", unit(w)), NULL);
    assert_problem(a, 409, "protected");
    assert_non_null(strstr(answer_text(a, "/errors/0/detail").ptr, "product.product"));
}

/* ---- references of products, one by one and in arrays ---- */

static const char *inactive_unit(struct world *w) {
    const char *body =
        world_text(w, "{\"code\":\"U%u\",\"name\":\"Unit %u\",\"uom_type\":\"MASS\",\"factor\":2,\"is_active\":false}",
                   w->serial + 1, w->serial + 1);
    const struct answer *a = world_ask(w, WORLD_ADMIN, "POST", UNITS, body);
    w->serial++;
    assert_status(a, 201);
    return world_text(w, "%s", answer_text(a, "/id").ptr);
}

static void test_references(void **state) {
    struct world *w = *state;
    const char *path = product(w, "draft"), *asset = category(w, NULL, "ASSET"), *old = inactive_unit(w);
    const char *type = "Use a category whose category_type is PRODUCT.",
               *active = "Use a unit of measure that is active.";
    const char *with_asset = world_text(w, "{\"category\":\"%s\"}", asset);
    const char *with_old = world_text(w, "{\"base_uom\":\"%s\"}", old);
    refused(send(w, "PATCH", path, with_asset), 422, "wrong_category_type", "/category", type);
    refused(send(w, "PATCH", path, with_old), 422, "inactive_unit", "/base_uom", active);
    refused(send(w, "POST", PRODUCTS, product_body(w, world_text(w, ",\"category\":\"%s\"", asset))), 422,
            "wrong_category_type", "/category", type);
    refused(send(w, "PUT", path, product_body(w, world_text(w, ",\"category\":\"%s\"", asset))), 422,
            "wrong_category_type", "/category", type);
    const char *id = strrchr(path, '/') + 1;
    refused(send(w, "PATCH", world_text(w, PRODUCTS "?id=%s", id), with_old), 422, "inactive_unit", "/base_uom",
            active);
    const char *both =
        world_text(w, "{\"name\":\"b\",\"sku\":\"b\",\"base_uom\":\"%s\",\"category\":\"%s\"}", old, asset);
    const char *body = world_text(w, "[%s,%s,{\"sku\":\"c\"},%s]", product_body(w, ""), both,
                                  product_body(w, world_text(w, ",\"category\":\"%s\"", asset)));
    const struct answer *a = send(w, "POST", PRODUCTS, body);
    assert_problem(a, 422, "invalid");
    static const struct {
        const char *pointer, *code;
    } expected[] = {{"/2/name", "required"},
                    {"/2/base_uom", "required"},
                    {"/1/base_uom", "inactive_unit"},
                    {"/1/category", "wrong_category_type"},
                    {"/3/category", "wrong_category_type"}};
    size_t found = 0, count = jx_size(answer_at(a, "/errors"));
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < ARRAY_LEN(expected); k++) {
            found += str_equal(answer_text(a, world_text(w, "/errors/%zu/pointer", i)), expected[k].pointer) &&
                     str_equal(answer_text(a, world_text(w, "/errors/%zu/code", i)), expected[k].code);
        }
    }
    assert_true(count >= 2 && found == count);
}

/* The row that is wrong is told from those around it, that are checked by the same statement. */
static void test_one_of_an_array(void **state) {
    struct world *w = *state;
    const char *used = category(w, NULL, "PRODUCT"), *asset = category(w, NULL, "ASSET");
    const char *uom = unit(w);
    struct str body;
    str_init(&body, w->arena, 64 * 1024);
    for (int i = 0; i < 200; i++) {
        str_printf(&body, "%c{\"name\":\"p\",\"sku\":\"AR-%d\",\"base_uom\":\"%s\",\"category\":\"%s\"}", i ? ',' : '[',
                   i, uom, i == 150 ? asset : used);
    }
    str_putc(&body, ']');
    const struct answer *a = send(w, "POST", PRODUCTS, str_done(&body).ptr);
    refused(a, 422, "wrong_category_type", "/150/category", "Use a category whose category_type is PRODUCT.");
    assert_int_equal(jx_size(answer_at(a, "/errors")), 1);
}

/* ---- units ---- */

static void test_factors(void **state) {
    struct world *w = *state;
    static const char *const wrong[] = {"0", "-1", "\"0.0000000000000001\"", "\"1000000000000001\"", "\"0.000\""};
    const char *detail = "Use a factor from 1e-15 to 1e15, or null for what cannot be converted.";
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        const char *body =
            world_text(w, "{\"code\":\"F\",\"name\":\"F\",\"uom_type\":\"MASS\",\"factor\":%s}", wrong[i]);
        refused(world_ask(w, WORLD_ADMIN, "POST", UNITS, body), 422, "out_of_range", "/factor", detail);
    }
    const char *body = "{\"code\":\"MOST\",\"name\":\"Most\",\"uom_type\":\"VOLUME\",\"factor\":\"1000000000000000\"}";
    assert_status(world_ask(w, WORLD_ADMIN, "POST", UNITS, body), 201);
    body = "{\"code\":\"LEAST\",\"name\":\"Least\",\"uom_type\":\"VOLUME\",\"factor\":\"0.000000000000001\"}";
    assert_status(world_ask(w, WORLD_ADMIN, "POST", UNITS, body), 201);
    assert_problem(send(w, "POST", UNITS, body), 403, "permission_denied");
}

static const struct answer *convert(struct world *w, const char *query) {
    return world_ask(w, 5, "GET", world_text(w, UNITS "/convert?%s", query), NULL); /* nobody may */
}

static void test_convert(void **state) {
    struct world *w = *state;
    static const struct {
        const char *query, *result;
    } good[] = {{"from=KG&to=LB&value=10", "22.046226218488"},
                {"from=IN&to=CM&value=-0.5", "-1.27"},
                {"from=DAY&to=S&value=1.5", "129600"},
                {"from=GAL&to=GAL&value=0.1", "0.1"},
                {"from=MG&to=T&value=0.0001", "0"}, /* beyond twelve places */
                {"from=KG&to=LB&value=0", "0"},
                {"from=MOST&to=LEAST&value=1000000000000", "1000000000000000000000000000000000000000000"}};
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        assert_text(answer_text(convert(w, good[i].query), "/result"), good[i].result);
    }
    static const char *const impossible[] = {"from=KG&to=M&value=1", "from=KG&to=NONE&value=1",
                                             "from=BOX&to=BOX&value=1", "from=MONTH&to=DAY&value=1",
                                             "from=kg&to=LB&value=1"};
    for (size_t i = 0; i < ARRAY_LEN(impossible); i++) {
        const struct answer *a = convert(w, impossible[i]);
        assert_problem(a, 422, "not_convertible");
        assert_text(answer_text(a, "/detail"),
                    "Use the codes of two units that exist, are of one uom_type and have a factor.");
    }
    static const char *const wrong[] = {"from=KG&to=LB&value=ten",
                                        "from=KG&to=LB",
                                        "from=KG&value=1",
                                        "from=KG&to=LB&value=",
                                        "from=KG&to=LB&value=1000000000001",
                                        "from=KG&to=LB&value=-1000000000001",
                                        "from=KG&to=LB&value=1e400",
                                        "from=KG&to=LB&value=NaN",
                                        "from=&to=LB&value=1"};
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        const struct answer *a = convert(w, wrong[i]);
        assert_int_equal(a->status / 100, 4);
        assert_true(jx_size(answer_at(a, "/errors")) == 1);
    }
    /* products that have it are still there, so what is no longer chosen is still converted */
    const struct answer *a = world_ask(w, WORLD_ADMIN, "GET", world_text(w, UNITS "/%s", inactive_unit(w)), NULL);
    a = convert(w, world_text(w, "from=%s&to=KG&value=3", answer_text(a, "/code").ptr));
    assert_text(answer_text(a, "/result"), "6");
}

/* ---- attributes ---- */

static void test_attributes(void **state) {
    struct world *w = *state;
    static const char *const attributes[] = {"{\"color\":\"red\",\"size\":{\"width\":3,\"unit\":{\"name\":\"mm\"}}}",
                                             "{\"color\":\"red\",\"size\":{\"width\":12,\"unit\":{\"name\":\"cm\"}}}",
                                             "{\"color\":\"blue\",\"size\":{\"width\":5}}", "{}"};
    for (size_t i = 0; i < ARRAY_LEN(attributes); i++) {
        const char *more = world_text(w, ",\"tags\":[\"attr\"],\"attributes\":%s", attributes[i]);
        assert_status(send(w, "POST", PRODUCTS, product_body(w, more)), 201);
    }
    static const struct {
        const char *filter;
        size_t count;
    } asked[] = {{"attributes__color=red", 2},
                 {"attributes__size__width__gte=5", 2}, /* a number, not a text */
                 {"attributes__size__width=12", 1},
                 {"attributes__size__unit__name=cm", 1},
                 {"attributes__size__unit__name__in=cm,mm", 2},
                 {"attributes__color=red&attributes__size__width__lt=10", 1},
                 {"attributes__size__unit__isnull=true", 2},
                 {"attributes__contains={\"size\":{\"width\":5}}", 1},
                 {"filter={\"or\":[{\"attributes__color\":\"blue\"},{\"attributes__size__width\":3}]}", 2},
                 {"attributes__size__height=1", 0}};
    for (size_t i = 0; i < ARRAY_LEN(asked); i++) {
        const struct answer *a = send(w, "GET", world_text(w, PRODUCTS "?tags=attr&%s", asked[i].filter), NULL);
        assert_status(a, 200);
        assert_int_equal(jx_size(answer_at(a, "/results")), asked[i].count);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_step),      cmocka_unit_test(test_steps_of_put),
        cmocka_unit_test(test_steps_of_many),   cmocka_unit_test(test_steps_of_upsert),
        cmocka_unit_test(test_types),           cmocka_unit_test(test_types_that_are_hidden),
        cmocka_unit_test(test_cycles),          cmocka_unit_test(test_depth),
        cmocka_unit_test(test_foreign_parent),  cmocka_unit_test(test_protected),
        cmocka_unit_test(test_references),      cmocka_unit_test(test_factors),
        cmocka_unit_test(test_convert),         cmocka_unit_test(test_attributes),
        cmocka_unit_test(test_one_of_an_array),
    };
    return cmocka_run_group_tests_name("products", tests, world_setup, world_teardown);
}
