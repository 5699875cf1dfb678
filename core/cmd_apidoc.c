/* SPDX-License-Identifier: MIT
 * cmd_apidoc.c - apidoc: the reference of the API, with examples out of a recording. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cmd_private.h"
#include "describe.h"

enum { MEMORY = 256 * 1024 * 1024, MOST_BYTES = 32 * 1024 * 1024 };

/* The whole file; absent, with a line, if it cannot be. */
static alees_str read_file(struct arena *arena, const char *path) {
    FILE *file = fopen(path, "rb");
    char *bytes = file ? arena_alloc(arena, MOST_BYTES) : NULL;
    size_t len = bytes ? fread(bytes, 1, MOST_BYTES, file) : 0;
    bool is_whole = bytes && len < MOST_BYTES && !ferror(file);
    if (!is_whole) {
        fprintf(stderr, "%s: %s\n", path, !file ? strerror(errno) : len == MOST_BYTES ? "too large" : "cannot be read");
    }
    if (file) {
        (void)fclose(file);
    }
    return is_whole ? (alees_str){bytes, len} : (alees_str){NULL, 0};
}

static int print(struct arena *arena, const struct app *app, const char *path) {
    const alees_json *examples = NULL;
    if (path) {
        alees_str text = read_file(arena, path);
        if (!text.ptr) {
            return CMD_FAILED;
        }
        if (describe_examples(arena, &app->catalogue, path, text, stderr, &examples) != ALEES_OK) {
            fprintf(stderr, "%s is no recording of requests: `make examples` makes one\n", path);
            return CMD_FAILED;
        }
    }
    alees_str document = describe_markdown(arena, &app->catalogue, examples);
    if (!document.ptr || fwrite(document.ptr, 1, document.len, stdout) != document.len) {
        fprintf(stderr, document.ptr ? "standard output cannot be written\n" : "out of memory\n");
        return CMD_FAILED;
    }
    return CMD_OK;
}

int cmd_apidoc(const struct cmd_call *call) {
    const char *path = call->argc == 3 && strcmp(call->argv[1], "--examples") == 0 ? call->argv[2] : NULL;
    struct app app;
    if (!path && cmd_option(call, NULL, 0) == CMD_BAD) {
        return CMD_USAGE;
    }
    int status = cmd_open(call, &app, SERVER_CATALOGUE, false);
    if (status != 0) {
        return status;
    }
    struct arena *arena = arena_new(MEMORY);
    status = CMD_FAILED;
    if (arena) {
        status = print(arena, &app, path);
        arena_free(arena);
    } else {
        fprintf(stderr, "out of memory\n");
    }
    server_close(&app);
    return status;
}
