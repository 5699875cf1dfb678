/* SPDX-License-Identifier: MIT
 * str.c - text that is being built, in an arena, with an error that sticks; and small questions about views. */
#include "str.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "alees/util.h"

enum { LEAST_CAPACITY = 64, LONGEST_NAME = 64 /* that str_nearest compares */ };

/* A word with c in each of its eight bytes. */
#define BYTES_OF(c) (UINT64_C(0x0101010101010101) * (c))

/* --- building ----------------------------------------------------------------------------------------------------- */

/* Makes room for len more bytes and a NUL. */
static bool reserve(struct str *s, size_t len) {
    if (s->failed) {
        return false;
    }
    if (len < s->cap - s->len) { /* len never exceeds cap, and one byte of cap is the NUL's */
        return true;
    }
    s->failed = true;
    if (!s->arena || len > SIZE_MAX / 4 || s->len > SIZE_MAX / 4) {
        return false;
    }
    size_t cap = s->cap < LEAST_CAPACITY ? LEAST_CAPACITY : s->cap * 2;
    if (cap < s->len + len + 1) {
        cap = s->len + len + 1;
    }
    if (!s->ptr || !arena_grow(s->arena, s->ptr, s->cap, cap)) {
        char *larger = arena_alloc(s->arena, cap);
        if (!larger) {
            return false;
        }
        if (s->ptr) {
            memcpy(larger, s->ptr, s->len);
        }
        s->ptr = larger;
    }
    s->cap = cap;
    s->failed = false;
    return true;
}

void str_init(struct str *s, struct arena *arena, size_t capacity) {
    *s = (struct str){.arena = arena};
    if (capacity > 0) {
        (void)reserve(s, capacity);
    }
}

void str_init_fixed(struct str *s, char *buffer, size_t capacity) {
    *s = (struct str){.cap = capacity};
    s->ptr = buffer;
}

void str_put(struct str *s, const char *bytes, size_t len) {
    if (len > 0 && reserve(s, len)) {
        memcpy(s->ptr + s->len, bytes, len);
        s->len += len;
    }
}

void str_puts(struct str *s, const char *text) {
    str_put(s, text, strlen(text));
}

void str_putc(struct str *s, char c) {
    if (reserve(s, 1)) {
        s->ptr[s->len++] = c;
    }
}

void str_view(struct str *s, alees_str text) {
    str_put(s, text.ptr, text.len);
}

void str_u64(struct str *s, uint64_t number) {
    char digits[20];
    size_t at = sizeof digits;
    do {
        digits[--at] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    str_put(s, digits + at, sizeof digits - at);
}

void str_i64(struct str *s, int64_t number) {
    if (number < 0) {
        str_putc(s, '-');
        str_u64(s, 0 - (uint64_t)number); /* right for INT64_MIN too */
    } else {
        str_u64(s, (uint64_t)number);
    }
}

void str_printf(struct str *s, const char *format, ...) {
    if (!reserve(s, 1)) {
        return;
    }
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    int length = vsnprintf(s->ptr + s->len, s->cap - s->len, format, arguments);
    ASSERT(length >= 0);
    size_t len = (size_t)length;
    if (len < s->cap - s->len) {
        s->len += len;
    } else if (reserve(s, len)) {
        vsnprintf(s->ptr + s->len, len + 1, format, again);
        s->len += len;
    }
    va_end(again);
    va_end(arguments);
}

void str_id(struct str *s, const alees_id *id) {
    char text[37];
    str_put(s, alees_id_format(id, text), 36);
}

/* How many bytes at the start of text go into a JSON string as they are. */
static size_t plain_run(alees_str text) {
    size_t at = 0;
    while (at < text.len) {
        if (text.len - at >= 8) { /* eight at once: no byte is below 0x20, a quote, a backslash or beyond ASCII */
            uint64_t word;
            memcpy(&word, text.ptr + at, 8);
            uint64_t controls = word - BYTES_OF(0x20);
            uint64_t quotes = (word ^ BYTES_OF('"')) - BYTES_OF(1);
            uint64_t backslashes = (word ^ BYTES_OF('\\')) - BYTES_OF(1);
            if (((word | controls | quotes | backslashes) & BYTES_OF(0x80)) == 0) {
                at += 8;
                continue;
            }
        }
        unsigned char c = (unsigned char)text.ptr[at];
        if (c < 0x20 || c == '"' || c == '\\') {
            break;
        }
        size_t step = c < 0x80 ? 1 : str_utf8_step((alees_str){text.ptr + at, text.len - at});
        if (step == 0) {
            break;
        }
        at += step;
    }
    return at;
}

static void put_escape(struct str *s, unsigned char c) {
    static const char names[] = "\"\"\\\\\bb\ff\nn\rr\tt";
    for (const char *p = names; *p; p += 2) {
        if ((unsigned char)p[0] == c) {
            str_putc(s, '\\');
            str_putc(s, p[1]);
            return;
        }
    }
    str_printf(s, "\\u%04x", c < 0x20 ? (unsigned)c : 0xfffdu);
}

void str_json(struct str *s, alees_str text) {
    if (!text.ptr) {
        str_put(s, "null", 4);
        return;
    }
    if (!reserve(s, text.len <= SIZE_MAX - 2 ? text.len + 2 : text.len)) {
        return;
    }
    str_putc(s, '"');
    while (text.len > 0) {
        size_t run = plain_run(text);
        str_put(s, text.ptr, run);
        if (run < text.len) {
            put_escape(s, (unsigned char)text.ptr[run++]);
        }
        text.ptr += run;
        text.len -= run;
    }
    str_putc(s, '"');
}

void str_ident(struct str *s, const char *name) {
    str_putc(s, '"');
    for (const char *p = name; *p; p++) {
        if (*p == '"') {
            str_putc(s, '"');
        }
        str_putc(s, *p);
    }
    str_putc(s, '"');
}

alees_str str_done(struct str *s) {
    if (!reserve(s, 0)) {
        return (alees_str){NULL, 0};
    }
    s->ptr[s->len] = '\0';
    return (alees_str){s->ptr, s->len};
}

/* --- views -------------------------------------------------------------------------------------------------------- */

static char lower(char c) {
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool str_equal(alees_str a, const char *b) {
    return a.ptr && b && a.len == strlen(b) && memcmp(a.ptr, b, a.len) == 0;
}

bool str_equal_nocase(alees_str a, const char *b) {
    if (!a.ptr || !b || a.len != strlen(b)) {
        return false;
    }
    for (size_t i = 0; i < a.len; i++) {
        if (lower(a.ptr[i]) != lower(b[i])) {
            return false;
        }
    }
    return true;
}

bool str_starts(alees_str text, const char *prefix) {
    size_t len = strlen(prefix);
    return text.ptr && text.len >= len && memcmp(text.ptr, prefix, len) == 0;
}

bool str_parse_i64(alees_str text, int64_t *ret_number) {
    size_t at = 0;
    bool is_negative = text.len > 0 && text.ptr[0] == '-';
    if (is_negative) {
        at = 1;
    }
    if (at == text.len) {
        return false;
    }
    /* Counted downwards: the negative numbers reach one further. */
    int64_t number = 0;
    for (; at < text.len; at++) {
        char c = text.ptr[at];
        if (c < '0' || c > '9') {
            return false;
        }
        int digit = c - '0';
        if (number < (INT64_MIN + digit) / 10) {
            return false;
        }
        number = number * 10 - digit;
    }
    if (!is_negative && number == INT64_MIN) {
        return false;
    }
    *ret_number = is_negative ? number : -number;
    return true;
}

size_t str_utf8_step(alees_str text) {
    if (text.len == 0) {
        return 0;
    }
    const unsigned char *p = (const unsigned char *)text.ptr;
    if (p[0] < 0x80) {
        return 1;
    }
    /* RFC 3629, section 4: the second byte's range depends on the first, which keeps out overlong forms, surrogates and
     * everything past U+10FFFF. */
    size_t size = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
    unsigned char least = p[0] == 0xe0 ? 0xa0 : p[0] == 0xf0 ? 0x90 : 0x80;
    unsigned char most = p[0] == 0xed ? 0x9f : p[0] == 0xf4 ? 0x8f : 0xbf;
    if (p[0] < 0xc2 || p[0] > 0xf4 || text.len < size || p[1] < least || p[1] > most) {
        return 0;
    }
    for (size_t i = 2; i < size; i++) {
        if ((p[i] & 0xc0) != 0x80) {
            return 0;
        }
    }
    return size;
}

bool str_is_utf8(alees_str text) {
    while (text.len > 0) {
        uint64_t word = 0; /* eight at once: all ASCII, none a NUL */
        if (text.len >= 8) {
            memcpy(&word, text.ptr, 8);
        }
        if (word && ((word | (word - BYTES_OF(1))) & BYTES_OF(0x80)) == 0) {
            text.ptr += 8;
            text.len -= 8;
            continue;
        }
        size_t step = str_utf8_step(text);
        if (step == 0 || *text.ptr == '\0') {
            return false;
        }
        text.ptr += step;
        text.len -= step;
    }
    return true;
}

size_t str_characters(alees_str text) {
    size_t count = 0;
    for (size_t i = 0; i < text.len; i++) {
        count += ((unsigned char)text.ptr[i] & 0xc0) != 0x80;
    }
    return count;
}

static size_t least_of(size_t a, size_t b) {
    return a < b ? a : b;
}

/* Edits (insert, remove, replace, swap of neighbours) between two names of at most LONGEST_NAME bytes, case ignored. */
static size_t edit_distance(alees_str a, const char *b, size_t b_len) {
    size_t rows[3][LONGEST_NAME + 1];
    size_t *before = rows[0], *last = rows[1], *row = rows[2];
    for (size_t j = 0; j <= b_len; j++) {
        before[j] = last[j] = j;
    }
    for (size_t i = 1; i <= a.len; i++) {
        row[0] = i;
        for (size_t j = 1; j <= b_len; j++) {
            bool is_same = lower(a.ptr[i - 1]) == lower(b[j - 1]);
            row[j] = least_of(last[j - 1] + (is_same ? 0 : 1), least_of(last[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && lower(a.ptr[i - 1]) == lower(b[j - 2]) && lower(a.ptr[i - 2]) == lower(b[j - 1])) {
                row[j] = least_of(row[j], before[j - 2] + 1);
            }
        }
        size_t *free_row = before;
        before = last;
        last = row;
        row = free_row;
    }
    return last[b_len];
}

const char *str_nearest(alees_str word, const void *items, size_t count, size_t stride) {
    if (!word.ptr || word.len == 0 || word.len > LONGEST_NAME) {
        return NULL;
    }
    const char *nearest = NULL;
    size_t bound = word.len < 4 ? 1 : word.len < 9 ? 2 : 3; /* further off it is another word, not a slip */
    for (size_t i = 0; i < count; i++) {
        const char *name;
        memcpy(&name, (const char *)items + i * stride, sizeof name);
        size_t len = name ? strlen(name) : 0;
        if (len == 0 || len > LONGEST_NAME) {
            continue;
        }
        size_t distance = edit_distance(word, name, len);
        if (distance < word.len && (nearest ? distance < bound : distance <= bound)) {
            nearest = name;
            bound = distance;
        }
    }
    return nearest;
}
