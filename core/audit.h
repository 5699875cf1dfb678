/* SPDX-License-Identifier: MIT
 * audit.h - the built-in plugin `audit`: it serves the trail, offers alees.audit/1, and prunes what is old. Level 3.
 *
 * The trail of changes is written by a trigger of its schema (core/sql/audit_0004_moved.sql), which `alees migrate` puts
 * on each declared table (migrate_audit.c); the server only says who writes (ctx_actor, in store_run.c). */
#ifndef AUDIT_H
#define AUDIT_H

#include "alees/audit.h"
#include "ctx.h"

extern const struct alees_plugin audit_plugin;

/* A 403 to a user who is logged in: one entry, written when the client has its answer, unless there were too many of this
 * user within the minute. Does nothing before the plugin has started. */
void audit_denied(alees_ctx *ctx);

/* What happened to one row, as far as it may be told. The scope is that of who views the RESOURCE: the trail's own
 * permission is not asked for. */
struct audit_question {
    const char *resource;    /* "product.product" */
    alees_str object, owner; /* ids; owner: of a part, else absent */
    bool is_all;             /* without row-level security: a superuser's */
    alees_str organizations; /* that row-level security lets through, "{uuid,uuid}" */
    alees_str places;        /* that the host does; absent: all */
    bool is_shared;          /* and what everybody sees */
    bool is_owned;           /* but nothing that is in no organization */
    bool is_gone;            /* only if the row has been deleted */
    alees_str start;         /* the id of the entry to go on from; absent: from the latest */
    bool is_backward;        /* towards the later ones, the earliest first */
    uint32_t most;
};
enum audit_column { /* of the answer; the first is the id */
                    AUDIT_ID,
                    AUDIT_AT,
                    AUDIT_ACTION,
                    AUDIT_USER,
                    AUDIT_KEY,
                    AUDIT_REQUEST,
                    AUDIT_ORGANIZATION,
                    AUDIT_SCOPE,
                    AUDIT_CHANGES
};
alees_rc audit_history(alees_ctx *ctx, const struct audit_question *q, alees_rows **ret_rows) MUST_CHECK;

#endif
