/* SPDX-License-Identifier: MIT
 * engine_refer.c - may a row point at those that the client names? A row that the caller may not view, or that belongs to
 * another organization than the one that shall point at it, looks like one that does not exist.
 *
 * Where both rows have an organization a foreign key holds it, and PostgreSQL does this by itself. It cannot where one of
 * them need not have any, where rows belong to users, and for lists, of which it keeps no keys: there the host looks first,
 * in one statement. Organizations themselves are known to the provider. */
#include "engine_parts.h"
#include "lock.h"

static bool is_kept_by_key(const struct resource *r, const struct resource_field *f) {
    const struct resource *target = f->target;
    if (f->decl->type == ALEES_REFERENCES) {
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

/* How many of them are there, as far as the caller sees? */
static alees_rc count_seen(alees_change *change, const struct resource *target, alees_str ids, int64_t *ret_count) {
    bool is_inside =
        change->resource->decl->scope == ALEES_SCOPE_ORGANIZATION && target->decl->scope == ALEES_SCOPE_ORGANIZATION;
    const struct alees_organizations *view = NULL;
    alees_ctx *ctx = change->ctx;
    alees_str organization = {NULL, 0};
    struct engine_place place;
    struct engine_sql sql;
    alees_rows *rows = NULL;
    alees_rc rc = ALEES_OK;
    if (target->scope_column != NULL) {
        rc = engine_place_holds(ctx, target, target->view, &view);
    }
    rc = rc == ALEES_OK ? engine_place_of(ctx, target, view, true, &place) : rc;
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
    if (place.reach != ENGINE_EVERYWHERE && !lock_host_is_off()) {
        str_puts(&sql.text, " AND ");
        engine_sql_scope(&sql, target, place.ids, place.is_shared);
    } else if (place.reach == ENGINE_EVERYWHERE && place.is_owned) {
        str_puts(&sql.text, " AND ");
        engine_sql_owned(&sql, target);
    }
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
