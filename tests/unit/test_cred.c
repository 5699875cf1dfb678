/* SPDX-License-Identifier: MIT
 * test_cred.c - passwords and their turns, tokens, hashes, authentication codes, base64url. */
#include "test.h"

#include <pthread.h>

#include "cred.h"
#include "str.h"
#include "sys.h"

static void test_password(void **state) {
    alees_str hash, again;
    assert_ok(cred_hash_password(*state, STR_LIT("correct horse"), &hash));
    assert_true(str_starts(hash, "$argon2id$v=19$m=65536,t=2,p=1$"));
    assert_int_equal(strlen(hash.ptr), hash.len);
    assert_ok(cred_hash_password(*state, STR_LIT("correct horse"), &again));
    assert_string_not_equal(hash.ptr, again.ptr); /* salted */
    assert_ok(cred_verify_password(*state, STR_LIT("correct horse"), hash));
    assert_ok(cred_verify_password(*state, STR_LIT("correct horse"), again));
    assert_err(cred_verify_password(*state, STR_LIT("correct horsf"), hash), ALEES_E_DENIED);
    assert_err(cred_verify_password(*state, STR_LIT("correct hors"), hash), ALEES_E_DENIED);
    assert_err(cred_verify_password(*state, STR_LIT(""), hash), ALEES_E_DENIED);
    assert_err(cred_verify_password(*state, (alees_str){NULL, 0}, hash), ALEES_E_DENIED);
}

static void test_odd_passwords(void **state) {
    alees_str hash;
    char *endless = calloc(1, 100000);
    assert_non_null(endless);
    memset(endless, 'p', 100000);
    const alees_str passwords[] = {{"", 0}, {"a\0b", 3}, {endless, 100000}};
    for (size_t i = 0; i < ARRAY_LEN(passwords); i++) {
        assert_ok(cred_hash_password(*state, passwords[i], &hash));
        assert_ok(cred_verify_password(*state, passwords[i], hash));
    }
    assert_err(cred_verify_password(*state, (alees_str){endless, 99999}, hash), ALEES_E_DENIED); /* the end counts */
    assert_ok(cred_hash_password(*state, (alees_str){"a\0b", 3}, &hash));
    assert_err(cred_verify_password(*state, STR_LIT("a"), hash), ALEES_E_DENIED); /* nothing ends at the NUL */
    /* An empty password's hash does not let in somebody who sent no password. */
    assert_ok(cred_hash_password(*state, STR_LIT(""), &hash));
    assert_err(cred_verify_password(*state, (alees_str){NULL, 0}, hash), ALEES_E_DENIED);
    free(endless);
}

static void test_odd_hashes(void **state) {
    char endless[1000], good[256];
    memset(endless, '$', sizeof endless);
    alees_str hash;
    assert_ok(cred_hash_password(*state, STR_LIT("x"), &hash));
    memcpy(good, hash.ptr, hash.len);
    good[hash.len] = '\0';
    const alees_str hashes[] = {{NULL, 0},
                                {"", 0},
                                {"x", 1},
                                {endless, sizeof endless},
                                {good, hash.len + 1},
                                {good, hash.len - 1},
                                STR_LIT("$argon2id$v=19$m=65536,t=2,p=1$"),
                                STR_LIT("$2b$12$abcdefghijklmnopqrstuuABCDEFGHIJKLMNOPQRSTUVWXYZ01234")};
    for (size_t i = 0; i < ARRAY_LEN(hashes); i++) {
        assert_err(cred_verify_password(*state, STR_LIT("x"), hashes[i]), ALEES_E_DENIED);
    }
}

static uint64_t time_of(struct arena *a, alees_str hash) {
    uint64_t best = UINT64_MAX;
    for (int i = 0; i < 3; i++) {
        uint64_t start = sys_monotonic_us();
        assert_err(cred_verify_password(a, STR_LIT("wrong"), hash), ALEES_E_DENIED);
        uint64_t time = sys_monotonic_us() - start;
        best = time < best ? time : best;
    }
    return best;
}

static void test_an_absent_hash_takes_as_long(void **state) {
    alees_str hash;
    assert_ok(cred_hash_password(*state, STR_LIT("right"), &hash));
    uint64_t present = time_of(*state, hash), absent = time_of(*state, (alees_str){NULL, 0});
    assert_true(absent > present / 10 && absent < present * 10);
}

struct login {
    pthread_t thread;
    alees_rc rc;
};

static void *log_in(void *data) {
    struct login *login = data;
    struct arena *a = test_arena();
    login->rc = cred_verify_password(a, STR_LIT("x"), (alees_str){NULL, 0});
    arena_free(a);
    return NULL;
}

static void count_logins(size_t count, size_t *ret_served, size_t *ret_refused) {
    struct login logins[16] = {0};
    size_t served = 0, refused = 0;
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(pthread_create(&logins[i].thread, NULL, log_in, &logins[i]), 0);
    }
    for (size_t i = 0; i < count; i++) {
        pthread_join(logins[i].thread, NULL);
        served += logins[i].rc == ALEES_E_DENIED;
        refused += logins[i].rc == ALEES_E_TOO_MANY;
    }
    assert_int_equal(served + refused, count);
    *ret_served = served;
    *ret_refused = refused;
}

static void test_turns(void **state) {
    (void)state;
    size_t served, refused;
    assert_ok(cred_init(1, 1));
    count_logins(16, &served, &refused);
    assert_true(served >= 1);
    assert_true(refused >= 1);
    assert_ok(cred_init(2, 60000)); /* now there is time for all, and no turn was lost */
    count_logins(6, &served, &refused);
    assert_int_equal(served, 6);
}

static void test_token(void **state) {
    alees_str one, two;
    assert_ok(cred_new_token(*state, "alees_", &one));
    assert_ok(cred_new_token(*state, "alees_", &two));
    assert_true(str_starts(one, "alees_"));
    assert_int_equal(one.len, 6 + 43);
    assert_int_equal(strspn(one.ptr + 6, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"), 43);
    assert_string_not_equal(one.ptr, two.ptr);
}

static void check_hex(const uint8_t *bytes, const char *expected) {
    char text[65];
    for (size_t i = 0; i < 32; i++) {
        text[2 * i] = "0123456789abcdef"[bytes[i] >> 4];
        text[2 * i + 1] = "0123456789abcdef"[bytes[i] & 15];
    }
    text[64] = '\0';
    assert_string_equal(text, expected);
}

static void test_hash(void **state) {
    (void)state;
    uint8_t out[CRED_HASH]; /* as b2sum -l 256 prints them */
    cred_hash(STR_LIT("abc"), out);
    check_hex(out, "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319");
    cred_hash(STR_LIT(""), out);
    check_hex(out, "0e5751c026e543b2e8ab2eb06099daa1d1e5df47778f7787faab45cdf12fe3a8");
    cred_hash((alees_str){NULL, 0}, out);
    check_hex(out, "0e5751c026e543b2e8ab2eb06099daa1d1e5df47778f7787faab45cdf12fe3a8");
}

static void test_mac(void **state) {
    (void)state;
    uint8_t key[CRED_KEY] = {1, 2, 3}, other_key[CRED_KEY] = {1, 2, 4}, codes[7][CRED_MAC], again[CRED_MAC];
    cred_mac(key, STR_LIT("ab"), STR_LIT("c"), codes[0]);
    cred_mac(key, STR_LIT("a"), STR_LIT("bc"), codes[1]); /* the border counts */
    cred_mac(key, STR_LIT(""), STR_LIT("abc"), codes[2]);
    cred_mac(key, STR_LIT("abc"), (alees_str){NULL, 0}, codes[3]);
    cred_mac(key, STR_LIT("ab"), STR_LIT("d"), codes[4]);
    cred_mac(other_key, STR_LIT("ab"), STR_LIT("c"), codes[5]);
    cred_mac(key, STR_LIT(""), STR_LIT(""), codes[6]);
    for (size_t i = 0; i < 7; i++) {
        for (size_t k = 0; k < i; k++) {
            assert_false(cred_is_equal(codes[i], codes[k], CRED_MAC));
        }
    }
    cred_mac(key, STR_LIT("ab"), STR_LIT("c"), again);
    assert_true(cred_is_equal(codes[0], again, CRED_MAC));
    again[CRED_MAC - 1] ^= 1;
    assert_false(cred_is_equal(codes[0], again, CRED_MAC));
    assert_true(cred_is_equal("a", "b", 0));
}

static void test_base64(void **state) {
    struct arena *a = *state;
    alees_str bytes;
    assert_text(cred_base64(a, "", 0), "");
    assert_text(cred_base64(a, "f", 1), "Zg");
    assert_text(cred_base64(a, "ba", 2), "YmE");
    assert_text(cred_base64(a, "foo", 3), "Zm9v");
    assert_text(cred_base64(a, "\xfb\xff\xfe", 3), "-__-");
    for (size_t size = 0; size < 100; size++) {
        unsigned char in[100];
        sys_random(in, size);
        alees_str text = cred_base64(a, in, size);
        assert_int_equal(strlen(text.ptr), text.len);
        assert_true(cred_unbase64(a, text, &bytes));
        assert_int_equal(bytes.len, size);
        assert_memory_equal(bytes.ptr, in, size);
    }
    static const char *const bad[] = {"Z",    "Zg=", "Zg==", "Zm9v\n", " Zm9v",   "Zm+v",
                                      "Zm/v", "Zh",  "Zm9",  "Zm9vZ",  "\xc3\xbc"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        if (cred_unbase64(a, test_view(bad[i]), &bytes)) {
            fail_msg("\"%s\" was decoded", bad[i]);
        }
    }
    assert_false(cred_unbase64(a, (alees_str){NULL, 0}, &bytes));
    assert_false(cred_unbase64(a, (alees_str){"Zg\0\0", 4}, &bytes));
}

static void test_without_memory(void **state) {
    (void)state;
    struct arena *a = arena_new(4);
    alees_str out = {NULL, 0};
    assert_err(cred_hash_password(a, STR_LIT("x"), &out), ALEES_E_NOMEM);
    assert_err(cred_new_token(a, "alees_", &out), ALEES_E_NOMEM);
    assert_absent(cred_base64(a, "0123456789", 10));
    assert_absent(cred_base64(a, "0", SIZE_MAX));
    assert_false(cred_unbase64(a, STR_LIT("Zm9vZm9vZm9v"), &out));
    assert_absent(out);
    arena_free(a);
    a = test_arena();
    arena_fail_after(a, 2);
    assert_err(cred_new_token(a, "alees_", &out), ALEES_E_NOMEM);
    arena_free(a);
    assert_absent(out);
}

static int init(void **state) {
    (void)state;
    return cred_init(2, 60000);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        ARENA_TEST(test_password),    ARENA_TEST(test_odd_passwords),
        ARENA_TEST(test_odd_hashes),  ARENA_TEST(test_an_absent_hash_takes_as_long),
        cmocka_unit_test(test_turns), ARENA_TEST(test_token),
        cmocka_unit_test(test_hash),  cmocka_unit_test(test_mac),
        ARENA_TEST(test_base64),      cmocka_unit_test(test_without_memory),
    };
    return cmocka_run_group_tests_name("cred", tests, init, NULL);
}
