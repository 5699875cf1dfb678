/* SPDX-License-Identifier: MIT
 * start_fails.c - its start fails; nothing else of it may be called. */
#include "fixture.h"

static alees_rc start(alees_self *self, const struct alees_host *host, alees_ctx *ctx, void **state) {
    (void)self;
    (void)host;
    (void)ctx;
    (void)state;
    return ALEES_E_CONFLICT;
}

ALEES_EXPORT const struct alees_plugin alees_plugin_v1 = {
    FIXTURE("start_fails"),
    .start = start,
    .stop = fixture_stop,
    .demo = fixture_handle,
};
