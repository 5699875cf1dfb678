/* SPDX-License-Identifier: MIT
 * describe_postman_step.c - the requests of a folder, those that succeed and those that fail on purpose: one table for what the
 * engine serves, a rule for everything else. */
#include <string.h>

#include "describe_postman.h"

const struct route *postman_route(struct postman *p, const struct resource *r, enum route_operation operation) {
    for (uint32_t i = 0; i < p->d.catalogue->route_count; i++) {
        const struct route *route = &p->d.catalogue->routes[i];
        if (route->resource == r && route->operation == operation && describe_tells(&p->d, route)) {
            return route;
        }
    }
    return NULL;
}

const struct route *postman_maker(struct postman *p, const struct resource *r) {
    for (uint32_t i = 0; i < p->d.catalogue->route_count; i++) {
        const struct route *route = &p->d.catalogue->routes[i];
        if (route->method == ALEES_POST && describe_tells(&p->d, route) &&
            postman_resource_at(p, route->path, strlen(route->path)) == r) {
            return route;
        }
    }
    return NULL;
}

/* ---- what there is not of every resource ---- */

static bool requires_some(struct postman *p, const struct route *route) {
    const struct resource *r = route->resource;
    (void)p;
    for (uint32_t i = 0; i < r->field_count; i++) {
        if (!r->fields[i].is_standard && (r->fields[i].decl->flags & ALEES_REQUIRED) != 0) {
            return true;
        }
    }
    return false;
}

static bool is_soft(struct postman *p, const struct route *route) {
    (void)p;
    return resource_is_soft(route->resource);
}

static bool is_made(struct postman *p, const struct route *route) {
    return postman_maker(p, route->resource) != NULL;
}

static bool is_made_soft(struct postman *p, const struct route *route) {
    return is_soft(p, route) && is_made(p, route);
}

/* ---- the table ---- */

static const struct postman_step uses[] = {
    {.operation = ROUTE_LIST, .query = "page_size=2", .status = 200, .does = POSTMAN_FIRST},
    {.operation = ROUTE_LIST,
     .title = "without a token",
     .status = 401,
     .code = "unauthenticated",
     .does = POSTMAN_STRANGER},
    {.operation = ROUTE_LIST,
     .title = "by an unknown parameter",
     .query = "no_such_parameter=1",
     .status = 400,
     .code = "unknown_parameter"},
    {.operation = ROUTE_CREATE, .title = "several", .body = POSTMAN_ROWS, .status = 201, .does = POSTMAN_MANY},
    {.operation = ROUTE_PATCH_MANY, .query = "id__in=@many", .body = POSTMAN_CHANGE, .status = 200},
    {.operation = ROUTE_PATCH_MANY,
     .title = "without a filter",
     .body = POSTMAN_CHANGE,
     .status = 400,
     .code = "bad_parameter"},
    {.operation = ROUTE_REMOVE_MANY, .query = "id__in=@many", .status = 200},
    {.operation = ROUTE_REMOVE_MANY,
     .title = "for good",
     .query = "deleted=true&permanent=true&id__in=@many",
     .status = 200,
     .is_there = is_soft},
    {.operation = ROUTE_CREATE,
     .title = "by a rehearsal of an import of CSV",
     .query = "dry_run=true",
     .body = POSTMAN_IMPORT,
     .status = 201,
     .is_there = requires_some},
    {.operation = ROUTE_CREATE, .body = POSTMAN_ROW, .status = 201, .does = POSTMAN_NEW | POSTMAN_ETAG},
    {.operation = ROUTE_CREATE,
     .title = "with an unknown field",
     .body = POSTMAN_UNKNOWN,
     .status = 400,
     .code = "unknown_field"},
    {.operation = ROUTE_CREATE,
     .title = "without what is required",
     .body = POSTMAN_EMPTY,
     .status = 422,
     .code = "invalid",
     .is_there = requires_some},
    {.operation = ROUTE_PLUGIN}, /* here come makers of a plugin's own */
    {.operation = ROUTE_GET, .id = "@row", .status = 200, .does = POSTMAN_ETAG | POSTMAN_SHOWS},
    {.operation = ROUTE_GET,
     .title = "unless it is as known",
     .id = "@row",
     .header = "If-None-Match",
     .header_value = "@etag",
     .status = 304},
    {.operation = ROUTE_GET, .title = "that there is not", .id = "@nobody", .status = 404, .code = "not_found"},
    {.operation = ROUTE_PATCH,
     .id = "@new",
     .header = "If-Match",
     .header_value = "@version",
     .body = POSTMAN_CHANGE,
     .status = 200,
     .does = POSTMAN_ETAG},
    {.operation = ROUTE_PATCH,
     .title = "in a version that it has not",
     .id = "@new",
     .header = "If-Match",
     .header_value = POSTMAN_NO_VERSION,
     .body = POSTMAN_CHANGE,
     .status = 412,
     .code = "precondition_failed",
     .is_there = is_made},
    {.operation = ROUTE_PUT,
     .id = "@new",
     .header = "If-Match",
     .header_value = "@version",
     .body = POSTMAN_ROW,
     .status = 200,
     .does = POSTMAN_ETAG},
    {.operation = ROUTE_HISTORY, .id = "@row", .query = "page_size=2", .status = 200},
    {.operation = ROUTE_TAGS, .query = "page_size=5", .status = 200},
    {.operation = ROUTE_LIST,
     .title = "as CSV",
     .query = "id=@row",
     .header = "Accept",
     .header_value = "text/csv",
     .status = 200},
};

static const struct postman_step deletes[] = {
    {.operation = ROUTE_REMOVE, .id = "@new", .status = 204},
    {.operation = ROUTE_GET,
     .title = "that has been deleted",
     .id = "@new",
     .status = 404,
     .code = "not_found",
     .is_there = is_made},
    {.operation = ROUTE_GET,
     .title = "from among the deleted",
     .id = "@new",
     .query = "deleted=true",
     .status = 200,
     .is_there = is_made_soft},
    {.operation = ROUTE_RESTORE, .id = "@new", .status = 200},
    {.operation = ROUTE_REMOVE,
     .title = "for good",
     .id = "@new",
     .query = "permanent=true",
     .status = 204,
     .is_there = is_soft},
};

/* ---- */

/* "List: product (as CSV)"; summaries may be sentences. */
static void put_name(struct postman *p, const struct route *route, const char *title) {
    size_t len = strlen(route->summary);
    len -= len > 0 && route->summary[len - 1] == '.';
    if (title) {
        jw_printf(&p->d.w, "name", "%.*s (%s)", (int)len, route->summary, title);
    } else {
        jw_text(&p->d.w, "name", (alees_str){route->summary, len});
    }
}

static void begin_folder(struct postman *p) {
    if (p->folder) {
        jw_object(&p->d.w, NULL);
        jw_words(&p->d.w, "name", p->folder);
        jw_words(&p->d.w, "description", p->folder_text);
        jw_array(&p->d.w, "item");
        p->folder = NULL;
    }
}

static void put_item(struct postman *p, const struct route *route, const struct postman_step *step) {
    struct postman_step own = *step;
    own.query = own.query ? own.query : "";
    /* What nobody makes, nobody may take away: the request is sent about a row that there is not. */
    if (own.id && strcmp(own.id, "@new") == 0 && !postman_maker(p, p->of)) {
        own.id = "@nobody";
        own.title = own.title ? own.title : "that there is not";
        own.header = NULL;
        own.status = 404;
        own.code = "not_found";
        own.does = 0;
    }
    p->step = &own;
    begin_folder(p);
    jw_object(&p->d.w, NULL);
    put_name(p, route, own.title);
    postman_put_scripts(p, route);
    postman_put_request(p, "request", route);
    postman_put_responses(p, route);
    jw_end(&p->d.w);
    p->step = NULL;
}

static bool requires_member(const struct route *route) {
    const struct alees_field *f = route->decl->body.items;
    for (uint32_t i = 0; i < route->decl->body.count; i++) {
        if ((f[i].flags & ALEES_REQUIRED) != 0) {
            return true;
        }
    }
    return false;
}

static void put_failures(struct postman *p, const struct route *route) {
    static const struct postman_step stranger = {.operation = ROUTE_PLUGIN,
                                                 .title = "without a token",
                                                 .status = 401,
                                                 .code = "unauthenticated",
                                                 .does = POSTMAN_STRANGER},
                                     parameter = {.operation = ROUTE_PLUGIN,
                                                  .title = "with an unknown parameter",
                                                  .query = "no_such_parameter=1",
                                                  .status = 400,
                                                  .code = "unknown_parameter"},
                                     unknown = {.operation = ROUTE_PLUGIN,
                                                .title = "with an unknown field",
                                                .body = POSTMAN_UNKNOWN,
                                                .status = 400,
                                                .code = "unknown_field"},
                                     missing = {.operation = ROUTE_PLUGIN,
                                                .title = "without what is required",
                                                .body = POSTMAN_EMPTY,
                                                .status = 422,
                                                .code = "invalid"};
    if ((route->flags & ALEES_ROUTE_PUBLIC) == 0) {
        put_item(p, route, &stranger);
    }
    if (route->method == ALEES_GET) {
        put_item(p, route, &parameter);
    }
    if (describe_body_types(route)) {
        put_item(p, route, &unknown);
        if (requires_member(route)) {
            put_item(p, route, &missing);
        }
    }
}

/* It writes something, and neither a row that the run knows of nor one that it made: nobody could take it away. */
static bool is_rehearsed(struct postman *p, const struct route *route, const struct resource *made) {
    return route->operation == ROUTE_PLUGIN && route->method != ALEES_GET && !route->resource &&
           (route->flags & (ALEES_ROUTE_READ | ALEES_ROUTE_ENDS_LOGIN)) == 0 &&
           !(made && postman_maker(p, made) == route);
}

void postman_put_route(struct postman *p, const struct route *route) {
    const struct resource *made = postman_resource_at(p, route->path, strlen(route->path));
    struct postman_step step = {.operation = route->operation, .does = POSTMAN_SHOWS};
    const bool ends_login = (route->flags & ALEES_ROUTE_ENDS_LOGIN) != 0;
    p->of = made ? made : route->resource;
    postman_find_answer(p, route, 0);
    step.status = p->answer.status;
    step.body = route->operation == ROUTE_PLUGIN && describe_body_types(route) ? POSTMAN_ROUTE : POSTMAN_NONE;
    step.does |= made && postman_maker(p, made) == route ? POSTMAN_NEW : 0;
    step.query = (route->flags & ALEES_ROUTE_LIST) != 0 ? "page_size=2" : NULL;
    if (is_rehearsed(p, route, made)) {
        step.header = "Prefer";
        step.header_value = "tx=rollback";
    }
    if (ends_login) { /* afterwards they would fail for another reason */
        put_failures(p, route);
    }
    put_item(p, route, &step);
    if (route->operation == ROUTE_PLUGIN && !ends_login) {
        put_failures(p, route);
    }
    p->of = NULL;
}

void postman_put_login(struct postman *p, bool is_first) {
    static const struct postman_step again = {.operation = ROUTE_PLUGIN, .body = POSTMAN_ROUTE, .status = 200},
                                     begins = {.operation = ROUTE_PLUGIN,
                                               .body = POSTMAN_ROUTE,
                                               .status = 200,
                                               .does = POSTMAN_BEGINS},
                                     wrong = {.operation = ROUTE_PLUGIN,
                                              .title = "with credentials that nobody has",
                                              .body = POSTMAN_WRONG,
                                              .status = 401,
                                              .code = "bad_credentials"};
    put_item(p, p->login, is_first ? &begins : &again);
    if (is_first) {
        put_item(p, p->login, &wrong);
        put_failures(p, p->login);
    }
}

void postman_put_resource(struct postman *p, const struct resource *r, enum postman_part part) {
    const struct postman_step *steps = part == POSTMAN_USE ? uses : deletes;
    const size_t count = part == POSTMAN_USE ? ARRAY_LEN(uses) : ARRAY_LEN(deletes);
    const struct route *maker = postman_maker(p, r);
    for (size_t i = 0; i < count; i++) {
        const struct route *route = postman_route(p, r, steps[i].operation);
        p->of = r;
        if (steps[i].operation == ROUTE_PLUGIN) {
            if (maker && maker->operation == ROUTE_PLUGIN) {
                postman_put_route(p, maker);
            }
        } else if (route && (!steps[i].is_there || steps[i].is_there(p, route))) {
            put_item(p, route, &steps[i]);
        }
    }
    p->of = NULL;
}
