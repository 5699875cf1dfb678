/* SPDX-License-Identifier: MIT
 * cmd_plugin.c - commands that plugins declare, and `alees plugin check FILE.so`. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cmd_private.h"
#include "jx.h"
#include "store.h"
#include "str.h"
#include "sys.h"

#define CHECK_MEMORY ((size_t)64 * 1024 * 1024)

/* The isolation kit lies beside the program in a build folder, under libexec where it is installed. */
static const char *find_kit(char *path, size_t size) {
    static const char *const places[] = {"libexec/alees/isolation", "../libexec/alees/isolation"};
    if (!sys_find(places, ARRAY_LEN(places), path, size)) {
        (void)snprintf(path, size, "%s", ALEES_LIBEXEC_DIR "/isolation");
    }
    return path;
}

/* argv: plugin check --isolation [OPTION...] FILE.so */
static int run_kit(const struct cmd_call *call) {
    enum { MOST = 16 };
    static char name[] = "isolation", option[] = "--module-dir";
    char path[PATH_MAX + 32], folder[PATH_MAX];
    char *arguments[MOST + 4] = {name};
    int count = 1;
    if (call->argc > MOST) {
        return CMD_USAGE;
    }
    if (call->module_dir) {
        (void)snprintf(folder, sizeof folder, "%s", call->module_dir);
        arguments[count++] = option;
        arguments[count++] = folder;
    }
    for (int i = 3; i < call->argc; i++) {
        arguments[count++] = call->argv[i];
    }
    (void)execv(find_kit(path, sizeof path), arguments);
    fprintf(stderr, "%s: %s\n", path, strerror(errno));
    return CMD_FAILED;
}

int cmd_plugin(const struct cmd_call *call) {
    struct alees_self *plugin;
    struct arena *arena;
    alees_rc rc;
    bool is_kit = call->argc > 3 && strcmp(call->argv[2], "--isolation") == 0;
    if ((call->argc != 3 && !is_kit) || strcmp(call->argv[1], "check") != 0) {
        fprintf(stderr, "usage: alees plugin check [--isolation [OPTIONS]] FILE.so\n");
        return CMD_USAGE;
    }
    arena = arena_new(CHECK_MEMORY);
    if (!arena) {
        fprintf(stderr, "out of memory\n");
        return CMD_FAILED;
    }
    jx_init();
    rc = plugin_load_file(arena, call->argv[call->argc - 1], false, stderr, &plugin);
    if (rc == ALEES_OK && !is_kit) {
        plugin_print_one(plugin, stdout);
    }
    arena_free(arena);
    return rc != ALEES_OK ? CMD_FAILED : is_kit ? run_kit(call) : CMD_OK;
}

static const struct alees_command *find(const struct app *app, const char *name, struct alees_self **ret_plugin) {
    for (uint32_t i = 0; i < app->plugins.count; i++) {
        struct alees_self *plugin = app->plugins.items[i];
        for (uint32_t j = 0; j < plugin->command_count; j++) {
            if (strcmp(plugin->commands[j].name, name) == 0) {
                *ret_plugin = plugin;
                return &plugin->commands[j];
            }
        }
    }
    return NULL;
}

static const char *nearest(const struct app *app, const char *name) {
    const alees_str word = {name, strlen(name)};
    const char *near = str_nearest(word, cmd_table, cmd_count, sizeof *cmd_table);
    for (uint32_t i = 0; app && !near && i < app->plugins.count; i++) {
        const struct alees_self *plugin = app->plugins.items[i];
        near = str_nearest(word, plugin->commands, plugin->command_count, sizeof *plugin->commands);
    }
    return near;
}

static int unknown(const char *name, const char *near) {
    if (near) {
        fprintf(stderr, "alees: command \"%s\" is unknown; did you mean %s?\n", name, near);
    } else {
        fprintf(stderr, "alees: command \"%s\" is unknown; see `alees --help`\n", name);
    }
    return CMD_USAGE;
}

/* In a transaction, as a superuser within the plugin's own schema. */
static int execute(struct app *app, struct alees_self *plugin, const struct alees_command *command,
                   const struct cmd_call *call) {
    alees_ctx *ctx = server_ctx_new(app, plugin);
    alees_rc rc;
    if (!ctx) {
        fprintf(stderr, "out of memory\n");
        return CMD_FAILED;
    }
    snprintf(ctx->request_id, sizeof ctx->request_id, "cli:%.32s", command->name);
    store_begin(ctx);
    rc = command->run(plugin->state, ctx, call->argc, call->argv);
    if (rc == ALEES_OK) {
        rc = ctx_commit(ctx);
    }
    (void)fflush(stdout);
    if (rc != ALEES_OK) {
        server_print_problem(ctx, command->name, rc, stderr);
    }
    if (rc == ALEES_E_MALFORMED) {
        fprintf(stderr, "usage: alees %s\n", command->usage);
    }
    server_ctx_end(ctx);
    return rc == ALEES_OK ? CMD_OK : rc == ALEES_E_MALFORMED ? CMD_USAGE : CMD_FAILED;
}

static bool wants_help(const struct cmd_call *call) {
    return call->argc > 1 && (strcmp(call->argv[1], "--help") == 0 || strcmp(call->argv[1], "-h") == 0);
}

int cmd_of_plugin(const struct cmd_call *call) {
    const char *near = nearest(NULL, call->argv[0]);
    const struct alees_command *command;
    struct alees_self *plugin;
    struct app app;
    int status = cmd_open(call, &app, SERVER_CATALOGUE, false);
    if (status != 0) { /* which commands plugins have cannot be known; a slip of the pen is told all the same */
        return near ? unknown(call->argv[0], near) : status;
    }
    command = find(&app, call->argv[0], &plugin);
    if (!command) {
        status = unknown(call->argv[0], nearest(&app, call->argv[0]));
    } else if (wants_help(call)) {
        printf("usage: alees %s\n\n%s\n", command->usage, command->summary);
    } else {
        status = server_start(&app, false);
        if (status == 0) {
            status = execute(&app, plugin, command, call);
        }
    }
    server_close(&app);
    return status;
}
