/* SPDX-License-Identifier: MIT
 * relatives.c - alees.rbac/1 relatives: what is above and below an organization, of those that somebody may know.
 *
 * The numbers of the tree say it all: what is below one are the numbers behind its own, up to `high`. */
#include "rbac.h"

struct kin { /* the answer as it grows */
    const struct policy_tree *tree;
    const uint64_t *allowed; /* by number */
    alees_id *ids;
    uint32_t *numbers, *above, *levels; /* as ids */
    uint32_t count, depth;
};

static bool is_allowed(const struct kin *k, uint32_t number) {
    return k->allowed[number / 64] >> (number % 64) & 1;
}

static void add(struct kin *k, uint32_t number, uint32_t above) {
    uint32_t level = above == ALEES_NO_PLACE ? 1 : k->levels[above] + 1;
    if (k->depth == 0 || level <= k->depth) {
        k->ids[k->count] = k->tree->organizations[number].id;
        k->numbers[k->count] = number;
        k->above[k->count] = above;
        k->levels[k->count++] = level;
    }
}

static void add_children(struct kin *k, uint32_t of) {
    const struct policy_organization *all = k->tree->organizations;
    for (uint32_t n = of + 1; n < all[of].high; n = all[n].high) {
        if (is_allowed(k, n)) {
            add(k, n, ALEES_NO_PLACE);
        }
    }
}

/* The nearest one that encloses the next number is the last that was added, or one of those around it. */
static void add_descendants(struct kin *k, uint32_t of) {
    const struct policy_organization *all = k->tree->organizations;
    for (uint32_t n = of + 1; n < all[of].high; n++) {
        uint32_t above = k->count > 0 ? k->count - 1 : ALEES_NO_PLACE;
        if (!is_allowed(k, n)) {
            continue;
        }
        while (above != ALEES_NO_PLACE && all[k->numbers[above]].high <= n) {
            above = k->above[above];
        }
        add(k, n, above);
    }
}

static void add_ancestors(struct kin *k, uint32_t of) {
    const struct policy_life *lives = k->tree->lives;
    uint32_t count = 0;
    for (uint32_t n = lives[of].up; n != POLICY_NONE; n = lives[n].up) {
        if (is_allowed(k, n)) {
            k->numbers[count++] = n;
        }
    }
    for (; k->count < count; k->count++) { /* from the root down */
        k->ids[k->count] = k->tree->organizations[k->numbers[count - 1 - k->count]].id;
        k->above[k->count] = k->count > 0 ? k->count - 1 : ALEES_NO_PLACE;
    }
}

/* How many there can be. */
static uint32_t most(const struct policy_tree *t, uint32_t of, uint32_t which) {
    uint32_t count = 0;
    if (which != ALEES_ANCESTORS) {
        return t->organizations[of].high - of - 1;
    }
    for (uint32_t n = t->lives[of].up; n != POLICY_NONE; n = t->lives[n].up) {
        count++;
    }
    return count;
}

static alees_rc find(struct rbac *r, alees_ctx *ctx, struct kin *k, uint32_t of, uint32_t which) {
    const size_t room = most(k->tree, of, which);
    uint32_t *numbers = r->host->alloc(ctx, (room * 3 + 1) * sizeof *numbers);
    k->ids = r->host->alloc(ctx, (room + 1) * sizeof *k->ids);
    if (!numbers || !k->ids) {
        return ALEES_E_NOMEM;
    }
    k->above = numbers;
    k->numbers = numbers + room;
    k->levels = numbers + room * 2;
    if (which == ALEES_CHILDREN) {
        add_children(k, of);
    } else if (which == ALEES_DESCENDANTS) {
        add_descendants(k, of);
    } else {
        add_ancestors(k, of);
    }
    return ALEES_OK;
}

alees_rc rbac_relatives(const struct alees_rbac_v1 *me, alees_ctx *ctx, const struct alees_principal *who,
                        uint32_t permission, const alees_id *organization, uint32_t which, uint32_t depth,
                        const struct alees_relatives **ret_relatives) {
    struct rbac *r = me->state;
    struct alees_relatives *answer = r->host->alloc(ctx, sizeof *answer);
    struct kin k = {.depth = which == ALEES_DESCENDANTS ? depth : 0};
    const struct policy_limit *limit;
    struct policy_user *u;
    if (!answer || which < ALEES_CHILDREN || which > ALEES_ANCESTORS) {
        return answer ? ALEES_E_INTERNAL : ALEES_E_NOMEM;
    }
    alees_rc rc = rbac_hold_user(r, ctx, who, &u, &limit);
    if (rc != ALEES_OK) {
        return rc;
    }
    uint32_t of = u ? policy_tree_find(u->tree, organization) : POLICY_NONE;
    if (of != POLICY_NONE) {
        uint64_t *allowed = r->host->alloc(ctx, ((size_t)u->tree->count + 63) / 64 * sizeof *allowed);
        rc = allowed ? ALEES_OK : ALEES_E_NOMEM;
        if (rc == ALEES_OK) {
            policy_mark(u, limit, permission, allowed);
            k.tree = u->tree;
            k.allowed = allowed;
            rc = find(r, ctx, &k, of, which);
        }
    }
    policy_user_release(u);
    *answer = (struct alees_relatives){sizeof *answer, k.count, k.ids, k.above};
    if (rc == ALEES_OK) {
        *ret_relatives = answer;
    }
    return rc;
}
