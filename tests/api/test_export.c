/* SPDX-License-Identifier: MIT
 * test_export.c - a list as CSV and NDJSON: the same rows, in the same order, with the same fields and rights as the list
 * itself, all of them; formulas are taken the edge off; what is asked wrongly is refused before anything is sent. */
#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

#include "alees/util.h"
#include "process.h"
#include "world.h"

enum { ADMIN, ACME_MANAGER, ACME_VIEWER, GLOBEX_MANAGER, BOTH, NOBODY };

#define ACME "01930000-0000-7000-8000-000000000001"
#define GLOBEX "01930000-0000-7000-8000-000000000003"
#define VIEWER "00000000-0000-7000-8000-000000000004"

static struct arena *texts; /* long ones */

static const struct answer *take(struct world *w, size_t user, const char *method, const char *path,
                                 const char *accept) {
    const struct loopback_request request = {
        .method = method, .path = path, .token = w->tokens[user], .headers = {{"Accept", accept}}};
    return loopback_send(w->loopback, &request);
}

static const char *body(struct world *w, size_t user, const char *path, const char *accept) {
    const struct answer *a = take(w, user, "GET", path, accept);
    world_must(a, 200, user, path);
    return arena_str(texts, a->body).ptr;
}

static size_t count_lines(const char *text) {
    size_t count = 0;
    for (; *text; text++) {
        count += *text == '\n';
    }
    return count;
}

/* Every row of the list, page for page, as lines. */
static const char *listed(struct world *w, size_t user, const char *path) {
    struct str out;
    const char *next = path;
    str_init(&out, texts, 4096);
    while (next) {
        const struct answer *a = world_ask(w, user, "GET", next, NULL);
        world_must(a, 200, user, next);
        const alees_json *rows = answer_at(a, "/results");
        for (uint32_t i = 0; i < jx_size(rows); i++) {
            jx_write(jx_at(rows, i), &out);
            str_putc(&out, '\n');
        }
        next = answer_text(a, "/next").ptr;
    }
    return str_done(&out).ptr;
}

/* The lines of an export, as `listed` writes them. */
static const char *lines_of(const char *text) {
    struct str out;
    str_init(&out, texts, 4096);
    for (const char *end = strchr(text, '\n'); end; text = end + 1, end = strchr(text, '\n')) {
        struct problem problem;
        alees_json *row = NULL;
        problem_init(&problem, texts);
        assert_ok(jx_parse(texts, &problem, (alees_str){text, (size_t)(end - text)}, &row));
        jx_write(row, &out);
        str_putc(&out, '\n');
    }
    assert_string_equal(text, "");
    return str_done(&out).ptr;
}

static void test_the_rows_of_the_list(void **state) {
    static const char *const queries[] = {"?page_size=2",
                                          "?page_size=3&ordering=-name",
                                          "?page_size=2&status=active",
                                          "?page_size=3&ordering=name,-sku",
                                          "?page_size=2&fields=sku,name",
                                          "?page_size=2&organization=" ACME,
                                          "?page_size=2&organization=" GLOBEX};
    static const char *const resources[] = {"/api/v1/products", "/api/v1/categories"};
    struct world *w = *state;
    size_t total = 0;
    for (size_t user = 0; user < WORLD_USERS; user++) {
        for (size_t k = 0; k < ARRAY_LEN(resources); k++) {
            for (size_t i = 0; i < ARRAY_LEN(queries); i++) {
                if (k == 1 && (strstr(queries[i], "status") || strstr(queries[i], "sku"))) {
                    continue;
                }
                const char *whole = strchr(queries[i], '&');
                const char *path = world_text(w, "%s%s%s", resources[k], whole ? "?" : "", whole ? whole + 1 : "");
                const char *expected = listed(w, user, world_text(w, "%s%s", resources[k], queries[i]));
                assert_string_equal(lines_of(body(w, user, path, "application/x-ndjson")), expected);
                assert_int_equal(count_lines(body(w, user, path, "text/csv")), count_lines(expected) + 1);
                total += count_lines(expected);
                loopback_forget(w->loopback);
                arena_reset(texts);
            }
        }
    }
    assert_true(total > 200);
}

static void test_other_scopes(void **state) {
    static const char *const paths[] = {
        "/api/v1/units-of-measure", "/api/v1/organizations", "/api/v1/users", "/api/v1/roles",
        "/api/v1/api-keys",         "/api/v1/audit-entries"};
    struct world *w = *state;
    for (size_t user = 0; user < WORLD_USERS; user++) {
        for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
            const char *expected = listed(w, user, world_text(w, "%s?page_size=7", paths[i]));
            assert_string_equal(lines_of(body(w, user, paths[i], "application/x-ndjson")), expected);
            loopback_forget(w->loopback);
            arena_reset(texts);
        }
    }
}

static void test_csv(void **state) {
    struct world *w = *state;
    pg_exec(&w->pg, "UPDATE product.product SET name = '=1+\"1\"', description = 'a, b', tags = '{x,\"y z\"}',"
                    " attributes = '{\"a\":1}' WHERE sku = (SELECT min(sku) FROM product.product WHERE"
                    " organization_id = '" ACME "') AND organization_id = '" ACME "'");
    const char *text =
        body(w, ACME_MANAGER,
             "/api/v1/products?ordering=sku&fields=name,description,tags,attributes,category,is_sellable", "text/csv");
    const char start[] = "name,description,category,is_sellable,tags,attributes\r\n\"'=1+\"\"1\"\"\",\"a, b\",";
    assert_int_equal(strncmp(text, start, sizeof start - 1), 0);
    assert_non_null(strstr(text, ",true,\"[\"\"x\"\",\"\"y z\"\"]\",\"{\"\"a\"\": 1}\"\r\n"));
    /* numbers are numbers, texts that look like one are none */
    pg_exec(&w->pg, "UPDATE product.unit_of_measure SET symbol = '-5' WHERE code = 'EA'");
    assert_non_null(strstr(body(w, ACME_MANAGER, "/api/v1/units-of-measure?fields=code,symbol,factor", "text/csv"),
                           "EA,'-5,1\r\n"));
    assert_non_null(strstr(body(w, ACME_MANAGER, "/api/v1/units-of-measure?fields=code,factor", "text/csv"),
                           "\r\nBOX,\r\n")); /* null */
}

static void test_headers(void **state) {
    struct world *w = *state;
    const struct answer *a = take(w, ACME_MANAGER, "GET", "/api/v1/units-of-measure", "text/csv");
    assert_string_equal(answer_header(a, "Content-Type").ptr ? "" : "missing", "");
    assert_true(str_equal(answer_header(a, "Content-Type"), "text/csv; charset=utf-8; header=present"));
    assert_true(str_equal(answer_header(a, "Content-Disposition"), "attachment; filename=\"units-of-measure.csv\""));
    a = take(w, ACME_MANAGER, "HEAD", "/api/v1/products", "application/x-ndjson");
    assert_int_equal(a->status, 200);
    assert_int_equal(a->body.len, 0);
    assert_null(answer_header(a, "Content-Length").ptr);
    assert_true(str_equal(answer_header(a, "Content-Disposition"), "attachment; filename=\"products.ndjson\""));
    assert_problem(take(w, ACME_MANAGER, "GET", "/api/v1/products", "text/html"), 406, "not_acceptable");
    assert_problem(take(w, ACME_MANAGER, "GET", "/api/v1/organizations/" ACME, "text/csv"), 406, "not_acceptable");
    a = take(w, ACME_MANAGER, "GET", "/api/v1/products", "text/csv;q=0.5, application/json");
    assert_non_null(answer_at(a, "/results"));
}

static void test_what_is_refused(void **state) {
    static const char *const bad[] = {"page_size=5", "cursor=x", "page=1", "count=exact"};
    struct world *w = *state;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        assert_problem(take(w, ACME_MANAGER, "GET", world_text(w, "/api/v1/products?%s", bad[i]), "text/csv"), 400,
                       "bad_parameter");
    }
    assert_problem(take(w, ACME_MANAGER, "GET", "/api/v1/products?nmae=x", "text/csv"), 400, "unknown_parameter");
    assert_problem(take(w, ACME_MANAGER, "GET", "/api/v1/products?fields=nmae", "text/csv"), 400, "bad_parameter");
    const struct loopback_request anonymous = {
        .method = "GET", .path = "/api/v1/products", .headers = {{"Accept", "text/csv"}}};
    assert_problem(loopback_send(w->loopback, &anonymous), 401, "unauthenticated");
}

/* Each row shows what may be read in its own organization, in a fresh server that knows of the restriction. */
static void test_hidden_fields(void **state) {
    struct world *w = *state;
    const char *text;
    pg_exec(&w->pg,
            "INSERT INTO rbac.field_permission (organization_id, role_id, resource, read_fields, create_fields, "
            "update_fields) SELECT organization_id, id, 'product.product', '{name}', '{}', '{}' FROM rbac.role "
            "WHERE id = '" VIEWER "'");
    loopback_close(w->loopback);
    w->loopback = loopback_open(w->pg.conf, NULL);
    text = body(w, ACME_VIEWER, "/api/v1/products", "application/x-ndjson");
    assert_null(strstr(text, "\"sku\""));
    assert_non_null(strstr(text, "\"name\""));
    text = body(w, BOTH, "/api/v1/products", "application/x-ndjson");
    assert_string_equal(lines_of(text), listed(w, BOTH, "/api/v1/products?page_size=3"));
    assert_non_null(strstr(text, "\"sku\"")); /* of Globex, where they manage */
    text = body(w, BOTH, "/api/v1/products?fields=organization,sku", "text/csv");
    for (const char *line = strchr(text, '\n') + 1; *line; line = strchr(line, '\n') + 1) {
        bool is_acme = strncmp(line, GLOBEX, 36) != 0;
        assert_int_equal(strncmp(line + 36, ",\r\n", 3) == 0, is_acme);
    }
    pg_exec(&w->pg, "DELETE FROM rbac.field_permission WHERE role_id = '" VIEWER "'");
}

/* ---- the real server ---- */

static struct process process;

static void ask_for(struct wire *w, const char *token, const char *path, const char *more) {
    char request[1024];
    wire_open(w, process.port);
    (void)snprintf(request, sizeof request,
                   "GET %s HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer %s\r\nAccept: application/x-ndjson\r\n%s\r\n",
                   path, token, more);
    wire_puts(w, request);
}

static void login(char token[128]) {
    struct caller c = {.port = process.port};
    caller_login(&c, "acme-manager", token);
    caller_close(&c);
}

/* How many products of Acme there are: too many for the buffers of a connection. */
enum { MANY = 60000 };

static void make_many(struct world *w) {
    pg_exec(&w->pg,
            world_text(w,
                       "INSERT INTO product.product (organization_id, name, sku, base_uom_id, description) SELECT "
                       "'" ACME "', 'many', 'MANY-' || n, u.id, repeat('x', 300) FROM generate_series(1, %d) n, "
                       "(SELECT id FROM product.unit_of_measure LIMIT 1) u",
                       MANY));
    pg_exec(&w->pg, "ANALYZE product.product");
}

static void test_streams(void **state) {
    struct world *w = *state;
    struct wire wire;
    bool is_whole;
    char token[128];
    make_many(w);
    process_start(&process, w->pg.conf, NULL);
    login(token);
    ask_for(&wire, token, "/api/v1/products?name=many", "Connection: close\r\n");
    wire_drain(&wire);
    char *text = strstr(wire.bytes, "\r\n\r\n") + 4;
    assert_non_null(strstr(wire.bytes, "\r\nTransfer-Encoding: chunked\r\n"));
    assert_int_equal(wire_unchunk(text, &is_whole) > (size_t)MANY * 300, true);
    assert_true(is_whole);
    assert_int_equal(count_lines(text), MANY);
    wire_close(&wire);
}

static void test_packed(void **state) {
    struct wire wire;
    char token[128];
    (void)state;
    login(token);
    ask_for(&wire, token, "/api/v1/products?name=many", "Accept-Encoding: gzip\r\nConnection: close\r\n");
    wire_drain(&wire);
    assert_non_null(strstr(wire.bytes, "\r\nContent-Encoding: gzip\r\n"));
    assert_non_null(strstr(wire.bytes, "\r\nVary: Accept-Encoding\r\n"));
    assert_true(wire.len < (size_t)MANY * 100);
    assert_memory_equal(wire.bytes + wire.len - 5, "0\r\n\r\n", 5);
    wire_close(&wire);
}

static int64_t open_transactions(struct world *w) {
    return pg_count(&w->pg, "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND "
                            "usename = 'alees_app' AND xact_start IS NOT NULL AND query ~ 'alees_rows'");
}

static void wait_for_none(struct world *w) {
    int64_t open = open_transactions(w);
    for (int i = 0; i < 1500 && open > 0; i++, open = open_transactions(w)) {
        const struct timespec pause = {0, 10 * 1000 * 1000};
        (void)nanosleep(&pause, NULL);
    }
    assert_int_equal(open, 0);
}

static void wait_for_some(struct world *w, int64_t count) {
    int64_t open = open_transactions(w);
    for (int i = 0; i < 1000 && open < count; i++, open = open_transactions(w)) {
        const struct timespec pause = {0, 10 * 1000 * 1000};
        (void)nanosleep(&pause, NULL);
    }
    assert_true(open >= count);
}

/* As many as may run; the next is told to come again; who hangs up makes room. */
static void test_most_at_once(void **state) {
    struct world *w = *state;
    struct wire held[2], wire;
    char token[128];
    login(token);
    for (size_t i = 0; i < ARRAY_LEN(held); i++) {
        ask_for(&held[i], token, "/api/v1/products?name=many", "");
    }
    wait_for_some(w, 2);
    ask_for(&wire, token, "/api/v1/products?name=many", "");
    struct wire_answer a = wire_take(&wire, false);
    assert_int_equal(a.status, 503);
    assert_string_equal(a.code, "unavailable");
    wire_close(&wire);
    for (size_t i = 0; i < ARRAY_LEN(held); i++) {
        wire_close(&held[i]);
    }
    wait_for_none(w);
    ask_for(&wire, token, "/api/v1/products?name=many&fields=sku", "Connection: close\r\n");
    wire_drain(&wire);
    assert_int_equal(strncmp(wire.bytes, "HTTP/1.1 200 OK", 15), 0);
    wire_close(&wire);
}

/* Who does not read on is left after server.request_timeout_ms, and nothing is held any more. */
static void test_reader_that_stops(void **state) {
    struct world *w = *state;
    struct wire wire;
    bool is_whole;
    char token[128];
    login(token);
    ask_for(&wire, token, "/api/v1/products?name=many", "");
    wait_for_some(w, 1);
    wait_for_none(w);
    wire_drain(&wire);
    char *text = strstr(wire.bytes, "\r\n\r\n") + 4;
    (void)wire_unchunk(text, &is_whole);
    assert_false(is_whole);
    wire_close(&wire);
}

/* The answer has begun. */
static void wait_for_bytes(const struct wire *w) {
    char first;
    assert_int_equal(recv(w->socket, &first, 1, MSG_PEEK), 1);
}

/* What breaks off in the middle is not a whole answer. */
static void test_database_that_breaks(void **state) {
    struct world *w = *state;
    struct wire wire;
    bool is_whole;
    char token[128];
    login(token);
    ask_for(&wire, token, "/api/v1/products?name=many", "");
    wait_for_some(w, 1);
    wait_for_bytes(&wire);
    pg_exec(&w->pg, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND "
                    "usename = 'alees_app' AND xact_start IS NOT NULL");
    wire_drain(&wire);
    assert_int_equal(strncmp(wire.bytes, "HTTP/1.1 200 OK", 15), 0);
    char *text = strstr(wire.bytes, "\r\n\r\n") + 4;
    (void)wire_unchunk(text, &is_whole);
    assert_false(is_whole);
    assert_null(strstr(text, "problem"));
    wire_close(&wire);
    process_stop(&process);
}

static int setup(void **state) {
    struct world *w;
    texts = arena_new((size_t)512 * 1024 * 1024);
    assert_non_null(texts);
    assert_int_equal(world_setup(state), 0);
    w = *state;
    for (size_t i = 0; i < WORLD_USERS; i++) {
        w->tokens[i] = world_text(w, "%s", w->tokens[i]); /* they are answers, which are forgotten */
    }
    return 0;
}

static int teardown(void **state) {
    arena_free(texts);
    return world_teardown(state);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_rows_of_the_list),
        cmocka_unit_test(test_other_scopes),
        cmocka_unit_test(test_csv),
        cmocka_unit_test(test_headers),
        cmocka_unit_test(test_what_is_refused),
        cmocka_unit_test(test_hidden_fields),
        cmocka_unit_test(test_streams),
        cmocka_unit_test(test_packed),
        cmocka_unit_test(test_most_at_once),
        cmocka_unit_test(test_reader_that_stops),
        cmocka_unit_test(test_database_that_breaks),
    };
    return cmocka_run_group_tests_name("export", tests, setup, teardown);
}
