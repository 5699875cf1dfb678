/* SPDX-License-Identifier: MIT
 * engine_filter.c - what chooses the rows of a list: parameters -> filters -> conditions. */
#include "engine_parts.h"

/* Keeps the filters in the order of the fields. */
static void insert_filter(struct engine_query *q, struct engine_filter filter) {
    uint32_t at = q->filter_count++;
    while (at > 0 && q->filters[at - 1].field > filter.field) {
        q->filters[at] = q->filters[at - 1];
        at--;
    }
    q->filters[at] = filter;
}

alees_rc engine_filter_read(alees_ctx *ctx, const struct resource_field *f, const struct ctx_parameter *p,
                            struct engine_query *q) {
    struct engine_filter filter = {f, {NULL, 0}};
    bool is_null = (f->decl->flags & ALEES_NULLABLE) != 0 && f->decl->type != ALEES_TEXT && str_equal(p->value, "null");
    if (!is_null) {
        alees_rc rc = engine_value_from_text(ctx, f->decl, alees_text(f->decl->name), p->value, &filter.value);
        if (rc == ALEES_E_INVALID) {
            const struct problem_item *item = ctx->problem.items;
            return problem_set(&ctx->problem, PROBLEM_BAD_PARAMETER, "The parameter %s %.*s", f->decl->name,
                               item != NULL ? (int)item->detail.len : 0, item != NULL ? item->detail.ptr : "");
        }
        if (rc != ALEES_OK) {
            return rc;
        }
    }
    insert_filter(q, filter);
    return ALEES_OK;
}

void engine_filter_sql(const struct engine_query *q, struct engine_sql *sql, bool *has_where) {
    for (uint32_t i = 0; i < q->filter_count; i++) {
        const struct engine_filter *f = &q->filters[i];
        engine_select_also(sql, has_where);
        str_ident(&sql->text, f->field->column);
        if (f->value.ptr == NULL) {
            str_puts(&sql->text, " IS NULL");
        } else {
            str_puts(&sql->text, f->field->decl->type == ALEES_TAGS ? " @> " : " = ");
            engine_sql_value(sql, f->value, engine_sql_type(f->field->decl));
        }
    }
}
