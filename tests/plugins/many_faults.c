/* SPDX-License-Identifier: MIT
 * many_faults.c - each row is wrong in its own way: the loader must name all of them in one go (test_plugin_check.c).
 * */
#include "fixture.h"

static const struct alees_need needs[] = {
    {"not an id", 8, 0}, {"alees.db/1", 8, 16}, {"alees.json/1", 8, 0}, {"alees.json/1", 8, 0}};
static const char *const offers[] = {"noslash", "fixture.many/1", "fixture.many/1", "alees.x/01x"};
static const struct alees_setting settings[] = {
    {"Upper", ALEES_TEXT, 0, 0, 0, NULL, NULL, "x"},      {"module", ALEES_TEXT, 0, 0, 0, NULL, NULL, "x"},
    {"dated", ALEES_DATE, 0, 0, 0, NULL, NULL, "x"},      {"chosen", ALEES_CHOICE, 0, 0, 0, NULL, NULL, "x"},
    {"bounded", ALEES_INTEGER, 0, 9, 1, NULL, NULL, "x"}, {"silent", ALEES_TEXT, 0, 0, 0, NULL, NULL, NULL},
};
static const struct alees_permission permissions[] = {
    {"noplugin", "x"}, {"other.act", "x"}, {"many_faults.act", NULL}, {"many_faults.act", "x"}, {NULL, "x"}};

static const struct alees_field fields[] = {
    {.name = "Bad", .type = ALEES_TEXT, .description = "x"},
    {.name = "twice", .type = ALEES_TEXT, .description = "x"},
    {.name = "twice", .type = ALEES_TEXT, .description = "x"},
    {.name = "typeless", .type = 99, .description = "x"},
    {.name = "choiceless", .type = ALEES_CHOICE, .choices = "a||b", .description = "x"},
    {.name = "same_choice", .type = ALEES_CHOICE, .choices = "a|b|a", .description = "x"},
    {.name = "stray_choice", .type = ALEES_TEXT, .choices = "a|b", .description = "x"},
    {.name = "unreferenced", .type = ALEES_REFERENCE, .reference = "category", .description = "x"},
    {.name = "stray_reference", .type = ALEES_UUID, .reference = "a.b", .description = "x"},
    {.name = "crossed", .type = ALEES_INTEGER, .min = 5, .max = 1, .description = "x"},
    {.name = "bounded_date", .type = ALEES_DATE, .max = 1, .description = "x"},
    {.name = "negative", .type = ALEES_TEXT, .min = -1, .max = 1, .description = "x"},
    {.name = "wavering", .type = ALEES_TEXT, .flags = ALEES_REQUIRED | ALEES_NULLABLE, .description = "x"},
    {.name = "unsendable", .type = ALEES_TEXT, .flags = ALEES_REQUIRED | ALEES_READ_ONLY, .description = "x"},
    {.name = "null_sort", .type = ALEES_TEXT, .flags = ALEES_SORT | ALEES_NULLABLE, .description = "x"},
    {.name = "told_secret", .type = ALEES_TEXT, .flags = ALEES_WRITE_ONLY | ALEES_FILTER, .description = "x"},
    {.name = "number_search", .type = ALEES_INTEGER, .flags = ALEES_SEARCH, .description = "x"},
    {.name = "json_sort", .type = ALEES_JSON, .flags = ALEES_SORT, .description = "x"},
    {.name = "in_path", .type = ALEES_TEXT, .flags = ALEES_IN_PATH, .description = "x"},
    {.name = "future_flag", .type = ALEES_TEXT, .flags = 1u << 30, .description = "x"},
    {.name = "bad_fallback", .type = ALEES_TEXT, .fallback = "draft", .description = "x"},
    {.name = "bad_example", .type = ALEES_TEXT, .example = "{", .description = "x"},
    {.name = "filled", .type = ALEES_TEXT, .flags = ALEES_REQUIRED, .fallback = "\"x\"", .description = "x"},
    {.name = "wordless", .type = ALEES_TEXT},
    {.name = "created_at", .type = ALEES_TIMESTAMP, .description = "x"},
    {.name = "tenant", .column = "organization_id", .type = ALEES_UUID, .description = "x"},
    {.name = "odd_column", .column = "a\"b", .type = ALEES_TEXT, .description = "x"},
    {.name = "shared", .column = "wordless", .type = ALEES_TEXT, .description = "x"},
};
static const struct alees_field plain[] = {{.name = "plain", .type = ALEES_TEXT, .description = "x"}};
static const struct alees_resource resources[] = {
    {.name = "full",
     .path = "/full",
     .table = "many_faults.full",
     .scope = ALEES_SCOPE_ORGANIZATION,
     .order = "twice",
     .parent = "twice",
     .description = "x",
     .fields = ALEES_LIST(fields),
     .validate = fixture_hook},
    {.name = "Bad", .path = "/bad", .table = "many_faults.bad", .scope = 1, .description = "x"},
    {.name = "foreign",
     .path = "/foreign/{id}",
     .table = "other.foreign",
     .scope = 9,
     .description = "x",
     .fields = ALEES_LIST(plain)},
    {.name = "foreign",
     .path = "no-slash",
     .table = NULL,
     .scope = ALEES_SCOPE_GLOBAL,
     .description = "x",
     .fields = ALEES_LIST(plain)},
    {.name = "empty",
     .path = "/empty/",
     .table = "many_faults.empty",
     .scope = ALEES_SCOPE_SELF,
     .parent = "plain",
     .fields = ALEES_LIST(plain)},
};

static const struct alees_field query[] = {
    {.name = "neither", .type = ALEES_TEXT, .description = "x"},
    {.name = "absent", .type = ALEES_TEXT, .flags = ALEES_IN_PATH, .description = "x"},
    {.name = "both", .type = ALEES_TEXT, .flags = ALEES_IN_PATH | ALEES_IN_QUERY, .description = "x"},
};
static const struct alees_route routes[] = {
    {.method = 9, .path = "/a", .permission = "many_faults.act", .summary = "x", .handle = fixture_handle},
    {.method = ALEES_GET,
     .flags = ALEES_ROUTE_PUBLIC,
     .path = "/b",
     .permission = "many_faults.act",
     .summary = "x",
     .handle = fixture_handle},
    {.method = ALEES_GET, .path = "/c", .permission = "act", .summary = "x", .handle = fixture_handle},
    {.method = ALEES_GET,
     .flags = ALEES_ROUTE_PUBLIC | ALEES_ROUTE_LOGIN,
     .path = "/d",
     .summary = "x",
     .handle = fixture_handle},
    {.method = ALEES_GET,
     .path = "/e",
     .permission = "many_faults.act",
     .object = "many_faults.full",
     .summary = "x",
     .handle = fixture_handle},
    {.method = ALEES_GET,
     .path = "/f/{id}",
     .permission = "many_faults.act",
     .summary = "x",
     .parameters = ALEES_LIST(query),
     .handle = fixture_handle},
    {.method = ALEES_GET,
     .path = "/g",
     .permission = "many_faults.act",
     .summary = "x",
     .body = ALEES_LIST(plain),
     .handle = fixture_handle},
    {.method = ALEES_POST, .path = "/h", .permission = "many_faults.act"},
    {.method = ALEES_POST,
     .path = "/i",
     .permission = "many_faults.act",
     .summary = "x",
     .request_example = "{",
     .response_example = "nope",
     .handle = fixture_handle},
    {.method = ALEES_GET, .path = "/../etc", .permission = "many_faults.act", .summary = "x", .handle = fixture_handle},
    {.method = ALEES_GET,
     .path = "/{a}/{a}",
     .permission = "many_faults.act",
     .summary = "x",
     .handle = fixture_handle},
    {.method = ALEES_GET,
     .path = "/{a}/{b}/{c}/{d}/{e}",
     .permission = "many_faults.act",
     .summary = "x",
     .handle = fixture_handle},
};
static const struct alees_statement statements[] = {
    {"Bad", "SELECT 1", 0, 0}, {"flagged", "SELECT 1", 0, 64}, {"void", NULL, 0, 0}, {"gap", "SELECT $2::text", 2, 0}};
static const struct alees_migration migrations[] = {{2, 0, "second", "SELECT 1"}, {2, 0, NULL, NULL}};
static const struct alees_command commands[] = {{"run", NULL, "x", NULL}, {"run", "run", "x", fixture_command}};
static const struct alees_metric metrics[] = {{"bad-name", "x"}, {"helpless", NULL}};

ALEES_EXPORT const struct alees_plugin alees_plugin_v1 = {
    .magic = ALEES_MAGIC,
    .struct_size = sizeof(struct alees_plugin),
    .abi_minor = ALEES_ABI_MINOR,
    .name = "many_faults",
    .needs = ALEES_LIST(needs),
    .offers = ALEES_LIST(offers),
    .settings = ALEES_LIST(settings),
    .permissions = ALEES_LIST(permissions),
    .resources = ALEES_LIST(resources),
    .routes = ALEES_LIST(routes),
    .statements = ALEES_LIST(statements),
    .migrations = ALEES_LIST(migrations),
    .commands = ALEES_LIST(commands),
    .metrics = ALEES_LIST(metrics),
    .start = fixture_start,
    .stop = fixture_stop,
};
