/* SPDX-License-Identifier: MIT
 * engine_owner.h - rows that are parts of others (struct alees_resource, `owner`): the owner that a path names, and what is
 * true of one part of it at most. Part of engine_parts.h: include that one. Level 3. */
#ifndef ENGINE_OWNER_H
#define ENGINE_OWNER_H

#include "engine_parts.h"

/* ---- engine_owner.c: the owner in the path of a part's own routes ---- */

/* Are r's rows those of the owner that the request's path names? */
bool engine_owner_is_found(const alees_ctx *ctx, const struct resource *r);

/* Of a part, by its organization: may the owner's list of such parts be used there, under the permission of fields? Of any
 * other resource: yes. */
alees_rc engine_owner_may_use(struct engine_fields *fields, const alees_id *organization, bool *ret_may) MUST_CHECK;

/* Both in a transaction, before any of its parts is written, so that writes of one owner's parts come one after the other;
 * under the conditions of any change of the owner. 404 if it has gone, or is not the caller's to change any more. */
alees_rc engine_owner_lock(alees_ctx *ctx, const struct resource *r) MUST_CHECK;
alees_rc engine_owner_raise(alees_ctx *ctx, const struct resource *r) MUST_CHECK; /* locks it, and raises its version */
/* Of one list of parts, whose rows are shown with each row of their owner: as many as it may hold. */
uint32_t engine_owner_most(const struct resource_field *list);
/* How many more parts may the owner have? It is locked. */
alees_rc engine_owner_room(alees_ctx *ctx, const struct resource *r, uint64_t *ret_room) MUST_CHECK;
alees_rc engine_owner_refuse_more(alees_ctx *ctx, const struct resource *r); /* there was no room */

/* ---- engine_single.c: ALEES_SINGLE ---- */

/* Does the change make it true? Known when before_write has run. */
bool engine_single_is_made(const alees_change *change, uint32_t field);
bool engine_single_makes_any(const alees_change *change); /* one of them? */
/* Before the change is written, its owner locked: makes false what the owner's other parts have true, of every such field
 * that the change makes true. change->owner must be set. */
alees_rc engine_single_unmake(const alees_change *change, const struct store_scope *scope) MUST_CHECK;
/* Of parts of one resource that are changed next: what they lose is made false, of all of them, in one statement for each such
 * field. Their versions rise when they are changed. */
alees_rc engine_single_release(alees_change *const *changes, uint32_t count,
                               const struct engine_place *place) MUST_CHECK;
/* Adds the item that says that the field is true a second time in one request: code several_<field>. */
void engine_single_refuse(alees_ctx *ctx, const struct resource_field *f);

#endif
