/* SPDX-License-Identifier: MIT
 * httpd_stream.c - see httpd_stream.h. */
#include "httpd_stream.h"

#include <stdio.h>

#include "pipeline.h"

static int64_t cut(struct httpd_stream *s) {
    s->is_cut = true;
    if (s->ctx->problem.rc == ALEES_OK) {
        (void)problem_set(&s->ctx->problem, PROBLEM_BAD_REQUEST, "%s",
                          "The body ended early, or took too long, or is not framed well.");
    }
    return -1;
}

static int64_t too_long(struct httpd_stream *s) {
    (void)problem_set(&s->ctx->problem, PROBLEM_BODY_TOO_LARGE, "The body of an import may be %llu bytes long.",
                      (unsigned long long)s->most);
    return cut(s);
}

static bool proceed(struct httpd_stream *s) {
    static const char text[] = "HTTP/1.1 100 Continue\r\n\r\n";
    bool is_sent = !s->is_expecting || s->is_begun || s->write(s->conn, text, sizeof text - 1);
    s->is_expecting = false;
    return is_sent;
}

static int64_t read_body(void *data, char *bytes, size_t size) {
    struct httpd_stream *s = data;
    if (s->is_at_end || s->is_cut || size == 0) {
        return s->is_cut ? -1 : 0;
    }
    if (!s->is_chunked && s->left > s->most) {
        return too_long(s); /* known before a byte of it was read */
    }
    if (!proceed(s)) {
        return cut(s);
    }
    if (!s->is_chunked && size > s->left) {
        size = (size_t)s->left;
    }
    int got = s->read(s->conn, bytes, size);
    if (got < 0 || (!s->is_chunked && (size_t)got != size)) {
        return cut(s);
    }
    s->taken += (uint64_t)got;
    if (s->taken > s->most) {
        return too_long(s);
    }
    s->left -= s->is_chunked ? 0 : (uint64_t)got;
    s->is_at_end = s->is_chunked ? got == 0 : s->left == 0; /* only 0 has seen the last chunk */
    return got;
}

/* One chunk, or in HTTP/1.0 the bytes alone. */
static bool write_frame(void *data, const char *bytes, size_t size) {
    struct httpd_stream *s = data;
    char frame[24];
    if (!s->is_1_1) {
        return s->write(s->conn, bytes, size);
    }
    int length = snprintf(frame, sizeof frame, "%zx\r\n", size);
    return s->write(s->conn, frame, (size_t)length) && s->write(s->conn, bytes, size) && s->write(s->conn, "\r\n", 2);
}

/* A body that is not read to its end when the answer begins leaves it open what follows it. */
static bool begin(struct httpd_stream *s) {
    struct ctx_response *r = &s->ctx->response;
    s->is_begun = true;
    r->is_streamed = true;
    s->keeps_alive = s->keeps_alive && s->is_1_1 && s->is_at_end && !r->close;
    alees_str head = pipeline_head(s->ctx, s->keeps_alive, s->is_1_1);
    if (head.ptr && r->coding) {
        s->gzip = gzip_open(s->ctx->arena, write_frame, s);
        head.ptr = s->gzip ? head.ptr : NULL;
    }
    return head.ptr && s->write(s->conn, head.ptr, head.len);
}

static bool write_body(void *data, const char *bytes, size_t size) {
    struct httpd_stream *s = data;
    if (!s->is_begun) {
        s->is_broken = !begin(s);
    }
    if (s->is_broken || size == 0) {
        return !s->is_broken;
    }
    s->is_broken = s->gzip ? !gzip_write(s->gzip, bytes, size) : !write_frame(s, bytes, size);
    return !s->is_broken;
}

void httpd_stream_init(struct httpd_stream *s, alees_ctx *ctx, const struct httpd_head *head, bool has_body) {
    *s = (struct httpd_stream){.base = {.data = s, .read = read_body, .write = write_body},
                               .ctx = ctx,
                               .keeps_alive = head->keeps_alive && !atomic_load(&ctx->app->is_draining),
                               .is_1_1 = head->is_1_1,
                               .is_chunked = head->is_chunked,
                               .is_expecting = has_body && head->is_expecting,
                               .is_at_end = !has_body,
                               .left = has_body ? head->content_length : 0,
                               .most = ctx->app->max_import};
}

/* Without its last chunk the client knows that what it has is not the whole. */
bool httpd_stream_finish(struct httpd_stream *s) {
    static const char last[] = "0\r\n\r\n";
    bool is_whole = s->ctx->response.is_streamed && !s->is_broken && (!s->gzip || gzip_close(s->gzip));
    if (is_whole && s->is_1_1) {
        is_whole = s->write(s->conn, last, sizeof last - 1);
    }
    return is_whole && s->keeps_alive;
}
