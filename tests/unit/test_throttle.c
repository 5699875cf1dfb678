/* SPDX-License-Identifier: MIT
 * test_throttle.c - guesses are bounded, and nobody is locked out from elsewhere. */
#include "test.h"

#include <stdio.h>

#include "plugins/rbac/throttle.c"

/* Stands for BLAKE2b: spreads, needs no library. */
static void hash_token(alees_str token, uint8_t *out) {
    uint64_t hash = 0xcbf29ce484222325u;
    for (size_t i = 0; i < token.len; i++) {
        hash = (hash ^ (uint8_t)token.ptr[i]) * 0x100000001b3u;
        hash ^= hash >> 31;
    }
    memset(out, 0, 32);
    memcpy(out, &hash, sizeof hash);
}

static const struct alees_cred_v1 cred = {.struct_size = sizeof cred, .hash_token = hash_token};
static const alees_id seed = {{1, 2, 3}};

static uint32_t spend_at(struct throttle *t, const char *account, const char *address, int64_t now) {
    return throttle_spend(t, test_view(account), test_view(address), now);
}

static void test_an_account_from_one_address(void **state) {
    struct throttle *t = throttle_new(&cred, 5, seed);
    (void)state;
    for (int i = 0; i < 5; i++) {
        assert_int_equal(spend_at(t, "owner", "192.0.2.1", 1000), 0);
    }
    assert_int_equal(spend_at(t, "owner", "192.0.2.1", 1000), 30);
    assert_int_equal(spend_at(t, "owner", "192.0.2.1", 30000), 1);
    assert_int_equal(spend_at(t, "owner", "192.0.2.1", 31000), 0); /* one came back */
    assert_true(spend_at(t, "owner", "192.0.2.1", 31000) > 0);
    assert_int_equal(spend_at(t, "owner", "192.0.2.2", 1000), 0);  /* the owner at home */
    assert_int_equal(spend_at(t, "other", "192.0.2.1", 31000), 0); /* somebody else behind the same address */
    throttle_free(t);
}

static void test_strangers_everywhere_do_not_lock_the_owner_out(void **state) {
    struct throttle *t = throttle_new(&cred, 5, seed);
    char address[32];
    (void)state;
    for (int i = 0; i < 5000; i++) {
        snprintf(address, sizeof address, "198.%d.%d.%d", 51 + i / 65536, i / 256 % 256, i % 256);
        for (int j = 0; j < 8; j++) {
            (void)spend_at(t, "owner", address, 1000);
        }
    }
    assert_int_equal(spend_at(t, "owner", "192.0.2.1", 1000), 0);
    throttle_free(t);
}

static void test_many_accounts_from_one_address(void **state) {
    struct throttle *t = throttle_new(&cred, 5, seed);
    char account[32];
    (void)state;
    for (int i = 0; i < 50; i++) {
        snprintf(account, sizeof account, "user%d", i);
        assert_int_equal(spend_at(t, account, "192.0.2.1", 1000), 0);
    }
    assert_int_equal(spend_at(t, "user51", "192.0.2.1", 1000), 3);
    assert_int_equal(spend_at(t, "user51", "192.0.2.9", 1000), 0);
    throttle_free(t);
}

static void test_ipv6_counts_by_network(void **state) {
    struct throttle *t = throttle_new(&cred, 2, seed);
    (void)state;
    assert_int_equal(spend_at(t, "owner", "2001:db8:1:1::1", 1000), 0);
    assert_int_equal(spend_at(t, "owner", "2001:db8:1:1:ffff::2", 1000), 0);
    assert_true(spend_at(t, "owner", "2001:db8:1:1::3", 1000) > 0);
    assert_int_equal(spend_at(t, "owner", "2001:db8:1:2::1", 1000), 0);
    throttle_free(t);
}

static void test_the_right_password_gives_back(void **state) {
    struct throttle *t = throttle_new(&cred, 3, seed);
    (void)state;
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(spend_at(t, "owner", "192.0.2.1", 1000), 0);
        throttle_give_back(t, test_view("owner"), test_view("192.0.2.1"));
    }
    throttle_free(t);
}

static void test_off(void **state) {
    struct throttle *t = throttle_new(&cred, 0, seed);
    (void)state;
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(spend_at(t, "owner", "192.0.2.1", 1000), 0);
    }
    throttle_give_back(t, test_view("owner"), test_view("192.0.2.1"));
    throttle_free(t);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_account_from_one_address),
        cmocka_unit_test(test_strangers_everywhere_do_not_lock_the_owner_out),
        cmocka_unit_test(test_many_accounts_from_one_address),
        cmocka_unit_test(test_ipv6_counts_by_network),
        cmocka_unit_test(test_the_right_password_gives_back),
        cmocka_unit_test(test_off),
    };
    return cmocka_run_group_tests_name("throttle", tests, NULL, NULL);
}
