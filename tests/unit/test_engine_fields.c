/* SPDX-License-Identifier: MIT
 * test_engine_fields.c - which fields a caller may use: what the provider is asked and how often, what a list may be
 * chosen and ordered by, what a body may hold. */
#include "test.h"

#include <stdio.h>

#include "sample.h"

enum { VIEW = 1, ADD, CHANGE, PERMISSIONS, ORGANIZATIONS = 20 };

/* The provider: in each organization the fields that may be used, by name, or all of them. */
static struct {
    struct alees_rbac_v1 table;
    struct app app;
    struct alees_organizations where;
    alees_id ids[ORGANIZATIONS + 1];
    const struct resource *resource;
    const char *fields[PERMISSIONS][ORGANIZATIONS]; /* " name size "; NULL: all */
    alees_rc rc;
    bool without_result;
    uint32_t all; /* what it says instead of 0 */
    bool without_bits;
    uint32_t everywhere_calls, calls[ORGANIZATIONS];
} p;

/* As the provider sees them: places among the declared fields, which are 14. */
static uint64_t bits_of(const char *names) {
    uint64_t bits = 0;
    uint32_t place = 0;
    for (uint32_t i = 0; i < p.resource->field_count; i++) {
        const struct resource_field *f = &p.resource->fields[i];
        char word[40];
        snprintf(word, sizeof word, " %s ", f->decl->name);
        if (!f->is_standard) {
            bits |= names == NULL || strstr(names, word) != NULL ? (uint64_t)1 << place : 0;
            place++;
        }
    }
    return bits;
}

static alees_rc fields_of(const struct alees_rbac_v1 *me, alees_ctx *ctx, const struct alees_principal *who,
                          uint32_t permission, const alees_id *organization, const struct alees_fields **ret_fields) {
    static struct alees_fields answer;
    static uint64_t bits;
    bool is_all = true;
    assert_ptr_equal(me, &p.table);
    assert_ptr_equal(who, ctx->who);
    assert_in_range(permission, VIEW, CHANGE);
    bits = UINT64_MAX;
    for (uint32_t i = 0; i < p.where.count; i++) {
        if (organization == NULL || alees_id_compare(organization, &p.ids[i]) == 0) {
            is_all = is_all && p.fields[permission][i] == NULL;
            bits &= bits_of(p.fields[permission][i]);
            p.calls[i] += organization != NULL;
        }
    }
    p.everywhere_calls += organization == NULL;
    answer = (struct alees_fields){sizeof answer, is_all ? 1 : p.all, is_all || p.without_bits ? NULL : &bits};
    if (!p.without_result) {
        *ret_fields = &answer;
    }
    return p.rc;
}

static alees_str name_of(const struct alees_rbac_v1 *me, alees_ctx *ctx, const alees_id *organization) {
    (void)me, (void)ctx;
    return alees_id_compare(organization, &p.ids[0]) == 0 ? STR_LIT("One") : (alees_str){NULL, 0};
}

/* A request of somebody who views, adds and changes in so many organizations, without any restriction yet. */
static alees_ctx *request(struct arena *arena, uint32_t scope, uint32_t organizations, const char *query) {
    struct resource *r = sample_resource(arena, scope);
    alees_ctx *ctx = sample_ctx(arena, r, query);
    memset(&p, 0, sizeof p);
    r->view = VIEW;
    r->add = ADD;
    r->change = CHANGE;
    for (uint32_t i = 0; i <= ORGANIZATIONS; i++) {
        p.ids[i] = (alees_id){{0x01, 0x93}};
        p.ids[i].bytes[15] = (uint8_t)(i + 1);
    }
    p.resource = r;
    p.where = (struct alees_organizations){.struct_size = sizeof p.where, .count = organizations, .ids = p.ids};
    p.table = (struct alees_rbac_v1){.struct_size = sizeof p.table, .fields = fields_of, .organization_name = name_of};
    p.app = *ctx->app;
    p.app.rbac = &p.table;
    ctx->app = &p.app;
    ctx->where = &p.where;
    return ctx;
}

static bool has(const bool *may, const char *name) {
    const struct resource_field *f = resource_field(p.resource, test_view(name));
    assert_non_null(f);
    return may == NULL || may[f - p.resource->fields];
}

static uint32_t asked(void) {
    uint32_t sum = p.everywhere_calls;
    for (size_t i = 0; i < ORGANIZATIONS; i++) {
        sum += p.calls[i];
    }
    return sum;
}

/* ---- what the provider is asked ---- */

static void must_be_unrestricted(alees_ctx *ctx) {
    struct engine_fields fields;
    const bool *may = &fields.is_all;
    p.fields[VIEW][0] = "";
    assert_ok(engine_fields_open(ctx, p.resource, VIEW, &fields));
    assert_true(fields.is_all);
    assert_null(fields.everywhere);
    assert_ok(engine_fields_in(&fields, &p.ids[0], &may));
    assert_null(may);
    assert_int_equal(asked(), 0);
}

static void test_whom_nothing_restricts(void **state) {
    static const uint32_t free_scopes[] = {ALEES_SCOPE_GLOBAL, ALEES_SCOPE_OWN};
    alees_ctx *ctx;
    for (size_t i = 0; i < ARRAY_LEN(free_scopes); i++) {
        must_be_unrestricted(request(*state, free_scopes[i], 1, ""));
    }
    ctx = request(*state, ALEES_SCOPE_ORGANIZATION, 1, "");
    ctx->is_all = true;
    must_be_unrestricted(ctx);
    ctx = request(*state, ALEES_SCOPE_ORGANIZATION, 1, "");
    ((struct alees_principal *)(uintptr_t)ctx->who)->flags = ALEES_SUPERUSER;
    must_be_unrestricted(ctx);
    ctx = request(*state, ALEES_SCOPE_ORGANIZATION, 1, "");
    p.table.struct_size = ALEES_UPTO(struct alees_rbac_v1, resources); /* an older provider */
    must_be_unrestricted(ctx);
    ctx = request(*state, ALEES_SCOPE_ORGANIZATION, 1, "");
    p.table.fields = NULL;
    must_be_unrestricted(ctx);
}

static void test_all_costs_one_question_and_no_memory(void **state) {
    alees_ctx *ctx = request(*state, ALEES_SCOPE_ORGANIZATION, ORGANIZATIONS, "");
    size_t used = arena_used(ctx->arena);
    struct engine_fields fields;
    const bool *may;
    assert_ok(engine_fields_open(ctx, p.resource, VIEW, &fields));
    for (size_t i = 0; i < ORGANIZATIONS; i++) {
        assert_ok(engine_fields_in(&fields, &p.ids[i], &may));
        assert_null(may);
    }
    assert_int_equal(asked(), 1);
    assert_int_equal(arena_used(ctx->arena), used);
}

static void test_each_organization_is_asked_about_once(void **state) {
    alees_ctx *ctx = request(*state, ALEES_SCOPE_ORGANIZATION, ORGANIZATIONS, "");
    struct engine_fields fields;
    p.fields[VIEW][3] = " name ";
    p.fields[VIEW][7] = " name size ";
    assert_ok(engine_fields_open(ctx, p.resource, VIEW, &fields));
    assert_false(fields.is_all);
    for (size_t i = 0; i < (size_t)3 * ORGANIZATIONS; i++) {
        size_t place = i % ORGANIZATIONS;
        const bool *may = NULL;
        assert_ok(engine_fields_in(&fields, &p.ids[place], &may));
        assert_int_equal(has(may, "name"), true);
        assert_int_equal(has(may, "size"), place != 3);
        assert_int_equal(has(may, "price"), place != 3 && place != 7);
    }
    assert_int_equal(asked(), 1 + ORGANIZATIONS);
    for (size_t i = 0; i < ORGANIZATIONS; i++) {
        assert_int_equal(p.calls[i], 1);
    }
}

static void test_standard_fields_are_nobodys_secret(void **state) {
    static const char *const standard[] = {"id",         "organization", "created_at",
                                           "updated_at", "created_by",   "updated_by"};
    alees_ctx *ctx = request(*state, ALEES_SCOPE_ORGANIZATION, 1, "");
    struct engine_fields fields;
    const bool *may = NULL;
    p.fields[VIEW][0] = "";
    assert_ok(engine_fields_open(ctx, p.resource, VIEW, &fields));
    assert_ok(engine_fields_in(&fields, &p.ids[0], &may));
    for (size_t i = 0; i < ARRAY_LEN(standard); i++) {
        assert_true(has(may, standard[i]));
        assert_true(has(fields.everywhere, standard[i]));
    }
    for (uint32_t i = 0; i < p.resource->field_count; i++) {
        assert_int_equal(may[i], p.resource->fields[i].is_standard);
    }
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
        alees_ctx *ctx = request(*state, ALEES_SCOPE_ORGANIZATION, 1, "");
        struct engine_fields fields;
        p.fields[VIEW][0] = " name ";
        p.rc = rows[i].rc;
        p.without_result = rows[i].without_result;
        p.without_bits = true;
        p.all = rows[i].all;
        assert_err(engine_fields_open(ctx, p.resource, VIEW, &fields), rows[i].then);
        assert_int_equal(ctx->problem.status, rows[i].status);
    }
}

static void test_without_memory_nothing_is_permitted(void **state) {
    (void)state;
    for (uint32_t nth = 1; nth <= 3; nth++) {
        struct arena *arena = test_arena();
        alees_ctx *ctx = request(arena, ALEES_SCOPE_ORGANIZATION, 2, "");
        struct engine_fields fields = {.is_all = false};
        const bool *may = NULL;
        alees_rc rc;
        p.fields[VIEW][0] = p.fields[VIEW][1] = "";
        arena_fail_after(arena, nth);
        rc = engine_fields_open(ctx, p.resource, VIEW, &fields);
        if (nth > 1) {
            assert_ok(rc);
            rc = engine_fields_in(&fields, &p.ids[0], &may);
        }
        assert_err(rc, ALEES_E_NOMEM);
        assert_int_equal(ctx->problem.status, 503);
        arena_fail_after(arena, 0);
        if (nth > 1) { /* a failure is not remembered as an answer */
            assert_ok(engine_fields_in(&fields, &p.ids[0], &may));
            assert_false(has(may, "name"));
        }
        arena_free(arena);
    }
}

/* ---- what a list may be chosen and ordered by ---- */

/* Organization 1 shows all but name and size, 2 shows all but size and status, 3 shows all but size: name can be used in 2
 * and 3, price everywhere, size nowhere. */
static alees_rc read_query(struct arena *arena, uint32_t organizations, const char *query, alees_ctx **ret_ctx,
                           struct engine_query *ret_query) {
    static struct engine_fields fields;
    alees_ctx *ctx = request(arena, ALEES_SCOPE_ORGANIZATION, organizations, query);
    p.fields[VIEW][0] = " price sold since at key status category attributes tags slug code ";
    p.fields[VIEW][1] = " name price sold since at key category attributes tags slug code ";
    p.fields[VIEW][2] = " name price sold since at key status category attributes tags slug code ";
    assert_ok(engine_fields_open(ctx, p.resource, VIEW, &fields));
    *ret_ctx = ctx;
    return engine_query_read(ctx, p.resource, &fields, ret_query);
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
    alees_ctx *ctx = request(*state, ALEES_SCOPE_SELF, 2, "name=a");
    struct engine_fields fields;
    struct engine_query q;
    p.fields[VIEW][0] = "";
    assert_ok(engine_fields_open(ctx, p.resource, VIEW, &fields));
    assert_err(engine_query_read(ctx, p.resource, &fields, &q), ALEES_E_MALFORMED);
    assert_text(ctx->problem.detail,
                "The parameter name needs \"name\", which you may not read in every organization of this list");
}

static void test_a_default_ordering_that_cannot_be_used_is_by_id(void **state) {
    static const struct {
        uint32_t organizations;
        const char *query;
        bool is_by_id;
    } rows[] = {{3, "", true}, {3, ONE + 1, true}, {3, TWO + 1, false}, {3, FOREIGN + 1, false}, {0, "", false}};
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
    alees_ctx *ctx = request(*state, ALEES_SCOPE_ORGANIZATION, 2, "name=a");
    p.fields[VIEW][0] = "";
    assert_ok(engine_fields_open(ctx, p.resource, VIEW, &fields));
    p.rc = ALEES_E_UNAVAILABLE;
    assert_err(engine_query_read(ctx, p.resource, &fields, &q), ALEES_E_UNAVAILABLE);
    assert_int_equal(ctx->problem.status, 503);
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
        uint32_t permission = rows[i].action == ALEES_CREATE ? ADD : CHANGE;
        alees_ctx *ctx = request(*state, ALEES_SCOPE_ORGANIZATION, 1, "");
        const alees_json *body = sample_json(*state, rows[i].body);
        struct engine_fields fields;
        p.fields[ADD][0] = p.fields[CHANGE][0] = " name size ";
        assert_ok(engine_fields_open(ctx, p.resource, permission, &fields));
        if (engine_fields_permit(p.resource, rows[i].action, body, fields.everywhere) != rows[i].is_permitted) {
            fail_msg("%s", rows[i].body);
        }
        assert_true(engine_fields_permit(p.resource, rows[i].action, body, NULL));
    }
}

static void test_a_refusal_names_every_field(void **state) {
    static const char *const bodies[] = {"{\"name\":\"a\",\"size\":\"no number\",\"price\":1,\"nmae\":2}",
                                         "{\"price\":1,\"size\":2,\"code\":\"b\"}"};
    for (uint32_t action = ALEES_CREATE; action <= ALEES_UPDATE; action++) {
        alees_ctx *ctx = request(*state, ALEES_SCOPE_ORGANIZATION, 1, "");
        const alees_json *body = sample_json(*state, bodies[action - ALEES_CREATE]);
        struct engine_fields fields;
        const struct problem_item *item;
        p.fields[ADD][0] = p.fields[CHANGE][0] = " name ";
        assert_ok(engine_fields_open(ctx, p.resource, action == ALEES_CREATE ? ADD : CHANGE, &fields));
        assert_err(engine_fields_refuse(&fields, action, body, fields.everywhere, &p.ids[0]), ALEES_E_DENIED);
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
        ARENA_TEST(test_a_provider_that_does_not_say_opens_nothing),
        cmocka_unit_test(test_without_memory_nothing_is_permitted),
        ARENA_TEST(test_what_a_list_can_be_chosen_by),
        ARENA_TEST(test_organizations_have_no_such_parameter),
        ARENA_TEST(test_a_default_ordering_that_cannot_be_used_is_by_id),
        ARENA_TEST(test_a_cursor_does_not_outlive_the_right),
        ARENA_TEST(test_a_provider_that_fails_during_a_refusal),
        ARENA_TEST(test_what_may_be_sent),
        ARENA_TEST(test_a_refusal_names_every_field),
    };
    jx_init();
    return cmocka_run_group_tests_name("engine_fields", tests, NULL, NULL);
}
