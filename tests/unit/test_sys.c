/* SPDX-License-Identifier: MIT
 * test_sys.c - clocks, randomness, new ids, RFC 3339. */
#include "test.h"

#include <pthread.h>
#include <time.h>

#include "alees/util.h"
#include "sys.h"

static void test_clocks(void **state) {
    (void)state;
    uint64_t before = sys_monotonic_us(), real = sys_realtime_us();
    struct timespec pause = {0, 2000000};
    nanosleep(&pause, NULL);
    assert_true(sys_monotonic_us() >= before + 2000);
    assert_true(sys_realtime_us() > real);
    assert_in_range(real / 1000000, (uint64_t)time(NULL) - 2, (uint64_t)time(NULL) + 2);
    sys_fake_realtime(42);
    assert_int_equal(sys_realtime_us(), 42);
    assert_true(sys_monotonic_us() > 42);
    sys_fake_realtime(0);
    assert_true(sys_realtime_us() >= real);
}

static void test_random_differs_and_fills_all(void **state) {
    (void)state;
    for (size_t size = 0; size <= 600; size++) { /* through the pool and past it */
        unsigned char bytes[602], other[602];
        memset(bytes, 0xee, sizeof bytes);
        memset(other, 0xee, sizeof other);
        sys_random(bytes, size);
        sys_random(other, size);
        assert_true(size < 8 || memcmp(bytes, other, size) != 0);
        assert_int_equal(bytes[size], 0xee);
    }
    unsigned char seen[256] = {0}, bytes[4096];
    for (size_t at = 0; at < sizeof bytes; at += 16) {
        sys_random(bytes + at, 16);
    }
    size_t values = 0;
    for (size_t i = 0; i < sizeof bytes; i++) {
        values += seen[bytes[i]]++ == 0;
    }
    assert_true(values > 240); /* 256 but for chance */
}

static void test_new_id_is_version_7(void **state) {
    (void)state;
    sys_fake_realtime(UINT64_C(1795356300123456));
    alees_id id = sys_new_id();
    uint64_t ms = 0;
    for (int i = 0; i < 6; i++) {
        ms = ms << 8 | id.bytes[i];
    }
    assert_true(ms == UINT64_C(1795356300123));
    assert_int_equal(id.bytes[6] >> 4, 7);
    assert_int_equal(id.bytes[8] >> 6, 2);
    assert_int_equal((id.bytes[6] & 15) << 8 | id.bytes[7], 456 * 4096 / 1000); /* the part of the millisecond */
    sys_fake_realtime(0);
}

static void test_new_ids_rise(void **state) {
    (void)state;
    sys_fake_realtime(UINT64_C(1795356300123456)); /* the clock stands: more ids than ticks in a millisecond */
    alees_id last = sys_new_id();
    for (int i = 0; i < 20000; i++) {
        alees_id id = sys_new_id();
        assert_true(alees_id_compare(&last, &id) < 0);
        assert_int_equal(id.bytes[6] >> 4, 7);
        last = id;
    }
    sys_fake_realtime(0);
    last = sys_new_id();
    for (int i = 0; i < 20000; i++) {
        alees_id id = sys_new_id();
        assert_true(alees_id_compare(&last, &id) < 0);
        last = id;
    }
}

enum { THREADS = 4, IDS = 20000 };

static void *make_ids(void *data) {
    alees_id *ids = data;
    for (int i = 0; i < IDS; i++) {
        ids[i] = sys_new_id();
    }
    return NULL;
}

static int compare(const void *a, const void *b) {
    return alees_id_compare(a, b);
}

static void test_threads_never_share_an_id(void **state) {
    (void)state;
    alees_id *ids = calloc((size_t)THREADS * IDS, sizeof *ids);
    assert_non_null(ids);
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, make_ids, ids + (ptrdiff_t)i * IDS), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    for (int i = 0; i < THREADS; i++) { /* each thread saw them rise */
        for (int k = 1; k < IDS; k++) {
            assert_true(compare(&ids[i * IDS + k - 1], &ids[i * IDS + k]) < 0);
        }
    }
    qsort(ids, (size_t)THREADS * IDS, sizeof *ids, compare);
    for (size_t i = 1; i < (size_t)THREADS * IDS; i++) { /* the time and tick alone tell all of them apart */
        assert_true(memcmp(ids[i - 1].bytes, ids[i].bytes, 8) < 0);
    }
    free(ids);
}

static void check_date(uint64_t us, const char *expected) {
    char text[28];
    memset(text, 'x', sizeof text);
    sys_rfc3339(us, text);
    assert_string_equal(text, expected);
}

static void test_rfc3339(void **state) {
    (void)state;
    check_date(0, "1970-01-01T00:00:00.000000Z");
    check_date(UINT64_C(1795356300123456), "2026-11-22T14:05:00.123456Z");
    check_date(UINT64_C(951782399999999), "2000-02-28T23:59:59.999999Z");
    check_date(UINT64_C(951782400000000), "2000-02-29T00:00:00.000000Z");
    check_date(UINT64_C(4107542400000000), "2100-03-01T00:00:00.000000Z");
    check_date(UINT64_C(253402300799999999), "9999-12-31T23:59:59.999999Z");
    check_date(UINT64_MAX, "9999-12-31T23:59:59.999999Z");
}

static void test_rfc3339_agrees_with_libc(void **state) {
    (void)state;
    for (time_t t = 0; t < (time_t)253402300800; t += 86400 * 3 + 12345) {
        char text[28], expected[64];
        struct tm tm;
        assert_non_null(gmtime_r(&t, &tm));
        strftime(expected, sizeof expected, "%Y-%m-%dT%H:%M:%S.000000Z", &tm);
        sys_rfc3339((uint64_t)t * 1000000, text);
        if (strcmp(text, expected) != 0) {
            fail_msg("%s is not %s", text, expected);
        }
    }
}

static void test_resident(void **state) {
    (void)state;
    assert_in_range(sys_resident_bytes(), 100 * 1024, (uint64_t)1 << 40);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_clocks),
        cmocka_unit_test(test_random_differs_and_fills_all),
        cmocka_unit_test(test_new_id_is_version_7),
        cmocka_unit_test(test_new_ids_rise),
        cmocka_unit_test(test_threads_never_share_an_id),
        cmocka_unit_test(test_rfc3339),
        cmocka_unit_test(test_rfc3339_agrees_with_libc),
        cmocka_unit_test(test_resident),
    };
    return cmocka_run_group_tests_name("sys", tests, NULL, NULL);
}
