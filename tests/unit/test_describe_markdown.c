/* SPDX-License-Identifier: MIT
 * test_describe_markdown.c - docs/api.md: every route is in it, every link leads somewhere, nothing breaks out of its cell or
 * fence; examples out of a recording, and recordings that are wrong. */
#include "test.h"

#include <stdio.h>

#include "described.h"

static struct app app;
static struct arena *arena;
static struct fixtures fixtures;
static struct catalogue catalogue;
static char errors[1024];

static const char *document(const struct catalogue *c, const alees_json *examples) {
    alees_str text = describe_markdown(arena, c, examples);
    assert_non_null(text.ptr);
    assert_int_equal(strlen(text.ptr), text.len);
    return text.ptr;
}

static alees_rc read_examples(const char *text, const alees_json **ret_examples) {
    FILE *file;
    memset(errors, 0, sizeof errors);
    file = fmemopen(errors, sizeof errors - 1, "w");
    assert_non_null(file);
    alees_rc rc = describe_examples(arena, &catalogue, "x.json", alees_text(text), file, ret_examples);
    assert_int_equal(fclose(file), 0);
    return rc;
}

static void assert_contains(const char *text, const char *part) {
    if (!strstr(text, part)) {
        print_error("not there: %s\n", part);
        fail();
    }
}

static void test_every_route(void **state) {
    const char *text = document(&app.catalogue, NULL);
    char heading[512];
    (void)state;
    for (uint32_t i = 0; i < app.catalogue.route_count; i++) {
        const struct route *route = &app.catalogue.routes[i];
        (void)snprintf(heading, sizeof heading, "\n### %s %s\n\n**%s.**", plugin_method(route->method), route->path,
                       route->summary);
        assert_contains(text, heading);
        assert_null(strstr(strstr(text, heading) + 1, heading)); /* and once */
    }
}

/* ](#place) -> <a id="place">, which is there once. */
static void test_links(void **state) {
    const char *text = document(&app.catalogue, NULL);
    char anchor[256];
    uint32_t links = 0;
    (void)state;
    for (const char *p = text; (p = strstr(p, "](#")) != NULL; links++) {
        p += 3;
        (void)snprintf(anchor, sizeof anchor, "<a id=\"%.*s\"></a>", (int)strcspn(p, ")"), p);
        assert_contains(text, anchor);
        assert_null(strstr(strstr(text, anchor) + 1, anchor));
    }
    assert_true(links > 1000);
}

/* Of two parameters of one name each link leads to the one that is meant. */
static void test_parameters_of_one_name(void **state) {
    const char *text = document(&app.catalogue, NULL);
    const char *create = strstr(text, "\n### POST /api/v1/products\n"), *tags = strstr(text, "/api/v1/contacts/tags\n");
    (void)state;
    assert_contains(text, "<a id=\"parameter-import-organization\"></a>`organization` | Of an import: ");
    assert_contains(text, "<a id=\"parameter-tags-search\"></a>`search` | The beginning of a tag. |");
    assert_non_null(create);
    assert_non_null(tags);
    assert_non_null(strstr(create, "[organization](#parameter-import-organization)"));
    assert_true(strstr(create, "#parameter-import-organization") < strstr(create + 1, "\n### "));
    assert_true(strstr(tags, "#parameter-tags-search") < strstr(tags, "\n### "));
}

/* The heading of an endpoint, up to the next one, has this. */
static void assert_endpoint(const char *text, const char *heading, const char *part) {
    const char *start = strstr(text, heading), *found = start ? strstr(start, part) : NULL;
    if (!found || found > strstr(start + 1, "\n### ")) {
        print_error("%s: not there: %s\n", heading, part);
        fail();
    }
}

/* Who may, and with what: what the flags of routes say. */
static void test_who_and_what(void **state) {
    const char *text = document(&app.catalogue, NULL);
    (void)state;
    assert_endpoint(text, "\n### POST /api/v1/api-keys\n",
                    "- Permission: none; a login is enough, an API key is not\n");
    assert_endpoint(text, "\n### GET /api/v1/auth/me\n", "- Permission: none; a login is enough\n");
    assert_endpoint(text, "\n### POST /api/v1/auth/login\n", "- Permission: none, nor a login\n");
    assert_endpoint(text, "\n### POST /api/v1/invitations/accept\n",
                    "- Permission: none, nor a login; the token of those who send one counts\n");
    assert_endpoint(text, "\n### PATCH /api/v1/contacts\n",
                    " that are not read only, but for `organization`, `email_addresses`, ");
    assert_endpoint(text, "\n### PATCH /api/v1/contacts/{id}\n", " that are not read only\n");
}

/* A row has as many cells as its table, and fences are closed. */
static void test_form(void **state) {
    const char *text = document(&app.catalogue, NULL);
    uint32_t cells = 0, fences = 0;
    (void)state;
    for (const char *line = text; *line; line += strcspn(line, "\n") + 1) {
        size_t len = strcspn(line, "\n");
        uint32_t bars = 0;
        fences += len >= 3 && strncmp(line, "```", 3) == 0;
        for (size_t i = 0; i < len && line[0] == '|'; i++) {
            bars += line[i] == '|' && line[i - (i > 0)] != '\\';
        }
        if (cells > 0 && bars > 0 && bars != cells) {
            print_error("%u bars, not %u: %.*s\n", bars, cells, (int)len, line);
            fail();
        }
        cells = bars;
    }
    assert_true(fences > 300);
    assert_int_equal(fences % 2, 0);
}

static void test_escapes(void **state) {
    const char *text = document(&catalogue, NULL);
    (void)state;
    assert_contains(text, "One \\| two, &lt;script> and `a\\|b`, a \\` alone. Example: `` \"it's ```\" ``.");
    assert_contains(text, "\n~~~~sh\ncurl -X POST \"$BASE_URL\"'/api/v1/twin-things'");
    assert_contains(text, "\"it'\\''s ```\"");
}

static void test_fields(void **state) {
    const char *text = document(&catalogue, NULL);
    (void)state;
    assert_contains(text, "| `size` | integer, 2 or more |  | How large. |");
    assert_contains(text, "| `other` | id, of: [thing](#fields-Thing) | or null | The one in good. |");
    assert_contains(text, "| `elsewhere` | id, of: another plugin's resource | or null |");
    assert_contains(text, "| `kind` | one of `a`, `b` |  | Its kind. Default: `\"a\"`. |");
    assert_contains(text,
                    "| `name` | text, at most 100 characters | required, unique, filter, sort | What it is called.");
    assert_contains(text, "\n| `attributes` | `=` `__ne` `__contains` `__isnull`; members by `__NAME`");
    assert_contains(text, "of [the fields](#fields-TwinThing) that are not read only; required: `name`\n");
    assert_contains(text, "| <a id=\"error-not_found\"></a>`not_found` | 404 | server | Not found | ");
    assert_contains(text, "- Permission: none, nor a login\n");
    assert_contains(text, "- Permission: none; a login is enough\n");
    assert_contains(text, "```json\n{\"said\": \"hi\"}\n```\n");
}

#define EXCHANGE(id, path, status, request, response) \
    "{\"operationId\":\"" id "\",\"method\":\"POST\",\"path\":\"" path "\",\"status\":" status \
    ",\"request\":{\"headers\":{\"Authorization\":\"Bearer secret\",\"content-type\":\"application/json\"," \
    "\"User-Agent\":\"x\"},\"body\":" request \
    "},\"response\":{\"headers\":{\"ETag\":\"\\\"v1\\\"\",\"Date\":\"now\"}," \
    "\"body\":" response "}}"

static void test_recorded(void **state) {
    const alees_json *examples = NULL;
    const char *text;
    (void)state;
    assert_ok(read_examples(
        "[" EXCHANGE(
            "createTwinThing", "/api/v1/twin-things?x=it's", "201", "{\"name\":\"n\"}",
            "{\"list\":[1,2,3,4]}") "," EXCHANGE("createTwinThing", "/api/v1/twin-things", "404", "{}",
                                                 "{\"code\":\"not_found\"}") "," EXCHANGE("createTwinThing",
                                                                                          "/api/v1/twin-things", "422",
                                                                                          "{}",
                                                                                          "{\"code\":\"invalid\"}") "]",
        &examples));
    assert_string_equal(errors, "");
    text = document(&catalogue, examples);
    assert_contains(text, "curl -X POST \"$BASE_URL\"'/api/v1/twin-things?x=it'\\''s' \\\n"
                          "  -H \"Authorization: Bearer $TOKEN\" \\\n  -H 'Content-Type: application/json' \\\n"
                          "  -d '{\"name\": \"n\"}'\n```\n\n"
                          "```http\nHTTP/1.1 201\nETag: \"v1\"\n\n{\"list\": [1, 2, \"…\"]}\n```\n");
    assert_contains(text, "### What can go wrong\n");
    assert_contains(text, "HTTP/1.1 422\nETag: \"v1\"\n\n{\"code\": \"invalid\"}\n");
    assert_null(strstr(text, "HTTP/1.1 404")); /* 422 tells more */
    assert_null(strstr(text, "Bearer secret"));
    assert_contains(text, "```json\n{\"said\": \"hi\"}\n```\n"); /* what was not recorded is as declared */
}

static void test_wrong_recordings(void **state) {
    static const struct {
        const char *text, *error;
    } cases[] = {
        {"[", "x.json: "},
        {"{}", "x.json: it must be a list of exchanges\n"},
        {"[1]", "x.json: exchange 1: operationId must be a text\n"},
        {"[{\"operationId\":\"x\",\"method\":\"GET\"}]", "x.json: exchange 1: path must be a text\n"},
        {"[{\"operationId\":\"x\",\"method\":\"GET\",\"path\":\"/\",\"status\":9}]",
         "x.json: exchange 1: status must be"},
        {"[{\"operationId\":\"x\",\"method\":\"GET\",\"path\":\"/\",\"status\":200,\"request\":{}}]",
         "x.json: exchange 1: request and response must be objects\n"},
    };
    const alees_json *examples = NULL;
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        assert_true(read_examples(cases[i].text, &examples) < 0);
        assert_contains(errors, cases[i].error);
        assert_null(examples);
    }
}

/* Of a server with other plugins: said, and no failure. */
static void test_unknown_operation(void **state) {
    const alees_json *examples = NULL;
    (void)state;
    assert_ok(read_examples("[" EXCHANGE("createTwinThings", "/odd", "201", "{}", "{}") "]", &examples));
    assert_string_equal(errors,
                        "x.json: exchange 1: the operation createTwinThings is unknown and left out; did you mean "
                        "createTwinThing\n");
    assert_null(strstr(document(&catalogue, examples), "/odd"));
}

static void test_no_memory(void **state) {
    struct arena *little = arena_new(256 * 1024);
    (void)state;
    assert_non_null(little);
    assert_absent(describe_markdown(little, &app.catalogue, NULL));
    arena_free(little);
}

static int setup(void **state) {
    (void)state;
    described_open(&app);
    described_small(&fixtures, &catalogue);
    arena = arena_new(DESCRIBED_MEMORY);
    assert_non_null(arena);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    arena_free(arena);
    fixtures_end(&fixtures);
    described_close(&app);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_route),
        cmocka_unit_test(test_links),
        cmocka_unit_test(test_parameters_of_one_name),
        cmocka_unit_test(test_who_and_what),
        cmocka_unit_test(test_form),
        cmocka_unit_test(test_escapes),
        cmocka_unit_test(test_fields),
        cmocka_unit_test(test_recorded),
        cmocka_unit_test(test_wrong_recordings),
        cmocka_unit_test(test_unknown_operation),
        cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests_name("describe_markdown", tests, setup, teardown);
}
