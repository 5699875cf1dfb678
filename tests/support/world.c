/* SPDX-License-Identifier: MIT
 * world.c - see world.h. */
#include "world.h"

#include <stdio.h>

#include "migrate.h"
#include "server.h"
#include "str.h"

/* As plugins/organization/plugin.c makes them, and one that nobody has. */
const struct world_organization world_organizations[WORLD_TARGETS] = {
    {"01930000-0000-7000-8000-000000000001", "Acme"},
    {"01930000-0000-7000-8000-000000000002", "Acme Berlin"},
    {"01930000-0000-7000-8000-000000000003", "Globex"},
    {"01930000-0000-7000-8000-00000000ffff", NULL},
};

#define N WORLD_NONE
#define V WORLD_VIEW
#define M WORLD_MANAGE
const struct world_user world_users[WORLD_USERS] = {
    {"admin", {M, M, M, N}, 422},          {"acme-manager", {M, N, N, N}, 201}, {"acme-viewer", {V, V, N, N}, 403},
    {"globex-manager", {N, N, M, N}, 201}, {"both", {V, N, M, N}, 201},         {"nobody", {N, N, N, N}, 403},
};

const char *world_text(struct world *w, const char *format, ...) {
    char buffer[4096];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(buffer, sizeof buffer, format, arguments);
    va_end(arguments);
    assert_true(length >= 0 && (size_t)length < sizeof buffer);
    return arena_str(w->arena, (alees_str){buffer, (size_t)length}).ptr;
}

const struct answer *world_ask(struct world *w, size_t user, const char *method, const char *path, const char *body) {
    return loopback_request(w->loopback, method, path, w->tokens[user], body);
}

void world_must(const struct answer *a, uint32_t status, size_t user, const char *what) {
    if (a->status != status) {
        print_error("%s, %s: %u, not %u: %.*s\n", world_users[user].name, what, a->status, status, STR_FMT(a->body));
        fail();
    }
}

const char *world_stable(struct world *w, const struct answer *a) {
    alees_str id = answer_text(a, "/request_id");
    char *copy = arena_dup(w->arena, a->body.ptr, a->body.len + 1);
    char *at = id.ptr ? strstr(copy, id.ptr) : NULL;
    assert_non_null(copy);
    if (at) {
        memset(at, '-', id.len);
    }
    return copy;
}

/* Its rows belong to organizations. */
static bool world_is_scoped(const struct resource *r) {
    return r->decl->scope == ALEES_SCOPE_ORGANIZATION;
}

/* Of parts: of the first owner that Acme has. */
static const char *base_path(struct world *w, const struct resource *r) {
    return r->owner ? world_text(w, "%s%s", world_row_path(w, r->owner, world_any_row(w, r->owner, WORLD_ACME)),
                                 r->decl->path)
                    : world_text(w, "/api/v1%s", r->decl->path);
}

const char *world_list_path(struct world *w, const struct resource *r, const char *query) {
    return world_text(w, "%s%s", base_path(w, r), query);
}

const char *world_row_path(struct world *w, const struct resource *r, const char *id) {
    return world_text(w, "%s/%s", base_path(w, r), id);
}

const char *world_any_row(struct world *w, const struct resource *r, size_t organization) {
    const char *query = world_is_scoped(r)
                            ? world_text(w, "?page_size=1&organization=%s", world_organizations[organization].id)
                            : "?page_size=1";
    const struct answer *a = world_ask(w, WORLD_ADMIN, "GET", world_list_path(w, r, query), NULL);
    world_must(a, 200, WORLD_ADMIN, world_list_path(w, r, query));
    assert_non_null(answer_text(a, "/results/0/id").ptr);
    return answer_text(a, "/results/0/id").ptr;
}

static void put_value(struct world *w, struct str *body, const struct resource_field *f, size_t organization) {
    const struct alees_field *d = f->decl;
    switch (d->type) {
    case ALEES_TEXT:
        if (strcmp(d->name, "resource") == 0) { /* one that there is */
            str_puts(body, d->example);
        } else {
            str_printf(body, "\"row_%u\"", ++w->serial);
        }
        break;
    case ALEES_REFERENCE: str_printf(body, "\"%s\"", world_any_row(w, f->target, organization)); break;
    case ALEES_CHOICE: str_printf(body, "\"%.*s\"", (int)strcspn(d->choices, "|"), d->choices); break;
    default:
        assert_non_null(d->example);
        str_puts(body, d->example);
        break;
    }
}

const char *world_row_body(struct world *w, const struct resource *r, size_t organization, bool is_named) {
    struct str body;
    const char *comma = "";
    str_init(&body, w->arena, 256);
    str_putc(&body, '{');
    if (is_named) {
        str_printf(&body, "\"organization\":\"%s\"", world_organizations[organization].id);
        comma = ",";
    }
    for (uint32_t i = 0; i < r->field_count; i++) {
        if (!r->fields[i].is_standard && (r->fields[i].decl->flags & ALEES_REQUIRED)) {
            str_printf(&body, "%s\"%s\":", comma, r->fields[i].decl->name);
            put_value(w, &body, &r->fields[i], organization == WORLD_UNKNOWN ? WORLD_ACME : organization);
            comma = ",";
        }
    }
    str_putc(&body, '}');
    alees_str done = str_done(&body);
    assert_non_null(done.ptr);
    return done.ptr;
}

const char *world_make_row(struct world *w, const struct resource *r, size_t organization) {
    if (organization == WORLD_UNKNOWN || !world_is_scoped(r)) {
        return world_organizations[organization].id;
    }
    const struct answer *a =
        world_ask(w, WORLD_ADMIN, "POST", world_list_path(w, r, ""), world_row_body(w, r, organization, true));
    world_must(a, 201, WORLD_ADMIN, r->full_name);
    return answer_text(a, "/id").ptr;
}

void world_each_resource(struct world *w, bool is_scoped_only,
                         void (*test)(struct world *w, const struct resource *r)) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < w->catalogue->resource_count; i++) {
        const struct resource *r = w->catalogue->resources[i];
        if ((r->decl->flags & ALEES_RESOURCE_NO_CREATE) || r->owner || strcmp(r->plugin->decl.name, "rbac") == 0) {
            continue;
        }
        if (world_is_scoped(r) || (!is_scoped_only && r->decl->scope == ALEES_SCOPE_SELF)) {
            test(w, r);
            count++;
        }
    }
    assert_true(count >= 3);
}

/* A plugin of tests/plugins more: its roles, its tables and their policies. */
static void add_plugin(struct world *w, const char *name) {
    struct app app;
    FILE *conf = fopen(w->pg.conf, "a"), *out = fopen("/dev/null", "w");
    assert_true(conf && out);
    fprintf(conf, "[plugin %s]\nmodule = %s/%s.so\n", name, ALEES_TEST_PLUGIN_DIR, name);
    fclose(conf);
    assert_int_equal(server_open(&app, w->pg.conf, NULL, SERVER_CATALOGUE, false), 0);
    assert_ok(migrate_bootstrap(app.config, &app.plugins, out, stderr));
    assert_ok(migrate_run(app.config, &app.plugins, &app.catalogue, MIGRATE_APPLY, out, stderr));
    server_close(&app);
    fclose(out);
}

int world_setup(void **state) {
    return world_setup_with(state, NULL);
}

int world_setup_with(void **state, const char *plugin) {
    struct world *w = calloc(1, sizeof *w);
    assert_non_null(w);
    pg_open(&w->pg, "world", PG_DEMO);
    if (plugin) {
        add_plugin(w, plugin);
    }
    pg_exec(&w->pg, "UPDATE rbac.membership SET inherit = true "
                    "WHERE user_id = (SELECT id FROM rbac.app_user WHERE username = 'acme-viewer')");
    w->arena = test_arena();
    w->loopback = loopback_open(w->pg.conf, NULL);
    w->catalogue = &loopback_app(w->loopback)->catalogue;
    for (size_t i = 0; i < WORLD_USERS; i++) {
        const char *body = world_text(w, "{\"username\":\"%s\",\"password\":\"demo-password\"}", world_users[i].name);
        const struct answer *a = loopback_request(w->loopback, "POST", "/api/v1/auth/login", NULL, body);
        world_must(a, 200, i, "login");
        w->tokens[i] = answer_text(a, "/token").ptr;
    }
    *state = w;
    return 0;
}

int world_teardown(void **state) {
    struct world *w = *state;
    loopback_close(w->loopback);
    pg_close(&w->pg);
    arena_free(w->arena);
    free(w);
    return 0;
}
