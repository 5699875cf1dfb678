/* SPDX-License-Identifier: MIT
 * test_pipeline_validate.c - parameters and bodies against the declaration of a plugin's route. */
#include "test.h"

#include "alees/util.h"
#include "loopback.h"
#include "stub_app.h"
#include "svc.h"

static alees_rc handle_echo(void *state, alees_ctx *ctx) {
    struct str out;
    static const char *const names[] = {"id", "size", "colour", "note"};
    (void)state;
    str_init(&out, ctx->arena, 256);
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        alees_str value = svc_http.parameter(ctx, names[i]);
        if (value.ptr) {
            assert_int_equal(value.ptr[value.len], '\0');
            str_printf(&out, "%s=%.*s;", names[i], STR_FMT(value));
        }
    }
    if (svc_http.json(ctx)) {
        str_printf(&out, "body=%.*s;", STR_FMT(svc_http.body(ctx)));
    }
    return svc_http.reply(ctx, 200, "text/plain", str_done(&out));
}

static const struct alees_field parameters[] = {
    {.name = "id", .type = ALEES_UUID, .flags = ALEES_IN_PATH},
    {.name = "size", .type = ALEES_INTEGER, .flags = ALEES_IN_QUERY | ALEES_REQUIRED, .min = 1, .max = 9},
    {.name = "colour", .type = ALEES_CHOICE, .flags = ALEES_IN_QUERY, .choices = "red|blue", .fallback = "\"blue\""},
    {.name = "note", .type = ALEES_TEXT, .flags = ALEES_IN_QUERY},
};
static const struct alees_field members[] = {
    {.name = "name", .type = ALEES_TEXT, .flags = ALEES_REQUIRED, .min = 1, .max = 5},
    {.name = "count", .type = ALEES_INTEGER},
};
static const struct alees_field answer[] = {{.name = "ok", .type = ALEES_BOOLEAN}};

#define OPEN (ALEES_ROUTE_READ | ALEES_ROUTE_PUBLIC)
static const struct alees_route decls[] = {
    {.method = ALEES_GET,
     .flags = OPEN,
     .path = "/things/{id}",
     .parameters = ALEES_LIST(parameters),
     .handle = handle_echo},
    {.method = ALEES_POST, .flags = OPEN, .path = "/things", .body = ALEES_LIST(members), .handle = handle_echo},
    {.method = ALEES_POST, .flags = OPEN, .path = "/bare", .handle = handle_echo},
    {.method = ALEES_GET, .flags = OPEN, .path = "/json", .response = ALEES_LIST(answer), .handle = handle_echo},
};

#define THING "/things/018f0000-0000-7000-8000-000000000011"

struct fixture {
    struct stub_app *stub;
    struct loopback *loop;
};

static int setup(void **state) {
    static struct fixture f;
    f.stub = stub_app_new(decls, ARRAY_LEN(decls));
    f.loop = loopback_on(&f.stub->app);
    *state = &f;
    return 0;
}

static int teardown(void **state) {
    struct fixture *f = *state;
    loopback_close(f->loop);
    stub_app_free(f->stub);
    return 0;
}

static const struct answer *get(struct fixture *f, const char *path) {
    return loopback_request(f->loop, "GET", path, NULL, NULL);
}

static const struct answer *post(struct fixture *f, const char *path, const char *body) {
    return loopback_request(f->loop, "POST", path, NULL, body);
}

static void test_parameters(void **state) {
    struct fixture *f = *state;
    assert_text(get(f, THING "?size=3")->body, "id=018f0000-0000-7000-8000-000000000011;size=3;colour=blue;");
    assert_text(get(f, THING "/?size=3&colour=red&note=a+b%2Bc%C3%A9")->body,
                "id=018f0000-0000-7000-8000-000000000011;size=3;colour=red;note=a b+c\xc3\xa9;");
    assert_text(get(f, "/things/018F0000-0000-7000-8000-00000000001A?size=3")->body,
                "id=018f0000-0000-7000-8000-00000000001a;size=3;colour=blue;");
}

static void test_bad_parameters(void **state) {
    struct fixture *f = *state;
    const struct answer *a = get(f, THING "?size=3&color=red");
    assert_problem(a, 400, "unknown_parameter");
    assert_non_null(strstr(a->body.ptr, "Did you mean colour?"));
    assert_problem(get(f, THING "?size=3&zzzzzzzz=1"), 400, "unknown_parameter");
    assert_problem(get(f, THING "?size=3&id=1"), 400, "unknown_parameter"); /* it belongs in the path */
    a = get(f, THING);
    assert_problem(a, 400, "bad_parameter");
    assert_text(answer_text(a, "/errors/0/pointer"), "size");
    a = get(f, THING "?size=10&colour=green");
    assert_problem(a, 400, "bad_parameter");
    assert_text(answer_text(a, "/errors/0/pointer"), "size");
    assert_text(answer_text(a, "/errors/1/pointer"), "colour");
    a = get(f, THING "?size=1&size=2");
    assert_problem(a, 400, "bad_parameter");
    assert_text(answer_text(a, "/errors/0/code"), "repeated");
    assert_problem(get(f, "/things/5?size=1"), 404, "not_found");
    assert_problem(get(f, "/things/%zz?size=1"), 400, "bad_request");
    assert_problem(get(f, "/things/%00?size=1"), 400, "bad_request");
    assert_problem(get(f, THING "?size=1&note=%ff"), 400, "bad_request");
    assert_problem(get(f, THING "?size=1&note=%00"), 400, "bad_request");
    assert_problem(get(f, THING "?size=1&note=%4"), 400, "bad_request");
}

static void test_many_parameters(void **state) {
    struct fixture *f = *state;
    char path[4096] = THING "?";
    for (int i = 0; i < 101; i++) {
        strcat(path, "note=1&");
    }
    assert_problem(get(f, path), 400, "bad_request");
}

static void test_body(void **state) {
    struct fixture *f = *state;
    assert_text(post(f, "/things", "{\"name\":\"bolt\"}")->body, "body={\"name\":\"bolt\"};");
    const struct answer *a = post(f, "/things", "{\"nam\":\"bolt\",\"name\":\"x\"}");
    assert_problem(a, 400, "unknown_field");
    assert_non_null(strstr(a->body.ptr, "name"));
    assert_problem(post(f, "/things", "{\"count\":1}"), 422, "invalid");
    assert_problem(post(f, "/things", "{\"name\":\"longer than five\"}"), 422, "invalid");
    assert_problem(post(f, "/things", "{\"name\":\"a\",\"name\":\"b\"}"), 400, "malformed_json");
    assert_problem(post(f, "/things", "{"), 400, "malformed_json");
    assert_problem(post(f, "/things", NULL), 400, "bad_request");
    assert_problem(post(f, "/things", "[]"), 400, "bad_request");
    assert_status(post(f, "/bare", NULL), 200);
    assert_status(post(f, "/bare", "{}"), 200);
    assert_problem(post(f, "/bare", "{\"x\":1}"), 400, "unknown_field");
}

static void test_deep_body(void **state) {
    struct fixture *f = *state;
    static char deep[20001];
    memset(deep, '[', 10000);
    memset(deep + 10000, ']', 10000);
    assert_problem(post(f, "/things", deep), 400, "malformed_json");
}

static const struct answer *with_header(struct fixture *f, const char *method, const char *path, const char *name,
                                        const char *value) {
    const struct loopback_request r = {
        .method = method, .path = path, .body = strcmp(method, "GET") ? "{}" : NULL, .headers = {{name, value}}};
    return loopback_send(f->loop, &r);
}

static void test_content_type(void **state) {
    static const char *const good[] = {"application/json", "Application/JSON; charset=UTF-8",
                                       "application/json;charset=\"utf-8\""};
    static const char *const bad[] = {"",
                                      "text/plain",
                                      "application/x-www-form-urlencoded",
                                      "application/jsonx",
                                      "application/merge-patch+json", /* of PATCH alone */
                                      "application/json; charset=latin1",
                                      "multipart/form-data; boundary=x"};
    struct fixture *f = *state;
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        assert_status(with_header(f, "POST", "/bare", "Content-Type", good[i]), 200);
    }
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        assert_problem(with_header(f, "POST", "/bare", "Content-Type", bad[i]), 415, "unsupported_media_type");
    }
}

static void test_accept(void **state) {
    static const char *const good[] = {"",
                                       "*/*",
                                       "application/*",
                                       "text/html, application/json;q=0.1",
                                       "APPLICATION/JSON",
                                       "text/html;q=0.9,*/*;q=0.8",
                                       "*/*;q=0, application/json"};
    static const char *const bad[] = {"text/html", "application/json;q=0",   "*/*, application/json;q=0.0",
                                      "image/*",   "application/*;q=0, */*", "application/xml"};
    struct fixture *f = *state;
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        assert_status(with_header(f, "GET", "/json", "Accept", good[i]), 200);
    }
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        assert_problem(with_header(f, "GET", "/json", "Accept", bad[i]), 406, "not_acceptable");
    }
    assert_status(with_header(f, "GET", "/healthz", "Accept", "text/html"), 200);
}

static void test_limits(void **state) {
    struct fixture *f = *state;
    static char path[9000];
    static char body[70000];
    memset(path, 'a', sizeof path - 1);
    path[0] = '/';
    path[f->stub->app.max_uri] = '\0';
    assert_problem(get(f, path), 404, "not_found");
    path[f->stub->app.max_uri] = 'a';
    path[f->stub->app.max_uri + 1] = '\0';
    assert_problem(get(f, path), 414, "uri_too_long");
    memset(body, ' ', sizeof body - 1);
    body[0] = '{';
    f->stub->app.max_body = sizeof body - 2;
    assert_problem(post(f, "/bare", body), 413, "body_too_large");
    body[sizeof body - 2] = '}';
    f->stub->app.max_body = sizeof body - 1;
    assert_status(post(f, "/bare", body), 200);
    assert_problem(get(f, "/json?a\x01"), 400, "bad_request");
    assert_problem(get(f, "/js\xc3\xb6n"), 400, "bad_request");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_parameters), TEST(test_bad_parameters), TEST(test_many_parameters), TEST(test_body),
        TEST(test_deep_body),  TEST(test_content_type),   TEST(test_accept),          TEST(test_limits),
    };
    return cmocka_run_group_tests_name("pipeline_validate", tests, NULL, NULL);
}
