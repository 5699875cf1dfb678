/* SPDX-License-Identifier: MIT
 * served.c - a stub process behind a real port. */
#include "conf.h"

#include "served.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

int served_listen(uint32_t *ret_port) {
    struct sockaddr_in address;
    socklen_t size = sizeof address;
    int descriptor = socket(AF_INET, SOCK_STREAM, 0);
    memset(&address, 0, sizeof address);
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_true(descriptor >= 0);
    assert_int_equal(bind(descriptor, (const struct sockaddr *)(const void *)&address, sizeof address), 0);
    assert_int_equal(listen(descriptor, 16), 0);
    assert_int_equal(getsockname(descriptor, (struct sockaddr *)(void *)&address, &size), 0);
    *ret_port = ntohs(address.sin_port);
    return descriptor;
}

void served_open(struct served *s, const struct alees_route *decls, uint32_t count, const char *settings) {
    char text[512];
    uint32_t port;
    int taken = served_listen(&port);
    (void)close(taken);
    (void)snprintf(text, sizeof text, "[server]\nport = %u\n%s\n", port, settings);
    s->stub = stub_app_new(decls, count);
    s->stub->app.config = conf_load(text);
    s->stub->app.log_requests = true;
    assert_ok(httpd_start(&s->stub->app, stderr, &s->httpd));
    s->port = httpd_port(s->httpd);
    assert_int_equal(s->port, port);
}

void served_close(struct served *s) {
    httpd_stop(s->httpd);
    config_free(s->stub->app.config);
    conf_forget("alees.conf");
    stub_app_free(s->stub);
}
