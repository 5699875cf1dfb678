/* SPDX-License-Identifier: MIT
 * plugin_order.c - step 7 of the handshake: a plugin starts after all whose services it needs. The order follows from
 * the declarations alone (names decide between equals), never from the order of the configuration. */
#include <stdarg.h>
#include <string.h>

#include "plugin_private.h"
#include "str.h"

struct graph {
    struct arena *arena;
    struct alees_self **items; /* by name */
    uint32_t count;
    bool *is_placed;
    FILE *errors;
    uint32_t faults;
};

static void fault(struct graph *g, const struct alees_self *plugin, const char *format, ...) PRINTF_LIKE(3, 4);

static void fault(struct graph *g, const struct alees_self *plugin, const char *format, ...) {
    struct plugin_report report = {g->errors, plugin->config->module, plugin->decl.name, 0};
    char text[1024];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    plugin_fault(&report, "%s", text);
    g->faults++;
}

/* The place of the plugin that offers id; count if none does. */
static uint32_t provider(const struct graph *g, const char *id) {
    for (uint32_t i = 0; i < g->count; i++) {
        for (uint32_t j = 0; j < g->items[i]->offer_count; j++) {
            if (strcmp(g->items[i]->offers[j], id) == 0) {
                return i;
            }
        }
    }
    return g->count;
}

static void sort_by_name(struct alees_self **items, uint32_t count) {
    for (uint32_t i = 1; i < count; i++) {
        struct alees_self *item = items[i];
        uint32_t at = i;
        for (; at > 0 && strcmp(items[at - 1]->decl.name, item->decl.name) > 0; at--) {
            items[at] = items[at - 1];
        }
        items[at] = item;
    }
}

static void check_offers(struct graph *g) {
    for (uint32_t i = 0; i < g->count; i++) {
        const struct alees_self *plugin = g->items[i];
        if (i > 0 && strcmp(plugin->decl.name, g->items[i - 1]->decl.name) == 0) {
            fault(g, plugin, "is loaded twice, also from %s: keep one of the two", g->items[i - 1]->config->module);
        }
        for (uint32_t j = 0; j < plugin->offer_count; j++) {
            uint32_t first = provider(g, plugin->offers[j]);
            if (plugin_service(plugin->offers[j])) {
                fault(g, plugin, "offers %s, which the server itself offers: choose another id", plugin->offers[j]);
            } else if (first < i) {
                fault(g, plugin, "offers %s, which plugin %s offers too: enable only one of them", plugin->offers[j],
                      g->items[first]->decl.name);
            }
        }
    }
}

static void check_needs(struct graph *g) {
    for (uint32_t i = 0; i < g->count; i++) {
        const struct alees_self *plugin = g->items[i];
        for (uint32_t j = 0; j < plugin->need_count; j++) {
            const struct alees_need *need = &plugin->needs[j];
            bool is_hosts = plugin_service(need->service) != NULL;
            if (is_hosts && plugin_service_size(need->service) < need->min_size) {
                fault(g, plugin, "needs %u bytes of %s, this server has %u: install a newer server", need->min_size,
                      need->service, plugin_service_size(need->service));
            } else if (!is_hosts && provider(g, need->service) == g->count &&
                       (need->flags & ALEES_NEED_OPTIONAL) == 0) {
                fault(g, plugin, "needs %s, which nobody offers: enable the plugin that offers it", need->service);
            }
        }
    }
}

/* The place of the first plugin that must start before this one and is not placed yet; count if it may start. */
static uint32_t waits_for(const struct graph *g, uint32_t at, const char **ret_id) {
    const struct alees_self *plugin = g->items[at];
    for (uint32_t j = 0; j < plugin->need_count; j++) {
        uint32_t before = provider(g, plugin->needs[j].service);
        if (before < g->count && !g->is_placed[before]) {
            *ret_id = plugin->needs[j].service;
            return before;
        }
    }
    return g->count;
}

/* Nobody can start: follow the needs until we must be on the cycle, then go round it once from its first name. */
static void print_cycle(struct graph *g) {
    struct str chain;
    const char *id = "";
    uint32_t at = 0, start, first;
    while (g->is_placed[at]) {
        at++;
    }
    for (uint32_t steps = 0; steps < g->count; steps++) {
        at = waits_for(g, at, &id);
    }
    start = first = at;
    do {
        at = waits_for(g, at, &id);
        first = at < first ? at : first;
    } while (at != start);
    at = start = first;
    str_init(&chain, g->arena, 256);
    do {
        uint32_t before = waits_for(g, at, &id);
        str_printf(&chain, "%s%s needs %s of %s", at == start ? "" : ", ", g->items[at]->decl.name, id,
                   g->items[before]->decl.name);
        at = before;
    } while (at != start);
    fault(g, g->items[start],
          "cannot start, its needs go in a circle: %.*s; make one of them optional or disable a plugin", (int)chain.len,
          chain.ptr);
}

static alees_rc place_all(struct graph *g, struct alees_self **order) {
    for (uint32_t n = 0; n < g->count; n++) {
        const char *id;
        uint32_t at = 0;
        while (at < g->count && (g->is_placed[at] || waits_for(g, at, &id) != g->count)) {
            at++;
        }
        if (at == g->count) {
            print_cycle(g);
            return ALEES_E_INVALID;
        }
        g->is_placed[at] = true;
        order[n] = g->items[at];
        order[n]->index = n;
    }
    return ALEES_OK;
}

static alees_rc check_schemas(struct graph *g) {
    const char **schemas = ARENA_ARRAY(g->arena, const char *, g->count);
    if (!schemas) {
        return ALEES_E_NOMEM;
    }
    for (uint32_t i = 0; i < g->count; i++) {
        const struct alees_self *plugin = g->items[i];
        struct plugin_report report = {g->errors, plugin->config->module, plugin->decl.name, 0};
        uint32_t count = 0;
        for (uint32_t j = 0; j < plugin->need_count; j++) {
            uint32_t before = provider(g, plugin->needs[j].service);
            if (before < g->count && count < g->count) {
                schemas[count++] = g->items[before]->decl.name;
            }
        }
        plugin_check_schemas(plugin, schemas, count, &report);
        g->faults += report.faults;
    }
    return ALEES_OK;
}

alees_rc plugin_order(struct arena *arena, struct alees_self **items, uint32_t count, bool need_rbac, FILE *errors) {
    struct graph g = {arena, items, count, ARENA_ARRAY(arena, bool, count), errors, 0};
    struct alees_self **order = ARENA_ARRAY(arena, struct alees_self *, count);
    alees_rc rc;
    if (!g.is_placed || !order) {
        return ALEES_E_NOMEM;
    }
    sort_by_name(items, count);
    check_offers(&g);
    check_needs(&g);
    if (need_rbac && provider(&g, ALEES_RBAC_V1) == count) {
        fprintf(errors,
                "no plugin offers %s, so nobody could decide who may do what: enable one, such as [plugin rbac]\n",
                ALEES_RBAC_V1);
        g.faults++;
    }
    if (g.faults > 0) {
        return ALEES_E_INVALID;
    }
    rc = check_schemas(&g);
    if (rc == ALEES_OK) {
        rc = g.faults > 0 ? ALEES_E_INVALID : place_all(&g, order);
    }
    for (uint32_t i = 0; rc == ALEES_OK && i < count; i++) {
        items[i] = order[i];
    }
    return rc;
}
