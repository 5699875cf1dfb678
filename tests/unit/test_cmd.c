/* SPDX-License-Identifier: MIT
 * test_cmd.c - the command line, each call in a process of its own: exit status, standard output, standard error. */
#include "test.h"

#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"
#include "cmd.h"
#include "fixtures.h"

enum { MOST = 8 };

static char good_conf[256], no_rbac_conf[256], clash_conf[256], folder[] = "/tmp/alees-cmd-XXXXXX";

static int run_cmd(void *data) {
    char **argv = data;
    int argc = 0;
    while (argv[argc]) {
        argc++;
    }
    return cmd_main(argc, argv);
}

static int call(struct child *child, const char *const *arguments) {
    char text[MOST][512], *argv[MOST + 2] = {NULL};
    char name[] = "alees";
    argv[0] = name;
    for (size_t i = 0; i < MOST && arguments[i]; i++) {
        (void)snprintf(text[i], sizeof text[i], "%s", arguments[i]);
        argv[i + 1] = text[i];
    }
    child_run(run_cmd, argv, child);
    assert_true(WIFEXITED(child->status));
    return WEXITSTATUS(child->status);
}

#define MODULES "--module-dir=" ALEES_TEST_PLUGIN_DIR

static const struct {
    const char *arguments[MOST];
    int status;
    const char *out, *err; /* a part of it; NULL: nothing was printed there */
} cases[] = {
    {{NULL}, 2, NULL, "usage: alees [-c FILE]"},
    {{"--help"}, 0, "  check-config  Read the configuration", NULL},
    {{"help"}, 0, "Exit status: 0 done, 1 failed, 2 wrong usage, 78 wrong configuration.", NULL},
    {{"version"}, 0, "(plugin ABI 1.0)\n", NULL},
    {{"--version"}, 0, "(plugin ABI 1.0)\n", NULL},
    {{"version", "now"}, 2, NULL, "alees version: \"now\" is not understood"},
    {{"migrate", "--help"}, 0, "usage: alees [-c FILE] [--module-dir DIR] migrate [--status | --dry-run]\n", NULL},
    {{"migrate", "--status", "--dry-run"}, 2, NULL, "alees migrate: \"--dry-run\" is not understood"},
    {{"migrate", "--everything"}, 2, NULL, "alees migrate: \"--everything\" is not understood"},
    {{"bootstrap", "x"}, 2, NULL, "\"x\" is not understood"},
    {{"demo", "x"}, 2, NULL, "\"x\" is not understood"},
    {{"serve", "x"}, 2, NULL, "\"x\" is not understood"},
    {{"routes", "x"}, 2, NULL, "\"x\" is not understood"},
    {{"plugins", "--xml"}, 2, NULL, "\"--xml\" is not understood"},
    {{"help-config", "--xml"}, 2, NULL, "\"--xml\" is not understood"},
    {{"--verbose"}, 2, NULL, "option --verbose is unknown"},
    {{"-c"}, 2, NULL, "-c needs a value"},
    {{"--config"}, 2, NULL, "--config needs a value"},
    {{"--module-dir"}, 2, NULL, "--module-dir needs a value"},
    {{"-c", "/nowhere.conf", "sevre"}, 2, NULL, "command \"sevre\" is unknown; did you mean serve?"},
    {{"-c", "/nowhere.conf", "frobnicate"}, 78, NULL, "/nowhere.conf"},
    {{"-c/nowhere.conf", "check-config"}, 78, NULL, "/nowhere.conf"},
    {{"help-config"}, 0, "listen", NULL},
    {{"help-config", "--file"}, 0, "[database]", NULL},
    {{"help-config", "--markdown"}, 0, "database", NULL},
    {{MODULES, "-c", good_conf, "check-config"}, 0, "ok: 4 plugins, 4 resources, 41 routes, 14 permissions\n", NULL},
    {{MODULES, "--config", good_conf, "routes"}, 0, "GET    /api/v1/things ", NULL},
    {{MODULES, "-c", good_conf, "permissions"}, 0, "good.view_thing                       See things\n", NULL},
    {{MODULES, "-c", good_conf, "apidoc"}, 0, "\n### GET /api/v1/things\n", NULL},
    {{MODULES, "-c", good_conf, "apidoc", "--examples"}, 2, NULL, "\"--examples\" is not understood"},
    {{MODULES, "-c", good_conf, "apidoc", "--examples", "/nowhere.json"}, 1, NULL, "/nowhere.json: No such file"},
    {{MODULES, "-c", good_conf, "apidoc", "--examples", good_conf}, 1, NULL, "is no recording of requests"},
    {{MODULES, "-c", good_conf, "plugins"}, 0, "offers fixture.good/1", NULL},
    {{MODULES, "-c", good_conf, "plugins", "--json"}, 0, "[{\"name\":\"audit\"", NULL},
    {{MODULES, "-c", good_conf, "greet", "--help"}, 0, "usage: alees greet NAME\n\nSay hello\n", NULL},
    {{MODULES, "-c", good_conf, "grete"}, 2, NULL, "command \"grete\" is unknown; did you mean greet?"},
    {{MODULES, "-c", good_conf, "frobnicate"}, 2, NULL, "command \"frobnicate\" is unknown; see `alees --help`"},
    {{MODULES, "-c", no_rbac_conf, "check-config"}, 78, NULL, "no plugin offers alees.rbac/1"},
    {{MODULES, "-c", clash_conf, "check-config"}, 78, NULL, "command migrate is one of the server's own"},
    {{"plugin"}, 2, NULL, "usage: alees plugin check [--isolation [OPTIONS]] FILE.so"},
    {{"plugin", "new", "x"}, 2, NULL, "usage: alees plugin check [--isolation [OPTIONS]] FILE.so"},
    {{"plugin", "check", ALEES_TEST_PLUGIN_DIR "/good.so"}, 0, "{\"name\":\"good\",\"version\":\"1.0.0\"", NULL},
    {{"plugin", "check", ALEES_TEST_PLUGIN_DIR "/v2_only.so"}, 1, NULL, "built for ABI 2, this server speaks 1"},
    {{"plugin", "check", ALEES_TEST_PLUGIN_DIR "/foreign_schema.so"}, 1, NULL, "names the schema rbac"},
};

static void check_text(const char *text, const char *expected, const char *what, size_t place) {
    if (expected ? strstr(text, expected) == NULL : text[0] != '\0') {
        print_error("case %zu: %s is not \"%s\" but:\n%s\n", place, what, expected ? expected : "empty", text);
        fail();
    }
}

static void test_calls(void **state) {
    static struct child child;
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        int status = call(&child, cases[i].arguments);
        check_text(child.out, cases[i].out, "standard output", i);
        check_text(child.err, cases[i].err, "standard error", i);
        if (status != cases[i].status) {
            print_error("case %zu: exit status %d, not %d\n%s", i, status, cases[i].status, child.err);
            fail();
        }
    }
}

/* Commands that need the database say so and fail with 1, not with a crash or a wait. */
static void test_without_a_database(void **state) {
    static const char *const commands[] = {"serve", "demo", "bootstrap", "migrate", "greet"};
    static struct child child;
    (void)state;
    assert_int_equal(setenv("ALEES_DATABASE_URL", "host=/nowhere dbname=x", 1), 0);
    assert_int_equal(setenv("ALEES_DATABASE_OWNER_URL", "host=/nowhere dbname=x", 1), 0);
    assert_int_equal(setenv("ALEES_DATABASE_ADMIN_URL", "host=/nowhere dbname=x", 1), 0);
    for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
        const char *const arguments[MOST] = {MODULES, "-c", good_conf, commands[i]};
        int status = call(&child, arguments);
        if (status != 1 || child.err[0] == '\0') {
            print_error("%s: exit status %d: %s\n", commands[i], status, child.err);
            fail();
        }
    }
}

static void write_conf(char *path, size_t size, const char *name, const char *text) {
    FILE *file;
    (void)snprintf(path, size, "%s/%s", folder, name);
    file = fopen(path, "w");
    assert_non_null(file);
    fprintf(file, "[security]\ncheck_module_owner = false\n%s", text);
    assert_int_equal(fclose(file), 0);
}

static int setup(void **state) {
    (void)state;
    assert_non_null(mkdtemp(folder));
    write_conf(good_conf, sizeof good_conf, "good.conf", "[plugin good]\n[plugin rbac_stub]\n");
    write_conf(no_rbac_conf, sizeof no_rbac_conf, "no_rbac.conf", "[plugin no_rbac]\n");
    write_conf(clash_conf, sizeof clash_conf, "clash.conf", "[plugin command_clash]\n[plugin rbac_stub]\n");
    return 0;
}

static int teardown(void **state) {
    (void)state;
    return unlink(good_conf) | unlink(no_rbac_conf) | unlink(clash_conf) | rmdir(folder);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_calls),
        cmocka_unit_test(test_without_a_database),
    };
    return cmocka_run_group_tests_name("cmd", tests, setup, teardown);
}
