/* SPDX-License-Identifier: MIT
 * engine_owner.c - the owner of parts that are served under their own path, /contacts/{contact}/email-addresses: may the
 * caller see it, and change it? And its version, which rises with every write of its parts. */
#include "engine_owner.h"

#include <inttypes.h>
#include <string.h>

bool engine_owner_is_found(const alees_ctx *ctx, const struct resource *r) {
    static const alees_id none;
    return r->owner != NULL && ctx->route != NULL && ctx->route->resource == r &&
           ctx->route->operation != ROUTE_PLUGIN && alees_id_compare(&ctx->object, &none) != 0;
}

/* The list of one organization. */
static alees_rc only(alees_ctx *ctx, const alees_id *organization, const struct alees_organizations **ret_where) {
    struct alees_organizations *where = ARENA_NEW(ctx->arena, struct alees_organizations);
    alees_id *id = ARENA_NEW(ctx->arena, alees_id);
    char text[37];
    if (where == NULL || id == NULL) {
        return engine_value_nomem(&ctx->problem);
    }
    *id = *organization;
    *where = (struct alees_organizations){.struct_size = sizeof *where, .count = 1, .ids = id};
    where->text = arena_printf(ctx->arena, "{%s}", alees_id_format(organization, text));
    if (where->text.ptr == NULL) {
        return engine_value_nomem(&ctx->problem);
    }
    *ret_where = where;
    return ALEES_OK;
}

alees_rc engine_owner_may_use(struct engine_fields *fields, const alees_id *organization, bool *ret_may) {
    const struct resource *r = fields->r;
    const bool *may = NULL;
    alees_rc rc = r->owner == NULL || fields->is_all ? ALEES_OK : engine_fields_in(fields, organization, &may);
    if (rc == ALEES_OK) {
        *ret_may = may == NULL || may[r->owner_field - r->fields];
    }
    return rc;
}

static alees_rc may_use(alees_ctx *ctx, const struct resource *r, uint32_t permission, const alees_id *organization,
                        bool *ret_may) {
    struct engine_fields fields;
    alees_rc rc = engine_fields_open(ctx, r, permission, &fields);
    return rc == ALEES_OK ? engine_owner_may_use(&fields, organization, ret_may) : rc;
}

static alees_rc refuse_list(alees_ctx *ctx, const struct resource *r, const alees_id *organization) {
    const struct alees_rbac_v1 *rbac = ctx->app->rbac;
    alees_str name = rbac->organization_name(rbac, ctx, organization);
    const char *field = r->owner_list->decl->name;
    alees_rc rc;
    problem_add(&ctx->problem, STR_LIT(""), problem_rows[PROBLEM_FIELD_NOT_PERMITTED].code,
                "%s of a %s may not be changed by you", field, r->owner->decl->name);
    rc = problem_set(&ctx->problem, PROBLEM_FIELD_NOT_PERMITTED,
                     "Your roles in %s%.*s%s do not permit to change the field %s of a %s.",
                     name.ptr != NULL ? "the organization \"" : "the row's organization",
                     name.ptr != NULL ? (int)name.len : 0, name.ptr != NULL ? name.ptr : "",
                     name.ptr != NULL ? "\"" : "", field, r->owner->decl->name);
    ctx->problem.organization = name;
    return rc;
}

/* The row that the path names, as far as the caller sees it. */
static alees_rc locate(alees_ctx *ctx, const struct resource *r, alees_id *ret_id, alees_id *ret_organization) {
    bool is_reading = ctx->route->permission == r->owner->view;
    const struct alees_organizations *view = is_reading ? ctx->where : NULL;
    alees_str text = ctx_path(ctx, r->owner_field->decl->name), organization, version;
    struct engine_place place;
    alees_rc rc;
    if (text.ptr == NULL || alees_id_parse(text, ret_id) != ALEES_OK) {
        return engine_error_not_found(ctx);
    }
    rc = is_reading || ctx->is_all ? ALEES_OK : engine_place_holds(ctx, r->owner, r->owner->view, &view);
    rc = rc == ALEES_OK ? engine_place_of(ctx, r->owner, view, true, &place) : rc;
    rc = rc == ALEES_OK ? engine_read_locate(ctx, r->owner, &place, ret_id, &organization, &version) : rc;
    if (rc == ALEES_OK && version.ptr == NULL) {
        return engine_error_not_found(ctx);
    }
    if (rc == ALEES_OK && (organization.ptr == NULL || alees_id_parse(organization, ret_organization) != ALEES_OK)) {
        return ALEES_E_INTERNAL;
    }
    return rc;
}

alees_rc engine_owner_find(alees_ctx *ctx) {
    const struct resource *r = ctx->route->resource;
    bool is_reading = route_is_reading(ctx->route), may = true;
    alees_id id, organization;
    alees_rc rc = locate(ctx, r, &id, &organization);
    rc = rc == ALEES_OK ? may_use(ctx, r, r->view, &organization, &may) : rc;
    if (rc == ALEES_OK && !may) {
        return engine_error_not_found(ctx);
    }
    if (rc == ALEES_OK && !is_reading) {
        if (!engine_place_is_superuser(ctx) && !engine_place_has(ctx->where, &organization)) {
            return engine_place_deny(ctx, ctx->route->permission_name, &organization);
        }
        rc = may_use(ctx, r, r->owner->change, &organization, &may);
        if (rc == ALEES_OK && !may) {
            return refuse_list(ctx, r, &organization);
        }
    }
    rc = rc == ALEES_OK ? only(ctx, &organization, &ctx->where) : rc;
    if (rc == ALEES_OK) {
        ctx->object = id;
        ctx->object_organization = organization;
    }
    return rc;
}

/* ---- in the transaction of a write ---- */

static alees_str id_text(alees_ctx *ctx, const alees_id *id) {
    char text[37];
    return arena_str(ctx->arena, (alees_str){alees_id_format(id, text), 36});
}

static alees_rc reach(alees_ctx *ctx, const struct resource *r, bool is_raised) {
    struct engine_target target = {.id = id_text(ctx, &ctx->object)};
    const struct resource *owner = r->owner;
    struct engine_place place;
    struct engine_sql sql;
    alees_rows *rows = NULL;
    alees_rc rc = engine_place_of(ctx, owner, ctx->where, false, &place);
    ASSERT(ctx->transaction != NULL && engine_owner_is_found(ctx, r));
    if (rc != ALEES_OK) {
        return rc;
    }
    if (place.reach != ENGINE_EVERYWHERE) {
        target.organizations = place.ids;
    }
    if (ctx->who != NULL) {
        target.user = id_text(ctx, &ctx->who->id);
    }
    engine_sql_init(&sql, ctx->arena, 6);
    engine_sql_touch(&sql, owner, &target, is_raised);
    rc = engine_sql_run(ctx, owner, &place.scope, &sql, &rows, NULL);
    return rc == ALEES_OK && store_rows_count(rows) == 0 ? engine_error_not_found(ctx) : rc;
}

alees_rc engine_owner_lock(alees_ctx *ctx, const struct resource *r) {
    return reach(ctx, r, false);
}

alees_rc engine_owner_raise(alees_ctx *ctx, const struct resource *r) {
    return reach(ctx, r, true);
}

/* ---- how many ---- */

uint32_t engine_owner_most(const struct resource_field *list) {
    return list->decl->max != 0 ? (uint32_t)list->decl->max : ENGINE_MAX_TAGS;
}

alees_rc engine_owner_room(alees_ctx *ctx, const struct resource *r, uint64_t *ret_room) {
    int64_t most, count = 0;
    struct engine_place place;
    struct engine_sql sql;
    alees_rows *rows = NULL;
    alees_rc rc;
    if (r->owner_list == NULL) { /* they are shown page by page only */
        *ret_room = UINT64_MAX;
        return ALEES_OK;
    }
    most = engine_owner_most(r->owner_list);
    rc = engine_place_of(ctx, r, ctx->where, false, &place);
    if (rc != ALEES_OK) {
        return rc;
    }
    engine_sql_init(&sql, ctx->arena, 3);
    str_puts(&sql.text, "SELECT count(*) FROM (SELECT FROM ");
    str_view(&sql.text, r->shapes->table);
    str_puts(&sql.text, " WHERE ");
    str_ident(&sql.text, r->scope_column);
    str_puts(&sql.text, " = ");
    engine_sql_value(&sql, id_text(ctx, &ctx->object_organization), "uuid");
    str_puts(&sql.text, " AND ");
    engine_sql_owner(&sql, r, id_text(ctx, &ctx->object));
    str_puts(&sql.text, " LIMIT ");
    engine_sql_value(&sql, arena_printf(ctx->arena, "%" PRId64, most), "bigint");
    str_puts(&sql.text, ") AS \"?p\"");
    rc = engine_sql_run(ctx, r, &place.scope, &sql, &rows, NULL);
    if (rc == ALEES_OK && !str_parse_i64(store_rows_text(rows, 0, 0), &count)) {
        rc = ALEES_E_INTERNAL;
    }
    *ret_room = (uint64_t)(most - count);
    return rc;
}

alees_rc engine_owner_refuse_more(alees_ctx *ctx, const struct resource *r) {
    const char *list = r->owner_list->decl->name;
    problem_add(&ctx->problem, STR_LIT(""), "too_many", "%s of a %s can be %u at most", list, r->owner->decl->name,
                (unsigned)engine_owner_most(r->owner_list));
    return problem_set(&ctx->problem, PROBLEM_CONFLICT,
                       "A %s can have at most %u rows in %s; delete some of them first.", r->owner->decl->name,
                       (unsigned)engine_owner_most(r->owner_list), list);
}
