/* SPDX-License-Identifier: MIT
 * plugin.c - the life of plugins: load all (no code of theirs runs), start in order, stop in reverse. */
#include <string.h>

#include "plugin_private.h"

enum { MOST_NEEDS = 64 };

/* Steps 1 to 6 for one file. name: of its section; NULL when a file is checked by itself. */
static alees_rc load(struct arena *arena, const char *path, const char *name, bool check_owner, FILE *errors,
                     struct plugin_report *report, struct alees_self **ret_plugin) {
    const struct alees_plugin *symbol;
    struct alees_self *plugin = ARENA_NEW(arena, struct alees_self);
    void *handle;
    alees_rc rc;
    *report = (struct plugin_report){errors, path, name, 0};
    if (!plugin) {
        return ALEES_E_NOMEM;
    }
    rc = plugin_open(arena, path, check_owner, report, &handle, &symbol);
    if (rc != ALEES_OK) {
        return rc;
    }
    report->name = name ? name : symbol->name;
    plugin->magic = PLUGIN_MAGIC;
    rc = plugin_copy(arena, symbol, report, plugin);
    if (rc == ALEES_OK) {
        plugin_check(arena, plugin, report);
        if (name && symbol->name && strcmp(name, symbol->name) != 0) {
            plugin_fault(report, "calls itself %s: name its section [plugin %s]", symbol->name, symbol->name);
        }
        rc = report->faults > 0 ? ALEES_E_INVALID : ALEES_OK;
    }
    if (rc != ALEES_OK) {
        plugin_close(handle);
        return rc;
    }
    *ret_plugin = plugin;
    return ALEES_OK;
}

/* What only the host needs to know of it. */
static alees_rc furnish(struct arena *arena, struct alees_self *plugin) {
    plugin->role = arena_printf(arena, "alees_plugin_%s", plugin->decl.name).ptr;
    plugin->role_all = arena_printf(arena, "alees_plugin_%s_all", plugin->decl.name).ptr;
    plugin->metric_series = ARENA_ARRAY(arena, struct metric *, plugin->metric_count);
    plugin->prepared = ARENA_ARRAY(arena, const struct statement *, plugin->statement_count);
    return plugin->role && plugin->role_all && plugin->metric_series && plugin->prepared ? ALEES_OK : ALEES_E_NOMEM;
}

/* The schema that a service id speaks of: "alees.rbac/1" of rbac. The plugin that offers it is not at hand. */
static const char *schema_of(struct arena *arena, const char *id) {
    const char *slash = strchr(id, '/');
    const char *name = slash;
    while (name > id && name[-1] != '.') {
        name--;
    }
    return arena_printf(arena, "%.*s", (int)(slash - name), name).ptr;
}

alees_rc plugin_load_file(struct arena *arena, const char *path, bool check_owner, FILE *errors,
                          struct alees_self **ret_plugin) {
    struct config_plugin *config = ARENA_NEW(arena, struct config_plugin);
    const char *schemas[MOST_NEEDS];
    struct plugin_report report;
    struct alees_self *plugin;
    uint32_t count = 0;
    alees_rc rc = load(arena, path, NULL, check_owner, errors, &report, &plugin);
    if (rc != ALEES_OK) {
        return rc;
    }
    for (uint32_t i = 0; i < plugin->need_count && count < MOST_NEEDS; i++) {
        schemas[count] = schema_of(arena, plugin->needs[i].service);
        count += schemas[count] != NULL;
    }
    plugin_check_schemas(plugin, schemas, count, &report);
    if (report.faults > 0) {
        return ALEES_E_INVALID;
    }
    if (!config || furnish(arena, plugin) != ALEES_OK) {
        return ALEES_E_NOMEM;
    }
    config->name = plugin->decl.name;
    config->module = config->file = path;
    plugin->config = config;
    *ret_plugin = plugin;
    return ALEES_OK;
}

/* The same checks as for any other, but no file; its settings are the server's own. */
static alees_rc load_built_in(struct arena *arena, struct config *config, const struct alees_plugin *symbol,
                              FILE *errors, struct alees_self **ret_plugin) {
    static const char file[] = "built-in";
    struct plugin_report report = {errors, file, symbol->name, 0};
    struct alees_self *plugin = ARENA_NEW(arena, struct alees_self);
    struct config_plugin *section = ARENA_NEW(arena, struct config_plugin);
    if (!plugin || !section) {
        return ALEES_E_NOMEM;
    }
    *section = (struct config_plugin){.name = symbol->name, .module = file, .file = file};
    plugin->magic = PLUGIN_MAGIC;
    plugin->is_built_in = true;
    plugin->config = section;
    alees_rc rc = plugin_copy(arena, symbol, &report, plugin);
    if (rc == ALEES_OK) {
        plugin_check(arena, plugin, &report);
        rc = report.faults > 0 ? ALEES_E_INVALID : ALEES_OK;
    }
    if (rc == ALEES_OK) {
        rc = config_plugin_settings(config, section, plugin->settings, plugin->setting_count, errors,
                                    &plugin->setting_values);
    }
    *ret_plugin = plugin;
    return rc == ALEES_OK ? furnish(arena, plugin) : rc;
}

static bool is_built_in(const struct config_plugin *section, const struct alees_plugin *const *built_in,
                        uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        if (strcmp(section->name, built_in[i]->name) == 0) {
            return true;
        }
    }
    return false;
}

static alees_rc load_configured(struct arena *arena, struct config *config, const struct config_plugin *section,
                                FILE *errors, struct alees_self **ret_plugin) {
    bool check_owner = config_boolean(config, SETTING_TRUST_MODULES);
    struct plugin_report report;
    alees_rc rc = load(arena, section->module, section->name, check_owner, errors, &report, ret_plugin);
    if (rc != ALEES_OK) {
        return rc;
    }
    (*ret_plugin)->config = section;
    rc = config_plugin_settings(config, section, (*ret_plugin)->settings, (*ret_plugin)->setting_count, errors,
                                &(*ret_plugin)->setting_values);
    return rc == ALEES_OK ? furnish(arena, *ret_plugin) : rc;
}

alees_rc plugin_load_all(struct arena *arena, struct config *config, const struct alees_plugin *const *built_in,
                         uint32_t built_in_count, bool need_rbac, FILE *errors, struct plugins *ret_plugins) {
    uint32_t count, total = built_in_count;
    const struct config_plugin *sections = config_plugins(config, &count);
    struct alees_self **items = ARENA_ARRAY(arena, struct alees_self *, (size_t)built_in_count + count);
    alees_rc rc = items ? ALEES_OK : ALEES_E_NOMEM;
    for (uint32_t i = 0; rc == ALEES_OK && i < built_in_count; i++) {
        rc = load_built_in(arena, config, built_in[i], errors, &items[i]);
    }
    for (uint32_t i = 0; items && i < count; i++) {
        alees_rc one = ALEES_E_INVALID;
        if (is_built_in(&sections[i], built_in, built_in_count)) {
            fprintf(errors, "%s:%d: plugin %s is built into the server: remove this section\n", sections[i].file,
                    sections[i].line, sections[i].name);
        } else {
            one = load_configured(arena, config, &sections[i], errors, &items[total++]);
        }
        rc = rc == ALEES_OK ? one : rc; /* the others are looked at all the same: every fault in one go */
    }
    if (rc == ALEES_OK) {
        rc = plugin_order(arena, items, total, need_rbac, errors);
    }
    if (rc == ALEES_OK) {
        ret_plugins->items = items;
        ret_plugins->count = total;
    }
    return rc;
}

/* --- start and stop --------------------------------------------------------------------------------------------- */

static alees_rc register_metrics(struct alees_self *plugin, struct plugin_report *report) {
    for (uint32_t i = 0; i < plugin->metric_count; i++) {
        const struct alees_metric *m = &plugin->metrics[i];
        size_t length = strlen(m->name);
        bool is_counter = length > 6 && strcmp(m->name + length - 6, "_total") == 0;
        char name[160];
        snprintf(name, sizeof name, "alees_%s_%s", plugin->decl.name, m->name);
        plugin->metric_series[i] = metrics_register(is_counter ? METRICS_COUNTER : METRICS_GAUGE, name, "", m->help);
        if (!plugin->metric_series[i]) {
            plugin_fault(report, "out of memory");
            return ALEES_E_NOMEM;
        }
    }
    return ALEES_OK;
}

/* A provider may be older than its consumer: only after its start can the size of its table be seen. */
static alees_rc check_sizes(const struct alees_self *plugin, struct plugin_report *report) {
    for (uint32_t i = 0; i < plugin->need_count; i++) {
        const struct alees_need *need = &plugin->needs[i];
        uint32_t size = plugin_service_size(need->service);
        if (size < need->min_size && (size > 0 || (need->flags & ALEES_NEED_OPTIONAL) == 0)) {
            plugin_fault(report, "needs %u bytes of %s, its provider has %u: install a newer build of the provider",
                         need->min_size, need->service, size);
            return ALEES_E_INVALID;
        }
    }
    return ALEES_OK;
}

static alees_rc take_offers(struct alees_self *plugin, struct plugin_report *report) {
    for (uint32_t i = 0; i < plugin->offer_count; i++) {
        const void *table = plugin->decl.offer(plugin->state, plugin->offers[i]);
        if (!table) {
            plugin_fault(report, "offers %s but gave no table for it", plugin->offers[i]);
            return ALEES_E_INVALID;
        }
        plugin_offer_service(plugin->offers[i], table);
    }
    return ALEES_OK;
}

static alees_rc start(struct alees_self *plugin, const struct plugin_boot *boot, FILE *errors) {
    struct plugin_report report = {errors, plugin->config->module, plugin->decl.name, 0};
    alees_rc rc = check_sizes(plugin, &report);
    if (rc == ALEES_OK) {
        rc = register_metrics(plugin, &report);
    }
    if (rc == ALEES_OK && plugin->decl.start) {
        alees_ctx *ctx = boot->new_ctx(boot->data, plugin);
        if (!ctx) {
            plugin_fault(&report, "out of memory");
            return ALEES_E_NOMEM;
        }
        rc = plugin->decl.start(plugin, boot->host, ctx, &plugin->state);
        plugin->is_started = rc == ALEES_OK;
        rc = boot->end_ctx(boot->data, ctx, rc);
        if (rc != ALEES_OK) {
            plugin_fault(&report, "its start failed (%d)", (int)rc);
        }
    }
    if (rc == ALEES_OK) {
        plugin->is_started = true;
        rc = take_offers(plugin, &report);
    }
    return rc;
}

alees_rc plugin_start_all(struct plugins *plugins, const struct plugin_boot *boot, FILE *errors) {
    for (uint32_t i = 0; i < plugins->count; i++) {
        alees_rc rc = start(plugins->items[i], boot, errors);
        if (rc != ALEES_OK) {
            plugin_stop_all(plugins);
            return rc;
        }
    }
    return ALEES_OK;
}

void plugin_stop_all(struct plugins *plugins) {
    for (uint32_t i = plugins->count; i > 0; i--) {
        struct alees_self *plugin = plugins->items[i - 1];
        if (!plugin->is_started) {
            continue;
        }
        plugin->is_started = false;
        if (plugin->decl.stop) {
            plugin->decl.stop(plugin->state);
        }
        for (uint32_t j = 0; j < plugin->offer_count; j++) {
            plugin_withdraw_service(plugin->offers[j]);
        }
    }
}

/* --- looking up ------------------------------------------------------------------------------------------------- */

struct alees_self *plugin_find(const struct plugins *plugins, const char *name) {
    for (uint32_t i = 0; i < plugins->count; i++) {
        if (strcmp(plugins->items[i]->decl.name, name) == 0) {
            return plugins->items[i];
        }
    }
    return NULL;
}

uint32_t plugin_statement(const struct alees_self *plugin, const struct alees_statement *statement) {
    const alees_list *list = &plugin->decl.statements; /* the plugin's own memory: its stride, its addresses */
    uintptr_t base = (uintptr_t)list->items, at = (uintptr_t)statement;
    if (list->count == 0 || at < base || (at - base) % list->stride != 0 || (at - base) / list->stride >= list->count) {
        return UINT32_MAX;
    }
    return (uint32_t)((at - base) / list->stride);
}
