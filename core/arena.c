/* SPDX-License-Identifier: MIT
 * arena.c - memory that is freed all at once: a chain of blocks, and a pointer that moves through the newest.
 *
 *     arena -> [ block: handed out | at  free  end ] -> [ older block ] -> ... -> [ first block ]
 *
 * An allocation moves `at`; when the block is full a larger one takes its place in front. What is left of the old one
 * is not used again before the reset: looking for it would cost more than it saves. The first block lies behind the
 * arena itself and is never given back, so the arena of a warm thread serves a usual request without malloc.
 *
 * arena_debug.c compiles this file with ARENA_DEBUG 1: then each allocation has a block of its own, of its exact size,
 * and the address sanitizer sees every overrun. */
#include "arena.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef ARENA_DEBUG
#define ARENA_DEBUG 0
#endif

enum {
    ARENA_MAGIC = 0x4152454e,
    ALIGNMENT = _Alignof(max_align_t),
    FIRST_BLOCK = ARENA_DEBUG ? 0 : 64 * 1024, /* holds one request with a page of rows */
    LARGEST_STEP = 1024 * 1024                 /* blocks double up to here, unless one allocation needs more */
};

struct block {
    _Alignas(max_align_t) struct block *older;
    size_t size; /* of the bytes that follow */
};

struct defer {
    struct defer *earlier;
    void (*release)(void *data);
    void *data;
};

struct arena {
    uint32_t magic;
    uint32_t fail_after; /* 0: off */
    bool is_exhausted;
    size_t limit, used;
    unsigned char *at, *end; /* free part of the newest block */
    struct block *newest;
    struct defer *defers;
    struct block first; /* the last member: its bytes follow */
};
_Static_assert(sizeof(struct arena) == offsetof(struct arena, first) + sizeof(struct block), "no gap");

static void check(const struct arena *a) {
    ASSERT(a && a->magic == ARENA_MAGIC && a->at <= a->end && a->used <= a->limit);
}

static void use_block(struct arena *a, struct block *b) {
    a->newest = b;
    a->at = (unsigned char *)(b + 1);
    a->end = a->at + b->size;
}

struct arena *arena_new(size_t limit) {
    struct arena *a = malloc(sizeof *a + FIRST_BLOCK);
    if (!a) {
        return NULL;
    }
    memset(a, 0, sizeof *a);
    a->magic = ARENA_MAGIC;
    a->limit = limit < SIZE_MAX / 2 ? limit : SIZE_MAX / 2; /* so that no sum of sizes wraps round */
    a->first.size = FIRST_BLOCK;
    use_block(a, &a->first);
    return a;
}

static void run_defers(struct arena *a, const struct defer *until) {
    while (a->defers != until) {
        struct defer *d = a->defers;
        a->defers = d->earlier; /* first, so that release may allocate and defer again */
        d->release(d->data);
    }
}

static void free_blocks(struct arena *a, struct block *until) {
    while (a->newest != until) {
        struct block *b = a->newest;
        a->newest = b->older;
        free(b);
    }
    use_block(a, until);
}

void arena_mark(const struct arena *a, struct arena_mark *ret_mark) {
    check(a);
    *ret_mark = (struct arena_mark){a->newest, a->at, a->defers, a->used};
}

void arena_release(struct arena *a, const struct arena_mark *mark) {
    check(a);
    ASSERT(a->used >= mark->used);
    run_defers(a, mark->defers);
    free_blocks(a, mark->block);
    a->at = mark->at;
    a->used = mark->used;
}

void arena_reset(struct arena *a) {
    check(a);
    run_defers(a, NULL);
    free_blocks(a, &a->first);
    a->used = 0;
    a->fail_after = 0;
    a->is_exhausted = false;
}

void arena_free(struct arena *a) {
    if (!a) {
        return;
    }
    arena_reset(a);
    free(a);
}

static size_t round_up(size_t size) {
    return ARENA_DEBUG ? size : (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

static bool add_block(struct arena *a, size_t size) {
    size_t wanted = a->newest->size * 2;
    if (wanted > LARGEST_STEP) {
        wanted = LARGEST_STEP;
    }
    if (ARENA_DEBUG || wanted < size) {
        wanted = size;
    }
    if (wanted > SIZE_MAX - sizeof(struct block)) {
        return false;
    }
    struct block *b = malloc(sizeof *b + wanted);
    if (!b) {
        return false;
    }
    b->older = a->newest;
    b->size = wanted;
    use_block(a, b);
    return true;
}

static bool is_told_to_fail(struct arena *a) {
    return a->fail_after > 0 && --a->fail_after == 0;
}

void *arena_alloc(struct arena *a, size_t size) {
    check(a);
    if (size > a->limit - a->used || round_up(size) > a->limit - a->used || is_told_to_fail(a)) {
        a->is_exhausted = true;
        return NULL;
    }
    size_t rounded = round_up(size);
    if ((ARENA_DEBUG || rounded > (size_t)(a->end - a->at)) && !add_block(a, rounded)) {
        a->is_exhausted = true;
        return NULL;
    }
    void *p = a->at;
    a->at += rounded;
    a->used += rounded;
    return memset(p, 0, rounded);
}

bool arena_grow(struct arena *a, void *last, size_t old_size, size_t new_size) {
    check(a);
    unsigned char *start = last;
    ASSERT(new_size >= old_size);
    if (ARENA_DEBUG || !start || start + round_up(old_size) != a->at || new_size > SIZE_MAX / 2) {
        return false;
    }
    size_t more = round_up(new_size) - round_up(old_size);
    if (more > (size_t)(a->end - a->at) || more > a->limit - a->used) {
        return false;
    }
    a->at += more;
    a->used += more;
    return true;
}

void *arena_alloc_array(struct arena *a, size_t size, size_t count) {
    if (size != 0 && count > SIZE_MAX / size) {
        check(a);
        a->is_exhausted = true;
        return NULL;
    }
    return arena_alloc(a, size * count);
}

void *arena_dup(struct arena *a, const void *bytes, size_t size) {
    char *copy = arena_alloc_array(a, 1, size == SIZE_MAX ? size : size + 1);
    if (copy && size > 0) {
        memcpy(copy, bytes, size);
    }
    return copy;
}

alees_str arena_str(struct arena *a, alees_str text) {
    alees_str copy = {NULL, 0};
    if (text.ptr) {
        copy.ptr = arena_dup(a, text.ptr, text.len);
        copy.len = copy.ptr ? text.len : 0;
    }
    return copy;
}

alees_str arena_printf(struct arena *a, const char *format, ...) {
    alees_str absent = {NULL, 0};
    char small[256];
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    int length = vsnprintf(small, sizeof small, format, arguments);
    ASSERT(length >= 0);
    size_t size = (size_t)length;
    char *text = NULL;
    if (size < sizeof small) {
        text = arena_dup(a, small, size);
    } else {
        text = arena_alloc(a, size + 1);
        if (text) {
            vsnprintf(text, size + 1, format, again);
        }
    }
    va_end(again);
    va_end(arguments);
    return text ? (alees_str){text, size} : absent;
}

bool arena_defer(struct arena *a, void (*release)(void *data), void *data) {
    struct defer *d = ARENA_NEW(a, struct defer);
    if (!d) {
        release(data);
        return false;
    }
    d->earlier = a->defers;
    d->release = release;
    d->data = data;
    a->defers = d;
    return true;
}

size_t arena_used(const struct arena *a) {
    check(a);
    return a->used;
}

size_t arena_left(const struct arena *a) {
    check(a);
    return a->limit - a->used;
}

bool arena_is_exhausted(const struct arena *a) {
    check(a);
    return a->is_exhausted;
}

void arena_fail_after(struct arena *a, uint32_t nth) {
    check(a);
    a->fail_after = nth;
}
