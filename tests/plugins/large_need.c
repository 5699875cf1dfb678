/* SPDX-License-Identifier: MIT
 * large_need.c - needs more of alees.rbac/1 than rbac_stub has: known only when that has started. */
#include "fixture.h"

static const struct alees_need needs[] = {{ALEES_RBAC_V1, 60000, 0}};

ALEES_EXPORT const struct alees_plugin alees_plugin_v1 = {
    FIXTURE("large_need"),
    .needs = ALEES_LIST(needs),
    FIXTURE_ABORTS,
};
