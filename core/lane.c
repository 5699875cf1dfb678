/* SPDX-License-Identifier: MIT
 * lane.c - see lane.h.
 *
 * Each thread inside lane_run has a waiter on its stack; those whose unit has been sent stand in the queue, in the
 * order of sending, which is the order of the answers. Everything of a lane is guarded by its mutex. What holds:
 *
 *   - While the queue is not empty there is exactly one leader. It alone reads the socket, waits for it, and closes it;
 *     poll() is the one call it makes without the lock. With an empty queue and no leader, any thread that holds the
 *     lock may close.
 *   - Senders write what the socket takes and no more. If something is left, or the connection broke, they poke the
 *     leader through a pipe: it then waits for reading and for writing, so that a server which will not read on before
 *     its answers are taken never stops both sides. (libpq reads, too, when it cannot write: after a poke the leader
 *     looks at what has come before it waits again.)
 *   - A waiter that sleeps learns that it is done, or leads, from its semaphore alone, and is posted once. It lives on
 *     the stack of the thread that wakes up, so the poster, without the lock by then, touches nothing of it afterwards.
 *     The leader is awake, learns it under the lock, and is never posted. */
#include "lane.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "log.h"
#include "metrics.h"
#include "sys.h"

enum { BACKOFF_FIRST_MS = 50, BACKOFF_LAST_MS = 2000 };

struct waiter {
    struct waiter *next; /* in the queue; later, among those to wake */
    struct unit *unit;
    uint64_t deadline_us;
    sem_t wake;
    bool is_asleep, is_done;
    bool must_lead; /* set before the post, read after it */
    alees_rc rc;
};

enum lane_state {
    LANE_DOWN,       /* no session; the first caller after retry_us connects */
    LANE_CONNECTING, /* a caller is at it, without the lock */
    LANE_UP,
    LANE_BROKEN /* a sender failed: the leader closes */
};

struct lane {
    pthread_mutex_t mutex;
    struct session *session; /* LANE_UP and LANE_BROKEN */
    struct waiter *head, **tail, *leader;
    int poke[2]; /* the pipe: read end, write end */
    bool has_output;
    uint32_t backoff_ms;
    /* These three are written under the lock and read without it, to choose a lane. */
    atomic_int state;
    atomic_uint depth; /* of the queue */
    _Atomic uint64_t retry_us;
};

struct lanes {
    struct lane_options options;
    struct metric *under_way, *refused, *connects, *losses;
    struct lane lane[]; /* options.lanes of them */
};

static void wake_all(struct waiter *list) {
    while (list) {
        struct waiter *w = list;
        list = w->next;
        sem_post(&w->wake);
    }
}

static void poke(struct lane *lane) {
    ssize_t written = write(lane->poke[1], "", 1);
    (void)written; /* a full pipe is poke enough */
}

/* Lock held. Answers the oldest; adds it to *wake if it sleeps. */
static void answer(struct lane *lane, alees_rc rc, struct waiter **wake) {
    struct waiter *w = lane->head;
    lane->head = w->next;
    if (!lane->head) {
        lane->tail = &lane->head;
    }
    atomic_fetch_sub_explicit(&lane->depth, 1, memory_order_relaxed);
    w->rc = rc;
    w->is_done = true;
    if (w->is_asleep) {
        w->is_asleep = false;
        w->next = *wake;
        *wake = w;
    }
}

/* Lock held, by the leader or with an empty queue. Everybody is told; the next caller connects again. */
static void lose(struct lanes *lanes, struct lane *lane, const char *why, struct waiter **wake) {
    log_warn("database lane lost, %u units under way: %s", atomic_load_explicit(&lane->depth, memory_order_relaxed),
             why);
    metrics_add(lanes->losses, 1);
    while (lane->head) {
        answer(lane, ALEES_E_UNAVAILABLE, wake);
    }
    session_close(lane->session);
    lane->session = NULL;
    lane->leader = NULL;
    lane->has_output = false;
    atomic_store_explicit(&lane->retry_us, 0, memory_order_relaxed);
    atomic_store_explicit(&lane->state, LANE_DOWN, memory_order_relaxed);
}

/* Lock held, by the leader. Writes what is left, sorts what has come. */
static void advance(struct lanes *lanes, struct lane *lane, struct waiter **wake) {
    struct db *db = session_db(lane->session);
    int unsent = lane->has_output ? db_flush(db) : 0;
    bool is_alive = lane->state == LANE_UP && unsent >= 0 && db_consume(db);
    lane->has_output = unsent > 0;
    /* Also after the end of the stream: what came before it is an answer. */
    while (lane->head) {
        enum unit_state state = unit_receive(lane->head->unit, lane->session);
        if (state != UNIT_COMPLETE) {
            is_alive = is_alive && state == UNIT_WAITING;
            break;
        }
        answer(lane, ALEES_OK, wake);
    }
    if (!is_alive) {
        lose(lanes, lane, "the connection broke", wake);
    } else if (lane->head && sys_monotonic_us() >= lane->head->deadline_us) {
        lose(lanes, lane, "no answer in time", wake);
    }
}

/* Lock held, given up in between. The socket has something, or takes something, or somebody poked, or time is up. */
static void wait_for_socket(struct lane *lane, struct waiter *wake) {
    uint64_t deadline = lane->head->deadline_us;
    uint64_t now = sys_monotonic_us();
    struct pollfd p[2] = {
        {.fd = db_socket(session_db(lane->session)), .events = (short)(POLLIN | (lane->has_output ? POLLOUT : 0))},
        {.fd = lane->poke[0], .events = POLLIN},
    };
    pthread_mutex_unlock(&lane->mutex);
    wake_all(wake);
    (void)poll(p, 2, deadline > now ? (int)((deadline - now) / 1000 + 1) : 0);
    pthread_mutex_lock(&lane->mutex);
    if (p[1].revents) {
        char bytes[64];
        while (read(lane->poke[0], bytes, sizeof bytes) > 0) {
        }
    }
}

/* Lock held; gone on return. Works for all until w is answered, then hands over to the oldest in the queue. */
static void lead(struct lanes *lanes, struct lane *lane, struct waiter *w) {
    struct waiter *wake = NULL, *next = NULL;
    while (!w->is_done) {
        wait_for_socket(lane, wake);
        wake = NULL;
        advance(lanes, lane, &wake);
    }
    if (lane->leader == w) { /* not when the session was lost: then nobody is left to lead */
        next = lane->head;
        lane->leader = next;
    }
    if (next) {
        ASSERT(next->is_asleep);
        next->is_asleep = false;
        next->must_lead = true;
    }
    pthread_mutex_unlock(&lane->mutex);
    if (next) {
        sem_post(&next->wake);
    }
    wake_all(wake);
}

/* Lock held; gone on return. */
static void follow(struct lanes *lanes, struct lane *lane, struct waiter *w) {
    w->is_asleep = true;
    pthread_mutex_unlock(&lane->mutex);
    while (sem_wait(&w->wake) != 0) { /* a signal */
    }
    if (w->must_lead) {
        pthread_mutex_lock(&lane->mutex);
        lead(lanes, lane, w);
    }
}

/* Lock held, given up while connecting. */
static void connect_again(struct lanes *lanes, struct lane *lane) {
    char why[DB_WHY];
    struct session *session = NULL;
    atomic_store_explicit(&lane->state, LANE_CONNECTING, memory_order_relaxed);
    pthread_mutex_unlock(&lane->mutex);
    alees_rc rc = session_open(&lanes->options.db, &session, why);
    pthread_mutex_lock(&lane->mutex);
    if (rc == ALEES_OK) {
        metrics_add(lanes->connects, 1);
        lane->session = session;
        lane->backoff_ms = BACKOFF_FIRST_MS;
        atomic_store_explicit(&lane->state, LANE_UP, memory_order_relaxed);
        return;
    }
    log_warn("database lane cannot connect, next attempt in %u ms: %s", lane->backoff_ms, why);
    uint64_t retry = sys_monotonic_us() + (uint64_t)lane->backoff_ms * 1000;
    atomic_store_explicit(&lane->retry_us, retry, memory_order_relaxed);
    atomic_store_explicit(&lane->state, LANE_DOWN, memory_order_relaxed);
    lane->backoff_ms = lane->backoff_ms * 2 < BACKOFF_LAST_MS ? lane->backoff_ms * 2 : BACKOFF_LAST_MS;
}

/* Lock held, perhaps given up in between. Can a unit be sent now? On a lane that was idle a look at the socket tells
 * whether the server has closed it meanwhile: the unit, which has not been sent, then goes to a fresh connection. */
static bool is_ready(struct lanes *lanes, struct lane *lane) {
    if (lane->state == LANE_UP && !lane->head && !lane->leader && db_is_gone(session_db(lane->session))) {
        struct waiter *nobody = NULL;
        lose(lanes, lane, "closed by the server while idle", &nobody);
    }
    if (lane->state == LANE_DOWN && sys_monotonic_us() >= lane->retry_us) {
        connect_again(lanes, lane);
    }
    return lane->state == LANE_UP && lane->depth < lanes->options.depth;
}

/* The lane with the fewest units, or one that may be connected again; NULL: none. */
static struct lane *choose(struct lanes *lanes) {
    struct lane *best = NULL;
    unsigned least = lanes->options.depth;
    for (uint32_t i = 0; i < lanes->options.lanes; i++) {
        struct lane *lane = &lanes->lane[i];
        int state = atomic_load_explicit(&lane->state, memory_order_relaxed);
        unsigned depth = atomic_load_explicit(&lane->depth, memory_order_relaxed);
        if (state == LANE_DOWN && sys_monotonic_us() >= atomic_load_explicit(&lane->retry_us, memory_order_relaxed)) {
            return lane;
        }
        if (state == LANE_UP && depth < least) {
            best = lane;
            least = depth;
        }
    }
    return best;
}

/* A lane that a unit can be sent on, locked; NULL if there is none. */
static struct lane *take(struct lanes *lanes) {
    /* A lane that is not ready after all will not be chosen again soon: it is full, or has just failed to connect. */
    for (uint32_t i = 0; i <= lanes->options.lanes; i++) {
        struct lane *lane = choose(lanes);
        if (!lane) {
            return NULL;
        }
        pthread_mutex_lock(&lane->mutex);
        if (is_ready(lanes, lane)) {
            return lane;
        }
        pthread_mutex_unlock(&lane->mutex);
    }
    return NULL;
}

/* Lock held. A failure is the leader's to clear up, even if that is the sender itself. */
static void send_unit(struct lane *lane, struct waiter *w) {
    *lane->tail = w;
    lane->tail = &w->next;
    atomic_fetch_add_explicit(&lane->depth, 1, memory_order_relaxed);
    if (!lane->leader) {
        lane->leader = w;
    }
    int unsent = unit_send(w->unit, lane->session) ? db_flush(session_db(lane->session)) : -1;
    lane->has_output = unsent > 0;
    if (unsent < 0) {
        atomic_store_explicit(&lane->state, LANE_BROKEN, memory_order_relaxed);
    }
    if (unsent != 0) {
        poke(lane);
    }
}

alees_rc lane_run(struct lanes *lanes, struct unit *u) {
    struct lane *lane = take(lanes);
    if (!lane) {
        metrics_add(lanes->refused, 1);
        return ALEES_E_UNAVAILABLE;
    }
    struct waiter w = {.unit = u, .deadline_us = sys_monotonic_us() + (uint64_t)lanes->options.timeout_ms * 1000};
    sem_init(&w.wake, 0, 0);
    metrics_add(lanes->under_way, 1);
    send_unit(lane, &w);
    if (lane->leader == &w) {
        lead(lanes, lane, &w);
    } else {
        follow(lanes, lane, &w);
    }
    metrics_add(lanes->under_way, -1);
    sem_destroy(&w.wake);
    return w.rc;
}

static alees_rc open_lane(struct lane *lane) {
    if (pipe(lane->poke) != 0) {
        return ALEES_E_UNAVAILABLE;
    }
    for (int end = 0; end < 2; end++) {
        if (fcntl(lane->poke[end], F_SETFL, O_NONBLOCK) != 0 || fcntl(lane->poke[end], F_SETFD, FD_CLOEXEC) != 0) {
            return ALEES_E_UNAVAILABLE;
        }
    }
    return ALEES_OK;
}

static void register_metrics(struct lanes *lanes) {
    lanes->under_way = metrics_register(METRICS_GAUGE, "alees_db_lane_units", "", "Units under way on the lanes.");
    lanes->refused = metrics_register(METRICS_COUNTER, "alees_db_lane_refused_total", "",
                                      "Units refused because no lane was up or all were full.");
    lanes->connects = metrics_register(METRICS_COUNTER, "alees_db_connects_total", "kind=\"lane\"",
                                       "Connections made to PostgreSQL.");
    lanes->losses = metrics_register(METRICS_COUNTER, "alees_db_losses_total", "kind=\"lane\"",
                                     "Connections to PostgreSQL that broke.");
}

alees_rc lane_open(const struct lane_options *options, struct lanes **ret_lanes, char why[DB_WHY]) {
    struct lanes *lanes = calloc(1, sizeof *lanes + options->lanes * sizeof lanes->lane[0]);
    if (!lanes) {
        snprintf(why, DB_WHY, "out of memory");
        return ALEES_E_NOMEM;
    }
    lanes->options = *options;
    register_metrics(lanes);
    alees_rc rc = ALEES_OK;
    for (uint32_t i = 0; i < options->lanes; i++) {
        struct lane *lane = &lanes->lane[i];
        pthread_mutex_init(&lane->mutex, NULL);
        lane->tail = &lane->head;
        lane->backoff_ms = BACKOFF_FIRST_MS;
        lane->poke[0] = lane->poke[1] = -1;
        if (rc == ALEES_OK) {
            snprintf(why, DB_WHY, "no pipe for a lane");
            rc = open_lane(lane);
        }
        if (rc == ALEES_OK) {
            rc = session_open(&options->db, &lane->session, why);
        }
        if (rc == ALEES_OK) {
            metrics_add(lanes->connects, 1);
            lane->state = LANE_UP;
        }
    }
    if (rc != ALEES_OK) {
        lane_close(lanes);
        return rc;
    }
    *ret_lanes = lanes;
    return ALEES_OK;
}

void lane_close(struct lanes *lanes) {
    if (!lanes) {
        return;
    }
    for (uint32_t i = 0; i < lanes->options.lanes; i++) {
        struct lane *lane = &lanes->lane[i];
        ASSERT(!lane->head && !lane->leader);
        session_close(lane->session);
        for (int end = 0; end < 2; end++) {
            if (lane->poke[end] >= 0) {
                close(lane->poke[end]);
            }
        }
        pthread_mutex_destroy(&lane->mutex);
    }
    free(lanes);
}
