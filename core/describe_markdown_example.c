/* SPDX-License-Identifier: MIT
 * describe_markdown_example.c - requests with their answers: as they were recorded or, without a recording, as the
 * declarations have them. */
#include <stdio.h>
#include <string.h>

#include "describe_markdown.h"

enum { FIRST_SIZE = 4096 };

/* ---- what was recorded ---- */

static alees_str member(const alees_json *entry, const char *name) {
    return jx_text(jx_get(entry, name));
}

static int64_t status_of(const alees_json *entry) {
    int64_t status;
    return jx_integer(jx_get(entry, "status"), &status) == ALEES_OK ? status : 0;
}

/* The operationIds of all routes, by place; NULL without memory. */
static const char **ids_of(struct describe *d) {
    const char **ids = arena_alloc_array(d->arena, sizeof *ids, d->catalogue->route_count);
    for (uint32_t i = 0; ids && i < d->catalogue->route_count; i++) {
        ids[i] = describe_operation_id(d, &d->catalogue->routes[i]);
    }
    return ids;
}

static const struct route *route_of(const struct describe *d, const char *const *ids, const alees_json *entry) {
    for (uint32_t i = 0; i < d->catalogue->route_count; i++) {
        if (str_equal(member(entry, "operationId"), ids[i])) {
            return &d->catalogue->routes[i];
        }
    }
    return NULL;
}

/* False, with a line on errors: it is no exchange. */
static bool check_entry(const struct describe *d, const char *const *ids, const char *path, uint32_t number,
                        const alees_json *entry, FILE *errors) {
    static const char *const texts[] = {"operationId", "method", "path"};
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        if (jx_kind(entry) != ALEES_JSON_OBJECT || !member(entry, texts[i]).ptr) {
            fprintf(errors, "%s: exchange %u: %s must be a text\n", path, (unsigned)number, texts[i]);
            return false;
        }
    }
    if (status_of(entry) < 100 || status_of(entry) > 599) {
        fprintf(errors, "%s: exchange %u: status must be a number from 100 to 599\n", path, (unsigned)number);
        return false;
    }
    if (jx_kind(jx_get(entry, "request")) != ALEES_JSON_OBJECT ||
        jx_kind(jx_get(entry, "response")) != ALEES_JSON_OBJECT) {
        fprintf(errors, "%s: exchange %u: request and response must be objects\n", path, (unsigned)number);
        return false;
    }
    if (!route_of(d, ids, entry)) {
        alees_str id = member(entry, "operationId");
        const char *near = str_nearest(id, ids, d->catalogue->route_count, sizeof *ids);
        fprintf(errors, "%s: exchange %u: the operation %.*s is unknown and left out%s%s\n", path, (unsigned)number,
                STR_FMT(id), near ? "; did you mean " : "", near ? near : "");
    }
    return true;
}

alees_rc describe_examples(struct arena *arena, const struct catalogue *catalogue, const char *path, alees_str text,
                           FILE *errors, const alees_json **ret_examples) {
    struct describe d = {.arena = arena, .catalogue = catalogue};
    struct problem problem;
    const char **ids = ids_of(&d);
    alees_json *list;
    bool is_good = true;
    if (!ids) {
        fprintf(errors, "%s: out of memory\n", path);
        return ALEES_E_NOMEM;
    }
    problem_init(&problem, arena);
    alees_rc rc = jx_parse(arena, &problem, text, &list);
    if (rc != ALEES_OK) {
        fprintf(errors, "%s: %.*s\n", path, STR_FMT(problem.detail));
        return rc;
    }
    if (jx_kind(list) != ALEES_JSON_ARRAY) {
        fprintf(errors, "%s: it must be a list of exchanges\n", path);
        return ALEES_E_INVALID;
    }
    for (uint32_t i = 0; i < jx_size(list); i++) {
        is_good = check_entry(&d, ids, path, i + 1, jx_at(list, i), errors) && is_good;
    }
    if (!is_good) {
        return ALEES_E_INVALID;
    }
    *ret_examples = list;
    return ALEES_OK;
}

void markdown_use(struct markdown *m, const alees_json *examples) {
    const char **ids = ids_of(&m->d);
    m->recorded = arena_alloc_array(m->d.arena, sizeof *m->recorded, jx_size(examples));
    for (uint32_t i = 0; ids && m->recorded && i < jx_size(examples); i++) {
        m->recorded[i] = route_of(&m->d, ids, jx_at(examples, i));
        m->examples = examples;
    }
}

/* ---- curl, and the answer ---- */

/* Within '..' for a shell. */
static void put_quoted(struct str *out, alees_str text) {
    for (size_t i = 0; i < text.len; i++) {
        str_puts(out, text.ptr[i] == '\'' ? "'\\'" : "");
        str_putc(out, text.ptr[i]);
    }
}

/* As text: what it is, or JSON for people. */
static alees_str body_text(struct markdown *m, const alees_json *body) {
    struct str text, *out = m->out;
    if (jx_kind(body) == ALEES_JSON_STRING || jx_kind(body) == ALEES_JSON_ABSENT || jx_kind(body) == ALEES_JSON_NULL) {
        return jx_text(body);
    }
    str_init(&text, m->d.arena, FIRST_SIZE);
    m->out = &text;
    markdown_json(m, body);
    m->out = out;
    return str_done(&text);
}

struct headers {
    struct markdown *m;
    bool is_request;
};

static bool put_header(void *data, alees_str name, const alees_json *value) {
    static const char *const shown[] = {"Accept",
                                        "Authorization",
                                        "Content-Type",
                                        "If-Match",
                                        "If-None-Match",
                                        "Prefer",
                                        "Idempotency-Key",
                                        /* and of answers */ "Allow",
                                        "ETag",
                                        "Idempotency-Replayed",
                                        "Link",
                                        "Location",
                                        "Preference-Applied",
                                        "Retry-After",
                                        "WWW-Authenticate"};
    struct headers *h = data;
    alees_str text = jx_text(value);
    for (size_t i = 0; i < ARRAY_LEN(shown); i++) {
        if (!str_equal_nocase(name, shown[i]) || (str_equal(text, "*/*") && strcmp(shown[i], "Accept") == 0)) {
            continue;
        }
        if (h->is_request && strcmp(shown[i], "Authorization") == 0) {
            str_puts(h->m->out, " \\\n  -H \"Authorization: Bearer $TOKEN\"");
        } else if (h->is_request) {
            str_printf(h->m->out, " \\\n  -H '%s: ", shown[i]);
            put_quoted(h->m->out, text);
            str_putc(h->m->out, '\'');
        } else {
            str_printf(h->m->out, "%s: %.*s\n", shown[i], STR_FMT(text));
        }
    }
    return true;
}

/* Text of any kind may stand in between, but for the fence itself. */
static const char *fence_of(alees_str text) {
    return text.ptr && strstr(text.ptr, "```") ? "~~~~" : "```";
}

static void put_request(struct markdown *m, const char *method, alees_str path, const alees_json *request) {
    struct headers h = {m, true};
    alees_str body = body_text(m, jx_get(request, "body"));
    const char *fence = fence_of(body);
    str_printf(m->out, "\n%ssh\ncurl", fence);
    if (strcmp(method, "GET") != 0) {
        str_printf(m->out, " -X %s", method);
    }
    str_puts(m->out, " \"$BASE_URL\"'");
    put_quoted(m->out, path);
    str_putc(m->out, '\'');
    jx_each(jx_get(request, "headers"), put_header, &h);
    if (body.ptr) {
        while (body.len > 0 && body.ptr[body.len - 1] == '\n') {
            body.len--;
        }
        str_puts(m->out, " \\\n  -d '");
        put_quoted(m->out, body);
        str_putc(m->out, '\'');
    }
    str_printf(m->out, "\n%s\n", fence);
}

static void put_answer(struct markdown *m, int64_t status, const alees_json *response) {
    enum { MOST_TEXT = 800 };
    struct headers h = {m, false};
    alees_str body = body_text(m, jx_get(response, "body"));
    bool is_text = jx_kind(jx_get(response, "body")) == ALEES_JSON_STRING;
    const char *fence = fence_of(body);
    str_printf(m->out, "\n%s%s\nHTTP/1.1 %d\n", fence, "http", (int)status);
    jx_each(jx_get(response, "headers"), put_header, &h);
    if (is_text && body.len > MOST_TEXT) { /* whole lines */
        const char *end = memchr(body.ptr + MOST_TEXT, '\n', body.len - MOST_TEXT);
        body.len = end ? (size_t)(end - body.ptr) : body.len;
    }
    if (body.len > 0) {
        str_printf(m->out, "\n%.*s%s", STR_FMT(body), body.ptr[body.len - 1] == '\n' ? "" : "\n");
    }
    str_printf(m->out, "%s\n", fence);
}

static void put_exchange(struct markdown *m, const alees_json *entry) {
    alees_str method = member(entry, "method");
    put_request(m, method.ptr, member(entry, "path"), jx_get(entry, "request"));
    put_answer(m, status_of(entry), jx_get(entry, "response"));
}

/* The first success; one with a body is preferred. */
static const alees_json *success_of(const struct markdown *m, const struct route *route) {
    const alees_json *found = NULL;
    for (uint32_t i = 0; i < jx_size(m->examples); i++) {
        const alees_json *entry = jx_at(m->examples, i);
        bool has_body = jx_kind(jx_get(jx_get(entry, "response"), "body")) > ALEES_JSON_NULL;
        if (m->recorded[i] != route || status_of(entry) >= 300) {
            continue;
        }
        if (has_body) {
            return entry;
        }
        found = found ? found : entry;
    }
    return found;
}

/* How much an error tells who reads about the group; 0: nothing. */
static uint32_t worth(int64_t status) {
    static const int64_t statuses[] = {422, 409, 403, 412, 400, 404, 415, 429};
    for (uint32_t i = 0; i < ARRAY_LEN(statuses); i++) {
        if (status == statuses[i]) {
            return (uint32_t)ARRAY_LEN(statuses) - i;
        }
    }
    return 0;
}

void markdown_group_error(struct markdown *m) {
    const alees_json *best = NULL;
    for (uint32_t i = 0; m->examples && i < jx_size(m->examples); i++) {
        const alees_json *entry = jx_at(m->examples, i);
        const struct route *route = m->recorded[i];
        if (route && worth(status_of(entry)) > (best ? worth(status_of(best)) : 0) &&
            strcmp(describe_group(&m->d, route), m->group) == 0) {
            best = entry;
        }
    }
    if (best) {
        str_puts(m->out, "\n### What can go wrong\n");
        put_exchange(m, best);
    }
}

/* ---- what is declared ---- */

static bool needs_token(const struct route *route) {
    return (route->flags & ALEES_ROUTE_PUBLIC) == 0;
}

static void put_declared_body(struct markdown *m, const struct route *route, const char *type) {
    struct describe *d = &m->d;
    jw_object(&d->w, "headers");
    if (needs_token(route)) {
        jw_words(&d->w, "Authorization", "Bearer");
    }
    if (type) {
        jw_words(&d->w, "Content-Type", type);
    }
    jw_end(&d->w);
    if (type) {
        describe_body_example(d, "body", route);
    }
}

/* {"request":{..},"response":..} of the route; absent without memory. */
static alees_str declared(struct markdown *m, const struct route *route) {
    const char *const *types = describe_body_types(route);
    struct describe *d = &m->d;
    struct str text;
    str_init(&text, d->arena, FIRST_SIZE);
    jw_init(&d->w, &text);
    jw_object(&d->w, NULL);
    jw_object(&d->w, "request");
    put_declared_body(m, route, types ? types[0] : NULL);
    jw_end(&d->w);
    if (route->operation == ROUTE_PLUGIN && route->decl->response_example) {
        jw_json(&d->w, "response", route->decl->response_example);
    } else if (route->operation == ROUTE_GET) {
        describe_example(d, "response", route->resource, DESCRIBE_ROW);
    }
    jw_end(&d->w);
    return str_done(&text);
}

static void put_declared(struct markdown *m, const struct route *route) {
    alees_str text = declared(m, route);
    struct problem problem;
    alees_json *example;
    problem_init(&problem, m->d.arena);
    if (!text.ptr || jx_parse(m->d.arena, &problem, text, &example) != ALEES_OK) {
        return; /* no memory, which arena_is_exhausted says; examples are checked to be JSON when plugins are read */
    }
    put_request(m, plugin_method(route->method), alees_text(route->path), jx_get(example, "request"));
    if (jx_kind(jx_get(example, "response")) != ALEES_JSON_ABSENT) {
        alees_str body = body_text(m, jx_get(example, "response"));
        str_printf(m->out, "\n```json\n%.*s```\n", STR_FMT(body));
    }
}

void markdown_example(struct markdown *m, const struct route *route) {
    const alees_json *entry = m->examples ? success_of(m, route) : NULL;
    if (entry) {
        put_exchange(m, entry);
    } else {
        put_declared(m, route);
    }
}
