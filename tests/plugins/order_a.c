/* SPDX-License-Identifier: MIT
 * order_a.c - starts last: needs order_b, which needs order_c. */
#include "fixture.h"

static const struct alees_need needs[] = {{"fixture.order_b/1", 8, 0}};

ALEES_EXPORT const struct alees_plugin alees_plugin_v1 = {
    FIXTURE("order_a"),
    .needs = ALEES_LIST(needs),
    FIXTURE_ABORTS,
};
