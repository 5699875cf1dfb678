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
/* Would the client take application/json? Everything without an Accept header. */
bool pipeline_accepts_json(alees_str accept) MUST_CHECK;
bool pipeline_is_json_type(alees_str content_type) MUST_CHECK;
bool pipeline_is_request_id(alees_str text) MUST_CHECK;

/* pipeline_access.c: who asks, and may they? */
alees_rc pipeline_authenticate(alees_ctx *ctx) MUST_CHECK;
alees_rc pipeline_authorize(alees_ctx *ctx) MUST_CHECK;
/* After ctx->object_organization is known: may the caller use the route there? */
alees_rc pipeline_authorize_object(alees_ctx *ctx) MUST_CHECK;

/* pipeline_validate.c: does the request match the declaration of its route? */
alees_rc pipeline_validate(alees_ctx *ctx) MUST_CHECK;

/* pipeline_respond.c */
void pipeline_allow(alees_ctx *ctx, uint32_t methods); /* the Allow header */
void pipeline_refuse(alees_ctx *ctx, alees_rc rc);     /* throws away what was answered and answers with the problem */
void pipeline_account(alees_ctx *ctx);                 /* metrics and the log line */

#endif
