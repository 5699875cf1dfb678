/* SPDX-License-Identifier: MIT
 * test_config.c - files, environment, secrets, and above all the messages: each names file, line, key and what is allowed. */
#include "conf.h"

#include <stdio.h>

#include "log.h"

static void assert_fault(const char *text, const char *message) {
    struct config *untouched = (struct config *)(uintptr_t)8, *c = untouched;
    conf_put("alees.conf", text);
    assert_err(conf_load_from("alees.conf", &c), ALEES_E_INVALID);
    assert_string_equal(conf_errors(), message);
    assert_ptr_equal(c, untouched);
}

/* --- what is read ------------------------------------------------------------------------------------------------- */

static void test_defaults(void **state) {
    (void)state;
    struct config *c = conf_load("");
    uint32_t count = 9;
    assert_string_equal(config_text(c, SETTING_LISTEN), "127.0.0.1");
    assert_int_equal(config_integer(c, SETTING_PORT), 8080);
    assert_true(config_boolean(c, SETTING_LOG_REQUESTS));
    assert_int_equal(config_choice(c, SETTING_LOG_LEVEL), 1);
    assert_int_equal(config_choice(c, SETTING_LOG_FORMAT), LOG_AUTO);
    assert_string_equal(config_text(c, SETTING_DB_URL), "dbname=alees user=alees_app");
    (void)config_plugins(c, &count);
    assert_int_equal(count, 0);
    config_free(c);
}

static void test_values(void **state) {
    (void)state;
    struct config *c =
        conf_load("\xef\xbb\xbf# comment\n[server]\n; another\n\nlisten=::1\n  port =  65535  \ndrain_ms = "
                  "0\n[log]\nlevel = error\nformat = json\n"
                  "requests = false\r\n[server]\nthreads = 2");
    assert_string_equal(config_text(c, SETTING_LISTEN), "::1");
    assert_int_equal(config_integer(c, SETTING_PORT), 65535);
    assert_int_equal(config_integer(c, SETTING_DRAIN), 0);
    assert_int_equal(config_integer(c, SETTING_THREADS), 2);
    assert_int_equal(config_choice(c, SETTING_LOG_LEVEL), 3);
    assert_int_equal(config_choice(c, SETTING_LOG_FORMAT), LOG_JSON);
    assert_false(config_boolean(c, SETTING_LOG_REQUESTS));
    config_free(c);
}

static void test_value_keeps_signs_of_comments(void **state) {
    (void)state;
    struct config *c = conf_load("[database]\nurl = host=db password='a ; b # c = d' dbname=x\n");
    assert_string_equal(config_text(c, SETTING_DB_URL), "host=db password='a ; b # c = d' dbname=x");
    config_free(c);
}

static void test_choices_are_those_of_log_h(void **state) {
    (void)state;
    assert_string_equal(settings_rows[SETTING_LOG_LEVEL].choices, "debug|info|warn|error");
    assert_int_equal(ALEES_LOG_DEBUG, 0);
    assert_int_equal(ALEES_LOG_ERROR, 3);
    assert_string_equal(settings_rows[SETTING_LOG_FORMAT].choices, "auto|json|text");
    assert_int_equal(LOG_TEXT, 2);
}

static void test_plugin_files_in_order(void **state) {
    (void)state;
    uint32_t count = 0;
    conf_put("plugins.d/20-b.conf", "[plugin b]\nmodule = sub/b.so\nsize = 3\n");
    conf_put("plugins.d/10-a.conf", "[plugin a_1]\n");
    conf_put("plugins.d/ignored.conf.bak", "nonsense\n");
    conf_put("plugins.d/.hidden.conf", "nonsense\n");
    struct config *c = conf_load("[plugin first]\nmodule = /opt/first.so\n");
    const struct config_plugin *plugins = config_plugins(c, &count);
    assert_int_equal(count, 3);
    assert_string_equal(plugins[0].name, "first");
    assert_string_equal(plugins[0].module, "/opt/first.so");
    assert_int_equal(plugins[0].pair_count, 0);
    assert_string_equal(plugins[1].name, "a_1");
    assert_string_equal(plugins[1].module, "/modules/a_1.so");
    assert_int_equal(plugins[1].line, 1);
    assert_string_equal(plugins[2].module, "/modules/sub/b.so");
    assert_int_equal(plugins[2].pair_count, 1);
    assert_string_equal(plugins[2].pairs[0].key, "size");
    assert_string_equal(plugins[2].pairs[0].value, "3");
    assert_int_equal(plugins[2].pairs[0].line, 3);
    assert_non_null(strstr(plugins[2].pairs[0].file, "/plugins.d/20-b.conf"));
    config_free(c);
    conf_forget("plugins.d/20-b.conf");
    conf_forget("plugins.d/10-a.conf");
    conf_forget("plugins.d/ignored.conf.bak");
    conf_forget("plugins.d/.hidden.conf");
}

static void test_many_plugins(void **state) {
    (void)state;
    char text[8192];
    size_t used = 0;
    uint32_t count = 0;
    for (int i = 0; i < 100; i++) {
        used += (size_t)snprintf(text + used, sizeof text - used, "[plugin p%d]\na=%d\nb=x\nc=y\n", i, i);
    }
    struct config *c = conf_load(text);
    const struct config_plugin *plugins = config_plugins(c, &count);
    assert_int_equal(count, 100);
    assert_string_equal(plugins[99].name, "p99");
    assert_string_equal(plugins[99].pairs[0].value, "99");
    assert_string_equal(plugins[0].pairs[2].value, "y");
    assert_int_equal(plugins[50].pair_count, 3);
    config_free(c);
}

static void test_no_folder_of_plugins(void **state) {
    (void)state;
    struct config *c = NULL;
    conf_put("plugins.d/alees.conf", "[server]\nport = 9\n");
    assert_ok(conf_load_from("plugins.d/alees.conf", &c));
    assert_int_equal(config_integer(c, SETTING_PORT), 9);
    config_free(c);
    conf_forget("plugins.d/alees.conf");
}

/* --- what is refused ---------------------------------------------------------------------------------------------- */

static void test_missing_file(void **state) {
    (void)state;
    struct config *c = NULL;
    assert_err(conf_load_from("none.conf", &c), ALEES_E_INVALID);
    assert_string_equal(conf_errors(), "none.conf: cannot be read: No such file or directory\n");
    assert_null(c);
}

static void test_folder_is_no_file(void **state) {
    (void)state;
    struct config *c = NULL;
    assert_err(conf_load_from("plugins.d", &c), ALEES_E_INVALID);
    assert_string_equal(conf_errors(), "plugins.d: cannot be read to its end\n");
}

static void test_unknown_section(void **state) {
    (void)state;
    assert_fault(
        "[databse]\nurl = x\nnonsense = y\n",
        "alees.conf:1: databse: unknown section; there are server, limits, http, docs, database, security, audit, log, "
        "plugin NAME (did you mean database?)\n");
}

static void test_unknown_key(void **state) {
    (void)state;
    assert_fault("[log]\nlevle = info\n",
                 "alees.conf:2: levle: unknown key; [log] has level format requests (did you mean level?)\n");
    assert_fault("[log]\nport = 1\n", "alees.conf:2: port: unknown key; [log] has level format requests\n");
    assert_fault("[server]\nlisten_file = x\n",
                 "alees.conf:2: listen_file: unknown key; [server] has listen port threads stack_kib keep_alive_ms "
                 "request_timeout_ms drain_ms\n");
}

static void test_integers(void **state) {
    (void)state;
    static const char *const bad[] = {"0", "65536", "-1", "8o80", "80.0", "0x50", "9223372036854775808", "1 2"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        char text[128], message[256];
        (void)snprintf(text, sizeof text, "[server]\nport = %s\n", bad[i]);
        (void)snprintf(message, sizeof message,
                       "alees.conf:2: port: must be an integer from 1 to 65535 (port), not \"%s\"\n", bad[i]);
        assert_fault(text, message);
    }
}

static void test_booleans_and_choices(void **state) {
    (void)state;
    assert_fault("[log]\nrequests = yes\n", "alees.conf:2: requests: must be true or false, not \"yes\"\n");
    assert_fault("[log]\nrequests = TRUE\n", "alees.conf:2: requests: must be true or false, not \"TRUE\"\n");
    assert_fault("[log]\nlevel = wran\n",
                 "alees.conf:2: level: must be one of debug|info|warn|error, not \"wran\" (did you mean warn?)\n");
    assert_fault("[log]\nlevel = debug|info\n",
                 "alees.conf:2: level: must be one of debug|info|warn|error, not \"debug|info\"\n");
}

static void test_texts(void **state) {
    (void)state;
    assert_fault("[server]\nlisten =\n",
                 "alees.conf:2: listen: must not be empty; remove the line to get the default\n");
    assert_fault("[server]\nlisten = a\xff\n", "alees.conf:2: listen: must be UTF-8 text\n");
    assert_fault("[server]\nlisten = a\x1b[1m\n", "alees.conf:2: listen: must be text without control characters\n");
}

static void test_messages_are_one_short_line(void **state) {
    (void)state;
    char text[512] = "[server]\nport = \x1b";
    memset(text + strlen(text), 'x', 300);
    assert_fault(text, "alees.conf:2: port: must be an integer from 1 to 65535 (port), not "
                       "\"?xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx...\"\n");
}

static void test_twice(void **state) {
    (void)state;
    assert_fault("[server]\nport = 1\n[log]\n[server]\nport = 1\n",
                 "alees.conf:5: port: set twice; the first is alees.conf:2\n");
    assert_fault("[plugin a]\nx = 1\nx = 2\n", "alees.conf:3: x: set twice; the first is alees.conf:2\n");
    conf_put("plugins.d/a.conf", "\n[plugin a]\n[server]\nport = 2\n");
    assert_fault("[plugin a]\n[server]\nport = 1\n",
                 "plugins.d/a.conf:2: plugin a: given twice; the first is alees.conf:1\n"
                 "plugins.d/a.conf:4: port: set twice; the first is alees.conf:3\n");
    conf_forget("plugins.d/a.conf");
}

static void test_lines(void **state) {
    (void)state;
    const char *form = "must be `key = value`, `[section]`, or a comment that begins with # or ;\n";
    static const char *const bad[] = {"port", "[server", "[server] port = 1", "= 1", "!"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        char text[128], message[256];
        (void)snprintf(text, sizeof text, "[server]\n%s\n", bad[i]);
        (void)snprintf(message, sizeof message, "alees.conf:2: %s", form);
        assert_fault(text, message);
    }
    assert_fault("port = 1\n", "alees.conf:1: port: must stand in a section, such as [server]\n");
}

static void test_all_faults_at_once(void **state) {
    (void)state;
    assert_fault("[server]\nport = x\nfoo\n[nonsense]\n",
                 "alees.conf:2: port: must be an integer from 1 to 65535 (port), not \"x\"\n"
                 "alees.conf:3: must be `key = value`, `[section]`, or a comment that begins with # or ;\n"
                 "alees.conf:4: nonsense: unknown section; there are server, limits, http, docs, database, security, "
                 "audit, log, "
                 "plugin NAME\n");
}

static void test_long_lines(void **state) {
    (void)state;
    static char text[8192];
    int head = snprintf(text, sizeof text, "[database]\nurl = ");
    memset(text + head, 'x', 4094 - 6); /* the longest that fits */
    (void)snprintf(text + head + 4094 - 6, 16, "\n[log]\n");
    struct config *c = conf_load(text);
    assert_int_equal(strlen(config_text(c, SETTING_DB_URL)), 4094 - 6);
    config_free(c);

    memset(text + head, 'x', 5000);
    (void)snprintf(text + head + 5000, 32, "\n[log]\nlevel = y\n");
    assert_fault(text, "alees.conf:2: must be a line of at most 4094 bytes without NUL\n"
                       "alees.conf:4: level: must be one of debug|info|warn|error, not \"y\"\n");
}

static void test_names_of_plugins(void **state) {
    (void)state;
    static const char *const bad[] = {"Rbac", "1a", "a-b", "_a", "", "abcdefghijabcdefghijabcdefghijk", "../x"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        char text[128], message[256];
        (void)snprintf(text, sizeof text, "[plugin %s]\nmodule = x\n", bad[i]);
        (void)snprintf(message, sizeof message,
                       "alees.conf:1: plugin %s: a plugin's name is at most 30 of a-z, 0-9 and _, and begins with a "
                       "letter\n",
                       bad[i]);
        assert_fault(text, message);
    }
}

static void test_pages(void **state) {
    (void)state;
    assert_fault("[limits]\npage_size = 300\n",
                 "alees.conf:2: page_size: page_size must not be more than max_page_size: 300 and 200\n");
    assert_fault("[limits]\nmax_page_size = 20\n",
                 "alees.conf:2: max_page_size: page_size must not be more than max_page_size: 50 and 20\n");
    config_free(conf_load("[limits]\nmax_page_size = 50\n"));
}

/* --- secrets ------------------------------------------------------------------------------------------------------ */

static void test_secret_from_file(void **state) {
    (void)state;
    conf_put("secret", "dbname=other password='p w'\r\n\n");
    struct config *c = conf_load("[database]\nurl_file = secret\n");
    assert_string_equal(config_text(c, SETTING_DB_URL), "dbname=other password='p w'");
    config_free(c);
    char text[512];
    (void)snprintf(text, sizeof text, "[database]\nadmin_url_file = %s/secret\n", conf_folder());
    c = conf_load(text);
    assert_string_equal(config_text(c, SETTING_DB_ADMIN_URL), "dbname=other password='p w'");
    config_free(c);
    assert_fault("[database]\nurl_file = secret\nurl = x\n",
                 "alees.conf:3: url: set twice; the first is alees.conf:2\n");
    conf_put("secret", "\n");
    assert_fault("[database]\nurl_file = secret\n",
                 "alees.conf:2: url_file: must not be empty; remove the line to get the default\n");
    conf_put("secret", "a\nb\n");
    assert_fault("[database]\nurl_file = secret\n",
                 "alees.conf:2: url_file: must be text without control characters\n");
    static char large[5000];
    memset(large, 'x', sizeof large - 1);
    conf_put("secret", large);
    assert_fault("[database]\nurl_file = secret\n", "alees.conf:2: url_file: secret must have at most 4096 bytes\n");
    conf_forget("secret");
    assert_fault("[database]\nurl_file = secret\n",
                 "alees.conf:2: url_file: cannot read secret: No such file or directory\n");
}

static void test_secret_is_never_shown(void **state) {
    (void)state;
    assert_fault("[database]\nurl = hunter2\x01\n", "alees.conf:2: url: must be text without control characters\n");
    assert_null(strstr(conf_errors(), "hunter2"));
}

/* --- environment -------------------------------------------------------------------------------------------------- */

static void test_environment_wins(void **state) {
    (void)state;
    uint32_t count = 0;
    setenv("ALEES_SERVER_PORT", "81", 1);
    setenv("ALEES_SERVER_KEEP_ALIVE_MS", "100", 1);
    setenv("ALEES_DATABASE_URL_FILE", "secret", 1);
    setenv("ALEES_PLUGIN_A_SIZE", "7", 1);
    setenv("ALEES_PLUGIN_A_B_SIZE", "8", 1);
    setenv("ALEES_PLUGIN_A_MODULE", "other.so", 1);
    setenv("ALEES_SERVICE_HOST", "somebody else's", 1);
    conf_put("secret", "from a file\n");
    struct config *c = conf_load("[server]\nport = 80\n[database]\nurl = x\n[plugin a]\nsize = 1\n[plugin a_b]\n");
    assert_int_equal(config_integer(c, SETTING_PORT), 81);
    assert_int_equal(config_integer(c, SETTING_KEEP_ALIVE), 100);
    assert_string_equal(config_text(c, SETTING_DB_URL), "from a file");
    const struct config_plugin *plugins = config_plugins(c, &count);
    assert_int_equal(plugins[0].pair_count, 1);
    assert_string_equal(plugins[0].pairs[0].value, "7");
    assert_int_equal(plugins[0].pairs[0].line, 0);
    assert_string_equal(plugins[0].module, "/modules/other.so");
    assert_string_equal(plugins[1].pairs[0].key, "size");
    assert_string_equal(plugins[1].pairs[0].value, "8");
    config_free(c);
    conf_forget("secret");
    unsetenv("ALEES_SERVER_PORT");
    unsetenv("ALEES_SERVER_KEEP_ALIVE_MS");
    unsetenv("ALEES_DATABASE_URL_FILE");
    unsetenv("ALEES_PLUGIN_A_SIZE");
    unsetenv("ALEES_PLUGIN_A_B_SIZE");
    unsetenv("ALEES_PLUGIN_A_MODULE");
    unsetenv("ALEES_SERVICE_HOST");
}

static void assert_variable_fault(const char *name, const char *value, const char *message) {
    setenv(name, value, 1);
    assert_fault("", message);
    unsetenv(name);
}

static void test_environment_is_checked(void **state) {
    (void)state;
    assert_variable_fault("ALEES_SERVER_PORT", "x",
                          "environment: ALEES_SERVER_PORT: must be an integer from 1 to 65535 (port), not \"x\"\n");
    assert_variable_fault("ALEES_LOG_LEVLE", "info",
                          "environment: ALEES_LOG_LEVLE: unknown key; [log] has level format requests (did you mean "
                          "level?)\n");
    assert_variable_fault("ALEES_PLUGIN_NONE_SIZE", "1",
                          "environment: ALEES_PLUGIN_NONE_SIZE: must name a plugin that has a section: "
                          "ALEES_PLUGIN_<NAME>_<KEY>\n");
    setenv("ALEES_DATABASE_URL_FILE", "/dev/null", 1);
    conf_put("alees.conf", "");
    struct config *c = NULL;
    assert_err(conf_load_from("alees.conf", &c), ALEES_E_INVALID);
    setenv("ALEES_DATABASE_URL", "y", 1);
    assert_err(conf_load_from("alees.conf", &c), ALEES_E_INVALID);
    assert_non_null(strstr(conf_errors(), "set twice, also by another variable\n"));
    unsetenv("ALEES_DATABASE_URL");
    unsetenv("ALEES_DATABASE_URL_FILE");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_value_keeps_signs_of_comments),
        cmocka_unit_test(test_choices_are_those_of_log_h),
        cmocka_unit_test(test_plugin_files_in_order),
        cmocka_unit_test(test_many_plugins),
        cmocka_unit_test(test_no_folder_of_plugins),
        cmocka_unit_test(test_missing_file),
        cmocka_unit_test(test_folder_is_no_file),
        cmocka_unit_test(test_unknown_section),
        cmocka_unit_test(test_unknown_key),
        cmocka_unit_test(test_integers),
        cmocka_unit_test(test_booleans_and_choices),
        cmocka_unit_test(test_texts),
        cmocka_unit_test(test_messages_are_one_short_line),
        cmocka_unit_test(test_twice),
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_all_faults_at_once),
        cmocka_unit_test(test_long_lines),
        cmocka_unit_test(test_names_of_plugins),
        cmocka_unit_test(test_pages),
        cmocka_unit_test(test_secret_from_file),
        cmocka_unit_test(test_secret_is_never_shown),
        cmocka_unit_test(test_environment_wins),
        cmocka_unit_test(test_environment_is_checked),
    };
    return cmocka_run_group_tests_name("config", tests, conf_setup, conf_teardown);
}
