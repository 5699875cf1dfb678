/* SPDX-License-Identifier: MIT
 * pipeline.h - the way of a request; pipeline.c holds the table of its stages and is the file to read first. Level 4. */
#ifndef PIPELINE_H
#define PIPELINE_H

#include "app.h"

/* ctx->request is filled in by the caller (httpd.c, or the loopback of the tests); afterwards ctx->response holds the
 * answer, whatever happened: always a status and a body. What the caller could not even read it says by problem_set on
 * ctx->problem beforehand. */
void pipeline_run(alees_ctx *ctx);

/* Is the body of this request one that is read piece by piece, by its handler? By method and Content-Type alone: it is asked
 * before anything else is known. Then sets request.format. */
bool pipeline_is_streamed(alees_ctx *ctx);

/* The head of an answer whose body follows in pieces, or at once (is_chunked: framed as such). Absent without memory. */
alees_str pipeline_head(alees_ctx *ctx, bool keep_alive, bool is_chunked) MUST_CHECK;

/* The answer as bytes for the wire, headers and body in one buffer; the last resort if there is no memory for them. */
alees_str pipeline_bytes(alees_ctx *ctx, bool keep_alive) MUST_CHECK;

/* 503 out_of_memory as bytes for the wire, in memory of the thread's own until its next call. The ctx, which is answered so
 * then, may be NULL: there was no memory for one. */
alees_str pipeline_last_resort(alees_ctx *ctx, bool keep_alive) MUST_CHECK;

/* Shall this answer, of unknown length, be packed by gzip.h? Sets what its headers say about that. */
bool pipeline_choose_coding(alees_ctx *ctx) MUST_CHECK;

/* The run of every route of a plugin's own: the ctx's plugin and transaction around decl->handle. */
alees_rc pipeline_plugin_handler(alees_ctx *ctx);

/* Types of bodies, of which the first is the usual one, and of answers; lists that end with NULL. NULL: no body; of an answer:
 * none, or one that the handler alone knows. is_import: the body of the request is CSV or NDJSON. */
const char *const *pipeline_body_types(const struct route *route);
const char *const *pipeline_answer_types(const struct route *route, bool is_import);

/* pipeline_host.c: /healthz, /docs and the like. */
extern const struct route pipeline_host_routes[];
extern const uint32_t pipeline_host_route_count;

#endif
