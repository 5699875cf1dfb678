/* SPDX-License-Identifier: MIT
 * part_faults.c - what can be wrong about parts and their owners: test_plugin_owner.c has a line for each. */
#include "fixture.h"

#define NAME \
    { .name = "name", .type = ALEES_TEXT, .description = "x" }
#define OWNER(of, its_flags) \
    { .name = "owner", .type = ALEES_REFERENCE, .flags = (its_flags), .reference = (of), .description = "x" }

static const struct alees_field root[] = {
    NAME,
    {.name = "strangers", .type = ALEES_PARTS, .reference = "other.thing", .description = "x"},
    {.name = "others", .type = ALEES_PARTS, .reference = "part_faults.free", .description = "x"},
    {.name = "good", .type = ALEES_PARTS, .reference = "part_faults.good", .description = "x"},
    {.name = "again", .type = ALEES_PARTS, .reference = "part_faults.good", .description = "x"},
    {.name = "stored", .column = "stored", .type = ALEES_PARTS, .reference = "part_faults.stored", .description = "x"},
    {.name = "sorted",
     .type = ALEES_PARTS,
     .flags = ALEES_SORT,
     .min = 1,
     .max = 3,
     .reference = "part_faults.sorted",
     .description = "x"},
    {.name = "kept", .type = ALEES_PARTS, .reference = "part_faults.kept", .description = "x"},
    {.name = "nameless", .type = ALEES_PARTS, .description = "x"},
    {.name = "first", .type = ALEES_BOOLEAN, .flags = ALEES_SINGLE, .description = "x"},
    {.name = "custom", .type = ALEES_TEXT, .flags = ALEES_CUSTOM, .description = "x"},
    {.name = "weak", .type = ALEES_UUID, .flags = ALEES_WEAK, .description = "x"},
};
static const struct alees_field plain[] = {NAME};
static const struct alees_field good[] = {OWNER("part_faults.root", ALEES_READ_ONLY | ALEES_FILTER), NAME};
static const struct alees_field sendable[] = {OWNER("part_faults.root", ALEES_REQUIRED)};
static const struct alees_field foreign[] = {OWNER("other.thing", ALEES_READ_ONLY)};
static const struct alees_field selfish[] = {OWNER("part_faults.selfish", ALEES_READ_ONLY)};
static const struct alees_field deeper[] = {OWNER("part_faults.good", ALEES_READ_ONLY)};
static const struct alees_field of_open[] = {OWNER("part_faults.open", ALEES_READ_ONLY)};
static const struct alees_field of_fixed[] = {OWNER("part_faults.fixed", ALEES_READ_ONLY)};
static const struct alees_field tied[] = {
    OWNER("part_faults.moved", ALEES_READ_ONLY),
    {.name = "other", .type = ALEES_REFERENCE, .reference = "part_faults.free", .description = "x"},
    {.name = "values", .type = ALEES_JSON, .flags = ALEES_CUSTOM, .description = "x"},
};
static const struct alees_field text_single[] = {
    OWNER("part_faults.root", ALEES_READ_ONLY),
    {.name = "choice", .type = ALEES_TEXT, .flags = ALEES_SINGLE, .description = "x"},
    {.name = "null_choice", .type = ALEES_BOOLEAN, .flags = ALEES_SINGLE | ALEES_NULLABLE, .description = "x"},
};

#define RESOURCE(its_name, its_fields, ...) \
    { \
        .name = (its_name), .path = "/" its_name, .table = "part_faults." its_name, .scope = ALEES_SCOPE_ORGANIZATION, \
        .description = "x", .fields = ALEES_LIST(its_fields), __VA_ARGS__ \
    }
static const struct alees_resource resources[] = {
    RESOURCE("root", root, .order = NULL),
    RESOURCE("free", plain, .order = NULL),
    RESOURCE("good", good, .owner = "owner"),
    RESOURCE("stored", good, .owner = "owner"),
    RESOURCE("sorted", good, .owner = "owner"),
    RESOURCE("kept", good, .owner = "owner", .flags = ALEES_RESOURCE_NO_DELETE),
    RESOURCE("missing", plain, .owner = "owner"),
    RESOURCE("unfit", plain, .owner = "name"),
    RESOURCE("foreign", foreign, .owner = "owner"),
    RESOURCE("selfish", selfish, .owner = "owner"),
    RESOURCE("sendable", sendable, .owner = "owner"),
    RESOURCE("deeper", deeper, .owner = "owner"),
    RESOURCE("open", plain, .flags = ALEES_RESOURCE_OPTIONAL),
    RESOURCE("of_open", of_open, .owner = "owner"),
    RESOURCE("fixed", plain, .flags = ALEES_RESOURCE_NO_CHANGE),
    RESOURCE("of_fixed", of_fixed, .owner = "owner"),
    RESOURCE("soft", good, .owner = "owner", .flags = ALEES_RESOURCE_SOFT_DELETE),
    RESOURCE("moved_optional", plain, .flags = ALEES_RESOURCE_OPTIONAL | ALEES_RESOURCE_MOVABLE),
    RESOURCE("moved_part", good, .owner = "owner", .flags = ALEES_RESOURCE_MOVABLE),
    RESOURCE("moved_fixed", plain, .flags = ALEES_RESOURCE_MOVABLE | ALEES_RESOURCE_NO_CREATE),
    RESOURCE("moved", plain, .flags = ALEES_RESOURCE_MOVABLE),
    RESOURCE("tied", tied, .owner = "owner"),
    RESOURCE("text_single", text_single, .owner = "owner"),
    {.name = "deep",
     .path = "/a/b/c/d/e/f/g/h/i",
     .table = "part_faults.deep",
     .scope = ALEES_SCOPE_ORGANIZATION,
     .description = "x",
     .fields = ALEES_LIST(good),
     .owner = "owner"},
};
static const struct alees_migration migrations[] = {{1, 0, "x", "SELECT 1"}};
static const struct alees_field body[] = {
    {.name = "parts", .type = ALEES_PARTS, .reference = "part_faults.good", .description = "x"}};
static const struct alees_route routes[] = {
    {.method = ALEES_POST,
     .flags = ALEES_ROUTE_LOGIN,
     .path = "/act",
     .summary = "x",
     .body = ALEES_LIST(body),
     .handle = fixture_handle},
};

ALEES_EXPORT const struct alees_plugin alees_plugin_v1 = {
    FIXTURE("part_faults"),
    FIXTURE_ABORTS,
    .resources = ALEES_LIST(resources),
    .routes = ALEES_LIST(routes),
    .migrations = ALEES_LIST(migrations),
};
