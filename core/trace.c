/* SPDX-License-Identifier: MIT
 * trace.c - see trace.h.
 *
 *     00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01
 *     version, id of the trace, id of the client's part in it, flags */
#include "trace.h"

#include <string.h>

enum { VERSION = 0, TRACE = 3, PARENT = 36, FLAGS = 53, LENGTH = 55 };

/* Lower case only. */
static bool is_hex(const char *text, size_t len) {
    for (size_t i = 0; i < len; i++) {
        if (!((text[i] >= '0' && text[i] <= '9') || (text[i] >= 'a' && text[i] <= 'f'))) {
            return false;
        }
    }
    return true;
}

static bool is_zero(const char *text, size_t len) {
    for (size_t i = 0; i < len; i++) {
        if (text[i] != '0') {
            return false;
        }
    }
    return true;
}

bool trace_parse(alees_str header, char ret_id[TRACE_ID + 1]) {
    const char *t = header.ptr;
    if (header.len < LENGTH || !is_hex(t + VERSION, 2) || t[TRACE - 1] != '-' || !is_hex(t + TRACE, TRACE_ID) ||
        t[PARENT - 1] != '-' || !is_hex(t + PARENT, 16) || t[FLAGS - 1] != '-' || !is_hex(t + FLAGS, 2)) {
        return false;
    }
    bool is_first_version = memcmp(t, "00", 2) == 0;
    if (memcmp(t, "ff", 2) == 0 || (header.len > LENGTH && (is_first_version || t[LENGTH] != '-')) ||
        is_zero(t + TRACE, TRACE_ID) || is_zero(t + PARENT, 16)) {
        return false;
    }
    memcpy(ret_id, t + TRACE, TRACE_ID);
    ret_id[TRACE_ID] = '\0';
    return true;
}
