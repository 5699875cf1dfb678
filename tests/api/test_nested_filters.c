/* SPDX-License-Identifier: MIT
 * test_nested_filters.c - owners chosen by what their parts are like, on the whole server with tests/plugins/parcel.c; by
 * whom, and what is refused. */
#include "test.h"

#include <stdio.h>

#include "world.h"

/* As in world_users. */
enum { ADMIN, ACME_MANAGER, ACME_VIEWER, GLOBEX_MANAGER, BOTH, NOBODY };

#define ACME "01930000-0000-7000-8000-000000000001"
#define GLOBEX "01930000-0000-7000-8000-000000000003"
#define VIEWER "00000000-0000-7000-8000-000000000004"
#define BOX(n) "0193a5e0-7c2b-7d3e-9f10-00000000b00" #n

/* Boxes a to d of Acme, e of Globex. */
static void put_rows(struct world *w) {
    pg_exec(&w->pg,
            "DELETE FROM parcel.box;"
            "INSERT INTO parcel.box (id, organization_id, name) VALUES "
            "('" BOX(1) "', '" ACME "', 'a'), ('" BOX(2) "', '" ACME "', 'b'), ('" BOX(3) "', '" ACME "', 'c'), ('" BOX(
                4) "', '" ACME
                   "', 'd'), ('" BOX(
                       5) "', '" GLOBEX "', 'e');"
                          "INSERT INTO parcel.item (organization_id, box_id, name, quantity, serial, kind, is_first) "
                          "VALUES "
                          "('" ACME
                          "', '" BOX(1) "', 'bolt', 5, 'S1', 'goods', true),"
                                        "('" ACME
                                        "', '" BOX(1) "', 'paper', 1, NULL, 'filling', false),"
                                                      "('" ACME "', '" BOX(
                                                          2) "', 'bolt', 7, NULL, 'filling', false),"
                                                             "('" ACME "', '" BOX(
                                                                 3) "', 'Bolted 100%', 9, 'S3', 'goods', true),"
                                                                    "('" GLOBEX "', '" BOX(
                                                                        5) "', 'bolt', 5, 'S1', 'goods', true);"
                                                                           "INSERT INTO parcel.label (organization_id, "
                                                                           "box_id, text, is_main) VALUES "
                                                                           "('" ACME
                                                                           "', '" BOX(4) "', 'fragile', true)");
}

static const char *escaped(struct world *w, const char *query) {
    struct str s;
    str_init(&s, w->arena, 256);
    for (const char *p = query; *p; p++) {
        if (strchr("{}[]\"% ", *p)) {
            str_printf(&s, "%%%02X", (unsigned)*p);
        } else {
            str_putc(&s, *p);
        }
    }
    return str_done(&s).ptr;
}

/* The names of the rows, in order. */
static const char *names_of(struct world *w, size_t user, const char *query) {
    const struct answer *a = world_ask(w, user, "GET", world_text(w, "/api/v1/boxes?%s", escaped(w, query)), NULL);
    struct str s;
    world_must(a, 200, user, query);
    str_init(&s, w->arena, 16);
    for (uint32_t i = 0; i < jx_size(answer_at(a, "/results")); i++) {
        str_view(&s, answer_text(a, world_text(w, "/results/%u/name", i)));
    }
    return str_done(&s).ptr;
}

static void test_boxes_are_chosen_by_their_items(void **state) {
    static const struct {
        const char *query, *names; /* for acme-manager */
    } rows[] = {
        {"items__name=bolt", "ab"},
        {"items__name__ne=bolt", "ac"},
        {"items__name__icontains=BOLT", "abc"},
        {"items__name__icontains=100%", "c"},
        {"items__name__startswith=bo", "ab"},
        {"items__name__in=paper,nothing", "a"},
        {"items__quantity__gte=7", "bc"},
        {"items__quantity__range=2,6", "a"},
        {"items__kind=filling", "ab"},
        {"items__is_first=true", "ac"},
        {"items__serial__isnull=true", "ab"},
        {"items__serial__isnull=false", "ac"},
        {"items__isnull=true", "d"},
        {"items__isnull=false", "abc"},
        {"items__isnull=true&labels__text=fragile", "d"},
        {"labels__isnull=false&items__isnull=false", ""},
        {"name=b&items__name=bolt", "b"},
        {"items__name=nothing", ""},
        /* of the same item */
        {"items__name=bolt&items__kind=goods", "a"},
        {"items__kind=filling&items__quantity__lt=5", "a"},
        {"items__name=paper&items__is_first=true", ""},
        {"filter={\"items__name\":\"paper\",\"items__is_first\":true}", ""},
        /* of one or of another */
        {"filter={\"and\":[{\"items__name\":\"paper\"},{\"items__is_first\":true}]}", "a"},
        {"filter={\"or\":[{\"items__name\":\"paper\"},{\"labels__text\":\"fragile\"}]}", "ad"},
        {"filter={\"or\":[{\"items__name\":\"bolt\",\"items__kind\":\"goods\"},{\"name\":\"c\"}]}", "ac"},
        {"filter={\"not\":{\"items__name\":\"bolt\"}}", "cd"},
        {"filter={\"not\":{\"items__isnull\":false}}", "d"},
        {"filter={\"items__quantity__in\":[1,9]}", "ac"},
        {"filter={\"items__serial\":null}", "ab"},
        {"filter={\"items__isnull\":true}", "d"},
        {"items__name=bolt&count=exact&page=1&page_size=1", "a"},
        {"items__name=bolt&ordering=-name", "ba"},
    };
    struct world *w = *state;
    put_rows(w);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        print_message("%s\n", rows[i].query);
        assert_string_equal(names_of(w, ACME_MANAGER, rows[i].query), rows[i].names);
    }
}

static void test_everybody_chooses_from_their_own(void **state) {
    struct world *w = *state;
    put_rows(w);
    assert_string_equal(names_of(w, ADMIN, "items__name=bolt"), "abe");
    assert_string_equal(names_of(w, ADMIN, "items__name=bolt&organization=" GLOBEX), "e");
    assert_string_equal(names_of(w, BOTH, "items__name=bolt"), "abe");
    assert_string_equal(names_of(w, BOTH, "items__name=bolt&items__kind=goods"), "ae");
    assert_string_equal(names_of(w, BOTH, "items__isnull=true"), "d");
    assert_string_equal(names_of(w, ACME_VIEWER, "items__serial=S1"), "a");
    assert_string_equal(names_of(w, GLOBEX_MANAGER, "items__serial=S1"), "e");
    assert_string_equal(names_of(w, GLOBEX_MANAGER, "items__name__icontains=o"), "e");
    assert_string_equal(names_of(w, NOBODY, "items__name=bolt"), "");
    const struct answer *a = world_ask(w, BOTH, "GET", "/api/v1/boxes?items__name=bolt&count=exact&page_size=1", NULL);
    world_must(a, 200, BOTH, "count");
    assert_int_equal(answer_integer(a, "/count"), 3);
    a = world_ask(w, BOTH, "GET", answer_text(a, "/next").ptr, NULL);
    world_must(a, 200, BOTH, "next");
    assert_text(answer_text(a, "/results/0/name"), "b");
}

static void test_many_are_chosen_by_items(void **state) {
    struct world *w = *state;
    put_rows(w);
    const struct answer *a =
        world_ask(w, ACME_MANAGER, "PATCH", "/api/v1/boxes?items__name=bolt&items__kind=goods", "{\"note\":\"seen\"}");
    world_must(a, 200, ACME_MANAGER, "patch");
    assert_int_equal(answer_integer(a, "/count"), 1);
    assert_int_equal(pg_count(&w->pg, "SELECT count(*) FROM parcel.box WHERE note = 'seen' AND name = 'a'"), 1);
    a = world_ask(w, BOTH, "DELETE", "/api/v1/boxes?items__serial=S1&organization=" GLOBEX, NULL);
    world_must(a, 200, BOTH, "delete");
    assert_int_equal(pg_count(&w->pg, "SELECT count(*) FROM parcel.box"), 4);
}

static void test_what_is_refused(void **state) {
    static const struct {
        const char *query, *code, *detail;
    } rows[] = {
        {"items=1", "unknown_parameter", "name one of their fields"},
        {"items__nmae=a", "unknown_parameter", "did you mean \\\"items__name\\\"?"},
        {"itms__name=a", "unknown_parameter", "did you mean \\\"items__name\\\"?"},
        {"items__name__like=a", "unknown_parameter", "The operators of \\\"name\\\" are"},
        {"items__quantity__icontains=1", "unknown_parameter", "The operators of \\\"quantity\\\" are"},
        {"items__quantity=many", "bad_parameter", "items__quantity must be a whole number"},
        {"items__kind=good", "bad_parameter", "must be one of goods, filling"},
        {"items__isnull=maybe", "bad_parameter", "must be true or false"},
        {"items__isnull__ne=true", "unknown_parameter", "items__isnull__ne"},
        {"items__box=" BOX(1), "unknown_parameter", "items__box"},
        {"items__organization=" ACME, "unknown_parameter", "items__organization"},
        {"items__created_at__gte=2026-01-01T00:00:00Z", "unknown_parameter", "items__created_at__gte"},
        {"items__=1", "unknown_parameter", ""},
        {"items____name=1", "unknown_parameter", ""},
        {"labels__trail=1", "unknown_parameter", "labels__trail"},
        {"filter={\"items\":{\"name\":\"a\"}}", "unknown_parameter", "name one of their fields"},
        {"filter={\"items__quantity\":\"a\"}", "bad_parameter", "items__quantity"},
        {"items__name=a&items__name=b", "bad_parameter", "twice"},
        {"nonsense__name=a", "unknown_parameter", "nonsense__name"},
    };
    struct world *w = *state;
    put_rows(w);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const char *path = world_text(w, "/api/v1/boxes?%s", escaped(w, rows[i].query));
        const struct answer *a = world_ask(w, ACME_MANAGER, "GET", path, NULL);
        print_message("%s: %.*s\n", rows[i].query, STR_FMT(answer_text(a, "/detail")));
        assert_problem(a, 400, rows[i].code);
        assert_non_null(strstr(a->body.ptr, rows[i].detail));
    }
}

/* Who may not read the items learns nothing of them by a filter. */
static void test_a_field_that_may_not_be_read(void **state) {
    static const char *const queries[] = {"items__name=bolt", "items__isnull=true",
                                          "filter={\"not\":{\"items__kind\":\"goods\"}}"};
    struct world *w = *state;
    const struct answer *a;
    put_rows(w);
    pg_exec(&w->pg, "INSERT INTO rbac.field_permission "
                    "(organization_id, role_id, resource, read_fields, create_fields, update_fields) "
                    "VALUES (NULL, '" VIEWER "', 'parcel.box', '{name,note,labels}', '{}', '{}')");
    loopback_close(w->loopback);
    for (size_t i = 0; i < WORLD_USERS; i++) {
        w->tokens[i] = NULL;
    }
    w->loopback = loopback_open(w->pg.conf, NULL);
    a = loopback_request(w->loopback, "POST", "/api/v1/auth/login", NULL,
                         "{\"username\":\"acme-viewer\",\"password\":\"demo-password\"}");
    assert_status(a, 200);
    w->tokens[ACME_VIEWER] = world_text(w, "%s", answer_text(a, "/token").ptr);
    for (size_t i = 0; i < ARRAY_LEN(queries); i++) {
        const char *path = world_text(w, "/api/v1/boxes?%s", escaped(w, queries[i]));
        assert_problem(world_ask(w, ACME_VIEWER, "GET", path, NULL), 400, "unknown_parameter");
    }
    assert_string_equal(names_of(w, ACME_VIEWER, "labels__text=fragile"), "d");
    a = world_ask(w, ACME_VIEWER, "GET", "/api/v1/boxes", NULL);
    world_must(a, 200, ACME_VIEWER, "list");
    assert_null(strstr(a->body.ptr, "items"));
    assert_non_null(strstr(a->body.ptr, "\"labels\":[{"));
    assert_problem(world_ask(w, ACME_VIEWER, "GET", "/api/v1/boxes?fields=items", NULL), 400, "bad_parameter");
    a = world_ask(w, ACME_VIEWER, "GET", "/api/v1/boxes/" BOX(1), NULL);
    world_must(a, 200, ACME_VIEWER, "one");
    assert_null(strstr(a->body.ptr, "bolt"));
}

static int set_up(void **state) {
    return world_setup_with(state, "parcel");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_boxes_are_chosen_by_their_items), cmocka_unit_test(test_everybody_chooses_from_their_own),
        cmocka_unit_test(test_many_are_chosen_by_items),        cmocka_unit_test(test_what_is_refused),
        cmocka_unit_test(test_a_field_that_may_not_be_read), /* the last: the roles are others from then on */
    };
    return cmocka_run_group_tests_name("nested_filters", tests, set_up, world_teardown);
}
