/* SPDX-License-Identifier: MIT
 * described.h - catalogues to make documents of: of the plugins that come with the server, and of small ones. */
#ifndef DESCRIBED_H
#define DESCRIBED_H

#include "app.h"
#include "describe.h"
#include "fixtures.h"

enum { DESCRIBED_MEMORY = 256 * 1024 * 1024 };

/* The shipped plugins, with a configuration of nothing but their names; an error fails the test. */
void described_open(struct app *app);
void described_close(struct app *app);

/* good, twin and rbac_stub of tests/plugins. */
void described_small(struct fixtures *f, struct catalogue *ret_catalogue);

#endif
