/* SPDX-License-Identifier: MIT
 * missing_need.c - needs what nobody offers. */
#include "fixture.h"

static const struct alees_need needs[] = {{"fixture.nobody/1", 8, 0}};

ALEES_EXPORT const struct alees_plugin alees_plugin_v1 = {
    FIXTURE("missing_need"),
    .needs = ALEES_LIST(needs),
    FIXTURE_ABORTS,
};
