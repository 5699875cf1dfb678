/* SPDX-License-Identifier: MIT
 * cycle_a.c - needs cycle_b, which needs cycle_c, which needs this one. */
#include "fixture.h"

static const struct alees_need needs[] = {{"fixture.cycle_b/1", 8, 0}};

static const char *const offers[] = {"fixture.cycle_a/1"};

ALEES_EXPORT const struct alees_plugin alees_plugin_v1 = {
    FIXTURE("cycle_a"),
    .needs = ALEES_LIST(needs),
    .offers = ALEES_LIST(offers),
    FIXTURE_ABORTS,
};
