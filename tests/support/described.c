/* SPDX-License-Identifier: MIT
 * described.c - see described.h. */
#include "test.h"

#include "described.h"

#include <stdio.h>
#include <unistd.h>

#include "server.h"

void described_open(struct app *app) {
    char path[] = "/tmp/alees-described-XXXXXX";
    FILE *file = fdopen(mkstemp(path), "w");
    assert_non_null(file);
    fprintf(file, "[security]\ncheck_module_owner = false\n"
                  "[plugin organization]\n[plugin contact]\n[plugin product]\n[plugin rbac]\n");
    assert_int_equal(fclose(file), 0);
    assert_int_equal(server_open(app, path, ALEES_PLUGIN_BUILD_DIR, SERVER_CATALOGUE, false), 0);
    assert_int_equal(unlink(path), 0);
}

void described_close(struct app *app) {
    server_close(app);
}

static alees_rc run_nothing(alees_ctx *ctx) {
    (void)ctx;
    return ALEES_OK;
}

void described_small(struct fixtures *f, struct catalogue *ret_catalogue) {
    static const char *const types[] = {"application/json", NULL};
    static const struct route host_routes[] = {
        {.method = ALEES_GET,
         .flags = ALEES_ROUTE_PUBLIC | ALEES_ROUTE_READ,
         .operation = ROUTE_HOST,
         .path = "/healthz",
         .types = types,
         .run = run_nothing,
         .summary = "Ask whether the process is alive"},
    };
    if (fixtures_load(f, "good,twin,rbac_stub", NULL, false) != ALEES_OK ||
        catalogue_build(f->arena, &f->plugins, run_nothing, host_routes, ARRAY_LEN(host_routes), stderr,
                        ret_catalogue) != ALEES_OK) {
        print_error("%s", f->errors);
        fail();
    }
}
