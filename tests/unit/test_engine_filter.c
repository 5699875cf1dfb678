/* SPDX-License-Identifier: MIT
 * test_engine_filter.c - filters: every operator with every type, good, bad and hostile values -> the condition and the
 * values that are bound, or the words of the refusal. */
#include "test.h"

#include <stdio.h>

#include "engine_filter.h"
#include "sample.h"

#define ID "0193a5e0-7c2b-7d3e-9f10-2b6c4d8e1a55"
#define ID2 "0193a5e0-7c2b-7d3e-9f10-2b6c4d8e1a56"

/* Conditions and what they bind: "\"name\" = $1::text | a". */
static char *written(struct arena *arena, const struct engine_query *q) {
    struct engine_sql sql;
    struct str out;
    bool has_where = false;
    alees_str text;
    engine_sql_init(&sql, arena, 0);
    engine_filter_sql(q, &sql, &has_where);
    text = str_done(&sql.text);
    assert_non_null(text.ptr);
    assert_true(sql.count <= q->filter_values && q->filter_values <= ENGINE_MAX_FILTER_VALUES);
    str_init(&out, arena, 256);
    str_puts(&out, has_where ? text.ptr + strlen(" WHERE ") : text.ptr);
    for (uint32_t i = 0; i < sql.count; i++) {
        assert_non_null(sql.params[i].ptr);
        assert_int_equal(sql.params[i].ptr[sql.params[i].len], '\0');
        str_puts(&out, " | ");
        str_view(&out, sql.params[i]);
    }
    text = str_done(&out);
    assert_non_null(text.ptr);
    return out.ptr;
}

/* The sample, its slug being a list of ids. */
static struct resource *make_resource(struct arena *arena) {
    static const struct alees_field parts = {
        .name = "parts", .type = ALEES_REFERENCES, .flags = ALEES_FILTER | ALEES_NULLABLE, .reference = "sample.part"};
    struct resource *r = sample_resource(arena, ALEES_SCOPE_ORGANIZATION);
    struct resource_field *f = &r->fields[resource_field(r, STR_LIT("slug")) - r->fields];
    f->decl = &parts;
    f->column = "parts";
    return r;
}

static alees_rc read_query(struct arena *arena, const char *query, struct engine_query *q, alees_ctx **ret_ctx) {
    struct resource *r = make_resource(arena);
    *ret_ctx = sample_ctx(arena, r, query);
    return engine_query_read(*ret_ctx, r, &sample_every_field, q);
}

struct good {
    const char *query, *sql;
};

static void check_good(struct arena *arena, const struct good *rows, size_t count) {
    for (size_t i = 0; i < count; i++) {
        struct engine_query q;
        alees_ctx *ctx;
        alees_rc rc = read_query(arena, rows[i].query, &q, &ctx);
        if (rc != ALEES_OK) {
            fail_msg("%s: %.*s", rows[i].query, STR_FMT(ctx->problem.detail));
        }
        const char *sql = written(arena, &q);
        if (strcmp(sql, rows[i].sql) != 0) {
            fail_msg("%s\n  gives    %s\n  and not  %s", rows[i].query, sql, rows[i].sql);
        }
    }
}

static void test_texts(void **state) {
    static const struct good rows[] = {
        {"name=a", "\"name\" = $1::text | a"},

        {"name__ne=a", "\"name\" IS DISTINCT FROM $1::text | a"},
        {"name__lt=a", "\"name\" < $1::text | a"},
        {"name__lte=a", "\"name\" <= $1::text | a"},
        {"name__gt=a", "\"name\" > $1::text | a"},
        {"name__gte=longer than ten", "\"name\" >= $1::text | longer than ten"}, /* the bound is of what is stored */
        {"name__in=a,b", "\"name\" = ANY($1::text[]) | {\"a\",\"b\"}"},
        {"name__in=\"a,b\",c", "\"name\" = ANY($1::text[]) | {\"a,b\",\"c\"}"},
        {"name__in=\"a\"\"b\",\\", "\"name\" = ANY($1::text[]) | {\"a\\\"b\",\"\\\\\"}"},
        {"name__in=NULL", "\"name\" = ANY($1::text[]) | {\"NULL\"}"},
        {"name__range=a,f", "\"name\" BETWEEN $1::text AND $2::text | a | f"},
        {"name__contains=bolt", "\"name\" LIKE $1::text | %bolt%"},
        {"name__icontains=50%_\\", "\"name\" ILIKE $1::text | %50\\%\\_\\\\%"},
        {"name__startswith=a%", "\"name\" LIKE $1::text | a\\%%"},
        {"name__istartswith=a", "\"name\" ILIKE $1::text | a%"},
        {"name__iendswith=a", "\"name\" ILIKE $1::text | %a"},
        {"name__isnull=true", "\"name\" IS NULL"},
        {"name__isnull=false", "\"name\" IS NOT NULL"},
        {"name=null", "\"name\" = $1::text | null"},
        {"name__contains=' OR 1=1;--", "\"name\" LIKE $1::text | %' OR 1=1;--%"},
    };
    check_good(*state, rows, ARRAY_LEN(rows));
}

static void test_values_with_an_order(void **state) {
    static const struct good rows[] = {
        {"size=7", "\"size\" = $1::bigint | 7"},
        {"size__ne=7", "\"size\" IS DISTINCT FROM $1::bigint | 7"},
        {"size__lt=-100", "\"size\" < $1::bigint | -100"}, /* beyond the bounds is a fair question */
        {"size__lte=007", "\"size\" <= $1::bigint | 7"},
        {"size__gt=9223372036854775807", "\"size\" > $1::bigint | 9223372036854775807"},
        {"size__gte=7", "\"size\" >= $1::bigint | 7"},
        {"size__in=1,2,2", "\"size\" = ANY($1::bigint[]) | {\"1\",\"2\",\"2\"}"},
        {"size__range=1,500", "\"size\" BETWEEN $1::bigint AND $2::bigint | 1 | 500"},
        {"size__isnull=false", "\"size\" IS NOT NULL"},
        {"price=12.50", "\"price\" = $1::numeric | 12.50"},
        {"price__gte=1e3", "\"price\" >= $1::numeric | 1e3"},
        {"price__in=1.0,\"2\"", "\"price\" = ANY($1::numeric[]) | {\"1.0\",\"2\"}"},
        {"price__range=-1,0.5", "\"price\" BETWEEN $1::numeric AND $2::numeric | -1 | 0.5"},
        {"since__gt=2026-01-31", "\"since\" > $1::date | 2026-01-31"},
        {"since__range=2026-01-01,2026-12-31", "\"since\" BETWEEN $1::date AND $2::date | 2026-01-01 | 2026-12-31"},
        {"since=null", "\"since\" IS NULL"},
        {"since__ne=null", "\"since\" IS NOT NULL"},
        {"since__isnull=true", "\"since\" IS NULL"},
        {"at__lte=2026-01-01T01:00:00+01:00", "\"at\" <= $1::timestamptz | 2026-01-01T00:00:00.000000Z"},
        {"at__in=2026-01-01T00:00:00Z", "\"at\" = ANY($1::timestamptz[]) | {\"2026-01-01T00:00:00.000000Z\"}"},
        {"created_at__gte=2026-01-01T00:00:00Z", "\"created_at\" >= $1::timestamptz | 2026-01-01T00:00:00.000000Z"},
        {"id__gt=" ID, "\"id\" > $1::uuid | " ID},
        {"id__in=" ID "," ID2, "\"id\" = ANY($1::uuid[]) | {\"" ID "\",\"" ID2 "\"}"},
        {"key__ne=" ID, "\"key\" IS DISTINCT FROM $1::uuid | " ID},
        {"key__range=" ID "," ID2, "\"key\" BETWEEN $1::uuid AND $2::uuid | " ID " | " ID2},
        {"created_by=" ID, "\"created_by\" = $1::uuid | " ID},
        {"updated_by=null", "\"updated_by\" IS NULL"},
    };
    check_good(*state, rows, ARRAY_LEN(rows));
}

static void test_values_with_a_name_only(void **state) {
    static const struct good rows[] = {
        {"sold=true", "\"sold\" = $1::boolean | true"},
        {"sold__ne=false", "\"sold\" IS DISTINCT FROM $1::boolean | false"},
        {"sold__in=true,false", "\"sold\" = ANY($1::boolean[]) | {\"true\",\"false\"}"},
        {"sold__isnull=true", "\"sold\" IS NULL"},
        {"status=draft", "\"status\" = $1::text | draft"},
        {"status__ne=draft", "\"status\" IS DISTINCT FROM $1::text | draft"},
        {"status__in=draft,active", "\"status\" = ANY($1::text[]) | {\"draft\",\"active\"}"},
        {"status__isnull=false", "\"status\" IS NOT NULL"},
        {"category=" ID, "\"category_id\" = $1::uuid | " ID},
        {"category=null", "\"category_id\" IS NULL"},
        {"category__ne=" ID, "\"category_id\" IS DISTINCT FROM $1::uuid | " ID},
        {"category__in=" ID, "\"category_id\" = ANY($1::uuid[]) | {\"" ID "\"}"},
        {"category__isnull=true", "\"category_id\" IS NULL"},
        {"organization__in=" ID, "\"organization_id\" = ANY($1::uuid[]) | {\"" ID "\"}"},
        {"organization__isnull=true", "\"organization_id\" IS NULL"},
    };
    check_good(*state, rows, ARRAY_LEN(rows));
}

static void test_lists(void **state) {
    static const struct good rows[] = {
        {"tags=a", "\"tags\" @> $1::text[] | {\"a\"}"},
        {"tags=a,b", "\"tags\" @> $1::text[] | {\"a,b\"}"}, /* one tag with a comma */
        {"tags=}\"", "\"tags\" @> $1::text[] | {\"}\\\"\"}"},
        {"tags=null", "\"tags\" @> $1::text[] | {\"null\"}"}, /* the sample's cannot be null */
        {"tags__ne=a", "(\"tags\" @> $1::text[]) IS NOT TRUE | {\"a\"}"},
        {"tags__in=a,b", "\"tags\" && $1::text[] | {\"a\",\"b\"}"},
        {"tags__contains=a,\"b,c\"", "\"tags\" @> $1::text[] | {\"a\",\"b,c\"}"},
        {"parts=" ID, "\"parts\" @> $1::uuid[] | {\"" ID "\"}"},
        {"parts=null", "\"parts\" IS NULL"},
        {"parts__ne=null", "\"parts\" IS NOT NULL"},
        {"parts__ne=" ID, "(\"parts\" @> $1::uuid[]) IS NOT TRUE | {\"" ID "\"}"},
        {"parts__in=" ID "," ID2, "\"parts\" && $1::uuid[] | {\"" ID "\",\"" ID2 "\"}"},
        {"parts__contains=" ID, "\"parts\" @> $1::uuid[] | {\"" ID "\"}"},
    };
    check_good(*state, rows, ARRAY_LEN(rows));
}

#define A "(\"attributes\" -> $1::text)"
#define A_TEXT "(\"attributes\" ->> $1::text)"

static void test_json(void **state) {
    static const struct good rows[] = {
        {"attributes={\"a\": 1}", "\"attributes\" = $1::jsonb | {\"a\":1}"},
        {"attributes__ne={}", "\"attributes\" IS DISTINCT FROM $1::jsonb | {}"},
        {"attributes__contains={\"in\":[1]}", "\"attributes\" @> $1::jsonb | {\"in\":[1]}"},
        {"attributes__isnull=false", "\"attributes\" IS NOT NULL"},
        {"attributes__color=red", "\"attributes\" @> $1::jsonb | {\"color\":\"red\"}"},
        {"attributes__color=", "\"attributes\" @> $1::jsonb | {\"color\":\"\"}"},
        {"attributes__a__b=c", "\"attributes\" @> $1::jsonb | {\"a\":{\"b\":\"c\"}}"},
        {"attributes__a\"=\"}", "\"attributes\" @> $1::jsonb | {\"a\\\"\":\"\\\"}\"}"},
        {"attributes__size=12",
         "(\"attributes\" @> $1::jsonb OR \"attributes\" @> $2::jsonb) | {\"size\":\"12\"} | {\"size\":12}"},
        {"attributes__size=true",
         "(\"attributes\" @> $1::jsonb OR \"attributes\" @> $2::jsonb) | {\"size\":\"true\"} | {\"size\":true}"},
        {"attributes__size=null",
         "(\"attributes\" @> $1::jsonb OR \"attributes\" @> $2::jsonb) | {\"size\":\"null\"} | {\"size\":null}"},
        {"attributes__size=012", "\"attributes\" @> $1::jsonb | {\"size\":\"012\"}"}, /* not JSON */
        {"attributes__size=1e9999", "\"attributes\" @> $1::jsonb | {\"size\":\"1e9999\"}"},
        {"attributes__color__ne=red", "(\"attributes\" @> $1::jsonb) IS NOT TRUE | {\"color\":\"red\"}"},
        {"attributes__size__ne=1", "(\"attributes\" @> $1::jsonb OR \"attributes\" @> $2::jsonb) IS NOT TRUE | "
                                   "{\"size\":\"1\"} | {\"size\":1}"},
        {"attributes__size__gte=3", "(jsonb_typeof(" A ") = 'number' AND " A " >= $2::jsonb) | size | 3"},
        {"attributes__made__lt=2026-01-01",
         "(jsonb_typeof(" A ") = 'string' AND " A " < $2::jsonb) | made | \"2026-01-01\""},
        {"attributes__size__range=1,5",
         "(jsonb_typeof(" A ") = 'number' AND " A " BETWEEN $2::jsonb AND $3::jsonb) | size | 1 | 5"},
        {"attributes__size__range=1,b",
         "(jsonb_typeof(" A ") = 'string' AND " A " BETWEEN $2::jsonb AND $3::jsonb) | size | \"1\" | \"b\""},
        {"attributes__color__in=red,1", A " = ANY($2::jsonb[]) | color | {\"\\\"red\\\"\",\"\\\"1\\\"\",\"1\"}"},
        {"attributes__color__icontains=e", A_TEXT " ILIKE $2::text | color | %e%"},
        {"attributes__color__contains=e", A_TEXT " LIKE $2::text | color | %e%"},
        {"attributes__color__startswith=e", A_TEXT " LIKE $2::text | color | e%"},
        {"attributes__color__istartswith=e", A_TEXT " ILIKE $2::text | color | e%"},
        {"attributes__color__iendswith=e", A_TEXT " ILIKE $2::text | color | %e"},
        {"attributes__color__isnull=true", A_TEXT " IS NULL | color"},
        {"attributes__a__b__isnull=false", "(\"attributes\" -> $1::text ->> $2::text) IS NOT NULL | a | b"},
        {"attributes__in__ne=x", "(\"attributes\" @> $1::jsonb) IS NOT TRUE | {\"in\":\"x\"}"},
        {"attributes__a__b__c__d__e=x", "\"attributes\" @> $1::jsonb | {\"a\":{\"b\":{\"c\":{\"d\":{\"e\":\"x\"}}}}}"},
    };
    check_good(*state, rows, ARRAY_LEN(rows));
}

static void test_groups(void **state) {
    static const struct good rows[] = {
        {"filter={\"name\":\"a\"}", "\"name\" = $1::text | a"},
        {"filter={\"name__icontains\":\"bolt\",\"price__gte\":3.1,\"status__in\":[\"draft\",\"active\"],"
         "\"category\":null}",
         "(\"name\" ILIKE $1::text AND \"price\" >= $2::numeric AND \"status\" = ANY($3::text[]) AND "
         "\"category_id\" IS NULL) | %bolt% | 3.1 | {\"draft\",\"active\"}"},
        {"filter={\"or\":[{\"name\":\"a\"},{\"size\":3,\"sold\":true}]}",
         "(\"name\" = $1::text OR (\"size\" = $2::bigint AND \"sold\" = $3::boolean)) | a | 3 | true"},
        {"filter={\"not\":{\"size__gt\":3}}", "(\"size\" > $1::bigint) IS NOT TRUE | 3"},
        {"filter={\"and\":[{\"name\":\"a\"},{\"not\":{\"or\":[{\"name\":\"b\"},{\"name\":\"c\"}]}}]}",
         "(\"name\" = $1::text AND ((\"name\" = $2::text OR \"name\" = $3::text)) IS NOT TRUE) | a | b | c"},
        {"filter={\"size__range\":[1,2]}", "\"size\" BETWEEN $1::bigint AND $2::bigint | 1 | 2"},
        {"filter={\"size\":\"3\"}", "\"size\" = $1::bigint | 3"},
        {"filter={\"since__isnull\":true}", "\"since\" IS NULL"},
        {"filter={\"since__ne\":null}", "\"since\" IS NOT NULL"},
        {"filter={\"name\":null}", "\"name\" IS NULL"},
        {"filter={\"name\":\"null\"}", "\"name\" = $1::text | null"},
        {"filter={\"status__in\":[\"draft\"]}", "\"status\" = ANY($1::text[]) | {\"draft\"}"},
        {"filter={\"name__in\":[\"a,b\",\"\\\"\"]}", "\"name\" = ANY($1::text[]) | {\"a,b\",\"\\\"\"}"},
        {"filter={\"tags\":\"a\"}", "\"tags\" @> $1::text[] | {\"a\"}"},
        {"filter={\"attributes__size\":12}",
         "(\"attributes\" @> $1::jsonb OR \"attributes\" @> $2::jsonb) | {\"size\":\"12\"} | {\"size\":12}"},
        {"filter={\"attributes__size\":null}", A_TEXT " IS NULL | size"},
        {"filter={\"attributes__contains\":{\"a\":[1]}}", "\"attributes\" @> $1::jsonb | {\"a\":[1]}"},
        {"filter={\"organization\":\"" ID "\"}", "\"organization_id\" = $1::uuid | " ID},
        {"filter={\"size\":3}&name=a", "\"name\" = $1::text AND \"size\" = $2::bigint | a | 3"},
    };
    check_good(*state, rows, ARRAY_LEN(rows));
}

/* Which type has which operators: one line for each, to be read by people; the API guide has the same. */
static void test_the_table(void **state) {
    static const struct {
        const char *field, *operators, *words;
    } rows[] = {
        {"name", "= ne lt lte gt gte in range contains icontains startswith istartswith iendswith isnull", "text"},
        {"size", "= ne lt lte gt gte in range isnull", "whole number, decimal, date, timestamp, UUID"},
        {"price", "= ne lt lte gt gte in range isnull", "whole number, decimal, date, timestamp, UUID"},
        {"since", "= ne lt lte gt gte in range isnull", "whole number, decimal, date, timestamp, UUID"},
        {"at", "= ne lt lte gt gte in range isnull", "whole number, decimal, date, timestamp, UUID"},
        {"key", "= ne lt lte gt gte in range isnull", "whole number, decimal, date, timestamp, UUID"},
        {"sold", "= ne in isnull", "boolean, choice, reference"},
        {"status", "= ne in isnull", "boolean, choice, reference"},
        {"category", "= ne in isnull", "boolean, choice, reference"},
        {"tags", "= ne in contains", "tags, list of references"},
        {"parts", "= ne in contains", "tags, list of references"},
        {"attributes", "= ne contains isnull", "JSON, as a whole"},
        {"attributes__a", "= ne lt lte gt gte in range contains icontains startswith istartswith iendswith isnull",
         "a member of JSON"},
    };
    struct resource *r = make_resource(*state);
    char guide[65536];
    FILE *file = fopen(ALEES_SOURCE_DIR "/docs/api-guide.md", "r");
    assert_non_null(file);
    guide[fread(guide, 1, sizeof guide - 1, file)] = '\0';
    fclose(file);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        bool is_member = strchr(rows[i].field, '_') != NULL;
        size_t len = strcspn(rows[i].field, "_");
        const struct resource_field *f = resource_field(r, (alees_str){rows[i].field, len});
        struct str out;
        assert_non_null(f);
        str_init(&out, *state, 128);
        for (uint32_t op = 0; op < ENGINE_OPERATORS; op++) {
            const struct engine_filter_form *form = engine_filter_form(f->decl, is_member, (enum engine_operator)op);
            const char *word = engine_filter_word((enum engine_operator)op);
            if (form->sql[0] != NULL) {
                str_puts(&out, out.len > 0 ? " " : "");
                str_puts(&out, op == ENGINE_EQ ? "=" : word);
            } else { /* and it is refused by that name */
                struct engine_query q;
                alees_ctx *ctx;
                alees_str query = arena_printf(*state, "%s__%s=1", rows[i].field, word);
                assert_err(read_query(*state, query.ptr, &q, &ctx), ALEES_E_MALFORMED);
                assert_string_equal(ctx->problem.code, "unknown_parameter");
            }
        }
        assert_text(str_done(&out), rows[i].operators);
        assert_non_null(strstr(guide, arena_printf(*state, "| %s | %s |\n", rows[i].words, rows[i].operators).ptr));
    }
}

/* Every filter must say whether it could keep a lane from others. */
static void test_slow_ones_are_marked(void **state) {
    static const struct {
        const char *query;
        bool is_slow;
    } rows[] = {
        {"", false},
        {"name=a&size__gte=3&status__in=draft&tags=a&since__isnull=true", false},
        {"name__contains=a", true},
        {"name__istartswith=a", true},
        {"attributes__a=1", true},
        {"size=3&attributes__contains={}", true},
        {"filter={\"size\":3}", true},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct engine_query q;
        alees_ctx *ctx;
        assert_ok(read_query(*state, rows[i].query, &q, &ctx));
        assert_int_equal(q.is_slow, rows[i].is_slow);
    }
}

/* One set of filters is one statement, in whichever order they come. */
static void test_one_text_for_one_question(void **state) {
    static const char *const pairs[][2] = {
        {"size=3&name=a", "name=b&size=4"},
        {"size__gte=3&size__lt=5&size=4", "size=1&size__lt=2&size__gte=3"},
        {"attributes__a__b=x&attributes__size=3", "attributes__size=4&attributes__color=x"},
        {"attributes__a__b__gt=x&attributes__size__gt=y", "attributes__size__gt=a&attributes__color__x__gt=x"},
        {"since__isnull=true&since__ne=2026-01-01", "since__ne=2026-01-02&since=null"},
    };
    for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
        char *texts[2];
        for (int k = 0; k < 2; k++) {
            struct engine_query q;
            alees_ctx *ctx;
            char *bar;
            assert_ok(read_query(*state, pairs[i][k], &q, &ctx));
            texts[k] = written(*state, &q);
            bar = strstr(texts[k], " | ");
            assert_non_null(bar);
            *bar = '\0';
        }
        assert_string_equal(texts[0], texts[1]);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        ARENA_TEST(test_texts),
        ARENA_TEST(test_values_with_an_order),
        ARENA_TEST(test_values_with_a_name_only),
        ARENA_TEST(test_lists),
        ARENA_TEST(test_json),
        ARENA_TEST(test_groups),
        ARENA_TEST(test_the_table),
        ARENA_TEST(test_slow_ones_are_marked),
        ARENA_TEST(test_one_text_for_one_question),
    };
    jx_init();
    return cmocka_run_group_tests_name("engine_filter", tests, NULL, NULL);
}
