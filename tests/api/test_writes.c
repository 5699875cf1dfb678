/* SPDX-License-Identifier: MIT
 * test_writes.c - changes of one row by several clients: conditions by entity tags, and that no change is lost. */
#include "test.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "alees/util.h"
#include "world.h"

enum { ADMIN, ACME_MANAGER, ACME_VIEWER, GLOBEX_MANAGER, BOTH, NOBODY };

struct sent { /* two headers and a body */
    const char *body, *name, *value, *name2, *value2;
};

static const struct answer *send(struct world *w, size_t user, const char *method, const char *path, struct sent s) {
    struct loopback_request request = {.method = method, .path = path, .token = w->tokens[user], .body = s.body};
    if (s.name != NULL) {
        request.headers[0][0] = s.name;
        request.headers[0][1] = s.value;
    }
    if (s.name2 != NULL) {
        request.headers[1][0] = s.name2;
        request.headers[1][1] = s.value2;
    }
    return loopback_send(w->loopback, &request);
}

static const char *text_at(struct world *w, const struct answer *a, const char *pointer) {
    alees_str text = answer_text(a, pointer);
    assert_non_null(text.ptr);
    return world_text(w, "%.*s", STR_FMT(text));
}

static const char *tag_of(struct world *w, const struct answer *a) {
    alees_str tag = answer_header(a, "ETag");
    assert_non_null(tag.ptr);
    return world_text(w, "%.*s", STR_FMT(tag));
}

static const struct answer *get(struct world *w, size_t user, const char *path) {
    const struct answer *a = world_ask(w, user, "GET", path, NULL);
    world_must(a, 200, user, path);
    return a;
}

static const char *make(struct world *w, const char *sku) {
    const struct answer *uom = get(w, ADMIN, "/api/v1/units-of-measure?page_size=1");
    const struct answer *a = world_ask(
        w, GLOBEX_MANAGER, "POST", "/api/v1/products",
        world_text(w, "{\"sku\":\"%s\",\"name\":\"Bolt\",\"base_uom\":\"%s\"}", sku, text_at(w, uom, "/results/0/id")));
    world_must(a, 201, GLOBEX_MANAGER, sku);
    return world_text(w, "/api/v1/products/%s", text_at(w, a, "/id"));
}

static void test_conditions_of_reads(void **state) {
    struct world *w = *state;
    const char *path = make(w, "COND-1"), *tag = tag_of(w, get(w, GLOBEX_MANAGER, path));
    const struct answer *a =
        send(w, GLOBEX_MANAGER, "GET", path,
             (struct sent){NULL, "If-None-Match", "\"x\"", "If-None-Match", world_text(w, "W/%s", tag)});
    assert_status(a, 304);
    assert_text(answer_header(a, "ETag"), tag);
    assert_int_equal(a->body.len, 0);
    a = send(w, GLOBEX_MANAGER, "HEAD", path, (struct sent){NULL, "If-None-Match", "*", NULL, NULL});
    assert_status(a, 304);
    assert_status(send(w, GLOBEX_MANAGER, "GET", path, (struct sent){NULL, "If-None-Match", "garbage", NULL, NULL}),
                  200);
    assert_problem(send(w, ACME_MANAGER, "GET", path, (struct sent){NULL, "If-None-Match", "*", NULL, NULL}), 404,
                   "not_found");
}

static void test_conditions_of_writes(void **state) {
    struct world *w = *state;
    const char *path = make(w, "COND-2"), *tag = tag_of(w, get(w, GLOBEX_MANAGER, path));
    const char *body = "{\"name\":\"Nut\"}";
    static const char *const malformed[] = {"garbage", "*, \"x\"", "\"x", ""};
    for (size_t i = 0; i < ARRAY_LEN(malformed); i++) {
        assert_problem(
            send(w, GLOBEX_MANAGER, "PATCH", path, (struct sent){body, "If-Match", malformed[i], NULL, NULL}), 400,
            "bad_request");
        assert_problem(
            send(w, GLOBEX_MANAGER, "DELETE", path, (struct sent){NULL, "If-None-Match", malformed[i], NULL, NULL}),
            400, "bad_request");
    }
    assert_problem(
        send(w, GLOBEX_MANAGER, "PATCH", path, (struct sent){body, "If-Match", world_text(w, "W/%s", tag), NULL, NULL}),
        412, "precondition_failed");
    assert_problem(send(w, GLOBEX_MANAGER, "PATCH", path, (struct sent){body, "If-None-Match", "*", NULL, NULL}), 412,
                   "precondition_failed");
    assert_problem(send(w, GLOBEX_MANAGER, "PATCH", path, (struct sent){body, "If-None-Match", tag, NULL, NULL}), 412,
                   "precondition_failed");
    assert_problem(send(w, GLOBEX_MANAGER, "PATCH", path, (struct sent){"{}", "If-None-Match", tag, NULL, NULL}), 412,
                   "precondition_failed");
    assert_problem(send(w, ACME_MANAGER, "PATCH", path, (struct sent){body, "If-None-Match", "*", NULL, NULL}), 404,
                   "not_found");
    assert_string_equal(tag_of(w, get(w, GLOBEX_MANAGER, path)), tag);
    assert_status(send(w, GLOBEX_MANAGER, "PATCH", path, (struct sent){body, "If-Match", "\"x\"", "If-Match", tag}),
                  200);
    assert_status(send(w, GLOBEX_MANAGER, "PATCH", path, (struct sent){body, "If-None-Match", tag, "If-Match", "*"}),
                  200);
    assert_problem(send(w, GLOBEX_MANAGER, "DELETE", path, (struct sent){NULL, "If-Match", tag, NULL, NULL}), 412,
                   "precondition_failed");
    assert_status(send(w, GLOBEX_MANAGER, "DELETE", path, (struct sent){NULL, "If-Match", "*", NULL, NULL}), 204);
    assert_problem(send(w, GLOBEX_MANAGER, "DELETE", path, (struct sent){NULL, "If-Match", "*", NULL, NULL}), 404,
                   "not_found");
}

static void test_a_condition_may_be_demanded(void **state) {
    struct world *w = *state;
    struct app *app = loopback_app(w->loopback);
    const char *path = make(w, "COND-3"), *tag = tag_of(w, get(w, GLOBEX_MANAGER, path));
    app->require_if_match = true;
    const struct answer *patched = world_ask(w, GLOBEX_MANAGER, "PATCH", path, "{\"name\":\"x\"}");
    const struct answer *deleted = world_ask(w, GLOBEX_MANAGER, "DELETE", path, NULL);
    const struct answer *with =
        send(w, GLOBEX_MANAGER, "PATCH", path, (struct sent){"{}", "If-Match", tag, NULL, NULL});
    app->require_if_match = false;
    assert_problem(patched, 428, "precondition_required");
    assert_problem(deleted, 428, "precondition_required");
    assert_status(with, 200);
}

/* ---- PUT ---- */

static const char *body_of(struct world *w, const struct answer *a) {
    return world_text(w, "%.*s", STR_FMT(a->body));
}

/* The body with the first `from` in it changed to `to`. */
static const char *edited(struct world *w, const char *body, const char *from, const char *to) {
    const char *at = strstr(body, from);
    assert_non_null(at);
    return world_text(w, "%.*s%s%s", (int)(at - body), body, to, at + strlen(from));
}

static void test_read_edit_put(void **state) {
    struct world *w = *state;
    const char *path = make(w, "PUT-1");
    const struct answer *a = get(w, GLOBEX_MANAGER, path);
    const char *body = body_of(w, a), *tag = tag_of(w, a);
    a = world_ask(w, GLOBEX_MANAGER, "PUT", path, body);
    world_must(a, 200, GLOBEX_MANAGER, body);
    assert_string_equal(tag_of(w, a), tag); /* nothing differs: nothing is written */
    assert_string_equal(body_of(w, a), body);

    const struct sent nut = {edited(w, body, "\"Bolt\"", "\"Nut\""), "If-Match", tag, NULL, NULL};
    a = send(w, GLOBEX_MANAGER, "PUT", path, nut);
    world_must(a, 200, GLOBEX_MANAGER, nut.body);
    assert_text(answer_text(a, "/name"), "Nut");
    assert_text(answer_text(a, "/sku"), "PUT-1");
    assert_problem(send(w, GLOBEX_MANAGER, "PUT", path, nut), 412, "precondition_failed");
    const char *id = strrchr(path, '/') + 1;
    assert_int_equal(pg_count(&w->pg, world_text(w,
                                                 "SELECT count(*) FROM audit.entry WHERE object_id = '%s' AND action = "
                                                 "'update' AND changes = '{\"name\":{\"before\":\"Bolt\",\"after\":"
                                                 "\"Nut\"}}'",
                                                 id)),
                     1);
}

static void test_put_replaces(void **state) {
    struct world *w = *state;
    const char *path = make(w, "PUT-2");
    assert_status(
        world_ask(w, GLOBEX_MANAGER, "PATCH", path,
                  "{\"description\":\"long\",\"tags\":[\"a\"],\"product_type\":\"SERVICE\",\"is_sellable\":false}"),
        200);
    const struct answer *a = get(w, GLOBEX_MANAGER, path);
    const char *uom = text_at(w, a, "/base_uom");
    a = world_ask(w, GLOBEX_MANAGER, "PUT", path,
                  world_text(w, "{\"sku\":\"PUT-2\",\"name\":\"Nut\",\"base_uom\":\"%s\"}", uom));
    world_must(a, 200, GLOBEX_MANAGER, "put");
    assert_text(answer_text(a, "/description"), "");
    assert_text(answer_text(a, "/product_type"), "PHYSICAL_GOOD"); /* as a new one */
    assert_int_equal(jx_size(answer_at(a, "/tags")), 0);
    assert_true(jx_is_true(answer_at(a, "/is_sellable")));
    a = world_ask(w, GLOBEX_MANAGER, "PUT", path, "{\"name\":\"Nut\"}");
    assert_problem(a, 422, "invalid");
    assert_int_equal(jx_size(answer_at(a, "/errors")), 2); /* sku, base_uom */
    assert_problem(world_ask(w, GLOBEX_MANAGER, "PUT", path, NULL), 400, "bad_request");
    assert_problem(world_ask(w, GLOBEX_MANAGER, "PUT", path, "[]"), 400, "bad_request");
}

static void test_put_of_what_cannot_be_written(void **state) {
    struct world *w = *state;
    const char *path = make(w, "PUT-3"), *body = body_of(w, get(w, GLOBEX_MANAGER, path));
    const struct answer *a;
    a = world_ask(w, GLOBEX_MANAGER, "PUT", path, edited(w, body, "\"created_by\":\"", "\"created_by\":\"x"));
    assert_problem(a, 400, "read_only_field");
    assert_text(answer_text(a, "/errors/0/pointer"), "/created_by");
    a = world_ask(w, GLOBEX_MANAGER, "PUT", path, edited(w, body, "\"updated_at\":\"2", "\"updated_at\":\"1"));
    assert_problem(a, 400, "read_only_field");
    a = world_ask(w, GLOBEX_MANAGER, "PUT", path, edited(w, body, "\"name\"", "\"nme\":1,\"name\""));
    assert_problem(a, 400, "unknown_field");
    assert_problem(world_ask(w, ACME_MANAGER, "PUT", path, body), 404, "not_found");
    a = world_ask(w, GLOBEX_MANAGER, "PUT", "/api/v1/products/01930000-0000-7000-8000-00000000ffff", body);
    assert_problem(a, 404, "not_found"); /* it never creates */
    a = world_ask(w, GLOBEX_MANAGER, "PUT", "/api/v1/products", body);
    assert_problem(a, 405, "method_not_allowed");
    a = world_ask(w, ACME_VIEWER, "GET", "/api/v1/products?page_size=1", NULL);
    path = world_text(w, "/api/v1/products/%s", text_at(w, a, "/results/0/id"));
    assert_problem(world_ask(w, ACME_VIEWER, "PUT", path, "{}"), 403, "permission_denied");
}

/* "?fields=" of all that the row itself holds: what is computed may tell of the write. */
static const char *stored_fields(struct world *w, const struct resource *r) {
    const char *query = "?fields=";
    for (uint32_t i = 0; i < r->field_count; i++) {
        const struct alees_field *d = r->fields[i].decl;
        if ((d->flags & (ALEES_COMPUTED | ALEES_WRITE_ONLY)) == 0 && strncmp(d->name, "deleted_", 8) != 0) {
            query = world_text(w, "%s%s%s", query, i > 0 ? "," : "", d->name);
        }
    }
    return query;
}

/* Every kind of row: what a client reads can be put back as it is, and is then what it was. */
static void test_put_back_whatever_is_there(void **state) {
    struct world *w = *state;
    uint32_t count = 0;
    for (uint32_t i = 0; i < w->catalogue->resource_count; i++) {
        const struct resource *r = w->catalogue->resources[i];
        const struct answer *a = world_ask(w, ADMIN, "GET", world_list_path(w, r, "?page_size=1"), NULL);
        if ((r->decl->flags & ALEES_RESOURCE_NO_CHANGE) != 0 || answer_text(a, "/results/0/id").ptr == NULL) {
            continue;
        }
        const char *path = world_row_path(w, r, text_at(w, a, "/results/0/id"));
        const char *whole = body_of(w, get(w, ADMIN, path)), *stored = world_text(w, "%s%s", path, stored_fields(w, r));
        const struct answer *before = get(w, ADMIN, stored);
        const struct answer *put = world_ask(w, ADMIN, "PUT", stored, whole);
        world_must(put, 200, ADMIN, path);
        assert_string_equal(body_of(w, put), body_of(w, before));
        assert_string_equal(tag_of(w, put), tag_of(w, before));
        count++;
    }
    assert_true(count >= 8);
}

/* A rehearsal, too, and without a body. */
static void test_put_and_preferences(void **state) {
    struct world *w = *state;
    const char *path = make(w, "PUT-4"), *body = body_of(w, get(w, GLOBEX_MANAGER, path));
    const char *nut = edited(w, body, "\"Bolt\"", "\"Nut\"");
    assert_status(send(w, GLOBEX_MANAGER, "PUT", path, (struct sent){nut, "Prefer", "tx=rollback", NULL, NULL}), 200);
    assert_string_equal(body_of(w, get(w, GLOBEX_MANAGER, path)), body);
    assert_status(send(w, GLOBEX_MANAGER, "PUT", path, (struct sent){nut, "Prefer", "return=minimal", NULL, NULL}),
                  204);
    assert_text(answer_text(get(w, GLOBEX_MANAGER, path), "/name"), "Nut");
}

/* ---- two clients ---- */

enum { CLIENTS = 4, CHANGES = 25 };

struct client {
    struct world *w;
    struct loopback *loopback;
    const char *path;
    uint32_t lost; /* 412: somebody else was faster */
};

/* Counts in a text, as clients do: reads it, adds one, writes it back, and begins again when it has changed meanwhile. */
static void *count_up(void *data) {
    struct client *c = data;
    for (uint32_t done = 0; done < CHANGES;) {
        char body[64], tag[96];
        const struct answer *a = loopback_request(c->loopback, "GET", c->path, c->w->tokens[GLOBEX_MANAGER], NULL);
        assert_int_equal(a->status, 200);
        alees_str etag = answer_header(a, "ETag"), text = answer_text(a, "/description");
        (void)snprintf(tag, sizeof tag, "%.*s", STR_FMT(etag));
        (void)snprintf(body, sizeof body, "{\"description\":\"%ld\"}", strtol(text.ptr, NULL, 10) + 1);
        const struct loopback_request request = {.method = "PATCH",
                                                 .path = c->path,
                                                 .token = c->w->tokens[GLOBEX_MANAGER],
                                                 .body = body,
                                                 .headers = {{"If-Match", tag}}};
        a = loopback_send(c->loopback, &request);
        assert_true(a->status == 200 || a->status == 412);
        done += a->status == 200;
        c->lost += a->status == 412;
        loopback_forget(c->loopback);
    }
    return NULL;
}

static void test_no_update_is_lost(void **state) {
    struct world *w = *state;
    struct client clients[CLIENTS];
    pthread_t threads[CLIENTS];
    const char *path = make(w, "LOST-1");
    uint32_t lost = 0;
    assert_status(world_ask(w, GLOBEX_MANAGER, "PATCH", path, "{\"description\":\"0\"}"), 200);
    for (size_t i = 0; i < CLIENTS; i++) {
        clients[i] = (struct client){.w = w, .loopback = loopback_on(loopback_app(w->loopback)), .path = path};
        assert_int_equal(pthread_create(&threads[i], NULL, count_up, &clients[i]), 0);
    }
    for (size_t i = 0; i < CLIENTS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        lost += clients[i].lost;
        loopback_close(clients[i].loopback);
    }
    print_message("%u changes were refused and made again\n", lost);
    assert_text(answer_text(get(w, GLOBEX_MANAGER, path), "/description"), world_text(w, "%d", CLIENTS * CHANGES));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_conditions_of_reads),
        cmocka_unit_test(test_conditions_of_writes),
        cmocka_unit_test(test_a_condition_may_be_demanded),
        cmocka_unit_test(test_read_edit_put),
        cmocka_unit_test(test_put_replaces),
        cmocka_unit_test(test_put_of_what_cannot_be_written),
        cmocka_unit_test(test_put_back_whatever_is_there),
        cmocka_unit_test(test_put_and_preferences),
        cmocka_unit_test(test_no_update_is_lost),
    };
    return cmocka_run_group_tests_name("writes", tests, world_setup, world_teardown);
}
