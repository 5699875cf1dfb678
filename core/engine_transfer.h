/* SPDX-License-Identifier: MIT
 * engine_transfer.h - many rows out and in, as CSV or NDJSON, piece by piece (ctx->stream). Level 3. */
#ifndef ENGINE_TRANSFER_H
#define ENGINE_TRANSFER_H

#include "ctx.h"

struct engine_only; /* engine_parts.h */

/* A list in one of the formats that are written row by row (ctx->response.format), all of it. only: these rows; NULL: all. */
alees_rc engine_export(alees_ctx *ctx, const struct resource *r, const struct engine_only *only) MUST_CHECK;
/* A create whose body is CSV or NDJSON (ctx->request.format), still unread. */
alees_rc engine_import(alees_ctx *ctx) MUST_CHECK;

#endif
