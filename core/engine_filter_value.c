/* SPDX-License-Identifier: MIT
 * engine_filter_value.c - what is sent with an operator -> the values that are bound. A value to compare with is checked
 * as one to write would be, but for bounds where it need not be one that a row can have: price__gte=0 is a fair question
 * even if prices begin at 1. */
#include "engine_filter.h"

#include <string.h>

/* One of a quoted list: on from the quote, over "" for one. Its end, or SIZE_MAX if it has none. */
static size_t read_quoted(alees_str text, size_t at, struct str *out) {
    for (at++; at < text.len; at++) {
        if (text.ptr[at] != '"') {
            str_putc(out, text.ptr[at]);
        } else if (at + 1 < text.len && text.ptr[at + 1] == '"') {
            str_putc(out, text.ptr[at++]);
        } else {
            return at + 1;
        }
    }
    return SIZE_MAX;
}

alees_rc engine_filter_split(struct arena *arena, alees_str text, struct engine_filter_sent *ret_sent) {
    alees_str *texts = ARENA_ARRAY(arena, alees_str, ENGINE_MAX_IN + 1);
    uint32_t count = 0;
    size_t at = 0;
    for (bool is_more = text.len > 0; texts != NULL && is_more && count <= ENGINE_MAX_IN; at++) {
        if (at < text.len && text.ptr[at] == '"') {
            struct str out;
            str_init(&out, arena, 32);
            at = read_quoted(text, at, &out);
            if (at == SIZE_MAX || (at < text.len && text.ptr[at] != ',')) {
                return ALEES_E_INVALID;
            }
            texts[count] = str_done(&out);
        } else {
            const char *comma = at < text.len ? memchr(text.ptr + at, ',', text.len - at) : NULL;
            size_t end = comma != NULL ? (size_t)(comma - text.ptr) : text.len;
            texts[count] = arena_str(arena, (alees_str){text.ptr + at, end - at});
            at = end;
        }
        if (texts[count++].ptr == NULL) {
            return ALEES_E_NOMEM;
        }
        is_more = at < text.len; /* at a comma, behind which there is another one, if only an empty one */
    }
    *ret_sent = (struct engine_filter_sent){texts, count, false};
    return texts != NULL ? ALEES_OK : ALEES_E_NOMEM;
}

/* One value of the type, in the words of the type; *ret_text is as PostgreSQL reads it. */
static alees_rc read_typed(struct engine_filter_reader *reader, const struct engine_filter *leaf, alees_str text,
                           alees_str *ret_text) {
    struct alees_field decl = *leaf->field->decl;
    bool is_equal = leaf->op == ENGINE_EQ || leaf->op == ENGINE_NE || leaf->op == ENGINE_IN;
    alees_ctx *ctx = reader->ctx;
    alees_rc rc;
    if (decl.type == ALEES_TAGS) {
        decl = (struct alees_field){.name = decl.name, .type = ALEES_TEXT, .min = 1, .max = ENGINE_MAX_TAG};
    } else if (decl.type == ALEES_REFERENCES) {
        decl = (struct alees_field){.name = decl.name, .type = ALEES_REFERENCE};
    } else if (decl.type == ALEES_JSON) {
        decl = (struct alees_field){.name = decl.name, .type = ALEES_TEXT, .max = ENGINE_MAX_PATTERN};
    } else if (!is_equal) {
        decl.min = decl.max = 0;
    }
    rc = engine_value_from_text(ctx, &decl, reader->parameter, text, ret_text);
    if (rc == ALEES_E_INVALID) {
        const struct problem_item *item = ctx->problem.items;
        alees_str fault = item != NULL ? arena_str(ctx->arena, item->detail) : (alees_str){NULL, 0};
        return engine_filter_bad(reader, fault.ptr != NULL ? fault.ptr : "has a bad value");
    }
    return rc;
}

static bool is_json_number(alees_str text) {
    struct engine_decimal ignored;
    size_t first = text.len > 0 && text.ptr[0] == '-' ? 1 : 0;
    bool has_zeros = text.len > first + 1 && text.ptr[first] == '0' && text.ptr[first + 1] >= '0' &&
                     text.ptr[first + 1] <= '9'; /* an article number, say */
    return !has_zeros && engine_decimal_parse(text, &ignored);
}

static bool is_json_scalar(alees_str text) {
    return str_equal(text, "true") || str_equal(text, "false") || str_equal(text, "null") || is_json_number(text);
}

/* The scalar, a JSON text or what is one already, as the member of objects that the path names. */
static alees_str nest(const struct engine_filter_reader *reader, const struct engine_filter *leaf, alees_str text,
                      bool is_text) {
    struct str out;
    str_init(&out, reader->ctx->arena, text.len + 32);
    for (uint32_t i = 0; i < leaf->path_count; i++) {
        str_putc(&out, '{');
        str_json(&out, leaf->path[i]);
        str_putc(&out, ':');
    }
    if (is_text) {
        str_json(&out, text);
    } else {
        str_view(&out, text);
    }
    for (uint32_t i = 0; i < leaf->path_count; i++) {
        str_putc(&out, '}');
    }
    return str_done(&out);
}

static alees_rc keep(struct engine_filter_reader *reader, struct engine_filter *leaf, alees_str value) {
    if (value.ptr == NULL) {
        return engine_value_nomem(&reader->ctx->problem);
    }
    leaf->values[leaf->value_count++] = value;
    return ALEES_OK;
}

/* One element of an array literal. */
static void put_element(struct str *out, alees_str text) {
    str_puts(out, out->len > 1 ? ",\"" : "\"");
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == '"' || text.ptr[i] == '\\') {
            str_putc(out, '\\');
        }
        str_putc(out, text.ptr[i]);
    }
    str_putc(out, '"');
}

/* A number as custom fields may have it: as a number, or as the text of a decimal, with zeros behind it or without. */
static void put_numbers(const struct engine_filter_reader *reader, const struct engine_filter *leaf, alees_str text,
                        struct str *out) {
    enum { ZEROS = 6 };
    size_t len = text.len;
    bool has_point = memchr(text.ptr, '.', len) != NULL, has_exponent = false;
    for (size_t i = 0; i < len; i++) {
        has_exponent = has_exponent || text.ptr[i] == 'e' || text.ptr[i] == 'E';
    }
    put_element(out, nest(reader, leaf, text, false));
    put_element(out, nest(reader, leaf, text, true));
    if (has_exponent) {
        return;
    }
    while (has_point && (text.ptr[len - 1] == '0' || text.ptr[len - 1] == '.')) {
        has_point = text.ptr[--len] != '.';
    }
    for (int zeros = 0; zeros <= ZEROS; zeros++) {
        alees_str other = arena_printf(reader->ctx->arena, "%.*s%s%.*s", (int)len, text.ptr,
                                       zeros > 0 && !has_point ? "." : "", zeros, "000000");
        if (other.ptr != NULL && !alees_equal(other, text)) {
            put_element(out, nest(reader, leaf, other, true));
        }
    }
}

static bool is_custom(const struct engine_filter *leaf) {
    return (leaf->field->decl->flags & ALEES_CUSTOM) != 0;
}

/* The member is the text, or what the text reads as. */
static alees_rc read_member(struct engine_filter_reader *reader, struct engine_filter *leaf, alees_str text) {
    bool is_equal = leaf->op == ENGINE_EQ || leaf->op == ENGINE_NE;
    struct engine_filter none = {.path_count = 0};
    alees_rc rc = read_typed(reader, leaf, text, &text);
    if (rc == ALEES_OK && is_equal && is_custom(leaf) && is_json_scalar(text)) {
        struct str out;
        str_init(&out, reader->ctx->arena, 256);
        str_putc(&out, '{');
        if (is_json_number(text)) {
            put_numbers(reader, leaf, text, &out);
        } else {
            put_element(&out, nest(reader, leaf, text, true));
            put_element(&out, nest(reader, leaf, text, false));
        }
        str_putc(&out, '}');
        leaf->variant = 1;
        return keep(reader, leaf, str_done(&out));
    }
    if (rc == ALEES_OK && is_equal) {
        leaf->variant = is_json_scalar(text);
        rc = keep(reader, leaf, nest(reader, leaf, text, true));
        return rc == ALEES_OK && leaf->variant == 1 ? keep(reader, leaf, nest(reader, leaf, text, false)) : rc;
    }
    return rc == ALEES_OK ? keep(reader, leaf, nest(reader, &none, text, leaf->variant == 0)) : rc;
}

static alees_rc read_value(struct engine_filter_reader *reader, struct engine_filter *leaf, alees_str text) {
    alees_str value = {NULL, 0};
    alees_rc rc;
    if (leaf->path_count > 0) {
        return read_member(reader, leaf, text);
    }
    rc = read_typed(reader, leaf, text, &value);
    return rc == ALEES_OK ? keep(reader, leaf, value) : rc;
}

static alees_rc read_list(struct engine_filter_reader *reader, const struct engine_filter_sent *sent,
                          struct engine_filter *leaf) {
    struct engine_filter none = {.path_count = 0};
    struct str out;
    alees_rc rc = ALEES_OK;
    if (sent->count == 0 || sent->count > ENGINE_MAX_IN) {
        return engine_filter_bad(reader, "must hold 1 to 100 values, separated by commas");
    }
    str_init(&out, reader->ctx->arena, 64);
    str_putc(&out, '{');
    for (uint32_t i = 0; i < sent->count && rc == ALEES_OK; i++) {
        alees_str value = {NULL, 0};
        rc = read_typed(reader, leaf, sent->texts[i], &value);
        if (rc == ALEES_OK && leaf->path_count > 0) {
            if (is_custom(leaf) && is_json_number(value)) {
                put_numbers(reader, &none, value, &out);
                continue;
            }
            put_element(&out, nest(reader, &none, value, true));
            if (is_json_scalar(value)) {
                put_element(&out, value);
            }
        } else if (rc == ALEES_OK) {
            put_element(&out, value);
        }
    }
    str_putc(&out, '}');
    return rc == ALEES_OK ? keep(reader, leaf, str_done(&out)) : rc;
}

static alees_rc read_range(struct engine_filter_reader *reader, const struct engine_filter_sent *sent,
                           struct engine_filter *leaf) {
    alees_rc rc;
    if (sent->count != 2) {
        return engine_filter_bad(reader, "must be two values, separated by a comma");
    }
    leaf->variant = leaf->path_count > 0 && is_json_number(sent->texts[0]) && is_json_number(sent->texts[1]);
    rc = read_value(reader, leaf, sent->texts[0]);
    return rc == ALEES_OK ? read_value(reader, leaf, sent->texts[1]) : rc;
}

/* Its own % _ and \ are characters like any other. */
static alees_rc read_pattern(struct engine_filter_reader *reader, struct engine_filter *leaf, alees_str text) {
    enum engine_operator op = leaf->op;
    bool is_start = op == ENGINE_STARTSWITH || op == ENGINE_ISTARTSWITH;
    struct str out;
    if (!str_is_utf8(text)) {
        return engine_filter_bad(reader, "must be valid UTF-8 without NUL");
    }
    if (text.len == 0 || str_characters(text) > ENGINE_MAX_PATTERN) {
        return engine_filter_bad(reader, "must be a text of 1 to 1000 characters");
    }
    str_init(&out, reader->ctx->arena, text.len + 8);
    str_puts(&out, is_start ? "" : "%");
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == '%' || text.ptr[i] == '_' || text.ptr[i] == '\\') {
            str_putc(&out, '\\');
        }
        str_putc(&out, text.ptr[i]);
    }
    str_puts(&out, op == ENGINE_IENDSWITH ? "" : "%");
    return keep(reader, leaf, str_done(&out));
}

static alees_rc read_object(struct engine_filter_reader *reader, struct engine_filter *leaf, alees_str text) {
    alees_ctx *ctx = reader->ctx;
    struct problem problem;
    alees_json *value = NULL;
    struct str out;
    alees_rc rc;
    problem_init(&problem, ctx->arena);
    rc = jx_parse(ctx->arena, &problem, text, &value);
    if (rc == ALEES_E_NOMEM) {
        return engine_value_nomem(&ctx->problem);
    }
    if (rc != ALEES_OK || jx_kind(value) != ALEES_JSON_OBJECT) {
        return engine_filter_bad(reader,
                                 "must be a JSON object; for one of its members, name it behind two underscores");
    }
    str_init(&out, ctx->arena, text.len + 8);
    jx_write(value, &out);
    return keep(reader, leaf, str_done(&out));
}

static alees_rc read_truth(struct engine_filter_reader *reader, struct engine_filter *leaf, alees_str text) {
    if (!str_equal(text, "true") && !str_equal(text, "false")) {
        return engine_filter_bad(reader, "must be true or false");
    }
    leaf->variant = str_equal(text, "false");
    return ALEES_OK;
}

/* "= null" is isnull in other words. */
static alees_rc read_null(struct engine_filter_reader *reader, struct engine_filter *leaf) {
    if (leaf->op != ENGINE_EQ && leaf->op != ENGINE_NE) {
        return engine_filter_bad(reader, "must not be null");
    }
    leaf->variant = leaf->op == ENGINE_NE;
    leaf->op = ENGINE_ISNULL;
    return ALEES_OK;
}

/* A parameter has no other way to say null. */
static bool means_null(const struct engine_filter_reader *reader, const struct engine_filter_sent *sent,
                       const struct engine_filter *leaf) {
    const struct alees_field *decl = leaf->field->decl;
    return sent->is_null ||
           (!reader->is_nested && leaf->path_count == 0 && (leaf->op == ENGINE_EQ || leaf->op == ENGINE_NE) &&
            sent->count == 1 && (decl->flags & ALEES_NULLABLE) != 0 && decl->type != ALEES_TEXT &&
            str_equal(sent->texts[0], "null"));
}

alees_rc engine_filter_read_values(struct engine_filter_reader *reader, const struct engine_filter_sent *sent,
                                   struct engine_filter *leaf) {
    bool is_member = leaf->path_count > 0;
    const struct engine_filter_form *form = engine_filter_form(leaf->field->decl, is_member, leaf->op);
    if (means_null(reader, sent, leaf)) {
        return read_null(reader, leaf);
    }
    switch (form->takes) {
    case ENGINE_TAKES_ITEM:
    case ENGINE_TAKES_LIST: return read_list(reader, sent, leaf);
    case ENGINE_TAKES_RANGE: return read_range(reader, sent, leaf);
    case ENGINE_TAKES_PATTERN: return read_pattern(reader, leaf, sent->texts[0]);
    case ENGINE_TAKES_TRUTH: return read_truth(reader, leaf, sent->texts[0]);
    case ENGINE_TAKES_OBJECT: return read_object(reader, leaf, sent->texts[0]);
    case ENGINE_TAKES_VALUE: break;
    }
    leaf->variant = form->sql[1] != NULL && is_json_number(sent->texts[0]);
    return read_value(reader, leaf, sent->texts[0]);
}
