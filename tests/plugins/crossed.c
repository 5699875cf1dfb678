/* SPDX-License-Identifier: MIT
 * crossed.c - right by itself, but not beside good and tenants. */
#include "fixture.h"

static const struct alees_permission permissions[] = {{"crossed.view_tenant", "See tenants"}};
static const struct alees_field fields[] = {
    {.name = "parent",
     .type = ALEES_REFERENCE,
     .flags = ALEES_NULLABLE,
     .reference = "crossed.tenant",
     .description = "The one above it."},
    {.name = "count", .type = ALEES_INTEGER, .flags = ALEES_FILTER, .description = "A parameter of lists."},
    {.name = "a__b", .type = ALEES_INTEGER, .flags = ALEES_FILTER, .description = "A field with an operator."},
    {.name = "page", .type = ALEES_INTEGER, .description = "Not filtered by: it is in nobody's way."},
    {.name = "lost",
     .type = ALEES_REFERENCE,
     .flags = ALEES_NULLABLE,
     .reference = "good.nothing",
     .description = "What good does not have."},
};
static const struct alees_resource resources[] = {
    {.name = "tenant",
     .path = "/crossed",
     .table = "crossed.tenant",
     .scope = ALEES_SCOPE_SELF,
     .parent = "parent",
     .description = "Tenants.",
     .fields = ALEES_LIST(fields)},
};
static const struct alees_migration migrations[] = {{1, 0, "create tables", "CREATE TABLE crossed.tenant ()"}};
static const struct alees_field what[] = {
    {.name = "what", .type = ALEES_UUID, .flags = ALEES_IN_PATH, .description = "Which one."}};
static const struct alees_field id[] = {
    {.name = "id", .type = ALEES_UUID, .flags = ALEES_IN_PATH, .description = "Which one."}};
static const struct alees_route routes[] = {
    {.method = ALEES_GET,
     .path = "/things/{what}/count",
     .permission = "crossed.view_tenant",
     .summary = "The same path",
     .parameters = ALEES_LIST(what),
     .handle = fixture_handle},
    {.method = ALEES_POST,
     .path = "/crossed/{id}",
     .permission = "crossed.view_tenant",
     .object = "tenant",
     .row = "crossed.nothing",
     .summary = "Half a name",
     .parameters = ALEES_LIST(id),
     .handle = fixture_handle},
};
static const struct alees_command commands[] = {{"greet", "greet", "Taken", fixture_command}};

ALEES_EXPORT const struct alees_plugin alees_plugin_v1 = {
    FIXTURE("crossed"),
    .permissions = ALEES_LIST(permissions),
    .resources = ALEES_LIST(resources),
    .routes = ALEES_LIST(routes),
    .migrations = ALEES_LIST(migrations),
    .commands = ALEES_LIST(commands),
    FIXTURE_ABORTS,
};
