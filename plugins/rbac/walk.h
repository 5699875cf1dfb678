/* SPDX-License-Identifier: MIT
 * walk.h - what every answer of policy.h is made of: where a membership is, whether it reaches an organization, and which
 * of its roles permit something. */
#ifndef WALK_H
#define WALK_H

#include "policy_parts.h"

/* Does it reach the organization with that number, which lies in [low, high)? An inactive one at or above the target
 * stands in the way unless it is above the membership, too. */
static inline bool walk_reaches(const struct policy_user *u, const struct policy_reach *r, uint32_t organization) {
    uint32_t blocked = u->tree->organizations[organization].blocked;
    return blocked == POLICY_NONE || blocked < r->low;
}

/* The next of its roles, from the i-th, that permits this; NULL if none. */
static inline const struct policy_role *walk_next_role(const struct policy_user *u, const struct policy_membership *m,
                                                       uint32_t *i, uint32_t permission) {
    while (*i < m->role_count) {
        uint32_t place = u->role_places[m->first_role + (*i)++];
        if (place != POLICY_NONE && policy_set_has(u->roles->roles[place].permissions, permission)) {
            return &u->roles->roles[place];
        }
    }
    return NULL;
}

/* The innermost reach that contains the number, or POLICY_NONE; the others are on its chain of `up`. */
static inline uint32_t walk_innermost(const struct policy_user *u, uint32_t organization) {
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

/* What the key is not made for. permission is known. */
static inline bool walk_is_beyond(const struct policy_limit *limit, uint32_t permission, const alees_id *organization,
                                  bool below) {
    if (!limit) {
        return false;
    }
    return !policy_set_has(limit->permissions, permission) ||
           (!limit->is_everywhere && (below || !organization || !policy_limit_has(limit, organization)));
}

#endif
