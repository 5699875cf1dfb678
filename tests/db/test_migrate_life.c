/* SPDX-License-Identifier: MIT
 * test_migrate_life.c - the triggers that keep live rows from referring to deleted ones: made by migrate, found missing or
 * changed by verify, made again, and let alone where they are as they should be. */
#include "shop.h"

static const struct alees_resource soft_item = {.name = "item",
                                                .table = "shop.item",
                                                .path = "/items",
                                                .scope = ALEES_SCOPE_ORGANIZATION,
                                                .flags = ALEES_RESOURCE_SOFT_DELETE};
static const char soft_sql[] = "ALTER TABLE shop.item ADD deleted_at timestamptz, ADD deleted_by uuid, "
                               "DROP CONSTRAINT item_sku;"
                               "CREATE UNIQUE INDEX item_sku ON shop.item (organization_id, sku) "
                               "WHERE deleted_at IS NULL;";

static int setup(void **state) {
    struct shop *s = calloc(1, sizeof *s);
    assert_non_null(s);
    shop_new(s, "life", NULL);
    s->item.decl = &soft_item;
    s->shop_steps[1] = (struct alees_migration){.version = 2, .name = "soft", .sql = soft_sql};
    s->shop.migration_count = 2;
    shop_migrated(s);
    *state = s;
    return 0;
}

static int teardown(void **state) {
    shop_free(*state);
    free(*state);
    return 0;
}

/* The i-th of them by name: item_deleted_at, item_parent_id. */
static const char *trigger(struct shop *s, struct arena *arena, int i) {
    return pg_value(&s->pg, arena,
                    arena_printf(arena,
                                 "SELECT tgname FROM pg_trigger WHERE tgname LIKE 'alees\\_life\\_%%' "
                                 "ORDER BY 1 OFFSET %d LIMIT 1",
                                 i)
                        .ptr)
        .ptr;
}

static int64_t triggers(struct shop *s) {
    return pg_count(&s->pg, "SELECT count(*) FROM pg_trigger WHERE tgname LIKE 'alees\\_life\\_%'");
}

static void test_repeatable(void **state) {
    struct shop *s = *state;
    struct arena *arena = test_arena();
    static const char oids[] = "SELECT string_agg(t.oid || '/' || t.xmin || '/' || p.oid, ',' ORDER BY 1) "
                               "FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid "
                               "WHERE t.tgname LIKE 'alees\\_life\\_%'";
    alees_str before = pg_value(&s->pg, arena, oids);
    assert_int_equal(triggers(s), 2);
    assert_ok(shop_verify(s));
    assert_ok(shop_migrate(s, MIGRATE_APPLY));
    assert_ok(shop_verify(s));
    assert_text(pg_value(&s->pg, arena, oids), before.ptr);
    arena_free(arena);
}

static void test_drift(void **state) {
    struct shop *s = *state;
    struct arena *arena = test_arena();
    static const char *const drifts[] = {
        "DROP TRIGGER %s ON shop.item",
        "ALTER TABLE shop.item DISABLE TRIGGER %s",
        "ALTER FUNCTION alees.%s() SECURITY INVOKER",
        "ALTER FUNCTION alees.%s() SET search_path = public",
        ("CREATE OR REPLACE FUNCTION alees.%s() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER "
         "SET search_path = pg_catalog, pg_temp AS 'BEGIN RETURN NULL; END'"),
        "ALTER TRIGGER %s ON shop.item RENAME TO alees_life_other",
    };
    for (size_t i = 0; i < ARRAY_LEN(drifts); i++) {
        for (int k = 0; k < 2; k++) {
            const char *name = trigger(s, arena, k);
            struct str sql;
            str_init(&sql, arena, 512);
            const char *at = strstr(drifts[i], "%s");
            str_printf(&sql, "%.*s%s%s", (int)(at - drifts[i]), drifts[i], name, at + 2);
            pg_exec(&s->pg, str_done(&sql).ptr);
            assert_err(shop_verify(s), ALEES_E_INVALID);
            assert_true(shop_printed(s, arena_printf(arena, "not as declared: trigger %s", name).ptr));
            assert_ok(shop_migrate(s, MIGRATE_APPLY));
            assert_ok(shop_verify(s));
            assert_int_equal(triggers(s), 2);
        }
    }
    arena_free(arena);
}

/* What is not declared any more goes, with its functions. */
static void test_not_soft(void **state) {
    struct shop *s = *state;
    struct arena *arena = test_arena();
    const struct alees_resource hard = {
        .name = "item", .table = "shop.item", .path = "/items", .scope = ALEES_SCOPE_ORGANIZATION};
    s->item.decl = &hard;
    assert_err(shop_verify(s), ALEES_E_INVALID);
    assert_true(shop_printed(s, "triggers alees_life_.. that are not declared"));
    assert_ok(shop_migrate(s, MIGRATE_APPLY));
    assert_int_equal(triggers(s), 0);
    assert_int_equal(pg_count(&s->pg, "SELECT count(*) FROM pg_proc WHERE proname LIKE 'alees\\_life\\_%'"), 0);
    arena_free(arena);
}

/* Who sees no row of another organization is refused by the rows of it all the same: as the keys do. */
static void test_database_refuses(void **state) {
    struct shop *s = *state;
    pg_exec(&s->pg,
            "UPDATE shop.item SET parent_id = (SELECT id FROM shop.item WHERE name = 'A-1') WHERE name = 'A-2'");
    static const char refused[] =
        "DO $$ BEGIN BEGIN %s; EXCEPTION WHEN %s THEN RETURN; END; RAISE 'it was done'; END $$";
    struct arena *arena = test_arena();
    static const char mark[] = "UPDATE shop.item SET deleted_at = now() WHERE name = ";
    struct {
        const char *sql, *condition;
    } const all[] = {
        {arena_printf(arena, "%s'A-1'", mark).ptr, "restrict_violation"},
        {"UPDATE shop.item SET parent_id = (SELECT id FROM shop.item WHERE name = 'A-3') WHERE name = 'A-4'",
         "foreign_key_violation"},
        {"INSERT INTO shop.item (organization_id, id, name, sku, parent_id) SELECT organization_id, alees.new_id(), "
         "'new', 'new', id FROM shop.item WHERE name = 'A-3'",
         "foreign_key_violation"},
        {"UPDATE shop.item SET deleted_at = NULL WHERE name = 'A-5'", "foreign_key_violation"},
    };
    pg_exec(&s->pg,
            "UPDATE shop.item SET parent_id = (SELECT id FROM shop.item WHERE name = 'A-3') WHERE name = 'A-5'");
    pg_exec(&s->pg, arena_printf(arena, "%s'A-5'; %s'A-3'", mark, mark).ptr); /* one after the other */
    for (size_t i = 0; i < ARRAY_LEN(all); i++) {
        char sql[1024];
        const char *at = strstr(refused, "%s"), *next = strstr(at + 2, "%s");
        snprintf(sql, sizeof sql, "%.*s%s%.*s%s%s", (int)(at - refused), refused, all[i].sql, (int)(next - at - 2),
                 at + 2, all[i].condition, next + 2);
        pg_exec(&s->pg, sql);
    }
    pg_exec(&s->pg, "UPDATE shop.item SET deleted_at = now() WHERE name IN ('A-1', 'A-2')"); /* both at once */
    arena_free(arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_repeatable, setup, teardown),
        cmocka_unit_test_setup_teardown(test_drift, setup, teardown),
        cmocka_unit_test_setup_teardown(test_not_soft, setup, teardown),
        cmocka_unit_test_setup_teardown(test_database_refuses, setup, teardown),
    };
    return cmocka_run_group_tests_name("migrate_life", tests, NULL, NULL);
}
