/* SPDX-License-Identifier: MIT
 * pg.c - see pg.h. */
#include "pg.h"

#include <stdio.h>
#include <unistd.h>

static const char *variable(const char *name) {
    const char *value = getenv(name);
    if (!value) {
        fail_msg("%s is not set: run this inside tests/with_db.sh", name);
    }
    return value;
}

static struct db *connect_to(const char *url) {
    char why[DB_WHY] = "";
    struct db *db = NULL;
    const struct db_options options = {.url = url, .name = "test", .connect_timeout_ms = 10000};
    if (db_connect(&options, &db, why) != ALEES_OK) {
        fail_msg("cannot connect: %s", why);
    }
    return db;
}

static void must(struct db *db, const char *sql) {
    struct db_result *result = NULL;
    if (db_query(db, sql, NULL, 0, &result) != ALEES_OK) {
        print_error("%s: %s\n", sql, db_error(result, DB_MESSAGE));
        db_result_free(result);
        fail();
    }
    db_result_free(result);
}

/* Rights on a database are not copied with it. */
static void create(const char *admin, const struct pg *pg, const char *template) {
    char sql[512];
    struct db *db = connect_to(admin);
    snprintf(sql, sizeof sql, "CREATE DATABASE %s TEMPLATE %s", pg->name, template ? template : "template0");
    must(db, sql);
    if (template) {
        snprintf(sql, sizeof sql, "REVOKE ALL ON DATABASE %s FROM PUBLIC", pg->name);
        must(db, sql);
        snprintf(sql, sizeof sql, "GRANT CONNECT ON DATABASE %s TO alees_app, alees_owner", pg->name);
        must(db, sql);
        snprintf(sql, sizeof sql, "GRANT CREATE ON DATABASE %s TO alees_owner", pg->name);
        must(db, sql);
    }
    db_close(db);
}

static void write_conf(struct pg *pg, bool with_plugins) {
    static const char *const plugins[] = {"contact", "organization", "product", "rbac"};
    const char *folder = getenv("TMPDIR");
    snprintf(pg->conf, sizeof pg->conf, "%s/%s.conf", folder ? folder : "/tmp", pg->name);
    FILE *out = fopen(pg->conf, "w");
    assert_non_null(out);
    fprintf(out,
            "[database]\nurl = %s\nowner_url = %s\nadmin_url = %s\n[limits]\nuser_per_minute = "
            "0\norganization_per_minute = 0\naddress_per_minute = 0\n[security]\ncheck_module_owner = false\n"
            "[log]\nlevel = error\nformat = text\n",
            pg->app_url, pg->owner_url, pg->admin_url);
    for (size_t i = 0; with_plugins && i < ARRAY_LEN(plugins); i++) {
        fprintf(out, "[plugin %s]\nmodule = %s/%s.so\n", plugins[i], ALEES_PLUGIN_BUILD_DIR, plugins[i]);
    }
    fclose(out);
}

void pg_open(struct pg *pg, const char *name, const char *template) {
    static unsigned serial;
    const char *admin = variable("ALEES_TEST_ADMIN_URL");
    *pg = (struct pg){.admin = NULL};
    snprintf(pg->name, sizeof pg->name, "t_%s_%ld_%u", name, (long)getpid(), serial++);
    /* The last word of a connection string wins. */
    snprintf(pg->admin_url, sizeof pg->admin_url, "%s dbname=%s", admin, pg->name);
    snprintf(pg->app_url, sizeof pg->app_url, "%s dbname=%s", variable("ALEES_TEST_APP_URL"), pg->name);
    snprintf(pg->owner_url, sizeof pg->owner_url, "%s dbname=%s", variable("ALEES_TEST_OWNER_URL"), pg->name);
    create(admin, pg, template);
    pg->admin = connect_to(pg->admin_url);
    write_conf(pg, template != NULL);
}

void pg_close(struct pg *pg) {
    char sql[128];
    db_close(pg->admin);
    struct db *db = connect_to(variable("ALEES_TEST_ADMIN_URL"));
    snprintf(sql, sizeof sql, "DROP DATABASE %s WITH (FORCE)", pg->name);
    must(db, sql);
    db_close(db);
    remove(pg->conf);
}

struct config *pg_config(const struct pg *pg, const char *more) {
    char path[300], line[1024];
    struct config *config = NULL;
    snprintf(path, sizeof path, "%s.more", pg->conf);
    FILE *in = fopen(pg->conf, "r"), *out = fopen(path, "w");
    assert_true(in && out);
    while (fgets(line, sizeof line, in)) {
        fputs(line, out);
    }
    fprintf(out, "%s", more ? more : "");
    fclose(in);
    fclose(out);
    alees_rc rc = config_load(path, NULL, stderr, &config);
    remove(path);
    assert_ok(rc);
    return config;
}

void pg_exec(struct pg *pg, const char *sql) {
    must(pg->admin, sql);
}

alees_str pg_value(struct pg *pg, struct arena *arena, const char *sql) {
    struct db_result *result = NULL;
    assert_ok(db_query(pg->admin, sql, NULL, 0, &result));
    alees_str value = {NULL, 0};
    if (db_rows(result)) {
        value = arena_str(arena, db_value(result, 0, 0));
    }
    db_result_free(result);
    return value;
}

int64_t pg_count(struct pg *pg, const char *sql) {
    struct arena *arena = test_arena();
    alees_str text = pg_value(pg, arena, sql);
    assert_non_null(text.ptr);
    int64_t count = strtoll(text.ptr, NULL, 10);
    arena_free(arena);
    return count;
}
