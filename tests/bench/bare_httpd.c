/* SPDX-License-Identifier: MIT
 * bare_httpd.c - the HTTP engine alone: civetweb answering a constant of the size of a product with one write. It gives H,
 * the ceiling that `make bench` measures the server against (docs/performance.md). Not part of the server. */
#include <civetweb.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char reply[4096];
static int reply_size;

static int constant(struct mg_connection *conn, void *data) {
    (void)data;
    mg_write(conn, reply, (size_t)reply_size);
    return 200;
}

int main(int argc, char **argv) {
    const char *port = argc > 1 ? argv[1] : "8090";
    const char *threads = argc > 2 ? argv[2] : "64";
    size_t size = argc > 3 ? (size_t)strtoul(argv[3], NULL, 10) : 600;
    char address[64];
    const char *options[] = {
        "listening_ports", address, "num_threads", threads, "enable_keep_alive", "yes", "keep_alive_timeout_ms", "5000",
        "tcp_nodelay",     "1",     NULL};
    struct mg_callbacks callbacks;
    sigset_t stop;
    int received;

    if (size > 3000) {
        size = 3000;
    }
    snprintf(address, sizeof address, "127.0.0.1:%s", port);
    reply_size = snprintf(reply, sizeof reply,
                          "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: keep-alive\r\n"
                          "Content-Length: %zu\r\n\r\n",
                          size);
    memset(reply + reply_size, 'x', size);
    reply_size += (int)size;

    sigemptyset(&stop);
    sigaddset(&stop, SIGTERM);
    sigaddset(&stop, SIGINT);
    sigprocmask(SIG_BLOCK, &stop, NULL);
    memset(&callbacks, 0, sizeof callbacks);
    mg_init_library(0);
    struct mg_context *server = mg_start(&callbacks, NULL, options);
    if (!server) {
        fprintf(stderr, "bare_httpd: cannot listen on %s\n", address);
        return 1;
    }
    mg_set_request_handler(server, "**", constant, NULL);
    sigwait(&stop, &received);
    mg_stop(server);
    return 0;
}
