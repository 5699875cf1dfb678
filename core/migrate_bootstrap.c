/* SPDX-License-Identifier: MIT
 * migrate_bootstrap.c - the roles and what they may do with the database itself, as a database superuser. */
#include <string.h>

#include "migrate_impl.h"

enum { PASSWORD = 256, SECRET = 512 };

/* Roles belong to the whole cluster, so two bootstraps of two databases must not meet: a lock on their table, which all
 * databases share, until the end of the transaction. */
static const char lock_sql[] = "LOCK TABLE pg_catalog.pg_authid IN SHARE ROW EXCLUSIVE MODE";

static alees_rc put_role(struct db *db, struct arena *arena, const char *role, const char *attributes, FILE *errors) {
    const char *params[] = {role};
    struct db_result *result = NULL;
    struct str s;
    alees_rc rc = migrate_ask(db, arena, role, "SELECT 1 FROM pg_roles WHERE rolname = $1", params, 1, errors, &result);
    if (rc != ALEES_OK) {
        return rc;
    }
    str_init(&s, arena, 256);
    str_puts(&s, db_rows(result) ? "ALTER ROLE " : "CREATE ROLE ");
    str_ident(&s, role);
    str_putc(&s, ' ');
    str_puts(&s, attributes);
    db_result_free(result);
    return migrate_exec(db, role, str_done(&s).ptr, errors);
}

/* The password in the url of that role, if it has one. Only its SCRAM form is sent. */
static alees_rc put_password(struct db *db, struct arena *arena, const char *role, const char *url, FILE *errors) {
    char user[PASSWORD] = "", password[PASSWORD], secret[SECRET];
    if (!db_url_part(url, "password", password, sizeof password)) {
        return ALEES_OK;
    }
    if (!db_url_part(url, "user", user, sizeof user) || strcmp(user, role) != 0) {
        fprintf(errors, "database: the user of a url is \"%s\", it must be %s\n", user, role);
        return ALEES_E_INVALID;
    }
    if (!db_encrypt_password(db, role, password, secret, sizeof secret)) {
        fprintf(errors, "%s: the password cannot be set\n", role);
        return ALEES_E_INTERNAL;
    }
    struct str s;
    str_init(&s, arena, 1024);
    str_puts(&s, "ALTER ROLE ");
    str_ident(&s, role);
    str_printf(&s, " PASSWORD '%s'", secret); /* base64, $ and : only */
    return migrate_exec(db, role, str_done(&s).ptr, errors);
}

static alees_rc put_login_roles(struct db *db, struct arena *arena, const struct config *config, FILE *errors) {
    static const char common[] = "LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOINHERIT ";
    char attributes[160];
    snprintf(attributes, sizeof attributes, "%sBYPASSRLS", common);
    alees_rc rc = put_role(db, arena, MIGRATE_OWNER, attributes, errors);
    if (rc == ALEES_OK) {
        snprintf(attributes, sizeof attributes, "%sNOBYPASSRLS", common);
        rc = put_role(db, arena, MIGRATE_APP, attributes, errors);
    }
    if (rc == ALEES_OK) {
        rc = put_password(db, arena, MIGRATE_OWNER, config_text(config, SETTING_DB_OWNER_URL), errors);
    }
    return rc == ALEES_OK ? put_password(db, arena, MIGRATE_APP, config_text(config, SETTING_DB_URL), errors) : rc;
}

static alees_rc put_plugin_role(struct db *db, struct arena *arena, const char *role, FILE *errors) {
    static const char attributes[] = "NOLOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOINHERIT NOBYPASSRLS";
    struct str s;
    alees_rc rc = put_role(db, arena, role, attributes, errors);
    str_init(&s, arena, 128);
    str_puts(&s, "GRANT ");
    str_ident(&s, role);
    str_puts(&s, " TO " MIGRATE_APP);
    return rc == ALEES_OK ? migrate_exec(db, role, str_done(&s).ptr, errors) : rc;
}

/* set_config is how a session says whose rows it sees: SQL that runs under a plugin's role may not call it. */
static alees_rc put_rights(struct db *db, struct arena *arena, FILE *errors) {
    struct db_result *result = NULL;
    alees_rc rc = migrate_ask(
        db, arena, "database",
        "SELECT format('REVOKE ALL ON DATABASE %1$I FROM PUBLIC; GRANT CONNECT ON DATABASE %1$I TO " MIGRATE_APP
        ", " MIGRATE_OWNER "; GRANT CREATE ON DATABASE %1$I TO " MIGRATE_OWNER "', current_database())",
        NULL, 0, errors, &result);
    if (rc == ALEES_OK) {
        rc = migrate_exec(db, "database", db_value(result, 0, 0).ptr, errors);
    }
    db_result_free(result);
    return rc == ALEES_OK
               ? migrate_exec(db, "rights",
                              "REVOKE ALL ON FUNCTION pg_catalog.set_config(text, text, boolean) FROM PUBLIC; "
                              "GRANT EXECUTE ON FUNCTION pg_catalog.set_config(text, text, boolean) TO " MIGRATE_APP
                              ", " MIGRATE_OWNER "; "
                              "REVOKE UPDATE ON pg_catalog.pg_settings FROM PUBLIC; "
                              "DO $alees$ BEGIN IF to_regnamespace('public') IS NOT NULL THEN "
                              "REVOKE ALL ON SCHEMA public FROM PUBLIC; END IF; END $alees$; "
                              "CREATE SCHEMA IF NOT EXISTS alees AUTHORIZATION " MIGRATE_OWNER "; "
                              "ALTER SCHEMA alees OWNER TO " MIGRATE_OWNER "; "
                              "REVOKE ALL ON SCHEMA alees FROM PUBLIC; GRANT USAGE ON SCHEMA alees TO " MIGRATE_APP,
                              errors)
               : rc;
}

static alees_rc check_admin(struct db *db, struct arena *arena, FILE *errors) {
    struct db_result *result = NULL;
    alees_rc rc = migrate_ask(db, arena, "database.admin_url",
                              "SELECT rolsuper FROM pg_roles WHERE rolname = current_user", NULL, 0, errors, &result);
    if (rc == ALEES_OK && !migrate_is(db_value(result, 0, 0), "t")) {
        fprintf(errors, "database.admin_url: must log in as a superuser of the database\n");
        rc = ALEES_E_INVALID;
    }
    db_result_free(result);
    return rc;
}

static alees_rc run(struct db *db, struct arena *arena, const struct config *config, const struct plugins *plugins,
                    FILE *out, FILE *errors) {
    alees_rc rc = check_admin(db, arena, errors);
    if (rc == ALEES_OK) {
        rc = migrate_exec(db, "begin", "BEGIN", errors);
    }
    if (rc == ALEES_OK) {
        rc = migrate_exec(db, "lock", lock_sql, errors);
    }
    if (rc == ALEES_OK) {
        fprintf(out, "roles " MIGRATE_OWNER ", " MIGRATE_APP "\n");
        rc = put_login_roles(db, arena, config, errors);
    }
    for (uint32_t i = 0; rc == ALEES_OK && i < plugins->count; i++) {
        const struct alees_self *p = plugins->items[i];
        fprintf(out, "roles %s, %s\n", p->role, p->role_all);
        rc = put_plugin_role(db, arena, p->role, errors);
        if (rc == ALEES_OK) {
            rc = put_plugin_role(db, arena, p->role_all, errors);
        }
    }
    if (rc == ALEES_OK) {
        fprintf(out, "rights on the database, set_config, schemas public and alees\n");
        rc = put_rights(db, arena, errors);
    }
    if (rc == ALEES_OK) {
        fprintf(out, "extensions and functions for search, LEAKPROOF for operators of filters\n");
        rc = migrate_put_search(db, arena, errors);
    }
    if (rc == ALEES_OK) {
        rc = migrate_put_trust(db, errors);
    }
    return rc == ALEES_OK ? migrate_exec(db, "commit", "COMMIT", errors) : rc;
}

alees_rc migrate_bootstrap(const struct config *config, const struct plugins *plugins, FILE *out, FILE *errors) {
    struct db *db = NULL;
    alees_rc rc = migrate_connect(config, SETTING_DB_ADMIN_URL, errors, &db);
    if (rc != ALEES_OK) {
        return rc;
    }
    struct arena *arena = arena_new(MIGRATE_MEMORY);
    if (arena) {
        rc = run(db, arena, config, plugins, out, errors);
    } else {
        fprintf(errors, "out of memory\n");
        rc = ALEES_E_NOMEM;
    }
    arena_free(arena);
    db_close(db);
    if (rc == ALEES_OK) {
        fprintf(out, "done; next: alees migrate\n");
    }
    return rc;
}
