/* SPDX-License-Identifier: MIT
 * address.c - see address.h. */
#include "address.h"

#include <string.h>

/* The next character of UTF-8, which the host has validated. */
static uint32_t next_character(alees_str text, size_t *at) {
    const unsigned char first = (unsigned char)text.ptr[(*at)++];
    uint32_t c = first < 0x80 ? first : first < 0xe0 ? first & 0x1f : first < 0xf0 ? first & 0x0f : first & 0x07;
    while (*at < text.len && ((unsigned char)text.ptr[*at] & 0xc0) == 0x80) {
        c = c << 6 | ((unsigned char)text.ptr[(*at)++] & 0x3f);
    }
    return c;
}

bool address_is_username(alees_str name) {
    static const uint32_t unseen[][2] = {
        {0x00, 0x1f},     {0x7f, 0xa0},       {0xad, 0xad},       {0x34f, 0x34f},   {0x61c, 0x61c},   {0x115f, 0x1160},
        {0x1680, 0x1680}, {0x17b4, 0x17b5},   {0x180b, 0x180f},   {0x2000, 0x200f}, {0x2028, 0x202f}, {0x205f, 0x206f},
        {0x2800, 0x2800}, {0x3000, 0x3000},   {0x3164, 0x3164},   {0xfe00, 0xfe0f}, {0xfeff, 0xfeff}, {0xffa0, 0xffa0},
        {0xfff0, 0xffff}, {0x1d173, 0x1d17a}, {0xe0000, 0x10ffff}};
    if (!name.ptr || name.len == 0 || name.ptr[0] == ' ' || name.ptr[name.len - 1] == ' ') {
        return false;
    }
    for (size_t at = 0; at < name.len;) {
        const uint32_t c = next_character(name, &at);
        for (size_t i = 0; i < sizeof unseen / sizeof unseen[0]; i++) {
            if (c >= unseen[i][0] && c <= unseen[i][1]) {
                return false;
            }
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
