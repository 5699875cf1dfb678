/* SPDX-License-Identifier: MIT
 * delegate.h - who may give what to whom: the rules of delegation over the model of policy.h. No database, no clock.
 *
 * Rights are handed on by writing memberships, roles, field permissions and accounts. The rules: nobody gives what they do
 * not hold there themselves (rbac.bind_role, and for roles rbac.escalate_role, excepted); nobody raises themselves, not even
 * by what they hold; what counts below the organization is given by those who hold it there by inheritance; owners are
 * made and unmade by owners, superusers by superusers. Taking away needs no more than the permission to do it. */
#ifndef DELEGATE_H
#define DELEGATE_H

#include "policy.h"

enum delegate_verdict {
    DELEGATE_ALLOWED,
    DELEGATE_EXCEEDS,        /* more than the writer holds there; what is in the list of lacks */
    DELEGATE_NOT_BELOW,      /* held there, but not in the organizations below it */
    DELEGATE_SELF,           /* the writer's own membership, or a role that the writer holds */
    DELEGATE_OWNERS_ONLY,    /* a membership or an account of an owner */
    DELEGATE_SUPERUSERS_ONLY /* a superuser's account, or a role of no organization */
};

/* The stable code of the 403 that says so; NULL of DELEGATE_ALLOWED. */
const char *delegate_code(enum delegate_verdict verdict);

/* Who writes, where. */
struct delegate {
    const struct policy_catalogue *catalogue;
    const struct policy_user *writer; /* as the transaction sees it */
    const struct policy_limit *limit; /* of the API key that was sent; NULL: in person */
    const alees_id *organization;     /* NULL: none */
};

enum { DELEGATE_MOST_LACKS = 20 };

struct delegate_lack {
    const struct policy_role *role; /* that would give it; NULL: the one that is written */
    uint32_t permission;            /* 0: the role as a whole */
    uint32_t field; /* place in the list of the permission's resource; POLICY_NONE: the permission itself */
};

struct delegate_lacks {
    uint32_t count; /* in all, of which at most DELEGATE_MOST_LACKS are told */
    struct delegate_lack items[DELEGATE_MOST_LACKS];
};

struct delegate_membership {
    alees_id user;
    const struct policy_role *const *roles; /* distinct; those that are unknown left out */
    uint32_t role_count;
    bool is_active, inherit;
    int64_t from, until; /* microseconds since 1970, INT64_MIN and INT64_MAX: no bounds */
};

/* before NULL: a new one; after NULL: it is taken away. permission: that of the writing itself. */
enum delegate_verdict delegate_membership(const struct delegate *d, uint32_t permission,
                                          const struct delegate_membership *before,
                                          const struct delegate_membership *after, struct delegate_lacks *ret_lacks);

struct delegate_role {
    const struct policy_role *role; /* as it was; NULL: a new one */
    bool is_below;                  /* carried by a membership that is inherited */
};

/* wanted: what it shall permit, a set; NULL: nothing changes there. */
enum delegate_verdict delegate_role(const struct delegate *d, const struct delegate_role *role, const uint64_t *wanted,
                                    struct delegate_lacks *ret_lacks);
/* wanted: the fields of a resource (its place in the catalogue) that it shall restrict itself to. */
enum delegate_verdict delegate_fields(const struct delegate *d, const struct delegate_role *role, uint32_t resource,
                                      const struct policy_fields wanted[POLICY_ACTIONS],
                                      struct delegate_lacks *ret_lacks);

/* The account of somebody else. permission: to change or to delete users; is_removal: the account goes, nothing of it is
 * taken over. *ret_is_elsewhere: it is about an organization in which the writer lacks the permission itself, or about
 * somebody who is a member of none and is left to those who hold it without organization. */
enum delegate_verdict delegate_account(const struct delegate *d, uint32_t permission, const struct policy_user *user,
                                       bool is_removal, bool *ret_is_elsewhere, struct delegate_lacks *ret_lacks);

/* Does the user carry this role by any membership, good or not? */
bool delegate_carries(const struct policy_user *u, const alees_id *role);

#endif
