/* SPDX-License-Identifier: MIT
 * policy.c - the decision. Check, list and explain ask the same two questions of a membership, `reaches` and `holds`,
 * and differ only in what they go through. */
#include "policy.h"

#include <stdlib.h>

#include "alees/util.h"

/* --- the two questions --- */

/* Does it reach the organization with that number, which lies in [low, high)? An inactive one at or above the target
 * stands in the way unless it is above the membership, too. */
static bool reaches(const struct policy_user *u, const struct policy_reach *r, uint32_t organization) {
    uint32_t blocked = u->tree->organizations[organization].blocked;
    return blocked == POLICY_NONE || blocked < r->low;
}

/* Does it hold the permission now? ALEES_GRANTED, with the place of the role, or why not. */
static uint32_t holds(const struct policy_user *u, const struct policy_membership *m, uint32_t permission,
                      uint32_t *ret_role) {
    if (m->state != ALEES_GRANTED) {
        return m->state;
    }
    for (uint32_t i = m->first_role; i < m->first_role + m->role_count; i++) {
        uint32_t place = u->role_places[i];
        if (place != POLICY_NONE && (u->roles->roles[place].permissions[permission / 64] >> (permission % 64) & 1)) {
            *ret_role = place;
            return ALEES_GRANTED;
        }
    }
    return ALEES_ROLE_LACKS_PERMISSION;
}

/* --- going through the memberships --- */

/* The innermost reach that contains the number, or POLICY_NONE; the others are on its chain of `up`. */
static uint32_t innermost(const struct policy_user *u, uint32_t organization) {
    uint32_t low = 0, high = u->reach_count;
    while (low < high) { /* the last that begins at or before it */
        uint32_t middle = low + (high - low) / 2;
        if (u->reaches[middle].low <= organization) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    uint32_t at = low > 0 ? low - 1 : POLICY_NONE;
    while (at != POLICY_NONE && u->reaches[at].high <= organization) {
        at = u->reaches[at].up;
    }
    return at;
}

/* Of several reasons the one that came furthest: reached, then active, then in time. */
static uint32_t rank(uint32_t reason) {
    return reason == ALEES_NO_MEMBERSHIP ? 0 : reason;
}

/* The first membership, from at outwards, that gives the permission in the organization; else the best reason. */
static uint32_t walk(const struct policy_user *u, uint32_t at, uint32_t permission, uint32_t organization,
                     const struct policy_membership **ret_membership, uint32_t *ret_role) {
    uint32_t best = ALEES_NO_MEMBERSHIP;
    for (; at != POLICY_NONE; at = u->reaches[at].up) {
        const struct policy_reach *r = &u->reaches[at];
        const struct policy_membership *m = &u->memberships[r->membership];
        uint32_t reason = ALEES_INACTIVE_ORGANIZATION;
        if (reaches(u, r, organization)) {
            reason = holds(u, m, permission, ret_role);
        }
        if (reason == ALEES_GRANTED) {
            *ret_membership = m;
            return reason;
        }
        best = rank(reason) > rank(best) ? reason : best;
    }
    return best;
}

static uint32_t decide(const struct policy_user *u, uint32_t permission, const alees_id *organization,
                       const struct policy_membership **ret_membership, uint32_t *ret_role) {
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
        *ret_membership = &u->memberships[u->global];
        return holds(u, *ret_membership, permission, ret_role);
    }
    uint32_t number = policy_tree_find(u->tree, organization);
    if (number == POLICY_NONE) {
        return ALEES_UNKNOWN_ORGANIZATION;
    }
    if (u->is_superuser) {
        return ALEES_BY_SUPERUSER;
    }
    return walk(u, innermost(u, number), permission, number, ret_membership, ret_role);
}

uint32_t policy_decide(const struct policy_user *u, uint32_t permission, const alees_id *organization,
                       struct alees_decision *ret_grounds) {
    const struct policy_membership *membership = NULL;
    uint32_t role = POLICY_NONE;
    uint32_t reason = decide(u, permission, organization, &membership, &role);
    if (ret_grounds) {
        struct alees_decision grounds = {.struct_size = sizeof grounds, .reason = reason};
        if (reason == ALEES_GRANTED) {
            grounds.membership = membership->id;
            grounds.through = membership->organization;
            grounds.role = u->roles->roles[role].id;
        }
        *ret_grounds = grounds;
    }
    return reason;
}

bool policy_is_member(const struct policy_user *u, const alees_id *organization) {
    uint32_t number = policy_tree_find(u->tree, organization);
    return number != POLICY_NONE && innermost(u, number) != POLICY_NONE;
}

/* --- the list --- */

/* Counts, and if ids is not NULL collects, the organizations that u's memberships give the permission in.
 *
 * None is met twice: a reach whose own organization is given already by one around it is skipped, since the outer one
 * reaches all that the inner one does. If it is not given by the outer one because an inactive organization lies
 * between, then nothing of the inner reach is. */
static uint32_t collect(const struct policy_user *u, uint32_t permission, alees_id *ids) {
    const struct policy_membership *ignored;
    uint32_t role, count = 0;
    for (uint32_t i = 0; i < u->reach_count; i++) {
        const struct policy_reach *r = &u->reaches[i];
        if (holds(u, &u->memberships[r->membership], permission, &role) != ALEES_GRANTED ||
            walk(u, r->up, permission, r->low, &ignored, &role) == ALEES_GRANTED) {
            continue;
        }
        for (uint32_t n = r->low; n < r->high; n++) {
            if (reaches(u, r, n)) {
                if (ids) {
                    ids[count] = u->tree->organizations[n].id;
                }
                count++;
            }
        }
    }
    return count;
}

static int compare_ids(const void *a, const void *b) {
    return alees_id_compare(a, b);
}

/* A list in one block of memory: itself, the ids, the text. */
static struct policy_list *make_list(const struct policy_user *u, uint32_t permission, size_t *ret_bytes) {
    uint32_t count = collect(u, permission, NULL);
    size_t bytes = sizeof(struct policy_list) + count * (sizeof(alees_id) + 37) + 3;
    struct policy_list *list = calloc(1, bytes);
    if (!list) {
        return NULL;
    }
    alees_id *ids = (alees_id *)(list + 1);
    char *text = (char *)(ids + count), *p = text;
    collect(u, permission, ids);
    qsort(ids, count, sizeof *ids, compare_ids);
    *p++ = '{';
    for (uint32_t i = 0; i < count; i++) {
        alees_id_format(&ids[i], p);
        p[36] = ',';
        p += 37;
    }
    p -= count > 0;
    *p++ = '}';
    list->where = (struct alees_organizations){.struct_size = sizeof list->where,
                                               .count = count,
                                               .ids = count ? ids : NULL,
                                               .text = {text, (size_t)(p - text)}};
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

const struct alees_organizations *policy_organizations(struct policy_user *u, uint32_t permission) {
    static const struct alees_organizations none = {.struct_size = sizeof none, .text = {"{}", 2}};
    static const struct alees_organizations all = {.struct_size = sizeof all, .all = 1, .text = {"", 0}};
    if (!u || !u->is_active || permission == 0 || permission > u->permission_count) {
        return &none;
    }
    if (u->is_superuser) {
        return &all;
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
    };
    const char *name = reason < sizeof names / sizeof names[0] ? names[reason] : NULL;
    return name ? name : "unknown";
}
