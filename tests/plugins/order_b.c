/* SPDX-License-Identifier: MIT
 * order_b.c - see order_a.c. */
#include "fixture.h"

static const struct alees_need needs[] = {{"fixture.order_c/1", 8, 0}};

static const char *const offers[] = {"fixture.order_b/1"};

ALEES_EXPORT const struct alees_plugin alees_plugin_v1 = {
    FIXTURE("order_b"),
    .needs = ALEES_LIST(needs),
    .offers = ALEES_LIST(offers),
    FIXTURE_ABORTS,
};
