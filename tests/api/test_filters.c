/* SPDX-License-Identifier: MIT
 * test_filters.c - every operator with every type on the whole server: which rows come, by their names, of five that differ
 * in everything and a sixth that is of another organization. */
#include "test.h"

#include <stdio.h>

#include "world.h"

enum { ADMIN, ACME_MANAGER }; /* of world_users */

#define ACME "01930000-0000-7000-8000-000000000001"
#define GLOBEX "01930000-0000-7000-8000-000000000003"
#define A "00000000-0000-7000-8000-00000000000a"
#define B "00000000-0000-7000-8000-00000000000b"
#define C "00000000-0000-7000-8000-00000000000c"

/* d has no value anywhere; z is of the other organization and like a. */
static const char rows_sql[] =
    "INSERT INTO types.thing (organization_id, id, name, note, size, price, since, at, key, sold, status, other_id, "
    "tags, "
    "parts, attributes, created_at, created_by) VALUES "
    "('" ACME "', '" A "', 'a', 'Steel bolt M8', 1, 1.50, '2026-01-01', '2026-01-01T00:00:00Z', '" A
    "', true, 'draft', "
    "NULL, '{red,big}', '{" A "}', '{\"color\": \"red\", \"size\": 12, \"dim\": {\"w\": 3}}', '2026-01-01T00:00:00Z', "
    "'" C "'),"
    "('" ACME "', '" B "', 'b', 'steel BOLT m10', 2, 2.5, '2026-02-01', '2026-02-01T00:00:00.5Z', '" B "', false, "
    "'active', '" A "', '{red}', '{" A "," B "}', '{\"color\": \"Red\", \"size\": \"12\", \"dim\": {\"w\": 10}}', "
    "'2026-01-02T00:00:00Z', NULL),"
    "('" ACME "', '" C
    "', 'c', E'100% wool_\\\\x', 3, 10, '2026-03-01', '2026-03-01T00:00:00Z', NULL, NULL, 'archived', "
    "'" B "', E'{\"a,b\",\"q\\\\\"x\"}', '{}', '{\"color\": \"blue\", \"size\": 9, \"ok\": true, \"no\": null}', "
    "'2026-01-03T00:00:00Z', NULL),"
    "('" ACME "', alees.new_id(), 'd', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, "
    "'2026-01-04T00:00:00Z', NULL),"
    "('" ACME "', alees.new_id(), 'e', '\xc3\x84pfel', 3, 10.00, '2026-03-01', '2026-04-01T00:00:00Z', '" C "', true, "
    "'draft', '" A "', '{}', '{" B "}', '{\"color\": [\"red\"], \"size\": \"nine\", \"no\": \"null\"}', "
    "'2026-01-05T00:00:00Z', NULL),"
    "('" GLOBEX "', alees.new_id(), 'z', 'Steel bolt M8', 1, 1.50, '2026-01-01', '2026-01-01T00:00:00Z', '" A
    "', true, "
    "'draft', NULL, '{red,big}', '{" A "}', '{\"color\": \"red\", \"size\": 12, \"dim\": {\"w\": 3}}', "
    "'2026-01-01T00:00:00Z', '" C "')";

/* All but letters, digits and what a query is made of. */
static const char *encoded(struct world *w, const char *query) {
    struct str out;
    str_init(&out, w->arena, 256);
    for (const char *p = query; *p != '\0'; p++) {
        bool is_plain = (*p >= '0' && *p <= '9') || (*p >= 'A' && *p <= 'Z') || (*p >= 'a' && *p <= 'z');
        if (is_plain || strchr("&=_-.,", *p)) {
            str_putc(&out, *p);
        } else {
            str_printf(&out, "%%%02X", (unsigned)(unsigned char)*p);
        }
    }
    return str_done(&out).ptr;
}

/* The names of the rows that come. */
static const char *names_of(struct world *w, size_t user, const char *query) {
    const struct answer *a = world_ask(w, user, "GET", world_text(w, "/api/v1/things?%s", encoded(w, query)), NULL);
    struct str out;
    world_must(a, 200, user, query);
    str_init(&out, w->arena, 16);
    for (unsigned i = 0; answer_at(a, world_text(w, "/results/%u", i)) != NULL; i++) {
        str_view(&out, answer_text(a, world_text(w, "/results/%u/name", i)));
    }
    alees_str names = arena_str(w->arena, str_done(&out));
    return names.ptr;
}

struct row {
    const char *query, *names;
};

static void check(struct world *w, const struct row *rows, size_t count) {
    for (size_t i = 0; i < count; i++) {
        const char *names = names_of(w, ACME_MANAGER, rows[i].query);
        if (strcmp(names, rows[i].names) != 0) {
            fail_msg("%s gives \"%s\", not \"%s\"", rows[i].query, names, rows[i].names);
        }
        names = names_of(w, ADMIN, world_text(w, "organization=" ACME "&%s", rows[i].query)); /* another statement */
        if (strcmp(names, rows[i].names) != 0) {
            fail_msg("%s gives \"%s\" to a superuser, not \"%s\"", rows[i].query, names, rows[i].names);
        }
    }
}

static void test_texts(void **state) {
    static const struct row rows[] = {
        {"", "abcde"},
        {"note=Steel bolt M8", "a"},
        {"note=steel bolt m8", ""},
        {"note__ne=Steel bolt M8", "bcde"}, /* no value is not that value */
        {"note__lt=T", "ac"},
        {"note__lte=100% wool_\\x", "c"},
        {"note__gt=Steel bolt M8", "be"},
        {"note__gte=Steel bolt M8", "abe"},
        {"note__in=Steel bolt M8,\xc3\x84pfel,nothing", "ae"},
        {"note__range=S,T", "a"},
        {"note__contains=bolt", "a"},
        {"note__contains=%", "c"},
        {"note__contains=_", "c"},
        {"note__contains=\\", "c"},
        {"note__contains=o_t", ""},
        {"note__contains=s%l", ""},
        {"note__icontains=BOLT", "ab"},
        {"note__icontains=wool_\\X", "c"},
        {"note__icontains=\xc3\xa4PF", "e"},
        {"note__startswith=steel", "b"},
        {"note__startswith=100%", "c"},
        {"note__startswith=%", ""},
        {"note__istartswith=STEEL b", "ab"},
        {"note__iendswith=M10", "b"},
        {"note__iendswith=\\x", "c"},
        {"note__isnull=true", "d"},
        {"note__isnull=false", "abce"},
        {"note=null", ""},
        {"note__contains=' OR true --", ""},
        {"note__in=');DROP TABLE types.thing;--", ""},
        {"name__range=b,d&name__ne=c", "bd"},
    };
    check(*state, rows, ARRAY_LEN(rows));
}

static void test_values_with_an_order(void **state) {
    static const struct row rows[] = {
        {"size=3", "ce"},
        {"size__ne=3", "abd"},
        {"size__lt=3", "ab"},
        {"size__lte=3", "abce"},
        {"size__gt=1", "bce"},
        {"size__gte=9223372036854775807", ""},
        {"size__gte=-9223372036854775808", "abce"},
        {"size__in=1,2,99", "ab"},
        {"size__range=2,3", "bce"},
        {"size__range=3,2", ""},
        {"size__isnull=true", "d"},
        {"size=null", "d"},
        {"size__ne=null", "abce"},
        {"price=10", "ce"},
        {"price=10.000", "ce"},
        {"price__ne=10", "abd"},
        {"price__lt=2.5", "a"},
        {"price__gte=2.50", "bce"},
        {"price__in=1.5,1e1", "ace"},
        {"price__range=1.5,2.5", "ab"},
        {"price__lt=1e99", "abce"},
        {"since=2026-03-01", "ce"},
        {"since__gt=2026-01-01", "bce"},
        {"since__range=2026-01-01,2026-02-01", "ab"},
        {"since__in=2026-02-01,2026-03-01", "bce"},
        {"since__isnull=false", "abce"},
        {"at=2026-02-01T01:00:00.5+01:00", "b"},
        {"at__lt=2026-02-01T00:00:00.5Z", "a"},
        {"at__lte=2026-02-01T00:00:00.5Z", "ab"},
        {"at__range=2026-02-01T00:00:00Z,2026-03-01T00:00:00Z", "bc"},
        {"at__isnull=true", "d"},
        {"key=" A, "a"},
        {"key__ne=" A, "bcde"},
        {"key__gte=" B, "be"},
        {"key__in=" A "," C, "ae"},
        {"id__in=" A "," B, "ab"},
        {"created_at__gte=2026-01-04T00:00:00Z", "de"},
        {"created_by=" C, "a"},
        {"created_by=null", "bcde"},
        {"created_by__isnull=false", "a"},
        {"updated_by__isnull=true", "abcde"},
        {"size__gte=2&size__lt=3", "b"},
    };
    check(*state, rows, ARRAY_LEN(rows));
}

static void test_names_and_lists(void **state) {
    static const struct row rows[] = {
        {"sold=true", "ae"},
        {"sold__ne=true", "bcd"},
        {"sold__in=true,false", "abe"},
        {"sold=null", "cd"},
        {"status=draft", "ae"},
        {"status__ne=draft", "bcd"},
        {"status__in=draft,archived", "ace"},
        {"status__isnull=true", "d"},
        {"other=" A, "be"},
        {"other__ne=" A, "acd"},
        {"other__in=" A "," B, "bce"},
        {"other=null", "ad"},
        {"other__isnull=false", "bce"},
        {"tags=red", "ab"},
        {"tags=Red", ""},
        {"tags=a,b", "c"},
        {"tags=q\"x", "c"},
        {"tags__ne=red", "cde"},
        {"tags__in=big,\"a,b\"", "ac"},
        {"tags__contains=red,big", "a"},
        {"tags=null", "d"},
        {"parts=" A, "ab"},
        {"parts__ne=" A, "cde"},
        {"parts__in=" A "," B, "abe"},
        {"parts__contains=" A "," B, "b"},
        {"parts=null", "d"},
        {"organization__in=" ACME "," GLOBEX, "abcde"},
        {"organization__in=" GLOBEX, ""}, /* a filter, never a right */
        {"organization__ne=" ACME, ""},
    };
    check(*state, rows, ARRAY_LEN(rows));
}

static void test_json(void **state) {
    static const struct row rows[] = {
        {"attributes__color=red", "a"}, /* not the list that holds it */
        {"attributes__color__ne=red", "bcde"},
        {"attributes__size=12", "ab"}, /* the number and the text */
        {"attributes__size=12.0", "a"},
        {"attributes__size__ne=12", "cde"},
        {"attributes__size__in=9,nine", "ce"},
        {"attributes__size__in=12", "ab"},
        {"attributes__size__gt=9", "a"}, /* numbers with numbers */
        {"attributes__size__gte=9", "ac"},
        {"attributes__size__lt=z", "be"}, /* texts with texts */
        {"attributes__size__range=9,12", "ac"},
        {"attributes__dim__w=3", "a"},
        {"attributes__dim__w__gt=3", "b"},
        {"attributes__dim__w__range=1,100", "ab"},
        {"attributes__dim__w__isnull=true", "cde"},
        {"attributes__dim__w__isnull=false", "ab"},
        {"attributes__ok=true", "c"},
        {"attributes__no=null", "ce"},
        {"attributes__no__isnull=true", "abcd"},
        {"attributes__color__icontains=RED", "abe"},
        {"attributes__color__contains=Re", "b"},
        {"attributes__color__startswith=b", "c"},
        {"attributes__color__istartswith=R", "ab"},
        {"attributes__color__iendswith=D", "ab"},
        {"attributes__color__0=red", ""}, /* members, not places in lists */
        {"attributes__color__0__isnull=false", ""},
        {"attributes__contains={\"dim\":{\"w\":10}}", "b"},
        {"attributes__contains={\"color\":[\"red\"]}", "e"},
        {"attributes={\"size\":12,\"dim\":{\"w\":3.0},\"color\":\"red\"}", "a"},
        {"attributes__ne={\"size\":12}", "abcde"},
        {"attributes__isnull=true", "d"},
        {"attributes=null", "d"},
        {"attributes__a'||pg_sleep(9)||'=x", ""},
        {"attributes__size=1e999", ""},
    };
    check(*state, rows, ARRAY_LEN(rows));
}

static void test_groups(void **state) {
    static const struct row rows[] = {
        {"filter={\"size\":3}", "ce"},
        {"filter={\"or\":[{\"size\":1},{\"status\":\"active\"}]}", "ab"},
        {"filter={\"or\":[{\"size\":1,\"status\":\"active\"},{\"name\":\"d\"}]}", "d"},
        {"filter={\"not\":{\"size__gt\":1}}", "ad"}, /* what it is not true of */
        {"filter={\"not\":{\"not\":{\"size__gt\":1}}}", "bce"},
        {"filter={\"not\":{\"or\":[{\"size\":1},{\"size\":null}]}}", "bce"},
        {"filter={\"and\":[{\"or\":[{\"size\":1},{\"size\":3}]},{\"sold\":true}]}", "ae"},
        {"filter={\"or\":[{\"tags\":\"red\"},{\"attributes__ok\":true}],\"price__lt\":2.5}", "a"},
        {"filter={\"name__in\":[\"a\",\"e\",\"z\"]}", "ae"},
        {"filter={\"or\":[{\"organization\":\"" GLOBEX "\"},{\"name\":\"b\"}]}", "b"}, /* z is not seen */
        {"filter={\"or\":[{\"name__ne\":\"a\"},{\"name\":\"a\"}]}", "abcde"},
        {"filter={\"note\":null}", "d"},
        {"filter={\"price__range\":[1.5,2.5]}&size__gt=1", "b"},
        {"filter={\"attributes__size\":12}", "ab"},
        {"filter={\"tags__contains\":[\"a,b\",\"q\\\"x\"]}", "c"},
        {"filter={\"not\":{\"attributes__color\":\"red\"}}", "bcde"},
    };
    check(*state, rows, ARRAY_LEN(rows));
}

static void test_what_is_refused(void **state) {
    static const struct {
        const char *query, *code, *says;
    } rows[] = {
        {"nmae__in=a", "unknown_parameter", "did you mean \\\"name__in\\\"?"},
        {"size__icontains=1", "unknown_parameter", "The operators of \\\"size\\\" are"},
        {"name__password__startswith=a", "unknown_parameter", NULL},
        {"t.name=a", "unknown_parameter", NULL},
        {"size__gte=x", "bad_parameter", "must be a whole number"},
        {"name__in=a&name__in=b", "bad_parameter", "must not be given twice"},
        {"filter={\"or\":[{\"nmae\":\"a\"}]}", "unknown_parameter", "did you mean \\\"name\\\"?"},
        {"filter={}", "bad_parameter", NULL},
    };
    struct world *w = *state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const char *path = world_text(w, "/api/v1/things?%s", encoded(w, rows[i].query));
        const struct answer *a = world_ask(w, ACME_MANAGER, "GET", path, NULL);
        assert_problem(a, 400, rows[i].code);
        if (rows[i].says && !strstr(a->body.ptr, rows[i].says)) {
            fail_msg("%s: %.*s", rows[i].query, STR_FMT(a->body));
        }
    }
}

/* A filter stays in the links, and a cursor belongs to it. */
static void test_pages_of_a_filter(void **state) {
    struct world *w = *state;
    const char *query = encoded(w, "filter={\"not\":{\"size\":1}}&note__ne=x&page_size=2");
    const struct answer *a = world_ask(w, ACME_MANAGER, "GET", world_text(w, "/api/v1/things?%s", query), NULL);
    assert_status(a, 200);
    assert_text(answer_text(a, "/results/1/name"), "c");
    a = world_ask(w, ACME_MANAGER, "GET", answer_text(a, "/next").ptr, NULL);
    assert_status(a, 200);
    assert_text(answer_text(a, "/results/0/name"), "d");
    assert_text(answer_text(a, "/results/1/name"), "e");
    assert_int_equal(jx_kind(answer_at(a, "/next")), ALEES_JSON_NULL);
    a = world_ask(w, ACME_MANAGER, "GET", answer_text(a, "/previous").ptr, NULL);
    assert_text(answer_text(a, "/results/0/name"), "b");
}

/* What one may see is not widened by any condition. */
static void test_everybody_sees_their_own(void **state) {
    struct world *w = *state;
    for (size_t user = 0; user < WORLD_USERS; user++) {
        bool acme = world_users[user].access[WORLD_ACME] != WORLD_NONE;
        bool globex = world_users[user].access[WORLD_GLOBEX] != WORLD_NONE;
        const char *path =
            world_text(w, "/api/v1/things?%s",
                       encoded(w, "filter={\"or\":[{\"name\":\"a\"},{\"name\":\"z\"},{\"not\":{\"size\":7}}]}"));
        const struct answer *a = world_ask(w, user, "GET", path, NULL);
        if (!acme && !globex) {
            assert_true(a->status == 403 || answer_at(a, "/results/0") == NULL);
            continue;
        }
        assert_status(a, 200);
        assert_int_equal(strstr(a->body.ptr, "\"name\":\"a\"") != NULL, acme);
        assert_int_equal(strstr(a->body.ptr, "\"name\":\"z\"") != NULL, globex);
    }
}

static int set_up(void **state) {
    int rc = world_setup_with(state, "types");
    struct world *w = *state;
    if (rc == 0) {
        pg_exec(&w->pg, rows_sql);
    }
    return rc;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_texts),
        cmocka_unit_test(test_values_with_an_order),
        cmocka_unit_test(test_names_and_lists),
        cmocka_unit_test(test_json),
        cmocka_unit_test(test_groups),
        cmocka_unit_test(test_what_is_refused),
        cmocka_unit_test(test_pages_of_a_filter),
        cmocka_unit_test(test_everybody_sees_their_own),
    };
    return cmocka_run_group_tests_name("filters", tests, set_up, world_teardown);
}
