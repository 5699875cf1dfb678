/* SPDX-License-Identifier: MIT
 * test_people_accounts.c - user accounts through the whole server: who sees whom, one's own profile, and whose account
 * others may change. */
#include "people.h"

#include "jx.h"

#define UNKNOWN "019a0000-0000-7000-8000-00000000dead"

static const char *path_of(struct people *p, const char *name) {
    return people_text(p, "/users/%s", people_id(p, name));
}

/* Changes users, in Acme, and sees products there. */
static const char *keeper(struct people *p, const char *name) {
    people_add(p, name, NULL, NULL);
    people_sql(p,
               "INSERT INTO rbac.role (organization_id, name, permissions) VALUES ('" PEOPLE_ACME "', 'keeper', "
               "'{rbac.view_user,rbac.change_user,rbac.delete_user,product.view_product}') ON CONFLICT DO NOTHING; "
               "INSERT INTO rbac.role (organization_id, name, permissions) VALUES ('" PEOPLE_ACME "', 'looker', "
               "'{product.view_product}') ON CONFLICT DO NOTHING; "
               "INSERT INTO rbac.membership (user_id, organization_id, role_ids) SELECT u.id, r.organization_id, "
               "ARRAY[r.id] FROM rbac.app_user u, rbac.role r WHERE username = '%s' AND r.name = 'keeper'",
               name);
    return people_token(p, name);
}

static const char *looker(struct people *p, const char *name) {
    people_add(p, name, NULL, NULL);
    people_sql(p,
               "INSERT INTO rbac.membership (user_id, organization_id, role_ids) SELECT u.id, r.organization_id, "
               "ARRAY[r.id] FROM rbac.app_user u, rbac.role r WHERE username = '%s' AND r.name = 'looker'",
               name);
    return people_token(p, name);
}

/* T26 */
static void test_who_sees_whom(void **state) {
    struct people *p = *state;
    const char *token = keeper(p, "watcher"), *mate = looker(p, "mate");
    people_add(p, "stranger", PEOPLE_GLOBEX, "viewer");
    const struct answer *a = people_ask(p, "GET", path_of(p, "mate"), token, NULL);
    assert_status(a, 200);
    assert_null(answer_at(a, "/password"));
    assert_null(strstr(a->body.ptr, "argon2"));
    const struct answer *foreign = people_ask(p, "GET", path_of(p, "stranger"), token, NULL);
    assert_problem(foreign, 404, "not_found");
    assert_string_equal(people_stable(p, people_ask(p, "GET", "/users/" UNKNOWN, token, NULL)),
                        people_stable(p, foreign));
    static const char *const methods[][2] = {{"PATCH", "{\"first_name\":\"x\"}"}, {"DELETE", NULL}};
    for (size_t i = 0; i < ARRAY_LEN(methods); i++) {
        assert_problem(people_ask(p, methods[i][0], path_of(p, "stranger"), token, methods[i][1]), 404, "not_found");
    }
    a = people_ask(p, "GET", "/users?username=stranger", token, NULL);
    assert_status(a, 200);
    assert_null(answer_at(a, "/results/0"));
    a = people_ask(p, "GET", "/users", mate, NULL); /* without the permission: oneself */
    assert_text(answer_text(a, "/results/0/username"), "mate");
    assert_null(answer_at(a, "/results/1"));
    assert_status(people_ask(p, "GET", "/users?password=x", token, NULL), 400);
    assert_status(people_ask(p, "GET", "/users?is_active=true&ordering=-username", token, NULL), 200);
}

static void test_own_profile(void **state) {
    struct people *p = *state;
    (void)keeper(p, "first");
    const char *self = looker(p, "self"), *path = path_of(p, "self");
    people_sql(p, "INSERT INTO custom.custom_field_definition (resource, key, label, type) "
                  "VALUES ('rbac.user', 'a', 'A', 'integer'), ('rbac.user', 'badge', 'Badge', 'text')");
    const struct answer *a = people_ask(
        p, "PATCH", path, self,
        "{\"first_name\":\"Ann\",\"email\":\"ann@example.com\",\"language\":\"de\",\"custom_fields\":{\"a\":1}}");
    assert_status(a, 200);
    assert_text(answer_text(a, "/first_name"), "Ann");
    assert_problem(people_ask(p, "PATCH", path, self, "{\"username\":\"other\"}"), 403, "permission_denied");
    assert_problem(people_ask(p, "PATCH", path, self, "{\"is_active\":false}"), 403, "permission_denied");
    assert_problem(people_ask(p, "PATCH", path, self, "{\"is_superuser\":true}"), 403, "superusers_only");
    assert_problem(people_ask(p, "PATCH", path, self, "{\"first_name\":\"B\",\"is_superuser\":true}"), 403,
                   "superusers_only");
    a = people_ask(p, "PATCH", path, self, "{\"password\":\"a new password\"}");
    assert_problem(a, 422, "invalid");
    assert_text(answer_text(a, "/errors/0/code"), "own_password");
    static const char *const read_only[] = {"id", "last_login", "scope_ids", "created_by", "version", "password_hash"};
    for (size_t i = 0; i < ARRAY_LEN(read_only); i++) {
        assert_status(people_ask(p, "PATCH", path, self, people_text(p, "{\"%s\":null}", read_only[i])), 400);
    }
    assert_problem(people_ask(p, "DELETE", path, self, NULL), 403, "permission_denied");
    a = people_ask(p, "GET", path, self, NULL);
    assert_text(answer_text(a, "/first_name"), "Ann");
    assert_text(answer_text(a, "/username"), "self");
}

/* Whoever it is, member of nothing too, reads all of their profile and changes it, in each way that there is. */
static void test_whole_profile(void **state) {
    struct people *p = *state;
    static const char body[] =
        "{\"first_name\":\"Ann\",\"last_name\":\"Baker\",\"email\":\"Ann@example.com\",\"job_title\":\"Buyer\","
        "\"phone_number\":\"+44 (0)20 7946-0000\",\"language\":\"en-GB\",\"timezone\":\"Europe/London\","
        "\"custom_fields\":{\"badge\":\"A-17\"}}";
    static const char *const shown[][2] = {{"email", "Ann@example.com"},
                                           {"first_name", "Ann"},
                                           {"last_name", "Baker"},
                                           {"job_title", "Buyer"},
                                           {"phone_number", "+44 (0)20 7946-0000"},
                                           {"language", "en-GB"},
                                           {"timezone", "Europe/London"}};
    people_add(p, "hermit", NULL, NULL);
    const char *self = people_token(p, "hermit"), *path = path_of(p, "hermit");
    const struct answer *a = people_ask(p, "GET", "/auth/me", self, NULL);
    assert_text(answer_text(a, "/user/language"), "en");
    assert_text(answer_text(a, "/user/timezone"), "UTC");
    assert_text(answer_text(a, "/user/job_title"), "");
    assert_text(answer_text(a, "/user/id"), path + strlen("/users/"));
    assert_status(people_ask(p, "PATCH", path, self, body), 200);
    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < ARRAY_LEN(shown); i++) {
            a = people_ask(p, "GET", "/auth/me", self, NULL);
            assert_text(answer_text(a, people_text(p, "/user/%s", shown[i][0])), shown[i][1]);
            a = people_ask(p, "GET", path, self, NULL);
            assert_text(answer_text(a, people_text(p, "/%s", shown[i][0])), shown[i][1]);
        }
        /* what was read, sent back */
        a = people_ask(p, "PUT", path, self, people_text(p, "%.*s", STR_FMT(a->body)));
        assert_status(a, 200);
    }
    assert_status(people_ask(p, "PATCH", "/users?username=hermit", self, "{\"job_title\":\"Head buyer\"}"), 200);
    a = people_ask(p, "PUT", path, self, "{\"username\":\"hermit\"}"); /* the rest as of a new account */
    assert_status(a, 200);
    assert_text(answer_text(a, "/job_title"), "");
    assert_text(answer_text(a, "/timezone"), "UTC");
    assert_absent(answer_text(a, "/email"));
}

static void test_values_of_a_profile(void **state) {
    struct people *p = *state;
    static const char *const wrong[][3] = {
        {"email", "\"nobody\"", "invalid"},
        {"email", "\"a b@example.com\"", "invalid"},
        {"language", "\"english!\"", "unknown_language"},
        {"language", "\"de_DE\"", "unknown_language"},
        {"timezone", "\"Berlin\"", "unknown_timezone"},
        {"timezone", "\"europe/berlin\"", "unknown_timezone"},
        {"timezone", "\"posix/Europe/Berlin\"", "unknown_timezone"},
        {"phone_number", "\"call me\"", "invalid_phone_number"},
        {"phone_number", "\"30+901820\"", "invalid_phone_number"},
        {"phone_number", "\"+\"", "invalid_phone_number"},
        {"custom_fields", "[]", "wrong_type"},
    };
    static const char *const good[][2] = {
        {"phone_number", "\"4711\""},     {"phone_number", "\"\""},    {"email", "null"},
        {"timezone", "\"Asia/Kolkata\""}, {"language", "\"zh-Hant\""}, {"custom_fields", "{}"}};
    people_add(p, "typist", NULL, NULL);
    const char *self = people_token(p, "typist"), *path = path_of(p, "typist");
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        const struct answer *a =
            people_ask(p, "PATCH", path, self, people_text(p, "{\"%s\":%s}", wrong[i][0], wrong[i][1]));
        print_message("%s %s\n", wrong[i][0], wrong[i][1]);
        assert_problem(a, 422, "invalid");
        assert_text(answer_text(a, "/errors/0/code"), wrong[i][2]);
        assert_text(answer_text(a, "/errors/0/pointer"), people_text(p, "/%s", wrong[i][0]));
    }
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        assert_status(people_ask(p, "PATCH", path, self, people_text(p, "{\"%s\":%s}", good[i][0], good[i][1])), 200);
    }
}

static void test_anothers_account(void **state) {
    struct people *p = *state;
    const char *token = keeper(p, "warden");
    (void)looker(p, "lesser");
    people_add(p, "equal", PEOPLE_ACME, "manager"); /* more than the warden */
    (void)looker(p, "elsewhere");
    people_join(p, "elsewhere", PEOPLE_GLOBEX, "viewer", false);
    people_add(p, "head", PEOPLE_ACME, "owner");
    people_add(p, "spare", PEOPLE_ACME, "owner");
    people_join(p, "admin", PEOPLE_ACME, "viewer", false);
    const struct {
        const char *method, *user, *body;
        uint32_t status;
        const char *code;
    } steps[] = {
        {"PATCH", "lesser", "{\"first_name\":\"Less\"}", 200, NULL},
        {"PATCH", "equal", "{\"email\":\"mine@example.com\"}", 403, "grant_exceeds_own"},
        {"PATCH", "equal", "{\"password\":\"mine from now on\"}", 403, "grant_exceeds_own"},
        {"PATCH", "elsewhere", "{\"first_name\":\"x\"}", 403, "permission_denied"},
        {"DELETE", "elsewhere", NULL, 403, "permission_denied"},
        {"PATCH", "head", "{\"is_active\":false}", 403, "owners_only"},
        {"DELETE", "head", NULL, 403, "owners_only"},
        {"PATCH", "admin", "{\"password\":\"mine from now on\"}", 403, "superusers_only"}, /* T64 */
        {"PATCH", "admin", "{\"email\":\"mine@example.com\"}", 403, "superusers_only"},
        {"PATCH", "admin", "{\"is_superuser\":false}", 403, "superusers_only"},
        {"DELETE", "admin", NULL, 403, "superusers_only"},
        {"PATCH", "lesser", "{\"is_superuser\":true}", 403, "superusers_only"},
        {"PATCH", "lesser", "{\"password\":\"short\"}", 422, "invalid"},
        {"PATCH", "lesser", "{\"password\":null}", 422, "invalid"},
        {"PATCH", "lesser", "{\"email\":\"nowhere\"}", 422, "invalid"},
        {"PATCH", "lesser", "{\"username\":\"head\"}", 409, "not_unique"},
        {"DELETE", "lesser", NULL, 204, NULL},
        {"GET", "equal", NULL, 200, NULL},
        {"DELETE", "equal", NULL, 204, NULL}, /* removal gives nothing */
    };
    for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
        const struct answer *a = people_ask(p, steps[i].method, path_of(p, steps[i].user), token, steps[i].body);
        if (a->status != steps[i].status) {
            print_error("step %zu, %s %s: %u\n", i, steps[i].method, steps[i].user, a->status);
        }
        if (steps[i].code) {
            assert_problem(a, steps[i].status, steps[i].code);
        } else {
            assert_status(a, steps[i].status);
        }
    }
}

/* A new password and being switched off end every login at once. */
static void test_logins_end(void **state) {
    struct people *p = *state;
    const char *token = keeper(p, "porter"), *one = looker(p, "guest"), *two = people_token(p, "guest");
    assert_status(people_ask(p, "GET", "/auth/me", one, NULL), 200);
    assert_status(people_ask(p, "GET", "/auth/me", two, NULL), 200);
    assert_status(people_ask(p, "PATCH", path_of(p, "guest"), token, "{\"password\":\"another password\"}"), 200);
    assert_problem(people_ask(p, "GET", "/auth/me", one, NULL), 401, "unauthenticated");
    assert_problem(people_ask(p, "GET", "/auth/me", two, NULL), 401, "unauthenticated");
    const struct answer *a =
        people_ask(p, "POST", "/auth/login", NULL, "{\"username\":\"guest\",\"password\":\"another password\"}");
    assert_status(a, 200);
    const char *three = answer_text(a, "/token").ptr;
    assert_problem(
        people_ask(p, "POST", "/auth/login", NULL, "{\"username\":\"guest\",\"password\":\"" PEOPLE_PASSWORD "\"}"),
        401, "bad_credentials");
    assert_status(people_ask(p, "GET", "/auth/me", three, NULL), 200);
    assert_status(people_ask(p, "PATCH", path_of(p, "guest"), token, "{\"is_active\":false}"), 200);
    assert_problem(people_ask(p, "GET", "/auth/me", three, NULL), 401, "unauthenticated");
    assert_int_equal(pg_count(&p->pg, "SELECT count(*) FROM rbac.token t JOIN rbac.app_user u ON u.id = t.user_id "
                                      "WHERE username = 'guest'"),
                     0);
    assert_int_equal(pg_count(&p->pg, "SELECT count(*) FROM audit.entry e WHERE e::text LIKE '%argon2%'"), 0);
    assert_true(pg_count(&p->pg, "SELECT count(*) FROM audit.entry e WHERE e::text LIKE '%password%'") > 0);
    const char *gone = looker(p, "leaver");
    assert_status(people_ask(p, "GET", "/auth/me", gone, NULL), 200);
    assert_status(people_ask(p, "DELETE", path_of(p, "leaver"), token, NULL), 204);
    assert_problem(people_ask(p, "GET", "/auth/me", gone, NULL), 401, "unauthenticated");
}

/* Created by superusers, and by those who may add users without any organization. */
static void test_create(void **state) {
    struct people *p = *state;
    const char *root = people_token(p, "admin"), *owner = people_new(p, "landlord", PEOPLE_ACME, "owner");
    static const char eve[] = "{\"username\":\"eve\",\"password\":\"correct horse\",\"email\":\"eve@example.com\"}";
    assert_problem(people_ask(p, "POST", "/users", owner, eve), 403, "permission_denied");
    const struct answer *a = people_ask(p, "POST", "/users", root, eve);
    assert_status(a, 201);
    assert_null(answer_at(a, "/password"));
    assert_problem(people_ask(p, "POST", "/users", root, eve), 409, "not_unique");
    assert_status(people_ask(p, "POST", "/auth/login", NULL, "{\"username\":\"eve\",\"password\":\"correct horse\"}"),
                  200);
    people_add(p, "clerk", NULL, NULL);
    a = people_ask(
        p, "POST", "/roles", root,
        "{\"organization\":null,\"name\":\"registrar\",\"permissions\":[\"rbac.add_user\",\"rbac.view_user\","
        "\"rbac.change_user\"]}");
    assert_status(a, 201);
    a = people_ask(p, "POST", "/organization-memberships", root,
                   people_text(p, "{\"organization\":null,\"user\":\"%s\",\"roles\":[\"%.*s\"]}", people_id(p, "clerk"),
                               STR_FMT(answer_text(a, "/id"))));
    assert_status(a, 201);
    const char *clerk = people_token(p, "clerk");
    assert_status(people_ask(p, "POST", "/users", clerk, "{\"username\":\"adam\"}"), 201);
    assert_status(people_ask(p, "PATCH", path_of(p, "adam"), clerk, "{\"password\":\"correct horse\"}"), 200);
    assert_status(people_ask(p, "PATCH", path_of(p, "landlord"), clerk, "{\"job_title\":\"Landlord\"}"), 200);
    assert_problem(people_ask(p, "POST", "/users", clerk, "{\"username\":\"ruler\",\"is_superuser\":true}"), 403,
                   "superusers_only");
    assert_problem(people_ask(p, "PATCH", path_of(p, "admin"), clerk, "{\"is_active\":false}"), 403, "superusers_only");
    assert_status(people_ask(p, "POST", "/users", root, "{\"username\":\"ruler\",\"is_superuser\":true}"), 201);
    static const char *const wrong[] = {"{\"username\":\" eve\"}", "{\"username\":\"\"}",
                                        "{\"username\":\"x\",\"password\":\"short\"}",
                                        "{\"username\":\"x\",\"email\":\"@\"}", "{}"};
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        assert_problem(people_ask(p, "POST", "/users", root, wrong[i]), 422, "invalid");
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_who_sees_whom),    cmocka_unit_test(test_own_profile),
        cmocka_unit_test(test_whole_profile),    cmocka_unit_test(test_values_of_a_profile),
        cmocka_unit_test(test_anothers_account), cmocka_unit_test(test_logins_end),
        cmocka_unit_test(test_create),
    };
    return cmocka_run_group_tests_name("people_accounts", tests, people_setup, people_teardown);
}
