/* SPDX-License-Identifier: MIT
 * test_relocate_told.c - a row that went to another organization: what the history and the audit trail tell each end, what
 * the database itself lets through, and what others do to the row meanwhile. */
#include "people.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>

#include "grant.h"
#include "metrics.h"
#include "migrate.h"
#include "str.h"

enum { ROUNDS = 300 };

static struct { const char *admin, *both, *acme, *globex; /* the last three: managers there */ } us;

static const struct answer *ask_as(struct people *p, const char *token, const char *request, const char *method,
                                   const char *path, const char *body) {
    return loopback_send(p->loopback, &(struct loopback_request){.method = method,
                                                                 .path = people_text(p, "/api/v1%s", path),
                                                                 .token = token,
                                                                 .body = body,
                                                                 .headers = {{"X-Request-Id", request}}});
}

static const char *contact(struct people *p, const char *members) {
    const struct answer *a =
        people_ask(p, "POST", "/contacts", us.acme, people_text(p, "{%s\"first_name\":\"Lena\"}", members));
    assert_status(a, 201);
    return people_text(p, "/contacts/%s", answer_text(a, "/id").ptr);
}

static const struct answer *move(struct people *p, const char *path, const char *to) {
    const struct answer *a = people_ask(p, "PATCH", path, us.both, people_text(p, "{\"organization\":\"%s\"}", to));
    assert_status(a, 200);
    return a;
}

static const char *id_of(const char *path) {
    return strrchr(path, '/') + 1;
}

/* ---- what is told ---- */

static const struct answer *history(struct people *p, const char *token, const char *path, uint32_t count) {
    const struct answer *a = people_ask(p, "GET", people_text(p, "%s/history", path), token, NULL);
    assert_status(a, 200);
    assert_int_equal(jx_size(answer_at(a, "/results")), count);
    return a;
}

/* Each sees what happened while it was theirs: that it left, with what it was; that it came, with what it is. */
static void test_history(void **state) {
    struct people *p = *state;
    const char *path = contact(p, "\"title\":\"before\",\"notes\":\"kept\",");
    const struct answer *a =
        ask_as(p, us.both, "told-1", "PATCH", path, "{\"organization\":\"" PEOPLE_GLOBEX "\",\"title\":\"after\"}");
    assert_status(a, 200);
    assert_status(people_ask(p, "PATCH", path, us.globex, "{\"title\":\"later\"}"), 200);
    a = history(p, us.acme, path, 2);
    assert_text(answer_text(a, "/results/0/action"), "move_out");
    assert_text(answer_text(a, "/results/0/request_id"), "told-1");
    assert_text(answer_text(a, "/results/0/user"), people_id(p, "t_both"));
    assert_text(answer_text(a, "/results/0/changes/organization/before"), PEOPLE_ACME);
    assert_int_equal(jx_kind(answer_at(a, "/results/0/changes/organization/after")), ALEES_JSON_NULL);
    assert_text(answer_text(a, "/results/0/changes/title/before"), "before");
    assert_text(answer_text(a, "/results/0/changes/notes/before"), "kept");
    assert_text(answer_text(a, "/results/1/action"), "create");
    assert_null(strstr(a->body.ptr, PEOPLE_GLOBEX));
    assert_null(strstr(a->body.ptr, "after\":\"after"));
    assert_null(strstr(a->body.ptr, "later"));
    a = history(p, us.globex, path, 2);
    assert_text(answer_text(a, "/results/0/action"), "update");
    assert_text(answer_text(a, "/results/1/action"), "move_in");
    assert_text(answer_text(a, "/results/1/changes/organization/after"), PEOPLE_GLOBEX);
    assert_int_equal(jx_kind(answer_at(a, "/results/1/changes/organization/before")), ALEES_JSON_NULL);
    assert_text(answer_text(a, "/results/1/changes/title/after"), "after");
    assert_text(answer_text(a, "/results/1/changes/notes/after"), "kept");
    assert_null(strstr(a->body.ptr, PEOPLE_ACME));
    assert_null(strstr(a->body.ptr, "\"before\":\"before\""));
    history(p, us.both, path, 4);
    history(p, us.admin, path, 4);
    move(p, path, PEOPLE_ACME);
    a = history(p, us.acme, path, 3);
    assert_text(answer_text(a, "/results/0/action"), "move_in");
    assert_text(answer_text(a, "/results/0/changes/title/after"), "later"); /* as it is now */
    assert_text(answer_text(history(p, us.globex, path, 3), "/results/0/action"), "move_out");
}

static int64_t entries(struct people *p, const char *object, const char *where) {
    return pg_count(&p->pg,
                    people_text(p, "SELECT count(*) FROM audit.entry WHERE object_id = '%s' AND %s", object, where));
}

/* Also of its parts, which the key takes along; and auditors of one end read nothing of the other. */
static void test_trail(void **state) {
    struct people *p = *state;
    const char *path = contact(p, "\"email_addresses\":[{\"email\":\"told@example.com\"}],");
    const char *part =
        people_text(p, "%s", answer_text(people_ask(p, "GET", path, us.acme, NULL), "/email_addresses/0/id").ptr);
    const char *audits = people_new(p, "t_audits", PEOPLE_ACME, "owner");
    move(p, path, PEOPLE_GLOBEX);
    const char *const ids[] = {id_of(path), part};
    for (size_t i = 0; i < ARRAY_LEN(ids); i++) {
        assert_int_equal(entries(p, ids[i], "true"), 3);
        assert_int_equal(entries(p, ids[i],
                                 "action = 'move_out' AND organization_id = '" PEOPLE_ACME "' AND "
                                 "changes::text NOT LIKE '%" PEOPLE_GLOBEX "%'"),
                         1);
        assert_int_equal(entries(p, ids[i],
                                 "action = 'move_in' AND organization_id = '" PEOPLE_GLOBEX "' AND "
                                 "changes::text NOT LIKE '%" PEOPLE_ACME "%'"),
                         1);
    }
    assert_int_equal(entries(p, part, people_text(p, "owner_id = '%s'", id_of(path))), 3);
    const struct answer *a =
        people_ask(p, "GET", people_text(p, "/audit-entries?object_id=%s", id_of(path)), audits, NULL);
    assert_status(a, 200);
    assert_int_equal(jx_size(answer_at(a, "/results")), 2);
    assert_null(strstr(a->body.ptr, PEOPLE_GLOBEX));
    a = people_ask(p, "GET", people_text(p, "%s/email-addresses/%s/history", path, part), us.globex, NULL);
    assert_status(a, 200);
    assert_int_equal(jx_size(answer_at(a, "/results")), 1);
    assert_text(answer_text(a, "/results/0/action"), "move_in");
}

/* What is left out of the lists in the same body is left behind: the new organization learns nothing of it. */
static void test_what_is_left_out(void **state) {
    struct people *p = *state;
    static const char *const methods[] = {"PATCH", "PUT"};
    for (size_t i = 0; i < ARRAY_LEN(methods); i++) {
        const char *path =
            contact(p, "\"email_addresses\":[{\"email\":\"goes@example.com\"},{\"email\":\"left@example.com\"}],");
        const struct answer *a = people_ask(p, "GET", path, us.acme, NULL);
        const char *goes = people_text(p, "%s", answer_text(a, "/email_addresses/0/id").ptr);
        const char *left = people_text(p, "%s", answer_text(a, "/email_addresses/1/id").ptr);
        const char *list = i == 0 ? people_text(p, ",\"email_addresses\":[{\"id\":\"%s\"}]", goes) : "";
        a = people_ask(p, methods[i], path, us.both,
                       people_text(p, "{\"organization\":\"" PEOPLE_GLOBEX "\",\"first_name\":\"Lena\"%s}", list));
        assert_status(a, 200);
        assert_int_equal(jx_size(answer_at(a, "/email_addresses")), i == 0 ? 1 : 0);
        assert_int_equal(entries(p, left, "organization_id = '" PEOPLE_GLOBEX "'"), 0);
        assert_int_equal(entries(p, left, "organization_id = '" PEOPLE_ACME "' AND action IN ('create', 'delete')"), 2);
        assert_int_equal(entries(p, goes, "organization_id = '" PEOPLE_GLOBEX "'"), i == 0 ? 1 : 0);
        a = people_ask(p, "GET", people_text(p, "%s/email-addresses/%s/history", path, left), us.globex, NULL);
        assert_problem(a, 404, "not_found");
    }
}

/* ---- the second lock ---- */

/* What a statement sees while it takes the row along: these two organizations, a superuser's no more. */
static void test_scope(void **state) {
    struct people *p = *state;
    const char *path = contact(p, "\"email_addresses\":[{\"email\":\"scope@example.com\"}],");
    people_join(p, "t_both", PEOPLE_BERLIN, "manager", false);
    pg_exec(&p->pg,
            "CREATE TABLE public.seen (setting text, who text); "
            "CREATE FUNCTION public.see() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN IF "
            "OLD.organization_id <> "
            "NEW.organization_id THEN INSERT INTO public.seen VALUES (current_setting('alees.organizations', true), "
            "current_setting('role')); END IF; RETURN NEW; END $$;"
            "CREATE TRIGGER see BEFORE UPDATE ON contact.contact FOR EACH ROW EXECUTE FUNCTION public.see()");
    const struct answer *a = people_ask(p, "PATCH", path, us.admin, "{\"organization\":\"" PEOPLE_GLOBEX "\"}");
    assert_status(a, 200);
    move(p, path, PEOPLE_ACME);
    pg_exec(&p->pg, "DROP TRIGGER see ON contact.contact");
    assert_int_equal(
        pg_count(&p->pg,
                 "SELECT count(*) FROM public.seen WHERE who = 'alees_plugin_contact' AND setting = '{" PEOPLE_ACME
                 "," PEOPLE_GLOBEX "}'"),
        2);
    assert_int_equal(pg_count(&p->pg, "SELECT count(*) FROM public.seen"), 2);
    pg_exec(&p->pg, "DROP TABLE public.seen; DROP FUNCTION public.see()");
}

static const char *refused(struct people *p, const char *scope, const char *from, const char *to, const char *id) {
    struct db_result *result = NULL;
    const char *sql = people_text(p,
                                  "DO $$ BEGIN PERFORM set_config('alees.organizations', '%s', true); "
                                  "SET LOCAL ROLE alees_plugin_contact; "
                                  "UPDATE contact.contact SET organization_id = '%s' WHERE id = '%s' AND "
                                  "organization_id = '%s'; IF NOT FOUND THEN RAISE no_data_found; END IF; END $$",
                                  scope, to, id, from);
    alees_rc rc = db_query(p->pg.admin, sql, NULL, 0, &result);
    const char *state = rc == ALEES_OK ? "" : people_text(p, "%s", db_error(result, DB_SQLSTATE));
    db_result_free(result);
    return state;
}

/* Row-level security by itself: both ends must be seen, and keys of parts take them along all the same. */
static void test_policies(void **state) {
    struct people *p = *state;
    const char *path = contact(p, "\"email_addresses\":[{\"email\":\"lock@example.com\"}],"), *id = id_of(path);
    assert_string_equal(refused(p, "{" PEOPLE_ACME "}", PEOPLE_ACME, PEOPLE_GLOBEX, id), "42501");
    assert_string_equal(refused(p, "{" PEOPLE_GLOBEX "}", PEOPLE_ACME, PEOPLE_GLOBEX, id), "P0002");
    assert_string_equal(refused(p, "", PEOPLE_ACME, PEOPLE_GLOBEX, id), "P0002");
    assert_string_equal(refused(p, "{" PEOPLE_ACME "," PEOPLE_BERLIN "}", PEOPLE_ACME, PEOPLE_GLOBEX, id), "42501");
    assert_string_equal(refused(p, "{" PEOPLE_ACME "," PEOPLE_GLOBEX "}", PEOPLE_ACME, PEOPLE_GLOBEX, id), "");
    assert_int_equal(pg_count(&p->pg, people_text(p,
                                                  "SELECT count(*) FROM contact.email_address WHERE contact_id = '%s' "
                                                  "AND organization_id = '" PEOPLE_GLOBEX "'",
                                                  id)),
                     1);
}

/* A key that would not take the parts along is found before anybody moves a row. */
static void test_keys_of_parts(void **state) {
    struct people *p = *state;
    struct app *app = loopback_app(p->loopback);
    char said[2048] = "";
    FILE *errors = fmemopen(said, sizeof said, "w");
    assert_non_null(errors);
    pg_exec(&p->pg, "ALTER TABLE contact.address DROP CONSTRAINT address_organization_id_contact_id_fkey, "
                    "ADD FOREIGN KEY (organization_id, contact_id) REFERENCES contact.contact (organization_id, id) "
                    "ON DELETE CASCADE");
    assert_err(migrate_verify(app->config, &app->plugins, &app->catalogue, errors), ALEES_E_INVALID);
    (void)fclose(errors);
    assert_non_null(strstr(said,
                           "contact.address: FOREIGN KEY (organization_id, contact_id) REFERENCES contact.contact "
                           "ON DELETE CASCADE ON UPDATE CASCADE is missing"));
    pg_exec(&p->pg, "ALTER TABLE contact.address DROP CONSTRAINT address_organization_id_contact_id_fkey, "
                    "ADD FOREIGN KEY (organization_id, contact_id) REFERENCES contact.contact (organization_id, id) "
                    "ON DELETE CASCADE ON UPDATE CASCADE");
    assert_ok(migrate_verify(app->config, &app->plugins, &app->catalogue, stderr));
}

/* ---- what it costs ---- */

static int64_t statements(struct people *p, const char *method, const char *path, const char *body) {
    const struct metric *ran = metrics_register(METRICS_COUNTER, "alees_db_statements_total", "", "");
    int64_t before = metrics_value(ran);
    assert_status(people_ask(p, method, path, us.both, body), 200);
    return metrics_value(ran) - before;
}

static void test_cost(void **state) {
    struct people *p = *state;
    const struct answer *a = people_ask(p, "POST", "/categories", us.acme, "{\"name\":\"told\"}");
    assert_status(a, 201);
    const char *path = people_text(p, "/categories/%s", answer_text(a, "/id").ptr);
    assert_status(people_ask(p, "PATCH", path, us.both, "{\"slug\":\"a\"}"), 200);
    const int64_t plain = statements(p, "PATCH", path, "{\"slug\":\"b\"}");
    assert_int_equal(plain, 2); /* its hook before_write wants it locked */
    assert_int_equal(statements(p, "PATCH", path, "{\"slug\":\"c\",\"organization\":\"" PEOPLE_ACME "\"}"), plain);
    a = people_ask(p, "GET", path, us.both, NULL);
    const char *whole = people_text(p, "%.*s", STR_FMT(a->body));
    char *slug = strstr(whole, "\"slug\":\"c\"");
    assert_non_null(slug);
    slug[8] = 'd';
    assert_int_equal(statements(p, "PUT", path, whole), plain);
}

/* ---- meanwhile ---- */

struct client {
    struct people *people;
    pthread_barrier_t *barrier;
    pthread_t thread;
    const char *token, *path;
    uint32_t number, done, gone, again;
    char fault[512];
};

/* 0 takes it to and fro; 1 and 2 change it, and 3 a part of it. */
static const struct answer *act(const struct client *c, struct loopback *l, uint32_t round) {
    char body[160];
    if (c->number == 0) {
        snprintf(body, sizeof body, "{\"organization\":\"%s\"}", round % 2 == 0 ? PEOPLE_GLOBEX : PEOPLE_ACME);
    } else {
        snprintf(body, sizeof body, "{\"%s\":\"c%u-%u%s\"}", c->number == 3 ? "email" : "title", c->number, round,
                 c->number == 3 ? "@example.com" : "");
    }
    return loopback_request(l, "PATCH", c->path, c->token, body);
}

static void *run(void *data) {
    struct client *c = data;
    struct loopback *l = loopback_on(loopback_app(c->people->loopback));
    for (uint32_t round = 0; round < ROUNDS; round++) {
        pthread_barrier_wait(c->barrier);
        const struct answer *a = act(c, l, round);
        c->done += a->status == 200;
        c->gone += a->status == 404;
        if (a->status == 409 && strstr(a->body.ptr, "has just changed") != NULL) { /* it left, and came back */
            c->again++;
        } else if (a->status != 200 && a->status != 404) {
            snprintf(c->fault, sizeof c->fault, "client %u: %u %.400s", c->number, a->status, a->body.ptr);
        }
        if (round % 50 == 49) {
            loopback_forget(l);
        }
    }
    loopback_close(l);
    return NULL;
}

static void test_meanwhile(void **state) {
    enum { CLIENTS = 4 };
    struct people *p = *state;
    const char *path = contact(p, "\"email_addresses\":[{\"email\":\"race@example.com\"}],");
    const char *part = people_text(p, "/api/v1%s/email-addresses/%s", path,
                                   answer_text(people_ask(p, "GET", path, us.acme, NULL), "/email_addresses/0/id").ptr);
    const char *own = people_text(p, "/api/v1%s", path);
    struct client clients[CLIENTS];
    pthread_barrier_t barrier;
    assert_int_equal(pthread_barrier_init(&barrier, NULL, CLIENTS), 0);
    for (uint32_t i = 0; i < CLIENTS; i++) {
        clients[i] = (struct client){.people = p,
                                     .barrier = &barrier,
                                     .token = i == 2 ? us.acme : us.both,
                                     .path = i == 3 ? part : own,
                                     .number = i};
        assert_int_equal(pthread_create(&clients[i].thread, NULL, run, &clients[i]), 0);
    }
    for (uint32_t i = 0; i < CLIENTS; i++) {
        assert_int_equal(pthread_join(clients[i].thread, NULL), 0);
        print_message("client %u: %u done, %u not found, %u just changed\n", i, clients[i].done, clients[i].gone,
                      clients[i].again);
        assert_string_equal(clients[i].fault, "");
    }
    pthread_barrier_destroy(&barrier);
    assert_int_equal(clients[0].done, ROUNDS);
    assert_int_equal(clients[1].done, ROUNDS); /* they may at both ends: never is it not there */
    assert_true(clients[2].gone > 0 && clients[3].done > 0);
    const int64_t version =
        pg_count(&p->pg, people_text(p, "SELECT version FROM contact.contact WHERE id = '%s'", id_of(path)));
    assert_int_equal(version, 1 + clients[0].done + clients[1].done + clients[2].done + clients[3].done);
    assert_int_equal(entries(p, id_of(path), "action = 'move_out'"), ROUNDS);
    assert_int_equal(entries(p, id_of(path), "action = 'move_in'"), ROUNDS);
}

/* ---- while a request waits ---- */

struct waiting {
    pthread_t thread;
    struct loopback *loopback;
    const char *path, *token, *body;
    const struct answer *answer;
    atomic_bool is_done;
};

static void *send_patch(void *data) {
    struct waiting *w = data;
    w->answer = loopback_request(w->loopback, "PATCH", w->path, w->token, w->body);
    atomic_store(&w->is_done, true);
    return NULL;
}

/* What is sent is looked at while the row is Acme's, and written when somebody else has taken it to Globex meanwhile. */
static const struct answer *patch_meanwhile(struct people *p, struct waiting *w, const char *token, const char *path,
                                            const char *body, const char *id) {
    *w = (struct waiting){.path = people_text(p, "/api/v1%s", path), .token = token, .body = body};
    w->loopback = loopback_on(loopback_app(p->loopback));
    pg_exec(&p->pg, "BEGIN");
    people_sql(p, "UPDATE contact.contact SET organization_id = '" PEOPLE_GLOBEX "' WHERE id = '%s'", id);
    assert_int_equal(pthread_create(&w->thread, NULL, send_patch, w), 0);
    for (int i = 0; i < 300 && !atomic_load(&w->is_done); i++) {
        if (pg_count(&p->pg, "SELECT count(*) FROM pg_locks WHERE NOT granted") > 0) {
            break;
        }
        nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
    }
    assert_false(atomic_load(&w->is_done));
    pg_exec(&p->pg, "COMMIT");
    assert_int_equal(pthread_join(w->thread, NULL), 0);
    return w->answer;
}

#define KEPT "'{first_name,last_name,title,tags,email_addresses}'"

/* Of Acme's contacts they may change all, of Globex's some fields only: a row is written under the rights of the
 * organization that they were judged by. */
static void test_rights_while_one_waits(void **state) {
    struct people *p = *state;
    const char *role = grant_role(&p->pg, p->arena, PEOPLE_GLOBEX, "contact.view_contact,contact.change_contact");
    const char *token = people_new(p, "t_some", PEOPLE_ACME, "manager");
    grant_member(&p->pg, "t_some", PEOPLE_GLOBEX, role, false);
    people_sql(p,
               "INSERT INTO rbac.field_permission (organization_id, role_id, resource, read_fields, update_fields) "
               "VALUES ('" PEOPLE_GLOBEX "', '%s', 'contact.contact', " KEPT ", " KEPT ")",
               role);
    const char *there =
        people_text(p, "/contacts/%s",
                    answer_text(people_ask(p, "POST", "/contacts", us.globex, "{\"first_name\":\"Lena\"}"), "/id").ptr);
    people_soon(p, 403, "PATCH", there, token, "{\"notes\":\"mine\"}");
    static const char *const bodies[] = {"{\"notes\":\"mine\"}", "{\"notes\":\"mine\",\"custom_fields\":{}}",
                                         "{\"notes\":\"mine\",\"organization\":\"" PEOPLE_ACME "\"}",
                                         "{\"phone_numbers\":[{\"number\":\"+4930901820\"}]}"};
    for (size_t i = 0; i < ARRAY_LEN(bodies); i++) {
        const char *path = contact(p, "\"notes\":\"theirs\",");
        struct waiting w;
        const struct answer *a = patch_meanwhile(p, &w, token, path, bodies[i], id_of(path));
        print_message("%s: %u\n", bodies[i], a->status);
        assert_problem(a, 409, "conflict");
        loopback_close(w.loopback);
        a = people_ask(p, "GET", path, us.globex, NULL);
        assert_text(answer_text(a, "/notes"), "theirs");
        assert_int_equal(jx_size(answer_at(a, "/phone_numbers")), 0);
    }
    assert_problem(people_ask(p, "PATCH", there, token, "{\"notes\":\"mine\"}"), 403, "field_not_permitted");
    assert_status(people_ask(p, "PATCH", there, token, "{\"title\":\"mine\"}"), 200);
}

static const char *key_of(struct people *p, const char *members) {
    const struct answer *a = people_ask(p, "POST", "/api-keys", us.both,
                                        people_text(p, "{\"name\":\"k\",\"permissions\":[\"contact.*\"]%s}", members));
    assert_status(a, 201);
    return people_text(p, "%.*s", STR_FMT(answer_text(a, "/secret")));
}

/* A program goes no further than its key; nobody goes where nobody may act, and not where the organization has gone. */
static void test_no_way(void **state) {
    struct people *p = *state;
    const char *to = "{\"organization\":\"" PEOPLE_GLOBEX "\"}", *path = contact(p, "");
    const char *here = key_of(p, ",\"organizations\":[\"" PEOPLE_ACME "\"]");
    const char *there = key_of(p, ",\"organizations\":[\"" PEOPLE_GLOBEX "\"]"), *key = key_of(p, "");
    people_soon(p, 403, "PATCH", path, here, to);
    assert_problem(people_ask(p, "PATCH", path, here, to), 403, "organization_not_permitted");
    assert_problem(people_ask(p, "PATCH", path, there, to), 404, "not_found");
    people_soon(p, 200, "PATCH", path, key, "{\"title\":\"by key\"}");
    static const char *const states[] = {"status = 'inactive'", "end_date = '2020-01-01'",
                                         "effective_date = '2199-01-01'"};
    for (size_t i = 0; i < ARRAY_LEN(states); i++) {
        people_sql(p, "UPDATE organization.organization SET %s WHERE id = '" PEOPLE_GLOBEX "'", states[i]);
        people_soon(p, 403, "POST", "/contacts", us.globex, "{\"first_name\":\"late\"}");
        const struct answer *a = people_ask(p, "PATCH", path, us.both, to);
        assert_problem(a, 403, "organization_not_permitted");
        people_sql(p, "UPDATE organization.organization SET status = 'active', end_date = NULL, effective_date = NULL "
                      "WHERE id = '" PEOPLE_GLOBEX "'");
        people_soon(p, 201, "POST", "/contacts", us.globex, "{\"first_name\":\"late\"}");
        people_sql(p, "UPDATE organization.organization SET %s WHERE id = '" PEOPLE_ACME "'", states[i]);
        people_soon(p, 404, "GET", path, us.acme, NULL);
        assert_problem(people_ask(p, "PATCH", path, us.both, to), 404, "not_found");
        people_sql(p, "UPDATE organization.organization SET status = 'active', end_date = NULL, effective_date = NULL "
                      "WHERE id = '" PEOPLE_ACME "'");
        people_soon(p, 200, "GET", path, us.acme, NULL);
    }
    assert_status(people_ask(p, "PATCH", path, key, to), 200);
}

/* Rows of one organization are meant: one that has left it is not. */
static void test_filters_while_one_waits(void **state) {
    struct people *p = *state;
    static const char *const parameters[] = {"organization=" PEOPLE_ACME, "organization=" PEOPLE_ACME "&below=true"};
    const char *const tokens[] = {us.both, us.admin};
    for (size_t i = 0; i < ARRAY_LEN(parameters) * ARRAY_LEN(tokens); i++) {
        const char *path = contact(p, "\"last_name\":\"Many\",");
        struct waiting w;
        const struct answer *a =
            patch_meanwhile(p, &w, tokens[i / 2], people_text(p, "/contacts?last_name=Many&%s", parameters[i % 2]),
                            "{\"title\":\"written\"}", id_of(path));
        assert_status(a, 200);
        assert_int_equal(answer_integer(a, "/count"), 0);
        loopback_close(w.loopback);
        assert_text(answer_text(people_ask(p, "GET", path, us.globex, NULL), "/title"), "");
        people_sql(p, "DELETE FROM contact.contact WHERE id = '%s'", id_of(path));
    }
}

static int set_up(void **state) {
    struct people *p;
    people_setup(state);
    p = *state;
    us.admin = people_token(p, "admin");
    us.acme = people_new(p, "t_acme", PEOPLE_ACME, "manager");
    us.globex = people_new(p, "t_globex", PEOPLE_GLOBEX, "manager");
    us.both = people_new(p, "t_both", PEOPLE_ACME, "manager");
    people_join(p, "t_both", PEOPLE_GLOBEX, "manager", false);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_history),
        cmocka_unit_test(test_trail),
        cmocka_unit_test(test_what_is_left_out),
        cmocka_unit_test(test_scope),
        cmocka_unit_test(test_policies),
        cmocka_unit_test(test_keys_of_parts),
        cmocka_unit_test(test_cost),
        cmocka_unit_test(test_meanwhile),
        cmocka_unit_test(test_rights_while_one_waits),
        cmocka_unit_test(test_filters_while_one_waits),
        cmocka_unit_test(test_no_way),
    };
    return cmocka_run_group_tests_name("relocate_told", tests, set_up, people_teardown);
}
