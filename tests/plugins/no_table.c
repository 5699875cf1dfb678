/* SPDX-License-Identifier: MIT
 * no_table.c - offers a service and then gives no table for it. */
#include "fixture.h"

static const char *const offers[] = {"fixture.no_table/1"};

static const void *offer(void *state, const char *id) {
    (void)state;
    (void)id;
    return NULL;
}

ALEES_EXPORT const struct alees_plugin alees_plugin_v1 = {
    FIXTURE("no_table"),
    .offers = ALEES_LIST(offers),
    .offer = offer,
};
