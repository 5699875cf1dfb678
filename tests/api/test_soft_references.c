/* SPDX-License-Identifier: MIT
 * test_soft_references.c - what refers to rows that are marked when they are deleted, with tests/plugins/archive.c: a row
 * that live ones hold is not deleted, a deleted one is not referred to, whichever way it is written and whoever comes first;
 * and rows of nobody and of no organization are deleted, too. It runs three times, with both locks and with each alone. */
#include "test.h"

#include <pthread.h>
#include <stdio.h>

#include "world.h"

enum { ADMIN, ACME_MANAGER, ACME_VIEWER, GLOBEX_MANAGER, BOTH, NOBODY };
enum { ROUNDS = 500, BATCH = 50 };

static const struct answer *ask(struct world *w, size_t user, const char *method, const char *path, const char *body) {
    return world_ask(w, user, method, world_text(w, "/api/v1%s", path), body);
}

static const struct answer *globex(struct world *w, const char *method, const char *path, const char *body) {
    return ask(w, GLOBEX_MANAGER, method, path, body);
}

static const char *title(struct world *w, const char *more) {
    return world_text(w, "{\"title\":\"t%u\"%s}", ++w->serial, more);
}

/* The id of a new row of Globex. more: ",\"folder\":.." */
static const char *make(struct world *w, const char *path, const char *more) {
    const struct answer *a = globex(w, "POST", path, title(w, more));
    world_must(a, 201, GLOBEX_MANAGER, path);
    return world_text(w, "%s", answer_text(a, "/id").ptr);
}

static const char *in(struct world *w, const char *field, const char *id) {
    return world_text(w, ",\"%s\":\"%s\"", field, id);
}

static const char *at(struct world *w, const char *path, const char *id) {
    return world_text(w, "%s/%s", path, id);
}

static const char *deleted_folder(struct world *w) {
    const char *id = make(w, "/folders", "");
    assert_status(globex(w, "DELETE", at(w, "/folders", id), NULL), 204);
    return id;
}

/* ---- who is held ---- */

static void check_held(const struct answer *a, const char *detail) {
    assert_problem(a, 409, "protected");
    assert_text(answer_text(a, "/errors/0/detail"), detail);
    assert_null(answer_text(a, "/errors/1/detail").ptr);
}

static void test_held(void **state) {
    struct world *w = *state;
    const char *id = make(w, "/folders", ""), *folder = at(w, "/folders", id);
    const char *paper = at(w, "/papers", make(w, "/papers", in(w, "folder", id)));
    make(w, "/papers", in(w, "folder", id));
    check_held(globex(w, "DELETE", folder, NULL), "2 rows of archive.paper refer to it");
    const struct answer *a =
        globex(w, "DELETE", world_text(w, "/folders?id=%s", id), NULL); /* by a filter: the same, with its id */
    assert_problem(a, 409, "protected");
    assert_text(answer_text(a, "/errors/0/pointer"), world_text(w, "/%s", id));
    assert_text(answer_text(a, "/errors/0/detail"), "2 rows of archive.paper refer to it");
    assert_status(globex(w, "GET", folder, NULL), 200);
    assert_status(globex(w, "DELETE", world_text(w, "/papers?folder=%s&id__in=%s", id, strrchr(paper, '/') + 1), NULL),
                  200);
    check_held(globex(w, "DELETE", folder, NULL), "1 row of archive.paper refers to it"); /* the deleted one does not */
    assert_status(globex(w, "DELETE", world_text(w, "/papers?folder=%s", id), NULL), 200);
    assert_status(globex(w, "DELETE", folder, NULL), 204);
    a = globex(w, "POST", world_text(w, "%s/restore", paper), NULL); /* it would refer to a deleted one */
    assert_problem(a, 409, "conflict");
    assert_text(answer_text(a, "/errors/0/pointer"), "/folder");
    assert_text(answer_text(a, "/errors/0/code"), "invalid_reference");
    assert_status(globex(w, "POST", world_text(w, "%s/restore", folder), NULL), 200);
    assert_status(globex(w, "POST", world_text(w, "%s/restore", paper), NULL), 200);
    check_held(globex(w, "DELETE", folder, NULL), "1 row of archive.paper refers to it");
}

static void test_several_kinds(void **state) {
    struct world *w = *state;
    const char *id = make(w, "/folders", ""), *folder = at(w, "/folders", id);
    make(w, "/papers", in(w, "folder", id));
    make(w, "/notes", in(w, "folder", id));
    make(w, "/folders", in(w, "within", id));
    const struct answer *a = globex(w, "DELETE", folder, NULL);
    assert_problem(a, 409, "protected");
    assert_text(answer_text(a, "/errors/0/detail"), "1 row of archive.folder refers to it");
    assert_text(answer_text(a, "/errors/1/detail"), "1 row of archive.paper refers to it");
    assert_text(answer_text(a, "/errors/2/detail"), "1 row of archive.note refers to it");
}

/* Weak ones, those that let go, parts, and a row itself. */
static void test_not_held(void **state) {
    struct world *w = *state;
    const char *place = make(w, "/folders", "");
    const char *id = make(w, "/folders", ",\"sheets\":[{\"title\":\"one\"}]"), *folder = at(w, "/folders", id);
    make(w, "/papers", world_text(w, "%s%s", in(w, "folder", place), in(w, "other", id)));
    const char *note = at(w, "/notes", make(w, "/notes", in(w, "hint", id)));
    assert_status(globex(w, "PATCH", folder, world_text(w, "{\"within\":\"%s\"}", id)), 200);
    assert_status(globex(w, "DELETE", folder, NULL), 204);
    assert_status(globex(w, "PATCH", note, "{\"title\":\"still\"}"), 200); /* what is not sent is not looked at */
    assert_status(globex(w, "POST", world_text(w, "%s/restore", folder), NULL), 200);
    assert_status(globex(w, "DELETE", world_text(w, "%s?permanent=true", folder), NULL), 204);
    assert_int_equal(pg_count(&w->pg, "SELECT count(*) FROM archive.note WHERE hint_id IS NOT NULL"), 0);
}

/* Both in one statement: nothing is left that holds. */
static void test_together(void **state) {
    struct world *w = *state;
    const char *outer = make(w, "/folders", ""), *inner = make(w, "/folders", in(w, "within", outer));
    const struct answer *a = globex(w, "DELETE", world_text(w, "/folders?id__in=%s,%s", outer, inner), NULL);
    assert_status(a, 200);
    assert_int_equal(answer_integer(a, "/count"), 2);
}

/* ---- what is deleted is not referred to ---- */

static void check_refused(const struct answer *a, const char *pointer) {
    assert_problem(a, 422, "invalid");
    assert_text(answer_text(a, "/errors/0/code"), "invalid_reference");
    assert_text(answer_text(a, "/errors/0/pointer"), pointer);
}

static void test_deleted_is_not_referred_to(void **state) {
    struct world *w = *state;
    const char *gone = deleted_folder(w), *place = make(w, "/folders", "");
    const char *paper = at(w, "/papers", make(w, "/papers", in(w, "folder", place)));
    check_refused(globex(w, "POST", "/papers", title(w, in(w, "folder", gone))), "/folder");
    check_refused(
        globex(w, "POST", "/papers", title(w, world_text(w, "%s%s", in(w, "folder", place), in(w, "other", gone)))),
        "/other");
    check_refused(globex(w, "POST", "/notes", title(w, in(w, "hint", gone))), "/hint");
    check_refused(globex(w, "POST", "/folders", title(w, in(w, "within", gone))), "/within");
    check_refused(globex(w, "PATCH", paper, world_text(w, "{\"folder\":\"%s\"}", gone)), "/folder");
    check_refused(globex(w, "PUT", paper, title(w, in(w, "folder", gone))), "/folder");
    check_refused(
        globex(w, "PATCH", world_text(w, "/papers?folder=%s", place), world_text(w, "{\"folder\":\"%s\"}", gone)),
        "/folder");
    const struct answer *a =
        globex(w, "POST", "/papers",
               world_text(w, "[%s,%s]", title(w, in(w, "folder", place)), title(w, in(w, "folder", gone))));
    check_refused(a, "/1/folder");
    check_refused(globex(w, "POST", "/folders?on_conflict=title", title(w, in(w, "within", gone))), "/within");
    assert_int_equal(pg_count(&w->pg, world_text(w,
                                                 "SELECT count(*) FROM archive.paper WHERE '%s' IN (folder_id, "
                                                 "other_id)",
                                                 gone)),
                     0);
}

/* ---- both at once ---- */

struct race {
    struct world *world;
    pthread_barrier_t barrier;
    char folder[40];
    uint32_t statuses[2];
    char fault[512];
};

struct racer {
    struct race *race;
    uint32_t place;
    pthread_t thread;
};

/* The first deletes the folder; the second puts a new paper into it. */
static void try_once(struct race *race, struct loopback *l, uint32_t place) {
    char path[160], body[160];
    bool is_delete = place == 0;
    snprintf(path, sizeof path, is_delete ? "/api/v1/folders/%s" : "/api/v1/papers", race->folder);
    snprintf(body, sizeof body, "{\"title\":\"raced\",\"folder\":\"%s\"}", race->folder);
    const struct answer *a = loopback_request(l, is_delete ? "DELETE" : "POST", path,
                                              race->world->tokens[GLOBEX_MANAGER], is_delete ? NULL : body);
    bool is_held = a->status == 409 && str_equal(answer_text(a, "/code"), "protected");
    bool is_late = a->status == 422 && str_equal(answer_text(a, "/errors/0/code"), "invalid_reference");
    race->statuses[place] = a->status;
    if (a->status != (is_delete ? 204 : 201) && !(is_delete ? is_held : is_late)) {
        snprintf(race->fault, sizeof race->fault, "%u %.400s", a->status, a->body.ptr);
    }
}

static void *run(void *data) {
    struct racer *r = data;
    struct race *race = r->race;
    struct loopback *l = NULL;
    for (uint32_t round = 0; round < ROUNDS; round++) {
        if (round % BATCH == 0) {
            if (l) {
                loopback_close(l);
            }
            l = loopback_on(loopback_app(race->world->loopback));
        }
        pthread_barrier_wait(&race->barrier);
        try_once(race, l, r->place);
        pthread_barrier_wait(&race->barrier);
    }
    loopback_close(l);
    return NULL;
}

/* The server's statement, and whoever holds the lock that it waits for. */
struct waiting {
    struct world *world;
    const char *path, *body;
    uint32_t status;
};

static void *post(void *data) {
    struct waiting *x = data;
    struct loopback *l = loopback_on(loopback_app(x->world->loopback));
    x->status = loopback_request(l, "POST", x->path, x->world->tokens[GLOBEX_MANAGER], x->body)->status;
    loopback_close(l);
    return NULL;
}

static bool is_waiting(struct world *w) {
    return pg_count(&w->pg, "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND "
                            "usename = 'alees_app' AND wait_event_type = 'Lock'") > 0;
}

/* A folder is deleted, and that is committed while the request waits for it. */
static uint32_t post_meanwhile(struct world *w, const char *folder, const char *path, const char *body) {
    struct waiting x = {w, path, body, 0};
    pthread_t thread;
    pg_exec(&w->pg, world_text(w, "BEGIN; UPDATE archive.folder SET deleted_at = now() WHERE id = '%s'", folder));
    assert_int_equal(pthread_create(&thread, NULL, post, &x), 0);
    for (int i = 0; i < 2000 && !is_waiting(w); i++) {
        nanosleep(&(struct timespec){0, 1000000}, NULL);
    }
    nanosleep(&(struct timespec){0, 50000000}, NULL); /* and again, on the pool, as a lane does not wait for long */
    pg_exec(&w->pg, "COMMIT");
    assert_int_equal(pthread_join(thread, NULL), 0);
    return x.status;
}

static void test_who_waits_sees_what_was_done(void **state) {
    struct world *w = *state;
    const char *folder = make(w, "/folders", ""), *paper = make(w, "/papers", in(w, "folder", folder));
    assert_status(globex(w, "DELETE", at(w, "/papers", paper), NULL), 204);
    assert_int_equal(post_meanwhile(w, folder, world_text(w, "/api/v1/papers/%s/restore", paper), NULL), 409);
    folder = make(w, "/folders", "");
    assert_int_equal(post_meanwhile(w, folder, "/api/v1/papers", title(w, in(w, "folder", folder))), 422);
}

/* What the two have left behind. */
static const char *state_of(struct world *w, const char *folder) {
    return pg_value(&w->pg, w->arena,
                    world_text(w,
                               "SELECT concat('folder deleted ', f.deleted_at, ' version ', f.version, ' by ', f.xmin, "
                               "'; papers: ', (SELECT string_agg(concat(p.created_at, ' by ', p.xmin, ' deleted ', "
                               "p.deleted_at), ', ') FROM archive.paper p WHERE p.folder_id = f.id)) "
                               "FROM archive.folder f WHERE f.id = '%s'",
                               folder))
        .ptr;
}

static void test_race(void **state) {
    struct world *w = *state;
    struct race race = {.world = w};
    struct racer racers[2];
    uint32_t won[2] = {0, 0};
    assert_int_equal(pthread_barrier_init(&race.barrier, NULL, 3), 0);
    for (uint32_t i = 0; i < 2; i++) {
        racers[i] = (struct racer){.race = &race, .place = i};
        assert_int_equal(pthread_create(&racers[i].thread, NULL, run, &racers[i]), 0);
    }
    for (uint32_t round = 0; round < ROUNDS; round++) {
        alees_str id = pg_value(&w->pg, w->arena,
                                world_text(w,
                                           "INSERT INTO archive.folder (organization_id, title, tags) "
                                           "VALUES ('%s', 'race %u', '{}') RETURNING id",
                                           world_organizations[WORLD_GLOBEX].id, round));
        snprintf(race.folder, sizeof race.folder, "%.*s", STR_FMT(id));
        pthread_barrier_wait(&race.barrier);
        pthread_barrier_wait(&race.barrier);
        won[0] += race.statuses[0] == 204;
        won[1] += race.statuses[1] == 201;
        if (race.statuses[0] == 204 && race.statuses[1] == 201) {
            snprintf(race.fault, sizeof race.fault, "round %u: %s", round, state_of(w, race.folder));
        }
    }
    for (uint32_t i = 0; i < 2; i++) {
        assert_int_equal(pthread_join(racers[i].thread, NULL), 0);
    }
    pthread_barrier_destroy(&race.barrier);
    assert_string_equal(race.fault, "");
    assert_int_equal(won[0] + won[1], ROUNDS);
    assert_true(won[0] > 0 && won[1] > 0); /* they did meet */
    assert_int_equal(pg_count(&w->pg,
                              "SELECT count(*) FROM archive.paper p JOIN archive.folder f ON f.id = p.folder_id "
                              "WHERE p.deleted_at IS NULL AND f.deleted_at IS NOT NULL"),
                     0);
}

/* ---- rows of nobody, and of no organization ---- */

static void test_rows_of_nobody(void **state) {
    struct world *w = *state;
    const struct answer *a = ask(w, ADMIN, "POST", "/seals", title(w, ""));
    world_must(a, 201, ADMIN, "seal");
    const char *id = world_text(w, "%s", answer_text(a, "/id").ptr), *seal = at(w, "/seals", id);
    const char *folder = at(w, "/folders", make(w, "/folders", in(w, "seal", id)));
    assert_problem(globex(w, "DELETE", seal, NULL), 403, "permission_denied");
    check_held(ask(w, ADMIN, "DELETE", seal, NULL), "1 row of archive.folder refers to it");
    assert_status(globex(w, "PATCH", folder, "{\"seal\":null}"), 200);
    assert_status(ask(w, ADMIN, "DELETE", seal, NULL), 204);
    assert_problem(globex(w, "GET", seal, NULL), 404, "not_found");
    assert_problem(globex(w, "GET", world_text(w, "%s?deleted=true", seal), NULL), 403, "permission_denied");
    assert_problem(globex(w, "GET", "/seals?deleted=true", NULL), 403, "permission_denied");
    assert_problem(globex(w, "POST", world_text(w, "%s/restore", seal), NULL), 403, "permission_denied");
    check_refused(globex(w, "PATCH", folder, world_text(w, "{\"seal\":\"%s\"}", id)), "/seal");
    a = ask(w, ADMIN, "GET", "/seals?deleted=true&count=exact", NULL);
    assert_status(a, 200);
    assert_int_equal(answer_integer(a, "/count"), 1);
    assert_status(ask(w, ADMIN, "POST", world_text(w, "%s/restore", seal), NULL), 200);
    assert_status(globex(w, "GET", seal, NULL), 200);
    assert_status(ask(w, ADMIN, "DELETE", world_text(w, "%s?permanent=true", seal), NULL), 204);
    assert_problem(ask(w, ADMIN, "GET", world_text(w, "%s?deleted=true", seal), NULL), 404, "not_found");
}

static void test_rows_of_no_organization(void **state) {
    struct world *w = *state;
    const struct answer *a = ask(w, ADMIN, "POST", "/notices", "{\"title\":\"for all\",\"organization\":null}");
    world_must(a, 201, ADMIN, "notice");
    const char *all = at(w, "/notices", answer_text(a, "/id").ptr);
    const char *one = at(w, "/notices", make(w, "/notices", ""));
    assert_status(globex(w, "GET", all, NULL), 200);
    assert_problem(globex(w, "DELETE", all, NULL), 403, "permission_denied");
    assert_status(ask(w, ADMIN, "DELETE", all, NULL), 204);
    assert_status(globex(w, "DELETE", one, NULL), 204);
    for (size_t user = ADMIN; user <= NOBODY; user++) {
        assert_problem(ask(w, user, "GET", all, NULL), 404, "not_found");
        assert_problem(ask(w, user, "GET", one, NULL), 404, "not_found");
    }
    assert_problem(globex(w, "GET", world_text(w, "%s?deleted=true", all), NULL), 404, "not_found");
    assert_problem(globex(w, "POST", world_text(w, "%s/restore", all), NULL), 404, "not_found");
    a = globex(w, "GET", "/notices?deleted=true&count=exact", NULL);
    assert_status(a, 200);
    assert_int_equal(answer_integer(a, "/count"), 1); /* theirs alone */
    a = ask(w, ADMIN, "GET", "/notices?deleted=true&count=exact", NULL);
    assert_int_equal(answer_integer(a, "/count"), 2);
    assert_status(ask(w, ADMIN, "POST", world_text(w, "%s/restore", all), NULL), 200);
    assert_status(globex(w, "POST", world_text(w, "%s/restore", one), NULL), 200);
    assert_status(globex(w, "GET", all, NULL), 200);
    assert_status(ask(w, ADMIN, "DELETE", world_text(w, "%s?permanent=true", all), NULL), 204);
}

static int setup(void **state) {
    return world_setup_with(state, "archive");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_held),
        cmocka_unit_test(test_several_kinds),
        cmocka_unit_test(test_not_held),
        cmocka_unit_test(test_together),
        cmocka_unit_test(test_deleted_is_not_referred_to),
        cmocka_unit_test(test_who_waits_sees_what_was_done),
        cmocka_unit_test(test_race),
        cmocka_unit_test(test_rows_of_nobody),
        cmocka_unit_test(test_rows_of_no_organization),
    };
    return cmocka_run_group_tests_name("soft_references", tests, setup, world_teardown);
}
