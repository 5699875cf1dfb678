/* SPDX-License-Identifier: MIT
 * test_expand.c - expand= on the whole server: what a reference shows is what GET shows the same user of that row, or its id
 * alone; in one statement for each path; whatever else is asked. With tests/plugins/kinds.c, whose cards refer to rows of
 * every kind. */
#include "test.h"

#include <stdio.h>

#include "metrics.h"
#include "str.h"
#include "world.h"

enum { ADMIN, ACME_MANAGER, ACME_VIEWER, GLOBEX_MANAGER, BOTH, NOBODY };

#define ACME "01930000-0000-7000-8000-000000000001"
#define BERLIN "01930000-0000-7000-8000-000000000002"
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

/* Without what says how many rows the hook was called for at once. */
static const char *json_text(struct world *w, const alees_json *value) {
    static const char company[] = ",\"company\":";
    struct str s;
    assert_non_null(value);
    str_init(&s, w->arena, 256);
    jx_write(value, &s);
    char *text = arena_dup(w->arena, str_done(&s).ptr, s.len + 1), *at = strstr(text, company);
    if (at) {
        char *end = at + sizeof company - 1 + strspn(at + sizeof company - 1, "0123456789");
        memmove(at, end, strlen(end) + 1);
    }
    return text;
}

/* People of each sort, a rule of Acme and one of all, a note of nobody; cards of Acme that refer to each of them. Who holds
 * the role viewer does not read names of categories and holders of cards. Categories of Acme stand below one another. */
static int setup(void **state) {
    struct world *w;
    assert_int_equal(world_setup_with(state, "kinds"), 0);
    w = *state;
    pg_exec(&w->pg,
            "INSERT INTO kinds.person (id, title, scope_ids) VALUES "
            "('" ID(01) "', 'of acme', '{" ACME "}'), ('" ID(
                02) "', 'of globex', '{" GLOBEX "}'), "
                    "('" ID(03) "', 'of both', '{" ACME "," GLOBEX "}'), ('" ID(
                        04) "', 'of nobody', ARRAY["
                            "(SELECT id FROM rbac.app_user WHERE username = 'nobody')]), ('" ID(
                                05) "', 'of none', '{}');"
                                    "INSERT INTO kinds.rule (id, title, organization_id) VALUES ('" ID(
                                        11) "', 'acme', '" ACME "'), "
                                            "('" ID(12) "', 'globex', '" GLOBEX "'), ('" ID(
                                                13) "', 'shared', NULL);"
                                                    "INSERT INTO kinds.note (id, title, user_id) SELECT '" ID(
                                                        21) "', 'secret', id FROM rbac.app_user "
                                                            "WHERE username = 'nobody';"
                                                            "INSERT INTO kinds.note (id, title, user_id) SELECT '" ID(
                                                                22) "', 'viewed', id FROM rbac.app_user "
                                                                    "WHERE username = 'acme-viewer'");
    pg_exec(
        &w->pg,
        "INSERT INTO kinds.card (id, organization_id, title, parts, holder_id, rule_id, note_id) VALUES "
        "('" ID(31) "', '" ACME "', 'one', '{}', '" ID(01) "', '" ID(11) "', '" ID(
            21) "'), "
                "('" ID(32) "', '" ACME "', 'two', '{" ID(31) "," ID(34) "," ID(99) "}', '" ID(02) "', '" ID(
                    12) "', "
                        "'" ID(22) "'), "
                                   "('" ID(33) "', '" ACME "', 'three', '{" ID(32) "," ID(31) "}', '" ID(03) "', '" ID(
                                       13) "', NULL), "
                                           "('" ID(34) "', '" GLOBEX "', 'four', '{" ID(31) "}', '" ID(
                                               04) "', NULL, NULL), "
                                                   "('" ID(35) "', '" ACME
                                                               "', 'five', '{}', '" ID(05) "', NULL, NULL)");
    pg_exec(&w->pg, "UPDATE kinds.card SET created_by = (SELECT id FROM rbac.app_user WHERE username = 'acme-viewer'), "
                    "updated_by = (SELECT id FROM rbac.app_user WHERE username = 'globex-manager');"
                    "UPDATE product.category c SET parent_id = p.id FROM product.category p WHERE c.slug = 'fasteners' "
                    "AND p.slug = 'tools' AND c.organization_id = p.organization_id;"
                    "UPDATE product.category c SET parent_id = p.id FROM product.category p WHERE c.slug = 'tools' "
                    "AND p.slug = 'services' AND c.organization_id = p.organization_id");
    pg_exec(&w->pg, "INSERT INTO rbac.field_permission "
                    "(organization_id, role_id, resource, read_fields, create_fields, update_fields) VALUES "
                    "(NULL, '" VIEWER "', 'product.category', '{slug,parent}', '{}', '{}'), "
                    "(NULL, '" VIEWER "', 'kinds.card', '{title,parts,rule,note}', '{}', '{}')");
    for (size_t i = 0; i < WORLD_USERS; i++) {
        w->tokens[i] =
            world_text(w, "%s", w->tokens[i]); /* they go with the server, which is to read the rights anew */
    }
    loopback_close(w->loopback);
    w->loopback = loopback_open(w->pg.conf, NULL);
    w->catalogue = &loopback_app(w->loopback)->catalogue;
    return 0;
}

/* ---- what is shown ---- */

static struct { /* how often each came */
    uint32_t whole, hidden, null, absent;
} seen;

/* plain: the id, as it stands without expand. */
static void check_reference(struct world *w, size_t user, const alees_json *plain, const alees_json *expanded,
                            const char *target) {
    if (jx_kind(plain) == ALEES_JSON_ABSENT || jx_kind(plain) == ALEES_JSON_NULL) {
        assert_int_equal(jx_kind(expanded), jx_kind(plain));
        seen.absent += jx_kind(plain) == ALEES_JSON_ABSENT;
        seen.null += jx_kind(plain) == ALEES_JSON_NULL;
        return;
    }
    if (jx_kind(plain) == ALEES_JSON_ARRAY) {
        assert_int_equal(jx_size(expanded), jx_size(plain));
        for (uint32_t i = 0; i < jx_size(plain); i++) {
            check_reference(w, user, jx_at(plain, i), jx_at(expanded, i), target);
        }
        return;
    }
    const char *id = jx_text(plain).ptr;
    const struct answer *row = world_ask(w, user, "GET", world_text(w, "/api/v1%s/%s", target, id), NULL);
    if (row->status == 200) {
        assert_string_equal(json_text(w, expanded), json_text(w, row->json));
        seen.whole++;
    } else {
        assert_string_equal(json_text(w, expanded), world_text(w, "{\"id\":\"%s\"}", id));
        seen.hidden++;
    }
}

static void check_list(struct world *w, size_t user, const char *list, const char *field, const char *target) {
    const struct answer *plain = get(w, user, list);
    const struct answer *expanded = get(w, user, world_text(w, "%s&expand=%s", list, field));
    const alees_json *rows = answer_at(plain, "/results"), *shown = answer_at(expanded, "/results");
    assert_int_equal(jx_size(rows), jx_size(shown));
    for (uint32_t i = 0; i < jx_size(rows); i++) {
        check_reference(w, user, jx_get(jx_at(rows, i), field), jx_get(jx_at(shown, i), field), target);
    }
}

/* For every user and a reference to rows of every kind. */
static void test_a_reference_shows_what_its_row_shows(void **state) {
    static const struct {
        const char *list, *field, *target;
        bool is_hidden; /* from somebody */
    } rows[] = {
        {"/cards?page_size=20", "rule", "/rules", true},
        {"/cards?page_size=20", "note", "/notes", true},
        {"/cards?page_size=20", "parts", "/cards", true},
        {"/cards?page_size=20", "created_by", "/users", true},
        {"/cards?page_size=20", "updated_by", "/users", true},
        {"/cards?page_size=20", "organization", "/organizations", false},
        {"/products?page_size=10", "category", "/categories", false},
        {"/products?page_size=10", "base_uom", "/units-of-measure", false},
        {"/categories?page_size=20", "parent", "/categories", false},
        {"/organizations?page_size=20", "parent", "/organizations", false},
        {"/organizations?page_size=20", "organization_type", "/organization-types", false},
        {"/organization-memberships?page_size=20", "roles", "/roles", false},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        memset(&seen, 0, sizeof seen);
        for (size_t user = 0; user < WORLD_USERS; user++) {
            check_list(*state, user, rows[i].list, rows[i].field, rows[i].target);
        }
        print_message("%s: %u whole, %u hidden, %u null\n", rows[i].field, seen.whole, seen.hidden, seen.null);
        assert_true(seen.whole > 0);
        assert_int_equal(seen.hidden > 0, rows[i].is_hidden);
    }
    memset(&seen, 0, sizeof seen);
    static const size_t readers[] = {ADMIN, ACME_MANAGER, GLOBEX_MANAGER, BOTH}; /* acme-viewer may not, see below */
    for (size_t i = 0; i < ARRAY_LEN(readers); i++) {
        check_list(*state, readers[i], "/cards?page_size=20", "holder", "/people");
    }
    assert_true(seen.whole > 0 && seen.hidden > 0 && seen.absent > 0); /* both: a viewer of Acme, a manager of Globex */
}

static void test_two_steps(void **state) {
    struct world *w = *state;
    const struct answer *a = get(w, ACME_MANAGER, "/categories?slug=fasteners&expand=parent.parent&organization=" ACME);
    assert_text(answer_text(a, "/results/0/parent/slug"), "tools");
    assert_text(answer_text(a, "/results/0/parent/parent/slug"), "services");
    assert_int_equal(jx_kind(answer_at(a, "/results/0/parent/parent/parent")), ALEES_JSON_NULL);
    a = get(w, ACME_MANAGER, "/cards/" ID(33) "?expand=parts.parts,parts.rule,rule.organization");
    assert_text(answer_text(a, "/parts/0/title"), "two");
    assert_text(answer_text(a, "/parts/0/parts/0/title"), "one");
    assert_text(answer_text(a, "/parts/0/parts/1/id"), ID(34)); /* of Globex */
    assert_null(answer_at(a, "/parts/0/parts/1/title"));
    assert_text(answer_text(a, "/parts/0/parts/0/rule"), ID(11)); /* only one step behind parts was asked for */
    assert_text(answer_text(a, "/parts/1/rule/title"), "acme");
    assert_int_equal(jx_kind(answer_at(a, "/rule/organization")), ALEES_JSON_NULL);
    /* names of categories are not read by viewers, in whichever place they stand */
    a = get(w, ACME_VIEWER, "/products?page_size=5&expand=category.parent&organization=" ACME);
    assert_non_null(answer_at(a, "/results/0/category/slug"));
    assert_null(answer_at(a, "/results/0/category/name"));
    assert_null(strstr(a->body.ptr, "Fasteners"));
    assert_null(strstr(a->body.ptr, "Services"));
}

/* What a caller may not read cannot be expanded, nor told from what does not exist; in a part of the list it is where it may
 * be. */
static void test_a_field_that_may_not_be_read(void **state) {
    struct world *w = *state;
    const struct answer *a = must(w, ACME_VIEWER, "GET", "/cards?expand=holder", NULL, 400);
    const struct answer *unknown = must(w, ACME_VIEWER, "GET", "/cards?expand=holdex", NULL, 400);
    char *other = arena_dup(w->arena, world_stable(w, unknown), strlen(world_stable(w, unknown)) + 1);
    for (char *at = strstr(other, "holdex"); at; at = strstr(at, "holdex")) {
        memcpy(at, "holder", 6);
    }
    assert_string_equal(world_stable(w, a), other);
    assert_problem(must(w, ACME_VIEWER, "GET", "/cards/" ID(31) "?expand=holder", NULL, 400), 400, "bad_parameter");
    assert_problem(must(w, ACME_VIEWER, "GET", "/cards?expand=parts.holder", NULL, 400), 400, "bad_parameter");
    assert_problem(must(w, BOTH, "GET", "/cards?expand=holder&organization=" ACME, NULL, 400), 400, "bad_parameter");
    a = get(w, BOTH, "/cards?expand=holder&ordering=id");
    assert_int_equal(jx_size(answer_at(a, "/results")), 5);
    assert_null(answer_at(a, "/results/0/holder"));
    assert_text(answer_text(a, "/results/3/holder/id"), ID(04)); /* of Globex, where they manage */
    a = get(w, BOTH, "/cards/" ID(34) "?expand=parts.holder");   /* a part of Acme */
    assert_text(answer_text(a, "/parts/0/title"), "one");
    assert_null(answer_at(a, "/parts/0/holder"));
}

/* ---- how ---- */

static int64_t statements(struct world *w, const char *path) {
    const struct metric *ran = metrics_register(METRICS_COUNTER, "alees_db_statements_total", "", "");
    int64_t before;
    assert_non_null(ran);
    (void)get(w, ADMIN, path); /* the first may load what is remembered */
    before = metrics_value(ran);
    (void)get(w, ADMIN, path);
    return metrics_value(ran) - before;
}

static void test_one_statement_for_each_path(void **state) {
    static const struct {
        const char *path;
        int64_t statements;
    } rows[] = {
        {"/products?page_size=1", 1},
        {"/products?page_size=200", 1},
        {"/products?page_size=1&expand=category", 2},
        {"/products?page_size=200&expand=category", 2},
        {"/products?page_size=200&expand=category,base_uom", 3},
        {"/products?page_size=200&expand=category.parent", 3},
        {"/products?page_size=200&expand=category,category.parent,category.organization,base_uom", 5},
        {"/products?page_size=200&expand=created_by", 1}, /* all null: there is nothing to read */
        {"/products?page_size=200&fields=name", 1},
        {"/cards?expand=parts", 2},
        {"/cards?expand=parts.parts", 3},
        {"/cards/" ID(32) "?expand=parts,rule,note,holder,created_by", 6},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        print_message("%s\n", rows[i].path);
        assert_int_equal(statements(*state, rows[i].path), rows[i].statements);
    }
}

static void test_answers_of_writes(void **state) {
    struct world *w = *state;
    const struct answer *a = must(w, ACME_MANAGER, "POST", "/cards?expand=rule,parts,created_by",
                                  "{\"title\":\"new\",\"rule\":\"" ID(11) "\",\"parts\":[\"" ID(31) "\"]}", 201);
    const char *path = world_text(w, "/cards/%s", answer_text(a, "/id").ptr);
    assert_text(answer_text(a, "/rule/title"), "acme");
    assert_text(answer_text(a, "/parts/0/title"), "one");
    assert_text(answer_text(a, "/created_by/username"), "acme-manager");
    a = must(w, ACME_MANAGER, "PATCH", world_text(w, "%s?expand=rule&fields=title,rule", path),
             "{\"rule\":\"" ID(13) "\"}", 200);
    assert_text(answer_text(a, "/rule/title"), "shared");
    assert_null(answer_at(a, "/id"));
    /* nothing is written when the answer could not be what was asked for */
    (void)must(w, ACME_MANAGER, "POST", "/cards?expand=rul", "{\"title\":\"never\"}", 400);
    (void)must(w, ACME_MANAGER, "PATCH", world_text(w, "%s?expand=title", path), "{\"title\":\"never\"}", 400);
    assert_int_equal(jx_size(answer_at(get(w, ADMIN, "/cards?title=never"), "/results")), 0);
    a = must(w, ACME_MANAGER, "PATCH", world_text(w, "%s?expand=rule", path), "{}", 200); /* nothing to write */
    assert_text(answer_text(a, "/rule/title"), "shared");
    (void)must(w, ACME_MANAGER, "DELETE", world_text(w, "%s?expand=rule", path), NULL, 400);
    (void)must(w, ACME_MANAGER, "DELETE", path, NULL, 204);
    /* a new organization is judged by its parent, the parent by itself */
    a = must(w, ADMIN, "POST", "/organizations?expand=parent",
             world_text(w,
                        "{\"name\":\"Below\",\"code\":\"BELOW\",\"parent\":\"" ACME "\",\"organization_type\":\"%s\"}",
                        answer_text(get(w, ADMIN, "/organizations/" ACME), "/organization_type").ptr),
             201);
    assert_text(answer_text(a, "/parent/id"), ACME);
    assert_non_null(answer_at(a, "/parent/name"));
}

/* The rows behind an entity tag are not those that are referred to. */
static void test_an_expanded_row_is_always_sent(void **state) {
    struct world *w = *state;
    const char *path = "/api/v1/cards/" ID(31), *expanded = "/api/v1/cards/" ID(31) "?expand=rule";
    const struct answer *a = world_ask(w, ADMIN, "GET", path, NULL);
    alees_str etag = arena_str(w->arena, answer_header(a, "ETag"));
    struct loopback_request request = {"GET", expanded, w->tokens[ADMIN], NULL, {{"If-None-Match", etag.ptr}}};
    assert_text(answer_header(world_ask(w, ADMIN, "GET", expanded, NULL), "ETag"), etag.ptr);
    assert_status(loopback_send(w->loopback, &request), 200);
    request.path = path;
    assert_status(loopback_send(w->loopback, &request), 304);
}

static void test_lists_that_are_wrong(void **state) {
    static const struct {
        const char *query, *detail;
    } rows[] = {
        {"expand=", "must be names of references, separated by commas"},
        {"expand=rule,", "must be names of references, separated by commas"},
        {"expand=rul", "names \\\"rul\\\", and \\\"rul\\\" is no reference; did you mean \\\"rule\\\"?"},
        {"expand=title", "names \\\"title\\\", and \\\"title\\\" is no reference"},
        {"expand=secret", "names \\\"secret\\\", and \\\"secret\\\" is no reference"},
        {"expand=rule_id", "names \\\"rule_id\\\", and \\\"rule_id\\\" is no reference"},
        {"expand=rule.", "names \\\"rule.\\\", and \\\"\\\" is no reference"},
        {"expand=.rule", "names \\\".rule\\\", and \\\"\\\" is no reference"},
        {"expand=.", "names \\\".\\\", and \\\"\\\" is no reference"},
        {"expand=rule.title", "names \\\"rule.title\\\", and \\\"title\\\" is no reference"},
        {"expand=rule.organizatin", "did you mean \\\"organization\\\"?"},
        {"expand=parts.parts.parts", "at most 2 references one behind another"},
        {"expand=parts.parts.", "at most 2 references one behind another"},
        {"expand=rule,rule", "names \\\"rule\\\" twice"},
        {"expand=parts.rule,parts.rule", "names \\\"parts.rule\\\" twice"},
        {"expand=rule,note,holder,parts,organization,created_by,updated_by,parts.rule,parts.note",
         "names more than 8 paths"},
        {"expand=rule&expand=note", "must not be given twice"},
        {"fields=title&expand=rule", "names \\\"rule\\\", which fields leaves out"},
        {"expand=%27%3B%20DROP%20TABLE", "is no reference"},
        {"expand=%00", ""},
        {"expand=%ff", ""},
    };
    struct world *w = *state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct answer *list = must(w, ADMIN, "GET", world_text(w, "/cards?%s", rows[i].query), NULL, 400);
        const struct answer *one =
            must(w, ADMIN, "GET", world_text(w, "/cards/" ID(31) "?%s", rows[i].query), NULL, 400);
        if (!strstr(list->body.ptr, rows[i].detail) || !strstr(one->body.ptr, rows[i].detail)) {
            print_error("%s: %.*s\n", rows[i].query, STR_FMT(list->body));
            fail();
        }
    }
    struct str longest;
    str_init(&longest, w->arena, 8192);
    for (size_t i = 0; i < 1000; i++) {
        str_puts(&longest, i > 0 ? ",parts" : "parts");
    }
    (void)must(w, ADMIN, "GET", world_text(w, "/cards?expand=%.3000s", str_done(&longest).ptr), NULL, 400);
    (void)get(w, ADMIN, "/cards?expand=rule,note,holder,parts,organization,created_by,parts.rule,parts.parts");
}

/* More rows than may be read where others wait, and more than may be read at all. */
static void test_a_great_many_rows(void **state) {
    struct world *w = *state;
    const struct answer *a;
    pg_exec(&w->pg, "INSERT INTO kinds.card (id, organization_id, title, parts) SELECT alees.new_id(), '" ACME
                    "', 'part', '{}' FROM generate_series(1, 1200);"
                    "INSERT INTO kinds.card (id, organization_id, title, parts) SELECT '" ID(
                        41) "', '" ACME "', 'great', array_agg(id) FROM kinds.card WHERE title = 'part';"
                            "INSERT INTO kinds.card (id, organization_id, title, parts) SELECT '" ID(
                                42) "', '" ACME "', 'greatest', array_agg(gen_random_uuid()) "
                                    "FROM generate_series(1, 50001)");
    a = get(w, ACME_MANAGER, "/cards/" ID(41) "?expand=parts&fields=parts");
    assert_int_equal(jx_size(answer_at(a, "/parts")), 1200);
    assert_text(answer_text(a, "/parts/0/title"), "part");
    assert_text(answer_text(a, "/parts/1199/title"), "part");
    a = must(w, ACME_MANAGER, "GET", "/cards/" ID(42) "?expand=parts", NULL, 400);
    assert_problem(a, 400, "bad_parameter");
    assert_non_null(strstr(a->body.ptr, "names more than 50000 rows by \\\"parts\\\"; ask for fewer rows at once"));
    (void)must(w, ACME_MANAGER, "GET", "/cards/" ID(42), NULL, 200);
    pg_exec(&w->pg, "DELETE FROM kinds.card WHERE title IN ('part', 'great', 'greatest')");
}

/* The next page is of the same view; a cursor is not one for another. */
static void test_pages(void **state) {
    struct world *w = *state;
    const struct answer *a = get(w, ACME_MANAGER, "/cards?page_size=2&expand=rule&fields=title,rule");
    const char *next = answer_text(a, "/next").ptr;
    assert_non_null(next);
    a = world_ask(w, ACME_MANAGER, "GET", next, NULL);
    assert_status(a, 200);
    assert_int_equal(jx_size(answer_at(a, "/results/0")), 2);
    a = world_ask(w, ACME_MANAGER, "GET", answer_text(a, "/previous").ptr, NULL);
    assert_status(a, 200);
    assert_text(answer_text(a, "/results/0/rule/title"), "acme");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_reference_shows_what_its_row_shows),
        cmocka_unit_test(test_two_steps),
        cmocka_unit_test(test_a_field_that_may_not_be_read),
        cmocka_unit_test(test_one_statement_for_each_path),
        cmocka_unit_test(test_answers_of_writes),
        cmocka_unit_test(test_an_expanded_row_is_always_sent),
        cmocka_unit_test(test_lists_that_are_wrong),
        cmocka_unit_test(test_pages),
        cmocka_unit_test(test_a_great_many_rows),
    };
    return cmocka_run_group_tests_name("expand", tests, setup, world_teardown);
}
