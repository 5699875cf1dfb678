/* SPDX-License-Identifier: MIT
 * test_explain.c - why somebody may do something, and who may: what the answer says, whom it is given to, and what it
 * keeps to itself. */
#include "test.h"

#include <stdio.h>

#include "loopback.h"
#include "pg.h"

#define ACME "01930000-0000-7000-8000-000000000001"
#define BERLIN "01930000-0000-7000-8000-000000000002" /* below Acme */
#define GLOBEX "01930000-0000-7000-8000-000000000003"
#define NOWHERE "01930000-0000-7000-8000-00000000ffff"
#define OWNER_ROLE "00000000-0000-7000-8000-000000000001"
#define VIEWER_ROLE "00000000-0000-7000-8000-000000000004"
#define VIEW "product.view_product"
#define ADD "product.add_product"

/* berlin-owner: owner of Berlin alone; acme-head: owner of Acme with inherit. */
enum { ADMIN, ACME_HEAD, BERLIN_OWNER, ACME_VIEWER, GLOBEX_MANAGER, NOBODY, USERS };
static const char *const names[USERS] = {"admin",       "acme-head",      "berlin-owner",
                                         "acme-viewer", "globex-manager", "nobody"};

struct setting {
    struct pg pg;
    struct loopback *loopback;
    struct arena *arena;
    const char *tokens[USERS];
};

#define text(s, ...) (arena_printf((s)->arena, __VA_ARGS__).ptr)

static void add_owner(struct setting *s, const char *name, const char *organization, bool inherit) {
    pg_exec(&s->pg,
            text(s,
                 "INSERT INTO rbac.app_user (id, username, password_hash, is_demo) "
                 "SELECT alees.new_id(), '%s', password_hash, true FROM rbac.app_user WHERE username = 'nobody'",
                 name));
    pg_exec(&s->pg, text(s,
                         "INSERT INTO rbac.membership (user_id, organization_id, role_ids, inherit) "
                         "SELECT id, '%s', ARRAY['" OWNER_ROLE "'::uuid], %s FROM rbac.app_user WHERE username = '%s'",
                         organization, inherit ? "true" : "false", name));
}

static int set_up(void **state) {
    static struct setting s;
    s.arena = arena_new((size_t)64 * 1024 * 1024);
    pg_open(&s.pg, "explain", PG_DEMO);
    add_owner(&s, "acme-head", ACME, true);
    add_owner(&s, "berlin-owner", BERLIN, false);
    s.loopback = loopback_open(s.pg.conf, NULL);
    for (size_t i = 0; i < USERS; i++) {
        const struct answer *a =
            loopback_request(s.loopback, "POST", "/api/v1/auth/login", NULL,
                             text(&s, "{\"username\":\"%s\",\"password\":\"demo-password\"}", names[i]));
        assert_status(a, 200);
        s.tokens[i] = answer_text(a, "/token").ptr;
    }
    *state = &s;
    return 0;
}

static int tear_down(void **state) {
    struct setting *s = *state;
    loopback_close(s->loopback);
    pg_close(&s->pg);
    arena_free(s->arena);
    return 0;
}

/* user and organization NULL: not sent */
static const struct answer *explain(struct setting *s, size_t asking, const char *user, const char *permission,
                                    const char *organization) {
    const char *who = user ? text(s, "\"user\":\"%s\",", user) : "";
    const char *where = organization ? text(s, ",\"organization\":\"%s\"", organization) : "";
    return loopback_request(s->loopback, "POST", "/api/v1/rbac/explain", s->tokens[asking],
                            text(s, "{%s\"permission\":\"%s\"%s}", who, permission, where));
}

static const struct answer *who_can(struct setting *s, size_t asking, const char *permission, const char *organization,
                                    const char *more) {
    return loopback_request(
        s->loopback, "GET",
        text(s, "/api/v1/rbac/who-can?permission=%s&organization=%s%s", permission, organization, more),
        s->tokens[asking], NULL);
}

static bool is_null(const struct answer *a, const char *pointer) {
    const alees_json *value = answer_at(a, pointer);
    assert_non_null(value);
    return jx_kind(value) == ALEES_JSON_NULL;
}

/* Without what differs from request to request. */
static const char *stable(struct setting *s, const struct answer *a) {
    const char *id = a->body.ptr ? strstr(a->body.ptr, "\"request_id\"") : NULL;
    return text(s, "%.*s", (int)(id ? (size_t)(id - a->body.ptr) : a->body.len), a->body.ptr);
}

static void test_oneself(void **state) {
    struct setting *s = *state;
    const struct answer *a = explain(s, ACME_HEAD, NULL, VIEW, BERLIN);
    assert_status(a, 200);
    assert_int_equal(jx_kind(answer_at(a, "/allowed")), ALEES_JSON_BOOLEAN);
    assert_text(answer_text(a, "/reason"), "granted");
    assert_text(answer_text(a, "/through/id"), ACME);
    assert_text(answer_text(a, "/through/name"), "Acme");
    assert_text(answer_text(a, "/role/id"), OWNER_ROLE);
    assert_text(answer_text(a, "/role/name"), "owner");
    assert_text(answer_text(a, "/membership"),
                pg_value(&s->pg, s->arena,
                         "SELECT m.id FROM rbac.membership m JOIN rbac.app_user u ON u.id = m.user_id "
                         "WHERE u.username = 'acme-head'")
                    .ptr);
    assert_true(is_null(a, "/limited_by"));
    a = explain(s, ACME_VIEWER, "acme-viewer", ADD, ACME);
    assert_text(answer_text(a, "/reason"), "role_lacks_permission");
    assert_true(is_null(a, "/membership") && is_null(a, "/through") && is_null(a, "/role"));
    a = explain(s, NOBODY, NULL, VIEW, NULL);
    assert_text(answer_text(a, "/reason"), "no_membership");
    a = explain(s, NOBODY, NULL, VIEW, NOWHERE); /* as of one that is there */
    assert_string_equal(stable(s, a), stable(s, explain(s, NOBODY, NULL, VIEW, GLOBEX)));
    a = explain(s, ADMIN, NULL, VIEW, GLOBEX);
    assert_text(answer_text(a, "/reason"), "superuser");
    assert_true(is_null(a, "/membership"));
}

static void test_of_others(void **state) {
    struct setting *s = *state;
    const struct answer *a = explain(s, ACME_HEAD, "acme-viewer", VIEW, ACME);
    assert_text(answer_text(a, "/reason"), "granted");
    assert_text(answer_text(a, "/role/id"), VIEWER_ROLE);
    assert_text(answer_text(explain(s, ACME_HEAD, "globex-manager", VIEW, ACME), "/reason"), "no_membership");
    assert_text(answer_text(explain(s, ACME_HEAD, "no-such-user", VIEW, ACME), "/reason"), "no_membership");
    assert_text(answer_text(explain(s, ADMIN, "no-such-user", VIEW, ACME), "/reason"), "unknown_user");
    assert_text(answer_text(explain(s, ADMIN, "acme-viewer", "no.such_permission", ACME), "/reason"),
                "unknown_permission");
    assert_text(answer_text(explain(s, ADMIN, "globex-manager", VIEW, GLOBEX), "/through/name"), "Globex");
}

/* Held in Berlin by a membership above it, of which the owner of Berlin knows nothing. */
static void test_an_organization_that_they_do_not_know_is_not_named(void **state) {
    struct setting *s = *state;
    const struct answer *a = explain(s, BERLIN_OWNER, "acme-head", VIEW, BERLIN);
    assert_text(answer_text(a, "/reason"), "granted");
    assert_true(is_null(a, "/through") && is_null(a, "/membership") && is_null(a, "/role"));
    assert_null(strstr(a->body.ptr, ACME));
    a = who_can(s, BERLIN_OWNER, VIEW, BERLIN, "");
    assert_status(a, 200);
    assert_non_null(strstr(a->body.ptr, "acme-head"));
    assert_null(strstr(a->body.ptr, ACME));
    assert_non_null(strstr(a->body.ptr, BERLIN)); /* by which they hold it themselves */
}

static void test_refusals_tell_nothing(void **state) {
    struct setting *s = *state;
    const struct answer *refused = explain(s, ACME_VIEWER, "acme-head", VIEW, ACME);
    assert_problem(refused, 403, "permission_denied");
    assert_text(answer_text(refused, "/permission"), "rbac.explain_decision");
    assert_text(answer_text(refused, "/organization"), "Acme"); /* a member of it: whoever they ask about */
    assert_string_equal(stable(s, explain(s, ACME_VIEWER, "no-such-user", VIEW, ACME)), stable(s, refused));
    refused = explain(s, NOBODY, "acme-head", VIEW, ACME);
    const char *expected = stable(s, refused);
    assert_text(answer_text(refused, "/permission"), "rbac.explain_decision");
    assert_null(strstr(refused->body.ptr, "Acme"));
    static const struct {
        size_t asking;
        const char *user, *permission, *organization;
    } rows[] = {
        {NOBODY, "no-such-user", VIEW, ACME},
        {ACME_VIEWER, "acme-head", VIEW, NOWHERE},
        {ACME_HEAD, "globex-manager", VIEW, GLOBEX},
        {ACME_HEAD, "no-such-user", VIEW, NOWHERE},
        {ACME_HEAD, "admin", VIEW, NULL},
        {BERLIN_OWNER, "acme-head", VIEW, ACME},
        {NOBODY, "admin", "no.such_one", GLOBEX},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct answer *a = explain(s, rows[i].asking, rows[i].user, rows[i].permission, rows[i].organization);
        assert_problem(a, 403, "permission_denied");
        assert_string_equal(stable(s, a), expected);
    }
    for (size_t i = ACME_HEAD; i < USERS; i++) {
        assert_string_equal(stable(s, who_can(s, i, VIEW, NOWHERE, "")), stable(s, who_can(s, NOBODY, VIEW, ACME, "")));
        assert_string_equal(stable(s, who_can(s, i, "no.such_one", NOWHERE, "")),
                            stable(s, who_can(s, NOBODY, VIEW, ACME, "")));
    }
    assert_problem(who_can(s, BERLIN_OWNER, VIEW, ACME, ""), 403, "permission_denied");
}

static bool is_listed(struct setting *s, const struct answer *a, const char *name) {
    return strstr(a->body.ptr, text(s, "\"username\":\"%s\"", name)) != NULL;
}

static void test_who_can(void **state) {
    struct setting *s = *state;
    const struct answer *a = who_can(s, ACME_HEAD, ADD, BERLIN, "");
    assert_status(a, 200);
    assert_true(is_listed(s, a, "acme-head"));
    assert_true(is_listed(s, a, "berlin-owner"));
    assert_false(is_listed(s, a, "acme-viewer"));
    assert_false(is_listed(s, a, "globex-manager"));
    assert_false(is_listed(s, a, "admin")); /* superusers are for superusers to see */
    assert_true(is_null(a, "/next") && is_null(a, "/previous") && is_null(a, "/count"));
    assert_true(is_listed(s, who_can(s, ADMIN, ADD, BERLIN, ""), "admin"));
    assert_true(is_listed(s, who_can(s, ACME_HEAD, VIEW, ACME, ""), "acme-viewer"));
    assert_false(is_listed(s, who_can(s, ACME_HEAD, VIEW, ACME, ""), "berlin-owner")); /* nothing goes up */
    assert_problem(who_can(s, ADMIN, VIEW, NOWHERE, ""), 404, "not_found");
    assert_problem(who_can(s, ADMIN, "no.such_one", ACME, ""), 400, "bad_parameter");
    assert_problem(who_can(s, ADMIN, VIEW, ACME, "&page_size=201"), 400, "bad_parameter");
    pg_exec(&s->pg, "UPDATE rbac.app_user SET is_active = false WHERE username = 'acme-viewer'");
    for (int i = 0; is_listed(s, who_can(s, ACME_HEAD, VIEW, ACME, ""), "acme-viewer"); i++) {
        assert_true(i < 2000); /* until the hint comes */
    }
    pg_exec(&s->pg, "UPDATE rbac.app_user SET is_active = true WHERE username = 'acme-viewer'");
}

/* 30 members, every third inactive, in pages of 7: each is met once, and the pages end. */
static void test_pages(void **state) {
    struct setting *s = *state;
    pg_exec(&s->pg, "INSERT INTO rbac.app_user (id, username, is_active) "
                    "SELECT alees.new_id(), 'page' || n, n % 3 > 0 FROM generate_series(1, 30) n");
    pg_exec(&s->pg,
            "INSERT INTO rbac.membership (user_id, organization_id, role_ids, inherit) "
            "SELECT id, CASE WHEN username < 'page2' THEN '" ACME "' ELSE '" BERLIN "' END::uuid, "
            "ARRAY['" VIEWER_ROLE "'::uuid], username < 'page2' FROM rbac.app_user WHERE username LIKE 'page%'");
    const char *path = "/api/v1/rbac/who-can?permission=" VIEW "&organization=" BERLIN "&page_size=7";
    uint32_t found = 0, pages = 0;
    while (path) {
        const struct answer *a = loopback_request(s->loopback, "GET", path, s->tokens[ACME_HEAD], NULL);
        assert_status(a, 200);
        for (const char *p = a->body.ptr; (p = strstr(p, "\"username\":\"page")) != NULL; p++) {
            found++;
        }
        path = is_null(a, "/next") ? NULL : answer_text(a, "/next").ptr;
        pages++;
        assert_true(pages < 20);
    }
    assert_int_equal(found, 20);
    assert_true(pages >= 5);
}

/* The secret of a new key of this user: to see, and if asked to explain, in Berlin alone. */
static const char *make_key(struct setting *s, size_t user, bool may_explain, const char **ret_id) {
    const struct answer *a = loopback_request(
        s->loopback, "POST", "/api/v1/api-keys", s->tokens[user],
        text(s, "{\"name\":\"key\",\"organizations\":[\"" BERLIN "\"],\"permissions\":[\"" VIEW "\"%s]}",
             may_explain ? ",\"rbac.explain_decision\"" : ""));
    assert_status(a, 201);
    *ret_id = answer_text(a, "/id").ptr;
    return answer_text(a, "/secret").ptr;
}

static void test_by_a_key(void **state) {
    struct setting *s = *state;
    const char *id, *head = s->tokens[ACME_HEAD], *admin = s->tokens[ADMIN];
    s->tokens[ACME_HEAD] = make_key(s, ACME_HEAD, false, &id);
    const struct answer *a = explain(s, ACME_HEAD, NULL, VIEW, BERLIN);
    assert_text(answer_text(a, "/reason"), "granted");
    assert_true(is_null(a, "/through") && is_null(a, "/limited_by")); /* Acme is beyond it, to know as well */
    a = explain(s, ACME_HEAD, NULL, ADD, BERLIN);
    assert_text(answer_text(a, "/reason"), "beyond_key");
    assert_text(answer_text(a, "/limited_by"), id);
    assert_text(answer_text(explain(s, ACME_HEAD, NULL, VIEW, ACME), "/reason"), "beyond_key");
    assert_problem(explain(s, ACME_HEAD, "berlin-owner", VIEW, BERLIN), 403, "permission_denied");
    s->tokens[ACME_HEAD] = head;
    s->tokens[ACME_HEAD] = make_key(s, ACME_HEAD, true, &id);
    a = explain(s, ACME_HEAD, "berlin-owner", ADD, BERLIN); /* of others it says what they may in person */
    assert_text(answer_text(a, "/reason"), "granted");
    assert_problem(who_can(s, ACME_HEAD, VIEW, ACME, ""), 403, "permission_denied");
    s->tokens[ACME_HEAD] = head;
    s->tokens[ADMIN] = make_key(s, ADMIN, true, &id); /* a superuser's program is no superuser */
    assert_problem(explain(s, ADMIN, "acme-viewer", VIEW, ACME), 403, "permission_denied");
    assert_false(is_listed(s, who_can(s, ADMIN, VIEW, BERLIN, ""), "admin"));
    assert_text(answer_text(explain(s, ADMIN, "no-such-user", VIEW, BERLIN), "/reason"), "no_membership");
    s->tokens[ADMIN] = admin;
}

static void test_permissions_are_an_envelope(void **state) {
    struct setting *s = *state;
    const struct answer *a = loopback_request(s->loopback, "GET", "/api/v1/permissions", s->tokens[NOBODY], NULL);
    assert_status(a, 200);
    assert_true(is_null(a, "/next") && is_null(a, "/previous"));
    assert_int_equal(answer_integer(a, "/count"), jx_size(answer_at(a, "/results")));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_oneself),
        cmocka_unit_test(test_of_others),
        cmocka_unit_test(test_an_organization_that_they_do_not_know_is_not_named),
        cmocka_unit_test(test_refusals_tell_nothing),
        cmocka_unit_test(test_who_can),
        cmocka_unit_test(test_pages),
        cmocka_unit_test(test_by_a_key),
        cmocka_unit_test(test_permissions_are_an_envelope),
    };
    return cmocka_run_group_tests_name("explain", tests, set_up, tear_down);
}
