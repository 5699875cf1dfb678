/* SPDX-License-Identifier: MIT
 * test_plans.c - how PostgreSQL carries out what the engine asks under row-level security: the rows of the caller are found
 * by an index, and what the caller may see is worked out once for a statement, never for each row (T85). The rows are few
 * here, so walking over all of them is made dear. */
#include "test.h"

#include "db.h"
#include "engine_parts.h"
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

/* Its parts are looked up for each row that is shown, by their index. */
static bool has_parts(const struct resource *r) {
    for (uint32_t i = 0; i < r->field_count; i++) {
        if (r->fields[i].decl->type == ALEES_PARTS) {
            return true;
        }
    }
    return false;
}

/* Does the plan show each of the rules kept? */
static bool is_good(const struct resource *r, const char *plan) {
    return strstr(plan, "Index Cond") && strstr(plan, "InitPlan") && (has_parts(r) || !strstr(plan, "SubPlan")) &&
           !strstr(plan, "Seq Scan");
}

static void check_plan(struct world *w, struct db *db, const struct resource *r, const char *sql, const char *values) {
    const char *plan = plan_of(w, db, sql, values);
    if (!is_good(r, plan)) {
        print_error("%s: %s\n%s", r->full_name, sql, plan);
        fail();
    }
}

static const char *list_sql(struct world *w, const struct resource *r, const char *organization) {
    struct engine_query q = {.key_count = r->shapes->order_count, .page_size = 50};
    struct engine_place place = {.reach = ENGINE_ONE,
                                 .id = test_view(organization),
                                 .ids = test_view(world_text(w, "{%s}", organization)),
                                 .scope = {r->plugin, false, test_view(world_text(w, "{%s}", organization))}};
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
    assert_false(is_good(r, plan_of(w, db, r->shapes->get[0]->sql, "NULL, '{}'")));
    must(db, "ROLLBACK");
    db_close(db);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plans),
        cmocka_unit_test(test_a_policy_for_each_row),
    };
    return cmocka_run_group_tests_name("plans", tests, world_setup, world_teardown);
}
