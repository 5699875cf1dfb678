/* SPDX-License-Identifier: MIT
 * cmd.c - the command line: the table of subcommands, options in front of them, help. What they do is in cmd_server.c
 * (the server and what it shows), cmd_database.c (schema), cmd_demo.c (demonstration data) and cmd_plugin.c (commands that
 * plugins declare, and checking a plugin's file). */
#include "cmd.h"

#include <stdio.h>
#include <string.h>

#include "cmd_private.h"

const struct cmd cmd_table[] = {
    {"serve", "", "Serve until SIGTERM or SIGINT.", NULL, cmd_serve},
    {"check-config", "", "Read the configuration and every plugin, and say whether they fit.",
     "Opens no connection and runs no code of a plugin.", cmd_check_config},
    {"bootstrap", "", "Make the database roles (database.admin_url).",
     "Needs a database superuser. Repeatable; run it again when a plugin has been enabled.", cmd_bootstrap},
    {"migrate", "[--status | --dry-run]", "Bring the schema up to date (database.owner_url).",
     "  --status   say what is applied and what is not; exit status 1 when something is pending\n"
     "  --dry-run  say what would be done, and do nothing",
     cmd_migrate},
    {"plugins", "[--json]", "List the plugins in the order of starting.", NULL, cmd_plugins},
    {"routes", "", "List every route with its permission.", NULL, cmd_routes},
    {"permissions", "", "List every permission.", NULL, cmd_permissions},
    {"openapi", "", "Print the whole API as OpenAPI 3.1 (docs/openapi.json).", NULL, cmd_openapi},
    {"apidoc", "[--examples FILE]", "Print the reference of the API as Markdown (docs/api.md).",
     "  --examples FILE  show requests and answers out of this recording (docs/examples.json)", cmd_apidoc},
    {"postman", "[--environment]",
     "Print the whole API as a Postman collection, or the environment for it (docs/postman/).", NULL, cmd_postman},
    {"demo", "[--size small|large] [--organizations N]", "Load the plugins' demonstration data.",
     "Into a database without users, or one of an earlier demonstration.\n"
     "  --size small       some hundred rows, all of them or none (default)\n"
     "  --size large       and 1,000 organizations with 20,000 users, 1,000,000 products and 500,000 contacts; if it "
     "is\n"
     "                     interrupted, the same command finishes it\n"
     "  --organizations N  of a large one, up to 10,000",
     cmd_demo},
    {"purge", "[--older-than DAYS]", "Delete for good what was deleted longer ago than database.purge_days.",
     "As alees_owner (database.owner_url). What other rows refer to stays.", cmd_purge},
    {"export", "RESOURCE [--format csv|ndjson] [--organization ID] [--output FILE]",
     "Write all rows of a resource, as a superuser.",
     "RESOURCE is its whole name (product.product) or its path (products; of parts contacts/ID/addresses); without "
     "FILE, "
     "to\n"
     "standard output. The format is csv unless FILE ends in .ndjson or .jsonl.",
     cmd_export},
    {"import", "RESOURCE FILE [--format csv|ndjson] [--organization ID] [--on-conflict FIELD] [--dry-run]",
     "Create rows of a resource from a file, all or none, as a superuser.",
     "FILE is - for standard input.\n"
     "  --organization ID    of rows that do not name one\n"
     "  --on-conflict FIELD  rows with that value of a unique field are changed instead\n"
     "  --dry-run            do all of it, then undo it",
     cmd_import},
    {"plugin", "check [--isolation [OPTIONS]] FILE.so",
     "Check one plugin without a configuration, and print what it declares as JSON.",
     "Checks everything that can be said of it alone. No code of it runs but its constructors.\n"
     "  --isolation  instead, run it on a scratch PostgreSQL and attack all it serves as users of every kind; "
     "options:\n"
     "               --admin-url CONNINFO, --password TEXT, --database NAME, --module-dir DIR, --json, --keep",
     cmd_plugin},
    {"help-config", "[--file | --markdown]", "Explain every setting.",
     "  --file      print the configuration file with every default, commented out\n"
     "  --markdown  print docs/configuration.md",
     cmd_help_config},
    {"version", "", "Print the version and the plugin ABI.", NULL, cmd_version},
};
const size_t cmd_count = ARRAY_LEN(cmd_table);

const struct cmd *cmd_find(const char *name) {
    for (size_t i = 0; i < cmd_count; i++) {
        if (strcmp(cmd_table[i].name, name) == 0) {
            return &cmd_table[i];
        }
    }
    return NULL;
}

static void print_usage(FILE *out) {
    fprintf(out, "usage: alees [-c FILE] [--module-dir DIR] COMMAND [ARGUMENTS]\n\n");
    for (size_t i = 0; i < cmd_count; i++) {
        fprintf(out, "  %-13s %s\n", cmd_table[i].name, cmd_table[i].summary);
    }
    fprintf(
        out,
        "\nPlugins add commands of their own; `alees plugins --json` lists them. `alees COMMAND --help` says more.\n"
        "\n  -c, --config FILE  configuration instead of " ALEES_CONF_DIR "/alees.conf\n"
        "  --module-dir DIR   folder of the plugins' files, for paths that are not absolute\n"
        "\nExit status: 0 done, 1 failed, 2 wrong usage, 78 wrong configuration.\n");
}

static int print_help(const struct cmd *cmd) {
    printf("usage: alees [-c FILE] [--module-dir DIR] %s%s%s\n\n%s\n", cmd->name, cmd->usage[0] ? " " : "", cmd->usage,
           cmd->summary);
    if (cmd->help) {
        printf("%s\n", cmd->help);
    }
    return CMD_OK;
}

static bool is_help(const char *argument) {
    return strcmp(argument, "--help") == 0 || strcmp(argument, "-h") == 0;
}

int cmd_option(const struct cmd_call *call, const char *const *options, int count) {
    const char *odd = call->argc > 1 ? call->argv[1] : NULL;
    if (!odd) {
        return 0;
    }
    for (int i = 0; i < count; i++) {
        if (strcmp(odd, options[i]) == 0) {
            if (call->argc == 2) {
                return i + 1;
            }
            odd = call->argv[2];
            break;
        }
    }
    fprintf(stderr, "alees %s: \"%s\" is not understood; see `alees %s --help`\n", call->argv[0], odd, call->argv[0]);
    return CMD_BAD;
}

int cmd_open(const struct cmd_call *call, struct app *app, enum server_depth depth, bool listen) {
    int status = server_open(app, call->config_path, call->module_dir, SERVER_CATALOGUE, listen);
    if (status != 0) {
        return status;
    }
    for (uint32_t i = 0; i < app->plugins.count; i++) {
        const struct alees_self *plugin = app->plugins.items[i];
        for (uint32_t j = 0; j < plugin->command_count; j++) {
            if (cmd_find(plugin->commands[j].name)) {
                fprintf(stderr, "%s: plugin %s: command %s is one of the server's own: choose another name\n",
                        plugin->config->module, plugin->decl.name, plugin->commands[j].name);
                status = CMD_CONFIGURATION;
            }
        }
    }
    if (status == 0 && depth == SERVER_STARTED) {
        status = server_start(app, listen);
    }
    if (status != 0) {
        server_close(app);
    }
    return status;
}

/* -c FILE, -cFILE, --config FILE, --config=FILE, --module-dir DIR, --module-dir=DIR. How many arguments it took; 0:
 * not such an option; -1: its value is missing. */
static int take_option(struct cmd_call *call, int left, char **argv) {
    static const struct {
        const char *name;
        char joint; /* between name and value in one argument */
    } options[] = {{"--module-dir", '='}, {"--config", '='}, {"-c", '\0'}};
    for (size_t i = 0; i < ARRAY_LEN(options); i++) {
        const char **target = i == 0 ? &call->module_dir : &call->config_path;
        size_t length = strlen(options[i].name);
        if (strncmp(argv[0], options[i].name, length) != 0) {
            continue;
        }
        if (argv[0][length] == '\0') {
            if (left < 2) {
                fprintf(stderr, "alees: %s needs a value\n", options[i].name);
                return -1;
            }
            *target = argv[1];
            return 2;
        }
        if (options[i].joint == '\0' || argv[0][length] == options[i].joint) {
            *target = argv[0] + length + (options[i].joint != '\0');
            return 1;
        }
    }
    return 0;
}

static int run(const struct cmd_call *call) {
    const struct cmd *cmd = cmd_find(call->argv[0]);
    if (!cmd) {
        return cmd_of_plugin(call);
    }
    for (int i = 1; i < call->argc; i++) {
        if (is_help(call->argv[i])) {
            return print_help(cmd);
        }
    }
    return cmd->run(call);
}

int cmd_main(int argc, char **argv) {
    struct cmd_call call = {ALEES_CONF_DIR "/alees.conf", NULL, 0, NULL};
    int at = 1;
    while (at < argc && argv[at][0] == '-') {
        int used;
        if (is_help(argv[at])) {
            print_usage(stdout);
            return CMD_OK;
        }
        if (strcmp(argv[at], "--version") == 0) {
            call.argc = 1;
            call.argv = &argv[at];
            return cmd_version(&call);
        }
        used = take_option(&call, argc - at, &argv[at]);
        if (used <= 0) {
            if (used == 0) {
                fprintf(stderr, "alees: option %s is unknown; see `alees --help`\n", argv[at]);
            }
            return CMD_USAGE;
        }
        at += used;
    }
    if (at == argc) {
        print_usage(stderr);
        return CMD_USAGE;
    }
    call.argc = argc - at;
    call.argv = argv + at;
    if (strcmp(argv[at], "help") == 0) {
        print_usage(stdout);
        return CMD_OK;
    }
    return run(&call);
}
