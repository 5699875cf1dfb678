/* SPDX-License-Identifier: MIT
 * engine_list.h - the part of engine_parts.h that is about lists: their statements, pages, links, counts, cursors. Include
 * that one. Level 3. */
#ifndef ENGINE_LIST_H
#define ENGINE_LIST_H

#include "engine_parts.h"

/* ---- engine_select.c ---- */

/* "AND" between conditions, "WHERE" before the first. */
void engine_select_also(struct engine_sql *sql, bool *has_where);
/* Room for all that any of these binds. */
void engine_select_init(struct engine_sql *sql, struct arena *arena, const struct engine_query *q);
/* Does the statement look into each of many organizations? See struct store_scope. */
bool engine_select_is_by_index(const struct resource *r, const struct engine_query *q,
                               const struct engine_place *place);
void engine_select_sql(const struct resource *r, const struct engine_query *q, const struct engine_place *place,
                       struct engine_sql *sql);
/* How many rows the list has; estimated: no further than one more than ENGINE_EXACT_ROWS. */
void engine_select_count(const struct resource *r, const struct engine_query *q, const struct engine_place *place,
                         struct engine_sql *sql);
/* " FROM table WHERE ..": the whole list, in no order. q: with the filters; NULL: without. */
void engine_select_from(const struct resource *r, const struct engine_query *q, const struct engine_place *place,
                        struct engine_sql *sql);
/* How many rows PostgreSQL expects; q: with the filters, NULL: without. */
void engine_select_plan(const struct resource *r, const struct engine_query *q, const struct engine_place *place,
                        struct engine_sql *sql);
/* How many of the first ENGINE_EXACT_ROWS rows that the caller sees do the filters leave? */
void engine_select_sample(const struct resource *r, const struct engine_query *q, const struct engine_place *place,
                          struct engine_sql *sql);

/* ---- engine_list.c, engine_links.c ---- */

struct engine_page { /* what came back */
    const struct resource *r;
    const struct engine_query *query;
    const struct engine_view *view;
    struct engine_fields fields; /* to read */
    const alees_rows *rows;
    uint32_t count; /* of rows to show */
    bool has_more;  /* beyond them, the way this page was read */
    bool has_total, is_exact;
    uint64_t total; /* rows of the list in all */
    alees_str head; /* what its cursors are bound to; absent: there are none yet */
};

/* The row of the result that is shown at a place: a page read backwards is turned round. */
uint32_t engine_list_row(const struct engine_page *page, uint32_t place);
/* The path of this very request: that of the route, with the values that the request has for "{id}" and the like. */
void engine_links_path(const alees_ctx *ctx, struct str *out);
/* "next" and "previous" of the envelope, and the header. */
alees_rc engine_links_write(alees_ctx *ctx, struct engine_page *page) MUST_CHECK;

/* ---- engine_count.c ---- */

enum {
    ENGINE_MOST_OFFSET = 10000, /* rows before a numbered page: PostgreSQL reads all of them */
    ENGINE_EXACT_ROWS = 10000   /* up to here an estimate is exact */
};

/* `page` and `count`; *ret_is_known: it was one of them. */
alees_rc engine_count_read(alees_ctx *ctx, const struct ctx_parameter *p, struct engine_query *q,
                           bool *ret_is_known) MUST_CHECK;
/* When every parameter has been read: do they go together, and what is counted? */
alees_rc engine_count_settle(alees_ctx *ctx, struct engine_query *q) MUST_CHECK;
bool engine_count_reaches(const struct engine_query *q, uint64_t page); /* can it have a number? */
/* rows: what engine_select_count gave. Fills in has_total, is_exact, total; asks once more for a large estimate. */
alees_rc engine_count_take(alees_ctx *ctx, const struct engine_place *place, struct engine_page *page,
                           const alees_rows *rows) MUST_CHECK;

/* ---- engine_cursor.c ---- */

/* What a cursor is bound to: the user, the route, the ordering, every parameter but cursor and page_size. */
alees_str engine_cursor_head(const alees_ctx *ctx, const struct engine_query *q) MUST_CHECK;
/* Absent without memory. */
alees_str engine_cursor_write(struct arena *arena, const uint8_t *secret, alees_str head, bool is_backward,
                              const alees_str *values, uint32_t count) MUST_CHECK;
/* Fills values, each with a NUL behind it. E_MALFORMED for anything but an untouched cursor of the same head. */
alees_rc engine_cursor_read(struct arena *arena, const uint8_t *secret, alees_str head, alees_str cursor,
                            alees_str *values, uint32_t count, bool *ret_is_backward) MUST_CHECK;

#endif
