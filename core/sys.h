/* SPDX-License-Identifier: MIT
 * sys.h - what a test must be able to fake: clocks, randomness, new ids. Level 1. Any thread. */
#ifndef SYS_H
#define SYS_H

#include "base.h"

uint64_t sys_monotonic_us(void);         /* microseconds, for durations and timeouts */
uint64_t sys_realtime_us(void);          /* microseconds since 1970-01-01 UTC */
void sys_random(void *out, size_t size); /* cryptographic; aborts if the system has none */
alees_id sys_new_id(void);               /* UUIDv7 (RFC 9562), rising within the process, also within one millisecond */
size_t sys_resident_bytes(void);         /* 0 if it cannot be known */
void sys_rfc3339(uint64_t realtime_us, char out[28]); /* "2026-11-22T14:05:00.123456Z" */

/* Waits until a socket has something to read, or, if asked, takes something; at most timeout_ms (-1: for ever). watched:
 * another socket, whose peer hanging up ends the waiting, too, -1: none. True: it has, or its half of the connection; what
 * it sent before may still be unread. Either may be -1. */
bool sys_wait(int socket, bool for_writing, int watched, int timeout_ms);
bool sys_is_hung_up(int watched);

/* The first of these files that is there, places being paths from the folder of this program; false: none is, or its path
 * has more than size bytes. */
bool sys_find(const char *const *places, size_t count, char *ret_path, size_t size);

/* For tests: a fixed clock; 0 gives back the real one. */
void sys_fake_realtime(uint64_t realtime_us);

#endif
