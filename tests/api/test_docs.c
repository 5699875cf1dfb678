/* SPDX-License-Identifier: MIT
 * test_docs.c - /docs, its files and /docs/errors: statuses, headers, conditions, who may see them, and that nothing but the
 * files of a table is ever given away. */
#include "people.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alees/util.h"
#include "docs.h"
#include "gzip.h"

static const char *const names[] = {
    "index.html", "page.css", "page.js", "swagger-ui.css", "swagger-ui-bundle.js", "swagger-ui-bundle.js.LICENSE.txt",
};

struct world {
    struct people *p;
    char folder[32];
    struct docs *whole, *plain, *login, *off; /* for app->docs */
};

static void put(const struct world *w, const char *name, alees_str text) {
    char path[128];
    (void)snprintf(path, sizeof path, "%s/%s", w->folder, name);
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(file >= 0);
    assert_int_equal(write(file, text.ptr, text.len), (ssize_t)text.len);
    (void)close(file);
}

static alees_str content_of(const struct world *w, const char *name) {
    return arena_printf(w->p->arena, "/* what %s holds, which is long enough to be packed: %0200d */\n", name, 7);
}

static void put_file(const struct world *w, const char *name) {
    struct str packed;
    str_init(&packed, w->p->arena, 64);
    assert_true(gzip_whole(w->p->arena, content_of(w, name), &packed));
    put(w, name, content_of(w, name));
    put(w, people_text(w->p, "%s.gz", name), str_done(&packed));
}

/* With this section of the configuration. */
static alees_rc open_with(const struct world *w, const char *section, FILE *errors, struct docs **ret_docs) {
    char path[] = "/tmp/alees-docs-conf-XXXXXX";
    struct config *c = NULL;
    int file = mkstemp(path);
    assert_true(file >= 0);
    const char *text = people_text(w->p, "[docs]\n%s\n", section);
    assert_int_equal(write(file, text, strlen(text)), (ssize_t)strlen(text));
    (void)close(file);
    assert_ok(config_load(path, NULL, stderr, &c));
    alees_rc rc = docs_open(w->p->arena, c, errors, ret_docs);
    config_free(c);
    (void)unlink(path);
    return rc;
}

static void set_docs(const struct world *w, struct docs *docs) {
    loopback_app(w->p->loopback)->docs = docs;
}

static int setup(void **state) {
    static struct world w;
    static void *people;
    assert_int_equal(people_setup(&people), 0);
    w = (struct world){.p = people, .folder = "/tmp/alees-docs-XXXXXX"};
    assert_non_null(mkdtemp(w.folder));
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        put_file(&w, names[i]);
    }
    put(&w, "secret.txt", STR_LIT("not in the table"));
    assert_ok(open_with(&w, people_text(w.p, "path = %s", w.folder), stderr, &w.whole));
    assert_ok(open_with(&w, people_text(w.p, "path = %s\naccess = login", w.folder), stderr, &w.login));
    assert_ok(open_with(&w, people_text(w.p, "path = %s\naccess = off", w.folder), stderr, &w.off));
    assert_ok(open_with(&w, "access = public", stderr, &w.plain)); /* nothing lies beside a test */
    *state = &w;
    return 0;
}

static int teardown(void **state) {
    struct world *w = *state;
    void *people = w->p;
    char path[128];
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        (void)snprintf(path, sizeof path, "%s/%s", w->folder, names[i]);
        (void)unlink(path);
        (void)strcat(path, ".gz");
        (void)unlink(path);
    }
    (void)snprintf(path, sizeof path, "%s/secret.txt", w->folder);
    (void)unlink(path);
    assert_int_equal(rmdir(w->folder), 0);
    return people_teardown(&people);
}

static const struct answer *get(const struct world *w, const char *path, const char *name, const char *value) {
    const struct loopback_request r = {.method = "GET", .path = path, .headers = {{name, value}}};
    return loopback_send(w->p->loopback, &r);
}

static const struct answer *plainly(const struct world *w, const char *path) {
    return loopback_request(w->p->loopback, "GET", path, NULL, NULL);
}

static void assert_protected(const struct answer *a) {
    static const char *const headers[][2] = {
        {"X-Content-Type-Options", "nosniff"},
        {"X-Frame-Options", "DENY"},
        {"Referrer-Policy", "no-referrer"},
        {"Cross-Origin-Opener-Policy", "same-origin"},
        {"Cross-Origin-Embedder-Policy", "require-corp"},
        {"Cross-Origin-Resource-Policy", "same-origin"},
        {"Content-Security-Policy",
         "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src "
         "'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"},
    };
    for (size_t i = 0; i < ARRAY_LEN(headers); i++) {
        assert_text(answer_header(a, headers[i][0]), headers[i][1]);
    }
}

static void test_files(void **state) {
    const struct world *w = *state;
    set_docs(w, w->whole);
    const struct answer *a = plainly(w, "/docs");
    assert_status(a, 200);
    assert_text(answer_header(a, "Content-Type"), "text/html; charset=utf-8");
    assert_true(alees_equal(a->body, content_of(w, "index.html")));
    assert_protected(a);
    assert_status(plainly(w, "/docs/"), 200);
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        a = plainly(w, people_text(w->p, "/docs/%s", names[i]));
        assert_status(a, 200);
        assert_true(alees_equal(a->body, content_of(w, names[i])));
        assert_absent(answer_header(a, "Content-Encoding"));
        assert_text(answer_header(a, "Vary"), "Accept-Encoding");
        assert_text(answer_header(a, "Cache-Control"), "no-cache");
        assert_protected(a);
    }
    assert_text(answer_header(plainly(w, "/docs/page.js"), "Content-Type"), "text/javascript; charset=utf-8");
    assert_text(answer_header(plainly(w, "/docs/page.css"), "Content-Type"), "text/css; charset=utf-8");
    a = loopback_request(w->p->loopback, "HEAD", "/docs/page.css", NULL, NULL);
    assert_status(a, 200);
    assert_int_equal(a->body.len, 0);
    assert_problem(loopback_request(w->p->loopback, "POST", "/docs", NULL, "{}"), 405, "method_not_allowed");
}

static void test_packed(void **state) {
    const struct world *w = *state;
    set_docs(w, w->whole);
    const struct answer *plain = plainly(w, "/docs/page.js"),
                        *packed = get(w, "/docs/page.js", "Accept-Encoding", "gzip");
    assert_status(packed, 200);
    assert_text(answer_header(packed, "Content-Encoding"), "gzip");
    assert_true(packed->body.len < plain->body.len && packed->body.len > 2);
    assert_memory_equal(packed->body.ptr, "\x1f\x8b", 2);
    assert_false(alees_equal(answer_header(plain, "ETag"), answer_header(packed, "ETag")));
    assert_absent(answer_header(get(w, "/docs/page.js", "Accept-Encoding", "br, gzip;q=0"), "Content-Encoding"));
}

static void test_conditions(void **state) {
    const struct world *w = *state;
    set_docs(w, w->whole);
    alees_str script = answer_header(plainly(w, "/docs/page.js"), "ETag");
    alees_str style = answer_header(plainly(w, "/docs/page.css"), "ETag");
    assert_true(script.len > 2 && script.ptr[0] == '"');
    assert_false(alees_equal(script, style));
    const char *known = people_text(w->p, "%.*s", STR_FMT(script));
    const struct answer *a = get(w, "/docs/page.js", "If-None-Match", known);
    assert_status(a, 304);
    assert_int_equal(a->body.len, 0);
    assert_true(alees_equal(answer_header(a, "ETag"), script));
    assert_text(answer_header(a, "Cache-Control"), "no-cache");
    assert_status(get(w, "/docs/page.js", "If-None-Match", people_text(w->p, "\"x\", W/%s", known)), 304);
    assert_status(get(w, "/docs/page.css", "If-None-Match", known), 200);
    const struct loopback_request packed = {
        .method = "GET", .path = "/docs/page.js", .headers = {{"If-None-Match", known}, {"Accept-Encoding", "gzip"}}};
    assert_status(loopback_send(w->p->loopback, &packed), 200); /* those are other bytes */
}

/* secret.txt lies in the same folder. */
static void test_traversal(void **state) {
    const struct world *w = *state;
    static const char *const paths[] = {
        "/docs/secret.txt", "/docs/page.js.gz",      "/docs/..%2fpage.js", "/docs/%2e%2e%2f%2e%2e%2fetc%2fpasswd",
        "/docs/./page.js",  "/docs/../docs/page.js", "/docs//page.js",     "/docs/%2Fetc%2Fpasswd",
        "/docs/PAGE.JS",    "/docs/page.js%20",      "/docs/page.js/x",    "/docs/errors/..%2f..%2fpage.js",
        "/docs/index.htm",  "/docs/%E2%80%A6",
    };
    set_docs(w, w->whole);
    for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
        assert_problem(plainly(w, paths[i]), 404, "not_found");
    }
    assert_problem(plainly(w, "/docs/page.js%00"), 400, "bad_request");
    assert_problem(plainly(w, "/docs/%zz"), 400, "bad_request");
}

static void test_access(void **state) {
    const struct world *w = *state;
    set_docs(w, w->login); /* the page holds nothing: what it shows, it asks for with a token */
    assert_status(plainly(w, "/docs"), 200);
    assert_status(plainly(w, "/docs/page.js"), 200);
    assert_status(plainly(w, "/docs/errors/not_unique"), 200);
    set_docs(w, w->off);
    assert_problem(plainly(w, "/docs"), 404, "not_found");
    assert_problem(plainly(w, "/docs/page.js"), 404, "not_found");
    assert_status(plainly(w, "/docs/errors"), 200);
    assert_status(plainly(w, "/docs/errors/not_unique"), 200); /* the type of a problem leads somewhere */
}

static void test_without_files(void **state) {
    const struct world *w = *state;
    set_docs(w, w->plain);
    const struct answer *a = plainly(w, "/docs");
    assert_status(a, 200);
    assert_text(answer_header(a, "Content-Type"), "text/html; charset=utf-8");
    assert_protected(a);
    assert_non_null(strstr(a->wire.ptr, "href=\"/openapi.json\""));
    assert_non_null(strstr(a->wire.ptr, "href=\"/docs/errors\""));
    assert_null(strstr(a->wire.ptr, "<script"));
    assert_null(strstr(a->wire.ptr, "stylesheet"));
    assert_problem(plainly(w, "/docs/page.js"), 404, "not_found");
}

static void test_broken_folder(void **state) {
    const struct world *w = *state;
    char text[512] = "";
    struct docs *docs = NULL;
    FILE *errors = fmemopen(text, sizeof text, "w");
    assert_non_null(errors);
    put(w, "page.css.gz", STR_LIT("not what page.css packs to"));
    assert_err(open_with(w, people_text(w->p, "path = %s", w->folder), errors, &docs), ALEES_E_INVALID);
    (void)fclose(errors);
    put_file(w, "page.css");
    assert_null(docs);
    assert_non_null(strstr(text, "docs.path: /tmp/alees-docs-"));
    assert_non_null(strstr(text, "page.css"));
}

static void test_errors(void **state) {
    const struct world *w = *state;
    set_docs(w, w->whole);
    const struct answer *a = plainly(w, "/docs/errors");
    assert_status(a, 200);
    assert_text(answer_header(a, "Content-Type"), "text/html; charset=utf-8");
    assert_text(answer_header(a, "Vary"), "Accept");
    assert_protected(a);
    assert_non_null(strstr(a->wire.ptr, "<a href=\"/docs/errors/category_in_use\">"));
    a = get(w, "/docs/errors", "Accept", "application/json");
    assert_status(a, 200);
    assert_text(answer_header(a, "Content-Type"), "application/json");
    assert_text(answer_text(a, "/errors/0/code"), "bad_request");
    assert_int_equal(answer_integer(a, "/errors/0/status"), 400);
    assert_problem(get(w, "/docs/errors", "Accept", "image/png"), 406, "not_acceptable");
    a = get(w, "/docs/errors/category_in_use", "Accept", "application/json");
    assert_status(a, 200);
    assert_text(answer_text(a, "/errors/0/type"), "/docs/errors/category_in_use");
    assert_int_equal(answer_integer(a, "/errors/0/status"), 409);
    assert_text(answer_text(a, "/errors/0/plugin"), "product");
    assert_true(answer_text(a, "/errors/0/help").len > 20);
    a = get(w, "/docs/errors/category_in_use", "Accept", "text/html,application/xhtml+xml,*/*;q=0.8"); /* a browser */
    assert_text(answer_header(a, "Content-Type"), "text/html; charset=utf-8");
    assert_non_null(strstr(a->wire.ptr, "Something is in the category"));
    a = get(w, "/docs/errors/out_of_range", "Accept", "application/json"); /* two plugins have it */
    assert_text(answer_text(a, "/errors/0/code"), "out_of_range");
    assert_text(answer_text(a, "/errors/1/code"), "out_of_range");
    assert_status(plainly(w, "/docs/errors/several_is_primary"), 200); /* of a field that is SINGLE */
    assert_problem(plainly(w, "/docs/errors/no_such_code"), 404, "not_found");
    assert_problem(plainly(w, "/docs/errors/%3Cscript%3E"), 404, "not_found");
}

/* What a problem names as its type is there, and says the same. */
static void test_type_is_there(void **state) {
    const struct world *w = *state;
    const struct answer *refused = people_ask(w->p, "GET", "/products?nonsense=1", people_token(w->p, "admin"), NULL);
    assert_problem(refused, 400, "unknown_parameter");
    const struct answer *page =
        get(w, people_text(w->p, "%.*s", STR_FMT(answer_text(refused, "/type"))), "Accept", "application/json");
    assert_status(page, 200);
    assert_true(alees_equal(answer_text(page, "/errors/0/title"), answer_text(refused, "/title")));
    assert_true(alees_equal(answer_text(page, "/errors/0/type"), answer_text(refused, "/type")));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_files),         cmocka_unit_test(test_packed), cmocka_unit_test(test_conditions),
        cmocka_unit_test(test_traversal),     cmocka_unit_test(test_access), cmocka_unit_test(test_without_files),
        cmocka_unit_test(test_broken_folder), cmocka_unit_test(test_errors), cmocka_unit_test(test_type_is_there),
    };
    return cmocka_run_group_tests_name("docs", tests, setup, teardown);
}
