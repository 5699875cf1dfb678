/* SPDX-License-Identifier: MIT
 * engine_nested.h - ALEES_PARTS: rows of another resource that are parts of a row, shown, filtered and written with it.
 * Level 3. Split by task:
 *   engine_nested.c         parts in the select list of their owner, and as JSON
 *   engine_nested_filter.c  owners chosen by what their parts are like
 *   engine_nested_read.c    the list in a body -> changes of parts
 *   engine_nested_write.c   against the parts that are there, and into the database */
#ifndef ENGINE_NESTED_H
#define ENGINE_NESTED_H

#include "engine_batch.h"

/* What the boot works out for one such field. The parts of a row stand in a result as an array of arrays of texts, each
 * as PostgreSQL would give it for itself: {{id,value,value},{..}}, oldest first; NULL: there are none. */
struct engine_nested_shape {
    const struct resource *part;
    const struct resource_field **fields; /* that are shown, the id first */
    uint32_t count;
    alees_str *keys;  /* what stands before each value: "{\"id\":", ",\"email\":" */
    alees_str select; /* the array, as one item of the select list of any statement about the owner's table */
};

/* Is it shown within its owner? */
bool engine_nested_shows(const struct resource *part, const struct resource_field *f);
/* Field f of an owner is ALEES_PARTS. NULL without memory. */
struct engine_nested_shape *engine_nested_shape_new(struct arena *arena, const struct resource_field *f) MUST_CHECK;
/* [{..},{..}] */
void engine_nested_write_json(struct str *out, const struct engine_nested_shape *shape, alees_str text);

/* The same as a text; absent without memory. */
alees_str engine_nested_json(struct arena *arena, const struct engine_nested_shape *shape, alees_str text) MUST_CHECK;

/* ---- engine_nested_filter.c ---- */

struct engine_filter;
struct engine_filter_reader;

/* Can owners be chosen by this field of their parts? */
bool engine_nested_filters(const struct resource *part, const struct resource_field *f);
/* "email__icontains", behind the name of the owner's field leaf->field -> field, path and operator of a part. */
alees_rc engine_nested_filter_name(struct engine_filter_reader *reader, alees_str rest,
                                   struct engine_filter *leaf) MUST_CHECK;
/* Conditions on one part stand between these, each behind an AND. */
void engine_nested_filter_open(const struct engine_filter *leaf, struct engine_sql *sql);
void engine_nested_filter_close(struct engine_sql *sql);

/* ---- engine_nested_read.c ---- */

/* What becomes of the parts of one field of a row. */
struct engine_nested {
    const struct resource_field *field;
    const struct engine_nested_shape *shape;
    struct engine_batch_row *items; /* as sent; its change says what becomes of each */
    uint32_t count;
    const alees_str **now; /* by item: the part that it names, as it is, as shape->fields; NULL: it is new */
    alees_id *gone;        /* of those that are there and not named */
    uint32_t gone_count;
    bool is_compared; /* with the parts that are there */
};

/* The lists in the body of a row -> owner->nested; faults stand in the problem of the ctx. Of a PUT, also those that are not
 * sent, as empty ones. */
alees_rc engine_nested_read(alees_change *owner, const alees_json *body) MUST_CHECK;

/* For the two files: between open and close, faults of items are collected; close puts them behind those of their owner. */
struct engine_nested_work {
    struct engine_batch batch; /* of the parts */
    struct problem outer;
};
alees_rc engine_nested_open(alees_ctx *ctx, const struct resource *part,
                            struct engine_nested_work *ret_work) MUST_CHECK;
alees_rc engine_nested_close(struct engine_nested_work *work, alees_rc rc) MUST_CHECK;
alees_rc engine_nested_refuse_id(alees_ctx *ctx);

/* ---- engine_nested_write.c: one after the other, of one row or of many of one resource ---- */

/* Of an update: against the parts that the row has, read since it was locked (what GET shows). */
alees_rc engine_nested_compare(alees_change *owner, const alees_rows *rows, uint32_t row) MUST_CHECK;
/* Is there anything to write? Before engine_nested_compare of an update: perhaps. */
bool engine_nested_is_changed(const alees_change *owner);
/* References, and what the parts' own hooks say; the organization of the owners is known. */
alees_rc engine_nested_check(alees_change *const *owners, uint32_t count) MUST_CHECK;
/* Before a row goes to another organization: what it does not take along is deleted where it is. */
alees_rc engine_nested_remove(const alees_change *owner, const struct engine_place *place) MUST_CHECK;
/* In the transaction in which the owners were written. place: where the caller may change them. */
alees_rc engine_nested_write(alees_change *const *owners, uint32_t count, const struct engine_place *place) MUST_CHECK;

/* ---- engine_nested.c, on ---- */

/* Goes through such an array. */
struct engine_nested_reader {
    struct arena *arena; /* for texts that stand there escaped */
    alees_str text;
    size_t at;
};

/* The next part; false: there are no more. */
bool engine_nested_next_part(struct engine_nested_reader *reader);
/* Its next value, absent if NULL; false: it has no more. */
bool engine_nested_next_value(struct engine_nested_reader *reader, alees_str *ret_value);

#endif
