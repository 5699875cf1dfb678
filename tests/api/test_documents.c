/* SPDX-License-Identifier: MIT
 * test_documents.c - /openapi.json as clients fetch it: whole, packed, with its ETag, and who may read it. */
#include "world.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "alees/util.h"
#include "config.h"
#include "describe.h"
#include "docs.h"
#include "documents.h"
#include "gzip.h"

#define PATH "/openapi.json"

static const struct answer *get(struct world *w, const char *method, const char *path, const char *token,
                                const char *headers[][2], size_t count) {
    struct loopback_request r = {.method = method, .path = path, .token = token};
    for (size_t i = 0; i < count; i++) {
        r.headers[i][0] = headers[i][0];
        r.headers[i][1] = headers[i][1];
    }
    return loopback_send(w->loopback, &r);
}

static const struct answer *get_packed(struct world *w, const char *method, const char *path, const char *etag) {
    const char *headers[][2] = {{"Accept-Encoding", "gzip"}, {"If-None-Match", etag}};
    return get(w, method, path, NULL, headers, etag ? 2 : 1);
}

static const char *etag_of(struct world *w, const struct answer *a) {
    alees_str etag = answer_header(a, "ETag");
    assert_non_null(etag.ptr);
    return world_text(w, "%.*s", STR_FMT(etag));
}

static bool has_header(const struct answer *a, const char *line) {
    return strstr(a->head.ptr, line) != NULL;
}

/* What a stranger reads is what `alees openapi` prints, but for the white space. */
static void test_whole(void **state) {
    struct world *w = *state;
    const struct answer *a = get(w, "GET", PATH, NULL, NULL, 0);
    assert_status(a, 200);
    alees_str text = describe_openapi(w->arena, w->catalogue, NULL, false);
    assert_true(alees_equal(a->body, text));
    assert_non_null(a->json); /* no member twice, and not too deep for any reader */
    assert_text(answer_header(a, "Content-Type"), "application/json");
    assert_text(answer_header(a, "Cache-Control"), "no-cache");
    assert_null(answer_header(a, "Content-Encoding").ptr);
    assert_true(has_header(a, "\r\nVary: Authorization\r\n"));
    assert_true(has_header(a, "\r\nVary: Accept-Encoding\r\n"));
    const struct answer *again = get(w, "GET", PATH, NULL, NULL, 0);
    assert_true(alees_equal(again->body, a->body));
    assert_text(answer_header(again, "ETag"), etag_of(w, a));
}

/* Clients are made with functions of these names. */
static void test_operation_ids(void **state) {
    struct world *w = *state;
    struct describe d = {.arena = w->arena, .catalogue = w->catalogue};
    for (uint32_t i = 0; i < w->catalogue->route_count; i++) {
        const char *id = describe_operation_id(&d, &w->catalogue->routes[i]);
        assert_true(strlen(id) > 3);
        for (uint32_t k = 0; k < i; k++) {
            assert_string_not_equal(id, describe_operation_id(&d, &w->catalogue->routes[k]));
        }
        if (strcmp(w->catalogue->routes[i].path, "/docs/errors/{code}") == 0) {
            assert_string_equal(id, "getDocsErrorsByCode");
        }
    }
}

static void test_packed(void **state) {
    struct world *w = *state;
    const struct answer *plain = get(w, "GET", PATH, NULL, NULL, 0);
    const struct answer *a = get_packed(w, "GET", PATH, NULL);
    struct str text;
    assert_status(a, 200);
    assert_text(answer_header(a, "Content-Encoding"), "gzip");
    assert_true(a->body.len < plain->body.len / 8);
    str_init(&text, w->arena, plain->body.len);
    assert_true(gzip_unpack(w->arena, a->body, plain->body.len, &text));
    assert_true(alees_equal(str_done(&text), plain->body));
    assert_string_not_equal(etag_of(w, a), etag_of(w, plain));
}

/* Each form is fresh by its own tag only. */
static void test_fresh(void **state) {
    struct world *w = *state;
    const char *plain = etag_of(w, get(w, "GET", PATH, NULL, NULL, 0));
    const char *packed = etag_of(w, get_packed(w, "GET", PATH, NULL));
    const char *headers[][2] = {{"If-None-Match", plain}};
    const struct answer *a = get(w, "GET", PATH, NULL, headers, 1);
    assert_status(a, 304);
    assert_int_equal(a->body.len, 0);
    assert_text(answer_header(a, "ETag"), plain);
    assert_text(answer_header(a, "Cache-Control"), "no-cache");
    assert_status(get_packed(w, "GET", PATH, packed), 304);
    assert_status(get_packed(w, "GET", PATH, plain), 200);
    assert_status(get_packed(w, "GET", PATH, world_text(w, "\"other\", W/%s", packed)), 304);
    assert_status(get_packed(w, "GET", PATH, "*"), 304);
    headers[0][1] = packed;
    assert_status(get(w, "GET", PATH, NULL, headers, 1), 200);
}

static void test_methods(void **state) {
    struct world *w = *state;
    const struct answer *a = get_packed(w, "GET", PATH, NULL), *head = get_packed(w, "HEAD", PATH, NULL);
    assert_status(head, 200);
    assert_int_equal(head->body.len, 0);
    assert_text(answer_header(head, "Content-Length"), world_text(w, "%zu", a->body.len));
    assert_text(answer_header(head, "ETag"), etag_of(w, a));
    const struct answer *options = get(w, "OPTIONS", PATH, NULL, NULL, 0);
    assert_status(options, 204);
    assert_text(answer_header(options, "Allow"), "GET, HEAD, OPTIONS");
    assert_problem(get(w, "POST", PATH, NULL, NULL, 0), 405, "method_not_allowed");
}

/* A token that is sent counts, here as everywhere. */
static void test_tokens(void **state) {
    struct world *w = *state;
    const char *basic[][2] = {{"Authorization", "Basic YTpi"}};
    assert_status(get(w, "GET", PATH, w->tokens[WORLD_ADMIN], NULL, 0), 200);
    assert_problem(get(w, "GET", PATH, "alees_nobody", NULL, 0), 401, "unauthenticated");
    assert_problem(get(w, "GET", PATH, NULL, basic, 1), 401, "unauthenticated");
    assert_text(answer_header(get(w, "GET", PATH, w->tokens[WORLD_ADMIN], NULL, 0), "Cache-Control"),
                "private, no-cache");
}

static const alees_json *operation(const struct answer *a, const char *path, const char *method) {
    return jx_get(jx_get(jx_get(a->json, "paths"), path), method);
}

static bool tells(const struct answer *a, const char *path, const char *method) {
    return jx_kind(operation(a, path, method)) == ALEES_JSON_OBJECT;
}

static const struct answer *get_in(struct world *w, const char *organization, const char *token) {
    return get(w, "GET", world_text(w, PATH "?organization=%s", organization), token, NULL, 0);
}

/* Superusers are told of all, others of what they can use: a viewer of lists but of no create. */
static void test_rights(void **state) {
    struct world *w = *state;
    const struct answer *whole = get(w, "GET", PATH, NULL, NULL, 0);
    const struct answer *all = get(w, "GET", PATH, w->tokens[WORLD_ADMIN], NULL, 0);
    assert_true(alees_equal(all->body, whole->body));
    for (size_t i = WORLD_ADMIN + 1; i < WORLD_USERS; i++) {
        const struct answer *a = get(w, "GET", PATH, w->tokens[i], NULL, 0);
        bool views = false, manages = false;
        for (size_t o = 0; o < WORLD_ORGANIZATIONS; o++) {
            views = views || world_users[i].access[o] != WORLD_NONE;
            manages = manages || world_users[i].access[o] == WORLD_MANAGE;
        }
        assert_status(a, 200);
        assert_string_not_equal(etag_of(w, a), etag_of(w, whole));
        assert_true(tells(a, "/api/v1/auth/login", "post"));
        assert_true(tells(a, "/api/v1/auth/me", "get"));
        assert_int_equal(tells(a, "/api/v1/products", "get"), views);
        assert_int_equal(tells(a, "/api/v1/products", "post"), manages);
        assert_false(tells(a, "/api/v1/units-of-measure", "post"));
    }
}

/* What is allowed in one organization; one that the caller does not see is like one that nobody has. */
static void test_organizations(void **state) {
    struct world *w = *state;
    for (size_t i = 0; i < WORLD_USERS; i++) {
        for (size_t o = 0; o < WORLD_TARGETS; o++) {
            const struct answer *a = get_in(w, world_organizations[o].id, w->tokens[i]);
            if (world_users[i].access[o] == WORLD_NONE) {
                assert_problem(a, 404, "not_found");
                assert_string_equal(world_stable(w, a),
                                    world_stable(w, get_in(w, world_organizations[WORLD_UNKNOWN].id, w->tokens[i])));
            } else {
                assert_status(a, 200);
                assert_true(tells(a, "/api/v1/products", "get"));
                assert_int_equal(tells(a, "/api/v1/products", "post"), world_users[i].access[o] == WORLD_MANAGE);
            }
        }
    }
    assert_problem(get_in(w, world_organizations[WORLD_ACME].id, NULL), 401, "unauthenticated");
    assert_problem(get_in(w, "acme", w->tokens[WORLD_ADMIN]), 400, "bad_parameter");
    assert_problem(get(w, "GET", PATH "?organisation=1", NULL, NULL, 0), 400, "unknown_parameter");
    const char *twice = world_text(w, PATH "?organization=%s&organization=%s", world_organizations[WORLD_ACME].id,
                                   world_organizations[WORLD_ACME].id);
    assert_problem(get(w, "GET", twice, w->tokens[WORLD_ADMIN], NULL, 0), 400, "bad_parameter");
}

/* ---- who may read it at all ---- */

static void set_access(struct world *w, const char *access, struct docs **ret_docs) {
    char path[] = "/tmp/alees-documents-XXXXXX";
    const char *text = world_text(w, "[docs]\naccess = %s\n", access);
    struct config *c = NULL;
    int file = mkstemp(path);
    assert_true(file >= 0);
    assert_int_equal(write(file, text, strlen(text)), (ssize_t)strlen(text));
    (void)close(file);
    assert_ok(config_load(path, NULL, stderr, &c));
    assert_ok(docs_open(w->arena, c, stderr, ret_docs));
    config_free(c);
    (void)unlink(path);
}

static void test_access(void **state) {
    struct world *w = *state;
    struct app *app = loopback_app(w->loopback);
    struct docs *before = app->docs;
    set_access(w, "login", &app->docs);
    assert_problem(get(w, "GET", PATH, NULL, NULL, 0), 401, "unauthenticated");
    assert_int_equal(get(w, "HEAD", PATH, NULL, NULL, 0)->status, 401);
    assert_status(get_packed(w, "GET", PATH, "*"), 401);
    assert_status(get(w, "GET", PATH, w->tokens[WORLD_USERS - 1], NULL, 0), 200);
    set_access(w, "off", &app->docs);
    assert_problem(get(w, "GET", PATH, NULL, NULL, 0), 404, "not_found");
    assert_problem(get(w, "GET", PATH, w->tokens[WORLD_ADMIN], NULL, 0), 404, "not_found");
    app->docs = before;
    assert_status(get(w, "GET", PATH, NULL, NULL, 0), 200);
}

/* ---- what is kept ---- */

/* Of more documents than are kept each comes out as it was: keys, of which each may do more than the one before. */
static void test_many(void **state) {
    static const char *const permissions[] = {
        "product.view_product",  "product.add_product",  "product.change_product",  "product.delete_product",
        "product.view_category", "product.add_category", "product.change_category", "product.delete_category",
        "contact.view_contact",  "contact.add_contact",  "contact.change_contact",  "contact.delete_contact"};
    enum { MOST = ARRAY_LEN(permissions) };
    struct world *w = *state;
    const char *list = "", *keys[MOST], *etags[MOST];
    for (size_t i = 0; i < MOST; i++) {
        list = world_text(w, "%s%s\"%s\"", list, i > 0 ? "," : "", permissions[i]);
        const struct answer *a = world_ask(w, WORLD_ADMIN, "POST", "/api/v1/api-keys",
                                           world_text(w, "{\"name\":\"many %zu\",\"permissions\":[%s]}", i, list));
        assert_status(a, 201);
        keys[i] = answer_text(a, "/secret").ptr;
        etags[i] = etag_of(w, get(w, "GET", PATH, keys[i], NULL, 0));
        for (size_t j = 0; j < i; j++) {
            assert_string_not_equal(etags[i], etags[j]);
        }
    }
    for (size_t i = 0; i < MOST; i++) {
        assert_string_equal(etag_of(w, get(w, "GET", PATH, keys[i], NULL, 0)), etags[i]);
    }
}

/* Several threads of the server at once, each with its own rights: none gets what another one may read. */
enum { READERS = 6, ROUNDS = 40 };
struct reader {
    struct app *app;
    const char *tokens[WORLD_USERS], *etags[WORLD_USERS];
    size_t first, wrong;
};

static void *read_often(void *data) {
    struct reader *r = data;
    struct loopback *l = loopback_on(r->app);
    for (size_t i = 0; i < ROUNDS; i++) {
        size_t user = (r->first + i) % WORLD_USERS;
        const struct loopback_request request = {.method = "HEAD", .path = PATH, .token = r->tokens[user]};
        const struct answer *a = loopback_send(l, &request);
        r->wrong += a->status != 200 || !str_equal(answer_header(a, "ETag"), r->etags[user]);
    }
    loopback_close(l);
    return NULL;
}

static void test_at_once(void **state) {
    struct world *w = *state;
    struct app *app = loopback_app(w->loopback);
    struct documents *before = app->documents;
    struct reader readers[READERS];
    pthread_t threads[READERS];
    for (size_t i = 0; i < READERS; i++) {
        readers[i] = (struct reader){.app = app, .first = i};
        for (size_t u = 0; u < WORLD_USERS; u++) {
            readers[i].tokens[u] = w->tokens[u];
            readers[i].etags[u] = etag_of(w, get(w, "HEAD", PATH, w->tokens[u], NULL, 0));
        }
    }
    assert_ok(documents_new(w->arena, &app->documents)); /* nothing is kept yet */
    for (size_t i = 0; i < READERS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, read_often, &readers[i]), 0);
    }
    for (size_t i = 0; i < READERS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_int_equal(readers[i].wrong, 0);
    }
    app->documents = before;
}

/* A plugin that is none of the server's own is described like those that are. */
static void test_plugin(void **state) {
    struct world *w = *state;
    const struct answer *a = get(w, "GET", PATH, NULL, NULL, 0);
    assert_true(tells(a, "/api/v1/crews", "post"));
    assert_true(tells(a, "/api/v1/crews/{crew}/members/{id}", "patch"));
    assert_text(jx_text(jx_get(operation(a, "/api/v1/crews", "post"), "x-permission")), "crew.add_crew");
    a = get(w, "GET", PATH, w->tokens[WORLD_USERS - 1], NULL, 0); /* nobody */
    assert_false(tells(a, "/api/v1/crews", "post"));
}

static int setup(void **state) {
    return world_setup_with(state, "crew");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole),  cmocka_unit_test(test_operation_ids), cmocka_unit_test(test_packed),
        cmocka_unit_test(test_fresh),  cmocka_unit_test(test_methods),       cmocka_unit_test(test_tokens),
        cmocka_unit_test(test_rights), cmocka_unit_test(test_organizations), cmocka_unit_test(test_access),
        cmocka_unit_test(test_many),   cmocka_unit_test(test_at_once),       cmocka_unit_test(test_plugin),
    };
    return cmocka_run_group_tests_name("documents", tests, setup, world_teardown);
}
