/* SPDX-License-Identifier: MIT
 * jw.h - JSON text, written from its beginning to its end: for documents that are too long to be held as values. Level 2. */
#ifndef JW_H
#define JW_H

#include "str.h"

enum { JW_MAX_DEPTH = 32 };

struct jw {
    struct str *out;
    uint32_t depth;
    uint32_t lines; /* members as deep as this have a line each; 0: all is one line. May be set before the first */
    bool has_some[JW_MAX_DEPTH]; /* what is open: has it a member yet? */
    char closing[JW_MAX_DEPTH];
};

/* out must outlive it; whether there was memory for all of it str_done says. */
void jw_init(struct jw *w, struct str *out);

/* Each puts a member under key or, with key NULL, an item of a list, or the whole text. Members of one object have
 * different keys: that is the caller's to see to. */
void jw_object(struct jw *w, const char *key); /* until jw_end */
void jw_array(struct jw *w, const char *key);  /* until jw_end */
void jw_end(struct jw *w);
void jw_text(struct jw *w, const char *key, alees_str text); /* absent: null */
void jw_words(struct jw *w, const char *key, const char *text);
void jw_printf(struct jw *w, const char *key, const char *format, ...) PRINTF_LIKE(3, 4); /* at most 1,023 bytes */
void jw_integer(struct jw *w, const char *key, int64_t number);
void jw_boolean(struct jw *w, const char *key, bool truth);
void jw_json(struct jw *w, const char *key, const char *json); /* JSON text, as it is */

#endif
