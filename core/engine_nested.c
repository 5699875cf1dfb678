/* SPDX-License-Identifier: MIT
 * engine_nested.c - the parts of a row within it. They are read with it, by a subquery in its select list,
 *
 *   (SELECT array_agg(ARRAY["?0"::text, "?1"::text] ORDER BY "?0")
 *    FROM (SELECT "id" AS "?0", "email" AS "?1", "organization_id" AS "?o", "contact_id" AS "?w" FROM part) AS "?p"
 *    WHERE "?o" = "organization_id" AND "?w" = "id")
 *
 * whose names cannot be those of a column, so that what stands there unqualified is the owner's, however its table is
 * called in the statement. Values come as texts and are written by engine_row.c: they look as they do under the part's own
 * address, and PostgreSQL has a third less to do than to build JSON. */
#include "engine_nested.h"

#include <string.h>

bool engine_nested_shows(const struct resource *part, const struct resource_field *f) {
    if (f->is_standard) {
        return f == &part->fields[ENGINE_ID];
    }
    return f != part->owner_field && f->decl->type != ALEES_PARTS &&
           (f->decl->flags & (ALEES_WRITE_ONLY | ALEES_COMPUTED)) == 0;
}

static void put_column(struct str *sql, const char *column, const char *alias) {
    str_ident(sql, column);
    str_puts(sql, " AS \"?");
    str_puts(sql, alias);
    str_puts(sql, "\", ");
}

static alees_str make_select(struct arena *arena, const struct engine_nested_shape *shape) {
    const struct resource *part = shape->part;
    struct str sql;
    str_init(&sql, arena, 256);
    str_puts(&sql, "(SELECT array_agg(ARRAY[");
    for (uint32_t i = 0; i < shape->count; i++) {
        str_printf(&sql, "%s\"?%u\"::text", i > 0 ? ", " : "", (unsigned)i);
    }
    str_puts(&sql, "] ORDER BY \"?0\") FROM (SELECT ");
    for (uint32_t i = 0; i < shape->count; i++) {
        char number[12];
        struct str alias;
        str_init_fixed(&alias, number, sizeof number);
        str_u64(&alias, i);
        put_column(&sql, shape->fields[i]->column, str_done(&alias).ptr);
    }
    put_column(&sql, part->scope_column, "o");
    str_ident(&sql, part->owner_field->column);
    str_puts(&sql, " AS \"?w\" FROM ");
    engine_sql_put_table(&sql, part->decl->table);
    str_puts(&sql, ") AS \"?p\" WHERE \"?o\" = \"organization_id\" AND \"?w\" = \"id\")");
    return str_done(&sql);
}

static alees_str make_key(struct arena *arena, const struct resource_field *f, bool is_first) {
    struct str key;
    str_init(&key, arena, 32);
    str_putc(&key, is_first ? '{' : ',');
    str_json(&key, alees_text(f->decl->name));
    str_putc(&key, ':');
    return str_done(&key);
}

struct engine_nested_shape *engine_nested_shape_new(struct arena *arena, const struct resource_field *f) {
    const struct resource *part = f->target;
    struct engine_nested_shape *shape = ARENA_NEW(arena, struct engine_nested_shape);
    ASSERT(f->decl->type == ALEES_PARTS && part != NULL && part->owner_field != NULL);
    if (shape == NULL) {
        return NULL;
    }
    shape->part = part;
    shape->fields = ARENA_ARRAY(arena, const struct resource_field *, part->field_count);
    shape->keys = ARENA_ARRAY(arena, alees_str, part->field_count);
    if (shape->fields == NULL || shape->keys == NULL) {
        return NULL;
    }
    for (uint32_t i = 0; i < part->field_count; i++) {
        if (engine_nested_shows(part, &part->fields[i])) {
            shape->keys[shape->count] = make_key(arena, &part->fields[i], shape->count == 0);
            shape->fields[shape->count++] = &part->fields[i];
        }
    }
    shape->select = make_select(arena, shape);
    return shape->select.ptr != NULL && !arena_is_exhausted(arena) ? shape : NULL;
}

/* ---- what comes back ---- */

static bool is_at(const struct engine_nested_reader *r, char c) {
    return r->at < r->text.len && r->text.ptr[r->at] == c;
}

bool engine_nested_next_part(struct engine_nested_reader *r) {
    r->at += r->at > 0 ? is_at(r, ',') : 1; /* the brace around all */
    if (!is_at(r, '{')) {
        return false;
    }
    r->at++;
    return true;
}

/* From the quote on, to behind the one that ends it. */
static alees_str read_quoted(struct engine_nested_reader *r) {
    size_t from = ++r->at;
    bool is_escaped = false;
    struct str out;
    while (r->at < r->text.len && r->text.ptr[r->at] != '"') {
        bool is_escape = r->text.ptr[r->at] == '\\';
        is_escaped = is_escaped || is_escape;
        r->at += 1 + (size_t)is_escape;
    }
    if (!is_escaped) {
        return (alees_str){r->text.ptr + from, r->at++ - from};
    }
    str_init(&out, r->arena, r->at - from);
    for (size_t i = from; i < r->at && i < r->text.len; i++) {
        i += r->text.ptr[i] == '\\';
        str_putc(&out, r->text.ptr[i]);
    }
    r->at++;
    return str_done(&out);
}

bool engine_nested_next_value(struct engine_nested_reader *r, alees_str *ret_value) {
    size_t from;
    if (r->at >= r->text.len || is_at(r, '}')) {
        r->at++;
        return false;
    }
    if (is_at(r, '"')) {
        *ret_value = read_quoted(r);
    } else {
        from = r->at;
        while (r->at < r->text.len && !is_at(r, ',') && !is_at(r, '}')) {
            r->at++;
        }
        *ret_value = (alees_str){r->text.ptr + from, r->at - from};
        if (str_equal(*ret_value, "NULL")) {
            *ret_value = (alees_str){NULL, 0};
        }
    }
    r->at += is_at(r, ',');
    return true;
}

void engine_nested_write_json(struct str *out, const struct engine_nested_shape *shape, alees_str text) {
    struct engine_nested_reader reader = {.arena = out->arena, .text = text};
    bool is_first = true;
    str_putc(out, '[');
    while (engine_nested_next_part(&reader)) {
        alees_str value;
        uint32_t i = 0;
        str_puts(out, is_first ? "" : ",");
        for (; engine_nested_next_value(&reader, &value) && i < shape->count; i++) {
            str_view(out, shape->keys[i]);
            engine_row_value(out, shape->fields[i]->decl->type, value);
        }
        str_putc(out, '}');
        is_first = false;
    }
    str_putc(out, ']');
}

alees_str engine_nested_json(struct arena *arena, const struct engine_nested_shape *shape, alees_str text) {
    struct str out;
    str_init(&out, arena, 256);
    engine_nested_write_json(&out, shape, text);
    return str_done(&out);
}
