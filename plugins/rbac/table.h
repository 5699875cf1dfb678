/* SPDX-License-Identifier: MIT
 * table.h - a bounded map from ids to counted objects that do not change, for many threads. Any thread.
 *
 * It lies in 64 shards, each with a lock that is held for a few instructions and never while anything is loaded, so
 * that two requests meet only when they ask for the same shard at the same moment. Over its budget of bytes the table
 * forgets what was not asked for lately (CLOCK: a hand goes round, sparing once what was used since it came by).
 *
 * What is loaded may be out of date before it is put: somebody may have dropped it in between. So a loader first takes
 * a watch, then loads, then puts, and the put does nothing if the shard has heard of a change since the watch. */
#ifndef TABLE_H
#define TABLE_H

#include <stdbool.h>

#include "alees/abi.h"

enum { TABLE_SHARDS = 64 };

struct table_kind {
    void (*hold)(void *object);
    void (*release)(void *object);
    size_t (*bytes)(const void *object); /* may grow: it is looked at whenever the object is asked for */
};

struct table_watch {
    uint64_t changes[TABLE_SHARDS];
};

struct table *table_new(size_t budget, const struct table_kind *kind); /* NULL without memory */
void table_free(struct table *t);                                      /* accepts NULL */

void *table_get(struct table *t, const alees_id *id); /* held for the caller; NULL if absent */
void table_watch(struct table *t, struct table_watch *ret_watch);
/* Keeps a reference of its own, or nothing: without memory, over the budget, or after a change since watch. */
void table_put(struct table *t, const alees_id *id, void *object, const struct table_watch *watch);
/* Puts object in the place of old if that is still there. */
void table_replace(struct table *t, const alees_id *id, const void *old, void *object);
void table_drop(struct table *t, const alees_id *id); /* a change to one */
void table_flush(struct table *t);                    /* a change to any */
size_t table_bytes(const struct table *t);

#endif
