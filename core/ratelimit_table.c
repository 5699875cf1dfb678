/* SPDX-License-Identifier: MIT
 * ratelimit_table.c - see ratelimit_table.h.
 *
 * A bucket is one number: the moment at which it will be full again (the "theoretical arrival time" of ATM's generic cell
 * rate algorithm). Taking tokens moves it into the future, by the time that they take to come back; time itself fills it.
 * So a bucket whose moment has passed is full, which is what no bucket means, too: forgetting it loses nothing.
 *
 * Its place is one of the four of a set, a cache line, found by a keyed hash that is also its name there: with 64 bits that
 * nobody can predict, two of a few thousand keys are not taken for each other. Two threads that bring the same key at once
 * may give it two places; from then on the first is found. The other one is never looked at again and fills up. */
#include "ratelimit_table.h"

#include <stdatomic.h>
#include <string.h>

#include "sys.h"

enum { WAYS = 4, LINE = 64 };
#define NS_PER_S UINT64_C(1000000000)
#define WINDOW_NS (RATELIMIT_WINDOW * NS_PER_S)

struct bucket {
    _Atomic uint64_t name; /* 0: free, or being taken */
    _Atomic uint64_t full_ns;
};

struct ratelimit_table {
    uint64_t key[2];
    uint32_t mask;
    struct bucket *buckets;
};

struct ratelimit_table *ratelimit_table_new(struct arena *arena, uint32_t sets) {
    struct ratelimit_table *t = ARENA_NEW(arena, struct ratelimit_table);
    char *memory = arena_alloc_array(arena, LINE, (size_t)sets + 1);
    ASSERT(sets && (sets & (sets - 1)) == 0);
    if (!t || !memory) {
        return NULL;
    }
    _Static_assert(sizeof(struct bucket) * WAYS == LINE, "a set is a cache line");
    memory += (LINE - (uintptr_t)memory % LINE) % LINE;
    t->buckets = (struct bucket *)(void *)memory;
    t->mask = sets - 1;
    sys_random(t->key, sizeof t->key);
    return t;
}

static uint64_t rotate(uint64_t x, unsigned bits) {
    return x << bits | x >> (64 - bits);
}

static void sip_round(uint64_t v[4]) {
    v[0] += v[1];
    v[2] += v[3];
    v[1] = rotate(v[1], 13) ^ v[0];
    v[3] = rotate(v[3], 16) ^ v[2];
    v[0] = rotate(v[0], 32);
    v[2] += v[1];
    v[0] += v[3];
    v[1] = rotate(v[1], 17) ^ v[2];
    v[3] = rotate(v[3], 21) ^ v[0];
    v[2] = rotate(v[2], 32);
}

/* SipHash-1-3 (Aumasson, Bernstein): whoever chooses addresses cannot choose places. Never 0. */
static uint64_t name_of(const struct ratelimit_table *t, alees_str key) {
    uint64_t v[4] = {t->key[0] ^ UINT64_C(0x736f6d6570736575), t->key[1] ^ UINT64_C(0x646f72616e646f6d),
                     t->key[0] ^ UINT64_C(0x6c7967656e657261), t->key[1] ^ UINT64_C(0x7465646279746573)};
    for (size_t at = 0; at <= key.len; at += 8) {
        uint64_t word = 0;
        size_t left = key.len - at;
        memcpy(&word, key.ptr + at, left < 8 ? left : 8);
        if (left < 8) {
            word |= (uint64_t)key.len << 56;
        }
        v[3] ^= word;
        sip_round(v);
        v[0] ^= word;
    }
    v[2] ^= 0xff;
    for (int i = 0; i < 3; i++) {
        sip_round(v);
    }
    uint64_t name = v[0] ^ v[1] ^ v[2] ^ v[3];
    return name ? name : 1;
}

static struct bucket *find(struct ratelimit_table *t, uint64_t name) {
    struct bucket *set = &t->buckets[(name & t->mask) * WAYS], *fullest = set;
    uint64_t least = UINT64_MAX;
    for (int i = 0; i < WAYS; i++) {
        if (atomic_load_explicit(&set[i].name, memory_order_acquire) == name) {
            return &set[i];
        }
        uint64_t full = atomic_load_explicit(&set[i].full_ns, memory_order_relaxed);
        if (full < least) {
            least = full;
            fullest = &set[i];
        }
    }
    /* Without a name nobody finds it while it is emptied; who found it before may still move it, by one request. */
    atomic_store_explicit(&fullest->name, 0, memory_order_relaxed);
    atomic_store_explicit(&fullest->full_ns, 0, memory_order_relaxed);
    atomic_store_explicit(&fullest->name, name, memory_order_release);
    return fullest;
}

static uint32_t seconds(uint64_t ns) {
    return (uint32_t)((ns + NS_PER_S - 1) / NS_PER_S);
}

bool ratelimit_table_spend(struct ratelimit_table *t, alees_str key, uint32_t quota, uint32_t cost, uint64_t now_us,
                           struct ratelimit_state *ret_state) {
    const uint64_t now = now_us * 1000, token = WINDOW_NS / quota;
    const uint64_t price = token * (cost < quota ? cost : quota), most = now + WINDOW_NS;
    struct bucket *b = find(t, name_of(t, key));
    uint64_t full = atomic_load_explicit(&b->full_ns, memory_order_relaxed), next;
    bool is_granted;
    do {
        uint64_t start = full > now ? full : now;
        is_granted = start + price <= most;
        next = is_granted ? start + price : start;
    } while (is_granted && !atomic_compare_exchange_weak_explicit(&b->full_ns, &full, next, memory_order_relaxed,
                                                                  memory_order_relaxed));
    *ret_state = (struct ratelimit_state){.quota = quota,
                                          .remaining = (uint32_t)(next < most ? (most - next) / token : 0),
                                          .reset_s = seconds(next - now),
                                          .wait_s = is_granted ? 0 : seconds(next + price - most)};
    return is_granted;
}
