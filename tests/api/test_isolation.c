/* SPDX-License-Identifier: MIT
 * test_isolation.c - nobody sees or touches a row of an organization in which they do not hold the permission: every
 * resource of the catalogue x every demonstration user x every organization x list, get, create, change, delete, on the
 * whole server with the real permission check and the real database roles. A plugin that is added is covered without a
 * new line here. */
#include "test.h"

#include "world.h"

static bool mentions(const struct answer *a, const char *word) {
    return strstr(a->body.ptr, word) != NULL;
}

/* A change that any row takes: the first required text, to what it is already, so that nothing else has to follow. */
static const char *change_body(struct world *w, const struct resource *r, const struct answer *row) {
    for (uint32_t i = 0; i < r->field_count; i++) {
        const struct alees_field *d = r->fields[i].decl;
        if (!r->fields[i].is_standard && d->type == ALEES_TEXT && (d->flags & ALEES_REQUIRED)) {
            alees_str now = row ? answer_text(row, world_text(w, "/%s", d->name)) : (alees_str){"x", 1};
            return world_text(w, "{\"%s\":\"%.*s\"}", d->name, STR_FMT(now));
        }
    }
    return "{}";
}

/* ---- one row: get, change, delete ---- */

/* A row that a user may not see answers like one that nobody has, to the last byte but the request id. */
static void same_as_unknown(struct world *w, const struct resource *r, size_t user, const char *method,
                            const struct answer *a, const char *body) {
    const char *path = world_row_path(w, r, world_organizations[WORLD_UNKNOWN].id);
    const struct answer *unknown = world_ask(w, user, method, path, body);
    assert_problem(unknown, 404, "not_found");
    assert_problem(a, 404, "not_found");
    assert_string_equal(world_stable(w, a), world_stable(w, unknown));
}

static void check_denied(const struct answer *a, const char *permission, size_t organization) {
    assert_problem(a, 403, "permission_denied");
    assert_true(mentions(a, permission));
    assert_true(mentions(a, world_organizations[organization].name));
}

static void check_get(struct world *w, const struct resource *r, size_t user, size_t target, const char *id) {
    const char *path = world_row_path(w, r, id);
    const struct answer *a = world_ask(w, user, "GET", path, NULL);
    if (world_users[user].access[target] == WORLD_NONE) {
        same_as_unknown(w, r, user, "GET", a, NULL);
        return;
    }
    world_must(a, 200, user, path);
    assert_text(answer_text(a, "/id"), id);
    if (world_is_scoped(r)) {
        assert_text(answer_text(a, "/organization"), world_organizations[target].id);
    }
}

static void check_patch(struct world *w, const struct resource *r, size_t user, size_t target, const char *id) {
    const char *path = world_row_path(w, r, id);
    const struct answer *before = target == WORLD_UNKNOWN ? NULL : world_ask(w, WORLD_ADMIN, "GET", path, NULL);
    const char *body = change_body(w, r, before);
    const struct answer *a = world_ask(w, user, "PATCH", path, body);
    enum world_access access = world_users[user].access[target];
    if (access == WORLD_MANAGE) {
        world_must(a, 200, user, path);
        assert_text(answer_text(a, "/id"), id);
        return;
    }
    if (access == WORLD_VIEW) {
        check_denied(a, r->change_name, target);
    } else {
        same_as_unknown(w, r, user, "PATCH", a, body);
    }
    if (before) {
        assert_text(world_ask(w, WORLD_ADMIN, "GET", path, NULL)->body, before->body.ptr);
    }
}

static void check_delete(struct world *w, const struct resource *r, size_t user, size_t target, const char *id) {
    const char *path = world_row_path(w, r, id);
    const struct answer *a = world_ask(w, user, "DELETE", path, NULL);
    enum world_access access = world_users[user].access[target];
    if (access == WORLD_MANAGE) {
        world_must(a, 204, user, path);
        world_must(world_ask(w, WORLD_ADMIN, "GET", path, NULL), 404, WORLD_ADMIN, path);
        return;
    }
    if (access == WORLD_VIEW) {
        check_denied(a, r->remove_name, target);
    } else {
        same_as_unknown(w, r, user, "DELETE", a, NULL);
    }
    world_must(world_ask(w, WORLD_ADMIN, "GET", path, NULL), target == WORLD_UNKNOWN ? 404 : 200, WORLD_ADMIN, path);
}

static void check_rows(struct world *w, const struct resource *r) {
    for (size_t user = 0; user < WORLD_USERS; user++) {
        for (size_t target = 0; target < WORLD_TARGETS; target++) {
            const char *id = world_make_row(w, r, target);
            check_get(w, r, user, target, id);
            check_patch(w, r, user, target, id);
            if (world_is_scoped(r)) {
                check_delete(w, r, user, target, id);
            }
        }
    }
}

static void test_rows(void **state) {
    world_each_resource(*state, false, check_rows);
}

/* ---- create ---- */

static void check_named(struct world *w, const struct resource *r, size_t user, size_t target) {
    const char *path = world_list_path(w, r, "");
    const struct answer *a = world_ask(w, user, "POST", path, world_row_body(w, r, target, true));
    enum world_access access = world_users[user].access[target];
    if (access == WORLD_MANAGE) {
        world_must(a, 201, user, path);
        assert_text(answer_text(a, "/organization"), world_organizations[target].id);
    } else if (access == WORLD_VIEW) {
        check_denied(a, r->add_name, target);
    } else {
        const struct answer *unknown = world_ask(w, user, "POST", path, world_row_body(w, r, WORLD_UNKNOWN, true));
        assert_problem(a, 403, "organization_not_permitted");
        assert_string_equal(world_stable(w, a), world_stable(w, unknown));
    }
}

static void check_unnamed(struct world *w, const struct resource *r, size_t user) {
    const char *path = world_list_path(w, r, "");
    const struct answer *a = world_ask(w, user, "POST", path, world_row_body(w, r, WORLD_GLOBEX, false));
    world_must(a, world_users[user].unnamed, user, path);
    if (a->status == 201) {
        size_t only = 0;
        while (world_users[user].access[only] != WORLD_MANAGE) {
            only++;
        }
        assert_text(answer_text(a, "/organization"), world_organizations[only].id);
    } else if (a->status == 422) {
        assert_text(answer_text(a, "/errors/0/pointer"), "/organization");
    } else {
        assert_problem(a, 403, "permission_denied");
        assert_true(mentions(a, r->add_name));
    }
}

static void check_create(struct world *w, const struct resource *r) {
    for (size_t user = 0; user < WORLD_USERS; user++) {
        for (size_t target = 0; target < WORLD_TARGETS; target++) {
            check_named(w, r, user, target);
        }
        check_unnamed(w, r, user);
    }
}

static void test_create(void **state) {
    world_each_resource(*state, true, check_create);
}

static const char *reference_body(struct world *w, const struct resource_field *f, const char *id) {
    return world_text(w, "{\"%s\":\"%s\"}", f->decl->name, id);
}

/* A row never refers to a row of another organization, not even of one that the caller sees too. */
static void check_reference(struct world *w, size_t user, const char *path, const struct resource_field *f) {
    const char *own = reference_body(w, f, world_any_row(w, f->target, WORLD_GLOBEX));
    const char *foreign = reference_body(w, f, world_any_row(w, f->target, WORLD_ACME));
    const char *unknown = reference_body(w, f, world_organizations[WORLD_UNKNOWN].id);
    const struct answer *a = world_ask(w, user, "PATCH", path, foreign);
    world_must(a, 422, user, foreign);
    assert_string_equal(world_stable(w, a), world_stable(w, world_ask(w, user, "PATCH", path, unknown)));
    world_must(world_ask(w, user, "PATCH", path, own), 200, user, own);
}

/* It may refer to an organization that the caller may view; any other looks like one that nobody has. */
static void check_link(struct world *w, size_t user, const char *path, const struct resource_field *f) {
    const char *unknown = reference_body(w, f, world_organizations[WORLD_UNKNOWN].id);
    for (size_t target = 0; target < WORLD_TARGETS; target++) {
        const char *body = reference_body(w, f, world_organizations[target].id);
        const struct answer *a = world_ask(w, user, "PATCH", path, body);
        if (world_users[user].access[target] == WORLD_NONE) {
            world_must(a, 422, user, body);
            assert_string_equal(world_stable(w, a), world_stable(w, world_ask(w, user, "PATCH", path, unknown)));
        } else {
            world_must(a, 200, user, body);
        }
    }
}

static void check_references(struct world *w, const struct resource *r) {
    for (uint32_t i = 0; i < r->field_count; i++) {
        const struct resource_field *f = &r->fields[i];
        bool is_organization = f->target && f->target->decl->scope == ALEES_SCOPE_SELF;
        if (f->is_standard || !f->target || !(is_organization || world_is_scoped(f->target))) {
            continue;
        }
        const char *path = world_row_path(w, r, world_make_row(w, r, WORLD_GLOBEX));
        for (size_t user = 0; user < WORLD_USERS; user++) {
            if (world_users[user].access[WORLD_GLOBEX] == WORLD_MANAGE) {
                (is_organization ? check_link : check_reference)(w, user, path, f);
            }
        }
    }
}

static void test_references(void **state) {
    world_each_resource(*state, true, check_references);
}

/* ---- list ---- */

/* How many rows of each organization come, over all pages. */
static void count_rows(struct world *w, const struct resource *r, size_t user, const char *query,
                       uint32_t counts[WORLD_ORGANIZATIONS]) {
    const char *path = world_list_path(w, r, query);
    memset(counts, 0, WORLD_ORGANIZATIONS * sizeof counts[0]);
    while (path) {
        const struct answer *a = world_ask(w, user, "GET", path, NULL);
        world_must(a, 200, user, path);
        const alees_json *rows = answer_at(a, "/results");
        for (uint32_t i = 0; i < jx_size(rows); i++) {
            alees_str owner = jx_text(jx_get(jx_at(rows, i), world_is_scoped(r) ? "organization" : "id"));
            size_t at = 0;
            while (at < WORLD_ORGANIZATIONS && !str_equal(owner, world_organizations[at].id)) {
                at++;
            }
            assert_true(at < WORLD_ORGANIZATIONS);
            counts[at]++;
        }
        path = answer_text(a, "/next").ptr;
        path = path ? strstr(path, "/api/v1") : NULL;
    }
}

static void check_list(struct world *w, const struct resource *r) {
    uint32_t all[WORLD_ORGANIZATIONS], seen[WORLD_ORGANIZATIONS];
    count_rows(w, r, WORLD_ADMIN, "?page_size=200", all);
    for (size_t user = 0; user < WORLD_USERS; user++) {
        count_rows(w, r, user, "?page_size=200", seen);
        for (size_t i = 0; i < WORLD_ORGANIZATIONS; i++) {
            assert_true(all[i] > 0);
            assert_int_equal(seen[i], world_users[user].access[i] == WORLD_NONE ? 0 : all[i]);
        }
    }
    for (size_t user = 0; user < WORLD_USERS && world_is_scoped(r);
         user++) { /* asking for one organization widens nothing */
        for (size_t target = 0; target < WORLD_TARGETS; target++) {
            count_rows(w, r, user, world_text(w, "?page_size=200&organization=%s", world_organizations[target].id),
                       seen);
            for (size_t i = 0; i < WORLD_ORGANIZATIONS; i++) {
                assert_int_equal(seen[i], i == target && world_users[user].access[i] != WORLD_NONE ? all[i] : 0);
            }
        }
    }
}

static void test_list(void **state) {
    world_each_resource(*state, false, check_list);
}

/* ---- rows of everybody, and nobody's requests ---- */

static void test_global(void **state) {
    struct world *w = *state;
    uint32_t count = 0;
    for (uint32_t i = 0; i < w->catalogue->resource_count; i++) {
        const struct resource *r = w->catalogue->resources[i];
        for (size_t user = 0; user < WORLD_USERS && r->decl->scope == ALEES_SCOPE_GLOBAL; user++) {
            count++;
            world_must(world_ask(w, user, "GET", world_row_path(w, r, world_any_row(w, r, WORLD_ACME)), NULL), 200,
                       user, r->full_name);
            const struct answer *a =
                world_ask(w, user, "POST", world_list_path(w, r, ""), world_row_body(w, r, WORLD_ACME, false));
            if (user == WORLD_ADMIN) {
                world_must(a, 201, user, r->full_name);
                world_must(world_ask(w, user, "DELETE", world_row_path(w, r, answer_text(a, "/id").ptr), NULL), 204,
                           user, r->full_name);
            } else {
                assert_problem(a, 403, "permission_denied");
                assert_true(mentions(a, r->add_name));
            }
        }
    }
    assert_true(count >= WORLD_USERS);
}

/* Every route of the catalogue that is not public, whosever it is. */
static void test_no_token(void **state) {
    struct world *w = *state;
    static const char *const methods[] = {"", "GET", "POST", "PUT", "PATCH", "DELETE"};
    uint32_t count = 0;
    for (uint32_t i = 0; i < w->catalogue->route_count; i++) {
        const struct route *route = &w->catalogue->routes[i];
        if (route->flags & ALEES_ROUTE_PUBLIC) {
            continue;
        }
        const char *brace = strchr(route->path, '{'), *end = brace ? strchr(brace, '}') + 1 : "";
        const char *path = brace ? world_text(w, "%.*s%s%s", (int)(brace - route->path), route->path,
                                              world_organizations[WORLD_UNKNOWN].id, end)
                                 : route->path;
        const char *method = methods[route->method];
        const char *body = route->method == ALEES_POST || route->method == ALEES_PATCH ? "{}" : NULL;
        const struct answer *a = loopback_request(w->loopback, method, path, NULL, body);
        assert_problem(a, 401, "unauthenticated");
        assert_non_null(answer_header(a, "WWW-Authenticate").ptr);
        assert_status(loopback_request(w->loopback, method, path, "alees_made-up", body), 401);
        count++;
    }
    assert_true(count >= 5);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows), cmocka_unit_test(test_create), cmocka_unit_test(test_references),
        cmocka_unit_test(test_list), cmocka_unit_test(test_global), cmocka_unit_test(test_no_token),
    };
    return cmocka_run_group_tests_name("isolation", tests, world_setup, world_teardown);
}
