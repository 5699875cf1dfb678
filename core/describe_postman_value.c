/* SPDX-License-Identifier: MIT
 * describe_postman_value.c - what requests send: the examples of the declarations, with variables for ids, for what must be
 * unique, and for secrets that an earlier answer held. */
#include <string.h>

#include "describe_postman.h"

enum { BASE = sizeof "/api/v1" - 1 }; /* in front of the path of a resource */

static const char *printed(alees_str text) {
    return text.ptr ? text.ptr : "";
}

/* "EmailAddress" -> "email_address" */
static const char *split(struct postman *p, const char *camel, char between) {
    struct str s;
    str_init(&s, p->d.arena, 64);
    for (const char *c = camel; *c; c++) {
        bool is_upper = *c >= 'A' && *c <= 'Z';
        if (is_upper && c > camel) {
            str_putc(&s, between);
        }
        str_putc(&s, is_upper ? (char)(*c - 'A' + 'a') : *c);
    }
    return printed(str_done(&s));
}

const char *postman_name(struct postman *p, const struct resource *r) {
    return split(p, describe_schema_name(&p->d, r), '_');
}

const char *postman_words(struct postman *p, const struct resource *r) {
    return split(p, describe_schema_name(&p->d, r), ' ');
}

const char *postman_value(struct postman *p, const struct resource *r, const char *text) {
    static const struct {
        const char *word, *front, *back;
        bool is_made; /* only where somebody makes rows */
    } words[] = {
        {"@row", "{{", "_id}}", false},          {"@etag", "{{", "_etag}}", false},   {"@new", "{{new_", "_id}}", true},
        {"@version", "{{new_", "_etag}}", true}, {"@many", "{{new_", "_ids}}", true},
    };
    if (text[0] != '@') {
        return text;
    }
    for (size_t i = 0; r && i < ARRAY_LEN(words); i++) {
        bool is_there = strcmp(text, "@many") == 0 ? postman_route(p, r, ROUTE_CREATE) != NULL
                                                   : !words[i].is_made || postman_maker(p, r) != NULL;
        if (strcmp(text, words[i].word) == 0 && is_there) {
            return printed(arena_printf(p->d.arena, "%s%s%s", words[i].front, postman_name(p, r), words[i].back));
        }
    }
    return POSTMAN_NOBODY;
}

const struct resource *postman_resource_at(struct postman *p, const char *path, size_t len) {
    const size_t skip = BASE;
    for (uint32_t i = 0; i < p->d.catalogue->resource_count; i++) {
        const struct resource *r = p->d.catalogue->resources[i];
        if (len == strlen(r->path) + skip && memcmp(path + skip, r->path, len - skip) == 0) {
            return r;
        }
    }
    return NULL;
}

/* ---- secrets that are answered once, and taken by another route ---- */

static const struct alees_field *member_of(alees_list fields, const char *name) {
    const struct alees_field *f = fields.items;
    for (uint32_t i = 0; i < fields.count; i++) {
        if (strcmp(f[i].name, name) == 0 && f[i].type == ALEES_TEXT) {
            return &f[i];
        }
    }
    return NULL;
}

/* "API keys", "token" -> "api_keys_token" */
static const char *joined(struct postman *p, const char *group, const char *name) {
    struct str s;
    str_init(&s, p->d.arena, 64);
    for (const char *c = group; *c; c++) {
        bool is_letter = (*c >= 'a' && *c <= 'z') || (*c >= '0' && *c <= '9');
        str_putc(&s, *c >= 'A' && *c <= 'Z' ? (char)(*c - 'A' + 'a') : (char)(is_letter ? *c : '_'));
    }
    str_printf(&s, "_%s", name);
    return printed(str_done(&s));
}

static const char *kept(struct postman *p, const struct route *route, const struct alees_field *member,
                        bool is_answer) {
    const char *group = describe_group(&p->d, route);
    for (uint32_t i = 0; i < p->d.catalogue->route_count && member->type == ALEES_TEXT; i++) {
        const struct route *other = &p->d.catalogue->routes[i];
        const struct alees_field *partner = NULL;
        if (other == route || other->operation != ROUTE_PLUGIN || !describe_tells(&p->d, other) ||
            strcmp(describe_group(&p->d, other), group) != 0) {
            continue;
        }
        partner = member_of(is_answer ? other->decl->body : other->decl->response, member->name);
        if (partner && ((is_answer ? partner : member)->flags & ALEES_WRITE_ONLY) != 0) {
            return joined(p, group, member->name);
        }
    }
    return NULL;
}

const char *postman_kept(struct postman *p, const struct route *route, const struct alees_field *member) {
    return kept(p, route, member, true);
}

/* ---- one value ---- */

/* The row that a reference names: one that there is, or the run's own. Absent: it is left out. */
static alees_str reference_of(struct postman *p, const struct alees_field *f, const struct route *route) {
    const struct resource *target = catalogue_resource(p->d.catalogue, f->reference);
    const char *is_list = f->type == ALEES_REFERENCES ? "[" : "", *end = is_list[0] ? "]" : "";
    bool is_parent = p->of && p->of->parent && p->of->parent->decl == f;
    if (target && target == p->of && !is_parent && (f->flags & ALEES_REQUIRED) == 0) {
        return route->operation == ROUTE_PLUGIN ? alees_text(f->example) : (alees_str){NULL, 0};
    }
    if (!target || (f->flags & ALEES_WEAK) != 0 ||
        (!postman_maker(p, target) && !postman_route(p, target, ROUTE_LIST))) {
        return (alees_str){NULL, 0};
    }
    return arena_printf(p->d.arena, "%s\"%s\"%s", is_list, postman_value(p, target, "@row"), end);
}

/* The example with the id of this run, so that nobody has it yet. */
static alees_str unique_of(struct postman *p, const struct alees_field *f, uint32_t place) {
    enum { LENGTH = 10 }; /* of such an id, and the place of a row */
    size_t len = f->example ? strlen(f->example) - 2 : 0;
    alees_str more = place ? arena_printf(p->d.arena, "%u", (unsigned)place) : alees_text("");
    if (f->max && (int64_t)(len + LENGTH) > f->max) {
        len = 0;
    }
    return arena_printf(p->d.arena, "\"%.*s{{run}}%s\"", (int)len, f->example ? f->example + 1 : "", printed(more));
}

static bool is_nothing(const char *example) {
    return strcmp(example, "null") == 0 || strcmp(example, "{}") == 0 || strcmp(example, "[]") == 0;
}

/* What is optional is sent if somebody thought it worth an example that is not nothing; a moment never, as it goes by. */
static bool is_sent(const struct alees_field *f) {
    return (f->flags & ALEES_REQUIRED) != 0 ||
           (f->example && !is_nothing(f->example) && f->type != ALEES_TIMESTAMP && f->type != ALEES_REFERENCE);
}

static alees_str example_of(struct postman *p, const struct alees_field *f) {
    struct describe d = p->d;
    struct str s;
    if (f->example) {
        return alees_text(f->example);
    }
    str_init(&s, p->d.arena, 64);
    jw_init(&d.w, &s);
    describe_example_value(&d, NULL, f, DESCRIBE_CREATE);
    return str_done(&s);
}

/* As JSON; absent: it is left out. */
static alees_str value_of(struct postman *p, const struct route *route, const struct alees_field *f, uint32_t place) {
    const char *secret = route->operation == ROUTE_PLUGIN ? kept(p, route, f, false) : NULL;
    bool is_credential = route == p->login || (route->flags & ALEES_ROUTE_ENDS_LOGIN) != 0;
    if (route == p->login) {
        return arena_printf(p->d.arena, "\"{{%s}}\"", f->name);
    }
    if (secret) {
        return arena_printf(p->d.arena, "\"{{%s}}\"", secret);
    }
    if (is_credential && (f->flags & ALEES_WRITE_ONLY) != 0) {
        return alees_text("\"{{password}}\"");
    }
    if (f->reference && f->type != ALEES_PARTS) {
        return (f->flags & ALEES_REQUIRED) != 0 || f->type == ALEES_UUID || !f->example || !is_nothing(f->example)
                   ? reference_of(p, f, route)
                   : (alees_str){NULL, 0};
    }
    if (!is_sent(f)) {
        return (alees_str){NULL, 0};
    }
    return f->type == ALEES_TEXT && (f->flags & ALEES_UNIQUE) != 0 ? unique_of(p, f, place) : example_of(p, f);
}

void postman_put_value(struct postman *p, const struct route *route, const struct alees_field *f, uint32_t place) {
    alees_str json = value_of(p, route, f, place);
    if (json.ptr) {
        jw_json(&p->d.w, f->name, json.ptr);
    }
}

/* ---- bodies ---- */

static bool is_of_row(const struct route *route, const struct resource *r, const struct resource_field *f) {
    const bool is_put = route->operation == ROUTE_PUT;
    if (f->is_standard && !f->decl->reference) {
        return false;
    }
    if (is_put && !f->is_standard && (f->decl->flags & ALEES_REQUIRED) == 0 &&
        (f->decl->flags & (ALEES_WRITE_ONCE | ALEES_WRITE_ONLY)) != 0) {
        return false;
    }
    return describe_has(f, r, DESCRIBE_CREATE) && !(is_put && r->decl->owner && f->is_standard);
}

/* 0: not at all .. 3: it is optional, so that a row can be made without it first. */
static int worth_of(const struct resource *r, const struct resource_field *f) {
    const struct alees_field *decl = f->decl;
    bool is_optional = (decl->flags & ALEES_REQUIRED) == 0;
    if (f->is_standard || f == r->custom || decl->reference || !decl->example ||
        (decl->flags & (ALEES_UNIQUE | ALEES_WRITE_ONLY | ALEES_SINGLE)) != 0 || !describe_has(f, r, DESCRIBE_CHANGE)) {
        return 0;
    }
    return is_nothing(decl->example) || decl->type == ALEES_TIMESTAMP ? 0
           : decl->type != ALEES_TEXT                                 ? 1
           : is_optional                                              ? 3
                                                                      : 2;
}

const struct resource_field *postman_changed(const struct resource *r) {
    const struct resource_field *best = NULL;
    for (uint32_t i = 0; i < r->field_count; i++) {
        if (worth_of(r, &r->fields[i]) > (best ? worth_of(r, best) : 0)) {
            best = &r->fields[i];
        }
    }
    return best;
}

static void put_row(struct postman *p, const struct route *route, uint32_t place) {
    const struct resource *r = p->of;
    const struct resource_field *later = postman_changed(r);
    jw_object(&p->d.w, NULL);
    for (uint32_t i = 0; i < r->field_count; i++) {
        const struct resource_field *f = &r->fields[i];
        bool is_optional = (f->decl->flags & ALEES_REQUIRED) == 0;
        bool is_later = is_optional && f == later && route->operation == ROUTE_CREATE;
        if (is_of_row(route, r, f) && !is_later) {
            postman_put_value(p, route, f->decl, place);
        }
    }
    jw_end(&p->d.w);
}

/* Rows of an array differ in what must be unique; where nothing is that can be made up, there is one. */
static uint32_t row_count(const struct resource *r) {
    for (uint32_t i = 0; i < r->field_count; i++) {
        if ((r->fields[i].decl->flags & ALEES_UNIQUE) != 0) {
            return r->fields[i].decl->type == ALEES_TEXT ? 2 : 1;
        }
    }
    return 1;
}

static void put_rows(struct postman *p, const struct route *route) {
    const uint32_t count = row_count(p->of);
    jw_array(&p->d.w, NULL);
    for (uint32_t i = 1; i <= count; i++) {
        put_row(p, route, i);
    }
    jw_end(&p->d.w);
}

static void put_members(struct postman *p, const struct route *route) {
    const struct alees_list list = route->decl->body;
    const struct alees_field *f = list.items;
    jw_object(&p->d.w, NULL);
    for (uint32_t i = 0; i < list.count; i++) {
        if (p->step->body == POSTMAN_WRONG) {
            jw_words(&p->d.w, f[i].name, "nobody-{{run}}");
        } else {
            postman_put_value(p, route, &f[i], 0);
        }
    }
    jw_end(&p->d.w);
}

static void put_change(struct postman *p, const struct route *route) {
    const struct resource_field *f = postman_changed(p->of);
    jw_object(&p->d.w, NULL);
    if (f) {
        postman_put_value(p, route, f->decl, 0);
    }
    jw_end(&p->d.w);
}

/* What is required, in a header row and one of values. */
static alees_str csv_of(struct postman *p, const struct route *route) {
    struct str names, values;
    str_init(&names, p->d.arena, 128);
    str_init(&values, p->d.arena, 256);
    for (uint32_t i = 0; i < p->of->field_count; i++) {
        const struct resource_field *f = &p->of->fields[i];
        alees_str json = {NULL, 0};
        if (is_of_row(route, p->of, f) && (f->is_standard || (f->decl->flags & ALEES_REQUIRED) != 0)) {
            json = value_of(p, route, f->decl, 3);
        }
        if (json.ptr && json.ptr[0] == '[') { /* JSON in a cell: its quotes are doubled */
            struct str cell;
            str_init(&cell, p->d.arena, json.len * 2);
            str_putc(&cell, '"');
            for (size_t c = 0; c < json.len; c++) {
                str_put(&cell, json.ptr + c, 1);
                str_puts(&cell, json.ptr[c] == '"' ? "\"" : "");
            }
            str_putc(&cell, '"');
            json = str_done(&cell);
        }
        if (json.ptr) {
            str_printf(&names, "%s%s", names.len ? "," : "", f->decl->name);
            str_printf(&values, "%s%s", values.len ? "," : "", json.ptr);
        }
    }
    return arena_printf(p->d.arena, "%s\n%s\n", printed(str_done(&names)), printed(str_done(&values)));
}

alees_str postman_body(struct postman *p, const struct route *route) {
    const struct jw outer = p->d.w;
    struct str s;
    if (p->step->body == POSTMAN_IMPORT) {
        return csv_of(p, route);
    }
    str_init(&s, p->d.arena, 512);
    jw_init(&p->d.w, &s);
    p->d.w.lines = JW_MAX_DEPTH;
    switch (p->step->body) {
    case POSTMAN_ROW: put_row(p, route, 0); break;
    case POSTMAN_ROWS: put_rows(p, route); break;
    case POSTMAN_CHANGE: put_change(p, route); break;
    case POSTMAN_UNKNOWN: jw_json(&p->d.w, NULL, "{\"no_such_field\": 1}"); break;
    case POSTMAN_ROUTE:
    case POSTMAN_WRONG: put_members(p, route); break;
    case POSTMAN_NONE:
    case POSTMAN_IMPORT:
    case POSTMAN_EMPTY: jw_json(&p->d.w, NULL, "{}"); break;
    }
    p->d.w = outer;
    return str_done(&s);
}

const char *postman_plain(struct postman *p, const struct route *route, const struct alees_field *f) {
    alees_str json = value_of(p, route, f, 0);
    if (json.len >= 2 && json.ptr[0] == '"') {
        json = (alees_str){json.ptr + 1, json.len - 2};
    }
    return json.ptr ? printed(arena_printf(p->d.arena, "%.*s", (int)json.len, json.ptr)) : "";
}
