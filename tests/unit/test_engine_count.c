/* SPDX-License-Identifier: MIT
 * test_engine_count.c - numbered pages and counts: what is understood, the SQL of each, the links around a page. */
#include "test.h"

#include "sample.h"

static const struct {
    const char *query, *detail;
} refused[] = {
    {"page=0", "The parameter page must be a whole number from 1 on"},
    {"page=-1", "The parameter page must be a whole number from 1 on"},
    {"page=", "The parameter page must be a whole number from 1 on"},
    {"page=1.0", "The parameter page must be a whole number from 1 on"},
    {"page=0x1", "The parameter page must be a whole number from 1 on"},
    {"page=99999999999999999999", "The parameter page must be a whole number from 1 on"},
    {"page=1&page=2", "The parameter page must not be given twice"},
    {"page=202", "The parameter page lies too deep: a numbered page begins within the first 10000 rows. Follow "
                 "\"next\", whose cursor goes on from there at no cost, or narrow the list with filters"},
    {"page=9223372036854775807", NULL},
    {"page=4294967297", NULL}, /* not page 1 */
    {"page=52&page_size=200", NULL},
    {"page_size=200&page=52", NULL},
    {"page=1&cursor=a", "The parameter page cannot be given together with cursor; a cursor says itself where to go on"},
    {"cursor=a&page=1", NULL},
    {"count=", "The parameter count must be one of exact, estimated, none"},
    {"count=Exact", NULL},
    {"count=true", NULL},
    {"count=exact&count=exact", "The parameter count must not be given twice"},
};

static void test_what_is_refused(void **state) {
    struct arena *arena = *state;
    struct resource *r = sample_resource(arena, ALEES_SCOPE_ORGANIZATION);
    for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
        alees_ctx *ctx = sample_ctx(arena, r, refused[i].query);
        struct engine_query q;
        alees_rc rc = engine_query_read(ctx, r, &sample_every_field, &q);
        if (rc != ALEES_E_MALFORMED || strcmp(ctx->problem.code, "bad_parameter") != 0) {
            fail_msg("%s gave %d", refused[i].query, (int)rc);
        }
        if (refused[i].detail != NULL) {
            assert_text(ctx->problem.detail, refused[i].detail);
        }
    }
}

/* page, then count, parameter and preference. */
static const struct {
    const char *query;
    enum ctx_count preferred, count;
    uint32_t page;
    bool is_slow, is_obeyed;
} understood[] = {
    {"", CTX_COUNT_DEFAULT, CTX_COUNT_NONE, 0, false, false},
    {"", CTX_COUNT_EXACT, CTX_COUNT_EXACT, 0, true, true},
    {"", CTX_COUNT_ESTIMATED, CTX_COUNT_ESTIMATED, 0, true, true},
    {"", CTX_COUNT_NONE, CTX_COUNT_NONE, 0, false, true},
    {"count=none", CTX_COUNT_DEFAULT, CTX_COUNT_NONE, 0, false, false},
    {"count=none", CTX_COUNT_EXACT, CTX_COUNT_NONE, 0, false, false},
    {"count=exact", CTX_COUNT_EXACT, CTX_COUNT_EXACT, 0, true, true},
    {"count=estimated", CTX_COUNT_EXACT, CTX_COUNT_ESTIMATED, 0, true, false},
    {"page=1", CTX_COUNT_DEFAULT, CTX_COUNT_EXACT, 1, true, false},
    {"page=201", CTX_COUNT_NONE, CTX_COUNT_NONE, 201, true, true},
    {"page=10001&page_size=1", CTX_COUNT_DEFAULT, CTX_COUNT_EXACT, 10001, true, false},
    {"page=51&page_size=200&count=estimated", CTX_COUNT_DEFAULT, CTX_COUNT_ESTIMATED, 51, true, false},
};

static bool says_obeyed(const alees_ctx *ctx) {
    for (uint32_t i = 0; i < ctx->response.header_count; i++) {
        if (str_equal(ctx->response.headers[i].name, "Preference-Applied")) {
            return true;
        }
    }
    return false;
}

static void test_what_is_understood(void **state) {
    struct resource *r = sample_resource(*state, ALEES_SCOPE_ORGANIZATION);
    for (size_t i = 0; i < ARRAY_LEN(understood); i++) {
        alees_ctx *ctx = sample_ctx(*state, r, understood[i].query);
        struct engine_query q;
        ctx->prefer.count = understood[i].preferred;
        assert_ok(engine_query_read(ctx, r, &sample_every_field, &q));
        if (q.count != understood[i].count || q.page != understood[i].page || q.is_slow != understood[i].is_slow ||
            says_obeyed(ctx) != understood[i].is_obeyed) {
            fail_msg("%s, %d preferred", understood[i].query, (int)understood[i].preferred);
        }
    }
}

/* ---- SQL ---- */

enum kind { LIST, COUNT, PLAN, PLAN_ALL, SAMPLE };

static const char *sql_of(struct arena *arena, enum kind kind, uint32_t scope, enum engine_reach reach,
                          const char *query, struct engine_sql *sql) {
    struct resource *r = sample_resource(arena, scope);
    alees_ctx *ctx = sample_ctx(arena, r, query);
    struct engine_place place = {.reach = reach, .ids = STR_LIT("{ids}"), .id = STR_LIT("one")};
    struct engine_query q;
    assert_ok(engine_query_read(ctx, r, &sample_every_field, &q));
    engine_select_init(sql, arena, &q);
    switch (kind) {
    case LIST: engine_select_sql(r, &q, &place, sql); break;
    case COUNT: engine_select_count(r, &q, &place, sql); break;
    case PLAN: engine_select_plan(r, &q, &place, sql); break;
    case PLAN_ALL: engine_select_plan(r, NULL, &place, sql); break;
    case SAMPLE: engine_select_sample(r, &q, &place, sql); break;
    }
    return str_done(&sql->text).ptr;
}

#define ITEMS "FROM \"sample\".\"item\""
#define ONE " WHERE \"organization_id\" = ANY(ARRAY[$1::uuid])"
#define SEVERAL " WHERE \"organization_id\" IN (SELECT unnest($1::uuid[]))"

static void test_counts(void **state) {
    static const struct {
        enum kind kind;
        uint32_t scope;
        enum engine_reach reach;
        const char *query, *sql;
        uint32_t params;
    } rows[] = {
        {COUNT, ALEES_SCOPE_ORGANIZATION, ENGINE_ONE, "count=exact&ordering=-name&page_size=3",
         "SELECT count(*) " ITEMS ONE, 1},
        {COUNT, ALEES_SCOPE_ORGANIZATION, ENGINE_SEVERAL, "count=exact&size=3",
         "SELECT count(*) " ITEMS SEVERAL " AND \"size\" = $2::bigint", 2},
        {COUNT, ALEES_SCOPE_ORGANIZATION, ENGINE_EVERYWHERE, "count=exact&size=3",
         "SELECT count(*) " ITEMS " WHERE \"size\" = $1::bigint", 1},
        {COUNT, ALEES_SCOPE_GLOBAL, ENGINE_EVERYWHERE, "page=3", "SELECT count(*) " ITEMS, 0},
        {COUNT, ALEES_SCOPE_ORGANIZATION, ENGINE_ONE, "count=estimated",
         "SELECT count(*) FROM (SELECT 1 " ITEMS ONE " LIMIT 10001) AS s", 1},
        {PLAN, ALEES_SCOPE_ORGANIZATION, ENGINE_EVERYWHERE, "count=estimated&size=3",
         "EXPLAIN (FORMAT JSON) SELECT 1 " ITEMS " WHERE \"size\" = $1::bigint", 1},
        /* What the planner knows of the values of other organizations is not asked for. */
        {PLAN_ALL, ALEES_SCOPE_ORGANIZATION, ENGINE_SEVERAL, "count=estimated&size=3",
         "EXPLAIN (FORMAT JSON) SELECT 1 " ITEMS SEVERAL, 1},
        {SAMPLE, ALEES_SCOPE_ORGANIZATION, ENGINE_ONE, "count=estimated&size=3",
         "SELECT count(*) FROM (SELECT * " ITEMS ONE " LIMIT 10000) AS s WHERE \"size\" = $2::bigint", 2},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct engine_sql sql;
        assert_string_equal(sql_of(*state, rows[i].kind, rows[i].scope, rows[i].reach, rows[i].query, &sql),
                            rows[i].sql);
        assert_int_equal(sql.count, rows[i].params);
    }
}

static void test_numbered_lists(void **state) {
    struct engine_sql sql;
    const char *text = sql_of(*state, LIST, ALEES_SCOPE_ORGANIZATION, ENGINE_ONE, "page=3", &sql);
    assert_non_null(
        strstr(text, ITEMS ONE " ORDER BY \"organization_id\", \"name\", \"id\" LIMIT 51 OFFSET $2::bigint"));
    assert_text(sql.params[1], "100");
    text = sql_of(*state, LIST, ALEES_SCOPE_ORGANIZATION, ENGINE_SEVERAL, "page=3&page_size=7", &sql);
    assert_non_null(strstr(text, " LIMIT $3::bigint) AS t ORDER BY t.\"name\", t.\"id\" LIMIT $2::bigint OFFSET "
                                 "$4::bigint"));
    assert_int_equal(sql.count, 4);
    assert_text(sql.params[1], "8");
    assert_text(sql.params[2], "22"); /* of each organization, those before the page, too */
    assert_text(sql.params[3], "14");
}

/* ---- links ---- */

struct around {
    const char *query;
    uint64_t total;
    bool has_more, is_estimate;
    const char *next, *previous, *link;
};

static void check_links(struct arena *arena, const struct around *row) {
    struct resource *r = sample_resource(arena, ALEES_SCOPE_ORGANIZATION);
    alees_ctx *ctx = sample_ctx(arena, r, row->query);
    struct engine_query q;
    struct engine_page page = {.r = r, .query = &q, .has_total = true, .total = row->total, .has_more = row->has_more};
    alees_str expected;
    assert_ok(engine_query_read(ctx, r, &sample_every_field, &q));
    page.is_exact = !row->is_estimate;
    assert_ok(engine_links_write(ctx, &page));
    expected = arena_printf(arena, ",\"next\":%s,\"previous\":%s", row->next, row->previous);
    assert_text(str_done(&ctx->response.body), expected.ptr);
    assert_int_equal(ctx->response.header_count, row->link != NULL ? 1 : 0);
    if (row->link != NULL) {
        assert_text(ctx->response.headers[0].value, row->link);
    }
}

#define AT "/api/v1/items?"
#define TO(query, relation) "<" AT query ">; rel=\"" relation "\""

static void test_links(void **state) {
    static const struct around rows[] = {
        {"", 0, false, false, "null", "null", NULL},
        {"page=1", 0, false, false, "null", "null", TO("page=1", "first") ", " TO("page=1", "last")},
        {"page=1", 50, false, false, "null", "null", TO("page=1", "first") ", " TO("page=1", "last")},
        {"page=1", 51, true, false, "\"" AT "page=2\"", "null",
         TO("page=2", "next") ", " TO("page=1", "first") ", " TO("page=2", "last")},
        {"name=a%20b&page=2&page_size=10", 95, true, false, "\"" AT "name=a%2520b&page_size=10&page=3\"",
         "\"" AT "name=a%2520b&page_size=10&page=1\"",
         TO("name=a%2520b&page_size=10&page=3", "next") ", " TO("name=a%2520b&page_size=10&page=1", "prev") ", " TO(
             "name=a%2520b&page_size=10&page=1", "first") ", " TO("name=a%2520b&page_size=10&page=10", "last")},
        /* behind the end: back to the last one that there is */
        {"page=9", 120, false, false, "null", "\"" AT "page=3\"",
         TO("page=3", "prev") ", " TO("page=1", "first") ", " TO("page=3", "last")},
        {"page=9", 0, false, false, "null", "\"" AT "page=1\"",
         TO("page=1", "prev") ", " TO("page=1", "first") ", " TO("page=1", "last")},
        /* an estimate does not say which page is the last; nor has one a number that lies too deep */
        {"page=2&count=estimated", 20000, true, true, "\"" AT "count=estimated&page=3\"",
         "\"" AT "count=estimated&page=1\"",
         TO("count=estimated&page=3", "next") ", " TO("count=estimated&page=1",
                                                      "prev") ", " TO("count=estimated&page=1", "first")},
        {"page=1", 10051, true, false, "\"" AT "page=2\"", "null", TO("page=2", "next") ", " TO("page=1", "first")},
        {"page=1", 10050, true, false, "\"" AT "page=2\"", "null",
         TO("page=2", "next") ", " TO("page=1", "first") ", " TO("page=201", "last")},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        check_links(*state, &rows[i]);
    }
}

/* What does not choose rows may change from page to page. */
static void test_cursors_are_not_bound_to_it(void **state) {
    static const char *const queries[] = {"name=a", "name=a&count=exact", "name=a&page_size=3&fields=id&page=1"};
    struct resource *r = sample_resource(*state, ALEES_SCOPE_ORGANIZATION);
    alees_str heads[ARRAY_LEN(queries)];
    for (size_t i = 0; i < ARRAY_LEN(queries); i++) {
        alees_ctx *ctx = sample_ctx(*state, r, queries[i]);
        struct engine_query q;
        assert_ok(engine_query_read(ctx, r, &sample_every_field, &q));
        heads[i] = engine_cursor_head(ctx, &q);
        assert_true(alees_equal(heads[i], heads[0]));
    }
}

/* Below a row the addresses name it, and its cursors are of no other row's list. */
static void test_lists_below_a_row(void **state) {
    static const char *const ids[] = {"01", "a/b {c}"};
    static const char *const urls[] = {"/api/v1/items/01/notes/x", "/api/v1/items/a%2Fb%20%7Bc%7D/notes/x"};
    struct resource *r = sample_resource(*state, ALEES_SCOPE_ORGANIZATION);
    alees_str heads[ARRAY_LEN(ids)];
    for (size_t i = 0; i < ARRAY_LEN(ids); i++) {
        alees_ctx *ctx = sample_ctx(*state, r, "");
        struct route route = *ctx->route;
        struct engine_query q;
        struct str path;
        assert_ok(engine_query_read(ctx, r, &sample_every_field, &q));
        route.path = "/api/v1/items/{item}/notes/{id}";
        ctx->route = &route;
        ctx->match =
            (struct router_match){.names = {"id", "item"}, .values = {STR_LIT("x"), alees_text(ids[i])}, .count = 2};
        str_init(&path, *state, 0);
        engine_links_path(ctx, &path);
        assert_text(str_done(&path), urls[i]);
        heads[i] = engine_cursor_head(ctx, &q);
        assert_non_null(heads[i].ptr);
    }
    assert_false(alees_equal(heads[0], heads[1]));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        ARENA_TEST(test_lists_below_a_row),
        ARENA_TEST(test_what_is_refused),
        ARENA_TEST(test_what_is_understood),
        ARENA_TEST(test_counts),
        ARENA_TEST(test_numbered_lists),
        ARENA_TEST(test_links),
        ARENA_TEST(test_cursors_are_not_bound_to_it),
    };
    jx_init();
    return cmocka_run_group_tests_name("engine_count", tests, NULL, NULL);
}
