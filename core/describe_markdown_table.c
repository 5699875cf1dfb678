/* SPDX-License-Identifier: MIT
 * describe_markdown_table.c - tables: the fields of a resource, what lists are filtered by, parameters, errors. */
#include <string.h>

#include "describe_markdown.h"

enum { MOST_FILTERS = 512, MOST_COMMONS = 64 };

/* ---- fields ---- */

static void put_flag(struct markdown *m, const char *word) {
    str_printf(m->out, "%s%s", m->separator, word);
    m->separator = ", ";
}

/* without: flags that are not said. */
static void put_flags(struct markdown *m, const struct alees_field *f, uint32_t without) {
    static const struct {
        uint32_t flag;
        const char *word;
    } words[] = {{ALEES_REQUIRED, "required"},      {ALEES_READ_ONLY, "read only"},
                 {ALEES_COMPUTED, "computed"},      {ALEES_WRITE_ONCE, "on create"},
                 {ALEES_WRITE_ONLY, "never shown"}, {ALEES_UNIQUE, "unique"},
                 {ALEES_SINGLE, "true of one"},     {ALEES_NULLABLE, "or null"},
                 {ALEES_FILTER, "filter"},          {ALEES_SORT, "sort"},
                 {ALEES_SEARCH, "search"}};
    m->separator = "";
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        if ((f->flags & ~without & words[i].flag) != 0) {
            put_flag(m, words[i].word);
        }
    }
}

static void put_said(struct markdown *m, const char *before, const char *json) {
    if (json) {
        str_puts(m->out, before);
        markdown_code(m, alees_text(json));
        str_putc(m->out, '.');
    }
}

static void put_field(struct markdown *m, const struct alees_field *f, uint32_t without) {
    str_puts(m->out, "| ");
    markdown_code(m, alees_text(f->name));
    str_puts(m->out, " | ");
    markdown_type(m, f);
    str_puts(m->out, " | ");
    put_flags(m, f, without);
    str_puts(m->out, " | ");
    markdown_text(m, f->description ? f->description : "");
    put_said(m, " Default: ", f->fallback);
    put_said(m, " Example: ", f->example);
    str_puts(m->out, " |\n");
}

static const char header[] = "| Field | Type | Flags | Description |\n|---|---|---|---|\n";

void markdown_members(struct markdown *m, alees_list fields) {
    const struct alees_field *f = fields.items;
    str_printf(m->out, "\n%s", header);
    for (uint32_t i = 0; i < fields.count; i++) {
        put_field(m, &f[i], 0);
    }
}

/* ---- filters: fields that have the same operators share a row ---- */

enum { MEMBERS = ENGINE_OPERATORS }; /* the bit of a field whose members have operators, too */
struct markdown_filter {
    const char *name;
    uint32_t operators; /* 1 << ENGINE_.. */
};

static void note_filter(struct describe *d, const struct describe_parameter *p) {
    struct markdown *m = markdown_of(d);
    const char *nested = p->nested ? p->nested->decl->name : "";
    struct markdown_filter *last;
    alees_str name;
    if (!p->field && !p->nested) {
        return;
    }
    name = arena_printf(d->arena, "%s%s%s", nested, p->nested && p->field ? "__" : "",
                        p->field ? p->field->decl->name : "");
    if (!name.ptr) {
        return;
    }
    if (m->filter_count == 0 || strcmp(m->filters[m->filter_count - 1].name, name.ptr) != 0) {
        if (m->filter_count == MOST_FILTERS) {
            return;
        }
        m->filters[m->filter_count++] = (struct markdown_filter){.name = name.ptr};
    }
    last = &m->filters[m->filter_count - 1];
    last->operators |= 1u << (!p->field ? ENGINE_ISNULL : p->is_open ? MEMBERS : (uint32_t)p->op);
}

static void put_operators(struct markdown *m, uint32_t operators) {
    m->separator = "";
    for (uint32_t op = 0; op < ENGINE_OPERATORS; op++) {
        if ((operators & (1u << op)) != 0) {
            str_printf(m->out, "%s`%s%s`", m->separator, op == ENGINE_EQ ? "=" : "__",
                       engine_filter_word((enum engine_operator)op));
            m->separator = " ";
        }
    }
    if ((operators & (1u << MEMBERS)) != 0) {
        str_puts(m->out, "; members by `__NAME`, with operators behind it");
    }
}

static void put_filters(struct markdown *m, const struct resource *r) {
    str_puts(m->out, "\n");
    markdown_anchor(m, "filters", describe_schema_name(&m->d, r));
    str_puts(m->out, "| Filter | Operators |\n|---|---|\n");
    for (uint32_t i = 0; i < m->filter_count; i++) {
        const uint32_t operators = m->filters[i].operators;
        const char *separator = "";
        if (operators == 0) { /* in the row of another */
            continue;
        }
        str_puts(m->out, "| ");
        for (uint32_t k = i; k < m->filter_count; k++) {
            if (m->filters[k].operators == operators) {
                str_printf(m->out, "%s`%s`", separator, m->filters[k].name);
                separator = ", ";
                m->filters[k].operators = 0;
            }
        }
        str_puts(m->out, " | ");
        put_operators(m, operators);
        str_puts(m->out, " |\n");
    }
}

static const struct route *list_of(struct markdown *m, const struct resource *r) {
    for (uint32_t i = 0; i < m->d.catalogue->route_count; i++) {
        const struct route *route = &m->d.catalogue->routes[i];
        if (route->resource == r && route->operation == ROUTE_LIST) {
            return route;
        }
    }
    return NULL;
}

void markdown_fields(struct markdown *m, const struct resource *r) {
    const struct route *list = list_of(m, r);
    str_puts(m->out, "\n");
    markdown_anchor(m, "fields", describe_schema_name(&m->d, r));
    str_puts(m->out, header);
    for (uint32_t i = 0; i < r->field_count; i++) {
        const struct resource_field *f = &r->fields[i];
        bool can_change = describe_has(f, r, DESCRIBE_CHANGE); /* the organization of what can be moved */
        struct alees_field decl = *f->decl;
        if (decl.type == ALEES_UUID && f->target) { /* created_by and the like */
            decl.type = ALEES_REFERENCE;
            decl.reference = f->target->full_name;
        }
        put_field(m, &decl, can_change ? (uint32_t)ALEES_WRITE_ONCE : 0);
    }
    m->filters = arena_alloc_array(m->d.arena, sizeof *m->filters, MOST_FILTERS);
    m->filter_count = 0;
    if (m->filters && list) {
        describe_query(&m->d, list, note_filter);
    }
    if (m->filter_count > 0) {
        put_filters(m, r);
    }
}

/* ---- parameters of one endpoint ---- */

static void begin_item(struct markdown *m, const char *what) {
    if (m->separator[0]) {
        str_puts(m->out, m->separator);
    } else {
        str_printf(m->out, "- %s: ", what);
        m->separator = ", ";
    }
}

static bool is_common(const struct describe_parameter *p) {
    return !p->field && !p->nested && !p->decl;
}

/* Where one is told of: "organization" of lists is another one than that of imports. */
static const char *place_of(const struct describe_parameter *p) {
    return p->json ? p->shared : p->name;
}

static void put_common(struct describe *d, const struct describe_parameter *p) {
    struct markdown *m = markdown_of(d);
    if (is_common(p)) {
        begin_item(m, "Query");
        markdown_link(m, p->name, "parameter", place_of(p));
    }
    m->has_filters = m->has_filters || p->field || p->nested;
}

static void put_own(struct describe *d, const struct describe_parameter *p) {
    struct markdown *m = markdown_of(d);
    if (p->decl) {
        str_puts(m->out, m->separator[0] ? "" : "- Own parameters:\n");
        m->separator = ", ";
        str_puts(m->out, "  - ");
        markdown_code(m, alees_text(p->name));
        str_puts(m->out, " (");
        markdown_type(m, p->decl);
        str_printf(m->out, "%s): ", p->is_required ? ", required" : "");
        markdown_text(m, p->description ? p->description : "");
        put_said(m, " Example: ", p->decl->example);
        str_puts(m->out, "\n");
    }
}

/* Where a header is told of. */
static const char *anchor_of(struct markdown *m, const struct describe_header *h) {
    alees_str text = arena_printf(m->d.arena, "%s%s", h->use ? h->use : "", h->name);
    return text.ptr ? text.ptr : h->name;
}

static void put_header(struct describe *d, const struct describe_header *h) {
    struct markdown *m = markdown_of(d);
    begin_item(m, "Headers");
    markdown_link(m, h->name, "header", anchor_of(m, h));
}

/* {name} of the path, as its route declares it. */
static void put_in_path(struct markdown *m, const struct route *route, alees_str name) {
    const struct alees_field *f = route->decl ? route->decl->parameters.items : NULL;
    for (uint32_t i = 0; f && i < route->decl->parameters.count; i++) {
        if (str_equal(name, f[i].name) && f[i].description) {
            markdown_code(m, name);
            str_puts(m->out, " (");
            markdown_type(m, &f[i]);
            str_puts(m->out, "): ");
            markdown_text(m, f[i].description);
            return;
        }
    }
    markdown_code(m, name);
    str_printf(m->out, " (id): %s", str_equal(name, "id") ? "the row" : "the row that it is a part of");
}

static void end_items(struct markdown *m) {
    str_puts(m->out, m->separator[0] ? "\n" : "");
    m->separator = "";
}

void markdown_parameters(struct markdown *m, const struct route *route) {
    m->separator = "";
    for (const char *p = strchr(route->path, '{'); p; p = strchr(p + 1, '{')) {
        begin_item(m, "Path");
        put_in_path(m, route, (alees_str){p + 1, strcspn(p + 1, "}")});
    }
    end_items(m);
    m->has_filters = false;
    describe_query(&m->d, route, put_common);
    if (m->has_filters) {
        str_puts(m->out, ", and ");
        markdown_link(m, "filters", "filters", describe_schema_name(&m->d, route->resource));
    }
    end_items(m);
    describe_query(&m->d, route, put_own);
    m->separator = "";
    describe_headers(&m->d, route, put_header);
    end_items(m);
}

/* ---- what many endpoints have ---- */

static void put_once(struct describe *d, const struct describe_parameter *p) {
    struct markdown *m = markdown_of(d);
    for (uint32_t i = 0; i < m->told_count; i++) {
        if (m->told[i] == p->description) {
            return;
        }
    }
    if (!is_common(p) || m->told_count == MOST_COMMONS) {
        return;
    }
    m->told[m->told_count++] = p->description;
    str_puts(m->out, "| ");
    markdown_target(m, "parameter", place_of(p));
    markdown_code(m, alees_text(p->name));
    str_puts(m->out, " | ");
    markdown_text(m, p->description);
    str_puts(m->out, " |\n");
}

static void put_header_once(struct describe *d, const struct describe_header *h) {
    struct markdown *m = markdown_of(d);
    str_puts(m->out, "| ");
    markdown_target(m, "header", anchor_of(m, h));
    str_printf(m->out, "`%s` | ", h->name);
    markdown_text(m, h->description);
    str_puts(m->out, " |\n");
}

void markdown_commons(struct markdown *m) {
    m->told = arena_alloc_array(m->d.arena, sizeof *m->told, MOST_COMMONS);
    m->told_count = 0;
    str_puts(m->out, "\n| Parameter | Meaning |\n|---|---|\n");
    for (uint32_t i = 0; m->told && i < m->d.catalogue->route_count; i++) {
        describe_query(&m->d, &m->d.catalogue->routes[i], put_once);
    }
    str_puts(m->out, "\n| Header | Meaning |\n|---|---|\n");
    describe_headers(&m->d, NULL, put_header_once);
}

/* ---- errors ---- */

static void put_problem(struct describe *d, const struct describe_answer *a) {
    struct markdown *m = markdown_of(d);
    str_printf(m->out, "| %u | ", (unsigned)a->status);
    markdown_text(m, a->description);
    str_puts(m->out, " |\n");
}

void markdown_problems(struct markdown *m) {
    str_puts(m->out, "\n| Status | Meaning |\n|---|---|\n");
    describe_problems(&m->d, put_problem);
}

static void put_error(struct markdown *m, const struct catalogue_error *e) {
    const char *code = e->decl.code;
    str_puts(m->out, "| ");
    if (catalogue_error(m->d.catalogue, alees_text(code)) == e) { /* the first, where several plugins have it */
        str_printf(m->out, "<a id=\"error-%s\"></a>", code);
    }
    str_printf(m->out, "`%s` | %u | %s | ", code, (unsigned)e->decl.status,
               e->plugin ? e->plugin->decl.name : "server");
    markdown_text(m, e->decl.title);
    str_puts(m->out, " | ");
    markdown_text(m, e->decl.help);
    str_puts(m->out, " |\n");
}

static void put_errors(struct markdown *m, uint32_t flag) {
    str_puts(m->out, "\n| Code | Status | Of | Title | Meaning |\n|---|---|---|---|---|\n");
    for (uint32_t i = 0; i < m->d.catalogue->error_count; i++) {
        if ((m->d.catalogue->errors[i].decl.flags & ALEES_ERROR_FIELD) == flag) {
            put_error(m, &m->d.catalogue->errors[i]);
        }
    }
}

void markdown_errors(struct markdown *m) {
    put_errors(m, 0);
    str_puts(m->out, "\nThese stand in `errors` of a problem, beside the `pointer` to what is wrong:\n");
    put_errors(m, ALEES_ERROR_FIELD);
}
