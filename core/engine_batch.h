/* SPDX-License-Identifier: MIT
 * engine_batch.h - many rows of one resource, created or merged in few statements: what arrays (engine_bulk.c) and imports
 * are written with. Level 3.
 *
 *   begin -> add, for each row -> finish
 *
 * A row is checked as a single create or patch would be: names, values, where it may go, field rights, references, the
 * plugin's hooks. Rows are written ENGINE_BATCH_ROWS at a time, in one statement for each set of columns; where the resource
 * has before_write or after_write, one by one. The caller owns the transaction: one must be open, and a failure of any of
 * these leaves it to be rolled back. */
#ifndef ENGINE_BATCH_H
#define ENGINE_BATCH_H

#include "engine_parts.h"

enum { ENGINE_BATCH_ROWS = 500 };

enum engine_batch_mode {
    ENGINE_BATCH_CREATE,
    ENGINE_BATCH_MERGE, /* a row with the same key is merge-patched, */
    ENGINE_BATCH_IGNORE /* or stays as it is; others are created */
};

struct engine_batch_options {
    const struct resource *resource;
    enum engine_batch_mode mode;
    const struct resource_field *key; /* MERGE, IGNORE: ALEES_UNIQUE, see engine_upsert_key */
    const alees_id *organization;     /* of rows that name none; NULL: as a create without one. Judged with each row */
    /* Every row is checked before the first is written, and rows stay, for the answer. Else what add and finish took from
     * the ctx's arena is given back after each ENGINE_BATCH_ROWS rows: nothing that was made there after begin (the objects
     * that were added, too) may be used after the next add or finish, and no struct str begun before may have grown. */
    bool is_whole;
    bool is_nested; /* parts within their owners: engine_nested_write.c has settled what is true of one of them only */
};

struct engine_batch;

struct engine_batch_counts {
    uint64_t rows, created, updated; /* added so far; written so far */
};

/* Called in a transaction of the ctx; ctx->where: where the caller may add. The problem is set on failure, by all three. */
alees_rc engine_batch_begin(alees_ctx *ctx, const struct engine_batch_options *options,
                            struct engine_batch **ret_batch) MUST_CHECK;
/* at: a JSON pointer to the object, for errors ("/3"), absent: none; row: its number for errors, 0: none. Faults of rows are
 * collected: ALEES_OK until nothing more is worth looking at. The object must live until the row is written. */
alees_rc engine_batch_add(struct engine_batch *batch, const alees_json *object, alees_str at, uint64_t row) MUST_CHECK;
/* Writes what is left, or sets the problem that names all faults. */
alees_rc engine_batch_finish(struct engine_batch *batch) MUST_CHECK;
const struct engine_batch_counts *engine_batch_counts(const struct engine_batch *batch);

/* ---- what the files of it share: engine_batch.c, engine_batch_write.c, engine_upsert.c; and engine_bulk.c ---- */

struct engine_batch_row {
    alees_change *change;
    const alees_json *body; /* of an upsert: read when it is known what becomes of it */
    alees_str at;
    uint64_t number;
    alees_id organization;  /* where a create was judged; zero: none */
    alees_str key;          /* of an upsert, as text */
    bool is_done;           /* nothing more to write */
    bool is_found;          /* upsert: was there before */
    const alees_rows *rows; /* is_found: as it was, what GET shows and version */
    uint32_t place;         /* its place among them */
};

struct engine_batch {
    alees_ctx *ctx;
    struct engine_batch_options options;
    struct engine_batch_counts counts;
    struct engine_batch_row *rows; /* that wait to be written; is_whole: all */
    uint32_t count, cap;
    struct problem faults; /* of all rows so far */
    struct engine_fields may_add, may_change;
    const struct alees_organizations *change_where; /* upsert: where the caller may change and view */
    const struct alees_organizations *view_where;
    struct engine_place change_place, view_place;
    uint32_t *keys, key_slots;              /* upsert: places of rows + 1, by hash of organization and key */
    struct arena_mark mark;                 /* not is_whole */
    uint32_t since_mark;                    /* rows added */
    const struct ctx_after *after, *at_end; /* as they were at the mark: what plugins asked for since must stay, */
    uint32_t header_count;                  /* and what they set */
    alees_str user;
    uint64_t room;                       /* of parts: so many more may be created */
    struct engine_batch_single *singles; /* as resource->fields; NULL: the resource has none */
};

struct engine_batch_single { /* ALEES_SINGLE: which row of the batch is it true of? */
    bool is_taken;
    alees_id id;
};

/* Between these, what goes wrong is about that row. leave gives ALEES_OK for a fault that was collected. */
void engine_batch_enter(struct engine_batch *b, const struct engine_batch_row *row);
alees_rc engine_batch_leave(struct engine_batch *b, alees_rc rc) MUST_CHECK;
bool engine_batch_is_faulty(const struct engine_batch *b);
/* Body -> cells, for create or update; the row's problem. */
alees_rc engine_batch_read(struct engine_batch *b, struct engine_batch_row *row) MUST_CHECK;
/* References and validate of rows whose cells are there. */
alees_rc engine_batch_check(struct engine_batch *b, struct engine_batch_row *const *rows, uint32_t count) MUST_CHECK;

/* ---- engine_refer.c ---- */

/* engine_refer_check of one field of many changes, with one statement at most: may[i] is of changes[i]. One that was not sent, or is
 * null, may. */
alees_rc engine_refer_many(alees_change *const *changes, uint32_t count, const struct resource_field *f,
                           bool *may) MUST_CHECK;

/* ---- engine_batch_write.c ---- */

/* At most ENGINE_BATCH_ROWS of them, checked. Upsert: a create that was not done met a row with its key. */
alees_rc engine_batch_write(struct engine_batch *b, struct engine_batch_row *const *rows, uint32_t count) MUST_CHECK;
/* What before_write judges by is read again: the hook of another row may have changed it. */
alees_rc engine_batch_lock(struct engine_batch *b, struct engine_batch_row *row) MUST_CHECK;
bool engine_batch_has_hooks(const struct resource *r);
/* One element of an array literal, quoted; absent: NULL. */
void engine_batch_put_element(struct str *out, alees_str text, bool is_first);
alees_str engine_batch_organizations(struct engine_batch *b, struct engine_batch_row *const *rows,
                                     uint32_t count) MUST_CHECK;
/* May this refusal be one row's fault? */
bool engine_batch_is_of_row(const struct store_error *error);

/* ---- engine_upsert.c ---- */

/* The field that on_conflict names; NULL: rows cannot be known by it. */
const struct resource_field *engine_upsert_key(const struct resource *r, alees_str name);
alees_rc engine_upsert_begin(struct engine_batch *b) MUST_CHECK;
/* Reads the row's key. ret_is_double: a row that waits has it, too. */
alees_rc engine_upsert_add(struct engine_batch *b, struct engine_batch_row *row, bool *ret_is_double) MUST_CHECK;
void engine_upsert_forget(struct engine_batch *b); /* the keys of rows that waited */
/* Which of the rows are there? Locks those, reads and checks all. */
alees_rc engine_upsert_find(struct engine_batch *b, struct engine_batch_row *const *rows, uint32_t count) MUST_CHECK;
/* What is to be said of creates that met rows with their keys which cannot be found. */
alees_rc engine_upsert_write(struct engine_batch *b, struct engine_batch_row *const *rows, uint32_t count) MUST_CHECK;

/* mode and key, as the query and Prefer ask for; options->resource is set. For imports, too. */
alees_rc engine_upsert_options(alees_ctx *ctx, struct engine_batch_options *options) MUST_CHECK;

/* ---- engine_bulk.c ---- */

/* Does the request ask for more than to create one row? Then engine_bulk_create does it. */
bool engine_bulk_is_meant(const alees_ctx *ctx);
alees_rc engine_bulk_create(alees_ctx *ctx) MUST_CHECK;

/* Those rows as they are now, in this order: the whole of each, and its version. */
alees_rc engine_bulk_read(alees_ctx *ctx, const struct resource *r, const struct store_scope *scope,
                          const alees_id *ids, uint32_t count, alees_rows **ret_rows) MUST_CHECK;
/* {"results":[..],"count":n}; rows NULL: without results. */
alees_rc engine_bulk_results(alees_ctx *ctx, const struct engine_view *view, const alees_rows *rows,
                             uint64_t count) MUST_CHECK;
/* Commits, or rolls back, a transaction that is_mine. */
alees_rc engine_bulk_end(alees_ctx *ctx, bool is_mine, alees_rc rc) MUST_CHECK;

#endif
