/* SPDX-License-Identifier: MIT
 * config_get.c - what has been loaded, and the values of a plugin's own settings, checked against its declaration. */
#include "config_impl.h"

#include <string.h>

#include "alees/resource.h"

const char *config_text(const struct config *c, enum settings_id id) {
    ASSERT(settings_rows[id].type == SETTINGS_TEXT || settings_rows[id].type == SETTINGS_SECRET);
    return c->values[id];
}

int64_t config_integer(const struct config *c, enum settings_id id) {
    ASSERT(settings_rows[id].type == SETTINGS_INTEGER);
    return c->numbers[id];
}

bool config_boolean(const struct config *c, enum settings_id id) {
    ASSERT(settings_rows[id].type == SETTINGS_BOOLEAN);
    return c->numbers[id] != 0;
}

uint32_t config_choice(const struct config *c, enum settings_id id) {
    ASSERT(settings_rows[id].type == SETTINGS_CHOICE);
    return (uint32_t)c->numbers[id];
}

const struct config_plugin *config_plugins(const struct config *c, uint32_t *ret_count) {
    *ret_count = c->plugin_count;
    return c->plugins;
}

void config_free(struct config *c) {
    if (c) {
        arena_free(c->arena);
    }
}

/* False when a plugin declares a type that no setting can have. */
static bool rule_of(const struct alees_setting *row, struct config_rule *ret_rule) {
    struct config_rule rule = {SETTINGS_TEXT, false, row->min, row->max, row->choices, NULL};
    switch (row->type) {
    case ALEES_TEXT: rule.may_be_empty = true; break;
    case ALEES_INTEGER: rule.type = SETTINGS_INTEGER; break;
    case ALEES_BOOLEAN: rule.type = SETTINGS_BOOLEAN; break;
    case ALEES_CHOICE: rule.type = SETTINGS_CHOICE; break;
    default: return false;
    }
    *ret_rule = rule;
    return rule.type != SETTINGS_CHOICE || rule.choices;
}

/* One declared setting: what the configuration says, else its fallback. */
static const char *value_of(struct config_report *report, const struct config_plugin *plugin,
                            const struct alees_setting *row) {
    struct config_place place = {plugin->file, plugin->line};
    struct config_rule rule;
    const char *value = row->fallback;
    int64_t number;
    for (uint32_t i = 0; i < plugin->pair_count; i++) {
        const struct config_pair *pair = &plugin->pairs[i];
        if (strcmp(pair->key, row->name) == 0) {
            place = (struct config_place){pair->file, pair->line};
            value = pair->value;
        }
    }
    if (!rule_of(row, &rule)) {
        config_fault(report, place, row->name, "is declared by plugin %s with an unknown type", plugin->name);
    } else if (value) {
        (void)config_check(report, place, row->name, &rule, value, &number);
    }
    return value;
}

alees_rc config_plugin_settings(struct config *c, const struct config_plugin *plugin, const struct alees_setting *rows,
                                uint32_t count, FILE *errors, const char ***ret_values) {
    struct config_report report = {errors, 0};
    char hint[128];
    const char **values = ARENA_ARRAY(c->arena, const char *, count);
    if (!values) {
        return ALEES_E_NOMEM;
    }
    for (uint32_t i = 0; i < plugin->pair_count; i++) {
        const struct config_pair *pair = &plugin->pairs[i];
        struct config_place place = {pair->file, pair->line};
        uint32_t row = 0;
        while (row < count && strcmp(rows[row].name, pair->key) != 0) {
            row++;
        }
        if (row == count) {
            config_fault(&report, place, pair->key, "unknown key of plugin %s%s", plugin->name,
                         config_hint(pair->key, rows, count, sizeof rows[0], hint, sizeof hint));
        }
    }
    for (uint32_t i = 0; i < count; i++) {
        values[i] = value_of(&report, plugin, &rows[i]);
    }
    if (report.count > 0) {
        return ALEES_E_INVALID;
    }
    *ret_values = values;
    return ALEES_OK;
}
