/* SPDX-License-Identifier: MIT
 * test_people_attacks.c - attempts to gain rights, to use some that are gone, and to hinder others: what was found to
 * work once, and does no longer. */
#include "test.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

#include "db.h"
#include "people.h"

#define CHIEF \
    "rbac.view_user,rbac.change_user,rbac.view_role,rbac.add_role,rbac.change_role,rbac.delete_role," \
    "rbac.view_organization_membership,rbac.add_organization_membership,rbac.change_organization_membership," \
    "rbac.delete_organization_membership,rbac.view_field_permission,rbac.add_field_permission," \
    "rbac.change_field_permission,rbac.delete_field_permission,rbac.add_invitation,product.view_product"

static int setup(void **state) {
    int rc = people_setup(state);
    people_sql(*state, "INSERT INTO rbac.role (organization_id, name, permissions) VALUES ('" PEOPLE_ACME
                       "', 'chief', string_to_array('" CHIEF "', ',')), ('" PEOPLE_ACME
                       "', 'looker', '{product.view_product}'), ('" PEOPLE_ACME
                       "', 'spare', '{product.view_product}'), ('" PEOPLE_ACME "', 'other', '{product.view_product}')");
    return rc;
}

static const char *role(struct people *p, const char *name) {
    return pg_value(&p->pg, p->arena, people_text(p, "SELECT id FROM rbac.role WHERE name = '%s'", name)).ptr;
}

static void join(struct people *p, const char *name, const char *organization, const char *role_name) {
    people_sql(p,
               "INSERT INTO rbac.membership (user_id, organization_id, role_ids) SELECT u.id, '%s', ARRAY[r.id] "
               "FROM rbac.app_user u, rbac.role r WHERE u.username = '%s' AND r.name = '%s'",
               organization, name, role_name);
}

static void member(struct people *p, const char *name, const char *role_name) {
    people_add(p, name, NULL, NULL);
    join(p, name, PEOPLE_ACME, role_name);
}

static const char *membership_path(struct people *p, const char *name) {
    return people_text(
        p, "/api/v1/organization-memberships/%s",
        pg_value(&p->pg, p->arena,
                 people_text(p, "SELECT id FROM rbac.membership WHERE user_id = '%s'", people_id(p, name)))
            .ptr);
}

static const char *user_path(struct people *p, const char *name) {
    return people_text(p, "/users/%s", people_id(p, name));
}

/* ---- a request that waits for somebody else's transaction ---- */

static struct db *other(struct people *p) {
    const struct db_options options = {.url = p->pg.admin_url, .name = "other", .connect_timeout_ms = 5000};
    char why[DB_WHY];
    struct db *db;
    assert_ok(db_connect(&options, &db, why));
    return db;
}

static void run(struct db *db, const char *sql) {
    struct db_result *result = NULL;
    assert_ok(db_query(db, sql, NULL, 0, &result));
    db_result_free(result);
}

struct request {
    pthread_t thread;
    struct people *p;
    struct loopback_request what;
    const struct answer *answer;
    struct loopback *loopback;
    atomic_bool is_done;
};

static void *send(void *data) {
    struct request *r = data;
    r->answer = loopback_send(r->loopback, &r->what);
    atomic_store(&r->is_done, true);
    return NULL;
}

static void start(struct people *p, struct request *r, const char *method, const char *path, const char *token,
                  const char *body) {
    *r = (struct request){.p = p, .what = {.method = method, .path = path, .token = token, .body = body}};
    r->loopback = loopback_on(loopback_app(p->loopback)); /* a loopback is for one thread */
    assert_int_equal(pthread_create(&r->thread, NULL, send, r), 0);
}

static const struct answer *finish(struct request *r) {
    assert_int_equal(pthread_join(r->thread, NULL), 0);
    return r->answer;
}

/* Until it waits for a lock, or is answered; 3 seconds at most. */
static void until_it_waits(struct people *p, const struct request *r) {
    for (int i = 0; i < 300 && !atomic_load(&r->is_done); i++) {
        if (pg_count(&p->pg, "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
                             "AND usename = 'alees_app' AND wait_event_type = 'Lock'") > 0) {
            return;
        }
        nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
    }
}

#define LOCK_ACME "SELECT 1 FROM rbac.organization WHERE id = '" PEOPLE_ACME "' FOR NO KEY UPDATE"

/* The server has heard that rights are back. */
static void until_it_may(struct people *p, const char *token) {
    static const char can[] = "/rbac/can?permission=rbac.add_invitation&organization=" PEOPLE_ACME;
    for (int i = 0; i < 300; i++) {
        if (strstr(people_ask(p, "GET", can, token, NULL)->body.ptr, "\"allowed\":true")) {
            return;
        }
        nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
    }
    fail_msg("the rights are not back");
}

/* The writer's rights end while the request waits its turn. What takes away, names anew or narrows needs them no less
 * than what gives. */
static void test_rights_that_end_while_one_waits(void **state) {
    struct people *p = *state;
    member(p, "fallen", "chief");
    member(p, "victim", "looker");
    member(p, "newcomer", "looker");
    people_sql(
        p,
        "INSERT INTO rbac.field_permission (organization_id, role_id, resource, read_fields) VALUES ('" PEOPLE_ACME
        "', '%s', 'product.product', '{name,sku}')",
        role(p, "spare"));
    const char *token = people_token(p, "fallen"), *victim = membership_path(p, "victim");
    const char *spare = people_text(p, "/api/v1/roles/%s", role(p, "spare"));
    const char *fields = people_text(p, "/api/v1/field-permissions/%s",
                                     pg_value(&p->pg, p->arena, "SELECT id FROM rbac.field_permission").ptr);
    const struct {
        const char *method, *path, *body;
    } steps[] = {
        {"DELETE", victim, NULL},
        {"PATCH", victim, "{\"is_active\":false}"},
        {"PATCH", spare, "{\"description\":\"mine\"}"},
        {"PATCH", spare, "{\"permissions\":[]}"},
        {"DELETE", spare, NULL},
        {"POST", "/api/v1/roles", "{\"organization\":\"" PEOPLE_ACME "\",\"name\":\"late\"}"},
        {"PATCH", fields, "{\"read_fields\":[]}"},
        {"POST", "/api/v1/invitations",
         people_text(p, "{\"organization\":\"" PEOPLE_ACME "\",\"email\":\"late@example.com\",\"roles\":[\"%s\"]}",
                     role(p, "looker"))},
        {"PATCH", people_text(p, "/api/v1%s", user_path(p, "victim")), "{\"job_title\":\"none\"}"},
    };
    struct db *db = other(p);
    const char *fall = people_text(p, "UPDATE rbac.membership SET role_ids = ARRAY['%s'::uuid] WHERE user_id = '%s'",
                                   role(p, "looker"), people_id(p, "fallen"));
    const char *rise = people_text(p, "UPDATE rbac.membership SET role_ids = ARRAY['%s'::uuid] WHERE user_id = '%s'",
                                   role(p, "chief"), people_id(p, "fallen"));
    for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
        struct request r;
        until_it_may(p, token);
        run(db, "BEGIN");
        run(db, LOCK_ACME);
        start(p, &r, steps[i].method, steps[i].path, token, steps[i].body);
        until_it_waits(p, &r);
        run(db, fall);
        run(db, "COMMIT");
        const struct answer *a = finish(&r);
        if (a->status != 403) {
            print_error("%s %s %s\n", steps[i].method, steps[i].path, steps[i].body ? steps[i].body : "");
        }
        assert_problem(a, 403, "permission_denied");
        loopback_close(r.loopback);
        people_sql(p, "%s", rise);
    }
    db_close(db);
}

/* The role becomes wider, or reaches farther, while somebody waits to give or to widen it: what counts is what it is then. */
static void test_what_is_given_grows_while_one_waits(void **state) {
    struct people *p = *state;
    member(p, "patient", "chief");
    member(p, "pupil", "looker");
    member(p, "carrier", "spare");
    const char *token = people_token(p, "patient"), *pupil = membership_path(p, "pupil");
    const char *other_role = people_text(p, "{\"roles\":[\"%s\"]}", role(p, "other"));
    const char *spare = people_text(p, "/api/v1/roles/%s", role(p, "spare"));
    people_sql(
        p, "INSERT INTO rbac.field_permission (organization_id, role_id, resource, read_fields) SELECT '" PEOPLE_ACME
           "', id, 'product.product', '{name}' FROM rbac.role WHERE name IN ('chief', 'other')");
    const struct {
        const char *meanwhile, *method, *path, *body, *code, *back;
    } steps[] = {
        {"UPDATE rbac.role SET permissions = '{product.view_product,product.add_product}' WHERE name = 'other'",
         "PATCH", pupil, other_role, "grant_exceeds_own",
         "UPDATE rbac.role SET permissions = '{product.view_product}' WHERE name = 'other'"},
        {"DELETE FROM rbac.field_permission USING rbac.role r WHERE r.id = role_id AND r.name = 'other'", "PATCH",
         pupil, other_role, "grant_exceeds_own", "SELECT 1"},
        {"UPDATE rbac.membership SET inherit = true WHERE role_ids = (SELECT ARRAY[id] FROM rbac.role WHERE name = "
         "'spare')",
         "PATCH", spare, "{\"permissions\":[\"product.view_product\",\"rbac.view_role\"]}", "grant_exceeds_own",
         "SELECT 1"},
        {"UPDATE rbac.membership SET role_ids = (SELECT ARRAY[id] FROM rbac.role WHERE name = 'chief') || "
         "(SELECT ARRAY[id] FROM rbac.role WHERE name = 'spare') WHERE role_ids = (SELECT ARRAY[id] FROM rbac.role "
         "WHERE name = 'chief')",
         "PATCH", spare, "{\"permissions\":[\"product.view_product\",\"rbac.view_role\"]}", "own_rights", "SELECT 1"},
    };
    struct db *db = other(p);
    people_sql(p, "UPDATE rbac.membership SET role_ids = ARRAY['%s'::uuid] WHERE user_id = '%s'", role(p, "chief"),
               people_id(p, "patient"));
    for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
        struct request r;
        until_it_may(p, token);
        run(db, "BEGIN");
        run(db, LOCK_ACME);
        start(p, &r, steps[i].method, steps[i].path, token, steps[i].body);
        until_it_waits(p, &r);
        assert_false(atomic_load(&r.is_done));
        run(db, steps[i].meanwhile);
        run(db, "COMMIT");
        const struct answer *a = finish(&r);
        assert_problem(a, 403, steps[i].code);
        loopback_close(r.loopback);
        run(db, steps[i].back);
    }
    people_sql(p, "DELETE FROM rbac.field_permission");
    db_close(db);
}

/* Who may not change an account does not make others wait, nor waits for them: nothing is locked for the refusal. */
static void test_a_refusal_locks_nothing(void **state) {
    struct people *p = *state;
    member(p, "pusher", "chief");
    member(p, "abroad", "looker");
    people_join(p, "abroad", PEOPLE_GLOBEX, "viewer", false);
    struct db *db = other(p);
    struct request r;
    run(db, "BEGIN");
    run(db, "SELECT 1 FROM rbac.organization WHERE id = '" PEOPLE_GLOBEX "' FOR NO KEY UPDATE");
    start(p, &r, "PATCH", people_text(p, "/api/v1%s", user_path(p, "abroad")), people_token(p, "pusher"),
          "{\"job_title\":\"none\"}");
    until_it_waits(p, &r);
    bool has_waited = !atomic_load(&r.is_done);
    run(db, "COMMIT");
    assert_problem(finish(&r), 403, "permission_denied");
    loopback_close(r.loopback);
    db_close(db);
    assert_false(has_waited);
}

/* A role is being changed, or goes, while it is given, and whoever does that waits for the organization with the role in
 * hand: neither waits for the other. */
static void test_no_circle_about_a_role(void **state) {
    struct people *p = *state;
    member(p, "giver", "chief");
    member(p, "taker", "looker");
    struct db *db = other(p);
    struct request r;
    run(db, "BEGIN");
    run(db, "SELECT 1 FROM rbac.role WHERE name IN ('other', 'chief') FOR NO KEY UPDATE"); /* as PATCH and DELETE do */
    start(p, &r, "PATCH", membership_path(p, "taker"), people_token(p, "giver"),
          people_text(p, "{\"roles\":[\"%s\"]}", role(p, "other")));
    assert_status(finish(&r), 200);
    loopback_close(r.loopback);
    start(p, &r, "PATCH", membership_path(p, "taker"), people_token(p, "giver"),
          people_text(p, "{\"roles\":[\"%s\"]}", role(p, "spare")));
    assert_status(finish(&r), 200);
    loopback_close(r.loopback);
    run(db, "COMMIT");
    db_close(db);
}

/* Where there is a circle, one of the two is told to try again. */
static void test_a_deadlock_is_a_conflict(void **state) {
    struct people *p = *state;
    member(p, "giver2", "chief");
    member(p, "taker2", "looker");
    struct db *db = other(p);
    struct request r;
    run(db, "BEGIN");
    run(db, "SELECT 1 FROM rbac.role WHERE name = 'spare' FOR UPDATE");
    start(p, &r, "PATCH", membership_path(p, "taker2"), people_token(p, "giver2"),
          people_text(p, "{\"roles\":[\"%s\"]}", role(p, "spare")));
    until_it_waits(p, &r);
    run(db, LOCK_ACME); /* until PostgreSQL ends the other one */
    run(db, "COMMIT");
    assert_problem(finish(&r), 409, "conflict");
    loopback_close(r.loopback);
    db_close(db);
}

/* Somebody is switched off by a command while they become the owner in place of the last one. */
static void test_last_owner_and_an_account(void **state) {
    struct people *p = *state;
    people_add(p, "heir", PEOPLE_BERLIN, "viewer");
    const char *old = people_new(p, "testator", PEOPLE_BERLIN, "owner");
    struct db *db = other(p);
    struct request r;
    run(db, "BEGIN");
    run(db, "UPDATE rbac.app_user SET is_active = false WHERE username = 'heir'");
    start(p, &r, "PATCH", membership_path(p, "heir"), old, "{\"roles\":[\"" PEOPLE_OWNER "\"]}");
    until_it_waits(p, &r);
    if (atomic_load(&r.is_done)) {
        (void)people_ask(p, "PATCH", membership_path(p, "testator") + strlen("/api/v1"), old,
                         "{\"roles\":[\"" PEOPLE_VIEWER "\"]}");
    }
    run(db, "COMMIT");
    assert_status(finish(&r), 200);
    loopback_close(r.loopback);
    db_close(db);
    assert_problem(people_ask(p, "PATCH", membership_path(p, "testator") + strlen("/api/v1"), old,
                              "{\"roles\":[\"" PEOPLE_VIEWER "\"]}"),
                   409, "last_owner");
}

/* ---- accounts ---- */

/* Who belongs nowhere is nobody's but those who may change users everywhere; not even their own, but for the profile. */
static void test_who_belongs_nowhere(void **state) {
    struct people *p = *state;
    people_add(p, "leftover", NULL, NULL);
    const char *token = people_token(p, "leftover"), *path = user_path(p, "leftover");
    assert_status(people_ask(p, "PATCH", path, token, "{\"first_name\":\"Left\"}"), 200);
    assert_problem(people_ask(p, "PATCH", path, token, "{\"username\":\"acme head office\"}"), 403,
                   "permission_denied");
    assert_problem(people_ask(p, "PATCH", path, token, "{\"is_active\":true}"), 403, "permission_denied");
    assert_status(people_ask(p, "PATCH", path, people_token(p, "admin"), "{\"username\":\"renamed\"}"), 200);
}

static void test_addresses(void **state) {
    struct people *p = *state;
    const char *token = people_new(p, "poster", NULL, NULL), *path = user_path(p, "poster");
    static const char *const wrong[] = {"a\\n@b", "a b@example.com", "a@b@c", "@b", "a@", "a\\r\\nBcc: x@y.example"};
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        assert_problem(people_ask(p, "PATCH", path, token, people_text(p, "{\"email\":\"%s\"}", wrong[i])), 422,
                       "invalid");
    }
}

/* Nobody is taken for somebody else by a name in which there is more than one sees. */
static void test_names_that_look_like_others(void **state) {
    struct people *p = *state;
    const char *root = people_token(p, "admin");
    static const char *const names[] = {"admin\\u00a0", "adm\\u200bin", "\\u202enimda", "admin\\u0085"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        assert_problem(people_ask(p, "POST", "/users", root, people_text(p, "{\"username\":\"%s\"}", names[i])), 422,
                       "invalid");
        const struct answer *a = people_ask(p, "POST", "/invitations", root,
                                            "{\"organization\":\"" PEOPLE_ACME
                                            "\",\"email\":\"new@example.com\",\"roles\":[\"" PEOPLE_VIEWER "\"]}");
        assert_status(a, 201);
        assert_problem(people_ask(p, "POST", "/invitations/accept", NULL,
                                  people_text(p, "{\"token\":\"%s\",\"username\":\"%s\",\"password\":\"a long one\"}",
                                              answer_text(a, "/token").ptr, names[i])),
                       422, "bad_username");
    }
}

/* An API key takes an owner's rights from nobody, not from its own user either. */
static void test_a_key_ends_no_owner(void **state) {
    struct people *p = *state;
    people_add(p, "owner2", PEOPLE_ACME, "owner");
    const char *token = people_new(p, "owner1", PEOPLE_ACME, "owner");
    const struct answer *a =
        people_ask(p, "POST", "/api-keys", token,
                   "{\"name\":\"k\",\"permissions\":[\"rbac.change_organization_membership\","
                   "\"rbac.delete_organization_membership\",\"rbac.view_organization_membership\"]}");
    assert_status(a, 201);
    const char *key = answer_text(a, "/secret").ptr, *path = membership_path(p, "owner1") + strlen("/api/v1");
    assert_problem(people_ask(p, "PATCH", path, key, "{\"roles\":[\"" PEOPLE_VIEWER "\"]}"), 403, "owners_only");
    assert_problem(people_ask(p, "PATCH", path, key, "{\"valid_until\":\"2099-01-01T00:00:00Z\"}"), 403, "owners_only");
    assert_problem(people_ask(p, "DELETE", path, key, NULL), 403, "owners_only");
    assert_status(people_ask(p, "PATCH", path, token, "{\"roles\":[\"" PEOPLE_VIEWER "\"]}"), 200);
}

/* ---- what questions tell ---- */

/* A key that was made for one organization does not name the others. */
static void test_a_key_does_not_tell_where_else(void **state) {
    struct people *p = *state;
    const char *token = people_new(p, "traveller", PEOPLE_ACME, "viewer");
    people_join(p, "traveller", PEOPLE_GLOBEX, "viewer", false);
    people_soon(p, 200, "GET", "/products?organization=" PEOPLE_GLOBEX, token, NULL);
    const struct answer *a = people_ask(p, "POST", "/api-keys", token,
                                        "{\"name\":\"k\",\"permissions\":[\"product.view_product\"],"
                                        "\"organizations\":[\"" PEOPLE_GLOBEX "\"]}");
    assert_status(a, 201);
    const struct answer *own = people_ask(p, "GET", "/auth/me", token, NULL);
    const struct answer *me = people_ask(p, "GET", "/auth/me", answer_text(a, "/secret").ptr, NULL);
    assert_non_null(strstr(own->body.ptr, PEOPLE_ACME));
    assert_text(answer_text(me, "/memberships/0/organization/id"), PEOPLE_GLOBEX);
    assert_null(strstr(me->body.ptr, PEOPLE_ACME));
}

/* An explanation is no way to find out who the superusers are. */
static void test_superusers_are_not_found_out(void **state) {
    struct people *p = *state;
    const char *owner = people_new(p, "curious", PEOPLE_GLOBEX, "owner");
    static const char format[] = "{\"user\":\"%s\",\"permission\":\"product.view_product\",\"organization\":"
                                 "\"" PEOPLE_GLOBEX "\"}";
    const struct answer *known = people_ask(p, "POST", "/rbac/explain", owner, people_text(p, format, "admin"));
    const struct answer *unknown = people_ask(p, "POST", "/rbac/explain", owner, people_text(p, format, "nobody-ever"));
    assert_status(known, 200);
    assert_string_equal(known->body.ptr, unknown->body.ptr);
    static const char can[] = "/rbac/can?permission=product.view_product&organization=" PEOPLE_GLOBEX "&user=";
    known = people_ask(p, "GET", people_text(p, "%sadmin", can), owner, NULL);
    unknown = people_ask(p, "GET", people_text(p, "%snobody-ever", can), owner, NULL);
    assert_string_equal(known->body.ptr, unknown->body.ptr);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rights_that_end_while_one_waits),
        cmocka_unit_test(test_what_is_given_grows_while_one_waits),
        cmocka_unit_test(test_a_refusal_locks_nothing),
        cmocka_unit_test(test_no_circle_about_a_role),
        cmocka_unit_test(test_a_deadlock_is_a_conflict),
        cmocka_unit_test(test_last_owner_and_an_account),
        cmocka_unit_test(test_who_belongs_nowhere),
        cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_names_that_look_like_others),
        cmocka_unit_test(test_a_key_ends_no_owner),
        cmocka_unit_test(test_a_key_does_not_tell_where_else),
        cmocka_unit_test(test_superusers_are_not_found_out),
    };
    return cmocka_run_group_tests_name("people_attacks", tests, setup, people_teardown);
}
