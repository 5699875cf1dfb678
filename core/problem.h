/* SPDX-License-Identifier: MIT
 * problem.h - the one error of a request, in the form of RFC 9457; problem_table.h has every one the host knows. Level 1.
 *
 * The first failure of a request is kept, later ones only pass it up. Detail says what to do; it never holds SQL, the
 * name of a constraint, a file or a foreign identifier. */
#ifndef PROBLEM_H
#define PROBLEM_H

#include "problem_table.h"
#include "str.h"

enum problem_kind {
#define X(name, status, code, rc, title, help) PROBLEM_##name,
    PROBLEM_TABLE(X)
#undef X
        PROBLEM_KINDS
};

enum { PROBLEM_MOST_ITEMS = 100 };

/* One field that is wrong. pointer is an RFC 6901 pointer into the body ("/sku"), or the name of a parameter. */
struct problem_item {
    struct problem_item *next;
    uint64_t row; /* of an import, from 1; 0: none */
    alees_str pointer;
    const char *code;
    alees_str detail;
};

struct problem {
    struct arena *arena;
    alees_rc rc; /* ALEES_OK: none yet */
    uint32_t status;
    const char *code;
    const char *title;
    alees_str detail;
    alees_str permission;     /* of a 403, when the caller may know */
    alees_str organization;   /* the same: its name */
    alees_id organization_id; /* for the audit trail, never for clients; zero: none */
    struct problem_item *items, *last;
    uint32_t item_count;
    alees_str at;         /* "/3": stands before the pointers into the body of items that are added; absent: nothing */
    uint64_t row;         /* of an import, from 1, that items which are added are about; 0: none */
    uint32_t retry_after; /* seconds; 0: no such header */
};

void problem_init(struct problem *p, struct arena *arena);
/* Sets the error unless there is one, and gives its result code back: `return problem_set(&ctx->problem, ...);` */
alees_rc problem_set(struct problem *p, enum problem_kind kind, const char *format, ...) PRINTF_LIKE(3, 4);
/* A plugin's own code, its status from rc. code is copied. */
alees_rc problem_fail(struct problem *p, alees_rc rc, const char *code, alees_str detail);
/* Adds a wrong field, unless there are PROBLEM_MOST_ITEMS. Sets nothing else: call problem_set(INVALID or the like)
 * after. */
void problem_add(struct problem *p, alees_str pointer, const char *code, const char *format, ...) PRINTF_LIKE(4, 5);
/* The kind that stands for a bare result code. */
enum problem_kind problem_kind_of(alees_rc rc);
/* application/problem+json. */
void problem_write(const struct problem *p, alees_str request_id, struct str *out);

struct problem_row {
    const char *code;
    const char *title;
    const char *help; /* what it means and what to do */
    uint32_t status;
    alees_rc rc;
};
extern const struct problem_row problem_rows[PROBLEM_KINDS];

/* Codes of single fields, which stand in `errors` alone. */
struct problem_item_row {
    const char *code, *title, *help;
};
extern const struct problem_item_row problem_item_rows[];
extern const uint32_t problem_item_row_count;

#endif
