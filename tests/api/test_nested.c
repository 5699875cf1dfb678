/* SPDX-License-Identifier: MIT
 * test_nested.c - parts within their owner, on the whole server with the plugin tests/plugins/parcel.c: what is shown of
 * them and to whom, what becomes of them when they are written. It runs three times, with both locks and with each alone. */
#include "test.h"

#include <stdio.h>

#include "world.h"

/* As in world_users. */
enum { ADMIN, ACME_MANAGER, ACME_VIEWER, GLOBEX_MANAGER, BOTH, NOBODY };

#define ACME "01930000-0000-7000-8000-000000000001"
#define BERLIN "01930000-0000-7000-8000-000000000002"
#define GLOBEX "01930000-0000-7000-8000-000000000003"
#define VIEWER "00000000-0000-7000-8000-000000000004"
#define BOX(n) "0193a5e0-7c2b-7d3e-9f10-00000000b00" #n
#define ITEM(n) "0193a5e0-7c2b-7d3e-9f10-00000000c00" #n
#define LABEL(n) "0193a5e0-7c2b-7d3e-9f10-00000000d00" #n

static void put_rows(struct world *w) {
    pg_exec(&w->pg,
            "DELETE FROM parcel.box;"
            "INSERT INTO parcel.box (id, organization_id, name) VALUES "
            "('" BOX(1) "', '" ACME "', 'one'), ('" BOX(
                2) "', '" ACME "', 'two'), "
                   "('" BOX(3) "', '" GLOBEX "', 'three');"
                               "INSERT INTO parcel.item (id, organization_id, box_id, name, quantity, serial, kind, "
                               "is_first) VALUES "
                               "('" ITEM(2) "', '" ACME "', '" BOX(
                                   1) "', E'a \"b\" \\\\c\\n{,}', 2, NULL, 'goods', false), "
                                      "('" ITEM(1) "', '" ACME "', '" BOX(
                                          1) "', 'NULL', 1, 'null', 'filling', true), "
                                             "('" ITEM(3) "', '" GLOBEX "', '" BOX(
                                                 3) "', 'secret', 3, 'S-3', 'goods', false);"
                                                    "INSERT INTO parcel.label (id, organization_id, box_id, text, "
                                                    "is_main) VALUES "
                                                    "('" LABEL(1) "', '" ACME "', '" BOX(1) "', 'fragile', true)");
}

#define ITEMS_OF_1 \
    "\"items\":[{\"id\":\"" ITEM(1) "\",\"name\":\"NULL\",\"quantity\":1,\"serial\":\"null\",\"kind\":\"filling\"," \
                                    "\"is_first\":true},{\"id\":\"" ITEM( \
                                        2) "\",\"name\":\"a \\\"b\\\" \\\\c\\n{,}\",\"quantity\":2,\"serial\":null," \
                                           "\"kind\":\"goods\",\"is_first\":false}]"
#define LABELS_OF_1 "\"labels\":[{\"id\":\"" LABEL(1) "\",\"text\":\"fragile\",\"is_main\":true,\"trail\":null}]"

static const struct answer *must(struct world *w, size_t user, const char *method, const char *path, const char *body,
                                 uint32_t status) {
    const struct answer *a = world_ask(w, user, method, path, body);
    world_must(a, status, user, path);
    return a;
}

static const struct answer *get(struct world *w, size_t user, const char *path) {
    return must(w, user, "GET", path, NULL, 200);
}

static void must_have(const struct answer *a, const char *text) {
    if (strstr(a->body.ptr, text) == NULL) {
        print_error("not there: %s\nin: %.*s\n", text, STR_FMT(a->body));
        fail();
    }
}

static void must_not_have(const struct answer *a, const char *text) {
    if (strstr(a->body.ptr, text) != NULL) {
        print_error("there: %s\nin: %.*s\n", text, STR_FMT(a->body));
        fail();
    }
}

/* ---- shown ---- */

static void test_they_are_shown_with_their_owner(void **state) {
    struct world *w = *state;
    static const char *const paths[] = {
        ("/api/v1/boxes/" BOX(1)),
        "/api/v1/boxes",
        ("/api/v1/boxes?organization=" ACME),
        "/api/v1/boxes?ordering=-created_at,name",
        "/api/v1/boxes?fields=items,labels",
        "/api/v1/boxes?page=1&page_size=2",
        "/api/v1/boxes?name=one&count=exact",
    };
    put_rows(w);
    for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
        for (size_t user = ADMIN; user <= BOTH; user++) {
            const struct answer *a = world_ask(w, user, "GET", paths[i], NULL);
            bool is_acme = user != GLOBEX_MANAGER;
            print_message("%s %s\n", world_users[user].name, paths[i]);
            if (i == 0 && !is_acme) {
                assert_problem(a, 404, "not_found");
            } else if (is_acme) {
                world_must(a, 200, user, paths[i]);
                must_have(a, ITEMS_OF_1);
                must_have(a, LABELS_OF_1);
            }
            if (user != ADMIN && user != GLOBEX_MANAGER && user != BOTH) {
                must_not_have(a, "secret");
            }
            if (user == GLOBEX_MANAGER) {
                must_not_have(a, "fragile");
            }
        }
    }
    must_have(get(w, ACME_VIEWER, "/api/v1/boxes/" BOX(2)), "\"items\":[],\"labels\":[]");
    must_have(get(w, GLOBEX_MANAGER, "/api/v1/boxes"), "\"name\":\"secret\"");
}

static void test_they_are_left_out_by_fields(void **state) {
    struct world *w = *state;
    const struct answer *a;
    put_rows(w);
    a = get(w, ACME_MANAGER, "/api/v1/boxes?fields=name,labels");
    must_have(a, "{\"name\":\"one\"," LABELS_OF_1 "}");
    must_not_have(a, "items");
    a = get(w, ACME_MANAGER, "/api/v1/boxes/" BOX(1) "?fields=id,items");
    must_have(a, "{\"id\":\"" BOX(1) "\"," ITEMS_OF_1 "}");
    assert_problem(world_ask(w, ACME_MANAGER, "GET", "/api/v1/boxes?expand=items", NULL), 400, "bad_parameter");
    assert_problem(world_ask(w, ACME_MANAGER, "GET", "/api/v1/boxes?ordering=items", NULL), 400, "bad_parameter");
}

static void test_exports_have_them(void **state) {
    struct world *w = *state;
    const struct answer *a;
    struct loopback_request request = {.method = "GET", .path = "/api/v1/boxes", .token = w->tokens[ACME_MANAGER]};
    put_rows(w);
    request.headers[0][0] = "Accept";
    request.headers[0][1] = "application/x-ndjson";
    a = loopback_send(w->loopback, &request);
    world_must(a, 200, ACME_MANAGER, "ndjson");
    must_have(a, ITEMS_OF_1);
    request.headers[0][1] = "text/csv";
    request.path = "/api/v1/boxes?fields=name,labels,items";
    a = loopback_send(w->loopback, &request);
    world_must(a, 200, ACME_MANAGER, "csv");
    must_have(a, "name,items,labels\r\none,");
    must_have(a, ",\"[{\"\"id\"\":\"\"" LABEL(
                     1) "\"\",\"\"text\"\":\"\"fragile\"\",\"\"is_main\"\":true,\"\"trail\"\":null}]\"");
    must_have(a, "two,[],[]\r\n");
}

static int set_up(void **state) {
    return world_setup_with(state, "parcel");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_they_are_shown_with_their_owner),
        cmocka_unit_test(test_they_are_left_out_by_fields),
        cmocka_unit_test(test_exports_have_them),
    };
    return cmocka_run_group_tests_name("nested", tests, set_up, world_teardown);
}
