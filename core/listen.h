/* SPDX-License-Identifier: MIT
 * listen.h - one connection that LISTENs, and the proof that it hears. Level 3.
 *
 * Every 500 ms a notification with a fresh random word is sent over the lanes. When it comes back on this connection,
 * everything that was committed before it was sent has come before it: listen_age_ms counts from
 * that moment. */
#ifndef LISTEN_H
#define LISTEN_H

#include "lane.h"
#include "plugin.h"

struct listener;

/* lanes and db->url are kept and must outlive it. NULL without memory. */
struct listener *listen_new(const struct db_options *db, struct lanes *lanes) MUST_CHECK;
/* Before listen_start; see db.h: listen. E_INVALID for a name that is empty or longer than 63 bytes, E_NOMEM. */
alees_rc listen_add(struct listener *l, struct alees_self *plugin, const char *channel,
                    void (*on_message)(void *state, alees_ctx *ctx, alees_str payload)) MUST_CHECK;

struct listen_hooks {
    alees_ctx *(*make)(void *data, struct alees_self *plugin); /* a ctx for one message; NULL without memory */
    void (*end)(void *data, alees_ctx *ctx);
    void *data;
};
/* Connects, LISTENs, commits, then starts the threads and tells every subscriber to forget what it read before. */
alees_rc listen_start(struct listener *l, const struct listen_hooks *hooks, char why[DB_WHY]) MUST_CHECK;
uint32_t listen_age_ms(struct listener *l); /* UINT32_MAX: not proven alive */
void listen_stop(struct listener *l);       /* joins the threads, frees all; accepts NULL */

#endif
