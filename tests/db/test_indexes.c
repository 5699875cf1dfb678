/* SPDX-License-Identifier: MIT
 * test_indexes.c - the indexes that `alees migrate` makes from declarations: which, and that they are kept; what search
 * needs of the database; documents of any text. */
#include "shop.h"

#include <string.h>

static const struct alees_field name_search = {
    .name = "name", .type = ALEES_TEXT, .flags = ALEES_SORT | ALEES_SEARCH | ALEES_SUBSTRING};
static const struct alees_field sku_search = {
    .name = "sku", .type = ALEES_TEXT, .flags = ALEES_UNIQUE | ALEES_SORT | ALEES_FILTER | ALEES_SEARCH};
static const struct alees_field price_filter = {
    .name = "price", .type = ALEES_DECIMAL, .flags = ALEES_NULLABLE | ALEES_FILTER};
static const struct alees_field kind_filter = {
    .name = "kind", .type = ALEES_REFERENCE, .reference = "shop.kind", .flags = ALEES_FILTER};
static const struct alees_field kind_name_search = {
    .name = "name", .type = ALEES_TEXT, .flags = ALEES_UNIQUE | ALEES_SEARCH | ALEES_SORT};

enum { NAME = 3, SKU, PRICE, KIND, KIND_NAME = 2 };

static int setup(void **state) {
    struct shop *s = calloc(1, sizeof *s);
    assert_non_null(s);
    shop_new(s, "indexes", NULL);
    s->item.fields[NAME].decl = &name_search;
    s->item.fields[SKU].decl = &sku_search;
    s->item.fields[PRICE].decl = &price_filter;
    s->item.fields[KIND].decl = &kind_filter;
    s->kind.fields[KIND_NAME].decl = &kind_name_search;
    shop_migrated(s);
    *state = s;
    return 0;
}

static int teardown(void **state) {
    shop_free(*state);
    free(*state);
    return 0;
}

#define OURS "FROM pg_indexes WHERE starts_with(indexname, 'alees_ix_')"

/* How many of a table's indexes say this? */
static int64_t indexes(struct shop *s, const char *table, const char *keys) {
    char sql[512];
    snprintf(sql, sizeof sql,
             "SELECT count(*) FROM pg_indexes WHERE starts_with(indexname, 'alees_ix_') "
             "AND schemaname || '.' || tablename = '%s' AND indexdef LIKE '%% USING %s'",
             table, keys);
    return pg_count(&s->pg, sql);
}

static void test_made(void **state) {
    struct shop *s = *state;
    assert_int_equal(indexes(s, "shop.item", "btree (organization_id, created_at, id)"), 1);
    assert_int_equal(indexes(s, "shop.item", "btree (organization_id, name, id)"), 1);
    assert_int_equal(indexes(s, "shop.item", "btree (organization_id, price)"), 1);
    assert_int_equal(indexes(s, "shop.item", "btree (organization_id, kind_id)"), 1);
    assert_int_equal(indexes(s, "shop.item",
                             "gin (organization_id, alees.search_document(VARIADIC ARRAY[name, "
                             "(sku)::text]))"),
                     1);
    assert_int_equal(indexes(s, "shop.item", "gin (organization_id, name alees_extension.gin_trgm_ops)"), 1);
    assert_int_equal(indexes(s, "shop.item", "%sku%"), 1); /* UNIQUE (organization_id, sku) has the order already */
    assert_int_equal(indexes(s, "shop.item", "%"), 6);
    assert_int_equal(indexes(s, "shop.kind", "gin (alees.search_document(VARIADIC ARRAY[name]))"), 1);
    assert_int_equal(indexes(s, "shop.kind", "btree (created_at, id)"), 1);
    assert_int_equal(indexes(s, "shop.kind", "%"), 2);
    assert_ok(shop_verify(s));
}

static alees_str all_of_them(struct shop *s, struct arena *arena) {
    return pg_value(&s->pg, arena,
                    "SELECT string_agg(oid::text || relname, ',' ORDER BY oid) FROM pg_class "
                    "WHERE relkind = 'i' AND relnamespace::regnamespace::text IN ('shop', 'bank')");
}

static void test_kept(void **state) {
    struct shop *s = *state;
    struct arena *arena = test_arena();
    alees_str before = all_of_them(s, arena);
    assert_ok(shop_migrate(s, MIGRATE_APPLY));
    assert_null(strstr(s->text, "index"));
    assert_ok(shop_bootstrap(s));
    assert_ok(shop_migrate(s, MIGRATE_APPLY));
    assert_text(all_of_them(s, arena), before.ptr);
    arena_free(arena);
}

static void test_no_longer_wanted(void **state) {
    struct shop *s = *state;
    struct alees_field plain = price_filter;
    plain.flags = ALEES_NULLABLE;
    s->item.fields[PRICE].decl = &plain;
    assert_ok(shop_verify(s)); /* one too many does no harm */
    assert_ok(shop_migrate(s, MIGRATE_DRY_RUN));
    assert_true(shop_printed(s, "would drop index shop.alees_ix_item_price_"));
    assert_int_equal(indexes(s, "shop.item", "btree (organization_id, price)"), 1);
    assert_ok(shop_migrate(s, MIGRATE_APPLY));
    assert_true(shop_printed(s, "dropping index shop.alees_ix_item_price_"));
    assert_int_equal(indexes(s, "shop.item", "btree (organization_id, price)"), 0);
    s->item.fields[PRICE].decl = &price_filter;
    assert_err(shop_verify(s), ALEES_E_INVALID);
    assert_true(shop_printed(s, "shop.item: table shop.item: index alees_ix_item_price_"));
    assert_true(shop_printed(s, " is missing; run `alees migrate`"));
    assert_ok(shop_migrate(s, MIGRATE_DRY_RUN));
    assert_true(shop_printed(s, "would make index alees_ix_item_price_"));
    assert_int_equal(indexes(s, "shop.item", "btree (organization_id, price)"), 0);
    assert_ok(shop_migrate(s, MIGRATE_APPLY));
    assert_ok(shop_verify(s));
}

/* Another definition is another index, of the same field. */
static void test_changed(void **state) {
    struct shop *s = *state;
    struct alees_field plain = sku_search;
    plain.flags &= ~(uint32_t)ALEES_SEARCH;
    s->item.fields[SKU].decl = &plain;
    assert_err(shop_verify(s), ALEES_E_INVALID);
    assert_ok(shop_migrate(s, MIGRATE_APPLY));
    assert_int_equal(indexes(s, "shop.item", "gin (organization_id, alees.search_document(VARIADIC ARRAY[name]))"), 1);
    assert_int_equal(indexes(s, "shop.item", "gin (organization_id, alees.search_document%"), 1);
}

/* The plugin makes one itself: not ours, not partial, not in another order. */
static void test_of_the_plugin(void **state) {
    struct shop *s = *state;
    static const char ours[] = "btree (organization_id, price)";
    pg_exec(&s->pg, "CREATE INDEX other ON shop.item (organization_id, price) WHERE price > 0");
    pg_exec(&s->pg, "CREATE INDEX down ON shop.item (organization_id, price DESC)");
    pg_exec(&s->pg, "CREATE INDEX behind ON shop.item (organization_id, kind_id DESC, price)");
    assert_ok(shop_migrate(s, MIGRATE_APPLY));
    assert_int_equal(indexes(s, "shop.item", ours), 1);
    pg_exec(&s->pg, "CREATE INDEX same ON shop.item (organization_id, price, name)");
    assert_ok(shop_verify(s));
    assert_ok(shop_migrate(s, MIGRATE_APPLY));
    assert_int_equal(indexes(s, "shop.item", ours), 0);
    pg_exec(&s->pg, "DROP INDEX shop.same");
    assert_err(shop_verify(s), ALEES_E_INVALID);
    assert_ok(shop_migrate(s, MIGRATE_APPLY));
    assert_int_equal(indexes(s, "shop.item", ours), 1);
}

/* As it is after CREATE INDEX CONCURRENTLY was interrupted. */
static void test_invalid(void **state) {
    struct shop *s = *state;
    pg_exec(&s->pg, "UPDATE pg_index SET indisvalid = false WHERE indexrelid::regclass::text ~ 'item_price_'");
    assert_err(shop_verify(s), ALEES_E_INVALID);
    assert_ok(shop_migrate(s, MIGRATE_APPLY));
    assert_ok(shop_verify(s));
}

/* A database that was bootstrapped by an earlier release: migrate does what it may. */
static void test_upgrade(void **state) {
    struct shop *s = *state;
    pg_exec(&s->pg, "DROP FUNCTION alees.search_document(text[]), alees.search_query(text) CASCADE; "
                    "DROP SCHEMA alees_extension CASCADE; DO $$ DECLARE i text; BEGIN FOR i IN SELECT "
                    "schemaname || '.' || indexname " OURS " LOOP EXECUTE 'DROP INDEX ' || i; END LOOP; END $$");
    assert_err(shop_verify(s), ALEES_E_INVALID);
    assert_true(shop_printed(s, "function alees.search_document(text[]) is missing; run `alees migrate`"));
    assert_ok(shop_migrate(s, MIGRATE_APPLY));
    assert_ok(shop_verify(s));
    static const char trusted[] = "SELECT count(*) FROM pg_proc WHERE proleakproof AND oid = "
                                  "'alees.search_document(text[])'::regprocedure";
    assert_int_equal(pg_count(&s->pg, trusted), 0);
    assert_ok(shop_bootstrap(s));
    assert_int_equal(pg_count(&s->pg, trusted), 1);
    assert_ok(shop_verify(s));
    assert_int_equal(pg_count(&s->pg, "SELECT count(*) FROM pg_proc WHERE oid = 'alees.search_document(text[])'"
                                      "::regprocedure AND proowner <> 'alees_owner'::regrole"),
                     0);
}

/* The longest texts of the words that take the most room. */
static void test_any_text(void **state) {
    struct shop *s = *state;
    static const char *const texts[] = {
        "repeat('x', 300000)",
        "repeat(U&'\\+010400', 300000)",
        ("(SELECT string_agg(U&'\\+010400' || chr(66560 + i % 1000) || chr(66560 + i / 1000), ' ') FROM "
         "generate_series(1, 60000) i)"),
        "(SELECT string_agg(chr(19968 + i % 20000) || chr(19968 + i / 20000), ' ') FROM generate_series(1, 60000) i)",
        "(SELECT string_agg(i::text, ' ') FROM generate_series(10000, 60000) i)",
        "(SELECT string_agg('a' || i || '-b' || i || '.c/' || i, ' ') FROM generate_series(1, 20000) i)",
        "(SELECT string_agg(repeat(chr(304), 400) || i, ' ') FROM generate_series(1, 700) i)",
        "(SELECT string_agg(chr(1 + i % 31), '') FROM generate_series(1, 5000) i)",
        "''",
    };
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        char sql[512];
        snprintf(sql, sizeof sql,
                 "INSERT INTO shop.item (organization_id, id, name, sku) VALUES ('" SHOP_ORG_A "', "
                 "alees.new_id(), %s, 'any-%zu')",
                 texts[i], i);
        pg_exec(&s->pg, "DO $$ DECLARE i text; BEGIN FOR i IN SELECT schemaname || '.' || indexname " OURS
                        " AND indexname ~ 'item_name' LOOP EXECUTE 'DROP INDEX ' || i; END LOOP; END $$");
        pg_exec(&s->pg, sql);
    }
}

static void test_words(void **state) {
    struct shop *s = *state;
    static const struct {
        const char *text, *words;
        bool is_found;
    } cases[] = {
        {"'HB-003 M8x40'", "'hb'", true},
        {"'HB-003 M8x40'", "'003'", true},
        {"'HB-003 M8x40'", "'HB-003'", true},
        {"'HB-003 M8x40'", "'-003'", true},
        {"'HB-003 M8x40'", "'x40'", false},
        {"'Hex bolt'", "'bol he'", true},
        {"'Hex bolt'", "'bolts'", false},
        {"'Hex bolt'", "'bolt nut'", false},
        {"'ann@example.com'", "'exam'", true},
        {"'http://a.b/c?d=e'", "'d'", true},
        {"'Straße Öl'", "'ÖL'", true},
        {"'Straße Öl'", "'ol'", false},
        {"'שלום עולם'", "'עול'", true},
        {"'O''Brien'", "'o''brien'", true},
        {"'3.5 mm'", "'3,5'", true},
        {"'the and of'", "'the'", true}, /* no stop words */
        {"'a & b'", "'!(a|b)&''c'", false},
        {"'a b c'", "'!(a|b)&''c:*\\'", true},
        {"'any'", "'%_\\'", false},
        {"'any'", "''", false},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char sql[256];
        snprintf(sql, sizeof sql,
                 "SELECT count(*) WHERE alees.search_document('other', NULL, %s) @@ "
                 "alees.search_query(%s)",
                 cases[i].text, cases[i].words);
        if ((pg_count(&s->pg, sql) == 1) != cases[i].is_found) {
            fail_msg("%s: %s", cases[i].text, cases[i].words);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_made, setup, teardown),
        cmocka_unit_test_setup_teardown(test_kept, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_longer_wanted, setup, teardown),
        cmocka_unit_test_setup_teardown(test_changed, setup, teardown),
        cmocka_unit_test_setup_teardown(test_of_the_plugin, setup, teardown),
        cmocka_unit_test_setup_teardown(test_invalid, setup, teardown),
        cmocka_unit_test_setup_teardown(test_upgrade, setup, teardown),
        cmocka_unit_test_setup_teardown(test_any_text, setup, teardown),
        cmocka_unit_test_setup_teardown(test_words, setup, teardown),
    };
    return cmocka_run_group_tests_name("indexes", tests, NULL, NULL);
}
