/* SPDX-License-Identifier: MIT
 * twin.c - beside good: another resource of the name thing, with texts that documents must escape. */
#include "fixture.h"

static const struct alees_field fields[] = {
    {.name = "name",
     .type = ALEES_TEXT,
     .flags = ALEES_REQUIRED | ALEES_FILTER,
     .max = 9,
     .description = "One | two, <script> and `a|b`, a ` alone.",
     .example = "\"it's ```\""},
    {.name = "size", .type = ALEES_INTEGER, .min = 2, .max = INT64_MAX, .description = "How large."},
    {.name = "other",
     .type = ALEES_REFERENCE,
     .flags = ALEES_NULLABLE | ALEES_WEAK,
     .reference = "good.thing",
     .description = "The one in good."},
    {.name = "attributes", .type = ALEES_JSON, .flags = ALEES_FILTER, .fallback = "{}", .description = "Anything."},
};
static const struct alees_resource resources[] = {
    {.name = "thing",
     .label = "API twin",
     .labels = "API twins",
     .path = "/twin-things",
     .table = "twin.thing",
     .scope = ALEES_SCOPE_ORGANIZATION,
     .flags = ALEES_RESOURCE_SOFT_DELETE,
     .description = "Twins.",
     .fields = ALEES_LIST(fields)},
};
static const struct alees_field sent[] = {
    {.name = "word", .type = ALEES_TEXT, .flags = ALEES_REQUIRED, .description = "What to say.", .example = "\"hi\""}};
static const struct alees_field answered[] = {{.name = "said", .type = ALEES_TEXT, .description = "What was said."}};
static const struct alees_route routes[] = {
    {.method = ALEES_POST,
     .flags = ALEES_ROUTE_LOGIN,
     .path = "/twin-things/echo",
     .summary = "Say a word",
     .body = ALEES_LIST(sent),
     .response = ALEES_LIST(answered),
     .response_example = "{\"said\":\"hi\"}",
     .handle = fixture_handle},
    {.method = ALEES_GET,
     .flags = ALEES_ROUTE_PUBLIC | ALEES_ROUTE_READ,
     .path = "/mirror",
     .group = "Mirrors",
     .summary = "Look into the mirror",
     .handle = fixture_handle},
};
static const struct alees_migration migrations[] = {{1, 0, "create tables", "CREATE TABLE twin.thing ()"}};

ALEES_EXPORT const struct alees_plugin alees_plugin_v1 = {
    FIXTURE("twin"),
    .resources = ALEES_LIST(resources),
    .routes = ALEES_LIST(routes),
    .migrations = ALEES_LIST(migrations),
};
