/* SPDX-License-Identifier: MIT
 * values.c - values for any field, made from its declaration.
 *
 * A text is a secret that tells resource and place. Where the server does not take that, the declaration's example is
 * used, then the example with a number in front; an optional field is left out in the end. What was learned is kept. */
#include "kit.h"

#include <string.h>

#include "alees/util.h"
#include "jx.h"
#include "str.h"

enum style { STYLE_SECRET, STYLE_EXAMPLE, STYLE_NUMBERED, STYLE_OMIT };

struct kit_styles {
    unsigned char **of; /* by resource, then field */
};

/* ---- secrets ---- */

static uint32_t number_of(const struct kit *k, const struct resource *r) {
    uint32_t i = 0;
    while (i < k->catalogue->resource_count && k->catalogue->resources[i] != r) {
        i++;
    }
    return i;
}

const char *kit_secret(struct kit *k, const struct resource *r, size_t place) {
    return kit_text(k, KIT_SECRET "%02u%c", number_of(k, r) % 100, (char)('a' + place));
}

bool kit_secret_read(const struct kit *k, const char *text, const struct resource **ret_resource, size_t *ret_place) {
    const char *at = text + strlen(KIT_SECRET);
    if (at[0] < '0' || at[0] > '9' || at[1] < '0' || at[1] > '9' || at[2] < 'a' || at[2] >= 'a' + KIT_TARGETS) {
        return false;
    }
    uint32_t number = (uint32_t)(at[0] - '0') * 10 + (uint32_t)(at[1] - '0');
    if (number >= k->catalogue->resource_count) {
        return false;
    }
    *ret_resource = k->catalogue->resources[number];
    *ret_place = (size_t)(at[2] - 'a');
    return true;
}

/* ---- values ---- */

static unsigned char *style_of(struct kit *k, const struct resource *r, uint32_t field) {
    uint32_t number = number_of(k, r);
    if (!k->styles) {
        k->styles = ARENA_NEW(k->arena, struct kit_styles);
        ASSERT(k->styles != NULL);
        k->styles->of = ARENA_ARRAY(k->arena, unsigned char *, k->catalogue->resource_count);
        ASSERT(k->styles->of != NULL);
    }
    if (!k->styles->of[number]) {
        k->styles->of[number] = ARENA_ARRAY(k->arena, unsigned char, r->field_count);
        ASSERT(k->styles->of[number] != NULL);
    }
    return &k->styles->of[number][field];
}

/* The example, with a number in front of a text or behind a number. */
static void put_example(struct kit *k, struct str *out, const struct alees_field *d, bool is_numbered) {
    if (is_numbered && d->example && d->example[0] == '"') {
        str_printf(out, "\"n%u_%s", ++k->serial, d->example + 1);
    } else {
        str_puts(out, d->example ? d->example : "null");
    }
}

static void put_text(struct kit *k, struct str *out, const struct alees_field *d, const char *secret) {
    char text[256];
    int length = snprintf(text, sizeof text, "%s-%u", secret, ++k->serial);
    while (length < (int)d->min && length < 255) {
        text[length++] = 'x';
        text[length] = '\0';
    }
    if (d->max && length > (int)d->max) { /* short: the end differs */
        snprintf(text, sizeof text, "%0*u", (int)d->max, k->serial);
    }
    str_printf(out, "\"%s\"", text);
}

static void put_number(struct kit *k, struct str *out, const struct alees_field *d) {
    int64_t value = (d->flags & ALEES_UNIQUE) ? (int64_t)++k->serial : d->min > 0 ? d->min : 1;
    if ((d->min || d->max) && value > d->max) {
        value = d->max;
    }
    str_i64(out, value);
}

/* False: there is none. */
static bool put_reference(struct kit *k, struct str *out, const struct resource *target, size_t place, bool is_list) {
    const char *id = target ? kit_target(k, target, place) : NULL;
    str_printf(out, id ? (is_list ? "[\"%s\"]" : "\"%s\"") : "null", id);
    return id != NULL;
}

static void put_value(struct kit *k, struct str *out, const struct alees_field *d, const struct resource *target,
                      const char *secret, size_t place) {
    switch (d->type) {
    case ALEES_TEXT: put_text(k, out, d, secret); break;
    case ALEES_BOOLEAN: str_puts(out, "true"); break;
    case ALEES_INTEGER: put_number(k, out, d); break;
    case ALEES_CHOICE: str_printf(out, "\"%.*s\"", (int)strcspn(d->choices, "|"), d->choices); break;
    case ALEES_REFERENCE: (void)put_reference(k, out, target, place, false); break;
    case ALEES_REFERENCES: (void)put_reference(k, out, target, place, true); break;
    case ALEES_JSON: str_printf(out, "{\"k\":\"%s\"}", secret); break;
    case ALEES_TAGS: str_printf(out, "[\"%s\"]", secret); break;
    case ALEES_UUID: str_puts(out, "\"" KIT_UNKNOWN "\""); break;
    default: put_example(k, out, d, false); break;
    }
}

static bool is_wanted(const struct alees_field *d, bool is_standard, enum style style) {
    if (is_standard || (d->flags & ALEES_READ_ONLY)) {
        return false;
    }
    if (d->flags & ALEES_REQUIRED) {
        return true;
    }
    /* what is never shown leaks nowhere, and a password takes long */
    return style != STYLE_OMIT && !(d->flags & ALEES_WRITE_ONLY) &&
           (d->type == ALEES_TEXT || d->type == ALEES_TAGS || d->type == ALEES_JSON);
}

const char *kit_row_body(struct kit *k, const struct resource *r, size_t place, bool has_place) {
    const char *secret = kit_secret(k, r, place), *comma = "";
    struct str body;
    str_init(&body, k->arena, 512);
    str_putc(&body, '{');
    if (has_place && place != KIT_NOWHERE) {
        str_printf(&body, "\"organization\":\"%s\"", k->place_ids[place]);
        comma = ",";
    } else if (has_place) {
        str_puts(&body, "\"organization\":null");
        comma = ",";
    }
    for (uint32_t i = 0; i < r->field_count; i++) {
        const struct alees_field *d = r->fields[i].decl;
        enum style style = (enum style) * style_of(k, r, i);
        bool is_parent = &r->fields[i] == r->parent || &r->fields[i] == r->owner_field; /* said otherwise */
        bool is_given = k->override_field && strcmp(k->override_field, d->name) == 0;
        if (!is_given && (is_parent || !is_wanted(d, r->fields[i].is_standard, style))) {
            continue;
        }
        str_printf(&body, "%s\"%s\":", comma, d->name);
        if (is_given) {
            str_puts(&body, k->override_value);
        } else if (style == STYLE_SECRET) {
            put_value(k, &body, d, r->fields[i].target, secret, place);
        } else {
            put_example(k, &body, d, style == STYLE_NUMBERED);
        }
        comma = ",";
    }
    str_putc(&body, '}');
    alees_str done = str_done(&body);
    ASSERT(done.ptr != NULL);
    return done.ptr;
}

const char *kit_column_body(struct kit *k, const struct resource *r, size_t place) {
    const char *secret = kit_secret(k, r, place), *comma = "";
    struct str body;
    str_init(&body, k->arena, 512);
    str_putc(&body, '{');
    for (uint32_t i = 0; i < r->field_count; i++) {
        const struct alees_field *d = r->fields[i].decl;
        if (!r->fields[i].is_standard && (d->flags & ALEES_REQUIRED)) {
            str_printf(&body, "%s\"%s\":", comma, r->fields[i].column);
            put_value(k, &body, d, r->fields[i].target, secret, place);
            comma = ",";
        }
    }
    str_putc(&body, '}');
    alees_str done = str_done(&body);
    ASSERT(done.ptr != NULL);
    return done.ptr;
}

/* The next way for the field that an error names. */
static bool learn_field(struct kit *k, const struct resource *r, alees_str pointer) {
    for (uint32_t i = 0; i < r->field_count; i++) {
        const struct alees_field *d = r->fields[i].decl;
        size_t length = strlen(d->name);
        if (pointer.len < length + 1 || strncmp(pointer.ptr + 1, d->name, length) != 0 ||
            (pointer.len > length + 1 && pointer.ptr[length + 1] != '/')) {
            continue;
        }
        unsigned char *style = style_of(k, r, i);
        bool is_text = d->type == ALEES_TEXT || d->type == ALEES_TAGS || d->type == ALEES_JSON;
        if (!is_text || *style == STYLE_OMIT) {
            return false;
        }
        *style = (unsigned char)(*style + 1);
        return true;
    }
    return false;
}

/* Several values together are taken, none of them is named: each that was an example is numbered. */
static bool learn_taken(struct kit *k, const struct resource *r) {
    bool has_learned = false;
    for (uint32_t i = 0; i < r->field_count; i++) {
        unsigned char *style = style_of(k, r, i);
        if (r->fields[i].decl->type == ALEES_TEXT && *style == STYLE_EXAMPLE) {
            *style = STYLE_NUMBERED;
            has_learned = true;
        }
    }
    return has_learned;
}

bool kit_row_learn(struct kit *k, const struct resource *r, const struct answer *refusal) {
    const alees_json *errors = answer_at(refusal, "/errors");
    bool has_learned = refusal->status == 409 && jx_size(errors) == 0 && learn_taken(k, r);
    for (uint32_t i = 0; i < jx_size(errors); i++) {
        has_learned = learn_field(k, r, jx_text(jx_get(jx_at(errors, i), "pointer"))) || has_learned;
    }
    return has_learned;
}

const char *kit_body_of(struct kit *k, const struct alees_field *fields, uint32_t count, size_t place) {
    const char *comma = "";
    struct str body;
    str_init(&body, k->arena, 256);
    str_putc(&body, '{');
    for (uint32_t i = 0; i < count; i++) {
        const struct alees_field *d = &fields[i];
        const struct resource *target = d->reference ? catalogue_resource(k->catalogue, d->reference) : NULL;
        if (!(d->flags & ALEES_REQUIRED) && strcmp(d->name, "organization") != 0 && !d->reference) {
            continue;
        }
        str_printf(&body, "%s\"%s\":", comma, d->name);
        comma = ",";
        if (strcmp(d->name, "organization") == 0) {
            str_printf(&body, "\"%s\"", k->place_ids[place < KIT_PLACES ? place : KIT_A]);
        } else if (d->example && d->type != ALEES_REFERENCE && d->type != ALEES_REFERENCES) {
            put_example(k, &body, d, (d->flags & ALEES_UNIQUE) != 0);
        } else {
            put_value(k, &body, d, target, "kit", place);
        }
    }
    str_putc(&body, '}');
    alees_str done = str_done(&body);
    ASSERT(done.ptr != NULL);
    return done.ptr;
}
