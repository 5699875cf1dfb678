/* SPDX-License-Identifier: MIT
 * fuzz_query.c - any bytes as the query of a list: refused with 400, or a statement that holds declared names and numbered
 * parameters and nothing of what was sent. Bytes that begin with { are the value of filter=, not encoded. */
#include "test.h"

#include "db.h"
#include "engine_filter.h"
#include "pipeline_impl.h"
#include "sample.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* There is no character that the engine does not write itself, and no quoted text but two. */
static void check_sql(alees_str text, const struct engine_sql *sql) {
    static const char known[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789$:,()<>=@.*[]\"&-' ";
    ASSERT(text.ptr && strspn(text.ptr, known) == text.len);
    ASSERT(sql->count <= sql->cap && sql->count <= DB_MAX_PARAMS);
    for (const char *p = strchr(text.ptr, '\''); p != NULL; p = strchr(p + 9, '\'')) {
        ASSERT(strncmp(p, "'string' ", 9) == 0 || strncmp(p, "'number' ", 9) == 0);
    }
    for (uint32_t i = 0; i < sql->count; i++) {
        ASSERT(sql->params[i].ptr && sql->params[i].ptr[sql->params[i].len] == '\0');
    }
}

static void check_reach(alees_ctx *ctx, const struct resource *r, struct engine_query *q, enum engine_reach reach) {
    const struct engine_place place = {.reach = reach, .ids = STR_LIT("{}"), .id = STR_LIT("")};
    struct engine_sql sql;
    for (int direction = 0; direction < 3; direction++) {
        q->has_cursor = direction > 0;
        q->is_backward = direction > 1;
        engine_sql_init(&sql, ctx->arena, q->filter_count + ENGINE_MAX_KEYS + 2);
        engine_select_sql(r, q, &place, &sql);
        check_sql(str_done(&sql.text), &sql);
    }
}

static void check_scope(struct arena *arena, uint32_t scope, alees_str query) {
    struct resource *r = sample_resource(arena, scope);
    alees_ctx *ctx = sample_ctx(arena, r, "");
    struct engine_query q;
    ctx->request.query = query;
    struct ctx_parameter filter = {STR_LIT("filter"), query};
    bool is_filter = query.len > 0 && query.ptr[0] == '{' && str_is_utf8(query);
    alees_rc rc = ALEES_OK;
    if (is_filter) {
        ctx->parameters = &filter;
        ctx->parameter_count = 1;
    } else {
        rc = pipeline_parse_query(ctx);
    }
    rc = rc == ALEES_OK ? engine_query_read(ctx, r, &sample_every_field, &q) : rc;
    if (rc != ALEES_OK) {
        ASSERT(rc == ALEES_E_MALFORMED && ctx->problem.status == 400 && str_is_utf8(ctx->problem.detail));
        return;
    }
    ASSERT(q.filter_values <= ENGINE_MAX_FILTER_VALUES && (!is_filter || (q.filter_count == 1 && q.is_slow)));
    ASSERT(q.page_size >= 1 && q.page_size <= ctx->app->max_page_size);
    ASSERT(q.key_count >= 1 && q.key_count <= ENGINE_MAX_KEYS);
    ASSERT(strcmp(q.keys[q.key_count - 1].field->decl->name, "id") == 0);
    for (uint32_t i = 0; i < q.key_count; i++) {
        q.values[i] = STR_LIT("value");
    }
    for (int reach = ENGINE_ONE; reach <= ENGINE_EVERYWHERE; reach++) {
        check_reach(ctx, r, &q, (enum engine_reach)reach);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static bool is_ready;
    struct arena *arena = arena_new((size_t)256 * 1024 * 1024);
    if (!is_ready) {
        jx_init();
        is_ready = true;
    }
    ASSERT(arena);
    check_scope(arena, ALEES_SCOPE_ORGANIZATION, (alees_str){(const char *)data, size});
    check_scope(arena, ALEES_SCOPE_SELF, (alees_str){(const char *)data, size});
    check_scope(arena, ALEES_SCOPE_GLOBAL, (alees_str){(const char *)data, size});
    arena_free(arena);
    return 0;
}
