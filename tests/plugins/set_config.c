/* SPDX-License-Identifier: MIT
 * set_config.c - tries to widen its scope. */
#include "fixture.h"

static const struct alees_statement statements[] = {
    {"one", "SELECT set_config('alees.organizations', $1, true)", 1, 0},
};

ALEES_EXPORT const struct alees_plugin alees_plugin_v1 = {
    FIXTURE("set_config"),
    .statements = ALEES_LIST(statements),
    FIXTURE_ABORTS,
};
