/* SPDX-License-Identifier: MIT
 * cmd_progress.c - how far a command is: a bar where the end is known. */
#include <inttypes.h>

#include "cmd_private.h"
#include "sys.h"

enum { BAR = 30, TICK_US = 200000 };

void cmd_progress_show(struct cmd_progress *p, uint64_t done, uint64_t total, bool is_last) {
    uint64_t now = sys_monotonic_us();
    if (!p->shows || (!is_last && now - p->told_us < TICK_US)) {
        return;
    }
    p->told_us = now;
    if (total > 0) {
        int filled = (int)(done * BAR / total);
        fprintf(stderr, "\r[%.*s%*s] %3d %%", filled, "##############################", BAR - filled, "",
                (int)(done * 100 / total));
    } else {
        fprintf(stderr, "\r%" PRIu64 " KiB", done / 1024);
    }
    if (is_last) {
        fprintf(stderr, "\n");
    }
}
