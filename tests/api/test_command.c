/* SPDX-License-Identifier: MIT
 * test_command.c - commands of plugins/rbac as an operator types them: what they say when something is wrong. */
#include "test.h"

#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"
#include "pg.h"

struct setting {
    struct pg pg;
    char password_file[64];
    struct child child;
};

struct line {
    const char *conf, *words[8];
};

static int run_alees(void *data) {
    const struct line *line = data;
    const char *argv[12] = {ALEES_BINARY, "-c", line->conf};
    char *copies[12] = {NULL};
    size_t count = 3;
    for (size_t i = 0; i < ARRAY_LEN(line->words) && line->words[i]; i++) {
        argv[count++] = line->words[i];
    }
    for (size_t i = 0; i < count; i++) {
        copies[i] = strdup(argv[i]);
    }
    execv(ALEES_BINARY, copies);
    return 127;
}

/* Fails with this text and with nothing of PostgreSQL's own. */
static void check_refused(struct setting *s, const struct line *line, const char *text) {
    child_run(run_alees, (void *)(uintptr_t)line, &s->child);
    if (!WIFEXITED(s->child.status) || WEXITSTATUS(s->child.status) == 0 || !strstr(s->child.err, text) ||
        strstr(s->child.err, "app_user") || strstr(s->child.err, "duplicate key")) {
        print_error("status %d: %s%s\n", s->child.status, s->child.out, s->child.err);
        fail();
    }
}

static int set_up(void **state) {
    static struct setting s;
    pg_open(&s.pg, "command", PG_DEMO);
    snprintf(s.password_file, sizeof s.password_file, "%s", "/tmp/alees-command-XXXXXX");
    int descriptor = mkstemp(s.password_file);
    assert_true(descriptor >= 0);
    assert_int_equal(write(descriptor, "some-password\n", 14), 14);
    close(descriptor);
    *state = &s;
    return 0;
}

static int tear_down(void **state) {
    struct setting *s = *state;
    unlink(s->password_file);
    pg_close(&s->pg);
    return 0;
}

static void test_user_that_exists(void **state) {
    struct setting *s = *state;
    struct line line = {s->pg.conf, {"user", "add", "acme-manager", "--password-file", s->password_file}};
    check_refused(s, &line, "There is a user of that name already");
    line.words[2] = "somebody-new";
    child_run(run_alees, &line, &s->child);
    assert_int_equal(s->child.status, 0);
    assert_int_equal(pg_count(&s->pg, "SELECT count(*) FROM rbac.app_user WHERE username = 'somebody-new'"), 1);
    check_refused(s, &line, "There is a user of that name already");
}

static void test_user_that_does_not(void **state) {
    struct setting *s = *state;
    const struct line deactivate = {s->pg.conf, {"user", "deactivate", "no-such-user"}};
    const struct line passwd = {s->pg.conf, {"user", "passwd", "no-such-user", "--password-file", s->password_file}};
    check_refused(s, &deactivate, "There is no user of that name");
    check_refused(s, &passwd, "There is no user of that name");
}

/* The last owner of an organization is kept from commands, too. */
static void test_last_owner(void **state) {
    struct setting *s = *state;
    struct line line = {s->pg.conf, {"member", "add", "nobody", "Globex", "owner"}};
    child_run(run_alees, &line, &s->child);
    assert_int_equal(s->child.status, 0);
    const struct line remove = {s->pg.conf, {"member", "remove", "nobody", "Globex"}};
    const struct line deactivate = {s->pg.conf, {"user", "deactivate", "nobody"}};
    check_refused(s, &remove, "An organization would be left without an owner; make another");
    check_refused(s, &deactivate, "An organization would be left without an owner; make another");
    line.words[2] = "both";
    child_run(run_alees, &line, &s->child);
    assert_int_equal(s->child.status, 0);
    child_run(run_alees, (void *)(uintptr_t)&remove, &s->child);
    assert_int_equal(s->child.status, 0);
    assert_int_equal(pg_count(&s->pg, "SELECT count(*) FROM rbac.membership WHERE organization_id = "
                                      "'01930000-0000-7000-8000-000000000003' AND version = 2"),
                     1);
}

static void check_done(struct setting *s, const struct line *line, const char *text) {
    child_run(run_alees, (void *)(uintptr_t)line, &s->child);
    assert_int_equal(s->child.status, 0);
    assert_non_null(strstr(s->child.out, text));
}

static void test_prune(void **state) {
    struct setting *s = *state;
    static const char old[] = "SELECT count(*) FROM audit.entry WHERE action = 'old'";
    const struct line kept = {s->pg.conf, {"audit", "prune"}}, some = {s->pg.conf, {"audit", "prune", "--days", "3"}};
    const struct line today = {s->pg.conf, {"audit", "prune", "--days", "0"}}, odd = {s->pg.conf, {"audit", "delete"}};
    pg_exec(&s->pg,
            "INSERT INTO audit.entry (action, created_at) SELECT 'old', now() - make_interval(hours => n / 1000) "
            "FROM generate_series(0, 99999) n");
    check_done(s, &kept, "audit.retention_days is 0: everything is kept");
    check_refused(s, &today, "--days must be from 1 to 36500.");
    check_refused(s, &odd, "usage: alees audit prune [--days N]");
    assert_int_equal(pg_count(&s->pg, old), 100000);
    check_done(s, &some, "28000 entries older than 3 days are deleted"); /* in two steps */
    assert_int_equal(pg_count(&s->pg, old), 72000);
    assert_int_equal(setenv("ALEES_AUDIT_RETENTION_DAYS", "2", 1), 0); /* as the timer calls it */
    check_done(s, &kept, "24000 entries older than 2 days are deleted");
    assert_int_equal(unsetenv("ALEES_AUDIT_RETENTION_DAYS"), 0);
    assert_int_equal(pg_count(&s->pg, old), 48000);
    assert_int_equal(pg_count(&s->pg, "SELECT count(*) FROM audit.entry WHERE action = 'prune' "
                                      "AND request_id = 'cli:audit'"),
                     4);
}

/* What was deleted long ago goes; what was deleted lately, and what was not, stays. */
static void test_purge(void **state) {
    struct setting *s = *state;
    static const char left[] = "SELECT count(*) FROM product.product WHERE deleted_at IS NOT NULL";
    const struct line kept = {s->pg.conf, {"purge"}}, some = {s->pg.conf, {"purge", "--older-than", "30"}};
    const struct line today = {s->pg.conf, {"purge", "--older-than", "0"}}, odd = {s->pg.conf, {"purge", "all"}};
    int64_t all = pg_count(&s->pg, "SELECT count(*) FROM product.product");
    pg_exec(&s->pg, "WITH n AS (SELECT id, row_number() OVER (ORDER BY id) AS n FROM product.product) "
                    "UPDATE product.product p SET deleted_at = now() - make_interval(days => (20 * n)::int) FROM n "
                    "WHERE n.id = p.id AND n <= 3");
    check_done(s, &kept, "database.purge_days is 0: what is deleted is kept");
    check_refused(s, &today, "send --older-than DAYS, from 1 to 36500, or nothing");
    check_refused(s, &odd, "purge");
    assert_int_equal(pg_count(&s->pg, left), 3);
    check_done(s, &some, "2 rows that were deleted more than 30 days ago are gone");
    assert_int_equal(pg_count(&s->pg, left), 1);
    check_done(s, &some, "0 rows");
    assert_int_equal(setenv("ALEES_DATABASE_PURGE_DAYS", "10", 1), 0); /* as the timer calls it */
    check_done(s, &kept, "1 rows that were deleted more than 10 days ago are gone");
    assert_int_equal(unsetenv("ALEES_DATABASE_PURGE_DAYS"), 0);
    assert_int_equal(pg_count(&s->pg, left), 0);
    assert_int_equal(pg_count(&s->pg, "SELECT count(*) FROM product.product"), all - 3);
}

/* A command is no user; what it did is found by its name. */
static void test_trail_of_a_command(void **state) {
    struct setting *s = *state;
    assert_int_equal(pg_count(&s->pg,
                              "SELECT count(*) FROM audit.entry WHERE request_id = 'cli:demo' AND user_id IS NULL "
                              "AND action = 'create' AND resource = 'product.product'"),
                     pg_count(&s->pg, "SELECT count(*) FROM product.product"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_user_that_exists),   cmocka_unit_test(test_user_that_does_not),
        cmocka_unit_test(test_last_owner),         cmocka_unit_test(test_prune),
        cmocka_unit_test(test_trail_of_a_command), cmocka_unit_test(test_purge)};
    return cmocka_run_group_tests_name("command", tests, set_up, tear_down);
}
