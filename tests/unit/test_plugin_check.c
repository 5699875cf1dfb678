/* SPDX-License-Identifier: MIT
 * test_plugin_check.c - step 6 of the handshake: each wrong row of many_faults.c has its line, and what the text of a
 * statement may be. */
#include "test.h"

#include <stdio.h>

#include "fixtures.h"
#include "jx.h"
#include "plugin_private.h"

/* --- rows ------------------------------------------------------------------------------------------------------- */

static const char *const faults[] = {
    "has no version or no summary",
    "need 1: \"not an id\" is no service id",
    "need alees.db/1: flags 0x10 are unknown",
    "need alees.json/1 is declared twice",
    "offer 1: \"noslash\" is no service id",
    "offers fixture.many/1 twice",
    "offer 4: \"alees.x/01x\" is no service id",
    "offers services but has no function `offer`",
    "setting 1: \"Upper\" is no name",
    "setting module is the server's own key",
    "setting dated: type 5 and flags 0x0",
    "setting chosen: choices belong to ALEES_CHOICE",
    "setting bounded: min 9 is more than max 1",
    "setting silent has no description",
    "permission 1: \"noplugin\" is no permission such as many_faults.close_order",
    "permission other.act belongs to another plugin",
    "permission many_faults.act has no description",
    "permission many_faults.act is declared twice",
    "permission 5: \"\" is no permission",
    "resource full: field 1: \"Bad\" is no name",
    "resource full: field twice is declared twice",
    "field typeless has type 99, which this server does not know",
    "field choiceless needs choices",
    "field same_choice needs choices",
    "field stray_choice has choices but is not a CHOICE",
    "field unreferenced needs a reference",
    "field stray_reference has a reference but is not a REFERENCE",
    "field crossed has a min greater than its max",
    "field bounded_date has bounds",
    "field negative counts characters",
    "field wavering is REQUIRED and NULLABLE",
    "field unsendable is REQUIRED but READ_ONLY",
    "field null_sort is SORT and NULLABLE",
    "field told_secret is WRITE_ONLY and FILTER",
    "field number_search is SEARCH but not TEXT",
    "field weak_text is WEAK but not a REFERENCE",
    "field no_search is SUBSTRING but not SEARCH",
    "field json_sort is SORT or UNIQUE",
    "field in_path has flags 0x200 that mean nothing here",
    "field future_flag has flags 0x40000000",
    "field bad_fallback: the fallback is not JSON text",
    "field bad_example: the example is not JSON text",
    "resource full: field bad_schema: the schema is not JSON text",
    "resource full: field flat_schema has a schema that is no object",
    "resource full: field text_schema has a schema but is no JSON",
    "field filled is REQUIRED and has a fallback",
    "field wordless has no description",
    "field created_at is one that every resource has",
    "field tenant is one that every resource has",
    "field odd_column has a column that is no name",
    "field shared has the column of another field",
    "field pointless needs a reference",
    "field sought is SORT or UNIQUE, which JSON, TAGS and REFERENCES cannot be",
    "field sought counts characters or items",
    "field asked_computed is COMPUTED: it can be NULLABLE, and nothing else",
    "field given_computed is COMPUTED: it can be NULLABLE, and nothing else",
    "field kept_computed is COMPUTED: it has no column and no fallback",
    "field listed_computed is COMPUTED: declare a UUID",
    "resource full has COMPUTED fields but no function `represent`",
    "resource stolen is OPTIONAL, which only ALEES_SCOPE_ORGANIZATION can be",
    "resource stolen: field whose has the column that says who sees the row",
    "resource open is SHARED but not OPTIONAL",
    "resource open: field scope_ids has the column that says who sees the row",
    "resource future: scope 1 and flags 0x40000000 are unknown",
    "resource full: the order \"twice\" names no field that is SORT",
    "resource full has a parent, which only ALEES_SCOPE_SELF can have",
    "resource 2: \"Bad\" is no name",
    "resource foreign: \"/foreign/{id}\" has a parameter",
    "resource foreign: scope 9 and flags 0x0 are unknown",
    "resource foreign: table \"other.foreign\" must be many_faults.<name>",
    "resource foreign is declared twice",
    "resource foreign: \"no-slash\" is no path: it begins with /",
    "resource foreign: table \"\" must be",
    "resource empty: \"/empty/\" is no path: segments",
    "resource empty has no description, no fields or an empty label",
    "resource empty: its parent must name a field that is a REFERENCE to many_faults.empty",
    "route ? /a: method 9",
    "route GET /b has a permission and is PUBLIC or LOGIN",
    "route GET /c: \"act\" is no permission",
    "route GET /d is PUBLIC and LOGIN",
    "route GET /g is TAKES_LOGIN, but not PUBLIC",
    "route POST /list is LIST: it must be a GET with READ and a permission",
    "route POST /list: field asked is IN_QUERY of a LIST",
    "route GET /e has an object: it needs a permission and {id}",
    "route GET /f/{id}: field neither is neither IN_PATH nor IN_QUERY",
    "route GET /f/{id}: field absent is IN_PATH but the path does not have it",
    "route GET /f/{id}: field both is IN_PATH and IN_QUERY",
    "route GET /f/{id}: field both is IN_PATH but the path does not have it",
    "route GET /f/{id}: {id} has no parameter that is IN_PATH",
    "route GET /g has a body, which GET does not carry",
    "route POST /h has no function `handle` or no summary",
    "route POST /i: the status of success is 404, which is none",
    "route POST /i: field odd: the schema is not JSON text",
    "route POST /i: field odd has a schema that is no object",
    "route POST /i: the request example is not JSON text",
    "route POST /i: the response example is not JSON text",
    "route 10: \"/../etc\" is no path",
    "route 11: \"/{a}/{a}\" has the same parameter twice",
    "route 12: \"/{a}/{b}/{c}/{d}/{e}\" is too long, or has too many parameters",
    "statement 1: \"Bad\" is no name",
    "statement flagged: flags 0x40 are unknown",
    "statement void has no text",
    "statement gap declares nparams = 2 but does not use $1",
    "migration 1 of the list has version 2",
    "migration 2 has no name, no text",
    "command run has no usage",
    "command run is declared twice",
    "metric 1: \"bad-name\" is no name",
    "metric helpless has no help",
    "error 1: \"Bad\" is no name",
    "error early: status 399 and flags 0x0 are not that of a result code",
    "error odd: status 410 and flags 0x0 are not that of a result code",
    "error flagged: status 409 and flags 0x40 are not that of a result code, ALEES_E_*, and 0",
    "error mute has no title or no help",
    "error double is declared twice",
};

/* Nothing else is said either: a line that no entry expects is a false alarm. */
static void test_every_fault_is_named(void **state) {
    struct fixtures f;
    (void)state;
    assert_err(fixtures_load(&f, "many_faults", NULL, false), ALEES_E_INVALID);
    for (size_t i = 0; i < ARRAY_LEN(faults); i++) {
        if (!strstr(f.errors, faults[i])) {
            print_error("not said: %s\n", faults[i]);
            fail();
        }
    }
    for (char *line = strtok(f.errors, "\n"); line; line = strtok(NULL, "\n")) {
        bool is_expected = false;
        for (size_t i = 0; i < ARRAY_LEN(faults); i++) {
            is_expected = is_expected || strstr(line, faults[i]);
        }
        if (!is_expected) {
            print_error("not expected: %s\n", line);
            fail();
        }
    }
    fixtures_end(&f);
}

/* Only the provider of permissions may have a statement that sees every organization; nothing of another is run. */
static void test_everywhere(void **state) {
    struct fixtures f;
    (void)state;
    assert_err(fixtures_load(&f, "rbac_stub,everywhere", NULL, false), ALEES_E_INVALID);
    const char *line =
        strstr(f.errors, "plugin everywhere: statement all sees every organization: only the plugin that "
                         "offers alees.rbac/1 may have such");
    assert_non_null(line);
    assert_non_null(strstr(line, "plugin everywhere: statement all_alone sees every organization"));
    assert_null(strstr(f.errors, "honest"));
    fixtures_end(&f);
}

static void test_names(void **state) {
    (void)state;
    assert_true(plugin_is_name("a", 1));
    assert_true(plugin_is_name("unit_of_measure2", 63));
    assert_false(plugin_is_name("ab", 1));
    assert_false(plugin_is_name("", 63));
    assert_false(plugin_is_name(NULL, 63));
    assert_false(plugin_is_name("_a", 63));
    assert_false(plugin_is_name("1a", 63));
    assert_false(plugin_is_name("a b", 63));
    assert_false(plugin_is_name("a\"; DROP", 63));
    assert_false(plugin_is_name("\xc3\xa4", 63));
    assert_true(plugin_is_permission("product.view_product"));
    assert_false(plugin_is_permission("product"));
    assert_false(plugin_is_permission(".view"));
    assert_false(plugin_is_permission("product."));
    assert_false(plugin_is_permission("a.b.c"));
}

/* --- the text of statements --------------------------------------------------------------------------------------- */

static const struct {
    const char *sql;
    uint32_t nparams;
    const char *fault; /* NULL: none */
} statements[] = {
    {"SELECT 1", 0, NULL},
    {"  /* why /* nested */ */ -- and\n select $1::uuid", 1, NULL},
    {"WITH x AS (INSERT INTO a.b VALUES ($1) RETURNING *) SELECT * FROM x", 1, NULL},
    {"UPDATE a.b SET c = $1, d = $2 WHERE id = $1", 2, NULL},
    {"INSERT INTO a.b VALUES ($1) ON CONFLICT DO UPDATE SET c = excluded.c", 1, NULL},
    {"DELETE FROM a.b WHERE id = $1;", 1, NULL},
    {"SELECT 'set_config; $7 RESET' || $1", 1, NULL},
    {"SELECT $$set_config($1)$$, $tag$; $$ $9 $tag$, $1", 1, NULL},
    {"SELECT \"weird;$4\" FROM a.b", 0, NULL},
    {"SELECT E'it\\'s; RESET', 'it''s; RESET'", 0, NULL},
    {"SELECT a$1 FROM a.b", 0, NULL}, /* a name may contain a dollar sign */
    {"", 0, "does not begin with"},
    {"-- SELECT 1", 0, "does not begin with"},
    {"SET ROLE alees_owner", 0, "does not begin with"},
    {"RESET ROLE", 0, "does not begin with"},
    {"TRUNCATE a.b", 0, "does not begin with"},
    {"(SELECT 1)", 0, "does not begin with"},
    {"COPY a.b TO PROGRAM 'x'", 0, "does not begin with"},
    {"SELECT 1; SELECT 2", 0, "second statement"},
    {"SELECT 1;;", 0, "second statement"},
    {"SELECT 1; /* only a comment */ -- here\n", 0, NULL},
    {"SELECT set_config('role', 'x', true)", 0, "uses set_config"},
    {"SELECT pg_catalog.SET_CONFIG('role', 'x', true)", 0, "uses SET_CONFIG"},
    {"SELECT \"set_config\"('role', 'x', true)", 0, "uses set_config"},
    {"SELECT set/**/_config", 0, "uses set"},
    {"SELECT U&\"s\\0065t_config\"('a', 'b', true)", 0, "Unicode escapes"},
    {"SELECT query_to_xml('SELECT 1', true, true, '')", 0, "uses query_to_xml"},
    {"SELECT 1 RESET", 0, "uses RESET"},
    {"SELECT 1 SET", 0, "uses SET"},
    {"SELECT 'open", 0, "string that does not end"},
    {"SELECT E'open\\'", 0, "string that does not end"},
    {"SELECT \"open", 0, "quoted name that does not end"},
    {"SELECT $$open", 0, "dollar-quoted string that does not end"},
    {"SELECT $a$open$b$", 0, "dollar-quoted string that does not end"},
    {"SELECT 1 /* open /* */", 0, "comment that does not end"},
    {"SELECT E'a' \n 'set_config'", 0, "two strings side by side"},
    {"SELECT $ 1", 0, "lone $"},
    {"SELECT $0", 0, "not $1 to $64"},
    {"SELECT $65", 65, "more than 64"},
    {"SELECT $99999999999999999999", 1, "not $1 to $64"},
    {"SELECT $2", 2, "does not use $1"},
    {"SELECT $1", 0, "uses $1 but declares nparams = 0"},
    {"SELECT $64", 1, "does not use $1"},
};

static void test_statements(void **state) {
    for (size_t i = 0; i < ARRAY_LEN(statements); i++) {
        const char *fault = plugin_sql_fault(*state, statements[i].sql, statements[i].nparams);
        const char *expected = statements[i].fault;
        if ((fault == NULL) != (expected == NULL) || (fault && !strstr(fault, expected))) {
            print_error("%s: %s, not %s\n", statements[i].sql, fault ? fault : "fine", expected ? expected : "fine");
            fail();
        }
    }
}

static const struct {
    const char *sql;
    const char *foreign; /* NULL: none but "own" and "friend" */
} schemas[] = {
    {"SELECT c.id FROM own.thing c", NULL},
    {"SELECT c.id FROM OWN.thing c JOIN friend.row f ON f.id = c.id", NULL},
    {"SELECT username FROM rbac.app_user", "rbac"},
    {"SELECT 1 FROM own.a, rbac.app_user", "rbac"},
    {"SELECT 1 FROM own.a a LEFT JOIN rbac.app_user u ON a.id = u.id", "rbac"},
    {"SELECT 1 FROM own.a a, LATERAL (SELECT 1 FROM rbac.app_user) x", "rbac"},
    {"SELECT 1 FROM (own.a JOIN rbac.app_user USING (id))", "rbac"},
    {"SELECT 1 FROM own.a x JOIN own.b y USING (id), rbac.app_user", "rbac"},
    {"SELECT rbac.token.hash FROM own.a", "rbac"},
    {"SELECT rbac.put_organization($1)", "rbac"},
    {"SELECT x::rbac.secret FROM own.a", "rbac"},
    {"SELECT CAST(x AS rbac.secret) FROM own.a", "rbac"},
    {"SELECT a OPERATOR(rbac.+) b FROM own.a", "rbac"},
    {"SELECT a COLLATE rbac.german FROM own.a", "rbac"},
    {"SELECT 1 FROM \"rbac\".\"app_user\"", "rbac"},
    {"SELECT 1 FROM \"OWN\".thing", "OWN"}, /* quoted names keep their case */
    {"INSERT INTO rbac.token (a) VALUES ($1)", "rbac"},
    {"INSERT INTO own.a (b) SELECT hash FROM rbac.token", "rbac"},
    {"UPDATE rbac.app_user SET is_superuser = true", "rbac"},
    {"UPDATE own.a SET b = u.c FROM rbac.app_user u WHERE u.id = a.id", "rbac"},
    {"DELETE FROM rbac.token", "rbac"},
    {"DELETE FROM own.a USING own.b x, rbac.token t WHERE t.id = a.id", "rbac"},
    {"DELETE FROM ONLY rbac.token", "rbac"},
    {"WITH t AS (SELECT 1 FROM rbac.token) SELECT 1 FROM t", "rbac"},
    {"SELECT (SELECT hash FROM rbac.token LIMIT 1)", "rbac"},
    {"SELECT 1 FROM own.a UNION SELECT 1 FROM rbac.token", "rbac"},
    {"SELECT 1 FROM information_schema.tables", "information_schema"},
    {"SELECT pg_catalog.now() FROM pg_catalog.pg_class, alees.migration", NULL},
    {"SELECT EXTRACT(epoch FROM c.created_at), trim(both ' ' FROM c.name) FROM own.a c", NULL},
    {"SELECT 1 FROM own.a c WHERE c.x IS DISTINCT FROM c.y", NULL},
    {"SELECT c.* FROM own.a c ORDER BY c.x, c.y LIMIT 1 FOR UPDATE OF c", NULL},
    {"SELECT 1 FROM own.a c GROUP BY c.x, c.y HAVING count(c.z) > 1", NULL},
    {"SELECT x.a, y.b FROM unnest($1::uuid[], $2::text[]) AS x (a, b), own.b y", NULL},
    {"INSERT INTO own.a (b) VALUES ($1) ON CONFLICT (b) DO UPDATE SET b = excluded.b, c = a.c RETURNING a.id", NULL},
    {"UPDATE own.a AS t SET b = t.c, d = (SELECT max(f.x) FROM friend.row f) WHERE t.id = $1", NULL},
    {"SELECT 'FROM rbac.token' /* FROM rbac.token */", NULL},
    {"SELECT count(*) FILTER (WHERE c.a) OVER (PARTITION BY c.b) FROM own.a c", NULL},
};

static void test_schemas(void **state) {
    static const char *const allowed[] = {"own", "friend", "pg_catalog", "alees"};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(schemas); i++) {
        alees_str foreign = plugin_sql_foreign(schemas[i].sql, allowed, ARRAY_LEN(allowed));
        const char *expected = schemas[i].foreign;
        if (expected ? foreign.len != strlen(expected) || memcmp(foreign.ptr, expected, foreign.len) != 0
                     : foreign.ptr != NULL) {
            print_error("%s: %.*s, not %s\n", schemas[i].sql, STR_FMT(foreign), expected ? expected : "none");
            fail();
        }
    }
}

/* Two hundred open parentheses are more than the walk remembers: refused, and the walk stays within its memory. */
static void test_deep_statement(void **state) {
    static const char *const allowed[] = {"own"};
    char sql[1024] = "SELECT ";
    const char *fault;
    memset(sql + 7, '(', 200);
    fault = plugin_sql_fault(*state, sql, 0);
    assert_non_null(fault);
    assert_string_equal(fault, "has more than 63 open parentheses");
    strcpy(sql + 207, "SELECT 1 FROM rbac.token");
    assert_text(plugin_sql_foreign(sql, allowed, 1), "rbac");
    memset(sql + 7, ')', 200);
    assert_text(plugin_sql_foreign(sql, allowed, 1), "rbac");
}

static int setup(void **state) {
    (void)state;
    jx_init();
    fixtures_offer_services();
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_fault_is_named),
        cmocka_unit_test(test_everywhere),
        cmocka_unit_test(test_names),
        ARENA_TEST(test_statements),
        cmocka_unit_test(test_schemas),
        ARENA_TEST(test_deep_statement),
    };
    return cmocka_run_group_tests_name("plugin_check", tests, setup, NULL);
}
