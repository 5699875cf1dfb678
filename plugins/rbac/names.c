/* SPDX-License-Identifier: MIT
 * names.c - permissions, resources and fields by their names; patterns; sets of permissions. */
#include <stdlib.h>

#include "policy_parts.h"

static const void *item(alees_list list, uint32_t i) {
    return (const char *)list.items + (size_t)i * list.stride;
}

/* A permission's name is that of its plugin, a verb and that of the resource: "product.view_product". */
static void find_subject(struct policy_catalogue *c, uint32_t resource, uint32_t action) {
    static const char *const verbs[POLICY_ACTIONS] = {"view_", "add_", "change_"};
    const struct alees_resource_of *of = c->resources[resource];
    size_t plugin = strlen(of->plugin), verb = strlen(verbs[action]);
    for (uint32_t i = 0; i < c->count; i++) {
        const char *name = c->permissions[i]->name;
        if (strncmp(name, of->plugin, plugin) == 0 && name[plugin] == '.' &&
            strncmp(name + plugin + 1, verbs[action], verb) == 0 &&
            strcmp(name + plugin + 1 + verb, of->resource->name) == 0) {
            c->subjects[i] = (struct policy_subject){resource, action};
        }
    }
}

static void number_permission(struct policy_catalogue *c, const struct alees_permission *p, uint32_t place) {
    uint32_t slot = policy_hash_text(alees_text(p->name)) & c->mask;
    while (c->slots[slot] != 0) {
        slot = (slot + 1) & c->mask;
    }
    c->slots[slot] = place + 1;
    c->permissions[place] = p;
    c->subjects[place].resource = POLICY_NONE;
}

struct policy_catalogue *policy_catalogue_new(alees_list permissions, alees_list resources) {
    uint32_t slots = policy_slots_for(permissions.count);
    struct policy_catalogue *c =
        calloc(1, sizeof *c + permissions.count * (sizeof *c->permissions + sizeof *c->subjects) +
                      resources.count * sizeof *c->resources + slots * sizeof *c->slots);
    if (!c) {
        return NULL;
    }
    c->permissions = (const struct alees_permission **)(void *)(c + 1);
    c->resources = (const struct alees_resource_of **)(void *)(c->permissions + permissions.count);
    c->subjects = (struct policy_subject *)(void *)(c->resources + resources.count);
    c->slots = (uint32_t *)(void *)(c->subjects + permissions.count);
    c->count = permissions.count;
    c->resource_count = resources.count;
    c->mask = slots - 1;
    for (uint32_t i = 0; i < c->count; i++) {
        number_permission(c, item(permissions, i), i);
    }
    for (uint32_t i = 0; i < c->resource_count; i++) {
        c->resources[i] = item(resources, i);
        for (uint32_t action = 0; action < POLICY_ACTIONS; action++) {
            find_subject(c, i, action);
        }
    }
    return c;
}

void policy_catalogue_free(struct policy_catalogue *c) {
    free(c);
}

static uint32_t find_permission(const struct policy_catalogue *c, alees_str name) {
    uint32_t slot = policy_hash_text(name) & c->mask;
    for (; c->slots[slot] != 0; slot = (slot + 1) & c->mask) {
        if (alees_equal(alees_text(c->permissions[c->slots[slot] - 1]->name), name)) {
            return c->slots[slot];
        }
    }
    return 0;
}

uint32_t policy_permission(const struct policy_catalogue *c, const char *name) {
    return find_permission(c, alees_text(name));
}

uint32_t policy_resource(const struct policy_catalogue *c, alees_str name) {
    for (uint32_t i = 0; i < c->resource_count; i++) {
        const struct alees_resource_of *of = c->resources[i];
        size_t plugin = strlen(of->plugin);
        if (name.len > plugin && memcmp(name.ptr, of->plugin, plugin) == 0 && name.ptr[plugin] == '.' &&
            alees_equal((alees_str){name.ptr + plugin + 1, name.len - plugin - 1}, alees_text(of->resource->name))) {
            return i;
        }
    }
    return POLICY_NONE;
}

uint32_t policy_field(const struct policy_catalogue *c, uint32_t resource, alees_str name) {
    const alees_list fields = c->resources[resource]->resource->fields;
    for (uint32_t i = 0; i < fields.count; i++) {
        const struct alees_field *field = item(fields, i);
        if (alees_equal(alees_text(field->name), name)) {
            return i;
        }
    }
    return POLICY_NONE;
}

/* --- patterns and arrays --- */

bool policy_matches(alees_str pattern, const char *name) {
    size_t p = 0, star = SIZE_MAX;
    const char *resume = NULL;
    if (pattern.len == 1 && pattern.ptr[0] == '*') {
        return true;
    }
    bool is_apart =
        strncmp(name, "rbac.", 5) == 0 || strncmp(name, "audit.", 6) == 0 || strncmp(name, "custom.", 7) == 0;
    if (pattern.len > 0 && pattern.ptr[0] == '*' && is_apart) {
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

/* Names need no quotes, but PostgreSQL gives them to one that reads NULL. Any other text ends the array. */
bool policy_next_name(alees_str *array, alees_str *ret_name) {
    size_t length = 0;
    if (array->len < 2 || (array->ptr[0] != '{' && array->ptr[0] != ',') || array->ptr[1] == '}') {
        return false;
    }
    const char *start = array->ptr + 1;
    while (length + 1 < array->len && start[length] != ',' && start[length] != '}') {
        length++;
    }
    *array = (alees_str){start + length, array->len - 1 - length};
    if (length >= 2 && start[0] == '"' && start[length - 1] == '"') {
        start++;
        length -= 2;
    }
    *ret_name = (alees_str){start, length};
    return true;
}

/* --- sets --- */

uint32_t policy_words(const struct policy_catalogue *c) {
    return c->count / 64 + 1;
}

bool policy_set_add(const struct policy_catalogue *c, uint64_t *set, alees_str name, bool may_be_pattern) {
    bool found = false;
    if (name.len == 0 || !memchr(name.ptr, '*', name.len)) {
        uint32_t number = name.len == 0 ? 0 : find_permission(c, name);
        set[number / 64] |= (uint64_t)(number != 0) << (number % 64);
        return number != 0;
    }
    for (uint32_t i = 1; may_be_pattern && i <= c->count; i++) {
        if (policy_matches(name, c->permissions[i - 1]->name)) {
            set[i / 64] |= (uint64_t)1 << (i % 64);
            found = true;
        }
    }
    return found;
}
