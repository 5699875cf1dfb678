/* SPDX-License-Identifier: MIT
 * audit.h - the built-in plugin `audit`: it serves the trail, offers alees.audit/1, and prunes what is old. Level 3.
 *
 * The trail of changes is written by a trigger of its schema (core/sql/audit_0001_entry.sql), which `alees migrate` puts
 * on each declared table (migrate_audit.c); the server only says who writes (ctx_actor, in store_run.c). */
#ifndef AUDIT_H
#define AUDIT_H

#include "alees/audit.h"
#include "ctx.h"

extern const struct alees_plugin audit_plugin;

/* A 403 to a user who is logged in: one entry, written when the client has its answer, unless there were too many of this
 * user within the minute. Does nothing before the plugin has started. */
void audit_denied(alees_ctx *ctx);

#endif
