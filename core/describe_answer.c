/* SPDX-License-Identifier: MIT
 * describe_answer.c - what a route reads and answers: the schemas of its bodies, and every status that it can give. One table
 * for what the engine does, one for problems; a plugin's own routes by their declaration. */
#include <stdio.h>
#include <string.h>

#include "describe.h"
#include "pipeline.h"

static bool is_type(const char *type, const char *wanted) {
    return strcmp(type, wanted) == 0;
}

static bool is_json(const char *type) {
    return is_type(type, "application/json") || is_type(type, "application/merge-patch+json");
}

static void put_text(struct describe *d, const char *key, const char *description) {
    jw_object(&d->w, key);
    jw_words(&d->w, "type", "string");
    jw_words(&d->w, "description", description);
    jw_end(&d->w);
}

static void put_row(struct describe *d, const char *key, const struct resource *r, const char *tail) {
    describe_reference(d, key, "schemas", "%s%s", describe_schema_name(d, r), tail);
}

/* ---- requests ---- */

/* One row or many of them. */
static void put_create(struct describe *d, const char *key, const struct resource *r) {
    jw_object(&d->w, key);
    jw_array(&d->w, "anyOf");
    put_row(d, NULL, r, describe_uses[DESCRIBE_CREATE]);
    jw_object(&d->w, NULL);
    jw_words(&d->w, "type", "array");
    jw_words(&d->w, "description", "All of them or none; at most 10000 unless the server is told otherwise.");
    jw_integer(&d->w, "minItems", 1);
    put_row(d, "items", r, describe_uses[DESCRIBE_CREATE]);
    jw_end(&d->w);
    jw_end(&d->w);
    jw_end(&d->w);
}

bool describe_is_of_one_row(const struct resource *r, const struct resource_field *f) {
    bool is_moved = f->is_standard && strcmp(f->decl->name, "organization") == 0;
    return describe_has(f, r, DESCRIBE_CHANGE) && (is_moved || f->decl->type == ALEES_PARTS);
}

/* Of many rows: the same, but for what only one row can have. */
static void put_change_of_many(struct describe *d, const char *key, const struct resource *r) {
    bool has_some = false;
    jw_object(&d->w, key);
    jw_printf(&d->w, "$ref", "#/components/schemas/%s%s", describe_schema_name(d, r), describe_uses[DESCRIBE_CHANGE]);
    for (uint32_t i = 0; i < r->field_count; i++) {
        if (!describe_is_of_one_row(r, &r->fields[i])) {
            continue;
        }
        if (!has_some) {
            jw_object(&d->w, "not");
            jw_array(&d->w, "anyOf");
            has_some = true;
        }
        jw_object(&d->w, NULL);
        jw_array(&d->w, "required");
        jw_words(&d->w, NULL, r->fields[i].decl->name);
        jw_end(&d->w);
        jw_end(&d->w);
    }
    if (has_some) {
        jw_end(&d->w);
        jw_end(&d->w);
    }
    jw_end(&d->w);
}

void describe_body(struct describe *d, const char *key, const struct route *route, const char *type) {
    if (!is_json(type)) {
        put_text(d, key,
                 is_type(type, "text/csv") ? "Records, the first of them the names of fields (RFC 4180)."
                                           : "A JSON object on each line.");
    } else if (route->operation == ROUTE_CREATE) {
        put_create(d, key, route->resource);
    } else if (route->operation == ROUTE_PLUGIN) {
        describe_reference(d, key, "schemas", "%s", describe_shape_name(d, route, "Body"));
    } else if (route->operation == ROUTE_PATCH_MANY) {
        put_change_of_many(d, key, route->resource);
    } else {
        put_row(d, key, route->resource,
                describe_uses[route->operation == ROUTE_PUT ? DESCRIBE_REPLACE : DESCRIBE_CHANGE]);
    }
}

const char *const *describe_body_types(const struct route *route) {
    bool is_without = route->operation == ROUTE_PLUGIN && route->decl->body.count == 0;
    return is_without ? NULL : pipeline_body_types(route);
}

/* ---- successes ---- */

static void schema_of_row(struct describe *d, const char *key, const struct describe_answer *a, const char *type) {
    (void)type;
    put_row(d, key, a->route->resource, "");
}

static void schema_of_list(struct describe *d, const char *key, const struct describe_answer *a, const char *type) {
    if (is_json(type)) {
        put_row(d, key, a->route->resource, "List");
    } else {
        put_text(d, key,
                 is_type(type, "text/csv")
                     ? "The whole list (RFC 4180). Takes no page_size, cursor, page, count, expand."
                     : "The whole list, a row as JSON on each line. Takes no page_size, cursor, "
                       "page, count, expand.");
    }
}

static void schema_of_create(struct describe *d, const char *key, const struct describe_answer *a, const char *type) {
    if (!is_json(type)) {
        put_text(d, key, "How far an import is, a JSON object on each line, the last one being its result.");
        return;
    }
    jw_object(&d->w, key);
    jw_array(&d->w, "anyOf");
    put_row(d, NULL, a->route->resource, "");
    put_row(d, NULL, a->route->resource, "Results");
    describe_reference(d, NULL, "schemas", "ImportResult");
    jw_end(&d->w);
    jw_end(&d->w);
}

static void schema_of_results(struct describe *d, const char *key, const struct describe_answer *a, const char *type) {
    (void)type;
    put_row(d, key, a->route->resource, "Results");
}

static void schema_of_history(struct describe *d, const char *key, const struct describe_answer *a, const char *type) {
    (void)type;
    (void)a;
    describe_reference(d, key, "schemas", "History");
}

static void schema_of_tags(struct describe *d, const char *key, const struct describe_answer *a, const char *type) {
    (void)type;
    (void)a;
    describe_reference(d, key, "schemas", "TagCounts");
}

static void schema_of_plugin(struct describe *d, const char *key, const struct describe_answer *a, const char *type) {
    (void)type;
    if (a->route->decl->response.count == 0) {
        put_row(d, key, a->route->row, "");
    } else {
        describe_reference(d, key, "schemas", "%s", describe_shape_name(d, a->route, "Answer"));
    }
}

static void schema_of_host(struct describe *d, const char *key, const struct describe_answer *a, const char *type) {
    (void)a;
    jw_json(&d->w, key, is_json(type) ? "{\"type\":\"object\"}" : "{\"type\":\"string\"}");
}

static void schema_of_problem(struct describe *d, const char *key, const struct describe_answer *a, const char *type) {
    (void)type;
    (void)a;
    describe_reference(d, key, "schemas", "Problem");
}

static const struct success {
    enum route_operation operation;
    uint32_t status;
    const char *description;
    void (*schema)(struct describe *d, const char *key, const struct describe_answer *a, const char *type);
    uint32_t headers;
} successes[] = {
    {ROUTE_LIST, 200, "A page of rows; as CSV or NDJSON all of them.", schema_of_list, DESCRIBE_LINK | DESCRIBE_FILE},
    {ROUTE_CREATE, 200, "By on_conflict or an import, rows were changed and none created; or the lines of an import.",
     schema_of_create, DESCRIBE_ETAG | DESCRIBE_LOCATION},
    {ROUTE_CREATE, 201,
     "The row; for an array the rows and how many, of an import the counts. Prefer: return=minimal leaves rows out.",
     schema_of_create, DESCRIBE_ETAG | DESCRIBE_LOCATION},
    {ROUTE_CREATE, 204, "As 200 of one row, with Prefer: return=minimal.", NULL, DESCRIBE_ETAG | DESCRIBE_LOCATION},
    {ROUTE_GET, 200, "The row.", schema_of_row, DESCRIBE_ETAG},
    {ROUTE_GET, 304, "The row is as If-None-Match says.", NULL, DESCRIBE_ETAG},
    {ROUTE_PATCH, 200, "The row as it is now.", schema_of_row, DESCRIBE_ETAG},
    {ROUTE_PATCH, 204, "Done; with Prefer: return=minimal, or for who may not view it.", NULL, DESCRIBE_ETAG},
    {ROUTE_PUT, 200, "The row as it is now.", schema_of_row, DESCRIBE_ETAG},
    {ROUTE_PUT, 204, "Done; with Prefer: return=minimal, or for who may not view it.", NULL, DESCRIBE_ETAG},
    {ROUTE_REMOVE, 204, "It is deleted.", NULL, 0},
    {ROUTE_PATCH_MANY, 200, "How many rows were changed; with Prefer: return=representation the rows, too.",
     schema_of_results, 0},
    {ROUTE_REMOVE_MANY, 200, "How many rows were deleted; with Prefer: return=representation the rows, too.",
     schema_of_results, 0},
    {ROUTE_HISTORY, 200, "What happened to the row, the latest first.", schema_of_history, DESCRIBE_LINK},
    {ROUTE_RESTORE, 200, "The row, which is back.", schema_of_row, DESCRIBE_ETAG},
    {ROUTE_RESTORE, 204, "It is back; with Prefer: return=minimal, or for who may not view it.", NULL, DESCRIBE_ETAG},
    {ROUTE_TAGS, 200, "The tags, the most frequent first.", schema_of_tags, 0},
    {ROUTE_HOST, 200, "The answer.", schema_of_host, 0},
    {ROUTE_HOST, 304, "It is as If-None-Match says.", NULL, DESCRIBE_ETAG},
};

/* 200, and what its row says. */
static bool is_of_host(const struct route *route, uint32_t status) {
    for (const uint32_t *s = route->statuses; s && *s; s++) {
        if (*s == status) {
            return true;
        }
    }
    return status == 200;
}

/* Which successes of any kind have. */
static uint32_t headers_of(const struct route *route) {
    const uint32_t rates = DESCRIBE_RATE_POLICY | DESCRIBE_RATE;
    bool may_replay = describe_takes_key(route);
    if (route->operation == ROUTE_HOST) { /* those of health and the like are not counted */
        return DESCRIBE_PREFERENCE | (is_of_host(route, 304) ? (uint32_t)DESCRIBE_ETAG : 0u) |
               (route->is_for_users ? rates : 0u);
    }
    return DESCRIBE_PREFERENCE | rates | (may_replay ? (uint32_t)DESCRIBE_REPLAYED : 0u);
}

static void visit_plugin(struct describe *d, const struct route *route, describe_answer_visit each) {
    const struct alees_route *decl = route->decl;
    bool is_empty = !decl->row && decl->response.count == 0;
    struct describe_answer a = {
        .status = decl->status, .description = decl->row ? "The row." : "The answer.", .route = route};
    if (route->flags & ALEES_ROUTE_LIST) {
        a.status = 200;
        a.description = successes[0].description;
        a.schema = schema_of_list;
        a.headers = DESCRIBE_LINK | DESCRIBE_FILE;
    } else {
        a.status = a.status ? a.status : is_empty ? 204 : 200;
        a.schema = is_empty ? NULL : schema_of_plugin;
        a.headers = decl->row ? DESCRIBE_ETAG : 0;
    }
    a.description = is_empty && !a.schema ? "Done." : a.description;
    a.types = a.schema ? pipeline_answer_types(route, false) : NULL;
    a.headers |= headers_of(route);
    each(d, &a);
}

static void visit_successes(struct describe *d, const struct route *route, describe_answer_visit each) {
    /* lines of an import begin before it is known whether it creates anything: never with 201 */
    static const char *const lines[] = {"application/json", "application/x-ndjson", NULL};
    for (size_t i = 0; i < ARRAY_LEN(successes); i++) {
        const struct success *s = &successes[i];
        struct describe_answer a = {.status = s->status, .description = s->description, .route = route};
        if (s->operation != route->operation || (s->operation == ROUTE_HOST && !is_of_host(route, s->status))) {
            continue;
        }
        a.schema = s->schema;
        a.headers = s->headers | headers_of(route);
        if (s->schema) {
            a.types = route->operation == ROUTE_HOST                         ? route->types
                      : route->operation == ROUTE_CREATE && s->status == 200 ? lines
                                                                             : pipeline_answer_types(route, false);
        }
        each(d, &a);
    }
}

/* ---- problems ---- */

enum { /* which routes can give a status */
       BY_ALL = 1,
       BY_LOGIN = 2,      /* all but the host's own */
       BY_ROW = 4,        /* that name a row, or ask code of a plugin's */
       BY_TYPES = 8,      /* that choose between types of answers */
       BY_WRITE = 16,     /* that change something */
       BY_WRITE_ONE = 32, /* one row, by its ETag */
       BY_CHECK = 64,     /* that have rules of their own */
       BY_OFFER = 128     /* whose plugin says that it may not offer everything */
};

static const struct {
    uint32_t status, by;
    const char *description;
} problems[] = {
    {400, BY_ALL, "The request was not understood."},
    {401, BY_LOGIN, "No token, or one that does not count."},
    {403, BY_LOGIN, "Known, but not permitted."},
    {404, BY_ROW, "There is no such thing, or it may not be seen."},
    {406, BY_TYPES, "No type that Accept names is offered."},
    {409, BY_WRITE, "In conflict with what is there."},
    {412, BY_WRITE_ONE, "The row is not as If-Match or If-None-Match says."},
    {413, BY_ALL, "The body is too large."},
    {414, BY_ALL, "The address is too long."},
    {415, BY_ALL, "The type of the body is not read here, or it is packed."},
    {422, BY_CHECK, "Understood, but not valid."},
    {428, BY_WRITE_ONE, "If-Match is missing, which a server wants whose setting http.require_if_match is on."},
    {429, BY_LOGIN, "Too many requests; Retry-After says when to go on."},
    {431, BY_ALL, "The headers are too large."},
    {500, BY_ALL, "A defect of the server; its log has the request_id."},
    {501, BY_OFFER, "This server, as it is set up, does not offer it."},
    {503, BY_ALL, "For now it cannot be answered; Retry-After says when to try again."},
};

/* Code of a plugin's, which may refuse in any way: what it says of rows about to be shown, or judges changes by. */
static bool has_hooks(const struct route *route) {
    const struct alees_resource *r = route->resource ? route->resource->decl : NULL;
    bool is_told = r && (r->validate || r->validate_all || r->before_write || r->after_write);
    return r && (r->represent || (is_told && !route_is_reading(route)));
}

static bool may_be_missing(const struct route *route) {
    return route->operation == ROUTE_PLUGIN || route->operation == ROUTE_TAGS || strchr(route->path, '{') != NULL ||
           has_hooks(route);
}

/* Does its plugin declare an error of that status? */
static bool declares(const struct route *route, uint32_t status) {
    for (uint32_t i = 0; route->plugin && i < route->plugin->error_count; i++) {
        if (route->plugin->errors[i].status == status && (route->plugin->errors[i].flags & ALEES_ERROR_FIELD) == 0) {
            return true;
        }
    }
    return false;
}

static uint32_t kinds_of(const struct route *route) {
    const enum route_operation o = route->operation;
    bool is_one = o == ROUTE_PATCH || o == ROUTE_PUT || o == ROUTE_REMOVE;
    bool is_reading = route_is_reading(route) || o == ROUTE_HOST || (o == ROUTE_PLUGIN && route->method == ALEES_GET);
    bool has_hook = route->resource && route->resource->decl->represent; /* which may refuse to show a row */
    return BY_ALL | (has_hook ? BY_WRITE | BY_CHECK : 0u) | (o != ROUTE_HOST ? (uint32_t)BY_LOGIN : 0u) |
           (o != ROUTE_HOST && may_be_missing(route) ? (uint32_t)BY_ROW : 0u) | (declares(route, 501) ? BY_OFFER : 0u) |
           (o != ROUTE_HOST && pipeline_answer_types(route, false) ? BY_TYPES : 0u) |
           (is_reading ? 0u : BY_WRITE | BY_CHECK) | (o == ROUTE_PLUGIN ? BY_CHECK : 0u) |
           (is_one || o == ROUTE_RESTORE ? BY_WRITE_ONE : 0u);
}

void describe_answers(struct describe *d, const struct route *route, describe_answer_visit each) {
    static const char *const types[] = {"application/problem+json", NULL};
    const uint32_t kinds = kinds_of(route);
    if (route->operation == ROUTE_PLUGIN) {
        visit_plugin(d, route, each);
    } else {
        visit_successes(d, route, each);
    }
    for (size_t i = 0; i < ARRAY_LEN(problems); i++) {
        struct describe_answer a = {.status = problems[i].status,
                                    .description = problems[i].description,
                                    .types = types,
                                    .schema = schema_of_problem,
                                    .is_problem = true,
                                    .route = route};
        if ((problems[i].by & kinds) != 0 || is_of_host(route, a.status)) {
            each(d, &a);
        }
    }
}

static bool is_declared(const struct catalogue *c, uint32_t status) {
    for (uint32_t i = 0; i < c->route_count; i++) {
        if (declares(&c->routes[i], status)) {
            return true;
        }
    }
    return false;
}

void describe_problems(struct describe *d, describe_answer_visit each) {
    static const char *const types[] = {"application/problem+json", NULL};
    for (size_t i = 0; i < ARRAY_LEN(problems); i++) {
        if (problems[i].by == BY_OFFER && !is_declared(d->catalogue, problems[i].status)) {
            continue; /* nobody gives it */
        }
        struct describe_answer a = {.status = problems[i].status,
                                    .description = problems[i].description,
                                    .types = types,
                                    .schema = schema_of_problem,
                                    .is_problem = true};
        each(d, &a);
    }
}
