/* SPDX-License-Identifier: MIT
 * describe_query.c - the parameters in the query of a route: those of lists by one table, filters by that of the engine, a
 * plugin's own by its declaration. */
#include <stdio.h>
#include <string.h>

#include "describe.h"

typedef void (*visit)(struct describe *d, const struct describe_parameter *p);

/* ---- schemas of values in a query, where everything is text ---- */

static void schema_of_json(struct describe *d, const char *key, const struct describe_parameter *p) {
    jw_json(&d->w, key, p->json);
}

static void put_names(struct describe *d, const char *key, const struct resource *r,
                      bool (*is_one)(const struct resource_field *f), bool both_ways) {
    jw_object(&d->w, key);
    jw_words(&d->w, "type", "array");
    jw_integer(&d->w, "minItems", 1);
    jw_boolean(&d->w, "uniqueItems", true);
    if (both_ways) {
        jw_integer(&d->w, "maxItems", ENGINE_MAX_KEYS);
    }
    jw_object(&d->w, "items");
    jw_words(&d->w, "type", "string");
    jw_array(&d->w, "enum");
    for (uint32_t i = 0; i < r->field_count; i++) {
        if (is_one(&r->fields[i])) {
            jw_words(&d->w, NULL, r->fields[i].decl->name);
            if (both_ways) {
                jw_printf(&d->w, NULL, "-%s", r->fields[i].decl->name);
            }
        }
    }
    jw_end(&d->w);
    jw_end(&d->w);
    jw_end(&d->w);
}

static bool is_shown(const struct resource_field *f) {
    return (f->decl->flags & ALEES_WRITE_ONLY) == 0;
}

static void schema_of_ordering(struct describe *d, const char *key, const struct describe_parameter *p) {
    put_names(d, key, p->resource, engine_query_sorts, true);
}

static void schema_of_fields(struct describe *d, const char *key, const struct describe_parameter *p) {
    put_names(d, key, p->resource, is_shown, false);
}

/* References, and behind a point those of what they name. */
static void put_paths(struct describe *d, const struct resource *r, const char *before) {
    for (uint32_t i = 0; i < r->field_count; i++) {
        const struct resource_field *f = &r->fields[i];
        if (!engine_expand_is_possible(f)) {
            continue;
        }
        jw_printf(&d->w, NULL, "%s%s%s", before, before[0] ? "." : "", f->decl->name);
        if (!before[0]) {
            put_paths(d, f->target, f->decl->name);
        }
    }
}

static void schema_of_expand(struct describe *d, const char *key, const struct describe_parameter *p) {
    jw_object(&d->w, key);
    jw_words(&d->w, "type", "array");
    jw_integer(&d->w, "maxItems", ENGINE_MAX_PATHS);
    jw_integer(&d->w, "minItems", 1);
    jw_boolean(&d->w, "uniqueItems", true);
    jw_object(&d->w, "items");
    jw_words(&d->w, "type", "string");
    jw_array(&d->w, "enum");
    put_paths(d, p->resource, "");
    jw_end(&d->w);
    jw_end(&d->w);
    jw_end(&d->w);
}

/* = ne and in take what the field could hold; what lt, range and the like compare with may go beyond its bounds. */
static void put_filter_value(struct describe *d, const char *key, const struct describe_parameter *p) {
    const struct alees_field *f = p->field->decl;
    struct alees_field plain = {.name = f->name, .type = f->type, .choices = f->choices};
    bool is_bounded = p->op == ENGINE_EQ || p->op == ENGINE_NE || p->op == ENGINE_IN;
    if (f->type == ALEES_TAGS) {
        plain.type = ALEES_TEXT;
        plain.min = 1;
        plain.max = ENGINE_MAX_TAG;
    } else if (f->type == ALEES_REFERENCE || f->type == ALEES_REFERENCES) {
        plain.type = ALEES_UUID;
    } else if (is_bounded) {
        plain.min = f->min;
        plain.max = f->max;
    }
    describe_field(d, key, &plain, DESCRIBE_CREATE);
}

/* = and ne also take the word null where there may be no value, as engine_filter_value.c has it. */
static bool is_null_told(const struct describe_parameter *p) {
    const struct alees_field *f = p->field->decl;
    return (f->flags & ALEES_NULLABLE) != 0 && f->type != ALEES_TEXT && (p->op == ENGINE_EQ || p->op == ENGINE_NE);
}

static void put_compared(struct describe *d, const char *key, const struct describe_parameter *p) {
    if (!is_null_told(p)) {
        put_filter_value(d, key, p);
        return;
    }
    jw_object(&d->w, key);
    jw_array(&d->w, "anyOf");
    put_filter_value(d, NULL, p);
    jw_json(&d->w, NULL, "{\"type\":\"string\",\"const\":\"null\"}");
    jw_end(&d->w);
    jw_end(&d->w);
}

static void schema_of_filter(struct describe *d, const char *key, const struct describe_parameter *p) {
    switch (p->form->takes) {
    case ENGINE_TAKES_VALUE:
    case ENGINE_TAKES_ITEM: put_compared(d, key, p); break;
    case ENGINE_TAKES_LIST:
    case ENGINE_TAKES_RANGE:
        jw_object(&d->w, key);
        jw_words(&d->w, "type", "array");
        jw_integer(&d->w, "minItems", p->form->takes == ENGINE_TAKES_RANGE ? 2 : 1);
        jw_integer(&d->w, "maxItems", p->form->takes == ENGINE_TAKES_RANGE ? 2 : ENGINE_MAX_IN);
        put_filter_value(d, "items", p);
        jw_end(&d->w);
        break;
    case ENGINE_TAKES_PATTERN: jw_json(&d->w, key, "{\"type\":\"string\",\"minLength\":1,\"maxLength\":1000}"); break;
    case ENGINE_TAKES_TRUTH: jw_json(&d->w, key, "{\"type\":\"boolean\"}"); break;
    case ENGINE_TAKES_OBJECT:
        jw_json(&d->w, key, is_null_told(p) ? "{\"type\":[\"object\",\"null\"]}" : "{\"type\":\"object\"}");
        break;
    }
}

static void schema_of_members(struct describe *d, const char *key, const struct describe_parameter *p) {
    jw_object(&d->w, key);
    jw_words(&d->w, "type", "object");
    jw_object(&d->w, "patternProperties");
    jw_object(&d->w, arena_printf(d->arena, "^%s__.", p->field->decl->name).ptr);
    jw_words(&d->w, "type", "string");
    jw_end(&d->w);
    jw_end(&d->w);
    jw_boolean(&d->w, "additionalProperties", false);
    jw_end(&d->w);
}

static void schema_of_decl(struct describe *d, const char *key, const struct describe_parameter *p) {
    struct alees_field plain = *p->decl;
    plain.description = plain.example = NULL; /* they stand beside the schema */
    describe_field(d, key, &plain, DESCRIBE_CREATE);
}

/* ---- what lists and other routes of the engine take ---- */

enum { /* where */
       ON_LIST = 1 << ROUTE_LIST,
       ON_CREATE = 1 << ROUTE_CREATE,
       ON_GET = 1 << ROUTE_GET,
       ON_CHANGE = 1 << ROUTE_PATCH | 1 << ROUTE_PUT,
       ON_REMOVE = 1 << ROUTE_REMOVE,
       ON_PATCH_MANY = 1 << ROUTE_PATCH_MANY,
       ON_REMOVE_MANY = 1 << ROUTE_REMOVE_MANY,
       ON_HISTORY = 1 << ROUTE_HISTORY,
       ON_TAGS = 1 << ROUTE_TAGS,
       ON_RESTORE = 1 << ROUTE_RESTORE,
       ON_MANY = ON_PATCH_MANY | ON_REMOVE_MANY
};

#define TRUTH "{\"type\":\"boolean\"}"
/* Names of members are those of filters, and "or", "and", "not". */
#define CONDITIONS "{\"type\":\"object\",\"minProperties\":1,\"maxProperties\":50}"
#define ID "{\"type\":\"string\",\"format\":\"uuid\"}"
#define WORDS \
    "{\"type\":\"string\",\"maxLength\":200,\"pattern\":\"[^\\\\x00-/:-@[-`{-\\\\x7f]\"}" /* a letter, a digit, or not ASCII */
#define START "{\"type\":\"string\",\"minLength\":1,\"maxLength\":200}"

static bool takes_always(const struct resource *r) {
    (void)r;
    return true;
}

static bool takes_organization(const struct resource *r) {
    return engine_query_takes(r, "organization");
}

static bool takes_search(const struct resource *r) {
    return engine_query_takes(r, "search");
}

static bool has_one(const struct resource *r, bool (*is_one)(const struct resource_field *f)) {
    for (uint32_t i = 0; i < r->field_count; i++) {
        if (is_one(&r->fields[i])) {
            return true;
        }
    }
    return false;
}

static bool takes_expand(const struct resource *r) {
    return has_one(r, engine_expand_is_possible);
}

static bool has_key(const struct resource *r) {
    for (uint32_t i = 0; i < r->field_count; i++) {
        if (engine_upsert_key(r, alees_text(r->fields[i].decl->name))) {
            return true;
        }
    }
    return false;
}

static bool takes_key(const struct resource *r) {
    return has_key(r) && (r->decl->flags & ALEES_RESOURCE_NO_CHANGE) == 0;
}

static void schema_of_key(struct describe *d, const char *key, const struct describe_parameter *p) {
    jw_object(&d->w, key);
    jw_words(&d->w, "type", "string");
    jw_array(&d->w, "enum");
    for (uint32_t i = 0; i < p->resource->field_count; i++) {
        if (engine_upsert_key(p->resource, alees_text(p->resource->fields[i].decl->name))) {
            jw_words(&d->w, NULL, p->resource->fields[i].decl->name);
        }
    }
    jw_end(&d->w);
    jw_end(&d->w);
}

static const struct common {
    const char *name;
    uint32_t on;
    bool (*is_taken)(const struct resource *r);
    void (*schema)(struct describe *d, const char *key, const struct describe_parameter *p);
    const char *json; /* of schema_of_json */
    const char *description;
} commons[] = {
    {"ordering", ON_LIST, takes_always, schema_of_ordering, NULL,
     "Fields to order by, the first before the others; with - in front of one its largest come first."},
    {"page_size", ON_LIST | ON_HISTORY | ON_TAGS, takes_always, schema_of_json, "{\"type\":\"integer\",\"minimum\":1}",
     "Rows of a page; 50, and at most 200, unless the server is told otherwise."},
    {"cursor", ON_LIST | ON_HISTORY, takes_always, schema_of_json, "{\"type\":\"string\"}",
     "Where the page begins: from `next` or `previous` of the same list, which hold whole addresses."},
    {"page", ON_LIST, takes_always, schema_of_json, "{\"type\":\"integer\",\"minimum\":1}",
     "A numbered page, from 1, instead of a cursor; such a list has its `count` unless count says otherwise. It begins "
     "within the first 10000 rows."},
    {"count", ON_LIST, takes_always, schema_of_json,
     "{\"type\":\"string\",\"enum\":[\"exact\",\"estimated\",\"none\"]}",
     "Whether `count` of the answer tells how many rows the list has in all: exactly, about or, the default without "
     "page, not at all."},
    {"fields", ON_LIST | ON_CREATE | ON_GET | ON_CHANGE | ON_MANY | ON_RESTORE, takes_always, schema_of_fields, NULL,
     "Shows only these fields of a row."},
    {"expand", ON_LIST | ON_CREATE | ON_GET | ON_CHANGE | ON_MANY | ON_RESTORE, takes_expand, schema_of_expand, NULL,
     "Shows the rows that these references name instead of their ids; behind a point, a reference of such a row."},
    {"search", ON_LIST | ON_MANY, takes_search, schema_of_json, WORDS, "Rows that have every one of these words."},
    {"search", ON_TAGS, takes_always, schema_of_json, START, "The beginning of a tag."},
    {"organization", ON_LIST | ON_MANY | ON_TAGS, takes_organization, schema_of_json, ID, "Rows of this organization."},
    {"below", ON_LIST | ON_MANY | ON_TAGS, takes_organization, schema_of_json, TRUTH,
     "With organization, which it needs: also of those below it."},
    {"filter", ON_LIST | ON_MANY | ON_TAGS, takes_always, schema_of_json, CONDITIONS, "Conditions in groups, as JSON."},
    {"all", ON_MANY, takes_always, schema_of_json, "{\"type\":\"boolean\",\"const\":true}",
     "Every row, where no filter is sent."},
    {"deleted", ON_LIST | ON_GET | ON_REMOVE_MANY, resource_is_soft, schema_of_json, TRUTH,
     "Rows that are marked as deleted, instead of the others."},
    {"permanent", ON_REMOVE | ON_REMOVE_MANY, resource_is_soft, schema_of_json, TRUTH,
     "Deletes for good, instead of marking as deleted."},
    {"on_conflict", ON_CREATE, takes_key, schema_of_key, NULL,
     "A row that has the same value in this field is changed instead."},
    {"dry_run", ON_CREATE, takes_always, schema_of_json, TRUTH, "Of an import: everything is checked, nothing stays."},
    {"organization", ON_CREATE, takes_organization, schema_of_json, ID, "Of an import: of rows that do not name one."},
};

/* What is the same for all resources has one name; what names fields has one for each. */
static const char *shared_name(struct describe *d, const struct resource *r, const char *name, const char *where) {
    alees_str text = r ? arena_printf(d->arena, "%s.%s", describe_schema_name(d, r), name)
                       : arena_printf(d->arena, "%s%s", where, name);
    return text.ptr ? text.ptr : name;
}

static const char *where_of(const struct common *c) {
    return c->on == ON_TAGS ? "tags." : c->on == ON_CREATE ? "import." : "";
}

static void visit_common(struct describe *d, const struct resource *r, const struct common *c, visit each) {
    struct describe_parameter p = {.name = c->name, .description = c->description, .schema = c->schema, .resource = r};
    bool is_own = c->schema != schema_of_json;
    p.is_list = is_own && c->schema != schema_of_key;
    p.json = c->json;
    p.is_json = strcmp(c->name, "filter") == 0;
    p.shared = shared_name(d, is_own ? r : NULL, c->name, where_of(c));
    each(d, &p);
}

/* ---- filters ---- */

/* Which is compared by the parameter of all lists that narrows them. */
static bool is_organization(const struct resource_field *f) {
    return f->is_standard && strcmp(f->decl->name, "organization") == 0;
}

/* The same of every resource. */
static bool is_of_all(const struct resource_field *f) {
    return f->is_standard && !is_organization(f);
}

/* What each asks; without any it is the field itself, in the words of the field. */
static const char *const senses[ENGINE_OPERATORS] = {
    [ENGINE_NE] = "Is not this.",
    [ENGINE_LT] = "Is less.",
    [ENGINE_LTE] = "Is this or less.",
    [ENGINE_GT] = "Is greater.",
    [ENGINE_GTE] = "Is this or greater.",
    [ENGINE_IN] = "Is, or has, one of these.",
    [ENGINE_RANGE] = "From the one to the other, both included.",
    [ENGINE_CONTAINS] = "Has this in it.",
    [ENGINE_ICONTAINS] = "Has this in it, in upper or lower case.",
    [ENGINE_STARTSWITH] = "Begins with this.",
    [ENGINE_ISTARTSWITH] = "Begins with this, in upper or lower case.",
    [ENGINE_IENDSWITH] = "Ends with this, in upper or lower case.",
    [ENGINE_ISNULL] = "true: has no value; false: has one.",
};

static void visit_filter(struct describe *d, const struct resource *r, const struct resource_field *nested,
                         const struct resource_field *f, visit each) {
    for (uint32_t op = 0; op < ENGINE_OPERATORS; op++) {
        const struct engine_filter_form *form = engine_filter_form(f->decl, false, (enum engine_operator)op);
        const char *word = engine_filter_word((enum engine_operator)op);
        struct describe_parameter p = {.schema = schema_of_filter, .resource = r, .field = f, .nested = nested};
        alees_str name = arena_printf(d->arena, "%s%s%s%s%s", nested ? nested->decl->name : "", nested ? "__" : "",
                                      f->decl->name, op ? "__" : "", word);
        if (!form->sql[0] || !name.ptr || (op == ENGINE_EQ && is_organization(f))) {
            continue;
        }
        p.name = name.ptr;
        p.form = form;
        p.op = (enum engine_operator)op;
        p.is_json = form->takes == ENGINE_TAKES_OBJECT;
        p.is_list = form->takes == ENGINE_TAKES_LIST || form->takes == ENGINE_TAKES_RANGE;
        p.description = senses[op] ? senses[op] : f->decl->description;
        p.shared = shared_name(d, is_of_all(f) && !nested ? NULL : r, p.name, "");
        each(d, &p);
    }
}

/* "attributes__color", "attributes__size__width__gte": of names there are as many as anybody wants. */
static void visit_members(struct describe *d, const struct resource *r, const struct resource_field *f, visit each) {
    struct describe_parameter p = {.schema = schema_of_members, .resource = r, .field = f, .is_open = true};
    alees_str name = arena_printf(d->arena, "%s__*", f->decl->name);
    alees_str text =
        arena_printf(d->arena,
                     "Filters by members of %s: %s__NAME=value, %s__NAME__NAME__gte=value, with the operators "
                     "ne, lt, lte, gt, gte, in, range, contains, icontains, startswith, istartswith, "
                     "iendswith, isnull.",
                     f->decl->name, f->decl->name, f->decl->name);
    if (f->decl->type != ALEES_JSON || !name.ptr || !text.ptr) {
        return;
    }
    p.name = name.ptr;
    p.description = text.ptr;
    p.shared = shared_name(d, r, arena_printf(d->arena, "%s__members", f->decl->name).ptr, "");
    each(d, &p);
}

/* "addresses__isnull": has it any such parts? */
static void visit_presence(struct describe *d, const struct resource *r, const struct resource_field *f, visit each) {
    struct describe_parameter p = {.schema = schema_of_json, .resource = r, .nested = f, .json = TRUTH};
    alees_str name = arena_printf(d->arena, "%s__%s", f->decl->name, engine_filter_word(ENGINE_ISNULL));
    p.name = name.ptr ? name.ptr : "";
    p.description = senses[ENGINE_ISNULL];
    p.shared = shared_name(d, r, p.name, "");
    each(d, &p);
}

static void visit_filters(struct describe *d, const struct resource *r, visit each) {
    for (uint32_t i = 0; i < r->field_count; i++) {
        const struct resource_field *f = &r->fields[i];
        if (f->decl->type == ALEES_PARTS && f->target) {
            visit_presence(d, r, f, each);
            for (uint32_t k = 0; k < f->target->field_count; k++) {
                if (engine_nested_filters(f->target, &f->target->fields[k])) {
                    visit_filter(d, r, f, &f->target->fields[k], each);
                }
            }
        } else if (engine_filter_is_on(f)) {
            visit_filter(d, r, NULL, f, each);
            visit_members(d, r, f, each);
        }
    }
}

/* ---- */

static void visit_resource(struct describe *d, const struct resource *r, uint32_t on, visit each) {
    for (size_t i = 0; i < ARRAY_LEN(commons); i++) {
        if ((commons[i].on & on) != 0 && commons[i].is_taken(r)) {
            visit_common(d, r, &commons[i], each);
        }
    }
    if ((on & (ON_LIST | ON_MANY | ON_TAGS)) != 0) {
        visit_filters(d, r, each);
    }
}

void describe_query(struct describe *d, const struct route *route,
                    void (*each)(struct describe *d, const struct describe_parameter *p)) {
    if (route->operation < ROUTE_PLUGIN) {
        visit_resource(d, route->resource, 1u << route->operation, each);
        return;
    }
    if ((route->flags & ALEES_ROUTE_LIST) != 0 && route->resource) {
        visit_resource(d, route->resource, ON_LIST, each);
    }
    for (uint32_t i = 0; route->decl && i < route->decl->parameters.count; i++) {
        const struct alees_field *f = (const struct alees_field *)route->decl->parameters.items + i;
        struct describe_parameter p = {.name = f->name, .description = f->description, .schema = schema_of_decl};
        if ((f->flags & ALEES_IN_QUERY) == 0) {
            continue;
        }
        p.decl = f;
        p.is_required = (f->flags & ALEES_REQUIRED) != 0;
        p.is_list = f->type == ALEES_TAGS || f->type == ALEES_REFERENCES;
        each(d, &p);
    }
}

void describe_parameter(struct describe *d, const char *key, const struct describe_parameter *p) {
    jw_object(&d->w, key);
    jw_words(&d->w, "name", p->name);
    jw_words(&d->w, "in", "query");
    if (p->is_required) {
        jw_boolean(&d->w, "required", true);
    }
    if (p->description) {
        jw_words(&d->w, "description", p->description);
    }
    if (p->is_list || p->is_open) { /* in the style of forms, as is everything in a query */
        jw_boolean(&d->w, "explode", p->is_open);
    }
    if (p->is_json) {
        jw_object(&d->w, "content");
        jw_object(&d->w, "application/json");
        p->schema(d, "schema", p);
        jw_end(&d->w);
        jw_end(&d->w);
    } else {
        p->schema(d, "schema", p);
    }
    jw_end(&d->w);
}

static void put_told(struct describe *d, const struct describe_parameter *p) {
    describe_parameter(d, p->shared, p);
}

/* Of the first resource also what is the same of all. */
static void put_first(struct describe *d, const struct describe_parameter *p) {
    if (p->schema != schema_of_json || p->nested) {
        describe_parameter(d, p->shared, p);
    }
}

static void put_own(struct describe *d, const struct describe_parameter *p) {
    if (p->nested || (p->schema != schema_of_json && !(p->field && is_of_all(p->field)))) {
        describe_parameter(d, p->shared, p);
    }
}

/* What is the same for all resources is told once, and before them. */
static void put_commons(struct describe *d) {
    for (size_t i = 0; i < ARRAY_LEN(commons); i++) {
        bool is_first = commons[i].schema == schema_of_json;
        for (size_t k = 0; k < i && is_first; k++) {
            is_first = strcmp(commons[k].name, commons[i].name) != 0 || where_of(&commons[k]) != where_of(&commons[i]);
        }
        if (is_first) {
            visit_common(d, NULL, &commons[i], put_told);
        }
    }
}

void describe_parameters(struct describe *d) {
    put_commons(d);
    for (uint32_t i = 0; i < d->catalogue->resource_count; i++) {
        visit_resource(d, d->catalogue->resources[i], UINT32_MAX, i == 0 ? put_first : put_own);
    }
}
