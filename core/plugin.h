/* SPDX-License-Identifier: MIT
 * plugin.h - plugins as the server knows them: opened, checked, copied, put in order. Level 3.
 *
 * plugin_load_all does the whole handshake (docs/plugin-abi.md) without running any code of a plugin. A plugin is
 * never unmapped once it has been accepted. Everything here is read-only after the boot. */
#ifndef PLUGIN_H
#define PLUGIN_H

#include "alees/rbac.h"
#include "alees/resource.h"
#include "config.h"
#include "metrics.h"

#define PLUGIN_MAGIC 0x504c5547u

struct statement; /* store.h */

struct alees_self {
    uint32_t magic;
    uint32_t index; /* place in struct plugins: the order of starting */
    const struct config_plugin *config;
    struct alees_plugin decl; /* a copy as large as this host knows; its lists stay the plugin's: use those below */
    /* Copies of the declared lists, each item as large as this host knows, zero where the plugin is older. */
    struct alees_need *needs;
    const char **offers;
    struct alees_setting *settings;
    struct alees_permission *permissions;
    struct alees_resource *resources;   /* .fields.items: struct alees_field, copied the same way, stride ours */
    struct alees_route *routes;         /* .parameters, .body, .response: the same */
    struct alees_statement *statements; /* copies; find one by plugin_statement() */
    struct alees_migration *migrations;
    struct alees_command *commands;
    struct alees_metric *metrics;
    struct alees_error *errors;
    uint32_t need_count, offer_count, setting_count, permission_count, resource_count, route_count, statement_count,
        migration_count, command_count, metric_count, error_count;
    const char **setting_values; /* as settings */
    struct metric **metric_series;
    const char *role;                  /* "alees_plugin_product": the database role of its statements */
    const char *role_all;              /* "alees_plugin_product_all": the same for a superuser's requests */
    const struct statement **prepared; /* as statements: what store_statement made of each; set by server.c */
    void *state;
    bool is_started;
    bool is_built_in; /* compiled into the server: no file of its own */
};

struct plugins {
    struct alees_self **items; /* in the order of starting */
    uint32_t count;
};

/* Opens, checks and orders the built-in plugins and every plugin of the configuration. On failure every reason is printed to errors, one clear
 * line each, and E_INVALID returned (exit status 78). need_rbac: refuse when no plugin offers alees.rbac/1. Memory
 * comes from arena, which must live as long as the process. */
alees_rc plugin_load_all(struct arena *arena, struct config *config, const struct alees_plugin *const *built_in,
                         uint32_t built_in_count, bool need_rbac, FILE *errors, struct plugins *ret_plugins) MUST_CHECK;

/* Steps 1 to 6 of the handshake for one file: `alees plugin check FILE.so`. */
alees_rc plugin_load_file(struct arena *arena, const char *path, bool check_owner, FILE *errors,
                          struct alees_self **ret_plugin) MUST_CHECK;

/* Starts each in order with host, asks for what it offers, registers its metrics. On failure stops those already
 * started, prints why. new_ctx/end_ctx make the ctx of a start. [boot] */
struct plugin_boot {
    const struct alees_host *host;
    alees_ctx *(*new_ctx)(void *data, struct alees_self *plugin);
    alees_rc (*end_ctx)(void *data, alees_ctx *ctx, alees_rc rc); /* prints the failure of rc */
    void *data;
};
alees_rc plugin_start_all(struct plugins *plugins, const struct plugin_boot *boot, FILE *errors) MUST_CHECK;
void plugin_stop_all(struct plugins *plugins);

/* The host's own services are registered before plugin_load_all; those offered, after each start. NULL if nobody's.
 * */
void plugin_offer_service(const char *id, const void *table); /* id and table are kept */
const void *plugin_service(const char *id);
uint32_t plugin_service_size(const char *id); /* struct_size of its table; 0 if unknown */

struct alees_self *plugin_find(const struct plugins *plugins, const char *name);
/* Place of a statement that a plugin passed to db->run; UINT32_MAX if it is not of its own list. */
uint32_t plugin_statement(const struct alees_self *plugin, const struct alees_statement *statement);

const char *plugin_method(uint32_t method); /* "GET"; "?" if unknown */

void plugin_print(const struct plugins *plugins, bool json, FILE *out); /* alees plugins */
void plugin_print_one(const struct alees_self *plugin, FILE *out);      /* its catalogue as JSON */

#endif
