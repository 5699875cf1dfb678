/* SPDX-License-Identifier: MIT
 * conf.c - see conf.h. */
#include "conf.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

extern char **environ;

static char folder[] = "/tmp/alees-config-XXXXXX";
static char errors[16384]; /* what the last load printed, the folder's name taken out */

void conf_put(const char *name, const char *text) {
    char path[256];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

void conf_forget(const char *name) {
    char path[256];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    (void)remove(path);
}

const char *conf_folder(void) {
    return folder;
}

const char *conf_errors(void) {
    return errors;
}

void conf_set_errors(const char *text) {
    char *to = errors;
    for (const char *from = text; *from && to < errors + sizeof errors - 1;) {
        size_t skip = strncmp(from, folder, strlen(folder)) == 0 ? strlen(folder) + 1 : 0;
        from += skip;
        *to++ = *from++;
    }
    *to = '\0';
}

alees_rc conf_load_from(const char *name, struct config **ret_config) {
    char path[256], *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    assert_non_null(out);
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    alees_rc rc = config_load(path, "/modules", out, ret_config);
    assert_int_equal(fclose(out), 0);
    conf_set_errors(text);
    free(text);
    return rc;
}

struct config *conf_load(const char *text) {
    struct config *c = NULL;
    conf_put("alees.conf", text);
    alees_rc rc = conf_load_from("alees.conf", &c);
    if (rc) {
        print_error("%s", errors);
    }
    assert_ok(rc);
    assert_string_equal(errors, "");
    return c;
}

int conf_setup(void **state) {
    char path[256];
    (void)state;
    for (char **variable = environ; *variable;) { /* those of whoever runs the tests */
        char name[256];
        size_t length = strcspn(*variable, "=");
        if (strncmp(*variable, "ALEES_", 6) == 0 && length < sizeof name) {
            memcpy(name, *variable, length);
            name[length] = '\0';
            (void)unsetenv(name);
            variable = environ;
        } else {
            variable++;
        }
    }
    (void)snprintf(path, sizeof path, "%s/plugins.d", mkdtemp(folder));
    return mkdir(path, 0700);
}

int conf_teardown(void **state) {
    char path[256];
    (void)state;
    conf_forget("alees.conf");
    (void)snprintf(path, sizeof path, "%s/plugins.d", folder);
    return rmdir(path) || rmdir(folder);
}
