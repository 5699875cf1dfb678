/* SPDX-License-Identifier: MIT
 * engine_filter_sql.c - conditions into SQL: quoted names of declared columns, numbered values with their types, and the
 * words of the table; nothing that a client sent.
 *
 * `not` is what the condition is not true of, rows without a value among them: not NULL, which would be nothing. */
#include "engine_filter.h"
#include "engine_nested.h"

enum { MEMBER_JSON, MEMBER_TEXT };

struct writing {
    const struct engine_filter *leaf;
    struct engine_sql *sql;
    uint32_t path;  /* the number of the first name of the path; 0: not bound yet */
    uint32_t value; /* the next one */
};

/* "attributes" -> $1::text ->> $2::text. By name, so that a number in a path is not a place in an array. */
static void put_member(struct writing *w, int as) {
    struct engine_sql *sql = w->sql;
    const struct engine_filter *leaf = w->leaf;
    for (uint32_t i = 0; w->path == 0 && i < leaf->path_count; i++) {
        (void)engine_sql_bind(sql, leaf->path[i]);
    }
    w->path = w->path == 0 ? sql->count - leaf->path_count + 1 : w->path;
    str_putc(&sql->text, '(');
    str_ident(&sql->text, leaf->field->column);
    for (uint32_t i = 0; i < leaf->path_count; i++) {
        str_puts(&sql->text, as == MEMBER_TEXT && i + 1 == leaf->path_count ? " ->> " : " -> ");
        engine_sql_param(sql, w->path + i, "text");
    }
    str_putc(&sql->text, ')');
}

static const char *type_of(const struct engine_filter *leaf) {
    const struct alees_field *decl = leaf->field->decl;
    bool is_member = leaf->path_count > 0;
    return engine_filter_form(decl, is_member, leaf->op)->takes == ENGINE_TAKES_PATTERN ? "text"
                                                                                        : engine_sql_type(decl);
}

static void put_value(struct writing *w, bool is_list) {
    uint32_t type = w->leaf->field->decl->type;
    ASSERT(w->value < w->leaf->value_count);
    engine_sql_value(w->sql, w->leaf->values[w->value++], type_of(w->leaf));
    if (is_list && type != ALEES_TAGS && type != ALEES_REFERENCES) {
        str_puts(&w->sql->text, "[]");
    }
}

static void put_leaf(const struct engine_filter *leaf, struct engine_sql *sql) {
    const struct alees_field *decl = leaf->field->decl;
    const struct engine_filter_form *form = engine_filter_form(decl, leaf->path_count > 0, leaf->op);
    struct writing w = {.leaf = leaf, .sql = sql};
    if (leaf->op == ENGINE_ISNULL && form->sql[0] == NULL) { /* =null of a list */
        str_ident(&sql->text, leaf->field->column);
        str_puts(&sql->text, leaf->variant == 0 ? " IS NULL" : " IS NOT NULL");
        return;
    }
    for (const char *p = form->sql[leaf->variant]; *p != '\0'; p++) {
        if (*p != '%') {
            str_putc(&sql->text, *p);
            continue;
        }
        switch (*++p) {
        case 'c': str_ident(&sql->text, leaf->field->column); break;
        case 'm': put_member(&w, MEMBER_JSON); break;
        case 't': put_member(&w, MEMBER_TEXT); break;
        case 'v': put_value(&w, false); break;
        default: put_value(&w, true); break;
        }
    }
}

static void put_each(const struct engine_filter *filters, uint32_t count, const char *join, struct engine_sql *sql);

/* As deep as engine_filter_tree.c lets it be. */
static void put_filter(const struct engine_filter *filter, struct engine_sql *sql) {
    while (filter->join != ENGINE_NOT && filter->join != ENGINE_LEAF && filter->part_count == 1) {
        filter = filter->parts;
    }
    if (filter->join == ENGINE_LEAF && filter->nested != NULL) {
        put_each(filter, 1, "", sql);
    } else if (filter->join == ENGINE_LEAF) {
        put_leaf(filter, sql);
    } else {
        str_putc(&sql->text, '(');
        put_each(filter->parts, filter->part_count, filter->join == ENGINE_OR ? " OR " : " AND ", sql);
        str_puts(&sql->text, filter->join == ENGINE_NOT ? ") IS NOT TRUE" : ")");
    }
}

/* Is it asked of the same part as one before it? The parts of an OR are groups, and so stand alone. */
static bool is_put_already(const struct engine_filter *filters, uint32_t at) {
    bool is_put = false;
    for (uint32_t i = 0; i < at && filters[at].join == ENGINE_LEAF && filters[at].nested != NULL; i++) {
        is_put = is_put || (filters[i].join == ENGINE_LEAF && filters[i].nested == filters[at].nested &&
                            !filters[i].is_presence && !filters[at].is_presence);
    }
    return is_put;
}

/* All that is asked of the parts of one field, from the first on: one of them must meet it all. */
static void put_nested(const struct engine_filter *filters, uint32_t count, struct engine_sql *sql) {
    engine_nested_filter_open(filters, sql);
    for (uint32_t i = 0; i < count && !filters[0].is_presence; i++) {
        if (filters[i].join == ENGINE_LEAF && filters[i].nested == filters[0].nested && !filters[i].is_presence) {
            str_puts(&sql->text, " AND ");
            put_leaf(&filters[i], sql);
        }
    }
    engine_nested_filter_close(sql);
}

static void put_each(const struct engine_filter *filters, uint32_t count, const char *join, struct engine_sql *sql) {
    for (uint32_t i = 0; i < count; i++) {
        if (is_put_already(filters, i)) {
            continue;
        }
        str_puts(&sql->text, i > 0 ? join : "");
        if (filters[i].join == ENGINE_LEAF && filters[i].nested != NULL) {
            put_nested(&filters[i], count - i, sql);
        } else {
            put_filter(&filters[i], sql);
        }
    }
}

void engine_filter_sql(const struct engine_query *q, struct engine_sql *sql, bool *has_where) {
    if (q->filter_count > 0) {
        engine_select_also(sql, has_where);
        put_each(q->filters, q->filter_count, " AND ", sql);
    }
}
