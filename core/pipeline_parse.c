/* SPDX-License-Identifier: MIT
 * pipeline_parse.c - the text of a request: percent-encoding, the query, the parts of headers. */
#include <string.h>

#include "pipeline_impl.h"

enum { MAX_PARAMETERS = 100, MAX_REQUEST_ID = 36 };

static int hex_digit(char c) {
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    if (c >= 'A' && c <= 'F') {
        return c - 'A' + 10;
    }
    return -1;
}

bool pipeline_decode(struct arena *arena, alees_str text, bool is_query, alees_str *ret_decoded) {
    alees_str decoded = {NULL, 0};
    char *out = arena_alloc(arena, text.len + 1);
    if (!out) {
        *ret_decoded = decoded;
        return true;
    }
    decoded.ptr = out;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (c == '%') {
            int high = i + 2 < text.len ? hex_digit(text.ptr[i + 1]) : -1;
            int low = high >= 0 ? hex_digit(text.ptr[i + 2]) : -1;
            if (low < 0) {
                return false;
            }
            c = (char)(high << 4 | low);
            i += 2;
        } else if (c == '+' && is_query) {
            c = ' ';
        }
        out[decoded.len++] = c;
    }
    if (!str_is_utf8(decoded)) {
        return false;
    }
    *ret_decoded = decoded;
    return true;
}

alees_str pipeline_next_part(alees_str *rest, char separator) {
    const char *end = rest->len ? memchr(rest->ptr, separator, rest->len) : NULL;
    alees_str part = {rest->ptr, end ? (size_t)(end - rest->ptr) : rest->len};
    size_t taken = end ? part.len + 1 : part.len;
    rest->ptr += taken;
    rest->len -= taken;
    return part;
}

alees_str pipeline_trim(alees_str text) {
    while (text.len && (text.ptr[0] == ' ' || text.ptr[0] == '\t')) {
        text.ptr++;
        text.len--;
    }
    while (text.len && (text.ptr[text.len - 1] == ' ' || text.ptr[text.len - 1] == '\t')) {
        text.len--;
    }
    return text;
}

static size_t count_parameters(alees_str query) {
    size_t count = 1;
    for (size_t i = 0; i < query.len; i++) {
        count += query.ptr[i] == '&';
    }
    return count;
}

alees_rc pipeline_parse_query(alees_ctx *ctx) {
    alees_str rest = ctx->request.query;
    size_t count = count_parameters(rest);
    if (rest.len == 0) {
        return ALEES_OK;
    }
    if (count > MAX_PARAMETERS) {
        return problem_set(&ctx->problem, PROBLEM_BAD_REQUEST, "The query has more than %d parameters.",
                           MAX_PARAMETERS);
    }
    ctx->parameters = ARENA_ARRAY(ctx->arena, struct ctx_parameter, count);
    if (!ctx->parameters) {
        return ALEES_E_NOMEM;
    }
    while (rest.len) {
        alees_str value = pipeline_next_part(&rest, '&');
        struct ctx_parameter *p = &ctx->parameters[ctx->parameter_count];
        if (value.len == 0) {
            continue;
        }
        alees_str name = pipeline_next_part(&value, '=');
        if (!pipeline_decode(ctx->arena, name, true, &p->name) ||
            !pipeline_decode(ctx->arena, value, true, &p->value)) {
            return problem_set(
                &ctx->problem, PROBLEM_BAD_REQUEST,
                "The query is not valid: a %% must be followed by two hexadecimal digits, and the result "
                "must be UTF-8 without NUL.");
        }
        if (!p->name.ptr || !p->value.ptr) {
            return ALEES_E_NOMEM;
        }
        ctx->parameter_count++;
    }
    return ALEES_OK;
}

bool pipeline_is_request_id(alees_str text) {
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        bool is_word = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!is_word && c != '.' && c != '_' && c != '-') {
            return false;
        }
    }
    return text.len >= 1 && text.len <= MAX_REQUEST_ID;
}
