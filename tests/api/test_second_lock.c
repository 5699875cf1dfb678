/* SPDX-License-Identifier: MIT
 * test_second_lock.c - what PostgreSQL itself has of the second lock: its catalogue is walked for every declared table
 * whose rows belong to somebody, of every plugin, the fixtures' among them. What must be there is written here once more,
 * not taken from the code that made it. */
#include "test.h"

#include <stdio.h>

#include "world.h"

enum { TABLES_AT_LEAST = 11, WITH_ROWS_AT_LEAST = 10 };

struct table {
    const char *schema, *name, *column, *role, *role_all;
    const struct resource *r;
};

static struct world *world;
static bool is_drill; /* faults are made on purpose, and counted: */
static uint32_t found;

static struct table table_of(const struct resource *r) {
    static const char *const columns[] = {[ALEES_SCOPE_ORGANIZATION] = "organization_id",
                                          [ALEES_SCOPE_SELF] = "id",
                                          [ALEES_SCOPE_OWN] = "user_id",
                                          [ALEES_SCOPE_SEVERAL] = "scope_ids"};
    const char *dot = strchr(r->decl->table, '.');
    const char *schema = world_text(world, "%.*s", (int)(dot - r->decl->table), r->decl->table);
    return (struct table){schema,
                          dot + 1,
                          columns[r->decl->scope],
                          world_text(world, "alees_plugin_%s", schema),
                          world_text(world, "alees_plugin_%s_all", schema),
                          r};
}

/* Every row that comes back is a fault, in words. $1 schema, $2 table, $3 column, $4 and $5 the two roles. */
static void expect_none(const struct table *t, const char *sql) {
    const alees_str params[] = {test_view(t->schema), test_view(t->name), test_view(t->column), test_view(t->role),
                                test_view(t->role_all)};
    struct db_result *result = NULL;
    if (db_query(world->pg.admin, sql, params, ARRAY_LEN(params), &result) != ALEES_OK) {
        fail_msg("%s: %s", sql, db_error(result, DB_MESSAGE));
    }
    found += db_rows(result);
    for (uint32_t i = 0; i < db_rows(result) && !is_drill; i++) {
        print_error("%s.%s: %s\n", t->schema, t->name, db_value(result, i, 0).ptr);
    }
    assert_true(is_drill || db_rows(result) == 0);
    db_result_free(result);
}

static void each(void (*check)(const struct table *t)) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < world->catalogue->resource_count; i++) {
        const struct resource *r = world->catalogue->resources[i];
        if (r->decl->scope != ALEES_SCOPE_GLOBAL) {
            const struct table t = table_of(r);
            check(&t);
            count++;
        }
    }
    assert_true(count >= TABLES_AT_LEAST);
}

/* ---- what there is ---- */

#define ALL_PARAMETERS "$1::text, $2::text, $3::text, $4::text, $5::text"
#define ONE_TABLE \
    "WITH p AS (SELECT " ALL_PARAMETERS "), t AS (SELECT c.* FROM pg_class c JOIN pg_namespace n ON n.oid = " \
    "c.relnamespace WHERE n.nspname = $1 AND c.relname = $2) "

static void check_switches(const struct table *t) {
    expect_none(t, ONE_TABLE "SELECT 'is not there' FROM p WHERE NOT EXISTS (SELECT 1 FROM t) "
                             "UNION ALL SELECT 'row security is not enabled' FROM t WHERE NOT relrowsecurity "
                             "UNION ALL SELECT 'row security is not forced' FROM t WHERE NOT relforcerowsecurity");
}

static void check_owner(const struct table *t) {
    expect_none(t, ONE_TABLE "SELECT format('belongs to %s', pg_get_userbyid(relowner)) FROM t WHERE "
                             "pg_get_userbyid(relowner) <> 'alees_owner' "
                             "UNION ALL SELECT format('%s can become its owner', r.rolname) FROM t, pg_roles r "
                             "WHERE (r.rolname = 'alees_app' OR r.rolname LIKE 'alees\\_plugin\\_%') "
                             "AND pg_has_role(r.oid, t.relowner, 'MEMBER')");
}

static bool is_read_only(const struct table *t) {
    return (t->r->decl->flags & ALEES_RESOURCE_READ_ONLY) != 0;
}

static void check_grants(const struct table *t) {
    const char *rights = is_read_only(t) ? "'SELECT'" : "'SELECT', 'INSERT', 'UPDATE', 'DELETE'";
    expect_none(t, world_text(world,
                              ONE_TABLE
                              "SELECT format('%%s may %%s', coalesce(r.rolname, 'everybody'), x.privilege_type) FROM t "
                              "CROSS JOIN LATERAL aclexplode(t.relacl) x LEFT JOIN pg_roles r ON r.oid = x.grantee "
                              "WHERE x.grantee <> t.relowner AND (x.privilege_type NOT IN (%s) "
                              "OR r.rolname IS NULL OR r.rolname NOT IN ($4, $5) OR x.is_grantable) "
                              "UNION ALL SELECT format('the column %%s has rights of its own', a.attname) FROM t "
                              "JOIN pg_attribute a ON a.attrelid = t.oid WHERE a.attacl IS NOT NULL "
                              "UNION ALL SELECT format('%%s may not %%s', role, privilege) FROM t, "
                              "unnest(ARRAY[$4, $5]) role, unnest(ARRAY[%s]) privilege "
                              "WHERE NOT has_table_privilege(role, t.oid, privilege)",
                              rights, rights));
}

static void check_index(const struct table *t) {
    const char *method = t->r->decl->scope == ALEES_SCOPE_SEVERAL ? "gin" : "btree";
    expect_none(t,
                world_text(world,
                           ONE_TABLE
                           "SELECT 'no index begins with ' || $3 FROM p WHERE NOT EXISTS (SELECT 1 FROM t JOIN "
                           "pg_index i ON i.indrelid = t.oid JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am m ON "
                           "m.oid = c.relam JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = i.indkey[0] "
                           "WHERE a.attname = $3 AND m.amname = '%s' AND i.indisvalid AND i.indpred IS NULL)",
                           method));
}

/* The same policies, in words of their own, on an empty table beside: PostgreSQL prints both, and both must be the same. */
#define SETTING "current_setting('alees.organizations', true)"
#define SCOPE "nullif(" SETTING ", '')::uuid[]"
#define IS_IN " IN (SELECT unnest(" SCOPE "))"
#define MEETS " && ((SELECT " SCOPE ")::uuid[])"

static void make_reference(const struct table *t) {
    bool is_list = t->r->decl->scope == ALEES_SCOPE_SEVERAL, is_shared = t->r->decl->flags & ALEES_RESOURCE_SHARED;
    bool is_self = t->r->decl->scope == ALEES_SCOPE_SELF;
    const char *in_scope = world_text(world, "%s%s", t->column, is_list ? MEETS : IS_IN);
    const char *shared = world_text(world, " OR (%s IS NULL AND (SELECT " SETTING " <> ''))", t->column);
    pg_exec(&world->pg, "CREATE TABLE reference.row (id uuid, organization_id uuid, user_id uuid, scope_ids uuid[], "
                        "parent_id uuid)");
    pg_exec(&world->pg, world_text(world,
                                   "CREATE POLICY alees_all ON reference.row TO %s USING (true) WITH CHECK (true);"
                                   "CREATE POLICY alees_read ON reference.row FOR SELECT TO %s USING (%s%s)",
                                   t->role_all, t->role, in_scope, is_shared ? shared : ""));
    pg_exec(&world->pg,
            world_text(world,
                       "CREATE POLICY alees_update ON reference.row FOR UPDATE TO %s USING (%s) WITH CHECK (%s);"
                       "CREATE POLICY alees_delete ON reference.row FOR DELETE TO %s USING (%s)",
                       t->role, in_scope, in_scope, t->role, in_scope));
    if (!is_list) { /* rows of several organizations are made by the other role alone */
        pg_exec(&world->pg,
                world_text(world, "CREATE POLICY alees_insert ON reference.row FOR INSERT TO %s WITH CHECK (%s %s)",
                           t->role, is_self ? "parent_id" : t->column, IS_IN));
    }
}

static void check_policies(const struct table *t) {
    static const char columns[] =
        "policyname, permissive, cmd, roles, coalesce(qual, '-') AS qual, coalesce(with_check, '-') AS with_check";
    make_reference(t);
    expect_none(t,
                world_text(world,
                           "WITH p AS (SELECT " ALL_PARAMETERS "), have AS (SELECT %s FROM pg_policies "
                           "WHERE schemaname = $1 AND tablename = $2), want AS (SELECT %s FROM pg_policies "
                           "WHERE schemaname = 'reference') "
                           "SELECT format('has %%s', x) FROM (SELECT * FROM have EXCEPT SELECT * FROM want) x UNION "
                           "ALL SELECT format('has no %%s', x) FROM (SELECT * FROM want EXCEPT SELECT * FROM have) x",
                           columns, columns));
    pg_exec(&world->pg, "DROP TABLE reference.row");
}

static void check_all(const struct table *t) {
    check_switches(t);
    check_owner(t);
    check_grants(t);
    check_index(t);
    check_policies(t);
}

static void test_catalogue(void **state) {
    (void)state;
    pg_exec(&world->pg, "BEGIN");
    each(check_all);
    pg_exec(&world->pg, "ROLLBACK");
}

/* Each of these must be found, once it is there. */
static void test_drill(void **state) {
    static const struct {
        const char *resource, *sql;
    } drifts[] = {
        {"product.product", "ALTER TABLE product.product DISABLE ROW LEVEL SECURITY"},
        {"kinds.note", "ALTER TABLE kinds.note NO FORCE ROW LEVEL SECURITY"},
        {"contact.contact", "ALTER TABLE contact.contact OWNER TO alees_plugin_contact"},
        {"kinds.rule", "GRANT TRUNCATE ON kinds.rule TO alees_plugin_kinds"},
        {"kinds.rule", "GRANT SELECT ON kinds.rule TO PUBLIC"},
        {"kinds.rule", "GRANT UPDATE (title) ON kinds.rule TO alees_plugin_product"},
        {"kinds.person", "REVOKE DELETE ON kinds.person FROM alees_plugin_kinds_all"},
        {"kinds.person", "DROP INDEX kinds.person_scope"},
        {"kinds.ticket",
         "DO $$ DECLARE i text; BEGIN FOR i IN SELECT indexrelid::regclass FROM pg_index WHERE indrelid = "
         "'kinds.ticket'::regclass AND NOT indisprimary LOOP EXECUTE 'DROP INDEX ' || i; END LOOP; "
         "CREATE INDEX ON kinds.ticket (id, user_id); END $$"},
        {"kinds.person", "ALTER POLICY alees_read ON kinds.person USING (true)"},
        {"kinds.draft", "ALTER POLICY alees_read ON kinds.draft USING (organization_id IS NULL)"},
        {"kinds.draft", "ALTER POLICY alees_all ON kinds.draft TO alees_plugin_kinds"},
        {"kinds.note", "DROP POLICY alees_insert ON kinds.note"},
        {"kinds.note", "CREATE POLICY more ON kinds.note USING (true)"},
    };
    (void)state;
    is_drill = true;
    for (size_t i = 0; i < ARRAY_LEN(drifts); i++) {
        const struct table t = table_of(catalogue_resource(world->catalogue, drifts[i].resource));
        found = 0;
        pg_exec(&world->pg, world_text(world, "BEGIN; %s", drifts[i].sql));
        check_all(&t);
        pg_exec(&world->pg, "ROLLBACK");
        if (found == 0) {
            fail_msg("not found: %s", drifts[i].sql);
        }
    }
    is_drill = false;
}

/* The roles that the server takes on: none is above the lock, and none is more than it says. */
static void test_roles(void **state) {
    (void)state;
    const struct table t = {"the", "roles", "", "", "", NULL};
    expect_none(&t,
                "WITH p AS (SELECT " ALL_PARAMETERS ") SELECT r.rolname || ' may too much' FROM pg_roles r "
                "WHERE (r.rolname = 'alees_app' OR r.rolname LIKE 'alees\\_plugin\\_%') AND (r.rolsuper OR "
                "r.rolbypassrls OR r.rolcreaterole OR r.rolcreatedb OR r.rolreplication OR r.rolinherit OR "
                "r.rolcanlogin <> (r.rolname = 'alees_app')) "
                "UNION ALL SELECT format('%s is a member of %s', m.rolname, r.rolname) FROM pg_auth_members a "
                "JOIN pg_roles r ON r.oid = a.roleid JOIN pg_roles m ON m.oid = a.member "
                "WHERE (m.rolname = 'alees_app' OR m.rolname LIKE 'alees\\_plugin\\_%' OR r.rolname LIKE 'alees\\_%') "
                "AND (NOT (m.rolname = 'alees_app' AND r.rolname LIKE 'alees\\_plugin\\_%') OR a.admin_option)");
}

/* ---- what it does ---- */

static struct db *app;
static uint32_t tables_with_rows;

static void check_nothing_is_seen(const struct table *t) {
    static const char *const settings[] = {"", "SELECT set_config('alees.organizations', '', true)",
                                           "SELECT set_config('alees.organizations', '{}', true)"};
    bool is_shared = (t->r->decl->flags & ALEES_RESOURCE_SHARED) != 0;
    const char *count = world_text(world, "SELECT count(*) FROM %s.%s", t->schema, t->name);
    tables_with_rows += pg_count(&world->pg, count) > 0;
    /* what a trigger says before the policy is asked is not what is looked for */
    pg_exec(&world->pg, world_text(world, "ALTER TABLE %s.%s DISABLE TRIGGER USER", t->schema, t->name));
    for (size_t i = 0; i < ARRAY_LEN(settings); i++) {
        struct db_result *result = NULL;
        assert_ok(db_query(app, "BEGIN", NULL, 0, NULL));
        if (*settings[i]) {
            assert_ok(db_query(app, settings[i], NULL, 0, NULL));
        }
        assert_ok(db_query(app, world_text(world, "SET LOCAL ROLE %s", t->role), NULL, 0, NULL));
        if (!(is_shared && i == 2)) { /* then what belongs to no organization is there for whoever is logged in */
            assert_ok(db_query(app, count, NULL, 0, &result));
            if (strcmp(db_value(result, 0, 0).ptr, "0") != 0) {
                fail_msg("%s.%s: %s rows are seen by nobody in particular", t->schema, t->name,
                         db_value(result, 0, 0).ptr);
            }
            db_result_free(result);
            result = NULL;
        }
        const char *insert = world_text(world, "INSERT INTO %s.%s DEFAULT VALUES", t->schema, t->name);
        assert_err(db_query(app, insert, NULL, 0, &result), ALEES_E_INTERNAL);
        assert_string_equal(db_error(result, DB_SQLSTATE), "42501");
        if (!strstr(db_error(result, DB_MESSAGE), is_read_only(t) ? "permission denied" : "row-level security")) {
            fail_msg("%s.%s: %s", t->schema, t->name, db_error(result, DB_MESSAGE));
        }
        db_result_free(result);
        assert_ok(db_query(app, "ROLLBACK", NULL, 0, NULL));
    }
    pg_exec(&world->pg, world_text(world, "ALTER TABLE %s.%s ENABLE TRIGGER USER", t->schema, t->name));
}

static void test_nobody_sees_nothing(void **state) {
    const struct db_options options = {.url = world->pg.app_url, .name = "second_lock", .connect_timeout_ms = 5000};
    char why[DB_WHY];
    (void)state;
    assert_ok(db_connect(&options, &app, why));
    each(check_nothing_is_seen);
    assert_true(tables_with_rows >= WITH_ROWS_AT_LEAST);
    db_close(app);
}

/* The policy of rows of several organizations is found in the GIN index, and its setting is read once, not for each row. */
static void test_policy_uses_the_index(void **state) {
    static const char fill[] = "INSERT INTO kinds.person (title, scope_ids) SELECT 'p' || n, ARRAY[md5(n::text)::uuid, "
                               "md5((n / 20)::text)::uuid] "
                               "FROM generate_series(1, 20000) n";
    const struct db_options options = {.url = world->pg.app_url, .name = "plan", .connect_timeout_ms = 5000};
    struct db_result *result = NULL;
    char why[DB_WHY], plan[4096] = "";
    (void)state;
    pg_exec(&world->pg, fill);
    pg_exec(&world->pg, "VACUUM ANALYZE kinds.person"); /* as autovacuum does; it also ends the index's pending list */
    assert_ok(db_connect(&options, &app, why));
    assert_ok(db_query(app, "BEGIN", NULL, 0, NULL));
    assert_ok(
        db_query(app, "SELECT set_config('alees.organizations', '{' || md5('7')::uuid || '}', true)", NULL, 0, NULL));
    assert_ok(db_query(app, "SET LOCAL ROLE alees_plugin_kinds", NULL, 0, NULL));
    assert_ok(db_query(app,
                       "EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) SELECT id, title FROM kinds.person ORDER BY title",
                       NULL, 0, &result));
    for (uint32_t i = 0; i < db_rows(result); i++) {
        size_t len = strlen(plan);
        snprintf(plan + len, sizeof plan - len, "%s\n", db_value(result, i, 0).ptr);
    }
    if (!strstr(plan, "Bitmap Index Scan on person_scope") || !strstr(plan, "InitPlan 1") ||
        !strstr(plan, "Result (actual rows=1 loops=1)") || !strstr(plan, "(actual rows=21 loops=1)")) {
        fail_msg("%s", plan);
    }
    db_result_free(result);
    assert_ok(db_query(app, "ROLLBACK", NULL, 0, NULL));
    db_close(app);
}

static int set_up(void **state) {
    int rc = world_setup_with(state, "kinds");
    world = *state;
    pg_exec(&world->pg, "CREATE SCHEMA reference");
    pg_exec(&world->pg, "INSERT INTO kinds.note (title, user_id) SELECT 'a', id FROM rbac.app_user;"
                        "INSERT INTO kinds.ticket (title, user_id) SELECT 'a', id FROM rbac.app_user;"
                        "INSERT INTO kinds.person (title, scope_ids) SELECT 'a', ARRAY[id] FROM rbac.app_user;"
                        "INSERT INTO kinds.rule (title) VALUES ('a'); INSERT INTO kinds.draft (title) VALUES ('a');"
                        "INSERT INTO kinds.entry (title) VALUES ('a')");
    return rc;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_catalogue),
        cmocka_unit_test(test_drill),
        cmocka_unit_test(test_roles),
        cmocka_unit_test(test_nobody_sees_nothing),
        cmocka_unit_test(test_policy_uses_the_index),
    };
    return cmocka_run_group_tests_name("second_lock", tests, set_up, world_teardown);
}
