/* SPDX-License-Identifier: MIT
 * engine_expand.c - expand=category,parent.parent: references are shown as the rows that they name.
 *
 * Paths make a tree of references below a view. For each of them the ids of all rows of the answer are collected and their
 * rows read by one statement, whatever their number: under the permission to view the target, the scope and the role of
 * its plugin, with the rights to its fields for each row. What is not found, for whatever reason, is shown as its id, which
 * the caller has anyway. */
#include "engine_parts.h"

#include <stdlib.h>
#include <string.h>

#include "lock.h"

enum {
    MOST_STEPS = 2,
    MANY_ROWS = 1000, /* of one path: more are not read on a lane, where others wait behind them */
    MOST_ROWS = 50000 /* of one path: as many as the rows of an export's batch can name in a list of references */
};

struct engine_found { /* the rows that one reference of an answer names */
    alees_id *ids;    /* in order, each once */
    uint32_t *rows;   /* as ids: its row in answer, UINT32_MAX if it is not seen */
    uint32_t count;
    struct engine_answer answer;
    struct engine_fields fields;
};

/* ---- which: from paths to a tree ---- */

static alees_rc bad(alees_ctx *ctx, const char *fault, alees_str why) {
    fault = why.ptr != NULL ? why.ptr : fault;
    problem_add(&ctx->problem, STR_LIT("expand"), "bad_parameter", "%s", fault);
    return problem_set(&ctx->problem, PROBLEM_BAD_PARAMETER, "The parameter expand %s", fault);
}

struct reader { /* of one level: a view that belongs to this request, and who may read what of it */
    alees_ctx *ctx;
    alees_str path; /* for messages */
    struct engine_view *view;
    struct engine_view_rights *rights;
};

static struct engine_column *find_column(const struct engine_view *view, const struct resource_field *f) {
    for (uint32_t i = 0; i < view->column_count; i++) {
        if (view->columns[i].field == f) {
            return &view->columns[i];
        }
    }
    return NULL;
}

/* Columns of its own, to be changed. */
static alees_rc copy_view(alees_ctx *ctx, const struct engine_view *from, struct engine_view **ret_view) {
    struct engine_view *view = ARENA_NEW(ctx->arena, struct engine_view);
    struct engine_column *columns = ARENA_ARRAY(ctx->arena, struct engine_column, from->column_count);
    if (view == NULL || columns == NULL) {
        return engine_value_nomem(&ctx->problem);
    }
    memcpy(columns, from->columns, from->column_count * sizeof *columns);
    *view = *from;
    view->columns = columns;
    *ret_view = view;
    return ALEES_OK;
}

bool engine_expand_is_possible(const struct resource_field *f) {
    return f->target != NULL && f->decl->type != ALEES_PARTS; /* which are shown as they are */
}

static alees_rc add(alees_ctx *ctx, struct engine_view *view, struct engine_column *column,
                    struct engine_expand **ret_expand) {
    struct engine_expand *expand;
    alees_rc rc;
    if (view->expands == NULL) {
        view->expands = ARENA_ARRAY(ctx->arena, struct engine_expand, ENGINE_MAX_PATHS);
        if (view->expands == NULL) {
            return engine_value_nomem(&ctx->problem);
        }
    }
    ASSERT(view->expand_count < ENGINE_MAX_PATHS); /* each path adds one at most at a level */
    expand = &view->expands[view->expand_count];
    expand->field = column->field;
    rc = copy_view(ctx, &column->field->target->shapes->all, &expand->view);
    if (rc == ALEES_OK) {
        column->kind = ENGINE_EXPANDED;
        column->slot = view->expand_count++;
        *ret_expand = expand;
    }
    return rc;
}

/* One step of a path. A field that the caller may read nowhere is no reference. */
static alees_rc step(const struct reader *in, alees_str name, struct engine_expand **ret_expand) {
    alees_ctx *ctx = in->ctx;
    ASSERT(in->view != NULL);
    const struct resource_field *f = resource_field(in->view->r, name);
    struct engine_column *column;
    bool may = false;
    alees_rc rc = f != NULL && engine_expand_is_possible(f) ? engine_view_may_read(ctx, in->rights, f, &may) : ALEES_OK;
    if (rc != ALEES_OK) {
        return rc;
    }
    if (!may) {
        return bad(ctx, "names a field that is no reference",
                   arena_printf(ctx->arena, "names %s, and %s is no reference%s",
                                engine_value_quote(ctx->arena, in->path), engine_value_quote(ctx->arena, name),
                                engine_view_nearest(ctx, in->rights, name, true)));
    }
    column = find_column(in->view, f);
    if (column == NULL) {
        return bad(ctx, "names a field that is not shown",
                   arena_printf(ctx->arena, "names \"%s\", which fields leaves out: add it there", f->decl->name));
    }
    if (column->kind == ENGINE_EXPANDED) {
        *ret_expand = &in->view->expands[column->slot];
        return ALEES_OK;
    }
    return add(ctx, in->view, column, ret_expand);
}

static alees_rc read_path(alees_ctx *ctx, alees_str path, struct engine_view *view, struct engine_view_rights *rights) {
    struct reader in = {ctx, path, view, rights};
    struct engine_view_rights own;
    struct engine_expand *expand = NULL;
    size_t start = 0;
    for (uint32_t steps = 0; start <= path.len; steps++) {
        const char *dot = start < path.len ? memchr(path.ptr + start, '.', path.len - start) : NULL;
        size_t end = dot != NULL ? (size_t)(dot - path.ptr) : path.len;
        alees_rc rc = ALEES_OK;
        if (steps == MOST_STEPS) {
            return bad(ctx, "goes too deep",
                       arena_printf(ctx->arena, "names %s: at most %d references one behind another",
                                    engine_value_quote(ctx->arena, path), MOST_STEPS));
        }
        if (expand != NULL) { /* one step further */
            rc = engine_view_readers(ctx, expand->view->r, NULL, &own);
            in.view = expand->view;
            in.rights = &own;
        }
        rc = rc == ALEES_OK ? step(&in, (alees_str){path.ptr + start, end - start}, &expand) : rc;
        if (rc != ALEES_OK) {
            return rc;
        }
        start = end + 1;
    }
    ASSERT(expand != NULL); /* a path has one step at least */
    if (expand->is_named) {
        return bad(ctx, "names a path twice",
                   arena_printf(ctx->arena, "names %s twice", engine_value_quote(ctx->arena, path)));
    }
    expand->is_named = true;
    return ALEES_OK;
}

alees_rc engine_expand_read(alees_ctx *ctx, alees_str text, struct engine_view_rights *rights,
                            const struct engine_view **view) {
    struct engine_view *own = NULL;
    uint32_t count = 0;
    alees_str path;
    alees_rc rc = copy_view(ctx, *view, &own);
    for (size_t at = 0; rc == ALEES_OK && engine_view_next_word(text, &at, &path); count++) {
        if (path.len == 0) {
            rc = bad(ctx, "must be names of references, separated by commas", (alees_str){NULL, 0});
        } else if (count == ENGINE_MAX_PATHS) {
            rc = bad(ctx, "names too many paths",
                     arena_printf(ctx->arena, "names more than %d paths", ENGINE_MAX_PATHS));
        } else {
            rc = read_path(ctx, path, own, rights);
        }
    }
    if (rc == ALEES_OK) {
        *view = own;
    }
    return rc;
}

/* ---- the rows ---- */

static int compare(const void *a, const void *b) {
    return alees_id_compare(a, b);
}

/* The ids that the caller may read, in order, each once. */
static alees_rc collect(const struct engine_answer *a, const struct resource_field *f, struct engine_found *found) {
    uint32_t place = a->view->places[f - a->view->r->fields], count = 0;
    size_t most = 0;
    alees_id id;
    for (uint32_t row = 0; row < a->count; row++) {
        most += store_rows_text(a->rows, row, place).len / 36;
    }
    found->ids = ARENA_ARRAY(a->ctx->arena, alees_id, most);
    if (found->ids == NULL) {
        return engine_value_nomem(&a->ctx->problem);
    }
    for (uint32_t row = 0; row < a->count; row++) {
        alees_str text = store_rows_text(a->rows, row, place);
        for (size_t at = 0; engine_answer_may(a, row, f) && engine_place_next(text, &at, &id);) {
            ASSERT(count < most);
            found->ids[count++] = id;
        }
    }
    if (count > 0) {
        qsort(found->ids, count, sizeof found->ids[0], compare);
        found->count = 1;
    }
    for (uint32_t i = 1; i < count; i++) {
        if (alees_id_compare(&found->ids[i], &found->ids[found->count - 1]) != 0) {
            found->ids[found->count++] = found->ids[i];
        }
    }
    if (found->count > MOST_ROWS) {
        return bad(a->ctx, "names too many rows",
                   arena_printf(a->ctx->arena, "names more than %d rows by \"%s\"; ask for fewer rows at once",
                                MOST_ROWS, f->decl->name));
    }
    return ALEES_OK;
}

static alees_str list_of(struct arena *arena, const struct engine_found *found) {
    struct str s;
    str_init(&s, arena, (size_t)found->count * 37 + 2);
    for (uint32_t i = 0; i < found->count; i++) {
        str_putc(&s, i > 0 ? ',' : '{');
        str_id(&s, &found->ids[i]);
    }
    str_putc(&s, '}');
    return str_done(&s);
}

static alees_rc read_rows(alees_ctx *ctx, const struct engine_view *view, const struct engine_place *place,
                          const struct engine_found *found, alees_rows **ret_rows) {
    const struct resource *target = view->r;
    struct engine_sql sql;
    struct store_call call;
    engine_sql_init(&sql, ctx->arena, 2);
    str_puts(&sql.text, "SELECT ");
    str_view(&sql.text, view->selected);
    str_puts(&sql.text, " FROM ");
    str_view(&sql.text, target->shapes->table);
    str_puts(&sql.text, " WHERE \"id\" = ANY(");
    engine_sql_value(&sql, list_of(ctx->arena, found), "uuid[]");
    str_putc(&sql.text, ')');
    (void)engine_sql_life(&sql, " AND ", target, place->life);
    engine_sql_whole(&sql, " AND ", target);
    if (target->scope_column != NULL && place->reach != ENGINE_EVERYWHERE && !lock_host_is_off()) {
        str_puts(&sql.text, " AND ");
        engine_sql_scope(&sql, target, place->ids, place->is_shared);
    } else if (place->reach == ENGINE_EVERYWHERE && place->is_owned) {
        str_puts(&sql.text, " AND ");
        engine_sql_owned(&sql, target);
    }
    call = (struct store_call){engine_sql_statement(ctx->app->store, target, &sql), sql.params};
    if (call.statement == NULL) {
        return engine_value_nomem(&ctx->problem);
    }
    return (found->count > MANY_ROWS ? store_run_slow : store_run)(ctx, &place->scope, &call, 1, ret_rows, NULL);
}

static uint32_t find_id(const struct engine_found *found, const alees_id *id) {
    const alees_id *at = found->count > 0 ? bsearch(id, found->ids, found->count, sizeof *id, compare) : NULL;
    return at != NULL ? (uint32_t)(at - found->ids) : UINT32_MAX;
}

/* A part is seen where the owner's list of them may be read. */
static alees_rc may_see(struct engine_found *found, const struct engine_view *view, const alees_rows *rows,
                        uint32_t row, bool *ret_may) {
    const struct resource_field *f = resource_field(view->r, STR_LIT("organization"));
    alees_id organization;
    *ret_may = true;
    if (view->r->owner == NULL || f == NULL) {
        return ALEES_OK;
    }
    if (alees_id_parse(store_rows_text(rows, row, view->places[f - view->r->fields]), &organization) != ALEES_OK) {
        return ALEES_E_INTERNAL;
    }
    return engine_owner_may_use(&found->fields, &organization, ret_may);
}

static alees_rc match(alees_ctx *ctx, struct engine_found *found, const struct engine_view *view,
                      const alees_rows *rows) {
    alees_rc rc = ALEES_OK;
    found->rows = ARENA_ARRAY(ctx->arena, uint32_t, found->count);
    if (found->rows == NULL) {
        return engine_value_nomem(&ctx->problem);
    }
    memset(found->rows, 0xFF, found->count * sizeof found->rows[0]);
    for (uint32_t row = 0; rows != NULL && row < store_rows_count(rows) && rc == ALEES_OK; row++) {
        uint32_t at = UINT32_MAX;
        bool may = false;
        alees_id id;
        if (alees_id_parse(store_rows_text(rows, row, view->places[ENGINE_ID]), &id) == ALEES_OK) {
            at = find_id(found, &id);
        }
        rc = may_see(found, view, rows, row, &may);
        if (at != UINT32_MAX && may) {
            found->rows[at] = row;
        }
    }
    return rc;
}

/* All that one reference names, and what these rows name in turn. */
static alees_rc run(const struct engine_answer *a, const struct engine_expand *expand, struct engine_found *found) {
    const struct resource *target = expand->view->r;
    const struct alees_organizations *where = NULL;
    alees_ctx *ctx = a->ctx;
    struct engine_place place;
    alees_rows *rows = NULL;
    alees_rc rc = collect(a, expand->field, found);
    if (rc != ALEES_OK || found->count == 0) {
        return rc;
    }
    if (target->scope_column != NULL && !ctx->is_all) {
        rc = engine_place_holds(ctx, target, target->view, &where);
    }
    rc = rc == ALEES_OK ? engine_place_of(ctx, target, where, true, &place) : rc;
    rc = rc == ALEES_OK ? engine_fields_open(ctx, target, target->view, &found->fields) : rc;
    found->fields.is_there = true;
    if (rc == ALEES_OK && place.reach != ENGINE_NOWHERE) {
        rc = read_rows(ctx, expand->view, &place, found, &rows);
    }
    rc = rc == ALEES_OK ? match(ctx, found, expand->view, rows) : rc;
    if (rc != ALEES_OK) {
        return rc;
    }
    rc = engine_answer_open(ctx, expand->view, &found->fields, rows, rows != NULL ? store_rows_count(rows) : 0,
                            &found->answer);
    return rc == ALEES_OK ? engine_answer_judge(&found->answer) : rc;
}

alees_rc engine_expand_run(struct engine_answer *a) {
    struct engine_found *found = ARENA_ARRAY(a->ctx->arena, struct engine_found, a->view->expand_count);
    alees_rc rc = ALEES_OK;
    if (found == NULL) {
        return engine_value_nomem(&a->ctx->problem);
    }
    for (uint32_t i = 0; i < a->view->expand_count && rc == ALEES_OK; i++) {
        rc = run(a, &a->view->expands[i], &found[i]);
    }
    a->found = found;
    return rc;
}

/* ---- showing them ---- */

static void put_row(const struct engine_found *found, const alees_id *id, struct str *out) {
    uint32_t at = find_id(found, id);
    if (at != UINT32_MAX && found->rows[at] != UINT32_MAX) {
        engine_answer_put(&found->answer, found->rows[at], out);
        return;
    }
    str_puts(out, "{\"id\":\"");
    str_id(out, id);
    str_puts(out, "\"}");
}

void engine_expand_write(const struct engine_answer *a, const struct engine_column *column, alees_str text,
                         struct str *out) {
    const struct engine_found *found = &a->found[column->slot];
    bool is_list = column->field->decl->type == ALEES_REFERENCES;
    bool is_first = true;
    alees_id id;
    if (text.ptr == NULL) {
        str_puts(out, "null");
        return;
    }
    str_puts(out, is_list ? "[" : "");
    for (size_t at = 0; engine_place_next(text, &at, &id); is_first = false) {
        str_puts(out, is_first ? "" : ",");
        put_row(found, &id, out);
    }
    str_puts(out, is_list ? "]" : "");
}
