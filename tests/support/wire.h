/* SPDX-License-Identifier: MIT
 * wire.h - a client that sends any bytes whatsoever to a port of this machine, and reads answers one by one. */
#ifndef WIRE_H
#define WIRE_H

#include "base.h"

struct wire {
    int socket;
    char *bytes; /* received and not yet taken */
    size_t len, cap;
    char *sent; /* of what is recorded: requests without an answer yet */
    size_t sent_len;
};

struct wire_answer {
    uint32_t status;    /* 0: the connection ended, or nothing came in time */
    bool close;         /* it said Connection: close */
    char code[64];      /* of a problem */
    char body[4096];    /* its start */
    size_t body_length; /* the whole, as received */
};

void wire_open(struct wire *w, uint32_t port); /* fails the test when it cannot connect */
void wire_close(struct wire *w);
void wire_send(struct wire *w, const void *bytes, size_t len); /* a reset by the peer is not an error */
void wire_puts(struct wire *w, const char *text);
/* The next answer; head_only: without a body, as after HEAD. */
struct wire_answer wire_take(struct wire *w, bool head_only);
/* Everything until the peer ends the connection, into w->bytes, with a NUL behind it. */
void wire_drain(struct wire *w);
/* Takes the frames of a chunked body off, in place, and gives its length; is it whole, with its last chunk? */
size_t wire_unchunk(char *body, bool *ret_is_whole);
/* Does the peer end the connection within some seconds, without sending another byte? */
bool wire_is_ended(struct wire *w);
/* One request on a connection of its own, which must be ended by the server after one answer, and nothing after it. */
struct wire_answer wire_alone(uint32_t port, const void *bytes, size_t len);

#endif
