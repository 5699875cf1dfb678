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

/* "SELECT count(*) FROM (SELECT FROM t WHERE column = id .. LIMIT 1001) s"; seen: as far as the place reaches, NULL: all. */
static void put_count(const struct protect *p, const struct resource *q, const struct resource_field *f,
                      const struct engine_place *seen, struct engine_sql *sql) {
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
    if (seen != NULL && seen->reach != ENGINE_EVERYWHERE && !lock_host_is_off()) {
        str_puts(&sql->text, " AND ");
        engine_sql_scope(sql, q, seen->ids, seen->is_shared);
    } else if (seen != NULL && seen->reach == ENGINE_EVERYWHERE && seen->is_owned) {
        str_puts(&sql->text, " AND ");
        engine_sql_owned(sql, q);
    }
    str_printf(&sql->text, " LIMIT %d) AS s", MOST + 1);
}

static alees_rc count(const struct protect *p, const struct resource *q, const struct resource_field *f,
                      const struct engine_place *seen, int64_t *ret_count) {
    const struct store_scope all = {.plugin = q->plugin, .all = true, .organizations = STR_LIT("{}")};
    alees_rows *rows = NULL;
    struct engine_sql sql;
    struct store_call call;
    alees_rc rc;
    *ret_count = 0;
    if (seen != NULL && seen->reach == ENGINE_NOWHERE) {
        return ALEES_OK;
    }
    engine_sql_init(&sql, p->ctx->arena, 4);
    put_count(p, q, f, seen, &sql);
    call = (struct store_call){engine_sql_statement(p->ctx->app->store, q, &sql), sql.params};
    if (call.statement == NULL) {
        return ALEES_E_NOMEM;
    }
    rc = store_run_alone(p->ctx, seen != NULL ? &seen->scope : &all, &call, 1, &rows, NULL);
    return rc != ALEES_OK || str_parse_i64(store_rows_text(rows, 0, 0), ret_count) ? rc : ALEES_E_INTERNAL;
}

/* Where does the caller see rows of q, and that field of each? */
static alees_rc place_of(const struct protect *p, const struct resource *q, const struct resource_field *f,
                         struct engine_place *ret_place) {
    const struct alees_organizations *view = NULL;
    struct engine_fields fields;
    alees_rc rc = q->scope_column != NULL ? engine_place_holds(p->ctx, q, q->view, &view) : ALEES_OK;
    rc = rc == ALEES_OK ? engine_place_of(p->ctx, q, view, true, ret_place) : rc;
    rc = rc == ALEES_OK ? engine_fields_open(p->ctx, q, q->view, &fields) : rc;
    if (rc == ALEES_OK && !fields.is_all && !fields.everywhere[f - q->fields]) {
        ret_place->reach = ENGINE_NOWHERE;
    }
    return rc;
}

static void tell(struct protect *p, const struct resource *q, int64_t count) {
    if (count > MOST) {
        problem_add(&p->ctx->problem, p->pointer, "protected", "more than %d rows of %s refer to it", MOST,
                    q->full_name);
    } else if (count > 0) {
        problem_add(&p->ctx->problem, p->pointer, "protected", "%" PRId64 " row%s of %s refer%s to it", count,
                    count == 1 ? "" : "s", q->full_name, count == 1 ? "s" : "");
    }
    p->told += count > 0;
}

static alees_rc ask(struct protect *p, const struct resource *q, const struct resource_field *f) {
    struct engine_place place;
    int64_t seen = 0, all = 0;
    alees_rc rc = place_of(p, q, f, &place);
    rc = rc == ALEES_OK ? count(p, q, f, &place, &seen) : rc;
    if (rc == ALEES_OK && (place.reach != ENGINE_EVERYWHERE || place.is_owned) && seen <= MOST) {
        rc = count(p, q, f, NULL, &all);
    }
    if (rc == ALEES_OK) {
        p->has_unseen = p->has_unseen || all > seen;
        tell(p, q, seen);
    }
    return rc;
}

/* Which organization is the row of? */
static alees_rc find_organization(struct protect *p) {
    const struct engine_place everywhere = {.reach = ENGINE_EVERYWHERE, .scope = {p->r->plugin, true, STR_LIT("{}")}};
    struct engine_target target = {.id = p->id};
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

void engine_protect_tell(alees_ctx *ctx, const struct resource *r, const struct store_error *error, alees_str id,
                         alees_str pointer) {
    const struct catalogue *c = &ctx->app->catalogue;
    const struct problem before = ctx->problem;
    struct protect p = {.ctx = ctx, .r = r, .id = id, .pointer = pointer, .with_lists = !is_known_table(ctx, error)};
    alees_rc rc = find_organization(&p);
    for (uint32_t i = 0; i < c->resource_count && rc == ALEES_OK; i++) {
        const struct resource *q = c->resources[i];
        for (uint32_t k = 0; k < q->field_count && rc == ALEES_OK; k++) {
            if (is_holding(&p, &q->fields[k])) {
                rc = ask(&p, q, &q->fields[k]);
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
