/* SPDX-License-Identifier: MIT
 * test_custom.c - custom fields: who defines them, what a definition must be, and which values pass. */
#include "test.h"

#include "alees/util.h"
#include "custom_fields.h"
#include "engine_filter.h"

/* ---- definitions ---- */

static void test_bad_definitions(void **state) {
    struct world *w = *state;
    static const struct {
        const char *members, *pointer, *code, *part;
    } cases[] = {
        {"\"key\":\"Weight\",\"type\":\"text\"", "/key", "invalid_format", "a letter first"},
        {"\"key\":\"9a\",\"type\":\"text\"", "/key", "invalid_format", "a letter first"},
        {"\"key\":\"a'; --\",\"type\":\"text\"", "/key", "invalid_format", "a letter first"},
        {"\"key\":\"a__b c\",\"type\":\"text\"", "/key", "invalid_format", "a letter first"},
        {"\"key\":\"\",\"type\":\"text\"", "/key", "too_short", "empty"},
        {"\"key\":\"a__b\",\"type\":\"text\"", "/key", "invalid_format", "custom_fields__KEY__gte"},
        {"\"key\":\"a_\",\"type\":\"text\"", "/key", "invalid_format", "custom_fields__KEY__gte"},
        {"\"key\":\"a\",\"type\":\"txet\"", "/type", "not_a_choice", "did you mean \"text\""},
        {"\"key\":\"a\",\"type\":\"choice\"", "/choices", "required", "what can be chosen"},
        {"\"key\":\"a\",\"type\":\"text\",\"choices\":[\"x\"]", "/choices", "not_applicable", "must be empty"},
        {"\"key\":\"a\",\"type\":\"choice\",\"choices\":[\"x|y\"]", "/choices", "invalid_format", "|"},
        {"\"key\":\"a\",\"type\":\"date\",\"min\":1", "/min", "not_applicable", "must be null"},
        {"\"key\":\"a\",\"type\":\"boolean\",\"max\":1", "/max", "not_applicable", "must be null"},
        {"\"key\":\"a\",\"type\":\"text\",\"min\":-1", "/min", "out_of_range", "0 to 65535"},
        {"\"key\":\"a\",\"type\":\"text\",\"max\":65536", "/max", "out_of_range", "1 to 65535"},
        {"\"key\":\"a\",\"type\":\"text\",\"min\":5,\"max\":4", "/max", "out_of_range", "less than min"},
        {"\"key\":\"a\",\"type\":\"integer\",\"min\":5,\"max\":5", "/max", "out_of_range", "greater than min"},
        {"\"key\":\"a\",\"type\":\"reference\"", "/reference", "required", "the type is reference"},
        {"\"key\":\"a\",\"type\":\"text\",\"reference\":\"product.product\"", "/reference", "not_applicable",
         "must be null"},
        {"\"key\":\"a\",\"type\":\"reference\",\"reference\":\"product.prodct\"", "/reference", "not_a_choice",
         "did you mean \"product.product\""},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        custom_refused(custom_define(w, MANAGER, cases[i].members), cases[i].pointer, cases[i].code, cases[i].part);
    }
    custom_refused(world_ask(w, MANAGER, "POST", DEFINITIONS,
                             "{\"resource\":\"product.catgory\",\"key\":\"a\",\"label\":\"A\",\"type\":\"text\"}"),
                   "/resource", "not_a_choice", "did you mean \"product.category\"");
    custom_refused(world_ask(w, MANAGER, "POST", DEFINITIONS,
                             "{\"resource\":\"audit.audit_entry\",\"key\":\"a\",\"label\":\"A\",\"type\":\"text\"}"),
                   "/resource", "not_a_choice", "is no resource with custom fields");
    custom_refused(world_ask(w, MANAGER, "POST", DEFINITIONS,
                             "{\"resource\":\"rbac.user\",\"key\":\"a\",\"label\":\"A\",\"type\":\"text\"}"),
                   "/organization", "not_applicable", "no single organization");
    assert_int_equal(pg_count(&w->pg, "SELECT count(*) FROM custom.custom_field_definition"), 0);
}

static void taken(const struct answer *a, const char *item, const char *detail) {
    assert_problem(a, 409, "not_unique");
    assert_text(answer_text(a, "/errors/0/pointer"), "/key");
    assert_text(answer_text(a, "/errors/0/code"), "not_unique");
    assert_text(answer_text(a, "/errors/0/detail"), item);
    assert_text(answer_text(a, "/detail"), detail);
}

/* A field could not be filtered by: ?custom_fields__in=a is about the object. Those that are there already stay. */
static void test_names_of_operators(void **state) {
    struct world *w = *state;
    uint32_t count = 0;
    for (uint32_t op = ENGINE_EQ + 1; op < ENGINE_OPERATORS; op++) {
        const char *word = engine_filter_word((enum engine_operator)op);
        custom_refused(custom_define(w, MANAGER, world_text(w, "\"key\":\"%s\",\"type\":\"text\"", word)), "/key",
                       "reserved", world_text(w, "?custom_fields__%s=", word));
        const char *near = world_text(w, "\"key\":\"%s_x\",\"type\":\"text\"", word);
        assert_status(custom_define(w, MANAGER, near), 201);
        count++;
    }
    assert_true(count > 5);
    assert_int_equal(pg_count(&w->pg,
                              "WITH old AS (INSERT INTO custom.custom_field_definition (organization_id, resource, "
                              "key, label, type) VALUES ('" ACME "', 'product.category', 'range', 'Range', 'text') "
                              "RETURNING 1) SELECT count(*) FROM old"),
                     1);
    const char *path = custom_category_path(w, MANAGER, "{\"range\":\"far\"}");
    assert_string_equal(custom_shown(w, custom_patch(w, MANAGER, path, "{\"range\":\"near\"}")),
                        "{\"range\":\"near\"}");
    const struct answer *a = world_ask(w, MANAGER, "GET", DEFINITIONS "?key=range", NULL);
    path = world_text(w, DEFINITIONS "/%s", answer_text(a, "/results/0/id").ptr);
    assert_status(world_ask(w, MANAGER, "PATCH", path, "{\"label\":\"Distance\"}"), 200);
    assert_status(world_ask(w, MANAGER, "DELETE", path, NULL), 204);
}

/* Resource, key, type and what is pointed at stay; the rest is judged with what is there already. */
static void test_change_of_definition(void **state) {
    struct world *w = *state;
    const char *path = custom_defined(w, MANAGER, "\"key\":\"grade\",\"type\":\"choice\",\"choices\":[\"a\",\"b\"]");
    static const char *const once[] = {"\"resource\":\"product.product\"", "\"key\":\"other\"", "\"type\":\"text\"",
                                       "\"reference\":\"product.product\"", "\"organization\":\"" GLOBEX "\""};
    for (size_t i = 0; i < ARRAY_LEN(once); i++) {
        assert_problem(world_ask(w, MANAGER, "PATCH", path, world_text(w, "{%s}", once[i])), 400, "read_only_field");
    }
    custom_refused(world_ask(w, MANAGER, "PATCH", path, "{\"choices\":[]}"), "/choices", "required", "chosen");
    custom_refused(world_ask(w, MANAGER, "PATCH", path, "{\"min\":1}"), "/min", "not_applicable", "must be null");
    assert_status(world_ask(w, MANAGER, "PATCH", path, "{\"choices\":[\"a\",\"c\"],\"label\":\"Grade\"}"), 200);
    taken(custom_define(w, MANAGER, "\"key\":\"grade\",\"type\":\"text\""),
          "is taken by another custom_field_definition of the organization with the same resource",
          "Another custom_field_definition of the organization with the same resource has this key already; choose a "
          "different one.");
    (void)custom_defined(w, ADMIN, "\"organization\":null,\"key\":\"grade\",\"type\":\"text\"");
    taken(custom_define(w, ADMIN, "\"organization\":null,\"key\":\"grade\",\"type\":\"text\""),
          "is taken by another custom_field_definition with the same resource",
          "Another custom_field_definition with the same resource has this key already; choose a different one.");
}

static void test_who_defines(void **state) {
    struct world *w = *state;
    const char *mine = custom_defined(w, MANAGER, "\"key\":\"mine\",\"type\":\"text\"");
    const char *global = custom_defined(w, ADMIN, "\"organization\":null,\"key\":\"for_all\",\"type\":\"text\"");
    assert_problem(custom_define(w, VIEWER, "\"key\":\"a\",\"type\":\"text\""), 403, "permission_denied");
    assert_problem(custom_define(w, MANAGER, "\"organization\":null,\"key\":\"a\",\"type\":\"text\""), 403,
                   "permission_denied");
    assert_status(custom_define(w, MANAGER, "\"organization\":\"" GLOBEX "\",\"key\":\"a\",\"type\":\"text\""), 403);
    assert_status(world_ask(w, VIEWER, "GET", mine, NULL), 200);
    assert_status(world_ask(w, NOBODY, "GET", global, NULL), 200); /* whoever is logged in */
    assert_problem(world_ask(w, GLOBEX_MANAGER, "GET", mine, NULL), 404, "not_found");
    assert_problem(world_ask(w, GLOBEX_MANAGER, "PATCH", mine, "{\"label\":\"x\"}"), 404, "not_found");
    assert_problem(world_ask(w, GLOBEX_MANAGER, "DELETE", mine, NULL), 404, "not_found");
    assert_problem(world_ask(w, VIEWER, "DELETE", mine, NULL), 403, "permission_denied");
    assert_problem(world_ask(w, MANAGER, "PATCH", global, "{\"label\":\"x\"}"), 403, "permission_denied");
    const struct answer *a = world_ask(w, GLOBEX_MANAGER, "GET", DEFINITIONS "?resource=product.category", NULL);
    assert_int_equal(jx_size(answer_at(a, "/results")), 1);
    assert_text(answer_text(a, "/results/0/key"), "for_all");
    a = world_ask(w, VIEWER, "GET", DEFINITIONS, NULL);
    assert_int_equal(jx_size(answer_at(a, "/results")), 2);
    assert_status(world_ask(w, MANAGER, "DELETE", mine, NULL), 204);
}

/* What an editor may do: see them, and no more. */
static void test_system_roles(void **state) {
    struct world *w = *state;
    static const struct {
        const char *role;
        bool may;
    } cases[] = {{"owner", true}, {"manager", true}, {"editor", false}, {"viewer", false}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        bool has_all =
            pg_count(&w->pg,
                     world_text(w,
                                "SELECT count(*) FROM rbac.role WHERE organization_id IS NULL AND name = '%s' AND "
                                "permissions && ARRAY['*', 'custom.*']",
                                cases[i].role)) == 1;
        assert_int_equal(has_all, cases[i].may);
    }
    assert_int_equal(pg_count(&w->pg, "SELECT count(*) FROM rbac.role WHERE organization_id IS NULL AND permissions && "
                                      "ARRAY['*', 'custom.*', 'custom.view_*']"),
                     4);
    const struct answer *a = world_ask(
        w, VIEWER, "GET", "/api/v1/rbac/can?permission=custom.add_custom_field_definition&organization=" ACME, NULL);
    assert_false(jx_is_true(answer_at(a, "/allowed")));
    a = world_ask(w, VIEWER, "GET",
                  "/api/v1/rbac/can?permission=custom.view_custom_field_definition&organization=" ACME, NULL);
    assert_true(jx_is_true(answer_at(a, "/allowed")));
}

/* ---- values ---- */

/* What is kept, what is refused and how. shown NULL: refused. */
static const struct {
    const char *value, *shown, *pointer, *code, *part;
} values[] = {
    {"{\"t\":\"abc\"}", "{\"t\":\"abc\"}", NULL, NULL, NULL},
    {"{\"t\":\"\\u00e4\\ud83d\\ude00\"}", "{\"t\":\"\xc3\xa4\xf0\x9f\x98\x80\"}", NULL, NULL, NULL},
    {"{\"t\":\"'\\\"\\\\\"}", "{\"t\":\"'\\\"\\\\\"}", NULL, NULL, NULL},
    {"{\"t\":\"a\"}", NULL, "/custom_fields/t", "too_short", "at least 2"},
    {"{\"t\":\"abcdef\"}", NULL, "/custom_fields/t", "too_long", "at most 5"},
    {"{\"t\":7}", NULL, "/custom_fields/t", "wrong_type", "must be a text"},
    {"{\"t\":{\"x\":1}}", NULL, "/custom_fields/t", "wrong_type", "must be a text"},
    {"{\"i\":-5}", "{\"i\":-5}", NULL, NULL, NULL},
    {"{\"i\":11}", NULL, "/custom_fields/i", "too_large", "at most 10"},
    {"{\"i\":-6}", NULL, "/custom_fields/i", "too_small", "at least -5"},
    {"{\"i\":\"7\"}", NULL, "/custom_fields/i", "wrong_type", "whole number"},
    {"{\"i\":7.5}", NULL, "/custom_fields/i", "wrong_type", "whole number"},
    {"{\"d\":\"12.50\"}", "{\"d\":\"12.50\"}", NULL, NULL, NULL},
    {"{\"d\":0.1}", "{\"d\":\"0.1\"}", NULL, NULL, NULL},
    {"{\"d\":\"123456789012345678901234567890.5\"}", "{\"d\":\"123456789012345678901234567890.5\"}", NULL, NULL, NULL},
    {"{\"d\":-1}", NULL, "/custom_fields/d", "too_small", "at least 0"},
    {"{\"d\":\"1;2\"}", NULL, "/custom_fields/d", "invalid_format", "decimal number"},
    {"{\"d\":\"NaN\"}", NULL, "/custom_fields/d", "invalid_format", "decimal number"},
    {"{\"b\":false}", "{\"b\":false}", NULL, NULL, NULL},
    {"{\"b\":\"false\"}", NULL, "/custom_fields/b", "wrong_type", "true or false"},
    {"{\"b\":0}", NULL, "/custom_fields/b", "wrong_type", "true or false"},
    {"{\"day\":\"2028-02-29\"}", "{\"day\":\"2028-02-29\"}", NULL, NULL, NULL},
    {"{\"day\":\"2027-02-29\"}", NULL, "/custom_fields/day", "invalid_format", "exists"},
    {"{\"day\":\"infinity\"}", NULL, "/custom_fields/day", "invalid_format", "exists"},
    {"{\"c\":\"dark \\\"green\\\"\"}", "{\"c\":\"dark \\\"green\\\"\"}", NULL, NULL, NULL},
    {"{\"c\":\"rad\"}", NULL, "/custom_fields/c", "not_a_choice", "did you mean \"red\""},
    {"{\"c\":\"red|dark\"}", NULL, "/custom_fields/c", "not_a_choice", "must be one of"},
    {"{\"c\":[\"red\"]}", NULL, "/custom_fields/c", "wrong_type", "must be a text"},
    {"{\"r\":\"" UNKNOWN_ID "\"}", NULL, "/custom_fields/r", "invalid_reference", "does not name a row"},
    {"{\"r\":\"EA\"}", NULL, "/custom_fields/r", "invalid_format", "id of a row"},
    {"{\"x/y~\":1}", NULL, "/custom_fields/x~1y~0", "unknown_field", "is not a custom field here"},
    {"{\"days\":\"2027-01-01\"}", NULL, "/custom_fields/days", "unknown_field", "did you mean \"day\""},
    {"{\"__proto__\":null}", NULL, "/custom_fields/__proto__", "unknown_field", "is not a custom field here"},
    {"{\"\":1}", NULL, "/custom_fields/", "unknown_field", "is not a custom field here"},
    {"{\"t\":null}", "{}", NULL, NULL, NULL},
    {"[]", NULL, "/custom_fields", "wrong_type", "must be an object"},
    {"null", NULL, "/custom_fields", "null", "must not be null"},
};

static void test_types(void **state) {
    struct world *w = *state;
    const char *unit = world_any_row(w, catalogue_resource(w->catalogue, "product.unit_of_measure"), WORLD_ACME);
    (void)custom_defined(w, MANAGER, "\"key\":\"t\",\"type\":\"text\",\"min\":2,\"max\":5");
    (void)custom_defined(w, MANAGER, "\"key\":\"i\",\"type\":\"integer\",\"min\":-5,\"max\":10");
    (void)custom_defined(w, MANAGER, "\"key\":\"d\",\"type\":\"decimal\",\"min\":0");
    (void)custom_defined(w, MANAGER, "\"key\":\"b\",\"type\":\"boolean\"");
    (void)custom_defined(w, MANAGER, "\"key\":\"day\",\"type\":\"date\"");
    (void)custom_defined(w, MANAGER, "\"key\":\"c\",\"type\":\"choice\",\"choices\":[\"red\",\"dark \\\"green\\\"\"]");
    (void)custom_defined(w, MANAGER, "\"key\":\"r\",\"type\":\"reference\",\"reference\":\"product.unit_of_measure\"");
    const char *path = custom_category_path(w, MANAGER, NULL);
    for (size_t i = 0; i < ARRAY_LEN(values); i++) {
        const struct answer *a = custom_category(w, MANAGER, values[i].value),
                            *b = custom_patch(w, MANAGER, path, values[i].value);
        if (values[i].shown == NULL) {
            custom_refused(a, values[i].pointer, values[i].code, values[i].part);
            custom_refused(b, values[i].pointer, values[i].code, values[i].part);
            continue;
        }
        world_must(a, 201, MANAGER, values[i].value);
        world_must(b, 200, MANAGER, values[i].value);
        assert_string_equal(custom_shown(w, a), values[i].shown);
        assert_status(world_ask(w, MANAGER, "PUT", path, world_text(w, "{\"name\":\"custom %u\"}", ++w->serial)), 200);
    }
    const char *one = world_text(w, "{\"r\":\"%s\"}", unit);
    assert_string_equal(custom_shown(w, custom_category(w, MANAGER, one)), one);
    assert_string_equal(custom_shown(w, custom_patch(w, MANAGER, path, one)), one);
    /* all faults at once, and beside those of other fields */
    const struct answer *a =
        world_ask(w, MANAGER, "POST", CATEGORIES, "{\"name\":\"\",\"custom_fields\":{\"t\":1,\"u\":1,\"i\":\"\"}}");
    assert_problem(a, 422, "invalid");
    assert_int_equal(jx_size(answer_at(a, "/errors")), 4);
}

/* The members that are sent are merged; a null takes one away; one that the row has already is not looked at. */
static void test_merge(void **state) {
    struct world *w = *state;
    (void)custom_defined(w, MANAGER, "\"key\":\"a\",\"type\":\"integer\"");
    const char *b = custom_defined(w, MANAGER, "\"key\":\"b\",\"type\":\"choice\",\"choices\":[\"x\",\"y\"]");
    const char *path = custom_category_path(w, MANAGER, "{\"a\":1,\"b\":\"x\"}");
    assert_string_equal(custom_shown(w, custom_patch(w, MANAGER, path, "{\"a\":2}")), "{\"a\":2,\"b\":\"x\"}");
    assert_string_equal(custom_shown(w, custom_patch(w, MANAGER, path, "{}")), "{\"a\":2,\"b\":\"x\"}");
    assert_string_equal(custom_shown(w, world_ask(w, MANAGER, "PATCH", path, "{\"description\":\"d\"}")),
                        "{\"a\":2,\"b\":\"x\"}");
    assert_string_equal(custom_shown(w, custom_patch(w, MANAGER, path, "{\"a\":null}")), "{\"b\":\"x\"}");
    assert_status(world_ask(w, MANAGER, "PATCH", b, "{\"choices\":[\"y\",\"z\"]}"), 200);
    assert_string_equal(custom_shown(w, custom_patch(w, MANAGER, path, "{\"b\":\"x\",\"a\":3}")),
                        "{\"a\":3,\"b\":\"x\"}");
    custom_refused(custom_category(w, MANAGER, "{\"b\":\"x\"}"), "/custom_fields/b", "not_a_choice", "y, z");
    assert_status(world_ask(w, MANAGER, "DELETE", b, NULL), 204);
    const struct answer *a = world_ask(w, MANAGER, "GET", path, NULL);
    assert_string_equal(custom_shown(w, a), "{\"a\":3,\"b\":\"x\"}"); /* it stays */
    a = world_ask(w, MANAGER, "PUT", path, a->body.ptr);              /* and may be sent back */
    assert_status(a, 200);
    assert_string_equal(custom_shown(w, custom_patch(w, MANAGER, path, "{\"b\":\"x\",\"a\":4}")),
                        "{\"a\":4,\"b\":\"x\"}");
    custom_refused(custom_patch(w, MANAGER, path, "{\"b\":\"y\"}"), "/custom_fields/b", "unknown_field",
                   "not a custom field");
    assert_string_equal(custom_shown(w, custom_patch(w, MANAGER, path, "{\"b\":null}")), "{\"a\":4}");
}

static void test_put(void **state) {
    struct world *w = *state;
    (void)custom_defined(w, MANAGER, "\"key\":\"a\",\"type\":\"integer\"");
    const char *path = custom_category_path(w, MANAGER, "{\"a\":1}"), *old = custom_category_path(w, MANAGER, "{}");
    (void)custom_defined(w, MANAGER, "\"key\":\"must\",\"type\":\"text\",\"required\":true");
    const struct answer *got = world_ask(w, MANAGER, "GET", path, NULL), *a;
    alees_str etag = answer_header(got, "ETag");
    a = world_ask(w, MANAGER, "PUT", path, got->body.ptr);
    assert_status(a, 200);
    assert_true(alees_equal(answer_header(a, "ETag"), etag)); /* nothing was written */
    /* what it never had may be missing; what it has must not go */
    a = world_ask(w, MANAGER, "PUT", path,
                  world_text(w, "{\"name\":\"put %u\",\"custom_fields\":{\"a\":2}}", ++w->serial));
    assert_string_equal(custom_shown(w, a), "{\"a\":2}");
    assert_string_equal(custom_shown(w, custom_patch(w, MANAGER, path, "{\"must\":\"x\"}")),
                        "{\"a\":2,\"must\":\"x\"}");
    custom_refused(world_ask(w, MANAGER, "PUT", path, "{\"name\":\"put\",\"custom_fields\":{\"a\":2}}"),
                   "/custom_fields/must", "required", "is required");
    custom_refused(world_ask(w, MANAGER, "PUT", path, "{\"name\":\"put\"}"), "/custom_fields/must", "required",
                   "is required");
    custom_refused(world_ask(w, MANAGER, "PUT", path, "{\"name\":\"put\",\"custom_fields\":{\"must\":null}}"),
                   "/custom_fields/must", "null", "must not be null");
    a = world_ask(w, MANAGER, "PUT", old, world_text(w, "{\"name\":\"put %u\"}", ++w->serial));
    assert_string_equal(custom_shown(w, a), "{}");
    custom_refused(world_ask(w, MANAGER, "PUT", old, "{\"name\":\"put\",\"custom_fields\":{\"mist\":\"x\"}}"),
                   "/custom_fields/mist", "unknown_field", "did you mean \"must\"");
}

static void test_required(void **state) {
    struct world *w = *state;
    const char *path = custom_category_path(w, MANAGER, NULL);
    const char *must = custom_defined(w, MANAGER, "\"key\":\"must\",\"type\":\"integer\",\"required\":true");
    custom_refused(custom_category(w, MANAGER, NULL), "/custom_fields/must", "required", "is required");
    custom_refused(custom_category(w, MANAGER, "{}"), "/custom_fields/must", "required", "is required");
    custom_refused(custom_category(w, MANAGER, "{\"must\":null}"), "/custom_fields/must", "null", "must not be null");
    assert_status(custom_category(w, MANAGER, "{\"must\":1}"), 201);
    assert_status(custom_category(w, GLOBEX_MANAGER, NULL), 201); /* elsewhere it does not hold */
    assert_status(world_ask(w, MANAGER, "PATCH", path, "{\"description\":\"old\"}"), 200);
    assert_status(custom_patch(w, MANAGER, path, "{\"must\":5}"), 200);
    custom_refused(custom_patch(w, MANAGER, path, "{\"must\":null}"), "/custom_fields/must", "null",
                   "must not be null");
    assert_status(world_ask(w, MANAGER, "PATCH", must, "{\"is_active\":false}"), 200);
    assert_status(custom_category(w, MANAGER, NULL), 201);
    custom_refused(custom_category(w, MANAGER, "{\"must\":1}"), "/custom_fields/must", "unknown_field",
                   "not a custom field");
    assert_string_equal(custom_shown(w, custom_patch(w, MANAGER, path, "{\"must\":5}")), "{\"must\":5}");
    assert_string_equal(custom_shown(w, custom_patch(w, MANAGER, path, "{\"must\":null}")), "{}");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_bad_definitions, custom_clean),
        cmocka_unit_test_setup(test_names_of_operators, custom_clean),
        cmocka_unit_test_setup(test_change_of_definition, custom_clean),
        cmocka_unit_test_setup(test_who_defines, custom_clean),
        cmocka_unit_test_setup(test_system_roles, custom_clean),
        cmocka_unit_test_setup(test_types, custom_clean),
        cmocka_unit_test_setup(test_merge, custom_clean),
        cmocka_unit_test_setup(test_put, custom_clean),
        cmocka_unit_test_setup(test_required, custom_clean),
    };
    return cmocka_run_group_tests_name("custom", tests, world_setup, world_teardown);
}
