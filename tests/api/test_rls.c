/* SPDX-License-Identifier: MIT
 * test_rls.c - the second lock by itself: as the server's own login and each plugin's role, statements without any
 * predicate of the host see and touch the rows of the organizations in scope and no others. */
#include "test.h"

#include "db.h"
#include "world.h"

static struct db *connect_app(struct world *w) {
    const struct db_options options = {.url = w->pg.app_url, .name = "rls", .connect_timeout_ms = 5000};
    char why[DB_WHY];
    struct db *db = NULL;
    assert_ok(db_connect(&options, &db, why));
    return db;
}

/* Begins a transaction as a plugin's role that sees those organizations; NULL: none was ever set. */
static void begin_as(struct world *w, struct db *db, const char *role, const char *scope) {
    assert_ok(db_query(db, "BEGIN", NULL, 0, NULL));
    if (scope) {
        const char *set = world_text(w, "SELECT set_config('alees.organizations', '%s', true)", scope);
        assert_ok(db_query(db, set, NULL, 0, NULL));
    }
    assert_ok(db_query(db, world_text(w, "SELECT set_config('role', '%s', true)", role), NULL, 0, NULL));
}

static void rollback(struct db *db) {
    assert_ok(db_query(db, "ROLLBACK", NULL, 0, NULL));
}

/* One value, as text. */
static const char *value(struct world *w, struct db *db, const char *sql) {
    struct db_result *result = NULL;
    assert_ok(db_query(db, sql, NULL, 0, &result));
    assert_int_equal(db_rows(result), 1);
    alees_str text_value = arena_str(w->arena, db_value(result, 0, 0));
    db_result_free(result);
    return text_value.ptr;
}

static uint64_t changed(struct db *db, const char *sql) {
    struct db_result *result = NULL;
    assert_ok(db_query(db, sql, NULL, 0, &result));
    uint64_t count = db_changed(result);
    db_result_free(result);
    return count;
}

/* PostgreSQL refuses it for want of a right. */
static void refused(struct db *db, const char *sql) {
    struct db_result *result = NULL;
    assert_err(db_query(db, sql, NULL, 0, &result), ALEES_E_INTERNAL);
    assert_string_equal(db_error(result, DB_SQLSTATE), "42501");
    db_result_free(result);
}

static void test_app_role(void **state) {
    struct world *w = *state;
    struct db *db = connect_app(w);
    assert_string_equal(value(w, db, "SELECT current_user"), "alees_app");
    assert_string_equal(value(w, db,
                              "SELECT count(*) FROM pg_roles WHERE (rolname = current_user OR rolname LIKE"
                              " 'alees\\_plugin\\_%') AND (rolsuper OR rolbypassrls OR rolcreaterole OR"
                              " rolcreatedb OR rolinherit AND rolname = current_user)"),
                        "0");
    refused(db, "SELECT count(*) FROM product.product"); /* without a plugin's role it has no right at all */
    db_close(db);
}

/* What the demonstration has no rows of. */
static void fill(struct world *w, const struct resource *r) {
    static const size_t organizations[] = {WORLD_ACME, WORLD_ACME_BERLIN, WORLD_GLOBEX};
    if (pg_count(&w->pg, world_text(w, "SELECT count(*) FROM %s", r->decl->table)) > 0) {
        return;
    }
    for (size_t i = 0; i < ARRAY_LEN(organizations); i++) {
        assert_non_null(world_make_row(w, r, organizations[i]));
    }
}

static void check_rls(struct world *w, const struct resource *r) {
    const char *acme = world_text(w, "{%s}", world_organizations[WORLD_ACME].id), *table = r->decl->table,
               *role = r->plugin->role;
    /* rows of nobody, where there can be any, are everybody's to read who has a scope */
    const char *count = world_text(w, "SELECT count(*) FROM %s", table), *of_nobody = "0";
    fill(w, r);
    if ((r->decl->flags & ALEES_RESOURCE_SHARED) != 0) {
        of_nobody = pg_value(&w->pg, w->arena, world_text(w, "%s WHERE organization_id IS NULL", count)).ptr;
    }
    struct db *db = connect_app(w);

    for (size_t i = 0; i < WORLD_ORGANIZATIONS; i++) {
        (void)world_make_row(w, r, i); /* each has one */
    }
    begin_as(w, db, role, acme);
    const char *owners = world_text(w, "SELECT string_agg(DISTINCT organization_id::text, ',') FROM %s", table);
    assert_string_equal(value(w, db, owners), world_organizations[WORLD_ACME].id);
    /* what it does not see it cannot change or delete, nor can it move a row to where it does not see it */
    const char *foreign = world_text(w, "organization_id = '%s'", world_organizations[WORLD_GLOBEX].id);
    assert_int_equal(changed(db, world_text(w, "UPDATE %s SET updated_at = now() WHERE %s", table, foreign)), 0);
    assert_int_equal(changed(db, world_text(w, "DELETE FROM %s WHERE %s", table, foreign)), 0);
    assert_true(changed(db, world_text(w, "UPDATE %s SET updated_at = now()", table)) > 0);
    refused(db, world_text(w, "UPDATE %s SET %s", table, foreign));
    rollback(db);

    begin_as(w, db, role, "{}");
    assert_string_equal(value(w, db, count), of_nobody);
    assert_int_equal(changed(db, world_text(w, "UPDATE %s SET updated_at = now()", table)), 0);
    refused(db, world_text(w, "SELECT set_config('alees.organizations', '%s', true)", acme));
    rollback(db);
    begin_as(w, db, role, NULL);
    assert_string_equal(value(w, db, count), "0");
    refused(db, "SELECT count(*) FROM rbac.app_user"); /* another plugin's schema */
    rollback(db);

    begin_as(w, db, r->plugin->role_all, NULL);
    assert_string_equal(value(w, db, world_text(w, "SELECT count(DISTINCT organization_id) FROM %s", table)), "3");
    rollback(db);
    db_close(db);
}

static void test_rls(void **state) {
    world_each_resource(*state, true, check_rls);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_app_role),
        cmocka_unit_test(test_rls),
    };
    return cmocka_run_group_tests_name("rls", tests, world_setup, world_teardown);
}
