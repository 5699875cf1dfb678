/* SPDX-License-Identifier: MIT
 * cmd_server.c - serve, and the commands that show what would be served. */
#include <stdio.h>

#include "cmd_private.h"
#include "describe.h"

enum { DOCUMENT_MEMORY = 256 * 1024 * 1024 };

int cmd_serve(const struct cmd_call *call) {
    struct app app;
    int status;
    if (cmd_option(call, NULL, 0) == CMD_BAD) {
        return CMD_USAGE;
    }
    status = cmd_open(call, &app, SERVER_STARTED, true);
    if (status != 0) {
        return status;
    }
    status = server_serve(&app);
    server_close(&app);
    return status;
}

/* A command that only looks at the catalogue. */
static int show(const struct cmd_call *call, void (*print)(const struct cmd_call *call, const struct app *app)) {
    struct app app;
    int status;
    if (cmd_option(call, NULL, 0) == CMD_BAD) {
        return CMD_USAGE;
    }
    status = cmd_open(call, &app, SERVER_CATALOGUE, false);
    if (status != 0) {
        return status;
    }
    print(call, &app);
    server_close(&app);
    return CMD_OK;
}

static void print_check(const struct cmd_call *call, const struct app *app) {
    printf("%s: ok: %u plugins, %u resources, %u routes, %u permissions\n", call->config_path, app->plugins.count,
           app->catalogue.resource_count, app->catalogue.route_count, app->catalogue.permission_count);
}

static void print_routes(const struct cmd_call *call, const struct app *app) {
    (void)call;
    catalogue_print_routes(&app->catalogue, stdout);
}

static void print_permissions(const struct cmd_call *call, const struct app *app) {
    (void)call;
    catalogue_print_permissions(&app->catalogue, stdout);
}

/* A document that is made of the catalogue. */
static int print_made(const struct cmd_call *call, alees_str (*make)(struct arena *arena, const struct app *app)) {
    struct app app;
    int status = cmd_open(call, &app, SERVER_CATALOGUE, false);
    if (status != 0) {
        return status;
    }
    struct arena *arena = arena_new(DOCUMENT_MEMORY);
    alees_str text = arena ? make(arena, &app) : (alees_str){NULL, 0};
    if (!text.ptr || fwrite(text.ptr, 1, text.len, stdout) != text.len) {
        fprintf(stderr, text.ptr ? "standard output cannot be written\n" : "out of memory\n");
        status = CMD_FAILED;
    }
    arena_free(arena);
    server_close(&app);
    return status;
}

static int print_document(const struct cmd_call *call, alees_str (*make)(struct arena *arena, const struct app *app)) {
    return cmd_option(call, NULL, 0) == CMD_BAD ? CMD_USAGE : print_made(call, make);
}

static alees_str make_openapi(struct arena *arena, const struct app *app) {
    return describe_openapi(arena, &app->catalogue, NULL, true);
}

int cmd_openapi(const struct cmd_call *call) {
    return print_document(call, make_openapi);
}

static alees_str make_postman(struct arena *arena, const struct app *app) {
    return describe_postman(arena, &app->catalogue, NULL, true);
}

static alees_str make_environment(struct arena *arena, const struct app *app) {
    return describe_postman_environment(arena, &app->catalogue);
}

int cmd_postman(const struct cmd_call *call) {
    static const char *const options[] = {"--environment"};
    const int option = cmd_option(call, options, ARRAY_LEN(options));
    if (option == CMD_BAD) {
        return CMD_USAGE;
    }
    return print_made(call, option ? make_environment : make_postman);
}

int cmd_check_config(const struct cmd_call *call) {
    return show(call, print_check);
}

int cmd_routes(const struct cmd_call *call) {
    return show(call, print_routes);
}

int cmd_permissions(const struct cmd_call *call) {
    return show(call, print_permissions);
}

int cmd_plugins(const struct cmd_call *call) {
    static const char *const options[] = {"--json"};
    struct app app;
    int option = cmd_option(call, options, ARRAY_LEN(options));
    int status = CMD_USAGE;
    if (option != CMD_BAD) {
        status = cmd_open(call, &app, SERVER_CATALOGUE, false);
    }
    if (status != 0) {
        return status;
    }
    plugin_print(&app.plugins, option == 1, stdout);
    server_close(&app);
    return CMD_OK;
}

int cmd_help_config(const struct cmd_call *call) {
    static const char *const options[] = {"--file", "--markdown"};
    static void (*const prints[])(FILE * out) = {config_print_help, config_print_file, config_print_markdown};
    int option = cmd_option(call, options, ARRAY_LEN(options));
    if (option == CMD_BAD) {
        return CMD_USAGE;
    }
    prints[option](stdout);
    return CMD_OK;
}

int cmd_version(const struct cmd_call *call) {
    if (cmd_option(call, NULL, 0) == CMD_BAD) {
        return CMD_USAGE;
    }
    printf("alees " ALEES_VERSION " (plugin ABI 1.%u)\n", ALEES_ABI_MINOR);
    return CMD_OK;
}
