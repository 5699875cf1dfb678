/* SPDX-License-Identifier: MIT
 * test_search.c - ?search= through the whole server: what is found, what is not, whose, by whom; and that it stays so
 * where PostgreSQL may not use the indexes. */
#include "test.h"

#include <stdio.h>

#include "alees/util.h"
#include "world.h"

enum { ADMIN, ACME_MANAGER, ACME_VIEWER, GLOBEX_MANAGER, BOTH, NOBODY };

#define ACME "01930000-0000-7000-8000-000000000001"
#define GLOBEX "01930000-0000-7000-8000-000000000003"
#define VIEWER "00000000-0000-7000-8000-000000000004"

/* Who holds the role viewer reads no sku of products, and neither name nor description of categories. */
static int setup(void **state) {
    static const char *const restrictions[][2] = {
        {"product.product", "name,description,status"},
        {"product.category", "slug,parent"},
    };
    struct world *w;
    assert_int_equal(world_setup(state), 0);
    w = *state;
    for (size_t i = 0; i < WORLD_USERS; i++) {
        w->tokens[i] = world_text(w, "%s", w->tokens[i]);
    }
    loopback_close(w->loopback);
    for (size_t i = 0; i < ARRAY_LEN(restrictions); i++) {
        pg_exec(&w->pg,
                world_text(w,
                           "INSERT INTO rbac.field_permission (organization_id, role_id, resource, read_fields) "
                           "SELECT organization_id, id, '%s', '{%s}' FROM rbac.role WHERE id = '" VIEWER "'",
                           restrictions[i][0], restrictions[i][1]));
    }
    pg_exec(&w->pg, "INSERT INTO product.product (organization_id, name, sku, description, base_uom_id) "
                    "SELECT o, n, s, d, (SELECT id FROM product.unit_of_measure WHERE code = 'EA') FROM (VALUES "
                    "('" ACME "'::uuid, 'Zyxer Straße 100% _new\\', 'ZYX-007', 'Größe \"L\" & more; it''s'), "
                    "('" ACME "', 'Plain', 'ZYX-008', 'beside the zyxer'), "
                    "('" ACME "', E'Cafe\\u0301 \\u05e9\\u05dc\\u05d5\\u05dd', 'RTL-1', ''), "
                    "('" GLOBEX "', 'Zyxer of others', 'ZYX-009', '')) v (o, n, s, d)");
    w->loopback = loopback_open(w->pg.conf, NULL);
    w->catalogue = &loopback_app(w->loopback)->catalogue;
    return 0;
}

static const char *encoded(struct world *w, const char *text) {
    struct str s;
    str_init(&s, w->arena, 64);
    for (const unsigned char *p = (const unsigned char *)text; *p != '\0'; p++) {
        str_printf(&s, "%%%02X", *p);
    }
    return str_done(&s).ptr;
}

static const struct answer *ask(struct world *w, size_t user, const char *list, const char *words, const char *more) {
    return world_ask(w, user, "GET", world_text(w, "/api/v1/%s?search=%s%s", list, encoded(w, words), more), NULL);
}

static uint32_t found(struct world *w, size_t user, const char *list, const char *words, const char *more) {
    const struct answer *a = ask(w, user, list, words, more);
    world_must(a, 200, user, words);
    return jx_size(answer_at(a, "/results"));
}

static void check(struct world *w, const char *words, uint32_t count) {
    uint32_t is = found(w, ACME_MANAGER, "products", words, "");
    if (is != count) {
        fail_msg("%s: %u, not %u", words, is, count);
    }
}

/* Words of the document begin as those that are sent; name and sku are SUBSTRING, description is not. */
static void test_words(void **state) {
    struct world *w = *state;
    static const struct {
        const char *words;
        uint32_t count;
    } cases[] = {
        {"zyxer", 2},
        {"ZYXER", 2},
        {"zyx", 2},
        {"yxe", 1},
        {"zyxers", 0},
        {"side", 0},
        {"besid", 1},
        {"ZYX-007", 1},
        {"zyx-0", 2},
        {"yx-00", 2},
        {"007", 1},
        {"7", 0},
        {"straße", 1},
        {"strasse", 0},
        {"traße", 1},
        {"größ", 1},
        {"röße", 0},
        {"zyxer 007", 1},
        {"007 zyxer", 1},
        {"zyxer zyxer plain", 1},
        {"zyxer nut", 0},
        {"  zyxer \t 008  ", 1},
        {"100%", 1},
        {"yxer%tra", 0},
        {"_new", 1},
        {"yx_r", 0},
        {"ew\\", 1},
        {"ew\\\\", 0},
        {"\"L\" zyxer", 1},
        {"it's zyxer", 1},
        {"zyxer & plain", 1},
        {"zyxer \xe2\x80\x94 plain", 1}, /* a dash is no word either */
        {"\xe2\x80\x9ezyxer\xe2\x80\x9c \xc2\xab\xc2\xbb plain", 1},
        {"zyxer | plain", 1},
        {"!zyxer", 2},
        {"zyxer:*", 2},
        {"שלום", 1},
        {"ום", 1},
        {"Cafe\xcc\x81", 1},
        {"\xe2\x82\xac", 0},
        {"zyxer\xc2\xa0plain", 1},
        {"𐐀", 0},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const char *words = cases[i].words;
        bool is_anywhere = strcmp(words, "7") == 0 || strcmp(words, "007") == 0 ||
                           strcmp(words, "100%") == 0; /* many of the demonstration */
        uint32_t count = found(w, ACME_MANAGER, "products", words, "&page_size=100");
        if (is_anywhere ? count < cases[i].count : count != cases[i].count) {
            fail_msg("%s: %u, not %u", words, count, cases[i].count);
        }
    }
}

static void test_refused(void **state) {
    struct world *w = *state;
    static const struct {
        const char *words, *fault;
    } cases[] = {
        {"", "must have a word"},    {"   ", "must have a word"}, {"% & _ \\ ' \"", "must have a word"},
        {"(((", "must have a word"}, {":*", "must have a word"},  {"a b c d e f g h i", "at most 8 words"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct answer *a = ask(w, ACME_MANAGER, "products", cases[i].words, "");
        assert_problem(a, 400, "bad_parameter");
        assert_non_null(strstr(a->body.ptr, cases[i].fault));
    }
    char longest[402];
    memset(longest, 'a', sizeof longest);
    longest[200] = '\0';
    check(w, longest, 0);
    longest[200] = 'a';
    longest[201] = '\0';
    assert_problem(ask(w, ACME_MANAGER, "products", longest, ""), 400, "bad_parameter");
    for (size_t i = 0; i < 200; i++) {
        memcpy(longest + 2 * i, "ß", 2);
    }
    longest[400] = '\0';
    check(w, longest, 0); /* characters are counted, not bytes */
    assert_problem(ask(w, ADMIN, "audit-entries", "create", ""), 400, "unknown_parameter");
    assert_problem(world_ask(w, ADMIN, "GET", "/api/v1/products?search=a&search=b", NULL), 400, "bad_parameter");
    assert_non_null(strstr(world_ask(w, ADMIN, "GET", "/api/v1/products?serch=a", NULL)->body.ptr, "\\\"search\\\""));
}

static void test_whose(void **state) {
    struct world *w = *state;
    assert_int_equal(found(w, ACME_MANAGER, "products", "zyxer others", ""), 0);
    assert_int_equal(found(w, GLOBEX_MANAGER, "products", "zyxer", ""), 1);
    assert_int_equal(found(w, BOTH, "products", "zyxer", ""), 3);
    assert_int_equal(found(w, ADMIN, "products", "zyxer", ""), 3);
    assert_int_equal(found(w, ADMIN, "products", "zyxer", "&organization=" GLOBEX), 1);
    assert_int_equal(found(w, ACME_MANAGER, "products", "zyxer", "&organization=" GLOBEX), 0);
    assert_int_equal(found(w, BOTH, "products", "zyxer", "&organization=" GLOBEX "&status=draft"), 1);
    assert_int_equal(found(w, BOTH, "products", "zyxer", "&status=active"), 0);
    assert_int_equal(found(w, ACME_MANAGER, "units-of-measure", "kilo", ""), 3); /* everybody's */
    assert_int_equal(found(w, ACME_MANAGER, "units-of-measure", "kilow", ""), 1);
    assert_int_equal(found(w, ACME_MANAGER, "organizations", "acm", "&page_size=1"), 1);
    assert_int_equal(found(w, ACME_MANAGER, "organizations", "globex", ""), 0);
}

/* A search must not tell what a field holds that the caller may not read. */
static void test_rights(void **state) {
    struct world *w = *state;
    const struct answer *a;
    assert_int_equal(found(w, ACME_MANAGER, "products", "zyx-007", ""), 1);
    assert_int_equal(found(w, ACME_VIEWER, "products", "zyx-007", ""), 0);
    assert_int_equal(found(w, ACME_VIEWER, "products", "007", ""), 0);
    assert_int_equal(found(w, ACME_VIEWER, "products", "rtl", ""), 0);
    assert_int_equal(found(w, ACME_VIEWER, "products", "yxer straß", ""), 1);
    a = ask(w, ACME_VIEWER, "categories", "fasteners", "");
    assert_problem(a, 400, "unknown_parameter");
    assert_non_null(strstr(a->body.ptr, "There is no parameter"));
    assert_int_equal(found(w, ACME_MANAGER, "categories", "fasteners", ""), 1);
    a = ask(w, BOTH, "categories", "fasteners", "");
    assert_problem(a, 400, "bad_parameter");
    assert_non_null(strstr(a->body.ptr, "which you may not read in every organization of this list"));
    assert_int_equal(found(w, BOTH, "categories", "fasteners", "&organization=" GLOBEX), 1);
    assert_int_equal(found(w, BOTH, "products", "zyx-009", "&organization=" GLOBEX), 1);
    assert_int_equal(found(w, BOTH, "products", "zyx-009", ""), 0);
}

/* In the order of `ordering`, page by page, each row once. */
static void test_pages(void **state) {
    struct world *w = *state;
    uint32_t total = found(w, ACME_MANAGER, "products", "bolt", "&page_size=200&ordering=-name"), count = 0;
    char last[256] = "\xff";
    const char *at = world_text(w, "/api/v1/products?search=bolt&page_size=7&ordering=-name");
    assert_true(total > 20 && total < 200);
    while (at != NULL) {
        const struct answer *a = world_ask(w, ACME_MANAGER, "GET", at, NULL);
        world_must(a, 200, ACME_MANAGER, at);
        for (uint32_t i = 0; i < jx_size(answer_at(a, "/results")); i++, count++) {
            const char *name = world_text(w, "%.*s", STR_FMT(answer_text(a, world_text(w, "/results/%u/name", i))));
            assert_true(strcmp(last, name) >= 0);
            assert_non_null(strstr(name, "bolt"));
            snprintf(last, sizeof last, "%s", name);
        }
        at = answer_text(a, "/next").ptr != NULL ? world_text(w, "%.*s", STR_FMT(answer_text(a, "/next"))) : NULL;
    }
    assert_int_equal(count, total);
    const struct answer *a = world_ask(w, ACME_MANAGER, "GET", "/api/v1/products?search=bolt&count=exact", NULL);
    assert_int_equal(answer_integer(a, "/count"), total);
    a = world_ask(w, ACME_MANAGER, "GET", "/api/v1/products?search=bolt&page_size=2", NULL);
    const char *next = world_text(w, "%.*s", STR_FMT(answer_text(a, "/next")));
    const char *cursor = strstr(next, "cursor=");
    assert_non_null(cursor);
    a = world_ask(w, ACME_MANAGER, "GET", world_text(w, "/api/v1/products?search=nut&page_size=2&%s", cursor), NULL);
    assert_problem(a, 400, "invalid_cursor");
}

/* Where nobody may say LEAKPROOF the same is found. */
static void test_managed(void **state) {
    struct world *w = *state;
    pg_exec(&w->pg, "DO $$ DECLARE p text; BEGIN FOR p IN SELECT oid::regprocedure FROM pg_proc WHERE proleakproof AND "
                    "proname IN ('search_document', 'ts_match_vq', 'textlike', 'texticlike', 'arraycontains', "
                    "'arrayoverlap', 'jsonb_contains') LOOP EXECUTE format('ALTER FUNCTION %s NOT LEAKPROOF', p); "
                    "END LOOP; END $$");
    test_words(state);
    test_whose(state);
    test_pages(state);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words),  cmocka_unit_test(test_refused), cmocka_unit_test(test_whose),
        cmocka_unit_test(test_rights), cmocka_unit_test(test_pages),   cmocka_unit_test(test_managed),
    };
    return cmocka_run_group_tests_name("search", tests, setup, world_teardown);
}
