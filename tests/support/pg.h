/* SPDX-License-Identifier: MIT
 * pg.h - a database of one's own on the cluster that tests/with_db.sh prepares. */
#ifndef PG_H
#define PG_H

#include "test.h"

#include "config.h"
#include "db.h"

/* Templates made by tests/with_db.sh. */
#define PG_MIGRATED "alees_tpl" /* bootstrapped and migrated with all plugins of plugins/ */
#define PG_DEMO "alees_demo"    /* and filled by `alees demo` */

struct pg {
    char name[64];
    char app_url[512], owner_url[512], admin_url[512]; /* as the roles alees_app, alees_owner, and a superuser */
    char conf[256]; /* a configuration file; with a template: with all plugins of plugins/ */
    struct db *admin;
};

/* Creates t_<name>_<pid>_<n>; from nothing if template is NULL. Fails the test without ALEES_TEST_ADMIN_URL. */
void pg_open(struct pg *pg, const char *name, const char *template);
void pg_close(struct pg *pg); /* drops it, whoever is connected */

/* The configuration of this database; more: further lines, such as "[database]\nlanes = 1\n", or
 * NULL. config_free it. */
struct config *pg_config(const struct pg *pg, const char *more);

/* As the superuser. */
void pg_exec(struct pg *pg, const char *sql);
alees_str pg_value(struct pg *pg, struct arena *arena,
                   const char *sql); /* the first value of the first row, or absent */
int64_t pg_count(struct pg *pg, const char *sql);

#endif
