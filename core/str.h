/* SPDX-License-Identifier: MIT
 * str.h - text that is being built, in an arena, with an error that sticks: append ten times, check once. Level 1. */
#ifndef STR_H
#define STR_H

#include "arena.h"

struct str {
    struct arena *arena;
    char *ptr;
    size_t len, cap;
    bool failed; /* out of memory once; every later append does nothing */
};

void str_init(struct str *s, struct arena *arena, size_t capacity);
/* In a buffer of the caller's instead: what does not fit fails. */
void str_init_fixed(struct str *s, char *buffer, size_t capacity);
void str_put(struct str *s, const char *bytes, size_t len);
void str_puts(struct str *s, const char *text);
void str_putc(struct str *s, char c);
void str_view(struct str *s, alees_str text);
void str_u64(struct str *s, uint64_t number);
void str_i64(struct str *s, int64_t number);
void str_printf(struct str *s, const char *format, ...) PRINTF_LIKE(2, 3);
void str_id(struct str *s, const alees_id *id);
/* "quoted and escaped" (RFC 8259); null if absent; a byte that is not UTF-8 becomes \ufffd. */
void str_json(struct str *s, alees_str text);
void str_ident(struct str *s, const char *name); /* "quoted" as an SQL identifier */
/* The whole as a view with a NUL behind it; absent if an append failed. */
alees_str str_done(struct str *s) MUST_CHECK;

/* Views. */
bool str_equal(alees_str a, const char *b);
bool str_equal_nocase(alees_str a, const char *b); /* ASCII */
bool str_starts(alees_str text, const char *prefix);
bool str_parse_i64(alees_str text, int64_t *ret_number);
/* Bytes (1 to 4) of the valid UTF-8 sequence at the start of text, 0 if there is none; a NUL counts as one. */
size_t str_utf8_step(alees_str text);
bool str_is_utf8(alees_str text);      /* valid, without NUL and surrogates (RFC 3629) */
size_t str_characters(alees_str text); /* of valid UTF-8 */
/* The nearest of count names by edit distance; NULL if none is near. stride as in alees_list; the name is the const
 * char * at the start of each item. */
const char *str_nearest(alees_str word, const void *items, size_t count, size_t stride);

#endif
