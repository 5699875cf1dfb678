/* SPDX-License-Identifier: MIT
 * test_engine_nested.c - parts within their owner: how they are read, and what is made of what comes back. */
#include "test.h"

#include "sample.h"

#include "engine_nested.h"

static const struct alees_field fields_of_part[] = {
    {.name = "id", .type = ALEES_UUID, .flags = ALEES_READ_ONLY | ALEES_FILTER},
    {.name = "organization", .column = "organization_id", .type = ALEES_UUID},
    {.name = "created_at", .type = ALEES_TIMESTAMP, .flags = ALEES_READ_ONLY},
    {.name = "item", .column = "item_id", .type = ALEES_REFERENCE, .flags = ALEES_READ_ONLY},
    {.name = "text", .type = ALEES_TEXT},
    {.name = "price", .type = ALEES_DECIMAL},
    {.name = "sold", .type = ALEES_BOOLEAN},
    {.name = "at", .type = ALEES_TIMESTAMP},
    {.name = "tags", .type = ALEES_TAGS},
    {.name = "secret", .type = ALEES_TEXT, .flags = ALEES_WRITE_ONLY},
    {.name = "made", .type = ALEES_TEXT, .flags = ALEES_COMPUTED},
};
enum { STANDARD = 3, OWNER = 3 };

static const struct alees_resource part_decl = {.name = "part", .table = "sample.part"};
static struct resource_field part_fields[ARRAY_LEN(fields_of_part)];
static struct resource part = {.decl = &part_decl,
                               .scope_column = "organization_id",
                               .fields = part_fields,
                               .field_count = ARRAY_LEN(fields_of_part),
                               .owner_field = &part_fields[OWNER]};
static const struct alees_field list_decl = {.name = "parts", .type = ALEES_PARTS, .reference = "sample.part"};
static const struct resource_field list = {.decl = &list_decl, .column = "parts", .target = &part};

static struct engine_nested_shape *shape_new(struct arena *arena) {
    for (size_t i = 0; i < ARRAY_LEN(fields_of_part); i++) {
        const struct alees_field *decl = &fields_of_part[i];
        part_fields[i] = (struct resource_field){
            .decl = decl, .column = decl->column ? decl->column : decl->name, .is_standard = i < STANDARD};
    }
    struct engine_nested_shape *shape = engine_nested_shape_new(arena, &list);
    assert_non_null(shape);
    return shape;
}

static void test_what_is_read(void **state) {
    const struct engine_nested_shape *shape = shape_new(*state);
    assert_text(
        shape->select,
        "(SELECT array_agg(ARRAY[\"?0\"::text, \"?1\"::text, \"?2\"::text, \"?3\"::text, \"?4\"::text, "
        "\"?5\"::text] ORDER BY \"?0\") FROM (SELECT \"id\" AS \"?0\", \"text\" AS \"?1\", \"price\" AS \"?2\", "
        "\"sold\" AS \"?3\", \"at\" AS \"?4\", \"tags\" AS \"?5\", \"organization_id\" AS \"?o\", "
        "\"item_id\" AS \"?w\" FROM \"sample\".\"part\") AS \"?p\" "
        "WHERE \"?o\" = \"organization_id\" AND \"?w\" = \"id\")");
}

static const char *json_of(struct arena *arena, const char *text) {
    return engine_nested_json(arena, shape_new(arena), alees_text(text)).ptr;
}

static void test_what_comes_back(void **state) {
    static const struct {
        const char *text, *json;
    } rows[] = {
        {NULL, "[]"},
        {"{}", "[]"},
        {"{{a,b,1.50,true,\"2026-11-22 14:05:00.1+00\",\"{x,\\\"y z\\\"}\"}}",
         "[{\"id\":\"a\",\"text\":\"b\",\"price\":\"1.50\",\"sold\":true,\"at\":\"2026-11-22T14:05:00.100000Z\","
         "\"tags\":[\"x\",\"y z\"]}]"},
        {"{{a,NULL,NULL,NULL,NULL,NULL},{b,\"NULL\",0,false,NULL,{}}}",
         "[{\"id\":\"a\",\"text\":null,\"price\":null,\"sold\":null,\"at\":null,\"tags\":null},"
         "{\"id\":\"b\",\"text\":\"NULL\",\"price\":\"0\",\"sold\":false,\"at\":null,\"tags\":[]}]"},
        {"{{a,\"\",0,t,NULL,NULL},{a,\"\\\"\\\\ , {}\n\",0,f,NULL,NULL}}",
         "[{\"id\":\"a\",\"text\":\"\",\"price\":\"0\",\"sold\":true,\"at\":null,\"tags\":null},"
         "{\"id\":\"a\",\"text\":\"\\\"\\\\ , {}\\n\",\"price\":\"0\",\"sold\":false,\"at\":null,\"tags\":null}]"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        assert_string_equal(json_of(*state, rows[i].text), rows[i].json);
    }
}

/* PostgreSQL does not send these; nothing is read behind the end. */
static void test_what_is_cut_short(void **state) {
    static const char *const texts[] = {"",      "{",       "{{",        "{{a",     "{{a,",      "{{a,\"",
                                        "{{a,b", "{{a,\"b", "{{a,\"b\\", "{{a,b},", "{{a,\"b\"", "x"};
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        char *copy = malloc(strlen(texts[i]) + 1); /* so that a sanitizer sees where it ends */
        assert_non_null(copy);
        strcpy(copy, texts[i]);
        assert_non_null(json_of(*state, copy));
        free(copy);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        ARENA_TEST(test_what_is_read),
        ARENA_TEST(test_what_comes_back),
        ARENA_TEST(test_what_is_cut_short),
    };
    return cmocka_run_group_tests_name("engine_nested", tests, NULL, NULL);
}
