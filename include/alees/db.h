/* SPDX-License-Identifier: MIT
 *
 * alees/db.h - the plugin's declared statements, run under its own database role and the caller's organizations.
 * There is no connection object and no way to name another organization.
 */
#ifndef ALEES_DB_H
#define ALEES_DB_H

#include "alees/abi.h"

#ifdef __cplusplus
extern "C" {
#endif

#define ALEES_DB_V1 "alees.db/1"
struct alees_db_v1 {
    uint32_t struct_size, reserved0;
    /* Runs a statement of this plugin's own list in the ctx's transaction (or by itself: see ALEES_ROUTE_READ and
     * ALEES_STATEMENT_ALONE). params are text as PostgreSQL reads it, an absent one is NULL; they are copied; count equals nparams.
     * *ret_rows is written on success only. Fails with E_CONFLICT (unique, protected, serialization), E_INVALID (check,
     * reference, not null), E_UNAVAILABLE, E_DENIED (row-level security), E_NOMEM or E_INTERNAL, the answer to the
     * client already set. [owner] */
    alees_rc (*run)(alees_self *self, alees_ctx *ctx, const struct alees_statement *statement, const alees_str *params,
                    uint32_t count, alees_rows **ret_rows);
    uint32_t (*count)(const alees_rows *rows);   /* rows that came back. [owner] */
    uint64_t (*changed)(const alees_rows *rows); /* rows inserted, updated or deleted. [owner] */
    alees_str (*text)(const alees_rows *rows, uint32_t row, uint32_t column); /* absent if NULL. [owner] */
    /* From start only: calls on_message for each NOTIFY on channel, one at a time, on a thread of the host with a ctx of
     * its own, and with payload absent whenever messages may have been missed (connected again): then forget
     * everything. The payload is a hint that anyone may have sent: re-read, never believe. [boot] */
    alees_rc (*listen)(alees_self *self, const char *channel,
                       void (*on_message)(void *state, alees_ctx *ctx, alees_str payload));
    /* Calls run(state of self, ctx, data) once the ctx's transaction has been committed, before the client is answered;
     * never if it is rolled back. For caches that must not show the past to whoever made a change. data must live as long
     * as the ctx. E_NOMEM. [owner] */
    alees_rc (*after_commit)(alees_self *self, alees_ctx *ctx, void (*run)(void *state, alees_ctx *ctx, void *data),
                             void *data);
    /* Milliseconds since the listener was last proven alive; past 2000 nothing cached may be believed. [any] */
    uint32_t (*listener_age)(alees_self *self);
};

#ifdef __cplusplus
}
#endif
#endif
