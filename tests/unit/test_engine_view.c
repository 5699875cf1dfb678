/* SPDX-License-Identifier: MIT
 * test_engine_view.c - fields=: what is shown, what is selected, what is wrong with the list; for callers of every right. */
#include "test.h"

#include "rights.h"

static struct engine_fields fields;

/* size is read nowhere, name in organization 2 only. */
static alees_ctx *request(struct arena *arena, uint32_t scope, const char *query) {
    alees_ctx *ctx = rights_request(arena, scope, 2, query);
    rights.fields[RIGHTS_VIEW][0] = " price sold since at key status category attributes tags slug code ";
    rights.fields[RIGHTS_VIEW][1] = " name price sold since at key status category attributes tags slug code ";
    return ctx;
}

static alees_rc read_view(alees_ctx *ctx, struct engine_query *query, const struct engine_view **ret_view) {
    alees_rc rc = engine_fields_open(ctx, rights.resource, RIGHTS_VIEW, &fields);
    assert_ok(rc);
    rc = engine_query_read(ctx, rights.resource, &fields, query);
    rc = rc == ALEES_OK ? engine_view_read(ctx, rights.resource, query, ret_view) : rc;
    return rc == ALEES_OK ? engine_view_narrow(ctx, query, ret_view) : rc;
}

static const char *shown(struct arena *arena, const struct engine_view *view) {
    struct str s;
    str_init(&s, arena, 64);
    for (uint32_t i = 0; i < view->column_count; i++) {
        str_puts(&s, i > 0 ? "," : "");
        str_puts(&s, view->columns[i].field->decl->name);
    }
    return str_done(&s).ptr;
}

static void test_what_is_shown_and_what_is_selected(void **state) {
    static const struct {
        uint32_t scope;
        const char *query, *shown, *selected;
    } rows[] = {
        {ALEES_SCOPE_ORGANIZATION, "fields=status", "status", "\"status\", \"id\", \"organization_id\""},
        {ALEES_SCOPE_ORGANIZATION, "fields=status,id", "id,status", "\"id\", \"status\", \"organization_id\""},
        {ALEES_SCOPE_ORGANIZATION, "fields=id,status", "id,status", "\"id\", \"status\", \"organization_id\""},
        {ALEES_SCOPE_ORGANIZATION, "fields=updated_at,organization", "organization,updated_at",
         "\"organization_id\", \"updated_at\", \"id\""},
        {ALEES_SCOPE_ORGANIZATION, "fields=key&ordering=-price", "key",
         "\"key\", \"id\", \"organization_id\", \"price\""},
        {ALEES_SCOPE_ORGANIZATION, "fields=price&ordering=-price", "price", "\"price\", \"id\", \"organization_id\""},
        {ALEES_SCOPE_ORGANIZATION, "fields=name", "name", "\"name\", \"id\", \"organization_id\""}, /* in a part */
        {ALEES_SCOPE_SELF, "fields=category", "category", "\"category_id\", \"id\""},
        {ALEES_SCOPE_GLOBAL, "fields=size", "size", "\"size\", \"id\", \"name\""},
        {ALEES_SCOPE_SEVERAL, "fields=tags", "tags", "\"tags\", \"id\", \"scope_ids\""},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        alees_ctx *ctx = request(*state, rows[i].scope, rows[i].query);
        const struct engine_view *view = NULL;
        struct engine_query query;
        print_message("%s\n", rows[i].query);
        assert_ok(read_view(ctx, &query, &view));
        assert_string_equal(shown(*state, view), rows[i].shown);
        assert_text(view->selected, rows[i].selected);
        for (uint32_t j = 0; j < view->column_count; j++) {
            assert_int_equal(view->columns[j].place, j);
            assert_int_equal(view->places[view->columns[j].field - view->r->fields], j);
        }
        assert_int_not_equal(view->places[ENGINE_ID], UINT32_MAX);
    }
}

static void test_what_is_wrong(void **state) {
    static const struct {
        const char *query, *detail;
    } rows[] = {
        {"fields=", "The parameter fields must be names of fields, separated by commas"},
        {"fields=id,", "The parameter fields must be names of fields, separated by commas"},
        {"fields=,id", "The parameter fields must be names of fields, separated by commas"},
        {"fields=id,id", "The parameter fields names \"id\" twice"},
        {"fields=stauts", "The parameter fields names \"stauts\", which is no field; did you mean \"status\"?"},
        {"fields= id", "The parameter fields names \" id\", which is no field; did you mean \"id\"?"},
        {"fields=ID", "The parameter fields names \"ID\", which is no field"},
        {"fields=category_id", "The parameter fields names \"category_id\", which is no field"},
        {"fields=version", "The parameter fields names \"version\", which is no field"},
        {"fields=secret", "The parameter fields names \"secret\", which is no field"},
        {"fields=size", "The parameter fields names \"size\", which is no field"}, /* read nowhere */
        {"fields=siez", "The parameter fields names \"siez\", which is no field"}, /* nor is it proposed */
        {"fields=name&organization=01930000-0000-0000-0000-000000000001",
         "The parameter fields names \"name\", which is no field"},
        {"fields=id&fields=id", "The parameter fields must not be given twice"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        alees_ctx *ctx = request(*state, ALEES_SCOPE_ORGANIZATION, rows[i].query);
        const struct engine_view *view = NULL;
        struct engine_query query;
        print_message("%s\n", rows[i].query);
        assert_err(read_view(ctx, &query, &view), ALEES_E_MALFORMED);
        assert_string_equal(ctx->problem.code, "bad_parameter");
        assert_true(str_starts(ctx->problem.detail, rows[i].detail));
        assert_null(strstr(ctx->problem.detail.ptr, "\"size\"?"));
    }
}

static void test_without_fields_nothing_is_asked(void **state) {
    alees_ctx *ctx = request(*state, ALEES_SCOPE_ORGANIZATION, "");
    const struct engine_view *view = NULL;
    assert_ok(engine_view_read(ctx, rights.resource, NULL, &view));
    assert_ptr_equal(view, &rights.resource->shapes->all);
    assert_ok(engine_view_narrow(ctx, NULL, &view));
    assert_ptr_equal(view, &rights.resource->shapes->all);
    assert_int_equal(rights_asked(), 0);
}

/* Over rows that are read whole a view says only what is shown; narrowing another makes no difference to it. */
static void test_a_view_over_whole_rows(void **state) {
    alees_ctx *ctx = request(*state, ALEES_SCOPE_GLOBAL, "fields=status,name");
    const struct engine_view *all = &rights.resource->shapes->all, *view = NULL, *own;
    assert_ok(engine_view_read(ctx, rights.resource, NULL, &view));
    own = view;
    assert_ok(engine_view_narrow(ctx, NULL, &own));
    assert_ptr_not_equal(own, view);
    assert_ptr_equal(view->selected.ptr, all->selected.ptr);
    assert_string_equal(shown(*state, view), "name,status");
    for (uint32_t i = 0; i < view->column_count; i++) {
        assert_int_equal(view->columns[i].place, all->places[view->columns[i].field - all->r->fields]);
    }
    assert_int_equal(view->version, all->version);
    assert_int_equal(own->version, 3); /* name, status, id */
}

/* Where there is nothing to see, there is nothing to tell. */
static void test_a_list_that_reaches_nowhere(void **state) {
    alees_ctx *ctx =
        request(*state, ALEES_SCOPE_ORGANIZATION, "fields=size&organization=01930000-0000-0000-0000-000000000015");
    const struct engine_view *view = NULL;
    struct engine_query query;
    assert_ok(read_view(ctx, &query, &view));
    assert_string_equal(shown(*state, view), "size");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        ARENA_TEST(test_what_is_shown_and_what_is_selected), ARENA_TEST(test_what_is_wrong),
        ARENA_TEST(test_without_fields_nothing_is_asked),    ARENA_TEST(test_a_view_over_whole_rows),
        ARENA_TEST(test_a_list_that_reaches_nowhere),
    };
    jx_init();
    return cmocka_run_group_tests_name("engine_view", tests, NULL, NULL);
}
