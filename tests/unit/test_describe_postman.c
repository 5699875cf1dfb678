/* SPDX-License-Identifier: MIT
 * test_describe_postman.c - the collection: JSON that Postman reads, every route in it, no variable before it is filled. */
#include "test.h"

#include <stdio.h>

#include "described.h"
#include "jx.h"

enum { MOST_FILLED = 256 };

static struct app app;
static struct arena *arena;

static const alees_json *parse(struct arena *memory, alees_str text) {
    struct problem problem;
    alees_json *json = NULL;
    problem_init(&problem, memory);
    assert_non_null(text.ptr);
    if (jx_parse(memory, &problem, text, &json) != ALEES_OK) {
        print_error("%.*s\n", (int)problem.detail.len, problem.detail.ptr);
        fail();
    }
    return json;
}

/* Each folder and each request in order; it is too large to be read as one. */
struct walk {
    const struct catalogue *catalogue;
    bool *met;
    const char *filled[MOST_FILLED];
    uint32_t filled_count, requests;
};

static bool is_filled(const struct walk *w, const char *name, size_t len) {
    for (uint32_t i = 0; i < w->filled_count; i++) {
        if (strlen(w->filled[i]) == len && memcmp(w->filled[i], name, len) == 0) {
            return true;
        }
    }
    return false;
}

static void fill(struct walk *w, const char *name, size_t len) {
    if (!is_filled(w, name, len)) {
        alees_str copy = arena_printf(arena, "%.*s", (int)len, name);
        assert_true(w->filled_count < MOST_FILLED && copy.ptr != NULL);
        w->filled[w->filled_count++] = copy.ptr;
    }
}

/* What somebody who sends this request must know by then. */
static void check_variables(const struct walk *w, alees_str text, const char *where) {
    for (const char *p = strstr(text.ptr ? text.ptr : "", "{{"); p; p = strstr(p + 2, "{{")) {
        const size_t len = strcspn(p + 2, "}");
        if (!is_filled(w, p + 2, len)) {
            print_error("%s: %.*s is not filled by then\n", where, (int)len, p + 2);
            fail();
        }
    }
}

static void read_script(struct walk *w, const alees_json *item) {
    static const char set[] = "set(\"";
    const alees_json *events = jx_get(item, "event");
    for (uint32_t e = 0; e < jx_size(events); e++) {
        const alees_json *lines = jx_get(jx_get(jx_at(events, e), "script"), "exec");
        assert_true(jx_size(lines) > 0);
        for (uint32_t i = 0; i < jx_size(lines); i++) {
            for (const char *p = strstr(jx_text(jx_at(lines, i)).ptr, set); p; p = strstr(p + 1, set)) {
                fill(w, p + sizeof set - 1, strcspn(p + sizeof set - 1, "\""));
            }
        }
    }
}

/* Is the path that of the route? {id} stands for anything. */
static bool is_at(const struct route *route, const alees_json *path) {
    const char *at = route->path;
    for (uint32_t i = 0; i < jx_size(path); i++) {
        const size_t len = at[0] == '/' ? strcspn(at + 1, "/") : 0;
        alees_str part = jx_text(jx_at(path, i));
        if (len == 0 || (at[1] != '{' && (part.len != len || memcmp(part.ptr, at + 1, len) != 0))) {
            return false;
        }
        at += len + 1;
    }
    return *at == '\0';
}

static void check_request(struct walk *w, const alees_json *item) {
    const char *name = jx_text(jx_get(item, "name")).ptr;
    const alees_json *request = jx_get(item, "request"), *url = jx_get(request, "url"),
                     *headers = jx_get(request, "header");
    bool is_known = false;
    for (uint32_t i = 0; i < w->catalogue->route_count; i++) {
        const struct route *route = &w->catalogue->routes[i];
        if (str_equal(jx_text(jx_get(request, "method")), plugin_method(route->method)) &&
            is_at(route, jx_get(url, "path"))) {
            w->met[i] = is_known = true;
        }
    }
    if (!is_known) {
        print_error("%s: no such route\n", name);
        fail();
    }
    check_variables(w, jx_text(jx_get(url, "raw")), name);
    check_variables(w, jx_text(jx_get(jx_get(request, "body"), "raw")), name);
    for (uint32_t i = 0; i < jx_size(headers); i++) {
        check_variables(w, jx_text(jx_get(jx_at(headers, i), "value")), name);
    }
    assert_true(jx_size(jx_get(item, "response")) > 0 || strchr(name, '('));
    read_script(w, item);
    w->requests++;
}

/* Up to the bracket that closes the one at text; brackets in texts are none. */
static size_t length_of(const char *text) {
    uint32_t depth = 0;
    bool is_text = false;
    for (const char *p = text; *p; p++) {
        if (is_text) {
            p += *p == '\\';
            is_text = *p != '"';
        } else if (*p == '"') {
            is_text = true;
        } else if (*p == '{' || *p == '[') {
            depth++;
        } else if ((*p == '}' || *p == ']') && --depth == 0) {
            return (size_t)(p + 1 - text);
        }
    }
    fail();
    return 0;
}

/* The requests of all folders, each read by itself: the whole has more values than the server reads from a client. */
static void walk(struct walk *w, alees_str text) {
    static const char items[] = "\"item\":[";
    const char *p = strstr(text.ptr, items);
    assert_non_null(p);
    for (p = strstr(p + 1, items); p; p = strstr(p + 1, items)) {
        for (p += sizeof items - 1; *p == '{' || *p == ','; p += *p == ',') {
            const size_t len = length_of(p);
            struct arena *memory = arena_new(DESCRIBED_MEMORY);
            assert_non_null(memory);
            check_request(w, parse(memory, (alees_str){p, len}));
            arena_free(memory);
            p += len;
        }
        assert_int_equal(*p, ']');
    }
}

static void begin(struct walk *w, const struct catalogue *catalogue) {
    *w = (struct walk){.catalogue = catalogue, .met = arena_alloc_array(arena, sizeof(bool), catalogue->route_count)};
    assert_non_null(w->met);
    memset(w->met, 0, catalogue->route_count * sizeof(bool));
    fill(w, "base_url", 8); /* of the environment */
    fill(w, "username", 8);
    fill(w, "password", 8);
}

static void test_shipped(void **state) {
    struct walk w;
    (void)state;
    begin(&w, &app.catalogue);
    walk(&w, describe_postman(arena, &app.catalogue, NULL, false));
    for (uint32_t i = 0; i < app.catalogue.route_count; i++) {
        if (!w.met[i]) {
            print_error("%s %s has no request\n", plugin_method(app.catalogue.routes[i].method),
                        app.catalogue.routes[i].path);
            fail();
        }
    }
    assert_true(w.requests > 2 * app.catalogue.route_count);
}

/* Of plugins that nobody here thought of, and without any that logs in. */
static void test_small(void **state) {
    struct fixtures f;
    struct catalogue catalogue;
    struct walk w;
    (void)state;
    described_small(&f, &catalogue);
    begin(&w, &catalogue);
    fill(&w, "run", 3); /* else by the login */
    alees_str text = describe_postman(arena, &catalogue, NULL, false);
    walk(&w, text);
    for (uint32_t i = 0; i < catalogue.route_count; i++) {
        assert_true(w.met[i]);
    }
    const alees_json *all = parse(arena, text), *item = jx_get(all, "item");
    assert_true(str_equal(jx_text(jx_get(jx_get(all, "info"), "schema")),
                          "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"));
    for (uint32_t i = 0; i < jx_size(item); i++) {
        assert_true(jx_size(jx_get(jx_at(item, i), "item")) > 0); /* no folder is empty */
    }
    fixtures_end(&f);
}

static void test_told(void **state) {
    struct walk w;
    const uint32_t count = app.catalogue.route_count;
    bool *told = arena_alloc_array(arena, sizeof *told, count);
    (void)state;
    assert_non_null(told);
    for (uint32_t i = 0; i < count; i++) {
        told[i] = app.catalogue.routes[i].method == ALEES_GET;
    }
    begin(&w, &app.catalogue);
    w.filled_count = 0;
    alees_str text = describe_postman(arena, &app.catalogue, told, false);
    assert_non_null(text.ptr);
    assert_null(strstr(text.ptr, "\"method\":\"POST\""));
    assert_null(strstr(text.ptr, "\"method\":\"DELETE\""));
    assert_non_null(strstr(text.ptr, "\"method\":\"GET\""));
}

/* Rows that the run has not made are neither changed nor deleted. */
static void test_harmless(void **state) {
    static const char *const words[] = {"\"method\":\"PATCH\"", "\"method\":\"PUT\"", "\"method\":\"DELETE\""};
    alees_str text = describe_postman(arena, &app.catalogue, NULL, false);
    uint32_t count = 0;
    (void)state;
    assert_non_null(text.ptr);
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        for (const char *p = strstr(text.ptr, words[i]); p; p = strstr(p + 1, words[i])) {
            const char *raw = strstr(p, "\"raw\":\"{{base_url}}") + 19, *end = strchr(raw, '"');
            alees_str address = arena_printf(arena, "%.*s", (int)(end - raw), raw);
            assert_non_null(address.ptr);
            for (const char *v = strstr(address.ptr, "{{"); v; v = strstr(v + 2, "{{")) {
                assert_int_equal(strncmp(v, "{{new_", 6), 0);
            }
            count++;
        }
    }
    assert_true(count > 100);
}

static void test_environment(void **state) {
    const alees_json *json = parse(arena, describe_postman_environment(arena, &app.catalogue)),
                     *values = jx_get(json, "values");
    (void)state;
    assert_int_equal(jx_size(values), 4);
    for (uint32_t i = 0; i < 4; i++) {
        static const char *const keys[] = {"base_url", "username", "password", "token"};
        const char *type = i < 2 ? "default" : "secret";
        assert_string_equal(jx_text(jx_get(jx_at(values, i), "key")).ptr, keys[i]);
        assert_string_equal(jx_text(jx_get(jx_at(values, i), "type")).ptr, type);
    }
}

static int setup(void **state) {
    (void)state;
    jx_init();
    arena = arena_new(DESCRIBED_MEMORY);
    assert_non_null(arena);
    described_open(&app);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    described_close(&app);
    arena_free(arena);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shipped),  cmocka_unit_test(test_small),       cmocka_unit_test(test_told),
        cmocka_unit_test(test_harmless), cmocka_unit_test(test_environment),
    };
    return cmocka_run_group_tests_name("describe_postman", tests, setup, teardown);
}
