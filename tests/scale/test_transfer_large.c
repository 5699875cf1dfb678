/* SPDX-License-Identifier: MIT
 * test_transfer_large.c - a million rows out and a hundred thousand in, through the real program and a socket: all of them
 * come, the server's memory does not grow with them, and a bad row at the end leaves none behind. */
#include "test.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "jx.h"
#include "people.h"
#include "process.h"
#include "str.h"
#include "sys.h"

enum { EXPORTED = 1000000, IMPORTED = 100000, BAD_ROW = 99999, MOST_GROWTH_KIB = 20 * 1024 };

struct large {
    struct pg pg;
    struct arena *arena;
    struct process server;
    char token[128];
};

static uint64_t resident_kib(pid_t pid) {
    char path[64], line[256];
    unsigned long kib = 0;
    (void)snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    while (fgets(line, sizeof line, file) && sscanf(line, "VmRSS: %lu", &kib) != 1) {
    }
    (void)fclose(file);
    assert_true(kib > 0);
    return kib;
}

/* One request on a connection of its own. */
static void put_head(struct wire *wire, const struct large *l, const char *method, const char *path, const char *header,
                     size_t length) {
    char head[1024];
    int size = snprintf(head, sizeof head,
                        "%s /api/v1%s HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer %s\r\n%s\r\n"
                        "Content-Length: %zu\r\n\r\n",
                        method, path, l->token, header, length);
    assert_true(size > 0 && (size_t)size < sizeof head);
    wire_open(wire, l->server.port);
    wire_send(wire, head, (size_t)size);
}

struct taken {
    uint64_t lines, bytes, first_us, all_us, most_kib;
    bool is_whole;   /* the last chunk came */
    char head[1024]; /* its start, with what follows */
};

/* Reads to the end, counts lines, and looks at the server's memory on the way. */
static void take_all(struct wire *wire, pid_t pid, struct taken *ret_taken) {
    struct taken t = {0};
    static char buffer[256 * 1024];
    char tail[7] = "";
    uint64_t start = sys_monotonic_us();
    for (;;) {
        ssize_t got = recv(wire->socket, buffer, sizeof buffer, 0);
        if (got <= 0) {
            break;
        }
        if (t.bytes == 0) {
            t.first_us = sys_monotonic_us() - start;
            (void)snprintf(t.head, sizeof t.head, "%.*s", (int)got, buffer);
        }
        for (const char *p = buffer; (p = memchr(p, '\n', (size_t)(buffer + got - p))) != NULL; p++) {
            t.lines += p > buffer && p[-1] == '}';
        }
        if (got >= 5) {
            memcpy(tail, buffer + got - 5, 5);
        }
        if (t.bytes / 8388608 != (t.bytes + (uint64_t)got) / 8388608) {
            uint64_t now = resident_kib(pid);
            t.most_kib = now > t.most_kib ? now : t.most_kib;
        }
        t.bytes += (uint64_t)got;
    }
    t.all_us = sys_monotonic_us() - start;
    t.is_whole = memcmp(tail, "0\r\n\r\n", 5) == 0;
    *ret_taken = t;
}

static void test_export(void **state) {
    struct large *l = *state;
    struct taken t;
    struct wire wire;
    put_head(&wire, l, "GET", "/contacts?ordering=id&organization=" PEOPLE_ACME, "Accept: application/x-ndjson", 0);
    take_all(&wire, l->server.pid, &t); /* small, so that everything is warm */
    wire_close(&wire);
    uint64_t before = resident_kib(l->server.pid);
    put_head(&wire, l, "GET", "/products?ordering=id&organization=" PEOPLE_ACME, "Accept: application/x-ndjson", 0);
    take_all(&wire, l->server.pid, &t);
    wire_close(&wire);
    print_message("%" PRIu64 " rows, %" PRIu64 " MB: first byte %.1f ms, all %.1f s, memory %" PRIu64 " KiB more\n",
                  t.lines, t.bytes / 1000000, (double)t.first_us / 1e3, (double)t.all_us / 1e6,
                  t.most_kib > before ? t.most_kib - before : 0);
    assert_non_null(strstr(t.head, "HTTP/1.1 200"));
    assert_int_equal(
        t.lines, pg_count(&l->pg, "SELECT count(*) FROM product.product WHERE organization_id = '" PEOPLE_ACME "'"));
    assert_true(t.lines >= EXPORTED && t.is_whole);
    assert_true(t.most_kib < before + MOST_GROWTH_KIB);
}

static const char *rows_of(struct large *l, const char *prefix, uint32_t bad, size_t *ret_length) {
    struct str body;
    alees_str unit = pg_value(&l->pg, l->arena, "SELECT id FROM product.unit_of_measure WHERE code = 'EA'");
    str_init(&body, l->arena, 0);
    str_puts(&body, "organization,name,sku,base_uom,tags,description\r\n");
    for (uint32_t i = 1; i <= IMPORTED; i++) {
        str_printf(&body, PEOPLE_ACME ",\"Bolt, %s %u\",%s%s-%u,%.*s,\"[\"\"new\"\"]\",made of steel\r\n", prefix, i,
                   i == bad
                       ? "this-stock-keeping-unit-is-far-too-long-for-the-field-that-takes-a-hundred-characters-and-"
                         "not-a-single-one-more-"
                       : "",
                   prefix, i, STR_FMT(unit));
    }
    alees_str done = str_done(&body);
    assert_non_null(done.ptr);
    *ret_length = done.len;
    return done.ptr;
}

static void import(struct large *l, const char *body, size_t length, struct taken *ret_taken) {
    struct wire wire;
    put_head(&wire, l, "POST", "/products", "Content-Type: text/csv", length);
    wire_send(&wire, body, length);
    take_all(&wire, l->server.pid, ret_taken);
    wire_close(&wire);
}

static void test_import(void **state) {
    struct large *l = *state;
    static const char count[] = "SELECT count(*) FROM product.product WHERE sku LIKE 'in-%' OR sku LIKE 'this-%'";
    static const char trail[] =
        "SELECT count(*) FROM audit.entry WHERE resource = 'product.product' AND action = 'create'";
    int64_t entries = pg_count(&l->pg, trail);
    struct taken t;
    size_t length;
    const char *body = rows_of(l, "in", BAD_ROW, &length);
    import(l, body, length, &t);
    print_message("with a bad row: %.1f s\n", (double)t.all_us / 1e6);
    assert_non_null(strstr(t.head, "HTTP/1.1 422"));
    assert_non_null(strstr(t.head, "\"row\":99999,\"pointer\":\"/sku\""));
    assert_int_equal(pg_count(&l->pg, count), 0);
    body = rows_of(l, "in", 0, &length);
    uint64_t before = resident_kib(l->server.pid);
    import(l, body, length, &t);
    print_message("%d rows, %zu MB: %.1f s, memory %" PRIu64 " KiB, before %" PRIu64 "\n", IMPORTED, length / 1000000,
                  (double)t.all_us / 1e6, resident_kib(l->server.pid), before);
    assert_non_null(strstr(t.head, "HTTP/1.1 201"));
    assert_int_equal(pg_count(&l->pg, count), IMPORTED);
    assert_int_equal(pg_count(&l->pg, trail), IMPORTED + entries);
    assert_true(resident_kib(l->server.pid) < before + MOST_GROWTH_KIB);
}

/* Past the server, whose start wants the indexes that a million rows need not have. */
static void fill(struct large *l) {
    pg_exec(&l->pg, "SET session_replication_role = replica");
    pg_exec(&l->pg, "DO $$ DECLARE i text; BEGIN FOR i IN SELECT schemaname || '.' || indexname FROM pg_indexes WHERE "
                    "starts_with(indexname, 'alees_ix_product') LOOP EXECUTE 'DROP INDEX ' || i; END LOOP; END $$");
    pg_exec(
        &l->pg,
        "INSERT INTO product.product (organization_id, name, sku, description, base_uom_id, tags) SELECT '" PEOPLE_ACME
        "', 'Product number ' || n, 'OUT-' || n, 'Article ' || n || ', zinc plated', u.id, "
        "ARRAY['t' || n % 100] FROM generate_series(1, 1000000) n, product.unit_of_measure u WHERE u.code = "
        "'EA'");
    pg_exec(&l->pg, "ANALYZE product.product");
}

static int setup_rows(void **state) {
    fill(*state);
    return 0;
}

static int setup(void **state) {
    static const char *const more[] = {NULL};
    struct large *l = calloc(1, sizeof *l);
    struct caller caller = {.is_open = false};
    assert_non_null(l);
    l->arena = arena_new((size_t)256 * 1024 * 1024);
    assert_non_null(l->arena);
    pg_open(&l->pg, "transfer_large", PG_DEMO);
    process_start(&l->server, l->pg.conf, more);
    caller.port = l->server.port;
    caller_login(&caller, "acme-manager", l->token);
    caller_close(&caller);
    *state = l;
    return 0;
}

static int teardown(void **state) {
    struct large *l = *state;
    process_stop(&l->server);
    pg_close(&l->pg);
    arena_free(l->arena);
    free(l);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_import), /* with every index */
        cmocka_unit_test_setup_teardown(test_export, setup_rows, NULL),
    };
    return cmocka_run_group_tests_name("transfer_large", tests, setup, teardown);
}
