/* SPDX-License-Identifier: MIT
 * test_describe.c - the description of plugins of which each has something that is not as usual: every reference in it leads
 * somewhere, every example is as its schema says, and schemas say what the engine holds to. */
#include "test.h"

#include <stdio.h>
#include <stdlib.h>

#include "catalogue.h"
#include "describe.h"
#include "fixtures.h"
#include "jx.h"

static struct fixtures fixtures;
static struct catalogue catalogue;
static const alees_json *document;

static alees_rc run_plugin(alees_ctx *ctx) {
    (void)ctx;
    return ALEES_OK;
}

static alees_rc run_host(alees_ctx *ctx) {
    (void)ctx;
    return ALEES_OK;
}

static const char *const host_types[] = {"text/html", NULL};
static const struct route host_routes[] = {
    {.method = ALEES_GET,
     .operation = ROUTE_HOST,
     .path = "/docs",
     .types = host_types,
     .run = run_host,
     .summary = "A"},
    {.method = ALEES_GET,
     .operation = ROUTE_HOST,
     .path = "/docs/{file}",
     .types = host_types,
     .run = run_host,
     .summary = "B"},
};

static void open_document(const char *names) {
    FILE *errors = fmemopen(fixtures.errors, sizeof fixtures.errors, "w");
    struct problem problem;
    alees_json *parsed = NULL;
    alees_str text;
    alees_rc rc;
    if (fixtures_load(&fixtures, names, NULL, false) != ALEES_OK) {
        fail_msg("%s", fixtures.errors);
    }
    rc = catalogue_build(fixtures.arena, &fixtures.plugins, run_plugin, host_routes, ARRAY_LEN(host_routes), errors,
                         &catalogue);
    (void)fclose(errors);
    if (rc != ALEES_OK) {
        fail_msg("%s", fixtures.errors);
    }
    text = describe_openapi(fixtures.arena, &catalogue, NULL, false);
    problem_init(&problem, fixtures.arena);
    assert_ok(jx_parse(fixtures.arena, &problem, text, &parsed)); /* which refuses a member that is there twice */
    document = parsed;
}

/* ---- a JSON Schema, as far as the description uses it ---- */

/* "#/components/schemas/Box"; names here have neither ~ nor %. NULL: there is none. */
static const alees_json *find(const char *pointer) {
    const alees_json *at = document;
    char name[256];
    for (const char *p = pointer + 1; at && *p == '/';) {
        size_t len = strcspn(++p, "/");
        assert_true(len < sizeof name);
        memcpy(name, p, len);
        name[len] = '\0';
        at = jx_get(at, name);
        p += len;
    }
    return at;
}

static bool is_of_type(const char *type, const alees_json *value) {
    static const struct {
        const char *name;
        uint32_t kind, other;
    } types[] = {{"null", ALEES_JSON_NULL, 0},       {"boolean", ALEES_JSON_BOOLEAN, 0},
                 {"integer", ALEES_JSON_INTEGER, 0}, {"number", ALEES_JSON_REAL, ALEES_JSON_INTEGER},
                 {"string", ALEES_JSON_STRING, 0},   {"array", ALEES_JSON_ARRAY, 0},
                 {"object", ALEES_JSON_OBJECT, 0}};
    for (size_t i = 0; i < ARRAY_LEN(types); i++) {
        if (strcmp(types[i].name, type) == 0) {
            return jx_kind(value) == types[i].kind || (types[i].other && jx_kind(value) == types[i].other);
        }
    }
    fail_msg("no such type: %s", type);
    return false;
}

static bool fits_type(const alees_json *type, const alees_json *value) {
    bool fits = jx_kind(type) == ALEES_JSON_ABSENT;
    for (uint32_t i = 0; i < jx_size(type) && !fits; i++) {
        fits = is_of_type(jx_text(jx_at(type, i)).ptr, value);
    }
    return fits || (jx_kind(type) == ALEES_JSON_STRING && is_of_type(jx_text(type).ptr, value));
}

static bool is_within(const alees_json *schema, const char *least, const char *most, int64_t number) {
    int64_t bound;
    return !(jx_integer(jx_get(schema, least), &bound) == ALEES_OK && number < bound) &&
           !(jx_integer(jx_get(schema, most), &bound) == ALEES_OK && number > bound);
}

static bool fits(const alees_json *schema, const alees_json *value);

static bool fits_enum(const alees_json *schema, const alees_json *value) {
    const alees_json *list = jx_get(schema, "enum");
    for (uint32_t i = 0; i < jx_size(list); i++) {
        if (jx_is_equal(jx_at(list, i), value)) {
            return true;
        }
    }
    return jx_kind(list) == ALEES_JSON_ABSENT;
}

static bool fits_one(const alees_json *list, const alees_json *value, bool must_all) {
    bool fits_any = false, fits_all = true;
    for (uint32_t i = 0; i < jx_size(list); i++) {
        bool is_one = fits(jx_at(list, i), value);
        fits_any = fits_any || is_one;
        fits_all = fits_all && is_one;
    }
    return jx_kind(list) == ALEES_JSON_ABSENT || (must_all ? fits_all : fits_any);
}

struct members {
    const alees_json *schema;
    bool fit;
};

static bool look_at_member(void *data, alees_str key, const alees_json *value) {
    struct members *m = data;
    const alees_json *own = jx_get(jx_get(m->schema, "properties"), key.ptr);
    const alees_json *others = jx_get(m->schema, "additionalProperties");
    if (own) {
        m->fit = fits(own, value);
    } else if (jx_kind(others) == ALEES_JSON_BOOLEAN) {
        m->fit = jx_is_true(others);
    } else if (others) {
        m->fit = fits(others, value);
    }
    if (!m->fit) {
        print_message("  member %.*s\n", (int)key.len, key.ptr);
    }
    return m->fit;
}

static bool fits_object(const alees_json *schema, const alees_json *value) {
    const alees_json *required = jx_get(schema, "required");
    struct members m = {schema, true};
    for (uint32_t i = 0; i < jx_size(required); i++) {
        if (!jx_get(value, jx_text(jx_at(required, i)).ptr)) {
            return false;
        }
    }
    jx_each(value, look_at_member, &m);
    return m.fit;
}

static bool fits_array(const alees_json *schema, const alees_json *value) {
    const alees_json *items = jx_get(schema, "items");
    bool fit = is_within(schema, "minItems", "maxItems", jx_size(value));
    for (uint32_t i = 0; i < jx_size(value) && fit && items; i++) {
        fit = fits(items, jx_at(value, i));
    }
    return fit;
}

static bool fits(const alees_json *schema, const alees_json *value) {
    const alees_json *reference = jx_get(schema, "$ref"), *refused = jx_get(schema, "not");
    int64_t number;
    if (reference) { /* and what stands beside it */
        const alees_json *target = find(jx_text(reference).ptr);
        assert_non_null(target);
        if (!fits(target, value)) {
            return false;
        }
    }
    if (refused && fits(refused, value)) {
        return false;
    }
    if (!fits_type(jx_get(schema, "type"), value) || !fits_enum(schema, value) ||
        !fits_one(jx_get(schema, "anyOf"), value, false) || !fits_one(jx_get(schema, "allOf"), value, true)) {
        return false;
    }
    switch (jx_kind(value)) {
    case ALEES_JSON_OBJECT: return fits_object(schema, value);
    case ALEES_JSON_ARRAY: return fits_array(schema, value);
    case ALEES_JSON_STRING: return is_within(schema, "minLength", "maxLength", (int64_t)str_characters(jx_text(value)));
    default: return jx_integer(value, &number) != ALEES_OK || is_within(schema, "minimum", "maximum", number);
    }
}

/* ---- all of the document ---- */

static uint32_t seen; /* how much there was to look at */

static bool look_at_references(void *data, alees_str key, const alees_json *value) {
    (void)data;
    if (str_equal(key, "$ref")) {
        seen++;
        if (!find(jx_text(value).ptr)) {
            fail_msg("leads nowhere: %s", jx_text(value).ptr);
        }
    }
    jx_each(value, look_at_references, NULL);
    for (uint32_t i = 0; jx_kind(value) == ALEES_JSON_ARRAY && i < jx_size(value); i++) {
        jx_each(jx_at(value, i), look_at_references, NULL);
    }
    return true;
}

static void test_references_lead_somewhere(void **state) {
    (void)state;
    seen = 0;
    jx_each(document, look_at_references, NULL);
    assert_true(seen > 200);
}

static bool look_at_ids(void *data, alees_str key, const alees_json *value) {
    static alees_str ids[512];
    alees_str id = jx_text(jx_get(value, "operationId"));
    (void)data;
    (void)key;
    for (uint32_t i = 0; id.ptr && i < seen; i++) {
        if (alees_equal(ids[i], id)) {
            fail_msg("two operations are %s", id.ptr);
        }
    }
    if (id.ptr) {
        assert_true(seen < ARRAY_LEN(ids));
        ids[seen++] = id;
        return true;
    }
    jx_each(value, look_at_ids, NULL);
    return true;
}

static void test_operations_have_names_of_their_own(void **state) {
    (void)state;
    seen = 0;
    jx_each(find("#/paths"), look_at_ids, NULL);
    assert_true(seen > 50);
}

/* Bodies and answers have their example beside their schema. */
static bool look_at_examples(void *data, alees_str key, const alees_json *value) {
    const alees_json *schema = jx_get(value, "schema"), *example = jx_get(value, "example");
    (void)data;
    if (schema && example) {
        seen++;
        if (!fits(schema, example)) {
            struct str s;
            str_init(&s, fixtures.arena, 256);
            jx_write(value, &s);
            fail_msg("%.*s: does not fit: %s", (int)key.len, key.ptr, str_done(&s).ptr);
        }
    }
    jx_each(value, look_at_examples, NULL);
    return true;
}

static void test_examples_are_as_described(void **state) {
    (void)state;
    seen = 0;
    jx_each(document, look_at_examples, NULL);
    assert_true(seen > 30);
}

/* An object is described, or is said to be open. */
static bool look_at_objects(void *data, alees_str key, const alees_json *value) {
    const alees_json *type = jx_get(value, "type");
    bool is_object = str_equal(jx_text(type), "object");
    for (uint32_t i = 0; jx_kind(type) == ALEES_JSON_ARRAY && i < jx_size(type); i++) {
        is_object = is_object || str_equal(jx_text(jx_at(type, i)), "object");
    }
    (void)data;
    seen += is_object;
    if (is_object && !jx_get(value, "additionalProperties")) {
        fail_msg("%.*s does not say what else it may have", (int)key.len, key.ptr);
    }
    jx_each(value, look_at_objects, NULL);
    return true;
}

static void test_objects_are_closed(void **state) {
    (void)state;
    seen = 0;
    jx_each(find("#/components/schemas"), look_at_objects, NULL);
    assert_true(seen > 50);
}

/* ---- what bodies may have ---- */

static bool takes(const char *schema, const char *body) {
    char pointer[128];
    struct problem problem;
    alees_json *value = NULL;
    const alees_json *found;
    (void)snprintf(pointer, sizeof pointer, "#/components/schemas/%s", schema);
    found = find(pointer);
    problem_init(&problem, fixtures.arena);
    assert_non_null(found);
    assert_ok(jx_parse(fixtures.arena, &problem, alees_text(body), &value));
    return fits(found, value);
}

#define ID "\"01930d2e-8f7a-7c3b-9a51-3f6f2b8d4e10\""

static void test_parts(void **state) {
    (void)state;
    assert_true(takes("BoxCreate", "{\"name\":\"a\",\"items\":[{\"name\":\"b\"}]}"));
    assert_false(
        takes("BoxCreate", "{\"name\":\"a\",\"items\":[{\"id\":" ID ",\"name\":\"b\"}]}")); /* none is there yet */
    assert_false(takes("BoxCreate", "{\"name\":\"a\",\"items\":[{\"quantity\":1}]}"));
    assert_true(takes("BoxChange", "{\"items\":[{\"id\":" ID "},{\"name\":\"b\"}]}"));
    assert_false(takes("BoxChange", "{\"items\":[{\"quantity\":1}]}")); /* neither one that is there nor a whole one */
    assert_true(takes("Box", "{\"items\":[{\"id\":" ID ",\"name\":\"b\",\"serial\":null}]}"));
    assert_false(takes("Box", "{\"items\":[{\"box\":" ID "}]}")); /* within its owner it is not named */
}

/* What was read may be sent back; what is never read and what cannot be changed need not be. */
static void test_put(void **state) {
    (void)state;
    assert_true(takes("BoxReplace", "{\"name\":\"a\"}"));
    assert_false(takes("BoxReplace", "{\"note\":\"a\"}"));
    assert_true(takes("BoxReplace", "{\"name\":\"a\",\"id\":" ID ",\"created_by\":null,\"organization\":" ID "}"));
    assert_false(takes("BoxChange", "{\"id\":" ID "}"));
    assert_false(takes("BoxCreate", "{\"name\":\"a\",\"created_by\":null}"));
    assert_true(takes("RuleReplace", "{\"title\":\"a\",\"organization\":null}"));
    assert_false(takes("BoxReplace", "{\"name\":\"a\",\"organization\":null}"));
}

static int setup(void **state) {
    (void)state;
    fixtures_offer_services();
    open_document("rbac_stub,good,kinds,parcel");
    return 0;
}

static int teardown(void **state) {
    (void)state;
    fixtures_end(&fixtures);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_references_lead_somewhere),
        cmocka_unit_test(test_examples_are_as_described),
        cmocka_unit_test(test_objects_are_closed),
        cmocka_unit_test(test_operations_have_names_of_their_own),
        cmocka_unit_test(test_parts),
        cmocka_unit_test(test_put),
    };
    return cmocka_run_group_tests_name("describe", tests, setup, teardown);
}
