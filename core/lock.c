/* SPDX-License-Identifier: MIT
 * lock.c - see lock.h. Not part of a release: CMakeLists.txt leaves it out where there are no tests. */
#include "lock.h"

#include <stdlib.h>
#include <string.h>

static bool is_off(const char *lock) {
    const char *off = getenv("ALEES_TEST_LOCK_OFF");
    return off && strstr(off, lock) != NULL;
}

bool lock_host_is_off(void) {
    return is_off("host");
}

bool lock_database_is_off(void) {
    return is_off("database");
}
