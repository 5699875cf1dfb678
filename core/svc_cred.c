/* SPDX-License-Identifier: MIT
 * svc_cred.c - alees.cred/1: cred.c for plugins. */
#include "cred.h"
#include "svc.h"

static bool is_ctx(const alees_ctx *ctx) {
    return ctx && ctx->magic == CTX_MAGIC;
}

static alees_rc hash_password(alees_ctx *ctx, alees_str password, alees_str *ret_hash) {
    if (!is_ctx(ctx) || !password.ptr || !ret_hash) {
        return ALEES_E_INVALID;
    }
    return cred_hash_password(ctx->arena, password, ret_hash);
}

static alees_rc verify_password(alees_ctx *ctx, alees_str password, alees_str hash) {
    if (!is_ctx(ctx)) {
        return ALEES_E_INVALID;
    }
    return cred_verify_password(ctx->arena, password, hash);
}

static alees_rc new_token(alees_ctx *ctx, const char *prefix, alees_str *ret_token) {
    if (!is_ctx(ctx) || !prefix || !ret_token) {
        return ALEES_E_INVALID;
    }
    return cred_new_token(ctx->arena, prefix, ret_token);
}

static void hash_token(alees_str token, uint8_t *out) {
    if (out) {
        cred_hash(token, out);
    }
}

static uint32_t is_equal(const void *a, const void *b, size_t length) {
    return a && b && cred_is_equal(a, b, length);
}

const struct alees_cred_v1 svc_cred = {
    .struct_size = sizeof(struct alees_cred_v1),
    .hash_password = hash_password,
    .verify_password = verify_password,
    .new_token = new_token,
    .hash_token = hash_token,
    .is_equal = is_equal,
};
