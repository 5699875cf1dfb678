/* SPDX-License-Identifier: MIT
 * cmd_transfer.c - `alees export` and `alees import`: the engine's own list and create, with a file in the place of the
 * network, as a superuser. How far it is stands on standard error, if that is a terminal. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alees/util.h"
#include "cmd_private.h"
#include "engine.h"
#include "resource.h"

struct transfer {
    const char *command, *resource, *file; /* file: NULL or "-" is standard input or output */
    const char *format, *organization, *on_conflict;
    bool is_dry_run, is_import;
    alees_str owner; /* of parts, within resource */
    enum ctx_format kind;
    FILE *stream;
    struct cmd_progress progress;
    uint64_t done, total; /* bytes; total 0: not known */
};

/* ---- bytes ---- */

static int64_t read_file(void *data, char *bytes, size_t size) {
    struct transfer *t = data;
    size_t got = fread(bytes, 1, size, t->stream);
    t->done += got;
    cmd_progress_show(&t->progress, t->done, t->total, false);
    return got == 0 && ferror(t->stream) ? -1 : (int64_t)got;
}

static bool write_file(void *data, const char *bytes, size_t size) {
    struct transfer *t = data;
    t->done += size;
    cmd_progress_show(&t->progress, t->done, t->total, false);
    return fwrite(bytes, 1, size, t->stream) == size;
}

/* ---- arguments ---- */

static bool take_value(struct transfer *t, const struct cmd_call *call, int *at) {
    const struct {
        const char *name;
        const char **target;
        bool is_here;
    } options[] = {{"--format", &t->format, true},
                   {"--organization", &t->organization, true},
                   {"--output", &t->file, !t->is_import},
                   {"--on-conflict", &t->on_conflict, t->is_import}};
    for (size_t i = 0; i < ARRAY_LEN(options); i++) {
        if (options[i].is_here && strcmp(call->argv[*at], options[i].name) == 0 && *at + 1 < call->argc) {
            *options[i].target = call->argv[++*at];
            return true;
        }
    }
    return false;
}

static bool take_name(struct transfer *t, const char *argument) {
    if (argument[0] == '-' && argument[1] != '\0') {
        return false;
    }
    if (!t->resource) {
        t->resource = argument;
        return true;
    }
    if (t->is_import && !t->file) {
        t->file = argument;
        return true;
    }
    return false;
}

static bool has_ending(const char *name, const char *ending) {
    size_t len = name ? strlen(name) : 0, size = strlen(ending);
    return len > size && strcasecmp(name + len - size, ending) == 0;
}

static bool take_format(struct transfer *t) {
    if (t->format) {
        t->kind = strcmp(t->format, "ndjson") == 0 ? CTX_NDJSON : CTX_CSV;
        return t->kind == CTX_NDJSON || strcmp(t->format, "csv") == 0;
    }
    t->kind = has_ending(t->file, ".ndjson") || has_ending(t->file, ".jsonl") ? CTX_NDJSON : CTX_CSV;
    return true;
}

static bool take_arguments(struct transfer *t, const struct cmd_call *call) {
    for (int i = 1; i < call->argc; i++) {
        if (t->is_import && strcmp(call->argv[i], "--dry-run") == 0) {
            t->is_dry_run = true;
        } else if (!take_value(t, call, &i) && !take_name(t, call->argv[i])) {
            fprintf(stderr, "alees %s: \"%s\" is not understood; see `alees %s --help`\n", t->command, call->argv[i],
                    t->command);
            return false;
        }
    }
    if (!t->resource || (t->is_import && !t->file) || !take_format(t)) {
        fprintf(stderr, "alees %s: see `alees %s --help`\n", t->command, t->command);
        return false;
    }
    return true;
}

/* ---- the request ---- */

/* "contacts/ID/email-addresses": a path with a value for each {name}, the last of which is *ret_owner. */
static bool is_path(const char *path, const char *text, alees_str *ret_owner) {
    while (*path && *text) {
        if (*path == '{') {
            *ret_owner = (alees_str){text, strcspn(text, "/")};
            text += ret_owner->len;
            path += strcspn(path, "}") + 1;
        } else if (*path++ != *text++) {
            return false;
        }
    }
    return *path == *text;
}

/* By its whole name, product.product, or its path, products; parts by their path alone, which says whose they are. */
static const struct route *find_route(const struct app *app, struct transfer *t) {
    enum route_operation wanted = t->is_import ? ROUTE_CREATE : ROUTE_LIST;
    for (uint32_t i = 0; i < app->catalogue.route_count; i++) {
        const struct route *route = &app->catalogue.routes[i];
        const struct resource *r = route->resource;
        if (route->operation == wanted &&
            ((!r->owner && strcmp(r->full_name, t->resource) == 0) || is_path(r->path + 1, t->resource, &t->owner))) {
            return route;
        }
    }
    return NULL;
}

static bool fill(alees_ctx *ctx, struct ctx_stream *stream, struct transfer *t) {
    const struct ctx_parameter all[] = {{STR_LIT("organization"), alees_text(t->organization)},
                                        {STR_LIT("on_conflict"), alees_text(t->on_conflict)},
                                        {STR_LIT("dry_run"), t->is_dry_run ? STR_LIT("true") : alees_text(NULL)}};
    ctx->parameters = ARENA_ARRAY(ctx->arena, struct ctx_parameter, ARRAY_LEN(all));
    for (size_t i = 0; ctx->parameters && i < ARRAY_LEN(all); i++) {
        if (all[i].value.ptr) {
            ctx->parameters[ctx->parameter_count++] = all[i];
        }
    }
    (void)snprintf(ctx->request_id, sizeof ctx->request_id, "cli:%s", t->command);
    *stream = (struct ctx_stream){t, read_file, write_file, NULL};
    ctx->stream = stream;
    if (ctx->route->resource->owner) {
        ctx->match = (struct router_match){
            .names = {ctx->route->resource->owner_field->decl->name}, .values = {t->owner}, .count = 1};
    }
    ctx->request.method = t->is_import ? ALEES_POST : ALEES_GET;
    ctx->request.is_unread = t->is_import;
    ctx->request.format = t->is_import ? t->kind : CTX_JSON;
    ctx->response.format = t->is_import ? CTX_JSON : t->kind;
    return ctx->parameters != NULL;
}

static int run(struct app *app, struct transfer *t) {
    const struct route *route = find_route(app, t);
    struct ctx_stream stream;
    if (!route) {
        fprintf(stderr, "alees %s: there is no resource \"%s\" for that; see `alees routes`\n", t->command,
                t->resource);
        return CMD_USAGE;
    }
    alees_ctx *ctx = server_ctx_new(app, NULL);
    if (ctx) {
        ctx->route = &app->catalogue.routes[route - app->catalogue.routes];
    }
    alees_rc rc = ctx && fill(ctx, &stream, t) ? ALEES_OK : ALEES_E_NOMEM;
    if (rc == ALEES_OK && route->resource->owner) {
        rc = engine_owner_find(ctx);
    }
    rc = rc == ALEES_OK ? route->run(ctx) : rc;
    cmd_progress_show(&t->progress, t->done, t->total, true);
    if (rc == ALEES_OK && t->is_import) {
        printf("%.*s\n", (int)ctx->response.body.len, ctx->response.body.ptr);
    }
    if (rc == ALEES_OK && !t->is_import && fflush(t->stream) != 0) {
        rc = ALEES_E_UNAVAILABLE;
    }
    if (ctx && rc != ALEES_OK) {
        server_print_problem(ctx, t->command, rc, stderr);
    }
    if (ctx) {
        server_ctx_end(ctx);
    }
    return rc == ALEES_OK ? CMD_OK : CMD_FAILED;
}

static bool open_file(struct transfer *t) {
    struct stat status;
    t->stream = t->is_import ? stdin : stdout;
    if (t->file && strcmp(t->file, "-") != 0) {
        t->stream = fopen(t->file, t->is_import ? "rb" : "wb");
    }
    if (!t->stream) {
        fprintf(stderr, "%s: %s\n", t->file, strerror(errno));
        return false;
    }
    if (t->is_import && fstat(fileno(t->stream), &status) == 0 && S_ISREG(status.st_mode)) {
        t->total = (uint64_t)status.st_size;
    }
    t->progress.shows = isatty(STDERR_FILENO) && !(t->stream == stdout && isatty(STDOUT_FILENO));
    return true;
}

static int transfer(struct transfer *t, const struct cmd_call *call) {
    struct app app;
    if (!take_arguments(t, call)) {
        return CMD_USAGE;
    }
    int status = cmd_open(call, &app, SERVER_STARTED, false);
    if (status != 0) {
        return status;
    }
    status = open_file(t) ? run(&app, t) : CMD_FAILED;
    if (t->stream && t->stream != stdin && t->stream != stdout && fclose(t->stream) != 0) {
        fprintf(stderr, "%s: %s\n", t->file, strerror(errno));
        status = CMD_FAILED;
    }
    server_close(&app);
    return status;
}

int cmd_export(const struct cmd_call *call) {
    struct transfer t = {.command = "export"};
    return transfer(&t, call);
}

int cmd_import(const struct cmd_call *call) {
    struct transfer t = {.command = "import", .is_import = true};
    return transfer(&t, call);
}
