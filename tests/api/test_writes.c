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
        cmocka_unit_test(test_no_update_is_lost),
    };
    return cmocka_run_group_tests_name("writes", tests, world_setup, world_teardown);
}
