/* SPDX-License-Identifier: MIT
 * engine_shapes.c - what the boot works out for each resource: the columns to read, in order, with the JSON text before
 * each; values for fields that are not sent; and the statements that can be prepared before anybody asks. */
#include "engine_nested.h"

#include <stdio.h>
#include <string.h>

static alees_str quoted_table(struct arena *arena, const char *name) {
    struct str s;
    str_init(&s, arena, 64);
    engine_sql_put_table(&s, name);
    return str_done(&s);
}

/* The standard fields that stand behind the declared ones in an answer; id and organization stand before them. */
static bool is_trailer(const struct resource_field *f) {
    return f->is_standard && strcmp(f->decl->name, "id") != 0 && strcmp(f->decl->name, "organization") != 0;
}

struct selecting {
    struct str selected, plain;
};

static void add_column(const struct engine_shapes *shapes, struct engine_view *view, uint32_t field,
                       struct arena *arena, struct selecting *out) {
    struct engine_column *column = &view->columns[view->column_count];
    const struct resource_field *f = &view->r->fields[field];
    struct str key;
    str_init(&key, arena, 32);
    str_putc(&key, ',');
    str_json(&key, alees_text(f->decl->name));
    str_putc(&key, ':');
    column->field = f;
    column->key = str_done(&key);
    view->column_count++;
    if (resource_field_is_computed(f)) {
        column->kind = ENGINE_COMPUTED;
        column->place = UINT32_MAX;
        column->slot = shapes->slots[field];
        view->has_computed = true;
        return;
    }
    if (f->decl->type == ALEES_PARTS) {
        column->kind = ENGINE_NESTED;
        view->has_nested = true;
    }
    str_puts(&out->selected, view->version > 0 ? ", " : "");
    str_puts(&out->plain, view->version > 0 ? ", " : "");
    engine_sql_put_selected(&out->selected, shapes, field, false);
    engine_sql_put_selected(&out->plain, shapes, field, true);
    column->place = view->places[field] = view->version++;
}

static void add_columns(const struct engine_shapes *shapes, struct engine_view *view, struct arena *arena) {
    const struct resource *r = view->r;
    struct selecting out;
    str_init(&out.selected, arena, 256);
    str_init(&out.plain, arena, 256);
    for (uint32_t pass = 0; pass < 2; pass++) {
        for (uint32_t i = 0; i < r->field_count; i++) {
            const struct resource_field *f = &r->fields[i];
            if (is_trailer(f) != (pass == 1)) {
                continue;
            }
            view->places[i] = UINT32_MAX;
            if ((f->decl->flags & ALEES_WRITE_ONLY) == 0 && (!f->is_deletion || view == &shapes->deleted)) {
                add_column(shapes, view, i, arena, &out);
            }
        }
    }
    view->scope = view->version;
    if (r->decl->scope == ALEES_SCOPE_SEVERAL) {
        str_puts(&out.selected, ", ");
        str_ident(&out.selected, r->scope_column);
        view->version++;
    }
    view->selected = str_done(&out.selected);
    view->plain = view->has_nested ? str_done(&out.plain) : view->selected;
}

/* Declared defaults become values once. */
static alees_rc read_fallbacks(struct arena *arena, const struct resource *r, FILE *errors,
                               struct engine_shapes *shapes) {
    alees_rc result = ALEES_OK;
    for (uint32_t i = 0; i < r->field_count; i++) {
        const struct alees_field *decl = r->fields[i].decl;
        struct problem problem;
        alees_json *value;
        alees_rc rc;
        if (decl->fallback == NULL || r->fields[i].is_standard) {
            continue;
        }
        problem_init(&problem, arena);
        rc = jx_parse(arena, &problem, alees_text(decl->fallback), &value);
        if (rc == ALEES_OK) {
            rc = engine_value_json(arena, &problem, decl, STR_LIT(""), value, &shapes->fallbacks[i]);
        }
        if (rc != ALEES_OK) {
            alees_str why = problem.items != NULL ? problem.items->detail : STR_LIT("is not valid JSON");
            (void)fprintf(errors, "resource %s: field %s: the fallback %s %.*s\n", r->full_name, decl->name,
                          decl->fallback, STR_FMT(why));
            result = ALEES_E_INVALID;
        }
    }
    return result;
}

/* A value to sort by goes into cursors, and these into addresses. */
static alees_rc check_sort_fields(const struct resource *r, FILE *errors) {
    alees_rc result = ALEES_OK;
    for (uint32_t i = 0; i < r->field_count; i++) {
        const struct alees_field *f = r->fields[i].decl;
        if ((f->flags & ALEES_SORT) == 0) {
            continue;
        }
        if (f->type == ALEES_JSON || f->type == ALEES_TAGS || f->type == ALEES_REFERENCES ||
            (f->flags & ALEES_WRITE_ONLY) != 0 ||
            (f->type == ALEES_TEXT && (f->max <= 0 || f->max > ENGINE_MAX_SORT_TEXT))) {
            (void)fprintf(errors,
                          "resource %s: field %s cannot be sorted by: declare a text with at most %d characters, "
                          "or another type than JSON, TAGS and REFERENCES, that is not write-only\n",
                          r->full_name, f->name, ENGINE_MAX_SORT_TEXT);
            result = ALEES_E_INVALID;
        }
    }
    return result;
}

static bool add_nested(struct arena *arena, struct engine_shapes *shapes) {
    const struct resource *r = shapes->all.r;
    for (uint32_t i = 0; shapes->nested != NULL && i < r->field_count; i++) {
        if (r->fields[i].decl->type == ALEES_PARTS) {
            shapes->nested[i] = engine_nested_shape_new(arena, &r->fields[i]);
            if (shapes->nested[i] == NULL) {
                return false;
            }
        }
    }
    return shapes->nested != NULL;
}

static struct engine_view new_view(struct arena *arena, const struct resource *r) {
    return (struct engine_view){.r = r,
                                .columns = ARENA_ARRAY(arena, struct engine_column, r->field_count),
                                .places = ARENA_ARRAY(arena, uint32_t, r->field_count)};
}

alees_rc engine_shapes_new(struct arena *arena, const struct resource *r, FILE *errors,
                           struct engine_shapes **ret_shapes) {
    struct engine_shapes *shapes = ARENA_NEW(arena, struct engine_shapes);
    const char *fault = NULL;
    alees_rc rc;
    if (shapes == NULL) {
        return ALEES_E_NOMEM;
    }
    shapes->all = new_view(arena, r);
    shapes->deleted = new_view(arena, r);
    shapes->fallbacks = ARENA_ARRAY(arena, alees_str, r->field_count);
    shapes->slots = ARENA_ARRAY(arena, uint32_t, r->field_count);
    shapes->nested = ARENA_ARRAY(arena, const struct engine_nested_shape *, r->field_count);
    shapes->table = quoted_table(arena, r->decl->table);
    for (uint32_t i = 0; shapes->slots != NULL && i < r->field_count; i++) {
        shapes->slots[i] = shapes->computed_count;
        shapes->computed_count += resource_field_is_computed(&r->fields[i]);
    }
    if (shapes->slots == NULL || shapes->deleted.columns == NULL || shapes->deleted.places == NULL ||
        shapes->fallbacks == NULL || shapes->table.ptr == NULL || !add_nested(arena, shapes) ||
        arena_is_exhausted(arena)) {
        return ALEES_E_NOMEM;
    }
    add_columns(shapes, &shapes->all, arena);
    add_columns(shapes, &shapes->deleted, arena);
    rc = read_fallbacks(arena, r, errors, shapes);
    if (check_sort_fields(r, errors) != ALEES_OK) {
        rc = ALEES_E_INVALID;
    }
    if (!engine_query_order(arena, r, NULL, alees_text(r->decl->order), shapes->order, &shapes->order_count, &fault)) {
        (void)fprintf(errors, "resource %s: the default ordering %s\n", r->full_name, fault);
        rc = ALEES_E_INVALID;
    }
    if (shapes->all.selected.ptr == NULL || shapes->all.plain.ptr == NULL || arena_is_exhausted(arena)) {
        rc = ALEES_E_NOMEM;
    }
    if (rc == ALEES_OK) {
        *ret_shapes = shapes;
    }
    return rc;
}

/* Texts that are the same for every request. is_all: without the organizations. */
enum text { GET, LOCATE, LOCK, DELETE, INSERT, UPDATE, LIST_ONE, LIST_SEVERAL, MARK, RESTORE, TEXTS };

/* Writes one of them with empty values: only the text counts. All fields are written, so that preparing finds any that
 * the table does not have. */
static void put_text(const struct app *app, struct engine_sql *sql, const struct resource *r, enum text which,
                     bool is_all, const struct engine_cell *cells) {
    static const alees_str empty = {"", 0}, absent = {NULL, 0};
    const struct engine_target target = {.id = empty,
                                         .user = empty,
                                         .organizations = is_all ? absent : empty,
                                         .life = which == RESTORE ? ENGINE_DELETED : ENGINE_LIVE};
    struct engine_place place = {.ids = empty, .id = empty, .is_shared = resource_is_shared(r)};
    struct engine_query query = {.key_count = r->shapes->order_count, .page_size = engine_query_page_size(app)};
    memcpy(query.keys, r->shapes->order, sizeof query.keys);
    switch (which) {
    case GET: engine_sql_get(sql, &r->shapes->all, &target); break;
    case LOCATE: engine_sql_locate(sql, r, &target); break;
    case LOCK: engine_sql_lock(sql, r, &target); break;
    case DELETE: engine_sql_delete(sql, r, &target); break;
    case INSERT: engine_sql_insert(sql, r, cells, &target); break;
    case UPDATE: engine_sql_update(sql, r, cells, &target); break;
    case LIST_ONE:
    case LIST_SEVERAL:
        place.reach = is_all ? ENGINE_EVERYWHERE : which == LIST_ONE ? ENGINE_ONE : ENGINE_SEVERAL;
        place.is_shared = place.is_shared && place.reach == ENGINE_SEVERAL;
        engine_select_sql(r, &query, &place, sql);
        break;
    case MARK:
    case RESTORE: engine_sql_mark_one(sql, r, &target, which == RESTORE); break;
    case TEXTS: break;
    }
}

static alees_rc register_texts(struct app *app, struct resource *r) {
    struct engine_cell *cells = ARENA_ARRAY(app->arena, struct engine_cell, r->field_count);
    for (uint32_t i = 0; cells != NULL && i < r->field_count; i++) {
        cells[i].is_written = !r->fields[i].is_standard && resource_field_is_stored(&r->fields[i]);
        cells[i].value = STR_LIT("");
    }
    for (uint32_t which = 0; which < TEXTS; which++) {
        if (which == LOCK && r->decl->before_write == NULL && (r->decl->flags & ALEES_RESOURCE_NO_CHANGE) != 0) {
            continue;
        }
        if ((which == MARK || which == RESTORE) && !resource_is_soft(r)) {
            continue;
        }
        for (uint32_t is_all = 0; is_all < 2; is_all++) {
            struct engine_sql sql;
            const struct statement *statement;
            if (cells == NULL) {
                return ALEES_E_NOMEM;
            }
            engine_sql_init(&sql, app->arena, r->field_count + ENGINE_MAX_KEYS + 4);
            put_text(app, &sql, r, (enum text)which, is_all == 1, cells);
            statement = engine_sql_at_boot(app->store, r, &sql);
            if (statement == NULL) {
                return ALEES_E_NOMEM;
            }
            if (which == GET) {
                r->shapes->get[is_all] = statement;
            } else if (which == LOCATE) {
                r->shapes->locate[is_all] = statement;
            }
        }
    }
    return ALEES_OK;
}

alees_rc engine_prepare(struct app *app, FILE *errors) {
    alees_rc result = ALEES_OK;
    for (uint32_t i = 0; i < app->catalogue.resource_count; i++) {
        struct resource *r = app->catalogue.resources[i];
        alees_rc rc = engine_shapes_new(app->arena, r, errors, &r->shapes);
        rc = rc == ALEES_OK ? register_texts(app, r) : rc;
        if (rc == ALEES_E_NOMEM) {
            (void)fprintf(errors, "engine: out of memory\n");
            return rc;
        }
        result = rc != ALEES_OK ? rc : result;
    }
    return result;
}
