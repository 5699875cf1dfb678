/* SPDX-License-Identifier: MIT
 * test_owners.c - two owners take each other's ownership away at the same moment, in every way there is: one of them
 * succeeds, and the organization is never without an owner. Here by SQL, as two servers would write at once. */
#include "test.h"

#include <pthread.h>
#include <stdio.h>

#include "db.h"
#include "grant.h"
#include "world.h"

enum { ROUNDS = 1000, SIDES = 2 };

/* What is done to the other one: $1 is the user, $2 the organization. */
static const char *const ways[] = {
    "UPDATE rbac.membership SET role_ids = ARRAY['" GRANT_VIEWER "'::uuid] WHERE user_id = $1 AND organization_id = $2",
    "UPDATE rbac.membership SET is_active = false WHERE user_id = $1 AND organization_id = $2",
    "UPDATE rbac.membership SET valid_until = now() + interval '1 day' WHERE user_id = $1 AND organization_id = $2",
    "UPDATE rbac.membership SET valid_from = now() + interval '1 day' WHERE user_id = $1 AND organization_id = $2",
    "DELETE FROM rbac.membership WHERE user_id = $1 AND organization_id = $2",
    "UPDATE rbac.app_user SET is_active = false WHERE id = $1 AND $2::uuid IS NOT NULL",
};

struct duel {
    struct world *world;
    pthread_barrier_t barrier;
    const char *users[SIDES], *organization, *reset, *owners;
    uint32_t done[SIDES], refused[SIDES]; /* in this round */
    uint32_t wrong, none;                 /* rounds: not one and one; without an owner */
    char fault[512];
};

struct dueller {
    struct duel *duel;
    uint32_t side;
    pthread_t thread;
};

static struct db *connect(struct world *w) {
    const struct db_options options = {.url = w->pg.admin_url, .name = "duel", .connect_timeout_ms = 5000};
    char why[DB_WHY];
    struct db *db = NULL;
    return db_connect(&options, &db, why) == ALEES_OK ? db : NULL;
}

/* Every way against every other. */
static const char *way_of(uint32_t round, uint32_t side) {
    uint32_t pair = round % (ARRAY_LEN(ways) * ARRAY_LEN(ways));
    return ways[side == 0 ? pair / ARRAY_LEN(ways) : pair % ARRAY_LEN(ways)];
}

static void strike(struct duel *d, struct db *db, uint32_t round, uint32_t side) {
    const char *sql = way_of(round, side);
    const alees_str params[] = {test_view(d->users[!side]), test_view(d->organization)};
    struct db_result *result = NULL;
    alees_rc rc = db_query(db, sql, params, 2, &result);
    const char *state = rc == ALEES_OK ? "" : db_error(result, DB_SQLSTATE);
    d->done[side] = rc == ALEES_OK && db_changed(result) == 1;
    d->refused[side] = rc != ALEES_OK && strcmp(state, "AL001") == 0;
    if (!d->done[side] && !d->refused[side]) {
        snprintf(d->fault, sizeof d->fault, "round %u: %s: %s", round, state, sql);
    }
    db_result_free(result);
}

/* By one thread, while the other waits. */
static void judge(struct duel *d) {
    d->wrong += d->done[0] + d->done[1] != 1 || d->refused[0] + d->refused[1] != 1;
    d->none += pg_count(&d->world->pg, d->owners) < 1;
    pg_exec(&d->world->pg, d->reset);
}

static void *fight(void *data) {
    struct dueller *me = data;
    struct duel *d = me->duel;
    struct db *db = connect(d->world);
    for (uint32_t round = 0; round < ROUNDS; round++) {
        pthread_barrier_wait(&d->barrier);
        if (db) {
            strike(d, db, round, me->side);
        }
        pthread_barrier_wait(&d->barrier);
        if (me->side == 0) {
            judge(d);
        }
    }
    db_close(db);
    return NULL;
}

static const char *user_id(struct world *w, const char *username) {
    return pg_value(&w->pg, w->arena, world_text(w, "SELECT id FROM rbac.app_user WHERE username = '%s'", username))
        .ptr;
}

static void test_two_owners(void **state) {
    struct world *w = *state;
    struct duel d = {.world = w, .users = {user_id(w, "acme-viewer"), user_id(w, "globex-manager")}};
    struct dueller duellers[SIDES];
    d.organization = grant_organization(&w->pg, w->arena, "DUEL", NULL);
    const char *both = world_text(w, "'{%s,%s}'::uuid[]", d.users[0], d.users[1]);
    d.reset = world_text(w,
                         "UPDATE rbac.app_user SET is_active = true WHERE id = ANY (%s);"
                         "INSERT INTO rbac.membership (user_id, organization_id, role_ids) SELECT u, '%s',"
                         " ARRAY['" GRANT_OWNER "'::uuid] FROM unnest(%s) u ON CONFLICT (user_id, organization_id)"
                         " DO UPDATE SET role_ids = excluded.role_ids, is_active = true, valid_from = NULL,"
                         " valid_until = NULL",
                         both, d.organization, both);
    d.owners = world_text(w,
                          "SELECT count(*) FROM rbac.membership m JOIN rbac.app_user u ON u.id = m.user_id WHERE"
                          " m.organization_id = '%s' AND m.is_active AND u.is_active AND m.valid_until IS NULL AND"
                          " m.valid_from IS NULL AND '" GRANT_OWNER "' = ANY (m.role_ids)",
                          d.organization);
    pg_exec(&w->pg, d.reset);
    assert_int_equal(pthread_barrier_init(&d.barrier, NULL, SIDES), 0);
    for (uint32_t i = 0; i < SIDES; i++) {
        duellers[i] = (struct dueller){.duel = &d, .side = i};
        assert_int_equal(pthread_create(&duellers[i].thread, NULL, fight, &duellers[i]), 0);
    }
    for (uint32_t i = 0; i < SIDES; i++) {
        assert_int_equal(pthread_join(duellers[i].thread, NULL), 0);
    }
    pthread_barrier_destroy(&d.barrier);
    assert_string_equal(d.fault, "");
    assert_int_equal(d.none, 0);
    assert_int_equal(d.wrong, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_two_owners),
    };
    return cmocka_run_group_tests_name("owners", tests, world_setup, world_teardown);
}
