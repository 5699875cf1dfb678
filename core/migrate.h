/* SPDX-License-Identifier: MIT
 * migrate.h - the schema: bootstrap (once, by a database superuser), migrate (by alees_owner), verify (at each start).
 * Level 3. Row-level security, policies and grants of declared resources are made here from the declarations, not by
 * plugins. */
#ifndef MIGRATE_H
#define MIGRATE_H

#include "catalogue.h"

/* Roles alees_owner, alees_app and for each plugin its two; schema alees; EXECUTE on set_config only for alees_app and
 * alees_owner; no TEMPORARY and no schema public for anyone. Repeatable. Passwords of the roles are taken from
 * database.url and database.owner_url if these have one. Prints what it does. */
alees_rc migrate_bootstrap(const struct config *config, const struct plugins *plugins, FILE *out,
                           FILE *errors) MUST_CHECK;

enum migrate_mode { MIGRATE_APPLY, MIGRATE_STATUS, MIGRATE_DRY_RUN };
/* Under one advisory lock, each step in a transaction with its checksum; afterwards secures every declared table. A
 * changed applied step, or a gap, is refused. STATUS gives E_CONFLICT when steps are pending. */
alees_rc migrate_run(const struct config *config, const struct plugins *plugins, const struct catalogue *catalogue,
                     enum migrate_mode mode, FILE *out, FILE *errors) MUST_CHECK;

/* At start, as alees_app: declared columns exist with fitting types, NOT NULL where sorted by; row-level security is
 * enabled and forced with exactly the expected policies; keys and indexes are there; rights are as expected. Every fault
 * is a line on errors saying what to run; E_INVALID. Fills in the names of unique constraints (resource.h). */
alees_rc migrate_verify(const struct config *config, const struct plugins *plugins, struct catalogue *catalogue,
                        FILE *errors) MUST_CHECK;

/* Rows that were marked as deleted so many days ago go for good, but for those that others refer to. As alees_owner. */
alees_rc migrate_purge(const struct config *config, const struct catalogue *catalogue, int64_t days, FILE *out,
                       FILE *errors) MUST_CHECK;

#endif
