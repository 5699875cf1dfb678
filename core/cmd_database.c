/* SPDX-License-Identifier: MIT
 * cmd_database.c - bootstrap, migrate, purge. */
#include <stdio.h>
#include <string.h>

#include "alees/util.h"
#include "cmd_private.h"
#include "migrate.h"
#include "str.h"

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

/* --older-than DAYS, or the setting; below 0: neither can be understood. */
static int64_t purge_days(const struct cmd_call *call, const struct app *app) {
    int64_t days = config_integer(app->config, SETTING_DB_PURGE_DAYS);
    if (call->argc > 1 && (call->argc != 3 || strcmp(call->argv[1], "--older-than") != 0 ||
                           !str_parse_i64(alees_text(call->argv[2]), &days) || days < 1 || days > 36500)) {
        fprintf(stderr, "alees purge: send --older-than DAYS, from 1 to 36500, or nothing\n");
        return -1;
    }
    return days;
}

int cmd_purge(const struct cmd_call *call) {
    struct app app;
    alees_rc rc = ALEES_OK;
    int status = cmd_open(call, &app, SERVER_CATALOGUE, false);
    if (status != 0) {
        return status;
    }
    int64_t days = purge_days(call, &app);
    if (days == 0) {
        printf("database.purge_days is 0: what is deleted is kept\n");
    } else if (days > 0) {
        rc = migrate_purge(app.config, &app.catalogue, days, stdout, stderr);
    }
    server_close(&app);
    return days < 0 ? CMD_USAGE : rc == ALEES_OK ? CMD_OK : CMD_FAILED;
}
