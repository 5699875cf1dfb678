/* SPDX-License-Identifier: MIT
 * engine_deleted.h - rows that were marked as deleted, and asked for: engine_deleted.c. Part of engine_parts.h, which
 * includes it. Level 3. */
#ifndef ENGINE_DELETED_H
#define ENGINE_DELETED_H

#include "engine_sql.h"

/* Does the request ask for them with ?deleted=true? */
bool engine_deleted_is_asked(const alees_ctx *ctx, const struct resource *r);
/* Of a list or of one row: which rows does ?deleted= ask for? Of deleted ones ctx->where becomes where the caller may
 * delete and view. 400, or 403 if that is nowhere. */
alees_rc engine_deleted_enter(alees_ctx *ctx, const struct resource *r, enum engine_life *ret_life) MUST_CHECK;
/* Where the caller may delete, and view: ctx->where. */
alees_rc engine_deleted_where(alees_ctx *ctx, const struct resource *r,
                              const struct alees_organizations **ret_where) MUST_CHECK;
/* engine_place_of ctx->where, to read rows of that life. */
alees_rc engine_deleted_place(alees_ctx *ctx, const struct resource *r, enum engine_life life,
                              struct engine_place *ret_place) MUST_CHECK;

#endif
