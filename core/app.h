/* SPDX-License-Identifier: MIT
 * app.h - the process: everything made at boot and read-only while serving. Level 4 makes it (server.c). */
#ifndef APP_H
#define APP_H

#include <stdatomic.h>

#include "ctx.h"

struct app {
    struct config *config;
    struct arena *arena; /* lives as long as the process */
    struct plugins plugins;
    struct catalogue catalogue;
    struct router *router;
    struct store *store;
    const struct alees_rbac_v1 *rbac;
    atomic_bool is_draining;
    struct ratelimit *ratelimit; /* NULL: nothing is limited */
    struct edge *edge;           /* NULL in tests that have none: no other origins, no proxies */
    struct documents *documents; /* NULL in tests that have none */
    struct docs *docs;           /* NULL in tests that have none: no page */
    bool log_requests, server_timing;
    uint32_t idempotency_hours;
    bool require_if_match; /* of a change of one row */
    uint32_t max_body, max_uri, max_header, page_size, max_page_size;
    uint32_t request_ms; /* from its start to the deadline of a request; 0: none */
    size_t max_memory;
    uint32_t bulk_rows;                /* of a request that is none of one row */
    uint64_t max_import, transfer_us;  /* bytes of a body that is streamed; the whole of an export or import */
    uint32_t max_exports, max_imports; /* at once */
    atomic_uint exports, imports;      /* that run now */
};

#endif
