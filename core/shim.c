/* SPDX-License-Identifier: MIT
 * shim.c - the two symbols of libc that libcivetweb is to find here instead.
 *
 * A shared library's call goes to the first definition in the order of loading, and the executable comes first: defining
 * and exporting a function here is enough. Both do their small addition and then call the real one, the next in order. */
#define _GNU_SOURCE 1 /* RTLD_NEXT, dup3 */
#include "shim.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static atomic_size_t least_stack;
static atomic_int adopted = -1;

void shim_set_stack(size_t bytes) {
    atomic_store(&least_stack, bytes);
}

void shim_adopt_socket(int descriptor) {
    atomic_store(&adopted, descriptor);
}

/* POSIX wants dlsym's object pointer to be usable as a function; ISO C has no cast for that. */
static void find_next(const char *name, void *ret_function, size_t size) {
    void *symbol = dlsym(RTLD_NEXT, name);
    ASSERT(symbol && size == sizeof symbol);
    memcpy(ret_function, &symbol, size);
}

ALEES_EXPORT int pthread_attr_setstacksize(pthread_attr_t *attributes, size_t size) {
    int (*next)(pthread_attr_t *, size_t);
    size_t least = atomic_load(&least_stack);
    find_next("pthread_attr_setstacksize", &next, sizeof next);
    return next(attributes, size < least ? least : size);
}

static bool is_tcp(int descriptor) {
    int type = 0;
    socklen_t size = sizeof type;
    return getsockopt(descriptor, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_STREAM;
}

/* The caller's fresh socket becomes a second name of the adopted one. Its later listen() only sets the backlog anew, and
 * getsockname() tells the real port. Not blocking: another process may accept the connection that poll() announced. */
static int adopt(int descriptor, int inherited) {
    int flags = fcntl(inherited, F_GETFL);
    if (flags < 0 || fcntl(inherited, F_SETFL, flags | O_NONBLOCK) < 0) {
        return -1;
    }
    return dup3(inherited, descriptor, O_CLOEXEC) < 0 ? -1 : 0;
}

/* glibc declares the address as a transparent union of every kind of pointer: the definition has to agree. */
ALEES_EXPORT int bind(int descriptor, __CONST_SOCKADDR_ARG address, socklen_t size) {
    int (*next)(int, const struct sockaddr *, socklen_t);
    if (atomic_load(&adopted) >= 0 && is_tcp(descriptor)) {
        int inherited = atomic_exchange(&adopted, -1);
        if (inherited >= 0) {
            return adopt(descriptor, inherited);
        }
    }
    find_next("bind", &next, sizeof next);
    return next(descriptor, address.__sockaddr__, size);
}
