/* SPDX-License-Identifier: MIT
 * engine_single.c - fields that are true in one part of an owner at most: who makes one true makes the others false. */
#include "engine_owner.h"

#include <string.h>

#include "lock.h"

/* As PostgreSQL reads a boolean: hooks may write it in their own way. */
static bool is_true(alees_str text) {
    static const char *const words[] = {"true", "t", "yes", "y", "on", "1"};
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        if (text.ptr != NULL && str_equal_nocase(text, words[i])) {
            return true;
        }
    }
    return false;
}

bool engine_single_is_made(const alees_change *change, uint32_t field) {
    const struct engine_cell *cell = &change->cells[field];
    return (change->resource->fields[field].decl->flags & ALEES_SINGLE) != 0 && change->action != ALEES_DELETE_ROW &&
           cell->is_written && !cell->is_default && is_true(cell->value);
}

bool engine_single_makes_any(const alees_change *change) {
    for (uint32_t i = 0; change->resource->owner != NULL && i < change->resource->field_count; i++) {
        if (engine_single_is_made(change, i)) {
            return true;
        }
    }
    return false;
}

static void put_id(struct engine_sql *sql, const alees_id *id) {
    char text[37];
    engine_sql_value(sql, arena_str(sql->text.arena, (alees_str){alees_id_format(id, text), 36}), "uuid");
}

static alees_rc unmake(const alees_change *change, const struct store_scope *scope, const struct resource_field *f) {
    const struct resource *r = change->resource;
    alees_ctx *ctx = change->ctx;
    struct engine_sql sql;
    alees_rows *rows = NULL;
    engine_sql_init(&sql, ctx->arena, 4);
    str_puts(&sql.text, "UPDATE ");
    str_view(&sql.text, r->shapes->table);
    str_puts(&sql.text, " SET \"updated_at\" = now(), \"version\" = \"version\" + 1, ");
    str_ident(&sql.text, f->column);
    str_puts(&sql.text, " = false, \"updated_by\" = ");
    if (ctx->who != NULL) {
        put_id(&sql, &ctx->who->id);
    } else {
        str_puts(&sql.text, "NULL");
    }
    str_puts(&sql.text, " WHERE ");
    str_ident(&sql.text, r->scope_column);
    str_puts(&sql.text, " = ");
    put_id(&sql, &change->organization);
    str_puts(&sql.text, " AND ");
    str_ident(&sql.text, r->owner_field->column);
    str_puts(&sql.text, " = ");
    put_id(&sql, &change->owner);
    str_puts(&sql.text, " AND ");
    str_ident(&sql.text, f->column);
    str_puts(&sql.text, " AND \"id\" <> ");
    put_id(&sql, &change->id);
    return engine_sql_run(ctx, r, scope, &sql, &rows, NULL);
}

alees_rc engine_single_unmake(const alees_change *change, const struct store_scope *scope) {
    static const alees_id none;
    const struct resource *r = change->resource;
    alees_rc rc = ALEES_OK;
    for (uint32_t i = 0; r->owner != NULL && i < r->field_count && rc == ALEES_OK; i++) {
        if (engine_single_is_made(change, i)) {
            ASSERT(alees_id_compare(&change->owner, &none) != 0);
            rc = unmake(change, scope, &r->fields[i]);
        }
    }
    return rc;
}

/* The ids of those that lose it, as uuid[]; absent: nobody does. */
static alees_str losers_of(alees_change *const *changes, uint32_t count, uint32_t field) {
    bool is_any = false;
    struct str ids;
    str_init(&ids, changes[0]->ctx->arena, (size_t)count * 37 + 2);
    str_putc(&ids, '{');
    for (uint32_t i = 0; i < count; i++) {
        if (changes[i]->cells[field].is_written && !engine_single_is_made(changes[i], field)) {
            str_puts(&ids, is_any ? "," : "");
            str_id(&ids, &changes[i]->id);
            is_any = true;
        }
    }
    str_putc(&ids, '}');
    return is_any ? str_done(&ids) : (alees_str){NULL, 0};
}

alees_rc engine_single_release(alees_change *const *changes, uint32_t count, const struct engine_place *place) {
    const struct resource *r = changes[0]->resource;
    alees_ctx *ctx = changes[0]->ctx;
    alees_rc rc = ALEES_OK;
    for (uint32_t i = 0; i < r->field_count && rc == ALEES_OK; i++) {
        bool is_single = (r->fields[i].decl->flags & ALEES_SINGLE) != 0;
        alees_str ids = is_single ? losers_of(changes, count, i) : (alees_str){NULL, 0};
        struct engine_sql sql;
        alees_rows *rows = NULL;
        if (ids.ptr == NULL) {
            continue;
        }
        engine_sql_init(&sql, ctx->arena, 2);
        str_puts(&sql.text, "UPDATE ");
        str_view(&sql.text, r->shapes->table);
        str_puts(&sql.text, " SET ");
        str_ident(&sql.text, r->fields[i].column);
        str_puts(&sql.text, " = false WHERE \"id\" = ANY(");
        engine_sql_value(&sql, ids, "uuid[]");
        str_puts(&sql.text, ") AND ");
        str_ident(&sql.text, r->fields[i].column);
        if (place->reach != ENGINE_EVERYWHERE && !lock_host_is_off()) {
            str_puts(&sql.text, " AND ");
            engine_sql_scope(&sql, r, place->ids, false);
        }
        rc = engine_sql_run(ctx, r, &place->scope, &sql, &rows, NULL);
    }
    return rc;
}

void engine_single_refuse(alees_ctx *ctx, const struct resource_field *f) {
    alees_str code = arena_printf(ctx->arena, "several_%s", f->decl->name);
    problem_add(&ctx->problem, engine_value_pointer(ctx->arena, alees_text(f->decl->name)),
                code.ptr != NULL ? code.ptr : "several", "is true of another one in this request; only one can be");
}
