/* SPDX-License-Identifier: MIT
 * engine_select.c - the statements of a list: its rows, in three forms, and their number.
 *
 *   one organization:       SELECT .. FROM t WHERE scope = ANY(ARRAY[$1]) AND filters AND after ORDER BY scope, .. LIMIT n
 *   several organizations:  the same for each, LATERAL, and the best n of all; to find words in many of them, joined
 *   everywhere (superusers, global rows): without the scope
 *
 * Several organizations as `= ANY(..) ORDER BY .. LIMIT n` would sort all their rows: twelve times slower. The parts of
 * rows are read around that, for the rows of the page alone. */
#include "engine_filter.h"

#include <inttypes.h>

#include "lock.h"

void engine_select_also(struct engine_sql *sql, bool *has_where) {
    str_puts(&sql->text, *has_where ? " AND " : " WHERE ");
    *has_where = true;
}

/* What the client chooses rows by. */
static void put_conditions(const struct resource *r, const struct engine_query *q, struct engine_sql *sql,
                           bool *has_where) {
    engine_filter_sql(q, sql, has_where);
    engine_search_sql(r, q, sql, has_where);
    engine_narrow_sql(r, q, sql, has_where);
}

static void put_direction(const struct engine_query *q, uint32_t key, struct engine_sql *sql) {
    str_puts(&sql->text, q->keys[key].descending != q->is_backward ? " DESC" : "");
}

/* scope: see put_scope; NULL: not in one organization. */
static void put_order(const struct engine_query *q, const char *prefix, const char *scope, struct engine_sql *sql) {
    str_puts(&sql->text, " ORDER BY ");
    if (q->is_in_given_order) {
        engine_narrow_position(q, prefix, NULL, sql);
        put_direction(q, 0, sql);
        return;
    }
    if (scope != NULL) {
        str_ident(&sql->text, scope);
        put_direction(q, 0, sql);
        str_puts(&sql->text, ", ");
    }
    for (uint32_t i = 0; i < q->key_count; i++) {
        str_puts(&sql->text, i > 0 ? ", " : "");
        str_puts(&sql->text, prefix);
        str_ident(&sql->text, q->keys[i].field->column);
        put_direction(q, i, sql);
    }
}

/* `column > value`, the way the key goes. */
static void put_step(const struct engine_query *q, uint32_t key, const char *or_equal, uint32_t number,
                     struct engine_sql *sql) {
    str_ident(&sql->text, q->keys[key].field->column);
    str_puts(&sql->text, q->keys[key].descending != q->is_backward ? " <" : " >");
    str_puts(&sql->text, or_equal);
    str_putc(&sql->text, ' ');
    engine_sql_param(sql, number, engine_sql_type(q->keys[key].field->decl));
}

/* Keys that go different ways cannot be compared as a row:
 *   a >= $1 AND (a > $1 OR (a = $1 AND (b < $2 OR (b = $2 AND c > $3))))
 * The first condition is implied; it is there for the index. */
static void put_mixed(const struct engine_query *q, uint32_t first, struct engine_sql *sql) {
    uint32_t last = q->key_count - 1;
    put_step(q, 0, "=", first, sql);
    str_puts(&sql->text, " AND (");
    for (uint32_t i = 0; i < last; i++) {
        put_step(q, i, "", first + i, sql);
        str_puts(&sql->text, " OR (");
        str_ident(&sql->text, q->keys[i].field->column);
        str_puts(&sql->text, " = ");
        engine_sql_param(sql, first + i, engine_sql_type(q->keys[i].field->decl));
        str_puts(&sql->text, " AND (");
    }
    put_step(q, last, "", first + last, sql);
    for (uint32_t i = 0; i < 2 * last + 1; i++) {
        str_putc(&sql->text, ')');
    }
}

static void put_row_comparison(const struct engine_query *q, uint32_t first, struct engine_sql *sql) {
    str_putc(&sql->text, '(');
    for (uint32_t i = 0; i < q->key_count; i++) {
        str_puts(&sql->text, i > 0 ? ", " : "");
        str_ident(&sql->text, q->keys[i].field->column);
    }
    str_puts(&sql->text, q->keys[0].descending != q->is_backward ? ") < (" : ") > (");
    for (uint32_t i = 0; i < q->key_count; i++) {
        str_puts(&sql->text, i > 0 ? ", " : "");
        engine_sql_param(sql, first + i, engine_sql_type(q->keys[i].field->decl));
    }
    str_putc(&sql->text, ')');
}

/* Only rows behind the one that the cursor stands at. */
static void put_after(const struct engine_query *q, struct engine_sql *sql, bool *has_where) {
    uint32_t first = sql->count + 1;
    bool is_mixed = false;
    if (!q->has_cursor) {
        return;
    }
    if (q->is_in_given_order) {
        engine_select_also(sql, has_where);
        engine_narrow_position(q, "", NULL, sql);
        str_puts(&sql->text, q->is_backward ? " < " : " > ");
        engine_narrow_position(q, "", &q->values[0], sql);
        return;
    }
    for (uint32_t i = 0; i < q->key_count; i++) {
        (void)engine_sql_bind(sql, q->values[i]);
        is_mixed = is_mixed || q->keys[i].descending != q->keys[0].descending;
    }
    engine_select_also(sql, has_where);
    if (is_mixed) {
        put_mixed(q, first, sql);
    } else {
        put_row_comparison(q, first, sql);
    }
}

/* Returns the column to order by first, if all rows come from one organization.
 *
 * Written as `= ANY(ARRAY[..])` the condition does not tell PostgreSQL that the column is constant, so only an index led by
 * it gives the order. With `=` the index on id alone would, too; it looks cheap when organizations are few, and then
 * walks over all rows of the others that are older. */
static const char *put_scope(const struct resource *r, const struct engine_place *place, bool is_lateral,
                             struct engine_sql *sql, bool *has_where) {
    /* of a superuser, who is not locked out of anything; and of those who would see what is shared, too */
    bool is_filter = place->scope.all || (resource_is_shared(r) && !place->is_shared);
    bool is_one = is_lateral || (place->reach == ENGINE_ONE && r->decl->scope != ALEES_SCOPE_SEVERAL);
    if (place->owner.ptr != NULL) {
        engine_select_also(sql, has_where);
        engine_sql_owner(sql, r, place->owner);
    }
    *has_where = engine_sql_life(sql, *has_where ? " AND " : " WHERE ", r, place->life) || *has_where;
    if (place->reach == ENGINE_EVERYWHERE && place->is_owned) {
        engine_select_also(sql, has_where);
        engine_sql_owned(sql, r);
    }
    if (r->scope_column == NULL || place->reach == ENGINE_EVERYWHERE || (lock_host_is_off() && !is_filter)) {
        return NULL;
    }
    engine_select_also(sql, has_where);
    if (!is_one) {
        engine_sql_among(sql, r, place->ids, place->is_shared);
        return NULL;
    }
    str_ident(&sql->text, r->scope_column);
    str_puts(&sql->text, " = ANY(ARRAY[");
    sql->scope_form = is_lateral ? ENGINE_SCOPE_LATERAL : ENGINE_SCOPE_ONE;
    if (is_lateral) {
        str_puts(&sql->text, "o.organization");
    } else {
        engine_sql_value(sql, place->id, "uuid");
        sql->scope_number = sql->count;
    }
    str_puts(&sql->text, "])");
    return r->decl->scope == ALEES_SCOPE_SELF ? NULL : r->scope_column;
}

/* One row more than the page shows, to know whether there is another page. The sizes that nearly everyone asks for stand
 * in the text: with a parameter PostgreSQL expects a tenth of all rows, never finds its generic plan good enough and plans
 * every list anew, which took a third of its time. Other sizes are a parameter, so that they cannot fill the store of
 * statements. */
static alees_str limit_of(const struct engine_query *q, struct engine_sql *sql) {
    alees_str size = arena_printf(sql->text.arena, "%u", (unsigned)q->page_size + 1);
    if (!q->has_own_size) {
        return size;
    }
    return arena_printf(sql->text.arena, "$%u::bigint", (unsigned)engine_sql_bind(sql, size));
}

static uint64_t offset_of(const struct engine_query *q) {
    return q->page > 1 ? (uint64_t)(q->page - 1) * q->page_size : 0;
}

static void put_number(struct engine_sql *sql, const char *word, uint64_t number) {
    str_puts(&sql->text, word);
    engine_sql_value(sql, arena_printf(sql->text.arena, "%" PRIu64, number), "bigint");
}

static void put_limit(const struct engine_query *q, struct engine_sql *sql, alees_str limit) {
    str_puts(&sql->text, " LIMIT ");
    str_view(&sql->text, limit);
    if (q->page != 0) {
        put_number(sql, " OFFSET ", offset_of(q));
    }
}

/* Of each organization as many rows as could be on the page or before it. */
static void put_inner_limit(const struct engine_query *q, struct engine_sql *sql, alees_str limit) {
    if (q->page != 0) {
        put_number(sql, " LIMIT ", offset_of(q) + q->page_size + 1);
    } else {
        put_limit(q, sql, limit);
    }
}

void engine_select_init(struct engine_sql *sql, struct arena *arena, const struct engine_query *q) {
    /* and the words of a search, two for each, and its text; the organizations, the owner, the keys of a cursor, limits */
    engine_sql_init(sql, arena, q->filter_values + 2 * q->search.count + 1 + ENGINE_MAX_KEYS + 5);
}

enum { MANY = 500, ID = 37 }; /* organizations; characters of an id and a comma */

static bool is_of_many(const struct engine_place *place) {
    return place->ids.len > (size_t)MANY * ID;
}

/* Words and parts of texts are found by an index of the whole table, once; to ask it of each of many organizations takes
 * seconds. */
static bool is_looking_for_text(const struct engine_query *q) {
    bool is_so = q->search.count > 0;
    for (uint32_t i = 0; i < q->filter_count; i++) {
        is_so = is_so || engine_filter_is_slow(&q->filters[i]);
    }
    return is_so;
}

static bool is_in_each(const struct resource *r, const struct engine_query *q, const struct engine_place *place) {
    return place->reach == ENGINE_SEVERAL && r->decl->scope == ALEES_SCOPE_ORGANIZATION && !place->is_shared &&
           !lock_host_is_off() && !q->is_endless && !(is_of_many(place) && is_looking_for_text(q));
}

bool engine_select_is_by_index(const struct resource *r, const struct engine_query *q,
                               const struct engine_place *place) {
    return is_in_each(r, q, place) && is_of_many(place);
}

void engine_select_sql(const struct resource *r, const struct engine_query *q, const struct engine_place *place,
                       struct engine_sql *sql) {
    bool is_lateral = is_in_each(r, q, place);
    const struct engine_view *view = q->view != NULL ? q->view : &r->shapes->all;
    bool has_where = false;
    const char *scope;
    alees_str limit;
    if (is_lateral) {
        if (view->has_nested) {
            str_puts(&sql->text, "SELECT ");
            str_view(&sql->text, view->selected);
            str_puts(&sql->text, " FROM (");
        }
        str_puts(&sql->text, "SELECT t.* FROM unnest(");
        engine_sql_value(sql, place->ids, "uuid[]");
        str_puts(&sql->text, ") AS o(organization) CROSS JOIN LATERAL (");
    }
    str_puts(&sql->text, "SELECT ");
    str_view(&sql->text, is_lateral ? view->plain : view->selected);
    str_puts(&sql->text, " FROM ");
    str_view(&sql->text, r->shapes->table);
    scope = put_scope(r, place, is_lateral, sql, &has_where);
    put_conditions(r, q, sql, &has_where);
    put_after(q, sql, &has_where);
    put_order(q, "", scope, sql);
    if (q->is_endless) {
        return;
    }
    limit = limit_of(q, sql);
    if (is_lateral) {
        put_inner_limit(q, sql, limit);
        str_puts(&sql->text, ") AS t");
        put_order(q, "t.", NULL, sql);
    }
    put_limit(q, sql, limit);
    if (is_lateral && view->has_nested) {
        str_puts(&sql->text, ") AS t");
        put_order(q, "t.", NULL, sql);
    }
}

void engine_select_from(const struct resource *r, const struct engine_query *q, const struct engine_place *place,
                        struct engine_sql *sql) {
    bool has_where = false;
    str_puts(&sql->text, " FROM ");
    str_view(&sql->text, r->shapes->table);
    (void)put_scope(r, place, false, sql, &has_where);
    if (q != NULL) {
        put_conditions(r, q, sql, &has_where);
    }
}

void engine_select_count(const struct resource *r, const struct engine_query *q, const struct engine_place *place,
                         struct engine_sql *sql) {
    bool is_bounded = q->count == CTX_COUNT_ESTIMATED;
    str_puts(&sql->text, is_bounded ? "SELECT count(*) FROM (SELECT 1" : "SELECT count(*)");
    engine_select_from(r, q, place, sql);
    if (is_bounded) {
        str_printf(&sql->text, " LIMIT %d) AS s", ENGINE_EXACT_ROWS + 1);
    }
}

void engine_select_plan(const struct resource *r, const struct engine_query *q, const struct engine_place *place,
                        struct engine_sql *sql) {
    str_puts(&sql->text, "EXPLAIN (FORMAT JSON) SELECT 1");
    engine_select_from(r, q, place, sql);
}

void engine_select_sample(const struct resource *r, const struct engine_query *q, const struct engine_place *place,
                          struct engine_sql *sql) {
    bool has_where = false;
    str_puts(&sql->text, "SELECT count(*) FROM (SELECT *");
    engine_select_from(r, NULL, place, sql);
    str_printf(&sql->text, " LIMIT %d) AS s", ENGINE_EXACT_ROWS);
    put_conditions(r, q, sql, &has_where);
}
