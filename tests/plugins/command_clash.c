/* SPDX-License-Identifier: MIT
 * command_clash.c - a command of this name is the server's own. */
#include "fixture.h"

static const struct alees_command commands[] = {
    {"migrate", "migrate", "Never runs", fixture_command},
};

ALEES_EXPORT const struct alees_plugin alees_plugin_v1 = {
    FIXTURE("command_clash"),
    .commands = ALEES_LIST(commands),
    FIXTURE_ABORTS,
};
