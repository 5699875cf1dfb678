/* SPDX-License-Identifier: MIT
 * test_nested_writes.c - lists of parts in the body of their owner, on the whole server with tests/plugins/parcel.c: what
 * is created, changed and deleted, what is refused and where, what the hooks are told, by whom; by POST, PUT, PATCH, arrays,
 * upserts and imports. It runs three times, with both locks and with each alone. */
#include "test.h"

#include <stdio.h>

#include "world.h"

/* As in world_users. */
enum { ADMIN, ACME_MANAGER, ACME_VIEWER, GLOBEX_MANAGER, BOTH, NOBODY };

#define ACME "01930000-0000-7000-8000-000000000001"
#define GLOBEX "01930000-0000-7000-8000-000000000003"
#define UNKNOWN "01930000-0000-7000-8000-00000000ffff"
#define BOXES "/api/v1/boxes"

static const struct answer *ask(struct world *w, size_t user, const char *method, const char *path, const char *body,
                                uint32_t status) {
    const struct answer *a = world_ask(w, user, method, path, body);
    world_must(a, status, user, world_text(w, "%s %s %.200s", method, path, body ? body : ""));
    return a;
}

static int64_t count(struct world *w, const char *table) {
    return pg_count(&w->pg, world_text(w, "SELECT count(*) FROM parcel.%s", table));
}

static void clear(struct world *w) {
    pg_exec(&w->pg, "DELETE FROM parcel.box");
}

/* A box of acme-manager's with two items and a label; its path. */
static const char *make_box(struct world *w) {
    const struct answer *a;
    clear(w);
    a = ask(w, ACME_MANAGER, "POST", BOXES,
            "{\"name\":\"a\",\"items\":[{\"name\":\"bolt\",\"quantity\":5,\"is_first\":true},"
            "{\"name\":\"nut\",\"serial\":\"S-1\"}],\"labels\":[{\"text\":\"fragile\"}]}",
            201);
    return world_text(w, BOXES "/%s", answer_text(a, "/id").ptr);
}

static const char *part(struct world *w, const struct answer *a, const char *pointer) {
    alees_str id = answer_text(a, pointer);
    assert_non_null(id.ptr);
    return world_text(w, "%.*s", STR_FMT(id));
}

static void test_created_with_their_owner(void **state) {
    struct world *w = *state;
    const char *path = make_box(w);
    const struct answer *a = ask(w, ACME_MANAGER, "GET", path, NULL, 200);
    assert_text(answer_text(a, "/items/0/name"), "bolt");
    assert_int_equal(answer_integer(a, "/items/0/quantity"), 5);
    assert_true(jx_is_true(answer_at(a, "/items/0/is_first")));
    assert_text(answer_text(a, "/items/0/kind"), "goods");
    assert_text(answer_text(a, "/items/1/serial"), "S-1");
    assert_int_equal(answer_integer(a, "/items/1/quantity"), 1);
    assert_int_equal(jx_size(answer_at(a, "/items")), 2);
    assert_text(answer_text(a, "/labels/0/text"), "fragile");
    assert_text(answer_text(a, "/labels/0/trail"), "1|" ACME "|-|-");
    assert_non_null(strstr(answer_header(a, "ETag").ptr, "-1\""));
    assert_int_equal(pg_count(&w->pg, "SELECT count(*) FROM parcel.item i JOIN parcel.box b ON b.id = i.box_id AND "
                                      "b.organization_id = i.organization_id AND i.created_by = b.created_by AND "
                                      "i.version = 1"),
                     2);
    a = ask(w, ACME_MANAGER, "POST", BOXES, "{\"name\":\"b\"}", 201);
    assert_int_equal(jx_size(answer_at(a, "/items")), 0);
    assert_int_equal(jx_kind(answer_at(a, "/labels")), ALEES_JSON_ARRAY);
    a = ask(w, ACME_MANAGER, "POST", BOXES "?fields=name", "{\"name\":\"c\",\"items\":[{\"name\":\"x\"}]}", 201);
    assert_null(strstr(a->body.ptr, "items"));
    assert_int_equal(count(w, "item"), 3);
}

static void test_patch_replaces_the_list(void **state) {
    struct world *w = *state;
    const char *path = make_box(w);
    const struct answer *a = ask(w, ACME_MANAGER, "GET", path, NULL, 200);
    const char *bolt = part(w, a, "/items/0/id"), *nut = part(w, a, "/items/1/id");
    a = ask(w, ACME_MANAGER, "PATCH", path,
            world_text(w, "{\"items\":[{\"id\":\"%s\",\"quantity\":6},{\"name\":\"new\"}]}", bolt), 200);
    assert_int_equal(jx_size(answer_at(a, "/items")), 2);
    assert_text(answer_text(a, "/items/0/id"), bolt);
    assert_text(answer_text(a, "/items/0/name"), "bolt");
    assert_int_equal(answer_integer(a, "/items/0/quantity"), 6);
    assert_text(answer_text(a, "/items/1/name"), "new");
    assert_text(answer_text(a, "/labels/0/text"), "fragile");
    assert_non_null(strstr(answer_header(a, "ETag").ptr, "-2\""));
    assert_int_equal(
        pg_count(&w->pg, world_text(w, "SELECT count(*) FROM parcel.item WHERE id = '%s' AND version = 2", bolt)), 1);
    assert_int_equal(pg_count(&w->pg, world_text(w, "SELECT count(*) FROM parcel.item WHERE id = '%s'", nut)), 0);
    /* a version that is no longer, then the right one */
    struct loopback_request request = {.method = "PATCH",
                                       .path = path,
                                       .token = w->tokens[ACME_MANAGER],
                                       .body = "{\"items\":[]}",
                                       .headers = {{"If-Match", world_text(w, "\"%s-1\"", path + strlen(BOXES "/"))}}};
    assert_problem(loopback_send(w->loopback, &request), 412, "precondition_failed");
    assert_int_equal(count(w, "item"), 2);
    request.headers[0][1] = world_text(w, "\"%s-2\"", path + strlen(BOXES "/"));
    a = loopback_send(w->loopback, &request);
    assert_status(a, 200);
    assert_int_equal(jx_size(answer_at(a, "/items")), 0);
    assert_int_equal(count(w, "item"), 0);
    assert_int_equal(count(w, "label"), 1);
}

static void test_put_replaces_all(void **state) {
    struct world *w = *state;
    const char *path = make_box(w), *bolt, *body;
    const struct answer *a = ask(w, ACME_MANAGER, "GET", path, NULL, 200);
    bolt = part(w, a, "/items/0/id");
    /* what was read, read-only fields and all: nothing happens */
    body = world_text(w, "%.*s", STR_FMT(a->body));
    a = ask(w, ACME_MANAGER, "PUT", path, body, 200);
    assert_string_equal(world_text(w, "%.*s", STR_FMT(a->body)), body);
    assert_non_null(strstr(answer_header(a, "ETag").ptr, "-1\""));
    a = ask(w, ACME_MANAGER, "PUT", path,
            world_text(w, "{\"name\":\"a\",\"items\":[{\"name\":\"bolt\"},{\"id\":\"%s\"}]}", bolt), 200);
    assert_int_equal(jx_size(answer_at(a, "/items")), 2);
    assert_int_equal(jx_size(answer_at(a, "/labels")), 0);
    assert_int_equal(answer_integer(a, "/items/0/quantity"), 5); /* merged, not replaced */
    a = ask(w, ACME_MANAGER, "PUT", path, "{\"name\":\"z\"}", 200);
    assert_int_equal(jx_size(answer_at(a, "/items")), 0);
    assert_text(answer_text(a, "/name"), "z");
    assert_int_equal(count(w, "item") + count(w, "label"), 0);
}

static void test_an_unchanged_list_writes_nothing(void **state) {
    struct world *w = *state;
    const char *path = make_box(w);
    const struct answer *a = ask(w, ACME_MANAGER, "GET", path, NULL, 200);
    const char *bolt = part(w, a, "/items/0/id"), *nut = part(w, a, "/items/1/id");
    int64_t entries = pg_count(&w->pg, "SELECT count(*) FROM audit.entry");
    a = ask(w, ACME_MANAGER, "PATCH", path,
            world_text(w, "{\"items\":[{\"id\":\"%s\",\"name\":\"nut\"},{\"id\":\"%s\",\"quantity\":5}]}", nut, bolt),
            200);
    assert_non_null(strstr(answer_header(a, "ETag").ptr, "-1\""));
    assert_int_equal(jx_size(answer_at(a, "/items")), 2);
    assert_int_equal(pg_count(&w->pg, "SELECT count(*) FROM parcel.item WHERE version > 1"), 0);
    assert_int_equal(pg_count(&w->pg, "SELECT count(*) FROM audit.entry"), entries);
}

static void test_one_is_the_first(void **state) {
    struct world *w = *state;
    const char *path = make_box(w);
    const struct answer *a = ask(w, ACME_MANAGER, "GET", path, NULL, 200);
    const char *bolt = part(w, a, "/items/0/id"), *nut = part(w, a, "/items/1/id");
    a = ask(w, ACME_MANAGER, "PATCH", path,
            world_text(w, "{\"items\":[{\"id\":\"%s\"},{\"id\":\"%s\",\"is_first\":true}]}", bolt, nut), 200);
    assert_false(jx_is_true(answer_at(a, "/items/0/is_first")));
    assert_true(jx_is_true(answer_at(a, "/items/1/is_first")));
    a = ask(
        w, ACME_MANAGER, "PATCH", path,
        world_text(w, "{\"items\":[{\"id\":\"%s\"},{\"id\":\"%s\"},{\"name\":\"n\",\"is_first\":true}]}", bolt, nut),
        200);
    assert_false(jx_is_true(answer_at(a, "/items/1/is_first")));
    assert_true(jx_is_true(answer_at(a, "/items/2/is_first")));
    a = ask(w, ACME_MANAGER, "PATCH", path,
            "{\"items\":[{\"name\":\"a\",\"is_first\":true},{\"name\":\"b\"},{\"name\":\"c\",\"is_first\":true}]}",
            422);
    assert_text(answer_text(a, "/errors/0/pointer"), "/items/2/is_first");
    assert_text(answer_text(a, "/errors/0/code"), "several_is_first");
    a = ask(w, ACME_MANAGER, "PATCH", path, world_text(w, "{\"items\":[{\"id\":\"%s\",\"is_first\":true}]}", bolt),
            200);
    assert_true(jx_is_true(answer_at(a, "/items/0/is_first")));
    a = ask(w, ACME_MANAGER, "PATCH", path, world_text(w, "{\"items\":[{\"id\":\"%s\",\"is_first\":false}]}", bolt),
            200);
    assert_false(jx_is_true(answer_at(a, "/items/0/is_first")));
    /* by the hook: "main" is the one on top */
    a = ask(w, ACME_MANAGER, "PATCH", path, "{\"labels\":[{\"text\":\"x\",\"is_main\":true}]}", 200);
    a = ask(w, ACME_MANAGER, "PATCH", path,
            world_text(w, "{\"labels\":[{\"id\":\"%s\"},{\"text\":\"main\"}]}", part(w, a, "/labels/0/id")), 200);
    assert_false(jx_is_true(answer_at(a, "/labels/0/is_main")));
    assert_true(jx_is_true(answer_at(a, "/labels/1/is_main")));
    a = ask(w, ACME_MANAGER, "PATCH", path, "{\"labels\":[{\"text\":\"y\",\"is_main\":true},{\"text\":\"main\"}]}",
            422);
    assert_text(answer_text(a, "/errors/0/pointer"), "/labels/1/is_main");
}

static const struct {
    const char *list, *pointer, *code; /* $i: an item, $l: a label of the box, $o: an item of another box */
    uint32_t status, create;           /* of PATCH and PUT; of POST */
} refused[] = {
    {"\"items\":null", "/items", "null", 422, 422},
    {"\"items\":{}", "/items", "wrong_type", 422, 422},
    {"\"items\":\"a\"", "/items", "wrong_type", 422, 422},
    {"\"items\":[1]", "/items/0", "wrong_type", 422, 422},
    {"\"items\":[{\"name\":\"a\"},null]", "/items/1", "wrong_type", 422, 422},
    {"\"items\":[{}]", "/items/0/name", "required", 422, 422},
    {"\"items\":[{\"name\":\"a\"},{\"name\":null}]", "/items/1/name", "null", 422, 422},
    {"\"items\":[{\"name\":\"a\",\"quantity\":0}]", "/items/0/quantity", "too_small", 422, 422},
    {"\"items\":[{\"name\":\"a\",\"nmae\":0}]", "/items/0/nmae", "unknown_field", 400, 400},
    {"\"items\":[{\"name\":\"a\",\"box\":\"$o\"}]", "/items/0/box", "read_only_field", 400, 400},
    {"\"items\":[{\"name\":\"a\",\"organization\":\"" ACME "\"}]", "/items/0/organization", "read_only_field", 400,
     400},
    {"\"items\":[{\"name\":\"a\",\"version\":1}]", "/items/0/version", "unknown_field", 400, 400},
    {"\"items\":[{\"id\":\"$o\"}]", "/items/0/id", "unknown_part", 422, 422},
    {"\"items\":[{\"id\":\"$l\"}]", "/items/0/id", "unknown_part", 422, 422},
    {"\"items\":[{\"id\":\"" UNKNOWN "\"}]", "/items/0/id", "unknown_part", 422, 422},
    {"\"items\":[{\"id\":\"x\"}]", "/items/0/id", "invalid_format", 422, 422},
    {"\"items\":[{\"id\":null,\"name\":\"a\"}]", "/items/0/id", "null", 422, 422},
    {"\"items\":[{\"id\":7,\"name\":\"a\"}]", "/items/0/id", "wrong_type", 422, 422},
    {"\"items\":[{\"id\":\"$i\"},{\"id\":\"$i\"}]", "/items/1/id", "duplicate", 422, 0},
    {"\"items\":[{\"id\":\"$i\",\"serial\":\"other\"}]", "/items/0/serial", "read_only_field", 400, 0},
    {"\"labels\":[{\"id\":\"$l\",\"trail\":\"mine\"}]", "/labels/0/trail", "read_only_field", 400, 0},
    {"\"labels\":[{\"text\":\"wrong\"}]", "/labels/0/text", "wrong_label", 422, 422},
    {"\"items\":[{\"name\":\"a\",\"serial\":\"TAKEN\"}]", "/items/0/serial", "not_unique", 409, 409},
    {"\"items\":[{\"name\":\"a\"},{\"name\":\"b\"},{\"name\":\"c\"},{\"name\":\"d\"},{\"name\":\"e\"},{\"name\":"
     "\"f\"},{\"name\":\"g\"},{\"name\":\"h\"},{\"name\":\"i\"},{\"name\":\"j\"},{\"name\":\"k\"}]",
     "/items", "too_many", 422, 422},
};

static void test_what_is_refused(void **state) {
    struct world *w = *state;
    const char *path = make_box(w), *before;
    const struct answer *a = ask(w, ACME_MANAGER, "GET", path, NULL, 200);
    const char *item = part(w, a, "/items/1/id"), *label = part(w, a, "/labels/0/id"), *other;
    before = world_text(w, "%.*s", STR_FMT(a->body));
    a = ask(w, ACME_MANAGER, "POST", BOXES, "{\"name\":\"o\",\"items\":[{\"name\":\"x\",\"serial\":\"TAKEN\"}]}", 201);
    other = part(w, a, "/items/0/id");
    for (size_t i = 0; i < ARRAY_LEN(refused) * 3; i++) {
        static const char *const methods[] = {"PATCH", "PUT", "POST"};
        const char *method = methods[i % 3], *list = refused[i / 3].list, *at;
        uint32_t status = i % 3 == 2 ? refused[i / 3].create : refused[i / 3].status;
        struct str body;
        if (status == 0) {
            continue;
        }
        str_init(&body, w->arena, 256);
        str_puts(&body, i % 3 == 2 ? "{\"name\":\"n\"," : "{\"name\":\"a\",");
        for (at = list; *at; at++) {
            if (*at == '$') {
                at++;
                str_puts(&body, *at == 'i' ? item : *at == 'l' ? label : other);
            } else {
                str_putc(&body, *at);
            }
        }
        str_putc(&body, '}');
        a = ask(w, ACME_MANAGER, method, i % 3 == 2 ? BOXES : path, str_done(&body).ptr, status);
        assert_text(answer_text(a, "/errors/0/pointer"), refused[i / 3].pointer);
        assert_text(answer_text(a, "/errors/0/code"), refused[i / 3].code);
    }
    a = ask(w, ACME_MANAGER, "GET", path, NULL, 200);
    assert_string_equal(world_text(w, "%.*s", STR_FMT(a->body)), before);
    assert_int_equal(count(w, "box"), 2);
}

/* One answer names what is wrong with the row and with each of its parts. */
static void test_all_faults_at_once(void **state) {
    struct world *w = *state;
    const struct answer *a;
    clear(w);
    a = ask(w, ACME_MANAGER, "POST", BOXES,
            "{\"note\":3,\"items\":[{\"name\":\"a\"},{\"quantity\":0}],\"labels\":[{\"text\":7}]}", 422);
    assert_text(answer_text(a, "/errors/0/pointer"), "/name");
    assert_text(answer_text(a, "/errors/1/pointer"), "/note");
    assert_text(answer_text(a, "/errors/2/pointer"), "/items/1/name");
    assert_text(answer_text(a, "/errors/3/pointer"), "/items/1/quantity");
    assert_text(answer_text(a, "/errors/4/pointer"), "/labels/0/text");
    assert_int_equal(jx_size(answer_at(a, "/errors")), 5);
    assert_int_equal(count(w, "box"), 0);
}

/* ---- many rows ---- */

static void test_arrays(void **state) {
    struct world *w = *state;
    const struct answer *a;
    struct str body;
    clear(w);
    a = ask(w, ACME_MANAGER, "POST", BOXES,
            "[{\"name\":\"a\",\"items\":[{\"name\":\"x\",\"is_first\":true}]},{\"name\":\"b\"},{\"name\":\"c\","
            "\"items\":[{\"name\":\"y\"},{\"name\":\"z\",\"is_first\":true}],\"labels\":[{\"text\":\"l\"}]}]",
            201);
    assert_text(answer_text(a, "/results/0/items/0/name"), "x");
    assert_int_equal(jx_size(answer_at(a, "/results/1/items")), 0);
    assert_text(answer_text(a, "/results/2/items/1/name"), "z");
    assert_text(answer_text(a, "/results/2/labels/0/text"), "l");
    a = ask(w, ACME_MANAGER, "POST", BOXES,
            "[{\"name\":\"d\",\"items\":[{\"name\":\"x\"}]},{\"name\":\"e\",\"items\":[{\"name\":\"x\"},{\"quantity\":"
            "\"7\"}"
            "]},{\"name\":7},{\"name\":\"g\",\"items\":[{\"name\":\"x\",\"is_first\":true},{\"name\":\"y\",\"is_"
            "first\":true}]}]",
            422);
    assert_text(answer_text(a, "/errors/0/pointer"), "/1/items/1/name");
    assert_text(answer_text(a, "/errors/1/pointer"), "/1/items/1/quantity");
    assert_text(answer_text(a, "/errors/2/pointer"), "/2/name");
    assert_text(answer_text(a, "/errors/3/pointer"), "/3/items/1/is_first");
    /* what only PostgreSQL knows, and what only a hook does */
    a = ask(
        w, ACME_MANAGER, "POST", BOXES,
        "[{\"name\":\"d\",\"items\":[{\"name\":\"x\",\"serial\":\"1\"}]},{\"name\":\"e\",\"items\":[{\"name\":\"x\"},"
        "{\"name\":\"x\",\"serial\":\"1\"}]}]",
        409);
    assert_text(answer_text(a, "/errors/0/pointer"), "/1/items/1/serial");
    a = ask(w, ACME_MANAGER, "POST", BOXES,
            "[{\"name\":\"d\",\"labels\":[{\"text\":\"ok\"}]},{\"name\":\"e\",\"labels\":[{\"text\":\"wrong\"}]}]",
            422);
    assert_text(answer_text(a, "/errors/0/pointer"), "/1/labels/0/text");
    a = ask(w, ACME_MANAGER, "POST", BOXES, "[{\"name\":\"d\",\"labels\":[{\"text\":\"late\"}]}]", 409);
    assert_int_equal(count(w, "box"), 3);
    assert_int_equal(count(w, "item"), 3);
    str_init(&body, w->arena, 65536);
    str_putc(&body, '[');
    for (uint32_t i = 0; i < 600; i++) {
        str_printf(&body, "%s{\"name\":\"n%u\",\"items\":[{\"name\":\"x\",\"is_first\":true},{\"name\":\"y\"}]}",
                   i > 0 ? "," : "", i);
    }
    str_putc(&body, ']');
    a = ask(w, ACME_MANAGER, "POST", BOXES, str_done(&body).ptr, 201);
    assert_text(answer_text(a, "/results/599/items/0/name"), "x");
    assert_int_equal(count(w, "item"), 1203);
}

static void test_upserts(void **state) {
    struct world *w = *state;
    const char *path = make_box(w), *bolt;
    const struct answer *a = ask(w, ACME_MANAGER, "GET", path, NULL, 200);
    bolt = part(w, a, "/items/0/id");
    a = ask(
        w, ACME_MANAGER, "POST", BOXES "?on_conflict=name",
        world_text(w,
                   "[{\"name\":\"a\",\"items\":[{\"id\":\"%s\",\"quantity\":9},{\"name\":\"p\",\"is_first\":true}]},"
                   "{\"name\":\"b\",\"items\":[{\"name\":\"q\"}]}]",
                   bolt),
        201);
    assert_int_equal(answer_integer(a, "/results/0/items/0/quantity"), 9);
    assert_false(jx_is_true(answer_at(a, "/results/0/items/0/is_first")));
    assert_true(jx_is_true(answer_at(a, "/results/0/items/1/is_first")));
    assert_text(answer_text(a, "/results/0/labels/0/text"), "fragile");
    assert_text(answer_text(a, "/results/1/items/0/name"), "q");
    assert_int_equal(pg_count(&w->pg, "SELECT version FROM parcel.box WHERE name = 'a'"), 2);
    /* the same once more: nothing is written */
    a = ask(w, ACME_MANAGER, "POST", BOXES "?on_conflict=name",
            world_text(w, "[{\"name\":\"a\",\"items\":[{\"id\":\"%s\",\"quantity\":9},{\"id\":\"%s\"}]}]", bolt,
                       part(w, a, "/results/0/items/1/id")),
            200);
    assert_int_equal(pg_count(&w->pg, "SELECT version FROM parcel.box WHERE name = 'a'"), 2);
    a = ask(w, ACME_MANAGER, "POST", BOXES "?on_conflict=name",
            "[{\"name\":\"b\"},{\"name\":\"a\",\"items\":[{\"id\":\"" UNKNOWN "\"}]}]", 422);
    assert_text(answer_text(a, "/errors/0/pointer"), "/1/items/0/id");
    a = ask(w, ACME_MANAGER, "POST", BOXES "?on_conflict=name", "{\"name\":\"a\",\"items\":[]}", 200);
    assert_int_equal(jx_size(answer_at(a, "/items")), 0);
    assert_int_equal(jx_size(answer_at(a, "/labels")), 1);
}

static const struct answer *import(struct world *w, const char *path, const char *type, const char *body) {
    const struct loopback_request request = {.method = "POST",
                                             .path = path,
                                             .token = w->tokens[ACME_MANAGER],
                                             .body = body,
                                             .headers = {{"Content-Type", type}}};
    return loopback_send(w->loopback, &request);
}

static void test_imports_read_exports_back(void **state) {
    struct world *w = *state;
    struct loopback_request request = {.method = "GET",
                                       .path = BOXES "?fields=name,note,items,labels",
                                       .token = w->tokens[ACME_MANAGER],
                                       .headers = {{"Accept", "text/csv"}}};
    const struct answer *a;
    const char *csv;
    (void)make_box(w);
    a = loopback_send(w->loopback, &request);
    assert_status(a, 200);
    csv = world_text(w, "%.*s", STR_FMT(a->body));
    a = import(w, BOXES "?on_conflict=name", "text/csv", csv); /* as it is */
    assert_status(a, 200);
    assert_int_equal(pg_count(&w->pg, "SELECT sum(version) FROM (SELECT version FROM parcel.box UNION ALL "
                                      "SELECT version FROM parcel.item UNION ALL SELECT version FROM parcel.label) v"),
                     4);
    clear(w);
    a = import(w, BOXES, "text/csv",
               "name,items\r\na,\"[{\"\"id\"\":\"\"" UNKNOWN "\"\",\"\"name\"\":\"\"x\"\"}]\"\r\n");
    assert_status(a, 201);
    assert_int_equal(count(w, "item"), 1);
    a = import(w, BOXES, "application/x-ndjson",
               "{\"name\":\"b\",\"items\":[{\"name\":\"y\"}],\"labels\":[{\"text\":\"t\"}]}\n{\"name\":\"c\"}\n");
    assert_status(a, 201);
    assert_int_equal(count(w, "item") + count(w, "label"), 3);
    a = import(w, BOXES, "text/csv", "name,items\r\nd,[]\r\ne,\"[{\"\"quantity\"\":1}]\"\r\nf,x\r\n");
    assert_status(a, 422);
    assert_text(answer_text(a, "/errors/0/pointer"), "/items/0/name");
    assert_int_equal(answer_integer(a, "/errors/0/row"), 2);
    assert_int_equal(answer_integer(a, "/errors/1/row"), 3);
    assert_int_equal(count(w, "box"), 3);
}

static void test_not_of_many_rows_at_once(void **state) {
    struct world *w = *state;
    const struct answer *a;
    (void)make_box(w);
    a = ask(w, ACME_MANAGER, "PATCH", BOXES "?name=a", "{\"items\":[]}", 400);
    assert_text(answer_text(a, "/errors/0/pointer"), "/items");
    assert_int_equal(count(w, "item"), 2);
    a = ask(w, ACME_MANAGER, "PATCH", BOXES "?name=a", "{\"note\":\"n\"}", 200);
    assert_int_equal(count(w, "item"), 2);
}

/* ---- who may ---- */

static void test_by_whom(void **state) {
    struct world *w = *state;
    const char *path = make_box(w);
    ask(w, ACME_VIEWER, "PATCH", path, "{\"items\":[]}", 403);
    ask(w, ACME_VIEWER, "PUT", path, "{\"name\":\"a\"}", 403);
    ask(w, GLOBEX_MANAGER, "PATCH", path, "{\"items\":[]}", 404);
    ask(w, NOBODY, "PATCH", path, "{\"items\":[]}", 404);
    ask(w, ACME_VIEWER, "POST", BOXES, "{\"name\":\"n\",\"items\":[{\"name\":\"x\"}]}", 403);
    assert_int_equal(count(w, "item"), 2);
    const struct answer *a = ask(w, ADMIN, "PATCH", path, "{\"items\":[{\"name\":\"x\"}],\"labels\":[]}", 200);
    assert_text(answer_text(a, "/items/0/name"), "x");
    assert_int_equal(count(w, "item") + count(w, "label"), 1);
    a = ask(w, ADMIN, "POST", BOXES, "{\"name\":\"n\",\"organization\":\"" GLOBEX "\",\"items\":[{\"name\":\"x\"}]}",
            201);
    assert_int_equal(pg_count(&w->pg, "SELECT count(*) FROM parcel.item WHERE organization_id = '" GLOBEX "'"), 1);
    a = ask(w, BOTH, "PATCH", world_text(w, BOXES "/%s", answer_text(a, "/id").ptr), "{\"items\":[]}", 200);
    assert_int_equal(jx_size(answer_at(a, "/items")), 0);
}

static void test_hooks_of_parts(void **state) {
    struct world *w = *state;
    const char *path = make_box(w), *label;
    const struct answer *a = ask(w, ACME_MANAGER, "GET", path, NULL, 200);
    label = part(w, a, "/labels/0/id");
    a = ask(w, ACME_MANAGER, "PATCH", path, world_text(w, "{\"labels\":[{\"id\":\"%s\",\"text\":\"keep\"}]}", label),
            200);
    assert_non_null(strstr(answer_text(a, "/labels/0/trail").ptr, "2|" ACME "|fragile|"));
    a = ask(w, ACME_MANAGER, "PATCH", path, "{\"labels\":[]}", 409); /* before_write of a delete */
    assert_problem(a, 409, "kept");
    a = ask(w, ACME_MANAGER, "PATCH", path,
            world_text(w, "{\"note\":\"n\",\"labels\":[{\"id\":\"%s\"},{\"text\":\"late\"}]}", label), 409);
    assert_problem(a, 409, "late");
    assert_int_equal(count(w, "label"), 1);
    assert_int_equal(pg_count(&w->pg, "SELECT count(*) FROM parcel.box WHERE note IS NULL AND version = 2"), 1);
}

/* What happened to each part, by whom, as if it had been written by itself. */
static void test_audit(void **state) {
    struct world *w = *state;
    const char *path = make_box(w), *bolt;
    const struct answer *a = ask(w, ACME_MANAGER, "GET", path, NULL, 200);
    bolt = part(w, a, "/items/0/id");
    pg_exec(&w->pg, "TRUNCATE audit.entry");
    ask(w, ACME_MANAGER, "PATCH", path,
        world_text(w, "{\"items\":[{\"id\":\"%s\",\"quantity\":8},{\"name\":\"n\"}]}", bolt), 200);
    assert_int_equal(pg_count(&w->pg, "SELECT count(*) FROM audit.entry WHERE resource = 'parcel.item'"), 3);
}

static int set_up(void **state) {
    return world_setup_with(state, "parcel");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_created_with_their_owner),
        cmocka_unit_test(test_patch_replaces_the_list),
        cmocka_unit_test(test_put_replaces_all),
        cmocka_unit_test(test_an_unchanged_list_writes_nothing),
        cmocka_unit_test(test_one_is_the_first),
        cmocka_unit_test(test_what_is_refused),
        cmocka_unit_test(test_all_faults_at_once),
        cmocka_unit_test(test_arrays),
        cmocka_unit_test(test_upserts),
        cmocka_unit_test(test_imports_read_exports_back),
        cmocka_unit_test(test_not_of_many_rows_at_once),
        cmocka_unit_test(test_by_whom),
        cmocka_unit_test(test_hooks_of_parts),
        cmocka_unit_test(test_audit),
    };
    return cmocka_run_group_tests_name("nested_writes", tests, set_up, world_teardown);
}
