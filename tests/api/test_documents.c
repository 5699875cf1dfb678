/* SPDX-License-Identifier: MIT
 * test_documents.c - /openapi.json as clients fetch it: whole, packed, with its ETag, and who may read it. */
#include "world.h"

#include <stdio.h>
#include <string.h>

#include "alees/util.h"
#include "describe.h"
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
    assert_text(answer_header(a, "Content-Type"), "application/json");
    assert_text(answer_header(a, "Cache-Control"), "no-cache");
    assert_null(answer_header(a, "Content-Encoding").ptr);
    assert_true(has_header(a, "\r\nVary: Authorization\r\n"));
    assert_true(has_header(a, "\r\nVary: Accept-Encoding\r\n"));
    const struct answer *again = get(w, "GET", PATH, NULL, NULL, 0);
    assert_true(alees_equal(again->body, a->body));
    assert_text(answer_header(again, "ETag"), etag_of(w, a));
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

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole),   cmocka_unit_test(test_packed), cmocka_unit_test(test_fresh),
        cmocka_unit_test(test_methods), cmocka_unit_test(test_tokens),
    };
    return cmocka_run_group_tests_name("documents", tests, world_setup, world_teardown);
}
