/* SPDX-License-Identifier: MIT
 * config.h - the configuration: INI files (by inih, config.c is the only file that includes it), then environment
 * variables ALEES_<SECTION>_<KEY> and ALEES_PLUGIN_<NAME>_<KEY>. Level 2. Read-only once loaded. */
#ifndef CONFIG_H
#define CONFIG_H

#include <stdio.h>

#include "arena.h"
#include "settings.h"

struct config_pair {
    const char *key, *value, *file;
    int line; /* 0: from the environment */
};

/* A [plugin NAME] section: `module` is the path of its .so, all other keys are the plugin's own settings. */
struct config_plugin {
    const char *name, *module, *file;
    int line;
    struct config_pair *pairs;
    uint32_t pair_count;
};

struct config; /* lives until config_free */

/* Reads path and then every *.conf of the folder plugins.d beside it, in order of name. A relative module path is taken
 * from the folder module_dir if given, else from the compiled-in plugin folder. On failure every error is printed to
 * errors, one line each: file, line, key, what is allowed, the nearest match; returns E_INVALID. */
alees_rc config_load(const char *path, const char *module_dir, FILE *errors, struct config **ret_config) MUST_CHECK;
void config_free(struct config *c);

const char *config_text(const struct config *c, enum settings_id id);
int64_t config_integer(const struct config *c, enum settings_id id);
bool config_boolean(const struct config *c, enum settings_id id);
uint32_t config_choice(const struct config *c, enum settings_id id); /* its place in choices */
const struct config_plugin *config_plugins(const struct config *c, uint32_t *ret_count);

/* For the loader, which learns a plugin's own settings only after it has opened it. Prints to errors like config_load.
 * Returns the values in the order of rows, defaults filled in. */
alees_rc config_plugin_settings(struct config *c, const struct config_plugin *plugin, const struct alees_setting *rows,
                                uint32_t count, FILE *errors, const char ***ret_values) MUST_CHECK;

void config_print_help(FILE *out);     /* alees help-config */
void config_print_file(FILE *out);     /* etc/alees.conf: every setting with its default, commented out */
void config_print_markdown(FILE *out); /* docs/configuration.md */

#endif
