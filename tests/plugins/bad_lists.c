/* SPDX-License-Identifier: MIT
 * bad_lists.c - lists whose strides or addresses cannot be. */
#include "fixture.h"

static const struct alees_permission permissions[] = {{"bad_lists.act", "Act"}};

ALEES_EXPORT const struct alees_plugin alees_plugin_v1 = {
    FIXTURE("bad_lists"),
    .permissions = {permissions, 1, 4},
    .routes = {NULL, 2, sizeof(struct alees_route)},
    .statements = {permissions, 4000000000u, sizeof(struct alees_statement)},
    FIXTURE_ABORTS,
};
