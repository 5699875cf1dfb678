/* SPDX-License-Identifier: MIT
 * hooks.h - what the hooks of this plugin's resources share: membership.c, role.c, account.c. In each, what may be written
 * is judged in the transaction that writes it, on what that transaction sees, by the rules of delegate.h. */
#ifndef RBAC_HOOKS_H
#define RBAC_HOOKS_H

#include "delegate.h"
#include "rbac.h"

/* One write, between begin and end. */
struct hook {
    struct rbac *r;
    alees_ctx *ctx;
    alees_change *change;
    uint32_t action;
    alees_id organization;      /* of the row, if it has one */
    struct policy_user *writer; /* as the transaction sees it */
    struct delegate delegate;
};

/* Reads who writes. about: what will be asked about; lock: those organizations are locked. The row's own organization, if it
 * has one, is what delegate asks about. resource: a name, and the writer must still hold the permission to write it there,
 * or is refused; NULL: the caller asks for that. On ALEES_OK call hook_end. */
alees_rc hook_begin(struct hook *h, struct rbac *r, alees_ctx *ctx, alees_change *change, const char *resource,
                    const struct rbac_about *about);
void hook_end(struct hook *h);

/* What the field will hold: the value sent, else what it holds now. */
alees_str hook_value(const struct hook *h, const char *field);
bool hook_is_true(alees_str value); /* as PostgreSQL or a client writes it */
/* Is the writer a superuser, in person? */
bool hook_is_superuser(const struct hook *h);
/* "{id}" of the row's organization; absent if it has none. */
alees_str hook_organization(struct rbac *r, alees_ctx *ctx, const alees_change *change);
/* One array of two, "{a,b}" and "{c}"; either may be absent. Absent without memory. */
alees_str hook_join(struct rbac *r, alees_ctx *ctx, alees_str one, alees_str other);

/* 422 for one field. */
alees_rc hook_refuse(const struct hook *h, const char *field, const char *code, const char *detail);
/* The same for an id that names nothing, or nothing that may be used here: nobody can tell which. */
alees_rc hook_refuse_reference(const struct hook *h, const char *field);
/* 403, for a verdict other than DELEGATE_ALLOWED, with an item of errors for each lack; field: what would give it. */
alees_rc hook_deny(const struct hook *h, enum delegate_verdict verdict, const char *field,
                   const struct delegate_lacks *lacks);
/* 403 with a code of its own. */
alees_rc hook_fail(const struct hook *h, const char *code, const char *detail);

#endif
