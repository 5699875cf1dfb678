/* SPDX-License-Identifier: MIT
 * fixtures.h - the plugins of tests/plugins, loaded through a real configuration file. */
#ifndef FIXTURES_H
#define FIXTURES_H

#include "plugin.h"

struct fixtures {
    struct arena *arena;
    struct config *config;
    struct plugins plugins;
    char errors[65536]; /* what was printed */
};

/* Writes a configuration that names these plugins ("good,rbac_stub"), in this order, and loads it from the test folder.
 * security: further lines, of that section; NULL: check_module_owner = false. Gives what plugin_load_all gave. */
alees_rc fixtures_load(struct fixtures *f, const char *names, const char *security, bool need_rbac);
void fixtures_end(struct fixtures *f);

/* The path of a fixture's file; lives until the next call. */
const char *fixtures_path(const char *name);

/* Services of the host, of nothing but a size: enough for needs. */
void fixtures_offer_services(void);

#endif
