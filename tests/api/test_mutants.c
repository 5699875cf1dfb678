/* SPDX-License-Identifier: MIT
 * test_mutants.c - tens of thousands of requests that are nearly right, then damaged: the server survives every one of
 * them, answers none with 500, and shows nobody what is not theirs, nor a word of PostgreSQL's. The sanitizer builds run it,
 * too. ALEES_TEST_SEED repeats a run. */
#include "test.h"

#include <stdio.h>
#include <time.h>

#include "httpd.h"
#include "mutate.h"
#include "record.h"
#include "wire.h"

#include <sys/socket.h>

#if defined(__SANITIZE_THREAD__)
enum { INSIDE = 5000, BY_WIRE = 2000 };
#else
enum { INSIDE = 100000, BY_WIRE = 10000 };
#endif

/* Stands in rows of Globex only. */
#define SECRET "zqxjkv"

static const char *const forbidden[] = {SECRET,          "SQLSTATE",        "syntax error", "_fkey",   "_pkey",
                                        "violates",      "relation ",       "pg_catalog",   "pg_temp", "invalid input",
                                        "row-level",     "\nSELECT ",       "alees_plugin", "::uuid",  "FROM \"",
                                        "operator does", "current_setting", "stack",        "/core/",  "libpq"};

static void plant(struct world *w) {
    static const char *const statements[] = {
        "UPDATE product.product SET name = '" SECRET "-' || name, description = '" SECRET " bolt'",
        "UPDATE product.category SET name = '" SECRET "-' || name",
        "UPDATE contact.contact SET last_name = '" SECRET "-' || last_name, notes = '" SECRET "'",
    };
    const char *globex = world_organizations[WORLD_GLOBEX].id;
    for (size_t i = 0; i < ARRAY_LEN(statements); i++) {
        pg_exec(&w->pg, world_text(w, "%s WHERE organization_id = '%s'", statements[i], globex));
    }
    pg_exec(&w->pg,
            world_text(w, "INSERT INTO rbac.role (organization_id, name, permissions) VALUES ('%s', '%s', '{}')",
                       globex, SECRET));
}

static uint64_t seed(void) {
    const char *given = getenv("ALEES_TEST_SEED");
    uint64_t value = given ? strtoull(given, NULL, 10) : (uint64_t)time(NULL);
    return value ? value : 1;
}

static void show(const struct mutate_request *q, uint64_t begin, uint32_t number) {
    print_error("seed %llu, request %u, user %zu: %s %s\n", (unsigned long long)begin, number, q->user, q->method,
                q->path);
    for (uint32_t i = 0; i < q->header_count; i++) {
        print_error("%s: %s\n", q->headers[i][0], q->headers[i][1]);
    }
    print_error("%s\n", q->has_body ? q->body : "(no body)");
}

static const char *token_of(const struct world *w, size_t user) {
    return user < WORLD_USERS ? w->tokens[user] : user == WORLD_USERS ? NULL : "al_nobody_has_this_one";
}

/* A request may be refused for whatever reason, but understood it must be. */
static bool is_sane(uint32_t status) {
    return status >= 200 && status < 500;
}

/* What it asked with it may be told back. */
static const char *leak(const struct world *w, const struct mutate_request *q, alees_str body) {
    for (size_t i = 0; i < ARRAY_LEN(forbidden); i++) {
        bool may_see = i == 0 && q->user < WORLD_USERS && world_users[q->user].access[WORLD_GLOBEX] != WORLD_NONE;
        if (!may_see && body.ptr && strstr(body.ptr, forbidden[i]) && !mutate_holds(q, forbidden[i])) {
            return forbidden[i];
        }
    }
    (void)w;
    return NULL;
}

/* What a manager may do to their own organization must not spoil the rest. */
static void repair(struct world *w) {
    pg_exec(&w->pg, "UPDATE rbac.organization SET is_active = true WHERE NOT is_active");
    pg_exec(&w->pg, "UPDATE rbac.app_user SET is_active = true WHERE NOT is_active");
}

static bool is_reading(const char *method) {
    return strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0 || strcmp(method, "OPTIONS") == 0;
}

static void make(struct mutate *m, struct mutate_request *q) {
    do {
        mutate_make(m, q);
        if (mutate_below(m, 100) < 50) {
            mutate_damage(m, q);
        }
    } while ((q->user == WORLD_ADMIN && !is_reading(q->method)) || strstr(q->path, "logout") ||
             strstr(q->path, "password"));
}

static void test_inside(void **state) {
    struct world *w = *state;
    struct mutate m;
    uint64_t begin = seed();
    uint32_t by_class[6] = {0};
    struct mutate_request *q = malloc(sizeof *q);
    assert_non_null(q);
    mutate_init(&m, w, begin);
    for (uint32_t i = 0; i < INSIDE; i++) {
        struct arena_mark mark;
        arena_mark(w->arena, &mark);
        make(&m, q);
        struct loopback_request request = {
            .method = q->method, .path = q->path, .token = token_of(w, q->user), .body = q->has_body ? q->body : NULL};
        for (uint32_t k = 0; k < q->header_count; k++) {
            request.headers[k][0] = q->headers[k][0];
            request.headers[k][1] = q->headers[k][1];
        }
        const struct answer *a = loopback_send(w->loopback, &request);
        const char *word = leak(w, q, a->body);
        if (!is_sane(a->status) || word) {
            show(q, begin, i);
            fail_msg("%u, %s: %.*s", a->status, word ? word : "nothing said", STR_FMT(a->body));
        }
        by_class[a->status / 100]++;
        loopback_forget(w->loopback);
        arena_release(w->arena, &mark);
        if (i % 500 == 0) {
            repair(w);
        }
    }
    free(q);
    print_message("seed %llu: 2xx %u, 3xx %u, 4xx %u\n", (unsigned long long)begin, by_class[2], by_class[3],
                  by_class[4]);
    assert_true(by_class[2] > INSIDE / 20); /* it is no use to be refused at the door */
}

/* ---- over a socket ---- */

static void put_request(struct wire *wire, const struct world *w, const struct mutate_request *q) {
    char head[MUTATE_TEXT + 2048];
    size_t at = (size_t)snprintf(head, sizeof head, "%s %s HTTP/1.1\r\nHost: localhost\r\n", q->method, q->path);
    const char *token = token_of(w, q->user);
    if (token) {
        at += (size_t)snprintf(head + at, sizeof head - at, "Authorization: Bearer %s\r\n", token);
    }
    for (uint32_t i = 0; i < q->header_count; i++) {
        at += (size_t)snprintf(head + at, sizeof head - at, "%s: %s\r\n", q->headers[i][0], q->headers[i][1]);
    }
    if (q->has_body) {
        at += (size_t)snprintf(head + at, sizeof head - at, "Content-Type: application/json\r\nContent-Length: %zu\r\n",
                               strlen(q->body));
    }
    assert_true(at + 3 < sizeof head);
    memcpy(head + at, "\r\n", 3);
    wire_puts(wire, head);
    if (q->has_body) {
        wire_puts(wire, q->body);
    }
}

/* A damaged head may make two requests of one, or half: each is sent on a connection of its own, after which the server
 * must still answer the next. */
static void test_by_wire(void **state) {
    struct world *w = *state;
    struct mutate m;
    struct httpd *httpd = NULL;
    uint64_t begin = seed() + 1;
    uint32_t answered = 0;
    struct mutate_request *q = malloc(sizeof *q);
    assert_non_null(q);
    record_shipped_server();
    assert_ok(httpd_start(loopback_app(w->loopback), stderr, &httpd));
    mutate_init(&m, w, begin);
    for (uint32_t i = 0; i < BY_WIRE; i++) {
        struct arena_mark mark;
        struct wire wire;
        arena_mark(w->arena, &mark);
        make(&m, q);
        wire_open(&wire, httpd_port(httpd));
        put_request(&wire, w, q);
        (void)shutdown(wire.socket, SHUT_WR);
        struct wire_answer a = wire_take(&wire, strcmp(q->method, "HEAD") == 0);
        if (a.status >= 500) {
            show(q, begin, i);
            fail_msg("%u %s: %s", a.status, a.code, a.body);
        }
        answered += a.status != 0;
        wire_close(&wire);
        arena_release(w->arena, &mark);
        if (i % 500 == 0) {
            repair(w);
        }
    }
    free(q);
    httpd_stop(httpd);
    assert_true(answered > BY_WIRE / 2);
    assert_status(world_ask(w, WORLD_ADMIN, "GET", "/api/v1/products?page_size=1", NULL), 200);
}

static int setup(void **state) {
    int rc = world_setup(state);
    struct world *w = *state;
    for (size_t i = 0; rc == 0 && i < WORLD_USERS; i++) {
        w->tokens[i] = world_text(w, "%s", w->tokens[i]); /* answers are forgotten */
    }
    if (rc == 0) {
        plant(w);
    }
    return rc;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_inside),
        cmocka_unit_test(test_by_wire),
    };
    return cmocka_run_group_tests_name("mutants", tests, setup, world_teardown);
}
