/* SPDX-License-Identifier: MIT
 * test_engine_place.c - rows of one user, of several organizations, of none: whose are in reach, and the statements about
 * them. */
#include "test.h"

#include "alees/util.h"
#include "sample.h"

#define ID(n) "0193a5e0-7c2b-7d3e-9f10-00000000000" n
#define ME "11111111-1111-1111-1111-111111111111" /* of sample_ctx */

/* What the provider says of every permission: in these organizations, and, apart from them, without any. */
struct provider {
    struct alees_rbac_v1 table;
    struct alees_organizations where;
    alees_id ids[4];
    alees_rc decide, organizations;
};

static alees_rc decide(const struct alees_rbac_v1 *me, alees_ctx *ctx, const struct alees_principal *who,
                       uint32_t permission, const alees_id *organization, const struct alees_decision **ret_why) {
    const struct provider *p = me->state;
    (void)ctx, (void)who, (void)permission, (void)ret_why;
    assert_null(organization);
    return p->decide;
}

static alees_rc ask(const struct alees_rbac_v1 *me, alees_ctx *ctx, const struct alees_principal *who,
                    uint32_t permission, const struct alees_organizations **ret_where) {
    const struct provider *p = me->state;
    (void)ctx, (void)who, (void)permission;
    *ret_where = &p->where;
    return p->organizations;
}

struct fixture {
    struct arena *arena;
    struct resource *r;
    struct app app;
    struct provider provider;
    struct alees_principal who;
    alees_ctx *ctx;
};

static alees_id id_of(const char *text) {
    alees_id id;
    assert_ok(alees_id_parse(test_view(text), &id));
    return id;
}

/* count organizations: 1, 2, .. */
static void open_fixture(struct fixture *f, uint32_t scope, uint32_t flags, uint32_t count) {
    static const char *const texts[] = {"{}", "{" ID("1") "}", "{" ID("1") "," ID("2") "}"};
    memset(f, 0, sizeof *f);
    f->arena = test_arena();
    f->r = sample_resource(f->arena, scope);
    ((struct alees_resource *)(uintptr_t)f->r->decl)->flags = flags;
    f->r->view = 1;
    f->r->change = 3;
    f->r->remove = 4;
    f->ctx = sample_ctx(f->arena, f->r, "");
    f->app = *f->ctx->app;
    f->ctx->app = &f->app;
    f->who = *f->ctx->who;
    f->ctx->who = &f->who;
    f->app.rbac = &f->provider.table;
    f->provider.table.state = &f->provider;
    f->provider.table.decide = decide;
    f->provider.table.organizations = ask;
    f->provider.decide = ALEES_E_DENIED;
    f->provider.ids[0] = id_of(ID("1"));
    f->provider.ids[1] = id_of(ID("2"));
    f->provider.where = (struct alees_organizations){.struct_size = sizeof f->provider.where,
                                                     .count = count,
                                                     .ids = f->provider.ids,
                                                     .text = test_view(texts[count])};
}

static void close_fixture(struct fixture *f) {
    arena_free(f->arena);
}

static const struct alees_organizations *holds(struct fixture *f, uint32_t permission) {
    const struct alees_organizations *where = NULL;
    assert_ok(engine_place_holds(f->ctx, f->r, permission, &where));
    return where;
}

static void test_own(void **state) {
    struct fixture f;
    (void)state;
    open_fixture(&f, ALEES_SCOPE_OWN, 0, 2);
    f.provider.decide = f.provider.organizations = ALEES_E_UNAVAILABLE; /* not even asked */
    assert_text(holds(&f, 0)->text, "{" ME "}");
    assert_int_equal(holds(&f, 0)->count, 1);
    f.who.flags = ALEES_API_KEY;
    assert_int_equal(holds(&f, 0)->count, 0);
    assert_int_equal(holds(&f, 0)->all, 0);
    f.who.flags = ALEES_SUPERUSER;
    assert_int_equal(holds(&f, 0)->all, 1);
    f.ctx->who = NULL;
    assert_int_equal(holds(&f, 0)->count, 0);
    assert_int_equal(holds(&f, 0)->all, 0);
    close_fixture(&f);
}

static void test_several(void **state) {
    struct fixture f;
    const struct alees_organizations *where = NULL;
    (void)state;
    open_fixture(&f, ALEES_SCOPE_SEVERAL, 0, 2);
    assert_text(holds(&f, f.r->view)->text, "{" ID("1") "," ID("2") "," ME "}"); /* rising */
    assert_int_equal(holds(&f, f.r->change)->count, 3);
    assert_text(holds(&f, f.r->remove)->text, "{" ID("1") "," ID("2") "}");
    memset(f.who.id.bytes, 0, sizeof f.who.id.bytes); /* before all others */
    assert_text(holds(&f, f.r->view)->text, "{00000000-0000-0000-0000-000000000000," ID("1") "," ID("2") "}");
    f.who.flags = ALEES_API_KEY; /* is nobody in person */
    assert_text(holds(&f, f.r->view)->text, "{" ID("1") "," ID("2") "}");
    f.provider.where.all = 1; /* every organization is not the same as none */
    assert_int_equal(holds(&f, f.r->view)->all, 0);
    f.provider.decide = ALEES_OK;
    assert_int_equal(holds(&f, f.r->view)->all, 1);
    f.provider.decide = ALEES_E_UNAVAILABLE;
    assert_err(engine_place_holds(f.ctx, f.r, f.r->view, &where), ALEES_E_UNAVAILABLE);
    f.provider.decide = ALEES_E_DENIED;
    f.provider.organizations = ALEES_E_INTERNAL;
    assert_err(engine_place_holds(f.ctx, f.r, f.r->view, &where), ALEES_E_INTERNAL);
    assert_null(where);
    f.ctx->who = NULL;
    assert_int_equal(holds(&f, f.r->view)->count, 0);
    close_fixture(&f);
}

static void test_failing_allocation(void **state) {
    (void)state;
    for (uint32_t nth = 1; nth < 6; nth++) {
        struct fixture f;
        const struct alees_organizations *where = NULL;
        open_fixture(&f, ALEES_SCOPE_SEVERAL, 0, 2);
        arena_fail_after(f.arena, nth);
        alees_rc rc = engine_place_holds(f.ctx, f.r, f.r->view, &where);
        assert_true(rc == ALEES_OK || rc == ALEES_E_NOMEM);
        assert_int_equal(rc == ALEES_OK, where != NULL);
        close_fixture(&f);
    }
}

static void test_scopes_of_rows(void **state) {
    static const struct {
        const char *scope;
        bool meets, meets_all; /* the second: of those who hold it without an organization */
    } rows[] = {
        {ID("1"), true, true},
        {ID("3"), false, true},
        {"{" ID("1") "}", true, true},
        {"{" ID("3") "," ID("2") "}", true, true},
        {"{" ID("3") "," ID("4") "}", false, true},
        {"{}", false, true},
        {NULL, false, false},
        {"", false, false},
        {"{" ID("1"), true, true},
        {"{0193a5e0-7c2b", false, true},
        {"nonsense", false, false},
    };
    struct fixture f;
    (void)state;
    open_fixture(&f, ALEES_SCOPE_SEVERAL, 0, 2);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        alees_str scope = rows[i].scope ? test_view(rows[i].scope) : (alees_str){NULL, 0};
        f.provider.where.all = 0;
        assert_int_equal(engine_place_meets(f.ctx, &f.provider.where, scope), rows[i].meets);
        assert_false(engine_place_meets(f.ctx, NULL, scope));
        f.provider.where.all = 1;
        assert_int_equal(engine_place_meets(f.ctx, &f.provider.where, scope), rows[i].meets_all);
        f.who.flags = ALEES_SUPERUSER;
        assert_true(engine_place_meets(f.ctx, NULL, scope));
        f.who.flags = 0;
    }
    close_fixture(&f);
}

/* Rows of no organization: shared ones are read by all, and otherwise only superusers reach them. */
static void test_rows_of_none(void **state) {
    const uint32_t shared = ALEES_RESOURCE_OPTIONAL | ALEES_RESOURCE_SHARED;
    struct engine_place place;
    struct fixture f;
    (void)state;
    for (uint32_t count = 0; count <= 2; count++) {
        open_fixture(&f, ALEES_SCOPE_ORGANIZATION, shared, count);
        assert_ok(engine_place_of(f.ctx, f.r, &f.provider.where, true, &place));
        assert_true(place.is_shared);
        assert_int_equal(place.reach, ENGINE_SEVERAL);
        assert_text(place.scope.organizations, f.provider.where.text.ptr);
        assert_ok(engine_place_narrow(f.ctx, &f.provider.where, &f.provider.ids[0], &place));
        assert_false(place.is_shared);
        assert_int_equal(place.reach, count ? ENGINE_ONE : ENGINE_NOWHERE);
        assert_ok(engine_place_of(f.ctx, f.r, &f.provider.where, false, &place));
        assert_false(place.is_shared);
        assert_int_equal(place.reach, count == 0 ? ENGINE_NOWHERE : count == 1 ? ENGINE_ONE : ENGINE_SEVERAL);
        close_fixture(&f);
    }
    for (uint32_t i = 0; i < 4; i++) { /* a program that may reach every organization, and a superuser */
        bool is_shared = i & 1, is_superuser = i & 2;
        open_fixture(&f, ALEES_SCOPE_ORGANIZATION, is_shared ? shared : (uint32_t)ALEES_RESOURCE_OPTIONAL, 0);
        f.who.flags = is_superuser ? ALEES_SUPERUSER : ALEES_API_KEY;
        f.provider.where.all = 1;
        assert_ok(engine_place_of(f.ctx, f.r, &f.provider.where, true, &place));
        assert_int_equal(place.reach, ENGINE_EVERYWHERE);
        assert_int_equal(place.is_owned, !is_shared && !is_superuser);
        assert_ok(engine_place_of(f.ctx, f.r, &f.provider.where, false, &place));
        assert_int_equal(place.is_owned, !is_superuser);
        close_fixture(&f);
    }
}

/* ---- statements ---- */

static const char *condition_of(struct fixture *f, bool is_update, bool is_owned) {
    const struct engine_target target = {.id = STR_LIT("id"),
                                         .user = STR_LIT("user"),
                                         .organizations = is_owned ? (alees_str){NULL, 0} : STR_LIT("{o}"),
                                         .is_owned = is_owned};
    struct engine_cell *cells = ARENA_ARRAY(f->arena, struct engine_cell, f->r->field_count);
    struct engine_sql sql;
    engine_sql_init(&sql, f->arena, 20);
    if (is_update) {
        engine_sql_update(&sql, f->r, cells, &target);
    } else {
        engine_sql_get(&sql, &f->r->shapes->all, &target);
    }
    char *text = arena_str(f->arena, str_done(&sql.text)).ptr ? (char *)(uintptr_t)str_done(&sql.text).ptr : NULL;
    assert_non_null(text);
    char *end = strstr(text, " RETURNING");
    if (end) {
        *end = '\0';
    }
    return strstr(text, " AND ");
}

static void test_conditions(void **state) {
    struct fixture f;
    (void)state;
    open_fixture(&f, ALEES_SCOPE_OWN, 0, 0);
    assert_string_equal(condition_of(&f, false, false), " AND (\"user_id\" = ANY($2::uuid[])) IS TRUE");
    assert_string_equal(condition_of(&f, true, false), " AND (\"user_id\" = ANY($3::uuid[])) IS TRUE");
    close_fixture(&f);
    open_fixture(&f, ALEES_SCOPE_SEVERAL, 0, 0);
    assert_string_equal(condition_of(&f, false, false), " AND (\"scope_ids\" && $2::uuid[]) IS TRUE");
    assert_string_equal(condition_of(&f, true, false), " AND (\"scope_ids\" && $3::uuid[]) IS TRUE");
    close_fixture(&f);
    open_fixture(&f, ALEES_SCOPE_ORGANIZATION, ALEES_RESOURCE_OPTIONAL, 0);
    assert_string_equal(condition_of(&f, false, false), " AND (\"organization_id\" = ANY($2::uuid[])) IS TRUE");
    assert_string_equal(condition_of(&f, false, true), " AND \"organization_id\" IS NOT NULL");
    close_fixture(&f);
    open_fixture(&f, ALEES_SCOPE_ORGANIZATION, ALEES_RESOURCE_OPTIONAL | ALEES_RESOURCE_SHARED, 0);
    assert_string_equal(condition_of(&f, false, false),
                        " AND ((\"organization_id\" = ANY($2::uuid[]) OR \"organization_id\" IS NULL)) IS TRUE");
    assert_string_equal(condition_of(&f, true, false), " AND (\"organization_id\" = ANY($3::uuid[])) IS TRUE");
    assert_string_equal(condition_of(&f, true, true), " AND \"organization_id\" IS NOT NULL");
    close_fixture(&f);
}

/* The host says whose a new row is, whatever a hook has set. */
static void test_insert_of_own(void **state) {
    const struct engine_target target = {.id = STR_LIT("id"), .user = STR_LIT("user"), .organizations = STR_LIT("{o}")};
    struct fixture f;
    struct engine_sql sql;
    (void)state;
    open_fixture(&f, ALEES_SCOPE_OWN, 0, 0);
    struct engine_cell *cells = ARENA_ARRAY(f.arena, struct engine_cell, f.r->field_count);
    struct resource_field *key = (struct resource_field *)(uintptr_t)resource_field(f.r, STR_LIT("key"));
    key->column = "user_id";
    cells[key - f.r->fields] = (struct engine_cell){.is_written = true, .value = STR_LIT("another")};
    engine_sql_init(&sql, f.arena, 20);
    engine_sql_insert(&sql, f.r, cells, &target);
    assert_non_null(strstr(str_done(&sql.text).ptr,
                           "\"version\", \"user_id\") VALUES ($1::uuid, now(), now(), $2::uuid, "
                           "$2::uuid, 1, $2::uuid) RETURNING"));
    assert_int_equal(sql.count, 2);
    close_fixture(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_own),
        cmocka_unit_test(test_several),
        cmocka_unit_test(test_failing_allocation),
        cmocka_unit_test(test_scopes_of_rows),
        cmocka_unit_test(test_rows_of_none),
        cmocka_unit_test(test_conditions),
        cmocka_unit_test(test_insert_of_own),
    };
    jx_init();
    return cmocka_run_group_tests_name("engine_place", tests, NULL, NULL);
}
