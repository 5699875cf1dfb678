/* SPDX-License-Identifier: MIT
 * engine_many_write.c - many locked rows are changed or deleted: by one statement, or one by one where hooks look on. */
#include <string.h>

#include "engine_many.h"

enum {
    MOST_TRIES = 2000, /* to find the rows that others refer to */
    MOST_COUNTED = 20  /* of these, whose others are counted */
};

static bool is_same_text(alees_str a, alees_str b) {
    return (a.ptr == NULL) == (b.ptr == NULL) && (a.ptr == NULL || alees_equal(a, b));
}

/* Do all write the same? A hook may have set something, and custom fields are merged into those that each row has. */
static bool is_uniform(const struct engine_many *m) {
    bool may_differ = m->r->decl->validate != NULL || m->r->custom != NULL, is_same = true;
    for (uint32_t i = 1; i < m->count && is_same && may_differ; i++) {
        for (uint32_t k = 0; k < m->r->field_count && is_same; k++) {
            const struct engine_cell *a = &m->changes[0]->cells[k], *b = &m->changes[i]->cells[k];
            is_same = a->is_written == b->is_written && (!a->is_written || is_same_text(a->value, b->value));
        }
    }
    return is_same;
}

static alees_str user_of(const struct engine_many *m) {
    char text[37];
    return m->ctx->who != NULL ? arena_str(m->ctx->arena, (alees_str){alees_id_format(&m->ctx->who->id, text), 36})
                               : (alees_str){NULL, 0};
}

/* One statement for those ids. */
static alees_rc write_ids(struct engine_many *m, alees_str ids, const struct store_error **ret_error) {
    struct engine_sql sql;
    alees_rows *rows = NULL;
    bool has_where = true, is_update = m->action == ALEES_UPDATE;
    alees_rc rc;
    engine_sql_init(&sql, m->ctx->arena, m->r->field_count + 4);
    if (m->is_marking) {
        engine_sql_mark(&sql, m->r, user_of(m), false);
    } else {
        str_puts(&sql.text, is_update ? "UPDATE " : "DELETE FROM ");
        str_view(&sql.text, m->r->shapes->table);
    }
    if (is_update) {
        str_puts(&sql.text, " SET \"updated_at\" = now(), \"version\" = \"version\" + 1, \"updated_by\" = ");
        engine_sql_value(&sql, user_of(m), "uuid");
    }
    for (uint32_t i = 0; is_update && i < m->r->field_count; i++) {
        if (engine_sql_is_written(m->r, m->changes[0]->cells, i)) {
            str_puts(&sql.text, ", ");
            str_ident(&sql.text, m->r->fields[i].column);
            str_puts(&sql.text, " = ");
            engine_sql_value(&sql, m->changes[0]->cells[i].value, engine_sql_type(m->r->fields[i].decl));
        }
    }
    str_puts(&sql.text, " WHERE \"id\" = ANY(");
    engine_sql_value(&sql, ids, "uuid[]");
    str_putc(&sql.text, ')');
    engine_many_place(&sql, m, &m->place, &has_where);
    rc = engine_sql_run(m->ctx, m->r, &m->place.scope, &sql, &rows, ret_error);
    if (rc == ALEES_OK) {
        m->written += store_rows_changed(rows);
    }
    return rc;
}

static struct engine_target target_of(const struct engine_many *m, const alees_change *change) {
    bool is_everywhere = m->place.reach == ENGINE_EVERYWHERE;
    char text[37];
    return (struct engine_target){.id = arena_str(m->ctx->arena, (alees_str){alees_id_format(&change->id, text), 36}),
                                  .user = user_of(m),
                                  .organizations = is_everywhere ? (alees_str){NULL, 0} : m->place.ids,
                                  .is_owned = m->place.is_owned,
                                  .life = m->place.life};
}

/* What before_write judges by is read again: the hook of another row may have changed it, or have deleted it. */
static alees_rc write_one(struct engine_many *m, alees_change *change) {
    const struct engine_target target = target_of(m, change);
    const struct store_error *error = NULL;
    struct engine_sql sql;
    alees_rows *rows = NULL;
    alees_rc rc;
    engine_sql_init(&sql, m->ctx->arena, 8);
    engine_sql_lock(&sql, m->r, &target);
    rc = engine_sql_run(m->ctx, m->r, &m->place.scope, &sql, &rows, NULL);
    if (rc != ALEES_OK || store_rows_count(rows) == 0) {
        return rc;
    }
    if (m->r->decl->before_write != NULL) {
        engine_change_found(change, rows, 0, false);
    }
    rc = engine_change_hook(change, m->r->decl->before_write);
    change->is_open = false;
    rc = rc == ALEES_OK ? engine_single_unmake(change, &m->place.scope) : rc;
    if (rc != ALEES_OK) {
        return rc;
    }
    engine_sql_init(&sql, m->ctx->arena, m->r->field_count + 8);
    if (m->action == ALEES_UPDATE) {
        engine_sql_update(&sql, m->r, change->cells, &target);
    } else if (m->is_marking) {
        engine_sql_mark_one(&sql, m->r, &target, false);
    } else {
        engine_sql_delete(&sql, m->r, &target);
    }
    rc = engine_sql_run(m->ctx, m->r, &m->place.scope, &sql, &rows, &error);
    if (rc != ALEES_OK) {
        m->ctx->problem.at = arena_printf(m->ctx->arena, "/%.*s", STR_FMT(target.id));
        return engine_error_map(m->ctx, &(struct engine_refused){m->r, m->action, &change->id, m->is_marking, false},
                                error, rc);
    }
    m->written += store_rows_changed(rows);
    return engine_change_hook(change, m->r->decl->after_write);
}

/* Says of which row the problem is: there is none of it in the body. */
static alees_rc write_each(struct engine_many *m) {
    alees_rc rc = ALEES_OK;
    for (uint32_t i = 0; i < m->count && rc == ALEES_OK; i++) {
        rc = write_one(m, m->changes[i]);
        if (rc != ALEES_OK && m->ctx->problem.item_count == 0 && m->ctx->problem.rc != ALEES_OK) {
            char text[37];
            m->ctx->problem.at = (alees_str){NULL, 0};
            problem_add(&m->ctx->problem, arena_printf(m->ctx->arena, "/%s", alees_id_format(&m->changes[i]->id, text)),
                        m->ctx->problem.code, "%.*s", STR_FMT(m->ctx->problem.detail));
        }
    }
    return rc;
}

/* held: by row what refused it, NULL: it could go. */
static void tell_protected(struct engine_many *m, const struct store_error *const *held, struct problem *told) {
    uint32_t counted = 0;
    m->ctx->problem = *told;
    for (uint32_t i = 0; i < m->count; i++) {
        alees_str id = store_rows_text(m->rows, i, 0), pointer;
        uint32_t before = m->ctx->problem.item_count;
        if (held[i] == NULL) {
            continue;
        }
        pointer = arena_printf(m->ctx->arena, "/%.*s", STR_FMT(id));
        if (counted++ < MOST_COUNTED) {
            const struct engine_refused what = {m->r, m->action, &m->changes[i]->id, m->is_marking, false};
            engine_protect_tell(m->ctx, &what, held[i], pointer);
        }
        if (m->ctx->problem.item_count == before) {
            problem_add(&m->ctx->problem, pointer, "protected", "is referred to by other rows");
        }
    }
    *told = m->ctx->problem;
}

/* Deletes what can be deleted, until nothing more can: who is left is referred to by others. */
static alees_rc name_protected(struct engine_many *m, const struct store_error *const first, struct problem *told) {
    const struct store_error **held = ARENA_ARRAY(m->ctx->arena, const struct store_error *, m->count);
    bool has_moved = true;
    alees_rc rc = held != NULL ? store_back(m->ctx) : engine_value_nomem(&m->ctx->problem);
    uint32_t tries = 0;
    for (uint32_t i = 0; i < m->count && rc == ALEES_OK; i++) {
        held[i] = first;
    }
    while (rc == ALEES_OK && has_moved) {
        has_moved = false;
        for (uint32_t i = 0; i < m->count && rc == ALEES_OK && tries < MOST_TRIES; i++) {
            const struct store_error *error = NULL;
            alees_str id;
            if (held[i] == NULL) {
                continue;
            }
            id = arena_printf(m->ctx->arena, "{%.*s}", STR_FMT(store_rows_text(m->rows, i, 0)));
            rc = store_savepoint(m->ctx);
            if (rc != ALEES_OK) {
                break;
            }
            tries++;
            if (write_ids(m, id, &error) == ALEES_OK) {
                held[i] = NULL;
                has_moved = true;
            } else {
                held[i] = error != NULL ? error : first;
                problem_init(&m->ctx->problem, m->ctx->arena);
                rc = store_back(m->ctx);
            }
        }
    }
    if (rc == ALEES_OK && tries < MOST_TRIES) {
        tell_protected(m, held, told);
    }
    return rc;
}

/* The version of their owner rises, and what is true of one part at most is not made true of several. */
static alees_rc prepare_parts(struct engine_many *m) {
    for (uint32_t i = 0; m->action == ALEES_UPDATE && i < m->r->field_count; i++) {
        uint32_t made = 0;
        for (uint32_t k = 0; k < m->count; k++) {
            made += engine_single_is_made(m->changes[k], i);
        }
        if (made > 1) {
            engine_single_refuse(m->ctx, &m->r->fields[i]);
            return problem_set(&m->ctx->problem, PROBLEM_INVALID,
                               "Correct the fields that errors names, then send it again.");
        }
    }
    return engine_owner_raise(m->ctx, m->r);
}

alees_rc engine_many_write(struct engine_many *m) {
    const struct store_error *error = NULL;
    struct problem told;
    alees_rc rc;
    if (m->count == 0 || (m->action == ALEES_UPDATE && engine_change_is_empty(m->changes[0]))) {
        m->written = m->count;
        return ALEES_OK;
    }
    rc = m->r->owner != NULL ? prepare_parts(m) : ALEES_OK;
    if (rc != ALEES_OK || (engine_batch_has_hooks(m->r) && m->life == ENGINE_LIVE) || !is_uniform(m)) {
        return rc == ALEES_OK ? write_each(m) : rc;
    }
    rc = store_savepoint(m->ctx);
    rc = rc == ALEES_OK ? engine_single_unmake(m->changes[0], &m->place.scope) : rc;
    rc = rc == ALEES_OK ? write_ids(m, m->ids, &error) : rc;
    if (rc == ALEES_OK || error == NULL || !engine_batch_is_of_row(error)) {
        return rc;
    }
    if (m->action == ALEES_UPDATE && strcmp(error->sqlstate, "AL003") == 0) { /* of which row? */
        problem_init(&m->ctx->problem, m->ctx->arena);
        rc = store_back(m->ctx);
        return rc == ALEES_OK ? write_each(m) : rc;
    }
    rc = engine_error_map(m->ctx, &(struct engine_refused){.r = m->r, .action = m->action}, error, rc);
    if (m->action != ALEES_DELETE_ROW) {
        return rc;
    }
    told = m->ctx->problem;
    told.items = told.last = NULL;
    told.item_count = 0;
    problem_init(&m->ctx->problem, m->ctx->arena);
    if (name_protected(m, error, &told) != ALEES_OK) {
        problem_init(&m->ctx->problem, m->ctx->arena);
    }
    m->ctx->problem = told;
    return rc;
}
