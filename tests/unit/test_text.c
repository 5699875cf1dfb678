/* SPDX-License-Identifier: MIT
 * test_text.c - plugins/rbac/text.c: what goes to PostgreSQL and comes back is the same. */
#include "test.h"

#include <stdlib.h>
#include <string.h>

#include "plugins/rbac/text.c"
#include "policy_rows.h"

static char memory[4096]; /* of one request */
static size_t used;

static void *alloc(alees_ctx *ctx, size_t size) {
    (void)ctx;
    size = (size + 15) / 16 * 16;
    if (size > sizeof memory - used) {
        return NULL;
    }
    used += size;
    return memset(memory + used - size, 0, size);
}

static const struct alees_host host = {.struct_size = sizeof host, .alloc = alloc};

static int begin(void **state) {
    static struct rbac r;
    r.host = &host;
    used = 0;
    *state = &r;
    return 0;
}

static void test_hashes(void **state) {
    uint8_t hash[32], back[32];
    for (size_t i = 0; i < sizeof hash; i++) {
        hash[i] = (uint8_t)(i * 37 + 250);
    }
    alees_str hex = rbac_hex(*state, NULL, hash);
    assert_int_equal(hex.len, 64);
    assert_int_equal(strncmp(hex.ptr, "fa1f4469", 8), 0);
    assert_true(rbac_unhex(hex, back, sizeof back));
    assert_memory_equal(hash, back, sizeof hash);
    assert_false(rbac_unhex((alees_str){hex.ptr, 63}, back, sizeof back));
    assert_false(
        rbac_unhex(test_view("g1b2b3b4b5b6b7b8b9b0b1b2b3b4b5b6b7b8b9b0b1b2b3b4b5b6b7b8b9b0b1b2"), back, sizeof back));
    assert_false(rbac_unhex((alees_str){NULL, 0}, back, sizeof back));
    used = sizeof memory;
    assert_null(rbac_hex(*state, NULL, hash).ptr);
}

static void test_ids(void **state) {
    const alees_id ids[] = {id_of(1, 1), id_of(2, 7), id_of(3, 40000)}, *back;
    uint32_t count;
    for (uint32_t n = 0; n <= 3; n++) {
        alees_str text = rbac_ids_text(*state, NULL, ids, n);
        assert_int_equal(text.len, n == 0 ? 2 : n * 37 + 1);
        assert_true(text.ptr[0] == '{' && text.ptr[text.len - 1] == '}');
        assert_int_equal(rbac_read_ids(*state, NULL, text, &back, &count), ALEES_OK);
        assert_int_equal(count, n);
        assert_true(n == 0 || memcmp(ids, back, n * sizeof *ids) == 0);
    }
    assert_int_equal(rbac_read_ids(*state, NULL, test_view("{x1930000-0000-7000-8000-000000000001}"), &back, &count),
                     ALEES_E_INTERNAL);
    used = sizeof memory;
    assert_null(rbac_ids_text(*state, NULL, ids, 3).ptr);
    assert_int_equal(rbac_read_ids(*state, NULL, test_view("{}"), &back, &count), ALEES_E_NOMEM);
}

static void test_sets(void **state) {
    struct rbac *r = *state;
    alees_str text;
    r->catalogue = catalogue();
    uint64_t *set = calloc(policy_words(r->catalogue), sizeof *set);
    assert_int_equal(rbac_set_text(r, NULL, set, &text), ALEES_OK);
    assert_true(alees_equal(text, test_view("{}")));
    assert_true(policy_set_add(r->catalogue, set, test_view("product.*_product"), true));
    assert_true(policy_set_add(r->catalogue, set, test_view("rbac.view_role"), true));
    assert_int_equal(rbac_set_text(r, NULL, set, &text), ALEES_OK);
    assert_true(alees_equal(
        text, test_view("{product.view_product,product.add_product,product.change_product,rbac.view_role}")));
    used = sizeof memory;
    assert_int_equal(rbac_set_text(r, NULL, set, &text), ALEES_E_NOMEM);
    free(set);
    policy_catalogue_free(r->catalogue);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_hashes, begin),
        cmocka_unit_test_setup(test_ids, begin),
        cmocka_unit_test_setup(test_sets, begin),
    };
    return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
