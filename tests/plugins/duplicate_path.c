/* SPDX-License-Identifier: MIT
 * duplicate_path.c - its route is the POST of good's resource. */
#include "fixture.h"

static const struct alees_route routes[] = {
    {.method = ALEES_POST,
     .flags = ALEES_ROUTE_LOGIN,
     .path = "/things",
     .summary = "A route",
     .handle = fixture_handle},
};

ALEES_EXPORT const struct alees_plugin alees_plugin_v1 = {
    FIXTURE("duplicate_path"),
    .routes = ALEES_LIST(routes),
    FIXTURE_ABORTS,
};
