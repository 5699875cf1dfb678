/* SPDX-License-Identifier: MIT
 * test_documents_rights.c - the description tells a caller of a route if and only if a request of theirs gets through: every
 * route of the world, by everybody who differs in rights, in each organization. What must come is worked out from the answers
 * to real requests, which change nothing (Prefer: tx=rollback). */
#include "people.h"
#include "world.h"

#include <stdio.h>
#include <string.h>

#include "alees/rbac.h"
#include "alees/util.h"

/* Where a row is: in an organization, or in none: then it is everybody's, or the caller's own. */
enum { NOWHERE = WORLD_ORGANIZATIONS, PLACES };
enum { OWNER = WORLD_USERS, EXPIRED, INACTIVE, KEY, CALLERS };

struct caller {
    const char *name, *token, *id;
};

static const char *value(struct world *w, const char *sql) {
    alees_str text = pg_value(&w->pg, w->arena, sql);
    return text.len ? text.ptr : NULL;
}

/* ---- who asks ---- */

/* A key with less than its user has. */
static const char *make_key(struct world *w, const char *token) {
    const char *body = "{\"name\":\"k\",\"permissions\":[\"product.view_product\",\"product.change_product\","
                       "\"contact.view_contact\"],\"organizations\":[\"" PEOPLE_ACME "\"]}";
    const struct answer *a = loopback_request(w->loopback, "POST", "/api/v1/api-keys", token, body);
    assert_status(a, 201);
    return answer_text(a, "/secret").ptr;
}

static void make_callers(struct world *w, struct caller callers[CALLERS]) {
    struct people p = {.pg = w->pg, .loopback = w->loopback, .arena = w->arena};
    for (size_t i = 0; i < WORLD_USERS; i++) {
        callers[i] = (struct caller){world_users[i].name, w->tokens[i], NULL};
    }
    people_add(&p, "owner", PEOPLE_ACME, "owner");
    people_join(&p, "owner", PEOPLE_GLOBEX, "viewer", false);
    people_add(&p, "expired", PEOPLE_ACME, "manager");
    people_add(&p, "inactive", PEOPLE_ACME, "manager");
    people_sql(&p,
               "UPDATE rbac.membership SET valid_from = now() - interval '2 d', valid_until = now() - interval '1 s' "
               "WHERE user_id = '%s'",
               people_id(&p, "expired"));
    people_sql(&p, "UPDATE rbac.membership SET is_active = false WHERE user_id = '%s'", people_id(&p, "inactive"));
    callers[OWNER] = (struct caller){"owner", people_token(&p, "owner"), NULL};
    callers[EXPIRED] = (struct caller){"expired", people_token(&p, "expired"), NULL};
    callers[INACTIVE] = (struct caller){"inactive", people_token(&p, "inactive"), NULL};
    callers[KEY] = (struct caller){"owner", make_key(w, callers[OWNER].token), NULL};
    pg_exec(&w->pg,
            "INSERT INTO rbac.api_key (id, user_id, name, prefix, hash, permissions) SELECT alees.new_id(), id, "
            "'own', 'alees_key_000000', sha256(username::bytea), '{product.view_product}' FROM rbac.app_user");
    for (size_t i = 0; i < CALLERS; i++) {
        callers[i].id = people_id(&p, callers[i].name);
    }
}

/* ---- what they ask for ---- */

static const char *find_row(struct world *w, const struct resource *r, const char *column, const char *condition) {
    return value(w, world_text(w, "SELECT %s FROM %s WHERE %s ORDER BY id LIMIT 1", column, r->decl->table, condition));
}

static const char *row_of(struct world *w, const struct resource *r, const char *column, size_t place,
                          const struct caller *caller) {
    const char *organization = place == NOWHERE ? NULL : world_organizations[place].id;
    switch (r->decl->scope) {
    case ALEES_SCOPE_GLOBAL: return place == NOWHERE ? find_row(w, r, column, "true") : NULL;
    case ALEES_SCOPE_SELF: return organization;
    case ALEES_SCOPE_OWN:
        return place == NOWHERE ? find_row(w, r, column, world_text(w, "user_id = '%s'", caller->id)) : NULL;
    case ALEES_SCOPE_SEVERAL: /* of few organizations: to delete it takes the right in all of them */
        return place == NOWHERE ? caller->id
                                : value(w, world_text(w,
                                                      "SELECT %s FROM %s WHERE '%s' = ANY (scope_ids) AND id <> '%s' "
                                                      "ORDER BY cardinality(scope_ids), id LIMIT 1",
                                                      column, r->decl->table, organization, caller->id));
    default:
        return find_row(w, r, column,
                        organization ? world_text(w, "organization_id = '%s'", organization)
                                     : "organization_id IS NULL");
    }
}

static void make_invitation(struct world *w, size_t place) {
    const char *body =
        world_text(w, "{\"organization\":\"%s\",\"email\":\"i%zu@example.com\",\"roles\":[\"" PEOPLE_VIEWER "\"]}",
                   world_organizations[place].id, place);
    world_must(world_ask(w, WORLD_ADMIN, "POST", "/api/v1/invitations", body), 201, WORLD_ADMIN, body);
}

static void make_part(struct world *w, const struct resource *r, size_t place) {
    const char *owner = row_of(w, r->owner, "id", place, NULL);
    const char *path = world_text(w, "/api/v1%s/%s%s", r->owner->path, owner, r->decl->path);
    const char *body = world_row_body(w, r, place, false);
    world_must(world_ask(w, WORLD_ADMIN, "POST", path, body), 201, WORLD_ADMIN, body);
}

/* One at least of every kind in every organization: else nobody could be seen to read it. */
static void make_rows(struct world *w) {
    for (uint32_t i = 0; i < w->catalogue->resource_count; i++) {
        const struct resource *r = w->catalogue->resources[i];
        for (size_t place = 0; place < WORLD_ORGANIZATIONS && r->decl->scope == ALEES_SCOPE_ORGANIZATION; place++) {
            if (row_of(w, r, "id", place, NULL)) {
                continue;
            }
            if (strcmp(r->full_name, "rbac.invitation") == 0) {
                make_invitation(w, place);
            } else if (r->owner) {
                make_part(w, r, place);
            } else {
                (void)world_make_row(w, r, place);
            }
            assert_non_null(row_of(w, r, "id", place, NULL));
        }
        if (resource_is_shared(r) && !row_of(w, r, "id", NOWHERE, NULL)) {
            const char *body = strcmp(r->full_name, "rbac.field_permission") == 0
                                   ? "{\"role\":\"" PEOPLE_EDITOR "\",\"resource\":\"product.product\"}"
                                   : world_row_body(w, r, WORLD_ACME, false);
            world_must(world_ask(w, WORLD_ADMIN, "POST", world_list_path(w, r, ""), body), 201, WORLD_ADMIN, body);
            assert_non_null(row_of(w, r, "id", NOWHERE, NULL));
        }
    }
}

/* Each row has the id of its organization as a tag. */
static void tag_rows(struct world *w) {
    for (uint32_t i = 0; i < w->catalogue->resource_count; i++) {
        const struct resource *r = w->catalogue->resources[i];
        if (resource_tags(r)) {
            pg_exec(&w->pg, world_text(w, "UPDATE %s SET %s = ARRAY[%s::text]", r->decl->table,
                                       resource_tags(r)->column, r->scope_column));
        }
    }
}

/* The path with the ids of a row; NULL: there is none at this place. */
static const char *path_of(struct world *w, const struct route *route, size_t place, const struct caller *caller,
                           const char **ret_id) {
    const struct resource *r = route->resource;
    const char *open = strchr(route->path, '{'), *path = route->path;
    const char *id = r ? row_of(w, r, "id", place, caller) : place != NOWHERE ? world_organizations[place].id : NULL;
    *ret_id = id;
    if (!id && (open || (r && route->operation != ROUTE_CREATE))) {
        return NULL;
    }
    if (r && r->owner) {
        const char *owner = row_of(w, r, r->owner_field->column, place, caller);
        const char *behind = strchr(open, '}') + 1;
        path = world_text(w, "%.*s%s%s", (int)(open - path), path, owner, behind);
        open = strchr(path, '{');
    }
    return open ? world_text(w, "%.*s%s%s", (int)(open - path), path, id, strchr(open, '}') + 1) : path;
}

/* Does the body say of which organization a request is? */
static bool is_by_body(const struct route *route) {
    const struct resource *r = route->resource;
    return route->operation == ROUTE_CREATE
               ? r->decl->scope == ALEES_SCOPE_ORGANIZATION || r->decl->scope == ALEES_SCOPE_SELF
               : route->operation == ROUTE_PLUGIN && route->permission && !r;
}

/* Is the body that is sent one of a row that can be made there? */
static bool is_whole(const struct route *route, size_t place) {
    const struct resource *r = route->resource;
    return route->operation == ROUTE_CREATE && place != NOWHERE && !r->owner &&
           r->decl->scope == ALEES_SCOPE_ORGANIZATION;
}

static const char *body_of(struct world *w, const struct route *route, size_t place) {
    const struct resource *r = route->resource;
    if (route->method == ALEES_GET || route->method == ALEES_DELETE) {
        return NULL;
    }
    if (route->permission && route->operation == ROUTE_PLUGIN && !r) { /* what it is about, its body says */
        return place == NOWHERE
                   ? NULL
                   : world_text(
                         w, "{\"organization\":\"%s\",\"email\":\"x@example.com\",\"roles\":[\"" PEOPLE_VIEWER "\"]}",
                         world_organizations[place].id);
    }
    if (is_whole(route, place)) {
        return world_row_body(w, r, place, true); /* what is not valid is told before where it may not go */
    }
    return route->operation == ROUTE_CREATE && place != NOWHERE && r->parent
               ? world_text(w, "{\"%s\":\"%s\"}", r->parent->decl->name, world_organizations[place].id)
               : "{}";
}

static bool is_about_many(const struct route *route) {
    return route->operation == ROUTE_LIST || route->operation == ROUTE_PATCH_MANY ||
           route->operation == ROUTE_REMOVE_MANY;
}

/* A list without the row and a bulk change of nothing are answers to somebody who may nothing. */
static bool is_let_through(const struct route *route, size_t place, const struct answer *a) {
    if (a->status == 401 || a->status == 403 || a->status == 404) {
        return (route->flags & ALEES_ROUTE_PUBLIC) != 0;
    }
    if (a->status == 422 && is_whole(route, place)) {
        return false; /* what its references name is not seen either */
    }
    if (a->status == 200 && route->operation == ROUTE_LIST) {
        return answer_text(a, "/results/0/id").ptr != NULL;
    }
    if (a->status == 200 && route->operation == ROUTE_TAGS) {
        return place != NOWHERE && strstr(a->body.ptr, world_organizations[place].id) != NULL;
    }
    return a->status != 200 || !is_about_many(route) || answer_integer(a, "/count") > 0;
}

static bool try_it(struct world *w, const struct route *route, size_t place, const struct caller *caller) {
    static const char *const methods[] = {"", "GET", "POST", "PUT", "PATCH", "DELETE"};
    const char *id, *path = path_of(w, route, place, caller, &id);
    if (!path || (place == NOWHERE && is_by_body(route))) {
        return false;
    }
    if (is_about_many(route)) {
        path = world_text(w, "%s?id=%s", path, id);
    }
    const struct loopback_request r = {
        .method = methods[route->method],
        .path = path,
        .token = caller->token,
        .body = body_of(w, route, place),
        .headers = {{"Prefer", route->method == ALEES_GET ? "handling=lenient" : "tx=rollback"}}};
    const struct answer *a = loopback_send(w->loopback, &r);
    if (a->status >= 500) {
        fail_msg("%s %s: %.*s", r.method, path, STR_FMT(a->wire));
    }
    return is_let_through(route, place, a);
}

/* Does the provider of rights say it of rows in an organization? */
static bool is_by_organization(const struct route *route) {
    return route->permission != 0 && (!route->resource || route->resource->decl->scope == ALEES_SCOPE_ORGANIZATION ||
                                      route->resource->decl->scope == ALEES_SCOPE_SELF);
}

/* ---- what they are told ---- */

static const struct answer *ask(struct world *w, const struct caller *caller, size_t place) {
    const char *path = place == NOWHERE ? "/openapi.json"
                                        : world_text(w, "/openapi.json?organization=%s", world_organizations[place].id);
    return loopback_request(w->loopback, "GET", path, caller->token, NULL);
}

static bool tells(const struct answer *a, const struct route *route) {
    static const char *const methods[] = {"", "get", "post", "put", "patch", "delete"};
    return jx_kind(jx_get(jx_get(jx_get(a->json, "paths"), route->path), methods[route->method])) == ALEES_JSON_OBJECT;
}

struct seen {
    bool at[PLACES];
};

static uint32_t compare(const struct catalogue *c, const struct caller *caller, const struct seen *seen,
                        const struct answer *documents[PLACES]) {
    uint32_t wrong = 0;
    for (uint32_t i = 0; i < c->route_count; i++) {
        bool somewhere = false;
        for (size_t place = 0; place < PLACES; place++) {
            somewhere = somewhere || seen[i].at[place];
        }
        for (size_t place = 0; place < PLACES; place++) {
            bool expected = place == NOWHERE ? somewhere : seen[i].at[place] || seen[i].at[NOWHERE];
            if (documents[place]->status == 200 && tells(documents[place], &c->routes[i]) != expected) {
                print_error("%s, place %zu: %u %s is%s told\n", caller->name, place, c->routes[i].method,
                            c->routes[i].path, expected ? " not" : "");
                wrong++;
            }
        }
    }
    return wrong;
}

static uint32_t check(struct world *w, const struct caller *caller) {
    const struct catalogue *c = w->catalogue;
    struct seen *seen = arena_alloc(w->arena, c->route_count * sizeof *seen);
    const struct answer *documents[PLACES];
    uint32_t wrong = 0;
    bool is_inside[PLACES] = {[NOWHERE] = true};
    for (uint32_t i = 0; i < c->route_count; i++) {
        const struct route *route = &c->routes[i];
        for (size_t place = 0; place < PLACES; place++) {
            seen[i].at[place] = route->operation == ROUTE_HOST ? place == NOWHERE : try_it(w, route, place, caller);
            is_inside[place] = is_inside[place] || (seen[i].at[place] && is_by_organization(route));
        }
    }
    for (size_t place = 0; place < PLACES; place++) {
        documents[place] = ask(w, caller, place);
        if (documents[place]->status != (is_inside[place] ? 200 : 404)) {
            print_error("%s, place %zu: %u\n", caller->name, place, documents[place]->status);
            wrong++;
        }
    }
    return wrong + compare(c, caller, seen, documents);
}

static void test_told_if_let_through(void **state) {
    struct world *w = *state;
    struct caller callers[CALLERS];
    uint32_t wrong = 0;
    make_callers(w, callers);
    make_rows(w);
    tag_rows(w);
    for (size_t i = 0; i < CALLERS; i++) {
        wrong += check(w, &callers[i]);
    }
    assert_int_equal(wrong, 0);
}

/* With a plugin that is none of the server's own. */
static int setup(void **state) {
    return world_setup_with(state, "crew");
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_told_if_let_through)};
    return cmocka_run_group_tests_name("documents_rights", tests, setup, world_teardown);
}
