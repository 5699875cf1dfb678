/* SPDX-License-Identifier: MIT
 * gzip.c - see gzip.h. zlib allocates from the arena, and only when it is opened: there is nothing to free. */
#include "gzip.h"

#include <limits.h>
#define ZLIB_CONST
#include <zlib.h>

enum {
    LEVEL = 1, /* three quarters of what the best gives, at a tenth of its price */
    BEST_LEVEL = 9,
    GZIP_FORMAT = 16,   /* added to the bits of the window */
    STREAM_WINDOW = 15, /* bits */
    STREAM_MEMORY = 8,  /* zlib's memLevel */
    WHOLE_WINDOW = 13,  /* rows look like the row before: 64 KiB of memory instead of 256 lose a few percent */
    WHOLE_MEMORY = 6,
    PIECE = 16 * 1024
};

struct gzip {
    z_stream stream;
    bool (*sink)(void *data, const char *bytes, size_t size);
    void *data;
    char piece[PIECE];
};

static void *allocate(void *arena, uInt count, uInt size) {
    return arena_alloc_array(arena, size, count);
}

static void keep(void *arena, void *memory) {
    (void)arena;
    (void)memory;
}

static struct gzip *open_with(struct arena *arena, int level, int window, int memory,
                              bool (*sink)(void *data, const char *bytes, size_t size), void *data) {
    struct gzip *g = ARENA_NEW(arena, struct gzip);
    if (!g) {
        return NULL;
    }
    g->sink = sink;
    g->data = data;
    g->stream.zalloc = allocate;
    g->stream.zfree = keep;
    g->stream.opaque = arena;
    int result = deflateInit2(&g->stream, level, Z_DEFLATED, window + GZIP_FORMAT, memory, Z_DEFAULT_STRATEGY);
    return result == Z_OK ? g : NULL;
}

struct gzip *gzip_open(struct arena *arena, bool (*sink)(void *data, const char *bytes, size_t size), void *data) {
    return open_with(arena, LEVEL, STREAM_WINDOW, STREAM_MEMORY, sink, data);
}

/* Until all of the input is taken and, with another flush than Z_NO_FLUSH, all that zlib holds back is out. */
static bool run(struct gzip *g, int flush) {
    do {
        g->stream.next_out = (Bytef *)g->piece;
        g->stream.avail_out = PIECE;
        if (deflate(&g->stream, flush) == Z_STREAM_ERROR) {
            return false;
        }
        size_t made = PIECE - g->stream.avail_out;
        if (made && !g->sink(g->data, g->piece, made)) {
            return false;
        }
    } while (g->stream.avail_out == 0);
    return true;
}

bool gzip_write(struct gzip *g, const char *bytes, size_t size) {
    while (size) {
        uInt part = size > UINT_MAX / 2 ? UINT_MAX / 2 : (uInt)size;
        g->stream.next_in = (const Bytef *)bytes;
        g->stream.avail_in = part;
        if (!run(g, Z_NO_FLUSH)) {
            return false;
        }
        bytes += part;
        size -= part;
    }
    return true;
}

bool gzip_flush(struct gzip *g) {
    return run(g, Z_SYNC_FLUSH);
}

bool gzip_close(struct gzip *g) {
    return run(g, Z_FINISH);
}

static bool append(void *data, const char *bytes, size_t size) {
    struct str *out = data;
    str_put(out, bytes, size);
    return !out->failed;
}

static bool pack(struct gzip *g, alees_str body) {
    return g && gzip_write(g, body.ptr, body.len) && gzip_close(g);
}

bool gzip_whole(struct arena *arena, alees_str body, struct str *out) {
    return pack(open_with(arena, LEVEL, WHOLE_WINDOW, WHOLE_MEMORY, append, out), body);
}

bool gzip_smallest(struct arena *arena, alees_str body, struct str *out) {
    return pack(open_with(arena, BEST_LEVEL, STREAM_WINDOW, STREAM_MEMORY, append, out), body);
}

bool gzip_unpack(struct arena *arena, alees_str packed, size_t size, struct str *out) {
    z_stream stream = {.zalloc = allocate, .zfree = keep, .opaque = arena};
    char *bytes = arena_alloc(arena, size);
    if (!bytes || size > UINT_MAX || inflateInit2(&stream, STREAM_WINDOW + GZIP_FORMAT) != Z_OK) {
        return false;
    }
    stream.next_in = (const Bytef *)packed.ptr;
    stream.avail_in = (uInt)packed.len;
    stream.next_out = (Bytef *)bytes;
    stream.avail_out = (uInt)size;
    if (inflate(&stream, Z_FINISH) != Z_STREAM_END) {
        return false;
    }
    str_put(out, bytes, size);
    return !out->failed;
}
