/* SPDX-License-Identifier: MIT
 * httpd.h - sockets, by civetweb (httpd.c is the only file that includes it). Level 4.
 * Three rules keep the known holes of version 1.15 unreachable: no document_root and one catch-all handler; never
 * mg_handle_form_request; Content-Length together with Transfer-Encoding is refused (docs/security-model.md). */
#ifndef HTTPD_H
#define HTTPD_H

#include "app.h"

struct httpd;

/* Serves app on server.listen:server.port, or on the socket inherited by LISTEN_FDS (shim.c). A line on errors and
 * E_UNAVAILABLE when the port is taken. */
alees_rc httpd_start(struct app *app, FILE *errors, struct httpd **ret_httpd) MUST_CHECK;
void httpd_stop(struct httpd *h);           /* stops accepting, lets running requests finish */
uint32_t httpd_port(const struct httpd *h); /* the real one, also when 0 was asked for in a test */

#endif
