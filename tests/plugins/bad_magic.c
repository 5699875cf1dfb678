/* SPDX-License-Identifier: MIT
 * bad_magic.c - not the magic number. */
#include "fixture.h"

ALEES_EXPORT const struct alees_plugin alees_plugin_v1 = {
    .magic = 0x12345678u,
    .struct_size = sizeof(struct alees_plugin),
    .name = "bad_magic",
    .version = "1.0.0",
    FIXTURE_ABORTS,
};
