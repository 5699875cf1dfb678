/* SPDX-License-Identifier: MIT
 * plugin_rows.c - resources, routes and fields of one plugin: does each row make sense by itself? What needs more
 * than one plugin (permissions, references, paths) is checked by the catalogue. */
#include <string.h>

#include "plugin_private.h"
#include "str.h"

enum { LONGEST_NAME = 63 };

enum field_use { FIELD_OF_RESOURCE, FIELD_PARAMETER, FIELD_OF_BODY, FIELD_OF_RESPONSE };

struct place { /* of a field: "resource product", "route POST /products/{id}/close" */
    struct arena *arena;
    struct plugin_report *report;
    const char *of, *name;
    enum field_use use;
};

const char *plugin_method(uint32_t method) {
    static const char *const names[] = {"?", "GET", "POST", "PUT", "PATCH", "DELETE"};
    return names[method <= ALEES_DELETE ? method : 0];
}

static bool has(const struct alees_field *f, uint32_t flags) {
    return (f->flags & flags) != 0;
}

/* Two flags that contradict each other. */
static const struct {
    uint32_t one, other;
    const char *why;
} contradictions[] = {
    {ALEES_REQUIRED, ALEES_NULLABLE, "is REQUIRED and NULLABLE"},
    {ALEES_REQUIRED, ALEES_READ_ONLY, "is REQUIRED but READ_ONLY: nobody may send it"},
    {ALEES_READ_ONLY, ALEES_WRITE_ONCE, "is READ_ONLY and WRITE_ONCE"},
    {ALEES_READ_ONLY, ALEES_WRITE_ONLY, "is READ_ONLY and WRITE_ONLY"},
    {ALEES_SORT, ALEES_NULLABLE, "is SORT and NULLABLE: a page could not continue behind a null"},
    {ALEES_WRITE_ONLY, ALEES_FILTER, "is WRITE_ONLY and FILTER: a filter would tell the secret"},
    {ALEES_WRITE_ONLY, ALEES_SORT, "is WRITE_ONLY and SORT: the order would tell the secret"},
    {ALEES_WRITE_ONLY, ALEES_SEARCH, "is WRITE_ONLY and SEARCH: a search would tell the secret"},
    {ALEES_IN_PATH, ALEES_IN_QUERY, "is IN_PATH and IN_QUERY"},
    {ALEES_SINGLE, ALEES_NULLABLE | ALEES_UNIQUE, "is SINGLE: it cannot be NULLABLE or UNIQUE as well"},
};

static void field_fault(const struct place *place, const struct alees_field *f, const char *why) {
    plugin_fault(place->report, "%s %s: field %s %s", place->of, place->name, f->name, why);
}

/* All but the two for routes. */
enum { OF_A_ROW = (ALEES_IN_PATH - 1u) | ALEES_COMPUTED | ALEES_SUBSTRING | ALEES_SINGLE | ALEES_CUSTOM | ALEES_WEAK };

/* Flags that one type alone can have. */
static const struct {
    uint32_t flag, type;
    const char *why;
} typed_flags[] = {
    {ALEES_SEARCH, ALEES_TEXT, "is SEARCH but not TEXT"},
    {ALEES_SINGLE, ALEES_BOOLEAN, "is SINGLE but not BOOLEAN"},
    {ALEES_CUSTOM, ALEES_JSON, "is CUSTOM but not JSON"},
    {ALEES_WEAK, ALEES_REFERENCE, "is WEAK but not a REFERENCE"},
};

static void check_flags(const struct place *place, const struct alees_field *f) {
    static const uint32_t allowed[] = {
        [FIELD_OF_RESOURCE] = OF_A_ROW,
        [FIELD_PARAMETER] = ALEES_REQUIRED | ALEES_IN_PATH | ALEES_IN_QUERY,
        [FIELD_OF_BODY] = ALEES_REQUIRED | ALEES_NULLABLE | ALEES_WRITE_ONLY | ALEES_UNIQUE,
        /* an action may answer with the fields of its resource */
        [FIELD_OF_RESPONSE] = OF_A_ROW,
    };
    if (has(f, ~allowed[place->use])) {
        plugin_fault(place->report,
                     "%s %s: field %s has flags 0x%x that mean nothing here or are unknown to this server", place->of,
                     place->name, f->name, f->flags & ~allowed[place->use]);
    }
    for (size_t i = 0; i < ARRAY_LEN(contradictions); i++) {
        if (has(f, contradictions[i].one) && has(f, contradictions[i].other) &&
            !(place->use == FIELD_OF_RESPONSE && i == 0)) { /* always there, and null at times */
            field_fault(place, f, contradictions[i].why);
        }
    }
    if (place->use == FIELD_PARAMETER && !has(f, ALEES_IN_PATH | ALEES_IN_QUERY)) {
        field_fault(place, f, "is neither IN_PATH nor IN_QUERY");
    }
    for (size_t i = 0; i < ARRAY_LEN(typed_flags); i++) {
        if (has(f, typed_flags[i].flag) && f->type != typed_flags[i].type) {
            field_fault(place, f, typed_flags[i].why);
        }
    }
    if (has(f, ALEES_SUBSTRING) && !has(f, ALEES_SEARCH)) {
        field_fault(place, f, "is SUBSTRING but not SEARCH");
    }
    if (has(f, ALEES_SORT | ALEES_UNIQUE) &&
        (f->type == ALEES_JSON || f->type == ALEES_TAGS || f->type == ALEES_REFERENCES)) {
        field_fault(place, f, "is SORT or UNIQUE, which JSON, TAGS and REFERENCES cannot be");
    }
}

/* It has no column: nothing can be asked of the database about it. */
static void check_computed(const struct place *place, const struct alees_field *f) {
    if (!has(f, ALEES_COMPUTED)) {
        return;
    }
    if (has(f, ~(uint32_t)(ALEES_COMPUTED | ALEES_NULLABLE | ALEES_READ_ONLY))) {
        field_fault(place, f, "is COMPUTED: it can be NULLABLE, and nothing else");
    }
    if (f->column != NULL || f->fallback != NULL) {
        field_fault(place, f, "is COMPUTED: it has no column and no fallback");
    }
    if (f->type == ALEES_REFERENCE || f->type == ALEES_REFERENCES || f->type == ALEES_TAGS) {
        field_fault(place, f, "is COMPUTED: declare a UUID instead of a REFERENCE, and JSON instead of a list");
    }
}

/* Nor has it one: the parts have. */
static void check_parts(const struct place *place, const struct alees_field *f) {
    if (f->type != ALEES_PARTS) {
        return;
    }
    if (has(f, ~(uint32_t)(ALEES_FILTER | ALEES_READ_ONLY))) {
        field_fault(place, f, "is of PARTS: it can be FILTER and READ_ONLY, and nothing else");
    }
    if (f->column != NULL || f->fallback != NULL) {
        field_fault(place, f, "is of PARTS: it has no column and no fallback");
    }
    if (place->use == FIELD_PARAMETER || place->use == FIELD_OF_BODY) {
        field_fault(place, f, "is of PARTS, which only a resource has");
    }
}

/* "a|b|c": none empty, none twice. */
static bool are_choices(const char *choices) {
    const char *p = choices;
    if (plugin_is_blank(choices)) {
        return false;
    }
    for (;;) {
        size_t length = strcspn(p, "|");
        for (const char *q = choices; q < p; q += strcspn(q, "|") + 1) {
            if (strcspn(q, "|") == length && memcmp(p, q, length) == 0) {
                return false;
            }
        }
        if (length == 0) {
            return false;
        }
        if (p[length] == '\0') {
            return true;
        }
        p += length + 1;
    }
}

static void check_type(const struct place *place, const struct alees_field *f) {
    bool is_list = f->type == ALEES_TAGS || f->type == ALEES_REFERENCES || f->type == ALEES_PARTS;
    bool is_bounded = f->type == ALEES_TEXT || f->type == ALEES_INTEGER || f->type == ALEES_DECIMAL || is_list;
    bool is_reference = f->type == ALEES_REFERENCE || f->type == ALEES_REFERENCES || f->type == ALEES_PARTS;
    if (f->type < ALEES_TEXT || f->type > ALEES_PARTS) {
        plugin_fault(place->report, "%s %s: field %s has type %u, which this server does not know", place->of,
                     place->name, f->name, f->type);
        return;
    }
    if (f->type == ALEES_CHOICE ? !are_choices(f->choices) : f->choices != NULL) {
        field_fault(place, f,
                    f->type == ALEES_CHOICE ? "needs choices such as \"a|b\", none empty, none twice"
                                            : "has choices but is not a CHOICE");
    }
    if (is_reference ? !plugin_is_permission(f->reference) : f->reference != NULL) {
        field_fault(place, f,
                    is_reference ? "needs a reference such as \"product.category\""
                                 : "has a reference but is not a REFERENCE");
    }
    if (f->min > f->max) {
        field_fault(place, f, "has a min greater than its max");
    } else if ((f->min != 0 || f->max != 0) && !is_bounded) {
        field_fault(place, f, "has bounds, which only TEXT, INTEGER, DECIMAL, TAGS, REFERENCES and PARTS can have");
    } else if (f->min != 0 && f->type == ALEES_PARTS) {
        field_fault(place, f, "is of PARTS, of which there may be none: it has no min");
    } else if (f->min < 0 && (f->type == ALEES_TEXT || is_list)) {
        field_fault(place, f, "counts characters or items: min cannot be negative");
    }
}

/* of: the field, NULL: the place itself. */
static void check_json(const struct place *place, const char *of, const char *what, const char *text) {
    const char *why = plugin_json_fault(place->arena, text);
    if (why) {
        plugin_fault(place->report, "%s %s: %s%s%sthe %s is not JSON text: %s", place->of, place->name,
                     of ? "field " : "", of ? of : "", of ? ": " : "", what, why);
    }
}

static void check_texts(const struct place *place, const struct alees_field *f) {
    check_json(place, f->name, "fallback", f->fallback);
    check_json(place, f->name, "example", f->example);
    check_json(place, f->name, "schema", f->schema);
    if (f->schema && (f->type != ALEES_JSON || f->schema[strspn(f->schema, " \t\r\n")] != '{')) {
        field_fault(place, f, f->type == ALEES_JSON ? "has a schema that is no object" : "has a schema but is no JSON");
    }
    if (f->fallback && has(f, ALEES_REQUIRED)) {
        field_fault(place, f, "is REQUIRED and has a fallback");
    }
    if (plugin_is_blank(f->description)) {
        field_fault(place, f, "has no description");
    }
}

static const struct alees_field *fields_of(const alees_list *list) {
    return list->items;
}

static void check_field(const struct place *place, const alees_list *list, uint32_t at) {
    const struct alees_field *fields = fields_of(list), *f = &fields[at];
    if (!plugin_is_name(f->name, LONGEST_NAME)) {
        plugin_fault(place->report,
                     "%s %s: field %u: \"%s\" is no name: lower-case letters, digits and _, a letter first", place->of,
                     place->name, at + 1, f->name ? f->name : "");
        return;
    }
    for (uint32_t i = 0; i < at; i++) {
        if (fields[i].name && strcmp(fields[i].name, f->name) == 0) {
            field_fault(place, f, "is declared twice");
        }
    }
    check_flags(place, f);
    check_computed(place, f);
    check_parts(place, f);
    check_type(place, f);
    check_texts(place, f);
}

static void check_fields(const struct place *place, const alees_list *list) {
    for (uint32_t i = 0; i < list->count; i++) {
        check_field(place, list, i);
    }
}

/* --- resources -------------------------------------------------------------------------------------------------- */

static const char *const standard_fields[] = {"id", "created_at", "updated_at", "created_by", "updated_by", "version"};

static const struct alees_field *find_field(const alees_list *list, const char *name, size_t length) {
    const struct alees_field *fields = fields_of(list);
    for (uint32_t i = 0; i < list->count; i++) {
        if (fields[i].name && strlen(fields[i].name) == length && memcmp(fields[i].name, name, length) == 0) {
            return &fields[i];
        }
    }
    return NULL;
}

static const char *column_of(const struct alees_field *f, char out[LONGEST_NAME + 8]) {
    snprintf(out, LONGEST_NAME + 8, "%.*s%s", LONGEST_NAME, f->column ? f->column : f->name,
             !f->column && f->type == ALEES_REFERENCE ? "_id" : "");
    return out;
}

static bool is_standard(const struct alees_resource *r, const char *name, const char *organization) {
    for (size_t i = 0; i < ARRAY_LEN(standard_fields); i++) {
        if (strcmp(name, standard_fields[i]) == 0) {
            return true;
        }
    }
    return (r->scope == ALEES_SCOPE_ORGANIZATION && strcmp(name, organization) == 0);
}

/* Of one user, or of several organizations: who sees a row is not for a client to say. */
static bool is_scope_column(const struct alees_resource *r, const char *column) {
    return (r->scope == ALEES_SCOPE_OWN && strcmp(column, "user_id") == 0) ||
           (r->scope == ALEES_SCOPE_SEVERAL && strcmp(column, "scope_ids") == 0);
}

static void check_columns(const struct place *place, const struct alees_resource *r) {
    const struct alees_field *fields = fields_of(&r->fields);
    char column[LONGEST_NAME + 8], other[LONGEST_NAME + 8];
    for (uint32_t i = 0; i < r->fields.count; i++) {
        const struct alees_field *f = &fields[i];
        if (!plugin_is_name(f->name, LONGEST_NAME)) {
            continue;
        }
        if (f->column && !plugin_is_name(f->column, LONGEST_NAME)) {
            field_fault(place, f, "has a column that is no name");
        } else if (is_standard(r, f->name, "organization") || is_standard(r, column_of(f, column), "organization_id")) {
            field_fault(place, f, "is one that every resource has: the host serves it by itself");
        } else if (is_scope_column(r, column_of(f, column)) && !has(f, ALEES_READ_ONLY)) {
            field_fault(place, f, "has the column that says who sees the row: it must be READ_ONLY");
        }
        for (uint32_t j = 0; j < i; j++) {
            if (fields[j].name && strcmp(fields[j].name, f->name) != 0 &&
                strcmp(column_of(&fields[j], other), column_of(f, column)) == 0) {
                field_fault(place, f, "has the column of another field");
            }
        }
    }
}

static void check_order(const struct place *place, const struct alees_resource *r) {
    const char *name = r->order;
    const struct alees_field *f;
    if (!name) {
        return;
    }
    name += *name == '-';
    f = find_field(&r->fields, name, strlen(name));
    if (strcmp(name, "id") != 0 && strcmp(name, "created_at") != 0 && strcmp(name, "updated_at") != 0 &&
        !(f && has(f, ALEES_SORT))) {
        plugin_fault(place->report, "resource %s: the order \"%s\" names no field that is SORT", r->name, r->order);
    }
}

static void check_parent(const struct place *place, const struct alees_self *plugin, const struct alees_resource *r) {
    char self[2 * LONGEST_NAME + 2];
    const struct alees_field *f = r->parent ? find_field(&r->fields, r->parent, strlen(r->parent)) : NULL;
    snprintf(self, sizeof self, "%s.%s", plugin->decl.name, r->name);
    if (r->scope != ALEES_SCOPE_SELF) {
        if (r->parent) {
            plugin_fault(place->report, "resource %s has a parent, which only ALEES_SCOPE_SELF can have", r->name);
        }
    } else if (!f || f->type != ALEES_REFERENCE || !f->reference || strcmp(f->reference, self) != 0) {
        plugin_fault(place->report, "resource %s: its parent must name a field that is a REFERENCE to %s", r->name,
                     self);
    }
}

static void check_represent(const struct place *place, const struct alees_resource *r) {
    const struct alees_field *fields = fields_of(&r->fields);
    bool is_needed = false;
    for (uint32_t i = 0; i < r->fields.count; i++) {
        is_needed = is_needed || has(&fields[i], ALEES_COMPUTED);
    }
    if (is_needed != (r->represent != NULL)) {
        plugin_fault(place->report, "resource %s has %s", r->name,
                     is_needed ? "COMPUTED fields but no function `represent`"
                               : "a function `represent` but no COMPUTED field");
    }
}

static void check_table(const struct place *place, const struct alees_self *plugin, const struct alees_resource *r) {
    size_t length = strlen(plugin->decl.name);
    if (!plugin_is_permission(r->table) || strncmp(r->table, plugin->decl.name, length) != 0 ||
        r->table[length] != '.') {
        plugin_fault(place->report, "resource %s: table \"%s\" must be %s.<name>, in the plugin's own schema", r->name,
                     r->table ? r->table : "", plugin->decl.name);
    }
}

static void check_scope(const struct place *place, const struct alees_resource *r) {
    const uint32_t known = ALEES_RESOURCE_NO_CREATE | ALEES_RESOURCE_NO_CHANGE | ALEES_RESOURCE_NO_DELETE |
                           ALEES_RESOURCE_OPTIONAL | ALEES_RESOURCE_SHARED | ALEES_RESOURCE_READ_ONLY |
                           ALEES_RESOURCE_SOFT_DELETE | ALEES_RESOURCE_MOVABLE;
    const uint32_t unwritten = ALEES_RESOURCE_NO_CREATE | ALEES_RESOURCE_NO_CHANGE | ALEES_RESOURCE_NO_DELETE;
    if (r->scope < ALEES_SCOPE_ORGANIZATION || r->scope > ALEES_SCOPE_SEVERAL || (r->flags & ~known) != 0) {
        plugin_fault(place->report, "resource %s: scope %u and flags 0x%x are unknown to this server", r->name,
                     r->scope, r->flags);
        return;
    }
    if ((r->flags & ALEES_RESOURCE_OPTIONAL) != 0 && r->scope != ALEES_SCOPE_ORGANIZATION) {
        plugin_fault(place->report, "resource %s is OPTIONAL, which only ALEES_SCOPE_ORGANIZATION can be", r->name);
    }
    if ((r->flags & ALEES_RESOURCE_SHARED) != 0 && (r->flags & ALEES_RESOURCE_OPTIONAL) == 0) {
        plugin_fault(place->report, "resource %s is SHARED but not OPTIONAL: there is no row to share", r->name);
    }
    if ((r->flags & ALEES_RESOURCE_READ_ONLY) != 0 && (r->flags & unwritten) != unwritten) {
        plugin_fault(place->report, "resource %s is READ_ONLY without NO_CREATE, NO_CHANGE and NO_DELETE", r->name);
    }
}

static void check_resource(const struct place *place, const struct alees_self *plugin, const struct alees_resource *r) {
    const char *fault = plugin_path_fault(r->path, false);
    if (fault) {
        plugin_fault(place->report, "resource %s: \"%s\" %s", r->name, r->path ? r->path : "", fault);
    }
    check_scope(place, r);
    if (plugin_is_blank(r->description) || r->fields.count == 0 || (r->label && plugin_is_blank(r->label)) ||
        (r->labels && plugin_is_blank(r->labels))) {
        plugin_fault(place->report, "resource %s has no description, no fields or an empty label", r->name);
    }
    check_table(place, plugin, r);
    check_fields(place, &r->fields);
    check_columns(place, r);
    check_represent(place, r);
    check_order(place, r);
    check_parent(place, plugin, r);
    plugin_check_soft(r, place->report);
    plugin_check_owner(plugin, r, place->report);
    plugin_check_movable(plugin, r, place->report);
}

void plugin_check_resources(struct arena *arena, const struct alees_self *plugin, struct plugin_report *report) {
    for (uint32_t i = 0; i < plugin->resource_count; i++) {
        const struct alees_resource *r = &plugin->resources[i];
        struct place place = {arena, report, "resource", r->name, FIELD_OF_RESOURCE};
        if (!plugin_is_name(r->name, LONGEST_NAME - 7)) { /* "change_" in front */
            plugin_fault(report, "resource %u: \"%s\" is no name: lower-case letters, digits and _, a letter first",
                         i + 1, r->name ? r->name : "");
            continue;
        }
        for (uint32_t j = 0; j < i; j++) {
            if (plugin->resources[j].name && strcmp(plugin->resources[j].name, r->name) == 0) {
                plugin_fault(report, "resource %s is declared twice", r->name);
            }
        }
        check_resource(&place, plugin, r);
    }
}

/* --- routes ----------------------------------------------------------------------------------------------------- */

static void check_access(const struct place *place, const struct alees_route *r) {
    bool is_public = (r->flags & ALEES_ROUTE_PUBLIC) != 0, is_open = is_public || (r->flags & ALEES_ROUTE_LOGIN) != 0;
    if (!r->permission && !is_open) {
        plugin_fault(place->report, "%s %s has no permission: name one, or say ALEES_ROUTE_PUBLIC or ALEES_ROUTE_LOGIN",
                     place->of, place->name);
    } else if (r->permission && is_open) {
        plugin_fault(place->report, "%s %s has a permission and is PUBLIC or LOGIN: take one", place->of, place->name);
    } else if (r->permission && !plugin_is_permission(r->permission)) {
        plugin_fault(place->report, "%s %s: \"%s\" is no permission such as product.view_product", place->of,
                     place->name, r->permission);
    }
    if ((r->flags & (is_public ? ALEES_ROUTE_LOGIN | ALEES_ROUTE_IN_PERSON : ALEES_ROUTE_TAKES_LOGIN)) != 0) {
        plugin_fault(place->report, "%s %s is %s", place->of, place->name,
                     is_public ? "PUBLIC and LOGIN or IN_PERSON: choose one" : "TAKES_LOGIN, but not PUBLIC");
    }
    if (r->object && (!r->permission || !plugin_path_has(r->path, "id"))) {
        plugin_fault(place->report, "%s %s has an object: it needs a permission and {id} in its path", place->of,
                     place->name);
    }
}

/* Every {name} has its parameter, every IN_PATH parameter its {name}. */
static void check_parameters(const struct place *place, const struct alees_route *r) {
    const struct alees_field *fields = fields_of(&r->parameters);
    for (uint32_t i = 0; i < r->parameters.count; i++) {
        if ((r->flags & ALEES_ROUTE_LIST) != 0 && has(&fields[i], ALEES_IN_QUERY)) {
            field_fault(place, &fields[i], "is IN_QUERY of a LIST, whose parameters are those of every list");
        }
        if (fields[i].name && has(&fields[i], ALEES_IN_PATH) && !plugin_path_has(r->path, fields[i].name)) {
            field_fault(place, &fields[i], "is IN_PATH but the path does not have it");
        }
    }
    for (const char *p = strchr(r->path, '{'); p; p = strchr(p + 1, '{')) {
        size_t length = strcspn(p + 1, "}");
        const struct alees_field *f = find_field(&r->parameters, p + 1, length);
        if (!f || !has(f, ALEES_IN_PATH)) {
            plugin_fault(place->report, "%s %s: {%.*s} has no parameter that is IN_PATH", place->of, place->name,
                         (int)length, p + 1);
        }
    }
}

static void check_route(struct place *place, const struct alees_route *r) {
    const uint32_t known = ALEES_ROUTE_PUBLIC | ALEES_ROUTE_READ | ALEES_ROUTE_LOGIN | ALEES_ROUTE_SECRET |
                           ALEES_ROUTE_LIST | ALEES_ROUTE_IN_PERSON | ALEES_ROUTE_ENDS_LOGIN | ALEES_ROUTE_TAKES_LOGIN;
    if (r->method < ALEES_GET || r->method > ALEES_DELETE || (r->flags & ~known) != 0) {
        plugin_fault(place->report, "%s %s: method %u or flags 0x%x are unknown to this server", place->of, place->name,
                     r->method, r->flags);
    }
    if ((r->flags & ALEES_ROUTE_LIST) != 0 &&
        (r->method != ALEES_GET || (r->flags & ALEES_ROUTE_READ) == 0 || !r->permission)) {
        plugin_fault(place->report, "%s %s is LIST: it must be a GET with READ and a permission", place->of,
                     place->name);
    }
    if (r->status != 0 && (r->status < 200 || r->status > 299)) {
        plugin_fault(place->report, "%s %s: the status of success is %u, which is none", place->of, place->name,
                     r->status);
    }
    if (!r->handle || plugin_is_blank(r->summary)) {
        plugin_fault(place->report, "%s %s has no function `handle` or no summary", place->of, place->name);
    }
    if (r->body.count > 0 && (r->method == ALEES_GET || r->method == ALEES_DELETE)) {
        plugin_fault(place->report, "%s %s has a body, which %s does not carry", place->of, place->name,
                     plugin_method(r->method));
    }
    check_access(place, r);
    place->use = FIELD_PARAMETER;
    check_fields(place, &r->parameters);
    check_parameters(place, r);
    place->use = FIELD_OF_BODY;
    check_fields(place, &r->body);
    place->use = FIELD_OF_RESPONSE;
    check_fields(place, &r->response);
    check_json(place, NULL, "request example", r->request_example);
    check_json(place, NULL, "response example", r->response_example);
}

void plugin_check_routes(struct arena *arena, const struct alees_self *plugin, struct plugin_report *report) {
    for (uint32_t i = 0; i < plugin->route_count; i++) {
        const struct alees_route *r = &plugin->routes[i];
        const char *fault = plugin_path_fault(r->path, true);
        char name[128];
        struct place place = {arena, report, "route", name, FIELD_PARAMETER};
        if (fault) {
            plugin_fault(report, "route %u: \"%s\" %s", i + 1, r->path ? r->path : "", fault);
            continue;
        }
        snprintf(name, sizeof name, "%s %s", plugin_method(r->method), r->path);
        check_route(&place, r);
    }
}
