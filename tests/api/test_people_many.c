/* SPDX-License-Identifier: MIT
 * test_people_many.c - the rules of delegation by every other way to write: arrays, upserts, filters, imports, PUT; and what
 * a rehearsal leaves of keys. */
#include "test.h"

#include <string.h>

#include "people.h"

static const struct answer *send(struct people *p, const char *method, const char *path, const char *token,
                                 const char *body, const char *header, const char *value) {
    const struct loopback_request request = {.method = method,
                                             .path = people_text(p, "/api/v1%s", path),
                                             .token = token,
                                             .body = body,
                                             .headers = {{header, value}}};
    return loopback_send(p->loopback, &request);
}

/* All that anybody may. */
static const char *rights(struct people *p) {
    return pg_value(&p->pg, p->arena,
                    "SELECT md5(concat((SELECT string_agg(md5(t::text), '' ORDER BY id) FROM rbac.membership t), "
                    "(SELECT string_agg(md5(t::text), '' ORDER BY id) FROM rbac.role t), "
                    "(SELECT string_agg(concat(id, is_superuser, is_active, password_hash), '' ORDER BY id) FROM "
                    "rbac.app_user),"
                    "(SELECT string_agg(md5(t::text), '' ORDER BY id) FROM rbac.field_permission t)))")
        .ptr;
}

struct attack {
    const char *method, *path, *body, *type;
};

static void must_fail(struct people *p, const char *token, const struct attack *attacks, size_t count) {
    const char *before = rights(p);
    for (size_t i = 0; i < count; i++) {
        const struct attack *a = &attacks[i];
        const struct answer *got =
            send(p, a->method, a->path, token, a->body, a->type ? "Content-Type" : NULL, a->type);
        if (got->status < 400 || got->status >= 500 || strcmp(rights(p), before) != 0) {
            fail_msg("%s %s %s: %u %s", a->method, a->path, a->body ? a->body : "", got->status, got->body.ptr);
        }
    }
}

static void test_a_manager(void **state) {
    struct people *p = *state;
    const char *token = people_new(p, "climber", PEOPLE_ACME, "manager"), *id = people_id(p, "climber");
    people_add(p, "climber-friend", PEOPLE_ACME, "viewer");
    const char *own =
        pg_value(&p->pg, p->arena, people_text(p, "SELECT id FROM rbac.membership WHERE user_id = '%s'", id)).ptr;
    const char *row =
        people_text(p, "{\"user\":\"%s\",\"organization\":\"" PEOPLE_ACME "\",\"roles\":[\"" PEOPLE_OWNER "\"]}", id);
    const struct attack attacks[] = {
        {"PATCH", "/users?username=climber", "{\"is_superuser\":true}", NULL},
        {"PATCH", "/users?all=true", "{\"is_superuser\":true}", NULL},
        {"PATCH", "/users?username=climber", "{\"password\":\"another-password\"}", NULL},
        {"PUT", people_text(p, "/users/%s", id), "{\"username\":\"climber\",\"is_superuser\":true}", NULL},
        {"POST", "/users?on_conflict=username", "{\"username\":\"climber\",\"is_superuser\":true}", NULL},
        {"POST", "/users?on_conflict=username", "[{\"username\":\"admin\",\"password\":\"another-password\"}]", NULL},
        {"POST", "/users", "username,password,is_superuser\nnew-climber,another-password,true\n", "text/csv"},
        {"POST", "/organization-memberships?on_conflict=user", row, NULL},
        {"POST", "/organization-memberships?on_conflict=user", people_text(p, "[%s]", row), NULL},
        {"POST", "/organization-memberships?on_conflict=user",
         people_text(p, "user,organization,roles\n%s," PEOPLE_ACME ",\"[\"\"" PEOPLE_OWNER "\"\"]\"\n", id),
         "text/csv"},
        {"POST", "/organization-memberships?on_conflict=user", row, "application/x-ndjson"},
        {"PATCH", people_text(p, "/organization-memberships?user=%s", id), "{\"roles\":[\"" PEOPLE_OWNER "\"]}", NULL},
        {"PATCH", people_text(p, "/organization-memberships?user=%s", id), "{\"inherit\":true}", NULL},
        {"PUT", people_text(p, "/organization-memberships/%s", own),
         people_text(p, "{\"user\":\"%s\",\"roles\":[\"" PEOPLE_OWNER "\"]}", id), NULL},
        {"PATCH", people_text(p, "/organization-memberships?user=%s", people_id(p, "climber-friend")),
         "{\"roles\":[\"" PEOPLE_OWNER "\"]}", NULL},
        {"POST", "/roles?on_conflict=name", "{\"name\":\"manager\",\"permissions\":[\"rbac.bind_role\"]}", NULL},
        {"POST", "/roles", "[{\"name\":\"mine 1\"},{\"name\":\"mine 2\",\"permissions\":[\"rbac.bind_role\"]}]", NULL},
        {"PATCH", "/roles?all=true", "{\"description\":\"mine\"}", NULL},
        {"POST", "/api-keys", "[{\"name\":\"k\",\"permissions\":[\"product.view_product\"]}]", NULL},
        {"POST", "/invitations", "[{\"email\":\"a@example.com\",\"roles\":[\"" PEOPLE_OWNER "\"]}]", NULL},
    };
    must_fail(p, token, attacks, sizeof attacks / sizeof attacks[0]);
}

static void test_owners(void **state) {
    struct people *p = *state;
    people_sql(p, "DELETE FROM rbac.membership WHERE organization_id = '" PEOPLE_GLOBEX "' AND NOT role_ids @> "
                  "ARRAY['" PEOPLE_OWNER "'::uuid]");
    const char *token = people_new(p, "king", PEOPLE_GLOBEX, "owner");
    people_add(p, "queen", PEOPLE_GLOBEX, "owner");
    const struct attack attacks[] = {
        {"DELETE", "/organization-memberships?organization=" PEOPLE_GLOBEX, NULL, NULL},
        {"DELETE", "/organization-memberships?all=true", NULL, NULL},
        {"PATCH", "/organization-memberships?all=true", "{\"is_active\":false}", NULL},
        {"PATCH", "/organization-memberships?all=true", "{\"valid_until\":\"2100-01-01T00:00:00Z\"}", NULL},
        {"PATCH", "/organization-memberships?all=true", "{\"roles\":[\"" PEOPLE_VIEWER "\"]}", NULL},
    };
    must_fail(p, token, attacks, sizeof attacks / sizeof attacks[0]);
}

/* A program with a key does nothing to keys and logins, one or many. */
static void test_a_key(void **state) {
    struct people *p = *state;
    const char *token = people_new(p, "keeper", PEOPLE_ACME, "owner");
    const struct answer *a =
        people_ask(p, "POST", "/api-keys", token,
                   "{\"name\":\"program\",\"permissions\":[\"rbac.view_user\",\"rbac.change_user\","
                   "\"rbac.view_role\",\"rbac.change_role\"]}");
    assert_status(a, 201);
    const char *secret = people_text(p, "%s", answer_text(a, "/secret").ptr);
    const char *path = people_text(p, "/api-keys/%s", answer_text(a, "/id").ptr);
    static const char *const lists[] = {"/api-keys?all=true", "/auth/tokens?all=true"};
    for (size_t i = 0; i < 2; i++) {
        a = people_ask(p, "DELETE", lists[i], secret, NULL);
        assert_true(a->status >= 400 || strcmp(a->body.ptr, "{\"count\":0}") == 0);
    }
    a = people_ask(p, "PATCH", "/api-keys?all=true", secret, "{\"name\":\"mine\"}");
    assert_true(a->status >= 400 || strcmp(a->body.ptr, "{\"count\":0}") == 0);
    a = people_ask(p, "GET", path, token, NULL);
    assert_status(a, 200);
    assert_text(answer_text(a, "/name"), "program");
    /* a rehearsal ends neither */
    assert_status(send(p, "DELETE", path, token, NULL, "Prefer", "tx=rollback"), 204);
    assert_status(send(p, "DELETE", "/auth/tokens?all=true", token, NULL, "Prefer", "tx=rollback"), 200);
    assert_status(people_ask(p, "GET", "/users", secret, NULL), 200);
    assert_status(people_ask(p, "GET", path, token, NULL), 200);
    /* the real thing ends all, in the memory of this server, too */
    assert_status(people_ask(p, "DELETE", "/api-keys?all=true", token, NULL), 200);
    assert_status(people_ask(p, "GET", "/users", secret, NULL), 401);
    assert_status(people_ask(p, "DELETE", "/auth/tokens?all=true", token, NULL), 200);
    assert_status(people_ask(p, "GET", "/users", token, NULL), 401);
}

/* Nobody is logged in by a rehearsal, and no password is changed. */
static void test_rehearsals(void **state) {
    struct people *p = *state;
    const char *token = people_new(p, "rehearser", PEOPLE_ACME, "viewer");
    const struct answer *a =
        send(p, "POST", "/auth/login", NULL, "{\"username\":\"rehearser\",\"password\":\"" PEOPLE_PASSWORD "\"}",
             "Prefer", "tx=rollback");
    if (a->status == 200) {
        const char *other = people_text(p, "%s", answer_text(a, "/token").ptr);
        assert_status(people_ask(p, "GET", "/auth/me", other, NULL), 401);
    }
    (void)send(p, "POST", "/auth/logout", token, NULL, "Prefer", "tx=rollback");
    assert_status(people_ask(p, "GET", "/auth/me", token, NULL), 200);
    const char *body = "{\"current_password\":\"" PEOPLE_PASSWORD "\",\"new_password\":\"another-password\"}";
    assert_status(send(p, "POST", "/auth/password", token, body, "Prefer", "tx=rollback"), 204);
    assert_status(people_ask(p, "GET", "/auth/me", token, NULL), 200);
    a = people_ask(p, "POST", "/auth/login", NULL, "{\"username\":\"rehearser\",\"password\":\"" PEOPLE_PASSWORD "\"}");
    assert_status(a, 200);
    const char *other = people_text(p, "%s", answer_text(a, "/token").ptr);
    assert_status(people_ask(p, "POST", "/auth/password", other, body), 204);
    assert_status(people_ask(p, "GET", "/auth/me", token, NULL), 401);
    assert_status(people_ask(p, "GET", "/auth/me", other, NULL), 401);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rehearsals),
        cmocka_unit_test(test_a_manager),
        cmocka_unit_test(test_owners),
        cmocka_unit_test(test_a_key),
    };
    return cmocka_run_group_tests_name("people_many", tests, people_setup, people_teardown);
}
