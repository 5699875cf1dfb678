/* SPDX-License-Identifier: MIT
 * no_permission.c - a route without permission that does not say it is public. */
#include "fixture.h"

static const struct alees_route routes[] = {
    {.method = ALEES_POST, .flags = 0, .path = "/no-permission/act", .summary = "A route", .handle = fixture_handle},
};

ALEES_EXPORT const struct alees_plugin alees_plugin_v1 = {
    FIXTURE("no_permission"),
    .routes = ALEES_LIST(routes),
    FIXTURE_ABORTS,
};
