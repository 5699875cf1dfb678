/* SPDX-License-Identifier: MIT
 * child.h - runs a function in a process of its own and gives back what it wrote and how it ended. */
#ifndef CHILD_H
#define CHILD_H

#include <stddef.h>

struct child {
    int status;      /* as waitpid gives it */
    char out[65536]; /* standard output, cut to fit, with a NUL */
    char err[65536]; /* standard error */
};

/* The child ends with exit(body(data)). */
void child_run(int (*body)(void *data), void *data, struct child *ret_child);

#endif
