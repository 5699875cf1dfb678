/* SPDX-License-Identifier: MIT
 * cred.h - passwords, tokens and authentication codes, on libsodium (cred.c is the only file that includes it). Level 2.
 * Any thread. */
#ifndef CRED_H
#define CRED_H

#include "arena.h"

enum { CRED_KEY = 32, CRED_MAC = 16, CRED_HASH = 32 };

/* Once, before any thread. concurrent: password hashes at the same time; wait_ms: how long one waits for its turn. */
alees_rc cred_init(uint32_t concurrent, uint32_t wait_ms) MUST_CHECK;

alees_rc cred_hash_password(struct arena *arena, alees_str password, alees_str *ret_hash) MUST_CHECK;
/* ALEES_OK, E_DENIED, E_TOO_MANY or E_NOMEM; an absent hash takes the same time and gives E_DENIED. */
alees_rc cred_verify_password(struct arena *arena, alees_str password, alees_str hash) MUST_CHECK;
alees_rc cred_new_token(struct arena *arena, const char *prefix, alees_str *ret_token) MUST_CHECK;
void cred_hash(alees_str text, uint8_t out[CRED_HASH]); /* BLAKE2b-256 */
/* Keyed BLAKE2b over head and body. */
void cred_mac(const uint8_t key[CRED_KEY], alees_str head, alees_str body, uint8_t out[CRED_MAC]);
bool cred_is_equal(const void *a, const void *b, size_t length); /* constant time */
/* base64url without padding. decode: false on any other byte. */
alees_str cred_base64(struct arena *arena, const void *bytes, size_t size) MUST_CHECK;
bool cred_unbase64(struct arena *arena, alees_str text, alees_str *ret_bytes) MUST_CHECK;

#endif
