/* SPDX-License-Identifier: MIT
 * listen.c - see listen.h.
 *
 * Two threads: one waits for notifications and calls the subscribers; the other sends the heartbeats, so that a lane
 * that is slow never holds up a message. What they share is guarded by the mutex, but for
 * the time of the last proof. */
#include "listen.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "log.h"
#include "str.h"
#include "sys.h"

enum {
    BEAT_MS = 500,
    BEATS = 16,     /* how many may be on their way */
    DEAF_MS = 5000, /* heartbeats were sent and none came for so long: connect again */
    RETRY_FIRST_MS = 50,
    RETRY_LAST_MS = 1000,
    MAX_CHANNEL = 63, /* bytes; PostgreSQL would cut off the rest */
    BEAT_MEMORY = 65536
};

struct subscriber {
    struct subscriber *next;
    struct alees_self *plugin;
    char channel[MAX_CHANNEL + 1];
    void (*on_message)(void *state, alees_ctx *ctx, alees_str payload);
};

struct beat {
    char word[33]; /* random: nobody else can pretend that it came back */
    uint64_t sent_us;
};

struct listener {
    struct db_options db;
    struct lanes *lanes;
    struct listen_hooks hooks;
    struct subscriber *subscribers, **last;
    char channel[MAX_CHANNEL + 1]; /* of the heartbeats */
    struct session *session;       /* the listening thread's; NULL: down */
    struct arena *arena;           /* the same thread's, for LISTEN */
    uint64_t up_since_us;
    bool must_flush; /* messages may have been missed: subscribers have to be told first */
    uint32_t retry_ms;

    pthread_t ears, heart;
    bool has_threads;
    int stop[2]; /* a pipe: its end stops both */
    pthread_mutex_t mutex;
    pthread_cond_t flushed;
    bool is_flushed;
    struct beat beats[BEATS];
    uint32_t next_beat;
    uint64_t last_sent_us;     /* of those that PostgreSQL took */
    _Atomic uint64_t proof_us; /* when the last beat that came back had been sent; 0: none */
};

struct listener *listen_new(const struct db_options *db, struct lanes *lanes) {
    struct listener *l = calloc(1, sizeof *l);
    struct arena *arena = arena_new(BEAT_MEMORY);
    if (!l || !arena || pipe(l->stop) != 0) {
        arena_free(arena);
        free(l);
        return NULL;
    }
    uint8_t random[16];
    sys_random(random, sizeof random);
    int n = snprintf(l->channel, sizeof l->channel, "alees_heartbeat_");
    for (size_t i = 0; i < sizeof random; i++) {
        n += snprintf(l->channel + n, sizeof l->channel - (size_t)n, "%02x", random[i]);
    }
    fcntl(l->stop[0], F_SETFD, FD_CLOEXEC);
    fcntl(l->stop[1], F_SETFD, FD_CLOEXEC);
    l->db = *db;
    l->lanes = lanes;
    l->arena = arena;
    l->last = &l->subscribers;
    l->retry_ms = RETRY_FIRST_MS;
    pthread_mutex_init(&l->mutex, NULL);
    pthread_cond_init(&l->flushed, NULL);
    return l;
}

alees_rc listen_add(struct listener *l, struct alees_self *plugin, const char *channel,
                    void (*on_message)(void *state, alees_ctx *ctx, alees_str payload)) {
    size_t length = strlen(channel);
    if (length == 0 || length > MAX_CHANNEL) {
        return ALEES_E_INVALID;
    }
    struct subscriber *s = calloc(1, sizeof *s);
    if (!s) {
        return ALEES_E_NOMEM;
    }
    memcpy(s->channel, channel, length + 1);
    s->plugin = plugin;
    s->on_message = on_message;
    *l->last = s;
    l->last = &s->next;
    return ALEES_OK;
}

/* false: no memory for a ctx, the message is not delivered. */
static bool deliver(struct listener *l, const struct subscriber *s, alees_str payload) {
    alees_ctx *ctx = l->hooks.make(l->hooks.data, s->plugin);
    if (!ctx) {
        return false;
    }
    s->on_message(s->plugin ? s->plugin->state : NULL, ctx, payload);
    l->hooks.end(l->hooks.data, ctx);
    return true;
}

static void flush_subscribers(struct listener *l) {
    l->must_flush = false;
    for (const struct subscriber *s = l->subscribers; s; s = s->next) {
        if (!deliver(l, s, (alees_str){NULL, 0})) {
            l->must_flush = true;
        }
    }
    if (!l->must_flush) {
        pthread_mutex_lock(&l->mutex);
        l->is_flushed = true;
        pthread_cond_broadcast(&l->flushed);
        pthread_mutex_unlock(&l->mutex);
    }
}

/* A beat that came back proves all that was committed before it was sent. One sent on an earlier connection cannot
 * come: this one did not listen yet. */
static void on_beat(struct listener *l, const char *word) {
    pthread_mutex_lock(&l->mutex);
    for (uint32_t i = 0; i < BEATS; i++) {
        struct beat *b = &l->beats[i];
        if (b->sent_us && strcmp(b->word, word) == 0) {
            atomic_store(&l->proof_us, b->sent_us);
            b->sent_us = 0;
        }
    }
    pthread_mutex_unlock(&l->mutex);
}

static void hear(struct listener *l) {
    struct db_notification n;
    while (db_notification(session_db(l->session), &n)) {
        if (strcmp(n.channel, l->channel) == 0) {
            if (!l->must_flush) {
                on_beat(l, n.payload);
            }
        } else {
            alees_str payload = {n.payload, strlen(n.payload)};
            for (const struct subscriber *s = l->subscribers; s; s = s->next) {
                if (strcmp(s->channel, n.channel) == 0 && !deliver(l, s, payload)) {
                    l->must_flush = true; /* as good as missed */
                    atomic_store(&l->proof_us, 0);
                }
            }
        }
        db_forget_notification(&n);
    }
}

static const char *listen_sql(struct arena *arena, const char *channel) {
    struct str sql;
    str_init(&sql, arena, 128);
    str_puts(&sql, "LISTEN ");
    str_ident(&sql, channel);
    return str_done(&sql).ptr;
}

/* LISTEN holds from the commit on, which is the Sync at the end of the unit. */
static bool send_listens(struct listener *l, struct session *s) {
    uint32_t count = 1;
    for (const struct subscriber *sub = l->subscribers; sub; sub = sub->next) {
        count++;
    }
    struct store_call *calls = ARENA_ARRAY(l->arena, struct store_call, count);
    struct statement *statements = ARENA_ARRAY(l->arena, struct statement, count);
    struct unit *u = ARENA_NEW(l->arena, struct unit);
    if (!calls || !statements || !u) {
        return false;
    }
    const struct subscriber *sub = l->subscribers;
    for (uint32_t i = 0; i < count; i++) {
        statements[i].sql = listen_sql(l->arena, i == 0 ? l->channel : sub->channel);
        calls[i].statement = &statements[i];
        sub = i == 0 ? sub : sub->next;
        if (!statements[i].sql) {
            return false;
        }
    }
    uint64_t deadline = sys_monotonic_us() + (uint64_t)l->db.connect_timeout_ms * 1000;
    return unit_init(u, l->arena, calls, count) == ALEES_OK && unit_run(u, s, deadline) && !u->error;
}

static alees_rc connect_ears(struct listener *l, char why[DB_WHY]) {
    struct session *s = NULL;
    alees_rc rc = session_open(&l->db, &s, why);
    if (rc != ALEES_OK) {
        return rc;
    }
    bool is_listening = send_listens(l, s);
    arena_reset(l->arena);
    if (!is_listening) {
        snprintf(why, DB_WHY, "LISTEN failed");
        session_close(s);
        return ALEES_E_UNAVAILABLE;
    }
    l->session = s;
    l->up_since_us = sys_monotonic_us();
    l->must_flush = true;
    return ALEES_OK;
}

static void lose_ears(struct listener *l, const char *why) {
    log_warn("database listener lost: %s", why);
    atomic_store(&l->proof_us, 0);
    session_close(l->session);
    l->session = NULL;
}

/* Beats are taken by PostgreSQL, but this connection has heard none of them for long. */
static bool is_deaf(struct listener *l) {
    uint64_t heard = atomic_load(&l->proof_us);
    uint64_t since = heard > l->up_since_us ? heard : l->up_since_us;
    pthread_mutex_lock(&l->mutex);
    bool deaf = l->last_sent_us > since + (uint64_t)DEAF_MS * 1000;
    pthread_mutex_unlock(&l->mutex);
    return deaf;
}

static void listen_once(struct listener *l) {
    if (l->must_flush) {
        flush_subscribers(l);
    }
    hear(l);
    struct pollfd p[2] = {{.fd = db_socket(session_db(l->session)), .events = POLLIN},
                          {.fd = l->stop[0], .events = POLLIN}};
    (void)poll(p, 2, l->must_flush ? RETRY_FIRST_MS : BEAT_MS);
    if (p[0].revents && !db_consume(session_db(l->session))) {
        lose_ears(l, "the connection broke");
    } else if (is_deaf(l)) {
        lose_ears(l, "it hears nothing");
    }
}

static bool must_stop(struct listener *l, int wait_ms) {
    struct pollfd p = {.fd = l->stop[0], .events = POLLIN};
    return poll(&p, 1, wait_ms) > 0;
}

static void *run_ears(void *data) {
    struct listener *l = data;
    char why[DB_WHY];
    while (!must_stop(l, 0)) {
        if (l->session) {
            listen_once(l);
        } else if (connect_ears(l, why) == ALEES_OK) {
            l->retry_ms = RETRY_FIRST_MS;
            log_info("database listener connected again");
        } else {
            log_warn("database listener cannot connect, next attempt in %u ms: %s", l->retry_ms, why);
            if (must_stop(l, (int)l->retry_ms)) {
                break;
            }
            l->retry_ms = l->retry_ms * 2 < RETRY_LAST_MS ? l->retry_ms * 2 : RETRY_LAST_MS;
        }
    }
    return NULL;
}

static const struct statement notify = {.nparams = 2, .sql = "SELECT pg_notify($1, $2)", .name = "heartbeat"};

static void send_beat(struct listener *l, struct arena *arena) {
    uint8_t random[16];
    char word[33];
    uint64_t now = sys_monotonic_us();
    sys_random(random, sizeof random);
    for (size_t i = 0; i < sizeof random; i++) {
        snprintf(word + 2 * i, 3, "%02x", random[i]);
    }
    pthread_mutex_lock(&l->mutex);
    struct beat *b = &l->beats[l->next_beat++ % BEATS];
    memcpy(b->word, word, sizeof word);
    b->sent_us = now;
    pthread_mutex_unlock(&l->mutex);

    const alees_str params[2] = {{l->channel, strlen(l->channel)}, {word, sizeof word - 1}};
    const struct store_call call = {.statement = &notify, .params = params};
    struct unit *u = ARENA_NEW(arena, struct unit);
    if (u && unit_init(u, arena, &call, 1) == ALEES_OK && lane_run(l->lanes, u) == ALEES_OK && !u->error) {
        pthread_mutex_lock(&l->mutex);
        l->last_sent_us = now;
        pthread_mutex_unlock(&l->mutex);
    }
    arena_reset(arena);
}

static void *run_heart(void *data) {
    struct listener *l = data;
    struct arena *arena = arena_new(BEAT_MEMORY);
    if (!arena) {
        log_error("no memory for heartbeats: the listener counts as dead");
        return NULL;
    }
    do {
        send_beat(l, arena);
    } while (!must_stop(l, BEAT_MS));
    arena_free(arena);
    return NULL;
}

alees_rc listen_start(struct listener *l, const struct listen_hooks *hooks, char why[DB_WHY]) {
    l->hooks = *hooks;
    alees_rc rc = connect_ears(l, why);
    if (rc != ALEES_OK) {
        return rc;
    }
    if (pthread_create(&l->ears, NULL, run_ears, l) != 0) {
        snprintf(why, DB_WHY, "no thread for the listener");
        return ALEES_E_NOMEM;
    }
    if (pthread_create(&l->heart, NULL, run_heart, l) != 0) {
        snprintf(why, DB_WHY, "no thread for the heartbeats");
        (void)!write(l->stop[1], "", 1);
        pthread_join(l->ears, NULL);
        return ALEES_E_NOMEM;
    }
    l->has_threads = true;
    pthread_mutex_lock(&l->mutex);
    while (!l->is_flushed) {
        pthread_cond_wait(&l->flushed, &l->mutex);
    }
    pthread_mutex_unlock(&l->mutex);
    return ALEES_OK;
}

uint32_t listen_age_ms(struct listener *l) {
    uint64_t proof = atomic_load_explicit(&l->proof_us, memory_order_acquire);
    uint64_t age = (sys_monotonic_us() - proof) / 1000;
    return proof != 0 && age < UINT32_MAX ? (uint32_t)age : UINT32_MAX;
}

void listen_stop(struct listener *l) {
    if (!l) {
        return;
    }
    if (l->has_threads) {
        (void)!write(l->stop[1], "", 1);
        pthread_join(l->ears, NULL);
        pthread_join(l->heart, NULL);
    }
    session_close(l->session);
    while (l->subscribers) {
        struct subscriber *s = l->subscribers;
        l->subscribers = s->next;
        free(s);
    }
    close(l->stop[0]);
    close(l->stop[1]);
    pthread_cond_destroy(&l->flushed);
    pthread_mutex_destroy(&l->mutex);
    arena_free(l->arena);
    free(l);
}
