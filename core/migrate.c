/* SPDX-License-Identifier: MIT
 * migrate.c - running the steps of the schema, as alees_owner. See migrate.h. */
#include <string.h>

#include "migrate_impl.h"

alees_rc migrate_connect(const struct config *config, enum settings_id url, FILE *errors, struct db **ret_db) {
    char why[DB_WHY];
    const struct db_options options = {
        .url = config_text(config, url),
        .name = "alees-migrate",
        .connect_timeout_ms = (uint32_t)config_integer(config, SETTING_DB_CONNECT_TIMEOUT),
    };
    alees_rc rc = db_connect(&options, ret_db, why);
    if (rc != ALEES_OK) {
        fprintf(errors, "database.%s: cannot connect: %s\n", settings_rows[url].key, why);
    }
    return rc;
}

void migrate_explain(const struct db_result *error, const char *what, FILE *errors) {
    const char *message = error ? db_error(error, DB_MESSAGE) : NULL;
    const char *state = error ? db_error(error, DB_SQLSTATE) : NULL;
    fprintf(errors, "%s: %s%s%s%s\n", what, message ? message : "the connection to the database broke",
            state ? " (" : "", state ? state : "", state ? ")" : "");
}

alees_rc migrate_exec(struct db *db, const char *what, const char *sql, FILE *errors) {
    struct db_result *result = NULL;
    alees_rc rc = sql ? db_query(db, sql, NULL, 0, &result) : ALEES_E_NOMEM;
    if (rc != ALEES_OK) {
        migrate_explain(result, what, errors);
    }
    db_result_free(result);
    return rc;
}

alees_rc migrate_ask(struct db *db, struct arena *arena, const char *what, const char *sql, const char *const *params,
                     uint32_t count, FILE *errors, struct db_result **ret_result) {
    alees_str *values = ARENA_ARRAY(arena, alees_str, count);
    struct db_result *result = NULL;
    if (!values) {
        fprintf(errors, "%s: out of memory\n", what);
        return ALEES_E_NOMEM;
    }
    for (uint32_t i = 0; i < count; i++) {
        values[i] = (alees_str){params[i], params[i] ? strlen(params[i]) : 0};
    }
    alees_rc rc = db_query(db, sql, values, count, &result);
    if (rc != ALEES_OK) {
        migrate_explain(result, what, errors);
        db_result_free(result);
        return rc;
    }
    *ret_result = result;
    return ALEES_OK;
}

bool migrate_is(alees_str text, const char *expected) {
    return text.ptr && str_equal(text, expected);
}

static alees_rc check_owner(struct db *db, struct arena *arena, FILE *errors) {
    struct db_result *result = NULL;
    alees_rc rc = migrate_ask(db, arena, "database.owner_url", "SELECT current_user = '" MIGRATE_OWNER "'", NULL, 0,
                              errors, &result);
    if (rc == ALEES_OK && !migrate_is(db_value(result, 0, 0), "t")) {
        fprintf(errors, "database.owner_url: must log in as " MIGRATE_OWNER "; `alees bootstrap` makes this role\n");
        rc = ALEES_E_INVALID;
    }
    db_result_free(result);
    return rc;
}

/* Steps and grants name the roles of plugins, and a new plugin's are not there yet. */
static alees_rc check_roles(struct db *db, struct arena *arena, const struct plugins *plugins, FILE *errors) {
    alees_rc rc = ALEES_OK;
    for (uint32_t i = 0; rc == ALEES_OK && i < plugins->count; i++) {
        const struct alees_self *p = plugins->items[i];
        const char *params[] = {p->role, p->role_all};
        struct db_result *result = NULL;
        rc = migrate_ask(db, arena, p->decl.name,
                         "SELECT name FROM unnest(ARRAY[$1, $2]) name WHERE NOT EXISTS (SELECT 1 FROM pg_roles "
                         "WHERE rolname = name) ORDER BY 1",
                         params, ARRAY_LEN(params), errors, &result);
        if (rc == ALEES_OK && db_rows(result) > 0) {
            fprintf(errors, "%s: role %s is missing; run `alees bootstrap`\n", p->decl.name,
                    db_value(result, 0, 0).ptr);
            rc = ALEES_E_INVALID;
        }
        db_result_free(result);
    }
    return rc;
}

static void step_name(const struct migrate_step *step, char out[160]) {
    snprintf(out, 160, "%s: step %u (%s)", step->plugin, step->version, step->name);
}

static alees_rc record(struct db *db, struct arena *arena, const struct migrate_step *step, FILE *errors) {
    char version[16];
    snprintf(version, sizeof version, "%u", step->version);
    const char *params[] = {step->plugin, version, step->name, step->checksum};
    struct db_result *result = NULL;
    alees_rc rc = migrate_ask(db, arena, "alees.migration",
                              "INSERT INTO alees.migration (plugin, version, name, checksum) VALUES ($1, $2, $3, $4)",
                              params, ARRAY_LEN(params), errors, &result);
    db_result_free(result);
    return rc;
}

/* Inside a transaction. */
static alees_rc apply_step(struct db *db, struct arena *arena, const struct migrate_step *step, FILE *errors) {
    char what[160];
    struct str sql;
    step_name(step, what);
    str_init(&sql, arena, 128);
    str_puts(&sql, "CREATE SCHEMA IF NOT EXISTS ");
    str_ident(&sql, step->plugin);
    alees_rc rc = migrate_exec(db, what, str_done(&sql).ptr, errors);
    if (rc == ALEES_OK) {
        rc = migrate_exec(db, what, step->sql, errors);
    }
    if (rc == ALEES_OK && !db_in_transaction(db)) {
        fprintf(errors, "%s: it ends the transaction that it runs in\n", what);
        return ALEES_E_INVALID;
    }
    return rc == ALEES_OK ? record(db, arena, step, errors) : rc;
}

/* A step is a transaction of its own, unless a dry run has one around all of them. */
static alees_rc apply_all(struct db *db, struct arena *arena, const struct migrate_plan *plan, bool is_dry, FILE *out,
                          FILE *errors) {
    alees_rc rc = ALEES_OK;
    for (uint32_t i = 0; rc == ALEES_OK && i < plan->count; i++) {
        const struct migrate_step *step = &plan->steps[i];
        if (step->is_applied) {
            continue;
        }
        fprintf(out, "%s %s %u %s\n", is_dry ? "would apply" : "applying", step->plugin, step->version, step->name);
        rc = is_dry ? ALEES_OK : migrate_exec(db, "begin", "BEGIN", errors);
        if (rc == ALEES_OK) {
            rc = apply_step(db, arena, step, errors);
        }
        if (rc == ALEES_OK && !is_dry) {
            rc = migrate_exec(db, "commit", "COMMIT", errors);
        }
    }
    return rc;
}

static alees_rc apply(struct db *db, struct arena *arena, const struct plugins *plugins,
                      const struct catalogue *catalogue, const struct migrate_plan *plan, bool is_dry, FILE *out,
                      FILE *errors) {
    alees_rc rc = is_dry ? migrate_exec(db, "begin", "BEGIN", errors) : ALEES_OK;
    if (rc == ALEES_OK) {
        rc = apply_all(db, arena, plan, is_dry, out, errors);
    }
    if (rc == ALEES_OK && !is_dry) {
        rc = migrate_exec(db, "begin", "BEGIN", errors);
    }
    if (rc == ALEES_OK) {
        rc = migrate_put_search(db, arena, errors);
    }
    if (rc == ALEES_OK) {
        rc = migrate_secure(db, arena, plugins, catalogue, errors);
    }
    if (rc == ALEES_OK && is_dry) {
        rc = migrate_put_indexes(db, arena, catalogue, true, out, errors);
    }
    if (rc == ALEES_OK) {
        rc = migrate_exec(db, "end", is_dry ? "ROLLBACK" : "COMMIT", errors);
    }
    if (rc == ALEES_OK && !is_dry) {
        rc = migrate_put_indexes(db, arena, catalogue, false, out, errors);
    }
    if (rc == ALEES_OK) {
        fprintf(out, "%s\n", is_dry ? "nothing was written" : "the database is up to date");
    }
    return rc; /* what is open now is rolled back when the connection closes */
}

static alees_rc print_status(const struct migrate_plan *plan, FILE *out) {
    for (uint32_t i = 0; i < plan->count; i++) {
        const struct migrate_step *step = &plan->steps[i];
        fprintf(out, "%-8s %s %u %s\n", step->is_applied ? "applied" : "pending", step->plugin, step->version,
                step->name);
    }
    return plan->pending ? ALEES_E_CONFLICT : ALEES_OK;
}

static alees_rc run(struct db *db, struct arena *arena, const struct plugins *plugins,
                    const struct catalogue *catalogue, enum migrate_mode mode, FILE *out, FILE *errors) {
    struct migrate_plan plan;
    alees_rc rc = check_owner(db, arena, errors);
    if (rc == ALEES_OK && mode != MIGRATE_STATUS) {
        rc = check_roles(db, arena, plugins, errors);
    }
    if (rc == ALEES_OK && mode != MIGRATE_STATUS) {
        /* One at a time; the number is the word alees. The lock goes with the connection. */
        rc = migrate_exec(db, "lock", "SELECT pg_advisory_lock(418430412147)", errors);
    }
    if (rc == ALEES_OK) {
        rc = migrate_plan(db, arena, plugins, errors, &plan);
    }
    if (rc != ALEES_OK) {
        return rc;
    }
    return mode == MIGRATE_STATUS ? print_status(&plan, out)
                                  : apply(db, arena, plugins, catalogue, &plan, mode == MIGRATE_DRY_RUN, out, errors);
}

alees_rc migrate_run(const struct config *config, const struct plugins *plugins, const struct catalogue *catalogue,
                     enum migrate_mode mode, FILE *out, FILE *errors) {
    struct db *db = NULL;
    alees_rc rc = migrate_connect(config, SETTING_DB_OWNER_URL, errors, &db);
    if (rc != ALEES_OK) {
        return rc;
    }
    struct arena *arena = arena_new(MIGRATE_MEMORY);
    if (arena) {
        rc = run(db, arena, plugins, catalogue, mode, out, errors);
    } else {
        fprintf(errors, "out of memory\n");
        rc = ALEES_E_NOMEM;
    }
    arena_free(arena);
    db_close(db);
    return rc;
}
