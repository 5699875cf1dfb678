/* SPDX-License-Identifier: MIT
 * pipeline_impl.h - what the files of the pipeline share with each other; nobody else includes it. */
#ifndef PIPELINE_IMPL_H
#define PIPELINE_IMPL_H

#include "pipeline.h"

/* pipeline_parse.c: the request's text, before anything is known about its route. */

/* Percent-decodes into the request's memory, with a NUL behind it; is_query: + is a space. False if an escape is not two
 * hexadecimal digits, or if the result is not UTF-8 or holds a NUL. Without memory *ret_decoded is absent. */
bool pipeline_decode(struct arena *arena, alees_str text, bool is_query, alees_str *ret_decoded) MUST_CHECK;
alees_rc pipeline_parse_query(alees_ctx *ctx) MUST_CHECK; /* query -> parameters */
alees_str pipeline_next_part(alees_str *rest,
                             char separator); /* takes the text up to separator off the front of rest */
alees_str pipeline_trim(alees_str text);      /* without the blanks around it */
bool pipeline_is_request_id(alees_str text) MUST_CHECK;

/* pipeline_negotiate.c: lists of media types end with NULL. */

/* Of those offered the one that the client prefers: of the highest weight, then the one that is named most exactly, then the
 * first. The first without an Accept header; NULL: none will do. accept: all its lines, ctx_header_list. */
const char *pipeline_negotiate(alees_str accept, const char *const *offered) MUST_CHECK;
/* Does the client ask for this content coding? Not without the header. */
bool pipeline_accepts_coding(alees_str accept_encoding, const char *coding) MUST_CHECK;
enum ctx_format pipeline_format(const char *type); /* CTX_JSON for whatever else */
/* The one among types that a Content-Type names; NULL: none, or in another charset than UTF-8. */
const char *pipeline_body_type(alees_str content_type, const char *const *types) MUST_CHECK;
/* "a, b or c", before_last being " or "; absent without memory. */
alees_str pipeline_list_types(struct arena *arena, const char *const *types, const char *before_last) MUST_CHECK;

/* pipeline_edge.c */
alees_rc pipeline_check_headers(alees_ctx *ctx) MUST_CHECK; /* those that no route could obey */
alees_rc pipeline_tell_types(alees_ctx *ctx) MUST_CHECK;    /* Accept-Patch, Accept-Post, Accept-Encoding */
alees_rc pipeline_options(alees_ctx *ctx) MUST_CHECK;       /* the answer to OPTIONS, ctx->match being known */

/* Looks behind the proxies in front that are trusted: ctx->request.peer. */
void pipeline_find_client(alees_ctx *ctx);
/* Packs the answer if that pays and is allowed. */
void pipeline_compress(alees_ctx *ctx);

/* pipeline_access.c: who asks, and may they? */
alees_rc pipeline_authenticate(alees_ctx *ctx) MUST_CHECK;
alees_rc pipeline_authorize(alees_ctx *ctx) MUST_CHECK;
/* After ctx->object_organization is known: may the caller use the route there? */
alees_rc pipeline_authorize_object(alees_ctx *ctx) MUST_CHECK;

/* pipeline_prefer.c: the Prefer headers -> ctx->prefer; 400 for what is not understood and must be. */
alees_rc pipeline_prefer(alees_ctx *ctx) MUST_CHECK;

/* pipeline_validate.c: does the request match the declaration of its route? */
alees_rc pipeline_validate(alees_ctx *ctx) MUST_CHECK;

/* pipeline_cors.c */
void pipeline_cors_write(const alees_ctx *ctx,
                         struct str *out); /* the headers of every answer, CR LF in front of each */
alees_rc pipeline_cors_preflight(alees_ctx *ctx, alees_str methods) MUST_CHECK; /* those of an answer to OPTIONS */

/* pipeline_respond.c */
alees_str pipeline_methods(alees_ctx *ctx, uint32_t methods); /* "GET, HEAD, OPTIONS"; absent without memory */
void pipeline_allow(alees_ctx *ctx, uint32_t methods);        /* the Allow header */
void pipeline_refuse(alees_ctx *ctx, alees_rc rc); /* throws away what was answered and answers with the problem */
void pipeline_account(alees_ctx *ctx);             /* metrics and the log line */

#endif
