/* SPDX-License-Identifier: MIT
 * engine_many.c - PATCH and DELETE of the rows that filters choose. First the rows that the caller sees: all of them must be
 * theirs to change, or nothing happens. Then these are locked, judged, and written: in one statement, or one by one where
 * hooks look on. */
#include <inttypes.h>
#include <string.h>

#include "engine_many.h"
#include "engine_validate.h"
#include "lock.h"

/* ---- which rows are meant ---- */

static bool takes_life(const struct engine_many *m, alees_str name) {
    return m->action == ALEES_DELETE_ROW && resource_is_soft(m->r) &&
           (str_equal(name, "deleted") || str_equal(name, "permanent"));
}

static alees_rc read_life(struct engine_many *m, const struct ctx_parameter *p) {
    bool is_true = str_equal(p->value, "true"), is_permanent = str_equal(p->name, "permanent");
    bool *is_told = is_permanent ? &m->has_permanent : &m->has_deleted;
    if (*is_told || (!is_true && !str_equal(p->value, "false"))) {
        return problem_set(&m->ctx->problem, PROBLEM_BAD_PARAMETER, "The parameter %.*s must be true or false, once",
                           STR_FMT(p->name));
    }
    *is_told = true;
    if (is_permanent) {
        m->is_marking = !is_true;
    } else {
        m->life = is_true ? ENGINE_DELETED : ENGINE_LIVE;
    }
    return ALEES_OK;
}

/* What is about pages is refused; all=true stands for "no filter". *ret_has_filter: something chooses. */
static alees_rc read_parameters(struct engine_many *m, bool *ret_has_filter) {
    static const char *const of_lists[] = {"ordering", "page_size", "cursor", "page", "count"};
    static const char *const others[] = {"fields", "expand", "organization", "below"};
    alees_ctx *ctx = m->ctx;
    uint32_t kept = 0;
    for (uint32_t i = 0; i < ctx->parameter_count; i++) {
        const struct ctx_parameter *p = &ctx->parameters[i];
        bool is_other = false;
        for (size_t k = 0; k < ARRAY_LEN(of_lists); k++) {
            if (str_equal(p->name, of_lists[k])) {
                return problem_set(&ctx->problem, PROBLEM_BAD_PARAMETER, "The parameter %s is for lists; leave it out",
                                   of_lists[k]);
            }
        }
        for (size_t k = 0; k < ARRAY_LEN(others); k++) {
            is_other = is_other || str_equal(p->name, others[k]);
        }
        if (m->action == ALEES_UPDATE && resource_is_soft(m->r) && str_equal(p->name, "deleted")) {
            return problem_set(&ctx->problem, PROBLEM_BAD_PARAMETER,
                               "Deleted rows are not changed; restore them first, and leave the parameter deleted out");
        }
        if (takes_life(m, p->name)) {
            alees_rc rc = read_life(m, p);
            if (rc != ALEES_OK) {
                return rc;
            }
            continue;
        }
        if (str_equal(p->name, "all")) {
            if (m->is_all || !str_equal(p->value, "true")) {
                return problem_set(&ctx->problem, PROBLEM_BAD_PARAMETER, "The parameter all must be true, once");
            }
            m->is_all = true;
            continue;
        }
        *ret_has_filter = *ret_has_filter || !is_other;
        ctx->parameters[kept++] = *p;
    }
    ctx->parameter_count = kept;
    return ALEES_OK;
}

/* Filters are judged by where the caller may view: that is what they choose from. */
static alees_rc read_query(struct engine_many *m) {
    const struct alees_organizations *may = m->ctx->where, *view = NULL;
    alees_ctx *ctx = m->ctx;
    bool has_filter = false;
    alees_rc rc = read_parameters(m, &has_filter);
    if (rc == ALEES_OK && !has_filter && !m->is_all) {
        return problem_set(&ctx->problem, PROBLEM_BAD_PARAMETER,
                           "Choose the rows with at least one filter, or send all=true.");
    }
    if (rc == ALEES_OK && m->life == ENGINE_DELETED && m->is_marking) {
        return problem_set(&ctx->problem, PROBLEM_BAD_PARAMETER,
                           "These rows are deleted already; with permanent=true they go for good.");
    }
    rc = rc == ALEES_OK ? engine_place_seen(ctx, m->r, &m->may) : rc;
    if (rc == ALEES_OK && m->r->scope_column != NULL && !ctx->is_all) {
        rc = engine_place_holds(ctx, m->r, m->r->view, &view);
    }
    if (rc != ALEES_OK) {
        return rc;
    }
    ctx->where = view = m->life == ENGINE_DELETED ? m->may : view; /* who may delete there sees what is deleted */
    rc = engine_fields_open(ctx, m->r, m->r->view, &m->readable);
    rc = rc == ALEES_OK ? engine_query_read(ctx, m->r, &m->readable, &m->query) : rc;
    rc = rc == ALEES_OK ? engine_view_read(ctx, m->r, NULL, &m->view) : rc;
    rc = rc == ALEES_OK ? engine_deleted_place(ctx, m->r, m->life, &m->seen) : rc;
    rc = rc == ALEES_OK ? engine_narrow_place(ctx, m->r, view, &m->query, &m->seen) : rc;
    ctx->where = may;
    rc = rc == ALEES_OK ? engine_place_of(ctx, m->r, m->may, false, &m->place) : rc;
    m->place.life = m->life;
    return rc;
}

void engine_many_place(struct engine_sql *sql, const struct engine_many *m, const struct engine_place *place,
                       bool *has_where) {
    if (place->owner.ptr != NULL) {
        engine_select_also(sql, has_where);
        engine_sql_owner(sql, m->r, place->owner);
    }
    *has_where = engine_sql_life(sql, *has_where ? " AND " : " WHERE ", m->r, place->life) || *has_where;
    if (place->reach == ENGINE_EVERYWHERE && place->is_owned) {
        engine_select_also(sql, has_where);
        engine_sql_owned(sql, m->r);
    } else if (m->r->scope_column != NULL && place->reach != ENGINE_EVERYWHERE && !lock_host_is_off()) {
        engine_select_also(sql, has_where);
        engine_sql_among(sql, m->r, place->ids, place->is_shared);
    } else if (place->reach != ENGINE_EVERYWHERE && (m->query.has_organization || m->query.is_below)) {
        engine_select_also(sql, has_where); /* by name, the host's lock being off */
        engine_sql_among(sql, m->r, place->ids, false);
    }
}

static void put_filters(struct engine_sql *sql, const struct engine_many *m, bool *has_where) {
    engine_filter_sql(&m->query, sql, has_where);
    engine_search_sql(m->r, &m->query, sql, has_where);
}

/* A superuser who names an organization has a place without a list of ids. */
static alees_rc name_place(struct engine_many *m) {
    if (m->seen.reach == ENGINE_ONE && m->seen.scope.all) {
        m->seen.ids = arena_printf(m->ctx->arena, "{%.*s}", STR_FMT(m->seen.id));
        return m->seen.ids.ptr != NULL ? ALEES_OK : engine_value_nomem(&m->ctx->problem);
    }
    return ALEES_OK;
}

/* Ids and scopes of what is seen: not more than may be written, all permitted. */
static alees_rc judge(struct engine_many *m, const alees_rows *rows) {
    alees_ctx *ctx = m->ctx;
    struct str ids;
    m->count = store_rows_count(rows);
    if (m->count > m->most) {
        return problem_set(&ctx->problem, PROBLEM_TOO_MANY_AFFECTED,
                           "More than %" PRIu64 " rows match; narrow the filters.", m->most);
    }
    str_init(&ids, ctx->arena, (size_t)m->count * 37 + 8);
    str_putc(&ids, '{');
    for (uint32_t i = 0; i < m->count; i++) {
        alees_str scope = store_rows_text(rows, i, 1);
        alees_id id;
        if (m->r->scope_column != NULL && !engine_place_meets(ctx, m->may, scope)) {
            return engine_place_deny(ctx, ctx->route->permission_name,
                                     alees_id_parse(scope, &id) == ALEES_OK ? &id : NULL);
        }
        str_puts(&ids, i > 0 ? "," : "");
        str_view(&ids, store_rows_text(rows, i, 0));
    }
    str_putc(&ids, '}');
    m->ids = str_done(&ids);
    return m->ids.ptr != NULL ? ALEES_OK : engine_value_nomem(&ctx->problem);
}

static alees_rc look(struct engine_many *m) {
    struct engine_sql sql;
    alees_rows *rows = NULL;
    bool has_where = false;
    alees_rc rc = name_place(m);
    if (rc != ALEES_OK || m->seen.reach == ENGINE_NOWHERE) {
        return rc;
    }
    engine_sql_init(&sql, m->ctx->arena, m->query.filter_values + ENGINE_MAX_KEYS + 16);
    str_puts(&sql.text, "SELECT \"id\", ");
    if (m->r->scope_column != NULL) {
        str_ident(&sql.text, m->r->scope_column);
    } else {
        str_puts(&sql.text, "NULL");
    }
    str_puts(&sql.text, " FROM ");
    str_view(&sql.text, m->r->shapes->table);
    engine_many_place(&sql, m, &m->seen, &has_where);
    put_filters(&sql, m, &has_where);
    str_puts(&sql.text, " LIMIT ");
    engine_sql_value(&sql, arena_printf(m->ctx->arena, "%" PRIu64, m->most + 1), "bigint");
    rc = engine_sql_run(m->ctx, m->r, &m->seen.scope, &sql, &rows, NULL);
    return rc == ALEES_OK ? judge(m, rows) : rc;
}

/* Those that still match when nobody else can change them any more. */
static alees_rc lock(struct engine_many *m) {
    struct engine_sql sql;
    bool has_where = true;
    alees_rc rc;
    engine_sql_init(&sql, m->ctx->arena, m->query.filter_values + ENGINE_MAX_KEYS + 16);
    str_puts(&sql.text, "SELECT ");
    str_view(&sql.text, m->action == ALEES_DELETE_ROW ? m->r->shapes->all.selected : m->r->shapes->all.plain);
    str_puts(&sql.text, ", \"version\" FROM ");
    str_view(&sql.text, m->r->shapes->table);
    str_puts(&sql.text, " WHERE \"id\" = ANY(");
    engine_sql_value(&sql, m->ids, "uuid[]");
    str_putc(&sql.text, ')');
    engine_many_place(&sql, m, &m->place, &has_where);
    if (m->r->is_movable && (m->query.has_organization || m->query.is_below)) {
        str_puts(&sql.text, " AND ("); /* IS TRUE: as in engine_sql.c */
        engine_sql_scope(&sql, m->r, m->seen.ids, false);
        str_puts(&sql.text, ") IS TRUE");
    }
    put_filters(&sql, m, &has_where);
    str_puts(&sql.text, " ORDER BY \"id\" FOR NO KEY UPDATE");
    rc = engine_sql_run(m->ctx, m->r, &m->place.scope, &sql, &m->rows, NULL);
    m->count = rc == ALEES_OK ? store_rows_count(m->rows) : 0;
    return rc;
}

/* ---- what becomes of them ---- */

/* May the caller change these fields of that row? */
static alees_rc check_rights(const struct engine_many *m, struct engine_fields *fields, const alees_json *body,
                             uint32_t row) {
    const bool *may = NULL;
    alees_rc rc;
    if (engine_fields_permit(m->r, m->action, body, fields->everywhere)) {
        return ALEES_OK;
    }
    rc = engine_fields_of_row(fields, &m->r->shapes->all, m->rows, row, &may);
    if (rc != ALEES_OK || engine_fields_permit(m->r, m->action, body, may)) {
        return rc;
    }
    return engine_fields_refuse(fields, m->action, body, may, &m->changes[row]->organization);
}

/* The value is the same in all rows: it is told once. */
static alees_rc refuse_custom(void *data, uint32_t row, alees_str pointer) {
    alees_ctx *ctx = data;
    (void)row;
    if (ctx->problem.last == NULL || !alees_equal(ctx->problem.last->pointer, pointer)) {
        problem_add(&ctx->problem, pointer, "invalid_reference", "does not name a row that can be used here");
    }
    return ALEES_OK;
}

static alees_rc check_references(const struct engine_many *m) {
    bool *may = ARENA_ARRAY(m->ctx->arena, bool, m->count);
    alees_rc rc = may != NULL ? ALEES_OK : engine_value_nomem(&m->ctx->problem);
    for (uint32_t i = 0; i < m->r->field_count && rc == ALEES_OK; i++) {
        bool is_right = true;
        if (m->r->fields[i].decl->reference == NULL || m->r->shapes->nested[i] != NULL || m->r->fields[i].is_standard) {
            continue;
        }
        rc = engine_refer_many(m->changes, m->count, &m->r->fields[i], may);
        for (uint32_t k = 0; k < m->count && rc == ALEES_OK; k++) {
            is_right = is_right && may[k];
        }
        if (rc == ALEES_OK && !is_right) {
            engine_refer_refuse(m->ctx, &m->r->fields[i]);
        }
    }
    if (rc == ALEES_OK && m->r->custom != NULL) {
        rc = engine_custom_refer_many(m->changes, m->count, refuse_custom, m->ctx);
    }
    if (rc == ALEES_OK && m->ctx->problem.item_count > 0) {
        rc =
            problem_set(&m->ctx->problem, PROBLEM_INVALID, "Correct the fields that errors names, then send it again.");
    }
    return rc;
}

static alees_rc open_changes(struct engine_many *m) {
    m->changes = ARENA_ARRAY(m->ctx->arena, alees_change *, m->count + 1);
    if (m->changes == NULL) {
        return engine_value_nomem(&m->ctx->problem);
    }
    for (uint32_t i = 0; i < m->count; i++) {
        alees_id id;
        if (alees_id_parse(store_rows_text(m->rows, i, 0), &id) != ALEES_OK) {
            return ALEES_E_INTERNAL;
        }
        m->changes[i] = engine_change_new(m->ctx, m->r, m->action, &id);
        if (m->changes[i] == NULL) {
            return ALEES_E_NOMEM;
        }
        engine_change_found(m->changes[i], m->rows, i, true);
        m->changes[i]->refers_later = true;
    }
    return ALEES_OK;
}

/* Rows are moved one by one: there is more to ask. */
static alees_rc read_body(struct engine_many *m, const alees_json **ret_body) {
    static const alees_id none;
    alees_change *trial;
    alees_rc rc = engine_change_body(m->ctx, ret_body);
    if (rc != ALEES_OK) {
        return rc;
    }
    if (jx_kind(jx_get(*ret_body, "organization")) != ALEES_JSON_ABSENT && m->r->decl->scope != ALEES_SCOPE_SELF) {
        problem_add(&m->ctx->problem, STR_LIT("/organization"), "read_only_field",
                    "cannot be changed for many rows at once; leave it out");
        return problem_set(&m->ctx->problem, PROBLEM_READ_ONLY_FIELD,
                           "The body has a field that cannot be written; see errors.");
    }
    for (uint32_t i = 0; i < m->r->field_count; i++) {
        const char *name = m->r->fields[i].decl->name;
        if (m->r->shapes->nested[i] != NULL && jx_kind(jx_get(*ret_body, name)) != ALEES_JSON_ABSENT) {
            problem_add(&m->ctx->problem, engine_value_pointer(m->ctx->arena, alees_text(name)), "read_only_field",
                        "cannot be changed for many rows at once; leave it out");
            return problem_set(&m->ctx->problem, PROBLEM_READ_ONLY_FIELD,
                               "The body has a field that cannot be written; see errors.");
        }
    }
    trial = engine_change_new(m->ctx, m->r, m->action, &none);
    if (trial == NULL) {
        return ALEES_E_NOMEM;
    }
    trial->refers_later = true;
    return engine_change_read(trial, *ret_body, NULL); /* what is wrong with it is wrong whatever the rows */
}

static alees_rc prepare(struct engine_many *m, const alees_json *body) {
    struct engine_fields fields;
    alees_rc rc = open_changes(m);
    if (rc != ALEES_OK || m->action != ALEES_UPDATE) {
        return rc;
    }
    rc = engine_fields_open(m->ctx, m->r, m->r->change, &fields);
    for (uint32_t i = 0; i < m->count && rc == ALEES_OK; i++) {
        rc = check_rights(m, &fields, body, i);
        rc = rc == ALEES_OK ? engine_change_read(m->changes[i], body, NULL) : rc;
    }
    rc = rc == ALEES_OK && m->count > 0 ? check_references(m) : rc;
    for (uint32_t i = 0; i < m->count && rc == ALEES_OK; i++) {
        if (!engine_change_is_empty(m->changes[i])) {
            rc = engine_change_hook(m->changes[i], m->r->decl->validate);
        }
    }
    if (rc == ALEES_OK && m->count > 0 && !engine_change_is_empty(m->changes[0])) {
        rc = engine_validate_all(m->ctx, m->r, m->changes, m->count);
    }
    for (uint32_t i = 0; i < m->count && rc == ALEES_OK; i++) {
        rc = engine_validate_told(m->changes[i]);
    }
    return rc;
}

/* ---- the answer ---- */

static alees_rc answer(struct engine_many *m) {
    bool is_shown = m->ctx->prefer.returns == CTX_RETURN_REPRESENTATION;
    alees_id *ids = ARENA_ARRAY(m->ctx->arena, alees_id, m->count + 1);
    alees_rows *rows = m->rows;
    alees_rc rc = ctx_obeyed(m->ctx, CTX_PREFER_RETURN);
    rc = rc == ALEES_OK ? ctx_obeyed(m->ctx, CTX_PREFER_MAX_AFFECTED) : rc;
    if (ids == NULL) {
        return engine_value_nomem(&m->ctx->problem);
    }
    if (rc == ALEES_OK && is_shown && (m->action == ALEES_UPDATE || rows == NULL)) {
        for (uint32_t i = 0; i < m->count; i++) {
            ids[i] = m->changes[i]->id;
        }
        rc = engine_bulk_read(m->ctx, m->r, &m->place.scope, ids, m->count, &rows);
    }
    rc = rc == ALEES_OK ? engine_bulk_results(m->ctx, m->view, is_shown ? rows : NULL, m->written) : rc;
    m->ctx->response.status = rc == ALEES_OK ? 200 : 0;
    return rc == ALEES_OK && !ctx_can_answer(m->ctx) ? engine_value_nomem(&m->ctx->problem) : rc;
}

static alees_rc run(alees_ctx *ctx, uint32_t action) {
    struct engine_many m = {.ctx = ctx, .r = ctx->route->resource, .action = action, .most = ctx->app->bulk_rows};
    m.is_marking = action == ALEES_DELETE_ROW && resource_is_soft(m.r);
    bool is_mine = ctx->transaction == NULL;
    const alees_json *body = NULL;
    alees_rc rc = read_query(&m);
    rc = rc == ALEES_OK && action == ALEES_UPDATE ? read_body(&m, &body) : rc;
    if (rc != ALEES_OK) {
        return rc;
    }
    if (ctx->prefer.has_max_affected && ctx->prefer.max_affected < m.most) {
        m.most = ctx->prefer.max_affected;
    }
    if (is_mine) {
        store_begin(ctx);
    }
    rc = m.r->owner != NULL ? engine_owner_lock(ctx, m.r) : ALEES_OK;
    rc = rc == ALEES_OK ? look(&m) : rc;
    rc = rc == ALEES_OK && m.count > 0 ? lock(&m) : rc;
    rc = rc == ALEES_OK ? prepare(&m, body) : rc;
    rc = rc == ALEES_OK ? engine_many_write(&m) : rc;
    rc = rc == ALEES_OK ? answer(&m) : rc;
    return engine_bulk_end(ctx, is_mine, rc);
}

alees_rc engine_patch_many(alees_ctx *ctx) {
    return run(ctx, ALEES_UPDATE);
}

alees_rc engine_remove_many(alees_ctx *ctx) {
    return run(ctx, ALEES_DELETE_ROW);
}
