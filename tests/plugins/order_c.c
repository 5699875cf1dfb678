/* SPDX-License-Identifier: MIT
 * order_c.c - see order_a.c. */
#include "fixture.h"

static const char *const offers[] = {"fixture.order_c/1"};

ALEES_EXPORT const struct alees_plugin alees_plugin_v1 = {
    FIXTURE("order_c"),
    .offers = ALEES_LIST(offers),
    FIXTURE_ABORTS,
};
