/* SPDX-License-Identifier: MIT
 * tenants.c - a resource whose rows are organizations. */
#include "fixture.h"

static const struct alees_field fields[] = {
    {.name = "name", .type = ALEES_TEXT, .flags = ALEES_REQUIRED, .description = "Its name."},
    {.name = "parent",
     .type = ALEES_REFERENCE,
     .flags = ALEES_NULLABLE,
     .reference = "tenants.tenant",
     .description = "The one above it."},
};
static const struct alees_resource resources[] = {
    {.name = "tenant",
     .path = "/tenants",
     .table = "tenants.tenant",
     .scope = ALEES_SCOPE_SELF,
     .parent = "parent",
     .description = "Tenants.",
     .fields = ALEES_LIST(fields)},
};
static const struct alees_migration migrations[] = {{1, 0, "create tables", "CREATE TABLE tenants.tenant ()"}};

ALEES_EXPORT const struct alees_plugin alees_plugin_v1 = {
    FIXTURE("tenants"),
    .resources = ALEES_LIST(resources),
    .migrations = ALEES_LIST(migrations),
};
