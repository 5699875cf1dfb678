/* SPDX-License-Identifier: MIT
 * config_impl.h - what config.c (reading), config_check.c (one value), config_get.c (asking) and config_print.c share.
 * Level 2. */
#ifndef CONFIG_IMPL_H
#define CONFIG_IMPL_H

#include "config.h"

enum { CONFIG_MAX_LINE = 4096, CONFIG_MAX_SECRET = 4096 };

/* Every fault is one line; reading goes on, so that one start shows them all. */
struct config_report {
    FILE *out;
    uint32_t count;
};

struct config_place {
    const char *file; /* NULL: nowhere yet */
    int line;         /* 0: from the environment */
};

/* "file:line: key: text" */
void config_fault(struct config_report *report, struct config_place place, const char *key, const char *format, ...)
    PRINTF_LIKE(4, 5);

struct config {
    struct arena *arena;
    const char *values[SETTINGS];
    int64_t numbers[SETTINGS];
    struct config_place places[SETTINGS]; /* where each was set; file NULL: by default */
    const char *folder;                   /* of the main file, with a slash at its end: "/etc/alees/" */
    struct config_plugin *plugins;
    uint32_t plugin_count;
};

/* What a value may be: of a setting of the server, or of one that a plugin declares. */
struct config_rule {
    enum settings_type type;
    bool may_be_empty;
    int64_t min, max; /* of an integer; both 0: no bounds */
    const char *choices, *unit;
};

/* Is value allowed? ret_number: the integer, 0 or 1 of a boolean, the place of a choice; 0 for texts. */
bool config_check(struct config_report *report, struct config_place place, const char *key,
                  const struct config_rule *rule, const char *value, int64_t *ret_number);
/* The text of a file without its last newline, NULL with a fault if it cannot be used. */
const char *config_read_secret(struct arena *arena, struct config_report *report, struct config_place place,
                               const char *key, const char *path);
/* "section_key" in capitals: the environment variable's name without ALEES_. */
void config_env_name(const char *section, const char *key, char *out, size_t size);
/* " (did you mean listen?)" into out, or "". words as for str_nearest. */
const char *config_hint(const char *word, const void *words, size_t count, size_t stride, char *out, size_t size);

#endif
