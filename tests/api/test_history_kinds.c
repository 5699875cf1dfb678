/* SPDX-License-Identifier: MIT
 * test_history_kinds.c - who is told the history of rows of one user, of several organizations, of none: while they are
 * there, when they have gone, and when they have been taken out of somebody's sight. On the whole server with the plugin
 * tests/plugins/kinds.c, with both locks and with each alone. */
#include "test.h"

#include "world.h"

#define ID "0193a5e0-7c2b-7d3e-9f10-0000000000ab"
#define ACME "01930000-0000-7000-8000-000000000001"
#define GLOBEX "01930000-0000-7000-8000-000000000003"

/* As in world_users; behind them keeper, whose membership as a manager is in no organization. */
enum { ADMIN, ACME_MANAGER, ACME_VIEWER, GLOBEX_MANAGER, BOTH, NOBODY, KEEPER, USERS };

static struct setting {
    struct world *w;
    const char *tokens[USERS], *ids[USERS];
} setting;

static const struct answer *history(size_t user, const char *path) {
    return loopback_request(setting.w->loopback, "GET", world_text(setting.w, "/api/v1%s/" ID "/history", path),
                            setting.tokens[user], NULL);
}

/* The actions that are told, the latest first; "404". */
static const char *told(size_t user, const char *path) {
    const struct answer *a = history(user, path);
    struct str text;
    if (a->status == 404) {
        assert_problem(a, 404, "not_found");
        return "404";
    }
    assert_status(a, 200);
    str_init(&text, setting.w->arena, 64);
    for (uint32_t i = 0; i < jx_size(answer_at(a, "/results")); i++) {
        str_puts(&text, i > 0 ? " " : "");
        str_view(&text, answer_text(a, world_text(setting.w, "/results/%u/action", i)));
    }
    return str_done(&text).ptr;
}

static void expect(const char *access, const char *path, const char *actions, const char *when) {
    for (size_t user = 0; user < USERS; user++) {
        const char *expected = access[user] == '-' ? "404" : actions;
        const char *got = told(user, path);
        if (strcmp(got, expected) != 0) {
            fail_msg("user %zu, %s, %s: %s, not %s", user, path, when, got, expected);
        }
    }
}

static void sql(const char *format, const char *name, const char *column, const char *value) {
    const char *id = setting.ids[NOBODY], *at = strstr(value, "$u");
    const char *whole = at ? world_text(setting.w, "%.*s%s%s", (int)(at - value), value, id, at + 2)
                           : world_text(setting.w, "%s", value);
    struct str text;
    str_init(&text, setting.w->arena, 256);
    for (const char *p = format; *p; p++) {
        if (*p != '%') {
            str_putc(&text, *p);
            continue;
        }
        p++;
        str_puts(&text, *p == 'n' ? name : *p == 'c' ? column : whole);
    }
    pg_exec(&setting.w->pg, str_done(&text).ptr);
}

static const char put_row[] = "DELETE FROM kinds.%n; DELETE FROM audit.entry; "
                              "INSERT INTO kinds.%n (id, title, %c) VALUES ('" ID "', 'secret-before', %v)";
static const char change_row[] = "UPDATE kinds.%n SET title = 'secret-after'";
static const char delete_row[] = "DELETE FROM kinds.%n";

/* v: sees the row, and so its history, also when it has gone. */
static const struct {
    const char *path, *name, *column, *value;
    char access[USERS + 1];
} rows[] = {
    {"/people", "person", "scope_ids", "'{" ACME "}'", "vvv-v-v"},
    {"/people", "person", "scope_ids", "'{" GLOBEX "}'", "v--vv-v"},
    {"/people", "person", "scope_ids", "'{" ACME "," GLOBEX "}'", "vvvvv-v"},
    {"/people", "person", "scope_ids", "'{}'", "v-----v"}, /* {} of an entry is everybody's: this must not be */
    {"/people", "person", "scope_ids", "'{$u}'", "v----vv"},
    {"/people", "person", "scope_ids", "'{" ACME ",$u}'", "vvv-vvv"},
    {"/rules", "rule", "organization_id", "'" ACME "'", "vvv-v--"},
    {"/rules", "rule", "organization_id", "'" GLOBEX "'", "v--vv--"},
    {"/rules", "rule", "organization_id", "NULL", "vvvvvvv"},
    {"/drafts", "draft", "organization_id", "'" ACME "'", "vvv-v--"},
    {"/drafts", "draft", "organization_id", "NULL", "v------"},
    {"/notes", "note", "user_id", "'$u'", "v----v-"},
};

static void test_whose_row_it_is(void **state) {
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        sql(put_row, rows[i].name, rows[i].column, rows[i].value);
        expect(rows[i].access, rows[i].path, "create", rows[i].value);
        sql(change_row, rows[i].name, rows[i].column, rows[i].value);
        expect(rows[i].access, rows[i].path, "update create", rows[i].value);
        sql(delete_row, rows[i].name, rows[i].column, rows[i].value);
        expect(rows[i].access, rows[i].path, "delete update create", rows[i].value);
        sql("DELETE FROM audit.entry", "", "", "");
        expect("-------", rows[i].path, "", rows[i].value);
    }
}

/* Out of sight, out of history; back in sight, without what happened elsewhere. */
static void test_a_row_that_comes_and_goes(void **state) {
    (void)state;
    sql(put_row, "person", "scope_ids", "'{" ACME "}'");
    sql("UPDATE kinds.person SET scope_ids = '{" GLOBEX "}'", "", "", "");
    sql(change_row, "person", "", "");
    assert_string_equal(told(ACME_MANAGER, "/people"), "404"); /* as GET is */
    assert_string_equal(told(GLOBEX_MANAGER, "/people"), "update");
    assert_string_equal(told(ADMIN, "/people"), "update create");
    sql("UPDATE kinds.person SET scope_ids = '{" ACME "," GLOBEX "}'", "", "", "");
    sql("UPDATE kinds.person SET title = 'secret-together'", "", "", "");
    assert_string_equal(told(ACME_MANAGER, "/people"), "update create"); /* not the one of Globex alone */
    assert_string_equal(told(GLOBEX_MANAGER, "/people"), "update update");
    assert_string_equal(told(BOTH, "/people"), "update update create");
    sql("UPDATE kinds.person SET scope_ids = '{" GLOBEX "}'", "", "", "");
    sql(delete_row, "person", "", "");
    assert_string_equal(told(ACME_MANAGER, "/people"), "update create"); /* gone for all: what it was to Acme */
    assert_string_equal(told(GLOBEX_MANAGER, "/people"), "delete update update");
    assert_string_equal(told(NOBODY, "/people"), "404");
}

/* Entries of before the step that lets them say whose they are. */
static void test_older_entries(void **state) {
    (void)state;
    sql(put_row, "person", "scope_ids", "'{" ACME "}'");
    sql("UPDATE audit.entry SET scope_ids = NULL", "", "", "");
    assert_string_equal(told(ADMIN, "/people"), "create");
    assert_string_equal(told(ACME_MANAGER, "/people"), ""); /* the row is seen, nothing is told */
    assert_string_equal(told(NOBODY, "/people"), "404");
    sql(put_row, "rule", "organization_id", "NULL");
    sql("UPDATE audit.entry SET scope_ids = NULL", "", "", "");
    assert_string_equal(told(ADMIN, "/rules"), "create");
    assert_string_equal(told(ACME_VIEWER, "/rules"), "");
}

/* One's own is not a program's with one's key. */
static void test_keys(void **state) {
    (void)state;
    sql(put_row, "note", "user_id", "'$u'");
    const struct answer *a = loopback_request(
        setting.w->loopback, "POST", "/api/v1/api-keys", setting.tokens[ACME_VIEWER],
        "{\"name\":\"history\",\"permissions\":[\"kinds.view_person\"],\"organizations\":[\"" ACME "\"]}");
    assert_status(a, 201);
    const char *key = world_text(setting.w, "%.*s", STR_FMT(answer_text(a, "/secret")));
    sql(put_row, "person", "scope_ids", world_text(setting.w, "'{%s}'", setting.ids[ACME_VIEWER]));
    assert_string_equal(told(ACME_VIEWER, "/people"), "create");
    a = loopback_request(setting.w->loopback, "GET", "/api/v1/people/" ID "/history", key, NULL);
    assert_problem(a, 404, "not_found");
    a = loopback_request(setting.w->loopback, "GET", "/api/v1/notes/" ID "/history", key, NULL);
    assert_problem(a, 403, "not_by_api_key");
    sql(put_row, "person", "scope_ids", "'{" ACME "}'");
    assert_status(loopback_request(setting.w->loopback, "GET", "/api/v1/people/" ID "/history", key, NULL), 200);
}

static int set_up(void **state) {
    int rc = world_setup_with(state, "kinds");
    setting.w = *state;
    pg_exec(&setting.w->pg,
            "INSERT INTO rbac.app_user (id, username, email, password_hash, is_demo) SELECT alees.new_id(), "
            "'keeper', 'keeper@example.com', password_hash, is_demo FROM rbac.app_user WHERE username = 'nobody';"
            "INSERT INTO rbac.membership (id, user_id, role_ids) SELECT alees.new_id(), u.id, "
            "ARRAY[r.id] FROM rbac.app_user u, rbac.role r WHERE u.username = 'keeper' "
            "AND r.name = 'manager' AND r.organization_id IS NULL");
    const struct answer *a = loopback_request(setting.w->loopback, "POST", "/api/v1/auth/login", NULL,
                                              "{\"username\":\"keeper\",\"password\":\"demo-password\"}");
    assert_status(a, 200);
    for (size_t i = 0; i < USERS; i++) {
        const char *name = i == KEEPER ? "keeper" : world_users[i].name;
        setting.tokens[i] = i == KEEPER ? answer_text(a, "/token").ptr : setting.w->tokens[i];
        setting.ids[i] = pg_value(&setting.w->pg, setting.w->arena,
                                  world_text(setting.w, "SELECT id FROM rbac.app_user WHERE username = '%s'", name))
                             .ptr;
    }
    return rc;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whose_row_it_is),
        cmocka_unit_test(test_a_row_that_comes_and_goes),
        cmocka_unit_test(test_older_entries),
        cmocka_unit_test(test_keys),
    };
    return cmocka_run_group_tests_name("history_kinds", tests, set_up, world_teardown);
}
