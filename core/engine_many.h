/* SPDX-License-Identifier: MIT
 * engine_many.h - what engine_many.c (which rows, what becomes of them) and engine_many_write.c share. Level 3. */
#ifndef ENGINE_MANY_H
#define ENGINE_MANY_H

#include "engine_batch.h"

struct engine_many {
    alees_ctx *ctx;
    const struct resource *r;
    uint32_t action;
    const struct alees_organizations *may; /* where the caller may do this, and view */
    struct engine_place seen, place;
    struct engine_query query;
    struct engine_fields readable;
    const struct engine_view *view;
    bool is_all;
    bool has_deleted, has_permanent; /* the parameters */
    bool is_marking;                 /* a delete that leaves the rows where they are */
    enum engine_life life;           /* of the rows that are meant */
    uint64_t most;
    alees_str ids;    /* uuid[] */
    alees_rows *rows; /* locked, as they were: what GET shows, version; by id */
    alees_change **changes;
    uint32_t count;
    uint64_t written;
};

/* Where a statement about those rows reaches, as a condition. */
void engine_many_place(struct engine_sql *sql, const struct engine_many *m, const struct engine_place *place,
                       bool *has_where);
/* Writes what changes say, or deletes; all or none. */
alees_rc engine_many_write(struct engine_many *m) MUST_CHECK;

#endif
