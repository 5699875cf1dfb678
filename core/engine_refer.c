/* SPDX-License-Identifier: MIT
 * engine_refer.c - may a row point at those that the client names? A row that the caller may not view, or that belongs to
 * another organization than the one that shall point at it, looks like one that does not exist. So does a part whose owner
 * may be viewed where the list of such parts may not be read.
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
    if (change->action == ALEES_CREATE || change->is_moving) {
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

struct seen { /* of the rows that are named, those that the caller sees */
    const struct resource *target;
    alees_rows *rows;            /* id, organization or what else their scope is; by id. NULL: none */
    struct engine_fields fields; /* of parts: where the owner's list of them may be read */
};

static alees_rc find_seen(alees_ctx *ctx, const struct resource *target, alees_str ids, struct seen *ret_seen) {
    struct engine_place place;
    struct engine_sql sql;
    alees_rc rc = place_of_view(ctx, target, &place);
    *ret_seen = (struct seen){.target = target};
    if (rc == ALEES_OK && target->owner != NULL) {
        rc = engine_fields_open(ctx, target, target->view, &ret_seen->fields);
    }
    if (rc != ALEES_OK || place.reach == ENGINE_NOWHERE) {
        return rc;
    }
    engine_sql_init(&sql, ctx->arena, 2);
    str_puts(&sql.text, "SELECT \"id\", ");
    if (target->scope_column != NULL) {
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
    return engine_sql_run(ctx, target, &place.scope, &sql, &ret_seen->rows, NULL);
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

/* Is it a row of the organization (absent: of none) or, where the target allows that, of none? */
static bool is_of(const struct seen *seen, uint32_t row, alees_str organization) {
    alees_str text = store_rows_text(seen->rows, row, 1);
    if (text.ptr == NULL) {
        return resource_is_optional(seen->target);
    }
    return organization.ptr != NULL && alees_equal(text, organization);
}

/* A part is seen where the owner's list of them may be read. */
static alees_rc may_see(struct seen *seen, uint32_t row, bool *ret_may) {
    alees_id organization;
    if (seen->target->owner == NULL) {
        *ret_may = true;
        return ALEES_OK;
    }
    if (alees_id_parse(store_rows_text(seen->rows, row, 1), &organization) != ALEES_OK) {
        return ALEES_E_INTERNAL;
    }
    return engine_owner_may_use(&seen->fields, &organization, ret_may);
}

/* organization: that they must be of; NULL: any. */
static alees_rc is_all_there(struct seen *seen, alees_str value, const alees_str *organization, bool *ret_is) {
    bool is_there = true;
    alees_rc rc = ALEES_OK;
    alees_id id;
    for (size_t at = 0; rc == ALEES_OK && is_there && engine_place_next(value, &at, &id);) {
        int64_t row = find_row(seen->rows, &id);
        is_there = row >= 0 && (organization == NULL || is_of(seen, (uint32_t)row, *organization));
        rc = is_there ? may_see(seen, (uint32_t)row, &is_there) : ALEES_OK;
    }
    *ret_is = rc == ALEES_OK && is_there;
    return rc;
}

static alees_rc check_one(alees_change *change, const struct resource *target, alees_str ids, bool *ret_may) {
    bool is_inside = is_inside_one(change->resource, target);
    alees_str organization = {NULL, 0};
    struct seen seen;
    alees_rc rc = is_inside ? find_organization(change, &organization, &is_inside) : ALEES_OK;
    rc = rc == ALEES_OK ? find_seen(change->ctx, target, ids, &seen) : rc;
    return rc == ALEES_OK ? is_all_there(&seen, ids, is_inside ? &organization : NULL, ret_may) : rc;
}

alees_rc engine_refer_check(alees_change *change, const struct resource_field *f, alees_str value, bool *ret_may) {
    alees_str ids = value;
    size_t at = 0;
    alees_id id;
    bool is_any = engine_place_next(value, &at, &id);
    if (!is_any || f->target == NULL) {
        *ret_may = !is_any && f->decl->type == ALEES_REFERENCES;
        return ALEES_OK;
    }
    if (f->target->decl->scope == ALEES_SCOPE_SELF) {
        return ask_provider(change, f, value, ret_may);
    }
    /* of a row that moves, a key between two rows of one table would not say which of them it is about */
    if (is_kept_by_key(change->resource, f) && !(change->is_moving && f->target == change->resource)) {
        *ret_may = true;
        return ALEES_OK;
    }
    if (f->decl->type == ALEES_REFERENCE) {
        ids = arena_printf(change->ctx->arena, "{%.*s}", STR_FMT(value));
        if (ids.ptr == NULL) {
            return engine_value_nomem(&change->ctx->problem);
        }
    }
    return check_one(change, f->target, ids, ret_may);
}

/* A key that both rows' organization is in names one of the old organization, which cannot be right: nothing need be asked. */
static alees_rc check_carried(alees_change *change, const struct resource_field *f, alees_str value, bool *ret_may) {
    const struct resource *target = f->target;
    bool is_scoped = target != NULL && target->decl->scope == ALEES_SCOPE_ORGANIZATION;
    if (target != NULL && is_kept_by_key(change->resource, f)) {
        *ret_may = !is_scoped;
        return ALEES_OK;
    }
    return engine_refer_check(change, f, value, ret_may);
}

alees_rc engine_refer_carried(alees_change *change) {
    const struct resource *r = change->resource;
    alees_rc rc = ALEES_OK;
    for (uint32_t i = 0; i < r->field_count && rc == ALEES_OK; i++) {
        const struct resource_field *f = &r->fields[i];
        uint32_t place = r->shapes->all.places[i];
        bool may = true;
        if (f->is_standard || f->decl->reference == NULL || !resource_field_is_stored(f) ||
            change->cells[i].is_written || place == UINT32_MAX) {
            continue;
        }
        alees_str value = store_rows_text(change->before, change->before_row, place);
        rc = value.ptr != NULL ? check_carried(change, f, value, &may) : ALEES_OK;
        if (rc == ALEES_OK && !may) {
            engine_refer_refuse(change->ctx, f);
        }
    }
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

/* The organization of a row that is to point at them; absent: none. */
static alees_str organization_of(const alees_change *change, char text[37]) {
    static const alees_id none;
    return alees_id_compare(&change->organization, &none) != 0
               ? (alees_str){alees_id_format(&change->organization, text), 36}
               : (alees_str){NULL, 0};
}

alees_rc engine_refer_many(alees_change *const *changes, uint32_t count, const struct resource_field *f, bool *may) {
    const struct resource *r = count > 0 ? changes[0]->resource : NULL;
    struct seen seen = {.target = f->target};
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
        rc = find_seen(changes[0]->ctx, f->target, ids, &seen);
    } else if (arena_is_exhausted(changes[0]->ctx->arena)) {
        rc = engine_value_nomem(&changes[0]->ctx->problem);
    }
    for (uint32_t i = 0; i < count && rc == ALEES_OK; i++) {
        char text[37];
        const alees_str organization = organization_of(changes[i], text);
        rc = is_all_there(&seen, value_of(changes[i], f), is_inside ? &organization : NULL, &may[i]);
    }
    return rc;
}
