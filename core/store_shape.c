/* SPDX-License-Identifier: MIT
 * store_shape.c - which of the statements that clients make by asking are prepared: those that come again.
 *
 * A client decides which filters, keys and fields a statement has, so there is no end of texts. Those of the boot are
 * registered for ever (store.c); these here compete for UNIT_MAX_SHAPES places:
 *
 *   - A text gets a place when it is asked for a second time within the last few misses: whoever asks a thousand
 *     different things takes nothing from anybody.
 *   - It takes the place that was used least recently. Its serial is new and never comes again; sessions see by it that
 *     another text stood in the place, and deallocate that when they need the place themselves (unit.c).
 *
 * A request never holds on to a place: it has the text in its own memory, and (place, serial) beside it. An evicted
 * statement is sent as text, no worse than before it was known.
 *
 * Places are in sets by the hash of the text, each with a lock that is held for a comparison or two. The hash begins
 * with a secret, so that nobody can choose texts that fall into the set of another. */
#include <stdlib.h>
#include <string.h>

#include "store_impl.h"

enum {
    WAYS = 16,
    SETS = UNIT_MAX_SHAPES / WAYS,
    SEEN = 32,        /* misses of a set that are remembered */
    MAX_TEXT = 32768, /* longer ones have no place */
};

struct place {
    uint64_t hash, serial, used; /* used: the clock of the set */
    const struct alees_self *plugin;
    char *text; /* its own; NULL: free */
    size_t len;
};

struct set {
    pthread_mutex_t lock;
    uint64_t clock;
    uint64_t seen[SEEN]; /* hashes of the last misses, in a ring */
    uint32_t next;
    struct place places[WAYS];
};

struct store_shapes {
    uint64_t seed;
    _Atomic uint64_t serial;
    struct metric *prepared, *evicted;
    struct set sets[SETS];
};

struct store_shapes *store_shapes_new(const uint8_t secret[STORE_SECRET]) {
    struct store_shapes *shapes = calloc(1, sizeof *shapes);
    if (!shapes) {
        return NULL;
    }
    memcpy(&shapes->seed, secret, sizeof shapes->seed);
    for (size_t i = 0; i < SETS; i++) {
        pthread_mutex_init(&shapes->sets[i].lock, NULL);
    }
    shapes->prepared =
        metrics_register(METRICS_COUNTER, "alees_db_shapes_total", "",
                         "Statements made by clients' questions that were given a place among the prepared.");
    shapes->evicted = metrics_register(METRICS_COUNTER, "alees_db_shapes_evicted_total", "",
                                       "Statements that lost such a place to another one.");
    return shapes;
}

void store_shapes_free(struct store_shapes *shapes) {
    for (size_t i = 0; shapes && i < SETS; i++) {
        for (size_t k = 0; k < WAYS; k++) {
            free(shapes->sets[i].places[k].text);
        }
        pthread_mutex_destroy(&shapes->sets[i].lock);
    }
    free(shapes);
}

/* Lock held. */
static struct place *find(struct set *set, uint64_t hash, const struct alees_self *plugin, alees_str text) {
    for (size_t i = 0; i < WAYS; i++) {
        struct place *p = &set->places[i];
        if (p->hash == hash && p->text && p->plugin == plugin && p->len == text.len &&
            memcmp(p->text, text.ptr, text.len) == 0) {
            return p;
        }
    }
    return NULL;
}

/* Lock held. Was this hash among the last misses? It is now. */
static bool is_seen(struct set *set, uint64_t hash) {
    for (size_t i = 0; i < SEEN; i++) {
        if (set->seen[i] == hash) {
            return true;
        }
    }
    set->seen[set->next++ % SEEN] = hash;
    return false;
}

/* Lock held. A free place, or the one used least recently, for the text; NULL without memory. */
static struct place *take(struct store_shapes *shapes, struct set *set, uint64_t hash, const struct alees_self *plugin,
                          alees_str text) {
    struct place *p = &set->places[0];
    char *copy = malloc(text.len);
    if (!copy) {
        return NULL;
    }
    for (size_t i = 1; i < WAYS && p->text; i++) {
        if (!set->places[i].text || set->places[i].used < p->used) {
            p = &set->places[i];
        }
    }
    metrics_add(shapes->evicted, p->text ? 1 : 0);
    metrics_add(shapes->prepared, 1);
    free(p->text);
    memcpy(copy, text.ptr, text.len);
    *p = (struct place){.hash = hash, .plugin = plugin, .text = copy, .len = text.len};
    p->serial = atomic_fetch_add(&shapes->serial, 1) + 1;
    return p;
}

void store_shape(struct store *s, struct statement *statement) {
    struct store_shapes *shapes = s->shapes;
    const alees_str text = {statement->sql, strlen(statement->sql)};
    uint64_t hash = store_hash(shapes->seed, statement->plugin, text);
    size_t at = (size_t)(hash % SETS);
    struct set *set = &shapes->sets[at];
    statement->is_reading = store_is_reading(statement->name, statement->sql);
    statement->number = 0;
    if (text.len == 0 || text.len > MAX_TEXT) {
        return;
    }
    pthread_mutex_lock(&set->lock);
    struct place *p = find(set, hash, statement->plugin, text);
    if (!p && is_seen(set, hash)) {
        p = take(shapes, set, hash, statement->plugin, text);
    }
    if (p) {
        p->used = ++set->clock;
        statement->number = UNIT_MAX_STATEMENTS + 1 + (uint32_t)(at * WAYS + (size_t)(p - set->places));
        statement->serial = p->serial;
    }
    pthread_mutex_unlock(&set->lock);
}
