/* SPDX-License-Identifier: MIT
 * text.c - ids, sets and hashes as PostgreSQL writes and reads them, in the request's memory. */
#include "rbac.h"

static const char digits[] = "0123456789abcdef";

alees_str rbac_id_text(struct rbac *r, alees_ctx *ctx, const alees_id *id) {
    char *text = r->host->alloc(ctx, 37);
    return alees_text(text ? alees_id_format(id, text) : "");
}

alees_str rbac_hex(struct rbac *r, alees_ctx *ctx, const uint8_t hash[static 32]) {
    char *text = r->host->alloc(ctx, 65);
    if (!text) {
        return alees_text(NULL);
    }
    for (size_t i = 0; i < 32; i++) {
        text[2 * i] = digits[hash[i] >> 4];
        text[2 * i + 1] = digits[hash[i] & 15];
    }
    return (alees_str){text, 64};
}

bool rbac_unhex(alees_str text, uint8_t *bytes, size_t size) {
    if (text.len != 2 * size) {
        return false;
    }
    for (size_t i = 0; i < text.len; i++) {
        const char *digit = memchr(digits, text.ptr[i], 16);
        if (!digit) {
            return false;
        }
        bytes[i / 2] = (uint8_t)((i % 2 ? bytes[i / 2] << 4 : 0) | (digit - digits));
    }
    return true;
}

alees_str rbac_ids_text(struct rbac *r, alees_ctx *ctx, const alees_id *ids, uint32_t count) {
    char *text = r->host->alloc(ctx, (size_t)count * 37 + 3), *p = text;
    if (!text) {
        return alees_text(NULL);
    }
    *p++ = '{';
    for (uint32_t i = 0; i < count; i++) {
        if (i > 0) {
            *p++ = ',';
        }
        p = alees_id_format(&ids[i], p) + 36;
    }
    *p++ = '}';
    return (alees_str){text, (size_t)(p - text)};
}

alees_rc rbac_read_ids(struct rbac *r, alees_ctx *ctx, alees_str text, const alees_id **ret_ids, uint32_t *ret_count) {
    const uint32_t count = (uint32_t)(text.len / 37); /* each with the mark behind it */
    alees_id *ids = r->host->alloc(ctx, (count + 1) * sizeof *ids);
    if (!ids) {
        return ALEES_E_NOMEM;
    }
    for (uint32_t i = 0; i < count; i++) {
        if (alees_id_parse((alees_str){text.ptr + 1 + (size_t)i * 37, 36}, &ids[i]) != ALEES_OK) {
            return ALEES_E_INTERNAL;
        }
    }
    *ret_ids = ids;
    *ret_count = count;
    return ALEES_OK;
}

alees_rc rbac_set_text(struct rbac *r, alees_ctx *ctx, const uint64_t *set, alees_str *ret_text) {
    size_t room = 3;
    for (uint32_t p = 1; p <= r->catalogue->count; p++) {
        room += policy_set_has(set, p) ? strlen(r->catalogue->permissions[p - 1]->name) + 1 : 0;
    }
    char *text = r->host->alloc(ctx, room), *at = text;
    if (!text) {
        return ALEES_E_NOMEM;
    }
    *at++ = '{';
    for (uint32_t p = 1; p <= r->catalogue->count; p++) {
        if (policy_set_has(set, p)) {
            const char *name = r->catalogue->permissions[p - 1]->name;
            size_t length = strlen(name);
            if (at > text + 1) {
                *at++ = ',';
            }
            memcpy(at, name, length);
            at += length;
        }
    }
    *at++ = '}';
    *ret_text = (alees_str){text, (size_t)(at - text)};
    return ALEES_OK;
}
