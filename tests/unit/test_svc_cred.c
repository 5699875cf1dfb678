/* SPDX-License-Identifier: MIT
 * test_svc_cred.c - alees.cred/1 as a plugin calls it, with right and wrong arguments. */
#include "test.h"

#include "cred.h"
#include "svc.h"

static const struct alees_cred_v1 *const cred = &svc_cred;

static void make_ctx(alees_ctx *ctx, struct arena *arena) {
    memset(ctx, 0, sizeof *ctx);
    ctx->magic = CTX_MAGIC;
    ctx->arena = arena;
    problem_init(&ctx->problem, arena);
}

static void test_password(void **state) {
    alees_ctx ctx;
    alees_str hash = {NULL, 0};
    make_ctx(&ctx, *state);
    assert_int_equal(cred->struct_size, sizeof(struct alees_cred_v1));
    assert_ok(cred->hash_password(&ctx, STR_LIT("secret"), &hash));
    assert_ok(cred->verify_password(&ctx, STR_LIT("secret"), hash));
    assert_err(cred->verify_password(&ctx, STR_LIT("Secret"), hash), ALEES_E_DENIED);
    assert_err(cred->verify_password(&ctx, STR_LIT("secret"), (alees_str){NULL, 0}), ALEES_E_DENIED);
}

static void test_token_and_hash(void **state) {
    alees_ctx ctx;
    alees_str token = {NULL, 0};
    uint8_t one[CRED_HASH], two[CRED_HASH];
    make_ctx(&ctx, *state);
    assert_ok(cred->new_token(&ctx, "alees_", &token));
    cred->hash_token(token, one);
    cred_hash(token, two);
    assert_int_equal(cred->is_equal(one, two, CRED_HASH), 1);
    cred->hash_token(STR_LIT("alees_"), two);
    assert_int_equal(cred->is_equal(one, two, CRED_HASH), 0);
}

static void test_wrong_arguments(void **state) {
    alees_ctx ctx, stale;
    alees_str out = {NULL, 0};
    make_ctx(&ctx, *state);
    make_ctx(&stale, *state);
    stale.magic = 0;
    assert_err(cred->hash_password(NULL, STR_LIT("x"), &out), ALEES_E_INVALID);
    assert_err(cred->hash_password(&stale, STR_LIT("x"), &out), ALEES_E_INVALID);
    assert_err(cred->hash_password(&ctx, (alees_str){NULL, 0}, &out), ALEES_E_INVALID);
    assert_err(cred->hash_password(&ctx, STR_LIT("x"), NULL), ALEES_E_INVALID);
    assert_err(cred->verify_password(NULL, STR_LIT("x"), STR_LIT("x")), ALEES_E_INVALID);
    assert_err(cred->verify_password(&stale, STR_LIT("x"), STR_LIT("x")), ALEES_E_INVALID);
    assert_err(cred->new_token(NULL, "x", &out), ALEES_E_INVALID);
    assert_err(cred->new_token(&stale, "x", &out), ALEES_E_INVALID);
    assert_err(cred->new_token(&ctx, NULL, &out), ALEES_E_INVALID);
    assert_err(cred->new_token(&ctx, "x", NULL), ALEES_E_INVALID);
    assert_absent(out);
    cred->hash_token(STR_LIT("x"), NULL);
    assert_int_equal(cred->is_equal(NULL, "x", 1), 0);
    assert_int_equal(cred->is_equal("x", NULL, 1), 0);
}

static int init(void **state) {
    (void)state;
    return cred_init(2, 60000);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        ARENA_TEST(test_password),
        ARENA_TEST(test_token_and_hash),
        ARENA_TEST(test_wrong_arguments),
    };
    return cmocka_run_group_tests_name("svc_cred", tests, init, NULL);
}
