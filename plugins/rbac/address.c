/* SPDX-License-Identifier: MIT
 * address.c - see address.h. */
#include "address.h"

#include <string.h>

bool address_is_valid(alees_str address) {
    const char *at = address.ptr ? memchr(address.ptr, '@', address.len) : NULL;
    if (!at || at == address.ptr || address.len > ADDRESS_MOST) {
        return false;
    }
    size_t domain = address.len - (size_t)(at + 1 - address.ptr);
    if (domain == 0 || memchr(at + 1, '@', domain) || at[1] == '.' || at[domain] == '.') {
        return false;
    }
    for (size_t i = 0; i < address.len; i++) {
        unsigned char c = (unsigned char)address.ptr[i];
        if (c <= ' ' || c == 0x7f) {
            return false;
        }
    }
    return true;
}

static char small(char c) {
    return (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

bool address_is_same(alees_str a, alees_str b) {
    if (!a.ptr || !b.ptr || a.len != b.len || a.len == 0) {
        return false;
    }
    for (size_t i = 0; i < a.len; i++) {
        if (small(a.ptr[i]) != small(b.ptr[i])) {
            return false;
        }
    }
    return true;
}
