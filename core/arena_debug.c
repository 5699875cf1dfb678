/* SPDX-License-Identifier: MIT
 * arena_debug.c - the twin of arena.c for the sanitizer builds (option ALEES_ARENA_DEBUG): one malloc for each
 * allocation, of its exact size. It is the same code with the bump pointer switched off, so that the twins cannot drift
 * apart. */
#define ARENA_DEBUG 1
#include "arena.c" /* NOLINT(bugprone-suspicious-include): see above */
