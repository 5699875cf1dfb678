/* SPDX-License-Identifier: MIT
 * test_migrate.c - bootstrap, migrate and verify are repeatable, refuse what must be refused, and find what differs. */
#include "shop.h"

static int setup(void **state) {
    struct shop *s = calloc(1, sizeof *s);
    assert_non_null(s);
    shop_new(s, "migrate", NULL);
    *state = s;
    return 0;
}

static int setup_migrated(void **state) {
    setup(state);
    shop_migrated(*state);
    return 0;
}

static int teardown(void **state) {
    shop_free(*state);
    free(*state);
    return 0;
}

static void test_order_of_steps(void **state) {
    struct shop *s = *state;
    assert_ok(shop_bootstrap(s)); /* so that alees_app can log in: roles belong to the cluster */
    pg_exec(&s->pg, "DROP SCHEMA alees CASCADE");
    assert_err(shop_open_store(s), ALEES_E_INVALID);
    assert_true(shop_printed(s, "run `alees bootstrap`, then `alees migrate`"));
    assert_ok(shop_bootstrap(s));
    assert_err(shop_open_store(s), ALEES_E_INVALID);
    assert_true(shop_printed(s, "shop: step 1 (create tables) has not been applied; run `alees migrate`"));
    assert_err(shop_migrate(s, MIGRATE_STATUS), ALEES_E_CONFLICT);
    assert_true(shop_printed(s, "pending  shop 1 create tables"));
    assert_ok(shop_migrate(s, MIGRATE_APPLY));
    assert_ok(shop_migrate(s, MIGRATE_STATUS));
    assert_true(shop_printed(s, "applied  alees 1"));
    assert_ok(shop_verify(s));
    assert_string_equal(s->text, "");
    assert_ok(shop_open_store(s));
}

static void test_repeatable(void **state) {
    struct shop *s = *state;
    struct arena *arena = test_arena();
    static const char policies[] = "SELECT string_agg(oid::text, ',' ORDER BY oid) FROM pg_policy";
    alees_str before = pg_value(&s->pg, arena, policies);
    alees_str secret = pg_value(&s->pg, arena, "SELECT bytes::text FROM alees.secret");
    assert_int_equal(pg_count(&s->pg, "SELECT count(*) FROM pg_policy"), 10);
    assert_ok(shop_bootstrap(s));
    assert_ok(shop_migrate(s, MIGRATE_APPLY));
    assert_ok(shop_verify(s));
    assert_text(pg_value(&s->pg, arena, policies), before.ptr); /* not even made again */
    assert_text(pg_value(&s->pg, arena, "SELECT bytes::text FROM alees.secret"), secret.ptr);
    assert_int_equal(pg_count(&s->pg, "SELECT count(*) FROM alees.migration"), 5);
    arena_free(arena);
}

static void test_dry_run(void **state) {
    struct shop *s = *state;
    static const char everything[] =
        "SELECT (SELECT count(*) FROM pg_class) * 1000 + (SELECT count(*) FROM pg_namespace) + (SELECT count(*) FROM "
        "pg_policy) + (SELECT count(*) FROM pg_proc)";
    assert_ok(shop_bootstrap(s));
    int64_t before = pg_count(&s->pg, everything);
    assert_ok(shop_migrate(s, MIGRATE_DRY_RUN));
    assert_true(shop_printed(s, "would apply shop 1 create tables"));
    assert_int_equal(pg_count(&s->pg, everything), before);
    s->shop_steps[0].sql = "CREATE TABLE shop.broken (id nonsense)";
    assert_err(shop_migrate(s, MIGRATE_DRY_RUN), ALEES_E_INTERNAL); /* it is really tried */
    assert_true(shop_printed(s, "shop: step 1 (create tables): type \"nonsense\" does not exist (42704)"));
    assert_int_equal(pg_count(&s->pg, everything), before);
}

static void test_changed_step(void **state) {
    struct shop *s = *state;
    s->shop_steps[0].sql = "SELECT 1";
    assert_err(shop_migrate(s, MIGRATE_APPLY), ALEES_E_INVALID);
    assert_true(shop_printed(s, "shop: step 1 (create tables) was changed after it had been applied"));
    assert_err(shop_open_store(s), ALEES_E_INVALID);
}

static void test_gap(void **state) {
    struct shop *s = *state;
    s->shop_steps[1] = (struct alees_migration){.version = 3, .name = "three", .sql = "SELECT 3"};
    s->shop.migration_count = 2;
    assert_ok(shop_migrate(s, MIGRATE_APPLY));
    s->shop_steps[2] = s->shop_steps[1];
    s->shop_steps[1] = (struct alees_migration){.version = 2, .name = "two", .sql = "SELECT 2"};
    s->shop.migration_count = 3;
    assert_err(shop_migrate(s, MIGRATE_APPLY), ALEES_E_INVALID);
    assert_true(shop_printed(s, "shop: step 2 (two) has not been applied, but step 3 has"));
}

static void test_older_plugin(void **state) {
    struct shop *s = *state;
    pg_exec(&s->pg, "INSERT INTO alees.migration VALUES ('shop', 9, 'nine', 'x'), ('gone', 1, 'one', 'x')");
    assert_err(shop_open_store(s), ALEES_E_INVALID);
    assert_true(shop_printed(s, "shop: step 9 has been applied, but this plugin does not know it"));
    assert_null(strstr(s->text, "gone")); /* a plugin that is not enabled is nobody's business */
}

static void test_failing_step(void **state) {
    struct shop *s = *state;
    s->shop_steps[1] = (struct alees_migration){
        .version = 2, .name = "two", .sql = "CREATE TABLE shop.half (id integer); SELECT 1 / 0"};
    s->shop.migration_count = 2;
    assert_err(shop_migrate(s, MIGRATE_APPLY), ALEES_E_INTERNAL);
    assert_true(shop_printed(s, "shop: step 2 (two): division by zero (22012)"));
    assert_int_equal(pg_count(&s->pg, "SELECT count(*) FROM pg_class WHERE relname = 'half'"), 0);
    s->shop_steps[1].sql = "CREATE TABLE shop.half (id integer); COMMIT";
    assert_err(shop_migrate(s, MIGRATE_APPLY), ALEES_E_INVALID);
    assert_true(shop_printed(s, "it ends the transaction that it runs in"));
}

static void test_only_as_owner(void **state) {
    struct shop *s = *state;
    config_free(s->config);
    FILE *conf = fopen(s->pg.conf, "w");
    fprintf(conf, "[database]\nowner_url = %s\nadmin_url = %s\nurl = %s\n", s->pg.app_url, s->pg.app_url,
            s->pg.owner_url);
    fclose(conf);
    s->config = pg_config(&s->pg, NULL);
    assert_err(shop_migrate(s, MIGRATE_APPLY), ALEES_E_INVALID);
    assert_true(shop_printed(s, "database.owner_url: must log in as alees_owner"));
    assert_err(shop_bootstrap(s), ALEES_E_INVALID);
    assert_true(shop_printed(s, "database.admin_url: must log in as a superuser"));
    assert_err(shop_open_store(s), ALEES_E_INVALID);
    assert_true(shop_printed(s, "role alees_owner sees the rows of every organization; log in as alees_app"));
}

static void test_names_of_constraints(void **state) {
    struct shop *s = *state;
    assert_ok(shop_verify(s));
    assert_string_equal(s->item.fields[4].unique_constraint, "item_sku");
    assert_string_equal(s->item.fields[6].foreign_constraint, "item_kind");
    assert_string_equal(s->item.fields[7].foreign_constraint, "item_parent");
    assert_string_equal(s->kind.fields[2].unique_constraint, "kind_name_key");
    assert_null(s->item.fields[3].unique_constraint);
}

struct drift {
    const char *sql, *fault;
};

/* Each is done, found, and undone by the second statement. */
static void test_drift(void **state) {
    static const struct drift drifts[] = {
        {"ALTER TABLE shop.item RENAME price TO cost", "column price is missing"},
        {"ALTER TABLE shop.item ALTER price TYPE double precision",
         "column price is double precision, which does not fit its declaration (numeric)"},
        {"ALTER TABLE shop.item ALTER name DROP NOT NULL", "column name must be NOT NULL"},
        {"ALTER TABLE shop.item ALTER version TYPE text", "column version is text"},
        {"ALTER TABLE shop.item DISABLE ROW LEVEL SECURITY", "shop.item: row-level security is not enabled"},
        {"ALTER TABLE shop.item NO FORCE ROW LEVEL SECURITY", "shop.item: row-level security is not forced"},
        {"ALTER TABLE shop.kind ENABLE ROW LEVEL SECURITY", "row-level security is on, though the resource is global"},
        {"CREATE POLICY open ON shop.item USING (true)", "unexpected policy open"},
        {"DROP POLICY alees_update ON shop.item", "missing policy alees_update"},
        {"ALTER POLICY alees_read ON shop.item USING (true)", "not as declared: policy alees_read"},
        {"ALTER POLICY alees_read ON shop.item TO PUBLIC", "not as declared: policy alees_read"},
        {"DROP POLICY alees_read ON shop.item; CREATE POLICY alees_read ON shop.item AS RESTRICTIVE FOR SELECT TO "
         "alees_plugin_shop USING (organization_id = ANY ((SELECT nullif(current_setting('alees.organizations', true), "
         "''))::uuid[]))",
         "not as declared: policy alees_read"},
        {"ALTER TABLE shop.item DROP CONSTRAINT item_sku", "UNIQUE (organization_id, sku) is missing"},
        {"ALTER TABLE shop.item DROP CONSTRAINT item_parent",
         "FOREIGN KEY (organization_id, parent_id) REFERENCES shop.item is missing"},
        {"ALTER TABLE shop.item DROP CONSTRAINT item_parent; ALTER TABLE shop.item ADD CONSTRAINT item_parent "
         "FOREIGN KEY (parent_id) REFERENCES shop.item (id)",
         "FOREIGN KEY (organization_id, parent_id) REFERENCES shop.item is missing"},
        {"ALTER TABLE bank.account DROP CONSTRAINT account_pkey", "PRIMARY KEY (organization_id,id) is missing"},
        {"ALTER TABLE bank.account DROP CONSTRAINT account_pkey",
         "an index that begins with organization_id is missing"},
        {"ALTER TABLE bank.account DROP CONSTRAINT account_id_key", "UNIQUE (id) is missing"},
        {"GRANT SELECT ON shop.item TO alees_plugin_bank", "alees_plugin_bank may SELECT item"},
        {"GRANT SELECT ON alees.idempotency TO alees_plugin_shop",
         "alees_plugin_shop may SELECT table alees.idempotency"},
        {"REVOKE DELETE ON alees.idempotency FROM alees_app", "alees_app may not DELETE table alees.idempotency"},
        {"GRANT SELECT ON shop.note TO PUBLIC", "everybody may SELECT note"},
        {"GRANT TRUNCATE ON shop.item TO alees_plugin_shop", "alees_plugin_shop may TRUNCATE item"},
        {"GRANT CREATE ON SCHEMA shop TO alees_plugin_shop", "alees_plugin_shop may CREATE schema shop"},
        {"GRANT SELECT (name) ON shop.kind TO alees_plugin_bank", "alees_plugin_bank may SELECT column name of kind"},
        {"CREATE FUNCTION shop.all_items() RETURNS bigint LANGUAGE sql SECURITY DEFINER AS "
         "'SELECT count(*) FROM shop.item'",
         "everybody may EXECUTE all_items"},
        {"CREATE FUNCTION shop.one() RETURNS integer LANGUAGE sql AS 'SELECT 1'; REVOKE ALL ON FUNCTION shop.one() "
         "FROM PUBLIC; GRANT EXECUTE ON FUNCTION shop.one() TO alees_plugin_bank",
         "alees_plugin_bank may EXECUTE one"},
        {"REVOKE INSERT ON shop.item FROM alees_plugin_shop", "alees_plugin_shop may not INSERT table shop.item"},
        {"ALTER TABLE shop.note OWNER TO alees_app", "table note belongs to alees_app"},
        {"CREATE VIEW shop.all_items AS SELECT * FROM shop.item; ALTER VIEW shop.all_items OWNER TO alees_owner",
         "view all_items would show the rows of every organization"},
        {"DROP TABLE shop.item CASCADE", "table shop.item: it is missing"},
    };
    struct shop *s = *state;
    for (size_t i = 0; i < ARRAY_LEN(drifts); i++) {
        assert_ok(shop_migrate(s, MIGRATE_APPLY));
        pg_exec(&s->pg, drifts[i].sql);
        alees_rc rc = shop_verify(s);
        if (rc != ALEES_E_INVALID || !shop_printed(s, drifts[i].fault)) {
            fail_msg("%s gave %d and: %s", drifts[i].sql, (int)rc, s->text);
        }
        pg_exec(&s->pg, "DROP SCHEMA shop, bank CASCADE; DELETE FROM alees.migration WHERE plugin <> 'alees'; "
                        "DELETE FROM alees.policy");
    }
}

/* What differs in policies and rights is put right by the next migrate; what is the plugin's stays for its author. */
static void test_migrate_repairs(void **state) {
    struct shop *s = *state;
    pg_exec(&s->pg, "CREATE POLICY open ON shop.item USING (true); ALTER TABLE shop.item NO FORCE ROW LEVEL SECURITY; "
                    "DROP POLICY alees_all ON bank.account; GRANT ALL ON shop.item TO PUBLIC, alees_plugin_shop, "
                    "alees_plugin_bank; GRANT SELECT (name) ON shop.kind TO alees_plugin_bank; "
                    "SET ROLE alees_owner; CREATE FUNCTION shop.one() RETURNS integer LANGUAGE sql SECURITY DEFINER "
                    "AS 'SELECT 1'; GRANT EXECUTE ON FUNCTION shop.one() TO alees_plugin_bank; RESET ROLE");
    assert_err(shop_verify(s), ALEES_E_INVALID);
    assert_ok(shop_migrate(s, MIGRATE_APPLY));
    assert_ok(shop_verify(s));
}

/* The policies of an earlier version were right then, in the text kept beside them and in print: each is made anew. */
static void test_policies_of_an_earlier_version(void **state) {
    static const char old[] =
        "SELECT count(*)::text FROM pg_policies WHERE schemaname = 'shop' AND qual LIKE '%organization_id = ANY%'";
    struct shop *s = *state;
    pg_exec(
        &s->pg,
        "ALTER POLICY alees_read ON shop.item USING (organization_id = ANY ((SELECT "
        "nullif(current_setting('alees.organizations', true), '')::uuid[])::uuid[]));"
        "UPDATE alees.policy e SET declared = declared || ' of old', printed = (SELECT concat_ws('|', permissive, "
        "cmd, roles, coalesce(qual, '-'), coalesce(with_check, '-')) FROM pg_policies p WHERE p.schemaname = 'shop' "
        "AND p.tablename = 'item' AND p.policyname = 'alees_read') WHERE schema_name = 'shop' AND table_name = "
        "'item' AND policy_name = 'alees_read'");
    assert_int_equal(pg_count(&s->pg, old), 1);
    assert_err(shop_verify(s), ALEES_E_INVALID);
    assert_true(shop_printed(s, "not as declared: policy alees_read; run `alees migrate`"));
    assert_ok(shop_migrate(s, MIGRATE_APPLY));
    assert_ok(shop_verify(s));
    assert_int_equal(pg_count(&s->pg, old), 0);
}

/* A plugin that is new since the last bootstrap. */
static void test_migrate_needs_roles(void **state) {
    struct shop *s = *state;
    const char *role = s->bank.role;
    s->bank.role = "alees_plugin_unmade";
    alees_rc rc = shop_migrate(s, MIGRATE_APPLY);
    s->bank.role = role;
    assert_err(rc, ALEES_E_INVALID);
    assert_true(shop_printed(s, "bank: role alees_plugin_unmade is missing; run `alees bootstrap`"));
}

static void test_role_attributes(void **state) {
    struct shop *s = *state;
    assert_int_equal(pg_count(&s->pg,
                              "SELECT count(*) FROM pg_roles WHERE rolname IN ('alees_app', 'alees_plugin_shop', "
                              "'alees_plugin_shop_all', 'alees_plugin_bank') AND NOT (rolsuper OR rolbypassrls "
                              "OR rolcreaterole OR rolcreatedb OR rolinherit)"),
                     4);
    assert_int_equal(pg_count(&s->pg, "SELECT count(*) FROM pg_authid WHERE rolname IN ('alees_app', 'alees_owner') "
                                      "AND rolpassword LIKE 'SCRAM-SHA-256$%'"),
                     2);
    assert_int_equal(pg_count(&s->pg, "SELECT count(*) FROM pg_database WHERE datname = current_database() AND "
                                      "(has_database_privilege('alees_plugin_shop', oid, 'CONNECT') OR "
                                      "has_database_privilege('alees_app', oid, 'TEMPORARY') OR "
                                      "has_database_privilege('alees_app', oid, 'CREATE'))"),
                     0);
    s->bank.role = "alees_plugin_rogue"; /* one of its own, because roles belong to the cluster */
    pg_exec(&s->pg, "CREATE ROLE alees_plugin_rogue BYPASSRLS; GRANT alees_plugin_rogue TO alees_app");
    alees_rc rc = shop_verify(s);
    pg_exec(&s->pg, "DROP ROLE alees_plugin_rogue");
    assert_err(rc, ALEES_E_INVALID);
    assert_true(shop_printed(s, "role alees_plugin_rogue is missing or may"));
}

static void test_new_id(void **state) {
    struct shop *s = *state;
    assert_int_equal(pg_count(&s->pg, "SELECT count(DISTINCT alees.new_id()) FROM generate_series(1, 1000)"), 1000);
    assert_int_equal(pg_count(&s->pg,
                              "SELECT count(*) FROM generate_series(1, 100), LATERAL (SELECT alees.new_id()::text "
                              "AS id) i WHERE id ~ '^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-' "
                              "AND abs(('x' || lpad(replace(left(id, 13), '-', ''), 16, '0'))::bit(64)::bigint - "
                              "extract(epoch FROM now()) * 1000) < 60000"),
                     100);
    /* Also within a millisecond, but for two in the same microsecond. */
    pg_exec(&s->pg, "CREATE TEMP TABLE made (n integer, id uuid); DO $$ BEGIN FOR n IN 1..500 LOOP "
                    "INSERT INTO made VALUES (n, alees.new_id()); END LOOP; END $$");
    assert_int_equal(pg_count(&s->pg,
                              "SELECT count(*) FROM (SELECT id < lag(id) OVER (ORDER BY n) AS falls FROM made) m "
                              "WHERE falls"),
                     0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_order_of_steps, setup, teardown),
        cmocka_unit_test_setup_teardown(test_repeatable, setup_migrated, teardown),
        cmocka_unit_test_setup_teardown(test_dry_run, setup, teardown),
        cmocka_unit_test_setup_teardown(test_changed_step, setup_migrated, teardown),
        cmocka_unit_test_setup_teardown(test_gap, setup_migrated, teardown),
        cmocka_unit_test_setup_teardown(test_older_plugin, setup_migrated, teardown),
        cmocka_unit_test_setup_teardown(test_failing_step, setup_migrated, teardown),
        cmocka_unit_test_setup_teardown(test_only_as_owner, setup_migrated, teardown),
        cmocka_unit_test_setup_teardown(test_names_of_constraints, setup_migrated, teardown),
        cmocka_unit_test_setup_teardown(test_drift, setup_migrated, teardown),
        cmocka_unit_test_setup_teardown(test_migrate_repairs, setup_migrated, teardown),
        cmocka_unit_test_setup_teardown(test_policies_of_an_earlier_version, setup_migrated, teardown),
        cmocka_unit_test_setup_teardown(test_migrate_needs_roles, setup_migrated, teardown),
        cmocka_unit_test_setup_teardown(test_role_attributes, setup_migrated, teardown),
        cmocka_unit_test_setup_teardown(test_new_id, setup_migrated, teardown),
    };
    return cmocka_run_group_tests_name("migrate", tests, NULL, NULL);
}
