/* SPDX-License-Identifier: MIT
 * wire.c - a client that sends any bytes whatsoever. */
#include "test.h"

#include "wire.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "alees/util.h"
#include "record.h"

enum { PATIENCE_MS = 15000 };

void wire_open(struct wire *w, uint32_t port) {
    const int on = 1;
    struct sockaddr_in address;
    memset(w, 0, sizeof *w);
    memset(&address, 0, sizeof address);
    address.sin_family = AF_INET;
    address.sin_port = htons((uint16_t)port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    w->socket = socket(AF_INET, SOCK_STREAM, 0);
    assert_true(w->socket >= 0);
    (void)setsockopt(w->socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (connect(w->socket, (const struct sockaddr *)(const void *)&address, sizeof address) != 0) {
        print_error("connect: %s\n", strerror(errno));
        fail();
    }
}

void wire_close(struct wire *w) {
    (void)close(w->socket);
    free(w->bytes);
    free(w->sent);
    memset(w, 0, sizeof *w);
    w->socket = -1;
}

void wire_send(struct wire *w, const void *bytes, size_t len) {
    const char *p = bytes;
    if (record_socket_world()) {
        w->sent = realloc(w->sent, w->sent_len + len + 1);
        assert_non_null(w->sent);
        memcpy(w->sent + w->sent_len, bytes, len);
        w->sent_len += len;
        w->sent[w->sent_len] = '\0';
    }
    while (len) {
        ssize_t n = send(w->socket, p, len, MSG_NOSIGNAL);
        if (n < 0) {
            assert_true(errno == EPIPE || errno == ECONNRESET);
            return;
        }
        p += n;
        len -= (size_t)n;
    }
}

void wire_puts(struct wire *w, const char *text) {
    wire_send(w, text, strlen(text));
}

/* Waits for more; false at the end of the connection or of our patience. */
static bool receive(struct wire *w) {
    struct pollfd wait = {.fd = w->socket, .events = POLLIN};
    if (w->cap - w->len < 65536) {
        w->cap = w->cap * 2 + 65537;
        w->bytes = realloc(w->bytes, w->cap);
        assert_non_null(w->bytes);
    }
    if (poll(&wait, 1, PATIENCE_MS) <= 0) {
        return false;
    }
    ssize_t n = recv(w->socket, w->bytes + w->len, w->cap - w->len - 1, 0);
    if (n <= 0) {
        return false;
    }
    w->len += (size_t)n;
    w->bytes[w->len] = '\0';
    return true;
}

static void copy_code(struct wire_answer *a) {
    const char *code = strstr(a->body, "\"code\":\"");
    if (code) {
        (void)sscanf(code + 8, "%63[a-z_]", a->code);
    }
}

/* The first request that has no answer yet, with this one. Whoever sends nonsense gets none of it recorded. */
static void write_down(struct wire *w, const struct wire_answer *a, size_t head) {
    char method[16], path[2048];
    const char *end = w->sent ? strstr(w->sent, "\r\n\r\n") : NULL, *line = w->sent ? strstr(w->sent, "\r\n") : NULL;
    if (!end || sscanf(w->sent, "%15[A-Z] %2047[!-~] HTTP/1.1\r\n", method, path) != 2) {
        return;
    }
    const char *length = strstr(w->sent, "Content-Length: ");
    size_t before = (size_t)(end + 4 - w->sent), left = w->sent_len - before;
    size_t body = length && length < end ? strtoul(length + 16, NULL, 10) : 0;
    body = body < left ? body : left;
    record_put(&(struct record){.world = record_socket_world(),
                                .method = alees_text(method),
                                .path = alees_text(path),
                                .request_head = {line + 2, (size_t)(end - line)},
                                .request_body = {end + 4, body},
                                .status = a->status,
                                .head = {w->bytes, head - 2},
                                .body = {w->bytes + head, a->body_length}});
    w->sent_len = left - body;
    memmove(w->sent, end + 4 + body, w->sent_len + 1);
}

struct wire_answer wire_take(struct wire *w, bool head_only) {
    struct wire_answer a;
    size_t length = 0;
    const char *end;
    memset(&a, 0, sizeof a);
    while (w->len == 0 || !strstr(w->bytes, "\r\n\r\n")) {
        if (!receive(w)) {
            return a;
        }
    }
    end = strstr(w->bytes, "\r\n\r\n") + 4;
    size_t head = (size_t)(end - w->bytes);
    if (sscanf(w->bytes, "HTTP/1.1 %u", &a.status) != 1) {
        print_error("not an answer: %.80s\n", w->bytes);
        fail();
    }
    const char *header = strstr(w->bytes, "\r\nContent-Length: ");
    if (header && header < end && !head_only) {
        length = strtoul(header + 18, NULL, 10);
    }
    header = strstr(w->bytes, "\r\nConnection: close\r\n");
    a.close = header && header < end;
    while (w->len < head + length) {
        if (!receive(w)) {
            print_error("an answer of %zu bytes ended early\n", length);
            fail();
        }
    }
    a.body_length = length;
    memcpy(a.body, w->bytes + head, length < sizeof a.body - 1 ? length : sizeof a.body - 1);
    copy_code(&a);
    write_down(w, &a, head);
    memmove(w->bytes, w->bytes + head + length, w->len - head - length + 1);
    w->len -= head + length;
    return a;
}

bool wire_is_ended(struct wire *w) {
    struct pollfd wait = {.fd = w->socket, .events = POLLIN};
    char byte;
    return w->len == 0 && poll(&wait, 1, PATIENCE_MS) == 1 && recv(w->socket, &byte, 1, 0) <= 0;
}

struct wire_answer wire_alone(uint32_t port, const void *bytes, size_t len) {
    struct wire w;
    struct wire_answer a;
    wire_open(&w, port);
    wire_send(&w, bytes, len);
    a = wire_take(&w, false);
    if (a.status && !wire_is_ended(&w)) {
        print_error("more came after status %u: %.200s\n", a.status, w.bytes);
        fail();
    }
    wire_close(&w);
    return a;
}

void wire_drain(struct wire *w) {
    while (receive(w)) {
    }
}

size_t wire_unchunk(char *body, bool *ret_is_whole) {
    char *in = body, *out = body;
    for (;;) {
        char *end;
        size_t size = strtoul(in, &end, 16);
        if (end == in || strncmp(end, "\r\n", 2) != 0 || strlen(end + 2) < size + 2) {
            *ret_is_whole = false;
            break;
        }
        if (size == 0) {
            *ret_is_whole = strcmp(end, "\r\n\r\n") == 0;
            break;
        }
        memmove(out, end + 2, size);
        out += size;
        in = end + 2 + size;
        assert_int_equal(strncmp(in, "\r\n", 2), 0);
        in += 2;
    }
    *out = '\0';
    return (size_t)(out - body);
}
