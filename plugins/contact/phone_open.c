/* SPDX-License-Identifier: MIT
 * phone_open.c - contact.phone.so, opened by contact.so with the first telephone number.
 *
 * It is looked for beside contact.so and nowhere else: whoever could put another one there could have put another contact.so.
 * The server has found out who may write that file and the folders above it (check_module_owner); nobody else may write
 * this one. */
#define _GNU_SOURCE /* dladdr */

#include "phone.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LONGEST_PATH = 4096 };

static _Atomic(const struct phone_library *) opened;
static pthread_mutex_t opening = PTHREAD_MUTEX_INITIALIZER;

__attribute__((format(printf, 2, 3))) static alees_rc fault(struct phone_fault *out, const char *format, ...) {
    va_list args;
    va_start(args, format);
    (void)vsnprintf(out->text, sizeof out->text, format, args);
    va_end(args);
    return ALEES_E_UNAVAILABLE;
}

const char *phone_plugin(void) {
    Dl_info info;
    return dladdr(&opening, &info) != 0 ? info.dli_fname : NULL;
}

/* "/usr/lib/alees/plugins/contact.so" -> "/usr/lib/alees/plugins/contact.phone.so". */
static alees_rc find_path(const char *plugin, char path[LONGEST_PATH], struct phone_fault *ret_fault) {
    const char *slash = plugin ? strrchr(plugin, '/') : NULL;
    const int folder = slash ? (int)(slash - plugin) : 0;
    const int length = slash ? snprintf(path, LONGEST_PATH, "%.*s/" PHONE_FILE, folder, plugin) : 0;
    return length > 0 && length < LONGEST_PATH ? ALEES_OK
                                               : fault(ret_fault, "the folder of contact.so cannot be found");
}

static alees_rc check_file(const char *plugin, const char *path, struct phone_fault *ret_fault) {
    struct stat own, st;
    if (stat(plugin, &own) != 0) {
        return fault(ret_fault, "%s cannot be looked at: %s", plugin, strerror(errno));
    }
    if (lstat(path, &st) != 0) {
        return fault(ret_fault, "%s cannot be looked at: %s; install it beside contact.so", path, strerror(errno));
    }
    if (!S_ISREG(st.st_mode)) { /* nor a symbolic link: nobody has looked at the folders above its target */
        return fault(ret_fault, "%s is not a file; install it beside contact.so", path);
    }
    if (st.st_uid != 0 && st.st_uid != own.st_uid) {
        return fault(ret_fault, "%s belongs to user %lu, contact.so beside it to user %lu: chown it", path,
                     (unsigned long)st.st_uid, (unsigned long)own.st_uid);
    }
    if ((st.st_mode & ~own.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
        return fault(ret_fault, "%s can be written by its group or by others (mode %04o): chmod go-w it", path,
                     (unsigned)st.st_mode & 07777u);
    }
    return access(path, R_OK) == 0 ? ALEES_OK
                                   : fault(ret_fault, "%s cannot be read: %s; chmod it", path, strerror(errno));
}

alees_rc phone_look(const char *plugin, struct phone_fault *ret_fault) {
    char path[LONGEST_PATH];
    const alees_rc rc = find_path(plugin, path, ret_fault);
    return rc == ALEES_OK ? check_file(plugin, path, ret_fault) : rc;
}

/* Never closed: code of libraries stays mapped, as that of plugins does. */
static alees_rc open_file(const char *plugin, const struct phone_library **ret_library, struct phone_fault *ret_fault) {
    char path[LONGEST_PATH];
    alees_rc rc = find_path(plugin, path, ret_fault);
    rc = rc == ALEES_OK ? check_file(plugin, path, ret_fault) : rc;
    if (rc != ALEES_OK) {
        return rc;
    }
    void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    if (!handle) {
        const char *why = dlerror();
        return fault(ret_fault, "%s cannot be loaded: %s", path, why ? why : "no reason given");
    }
    const struct phone_library *library = dlsym(handle, "contact_phone_v1");
    if (!library || library->struct_size < sizeof *library) {
        (void)dlclose(handle);
        return fault(ret_fault, "%s is not the one of this contact.so; install both from one build", path);
    }
    *ret_library = library;
    /* cppcheck-suppress resourceLeak */
    return ALEES_OK;
}

alees_rc phone_open(const char *plugin, const struct phone_library **ret_library, struct phone_fault *ret_fault) {
    const struct phone_library *library = atomic_load_explicit(&opened, memory_order_acquire);
    alees_rc rc = ALEES_OK;
    if (!library) {
        pthread_mutex_lock(&opening);
        library = atomic_load_explicit(&opened, memory_order_relaxed);
        if (!library) {
            rc = open_file(plugin, &library, ret_fault);
            atomic_store_explicit(&opened, library, memory_order_release);
        }
        pthread_mutex_unlock(&opening);
    }
    if (rc == ALEES_OK) {
        *ret_library = library;
    }
    return rc;
}
