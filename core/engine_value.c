/* SPDX-License-Identifier: MIT
 * engine_value.c - one declared value, from JSON or from the text of a query, into the text that PostgreSQL reads.
 * Nothing is guessed, rounded or cut: a value fits its declaration or is refused with what would fit. */
#include "engine_parts.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct wanted {
    struct arena *arena;
    struct problem *problem;
    const struct alees_field *field;
    alees_str pointer;
};

#define WRONG(w, code, ...) (problem_add((w)->problem, (w)->pointer, (code), __VA_ARGS__), ALEES_E_INVALID)

alees_rc engine_value_nomem(struct problem *problem) {
    return problem_set(problem, PROBLEM_OUT_OF_MEMORY, "The request needs too much memory; send or ask for less.");
}

/* Gives text back through *ret_text, or says that there was no memory for it. */
static alees_rc made(const struct wanted *w, alees_str text, alees_str *ret_text) {
    if (text.ptr == NULL) {
        return engine_value_nomem(w->problem);
    }
    *ret_text = text;
    return ALEES_OK;
}

const char *engine_value_quote(struct arena *arena, alees_str text) {
    enum { SHOWN = 40 };
    size_t len = text.len < SHOWN ? text.len : SHOWN;
    alees_str quoted;
    while (len > 0 && len < text.len && ((unsigned char)text.ptr[len] & 0xC0) == 0x80) {
        len--; /* not inside a character */
    }
    if (!str_is_utf8(text)) {
        return "(not UTF-8)";
    }
    quoted = arena_printf(arena, "\"%.*s%s\"", (int)len, len > 0 ? text.ptr : "", len < text.len ? "..." : "");
    return quoted.ptr != NULL ? quoted.ptr : "";
}

const char *engine_value_nearest(struct arena *arena, alees_str word, const char *const *names, uint32_t count) {
    const char *nearest = str_is_utf8(word) ? str_nearest(word, names, count, sizeof names[0]) : NULL;
    alees_str text = {NULL, 0};
    if (nearest != NULL) {
        text = arena_printf(arena, "; did you mean \"%s\"?", nearest);
    }
    return text.ptr != NULL ? text.ptr : "";
}

alees_str engine_value_pointer(struct arena *arena, alees_str name) {
    struct str s;
    alees_str pointer;
    str_init(&s, arena, name.len + 8);
    str_putc(&s, '/');
    for (size_t i = 0; i < name.len; i++) {
        if (name.ptr[i] == '~') {
            str_puts(&s, "~0");
        } else if (name.ptr[i] == '/') {
            str_puts(&s, "~1");
        } else {
            str_putc(&s, name.ptr[i]);
        }
    }
    pointer = str_done(&s);
    return pointer.ptr != NULL ? pointer : STR_LIT("");
}

static alees_rc read_text(const struct wanted *w, alees_str text, alees_str *ret_text) {
    size_t count = str_characters(text);
    size_t most = w->field->max > 0 ? (size_t)w->field->max : ENGINE_MAX_TEXT;
    if (count > most) {
        return WRONG(w, "too_long", "must be at most %zu character%s, not %zu", most, most == 1 ? "" : "s", count);
    }
    if (w->field->min > 0 && count < (size_t)w->field->min) {
        return count == 0
                   ? WRONG(w, "too_short", "must not be empty")
                   : WRONG(w, "too_short", "must be at least %" PRId64 " characters, not %zu", w->field->min, count);
    }
    *ret_text = text;
    return ALEES_OK;
}

static alees_rc read_boolean(const struct wanted *w, alees_str text, alees_str *ret_text) {
    if (!str_equal(text, "true") && !str_equal(text, "false")) {
        return WRONG(w, "wrong_type", "must be true or false");
    }
    *ret_text = text;
    return ALEES_OK;
}

static alees_rc check_integer(const struct wanted *w, int64_t number) {
    const struct alees_field *f = w->field;
    if (f->min == 0 && f->max == 0) {
        return ALEES_OK;
    }
    if (number < f->min) {
        return WRONG(w, "too_small", "must be at least %" PRId64, f->min);
    }
    if (number > f->max) {
        return WRONG(w, "too_large", "must be at most %" PRId64, f->max);
    }
    return ALEES_OK;
}

static alees_rc read_integer(const struct wanted *w, alees_str text, alees_str *ret_text) {
    int64_t number;
    alees_rc rc;
    if (!str_parse_i64(text, &number)) {
        return WRONG(w, "wrong_type", "must be a whole number from %" PRId64 " to %" PRId64, INT64_MIN, INT64_MAX);
    }
    rc = check_integer(w, number);
    return rc != ALEES_OK ? rc : made(w, arena_printf(w->arena, "%" PRId64, number), ret_text);
}

static alees_rc read_decimal(const struct wanted *w, alees_str text, alees_str *ret_text) {
    const struct alees_field *f = w->field;
    struct engine_decimal d;
    if (!engine_decimal_parse(text, &d)) {
        return WRONG(w, "invalid_format", "must be a decimal number of at most %d characters, such as \"12.50\"",
                     ENGINE_MAX_DECIMAL);
    }
    if (f->min != 0 || f->max != 0) {
        if (f->min > INT64_MIN && engine_decimal_compare(&d, f->min) < 0) {
            return WRONG(w, "too_small", "must be at least %" PRId64, f->min);
        }
        if (f->max < INT64_MAX && engine_decimal_compare(&d, f->max) > 0) {
            return WRONG(w, "too_large", "must be at most %" PRId64, f->max);
        }
    }
    *ret_text = text;
    return ALEES_OK;
}

static alees_rc read_date(const struct wanted *w, alees_str text, alees_str *ret_text) {
    if (!engine_calendar_date(text)) {
        return WRONG(w, "invalid_format", "must be a date that exists, such as \"2026-11-22\"");
    }
    *ret_text = text;
    return ALEES_OK;
}

static alees_rc read_timestamp(const struct wanted *w, alees_str text, alees_str *ret_text) {
    char out[28];
    const char *fault = engine_calendar_timestamp(text, out);
    if (fault != NULL) {
        return WRONG(w, "invalid_format", "%s", fault);
    }
    return made(w, arena_str(w->arena, (alees_str){out, sizeof out - 1}), ret_text);
}

static alees_rc read_uuid(const struct wanted *w, alees_str text, alees_str *ret_text) {
    alees_id id;
    char out[37];
    if (alees_id_parse(text, &id) != ALEES_OK) {
        return WRONG(w, "invalid_format",
                     w->field->type == ALEES_REFERENCE ? "must be the id of a row, such as "
                                                         "\"0193a5e0-7c2b-7d3e-9f10-2b6c4d8e1a55\""
                     : w->field->type == ALEES_REFERENCES
                         ? "must hold ids of rows, such as \"0193a5e0-7c2b-7d3e-9f10-2b6c4d8e1a55\""
                         : "must be a UUID, such as \"0193a5e0-7c2b-7d3e-9f10-2b6c4d8e1a55\"");
    }
    return made(w, arena_str(w->arena, (alees_str){alees_id_format(&id, out), 36}), ret_text);
}

/* None of the choices: says which there are. */
static alees_rc refuse_choice(const struct wanted *w, alees_str text) {
    const char *names[256];
    uint32_t count = 0;
    struct str list;
    alees_str choices;
    str_init(&list, w->arena, 128);
    for (const char *p = w->field->choices; p != NULL && *p != '\0';) {
        size_t len = strcspn(p, "|");
        if (list.len > 0) {
            str_puts(&list, ", ");
        }
        str_put(&list, p, len);
        if (count < ARRAY_LEN(names)) {
            names[count] = arena_dup(w->arena, p, len);
            count += names[count] != NULL;
        }
        p += len + (p[len] == '|');
    }
    choices = str_done(&list);
    return WRONG(w, "not_a_choice", "must be one of %s%s", choices.ptr != NULL ? choices.ptr : "the choices",
                 engine_value_nearest(w->arena, text, names, count));
}

static alees_rc read_choice(const struct wanted *w, alees_str text, alees_str *ret_text) {
    for (const char *p = w->field->choices; p != NULL && *p != '\0';) {
        size_t len = strcspn(p, "|");
        if (len == text.len && memcmp(p, text.ptr, len) == 0) {
            *ret_text = text;
            return ALEES_OK;
        }
        p += len + (p[len] == '|');
    }
    return refuse_choice(w, text);
}

static alees_rc check_tag(const struct wanted *w, alees_str tag) {
    size_t count = tag.ptr != NULL ? str_characters(tag) : 0;
    if (tag.ptr == NULL) {
        return WRONG(w, "wrong_type", "must be a list of texts");
    }
    if (count == 0 || count > ENGINE_MAX_TAG) {
        return WRONG(w, "too_long", "must hold texts of 1 to %d characters", ENGINE_MAX_TAG);
    }
    return ALEES_OK;
}

/* One element of an array literal. */
static void put_tag(struct str *out, alees_str tag) {
    str_putc(out, '"');
    for (size_t i = 0; i < tag.len; i++) {
        if (tag.ptr[i] == '"' || tag.ptr[i] == '\\') {
            str_putc(out, '\\');
        }
        str_putc(out, tag.ptr[i]);
    }
    str_putc(out, '"');
}

/* Of a query: the one tag to look for, as a list. */
static alees_rc read_tag(const struct wanted *w, alees_str text, alees_str *ret_text) {
    struct str out;
    alees_rc rc = check_tag(w, text);
    if (rc != ALEES_OK) {
        return rc;
    }
    str_init(&out, w->arena, text.len + 8);
    str_putc(&out, '{');
    put_tag(&out, text);
    str_putc(&out, '}');
    return made(w, str_done(&out), ret_text);
}

/* One item of a list, as it will be compared and written. */
static alees_rc read_item(const struct wanted *w, const alees_json *value, alees_str *ret_item) {
    alees_str text = jx_text(value);
    if (w->field->type == ALEES_TAGS) {
        *ret_item = text;
        return check_tag(w, text);
    }
    return text.ptr != NULL ? read_uuid(w, text, ret_item) : WRONG(w, "wrong_type", "must be a list of ids of rows");
}

static alees_rc check_count(const struct wanted *w, uint32_t count) {
    int64_t most = w->field->max != 0 ? w->field->max : ENGINE_MAX_TAGS;
    const char *what = w->field->type == ALEES_TAGS ? "texts" : "ids";
    if (count > most) {
        return WRONG(w, "too_many", "must hold at most %" PRId64 " %s, not %u", most, what, (unsigned)count);
    }
    if (count < w->field->min) {
        return WRONG(w, "too_few", "must hold at least %" PRId64 " %s, not %u", w->field->min, what, (unsigned)count);
    }
    return ALEES_OK;
}

/* An array into an array literal, in its order, nothing twice. */
static alees_rc read_list(const struct wanted *w, const alees_json *value, alees_str *ret_text) {
    struct str out;
    uint32_t count = jx_size(value);
    alees_str *items = ARENA_ARRAY(w->arena, alees_str, count + 1);
    alees_rc rc = items != NULL ? check_count(w, count) : engine_value_nomem(w->problem);
    str_init(&out, w->arena, 64);
    str_putc(&out, '{');
    for (uint32_t i = 0; i < count && rc == ALEES_OK; i++) {
        rc = read_item(w, jx_at(value, i), &items[i]);
        for (uint32_t j = 0; j < i && rc == ALEES_OK; j++) {
            if (alees_equal(items[i], items[j])) {
                rc = WRONG(w, "duplicate", "must not hold %s twice", engine_value_quote(w->arena, items[i]));
            }
        }
        str_puts(&out, i > 0 ? "," : "");
        if (rc == ALEES_OK && w->field->type == ALEES_TAGS) {
            put_tag(&out, items[i]);
        } else if (rc == ALEES_OK) {
            str_view(&out, items[i]);
        }
    }
    str_putc(&out, '}');
    return rc == ALEES_OK ? made(w, str_done(&out), ret_text) : rc;
}

static alees_rc read_object(const struct wanted *w, const alees_json *value, alees_str *ret_text) {
    struct str out;
    str_init(&out, w->arena, 256);
    jx_write(value, &out);
    if (out.len > ENGINE_MAX_TEXT) {
        return WRONG(w, "too_long", "must be at most %d bytes of JSON", ENGINE_MAX_TEXT);
    }
    return made(w, str_done(&out), ret_text);
}

/* The shortest text that reads back as the same number: what the client wrote, if it had at most 15 digits. */
static alees_rc read_number(const struct wanted *w, const alees_json *value, alees_str *ret_text) {
    char text[40];
    int64_t integer;
    int len = 0;
    alees_str copy;
    if (jx_integer(value, &integer) == ALEES_OK) {
        len = snprintf(text, sizeof text, "%" PRId64, integer);
    } else {
        double real = jx_real(value);
        for (int precision = 15; precision <= 17; precision++) {
            len = snprintf(text, sizeof text, "%.*g", precision, real);
            double back = strtod(text, NULL);
            if (!(back < real) && !(back > real)) { /* the shortest that reads back as the same number */
                break;
            }
        }
    }
    copy = arena_str(w->arena, (alees_str){text, (size_t)len});
    if (copy.ptr == NULL) {
        return engine_value_nomem(w->problem);
    }
    return read_decimal(w, copy, ret_text);
}

/* What JSON a type takes, in words, and who reads its text. */
static const struct {
    const char *expected;
    alees_rc (*read)(const struct wanted *w, alees_str text, alees_str *ret_text);
} types[] = {
    [ALEES_TEXT] = {"must be a text", read_text},
    [ALEES_BOOLEAN] = {"must be true or false", read_boolean},
    [ALEES_INTEGER] = {"must be a whole number", read_integer},
    [ALEES_DECIMAL] = {"must be a number, or a text such as \"12.50\"", read_decimal},
    [ALEES_DATE] = {"must be a text with a date, such as \"2026-11-22\"", read_date},
    [ALEES_TIMESTAMP] = {"must be a text such as \"2026-11-22T14:05:00Z\"", read_timestamp},
    [ALEES_UUID] = {"must be a text with a UUID", read_uuid},
    [ALEES_CHOICE] = {"must be a text", read_choice},
    [ALEES_REFERENCE] = {"must be a text with the id of a row", read_uuid},
    [ALEES_JSON] = {"must be an object", NULL},
    [ALEES_TAGS] = {"must be a list of texts", read_tag},
    [ALEES_REFERENCES] = {"must be a list of ids of rows", NULL},
};

/* A value that is not a JSON string, of a type that takes more than strings. */
static alees_rc read_other(const struct wanted *w, const alees_json *value, alees_str *ret_text) {
    uint32_t kind = jx_kind(value), type = w->field->type;
    if (type == ALEES_BOOLEAN && kind == ALEES_JSON_BOOLEAN) {
        *ret_text = jx_is_true(value) ? STR_LIT("true") : STR_LIT("false");
        return ALEES_OK;
    }
    if (type == ALEES_INTEGER && kind == ALEES_JSON_INTEGER) {
        int64_t number = 0;
        alees_rc rc = jx_integer(value, &number);
        rc = rc != ALEES_OK ? rc : check_integer(w, number);
        return rc != ALEES_OK ? rc : made(w, arena_printf(w->arena, "%" PRId64, number), ret_text);
    }
    if (type == ALEES_DECIMAL && (kind == ALEES_JSON_INTEGER || kind == ALEES_JSON_REAL)) {
        return read_number(w, value, ret_text);
    }
    if (type == ALEES_JSON && kind == ALEES_JSON_OBJECT) {
        return read_object(w, value, ret_text);
    }
    if ((type == ALEES_TAGS || type == ALEES_REFERENCES) && kind == ALEES_JSON_ARRAY) {
        return read_list(w, value, ret_text);
    }
    return WRONG(w, "wrong_type", "%s", types[type].expected);
}

alees_rc engine_value_json(struct arena *arena, struct problem *problem, const struct alees_field *field,
                           alees_str pointer, const alees_json *value, alees_str *ret_text) {
    const struct wanted w = {arena, problem, field, pointer};
    ASSERT(field->type > 0 && field->type < ARRAY_LEN(types));
    switch (jx_kind(value)) {
    case ALEES_JSON_NULL:
        if ((field->flags & ALEES_NULLABLE) == 0) {
            return WRONG(&w, "null", "must not be null");
        }
        *ret_text = (alees_str){NULL, 0};
        return ALEES_OK;
    case ALEES_JSON_STRING:
        switch (field->type) {
        case ALEES_BOOLEAN:
        case ALEES_INTEGER:
        case ALEES_JSON:
        case ALEES_TAGS:
        case ALEES_REFERENCES: return WRONG(&w, "wrong_type", "%s", types[field->type].expected);
        default: return types[field->type].read(&w, jx_text(value), ret_text);
        }
    default: return read_other(&w, value, ret_text);
    }
}

alees_rc engine_value_text(struct arena *arena, struct problem *problem, const struct alees_field *field,
                           alees_str pointer, alees_str text, alees_str *ret_text) {
    const struct wanted w = {arena, problem, field, pointer};
    ASSERT(field->type > 0 && field->type < ARRAY_LEN(types));
    alees_str copy = arena_str(arena, text); /* with a NUL behind it, as PostgreSQL wants it */
    if (copy.ptr == NULL) {
        return engine_value_nomem(problem);
    }
    if (!str_is_utf8(text)) {
        return WRONG(&w, "invalid_format", "must be valid UTF-8 without NUL");
    }
    if (types[field->type].read == NULL) {
        return WRONG(&w, "wrong_type", "cannot be given as text");
    }
    return types[field->type].read(&w, copy, ret_text);
}

alees_rc engine_value_from_json(alees_ctx *ctx, const struct alees_field *field, alees_str pointer,
                                const alees_json *value, alees_str *ret_text) {
    return engine_value_json(ctx->arena, &ctx->problem, field, pointer, value, ret_text);
}

alees_rc engine_value_from_text(alees_ctx *ctx, const struct alees_field *field, alees_str pointer, alees_str text,
                                alees_str *ret_text) {
    return engine_value_text(ctx->arena, &ctx->problem, field, pointer, text, ret_text);
}
