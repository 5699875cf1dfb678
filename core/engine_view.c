/* SPDX-License-Identifier: MIT
 * engine_view.c - fields=id,name: which columns of a row are read, and which of them are shown. For expand= see
 * engine_expand.c.
 *
 * A view is first laid over rows that are read whole, as those of writes are; for a statement that selects by itself it is
 * narrowed to the columns that are shown and those that the engine cannot do without. Columns always stand in the order of
 * the resource, so that one set of fields is one statement, however it was written down. */
#include "engine_parts.h"

#include <string.h>

static alees_rc bad(alees_ctx *ctx, const char *fault, alees_str why) {
    fault = why.ptr != NULL ? why.ptr : fault;
    problem_add(&ctx->problem, STR_LIT("fields"), "bad_parameter", "%s", fault);
    return problem_set(&ctx->problem, PROBLEM_BAD_PARAMETER, "The parameter fields %s", fault);
}

/* ---- who may ask for what ---- */

alees_rc engine_view_readers(alees_ctx *ctx, const struct resource *r, const struct engine_query *q,
                             struct engine_view_rights *ret_rights) {
    struct engine_view_rights rights = {.where = ctx->where};
    alees_rc rc = ALEES_OK;
    if (q != NULL) {
        rights.fields = *q->fields;
        rights.organization = q->has_organization ? &q->organization : NULL;
    } else {
        rc = engine_fields_open(ctx, r, r->view, &rights.fields);
        if (rc == ALEES_OK && !rights.fields.is_all) {
            rc = engine_place_holds(ctx, r, r->view, &rights.where);
        }
    }
    if (rc == ALEES_OK) {
        *ret_rights = rights;
    }
    return rc;
}

/* One's own rows among those of several, and rows that everybody sees, are shown whole; and where there is nothing to see
 * there is nothing to hide. */
static bool has_whole_rows(const alees_ctx *ctx, const struct resource *r, const struct engine_view_rights *rights) {
    const struct alees_organizations *where = rights->where;
    bool is_person = ctx->who != NULL && (ctx->who->flags & ALEES_API_KEY) == 0;
    if (where == NULL || (where->all != 1 && where->count == 0) ||
        (rights->organization != NULL && !engine_place_has(where, rights->organization))) {
        return true;
    }
    return (r->decl->scope == ALEES_SCOPE_SEVERAL && is_person && engine_place_has(where, &ctx->who->id)) ||
           (resource_is_shared(r) && rights->organization == NULL);
}

alees_rc engine_view_may_read(alees_ctx *ctx, struct engine_view_rights *rights, const struct resource_field *f,
                              bool *ret_may) {
    const struct resource *r = rights->fields.r;
    const struct alees_organizations *where = rights->where;
    uint32_t at = (uint32_t)(f - r->fields);
    if ((f->decl->flags & ALEES_WRITE_ONLY) != 0) {
        *ret_may = false;
        return ALEES_OK;
    }
    *ret_may = rights->fields.is_all || rights->fields.everywhere[at] || has_whole_rows(ctx, r, rights);
    for (uint32_t i = 0; !*ret_may && i < where->count; i++) {
        const bool *may = NULL;
        alees_rc rc;
        if (rights->organization != NULL && alees_id_compare(rights->organization, &where->ids[i]) != 0) {
            continue;
        }
        rc = engine_fields_in(&rights->fields, &where->ids[i], &may);
        if (rc != ALEES_OK) {
            return rc;
        }
        *ret_may = may == NULL || may[at];
    }
    return ALEES_OK;
}

const char *engine_view_nearest(alees_ctx *ctx, const struct engine_view_rights *rights, alees_str name,
                                bool is_expanded) {
    const struct resource *r = rights->fields.r;
    const bool *may = rights->fields.everywhere;
    const char **names = ARENA_ARRAY(ctx->arena, const char *, r->field_count);
    uint32_t count = 0;
    for (uint32_t i = 0; names != NULL && i < r->field_count; i++) {
        bool is_wanted = (r->fields[i].decl->flags & ALEES_WRITE_ONLY) == 0 &&
                         (!is_expanded || engine_expand_is_possible(&r->fields[i]));
        if (is_wanted && (may == NULL || may[i])) {
            names[count++] = r->fields[i].decl->name;
        }
    }
    return names != NULL ? engine_value_nearest(ctx->arena, name, names, count) : "";
}

/* ---- fields= ---- */

/* shown: as r->fields. */
static alees_rc read_name(alees_ctx *ctx, struct engine_view_rights *rights, const struct engine_view *view,
                          alees_str name, bool *shown) {
    const struct resource *r = rights->fields.r;
    const struct resource_field *f = resource_field(r, name);
    bool may = false;
    alees_rc rc = f != NULL ? engine_view_may_read(ctx, rights, f, &may) : ALEES_OK;
    if (rc != ALEES_OK) {
        return rc;
    }
    if (!may) {
        return bad(ctx, "names a field that does not exist",
                   arena_printf(ctx->arena, "names %s, which is no field%s", engine_value_quote(ctx->arena, name),
                                engine_view_nearest(ctx, rights, name, false)));
    }
    if (f->is_deletion && view->places[f - r->fields] == UINT32_MAX) {
        return bad(ctx, "names a field of deleted rows; add ?deleted=true", (alees_str){NULL, 0});
    }
    if (shown[f - r->fields]) {
        return bad(ctx, "names a field twice", arena_printf(ctx->arena, "names \"%s\" twice", f->decl->name));
    }
    shown[f - r->fields] = true;
    return ALEES_OK;
}

bool engine_view_next_word(alees_str text, size_t *at, alees_str *ret_word) {
    const char *comma;
    if (*at > text.len) {
        return false;
    }
    comma = *at < text.len ? memchr(text.ptr + *at, ',', text.len - *at) : NULL;
    *ret_word = (alees_str){text.ptr + *at, comma != NULL ? (size_t)(comma - text.ptr) - *at : text.len - *at};
    *at += ret_word->len + 1;
    return true;
}

/* Only the columns of those fields, still over rows that are read whole. */
static alees_rc choose(alees_ctx *ctx, const struct engine_view *all, const bool *shown,
                       const struct engine_view **ret_view) {
    struct engine_view *view = ARENA_NEW(ctx->arena, struct engine_view);
    struct engine_column *columns = ARENA_ARRAY(ctx->arena, struct engine_column, all->column_count);
    if (view == NULL || columns == NULL) {
        return engine_value_nomem(&ctx->problem);
    }
    *view = *all;
    view->columns = columns;
    view->column_count = 0;
    view->has_computed = view->has_nested = false;
    for (uint32_t i = 0; i < all->column_count; i++) {
        if (shown[all->columns[i].field - all->r->fields]) {
            columns[view->column_count++] = all->columns[i];
            view->has_computed = view->has_computed || all->columns[i].kind == ENGINE_COMPUTED;
            view->has_nested = view->has_nested || all->columns[i].kind == ENGINE_NESTED;
        }
    }
    view->has_nested = all->has_nested && (view->has_nested || view->has_computed);
    *ret_view = view;
    return ALEES_OK;
}

static alees_rc read_fields(alees_ctx *ctx, struct engine_view_rights *rights, alees_str text,
                            const struct engine_view **view) {
    bool *shown = ARENA_ARRAY(ctx->arena, bool, rights->fields.r->field_count);
    alees_rc rc = shown != NULL ? ALEES_OK : engine_value_nomem(&ctx->problem);
    alees_str name;
    for (size_t at = 0; rc == ALEES_OK && engine_view_next_word(text, &at, &name);) {
        rc = name.len > 0 ? read_name(ctx, rights, *view, name, shown)
                          : bad(ctx, "must be names of fields, separated by commas", (alees_str){NULL, 0});
    }
    return rc == ALEES_OK ? choose(ctx, *view, shown, view) : rc;
}

alees_rc engine_view_read(alees_ctx *ctx, const struct resource *r, const struct engine_query *q,
                          const struct engine_view **ret_view) {
    const struct engine_view *view = engine_deleted_is_asked(ctx, r) ? &r->shapes->deleted : &r->shapes->all;
    struct engine_view_rights rights;
    alees_str fields = {NULL, 0}, expand = {NULL, 0};
    alees_rc rc = ALEES_OK;
    if (ctx->parameter_count > 0) {
        fields = ctx_parameter(ctx, "fields");
        expand = ctx_parameter(ctx, "expand");
    }
    if (fields.ptr != NULL || expand.ptr != NULL) {
        rc = engine_view_readers(ctx, r, q, &rights);
    }
    if (rc == ALEES_OK && fields.ptr != NULL) {
        rc = read_fields(ctx, &rights, fields, &view);
    }
    if (rc == ALEES_OK && expand.ptr != NULL) {
        rc = engine_expand_read(ctx, expand, &rights, &view);
    }
    if (rc == ALEES_OK) {
        *ret_view = view;
    }
    return rc;
}

/* ---- what is selected ---- */

/* Not shown, but: cursors, entity tags and the rights to fields are made from it. */
static bool is_needed(const struct engine_query *q, const struct resource_field *f) {
    if (f->is_standard && (strcmp(f->decl->name, "id") == 0 || strcmp(f->decl->name, "organization") == 0)) {
        return true;
    }
    for (uint32_t i = 0; q != NULL && i < q->key_count; i++) {
        if (q->keys[i].field == f) {
            return true;
        }
    }
    return false;
}

static void select_column(struct engine_view *view, struct str *selected, struct str *plain, uint32_t field) {
    str_puts(selected, view->version > 0 ? ", " : "");
    engine_sql_put_selected(selected, view->r->shapes, field, false);
    if (view->has_nested) {
        str_puts(plain, view->version > 0 ? ", " : "");
        engine_sql_put_selected(plain, view->r->shapes, field, true);
    }
    view->places[field] = view->version++;
}

static alees_rc narrow(alees_ctx *ctx, const struct engine_query *q, struct engine_view *view) {
    const struct resource *r = view->r;
    struct str selected, plain;
    str_init(&selected, ctx->arena, 256);
    str_init(&plain, ctx->arena, view->has_nested ? 256 : 0);
    view->places = ARENA_ARRAY(ctx->arena, uint32_t, r->field_count);
    view->version = 0;
    if (view->places == NULL) {
        return engine_value_nomem(&ctx->problem);
    }
    memset(view->places, 0xFF, r->field_count * sizeof *view->places);
    for (uint32_t i = 0; i < view->column_count; i++) {
        view->columns[i].place = view->version;
        select_column(view, &selected, &plain, (uint32_t)(view->columns[i].field - r->fields));
    }
    for (uint32_t i = 0; i < r->field_count; i++) {
        if (view->places[i] == UINT32_MAX && is_needed(q, &r->fields[i])) {
            select_column(view, &selected, &plain, i);
        }
    }
    view->scope = view->version;
    if (r->decl->scope == ALEES_SCOPE_SEVERAL) {
        str_puts(&selected, ", ");
        str_ident(&selected, r->scope_column);
        view->version++;
    }
    view->selected = str_done(&selected);
    view->plain = view->has_nested ? str_done(&plain) : view->selected;
    return view->selected.ptr != NULL && view->plain.ptr != NULL ? ALEES_OK : engine_value_nomem(&ctx->problem);
}

alees_rc engine_view_narrow(alees_ctx *ctx, const struct engine_query *q, const struct engine_view **view) {
    struct engine_view *own;
    alees_rc rc;
    const struct engine_shapes *shapes = (*view)->r->shapes;
    if ((*view)->column_count == shapes->all.column_count || (*view)->column_count == shapes->deleted.column_count ||
        (*view)->has_computed) {
        return ALEES_OK; /* all of them; or what they are computed from, which only the hook knows */
    }
    own = ARENA_NEW(ctx->arena, struct engine_view); /* the caller's may be shared: its columns are not changed */
    if (own == NULL) {
        return engine_value_nomem(&ctx->problem);
    }
    *own = **view;
    own->columns = ARENA_ARRAY(ctx->arena, struct engine_column, own->column_count);
    if (own->columns == NULL) {
        return engine_value_nomem(&ctx->problem);
    }
    memcpy(own->columns, (*view)->columns, own->column_count * sizeof *own->columns);
    rc = narrow(ctx, q, own);
    if (rc == ALEES_OK) {
        *view = own;
    }
    return rc;
}
