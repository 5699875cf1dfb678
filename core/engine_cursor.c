/* SPDX-License-Identifier: MIT
 * engine_cursor.c - opaque, authenticated keyset cursors.
 *
 *   cursor  = base64url( MAC(16) payload )
 *   payload = direction(1)  { length(2, big-endian) bytes }   one for each key of the ordering
 *   MAC     = keyed BLAKE2b over head and payload, the key shared by all servers on the database
 *
 * The head is not sent: it is what this request is about, so a cursor of another user, list, ordering or filter does not
 * verify. What does not choose or order rows is left out on purpose: it may change on the way. */
#include "engine_parts.h"

#include "cred.h"

#include <string.h>

enum { FORWARD = 'n', BACKWARD = 'p' };

static void put_counted(struct str *out, alees_str text) {
    str_u64(out, text.len);
    str_putc(out, ':');
    str_view(out, text);
}

static int compare_names(const struct ctx_parameter *a, const struct ctx_parameter *b) {
    size_t common = a->name.len < b->name.len ? a->name.len : b->name.len;
    int order = common > 0 ? memcmp(a->name.ptr, b->name.ptr, common) : 0;
    return order != 0 ? order : a->name.len < b->name.len ? -1 : a->name.len > b->name.len;
}

static bool is_bound(alees_str name) {
    static const char *const free_ones[] = {"cursor", "page_size", "page", "count", "fields", "expand"};
    for (size_t i = 0; i < ARRAY_LEN(free_ones); i++) {
        if (str_equal(name, free_ones[i])) {
            return false;
        }
    }
    return true;
}

/* The parameters that choose rows, by name. They are few: none can be repeated. */
static const struct ctx_parameter **sorted(const alees_ctx *ctx, uint32_t *ret_count) {
    const struct ctx_parameter **list = ARENA_ARRAY(ctx->arena, const struct ctx_parameter *, ctx->parameter_count + 1);
    uint32_t count = 0;
    for (uint32_t i = 0; list != NULL && i < ctx->parameter_count; i++) {
        const struct ctx_parameter *p = &ctx->parameters[i];
        uint32_t at = count;
        if (!is_bound(p->name)) {
            continue;
        }
        for (; at > 0 && compare_names(p, list[at - 1]) < 0; at--) {
            list[at] = list[at - 1];
        }
        list[at] = p;
        count++;
    }
    *ret_count = count;
    return list;
}

alees_str engine_cursor_head(const alees_ctx *ctx, const struct engine_query *q) {
    static const alees_id nobody;
    uint32_t count;
    const struct ctx_parameter **parameters = sorted(ctx, &count);
    struct str head, path;
    if (parameters == NULL) {
        return (alees_str){NULL, 0};
    }
    str_init(&path, ctx->arena, 128);
    engine_links_path(ctx, &path);
    str_init(&head, ctx->arena, 256);
    str_id(&head, ctx->who != NULL ? &ctx->who->id : &nobody);
    put_counted(&head, str_done(&path));
    head.failed = head.failed || path.failed;
    for (uint32_t i = 0; i < q->key_count; i++) {
        str_putc(&head, q->keys[i].descending ? '-' : '+');
        put_counted(&head, alees_text(q->keys[i].field->column));
    }
    for (uint32_t i = 0; i < count; i++) {
        str_putc(&head, '&');
        put_counted(&head, parameters[i]->name);
        put_counted(&head, parameters[i]->value);
    }
    return str_done(&head);
}

alees_str engine_cursor_write(struct arena *arena, const uint8_t *secret, alees_str head, bool is_backward,
                              const alees_str *values, uint32_t count) {
    uint8_t mac[CRED_MAC] = {0};
    struct str out;
    alees_str bytes;
    str_init(&out, arena, 128);
    str_put(&out, (const char *)mac, sizeof mac); /* filled in below */
    str_putc(&out, is_backward ? BACKWARD : FORWARD);
    for (uint32_t i = 0; i < count; i++) {
        ASSERT(values[i].ptr != NULL && values[i].len <= UINT16_MAX);
        str_putc(&out, (char)(values[i].len >> 8));
        str_putc(&out, (char)(values[i].len & 0xFF));
        str_view(&out, values[i]);
    }
    bytes = str_done(&out);
    if (bytes.ptr == NULL) {
        return bytes;
    }
    cred_mac(secret, head, (alees_str){bytes.ptr + CRED_MAC, bytes.len - CRED_MAC}, mac);
    memcpy(out.ptr, mac, sizeof mac);
    return cred_base64(arena, out.ptr, bytes.len);
}

/* Cuts one value off the front of *rest. */
static bool take_value(alees_str *rest, alees_str *ret_value) {
    size_t len;
    if (rest->len < 2) {
        return false;
    }
    len = (size_t)(uint8_t)rest->ptr[0] << 8 | (uint8_t)rest->ptr[1];
    if (rest->len - 2 < len) {
        return false;
    }
    *ret_value = (alees_str){rest->ptr + 2, len};
    *rest = (alees_str){rest->ptr + 2 + len, rest->len - 2 - len};
    return true;
}

alees_rc engine_cursor_read(struct arena *arena, const uint8_t *secret, alees_str head, alees_str cursor,
                            alees_str *values, uint32_t count, bool *ret_is_backward) {
    uint8_t mac[CRED_MAC];
    alees_str bytes, rest;
    if (!cred_unbase64(arena, cursor, &bytes)) {
        return arena_is_exhausted(arena) ? ALEES_E_NOMEM : ALEES_E_MALFORMED;
    }
    if (bytes.len < CRED_MAC + 1) {
        return ALEES_E_MALFORMED;
    }
    rest = (alees_str){bytes.ptr + CRED_MAC, bytes.len - CRED_MAC};
    cred_mac(secret, head, rest, mac);
    if (!cred_is_equal(mac, bytes.ptr, sizeof mac) || (rest.ptr[0] != FORWARD && rest.ptr[0] != BACKWARD)) {
        return ALEES_E_MALFORMED;
    }
    *ret_is_backward = rest.ptr[0] == BACKWARD;
    rest = (alees_str){rest.ptr + 1, rest.len - 1};
    for (uint32_t i = 0; i < count; i++) {
        alees_str value;
        if (!take_value(&rest, &value)) {
            return ALEES_E_MALFORMED;
        }
        values[i] = arena_str(arena, value);
        if (values[i].ptr == NULL) {
            return ALEES_E_NOMEM;
        }
    }
    return rest.len == 0 ? ALEES_OK : ALEES_E_MALFORMED;
}
