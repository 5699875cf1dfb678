/* SPDX-License-Identifier: MIT
 * test_engine.c - the resource engine through the whole server: paging over every row in both directions, ordering,
 * filters, writes, conflicts, entity tags. Who may see what is tests/isolation's. */
#include "test.h"

#include <stdio.h>

#include "alees/util.h"
#include "world.h"

enum { ADMIN, ACME_MANAGER, ACME_VIEWER, GLOBEX_MANAGER, BOTH, NOBODY };
enum { MOST = 4000 };

#define UNKNOWN_ID "01930000-0000-7000-8000-00000000ffff"

static const struct answer *get(struct world *w, size_t user, const char *path) {
    const struct answer *a = world_ask(w, user, "GET", path, NULL);
    world_must(a, 200, user, path);
    return a;
}

static const char *text_at(struct world *w, const struct answer *a, const char *pointer) {
    alees_str text = answer_text(a, pointer);
    if (text.ptr == NULL) {
        fail_msg("no text at %s of %.*s", pointer, STR_FMT(a->body));
    }
    return world_text(w, "%.*s", STR_FMT(text));
}

static const char *link_of(struct world *w, const struct answer *a, const char *name) {
    alees_str text = answer_text(a, name);
    return text.ptr != NULL ? world_text(w, "%.*s", STR_FMT(text)) : NULL;
}

/* ---- reading ---- */

struct walk {
    const char *ids[MOST];
    uint32_t count, pages;
    const char *last; /* the address of the last page */
};

/* Every page from path on; forward by next, or by previous, each page then from its end. */
static void walk(struct world *w, size_t user, const char *path, bool is_backward, struct walk *ret_walk) {
    struct walk *k = ret_walk;
    k->count = k->pages = 0;
    for (const char *at = path; at != NULL; k->pages++) {
        const struct answer *a = get(w, user, at);
        uint32_t rows = jx_size(answer_at(a, "/results"));
        assert_true(k->pages < MOST);
        for (uint32_t i = 0; i < rows; i++) {
            assert_true(k->count < MOST);
            k->ids[k->count++] = text_at(w, a, world_text(w, "/results/%u/id", is_backward ? rows - 1 - i : i));
        }
        assert_int_equal(jx_kind(answer_at(a, "/count")), ALEES_JSON_NULL);
        k->last = at;
        at = link_of(w, a, is_backward ? "/previous" : "/next");
    }
}

static int compare_texts(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void check_unique(const struct walk *k) {
    static const char *sorted[MOST];
    memcpy(sorted, k->ids, k->count * sizeof sorted[0]);
    qsort(sorted, k->count, sizeof sorted[0], compare_texts);
    for (uint32_t i = 1; i < k->count; i++) {
        assert_string_not_equal(sorted[i - 1], sorted[i]);
    }
}

static void check_same(const struct walk *a, const struct walk *b, bool is_turned) {
    assert_int_equal(a->count, b->count);
    for (uint32_t i = 0; i < a->count; i++) {
        assert_string_equal(a->ids[i], b->ids[is_turned ? b->count - 1 - i : i]);
    }
}

/* One caller in one organization, in several, and everywhere: three different statements. Rows of the demonstration are of
 * one transaction, so that created_at ties everywhere and only the id decides. */
static void test_every_row_once_in_both_directions(void **state) {
    static const struct {
        size_t user;
        const char *query;
        uint32_t rows;
    } rows[] = {
        {ACME_MANAGER, "", 500},
        {BOTH, "", 1000},
        {ADMIN, "", 1500},
        {BOTH, "&ordering=-created_at", 1000},
        {BOTH, "&ordering=-name,created_at", 1000}, /* keys that go different ways */
        {ADMIN, "&ordering=created_at,-sku,name", 1500},
        {ACME_MANAGER, "&ordering=id", 500},
        {ACME_VIEWER, "&ordering=-sku&status=active", 0},
    };
    static struct walk small, large, back;
    struct world *w = *state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        walk(w, rows[i].user, world_text(w, "/api/v1/products?page_size=200%s", rows[i].query), false, &large);
        walk(w, rows[i].user, world_text(w, "/api/v1/products?page_size=37%s", rows[i].query), false, &small);
        assert_true(large.count > 400);
        if (rows[i].rows > 0) {
            assert_int_equal(large.count, rows[i].rows);
        }
        assert_int_equal(small.pages, (small.count + 36) / 37);
        check_unique(&large);
        check_same(&small, &large, false);
        walk(w, rows[i].user, small.last, true, &back);
        check_same(&small, &back, true);
        assert_int_equal(small.pages, back.pages);
    }
}

static void test_order_is_as_asked(void **state) {
    struct world *w = *state;
    const struct answer *up = get(w, ADMIN, "/api/v1/products?page_size=200&ordering=id");
    const struct answer *down = get(w, ADMIN, "/api/v1/products?page_size=200&ordering=-created_at");
    for (uint32_t i = 1; i < 200; i++) {
        assert_true(strcmp(text_at(w, up, world_text(w, "/results/%u/id", i - 1)),
                           text_at(w, up, world_text(w, "/results/%u/id", i))) < 0);
        assert_true(strcmp(text_at(w, down, world_text(w, "/results/%u/created_at", i - 1)),
                           text_at(w, down, world_text(w, "/results/%u/created_at", i))) >= 0);
    }
}

/* A page may be asked for in another size on the way, and a row that vanishes does not shift the others. */
static void test_size_may_change_and_rows_may_go(void **state) {
    static struct walk before;
    struct world *w = *state;
    const struct resource *r = catalogue_resource(w->catalogue, "contact.contact");
    const char *list = "/api/v1/contacts?page_size=5&ordering=-created_at", *cursor;
    const struct answer *a;
    for (int i = 0; i < 12; i++) {
        (void)world_make_row(w, r, WORLD_GLOBEX);
    }
    walk(w, GLOBEX_MANAGER, list, false, &before);
    a = get(w, GLOBEX_MANAGER, list);
    world_must(world_ask(w, GLOBEX_MANAGER, "DELETE", world_text(w, "/api/v1/contacts/%s", before.ids[4]), NULL), 204,
               GLOBEX_MANAGER, "delete the row that the cursor stands at");
    cursor = strstr(link_of(w, a, "/next"), "cursor=");
    a = get(w, GLOBEX_MANAGER, world_text(w, "/api/v1/contacts?page_size=3&ordering=-created_at&%s", cursor));
    assert_int_equal(jx_size(answer_at(a, "/results")), 3);
    assert_string_equal(text_at(w, a, "/results/0/id"), before.ids[5]);
}

static void test_links(void **state) {
    struct world *w = *state;
    const struct answer *first = get(w, ACME_VIEWER, "/api/v1/products?page_size=10&name=nobody%20has%20this%20name");
    assert_int_equal(jx_size(answer_at(first, "/results")), 0);
    assert_int_equal(jx_kind(answer_at(first, "/next")), ALEES_JSON_NULL);
    assert_int_equal(jx_kind(answer_at(first, "/previous")), ALEES_JSON_NULL);
    assert_absent(answer_header(first, "Link"));
    first = get(w, ACME_VIEWER, "/api/v1/products/?page_size=10&status=active");
    const char *next = link_of(w, first, "/next");
    assert_true(str_starts(test_view(next), "/api/v1/products?page_size=10&status=active&cursor="));
    assert_text(answer_header(first, "Link"), world_text(w, "<%s>; rel=\"next\"", next));
    const struct answer *second = get(w, ACME_VIEWER, next);
    assert_text(answer_header(second, "Link"),
                world_text(w,
                           "<%s>; rel=\"next\", <%s>; rel=\"prev\", "
                           "</api/v1/products?page_size=10&status=active>; rel=\"first\"",
                           link_of(w, second, "/next"), link_of(w, second, "/previous")));
    assert_text(answer_header(second, "Content-Type"), "application/json");
}

/* ---- cursors ---- */

static void test_a_cursor_is_bound_to_user_and_query(void **state) {
    struct world *w = *state;
    const char *next = link_of(w, get(w, ACME_MANAGER, "/api/v1/products?page_size=10&status=active"), "/next");
    const char *cursor = strstr(next, "cursor=") + strlen("cursor=");
    const char *const paths[] = {
        world_text(w, "/api/v1/products?page_size=10&cursor=%s", cursor),
        world_text(w, "/api/v1/products?page_size=10&status=draft&cursor=%s", cursor),
        world_text(w, "/api/v1/products?page_size=10&status=active&ordering=-name&cursor=%s", cursor),
        world_text(w, "/api/v1/products?status=active&organization=%s&cursor=%s", world_organizations[0].id, cursor),
        world_text(w, "/api/v1/categories?cursor=%s", cursor),
        world_text(w, "/api/v1/products?page_size=10&status=active&cursor=%sA", cursor),
        world_text(w, "/api/v1/products?page_size=10&status=active&cursor=A%s", cursor),
        world_text(w, "/api/v1/products?page_size=10&status=active&cursor="),
    };
    (void)get(w, ACME_MANAGER, next);
    (void)get(w, ACME_MANAGER, world_text(w, "/api/v1/products?status=active&cursor=%s", cursor)); /* another size */
    for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
        assert_problem(world_ask(w, ACME_MANAGER, "GET", paths[i], NULL), 400, "invalid_cursor");
    }
    assert_problem(world_ask(w, ADMIN, "GET", next, NULL), 400, "invalid_cursor");
    assert_problem(world_ask(w, NOBODY, "GET", next, NULL), 400, "invalid_cursor");
}

/* ---- filters ---- */

static uint32_t count_rows(struct world *w, size_t user, const char *query) {
    static struct walk k;
    walk(w, user, world_text(w, "/api/v1/products?page_size=200%s", query), false, &k);
    return k.count;
}

static void test_filters(void **state) {
    struct world *w = *state;
    const struct answer *a = get(w, ACME_MANAGER, "/api/v1/products?page_size=1");
    const char *name = text_at(w, a, "/results/0/sku"), *category = text_at(w, a, "/results/0/category");
    uint32_t of_status = 0;
    static const char *const statuses[] = {"draft", "active", "discontinued", "end_of_life"};
    for (size_t i = 0; i < ARRAY_LEN(statuses); i++) {
        uint32_t count = count_rows(w, ACME_MANAGER, world_text(w, "&status=%s", statuses[i]));
        assert_true(count > 0 && count < 500);
        of_status += count;
    }
    assert_int_equal(of_status, 500);
    assert_int_equal(count_rows(w, ACME_MANAGER, world_text(w, "&sku=%s", name)), 1);
    assert_int_equal(count_rows(w, BOTH, world_text(w, "&sku=%s", name)), 2); /* in each organization */
    assert_int_equal(count_rows(w, ACME_MANAGER, "&tags=bestseller"), 50);
    assert_int_equal(count_rows(w, ACME_MANAGER, "&tags=bestseller&status=active&is_sellable=true&category=null"), 0);
    assert_true(count_rows(w, BOTH, world_text(w, "&category=%s", category)) > 0);
    assert_int_equal(count_rows(w, ACME_MANAGER, world_text(w, "&category=%s", UNKNOWN_ID)), 0);
    assert_int_equal(count_rows(w, ACME_MANAGER, world_text(w, "&id=%s", text_at(w, a, "/results/0/id"))), 1);
    assert_int_equal(count_rows(w, ACME_MANAGER, "&sku=%27%20OR%20true%20--"), 0);
}

static void test_organization_narrows(void **state) {
    struct world *w = *state;
    uint32_t acme = count_rows(w, BOTH, world_text(w, "&organization=%s", world_organizations[WORLD_ACME].id));
    assert_int_equal(acme, 500);
    assert_int_equal(count_rows(w, ADMIN, world_text(w, "&organization=%s", world_organizations[WORLD_GLOBEX].id)),
                     500);
    assert_int_equal(count_rows(w, ADMIN, "&organization=" UNKNOWN_ID), 0);
    const struct answer *foreign =
        get(w, ACME_VIEWER, world_text(w, "/api/v1/products?organization=%s", world_organizations[WORLD_GLOBEX].id));
    const struct answer *unknown = get(w, ACME_VIEWER, "/api/v1/products?organization=" UNKNOWN_ID);
    assert_true(alees_equal(foreign->body, unknown->body));
    assert_text(foreign->body, "{\"results\":[],\"next\":null,\"previous\":null,\"count\":null}");
    assert_true(alees_equal(get(w, NOBODY, "/api/v1/products")->body, unknown->body));
}

static void test_bad_queries(void **state) {
    static const struct {
        const char *query, *code;
    } rows[] = {
        {"nmae=x", "unknown_parameter"},    {"attributes=x", "bad_parameter"},    {"page_size=0", "bad_parameter"},
        {"page_size=201", "bad_parameter"}, {"ordering=status", "bad_parameter"}, {"status=x", "bad_parameter"},
        {"is_sellable=1", "bad_parameter"}, {"cursor=x", "invalid_cursor"},       {"sku=a&sku=b", "bad_parameter"}};
    struct world *w = *state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const char *path = world_text(w, "/api/v1/products?%s", rows[i].query);
        assert_problem(world_ask(w, ACME_VIEWER, "GET", path, NULL), 400, rows[i].code);
        assert_problem(world_ask(w, NOBODY, "GET", path, NULL), 400, rows[i].code);
    }
    assert_problem(world_ask(w, ACME_VIEWER, "GET", "/api/v1/products/" UNKNOWN_ID "?x=1", NULL), 400,
                   "unknown_parameter");
}

/* ---- writing ---- */

static const char *unit(struct world *w, const char *code) {
    return text_at(w, get(w, NOBODY, world_text(w, "/api/v1/units-of-measure?code=%s", code)), "/results/0/id");
}

static const struct answer *create(struct world *w, size_t user, const char *sku, const char *more) {
    const char *body =
        world_text(w, "{\"name\":\"Bolt\",\"sku\":\"%s\",\"base_uom\":\"%s\"%s}", sku, unit(w, "EA"), more);
    return world_ask(w, user, "POST", "/api/v1/products", body);
}

static const struct answer *ask_with(struct world *w, size_t user, const char *method, const char *path,
                                     const char *body, const char *header, const char *value) {
    const struct loopback_request request = {
        .method = method, .path = path, .token = w->tokens[user], .body = body, .headers = {{header, value}}};
    return loopback_send(w->loopback, &request);
}

static void test_the_life_of_a_row(void **state) {
    struct world *w = *state;
    const struct answer *made =
        create(w, GLOBEX_MANAGER, "LIFE-1", ",\"tags\":[\"a\\\"b\",\"c\"],\"attributes\":{\"k\":[1]}");
    world_must(made, 201, GLOBEX_MANAGER, "create");
    const char *id = text_at(w, made, "/id"), *path = world_text(w, "/api/v1/products/%s", id);
    assert_text(answer_header(made, "Location"), path);
    assert_text(answer_header(made, "ETag"), world_text(w, "\"%s-1\"", id));
    assert_text(answer_text(made, "/organization"), world_organizations[WORLD_GLOBEX].id);
    assert_text(answer_text(made, "/status"), "draft");
    assert_text(answer_text(made, "/tags/0"), "a\"b");
    assert_int_equal(answer_integer(made, "/attributes/k/0"), 1);
    assert_int_equal(answer_text(made, "/created_at").len, strlen("2026-11-22T14:05:00.100000Z"));
    assert_text(answer_text(made, "/created_by"), text_at(w, made, "/updated_by"));
    assert_true(alees_equal(get(w, GLOBEX_MANAGER, path)->body, made->body));

    const struct answer *changed =
        world_ask(w, GLOBEX_MANAGER, "PATCH", path, "{\"status\":\"active\",\"category\":null}");
    world_must(changed, 200, GLOBEX_MANAGER, "patch");
    assert_text(answer_header(changed, "ETag"), world_text(w, "\"%s-2\"", id));
    assert_text(answer_text(changed, "/status"), "active");
    assert_text(answer_text(changed, "/sku"), "LIFE-1");
    assert_text(answer_text(changed, "/created_at"), text_at(w, made, "/created_at"));
    assert_true(alees_equal(get(w, GLOBEX_MANAGER, path)->body, changed->body));

    const struct answer *same = world_ask(w, GLOBEX_MANAGER, "PATCH", path, "{}");
    world_must(same, 200, GLOBEX_MANAGER, "empty patch");
    assert_true(alees_equal(same->body, changed->body)); /* not even updated_at */
    assert_text(answer_header(same, "ETag"), world_text(w, "\"%s-2\"", id));

    world_must(world_ask(w, GLOBEX_MANAGER, "DELETE", path, NULL), 204, GLOBEX_MANAGER, "delete");
    assert_problem(world_ask(w, GLOBEX_MANAGER, "GET", path, NULL), 404, "not_found");
    assert_problem(world_ask(w, GLOBEX_MANAGER, "PATCH", path, "{}"), 404, "not_found");
    assert_problem(world_ask(w, GLOBEX_MANAGER, "DELETE", path, NULL), 404, "not_found");
}

static void test_entity_tags(void **state) {
    struct world *w = *state;
    const struct answer *made = create(w, GLOBEX_MANAGER, "ETAG-1", "");
    world_must(made, 201, GLOBEX_MANAGER, "create");
    const char *path = world_text(w, "/api/v1/products/%s", text_at(w, made, "/id"));
    const char *first = world_text(w, "%.*s", STR_FMT(answer_header(made, "ETag")));
    const struct answer *fresh = ask_with(w, GLOBEX_MANAGER, "GET", path, NULL, "If-None-Match", first);
    assert_status(fresh, 304);
    assert_int_equal(fresh->body.len, 0);
    assert_text(answer_header(fresh, "ETag"), first);
    assert_status(ask_with(w, GLOBEX_MANAGER, "PATCH", path, "{\"name\":\"Nut\"}", "If-Match", first), 200);
    assert_status(ask_with(w, GLOBEX_MANAGER, "GET", path, NULL, "If-None-Match", first), 200);
    assert_problem(ask_with(w, GLOBEX_MANAGER, "PATCH", path, "{\"name\":\"x\"}", "If-Match", first), 412,
                   "precondition_failed");
    assert_problem(ask_with(w, GLOBEX_MANAGER, "PATCH", path, "{}", "If-Match", first), 412, "precondition_failed");
    assert_problem(ask_with(w, GLOBEX_MANAGER, "DELETE", path, NULL, "If-Match", first), 412, "precondition_failed");
    assert_text(answer_text(get(w, GLOBEX_MANAGER, path), "/name"), "Nut");
    /* tags tell nothing about rows that are not seen */
    assert_problem(ask_with(w, ACME_MANAGER, "GET", path, NULL, "If-None-Match", "*"), 404, "not_found");
    assert_problem(ask_with(w, ACME_MANAGER, "PATCH", path, "{}", "If-Match", first), 404, "not_found");
    assert_problem(ask_with(w, ACME_MANAGER, "DELETE", path, NULL, "If-Match", first), 404, "not_found");
    assert_status(ask_with(w, GLOBEX_MANAGER, "DELETE", path, NULL, "If-Match", "*"), 204);
}

static void test_bad_bodies(void **state) {
    struct world *w = *state;
    const struct answer *a = create(w, GLOBEX_MANAGER, "BAD-1", ",\"skuu\":1");
    assert_problem(a, 400, "unknown_field");
    assert_text(answer_text(a, "/errors/0/pointer"), "/skuu");
    assert_problem(create(w, GLOBEX_MANAGER, "BAD-1", ",\"created_by\":null"), 400, "read_only_field");
    assert_problem(create(w, GLOBEX_MANAGER, "BAD-1", ",\"version\":7"), 400, "unknown_field");
    a = world_ask(w, GLOBEX_MANAGER, "POST", "/api/v1/products", "{\"name\":\"\",\"status\":\"actve\",\"tags\":[1]}");
    assert_problem(a, 422, "invalid");
    assert_int_equal(jx_size(answer_at(a, "/errors")), 5); /* name, sku, status, base_uom, tags: all at once */
    assert_problem(world_ask(w, GLOBEX_MANAGER, "POST", "/api/v1/products", "[]"), 400, "bad_request");
    assert_problem(world_ask(w, GLOBEX_MANAGER, "POST", "/api/v1/products", "{\"name\":\"a\",\"name\":\"b\"}"), 400,
                   "malformed_json");
    assert_int_equal(count_rows(w, GLOBEX_MANAGER, "&sku=BAD-1"), 0);
}

static void test_conflicts_name_the_field(void **state) {
    struct world *w = *state;
    const struct answer *made = create(w, GLOBEX_MANAGER, "TAKEN-1", "");
    world_must(made, 201, GLOBEX_MANAGER, "create");
    const struct answer *again = create(w, GLOBEX_MANAGER, "TAKEN-1", "");
    assert_problem(again, 409, "not_unique");
    assert_text(answer_text(again, "/errors/0/pointer"), "/sku");
    assert_null(strstr(again->body.ptr, "_key")); /* no name of a constraint */
    const struct answer *other = create(w, GLOBEX_MANAGER, "TAKEN-2", "");
    world_must(other, 201, GLOBEX_MANAGER, "create");
    const struct answer *renamed =
        world_ask(w, GLOBEX_MANAGER, "PATCH", world_text(w, "/api/v1/products/%s", text_at(w, other, "/id")),
                  "{\"sku\":\"TAKEN-1\"}");
    assert_problem(renamed, 409, "not_unique");
    assert_text(answer_text(renamed, "/errors/0/pointer"), "/sku");
    /* what another organization has is free */
    world_must(create(w, ACME_MANAGER, "TAKEN-1",
                      world_text(w, ",\"organization\":\"%s\"", world_organizations[WORLD_ACME].id)),
               201, ACME_MANAGER, "the same sku elsewhere");
}

static void test_references(void **state) {
    struct world *w = *state;
    const struct resource *category = catalogue_resource(w->catalogue, "product.category");
    const char *foreign = world_make_row(w, category, WORLD_ACME), *own = world_make_row(w, category, WORLD_GLOBEX);
    const struct answer *of_foreign =
        create(w, GLOBEX_MANAGER, "REF-1", world_text(w, ",\"category\":\"%s\"", foreign));
    const struct answer *of_unknown = create(w, GLOBEX_MANAGER, "REF-1", ",\"category\":\"" UNKNOWN_ID "\"");
    assert_problem(of_foreign, 422, "invalid");
    assert_text(answer_text(of_foreign, "/errors/0/pointer"), "/category");
    assert_text(answer_text(of_foreign, "/errors/0/code"), "invalid_reference");
    assert_string_equal(world_stable(w, of_foreign), world_stable(w, of_unknown));
    const struct answer *made = create(w, GLOBEX_MANAGER, "REF-1", world_text(w, ",\"category\":\"%s\"", own));
    world_must(made, 201, GLOBEX_MANAGER, "create with its own category");
    assert_text(answer_text(made, "/category"), own);

    const struct answer *held =
        world_ask(w, GLOBEX_MANAGER, "DELETE", world_text(w, "/api/v1/categories/%s", own), NULL);
    assert_problem(held, 409, "protected");
    assert_non_null(strstr(held->body.ptr, "product.product"));
    assert_null(strstr(held->body.ptr, "fkey"));
    const char *path = world_text(w, "/api/v1/products/%s", text_at(w, made, "/id"));
    assert_problem(world_ask(w, GLOBEX_MANAGER, "PATCH", path, world_text(w, "{\"category\":\"%s\"}", foreign)), 422,
                   "invalid");
    world_must(world_ask(w, GLOBEX_MANAGER, "PATCH", path, "{\"category\":null}"), 200, GLOBEX_MANAGER, "let go");
    world_must(world_ask(w, GLOBEX_MANAGER, "DELETE", world_text(w, "/api/v1/categories/%s", own), NULL), 204,
               GLOBEX_MANAGER, "delete");
}

static void test_null_resets_only_what_may_be_null(void **state) {
    struct world *w = *state;
    const struct answer *made = create(w, GLOBEX_MANAGER, "NULL-1", "");
    world_must(made, 201, GLOBEX_MANAGER, "create");
    const char *path = world_text(w, "/api/v1/products/%s", text_at(w, made, "/id"));
    const struct answer *a = world_ask(w, GLOBEX_MANAGER, "PATCH", path, "{\"name\":null,\"tags\":null}");
    assert_problem(a, 422, "invalid");
    assert_int_equal(jx_size(answer_at(a, "/errors")), 2);
    a = world_ask(w, GLOBEX_MANAGER, "PATCH", path,
                  world_text(w, "{\"organization\":\"%s\"}", world_organizations[WORLD_GLOBEX].id));
    world_must(a, 200, GLOBEX_MANAGER, "where it is already");
    assert_string_equal(jx_text(answer_at(a, "/organization")).ptr, world_organizations[WORLD_GLOBEX].id);
}

static void test_seen_but_not_permitted(void **state) {
    struct world *w = *state;
    const struct answer *row = get(w, ACME_VIEWER, "/api/v1/products?page_size=1");
    const char *path = world_text(w, "/api/v1/products/%s", text_at(w, row, "/results/0/id"));
    const struct answer *a = world_ask(w, ACME_VIEWER, "PATCH", path, "{\"name\":\"x\"}");
    assert_problem(a, 403, "permission_denied");
    assert_text(answer_text(a, "/permission"), "product.change_product");
    assert_text(answer_text(a, "/organization"), "Acme");
    assert_problem(world_ask(w, ACME_VIEWER, "PATCH", path, "{}"), 403, "permission_denied");
    a = world_ask(w, ACME_VIEWER, "DELETE", path, NULL);
    assert_problem(a, 403, "permission_denied");
    assert_text(answer_text(a, "/permission"), "product.delete_product");
    assert_string_equal(
        world_stable(w, world_ask(w, GLOBEX_MANAGER, "PATCH", path, "{\"name\":\"x\"}")),
        world_stable(w, world_ask(w, GLOBEX_MANAGER, "PATCH", "/api/v1/products/" UNKNOWN_ID, "{\"name\":\"x\"}")));
    assert_string_equal(world_stable(w, world_ask(w, GLOBEX_MANAGER, "GET", path, NULL)),
                        world_stable(w, world_ask(w, GLOBEX_MANAGER, "GET", "/api/v1/products/not-an-id", NULL)));
}

static void test_global_rows(void **state) {
    static const char body[] =
        "{\"code\":\"FATHOM\",\"name\":\"Fathom\",\"uom_type\":\"LENGTH\",\"factor\":\"1.8288\"}";
    struct world *w = *state;
    assert_true(jx_size(answer_at(get(w, NOBODY, "/api/v1/units-of-measure"), "/results")) > 40);
    assert_problem(world_ask(w, ACME_MANAGER, "POST", "/api/v1/units-of-measure", body), 403, "permission_denied");
    const struct answer *made = world_ask(w, ADMIN, "POST", "/api/v1/units-of-measure", body);
    world_must(made, 201, ADMIN, "create a unit");
    assert_text(answer_text(made, "/factor"), "1.8288");
    const char *path = world_text(w, "/api/v1/units-of-measure/%s", text_at(w, made, "/id"));
    (void)get(w, NOBODY, path);
    assert_problem(world_ask(w, NOBODY, "PATCH", path, "{\"symbol\":\"f\"}"), 403, "permission_denied");
    const struct answer *bad = world_ask(w, ADMIN, "PATCH", path, "{\"factor\":\"-1\"}"); /* a CHECK of the table */
    assert_problem(bad, 422, "invalid");
    world_must(world_ask(w, ADMIN, "DELETE", path, NULL), 204, ADMIN, "delete a unit");
    const struct answer *held =
        world_ask(w, ADMIN, "DELETE", world_text(w, "/api/v1/units-of-measure/%s", unit(w, "EA")), NULL);
    assert_problem(held, 409, "protected");
}

static const char *organization_body(struct world *w, const char *code, const char *parent) {
    const char *type = text_at(w, get(w, ADMIN, "/api/v1/organization-types?name=Branch"), "/results/0/id");
    return world_text(w, "{\"name\":\"New\",\"code\":\"%s\",\"organization_type\":\"%s\"%s%s%s}", code, type,
                      parent != NULL ? ",\"parent\":\"" : "", parent != NULL ? parent : "", parent != NULL ? "\"" : "");
}

static void test_organizations_themselves(void **state) {
    struct world *w = *state;
    const char *acme = world_organizations[WORLD_ACME].id, *globex = world_organizations[WORLD_GLOBEX].id;
    assert_int_equal(jx_size(answer_at(get(w, BOTH, "/api/v1/organizations"), "/results")), 2);
    assert_problem(world_ask(w, ACME_MANAGER, "POST", "/api/v1/organizations", organization_body(w, "R", NULL)), 403,
                   "permission_denied"); /* a root */
    assert_problem(world_ask(w, ACME_MANAGER, "POST", "/api/v1/organizations", organization_body(w, "R", globex)), 403,
                   "organization_not_permitted");
    const struct answer *made =
        world_ask(w, ADMIN, "POST", "/api/v1/organizations", organization_body(w, "ACME-NEW", acme));
    world_must(made, 201, ADMIN, "create below Acme");
    assert_text(answer_text(made, "/parent"), acme);
    const char *path = world_text(w, "/api/v1/organizations/%s", text_at(w, made, "/id"));
    assert_problem(world_ask(w, ADMIN, "PATCH", path, "{\"parent\":null}"), 400, "read_only_field");
    world_must(world_ask(w, ADMIN, "DELETE", path, NULL), 204, ADMIN, "delete it");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_row_once_in_both_directions),
        cmocka_unit_test(test_order_is_as_asked),
        cmocka_unit_test(test_links),
        cmocka_unit_test(test_a_cursor_is_bound_to_user_and_query),
        cmocka_unit_test(test_filters),
        cmocka_unit_test(test_organization_narrows),
        cmocka_unit_test(test_bad_queries),
        cmocka_unit_test(test_size_may_change_and_rows_may_go),
        cmocka_unit_test(test_the_life_of_a_row),
        cmocka_unit_test(test_entity_tags),
        cmocka_unit_test(test_bad_bodies),
        cmocka_unit_test(test_conflicts_name_the_field),
        cmocka_unit_test(test_references),
        cmocka_unit_test(test_null_resets_only_what_may_be_null),
        cmocka_unit_test(test_seen_but_not_permitted),
        cmocka_unit_test(test_global_rows),
        cmocka_unit_test(test_organizations_themselves),
    };
    return cmocka_run_group_tests_name("engine", tests, world_setup, world_teardown);
}
