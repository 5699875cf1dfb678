/* SPDX-License-Identifier: MIT
 * engine_tags.c - the tags that the rows of a list have, and how many have each: for pickers and clouds. Whose rows, and
 * which filters, is a matter of the list; who may not read the field everywhere there is told nothing of it. */
#include "engine_list.h"

#include <string.h>

struct tags {
    alees_ctx *ctx;
    const struct resource *r;
    const struct resource_field *field;
    struct engine_fields fields;
    struct engine_query query;
    struct engine_place place;
    alees_str search; /* absent: all */
};

static alees_rc read_search(struct tags *t, alees_str text) {
    enum { LONGEST = 4 * ENGINE_MAX_TAG }; /* bytes */
    if (text.len == 0 || text.len > LONGEST || t->search.ptr != NULL) {
        problem_add(&t->ctx->problem, STR_LIT("search"), "bad_parameter", "must be the beginning of a tag, once");
        return problem_set(&t->ctx->problem, PROBLEM_BAD_PARAMETER,
                           "The parameter search must be the beginning of a tag, once");
    }
    t->search = text;
    return ALEES_OK;
}

/* Parameters of a list that make no sense of a count are as unknown as any other. */
static alees_rc check_name(struct tags *t, alees_str name) {
    static const char *const not_here[] = {"ordering", "cursor", "page", "count", "fields", "expand", "deleted"};
    for (size_t i = 0; i < ARRAY_LEN(not_here); i++) {
        if (str_equal(name, not_here[i])) {
            problem_add(&t->ctx->problem, name, "unknown_parameter", "%s", "It is not known here.");
            return problem_set(&t->ctx->problem, PROBLEM_UNKNOWN_PARAMETER, "There is no parameter \"%s\" of tags.",
                               not_here[i]);
        }
    }
    return ALEES_OK;
}

/* Those of a list, but that `search` is for tags here, not for the words of rows. */
static alees_rc read_query(struct tags *t) {
    alees_ctx *ctx = t->ctx;
    struct ctx_parameter *all = ctx->parameters, *others;
    uint32_t all_count = ctx->parameter_count, count = 0;
    alees_rc rc = ALEES_OK;
    others = ARENA_ARRAY(ctx->arena, struct ctx_parameter, all_count + 1);
    if (others == NULL) {
        return engine_value_nomem(&ctx->problem);
    }
    for (uint32_t i = 0; i < all_count && rc == ALEES_OK; i++) {
        bool is_search = str_equal(all[i].name, "search");
        rc = is_search ? read_search(t, all[i].value) : check_name(t, all[i].name);
        if (!is_search) {
            others[count++] = all[i];
        }
    }
    ctx->parameters = others;
    ctx->parameter_count = count;
    rc = rc == ALEES_OK ? engine_query_read(ctx, t->r, &t->fields, &t->query) : rc;
    ctx->parameters = all;
    ctx->parameter_count = all_count;
    return rc;
}

/* As a filter by tags: by what one may not read everywhere, one cannot ask. */
static alees_rc check_right(struct tags *t) {
    const struct engine_query *q = &t->query;
    alees_rc rc = ALEES_OK;
    if (q->may == NULL || q->may[t->field - t->r->fields]) {
        return ALEES_OK;
    }
    rc = engine_query_explain(t->ctx, t->r, q, STR_LIT("tags"), t->field);
    return rc == ALEES_OK ? engine_error_not_found(t->ctx) : rc;
}

static alees_rc run(struct tags *t, alees_rows **ret_rows) {
    struct engine_sql sql;
    struct store_call call;
    engine_select_init(&sql, t->ctx->arena, &t->query);
    str_puts(&sql.text, "SELECT tag, count(*) FROM (SELECT unnest(");
    str_ident(&sql.text, t->field->column);
    str_puts(&sql.text, ") AS tag");
    engine_select_from(t->r, &t->query, &t->place, &sql);
    str_puts(&sql.text, ") AS s");
    if (t->search.ptr != NULL) {
        str_puts(&sql.text, " WHERE starts_with(lower(tag), lower(");
        engine_sql_value(&sql, t->search, "text");
        str_puts(&sql.text, "))");
    }
    str_puts(&sql.text, " GROUP BY tag ORDER BY 2 DESC, 1 LIMIT ");
    engine_sql_value(&sql, arena_printf(t->ctx->arena, "%u", (unsigned)t->query.page_size), "bigint");
    call = (struct store_call){engine_sql_statement(t->ctx->app->store, t->r, &sql), sql.params};
    return call.statement != NULL ? store_run_slow(t->ctx, &t->place.scope, &call, 1, ret_rows, NULL)
                                  : engine_value_nomem(&t->ctx->problem);
}

static alees_rc put(struct tags *t, const alees_rows *rows) {
    struct str *body = &t->ctx->response.body;
    uint32_t count = rows != NULL ? store_rows_count(rows) : 0;
    str_puts(body, "{\"results\":[");
    for (uint32_t i = 0; i < count; i++) {
        str_puts(body, i > 0 ? ",{\"tag\":" : "{\"tag\":");
        str_json(body, store_rows_text(rows, i, 0));
        str_puts(body, ",\"count\":");
        str_view(body, store_rows_text(rows, i, 1));
        str_putc(body, '}');
    }
    str_puts(body, "]}");
    if (body->failed) {
        return engine_value_nomem(&t->ctx->problem);
    }
    t->ctx->response.status = 200;
    t->ctx->response.content_type = "application/json";
    return ALEES_OK;
}

alees_rc engine_tags(alees_ctx *ctx) {
    const struct resource *r = ctx->route->resource;
    struct tags t = {.ctx = ctx, .r = r, .field = resource_tags(r)};
    alees_rows *rows = NULL;
    alees_rc rc = engine_fields_open(ctx, r, r->view, &t.fields);
    rc = rc == ALEES_OK ? read_query(&t) : rc;
    rc = rc == ALEES_OK ? check_right(&t) : rc;
    rc = rc == ALEES_OK ? engine_place_of(ctx, r, ctx->where, true, &t.place) : rc;
    rc = rc == ALEES_OK ? engine_narrow_place(ctx, r, ctx->where, &t.query, &t.place) : rc;
    if (rc == ALEES_OK && t.place.reach != ENGINE_NOWHERE) {
        rc = run(&t, &rows);
    }
    return rc == ALEES_OK ? put(&t, rows) : rc;
}
