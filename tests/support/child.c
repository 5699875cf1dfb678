/* SPDX-License-Identifier: MIT
 * child.c - see child.h. The output goes to files, not to pipes: nobody can block, however much it is. */
#include "test.h"

#include "child.h"

#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

static void read_back(FILE *file, char *out, size_t size) {
    size_t length;
    rewind(file);
    length = fread(out, 1, size - 1, file);
    out[length] = '\0';
    assert_int_equal(fclose(file), 0);
}

void child_run(int (*body)(void *data), void *data, struct child *ret_child) {
    FILE *out = tmpfile(), *err = tmpfile();
    pid_t pid;
    assert_non_null(out);
    assert_non_null(err);
    (void)fflush(stdout);
    (void)fflush(stderr);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        if (dup2(fileno(out), STDOUT_FILENO) < 0 || dup2(fileno(err), STDERR_FILENO) < 0) {
            _exit(99);
        }
        exit(body(data));
    }
    assert_int_equal(waitpid(pid, &ret_child->status, 0), pid);
    read_back(out, ret_child->out, sizeof ret_child->out);
    read_back(err, ret_child->err, sizeof ret_child->err);
}
