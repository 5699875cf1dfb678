/* SPDX-License-Identifier: MIT
 * test_config_get.c - a plugin's own settings, and the table of settings as people see it. */
#include "conf.h"

#include <stdio.h>

#include "alees/resource.h"

/* --- a plugin's own settings -------------------------------------------------------------------------------------- */

static const struct alees_setting rows[] = {
    {"size", ALEES_INTEGER, 0, 1, 10, NULL, "5", "Size."},
    {"free", ALEES_INTEGER, 0, 0, 0, NULL, "-7", "Any."},
    {"mode", ALEES_CHOICE, 0, 0, 0, "fast|slow", "slow", "Mode."},
    {"greeting", ALEES_TEXT, 0, 0, 0, NULL, "", "Words."},
    {"loud", ALEES_BOOLEAN, 0, 0, 0, NULL, "false", "Loud?"},
    {"absent", ALEES_TEXT, 0, 0, 0, NULL, NULL, "No default."},
};

static alees_rc plugin_settings(struct config *c, const char ***ret_values) {
    char *text = NULL;
    size_t size = 0;
    uint32_t count = 0;
    FILE *out = open_memstream(&text, &size);
    assert_non_null(out);
    alees_rc rc =
        config_plugin_settings(c, config_plugins(c, &count), rows, (uint32_t)ARRAY_LEN(rows), out, ret_values);
    assert_int_equal(fclose(out), 0);
    conf_set_errors(text);
    free(text);
    return rc;
}

static void test_plugin_settings(void **state) {
    (void)state;
    const char **values = NULL;
    struct config *c = conf_load("[plugin a]\nmodule = a.so\nsize = 10\nfree = -9000000000\nmode = fast\n");
    assert_ok(plugin_settings(c, &values));
    assert_string_equal(values[0], "10");
    assert_string_equal(values[1], "-9000000000");
    assert_string_equal(values[2], "fast");
    assert_string_equal(values[3], "");
    assert_string_equal(values[4], "false");
    assert_null(values[5]);
    config_free(c);
}

static void test_plugin_settings_are_checked(void **state) {
    (void)state;
    static const char *const cases[][2] = {
        {"size = 11", "alees.conf:2: size: must be an integer from 1 to 10 (integer), not \"11\"\n"},
        {"free = x", "alees.conf:2: free: must be an integer (integer), not \"x\"\n"},
        {"mode = fasst", "alees.conf:2: mode: must be one of fast|slow, not \"fasst\" (did you mean fast?)\n"},
        {"loud = 1", "alees.conf:2: loud: must be true or false, not \"1\"\n"},
        {"sise = 1", "alees.conf:2: sise: unknown key of plugin a (did you mean size?)\n"},
        {"size_file = 1", "alees.conf:2: size_file: unknown key of plugin a\n"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char text[128];
        const char **values = NULL;
        (void)snprintf(text, sizeof text, "[plugin a]\n%s\n", cases[i][0]);
        struct config *c = conf_load(text);
        assert_err(plugin_settings(c, &values), ALEES_E_INVALID);
        assert_string_equal(conf_errors(), cases[i][1]);
        assert_null(values);
        config_free(c);
    }
}

/* --- what is printed ---------------------------------------------------------------------------------------------- */

static char *printed(void (*print)(FILE *out)) {
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    assert_non_null(out);
    print(out);
    assert_int_equal(fclose(out), 0);
    return text;
}

/* Uncommented, the printed file loads and says what the defaults say. */
static void test_printed_file_is_the_defaults(void **state) {
    (void)state;
    char *text = printed(config_print_file), *to = text;
    for (const char *from = text; *from; from++) {
        bool is_commented_key = *from == '#' && (from == text || from[-1] == '\n') && from[1] != ' ' && from[1] != '\n';
        if (!is_commented_key) {
            *to++ = *from;
        }
    }
    *to = '\0';
    struct config *c = conf_load(text), *defaults = conf_load("");
    for (uint32_t id = 0; id < SETTINGS; id++) {
        enum settings_type type = settings_rows[id].type;
        if (type == SETTINGS_TEXT || type == SETTINGS_SECRET) {
            assert_string_equal(config_text(c, id), config_text(defaults, id));
        }
    }
    assert_int_equal(config_integer(c, SETTING_PORT), 8080);
    config_free(c);
    config_free(defaults);
    free(text);
}

static void test_every_setting_is_printed(void **state) {
    (void)state;
    void (*const printers[])(FILE *) = {config_print_help, config_print_file, config_print_markdown};
    for (size_t i = 0; i < ARRAY_LEN(printers); i++) {
        char *text = printed(printers[i]);
        for (uint32_t id = 0; id < SETTINGS; id++) {
            assert_non_null(strstr(text, settings_rows[id].key));
            assert_non_null(strstr(text, settings_rows[id].fallback));
        }
        assert_non_null(strstr(text, "ALEES_DATABASE_STATEMENT_TIMEOUT_MS"));
        for (const char *line = text; line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
            assert_true(printers[i] == config_print_markdown || strcspn(line, "\n") <= 120);
        }
        free(text);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plugin_settings),
        cmocka_unit_test(test_plugin_settings_are_checked),
        cmocka_unit_test(test_printed_file_is_the_defaults),
        cmocka_unit_test(test_every_setting_is_printed),
    };
    return cmocka_run_group_tests_name("config_get", tests, conf_setup, conf_teardown);
}
