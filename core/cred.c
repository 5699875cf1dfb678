/* SPDX-License-Identifier: MIT
 * cred.c - passwords, tokens and authentication codes, on libsodium. */
#include "cred.h"

#include <errno.h>
#include <pthread.h>
#include <sodium.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include "alees/util.h"

_Static_assert((int)CRED_HASH == (int)crypto_generichash_BYTES, "BLAKE2b-256");
_Static_assert((int)CRED_KEY == (int)crypto_generichash_KEYBYTES && (int)CRED_MAC == (int)crypto_generichash_BYTES_MIN,
               "keyed BLAKE2b");

enum { TOKEN_BYTES = 32 };

/* Each hash takes 64 MiB and a processor for a moment: only so many at once, the others wait for a turn. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* turns */
static pthread_cond_t turn_is_free;
static uint32_t turns;
static uint32_t wait_limit_ms;
static bool is_ready;

/* What an absent hash is compared with, so that it takes as long as any other. */
static char dummy_hash[crypto_pwhash_STRBYTES];

static bool make_hash(alees_str password, char out[crypto_pwhash_STRBYTES]) {
    return crypto_pwhash_str(out, password.ptr ? password.ptr : "", password.len, crypto_pwhash_OPSLIMIT_INTERACTIVE,
                             crypto_pwhash_MEMLIMIT_INTERACTIVE) == 0;
}

alees_rc cred_init(uint32_t concurrent, uint32_t wait_ms) {
    ASSERT(concurrent > 0);
    turns = concurrent;
    wait_limit_ms = wait_ms;
    if (is_ready) {
        return ALEES_OK;
    }
    if (sodium_init() < 0) {
        return ALEES_E_INTERNAL;
    }
    pthread_condattr_t attributes; /* the clock that nobody sets */
    if (pthread_condattr_init(&attributes) != 0) {
        return ALEES_E_NOMEM;
    }
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    int failed = pthread_cond_init(&turn_is_free, &attributes);
    pthread_condattr_destroy(&attributes);
    if (failed) {
        return ALEES_E_NOMEM;
    }
    char password[TOKEN_BYTES];
    randombytes_buf(password, sizeof password);
    if (!make_hash((alees_str){password, sizeof password}, dummy_hash)) {
        pthread_cond_destroy(&turn_is_free);
        return ALEES_E_NOMEM;
    }
    is_ready = true;
    return ALEES_OK;
}

static bool take_turn(void) {
    struct timespec until;
    ASSERT(is_ready && clock_gettime(CLOCK_MONOTONIC, &until) == 0);
    until.tv_sec += (time_t)(wait_limit_ms / 1000);
    until.tv_nsec += (long)(wait_limit_ms % 1000) * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    pthread_mutex_lock(&lock);
    int rc = 0;
    while (turns == 0 && rc == 0) {
        rc = pthread_cond_timedwait(&turn_is_free, &lock, &until);
    }
    bool is_mine = turns > 0;
    if (is_mine) {
        turns--;
    }
    pthread_mutex_unlock(&lock);
    return is_mine;
}

static void give_turn(void) {
    pthread_mutex_lock(&lock);
    turns++;
    pthread_cond_signal(&turn_is_free);
    pthread_mutex_unlock(&lock);
}

alees_rc cred_hash_password(struct arena *arena, alees_str password, alees_str *ret_hash) {
    if (!take_turn()) {
        return ALEES_E_TOO_MANY;
    }
    char hash[crypto_pwhash_STRBYTES];
    bool made = make_hash(password, hash);
    give_turn();
    alees_str copy = made ? arena_str(arena, alees_text(hash)) : (alees_str){NULL, 0};
    if (!copy.ptr) {
        return ALEES_E_NOMEM;
    }
    *ret_hash = copy;
    return ALEES_OK;
}

alees_rc cred_verify_password(struct arena *arena, alees_str password, alees_str hash) {
    (void)arena;
    char text[crypto_pwhash_STRBYTES] = {0};
    bool is_usable = hash.ptr && hash.len < sizeof text && memchr(hash.ptr, '\0', hash.len) == NULL;
    if (is_usable) {
        memcpy(text, hash.ptr, hash.len);
    }
    if (!take_turn()) {
        return ALEES_E_TOO_MANY;
    }
    errno = 0;
    const char *against = is_usable ? text : dummy_hash;
    int mismatch = crypto_pwhash_str_verify(against, password.ptr ? password.ptr : "", password.len);
    bool is_out_of_memory = mismatch && errno == ENOMEM;
    give_turn();
    if (is_out_of_memory) {
        return ALEES_E_NOMEM;
    }
    return is_usable && password.ptr && !mismatch ? ALEES_OK : ALEES_E_DENIED;
}

alees_rc cred_new_token(struct arena *arena, const char *prefix, alees_str *ret_token) {
    unsigned char bytes[TOKEN_BYTES];
    randombytes_buf(bytes, sizeof bytes);
    alees_str random = cred_base64(arena, bytes, sizeof bytes);
    sodium_memzero(bytes, sizeof bytes);
    if (!random.ptr) {
        return ALEES_E_NOMEM;
    }
    alees_str token = arena_printf(arena, "%s%.*s", prefix, STR_FMT(random));
    if (!token.ptr) {
        return ALEES_E_NOMEM;
    }
    *ret_token = token;
    return ALEES_OK;
}

static void add(crypto_generichash_state *state, const void *bytes, size_t size) {
    ASSERT(crypto_generichash_update(state, bytes, size) == 0);
}

void cred_hash(alees_str text, uint8_t out[CRED_HASH]) {
    crypto_generichash_state state;
    ASSERT(crypto_generichash_init(&state, NULL, 0, CRED_HASH) == 0);
    add(&state, text.ptr, text.len);
    ASSERT(crypto_generichash_final(&state, out, CRED_HASH) == 0);
}

void cred_mac(const uint8_t key[CRED_KEY], alees_str head, alees_str body, uint8_t out[CRED_MAC]) {
    /* The length in front: ("ab", "c") and ("a", "bc") must not have the same code. */
    uint8_t length[8];
    for (int i = 0; i < 8; i++) {
        length[i] = (uint8_t)((uint64_t)head.len >> 8 * i);
    }
    crypto_generichash_state state;
    ASSERT(crypto_generichash_init(&state, key, CRED_KEY, CRED_MAC) == 0);
    add(&state, length, sizeof length);
    add(&state, head.ptr, head.len);
    add(&state, body.ptr, body.len);
    ASSERT(crypto_generichash_final(&state, out, CRED_MAC) == 0);
}

bool cred_is_equal(const void *a, const void *b, size_t length) {
    return sodium_memcmp(a, b, length) == 0;
}

alees_str cred_base64(struct arena *arena, const void *bytes, size_t size) {
    alees_str absent = {NULL, 0};
    if (size > SIZE_MAX / 4) {
        return absent;
    }
    size_t room = sodium_base64_encoded_len(size, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    char *text = arena_alloc(arena, room);
    if (!text) {
        return absent;
    }
    sodium_bin2base64(text, room, bytes, size, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    return (alees_str){text, room - 1};
}

bool cred_unbase64(struct arena *arena, alees_str text, alees_str *ret_bytes) {
    size_t room = text.len / 4 * 3 + 3, size = 0;
    unsigned char *bytes = text.ptr ? arena_alloc(arena, room) : NULL;
    if (!bytes || sodium_base642bin(bytes, room, text.ptr, text.len, NULL, &size, NULL,
                                    sodium_base64_VARIANT_URLSAFE_NO_PADDING) != 0) {
        return false;
    }
    *ret_bytes = (alees_str){(const char *)bytes, size};
    return true;
}
