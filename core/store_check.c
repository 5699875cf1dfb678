/* SPDX-License-Identifier: MIT
 * store_check.c - is this a database that rows of several organizations may be entrusted to? */
#include <stdlib.h>

#include "migrate_impl.h"
#include "store_impl.h"

/* The first minor versions in which plans are never reused across roles (CVE-2016-2193, CVE-2023-2455, CVE-2024-10976):
 * with older ones a connection that changes its role could show one role's rows to another. 15 is the first whose unique
 * indexes can take NULL for a value, which the rbac plugin's tables need. */
static const struct { uint32_t major, minor; } oldest[] = {{15, 9}, {16, 5}, {17, 1}};

static alees_rc check_version(const struct db *db, FILE *errors) {
    uint32_t version = db_server_version(db);
    uint32_t major = version / 10000, minor = version % 10000;
    if (major < oldest[0].major) {
        fprintf(errors, "PostgreSQL %u is too old: %u.%u is the oldest that will do\n", major, oldest[0].major,
                oldest[0].minor);
        return ALEES_E_INVALID;
    }
    for (size_t i = 0; i < ARRAY_LEN(oldest); i++) {
        if (major == oldest[i].major && minor < oldest[i].minor) {
            fprintf(errors, "PostgreSQL %u.%u has known holes in row-level security: update it to %u.%u or later\n",
                    major, minor, oldest[i].major, oldest[i].minor);
            return ALEES_E_INVALID;
        }
    }
    return ALEES_OK;
}

static alees_rc check_login(struct db *db, struct arena *arena, FILE *errors) {
    struct db_result *result = NULL;
    alees_rc rc = migrate_ask(db, arena, "database.url",
                              "SELECT rolname, rolsuper OR rolbypassrls OR rolname = '" MIGRATE_OWNER "' FROM pg_roles "
                              "WHERE rolname = session_user",
                              NULL, 0, errors, &result);
    if (rc == ALEES_OK && (db_rows(result) != 1 || !migrate_is(db_value(result, 0, 1), "f"))) {
        fprintf(errors, "database.url: role %s sees the rows of every organization; log in as " MIGRATE_APP "\n",
                db_rows(result) ? db_value(result, 0, 0).ptr : "?");
        rc = ALEES_E_INVALID;
    }
    db_result_free(result);
    return rc;
}

static alees_rc check_migrations(struct db *db, struct arena *arena, const struct plugins *plugins, FILE *errors) {
    struct db_result *result = NULL;
    struct migrate_plan plan;
    /* No right to look into the schema is the same to us as no schema. */
    alees_rc rc = migrate_ask(db, arena, "database",
                              "SELECT coalesce((SELECT has_schema_privilege(oid, 'USAGE') FROM pg_namespace "
                              "WHERE nspname = 'alees'), false)",
                              NULL, 0, errors, &result);
    bool is_there = rc == ALEES_OK && migrate_is(db_value(result, 0, 0), "t");
    db_result_free(result);
    if (rc == ALEES_OK && !is_there) {
        fprintf(errors, "the database has not been set up: run `alees bootstrap`, then `alees migrate`\n");
        return ALEES_E_INVALID;
    }
    if (rc == ALEES_OK) {
        rc = migrate_plan(db, arena, plugins, errors, &plan);
    }
    if (rc == ALEES_OK && plan.pending) {
        for (uint32_t i = 0; i < plan.count; i++) {
            if (!plan.steps[i].is_applied) {
                fprintf(errors, "%s: step %u (%s) has not been applied; run `alees migrate`\n", plan.steps[i].plugin,
                        plan.steps[i].version, plan.steps[i].name);
            }
        }
        rc = ALEES_E_INVALID;
    }
    return rc;
}

static alees_rc read_secret(struct db *db, struct arena *arena, uint8_t secret[STORE_SECRET], FILE *errors) {
    struct db_result *result = NULL;
    alees_rc rc = migrate_ask(db, arena, "alees.secret", "SELECT encode(bytes, 'hex') FROM alees.secret", NULL, 0,
                              errors, &result);
    if (rc != ALEES_OK) {
        return rc;
    }
    alees_str hex = db_rows(result) == 1 ? db_value(result, 0, 0) : (alees_str){NULL, 0};
    if (hex.len != 2 * STORE_SECRET) {
        fprintf(errors, "alees.secret: must have one row of 32 bytes\n");
        rc = ALEES_E_INVALID;
    }
    for (size_t i = 0; rc == ALEES_OK && i < STORE_SECRET; i++) {
        const char digits[3] = {hex.ptr[2 * i], hex.ptr[2 * i + 1], '\0'};
        secret[i] = (uint8_t)strtoul(digits, NULL, 16);
    }
    db_result_free(result);
    return rc;
}

alees_rc store_check(struct db *db, const struct plugins *plugins, uint8_t secret[STORE_SECRET], FILE *errors) {
    struct arena *arena = arena_new(MIGRATE_MEMORY);
    if (!arena) {
        fprintf(errors, "out of memory\n");
        return ALEES_E_NOMEM;
    }
    alees_rc rc = check_version(db, errors);
    if (rc == ALEES_OK) {
        rc = check_login(db, arena, errors);
    }
    if (rc == ALEES_OK) {
        rc = check_migrations(db, arena, plugins, errors);
    }
    if (rc == ALEES_OK) {
        rc = read_secret(db, arena, secret, errors);
    }
    arena_free(arena);
    return rc;
}
