/* SPDX-License-Identifier: MIT
 * duplicate_offer.c - offers what rbac_stub offers too. */
#include "fixture.h"

static const char *const offers[] = {"alees.rbac/1"};

ALEES_EXPORT const struct alees_plugin alees_plugin_v1 = {
    FIXTURE("duplicate_offer"),
    .offers = ALEES_LIST(offers),
    FIXTURE_ABORTS,
};
