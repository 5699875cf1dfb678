/* SPDX-License-Identifier: MIT
 * process.c - see process.h. */
#include "test.h"

#include "process.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "record.h"
#include "served.h"

enum { READY_MS = 20000, STEP_MS = 20 };

static bool accepts(uint32_t port) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    int probe = socket(AF_INET, SOCK_STREAM, 0);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    bool is_open = connect(probe, (const struct sockaddr *)(const void *)&address, sizeof address) == 0;
    (void)close(probe);
    return is_open;
}

static bool is_ready(uint32_t port) {
    struct caller c = {.port = port};
    bool is_good = accepts(port) && caller_ask(&c, "GET", "/readyz", NULL, NULL).status == 200;
    caller_close(&c);
    return is_good;
}

void process_start(struct process *p, const char *conf, const char *const *more) {
    char number[16];
    record_shipped_server();
    int taken = served_listen(&p->port);
    (void)close(taken);
    (void)snprintf(number, sizeof number, "%u", p->port);
    (void)fflush(NULL);
    p->pid = fork();
    assert_true(p->pid >= 0);
    if (p->pid == 0) {
        (void)setenv("ALEES_SERVER_PORT", number, 1);
        for (; more && more[0]; more += 2) {
            (void)setenv(more[0], more[1], 1);
        }
        (void)execl(ALEES_BINARY, "alees", "-c", conf, "serve", (char *)NULL);
        _exit(127);
    }
    for (int waited = 0; !is_ready(p->port); waited += STEP_MS) {
        assert_true(waited < READY_MS && waitpid(p->pid, NULL, WNOHANG) == 0);
        nanosleep(&(struct timespec){.tv_nsec = STEP_MS * 1000000L}, NULL);
    }
}

void process_stop(struct process *p) {
    int status;
    assert_int_equal(kill(p->pid, SIGTERM), 0);
    assert_int_equal(waitpid(p->pid, &status, 0), p->pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

void caller_close(struct caller *c) {
    if (c->is_open) {
        wire_close(&c->wire);
    }
    c->is_open = false;
}

/* The server ends connections that were idle for long. */
static bool is_ended(const struct caller *c) {
    char byte;
    return recv(c->wire.socket, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

struct wire_answer caller_ask(struct caller *c, const char *method, const char *path, const char *token,
                              const char *body) {
    char request[2048];
    int length = snprintf(request, sizeof request,
                          "%s %s HTTP/1.1\r\nHost: 127.0.0.1\r\n%s%s%sContent-Type: application/json\r\n"
                          "Content-Length: %zu\r\n\r\n%s",
                          method, path, token ? "Authorization: Bearer " : "", token ? token : "", token ? "\r\n" : "",
                          body ? strlen(body) : 0, body ? body : "");
    assert_true(length > 0 && (size_t)length < sizeof request);
    if (c->is_open && is_ended(c)) {
        caller_close(c);
    }
    if (!c->is_open) {
        wire_open(&c->wire, c->port);
        c->is_open = true;
    }
    wire_send(&c->wire, request, (size_t)length);
    struct wire_answer a = wire_take(&c->wire, false);
    if (a.status == 0 || a.close) {
        caller_close(c);
    }
    return a;
}

void caller_login(struct caller *c, const char *username, char ret_token[128]) {
    char body[256];
    (void)snprintf(body, sizeof body, "{\"username\":\"%s\",\"password\":\"demo-password\"}", username);
    struct wire_answer a = caller_ask(c, "POST", "/api/v1/auth/login", NULL, body);
    const char *token = strstr(a.body, "\"token\":\"");
    if (a.status != 200 || !token || sscanf(token + 9, "%127[^\"]", ret_token) != 1) {
        print_error("login of %s: %u %s\n", username, a.status, a.body);
        fail();
    }
}
