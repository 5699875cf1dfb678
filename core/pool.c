/* SPDX-License-Identifier: MIT
 * pool.c - see pool.h. */
#include "pool.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "log.h"
#include "metrics.h"
#include "sys.h"

enum { BACKOFF_FIRST_MS = 50, BACKOFF_LAST_MS = 2000 };

/* Guarded by mutex, which is never held over a system call on a connection. A session is either among the free ones, or
 * lent and known to its borrower only. */
struct pool {
    struct pool_options options;
    pthread_mutex_t mutex;
    pthread_cond_t given;
    uint32_t lent; /* sessions taken, or being connected */
    uint32_t slow; /* of them for what may take long */
    uint32_t most_slow;
    uint32_t free_count; /* the last one given is taken first: the others may stay cold */
    bool is_probing;     /* after a failure one caller tries to connect */
    uint64_t retry_us;   /* no attempt before this time; 0: the last attempt succeeded */
    uint32_t backoff_ms;
    struct metric *in_use, *waits, *refused, *connects, *losses;
    struct session *free[];
};

struct pool *pool_new(const struct pool_options *options) {
    struct pool *p = calloc(1, sizeof *p + options->connections * sizeof p->free[0]);
    if (!p) {
        return NULL;
    }
    p->options = *options;
    p->backoff_ms = BACKOFF_FIRST_MS;
    p->most_slow = options->connections - (options->connections + 2) / 4;
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&p->given, &monotonic);
    pthread_condattr_destroy(&monotonic);
    pthread_mutex_init(&p->mutex, NULL);
    p->in_use = metrics_register(METRICS_GAUGE, "alees_db_pool_in_use", "", "Connections of the pool that are lent.");
    p->waits =
        metrics_register(METRICS_COUNTER, "alees_db_pool_waits_total", "", "Times a free connection was awaited.");
    p->refused = metrics_register(METRICS_COUNTER, "alees_db_pool_refused_total", "",
                                  "Times no connection became free, or none could be made.");
    p->connects = metrics_register(METRICS_COUNTER, "alees_db_connects_total", "kind=\"pool\"",
                                   "Connections made to PostgreSQL.");
    p->losses = metrics_register(METRICS_COUNTER, "alees_db_losses_total", "kind=\"pool\"",
                                 "Connections to PostgreSQL that broke.");
    return p;
}

void pool_free(struct pool *p) {
    if (p) {
        ASSERT(p->lent == 0);
        for (uint32_t i = 0; i < p->free_count; i++) {
            session_close(p->free[i]);
        }
        pthread_cond_destroy(&p->given);
        pthread_mutex_destroy(&p->mutex);
        free(p);
    }
}

static bool has_place(const struct pool *p, bool is_slow) {
    return p->lent < p->options.connections && (!is_slow || p->slow < p->most_slow);
}

static void take_place(struct pool *p, bool is_slow) {
    p->lent++;
    p->slow += is_slow ? 1 : 0;
}

/* Lock held. Everybody who waits looks: not each of them may have it. */
static void leave_place(struct pool *p, bool is_slow) {
    p->lent--;
    p->slow -= is_slow ? 1 : 0;
    pthread_cond_broadcast(&p->given);
}

/* Lock held. A place among those who may use a connection. false: none became free in time. */
static bool wait_for_place(struct pool *p, bool is_slow) {
    if (has_place(p, is_slow)) {
        take_place(p, is_slow);
        return true;
    }
    uint64_t until = sys_monotonic_us() + (uint64_t)p->options.wait_ms * 1000;
    struct timespec deadline = {.tv_sec = (time_t)(until / 1000000), .tv_nsec = (long)(until % 1000000) * 1000};
    metrics_add(p->waits, 1);
    int late = 0;
    while (!has_place(p, is_slow) && late == 0) {
        late = pthread_cond_timedwait(&p->given, &p->mutex, &deadline);
    }
    if (!has_place(p, is_slow)) {
        return false;
    }
    take_place(p, is_slow);
    return true;
}

/* Lock held, given up while connecting. While PostgreSQL is away one caller tries, the others fail at once. */
static struct session *connect_one(struct pool *p) {
    bool is_away = p->retry_us != 0;
    if (is_away && (p->is_probing || sys_monotonic_us() < p->retry_us)) {
        return NULL;
    }
    char why[DB_WHY];
    struct session *s = NULL;
    p->is_probing = is_away;
    pthread_mutex_unlock(&p->mutex);
    alees_rc rc = session_open(&p->options.db, &s, why);
    pthread_mutex_lock(&p->mutex);
    if (is_away) {
        p->is_probing = false;
    }
    if (rc == ALEES_OK) {
        metrics_add(p->connects, 1);
        p->retry_us = 0;
        p->backoff_ms = BACKOFF_FIRST_MS;
        return s;
    }
    log_warn("database pool cannot connect, next attempt in %u ms: %s", p->backoff_ms, why);
    p->retry_us = sys_monotonic_us() + (uint64_t)p->backoff_ms * 1000;
    p->backoff_ms = p->backoff_ms * 2 < BACKOFF_LAST_MS ? p->backoff_ms * 2 : BACKOFF_LAST_MS;
    return NULL;
}

/* Lock held, given up in between. A free session that the server has not closed meanwhile, or a fresh one. */
static struct session *find(struct pool *p) {
    while (p->free_count > 0) {
        struct session *s = p->free[--p->free_count];
        pthread_mutex_unlock(&p->mutex);
        bool is_gone = db_is_gone(session_db(s));
        if (is_gone) {
            metrics_add(p->losses, 1);
            session_close(s);
        }
        pthread_mutex_lock(&p->mutex);
        if (!is_gone) {
            return s;
        }
    }
    return connect_one(p);
}

static alees_rc take(struct pool *p, bool is_slow, struct session **ret_session) {
    struct session *s = NULL;
    pthread_mutex_lock(&p->mutex);
    if (wait_for_place(p, is_slow)) {
        s = find(p);
        if (!s) {
            leave_place(p, is_slow);
        }
    }
    pthread_mutex_unlock(&p->mutex);
    if (!s) {
        metrics_add(p->refused, 1);
        return ALEES_E_UNAVAILABLE;
    }
    metrics_add(p->in_use, 1);
    *ret_session = s;
    return ALEES_OK;
}

alees_rc pool_take(struct pool *p, struct session **ret_session) {
    return take(p, false, ret_session);
}

alees_rc pool_take_slow(struct pool *p, struct session **ret_session) {
    return take(p, true, ret_session);
}

static void give(struct pool *p, bool is_slow, struct session *s) {
    bool is_good = db_is_idle(session_db(s));
    if (!is_good) {
        metrics_add(p->losses, 1);
        session_close(s);
    }
    metrics_add(p->in_use, -1);
    pthread_mutex_lock(&p->mutex);
    if (is_good) {
        p->free[p->free_count++] = s;
    }
    leave_place(p, is_slow);
    pthread_mutex_unlock(&p->mutex);
}

void pool_give(struct pool *p, struct session *s) {
    give(p, false, s);
}

void pool_give_slow(struct pool *p, struct session *s) {
    give(p, true, s);
}

alees_rc pool_run(struct pool *p, struct session *s, struct unit *u) {
    /* Each statement may take its full time; the grace of one is enough for all. */
    uint32_t statements = u->count ? u->count : 1;
    uint64_t deadline = sys_monotonic_us() + (uint64_t)p->options.timeout_ms * statements * 1000;
    return unit_run(u, s, deadline) ? ALEES_OK : ALEES_E_UNAVAILABLE;
}
