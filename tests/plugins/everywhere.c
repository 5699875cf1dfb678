/* SPDX-License-Identifier: MIT
 * everywhere.c - would see the rows of every organization, without being the provider of permissions. */
#include "fixture.h"

static const char *const offers[] = {"alees.rbac/2", "fixture.everywhere/1"};
static const struct alees_statement statements[] = {
    {"honest", "SELECT 1", 0, 0},
    {"all", "SELECT 1", 0, ALEES_STATEMENT_EVERYWHERE},
    {"all_alone", "SELECT 1", 0, ALEES_STATEMENT_EVERYWHERE | ALEES_STATEMENT_ALONE},
};

ALEES_EXPORT const struct alees_plugin alees_plugin_v1 = {
    FIXTURE("everywhere"),
    .offers = ALEES_LIST(offers),
    .statements = ALEES_LIST(statements),
    FIXTURE_ABORTS,
};
