/* SPDX-License-Identifier: MIT
 * served.h - a stub process behind a real port. */
#ifndef SERVED_H
#define SERVED_H

#include "httpd.h"
#include "stub_app.h"

struct served {
    struct stub_app *stub;
    struct httpd *httpd;
    uint32_t port;
};

/* Listens on a free port of 127.0.0.1 with these further lines of the section [server]. The group needs conf_setup. */
void served_open(struct served *s, const struct alees_route *decls, uint32_t count, const char *settings);
void served_close(struct served *s);
int served_listen(uint32_t *ret_port); /* a listening socket on a free port */

#endif
