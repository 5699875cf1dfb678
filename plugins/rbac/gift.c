/* SPDX-License-Identifier: MIT
 * gift.c - see rbac.h: an invitation as the membership that it would make, for the rules of delegate.h. */
#include <stdio.h>

#include "delegate.h"
#include "rbac.h"

enum { MOST_TOLD = 10 };

static void refuse(struct rbac_refusal *refusal, alees_rc rc, const char *code, const char *detail) {
    refusal->rc = rc;
    refusal->code = code;
    snprintf(refusal->detail, sizeof refusal->detail, "%s", detail);
}

/* What is lacking, by the names of permissions. */
static void tell(const struct rbac *r, const struct delegate_lacks *lacks, struct rbac_refusal *refusal) {
    const size_t room = sizeof refusal->detail;
    size_t at = strlen(refusal->detail);
    uint32_t last = 0;
    for (uint32_t i = 0; i < lacks->count && i < MOST_TOLD && at < room; i++) {
        const uint32_t permission = lacks->items[i].permission;
        if (permission != 0 && permission != last) {
            at += (size_t)snprintf(refusal->detail + at, room - at, "%s %s%s", last ? "," : "",
                                   r->catalogue->permissions[permission - 1]->name,
                                   lacks->items[i].field == POLICY_NONE ? "" : " (for all of its fields)");
            last = permission;
        }
    }
}

static alees_rc say(const struct rbac *r, enum delegate_verdict verdict, const struct delegate_lacks *lacks,
                    struct rbac_refusal *refusal) {
    switch (verdict) {
    case DELEGATE_ALLOWED: break;
    case DELEGATE_EXCEEDS:
        refuse(refusal, ALEES_E_DENIED, delegate_code(verdict), "Nobody gives rights that they do not hold there:");
        tell(r, lacks, refusal);
        break;
    case DELEGATE_NOT_BELOW:
        refuse(refusal, ALEES_E_DENIED, delegate_code(verdict),
               "Nobody gives rights that they do not hold in the organizations below:");
        tell(r, lacks, refusal);
        break;
    case DELEGATE_SELF:
        refuse(refusal, ALEES_E_DENIED, delegate_code(verdict), "Nobody widens their own rights.");
        break;
    case DELEGATE_OWNERS_ONLY:
        refuse(refusal, ALEES_E_DENIED, delegate_code(verdict),
               "Only an owner, in person, may change what is an owner's.");
        break;
    case DELEGATE_SUPERUSERS_ONLY:
        refuse(refusal, ALEES_E_DENIED, delegate_code(verdict), "Only a superuser, in person, may do this.");
        break;
    }
    return refusal->rc;
}

/* The roles of those ids that can be held there; returns how many. One of another organization is as one that nobody has. */
static uint32_t find_roles(const struct rbac_giver *giver, const struct rbac_gift *gift, const alees_id *ids,
                           uint32_t count, const struct policy_role **ret_roles) {
    uint32_t found = 0;
    for (uint32_t i = 0; i < count; i++) {
        const struct policy_role *role = policy_role(giver->user->roles, &ids[i]);
        if (role && (role->is_system || alees_id_compare(&role->organization, &gift->organization) == 0)) {
            ret_roles[found++] = role;
        }
    }
    return found;
}

/* after takes the roles of before that it does not have: nothing is taken away. Returns how many it has then. */
static uint32_t unite(const struct policy_role **after, uint32_t count, const struct policy_role *const *before,
                      uint32_t before_count) {
    const uint32_t given = count;
    for (uint32_t i = 0; i < before_count; i++) {
        bool is_there = false;
        for (uint32_t j = 0; j < given; j++) {
            is_there = is_there || after[j] == before[i];
        }
        if (!is_there) {
            after[count++] = before[i];
        }
    }
    return count;
}

alees_rc rbac_judge_gift(struct rbac *r, alees_ctx *ctx, const struct rbac_giver *giver, const struct rbac_gift *gift,
                         struct rbac_refusal *refusal) {
    const size_t most = (size_t)gift->role_count + gift->held_count + 1;
    const struct policy_role **after = r->host->alloc(ctx, most * sizeof *after);
    const struct policy_role **before = r->host->alloc(ctx, most * sizeof *before);
    const struct delegate delegate = {r->catalogue, giver->user, giver->limit, &gift->organization};
    struct delegate_membership had = {.is_active = true, .from = INT64_MIN, .until = INT64_MAX}, has;
    struct delegate_lacks lacks;
    *refusal = (struct rbac_refusal){.rc = ALEES_OK};
    if (!before || !after) {
        refuse(refusal, ALEES_E_NOMEM, "out_of_memory", "The request needs too much memory.");
        return refusal->rc;
    }
    uint32_t count = find_roles(giver, gift, gift->roles, gift->role_count, after);
    if (count < gift->role_count) {
        refuse(refusal, ALEES_E_INVALID, "invalid_reference", "/roles names what is no role of that organization.");
        return refusal->rc;
    }
    had.user = gift->user;
    had.roles = before;
    had.role_count = find_roles(giver, gift, gift->held, gift->held_count, before);
    had.inherit = gift->had_inherit;
    has = had;
    has.roles = after;
    has.role_count = unite(after, count, before, had.role_count);
    has.inherit = gift->inherit;
    return say(r, delegate_membership(&delegate, r->invite, gift->is_member ? &had : NULL, &has, &lacks), &lacks,
               refusal);
}
