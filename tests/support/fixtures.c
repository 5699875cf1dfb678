/* SPDX-License-Identifier: MIT
 * fixtures.c - see fixtures.h. */
#include "test.h"

#include "fixtures.h"

#include <stdio.h>
#include <unistd.h>

#include "alees/cred.h"
#include "alees/db.h"
#include "alees/http.h"
#include "alees/json.h"
#include "jx.h"
#include "plugin.h"

const char *fixtures_path(const char *name) {
    static char path[1024];
    (void)snprintf(path, sizeof path, "%s/%s.so", ALEES_TEST_PLUGIN_DIR, name);
    return path;
}

void fixtures_offer_services(void) {
    static const uint32_t table[] = {4096, 0};
    static const char *const ids[] = {ALEES_DB_V1, ALEES_HTTP_V1, ALEES_JSON_V1, ALEES_CRED_V1, ALEES_RESOURCE_V1};
    for (size_t i = 0; i < ARRAY_LEN(ids); i++) {
        plugin_offer_service(ids[i], table);
    }
}

/* A file in a folder of its own, so that no plugins.d is beside it. */
static void write_configuration(const char *folder, const char *names, const char *security, char *path, size_t size) {
    FILE *file;
    (void)snprintf(path, size, "%s/alees.conf", folder);
    file = fopen(path, "w");
    assert_non_null(file);
    fprintf(file, "[security]\n%s\n", security ? security : "check_module_owner = false");
    while (*names) {
        int length = (int)strcspn(names, ",");
        fprintf(file, "[plugin %.*s]\n", length, names);
        names += length + (names[length] == ',');
    }
    assert_int_equal(fclose(file), 0);
}

alees_rc fixtures_load(struct fixtures *f, const char *names, const char *security, bool need_rbac) {
    char folder[] = "/tmp/alees-fixtures-XXXXXX";
    char path[128];
    alees_rc rc;
    FILE *errors;
    memset(f, 0, sizeof *f);
    jx_init();
    assert_non_null(mkdtemp(folder));
    write_configuration(folder, names, security, path, sizeof path);
    errors = fmemopen(f->errors, sizeof f->errors, "w");
    assert_non_null(errors);
    f->arena = test_arena();
    rc = config_load(path, ALEES_TEST_PLUGIN_DIR, errors, &f->config);
    if (rc == ALEES_OK) {
        rc = plugin_load_all(f->arena, f->config, NULL, 0, need_rbac, errors, &f->plugins);
    }
    (void)fclose(errors);
    assert_true(strlen(f->errors) + 1 < sizeof f->errors);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(folder), 0);
    return rc;
}

void fixtures_end(struct fixtures *f) {
    if (f->config) {
        config_free(f->config);
    }
    arena_free(f->arena);
    memset(f, 0, sizeof *f);
}
