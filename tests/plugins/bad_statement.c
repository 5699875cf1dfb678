/* SPDX-License-Identifier: MIT
 * bad_statement.c - uses more parameters than it declares. */
#include "fixture.h"

static const struct alees_statement statements[] = {
    {"one", "SELECT $1::text, $2::text", 1, 0},
};

ALEES_EXPORT const struct alees_plugin alees_plugin_v1 = {
    FIXTURE("bad_statement"),
    .statements = ALEES_LIST(statements),
    FIXTURE_ABORTS,
};
