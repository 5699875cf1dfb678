/* SPDX-License-Identifier: MIT
 * table.c - see table.h. */
#include "table.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "alees/util.h"

struct entry {
    alees_id id;
    void *object;
    size_t bytes;               /* charged for it */
    struct entry *beside;       /* in the same bucket */
    struct entry *next, *prior; /* in the ring of the shard */
    bool is_used;               /* since the hand came by */
};

struct shard {
    _Alignas(64) pthread_mutex_t lock;
    uint64_t changes;
    struct entry **buckets;
    struct entry *hand; /* NULL: empty */
};

struct table {
    const struct table_kind *kind;
    size_t budget;
    atomic_size_t bytes;
    atomic_uint turn; /* the shard that forgets next */
    uint32_t mask;    /* of the buckets of a shard */
    struct shard shards[TABLE_SHARDS];
};

enum { LEAST_ENTRY = 512 }; /* bytes, to guess how many entries the budget may hold */

static uint64_t hash_id(const alees_id *id) {
    uint64_t words[2];
    memcpy(words, id->bytes, sizeof words);
    uint64_t hash = (words[0] ^ (words[1] << 32 | words[1] >> 32)) * 0x9e3779b97f4a7c15u;
    return (hash ^ hash >> 29) * 0xbf58476d1ce4e5b9u;
}

static struct shard *shard_of(struct table *t, uint64_t hash) {
    return &t->shards[hash >> 58]; /* 64 = 1 << 6 */
}

static bool is_of(const struct entry *e, const alees_id *id) { /* two words and no call */
    uint64_t left[2], right[2];
    memcpy(left, e->id.bytes, sizeof left);
    memcpy(right, id->bytes, sizeof right);
    return left[0] == right[0] && left[1] == right[1];
}

static struct entry **place(const struct table *t, struct shard *s, uint64_t hash, const alees_id *id) {
    struct entry **at = &s->buckets[(hash >> 20) & t->mask];
    while (*at && !is_of(*at, id)) {
        at = &(*at)->beside;
    }
    return at;
}

struct table *table_new(size_t budget, const struct table_kind *kind) {
    size_t buckets = 8;
    while (buckets < 65536 && buckets * 2 * LEAST_ENTRY * TABLE_SHARDS <= budget) {
        buckets *= 2;
    }
    struct table *t = aligned_alloc(64, (sizeof *t + 63) / 64 * 64);
    struct entry **memory = calloc(TABLE_SHARDS * buckets, sizeof(struct entry *));
    if (!t || !memory) {
        free(t);
        free(memory);
        return NULL;
    }
    memset(t, 0, sizeof *t);
    t->kind = kind;
    t->budget = budget;
    t->mask = (uint32_t)buckets - 1;
    for (size_t i = 0; i < TABLE_SHARDS; i++) {
        pthread_mutex_init(&t->shards[i].lock, NULL);
        t->shards[i].buckets = memory + i * buckets;
    }
    return t;
}

void table_free(struct table *t) {
    if (t) {
        table_flush(t);
        for (size_t i = 0; i < TABLE_SHARDS; i++) {
            pthread_mutex_destroy(&t->shards[i].lock);
        }
        free(t->shards[0].buckets);
        free(t);
    }
}

/* Takes an entry out of bucket and ring; the caller forgets it after unlocking. */
static void take_out(struct table *t, struct shard *s, struct entry *e) {
    struct entry **at = &s->buckets[(hash_id(&e->id) >> 20) & t->mask];
    for (; *at; at = &(*at)->beside) {
        if (*at == e) {
            *at = e->beside;
            break;
        }
    }
    e->prior->next = e->next;
    e->next->prior = e->prior;
    if (s->hand == e) {
        s->hand = e->next == e ? NULL : e->next;
    }
    atomic_fetch_sub(&t->bytes, e->bytes);
}

static void forget(const struct table *t, struct entry *e) {
    if (e) {
        t->kind->release(e->object);
        free(e);
    }
}

static void charge(struct table *t, struct entry *e) {
    size_t bytes = t->kind->bytes(e->object) + sizeof *e;
    if (bytes != e->bytes) {
        atomic_fetch_add(&t->bytes, bytes - e->bytes); /* modulo: may be less */
        e->bytes = bytes;
    }
}

/* One round of the hand at most; the entry taken out, or NULL if the shard is empty. */
static struct entry *choose(struct table *t, struct shard *s) {
    while (s->hand) {
        struct entry *e = s->hand;
        if (!e->is_used) {
            take_out(t, s, e);
            return e;
        }
        e->is_used = false;
        s->hand = e->next;
    }
    return NULL;
}

/* Down to the budget, shard by shard. Locks one at a time. */
static void shrink(struct table *t) {
    for (uint32_t empty = 0; empty < TABLE_SHARDS && atomic_load(&t->bytes) > t->budget;) {
        struct shard *s = &t->shards[atomic_fetch_add(&t->turn, 1) % TABLE_SHARDS];
        pthread_mutex_lock(&s->lock);
        struct entry *e = choose(t, s);
        pthread_mutex_unlock(&s->lock);
        empty = e ? 0 : empty + 1;
        forget(t, e);
    }
}

void *table_get(struct table *t, const alees_id *id) {
    uint64_t hash = hash_id(id);
    struct shard *s = shard_of(t, hash);
    void *object = NULL;
    pthread_mutex_lock(&s->lock);
    struct entry *e = *place(t, s, hash, id);
    if (e) {
        object = e->object;
        t->kind->hold(object);
        e->is_used = true;
        charge(t, e);
    }
    pthread_mutex_unlock(&s->lock);
    if (object && atomic_load_explicit(&t->bytes, memory_order_relaxed) > t->budget) {
        shrink(t);
    }
    return object;
}

void table_watch(struct table *t, struct table_watch *ret_watch) {
    for (size_t i = 0; i < TABLE_SHARDS; i++) {
        pthread_mutex_lock(&t->shards[i].lock);
        ret_watch->changes[i] = t->shards[i].changes;
        pthread_mutex_unlock(&t->shards[i].lock);
    }
}

static void link_entry(struct shard *s, struct entry **at, struct entry *e) {
    *at = e;
    e->next = s->hand ? s->hand : e;
    e->prior = s->hand ? s->hand->prior : e; /* just behind the hand: it comes by last */
    e->prior->next = e;
    e->next->prior = e;
    if (!s->hand) {
        s->hand = e;
    }
}

void table_put(struct table *t, const alees_id *id, void *object, const struct table_watch *watch) {
    uint64_t hash = hash_id(id);
    struct shard *s = shard_of(t, hash);
    struct entry *fresh = calloc(1, sizeof *fresh), *old = NULL;
    if (!fresh) {
        return;
    }
    fresh->id = *id;
    fresh->object = object;
    t->kind->hold(object);
    pthread_mutex_lock(&s->lock);
    if (s->changes == watch->changes[s - t->shards]) {
        old = *place(t, s, hash, id);
        if (old) {
            take_out(t, s, old);
        }
        link_entry(s, place(t, s, hash, id), fresh);
        charge(t, fresh);
        fresh = NULL;
    }
    pthread_mutex_unlock(&s->lock);
    forget(t, old);
    forget(t, fresh);
    shrink(t);
}

void table_replace(struct table *t, const alees_id *id, const void *old, void *object) {
    uint64_t hash = hash_id(id);
    struct shard *s = shard_of(t, hash);
    void *released = NULL;
    pthread_mutex_lock(&s->lock);
    struct entry *e = *place(t, s, hash, id);
    if (e && e->object == old) {
        released = e->object;
        e->object = object;
        t->kind->hold(object);
        charge(t, e);
    }
    pthread_mutex_unlock(&s->lock);
    if (released) {
        t->kind->release(released);
    }
}

void table_drop(struct table *t, const alees_id *id) {
    uint64_t hash = hash_id(id);
    struct shard *s = shard_of(t, hash);
    pthread_mutex_lock(&s->lock);
    s->changes++;
    struct entry *e = *place(t, s, hash, id);
    if (e) {
        take_out(t, s, e);
    }
    pthread_mutex_unlock(&s->lock);
    forget(t, e);
}

void table_flush(struct table *t) {
    for (size_t i = 0; i < TABLE_SHARDS; i++) {
        struct shard *s = &t->shards[i];
        struct entry *gone = NULL;
        pthread_mutex_lock(&s->lock);
        s->changes++;
        while (s->hand) {
            struct entry *e = s->hand;
            take_out(t, s, e);
            e->beside = gone;
            gone = e;
        }
        pthread_mutex_unlock(&s->lock);
        while (gone) {
            struct entry *next = gone->beside;
            forget(t, gone);
            gone = next;
        }
    }
}

size_t table_bytes(const struct table *t) {
    return atomic_load(&t->bytes);
}
