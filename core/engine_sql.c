/* SPDX-License-Identifier: MIT
 * engine_sql.c - the SQL of the engine: a builder that keeps text and values together, and the statements about one row.
 *
 * Every name comes from a declaration and is quoted; every value is a parameter with an explicit type. Only the columns
 * that are written are named, in the order of the fields, so that there are few texts and each is prepared once. */
#include "engine_parts.h"

#include <string.h>

#include "engine_nested.h"
#include "lock.h"

void engine_sql_put_table(struct str *sql, const char *name) {
    const char *dot = strchr(name, '.');
    if (dot != NULL) {
        const char *schema = arena_dup(sql->arena, name, (size_t)(dot - name));
        str_ident(sql, schema != NULL ? schema : "");
        str_putc(sql, '.');
        name = dot + 1;
    }
    str_ident(sql, name);
}

void engine_sql_put_selected(struct str *sql, const struct engine_shapes *shapes, uint32_t field, bool is_plain) {
    const struct resource *r = shapes->all.r;
    if (r->fields[field].decl->type != ALEES_PARTS) {
        str_ident(sql, r->fields[field].column);
    } else if (is_plain) {
        str_printf(sql, "NULL::text AS \"?%u\"", (unsigned)field);
    } else {
        str_view(sql, shapes->nested[field]->select);
    }
}

void engine_sql_init(struct engine_sql *sql, struct arena *arena, uint32_t cap) {
    str_init(&sql->text, arena, 512);
    sql->params = ARENA_ARRAY(arena, alees_str, cap);
    sql->count = 0;
    sql->scope_form = ENGINE_SCOPE_NONE;
    sql->scope_number = 0;
    sql->cap = cap;
    sql->text.failed = sql->text.failed || sql->params == NULL;
}

/* Twice as many. */
static void grow(struct engine_sql *sql) {
    uint32_t cap = sql->cap < 8 ? 16 : 2 * sql->cap;
    alees_str *params = sql->params != NULL ? ARENA_ARRAY(sql->text.arena, alees_str, cap) : NULL;
    if (params != NULL && sql->count > 0) {
        memcpy(params, sql->params, sql->count * sizeof *params);
    }
    sql->text.failed = sql->text.failed || params == NULL;
    sql->params = params;
    sql->cap = cap;
}

uint32_t engine_sql_bind(struct engine_sql *sql, alees_str value) {
    if (sql->count == sql->cap) {
        grow(sql);
    }
    if (sql->params != NULL) {
        sql->params[sql->count++] = value;
    }
    return sql->count;
}

void engine_sql_param(struct engine_sql *sql, uint32_t number, const char *type) {
    str_putc(&sql->text, '$');
    str_u64(&sql->text, number);
    str_puts(&sql->text, "::");
    str_puts(&sql->text, type);
}

void engine_sql_value(struct engine_sql *sql, alees_str value, const char *type) {
    engine_sql_param(sql, engine_sql_bind(sql, value), type);
}

const char *engine_sql_type(const struct alees_field *field) {
    static const char *const types[] = {
        [ALEES_TEXT] = "text",       [ALEES_BOOLEAN] = "boolean", [ALEES_INTEGER] = "bigint",
        [ALEES_DECIMAL] = "numeric", [ALEES_DATE] = "date",       [ALEES_TIMESTAMP] = "timestamptz",
        [ALEES_UUID] = "uuid",       [ALEES_CHOICE] = "text",     [ALEES_REFERENCE] = "uuid",
        [ALEES_JSON] = "jsonb",      [ALEES_TAGS] = "text[]",     [ALEES_REFERENCES] = "uuid[]",
    };
    ASSERT(field->type > 0 && field->type < ARRAY_LEN(types));
    return types[field->type];
}

/* Absent without memory: a value that is missing would be a NULL. */
static alees_str text_of(struct engine_sql *sql) {
    alees_str text = str_done(&sql->text);
    return arena_is_exhausted(sql->text.arena) ? (alees_str){NULL, 0} : text;
}

const struct statement *engine_sql_at_boot(struct store *store, const struct resource *r, struct engine_sql *sql) {
    alees_str text = text_of(sql);
    return text.ptr != NULL ? store_statement(store, r->plugin, r->full_name, text, sql->count) : NULL;
}

const struct statement *engine_sql_statement(struct store *store, const struct resource *r, struct engine_sql *sql) {
    alees_str text = text_of(sql);
    const struct statement *known = text.ptr != NULL ? store_known(store, r->plugin, text) : NULL;
    struct statement *shape;
    if (text.ptr == NULL || known != NULL) {
        return known;
    }
    shape = ARENA_NEW(sql->text.arena, struct statement);
    if (shape != NULL) {
        *shape = (struct statement){.nparams = sql->count, .sql = text.ptr, .name = r->full_name, .plugin = r->plugin};
        store_shape(store, shape);
    }
    return shape;
}

alees_rc engine_sql_run(alees_ctx *ctx, const struct resource *r, const struct store_scope *scope,
                        struct engine_sql *sql, alees_rows **ret_rows, const struct store_error **ret_error) {
    const struct store_call call = {engine_sql_statement(ctx->app->store, r, sql), sql->params};
    if (call.statement == NULL) {
        return engine_value_nomem(&ctx->problem);
    }
    return store_run(ctx, scope, &call, 1, ret_rows, ret_error);
}

static void put_scope(struct engine_sql *sql, const struct resource *r, alees_str ids, bool with_shared,
                      const char *before, const char *after) {
    bool is_list = r->decl->scope == ALEES_SCOPE_SEVERAL;
    str_puts(&sql->text, with_shared ? "(" : "");
    str_ident(&sql->text, r->scope_column);
    str_puts(&sql->text, is_list ? " && " : before);
    engine_sql_value(sql, ids, "uuid[]");
    sql->scope_form = ENGINE_SCOPE_LIST;
    sql->scope_number = sql->count;
    str_puts(&sql->text, is_list ? "" : after);
    if (with_shared) {
        str_puts(&sql->text, " OR ");
        str_ident(&sql->text, r->scope_column);
        str_puts(&sql->text, " IS NULL)");
    }
}

void engine_sql_scope(struct engine_sql *sql, const struct resource *r, alees_str ids, bool with_shared) {
    put_scope(sql, r, ids, with_shared, " = ANY(", ")");
}

void engine_sql_among(struct engine_sql *sql, const struct resource *r, alees_str ids, bool with_shared) {
    if (r->decl->scope == ALEES_SCOPE_SELF) { /* found by its id, one by one in the order of its index */
        engine_sql_scope(sql, r, ids, with_shared);
    } else {
        put_scope(sql, r, ids, with_shared, " IN (SELECT unnest(", "))");
    }
}

void engine_sql_owned(struct engine_sql *sql, const struct resource *r) {
    str_ident(&sql->text, r->scope_column);
    str_puts(&sql->text, " IS NOT NULL");
}

void engine_sql_owner(struct engine_sql *sql, const struct resource *r, alees_str owner) {
    str_ident(&sql->text, r->owner_field->column);
    str_puts(&sql->text, " = ");
    engine_sql_value(sql, owner, "uuid");
}

bool engine_sql_life(struct engine_sql *sql, const char *before, const struct resource *r, enum engine_life life) {
    if (!resource_is_soft(r) || life == ENGINE_EITHER) {
        return false;
    }
    str_puts(&sql->text, before);
    str_puts(&sql->text, life == ENGINE_DELETED ? "\"deleted_at\" IS NOT NULL" : "\"deleted_at\" IS NULL");
    return true;
}

void engine_sql_whole(struct engine_sql *sql, const char *before, const struct resource *r) {
    if (r->owner == NULL || !resource_is_soft(r->owner)) {
        return;
    }
    str_puts(&sql->text, before);
    str_puts(&sql->text, "EXISTS (SELECT FROM ");
    str_view(&sql->text, r->owner->shapes->table);
    str_puts(&sql->text, " AS \"?o\" WHERE \"?o\".\"organization_id\" = ");
    str_view(&sql->text, r->shapes->table);
    str_puts(&sql->text, ".\"organization_id\" AND \"?o\".\"id\" = ");
    str_view(&sql->text, r->shapes->table);
    str_putc(&sql->text, '.');
    str_ident(&sql->text, r->owner_field->column);
    str_puts(&sql->text, " AND \"?o\".\"deleted_at\" IS NULL)");
}

/* The row, if it is in one of the organizations and has one of the versions; an absent list admits any. */
static void put_condition(struct engine_sql *sql, const struct resource *r, const struct engine_target *target,
                          bool is_reading) {
    bool is_bound = r->scope_column != NULL && target->organizations.ptr != NULL;
    bool is_shared = is_reading && resource_is_shared(r);
    bool is_narrow = is_shared && target->life == ENGINE_DELETED; /* for who may delete: that is more than a lock */
    str_puts(&sql->text, " WHERE \"id\" = ");
    engine_sql_value(sql, target->id, "uuid");
    (void)engine_sql_life(sql, " AND ", r, target->life);
    if (is_bound && (is_narrow || !lock_host_is_off())) {
        /* IS TRUE: no index is asked by it. The id finds the row; an index scan that were given this list and the
         * policy's would try every pair of the two, 10,000,000,000 for 100,000 organizations, and not be stopped. */
        str_puts(&sql->text, " AND (");
        engine_sql_scope(sql, r, target->organizations, is_shared && !is_narrow);
        str_puts(&sql->text, ") IS TRUE");
    } else if (!is_bound && target->is_owned) {
        str_puts(&sql->text, " AND ");
        engine_sql_owned(sql, r);
    }
    if (target->owner.ptr != NULL) {
        str_puts(&sql->text, " AND ");
        engine_sql_owner(sql, r, target->owner);
    }
    if (target->versions.ptr != NULL) {
        str_puts(&sql->text, " AND \"version\" = ANY(");
        engine_sql_value(sql, target->versions, "integer[]");
        str_putc(&sql->text, ')');
    }
    if (target->excluded.ptr != NULL) {
        str_puts(&sql->text, " AND \"version\" <> ALL(");
        engine_sql_value(sql, target->excluded, "integer[]");
        str_putc(&sql->text, ')');
    }
}

static void put_returning(struct engine_sql *sql, const struct resource *r) {
    str_puts(&sql->text, " RETURNING ");
    str_view(&sql->text, r->shapes->all.plain);
    str_puts(&sql->text, ", \"version\"");
}

void engine_sql_get(struct engine_sql *sql, const struct engine_view *view, const struct engine_target *target) {
    str_puts(&sql->text, "SELECT ");
    str_view(&sql->text, view->selected);
    str_puts(&sql->text, ", \"version\" FROM ");
    str_view(&sql->text, view->r->shapes->table);
    put_condition(sql, view->r, target, true);
}

void engine_sql_lock(struct engine_sql *sql, const struct resource *r, const struct engine_target *target) {
    str_puts(&sql->text, "SELECT ");
    str_view(&sql->text, r->shapes->all.plain);
    str_puts(&sql->text, ", \"version\" FROM ");
    str_view(&sql->text, r->shapes->table);
    put_condition(sql, r, target, false);
    str_puts(&sql->text, " FOR NO KEY UPDATE"); /* who only refers to the row does not wait */
}

void engine_sql_touch(struct engine_sql *sql, const struct resource *r, const struct engine_target *target,
                      bool is_raised) {
    str_puts(&sql->text, is_raised ? "UPDATE " : "SELECT 1 FROM ");
    str_view(&sql->text, r->shapes->table);
    if (is_raised) {
        str_puts(&sql->text, " SET \"updated_at\" = now(), \"version\" = \"version\" + 1, \"updated_by\" = ");
        engine_sql_value(sql, target->user, "uuid");
    }
    put_condition(sql, r, target, false);
    str_puts(&sql->text, is_raised ? " RETURNING 1" : " FOR NO KEY UPDATE");
}

void engine_sql_locate(struct engine_sql *sql, const struct resource *r, const struct engine_target *target) {
    str_puts(&sql->text, "SELECT ");
    if (r->scope_column != NULL) {
        str_ident(&sql->text, r->scope_column);
    } else {
        str_puts(&sql->text, "NULL::uuid");
    }
    str_puts(&sql->text, ", \"version\" FROM ");
    str_view(&sql->text, r->shapes->table);
    put_condition(sql, r, target, true);
}

bool engine_sql_is_written(const struct resource *r, const struct engine_cell *cells, uint32_t field) {
    bool is_user = r->decl->scope == ALEES_SCOPE_OWN && strcmp(r->fields[field].column, r->scope_column) == 0;
    return cells[field].is_written && !is_user;
}

void engine_sql_insert(struct engine_sql *sql, const struct resource *r, const struct engine_cell *cells,
                       const struct engine_target *target) {
    uint32_t user;
    str_puts(&sql->text, "INSERT INTO ");
    str_view(&sql->text, r->shapes->table);
    str_puts(&sql->text, " (\"id\", \"created_at\", \"updated_at\", \"created_by\", \"updated_by\", \"version\"");
    if (r->decl->scope == ALEES_SCOPE_OWN) {
        str_puts(&sql->text, ", ");
        str_ident(&sql->text, r->scope_column);
    }
    for (uint32_t i = 0; i < r->field_count; i++) {
        if (engine_sql_is_written(r, cells, i)) {
            str_puts(&sql->text, ", ");
            str_ident(&sql->text, r->fields[i].column);
        }
    }
    str_puts(&sql->text, ") VALUES (");
    engine_sql_value(sql, target->id, "uuid");
    str_puts(&sql->text, ", now(), now(), ");
    user = engine_sql_bind(sql, target->user);
    engine_sql_param(sql, user, "uuid");
    str_puts(&sql->text, ", ");
    engine_sql_param(sql, user, "uuid");
    str_puts(&sql->text, ", 1");
    if (r->decl->scope == ALEES_SCOPE_OWN) {
        str_puts(&sql->text, ", ");
        engine_sql_param(sql, user, "uuid");
    }
    for (uint32_t i = 0; i < r->field_count; i++) {
        if (engine_sql_is_written(r, cells, i)) {
            str_puts(&sql->text, ", ");
            engine_sql_value(sql, cells[i].value, engine_sql_type(r->fields[i].decl));
        }
    }
    str_putc(&sql->text, ')');
    put_returning(sql, r);
}

void engine_sql_update(struct engine_sql *sql, const struct resource *r, const struct engine_cell *cells,
                       const struct engine_target *target) {
    str_puts(&sql->text, "UPDATE ");
    str_view(&sql->text, r->shapes->table);
    str_puts(&sql->text, " SET \"updated_at\" = now(), \"version\" = \"version\" + 1, \"updated_by\" = ");
    engine_sql_value(sql, target->user, "uuid");
    for (uint32_t i = 0; i < r->field_count; i++) {
        if (engine_sql_is_written(r, cells, i)) {
            str_puts(&sql->text, ", ");
            str_ident(&sql->text, r->fields[i].column);
            str_puts(&sql->text, " = ");
            if (cells[i].is_default) {
                str_puts(&sql->text, "DEFAULT");
            } else {
                engine_sql_value(sql, cells[i].value, engine_sql_type(r->fields[i].decl));
            }
        }
    }
    put_condition(sql, r, target, false);
    put_returning(sql, r);
}

void engine_sql_delete(struct engine_sql *sql, const struct resource *r, const struct engine_target *target) {
    str_puts(&sql->text, "DELETE FROM ");
    str_view(&sql->text, r->shapes->table);
    put_condition(sql, r, target, false);
}

void engine_sql_mark(struct engine_sql *sql, const struct resource *r, alees_str user, bool is_back) {
    uint32_t by = engine_sql_bind(sql, user);
    str_puts(&sql->text, "UPDATE ");
    str_view(&sql->text, r->shapes->table);
    str_puts(&sql->text, " SET \"updated_at\" = now(), \"version\" = \"version\" + 1, \"updated_by\" = ");
    engine_sql_param(sql, by, "uuid");
    if (is_back) {
        str_puts(&sql->text, ", \"deleted_at\" = NULL, \"deleted_by\" = NULL");
    } else {
        str_puts(&sql->text, ", \"deleted_at\" = now(), \"deleted_by\" = ");
        engine_sql_param(sql, by, "uuid");
    }
}

void engine_sql_mark_one(struct engine_sql *sql, const struct resource *r, const struct engine_target *target,
                         bool is_back) {
    engine_sql_mark(sql, r, target->user, is_back);
    put_condition(sql, r, target, false);
    if (is_back) {
        put_returning(sql, r);
    }
}
