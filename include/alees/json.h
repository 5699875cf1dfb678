/* SPDX-License-Identifier: MIT
 *
 * alees/json.h - JSON values that die with their ctx: nothing to free, nothing to count.
 */
#ifndef ALEES_JSON_H
#define ALEES_JSON_H

#include "alees/abi.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
    ALEES_JSON_ABSENT,
    ALEES_JSON_NULL,
    ALEES_JSON_BOOLEAN,
    ALEES_JSON_INTEGER,
    ALEES_JSON_REAL,
    ALEES_JSON_STRING,
    ALEES_JSON_ARRAY,
    ALEES_JSON_OBJECT
};

#define ALEES_JSON_V1 "alees.json/1"
struct alees_json_v1 {
    uint32_t struct_size, reserved0;
    /* Depth, size and numbers limited, duplicate keys and invalid UTF-8 refused: E_MALFORMED. [owner] */
    alees_rc (*parse)(alees_ctx *ctx, alees_str text, alees_json **ret_value);
    uint32_t (*kind)(const alees_json *value);                           /* NULL: ALEES_JSON_ABSENT. [owner] */
    uint32_t (*size)(const alees_json *value);                           /* of an array or object. [owner] */
    const alees_json *(*get)(const alees_json *object, const char *key); /* NULL if absent. [owner] */
    const alees_json *(*at)(const alees_json *array, uint32_t index);    /* NULL past the end. [owner] */
    alees_str (*text)(const alees_json *value);                          /* absent unless a string. [owner] */
    alees_rc (*integer)(const alees_json *value, int64_t *ret_number);   /* E_INVALID unless one. [owner] */
    uint32_t (*is_true)(const alees_json *value);                        /* [owner] */
    alees_json *(*object)(alees_ctx *ctx);                               /* NULL: out of memory. [owner] */
    alees_json *(*array)(alees_ctx *ctx);                                /* NULL: out of memory. [owner] */
    /* Into an object under key, or, with key NULL, at the end of an array. Text is copied; an absent text puts null.
     * E_NOMEM, or E_INVALID for a wrong target or invalid UTF-8. [owner] */
    alees_rc (*put)(alees_json *target, const char *key, alees_json *value); /* value of the same ctx, put once */
    alees_rc (*put_text)(alees_json *target, const char *key, alees_str text);
    alees_rc (*put_integer)(alees_json *target, const char *key, int64_t number);
    alees_rc (*put_boolean)(alees_json *target, const char *key, uint32_t truth);
};

#ifdef __cplusplus
}
#endif
#endif
