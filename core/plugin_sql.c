/* SPDX-License-Identifier: MIT
 * plugin_sql.c - looks at the text of a declared statement as PostgreSQL's own scanner would cut it into words, so
 * that what stands in a string, a comment or a quoted name is not taken for something else.
 *
 * It is the first of two locks and finds mistakes at load time; the second, the database's own rights of the plugin's
 * role, does not depend on it. */
#include <string.h>

#include "plugin_private.h"
#include "str.h"

enum sql_kind {
    SQL_END,
    SQL_WORD,   /* unquoted: keywords and names */
    SQL_QUOTED, /* "name", without its quotes */
    SQL_STRING, /* in any of its forms */
    SQL_NUMBER,
    SQL_PARAMETER, /* $n */
    SQL_SIGN,      /* one character */
    SQL_BAD        /* fault says why */
};

struct sql_token {
    enum sql_kind kind;
    alees_str text;
    uint32_t number; /* of a parameter */
    const char *fault;
};

enum { MOST_PARAMETERS = 64, DEEPEST = 64 };

static bool is_space(char c) {
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

static bool is_start(char c) { /* of a name */
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (unsigned char)c >= 0x80;
}

static bool is_inside(char c) {
    return is_start(c) || is_digit(c) || c == '$';
}

/* Past spaces and comments; NULL in a comment that does not end. */
static const char *skip_blank(const char *p) {
    for (;;) {
        if (is_space(*p)) {
            p++;
        } else if (p[0] == '-' && p[1] == '-') {
            p += strcspn(p, "\n\r");
        } else if (p[0] == '/' && p[1] == '*') {
            uint32_t depth = 1;
            for (p += 2; depth > 0; p++) {
                if (*p == '\0') {
                    return NULL;
                } else if (p[0] == '/' && p[1] == '*') {
                    depth++;
                    p++;
                } else if (p[0] == '*' && p[1] == '/') {
                    depth--;
                    p++;
                }
            }
        } else {
            return p;
        }
    }
}

/* p is behind the opening quote; gives the place behind the closing one, or NULL. A doubled quote is one character.
 * */
static const char *skip_quoted(const char *p, char quote, bool backslashes) {
    for (; *p; p++) {
        if (backslashes && *p == '\\' && p[1]) {
            p++;
        } else if (*p == quote) {
            if (p[1] != quote) {
                return p + 1;
            }
            p++;
        }
    }
    return NULL;
}

static const char *finish(struct sql_token *t, enum sql_kind kind, const char *start, const char *end,
                          const char *fault) {
    if (!end) {
        t->kind = SQL_BAD;
        t->fault = fault;
        return start;
    }
    t->kind = kind;
    t->text = (alees_str){start, (size_t)(end - start)};
    return end;
}

static const char *next_dollar(const char *p, struct sql_token *t) {
    const char *tag = p + 1;
    size_t length = 0;
    if (is_digit(*tag)) {
        while (is_digit(*tag)) {
            t->number = t->number > MOST_PARAMETERS ? t->number : t->number * 10 + (uint32_t)(*tag - '0');
            tag++;
        }
        return finish(t, SQL_PARAMETER, p, tag, NULL);
    }
    while (is_start(tag[length]) || (length > 0 && is_digit(tag[length]))) {
        length++;
    }
    if (tag[length] != '$') {
        return finish(t, SQL_BAD, p, NULL, "has a lone $");
    }
    for (const char *end = tag + length + 1; *end; end++) { /* length + 2: with both dollar signs */
        if (strncmp(end, p, length + 2) == 0) {
            return finish(t, SQL_STRING, p, end + length + 2, NULL);
        }
    }
    return finish(t, SQL_BAD, p, NULL, "has a dollar-quoted string that does not end");
}

static const char *next_word(const char *p, struct sql_token *t) {
    const char *end = p;
    static const char open_string[] = "has a string that does not end";
    if ((*p == 'U' || *p == 'u') && p[1] == '&' && (p[2] == '"' || p[2] == '\'')) {
        return finish(t, SQL_BAD, p, NULL, "has a text with Unicode escapes (U&): write the characters themselves");
    }
    if (p[1] == '\'' && strchr("eEbBxXnN", *p)) {
        return finish(t, SQL_STRING, p, skip_quoted(p + 2, '\'', *p == 'e' || *p == 'E'), open_string);
    }
    while (is_inside(*end)) {
        end++;
    }
    return finish(t, SQL_WORD, p, end, NULL);
}

/* The next token; gives the place behind it. */
static const char *next(const char *p, struct sql_token *t) {
    const char *start = skip_blank(p);
    memset(t, 0, sizeof *t);
    if (!start) {
        return finish(t, SQL_BAD, p, NULL, "has a comment that does not end");
    }
    if (*start == '\0') {
        return finish(t, SQL_END, start, start, NULL);
    }
    if (is_start(*start)) {
        return next_word(start, t);
    }
    if (*start == '\'') {
        return finish(t, SQL_STRING, start, skip_quoted(start + 1, '\'', false), "has a string that does not end");
    }
    if (*start == '"') {
        p = finish(t, SQL_QUOTED, start, skip_quoted(start + 1, '"', false), "has a quoted name that does not end");
        if (t->kind == SQL_QUOTED) {
            t->text = (alees_str){start + 1, (size_t)(p - start) - 2};
        }
        return p;
    }
    if (*start == '$') {
        return next_dollar(start, t);
    }
    if (is_digit(*start)) {
        return finish(t, SQL_NUMBER, start, start + strspn(start, "0123456789."), NULL);
    }
    return finish(t, SQL_SIGN, start, start + 1, NULL);
}

static bool is_name(const struct sql_token *t) {
    return t->kind == SQL_WORD || t->kind == SQL_QUOTED;
}

static bool is_word(const struct sql_token *t, const char *word) {
    return t->kind == SQL_WORD && str_equal_nocase(t->text, word);
}

static bool is_sign(const struct sql_token *t, char sign) {
    return t->kind == SQL_SIGN && t->text.ptr[0] == sign;
}

static bool is_any(const struct sql_token *t, const char *const *words, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (is_word(t, words[i])) {
            return true;
        }
    }
    return false;
}
#define IS_ANY(token, words) is_any((token), (words), ARRAY_LEN(words))

/* --- one statement --------------------------------------------------------------------------------------------- */

static const char *const verbs[] = {"select", "insert", "update", "delete", "with"};
/* What would change the scope, or run a text as SQL. */
static const char *const banned[] = {"set_config", "reset", "query_to_xml", "query_to_xmlschema",
                                     "query_to_xml_and_xmlschema"};

static bool is_banned(const struct sql_token *t) {
    for (size_t i = 0; i < ARRAY_LEN(banned); i++) {
        if ((t->kind == SQL_WORD && str_equal_nocase(t->text, banned[i])) ||
            (t->kind == SQL_QUOTED && str_equal(t->text, banned[i]))) {
            return true;
        }
    }
    return false;
}

static const char *banned_fault(struct arena *arena, alees_str word) {
    alees_str text = arena_printf(arena, "uses %.*s, which would leave the scope of the request", STR_FMT(word));
    return text.ptr ? text.ptr : "uses a forbidden word";
}

static const char *parameter_fault(struct arena *arena, uint64_t used, uint32_t nparams) {
    alees_str text = {NULL, 0};
    for (uint32_t n = 1; n <= MOST_PARAMETERS; n++) {
        bool is_used = (used >> (n - 1) & 1) != 0;
        if (is_used && n > nparams) {
            text = arena_printf(arena, "uses $%u but declares nparams = %u", n, nparams);
            break;
        }
        if (!is_used && n <= nparams) {
            text = arena_printf(arena, "declares nparams = %u but does not use $%u", nparams, n);
            break;
        }
    }
    return text.ptr;
}

const char *plugin_sql_fault(struct arena *arena, const char *sql, uint32_t nparams) {
    struct sql_token t, previous = {SQL_END, {NULL, 0}, 0, NULL};
    uint64_t used = 0;
    uint32_t depth = 0;
    bool may_set = false;
    const char *p = next(sql, &t);
    if (!IS_ANY(&t, verbs)) {
        return "does not begin with SELECT, INSERT, UPDATE, DELETE or WITH";
    }
    if (nparams > MOST_PARAMETERS) {
        return "declares more than 64 parameters: pass an array";
    }
    for (; t.kind != SQL_END; previous = t, p = next(p, &t)) {
        may_set = may_set || is_word(&t, "update");
        depth += is_sign(&t, '(');
        depth -= is_sign(&t, ')') && depth > 0;
        if (depth >= DEEPEST) {
            return "has more than 63 open parentheses";
        }
        if (t.kind == SQL_BAD) {
            return t.fault;
        }
        if (is_sign(&previous, ';')) {
            return "holds a second statement";
        }
        if (t.kind == SQL_STRING && previous.kind == SQL_STRING) {
            return "has two strings side by side: join them";
        }
        if (is_banned(&t) || (is_word(&t, "set") && !may_set)) {
            return banned_fault(arena, t.text);
        }
        if (t.kind == SQL_PARAMETER) {
            if (t.number == 0 || t.number > MOST_PARAMETERS) {
                return "uses a parameter that is not $1 to $64";
            }
            used |= (uint64_t)1 << (t.number - 1);
        }
    }
    return parameter_fault(arena, used, nparams);
}

/* --- the schemas it names -------------------------------------------------------------------------------------- */

/* A name with dots can be schema.table or alias.column; which one follows from where it stands. One frame for each
 * open parenthesis: is there a query in it, and are we in its FROM list, where a comma is followed by a table? */
struct walk {
    struct {
        bool is_query, in_from;
    } frames[DEEPEST];
    uint32_t depth;
    bool table_next;    /* a table may stand here */
    bool operator_next; /* behind OPERATOR( */
    struct sql_token previous, before;
};

static const char *const queries[] = {"select", "delete", "update", "insert"};
static const char *const table_words[] = {"join", "into", "update", "only", "using", "table"};
static const char *const ends_from[] = {"where",  "group", "having",    "order",     "limit",
                                        "offset", "union", "except",    "intersect", "window",
                                        "fetch",  "for",   "returning", "set",       "values"};
static const char *const type_words[] = {"as", "collate"};

static bool is_allowed(const struct sql_token *schema, const char *const *allowed, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        if (schema->kind == SQL_QUOTED ? str_equal(schema->text, allowed[i])
                                       : str_equal_nocase(schema->text, allowed[i])) {
            return true;
        }
    }
    return false;
}

/* Reads name(.name)*(.*)? and tells how many parts it has. */
static const char *next_chain(const char *p, uint32_t *ret_parts) {
    struct sql_token dot, part;
    uint32_t parts = 1;
    const char *behind = next(p, &dot);
    while (is_sign(&dot, '.')) {
        p = next(behind, &part);
        parts++;
        if (!is_name(&part)) { /* .* or an operator */
            break;
        }
        behind = next(p, &dot);
    }
    *ret_parts = parts;
    return p;
}

static bool names_schema(const struct walk *w, uint32_t parts, const char *behind) {
    struct sql_token after;
    (void)next(behind, &after);
    if (parts < 2) {
        return false;
    }
    return parts > 2 || w->table_next || w->operator_next || is_sign(&after, '(') || IS_ANY(&w->previous, type_words) ||
           (is_sign(&w->previous, ':') && is_sign(&w->before, ':'));
}

static void walk_sign(struct walk *w, const struct sql_token *t) {
    bool opens = is_sign(t, '(');
    w->operator_next = opens && is_word(&w->previous, "operator");
    if (opens && w->depth + 1 < DEEPEST) {
        w->depth++;
        w->frames[w->depth].is_query = w->frames[w->depth].in_from = false;
        if (is_word(&w->previous, "using")) {
            w->table_next = false; /* JOIN ... USING (column) */
        }
        return; /* FROM (a JOIN b ...): a table may still stand here */
    }
    if (is_sign(t, ')') && w->depth > 0) {
        w->depth--;
    }
    w->table_next = is_sign(t, ',') && w->frames[w->depth].in_from;
}

static void walk_word(struct walk *w, const struct sql_token *t) {
    w->operator_next = false;
    if (IS_ANY(t, queries)) {
        w->frames[w->depth].is_query = true;
    }
    if (is_word(t, "from") && w->frames[w->depth].is_query && !is_word(&w->previous, "distinct")) {
        w->frames[w->depth].in_from = true;
        w->table_next = true;
    } else if (IS_ANY(t, table_words)) {
        w->table_next = true;
        w->frames[w->depth].in_from = w->frames[w->depth].in_from || is_word(t, "using");
    } else if (IS_ANY(t, ends_from)) {
        w->frames[w->depth].in_from = w->table_next = false;
    } else if (!is_word(t, "lateral")) {
        w->table_next = false;
    }
}

alees_str plugin_sql_foreign(const char *sql, const char *const *allowed, uint32_t count) {
    struct walk w;
    struct sql_token t;
    const char *p = next(sql, &t);
    memset(&w, 0, sizeof w);
    while (t.kind != SQL_END && t.kind != SQL_BAD) {
        if (is_name(&t)) {
            uint32_t parts;
            p = next_chain(p, &parts);
            if (names_schema(&w, parts, p) && !is_allowed(&t, allowed, count)) {
                return t.text;
            }
            if (parts > 1) {
                t.kind = SQL_QUOTED; /* a name with dots is never a keyword */
            }
            walk_word(&w, &t);
        } else {
            walk_sign(&w, &t);
        }
        w.before = w.previous;
        w.previous = t;
        p = next(p, &t);
    }
    return (alees_str){NULL, 0};
}
