/* SPDX-License-Identifier: MIT
 * v2_only.c - built for the next ABI. */
#include <stdint.h>

__attribute__((visibility("default"))) extern const uint32_t alees_plugin_v2[4];
const uint32_t alees_plugin_v2[4] = {0x53454C41u, 1000, 0, 0};
