/* SPDX-License-Identifier: MIT
 * test_kinds.c - rows of one user, of several organizations, of none: who sees, creates, changes and deletes them, on the
 * whole server with the plugin tests/plugins/kinds.c. It runs three times, with both locks and with each alone. */
#include "test.h"

#include <stdio.h>

#include "lock.h"
#include "migrate.h"
#include "world.h"

#define ID "0193a5e0-7c2b-7d3e-9f10-0000000000aa"
#define ACME "01930000-0000-7000-8000-000000000001"
#define GLOBEX "01930000-0000-7000-8000-000000000003"

/* As in world_users; behind them keeper, whose membership as a manager is in no organization. */
enum { ADMIN, ACME_MANAGER, ACME_VIEWER, GLOBEX_MANAGER, BOTH, NOBODY, KEEPER, USERS };

struct setting {
    struct world *w;
    const char *tokens[USERS], *ids[USERS];
};
static struct setting setting;

static const struct answer *ask(size_t user, const char *method, const char *path, const char *body) {
    return loopback_request(setting.w->loopback, method, path, setting.tokens[user], body);
}

static void must(const struct answer *a, uint32_t status, size_t user, const char *what) {
    if (a->status != status) {
        print_error("user %zu, %s: %u, not %u: %.*s\n", user, what, a->status, status, STR_FMT(a->body));
        fail();
    }
}

static void must_deny(const struct answer *a, const char *permission, size_t user, const char *what) {
    must(a, 403, user, what);
    assert_problem(a, 403, "permission_denied");
    assert_non_null(strstr(a->body.ptr, permission));
}

/* ---- one row of each kind, and what each user may do with it ---- */

/* How far each of the users gets: - not seen, v seen, c changed but not deleted, d changed and deleted. */
static const struct {
    const char *path, *name, *scope, *value; /* value: of the scope's column; $u: of the user nobody */
    char access[USERS + 1];
} rows[] = {
    {"/people", "person", "scope_ids", "{" ACME "}", "ddv-v-d"},
    {"/people", "person", "scope_ids", "{" GLOBEX "}", "d--dd-d"},
    {"/people", "person", "scope_ids", "{" ACME "," GLOBEX "}", "ddvdd-d"},
    {"/people", "person", "scope_ids", "{}", "d-----d"},
    {"/people", "person", "scope_ids", "{$u}", "d----cd"},
    {"/people", "person", "scope_ids", "{" ACME ",$u}", "ddv-vcd"},
    {"/rules", "rule", "organization_id", ACME, "ddv-v--"},
    {"/rules", "rule", "organization_id", GLOBEX, "d--dd--"},
    {"/rules", "rule", "organization_id", NULL, "dvvvvvv"},
    {"/drafts", "draft", "organization_id", ACME, "ddv-v--"},
    {"/drafts", "draft", "organization_id", NULL, "d------"},
    {"/notes", "note", "user_id", "$u", "d----d-"},
};

static const char *value_of(const char *value) {
    const char *at = value ? strstr(value, "$u") : NULL;
    if (!value) {
        return "NULL";
    }
    return at ? world_text(setting.w, "'%.*s%s%s'", (int)(at - value), value, setting.ids[NOBODY], at + 2)
              : world_text(setting.w, "'%s'", value);
}

static void put_row(const char *name, const char *scope, const char *value) {
    pg_exec(&setting.w->pg, world_text(setting.w,
                                       "DELETE FROM kinds.%s; INSERT INTO kinds.%s (id, title, %s) "
                                       "VALUES ('" ID "', 'before', %s)",
                                       name, name, scope, value_of(value)));
}

static void check_row(size_t at, size_t user) {
    const char *name = rows[at].name;
    const char *list = world_text(setting.w, "/api/v1%s", rows[at].path);
    const char *path = world_text(setting.w, "%s/" ID, list);
    char access = rows[at].access[user];
    const char *what = world_text(setting.w, "%s of %s", name, rows[at].value ? rows[at].value : "none");
    bool is_seen = access != '-', is_changed = access == 'c' || access == 'd';

    put_row(name, rows[at].scope, rows[at].value);
    must(ask(user, "GET", path, NULL), is_seen ? 200 : 404, user, what);
    const struct answer *a = ask(user, "GET", list, NULL);
    must(a, 200, user, what);
    assert_int_equal(strstr(a->body.ptr, ID) != NULL, is_seen);

    must(ask(user, "PATCH", path, "{}"), is_changed ? 200 : is_seen ? 403 : 404, user, what);
    a = ask(user, "PATCH", path, "{\"title\":\"after\"}");
    if (is_seen && !is_changed) {
        must_deny(a, world_text(setting.w, "kinds.change_%s", name), user, what);
    } else {
        must(a, is_changed ? 200 : 404, user, what);
    }
    const char *changed = world_text(setting.w, "SELECT count(*) FROM kinds.%s WHERE title = 'after'", name);
    assert_int_equal(pg_count(&setting.w->pg, changed), is_changed);

    a = ask(user, "DELETE", path, NULL);
    if (is_seen && access != 'd') {
        must_deny(a, world_text(setting.w, "kinds.delete_%s", name), user, what);
    } else {
        must(a, is_seen ? 204 : 404, user, what);
    }
    const char *left = world_text(setting.w, "SELECT count(*) FROM kinds.%s", name);
    assert_int_equal(pg_count(&setting.w->pg, left), access != 'd');
}

static void test_rows(void **state) {
    (void)state;
    for (size_t at = 0; at < ARRAY_LEN(rows); at++) {
        for (size_t user = 0; user < USERS; user++) {
            check_row(at, user);
        }
    }
}

static void test_no_token(void **state) {
    (void)state;
    for (size_t at = 0; at < ARRAY_LEN(rows); at++) {
        put_row(rows[at].name, rows[at].scope, rows[at].value);
        const char *list = world_text(setting.w, "/api/v1%s", rows[at].path);
        assert_problem(loopback_request(setting.w->loopback, "GET", list, NULL, NULL), 401, "unauthenticated");
        assert_problem(loopback_request(setting.w->loopback, "GET", world_text(setting.w, "%s/" ID, list), NULL, NULL),
                       401, "unauthenticated");
    }
}

/* ---- create ---- */

#define TITLE "{\"title\":\"new\"}"
#define IN(organization) "{\"title\":\"new\",\"organization\":" organization "}"

static void test_create(void **state) {
    static const struct {
        const char *path, *permission, *body;
        uint32_t status[USERS];
    } creates[] = {
        {"/people", "kinds.add_person", TITLE, {201, 403, 403, 403, 403, 403, 201}},
        {"/rules", "kinds.add_rule", TITLE, {201, 201, 403, 201, 201, 403, 403}},
        {"/rules", "kinds.add_rule", IN("null"), {201, 403, 403, 403, 403, 403, 403}},
        {"/drafts", "kinds.add_draft", IN("null"), {201, 403, 403, 403, 403, 403, 403}},
        {"/drafts", "kinds.add_draft", IN("\"" ACME "\""), {201, 201, 403, 403, 403, 403, 403}},
        {"/notes", "", TITLE, {201, 201, 201, 201, 201, 201, 201}},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(creates); i++) {
        for (size_t user = 0; user < USERS; user++) {
            const char *path = world_text(setting.w, "/api/v1%s", creates[i].path);
            pg_exec(&setting.w->pg, "TRUNCATE kinds.person, kinds.rule, kinds.draft, kinds.note, kinds.card");
            const struct answer *a = ask(user, "POST", path, creates[i].body);
            must(a, creates[i].status[user], user, creates[i].path);
            if (a->status == 201) {
                must(ask(user, "GET", world_text(setting.w, "%s/%s", path, answer_text(a, "/id").ptr), NULL), 200, user,
                     path);
            } else if (!strstr(a->body.ptr, "organization_not_permitted")) {
                must_deny(a, creates[i].permission, user, path);
            }
        }
    }
}

/* Null is shown as null, and is the superuser's own unless they say otherwise. */
static void test_rows_of_none(void **state) {
    (void)state;
    const struct answer *a = ask(ADMIN, "POST", "/api/v1/rules", TITLE);
    assert_status(a, 201);
    assert_int_equal(jx_kind(answer_at(a, "/organization")), ALEES_JSON_NULL);
    a = ask(ACME_MANAGER, "POST", "/api/v1/rules", TITLE);
    assert_status(a, 201);
    assert_text(answer_text(a, "/organization"), ACME);
    /* who names an organization means its rows, not those of none */
    a = ask(ACME_MANAGER, "GET", "/api/v1/rules?organization=" ACME, NULL);
    assert_status(a, 200);
    assert_non_null(strstr(a->body.ptr, ACME));
    assert_null(strstr(a->body.ptr, "\"organization\":null"));
    a = ask(NOBODY, "GET", "/api/v1/rules?organization=" ACME, NULL);
    assert_status(a, 200);
    assert_null(strstr(a->body.ptr, "\"title\""));
    a = ask(NOBODY, "GET", "/api/v1/rules", NULL);
    assert_status(a, 200);
    assert_non_null(strstr(a->body.ptr, "\"organization\":null"));
    assert_null(strstr(a->body.ptr, ACME));
}

/* ---- of one user ---- */

static void test_own(void **state) {
    (void)state;
    pg_exec(&setting.w->pg, "TRUNCATE kinds.note CASCADE");
    for (size_t user = 0; user < USERS; user++) {
        const struct answer *a = ask(user, "POST", "/api/v1/notes", TITLE);
        must(a, 201, user, "create");
        assert_text(answer_text(a, "/user"), setting.ids[user]);
        assert_problem(ask(user, "POST", "/api/v1/notes", TITLE), 409, "not_unique"); /* of one's own only */
        a = ask(user, "GET", "/api/v1/notes", NULL);
        assert_non_null(answer_at(a, "/results/0"));
        assert_null(answer_at(a, "/results/1"));
        a = ask(user, "GET", "/api/v1/notes/mine/count", NULL);
        assert_status(a, 200);
        if (!lock_database_is_off()) { /* a statement of the plugin's own has no other lock */
            assert_int_equal(answer_integer(a, "/count"), 1);
        }
        if (user == ADMIN) {
            pg_exec(&setting.w->pg, "TRUNCATE kinds.note CASCADE"); /* who would see those of others */
        }
    }
    const char *foreign = world_text(setting.w, "{\"title\":\"x\",\"user\":\"%s\"}", setting.ids[ADMIN]);
    assert_problem(ask(NOBODY, "POST", "/api/v1/notes", foreign), 400, "read_only_field");
    const char *of = world_text(setting.w, "/api/v1/notes?user=%s", setting.ids[NOBODY]);
    assert_null(answer_at(ask(BOTH, "GET", of, NULL), "/results/0"));
    assert_non_null(answer_at(ask(ADMIN, "GET", of, NULL), "/results/0"));
}

/* The plugin's own route stands where the host has none, and writes what is the user's own. */
static void test_own_by_a_route(void **state) {
    (void)state;
    for (size_t user = 1; user < USERS; user++) {
        const char *mine = world_text(setting.w, "{\"user\":\"%s\",\"title\":\"t\"}", setting.ids[user]);
        const struct answer *a = ask(user, "POST", "/api/v1/tickets", mine);
        must(a, 201, user, "ticket");
        const char *path = world_text(setting.w, "/api/v1/tickets/%s", answer_text(a, "/id").ptr);
        must(ask(user, "GET", path, NULL), 200, user, path);
        must(ask(user % (USERS - 1) + 1, "GET", path, NULL), 404, user, path);
        assert_problem(ask(user, "PATCH", path, "{}"), 405, "method_not_allowed");
        must(ask(user % (USERS - 1) + 1, "DELETE", path, NULL), 404, user, path);
        must(ask(user, "DELETE", path, NULL), 204, user, path);
    }
}

/* A route on a row asks no less than the host's own do. */
static void test_route_on_shared(void **state) {
    static const char *const organizations[] = {NULL, ACME};
    static const uint32_t expected[][USERS] = {{200, 403, 403, 403, 403, 403, 403},
                                               {200, 200, 403, 404, 403, 404, 404}};
    const struct answer *a = ask(ADMIN, "POST", "/api/v1/api-keys", "{\"name\":\"k\",\"permissions\":[\"kinds.*\"]}");
    (void)state;
    assert_status(a, 201);
    const char *key = answer_text(a, "/secret").ptr;
    for (size_t i = 0; i < ARRAY_LEN(organizations); i++) {
        put_row("rule", "organization_id", organizations[i]);
        for (size_t user = 0; user < USERS; user++) {
            must(ask(user, "POST", "/api/v1/rules/" ID "/touch", NULL), expected[i][user], user,
                 organizations[i] ? "rule of Acme" : "rule of all");
        }
        /* a superuser's key reaches every organization, but is no superuser */
        const uint32_t by_key = organizations[i] ? 200 : 403;
        must(loopback_request(setting.w->loopback, "POST", "/api/v1/rules/" ID "/touch", key, NULL), by_key, USERS,
             "touch by a key");
        must(loopback_request(setting.w->loopback, "PATCH", "/api/v1/rules/" ID, key, "{\"title\":\"k\"}"), by_key,
             USERS, "change by a key");
    }
}

/* ---- what a hook is told ---- */

#define CARDS "/api/v1/cards"
#define PART "0193a5e0-7c2b-7d3e-9f10-00000000000"

static void test_before(void **state) {
    const char *me = setting.ids[ACME_MANAGER];
    (void)state;
    pg_exec(&setting.w->pg, "INSERT INTO kinds.card (id, organization_id, title, parts) VALUES "
                            "('" PART "1', '" ACME "', 'part', '{}'), ('" PART "2', '" ACME "', 'part', '{}')");
    const struct answer *a = ask(ACME_MANAGER, "POST", CARDS,
                                 "{\"title\":\"one\",\"secret\":\"s\",\"parts\":[\"" PART "2\",\"" PART "1\"]}");
    assert_status(a, 201);
    assert_text(answer_text(a, "/trail"), ACME "|-|-|-|-|-");
    assert_text(answer_text(a, "/parts/0"), PART "2");
    assert_text(answer_text(a, "/parts/1"), PART "1");
    const char *path = world_text(setting.w, CARDS "/%s", answer_text(a, "/id").ptr);
    a = ask(ACME_MANAGER, "PATCH", path, "{\"title\":\"keep\",\"parts\":[]}");
    assert_status(a, 200);
    assert_text(answer_text(a, "/trail"), world_text(setting.w, ACME "|one|{" PART "2," PART "1}|-|%s|-", me));
    assert_null(answer_at(a, "/parts/0"));
    assert_int_equal(jx_kind(answer_at(a, "/parts")), ALEES_JSON_ARRAY);

    /* whoever is refused is refused as without a hook, which is not asked */
    const struct loopback_request stale = {.method = "PATCH",
                                           .path = path,
                                           .token = setting.tokens[ACME_MANAGER],
                                           .body = "{\"title\":\"x\"}",
                                           .headers = {{"If-Match", "\"stale\""}}};
    assert_problem(loopback_send(setting.w->loopback, &stale), 412, "precondition_failed");
    must_deny(ask(ACME_VIEWER, "PATCH", path, "{\"title\":\"x\"}"), "kinds.change_card", ACME_VIEWER, path);
    must_deny(ask(ACME_VIEWER, "DELETE", path, NULL), "kinds.delete_card", ACME_VIEWER, path);
    assert_problem(ask(GLOBEX_MANAGER, "PATCH", path, "{\"title\":\"x\"}"), 404, "not_found");
    assert_problem(ask(GLOBEX_MANAGER, "DELETE", path, NULL), 404, "not_found");

    assert_problem(ask(ACME_MANAGER, "DELETE", path, NULL), 409, "kept");
    a = ask(ADMIN, "PATCH", path, "{\"title\":\"go\"}");
    assert_status(a, 200);
    assert_text(answer_text(a, "/trail"), world_text(setting.w, ACME "|keep|{}|-|%s|-", me));
    assert_status(ask(ACME_MANAGER, "DELETE", path, NULL), 204);
    assert_problem(ask(ACME_MANAGER, "DELETE", path, NULL), 404, "not_found");
}

/* ---- what a row may point at ---- */

#define ROW(n) "0193a5e0-7c2b-7d3e-9f10-0000000000b" n
#define UNKNOWN "0193a5e0-7c2b-7d3e-9f10-0000000000ff"

static void put_targets(void) {
    pg_exec(&setting.w->pg,
            world_text(setting.w,
                       "TRUNCATE kinds.person, kinds.rule, kinds.note, kinds.card;"
                       "INSERT INTO kinds.person (id, title, scope_ids) VALUES ('" ROW(
                           "1") "', 'a', '{" ACME "}'), "
                                "('" ROW("2") "', 'g', '{" GLOBEX "}'), ('" ROW(
                                    "3") "', 'me', '{%s}');"
                                         "INSERT INTO kinds.rule (id, title, organization_id) VALUES ('" ROW(
                                             "1") "', 'a', '" ACME "'), "
                                                  "('" ROW("2") "', 'g', '" GLOBEX "'), ('" ROW(
                                                      "3") "', 'all', NULL);"
                                                           "INSERT INTO kinds.note (id, title, user_id) VALUES ('" ROW(
                                                               "1") "', 'm', '%s'), "
                                                                    "('" ROW("2") "', 'b', '%s');",
                       setting.ids[ACME_MANAGER], setting.ids[ACME_MANAGER], setting.ids[BOTH]));
    pg_exec(&setting.w->pg, "INSERT INTO kinds.card (id, title, parts, organization_id) VALUES "
                            "('" ROW("1") "', 'a', '{}', '" ACME "'), ('" ROW("2") "', 'g', '{}', '" GLOBEX "')");
}

/* On create and on change, as a user who reaches both organizations would have it, and one who does not. */
static void test_references(void **state) {
    static const struct {
        const char *field, *value;
        bool may[3]; /* admin, acme-manager, both: in Acme, Acme, Globex */
    } references[] = {
        {"holder", "\"" ROW("1") "\"", {true, true, true}},
        {"holder", "\"" ROW("2") "\"", {true, false, true}},
        {"holder", "\"" ROW("3") "\"", {true, true, false}},
        {"holder", "\"" UNKNOWN "\"", {false, false, false}},
        {"rule", "\"" ROW("1") "\"", {true, true, false}},
        {"rule", "\"" ROW("2") "\"", {false, false, true}},
        {"rule", "\"" ROW("3") "\"", {true, true, true}},
        {"rule", "\"" UNKNOWN "\"", {false, false, false}},
        {"note", "\"" ROW("1") "\"", {true, true, false}},
        {"note", "\"" ROW("2") "\"", {true, false, true}},
        {"parts", "[\"" ROW("1") "\"]", {true, true, false}},
        {"parts", "[\"" ROW("2") "\"]", {false, false, true}},
        {"parts", "[\"" ROW("1") "\",\"" ROW("2") "\"]", {false, false, false}},
        {"parts", "[\"" UNKNOWN "\"]", {false, false, false}},
        {"parts", "[]", {true, true, true}},
        {"pair", "\"" ROW("1") "\"", {true, true, false}},
        {"pair", "\"" ROW("2") "\"", {false, false, true}},
        {"pair", "\"" UNKNOWN "\"", {false, false, false}},
    };
    static const size_t users[] = {ADMIN, ACME_MANAGER, BOTH};
    static const char *const organizations[] = {ACME, ACME, GLOBEX};
    (void)state;
    put_targets();
    for (size_t u = 0; u < ARRAY_LEN(users); u++) {
        const char *create = world_text(setting.w, "{\"title\":\"t\",\"organization\":\"%s\"}", organizations[u]);
        const struct answer *made = ask(users[u], "POST", CARDS, create);
        must(made, 201, users[u], "card");
        const char *path = world_text(setting.w, CARDS "/%s", answer_text(made, "/id").ptr);
        for (size_t i = 0; i < ARRAY_LEN(references); i++) {
            const char *what = world_text(setting.w, "%s %s", references[i].field, references[i].value);
            const char *body = world_text(setting.w, "{\"title\":\"t\",\"organization\":\"%s\",\"%s\":%s}",
                                          organizations[u], references[i].field, references[i].value);
            const struct answer *a = ask(users[u], "POST", CARDS, body);
            must(a, references[i].may[u] ? 201 : 422, users[u], what);
            body = world_text(setting.w, "{\"%s\":%s}", references[i].field, references[i].value);
            a = ask(users[u], "PATCH", path, body);
            must(a, references[i].may[u] ? 200 : 422, users[u], what);
            if (a->status == 422) {
                assert_text(answer_text(a, "/errors/0/code"), "invalid_reference");
                assert_text(answer_text(a, "/errors/0/pointer"), world_text(setting.w, "/%s", references[i].field));
            }
        }
    }
}

/* What is not seen answers like what is not there, to the last byte. */
static void test_unseen_is_unknown(void **state) {
    static const char *const fields[] = {"holder", "rule", "note"};
    (void)state;
    put_targets();
    for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
        const char *unseen = world_text(setting.w, "{\"title\":\"t\",\"%s\":\"" ROW("2") "\"}", fields[i]);
        const char *unknown = world_text(setting.w, "{\"title\":\"t\",\"%s\":\"" UNKNOWN "\"}", fields[i]);
        const struct answer *a = ask(ACME_MANAGER, "POST", CARDS, unseen);
        assert_problem(a, 422, "invalid");
        assert_string_equal(world_stable(setting.w, a),
                            world_stable(setting.w, ask(ACME_MANAGER, "POST", CARDS, unknown)));
    }
}

/* ---- what there is not ---- */

static void test_no_such_route(void **state) {
    static const char *const methods[] = {"PATCH", "DELETE", "PUT"};
    (void)state;
    const struct answer *a = ask(ADMIN, "POST", "/api/v1/entries", TITLE);
    assert_problem(a, 405, "method_not_allowed");
    assert_text(answer_header(a, "Allow"), "GET, HEAD, OPTIONS");
    for (size_t i = 0; i < ARRAY_LEN(methods); i++) {
        assert_problem(ask(ADMIN, methods[i], "/api/v1/entries/" ID, "{}"), 405, "method_not_allowed");
    }
    assert_status(ask(NOBODY, "GET", "/api/v1/entries", NULL), 200);
    assert_int_not_equal(catalogue_permission(setting.w->catalogue, "kinds.view_entry"), 0);
    assert_int_equal(catalogue_permission(setting.w->catalogue, "kinds.add_entry"), 0);
    assert_int_equal(catalogue_permission(setting.w->catalogue, "kinds.change_entry"), 0);
    assert_int_equal(catalogue_permission(setting.w->catalogue, "kinds.delete_entry"), 0);
    assert_int_equal(catalogue_permission(setting.w->catalogue, "kinds.view_note"), 0);
}

/* ---- what a table must have; the last, as nothing is made good again ---- */

static void test_drift(void **state) {
    static const struct {
        const char *sql, *says;
    } drifts[] = {
        {"ALTER TABLE kinds.note ALTER user_id DROP NOT NULL", "column user_id must be NOT NULL"},
        {"ALTER TABLE kinds.person ALTER scope_ids DROP NOT NULL", "column scope_ids must be NOT NULL"},
        {"DROP INDEX kinds.person_scope; CREATE INDEX ON kinds.person (scope_ids)",
         "a GIN index that begins with scope_ids is missing"},
        {"DROP INDEX kinds.rule_organization", "an index that begins with organization_id is missing"},
        {"DROP INDEX kinds.ticket_user", "an index that begins with user_id is missing"},
        {"ALTER TABLE kinds.note DROP CONSTRAINT note_user_id_title_key; CREATE INDEX ON kinds.note (user_id)",
         "UNIQUE (user_id, title) is missing"},
        {"ALTER TABLE kinds.draft DROP CONSTRAINT draft_pkey", "PRIMARY KEY (id) is missing"},
        {"ALTER TABLE kinds.card DROP CONSTRAINT card_holder_id_fkey",
         "FOREIGN KEY (holder_id) REFERENCES kinds.person"},
        {"DROP POLICY alees_read ON kinds.person", "missing policy alees_read"},
        {"CREATE POLICY alees_insert ON kinds.person FOR INSERT TO alees_plugin_kinds WITH CHECK (true)",
         "unexpected policy alees_insert"},
        {"ALTER POLICY alees_read ON kinds.rule USING (organization_id IS NULL)", "not as declared: policy alees_read"},
        {"ALTER TABLE kinds.card ALTER parts TYPE text[]", "column parts is text[]"},
    };
    struct app *app = loopback_app(setting.w->loopback);
    struct config *config = pg_config(&setting.w->pg, NULL);
    char text[16384] = "";
    FILE *out = fmemopen(text, sizeof text, "w");
    (void)state;
    assert_non_null(out);
    assert_ok(migrate_verify(config, &app->plugins, &app->catalogue, out));
    for (size_t i = 0; i < ARRAY_LEN(drifts); i++) {
        pg_exec(&setting.w->pg, drifts[i].sql);
    }
    assert_err(migrate_verify(config, &app->plugins, &app->catalogue, out), ALEES_E_INVALID);
    fclose(out);
    for (size_t i = 0; i < ARRAY_LEN(drifts); i++) {
        if (!strstr(text, drifts[i].says)) {
            fail_msg("%s: \"%s\" is not said in:\n%s", drifts[i].sql, drifts[i].says, text);
        }
    }
    config_free(config);
}

static int set_up(void **state) {
    int rc = world_setup_with(state, "kinds");
    setting.w = *state;
    pg_exec(&setting.w->pg,
            "INSERT INTO rbac.app_user (id, username, email, password_hash, is_demo) SELECT alees.new_id(), "
            "'keeper', 'keeper@example.com', password_hash, is_demo FROM rbac.app_user "
            "WHERE username = 'nobody';"
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
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_no_token),
        cmocka_unit_test(test_create),
        cmocka_unit_test(test_rows_of_none),
        cmocka_unit_test(test_own),
        cmocka_unit_test(test_own_by_a_route),
        cmocka_unit_test(test_route_on_shared),
        cmocka_unit_test(test_before),
        cmocka_unit_test(test_references),
        cmocka_unit_test(test_unseen_is_unknown),
        cmocka_unit_test(test_no_such_route),
        cmocka_unit_test(test_drift),
    };
    return cmocka_run_group_tests_name("kinds", tests, set_up, world_teardown);
}
