/* SPDX-License-Identifier: MIT
 * httpd_head.h - a second, strict look at the head of a request that civetweb has parsed leniently. Level 4. */
#ifndef HTTPD_HEAD_H
#define HTTPD_HEAD_H

#include "ctx.h"

enum {
    HTTPD_HEAD_HEADERS = 64 /* as many as civetweb keeps; it drops further ones in silence */
};

/* Where civetweb's buffer of one thread begins, as far as it has been seen. */
struct httpd_head_place {
    const char *first;
};

/* In: texts inside civetweb's buffer, which it cut apart by writing NULs over separators. Out: from content_length on. */
struct httpd_head {
    const char *method, *uri, *query, *path, *version; /* query: NULL if none; path: the local part of uri */
    const char *names[HTTPD_HEAD_HEADERS], *values[HTTPD_HEAD_HEADERS];
    uint32_t header_count;
    uint64_t content_length;
    bool is_1_1, is_chunked, is_expecting, keeps_alive;
};

/* Fills ctx->request but for body and peer. Anything that a proxy in front could read differently is refused: the problem
 * is set, and the connection must be closed. */
alees_rc httpd_head_check(struct httpd_head *head, struct httpd_head_place *place, alees_ctx *ctx) MUST_CHECK;

#endif
