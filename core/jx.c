/* SPDX-License-Identifier: MIT
 * jx.c - JSON values, on jansson. An alees_json is a json_t.
 *
 * jansson gets its memory from the arena of the value it is making: parsing a body moves a pointer, counts against the
 * request's limit, and ends with the arena without a walk over the tree; reference counts are kept but decide nothing.
 * Each block has a head that names its arena: a put finds there where the target lives (a json_t is the start of its
 * block), and a block of somebody else in this process who uses jansson too is told apart and given back to malloc. */
#include "jx.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include "alees/util.h"
#include "sys.h"

enum {
    DEEPEST_WRITTEN = 2 * JX_MAX_DEPTH, /* a value put together by hand, perhaps into itself */
    EXACT_DIGITS = 15,                  /* of a decimal number, that survive a double (DBL_DIG) */
    SMALLEST_EXPONENT = -307,           /* below it a double has fewer digits (DBL_MIN_10_EXP) */
    LARGEST_EXPONENT = 308
};

struct head {
    _Alignas(max_align_t) struct arena *arena; /* NULL: from malloc */
};

static _Thread_local struct arena *current; /* set around each call of jansson that allocates for us */
static _Thread_local jmp_buf *way_out;      /* set while jansson parses */
static bool is_ready;

static void *allocate(size_t size) {
    if (size > SIZE_MAX - sizeof(struct head)) {
        return NULL;
    }
    size_t whole = size + sizeof(struct head);
    struct head *h = current ? arena_alloc(current, whole) : malloc(whole);
    if (!h) {
        if (way_out) {
            longjmp(*way_out, 1);
        }
        return NULL;
    }
    h->arena = current;
    return h + 1;
}

static void release(void *block) {
    if (block) {
        struct head *h = (struct head *)block - 1;
        if (!h->arena) {
            free(h);
        }
    }
}

void jx_init(void) {
    size_t seed = 0;
    json_set_alloc_funcs(allocate, release);
    sys_random(&seed, sizeof seed);
    json_object_seed(seed | 1); /* 0 would ask jansson to find one itself */
    is_ready = true;
}

static void enter(struct arena *arena) {
    ASSERT(is_ready);
    current = arena;
}

/* Without const: jansson does not take it everywhere, even to look. */
static json_t *json_of(const alees_json *v) {
    const union {
        const alees_json *in;
        json_t *out;
    } value = {v};
    return value.out;
}

static struct arena *arena_of(const alees_json *container) {
    void *block = json_of(container);
    return ((struct head *)block - 1)->arena;
}

/* --- before jansson sees the text --------------------------------------------------------------------------------- */

struct fault {
    size_t at; /* byte of the text */
    const char *what;
};

/* Digits are looked at as text: once a number is a double, what it lost cannot be seen. Wrong grammar is jansson's. */
static const char *find_fault_in_number(alees_str number) {
    size_t first = SIZE_MAX, last = 0, digits = 0, point = SIZE_MAX, i = 0; /* places among the digits */
    if (number.len > JX_MAX_NUMBER) {
        return "a number of more than 128 characters";
    }
    for (; i < number.len && number.ptr[i] != 'e' && number.ptr[i] != 'E'; i++) {
        char c = number.ptr[i];
        if (c == '.') {
            point = digits;
        } else if (c >= '0' && c <= '9') {
            if (c != '0') {
                last = digits;
                first = first == SIZE_MAX ? digits : first;
            }
            digits++;
        }
    }
    int64_t whole;
    if (i == number.len && point == SIZE_MAX) {
        bool is_digits_only = digits > 0 && digits + (number.ptr[0] == '-') == number.len;
        return is_digits_only && !str_parse_i64(number, &whole)
                   ? "an integer of more than 64 bits; send such a number as a string if the field is a decimal"
                   : NULL;
    }
    if (first == SIZE_MAX) {
        return NULL; /* zero */
    }
    if (last - first + 1 > EXACT_DIGITS) {
        return "a number of more than 15 significant digits; send it as a string if the field is a decimal";
    }
    int64_t exponent = 0;
    bool is_negative = i + 1 < number.len && number.ptr[i + 1] == '-';
    for (; i < number.len; i++) {
        if (number.ptr[i] >= '0' && number.ptr[i] <= '9' && exponent < 100000) {
            exponent = exponent * 10 + (number.ptr[i] - '0');
        }
    }
    exponent = is_negative ? -exponent : exponent;
    exponent += (int64_t)(point == SIZE_MAX ? digits : point) - 1 - (int64_t)first; /* of the first digit that counts */
    return exponent < SMALLEST_EXPONENT || exponent > LARGEST_EXPONENT ? "a number out of the range of a double" : NULL;
}

static bool is_in_number(char c) {
    return (c >= '0' && c <= '9') || c == '-' || c == '+' || c == '.' || c == 'e' || c == 'E';
}

static size_t end_of_string(alees_str text, size_t at) {
    for (at++; at < text.len && text.ptr[at] != '"'; at++) {
        if (text.ptr[at] == '\\') {
            at++;
        }
    }
    return at;
}

/* A bracket or a comma: is there room for what it opens? A value costs a hundred times its text, and nobody need be logged
 * in to send one. */
static const char *find_fault_in_size(char c, size_t *depth, size_t *values) {
    if (c == '}' || c == ']') {
        *depth -= *depth > 0;
        return NULL;
    }
    if (c != ',' && ++*depth > JX_MAX_DEPTH) {
        return "nested more than 32 deep";
    }
    return ++*values > JX_MAX_VALUES ? "more than 65536 values" : NULL;
}

static bool find_fault_in_structure(alees_str text, struct fault *ret_fault) {
    size_t depth = 0, values = 0;
    for (size_t at = 0; at < text.len; at++) {
        char c = text.ptr[at];
        size_t start = at;
        const char *what = NULL;
        if (c == '"') {
            at = end_of_string(text, at);
        } else if (c == '{' || c == '[' || c == '}' || c == ']' || c == ',') {
            what = find_fault_in_size(c, &depth, &values);
        } else if (c == '-' || (c >= '0' && c <= '9')) {
            while (at + 1 < text.len && is_in_number(text.ptr[at + 1])) {
                at++;
            }
            what = find_fault_in_number((alees_str){text.ptr + start, at + 1 - start});
        }
        if (what) {
            *ret_fault = (struct fault){start, what};
            return true;
        }
    }
    return false;
}

static bool find_fault(alees_str text, struct fault *ret_fault) {
    if (str_is_utf8(text)) {
        return find_fault_in_structure(text, ret_fault);
    }
    size_t at = 0, step;
    while ((step = str_utf8_step((alees_str){text.ptr + at, text.len - at})) > 0 && text.ptr[at] != '\0') {
        at += step;
    }
    *ret_fault = (struct fault){at, step == 0 ? "not UTF-8" : "a NUL byte"};
    return true;
}

static alees_rc refuse(struct problem *problem, alees_str text, const struct fault *fault) {
    size_t line = 1, line_start = 0;
    for (size_t i = 0; i < fault->at; i++) {
        if (text.ptr[i] == '\n') {
            line++;
            line_start = i + 1;
        }
    }
    size_t column = str_characters((alees_str){text.ptr + line_start, fault->at - line_start}) + 1;
    return problem_set(problem, PROBLEM_MALFORMED_JSON, "line %zu, column %zu: %s", line, column, fault->what);
}

/* jansson 2.14 does not look whether the buffer of a string could grow: it goes on without the character, misses the quote
 * at the end, and reads and writes behind its buffers. So it never hears of an allocation that fails: the first one leaves
 * it for good, which loses nothing, as all that it holds is the arena's. */
static json_t *load(struct arena *arena, alees_str text, json_error_t *ret_error) {
    json_t *volatile value = NULL;
    jmp_buf here;
    enter(arena);
    way_out = &here;
    if (setjmp(here) == 0) {
        value = json_loadb(text.ptr, text.len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, ret_error);
    }
    way_out = NULL;
    current = NULL;
    return value;
}

alees_rc jx_parse(struct arena *arena, struct problem *problem, alees_str text, alees_json **ret_value) {
    struct fault fault;
    if (!text.ptr) {
        text = STR_LIT("");
    }
    if (find_fault(text, &fault)) {
        return refuse(problem, text, &fault);
    }
    json_error_t error = {0};
    json_t *value = load(arena, text, &error);
    if (arena_is_exhausted(arena)) {
        return problem_set(problem, PROBLEM_OUT_OF_MEMORY, "send less at once");
    }
    if (!value) {
        return problem_set(problem, PROBLEM_MALFORMED_JSON, "line %d, column %d: %s", error.line, error.column,
                           error.text);
    }
    *ret_value = (alees_json *)value;
    return ALEES_OK;
}

/* --- questions ---------------------------------------------------------------------------------------------------- */

uint32_t jx_kind(const alees_json *v) {
    if (!v) {
        return ALEES_JSON_ABSENT;
    }
    switch (json_typeof(json_of(v))) {
    case JSON_NULL: return ALEES_JSON_NULL;
    case JSON_TRUE:
    case JSON_FALSE: return ALEES_JSON_BOOLEAN;
    case JSON_INTEGER: return ALEES_JSON_INTEGER;
    case JSON_REAL: return ALEES_JSON_REAL;
    case JSON_STRING: return ALEES_JSON_STRING;
    case JSON_ARRAY: return ALEES_JSON_ARRAY;
    case JSON_OBJECT: return ALEES_JSON_OBJECT;
    }
    return ALEES_JSON_ABSENT;
}

uint32_t jx_size(const alees_json *v) {
    return (uint32_t)(json_array_size(json_of(v)) + json_object_size(json_of(v))); /* 0 for the wrong kind */
}

const alees_json *jx_get(const alees_json *object, const char *key) {
    return (const alees_json *)json_object_get(json_of(object), key);
}

const alees_json *jx_at(const alees_json *array, uint32_t index) {
    return (const alees_json *)json_array_get(json_of(array), index);
}

static alees_str text_of(const json_t *string) {
    return (alees_str){json_string_value(string), json_string_length(string)}; /* NULL and 0 for the wrong kind */
}

alees_str jx_text(const alees_json *v) {
    return text_of(json_of(v));
}

alees_rc jx_integer(const alees_json *v, int64_t *ret_number) {
    if (!json_is_integer(json_of(v))) {
        return ALEES_E_INVALID;
    }
    *ret_number = json_integer_value(json_of(v));
    return ALEES_OK;
}

bool jx_is_true(const alees_json *v) {
    return json_is_true(json_of(v));
}

bool jx_is_equal(const alees_json *a, const alees_json *b) {
    return a && b && json_equal(json_of(a), json_of(b));
}

double jx_real(const alees_json *v) {
    return json_number_value(json_of(v));
}

static alees_str key_of(void *iterator) {
    return (alees_str){json_object_iter_key(iterator), json_object_iter_key_len(iterator)};
}

void jx_each(const alees_json *object, bool (*each)(void *data, alees_str key, const alees_json *value), void *data) {
    json_t *o = json_of(object);
    for (void *i = json_object_iter(o); i; i = json_object_iter_next(o, i)) {
        if (!each(data, key_of(i), (const alees_json *)json_object_iter_value(i))) {
            return;
        }
    }
}

/* --- making ------------------------------------------------------------------------------------------------------- */

alees_json *jx_object(struct arena *arena) {
    enter(arena);
    json_t *made = json_object();
    current = NULL;
    return (alees_json *)made;
}

alees_json *jx_array(struct arena *arena) {
    enter(arena);
    json_t *made = json_array();
    current = NULL;
    return (alees_json *)made;
}

/* Is this a place that jx_put_* may put something into? */
static bool is_target(const alees_json *target, const char *key) {
    const json_t *t = json_of(target);
    return (key && json_is_object(t) && str_is_utf8(alees_text(key))) || (!key && json_is_array(t));
}

/* Takes the reference to value; `current` is the target's arena. */
static alees_rc insert(alees_json *target, const char *key, json_t *value) {
    if (!value) {
        return ALEES_E_NOMEM;
    }
    int failed =
        key ? json_object_set_new_nocheck(json_of(target), key, value) : json_array_append_new(json_of(target), value);
    return failed ? ALEES_E_NOMEM : ALEES_OK;
}

alees_rc jx_put(alees_json *target, const char *key, alees_json *value) {
    if (!is_target(target, key) || target == value) {
        return ALEES_E_INVALID;
    }
    uint32_t kind = jx_kind(value); /* true, false and null live nowhere */
    bool has_arena = kind != ALEES_JSON_ABSENT && kind != ALEES_JSON_NULL && kind != ALEES_JSON_BOOLEAN;
    if (has_arena && arena_of(value) != arena_of(target)) {
        return ALEES_E_INVALID;
    }
    current = arena_of(target);
    alees_rc rc = insert(target, key, json_incref(json_of(value)));
    current = NULL;
    return rc;
}

alees_rc jx_put_text(alees_json *target, const char *key, alees_str text) {
    if (!is_target(target, key) || !str_is_utf8(text)) {
        return ALEES_E_INVALID;
    }
    current = arena_of(target);
    alees_rc rc = insert(target, key, text.ptr ? json_stringn_nocheck(text.ptr, text.len) : json_null());
    current = NULL;
    return rc;
}

alees_rc jx_put_integer(alees_json *target, const char *key, int64_t number) {
    if (!is_target(target, key)) {
        return ALEES_E_INVALID;
    }
    current = arena_of(target);
    alees_rc rc = insert(target, key, json_integer(number));
    current = NULL;
    return rc;
}

alees_rc jx_put_boolean(alees_json *target, const char *key, bool truth) {
    if (!is_target(target, key)) {
        return ALEES_E_INVALID;
    }
    current = arena_of(target);
    alees_rc rc = insert(target, key, json_boolean(truth));
    current = NULL;
    return rc;
}

/* --- writing ------------------------------------------------------------------------------------------------------ */

static void write_value(json_t *v, struct str *out, bool is_pretty, int depth);

static void write_line(struct str *out, bool is_pretty, int depth) {
    if (is_pretty) {
        str_putc(out, '\n');
        for (int i = 0; i < depth; i++) {
            str_put(out, "  ", 2);
        }
    }
}

static void write_object(json_t *o, struct str *out, bool is_pretty, int depth) {
    const char *before = "{";
    for (void *i = json_object_iter(o); i; i = json_object_iter_next(o, i)) {
        str_puts(out, before);
        before = ",";
        write_line(out, is_pretty, depth + 1);
        str_json(out, key_of(i));
        str_puts(out, is_pretty ? ": " : ":");
        write_value(json_object_iter_value(i), out, is_pretty, depth + 1);
    }
    if (*before == '{') {
        str_puts(out, "{}");
        return;
    }
    write_line(out, is_pretty, depth);
    str_putc(out, '}');
}

static void write_array(const json_t *a, struct str *out, bool is_pretty, int depth) {
    size_t count = json_array_size(a);
    for (size_t i = 0; i < count; i++) {
        str_putc(out, i == 0 ? '[' : ',');
        write_line(out, is_pretty, depth + 1);
        write_value(json_array_get(a, i), out, is_pretty, depth + 1);
    }
    if (count == 0) {
        str_puts(out, "[]");
        return;
    }
    write_line(out, is_pretty, depth);
    str_putc(out, ']');
}

static void write_real(double number, struct str *out) {
    size_t start = out->len;
    str_printf(out, "%.*g", EXACT_DIGITS, number);
    if (!out->failed && !memchr(out->ptr + start, '.', out->len - start) &&
        !memchr(out->ptr + start, 'e', out->len - start)) {
        str_puts(out, ".0"); /* stays a real when it is read again */
    }
}

static void write_value(json_t *v, struct str *out, bool is_pretty, int depth) {
    if (depth > DEEPEST_WRITTEN) {
        out->failed = true;
    }
    if (out->failed) {
        return;
    }
    switch (json_typeof(v)) {
    case JSON_NULL: str_puts(out, "null"); break;
    case JSON_TRUE: str_puts(out, "true"); break;
    case JSON_FALSE: str_puts(out, "false"); break;
    case JSON_INTEGER: str_i64(out, json_integer_value(v)); break;
    case JSON_REAL: write_real(json_real_value(v), out); break;
    case JSON_STRING: str_json(out, text_of(v)); break;
    case JSON_ARRAY: write_array(v, out, is_pretty, depth); break;
    case JSON_OBJECT: write_object(v, out, is_pretty, depth); break;
    }
}

void jx_write(const alees_json *v, struct str *out) {
    if (v) {
        write_value(json_of(v), out, false, 0);
    } else {
        str_puts(out, "null");
    }
}

void jx_pretty(const alees_json *v, struct str *out) {
    if (v) {
        write_value(json_of(v), out, true, 0);
    } else {
        str_puts(out, "null");
    }
}
