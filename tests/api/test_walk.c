/* SPDX-License-Identifier: MIT
 * test_walk.c - a walk by cursors over many rows, forwards and backwards, while others insert, delete and move rows all
 * around: each row that existed throughout is met exactly once. Where pages are numbered this is not so: that is how we
 * know that the test would notice. */
#include "test.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "sys.h"
#include "world.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { ROWS = 10000 };
#else
enum { ROWS = 100000 };
#endif
enum { OF_ACME = ROWS * 6 / 10, PAGE = 200, MOVING = 4000, BATCH = 20, ACME_MANAGER = 1, BOTH = 4 };

struct churn {
    struct world *w;
    const char *organization;
    pthread_t thread;
    atomic_bool *is_over;
    unsigned rounds;
};

struct walk {
    struct world w;
    const char *tokens[WORLD_USERS]; /* copied: those of the world go with its answers */
    uint8_t seen[ROWS];
};

static void must(struct db *db, const char *sql) {
    struct db_result *result = NULL;
    if (db_query(db, sql, NULL, 0, &result) != ALEES_OK) {
        print_error("%s: %s\n", sql, db_error(result, DB_MESSAGE));
        abort(); /* also in a thread */
    }
    db_result_free(result);
}

/* Rows "s-000000", ...: few names and times, so that most have equal ones, in an order that is not theirs. */
static void make_rows(struct world *w, const char *organization, int first, int count) {
    pg_exec(&w->pg, "SET session_replication_role = replica"); /* no triggers: they are not what is tested */
    pg_exec(&w->pg, world_text(w,
                               "INSERT INTO product.product (organization_id, name, sku, created_at, base_uom_id) "
                               "SELECT '%s', 'name ' || n * 7919 %% 50, 's-' || lpad(n::text, 6, '0'), "
                               "timestamptz '2026-01-01' + n * 6007 %% 300 * interval '1 s', "
                               "(SELECT id FROM product.unit_of_measure LIMIT 1) FROM generate_series(%d, %d) AS n",
                               organization, first, first + count - 1));
}

/* Rows "v-..": they come, go, and change what they are ordered by. */
static void *churn(void *data) {
    struct churn *c = data;
    char why[DB_WHY], sql[1024];
    struct db *db = NULL;
    const struct db_options options = {.url = c->w->pg.admin_url, .name = "churn", .connect_timeout_ms = 5000};
    ASSERT(db_connect(&options, &db, why) == ALEES_OK);
    must(db, "SET session_replication_role = replica");
    for (; !atomic_load(c->is_over); c->rounds++) {
        (void)snprintf(sql, sizeof sql,
                       "INSERT INTO product.product (organization_id, name, sku, created_at, base_uom_id) SELECT '%s', "
                       "'name ' || (random() * 50)::int, 'v-' || (random() * %d)::int, timestamptz '2026-01-01' + "
                       "(random() * 300)::int * interval '1 s', (SELECT id FROM product.unit_of_measure LIMIT 1) FROM "
                       "generate_series(1, %d) ON CONFLICT DO NOTHING",
                       c->organization, MOVING, BATCH);
        must(db, sql);
        (void)snprintf(
            sql, sizeof sql,
            "DELETE FROM product.product WHERE organization_id = '%s' AND sku IN (SELECT 'v-' || (random() * "
            "%d)::int FROM generate_series(1, %d))",
            c->organization, MOVING, BATCH);
        must(db, sql);
        (void)snprintf(sql, sizeof sql,
                       "UPDATE product.product SET name = 'name ' || (random() * 50)::int, created_at = timestamptz "
                       "'2026-01-01' + (random() * 300)::int * interval '1 s' WHERE organization_id = '%s' AND sku IN "
                       "(SELECT 'v-' || (random() * %d)::int FROM generate_series(1, %d))",
                       c->organization, MOVING, BATCH);
        must(db, sql);
        nanosleep(&(struct timespec){.tv_nsec = 25000000}, NULL);
    }
    db_close(db);
    return NULL;
}

static int setup(void **state) {
    struct walk *k = calloc(1, sizeof *k);
    void *made = NULL;
    assert_non_null(k);
    assert_int_equal(world_setup(&made), 0);
    k->w = *(struct world *)made;
    free(made);
    for (size_t i = 0; i < WORLD_USERS; i++) {
        k->tokens[i] = world_text(&k->w, "%s", k->w.tokens[i]);
    }
    make_rows(&k->w, world_organizations[WORLD_ACME].id, 0, OF_ACME);
    make_rows(&k->w, world_organizations[WORLD_GLOBEX].id, OF_ACME, ROWS - OF_ACME);
    pg_exec(&k->w.pg, "VACUUM ANALYZE product.product");
    *state = k;
    return 0;
}

static int teardown(void **state) {
    struct walk *k = *state;
    loopback_close(k->w.loopback);
    pg_close(&k->w.pg);
    arena_free(k->w.arena);
    free(k);
    return 0;
}

/* One page; its rows are marked. next: where it goes on, empty at the end. */
static void take_page(struct walk *k, size_t user, const char *link, const char *path, char next[4096]) {
    static const char row[] = "\"sku\":\"s-";
    const struct answer *a = loopback_request(k->w.loopback, "GET", path, k->tokens[user], NULL);
    world_must(a, 200, user, path);
    for (const char *at = a->body.ptr; (at = strstr(at, row)) != NULL; at += sizeof row) {
        unsigned long number = strtoul(at + sizeof row - 1, NULL, 10);
        assert_true(number < ROWS);
        k->seen[number] = (uint8_t)(k->seen[number] < 255 ? k->seen[number] + 1 : 255);
    }
    alees_str url = answer_text(a, link);
    assert_true(url.len < 4096);
    (void)snprintf(next, 4096, "%.*s", url.ptr ? (int)url.len : 0, url.ptr ? url.ptr : "");
    loopback_forget(k->w.loopback);
}

/* How many rows that existed throughout were missed or met twice. */
static unsigned faults(const struct walk *k, size_t user) {
    unsigned count = 0;
    for (unsigned i = 0; i < (user == ACME_MANAGER ? OF_ACME : ROWS); i++) {
        count += k->seen[i] != 1;
    }
    for (unsigned i = OF_ACME; user == ACME_MANAGER && i < ROWS; i++) {
        assert_int_equal(k->seen[i], 0); /* of others */
    }
    return count;
}

/* There and back again. Returns the pages. */
static unsigned check_walk(struct walk *k, size_t user, const char *ordering) {
    char path[4096], last[4096], next[4096];
    unsigned pages = 0;
    (void)snprintf(next, sizeof next, "/api/v1/products?page_size=%d&fields=sku&ordering=%s", PAGE, ordering);
    memset(k->seen, 0, sizeof k->seen);
    for (; next[0] != '\0'; pages++) {
        memcpy(path, next, sizeof path);
        take_page(k, user, "/next", path, next);
    }
    if (faults(k, user) != 0) {
        fail_msg("user %zu, ordering %s: %u rows missed or met twice", user, ordering, faults(k, user));
    }
    memset(k->seen, 0, sizeof k->seen);
    memcpy(last, path, sizeof last);
    for (memcpy(next, last, sizeof next); next[0] != '\0'; pages++) {
        memcpy(path, next, sizeof path);
        take_page(k, user, "/previous", path, next);
    }
    if (faults(k, user) != 0) {
        fail_msg("user %zu, ordering %s, backwards: %u rows missed or met twice", user, ordering, faults(k, user));
    }
    return pages;
}

static void test_walks(void **state) {
    static const struct {
        size_t user;
        const char *ordering;
    } walks[] = {
        {BOTH, "-name"},                   /* many with the same name, two organizations */
        {BOTH, "-created_at,name"},        /* keys that go different ways */
        {ACME_MANAGER, "created_at,-sku"}, /* one organization */
        {WORLD_ADMIN, "id"},
    };
    struct walk *k = *state;
    atomic_bool is_over = false;
    struct churn churns[] = {{.w = &k->w, .organization = world_organizations[WORLD_ACME].id, .is_over = &is_over},
                             {.w = &k->w, .organization = world_organizations[WORLD_GLOBEX].id, .is_over = &is_over}};
    unsigned pages = 0;
    for (size_t i = 0; i < ARRAY_LEN(churns); i++) {
        assert_int_equal(pthread_create(&churns[i].thread, NULL, churn, &churns[i]), 0);
    }
    for (size_t i = 0; i < ARRAY_LEN(walks); i++) {
        uint64_t begun = sys_monotonic_us();
        pages += check_walk(k, walks[i].user, walks[i].ordering);
        print_message("%s: %.1f s\n", walks[i].ordering, (double)(sys_monotonic_us() - begun) / 1e6);
    }
    atomic_store(&is_over, true);
    for (size_t i = 0; i < ARRAY_LEN(churns); i++) {
        pthread_join(churns[i].thread, NULL);
        assert_true(churns[i].rounds > 10); /* else this tests nothing */
    }
    print_message("%u pages of %d rows, %u rounds of changes\n", pages, PAGE, churns[0].rounds + churns[1].rounds);
}

/* The same walk by numbers: a row that comes in before the page pushes one over its edge, where it is met again. */
static void test_the_test_notices(void **state) {
    struct walk *k = *state;
    char path[4096], next[4096] = "/api/v1/products?page_size=200&fields=sku&ordering=name&page=1&count=none";
    unsigned twice = 0, pages = 0;
    memset(k->seen, 0, sizeof k->seen);
    for (; pages < 10; pages++) {
        assert_true(next[0] != '\0');
        memcpy(path, next, sizeof path);
        take_page(k, ACME_MANAGER, "/next", path, next);
        pg_exec(&k->w.pg,
                world_text(&k->w,
                           "INSERT INTO product.product (organization_id, name, sku, base_uom_id) SELECT '%s', "
                           "'a', 'first-%u', (SELECT id FROM product.unit_of_measure LIMIT 1)",
                           world_organizations[WORLD_ACME].id, pages));
    }
    for (size_t i = 0; i < ROWS; i++) {
        twice += k->seen[i] == 2;
    }
    assert_true(twice > 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_walks),
        cmocka_unit_test(test_the_test_notices),
    };
    return cmocka_run_group_tests_name("walk", tests, setup, teardown);
}
