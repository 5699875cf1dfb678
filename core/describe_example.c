/* SPDX-License-Identifier: MIT
 * describe_example.c - rows and bodies that could be: the examples of declarations and, where a field has none, a value of its
 * type. */
#include <inttypes.h>
#include <string.h>

#include "describe.h"

#define ID "\"019a0c1e-8d2c-7e63-8d3f-4a2a7b2e3c4d\""

static void put_choice(struct describe *d, const char *key, const struct alees_field *f) {
    size_t len = f->choices ? strcspn(f->choices, "|") : 0;
    jw_text(&d->w, key, (alees_str){f->choices, len});
}

/* Within the bounds, as near to zero as they let it be. */
static int64_t number_of(const struct alees_field *f) {
    if (f->min == 0 && f->max == 0) {
        return 1;
    }
    return f->min > 1 ? f->min : f->max < 1 ? f->max : 1;
}

static void put_text(struct describe *d, const char *key, const struct alees_field *f) {
    struct str s;
    str_init(&s, d->arena, 64);
    str_puts(&s, "text");
    for (int64_t i = 4; i < f->min; i++) {
        str_putc(&s, 'x');
    }
    jw_text(&d->w, key, str_done(&s));
}

static void put_parts(struct describe *d, const char *key, const struct alees_field *f, enum describe_use use) {
    const struct resource *part = f->reference ? catalogue_resource(d->catalogue, f->reference) : NULL;
    jw_array(&d->w, key);
    if (part) {
        jw_object(&d->w, NULL);
        for (uint32_t i = 0; i < part->field_count; i++) {
            const struct resource_field *of = &part->fields[i];
            bool is_there = use == DESCRIBE_ROW ? engine_nested_shows(part, of)
                                                : !of->is_standard && describe_has(of, part, DESCRIBE_CREATE);
            if (is_there) {
                describe_example_value(d, of->decl->name, of->decl, use);
            }
        }
        jw_end(&d->w);
    }
    jw_end(&d->w);
}

void describe_example_value(struct describe *d, const char *key, const struct alees_field *f, enum describe_use use) {
    if (f->example) {
        jw_json(&d->w, key, f->example);
        return;
    }
    switch (f->type) {
    case ALEES_TEXT: put_text(d, key, f); break;
    case ALEES_BOOLEAN: jw_boolean(&d->w, key, true); break;
    case ALEES_INTEGER: jw_integer(&d->w, key, number_of(f)); break;
    case ALEES_DECIMAL: jw_printf(&d->w, key, "%" PRId64, number_of(f)); break;
    case ALEES_DATE: jw_words(&d->w, key, "2026-11-22"); break;
    case ALEES_TIMESTAMP: jw_words(&d->w, key, "2026-11-22T08:15:00.000000Z"); break;
    case ALEES_UUID:
    case ALEES_REFERENCE: jw_json(&d->w, key, ID); break;
    case ALEES_CHOICE: put_choice(d, key, f); break;
    case ALEES_TAGS: jw_json(&d->w, key, "[\"new\"]"); break;
    case ALEES_REFERENCES: jw_json(&d->w, key, "[" ID "]"); break;
    case ALEES_PARTS: put_parts(d, key, f, use); break;
    default: jw_json(&d->w, key, "{}"); break; /* JSON */
    }
}

/* A body has what it must have, and what somebody thought worth an example. A change has no parts: their list would be the
 * whole of it, and many rows cannot be changed so. */
static bool is_worth(const struct alees_field *f, enum describe_use use) {
    if (use == DESCRIBE_CHANGE && f->type == ALEES_PARTS) {
        return false;
    }
    return use == DESCRIBE_ROW || f->example || describe_is_required(f, use);
}

void describe_example_of(struct describe *d, const char *key, alees_list fields, enum describe_use use) {
    const struct alees_field *f = fields.items;
    jw_object(&d->w, key);
    for (uint32_t i = 0; i < fields.count; i++) {
        if (is_worth(&f[i], use)) {
            describe_example_value(d, f[i].name, &f[i], use);
        }
    }
    jw_end(&d->w);
}

static void put_row(struct describe *d, const char *key, const struct resource *r, enum describe_use use,
                    bool is_of_many) {
    jw_object(&d->w, key);
    for (uint32_t i = 0; i < r->field_count; i++) {
        const struct resource_field *f = &r->fields[i];
        bool is_refused = is_of_many && f->decl->type == ALEES_PARTS; /* engine_many.c */
        if (describe_has(f, r, use) && !f->is_deletion && is_worth(f->decl, use) && !is_refused &&
            (use == DESCRIBE_ROW || !f->is_standard)) {
            describe_example_value(d, f->decl->name, f->decl, use);
        }
    }
    jw_end(&d->w);
}

void describe_example(struct describe *d, const char *key, const struct resource *r, enum describe_use use) {
    put_row(d, key, r, use, false);
}

void describe_body_example(struct describe *d, const char *key, const struct route *route) {
    bool is_whole = route->operation == ROUTE_CREATE || route->operation == ROUTE_PUT;
    if (route->operation == ROUTE_PLUGIN && route->decl->request_example) {
        jw_json(&d->w, key, route->decl->request_example);
    } else if (route->operation == ROUTE_PLUGIN) {
        describe_example_of(d, key, route->decl->body, DESCRIBE_CREATE);
    } else {
        put_row(d, key, route->resource, is_whole ? DESCRIBE_CREATE : DESCRIBE_CHANGE,
                route->operation == ROUTE_PATCH_MANY);
    }
}
