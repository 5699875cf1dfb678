/* SPDX-License-Identifier: MIT
 * engine_place.c - where a statement may reach, and where a new row may go: the organizations in which the caller holds a
 * permission, as the RBAC provider says, turned into a predicate and a scope. None is never "no predicate". */
#include "engine_parts.h"

#include <stdlib.h>
#include <string.h>

#include "lock.h"

bool engine_place_is_superuser(const alees_ctx *ctx) {
    return ctx->is_all || (ctx->who != NULL && (ctx->who->flags & ALEES_SUPERUSER) != 0);
}

bool engine_place_is_all(const alees_ctx *ctx) {
    return engine_place_is_superuser(ctx) || (ctx->where != NULL && ctx->where->all == 1);
}

static alees_str id_text(struct arena *arena, const alees_id *id, const char *before, const char *after) {
    char text[37];
    return arena_printf(arena, "%s%s%s", before, alees_id_format(id, text), after);
}

static alees_rc set_one(alees_ctx *ctx, const alees_id *id, struct engine_place *place) {
    place->reach = ENGINE_ONE;
    place->id = id_text(ctx->arena, id, "", "");
    place->ids = id_text(ctx->arena, id, "{", "}");
    place->scope.organizations = place->ids;
    return place->ids.ptr != NULL && place->id.ptr != NULL ? ALEES_OK : engine_value_nomem(&ctx->problem);
}

static void set_everywhere(const alees_ctx *ctx, const struct resource *r, bool is_reading,
                           struct engine_place *place) {
    bool is_superuser = engine_place_is_superuser(ctx);
    place->reach = ENGINE_EVERYWHERE;
    place->scope.all = r->scope_column != NULL || is_superuser;
    place->is_owned = resource_is_optional(r) && !is_superuser && !(is_reading && resource_is_shared(r));
}

alees_rc engine_place_of(alees_ctx *ctx, const struct resource *r, const struct alees_organizations *where,
                         bool is_reading, struct engine_place *ret_place) {
    struct engine_place place = {.ids = STR_LIT("{}"), .scope = {.plugin = r->plugin, .organizations = STR_LIT("{}")}};
    bool is_everywhere = ctx->is_all || r->scope_column == NULL || (where != NULL && where->all == 1);
    alees_rc rc = ALEES_OK;
    if (engine_owner_is_found(ctx, r)) {
        place.owner = id_text(ctx->arena, &ctx->object, "", "");
        rc = place.owner.ptr != NULL ? ALEES_OK : engine_value_nomem(&ctx->problem);
    }
    if (lock_host_is_off()) {
        place.reach = ENGINE_SEVERAL; /* let the database find nothing */
    }
    if (rc != ALEES_OK) {
        return rc;
    }
    if (is_everywhere) {
        set_everywhere(ctx, r, is_reading, &place);
    } else if (where != NULL && where->count == 1) {
        rc = set_one(ctx, &where->ids[0], &place);
    } else if (where != NULL && where->count > 1) {
        place.reach = ENGINE_SEVERAL;
        place.ids = where->text;
        place.scope.organizations = where->text;
    }
    if (!is_everywhere && is_reading && resource_is_shared(r)) {
        place.is_shared = true;
        place.reach = ENGINE_SEVERAL;
    }
    if (rc == ALEES_OK) {
        *ret_place = place;
    }
    return rc;
}

static int compare(const void *a, const void *b) {
    return alees_id_compare(a, b);
}

bool engine_place_has(const struct alees_organizations *where, const alees_id *organization) {
    if (where == NULL) {
        return false;
    }
    return where->all == 1 ||
           (where->count > 0 && bsearch(organization, where->ids, where->count, sizeof where->ids[0], compare) != NULL);
}

alees_rc engine_place_within(alees_ctx *ctx, const struct alees_organizations *where, alees_id *ids, uint32_t count,
                             struct engine_place *place) {
    bool is_everywhere = place->reach == ENGINE_EVERYWHERE;
    uint32_t kept = 0;
    struct str text;
    str_init(&text, ctx->arena, (size_t)count * 37 + 2);
    qsort(ids, count, sizeof *ids, compare);
    for (uint32_t i = 0; i < count; i++) {
        if (is_everywhere || engine_place_has(where, &ids[i])) {
            str_putc(&text, kept > 0 ? ',' : '{');
            str_id(&text, &ids[i]);
            ids[kept++] = ids[i];
        }
    }
    str_puts(&text, kept > 0 ? "}" : "{}");
    place->is_shared = false;
    place->reach = kept == 0 ? ENGINE_NOWHERE : kept == 1 ? ENGINE_ONE : ENGINE_SEVERAL;
    place->ids = str_done(&text);
    place->id = kept == 1 ? id_text(ctx->arena, &ids[0], "", "") : place->id;
    if (!is_everywhere) {
        place->scope.organizations = place->ids;
    }
    return place->ids.ptr != NULL && (kept != 1 || place->id.ptr != NULL) ? ALEES_OK
                                                                          : engine_value_nomem(&ctx->problem);
}

alees_rc engine_place_narrow(alees_ctx *ctx, const struct alees_organizations *where, const alees_id *organization,
                             struct engine_place *place) {
    place->is_shared = false; /* who names an organization means that one */
    if (place->reach == ENGINE_EVERYWHERE) {
        place->id = id_text(ctx->arena, organization, "", "");
        place->reach = ENGINE_ONE;
        return place->id.ptr != NULL ? ALEES_OK : engine_value_nomem(&ctx->problem);
    }
    if (!engine_place_has(where, organization)) {
        place->reach = ENGINE_NOWHERE;
        return ALEES_OK;
    }
    return set_one(ctx, organization, place);
}

/* Whatever a provider gives back without a problem of its own becomes one. */
static alees_rc provider_failed(alees_ctx *ctx, alees_rc rc) {
    (void)problem_set(&ctx->problem, problem_kind_of(rc), "The permissions of the caller cannot be known now.");
    return rc;
}

alees_rc engine_place_ask(alees_ctx *ctx, uint32_t permission, const struct alees_organizations **ret_where) {
    const struct alees_rbac_v1 *rbac = ctx->app->rbac;
    const struct alees_organizations *where = NULL;
    alees_rc rc = rbac->organizations(rbac, ctx, ctx->who, permission, &where);
    if (rc == ALEES_OK && where == NULL) {
        rc = ALEES_E_INTERNAL;
    }
    if (rc != ALEES_OK) {
        return provider_failed(ctx, rc);
    }
    *ret_where = where;
    return ALEES_OK;
}

/* The caller in person: a program with their key is not. */
static const alees_id *person(const alees_ctx *ctx) {
    return ctx->who != NULL && (ctx->who->flags & ALEES_API_KEY) == 0 ? &ctx->who->id : NULL;
}

/* A sorted list and, unless it is NULL, one id more. */
static alees_rc with_one(alees_ctx *ctx, const struct alees_organizations *where, const alees_id *one,
                         const struct alees_organizations **ret_where) {
    uint32_t count = where != NULL ? where->count : 0;
    struct alees_organizations *all = ARENA_NEW(ctx->arena, struct alees_organizations);
    alees_id *ids = ARENA_ARRAY(ctx->arena, alees_id, count + 1);
    struct str text;
    if (all == NULL || ids == NULL) {
        return engine_value_nomem(&ctx->problem);
    }
    *all = (struct alees_organizations){.struct_size = sizeof *all, .ids = ids};
    str_init(&text, ctx->arena, 64);
    str_putc(&text, '{');
    for (uint32_t i = 0; i < count || one != NULL;) {
        bool is_one = one != NULL && (i == count || alees_id_compare(one, &where->ids[i]) < 0);
        ids[all->count] = is_one ? *one : where->ids[i];
        str_puts(&text, all->count > 0 ? "," : "");
        str_id(&text, &ids[all->count++]);
        one = is_one ? NULL : one;
        i += !is_one;
    }
    str_putc(&text, '}');
    all->text = str_done(&text);
    if (all->text.ptr == NULL) {
        return engine_value_nomem(&ctx->problem);
    }
    *ret_where = all;
    return ALEES_OK;
}

static const struct alees_organizations everywhere = {.struct_size = sizeof everywhere, .all = 1, .text = {"{}", 2}};

/* Who holds it without any organization holds it everywhere; to delete takes more than to be the row's user. */
static alees_rc hold_several(alees_ctx *ctx, const struct resource *r, uint32_t permission,
                             const struct alees_organizations **ret_where) {
    const struct alees_rbac_v1 *rbac = ctx->app->rbac;
    const struct alees_organizations *where = NULL;
    alees_rc rc = rbac->decide(rbac, ctx, ctx->who, permission, NULL, NULL);
    if (rc == ALEES_OK) {
        *ret_where = &everywhere;
        return ALEES_OK;
    }
    if (rc != ALEES_E_DENIED) {
        return provider_failed(ctx, rc);
    }
    rc = engine_place_ask(ctx, permission, &where);
    if (rc != ALEES_OK) {
        return rc;
    }
    if (where->all == 1) { /* in every organization is not without one: rows of others are none of theirs */
        where = NULL;
    }
    return with_one(ctx, where, permission == r->remove ? NULL : person(ctx), ret_where);
}

alees_rc engine_place_holds(alees_ctx *ctx, const struct resource *r, uint32_t permission,
                            const struct alees_organizations **ret_where) {
    bool is_of_users = r->decl->scope == ALEES_SCOPE_OWN || r->decl->scope == ALEES_SCOPE_SEVERAL;
    if (engine_owner_is_found(ctx, r)) { /* that was judged by the owner */
        *ret_where = ctx->where;
        return ALEES_OK;
    }
    if (is_of_users && engine_place_is_superuser(ctx)) {
        *ret_where = &everywhere;
        return ALEES_OK;
    }
    if (r->decl->scope == ALEES_SCOPE_OWN || (is_of_users && ctx->who == NULL)) {
        return with_one(ctx, NULL, person(ctx), ret_where);
    }
    return is_of_users ? hold_several(ctx, r, permission, ret_where) : engine_place_ask(ctx, permission, ret_where);
}

/* What two sorted lists have in common. */
static alees_rc intersect(alees_ctx *ctx, const struct alees_organizations *a, const struct alees_organizations *b,
                          const struct alees_organizations **ret_both) {
    struct alees_organizations *both = ARENA_NEW(ctx->arena, struct alees_organizations);
    alees_id *ids = ARENA_ARRAY(ctx->arena, alees_id, a->count);
    struct str text;
    str_init(&text, ctx->arena, 64);
    str_putc(&text, '{');
    if (both == NULL || ids == NULL) {
        return engine_value_nomem(&ctx->problem);
    }
    *both = (struct alees_organizations){.struct_size = sizeof *both, .ids = ids};
    for (uint32_t i = 0; i < a->count; i++) {
        if (engine_place_has(b, &a->ids[i])) {
            str_puts(&text, both->count > 0 ? "," : "");
            str_id(&text, &a->ids[i]);
            ids[both->count++] = a->ids[i];
        }
    }
    str_putc(&text, '}');
    both->text = str_done(&text);
    if (both->text.ptr == NULL) {
        return engine_value_nomem(&ctx->problem);
    }
    *ret_both = both;
    return ALEES_OK;
}

alees_rc engine_place_seen(alees_ctx *ctx, const struct resource *r, const struct alees_organizations **ret_where) {
    const struct alees_organizations *where = ctx->where, *view = NULL;
    alees_rc rc = ALEES_OK;
    bool is_some = where != NULL && (where->all == 1 || where->count > 0);
    if (r->scope_column != NULL && is_some && !engine_place_is_superuser(ctx)) {
        rc = engine_place_holds(ctx, r, r->view, &view);
        if (rc == ALEES_OK && where->all == 1) {
            where = view;
        } else if (rc == ALEES_OK && view != NULL && view->all != 1 && !alees_equal(where->text, view->text)) {
            rc = intersect(ctx, where, view, &where);
        }
    }
    if (rc == ALEES_OK) {
        *ret_where = where;
    }
    return rc;
}

bool engine_place_next(alees_str scope, size_t *at, alees_id *ret_id) {
    enum { ID = 36 };
    if (*at == 0 && scope.len > 0 && scope.ptr[0] == '{') {
        *at = 1;
    }
    if (*at + ID > scope.len || alees_id_parse((alees_str){scope.ptr + *at, ID}, ret_id) != ALEES_OK) {
        return false;
    }
    *at += ID + 1;
    return true;
}

bool engine_place_meets(const alees_ctx *ctx, const struct alees_organizations *where, alees_str scope) {
    bool is_list = scope.len > 0 && scope.ptr[0] == '{';
    alees_id id;
    if (engine_place_is_superuser(ctx)) {
        return true;
    }
    for (size_t at = 0; engine_place_next(scope, &at, &id);) {
        if (engine_place_has(where, &id)) {
            return true;
        }
    }
    return where != NULL && where->all == 1 && is_list; /* without an organization: whose scope is empty, too */
}

alees_rc engine_place_deny(alees_ctx *ctx, const char *permission, const alees_id *organization) {
    const struct alees_rbac_v1 *rbac = ctx->app->rbac;
    alees_str name = {NULL, 0};
    alees_rc rc;
    if (organization != NULL) {
        name = rbac->organization_name(rbac, ctx, organization);
    }
    if (name.ptr != NULL) {
        rc = problem_set(&ctx->problem, PROBLEM_PERMISSION_DENIED,
                         "This needs the permission %s in the organization \"%.*s\".", permission, STR_FMT(name));
    } else {
        rc = problem_set(&ctx->problem, PROBLEM_PERMISSION_DENIED, "This needs the permission %s.", permission);
    }
    ctx->problem.permission = alees_text(permission);
    ctx->problem.organization = name;
    if (name.ptr != NULL) {
        ctx->problem.organization_id = *organization;
    }
    return rc;
}

static alees_rc not_permitted(alees_ctx *ctx) {
    return problem_set(&ctx->problem, PROBLEM_ORGANIZATION_NOT_PERMITTED,
                       "Name an organization in which you may create this.");
}

/* Only organizations that the provider knows have a name. */
static bool is_known(alees_ctx *ctx, const alees_id *organization) {
    const struct alees_rbac_v1 *rbac = ctx->app->rbac;
    return rbac->organization_name(rbac, ctx, organization).ptr != NULL;
}

/* May the caller add in the organization that the body names? An organization where they cannot even view says no more
 * than one that does not exist. */
alees_rc engine_place_admits(alees_ctx *ctx, const struct resource *r, const alees_id *organization) {
    const struct alees_organizations *view;
    alees_rc rc;
    if (engine_place_is_all(ctx)) {
        return is_known(ctx, organization) ? ALEES_OK : not_permitted(ctx);
    }
    if (engine_place_has(ctx->where, organization)) {
        return ALEES_OK;
    }
    rc = engine_place_ask(ctx, r->view, &view);
    if (rc != ALEES_OK) {
        return rc;
    }
    if (engine_place_has(view, organization)) {
        return engine_place_deny(ctx, r->add_name, organization);
    }
    if (is_known(ctx, organization)) {
        ctx->problem.organization_id = *organization; /* its auditors may read of it; the answer does not tell */
    }
    return not_permitted(ctx);
}

/* The caller may add nowhere: names the organization only if they view exactly one. */
static alees_rc nowhere(alees_ctx *ctx, const struct resource *r) {
    const struct alees_organizations *view;
    alees_rc rc = engine_place_ask(ctx, r->view, &view);
    if (rc != ALEES_OK) {
        return rc;
    }
    return engine_place_deny(ctx, r->add_name, view->all == 0 && view->count == 1 ? &view->ids[0] : NULL);
}

static alees_rc without_organization(alees_ctx *ctx, const struct resource *r, alees_id *ret_organization) {
    bool is_all = engine_place_is_all(ctx);
    if (resource_is_optional(r) && engine_place_is_superuser(ctx)) {
        return ALEES_OK;
    }
    if (!is_all && (ctx->where == NULL || ctx->where->count == 0)) {
        return nowhere(ctx, r);
    }
    if (!is_all && ctx->where->count == 1) {
        *ret_organization = ctx->where->ids[0];
        return ALEES_OK;
    }
    problem_add(&ctx->problem, STR_LIT("/organization"), "required",
                "is required, because there are several organizations in which you may create this");
    return ALEES_OK;
}

alees_rc engine_place_create(alees_ctx *ctx, const struct resource *r, const alees_json *body,
                             alees_id *ret_organization) {
    const char *name = r->parent != NULL ? r->parent->decl->name : "organization";
    const alees_json *value = jx_get(body, name);
    bool is_all = engine_place_is_all(ctx);
    alees_str text = jx_text(value);
    memset(ret_organization, 0, sizeof *ret_organization);
    if (r->decl->scope != ALEES_SCOPE_ORGANIZATION && r->decl->scope != ALEES_SCOPE_SELF) {
        return ALEES_OK;
    }
    if (engine_owner_is_found(ctx, r)) {
        *ret_organization = ctx->object_organization;
        return ALEES_OK;
    }
    if (resource_is_optional(r) && jx_kind(value) == ALEES_JSON_NULL) {
        return engine_place_is_superuser(ctx) ? ALEES_OK : engine_place_deny(ctx, r->add_name, NULL);
    }
    if (jx_kind(value) == ALEES_JSON_ABSENT || (r->parent != NULL && jx_kind(value) == ALEES_JSON_NULL)) {
        if (r->decl->scope == ALEES_SCOPE_SELF) { /* a root: only for superusers */
            return is_all ? ALEES_OK : nowhere(ctx, r);
        }
        return without_organization(ctx, r, ret_organization);
    }
    if (text.ptr == NULL || alees_id_parse(text, ret_organization) != ALEES_OK) {
        if (!is_all && (ctx->where == NULL || ctx->where->count == 0)) {
            return nowhere(ctx, r);
        }
        if (r->parent == NULL) { /* a parent is a field like any other and told of as such */
            problem_add(&ctx->problem, STR_LIT("/organization"), "invalid_format",
                        "must be a text with the id of an organization");
        }
        return ALEES_OK;
    }
    return engine_place_admits(ctx, r, ret_organization);
}

alees_rc engine_place_may_refer(alees_ctx *ctx, const struct resource *target, const alees_id *organization,
                                bool *ret_may) {
    const struct alees_organizations *view;
    alees_rc rc;
    if (engine_place_is_all(ctx)) {
        *ret_may = is_known(ctx, organization);
        return ALEES_OK;
    }
    rc = engine_place_ask(ctx, target->view, &view);
    if (rc == ALEES_OK) {
        *ret_may = engine_place_has(view, organization);
    }
    return rc;
}
