/* SPDX-License-Identifier: MIT
 * describe_postman.c - the whole API as a Postman collection, v2.1 (schema.postman.com): /postman.json, `alees postman`. It can
 * be run from its beginning to its end, and again: it makes rows of its own, refers to those, and takes them away. */
#include <string.h>

#include "alees/abi.h"
#include "describe_postman.h"

enum { FIRST_SIZE = 2 * 1024 * 1024, MOST_LINES = 9 };

#define SCHEMA "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"
#define ADDRESS "http://127.0.0.1:8080" /* of `make run` */

/* ---- the order ---- */

struct order {
    const struct resource **resources; /* what is referred to comes before what refers to it */
    bool *is_visited;
    uint32_t count;
};

static bool is_reference(const struct resource_field *f) {
    return f->target && !f->is_standard && (f->decl->flags & ALEES_WEAK) == 0 && f->decl->type != ALEES_PARTS;
}

static void visit(struct postman *p, struct order *order, const struct resource *r) {
    const struct catalogue *c = p->d.catalogue;
    uint32_t place = 0;
    while (c->resources[place] != r) {
        place++;
    }
    if (order->is_visited[place]) {
        return;
    }
    order->is_visited[place] = true;
    for (uint32_t i = 0; i < c->resource_count; i++) {
        if (r->decl->scope == ALEES_SCOPE_ORGANIZATION && c->resources[i]->decl->scope == ALEES_SCOPE_SELF) {
            visit(p, order, c->resources[i]);
        }
    }
    if (r->owner) {
        visit(p, order, r->owner);
    }
    for (uint32_t i = 0; i < r->field_count; i++) {
        if (is_reference(&r->fields[i])) {
            visit(p, order, r->fields[i].target);
        }
    }
    order->resources[order->count++] = r;
}

static bool make_order(struct postman *p, struct order *ret_order) {
    const size_t count = p->d.catalogue->resource_count;
    struct order order = {.resources = arena_alloc(p->d.arena, count * sizeof(struct resource *)),
                          .is_visited = arena_alloc(p->d.arena, count * sizeof(bool))};
    if (!order.resources || !order.is_visited) {
        return false;
    }
    memset(order.is_visited, 0, count * sizeof(bool));
    for (size_t i = 0; i < count; i++) {
        visit(p, &order, p->d.catalogue->resources[i]);
    }
    *ret_order = order;
    return true;
}

/* ---- what each folder has ---- */

static bool is_told(struct postman *p, const struct resource *r) {
    for (uint32_t i = 0; i < p->d.catalogue->route_count; i++) {
        const struct route *route = &p->d.catalogue->routes[i];
        if (route->resource == r && describe_tells(&p->d, route)) {
            return true;
        }
    }
    return false;
}

static bool names_it(alees_list fields, const struct resource *r) {
    const struct alees_field *f = fields.items;
    for (uint32_t i = 0; i < fields.count; i++) {
        if (f[i].reference && strcmp(f[i].reference, r->full_name) == 0) {
            return true;
        }
    }
    return false;
}

/* Does anything later refer to a row of it? Then it stays until the folder that takes away. */
static bool is_needed(struct postman *p, const struct resource *r) {
    const struct catalogue *c = p->d.catalogue;
    for (uint32_t i = 0; i < c->resource_count; i++) {
        const struct resource *other = c->resources[i];
        for (uint32_t k = 0; other != r && k < other->field_count; k++) {
            if (other->fields[k].target == r || other->owner == r) {
                return true;
            }
        }
    }
    for (uint32_t i = 0; i < c->route_count; i++) {
        const struct route *route = &c->routes[i];
        if (route->operation == ROUTE_PLUGIN &&
            (names_it(route->decl->body, r) || names_it(route->decl->parameters, r))) {
            return true;
        }
    }
    return false;
}

static bool ends_login(const struct route *route) {
    return (route->flags & ALEES_ROUTE_ENDS_LOGIN) != 0;
}

/* One that its folder has besides those of its resource. */
static bool is_other(struct postman *p, const struct route *route) {
    const struct resource *made = postman_resource_at(p, route->path, strlen(route->path));
    return describe_tells(&p->d, route) && route->operation >= ROUTE_PLUGIN && route != p->login &&
           !ends_login(route) && !(made && postman_maker(p, made) == route);
}

static bool is_in(struct postman *p, const struct route *route, const char *group) {
    return strcmp(describe_group(&p->d, route), group) == 0;
}

static void open_folder(struct postman *p, const char *name, const char *description) {
    p->folder = name;
    p->folder_text = description;
}

/* One without requests is not there. */
static void close_folder(struct postman *p) {
    if (!p->folder) {
        jw_end(&p->d.w);
        jw_end(&p->d.w);
    }
    p->folder = NULL;
}

static void put_others(struct postman *p, const char *group) {
    for (uint32_t i = 0; i < p->d.catalogue->route_count; i++) {
        const struct route *route = &p->d.catalogue->routes[i];
        if (is_other(p, route) && is_in(p, route, group)) {
            postman_put_route(p, route);
        }
    }
}

static const char *group_of(struct postman *p, const struct resource *r) {
    for (uint32_t i = 0; i < p->d.catalogue->route_count; i++) {
        if (p->d.catalogue->routes[i].resource == r && describe_tells(&p->d, &p->d.catalogue->routes[i])) {
            return describe_group(&p->d, &p->d.catalogue->routes[i]);
        }
    }
    return "";
}

static void put_resources(struct postman *p, const struct order *order) {
    for (uint32_t i = 0; i < order->count; i++) {
        const struct resource *r = order->resources[i];
        if (!is_told(p, r)) {
            continue;
        }
        open_folder(p, group_of(p, r), r->decl->description ? r->decl->description : "");
        postman_put_resource(p, r, POSTMAN_USE);
        put_others(p, group_of(p, r));
        if (!is_needed(p, r)) {
            postman_put_resource(p, r, POSTMAN_DELETE);
        }
        close_folder(p);
    }
}

static bool has_resource(struct postman *p, const char *group) {
    for (uint32_t i = 0; i < p->d.catalogue->route_count; i++) {
        const struct route *route = &p->d.catalogue->routes[i];
        if (route->resource && describe_tells(&p->d, route) && is_in(p, route, group)) {
            return true;
        }
    }
    return false;
}

/* Groups that no resource has: what they ask about is there by then. */
static void put_rest(struct postman *p) {
    for (uint32_t i = 0; i < p->d.catalogue->route_count; i++) {
        const struct route *route = &p->d.catalogue->routes[i];
        const char *group = describe_group(&p->d, route);
        bool is_first = is_other(p, route) && !has_resource(p, group);
        for (uint32_t k = 0; k < i && is_first; k++) {
            is_first = !is_other(p, &p->d.catalogue->routes[k]) || !is_in(p, &p->d.catalogue->routes[k], group);
        }
        if (is_first) {
            open_folder(p, group, route->plugin ? route->plugin->decl.summary : "The server itself.");
            put_others(p, group);
            close_folder(p);
        }
    }
}

/* What others referred to, the latest first. */
static void put_deletes(struct postman *p, const struct order *order) {
    open_folder(p, "Take away",
                "Deletes what the folders before have made and referred to, in the opposite order, and looks whether "
                "it is gone.");
    for (uint32_t i = order->count; i > 0; i--) {
        const struct resource *r = order->resources[i - 1];
        if (is_told(p, r) && is_needed(p, r)) {
            postman_put_resource(p, r, POSTMAN_DELETE);
        }
    }
    close_folder(p);
}

static void put_ends(struct postman *p) {
    open_folder(p, "End logins", "What ends the token, each followed by another login.");
    for (uint32_t i = 0; i < p->d.catalogue->route_count; i++) {
        const struct route *route = &p->d.catalogue->routes[i];
        if (describe_tells(&p->d, route) && ends_login(route)) {
            postman_put_route(p, route);
            if (p->login) {
                postman_put_login(p, false);
            }
        }
    }
    close_folder(p);
}

/* ---- variables ---- */

static void put_variable(struct postman *p, const char *name, const char *value, bool is_secret) {
    jw_object(&p->d.w, NULL);
    jw_words(&p->d.w, "key", name);
    jw_words(&p->d.w, "value", value);
    jw_words(&p->d.w, "type", is_secret ? "secret" : "string");
    jw_end(&p->d.w);
}

static void put_name(struct postman *p, const struct resource *r, const char *word) {
    const char *braced = postman_value(p, r, word);
    alees_str name;
    if (braced[0] == '{') {
        name = arena_printf(p->d.arena, "%.*s", (int)strlen(braced) - 4, braced + 2);
        put_variable(p, name.ptr ? name.ptr : "", strstr(braced, "_etag") ? POSTMAN_NO_VERSION : POSTMAN_NOBODY, false);
    }
}

static void put_kept(struct postman *p, const struct route *route) {
    const struct alees_field *f = route->decl->response.items;
    for (uint32_t i = 0; i < route->decl->response.count; i++) {
        const char *name = postman_kept(p, route, &f[i]);
        if (name) {
            put_variable(p, name, "", true);
        }
    }
}

static void put_variables(struct postman *p, const struct order *order) {
    static const char *const words[] = {"@row", "@etag", "@new", "@version", "@many"};
    const struct alees_field *f = p->login ? p->login->decl->body.items : NULL;
    jw_array(&p->d.w, "variable");
    put_variable(p, "base_url", ADDRESS, false);
    for (uint32_t i = 0; f && i < p->login->decl->body.count; i++) {
        put_variable(p, f[i].name, "", (f[i].flags & ALEES_WRITE_ONLY) != 0);
    }
    put_variable(p, "token", "", true);
    put_variable(p, "run", "", false);
    for (uint32_t i = 0; i < order->count; i++) {
        for (size_t w = 0; is_told(p, order->resources[i]) && w < ARRAY_LEN(words); w++) {
            put_name(p, order->resources[i], words[w]);
        }
    }
    for (uint32_t i = 0; i < p->d.catalogue->route_count; i++) {
        const struct route *route = &p->d.catalogue->routes[i];
        if (route->operation == ROUTE_PLUGIN && describe_tells(&p->d, route)) {
            put_kept(p, route);
        }
    }
    jw_end(&p->d.w);
}

/* ---- the documents ---- */

static const struct route *find_login(struct postman *p) {
    for (uint32_t i = 0; i < p->d.catalogue->route_count; i++) {
        const struct route *route = &p->d.catalogue->routes[i];
        bool is_one = route->operation == ROUTE_PLUGIN && describe_tells(&p->d, route) &&
                      (route->flags & ALEES_ROUTE_PUBLIC) != 0 && route->method == ALEES_POST;
        for (uint32_t k = 0; is_one && k < route->decl->response.count; k++) {
            const struct alees_field *f = (const struct alees_field *)route->decl->response.items + k;
            if (strcmp(f->name, "token") == 0) {
                return route;
            }
        }
    }
    return NULL;
}

static void put_info(struct postman *p) {
    jw_object(&p->d.w, "info");
    jw_words(&p->d.w, "name", "Alees");
    jw_words(&p->d.w, "version", ALEES_VERSION);
    jw_words(
        &p->d.w, "description",
        "Every operation of the API, made from the declarations that the server runs on. Choose an environment with "
        "base_url, username, password and token, and send the first request: it logs in. The folders can be run in "
        "their order, again and again: they make rows of their own, refer to those, and take them away. In the names "
        "of variables, product_id is a row to refer to, new_product_id the one that this run has made.");
    jw_words(&p->d.w, "schema", SCHEMA);
    jw_end(&p->d.w);
    jw_json(&p->d.w, "auth",
            "{\"type\":\"bearer\",\"bearer\":[{\"key\":\"token\",\"value\":\"{{token}}\",\"type\":\"string\"}]}");
    jw_json(&p->d.w, "event",
            "[{\"listen\":\"test\",\"script\":{\"type\":\"text/javascript\",\"exec\":[\"pm.test(\\\"has a request "
            "id\\\", () => "
            "pm.response.to.have.header(\\\"X-Request-Id\\\"));\"]}}]");
}

static void begin(struct postman *p, struct str *out, struct arena *arena, const struct catalogue *catalogue,
                  const bool *told, bool is_indented) {
    *p = (struct postman){.step = NULL};
    str_init(out, arena, is_indented ? FIRST_SIZE : FIRST_SIZE / 2);
    describe_init(&p->d, out, arena, catalogue, told);
    p->d.w.lines = is_indented ? MOST_LINES : 0;
    p->login = find_login(p);
}

alees_str describe_postman(struct arena *arena, const struct catalogue *catalogue, const bool *told, bool is_indented) {
    struct postman p;
    struct order order;
    struct str out;
    begin(&p, &out, arena, catalogue, told, is_indented);
    if (!make_order(&p, &order)) {
        return (alees_str){NULL, 0};
    }
    jw_object(&p.d.w, NULL);
    put_info(&p);
    put_variables(&p, &order);
    jw_array(&p.d.w, "item");
    if (p.login) {
        open_folder(&p, "Log in", "Fills the variable token, which every other request sends.");
        postman_put_login(&p, true);
        close_folder(&p);
    }
    put_resources(&p, &order);
    put_rest(&p);
    put_deletes(&p, &order);
    put_ends(&p);
    jw_end(&p.d.w);
    jw_end(&p.d.w);
    return arena_is_exhausted(arena) ? (alees_str){NULL, 0} : str_done(&out);
}

static void put_setting(struct postman *p, const char *name, const char *value, bool is_secret) {
    jw_object(&p->d.w, NULL);
    jw_words(&p->d.w, "key", name);
    jw_words(&p->d.w, "value", value);
    jw_words(&p->d.w, "type", is_secret ? "secret" : "default");
    jw_boolean(&p->d.w, "enabled", true);
    jw_end(&p->d.w);
}

alees_str describe_postman_environment(struct arena *arena, const struct catalogue *catalogue) {
    struct postman p;
    struct str out;
    begin(&p, &out, arena, catalogue, NULL, true);
    jw_object(&p.d.w, NULL);
    jw_words(&p.d.w, "id", "3c1f5a52-6d0c-4c52-9d0f-a1ee5a1ee500");
    jw_words(&p.d.w, "name", "Alees demonstration");
    jw_array(&p.d.w, "values");
    put_setting(&p, "base_url", ADDRESS, false);
    for (uint32_t i = 0; p.login && i < p.login->decl->body.count; i++) {
        const struct alees_field *f = (const struct alees_field *)p.login->decl->body.items + i;
        const size_t len = f->example ? strlen(f->example) : 0;
        alees_str value = len > 2 ? arena_printf(arena, "%.*s", (int)len - 2, f->example + 1) : alees_text("");
        put_setting(&p, f->name, value.ptr ? value.ptr : "", (f->flags & ALEES_WRITE_ONLY) != 0);
    }
    put_setting(&p, "token", "", true);
    jw_end(&p.d.w);
    jw_words(&p.d.w, "_postman_variable_scope", "environment");
    jw_end(&p.d.w);
    return str_done(&out);
}
