/* SPDX-License-Identifier: MIT
 * describe_markdown.c - the API for people to read, as one Markdown file: docs/api.md, `alees apidoc`. */
#include "describe_markdown.h"

#include <string.h>

#include "alees/abi.h"

enum { FIRST_SIZE = 1024 * 1024 };

static const char introduction[] =
    "# API reference\n\n"
    "<!-- Written by `alees apidoc`; `make golden` writes it anew. -->\n\n"
    "Every endpoint of Alees " ALEES_VERSION
    " with the plugins that come with it, made from the declarations that the server "
    "runs on.\nHow things work together is told by the [API guide](api-guide.md); programs read "
    "[openapi.json](openapi.json), which a server\ngives out itself at `/openapi.json`, for its own plugins.\n";

static const char basics[] =
    "Endpoints are below `/api/v1`, but for those of the [server](#group-Server) itself. They read and answer JSON in "
    "UTF-8. "
    "Log in,\nand send the token with every request:\n\n"
    "```sh\n"
    "curl -X POST \"$BASE_URL\"'/api/v1/auth/login' -H 'Content-Type: application/json' \\\n"
    "  -d '{\"username\": \"acme-manager\", \"password\": \"demo-password\"}'\n"
    "curl \"$BASE_URL\"'/api/v1/auth/me' -H \"Authorization: Bearer $TOKEN\"\n"
    "```\n\n"
    "A list is answered by pages: `{\"results\": [..], \"next\": URL or null, \"previous\": URL or null, \"count\": "
    "number or "
    "null}`.\nAn error is `application/problem+json` (RFC 9457), and its `code` is what programs look at; all of them "
    "are "
    "[below](#about-errors):\n\n"
    "```json\n"
    "{\n  \"type\": \"/docs/errors/not_found\",\n  \"title\": \"Not found\",\n  \"status\": 404,\n"
    "  \"code\": \"not_found\",\n  \"detail\": \"There is nothing at this address, or you may not see it.\",\n"
    "  \"request_id\": \"8f14e45f-ceea-467f-a0e6-1c1b2d3e4f50\"\n}\n"
    "```\n\n"
    "Rows of organizations in which the caller does not hold the permission of an endpoint are as if they were not "
    "there. Of "
    "a field's\nflags, *filter*, *sort* and *search* say what lists can do with it, and *on create* that it never "
    "changes "
    "afterwards. In examples\n`\"…\"` stands for what a list has besides.\n";

/* ---- contents ---- */

static const struct {
    const char *name, *title;
} sections[] = {{"basics", "Basics"},
                {"parameters", "Parameters and headers of many endpoints"},
                {"problems", "Statuses of errors"},
                {"errors", "Codes of errors"}};
enum { BASICS, PARAMETERS, PROBLEMS, ERRORS };

static void put_heading(struct markdown *m, const char *place, const char *name, const char *title) {
    str_putc(m->out, '\n');
    markdown_anchor(m, place, name);
    str_puts(m->out, "## ");
    markdown_text(m, title);
    str_puts(m->out, "\n\n");
}

static void put_section_link(struct markdown *m, size_t i) {
    str_puts(m->out, "- ");
    markdown_link(m, sections[i].title, "about", sections[i].name);
    str_putc(m->out, '\n');
}

/* Calls each for the routes of a group, in the order of the catalogue. */
static void each_of_group(struct markdown *m, const char *group,
                          void (*each)(struct markdown *m, const struct route *r)) {
    for (uint32_t i = 0; i < m->d.catalogue->route_count; i++) {
        const struct route *route = &m->d.catalogue->routes[i];
        if (strcmp(describe_group(&m->d, route), group) == 0) {
            each(m, route);
        }
    }
}

static void put_route_link(struct markdown *m, const struct route *route) {
    str_puts(m->out, "  - ");
    markdown_link(m, route->summary, "", describe_operation_id(&m->d, route));
    str_printf(m->out, ": `%s %s`\n", plugin_method(route->method), route->path);
}

static void put_group_links(struct describe *d, const struct describe_group *group) {
    struct markdown *m = markdown_of(d);
    str_puts(m->out, "- ");
    markdown_link(m, group->name, "group", group->name);
    str_putc(m->out, '\n');
    each_of_group(m, group->name, put_route_link);
}

static void put_contents(struct markdown *m) {
    put_heading(m, "about", "contents", "Contents");
    for (size_t i = 0; i < ERRORS; i++) {
        put_section_link(m, i);
    }
    describe_groups(&m->d, put_group_links);
    put_section_link(m, ERRORS);
}

static void put_front(struct markdown *m) {
    str_puts(m->out, introduction);
    put_contents(m);
    put_heading(m, "about", sections[BASICS].name, sections[BASICS].title);
    str_puts(m->out, basics);
    put_heading(m, "about", sections[PARAMETERS].name, sections[PARAMETERS].title);
    str_puts(m->out, "What the [API guide](api-guide.md) tells at length.\n");
    markdown_commons(m);
    put_heading(m, "about", sections[PROBLEMS].name, sections[PROBLEMS].title);
    str_puts(m->out, "Which of them an endpoint can answer is said there; they mean the same everywhere.\n");
    markdown_problems(m);
}

/* ---- endpoints ---- */

static void put_permission(struct markdown *m, const struct route *route) {
    bool is_in_person = (route->flags & ALEES_ROUTE_IN_PERSON) != 0;
    if (route->permission_name) {
        str_printf(m->out, "- Permission: `%s`%s\n", route->permission_name, is_in_person ? "; not by an API key" : "");
    } else if ((route->flags & ALEES_ROUTE_PUBLIC) != 0) {
        str_printf(m->out, "- Permission: none, nor a login%s\n",
                   describe_takes_login(route) ? "; the token of those who send one counts" : "");
    } else {
        str_printf(m->out, "- Permission: none; a login is enough%s\n", is_in_person ? ", an API key is not" : "");
    }
}

static void put_types(struct markdown *m, const char *const *types) {
    for (m->separator = ""; types && *types; types++) {
        str_printf(m->out, "%s`%s`", m->separator, *types);
        m->separator = ", ";
    }
}

/* "; required: `sku`, `name`" */
static void put_required(struct markdown *m, const struct resource *r, enum describe_use use) {
    m->separator = "; required: ";
    for (uint32_t i = 0; i < r->field_count; i++) {
        const struct resource_field *f = &r->fields[i];
        if (describe_has(f, r, use) && describe_is_required(f->decl, use)) {
            str_printf(m->out, "%s`%s`", m->separator, f->decl->name);
            m->separator = ", ";
        }
    }
}

static void put_exceptions(struct markdown *m, const struct resource *r) {
    m->separator = ", but for ";
    for (uint32_t i = 0; i < r->field_count; i++) {
        if (describe_is_of_one_row(r, &r->fields[i])) {
            str_printf(m->out, "%s`%s`", m->separator, r->fields[i].decl->name);
            m->separator = ", ";
        }
    }
}

static void put_body(struct markdown *m, const struct route *route) {
    const char *const *types = describe_body_types(route);
    if (!types) {
        return;
    }
    str_puts(m->out, "- Body: ");
    put_types(m, types);
    str_puts(m->out, "; ");
    if (route->operation == ROUTE_PLUGIN) {
        str_puts(m->out, "an object of these members:\n");
        markdown_members(m, route->decl->body);
        str_putc(m->out, '\n');
        return;
    }
    str_puts(m->out, route->operation == ROUTE_CREATE ? "one object or a list of them, of " : "an object of ");
    markdown_link(m, "the fields", "fields", describe_schema_name(&m->d, route->resource));
    str_puts(m->out, " that are not read only");
    if (route->operation == ROUTE_PATCH_MANY) {
        put_exceptions(m, route->resource);
    }
    put_required(m, route->resource,
                 route->operation == ROUTE_CREATE ? DESCRIBE_CREATE
                 : route->operation == ROUTE_PUT  ? DESCRIBE_REPLACE
                                                  : DESCRIBE_CHANGE);
    str_putc(m->out, '\n');
}

static void put_success(struct describe *d, const struct describe_answer *a) {
    static const char *const names[] = {
        /* but for those of nearly all */
        "ETag", "Location", "Link", "Preference-Applied", "Idempotency-Replayed", "Content-Disposition"};
    struct markdown *m = markdown_of(d);
    if (a->is_problem) {
        return;
    }
    str_printf(m->out, "  - `%u`: ", (unsigned)a->status);
    markdown_text(m, a->description);
    if (a->types) {
        str_puts(m->out, " As ");
        put_types(m, a->types);
        str_putc(m->out, '.');
    }
    m->separator = " Headers: ";
    for (uint32_t i = 0; i < ARRAY_LEN(names); i++) {
        if ((a->headers & (1u << i)) != 0) {
            str_printf(m->out, "%s`%s`", m->separator, names[i]);
            m->separator = ", ";
        }
    }
    str_puts(m->out, m->separator[0] == ',' ? ".\n" : "\n");
    m->separator = "  - ";
}

static void put_failure(struct describe *d, const struct describe_answer *a) {
    struct markdown *m = markdown_of(d);
    if (a->is_problem) {
        str_printf(m->out, "%s`%u`", m->separator, (unsigned)a->status);
        m->separator = ", ";
    }
}

static void put_answers(struct markdown *m, const struct route *route) {
    str_puts(m->out, "- Answers:\n");
    describe_answers(&m->d, route, put_success);
    m->separator = "  - ";
    describe_answers(&m->d, route, put_failure);
    str_puts(m->out, ": ");
    markdown_link(m, "errors", "about", sections[PROBLEMS].name);
    str_putc(m->out, '\n');
    if (route->operation == ROUTE_PLUGIN && (route->row || route->decl->response.count > 0)) {
        str_puts(m->out, "- Members of the answer:");
        if (route->row) {
            str_putc(m->out, ' ');
            markdown_link(m, "the fields", "fields", describe_schema_name(&m->d, route->row));
        }
        str_puts(m->out, route->decl->response.count == 0 ? "\n" : route->row ? " and these:\n" : "\n");
        if (route->decl->response.count > 0) {
            markdown_members(m, route->decl->response);
        }
    }
}

static void put_route(struct markdown *m, const struct route *route) {
    str_putc(m->out, '\n');
    markdown_anchor(m, "", describe_operation_id(&m->d, route));
    str_printf(m->out, "### %s %s\n\n**", plugin_method(route->method), route->path);
    markdown_text(m, route->summary);
    str_puts(m->out, ".**");
    if (route->decl && route->decl->description) {
        str_putc(m->out, ' ');
        markdown_text(m, route->decl->description);
    }
    str_printf(m->out, "\n\n- Operation: `%s`\n", describe_operation_id(&m->d, route));
    put_permission(m, route);
    markdown_parameters(m, route);
    put_body(m, route);
    put_answers(m, route);
    markdown_example(m, route);
}

static const struct route *first_of(struct markdown *m, const struct resource *r) {
    for (uint32_t i = 0; i < m->d.catalogue->route_count; i++) {
        if (m->d.catalogue->routes[i].resource == r && m->d.catalogue->routes[i].operation < ROUTE_PLUGIN) {
            return &m->d.catalogue->routes[i];
        }
    }
    return NULL;
}

static void put_group(struct describe *d, const struct describe_group *group) {
    struct markdown *m = markdown_of(d);
    m->group = group->name;
    put_heading(m, "group", group->name, group->name);
    markdown_text(m, group->description);
    str_putc(m->out, '\n');
    for (uint32_t i = 0; i < d->catalogue->resource_count; i++) {
        const struct resource *r = d->catalogue->resources[i];
        const struct route *first = first_of(m, r);
        if (first && strcmp(describe_group(d, first), group->name) == 0) {
            markdown_fields(m, r);
        }
    }
    each_of_group(m, group->name, put_route);
    markdown_group_error(m);
}

alees_str describe_markdown(struct arena *arena, const struct catalogue *catalogue, const alees_json *examples) {
    struct markdown m = {.separator = ""};
    struct str out;
    str_init(&out, arena, FIRST_SIZE);
    m.out = &out;
    m.d = (struct describe){.arena = arena, .catalogue = catalogue};
    if (examples) {
        markdown_use(&m, examples);
    }
    put_front(&m);
    describe_groups(&m.d, put_group);
    put_heading(&m, "about", sections[ERRORS].name, sections[ERRORS].title);
    str_puts(&out, "A server tells the same at `/docs/errors`; the `type` of a problem leads there.\n");
    markdown_errors(&m);
    return arena_is_exhausted(arena) ? (alees_str){NULL, 0} : str_done(&out);
}
