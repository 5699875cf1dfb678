/* SPDX-License-Identifier: MIT
 * test_svc.c - the tables handed to plugins: wrong handles, undeclared services, foreign statements. */
#include "test.h"

#include "alees/util.h"
#include "log.h"
#include "metrics.h"
#include "svc.h"

static const struct alees_statement declared[] = {{.name = "one", .sql = "SELECT 1", .nparams = 1}};
static const struct alees_statement foreign[] = {{.name = "two", .sql = "SELECT 2"}};

struct fixture {
    struct app app;
    struct arena *arena;
    alees_ctx *ctx;
    struct alees_self self;
    struct alees_need needs[1];
    struct alees_setting settings[1];
    const char *values[1];
    struct alees_statement statements[1];
    struct metric *series[1];
};

static int setup(void **state) {
    static struct fixture f;
    memset(&f, 0, sizeof f);
    log_init(LOG_JSON, ALEES_LOG_ERROR + 1);
    f.arena = test_arena();
    f.ctx = ctx_new(&f.app, f.arena);
    assert_non_null(f.ctx);
    f.needs[0] = (struct alees_need){.service = ALEES_DB_V1};
    f.settings[0] = (struct alees_setting){.name = "colour", .type = ALEES_TEXT};
    f.values[0] = "red";
    f.statements[0] = declared[0];
    f.series[0] = metrics_register(METRICS_GAUGE, "alees_stub_things", "", "Things.");
    f.self = (struct alees_self){.magic = PLUGIN_MAGIC,
                                 .needs = f.needs,
                                 .need_count = 1,
                                 .settings = f.settings,
                                 .setting_count = 1,
                                 .setting_values = f.values,
                                 .statements = f.statements,
                                 .statement_count = 1,
                                 .metric_series = f.series,
                                 .metric_count = 1};
    f.self.decl.name = "stub";
    f.self.decl.statements = (alees_list){declared, 1, sizeof declared[0]};
    svc_init(&f.app, "127.0.0.1");
    *state = &f;
    return 0;
}

static int teardown(void **state) {
    struct fixture *f = *state;
    ctx_end(f->ctx);
    arena_free(f->arena);
    return 0;
}

static void test_services(void **state) {
    struct fixture *f = *state;
    struct alees_self impostor = f->self;
    svc_offer();
    assert_ptr_equal(svc_host.service(&f->self, ALEES_DB_V1), &svc_db);
    assert_null(svc_host.service(&f->self, ALEES_HTTP_V1)); /* offered, but not declared in needs */
    assert_null(svc_host.service(&f->self, NULL));
    assert_null(svc_host.service(NULL, ALEES_DB_V1));
    impostor.magic = 0;
    assert_null(svc_host.service(&impostor, ALEES_DB_V1));
    assert_ptr_equal(svc_app(), &f->app);
    assert_text(svc_host.listen_address(), "127.0.0.1");
    svc_init(&f->app, NULL);
    assert_absent(svc_host.listen_address());
}

static void test_settings_and_metrics(void **state) {
    struct fixture *f = *state;
    assert_text(svc_host.setting(&f->self, "colour"), "red");
    assert_absent(svc_host.setting(&f->self, "color"));
    assert_absent(svc_host.setting(NULL, "colour"));
    int64_t before = metrics_value(f->series[0]);
    svc_host.count(&f->self, 0, 3);
    svc_host.count(&f->self, 1, 5); /* not in the list */
    assert_int_equal(metrics_value(f->series[0]) - before, 3);
}

static void test_memory_and_failure(void **state) {
    struct fixture *f = *state;
    char *zeroed = svc_host.alloc(f->ctx, 64);
    assert_non_null(zeroed);
    for (size_t i = 0; i < 64; i++) {
        assert_int_equal(zeroed[i], 0);
    }
    assert_null(svc_host.alloc(f->ctx, TEST_MEMORY * 2));
    assert_null(svc_host.alloc(NULL, 1));
    assert_err((svc_host.fail)(NULL, ALEES_E_DENIED, "x", STR_LIT("y")), ALEES_E_INTERNAL);
    assert_err((svc_host.fail)(f->ctx, ALEES_E_CONFLICT, "taken", STR_LIT("Choose another.")), ALEES_E_CONFLICT);
    assert_err((svc_host.fail)(f->ctx, ALEES_E_INVALID, "later", STR_LIT("Too late.")), ALEES_E_INVALID);
    assert_string_equal(f->ctx->problem.code, "taken"); /* the first wins */
    svc_host.log(&f->self, NULL, ALEES_LOG_INFO, STR_LIT("text"));
    svc_host.log(NULL, f->ctx, 99, (alees_str){NULL, 0});
}

static void test_foreign_statements(void **state) {
    struct fixture *f = *state;
    const alees_str params[] = {STR_LIT("1")};
    alees_rows *rows = NULL;
    assert_err(svc_db.run(NULL, f->ctx, declared, params, 1, &rows), ALEES_E_INTERNAL);
    assert_err(svc_db.run(&f->self, NULL, declared, params, 1, &rows), ALEES_E_INTERNAL);
    assert_err(svc_db.run(&f->self, f->ctx, NULL, NULL, 0, &rows), ALEES_E_INTERNAL);
    assert_err(svc_db.run(&f->self, f->ctx, foreign, NULL, 0, &rows), ALEES_E_INTERNAL);
    assert_err(svc_db.run(&f->self, f->ctx, declared, params, 0, &rows), ALEES_E_INTERNAL);
    assert_err(svc_db.run(&f->self, f->ctx, declared, NULL, 1, &rows), ALEES_E_INTERNAL);
    assert_err(svc_db.run(&f->self, f->ctx, declared, params, 1, &rows), ALEES_E_INTERNAL); /* not prepared yet */
    assert_null(rows);
    assert_int_equal(svc_db.count(NULL), 0);
    assert_int_equal(svc_db.changed(NULL), 0);
    assert_absent(svc_db.text(NULL, 0, 0));
    assert_err(svc_db.listen(&f->self, "channel", NULL), ALEES_E_INTERNAL);
    assert_true(svc_db.listener_age(&f->self) > 2000); /* without a database nothing is proven */
}

static void test_dead_ctx(void **state) {
    struct fixture *f = *state;
    struct alees_ctx dead = *f->ctx;
    dead.magic = 0;
    assert_absent(svc_http.parameter(&dead, "a"));
    assert_absent(svc_http.header(&dead, "a"));
    assert_absent(svc_http.token(&dead));
    assert_absent(svc_http.body(&dead));
    assert_null(svc_http.json(&dead));
    assert_err(svc_http.set_header(&dead, "A", STR_LIT("b")), ALEES_E_INTERNAL);
    assert_err(svc_http.reply(&dead, 200, "text/plain", STR_LIT("")), ALEES_E_INTERNAL);
    assert_err(svc_http.reply_json(&dead, 200, NULL), ALEES_E_INTERNAL);
    assert_err(svc_http.reply_row(&dead, 200, "a.b", (alees_id){{0}}), ALEES_E_INTERNAL);
    assert_err(svc_http.reply_row(f->ctx, 200, "no.such", (alees_id){{0}}), ALEES_E_INTERNAL);
    assert_null(svc_host.principal(&dead));
}

struct committed {
    void *state;
    alees_ctx *ctx;
    uint32_t calls;
};

static void note_commit(void *state, alees_ctx *ctx, void *data) {
    struct committed *committed = data;
    *committed = (struct committed){state, ctx, committed->calls + 1};
}

/* Once, with what was given, after a commit and never after anything else. */
static void test_after_commit(void **state) {
    struct fixture *f = *state;
    struct committed one = {0}, other = {0};
    int plugins_own;
    f->self.state = &plugins_own;
    assert_err(svc_db.after_commit(&f->self, f->ctx, NULL, &one), ALEES_E_INTERNAL);
    assert_err(svc_db.after_commit(&f->self, NULL, note_commit, &one), ALEES_E_INTERNAL);

    store_begin(f->ctx);
    assert_ok(svc_db.after_commit(&f->self, f->ctx, note_commit, &one));
    assert_ok(svc_db.after_commit(&f->self, f->ctx, note_commit, &other));
    assert_int_equal(one.calls, 0);
    assert_ok(ctx_commit(f->ctx));
    assert_int_equal(one.calls, 1);
    assert_int_equal(other.calls, 1);
    assert_ptr_equal(one.state, &plugins_own);
    assert_ptr_equal(one.ctx, f->ctx);
    store_begin(f->ctx);
    assert_ok(ctx_commit(f->ctx)); /* another transaction is none of theirs */
    assert_int_equal(one.calls, 1);

    store_begin(f->ctx);
    assert_ok(svc_db.after_commit(&f->self, f->ctx, note_commit, &one));
    store_rollback(f->ctx);
    store_begin(f->ctx);
    assert_ok(ctx_commit(f->ctx));
    assert_int_equal(one.calls, 1);

    assert_ok(svc_db.after_commit(&f->self, f->ctx, note_commit, &one));
    arena_fail_after(f->arena, 1);
    store_begin(f->ctx); /* no memory for a transaction: nothing can be committed */
    assert_err(ctx_commit(f->ctx), ALEES_E_NOMEM);
    arena_fail_after(f->arena, 1);
    assert_err(svc_db.after_commit(&f->self, f->ctx, note_commit, &one), ALEES_E_NOMEM);
    assert_int_equal(one.calls, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_services),           TEST(test_settings_and_metrics),
        TEST(test_memory_and_failure), TEST(test_foreign_statements),
        TEST(test_dead_ctx),           TEST(test_after_commit),
    };
    return cmocka_run_group_tests_name("svc", tests, NULL, NULL);
}
