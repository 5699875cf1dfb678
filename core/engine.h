/* SPDX-License-Identifier: MIT
 * engine.h - the resource engine: list, create, get, merge-patch, replace, delete of every declared resource, built from its
 * declaration alone. Level 3, split by task:
 *   engine_shapes.c  what the boot works out: columns, defaults, statements to prepare
 *   engine_sql.c     the builder of SQL; the statements about one row
 *   engine_query.c   query parameters of a list -> filters, ordering, page
 *   engine_filter*.c what chooses the rows: parameters -> conditions (engine_filter.h)
 *   engine_search.c  words to search for -> the condition
 *   engine_select.c  the statement of a list
 *   engine_view.c    which fields are read and shown
 *   engine_expand.c  references, shown as the rows that they name
 *   engine_represent.c  computed fields: the hook `represent` and its part of alees.resource/1
 *   engine_answer.c  rows that are about to be shown, with both of these
 *   engine_count.c   numbered pages, and how many rows a list has in all
 *   engine_narrow.c  a part of a list: ?below=, the rows that a plugin names
 *   engine_links.c   the addresses of the pages around a page
 *   engine_cursor.c  opaque, authenticated keyset cursors
 *   engine_place.c   in which organizations a statement may read, and a new row may be
 *   engine_fields.c  which fields the caller may read, give or change
 *   engine_refer.c   may a row point at those that the client names?
 *   engine_value.c   one JSON value -> one column: types, bounds, messages
 *   engine_decimal.c, engine_calendar.c  the syntax of numbers, dates and times
 *   engine_change.c  a body -> a validated change; the hooks; alees.resource/1
 *   engine_validate.c  the hooks that look at changes before they are written
 *   engine_row.c     a row of a result -> JSON text, straight into the response
 *   engine_condition.c  If-Match, If-None-Match
 *   engine_error.c   what PostgreSQL refused -> which field, what to do
 *   engine_protect.c   which rows hold one that cannot go
 *   engine_list.c    list
 *   engine_export.c  a list as CSV or NDJSON, all of it
 *   engine_import.c  rows from CSV or NDJSON, all or none
 *   engine_read.c    get
 *   engine_history.c what happened to a row
 *   engine_tags.c    the tags of a list's rows, counted
 *   engine_custom.c  values of custom fields, against their definitions (custom.h)
 *   engine_replace.c  PUT: a whole row against the one that is there
 *   engine_owner.c   the owner of parts, in their path (engine_owner.h); engine_single.c  what is true of one of them
 *   engine_write.c   create, patch, replace, delete, restore; engine_write_refused.c, why one changed nothing
 *   engine_deleted.c  ?deleted=true: rows that are marked as deleted
 *   engine_bulk.c    arrays, and upserts
 *   engine_many.c    patch and delete of what filters choose; engine_many_write.c
 *   engine_batch.c   many rows, checked (engine_batch.h); engine_batch_write.c written; engine_upsert.c known again */
#ifndef ENGINE_H
#define ENGINE_H

#include "ctx.h"
#include "resource.h"

/* Makes the shapes of every resource and registers their statements. At boot, after catalogue_build and store_open. */
alees_rc engine_prepare(struct app *app, FILE *errors) MUST_CHECK;

/* Which organization does the row {id} belong to, for a plugin's route with `object`: not seen under the resource's view
 * permission is NOT_FOUND. Sets ctx->object and ctx->object_organization. */
alees_rc engine_find_object(alees_ctx *ctx) MUST_CHECK;

/* Before anything else of such a route. The owner must be seen, with its list of these parts, else 404; to write takes the
 * right to change it there, and this list, else 403. Sets ctx->object and ctx->object_organization; from then on ctx->where
 * is that organization alone, and whatever engine_place_of gives for the parts reaches those of this owner. */
alees_rc engine_owner_find(alees_ctx *ctx) MUST_CHECK;

/* Whose rows of r the caller reaches with one of its permissions: the ids of organizations, of the caller where rows
 * belong to users, or all. Sets the problem when that cannot be known. */
alees_rc engine_place_holds(alees_ctx *ctx, const struct resource *r, uint32_t permission,
                            const struct alees_organizations **ret_where) MUST_CHECK;

/* A superuser's request, or a command. */
bool engine_place_is_superuser(const alees_ctx *ctx);

/* Is it one of them? where may be NULL: no. */
bool engine_place_has(const struct alees_organizations *where, const alees_id *organization);

/* Answers with one row as GET would; for alees.http/1 reply_row. Runs under the scope of the ctx, and the caller
 * must be one who may view the row. */
alees_rc engine_reply_row(alees_ctx *ctx, uint32_t status, const struct resource *r, const alees_id *id) MUST_CHECK;

/* Answers with a list of those rows as the resource's own route would, with all of its parameters; for alees.http/1
 * reply_list. is_in_order: as ids are, unless the client says another order. */
alees_rc engine_reply_list(alees_ctx *ctx, const struct resource *r, const alees_id *ids, uint32_t count,
                           bool is_in_order) MUST_CHECK;

/* One declared value from JSON (body) or from text (path, query) into the text that PostgreSQL reads; used for plugins'
 * routes too. A wrong value is added to the problem under pointer and gives E_INVALID. */
alees_rc engine_value_from_json(alees_ctx *ctx, const struct alees_field *field, alees_str pointer,
                                const alees_json *value, alees_str *ret_text) MUST_CHECK;
alees_rc engine_value_from_text(alees_ctx *ctx, const struct alees_field *field, alees_str pointer, alees_str text,
                                alees_str *ret_text)
    MUST_CHECK; /* 403 that names the permission and, unless NULL, the organization. */
alees_rc engine_place_deny(alees_ctx *ctx, const char *permission, const alees_id *organization);
/* 422 that names one field, or one more. */
alees_rc engine_refuse(alees_ctx *ctx, alees_str field, const char *code, alees_str detail);

/* A whole body against a list of fields: unknown (with the nearest match), missing, wrong. Sets the problem. */
alees_rc engine_check_body(alees_ctx *ctx, const struct alees_field *fields, uint32_t count,
                           const alees_json *body) MUST_CHECK;

#endif
