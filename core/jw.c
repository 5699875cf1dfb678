/* SPDX-License-Identifier: MIT
 * jw.c - JSON text, written from its beginning to its end. */
#include "jw.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "alees/util.h"

void jw_init(struct jw *w, struct str *out) {
    *w = (struct jw){.out = out};
}

static void new_line(struct jw *w) {
    str_putc(w->out, '\n');
    for (uint32_t i = 0; i < w->depth; i++) {
        str_puts(w->out, "  ");
    }
}

static void begin(struct jw *w, const char *key) {
    if (w->depth > 0) {
        if (w->has_some[w->depth - 1]) {
            str_putc(w->out, ',');
        }
        w->has_some[w->depth - 1] = true;
        if (w->depth <= w->lines) {
            new_line(w);
        }
    }
    if (key) {
        ASSERT(w->depth > 0 && w->closing[w->depth - 1] == '}');
        str_json(w->out, alees_text(key));
        str_puts(w->out, w->lines ? ": " : ":");
    }
}

static void open_with(struct jw *w, const char *key, char opening, char closing) {
    ASSERT(w->depth < JW_MAX_DEPTH);
    begin(w, key);
    str_putc(w->out, opening);
    w->has_some[w->depth] = false;
    w->closing[w->depth] = closing;
    w->depth++;
}

void jw_object(struct jw *w, const char *key) {
    open_with(w, key, '{', '}');
}

void jw_array(struct jw *w, const char *key) {
    open_with(w, key, '[', ']');
}

void jw_end(struct jw *w) {
    ASSERT(w->depth > 0);
    w->depth--;
    if (w->depth < w->lines && w->has_some[w->depth]) {
        new_line(w);
    }
    str_putc(w->out, w->closing[w->depth]);
    if (w->lines > 0 && w->depth == 0) {
        str_putc(w->out, '\n');
    }
}

void jw_text(struct jw *w, const char *key, alees_str text) {
    begin(w, key);
    str_json(w->out, text);
}

void jw_words(struct jw *w, const char *key, const char *text) {
    jw_text(w, key, alees_text(text));
}

void jw_printf(struct jw *w, const char *key, const char *format, ...) {
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    jw_words(w, key, text);
}

void jw_integer(struct jw *w, const char *key, int64_t number) {
    begin(w, key);
    str_i64(w->out, number);
}

void jw_boolean(struct jw *w, const char *key, bool truth) {
    begin(w, key);
    str_puts(w->out, truth ? "true" : "false");
}

void jw_json(struct jw *w, const char *key, const char *json) {
    begin(w, key);
    str_puts(w->out, json);
}
