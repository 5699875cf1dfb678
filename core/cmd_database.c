/* SPDX-License-Identifier: MIT
 * cmd_database.c - bootstrap, migrate, demo. */
#include <stdio.h>

#include "cmd_private.h"
#include "migrate.h"
#include "store.h"

int cmd_bootstrap(const struct cmd_call *call) {
    struct app app;
    int status;
    if (cmd_option(call, NULL, 0) == CMD_BAD) {
        return CMD_USAGE;
    }
    status = cmd_open(call, &app, SERVER_CATALOGUE, false);
    if (status != 0) {
        return status;
    }
    status = migrate_bootstrap(app.config, &app.plugins, stdout, stderr) == ALEES_OK ? CMD_OK : CMD_FAILED;
    server_close(&app);
    return status;
}

int cmd_migrate(const struct cmd_call *call) {
    static const char *const options[] = {"--status", "--dry-run"};
    static const enum migrate_mode modes[] = {MIGRATE_APPLY, MIGRATE_STATUS, MIGRATE_DRY_RUN};
    struct app app;
    alees_rc rc;
    int option = cmd_option(call, options, ARRAY_LEN(options));
    int status = CMD_USAGE;
    if (option != CMD_BAD) {
        status = cmd_open(call, &app, SERVER_CATALOGUE, false);
    }
    if (status != 0) {
        return status;
    }
    rc = migrate_run(app.config, &app.plugins, &app.catalogue, modes[option], stdout, stderr);
    server_close(&app);
    return rc == ALEES_OK ? CMD_OK : CMD_FAILED;
}

/* Every plugin's rows in one transaction: half a demonstration would be worse than none. */
static int load_demo(struct app *app) {
    alees_ctx *ctx = server_ctx_new(app, NULL);
    const char *who = "demo";
    alees_rc rc = ALEES_OK;
    if (!ctx) {
        fprintf(stderr, "out of memory\n");
        return CMD_FAILED;
    }
    snprintf(ctx->request_id, sizeof ctx->request_id, "cli:demo");
    store_begin(ctx);
    for (uint32_t i = 0; rc == ALEES_OK && i < app->plugins.count; i++) {
        struct alees_self *plugin = app->plugins.items[i];
        if (!plugin->decl.demo) {
            continue;
        }
        ctx->plugin = plugin;
        who = plugin->decl.name;
        rc = plugin->decl.demo(plugin->state, ctx);
        if (rc == ALEES_OK) {
            printf("%s: demonstration data is in\n", who);
        }
    }
    if (rc == ALEES_OK) {
        rc = ctx_commit(ctx);
    }
    if (rc != ALEES_OK) {
        server_print_problem(ctx, who, rc, stderr);
        fprintf(stderr, "demo: nothing was written\n");
    }
    server_ctx_end(ctx);
    return rc == ALEES_OK ? CMD_OK : CMD_FAILED;
}

int cmd_demo(const struct cmd_call *call) {
    struct app app;
    int status;
    if (cmd_option(call, NULL, 0) == CMD_BAD) {
        return CMD_USAGE;
    }
    status = cmd_open(call, &app, SERVER_STARTED, false);
    if (status != 0) {
        return status;
    }
    status = load_demo(&app);
    server_close(&app);
    return status;
}
