/* SPDX-License-Identifier: MIT
 * engine_protect.c - which rows hold one that cannot go: of each resource that refers to it, how many. Asked only after
 * PostgreSQL has refused, beside the transaction that has failed by it, and told as far as the caller sees them. */
#include "engine_parts.h"

#include <inttypes.h>
#include <string.h>

#include "lock.h"

enum { MOST = 1000 /* that are counted */ };

struct protect {
    alees_ctx *ctx;
    const struct resource *r;
    alees_str id, organization; /* of the row; absent: it has none */
    alees_str pointer;          /* of the items */
    bool with_lists;            /* of ids: what refused is no key of a declared table, as the one that keeps a list */
    bool is_marking;            /* it would have stayed, as a deleted one */
    bool has_unseen;
    uint32_t told;
};

static bool is_same(const char *a, const char *b) {
    return a != NULL && b != NULL && strcmp(a, b) == 0;
}

/* PostgreSQL names the table with the reference, without its schema, and the constraint, which is unique there. */
static bool is_of_table(const struct resource *q, const struct store_error *e) {
    const char *dot = strchr(q->decl->table, '.');
    return is_same(dot != NULL ? dot + 1 : q->decl->table, e->table);
}

static bool is_known_table(const alees_ctx *ctx, const struct store_error *e) {
    const struct catalogue *c = &ctx->app->catalogue;
    for (uint32_t i = 0; i < c->resource_count; i++) {
        if (is_of_table(c->resources[i], e)) {
            return true;
        }
    }
    return false;
}

/* Do both rows have an organization, and the same one? Then it leads the index. */
static bool is_inside(const struct protect *p, const struct resource *q) {
    return p->organization.ptr != NULL && p->r->decl->scope == ALEES_SCOPE_ORGANIZATION &&
           q->decl->scope == ALEES_SCOPE_ORGANIZATION && !resource_is_optional(q) && !resource_is_optional(p->r);
}

static bool is_holding(const struct protect *p, const struct resource_field *f) {
    return f->target == p->r && (f->is_holding || (p->with_lists && f->decl->type == ALEES_REFERENCES));
}

/* "SELECT count(*) FROM (SELECT FROM t WHERE column = id .. LIMIT 1001) s" */
static void put_count(const struct protect *p, const struct resource *q, const struct resource_field *f,
                      const struct engine_place *place, struct engine_sql *sql) {
    bool is_list = f->decl->type == ALEES_REFERENCES;
    str_puts(&sql->text, "SELECT count(*) FROM (SELECT FROM ");
    str_view(&sql->text, q->shapes->table);
    str_puts(&sql->text, " WHERE ");
    str_ident(&sql->text, f->column);
    str_puts(&sql->text, is_list ? " @> ARRAY[" : " = ");
    engine_sql_value(sql, p->id, "uuid");
    str_puts(&sql->text, is_list ? "]" : "");
    if (is_inside(p, q)) {
        str_puts(&sql->text, " AND ");
        str_ident(&sql->text, q->scope_column);
        str_puts(&sql->text, " = ");
        engine_sql_value(sql, p->organization, "uuid");
    }
    (void)engine_sql_life(sql, " AND ", q, place->life);
    if (q->scope_column != NULL && place->reach != ENGINE_EVERYWHERE && !lock_host_is_off()) {
        str_puts(&sql->text, " AND ");
        engine_sql_scope(sql, q, place->ids, place->is_shared);
    } else if (place->reach == ENGINE_EVERYWHERE && place->is_owned) {
        str_puts(&sql->text, " AND ");
        engine_sql_owned(sql, q);
    }
    str_printf(&sql->text, " LIMIT %d) AS s", MOST + 1);
}

static alees_rc count(const struct protect *p, const struct resource *q, const struct resource_field *f,
                      const struct engine_place *place, int64_t *ret_count) {
    alees_rows *rows = NULL;
    struct engine_sql sql;
    struct store_call call;
    alees_rc rc;
    *ret_count = 0;
    if (place->reach == ENGINE_NOWHERE) {
        return ALEES_OK;
    }
    engine_sql_init(&sql, p->ctx->arena, 4);
    put_count(p, q, f, place, &sql);
    call = (struct store_call){engine_sql_statement(p->ctx->app->store, q, &sql), sql.params};
    if (call.statement == NULL) {
        return ALEES_E_NOMEM;
    }
    rc = store_run_alone(p->ctx, &place->scope, &call, 1, &rows, NULL);
    return rc != ALEES_OK || str_parse_i64(store_rows_text(rows, 0, 0), ret_count) ? rc : ALEES_E_INTERNAL;
}

/* Where does the caller see rows of q that are of that life, and that field of each? */
static alees_rc place_of(const struct protect *p, const struct resource *q, const struct resource_field *f,
                         enum engine_life life, struct engine_place *ret_place) {
    const struct alees_organizations *where = p->ctx->where, *view = NULL;
    struct engine_fields fields;
    alees_rc rc = q->scope_column != NULL ? engine_place_holds(p->ctx, q, q->view, &view) : ALEES_OK;
    p->ctx->where = view;
    if (rc == ALEES_OK && life == ENGINE_DELETED) {
        rc = engine_deleted_where(p->ctx, q, &p->ctx->where);
    }
    rc = rc == ALEES_OK ? engine_deleted_place(p->ctx, q, life, ret_place) : rc;
    p->ctx->where = where;
    rc = rc == ALEES_OK ? engine_fields_open(p->ctx, q, q->view, &fields) : rc;
    if (rc == ALEES_OK && !fields.is_all && !fields.everywhere[f - q->fields]) {
        ret_place->reach = ENGINE_NOWHERE;
    }
    return rc;
}

static void tell(struct protect *p, const struct resource *q, enum engine_life life, int64_t count) {
    const char *deleted = life == ENGINE_DELETED ? "deleted " : "";
    if (count > MOST) {
        problem_add(&p->ctx->problem, p->pointer, "protected", "more than %d %srows of %s refer to it", MOST, deleted,
                    q->full_name);
    } else if (count > 0) {
        problem_add(&p->ctx->problem, p->pointer, "protected", "%" PRId64 " %srow%s of %s refer%s to it", count,
                    deleted, count == 1 ? "" : "s", q->full_name, count == 1 ? "s" : "");
    }
    p->told += count > 0;
}

static alees_rc ask(struct protect *p, const struct resource *q, const struct resource_field *f,
                    enum engine_life life) {
    struct engine_place place,
        everywhere = {.reach = ENGINE_EVERYWHERE,
                      .life = life,
                      .scope = {.plugin = q->plugin, .all = true, .organizations = STR_LIT("{}")}};
    int64_t seen = 0, all = 0;
    alees_rc rc = place_of(p, q, f, life, &place);
    rc = rc == ALEES_OK ? count(p, q, f, &place, &seen) : rc;
    if (rc == ALEES_OK && (place.reach != ENGINE_EVERYWHERE || place.is_owned) && seen <= MOST) {
        rc = count(p, q, f, &everywhere, &all);
    }
    if (rc == ALEES_OK) {
        p->has_unseen = p->has_unseen || all > seen;
        tell(p, q, life, seen);
    }
    return rc;
}

/* A row that is only marked is held by live ones alone; one that goes for good, by all. */
static alees_rc ask_both(struct protect *p, const struct resource *q, const struct resource_field *f) {
    alees_rc rc = ask(p, q, f, ENGINE_LIVE);
    return rc == ALEES_OK && resource_is_soft(q) && !p->is_marking ? ask(p, q, f, ENGINE_DELETED) : rc;
}

/* Which organization is the row of? */
static alees_rc find_organization(struct protect *p) {
    const struct engine_place everywhere = {
        .reach = ENGINE_EVERYWHERE, .scope = {.plugin = p->r->plugin, .all = true, .organizations = STR_LIT("{}")}};
    struct engine_target target = {.id = p->id, .life = ENGINE_EITHER};
    alees_rows *rows = NULL;
    struct engine_sql sql;
    struct store_call call;
    alees_rc rc;
    if (p->r->decl->scope != ALEES_SCOPE_ORGANIZATION) {
        return ALEES_OK;
    }
    engine_sql_init(&sql, p->ctx->arena, 2);
    engine_sql_locate(&sql, p->r, &target);
    call = (struct store_call){engine_sql_statement(p->ctx->app->store, p->r, &sql), sql.params};
    if (call.statement == NULL) {
        return ALEES_E_NOMEM;
    }
    rc = store_run_alone(p->ctx, &everywhere.scope, &call, 1, &rows, NULL);
    if (rc == ALEES_OK && store_rows_count(rows) > 0) {
        p->organization = store_rows_text(rows, 0, 0);
    }
    return rc;
}

void engine_protect_tell(alees_ctx *ctx, const struct engine_refused *what, const struct store_error *error,
                         alees_str pointer) {
    const struct catalogue *c = &ctx->app->catalogue;
    const struct problem before = ctx->problem;
    char text[37];
    struct protect p = {.ctx = ctx,
                        .r = what->r,
                        .id = arena_str(ctx->arena, (alees_str){alees_id_format(what->id, text), 36}),
                        .pointer = pointer,
                        .with_lists = !is_known_table(ctx, error),
                        .is_marking = what->is_marking};
    alees_rc rc = find_organization(&p);
    for (uint32_t i = 0; i < c->resource_count && rc == ALEES_OK; i++) {
        const struct resource *q = c->resources[i];
        for (uint32_t k = 0; k < q->field_count && rc == ALEES_OK; k++) {
            if (is_holding(&p, &q->fields[k])) {
                rc = ask_both(&p, q, &q->fields[k]);
            }
        }
    }
    if (rc != ALEES_OK) {
        ctx->problem = before; /* what could not be counted is told without numbers */
        if (before.last != NULL) {
            before.last->next = NULL;
        }
    } else if (p.has_unseen) {
        problem_add(&ctx->problem, pointer, "protected", "%srows that you may not see refer to it",
                    p.told > 0 ? "other " : "");
    }
}
