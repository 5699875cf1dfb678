/* SPDX-License-Identifier: MIT
 * engine_narrow.c - lists of fewer rows than the caller sees: ?organization= with ?below=true, and the rows that a plugin
 * names (alees.http/1 reply_list). Nothing here ever adds a row: what is named is looked for among what is seen. */
#include "engine_parts.h"

static alees_rc bad(alees_ctx *ctx, alees_str name, const char *fault) {
    problem_add(&ctx->problem, name, "bad_parameter", "%s", fault);
    return problem_set(&ctx->problem, PROBLEM_BAD_PARAMETER, "The parameter %.*s %s", STR_FMT(name), fault);
}

/* ---- below ---- */

alees_rc engine_narrow_read(alees_ctx *ctx, const struct ctx_parameter *p, const struct engine_query *q) {
    const struct alees_rbac_v1 *rbac = ctx->app->rbac;
    if (!str_equal(p->value, "true") && !str_equal(p->value, "false")) {
        return bad(ctx, p->name, "must be true or false");
    }
    if (str_equal(p->value, "true") && !q->is_below) {
        return bad(ctx, p->name, "needs organization, the id of the one above");
    }
    if (!ALEES_HAS(struct alees_rbac_v1, rbac, relatives) || rbac->relatives == NULL) {
        return bad(ctx, p->name, "cannot be answered: the provider of alees.rbac/1 here knows of no tree");
    }
    return ALEES_OK;
}

/* That organization and those below it in which the caller may view rows of r. */
static alees_rc place_below(alees_ctx *ctx, const struct resource *r, const struct alees_organizations *where,
                            const alees_id *organization, struct engine_place *place) {
    const struct alees_rbac_v1 *rbac = ctx->app->rbac;
    const struct alees_relatives *found = NULL;
    alees_id *ids;
    alees_rc rc = rbac->relatives(rbac, ctx, ctx->who, r->view, organization, ALEES_DESCENDANTS, 0, &found);
    if (rc == ALEES_OK && found == NULL) {
        rc = ALEES_E_INTERNAL;
    }
    if (rc != ALEES_OK) {
        (void)problem_set(&ctx->problem, problem_kind_of(rc), "The organizations below cannot be known now.");
        return rc;
    }
    ids = ARENA_ARRAY(ctx->arena, alees_id, (size_t)found->count + 1);
    if (ids == NULL) {
        return engine_value_nomem(&ctx->problem);
    }
    ids[0] = *organization;
    for (uint32_t i = 0; i < found->count; i++) {
        ids[i + 1] = found->ids[i];
    }
    return engine_place_within(ctx, where, ids, found->count + 1, place);
}

static alees_rc place_only(alees_ctx *ctx, const struct alees_organizations *where, const struct engine_only *only,
                           struct engine_place *place) {
    alees_id *ids = ARENA_ARRAY(ctx->arena, alees_id, only->count);
    if (ids == NULL) {
        return engine_value_nomem(&ctx->problem);
    }
    for (uint32_t i = 0; i < only->count; i++) {
        ids[i] = only->ids[i];
    }
    return engine_place_within(ctx, where, ids, only->count, place);
}

alees_rc engine_narrow_place(alees_ctx *ctx, const struct resource *r, const struct alees_organizations *where,
                             const struct engine_query *q, struct engine_place *place) {
    bool is_seen = place->reach == ENGINE_EVERYWHERE || engine_place_has(where, &q->organization);
    if (q->only != NULL && r->decl->scope == ALEES_SCOPE_SELF) {
        return place_only(ctx, where, q->only, place);
    }
    if (q->is_below && is_seen) { /* whoever does not see that one is not told what is below it */
        return place_below(ctx, r, where, &q->organization, place);
    }
    return q->has_organization || q->is_below ? engine_place_narrow(ctx, where, &q->organization, place) : ALEES_OK;
}

/* ---- rows that a plugin names ---- */

static alees_str text_of(struct arena *arena, const struct engine_only *only) {
    struct str s;
    str_init(&s, arena, (size_t)only->count * 37 + 2);
    str_putc(&s, '{');
    for (uint32_t i = 0; i < only->count; i++) {
        str_puts(&s, i > 0 ? "," : "");
        str_id(&s, &only->ids[i]);
    }
    str_putc(&s, '}');
    return str_done(&s);
}

/* Nothing is in another order than the client says. The key of a cursor is the id then: its place follows from it. */
alees_rc engine_narrow_to(alees_ctx *ctx, const struct resource *r, const struct engine_only *only,
                          struct engine_query *q) {
    if (only == NULL) {
        return ALEES_OK;
    }
    q->only = only;
    q->is_in_given_order = only->is_in_order && ctx_parameter(ctx, "ordering").ptr == NULL;
    if (q->is_in_given_order) {
        q->keys[0] = (struct engine_key){resource_field(r, STR_LIT("id")), false};
        q->key_count = 1;
    }
    if (q->is_in_given_order || r->decl->scope != ALEES_SCOPE_SELF) {
        q->only_ids = text_of(ctx->arena, only);
        return q->only_ids.ptr != NULL ? ALEES_OK : engine_value_nomem(&ctx->problem);
    }
    return ALEES_OK;
}

/* Organizations are narrowed by their place. */
void engine_narrow_sql(const struct resource *r, const struct engine_query *q, struct engine_sql *sql,
                       bool *has_where) {
    if (q->only != NULL && r->decl->scope != ALEES_SCOPE_SELF) {
        engine_select_also(sql, has_where);
        str_puts(&sql->text, "\"id\" = ANY(");
        engine_sql_value(sql, q->only_ids, "uuid[]");
        str_putc(&sql->text, ')');
    }
}

void engine_narrow_position(const struct engine_query *q, const char *prefix, const alees_str *id,
                            struct engine_sql *sql) {
    str_puts(&sql->text, "array_position(");
    engine_sql_value(sql, q->only_ids, "uuid[]");
    str_puts(&sql->text, ", ");
    if (id != NULL) {
        engine_sql_value(sql, *id, "uuid");
    } else {
        str_puts(&sql->text, prefix);
        str_puts(&sql->text, "\"id\"");
    }
    str_putc(&sql->text, ')');
}
