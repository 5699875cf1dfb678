/* SPDX-License-Identifier: MIT
 * plugin_private.h - what the plugin_*.c share among themselves, and with the catalogue: reports and checks. Level 3.
 *
 *   plugin.c          load, start, stop: the order of the steps
 *   plugin_open.c     steps 1 to 4 of the handshake: file, dlopen, symbol, first words
 *   plugin_copy.c     step 5: copies by size and stride
 *   plugin_check.c    step 6: names, needs, settings, statements, migrations
 *   plugin_rows.c     step 6: resources, routes and their fields
 *   plugin_sql.c      step 6: the text of a statement
 *   plugin_order.c    step 7: who comes before whom
 *   plugin_service.c  the table of services
 *   plugin_print.c    what people see */
#ifndef PLUGIN_PRIVATE_H
#define PLUGIN_PRIVATE_H

#include "plugin.h"

/* Where the faults of one plugin are told: every line begins with its file and its name, none stops the search. */
struct plugin_report {
    FILE *errors;
    const char *file;
    const char *name; /* NULL: not known yet */
    uint32_t faults;
};
void plugin_fault(struct plugin_report *report, const char *format, ...) PRINTF_LIKE(2, 3);

/* Sizes of ABI 1.0: nothing smaller was ever compiled. They stay when the structures grow. */
#define PLUGIN_SIZE_1_0 ALEES_UPTO(struct alees_plugin, demo)

/* Opens the file and looks at the four words that never move. *ret_handle and *ret_symbol are written on success. */
alees_rc plugin_open(struct arena *arena, const char *path, bool check_owner, struct plugin_report *report,
                     void **ret_handle, const struct alees_plugin **ret_symbol) MUST_CHECK;
void plugin_close(void *handle); /* of a load that failed */

/* Fills decl and every list of plugin. E_INVALID with lines, or E_NOMEM. */
alees_rc plugin_copy(struct arena *arena, const struct alees_plugin *symbol, struct plugin_report *report,
                     struct alees_self *plugin) MUST_CHECK;

/* Everything that can be said of one plugin alone; counts into report. */
void plugin_check(struct arena *arena, const struct alees_self *plugin, struct plugin_report *report);
void plugin_check_resources(struct arena *arena, const struct alees_self *plugin, struct plugin_report *report);
void plugin_check_routes(struct arena *arena, const struct alees_self *plugin, struct plugin_report *report);

/* plugin_soft.c. */
void plugin_check_soft(const struct alees_resource *r, struct plugin_report *report);

/* plugin_owner.c. What a resource is part of, and what its own parts are. */
void plugin_check_owner(const struct alees_self *plugin, const struct alees_resource *r, struct plugin_report *report);
void plugin_check_movable(const struct alees_self *plugin, const struct alees_resource *r,
                          struct plugin_report *report);

bool plugin_is_name(const char *name, size_t longest); /* [a-z][a-z0-9_]*; NULL is none */
bool plugin_is_permission(const char *name);           /* plugin.action, both names */
bool plugin_is_blank(const char *text);                /* NULL or empty */
/* NULL if text is JSON (or NULL), else what is wrong. */
const char *plugin_json_fault(struct arena *arena, const char *text);

/* plugin_sql.c. One statement on its own: NULL, or what is wrong with it. */
const char *plugin_sql_fault(struct arena *arena, const char *sql, uint32_t nparams);
/* The first schema that it names and that is none of allowed; absent if there is none. */
alees_str plugin_sql_foreign(const char *sql, const char *const *allowed, uint32_t count);

/* Puts the plugins of the list in the order of starting; missing, double and cyclic services are faults, and so are
 * statements that name the schema of a plugin that is not needed. */
alees_rc plugin_order(struct arena *arena, struct alees_self **items, uint32_t count, bool need_rbac,
                      FILE *errors) MUST_CHECK;
/* The statements of a plugin against its own schema and those of its providers (or, alone, of the ids it needs). */
void plugin_check_schemas(const struct alees_self *plugin, const char *const *schemas, uint32_t count,
                          struct plugin_report *report);

void plugin_withdraw_service(const char *id);

/* NULL, or what is wrong with a path. */
const char *plugin_path_fault(const char *path, bool may_have_parameters);
/* Has it the parameter {name}? */
bool plugin_path_has(const char *path, const char *name);

#endif
