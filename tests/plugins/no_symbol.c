/* SPDX-License-Identifier: MIT
 * no_symbol.c - a shared object, but no plugin. */
#include <stdint.h>

__attribute__((visibility("default"))) extern const uint32_t something_else;
const uint32_t something_else = 1;
