/* SPDX-License-Identifier: MIT
 * httpd_stream.h - one request's body as it comes in, and its answer as it is made, piece by piece, on a connection that
 * somebody else reads and writes. Level 4.
 *
 * The rules of framing are those of httpd_head.c: this only counts what they have let through. */
#ifndef HTTPD_STREAM_H
#define HTTPD_STREAM_H

#include "app.h"
#include "gzip.h"
#include "httpd_head.h"

struct httpd_stream {
    struct ctx_stream base; /* for ctx->stream */
    alees_ctx *ctx;
    void *conn;
    int (*read)(void *conn, char *bytes, size_t size);         /* waits until all of it is there; short: the end */
    bool (*write)(void *conn, const char *bytes, size_t size); /* all of it */
    bool keeps_alive;                                          /* the client and the server would go on */
    bool is_1_1;

    /* of the body */
    bool is_chunked, is_expecting; /* for 100 Continue */
    bool is_at_end, is_cut;        /* read whole; will not be */
    uint64_t left;                 /* not chunked: bytes still to come */
    uint64_t taken, most;

    /* of the answer */
    bool is_begun, is_broken; /* its head was sent; something could not be */
    struct gzip *gzip;        /* NULL: as it is */
};

/* The caller then sets conn, read and write. has_body: it lies unread on the connection. */
void httpd_stream_init(struct httpd_stream *s, alees_ctx *ctx, const struct httpd_head *head, bool has_body);
/* The end of an answer that was begun. true: the connection can go on. */
bool httpd_stream_finish(struct httpd_stream *s) MUST_CHECK;

#endif
