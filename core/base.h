/* SPDX-License-Identifier: MIT
 * base.h - attributes and small macros that every file of the server may use. Level 1. */
#ifndef BASE_H
#define BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "alees/abi.h"

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))
#define MUST_CHECK __attribute__((warn_unused_result))
#define PRINTF_LIKE(text, first) __attribute__((format(printf, text, first)))
#define UNUSED __attribute__((unused))

/* A defect in the program, never a fault of its input: says where and aborts, in every build. */
#define ASSERT(condition) ((condition) ? (void)0 : base_assert_failed(#condition, __FILE__, __LINE__))
_Noreturn void base_assert_failed(const char *condition, const char *file, int line); /* log.c */

#define STR_LIT(literal) ((alees_str){(literal), sizeof(literal) - 1})
#define STR_FMT(view) (int)(view).len, (view).ptr /* for "%.*s" */

#endif
