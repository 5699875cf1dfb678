/* SPDX-License-Identifier: MIT
 * engine_batch_write.c - many checked rows into the database: one statement for all that write the same columns, so that
 * the defaults of the others hold,
 *
 *   INSERT INTO t (id, .., a, b) SELECT u."?0"::uuid, .., u."?1"::text, u."?2"::numeric
 *   FROM unnest($1::text[], $2::text[], ..) WITH ORDINALITY AS u ("?0", "?1", "?2", "?n") ORDER BY u."?n"
 *
 * or one by one where hooks look on. What PostgreSQL refuses of many is tried again one by one, to say which it was. */
#include "engine_batch.h"

#include <string.h>

#include "engine_nested.h"
#include "lock.h"

struct group { /* rows that write the same columns */
    struct engine_batch *b;
    struct engine_batch_row *const *rows;
    uint32_t count;
    const alees_change *shape; /* one of them */
};

/* ---- building ---- */

void engine_batch_put_element(struct str *out, alees_str text, bool is_first) {
    str_puts(out, is_first ? "" : ",");
    if (text.ptr == NULL) {
        str_puts(out, "NULL");
        return;
    }
    str_putc(out, '"');
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == '"' || text.ptr[i] == '\\') {
            str_putc(out, '\\');
        }
        str_putc(out, text.ptr[i]);
    }
    str_putc(out, '"');
}

/* The ids of the rows, or (field) what they write into it, as text[]. */
static alees_str column_of(const struct group *g, uint32_t field) {
    struct str out;
    str_init(&out, g->b->ctx->arena, (size_t)g->count * 40);
    str_putc(&out, '{');
    for (uint32_t i = 0; i < g->count; i++) {
        const alees_change *change = g->rows[i]->change;
        char id[37];
        alees_str text =
            field == UINT32_MAX ? (alees_str){alees_id_format(&change->id, id), 36} : change->cells[field].value;
        engine_batch_put_element(&out, text, i == 0);
    }
    str_putc(&out, '}');
    return str_done(&out);
}

static bool is_written(const struct group *g, uint32_t field) {
    return engine_sql_is_written(g->b->options.resource, g->shape->cells, field);
}

static void put_source(struct engine_sql *sql, uint32_t number, const char *type) {
    str_printf(&sql->text, "u.\"?%u\"::%s", (unsigned)number, type);
}

/* "FROM unnest(..) AS u": the ids are ?0, the columns follow. */
static void put_unnest(struct engine_sql *sql, const struct group *g) {
    const struct resource *r = g->b->options.resource;
    uint32_t count = 0;
    str_puts(&sql->text, " FROM unnest(");
    engine_sql_value(sql, column_of(g, UINT32_MAX), "text[]");
    for (uint32_t i = 0; i < r->field_count; i++) {
        if (is_written(g, i)) {
            str_puts(&sql->text, ", ");
            engine_sql_value(sql, column_of(g, i), "text[]");
            count++;
        }
    }
    str_puts(&sql->text, ") WITH ORDINALITY AS u (");
    for (uint32_t i = 0; i <= count; i++) {
        str_printf(&sql->text, "\"?%u\", ", (unsigned)i);
    }
    str_puts(&sql->text, "\"?n\")");
}

static void put_insert(struct engine_sql *sql, const struct group *g) {
    const struct resource *r = g->b->options.resource;
    bool is_own = r->decl->scope == ALEES_SCOPE_OWN;
    uint32_t user, number = 1;
    str_puts(&sql->text, "INSERT INTO ");
    str_view(&sql->text, r->shapes->table);
    str_puts(&sql->text, " (\"id\", \"created_at\", \"updated_at\", \"created_by\", \"updated_by\", \"version\"");
    if (is_own) {
        str_puts(&sql->text, ", ");
        str_ident(&sql->text, r->scope_column);
    }
    for (uint32_t i = 0; i < r->field_count; i++) {
        if (is_written(g, i)) {
            str_puts(&sql->text, ", ");
            str_ident(&sql->text, r->fields[i].column);
        }
    }
    user = engine_sql_bind(sql, g->b->user);
    str_puts(&sql->text, ") SELECT ");
    put_source(sql, 0, "uuid");
    str_puts(&sql->text, ", now(), now(), ");
    engine_sql_param(sql, user, "uuid");
    str_puts(&sql->text, ", ");
    engine_sql_param(sql, user, "uuid");
    str_puts(&sql->text, ", 1");
    if (is_own) {
        str_puts(&sql->text, ", ");
        engine_sql_param(sql, user, "uuid");
    }
    for (uint32_t i = 0; i < r->field_count; i++) {
        if (is_written(g, i)) {
            str_puts(&sql->text, ", ");
            put_source(sql, number++, engine_sql_type(r->fields[i].decl));
        }
    }
    put_unnest(sql, g);
    str_puts(&sql->text, " ORDER BY u.\"?n\"");
    if (g->b->options.mode != ENGINE_BATCH_CREATE && !engine_batch_has_hooks(r)) { /* whoever came first */
        str_puts(&sql->text, " ON CONFLICT DO NOTHING");
    }
    str_puts(&sql->text, " RETURNING \"id\"");
}

static void put_update(struct engine_sql *sql, const struct group *g) {
    const struct resource *r = g->b->options.resource;
    const struct engine_place *place = &g->b->change_place;
    uint32_t number = 1;
    str_puts(&sql->text, "UPDATE ");
    str_view(&sql->text, r->shapes->table);
    str_puts(&sql->text, " SET \"updated_at\" = now(), \"version\" = \"version\" + 1, \"updated_by\" = ");
    engine_sql_value(sql, g->b->user, "uuid");
    for (uint32_t i = 0; i < r->field_count; i++) {
        if (is_written(g, i)) {
            str_puts(&sql->text, ", ");
            str_ident(&sql->text, r->fields[i].column);
            str_puts(&sql->text, " = ");
            put_source(sql, number++, engine_sql_type(r->fields[i].decl));
        }
    }
    put_unnest(sql, g);
    str_puts(&sql->text, " WHERE \"id\" = u.\"?0\"::uuid");
    (void)engine_sql_life(sql, " AND ", r, place->life);
    if (place->reach != ENGINE_EVERYWHERE && !lock_host_is_off()) {
        str_puts(&sql->text, " AND ");
        engine_sql_scope(sql, r, place->ids, false);
    }
    str_puts(&sql->text, " RETURNING \"id\"");
}

/* ---- the scope ---- */

/* "{uuid,uuid}" of all that the rows are in, each once where they stand together; absent without memory. */
alees_str engine_batch_organizations(struct engine_batch *b, struct engine_batch_row *const *rows, uint32_t count) {
    static const alees_id none;
    const alees_id *last = &none;
    struct str ids;
    str_init(&ids, b->ctx->arena, 80);
    str_putc(&ids, '{');
    for (uint32_t i = 0; i < count; i++) {
        const alees_id all[] = {rows[i]->organization, rows[i]->change->organization};
        for (size_t k = 0; k < ARRAY_LEN(all); k++) { /* SELF: below its parent, and itself */
            if (alees_id_compare(&all[k], last) != 0 && alees_id_compare(&all[k], &none) != 0) {
                str_puts(&ids, ids.len > 1 ? "," : "");
                str_id(&ids, &all[k]);
            }
        }
        last = &rows[i]->organization;
    }
    str_putc(&ids, '}');
    return str_done(&ids);
}

/* New rows are written under their own organizations and no others; a new organization is its own, below its parent. */
static alees_rc scope_of_new(const struct group *g, struct store_scope *ret_scope) {
    struct engine_batch *b = g->b;
    const struct resource *r = b->options.resource;
    struct engine_place place;
    alees_rc rc = engine_place_of(b->ctx, r, b->ctx->where, false, &place);
    *ret_scope = place.scope;
    if (rc != ALEES_OK || place.reach == ENGINE_EVERYWHERE || r->decl->scope == ALEES_SCOPE_OWN) {
        return rc;
    }
    ret_scope->organizations = engine_batch_organizations(b, g->rows, g->count);
    return ret_scope->organizations.ptr != NULL ? ALEES_OK : engine_value_nomem(&b->ctx->problem);
}

/* ---- running ---- */

/* Whose is row i of the result? They come in order, as a rule; some may be missing. */
static struct engine_batch_row *find(const struct group *g, alees_str id, uint32_t *at) {
    alees_id wanted;
    if (alees_id_parse(id, &wanted) != ALEES_OK) {
        return NULL;
    }
    for (uint32_t i = 0; i < g->count; i++, *at = (*at + 1) % g->count) {
        if (alees_id_compare(&g->rows[*at]->change->id, &wanted) == 0) {
            return g->rows[*at];
        }
    }
    return NULL;
}

static void take_rows(const struct group *g, const alees_rows *rows) {
    struct engine_batch_counts *counts = &g->b->counts;
    uint32_t at = 0;
    for (uint32_t i = 0; i < store_rows_count(rows); i++) {
        struct engine_batch_row *row = find(g, store_rows_text(rows, i, 0), &at);
        if (row != NULL) {
            row->is_done = true;
            *(row->change->action == ALEES_CREATE ? &counts->created : &counts->updated) += 1;
        }
    }
}

/* *ret_of_row: PostgreSQL refused it, perhaps for one row alone; no problem is set then but the store's. */
static alees_rc run_group(const struct group *g, bool *ret_of_row) {
    struct engine_batch *b = g->b;
    const struct resource *r = b->options.resource;
    bool is_create = g->shape->action == ALEES_CREATE;
    struct store_scope scope = b->change_place.scope;
    const struct store_error *error = NULL;
    alees_rows *rows = NULL;
    struct engine_sql sql;
    alees_rc rc = is_create ? scope_of_new(g, &scope) : ALEES_OK;
    if (rc != ALEES_OK) {
        return rc;
    }
    engine_sql_init(&sql, b->ctx->arena, r->field_count + 4);
    (is_create ? put_insert : put_update)(&sql, g);
    rc = engine_sql_run(b->ctx, r, &scope, &sql, &rows, &error);
    if (rc == ALEES_OK) {
        take_rows(g, rows);
        return rc;
    }
    *ret_of_row = engine_batch_is_of_row(error);
    return *ret_of_row && g->count == 1
               ? engine_error_map(b->ctx, &(struct engine_refused){.r = r, .action = g->shape->action}, error, rc)
               : rc;
}

bool engine_batch_is_of_row(const struct store_error *error) {
    return error != NULL && (strncmp(error->sqlstate, "22", 2) == 0 || strncmp(error->sqlstate, "23", 2) == 0 ||
                             strcmp(error->sqlstate, "AL003") == 0);
}

static bool is_alike(const struct resource *r, const alees_change *a, const alees_change *b) {
    bool is_same = a->action == b->action;
    for (uint32_t i = 0; is_same && i < r->field_count; i++) {
        is_same = a->cells[i].is_written == b->cells[i].is_written;
    }
    return is_same;
}

/* Those that are still to be written, group by group. */
static alees_rc run_groups(struct engine_batch *b, struct engine_batch_row *const *rows, uint32_t count,
                           bool *ret_of_row) {
    struct engine_batch_row *part[ENGINE_BATCH_ROWS];
    bool is_taken[ENGINE_BATCH_ROWS] = {false};
    alees_rc rc = ALEES_OK;
    ASSERT(count <= ENGINE_BATCH_ROWS);
    for (uint32_t first = 0; first < count && rc == ALEES_OK; first++) {
        struct group g = {.b = b, .rows = part, .shape = rows[first]->change};
        if (is_taken[first] || rows[first]->is_done) {
            continue;
        }
        for (uint32_t i = first; i < count; i++) {
            if (!is_taken[i] && !rows[i]->is_done && is_alike(b->options.resource, rows[i]->change, g.shape)) {
                part[g.count++] = rows[i];
                is_taken[i] = true;
            }
        }
        rc = run_group(&g, ret_of_row);
    }
    return rc;
}

/* Of parts: what a row makes true is made false where it was. */
static alees_rc unmake_singles(struct engine_batch *b, struct engine_batch_row *const *rows, uint32_t count) {
    struct store_scope scope;
    alees_rc rc = ALEES_OK;
    for (uint32_t i = 0; i < count && rc == ALEES_OK; i++) {
        const struct group g = {b, &rows[i], 1, rows[i]->change};
        if (!rows[i]->is_done && engine_single_makes_any(rows[i]->change)) {
            rc = scope_of_new(&g, &scope);
            rc = rc == ALEES_OK ? engine_single_unmake(rows[i]->change, &scope) : rc;
        }
    }
    return rc;
}

/* ---- one by one ---- */

/* Which of them was it? Each alone, what is refused undone. */
static alees_rc find_faults(struct engine_batch *b, struct engine_batch_row *const *rows, uint32_t count) {
    alees_rc rc = ALEES_OK;
    for (uint32_t i = 0; i < count && rc == ALEES_OK && b->faults.item_count < PROBLEM_MOST_ITEMS; i++) {
        struct group g = {b, &rows[i], 1, rows[i]->change};
        bool is_of_row = false;
        alees_rc refused;
        if (rows[i]->is_done) {
            continue;
        }
        rc = store_savepoint(b->ctx);
        if (rc != ALEES_OK) {
            return rc;
        }
        engine_batch_enter(b, rows[i]);
        refused = run_group(&g, &is_of_row);
        if (is_of_row) {
            struct problem told = b->ctx->problem;
            problem_init(&b->ctx->problem, b->ctx->arena);
            rc = store_back(b->ctx);
            if (rc != ALEES_OK) {
                return rc;
            }
            b->ctx->problem = told;
        }
        rc = engine_batch_leave(b, refused);
    }
    return rc;
}

static alees_rc write_many(struct engine_batch *b, struct engine_batch_row *const *rows, uint32_t count) {
    struct engine_batch_counts before = b->counts;
    bool is_done[ENGINE_BATCH_ROWS], is_of_row = false;
    struct problem first;
    alees_rc rc = store_savepoint(b->ctx);
    if (rc != ALEES_OK) {
        return rc;
    }
    for (uint32_t i = 0; i < count; i++) {
        is_done[i] = rows[i]->is_done;
    }
    rc = b->options.is_nested ? ALEES_OK : unmake_singles(b, rows, count);
    rc = rc == ALEES_OK ? run_groups(b, rows, count, &is_of_row) : rc;
    if (rc == ALEES_OK || !is_of_row) {
        return rc;
    }
    first = b->ctx->problem;
    problem_init(&b->ctx->problem, b->ctx->arena);
    b->counts = before;
    for (uint32_t i = 0; i < count; i++) {
        rows[i]->is_done = is_done[i];
    }
    rc = store_back(b->ctx);
    rc = rc == ALEES_OK ? find_faults(b, rows, count) : rc;
    if (rc == ALEES_OK && !engine_batch_is_faulty(b)) { /* each alone is right: what stood in the way has gone */
        b->ctx->problem = first;
        return first.rc;
    }
    return rc;
}

/* The parts of rows that are written. */
static alees_rc write_parts(struct engine_batch *b, struct engine_batch_row *const *rows, uint32_t count) {
    alees_change *owners[ENGINE_BATCH_ROWS];
    uint32_t owner_count = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (rows[i]->is_done && rows[i]->change->nested_count > 0) {
            owners[owner_count++] = rows[i]->change;
        }
    }
    return engine_nested_write(owners, owner_count, &b->change_place);
}

/* All at once; what they say of one row has its pointer already. */
static alees_rc write_parts_of_all(struct engine_batch *b, struct engine_batch_row *const *rows, uint32_t count) {
    const struct engine_batch_row none = {.number = 0};
    if (engine_batch_is_faulty(b)) {
        return ALEES_OK;
    }
    engine_batch_enter(b, &none);
    return engine_batch_leave(b, write_parts(b, rows, count));
}

/* ---- with hooks ---- */

bool engine_batch_has_hooks(const struct resource *r) {
    return r->decl->before_write != NULL || r->decl->after_write != NULL;
}

alees_rc engine_batch_lock(struct engine_batch *b, struct engine_batch_row *row) {
    const struct engine_place *place = &b->change_place;
    bool is_everywhere = place->reach == ENGINE_EVERYWHERE;
    char id[37];
    const struct engine_target target = {.id = {alees_id_format(&row->change->id, id), 36},
                                         .user = b->user,
                                         .organizations = is_everywhere ? (alees_str){NULL, 0} : place->ids,
                                         .is_owned = place->is_owned};
    struct engine_sql sql;
    alees_rows *rows = NULL;
    alees_rc rc;
    engine_sql_init(&sql, b->ctx->arena, 4);
    engine_sql_lock(&sql, b->options.resource, &target);
    rc = engine_sql_run(b->ctx, b->options.resource, &place->scope, &sql, &rows, NULL);
    if (rc == ALEES_OK && store_rows_count(rows) == 0) {
        return problem_set(&b->ctx->problem, PROBLEM_CONFLICT, "The row has just changed; read it and try again.");
    }
    if (rc == ALEES_OK) {
        engine_change_found(row->change, rows, 0, false);
    }
    return rc;
}

static alees_rc write_with_hooks(struct engine_batch *b, struct engine_batch_row *row) {
    const struct alees_resource *decl = b->options.resource->decl;
    struct group g = {b, &row, 1, row->change};
    bool is_of_row = false;
    alees_rc rc = ALEES_OK;
    if (row->change->action == ALEES_UPDATE && decl->before_write != NULL) {
        rc = engine_batch_lock(b, row);
    }
    rc = rc == ALEES_OK ? engine_change_hook(row->change, decl->before_write) : rc;
    row->change->is_open = false;
    rc = rc == ALEES_OK ? unmake_singles(b, &row, 1) : rc;
    rc = rc == ALEES_OK ? run_group(&g, &is_of_row) : rc;
    if (rc != ALEES_OK || !row->is_done) {
        return rc;
    }
    rc = write_parts(b, &row, 1);
    return rc == ALEES_OK ? engine_change_hook(row->change, decl->after_write) : rc;
}

alees_rc engine_batch_write(struct engine_batch *b, struct engine_batch_row *const *rows, uint32_t count) {
    alees_rc rc = ALEES_OK;
    if (!engine_batch_has_hooks(b->options.resource)) {
        rc = write_many(b, rows, count);
        return rc == ALEES_OK ? write_parts_of_all(b, rows, count) : rc;
    }
    for (uint32_t i = 0; i < count && rc == ALEES_OK && !engine_batch_is_faulty(b); i++) {
        if (!rows[i]->is_done) {
            engine_batch_enter(b, rows[i]);
            rc = engine_batch_leave(b, write_with_hooks(b, rows[i]));
        }
    }
    return rc;
}
