/* SPDX-License-Identifier: MIT
 * describe_markdown_text.c - text, code, links and values in Markdown. */
#include <inttypes.h>
#include <string.h>

#include "describe_markdown.h"

enum { MOST_ITEMS = 2, WIDTH = 100 };

/* Code is kept as it is but for |, which would end a cell even there. A backtick that no other ends is one of text. */
void markdown_text(struct markdown *m, const char *text) {
    bool is_code = false;
    for (const char *p = text; *p; p++) {
        switch (*p) {
        case '`':
            str_puts(m->out, is_code || strchr(p + 1, '`') ? "`" : "\\`");
            is_code = !is_code && strchr(p + 1, '`');
            break;
        case '|': str_puts(m->out, "\\|"); break;
        case '<': str_puts(m->out, is_code ? "<" : "&lt;"); break;
        case '\n': str_putc(m->out, ' '); break;
        default: str_putc(m->out, *p); break;
        }
    }
}

void markdown_code(struct markdown *m, alees_str text) {
    const char *tick = text.len > 0 && memchr(text.ptr, '`', text.len) ? "``" : "`";
    const char *space = tick[1] ? " " : "";
    str_printf(m->out, "%s%s", tick, space);
    for (size_t i = 0; i < text.len; i++) {
        str_puts(m->out, text.ptr[i] == '|' ? "\\" : "");
        str_putc(m->out, (char)(text.ptr[i] == '\n' ? ' ' : text.ptr[i]));
    }
    str_printf(m->out, "%s%s", space, tick);
}

/* "Email addresses" -> "email-addresses"; names of operations and schemas stay as they are. */
static void put_place(struct markdown *m, const char *place, const char *name) {
    str_printf(m->out, "%s%s", place, place[0] ? "-" : "");
    for (const char *p = name; *p; p++) {
        bool is_plain = (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || (*p >= '0' && *p <= '9');
        str_putc(m->out, (char)(is_plain || *p == '_' ? *p : '-'));
    }
}

void markdown_link(struct markdown *m, const char *text, const char *place, const char *name) {
    str_putc(m->out, '[');
    markdown_text(m, text);
    str_puts(m->out, "](#");
    put_place(m, place, name);
    str_putc(m->out, ')');
}

void markdown_target(struct markdown *m, const char *place, const char *name) {
    str_puts(m->out, "<a id=\"");
    put_place(m, place, name);
    str_puts(m->out, "\"></a>");
}

void markdown_anchor(struct markdown *m, const char *place, const char *name) {
    markdown_target(m, place, name);
    str_puts(m->out, "\n\n");
}

/* ---- types ---- */

static void put_bounds(struct markdown *m, const struct alees_field *f, const char *unit) {
    bool has_least = f->min > (f->type == ALEES_TEXT ? 0 : INT64_MIN), has_most = f->max < INT64_MAX;
    if (f->min == 0 && f->max == 0) {
        return;
    }
    if (has_least && has_most) {
        str_printf(m->out, ", %" PRId64 " to %" PRId64 "%s", f->min, f->max, unit);
    } else if (has_least) {
        str_printf(m->out, ", %" PRId64 "%s or more", f->min, unit);
    } else if (has_most) {
        str_printf(m->out, ", at most %" PRId64 "%s", f->max, unit);
    }
}

static void put_choices(struct markdown *m, const char *choices) {
    str_puts(m->out, "one of ");
    for (const char *p = choices; *p;) {
        size_t len = strcspn(p, "|");
        markdown_code(m, (alees_str){p, len});
        p += len + (p[len] == '|');
        str_puts(m->out, *p ? ", " : "");
    }
}

static void put_target(struct markdown *m, const struct alees_field *f, bool is_plural) {
    const struct resource *target = f->reference ? catalogue_resource(m->d.catalogue, f->reference) : NULL;
    if (target) {
        markdown_link(m, is_plural ? target->labels : target->label, "fields", describe_schema_name(&m->d, target));
    } else {
        str_puts(m->out, "another plugin's resource");
    }
}

void markdown_type(struct markdown *m, const struct alees_field *f) {
    static const char *const names[] = {
        [ALEES_BOOLEAN] = "boolean", [ALEES_DATE] = "date",   [ALEES_TIMESTAMP] = "time",
        [ALEES_UUID] = "id",         [ALEES_JSON] = "object", [ALEES_TAGS] = "list of texts"};
    switch (f->type) {
    case ALEES_TEXT:
        str_puts(m->out, "text");
        put_bounds(m, f, " characters");
        break;
    case ALEES_INTEGER:
    case ALEES_DECIMAL:
        str_puts(m->out, f->type == ALEES_INTEGER ? "integer" : "decimal");
        put_bounds(m, f, "");
        break;
    case ALEES_CHOICE: put_choices(m, f->choices); break;
    case ALEES_REFERENCE:
        str_puts(m->out, "id, of: ");
        put_target(m, f, false);
        break;
    case ALEES_REFERENCES:
        str_puts(m->out, "list of ids, of: ");
        put_target(m, f, true);
        break;
    case ALEES_PARTS:
        str_puts(m->out, "list of ");
        put_target(m, f, true);
        break;
    default:
        str_puts(m->out, f->type == ALEES_JSON && (f->schema || (f->flags & ALEES_COMPUTED)) ? "JSON" : names[f->type]);
        break;
    }
}

/* ---- JSON ---- */

struct printing {
    struct str *out;
    uint32_t depth;
    bool is_broken; /* a line for each member */
    bool has_some;
};

static void put_value(struct str *out, const alees_json *v, uint32_t depth);

static void next_member(struct printing *p) {
    str_puts(p->out, p->has_some ? "," : "");
    if (p->is_broken) {
        str_putc(p->out, '\n');
        for (uint32_t i = 0; i <= p->depth; i++) {
            str_puts(p->out, "  ");
        }
    } else {
        str_puts(p->out, p->has_some ? " " : "");
    }
    p->has_some = true;
}

static bool put_member(void *data, alees_str key, const alees_json *value) {
    struct printing *p = data;
    next_member(p);
    str_json(p->out, key);
    str_puts(p->out, ": ");
    put_value(p->out, value, p->is_broken ? p->depth + 1 : UINT32_MAX);
    return true;
}

static void put_members(struct printing *p, const alees_json *v) {
    bool is_object = jx_kind(v) == ALEES_JSON_OBJECT;
    str_putc(p->out, is_object ? '{' : '[');
    if (is_object) {
        jx_each(v, put_member, p);
    }
    for (uint32_t i = 0; !is_object && i < jx_size(v) && i <= MOST_ITEMS; i++) {
        next_member(p);
        if (i < MOST_ITEMS) {
            put_value(p->out, jx_at(v, i), p->is_broken ? p->depth + 1 : UINT32_MAX);
        } else {
            str_puts(p->out, "\"…\"");
        }
    }
    if (p->is_broken && p->has_some) {
        str_putc(p->out, '\n');
        for (uint32_t i = 0; i < p->depth; i++) {
            str_puts(p->out, "  ");
        }
    }
    str_putc(p->out, is_object ? '}' : ']');
}

/* On one line where it is short enough. depth UINT32_MAX: in any case. */
static void put_value(struct str *out, const alees_json *v, uint32_t depth) {
    uint32_t kind = jx_kind(v);
    size_t before = out->len;
    struct printing p = {.out = out, .depth = depth};
    if (kind != ALEES_JSON_OBJECT && kind != ALEES_JSON_ARRAY) {
        jx_write(v, out);
        return;
    }
    put_members(&p, v);
    if (depth != UINT32_MAX && !out->failed && out->len - before + 2 * (size_t)depth > WIDTH) {
        out->len = before;
        p = (struct printing){.out = out, .depth = depth, .is_broken = true};
        put_members(&p, v);
    }
}

void markdown_json(struct markdown *m, const alees_json *v) {
    put_value(m->out, v, 0);
    str_putc(m->out, '\n');
}
