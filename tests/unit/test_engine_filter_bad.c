/* SPDX-License-Identifier: MIT
 * test_engine_filter_bad.c - filters that are refused: names that are not known, values that do not fit, groups that are
 * too large; fields that the caller may not read, wherever they stand. */
#include "test.h"

#include "engine_filter.h"
#include "rights.h"
#include "sample.h"

#define ID "0193a5e0-7c2b-7d3e-9f10-2b6c4d8e1a55"

static alees_rc read_query(struct arena *arena, const char *query, struct engine_query *q, alees_ctx **ret_ctx) {
    struct resource *r = sample_resource(arena, ALEES_SCOPE_ORGANIZATION);
    *ret_ctx = sample_ctx(arena, r, query);
    return engine_query_read(*ret_ctx, r, &sample_every_field, q);
}

static const struct {
    const char *query, *code, *detail;
} refused[] = {
    /* names */
    {"nmae__in=a", "unknown_parameter", "There is no parameter \"nmae__in\"; did you mean \"name__in\"?"},
    {"name_in=a", "unknown_parameter", NULL},
    {"name__icontain=a", "unknown_parameter",
     "The operators of \"name\" are ne, lt, lte, gt, gte, in, range, contains, icontains, startswith, istartswith, "
     "iendswith, isnull, not \"icontain\"; did you mean \"icontains\"?"},
    {"size__icontains=1", "unknown_parameter",
     "The operators of \"size\" are ne, lt, lte, gt, gte, in, range, isnull, not \"icontains\""},
    {"tags__isnull=true", "unknown_parameter", "The operators of \"tags\" are ne, in, contains, not \"isnull\""},
    {"name__=a", "unknown_parameter", NULL},
    {"name____in=a", "unknown_parameter", NULL},
    {"name__in__in=a", "unknown_parameter", NULL},
    {"name__password=a", "unknown_parameter", NULL},
    {"category__name=a", "unknown_parameter", NULL}, /* not through references */
    {"__in=a", "unknown_parameter", NULL},
    {"__=a", "unknown_parameter", NULL},
    {"secret__startswith=a", "unknown_parameter", "There is no parameter \"secret__startswith\""},
    {"t1.name=a", "unknown_parameter", NULL},
    {"\"name\"=a", "unknown_parameter", NULL},
    {"organization__nosuch=a", "unknown_parameter", NULL},
    {"name__IN=a", "unknown_parameter", NULL},
    /* values */
    {"name__contains=", "bad_parameter", "The parameter name__contains must be a text of 1 to 1000 characters"},
    {"name__in=", "bad_parameter", "The parameter name__in must hold 1 to 100 values, separated by commas"},
    {"name__in=\"a", "bad_parameter", "The parameter name__in has a value whose quotes are not closed"},
    {"name__in=\"a\"b", "bad_parameter", NULL},
    {"name__in=a,12345678901", "bad_parameter", "The parameter name__in must be at most 10 characters, not 11"},
    {"size__in=1,x", "bad_parameter", NULL},
    {"size__in=1,,2", "bad_parameter", NULL},
    {"size__in=1,500", "bad_parameter", "The parameter size__in must be at most 100"},
    {"size__gte=ten", "bad_parameter", NULL},
    {"size__gte=9223372036854775808", "bad_parameter", NULL},
    {"size__range=1", "bad_parameter", "The parameter size__range must be two values, separated by a comma"},
    {"size__range=1,2,3", "bad_parameter", NULL},
    {"size__isnull=1", "bad_parameter", "The parameter size__isnull must be true or false"},
    {"size__isnull=null", "bad_parameter", NULL},
    {"price__lt=NaN", "bad_parameter", NULL},
    {"price__lt=Infinity", "bad_parameter", NULL},
    {"since__gt=2026-02-30", "bad_parameter", NULL},
    {"since__gt=null", "bad_parameter", NULL},
    {"at__gt=2026-01-01", "bad_parameter", NULL},
    {"status__in=draft,activ", "bad_parameter", NULL},
    {"status__ne=null", "bad_parameter", NULL},
    {"sold__ne=yes", "bad_parameter", NULL},
    {"category__in=1", "bad_parameter", NULL},
    {"tags=", "bad_parameter", NULL},
    {"attributes=red", "bad_parameter", NULL},
    {"attributes=[]", "bad_parameter", NULL},
    {"attributes__contains=red", "bad_parameter", NULL},
    {"attributes__=1", "bad_parameter", "The parameter attributes__ has a member without a name"},
    {"attributes__a__=1", "bad_parameter", NULL},
    {"attributes__a__b__c__d__e__f=1", "bad_parameter", NULL},
    {"name=\xff", "bad_parameter", NULL},
    {"name__contains=\xc3", "bad_parameter", NULL},
    {"attributes__a=\xff", "bad_parameter", NULL},
    /* twice */
    {"name__in=a&name__in=b", "bad_parameter", "The parameter name__in must not be given twice"},
    {"filter={\"size\":3}&filter={\"size\":4}", "bad_parameter", NULL},
    /* groups */
    {"filter=", "bad_parameter", "The parameter filter must be a JSON object"},
    {"filter=name", "bad_parameter", NULL},
    {"filter=[]", "bad_parameter", NULL},
    {"filter={}", "bad_parameter", "The parameter filter must consist of objects, each with 1 to 50 members"},
    {"filter={\"or\":[]}", "bad_parameter", NULL},
    {"filter={\"or\":[{}]}", "bad_parameter", NULL},
    {"filter={\"or\":{\"name\":\"a\"}}", "bad_parameter", NULL},
    {"filter={\"not\":[{\"name\":\"a\"}]}", "bad_parameter", NULL},
    {"filter={\"not\":{}}", "bad_parameter", NULL},
    {"filter={\"and\":[1]}", "bad_parameter", NULL},
    {"filter={\"filter\":{}}", "unknown_parameter", "There is no field for the parameter filter, \"filter\""},
    {"filter={\"name\":\"a\",\"name\":\"b\"}", "bad_parameter", NULL},
    {"filter={\"nmae\":\"a\"}", "unknown_parameter",
     "There is no field for the parameter filter, \"nmae\"; did you mean \"name\"?"},
    {"filter={\"ordering\":\"a\"}", "unknown_parameter", NULL},
    {"filter={\"secret\":\"a\"}", "unknown_parameter", NULL},
    {"filter={\"or\":[{\"name\":\"a\"},{\"secret__startswith\":\"a\"}]}", "unknown_parameter", NULL},
    {"filter={\"size\":\"x\"}", "bad_parameter", NULL},
    {"filter={\"size\":1.5}", "bad_parameter", NULL},
    {"filter={\"size\":true}", "bad_parameter", "In filter, \"size\" has a value that is not of its type"},
    {"filter={\"size\":[1]}", "bad_parameter", NULL},
    {"filter={\"size\":{\"$gt\":1}}", "bad_parameter", NULL},
    {"filter={\"name\":1}", "bad_parameter", NULL},
    {"filter={\"name__contains\":1}", "bad_parameter", NULL},
    {"filter={\"name__contains\":null}", "bad_parameter", "In filter, \"name__contains\" must not be null"},
    {"filter={\"name__in\":\"a,b\"}", "bad_parameter", NULL},
    {"filter={\"name__in\":[]}", "bad_parameter", NULL},
    {"filter={\"name__in\":[null]}", "bad_parameter", NULL},
    {"filter={\"size__range\":[1]}", "bad_parameter", NULL},
    {"filter={\"since__isnull\":null}", "bad_parameter", NULL},
    {"filter={\"since__isnull\":\"yes\"}", "bad_parameter", NULL},
    {"filter={\"attributes\":\"{}\"}", "bad_parameter", NULL},
    {"filter={\"not\":{\"not\":{\"not\":{\"not\":{\"not\":{\"name\":\"a\"}}}}}}", "bad_parameter",
     "The parameter filter must be at most 5 objects deep"},
};

static void test_what_is_refused(void **state) {
    for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
        struct engine_query q;
        alees_ctx *ctx;
        alees_rc rc = read_query(*state, refused[i].query, &q, &ctx);
        if (rc != ALEES_E_MALFORMED || strcmp(ctx->problem.code, refused[i].code) != 0) {
            fail_msg("%s gave %d, code %s", refused[i].query, (int)rc, ctx->problem.code ? ctx->problem.code : "none");
        }
        assert_true(ctx->problem.item_count == 1 && str_is_utf8(ctx->problem.detail));
        if (refused[i].detail != NULL) {
            assert_text(ctx->problem.detail, refused[i].detail);
        }
    }
}

/* "before" + count times "unit" + "after". */
static const char *repeat(struct arena *arena, const char *before, const char *unit, uint32_t count,
                          const char *after) {
    struct str out;
    str_init(&out, arena, 256);
    str_puts(&out, before);
    for (uint32_t i = 0; i < count; i++) {
        str_puts(&out, i > 0 ? "," : "");
        str_puts(&out, unit);
    }
    str_puts(&out, after);
    return str_done(&out).ptr;
}

static void check_bound(struct arena *arena, const char *within, const char *beyond) {
    struct engine_query q;
    alees_ctx *ctx;
    assert_ok(read_query(arena, within, &q, &ctx));
    assert_in_range(q.filter_values, 1, ENGINE_MAX_FILTER_VALUES);
    assert_err(read_query(arena, beyond, &q, &ctx), ALEES_E_MALFORMED);
    assert_string_equal(ctx->problem.code, "bad_parameter");
}

static void test_bounds(void **state) {
    struct arena *arena = *state;
    struct engine_query q;
    alees_ctx *ctx;
    check_bound(arena, repeat(arena, "size__in=", "1", 100, ""), repeat(arena, "size__in=", "1", 101, ""));
    check_bound(arena, repeat(arena, "filter={\"name__in\":[", "\"a\"", 100, "]}"),
                repeat(arena, "filter={\"name__in\":[", "\"a\"", 101, "]}"));
    check_bound(arena, repeat(arena, "filter={\"or\":[", "{\"size\":1}", 50, "]}"),
                repeat(arena, "filter={\"or\":[", "{\"size\":1}", 51, "]}"));
    check_bound(arena, repeat(arena, "filter={\"or\":[", "{\"name\":\"a\",\"size\":1}", 25, "]}"),
                repeat(arena, "filter={\"or\":[", "{\"name\":\"a\",\"size\":1}", 26, "]}"));
    /* 50 conditions of 7 values each are more than a statement can have */
    assert_err(read_query(arena,
                          repeat(arena, "filter={\"or\":[", "{\"attributes__a__b__c__d__e__range\":[1,2]}", 50, "]}"),
                          &q, &ctx),
               ALEES_E_MALFORMED);
    assert_non_null(strstr(ctx->problem.detail.ptr, "is one condition too many"));
}

static void test_without_memory(void **state) {
    static const char query[] = "size__gte=3&attributes__a__in=1,\"b\"&filter={\"or\":[{\"name__contains\":\"a\"},"
                                "{\"price\":1.5,\"tags__in\":[\"a\"]}]}";
    struct resource *r = sample_resource(*state, ALEES_SCOPE_ORGANIZATION);
    alees_rc rc = ALEES_E_NOMEM;
    uint32_t nth = 0;
    while (rc == ALEES_E_NOMEM && nth < 1000) {
        struct arena *arena = arena_new(1 << 20);
        alees_ctx *ctx = sample_ctx(arena, r, query);
        struct engine_query q;
        arena_fail_after(arena, ++nth);
        rc = engine_query_read(ctx, r, &sample_every_field, &q);
        arena_fail_after(arena, 0);
        arena_free(arena);
    }
    assert_ok(rc);
    assert_in_range(nth, 10, 999);
}

/* Of two organizations: name is hidden in the first, size and attributes in both. */
static void test_rights_hold_for_every_leaf(void **state) {
#define NAME \
    "The parameter %s needs \"name\", which you may not read in every organization of this list; narrow it with " \
    "?organization="
    static const struct {
        const char *query, *code, *parameter; /* NULL: it can be asked */
    } rows[] = {
        {"price__gte=1&filter={\"not\":{\"price\":3}}", NULL, NULL},
        {"name__startswith=a", "bad_parameter", "name__startswith"},
        {"name__nosuch=a", "bad_parameter", "name__nosuch"},
        {"filter={\"name\":\"a\"}", "bad_parameter", "filter"},
        {"filter={\"or\":[{\"price\":1},{\"not\":{\"name__isnull\":true}}]}", "bad_parameter", "filter"},
        {"size__gte=1", "unknown_parameter", NULL},
        {"size__gte=x", "unknown_parameter", NULL},
        {"attributes__color=red", "unknown_parameter", NULL},
        {"filter={\"or\":[{\"price\":1},{\"and\":[{\"size\":3}]}]}", "unknown_parameter", NULL},
        {"filter={\"attributes__a__b__gt\":3}", "unknown_parameter", NULL},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        static struct engine_fields fields;
        struct engine_query q;
        alees_ctx *ctx = rights_request(*state, ALEES_SCOPE_ORGANIZATION, 2, rows[i].query);
        alees_rc rc;
        rights.fields[RIGHTS_VIEW][0] = " price sold since at key status category tags slug code ";
        rights.fields[RIGHTS_VIEW][1] = " name price sold since at key status category tags slug code ";
        assert_ok(engine_fields_open(ctx, rights.resource, RIGHTS_VIEW, &fields));
        rc = engine_query_read(ctx, rights.resource, &fields, &q);
        if (rows[i].code == NULL) {
            assert_ok(rc);
            continue;
        }
        if (rc != ALEES_E_MALFORMED || strcmp(ctx->problem.code, rows[i].code) != 0) {
            fail_msg("%s gave %d, code %s", rows[i].query, (int)rc, ctx->problem.code ? ctx->problem.code : "none");
        }
        if (rows[i].parameter != NULL) {
            assert_text(ctx->problem.detail, arena_printf(*state, NAME, rows[i].parameter).ptr);
        }
    }
#undef NAME
}

int main(void) {
    const struct CMUnitTest tests[] = {
        ARENA_TEST(test_what_is_refused),
        ARENA_TEST(test_bounds),
        ARENA_TEST(test_without_memory),
        ARENA_TEST(test_rights_hold_for_every_leaf),
    };
    jx_init();
    return cmocka_run_group_tests_name("engine_filter_bad", tests, NULL, NULL);
}
