/* SPDX-License-Identifier: MIT
 * test_engine_fields_query.c - by which fields the caller may choose and order the rows of a list, and what cursors carry. */
#include "test.h"

#include "rights.h"

/* Organization 1 shows all but name and size, 2 shows all but size and status, 3 shows all but size: name can be used in 2
 * and 3, price everywhere, size nowhere. */
static alees_rc read_query(struct arena *arena, uint32_t organizations, const char *query, alees_ctx **ret_ctx,
                           struct engine_query *ret_query) {
    static struct engine_fields fields;
    alees_ctx *ctx = rights_request(arena, ALEES_SCOPE_ORGANIZATION, organizations, query);
    rights.fields[RIGHTS_VIEW][0] = " price sold since at key status category attributes tags slug code ";
    rights.fields[RIGHTS_VIEW][1] = " name price sold since at key category attributes tags slug code ";
    rights.fields[RIGHTS_VIEW][2] = " name price sold since at key status category attributes tags slug code ";
    assert_ok(engine_fields_open(ctx, rights.resource, RIGHTS_VIEW, &fields));
    *ret_ctx = ctx;
    return engine_query_read(ctx, rights.resource, &fields, ret_query);
}

#define ONE "&organization=01930000-0000-0000-0000-000000000001"
#define TWO "&organization=01930000-0000-0000-0000-000000000002"
#define FOREIGN "&organization=01930000-0000-0000-0000-000000000015"
#define NARROW ", which you may not read in every organization of this list; narrow it with ?organization="

static void test_what_a_list_can_be_chosen_by(void **state) {
    static const struct {
        uint32_t organizations;
        const char *query, *code, *detail; /* code NULL: it can */
    } rows[] = {
        {3, "price=1&ordering=price", NULL, NULL},
        {3, "created_at=2026-11-22T00:00:00Z&ordering=-created_at,id", NULL, NULL},
        {3, "name=a", "bad_parameter", "The parameter name needs \"name\"" NARROW},
        {3, "name=far too long for a name", "bad_parameter", "The parameter name needs \"name\"" NARROW},
        {3, "ordering=name", "bad_parameter", "The parameter ordering needs \"name\"" NARROW},
        {3, "ordering=-price,-name", "bad_parameter", "The parameter ordering needs \"name\"" NARROW},
        {3, "name=a" TWO, NULL, NULL},
        {3, "ordering=-name" TWO, NULL, NULL},
        {3, "status=draft", "bad_parameter", "The parameter status needs \"status\"" NARROW},
        {3, "status=draft" ONE, NULL, NULL},
        /* nowhere: like any other field that cannot be used */
        {3, "size=1", "unknown_parameter", "The list cannot be filtered by \"size\"."},
        {3, "size=large", "unknown_parameter", "The list cannot be filtered by \"size\"."},
        {3, "slug=1", "unknown_parameter", "The list cannot be filtered by \"slug\"."},
        {3, "siez=1", "unknown_parameter", "There is no parameter \"siez\""}, /* nor is it proposed */
        {3, "ordering=size", "bad_parameter", "The parameter ordering cannot use \"size\""},
        {3, "ordering=size,name", "bad_parameter", "The parameter ordering cannot use \"size\""},
        {3, "ordering=slug", "bad_parameter", "The parameter ordering cannot use \"slug\""},
        {3, "size=1" TWO, "unknown_parameter", "The list cannot be filtered by \"size\"."},
        /* what can be read elsewhere does not count */
        {3, "name=a" ONE, "unknown_parameter", "The list cannot be filtered by \"name\"."},
        {3, "ordering=name" ONE, "bad_parameter", "The parameter ordering cannot use \"name\""},
        {1, "name=a", "unknown_parameter", "The list cannot be filtered by \"name\"."},
        {1, "status=draft&ordering=price", NULL, NULL},
        /* other faults stay what they are */
        {3, "ordering=name,name", "bad_parameter", "The parameter ordering cannot use \"name\""},
        {3, "organization=acme&name=a", "bad_parameter",
         "The parameter organization must be the id of an organization"},
        /* where there is nothing to see, there is nothing to tell */
        {3, "name=a&size=1&ordering=size" FOREIGN, NULL, NULL},
        {0, "name=a&size=1&ordering=size", NULL, NULL},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct engine_query q;
        alees_ctx *ctx;
        alees_rc rc = read_query(*state, rows[i].organizations, rows[i].query, &ctx, &q);
        if (rows[i].code == NULL) {
            if (rc != ALEES_OK) {
                fail_msg("%s was refused: %.*s", rows[i].query, STR_FMT(ctx->problem.detail));
            }
            continue;
        }
        if (rc != ALEES_E_MALFORMED || strcmp(ctx->problem.code, rows[i].code) != 0) {
            fail_msg("%s gave %d, code %s", rows[i].query, (int)rc, ctx->problem.code ? ctx->problem.code : "none");
        }
        assert_text(ctx->problem.detail, rows[i].detail);
    }
}

static void test_organizations_have_no_such_parameter(void **state) {
    alees_ctx *ctx = rights_request(*state, ALEES_SCOPE_SELF, 2, "name=a");
    struct engine_fields fields;
    struct engine_query q;
    rights.fields[RIGHTS_VIEW][0] = "";
    assert_ok(engine_fields_open(ctx, rights.resource, RIGHTS_VIEW, &fields));
    assert_err(engine_query_read(ctx, rights.resource, &fields, &q), ALEES_E_MALFORMED);
    assert_text(ctx->problem.detail,
                "The parameter name needs \"name\", which you may not read in every organization of this list");
}

static void test_a_default_ordering_that_cannot_be_used_is_by_id(void **state) {
    static const struct {
        uint32_t organizations;
        const char *query;
        bool is_by_id;
    } rows[] = {{3, "", true}, {3, &ONE[1], true}, {3, &TWO[1], false}, {3, &FOREIGN[1], false}, {0, "", false}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct engine_query q;
        alees_ctx *ctx;
        assert_ok(read_query(*state, rows[i].organizations, rows[i].query, &ctx, &q));
        assert_int_equal(q.key_count, rows[i].is_by_id ? 1 : 2);
        assert_string_equal(q.keys[0].field->decl->name, rows[i].is_by_id ? "id" : "name");
        assert_false(q.keys[0].descending);
    }
}

/* A cursor made while name could be read, sent when it cannot: it is another list now. */
static void test_a_cursor_does_not_outlive_the_right(void **state) {
    static const uint8_t secret[64] = {7};
    alees_str values[2] = {STR_LIT("Zeta"), STR_LIT("01930000-0000-0000-0000-000000000001")};
    struct engine_query q;
    alees_ctx *ctx;
    alees_str cursor;
    assert_ok(read_query(*state, 0, "", &ctx, &q));
    cursor = engine_cursor_write(*state, secret, engine_cursor_head(ctx, &q), false, values, q.key_count);
    q.has_cursor = true;
    q.cursor = cursor;
    assert_ok(engine_query_cursor(ctx, secret, &q));
    assert_text(q.values[0], "Zeta");
    assert_ok(read_query(*state, 3, "", &ctx, &q));
    q.has_cursor = true;
    q.cursor = cursor;
    assert_err(engine_query_cursor(ctx, secret, &q), ALEES_E_MALFORMED);
    assert_string_equal(ctx->problem.code, "invalid_cursor");
}

static void test_a_provider_that_fails_during_a_refusal(void **state) {
    struct engine_fields fields;
    struct engine_query q;
    alees_ctx *ctx = rights_request(*state, ALEES_SCOPE_ORGANIZATION, 2, "name=a");
    rights.fields[RIGHTS_VIEW][0] = "";
    assert_ok(engine_fields_open(ctx, rights.resource, RIGHTS_VIEW, &fields));
    rights.rc = ALEES_E_UNAVAILABLE;
    assert_err(engine_query_read(ctx, rights.resource, &fields, &q), ALEES_E_UNAVAILABLE);
    assert_int_equal(ctx->problem.status, 503);
}

static void test_a_list_of_oneself_is_not_restricted(void **state) {
    alees_ctx *ctx = rights_request(*state, ALEES_SCOPE_SEVERAL, 1, "name=a&ordering=size");
    struct engine_fields fields;
    struct engine_query q;
    rights.fields[RIGHTS_VIEW][0] = "";
    assert_ok(engine_fields_open(ctx, rights.resource, RIGHTS_VIEW, &fields));
    assert_err(engine_query_read(ctx, rights.resource, &fields, &q), ALEES_E_MALFORMED);
    ctx = rights_request(*state, ALEES_SCOPE_SEVERAL, 1, "name=a&ordering=size");
    rights.fields[RIGHTS_VIEW][0] = "";
    rights.ids[0] = ctx->who->id;
    assert_ok(engine_fields_open(ctx, rights.resource, RIGHTS_VIEW, &fields));
    assert_ok(engine_query_read(ctx, rights.resource, &fields, &q));
    ctx = rights_request(*state, ALEES_SCOPE_ORGANIZATION, 1,
                         "name=a&ordering=size"); /* elsewhere that is no user's id */
    rights.fields[RIGHTS_VIEW][0] = "";
    rights.ids[0] = ctx->who->id;
    assert_ok(engine_fields_open(ctx, rights.resource, RIGHTS_VIEW, &fields));
    assert_err(engine_query_read(ctx, rights.resource, &fields, &q), ALEES_E_MALFORMED);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        ARENA_TEST(test_what_a_list_can_be_chosen_by),
        ARENA_TEST(test_organizations_have_no_such_parameter),
        ARENA_TEST(test_a_default_ordering_that_cannot_be_used_is_by_id),
        ARENA_TEST(test_a_cursor_does_not_outlive_the_right),
        ARENA_TEST(test_a_list_of_oneself_is_not_restricted),
        ARENA_TEST(test_a_provider_that_fails_during_a_refusal),
    };
    jx_init();
    return cmocka_run_group_tests_name("engine_fields_query", tests, NULL, NULL);
}
