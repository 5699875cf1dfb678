/* SPDX-License-Identifier: MIT
 * describe_postman_test.c - what is expected of an answer, as scripts that Postman and newman run; and answers as examples. */
#include <string.h>

#include "describe_postman.h"

static void take_answer(struct describe *d, const struct describe_answer *a) {
    struct postman *p = (struct postman *)(void *)d;
    bool is_it = p->wanted ? a->status == p->wanted : !a->is_problem;
    if (is_it && p->answer.status == 0) {
        p->answer = *a;
        p->type = a->types ? a->types[0] : NULL;
    }
}

void postman_find_answer(struct postman *p, const struct route *route, uint32_t status) {
    p->answer = (struct describe_answer){.status = 0};
    p->type = NULL;
    p->wanted = status;
    describe_answers(&p->d, route, take_answer);
}

/* ---- scripts ---- */

static void put_line(struct postman *p, const char *text) {
    jw_words(&p->d.w, NULL, text);
}

static void open_event(struct postman *p, const char *when) {
    jw_object(&p->d.w, NULL);
    jw_words(&p->d.w, "listen", when);
    jw_object(&p->d.w, "script");
    jw_words(&p->d.w, "type", "text/javascript");
    jw_array(&p->d.w, "exec");
}

static void close_event(struct postman *p) {
    jw_end(&p->d.w);
    jw_end(&p->d.w);
    jw_end(&p->d.w);
}

static const char *type_of(const struct postman *p) {
    return p->step->header && strcmp(p->step->header, "Accept") == 0 ? p->step->header_value : p->type;
}

static void expect_type(struct postman *p) {
    const char *type = type_of(p);
    if (type) {
        jw_printf(&p->d.w, NULL,
                  "pm.test(\"is %s\", () => pm.expect(pm.response.headers.get(\"Content-Type\")).to.include(\"%s\"));",
                  type, type);
    } else {
        put_line(p, "pm.test(\"has no body\", () => pm.expect(pm.response.text()).to.equal(\"\"));");
    }
}

static void put_name(struct str *out, const char *name) {
    str_printf(out, "%s\"%s\"", out->len && out->ptr[out->len - 1] == '"' ? ", " : "", name);
}

/* Names that every row has: its id and what is required; fields that may be hidden from somebody are not. */
static void put_names(struct str *out, const struct resource *r, alees_list members) {
    const struct alees_field *f = members.items;
    if (r) {
        put_name(out, "id");
    }
    for (uint32_t i = 0; r && i < r->field_count; i++) {
        if (!r->fields[i].is_standard && (r->fields[i].decl->flags & ALEES_REQUIRED) != 0 &&
            describe_has(&r->fields[i], r, DESCRIBE_ROW)) {
            put_name(out, r->fields[i].decl->name);
        }
    }
    for (uint32_t i = 0; i < members.count; i++) {
        put_name(out, f[i].name);
    }
}

static void expect_members(struct postman *p, const char *what, const char *from, const struct resource *r,
                           alees_list members) {
    struct str s;
    str_init(&s, p->d.arena, 256);
    str_printf(&s, "pm.test(\"%s\", () => %s.to.include.all.keys(", what, from);
    put_names(&s, r, members);
    str_puts(&s, "));");
    jw_text(&p->d.w, NULL, str_done(&s));
}

static void expect_rows(struct postman *p, const struct resource *r) {
    const alees_list none = {NULL, 0, 0};
    struct str s;
    put_line(p, "pm.test(\"is a page\", () => pm.expect(pm.response.json()).to.include.all.keys(\"results\", \"next\", "
                "\"previous\", \"count\"));");
    str_init(&s, p->d.arena, 256);
    str_printf(&s, "pm.test(\"has rows\", () => pm.response.json().results.forEach((row) => "
                   "pm.expect(row).to.include.all.keys(");
    put_names(&s, r, none);
    str_puts(&s, ")));");
    jw_text(&p->d.w, NULL, str_done(&s));
}

static void expect_plugin(struct postman *p, const struct route *route) {
    if ((route->flags & ALEES_ROUTE_LIST) != 0) {
        expect_rows(p, route->resource);
    } else if (p->answer.schema) {
        expect_members(p, "has its members", "pm.expect(pm.response.json())", route->row, route->decl->response);
    }
}

/* What was sent has come to be, where the row shows it as it was sent. */
static void expect_change(struct postman *p, const struct route *route) {
    const struct resource_field *f = postman_changed(p->of);
    if (p->step->body == POSTMAN_CHANGE && f && f->decl->type != ALEES_TIMESTAMP && f->decl->type != ALEES_DECIMAL) {
        alees_str body = postman_body(p, route);
        jw_printf(&p->d.w, NULL, "pm.test(\"is changed\", () => pm.expect(pm.response.json()).to.deep.include(%.*s));",
                  (int)body.len, body.ptr ? body.ptr : "{}");
    }
}

static void expect_shape(struct postman *p, const struct route *route) {
    const alees_list none = {NULL, 0, 0};
    switch (route->operation) {
    case ROUTE_LIST: expect_rows(p, p->of); break;
    case ROUTE_HISTORY:
        put_line(p, "pm.test(\"tells what happened\", () => pm.response.json().results.forEach((entry) => "
                    "pm.expect(entry).to.include.all.keys(\"at\", \"action\", \"user\", \"changes\")));");
        break;
    case ROUTE_TAGS:
        put_line(p, "pm.test(\"counts tags\", () => pm.response.json().results.forEach((tag) => "
                    "pm.expect(tag).to.include.all.keys(\"tag\", \"count\")));");
        break;
    case ROUTE_PATCH_MANY:
    case ROUTE_REMOVE_MANY:
        put_line(p, "pm.test(\"counts rows\", () => pm.expect(pm.response.json().count).to.be.a(\"number\"));");
        break;
    case ROUTE_PLUGIN: expect_plugin(p, route); break;
    case ROUTE_HOST: break;
    case ROUTE_CREATE:
    case ROUTE_GET:
    case ROUTE_PATCH:
    case ROUTE_PUT:
    case ROUTE_RESTORE:
    case ROUTE_REMOVE:
    default:
        if (p->step->body == POSTMAN_ROWS) {
            put_line(p, "pm.test(\"has the rows\", () => pm.response.json().results.forEach((row) => "
                        "pm.expect(row).to.include.key(\"id\")));");
        } else if (p->step->body == POSTMAN_IMPORT) {
            put_line(p, "pm.test(\"counts rows\", () => pm.expect(pm.response.json()).to.include.all.keys(\"rows\", "
                        "\"created\", \"updated\"));");
        } else {
            expect_members(p, "is a row", "pm.expect(pm.response.json())", p->of, none);
            expect_change(p, route);
        }
        break;
    }
}

static void expect_problem(struct postman *p) {
    jw_printf(
        &p->d.w, NULL,
        "pm.test(\"is the problem %s\", () => pm.expect(pm.response.json()).to.include({status: %u, code: \"%s\"}));",
        p->step->code, (unsigned)p->step->status, p->step->code);
    put_line(p, "pm.test(\"tells what to do\", () => pm.expect(pm.response.json()).to.include.all.keys(\"type\", "
                "\"title\", \"detail\", \"request_id\"));");
}

/* ---- what is kept for requests that follow ---- */

static void keep(struct postman *p, const char *name, const char *value) {
    jw_printf(&p->d.w, NULL, "if (pm.response.code < 300) { pm.collectionVariables.set(\"%s\", %s); }", name, value);
}

static const char *variable(struct postman *p, const char *word) {
    const char *braced = postman_value(p, p->of, word);
    alees_str name = arena_printf(p->d.arena, "%.*s", (int)strlen(braced) - 4, braced + 2);
    return name.ptr ? name.ptr : "";
}

static void keep_secrets(struct postman *p, const struct route *route) {
    const struct alees_field *f = route->decl->response.items;
    for (uint32_t i = 0; i < route->decl->response.count; i++) {
        const char *name = postman_kept(p, route, &f[i]);
        alees_str value = arena_printf(p->d.arena, "pm.response.json().%s", f[i].name);
        if (name && value.ptr) {
            keep(p, name, value.ptr);
        }
    }
}

/* Rows are made in an organization that there was before, if there was one: whoever may make an organization need not be a
 * member of it. */
static void keep_reference(struct postman *p) {
    const char *name = variable(p, "@row");
    if (p->of->decl->scope != ALEES_SCOPE_SELF) {
        keep(p, name, "pm.response.json().id");
    } else {
        jw_printf(&p->d.w, NULL,
                  "if (pm.response.code < 300 && pm.collectionVariables.get(\"%s\") === \"" POSTMAN_NOBODY "\") { "
                  "pm.collectionVariables.set(\"%s\", pm.response.json().id); }",
                  name, name);
    }
}

static void keep_results(struct postman *p, const struct route *route) {
    const uint32_t does = p->step->does;
    if (route == p->login) {
        put_line(p, "(pm.environment.has(\"token\") ? pm.environment : pm.collectionVariables).set(\"token\", "
                    "pm.response.json().token);");
    }
    if ((does & POSTMAN_FIRST) != 0) {
        jw_printf(&p->d.w, NULL,
                  "if (pm.response.code === 200 && pm.response.json().results.length > 0) { "
                  "pm.collectionVariables.set(\"%s\", pm.response.json().results[0].id); }",
                  variable(p, "@row"));
    }
    if ((does & POSTMAN_NEW) != 0) {
        keep(p, variable(p, "@new"), "pm.response.json().id");
        keep_reference(p);
    }
    if ((does & POSTMAN_MANY) != 0) {
        keep(p, variable(p, "@many"), "pm.response.json().results.map((row) => row.id).join(\",\")");
    }
    if ((does & POSTMAN_ETAG) != 0) {
        put_line(p, "pm.test(\"has an ETag\", () => pm.response.to.have.header(\"ETag\"));");
        keep(p, variable(p, "@etag"), "pm.response.headers.get(\"ETag\")");
        if (postman_maker(p, p->of)) {
            jw_printf(&p->d.w, NULL,
                      "if (pm.response.code < 300 && pm.response.json().id === pm.collectionVariables.get(\"%s\")) { "
                      "pm.collectionVariables.set(\"%s\", pm.response.headers.get(\"ETag\")); }",
                      variable(p, "@new"), variable(p, "@version"));
        }
    }
    if (route->operation == ROUTE_PLUGIN) {
        keep_secrets(p, route);
    }
}

/* The id of the run is in what must be unique; somebody who wants to know it beforehand sets it in the environment. */
static void put_beginning(struct postman *p) {
    open_event(p, "prerequest");
    put_line(p, "const names = Object.keys(pm.collectionVariables.toObject());");
    put_line(p, "names.filter((name) => /_ids?$/.test(name)).forEach((name) => pm.collectionVariables.set(name, "
                "\"" POSTMAN_NOBODY "\"));");
    put_line(p, "names.filter((name) => /_etag$/.test(name)).forEach((name) => pm.collectionVariables.set(name, "
                "'" POSTMAN_NO_VERSION "'));");
    put_line(p, "pm.collectionVariables.set(\"run\", pm.environment.get(\"run\") || Date.now().toString(36));");
    close_event(p);
}

void postman_put_scripts(struct postman *p, const struct route *route) {
    const struct postman_step *step = p->step;
    postman_find_answer(p, route, step->status);
    jw_array(&p->d.w, "event");
    if ((step->does & POSTMAN_BEGINS) != 0) {
        put_beginning(p);
    }
    open_event(p, "test");
    jw_printf(&p->d.w, NULL, "pm.test(\"answers %u\", () => pm.response.to.have.status(%u));", (unsigned)step->status,
              (unsigned)step->status);
    expect_type(p);
    if (step->code) {
        expect_problem(p);
    } else {
        if (p->type && !(step->header && strcmp(step->header, "Accept") == 0)) {
            expect_shape(p, route);
        }
        keep_results(p, route);
    }
    close_event(p);
    jw_end(&p->d.w);
}

/* ---- examples ---- */

static void put_problem(struct postman *p, const struct problem_row *row) {
    jw_object(&p->d.w, NULL);
    jw_printf(&p->d.w, "type", "/docs/errors/%s", row->code);
    jw_words(&p->d.w, "title", row->title);
    jw_integer(&p->d.w, "status", row->status);
    jw_words(&p->d.w, "code", row->code);
    jw_words(&p->d.w, "detail", row->title);
    jw_words(&p->d.w, "request_id", "8f14e45f-ceea-467f-a0e6-1c1b2d3e4f50");
    jw_end(&p->d.w);
}

static void put_page(struct postman *p, const struct resource *r) {
    jw_object(&p->d.w, NULL);
    jw_array(&p->d.w, "results");
    describe_example(&p->d, NULL, r, DESCRIBE_ROW);
    jw_end(&p->d.w);
    jw_json(&p->d.w, "next", "null");
    jw_json(&p->d.w, "previous", "null");
    jw_json(&p->d.w, "count", "null");
    jw_end(&p->d.w);
}

static void put_plugin_example(struct postman *p, const struct route *route) {
    if (route->decl->response_example) {
        jw_json(&p->d.w, NULL, route->decl->response_example);
    } else if ((route->flags & ALEES_ROUTE_LIST) != 0) {
        put_page(p, route->resource);
    } else if (route->row) {
        describe_example(&p->d, NULL, route->row, DESCRIBE_ROW);
    } else {
        describe_example_of(&p->d, NULL, route->decl->response, DESCRIBE_ROW);
    }
}

static void put_example(struct postman *p, const struct route *route) {
    switch (route->operation) {
    case ROUTE_LIST: put_page(p, p->of); break;
    case ROUTE_HISTORY:
        jw_json(&p->d.w, NULL,
                "{\"results\":[{\"id\":\"019a0c1e-8d2c-7e63-8d3f-4a2a7b2e3c4d\",\"at\":\"2026-11-22T14:05:00.123456Z\","
                "\"action\":\"create\",\"user\":null,\"key\":null,\"request_id\":null,\"changes\":{}}],\"next\":null,"
                "\"previous\":null}");
        break;
    case ROUTE_TAGS: jw_json(&p->d.w, NULL, "{\"results\":[{\"tag\":\"new\",\"count\":3}]}"); break;
    case ROUTE_PATCH_MANY:
    case ROUTE_REMOVE_MANY: jw_json(&p->d.w, NULL, "{\"count\":2}"); break;
    case ROUTE_PLUGIN: put_plugin_example(p, route); break;
    case ROUTE_HOST: jw_json(&p->d.w, NULL, "{\"status\":\"ok\"}"); break;
    case ROUTE_CREATE:
    case ROUTE_GET:
    case ROUTE_PATCH:
    case ROUTE_PUT:
    case ROUTE_RESTORE:
    case ROUTE_REMOVE:
    default: describe_example(&p->d, NULL, p->of, DESCRIBE_ROW); break;
    }
}

static alees_str example_of(struct postman *p, const struct route *route, const struct problem_row *problem) {
    const struct jw outer = p->d.w;
    struct str s;
    str_init(&s, p->d.arena, 512);
    jw_init(&p->d.w, &s);
    p->d.w.lines = JW_MAX_DEPTH;
    if (problem) {
        put_problem(p, problem);
    } else {
        put_example(p, route);
    }
    p->d.w = outer;
    return str_done(&s);
}

static void put_response(struct postman *p, const struct route *route, uint32_t status, const struct problem_row *row) {
    const char *type = row ? "application/problem+json" : type_of(p);
    bool is_json = type && strstr(type, "json");
    jw_object(&p->d.w, NULL);
    jw_words(&p->d.w, "name", row ? row->title : p->answer.description);
    postman_put_request(p, "originalRequest", route);
    jw_integer(&p->d.w, "code", status);
    jw_words(&p->d.w, "_postman_previewlanguage", is_json ? "json" : "text");
    jw_array(&p->d.w, "header");
    if (type) {
        jw_object(&p->d.w, NULL);
        jw_words(&p->d.w, "key", "Content-Type");
        jw_words(&p->d.w, "value", type);
        jw_end(&p->d.w);
    }
    jw_end(&p->d.w);
    jw_json(&p->d.w, "cookie", "[]");
    jw_text(&p->d.w, "body", is_json ? example_of(p, route, row) : alees_text(""));
    jw_end(&p->d.w);
}

static const struct problem_row *problem_of(const char *code) {
    for (size_t i = 0; i < PROBLEM_KINDS; i++) {
        if (strcmp(problem_rows[i].code, code) == 0) {
            return &problem_rows[i];
        }
    }
    return NULL;
}

/* The error that somebody who sends this request is likeliest to meet. */
static const struct problem_row *likeliest(const struct route *route) {
    if (route->operation == ROUTE_HOST) {
        return &problem_rows[PROBLEM_UNAVAILABLE];
    }
    if (describe_body_types(route)) {
        return &problem_rows[PROBLEM_INVALID];
    }
    if (strchr(route->path, '{')) {
        return &problem_rows[PROBLEM_NOT_FOUND];
    }
    return &problem_rows[PROBLEM_UNAUTHENTICATED];
}

void postman_put_responses(struct postman *p, const struct route *route) {
    const struct problem_row *problem = p->step->code ? problem_of(p->step->code) : likeliest(route);
    jw_array(&p->d.w, "response");
    if (!p->step->code) {
        put_response(p, route, p->step->status, NULL);
    }
    if (problem && (p->step->code || !p->step->title)) {
        put_response(p, route, problem->status, problem);
    }
    jw_end(&p->d.w);
}
