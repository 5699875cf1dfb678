/* SPDX-License-Identifier: MIT
 * arena.h - memory that is freed all at once: one arena for each request, command or notification. Level 1.
 *
 * An arena is used by one thread at a time. Its limit is a bound on what one request may cost: past it every allocation
 * returns NULL and arena_is_exhausted() stays true, so one check at the end of a step is enough. arena_debug.c is a
 * twin with one malloc for each block, for the sanitizer builds. */
#ifndef ARENA_H
#define ARENA_H

#include "base.h"

struct arena;

/* NULL without memory. limit is in bytes. The first block is kept by arena_reset, so a warm arena does not allocate. */
struct arena *arena_new(size_t limit);
void arena_free(struct arena *a); /* runs the defers; accepts NULL */

/* Zeroed, aligned for any type. NULL past the limit. A size of 0 gives a valid pointer. */
void *arena_alloc(struct arena *a, size_t size) MUST_CHECK;
#define ARENA_NEW(arena, type) ((type *)arena_alloc((arena), sizeof(type)))
#define ARENA_ARRAY(arena, type, count) ((type *)arena_alloc_array((arena), sizeof(type), (count)))
void *arena_alloc_array(struct arena *a, size_t size, size_t count) MUST_CHECK; /* NULL on overflow too */

/* Lengthens the block handed out last, in place; the new bytes are not zeroed. False, and nothing happens, if it is not
 * the last one or has no room behind it. For str.c. */
bool arena_grow(struct arena *a, void *last, size_t old_size, size_t new_size) MUST_CHECK;

/* Copies with a NUL after the last byte. NULL (or an absent view) past the limit. */
void *arena_dup(struct arena *a, const void *bytes, size_t size) MUST_CHECK;
alees_str arena_str(struct arena *a, alees_str text) MUST_CHECK; /* an absent text stays absent */
alees_str arena_printf(struct arena *a, const char *format, ...) PRINTF_LIKE(2, 3) MUST_CHECK;

/* Runs release(data) at the next arena_reset or arena_free, last in first out: for what is not ours to allocate, such
 * as a query's result. Without memory it runs at once and returns false. */
bool arena_defer(struct arena *a, void (*release)(void *data), void *data) MUST_CHECK;

void arena_reset(struct arena *a); /* runs the defers, forgets every block */

/* For loops over more than fits: what was handed out and deferred since the mark is given back at once. What was handed
 * out before keeps its place, but must not have grown since (a struct str might have moved behind the mark). Marks nest. */
struct arena_mark {
    void *block, *at, *defers;
    size_t used;
};
void arena_mark(const struct arena *a, struct arena_mark *ret_mark);
void arena_release(struct arena *a, const struct arena_mark *mark);
size_t arena_used(const struct arena *a);
size_t arena_left(const struct arena *a); /* until the limit */
bool arena_is_exhausted(const struct arena *a);

/* For tests: let the nth allocation from now fail (1 = the next), 0 switches it off. */
void arena_fail_after(struct arena *a, uint32_t nth);

#endif
