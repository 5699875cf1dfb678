/* SPDX-License-Identifier: MIT
 * test_pipeline_negotiate.c - which media type and which coding a client gets. */
#include "test.h"

#include "alees/util.h"
#include "pipeline_impl.h"

static const char *const lists[] = {"application/json", "text/csv", "application/x-ndjson", NULL};
static const char *const json[] = {"application/json", NULL};

static void test_accept(void **state) {
    static const struct {
        const char *accept, *chosen; /* NULL: none will do */
    } cases[] = {
        {"", "application/json"},
        {" ", "application/json"},
        {"*/*", "application/json"},
        {"text/csv", "text/csv"},
        {"TEXT/CSV", "text/csv"},
        {"text/*", "text/csv"},
        {"text/csv, */*", "text/csv"},               /* as much wanted, but by name */
        {"*/*, text/csv;q=0.9", "application/json"}, /* less wanted, though by name */
        {"text/csv;q=0.5, application/json;q=0.4", "text/csv"},
        {"text/csv;q=0.4, application/json;q=0.5", "application/json"},
        {"text/csv;q=0.999,application/x-ndjson;q=1.000", "application/x-ndjson"},
        {"application/json;q=0, */*", "text/csv"}, /* anything but JSON */
        {"application/*;q=0, */*;q=0.1", "text/csv"},
        {"text/html, application/xhtml+xml, */*;q=0.8", "application/json"},
        {"application/json;version=1;q=0.2, text/csv ; q=0.3", "text/csv"},
        {"text/csv;Q=0.2, application/json;q=0.1", "text/csv"},
        {"text/html", NULL},
        {"*/*;q=0", NULL},
        {"*/*;q=0.000", NULL},
        {"application/json;q=0", NULL},
        {"application/json;q=0.9, text/csv;q=abc", "text/csv"}, /* no weight: as if there were none */
        {"application/json;q=0.9, text/csv;q=1.1", "text/csv"},
        {"application/json;q=0.9, text/csv;q=0.1234", "text/csv"},
        {"application/json;q=0.9, text/csv;q=-1", "text/csv"},
        {"application/json;q=0.9, text/csv;q=", "text/csv"},
        {"text/csvx", NULL},
        {"tex/*", NULL},
        {"text/", NULL},
        {",,;,", NULL},
        {"*", NULL},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const char *chosen = pipeline_negotiate(alees_text(cases[i].accept), lists);
        if (!chosen || !cases[i].chosen) {
            assert_true(chosen == cases[i].chosen);
        } else {
            assert_string_equal(chosen, cases[i].chosen);
        }
    }
    assert_ptr_equal(pipeline_negotiate((alees_str){NULL, 0}, lists), lists[0]);
    assert_null(pipeline_negotiate(STR_LIT("text/csv"), json));
}

static void test_codings(void **state) {
    static const char *const taken[] = {"gzip", "GZip",    "br, gzip",          "gzip;q=0.001",
                                        "*",    "*;q=0.5", "identity;q=0, gzip"};
    static const char *const refused[] = {"", "br", "gzip;q=0", "gzip;q=0.0, *", "*;q=0", "gzipped", "*/*", "identity"};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(taken); i++) {
        assert_true(pipeline_accepts_coding(alees_text(taken[i]), "gzip"));
    }
    for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
        assert_false(pipeline_accepts_coding(alees_text(refused[i]), "gzip"));
    }
    assert_false(pipeline_accepts_coding((alees_str){NULL, 0}, "gzip"));
}

static void test_body_types(void **state) {
    static const char *const taken[] = {"application/json", "Application/JSON", " application/json ; charset=UTF-8",
                                        "application/json;charset=\"utf-8\"", "application/json; x=y"};
    static const char *const refused[] = {
        "",         "application/json; charset=latin1", "application/json5", "text/json",
        "text/csv", "application/merge-patch+json"};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(taken); i++) {
        assert_ptr_equal(pipeline_body_type(alees_text(taken[i]), json), json[0]);
    }
    for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
        assert_null(pipeline_body_type(alees_text(refused[i]), json));
    }
}

/* What the engine's routes and the plugins' read and answer. */
static void test_routes(void **state) {
    struct alees_route decl = {.path = "/x"};
    struct route r = {.operation = ROUTE_PATCH, .method = ALEES_PATCH, .decl = &decl};
    (void)state;
    assert_string_equal(pipeline_body_types(&r)[0], "application/merge-patch+json");
    assert_string_equal(pipeline_body_types(&r)[1], "application/json");
    assert_string_equal(pipeline_answer_types(&r, false)[0], "application/json");
    r.operation = ROUTE_LIST;
    assert_string_equal(pipeline_answer_types(&r, false)[1], "text/csv");
    assert_string_equal(pipeline_answer_types(&r, false)[2], "application/x-ndjson");
    r.operation = ROUTE_CREATE;
    assert_null(pipeline_answer_types(&r, false)[1]);
    assert_string_equal(pipeline_answer_types(&r, true)[1], "application/x-ndjson");
    assert_string_equal(pipeline_body_types(&r)[1], "text/csv");
    r.operation = ROUTE_REMOVE;
    assert_null(pipeline_body_types(&r));
    r.operation = ROUTE_HOST;
    assert_null(pipeline_answer_types(&r, false));
    r.operation = ROUTE_PLUGIN;
    assert_null(pipeline_answer_types(&r, false)); /* it declares no answer */
    assert_string_equal(pipeline_body_types(&r)[0], "application/merge-patch+json");
    r.method = ALEES_POST;
    assert_string_equal(pipeline_body_types(&r)[0], "application/json");
    assert_null(pipeline_body_types(&r)[1]);
    r.method = ALEES_DELETE;
    assert_null(pipeline_body_types(&r));
}

/* Which bodies stay on the wire is known by the method and this header alone. */
static void test_streamed_bodies(void **state) {
    struct ctx_header header = {STR_LIT("content-type"), STR_LIT("text/csv; charset=utf-8")};
    struct alees_ctx ctx = {.request = {.method = ALEES_POST, .headers = &header, .header_count = 1}};
    (void)state;
    assert_true(pipeline_is_streamed(&ctx));
    assert_int_equal(ctx.request.format, CTX_CSV);
    header.value = STR_LIT("application/X-NDJSON");
    assert_true(pipeline_is_streamed(&ctx));
    assert_int_equal(ctx.request.format, CTX_NDJSON);
    ctx.request.method = ALEES_PATCH;
    assert_false(pipeline_is_streamed(&ctx));
    ctx.request.method = ALEES_POST;
    header.value = STR_LIT("text/csv; charset=latin1");
    assert_false(pipeline_is_streamed(&ctx));
    header.value = STR_LIT("application/json");
    assert_false(pipeline_is_streamed(&ctx));
}

static void test_lists(void **state) {
    struct arena *arena = test_arena();
    (void)state;
    assert_string_equal(pipeline_list_types(arena, lists, " or ").ptr,
                        "application/json, text/csv or application/x-ndjson");
    assert_string_equal(pipeline_list_types(arena, json, " or ").ptr, "application/json");
    arena_free(arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_accept), cmocka_unit_test(test_codings), cmocka_unit_test(test_body_types),
        cmocka_unit_test(test_routes), cmocka_unit_test(test_lists),   cmocka_unit_test(test_streamed_bodies),
    };
    return cmocka_run_group_tests_name("pipeline_negotiate", tests, NULL, NULL);
}
