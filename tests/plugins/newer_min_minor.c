/* SPDX-License-Identifier: MIT
 * newer_min_minor.c - needs a host that does not exist yet. */
#include "fixture.h"

ALEES_EXPORT const struct alees_plugin alees_plugin_v1 = {
    .magic = ALEES_MAGIC,
    .struct_size = sizeof(struct alees_plugin),
    .abi_minor = 77,
    .min_minor = 77,
    .name = "newer_min_minor",
    .version = "1.0.0",
    FIXTURE_ABORTS,
};
