/* SPDX-License-Identifier: MIT
 * test_describe_shipped.c - the plugins that come with the server, as documents say them: names that are unique,
 * references that lead somewhere, answers of each. */
#include "test.h"

#include <stdio.h>
#include <stdlib.h>

#include "described.h"

static struct app app;
static struct arena *arena;
static struct describe shipped;
static struct fixtures fixtures;
static struct catalogue catalogue;
static struct describe small;

static int compare(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Fails on the first that is there twice. */
static void assert_unique(const char **names, size_t count) {
    qsort(names, count, sizeof *names, compare);
    for (size_t i = 1; i < count; i++) {
        if (strcmp(names[i - 1], names[i]) == 0) {
            print_error("%s is there twice\n", names[i]);
            fail();
        }
    }
}

static const struct route *find(struct describe *d, uint32_t method, const char *path) {
    for (uint32_t i = 0; i < d->catalogue->route_count; i++) {
        if (d->catalogue->routes[i].method == method && strcmp(d->catalogue->routes[i].path, path) == 0) {
            return &d->catalogue->routes[i];
        }
    }
    print_error("no route %s\n", path);
    fail();
    return NULL;
}

/* ---- names ---- */

static void check_ids(struct describe *d) {
    const uint32_t count = d->catalogue->route_count;
    const char **ids = arena_alloc_array(arena, sizeof *ids, count);
    assert_non_null(ids);
    for (uint32_t i = 0; i < count; i++) {
        ids[i] = describe_operation_id(d, &d->catalogue->routes[i]);
        if (strspn(ids[i], "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") != strlen(ids[i]) ||
            ids[i][0] < 'a' || ids[i][0] > 'z') {
            print_error("%s is no name of a function\n", ids[i]);
            fail();
        }
    }
    assert_unique(ids, count);
}

static void test_operation_ids(void **state) {
    (void)state;
    assert_true(shipped.catalogue->route_count > 170);
    check_ids(&shipped);
    check_ids(&small);
    assert_string_equal(describe_operation_id(&shipped, find(&shipped, ALEES_GET, "/api/v1/products")), "listProducts");
    assert_string_equal(describe_operation_id(&shipped, find(&shipped, ALEES_POST, "/api/v1/organizations/{id}/move")),
                        "postOrganizationsMove");
}

/* The second of two plugins that have a resource of one name bears the plugin's before its own. */
static void test_schema_names(void **state) {
    const uint32_t count = shipped.catalogue->resource_count;
    const char **names = arena_alloc_array(arena, sizeof *names, count);
    (void)state;
    assert_non_null(names);
    for (uint32_t i = 0; i < count; i++) {
        names[i] = describe_schema_name(&shipped, shipped.catalogue->resources[i]);
    }
    assert_unique(names, count);
    assert_string_equal(describe_schema_name(&small, catalogue_resource(&catalogue, "good.thing")), "Thing");
    assert_string_equal(describe_schema_name(&small, catalogue_resource(&catalogue, "twin.thing")), "TwinThing");
    assert_string_equal(describe_operation_id(&small, find(&small, ALEES_POST, "/api/v1/twin-things")),
                        "createTwinThing");
}

static void test_groups(void **state) {
    static const struct {
        uint32_t method;
        const char *path, *group;
    } cases[] = {
        {ALEES_GET, "/healthz", "Server"},
        {ALEES_GET, "/api/v1/units-of-measure/{id}", "Units of measure"},
        {ALEES_DELETE, "/api/v1/twin-things", "API twins"},
        {ALEES_POST, "/api/v1/twin-things/echo", "API twins"},
        {ALEES_GET, "/api/v1/mirror", "Mirrors"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        assert_string_equal(describe_group(&small, find(&small, cases[i].method, cases[i].path)), cases[i].group);
    }
    assert_string_equal(find(&small, ALEES_POST, "/api/v1/twin-things")->summary, "Create an API twin");
    assert_string_equal(find(&small, ALEES_PATCH, "/api/v1/twin-things")->summary, "Change many API twins");
    assert_string_equal(find(&small, ALEES_POST, "/api/v1/twin-things/{id}/restore")->summary, "Restore an API twin");
}

static uint32_t groups_seen;
static const char *group_names[64];

static void note_group(struct describe *d, const struct describe_group *group) {
    (void)d;
    assert_true(groups_seen < ARRAY_LEN(group_names));
    group_names[groups_seen++] = group->name;
    assert_true(group->description[0] != '\0');
}

static void test_every_group_once(void **state) {
    (void)state;
    groups_seen = 0;
    describe_groups(&shipped, note_group);
    assert_true(groups_seen > 15);
    for (uint32_t i = 0; i < shipped.catalogue->route_count; i++) {
        const char *group = describe_group(&shipped, &shipped.catalogue->routes[i]);
        bool is_there = false;
        for (uint32_t k = 0; k < groups_seen; k++) {
            is_there = is_there || strcmp(group_names[k], group) == 0;
        }
        assert_true(is_there);
    }
    assert_unique(group_names, groups_seen);
}

/* ---- answers and parameters ---- */

static struct { uint32_t successes, problems, last; } seen;

static void note_answer(struct describe *d, const struct describe_answer *a) {
    (void)d;
    assert_true(a->status > seen.last); /* each once; successes are smaller */
    assert_true(a->description[0] != '\0');
    assert_int_equal(a->is_problem, a->status >= 400);
    assert_true(!a->types == !a->schema);
    seen.last = a->status;
    seen.successes += a->status < 300;
    seen.problems += a->is_problem;
}

static void test_every_route_answers(void **state) {
    (void)state;
    for (uint32_t i = 0; i < shipped.catalogue->route_count; i++) {
        const struct route *route = &shipped.catalogue->routes[i];
        memset(&seen, 0, sizeof seen);
        describe_answers(&shipped, route, note_answer);
        if (seen.successes == 0 || seen.problems == 0) {
            print_error("%s: %u successes, %u problems\n", route->path, seen.successes, seen.problems);
            fail();
        }
    }
}

static const struct describe_answer *wanted;
static struct describe_answer answer_copy;
static uint32_t wanted_status;

static void note_wanted(struct describe *d, const struct describe_answer *a) {
    (void)d;
    if (a->status == wanted_status) {
        answer_copy = *a;
        wanted = &answer_copy;
    }
}

/* What the route says of that status; NULL: it never gives it. */
static const struct describe_answer *answer_of(uint32_t method, const char *path, uint32_t status) {
    wanted = NULL;
    wanted_status = status;
    describe_answers(&shipped, find(&shipped, method, path), note_wanted);
    return wanted;
}

/* Statuses that some routes alone give, and such that all of them do. */
static void test_statuses(void **state) {
    static const struct {
        uint32_t method;
        const char *path;
        uint32_t status;
        bool is_given;
    } cases[] = {
        {ALEES_GET, "/healthz", 413, true}, /* a body that nobody reads has its limit, too */
        {ALEES_GET, "/api/v1/products/{id}", 413, true},
        {ALEES_DELETE, "/api/v1/products", 413, true},
        {ALEES_GET, "/api/v1/products", 404, false},                  /* what is not seen is not in it */
        {ALEES_PATCH, "/api/v1/custom-field-definitions", 404, true}, /* a hook may refuse so */
        {ALEES_POST, "/api/v1/organization-types", 404, false},
        {ALEES_PATCH, "/api/v1/organization-types", 404, false},
        {ALEES_DELETE, "/api/v1/organization-types", 404, false},
        {ALEES_GET, "/api/v1/products/{id}", 404, true},
        {ALEES_GET, "/api/v1/products/{id}/history", 404, true},
        {ALEES_GET, "/api/v1/contacts", 404, true},      /* represent */
        {ALEES_GET, "/api/v1/contacts/tags", 404, true}, /* for who may not read the field */
        {ALEES_POST, "/api/v1/contacts/{contact}/addresses", 404, true},
        {ALEES_GET, "/api/v1/rbac/can", 404, true}, /* a handler answers what it wants */
        {ALEES_PATCH, "/api/v1/products/{id}", 428, true},
        {ALEES_PATCH, "/api/v1/products", 428, false},
        {ALEES_GET, "/api/v1/products", 501, false},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        if ((answer_of(cases[i].method, cases[i].path, cases[i].status) != NULL) != cases[i].is_given) {
            print_error("%s: %u %s\n", cases[i].path, cases[i].status,
                        cases[i].is_given ? "is given" : "is never given");
            fail();
        }
    }
    /* the lines of an import have begun before it is known whether it creates anything */
    assert_string_equal(answer_of(ALEES_POST, "/api/v1/products", 200)->types[1], "application/x-ndjson");
    assert_null(answer_of(ALEES_POST, "/api/v1/products", 201)->types[1]);
    assert_non_null(strstr(answer_of(ALEES_PUT, "/api/v1/products/{id}", 428)->description, "require_if_match"));
}

/* How much is left of a rate is told by all that count for one. */
static void test_rate_headers(void **state) {
    static const uint32_t both = DESCRIBE_RATE | DESCRIBE_RATE_POLICY;
    (void)state;
    assert_int_equal(answer_of(ALEES_GET, "/api/v1/products", 200)->headers & both, both);
    assert_int_equal(answer_of(ALEES_POST, "/api/v1/auth/login", 200)->headers & both, both);
    assert_int_equal(answer_of(ALEES_GET, "/openapi.json", 304)->headers & both, both);
    assert_int_equal(answer_of(ALEES_GET, "/healthz", 200)->headers & both, 0);
    assert_int_equal(answer_of(ALEES_GET, "/docs", 304)->headers & both, 0);
}

static const char *wanted_header;
static const struct describe_header *header_found;

static void note_header(struct describe *d, const struct describe_header *h) {
    (void)d;
    if (strcmp(h->name, wanted_header) == 0) {
        assert_null(header_found);
        header_found = h;
    }
}

static const struct describe_header *header_of(uint32_t method, const char *path, const char *name) {
    wanted_header = name;
    header_found = NULL;
    describe_headers(&shipped, find(&shipped, method, path), note_header);
    return header_found;
}

static void test_conditions(void **state) {
    static const char row[] = "/api/v1/products/{id}", *const conditions[] = {"If-Match", "If-None-Match"};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(conditions); i++) {
        assert_non_null(header_of(ALEES_PATCH, row, conditions[i]));
        assert_non_null(header_of(ALEES_PUT, row, conditions[i]));
        assert_non_null(header_of(ALEES_DELETE, row, conditions[i]));
        assert_non_null(header_of(ALEES_POST, "/api/v1/products/{id}/restore", conditions[i]));
        assert_null(header_of(ALEES_POST, "/api/v1/products", conditions[i]));
        assert_null(header_of(ALEES_PATCH, "/api/v1/products", conditions[i]));
    }
    assert_null(header_of(ALEES_GET, row, "If-Match"));
    assert_non_null(header_of(ALEES_GET, row, "If-None-Match"));
    assert_non_null(header_of(ALEES_GET, "/docs", "If-None-Match"));
    assert_null(header_of(ALEES_GET, "/api/v1/products", "If-None-Match"));
    /* one that is no list of ETags is refused of a write, and means nothing to GET */
    assert_non_null(strstr(header_of(ALEES_PATCH, row, "If-None-Match")->schema, "pattern"));
    assert_null(strstr(header_of(ALEES_GET, row, "If-None-Match")->schema, "pattern"));
}

static const char *names[1024];
static uint32_t name_count;

static void note_parameter(struct describe *d, const struct describe_parameter *p) {
    (void)d;
    assert_true(name_count < ARRAY_LEN(names));
    names[name_count++] = p->name;
    assert_non_null(p->schema);
}

static void test_parameters_once(void **state) {
    (void)state;
    for (uint32_t i = 0; i < shipped.catalogue->route_count; i++) {
        name_count = 0;
        describe_query(&shipped, &shipped.catalogue->routes[i], note_parameter);
        assert_unique(names, name_count);
    }
    name_count = 0;
    describe_query(&small, find(&small, ALEES_GET, "/api/v1/mirror"), note_parameter);
    assert_int_equal(name_count, 0);
}

/* ---- references ---- */

static const char reference[] = "\"$ref\":\"#/components/";

/* Is "name":{ a member of components/place? Those of one place have no names in common with keywords of schemas. */
static bool is_defined(const char *components, const char *place_and_name) {
    char place[64], name[256];
    const char *slash = strchr(place_and_name, '/'), *at;
    (void)snprintf(place, sizeof place, "\"%.*s\":{", (int)(slash - place_and_name), place_and_name);
    (void)snprintf(name, sizeof name, "\"%s\":{", slash + 1);
    at = strstr(components, place);
    return at && strstr(at, name);
}

static void check_references(struct describe *d) {
    alees_str text = describe_openapi(arena, d->catalogue, NULL, false);
    const char **found = arena_alloc_array(arena, sizeof *found, text.len / sizeof reference);
    size_t count = 0;
    assert_non_null(text.ptr);
    assert_non_null(found);
    const char *components = strstr(text.ptr, "\"components\":{");
    assert_non_null(components);
    for (const char *p = text.ptr; (p = strstr(p, reference)) != NULL;) {
        p += sizeof reference - 1;
        found[count++] = arena_dup(arena, p, strcspn(p, "\""));
    }
    assert_true(count > 0);
    qsort(found, count, sizeof *found, compare);
    for (size_t i = 0; i < count; i++) {
        if ((i == 0 || strcmp(found[i - 1], found[i]) != 0) && !is_defined(components, found[i])) {
            print_error("#/components/%s is defined nowhere\n", found[i]);
            fail();
        }
    }
}

static void test_references(void **state) {
    (void)state;
    check_references(&shipped);
    check_references(&small);
}

/* A document of some routes names no others. */
static void test_told(void **state) {
    bool *told = arena_alloc_array(arena, sizeof *told, catalogue.route_count);
    const struct route *route = find(&small, ALEES_GET, "/api/v1/mirror");
    (void)state;
    assert_non_null(told);
    memset(told, 0, catalogue.route_count * sizeof *told);
    told[route - catalogue.routes] = true;
    alees_str text = describe_openapi(arena, &catalogue, told, false);
    assert_non_null(text.ptr);
    assert_non_null(strstr(text.ptr, "\"/api/v1/mirror\":"));
    assert_null(strstr(text.ptr, "twin-things"));
    assert_null(strstr(text.ptr, "\"name\":\"Server\""));
}

static int setup(void **state) {
    struct str none;
    (void)state;
    described_open(&app);
    described_small(&fixtures, &catalogue);
    arena = arena_new(DESCRIBED_MEMORY);
    assert_non_null(arena);
    str_init(&none, arena, 0);
    describe_init(&shipped, &none, arena, &app.catalogue, NULL);
    describe_init(&small, &none, arena, &catalogue, NULL);
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
        cmocka_unit_test(test_operation_ids),
        cmocka_unit_test(test_schema_names),
        cmocka_unit_test(test_groups),
        cmocka_unit_test(test_every_group_once),
        cmocka_unit_test(test_every_route_answers),
        cmocka_unit_test(test_statuses),
        cmocka_unit_test(test_rate_headers),
        cmocka_unit_test(test_conditions),
        cmocka_unit_test(test_parameters_once),
        cmocka_unit_test(test_references),
        cmocka_unit_test(test_told),
    };
    return cmocka_run_group_tests_name("describe_shipped", tests, setup, teardown);
}
