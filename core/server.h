/* SPDX-License-Identifier: MIT
 * server.h - start order and stop order. Level 4. */
#ifndef SERVER_H
#define SERVER_H

#include "app.h"

enum server_depth {
    SERVER_CATALOGUE, /* configuration, plugins, catalogue, router: no database */
    SERVER_STARTED,   /* and the database, verified; plugins started; listener running */
};

/* On failure: lines on standard error, everything undone, and the exit status: 78 for configuration and plugins, 1 for the
 * rest. 0 on success. listen: the address will be served (host->listen_address). */
int server_open(struct app *app, const char *config_path, const char *module_dir, enum server_depth depth,
                bool listen) MUST_CHECK;
void server_close(struct app *app);
int server_serve(struct app *app); /* until SIGTERM or SIGINT; exit status */

#endif
