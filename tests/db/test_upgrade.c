/* SPDX-License-Identifier: MIT
 * test_upgrade.c - databases of before with rows in them, whose tables are secured as they were: what steps make of the rows. */
#include "pg.h"

#include <stdio.h>
#include <stdlib.h>

#include "migrate.h"
#include "server.h"

#define A "00000000-0000-7000-8000-00000000000a"
#define ORGANIZATION(n) "00000000-0000-7000-8000-0000000000a" #n

struct old { /* a database at earlier steps of some plugins */
    struct pg pg;
    struct app app;
    struct arena *arena;
    char *text; /* what was printed */
    size_t text_size;
};

static uint32_t *steps_of(struct old *o, const char *plugin) {
    for (uint32_t i = 0; i < o->app.plugins.count; i++) {
        if (strcmp(o->app.plugins.items[i]->decl.name, plugin) == 0) {
            return &o->app.plugins.items[i]->migration_count;
        }
    }
    fail_msg("no plugin %s", plugin);
    return NULL;
}

static alees_rc migrate(struct old *o) {
    free(o->text);
    FILE *out = open_memstream(&o->text, &o->text_size);
    assert_non_null(out);
    alees_rc rc = migrate_run(o->app.config, &o->app.plugins, &o->app.catalogue, MIGRATE_APPLY, out, out);
    fclose(out);
    return rc;
}

/* The tables that what is declared today does not fit are not secured at earlier steps: that is done by hand. */
static const char secured[] =
    "ALTER TABLE organization.organization ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;"
    "ALTER TABLE product.category ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;"
    "ALTER TABLE product.product ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;";

static int setup(void **state) {
    static const char *const plugins[] = {"contact", "organization", "product", "rbac"};
    static const struct {
        const char *plugin;
        uint32_t steps;
    } before[] = {{"rbac", 4}, {"organization", 3}, {"product", 1}, {"contact", 1}};
    uint32_t now[ARRAY_LEN(before)];
    struct old *o = calloc(1, sizeof *o);
    assert_non_null(o);
    o->arena = test_arena();
    pg_open(&o->pg, "upgrade", NULL);
    FILE *conf = fopen(o->pg.conf, "a"), *nowhere = fopen("/dev/null", "w");
    assert_true(conf && nowhere);
    for (size_t i = 0; i < ARRAY_LEN(plugins); i++) {
        fprintf(conf, "[plugin %s]\nmodule = %s/%s.so\n", plugins[i], ALEES_PLUGIN_BUILD_DIR, plugins[i]);
    }
    fclose(conf);
    assert_int_equal(server_open(&o->app, o->pg.conf, NULL, SERVER_CATALOGUE, false), 0);
    assert_ok(migrate_bootstrap(o->app.config, &o->app.plugins, nowhere, stderr));
    fclose(nowhere);
    for (size_t i = 0; i < ARRAY_LEN(before); i++) {
        now[i] = *steps_of(o, before[i].plugin);
        *steps_of(o, before[i].plugin) = before[i].steps;
    }
    assert_true(migrate(o) != ALEES_OK); /* after the steps: of what is declared today, columns are missing */
    for (size_t i = 0; i < ARRAY_LEN(before); i++) {
        const char *sql =
            arena_printf(o->arena, "SELECT max(version) FROM alees.migration WHERE plugin = '%s'", before[i].plugin)
                .ptr;
        int64_t applied = pg_count(&o->pg, sql);
        assert_int_equal(applied, before[i].steps);
        *steps_of(o, before[i].plugin) = now[i];
    }
    pg_exec(&o->pg, secured);
    *state = o;
    return 0;
}

static int teardown(void **state) {
    struct old *o = *state;
    server_close(&o->app);
    pg_close(&o->pg);
    arena_free(o->arena);
    free(o->text);
    free(o);
    return 0;
}

static void must_migrate(struct old *o) {
    if (migrate(o) != ALEES_OK) {
        fail_msg("%s", o->text);
    }
    free(o->text);
    o->text = NULL;
    FILE *out = open_memstream(&o->text, &o->text_size);
    alees_rc rc = migrate_verify(o->app.config, &o->app.plugins, &o->app.catalogue, out);
    fclose(out);
    if (rc != ALEES_OK) {
        fail_msg("%s", o->text);
    }
}

static void must_be(struct old *o, const char *sql, const char *expected) {
    assert_text(pg_value(&o->pg, o->arena, sql), expected);
}

#define ADD_ORGANIZATION \
    "INSERT INTO organization.organization (id, name, code, organization_type_id, timezone, effective_date, " \
    "end_date) " \
    "SELECT v.id::uuid, v.code, v.code, t.id, v.timezone, v.first::date, v.last::date FROM (VALUES "
#define OF_A_TYPE ") AS v (id, code, timezone, first, last), organization.organization_type t WHERE t.name = 'Company'"

/* Trees with products in them are of type PRODUCT afterwards, others of the type of their root; a name that two have then
 * tells them apart by the type there was. */
static void test_mixed_categories(void **state) {
    struct old *o = *state;
    pg_exec(&o->pg, ADD_ORGANIZATION "('" A "', 'A', 'UTC', NULL, NULL)" OF_A_TYPE);
    pg_exec(&o->pg,
            "INSERT INTO product.category (organization_id, id, parent_id, name, category_type) SELECT '" A "', "
            "md5(id)::uuid, md5(parent)::uuid, name, type FROM (VALUES "
            "('1', NULL, 'goods', 'ASSET'), ('2', '1', 'bolts', 'PRODUCT'), ('3', '2', 'long', 'EXPENSE'),"
            "('4', '1', 'same', 'PRODUCT'), ('5', '1', 'same', 'OTHER'), ('6', '1', 'same', 'ASSET'),"
            "('7', NULL, 'plant', 'ASSET'), ('8', '7', 'lathes', 'EXPENSE'), ('9', '8', 'small', 'ASSET'),"
            "('10', NULL, 'plain', 'PRODUCT'), ('11', '10', 'below', 'PRODUCT'), ('12', NULL, 'plain', 'OTHER'),"
            "('13', NULL, 'goods', 'PRODUCT')) AS v (id, parent, name, type)");
    pg_exec(&o->pg,
            "INSERT INTO product.product (organization_id, name, sku, category_id, base_uom_id) SELECT '" A
            "', c.name, "
            "c.id, c.id, u.id FROM product.category c, product.unit_of_measure u WHERE u.code = 'EA' AND c.name IN "
            "('long', 'below')");
    must_migrate(o);
    must_be(
        o,
        "SELECT string_agg(concat_ws(' ', name, category_type, version), ', ' ORDER BY name, category_type) "
        "FROM product.category",
        "below PRODUCT 1, bolts PRODUCT 1, goods PRODUCT 1, goods (ASSET) PRODUCT 2, lathes ASSET 2, long PRODUCT 2, "
        "plain OTHER 1, plain PRODUCT 1, plant ASSET 1, same PRODUCT 1, same (ASSET) PRODUCT 2, "
        "same (OTHER) PRODUCT 2, small ASSET 1");
    must_be(o,
            "SELECT string_agg(p.name || ' ' || c.category_type, ', ' ORDER BY p.name) FROM product.product p "
            "JOIN product.category c ON c.id = p.category_id",
            "below PRODUCT, long PRODUCT");
}

/* Days that were there before they counted count now, as those of the organization's own time zone. */
static void test_dates_of_organizations(void **state) {
    struct old *o = *state;
    static const char times[] =
        "SELECT string_agg(concat_ws(' ', name, is_active, coalesce((valid_from AT TIME ZONE 'UTC')::text, "
        "'-'), coalesce((valid_until AT TIME ZONE 'UTC')::text, '-')), ', ' ORDER BY name) "
        "FROM rbac.organization";
    pg_exec(&o->pg,
            ADD_ORGANIZATION "('" ORGANIZATION(
                1) "', 'always', 'Europe/Berlin', NULL, NULL),"
                   "('" ORGANIZATION(2) "', 'both', 'Asia/Tokyo', '2020-01-01', '2020-12-31'),"
                                        "('" ORGANIZATION(
                                            3) "', 'from', 'Europe/Berlin', '2099-07-01', NULL),"
                                               "('" ORGANIZATION(
                                                   4) "', 'until', 'America/New_York', NULL, '2020-01-31')" OF_A_TYPE);
    pg_exec(&o->pg, "UPDATE organization.organization SET status = 'inactive' WHERE code = 'until'");
    must_migrate(o);
    must_be(o, times,
            "always t - -, both t 2019-12-31 15:00:00 2020-12-31 15:00:00, from t 2099-06-30 22:00:00 -, "
            "until f - 2020-02-01 05:00:00");
    pg_exec(&o->pg,
            "UPDATE organization.organization SET end_date = '2100-01-31' WHERE code = 'from'"); /* and from now on */
    must_be(o, "SELECT (valid_until AT TIME ZONE 'UTC')::text FROM rbac.organization WHERE name = 'from'",
            "2100-01-31 23:00:00");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_mixed_categories, setup, teardown),
        cmocka_unit_test_setup_teardown(test_dates_of_organizations, setup, teardown),
    };
    return cmocka_run_group_tests_name("upgrade", tests, NULL, NULL);
}
