/* SPDX-License-Identifier: MIT
 * engine_write.h - what engine_write.c (one row created, changed, deleted, restored) and engine_write_refused.c share.
 * Level 3. */
#ifndef ENGINE_WRITE_H
#define ENGINE_WRITE_H

#include "engine_parts.h"

struct engine_write {
    alees_ctx *ctx;
    const struct resource *r;
    alees_change *change;
    const struct alees_organizations *where; /* of a change or delete: where the caller may, and view */
    struct engine_place place;
    struct engine_condition condition;
    uint32_t status; /* of the answer */
    alees_rows *rows;
    alees_rows *before;             /* as it was, locked */
    const struct engine_view *view; /* of the answer */
    alees_id judged;                /* create: the organization whose permission counts; zero: none */
    bool has_parts;                 /* lists of them were sent */
    const alees_json *whole;        /* PUT: the body, looked at when the row is locked */
    const alees_json
        *patch; /* PATCH of custom fields, or of the organization: the body, looked at when the row is locked, too */
    const bool *may;       /* of whole: the fields that the caller may change */
    enum engine_life life; /* which the row must have */
    bool is_marking;       /* a delete that leaves the row where it is */
};

/* The row is seen. 403 if it is not the caller's to change. scope: of the row, as the database writes it. */
alees_rc engine_write_permitted(const struct engine_write *w, alees_str scope) MUST_CHECK;
/* It changed nothing: 404, 403, 412 or 409. Never ALEES_OK. */
alees_rc engine_write_refused(struct engine_write *w) MUST_CHECK;

#endif
