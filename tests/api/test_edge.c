/* SPDX-License-Identifier: MIT
 * test_edge.c - the edge of the whole server: rate limits, packed lists, what OPTIONS tells, traces in the database. */
#include "people.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "alees/util.h"
#include "ratelimit.h"

#define TRACE "4bf92f3577b34da6a3ce929d0e0e4736"

/* Buckets of their own, full ones. 0: no limit. */
static void limit(struct people *p, int user, int organization) {
    char path[] = "/tmp/alees-edge-XXXXXX";
    struct config *c = NULL;
    int file = mkstemp(path);
    assert_true(file >= 0);
    const char *text = people_text(p,
                                   "[limits]\nuser_per_minute = %d\norganization_per_minute = %d\n"
                                   "address_per_minute = 0\n",
                                   user, organization);
    assert_int_equal(write(file, text, strlen(text)), (ssize_t)strlen(text));
    (void)close(file);
    assert_ok(config_load(path, NULL, stderr, &c));
    assert_ok(ratelimit_new(p->arena, c, &loopback_app(p->loopback)->ratelimit));
    config_free(c);
    (void)unlink(path);
}

static void no_limit(struct people *p) {
    loopback_app(p->loopback)->ratelimit = NULL;
}

static const struct answer *with(struct people *p, const char *method, const char *path, const char *token,
                                 const char *name, const char *value) {
    const struct loopback_request r = {
        .method = method, .path = people_text(p, "/api/v1%s", path), .token = token, .headers = {{name, value}}};
    return loopback_send(p->loopback, &r);
}

/* A user and the user's API key share one bucket; others have theirs. */
static void test_users(void **state) {
    struct people *p = *state;
    const char *alice = people_new(p, "limited", PEOPLE_ACME, "viewer");
    const char *bob = people_new(p, "unlimited", PEOPLE_ACME, "viewer");
    const struct answer *made =
        people_ask(p, "POST", "/api-keys", alice, "{\"name\":\"k\",\"permissions\":[\"product.view_product\"]}");
    assert_status(made, 201);
    const char *key = people_text(p, "%.*s", STR_FMT(answer_text(made, "/secret")));
    limit(p, 4, 0);
    const struct answer *a = people_ask(p, "GET", "/products?page_size=1", alice, NULL);
    assert_status(a, 200);
    assert_text(answer_header(a, "RateLimit-Policy"), "\"user\";q=4;w=60");
    assert_text(answer_header(a, "RateLimit"), "\"user\";r=3;t=15");
    assert_status(people_ask(p, "GET", "/products?page_size=1", key, NULL), 200);
    assert_status(people_ask(p, "GET", "/unknown", alice, NULL), 404); /* nothing to charge: nobody was asked for */
    assert_problem(people_ask(p, "GET", "/products?nonsense=1", key, NULL), 400, "unknown_parameter");
    assert_status(people_ask(p, "GET", "/auth/me", alice, NULL), 200);
    a = people_ask(p, "GET", "/products?page_size=1", key, NULL);
    assert_problem(a, 429, "too_many_requests");
    assert_text(answer_header(a, "Retry-After"), "15");
    assert_text(answer_header(a, "RateLimit"), "\"user\";r=0;t=60");
    assert_problem(people_ask(p, "DELETE", "/products/" PEOPLE_NOWHERE, alice, NULL), 429, "too_many_requests");
    assert_status(people_ask(p, "GET", "/products?page_size=1", bob, NULL), 200);
    no_limit(p);
    assert_absent(answer_header(people_ask(p, "GET", "/products?page_size=1", alice, NULL), "RateLimit"));
}

/* Of an organization, whoever asks: but only those who reach it, and only where it is known which one it is. */
static void test_organizations(void **state) {
    struct people *p = *state;
    const char *one = people_new(p, "of-acme", PEOPLE_ACME, "editor");
    const char *other = people_new(p, "too-of-acme", PEOPLE_ACME, "editor");
    const char *stranger = people_new(p, "of-globex", PEOPLE_GLOBEX, "editor");
    people_add(p, "of-both", PEOPLE_ACME, "editor");
    people_join(p, "of-both", PEOPLE_GLOBEX, "editor", false);
    const char *both = people_token(p, "of-both");
    const char *in_acme = "/products?organization=" PEOPLE_ACME;
    limit(p, 0, 4);
    const struct answer *a = people_ask(p, "GET", "/products", one, NULL); /* it can be about this one only */
    assert_status(a, 200);
    assert_text(answer_header(a, "RateLimit"), "\"organization\";r=3;t=15");
    a = people_ask(p, "GET", in_acme, both, NULL);
    assert_text(answer_header(a, "RateLimit"), "\"organization\";r=2;t=30");
    a = people_ask(p, "POST", "/products", both, "{\"organization\":\"" PEOPLE_ACME "\"}");
    assert_status(a, 422);
    assert_text(answer_header(a, "RateLimit"), "\"organization\";r=1;t=45");
    assert_absent(answer_header(people_ask(p, "GET", "/products", both, NULL), "RateLimit")); /* about two */
    assert_status(people_ask(p, "GET", "/products", other, NULL), 200);
    a = people_ask(p, "GET", "/products", other, NULL);
    assert_problem(a, 429, "too_many_requests");
    assert_text(answer_header(a, "Retry-After"), "15");
    assert_problem(people_ask(p, "GET", in_acme, both, NULL), 429, "too_many_requests");
    assert_status(people_ask(p, "GET", "/products", stranger, NULL), 200);
    assert_status(people_ask(p, "GET", "/products?organization=" PEOPLE_GLOBEX, both, NULL), 200);
    no_limit(p);
}

/* To name an organization costs it nothing, unless one reaches it. */
static void test_foreign_bucket(void **state) {
    struct people *p = *state;
    const char *member = people_new(p, "member-of-acme", PEOPLE_ACME, "viewer");
    const char *attacker = people_new(p, "member-of-globex", PEOPLE_GLOBEX, "editor");
    limit(p, 0, 1000);
    for (int i = 0; i < 50; i++) {
        (void)people_ask(p, "GET", "/products?organization=" PEOPLE_ACME, attacker, NULL);
        (void)people_ask(p, "POST", "/products", attacker, "{\"organization\":\"" PEOPLE_ACME "\"}");
    }
    const struct answer *a = people_ask(p, "GET", "/products", member, NULL);
    assert_text(answer_header(a, "RateLimit"), "\"organization\";r=999;t=1");
    no_limit(p);
}

/* A list is packed, a row with its ETag is not, nor what holds a token. */
static void test_gzip(void **state) {
    struct people *p = *state;
    const char *owner = people_new(p, "packer", PEOPLE_ACME, "owner");
    const struct answer *plain = people_ask(p, "GET", "/products?page_size=50", owner, NULL);
    const struct answer *packed = with(p, "GET", "/products?page_size=50", owner, "Accept-Encoding", "gzip");
    assert_status(packed, 200);
    assert_true(plain->body.len > 1024);
    assert_text(answer_header(packed, "Content-Encoding"), "gzip");
    assert_text(answer_header(packed, "Vary"), "Accept-Encoding");
    assert_text(answer_header(plain, "Vary"), "Accept-Encoding");
    assert_true(packed->body.len < plain->body.len / 2);
    const char *id = people_text(p, "/products/%.*s", STR_FMT(answer_text(plain, "/results/0/id")));
    assert_absent(answer_header(with(p, "GET", id, owner, "Accept-Encoding", "gzip"), "Content-Encoding"));
    assert_absent(answer_header(with(p, "GET", "/auth/me", owner, "Accept-Encoding", "gzip"), "Content-Encoding"));
}

static void test_options(void **state) {
    struct people *p = *state;
    const struct answer *a = people_ask(p, "OPTIONS", "/products", NULL, NULL);
    assert_status(a, 204);
    assert_non_null(strstr(answer_header(a, "Allow").ptr, "GET, HEAD, POST"));
    assert_true(str_starts(answer_header(a, "Accept-Post"), "application/json"));
    a = people_ask(p, "OPTIONS", "/products/" PEOPLE_NOWHERE, NULL, NULL);
    assert_status(a, 204);
    assert_text(answer_header(a, "Accept-Patch"), "application/merge-patch+json, application/json");
}

/* While a traced write runs, PostgreSQL shows for whom: a lock keeps it there. */
static void test_trace(void **state) {
    struct people *p = *state;
    const char *editor = people_new(p, "traced", PEOPLE_ACME, "editor");
    people_sql(p, "CREATE TABLE public.seen (name text); GRANT INSERT ON public.seen TO PUBLIC; "
                  "GRANT USAGE ON SCHEMA public TO PUBLIC; "
                  "CREATE FUNCTION public.see() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN INSERT "
                  "INTO public.seen VALUES (current_setting('application_name')); RETURN NULL; END $$; "
                  "CREATE TRIGGER see AFTER INSERT ON product.category FOR EACH ROW EXECUTE FUNCTION public.see()");
    const struct loopback_request r = {.method = "POST",
                                       .path = "/api/v1/categories",
                                       .token = editor,
                                       .body = "{\"name\":\"Traced\"}",
                                       .headers = {{"traceparent", "00-" TRACE "-00f067aa0ba902b7-01"}}};
    assert_status(loopback_send(p->loopback, &r), 201);
    assert_int_equal(pg_count(&p->pg, "SELECT count(*) FROM public.seen WHERE name = 'alees " TRACE "'"), 1);
    assert_status(people_ask(p, "POST", "/categories", editor, "{\"name\":\"Untraced\"}"), 201);
    assert_int_equal(pg_count(&p->pg, "SELECT count(*) FROM public.seen WHERE name = 'alees'"), 1);
    people_sql(p, "DROP TRIGGER see ON product.category; DROP FUNCTION public.see(); DROP TABLE public.seen");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_users), cmocka_unit_test(test_organizations), cmocka_unit_test(test_foreign_bucket),
        cmocka_unit_test(test_gzip),  cmocka_unit_test(test_options),       cmocka_unit_test(test_trace),
    };
    return cmocka_run_group_tests_name("edge", tests, people_setup, people_teardown);
}
