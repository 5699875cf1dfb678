/* SPDX-License-Identifier: MIT
 * scratch.c - a database that nobody else has, bootstrapped and migrated with the plugins, and the server started on it. */
#include "kit.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "alees/util.h"
#include "migrate.h"
#include "server.h"
#include "str.h"
#include "sys.h"

/* Those that every world needs; FILE comes on top, and without FILE all that there are. */
static const char *const plugins[] = {"rbac", "organization", "product", "contact"};

static struct db *connect_to(const char *url) {
    char why[DB_WHY] = "";
    struct db *db = NULL;
    const struct db_options options = {.url = url, .name = "alees isolation", .connect_timeout_ms = 10000};
    if (db_connect(&options, &db, why) != ALEES_OK) {
        fprintf(stderr, "isolation: cannot connect as a superuser of PostgreSQL: %s\n", why);
    }
    return db;
}

static bool ask(struct db *db, struct arena *arena, const char *sql, const char **ret_value) {
    struct db_result *result = NULL;
    bool is_done = db_query(db, sql, NULL, 0, &result) == ALEES_OK;
    const char *value = NULL;
    if (!is_done) {
        const char *message = result ? db_error(result, DB_MESSAGE) : NULL;
        fprintf(stderr, "isolation: %.300s: %s\n", sql, message ? message : "the connection is lost");
    } else if (db_rows(result) > 0) {
        value = arena_str(arena, db_value(result, 0, 0)).ptr;
    }
    db_result_free(result);
    if (ret_value) {
        *ret_value = value;
    }
    return is_done;
}

PRINTF_LIKE(2, 0) static const char *text_of(struct kit *k, const char *format, va_list arguments) {
    enum { MOST = 65536 };
    char *text = arena_alloc(k->arena, MOST);
    ASSERT(text != NULL);
    int length = vsnprintf(text, MOST, format, arguments);
    ASSERT(length >= 0 && length < MOST);
    return text;
}

const char *kit_sql(struct kit *k, const char *format, ...) {
    va_list arguments;
    const char *value = NULL;
    va_start(arguments, format);
    const char *text = text_of(k, format, arguments);
    va_end(arguments);
    if (!ask(k->admin, k->arena, text, &value)) {
        fprintf(stderr, "isolation: the kit cannot go on\n");
        exit(1);
    }
    return value;
}

const char *kit_try_sql(struct kit *k, const char *format, ...) {
    struct db_result *result = NULL;
    va_list arguments;
    va_start(arguments, format);
    const char *text = text_of(k, format, arguments), *value = NULL;
    va_end(arguments);
    if (db_query(k->admin, text, NULL, 0, &result) == ALEES_OK && db_rows(result) > 0) {
        value = arena_str(k->arena, db_value(result, 0, 0)).ptr;
    }
    db_result_free(result);
    return value;
}

/* Roles belong to the whole server: those of a living installation are not touched. */
static bool check_roles(struct kit *k) {
    const char *count;
    if (k->options.password) {
        return true;
    }
    if (!ask(k->admin, k->arena, "SELECT count(*) FROM pg_roles WHERE rolname IN ('alees_app', 'alees_owner')",
             &count)) {
        return false;
    }
    if (strcmp(count, "0") != 0) {
        fprintf(stderr, "isolation: this PostgreSQL has the roles of an Alees already; use a scratch server (such as "
                        "pg_virtualenv makes), or say --password with the one that alees_app and alees_owner shall "
                        "have\n");
        return false;
    }
    alees_id random[2];
    char text[37];
    sys_random(random, sizeof random);
    k->options.password = kit_text(k, "%.8s", alees_id_format(&random[0], text));
    k->options.password = kit_text(k, "%s%s", k->options.password, alees_id_format(&random[1], text));
    return true;
}

static bool check_empty(struct kit *k) {
    const char *count;
    if (!ask(k->admin, k->arena,
             "SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname NOT LIKE "
             "'pg\\_%' AND n.nspname <> 'information_schema'",
             &count)) {
        return false;
    }
    if (strcmp(count, "0") != 0) {
        fprintf(stderr,
                "isolation: the database %s is not empty: nothing was changed; leave --database away, and a "
                "database is made and dropped again\n",
                k->database);
        return false;
    }
    return true;
}

/* The connection string with more behind it: the last word wins. */
static const char *url(struct kit *k, const char *more) {
    return kit_text(k, "%s dbname=%s %s", k->options.admin_url, k->database, more);
}

static bool make_database(struct kit *k) {
    struct db *db = connect_to(k->options.admin_url);
    bool is_made = db != NULL;
    if (k->options.database) {
        snprintf(k->database, sizeof k->database, "%s", k->options.database);
    } else if (is_made) {
        snprintf(k->database, sizeof k->database, "alees_isolation_%ld", (long)getpid());
        is_made = ask(db, k->arena, kit_text(k, "CREATE DATABASE %s TEMPLATE template0", k->database), NULL);
        k->has_database = is_made;
    }
    db_close(db);
    if (!is_made) {
        return false;
    }
    k->admin = connect_to(url(k, ""));
    return k->admin && check_empty(k) && check_roles(k);
}

static bool write_configuration(struct kit *k) {
    const char *folder = getenv("TMPDIR"), *file = k->options.plugin ? strrchr(k->options.plugin, '/') : NULL;
    snprintf(k->configuration, sizeof k->configuration, "%.40s/alees-kit-XXXXXX", folder ? folder : "/tmp");
    int descriptor = mkstemp(k->configuration);
    FILE *out = descriptor < 0 ? NULL : fdopen(descriptor, "w");
    if (!out) {
        fprintf(stderr, "isolation: cannot write %s\n", k->configuration);
        return false;
    }
    fprintf(out, "[database]\nadmin_url = %s\nurl = %s\nowner_url = %s\nlanes = 1\n", url(k, ""),
            url(k, kit_text(k, "user=alees_app password=%s", k->options.password)),
            url(k, kit_text(k, "user=alees_owner password=%s", k->options.password)));
    fprintf(out, "[limits]\nuser_per_minute = 0\norganization_per_minute = 0\naddress_per_minute = "
                 "0\n[security]\ncheck_module_owner = "
                 "false\n[log]\nlevel = error\nformat = text\n");
    file = file ? file + 1 : k->options.plugin;
    for (size_t i = 0; i < ARRAY_LEN(plugins); i++) {
        size_t length = strlen(plugins[i]);
        if (!file || strncmp(file, plugins[i], length) != 0 || strcmp(file + length, ".so") != 0) {
            fprintf(out, "[plugin %s]\n", plugins[i]);
        }
    }
    if (file) {
        char here[4096] = "";
        bool is_relative = k->options.plugin[0] != '/' && getcwd(here, sizeof here);
        fprintf(out, "[plugin %.*s]\nmodule = %s%s%s\n", (int)strcspn(file, "."), file, here, is_relative ? "/" : "",
                k->options.plugin);
    }
    return fclose(out) == 0;
}

bool kit_scratch_open(struct kit *k) {
    char *printed = NULL;
    size_t size = 0;
    k->app = calloc(1, sizeof *k->app);
    ASSERT(k->app != NULL);
    if (!make_database(k) || !write_configuration(k) ||
        server_open(k->app, k->configuration, k->options.module_dir, SERVER_CATALOGUE, false) != 0) {
        return false;
    }
    FILE *out = open_memstream(&printed, &size);
    ASSERT(out != NULL);
    bool is_done =
        migrate_bootstrap(k->app->config, &k->app->plugins, out, stderr) == ALEES_OK &&
        migrate_run(k->app->config, &k->app->plugins, &k->app->catalogue, MIGRATE_APPLY, out, stderr) == ALEES_OK &&
        server_start(k->app, false) == 0;
    fclose(out);
    free(printed);
    if (is_done) {
        k->loopback = loopback_on(k->app);
        k->catalogue = &k->app->catalogue;
    }
    return is_done;
}

void kit_scratch_close(struct kit *k) {
    loopback_close(k->loopback);
    if (k->app) {
        server_close(k->app);
        free(k->app);
    }
    db_close(k->admin);
    if (k->configuration[0]) {
        (void)unlink(k->configuration);
    }
    if (k->has_database && !k->options.is_kept) {
        struct db *db = connect_to(k->options.admin_url);
        if (db) {
            (void)ask(db, k->arena, kit_text(k, "DROP DATABASE %s WITH (FORCE)", k->database), NULL);
            db_close(db);
        }
    }
}
