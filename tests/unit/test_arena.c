/* SPDX-License-Identifier: MIT
 * test_arena.c - alignment, limit, reset, defers, failing allocation; of whichever twin this build has. */
#include "test.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static void test_blocks_are_zeroed_and_aligned(void **state) {
    struct arena *a = *state;
    for (int round = 0; round < 3; round++) {
        for (size_t size = 0; size < 300; size++) {
            unsigned char *p = arena_alloc(a, size);
            assert_non_null(p);
            assert_int_equal((uintptr_t)p % _Alignof(max_align_t), 0);
            for (size_t i = 0; i < size; i++) {
                assert_int_equal(p[i], 0);
            }
            memset(p, 0xaa, size); /* so that a block handed out twice is seen after the reset */
        }
        arena_reset(a);
        assert_int_equal(arena_used(a), 0);
    }
}

static void test_blocks_do_not_overlap(void **state) {
    struct arena *a = *state;
    enum { BLOCKS = 500 };
    unsigned char *blocks[BLOCKS];
    for (size_t i = 0; i < BLOCKS; i++) { /* some larger than the first block, some larger than the largest step */
        size_t size = i % 100 == 99 ? 2000000 : i * 13;
        blocks[i] = arena_alloc(a, size);
        assert_non_null(blocks[i]);
        memset(blocks[i], (int)(i & 0xff), size);
    }
    for (size_t i = 0; i < BLOCKS; i++) {
        size_t size = i % 100 == 99 ? 2000000 : i * 13;
        for (size_t k = 0; k < size; k++) {
            if (blocks[i][k] != (i & 0xff)) {
                fail_msg("block %zu was overwritten at %zu", i, k);
            }
        }
    }
}

static void count_up(void *data) {
    ++*(int *)data;
}

static void test_marks_give_back(void **state) {
    struct arena *a = *state;
    struct arena_mark outer, inner;
    int early = 0, late = 0;
    char *kept = arena_dup(a, "kept", 4);
    assert_true(arena_defer(a, count_up, &early));
    size_t used = arena_used(a);
    arena_mark(a, &outer);
    for (int round = 0; round < 3; round++) {
        assert_non_null(arena_alloc(a, 100000)); /* a block of its own */
        assert_true(arena_defer(a, count_up, &late));
        arena_mark(a, &inner);
        assert_non_null(arena_alloc(a, 2000000));
        arena_release(a, &inner);
        assert_int_equal(late, round);
        arena_release(a, &outer);
        assert_int_equal(late, round + 1);
        assert_int_equal(arena_used(a), used);
    }
    assert_string_equal(kept, "kept");
    assert_int_equal(early, 0);
    arena_reset(a);
    assert_int_equal(early, 1);
}

static void test_limit_is_sticky(void **state) {
    (void)state;
    struct arena *a = arena_new(1024);
    assert_non_null(arena_alloc(a, 1000));
    assert_false(arena_is_exhausted(a));
    assert_null(arena_alloc(a, 1000));
    assert_true(arena_is_exhausted(a));
    assert_non_null(arena_alloc(a, 8)); /* there is room for this one, but the request has failed */
    assert_true(arena_is_exhausted(a));
    assert_true(arena_used(a) <= 1024);
    arena_reset(a);
    assert_false(arena_is_exhausted(a));
    assert_non_null(arena_alloc(a, 1024));
    assert_null(arena_alloc(a, 1));
    arena_free(a);
}

static void test_huge_sizes_are_refused(void **state) {
    struct arena *a = arena_new(SIZE_MAX);
    assert_null(arena_alloc(a, SIZE_MAX));
    assert_null(arena_alloc(a, SIZE_MAX - 8));
    assert_null(arena_alloc_array(a, SIZE_MAX / 2, 3));
    assert_null(arena_dup(a, "x", SIZE_MAX));
    assert_true(arena_is_exhausted(a));
    assert_int_equal(arena_used(a), 0);
    arena_free(a);
    a = *state;
    assert_null(arena_alloc(a, SIZE_MAX));
    assert_null(arena_alloc(a, TEST_MEMORY + 1));
    assert_non_null(arena_alloc_array(a, 0, SIZE_MAX));
    assert_non_null(arena_alloc_array(a, 16, 4));
}

static void test_warm_arena_reuses_its_first_block(void **state) {
    struct arena *a = *state;
    void *first = arena_alloc(a, 64);
    arena_reset(a);
    void *second = arena_alloc(a, 64);
    assert_non_null(first);
    assert_non_null(second);
#ifndef __SANITIZE_ADDRESS__ /* the debug twin gives each its own malloc */
    void *third = arena_alloc(a, 64);
    if ((char *)third - (char *)second == 64) { /* not the twin */
        assert_ptr_equal(first, second);
    }
#endif
}

static void test_copies(void **state) {
    struct arena *a = *state;
    char *copy = arena_dup(a, "ab\0cd", 5);
    assert_memory_equal(copy, "ab\0cd", 6);
    assert_string_equal(arena_dup(a, NULL, 0), "");
    alees_str text = arena_str(a, STR_LIT("hello"));
    assert_text(text, "hello");
    assert_int_equal(text.ptr[5], '\0');
    assert_absent(arena_str(a, (alees_str){NULL, 0}));
    assert_text(arena_str(a, STR_LIT("")), "");
    assert_text(arena_printf(a, "%s-%d", "x", 7), "x-7");
    alees_str wide = arena_printf(a, "%*d", 5000, 1);
    assert_int_equal(wide.len, 5000);
    assert_int_equal(wide.ptr[4999], '1');
    assert_int_equal(strlen(wide.ptr), 5000);
    alees_str edge = arena_printf(a, "%*d", 256, 1);
    assert_int_equal(edge.len, 256);
    assert_int_equal(strlen(edge.ptr), 256);
}

static void test_copies_past_the_limit(void **state) {
    (void)state;
    struct arena *a = arena_new(32);
    assert_null(arena_dup(a, "0123456789012345678901234567890123456789", 40));
    assert_absent(arena_str(a, STR_LIT("0123456789012345678901234567890123456789")));
    alees_str text = arena_printf(a, "%*d", 300, 1);
    assert_absent(text);
    assert_int_equal(text.len, 0);
    arena_free(a);
}

static char order[8];
static char a_name[] = "a", b_name[] = "b", c_name[] = "c", m_name[] = "m";

static void note(void *data) {
    strcat(order, data);
}

static void note_and_defer(void *data) {
    struct arena *a = data;
    strcat(order, "n");
    assert_true(arena_defer(a, note, m_name));
}

static void test_defers_run_last_in_first_out(void **state) {
    struct arena *a = *state;
    order[0] = '\0';
    assert_true(arena_defer(a, note, a_name));
    assert_true(arena_defer(a, note, b_name));
    assert_true(arena_defer(a, note, c_name));
    assert_string_equal(order, "");
    arena_reset(a);
    assert_string_equal(order, "cba");
    arena_reset(a);
    assert_string_equal(order, "cba");
}

static void test_a_defer_may_defer(void **state) {
    struct arena *a = *state;
    order[0] = '\0';
    assert_true(arena_defer(a, note, a_name));
    assert_true(arena_defer(a, note_and_defer, a));
    arena_reset(a);
    assert_string_equal(order, "nma");
}

static void test_free_runs_defers(void **state) {
    (void)state;
    struct arena *a = test_arena();
    order[0] = '\0';
    assert_true(arena_defer(a, note, c_name));
    arena_free(a);
    assert_string_equal(order, "c");
    arena_free(NULL);
}

static void test_a_defer_without_memory_runs_at_once(void **state) {
    struct arena *a = *state;
    order[0] = '\0';
    arena_fail_after(a, 1);
    assert_false(arena_defer(a, note, c_name));
    assert_string_equal(order, "c");
    arena_reset(a);
    assert_string_equal(order, "c");
}

static void test_fail_after(void **state) {
    struct arena *a = *state;
    arena_fail_after(a, 3);
    assert_non_null(arena_alloc(a, 1));
    assert_non_null(arena_alloc(a, 1));
    assert_null(arena_alloc(a, 1));
    assert_true(arena_is_exhausted(a));
    assert_non_null(arena_alloc(a, 1));
    arena_fail_after(a, 1);
    arena_fail_after(a, 0);
    assert_non_null(arena_alloc(a, 1));
}

static void test_grow(void **state) {
    struct arena *a = *state;
    char *first = arena_alloc(a, 100);
    assert_non_null(first);
    memset(first, 'x', 100);
    size_t before = arena_used(a);
    if (arena_grow(a, first, 100, 1000)) { /* the debug twin never does */
        memset(first, 'x', 1000);
        assert_true(arena_used(a) >= before + 900 - _Alignof(max_align_t));
        char *second = arena_alloc(a, 10);
        assert_true(second >= first + 1000);
    } else {
        assert_non_null(arena_alloc(a, 10));
    }
    before = arena_used(a);
    assert_false(arena_grow(a, first, 1000, 2000)); /* no longer the last */
    assert_false(arena_grow(a, NULL, 0, 10));
    char *last = arena_alloc(a, 16);
    assert_non_null(last);
    before = arena_used(a);
    assert_false(arena_grow(a, last, 16, SIZE_MAX - 3));
    assert_false(arena_grow(a, last, 16, TEST_MEMORY + 1));
    assert_int_equal(arena_used(a), before);
    assert_false(arena_is_exhausted(a));
}

static void test_a_corrupt_arena_dies_at_the_next_touch(void **state) {
    (void)state;
    pid_t child = fork();
    if (child == 0) {
        close(STDERR_FILENO);
        _Alignas(max_align_t) char garbage[512];
        memset(garbage, 0x5a, sizeof garbage);
        void *p = arena_alloc((struct arena *)(void *)garbage, 8);
        _exit(p ? 1 : 2);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        ARENA_TEST(test_blocks_are_zeroed_and_aligned),
        ARENA_TEST(test_blocks_do_not_overlap),
        ARENA_TEST(test_marks_give_back),
        cmocka_unit_test(test_limit_is_sticky),
        ARENA_TEST(test_huge_sizes_are_refused),
        ARENA_TEST(test_warm_arena_reuses_its_first_block),
        ARENA_TEST(test_copies),
        cmocka_unit_test(test_copies_past_the_limit),
        ARENA_TEST(test_defers_run_last_in_first_out),
        ARENA_TEST(test_a_defer_may_defer),
        cmocka_unit_test(test_free_runs_defers),
        ARENA_TEST(test_a_defer_without_memory_runs_at_once),
        ARENA_TEST(test_fail_after),
        ARENA_TEST(test_grow),
        cmocka_unit_test(test_a_corrupt_arena_dies_at_the_next_touch),
    };
    return cmocka_run_group_tests_name("arena", tests, NULL, NULL);
}
