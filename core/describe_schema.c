/* SPDX-License-Identifier: MIT
 * describe_schema.c - a field, a resource -> JSON Schema (2020-12). Nothing here says more than engine_value.c holds to, and
 * nothing that it lets pass is left out. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "describe.h"

#define UUID "{\"type\":\"string\",\"format\":\"uuid\"}"

const char *const describe_uses[DESCRIBE_USES] = {"", "Create", "Replace", "Change"};

void describe_reference(struct describe *d, const char *key, const char *place, const char *format, ...) {
    char name[160];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(name, sizeof name, format, arguments);
    va_end(arguments);
    jw_object(&d->w, key);
    jw_printf(&d->w, "$ref", "#/components/%s/%s", place, name);
    jw_end(&d->w);
}

/* ---- one value ---- */

static bool is_in(enum describe_use use) {
    return use != DESCRIBE_ROW;
}

static bool is_nullable(const struct alees_field *f, enum describe_use use) {
    if ((f->flags & ALEES_NULLABLE) != 0) {
        return true;
    }
    return use == DESCRIBE_ROW && (f->flags & ALEES_COMPUTED) != 0;
}

static void put_type(struct jw *w, const char *type, bool is_null) {
    if (!is_null) {
        jw_words(w, "type", type);
        return;
    }
    jw_array(w, "type");
    jw_words(w, NULL, type);
    jw_words(w, NULL, "null");
    jw_end(w);
}

static void put_string(struct jw *w, const char *format, bool is_null) {
    put_type(w, "string", is_null);
    jw_words(w, "format", format);
}

static void put_text(struct jw *w, const struct alees_field *f, bool is_null, enum describe_use use) {
    put_type(w, "string", is_null);
    if (!is_in(use)) { /* rows are as old as the oldest declaration */
        return;
    }
    if (f->min > 0) {
        jw_integer(w, "minLength", f->min);
    }
    jw_integer(w, "maxLength", f->max > 0 ? f->max : ENGINE_MAX_TEXT);
}

static void put_bounds(struct jw *w, const struct alees_field *f, enum describe_use use) {
    if (!is_in(use) || (f->min == 0 && f->max == 0)) {
        return;
    }
    if (f->min > INT64_MIN) {
        jw_integer(w, "minimum", f->min);
    }
    if (f->max < INT64_MAX) {
        jw_integer(w, "maximum", f->max);
    }
}

/* Out it is a text, so that nothing is rounded; in it may be either. */
static void put_decimal(struct jw *w, const struct alees_field *f, bool is_null, enum describe_use use) {
    if (!is_in(use)) {
        put_string(w, "decimal", is_null);
        return;
    }
    jw_array(w, "type");
    jw_words(w, NULL, "string");
    jw_words(w, NULL, "number");
    if (is_null) {
        jw_words(w, NULL, "null");
    }
    jw_end(w);
    jw_words(w, "format", "decimal"); /* of a text; of numbers it says nothing */
    put_bounds(w, f, use);
}

static void put_choice(struct jw *w, const struct alees_field *f, bool is_null) {
    put_type(w, "string", is_null);
    jw_array(w, "enum");
    for (const char *p = f->choices; p && *p;) {
        size_t len = strcspn(p, "|");
        jw_text(w, NULL, (alees_str){p, len});
        p += len + (p[len] == '|' ? 1 : 0);
    }
    if (is_null) {
        jw_json(w, NULL, "null");
    }
    jw_end(w);
}

/* The id or, where ?expand= asks for it, what stands under that id. */
static void put_target(struct describe *d, const char *key, const struct resource *target, bool is_null) {
    jw_object(&d->w, key);
    jw_array(&d->w, "anyOf");
    jw_json(&d->w, NULL, UUID);
    describe_reference(d, NULL, "schemas", "%s", describe_schema_name(d, target));
    if (is_null) {
        jw_json(&d->w, NULL, "{\"type\":\"null\"}");
    }
    jw_end(&d->w);
    jw_end(&d->w);
}

static const struct resource *target_of(const struct describe *d, const struct alees_field *f) {
    return f->reference ? catalogue_resource(d->catalogue, f->reference) : NULL;
}

static void put_reference(struct describe *d, const struct alees_field *f, bool is_null, enum describe_use use) {
    const struct resource *target = target_of(d, f);
    if (is_in(use) || !target) {
        put_string(&d->w, "uuid", is_null);
        return;
    }
    jw_array(&d->w, "anyOf");
    jw_json(&d->w, NULL, UUID);
    describe_reference(d, NULL, "schemas", "%s", describe_schema_name(d, target));
    if (is_null) {
        jw_json(&d->w, NULL, "{\"type\":\"null\"}");
    }
    jw_end(&d->w);
}

static void put_list(struct describe *d, const struct alees_field *f, bool is_null, enum describe_use use) {
    const struct resource *target = target_of(d, f);
    put_type(&d->w, "array", is_null);
    if (f->type == ALEES_PARTS && target) {
        describe_reference(d, "items", "schemas", "%sPart%s", describe_schema_name(d, target),
                           is_in(use) ? "Write" : "");
    } else if (f->type == ALEES_TAGS) {
        jw_object(&d->w, "items");
        jw_words(&d->w, "type", "string");
        jw_integer(&d->w, "maxLength", ENGINE_MAX_TAG);
        jw_end(&d->w);
    } else if (target && !is_in(use)) {
        put_target(d, "items", target, false);
    } else {
        jw_json(&d->w, "items", UUID);
    }
    if (is_in(use)) {
        jw_integer(&d->w, "maxItems", f->max > 0 ? f->max : ENGINE_MAX_TAGS);
    }
}

static void put_value(struct describe *d, const struct alees_field *f, enum describe_use use) {
    bool is_null = is_nullable(f, use);
    struct jw *w = &d->w;
    switch (f->type) {
    case ALEES_TEXT: put_text(w, f, is_null, use); break;
    case ALEES_BOOLEAN: put_type(w, "boolean", is_null); break;
    case ALEES_INTEGER:
        put_type(w, "integer", is_null);
        jw_words(w, "format", "int64");
        put_bounds(w, f, use);
        break;
    case ALEES_DECIMAL: put_decimal(w, f, is_null, use); break;
    case ALEES_DATE: put_string(w, "date", is_null); break;
    case ALEES_TIMESTAMP: put_string(w, "date-time", is_null); break;
    case ALEES_UUID: put_string(w, "uuid", is_null); break;
    case ALEES_CHOICE: put_choice(w, f, is_null); break;
    case ALEES_REFERENCE: put_reference(d, f, is_null, use); break;
    case ALEES_JSON:
        if ((f->flags & ALEES_COMPUTED) == 0) { /* what is computed may be any value */
            put_type(w, "object", is_null);
            jw_boolean(w, "additionalProperties", true);
        }
        break;
    default: put_list(d, f, is_null, use); break; /* TAGS, REFERENCES, PARTS */
    }
}

/* Its own, beside what is said of every field. */
static void put_declared(struct describe *d, const struct alees_field *f) {
    jw_array(&d->w, "allOf");
    jw_json(&d->w, NULL, f->schema);
    jw_end(&d->w);
}

void describe_field(struct describe *d, const char *key, const struct alees_field *f, enum describe_use use) {
    jw_object(&d->w, key);
    if (f->schema) {
        put_declared(d, f);
    } else {
        put_value(d, f, use);
    }
    if (f->description) {
        jw_words(&d->w, "description", f->description);
    }
    if (is_in(use) && f->fallback) {
        jw_json(&d->w, "default", f->fallback);
    }
    if (f->example) {
        jw_array(&d->w, "examples");
        jw_json(&d->w, NULL, f->example);
        jw_end(&d->w);
    }
    if ((f->flags & ALEES_WRITE_ONLY) != 0) {
        jw_boolean(&d->w, "writeOnly", true);
    } else if (is_in(use) && (f->flags & (ALEES_READ_ONLY | ALEES_COMPUTED)) != 0) {
        jw_boolean(&d->w, "readOnly", true); /* what was read may be sent back */
    }
    jw_end(&d->w);
}

/* One of a resource. Columns that hold the id of a user are no declared references, and yet expanded. */
static void put_field(struct describe *d, const struct resource_field *f, enum describe_use use) {
    struct alees_field decl = *f->decl;
    if (f->target && decl.type == ALEES_UUID) {
        decl.type = ALEES_REFERENCE;
        decl.reference = f->target->full_name;
    }
    describe_field(d, decl.name, &decl, use);
}

/* ---- objects ---- */

bool describe_is_required(const struct alees_field *f, enum describe_use use) {
    return (f->flags & ALEES_REQUIRED) != 0 && (use == DESCRIBE_CREATE || use == DESCRIBE_REPLACE);
}

bool describe_has(const struct resource_field *f, const struct resource *r, enum describe_use use) {
    bool is_read = (f->decl->flags & ALEES_WRITE_ONLY) == 0;
    bool is_moved = r->is_movable && f->is_standard && strcmp(f->decl->name, "organization") == 0;
    switch (use) {
    case DESCRIBE_ROW: return is_read;
    case DESCRIBE_CREATE: return engine_change_takes(r, ALEES_CREATE, f);
    case DESCRIBE_REPLACE: return is_read || engine_change_takes(r, ALEES_CREATE, f);
    case DESCRIBE_CHANGE: return is_moved || engine_change_takes(r, ALEES_UPDATE, f);
    case DESCRIBE_USES: break;
    }
    return false;
}

static void put_properties(struct describe *d, const struct resource *r, alees_list own, enum describe_use use) {
    const struct alees_field *f = own.items;
    jw_object(&d->w, "properties");
    for (uint32_t i = 0; r && i < r->field_count; i++) {
        if (describe_has(&r->fields[i], r, use)) {
            put_field(d, &r->fields[i], use);
        }
    }
    for (uint32_t i = 0; i < own.count; i++) {
        describe_field(d, f[i].name, &f[i], use);
    }
    jw_end(&d->w);
}

static void put_required(struct describe *d, const struct resource *r, alees_list own, enum describe_use use) {
    const struct alees_field *f = own.items;
    if (use != DESCRIBE_CREATE && use != DESCRIBE_REPLACE) {
        return;
    }
    jw_array(&d->w, "required");
    for (uint32_t i = 0; r && i < r->field_count; i++) {
        if (describe_has(&r->fields[i], r, use) && describe_is_required(r->fields[i].decl, use)) {
            jw_words(&d->w, NULL, r->fields[i].decl->name);
        }
    }
    for (uint32_t i = 0; i < own.count; i++) {
        if (describe_is_required(&f[i], use)) {
            jw_words(&d->w, NULL, f[i].name);
        }
    }
    jw_end(&d->w);
}

/* Of a row nothing is required: ?fields= and field permissions leave out what they want. */
void describe_members(struct describe *d, const char *key, const struct resource *row, alees_list fields,
                      enum describe_use use) {
    jw_object(&d->w, key);
    jw_words(&d->w, "type", "object");
    if (row && row->decl->description) {
        jw_words(&d->w, "description", row->decl->description);
    }
    jw_boolean(&d->w, "additionalProperties", false);
    put_properties(d, row, fields, use);
    put_required(d, row, fields, use);
    jw_end(&d->w);
}

static void put_row(struct describe *d, const struct resource *r, enum describe_use use) {
    char key[160];
    (void)snprintf(key, sizeof key, "%s%s", describe_schema_name(d, r), describe_uses[use]);
    describe_members(d, key, r, (alees_list){NULL, 0, 0}, use);
}

/* As it stands within its owner: read, and written. One that is there already may be sent back as it was read. */
static void put_part(struct describe *d, const struct resource *r, bool is_written) {
    char key[160];
    (void)snprintf(key, sizeof key, "%sPart%s", describe_schema_name(d, r), is_written ? "Write" : "");
    jw_object(&d->w, key);
    jw_words(&d->w, "type", "object");
    jw_boolean(&d->w, "additionalProperties", false);
    jw_object(&d->w, "properties");
    for (uint32_t i = 0; i < r->field_count; i++) {
        const struct resource_field *f = &r->fields[i];
        bool is_taken = is_written && !f->is_standard && engine_change_takes(r, ALEES_CREATE, f);
        if (is_taken || engine_nested_shows(r, f)) {
            put_field(d, f, is_written ? DESCRIBE_CHANGE : DESCRIBE_ROW);
        }
    }
    jw_end(&d->w);
    jw_end(&d->w);
}

static bool is_served(const struct resource *r, enum describe_use use) {
    const uint32_t flags = r->decl->flags;
    return use == DESCRIBE_ROW ||
           (use == DESCRIBE_CREATE ? (flags & ALEES_RESOURCE_NO_CREATE) == 0 : (flags & ALEES_RESOURCE_NO_CHANGE) == 0);
}

/* ---- what all resources share ---- */

static const struct {
    const char *name, *json;
} shared[] = {
    {"Problem",
     "{\"type\":\"object\",\"description\":\"An error (RFC "
     "9457).\",\"required\":[\"type\",\"title\",\"status\",\"code\","
     "\"request_id\"],\"additionalProperties\":false,\"properties\":{"
     "\"type\":{\"type\":\"string\",\"format\":\"uri-reference\",\"description\":\"Where the code is explained.\"},"
     "\"title\":{\"type\":\"string\"},\"status\":{\"type\":\"integer\"},"
     "\"code\":{\"type\":\"string\",\"description\":\"Stable; what programs look at.\"},"
     "\"detail\":{\"type\":\"string\",\"description\":\"What to do.\"},"
     "\"errors\":{\"type\":\"array\",\"items\":{\"$ref\":\"#/components/schemas/ProblemItem\"}},"
     "\"permission\":{\"type\":\"string\",\"description\":\"That is missing.\"},"
     "\"organization\":{\"type\":\"string\",\"description\":\"In which it is missing.\"},"
     "\"request_id\":{\"type\":\"string\"}}}"},
    {"ProblemItem",
     "{\"type\":\"object\",\"required\":[\"pointer\"],\"additionalProperties\":false,\"properties\":{"
     "\"row\":{\"type\":\"integer\",\"description\":\"Of an import, from 1.\"},"
     "\"pointer\":{\"type\":\"string\",\"description\":\"Into the body (RFC 6901), or the name of a parameter.\"},"
     "\"code\":{\"type\":\"string\"},\"detail\":{\"type\":\"string\"}}}"},
    {"History", "{\"type\":\"object\",\"required\":[\"results\",\"next\",\"previous\"],\"additionalProperties\":false,"
                "\"properties\":{"
                "\"results\":{\"type\":\"array\",\"items\":{\"$ref\":\"#/components/schemas/HistoryEntry\"}},"
                "\"next\":{\"type\":[\"string\",\"null\"]},\"previous\":{\"type\":[\"string\",\"null\"]}}}"},
    {"HistoryEntry",
     "{\"type\":\"object\",\"required\":[\"id\",\"at\",\"action\",\"user\",\"key\",\"request_id\",\"changes\"],"
     "\"additionalProperties\":false,\"properties\":{\"id\":{\"type\":\"string\",\"format\":\"uuid\"},"
     "\"at\":{\"type\":\"string\",\"format\":\"date-time\"},\"action\":{\"type\":\"string\",\"enum\":[\"create\","
     "\"update\",\"delete\",\"restore\",\"move_out\",\"move_in\"]},"
     "\"user\":{\"type\":[\"string\",\"null\"],\"format\":\"uuid\"},"
     "\"key\":{\"type\":[\"string\",\"null\"],\"format\":\"uuid\"},\"request_id\":{\"type\":[\"string\",\"null\"]},"
     "\"changes\":{\"type\":\"object\",\"additionalProperties\":{\"type\":\"object\",\"additionalProperties\":false,"
     "\"properties\":{\"before\":{},\"after\":{}}}}}}"},
    {"TagCounts", "{\"type\":\"object\",\"required\":[\"results\"],\"additionalProperties\":false,\"properties\":{"
                  "\"results\":{\"type\":\"array\",\"items\":{\"type\":\"object\",\"required\":[\"tag\",\"count\"],"
                  "\"additionalProperties\":false,\"properties\":{\"tag\":{\"type\":\"string\"},\"count\":{\"type\":"
                  "\"integer\"}}}}}}"},
    {"ImportResult",
     "{\"type\":\"object\",\"required\":[\"rows\",\"created\",\"updated\"],\"additionalProperties\":false,"
     "\"properties\":{"
     "\"rows\":{\"type\":\"integer\"},\"created\":{\"type\":\"integer\"},\"updated\":{\"type\":\"integer\"}}}"},
};

enum { READ_ONLY = ALEES_RESOURCE_NO_CREATE | ALEES_RESOURCE_NO_CHANGE | ALEES_RESOURCE_NO_DELETE };

/* A page of rows; what a write of several answers. */
static void put_lists(struct describe *d, const struct resource *r) {
    static const struct {
        const char *tail;
        bool is_page;
    } lists[] = {{"List", true}, {"Results", false}};
    const char *name = describe_schema_name(d, r);
    char key[160];
    for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
        if (!lists[i].is_page && (r->decl->flags & READ_ONLY) == READ_ONLY) {
            continue;
        }
        (void)snprintf(key, sizeof key, "%s%s", name, lists[i].tail);
        jw_object(&d->w, key);
        jw_words(&d->w, "type", "object");
        jw_boolean(&d->w, "additionalProperties", false);
        jw_json(&d->w, "required", lists[i].is_page ? "[\"results\",\"next\",\"previous\",\"count\"]" : "[\"count\"]");
        jw_object(&d->w, "properties");
        jw_object(&d->w, "results");
        jw_words(&d->w, "type", "array");
        describe_reference(d, "items", "schemas", "%s", name);
        jw_end(&d->w);
        if (lists[i].is_page) {
            jw_json(&d->w, "next",
                    "{\"type\":[\"string\",\"null\"],\"description\":\"The address of the next page.\"}");
            jw_json(&d->w, "previous", "{\"type\":[\"string\",\"null\"],\"description\":\"That of the one before.\"}");
        }
        jw_json(&d->w, "count",
                lists[i].is_page
                    ? "{\"type\":[\"integer\",\"null\"],\"description\":\"Rows of the list in all, if asked "
                      "for.\"}"
                    : "{\"type\":\"integer\",\"description\":\"Rows that were written.\"}");
        jw_end(&d->w);
        jw_end(&d->w);
    }
}

void describe_schemas(struct describe *d) {
    jw_object(&d->w, "schemas");
    for (size_t i = 0; i < ARRAY_LEN(shared); i++) {
        jw_json(&d->w, shared[i].name, shared[i].json);
    }
    for (uint32_t i = 0; i < d->catalogue->resource_count; i++) {
        const struct resource *r = d->catalogue->resources[i];
        for (enum describe_use use = DESCRIBE_ROW; use < DESCRIBE_USES; use++) {
            if (is_served(r, use)) {
                put_row(d, r, use);
            }
        }
        if (r->owner) {
            put_part(d, r, false);
            put_part(d, r, true);
        }
        put_lists(d, r);
    }
    jw_end(&d->w);
}
