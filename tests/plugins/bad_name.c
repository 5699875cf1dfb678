/* SPDX-License-Identifier: MIT
 * bad_name.c - its name could be no schema. */
#include "fixture.h"

ALEES_EXPORT const struct alees_plugin alees_plugin_v1 = {
    .magic = ALEES_MAGIC,
    .struct_size = sizeof(struct alees_plugin),
    .name = "Bad-Name",
    .version = "1.0.0",
    .summary = "A fixture",
    FIXTURE_ABORTS,
};
