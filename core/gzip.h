/* SPDX-License-Identifier: MIT
 * gzip.h - packs answers (RFC 1952), by zlib; gzip.c is the only file that includes it. Level 2. */
#ifndef GZIP_H
#define GZIP_H

#include "str.h"

struct gzip;

/* In the arena, which must hold it until it is closed: open before a mark, not behind it. What comes out goes to sink, at
 * most 16 KiB at a time; a sink that gives false ends it. NULL without memory (some 300 KiB). */
struct gzip *gzip_open(struct arena *arena, bool (*sink)(void *data, const char *bytes, size_t size),
                       void *data) MUST_CHECK;
/* After false nothing more is taken. */
bool gzip_write(struct gzip *g, const char *bytes, size_t size) MUST_CHECK;
/* All that was written so far goes to the sink, so that the other side sees it now. */
bool gzip_flush(struct gzip *g) MUST_CHECK;
/* The rest and the end of the format. To be left out when the answer broke off. */
bool gzip_close(struct gzip *g) MUST_CHECK;

/* A whole body into out, which is initialized. False without memory. */
bool gzip_whole(struct arena *arena, alees_str body, struct str *out) MUST_CHECK;
/* The same for what is kept: as small as can be, which takes ten times as long. */
bool gzip_smallest(struct arena *arena, alees_str body, struct str *out) MUST_CHECK;
/* What was packed so, size bytes, into out, which is initialized. False without memory. */
bool gzip_unpack(struct arena *arena, alees_str packed, size_t size, struct str *out) MUST_CHECK;

#endif
