/* SPDX-License-Identifier: MIT
 * lock.h - in builds for tests, either of the two locks on rows can be taken off, to prove that the other one holds alone:
 * the host's predicate (environment ALEES_TEST_LOCK_OFF=host) or row-level security (=database; host,database: both, to
 * see the tests fail). In every other build
 * both functions are the constant false. Level 1. Any thread. */
#ifndef LOCK_H
#define LOCK_H

#include "base.h"

#ifdef ALEES_TEST_LOCKS
bool lock_host_is_off(void);     /* statements carry no predicate on the organization */
bool lock_database_is_off(void); /* statements run under the role whose policies are true */
#else
static inline bool lock_host_is_off(void) {
    return false;
}
static inline bool lock_database_is_off(void) {
    return false;
}
#endif

#endif
