/* SPDX-License-Identifier: MIT
 * test_plans.c - how PostgreSQL carries out what the engine asks under row-level security: the rows of the caller are found
 * by an index, and what the caller may see is worked out once for a statement, never for each row (T85). The rows are few
 * here, so walking over all of them is made dear. */
#include "test.h"

#include "db.h"
#include "engine_filter.h"
#include "world.h"

static void must(struct db *db, const char *sql) {
    struct db_result *result = NULL;
    if (db_query(db, sql, NULL, 0, &result) != ALEES_OK) {
        fail_msg("%s: %s", sql, db_error(result, DB_MESSAGE));
    }
    db_result_free(result);
}

/* The generic plan, which is the one of a prepared statement that is used often. values: "'..', '..'". */
static const char *plan_of(struct world *w, struct db *db, const char *sql, const char *values) {
    struct db_result *result = NULL;
    struct str plan;
    str_init(&plan, w->arena, 1024);
    must(db, world_text(w, "PREPARE p AS %s", sql));
    const char *explain = world_text(w, "EXPLAIN (COSTS off) EXECUTE p(%s)", values);
    if (db_query(db, explain, NULL, 0, &result) != ALEES_OK) {
        fail_msg("%s: %s", explain, db_error(result, DB_MESSAGE));
    }
    for (uint32_t i = 0; i < db_rows(result); i++) {
        str_view(&plan, db_value(result, i, 0));
        str_putc(&plan, '\n');
    }
    db_result_free(result);
    must(db, "DEALLOCATE p");
    return str_done(&plan).ptr;
}

/* Does the plan show each of the rules kept? A sub-select that is not hashed would be carried out for each row; parts are
 * looked up for each row that is shown, but not in a condition. */
static bool is_good(const char *plan) {
    return strstr(plan, "Index Cond") && strstr(plan, "(hashed SubPlan") && !strstr(plan, "(SubPlan") &&
           !strstr(plan, "Seq Scan");
}

static void check_plan(struct world *w, struct db *db, const struct resource *r, const char *sql, const char *values) {
    const char *plan = plan_of(w, db, sql, values);
    if (!is_good(plan)) {
        print_error("%s: %s\n%s", r->full_name, sql, plan);
        fail();
    }
}

static const char *list_sql(struct world *w, const struct resource *r, const char *organization) {
    struct engine_query q = {.key_count = r->shapes->order_count, .page_size = 50};
    struct engine_place place = {
        .reach = ENGINE_ONE,
        .id = test_view(organization),
        .ids = test_view(world_text(w, "{%s}", organization)),
        .scope = {.plugin = r->plugin, .organizations = test_view(world_text(w, "{%s}", organization))}};
    struct engine_sql sql;
    memcpy(q.keys, r->shapes->order, sizeof q.keys);
    engine_sql_init(&sql, w->arena, ENGINE_MAX_KEYS + 4);
    engine_select_sql(r, &q, &place, &sql);
    alees_str text = str_done(&sql.text);
    assert_non_null(text.ptr);
    return text.ptr;
}

static void check(struct world *w, struct db *db, const struct resource *r) {
    const char *acme = world_organizations[WORLD_ACME].id;
    must(db, "BEGIN");
    must(db, "SET LOCAL plan_cache_mode = force_generic_plan");
    must(db, "SET LOCAL enable_seqscan = off");
    must(db, world_text(w, "SELECT set_config('alees.organizations', '{%s}', true), set_config('role', '%s', true)",
                        acme, r->plugin->role));
    check_plan(w, db, r, r->shapes->get[0]->sql, world_text(w, "'%s', '{%s}'", acme, acme));
    check_plan(w, db, r, r->shapes->locate[0]->sql, world_text(w, "'%s', '{%s}'", acme, acme));
    const char *list = list_sql(w, r, acme);
    bool has_limit = strstr(list, "$2") != NULL;
    check_plan(w, db, r, list, world_text(w, "'%s'%s", acme, has_limit ? ", '51'" : ""));
    must(db, "ROLLBACK");
}

static struct db *connect_app(struct world *w) {
    const struct db_options options = {.url = w->pg.app_url, .name = "plans", .connect_timeout_ms = 5000};
    char why[DB_WHY];
    struct db *db = NULL;
    assert_ok(db_connect(&options, &db, why));
    return db;
}

/* In an empty table an index costs the same with and without a condition. */
static int setup(void **state) {
    assert_int_equal(world_setup(state), 0);
    struct world *w = *state;
    pg_exec(&w->pg, world_text(w,
                               "INSERT INTO contact.contact (organization_id, first_name, last_name) SELECT "
                               "(ARRAY['%s','%s']::uuid[])[1 + n %% 2], 'First ' || n, 'Last ' || n FROM "
                               "generate_series(1, 600) n",
                               world_organizations[WORLD_ACME].id, world_organizations[WORLD_GLOBEX].id));
    pg_exec(&w->pg, "ANALYZE contact.contact");
    return 0;
}

static void test_plans(void **state) {
    struct world *w = *state;
    struct db *db = connect_app(w);
    uint32_t count = 0;
    for (uint32_t i = 0; i < w->catalogue->resource_count; i++) {
        const struct resource *r = w->catalogue->resources[i];
        if (r->decl->scope == ALEES_SCOPE_ORGANIZATION && !resource_is_optional(r) && !r->owner) {
            check(w, db, r);
            count++;
        }
    }
    assert_true(count >= 3);
    db_close(db);
}

/* This test can fail: by a policy that asks for every row. */
static void test_a_policy_for_each_row(void **state) {
    struct world *w = *state;
    const struct resource *r = catalogue_resource(w->catalogue, "product.product");
    struct db *db = connect_app(w);
    pg_exec(&w->pg, "ALTER POLICY alees_read ON product.product USING (organization_id = ANY "
                    "(string_to_array(btrim(current_setting('alees.organizations', true), '{}'), ',')::uuid[]))");
    must(db, "BEGIN");
    must(db, "SET LOCAL plan_cache_mode = force_generic_plan");
    must(db, world_text(w, "SELECT set_config('role', '%s', true)", r->plugin->role));
    assert_false(is_good(plan_of(w, db, r->shapes->get[0]->sql, "NULL, '{}'")));
    must(db, "ROLLBACK");
    db_close(db);
}

/* ---- several organizations ---- */

enum { ORGANIZATIONS = 24 };

static const char *many_ids(struct world *w) {
    struct str s;
    str_init(&s, w->arena, 64);
    for (unsigned i = 0; i < ORGANIZATIONS; i++) {
        str_puts(&s, world_text(w, "%s01930000-0000-7000-9000-%012x", i > 0 ? "," : "{", i));
    }
    str_putc(&s, '}');
    return str_done(&s).ptr;
}

/* first_name__icontains=, or search=. */
static struct engine_query query_of(const struct resource *r, bool is_search, struct engine_filter *leaf) {
    struct engine_query q = {.key_count = r->shapes->order_count, .page_size = 50};
    memcpy(q.keys, r->shapes->order, sizeof q.keys);
    if (is_search) {
        q.search.text = q.search.words[0] = STR_LIT("irst");
        q.search.count = 1;
    } else {
        *leaf = (struct engine_filter){.field = resource_field(r, STR_LIT("first_name")),
                                       .op = ENGINE_ICONTAINS,
                                       .values = {STR_LIT("%irst%")},
                                       .value_count = 1};
        q.filters = leaf;
        q.filter_count = q.filter_values = 1;
    }
    return q;
}

/* The plans of a list over many organizations, for any values and for these. */
static const char *plans_of_many(struct world *w, struct db *db, bool is_search) {
    static const char *const modes[] = {"force_generic_plan", "force_custom_plan"};
    const struct resource *r = catalogue_resource(w->catalogue, "contact.contact");
    const char *ids = many_ids(w);
    struct engine_filter leaf;
    struct engine_query q = query_of(r, is_search, &leaf);
    struct engine_place place = {.reach = ENGINE_SEVERAL,
                                 .ids = test_view(ids),
                                 .scope = {.plugin = r->plugin, .organizations = test_view(ids)}};
    struct engine_sql sql;
    struct str plans;
    engine_select_init(&sql, w->arena, &q);
    engine_select_sql(r, &q, &place, &sql);
    const char *text = str_done(&sql.text).ptr, *values = "";
    assert_non_null(text);
    str_init(&plans, w->arena, 4096);
    for (uint32_t i = 0; i < sql.count; i++) {
        values = world_text(w, "%s%s'%.*s'", values, i > 0 ? "," : "", STR_FMT(sql.params[i]));
    }
    for (size_t i = 0; i < ARRAY_LEN(modes); i++) {
        must(db, "BEGIN");
        must(db, world_text(w, "SET LOCAL plan_cache_mode = %s", modes[i]));
        must(db, "SET LOCAL enable_seqscan = off");
        must(db, world_text(w, "SELECT set_config('alees.organizations', '%s', true), set_config('role', '%s', true)",
                            ids, r->plugin->role));
        str_puts(&plans, plan_of(w, db, text, values));
        must(db, "ROLLBACK");
    }
    return str_done(&plans).ptr;
}

/* Each organization is looked for once, not in a pair with each that the policy lists: 48 of them took seconds. */
static bool is_single(const char *plans) {
    return strstr(plans, "organization_id = ANY (ARRAY[o.organization])") && !strstr(plans, "organization_id = ANY ($");
}

static void test_many_organizations(void **state) {
    struct world *w = *state;
    struct db *db = connect_app(w);
    for (int i = 0; i < 2; i++) {
        const char *plans = plans_of_many(w, db, i == 0);
        if (!is_single(plans) || !strstr(plans, "(hashed SubPlan")) {
            fail_msg("%s", plans);
        }
    }
    pg_exec(&w->pg, "ALTER POLICY alees_read ON contact.contact USING (organization_id = ANY "
                    "((SELECT nullif(current_setting('alees.organizations', true), '')::uuid[])::uuid[]))");
    assert_false(is_single(plans_of_many(w, db, true)));
    assert_false(is_single(plans_of_many(w, db, false)));
    db_close(db);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plans),
        cmocka_unit_test(test_a_policy_for_each_row),
        cmocka_unit_test(test_many_organizations),
    };
    return cmocka_run_group_tests_name("plans", tests, setup, world_teardown);
}
