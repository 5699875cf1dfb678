/* SPDX-License-Identifier: MIT
 * proxy.h - a network between a server and PostgreSQL that fails on demand. It sits on a port of this machine, understands
 * nothing but a few words of the stream (so connect without TLS: sslmode=disable), and runs on a thread of its own. */
#ifndef PROXY_H
#define PROXY_H

#include "base.h"

struct proxy;

struct proxy *proxy_open(const char *host, uint32_t port); /* to PostgreSQL; fails the test when it cannot */
void proxy_close(struct proxy *p);                         /* with all connections */
uint32_t proxy_port(const struct proxy *p);

/* From now on nothing passes, either way, on the connections that said LISTEN (on all that there are). They stay open, and
 * later ones work: as a path through the network that was lost without a word. */
void proxy_drop_listeners(struct proxy *p);
void proxy_drop_all(struct proxy *p);
uint32_t proxy_listeners(struct proxy *p); /* connections that said LISTEN and still work */

enum proxy_loss {
    PROXY_NOTHING_LOST,
    PROXY_COMMIT_LOST, /* the next COMMIT does not reach PostgreSQL, the connection breaks */
    PROXY_ANSWER_LOST  /* it does, and is carried out, but the connection breaks before the answer */
};
void proxy_lose_commit(struct proxy *p, enum proxy_loss loss);
uint32_t proxy_lost_commits(struct proxy *p);

#endif
