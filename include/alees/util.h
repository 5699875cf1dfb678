/* SPDX-License-Identifier: MIT
 *
 * alees/util.h - small helpers compiled into the plugin; not part of the ABI.
 */
#ifndef ALEES_UTIL_H
#define ALEES_UTIL_H

#include <string.h>

#include "alees/abi.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A view of a NUL-terminated text; absent if NULL. */
static inline alees_str alees_text(const char *text) {
    alees_str view = {text, text ? strlen(text) : 0};
    return view;
}

static inline int alees_equal(alees_str a, alees_str b) {
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

static inline int alees_id_compare(const alees_id *a, const alees_id *b) {
    return memcmp(a->bytes, b->bytes, sizeof a->bytes);
}

/* The 36 characters of an id and a NUL. Returns out. */
static inline char *alees_id_format(const alees_id *id, char out[37]) {
    static const char digits[] = "0123456789abcdef";
    char *p = out;
    for (size_t i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10) {
            *p++ = '-';
        }
        *p++ = digits[id->bytes[i] >> 4];
        *p++ = digits[id->bytes[i] & 15];
    }
    *p = '\0';
    return out;
}

/* Reads 8-4-4-4-12 hexadecimal digits in either case, nothing else. ALEES_OK or ALEES_E_INVALID. */
static inline alees_rc alees_id_parse(alees_str text, alees_id *ret_id) {
    alees_id id;
    size_t at = 0;
    if (text.len != 36) {
        return ALEES_E_INVALID;
    }
    for (size_t i = 0; i < 16; i++) {
        uint8_t byte = 0;
        if (i == 4 || i == 6 || i == 8 || i == 10) {
            if (text.ptr[at++] != '-') {
                return ALEES_E_INVALID;
            }
        }
        for (int half = 0; half < 2; half++) {
            char c = text.ptr[at++];
            uint8_t digit;
            if (c >= '0' && c <= '9') {
                digit = (uint8_t)(c - '0');
            } else if (c >= 'a' && c <= 'f') {
                digit = (uint8_t)(c - 'a' + 10);
            } else if (c >= 'A' && c <= 'F') {
                digit = (uint8_t)(c - 'A' + 10);
            } else {
                return ALEES_E_INVALID;
            }
            byte = (uint8_t)(byte << 4 | digit);
        }
        id.bytes[i] = byte;
    }
    *ret_id = id;
    return ALEES_OK;
}

/* name@domain, neither empty, without spaces and control characters, at most 254 bytes. Whether mail arrives there only a
 * letter can tell. */
static inline int alees_is_email(alees_str text) {
    const char *at = text.ptr && text.len <= 254 ? (const char *)memchr(text.ptr, '@', text.len) : NULL;
    if (!at || at == text.ptr) {
        return 0;
    }
    size_t domain = text.len - (size_t)(at + 1 - text.ptr);
    if (domain == 0 || memchr(at + 1, '@', domain) || at[1] == '.' || at[domain] == '.') {
        return 0;
    }
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        if (c <= ' ' || c == 0x7f) {
            return 0;
        }
    }
    return 1;
}

/* The form of a BCP 47 tag, "de" or "de-DE": a language of 2 to 8 letters, then parts of 1 to 8 letters or digits. */
static inline int alees_is_language(alees_str text) {
    size_t length = 0, parts = 0;
    for (size_t i = 0; i <= text.len; i++) {
        char c = i < text.len ? text.ptr[i] : '-';
        if (c == '-') {
            if (length < (parts == 0 ? 2u : 1u) || length > 8) {
                return 0;
            }
            length = 0;
            parts++;
        } else if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (parts > 0 && c >= '0' && c <= '9')) {
            length++;
        } else {
            return 0;
        }
    }
    return 1;
}

/* Is it an organization of `alees demo --size large` (struct alees_demo)? Those are filled by demo_large, not by demo. */
static inline int alees_is_demo_large(const alees_id *organization) {
    const uint8_t *b = organization->bytes;
    return b[0] == 0x01 && b[1] == 0x93 && b[2] == 0x00 && b[3] == 0x01 && b[6] == 0x70 && b[7] == 0x00 && b[8] == 0x80;
}

#ifdef __cplusplus
}
#endif
#endif
