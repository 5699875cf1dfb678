/* SPDX-License-Identifier: MIT
 * test_edge.c - origins and proxies: who is believed, and which settings are nonsense. */
#include "conf.h"

#include <stdio.h>

#include "alees/util.h"
#include "edge.h"

static struct arena *arena;
static struct config *loaded;

static struct edge *open_edge(const char *settings) {
    struct edge *e = NULL;
    arena = test_arena();
    loaded = conf_load(settings);
    assert_ok(edge_new(arena, loaded, stderr, &e));
    return e;
}

static void close_edge(void) {
    config_free(loaded);
    arena_free(arena);
}

static void test_origins(void **state) {
    static const char *const others[] = {"",
                                         "null",
                                         "http://app.example.com",
                                         "https://app.example.com:8443",
                                         "https://app.example.com.evil.example",
                                         "https://evil-app.example.com",
                                         "https://APP.example.com",
                                         "https://app.example.com/",
                                         "*"};
    const struct edge *e = open_edge("[http]\ncors_origins = https://app.example.com  http://localhost:3000\n");
    (void)state;
    assert_true(edge_has_origins(e) && edge_varies(e));
    assert_text(edge_allowed_origin(e, STR_LIT("https://app.example.com")), "https://app.example.com");
    assert_text(edge_allowed_origin(e, STR_LIT("http://localhost:3000")), "http://localhost:3000");
    for (size_t i = 0; i < ARRAY_LEN(others); i++) {
        assert_absent(edge_allowed_origin(e, alees_text(others[i])));
    }
    assert_absent(edge_allowed_origin(e, (alees_str){NULL, 0}));
    close_edge();
    e = open_edge("[http]\ncors_origins = *\n");
    assert_true(edge_has_origins(e) && !edge_varies(e));
    assert_text(edge_allowed_origin(e, STR_LIT("https://anything.example")), "*");
    close_edge();
    e = open_edge("");
    assert_false(edge_has_origins(e) || edge_varies(e) || edge_has_proxies(e));
    assert_absent(edge_allowed_origin(e, STR_LIT("https://app.example.com")));
    close_edge();
}

static void test_clients(void **state) {
    static const struct {
        const char *peer, *list, *client;
    } cases[] = {
        {"192.0.2.9", "203.0.113.5", "192.0.2.9"}, /* whoever asks without a proxy says what they like */
        {"127.0.0.1", "203.0.113.5", "203.0.113.5"},
        {"127.0.0.1", "", "127.0.0.1"},
        {"127.0.0.1", "1.2.3.4, 203.0.113.5", "203.0.113.5"}, /* what the client itself has sent stands before */
        {"127.0.0.1", "1.2.3.4,203.0.113.5 ,10.1.2.3", "203.0.113.5"},
        {"127.0.0.1", "10.1.2.3", "10.1.2.3"},
        {"10.255.0.1", " 2001:db8::7 ", "2001:db8::7"},
        {"11.0.0.1", "203.0.113.5", "11.0.0.1"},
        {"127.0.0.1", "203.0.113.5, nonsense", "127.0.0.1"},
        {"127.0.0.1", "203.0.113.5,", "127.0.0.1"},
        {"127.0.0.1", "203.0.113.5:1234", "127.0.0.1"},
        {"2001:db8:1:ffff::1", "203.0.113.5", "203.0.113.5"},
        {"2001:db8:2::1", "203.0.113.5", "2001:db8:2::1"},
        {"172.31.255.255", "203.0.113.5", "203.0.113.5"},
        {"172.32.0.0", "203.0.113.5", "172.32.0.0"},
        {"nobody", "203.0.113.5", "nobody"},
    };
    const struct edge *e = open_edge("[http]\ntrusted_proxies = 127.0.0.1 10.0.0.0/8 172.16.0.0/12 2001:db8:1::/48\n");
    (void)state;
    assert_true(edge_has_proxies(e));
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        assert_text(edge_client(e, alees_text(cases[i].peer), alees_text(cases[i].list)), cases[i].client);
    }
    assert_text(edge_client(e, STR_LIT("127.0.0.1"), (alees_str){NULL, 0}), "127.0.0.1");
    close_edge();
}

static void test_readers(void **state) {
    const struct edge *e = open_edge("[http]\nmetrics_from = 127.0.0.0/8 192.0.2.7\n");
    (void)state;
    assert_true(edge_may_read_metrics(e, STR_LIT("127.9.9.9")));
    assert_true(edge_may_read_metrics(e, STR_LIT("192.0.2.7")));
    assert_false(edge_may_read_metrics(e, STR_LIT("192.0.2.8")));
    assert_false(edge_may_read_metrics(e, STR_LIT("")));
    close_edge();
    e = open_edge("");
    assert_true(edge_may_read_metrics(e, STR_LIT("192.0.2.8")));
    close_edge();
}

static void test_bad_settings(void **state) {
    static const char *const bad[] = {
        "cors_origins = app.example.com",
        "cors_origins = https://app.example.com/",
        "cors_origins = https://",
        "cors_origins = https://*.example.com",
        "cors_origins = https://App.example.com",
        "cors_origins = https://a.example,https://b.example",
        "trusted_proxies = localhost",
        "trusted_proxies = 10.0.0.0/33",
        "trusted_proxies = 10.0.0.0/-1",
        "trusted_proxies = 10.0.0.0/",
        "trusted_proxies = 10.0.0/8",
        "trusted_proxies = 2001:db8::/129",
        "trusted_proxies = 127.0.0.1,10.0.0.1",
        "metrics_from = everybody",
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        char settings[256], *text = NULL;
        size_t size = 0;
        struct edge *e = NULL;
        FILE *errors = open_memstream(&text, &size);
        assert_non_null(errors);
        arena = test_arena();
        (void)snprintf(settings, sizeof settings, "[http]\n%s\n", bad[i]);
        loaded = conf_load(settings);
        assert_err(edge_new(arena, loaded, errors, &e), ALEES_E_INVALID);
        assert_null(e);
        assert_int_equal(fclose(errors), 0);
        assert_true(size > 20 && text[size - 1] == '\n');
        free(text);
        close_edge();
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_origins), cmocka_unit_test(test_clients),
                                       cmocka_unit_test(test_readers), cmocka_unit_test(test_bad_settings)};
    return cmocka_run_group_tests_name("edge", tests, conf_setup, conf_teardown);
}
