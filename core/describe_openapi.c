/* SPDX-License-Identifier: MIT
 * describe_openapi.c - the whole API as OpenAPI 3.1 (spec.openapis.org/oas/v3.1.0): /openapi.json, `alees openapi`. */
#include <stdio.h>
#include <string.h>

#include "alees/abi.h"
#include "describe.h"
#include "pipeline.h"

enum { FIRST_SIZE = 1024 * 1024, MOST_LINES = 5 };

void describe_init(struct describe *d, struct str *out, struct arena *arena, const struct catalogue *catalogue,
                   const bool *told) {
    *d = (struct describe){.arena = arena, .catalogue = catalogue, .told = told};
    jw_init(&d->w, out);
}

bool describe_tells(const struct describe *d, const struct route *route) {
    return !d->told || d->told[route - d->catalogue->routes];
}

static void put_info(struct describe *d) {
    struct jw *w = &d->w;
    jw_words(w, "openapi", "3.1.0");
    jw_object(w, "info");
    jw_words(w, "title", "Alees");
    jw_words(w, "version", ALEES_VERSION);
    jw_words(w, "summary", "A multi-tenant business server.");
    jw_words(
        w, "description",
        "Everything here is generated from the declarations that the server runs on. Log in by POST /api/v1/auth/login "
        "and "
        "send the token as `Authorization: Bearer TOKEN`. `x-permission` names the permission that an operation asks "
        "for; rows of organizations in which you do not hold it are as if they were not there.");
    jw_json(w, "license", "{\"name\":\"MIT\",\"identifier\":\"MIT\"}");
    jw_end(w);
    jw_json(w, "servers", "[{\"url\":\"/\",\"description\":\"The server that this document comes from.\"}]");
    jw_json(w, "security", "[{\"bearer\":[]}]");
}

/* ---- groups ---- */

static void put_group(struct describe *d, const struct describe_group *group) {
    jw_object(&d->w, NULL);
    jw_words(&d->w, "name", group->name);
    jw_words(&d->w, "description", group->description);
    jw_end(&d->w);
}

static void put_groups(struct describe *d) {
    jw_array(&d->w, "tags");
    describe_groups(d, put_group);
    jw_end(&d->w);
}

/* ---- parameters ---- */

static void put_parameter(struct describe *d, const struct describe_parameter *p) {
    if (p->shared) {
        describe_reference(d, NULL, "parameters", "%s", p->shared);
    } else {
        describe_parameter(d, NULL, p);
    }
}

/* {name} of the path: as its route declares it, else an id. */
static void put_path_parameter(struct describe *d, const struct route *route, const char *name, size_t len) {
    const struct alees_field *f = route->decl ? route->decl->parameters.items : NULL;
    struct alees_field plain = {.type = ALEES_UUID};
    const char *description = "The id of the row.";
    for (uint32_t i = 0; f && i < route->decl->parameters.count; i++) {
        if (strlen(f[i].name) == len && memcmp(f[i].name, name, len) == 0) {
            plain = f[i];
            description = f[i].description ? f[i].description : description;
            plain.description = plain.example = NULL;
        }
    }
    jw_object(&d->w, NULL);
    jw_text(&d->w, "name", (alees_str){name, len});
    jw_words(&d->w, "in", "path");
    jw_boolean(&d->w, "required", true);
    jw_words(&d->w, "description", description);
    describe_field(d, "schema", &plain, DESCRIBE_CREATE);
    jw_end(&d->w);
}

static void put_header_reference(struct describe *d, const struct describe_header *h) {
    describe_reference(d, NULL, "parameters", "header.%s%s", h->use ? h->use : "", h->name);
}

static void put_parameters(struct describe *d, const struct route *route) {
    jw_array(&d->w, "parameters");
    for (const char *p = strchr(route->path, '{'); p; p = strchr(p + 1, '{')) {
        put_path_parameter(d, route, p + 1, strcspn(p + 1, "}"));
    }
    describe_query(d, route, put_parameter);
    describe_headers(d, route, put_header_reference);
    jw_end(&d->w);
}

static void put_header_parameter(struct describe *d, const struct describe_header *h) {
    char key[64];
    (void)snprintf(key, sizeof key, "header.%s%s", h->use ? h->use : "", h->name);
    jw_object(&d->w, key);
    jw_words(&d->w, "name", h->name);
    jw_words(&d->w, "in", "header");
    jw_words(&d->w, "description", h->description);
    jw_json(&d->w, "schema", h->schema);
    jw_end(&d->w);
}

/* ---- bodies ---- */

static void put_request_body(struct describe *d, const struct route *route) {
    const char *const *types = describe_body_types(route);
    if (!types) {
        return;
    }
    jw_object(&d->w, "requestBody");
    jw_boolean(&d->w, "required", true);
    jw_object(&d->w, "content");
    for (; *types; types++) {
        jw_object(&d->w, *types);
        describe_body(d, "schema", route, *types);
        if (strstr(*types, "json") && !strstr(*types, "ndjson")) {
            describe_body_example(d, "example", route);
        }
        jw_end(&d->w);
    }
    jw_end(&d->w);
    jw_end(&d->w);
}

/* ---- answers ---- */

static const char *const answer_headers[DESCRIBE_HEADERS] = {"ETag",
                                                             "Location",
                                                             "Link",
                                                             "Preference-Applied",
                                                             "Idempotency-Replayed",
                                                             "Content-Disposition",
                                                             "RateLimit-Policy",
                                                             "RateLimit"};

static const struct {
    const char *name, *description;
    bool is_required; /* wherever it is told of at all */
} header_texts[] = {
    {"ETag", "The version of the row, for If-Match and If-None-Match.", false},
    {"Location", "The address of the new row.", false},
    {"Link", "The pages around this one (RFC 8288).", false},
    {"Preference-Applied", "Which of what Prefer asked was obeyed.", false},
    {"Idempotency-Replayed", "true: the answer of the first time.", false},
    {"Content-Disposition", "Of CSV and NDJSON: a name for the file.", false},
    {"RateLimit-Policy", "How many requests there may be, of each limit that holds: `\"user\";q=6000;w=60`.", false},
    {"RateLimit", "How many are left, and seconds until there are more: `\"user\";r=5999;t=1`.", false},
    {"X-Request-Id", "The id of the request, as the log has it.", true},
    {"WWW-Authenticate", "How to log in.", true},
    {"Retry-After", "Seconds.", true},
    {"Accept-Post", "What POST reads here.", false},
    {"Accept-Patch", "What PATCH reads here.", false},
    {"Accept-Encoding", "identity: nothing that is packed.", false},
};

static void put_answer_headers(struct describe *d, uint32_t which) {
    jw_object(&d->w, "headers");
    describe_reference(d, "X-Request-Id", "headers", "X-Request-Id");
    for (uint32_t i = 0; i < DESCRIBE_HEADERS; i++) {
        if ((which & (1u << i)) != 0) {
            describe_reference(d, answer_headers[i], "headers", "%s", answer_headers[i]);
        }
    }
    jw_end(&d->w);
}

static void put_content(struct describe *d, const struct describe_answer *a) {
    const char *example = a->route && a->route->decl && !a->is_problem ? a->route->decl->response_example : NULL;
    jw_object(&d->w, "content");
    for (const char *const *type = a->types; *type; type++) {
        jw_object(&d->w, *type);
        a->schema(d, "schema", a, *type);
        if (example && a->route->operation == ROUTE_PLUGIN) {
            jw_json(&d->w, "example", example);
        }
        jw_end(&d->w);
    }
    jw_end(&d->w);
}

static void put_answer(struct describe *d, const struct describe_answer *a) {
    char key[8];
    (void)snprintf(key, sizeof key, "%u", (unsigned)a->status);
    if (a->is_problem) {
        describe_reference(d, key, "responses", "Problem%u", (unsigned)a->status);
        return;
    }
    jw_object(&d->w, key);
    jw_words(&d->w, "description", a->description);
    put_answer_headers(d, a->headers);
    if (a->types) {
        put_content(d, a);
    }
    jw_end(&d->w);
}

/* Has a plugin before this one declared it, too? */
static bool is_told_already(const struct catalogue *c, uint32_t at) {
    for (uint32_t i = 0; i < at; i++) {
        const struct alees_error *e = &c->errors[i].decl;
        if (strcmp(e->code, c->errors[at].decl.code) == 0 && e->status == c->errors[at].decl.status &&
            (e->flags & ALEES_ERROR_FIELD) == 0) {
            return true;
        }
    }
    return false;
}

/* What each of them can be: the codes of the server and of plugins. */
static void put_codes(struct describe *d, uint32_t status, const char *description) {
    const struct catalogue *c = d->catalogue;
    struct str s;
    bool has_some = false;
    str_init(&s, d->arena, 256);
    str_puts(&s, description);
    for (uint32_t i = 0; i < c->error_count; i++) {
        const struct alees_error *e = &c->errors[i].decl;
        if (e->status == status && (e->flags & ALEES_ERROR_FIELD) == 0 && !is_told_already(c, i)) {
            str_printf(&s, "%s`%s`", has_some ? ", " : " Codes: ", e->code);
            has_some = true;
        }
    }
    str_puts(&s, has_some ? "." : "");
    jw_text(&d->w, "description", str_done(&s));
}

static void put_problem_example(struct describe *d, uint32_t status) {
    for (size_t i = 0; i < PROBLEM_KINDS; i++) {
        if (problem_rows[i].status == status) {
            jw_object(&d->w, "example");
            jw_printf(&d->w, "type", "/docs/errors/%s", problem_rows[i].code);
            jw_words(&d->w, "title", problem_rows[i].title);
            jw_integer(&d->w, "status", status);
            jw_words(&d->w, "code", problem_rows[i].code);
            jw_words(&d->w, "request_id", "8f14e45f-ceea-467f-a0e6-1c1b2d3e4f50");
            jw_end(&d->w);
            return;
        }
    }
}

/* Which problems have more than the id of the request. */
static const struct {
    uint32_t status;
    const char *name;
} problem_headers[] = {
    {401, "WWW-Authenticate"}, {415, "Accept-Post"}, {415, "Accept-Patch"},
    {415, "Accept-Encoding"},  {429, "Retry-After"}, {503, "Retry-After"},
};

static void put_problem_headers(struct describe *d, uint32_t status) {
    jw_object(&d->w, "headers");
    describe_reference(d, "X-Request-Id", "headers", "X-Request-Id");
    for (size_t i = 0; i < ARRAY_LEN(problem_headers); i++) {
        if (problem_headers[i].status == status) {
            describe_reference(d, problem_headers[i].name, "headers", "%s", problem_headers[i].name);
        }
    }
    if (status != 414 && status != 431) { /* which come before it is known who asks */
        describe_reference(d, "RateLimit-Policy", "headers", "RateLimit-Policy");
        describe_reference(d, "RateLimit", "headers", "RateLimit");
    }
    if (status == 409) { /* of a request that is running */
        jw_json(&d->w, "Retry-After", "{\"description\":\"Seconds.\",\"schema\":{\"type\":\"string\"}}");
    }
    jw_end(&d->w);
}

static void put_problem(struct describe *d, const struct describe_answer *a) {
    char key[16];
    (void)snprintf(key, sizeof key, "Problem%u", (unsigned)a->status);
    jw_object(&d->w, key);
    put_codes(d, a->status, a->description);
    put_problem_headers(d, a->status);
    jw_object(&d->w, "content");
    jw_object(&d->w, a->types[0]);
    a->schema(d, "schema", a, a->types[0]);
    put_problem_example(d, a->status);
    jw_end(&d->w);
    jw_end(&d->w);
    jw_end(&d->w);
}

/* ---- operations ---- */

static void put_description(struct describe *d, const struct route *route) {
    struct str s;
    str_init(&s, d->arena, 256);
    if (route->decl && route->decl->description) {
        str_printf(&s, "%s ", route->decl->description);
    }
    if (route->permission_name) {
        str_printf(&s, "Needs the permission `%s`%s.", route->permission_name,
                   (route->flags & ALEES_ROUTE_IN_PERSON) != 0 ? ", and not by an API key" : "");
    } else if ((route->flags & ALEES_ROUTE_PUBLIC) != 0) {
        str_puts(&s, "Needs no login.");
    } else if ((route->flags & ALEES_ROUTE_IN_PERSON) != 0) {
        str_puts(&s, "For everybody who is logged in, but not by an API key.");
    } else if (route->operation == ROUTE_PLUGIN) {
        str_puts(&s, "For everybody who is logged in.");
    } else {
        str_puts(&s, "For everybody who is logged in, as far as the rows are theirs to see.");
    }
    jw_text(&d->w, "description", str_done(&s));
}

static void put_operation(struct describe *d, const struct route *route) {
    static const char *const names[] = {"", "get", "post", "put", "patch", "delete"};
    jw_object(&d->w, names[route->method]);
    jw_words(&d->w, "operationId", describe_operation_id(d, route));
    jw_words(&d->w, "summary", route->summary);
    put_description(d, route);
    jw_array(&d->w, "tags");
    jw_words(&d->w, NULL, describe_group(d, route));
    jw_end(&d->w);
    if (route->permission_name) {
        jw_words(&d->w, "x-permission", route->permission_name);
    }
    if ((route->flags & ALEES_ROUTE_PUBLIC) != 0) {
        jw_json(&d->w, "security", describe_takes_login(route) ? "[{},{\"bearer\":[]}]" : "[]");
    }
    put_parameters(d, route);
    put_request_body(d, route);
    jw_object(&d->w, "responses");
    describe_answers(d, route, put_answer);
    jw_end(&d->w);
    jw_end(&d->w);
}

static bool is_first_of_path(const struct describe *d, const struct route *route) {
    for (const struct route *r = d->catalogue->routes; r < route; r++) {
        if (describe_tells(d, r) && strcmp(r->path, route->path) == 0) {
            return false;
        }
    }
    return true;
}

static void put_paths(struct describe *d) {
    const struct route *routes = d->catalogue->routes, *end = routes + d->catalogue->route_count;
    jw_object(&d->w, "paths");
    for (const struct route *route = routes; route < end; route++) {
        if (!describe_tells(d, route) || !is_first_of_path(d, route)) {
            continue;
        }
        jw_object(&d->w, route->path);
        for (const struct route *r = route; r < end; r++) {
            if (describe_tells(d, r) && strcmp(r->path, route->path) == 0) {
                put_operation(d, r);
            }
        }
        jw_end(&d->w);
    }
    jw_end(&d->w);
}

static void put_components(struct describe *d) {
    struct jw *w = &d->w;
    jw_object(w, "components");
    jw_json(w, "securitySchemes",
            "{\"bearer\":{\"type\":\"http\",\"scheme\":\"bearer\",\"description\":\"A token of POST "
            "/api/v1/auth/login, or an API key.\"}}");
    jw_object(w, "headers");
    for (size_t i = 0; i < ARRAY_LEN(header_texts); i++) {
        jw_object(w, header_texts[i].name);
        jw_words(w, "description", header_texts[i].description);
        if (header_texts[i].is_required) {
            jw_boolean(w, "required", true);
        }
        jw_json(w, "schema", "{\"type\":\"string\"}");
        jw_end(w);
    }
    jw_end(w);
    jw_object(w, "parameters");
    describe_headers(d, NULL, put_header_parameter);
    describe_parameters(d);
    jw_end(w);
    jw_object(w, "responses");
    describe_problems(d, put_problem);
    jw_end(w);
    describe_schemas(d);
    jw_end(w);
}

alees_str describe_openapi(struct arena *arena, const struct catalogue *catalogue, const bool *told, bool is_indented) {
    struct describe d;
    struct str out;
    str_init(&out, arena, FIRST_SIZE);
    describe_init(&d, &out, arena, catalogue, told);
    d.w.lines = is_indented ? MOST_LINES : 0;
    jw_object(&d.w, NULL);
    put_info(&d);
    put_groups(&d);
    put_paths(&d);
    put_components(&d);
    jw_end(&d.w);
    return str_done(&out);
}
