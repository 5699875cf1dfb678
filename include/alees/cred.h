/* SPDX-License-Identifier: MIT
 *
 * alees/cred.h - passwords, tokens and hashes, by libsodium inside the host.
 */
#ifndef ALEES_CRED_H
#define ALEES_CRED_H

#include "alees/abi.h"

#ifdef __cplusplus
extern "C" {
#endif

#define ALEES_CRED_V1 "alees.cred/1"
struct alees_cred_v1 {
    uint32_t struct_size, reserved0;
    /* An argon2id string of the password (RFC 9106), made with the interactive limits. At most as many at once as the
     * setting security.password_hashes says, others wait; E_TOO_MANY past the waiting time. [owner] */
    alees_rc (*hash_password)(alees_ctx *ctx, alees_str password, alees_str *ret_hash);
    /* ALEES_OK or E_DENIED. An absent hash costs the same and is refused: an unknown user looks like a wrong password.
     * E_TOO_MANY as above. [owner] */
    alees_rc (*verify_password)(alees_ctx *ctx, alees_str password, alees_str hash);
    /* A fresh random token of 256 bits, printable, with the prefix in front: "alees_..." [owner] */
    alees_rc (*new_token)(alees_ctx *ctx, const char *prefix, alees_str *ret_token);
    /* BLAKE2b-256 of a token: what to store and look up, never the token itself. out has 32 bytes. [any] */
    void (*hash_token)(alees_str token, uint8_t *out);
    /* Constant-time comparison of two values of the same length: 1 if equal. [any] */
    uint32_t (*is_equal)(const void *a, const void *b, size_t length);
};

#ifdef __cplusplus
}
#endif
#endif
