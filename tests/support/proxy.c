/* SPDX-License-Identifier: MIT
 * proxy.c - see proxy.h. */
#include "test.h"

#include "proxy.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <unistd.h>

#include "served.h"

enum { MOST = 64, TICK_MS = 20 };

struct link { /* [0] to the server under test, [1] to PostgreSQL; closed: -1 */
    int sockets[2];
    bool is_listener, is_dropped, ends_with_answer;
};

struct proxy {
    struct sockaddr_in target;
    int door;
    uint32_t port;
    pthread_t thread;
    atomic_bool is_over;
    pthread_mutex_t mutex; /* of what follows */
    struct link links[MOST];
    uint32_t count, lost;
    enum proxy_loss loss;
};

static void cut(struct link *l) {
    for (int i = 0; i < 2; i++) {
        if (l->sockets[i] >= 0) {
            (void)close(l->sockets[i]);
        }
        l->sockets[i] = -1;
    }
}

static bool has(const char *bytes, size_t count, const char *word, size_t length) {
    for (size_t i = 0; i + length <= count; i++) {
        if (memcmp(bytes + i, word, length) == 0) {
            return true;
        }
    }
    return false;
}

/* What the server sends: is it a LISTEN, or the COMMIT that shall be lost? False: it does not go on. */
static bool look(struct proxy *p, struct link *l, const char *bytes, size_t count) {
    static const char bind_commit[] = "\0commit"; /* of an unnamed portal, the statement of core/unit.c, and a NUL */
    l->is_listener = l->is_listener || has(bytes, count, "LISTEN ", 7);
    if (p->loss != PROXY_NOTHING_LOST && has(bytes, count, bind_commit, sizeof bind_commit)) {
        bool is_answer = p->loss == PROXY_ANSWER_LOST;
        p->loss = PROXY_NOTHING_LOST;
        p->lost++;
        l->ends_with_answer = is_answer;
        return is_answer;
    }
    return true;
}

static bool send_all(int socket, const char *bytes, size_t count) {
    while (count) {
        ssize_t n = send(socket, bytes, count, MSG_NOSIGNAL);
        if (n < 0) {
            return false;
        }
        bytes += n;
        count -= (size_t)n;
    }
    return true;
}

static void pass(struct proxy *p, struct link *l, int from) {
    char bytes[16384];
    ssize_t n = recv(l->sockets[from], bytes, sizeof bytes, 0);
    if (n <= 0 || (from == 1 && l->ends_with_answer)) {
        cut(l);
    } else if (!l->is_dropped &&
               ((from == 0 && !look(p, l, bytes, (size_t)n)) || !send_all(l->sockets[!from], bytes, (size_t)n))) {
        cut(l);
    }
}

static void admit(struct proxy *p) {
    const int on = 1;
    struct link *l = NULL;
    int client = accept(p->door, NULL, NULL), server = socket(AF_INET, SOCK_STREAM, 0);
    for (uint32_t i = 0; i < MOST && !l; i++) {
        l = p->links[i].sockets[0] < 0 ? &p->links[i] : NULL;
    }
    if (!l || client < 0 || connect(server, (const struct sockaddr *)(const void *)&p->target, sizeof p->target) != 0) {
        (void)close(client);
        (void)close(server);
        return;
    }
    (void)setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    (void)setsockopt(server, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    *l = (struct link){.sockets = {client, server}};
}

static void *run(void *data) {
    struct proxy *p = data;
    while (!atomic_load(&p->is_over)) {
        struct pollfd polls[1 + 2 * MOST] = {{.fd = p->door, .events = POLLIN}};
        for (size_t i = 0; i < 2 * (size_t)MOST; i++) {
            polls[1 + i] = (struct pollfd){.fd = p->links[i / 2].sockets[i % 2], .events = POLLIN};
        }
        if (poll(polls, ARRAY_LEN(polls), TICK_MS) <= 0) {
            continue;
        }
        pthread_mutex_lock(&p->mutex);
        for (size_t i = 0; i < 2 * (size_t)MOST; i++) {
            struct link *l = &p->links[i / 2];
            if (polls[1 + i].revents && l->sockets[i % 2] == polls[1 + i].fd) {
                pass(p, l, (int)(i % 2));
            }
        }
        if (polls[0].revents) {
            admit(p);
        }
        pthread_mutex_unlock(&p->mutex);
    }
    return NULL;
}

struct proxy *proxy_open(const char *host, uint32_t port) {
    struct proxy *p = calloc(1, sizeof *p);
    assert_non_null(p);
    p->target.sin_family = AF_INET;
    p->target.sin_port = htons((uint16_t)port);
    assert_int_equal(inet_pton(AF_INET, strcmp(host, "localhost") == 0 ? "127.0.0.1" : host, &p->target.sin_addr), 1);
    for (size_t i = 0; i < MOST; i++) {
        p->links[i].sockets[0] = p->links[i].sockets[1] = -1;
    }
    p->door = served_listen(&p->port);
    assert_int_equal(pthread_mutex_init(&p->mutex, NULL), 0);
    assert_int_equal(pthread_create(&p->thread, NULL, run, p), 0);
    return p;
}

void proxy_close(struct proxy *p) {
    atomic_store(&p->is_over, true);
    (void)pthread_join(p->thread, NULL);
    for (size_t i = 0; i < MOST; i++) {
        cut(&p->links[i]);
    }
    (void)close(p->door);
    (void)pthread_mutex_destroy(&p->mutex);
    free(p);
}

uint32_t proxy_port(const struct proxy *p) {
    return p->port;
}

static void drop(struct proxy *p, bool all) {
    pthread_mutex_lock(&p->mutex);
    for (size_t i = 0; i < MOST; i++) {
        p->links[i].is_dropped = p->links[i].is_dropped || all || p->links[i].is_listener;
    }
    pthread_mutex_unlock(&p->mutex);
}

void proxy_drop_listeners(struct proxy *p) {
    drop(p, false);
}

void proxy_drop_all(struct proxy *p) {
    drop(p, true);
}

uint32_t proxy_listeners(struct proxy *p) {
    uint32_t count = 0;
    pthread_mutex_lock(&p->mutex);
    for (size_t i = 0; i < MOST; i++) {
        count += p->links[i].sockets[0] >= 0 && p->links[i].is_listener && !p->links[i].is_dropped;
    }
    pthread_mutex_unlock(&p->mutex);
    return count;
}

void proxy_lose_commit(struct proxy *p, enum proxy_loss loss) {
    pthread_mutex_lock(&p->mutex);
    p->loss = loss;
    pthread_mutex_unlock(&p->mutex);
}

uint32_t proxy_lost_commits(struct proxy *p) {
    pthread_mutex_lock(&p->mutex);
    uint32_t lost = p->lost;
    pthread_mutex_unlock(&p->mutex);
    return lost;
}
