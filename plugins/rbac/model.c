/* SPDX-License-Identifier: MIT
 * model.c - makes the objects of policy.h from rows. Each lies in as few blocks of memory as its life allows. */
#include <stdlib.h>

#include "alees/util.h"
#include "policy.h"

/* --- hashes and slots --- */

static uint32_t hash_bytes(const void *bytes, size_t size) { /* FNV-1a; collisions cost a step, nothing else */
    const uint8_t *p = bytes;
    uint64_t hash = 0xcbf29ce484222325u;
    for (size_t i = 0; i < size; i++) {
        hash = (hash ^ p[i]) * 0x100000001b3u;
    }
    return (uint32_t)(hash ^ hash >> 32);
}

/* A power of two with room to spare for count. */
static uint32_t slots_for(uint32_t count) {
    uint32_t slots = 8;
    while (slots < 0x40000000u && slots / 2 < count) {
        slots *= 2;
    }
    return slots;
}

static char *put_text(char **at, alees_str text) {
    char *start = *at;
    if (text.len > 0) {
        memcpy(start, text.ptr, text.len);
    }
    start[text.len] = '\0';
    *at = start + text.len + 1;
    return start;
}

/* --- permissions --- */

struct policy_catalogue *policy_catalogue_new(alees_list permissions) {
    uint32_t slots = slots_for(permissions.count);
    struct policy_catalogue *c =
        calloc(1, sizeof *c + permissions.count * sizeof *c->permissions + slots * sizeof *c->slots);
    if (!c) {
        return NULL;
    }
    c->permissions = (const struct alees_permission **)(void *)(c + 1);
    c->slots = (uint32_t *)(void *)(c->permissions + permissions.count);
    c->count = permissions.count;
    c->mask = slots - 1;
    for (uint32_t i = 0; i < c->count; i++) {
        const struct alees_permission *p =
            (const void *)((const char *)permissions.items + (size_t)i * permissions.stride);
        uint32_t slot = hash_bytes(p->name, strlen(p->name)) & c->mask;
        while (c->slots[slot] != 0) {
            slot = (slot + 1) & c->mask;
        }
        c->slots[slot] = i + 1;
        c->permissions[i] = p;
    }
    return c;
}

void policy_catalogue_free(struct policy_catalogue *c) {
    free(c);
}

uint32_t policy_permission(const struct policy_catalogue *c, const char *name) {
    uint32_t slot = hash_bytes(name, strlen(name)) & c->mask;
    for (; c->slots[slot] != 0; slot = (slot + 1) & c->mask) {
        if (strcmp(c->permissions[c->slots[slot] - 1]->name, name) == 0) {
            return c->slots[slot];
        }
    }
    return 0;
}

bool policy_matches(alees_str pattern, const char *name) {
    size_t p = 0, star = SIZE_MAX;
    const char *resume = NULL;
    if (pattern.len == 1 && pattern.ptr[0] == '*') {
        return true;
    }
    if (pattern.len > 0 && pattern.ptr[0] == '*' && strncmp(name, "rbac.", 5) == 0) {
        return false;
    }
    while (*name) {
        if (p < pattern.len && pattern.ptr[p] == '*') {
            star = p++;
            resume = name;
        } else if (p < pattern.len && pattern.ptr[p] == *name) {
            p++;
            name++;
        } else if (star != SIZE_MAX) { /* let the last star take one more */
            p = star + 1;
            name = ++resume;
        } else {
            return false;
        }
    }
    while (p < pattern.len && pattern.ptr[p] == '*') {
        p++;
    }
    return p == pattern.len;
}

/* --- the tree --- */

/* What the numbering needs for a while, by row. */
struct growth {
    const struct policy_organization_row *rows;
    uint32_t count, mask;
    uint32_t *slots;                 /* row by the hash of its id */
    uint32_t *parent, *first, *next; /* rows: above, first below, next beside */
    uint32_t *number;
};

static uint32_t find_row(const struct growth *g, const alees_id *id) {
    uint32_t slot = hash_bytes(id, sizeof *id) & g->mask;
    for (; g->slots[slot] != POLICY_NONE; slot = (slot + 1) & g->mask) {
        if (alees_id_compare(&g->rows[g->slots[slot]].id, id) == 0) {
            return g->slots[slot];
        }
    }
    return POLICY_NONE;
}

static uint32_t *grow(struct growth *g, const struct policy_organization_row *rows, uint32_t count) {
    uint32_t slots = slots_for(count);
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
        uint32_t slot = hash_bytes(&rows[i].id, sizeof rows[i].id) & g->mask;
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
    o->name = put_text(names, g->rows[row].name);
    o->blocked = number;
    if (g->rows[row].is_active) {
        o->blocked = above == POLICY_NONE ? POLICY_NONE : t->organizations[above].blocked;
    }
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

struct policy_tree *policy_tree_new(const struct policy_organization_row *rows, uint32_t count, uint64_t generation) {
    struct growth g;
    uint32_t *memory = grow(&g, rows, count), slots = slots_for(count);
    size_t names = 0;
    struct policy_tree *t;
    for (uint32_t i = 0; i < count; i++) {
        names += rows[i].name.len + 1;
    }
    t = memory ? calloc(1, sizeof *t + count * sizeof *t->organizations + slots * sizeof *t->slots + names) : NULL;
    if (!t) {
        free(memory);
        return NULL;
    }
    t->organizations = (struct policy_organization *)(void *)(t + 1);
    t->slots = (uint32_t *)(void *)(t->organizations + count);
    t->mask = slots - 1;
    t->generation = generation;
    atomic_init(&t->refs, 1);
    char *name = (char *)(t->slots + slots);
    for (uint32_t i = 0; i < count; i++) {
        if (g.parent[i] == POLICY_NONE) {
            number_from(t, &g, i, &name);
        }
    }
    memset(t->slots, 0xff, slots * sizeof *t->slots);
    for (uint32_t n = 0; n < t->count; n++) {
        uint32_t slot = hash_bytes(&t->organizations[n].id, sizeof(alees_id)) & t->mask;
        while (t->slots[slot] != POLICY_NONE) {
            slot = (slot + 1) & t->mask;
        }
        t->slots[slot] = n;
    }
    free(memory);
    return t;
}

uint32_t policy_tree_find(const struct policy_tree *t, const alees_id *id) {
    uint32_t slot = hash_bytes(id, sizeof *id) & t->mask;
    for (; t->slots[slot] != POLICY_NONE; slot = (slot + 1) & t->mask) {
        if (alees_id_compare(&t->organizations[t->slots[slot]].id, id) == 0) {
            return t->slots[slot];
        }
    }
    return POLICY_NONE;
}

/* Takes a reference back; true for the last one. */
static bool is_last(atomic_uint *refs) {
    return atomic_fetch_sub_explicit(refs, 1, memory_order_acq_rel) == 1;
}

struct policy_tree *policy_tree_hold(struct policy_tree *t) {
    atomic_fetch_add_explicit(&t->refs, 1, memory_order_relaxed);
    return t;
}

void policy_tree_release(struct policy_tree *t) {
    if (t && is_last(&t->refs)) {
        free(t);
    }
}

/* --- the roles --- */

static int compare_roles(const void *a, const void *b) {
    const struct policy_role *left = a, *right = b;
    return alees_id_compare(&left->id, &right->id);
}

static void permit(const struct policy_catalogue *c, struct policy_role *role, alees_str permission) {
    bool is_pattern = permission.len > 0 && memchr(permission.ptr, '*', permission.len);
    if (!permission.ptr || (is_pattern && !role->is_system)) {
        return; /* a custom role never widens by itself, whatever the table says */
    }
    for (uint32_t i = 0; i < c->count; i++) {
        const char *name = c->permissions[i]->name;
        if (is_pattern ? policy_matches(permission, name) : alees_equal(permission, alees_text(name))) {
            role->permissions[(i + 1) / 64] |= (uint64_t)1 << ((i + 1) % 64);
        }
    }
}

struct policy_roles *policy_roles_new(const struct policy_catalogue *c, const struct policy_role_row *rows,
                                      uint32_t count, uint64_t generation) {
    size_t words = c->count / 64 + 1, names = 0;
    uint32_t roles = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (i == 0 || alees_id_compare(&rows[i].id, &rows[i - 1].id) != 0) {
            names += rows[i].name.len + 1;
            roles++;
        }
    }
    struct policy_roles *r = calloc(1, sizeof *r + roles * (sizeof *r->roles + words * sizeof(uint64_t)) + names);
    if (!r) {
        return NULL;
    }
    r->roles = (struct policy_role *)(void *)(r + 1);
    r->generation = generation;
    atomic_init(&r->refs, 1);
    uint64_t *bits = (uint64_t *)(void *)(r->roles + roles);
    char *name = (char *)(bits + roles * words);
    struct policy_role *role = NULL;
    for (uint32_t i = 0; i < count; i++) {
        if (!role || alees_id_compare(&rows[i].id, &role->id) != 0) {
            role = &r->roles[r->count++];
            *role = (struct policy_role){rows[i].id, rows[i].organization, rows[i].is_system, NULL, bits};
            role->name = put_text(&name, rows[i].name);
            bits += words;
        }
        permit(c, role, rows[i].permission);
    }
    qsort(r->roles, r->count, sizeof *r->roles, compare_roles);
    return r;
}

struct policy_roles *policy_roles_hold(struct policy_roles *r) {
    atomic_fetch_add_explicit(&r->refs, 1, memory_order_relaxed);
    return r;
}

void policy_roles_release(struct policy_roles *r) {
    if (r && is_last(&r->refs)) {
        free(r);
    }
}
