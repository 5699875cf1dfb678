/* SPDX-License-Identifier: MIT
 * no_rbac.c - alone it leaves the server without a provider of alees.rbac/1. */
#include "fixture.h"

ALEES_EXPORT const struct alees_plugin alees_plugin_v1 = {
    FIXTURE("no_rbac"),
    FIXTURE_ABORTS,
};
