/* SPDX-License-Identifier: MIT
 * cmd_database.c - bootstrap, migrate. */
#include <stdio.h>

#include "cmd_private.h"
#include "migrate.h"

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
