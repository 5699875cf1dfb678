/* SPDX-License-Identifier: MIT
 * server.h - start order and stop order. Level 4. */
#ifndef SERVER_H
#define SERVER_H

#include "app.h"

enum server_depth {
    SERVER_CATALOGUE, /* configuration, plugins, catalogue, router: no database */
    SERVER_STARTED,   /* and the database, verified; plugins started; listener running */
};

/* On failure: lines on standard error, everything undone, and the exit status: 78 for configuration and plugins, 1
 * for the rest. 0 on success. listen: the address will be served (host->listen_address). */
int server_open(struct app *app, const char *config_path, const char *module_dir, enum server_depth depth,
                bool listen) MUST_CHECK;
/* From SERVER_CATALOGUE on to SERVER_STARTED: the second half of server_open. On failure the caller closes. */
int server_start(struct app *app, bool listen) MUST_CHECK;
void server_close(struct app *app);
int server_serve(struct app *app); /* until SIGTERM or SIGINT; exit status */

/* A ctx for a start, a command or a notification of this plugin: everything is in reach, as for a superuser, within
 * the rights of the plugin's own role. NULL without memory. end rolls back what is open and frees all; accepts NULL.
 * */
alees_ctx *server_ctx_new(struct app *app, struct alees_self *plugin) MUST_CHECK;
void server_ctx_end(alees_ctx *ctx);
/* The problem of ctx in lines for people, beginning with who; rc when it has none. */
void server_print_problem(const alees_ctx *ctx, const char *who, alees_rc rc, FILE *errors);

/* server_crash.c: SIGSEGV, SIGBUS, SIGILL, SIGFPE and SIGABRT name the plugin and the route that this thread works
 * on, then end the process as they would have. */
void server_crash_init(void);
/* What this thread works on from now on; NULL: nothing. pipeline.c calls it around a request. [any] */
void server_crash_watch(const alees_ctx *ctx);

#endif
