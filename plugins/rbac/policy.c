/* SPDX-License-Identifier: MIT
 * policy.c - the decision. Check, list and explain ask the same two questions of a membership, `walk_reaches` and
 * `holds`, and differ only in what they go through. What is behind a permission, its fields, is in rights.c. */
#include "policy.h"

#include <stdlib.h>

#include "walk.h"

/* --- going through the memberships --- */

/* Does it hold the permission now? ALEES_GRANTED, with the role, or why not. */
static uint32_t holds(const struct policy_user *u, const struct policy_membership *m, uint32_t permission,
                      const struct policy_role **ret_role) {
    uint32_t i = 0;
    if (m->state != ALEES_GRANTED) {
        return m->state;
    }
    const struct policy_role *role = walk_next_role(u, m, &i, permission);
    if (!role) {
        return ALEES_ROLE_LACKS_PERMISSION;
    }
    *ret_role = role;
    return ALEES_GRANTED;
}

/* Of several reasons the one that came furthest: reached, then active, then in time. */
static uint32_t rank(uint32_t reason) {
    return reason == ALEES_NO_MEMBERSHIP ? 0 : reason;
}

struct grounds {
    const struct policy_membership *membership;
    const struct policy_role *role;
};

/* The first membership, from at outwards, that gives the permission in the organization (and below it); else the best
 * reason. */
static uint32_t walk(const struct policy_user *u, uint32_t at, uint32_t permission, uint32_t organization, bool below,
                     struct grounds *ret_grounds) {
    uint32_t best = ALEES_NO_MEMBERSHIP;
    for (; at != POLICY_NONE; at = u->reaches[at].up) {
        const struct policy_reach *r = &u->reaches[at];
        const struct policy_membership *m = &u->memberships[r->membership];
        uint32_t reason = ALEES_INACTIVE_ORGANIZATION;
        if (below && !m->inherit) {
            continue;
        }
        if (walk_reaches(u, r, organization)) {
            reason = holds(u, m, permission, &ret_grounds->role);
        }
        if (reason == ALEES_GRANTED) {
            ret_grounds->membership = m;
            return reason;
        }
        best = rank(reason) > rank(best) ? reason : best;
    }
    return best;
}

static uint32_t decide(const struct policy_user *u, uint32_t permission, const alees_id *organization, bool below,
                       struct grounds *ret_grounds) {
    if (!u) {
        return ALEES_UNKNOWN_USER;
    }
    if (!u->is_active) { /* before superuser: an inactive superuser is nobody */
        return ALEES_INACTIVE_USER;
    }
    if (permission == 0 || permission > u->permission_count) {
        return ALEES_UNKNOWN_PERMISSION;
    }
    if (!organization) {
        if (u->is_superuser) {
            return ALEES_BY_SUPERUSER;
        }
        if (u->global == POLICY_NONE) {
            return ALEES_NO_MEMBERSHIP;
        }
        ret_grounds->membership = &u->memberships[u->global];
        return holds(u, ret_grounds->membership, permission, &ret_grounds->role);
    }
    uint32_t number = policy_tree_find(u->tree, organization);
    if (number == POLICY_NONE) {
        return ALEES_UNKNOWN_ORGANIZATION;
    }
    if (u->is_superuser) {
        return ALEES_BY_SUPERUSER;
    }
    return walk(u, walk_innermost(u, number), permission, number, below, ret_grounds);
}

/* The decision. */
static uint32_t decide_within(const struct policy_user *u, const struct policy_limit *limit, uint32_t permission,
                              const alees_id *organization, bool below, struct grounds *ret_grounds) {
    uint32_t reason = decide(u, permission, organization, below, ret_grounds);
    return policy_is_allowed(reason) && walk_is_beyond(limit, permission, organization, below) ? ALEES_BEYOND_KEY
                                                                                               : reason;
}

uint32_t policy_decide(const struct policy_user *u, const struct policy_limit *limit, uint32_t permission,
                       const alees_id *organization, struct alees_decision *ret_grounds) {
    struct grounds grounds;
    uint32_t reason = decide_within(u, limit, permission, organization, false, &grounds);
    if (ret_grounds) {
        struct alees_decision answer = {.struct_size = sizeof answer, .reason = reason};
        if (reason == ALEES_GRANTED) {
            answer.membership = grounds.membership->id;
            answer.through = grounds.membership->organization;
            answer.role = grounds.role->id;
        }
        *ret_grounds = answer;
    }
    return reason;
}

bool policy_holds(const struct policy_user *u, const struct policy_limit *limit, uint32_t permission,
                  const alees_id *organization, bool below) {
    struct grounds ignored;
    return policy_is_allowed(decide_within(u, limit, permission, organization, below, &ignored));
}

bool policy_is_member(const struct policy_user *u, const alees_id *organization) {
    uint32_t number = policy_tree_find(u->tree, organization);
    return number != POLICY_NONE && walk_innermost(u, number) != POLICY_NONE;
}

/* --- the list --- */

/* Counts, and unless it is NULL collects in ids and marks in bits, the organizations that u's memberships give the
 * permission in.
 *
 * None is met twice: a reach whose own organization is given already by one around it is skipped, since the outer one
 * reaches all that the inner one does. If it is not given by the outer one because an inactive organization lies
 * between, then nothing of the inner reach is. */
static uint32_t collect(const struct policy_user *u, uint32_t permission, alees_id *ids, uint64_t *bits) {
    struct grounds ignored;
    uint32_t count = 0;
    for (uint32_t i = 0; i < u->reach_count; i++) {
        const struct policy_reach *r = &u->reaches[i];
        if (holds(u, &u->memberships[r->membership], permission, &ignored.role) != ALEES_GRANTED ||
            walk(u, r->up, permission, r->low, false, &ignored) == ALEES_GRANTED) {
            continue;
        }
        for (uint32_t n = r->low; n < r->high; n++) {
            if (walk_reaches(u, r, n)) {
                if (ids) {
                    ids[count] = u->tree->organizations[n].id;
                }
                if (bits) {
                    bits[n / 64] |= (uint64_t)1 << (n % 64);
                }
                count++;
            }
        }
    }
    return count;
}

enum { TEXT_OF_ID = 37, TEXT_BESIDE = 3 }; /* with a comma; braces and a NUL */

/* ids, then the text of them, follow list in memory. */
static void describe(struct alees_organizations *list, alees_id *ids, uint32_t count) {
    char *text = (char *)(ids + count), *p = text;
    *p++ = '{';
    for (uint32_t i = 0; i < count; i++) {
        alees_id_format(&ids[i], p);
        p[36] = ',';
        p += TEXT_OF_ID;
    }
    p -= count > 0;
    *p++ = '}';
    *p = '\0';
    *list = (struct alees_organizations){
        .struct_size = sizeof *list, .count = count, .ids = count ? ids : NULL, .text = {text, (size_t)(p - text)}};
}

/* A list in one block of memory: itself, the ids, the text. */
static struct policy_list *make_list(const struct policy_user *u, uint32_t permission, size_t *ret_bytes) {
    uint32_t count = collect(u, permission, NULL, NULL);
    size_t bytes = sizeof(struct policy_list) + count * (sizeof(alees_id) + TEXT_OF_ID) + TEXT_BESIDE;
    struct policy_list *list = calloc(1, bytes);
    if (!list) {
        return NULL;
    }
    alees_id *ids = (alees_id *)(list + 1);
    (void)collect(u, permission, ids, NULL);
    qsort(ids, count, sizeof *ids, policy_compare_ids);
    describe(&list->where, ids, count);
    *ret_bytes = bytes;
    return list;
}

static bool same_list(const struct policy_list *a, const struct policy_list *b) {
    return a->where.count == b->where.count &&
           (a->where.count == 0 || memcmp(a->where.ids, b->where.ids, a->where.count * sizeof(alees_id)) == 0);
}

/* Most permissions of a user have the same list: keeps one of each. When two threads come at once, one may be kept
 * twice; that costs memory, nothing else. */
static struct policy_list *keep_list(struct policy_user *u, struct policy_list *list, size_t bytes) {
    for (struct policy_list *l = atomic_load(&u->lists); l; l = l->next) {
        if (same_list(l, list)) {
            free(list);
            return l;
        }
    }
    list->next = atomic_load(&u->lists);
    while (!atomic_compare_exchange_weak(&u->lists, &list->next, list)) {
    }
    atomic_fetch_add(&u->bytes, bytes);
    return list;
}

static const struct alees_organizations nowhere = {.struct_size = sizeof nowhere, .text = {"{}", 2}};
static const struct alees_organizations everywhere = {.struct_size = sizeof everywhere, .all = 1, .text = {"", 0}};

/* Of a user in person. */
static const struct alees_organizations *list_of(struct policy_user *u, uint32_t permission) {
    if (!u || !u->is_active || permission == 0 || permission > u->permission_count) {
        return &nowhere;
    }
    if (u->is_superuser) {
        return &everywhere;
    }
    _Atomic(struct policy_list *) *kept = &u->by_permission[permission - 1];
    struct policy_list *list = atomic_load_explicit(kept, memory_order_acquire);
    if (!list) {
        size_t bytes = 0;
        list = make_list(u, permission, &bytes);
        if (!list) {
            return NULL;
        }
        list = keep_list(u, list, bytes);
        atomic_store_explicit(kept, list, memory_order_release);
    }
    return &list->where;
}

static bool is_in(const struct policy_user *u, const struct alees_organizations *list, const alees_id *id) {
    return list->all ? policy_tree_find(u->tree, id) != POLICY_NONE
                     : list->count > 0 && bsearch(id, list->ids, list->count, sizeof *id, policy_compare_ids) != NULL;
}

size_t policy_room(const struct policy_limit *limit) {
    uint32_t count = limit ? limit->organization_count : 0;
    return sizeof(struct alees_organizations) + count * (sizeof(alees_id) + TEXT_OF_ID) + TEXT_BESIDE;
}

const struct alees_organizations *policy_organizations(struct policy_user *u, const struct policy_limit *limit,
                                                       uint32_t permission, void *room) {
    const struct alees_organizations *list = list_of(u, permission);
    if (!limit || !list || list == &nowhere) {
        return list;
    }
    if (!policy_set_has(limit->permissions, permission)) {
        return &nowhere;
    }
    if (limit->is_everywhere) {
        return list;
    }
    struct alees_organizations *within = room;
    alees_id *ids = (alees_id *)(within + 1);
    uint32_t count = 0;
    for (uint32_t i = 0; i < limit->organization_count; i++) {
        if (is_in(u, list, &limit->organizations[i])) {
            ids[count++] = limit->organizations[i];
        }
    }
    describe(within, ids, count);
    return within;
}

void policy_mark(const struct policy_user *u, const struct policy_limit *limit, uint32_t permission, uint64_t *bits) {
    if (!u->is_active || permission == 0 || permission > u->permission_count ||
        (limit && !policy_set_has(limit->permissions, permission))) {
        return;
    }
    if (!limit || limit->is_everywhere) {
        if (u->is_superuser) {
            memset(bits, 0xff, ((size_t)u->tree->count + 63) / 64 * sizeof *bits);
        } else {
            (void)collect(u, permission, NULL, bits);
        }
        return;
    }
    for (uint32_t i = 0; i < limit->organization_count; i++) {
        uint32_t number = policy_tree_find(u->tree, &limit->organizations[i]);
        if (number != POLICY_NONE && policy_holds(u, limit, permission, &limit->organizations[i], false)) {
            bits[number / 64] |= (uint64_t)1 << (number % 64);
        }
    }
}

bool policy_is_allowed(uint32_t reason) {
    return reason == ALEES_GRANTED || reason == ALEES_BY_SUPERUSER;
}

const char *policy_reason(uint32_t reason) {
    static const char *const names[] = {
        [ALEES_GRANTED] = "granted",
        [ALEES_BY_SUPERUSER] = "superuser",
        [ALEES_INACTIVE_USER] = "inactive_user",
        [ALEES_UNKNOWN_PERMISSION] = "unknown_permission",
        [ALEES_UNKNOWN_ORGANIZATION] = "unknown_organization",
        [ALEES_INACTIVE_ORGANIZATION] = "inactive_organization",
        [ALEES_NO_MEMBERSHIP] = "no_membership",
        [ALEES_INACTIVE_MEMBERSHIP] = "inactive_membership",
        [ALEES_EXPIRED_MEMBERSHIP] = "expired_membership",
        [ALEES_ROLE_LACKS_PERMISSION] = "role_lacks_permission",
        [ALEES_UNKNOWN_USER] = "unknown_user",
        [ALEES_BEYOND_KEY] = "beyond_key",
    };
    const char *name = reason < sizeof names / sizeof names[0] ? names[reason] : NULL;
    return name ? name : "unknown";
}
