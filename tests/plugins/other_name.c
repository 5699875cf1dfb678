/* SPDX-License-Identifier: MIT
 * other_name.c - calls itself something else than its section. */
#include "fixture.h"

ALEES_EXPORT const struct alees_plugin alees_plugin_v1 = {
    .magic = ALEES_MAGIC,
    .struct_size = sizeof(struct alees_plugin),
    .name = "another",
    .version = "1.0.0",
    .summary = "A fixture",
    FIXTURE_ABORTS,
};
