/* SPDX-License-Identifier: MIT
 * test_engine_fields.c - which fields a caller may use: what the provider is asked and how often, what a body may
 * hold. What a list may be chosen by is test_engine_fields_query.c's. */
#include "test.h"

#include "rights.h"

/* ---- what the provider is asked ---- */

static void must_be_unrestricted(alees_ctx *ctx) {
    struct engine_fields fields;
    const bool *may = &fields.is_all;
    rights.fields[RIGHTS_VIEW][0] = "";
    assert_ok(engine_fields_open(ctx, rights.resource, RIGHTS_VIEW, &fields));
    assert_true(fields.is_all);
    assert_null(fields.everywhere);
    assert_ok(engine_fields_in(&fields, &rights.ids[0], &may));
    assert_null(may);
    assert_int_equal(rights_asked(), 0);
}

static void test_whom_nothing_restricts(void **state) {
    static const uint32_t free_scopes[] = {ALEES_SCOPE_GLOBAL, ALEES_SCOPE_OWN};
    alees_ctx *ctx;
    for (size_t i = 0; i < ARRAY_LEN(free_scopes); i++) {
        must_be_unrestricted(rights_request(*state, free_scopes[i], 1, ""));
    }
    ctx = rights_request(*state, ALEES_SCOPE_ORGANIZATION, 1, "");
    ctx->is_all = true;
    must_be_unrestricted(ctx);
    ctx = rights_request(*state, ALEES_SCOPE_ORGANIZATION, 1, "");
    ((struct alees_principal *)(uintptr_t)ctx->who)->flags = ALEES_SUPERUSER;
    must_be_unrestricted(ctx);
    ctx = rights_request(*state, ALEES_SCOPE_ORGANIZATION, 1, "");
    rights.table.struct_size = ALEES_UPTO(struct alees_rbac_v1, resources); /* an older provider */
    must_be_unrestricted(ctx);
    ctx = rights_request(*state, ALEES_SCOPE_ORGANIZATION, 1, "");
    rights.table.fields = NULL;
    must_be_unrestricted(ctx);
}

static void test_all_costs_one_question_and_no_memory(void **state) {
    alees_ctx *ctx = rights_request(*state, ALEES_SCOPE_ORGANIZATION, RIGHTS_ORGANIZATIONS, "");
    size_t used = arena_used(ctx->arena);
    struct engine_fields fields;
    const bool *may;
    assert_ok(engine_fields_open(ctx, rights.resource, RIGHTS_VIEW, &fields));
    for (size_t i = 0; i < RIGHTS_ORGANIZATIONS; i++) {
        assert_ok(engine_fields_in(&fields, &rights.ids[i], &may));
        assert_null(may);
    }
    assert_int_equal(rights_asked(), 1);
    assert_int_equal(arena_used(ctx->arena), used);
}

static void test_each_organization_is_asked_about_once(void **state) {
    alees_ctx *ctx = rights_request(*state, ALEES_SCOPE_ORGANIZATION, RIGHTS_ORGANIZATIONS, "");
    struct engine_fields fields;
    rights.fields[RIGHTS_VIEW][3] = " name ";
    rights.fields[RIGHTS_VIEW][7] = " name size ";
    assert_ok(engine_fields_open(ctx, rights.resource, RIGHTS_VIEW, &fields));
    assert_false(fields.is_all);
    for (size_t i = 0; i < (size_t)3 * RIGHTS_ORGANIZATIONS; i++) {
        size_t place = i % RIGHTS_ORGANIZATIONS;
        const bool *may = NULL;
        assert_ok(engine_fields_in(&fields, &rights.ids[place], &may));
        assert_int_equal(rights_has(may, "name"), true);
        assert_int_equal(rights_has(may, "size"), place != 3);
        assert_int_equal(rights_has(may, "price"), place != 3 && place != 7);
    }
    assert_int_equal(rights_asked(), 1 + RIGHTS_ORGANIZATIONS);
    for (size_t i = 0; i < RIGHTS_ORGANIZATIONS; i++) {
        assert_int_equal(rights.calls[i], 1);
    }
}

static void test_standard_fields_are_nobodys_secret(void **state) {
    static const char *const standard[] = {"id",         "organization", "created_at",
                                           "updated_at", "created_by",   "updated_by"};
    alees_ctx *ctx = rights_request(*state, ALEES_SCOPE_ORGANIZATION, 1, "");
    struct engine_fields fields;
    const bool *may = NULL;
    rights.fields[RIGHTS_VIEW][0] = "";
    assert_ok(engine_fields_open(ctx, rights.resource, RIGHTS_VIEW, &fields));
    assert_ok(engine_fields_in(&fields, &rights.ids[0], &may));
    for (size_t i = 0; i < ARRAY_LEN(standard); i++) {
        assert_true(rights_has(may, standard[i]));
        assert_true(rights_has(fields.everywhere, standard[i]));
    }
    for (uint32_t i = 0; i < rights.resource->field_count; i++) {
        assert_int_equal(may[i], rights.resource->fields[i].is_standard);
    }
}

/* Rows of users: oneself without any restriction, others by what one of their organizations permits. */
static void test_rows_of_several_organizations(void **state) {
#define ID(n) "01930000-0000-0000-0000-0000000000" n
    static const struct {
        const char *scope, *may, *may_not;
    } rows[] = {
        {"{" ID("01") "}", "size", "price"},
        {"{" ID("02") "}", "price", "size"},
        {"{" ID("02") "," ID("15") "," ID("01") "}", "size", "sold"},
        {"{" ID("15") "}", "name", "size"}, /* of an organization that is not theirs: what they may everywhere */
        {"{}", "name", "size"}};
    alees_ctx *ctx = rights_request(*state, ALEES_SCOPE_SEVERAL, 2, "");
    struct alees_principal *who = (struct alees_principal *)(uintptr_t)ctx->who;
    alees_str oneself = STR_LIT("{" ID("01") ",11111111-1111-1111-1111-111111111111}");
    struct engine_fields fields;
    const bool *may = NULL;
    rights.fields[RIGHTS_VIEW][0] = " name size ";
    rights.fields[RIGHTS_VIEW][1] = " name price ";
    assert_ok(engine_fields_open(ctx, rights.resource, RIGHTS_VIEW, &fields));
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        assert_ok(engine_fields_of_scope(&fields, test_view(rows[i].scope), &may));
        assert_true(rights_has(may, "name") && rights_has(may, rows[i].may));
        assert_false(rights_has(may, rows[i].may_not));
    }
    assert_int_equal(rights_asked(), 3);
    assert_ok(engine_fields_of_scope(&fields, oneself, &may));
    assert_null(may);
    who->flags = ALEES_API_KEY; /* a program is not the person */
    assert_ok(engine_fields_of_scope(&fields, oneself, &may));
    assert_false(rights_has(may, "price"));
}

static void test_a_provider_that_does_not_say_opens_nothing(void **state) {
    static const struct {
        alees_rc rc;
        bool without_result;
        uint32_t all;
        alees_rc then;
        uint32_t status;
    } rows[] = {
        {ALEES_E_UNAVAILABLE, false, 0, ALEES_E_UNAVAILABLE, 503},
        {ALEES_E_NOMEM, false, 0, ALEES_E_NOMEM, 503},
        {ALEES_E_DENIED, false, 1, ALEES_E_DENIED, 403},
        {ALEES_OK, true, 0, ALEES_E_INTERNAL, 500},
        {ALEES_OK, false, 0, ALEES_E_INTERNAL, 500},
        {ALEES_OK, false, 2, ALEES_E_INTERNAL, 500},
        {1, false, 1, 1, 500},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        alees_ctx *ctx = rights_request(*state, ALEES_SCOPE_ORGANIZATION, 1, "");
        struct engine_fields fields;
        rights.fields[RIGHTS_VIEW][0] = " name ";
        rights.rc = rows[i].rc;
        rights.without_result = rows[i].without_result;
        rights.without_bits = true;
        rights.all = rows[i].all;
        assert_err(engine_fields_open(ctx, rights.resource, RIGHTS_VIEW, &fields), rows[i].then);
        assert_int_equal(ctx->problem.status, rows[i].status);
    }
}

static void test_without_memory_nothing_is_permitted(void **state) {
    (void)state;
    for (uint32_t nth = 1; nth <= 3; nth++) {
        struct arena *arena = test_arena();
        alees_ctx *ctx = rights_request(arena, ALEES_SCOPE_ORGANIZATION, 2, "");
        struct engine_fields fields = {.is_all = false};
        const bool *may = NULL;
        alees_rc rc;
        rights.fields[RIGHTS_VIEW][0] = rights.fields[RIGHTS_VIEW][1] = "";
        arena_fail_after(arena, nth);
        rc = engine_fields_open(ctx, rights.resource, RIGHTS_VIEW, &fields);
        if (nth > 1) {
            assert_ok(rc);
            rc = engine_fields_in(&fields, &rights.ids[0], &may);
        }
        assert_err(rc, ALEES_E_NOMEM);
        assert_int_equal(ctx->problem.status, 503);
        arena_fail_after(arena, 0);
        if (nth > 1) { /* a failure is not remembered as an answer */
            assert_ok(engine_fields_in(&fields, &rights.ids[0], &may));
            assert_false(rights_has(may, "name"));
        }
        arena_free(arena);
    }
}

/* ---- what a body may hold ---- */

static void test_what_may_be_sent(void **state) {
    static const struct {
        uint32_t action;
        const char *body;
        bool is_permitted;
    } rows[] = {
        {ALEES_CREATE, "{\"name\":\"a\",\"organization\":\"x\"}", true},
        {ALEES_CREATE, "{}", true},
        {ALEES_CREATE, "{\"name\":\"a\",\"price\":1}", false},
        {ALEES_CREATE, "{\"price\":null}", false},
        {ALEES_CREATE, "{\"code\":\"a\"}", false},
        {ALEES_CREATE, "{\"secret\":\"a\"}", false},
        {ALEES_UPDATE, "{\"name\":\"a\",\"size\":1}", true},
        {ALEES_UPDATE, "{\"price\":1}", false},
        /* what nobody can send is told by others */
        {ALEES_CREATE, "{\"slug\":\"a\",\"id\":\"x\",\"nmae\":1}", true},
        {ALEES_UPDATE, "{\"slug\":\"a\",\"code\":\"x\",\"organization\":1}", true},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        uint32_t permission = rows[i].action == ALEES_CREATE ? RIGHTS_ADD : RIGHTS_CHANGE;
        alees_ctx *ctx = rights_request(*state, ALEES_SCOPE_ORGANIZATION, 1, "");
        const alees_json *body = sample_json(*state, rows[i].body);
        struct engine_fields fields;
        rights.fields[RIGHTS_ADD][0] = rights.fields[RIGHTS_CHANGE][0] = " name size ";
        assert_ok(engine_fields_open(ctx, rights.resource, permission, &fields));
        if (engine_fields_permit(rights.resource, rows[i].action, body, fields.everywhere) != rows[i].is_permitted) {
            fail_msg("%s", rows[i].body);
        }
        assert_true(engine_fields_permit(rights.resource, rows[i].action, body, NULL));
    }
}

static void test_a_refusal_names_every_field(void **state) {
    static const char *const bodies[] = {"{\"name\":\"a\",\"size\":\"no number\",\"price\":1,\"nmae\":2}",
                                         "{\"price\":1,\"size\":2,\"code\":\"b\"}"};
    for (uint32_t action = ALEES_CREATE; action <= ALEES_UPDATE; action++) {
        alees_ctx *ctx = rights_request(*state, ALEES_SCOPE_ORGANIZATION, 1, "");
        const alees_json *body = sample_json(*state, bodies[action - ALEES_CREATE]);
        struct engine_fields fields;
        const struct problem_item *item;
        rights.fields[RIGHTS_ADD][0] = rights.fields[RIGHTS_CHANGE][0] = " name ";
        assert_ok(
            engine_fields_open(ctx, rights.resource, action == ALEES_CREATE ? RIGHTS_ADD : RIGHTS_CHANGE, &fields));
        assert_err(engine_fields_refuse(&fields, action, body, fields.everywhere, &rights.ids[0]), ALEES_E_DENIED);
        assert_int_equal(ctx->problem.status, 403);
        assert_string_equal(ctx->problem.code, "field_not_permitted");
        assert_text(ctx->problem.detail, "Your roles in the organization \"One\" do not permit the fields that errors "
                                         "names; leave them out.");
        assert_text(ctx->problem.organization, "One");
        assert_int_equal(ctx->problem.item_count, 2);
        item = ctx->problem.items;
        assert_text(item->pointer, "/size");
        assert_string_equal(item->code, "field_not_permitted");
        assert_text(item->detail, action == ALEES_CREATE ? "may not be given by you; leave it out"
                                                         : "may not be changed by you; leave it out");
        assert_text(item->next->pointer, "/price");
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        ARENA_TEST(test_whom_nothing_restricts),
        ARENA_TEST(test_all_costs_one_question_and_no_memory),
        ARENA_TEST(test_each_organization_is_asked_about_once),
        ARENA_TEST(test_standard_fields_are_nobodys_secret),
        ARENA_TEST(test_rows_of_several_organizations),
        ARENA_TEST(test_a_provider_that_does_not_say_opens_nothing),
        cmocka_unit_test(test_without_memory_nothing_is_permitted),
        ARENA_TEST(test_what_may_be_sent),
        ARENA_TEST(test_a_refusal_names_every_field),
    };
    jx_init();
    return cmocka_run_group_tests_name("engine_fields", tests, NULL, NULL);
}
