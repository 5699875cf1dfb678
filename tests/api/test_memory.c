/* SPDX-License-Identifier: MIT
 * test_memory.c - a request that runs out of its memory is answered with 503 and has done nothing; whatever its limit, no
 * answer is another one than with enough of it. And many requests leave nothing behind. */
#include "test.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>

#include "log.h"
#include "pipeline.h"
#include "world.h"

enum { ACME_MANAGER = 1 };

struct request {
    const char *method, *path, *body;
    uint32_t status;
};

struct reply {
    uint32_t status;
    size_t size;
};

/* As httpd.c does it. Whatever the limit, an answer has a body, and one of 503 is the problem. */
static struct reply send_with_limit(struct world *w, const struct request *in, size_t limit) {
    struct arena *arena = arena_new(limit);
    alees_ctx *ctx = arena ? ctx_new(loopback_app(w->loopback), arena) : NULL;
    const struct ctx_header headers[] = {{STR_LIT("Authorization"), {NULL, 0}},
                                         {STR_LIT("Content-Type"), STR_LIT("application/json")}};
    struct reply reply = {503, 0}; /* no ctx: httpd.c has the last resort */
    char token[128];
    int length = snprintf(token, sizeof token, "Bearer %s", w->tokens[ACME_MANAGER]);
    if (ctx) {
        struct ctx_header own[2] = {headers[0], headers[1]};
        const char *question = strchr(in->path, '?');
        own[0].value = (alees_str){token, (size_t)length};
        ctx->request =
            (struct ctx_request){.method = strcmp(in->method, "GET") == 0     ? ALEES_GET
                                           : strcmp(in->method, "POST") == 0  ? ALEES_POST
                                           : strcmp(in->method, "PATCH") == 0 ? ALEES_PATCH
                                                                              : ALEES_DELETE,
                                 .method_text = test_view(in->method),
                                 .uri = test_view(in->path),
                                 .path = {in->path, question ? (size_t)(question - in->path) : strlen(in->path)},
                                 .query = test_view(question ? question + 1 : NULL),
                                 .headers = own,
                                 .header_count = 2,
                                 .body = test_view(in->body),
                                 .peer = STR_LIT("192.0.2.1")};
        pipeline_run(ctx);
        alees_str bytes = pipeline_bytes(ctx, true);
        reply = (struct reply){ctx->response.status, ctx->response.body.len};
        assert_non_null(strstr(bytes.ptr, "\r\n\r\n{"));
        assert_true(reply.status != 503 ||
                    (strstr(bytes.ptr, "\r\nContent-Type: application/problem+json\r\n") != NULL &&
                     strstr(bytes.ptr, "\"status\":503,\"code\":\"") != NULL));
        ctx_end(ctx);
    }
    arena_free(arena);
    return reply;
}

static int64_t rows(struct world *w) {
    return pg_count(&w->pg, "SELECT (SELECT count(*) FROM product.product) + (SELECT count(*) FROM product.category) + "
                            "(SELECT sum(version) FROM product.product)");
}

static void test_every_limit(void **state) {
    struct world *w = *state;
    log_init(LOG_JSON, ALEES_LOG_ERROR + 1); /* thousands of failures on purpose */
    const struct resource *product = catalogue_resource(w->catalogue, "product.product");
    const char *own = world_row_path(w, product, world_make_row(w, product, WORLD_ACME));
    const char *foreign = world_row_path(w, product, world_any_row(w, product, WORLD_GLOBEX));
    const struct request requests[] = {
        {"GET", "/api/v1/products?page_size=3&ordering=-name", NULL, 200},
        {"GET", "/api/v1/products?page_size=3&fields=name,category&expand=category.parent", NULL, 200},
        {"GET", "/api/v1/contacts?page_size=3&fields=display_name", NULL, 200},
        {"GET", "/api/v1/organizations", NULL, 200},
        {"GET", "/api/v1/auth/me", NULL, 200},
        {"GET", "/api/v1/rbac/can?permission=product.view_product", NULL, 200},
        {"GET", "/api/v1/units-of-measure/convert?from=KG&to=LB&value=10", NULL, 200},
        {"GET", own, NULL, 200},
        {"GET", foreign, NULL, 404},
        {"GET", "/api/v1/products?nmae=x", NULL, 400},
        {"PATCH", foreign, "{\"name\":\"x\"}", 404},
        {"PATCH", own, "{\"nmae\":\"x\"}", 400},
        {"PATCH", own, "{\"tags\":[1],\"name\":null,\"category\":\"x\"}", 422},
        {"PATCH", own, "{\"description\":\"some text\",\"tags\":[\"a\",\"b\"]}", 200},
        {"PATCH", world_text(w, "%s?expand=base_uom", own), "{\"description\":\"another text\"}", 200},
        {"POST", "/api/v1/categories", "{\"name\":\"made\",\"organization\":\"01930000-0000-7000-8000-000000000003\"}",
         403},
        {"POST", "/api/v1/auth/logout", "{\"x\":1}", 400},
    };
    for (size_t i = 0; i < ARRAY_LEN(requests); i++) {
        const struct reply full = send_with_limit(w, &requests[i], (size_t)64 * 1024 * 1024);
        assert_int_equal(full.status, requests[i].status);
        int64_t before = rows(w), failed = 0, changed = 0;
        for (size_t limit = 1024; limit < 40 * 1024; limit += 112) {
            const struct reply reply = send_with_limit(w, &requests[i], limit);
            failed += reply.status == 503;
            changed += reply.status == 200 && requests[i].method[0] == 'P';
            if (reply.status != 503 && (reply.status != full.status || reply.size + 8 < full.size)) {
                print_error("%s %s with %zu bytes: %u (%zu), not %u (%zu)\n", requests[i].method, requests[i].path,
                            limit, reply.status, reply.size, full.status, full.size);
                fail();
            }
        }
        assert_true(failed > 0);
        if (rows(w) != before + changed) {
            print_error("%s %s: %d written, %d answered so\n", requests[i].method, requests[i].path,
                        (int)(rows(w) - before), (int)changed);
            fail();
        }
    }
}

/* Empty objects until the memory of the request is nearly gone, then a text that no longer fits. Nobody need be logged in
 * for that. */
static void test_body_that_eats_the_memory(void **state) {
    struct world *w = *state;
    enum { LONGEST = 1024 * 1024 - 1 };
    char *body = malloc(LONGEST + 1);
    uint32_t refused = 0;
    assert_non_null(body);
    log_init(LOG_JSON, ALEES_LOG_ERROR + 1);
    for (size_t objects = 4000; objects < 32700; objects += 700) {
        size_t at = 0;
        body[at++] = '[';
        for (size_t i = 0; i < objects; i++, at += 3) {
            memcpy(body + at, "{},", 3);
        }
        body[at++] = '"';
        memset(body + at, 'a', LONGEST - 2 - at);
        memcpy(body + LONGEST - 2, "\"]", 3);
        const struct request request = {"POST", "/api/v1/auth/login", body, 400};
        const struct reply reply = send_with_limit(w, &request, (size_t)8 * 1024 * 1024);
        assert_true(reply.status == 400 || reply.status == 503);
        refused += reply.status == 503;
    }
    assert_true(refused > 0);
    free(body);
}

/* ---- many requests ---- */

/* Of the address sanitizer; else glibc counts. */
size_t __sanitizer_get_current_allocated_bytes(void) __attribute__((weak));

static size_t bytes_in_use(void) {
    if (__sanitizer_get_current_allocated_bytes) {
        return __sanitizer_get_current_allocated_bytes();
    }
    return mallinfo2().uordblks;
}

static void ask_all(struct world *w, const char *const *paths, size_t count, uint32_t rounds) {
    for (uint32_t round = 0; round < rounds; round++) {
        struct loopback *l = loopback_on(loopback_app(w->loopback));
        for (uint32_t i = 0; i < 100; i++) {
            size_t which = i % count;
            const char *token = i % 7 == 0 ? "alees_made-up" : w->tokens[ACME_MANAGER];
            (void)loopback_request(l, which % 5 == 4 ? "PATCH" : "GET", paths[which], token,
                                   which % 5 == 4 ? "{\"description\":\"again\"}" : NULL);
        }
        loopback_close(l);
    }
}

/* ALEES_TEST_REQUESTS: how many, in place of the few that show a leak in each. */
static void test_many_requests_leave_nothing(void **state) {
    struct world *w = *state;
    const struct resource *product = catalogue_resource(w->catalogue, "product.product");
    const char *own = world_row_path(w, product, world_make_row(w, product, WORLD_ACME));
    const char *const paths[] = {"/api/v1/products?page_size=20",
                                 "/api/v1/auth/me",
                                 world_row_path(w, product, world_any_row(w, product, WORLD_GLOBEX)),
                                 "/api/v1/organizations",
                                 own,
                                 "/api/v1/contacts?ordering=-created_at&page_size=7",
                                 "/api/v1/nowhere",
                                 "/healthz",
                                 "/api/v1/products?nonsense=1",
                                 "/api/v1/products/x"};
    const char *wanted = getenv("ALEES_TEST_REQUESTS");
    uint32_t rounds = wanted ? (uint32_t)strtoul(wanted, NULL, 10) / 100 : 40;
    log_init(LOG_JSON, ALEES_LOG_ERROR + 1);
    ask_all(w, paths, ARRAY_LEN(paths), 20);
    size_t before = bytes_in_use();
    ask_all(w, paths, ARRAY_LEN(paths), rounds);
    size_t after = bytes_in_use();
    print_message("%u requests: %zu bytes before, %zu after\n", rounds * 100, before, after);
    assert_true(after < before + (size_t)128 * 1024);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_limit),
        cmocka_unit_test(test_body_that_eats_the_memory),
        cmocka_unit_test(test_many_requests_leave_nothing),
    };
    return cmocka_run_group_tests_name("memory", tests, world_setup, world_teardown);
}
