/* SPDX-License-Identifier: MIT
 * test_owners.c - two owners take each other's ownership away at the same moment, in every way there is: one of them
 * succeeds, the other is refused, and the organization is never without an owner. By SQL, as two servers would write at
 * once, and through the server, where each of them asks with a token of their own. */
#include "test.h"

#include <pthread.h>
#include <stdio.h>
#include <time.h>

#include "db.h"
#include "grant.h"
#include "world.h"

enum { ROUNDS = 1000, SIDES = 2, BATCH = 50 };

/* The two, in world_users, and their memberships. */
static const struct {
    size_t user;
    const char *membership;
} sides[SIDES] = {{2, "01930000-0000-7000-8000-0000000000d0"}, {3, "01930000-0000-7000-8000-0000000000d1"}};

struct duel;

struct dueller {
    struct duel *duel;
    uint32_t side;
    pthread_t thread;
    struct db *db;
    struct loopback *loopback;
};

struct duel {
    struct world *world;
    pthread_barrier_t barrier;
    void (*strike)(struct dueller *me, uint32_t round);
    const char *users[SIDES], *organization, *reset, *owners;
    bool done[SIDES], refused[SIDES]; /* in this round */
    uint32_t wrong, none;             /* rounds: not one and one; without an owner */
    char fault[SIDES][600];
};

/* Every way against every other. */
static uint32_t way_of(const struct dueller *me, uint32_t round, uint32_t ways) {
    return me->side == 0 ? round % (ways * ways) / ways : round % ways;
}

/* ---- by SQL: $1 is the other user, $2 the organization ---- */

#define OTHERS " WHERE user_id = $1 AND organization_id = $2"
static const char *const statements[] = {
    "UPDATE rbac.membership SET role_ids = ARRAY['" GRANT_VIEWER "'::uuid]" OTHERS,
    "UPDATE rbac.membership SET is_active = false" OTHERS,
    "UPDATE rbac.membership SET valid_until = now() + interval '1 day'" OTHERS,
    "UPDATE rbac.membership SET valid_from = now() + interval '1 day'" OTHERS,
    "DELETE FROM rbac.membership" OTHERS,
    "UPDATE rbac.app_user SET is_active = false WHERE id = $1 AND $2::uuid IS NOT NULL",
};

static void strike_by_sql(struct dueller *me, uint32_t round) {
    struct duel *d = me->duel;
    const char *sql = statements[way_of(me, round, ARRAY_LEN(statements))];
    const alees_str params[] = {test_view(d->users[!me->side]), test_view(d->organization)};
    struct db_result *result = NULL;
    alees_rc rc = db_query(me->db, sql, params, 2, &result);
    const char *state = rc == ALEES_OK ? "" : db_error(result, DB_SQLSTATE);
    d->done[me->side] = rc == ALEES_OK && db_changed(result) == 1;
    d->refused[me->side] = rc != ALEES_OK && strcmp(state, "AL001") == 0;
    if (!d->done[me->side] && !d->refused[me->side]) {
        snprintf(d->fault[me->side], sizeof d->fault[0], "round %u: %s: %s", round, state, sql);
    }
    db_result_free(result);
}

/* ---- through the server ---- */

static const struct {
    const char *method, *body;
} requests[] = {
    {"PATCH", "{\"roles\":[\"" GRANT_VIEWER "\"]}"},
    {"PATCH", "{\"is_active\":false}"},
    {"PATCH", "{\"valid_until\":\"2099-01-01T00:00:00Z\"}"},
    {"PATCH", "{\"valid_from\":\"2098-01-01T00:00:00Z\"}"},
    {"DELETE", NULL},
};

/* What the last round took is given back by SQL, of which the process hears in a moment. */
static bool is_owner_again(struct dueller *me, const char *token) {
    char path[256];
    snprintf(path, sizeof path, "/api/v1/rbac/can?permission=rbac.change_organization_membership&organization=%s",
             me->duel->organization);
    for (int i = 0; i < 1000; i++) {
        const struct answer *a = loopback_request(me->loopback, "GET", path, token, NULL);
        if (strstr(a->body.ptr, "\"allowed\":true")) {
            return true;
        }
        nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
    }
    return false;
}

/* The second one has either lost the right to do it or would leave nobody. */
static void strike_by_request(struct dueller *me, uint32_t round) {
    struct duel *d = me->duel;
    const char *token = d->world->tokens[sides[me->side].user];
    uint32_t way = way_of(me, round, ARRAY_LEN(requests));
    char path[128];
    snprintf(path, sizeof path, "/api/v1/organization-memberships/%s", sides[!me->side].membership);
    if (round % BATCH == 0) { /* answers live as long as it does */
        loopback_close(me->loopback);
        me->loopback = loopback_on(loopback_app(d->world->loopback));
    }
    bool is_ready = is_owner_again(me, token);
    pthread_barrier_wait(&d->barrier);
    const struct answer *a = loopback_request(me->loopback, requests[way].method, path, token, requests[way].body);
    bool is_last = a->status == 409 && str_equal(answer_text(a, "/code"), "last_owner");
    d->done[me->side] = a->status == 200 || a->status == 204;
    d->refused[me->side] = is_last || a->status == 403 || a->status == 404;
    if (!is_ready || (!d->done[me->side] && !d->refused[me->side])) {
        snprintf(d->fault[me->side], sizeof d->fault[0], "round %u: %s %s: %u %.300s", round, requests[way].method,
                 requests[way].body ? requests[way].body : "", a->status, a->body.ptr);
    }
}

/* ---- the duel ---- */

/* By one thread, while the other waits. */
static void judge(struct duel *d) {
    d->wrong += d->done[0] + d->done[1] != 1 || d->refused[0] + d->refused[1] != 1;
    d->none += pg_count(&d->world->pg, d->owners) < 1;
    pg_exec(&d->world->pg, d->reset);
}

static void *fight(void *data) {
    struct dueller *me = data;
    struct duel *d = me->duel;
    for (uint32_t round = 0; round < ROUNDS; round++) {
        pthread_barrier_wait(&d->barrier);
        d->strike(me, round);
        pthread_barrier_wait(&d->barrier);
        if (me->side == 0) {
            judge(d);
        }
    }
    return NULL;
}

static void describe(struct duel *d, const char *code) {
    struct world *w = d->world;
    d->organization = grant_organization(&w->pg, w->arena, code, NULL);
    for (uint32_t i = 0; i < SIDES; i++) {
        d->users[i] = pg_value(&w->pg, w->arena,
                               world_text(w, "SELECT id FROM rbac.app_user WHERE username = '%s'",
                                          world_users[sides[i].user].name))
                          .ptr;
    }
    d->reset = world_text(
        w,
        "UPDATE rbac.app_user SET is_active = true WHERE id IN ('%s', '%s');"
        "INSERT INTO rbac.membership (id, user_id, organization_id, role_ids) SELECT id, u, '%s',"
        " ARRAY['" GRANT_OWNER "'::uuid] FROM (VALUES ('%s'::uuid, '%s'::uuid), ('%s', '%s')) v (id, u)"
        " ON CONFLICT (user_id, organization_id) DO UPDATE SET role_ids = excluded.role_ids,"
        " is_active = true, valid_from = NULL, valid_until = NULL",
        d->users[0], d->users[1], d->organization, sides[0].membership, d->users[0], sides[1].membership, d->users[1]);
    d->owners = world_text(w,
                           "SELECT count(*) FROM rbac.membership m JOIN rbac.app_user u ON u.id = m.user_id WHERE"
                           " m.organization_id = '%s' AND m.is_active AND u.is_active AND m.valid_until IS NULL AND"
                           " m.valid_from IS NULL AND '" GRANT_OWNER "' = ANY (m.role_ids)",
                           d->organization);
}

static void run_duel(struct world *w, const char *code, void (*strike)(struct dueller *me, uint32_t round)) {
    static struct duel d;
    struct dueller duellers[SIDES];
    d = (struct duel){.world = w, .strike = strike};
    describe(&d, code);
    pg_exec(&w->pg, d.reset);
    assert_int_equal(pthread_barrier_init(&d.barrier, NULL, SIDES), 0);
    for (uint32_t i = 0; i < SIDES; i++) {
        const struct db_options options = {.url = w->pg.admin_url, .name = "duel", .connect_timeout_ms = 5000};
        char why[DB_WHY];
        duellers[i] = (struct dueller){.duel = &d, .side = i, .loopback = loopback_on(loopback_app(w->loopback))};
        assert_ok(db_connect(&options, &duellers[i].db, why));
        assert_int_equal(pthread_create(&duellers[i].thread, NULL, fight, &duellers[i]), 0);
    }
    for (uint32_t i = 0; i < SIDES; i++) {
        assert_int_equal(pthread_join(duellers[i].thread, NULL), 0);
        db_close(duellers[i].db);
        loopback_close(duellers[i].loopback);
    }
    pthread_barrier_destroy(&d.barrier);
    assert_string_equal(d.fault[0], "");
    assert_string_equal(d.fault[1], "");
    assert_int_equal(d.none, 0);
    assert_int_equal(d.wrong, 0);
    pg_exec(&w->pg, world_text(w, "DELETE FROM organization.organization WHERE id = '%s'", d.organization));
}

static void test_two_owners_by_sql(void **state) {
    run_duel(*state, "DUEL", strike_by_sql);
}

static void test_two_owners_by_requests(void **state) {
    run_duel(*state, "DUEL2", strike_by_request);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_two_owners_by_sql),
        cmocka_unit_test(test_two_owners_by_requests),
    };
    return cmocka_run_group_tests_name("owners", tests, world_setup, world_teardown);
}
