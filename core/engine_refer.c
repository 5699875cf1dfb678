/* SPDX-License-Identifier: MIT
 * engine_refer.c - may a row point at those that the client names? A row that the caller may not view, or that belongs to
 * another organization than the one that shall point at it, looks like one that does not exist.
 *
 * Where both rows have an organization a foreign key holds it, and PostgreSQL does this by itself. It cannot where one of
 * them need not have any, where rows belong to users, for lists, of which it keeps no keys, and for weak references, which
 * have none: there the host looks first, in one statement. Organizations themselves are known to the provider. */
#include "engine_batch.h"

#include <string.h>

#include "lock.h"

static bool is_kept_by_key(const struct resource *r, const struct resource_field *f) {
    const struct resource *target = f->target;
    if (f->decl->type == ALEES_REFERENCES || (f->decl->flags & ALEES_WEAK) != 0) {
        return false;
    }
    return target->decl->scope == ALEES_SCOPE_GLOBAL ||
           (r->decl->scope == ALEES_SCOPE_ORGANIZATION && target->decl->scope == ALEES_SCOPE_ORGANIZATION &&
            !resource_is_optional(r) && !resource_is_optional(target));
}

/* Of rows that are organizations; the one that a create was judged by is right already. */
static alees_rc ask_provider(alees_change *change, const struct resource_field *f, alees_str ids, bool *ret_may) {
    bool may = true;
    alees_id id;
    for (size_t at = 0; may && f != change->resource->parent && engine_place_next(ids, &at, &id);) {
        alees_rc rc = engine_place_may_refer(change->ctx, f->target, &id, &may);
        if (rc != ALEES_OK) {
            return rc;
        }
    }
    *ret_may = may;
    return ALEES_OK;
}

/* Which organization shall the rows be of? Absent: that of a row of none. *ret_is_known false: it does not matter, or the
 * row that shall point at them is not seen, and the write will say so. */
static alees_rc find_organization(alees_change *change, alees_str *ret_text, bool *ret_is_known) {
    static const alees_id none;
    const struct resource *r = change->resource;
    const struct alees_organizations *view = NULL;
    alees_ctx *ctx = change->ctx;
    struct engine_place place;
    alees_str version;
    char text[37];
    alees_rc rc;
    *ret_text = (alees_str){NULL, 0};
    *ret_is_known = true;
    if (change->action == ALEES_CREATE) {
        if (alees_id_compare(&change->organization, &none) != 0) {
            *ret_text = arena_str(ctx->arena, (alees_str){alees_id_format(&change->organization, text), 36});
            *ret_is_known = ret_text->ptr != NULL;
        }
        return *ret_is_known ? ALEES_OK : engine_value_nomem(&ctx->problem);
    }
    rc = engine_place_holds(ctx, r, r->view, &view);
    rc = rc == ALEES_OK ? engine_place_of(ctx, r, view, true, &place) : rc;
    rc = rc == ALEES_OK ? engine_read_locate(ctx, r, &place, &change->id, ret_text, &version) : rc;
    *ret_is_known = rc == ALEES_OK && version.ptr != NULL;
    return rc;
}

void engine_refer_refuse(alees_ctx *ctx, const struct resource_field *f) {
    problem_add(&ctx->problem, engine_value_pointer(ctx->arena, alees_text(f->decl->name)), "invalid_reference", "%s",
                f->decl->type == ALEES_REFERENCES ? "does not name rows that can be used here"
                                                  : "does not name a row that can be used here");
}

static void put_organization(struct engine_sql *sql, const struct resource *target, alees_str organization) {
    str_puts(&sql->text, " AND (");
    str_ident(&sql->text, target->scope_column);
    str_puts(&sql->text, " = ");
    engine_sql_value(sql, organization, "uuid");
    if (resource_is_optional(target)) { /* what belongs to none may be pointed at by all who see it */
        str_puts(&sql->text, " OR ");
        str_ident(&sql->text, target->scope_column);
        str_puts(&sql->text, " IS NULL");
    }
    str_putc(&sql->text, ')');
}

static void put_place(struct engine_sql *sql, const struct resource *target, const struct engine_place *place) {
    (void)engine_sql_life(sql, " AND ", target, place->life);
    engine_sql_whole(sql, " AND ", target);
    if (place->reach != ENGINE_EVERYWHERE && !lock_host_is_off()) {
        str_puts(&sql->text, " AND ");
        engine_sql_scope(sql, target, place->ids, place->is_shared);
    } else if (place->reach == ENGINE_EVERYWHERE && place->is_owned) {
        str_puts(&sql->text, " AND ");
        engine_sql_owned(sql, target);
    }
}

/* An organization can only point at rows of its own. */
static bool is_inside_one(const struct resource *r, const struct resource *target) {
    return (r->decl->scope == ALEES_SCOPE_ORGANIZATION || r->decl->scope == ALEES_SCOPE_SELF) &&
           target->decl->scope == ALEES_SCOPE_ORGANIZATION;
}

static alees_rc place_of_view(alees_ctx *ctx, const struct resource *target, struct engine_place *place) {
    const struct alees_organizations *view = NULL;
    alees_rc rc = target->scope_column != NULL ? engine_place_holds(ctx, target, target->view, &view) : ALEES_OK;
    return rc == ALEES_OK ? engine_place_of(ctx, target, view, true, place) : rc;
}

/* How many of them are there, as far as the caller sees? */
static alees_rc count_seen(alees_change *change, const struct resource *target, alees_str ids, int64_t *ret_count) {
    bool is_inside = is_inside_one(change->resource, target);
    alees_ctx *ctx = change->ctx;
    alees_str organization = {NULL, 0};
    struct engine_place place;
    struct engine_sql sql;
    alees_rows *rows = NULL;
    alees_rc rc = place_of_view(ctx, target, &place);
    if (rc == ALEES_OK && is_inside) {
        rc = find_organization(change, &organization, &is_inside);
    }
    if (rc != ALEES_OK || place.reach == ENGINE_NOWHERE) {
        *ret_count = 0;
        return rc;
    }
    engine_sql_init(&sql, ctx->arena, 3);
    str_puts(&sql.text, "SELECT count(*) FROM ");
    str_view(&sql.text, target->shapes->table);
    str_puts(&sql.text, " WHERE \"id\" = ANY(");
    engine_sql_value(&sql, ids, "uuid[]");
    str_putc(&sql.text, ')');
    put_place(&sql, target, &place);
    if (is_inside) {
        put_organization(&sql, target, organization);
    }
    rc = engine_sql_run(ctx, target, &place.scope, &sql, &rows, NULL);
    if (rc == ALEES_OK && !str_parse_i64(store_rows_text(rows, 0, 0), ret_count)) {
        rc = ALEES_E_INTERNAL;
    }
    return rc;
}

alees_rc engine_refer_check(alees_change *change, const struct resource_field *f, alees_str value, bool *ret_may) {
    int64_t wanted = 0, seen = 0;
    alees_str ids = value;
    alees_id id;
    alees_rc rc;
    for (size_t at = 0; engine_place_next(value, &at, &id);) {
        wanted++;
    }
    if (wanted == 0 || f->target == NULL) {
        *ret_may = wanted == 0 && f->decl->type == ALEES_REFERENCES;
        return ALEES_OK;
    }
    if (f->target->decl->scope == ALEES_SCOPE_SELF) {
        return ask_provider(change, f, value, ret_may);
    }
    if (is_kept_by_key(change->resource, f)) {
        *ret_may = true;
        return ALEES_OK;
    }
    if (f->decl->type == ALEES_REFERENCE) {
        ids = arena_printf(change->ctx->arena, "{%.*s}", STR_FMT(value));
        if (ids.ptr == NULL) {
            return engine_value_nomem(&change->ctx->problem);
        }
    }
    rc = count_seen(change, f->target, ids, &seen);
    *ret_may = rc == ALEES_OK && seen == wanted;
    return rc;
}

/* ---- many at once ---- */

static alees_str value_of(const alees_change *change, const struct resource_field *f) {
    if (f->is_custom) {
        return engine_custom_reference(change, f);
    }
    const struct engine_cell *cell = &change->cells[f - change->resource->fields];
    return cell->is_sent ? cell->value : (alees_str){NULL, 0};
}

/* Every id that one of them names, as uuid[]; absent: none. */
static alees_str collect(alees_change *const *changes, uint32_t count, const struct resource_field *f) {
    struct str ids;
    str_init(&ids, changes[0]->ctx->arena, (size_t)count * 40);
    str_putc(&ids, '{');
    for (uint32_t i = 0; i < count; i++) {
        alees_str value = value_of(changes[i], f);
        alees_id id;
        for (size_t at = 0; engine_place_next(value, &at, &id);) {
            str_puts(&ids, ids.len > 1 ? "," : "");
            str_id(&ids, &id);
        }
    }
    str_putc(&ids, '}');
    return ids.len > 2 ? str_done(&ids) : (alees_str){NULL, 0};
}

/* Which of them are there, as far as the caller sees? Rows of id and, is_inside, organization, by id. */
static alees_rc find_seen(alees_ctx *ctx, const struct resource *target, bool is_inside, alees_str ids,
                          alees_rows **ret_rows) {
    struct engine_place place;
    struct engine_sql sql;
    alees_rc rc = place_of_view(ctx, target, &place);
    if (rc != ALEES_OK || place.reach == ENGINE_NOWHERE) {
        return rc;
    }
    engine_sql_init(&sql, ctx->arena, 2);
    str_puts(&sql.text, "SELECT \"id\", ");
    if (is_inside) {
        str_ident(&sql.text, target->scope_column);
    } else {
        str_puts(&sql.text, "NULL");
    }
    str_puts(&sql.text, " FROM ");
    str_view(&sql.text, target->shapes->table);
    str_puts(&sql.text, " WHERE \"id\" = ANY(");
    engine_sql_value(&sql, ids, "uuid[]");
    str_putc(&sql.text, ')');
    put_place(&sql, target, &place);
    str_puts(&sql.text, " ORDER BY \"id\"");
    return engine_sql_run(ctx, target, &place.scope, &sql, ret_rows, NULL);
}

/* The row of that id; below 0: none. Ids are written so that their texts order as they do. */
static int64_t find_row(const alees_rows *rows, const alees_id *id) {
    uint32_t low = 0, high = rows != NULL ? store_rows_count(rows) : 0;
    char text[37];
    alees_id_format(id, text);
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        int order = memcmp(store_rows_text(rows, middle, 0).ptr, text, 36);
        if (order == 0) {
            return middle;
        }
        low = order < 0 ? middle + 1 : low;
        high = order < 0 ? high : middle;
    }
    return -1;
}

/* Is it a row of the organization, or, where the target allows that, of none? */
static bool is_of(const alees_rows *rows, uint32_t row, const alees_change *change, const struct resource *target) {
    static const alees_id none;
    alees_str text = store_rows_text(rows, row, 1);
    alees_id organization;
    if (text.ptr == NULL) {
        return resource_is_optional(target);
    }
    return alees_id_compare(&change->organization, &none) != 0 && alees_id_parse(text, &organization) == ALEES_OK &&
           alees_id_compare(&organization, &change->organization) == 0;
}

static bool is_all_there(const alees_rows *rows, const alees_change *change, const struct resource_field *f,
                         bool is_inside) {
    alees_id id;
    for (size_t at = 0; engine_place_next(value_of(change, f), &at, &id);) {
        int64_t row = find_row(rows, &id);
        if (row < 0 || (is_inside && !is_of(rows, (uint32_t)row, change, f->target))) {
            return false;
        }
    }
    return true;
}

static alees_rc check_each(alees_change *const *changes, uint32_t count, const struct resource_field *f, bool *may) {
    alees_rc rc = ALEES_OK;
    for (uint32_t i = 0; i < count && rc == ALEES_OK; i++) {
        alees_str value = value_of(changes[i], f);
        may[i] = true;
        if (value.ptr != NULL) {
            rc = engine_refer_check(changes[i], f, value, &may[i]);
        }
    }
    return rc;
}

alees_rc engine_refer_many(alees_change *const *changes, uint32_t count, const struct resource_field *f, bool *may) {
    const struct resource *r = count > 0 ? changes[0]->resource : NULL;
    alees_rows *rows = NULL;
    alees_rc rc = ALEES_OK;
    bool is_inside;
    alees_str ids;
    if (r == NULL) {
        return ALEES_OK;
    }
    if (f->target == NULL || f->target->decl->scope == ALEES_SCOPE_SELF || is_kept_by_key(r, f)) {
        return check_each(changes, count, f, may); /* without a statement */
    }
    is_inside = is_inside_one(r, f->target);
    ids = collect(changes, count, f);
    if (ids.ptr != NULL) {
        rc = find_seen(changes[0]->ctx, f->target, is_inside, ids, &rows);
    } else if (arena_is_exhausted(changes[0]->ctx->arena)) {
        rc = engine_value_nomem(&changes[0]->ctx->problem);
    }
    for (uint32_t i = 0; i < count && rc == ALEES_OK; i++) {
        may[i] = is_all_there(rows, changes[i], f, is_inside);
    }
    return rc;
}
