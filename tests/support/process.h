/* SPDX-License-Identifier: MIT
 * process.h - the real program, `alees serve`, as a process of its own on a free port, and a client that asks it. */
#ifndef PROCESS_H
#define PROCESS_H

#include <sys/types.h>

#include "wire.h"

struct process {
    pid_t pid;
    uint32_t port;
};

/* more: pairs of a name and a value of its environment, ended by NULL. Returns when it is ready; fails the test when it
 * is not. Call it before the test makes threads. */
void process_start(struct process *p, const char *conf, const char *const *more);
void process_stop(struct process *p); /* SIGTERM; fails the test unless it ends well */

/* One connection, opened again when it ended. One thread at a time. */
struct caller {
    struct wire wire;
    uint32_t port;
    bool is_open;
};

/* status 0: no answer. token and body may be NULL. */
struct wire_answer caller_ask(struct caller *c, const char *method, const char *path, const char *token,
                              const char *body);
void caller_close(struct caller *c);
/* Logs in with the password of the demonstration users; fails the test if that is refused. */
void caller_login(struct caller *c, const char *username, char ret_token[128]);

#endif
