/* SPDX-License-Identifier: MIT
 * test_metrics.c - registration, updates by many threads, the text format of Prometheus. */
#include "test.h"

#include <pthread.h>

#include "metrics.h"

static const char *written(struct arena *a) {
    struct str s;
    str_init(&s, a, 0);
    metrics_write(&s);
    alees_str done = str_done(&s);
    assert_non_null(done.ptr);
    return done.ptr;
}

static void test_counter_and_gauge(void **state) {
    struct metric *c = metrics_register(METRICS_COUNTER, "a_total", "", "Things \\ done\nso far");
    struct metric *g = metrics_register(METRICS_GAUGE, "a_now", NULL, NULL);
    metrics_add(c, 2);
    metrics_add(c, 3);
    metrics_set(g, 10);
    metrics_add(g, -12);
    assert_int_equal(metrics_value(c), 5);
    assert_true(metrics_value(g) == -2);
    const char *text = written(*state);
    assert_non_null(strstr(text, "# HELP a_total Things \\\\ done\\nso far\n# TYPE a_total counter\na_total 5\n"));
    assert_non_null(strstr(text, "# HELP a_now \n# TYPE a_now gauge\na_now -2\n"));
}

static void test_same_name_and_labels_same_series(void **state) {
    char name[] = "b_total", labels[] = "route=\"/x\"";
    struct metric *one = metrics_register(METRICS_COUNTER, name, labels, "b");
    struct metric *c = metrics_register(METRICS_COUNTER, "c_total", "", "between");
    struct metric *two = metrics_register(METRICS_COUNTER, "b_total", "route=\"/y\"", "another help");
    memset(name, 'z', sizeof name - 1); /* all was copied */
    memset(labels, 'z', sizeof labels - 1);
    assert_non_null(c);
    assert_ptr_not_equal(one, two);
    assert_ptr_equal(one, metrics_register(METRICS_COUNTER, "b_total", "route=\"/x\"", "b"));
    metrics_add(one, 1);
    metrics_add(two, 2);
    const char *text = written(*state); /* the family stays together, its help comes once */
    assert_non_null(strstr(text, "# HELP b_total b\n# TYPE b_total counter\n"
                                 "b_total{route=\"/x\"} 1\nb_total{route=\"/y\"} 2\n"));
    assert_null(strstr(text, "another help"));
}

static void test_another_kind_is_refused(void **state) {
    (void)state;
    assert_non_null(metrics_register(METRICS_COUNTER, "d_total", "", "d"));
    assert_null(metrics_register(METRICS_GAUGE, "d_total", "", "d"));
    assert_null(metrics_callback("d_total", "", "d", NULL, NULL));
}

static void test_null_is_nobody(void **state) {
    (void)state;
    metrics_add(NULL, 1);
    metrics_set(NULL, 1);
    metrics_observe_us(NULL, 1);
    assert_int_equal(metrics_value(NULL), 0);
}

static void test_histogram(void **state) {
    struct metric *h = metrics_register(METRICS_HISTOGRAM, "h_seconds", "route=\"/x\"", "h");
    static const uint64_t times[] = {0, 100, 101, 1500, 9999999, 10000000, 10000001, 60000000};
    for (size_t i = 0; i < ARRAY_LEN(times); i++) {
        metrics_observe_us(h, times[i]);
    }
    const char *text = written(*state);
    assert_non_null(strstr(text, "# TYPE h_seconds histogram\nh_seconds_bucket{route=\"/x\",le=\"0.0001\"} 2\n"
                                 "h_seconds_bucket{route=\"/x\",le=\"0.00025\"} 3\n"));
    assert_non_null(strstr(text, "le=\"0.001\"} 3\n"));
    assert_non_null(strstr(text, "le=\"0.0025\"} 4\n"));
    assert_non_null(strstr(text, "le=\"5\"} 4\n"));
    assert_non_null(strstr(text, "le=\"10\"} 6\nh_seconds_bucket{route=\"/x\",le=\"+Inf\"} 8\n"
                                 "h_seconds_sum{route=\"/x\"} 90.001701\nh_seconds_count{route=\"/x\"} 8\n"));
    struct metric *bare = metrics_register(METRICS_HISTOGRAM, "i_seconds", "", "i");
    metrics_observe_us(bare, UINT64_MAX);
    text = written(*state);
    assert_non_null(strstr(text, "i_seconds_bucket{le=\"10\"} 0\ni_seconds_bucket{le=\"+Inf\"} 1\n"));
    assert_non_null(strstr(text, "\ni_seconds_count 1\n"));
}

static int64_t read_number(void *data) {
    return *(int *)data;
}

static void test_callback(void **state) {
    static int first = 7, second = 8;
    struct metric *m = metrics_callback("j_now", "", "j", read_number, &first);
    assert_non_null(strstr(written(*state), "\nj_now 7\n"));
    first = 9;
    assert_non_null(strstr(written(*state), "\nj_now 9\n"));
    assert_ptr_equal(m, metrics_callback("j_now", "", "j", read_number, &second));
    assert_non_null(strstr(written(*state), "\nj_now 8\n"));
}

static void *update(void *data) {
    struct metric **m = data;
    for (int i = 0; i < 20000; i++) {
        metrics_add(m[0], 1);
        metrics_observe_us(m[1], (uint64_t)i);
    }
    return NULL;
}

static void test_threads_lose_nothing(void **state) {
    struct metric *m[2] = {metrics_register(METRICS_COUNTER, "k_total", "", "k"),
                           metrics_register(METRICS_HISTOGRAM, "k_seconds", "", "k")};
    pthread_t threads[4];
    for (size_t i = 0; i < ARRAY_LEN(threads); i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, update, m), 0);
    }
    written(*state); /* meanwhile */
    for (size_t i = 0; i < ARRAY_LEN(threads); i++) {
        pthread_join(threads[i], NULL);
    }
    const char *text = written(*state);
    assert_non_null(strstr(text, "\nk_total 80000\n"));
    assert_non_null(strstr(text, "\nk_seconds_count 80000\n"));
    assert_non_null(strstr(text, "\nk_seconds_sum 799.960000\n"));
}

static void test_without_memory(void **state) {
    (void)state;
    struct arena *a = arena_new(100);
    struct str s;
    str_init(&s, a, 0);
    metrics_write(&s);
    assert_absent(str_done(&s));
    arena_free(a);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        ARENA_TEST(test_counter_and_gauge),
        ARENA_TEST(test_same_name_and_labels_same_series),
        cmocka_unit_test(test_another_kind_is_refused),
        cmocka_unit_test(test_null_is_nobody),
        ARENA_TEST(test_histogram),
        ARENA_TEST(test_callback),
        ARENA_TEST(test_threads_lose_nothing),
        cmocka_unit_test(test_without_memory),
    };
    return cmocka_run_group_tests_name("metrics", tests, NULL, NULL);
}
