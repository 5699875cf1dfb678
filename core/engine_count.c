/* SPDX-License-Identifier: MIT
 * engine_count.c - numbered pages, and how many rows a list has in all: the parameters `page` and `count`, the number.
 *
 * A number is counted under the caller's scope, filters and rights, by the conditions of the list itself. An estimate is
 * exact up to ENGINE_EXACT_ROWS; above that it is PostgreSQL's expectation. That is made from statistics of the whole table,
 * and with a filter it would tell how values are distributed among rows of other organizations. So for a caller who does
 * not see every row it is asked how many rows the organizations have, and the share of them that the filters leave is taken
 * from rows that the caller sees. */
#include "engine_parts.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static alees_rc bad(alees_ctx *ctx, alees_str name, const char *fault) {
    problem_add(&ctx->problem, name, "bad_parameter", "%s", fault);
    return problem_set(&ctx->problem, PROBLEM_BAD_PARAMETER, "The parameter %.*s %s", STR_FMT(name), fault);
}

static alees_rc read_page(alees_ctx *ctx, alees_str name, alees_str value, struct engine_query *q) {
    int64_t page;
    if (!str_parse_i64(value, &page) || page < 1) {
        return bad(ctx, name, "must be a whole number from 1 on");
    }
    q->page = page <= ENGINE_MOST_OFFSET + 1 ? (uint32_t)page : UINT32_MAX;
    return ALEES_OK;
}

static alees_rc read_count(alees_ctx *ctx, alees_str name, alees_str value, struct engine_query *q) {
    static const struct {
        const char *word;
        enum ctx_count count;
    } words[] = {{"exact", CTX_COUNT_EXACT}, {"estimated", CTX_COUNT_ESTIMATED}, {"none", CTX_COUNT_NONE}};
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        if (str_equal(value, words[i].word)) {
            q->count = words[i].count;
            return ALEES_OK;
        }
    }
    return bad(ctx, name, "must be one of exact, estimated, none");
}

alees_rc engine_count_read(alees_ctx *ctx, const struct ctx_parameter *p, struct engine_query *q, bool *ret_is_known) {
    *ret_is_known = true;
    if (str_equal(p->name, "page")) {
        return read_page(ctx, p->name, p->value, q);
    }
    if (str_equal(p->name, "count")) {
        return read_count(ctx, p->name, p->value, q);
    }
    *ret_is_known = false;
    return ALEES_OK;
}

bool engine_count_reaches(const struct engine_query *q, uint64_t page) {
    return (page - 1) * q->page_size <= ENGINE_MOST_OFFSET;
}

/* Has the answer a number of rows? One that has the rows of a list, page by page. */
static bool is_counted(const alees_ctx *ctx) {
    const struct route *route = ctx->route;
    return ctx->response.format == CTX_JSON &&
           (route->operation == ROUTE_LIST || (route->flags & ALEES_ROUTE_LIST) != 0);
}

alees_rc engine_count_settle(alees_ctx *ctx, struct engine_query *q) {
    enum ctx_count preferred = ctx->prefer.count;
    alees_rc rc = ALEES_OK;
    if (q->page != 0 && q->has_cursor) {
        return bad(ctx, STR_LIT("page"), "cannot be given together with cursor; a cursor says itself where to go on");
    }
    if (q->page != 0 && !engine_count_reaches(q, q->page)) {
        return bad(
            ctx, STR_LIT("page"),
            "lies too deep: a numbered page begins within the first 10000 rows. Follow \"next\", whose cursor goes "
            "on from there at no cost, or narrow the list with filters");
    }
    if (is_counted(ctx) && preferred != CTX_COUNT_DEFAULT && (q->count == CTX_COUNT_DEFAULT || q->count == preferred)) {
        q->count = preferred;
        rc = ctx_obeyed(ctx, CTX_PREFER_COUNT);
    }
    if (q->count == CTX_COUNT_DEFAULT) {
        q->count = q->page != 0 ? CTX_COUNT_EXACT : CTX_COUNT_NONE;
    }
    q->is_slow = q->is_slow || q->page != 0 || q->count != CTX_COUNT_NONE;
    return rc;
}

static uint64_t number_of(const alees_rows *rows) {
    alees_str text = store_rows_text(rows, 0, 0);
    return text.ptr != NULL ? strtoull(text.ptr, NULL, 10) : 0;
}

/* The first "Plan Rows" of an EXPLAIN is that of the whole. 0: there is none. */
static uint64_t planned(const alees_rows *rows) {
    static const char key[] = "\"Plan Rows\":";
    alees_str text = store_rows_text(rows, 0, 0);
    const char *at = text.ptr != NULL ? strstr(text.ptr, key) : NULL;
    return at != NULL ? strtoull(at + sizeof key - 1, NULL, 10) : 0;
}

/* What PostgreSQL expects of this list, with its filters if q is not NULL. It expects half of all rows to pass a policy that
 * it cannot look into; of these, which are in the caller's organizations anyway, all do. */
static alees_rc plan(alees_ctx *ctx, const struct engine_place *place, const struct engine_page *page,
                     const struct engine_query *q, uint64_t *ret_rows) {
    /* not registered: the plan is what is asked for, so there is none to keep */
    struct statement *st = ARENA_NEW(ctx->arena, struct statement);
    struct engine_sql sql;
    struct store_call call = {st, NULL};
    alees_rows *rows = NULL;
    bool is_halved = !place->scope.all && page->r->scope_column != NULL && page->r->decl->scope != ALEES_SCOPE_SEVERAL;
    alees_rc rc;
    engine_select_init(&sql, ctx->arena, page->query);
    engine_select_plan(page->r, q, place, &sql);
    if (st == NULL || str_done(&sql.text).ptr == NULL || arena_is_exhausted(ctx->arena)) {
        return engine_value_nomem(&ctx->problem);
    }
    *st = (struct statement){
        .nparams = sql.count, .sql = sql.text.ptr, .name = page->r->full_name, .plugin = page->r->plugin};
    call.params = sql.params;
    rc = store_run_slow(ctx, &place->scope, &call, 1, &rows, NULL);
    *ret_rows = rc == ALEES_OK ? planned(rows) << is_halved : 0;
    return rc;
}

static alees_rc sample(alees_ctx *ctx, const struct engine_place *place, const struct engine_page *page,
                       uint64_t *ret_rows) {
    struct engine_sql sql;
    struct store_call call;
    alees_rows *rows = NULL;
    alees_rc rc;
    engine_select_init(&sql, ctx->arena, page->query);
    engine_select_sample(page->r, page->query, place, &sql);
    call = (struct store_call){engine_sql_statement(ctx->app->store, page->r, &sql), sql.params};
    if (call.statement == NULL) {
        return engine_value_nomem(&ctx->problem);
    }
    rc = store_run_slow(ctx, &place->scope, &call, 1, &rows, NULL);
    *ret_rows = rc == ALEES_OK ? number_of(rows) : 0;
    return rc;
}

/* More than ENGINE_EXACT_ROWS: those that the planner expects, or the share of them that is met among the first. */
static alees_rc estimate(alees_ctx *ctx, const struct engine_place *place, struct engine_page *page) {
    bool sees_all = page->r->scope_column == NULL || place->reach == ENGINE_EVERYWHERE;
    bool may_plan = sees_all || (page->query->filter_count == 0 && page->query->search.count == 0);
    uint64_t expected = 0, share = ENGINE_EXACT_ROWS;
    alees_rc rc = plan(ctx, place, page, may_plan ? page->query : NULL, &expected);
    if (rc == ALEES_OK && !may_plan) {
        rc = sample(ctx, place, page, &share);
    }
    expected = (uint64_t)((double)expected * (double)share / ENGINE_EXACT_ROWS);
    page->total = expected > ENGINE_EXACT_ROWS ? expected : ENGINE_EXACT_ROWS + 1;
    return rc;
}

alees_rc engine_count_take(alees_ctx *ctx, const struct engine_place *place, struct engine_page *page,
                           const alees_rows *rows) {
    page->has_total = true;
    page->total = number_of(rows);
    page->is_exact = page->query->count == CTX_COUNT_EXACT || page->total <= ENGINE_EXACT_ROWS;
    return page->is_exact ? ALEES_OK : estimate(ctx, place, page);
}
