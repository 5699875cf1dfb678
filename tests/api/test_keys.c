/* SPDX-License-Identifier: MIT
 * test_keys.c - API keys: made within what their user may do, and never more than that at the moment they are used. */
#include "test.h"

#include <pthread.h>
#include <string.h>
#include <time.h>

#include "cred.h"
#include "people.h"

#define VIEW "\"product.view_product\""

struct key {
    const char *path, *secret;
};

static const struct answer *try_key(struct people *p, const char *token, const char *permissions, const char *more) {
    const char *body = people_text(p, "{\"name\":\"a key\",\"permissions\":[%s]%s}", permissions, more);
    return people_ask(p, "POST", "/api-keys", token, body);
}

static struct key make_key(struct people *p, const char *token, const char *permissions, const char *more) {
    const struct answer *a = try_key(p, token, permissions, more);
    assert_status(a, 201);
    return (struct key){people_text(p, "/api-keys/%s", answer_text(a, "/id").ptr), answer_text(a, "/secret").ptr};
}

static uint32_t status(struct people *p, const char *method, const char *path, const char *token) {
    return people_ask(p, method, path, token, NULL)->status;
}

/* How many products of the tests a list shows, and that each is of this organization (NULL: of any). */
static uint32_t rows_of(struct people *p, const char *token, const char *organization) {
    const struct answer *a = people_ask(p, "GET", "/products?name=bolt&page_size=200", token, NULL);
    assert_status(a, 200);
    uint32_t count = jx_size(answer_at(a, "/results"));
    for (uint32_t i = 0; organization && i < count; i++) {
        assert_text(answer_text(a, people_text(p, "/results/%u/organization", i)), organization);
    }
    return count;
}

static const char *product(struct people *p, const char *organization) {
    const struct answer *unit = people_ask(p, "GET", "/units-of-measure?code=EA", people_token(p, "admin"), NULL);
    return people_text(p,
                       "{\"name\":\"bolt\",\"sku\":\"K-%zu\",\"product_type\":\"SERVICE\",\"base_uom\":\"%s\","
                       "\"organization\":\"%s\"}",
                       arena_used(p->arena), answer_text(unit, "/results/0/id").ptr, organization);
}

/* --- made, shown, changed, ended --- */

static void test_life(void **state) {
    struct people *p = *state;
    const char *token = people_new(p, "maker", PEOPLE_ACME, "manager");
    const struct answer *a = try_key(p, token, VIEW ",\"product.add_*\"", ",\"organizations\":[\"" PEOPLE_ACME "\"]");
    assert_status(a, 201);
    const char *secret = answer_text(a, "/secret").ptr, *id = answer_text(a, "/id").ptr;
    const char *path = people_text(p, "/api-keys/%s", id);
    assert_int_equal(strlen(secret), strlen("alees_key_") + 43);
    assert_int_equal(strncmp(secret, answer_text(a, "/prefix").ptr, 16), 0);
    assert_int_equal(answer_text(a, "/prefix").len, 16);
    assert_text(answer_text(a, "/user"), people_id(p, "maker"));
    assert_text(answer_text(a, "/created_by"), people_id(p, "maker"));
    assert_int_equal(jx_size(answer_at(a, "/permissions")), 4); /* the pattern was three names */
    assert_text(answer_text(a, "/organizations/0"), PEOPLE_ACME);
    assert_int_equal(jx_kind(answer_at(a, "/last_used_at")), ALEES_JSON_NULL);

    a = people_ask(p, "GET", path, token, NULL); /* the same row, without the secret */
    assert_status(a, 200);
    assert_null(answer_at(a, "/secret"));
    assert_null(answer_at(a, "/hash"));
    assert_text(answer_text(a, "/name"), "a key");
    assert_int_equal(jx_size(answer_at(a, "/permissions")), 4);
    assert_text(answer_text(a, "/organizations/0"), PEOPLE_ACME);
    assert_int_equal(jx_size(answer_at(people_ask(p, "GET", "/api-keys", token, NULL), "/results")), 1);
    assert_int_equal(pg_count(&p->pg, people_text(p, "SELECT count(*) FROM rbac.api_key k WHERE k::text LIKE '%%%s%%'",
                                                  secret + 17)),
                     0);

    assert_status(people_ask(p, "PATCH", path, token, "{\"name\":\"another\"}"), 200);
    assert_text(answer_text(people_ask(p, "GET", path, token, NULL), "/name"), "another");
    assert_problem(people_ask(p, "PATCH", path, token, "{\"permissions\":[]}"), 400, "read_only_field");
    assert_problem(people_ask(p, "PATCH", path, token, "{\"expires_at\":null}"), 400, "read_only_field");

    assert_int_equal(status(p, "GET", "/products", secret), 200);
    assert_status(people_ask(p, "DELETE", path, token, NULL), 204);
    assert_problem(people_ask(p, "GET", "/products", secret, NULL), 401, "unauthenticated"); /* at once */
    assert_status(people_ask(p, "GET", path, token, NULL), 404);
}

static void test_refused_bodies(void **state) {
    struct people *p = *state;
    const char *token = people_new(p, "careless", PEOPLE_ACME, "owner");
    assert_problem(try_key(p, token, "\"product.no_such\"", ""), 422, "unknown_permission");
    assert_problem(try_key(p, token, "\"nothing.*\"", ""), 422, "unknown_permission");
    assert_status(try_key(p, token, "", ""), 422);
    assert_status(try_key(p, token, VIEW, ",\"organizations\":[]"), 422);
    assert_status(try_key(p, token, VIEW, ",\"organizations\":[\"x\"]"), 422);
    assert_problem(try_key(p, token, VIEW, ",\"expires_at\":\"2020-01-01T00:00:00Z\""), 422, "bad_expiry");
    assert_status(people_ask(p, "POST", "/api-keys", token, "{\"permissions\":[" VIEW "]}"), 422);
    assert_status(people_ask(p, "POST", "/api-keys", token, "{\"name\":\"x\"}"), 422);
    assert_status(people_ask(p, "POST", "/api-keys", NULL, "{\"name\":\"x\"}"), 401);
}

/* --- no wider than its user --- */

static void test_within_own_rights(void **state) {
    struct people *p = *state;
    const char *token = people_new(p, "looker", PEOPLE_ACME, "viewer");
    const struct answer *a = try_key(p, token, VIEW ",\"product.add_product\"", "");
    assert_problem(a, 403, "grant_exceeds_own");
    assert_non_null(strstr(answer_text(a, "/detail").ptr, "product.add_product"));
    assert_null(strstr(answer_text(a, "/detail").ptr, "product.view_product"));
    assert_problem(try_key(p, token, "\"*\"", ""), 403, "grant_exceeds_own");
    assert_status(try_key(p, token, "\"*.view_*\"", ""), 201); /* what the role viewer is made of */
    assert_status(try_key(p, token, VIEW, ",\"organizations\":[\"" PEOPLE_ACME "\"]"), 201);

    /* A foreign organization and one that nobody has: the same answer, and neither beside one's own. */
    const struct answer *foreign = try_key(p, token, VIEW, ",\"organizations\":[\"" PEOPLE_GLOBEX "\"]");
    const struct answer *unknown = try_key(p, token, VIEW, ",\"organizations\":[\"" PEOPLE_NOWHERE "\"]");
    assert_problem(foreign, 403, "grant_exceeds_own");
    assert_string_equal(people_stable(p, foreign), people_stable(p, unknown));
    assert_problem(try_key(p, token, VIEW, ",\"organizations\":[\"" PEOPLE_ACME "\",\"" PEOPLE_GLOBEX "\"]"), 403,
                   "grant_exceeds_own");
    assert_problem(try_key(p, token, VIEW, ",\"organizations\":[\"" PEOPLE_BERLIN "\"]"), 403, "grant_exceeds_own");
    assert_problem(try_key(p, people_new(p, "outsider", NULL, NULL), VIEW, ""), 403, "grant_exceeds_own");
}

static void test_intersection_everywhere(void **state) {
    struct people *p = *state;
    const char *token = people_new(p, "busy", PEOPLE_ACME, "manager");
    people_join(p, "busy", PEOPLE_GLOBEX, "manager", false);
    people_soon(p, 200, "GET", "/products?organization=" PEOPLE_GLOBEX, token, NULL);
    assert_status(people_ask(p, "POST", "/products", token, product(p, PEOPLE_ACME)), 201);
    assert_status(people_ask(p, "POST", "/products", token, product(p, PEOPLE_GLOBEX)), 201);
    assert_status(
        people_ask(p, "POST", "/contacts", token, "{\"first_name\":\"Ann\",\"organization\":\"" PEOPLE_ACME "\"}"),
        201);
    struct key all = make_key(p, token, "\"product.*\"", "");
    struct key reader = make_key(p, token, VIEW, ",\"organizations\":[\"" PEOPLE_GLOBEX "\"]");
    const uint32_t both = rows_of(p, token, NULL), globex = rows_of(p, reader.secret, PEOPLE_GLOBEX);
    assert_int_equal(rows_of(p, all.secret, NULL), both);
    assert_true(globex > 0 && globex < both);
    assert_status(people_ask(p, "POST", "/products", all.secret, product(p, PEOPLE_ACME)), 201);
    assert_status(people_ask(p, "POST", "/products", reader.secret, product(p, PEOPLE_GLOBEX)), 403);
    assert_status(people_ask(p, "POST", "/products", reader.secret, product(p, PEOPLE_ACME)), 403);

    /* A row that its user may see and the key may not is not there. */
    const struct answer *a = people_ask(p, "GET", "/products?organization=" PEOPLE_ACME, token, NULL);
    const char *acme = people_text(p, "/products/%s", answer_text(a, "/results/0/id").ptr);
    assert_int_equal(status(p, "GET", acme, all.secret), 200);
    assert_problem(people_ask(p, "GET", acme, reader.secret, NULL), 404, "not_found");
    assert_status(people_ask(p, "DELETE", acme, reader.secret, NULL), 404);
    a = people_ask(p, "GET", "/contacts", reader.secret, NULL); /* of another resource: nothing */
    assert_status(a, 200);
    assert_int_equal(jx_size(answer_at(a, "/results")), 0);
    assert_int_equal(jx_size(answer_at(people_ask(p, "GET", "/contacts", all.secret, NULL), "/results")), 0);
    assert_true(jx_size(answer_at(people_ask(p, "GET", "/contacts", token, NULL), "/results")) > 0);
}

static void test_user_loses_rights(void **state) {
    struct people *p = *state;
    const char *token = people_new(p, "demoted", PEOPLE_ACME, "manager");
    const char *list = "/products?organization=" PEOPLE_ACME;
    struct key key = make_key(p, token, "\"product.*\"", "");
    assert_status(people_ask(p, "POST", "/products", key.secret, product(p, PEOPLE_ACME)), 201);
    people_sql(p, "UPDATE rbac.membership SET role_ids = ARRAY['" PEOPLE_VIEWER "'::uuid] WHERE user_id = '%s'",
               people_id(p, "demoted"));
    people_soon(p, 403, "POST", "/products", token, product(p, PEOPLE_ACME));
    assert_status(people_ask(p, "POST", "/products", key.secret, product(p, PEOPLE_ACME)), 403);
    assert_int_equal(status(p, "GET", list, key.secret), 200);
    people_sql(p, "UPDATE rbac.app_user SET is_active = false WHERE id = '%s'", people_id(p, "demoted"));
    people_soon(p, 401, "GET", list, key.secret, NULL);
    people_sql(p, "UPDATE rbac.app_user SET is_active = true WHERE id = '%s'", people_id(p, "demoted"));
    people_soon(p, 200, "GET", list, key.secret, NULL);
    people_sql(p, "DELETE FROM rbac.app_user WHERE username = 'demoted'");
    people_soon(p, 401, "GET", list, key.secret, NULL);
    assert_int_equal(status(p, "GET", list, token), 401);
}

static void test_key_of_a_superuser(void **state) {
    struct people *p = *state;
    const char *admin = people_token(p, "admin"), *type = "{\"name\":\"Guild\"}";
    struct key reader = make_key(p, admin, VIEW, ""), wide = make_key(p, admin, "\"*\"", "");
    struct key acme = make_key(p, admin, "\"*\"", ",\"organizations\":[\"" PEOPLE_ACME "\"]");
    assert_status(people_ask(p, "POST", "/products", admin, product(p, PEOPLE_ACME)), 201);
    assert_status(people_ask(p, "POST", "/products", admin, product(p, PEOPLE_GLOBEX)), 201);
    assert_int_equal(rows_of(p, reader.secret, NULL), rows_of(p, admin, NULL)); /* in all organizations, to look only */
    assert_status(people_ask(p, "POST", "/products", reader.secret, product(p, PEOPLE_ACME)), 403);
    assert_status(people_ask(p, "POST", "/organization-types", reader.secret, type), 403);
    assert_status(people_ask(p, "POST", "/organization-types", wide.secret, type), 201);
    assert_true(rows_of(p, acme.secret, PEOPLE_ACME) > 0);
    assert_status(people_ask(p, "POST", "/products", acme.secret, product(p, PEOPLE_GLOBEX)), 403);
    assert_status(people_ask(p, "POST", "/organization-types", acme.secret, "{\"name\":\"Order\"}"), 403);
    people_add(p, "climber", PEOPLE_ACME, "viewer"); /* what only superusers may, no key may */
    const char *climber = people_text(p, "/users/%s", people_id(p, "climber"));
    uint32_t refused = people_ask(p, "PATCH", climber, wide.secret, "{\"is_superuser\":true}")->status;
    assert_true(refused == 403 || refused == 400);
}

static void test_what_no_key_may(void **state) {
    struct people *p = *state;
    const char *token = people_new(p, "principal", PEOPLE_ACME, "owner");
    struct key key = make_key(p, token, "\"*\"", "");
    assert_problem(try_key(p, key.secret, VIEW, ""), 403, "not_by_api_key");
    assert_problem(people_ask(p, "GET", "/api-keys", key.secret, NULL), 403, "not_by_api_key");
    assert_problem(people_ask(p, "GET", key.path, key.secret, NULL), 403, "not_by_api_key");
    assert_problem(people_ask(p, "DELETE", key.path, key.secret, NULL), 403, "not_by_api_key");
    assert_problem(people_ask(p, "GET", "/auth/tokens", key.secret, NULL), 403, "not_by_api_key");
    assert_problem(people_ask(p, "POST", "/auth/logout", key.secret, NULL), 403, "not_by_api_key");
    assert_problem(people_ask(p, "POST", "/auth/password", key.secret,
                              "{\"current_password\":\"" PEOPLE_PASSWORD "\",\"new_password\":\"another-password\"}"),
                   403, "not_by_api_key");
    assert_int_equal(status(p, "GET", "/auth/me", key.secret), 200);
}

/* --- its end --- */

static void test_expiry(void **state) {
    struct people *p = *state;
    const char *token = people_new(p, "hasty", PEOPLE_ACME, "viewer");
    alees_str soon =
        pg_value(&p->pg, p->arena,
                 "SELECT to_char((now() + interval '900 ms') AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')");
    struct key key = make_key(p, token, VIEW, people_text(p, ",\"expires_at\":\"%s\"", soon.ptr));
    struct key other = make_key(p, token, VIEW, ",\"expires_at\":\"2099-01-01T00:00:00Z\"");
    assert_int_equal(status(p, "GET", "/products", key.secret), 200);
    assert_int_equal(status(p, "GET", "/products", other.secret), 200);
    nanosleep(&(struct timespec){1, 0}, NULL);
    assert_problem(people_ask(p, "GET", "/products", key.secret, NULL), 401, "unauthenticated");
    people_sql(p, "UPDATE rbac.api_key SET expires_at = now() WHERE id = '%s'", strrchr(other.path, '/') + 1);
    people_soon(p, 401, "GET", "/products", other.secret, NULL);
}

static void test_password_change(void **state) {
    struct people *p = *state;
    const char *token = people_new(p, "worried", PEOPLE_ACME, "viewer"), *second = people_token(p, "worried");
    struct key key = make_key(p, token, VIEW, "");
    assert_status(people_ask(p, "POST", "/auth/password", token,
                             "{\"current_password\":\"" PEOPLE_PASSWORD "\",\"new_password\":\"another-password\"}"),
                  204);
    assert_int_equal(status(p, "GET", "/auth/me", token), 401);
    assert_int_equal(status(p, "GET", "/auth/me", second), 401);
    assert_int_equal(status(p, "GET", "/products", key.secret), 200); /* programs go on */
}

static void test_no_key(void **state) {
    struct people *p = *state;
    struct key key = make_key(p, people_new(p, "typist", PEOPLE_ACME, "viewer"), VIEW, "");
    char *wrong = arena_dup(p->arena, key.secret, strlen(key.secret) + 1);
    size_t last = strlen(wrong) - 1;
    assert_int_equal(status(p, "GET", "/products", key.secret), 200);
    wrong[last - 1] = wrong[last - 1] == 'A' ? 'B' : 'A';
    assert_problem(people_ask(p, "GET", "/products", wrong, NULL), 401, "unauthenticated");
    wrong[last] = '\0';
    assert_problem(people_ask(p, "GET", "/products", wrong, NULL), 401, "unauthenticated");
    assert_problem(people_ask(p, "GET", "/products", "alees_key_", NULL), 401, "unauthenticated");
}

/* --- whose it is, how many --- */

static void test_others(void **state) {
    struct people *p = *state;
    const char *token = people_new(p, "keeper", PEOPLE_ACME, "viewer"),
               *other = people_new(p, "thief", PEOPLE_ACME, "owner");
    const char *admin = people_token(p, "admin");
    struct key key = make_key(p, token, VIEW, "");
    assert_problem(people_ask(p, "GET", key.path, other, NULL), 404, "not_found");
    assert_status(people_ask(p, "PATCH", key.path, other, "{\"name\":\"mine\"}"), 404);
    assert_status(people_ask(p, "DELETE", key.path, other, NULL), 404);
    assert_int_equal(jx_size(answer_at(people_ask(p, "GET", "/api-keys", other, NULL), "/results")), 0);
    const char *list = people_text(p, "/api-keys?user=%s", people_id(p, "keeper"));
    assert_int_equal(jx_size(answer_at(people_ask(p, "GET", list, admin, NULL), "/results")), 1);
    assert_int_equal(jx_size(answer_at(people_ask(p, "GET", list, other, NULL), "/results")), 0);
    assert_status(people_ask(p, "DELETE", key.path, admin, NULL), 204);
    assert_int_equal(status(p, "GET", "/products", key.secret), 401);
}

static void test_as_many_as_allowed(void **state) {
    struct people *p = *state;
    const char *token = people_new(p, "collector", PEOPLE_ACME, "viewer");
    people_sql(p,
               "INSERT INTO rbac.api_key (id, user_id, name, prefix, hash, permissions) SELECT alees.new_id(), '%s', "
               "'old', 'alees_key_abcdef', sha256(convert_to('collector' || n, 'UTF8')), '{product.view_product}' "
               "FROM generate_series(1, 49) n",
               people_id(p, "collector"));
    struct key key = make_key(p, token, VIEW, "");
    assert_problem(try_key(p, token, VIEW, ""), 409, "too_many_api_keys");
    assert_status(people_ask(p, "DELETE", key.path, token, NULL), 204);
    assert_status(try_key(p, token, VIEW, ""), 201);
}

struct maker {
    pthread_t thread;
    struct people *p;
    const char *token;
    uint32_t status;
};

static void *make_one(void *data) {
    struct maker *m = data;
    struct loopback *own =
        loopback_on(loopback_app(m->p->loopback)); /* the same server; a loopback is for one thread */
    m->status =
        loopback_request(own, "POST", "/api/v1/api-keys", m->token, "{\"name\":\"x\",\"permissions\":[" VIEW "]}")
            ->status;
    loopback_close(own);
    return NULL;
}

static void test_the_last_one_for_many(void **state) {
    enum { MAKERS = 8 };
    struct people *p = *state;
    struct maker makers[MAKERS];
    uint32_t made = 0;
    const char *token = people_new(p, "hoarder", PEOPLE_ACME, "viewer");
    people_sql(p,
               "INSERT INTO rbac.api_key (id, user_id, name, prefix, hash, permissions) SELECT alees.new_id(), '%s', "
               "'old', 'alees_key_abcdef', sha256(convert_to('hoarder' || n, 'UTF8')), '{product.view_product}' "
               "FROM generate_series(1, 49) n",
               people_id(p, "hoarder"));
    for (size_t i = 0; i < MAKERS; i++) {
        makers[i] = (struct maker){.p = p, .token = token};
        assert_int_equal(pthread_create(&makers[i].thread, NULL, make_one, &makers[i]), 0);
    }
    for (size_t i = 0; i < MAKERS; i++) {
        assert_int_equal(pthread_join(makers[i].thread, NULL), 0);
        made += makers[i].status == 201;
        assert_true(makers[i].status == 201 || makers[i].status == 409);
    }
    assert_int_equal(made, 1);
}

static void test_last_use(void **state) {
    struct people *p = *state;
    struct key key = make_key(p, people_new(p, "user-of-keys", PEOPLE_ACME, "viewer"), VIEW, "");
    const char *sql =
        people_text(p, "SELECT last_used_at::text FROM rbac.api_key WHERE id = '%s'", strrchr(key.path, '/') + 1);
    assert_null(pg_value(&p->pg, p->arena, sql).ptr);
    assert_int_equal(status(p, "GET", "/products", key.secret), 200);
    const char *first = pg_value(&p->pg, p->arena, sql).ptr;
    assert_non_null(first);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(status(p, "GET", "/products", key.secret), 200);
    }
    assert_string_equal(pg_value(&p->pg, p->arena, sql).ptr, first); /* not with each request */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_life),
        cmocka_unit_test(test_refused_bodies),
        cmocka_unit_test(test_within_own_rights),
        cmocka_unit_test(test_intersection_everywhere),
        cmocka_unit_test(test_user_loses_rights),
        cmocka_unit_test(test_key_of_a_superuser),
        cmocka_unit_test(test_what_no_key_may),
        cmocka_unit_test(test_expiry),
        cmocka_unit_test(test_password_change),
        cmocka_unit_test(test_no_key),
        cmocka_unit_test(test_others),
        cmocka_unit_test(test_as_many_as_allowed),
        cmocka_unit_test(test_the_last_one_for_many),
        cmocka_unit_test(test_last_use),
    };
    return cmocka_run_group_tests_name("keys", tests, people_setup, people_teardown);
}
