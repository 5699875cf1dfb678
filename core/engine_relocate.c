/* SPDX-License-Identifier: MIT
 * engine_relocate.c - PATCH or PUT of `organization`: a row goes to another organization.
 *
 * Whoever takes it there changes it where it is, and adds and views where it goes; rights to single fields would let through
 * in one piece what they keep apart, so every field must be theirs at both ends. What the row says must hold in the new
 * organization, as of a new row: references (engine_refer_carried), custom fields, unique keys. What refers to it stays
 * behind, so PostgreSQL refuses while anything does: those keys have the organization in them. Keys of its parts have
 * ON UPDATE CASCADE. The trail has an entry for each end, which tells no more than its own. */
#include "engine_relocate.h"

#include <string.h>

bool engine_relocate_is_asked(const struct resource *r, const alees_json *body) {
    return r->is_movable && jx_kind(jx_get(body, "organization")) != ALEES_JSON_ABSENT;
}

alees_rc engine_relocate_never(struct engine_write *w, const alees_id *organization) {
    char text[37];
    alees_rc rc;
    if (!w->r->is_movable) {
        return ALEES_OK;
    }
    rc = engine_place_narrow(w->ctx, w->where, organization, &w->place);
    if (rc != ALEES_OK) {
        return rc;
    }
    w->place.ids = arena_printf(w->ctx->arena, "{%s}", alees_id_format(organization, text));
    return w->place.ids.ptr != NULL ? ALEES_OK : engine_value_nomem(&w->ctx->problem);
}

/* ---- rights ---- */

/* As of a create there, but that the caller must see it afterwards: it was seen before. */
static alees_rc may_arrive(alees_ctx *ctx, const struct resource *r, const alees_id *organization) {
    const struct alees_organizations *where = ctx->where, *add = NULL, *view = NULL;
    alees_rc rc = ctx->is_all ? ALEES_OK : engine_place_ask(ctx, r->add, &add);
    if (rc == ALEES_OK) {
        ctx->where = add;
        rc = engine_place_admits(ctx, r, organization);
        ctx->where = where;
    }
    if (rc != ALEES_OK || engine_place_is_superuser(ctx)) {
        return rc;
    }
    rc = engine_place_ask(ctx, r->view, &view);
    return rc != ALEES_OK || engine_place_has(view, organization) ? rc
                                                                  : engine_place_deny(ctx, r->view_name, organization);
}

struct end { /* of the way */
    uint32_t permission;
    uint32_t without; /* fields with these flags, which nobody can use by it */
    const alees_id *organization;
};

/* Adds an item for each field that may not be used there, under that permission. */
static alees_rc check_fields_at(alees_ctx *ctx, const struct resource *r, const struct end *end, bool *told) {
    struct engine_fields fields;
    const bool *may = NULL;
    alees_rc rc = engine_fields_open(ctx, r, end->permission, &fields);
    rc = rc == ALEES_OK && !fields.is_all ? engine_fields_in(&fields, end->organization, &may) : rc;
    for (uint32_t i = 0; rc == ALEES_OK && may != NULL && i < r->field_count; i++) {
        const struct alees_field *f = r->fields[i].decl;
        if (!may[i] && !told[i] && (f->flags & end->without) == 0) {
            problem_add(&ctx->problem, engine_value_pointer(ctx->arena, alees_text(f->name)),
                        problem_rows[PROBLEM_FIELD_NOT_PERMITTED].code,
                        "may not be read and written by you in both organizations");
            told[i] = true;
        }
    }
    return rc;
}

static alees_rc check_fields(alees_ctx *ctx, const struct resource *r, const alees_id *from, const alees_id *to) {
    const uint32_t unread = ALEES_COMPUTED | ALEES_WRITE_ONLY, unwritten = ALEES_COMPUTED | ALEES_READ_ONLY;
    const struct end ends[] = {{r->view, unread, from},
                               {r->change, unwritten | ALEES_WRITE_ONCE, from},
                               {r->view, unread, to},
                               {r->add, unwritten, to}};
    uint32_t before = ctx->problem.item_count;
    bool *told = ARENA_ARRAY(ctx->arena, bool, r->field_count);
    alees_rc rc = told != NULL ? ALEES_OK : engine_value_nomem(&ctx->problem);
    for (size_t i = 0; i < ARRAY_LEN(ends) && rc == ALEES_OK; i++) {
        rc = check_fields_at(ctx, r, &ends[i], told);
    }
    if (rc == ALEES_OK && ctx->problem.item_count > before) {
        rc = problem_set(&ctx->problem, PROBLEM_FIELD_NOT_PERMITTED,
                         "To take a %s to another organization, your roles must permit all of its fields in both.",
                         r->decl->name);
    }
    return rc;
}

/* ---- the two organizations ---- */

/* Statements of hooks see these two, and the engine's own write one of the first only. */
static alees_rc narrow(struct engine_write *w, const alees_id *from, const alees_id *to) {
    alees_ctx *ctx = w->ctx;
    struct alees_organizations *both = ARENA_NEW(ctx->arena, struct alees_organizations);
    alees_id *ids = ARENA_ARRAY(ctx->arena, alees_id, 2);
    bool is_rising = alees_id_compare(from, to) < 0;
    char first[37], second[37];
    if (both == NULL || ids == NULL) {
        return engine_value_nomem(&ctx->problem);
    }
    ids[0] = is_rising ? *from : *to;
    ids[1] = is_rising ? *to : *from;
    *both = (struct alees_organizations){.struct_size = sizeof *both, .count = 2, .ids = ids};
    both->text = arena_printf(ctx->arena, "{%s,%s}", alees_id_format(&ids[0], first), alees_id_format(&ids[1], second));
    w->place.reach = ENGINE_ONE;
    w->place.is_owned = w->place.is_shared = false;
    w->place.ids = arena_printf(ctx->arena, "{%s}", alees_id_format(from, first));
    w->place.id = arena_printf(ctx->arena, "%s", alees_id_format(from, first));
    w->place.scope = (struct store_scope){.plugin = w->r->plugin, .organizations = both->text};
    ctx->where = both;
    return both->text.ptr != NULL && w->place.ids.ptr != NULL && w->place.id.ptr != NULL
               ? ALEES_OK
               : engine_value_nomem(&ctx->problem);
}

static alees_rc put_organization(struct engine_write *w, const alees_id *to) {
    const struct resource_field *f = resource_field(w->r, STR_LIT("organization"));
    struct engine_cell *cell = &w->change->cells[f - w->r->fields];
    char text[37];
    cell->is_sent = cell->is_written = true;
    cell->value = arena_str(w->ctx->arena, (alees_str){alees_id_format(to, text), 36});
    w->change->organization = *to;
    w->change->is_moving = true;
    return cell->value.ptr != NULL ? ALEES_OK : engine_value_nomem(&w->ctx->problem);
}

alees_rc engine_relocate_begin(struct engine_write *w, const alees_json *body) {
    const alees_id from = w->change->organization;
    alees_str text = jx_text(jx_get(body, "organization"));
    alees_id to;
    alees_rc rc;
    if (!engine_relocate_is_asked(w->r, body)) {
        return ALEES_OK;
    }
    w->change->is_placed = true;
    if (text.ptr == NULL || alees_id_parse(text, &to) != ALEES_OK) {
        problem_add(&w->ctx->problem, STR_LIT("/organization"), "invalid_format",
                    "must be a text with the id of an organization");
        return ALEES_OK; /* the rest of the body is looked at, too */
    }
    if (alees_id_compare(&from, &to) == 0) {
        return ALEES_OK;
    }
    rc = may_arrive(w->ctx, w->r, &to);
    rc = rc == ALEES_OK ? check_fields(w->ctx, w->r, &from, &to) : rc;
    rc = rc == ALEES_OK ? narrow(w, &from, &to) : rc;
    return rc == ALEES_OK ? put_organization(w, &to) : rc;
}

/* ---- afterwards ---- */

/* The organization is shown with each part: what they were by their version, they are no longer. */
static alees_rc raise_parts(const struct engine_write *w, const struct resource *part, alees_str id, alees_str user) {
    struct engine_sql sql;
    alees_rows *rows = NULL;
    engine_sql_init(&sql, w->ctx->arena, 3);
    str_puts(&sql.text, "UPDATE ");
    str_view(&sql.text, part->shapes->table);
    str_puts(&sql.text, " SET \"updated_at\" = now(), \"version\" = \"version\" + 1, \"updated_by\" = ");
    engine_sql_value(&sql, user, "uuid");
    str_puts(&sql.text, " WHERE ");
    engine_sql_scope(&sql, part, w->place.ids, false);
    str_puts(&sql.text, " AND ");
    engine_sql_owner(&sql, part, id);
    return engine_sql_run(w->ctx, part, &w->place.scope, &sql, &rows, NULL);
}

alees_rc engine_relocate_end(struct engine_write *w) {
    const struct catalogue *c = &w->ctx->app->catalogue;
    struct arena *arena = w->ctx->arena;
    char to[37], own[37], who[37];
    alees_str id = arena_str(arena, (alees_str){alees_id_format(&w->change->id, own), 36}), user = {NULL, 0};
    alees_rc rc = ALEES_OK;
    w->place.ids = arena_printf(arena, "{%s}", alees_id_format(&w->change->organization, to));
    w->place.id = arena_printf(arena, "%s", to);
    if (w->ctx->who != NULL) {
        user = arena_str(arena, (alees_str){alees_id_format(&w->ctx->who->id, who), 36});
    }
    if (id.ptr == NULL || w->place.ids.ptr == NULL || w->place.id.ptr == NULL ||
        (w->ctx->who != NULL && user.ptr == NULL)) {
        return engine_value_nomem(&w->ctx->problem);
    }
    for (uint32_t i = 0; i < c->resource_count && rc == ALEES_OK; i++) {
        if (c->resources[i]->owner == w->r) {
            rc = raise_parts(w, c->resources[i], id, user);
        }
    }
    return rc;
}
