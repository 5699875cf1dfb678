/* SPDX-License-Identifier: MIT
 * test_engine_query.c - parameters of a list: what is understood, what is refused with which words; and the SQL of each
 * shape. */
#include "test.h"

#include <stdio.h>

#include "engine_filter.h"
#include "sample.h"

#define SHOWN \
    "\"id\", \"organization_id\", \"name\", \"size\", \"price\", \"sold\", \"since\", \"at\", \"key\", \"status\", " \
    "\"category_id\", \"attributes\", \"tags\", \"slug\", \"code\", \"created_at\", \"updated_at\", \"created_by\", " \
    "\"updated_by\""
#define SOME_ID "0193a5e0-7c2b-7d3e-9f10-2b6c4d8e1a55"

static const struct {
    const char *query, *code, *detail;
} refused[] = {
    {"nmae=a", "unknown_parameter", "There is no parameter \"nmae\"; did you mean \"name\"?"},
    {"page-size=5", "unknown_parameter", "There is no parameter \"page-size\"; did you mean \"page_size\"?"},
    {"zzzzzzzzzzzz=5", "unknown_parameter", "There is no parameter \"zzzzzzzzzzzz\""},
    {"=5", "unknown_parameter", "There is no parameter \"\""},
    {"secret=a", "unknown_parameter", NULL},
    {"slug=a", "unknown_parameter", "The list cannot be filtered by \"slug\"."},
    {"slug__in=a", "unknown_parameter", "The list cannot be filtered by \"slug\"."},
    {"organization_id=" SOME_ID, "unknown_parameter",
     "There is no parameter \"organization_id\"; did you mean \"organization\"?"},
    {"name;DROP=a", "unknown_parameter", NULL},
    {"name=a&name=b", "bad_parameter", "The parameter name must not be given twice"},
    {"cursor=a&cursor=b", "bad_parameter", "The parameter cursor must not be given twice"},
    {"name=12345678901", "bad_parameter", "The parameter name must be at most 10 characters, not 11"},
    {"status=actve", "bad_parameter",
     "The parameter status must be one of draft, active, archived; did you mean \"active\"?"},
    {"size=five", "bad_parameter",
     "The parameter size must be a whole number from -9223372036854775808 to 9223372036854775807"},
    {"sold=null", "bad_parameter", "The parameter sold must be true or false"}, /* not nullable */
    {"organization=acme", "bad_parameter", "The parameter organization must be the id of an organization"},
    {"page_size=0", "bad_parameter", "The parameter page_size must be a whole number from 1 to 200"},
    {"page_size=201", "bad_parameter", "The parameter page_size must be a whole number from 1 to 200"},
    {"page_size=-1", "bad_parameter", "The parameter page_size must be a whole number from 1 to 200"},
    {"page_size=10x", "bad_parameter", "The parameter page_size must be a whole number from 1 to 200"},
    {"page_size=", "bad_parameter", "The parameter page_size must be a whole number from 1 to 200"},
    {"page_size=99999999999999999999", "bad_parameter", "The parameter page_size must be a whole number from 1 to 200"},
    {"ordering=nam", "bad_parameter", "The parameter ordering cannot use \"nam\"; did you mean \"name\"?"},
    {"ordering=status", "bad_parameter", NULL},
    {"ordering=secret", "bad_parameter", NULL},
    {"ordering=", "bad_parameter", NULL},
    {"ordering=-", "bad_parameter", NULL},
    {"ordering=--name", "bad_parameter", NULL},
    {"ordering=name,", "bad_parameter", NULL},
    {"ordering=,name", "bad_parameter", NULL},
    {"ordering=name,name", "bad_parameter", "The parameter ordering names \"name\" twice"},
    {"ordering=name,-name", "bad_parameter", "The parameter ordering names \"name\" twice"},
    {"ordering=id,name", "bad_parameter", "The parameter ordering has a key behind \"id\", which already decides"},
    {"ordering=name,size,price,at,created_at", "bad_parameter",
     "The parameter ordering has too many keys; send at most 4"},
    {"ordering=name desc", "bad_parameter", NULL},
    {"ordering=(SELECT 1)", "bad_parameter", NULL},
};

static void test_what_is_refused(void **state) {
    struct arena *arena = *state;
    for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
        struct resource *r = sample_resource(arena, ALEES_SCOPE_ORGANIZATION);
        alees_ctx *ctx = sample_ctx(arena, r, refused[i].query);
        struct engine_query q;
        alees_rc rc = engine_query_read(ctx, r, &sample_every_field, &q);
        if (rc != ALEES_E_MALFORMED || strcmp(ctx->problem.code, refused[i].code) != 0) {
            fail_msg("%s gave %d, code %s", refused[i].query, (int)rc, ctx->problem.code ? ctx->problem.code : "none");
        }
        if (refused[i].detail != NULL) {
            assert_text(ctx->problem.detail, refused[i].detail);
        }
    }
}

/* A secret field must look as if it did not exist. */
static void test_a_secret_is_unknown(void **state) {
    struct resource *r = sample_resource(*state, ALEES_SCOPE_ORGANIZATION);
    alees_ctx *ctx = sample_ctx(*state, r, "secret=a");
    struct engine_query q;
    assert_err(engine_query_read(ctx, r, &sample_every_field, &q), ALEES_E_MALFORMED);
    assert_text(ctx->problem.detail, "There is no parameter \"secret\"");
}

static void test_organization_only_where_rows_have_one(void **state) {
    static const uint32_t scopes[] = {ALEES_SCOPE_GLOBAL, ALEES_SCOPE_SELF};
    for (size_t i = 0; i < ARRAY_LEN(scopes); i++) {
        struct resource *r = sample_resource(*state, scopes[i]);
        alees_ctx *ctx = sample_ctx(*state, r, "organization=" SOME_ID);
        struct engine_query q;
        assert_err(engine_query_read(ctx, r, &sample_every_field, &q), ALEES_E_MALFORMED);
        assert_string_equal(ctx->problem.code, "unknown_parameter");
    }
}

static void test_what_is_understood(void **state) {
    struct resource *r = sample_resource(*state, ALEES_SCOPE_ORGANIZATION);
    alees_ctx *ctx =
        sample_ctx(*state, r, "since=null&organization=" SOME_ID "&ordering=-created_at,size&page_size=7&name=a");
    struct engine_query q;
    assert_ok(engine_query_read(ctx, r, &sample_every_field, &q));
    assert_int_equal(q.page_size, 7);
    assert_true(q.has_organization);
    assert_int_equal(q.organization.bytes[0], 0x01);
    assert_int_equal(q.filter_count, 2);
    assert_string_equal(q.filters[0].field->decl->name, "name"); /* in the order of the fields */
    assert_text(q.filters[0].values[0], "a");
    assert_string_equal(q.filters[1].field->decl->name, "since");
    assert_int_equal(q.filters[1].op, ENGINE_ISNULL);
    assert_int_equal(q.filters[1].variant, 0);
    assert_int_equal(q.key_count, 3);
    assert_string_equal(q.keys[0].field->decl->name, "created_at");
    assert_true(q.keys[0].descending);
    assert_string_equal(q.keys[1].field->decl->name, "size");
    assert_false(q.keys[1].descending);
    assert_string_equal(q.keys[2].field->decl->name, "id");
    assert_false(q.keys[2].descending);
    assert_false(q.has_cursor);
}

static void test_defaults(void **state) {
    struct resource *r = sample_resource(*state, ALEES_SCOPE_ORGANIZATION);
    alees_ctx *ctx = sample_ctx(*state, r, "");
    struct engine_query q;
    assert_ok(engine_query_read(ctx, r, &sample_every_field, &q));
    assert_int_equal(q.page_size, 50);
    assert_int_equal(q.filter_count, 0);
    assert_int_equal(q.key_count, 2); /* name, id */
    assert_string_equal(q.keys[0].field->decl->name, "name");
}

static void test_no_parameter_where_there_is_none(void **state) {
    struct resource *r = sample_resource(*state, ALEES_SCOPE_ORGANIZATION);
    alees_ctx *ctx = sample_ctx(*state, r, "");
    assert_ok(engine_query_none(ctx));
    ctx = sample_ctx(*state, r, "x=1");
    assert_err(engine_query_none(ctx), ALEES_E_MALFORMED);
    assert_string_equal(ctx->problem.code, "unknown_parameter");
}

/* ---- SQL ---- */

struct shape {
    uint32_t scope;
    enum engine_reach reach;
    const char *query;
    bool has_cursor, is_backward;
    const char *sql; /* behind "SELECT shown FROM table", or the whole if it begins with SELECT */
    uint32_t params;
};

static const char *sql_of(struct arena *arena, const struct shape *shape, struct engine_sql *sql) {
    struct resource *r = sample_resource(arena, shape->scope);
    alees_ctx *ctx = sample_ctx(arena, r, shape->query);
    struct engine_place place = {.reach = shape->reach, .ids = STR_LIT("{ids}"), .id = STR_LIT("one")};
    struct engine_query q;
    alees_str text;
    assert_ok(engine_query_read(ctx, r, &sample_every_field, &q));
    q.has_cursor = shape->has_cursor;
    q.is_backward = shape->is_backward;
    for (uint32_t i = 0; i < q.key_count; i++) {
        q.values[i] = arena_printf(arena, "key%u", i);
    }
    engine_sql_init(sql, arena, 20);
    engine_select_sql(r, &q, &place, sql);
    text = str_done(&sql->text);
    assert_non_null(text.ptr);
    return text.ptr;
}

static void test_shapes(void **state) {
    static const struct shape rows[] = {
        {ALEES_SCOPE_ORGANIZATION, ENGINE_ONE, "", false, false,
         " WHERE \"organization_id\" = ANY(ARRAY[$1::uuid]) ORDER BY \"organization_id\", \"name\", \"id\" LIMIT 51",
         1},
        {ALEES_SCOPE_ORGANIZATION, ENGINE_EVERYWHERE, "", false, false, " ORDER BY \"name\", \"id\" LIMIT 51", 0},
        {ALEES_SCOPE_ORGANIZATION, ENGINE_ONE, "", true, false,
         " WHERE \"organization_id\" = ANY(ARRAY[$1::uuid]) AND (\"name\", \"id\") > ($2::text, $3::uuid) "
         "ORDER BY \"organization_id\", \"name\", \"id\" LIMIT 51",
         3},
        {ALEES_SCOPE_ORGANIZATION, ENGINE_ONE, "", true, true,
         " WHERE \"organization_id\" = ANY(ARRAY[$1::uuid]) AND (\"name\", \"id\") < ($2::text, $3::uuid) "
         "ORDER BY \"organization_id\" DESC, \"name\" DESC, \"id\" DESC LIMIT 51",
         3},
        {ALEES_SCOPE_ORGANIZATION, ENGINE_ONE, "ordering=-created_at", true, false,
         " WHERE \"organization_id\" = ANY(ARRAY[$1::uuid]) AND (\"created_at\", \"id\") < ($2::timestamptz, $3::uuid) "
         "ORDER BY \"organization_id\" DESC, \"created_at\" DESC, \"id\" DESC LIMIT 51",
         3},
        {ALEES_SCOPE_ORGANIZATION, ENGINE_ONE, "ordering=id", true, false,
         " WHERE \"organization_id\" = ANY(ARRAY[$1::uuid]) AND (\"id\") > ($2::uuid) ORDER BY \"organization_id\", "
         "\"id\" LIMIT 51",
         2},
        {ALEES_SCOPE_GLOBAL, ENGINE_EVERYWHERE, "ordering=name,-size", true, false,
         " WHERE \"name\" >= $1::text AND (\"name\" > $1::text OR (\"name\" = $1::text AND (\"size\" < $2::bigint OR "
         "(\"size\" = $2::bigint AND (\"id\" < $3::uuid))))) ORDER BY \"name\", \"size\" DESC, \"id\" DESC "
         "LIMIT 51",
         3},
        {ALEES_SCOPE_GLOBAL, ENGINE_EVERYWHERE, "ordering=name,-size", true, true,
         " WHERE \"name\" <= $1::text AND (\"name\" < $1::text OR (\"name\" = $1::text AND (\"size\" > $2::bigint OR "
         "(\"size\" = $2::bigint AND (\"id\" > $3::uuid))))) ORDER BY \"name\" DESC, \"size\", \"id\" LIMIT 51",
         3},
        {ALEES_SCOPE_SELF, ENGINE_SEVERAL, "", false, false,
         " WHERE \"id\" = ANY($1::uuid[]) ORDER BY \"name\", \"id\" LIMIT 51", 1},
        {ALEES_SCOPE_SELF, ENGINE_ONE, "", false, false,
         " WHERE \"id\" = ANY(ARRAY[$1::uuid]) ORDER BY \"name\", \"id\" LIMIT 51", 1},
        {ALEES_SCOPE_GLOBAL, ENGINE_EVERYWHERE, "tags=a&since=null&size=3&at=2026-01-01T00:00:00Z", false, false,
         " WHERE \"size\" = $1::bigint AND \"since\" IS NULL AND \"at\" = $2::timestamptz AND \"tags\" @> $3::text[] "
         "ORDER BY \"name\", \"id\" LIMIT 51",
         3},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct engine_sql sql;
        const char *text = sql_of(*state, &rows[i], &sql);
        const char *from = strstr(text, " FROM \"sample\".\"item\"");
        assert_non_null(from);
        assert_string_equal(from + strlen(" FROM \"sample\".\"item\""), rows[i].sql);
        assert_int_equal(sql.count, rows[i].params);
        assert_null(strstr(text, "secret"));
    }
}

static void test_several_organizations_are_read_one_by_one(void **state) {
    static const struct shape shape = {
        ALEES_SCOPE_ORGANIZATION, ENGINE_SEVERAL, "status=draft&page_size=10", true, false, NULL, 0};
    struct engine_sql sql;
    const char *text = sql_of(*state, &shape, &sql);
    assert_string_equal(text, "SELECT t.* FROM unnest($1::uuid[]) AS o(organization) CROSS JOIN LATERAL (SELECT " SHOWN
                              " FROM \"sample\".\"item\" WHERE \"organization_id\" = ANY(ARRAY[o.organization]) AND "
                              "\"status\" = $2::text AND "
                              "(\"name\", \"id\") > ($3::text, $4::uuid) ORDER BY \"organization_id\", \"name\", "
                              "\"id\" LIMIT $5::bigint) AS t "
                              "ORDER BY t.\"name\", t.\"id\" LIMIT $5::bigint");
    assert_int_equal(sql.count, 5);
    assert_text(sql.params[0], "{ids}");
    assert_text(sql.params[1], "draft");
    assert_text(sql.params[2], "key0");
    assert_text(sql.params[3], "key1");
    assert_text(sql.params[4], "11");
}

/* The same question in another order is the same statement. */
static void test_the_order_of_parameters_does_not_matter(void **state) {
    static const struct shape a = {ALEES_SCOPE_ORGANIZATION, ENGINE_ONE, "size=3&name=a", false, false, NULL, 0};
    static const struct shape b = {
        ALEES_SCOPE_ORGANIZATION, ENGINE_ONE, "name=b&page_size=50&size=4", false, false, NULL, 0};
    struct engine_sql sql_a, sql_b;
    assert_string_equal(sql_of(*state, &a, &sql_a), sql_of(*state, &b, &sql_b));
}

/* A client cannot fill the store of statements by asking for pages of every size. */
static void test_unusual_page_sizes_share_a_statement(void **state) {
    static const struct shape a = {ALEES_SCOPE_ORGANIZATION, ENGINE_ONE, "page_size=3", false, false, NULL, 0};
    static const struct shape b = {ALEES_SCOPE_ORGANIZATION, ENGINE_ONE, "page_size=4", false, false, NULL, 0};
    static const struct shape most = {ALEES_SCOPE_ORGANIZATION, ENGINE_ONE, "page_size=200", false, false, NULL, 0};
    struct engine_sql sql_a, sql_b, sql_most;
    assert_string_equal(sql_of(*state, &a, &sql_a), sql_of(*state, &b, &sql_b));
    assert_non_null(strstr(sql_of(*state, &most, &sql_most), "LIMIT 201"));
}

/* No value ever becomes text of a statement. */
static void test_values_stay_parameters(void **state) {
    static const struct shape shape = {ALEES_SCOPE_ORGANIZATION, ENGINE_ONE, "name=' OR 1;--", false, false, NULL, 0};
    struct engine_sql sql;
    assert_null(strstr(sql_of(*state, &shape, &sql), "OR 1"));
    assert_text(sql.params[1], "' OR 1;--");
}

static void test_statements_about_one_row(void **state) {
    struct resource *r = sample_resource(*state, ALEES_SCOPE_ORGANIZATION);
    struct engine_cell *cells = ARENA_ARRAY((struct arena *)*state, struct engine_cell, r->field_count);
    const struct engine_target scoped = {.id = STR_LIT("id"), .user = STR_LIT("user"), .organizations = STR_LIT("{o}")};
    const struct engine_target exact = {.id = STR_LIT("id"), .versions = STR_LIT("{3}")};
    struct engine_sql sql;
    cells[resource_field(r, STR_LIT("size")) - r->fields] =
        (struct engine_cell){.is_sent = true, .is_written = true, .value = STR_LIT("5")};
    cells[resource_field(r, STR_LIT("tags")) - r->fields] = (struct engine_cell){.is_sent = true, .is_written = true};

    engine_sql_init(&sql, *state, 20);
    engine_sql_get(&sql, &r->shapes->all, &scoped);
    assert_text(str_done(&sql.text),
                "SELECT " SHOWN ", \"version\" FROM \"sample\".\"item\" WHERE \"id\" = $1::uuid AND "
                "(\"organization_id\" = ANY($2::uuid[])) IS TRUE");
    engine_sql_init(&sql, *state, 20);
    engine_sql_locate(&sql, r, &scoped);
    assert_text(str_done(&sql.text), "SELECT \"organization_id\", \"version\" FROM \"sample\".\"item\" WHERE "
                                     "\"id\" = $1::uuid AND (\"organization_id\" = ANY($2::uuid[])) IS TRUE");
    engine_sql_init(&sql, *state, 20);
    engine_sql_lock(&sql, r, &scoped);
    assert_text(str_done(&sql.text),
                "SELECT " SHOWN ", \"version\" FROM \"sample\".\"item\" WHERE \"id\" = $1::uuid AND "
                "(\"organization_id\" = ANY($2::uuid[])) IS TRUE FOR NO KEY UPDATE");
    engine_sql_init(&sql, *state, 20);
    engine_sql_insert(&sql, r, cells, &scoped);
    assert_text(
        str_done(&sql.text),
        "INSERT INTO \"sample\".\"item\" (\"id\", \"created_at\", \"updated_at\", \"created_by\", \"updated_by\", "
        "\"version\", \"size\", \"tags\") VALUES ($1::uuid, now(), now(), $2::uuid, $2::uuid, 1, $3::bigint, "
        "$4::text[]) RETURNING " SHOWN ", \"version\"");
    assert_int_equal(sql.count, 4);
    assert_absent(sql.params[3]);
    engine_sql_init(&sql, *state, 20);
    engine_sql_update(&sql, r, cells, &scoped);
    assert_text(
        str_done(&sql.text),
        "UPDATE \"sample\".\"item\" SET \"updated_at\" = now(), \"version\" = \"version\" + 1, \"updated_by\" = "
        "$1::uuid, \"size\" = $2::bigint, \"tags\" = $3::text[] WHERE \"id\" = $4::uuid AND (\"organization_id\" = "
        "ANY($5::uuid[])) IS TRUE RETURNING " SHOWN ", \"version\"");
    engine_sql_init(&sql, *state, 20);
    engine_sql_delete(&sql, r, &exact);
    assert_text(str_done(&sql.text),
                "DELETE FROM \"sample\".\"item\" WHERE \"id\" = $1::uuid AND \"version\" = ANY($2::integer[])");
}

static FILE *nowhere(void) {
    FILE *file = tmpfile();
    assert_non_null(file);
    return file;
}

static void test_bad_declarations_are_found_at_boot(void **state) {
    struct resource *r = sample_resource(*state, ALEES_SCOPE_ORGANIZATION);
    struct alees_resource decl = *r->decl;
    struct alees_field name = *sample_field("name");
    struct resource_field *f = &r->fields[resource_field(r, STR_LIT("name")) - r->fields];
    struct engine_shapes *shapes;
    FILE *errors = nowhere();
    r->decl = &decl;
    f->decl = &name;
    decl.order = "nosuch";
    assert_err(engine_shapes_new(*state, r, errors, &shapes), ALEES_E_INVALID);
    decl.order = "-name,size";
    assert_ok(engine_shapes_new(*state, r, errors, &shapes));
    assert_int_equal(shapes->order_count, 3);
    name.max = 256; /* too long for a cursor */
    assert_err(engine_shapes_new(*state, r, errors, &shapes), ALEES_E_INVALID);
    name.max = 10;
    name.fallback = "\"much too long\"";
    assert_err(engine_shapes_new(*state, r, errors, &shapes), ALEES_E_INVALID);
    name.fallback = "nonsense";
    assert_err(engine_shapes_new(*state, r, errors, &shapes), ALEES_E_INVALID);
    fclose(errors);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        ARENA_TEST(test_what_is_refused),
        ARENA_TEST(test_a_secret_is_unknown),
        ARENA_TEST(test_organization_only_where_rows_have_one),
        ARENA_TEST(test_what_is_understood),
        ARENA_TEST(test_defaults),
        ARENA_TEST(test_no_parameter_where_there_is_none),
        ARENA_TEST(test_shapes),
        ARENA_TEST(test_several_organizations_are_read_one_by_one),
        ARENA_TEST(test_the_order_of_parameters_does_not_matter),
        ARENA_TEST(test_unusual_page_sizes_share_a_statement),
        ARENA_TEST(test_values_stay_parameters),
        ARENA_TEST(test_statements_about_one_row),
        ARENA_TEST(test_bad_declarations_are_found_at_boot),
    };
    jx_init();
    return cmocka_run_group_tests_name("engine_query", tests, NULL, NULL);
}
