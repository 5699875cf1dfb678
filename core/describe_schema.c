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

/* What is computed may be null, whatever it declares: it is where nothing has been set. */
static bool is_nullable(const struct alees_field *f) {
    return (f->flags & (ALEES_NULLABLE | ALEES_COMPUTED)) != 0;
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

/* Out it is a text, so that nothing is rounded; in it may be either. Bounds of texts a schema cannot tell. */
static void put_decimal(struct jw *w, const struct alees_field *f, bool is_null, enum describe_use use) {
    if (!is_in(use)) {
        put_string(w, "decimal", is_null);
        jw_words(w, "pattern", "^-?[0-9]+([.][0-9]+)?$");
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
    jw_words(w, "pattern", "^-?[0-9]+([.][0-9]+)?([eE][-+]?[0-9]{1,3})?$");
    jw_integer(w, "maxLength", ENGINE_MAX_DECIMAL);
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
    if (is_in(use) && !target && is_null) { /* its plugin is not loaded: there is nothing to refer to */
        jw_words(&d->w, "type", "null");
        return;
    }
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

/* As PARTS of a new row, of one that is there, of one that is read. */
static const char *part_of(enum describe_use use) {
    return use == DESCRIBE_ROW ? "Part" : use == DESCRIBE_CREATE ? "PartCreate" : "PartWrite";
}

static void put_tag(struct jw *w, bool is_sent) {
    jw_object(w, "items");
    jw_words(w, "type", "string");
    if (is_sent) {
        jw_integer(w, "minLength", 1);
        jw_integer(w, "maxLength", ENGINE_MAX_TAG);
    }
    jw_end(w);
}

static void put_list(struct describe *d, const struct alees_field *f, bool is_null, enum describe_use use) {
    const struct resource *target = target_of(d, f);
    put_type(&d->w, "array", is_null);
    if (f->type == ALEES_PARTS && target) {
        describe_reference(d, "items", "schemas", "%s%s", describe_schema_name(d, target), part_of(use));
    } else if (f->type == ALEES_TAGS) {
        put_tag(&d->w, is_in(use));
    } else if (target && !is_in(use)) {
        put_target(d, "items", target, false);
    } else {
        jw_json(&d->w, "items", UUID);
    }
    if (!is_in(use)) {
        return;
    }
    jw_integer(&d->w, "maxItems", f->max > 0 ? f->max : ENGINE_MAX_TAGS);
    if (f->min > 0) {
        jw_integer(&d->w, "minItems", f->min);
    }
    if (f->type != ALEES_PARTS) {
        jw_boolean(&d->w, "uniqueItems", true);
    }
}

/* Values of custom fields are of one of their types; which of them there are differs from organization to organization. */
static void put_json(struct jw *w, const struct alees_field *f, bool is_null, enum describe_use use) {
    if ((f->flags & ALEES_COMPUTED) != 0) { /* any value */
        return;
    }
    put_type(w, "object", is_null);
    if ((f->flags & ALEES_CUSTOM) == 0) {
        jw_boolean(w, "additionalProperties", true);
    } else {
        jw_json(w, "additionalProperties",
                is_in(use) ? "{\"type\":[\"string\",\"number\",\"boolean\",\"null\"]}"
                           : "{\"type\":[\"string\",\"integer\",\"boolean\"]}");
    }
}

static void put_value(struct describe *d, const struct alees_field *f, enum describe_use use) {
    bool is_null = is_nullable(f);
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
    case ALEES_JSON: put_json(w, f, is_null, use); break;
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
    if ((use == DESCRIBE_CREATE || use == DESCRIBE_REPLACE) && f->fallback) {
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

void describe_field_of(struct describe *d, const struct resource_field *f, enum describe_use use) {
    struct alees_field decl = *f->decl;
    if (f->target && decl.type == ALEES_UUID) {
        decl.type = ALEES_REFERENCE;
        decl.reference = f->target->full_name;
    }
    describe_field(d, decl.name, &decl, use);
}

/* ---- objects ---- */

/* What a PUT leaves as it is need not be in it. */
bool describe_is_required(const struct alees_field *f, enum describe_use use) {
    return (f->flags & ALEES_REQUIRED) != 0 &&
           (use == DESCRIBE_CREATE ||
            (use == DESCRIBE_REPLACE && (f->flags & (ALEES_WRITE_ONCE | ALEES_WRITE_ONLY)) == 0));
}

static bool is_moved(const struct resource_field *f, const struct resource *r) {
    return r->is_movable && f->is_standard && strcmp(f->decl->name, "organization") == 0;
}

bool describe_has(const struct resource_field *f, const struct resource *r, enum describe_use use) {
    bool is_read = (f->decl->flags & ALEES_WRITE_ONLY) == 0;
    switch (use) {
    case DESCRIBE_ROW: return is_read;
    case DESCRIBE_CREATE: return engine_change_takes(r, ALEES_CREATE, f);
    case DESCRIBE_REPLACE: return (is_read && !f->is_deletion) || engine_change_takes(r, ALEES_UPDATE, f);
    case DESCRIBE_CHANGE: return is_moved(f, r) || engine_change_takes(r, ALEES_UPDATE, f);
    case DESCRIBE_USES: break;
    }
    return false;
}

/* Of a PUT it may be sent as it was read, if it is not left out: bounds are those of values that are written. */
static bool is_kept(const struct resource_field *f, const struct resource *r, enum describe_use use) {
    return use == DESCRIBE_REPLACE && !is_moved(f, r) && !engine_change_takes(r, ALEES_UPDATE, f);
}

static void put_kept(struct describe *d, const struct resource_field *f) {
    struct alees_field plain = *f->decl;
    plain.min = plain.max = 0;
    plain.fallback = plain.example = NULL;
    plain.reference = plain.type == ALEES_PARTS ? plain.reference : NULL;
    jw_object(&d->w, plain.name);
    if (plain.schema) {
        put_declared(d, &plain);
    } else {
        put_value(d, &plain, DESCRIBE_ROW);
    }
    jw_boolean(&d->w, "readOnly", true);
    jw_end(&d->w);
}

static void put_properties(struct describe *d, const struct resource *r, alees_list own, enum describe_use use) {
    const struct alees_field *f = own.items;
    jw_object(&d->w, "properties");
    for (uint32_t i = 0; r && i < r->field_count; i++) {
        if (!describe_has(&r->fields[i], r, use)) {
            continue;
        }
        if (is_kept(&r->fields[i], r, use)) {
            put_kept(d, &r->fields[i]);
        } else {
            describe_field_of(d, &r->fields[i], use);
        }
    }
    for (uint32_t i = 0; i < own.count; i++) {
        describe_field(d, f[i].name, &f[i], use);
    }
    jw_end(&d->w);
}

static bool is_required(const struct resource_field *f, const struct resource *r, enum describe_use use) {
    return describe_has(f, r, use) && !is_kept(f, r, use) && describe_is_required(f->decl, use);
}

/* Of rows nothing: ?fields= and rights to fields leave out what they want. Of the members that a route answers by itself
 * those are always there that say so. */
static void put_required(struct describe *d, const struct resource *r, alees_list own, enum describe_use use) {
    const struct alees_field *f = own.items;
    bool is_first = true;
    for (uint32_t i = 0; i < own.count + (r ? r->field_count : 0); i++) {
        const struct alees_field *decl = i < own.count ? &f[i] : r->fields[i - own.count].decl;
        bool is_one = i < own.count ? (decl->flags & ALEES_REQUIRED) != 0 && use != DESCRIBE_CHANGE
                                    : is_required(&r->fields[i - own.count], r, use);
        if (is_one && is_first) {
            jw_array(&d->w, "required");
            is_first = false;
        }
        if (is_one) {
            jw_words(&d->w, NULL, decl->name);
        }
    }
    if (!is_first) {
        jw_end(&d->w);
    }
}

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
