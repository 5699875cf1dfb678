/* SPDX-License-Identifier: MIT
 * engine_read.c - get, and what other parts ask of a single row. */
#include "engine_parts.h"

#include <string.h>

alees_rc engine_read_id(alees_ctx *ctx, alees_id *ret_id) {
    alees_str text = ctx_path(ctx, "id");
    if (text.ptr == NULL || alees_id_parse(text, ret_id) != ALEES_OK) {
        return engine_error_not_found(ctx);
    }
    return ALEES_OK;
}

/* One that was not prepared: of a few fields, of parts of one owner, or where a program may reach everything but the rows of no organization.
 * view NULL: locates. */
static alees_rc run_built(alees_ctx *ctx, const struct resource *r, const struct engine_view *view,
                          const struct engine_place *place, alees_str id, alees_rows **ret_rows) {
    bool is_bound = place->reach != ENGINE_EVERYWHERE;
    const struct engine_target target = {.id = id,
                                         .organizations = {is_bound ? place->ids.ptr : NULL, place->ids.len},
                                         .is_owned = place->is_owned,
                                         .owner = place->owner,
                                         .life = place->life};
    struct engine_sql sql;
    engine_sql_init(&sql, ctx->arena, 2);
    if (view != NULL) {
        engine_sql_get(&sql, view, &target);
    } else {
        engine_sql_locate(&sql, r, &target);
    }
    return engine_sql_run(ctx, r, &place->scope, &sql, ret_rows, NULL);
}

/* Runs one of the pairs of statements by id. view NULL: locates. */
static alees_rc run_by_id(alees_ctx *ctx, const struct resource *r, const struct engine_view *view,
                          const struct engine_place *place, const alees_id *id, alees_rows **ret_rows) {
    bool is_everywhere = place->reach == ENGINE_EVERYWHERE;
    const struct statement *const *pair = view != NULL ? r->shapes->get : r->shapes->locate;
    const struct statement *statement = pair[is_everywhere && r->scope_column != NULL];
    char text[37];
    alees_str params[2] = {{alees_id_format(id, text), 36}, place->ids};
    struct store_call call = {statement, params};
    if ((is_everywhere && place->is_owned) || place->owner.ptr != NULL || place->life != ENGINE_LIVE ||
        (view != NULL && view->selected.ptr != r->shapes->all.selected.ptr)) {
        return run_built(ctx, r, view, place, params[0], ret_rows);
    }
    return store_run(ctx, &place->scope, &call, 1, ret_rows, NULL);
}

alees_rc engine_read_row(alees_ctx *ctx, const struct engine_view *view, const struct engine_place *place,
                         const alees_id *id, alees_rows **ret_rows) {
    alees_rows *rows = NULL;
    alees_rc rc;
    if (place->reach == ENGINE_NOWHERE) {
        return engine_error_not_found(ctx);
    }
    rc = run_by_id(ctx, view->r, view, place, id, &rows);
    if (rc != ALEES_OK) {
        return rc;
    }
    if (store_rows_count(rows) == 0) {
        return engine_error_not_found(ctx);
    }
    *ret_rows = rows;
    return ALEES_OK;
}

alees_rc engine_read_locate(alees_ctx *ctx, const struct resource *r, const struct engine_place *place,
                            const alees_id *id, alees_str *ret_organization, alees_str *ret_version) {
    alees_rows *rows = NULL;
    alees_rc rc;
    *ret_organization = *ret_version = (alees_str){NULL, 0};
    if (place->reach == ENGINE_NOWHERE) {
        return ALEES_OK;
    }
    rc = run_by_id(ctx, r, NULL, place, id, &rows);
    if (rc == ALEES_OK && store_rows_count(rows) > 0) {
        *ret_organization = store_rows_text(rows, 0, 0);
        *ret_version = store_rows_text(rows, 0, 1);
    }
    return rc;
}

alees_rc engine_get(alees_ctx *ctx) {
    const struct resource *r = ctx->route->resource;
    const struct engine_view *view = NULL;
    struct engine_place place;
    alees_rows *rows = NULL;
    enum engine_life life;
    alees_id id;
    alees_rc rc = engine_read_id(ctx, &id);
    rc = rc == ALEES_OK ? (resource_is_soft(r) ? engine_query_deleted : engine_query_view)(ctx) : rc;
    rc = rc == ALEES_OK ? engine_deleted_enter(ctx, r, &life) : rc;
    rc = rc == ALEES_OK ? engine_view_read(ctx, r, NULL, &view) : rc;
    rc = rc == ALEES_OK ? engine_view_narrow(ctx, NULL, &view) : rc;
    rc = rc == ALEES_OK ? engine_deleted_place(ctx, r, life, &place) : rc;
    rc = rc == ALEES_OK ? engine_read_row(ctx, view, &place, &id, &rows) : rc;
    return rc == ALEES_OK ? engine_row_reply(ctx, 200, view, rows) : rc;
}

alees_rc engine_find_object(alees_ctx *ctx) {
    const struct resource *r = ctx->route->resource;
    const struct alees_organizations *view = NULL;
    struct engine_place place;
    alees_str organization, version;
    alees_rc rc = engine_read_id(ctx, &ctx->object);
    if (rc == ALEES_OK && r->scope_column != NULL && !ctx->is_all) {
        rc = engine_place_holds(ctx, r, r->view, &view);
    }
    rc = rc == ALEES_OK ? engine_place_of(ctx, r, view, true, &place) : rc;
    rc = rc == ALEES_OK ? engine_read_locate(ctx, r, &place, &ctx->object, &organization, &version) : rc;
    if (rc != ALEES_OK) {
        return rc;
    }
    if (version.ptr == NULL) {
        return engine_error_not_found(ctx);
    }
    memset(&ctx->object_organization, 0, sizeof ctx->object_organization);
    if (organization.ptr != NULL && alees_id_parse(organization, &ctx->object_organization) != ALEES_OK) {
        return ALEES_E_INTERNAL;
    }
    return ALEES_OK;
}

/* A plugin's route runs under the route's own permission; to see the row takes the one to view it, as everywhere. */
static alees_rc check_seen(alees_ctx *ctx, const struct resource *r, const alees_rows *rows) {
    const struct resource_field *f =
        resource_field(r, r->decl->scope == ALEES_SCOPE_SELF ? STR_LIT("id") : STR_LIT("organization"));
    const struct alees_organizations *view = NULL;
    alees_str scope;
    alees_rc rc = engine_place_holds(ctx, r, r->view, &view);
    if (rc != ALEES_OK) {
        return rc;
    }
    if (f == NULL) {
        return engine_error_not_found(ctx);
    }
    scope = store_rows_text(rows, 0, r->shapes->all.places[f - r->fields]);
    if (!(scope.ptr == NULL && resource_is_shared(r)) && !engine_place_meets(ctx, view, scope)) {
        return engine_error_not_found(ctx);
    }
    return ALEES_OK;
}

/* Rows of users are in no organization that a route could be limited to: who may view the row sees it. */
static alees_rc reply_to_viewer(alees_ctx *ctx, uint32_t status, const struct resource *r, const alees_id *id) {
    const struct alees_organizations *view = NULL;
    struct engine_place place;
    alees_rows *rows = NULL;
    alees_rc rc = engine_place_holds(ctx, r, r->view, &view);
    rc = rc == ALEES_OK ? engine_place_of(ctx, r, view, true, &place) : rc;
    rc = rc == ALEES_OK ? engine_read_row(ctx, &r->shapes->all, &place, id, &rows) : rc;
    return rc == ALEES_OK ? engine_row_reply(ctx, status, &r->shapes->all, rows) : rc;
}

alees_rc engine_reply_row(alees_ctx *ctx, uint32_t status, const struct resource *r, const alees_id *id) {
    struct engine_place place = {.reach = ENGINE_SEVERAL, .is_shared = resource_is_shared(r)};
    alees_rows *rows = NULL;
    alees_rc rc;
    if (r->decl->scope == ALEES_SCOPE_OWN || r->decl->scope == ALEES_SCOPE_SEVERAL) {
        return reply_to_viewer(ctx, status, r, id);
    }
    ctx_scope(ctx, r->plugin, &place.scope);
    place.ids = place.scope.organizations;
    if (place.scope.all || r->scope_column == NULL) {
        place.reach = ENGINE_EVERYWHERE;
        place.is_owned = resource_is_optional(r) && !resource_is_shared(r) && !engine_place_is_superuser(ctx);
    }
    rc = engine_read_row(ctx, &r->shapes->all, &place, id, &rows);
    if (rc == ALEES_OK && place.reach != ENGINE_EVERYWHERE) {
        rc = check_seen(ctx, r, rows);
    }
    return rc == ALEES_OK ? engine_row_reply(ctx, status, &r->shapes->all, rows) : rc;
}
