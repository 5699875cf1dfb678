/* SPDX-License-Identifier: MIT
 * test_tokens.c - a user sees where they are logged in, and ends it. */
#include "test.h"

#include <string.h>

#include "people.h"

static uint32_t me(struct people *p, const char *token) {
    return people_ask(p, "GET", "/auth/me", token, NULL)->status;
}

static const char *path_of(struct people *p, const struct answer *list, uint32_t row) {
    return people_text(p, "/auth/tokens/%s", answer_text(list, people_text(p, "/results/%u/id", row)).ptr);
}

static void test_list(void **state) {
    struct people *p = *state;
    const char *token = people_new(p, "traveller", PEOPLE_ACME, "viewer");
    const struct answer *login =
        people_ask(p, "POST", "/auth/login", NULL, "{\"username\":\"traveller\",\"password\":\"" PEOPLE_PASSWORD "\"}");
    assert_status(login, 200);
    const struct answer *a = people_ask(p, "GET", "/auth/tokens", token, NULL);
    assert_status(a, 200);
    assert_int_equal(jx_size(answer_at(a, "/results")), 2);
    assert_text(answer_text(a, "/results/0/expires_at"), answer_text(login, "/expires_at").ptr); /* the newest first */
    assert_text(answer_text(a, "/results/0/user"), people_id(p, "traveller"));
    assert_text(answer_text(a, "/results/0/created_by"), people_id(p, "traveller"));
    assert_null(answer_at(a, "/results/0/hash"));
    assert_null(answer_at(a, "/results/0/token"));
    assert_status(people_ask(p, "GET", path_of(p, a, 0), token, NULL), 200);
    assert_problem(people_ask(p, "PATCH", path_of(p, a, 0), token, "{}"), 405, "method_not_allowed");
    assert_problem(people_ask(p, "POST", "/auth/tokens", token, "{}"), 405, "method_not_allowed");
    assert_problem(people_ask(p, "GET", "/auth/tokens", NULL, NULL), 401, "unauthenticated");
}

static void test_end(void **state) {
    struct people *p = *state;
    const char *lost = people_new(p, "forgetful", PEOPLE_ACME, "viewer");
    assert_int_equal(me(p, lost), 200); /* remembered */
    const char *path = path_of(p, people_ask(p, "GET", "/auth/tokens", lost, NULL), 0);
    const char *token = people_token(p, "forgetful");
    assert_status(people_ask(p, "DELETE", path, token, NULL), 204);
    assert_problem(people_ask(p, "GET", "/auth/me", lost, NULL), 401, "unauthenticated"); /* at once */
    assert_int_equal(me(p, token), 200);
    assert_status(people_ask(p, "DELETE", path, token, NULL), 404);
    path = path_of(p, people_ask(p, "GET", "/auth/tokens", token, NULL), 0);
    assert_status(people_ask(p, "DELETE", path, token, NULL), 204); /* its own */
    assert_int_equal(me(p, token), 401);
}

static void test_others(void **state) {
    struct people *p = *state;
    const char *token = people_new(p, "private", PEOPLE_ACME, "viewer");
    const char *owner = people_new(p, "curious", PEOPLE_ACME, "owner"), *admin = people_token(p, "admin");
    const char *path = path_of(p, people_ask(p, "GET", "/auth/tokens", token, NULL), 0);
    const char *list = people_text(p, "/auth/tokens?user=%s", people_id(p, "private"));
    assert_int_equal(me(p, token), 200);
    assert_problem(people_ask(p, "GET", path, owner, NULL), 404, "not_found");
    assert_status(people_ask(p, "DELETE", path, owner, NULL), 404);
    assert_int_equal(jx_size(answer_at(people_ask(p, "GET", list, owner, NULL), "/results")), 0);
    assert_int_equal(me(p, token), 200);
    assert_int_equal(jx_size(answer_at(people_ask(p, "GET", list, admin, NULL), "/results")), 1);
    assert_status(people_ask(p, "DELETE", path, admin, NULL), 204);
    assert_int_equal(me(p, token), 401);
}

/* In the database: this process learns it from a notification. */
static void test_ended_elsewhere(void **state) {
    struct people *p = *state;
    const char *token = people_new(p, "remote", PEOPLE_ACME, "viewer");
    assert_int_equal(me(p, token), 200);
    people_sql(p, "DELETE FROM rbac.token WHERE user_id = '%s'", people_id(p, "remote"));
    people_soon(p, 401, "GET", "/auth/me", token, NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_list),
        cmocka_unit_test(test_end),
        cmocka_unit_test(test_others),
        cmocka_unit_test(test_ended_elsewhere),
    };
    return cmocka_run_group_tests_name("tokens", tests, people_setup, people_teardown);
}
