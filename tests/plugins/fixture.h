/* SPDX-License-Identifier: MIT
 * fixture.h - a plugin that is refused must never run: in every fixture that is wrong, each code pointer aborts. */
#ifndef FIXTURE_H
#define FIXTURE_H

#include <stdlib.h>

#include "alees/abi.h"
#include "alees/rbac.h"
#include "alees/resource.h"

#define FIXTURE_UNUSED __attribute__((unused))

FIXTURE_UNUSED static alees_rc fixture_start(alees_self *self, const struct alees_host *host, alees_ctx *ctx,
                                             void **state) {
    (void)self;
    (void)host;
    (void)ctx;
    (void)state;
    abort();
}

FIXTURE_UNUSED static const void *fixture_offer(void *state, const char *id) {
    (void)state;
    (void)id;
    abort();
}

FIXTURE_UNUSED static void fixture_stop(void *state) {
    (void)state;
    abort();
}

FIXTURE_UNUSED static alees_rc fixture_handle(void *state, alees_ctx *ctx) {
    (void)state;
    (void)ctx;
    abort();
}

FIXTURE_UNUSED static alees_rc fixture_hook(void *state, alees_ctx *ctx, alees_change *change) {
    (void)state;
    (void)ctx;
    (void)change;
    abort();
}

FIXTURE_UNUSED static alees_rc fixture_command(void *state, alees_ctx *ctx, int argc, char **argv) {
    (void)state;
    (void)ctx;
    (void)argc;
    (void)argv;
    abort();
}

/* The members that every fixture has; others follow as usual. */
#define FIXTURE(plugin_name) \
    .magic = ALEES_MAGIC, .struct_size = sizeof(struct alees_plugin), .abi_minor = ALEES_ABI_MINOR, .min_minor = 0, \
    .name = (plugin_name), .version = "1.0.0", .summary = "A fixture"
#define FIXTURE_ABORTS .start = fixture_start, .offer = fixture_offer, .stop = fixture_stop, .demo = fixture_handle

#endif
