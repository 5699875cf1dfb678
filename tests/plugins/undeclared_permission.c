/* SPDX-License-Identifier: MIT
 * undeclared_permission.c - a route with a permission that no plugin declares. */
#include "fixture.h"

static const struct alees_route routes[] = {
    {.method = ALEES_POST,
     .flags = 0,
     .path = "/undeclared/act",
     .permission = "good.view_thingg",
     .summary = "A route",
     .handle = fixture_handle},
};

ALEES_EXPORT const struct alees_plugin alees_plugin_v1 = {
    FIXTURE("undeclared_permission"),
    .routes = ALEES_LIST(routes),
    FIXTURE_ABORTS,
};
