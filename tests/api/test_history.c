/* SPDX-License-Identifier: MIT
 * test_history.c - the history of a row: what an answer looks like, that values look as GET shows them, pages, who is told
 * what, and that nothing is told which GET would not tell. With a field of every type from tests/plugins/types.c. */
#include "world.h"

enum { ADMIN, ACME_MANAGER, ACME_VIEWER, GLOBEX_MANAGER, BOTH, NOBODY };

#define UNKNOWN_ID "01930000-0000-7000-8000-00000000ffff"
#define VIEWER "00000000-0000-7000-8000-000000000004"

static const struct answer *send(struct world *w, size_t user, const char *request_id, const char *method,
                                 const char *path, const char *body) {
    return loopback_send(w->loopback, &(struct loopback_request){.method = method,
                                                                 .path = path,
                                                                 .token = w->tokens[user],
                                                                 .body = body,
                                                                 .headers = {{"X-Request-Id", request_id}}});
}

static const struct answer *get(struct world *w, size_t user, const char *path) {
    const struct answer *a = world_ask(w, user, "GET", path, NULL);
    world_must(a, 200, user, path);
    return a;
}

/* Creates a row as the admin; its path. */
static const char *made(struct world *w, const char *list, const char *body) {
    const struct answer *a = world_ask(w, ADMIN, "POST", list, body);
    world_must(a, 201, ADMIN, body);
    return world_text(w, "%s/%.*s", list, STR_FMT(answer_text(a, "/id")));
}

static const char *in_acme(struct world *w, const char *members) {
    return world_text(w, "{\"organization\":\"%s\",%s}", world_organizations[WORLD_ACME].id, members);
}

static uint32_t entries(const struct answer *a) {
    assert_status(a, 200);
    return jx_size(answer_at(a, "/results"));
}

static const char *user_id(struct world *w, size_t user) {
    const char *sql = world_text(w, "SELECT id FROM rbac.app_user WHERE username = '%s'", world_users[user].name);
    return pg_value(&w->pg, w->arena, sql).ptr;
}

static void test_of_a_row(void **state) {
    struct world *w = *state;
    const struct answer *a = send(w, ACME_MANAGER, "history-1", "POST", "/api/v1/contacts",
                                  "{\"first_name\":\"Ada\",\"last_name\":\"Before\",\"tags\":[\"a b\",\"c\"]}");
    assert_status(a, 201);
    const char *path = world_text(w, "/api/v1/contacts/%.*s", STR_FMT(answer_text(a, "/id")));
    const char *url = world_text(w, "%s/history", path);
    assert_status(send(w, ACME_MANAGER, "history-2", "PATCH", path, "{\"last_name\":\"After \\\"x\\\" \\\\ é\"}"), 200);
    assert_status(send(w, ACME_MANAGER, "history-3", "PATCH", path, "{\"last_name\":\"After \\\"x\\\" \\\\ é\"}"), 200);
    assert_problem(send(w, ACME_VIEWER, "history-4", "DELETE", path, NULL), 403, "permission_denied");
    pg_exec(&w->pg, world_text(w, "UPDATE contact.contact SET version = version + 1 WHERE last_name LIKE 'After%%'"));
    a = get(w, ACME_VIEWER, url); /* without any permission of the audit trail */
    assert_int_equal(entries(a), 2);
    assert_int_equal(jx_size(a->json), 3);
    assert_int_equal(jx_kind(answer_at(a, "/next")), ALEES_JSON_NULL);
    assert_int_equal(jx_kind(answer_at(a, "/previous")), ALEES_JSON_NULL);
    assert_int_equal(jx_size(answer_at(a, "/results/0")), 7);
    assert_text(answer_text(a, "/results/0/action"), "update");
    assert_text(answer_text(a, "/results/0/request_id"), "history-2");
    assert_text(answer_text(a, "/results/0/user"), user_id(w, ACME_MANAGER));
    assert_int_equal(jx_kind(answer_at(a, "/results/0/key")), ALEES_JSON_NULL);
    assert_int_equal(answer_text(a, "/results/0/at").len, strlen("2026-11-22T14:05:00.123456Z"));
    assert_int_equal(jx_size(answer_at(a, "/results/0/changes")), 1);
    assert_text(answer_text(a, "/results/0/changes/last_name/before"), "Before");
    assert_text(answer_text(a, "/results/0/changes/last_name/after"), "After \"x\" \\ é");
    assert_text(answer_text(a, "/results/1/action"), "create");
    assert_int_equal(jx_kind(answer_at(a, "/results/1/changes/tags/before")), ALEES_JSON_NULL);
    assert_text(answer_text(a, "/results/1/changes/tags/after/0"), "a b");
    assert_text(answer_text(a, "/results/1/changes/organization/after"), world_organizations[WORLD_ACME].id);
    assert_null(strstr(a->body.ptr, "created_at"));
    /* Gone for GET, not for those who saw it. */
    assert_status(send(w, ACME_MANAGER, "history-5", "DELETE", world_text(w, "%s?permanent=true", path), NULL), 204);
    assert_problem(world_ask(w, ACME_VIEWER, "GET", path, NULL), 404, "not_found");
    a = get(w, ACME_VIEWER, url);
    assert_int_equal(entries(a), 3);
    assert_text(answer_text(a, "/results/0/action"), "delete");
    assert_text(answer_text(a, "/results/0/changes/first_name/before"), "Ada");
    assert_int_equal(jx_kind(answer_at(a, "/results/0/changes/first_name/after")), ALEES_JSON_NULL);
    assert_problem(world_ask(w, GLOBEX_MANAGER, "GET", url, NULL), 404, "not_found");
    assert_problem(world_ask(w, NOBODY, "GET", url, NULL), 404, "not_found");
}

/* Every type, before and after: the same text as GET has it. */
static void test_values_are_those_of_get(void **state) {
    static const char *const bodies[] = {
        "\"name\":\"a\",\"note\":\"line\\nnext \\u0001 \\\"q\\\" {[,]}\",\"size\":-3,\"price\":\"12.50\",\"since\":"
        "\"2026-11-22\",\"at\":\"2026-11-22T14:05:00.1Z\",\"key\":\"" UNKNOWN_ID "\",\"sold\":false,\"status\":"
        "\"draft\",\"tags\":[\"a,b\",\"\\\"\",\"{}\",\"null\"],\"attributes\":{\"w\":0.1,\"n\":1234567890123456789,"
        "\"deep\":[{\"before\":1},\"}\"]}",
        "\"name\":\"b\",\"note\":\"\",\"size\":2147483647,\"price\":\"0.0000001\",\"since\":\"0001-01-01\",\"at\":"
        "\"2026-11-22T14:05:00Z\",\"key\":null,\"sold\":true,\"status\":\"active\",\"tags\":[],\"attributes\":{}",
        "\"name\":\"c\",\"note\":null,\"size\":null,\"price\":\"100000000000000000000000000001.10\",\"since\":null,"
        "\"at\":\"1999-12-31T23:59:59.999999Z\",\"sold\":null,\"status\":null,\"tags\":null,\"attributes\":null"};
    struct world *w = *state;
    const struct resource *r = catalogue_resource(w->catalogue, "types.thing");
    const struct answer *shown[ARRAY_LEN(bodies)], *a;
    const char *path = made(w, "/api/v1/things", in_acme(w, bodies[0]));
    for (size_t i = 0; i < ARRAY_LEN(bodies); i++) {
        a = world_ask(w, ADMIN, "PATCH", path, world_text(w, "{%s}", bodies[i]));
        world_must(a, 200, ADMIN, bodies[i]);
        shown[i] = get(w, ACME_VIEWER, path);
    }
    a = get(w, ACME_VIEWER, world_text(w, "%s/history", path));
    assert_int_equal(entries(a), 3);
    uint32_t compared = 0;
    for (uint32_t entry = 0; entry < 3; entry++) {
        for (uint32_t i = 0; i < r->field_count; i++) {
            const char *name = r->fields[i].decl->name, *sides[] = {"after", "before"};
            for (uint32_t side = 0; side < 2; side++) {
                const alees_json *value =
                    answer_at(a, world_text(w, "/results/%u/changes/%s/%s", entry, name, sides[side]));
                if (value != NULL && entry + side < 3) {
                    const alees_json *now = answer_at(shown[2 - entry - side], world_text(w, "/%s", name));
                    if (!jx_is_equal(value, now)) {
                        fail_msg("%s of entry %u: %.*s", name, entry, STR_FMT(a->body));
                    }
                    compared++;
                }
            }
        }
    }
    assert_true(compared > 40);
    /* Numbers as they stand, not as a double has them. */
    assert_non_null(strstr(a->body.ptr, "\"price\":{\"before\":null,\"after\":\"12.50\"}"));
    assert_non_null(strstr(a->body.ptr, "\"after\":\"100000000000000000000000000001.10\""));
    assert_non_null(strstr(a->body.ptr, "\"n\": 1234567890123456789"));
    assert_non_null(strstr(a->body.ptr, "\"at\":{\"before\":null,\"after\":\"2026-11-22T14:05:00.100000Z\"}"));
}

static void test_pages(void **state) {
    struct world *w = *state;
    const char *path = made(w, "/api/v1/contacts", in_acme(w, "\"first_name\":\"n0\""));
    const char *other = made(w, "/api/v1/contacts", in_acme(w, "\"first_name\":\"other\""));
    for (uint32_t i = 1; i < 7; i++) {
        world_must(world_ask(w, ADMIN, "PATCH", path, world_text(w, "{\"first_name\":\"n%u\"}", i)), 200, ADMIN, path);
    }
    const struct answer *first = get(w, ACME_VIEWER, world_text(w, "%s/history?page_size=3", path));
    assert_int_equal(entries(first), 3);
    assert_text(answer_text(first, "/results/0/changes/first_name/after"), "n6");
    assert_int_equal(jx_kind(answer_at(first, "/previous")), ALEES_JSON_NULL);
    alees_str next = answer_text(first, "/next");
    assert_memory_equal(next.ptr, path, strlen(path));
    const struct answer *second = get(w, ACME_VIEWER, world_text(w, "%.*s", STR_FMT(next)));
    assert_int_equal(entries(second), 3);
    assert_text(answer_text(second, "/results/0/changes/first_name/after"), "n3");
    const struct answer *third = get(w, ACME_VIEWER, world_text(w, "%.*s", STR_FMT(answer_text(second, "/next"))));
    assert_int_equal(entries(third), 1);
    assert_text(answer_text(third, "/results/0/action"), "create");
    assert_int_equal(jx_kind(answer_at(third, "/next")), ALEES_JSON_NULL);
    const struct answer *back = get(w, ACME_VIEWER, world_text(w, "%.*s", STR_FMT(answer_text(third, "/previous"))));
    assert_int_equal(entries(back), 3);
    assert_text(answer_text(back, "/results/0/changes/first_name/after"), "n3");
    assert_text(answer_text(back, "/results/2/changes/first_name/after"), "n1");
    back = get(w, ACME_VIEWER, world_text(w, "%.*s", STR_FMT(answer_text(back, "/previous"))));
    assert_text(answer_text(back, "/results/0/changes/first_name/after"), "n6");
    assert_int_equal(jx_kind(answer_at(back, "/previous")), ALEES_JSON_NULL);
    /* A cursor is of this user and this row. */
    const char *cursor = strstr(next.ptr, "cursor=");
    assert_problem(world_ask(w, ACME_MANAGER, "GET", world_text(w, "%.*s", STR_FMT(next)), NULL), 400,
                   "invalid_cursor");
    assert_problem(world_ask(w, ACME_VIEWER, "GET", world_text(w, "%s/history?%s", other, cursor), NULL), 400,
                   "invalid_cursor");
    assert_problem(world_ask(w, ACME_VIEWER, "GET", world_text(w, "%s/history?cursor=x", path), NULL), 400,
                   "invalid_cursor");
}

static void test_what_is_refused(void **state) {
    struct world *w = *state;
    const char *path = made(w, "/api/v1/contacts", in_acme(w, "\"first_name\":\"r\""));
    static const struct {
        const char *tail, *code;
    } bad[] = {{"?page_size=0", "bad_parameter"},
               {"?page_size=201", "bad_parameter"},
               {"?page_size=1&page_size=1", "bad_parameter"},
               {"?fields=id", "unknown_parameter"},
               {"?ordering=id", "unknown_parameter"},
               {"?action=create", "unknown_parameter"}};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        const char *url = world_text(w, "%s/history%s", path, bad[i].tail);
        assert_problem(world_ask(w, ACME_VIEWER, "GET", url, NULL), 400, bad[i].code);
    }
    const char *url = world_text(w, "%s/history", path);
    assert_problem(world_ask(w, ADMIN, "DELETE", url, NULL), 405, "method_not_allowed");
    assert_problem(loopback_request(w->loopback, "GET", url, NULL, NULL), 401, "unauthenticated");
    assert_problem(world_ask(w, ADMIN, "GET", "/api/v1/contacts/nonsense/history", NULL), 404, "not_found");
    /* That of a row that is not seen is as that of one that never was. */
    const char *unseen = world_stable(w, world_ask(w, GLOBEX_MANAGER, "GET", url, NULL));
    const char *unknown =
        world_stable(w, world_ask(w, GLOBEX_MANAGER, "GET", "/api/v1/contacts/" UNKNOWN_ID "/history", NULL));
    assert_string_equal(unseen, unknown);
    /* The id of a row of something else is none of this. */
    assert_problem(
        world_ask(w, ADMIN, "GET", world_text(w, "/api/v1/products/%s/history", strrchr(path, '/') + 1), NULL), 404,
        "not_found");
    assert_problem(world_ask(w, ADMIN, "GET", "/api/v1/audit-entries/" UNKNOWN_ID "/history", NULL), 404, "not_found");
}

/* A row whose entries have been pruned is there, and so is one that the demonstration made. */
static void test_without_entries(void **state) {
    struct world *w = *state;
    const char *path = made(w, "/api/v1/contacts", in_acme(w, "\"first_name\":\"pruned\""));
    pg_exec(&w->pg, world_text(w, "DELETE FROM audit.entry WHERE object_id = '%s'", strrchr(path, '/') + 1));
    assert_int_equal(entries(get(w, ACME_VIEWER, world_text(w, "%s/history", path))), 0);
    assert_problem(world_ask(w, GLOBEX_MANAGER, "GET", world_text(w, "%s/history", path), NULL), 404, "not_found");
}

/* What nobody may read is told to nobody; not even that there is one. */
static void test_secrets(void **state) {
    struct world *w = *state;
    const struct answer *a =
        world_ask(w, ADMIN, "POST", "/api/v1/users",
                  "{\"username\":\"history\",\"email\":\"h@example.com\",\"password\":\"a long password 1\"}");
    assert_status(a, 201);
    const char *path = world_text(w, "/api/v1/users/%.*s", STR_FMT(answer_text(a, "/id")));
    assert_status(world_ask(w, ADMIN, "PATCH", path, "{\"password\":\"a long password 2\"}"), 200);
    a = get(w, ADMIN, world_text(w, "%s/history", path));
    assert_int_equal(entries(a), 2);
    assert_null(strstr(a->body.ptr, "password"));
    assert_null(strstr(a->body.ptr, "***"));
    assert_int_equal(jx_size(answer_at(a, "/results/0/changes")), 0);
    assert_text(answer_text(a, "/results/0/action"), "update");
    assert_text(answer_text(a, "/results/1/changes/username/after"), "history");
}

/* Rows that belong to no organization are seen by everybody who is logged in. */
static void test_of_what_is_global(void **state) {
    struct world *w = *state;
    const char *path = made(w, "/api/v1/organization-types", "{\"name\":\"History\"}");
    const char *url = world_text(w, "%s/history", path);
    for (size_t user = 0; user < WORLD_USERS; user++) {
        assert_int_equal(entries(get(w, user, url)), 1);
    }
    assert_problem(loopback_request(w->loopback, "GET", url, NULL, NULL), 401, "unauthenticated");
    assert_status(world_ask(w, ADMIN, "DELETE", path, NULL), 204);
    assert_int_equal(entries(get(w, NOBODY, url)), 2);
}

/* Every resource has one, but what is only read; and every row that may be seen shows it to whom it is shown, and nobody
 * else. */
static void check_resource(struct world *w, const struct resource *r) {
    const char *id = world_make_row(w, r, WORLD_ACME), *path = world_row_path(w, r, id);
    for (size_t user = 0; user < WORLD_USERS; user++) {
        uint32_t status = world_ask(w, user, "GET", path, NULL)->status;
        const struct answer *a = world_ask(w, user, "GET", world_text(w, "%s/history", path), NULL);
        world_must(a, status, user, r->full_name);
        assert_true(status == 404 || entries(a) > 0 || r->decl->scope == ALEES_SCOPE_SELF);
    }
}

static void test_each_resource(void **state) {
    struct world *w = *state;
    uint32_t with = 0, without = 0;
    for (uint32_t i = 0; i < w->catalogue->resource_count; i++) {
        const struct resource *r = w->catalogue->resources[i];
        bool is_there = false;
        for (uint32_t k = 0; k < w->catalogue->route_count; k++) {
            const struct route *route = &w->catalogue->routes[k];
            is_there = is_there || (route->operation == ROUTE_HISTORY && route->resource == r);
        }
        assert_int_equal(is_there, (r->decl->flags & ALEES_RESOURCE_READ_ONLY) == 0);
        with += is_there;
        without += !is_there;
    }
    assert_true(with >= 10 && without >= 1);
    world_each_resource(w, false, check_resource);
}

/* By the index, however many entries there are of other rows. */
static void test_plan(void **state) {
    struct world *w = *state;
    const char *path = made(w, "/api/v1/contacts", in_acme(w, "\"first_name\":\"plan\""));
    const char *id = strrchr(path, '/') + 1;
    pg_exec(&w->pg,
            "INSERT INTO audit.entry (action, resource, object_id, changes) SELECT 'update', 'contact.contact', "
            "gen_random_uuid(), '{}' FROM generate_series(1, 30000)");
    pg_exec(&w->pg, world_text(w,
                               "INSERT INTO audit.entry (action, resource, object_id, organization_id, changes) "
                               "SELECT 'update', 'contact.contact', '%s', '%s', '{}' FROM generate_series(1, 300); "
                               "ANALYZE audit.entry",
                               id, world_organizations[WORLD_ACME].id));
    static const char *const ways[] = {"<|DESC", ">|ASC"};
    for (size_t i = 0; i < ARRAY_LEN(ways); i++) {
        alees_str plan = pg_value(
            &w->pg, w->arena,
            world_text(
                w,
                "EXPLAIN (ANALYZE, FORMAT JSON) SELECT e.changes FROM audit.entry e WHERE e.object_id = '%s' "
                "AND e.resource = 'contact.contact' AND e.changes IS NOT NULL AND (e.organization_id = ANY ('{%s}') "
                "OR e.scope_ids && '{%s}') AND e.id %.1s alees.new_id() ORDER BY e.id %s LIMIT 51",
                id, world_organizations[WORLD_ACME].id, world_organizations[WORLD_ACME].id, ways[i], ways[i] + 2));
        if (!strstr(plan.ptr, "entry_object")) {
            fail_msg("%s", plan.ptr);
        }
    }
    assert_int_equal(entries(get(w, ACME_VIEWER, world_text(w, "%s/history", path))), 50);
}

/* Fields that one may not read now, one may not read in what was; who may, may. The last test: it changes the rights. */
static void test_field_rights(void **state) {
    struct world *w = *state;
    const char *path = made(w, "/api/v1/contacts", in_acme(w, "\"first_name\":\"F\",\"notes\":\"confidential\""));
    const char *url = world_text(w, "%s/history", path);
    assert_status(world_ask(w, ADMIN, "PATCH", path, "{\"notes\":\"more confidential\"}"), 200);
    assert_non_null(strstr(get(w, ACME_VIEWER, url)->body.ptr, "confidential"));
    assert_status(world_ask(w, ADMIN, "POST", "/api/v1/field-permissions",
                            "{\"role\":\"" VIEWER "\",\"resource\":\"contact.contact\",\"read_fields\":"
                            "[\"first_name\"],\"create_fields\":[],\"update_fields\":[]}"),
                  201);
    for (int tries = 0; strstr(get(w, ACME_VIEWER, path)->body.ptr, "confidential"); tries++) {
        assert_true(tries < 2000); /* until the server has heard of it */
    }
    for (int is_gone = 0; is_gone < 2; is_gone++) {
        const struct answer *a = get(w, ACME_VIEWER, url);
        assert_int_equal(entries(a), 2 + is_gone);
        assert_null(strstr(a->body.ptr, "confidential"));
        assert_null(strstr(a->body.ptr, "notes"));
        assert_int_equal(jx_size(answer_at(a, world_text(w, "/results/%d/changes", is_gone))), 0);
        assert_text(answer_text(a, world_text(w, "/results/%d/action", is_gone)), "update");
        assert_text(answer_text(a, world_text(w, "/results/%d/changes/first_name/after", 1 + is_gone)), "F");
        assert_non_null(strstr(get(w, ACME_MANAGER, url)->body.ptr, "more confidential"));
        assert_non_null(strstr(get(w, ADMIN, url)->body.ptr, "more confidential"));
        assert_status(world_ask(w, ADMIN, "DELETE", path, NULL), is_gone ? 404 : 204);
    }
}

static int set_up(void **state) {
    return world_setup_with(state, "types");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_of_a_row),
        cmocka_unit_test(test_values_are_those_of_get),
        cmocka_unit_test(test_pages),
        cmocka_unit_test(test_what_is_refused),
        cmocka_unit_test(test_without_entries),
        cmocka_unit_test(test_secrets),
        cmocka_unit_test(test_of_what_is_global),
        cmocka_unit_test(test_each_resource),
        cmocka_unit_test(test_plan),
        cmocka_unit_test(test_field_rights),
    };
    return cmocka_run_group_tests_name("history", tests, set_up, world_teardown);
}
