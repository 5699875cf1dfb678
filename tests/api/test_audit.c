/* SPDX-License-Identifier: MIT
 * test_audit.c - what the trail tells of requests: who, by which of them, what changed; who may read it; and attempts that
 * were refused. */
#include "world.h"

#include <stdio.h>
#include <time.h>

#include "metrics.h"
#include "migrate.h"

enum { ACME_MANAGER = 1, ACME_VIEWER = 2, GLOBEX_MANAGER = 3, NOBODY = 5 };

static int64_t count(struct world *w, const char *where) {
    return pg_count(&w->pg, world_text(w, "SELECT count(*) FROM audit.entry WHERE %s", where));
}

static const char *user_id(struct world *w, size_t user) {
    struct arena *arena = w->arena;
    const char *sql = world_text(w, "SELECT id FROM rbac.app_user WHERE username = '%s'", world_users[user].name);
    return pg_value(&w->pg, arena, sql).ptr;
}

static const struct answer *ask_as(struct world *w, size_t user, const char *request_id, const char *method,
                                   const char *path, const char *body) {
    const struct loopback_request request = {.method = method,
                                             .path = path,
                                             .token = w->tokens[user],
                                             .body = body,
                                             .headers = {{"X-Request-Id", request_id}}};
    return loopback_send(w->loopback, &request);
}

static const struct answer *trail(struct world *w, size_t user, const char *query) {
    return world_ask(w, user, "GET", world_text(w, "/api/v1/audit-entries?%s", query), NULL);
}

static uint32_t results(const struct answer *a) {
    assert_status(a, 200);
    return jx_size(answer_at(a, "/results"));
}

/* Create, patch, delete: one entry each, as the API shows them. */
static void test_changes(void **state) {
    struct world *w = *state;
    const struct resource *r = catalogue_resource(w->catalogue, "contact.contact");
    const char *body = "{\"first_name\":\"Ada\",\"last_name\":\"Before\"}";
    const struct answer *a = ask_as(w, ACME_MANAGER, "audit-1", "POST", "/api/v1/contacts", body);
    assert_status(a, 201);
    const char *id = answer_text(a, "/id").ptr, *path = world_row_path(w, r, id);
    assert_status(ask_as(w, ACME_MANAGER, "audit-2", "PATCH", path, "{\"last_name\":\"After\"}"), 200);
    assert_status(ask_as(w, ACME_MANAGER, "audit-3", "PATCH", path, "{\"last_name\":\"After\"}"), 200); /* the same */
    assert_status(ask_as(w, ACME_MANAGER, "audit-4", "DELETE", world_text(w, "%s?permanent=true", path), NULL), 204);

    a = trail(w, WORLD_ADMIN, world_text(w, "object_id=%s", id));
    assert_int_equal(results(a), 3);
    assert_text(answer_text(a, "/results/0/action"), "delete"); /* the latest first */
    assert_text(answer_text(a, "/results/1/action"), "update");
    assert_text(answer_text(a, "/results/2/action"), "create");
    assert_text(answer_text(a, "/results/1/request_id"), "audit-2");
    assert_text(answer_text(a, "/results/1/user"), user_id(w, ACME_MANAGER));
    assert_text(answer_text(a, "/results/1/organization"), world_organizations[WORLD_ACME].id);
    assert_text(answer_text(a, "/results/1/resource"), "contact.contact");
    assert_text(answer_text(a, "/results/1/changes/last_name/before"), "Before");
    assert_text(answer_text(a, "/results/1/changes/last_name/after"), "After");
    assert_null(answer_at(a, "/results/1/changes/first_name"));
    assert_null(answer_at(a, "/results/1/changes/updated_at"));
    assert_text(answer_text(a, "/results/2/changes/first_name/after"), "Ada");
    assert_text(answer_text(a, "/results/0/changes/last_name/before"), "After");
    assert_int_equal(results(trail(w, WORLD_ADMIN, "request_id=audit-4&action=delete&resource=contact.contact")), 1);
    assert_int_equal(
        results(trail(w, WORLD_ADMIN, world_text(w, "user=%s&request_id=audit-1", user_id(w, ACME_MANAGER)))), 1);
    assert_int_equal(results(trail(w, WORLD_ADMIN, world_text(w, "user=%s&request_id=audit-1", user_id(w, NOBODY)))),
                     0);
}

/* What is rolled back has not happened, and what was not permitted neither; a change whose hooks fail is one. */
static void test_undone(void **state) {
    struct world *w = *state;
    const char *both = "{\"name\":\"audit twice\",\"slug\":\"audit-twice\"}";
    assert_status(ask_as(w, ACME_MANAGER, "undone-1", "POST", "/api/v1/categories", both), 201);
    assert_int_equal(count(w, "request_id = 'undone-1' AND action = 'create'"), 1);
    assert_problem(ask_as(w, ACME_MANAGER, "undone-2", "POST", "/api/v1/categories", both), 409, "not_unique");
    assert_int_equal(count(w, "request_id = 'undone-2'"), 0);
}

static void test_who_reads(void **state) {
    struct world *w = *state;
    const char *acme = world_text(w, "organization=%s", world_organizations[WORLD_ACME].id);
    const char *globex = world_text(w, "organization=%s", world_organizations[WORLD_GLOBEX].id);
    struct arena *arena = w->arena;
    pg_exec(&w->pg, world_text(w,
                               "UPDATE rbac.membership SET role_ids = "
                               "'{00000000-0000-7000-8000-000000000001}' WHERE user_id = '%s'",
                               user_id(w, GLOBEX_MANAGER))); /* an owner now */
    const struct answer *a = ask_as(w, GLOBEX_MANAGER, "reads-1", "POST", "/api/v1/contacts", "{\"first_name\":\"G\"}");
    assert_status(a, 201);
    for (int tries = 0; results(trail(w, GLOBEX_MANAGER, globex)) == 0;
         tries++) { /* until the server has heard of it */
        assert_true(tries < 1000);
        nanosleep(&(struct timespec){0, 5000000}, NULL);
    }
    assert_int_equal(results(trail(w, GLOBEX_MANAGER, "request_id=reads-1")), 1);
    assert_int_equal(results(trail(w, GLOBEX_MANAGER, acme)), 0);
    a = trail(w, GLOBEX_MANAGER, "page_size=200");
    for (uint32_t i = 0; i < results(a); i++) {
        assert_text(answer_text(a, world_text(w, "/results/%u/organization", i)), world_organizations[WORLD_GLOBEX].id);
    }
    const char *foreign = pg_value(&w->pg, arena,
                                   world_text(w, "SELECT id FROM audit.entry WHERE organization_id = '%s'",
                                              world_organizations[WORLD_ACME].id))
                              .ptr;
    assert_status(world_ask(w, WORLD_ADMIN, "GET", world_text(w, "/api/v1/audit-entries/%s", foreign), NULL), 200);
    assert_problem(world_ask(w, GLOBEX_MANAGER, "GET", world_text(w, "/api/v1/audit-entries/%s", foreign), NULL), 404,
                   "not_found");
    /* A role that sees everything else does not see the trail, which shows every field. */
    assert_int_equal(results(trail(w, ACME_MANAGER, acme)), 0);
    assert_int_equal(results(trail(w, ACME_VIEWER, "page_size=1")), 0);
    assert_int_equal(results(trail(w, NOBODY, "page_size=1")), 0);
    assert_problem(loopback_request(w->loopback, "GET", "/api/v1/audit-entries", NULL, NULL), 401, "unauthenticated");
    pg_exec(&w->pg, "INSERT INTO audit.entry (action, request_id) VALUES ('nowhere', 'reads-2')");
    assert_int_equal(results(trail(w, WORLD_ADMIN, "request_id=reads-2")), 1);
    assert_int_equal(results(trail(w, GLOBEX_MANAGER, "request_id=reads-2")), 0);
}

static void test_read_only(void **state) {
    struct world *w = *state;
    const char *id = pg_value(&w->pg, w->arena, "SELECT id FROM audit.entry LIMIT 1").ptr;
    const char *path = world_text(w, "/api/v1/audit-entries/%s", id);
    assert_problem(world_ask(w, WORLD_ADMIN, "POST", "/api/v1/audit-entries", "{}"), 405, "method_not_allowed");
    assert_problem(world_ask(w, WORLD_ADMIN, "PATCH", path, "{\"detail\":\"x\"}"), 405, "method_not_allowed");
    assert_problem(world_ask(w, WORLD_ADMIN, "DELETE", path, NULL), 405, "method_not_allowed");
    assert_int_equal(catalogue_permission(w->catalogue, "audit.change_audit_entry"), 0);
    static const char *const roles[] = {"alees_plugin_audit", "alees_plugin_audit_all"};
    for (size_t i = 0; i < ARRAY_LEN(roles); i++) {
        static const char *const writes[] = {"INSERT INTO audit.entry (action) VALUES (''x'')",
                                             "UPDATE audit.entry SET action = ''x''", "DELETE FROM audit.entry"};
        for (size_t k = 0; k < ARRAY_LEN(writes); k++) {
            pg_exec(&w->pg, world_text(w,
                                       "DO $$ BEGIN SET LOCAL ROLE %s; BEGIN EXECUTE '%s'; RAISE EXCEPTION 'done'; "
                                       "EXCEPTION WHEN insufficient_privilege THEN NULL; END; END $$",
                                       roles[i], writes[k]));
        }
    }
}

/* More rights than declared, or fewer, are found at the start. */
static void test_verified(void **state) {
    struct world *w = *state;
    struct app *app = loopback_app(w->loopback);
    char text[2048] = "";
    pg_exec(&w->pg,
            "GRANT UPDATE ON audit.entry TO alees_plugin_audit; DROP TRIGGER alees_audit_delete ON product.product");
    FILE *errors = fmemopen(text, sizeof text, "w");
    assert_non_null(errors);
    assert_err(migrate_verify(app->config, &app->plugins, &app->catalogue, errors), ALEES_E_INVALID);
    fclose(errors);
    assert_non_null(strstr(text, "alees_plugin_audit may UPDATE table audit.entry; run `alees migrate`"));
    errors = fopen("/dev/null", "w");
    assert_ok(migrate_run(app->config, &app->plugins, &app->catalogue, MIGRATE_APPLY, errors, errors));
    assert_ok(migrate_verify(app->config, &app->plugins, &app->catalogue, errors));
    fclose(errors);
}

static void test_denied(void **state) {
    struct world *w = *state;
    const struct resource *r = catalogue_resource(w->catalogue, "product.product");
    const char *id = world_make_row(w, r, WORLD_ACME), *path = world_row_path(w, r, id);
    const struct answer *a = ask_as(w, ACME_VIEWER, "denied-1", "PATCH", path, "{\"name\":\"x\"}");
    assert_problem(a, 403, "permission_denied");
    a = trail(w, WORLD_ADMIN, "request_id=denied-1");
    assert_int_equal(results(a), 1);
    assert_text(answer_text(a, "/results/0/action"), "denied");
    assert_text(answer_text(a, "/results/0/user"), user_id(w, ACME_VIEWER));
    assert_text(answer_text(a, "/results/0/organization"), world_organizations[WORLD_ACME].id);
    assert_text(answer_text(a, "/results/0/object_id"), id);
    assert_text(answer_text(a, "/results/0/resource"), "product.product");
    assert_text(answer_text(a, "/results/0/detail"), "PATCH /api/v1/products/{id}: product.change_product");
    /* Where a stranger tries to write is told to that organization, not to the stranger. */
    const char *body =
        world_text(w, "{\"organization\":\"%s\",\"last_name\":\"x\"}", world_organizations[WORLD_GLOBEX].id);
    assert_problem(ask_as(w, ACME_MANAGER, "denied-2", "POST", "/api/v1/contacts", body), 403,
                   "organization_not_permitted");
    assert_text(answer_text(trail(w, WORLD_ADMIN, "request_id=denied-2"), "/results/0/organization"),
                world_organizations[WORLD_GLOBEX].id);
    assert_status(loopback_request(w->loopback, "GET", "/api/v1/products", "alees_nonsense", NULL), 401);
}

static int64_t metric(const char *name) {
    struct arena *arena = test_arena();
    struct str text;
    str_init(&text, arena, 65536);
    metrics_write(&text);
    const char *at = strstr(str_done(&text).ptr, arena_printf(arena, "\n%s ", name).ptr);
    int64_t value = at ? strtoll(at + strlen(name) + 2, NULL, 10) : -1;
    arena_free(arena);
    return value;
}

/* Ten within a minute, then a number: the minute may end while we count. */
static void test_limited(void **state) {
    struct world *w = *state;
    for (int i = 0; i < 50; i++) {
        assert_status(ask_as(w, NOBODY, "limited", "POST", "/api/v1/contacts", "{\"last_name\":\"x\"}"), 403);
    }
    int64_t written = count(w, "request_id = 'limited'");
    assert_true(written >= 10 && written <= 20);
    assert_int_equal(count(w, "request_id = 'limited' AND action <> 'denied'"), 0);
    assert_true(metric("alees_audit_suppressed_notes_total") >= 50 - written);
}

static const struct answer *log_in(struct world *w, const char *request_id, const char *username,
                                   const char *password) {
    const struct loopback_request request = {
        .method = "POST",
        .path = "/api/v1/auth/login",
        .body = world_text(w, "{\"username\":\"%s\",\"password\":\"%s\"}", username, password),
        .headers = {{"X-Request-Id", request_id}}};
    return loopback_send(w->loopback, &request);
}

static void test_logins(void **state) {
    struct world *w = *state;
    assert_problem(log_in(w, "login-1", "acme-viewer", "Pa55-not-mine"), 401, "bad_credentials");
    assert_problem(log_in(w, "login-2", "Pa55-in-the-wrong-field", "x"), 401, "bad_credentials");
    const struct answer *a = trail(w, WORLD_ADMIN, "request_id=login-1");
    assert_int_equal(results(a), 1);
    assert_text(answer_text(a, "/results/0/action"), "login_refused");
    assert_text(answer_text(a, "/results/0/user"), user_id(w, ACME_VIEWER));
    assert_int_equal(strncmp(answer_text(a, "/results/0/detail").ptr, "wrong password, from ", 21), 0);
    a = trail(w, WORLD_ADMIN, "request_id=login-2");
    assert_int_equal(results(a), 1);
    assert_absent(answer_text(a, "/results/0/user"));
    assert_int_equal(strncmp(answer_text(a, "/results/0/detail").ptr, "unknown user name, from ", 24), 0);
    assert_int_equal(count(w, "entry::text LIKE '%Pa55%'"), 0);
    assert_problem(ask_as(w, ACME_VIEWER, "login-3", "POST", "/api/v1/auth/password",
                          "{\"current_password\":\"Pa55-guess\",\"new_password\":\"demo-password-2\"}"),
                   422, "wrong_password");
    assert_int_equal(count(w, world_text(w, "request_id = 'login-3' AND action = 'password_refused' AND user_id = '%s'",
                                         user_id(w, ACME_VIEWER))),
                     1);
}

/* A trail that cannot be written makes no 403 slower or different; it is counted. */
static void test_trail_is_away(void **state) {
    struct world *w = *state;
    static const char type[] = "(text, uuid, uuid, text, uuid, text, uuid, text)";
    int64_t lost = metric("alees_audit_lost_notes_total");
    pg_exec(&w->pg, world_text(w, "ALTER FUNCTION audit.note%s RENAME TO gone", type));
    assert_problem(ask_as(w, GLOBEX_MANAGER, "away-1", "POST", "/api/v1/units-of-measure", "{}"), 403,
                   "permission_denied");
    pg_exec(&w->pg, world_text(w, "ALTER FUNCTION audit.gone%s RENAME TO note", type));
    assert_int_equal(metric("alees_audit_lost_notes_total"), lost + 1);
    assert_int_equal(count(w, "request_id = 'away-1'"), 0);
    assert_problem(ask_as(w, GLOBEX_MANAGER, "away-2", "POST", "/api/v1/units-of-measure", "{}"), 403,
                   "permission_denied");
    assert_int_equal(count(w, "request_id = 'away-2'"), 1);
}

/* One value of the entry of a request about a resource; absent if there is none. */
static alees_str told(struct world *w, const char *request_id, const char *resource, const char *value) {
    return pg_value(&w->pg, w->arena,
                    world_text(w, "SELECT (%s)::text FROM audit.entry WHERE request_id = '%s' AND resource = '%s'",
                               value, request_id, resource));
}

/* Rights are changed like anything else; who gave them to whom is told. */
static void test_rights(void **state) {
    struct world *w = *state;
    const char *acme = world_organizations[WORLD_ACME].id, *admin = user_id(w, WORLD_ADMIN);
    const char *body = world_text(w,
                                  "{\"name\":\"auditor\",\"organization\":\"%s\",\"permissions\":"
                                  "[\"audit.view_audit_entry\"]}",
                                  acme);
    const struct answer *a = ask_as(w, WORLD_ADMIN, "rights-1", "POST", "/api/v1/roles", body);
    assert_status(a, 201);
    const char *role = answer_text(a, "/id").ptr, *nobody = user_id(w, NOBODY);
    body = world_text(w, "{\"user\":\"%s\",\"organization\":\"%s\",\"roles\":[\"%s\"]}", nobody, acme, role);
    a = ask_as(w, WORLD_ADMIN, "rights-2", "POST", "/api/v1/organization-memberships", body);
    assert_status(a, 201);
    const char *path = world_text(w, "/api/v1/organization-memberships/%s", answer_text(a, "/id").ptr);
    assert_true(results(trail(w, NOBODY, world_text(w, "organization=%s", acme))) > 0); /* that role is enough */
    assert_problem(world_ask(w, NOBODY, "GET", path, NULL), 404, "not_found");
    assert_status(ask_as(w, WORLD_ADMIN, "rights-3", "PATCH", path, "{\"is_active\":false}"), 200);
    assert_int_equal(results(trail(w, NOBODY, "page_size=1")), 0);
    assert_status(ask_as(w, WORLD_ADMIN, "rights-4", "DELETE", path, NULL), 204);
    assert_text(told(w, "rights-1", "rbac.role", "changes #> '{permissions,after}'"), "[\"audit.view_audit_entry\"]");
    assert_text(told(w, "rights-1", "rbac.role", "organization_id"), acme);
    assert_text(told(w, "rights-2", "rbac.organization_membership", "changes #>> '{user,after}'"), nobody);
    assert_text(told(w, "rights-2", "rbac.organization_membership", "changes #>> '{roles,after,0}'"), role);
    assert_text(told(w, "rights-2", "rbac.organization_membership", "user_id"), admin);
    assert_text(told(w, "rights-3", "rbac.organization_membership", "changes"),
                "{\"is_active\": {\"after\": false, \"before\": true}}");
    assert_text(told(w, "rights-4", "rbac.organization_membership", "action"), "delete");
}

/* A login is the token that it makes, by the user who gets it; a password that changes is told, not shown. */
static void test_accounts(void **state) {
    struct world *w = *state;
    const char *viewer = user_id(w, ACME_VIEWER);
    const struct answer *a = log_in(w, "account-1", "acme-viewer", "demo-password");
    assert_status(a, 200);
    assert_text(told(w, "account-1", "rbac.token", "action"), "create");
    assert_text(told(w, "account-1", "rbac.token", "user_id"), viewer);
    assert_int_equal(count(w, "request_id = 'account-1'"), 1); /* last_login is no change */
    const struct loopback_request change = {
        .method = "POST",
        .path = "/api/v1/auth/password",
        .token = answer_text(a, "/token").ptr,
        .body = "{\"current_password\":\"demo-password\",\"new_password\":\"demo-password-2\"}",
        .headers = {{"X-Request-Id", "account-2"}}};
    assert_status(loopback_send(w->loopback, &change), 204);
    assert_text(told(w, "account-2", "rbac.user", "changes"),
                "{\"password\": {\"after\": \"***\", \"before\": \"***\"}}");
    assert_text(told(w, "account-2", "rbac.user", "user_id"), viewer);
    assert_true(count(w, "request_id = 'account-2' AND resource = 'rbac.token' AND action = 'delete'") >= 2);
}

/* The trail has no secret in it, whatever was done. */
static void test_no_secret(void **state) {
    struct world *w = *state;
    assert_int_equal(count(w, "changes::text ~ 'argon2id|demo-password'"), 0);
    assert_true(count(w, "true") > 100);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_logins),  cmocka_unit_test(test_trail_is_away), cmocka_unit_test(test_changes),
        cmocka_unit_test(test_undone),  cmocka_unit_test(test_who_reads),     cmocka_unit_test(test_denied),
        cmocka_unit_test(test_limited), cmocka_unit_test(test_read_only),     cmocka_unit_test(test_verified),
        cmocka_unit_test(test_rights),  cmocka_unit_test(test_accounts),      cmocka_unit_test(test_no_secret),
    };
    return cmocka_run_group_tests_name("audit", tests, world_setup, world_teardown);
}
