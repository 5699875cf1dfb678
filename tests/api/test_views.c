/* SPDX-License-Identifier: MIT
 * test_views.c - fields= and computed fields on the whole server, with tests/plugins/kinds.c: what is shown, to whom; when
 * the hook `represent` is called, and what comes of it when it fails. */
#include "test.h"

#include <stdio.h>

#include "str.h"
#include "world.h"

enum { ADMIN, ACME_MANAGER, ACME_VIEWER, GLOBEX_MANAGER, BOTH, NOBODY };

#define ACME "01930000-0000-7000-8000-000000000001"
#define GLOBEX "01930000-0000-7000-8000-000000000003"
#define ID(n) "0193a5e0-7c2b-7d3e-9f10-0000000000" #n
#define VIEWER "00000000-0000-7000-8000-000000000004"

static const struct answer *must(struct world *w, size_t user, const char *method, const char *path, const char *body,
                                 uint32_t status) {
    const struct answer *a = world_ask(w, user, method, world_text(w, "/api/v1%s", path), body);
    world_must(a, status, user, path);
    return a;
}

static const struct answer *get(struct world *w, size_t user, const char *path) {
    return must(w, user, "GET", path, NULL, 200);
}

/* The names of the members, in order. */
static bool add_name(void *data, alees_str key, const alees_json *value) {
    struct str *s = data;
    (void)value;
    str_puts(s, s->len > 0 ? "," : "");
    str_view(s, key);
    return true;
}

static const char *members(struct world *w, const struct answer *a, const char *pointer) {
    struct str s;
    assert_non_null(answer_at(a, pointer));
    str_init(&s, w->arena, 256);
    jx_each(answer_at(a, pointer), add_name, &s);
    return s.len > 0 ? str_done(&s).ptr : "";
}

/* Who holds the role viewer reads neither titles of cards nor what companies they have, nor names and codes of
 * organizations, nor e-mail addresses of users. */
static int setup(void **state) {
    struct world *w;
    assert_int_equal(world_setup_with(state, "kinds"), 0);
    w = *state;
    pg_exec(&w->pg,
            "INSERT INTO kinds.person (id, title) VALUES ('" ID(
                01) "', 'holder');"
                    "INSERT INTO kinds.card (id, organization_id, title, parts, holder_id) VALUES "
                    "('" ID(31) "', '" ACME "', 'one', '{}', '" ID(01) "'), "
                                                                       "('" ID(32) "', '" ACME "', 'listed', '{" ID(
                                                                           31) "}', NULL), "
                                                                               "('" ID(33) "', '" GLOBEX
                                                                                           "', 'three', '{}', NULL)");
    pg_exec(&w->pg, "INSERT INTO rbac.field_permission "
                    "(organization_id, role_id, resource, read_fields, create_fields, update_fields) VALUES "
                    "(NULL, '" VIEWER "', 'kinds.card', '{parts,rule,label,facts}', '{}', '{}'), "
                    "(NULL, '" VIEWER "', 'organization.organization', '{parent,status}', '{}', '{}'), "
                    "(NULL, '" VIEWER "', 'rbac.user', '{username}', '{}', '{}')");
    for (size_t i = 0; i < WORLD_USERS; i++) {
        w->tokens[i] =
            world_text(w, "%s", w->tokens[i]); /* they go with the server, which is to read the rights anew */
    }
    loopback_close(w->loopback);
    w->loopback = loopback_open(w->pg.conf, NULL);
    w->catalogue = &loopback_app(w->loopback)->catalogue;
    return 0;
}

/* ---- fields= ---- */

static void test_only_these_are_shown(void **state) {
    struct world *w = *state;
    const struct answer *a = get(w, ACME_MANAGER, "/products?fields=sku,id&page_size=5");
    assert_int_equal(jx_size(answer_at(a, "/results")), 5);
    for (uint32_t i = 0; i < 5; i++) {
        assert_string_equal(members(w, a, world_text(w, "/results/%u", i)), "id,sku");
    }
    const char *id = world_text(w, "%s", answer_text(a, "/results/0/id").ptr);
    const struct answer *whole = get(w, ACME_MANAGER, world_text(w, "/products/%s", id));
    a = get(w, ACME_MANAGER, world_text(w, "/products/%s?fields=updated_at,name", id));
    assert_string_equal(members(w, a, ""), "name,updated_at");
    assert_text(answer_text(a, "/name"), answer_text(whole, "/name").ptr);
    const char *etag = arena_str(w->arena, answer_header(a, "ETag")).ptr;
    assert_text(arena_str(w->arena, answer_header(whole, "ETag")), etag);
    struct loopback_request request = {"GET",
                                       world_text(w, "/api/v1/products/%s?fields=name", id),
                                       w->tokens[ACME_MANAGER],
                                       NULL,
                                       {{"If-None-Match", etag}}};
    assert_status(loopback_send(w->loopback, &request), 304);
    a = must(w, ACME_MANAGER, "PATCH", world_text(w, "/products/%s?fields=description", id),
             "{\"description\":\"new\"}", 200);
    assert_string_equal(members(w, a, ""), "description");
    assert_text(answer_text(a, "/description"), "new");
    a = must(w, ACME_MANAGER, "PATCH", world_text(w, "/products/%s?fields=sku", id), "{}", 200);
    assert_string_equal(members(w, a, ""), "sku");
    a = must(w, ACME_MANAGER, "POST", "/categories?fields=slug", "{\"name\":\"N\",\"slug\":\"n\"}", 201);
    assert_string_equal(members(w, a, ""), "slug");
    assert_non_null(answer_header(a, "Location").ptr);
    assert_non_null(answer_header(a, "ETag").ptr);
}

/* By a field that is not shown, over many pages, there and back. */
static void test_pages_of_a_few_fields(void **state) {
    struct world *w = *state;
    const struct answer *a = get(w, ACME_MANAGER, "/products?fields=sku&ordering=-name&page_size=100");
    uint32_t seen = 0, pages = 0;
    const char *first = world_text(w, "%s", answer_text(a, "/results/0/sku").ptr), *next, *previous = NULL;
    for (;;) {
        seen += jx_size(answer_at(a, "/results"));
        pages++;
        assert_string_equal(members(w, a, "/results/0"), "sku");
        next = answer_text(a, "/next").ptr;
        if (!next) {
            break;
        }
        previous = answer_text(a, "/previous").ptr;
        a = world_ask(w, ACME_MANAGER, "GET", next, NULL);
        assert_status(a, 200);
    }
    assert_int_equal(seen, 500);
    assert_int_equal(pages, 5);
    for (a = world_ask(w, ACME_MANAGER, "GET", previous, NULL); answer_text(a, "/previous").ptr; pages--) {
        a = world_ask(w, ACME_MANAGER, "GET", answer_text(a, "/previous").ptr, NULL);
        assert_status(a, 200);
    }
    assert_text(answer_text(a, "/results/0/sku"), first);
}

/* Rows are judged by what is not shown of them: their organization, themselves, their users. */
static void test_fields_that_only_some_may_read(void **state) {
    struct world *w = *state;
    const struct answer *a = must(w, ACME_VIEWER, "GET", "/cards?fields=title", NULL, 400);
    const struct answer *unknown = must(w, ACME_VIEWER, "GET", "/cards?fields=xitle", NULL, 400);
    char *other = arena_dup(w->arena, world_stable(w, unknown), strlen(world_stable(w, unknown)) + 1);
    for (char *at = strstr(other, "xitle"); at; at = strstr(at, "xitle")) {
        *at = 't';
    }
    assert_string_equal(world_stable(w, a), other);
    (void)must(w, ACME_VIEWER, "GET", "/cards/" ID(31) "?fields=title", NULL, 400);
    (void)must(w, BOTH, "GET", "/cards?fields=title&organization=" ACME, NULL, 400);
    a = get(w, BOTH, "/cards?fields=title&ordering=id"); /* a viewer of Acme, a manager of Globex */
    assert_string_equal(members(w, a, "/results/0"), "");
    assert_string_equal(members(w, a, "/results/2"), "title");
    assert_string_equal(members(w, get(w, BOTH, "/cards/" ID(31) "?fields=title"), ""), "");
    (void)must(w, ACME_VIEWER, "GET", "/organizations?fields=name", NULL, 400);
    a = get(w, BOTH, "/organizations?fields=name&ordering=id");
    assert_string_equal(members(w, a, "/results/0"), "");
    assert_string_equal(members(w, a, "/results/1"), "name");
    a = get(w, ACME_VIEWER, "/users?fields=email&ordering=id"); /* their own only */
    uint32_t shown = 0;
    for (uint32_t i = 0; i < jx_size(answer_at(a, "/results")); i++) {
        shown += members(w, a, world_text(w, "/results/%u", i))[0] != '\0';
    }
    assert_int_equal(shown, 1);
}

/* What the statement of the last list selected. */
static void test_no_more_is_read(void **state) {
    struct world *w = *state;
    static const char last[] =
        "SELECT query FROM pg_stat_activity WHERE query LIKE 'SELECT%FROM \"product\".\"product\"%' "
        "AND pid <> pg_backend_pid() ORDER BY query_start DESC LIMIT 1";
    (void)get(w, ACME_MANAGER, "/products?fields=sku&ordering=name");
    alees_str text = pg_value(&w->pg, w->arena, last);
    print_message("%s\n", text.ptr);
    assert_true(str_starts(text, "SELECT \"sku\", \"id\", \"organization_id\", \"name\" FROM "));
    (void)get(w, ACME_MANAGER,
              world_text(w, "/products/%s?fields=sku",
                         answer_text(get(w, ACME_MANAGER, "/products?page_size=1"), "/results/0/id").ptr));
    text = pg_value(&w->pg, w->arena, last);
    assert_true(str_starts(text, "SELECT \"sku\", \"id\", \"organization_id\", \"version\" FROM "));
}

/* ---- computed fields ---- */

static void test_computed_fields(void **state) {
    struct world *w = *state;
    const struct answer *a = get(w, ACME_MANAGER, "/cards?ordering=id");
    assert_text(answer_text(a, "/results/0/label"), "one of " ACME ", " ID(31));
    assert_int_equal(answer_integer(a, "/results/0/company"), 2); /* called once for both */
    assert_int_equal(jx_kind(answer_at(a, "/results/0/facts")), ALEES_JSON_NULL);
    assert_int_equal(jx_size(answer_at(a, "/results/1/facts")), 2);
    a = get(w, ACME_MANAGER, "/cards/" ID(32) "?fields=label,facts,parts&expand=parts");
    assert_string_equal(members(w, a, ""), "parts,label,facts");
    assert_text(answer_text(a, "/label"), "listed of " ACME ", " ID(32));
    assert_text(answer_text(a, "/parts/0/label"), "one of " ACME ", " ID(31));
    a = must(w, ACME_MANAGER, "POST", "/cards", "{\"title\":\"new\"}", 201);
    const char *path = world_text(w, "/cards/%s", answer_text(a, "/id").ptr);
    assert_int_equal(answer_integer(a, "/company"), 1);
    a = must(w, ACME_MANAGER, "PATCH", path, "{\"title\":\"newer\"}", 200);
    assert_true(str_starts(answer_text(a, "/label"), "newer of "));
    assert_problem(must(w, ACME_MANAGER, "PATCH", path, "{\"label\":\"mine\"}", 400), 400, "read_only_field");
    assert_problem(must(w, ACME_MANAGER, "POST", "/cards", "{\"title\":\"x\",\"company\":1}", 400), 400,
                   "read_only_field");
    (void)must(w, ACME_MANAGER, "GET", "/cards?label=x", NULL, 400);
    (void)must(w, ACME_MANAGER, "GET", "/cards?ordering=label", NULL, 400);
    (void)must(w, ACME_MANAGER, "DELETE", path, NULL, 204);
    a = get(w, ACME_MANAGER, "/contacts?page_size=1");
    assert_text(answer_text(a, "/results/0/display_name"),
                world_text(w, "%s %s", answer_text(a, "/results/0/first_name").ptr,
                           answer_text(a, "/results/0/last_name").ptr));
    a = must(w, ACME_MANAGER, "POST", "/contacts?fields=display_name", "{\"first_name\":\"Ada\"}", 201);
    assert_string_equal(a->body.ptr, "{\"display_name\":\"Ada\"}");
}

/* Neither the field nor what it is made of, unless the caller may read it. */
static void test_computed_fields_and_rights(void **state) {
    struct world *w = *state;
    const struct answer *a = get(w, ACME_VIEWER, "/cards/" ID(31));
    assert_text(answer_text(a, "/label"), "? of " ACME ", " ID(31));
    assert_null(answer_at(a, "/company"));
    a = get(w, BOTH, "/cards?ordering=id");
    assert_text(answer_text(a, "/results/0/label"), "? of " ACME ", " ID(31));
    assert_null(answer_at(a, "/results/0/company"));
    assert_text(answer_text(a, "/results/2/label"), "three of " GLOBEX ", " ID(33));
    assert_int_equal(answer_integer(a, "/results/2/company"), 3);
    (void)must(w, ACME_VIEWER, "GET", "/cards?fields=company", NULL, 400);
}

static void set_title(struct world *w, const char *title) {
    pg_exec(&w->pg, world_text(w, "UPDATE kinds.card SET title = '%s' WHERE id = '" ID(31) "'", title));
}

/* Its own statements reach what the caller may view, on whichever route. */
static void test_statements_of_the_hook(void **state) {
    struct world *w = *state;
    pg_exec(&w->pg,
            "UPDATE kinds.card SET title = 'rules' WHERE id = '" ID(
                33) "';"
                    "INSERT INTO kinds.rule (title, organization_id) VALUES ('a', '" ACME "'), ('b', '" GLOBEX "')");
    set_title(w, "rules");
    assert_int_equal(answer_integer(get(w, ACME_MANAGER, "/cards/" ID(31)), "/facts"), 1);
    assert_int_equal(answer_integer(get(w, ADMIN, "/cards/" ID(31)), "/facts"), 2);
    assert_int_equal(answer_integer(get(w, BOTH, "/cards/" ID(33)), "/facts"), 2);
    const struct answer *a = must(w, ACME_MANAGER, "PATCH", "/cards/" ID(31), "{\"rule\":null}", 200);
    assert_int_equal(answer_integer(a, "/facts"), 1);
    pg_exec(&w->pg, "UPDATE kinds.card SET title = 'three' WHERE id = '" ID(33) "'");
    set_title(w, "one");
}

/* No half answer, nothing written; and not called for nothing. */
static void test_a_hook_that_fails(void **state) {
    static const struct {
        const char *title, *code;
        uint32_t status;
    } rows[] = {
        {"fail", "failed", 409},     {"missing", "internal", 500}, {"wrong", "internal", 500},
        {"stored", "internal", 500}, {"divide", NULL, 0},
    };
    struct world *w = *state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const char *body = world_text(w, "{\"title\":\"%s\"}", rows[i].title);
        static const char *const paths[] = {"/cards", "/cards/" ID(31), "/cards/" ID(32) "?expand=parts",
                                            "/cards?fields=label"};
        print_message("%s\n", rows[i].title);
        set_title(w, rows[i].title);
        for (size_t p = 0; p < ARRAY_LEN(paths) + 2; p++) {
            bool is_read = p < ARRAY_LEN(paths), is_create = p == ARRAY_LEN(paths);
            const struct answer *a = world_ask(w, ACME_MANAGER,
                                               is_read     ? "GET"
                                               : is_create ? "POST"
                                                           : "PATCH",
                                               world_text(w, "/api/v1%s",
                                                          is_read     ? paths[p]
                                                          : is_create ? "/cards"
                                                                      : "/cards/" ID(32)),
                                               is_read ? NULL : body);
            assert_true(rows[i].status == 0 ? a->status >= 400 : a->status == rows[i].status);
            assert_null(answer_at(a, "/results"));
            assert_null(strstr(a->body.ptr, "\"label\""));
            if (rows[i].code) {
                assert_problem(a, rows[i].status, rows[i].code);
            }
        }
        assert_text(answer_text(get(w, ACME_MANAGER, "/cards/" ID(31) "?fields=title"), "/title"), rows[i].title);
        assert_int_equal(jx_size(answer_at(get(w, ACME_MANAGER, "/cards?fields=title,parts"), "/results")), 2);
        assert_text(answer_text(get(w, ACME_MANAGER, "/cards/" ID(32) "?fields=title"), "/title"), "listed");
    }
    set_title(w, "one");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_only_these_are_shown),
        cmocka_unit_test(test_pages_of_a_few_fields),
        cmocka_unit_test(test_fields_that_only_some_may_read),
        cmocka_unit_test(test_no_more_is_read),
        cmocka_unit_test(test_computed_fields),
        cmocka_unit_test(test_computed_fields_and_rights),
        cmocka_unit_test(test_statements_of_the_hook),
        cmocka_unit_test(test_a_hook_that_fails),
    };
    return cmocka_run_group_tests_name("views", tests, setup, world_teardown);
}
