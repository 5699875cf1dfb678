/* SPDX-License-Identifier: MIT
 * record.h - what tests ask and what is answered, written down, so that it can be held against the description of the API
 * (tests/clients/responses.mjs). Only with ALEES_TEST_RECORD=FOLDER in the environment; then each process appends to
 * FOLDER/PROGRAM-PID.ndjson, and writes FOLDER/world-HASH.openapi.json for each set of plugins that it serves. Nothing of
 * cmocka: the isolation kit has none. Any thread. */
#ifndef RECORD_H
#define RECORD_H

#include "app.h"

struct record_world {
    char name[24]; /* "": not known yet */
};

struct record {
    const char *world;
    alees_str method, path;
    alees_str request_head, request_body; /* heads: lines that end in CR LF, the first one may be that of HTTP */
    uint32_t status;
    alees_str head, body;
};

bool record_is_on(void);
/* The description of this server, written beside the exchanges once. */
void record_make_world(struct record_world *w, struct app *app);
/* One of which many alike (same path but for ids, same names of parameters and members, same status) were written before is
 * left out; so are texts that are too long, with a mark. */
void record_put(const struct record *r);

/* For clients on a socket, which do not know the server behind it: it is one with the four plugins that are shipped. */
void record_shipped_server(void);
const char *record_socket_world(void); /* NULL: it is not to be recorded */

#endif
