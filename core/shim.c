/* SPDX-License-Identifier: MIT
 * shim.c - the symbols of libc that libcivetweb is to find here instead.
 *
 * A shared library's call goes to the first definition in the order of loading, and the executable comes first: defining
 * and exporting a function here is enough. They do their small addition and then call the real one, the next in order. */
#define _GNU_SOURCE 1 /* RTLD_NEXT, dup3 */
#include "shim.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sys.h"

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

/* Of the calling thread. */
static _Thread_local bool is_watched;
static _Thread_local uint64_t watched_until;
static _Thread_local int watched_socket = -1;

void shim_watch(uint64_t deadline_us) {
    is_watched = true;
    watched_until = deadline_us;
}

void shim_release(void) {
    is_watched = false;
}

int shim_socket(void) {
    return watched_socket;
}

/* Found once: these two are called often, by libpq, too. */
static pthread_once_t found = PTHREAD_ONCE_INIT;
static ssize_t (*next_recv)(int descriptor, void *bytes, size_t size, int flags);
static ssize_t (*next_send)(int descriptor, const void *bytes, size_t size, int flags);

static void find_both(void) {
    find_next("recv", &next_recv, sizeof next_recv);
    find_next("send", &next_send, sizeof next_send);
}

static bool is_late(void) {
    if (!is_watched || watched_until == 0 || sys_monotonic_us() < watched_until) {
        return false;
    }
    errno = ETIMEDOUT;
    return true;
}

ALEES_EXPORT ssize_t recv(int descriptor, void *bytes, size_t size, int flags) {
    (void)pthread_once(&found, find_both);
    if (is_watched) {
        watched_socket = descriptor;
    }
    return is_late() ? -1 : next_recv(descriptor, bytes, size, flags);
}

ALEES_EXPORT ssize_t send(int descriptor, const void *bytes, size_t size, int flags) {
    (void)pthread_once(&found, find_both);
    return is_late() ? -1 : next_send(descriptor, bytes, size, flags);
}
