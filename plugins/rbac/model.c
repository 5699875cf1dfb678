/* SPDX-License-Identifier: MIT
 * model.c - the tree of policy.h. It lies in one block of memory. */
#include <stdlib.h>

#include "policy_parts.h"

/* What the numbering needs for a while, by row. */
struct growth {
    const struct policy_organization_row *rows;
    uint32_t count, mask;
    uint32_t *slots;                 /* row by the hash of its id */
    uint32_t *parent, *first, *next; /* rows: above, first below, next beside */
    uint32_t *number;
};

static uint32_t find_row(const struct growth *g, const alees_id *id) {
    uint32_t slot = policy_hash_id(id) & g->mask;
    for (; g->slots[slot] != POLICY_NONE; slot = (slot + 1) & g->mask) {
        if (policy_same_id(&g->rows[g->slots[slot]].id, id)) {
            return g->slots[slot];
        }
    }
    return POLICY_NONE;
}

static uint32_t *grow(struct growth *g, const struct policy_organization_row *rows, uint32_t count) {
    uint32_t slots = policy_slots_for(count);
    uint32_t *memory = malloc((slots + (size_t)count * 4) * sizeof *memory);
    if (!memory) {
        return NULL;
    }
    memset(memory, 0xff, (slots + (size_t)count * 4) * sizeof *memory); /* POLICY_NONE everywhere */
    *g = (struct growth){rows,
                         count,
                         slots - 1,
                         memory,
                         memory + slots,
                         memory + slots + count,
                         memory + slots + (size_t)count * 2,
                         memory + slots + (size_t)count * 3};
    for (uint32_t i = 0; i < count; i++) {
        uint32_t slot = policy_hash_id(&rows[i].id) & g->mask;
        while (g->slots[slot] != POLICY_NONE) {
            slot = (slot + 1) & g->mask;
        }
        g->slots[slot] = i;
    }
    for (uint32_t i = 0; i < count; i++) {
        g->parent[i] = rows[i].has_parent ? find_row(g, &rows[i].parent) : POLICY_NONE;
        if (g->parent[i] != POLICY_NONE) {
            g->next[i] = g->first[g->parent[i]];
            g->first[g->parent[i]] = i;
        }
    }
    return memory;
}

/* Gives the next number to a row and its name a place. */
static void number_row(struct policy_tree *t, struct growth *g, uint32_t row, char **names) {
    uint32_t number = t->count++;
    uint32_t above = g->parent[row] == POLICY_NONE ? POLICY_NONE : g->number[g->parent[row]];
    struct policy_organization *o = &t->organizations[number];
    g->number[row] = number;
    o->id = g->rows[row].id;
    o->name = policy_put_text(names, g->rows[row].name);
    t->lives[number] = (struct policy_life){g->rows[row].from, g->rows[row].until, above, g->rows[row].is_active};
}

/* Numbers a root and all below it in pre-order, without recursion: a tree may be as deep as it has rows. */
static void number_from(struct policy_tree *t, struct growth *g, uint32_t root, char **names) {
    uint32_t row = root;
    number_row(t, g, row, names);
    for (;;) {
        if (g->first[row] != POLICY_NONE) {
            row = g->first[row];
            number_row(t, g, row, names);
            continue;
        }
        for (;;) { /* climb to the next one beside, closing what is finished */
            t->organizations[g->number[row]].high = t->count;
            if (row == root) {
                return;
            }
            if (g->next[row] != POLICY_NONE) {
                row = g->next[row];
                number_row(t, g, row, names);
                break;
            }
            row = g->parent[row];
        }
    }
}

/* Who is closed at a time, and how long this is so. What is above has a smaller number. */
static void resolve_tree(struct policy_tree *t, int64_t now) {
    t->last_change = INT64_MIN;
    t->next_change = INT64_MAX;
    for (uint32_t n = 0; n < t->count; n++) {
        const struct policy_life *life = &t->lives[n];
        uint32_t above = life->up == POLICY_NONE ? POLICY_NONE : t->organizations[life->up].blocked;
        t->organizations[n].blocked = life->is_active && life->from <= now && now < life->until ? above : n;
        if (life->is_active) {
            policy_note_change(&t->last_change, &t->next_change, life->from, now);
            policy_note_change(&t->last_change, &t->next_change, life->until, now);
        }
    }
}

static void arrange(struct policy_tree *t, uint32_t count, uint32_t slots) {
    t->organizations = (struct policy_organization *)(void *)(t + 1);
    t->lives = (struct policy_life *)(void *)(t->organizations + count);
    t->slots = (uint32_t *)(void *)(t->lives + count);
    t->room = count;
    t->mask = slots - 1;
    atomic_init(&t->refs, 1);
}

struct policy_tree *policy_tree_again(const struct policy_tree *old, int64_t now) {
    struct policy_tree *t = malloc(old->bytes);
    if (!t) {
        return NULL;
    }
    memcpy(t, old, old->bytes);
    arrange(t, old->room, old->mask + 1);
    for (uint32_t n = 0; n < t->count; n++) {
        t->organizations[n].name = (const char *)t + (old->organizations[n].name - (const char *)old);
    }
    resolve_tree(t, now);
    return t;
}

struct policy_tree *policy_tree_new(const struct policy_organization_row *rows, uint32_t count, uint64_t generation,
                                    int64_t now) {
    struct growth g;
    uint32_t *memory = grow(&g, rows, count), slots = policy_slots_for(count);
    size_t names = 0;
    struct policy_tree *t;
    for (uint32_t i = 0; i < count; i++) {
        names += rows[i].name.len + 1;
    }
    size_t bytes = sizeof *t + count * (sizeof *t->organizations + sizeof *t->lives) + slots * sizeof *t->slots + names;
    t = memory ? calloc(1, bytes) : NULL;
    if (!t) {
        free(memory);
        return NULL;
    }
    arrange(t, count, slots);
    t->bytes = bytes;
    t->generation = generation;
    char *name = (char *)(t->slots + slots);
    for (uint32_t i = 0; i < count; i++) {
        if (g.parent[i] == POLICY_NONE) {
            number_from(t, &g, i, &name);
        }
    }
    memset(t->slots, 0xff, slots * sizeof *t->slots);
    for (uint32_t n = 0; n < t->count; n++) {
        uint32_t slot = policy_hash_id(&t->organizations[n].id) & t->mask;
        while (t->slots[slot] != POLICY_NONE) {
            slot = (slot + 1) & t->mask;
        }
        t->slots[slot] = n;
    }
    free(memory);
    resolve_tree(t, now);
    return t;
}

uint32_t policy_tree_find(const struct policy_tree *t, const alees_id *id) {
    uint32_t slot = policy_hash_id(id) & t->mask;
    for (; t->slots[slot] != POLICY_NONE; slot = (slot + 1) & t->mask) {
        if (policy_same_id(&t->organizations[t->slots[slot]].id, id)) {
            return t->slots[slot];
        }
    }
    return POLICY_NONE;
}

struct policy_tree *policy_tree_hold(struct policy_tree *t) {
    atomic_fetch_add_explicit(&t->refs, 1, memory_order_relaxed);
    return t;
}

void policy_tree_release(struct policy_tree *t) {
    if (t && atomic_fetch_sub_explicit(&t->refs, 1, memory_order_acq_rel) == 1) {
        free(t);
    }
}
