/* SPDX-License-Identifier: MIT
 * test_contact_phone.c - a server whose plugin contact stands in a folder of its own: contact.phone.so is opened with the
 * first number and not before, and what happens where it is missing. */
#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "people.h"

static const char *keeper;
static char folder[64], away[96], there[96], plugin[96];

static void copy(const char *from, const char *to) {
    char bytes[65536];
    FILE *in = fopen(from, "re"), *out = fopen(to, "we");
    assert_true(in && out);
    for (size_t n = fread(bytes, 1, sizeof bytes, in); n > 0; n = fread(bytes, 1, sizeof bytes, in)) {
        assert_int_equal(fwrite(bytes, 1, n, out), n);
    }
    fclose(in);
    assert_int_equal(fclose(out), 0);
}

/* The same configuration, with the plugin from there. */
static void write_conf(const struct people *p, const char *path) {
    char line[1000];
    FILE *in = fopen(p->pg.conf, "re"), *out = fopen(path, "we");
    assert_true(in && out);
    while (fgets(line, sizeof line, in)) {
        if (strncmp(line, "module = ", 9) == 0 && strstr(line, "/contact.so")) {
            fprintf(out, "module = %s\n", plugin);
        } else {
            fputs(line, out);
        }
    }
    fclose(in);
    assert_int_equal(fclose(out), 0);
}

static int setup(void **state) {
    char conf[600];
    if (people_setup(state) != 0) {
        return -1;
    }
    struct people *p = *state;
    snprintf(folder, sizeof folder, "/tmp/alees-contact.XXXXXX");
    assert_non_null(mkdtemp(folder));
    snprintf(plugin, sizeof plugin, "%s/contact.so", folder);
    snprintf(there, sizeof there, "%s/contact.phone.so", folder);
    snprintf(away, sizeof away, "%s/away", folder);
    copy(ALEES_PLUGIN_BUILD_DIR "/contact.so", plugin);
    copy(ALEES_PLUGIN_BUILD_DIR "/contact.phone.so", there);
    snprintf(conf, sizeof conf, "%s/alees.conf", folder);
    write_conf(p, conf);
    loopback_close(p->loopback);
    p->loopback = loopback_open(conf, NULL);
    assert_int_equal(remove(conf), 0);
    keeper = people_new(p, "keeper", PEOPLE_ACME, "manager");
    return 0;
}

static int teardown(void **state) {
    (void)remove(there);
    (void)remove(away);
    (void)remove(plugin);
    (void)remove(folder);
    return people_teardown(state);
}

static bool is_mapped(const char *name) {
    char line[1000];
    bool is = false;
    FILE *maps = fopen("/proc/self/maps", "re");
    assert_non_null(maps);
    while (fgets(line, sizeof line, maps)) {
        is = is || strstr(line, name) != NULL;
    }
    fclose(maps);
    return is;
}

static const struct answer *add(struct people *p, const char *phones) {
    return people_ask(p, "POST", "/contacts", keeper,
                      people_text(p, "{\"first_name\":\"A\",\"last_name\":\"B\",\"phone_numbers\":%s}", phones));
}

static void test_idle(void **state) {
    struct people *p = *state;
    assert_true(is_mapped(plugin));
    assert_status(add(p, "[]"), 201);
    assert_status(people_ask(p, "GET", "/contacts?page_size=5", keeper, NULL), 200);
    assert_false(is_mapped("contact.phone.so"));
    assert_false(is_mapped("libphonenumber"));
}

/* It went after the start: other writes go on, and nothing is stored that nobody has checked. */
static void test_missing(void **state) {
    struct people *p = *state;
    const struct answer *a = add(p, "[]");
    const char *path =
        people_text(p, "/contacts/%s/phone-numbers", people_text(p, "%.*s", 36, answer_text(a, "/id").ptr));
    assert_int_equal(rename(there, away), 0);
    a = add(p, "[{\"number\":\"+49 30 901820\"}]");
    assert_problem(a, 503, "phone_numbers_unavailable");
    assert_null(strstr(people_stable(p, a), folder)); /* where is for the log */
    assert_problem(people_ask(p, "POST", path, keeper, "{\"number\":\"+49 30 901820\"}"), 503,
                   "phone_numbers_unavailable");
    assert_status(add(p, "[]"), 201);
    a = people_ask(p, "GET", path, keeper, NULL);
    assert_int_equal(jx_size(answer_at(a, "/results")), 0);
    assert_false(is_mapped("libphonenumber"));
    assert_int_equal(rename(away, there), 0); /* mended, it works without another start */
    a = people_ask(p, "POST", path, keeper, "{\"number\":\"+49 30 901820\"}");
    assert_status(a, 201);
    assert_text(answer_text(a, "/number"), "+4930901820");
    assert_true(is_mapped("libphonenumber"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_idle),
        cmocka_unit_test(test_missing),
    };
    return cmocka_run_group_tests_name("contact_phone", tests, setup, teardown);
}
