/* SPDX-License-Identifier: MIT
 * test_invitations.c - a membership that waits for a person: who may offer it, who may take it, and once only. */
#include "test.h"

#include <pthread.h>
#include <string.h>
#include <time.h>

#include "people.h"

struct invitation {
    const char *path, *token;
};

static const struct answer *try_invite(struct people *p, const char *token, const char *name, const char *role,
                                       const char *more) {
    return people_ask(
        p, "POST", "/invitations", token,
        people_text(p, "{\"organization\":\"" PEOPLE_ACME "\",\"email\":\"%s@example.com\",\"roles\":[\"%s\"]%s}", name,
                    role, more));
}

static struct invitation invite(struct people *p, const char *token, const char *name, const char *role) {
    const struct answer *a = try_invite(p, token, name, role, "");
    assert_status(a, 201);
    return (struct invitation){people_text(p, "/invitations/%s", answer_text(a, "/id").ptr),
                               answer_text(a, "/token").ptr};
}

static const struct answer *accept(struct people *p, const char *token, const char *invitation) {
    return people_ask(p, "POST", "/invitations/accept", token, people_text(p, "{\"token\":\"%s\"}", invitation));
}

static const struct answer *sign_up(struct people *p, const char *invitation, const char *username,
                                    const char *password) {
    const char *body =
        people_text(p, "{\"token\":\"%s\",\"username\":\"%s\",\"password\":\"%s\",\"first_name\":\"New\"}", invitation,
                    username, password);
    return people_ask(p, "POST", "/invitations/accept", NULL, body);
}

/* The roles of a user in Acme by name; "" without a membership. */
static const char *roles(struct people *p, const char *name) {
    const char *sql =
        people_text(p,
                    "SELECT coalesce(string_agg(r.name, ' ' ORDER BY r.name), '') FROM rbac.app_user u "
                    "JOIN rbac.membership m ON m.user_id = u.id AND m.organization_id = '" PEOPLE_ACME "' "
                    "JOIN rbac.role r ON r.id = ANY (m.role_ids) WHERE u.username = '%s'",
                    name);
    return pg_value(&p->pg, p->arena, sql).ptr;
}

static void set_role(struct people *p, const char *name, const char *role) {
    people_sql(p, "UPDATE rbac.membership SET role_ids = ARRAY['%s'::uuid] WHERE user_id = '%s'", role,
               people_id(p, name));
}

/* A role of Acme that may invite and holds what the viewer holds; its only member is the user of that name. */
static const char *new_host(struct people *p, const char *name) {
    const char *token = people_new(p, name, PEOPLE_ACME, "viewer");
    people_sql(
        p,
        "WITH r AS (INSERT INTO rbac.role (organization_id, name, permissions) SELECT '" PEOPLE_ACME "', "
        "'host %s', ARRAY['rbac.add_invitation', 'rbac.view_invitation', 'rbac.delete_invitation'] RETURNING id) "
        "SELECT id FROM r",
        name);
    people_sql(p,
               "UPDATE rbac.membership SET role_ids = role_ids || (SELECT id FROM rbac.role WHERE name = 'host %s') "
               "WHERE user_id = '%s'",
               name, people_id(p, name));
    people_soon(p, 200, "GET", "/invitations", token, NULL);
    const char *can = "/rbac/can?permission=rbac.add_invitation&organization=" PEOPLE_ACME;
    for (int i = 0; i < 100 && !jx_is_true(answer_at(people_ask(p, "GET", can, token, NULL), "/allowed")); i++) {
        nanosleep(&(struct timespec){0, 10000000}, NULL);
    }
    return token;
}

/* --- made --- */

static void test_life(void **state) {
    struct people *p = *state;
    const char *owner = people_new(p, "boss", PEOPLE_ACME, "owner");
    const struct answer *a = try_invite(p, owner, "ann", PEOPLE_VIEWER, "");
    assert_status(a, 201);
    const char *path = people_text(p, "/invitations/%s", answer_text(a, "/id").ptr),
               *token = answer_text(a, "/token").ptr;
    assert_int_equal(strncmp(token, "alees_invitation_", 17), 0);
    assert_text(answer_text(a, "/organization"), PEOPLE_ACME);
    assert_text(answer_text(a, "/email"), "ann@example.com");
    assert_text(answer_text(a, "/roles/0"), PEOPLE_VIEWER);
    assert_text(answer_text(a, "/created_by"), people_id(p, "boss"));
    assert_int_equal(pg_count(&p->pg, "SELECT count(*) FROM rbac.invitation WHERE email = 'ann@example.com' AND "
                                      "expires_at BETWEEN now() + interval '6 d 23 h' AND now() + interval '7 d'"),
                     1);
    assert_int_equal(
        pg_count(&p->pg,
                 people_text(p, "SELECT count(*) FROM rbac.invitation i WHERE i::text LIKE '%%%s%%'", token + 17)),
        0);
    a = people_ask(p, "GET", path, owner, NULL);
    assert_status(a, 200);
    assert_null(answer_at(a, "/token"));
    assert_null(answer_at(a, "/hash"));
    assert_text(answer_text(a, "/roles/0"), PEOPLE_VIEWER);
    assert_int_equal(jx_kind(answer_at(a, "/accepted_at")), ALEES_JSON_NULL);
    a = people_ask(p, "GET", "/invitations?email=ann@example.com", owner, NULL);
    assert_int_equal(jx_size(answer_at(a, "/results")), 1);

    const char *ann = people_new(p, "ann", NULL, NULL); /* she is told nothing before she accepts */
    assert_problem(people_ask(p, "GET", path, ann, NULL), 404, "not_found");
    a = accept(p, ann, token);
    assert_status(a, 200);
    assert_text(answer_text(a, "/organization/id"), PEOPLE_ACME);
    assert_text(answer_text(a, "/organization/name"), "Acme");
    assert_text(answer_text(a, "/user/username"), "ann");
    assert_string_equal(roles(p, "ann"), "viewer");
    assert_status(people_ask(p, "GET", "/organizations/" PEOPLE_ACME, ann, NULL), 200); /* at once */
    assert_text(answer_text(people_ask(p, "GET", path, owner, NULL), "/accepted_by"), people_id(p, "ann"));
}

static void test_refused_bodies(void **state) {
    struct people *p = *state;
    const char *owner = people_new(p, "strict", PEOPLE_ACME, "owner");
    assert_problem(try_invite(p, owner, "x", PEOPLE_VIEWER, ",\"expires_at\":\"2020-01-01T00:00:00Z\""), 422,
                   "bad_expiry");
    assert_problem(try_invite(p, owner, "x", PEOPLE_VIEWER, ",\"expires_at\":\"2099-01-01T00:00:00Z\""), 422,
                   "bad_expiry");
    assert_problem(try_invite(p, owner, "x y", PEOPLE_VIEWER, ""), 422, "bad_email");
    assert_problem(try_invite(p, owner, "x", PEOPLE_NOWHERE, ""), 422, "invalid_reference");
    const char *body = "{\"organization\":\"" PEOPLE_ACME "\",\"email\":\"x@example.com\",\"roles\":[]}";
    assert_status(people_ask(p, "POST", "/invitations", owner, body), 422);
    /* A role of another organization is answered as one that nobody has. */
    people_sql(p, "INSERT INTO rbac.role (organization_id, name) VALUES ('" PEOPLE_GLOBEX "', 'foreign')");
    const char *foreign = pg_value(&p->pg, p->arena, "SELECT id FROM rbac.role WHERE name = 'foreign'").ptr;
    assert_string_equal(people_stable(p, try_invite(p, owner, "x", foreign, "")),
                        people_stable(p, try_invite(p, owner, "x", PEOPLE_NOWHERE, "")));
}

static const struct answer *invite_to(struct people *p, const char *token, const char *organization) {
    return people_ask(p, "POST", "/invitations", token,
                      people_text(p, "{%s\"email\":\"x@example.com\",\"roles\":[\"" PEOPLE_VIEWER "\"]}",
                                  organization ? people_text(p, "\"organization\":\"%s\",", organization) : ""));
}

static void test_where(void **state) {
    struct people *p = *state;
    const char *owner = people_new(p, "local", PEOPLE_ACME, "owner"), *admin = people_token(p, "admin");
    assert_problem(invite_to(p, people_new(p, "manager", PEOPLE_ACME, "manager"), PEOPLE_ACME), 403,
                   "permission_denied");
    const struct answer *foreign = invite_to(p, owner, PEOPLE_GLOBEX), *unknown = invite_to(p, owner, PEOPLE_NOWHERE);
    assert_problem(foreign, 403, "permission_denied");
    assert_string_equal(people_stable(p, foreign), people_stable(p, unknown));
    const struct answer *a = invite_to(p, owner, NULL); /* the only one */
    assert_status(a, 201);
    assert_text(answer_text(a, "/organization"), PEOPLE_ACME);
    assert_problem(invite_to(p, admin, NULL), 422, "organization_required");
    assert_status(invite_to(p, admin, PEOPLE_GLOBEX), 201);

    /* Others' invitations. */
    const char *path = people_text(p, "/invitations/%s", answer_text(a, "/id").ptr);
    const char *globex = people_new(p, "globex-owner", PEOPLE_GLOBEX, "owner");
    assert_problem(people_ask(p, "GET", path, globex, NULL), 404, "not_found");
    assert_status(people_ask(p, "DELETE", path, globex, NULL), 404);
    assert_status(people_ask(p, "DELETE", path, people_token(p, "manager"), NULL), 403);
    assert_status(people_ask(p, "PATCH", path, owner, "{\"email\":\"y@example.com\"}"), 405);
}

/* --- no more than the inviter may give --- */

static void test_within_own_rights(void **state) {
    struct people *p = *state;
    const char *host = new_host(p, "host");
    const struct answer *a = try_invite(p, host, "up", PEOPLE_EDITOR, "");
    assert_problem(a, 403, "grant_exceeds_own");
    assert_problem(try_invite(p, host, "up", PEOPLE_OWNER, ""), 403, "owners_only");
    assert_status(try_invite(p, host, "up", PEOPLE_VIEWER, ""), 201);
    assert_problem(try_invite(p, host, "up", PEOPLE_VIEWER, ",\"inherit\":true"), 403, "grant_exceeds_own"); /* E6 */
    people_sql(p, "UPDATE rbac.membership SET inherit = true WHERE user_id = '%s'", people_id(p, "host"));
    assert_status(try_invite(p, host, "up", PEOPLE_VIEWER, ",\"inherit\":true"), 201);
    assert_status(try_invite(p, people_new(p, "lord", PEOPLE_ACME, "owner"), "up", PEOPLE_OWNER, ""), 201);
}

static void test_inviter_lost_rights(void **state) {
    struct people *p = *state;
    const char *host = people_new(p, "fading", PEOPLE_ACME, "owner"), *guest = people_new(p, "late", NULL, NULL);
    struct invitation i = invite(p, host, "late", PEOPLE_EDITOR);
    set_role(p, "fading", PEOPLE_MANAGER); /* holds all that is given, but may not invite any more */
    assert_problem(accept(p, guest, i.token), 403, "invitation_no_longer_valid");
    assert_string_equal(roles(p, "late"), "");
    people_sql(p, "UPDATE rbac.app_user SET is_active = false WHERE username = 'fading'");
    assert_problem(accept(p, guest, i.token), 403, "invitation_no_longer_valid");
    set_role(p, "fading", PEOPLE_OWNER);
    people_sql(p, "UPDATE rbac.app_user SET is_active = true WHERE username = 'fading'");
    assert_status(accept(p, guest, i.token), 200); /* it was not spent */
    assert_string_equal(roles(p, "late"), "editor");

    const char *other = new_host(p, "weaker"), *next = people_new(p, "next", NULL, NULL);
    i = invite(p, other, "next", PEOPLE_VIEWER);
    people_sql(p,
               "UPDATE rbac.membership SET role_ids = (SELECT array_agg(id) FROM rbac.role WHERE name = 'host weaker') "
               "WHERE user_id = '%s'",
               people_id(p, "weaker")); /* may invite, but holds nothing to give */
    assert_problem(accept(p, next, i.token), 403, "invitation_no_longer_valid");
    people_sql(p, "DELETE FROM rbac.app_user WHERE username = 'weaker'");
    assert_problem(accept(p, next, i.token), 403, "invitation_no_longer_valid");
}

/* --- by whom --- */

static void test_address(void **state) {
    struct people *p = *state;
    const char *owner = people_new(p, "sender", PEOPLE_ACME, "owner");
    struct invitation i = invite(p, owner, "Receiver", PEOPLE_VIEWER);
    assert_problem(accept(p, people_new(p, "eve", NULL, NULL), i.token), 403, "invitation_for_other_address");
    people_sql(p, "UPDATE rbac.app_user SET email = NULL WHERE username = 'eve'");
    assert_problem(accept(p, people_token(p, "eve"), i.token), 403, "invitation_for_other_address");
    assert_problem(accept(p, NULL, i.token), 401, "unauthenticated");
    assert_problem(accept(p, "alees_nobodys", i.token), 401, "unauthenticated");
    assert_status(accept(p, people_new(p, "receiver", NULL, NULL), i.token), 200); /* but for the case */
    assert_string_equal(roles(p, "eve"), "");
    assert_string_equal(roles(p, "receiver"), "viewer");
    i = invite(p, owner, "sender", PEOPLE_OWNER); /* to oneself */
    assert_problem(accept(p, owner, i.token), 403, "invitation_no_longer_valid");
}

static void test_sign_up(void **state) {
    struct people *p = *state;
    const char *owner = people_new(p, "founder", PEOPLE_ACME, "owner");
    struct invitation i = invite(p, owner, "newcomer", PEOPLE_VIEWER);
    assert_problem(sign_up(p, i.token, "newcomer", "short"), 422, "bad_password");
    assert_problem(sign_up(p, i.token, "founder", "a-good-password"), 409, "username_taken");
    assert_status(sign_up(p, i.token, "newcomer", "a-good-password"), 200);
    assert_string_equal(roles(p, "newcomer"), "viewer");
    assert_int_equal(pg_count(&p->pg, "SELECT count(*) FROM rbac.app_user WHERE username = 'newcomer' AND "
                                      "email = 'newcomer@example.com' AND first_name = 'New' AND last_name = '' AND "
                                      "is_active AND NOT is_superuser"),
                     1);
    const struct answer *a =
        people_ask(p, "POST", "/auth/login", NULL, "{\"username\":\"newcomer\",\"password\":\"a-good-password\"}");
    assert_status(a, 200);
    assert_status(people_ask(p, "GET", "/organizations/" PEOPLE_ACME, answer_text(a, "/token").ptr, NULL), 200);
    assert_problem(sign_up(p, i.token, "newcomer2", "a-good-password"), 404, "not_found");
    assert_int_equal(pg_count(&p->pg, "SELECT count(*) FROM rbac.app_user WHERE username = 'newcomer2'"), 0);
    const char *both =
        people_text(p, "{\"token\":\"%s\",\"username\":\"u\",\"password\":\"a-good-password\"}", i.token);
    assert_problem(people_ask(p, "POST", "/invitations/accept", owner, both), 422, "already_logged_in");
}

/* --- once --- */

static void test_tokens_that_are_none(void **state) {
    struct people *p = *state;
    const char *owner = people_new(p, "ender", PEOPLE_ACME, "owner"), *guest = people_new(p, "hopeful", NULL, NULL);
    struct invitation used = invite(p, owner, "hopeful", PEOPLE_VIEWER),
                      over = invite(p, owner, "hopeful", PEOPLE_EDITOR);
    struct invitation revoked = invite(p, owner, "hopeful", PEOPLE_EDITOR);
    assert_status(accept(p, guest, used.token), 200);
    people_sql(p, "UPDATE rbac.invitation SET expires_at = now() WHERE id = '%s'", strrchr(over.path, '/') + 1);
    assert_status(people_ask(p, "DELETE", revoked.path, owner, NULL), 204);
    const struct answer *unknown = accept(p, guest, "alees_invitation_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
    assert_problem(unknown, 404, "not_found");
    const char *const tokens[] = {used.token, over.token, revoked.token};
    for (size_t i = 0; i < 3; i++) {
        const struct answer *a = accept(p, guest, tokens[i]);
        assert_problem(a, 404, "not_found");
        assert_string_equal(people_stable(p, a), people_stable(p, unknown));
        assert_string_equal(people_stable(p, sign_up(p, tokens[i], "sneaky", "a-good-password")),
                            people_stable(p, unknown));
    }
    assert_string_equal(roles(p, "hopeful"), "viewer");
}

struct taker {
    pthread_t thread;
    struct people *p;
    const char *user, *token;
    uint32_t status;
};

static void *take(void *data) {
    struct taker *t = data;
    const struct loopback_request request = {
        .method = "POST", .path = "/api/v1/invitations/accept", .token = t->user, .body = t->token};
    struct loopback *own =
        loopback_on(loopback_app(t->p->loopback)); /* the same server; a loopback is for one thread */
    t->status = loopback_send(own, &request)->status;
    loopback_close(own);
    return NULL;
}

static void test_twenty_at_once(void **state) {
    enum { TAKERS = 20 };
    struct people *p = *state;
    struct taker takers[TAKERS];
    uint32_t taken = 0;
    const char *owner = people_new(p, "crowded", PEOPLE_ACME, "owner"), *guest = people_new(p, "eager", NULL, NULL);
    struct invitation i = invite(p, owner, "eager", PEOPLE_VIEWER);
    for (size_t k = 0; k < TAKERS; k++) {
        takers[k] = (struct taker){.p = p, .user = guest, .token = people_text(p, "{\"token\":\"%s\"}", i.token)};
        assert_int_equal(pthread_create(&takers[k].thread, NULL, take, &takers[k]), 0);
    }
    for (size_t k = 0; k < TAKERS; k++) {
        assert_int_equal(pthread_join(takers[k].thread, NULL), 0);
        taken += takers[k].status == 200;
        assert_true(takers[k].status == 200 || takers[k].status == 404 || takers[k].status == 429);
    }
    assert_int_equal(taken, 1);
    assert_int_equal(pg_count(&p->pg, people_text(p, "SELECT count(*) FROM rbac.membership WHERE user_id = '%s'",
                                                  people_id(p, "eager"))),
                     1);
}

static void test_guessing(void **state) {
    struct people *p = *state;
    const char *guest = people_new(p, "guesser", NULL, NULL), *wrong = "alees_invitation_guess";
    for (int i = 0; i < 10; i++) {
        assert_problem(accept(p, guest, wrong), 404, "not_found");
    }
    const struct answer *a = accept(p, guest, wrong);
    assert_problem(a, 429, "too_many_attempts");
    assert_non_null(answer_header(a, "Retry-After").ptr);
}

/* --- a membership that is there --- */

static void test_membership_that_is_there(void **state) {
    struct people *p = *state;
    const char *owner = people_new(p, "elder", PEOPLE_ACME, "owner"), *host = new_host(p, "porter");
    const char *guest = people_new(p, "member", PEOPLE_ACME, "editor");
    assert_status(accept(p, guest, invite(p, host, "member", PEOPLE_VIEWER).token), 200); /* adds, takes nothing */
    assert_string_equal(roles(p, "member"), "editor viewer");

    /* It is not switched on again, nor prolonged. */
    struct invitation i = invite(p, owner, "member", PEOPLE_MANAGER);
    people_sql(p, "UPDATE rbac.membership SET is_active = false WHERE user_id = '%s'", people_id(p, "member"));
    assert_problem(accept(p, guest, i.token), 409, "membership_inactive");
    people_sql(p, "UPDATE rbac.membership SET is_active = true, valid_until = now() WHERE user_id = '%s'",
               people_id(p, "member"));
    assert_problem(accept(p, guest, i.token), 409, "membership_inactive");
    people_sql(p, "UPDATE rbac.membership SET valid_until = NULL WHERE user_id = '%s'", people_id(p, "member"));
    assert_status(accept(p, guest, i.token), 200);
    assert_string_equal(roles(p, "member"), "editor manager viewer");

    /* What would be inherited from then on is given, too: the porter holds no editor. */
    people_sql(p, "UPDATE rbac.membership SET inherit = true WHERE user_id = '%s'", people_id(p, "porter"));
    const struct answer *a = try_invite(p, host, "member", PEOPLE_VIEWER, ",\"inherit\":true");
    assert_status(a, 201);
    assert_problem(accept(p, guest, answer_text(a, "/token").ptr), 403, "invitation_no_longer_valid");
    a = try_invite(p, host, "fresh", PEOPLE_VIEWER, ",\"inherit\":true");
    assert_status(accept(p, people_new(p, "fresh", NULL, NULL), answer_text(a, "/token").ptr), 200);
    assert_int_equal(
        pg_count(&p->pg, people_text(p, "SELECT count(*) FROM rbac.membership WHERE inherit AND user_id = '%s'",
                                     people_id(p, "fresh"))),
        1);

    /* An owner's membership is an owner's to change. */
    i = invite(p, host, "elder", PEOPLE_VIEWER);
    assert_problem(accept(p, owner, i.token), 403, "invitation_no_longer_valid");
}

/* --- by a key --- */

static void test_keys(void **state) {
    struct people *p = *state;
    const char *owner = people_new(p, "automator", PEOPLE_ACME, "owner"), *guest = people_new(p, "robot", NULL, NULL);
    const struct answer *a = people_ask(p, "POST", "/api-keys", owner,
                                        "{\"name\":\"door\",\"permissions\":[\"rbac.add_invitation\",\"*.view_*\","
                                        "\"custom.view_*\"]}");
    assert_status(a, 201);
    const char *key = answer_text(a, "/secret").ptr, *path = people_text(p, "/api-keys/%s", answer_text(a, "/id").ptr);
    assert_problem(try_invite(p, key, "robot", PEOPLE_EDITOR, ""), 403, "grant_exceeds_own"); /* its user could */
    assert_problem(try_invite(p, key, "robot", PEOPLE_OWNER, ""), 403, "owners_only");
    struct invitation i = invite(p, key, "robot", PEOPLE_VIEWER);
    assert_problem(accept(p, key, i.token), 403, "not_by_api_key");
    assert_status(people_ask(p, "DELETE", path, owner, NULL), 204); /* and with it what it offered */
    assert_problem(accept(p, guest, i.token), 403, "invitation_no_longer_valid");
    assert_status(accept(p, guest, invite(p, owner, "robot", PEOPLE_EDITOR).token), 200);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_life),
        cmocka_unit_test(test_refused_bodies),
        cmocka_unit_test(test_where),
        cmocka_unit_test(test_within_own_rights),
        cmocka_unit_test(test_inviter_lost_rights),
        cmocka_unit_test(test_address),
        cmocka_unit_test(test_sign_up),
        cmocka_unit_test(test_tokens_that_are_none),
        cmocka_unit_test(test_twenty_at_once),
        cmocka_unit_test(test_guessing),
        cmocka_unit_test(test_membership_that_is_there),
        cmocka_unit_test(test_keys),
    };
    return cmocka_run_group_tests_name("invitations", tests, people_setup, people_teardown);
}
