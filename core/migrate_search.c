/* SPDX-License-Identifier: MIT
 * migrate_search.c - what search and filters need of the database itself: two extensions, two functions, and that
 * PostgreSQL trusts the operators which the engine uses.
 *
 * Under row-level security an operator may look at rows before the policy has, and so be looked up in an index, only if it
 * is LEAKPROOF: known to tell nothing about its arguments but by its result. PostgreSQL says so of few functions and leaves
 * the others to the superuser. docs/security-model.md says what saying it means here. */
#include "core_sql.h"
#include "log.h"
#include "migrate_impl.h"

#define DOCUMENT "alees.search_document(text[])"

/* Of the operators of conditions on lists. */
#define TRUSTED \
    "ARRAY['" DOCUMENT "', 'pg_catalog.ts_match_vq(tsvector,tsquery)', 'pg_catalog.textlike(text,text)', " \
    "'pg_catalog.texticlike(text,text)', 'pg_catalog.arraycontains(anyarray,anyarray)', " \
    "'pg_catalog.arrayoverlap(anyarray,anyarray)', 'pg_catalog.jsonb_contains(jsonb,jsonb)', " \
    "'pg_catalog.numeric_eq(numeric,numeric)', 'pg_catalog.numeric_ne(numeric,numeric)', " \
    "'pg_catalog.numeric_lt(numeric,numeric)', 'pg_catalog.numeric_le(numeric,numeric)', " \
    "'pg_catalog.numeric_gt(numeric,numeric)', 'pg_catalog.numeric_ge(numeric,numeric)']"

alees_rc migrate_put_search(struct db *db, struct arena *arena, FILE *errors) {
    struct db_result *result = NULL;
    alees_rc rc =
        migrate_ask(db, arena, "search", "SELECT to_regprocedure('" DOCUMENT "') IS NULL", NULL, 0, errors, &result);
    if (rc == ALEES_OK && migrate_is(db_value(result, 0, 0), "t")) {
        rc = migrate_exec(db, "search", sql_search, errors);
    }
    db_result_free(result);
    return rc;
}

alees_rc migrate_put_trust(struct db *db, FILE *errors) {
    return migrate_exec(db, "LEAKPROOF",
                        "DO $alees$ DECLARE p text; BEGIN FOR p IN SELECT f.oid::regprocedure FROM pg_proc f "
                        "WHERE f.oid = ANY (" TRUSTED "::regprocedure[]) AND NOT f.proleakproof "
                        "LOOP EXECUTE format('ALTER FUNCTION %s LEAKPROOF', p); END LOOP; "
                        "FOR p IN SELECT extnamespace::regnamespace FROM pg_extension "
                        "WHERE extname IN ('pg_trgm', 'btree_gin') " /* which somebody else may have put elsewhere */
                        "LOOP EXECUTE format('GRANT USAGE ON SCHEMA %s TO " MIGRATE_OWNER "', p); END LOOP; "
                        "END $alees$",
                        errors);
}

alees_rc migrate_check_search(struct db *db, struct arena *arena, FILE *errors) {
    struct db_result *result = NULL;
    alees_rc rc = migrate_ask(db, arena, "search",
                              "SELECT to_regprocedure('" DOCUMENT "') IS NOT NULL, "
                              "string_agg(f.proname, ', ' ORDER BY f.proname) FROM unnest(" TRUSTED ") name "
                              "LEFT JOIN pg_proc f ON f.oid = to_regprocedure(name) AND NOT f.proleakproof",
                              NULL, 0, errors, &result);
    if (rc == ALEES_OK && !migrate_is(db_value(result, 0, 0), "t")) {
        fprintf(errors, "function " DOCUMENT " is missing; run `alees migrate`\n");
        rc = ALEES_E_INVALID;
    } else if (rc == ALEES_OK && db_value(result, 0, 1).ptr) { /* everything works without it */
        log_warn("search and some filters use no index, because these functions are not LEAKPROOF: %s; "
                 "`alees bootstrap` makes them so",
                 db_value(result, 0, 1).ptr);
    }
    db_result_free(result);
    return rc;
}
