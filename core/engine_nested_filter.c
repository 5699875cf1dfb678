/* SPDX-License-Identifier: MIT
 * engine_nested_filter.c - owners are chosen by what one of their parts is like, items__name__icontains=bolt:
 *
 *   EXISTS (SELECT FROM (SELECT "box_id" AS "?w" FROM part WHERE "organization_id" = ANY($1) AND "name" ILIKE $2) AS "?p"
 *           WHERE "?w" = "id")
 *
 * All that is asked about one field of parts at one level is asked of the same part: its address is this and it is the
 * primary one. The organizations of the list are named once more, for the indexes of the parts begin with them. */
#include "engine_nested.h"

#include "engine_filter.h"
#include "lock.h"

bool engine_nested_filters(const struct resource *part, const struct resource_field *f) {
    return engine_filter_is_on(f) && engine_nested_shows(part, f);
}

alees_rc engine_nested_filter_name(struct engine_filter_reader *reader, alees_str rest, struct engine_filter *leaf) {
    const struct resource_field *parts = leaf->field, *f;
    const struct resource *part = parts->target;
    alees_str word;
    if (rest.ptr == NULL) {
        problem_add(&reader->ctx->problem, reader->parameter, "unknown_parameter", "%s", "It is not known here.");
        return problem_set(&reader->ctx->problem, PROBLEM_UNKNOWN_PARAMETER,
                           "The list cannot be filtered by \"%s\" as a whole; name one of their fields behind two "
                           "underscores, or isnull.",
                           parts->decl->name);
    }
    word = engine_filter_take_word(&rest);
    leaf->nested = parts;
    if (str_equal(word, "isnull") && rest.ptr == NULL) {
        leaf->field = &part->fields[ENGINE_ID];
        leaf->op = ENGINE_ISNULL;
        leaf->is_presence = true;
        return ALEES_OK;
    }
    f = resource_field(part, word);
    if (f == NULL || !engine_nested_filters(part, f)) {
        return engine_filter_unknown(reader, NULL);
    }
    leaf->field = f;
    return engine_filter_read_rest(reader, rest, leaf);
}

void engine_nested_filter_open(const struct engine_filter *leaf, struct engine_sql *sql) {
    const struct resource *part = leaf->nested->target;
    bool is_none = leaf->is_presence && leaf->variant == 0;
    str_puts(&sql->text, is_none ? "NOT EXISTS (SELECT FROM (SELECT " : "EXISTS (SELECT FROM (SELECT ");
    str_ident(&sql->text, part->owner_field->column);
    str_puts(&sql->text, " AS \"?w\" FROM ");
    engine_sql_put_table(&sql->text, part->decl->table);
    str_puts(&sql->text, " WHERE ");
    if (sql->scope_form == ENGINE_SCOPE_NONE || lock_host_is_off()) {
        str_puts(&sql->text, "true");
        return;
    }
    str_ident(&sql->text, part->scope_column);
    str_puts(&sql->text, " = ANY(");
    switch (sql->scope_form) {
    case ENGINE_SCOPE_LATERAL: str_puts(&sql->text, "ARRAY[o.organization]"); break;
    case ENGINE_SCOPE_ONE:
        str_puts(&sql->text, "ARRAY[");
        engine_sql_param(sql, sql->scope_number, "uuid");
        str_putc(&sql->text, ']');
        break;
    case ENGINE_SCOPE_NONE:
    case ENGINE_SCOPE_LIST: engine_sql_param(sql, sql->scope_number, "uuid[]"); break;
    }
    str_putc(&sql->text, ')');
}

void engine_nested_filter_close(struct engine_sql *sql) {
    str_puts(&sql->text, ") AS \"?p\" WHERE \"?w\" = \"id\")");
}
