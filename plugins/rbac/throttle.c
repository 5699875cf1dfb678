/* SPDX-License-Identifier: MIT
 * throttle.c - see throttle.h. An allowance is one number, the moment at which all of it will be back (GCRA, the
 * generic cell rate algorithm): spending moves the moment by the time that one attempt takes to come back. A table of
 * fixed size holds them, eight in a row; a new one takes the place of the one that has spent least. */
#include "throttle.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

#include "alees/util.h"

enum {
    ROWS = 2048,
    PER_ROW = 8,
    PAIR_MS = 30000,    /* one attempt of an account from an address comes back */
    ADDRESS_MS = 3000,  /* one attempt of an address */
    ADDRESS_TIMES = 10, /* attempts of an address for one of an account */
    MOST_NAME = 1024
};

struct allowance {
    uint64_t key;
    int64_t whole_at; /* ms */
};

struct throttle {
    const struct alees_cred_v1 *cred;
    alees_id seed;
    uint32_t attempts;
    pthread_mutex_t lock; /* logins are rare next to what one of them costs */
    struct allowance rows[ROWS][PER_ROW];
};

struct throttle *throttle_new(const struct alees_cred_v1 *cred, uint32_t attempts, alees_id seed) {
    struct throttle *t = calloc(1, sizeof *t);
    if (t) {
        t->cred = cred;
        t->seed = seed;
        t->attempts = attempts;
        pthread_mutex_init(&t->lock, NULL);
    }
    return t;
}

void throttle_free(struct throttle *t) {
    if (t) {
        pthread_mutex_destroy(&t->lock);
        free(t);
    }
}

/* Seed, network, account: what the key is made from. */
static uint64_t key_of(const struct throttle *t, alees_str account, alees_str address) {
    char text[sizeof t->seed + 64 + MOST_NAME];
    struct in6_addr six;
    uint8_t hash[32];
    uint64_t key;
    size_t at = sizeof t->seed, length = address.len < 63 ? address.len : 63;
    memset(text, 0, sizeof t->seed + 64);
    memcpy(text, t->seed.bytes, sizeof t->seed);
    if (length > 0) {
        memcpy(text + at, address.ptr, length);
    }
    if (inet_pton(AF_INET6, text + at, &six) == 1 && !IN6_IS_ADDR_V4MAPPED(&six)) {
        memset(text + at, 0, 64);
        text[at] = '6';
        memcpy(text + at + 1, six.s6_addr, 8);
    }
    at += 64;
    length = account.len < MOST_NAME ? account.len : MOST_NAME;
    if (length > 0) {
        memcpy(text + at, account.ptr, length);
    }
    t->cred->hash_token((alees_str){text, at + length}, hash);
    memcpy(&key, hash, sizeof key);
    return key;
}

/* The allowance with that key; if there is none and make, the one that has spent least becomes it. */
static struct allowance *find(struct throttle *t, uint64_t key, bool make) {
    struct allowance *row = t->rows[key % ROWS], *least = &row[0];
    for (size_t i = 0; i < PER_ROW; i++) {
        if (row[i].key == key) {
            return &row[i];
        }
        least = row[i].whole_at < least->whole_at ? &row[i] : least;
    }
    if (make) {
        *least = (struct allowance){key, 0};
    }
    return make ? least : NULL;
}

/* Milliseconds until one attempt is there. */
static int64_t missing(const struct allowance *a, uint32_t attempts, int64_t interval, int64_t now) {
    int64_t over = a->whole_at - now - ((int64_t)attempts - 1) * interval;
    return over > 0 ? over : 0;
}

static void spend(struct allowance *a, int64_t interval, int64_t now) {
    a->whole_at = (a->whole_at > now ? a->whole_at : now) + interval;
}

uint32_t throttle_spend(struct throttle *t, alees_str account, alees_str address, int64_t now) {
    int64_t wait = 0;
    if (t->attempts == 0) {
        return 0;
    }
    uint64_t pair_key = key_of(t, account, address), address_key = key_of(t, (alees_str){NULL, 0}, address);
    pthread_mutex_lock(&t->lock);
    struct allowance *whole = find(t, address_key, true);
    wait = missing(whole, t->attempts * ADDRESS_TIMES, ADDRESS_MS, now);
    if (wait == 0) {
        spend(whole, ADDRESS_MS, now); /* before the other is looked for, which might take its place */
        struct allowance *pair = find(t, pair_key, true);
        wait = missing(pair, t->attempts, PAIR_MS, now);
        if (wait == 0) {
            spend(pair, PAIR_MS, now);
        }
    }
    pthread_mutex_unlock(&t->lock);
    return (uint32_t)((wait + 999) / 1000);
}

void throttle_give_back(struct throttle *t, alees_str account, alees_str address) {
    if (t->attempts == 0) {
        return;
    }
    uint64_t pair_key = key_of(t, account, address), address_key = key_of(t, (alees_str){NULL, 0}, address);
    pthread_mutex_lock(&t->lock);
    struct allowance *pair = find(t, pair_key, false), *whole = find(t, address_key, false);
    if (pair) {
        pair->whole_at = 0; /* the owner was here */
    }
    if (whole) {
        whole->whole_at -= ADDRESS_MS;
    }
    pthread_mutex_unlock(&t->lock);
}
