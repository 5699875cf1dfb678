/* SPDX-License-Identifier: MIT
 * fuzz_cursor.c - any bytes as a cursor are refused; the same bytes signed with the key, as only the server can, are taken
 * apart without reading past their end, and what can be read is what was written. */
#include <string.h>

#include "cred.h"
#include "engine_parts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint8_t secret[CRED_KEY] = {7};
static const alees_str head = {"head", 4};

static void check_unsigned(struct arena *arena, alees_str text) {
    alees_str values[2];
    bool is_backward;
    ASSERT(engine_cursor_read(arena, secret, head, text, values, 2, &is_backward) == ALEES_E_MALFORMED);
}

static void check_signed(struct arena *arena, alees_str payload) {
    alees_str values[2], cursor;
    bool is_backward;
    uint8_t *bytes = arena_alloc(arena, CRED_MAC + payload.len);
    ASSERT(bytes);
    cred_mac(secret, head, payload, bytes);
    if (payload.len > 0) {
        memcpy(bytes + CRED_MAC, payload.ptr, payload.len);
    }
    cursor = cred_base64(arena, bytes, CRED_MAC + payload.len);
    ASSERT(cursor.ptr);
    if (engine_cursor_read(arena, secret, head, cursor, values, 2, &is_backward) == ALEES_OK) {
        alees_str again = engine_cursor_write(arena, secret, head, is_backward, values, 2);
        ASSERT(alees_equal(again, cursor));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static bool is_ready;
    struct arena *arena = arena_new((size_t)256 * 1024 * 1024);
    if (!is_ready) {
        ASSERT(cred_init(1, 1000) == ALEES_OK);
        is_ready = true;
    }
    ASSERT(arena);
    check_unsigned(arena, (alees_str){(const char *)data, size});
    check_signed(arena, (alees_str){(const char *)data, size});
    arena_free(arena);
    return 0;
}
