/* SPDX-License-Identifier: MIT
 * test_engine_expand.c - the paths of expand= become a tree below the view of the request, or say what is wrong with them.
 * What comes of the tree is tested on the whole server. */
#include "test.h"

#include "rights.h"

/* A sample whose category is another sample. */
static alees_ctx *request(struct arena *arena, const char *query) {
    alees_ctx *ctx = rights_request(arena, ALEES_SCOPE_ORGANIZATION, 2, query);
    struct resource_field *f = (struct resource_field *)(uintptr_t)resource_field(rights.resource, STR_LIT("category"));
    f->target = rights.resource;
    return ctx;
}

static alees_rc read_view(alees_ctx *ctx, const struct engine_view **ret_view) {
    return engine_view_read(ctx, rights.resource, NULL, ret_view);
}

static const struct engine_column *column(const struct engine_view *view, const char *name) {
    for (uint32_t i = 0; i < view->column_count; i++) {
        if (strcmp(view->columns[i].field->decl->name, name) == 0) {
            return &view->columns[i];
        }
    }
    fail();
    return NULL;
}

static void test_paths_make_a_tree(void **state) {
    static const struct {
        const char *query;
        uint32_t below; /* expanded below category */
        bool is_named;  /* category itself */
    } rows[] = {
        {"expand=category", 0, true},
        {"expand=category.category", 1, false},
        {"expand=category,category.category", 1, true},
        {"expand=category.category,category", 1, true},
        {"fields=category,name&expand=category", 0, true},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        alees_ctx *ctx = request(*state, rows[i].query);
        const struct engine_view *all = &rights.resource->shapes->all, *view = NULL;
        assert_ok(read_view(ctx, &view));
        assert_int_equal(view->expand_count, 1);
        const struct engine_column *c = column(view, "category");
        assert_int_equal(c->kind, ENGINE_EXPANDED);
        const struct engine_expand *e = &view->expands[c->slot];
        assert_int_equal(e->is_named, rows[i].is_named);
        assert_int_equal(e->view->expand_count, rows[i].below);
        assert_int_equal(column(e->view, "category")->kind, rows[i].below > 0 ? ENGINE_EXPANDED : ENGINE_STORED);
        /* what every other request sees is as it was */
        assert_int_equal(all->expand_count, 0);
        assert_int_equal(column(all, "category")->kind, ENGINE_STORED);
        assert_int_equal(column(view, "name")->kind, ENGINE_STORED);
    }
}

/* A view that is narrowed keeps what is expanded, each in its new place. */
static void test_a_narrow_view_is_expanded_too(void **state) {
    alees_ctx *ctx = request(*state, "fields=name,category&expand=category");
    const struct engine_view *view = NULL;
    assert_ok(read_view(ctx, &view));
    assert_ok(engine_view_narrow(ctx, NULL, &view));
    assert_text(view->selected, "\"name\", \"category_id\", \"id\", \"organization_id\"");
    assert_int_equal(column(view, "category")->kind, ENGINE_EXPANDED);
    assert_int_equal(column(view, "category")->place, 1);
    assert_int_equal(view->expand_count, 1);
    assert_text(view->expands[0].view->selected, rights.resource->shapes->all.selected.ptr); /* read whole */
}

static void test_what_is_wrong(void **state) {
    static const struct {
        const char *query, *detail;
    } rows[] = {
        {"expand=", "must be names of references, separated by commas"},
        {"expand=,", "must be names of references, separated by commas"},
        {"expand=category,", "must be names of references, separated by commas"},
        {"expand=categroy", "names \"categroy\", and \"categroy\" is no reference; did you mean \"category\"?"},
        {"expand=name", "names \"name\", and \"name\" is no reference"},
        {"expand=id", "names \"id\", and \"id\" is no reference"},
        {"expand=secret", "names \"secret\", and \"secret\" is no reference"},
        {"expand=category.", "names \"category.\", and \"\" is no reference"},
        {"expand=category..category", "names \"category..category\", and \"\" is no reference"},
        {"expand=category.category.category", "at most 2 references one behind another"},
        {"expand=category,category", "names \"category\" twice"},
        {"expand=category.category,category.category", "names \"category.category\" twice"},
        {"expand=name,name,name,name,name,name,name,name,name", "is no reference"}, /* the first fault is told */
        {"fields=name&expand=category", "names \"category\", which fields leaves out"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        alees_ctx *ctx = request(*state, rows[i].query);
        const struct engine_view *view = NULL;
        print_message("%s\n", rows[i].query);
        assert_err(read_view(ctx, &view), ALEES_E_MALFORMED);
        assert_string_equal(ctx->problem.code, "bad_parameter");
        assert_true(str_starts(ctx->problem.detail, "The parameter expand "));
        assert_non_null(strstr(ctx->problem.detail.ptr, rows[i].detail));
        assert_null(view);
    }
}

/* Not a word of what lies behind a field that is not read, and it is not proposed. */
static void test_a_reference_that_may_not_be_read(void **state) {
    static const char *const queries[] = {"expand=category", "expand=categroy", "expand=category.category"};
    for (size_t i = 0; i < ARRAY_LEN(queries); i++) {
        alees_ctx *ctx = request(*state, queries[i]);
        struct engine_fields fields;
        struct engine_query q;
        const struct engine_view *view = NULL;
        rights.fields[RIGHTS_VIEW][0] = rights.fields[RIGHTS_VIEW][1] = " name ";
        assert_ok(engine_fields_open(ctx, rights.resource, RIGHTS_VIEW, &fields));
        assert_ok(engine_query_read(ctx, rights.resource, &fields, &q));
        assert_err(engine_view_read(ctx, rights.resource, &q, &view), ALEES_E_MALFORMED);
        assert_non_null(strstr(ctx->problem.detail.ptr, "is no reference"));
        assert_null(strstr(ctx->problem.detail.ptr, "did you mean"));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        ARENA_TEST(test_paths_make_a_tree),
        ARENA_TEST(test_a_narrow_view_is_expanded_too),
        ARENA_TEST(test_what_is_wrong),
        ARENA_TEST(test_a_reference_that_may_not_be_read),
    };
    jx_init();
    return cmocka_run_group_tests_name("engine_expand", tests, NULL, NULL);
}
