/* SPDX-License-Identifier: MIT
 * policy_parts.h - what the files behind policy.h share: hashes, texts in a block of memory. */
#ifndef POLICY_PARTS_H
#define POLICY_PARTS_H

#include "alees/util.h"
#include "policy.h"

static inline uint32_t policy_hash_text(alees_str text) { /* FNV-1a; collisions cost a step, nothing else */
    uint64_t hash = 0xcbf29ce484222325u;
    for (size_t i = 0; i < text.len; i++) {
        hash = (hash ^ (uint8_t)text.ptr[i]) * 0x100000001b3u;
    }
    return (uint32_t)(hash ^ hash >> 32);
}

static inline uint32_t policy_hash_id(const alees_id *id) {
    uint64_t words[2];
    memcpy(words, id->bytes, sizeof words);
    uint64_t hash = (words[0] ^ (words[1] << 32 | words[1] >> 32)) * 0x9e3779b97f4a7c15u;
    return (uint32_t)(hash >> 32);
}

/* Two words and no call: this is on the way of every decision. */
static inline bool policy_same_id(const alees_id *a, const alees_id *b) {
    uint64_t left[2], right[2];
    memcpy(left, a->bytes, sizeof left);
    memcpy(right, b->bytes, sizeof right);
    return left[0] == right[0] && left[1] == right[1];
}

/* A power of two with room to spare for count. */
static inline uint32_t policy_slots_for(uint32_t count) {
    uint32_t slots = 8;
    while (slots < 0x40000000u && slots / 2 < count) {
        slots *= 2;
    }
    return slots;
}

/* Copies a text to *at, with a NUL, and moves that behind it. */
static inline char *policy_put_text(char **at, alees_str text) {
    char *start = *at;
    if (text.len > 0) {
        memcpy(start, text.ptr, text.len);
    }
    start[text.len] = '\0';
    *at = start + text.len + 1;
    return start;
}

/* Something begins or ends then: narrows the time [*last, *next) around now in which nothing does. */
static inline void policy_note_change(int64_t *last, int64_t *next, int64_t when, int64_t now) {
    if (when <= now) {
        *last = when > *last ? when : *last;
    } else {
        *next = when < *next ? when : *next;
    }
}

static inline int policy_compare_ids(const void *a, const void *b) {
    return alees_id_compare(a, b);
}

#endif
