/* SPDX-License-Identifier: MIT
 * csv.h - comma-separated values (RFC 4180) in UTF-8, read piece by piece and written cell by cell; and lines, which are
 * records of one cell. Level 1. */
#ifndef CSV_H
#define CSV_H

#include "str.h"

enum { CSV_MAX_CELLS = 1024 }; /* of one record */

struct csv_cell {
    alees_str text;
    bool is_quoted; /* "" is an empty text, nothing at all is no value */
};

struct csv;

/* is_lines: each line is one cell, whatever it holds. longest: bytes of one record. NULL without memory. */
struct csv *csv_open(bool is_lines, size_t longest) MUST_CHECK;
void csv_close(struct csv *c); /* accepts NULL */

enum csv_result {
    CSV_MORE,     /* the piece is used up */
    CSV_RECORD,   /* its cells until the next call; empty lines are left out */
    CSV_TOO_LONG, /* more than longest bytes */
    CSV_TOO_WIDE, /* more than CSV_MAX_CELLS cells */
    CSV_BROKEN,   /* not CSV: csv_fault says why */
    CSV_NO_MEMORY
};

/* Takes from the front of *piece up to the end of a record. After a failure it gives the same again. */
enum csv_result csv_read(struct csv *c, alees_str *piece) MUST_CHECK;
/* After the last piece: CSV_RECORD for a last line without an end, else CSV_MORE. */
enum csv_result csv_finish(struct csv *c) MUST_CHECK;

const struct csv_cell *csv_cells(const struct csv *c, uint32_t *ret_count);
uint64_t csv_line(const struct csv *c); /* at which the record began, from 1 */
const char *csv_fault(const struct csv *c);

/* A cell and what stands before it: a comma, or nothing at the start of a record. An absent text is an empty cell, an empty
 * one is "". is_text: what a spreadsheet would take for a formula (= + - @ TAB CR at the start) gets a ' in front. */
void csv_put(struct str *out, alees_str text, bool is_text, bool is_first);
void csv_end(struct str *out); /* of a record */
/* Takes that ' off again. */
alees_str csv_plain(alees_str text);

#endif
