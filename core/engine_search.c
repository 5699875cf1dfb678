/* SPDX-License-Identifier: MIT
 * engine_search.c - ?search=: words -> the condition that finds the rows which have all of them.
 *
 * Each word must be the beginning of a word of the row's document (resource.h), or occur anywhere in one of the fields
 * that are SUBSTRING. Where no field is, all words are asked of the document at once. Fields that the caller may not read
 * are left out of both: then it is not the document that is indexed, and PostgreSQL works it out row by row. */
#include <string.h>

#include "engine_parts.h"

enum { MAX_CHARACTERS = 200 };

bool engine_search_may(const struct resource *r, const bool *may) {
    for (uint32_t i = 0; i < r->field_count; i++) {
        if (resource_is_searched(r, may, i)) {
            return true;
        }
    }
    return false;
}

static bool is_substring(const struct resource *r, const bool *may, uint32_t field) {
    return resource_is_searched(r, may, field) && (r->fields[field].decl->flags & ALEES_SUBSTRING) != 0;
}

static bool has_substring(const struct resource *r, const bool *may) {
    for (uint32_t i = 0; i < r->field_count; i++) {
        if (is_substring(r, may, i)) {
            return true;
        }
    }
    return false;
}

/* ASCII's white space and what else separates words on keyboards: the space that does not break, the ideographic one. */
static size_t space(alees_str text, size_t at) {
    static const char *const spaces[] = {" ", "\t", "\n", "\v", "\f", "\r", "\xc2\xa0", "\xe3\x80\x80"};
    for (size_t i = 0; i < ARRAY_LEN(spaces); i++) {
        size_t length = strlen(spaces[i]);
        if (length <= text.len - at && memcmp(text.ptr + at, spaces[i], length) == 0) {
            return length;
        }
    }
    return 0;
}

/* The length of a dash, a quotation mark and their like, U+2000 to U+206F, and of what ASCII lacks of them; 0: none. */
static size_t punctuation(alees_str word, size_t at) {
    static const char *const others[] = {"\xc2\xa1", "\xc2\xa7", "\xc2\xab", "\xc2\xb7", "\xc2\xbb", "\xc2\xbf"};
    const char *p = word.ptr + at;
    if (word.len - at >= 3 && (memcmp(p, "\xe2\x80", 2) == 0 || memcmp(p, "\xe2\x81", 2) == 0)) {
        return (unsigned char)p[1] == 0x80 || (unsigned char)p[2] < 0xb0 ? 3 : 0;
    }
    for (size_t i = 0; i < ARRAY_LEN(others) && word.len - at >= 2; i++) {
        if (memcmp(p, others[i], 2) == 0) {
            return 2;
        }
    }
    return 0;
}

/* What PostgreSQL sees as a word, or might: whatever else is not ASCII counts as a letter. */
static bool has_letter(alees_str word) {
    for (size_t i = 0; i < word.len; i++) {
        unsigned char c = (unsigned char)word.ptr[i];
        size_t length = c >= 0x80 ? punctuation(word, i) : 0;
        if (length > 0) {
            i += length - 1;
            continue;
        }
        if (c >= 0x80 || (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z')) {
            return true;
        }
    }
    return false;
}

/* Words of nothing but punctuation, as in "nuts & bolts", are passed over. False: too many. */
static bool split(alees_str text, struct engine_search *search) {
    size_t start = 0;
    for (size_t at = 0; at <= text.len;) {
        size_t gap = at < text.len ? space(text, at) : 1;
        alees_str word = {text.ptr + start, at - start};
        if (gap == 0) {
            at++;
            continue;
        }
        if (has_letter(word)) {
            if (search->count == ENGINE_MAX_WORDS) {
                return false;
            }
            search->words[search->count++] = word;
        }
        at += gap;
        start = at;
    }
    return true;
}

alees_rc engine_search_read(alees_ctx *ctx, const struct ctx_parameter *p, struct engine_query *q) {
    const char *fault = NULL;
    q->search.text = p->value;
    if (str_characters(p->value) > MAX_CHARACTERS) {
        fault = "must have at most 200 characters";
    } else if (!split(p->value, &q->search)) {
        fault = "must have at most 8 words";
    } else if (q->search.count == 0) {
        fault = "must have a word with a letter or a digit";
    }
    q->is_slow = true;
    if (fault == NULL) {
        return ALEES_OK;
    }
    problem_add(&ctx->problem, p->name, "bad_parameter", "%s", fault);
    return problem_set(&ctx->problem, PROBLEM_BAD_PARAMETER, "The parameter search %s", fault);
}

/* "%50\%%": the word anywhere. Absent without memory. */
static alees_str pattern(struct arena *arena, alees_str word) {
    struct str s;
    str_init(&s, arena, word.len + 16);
    str_putc(&s, '%');
    for (size_t i = 0; i < word.len; i++) {
        if (strchr("\\%_", word.ptr[i]) != NULL) {
            str_putc(&s, '\\');
        }
        str_putc(&s, word.ptr[i]);
    }
    str_putc(&s, '%');
    return str_done(&s);
}

static void put_document(const struct resource *r, const bool *may, alees_str words, struct engine_sql *sql) {
    resource_put_document(&sql->text, r, may);
    str_puts(&sql->text, " @@ \"alees\".\"search_query\"(");
    engine_sql_value(sql, words, "text");
    str_putc(&sql->text, ')');
}

/* What is cheap to look at comes first: PostgreSQL stops at the first that is true, and looks again at rows that the index
 * of substrings gives it. */
static void put_word(const struct resource *r, const bool *may, alees_str word, struct engine_sql *sql) {
    alees_str anywhere = pattern(sql->text.arena, word);
    uint32_t number;
    if (anywhere.ptr == NULL) {
        sql->text.failed = true;
        return;
    }
    number = engine_sql_bind(sql, anywhere);
    str_putc(&sql->text, '(');
    for (uint32_t i = 0; i < r->field_count; i++) {
        if (is_substring(r, may, i)) {
            str_ident(&sql->text, r->fields[i].column);
            str_puts(&sql->text, " ILIKE ");
            engine_sql_param(sql, number, "text");
            str_puts(&sql->text, " OR ");
        }
    }
    put_document(r, may, word, sql);
    str_putc(&sql->text, ')');
}

void engine_search_sql(const struct resource *r, const struct engine_query *q, struct engine_sql *sql,
                       bool *has_where) {
    if (q->search.count == 0) {
        return;
    }
    if (!has_substring(r, q->may)) {
        engine_select_also(sql, has_where);
        put_document(r, q->may, q->search.text, sql);
        return;
    }
    for (uint32_t i = 0; i < q->search.count; i++) {
        engine_select_also(sql, has_where);
        put_word(r, q->may, q->search.words[i], sql);
    }
}
