/* SPDX-License-Identifier: MIT
 * test_engine_change.c - whole bodies: what is 400, what is 422, what is collected; where a new row may go; what hooks may
 * do through alees.resource/1. */
#include "test.h"

#include <stdio.h>

#include "sample.h"
#include "svc.h"

#define ORGANIZATION "0193a5e0-7c2b-7d3e-9f10-000000000001"
#define ROW "0193a5e0-7c2b-7d3e-9f10-2b6c4d8e1a55"

static struct engine_cell *cell(alees_change *change, const char *name) {
    const struct resource *r = change->resource;
    const struct resource_field *f = resource_field(r, test_view(name));
    assert_non_null(f);
    return &change->cells[f - r->fields];
}

static alees_rc read_body(struct arena *arena, uint32_t action, const char *body, alees_change **ret_change,
                          alees_ctx **ret_ctx) {
    struct resource *r = sample_resource(arena, ALEES_SCOPE_ORGANIZATION);
    alees_ctx *ctx = sample_ctx(arena, r, "");
    alees_id id = sys_new_id(), organization;
    assert_ok(alees_id_parse(test_view(ORGANIZATION), &organization));
    *ret_ctx = ctx;
    *ret_change = engine_change_new(ctx, r, action, &id);
    assert_non_null(*ret_change);
    return engine_change_read(*ret_change, sample_json(arena, body), action == ALEES_CREATE ? &organization : NULL);
}

static const struct problem_item *item(const alees_ctx *ctx, const char *pointer) {
    for (const struct problem_item *i = ctx->problem.items; i != NULL; i = i->next) {
        if (str_equal(i->pointer, pointer)) {
            return i;
        }
    }
    fail_msg("errors does not name %s", pointer);
    return NULL;
}

static void test_a_create_takes_values_and_fallbacks(void **state) {
    alees_change *change;
    alees_ctx *ctx;
    assert_ok(read_body(*state, ALEES_CREATE, "{\"name\":\"a\",\"price\":1.5,\"since\":null,\"secret\":\"s\"}", &change,
                        &ctx));
    assert_text(cell(change, "name")->value, "a");
    assert_true(cell(change, "name")->is_sent && cell(change, "name")->is_written);
    assert_text(cell(change, "secret")->value, "s");
    assert_true(cell(change, "since")->is_written);
    assert_absent(cell(change, "since")->value);
    assert_text(cell(change, "size")->value, "7"); /* the fallback */
    assert_true(cell(change, "size")->is_written);
    assert_false(cell(change, "size")->is_sent);
    assert_text(cell(change, "status")->value, "draft");
    assert_false(cell(change, "tags")->is_written); /* the column's default */
    assert_text(cell(change, "organization")->value, ORGANIZATION);
    assert_false(cell(change, "organization")->is_sent);
}

static void test_a_patch_takes_only_what_is_sent(void **state) {
    alees_change *change;
    alees_ctx *ctx;
    assert_ok(read_body(*state, ALEES_UPDATE, "{\"since\":null}", &change, &ctx));
    for (uint32_t i = 0; i < change->resource->field_count; i++) {
        assert_int_equal(change->cells[i].is_written, &change->cells[i] == cell(change, "since"));
    }
    assert_false(engine_change_is_empty(change));
    assert_ok(read_body(*state, ALEES_UPDATE, "{}", &change, &ctx));
    assert_true(engine_change_is_empty(change));
}

static void test_what_is_refused(void **state) {
    static const struct {
        uint32_t action;
        const char *body;
        const char *code;           /* of the problem */
        const char *pointer, *item; /* one of the errors */
        const char *detail;         /* its text, or NULL */
        uint32_t count;             /* of all errors */
    } rows[] = {
        {ALEES_CREATE, "{\"nmae\":\"a\"}", "unknown_field", "/nmae", "unknown_field",
         "is not a field; did you mean \"name\"?", 1},
        {ALEES_CREATE, "{\"name\":\"a\",\"\":1,\"a/b\":2}", "unknown_field", "/a~1b", "unknown_field", NULL, 2},
        {ALEES_CREATE, "{\"id\":\"" ROW "\",\"name\":\"a\"}", "read_only_field", "/id", "read_only_field",
         "cannot be written; leave it out", 1},
        {ALEES_CREATE, "{\"slug\":\"a\",\"name\":\"a\"}", "read_only_field", "/slug", "read_only_field", NULL, 1},
        {ALEES_CREATE, "{\"created_by\":null,\"version\":3,\"name\":\"a\"}", "read_only_field", "/version",
         "unknown_field", NULL, 2},
        {ALEES_UPDATE, "{\"code\":\"a\"}", "read_only_field", "/code", "read_only_field",
         "can be given on create only; leave it out", 1},
        {ALEES_UPDATE, "{\"organization\":\"" ORGANIZATION "\"}", "read_only_field", "/organization", "read_only_field",
         "can be given on create only; leave it out", 1},
        {ALEES_CREATE, "{}", "invalid", "/name", "required", "is required", 1},
        {ALEES_CREATE, "{\"name\":null}", "invalid", "/name", "null", "must not be null", 1},
        {ALEES_UPDATE, "{\"name\":null}", "invalid", "/name", "null", "must not be null", 1},
        {ALEES_CREATE, "{\"size\":0,\"status\":\"x\",\"tags\":1}", "invalid", "/tags", "wrong_type", NULL, 4},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        alees_change *change;
        alees_ctx *ctx;
        alees_rc rc = read_body(*state, rows[i].action, rows[i].body, &change, &ctx);
        if (rc == ALEES_OK || strcmp(ctx->problem.code, rows[i].code) != 0) {
            fail_msg("%s gave %s", rows[i].body, rc == ALEES_OK ? "no problem" : ctx->problem.code);
        }
        assert_string_equal(item(ctx, rows[i].pointer)->code, rows[i].item);
        if (rows[i].detail != NULL) {
            assert_text(item(ctx, rows[i].pointer)->detail, rows[i].detail);
        }
        assert_int_equal(ctx->problem.item_count, rows[i].count);
    }
}

static void test_a_reference_without_its_plugin_is_refused(void **state) {
    struct resource *r = sample_resource(*state, ALEES_SCOPE_ORGANIZATION);
    alees_ctx *ctx = sample_ctx(*state, r, "");
    alees_id id = sys_new_id();
    alees_change *change = engine_change_new(ctx, r, ALEES_UPDATE, &id);
    r->fields[resource_field(r, STR_LIT("category")) - r->fields].target = NULL;
    assert_err(engine_change_read(change, sample_json(*state, "{\"category\":\"" ROW "\"}"), NULL), ALEES_E_INVALID);
    assert_string_equal(item(ctx, "/category")->code, "invalid_reference");
}

static void test_only_objects_are_bodies(void **state) {
    static const char *const bodies[] = {"[]", "\"a\"", "null", "1"};
    struct resource *r = sample_resource(*state, ALEES_SCOPE_ORGANIZATION);
    const alees_json *body;
    for (size_t i = 0; i < ARRAY_LEN(bodies); i++) {
        alees_ctx *ctx = sample_ctx(*state, r, "");
        ctx->json = sample_json(*state, bodies[i]);
        assert_err(engine_change_body(ctx, &body), ALEES_E_MALFORMED);
    }
    assert_err(engine_change_body(sample_ctx(*state, r, ""), &body), ALEES_E_MALFORMED);
}

static void test_body_of_a_route(void **state) {
    const struct alees_field fields[] = {{.name = "reason", .type = ALEES_TEXT, .flags = ALEES_REQUIRED, .min = 1},
                                         {.name = "size", .type = ALEES_INTEGER}};
    struct resource *r = sample_resource(*state, ALEES_SCOPE_ORGANIZATION);
    alees_ctx *ctx = sample_ctx(*state, r, "");
    assert_ok(engine_check_body(ctx, fields, 2, sample_json(*state, "{\"reason\":\"a\",\"size\":-1}")));
    assert_err(engine_check_body(ctx, fields, 2, sample_json(*state, "{\"size\":\"x\"}")), ALEES_E_INVALID);
    assert_int_equal(ctx->problem.item_count, 2);
    ctx = sample_ctx(*state, r, "");
    assert_err(engine_check_body(ctx, fields, 2, sample_json(*state, "{\"raeson\":\"a\"}")), ALEES_E_MALFORMED);
    assert_text(item(ctx, "/raeson")->detail, "is not a field; did you mean \"reason\"?");
    assert_err(engine_check_body(sample_ctx(*state, r, ""), fields, 2, sample_json(*state, "[]")), ALEES_E_MALFORMED);
}

/* ---- hooks ---- */

static alees_rc set_slug(void *state, alees_ctx *ctx, alees_change *change) {
    const struct alees_resource_v1 *svc = &svc_resource;
    (void)state;
    assert_ptr_equal(ctx->plugin, change->resource->plugin);
    assert_int_equal(svc->action(change), ALEES_CREATE);
    assert_true(svc->is_sent(change, "name"));
    assert_false(svc->is_sent(change, "size"));
    assert_false(svc->is_sent(change, "nosuch"));
    assert_text(svc->value(change, "name"), "a");
    assert_text(svc->value(change, "organization"), ORGANIZATION);
    assert_absent(svc->value(change, "nosuch"));
    assert_ok(svc->set(change, "slug", test_view("a-slug")));
    assert_ok(svc->set(change, "since", (alees_str){NULL, 0}));
    assert_err(svc->set(change, "id", test_view(ROW)), ALEES_E_NOT_FOUND);
    assert_err(svc->set(change, "organization", test_view(ROW)), ALEES_E_NOT_FOUND);
    assert_err(svc->set(change, "slug", test_view("\xFF")), ALEES_E_INVALID);
    return ALEES_OK;
}

static alees_rc refuse_two(void *state, alees_ctx *ctx, alees_change *change) {
    (void)state, (void)ctx;
    (void)svc_resource.refuse(change, "name", "bad_name", test_view("Choose another name."));
    return svc_resource.refuse(change, "size", "bad_size", test_view("Choose another size."));
}

static alees_rc refuse_but_say_ok(void *state, alees_ctx *ctx, alees_change *change) {
    (void)state, (void)ctx;
    (void)svc_resource.refuse(change, "name", "bad_name", test_view("Choose another name."));
    return ALEES_OK;
}

static alees_rc refuse_nothing_said(void *state, alees_ctx *ctx, alees_change *change) {
    (void)state, (void)ctx;
    return svc_resource.refuse(change, NULL, NULL, (alees_str){NULL, 0});
}

static alees_rc fail_but_say_ok(void *state, alees_ctx *ctx, alees_change *change) {
    (void)state, (void)change;
    (void)problem_fail(&ctx->problem, ALEES_E_CONFLICT, "closed", test_view("It is closed."));
    return ALEES_OK;
}

static alees_rc conflict(void *state, alees_ctx *ctx, alees_change *change) {
    (void)state, (void)ctx, (void)change;
    return ALEES_E_CONFLICT;
}

static alees_rc invent(void *state, alees_ctx *ctx, alees_change *change) {
    (void)state, (void)ctx, (void)change;
    return 1;
}

static void test_hooks(void **state) {
    alees_change *change;
    alees_ctx *ctx;
    static const char body[] = "{\"name\":\"a\"}";
    assert_ok(read_body(*state, ALEES_CREATE, body, &change, &ctx));
    assert_ok(engine_change_hook(change, NULL));
    assert_ok(engine_change_hook(change, set_slug));
    assert_null(ctx->plugin);
    assert_text(cell(change, "slug")->value, "a-slug");
    assert_true(cell(change, "slug")->is_written && !cell(change, "slug")->is_sent);
    change->is_open = false;
    assert_err(svc_resource.set(change, "slug", test_view("late")), ALEES_E_UNSUPPORTED);
    assert_text(cell(change, "slug")->value, "a-slug");

    assert_ok(read_body(*state, ALEES_CREATE, body, &change, &ctx));
    assert_err(engine_change_hook(change, refuse_two), ALEES_E_INVALID);
    assert_string_equal(ctx->problem.code, "invalid");
    assert_int_equal(ctx->problem.item_count, 2);
    assert_string_equal(item(ctx, "/size")->code, "bad_size");

    assert_ok(read_body(*state, ALEES_CREATE, body, &change, &ctx));
    assert_err(engine_change_hook(change, refuse_but_say_ok), ALEES_E_INVALID);
    assert_ok(read_body(*state, ALEES_CREATE, body, &change, &ctx));
    assert_err(engine_change_hook(change, fail_but_say_ok), ALEES_E_CONFLICT);
    assert_string_equal(ctx->problem.code, "closed");
    assert_ok(read_body(*state, ALEES_CREATE, body, &change, &ctx));
    assert_err(engine_change_hook(change, conflict), ALEES_E_CONFLICT);
    assert_string_equal(ctx->problem.code, "conflict");
    assert_ok(read_body(*state, ALEES_CREATE, body, &change, &ctx));
    assert_err(engine_change_hook(change, invent), ALEES_E_INTERNAL);
    assert_ok(read_body(*state, ALEES_CREATE, body, &change, &ctx));
    assert_err(engine_change_hook(change, refuse_nothing_said), ALEES_E_INVALID);
    assert_string_equal(item(ctx, "/")->code, "invalid");
}

/* A fault whose message there was no memory for is a fault all the same. One fault in each body: no other may hide it. */
static void test_failing_allocation_never_lets_a_fault_through(void **state) {
    static const char *const bodies[] = {"{\"name\":\"much too long a name\"}", "{\"name\":\"a\",\"size\":0}",
                                         "{\"name\":\"a\",\"tags\":[\"a\",\"a\"]}", "{}", "{\"nmae\":1}"};
    (void)state;
    for (uint32_t i = 0; i < ARRAY_LEN(bodies) * 20; i++) {
        struct arena *arena = test_arena();
        struct resource *r = sample_resource(arena, ALEES_SCOPE_ORGANIZATION);
        alees_ctx *ctx = sample_ctx(arena, r, "");
        const alees_json *body = sample_json(arena, bodies[i / 20]);
        alees_id id = sys_new_id();
        alees_change *change = engine_change_new(ctx, r, ALEES_CREATE, &id);
        assert_non_null(change);
        arena_fail_after(arena, i % 20 + 1);
        assert_true(engine_change_read(change, body, &id) != ALEES_OK);
        assert_true(ctx->problem.rc != ALEES_OK);
        arena_fail_after(arena, 0);
        arena_free(arena);
    }
}

/* ---- where a new row may go ---- */

struct provider {
    struct alees_rbac_v1 table;
    struct alees_organizations view, add;
    alees_id ids[4]; /* 1, 2: add and view; 3: view; 4: neither, but it exists */
};

static alees_rc ask(const struct alees_rbac_v1 *me, alees_ctx *ctx, const struct alees_principal *who,
                    uint32_t permission, const struct alees_organizations **ret_where) {
    const struct provider *p = me->state;
    (void)ctx, (void)who;
    if (permission == 0) {
        return ALEES_E_UNAVAILABLE;
    }
    *ret_where = &p->view;
    return ALEES_OK;
}

static alees_str name_of(const struct alees_rbac_v1 *me, alees_ctx *ctx, const alees_id *organization) {
    static const char *const names[] = {"One", "Two", "Three", "Four"};
    const struct provider *p = me->state;
    (void)ctx;
    for (size_t i = 0; i < ARRAY_LEN(p->ids); i++) {
        if (alees_id_compare(&p->ids[i], organization) == 0) {
            return test_view(names[i]);
        }
    }
    return (alees_str){NULL, 0};
}

static alees_ctx *with_provider(struct arena *arena, struct provider *p, struct app *app, struct resource *r,
                                uint32_t adds, uint32_t views) {
    alees_ctx *ctx = sample_ctx(arena, r, "");
    memset(p, 0, sizeof *p);
    for (uint8_t i = 0; i < ARRAY_LEN(p->ids); i++) {
        assert_ok(alees_id_parse(test_view(ORGANIZATION), &p->ids[i]));
        p->ids[i].bytes[15] = (uint8_t)(i + 1);
    }
    p->table.state = p;
    p->table.organizations = ask;
    p->table.organization_name = name_of;
    p->add = (struct alees_organizations){.count = adds, .ids = p->ids};
    p->view = (struct alees_organizations){.count = views, .ids = p->ids};
    *app = *ctx->app;
    app->rbac = &p->table;
    ctx->app = app;
    ctx->where = &p->add;
    r->view = 1;
    return ctx;
}

#define ORG(n) "{\"organization\":\"0193a5e0-7c2b-7d3e-9f10-00000000000" n "\"}"

static void test_where_a_new_row_may_go(void **state) {
    static const struct {
        uint32_t adds, views;
        const char *body;
        const char *code; /* NULL: goes into: */
        uint8_t into;
        const char *organization; /* that a 403 may name */
    } rows[] = {
        {1, 1, "{}", NULL, 1, NULL},
        {2, 2, "{}", "required", 0, NULL},
        {0, 1, "{}", "permission_denied", 0, "One"},
        {0, 0, "{}", "permission_denied", 0, NULL},
        {0, 3, "{}", "permission_denied", 0, NULL}, /* several: names none */
        {2, 3, ORG("2"), NULL, 2, NULL},
        {2, 3, ORG("3"), "permission_denied", 0, "Three"},
        {2, 3, ORG("4"), "organization_not_permitted", 0, NULL}, /* exists */
        {2, 3, ORG("9"), "organization_not_permitted", 0, NULL}, /* does not */
        {0, 0, ORG("1"), "organization_not_permitted", 0, NULL},
        {2, 3, "{\"organization\":\"acme\"}", "invalid_format", 0, NULL},
        {2, 3, "{\"organization\":null}", "invalid_format", 0, NULL},
        {0, 1, "{\"organization\":7}", "permission_denied", 0, "One"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct resource *r = sample_resource(*state, ALEES_SCOPE_ORGANIZATION);
        struct provider p;
        struct app app;
        alees_ctx *ctx = with_provider(*state, &p, &app, r, rows[i].adds, rows[i].views);
        alees_id into;
        alees_rc rc = engine_place_create(ctx, r, sample_json(*state, rows[i].body), &into);
        const char *code = rc != ALEES_OK ? ctx->problem.code : ctx->problem.items ? ctx->problem.items->code : NULL;
        if (rows[i].code == NULL) {
            assert_null(code);
            assert_int_equal(into.bytes[15], rows[i].into);
            continue;
        }
        if (code == NULL || strcmp(code, rows[i].code) != 0) {
            fail_msg("%s gave %s, not %s", rows[i].body, code ? code : "no problem", rows[i].code);
        }
        if (rows[i].organization != NULL) {
            assert_text(ctx->problem.organization, rows[i].organization);
        } else {
            assert_absent(ctx->problem.organization);
        }
    }
}

static void test_foreign_and_unknown_organizations_look_the_same(void **state) {
    struct resource *r = sample_resource(*state, ALEES_SCOPE_ORGANIZATION);
    static const char *const bodies[] = {ORG("4"), ORG("9")};
    alees_str details[2];
    for (size_t i = 0; i < 2; i++) {
        struct provider p;
        struct app app;
        alees_ctx *ctx = with_provider(*state, &p, &app, r, 1, 1);
        struct str out;
        alees_id into;
        assert_err(engine_place_create(ctx, r, sample_json(*state, bodies[i]), &into), ALEES_E_DENIED);
        str_init(&out, *state, 256);
        problem_write(&ctx->problem, STR_LIT("id"), &out);
        details[i] = str_done(&out);
    }
    assert_true(alees_equal(details[0], details[1]));
}

static void test_a_superuser_must_say_where(void **state) {
    struct resource *r = sample_resource(*state, ALEES_SCOPE_ORGANIZATION);
    struct provider p;
    struct app app;
    alees_id into;
    alees_ctx *ctx = with_provider(*state, &p, &app, r, 0, 0);
    p.add.all = 1;
    assert_ok(engine_place_create(ctx, r, sample_json(*state, "{}"), &into));
    assert_string_equal(item(ctx, "/organization")->code, "required");
    ctx = with_provider(*state, &p, &app, r, 0, 0);
    p.add.all = 1;
    assert_ok(engine_place_create(ctx, r, sample_json(*state, ORG("4")), &into));
    assert_int_equal(into.bytes[15], 4);
    assert_err(engine_place_create(ctx, r, sample_json(*state, ORG("9")), &into), ALEES_E_DENIED);
    assert_string_equal(ctx->problem.code, "organization_not_permitted");
}

static void test_none_is_never_everywhere(void **state) {
    struct resource *r = sample_resource(*state, ALEES_SCOPE_ORGANIZATION);
    struct provider p;
    struct app app;
    struct engine_place place;
    alees_ctx *ctx = with_provider(*state, &p, &app, r, 0, 0);
    assert_ok(engine_place_of(ctx, r, &p.add, true, &place));
    assert_int_equal(place.reach, ENGINE_NOWHERE);
    assert_false(place.scope.all);
    assert_text(place.scope.organizations, "{}");
    assert_ok(engine_place_of(ctx, r, NULL, true, &place));
    assert_int_equal(place.reach, ENGINE_NOWHERE);
    p.add.count = 1;
    assert_ok(engine_place_of(ctx, r, &p.add, true, &place));
    assert_int_equal(place.reach, ENGINE_ONE);
    assert_text(place.ids, "{" ORGANIZATION "}");
    assert_ok(engine_place_narrow(ctx, &p.add, &p.ids[1], &place)); /* not among them */
    assert_int_equal(place.reach, ENGINE_NOWHERE);
    p.add.all = 1;
    assert_ok(engine_place_of(ctx, r, &p.add, true, &place));
    assert_int_equal(place.reach, ENGINE_EVERYWHERE);
    assert_true(place.scope.all);
}

static void test_a_provider_that_fails_ends_the_request(void **state) {
    struct resource *r = sample_resource(*state, ALEES_SCOPE_ORGANIZATION);
    struct provider p;
    struct app app;
    alees_id into;
    alees_ctx *ctx = with_provider(*state, &p, &app, r, 0, 1);
    r->view = 0;
    assert_err(engine_place_create(ctx, r, sample_json(*state, "{}"), &into), ALEES_E_UNAVAILABLE);
    assert_string_equal(ctx->problem.code, "unavailable");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        ARENA_TEST(test_a_create_takes_values_and_fallbacks),
        ARENA_TEST(test_a_patch_takes_only_what_is_sent),
        ARENA_TEST(test_what_is_refused),
        ARENA_TEST(test_a_reference_without_its_plugin_is_refused),
        ARENA_TEST(test_only_objects_are_bodies),
        ARENA_TEST(test_body_of_a_route),
        ARENA_TEST(test_hooks),
        cmocka_unit_test(test_failing_allocation_never_lets_a_fault_through),
        ARENA_TEST(test_where_a_new_row_may_go),
        ARENA_TEST(test_foreign_and_unknown_organizations_look_the_same),
        ARENA_TEST(test_a_superuser_must_say_where),
        ARENA_TEST(test_none_is_never_everywhere),
        ARENA_TEST(test_a_provider_that_fails_ends_the_request),
    };
    jx_init();
    return cmocka_run_group_tests_name("engine_change", tests, NULL, NULL);
}
