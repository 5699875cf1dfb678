/* SPDX-License-Identifier: MIT
 * stub_app.h - a process without database and plugin files: one plugin and its routes from a table of the test, and a
 * provider of permissions that answers what the test tells it to. */
#ifndef STUB_APP_H
#define STUB_APP_H

#include "app.h"

enum { STUB_ROUTES = 32 };

struct stub_app {
    struct app app;
    struct arena *arena;
    struct alees_self plugin; /* its state, given to handlers, is this structure */
    struct route routes[STUB_ROUTES];
    uint32_t route_count;
    struct alees_rbac_v1 rbac;
    /* What the provider says, and how often it was asked. */
    alees_rc authenticate, organizations, decide;
    bool without_result; /* ALEES_OK, but nothing behind it */
    struct alees_principal who;
    struct alees_organizations where; /* one organization, stub_organization */
    uint32_t authenticate_calls, organizations_calls, decide_calls;
    /* For handlers of the test. */
    uint32_t handler_calls;
    alees_rc handler_rc;
};

extern const alees_id stub_organization;

/* decls stay the caller's; pipeline_host_routes are added. The one valid token is "good". */
struct stub_app *stub_app_new(const struct alees_route *decls, uint32_t count);
void stub_app_free(struct stub_app *s);

#endif
