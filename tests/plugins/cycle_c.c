/* SPDX-License-Identifier: MIT
 * cycle_c.c - see cycle_a.c. */
#include "fixture.h"

static const struct alees_need needs[] = {{"fixture.cycle_a/1", 8, 0}};

static const char *const offers[] = {"fixture.cycle_c/1"};

ALEES_EXPORT const struct alees_plugin alees_plugin_v1 = {
    FIXTURE("cycle_c"),
    .needs = ALEES_LIST(needs),
    .offers = ALEES_LIST(offers),
    FIXTURE_ABORTS,
};
