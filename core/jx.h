/* SPDX-License-Identifier: MIT
 * jx.h - JSON values, on jansson (the only file that includes it is jx.c). Level 2. Values die with the arena. */
#ifndef JX_H
#define JX_H

#include "alees/json.h"
#include "problem.h"

enum {
    JX_MAX_DEPTH = 32,
    JX_MAX_VALUES = 65536, /* brackets and commas, each of which may stand for a value */
    JX_MAX_NUMBER = 128    /* characters of one number */
};

void jx_init(void); /* once, before any thread: jansson's hash seed */

/* Strict: one value of UTF-8 without NUL, lone surrogates and duplicate keys, at most JX_MAX_DEPTH deep and JX_MAX_VALUES
 * large, numbers that a double or an int64 holds exactly. Depth, size and numbers are looked at before jansson sees the
 * text. On failure the problem is set (MALFORMED_JSON, with line and column) and E_MALFORMED returned; E_NOMEM. */
alees_rc jx_parse(struct arena *arena, struct problem *problem, alees_str text, alees_json **ret_value) MUST_CHECK;

uint32_t jx_kind(const alees_json *v); /* ALEES_JSON_*; NULL is ALEES_JSON_ABSENT */
uint32_t jx_size(const alees_json *v);
const alees_json *jx_get(const alees_json *object, const char *key);
const alees_json *jx_at(const alees_json *array, uint32_t index);
alees_str jx_text(const alees_json *v); /* absent unless a string; NUL behind it */
alees_rc jx_integer(const alees_json *v, int64_t *ret_number);
bool jx_is_true(const alees_json *v);
bool jx_is_equal(const alees_json *a, const alees_json *b); /* the order of members apart */
double jx_real(const alees_json *v);                        /* of an integer or a real, else 0 */

/* Calls each(key, value) over an object in order, until it returns false. */
void jx_each(const alees_json *object, bool (*each)(void *data, alees_str key, const alees_json *value), void *data);

alees_json *jx_object(struct arena *arena);
alees_json *jx_array(struct arena *arena);
alees_rc jx_put(alees_json *target, const char *key, alees_json *value);
alees_rc jx_put_text(alees_json *target, const char *key, alees_str text);
alees_rc jx_put_integer(alees_json *target, const char *key, int64_t number);
alees_rc jx_put_boolean(alees_json *target, const char *key, bool truth);

void jx_write(const alees_json *v, struct str *out);  /* compact */
void jx_pretty(const alees_json *v, struct str *out); /* two spaces, for people */

#endif
