/* SPDX-License-Identifier: MIT
 * sys.c - clocks, randomness, new ids. */
#define _GNU_SOURCE 1 /* POLLRDHUP */
#include "sys.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

enum { POOL = 512 /* bytes of randomness fetched at once, for ids */ };

static _Atomic uint64_t fake_realtime;
static _Atomic uint64_t last_tick; /* of sys_new_id */

static uint64_t read_clock(clockid_t clock) {
    struct timespec now;
    ASSERT(clock_gettime(clock, &now) == 0);
    return (uint64_t)now.tv_sec * 1000000u + (uint64_t)now.tv_nsec / 1000u;
}

uint64_t sys_monotonic_us(void) {
    return read_clock(CLOCK_MONOTONIC);
}

uint64_t sys_realtime_us(void) {
    uint64_t fake = atomic_load_explicit(&fake_realtime, memory_order_relaxed);
    return fake ? fake : read_clock(CLOCK_REALTIME);
}

bool sys_find(const char *const *places, size_t count, char *ret_path, size_t size) {
    char self[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
    self[length > 0 ? length : 0] = '\0';
    char *slash = strrchr(self, '/');
    for (size_t i = 0; slash && i < count; i++) {
        int used = snprintf(ret_path, size, "%.*s/%s", (int)(slash - self), self, places[i]);
        if (used > 0 && (size_t)used < size && access(ret_path, R_OK) == 0) {
            return true;
        }
    }
    return false;
}

void sys_fake_realtime(uint64_t realtime_us) {
    atomic_store(&fake_realtime, realtime_us);
    atomic_store(&last_tick, 0);
}

static void fetch_random(unsigned char *out, size_t size) {
    while (size > 0) {
        ssize_t got = getrandom(out, size, 0);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        ASSERT(got > 0);
        out += got;
        size -= (size_t)got;
    }
}

/* Small requests are served from a pool of the thread: an id for each request must not cost a system call. What was
 * handed out is wiped from the pool. */
void sys_random(void *out, size_t size) {
    static _Thread_local unsigned char pool[POOL];
    static _Thread_local size_t left;
    if (size > POOL / 4) {
        fetch_random(out, size);
        return;
    }
    if (left < size) {
        fetch_random(pool, POOL);
        left = POOL;
    }
    left -= size;
    memcpy(out, pool + left, size);
    memset(pool + left, 0, size);
}

/* RFC 9562, section 6.2, methods 3 and 1: the 48 bits of milliseconds and the 12 bits behind them are one number of
 * ticks (1/4096 ms). Each id takes the present tick or, when that is taken or the clock was set back, the one after the
 * last. */
alees_id sys_new_id(void) {
    uint64_t now = sys_realtime_us();
    uint64_t present = (now / 1000 << 12) | (now % 1000 * 4096 / 1000);
    uint64_t last = atomic_load_explicit(&last_tick, memory_order_relaxed), tick;
    do {
        tick = present > last ? present : last + 1;
    } while (!atomic_compare_exchange_weak(&last_tick, &last, tick));
    alees_id id;
    sys_random(id.bytes + 8, 8);
    for (int i = 0; i < 6; i++) {
        id.bytes[i] = (uint8_t)(tick >> (52 - 8 * i));
    }
    id.bytes[6] = (uint8_t)(0x70 | (tick >> 8 & 0x0f));
    id.bytes[7] = (uint8_t)tick;
    id.bytes[8] = (uint8_t)(0x80 | (id.bytes[8] & 0x3f));
    return id;
}

size_t sys_resident_bytes(void) {
    char line[128] = "";
    FILE *file = fopen("/proc/self/statm", "re");
    if (!file) {
        return 0;
    }
    const char *second = fgets(line, sizeof line, file) ? strchr(line, ' ') : NULL; /* total resident ..., in pages */
    fclose(file);
    long page = sysconf(_SC_PAGESIZE);
    return second && page > 0 ? (size_t)strtoul(second, NULL, 10) * (size_t)page : 0;
}

static char *put_digits(char *out, uint64_t number, int digits) {
    for (int i = digits - 1; i >= 0; i--) {
        out[i] = (char)('0' + number % 10);
        number /= 10;
    }
    return out + digits;
}

/* Not gmtime_r, which takes a lock of the process. The year is counted from March, so that the leap day is its last. */
void sys_rfc3339(uint64_t realtime_us, char out[28]) {
    const uint64_t latest = UINT64_C(253402300799999999); /* the end of the year 9999 */
    if (realtime_us > latest) {
        realtime_us = latest;
    }
    uint64_t second = realtime_us / 1000000 % 86400;
    uint64_t day = realtime_us / 86400000000u + 719468; /* since 0000-03-01 */
    uint64_t era_day = day % 146097;                    /* 400 years */
    uint64_t year = (era_day - era_day / 1460 + era_day / 36524 - era_day / 146096) / 365;
    uint64_t year_day = era_day - (365 * year + year / 4 - year / 100);
    uint64_t month = (5 * year_day + 2) / 153;
    char *p = put_digits(out, day / 146097 * 400 + year + (month >= 10), 4);
    *p++ = '-';
    p = put_digits(p, month < 10 ? month + 3 : month - 9, 2);
    *p++ = '-';
    p = put_digits(p, year_day - (153 * month + 2) / 5 + 1, 2);
    *p++ = 'T';
    p = put_digits(p, second / 3600, 2);
    *p++ = ':';
    p = put_digits(p, second / 60 % 60, 2);
    *p++ = ':';
    p = put_digits(p, second % 60, 2);
    *p++ = '.';
    p = put_digits(p, realtime_us % 1000000, 6);
    *p++ = 'Z';
    *p = '\0';
}

bool sys_wait(int socket, bool for_writing, int watched, int timeout_ms) {
    struct pollfd p[2] = {
        {.fd = socket, .events = (short)(POLLIN | (for_writing ? POLLOUT : 0))},
        {.fd = watched, .events = POLLRDHUP}, /* not POLLIN: the next request may have come already */
    };
    return poll(p, 2, timeout_ms) > 0 && (p[1].revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
}

bool sys_is_hung_up(int watched) {
    return sys_wait(-1, false, watched, 0);
}
