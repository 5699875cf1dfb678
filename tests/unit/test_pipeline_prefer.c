/* SPDX-License-Identifier: MIT
 * test_pipeline_prefer.c - the Prefer headers: every preference, several lines, what is ignored, what is refused, and
 * that Preference-Applied names what was obeyed and nothing else. */
#include "test.h"

#include "alees/util.h"
#include "app.h"
#include "pipeline_impl.h"

struct fixture {
    struct app app;
    struct arena *arena;
    alees_ctx *ctx;
    struct ctx_header headers[4];
};

static void fresh(struct fixture *f) {
    if (f->ctx != NULL) {
        ctx_end(f->ctx);
    }
    f->ctx = ctx_new(&f->app, f->arena);
    assert_non_null(f->ctx);
    f->ctx->request.headers = f->headers;
}

static int setup(void **state) {
    static struct fixture f;
    memset(&f, 0, sizeof f);
    f.arena = test_arena();
    fresh(&f);
    *state = &f;
    return 0;
}

static int teardown(void **state) {
    struct fixture *f = *state;
    ctx_end(f->ctx);
    arena_free(f->arena);
    return 0;
}

/* Up to two lines, with another header between them. */
static alees_rc read(struct fixture *f, const char *first, const char *second) {
    fresh(f);
    f->headers[0] = (struct ctx_header){STR_LIT("prefer"), alees_text(first)};
    f->headers[1] = (struct ctx_header){STR_LIT("Preferred"), STR_LIT("tx=rollback")};
    f->headers[2] = (struct ctx_header){STR_LIT("Prefer"), alees_text(second != NULL ? second : "")};
    f->ctx->request.header_count = second != NULL ? 3 : 2;
    return pipeline_prefer(f->ctx);
}

static alees_str applied(const struct fixture *f) {
    for (uint32_t i = 0; i < f->ctx->response.header_count; i++) {
        if (str_equal(f->ctx->response.headers[i].name, "Preference-Applied")) {
            return f->ctx->response.headers[i].value;
        }
    }
    return (alees_str){NULL, 0};
}

static void obey_all(struct fixture *f) {
    for (uint32_t i = CTX_PREFERENCES; i-- > 0;) {
        assert_ok(ctx_obeyed(f->ctx, (enum ctx_preference)i));
    }
}

static void test_each_is_read_and_named_when_obeyed(void **state) {
    static const char *const rows[][2] = {
        {"", NULL},
        {"return=minimal", "return=minimal"},
        {"return=representation", "return=representation"},
        {"Return = \"minimal\"", "return=minimal"},
        {"count=exact", "count=exact"},
        {"count=estimated", "count=estimated"},
        {"count=none", "count=none"},
        {"resolution=merge-duplicates", "resolution=merge-duplicates"},
        {"resolution=ignore-duplicates", "resolution=ignore-duplicates"},
        {"tx=rollback", "tx=rollback"},
        {"tx=commit", NULL},
        {"max-affected=12", "max-affected=12"},
        {"max-affected=0", "max-affected=0"},
        {"handling=strict", "handling=strict"},
        {"handling=lenient", "handling=lenient"},
        {"tx=rollback,return=minimal;a;b=\"c,d\", ,max-affected=3", "return=minimal, max-affected=3, tx=rollback"},
        {"return=minimal, return=representation", "return=minimal"},
        {"respond-async, wait=10, return=minimal", "return=minimal"},
        {"return=most", NULL},
        {"return", NULL},
        {"count=\"ex,act\", return=minimal", "return=minimal"},
        {"x=\"a\\\"b, tx=rollback\"", NULL},
    };
    struct fixture *f = *state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        assert_ok(read(f, rows[i][0], NULL));
        assert_int_equal(f->ctx->problem.item_count, 0);
        obey_all(f);
        obey_all(f);
        if (rows[i][1] != NULL) {
            assert_text(applied(f), rows[i][1]);
        } else {
            assert_absent(applied(f));
        }
    }
}

static void test_lines_are_one_list(void **state) {
    struct fixture *f = *state;
    assert_ok(read(f, "return=minimal", "tx=rollback, return=representation"));
    assert_int_equal(f->ctx->prefer.returns, CTX_RETURN_MINIMAL);
    assert_true(f->ctx->prefer.is_dry_run);
    assert_ok(read(f, "wait=3", NULL));
    assert_false(f->ctx->prefer.is_dry_run); /* of a header that is only called alike */
}

static void test_refused(void **state) {
    static const char *const always[] = {
        "tx=rolback",
        "tx",
        "tx=Rollback",
        "max-affected=-1",
        "max-affected=ten",
        "max-affected=",
        "return=\"minim",
        "return=a b",
        "=x",
        "(",
        "a=b;(",
        "max-affected=99999999999999999999",
    };
    static const char *const strict[] = {"return=most", "respond-async", "wait=10", "count", "resolution=no"};
    struct fixture *f = *state;
    for (size_t i = 0; i < ARRAY_LEN(always); i++) {
        assert_err(read(f, always[i], NULL), ALEES_E_MALFORMED);
        assert_string_equal(f->ctx->problem.code, "bad_request");
        assert_int_equal(f->ctx->problem.item_count, 1);
        assert_text(f->ctx->problem.items->pointer, "Prefer");
    }
    for (size_t i = 0; i < ARRAY_LEN(strict); i++) {
        assert_ok(read(f, strict[i], NULL));
        assert_ok(read(f, strict[i], "handling=lenient"));
        assert_err(read(f, strict[i], "handling=strict"), ALEES_E_MALFORMED);
        assert_err(read(f, "handling=strict", strict[i]), ALEES_E_MALFORMED);
        assert_ok(read(f, "handling=strict", "return=minimal, tx=commit"));
    }
}

static void test_what_is_said_of_it_is_short(void **state) {
    struct fixture *f = *state;
    static char text[4096];
    memset(text, 'a', sizeof text - 1);
    assert_err(read(f, "handling=strict", text), ALEES_E_MALFORMED);
    assert_true(f->ctx->problem.items->detail.len < 100);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_each_is_read_and_named_when_obeyed, setup, teardown),
        cmocka_unit_test_setup_teardown(test_lines_are_one_list, setup, teardown),
        cmocka_unit_test_setup_teardown(test_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(test_what_is_said_of_it_is_short, setup, teardown),
    };
    return cmocka_run_group_tests_name("pipeline_prefer", tests, NULL, NULL);
}
