/* SPDX-License-Identifier: MIT
 * revoke.h - two servers on one database, a user who may see one organization, and every way to end that: a change is made
 * through the first server, and the second is asked until it refuses. */
#ifndef REVOKE_H
#define REVOKE_H

#include "grant.h"
#include "process.h"
#include "proxy.h"

enum { REVOKE_FIRST, REVOKE_SECOND, REVOKE_SERVERS };

struct revoke {
    struct pg pg;
    struct arena *arena;
    struct proxy *proxy; /* NULL: none */
    struct process servers[REVOKE_SERVERS];
    struct caller callers[REVOKE_SERVERS];
    char admin[128], user[128], key[128], key_id[40]; /* tokens; an API key of the user, and which */
    const char *user_id, *here, *there, *unit, *role, *path, *membership_path;
};

/* proxied: the second server reaches PostgreSQL through r->proxy, and gives up on a statement after a second. */
void revoke_open(struct revoke *r, bool proxied);
void revoke_close(struct revoke *r);

struct revoke_way {
    const char *name;
    void (*end)(struct revoke *r);
    void (*give_back)(struct revoke *r);
    bool by_key; /* the API key asks, else the user */
};
enum { REVOKE_WAYS = 7 };
extern const struct revoke_way revoke_ways[REVOKE_WAYS];

/* Waits until the second server allows it, to the user and to the key, and so remembers both; fails the test after ten seconds. */
void revoke_wait_allowed(struct revoke *r);

/* Microseconds since just before the change was sent: when it was answered, when the last request that was allowed was
 * sent, and when the first that was not was answered. */
struct revoke_time {
    uint64_t changed, last_allowed, first_refused;
};
/* Ends the right and asks until it is refused, once more after that. Fails the test when it is allowed for longer than most. */
struct revoke_time revoke_measure(struct revoke *r, const struct revoke_way *way, uint64_t most_us);

#endif
