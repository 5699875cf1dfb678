/* SPDX-License-Identifier: MIT
 * server.c - the order in which the server comes to life, and in which it ends. Every step that fails says so in one
 * line on standard error; what was made until then is undone by server_close, in reverse. */
#include "server.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "audit.h"
#include "custom.h"
#include "cred.h"
#include "docs.h"
#include "documents.h"
#include "edge.h"
#include "engine.h"
#include "httpd.h"
#include "jx.h"
#include "log.h"
#include "migrate.h"
#include "pipeline.h"
#include "ratelimit.h"
#include "svc.h"

enum { EXIT_CONFIGURATION = 78, EXIT_OTHER = 1 };

#define PROCESS_MEMORY ((size_t)256 * 1024 * 1024) /* a bound on declarations, not a reservation */

/* --- ctx of starts, commands and notifications -------------------------------------------------------------------
 * */

alees_ctx *server_ctx_new(struct app *app, struct alees_self *plugin) {
    struct arena *arena = arena_new(app->max_memory);
    alees_ctx *ctx = arena ? ctx_new(app, arena) : NULL;
    if (!ctx) {
        arena_free(arena);
        return NULL;
    }
    ctx->plugin = plugin;
    ctx->is_all = true;
    return ctx;
}

void server_ctx_end(alees_ctx *ctx) {
    if (ctx) {
        struct arena *arena = ctx->arena;
        ctx_end(ctx);
        arena_free(arena);
    }
}

void server_print_problem(const alees_ctx *ctx, const char *who, alees_rc rc, FILE *errors) {
    const struct problem *p = &ctx->problem;
    const char *title = p->rc != ALEES_OK && p->title ? p->title : problem_rows[problem_kind_of(rc)].title;
    fprintf(errors, "%s: %s%s%.*s\n", who, title, p->detail.len > 0 ? ": " : "", STR_FMT(p->detail));
    for (const struct problem_item *item = p->items; item; item = item->next) {
        fprintf(errors, "%s: ", who);
        if (item->row > 0) {
            fprintf(errors, "row %llu: ", (unsigned long long)item->row);
        }
        fprintf(errors, "%.*s: %.*s\n", STR_FMT(item->pointer), STR_FMT(item->detail));
    }
}

static alees_ctx *boot_ctx_new(void *data, struct alees_self *plugin) {
    alees_ctx *ctx = server_ctx_new(data, plugin);
    if (ctx) {
        snprintf(ctx->request_id, sizeof ctx->request_id, "start:%.32s", plugin->decl.name);
        store_begin(ctx);
    }
    return ctx;
}

static alees_rc boot_ctx_end(void *data, alees_ctx *ctx, alees_rc rc) {
    (void)data;
    if (rc == ALEES_OK) {
        rc = ctx_commit(ctx);
    }
    if (rc != ALEES_OK) {
        server_print_problem(ctx, ctx->plugin->decl.name, rc, stderr);
    }
    server_ctx_end(ctx);
    return rc;
}

static alees_ctx *message_ctx_new(void *data, struct alees_self *plugin) {
    return server_ctx_new(data, plugin);
}

static void message_ctx_end(void *data, alees_ctx *ctx) {
    (void)data;
    server_ctx_end(ctx);
}

/* --- first half: nothing outside the process ---------------------------------------------------------------------
 * */

static void take_settings(struct app *app, bool listen) {
    const struct config *c = app->config;
    uint32_t level = config_choice(c, SETTING_LOG_LEVEL); /* in the order of ALEES_LOG_* */
    if (!listen && level < ALEES_LOG_WARN) {
        level = ALEES_LOG_WARN; /* a command answers on standard output; what goes well needs no log */
    }
    log_init((enum log_format)config_choice(c, SETTING_LOG_FORMAT), level);
    app->log_requests = config_boolean(c, SETTING_LOG_REQUESTS);
    app->server_timing = config_boolean(c, SETTING_SERVER_TIMING);
    app->idempotency_hours = (uint32_t)config_integer(c, SETTING_IDEMPOTENCY_HOURS);
    app->require_if_match = config_boolean(c, SETTING_REQUIRE_IF_MATCH);
    app->max_body = (uint32_t)config_integer(c, SETTING_MAX_BODY);
    app->max_uri = (uint32_t)config_integer(c, SETTING_MAX_URI);
    app->max_header = (uint32_t)config_integer(c, SETTING_MAX_HEADER);
    app->page_size = (uint32_t)config_integer(c, SETTING_PAGE_SIZE);
    app->max_page_size = (uint32_t)config_integer(c, SETTING_MAX_PAGE_SIZE);
    app->request_ms = (uint32_t)config_integer(c, SETTING_REQUEST_MS);
    app->bulk_rows = (uint32_t)config_integer(c, SETTING_BULK_ROWS);
    app->max_memory = (size_t)config_integer(c, SETTING_MAX_MEMORY);
    app->max_import = (uint64_t)config_integer(c, SETTING_IMPORT_BYTES);
    app->transfer_us = (uint64_t)config_integer(c, SETTING_TRANSFER_TIME) * 1000;
    app->max_exports = (uint32_t)config_integer(c, SETTING_EXPORTS);
    app->max_imports = (uint32_t)config_integer(c, SETTING_IMPORTS);
}

static void block_stop_signals(int how) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    (void)pthread_sigmask(how, &set, NULL); /* fails for a wrong `how` only */
}

static int open_catalogue(struct app *app, const char *config_path, const char *module_dir, bool listen) {
    static const struct alees_plugin *const built_in[] = {&audit_plugin, &custom_plugin};
    app->arena = arena_new(PROCESS_MEMORY);
    if (!app->arena) {
        fprintf(stderr, "out of memory\n");
        return EXIT_OTHER;
    }
    if (config_load(config_path, module_dir, stderr, &app->config) != ALEES_OK) {
        return EXIT_CONFIGURATION;
    }
    take_settings(app, listen);
    alees_rc rc = edge_new(app->arena, app->config, stderr, &app->edge);
    if (rc != ALEES_OK) {
        return rc == ALEES_E_INVALID ? EXIT_CONFIGURATION : EXIT_OTHER;
    }
    rc = docs_open(app->arena, app->config, stderr, &app->docs);
    if (rc != ALEES_OK) {
        return rc == ALEES_E_INVALID ? EXIT_CONFIGURATION : EXIT_OTHER;
    }
    if (ratelimit_new(app->arena, app->config, &app->ratelimit) != ALEES_OK ||
        documents_new(app->arena, &app->documents) != ALEES_OK) {
        fprintf(stderr, "out of memory\n");
        return EXIT_OTHER;
    }
    jx_init();
    svc_init(app, NULL);
    svc_offer();
    if (plugin_load_all(app->arena, app->config, built_in, ARRAY_LEN(built_in), true, stderr, &app->plugins) !=
            ALEES_OK ||
        catalogue_build(app->arena, &app->plugins, pipeline_plugin_handler, pipeline_host_routes,
                        pipeline_host_route_count, stderr, &app->catalogue) != ALEES_OK ||
        router_new(app->arena, app->catalogue.routes, app->catalogue.route_count, stderr, &app->router) != ALEES_OK) {
        return EXIT_CONFIGURATION;
    }
    return 0;
}

int server_open(struct app *app, const char *config_path, const char *module_dir, enum server_depth depth,
                bool listen) {
    struct sigaction ignore;
    int status;
    memset(app, 0, sizeof *app);
    memset(&ignore, 0, sizeof ignore);
    ignore.sa_handler = SIG_IGN;
    (void)sigaction(SIGPIPE, &ignore, NULL);
    status = open_catalogue(app, config_path, module_dir, listen);
    if (status == 0 && depth == SERVER_STARTED) {
        status = server_start(app, listen);
    }
    if (status != 0) {
        server_close(app);
    }
    return status;
}

/* --- second half: the database, then code of plugins --------------------------------------------------------------
 * */

static alees_rc register_statements(struct app *app) {
    for (uint32_t i = 0; i < app->plugins.count; i++) {
        struct alees_self *plugin = app->plugins.items[i];
        for (uint32_t j = 0; j < plugin->statement_count; j++) {
            const struct alees_statement *s = &plugin->statements[j];
            plugin->prepared[j] =
                store_statement(app->store, plugin, s->name, (alees_str){s->sql, strlen(s->sql)}, s->nparams);
            if (!plugin->prepared[j]) {
                fprintf(stderr, "out of memory\n");
                return ALEES_E_NOMEM;
            }
        }
    }
    return ALEES_OK;
}

static struct alees_self *rbac_provider(const struct app *app) {
    for (uint32_t i = 0; i < app->plugins.count; i++) {
        struct alees_self *plugin = app->plugins.items[i];
        for (uint32_t j = 0; j < plugin->offer_count; j++) {
            if (strcmp(plugin->offers[j], ALEES_RBAC_V1) == 0) {
                return plugin;
            }
        }
    }
    return NULL;
}

/* Every resource but parts, whose rights are those of their owners, as far as the provider is one that asks for them. */
static alees_rc hand_over_resources(struct app *app, alees_ctx *ctx) {
    const struct catalogue *c = &app->catalogue;
    struct alees_resource_of *items;
    uint32_t count = 0;
    if (!ALEES_HAS(struct alees_rbac_v1, app->rbac, resources) || !app->rbac->resources) {
        return ALEES_OK;
    }
    items = ARENA_ARRAY(app->arena, struct alees_resource_of, c->resource_count);
    if (!items) {
        return ALEES_E_NOMEM;
    }
    for (uint32_t i = 0; i < c->resource_count; i++) {
        if (!c->resources[i]->owner) {
            items[count++] = (struct alees_resource_of){c->resources[i]->plugin->decl.name, c->resources[i]->decl};
        }
    }
    return app->rbac->resources(app->rbac, ctx, (alees_list){items, count, sizeof *items});
}

/* The provider learns every resource, and every permission there is, their numbers with it. */
static alees_rc hand_over_catalogue(struct app *app) {
    struct alees_self *provider = rbac_provider(app);
    const alees_list permissions = {app->catalogue.permissions, app->catalogue.permission_count,
                                    sizeof *app->catalogue.permissions};
    alees_ctx *ctx;
    alees_rc rc;
    ASSERT(provider != NULL); /* plugin_load_all refuses to go without one */
    app->rbac = plugin_service(ALEES_RBAC_V1);
    if (!ALEES_HAS(struct alees_rbac_v1, app->rbac, grant)) {
        fprintf(stderr, "%s: plugin %s: its table %s has %u bytes, this server needs %u: install a newer build of it\n",
                provider->config->module, provider->decl.name, ALEES_RBAC_V1, app->rbac->struct_size,
                ALEES_UPTO(struct alees_rbac_v1, grant));
        app->rbac = NULL;
        return ALEES_E_INVALID;
    }
    ctx = boot_ctx_new(app, provider);
    if (!ctx) {
        fprintf(stderr, "out of memory\n");
        return ALEES_E_NOMEM;
    }
    rc = hand_over_resources(app, ctx);
    return boot_ctx_end(app, ctx, rc == ALEES_OK ? app->rbac->catalogue(app->rbac, ctx, permissions) : rc);
}

static alees_rc start_database(struct app *app) {
    alees_rc rc = store_open(app->config, &app->plugins, stderr, &app->store);
    if (rc == ALEES_OK) {
        rc = migrate_verify(app->config, &app->plugins, &app->catalogue, stderr);
    }
    if (rc == ALEES_OK) {
        rc = engine_prepare(app, stderr);
    }
    if (rc == ALEES_OK) {
        rc = register_statements(app);
    }
    return rc == ALEES_OK ? store_prepare_all(app->store, stderr) : rc;
}

static alees_rc start_plugins(struct app *app) {
    const struct plugin_boot boot = {&svc_host, boot_ctx_new, boot_ctx_end, app};
    alees_rc rc = plugin_start_all(&app->plugins, &boot, stderr);
    if (rc == ALEES_OK) {
        rc = hand_over_catalogue(app);
    }
    return rc == ALEES_OK ? store_listen_start(app->store, message_ctx_new, message_ctx_end, app, stderr) : rc;
}

int server_start(struct app *app, bool listen) {
    if (listen) {
        block_stop_signals(SIG_BLOCK); /* before the first thread, so that all inherit it and sigwait gets them */
        server_crash_init();
    }
    svc_init(app, listen ? config_text(app->config, SETTING_LISTEN) : NULL);
    if (cred_init((uint32_t)config_integer(app->config, SETTING_PASSWORD_HASHES),
                  (uint32_t)config_integer(app->config, SETTING_PASSWORD_WAIT)) != ALEES_OK) {
        fprintf(stderr, "libsodium cannot be initialized\n");
        return EXIT_OTHER;
    }
    return start_database(app) == ALEES_OK && start_plugins(app) == ALEES_OK ? 0 : EXIT_OTHER;
}

void server_close(struct app *app) {
    if (app->store) {
        store_close(app->store); /* first: its listener calls into plugins */
        app->store = NULL;
    }
    plugin_stop_all(&app->plugins);
    if (app->config) {
        config_free(app->config);
    }
    if (app->arena) {
        arena_free(app->arena);
    }
    memset(app, 0, sizeof *app);
}

/* --- serving ------------------------------------------------------------------------------------------------------
 * */

static void drain_is_over(int signal_number) {
    static const char text[] = "alees: requests did not finish within server.drain_ms: ended without them\n";
    (void)signal_number;
    (void)!write(STDERR_FILENO, text, sizeof text - 1);
    _exit(EXIT_OTHER);
}

static void bound_drain(const struct app *app) {
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = drain_is_over;
    sigemptyset(&action.sa_mask);
    (void)sigaction(SIGALRM, &action, NULL);
    (void)alarm((unsigned)((config_integer(app->config, SETTING_DRAIN) + 999) / 1000) + 1);
}

int server_serve(struct app *app) {
    struct httpd *httpd;
    sigset_t set;
    int number = 0;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    if (httpd_start(app, stderr, &httpd) != ALEES_OK) {
        return EXIT_OTHER;
    }
    log_info("serving %u routes of %u plugins on %s:%u", app->catalogue.route_count, app->plugins.count,
             config_text(app->config, SETTING_LISTEN), httpd_port(httpd));
    while (sigwait(&set, &number) != 0) {
    }
    log_info("%s: no more new requests, waiting for those that run", number == SIGTERM ? "SIGTERM" : "SIGINT");
    atomic_store(&app->is_draining, true);
    block_stop_signals(SIG_UNBLOCK); /* a second one ends the process at once */
    bound_drain(app);
    httpd_stop(httpd);
    (void)alarm(0);
    log_info("stopped");
    return 0;
}
