/* SPDX-License-Identifier: MIT
 * csv.c - a machine that eats one byte at a time, so that records may be cut anywhere.
 *
 *     START -> a quote: QUOTED -> a quote: AFTER (another quote: it was one of two) -> comma or end of line
 *           -> anything else: PLAIN -> comma or end of line
 *
 * The text of a record lies in one buffer, cell behind cell, each with a NUL; cells remember where they begin, because
 * the buffer moves as it grows. */
#include "csv.h"

#include <stdlib.h>
#include <string.h>

enum state { START, PLAIN, QUOTED, AFTER };

struct csv {
    enum state state;
    enum csv_result failure; /* CSV_MORE: none */
    const char *fault;
    bool is_lines, is_begun, is_given, has_return;
    uint8_t mark; /* bytes of a byte order mark still to be looked for, from the front */
    size_t longest, len, cap;
    char *bytes;
    uint64_t line, began; /* where we are, where the record began */
    uint32_t count;
    size_t starts[CSV_MAX_CELLS];
    struct csv_cell cells[CSV_MAX_CELLS];
};

struct csv *csv_open(bool is_lines, size_t longest) {
    struct csv *c = calloc(1, sizeof *c);
    if (c) {
        c->is_lines = is_lines;
        c->longest = longest;
        c->line = 1;
        c->mark = 3;
    }
    return c;
}

void csv_close(struct csv *c) {
    if (c) {
        free(c->bytes);
        free(c);
    }
}

static bool fail(struct csv *c, enum csv_result failure, const char *fault) {
    c->failure = failure;
    c->fault = fault;
    return false;
}

static bool put(struct csv *c, char byte) {
    if (c->len >= c->longest + c->count) { /* the NULs are ours */
        return fail(c, CSV_TOO_LONG, "it is too long");
    }
    if (c->len == c->cap) {
        size_t cap = c->cap ? c->cap * 2 : 1024;
        char *bytes = realloc(c->bytes, cap);
        if (!bytes) {
            return fail(c, CSV_NO_MEMORY, "out of memory");
        }
        c->bytes = bytes;
        c->cap = cap;
    }
    c->bytes[c->len++] = byte;
    return true;
}

static bool begin_cell(struct csv *c, bool is_quoted) {
    if (c->count == CSV_MAX_CELLS) {
        return fail(c, CSV_TOO_WIDE, "it has too many cells");
    }
    if (!c->is_begun) {
        c->is_begun = true;
        c->began = c->line;
    }
    c->starts[c->count] = c->len;
    c->cells[c->count].is_quoted = is_quoted;
    c->count++;
    return true;
}

/* An empty cell never began. */
static bool end_cell(struct csv *c) {
    if (c->state == START && !begin_cell(c, false)) {
        return false;
    }
    c->state = START;
    return put(c, '\0');
}

static void give(struct csv *c) {
    for (uint32_t i = 0; i < c->count; i++) {
        size_t end = i + 1 < c->count ? c->starts[i + 1] : c->len;
        c->cells[i].text = (alees_str){c->bytes + c->starts[i], end - 1 - c->starts[i]};
    }
    c->is_given = true;
}

/* true: a record is complete. A line without anything is none. */
static bool end_line(struct csv *c) {
    bool is_empty = !c->is_begun && c->state == START;
    if (!is_empty && end_cell(c)) {
        give(c);
    }
    c->state = START;
    c->line++;
    return c->is_given;
}

static bool eat_quoted(struct csv *c, char byte) {
    if (byte == '"') {
        c->state = AFTER;
        return true;
    }
    c->line += byte == '\n';
    return put(c, byte);
}

static bool eat_plain(struct csv *c, char byte) {
    if (byte == '"' && !c->is_lines) {
        return fail(c, CSV_BROKEN, "a quote stands within a cell that is not quoted");
    }
    if (c->state == START && !begin_cell(c, false)) {
        return false;
    }
    c->state = PLAIN;
    return put(c, byte);
}

/* Everything but the end of a line. */
static bool eat(struct csv *c, char byte) {
    if (c->state == QUOTED) {
        return eat_quoted(c, byte);
    }
    if (byte == ',' && !c->is_lines) {
        return end_cell(c);
    }
    if (c->state == AFTER) {
        if (byte != '"') {
            return fail(c, CSV_BROKEN, "something stands behind a quoted cell");
        }
        c->state = QUOTED;
        return put(c, '"');
    }
    if (byte == '"' && c->state == START && !c->is_lines) {
        c->state = QUOTED;
        return begin_cell(c, true);
    }
    return eat_plain(c, byte);
}

static void forget(struct csv *c) {
    c->count = 0;
    c->len = 0;
    c->is_begun = c->is_given = false;
}

static const char byte_order_mark[] = "\xef\xbb\xbf";

/* What only began like the mark is text. */
static void give_mark_back(struct csv *c) {
    for (int i = 0; c->mark > 0 && i < 3 - c->mark; i++) {
        (void)eat(c, byte_order_mark[i]);
    }
    c->mark = 0;
}

/* true: the byte belongs to the mark that some programs write in front of everything. */
static bool is_mark(struct csv *c, char byte) {
    if (c->mark > 0 && byte == byte_order_mark[3 - c->mark]) {
        c->mark--;
        return true;
    }
    give_mark_back(c);
    return false;
}

enum csv_result csv_read(struct csv *c, alees_str *piece) {
    if (c->is_given) {
        forget(c);
    }
    while (c->failure == CSV_MORE && piece->len > 0) {
        char byte = *piece->ptr++;
        piece->len--;
        if (is_mark(c, byte)) {
            continue;
        }
        if (c->has_return) {
            c->has_return = false;
            if (byte != '\n') {
                (void)fail(c, CSV_BROKEN, "a CR stands alone; lines end in LF or CR LF");
                break;
            }
        }
        if (byte == '\n' && c->state != QUOTED) {
            if (end_line(c)) {
                return CSV_RECORD;
            }
        } else if (byte == '\r' && c->state != QUOTED) {
            c->has_return = true;
        } else {
            (void)eat(c, byte);
        }
    }
    return c->failure;
}

enum csv_result csv_finish(struct csv *c) {
    if (c->is_given) {
        forget(c);
    }
    give_mark_back(c);
    if (c->failure == CSV_MORE && c->state == QUOTED) {
        (void)fail(c, CSV_BROKEN, "a quoted cell has no end");
    }
    if (c->failure == CSV_MORE && end_line(c)) {
        return CSV_RECORD;
    }
    return c->failure;
}

const struct csv_cell *csv_cells(const struct csv *c, uint32_t *ret_count) {
    *ret_count = c->count;
    return c->cells;
}

uint64_t csv_line(const struct csv *c) {
    return c->is_begun ? c->began : c->line;
}

const char *csv_fault(const struct csv *c) {
    return c->fault ? c->fault : "";
}

/* ---- writing ---- */

/* Behind any number of ' so that one more or less can always be told. */
static bool is_formula(alees_str text) {
    size_t at = 0;
    while (at < text.len && text.ptr[at] == '\'') {
        at++;
    }
    return at < text.len && memchr("=+-@\t\r", text.ptr[at], 6) != NULL;
}

static bool needs_quotes(alees_str text) {
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (c == ',' || c == '"' || c == '\n' || c == '\r') {
            return true;
        }
    }
    return text.len == 0 || (unsigned char)text.ptr[0] == 0xef; /* what might be taken for a byte order mark */
}

void csv_put(struct str *out, alees_str text, bool is_text, bool is_first) {
    if (!is_first) {
        str_putc(out, ',');
    }
    if (!text.ptr) {
        return;
    }
    bool is_quoted = needs_quotes(text);
    str_puts(out, is_quoted ? "\"" : "");
    str_puts(out, is_text && is_formula(text) ? "'" : "");
    while (is_quoted && text.len > 0) {
        const char *quote = memchr(text.ptr, '"', text.len);
        size_t len = quote ? (size_t)(quote - text.ptr) + 1 : text.len;
        str_put(out, text.ptr, len);
        str_puts(out, quote ? "\"" : "");
        text = (alees_str){text.ptr + len, text.len - len};
    }
    if (is_quoted) {
        str_putc(out, '"');
    } else {
        str_view(out, text);
    }
}

void csv_end(struct str *out) {
    str_put(out, "\r\n", 2);
}

alees_str csv_plain(alees_str text) {
    if (text.len > 0 && text.ptr[0] == '\'' && is_formula(text)) {
        text.ptr++;
        text.len--;
    }
    return text;
}
