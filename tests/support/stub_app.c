/* SPDX-License-Identifier: MIT
 * stub_app.c - a process without database and plugin files. */
#include "test.h"

#include "stub_app.h"

#include <stdio.h>

#include "alees/util.h"
#include "jx.h"
#include "log.h"
#include "pipeline.h"

const alees_id stub_organization = {{0x01, 0x8f, 0, 0, 0, 0, 0x70, 0, 0x80, 0, 0, 0, 0, 0, 0, 0x11}};

static alees_rc authenticate(const struct alees_rbac_v1 *me, alees_ctx *ctx, alees_str token,
                             const struct alees_principal **ret_who) {
    struct stub_app *s = me->state;
    (void)ctx;
    s->authenticate_calls++;
    if (s->authenticate == ALEES_OK && !alees_equal(token, STR_LIT("good"))) {
        return ALEES_E_UNAUTHENTICATED;
    }
    if (!s->without_result) {
        *ret_who = &s->who; /* also together with a failure: the pipeline must not believe it */
    }
    return s->authenticate;
}

static alees_rc organizations(const struct alees_rbac_v1 *me, alees_ctx *ctx, const struct alees_principal *who,
                              uint32_t permission, const struct alees_organizations **ret_where) {
    struct stub_app *s = me->state;
    (void)ctx;
    assert_ptr_equal(who, &s->who);
    assert_int_equal(permission, 1);
    s->organizations_calls++;
    if (!s->without_result) {
        *ret_where = &s->where;
    }
    return s->organizations;
}

static alees_rc decide(const struct alees_rbac_v1 *me, alees_ctx *ctx, const struct alees_principal *who,
                       uint32_t permission, const alees_id *organization, const struct alees_decision **ret_why) {
    struct stub_app *s = me->state;
    (void)ctx;
    (void)ret_why;
    assert_ptr_equal(who, &s->who);
    assert_int_equal(permission, 1);
    assert_null(organization);
    s->decide_calls++;
    return s->decide;
}

static alees_str organization_name(const struct alees_rbac_v1 *me, alees_ctx *ctx, const alees_id *organization) {
    (void)me;
    (void)ctx;
    (void)organization;
    return STR_LIT("North");
}

static void add_route(struct stub_app *s, const struct route *route) {
    assert_true(s->route_count < STUB_ROUTES);
    s->routes[s->route_count++] = *route;
}

static void init_app(struct stub_app *s) {
    s->app.rbac = &s->rbac;
    s->app.max_body = 1024 * 1024;
    s->app.max_import = 1024 * 1024;
    s->app.transfer_us = 60 * UINT64_C(1000000);
    s->app.max_exports = s->app.max_imports = 2;
    s->app.max_uri = 8192;
    s->app.max_header = 16384;
    s->app.page_size = 50;
    s->app.max_page_size = 200;
    s->app.bulk_rows = 10000;
    s->app.max_memory = (size_t)16 * 1024 * 1024;
    s->app.catalogue.routes = s->routes;
    s->app.catalogue.route_count = s->route_count;
    assert_int_equal(router_new(s->arena, s->routes, s->route_count, stderr, &s->app.router), ALEES_OK);
}

struct stub_app *stub_app_new(const struct alees_route *decls, uint32_t count) {
    static const alees_str text = {"{018f0000-0000-7000-8000-000000000011}", 38};
    struct stub_app *s = calloc(1, sizeof *s);
    assert_non_null(s);
    jx_init();
    log_init(LOG_JSON, ALEES_LOG_ERROR + 1); /* nothing: most of the answers are failures on purpose */
    s->arena = test_arena();
    s->plugin.magic = PLUGIN_MAGIC;
    s->plugin.decl.name = "stub";
    s->plugin.state = s;
    s->rbac = (struct alees_rbac_v1){.struct_size = sizeof s->rbac,
                                     .state = s,
                                     .authenticate = authenticate,
                                     .decide = decide,
                                     .organizations = organizations,
                                     .organization_name = organization_name};
    s->who =
        (struct alees_principal){.struct_size = sizeof s->who, .id = stub_organization, .username = STR_LIT("alice")};
    s->where = (struct alees_organizations){
        .struct_size = sizeof s->where, .count = 1, .ids = &stub_organization, .text = text};
    for (uint32_t i = 0; i < count; i++) {
        const struct route route = {.method = decls[i].method,
                                    .flags = decls[i].flags,
                                    .operation = ROUTE_PLUGIN,
                                    .path = decls[i].path,
                                    .plugin = &s->plugin,
                                    .permission_name = decls[i].permission,
                                    .permission = decls[i].permission ? 1 : 0,
                                    .decl = &decls[i],
                                    .run = pipeline_plugin_handler,
                                    .summary = decls[i].summary};
        add_route(s, &route);
    }
    for (uint32_t i = 0; i < pipeline_host_route_count; i++) {
        add_route(s, &pipeline_host_routes[i]);
    }
    init_app(s);
    return s;
}

void stub_app_free(struct stub_app *s) {
    arena_free(s->arena);
    free(s);
}
