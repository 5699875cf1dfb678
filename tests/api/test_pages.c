/* SPDX-License-Identifier: MIT
 * test_pages.c - numbered pages and counts on a real database: the same rows as by cursors, and a number that is that of
 * the rows the caller sees, whatever others have. */
#include "test.h"

#include <stdio.h>

#include "world.h"

enum { MANY = 20000, OTHERS = 60000, ACME_MANAGER = 1, GLOBEX_MANAGER = 3, BOTH = 4 };

static const struct answer *list(struct world *w, size_t user, const char *path) {
    const struct answer *a = world_ask(w, user, "GET", path, NULL);
    world_must(a, 200, user, path);
    return a;
}

static size_t rows_of(const struct answer *a) {
    size_t count = 0;
    char pointer[32];
    for (; snprintf(pointer, sizeof pointer, "/results/%zu", count) > 0 && answer_at(a, pointer); count++) {
    }
    return count;
}

static alees_str id_of(const struct answer *a, size_t row) {
    char pointer[64];
    (void)snprintf(pointer, sizeof pointer, "/results/%zu/id", row);
    return answer_text(a, pointer);
}

/* Follows "next" to the end: all ids, one after the other. */
static const char *walk(struct world *w, size_t user, const char *path, size_t *ret_rows, int64_t count) {
    struct str ids;
    *ret_rows = 0;
    str_init(&ids, w->arena, 4096);
    while (path != NULL) {
        const struct answer *a = list(w, user, path);
        for (size_t i = 0; i < rows_of(a); i++) {
            str_view(&ids, id_of(a, i));
            str_putc(&ids, '\n');
            ++*ret_rows;
        }
        if (count >= 0) {
            assert_int_equal(answer_integer(a, "/count"), count);
        }
        alees_str next = answer_text(a, "/next");
        path = next.ptr ? world_text(w, "%s", next.ptr) : NULL;
    }
    str_putc(&ids, '\0');
    return str_done(&ids).ptr;
}

/* Every user, every resource: what is counted is what can be listed, and pages show what cursors show. */
static void check_resource(struct world *w, const struct resource *r) {
    for (size_t user = 0; user < WORLD_USERS; user++) {
        size_t rows, paged;
        const struct answer *a = world_ask(w, user, "GET", world_list_path(w, r, ""), NULL);
        if (a->status == 403) {
            assert_problem(world_ask(w, user, "GET", world_list_path(w, r, "?count=exact"), NULL), 403,
                           "permission_denied");
            continue;
        }
        const char *by_cursor = walk(w, user, world_list_path(w, r, "?page_size=3"), &rows, -1);
        const char *by_page = walk(w, user, world_list_path(w, r, "?page_size=3&page=1"), &paged, (int64_t)rows);
        assert_int_equal(rows, paged);
        assert_string_equal(by_cursor, by_page);
        a = list(w, user, world_list_path(w, r, "?count=exact"));
        assert_int_equal(answer_integer(a, "/count"), rows);
        a = list(w, user, world_list_path(w, r, "?count=estimated&page_size=1"));
        assert_int_equal(answer_integer(a, "/count"), rows);
        a = list(w, user, world_list_path(w, r, "?count=exact&created_at__lt=2001-01-01T00:00:00Z"));
        assert_int_equal(answer_integer(a, "/count"), 0);
    }
}

static void test_counts_what_is_seen(void **state) {
    world_each_resource(*state, false, check_resource);
}

static void test_resources_of_all(void **state) {
    struct world *w = *state;
    check_resource(w, catalogue_resource(w->catalogue, "product.unit_of_measure"));
    check_resource(w, catalogue_resource(w->catalogue, "rbac.organization_membership"));
    check_resource(w, catalogue_resource(w->catalogue, "rbac.user")); /* SEVERAL */
    check_resource(w, catalogue_resource(w->catalogue, "rbac.role")); /* shared */
}

/* As many values as a list can bind, all at once. */
static void test_many_values(void **state) {
    struct world *w = *state;
    const char *path = "/api/v1/products?search=a%20b%20c%20d%20e%20f%20g%20h&page=2&page_size=3&status=active&"
                       "ordering=-name,created_at,sku";
    assert_int_equal(answer_integer(list(w, BOTH, path), "/count"), 0);
}

static void test_who_counts(void **state) {
    struct world *w = *state;
    const struct answer *a = list(w, ACME_MANAGER, "/api/v1/products");
    assert_null(answer_text(a, "/count").ptr);
    assert_non_null(strstr(a->body.ptr, "\"count\":null}"));
    struct loopback_request request = {.method = "GET",
                                       .path = "/api/v1/products?page_size=1",
                                       .token = w->tokens[ACME_MANAGER],
                                       .headers = {{"Prefer", "count=exact"}}};
    a = loopback_send(w->loopback, &request);
    assert_status(a, 200);
    assert_true(answer_integer(a, "/count") > 1);
    assert_text(answer_header(a, "Preference-Applied"), "count=exact");
    request.path = "/api/v1/products?page_size=1&count=none";
    a = loopback_send(w->loopback, &request);
    assert_non_null(strstr(a->body.ptr, "\"count\":null}"));
    assert_absent(answer_header(a, "Preference-Applied"));
    /* what has no number of rows is not said to have one */
    request.path = "/api/v1/contacts/tags";
    a = loopback_send(w->loopback, &request);
    assert_status(a, 200);
    assert_absent(answer_header(a, "Preference-Applied"));
    request.path = "/api/v1/products";
    request.headers[1][0] = "Accept";
    request.headers[1][1] = "text/csv";
    a = loopback_send(w->loopback, &request);
    assert_status(a, 200);
    assert_absent(answer_header(a, "Preference-Applied"));
    request.headers[1][0] = NULL;
    request.path = "/api/v1/products/00000000-0000-7000-8000-000000000000";
    assert_problem(loopback_send(w->loopback, &request), 404, "not_found");
    assert_problem(world_ask(w, ACME_MANAGER, "GET", "/api/v1/products?page=1&cursor=x", NULL), 400, "bad_parameter");
    assert_problem(world_ask(w, ACME_MANAGER, "GET", "/api/v1/products?pge=1", NULL), 400, "unknown_parameter");
}

/* Many rows of Acme, all active; many more of Globex, where one of a hundred is. */
static void make_rows(struct world *w, size_t organization, int step, int count) {
    pg_exec(&w->pg,
            world_text(w,
                       "INSERT INTO product.product (organization_id, name, sku, status, base_uom_id) SELECT "
                       "'%s', 'many ' || n, 'many-' || n, CASE WHEN n %% %d = 0 THEN 'active' ELSE 'draft' END, "
                       "(SELECT id FROM product.unit_of_measure LIMIT 1) FROM generate_series(1, %d) AS n",
                       world_organizations[organization].id, step, count));
}

static int64_t count_of(struct world *w, size_t user, const char *query) {
    return answer_integer(list(w, user, world_text(w, "/api/v1/products?page_size=1&%s", query)), "/count");
}

static void check_near(int64_t number, int64_t expected) {
    if (number < expected * 7 / 10 || number > expected * 13 / 10) {
        fail_msg("%lld is not near %lld", (long long)number, (long long)expected);
    }
}

static void test_estimates(void **state) {
    struct world *w = *state;
    make_rows(w, WORLD_ACME, 1, MANY);
    make_rows(w, WORLD_GLOBEX, 100, OTHERS);
    assert_true(count_of(w, GLOBEX_MANAGER, "count=estimated") >= 10001); /* nothing is known of the table yet */
    assert_true(count_of(w, ACME_MANAGER, "count=estimated&status=active") >= 10001);
    pg_exec(&w->pg, "ANALYZE product.product");
    int64_t acme = count_of(w, ACME_MANAGER, "count=exact");
    int64_t active = count_of(w, ACME_MANAGER, "count=exact&status=active");
    assert_true(active >= MANY);
    check_near(count_of(w, GLOBEX_MANAGER, "count=estimated"), OTHERS);
    check_near(count_of(w, ACME_MANAGER, "count=estimated"), acme);
    check_near(count_of(w, WORLD_ADMIN, "count=estimated"), MANY + OTHERS);
    check_near(count_of(w, WORLD_ADMIN, "count=estimated&status=active"), MANY + OTHERS / 100);
    assert_int_equal(count_of(w, GLOBEX_MANAGER, "count=estimated&status=active"),
                     count_of(w, GLOBEX_MANAGER, "count=exact&status=active")); /* few: exact */
    check_near(count_of(w, ACME_MANAGER, "count=estimated&name__startswith=many"), MANY);
    check_near(count_of(w, ACME_MANAGER, "count=estimated&status=active"), active);
}

/* Another organization's values do not move a filtered estimate: the planner, asked about both, would say a quarter. */
static void test_an_estimate_tells_nothing_of_others(void **state) {
    struct world *w = *state;
    const char *of_acme = world_text(w, "organization_id = '%s'", world_organizations[WORLD_ACME].id);
    const char *sql = "SELECT count(*) FROM product.product WHERE status = 'active'";
    assert_true(pg_count(&w->pg, sql) * 3 < MANY + OTHERS); /* so that the share in the whole table is small */
    assert_true(pg_count(&w->pg, world_text(w, "%s AND %s", sql, of_acme)) >= MANY);
    check_near(count_of(w, ACME_MANAGER, "count=estimated&status=active"), MANY);
    check_near(count_of(w, ACME_MANAGER, "count=estimated&filter=%7B%22not%22:%7B%22status%22:%22draft%22%7D%7D"),
               MANY);
}

/* Behind the deepest numbered page a cursor goes on: who follows "next" sees every row once. */
static void test_deep_pages(void **state) {
    struct world *w = *state;
    size_t rows, through;
    const char *query = "/api/v1/products?page_size=200&ordering=-name,id";
    const char *by_cursor = walk(w, ACME_MANAGER, query, &rows, -1);
    assert_true(rows > 10200);
    const char *by_page = walk(w, ACME_MANAGER, world_text(w, "%s&page=50", query), &through, -1);
    assert_int_equal(through, rows - (size_t)49 * 200);
    assert_string_equal(by_page, by_cursor + 49 * 200 * 37);
    const struct answer *a = list(w, ACME_MANAGER, world_text(w, "%s&page=51", query));
    assert_non_null(strstr(answer_text(a, "/next").ptr, "cursor="));
    assert_null(strstr(answer_text(a, "/next").ptr, "page=5"));
    assert_non_null(strstr(answer_text(a, "/previous").ptr, "page=50"));
    a = world_ask(w, ACME_MANAGER, "GET", world_text(w, "%s&page=52", query), NULL);
    assert_problem(a, 400, "bad_parameter");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_counts_what_is_seen), cmocka_unit_test(test_resources_of_all),
        cmocka_unit_test(test_many_values),         cmocka_unit_test(test_who_counts),
        cmocka_unit_test(test_estimates),           cmocka_unit_test(test_an_estimate_tells_nothing_of_others),
        cmocka_unit_test(test_deep_pages),
    };
    return cmocka_run_group_tests_name("pages", tests, world_setup, world_teardown);
}
