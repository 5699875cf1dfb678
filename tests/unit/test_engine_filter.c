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
static const char *written(struct arena *arena, const struct engine_query *q) {
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
    return text.ptr;
}

static alees_rc read_query(struct arena *arena, const char *query, struct engine_query *q, alees_ctx **ret_ctx) {
    struct resource *r = sample_resource(arena, ALEES_SCOPE_ORGANIZATION);
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

int main(void) {
    const struct CMUnitTest tests[] = {
        ARENA_TEST(test_texts),
    };
    jx_init();
    return cmocka_run_group_tests_name("engine_filter", tests, NULL, NULL);
}
