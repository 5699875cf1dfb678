/* SPDX-License-Identifier: MIT
 * short_struct.c - smaller than any plugin of ABI 1.0. */
#include "fixture.h"

ALEES_EXPORT const struct alees_plugin alees_plugin_v1 = {
    .magic = ALEES_MAGIC,
    .struct_size = 32,
    .name = "short_struct",
    .version = "1.0.0",
    FIXTURE_ABORTS,
};
