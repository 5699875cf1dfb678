/* SPDX-License-Identifier: MIT
 * foreign_schema.c - reads a table of another plugin without needing it. */
#include "fixture.h"

static const struct alees_statement statements[] = {
    {"one", "SELECT username FROM rbac.app_user", 0, 0},
};

ALEES_EXPORT const struct alees_plugin alees_plugin_v1 = {
    FIXTURE("foreign_schema"),
    .statements = ALEES_LIST(statements),
    FIXTURE_ABORTS,
};
