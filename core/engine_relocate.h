/* SPDX-License-Identifier: MIT
 * engine_relocate.h - PATCH or PUT of `organization`: a row goes to another organization (ALEES_RESOURCE_MOVABLE).
 * Level 3. */
#ifndef ENGINE_RELOCATE_H
#define ENGINE_RELOCATE_H

#include "engine_write.h"

/* Does the body name an organization, of a resource whose rows can go to another one? */
bool engine_relocate_is_asked(const struct resource *r, const alees_json *body);

/* The rights to its fields were judged in that organization, the row is not locked yet: if it goes elsewhere before it is, it
 * is not written, for there the caller may have less. */
alees_rc engine_relocate_never(struct engine_write *w, const alees_id *organization) MUST_CHECK;

/* The row is locked. If the body names another organization than it is of: may the caller take it there? Then the change is
 * one of both, and statements from here on see these two alone. Sets the problem. */
alees_rc engine_relocate_begin(struct engine_write *w, const alees_json *body) MUST_CHECK;
/* It has been written: it is found in the new organization from here on, and its parts have gone with it. */
alees_rc engine_relocate_end(struct engine_write *w) MUST_CHECK;

#endif
