/* SPDX-License-Identifier: MIT
 * audit_limit.c - see audit_limit.h. A table of fixed size, eight in a row; a new one takes the place of the one that was
 * quiet for longest. The lock is held for a few dozen instructions. */
#include "audit_limit.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 256, PER_ROW = 8, MINUTE_US = 60 * 1000 * 1000 };

struct bucket {
    alees_id user;
    uint64_t action; /* hash of its name; 0: the bucket is free */
    uint64_t minute;
    uint64_t suppressed;
    uint32_t written; /* within that minute */
};

struct audit_limit {
    uint32_t per_minute;
    pthread_mutex_t lock;
    struct bucket rows[ROWS][PER_ROW];
};

struct audit_limit *audit_limit_new(uint32_t per_minute) {
    struct audit_limit *l = calloc(1, sizeof *l);
    if (l) {
        l->per_minute = per_minute;
        pthread_mutex_init(&l->lock, NULL);
    }
    return l;
}

void audit_limit_free(struct audit_limit *l) {
    if (l) {
        pthread_mutex_destroy(&l->lock);
        free(l);
    }
}

/* FNV-1a */
static uint64_t hash(uint64_t h, const void *bytes, size_t size) {
    const uint8_t *p = bytes;
    for (size_t i = 0; i < size; i++) {
        h = (h ^ p[i]) * 0x100000001b3u;
    }
    return h;
}

static struct bucket *find(struct audit_limit *l, const alees_id *user, uint64_t action) {
    uint64_t h = hash(action, user, sizeof *user);
    struct bucket *row = l->rows[(h ^ h >> 32) % ROWS], *quiet = &row[0];
    for (size_t i = 0; i < PER_ROW; i++) {
        if (row[i].action == action && memcmp(&row[i].user, user, sizeof *user) == 0) {
            return &row[i];
        }
        quiet = row[i].action == 0 || (quiet->action != 0 && row[i].minute < quiet->minute) ? &row[i] : quiet;
    }
    *quiet = (struct bucket){.user = *user, .action = action};
    return quiet;
}

bool audit_limit_take(struct audit_limit *l, const alees_id *user, const char *action, uint64_t now_us,
                      uint64_t *ret_suppressed) {
    static const alees_id nobody;
    uint64_t name = hash(0xcbf29ce484222325u, action, strlen(action)) | 1, minute = now_us / MINUTE_US + 1;
    bool may = false;
    pthread_mutex_lock(&l->lock);
    struct bucket *b = find(l, user ? user : &nobody, name);
    if (b->minute != minute) {
        b->minute = minute;
        b->written = 0;
    }
    if (b->written < l->per_minute) {
        b->written++;
        *ret_suppressed = b->suppressed;
        b->suppressed = 0;
        may = true;
    } else {
        b->suppressed++;
    }
    pthread_mutex_unlock(&l->lock);
    return may;
}
