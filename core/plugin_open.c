/* SPDX-License-Identifier: MIT
 * plugin_open.c - from a path to the symbol alees_plugin_v1, without believing anything on the way: who may write the
 * file, does it load, which ABI does it speak, do its first four words make sense. */
#define _XOPEN_SOURCE 700 /* realpath, S_ISVTX */

#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "plugin_private.h"

#define OWNER_HINT "or set check_module_owner = false in section [security]"

enum { ABI_MAJORS = 9, LARGEST_STRUCT = 65536 };

/* Who can put other code in place of this file? */
static void check_writers(const char *path, struct plugin_report *report) {
    struct stat st;
    if (stat(path, &st) != 0) {
        plugin_fault(report, "%s cannot be looked at: %s", path, strerror(errno));
        return;
    }
    if (st.st_uid != 0 && st.st_uid != geteuid()) {
        plugin_fault(report,
                     "%s belongs to user %lu, not to root or to user %lu, who runs this server: chown it, " OWNER_HINT,
                     path, (unsigned long)st.st_uid, (unsigned long)geteuid());
    }
    /* In a sticky folder such as /tmp only the owner can replace an entry. */
    if ((st.st_mode & (S_IWGRP | S_IWOTH)) != 0 && !(S_ISDIR(st.st_mode) && (st.st_mode & S_ISVTX) != 0)) {
        plugin_fault(report, "%s can be written by its group or by others (mode %04o): chmod go-w it, " OWNER_HINT,
                     path, (unsigned)st.st_mode & 07777u);
    }
}

/* The file, then every folder above it up to the root. path is changed. */
static void check_owners(char *path, struct plugin_report *report) {
    char *slash;
    check_writers(path, report);
    while ((slash = strrchr(path, '/')) != NULL && slash != path) {
        *slash = '\0';
        check_writers(path, report);
    }
    check_writers("/", report);
}

/* The path without symbolic links, which is the one that gets opened; NULL after a fault. */
static const char *resolve(struct arena *arena, const char *path, bool check_owner, struct plugin_report *report) {
    struct stat st;
    uint32_t before = report->faults;
    char *real = realpath(path, NULL);
    char *copy;
    if (!real) {
        plugin_fault(report, "cannot be found: %s; correct `module` in its section, or install the plugin",
                     strerror(errno));
        return NULL;
    }
    copy = arena_dup(arena, real, strlen(real));
    if (!copy) {
        plugin_fault(report, "out of memory");
    } else if (stat(real, &st) != 0 || !S_ISREG(st.st_mode)) {
        plugin_fault(report, "is not a file; correct `module` in its section");
    } else if (check_owner) {
        check_owners(real, report);
    }
    free(real);
    return report->faults == before ? copy : NULL;
}

static void explain_missing_symbol(void *handle, struct plugin_report *report) {
    for (unsigned major = 2; major <= ABI_MAJORS; major++) {
        char symbol[32];
        snprintf(symbol, sizeof symbol, "alees_plugin_v%u", major);
        if (dlsym(handle, symbol)) {
            plugin_fault(report,
                         "built for ABI %u, this server speaks 1: install its build for ABI 1, or a newer server",
                         major);
            return;
        }
    }
    plugin_fault(report, "has no symbol alees_plugin_v1: it is no Alees plugin, or its link hides the symbol");
}

static void check_words(const struct alees_plugin *symbol, struct plugin_report *report) {
    if (symbol->magic != ALEES_MAGIC) {
        plugin_fault(report, "begins with 0x%08x instead of 0x%08x: not a plugin, or built for another kind of machine",
                     symbol->magic, ALEES_MAGIC);
        return;
    }
    if (symbol->struct_size < PLUGIN_SIZE_1_0 || symbol->struct_size > LARGEST_STRUCT) {
        plugin_fault(report,
                     "says that its alees_plugin_v1 has %u bytes, ABI 1.0 has %u: compile it with the installed "
                     "headers and .struct_size = sizeof(struct alees_plugin)",
                     symbol->struct_size, PLUGIN_SIZE_1_0);
        return;
    }
    if (!report->name) {
        report->name = symbol->name;
    }
    if (symbol->min_minor > ALEES_ABI_MINOR) {
        plugin_fault(report, "needs ABI 1.%u or newer, this server speaks 1.%u: install a newer server",
                     symbol->min_minor, ALEES_ABI_MINOR);
    }
}

alees_rc plugin_open(struct arena *arena, const char *path, bool check_owner, struct plugin_report *report,
                     void **ret_handle, const struct alees_plugin **ret_symbol) {
    uint32_t before = report->faults;
    const struct alees_plugin *symbol;
    const char *real = resolve(arena, path, check_owner, report);
    void *handle;
    if (!real) {
        return ALEES_E_INVALID;
    }
    handle = dlopen(real, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    if (!handle) {
        const char *why = dlerror(); /* belongs to the loader: printed before anything else is asked of it */
        plugin_fault(report, "cannot be loaded: %s", why ? why : "no reason given");
        return ALEES_E_INVALID;
    }
    symbol = dlsym(handle, "alees_plugin_v1");
    if (!symbol) {
        explain_missing_symbol(handle, report);
    } else {
        check_words(symbol, report);
    }
    if (report->faults != before) {
        plugin_close(handle);
        return ALEES_E_INVALID;
    }
    *ret_handle = handle;
    *ret_symbol = symbol;
    return ALEES_OK;
}

void plugin_close(void *handle) {
    (void)dlclose(handle); /* RTLD_NODELETE keeps the code mapped; this only gives the handle back */
}
