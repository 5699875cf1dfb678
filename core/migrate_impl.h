/* SPDX-License-Identifier: MIT
 * migrate_impl.h - what the files of migrate.h share: migrate.c (running steps), migrate_plan.c (which steps),
 * migrate_bootstrap.c (roles), migrate_secure.c (policies and grants), migrate_policy.c (what policies a resource has),
 * migrate_search.c (functions and trust), migrate_index.c (indexes), migrate_audit.c and migrate_life.c (triggers),
 * migrate_verify.c and migrate_table.c (is all of it there?). Level 3. */
#ifndef MIGRATE_IMPL_H
#define MIGRATE_IMPL_H

#include "db.h"
#include "migrate.h"
#include "resource.h"
#include "str.h"

#define MIGRATE_OWNER "alees_owner"
#define MIGRATE_APP "alees_app"
#define MIGRATE_INDEX "alees_ix_" /* how the names of those begin that the host makes */

/* Of rows that are marked when they are deleted: those that are not. As PostgreSQL writes it, too. */
#define MIGRATE_LIVE "deleted_at IS NULL"

enum { MIGRATE_MEMORY = 64 * 1024 * 1024, MIGRATE_CHECKSUM = 65 };

struct migrate_step {
    const char *plugin, *name, *sql;
    uint32_t version;
    char checksum[MIGRATE_CHECKSUM];
    bool is_applied;
};

struct migrate_plan {
    struct migrate_step *steps; /* in the order of applying */
    uint32_t count, pending;
};

/* Compares the declared steps with what has been applied. A changed text, a gap, and steps that the plugin does not
 * know are lines on errors and E_INVALID. E_NOMEM, E_UNAVAILABLE. */
alees_rc migrate_plan(struct db *db, struct arena *arena, const struct plugins *plugins, FILE *errors,
                      struct migrate_plan *ret_plan) MUST_CHECK;

/* Connects with a setting's url. A line on errors and E_UNAVAILABLE. */
alees_rc migrate_connect(const struct config *config, enum settings_id url, FILE *errors,
                         struct db **ret_db) MUST_CHECK;
/* Runs SQL, prints "what: message" if it is refused. E_INTERNAL. */
alees_rc migrate_exec(struct db *db, const char *what, const char *sql, FILE *errors) MUST_CHECK;
/* The same for one statement with parameters and rows. */
alees_rc migrate_ask(struct db *db, struct arena *arena, const char *what, const char *sql, const char *const *params,
                     uint32_t count, FILE *errors, struct db_result **ret_result) MUST_CHECK;
void migrate_explain(const struct db_result *error, const char *what, FILE *errors);
bool migrate_is(alees_str text, const char *expected);

struct migrate_policy {
    const char *name;
    const char *sql; /* CREATE POLICY ... */
};
enum { MIGRATE_POLICIES = 5 };
/* The schema and the table of a resource: "product", "product". */
void migrate_table_name(struct arena *arena, const struct resource *r, const char **ret_schema, const char **ret_table);
/* What a resource's table must have; none for a global one. E_NOMEM. */
alees_rc migrate_policies(struct arena *arena, const struct resource *r,
                          struct migrate_policy policies[MIGRATE_POLICIES], uint32_t *ret_count) MUST_CHECK;
/* Has its table exactly these, and row-level security as it should be? Every difference is a line on errors (may be
 * NULL). ALEES_OK, E_INVALID. */
alees_rc migrate_check_policies(struct db *db, struct arena *arena, const struct resource *r, FILE *errors) MUST_CHECK;

/* Are the changes of its rows written to the audit trail? */
bool migrate_is_audited(const struct resource *r);
/* Has its table the triggers for that? Every difference is a line on errors (may be NULL). ALEES_OK, E_INVALID. */
alees_rc migrate_check_triggers(struct db *db, struct arena *arena, const struct resource *r, FILE *errors) MUST_CHECK;
/* Makes them where they differ; in a transaction of the caller. */
alees_rc migrate_put_triggers(struct db *db, struct arena *arena, const struct resource *r, FILE *errors) MUST_CHECK;

/* Has the table of r the triggers that keep live rows from referring to deleted ones, and no others of the kind? The keys
 * of all resources must be known. Every difference is a line on errors (may be NULL). ALEES_OK, E_INVALID. */
alees_rc migrate_check_life(struct db *db, struct arena *arena, const struct catalogue *catalogue,
                            const struct resource *r, FILE *errors) MUST_CHECK;
/* Makes them where they differ; in a transaction of the caller. */
alees_rc migrate_put_life(struct db *db, struct arena *arena, const struct catalogue *catalogue,
                          const struct resource *r, FILE *errors) MUST_CHECK;

/* The extensions and functions that search and indexes need, unless they are there; in a transaction of the caller, as
 * the database's superuser or as alees_owner. */
alees_rc migrate_put_search(struct db *db, struct arena *arena, FILE *errors) MUST_CHECK;
/* Lets the operators of conditions use indexes under row-level security. Only a superuser of the database may. */
alees_rc migrate_put_trust(struct db *db, FILE *errors) MUST_CHECK;
/* Is the first there? A line on errors and E_INVALID. If the second has not been done, one warning in the log. */
alees_rc migrate_check_search(struct db *db, struct arena *arena, FILE *errors) MUST_CHECK;

/* Makes the indexes that declarations want and plugins do not have, drops those of before, each in a transaction of its
 * own; is_dry: only prints. */
alees_rc migrate_put_indexes(struct db *db, struct arena *arena, const struct catalogue *catalogue, bool is_dry,
                             FILE *out, FILE *errors) MUST_CHECK;
/* Every one that is missing is a line on errors. ALEES_OK, E_INVALID. */
alees_rc migrate_check_indexes(struct db *db, struct arena *arena, const struct resource *r, FILE *errors) MUST_CHECK;

/* Grants, and policies and triggers where they differ; in a transaction of the caller. */
alees_rc migrate_secure(struct db *db, struct arena *arena, const struct plugins *plugins,
                        const struct catalogue *catalogue, FILE *errors) MUST_CHECK;

/* Fills in the names of the keys that keep references, and which of these hold what they name. */
alees_rc migrate_find_keys(struct db *db, struct arena *arena, struct resource *r, FILE *errors) MUST_CHECK;

/* Columns, keys and indexes of one table; fills in the names of constraints. */
alees_rc migrate_check_table(struct db *db, struct arena *arena, struct resource *r, FILE *errors) MUST_CHECK;

#endif
