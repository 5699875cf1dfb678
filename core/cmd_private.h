/* SPDX-License-Identifier: MIT
 * cmd_private.h - what the cmd_*.c share: a call of a subcommand. Level 4. */
#ifndef CMD_PRIVATE_H
#define CMD_PRIVATE_H

#include "cmd.h"
#include "server.h"

enum { CMD_OK = 0, CMD_FAILED = 1, CMD_USAGE = 2, CMD_CONFIGURATION = 78 };

struct cmd_call {
    const char *config_path; /* -c, or ALEES_CONF_DIR/alees.conf */
    const char *module_dir;  /* --module-dir; NULL: the compiled-in folder */
    int argc;                /* argv[0] is the command's name */
    char **argv;
};

struct cmd {
    const char *name;  /* first: str_nearest looks here */
    const char *usage; /* arguments behind the name */
    const char *summary;
    const char *help; /* more lines, or NULL */
    int (*run)(const struct cmd_call *call);
};
extern const struct cmd cmd_table[];
extern const size_t cmd_count;

const struct cmd *cmd_find(const char *name); /* NULL if it is none of the server's own */

/* server_open, and the check that no plugin's command hides behind one of the server's. */
int cmd_open(const struct cmd_call *call, struct app *app, enum server_depth depth, bool listen) MUST_CHECK;

/* The place of the only argument among the allowed options plus one, 0 without arguments; CMD_BAD with a line
 * otherwise. */
enum { CMD_BAD = -1 };
int cmd_option(const struct cmd_call *call, const char *const *options, int count) MUST_CHECK;

/* How far something is, on standard error. cmd_progress.c */
struct cmd_progress {
    bool shows;
    uint64_t told_us;
};
/* total 0: not known, done is bytes. Now and then only, unless it is_last. */
void cmd_progress_show(struct cmd_progress *p, uint64_t done, uint64_t total, bool is_last);

int cmd_serve(const struct cmd_call *call);
int cmd_check_config(const struct cmd_call *call);
int cmd_bootstrap(const struct cmd_call *call);
int cmd_migrate(const struct cmd_call *call);
int cmd_plugins(const struct cmd_call *call);
int cmd_plugin(const struct cmd_call *call);
int cmd_routes(const struct cmd_call *call);
int cmd_permissions(const struct cmd_call *call);
int cmd_openapi(const struct cmd_call *call);
int cmd_apidoc(const struct cmd_call *call);
int cmd_postman(const struct cmd_call *call);
int cmd_demo(const struct cmd_call *call);
int cmd_purge(const struct cmd_call *call);
int cmd_export(const struct cmd_call *call);
int cmd_import(const struct cmd_call *call);
int cmd_help_config(const struct cmd_call *call);
int cmd_version(const struct cmd_call *call);
int cmd_of_plugin(const struct cmd_call *call); /* any other name: one that a plugin declares, or unknown */

#endif
