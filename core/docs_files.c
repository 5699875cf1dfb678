/* SPDX-License-Identifier: MIT
 * docs_files.c - the files of the page /docs. A table names each of them, and nothing that a client sends is ever part of a
 * path. They are opened at boot and sent from there, piece by piece: an idle server holds their descriptors, not their bytes.
 *
 * Each lies beside its packed form, NAME.gz, whose last eight bytes are the CRC-32 and the length of what is packed
 * (RFC 1952, 2.3.1): they are the ETag, so that nothing needs to be read to know one. */
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "docs.h"
#include "engine_parts.h"
#include "pipeline_impl.h"
#include "sys.h"

enum { TRAILER = 8, PIECE = 16 * 1024 };

static const struct {
    const char *name, *type;
} files[] = {
    {"index.html", "text/html; charset=utf-8"},
    {"page.css", "text/css; charset=utf-8"},
    {"page.js", "text/javascript; charset=utf-8"},
    {"swagger-ui.css", "text/css; charset=utf-8"},
    {"swagger-ui-bundle.js", "text/javascript; charset=utf-8"},
    {"swagger-ui-bundle.js.LICENSE.txt", "text/plain; charset=utf-8"},
};

struct content {
    int descriptor; /* -1: none */
    uint64_t size;
};

struct docs {
    enum docs_access access;
    bool is_whole;
    struct entry {
        struct content plain, packed;
        uint32_t crc;
    } entries[ARRAY_LEN(files)];
};

/* A regular file of this folder. */
static bool open_content(const char *folder, const char *name, const char *ending, struct content *ret_content) {
    char path[PATH_MAX];
    struct stat about;
    int length = snprintf(path, sizeof path, "%s/%s%s", folder, name, ending);
    int descriptor = length > 0 && (size_t)length < sizeof path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (descriptor < 0) {
        return false;
    }
    if (fstat(descriptor, &about) != 0 || !S_ISREG(about.st_mode)) {
        (void)close(descriptor);
        return false;
    }
    *ret_content = (struct content){descriptor, (uint64_t)about.st_size};
    return true;
}

static uint32_t little_endian(const uint8_t *bytes) {
    return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

/* Both forms, of one length. */
static bool open_entry(const char *folder, const char *name, struct entry *e) {
    uint8_t end[TRAILER];
    if (!open_content(folder, name, "", &e->plain) || !open_content(folder, name, ".gz", &e->packed) ||
        e->packed.size < TRAILER ||
        pread(e->packed.descriptor, end, TRAILER, (off_t)(e->packed.size - TRAILER)) != TRAILER ||
        little_endian(end + 4) != e->plain.size) {
        return false;
    }
    e->crc = little_endian(end);
    return true;
}

static void close_content(struct content *content) {
    if (content->descriptor >= 0) {
        (void)close(content->descriptor);
        content->descriptor = -1;
    }
}

static void close_all(void *data) {
    struct docs *d = data;
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        close_content(&d->entries[i].plain);
        close_content(&d->entries[i].packed);
    }
}

/* NULL, or the name of the first file that is not as it should be. */
static const char *open_folder(struct docs *d, const char *folder) {
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        if (!open_entry(folder, files[i].name, &d->entries[i])) {
            return files[i].name;
        }
    }
    d->is_whole = true;
    return NULL;
}

static const char *find_folder(char *path, size_t size) {
    static const char *const places[] = {"share/docs", "../share/alees/docs"};
    return sys_find(places, ARRAY_LEN(places), path, size) ? path : ALEES_DATA_DIR "/docs";
}

alees_rc docs_open(struct arena *arena, const struct config *c, FILE *errors, struct docs **ret_docs) {
    const char *chosen = config_text(c, SETTING_DOCS_PATH);
    char path[PATH_MAX];
    struct docs *d = ARENA_NEW(arena, struct docs);
    if (!d) {
        return ALEES_E_NOMEM;
    }
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        d->entries[i].plain.descriptor = d->entries[i].packed.descriptor = -1;
    }
    if (!arena_defer(arena, close_all, d)) {
        return ALEES_E_NOMEM;
    }
    d->access = (enum docs_access)config_choice(c, SETTING_DOCS_ACCESS);
    const char *missing = open_folder(d, chosen[0] ? chosen : find_folder(path, sizeof path));
    if (missing) {
        close_all(d);
    }
    if (missing && chosen[0]) {
        fprintf(
            errors,
            "docs.path: %s does not hold %s, readable and with its packed form %s.gz: take the folder share/docs of a "
            "build, or leave the setting empty\n",
            chosen, missing, missing);
        return ALEES_E_INVALID;
    }
    *ret_docs = d;
    return ALEES_OK;
}

enum docs_access docs_access_of(const alees_ctx *ctx) {
    return ctx->app->docs ? ctx->app->docs->access : DOCS_PUBLIC;
}

bool docs_is_whole(const struct docs *d) {
    return d && d->is_whole;
}

/* To be asked for again each time, which costs a 304: after an upgrade script and style fit together at once. */
static alees_rc put_headers(alees_ctx *ctx, alees_str etag) {
    alees_rc rc = etag.ptr ? docs_protect(ctx) : ALEES_E_NOMEM;
    rc = rc == ALEES_OK ? ctx_set_header(ctx, "ETag", etag) : rc;
    ctx->response.varies = true;
    return rc == ALEES_OK ? ctx_set_header(ctx, "Cache-Control", STR_LIT("no-cache")) : rc;
}

static alees_rc send_content(alees_ctx *ctx, const struct content *content) {
    struct ctx_stream *stream = ctx->stream;
    char piece[PIECE];
    ctx->response.is_streamed = ctx->request.is_head;
    for (uint64_t at = 0; at < content->size && !ctx->request.is_head;) {
        ssize_t got = pread(content->descriptor, piece, sizeof piece, (off_t)at);
        if (got <= 0) {
            return problem_set(&ctx->problem, PROBLEM_INTERNAL, "%s", "A file of the page cannot be read.");
        }
        if (!stream) {
            str_put(&ctx->response.body, piece, (size_t)got);
        } else if (!stream->write(stream->data, piece, (size_t)got)) {
            return problem_set(&ctx->problem, PROBLEM_UNAVAILABLE, "%s", "The client does not read on.");
        }
        at += (uint64_t)got;
    }
    return ALEES_OK;
}

static alees_rc send_entry(alees_ctx *ctx, const struct entry *e, const char *type) {
    bool is_packed = pipeline_accepts_coding(ctx_header_list(ctx, "accept-encoding"), "gzip");
    alees_str etag =
        arena_printf(ctx->arena, "\"%08" PRIx32 "-%" PRIx64 "%s\"", e->crc, e->plain.size, is_packed ? "-gzip" : "");
    alees_rc rc = put_headers(ctx, etag);
    if (rc != ALEES_OK) {
        return rc;
    }
    if (engine_condition_is_fresh(ctx, etag)) {
        ctx->response.status = 304;
        return ALEES_OK;
    }
    rc = is_packed ? ctx_set_header(ctx, "Content-Encoding", STR_LIT("gzip")) : ALEES_OK;
    ctx->response.status = 200;
    ctx->response.content_type = type;
    return rc == ALEES_OK ? send_content(ctx, is_packed ? &e->packed : &e->plain) : rc;
}

alees_rc docs_send(alees_ctx *ctx, alees_str name) {
    const struct docs *d = ctx->app->docs;
    for (size_t i = 0; docs_is_whole(d) && i < ARRAY_LEN(files); i++) {
        if (str_equal(name, files[i].name)) {
            return send_entry(ctx, &d->entries[i], files[i].type);
        }
    }
    return ALEES_E_NOT_FOUND;
}
