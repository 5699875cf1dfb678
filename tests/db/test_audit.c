/* SPDX-License-Identifier: MIT
 * test_audit.c - the trail that a declared table writes by itself: what it says, who may touch it, and that a start
 * without it is refused. */
#include "shop.h"

#include "alees/util.h"
#include "audit.h"

struct trail {
    struct shop shop;
    struct alees_self audit;
    struct alees_self *items[3];
    struct alees_field secret;
};

/* The two plugins of the shop behind the built-in one; the price of an item is a secret. */
static int setup(void **state) {
    struct trail *t = calloc(1, sizeof *t);
    assert_non_null(t);
    struct shop *s = &t->shop;
    shop_new(s, "audit", NULL);
    t->audit = (struct alees_self){.magic = PLUGIN_MAGIC,
                                   .decl = audit_plugin,
                                   .role = "alees_plugin_audit",
                                   .role_all = "alees_plugin_audit_all",
                                   .migrations = (struct alees_migration *)(uintptr_t)audit_plugin.migrations.items,
                                   .migration_count = audit_plugin.migrations.count};
    t->items[0] = &t->audit;
    t->items[1] = &s->shop;
    t->items[2] = &s->bank;
    s->shop.index = 1;
    s->bank.index = 2;
    s->plugins = (struct plugins){t->items, 3};
    for (uint32_t i = 0; i < s->item.field_count; i++) {
        if (strcmp(s->item.fields[i].column, "price") == 0) {
            t->secret = *s->item.fields[i].decl;
            t->secret.flags |= ALEES_WRITE_ONLY;
            s->item.fields[i].decl = &t->secret;
        }
    }
    shop_migrated(s);
    *state = t;
    return 0;
}

static int teardown(void **state) {
    struct trail *t = *state;
    shop_free(&t->shop);
    free(t);
    return 0;
}

#define ITEM "00000000-0000-7000-8000-0000000000e1"
#define USER "00000000-0000-7000-8000-0000000000d1"
#define KEY "00000000-0000-7000-8000-0000000000d2"
#define ACTOR "SELECT set_config('alees.actor', '" USER "|" KEY "|request-1', true); "

static void forget(struct shop *s) {
    pg_exec(&s->pg, "DELETE FROM audit.entry; DELETE FROM shop.item WHERE id = '" ITEM "'; DELETE FROM audit.entry");
}

static void assert_value(struct shop *s, const char *sql, const char *expected) {
    struct arena *arena = test_arena();
    alees_str value = pg_value(&s->pg, arena, sql);
    assert_text(value, expected);
    arena_free(arena);
}

static const char insert_item[] =
    "INSERT INTO shop.item (organization_id, id, name, sku, price) VALUES ('" SHOP_ORG_A "', '" ITEM "', 'Bolt', "
    "'audit-1', 7)";

static void test_create(void **state) {
    struct shop *s = &((struct trail *)*state)->shop;
    forget(s);
    pg_exec(&s->pg, "BEGIN; " ACTOR "INSERT INTO shop.item (organization_id, id, name, sku, price) VALUES ('" SHOP_ORG_A
                    "', '" ITEM "', 'Bolt', 'audit-1', 7); COMMIT");
    assert_int_equal(pg_count(&s->pg, "SELECT count(*) FROM audit.entry"), 1);
    assert_value(s,
                 "SELECT concat_ws(' ', action, resource, organization_id, object_id, user_id, key_id, request_id, "
                 "coalesce(detail, '-')) FROM audit.entry",
                 "create shop.item " SHOP_ORG_A " " ITEM " " USER " " KEY " request-1 -");
    assert_value(s, "SELECT changes::text FROM audit.entry",
                 "{\"sku\": {\"after\": \"audit-1\", \"before\": null}, \"name\": {\"after\": \"Bolt\", \"before\": "
                 "null}, \"price\": {\"after\": \"***\", \"before\": null}, \"organization\": {\"after\": \"" SHOP_ORG_A
                 "\", \"before\": null}}");
}

static void test_update(void **state) {
    struct shop *s = &((struct trail *)*state)->shop;
    forget(s);
    pg_exec(&s->pg, insert_item);
    pg_exec(&s->pg, "DELETE FROM audit.entry");
    pg_exec(&s->pg, "UPDATE shop.item SET version = version + 1, updated_at = now(), updated_by = '" USER
                    "', name = name WHERE id = '" ITEM "'");
    assert_int_equal(pg_count(&s->pg, "SELECT count(*) FROM audit.entry"), 0); /* nothing was changed */
    pg_exec(&s->pg, "UPDATE shop.item SET version = version + 1, name = 'Nut', price = 8, "
                    "kind_id = '00000000-0000-7000-8000-0000000000c0' WHERE id = '" ITEM "'");
    assert_value(s, "SELECT action || changes::text FROM audit.entry",
                 "update{\"kind\": {\"after\": \"00000000-0000-7000-8000-0000000000c0\", \"before\": null}, \"name\": "
                 "{\"after\": \"Nut\", \"before\": \"Bolt\"}, \"price\": {\"after\": \"***\", \"before\": \"***\"}}");
    pg_exec(&s->pg, "DELETE FROM audit.entry; UPDATE shop.item SET price = NULL WHERE id = '" ITEM "'");
    assert_value(s, "SELECT changes::text FROM audit.entry", "{\"price\": {\"after\": null, \"before\": \"***\"}}");
    assert_int_equal(pg_count(&s->pg, "SELECT count(*) FROM audit.entry WHERE changes::text ~ '[78]'"), 0);
}

static void test_delete(void **state) {
    struct shop *s = &((struct trail *)*state)->shop;
    forget(s);
    pg_exec(&s->pg, insert_item);
    pg_exec(&s->pg, "DELETE FROM audit.entry; DELETE FROM shop.item WHERE id = '" ITEM "'");
    assert_value(s, "SELECT concat_ws(' ', action, organization_id, object_id, changes -> 'name') FROM audit.entry",
                 "delete " SHOP_ORG_A " " ITEM " {\"after\": null, \"before\": \"Bolt\"}");
}

/* Whoever is connected by themselves is named by their login; an ended request is not taken for them. */
static void test_session(void **state) {
    struct shop *s = &((struct trail *)*state)->shop;
    forget(s);
    pg_exec(&s->pg, "BEGIN; " ACTOR "COMMIT");
    pg_exec(&s->pg, insert_item);
    assert_int_equal(pg_count(&s->pg, "SELECT count(*) FROM audit.entry WHERE user_id IS NULL AND request_id IS NULL "
                                      "AND detail = 'database session of ' || session_user"),
                     1);
}

static void test_many(void **state) {
    struct shop *s = &((struct trail *)*state)->shop;
    static const char same[] = "SELECT count(*) FROM audit.entry e JOIN shop.item i ON i.id = e.object_id "
                               "WHERE e.changes #>> '{name,after}' = i.name AND e.organization_id = i.organization_id";
    forget(s);
    pg_exec(&s->pg, "INSERT INTO shop.item (organization_id, id, name, sku) SELECT '" SHOP_ORG_B
                    "', alees.new_id(), 'many ' || n, 'many-' || n FROM generate_series(1, 100) n");
    assert_int_equal(pg_count(&s->pg, same), 100);
    pg_exec(&s->pg, "DELETE FROM audit.entry; UPDATE shop.item SET name = 'more ' || sku WHERE sku LIKE 'many-%' "
                    "AND sku < 'many-5'");
    assert_int_equal(pg_count(&s->pg, same),
                     pg_count(&s->pg, "SELECT count(*) FROM shop.item WHERE name LIKE 'more %'"));
    assert_true(pg_count(&s->pg, same) > 10);
    pg_exec(&s->pg,
            "DELETE FROM audit.entry; INSERT INTO shop.item (organization_id, id, name, sku) VALUES ('" SHOP_ORG_B
            "', alees.new_id(), 'again', 'many-1'), ('" SHOP_ORG_B "', alees.new_id(), 'new', 'many-0') "
            "ON CONFLICT (organization_id, sku) DO UPDATE SET name = excluded.name");
    assert_value(s, "SELECT string_agg(action, ',' ORDER BY action) FROM audit.entry", "create,update");
    pg_exec(&s->pg, "BEGIN; DELETE FROM shop.item WHERE sku LIKE 'many-%'; ROLLBACK");
    assert_int_equal(pg_count(&s->pg, "SELECT count(*) FROM audit.entry"), 2); /* undone with the change */
    pg_exec(&s->pg, "DELETE FROM shop.item WHERE sku LIKE 'many-%'");
    assert_int_equal(pg_count(&s->pg, "SELECT count(*) FROM audit.entry WHERE action = 'delete'"), 101);
}

/* A function that writes is called by SELECT: the entry names the user of the request like any other. */
static void test_function(void **state) {
    struct shop *s = &((struct trail *)*state)->shop;
    static const char call[] = "SELECT shop.rename('Nut')";
    struct alees_principal who = {.struct_size = sizeof who};
    forget(s);
    pg_exec(&s->pg, insert_item);
    pg_exec(&s->pg,
            "CREATE FUNCTION shop.rename(name text) RETURNS bigint LANGUAGE sql AS 'WITH w AS (UPDATE shop.item "
            "SET name = $1 WHERE sku = ''audit-1'' RETURNING 1) SELECT count(*) FROM w'; "
            "GRANT EXECUTE ON FUNCTION shop.rename(text) TO alees_plugin_shop");
    assert_ok(alees_id_parse(STR_LIT(USER), &who.id));
    shop_opened(s);
    for (int in_transaction = 0; in_transaction < 2; in_transaction++) {
        pg_exec(&s->pg, "UPDATE shop.item SET name = 'Bolt' WHERE id = '" ITEM "'; DELETE FROM audit.entry");
        alees_ctx *ctx = shop_ctx(s);
        ctx->who = &who;
        memcpy(ctx->request_id, "request-1", sizeof "request-1");
        if (in_transaction) {
            store_begin(ctx);
        }
        assert_int_equal(shop_number(ctx, &s->shop, SHOP_ONLY_A, call), 1);
        if (in_transaction) {
            assert_ok(store_commit(ctx));
        }
        shop_ctx_end(ctx);
        assert_value(s, "SELECT concat_ws(' ', action, user_id, request_id, detail) FROM audit.entry",
                     "update " USER " request-1");
    }
    pg_exec(&s->pg, "DROP FUNCTION shop.rename(text)");
}

/* Over all organizations, among many entries: by their index, and the latest first. */
static void test_of_a_user(void **state) {
    struct shop *s = &((struct trail *)*state)->shop;
    forget(s);
    pg_exec(&s->pg, "INSERT INTO audit.entry (action, user_id) SELECT 'update', gen_random_uuid() "
                    "FROM generate_series(1, 20000) n; ANALYZE audit.entry");
    struct arena *arena = test_arena();
    alees_str plan = pg_value(&s->pg, arena,
                              "EXPLAIN (FORMAT JSON) SELECT id FROM audit.entry WHERE user_id = '" USER
                              "' ORDER BY id DESC LIMIT 51");
    if (!strstr(plan.ptr, "entry_user") || strstr(plan.ptr, "\"Sort\"")) {
        fail_msg("%s", plan.ptr);
    }
    arena_free(arena);
    forget(s);
}

/* 42501 and nothing else, as that role. */
static void refused(struct shop *s, const char *role, const char *sql) {
    char text[600];
    snprintf(text, sizeof text,
             "DO $$ BEGIN SET LOCAL ROLE %s; BEGIN %s; RAISE EXCEPTION 'done'; EXCEPTION WHEN insufficient_privilege "
             "THEN NULL; END; END $$",
             role, sql);
    pg_exec(&s->pg, text);
}

static void test_rights(void **state) {
    struct shop *s = &((struct trail *)*state)->shop;
    static const char *const all[] = {"alees_app", "alees_plugin_audit", "alees_plugin_audit_all", "alees_plugin_shop",
                                      "alees_plugin_shop_all"};
    static const char note[] = "PERFORM audit.note('x', NULL, NULL, NULL, NULL, NULL, NULL, NULL)";
    static const char prune[] = "PERFORM audit.prune(1, 1, NULL)";
    for (size_t i = 0; i < ARRAY_LEN(all); i++) {
        bool is_own = strncmp(all[i], "alees_plugin_audit", 18) == 0;
        refused(s, all[i], "TRUNCATE audit.entry");
        refused(s, all[i], "ALTER TABLE shop.item DISABLE TRIGGER alees_audit_insert");
        if (!is_own) {
            refused(s, all[i], "PERFORM count(*) FROM audit.entry");
            refused(s, all[i], note);
        }
        if (strcmp(all[i], "alees_plugin_audit_all") != 0) {
            refused(s, all[i], prune);
        }
        if (strcmp(all[i], "alees_app") != 0) {
            refused(s, all[i], "PERFORM set_config('alees.actor', 'x', true)");
        }
    }
}

static void test_prune(void **state) {
    struct shop *s = &((struct trail *)*state)->shop;
    forget(s);
    pg_exec(&s->pg, "INSERT INTO audit.entry (action, created_at) SELECT 'old', now() - make_interval(hours => n) "
                    "FROM generate_series(1, 100) n");
    pg_exec(&s->pg, "DO $$ BEGIN PERFORM audit.prune(0, 10, NULL); RAISE EXCEPTION 'done'; EXCEPTION "
                    "WHEN check_violation THEN NULL; END $$");
    assert_int_equal(pg_count(&s->pg, "SELECT audit.prune(2, 50, 'cli:audit')"), 50);
    assert_int_equal(pg_count(&s->pg, "SELECT audit.prune(2, 50, 'cli:audit')"), 3);
    assert_int_equal(pg_count(&s->pg, "SELECT audit.prune(2, 50, 'cli:audit')"), 0);
    assert_int_equal(pg_count(&s->pg, "SELECT count(*) FROM audit.entry WHERE action = 'old'"), 47);
    assert_value(s, "SELECT string_agg(detail, ',' ORDER BY detail DESC) FROM audit.entry WHERE action = 'prune'",
                 "50 entries older than 2 days,3 entries older than 2 days");
}

static void expect_fault(struct shop *s, const char *sql, const char *trigger) {
    char fault[160];
    snprintf(fault, sizeof fault, "shop.item: table shop.item: not as declared: trigger %s; run `alees migrate`",
             trigger);
    pg_exec(&s->pg, sql);
    assert_err(shop_verify(s), ALEES_E_INVALID);
    assert_true(shop_printed(s, fault));
    assert_ok(shop_migrate(s, MIGRATE_APPLY));
    assert_ok(shop_verify(s));
}

static void test_verify(void **state) {
    struct trail *t = *state;
    struct shop *s = &t->shop;
    static const char oids[] =
        "SELECT string_agg(oid::text, ',' ORDER BY oid) FROM pg_trigger WHERE tgname LIKE 'alees%'";
    assert_ok(shop_verify(s));
    assert_int_equal(pg_count(&s->pg, "SELECT count(*) FROM pg_trigger WHERE tgname LIKE 'alees_audit_%'"), 9);
    struct arena *arena = test_arena();
    alees_str before = pg_value(&s->pg, arena, oids);
    assert_ok(shop_migrate(s, MIGRATE_APPLY));
    assert_value(s, oids, before.ptr); /* not even made again */
    arena_free(arena);
    expect_fault(s, "DROP TRIGGER alees_audit_update ON shop.item", "alees_audit_update");
    expect_fault(s, "ALTER TABLE shop.item DISABLE TRIGGER alees_audit_delete", "alees_audit_delete");
    expect_fault(s,
                 "CREATE OR REPLACE TRIGGER alees_audit_insert AFTER INSERT ON shop.item REFERENCING NEW TABLE AS "
                 "new_rows FOR EACH STATEMENT WHEN (false) EXECUTE FUNCTION audit.record('shop.item')",
                 "alees_audit_insert");
    t->secret.flags &= ~(uint32_t)ALEES_WRITE_ONLY; /* declared otherwise than before */
    expect_fault(s, "SELECT 1", "alees_audit_update");
    t->secret.flags |= ALEES_WRITE_ONLY;
    assert_ok(shop_migrate(s, MIGRATE_APPLY));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_create),    cmocka_unit_test(test_update), cmocka_unit_test(test_delete),
        cmocka_unit_test(test_session),   cmocka_unit_test(test_many),   cmocka_unit_test(test_function),
        cmocka_unit_test(test_of_a_user), cmocka_unit_test(test_rights), cmocka_unit_test(test_prune),
        cmocka_unit_test(test_verify),
    };
    return cmocka_run_group_tests_name("audit", tests, setup, teardown);
}
