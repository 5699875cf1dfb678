/* SPDX-License-Identifier: MIT
 * engine_answer.c - rows that are about to be shown: before the first is written, what is shown with them is fetched, once
 * for all of them: computed fields (engine_represent.c) and the rows that they refer to (engine_expand.c). Where a view has
 * neither, nothing is done but to write each row. */
#include "engine_parts.h"

/* Which fields may be read is asked several times of each row. */
alees_rc engine_answer_judge(struct engine_answer *a) {
    alees_rc rc = ALEES_OK;
    if (a->fields->is_all || a->may != NULL) {
        return ALEES_OK;
    }
    a->may = ARENA_ARRAY(a->ctx->arena, const bool *, a->count);
    if (a->may == NULL) {
        return engine_value_nomem(&a->ctx->problem);
    }
    for (uint32_t i = 0; i < a->count && rc == ALEES_OK; i++) {
        rc = engine_fields_of_row(a->fields, a->view, a->rows, i, &a->may[i]);
    }
    return rc;
}

alees_rc engine_answer_open(alees_ctx *ctx, const struct engine_view *view, struct engine_fields *fields,
                            const alees_rows *rows, uint32_t count, struct engine_answer *ret_answer) {
    struct engine_answer *a = ret_answer;
    alees_rc rc;
    *a = (struct engine_answer){.ctx = ctx, .view = view, .fields = fields, .rows = rows, .count = count};
    if (count == 0 || (view->expand_count == 0 && !view->has_computed)) {
        return ALEES_OK;
    }
    rc = engine_answer_judge(a);
    rc = rc == ALEES_OK && view->has_computed ? engine_represent(a) : rc;
    return rc == ALEES_OK && view->expand_count > 0 ? engine_expand_run(a) : rc;
}

bool engine_answer_may(const struct engine_answer *a, uint32_t row, const struct resource_field *f) {
    const bool *may = a->may != NULL ? a->may[row] : NULL;
    return may == NULL || may[f - a->view->r->fields];
}

void engine_answer_put(const struct engine_answer *a, uint32_t row, struct str *out) {
    engine_row_write(out, a, row, a->may != NULL ? a->may[row] : NULL);
}

alees_rc engine_answer_row(struct engine_answer *a, uint32_t row, struct str *out) {
    const bool *may = NULL;
    alees_rc rc = ALEES_OK;
    ASSERT(row < a->count);
    if (a->may != NULL) {
        may = a->may[row];
    } else {
        rc = engine_fields_of_row(a->fields, a->view, a->rows, row, &may);
    }
    if (rc == ALEES_OK) {
        engine_row_write(out, a, row, may);
    }
    return rc;
}
