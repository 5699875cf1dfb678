/* SPDX-License-Identifier: MIT
 * test_owners.c - what the tables of plugins/rbac keep by themselves, whoever writes them: the last owner of an
 * organization, the projections, the names of permissions. */
#include "pg.h"

#include <pthread.h>

struct setting {
    struct pg pg;
    struct arena *arena;
};

/* Acme and Globex have organizations of their own here; nobody else's rows are touched. */
#define A "00000000-0000-7000-8000-00000000000a"
#define B "00000000-0000-7000-8000-00000000000b"
#define OWNER "00000000-0000-7000-8000-000000000001"
#define VIEWER "00000000-0000-7000-8000-000000000004"

static int setup(void **state) {
    struct setting *s = calloc(1, sizeof *s);
    assert_non_null(s);
    pg_open(&s->pg, "owners", PG_MIGRATED);
    s->arena = test_arena();
    pg_exec(&s->pg, "SELECT rbac.put_organization('" A "', NULL, true, 'A'); SELECT rbac.put_organization('" B
                    "', NULL, true, 'B'); INSERT INTO rbac.app_user (username) VALUES ('one'), ('two'), ('three')");
    *state = s;
    return 0;
}

static int teardown(void **state) {
    struct setting *s = *state;
    pg_close(&s->pg);
    arena_free(s->arena);
    free(s);
    return 0;
}

/* One and two own A, two and three own B. */
static void start(struct setting *s) {
    pg_exec(&s->pg,
            "UPDATE rbac.role SET is_owner = true WHERE id = '" OWNER "'; "
            "UPDATE rbac.app_user SET is_active = true; "
            "INSERT INTO rbac.membership (user_id, organization_id, role_ids) SELECT u.id, o, '{" OWNER "}' "
            "FROM rbac.app_user u, unnest(ARRAY['" A "', '" B "']::uuid[]) o "
            "ON CONFLICT (user_id, organization_id) DO UPDATE SET is_active = true, valid_from = NULL, "
            "valid_until = NULL, role_ids = excluded.role_ids; "
            "UPDATE rbac.membership m SET role_ids = '{" VIEWER "}' FROM rbac.app_user u WHERE u.id = m.user_id "
            "AND (u.username, organization_id) IN (('three', '" A "'), ('one', '" B "'))");
}

static const char *sqlstate(struct setting *s, struct db *db, const char *sql) {
    struct db_result *result = NULL;
    const char *state = "00000";
    if (db_query(db, sql, NULL, 0, &result) != ALEES_OK) {
        const char *refused = db_error(result, DB_SQLSTATE);
        state = arena_dup(s->arena, refused, strlen(refused));
    }
    db_result_free(result);
    return state;
}

static void refused(struct setting *s, const char *sql, const char *expected) {
    const char *state = sqlstate(s, s->pg.admin, sql);
    if (strcmp(state, expected) != 0) {
        print_error("%s: %s, not %s\n", sql, state, expected);
        fail();
    }
}

#define OF(name) "user_id = (SELECT id FROM rbac.app_user WHERE username = '" name "')"
#define IN(id) " AND organization_id = '" id "'"

/* Every way to lose an owner: allowed while there is another, refused at the last. */
static void test_every_way(void **state) {
    static const struct {
        const char *first, *last;
    } ways[] = {
        {"DELETE FROM rbac.membership WHERE " OF("one") IN(A), "DELETE FROM rbac.membership WHERE " OF("two") IN(A)},
        {"UPDATE rbac.membership SET role_ids = '{" VIEWER "}' WHERE " OF("one") IN(A),
         "UPDATE rbac.membership SET role_ids = '{}' WHERE " OF("two") IN(A)},
        {"UPDATE rbac.membership SET is_active = false WHERE " OF("one") IN(A),
         "UPDATE rbac.membership SET is_active = false WHERE " OF("two") IN(A)},
        {"UPDATE rbac.membership SET valid_until = now() + interval '9 years' WHERE " OF("one") IN(A),
         "UPDATE rbac.membership SET valid_until = now() + interval '9 years' WHERE " OF("two") IN(A)},
        {"UPDATE rbac.membership SET valid_from = now() + interval '1 h' WHERE " OF("one") IN(A),
         "UPDATE rbac.membership SET valid_from = now() + interval '1 h' WHERE " OF("two") IN(A)},
        {"UPDATE rbac.app_user SET is_active = false WHERE username = 'one'",
         "UPDATE rbac.app_user SET is_active = false WHERE username = 'two'"},
        {"UPDATE rbac.app_user SET is_active = false WHERE username = 'one'",
         "DELETE FROM rbac.app_user WHERE username = 'two'"},
        {"UPDATE rbac.app_user SET is_active = false WHERE username = 'one'",
         "DELETE FROM rbac.membership WHERE " OF("two")},
    };
    struct setting *s = *state;
    for (size_t i = 0; i < ARRAY_LEN(ways); i++) {
        start(s);
        refused(s, ways[i].first, "00000");
        refused(s, ways[i].last, "AL001");
        assert_int_equal(pg_count(&s->pg, "SELECT count(*) FROM rbac.membership m JOIN rbac.app_user u "
                                          "ON u.id = m.user_id WHERE username = 'two' AND u.is_active"),
                         2);
    }
}

/* Both at once, in one statement. */
static void test_all_at_once(void **state) {
    static const char *const statements[] = {
        "DELETE FROM rbac.membership WHERE organization_id = '" A "'",
        "UPDATE rbac.membership SET is_active = false WHERE organization_id = '" A "'",
        "UPDATE rbac.app_user SET is_active = false",
        "DELETE FROM rbac.app_user",
        "UPDATE rbac.role SET is_owner = false",
    };
    struct setting *s = *state;
    for (size_t i = 0; i < ARRAY_LEN(statements); i++) {
        start(s);
        refused(s, statements[i], "AL001");
    }
}

static void test_what_is_free(void **state) {
    struct setting *s = *state;
    start(s);
    refused(s, "UPDATE rbac.membership SET inherit = true, version = version + 1 WHERE " OF("two"), "00000");
    refused(s, "UPDATE rbac.membership SET role_ids = role_ids || '" VIEWER "'::uuid WHERE " OF("two") IN(A), "00000");
    refused(s, "DELETE FROM rbac.membership WHERE " OF("three") IN(A), "00000"); /* no owner */
    /* one without an owner may lose its members */
    refused(s, "SELECT rbac.put_organization('00000000-0000-7000-8000-00000000000c', NULL, true, 'C')", "00000");
    refused(s,
            "INSERT INTO rbac.membership (user_id, organization_id, role_ids) SELECT id, "
            "'00000000-0000-7000-8000-00000000000c', '{" VIEWER "}' FROM rbac.app_user WHERE username = 'one'",
            "00000");
    refused(s, "DELETE FROM rbac.membership WHERE organization_id = '00000000-0000-7000-8000-00000000000c'", "00000");
    /* an organization goes with its owners */
    refused(s, "BEGIN; SELECT rbac.remove_organization('" A "')", "00000");
    assert_int_equal(pg_count(&s->pg, "SELECT count(*) FROM rbac.membership WHERE organization_id = '" A "'"), 0);
    refused(s, "ROLLBACK", "00000");
}

struct demotion {
    struct setting *setting;
    struct arena *arena;
    const char *user, *state;
};

static void *demote(void *data) {
    struct demotion *d = data;
    const struct db_options options = {.url = d->setting->pg.admin_url, .name = "demote", .connect_timeout_ms = 5000};
    char why[DB_WHY], sql[256];
    struct db *db = NULL;
    struct db_result *result = NULL;
    if (db_connect(&options, &db, why) != ALEES_OK) {
        d->state = why[0] ? "away" : "";
        return NULL;
    }
    snprintf(sql, sizeof sql,
             "UPDATE rbac.membership SET role_ids = '{}' WHERE organization_id = '" A "' AND user_id = "
             "(SELECT id FROM rbac.app_user WHERE username = '%s')",
             d->user);
    d->state = "00000";
    if (db_query(db, sql, NULL, 0, &result) != ALEES_OK) {
        d->state = strcmp(db_error(result, DB_SQLSTATE), "AL001") == 0 ? "AL001" : "another";
    }
    db_result_free(result);
    db_close(db);
    return NULL;
}

static void test_two_at_once(void **state) {
    struct setting *s = *state;
    for (int round = 0; round < 50; round++) {
        pthread_t threads[2];
        struct demotion both[2] = {{s, NULL, "one", NULL}, {s, NULL, "two", NULL}};
        start(s);
        for (int i = 0; i < 2; i++) {
            assert_int_equal(pthread_create(&threads[i], NULL, demote, &both[i]), 0);
        }
        for (int i = 0; i < 2; i++) {
            pthread_join(threads[i], NULL);
        }
        bool is_first = strcmp(both[0].state, "00000") == 0;
        assert_string_equal(both[is_first ? 0 : 1].state, "00000");
        assert_string_equal(both[is_first ? 1 : 0].state, "AL001");
    }
}

/* ---- projections and rules ---- */

static void test_scopes_follow_memberships(void **state) {
    struct setting *s = *state;
    start(s);
    static const char wrong[] =
        "SELECT count(*) FROM rbac.app_user u WHERE scope_ids IS DISTINCT FROM u.id || ARRAY(SELECT organization_id "
        "FROM rbac.membership m WHERE m.user_id = u.id AND organization_id IS NOT NULL ORDER BY 1)";
    static const char several[] = "SELECT count(*) FROM rbac.app_user WHERE cardinality(scope_ids) = 3";
    assert_int_equal(pg_count(&s->pg, wrong), 0);
    assert_int_equal(pg_count(&s->pg, several), 3);
    pg_exec(&s->pg, "DELETE FROM rbac.membership WHERE " OF("three") IN(A));
    pg_exec(&s->pg, "UPDATE rbac.app_user SET scope_ids = '{" A "}'");
    assert_int_equal(pg_count(&s->pg, wrong), 0);
    assert_int_equal(pg_count(&s->pg, several), 2);
    pg_exec(&s->pg, "BEGIN; SELECT rbac.remove_organization('" B "')");
    assert_int_equal(pg_count(&s->pg, wrong), 0);
    assert_int_equal(pg_count(&s->pg, several), 0);
    pg_exec(&s->pg, "ROLLBACK");
}

static void test_roles_of_memberships(void **state) {
    struct setting *s = *state;
    static const char wrong[] =
        "SELECT count(*) FROM rbac.membership m WHERE ARRAY(SELECT unnest(role_ids) ORDER BY 1) IS DISTINCT FROM "
        "ARRAY(SELECT role_id FROM rbac.membership_role h WHERE h.membership_id = m.id ORDER BY 1)";
    start(s);
    pg_exec(&s->pg,
            "INSERT INTO rbac.role (id, organization_id, name) VALUES ('00000000-0000-7000-8000-0000000000a1', '" A
            "', 'own')");
    assert_int_equal(pg_count(&s->pg, wrong), 0);
    pg_exec(&s->pg,
            "UPDATE rbac.membership SET role_ids = role_ids || '00000000-0000-7000-8000-0000000000a1'::uuid WHERE "
            "organization_id = '" A "'");
    assert_int_equal(pg_count(&s->pg, wrong), 0);
    refused(s, "DELETE FROM rbac.role WHERE name = 'own'", "23503"); /* held */
    refused(s,
            "UPDATE rbac.membership SET role_ids = role_ids || '00000000-0000-7000-8000-0000000000a1'::uuid WHERE "
            "organization_id = '" B "'",
            "23514");                                                       /* of another organization */
    refused(s, "UPDATE rbac.membership SET role_ids = '{" A "}'", "23514"); /* no role */
    refused(s, "UPDATE rbac.membership SET role_ids = '{NULL}'", "23514");
    refused(s, "UPDATE rbac.membership SET role_ids = '{" OWNER "," OWNER "}'", "23514");
    pg_exec(&s->pg,
            "UPDATE rbac.membership SET role_ids = array_remove(role_ids, '00000000-0000-7000-8000-0000000000a1')");
    assert_int_equal(pg_count(&s->pg, wrong), 0);
    pg_exec(&s->pg, "DELETE FROM rbac.role WHERE name = 'own'");
}

/* The roles of the server may not write membership_role, whatever they see. */
static void test_the_projection_is_nobodys(void **state) {
    struct setting *s = *state;
    start(s);
    alees_str owner = pg_value(&s->pg, s->arena, "SELECT id FROM rbac.membership WHERE " OF("one") IN(A));
    char insert[160];
    snprintf(insert, sizeof insert, "INSERT INTO rbac.membership_role VALUES ('%.*s', '" VIEWER "')", STR_FMT(owner));
    for (int i = 0; i < 2; i++) {
        pg_exec(&s->pg, i == 0 ? "SET ROLE alees_plugin_rbac" : "SET ROLE alees_plugin_rbac_all");
        refused(s, insert, "42501");
        pg_exec(&s->pg, "DELETE FROM rbac.membership_role; UPDATE rbac.membership_role SET role_id = '" OWNER "'");
        pg_exec(&s->pg, "RESET ROLE");
        assert_int_equal(pg_count(&s->pg, "SELECT count(*) FROM rbac.membership_role"), 6);
        assert_int_equal(pg_count(&s->pg, "SELECT count(*) FROM rbac.membership_role WHERE role_id = '" OWNER "'"), 4);
    }
}

static void test_names_of_permissions(void **state) {
    struct setting *s = *state;
    static const struct {
        const char *permissions, *of_own, *of_system;
    } rows[] = {
        {"{product.view_product}", "00000", "00000"},
        {"{}", "00000", "00000"},
        {"{*}", "23514", "00000"},
        {"{*.view_*}", "23514", "00000"},
        {"{product.*}", "23514", "00000"},
        {"{product.view_product,product.*}", "23514", "00000"},
        {"{product}", "23514", "23514"},
        {"{Product.view_product}", "23514", "23514"},
        {"{NULL}", "23514", "23514"},
        {"{product.view_product,product.view_product}", "23514", "23514"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        for (int is_system = 0; is_system < 2; is_system++) {
            char sql[256];
            snprintf(sql, sizeof sql,
                     "INSERT INTO rbac.role (organization_id, name, permissions) VALUES (%s, 'named %zu', '%s')",
                     is_system ? "NULL" : "'" A "'", i, rows[i].permissions);
            refused(s, sql, is_system ? rows[i].of_system : rows[i].of_own);
        }
    }
    pg_exec(&s->pg, "DELETE FROM rbac.role WHERE name LIKE 'named %'");
}

static void test_field_permissions_belong_to_their_role(void **state) {
    struct setting *s = *state;
    pg_exec(&s->pg, "INSERT INTO rbac.role (organization_id, name) VALUES ('" A "', 'fields')");
    static const char insert[] = "INSERT INTO rbac.field_permission (organization_id, role_id, resource, read_fields) "
                                 "SELECT %s, id, 'product.product', '{name}' FROM rbac.role WHERE name = '%s'";
    static const struct {
        const char *organization, *role, *expected;
    } rows[] = {
        {"NULL", "fields", "23514"},    {"'" B "'", "fields", "23514"}, {"'" A "'", "fields", "00000"},
        {"'" A "'", "fields", "23505"}, {"'" A "'", "viewer", "23514"}, {"NULL", "viewer", "00000"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char sql[256];
        snprintf(sql, sizeof sql, insert, rows[i].organization, rows[i].role);
        refused(s, sql, rows[i].expected);
    }
    pg_exec(&s->pg, "DELETE FROM rbac.role WHERE name = 'fields'");
    assert_int_equal(pg_count(&s->pg, "SELECT count(*) FROM rbac.field_permission"), 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_way),
        cmocka_unit_test(test_all_at_once),
        cmocka_unit_test(test_what_is_free),
        cmocka_unit_test(test_two_at_once),
        cmocka_unit_test(test_scopes_follow_memberships),
        cmocka_unit_test(test_roles_of_memberships),
        cmocka_unit_test(test_the_projection_is_nobodys),
        cmocka_unit_test(test_names_of_permissions),
        cmocka_unit_test(test_field_permissions_belong_to_their_role),
    };
    return cmocka_run_group_tests_name("owners", tests, setup, teardown);
}
