/* SPDX-License-Identifier: MIT
 * problem.c - the one error of a request, and its form on the wire (RFC 9457). */
#include "problem.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { LONGEST_DETAIL = 1024, LONGEST_CODE = 64 };

const struct problem_row problem_rows[PROBLEM_KINDS] = {
#define X(name, status, code, rc, title, help) {code, title, help, status, rc},
    PROBLEM_TABLE(X)
#undef X
};

const struct problem_item_row problem_item_rows[] = {
#define X(code, title, help) {code, title, help},
    PROBLEM_ITEM_TABLE(X)
#undef X
};
const uint32_t problem_item_row_count = ARRAY_LEN(problem_item_rows);

void problem_init(struct problem *p, struct arena *arena) {
    *p = (struct problem){.arena = arena};
}

/* Absent without memory: the rest of the problem says enough. A detail that is cut off may end in half a character,
 * which str_json mends. */
static alees_str PRINTF_LIKE(2, 0) format_detail(struct arena *arena, const char *format, va_list arguments) {
    char text[LONGEST_DETAIL];
    if (vsnprintf(text, sizeof text, format, arguments) < 0) {
        return (alees_str){NULL, 0};
    }
    return arena_str(arena, (alees_str){text, strlen(text)});
}

alees_rc problem_set(struct problem *p, enum problem_kind kind, const char *format, ...) {
    ASSERT(kind < PROBLEM_KINDS);
    const struct problem_row *row = &problem_rows[kind];
    if (p->rc != ALEES_OK) {
        return row->rc;
    }
    p->rc = row->rc;
    p->status = row->status;
    p->code = row->code;
    p->title = row->title;
    va_list arguments;
    va_start(arguments, format);
    p->detail = format_detail(p->arena, format, arguments);
    va_end(arguments);
    return row->rc;
}

static bool is_snake_case(const char *code) {
    size_t len = code ? strlen(code) : 0;
    return len > 0 && len <= LONGEST_CODE && strspn(code, "abcdefghijklmnopqrstuvwxyz0123456789_") == len;
}

/* A plugin may fail with a code of the server's: then it has that one's title, as /docs/errors shows it. */
static const char *title_of(const char *code, const struct problem_row *row) {
    for (size_t i = 0; i < PROBLEM_KINDS; i++) {
        if (strcmp(problem_rows[i].code, code) == 0) {
            return problem_rows[i].title;
        }
    }
    return row->title;
}

alees_rc problem_fail(struct problem *p, alees_rc rc, const char *code, alees_str detail) {
    enum problem_kind kind = problem_kind_of(rc);
    const struct problem_row *row = &problem_rows[kind];
    alees_rc result = rc < 0 ? rc : row->rc; /* a failure that calls itself ALEES_OK is a defect: E_INTERNAL */
    if (p->rc != ALEES_OK) {
        return result;
    }
    const char *copy = is_snake_case(code) ? arena_dup(p->arena, code, strlen(code)) : NULL;
    p->rc = result;
    p->status = row->status;
    p->code = copy ? copy : row->code;
    p->title = title_of(p->code, row);
    p->detail = arena_str(p->arena, detail);
    return result;
}

void problem_add(struct problem *p, alees_str pointer, const char *code, const char *format, ...) {
    if (p->item_count >= PROBLEM_MOST_ITEMS) {
        return;
    }
    struct problem_item *item = ARENA_NEW(p->arena, struct problem_item);
    char *copy = item ? arena_dup(p->arena, code, strlen(code)) : NULL;
    if (!copy) {
        return;
    }
    item->code = copy;
    bool is_inside = p->at.ptr && (pointer.len == 0 || pointer.ptr[0] == '/');
    item->row = p->row;
    item->pointer =
        is_inside ? arena_printf(p->arena, "%.*s%.*s", STR_FMT(p->at), STR_FMT(pointer)) : arena_str(p->arena, pointer);
    va_list arguments;
    va_start(arguments, format);
    item->detail = format_detail(p->arena, format, arguments);
    va_end(arguments);
    if (p->last) {
        p->last->next = item;
    } else {
        p->items = item;
    }
    p->last = item;
    p->item_count++;
}

enum problem_kind problem_kind_of(alees_rc rc) {
    switch (rc) {
    case ALEES_E_NOMEM: return PROBLEM_OUT_OF_MEMORY;
    case ALEES_E_INVALID: return PROBLEM_INVALID;
    case ALEES_E_NOT_FOUND: return PROBLEM_NOT_FOUND;
    case ALEES_E_CONFLICT: return PROBLEM_CONFLICT;
    case ALEES_E_DENIED: return PROBLEM_PERMISSION_DENIED;
    case ALEES_E_UNAVAILABLE: return PROBLEM_UNAVAILABLE;
    case ALEES_E_UNSUPPORTED: return PROBLEM_UNSUPPORTED;
    case ALEES_E_MALFORMED: return PROBLEM_BAD_REQUEST;
    case ALEES_E_UNAUTHENTICATED: return PROBLEM_UNAUTHENTICATED;
    case ALEES_E_TOO_MANY: return PROBLEM_TOO_MANY_REQUESTS;
    default: return PROBLEM_INTERNAL; /* a plugin's number that nobody knows, too */
    }
}

static void write_member(struct str *out, const char *name, alees_str value) {
    if (value.ptr) {
        str_printf(out, ",\"%s\":", name);
        str_json(out, value);
    }
}

static void write_items(const struct problem *p, struct str *out) {
    str_puts(out, ",\"errors\":[");
    for (const struct problem_item *item = p->items; item; item = item->next) {
        str_puts(out, item == p->items ? "{" : ",{");
        if (item->row > 0) {
            str_puts(out, "\"row\":");
            str_u64(out, item->row);
            str_putc(out, ',');
        }
        str_puts(out, "\"pointer\":");
        str_json(out, item->pointer.ptr ? item->pointer : STR_LIT(""));
        write_member(out, "code", (alees_str){item->code, strlen(item->code)});
        write_member(out, "detail", item->detail);
        str_putc(out, '}');
    }
    str_putc(out, ']');
}

void problem_write(const struct problem *p, alees_str request_id, struct str *out) {
    const struct problem_row *unknown = &problem_rows[PROBLEM_INTERNAL];
    const char *code = p->code ? p->code : unknown->code;
    const char *title = p->title ? p->title : unknown->title;
    str_printf(out, "{\"type\":\"/docs/errors/%s\",\"title\":", code);
    str_json(out, (alees_str){title, strlen(title)});
    str_puts(out, ",\"status\":");
    str_u64(out, p->status ? p->status : unknown->status);
    write_member(out, "code", (alees_str){code, strlen(code)});
    write_member(out, "detail", p->detail);
    if (p->items) {
        write_items(p, out);
    }
    write_member(out, "permission", p->permission);
    write_member(out, "organization", p->organization);
    write_member(out, "request_id", request_id);
    str_putc(out, '}');
}
