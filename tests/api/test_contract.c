/* SPDX-License-Identifier: MIT
 * test_contract.c - what every route of every resource promises to its clients (docs/api-guide.md), by walking the
 * declarations: a plugin that is added is held to it without a new line here. */
#include "test.h"

#include <stdio.h>

#include "app.h"
#include "world.h"

static const char *const methods[] = {"", "GET", "POST", "PUT", "PATCH", "DELETE"};

struct target { /* one route, and an address that it answers at */
    struct world *w;
    const struct route *route;
    const char *path, *body;
};

static bool is_engine(const struct route *route) {
    return route->operation != ROUTE_PLUGIN && route->operation != ROUTE_HOST;
}

static bool has_id(const struct route *route) {
    return strstr(route->path, "{id}") != NULL;
}

/* What stands behind the id: "/restore". */
static const char *tail_of(const struct route *route) {
    return has_id(route) ? strstr(route->path, "{id}") + 4 : "";
}

static bool takes_body(const struct route *route) {
    return route->operation != ROUTE_RESTORE &&
           (route->method == ALEES_POST || route->method == ALEES_PUT || route->method == ALEES_PATCH);
}

/* Every one of them, with the superuser as its caller. */
static void each_route(struct world *w, void (*test)(const struct target *t)) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < w->catalogue->route_count; i++) {
        const struct route *route = &w->catalogue->routes[i];
        struct arena_mark mark;
        if (!is_engine(route)) {
            continue;
        }
        arena_mark(w->arena, &mark);
        const char *path = has_id(route) ? world_row_path(w, route->resource, world_organizations[WORLD_UNKNOWN].id)
                                         : world_list_path(w, route->resource, "");
        path = world_text(w, "%s%s", path, tail_of(route));
        test(&(struct target){w, route, path, takes_body(route) ? "{}" : NULL});
        arena_release(w->arena, &mark);
        count++;
    }
    assert_true(count > 30);
}

static const struct answer *send(const struct target *t, const char *method, const char *path, const char *body,
                                 const char *header, const char *value) {
    const struct loopback_request request = {
        .method = method, .path = path, .token = t->w->tokens[WORLD_ADMIN], .body = body, .headers = {{header, value}}};
    return loopback_send(t->w->loopback, &request);
}

static const struct answer *ask(const struct target *t, const char *header, const char *value) {
    return send(t, methods[t->route->method], t->path, t->body, header, value);
}

static void must(const struct target *t, const struct answer *a, uint32_t status, const char *code) {
    if (a->status != status || (code && !str_equal(answer_text(a, "/code"), code))) {
        print_error("%s %s: %u, not %u %s: %.*s\n", methods[t->route->method], t->route->path, a->status, status,
                    code ? code : "", STR_FMT(a->body));
        fail();
    }
    if (status >= 400 && strcmp(methods[t->route->method], "HEAD") != 0) {
        alees_str said = answer_text(a, "/code");
        answer_check_problem(a, status, world_text(t->w, "%.*s", STR_FMT(said)), __FILE__, __LINE__);
    }
}

/* ---- who asks ---- */

static void check_login(const struct target *t) {
    const struct answer *a = loopback_request(t->w->loopback, methods[t->route->method], t->path, NULL, t->body);
    must(t, a, 401, "unauthenticated");
    assert_non_null(answer_header(a, "WWW-Authenticate").ptr);
    must(t, loopback_request(t->w->loopback, methods[t->route->method], t->path, "nobody-has-this", t->body), 401,
         "unauthenticated");
}

static void test_login(void **state) {
    each_route(*state, check_login);
}

/* Who has no membership reads nothing and writes nothing; what all may read is the exception. */
static void check_no_rights(const struct target *t) {
    const struct answer *a =
        loopback_request(t->w->loopback, methods[t->route->method], t->path, t->w->tokens[WORLD_USERS - 1], t->body);
    uint32_t scope = t->route->resource->decl->scope;
    bool is_below = has_id(t->route) || t->route->resource->owner; /* a row that they do not see */
    bool is_list = !is_below && (t->route->operation == ROUTE_LIST || t->route->operation == ROUTE_TAGS);
    if (scope == ALEES_SCOPE_OWN || scope == ALEES_SCOPE_SEVERAL || scope == ALEES_SCOPE_GLOBAL ||
        resource_is_shared(t->route->resource)) {
        assert_true(a->status < 500);
        return;
    }
    must(t, a, is_list ? 200 : is_below ? 404 : a->status == 400 ? 400 : 403, NULL);
    if (is_list) {
        assert_int_equal(jx_size(answer_at(a, "/results")), 0);
    }
}

static void test_no_rights(void **state) {
    each_route(*state, check_no_rights);
}

/* ---- the address ---- */

static void check_methods(const struct target *t) {
    const struct answer *a = send(t, "TRACE", t->path, NULL, NULL, NULL);
    const char *method = methods[t->route->method];
    must(t, a, 405, "method_not_allowed");
    assert_non_null(strstr(answer_header(a, "Allow").ptr, method));
    a = send(t, "OPTIONS", t->path, NULL, NULL, NULL);
    must(t, a, 204, NULL);
    assert_non_null(strstr(answer_header(a, "Allow").ptr, method));
    static const char *const headers[] = {"X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"};
    for (size_t i = 0; i < ARRAY_LEN(headers); i++) {
        must(t, ask(t, headers[i], "GET"), 400, "bad_request");
    }
}

static void test_methods(void **state) {
    each_route(*state, check_methods);
}

static void check_addresses(const struct target *t) {
    const struct answer *plain = ask(t, NULL, NULL);
    const struct answer *slash =
        send(t, methods[t->route->method], world_text(t->w, "%s/", t->path), t->body, NULL, NULL);
    assert_int_equal(plain->status, slash->status);
    must(t, send(t, methods[t->route->method], world_text(t->w, "%s//", t->path), t->body, NULL, NULL), 404,
         "not_found");
    must(t, send(t, methods[t->route->method], world_text(t->w, "%s%%2", t->path), t->body, NULL, NULL), 400,
         "bad_request");
    if (has_id(t->route)) {
        must(t, plain, t->body && t->route->operation != ROUTE_GET && plain->status == 400 ? 400 : 404, NULL);
        const char *path =
            world_text(t->w, "%s%s", world_row_path(t->w, t->route->resource, "no-id"), tail_of(t->route));
        must(t, send(t, methods[t->route->method], path, t->body, NULL, NULL), 404, "not_found");
    }
    char *longest = arena_alloc(t->w->arena, 9001);
    assert_non_null(longest);
    memset(longest, 'a', 9000);
    char *whole = arena_alloc(t->w->arena, 9400);
    assert_non_null(whole);
    (void)snprintf(whole, 9400, "%s?%s=1", t->path, longest);
    must(t, send(t, methods[t->route->method], whole, t->body, NULL, NULL), 414, "uri_too_long");
}

static void test_addresses(void **state) {
    each_route(*state, check_addresses);
}

/* ---- headers ---- */

static void check_headers(const struct target *t) {
    const struct answer *a = ask(t, "X-Request-Id", "client-7.a_B");
    assert_text(answer_header(a, "X-Request-Id"), "client-7.a_B");
    assert_text(answer_header(a, "Cache-Control"), "no-store");
    assert_text(answer_header(a, "X-Content-Type-Options"), "nosniff");
    a = ask(t, "X-Request-Id", "<script>");
    assert_null(strstr(a->wire.ptr, "<script>"));
    if (t->route->operation != ROUTE_REMOVE || a->status >= 400) {
        must(t, ask(t, "Accept", "image/png"), 406, "not_acceptable");
        must(t, ask(t, "Accept", "application/json;q=0"), 406, "not_acceptable");
    }
    assert_true(ask(t, "Accept", "text/html, */*;q=0.1")->status != 406);
    if (t->body) {
        must(t, ask(t, "Content-Type", "text/plain"), 415, "unsupported_media_type");
        must(t, ask(t, "Content-Type", "application/json; charset=latin1"), 415, "unsupported_media_type");
        must(t, ask(t, "Content-Encoding", "gzip"), 415, "unsupported_media_type");
    }
    (void)ask(t, "traceparent", "00-nonsense");
    must(t, ask(t, "Prefer", "handling=strict, be=nice"), 400, NULL);
}

static void test_headers(void **state) {
    each_route(*state, check_headers);
}

/* HEAD is GET without the body. */
static void check_head(const struct target *t) {
    if (t->route->method != ALEES_GET) {
        return;
    }
    const struct answer *get = ask(t, NULL, NULL), *head = send(t, "HEAD", t->path, NULL, NULL, NULL);
    assert_int_equal(get->status, head->status);
    assert_int_equal(head->body.len, 0);
    alees_str a = answer_header(get, "Content-Type"), b = answer_header(head, "Content-Type");
    assert_true(a.len == b.len && memcmp(a.ptr, b.ptr, a.len) == 0);
}

static void test_head(void **state) {
    each_route(*state, check_head);
}

/* ---- queries ---- */

static void check_query(const struct target *t) {
    struct world *w = t->w;
    static const char *const wrong[] = {"nonsense=1", "id__nonsense=1", "__=1",
                                        "=1",         "id__in__in=1",   "created_at__gte=x"};
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        const struct answer *a =
            send(t, methods[t->route->method], world_text(w, "%s?%s", t->path, wrong[i]), t->body, NULL, NULL);
        must(t, a, a->status == 404 && has_id(t->route) ? 404 : 400, NULL);
    }
    if (t->route->operation != ROUTE_LIST) {
        return;
    }
    static const char *const bad[] = {"page_size=0",
                                      "page_size=201",
                                      "page_size=-1",
                                      "page_size=x",
                                      "page_size=99999999999999999999",
                                      "page=0",
                                      "page=x",
                                      "page=1&cursor=AA",
                                      "cursor=",
                                      "cursor=AAAA",
                                      "ordering=",
                                      "ordering=-",
                                      "ordering=id,id",
                                      "ordering=nonsense",
                                      "ordering=id,",
                                      "fields=",
                                      "fields=nonsense",
                                      "fields=id,id",
                                      "expand=nonsense",
                                      "expand=id",
                                      "count=many",
                                      "filter=",
                                      "filter=[]",
                                      "filter={\"nonsense\":1}",
                                      "filter={\"or\":1}",
                                      "filter={\"or\":[1]}",
                                      "search=",
                                      "page_size=5&page_size=5",
                                      "page=100000"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct str path;
        str_init(&path, w->arena, 128);
        str_printf(&path, "%s?", t->path);
        for (const char *p = bad[i]; *p; p++) {
            str_printf(&path, strchr("{}\"[]", *p) ? "%%%02X" : "%c", (unsigned)*p);
        }
        must(t, send(t, "GET", str_done(&path).ptr, NULL, NULL, NULL), 400, NULL);
    }
    const struct answer *near = send(t, "GET", world_text(w, "%s?orderin=id", t->path), NULL, NULL, NULL);
    must(t, near, 400, "unknown_parameter");
    assert_non_null(strstr(near->body.ptr, "ordering"));
}

static void test_query(void **state) {
    each_route(*state, check_query);
}

/* ---- bodies ---- */

static void check_body(const struct target *t) {
    static const struct {
        const char *body;
        const char *code;
    } bad[] = {{"{", "malformed_json"},
               {"{\"a\":1,\"a\":2}", "malformed_json"},
               {"nonsense", "malformed_json"},
               {"{\"a\":\"\\ud800\"}", "malformed_json"},
               {"{\"a\":\"\\u0000\"}", NULL},
               {"{\"a\":1e999}", "malformed_json"},
               {"{\"a\":\"\xff\"}", "malformed_json"},
               {"{\"nonsense\":1}", "unknown_field"},
               {"{\"created_at\":null}", "read_only_field"},
               {"{\"version\":1}", "unknown_field"},
               {"1", "bad_request"},
               {"\"text\"", "bad_request"}};
    if (!t->body) {
        return;
    }
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        const struct answer *a = send(t, methods[t->route->method], t->path, bad[i].body, NULL, NULL);
        if (has_id(t->route) && a->status == 404) {
            continue; /* the row is looked for first */
        }
        must(t, a, 400, NULL);
        if (bad[i].code && t->route->operation == ROUTE_CREATE) {
            must(t, a, 400, bad[i].code);
        }
    }
    size_t size = loopback_app(t->w->loopback)->max_body + 1;
    char *large = malloc(size + 1);
    assert_non_null(large);
    memset(large, ' ', size);
    large[size] = '\0';
    must(t, send(t, methods[t->route->method], t->path, large, NULL, NULL), 413, "body_too_large");
    free(large);
}

static void test_body(void **state) {
    each_route(*state, check_body);
}

/* ---- states ---- */

/* What is missing is 422, what is taken 409, what has changed 412, what must be conditional 428. */
static void check_states(struct world *w, const struct resource *r) {
    struct app *app = loopback_app(w->loopback);
    const char *list = world_list_path(w, r, "");
    const char *body = world_row_body(w, r, WORLD_ACME, r->decl->scope == ALEES_SCOPE_ORGANIZATION);
    const char *id = r->decl->scope == ALEES_SCOPE_ORGANIZATION ? world_make_row(w, r, WORLD_ACME)
                                                                : world_organizations[WORLD_ACME].id;
    const struct target t = {w, NULL, world_row_path(w, r, id), "{}"};
    world_must(world_ask(w, WORLD_ADMIN, "POST", list, "{}"), 422, WORLD_ADMIN, list);
    world_must(world_ask(w, WORLD_ADMIN, "POST", list, "[{}]"), 422, WORLD_ADMIN, list);
    world_must(world_ask(w, WORLD_ADMIN, "POST", list, world_text(w, "[%s,1]", body)), 400, WORLD_ADMIN, list);
    static const char *const methods_of_one[] = {"PATCH", "PUT", "DELETE"};
    for (size_t i = 0; i < ARRAY_LEN(methods_of_one); i++) {
        const char *sent = i == 2 ? NULL : i == 1 ? body : "{}";
        assert_problem(send(&t, methods_of_one[i], t.path, sent, "If-Match", "\"stale\""), 412, "precondition_failed");
        app->require_if_match = true;
        assert_problem(send(&t, methods_of_one[i], t.path, sent, NULL, NULL), 428, "precondition_required");
        app->require_if_match = false;
    }
    const struct answer *get = world_ask(w, WORLD_ADMIN, "GET", t.path, NULL);
    const char *tag = world_text(w, "%.*s", STR_FMT(answer_header(get, "ETag")));
    assert_status(send(&t, "GET", t.path, NULL, "If-None-Match", tag), 304);
    assert_status(send(&t, "PATCH", t.path, "{}", "If-Match", tag), 200);
    uint32_t status = send(&t, "DELETE", t.path, NULL, "Prefer", "tx=rollback")->status;
    assert_true(status == 204 || status == 409); /* a rehearsal; what others refer to is protected */
    assert_status(world_ask(w, WORLD_ADMIN, "GET", t.path, NULL), 200);
}

static void test_states(void **state) {
    world_each_resource(*state, false, check_states);
}

static int setup(void **state) {
    int rc = world_setup(state);
    struct world *w = *state;
    for (size_t i = 0; rc == 0 && i < WORLD_USERS; i++) {
        w->tokens[i] = world_text(w, "%s", w->tokens[i]);
    }
    return rc;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_login),     cmocka_unit_test(test_no_rights), cmocka_unit_test(test_methods),
        cmocka_unit_test(test_addresses), cmocka_unit_test(test_headers),   cmocka_unit_test(test_head),
        cmocka_unit_test(test_query),     cmocka_unit_test(test_body),      cmocka_unit_test(test_states),
    };
    return cmocka_run_group_tests_name("contract", tests, setup, world_teardown);
}
