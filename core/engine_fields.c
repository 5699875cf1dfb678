/* SPDX-License-Identifier: MIT
 * engine_fields.c - which fields the caller may read, give or change, as the provider of alees.rbac/1 says.
 *
 * The first question is about everywhere at once; nearly always its answer is "all", and nothing more is asked. Else the
 * organization of each row decides, asked about once for each organization. A field may choose or order the rows of a list
 * only if it may be read wherever the list reaches: else the order of rows would tell what their fields do not.
 *
 * Fields of a part are all permitted or none, as the owner's list of these parts is; on the routes of the parts themselves
 * engine_owner_find has asked. Standard fields, the organization among them, are nobody's secret; superusers, commands, global rows and one's own are
 * not restricted; nor are rows of no organization, which every user sees, whatever roles they hold. */
#include "engine_parts.h"

#include <string.h>

static bool is_unrestricted(const alees_ctx *ctx, const struct resource *r) {
    const struct alees_rbac_v1 *rbac = ctx->app->rbac;
    if (ctx->is_all || r->decl->scope == ALEES_SCOPE_GLOBAL || r->decl->scope == ALEES_SCOPE_OWN) {
        return true;
    }
    if (r->owner != NULL && (r->owner_list == NULL || engine_owner_is_found(ctx, r))) {
        return true;
    }
    if (ctx->who != NULL && (ctx->who->flags & ALEES_SUPERUSER) != 0) {
        return true;
    }
    return !ALEES_HAS(struct alees_rbac_v1, rbac, fields) ||
           rbac->fields == NULL; /* an older one knows no such rights */
}

/* The place of a field among the declared ones of its resource: so the provider counts them. */
static uint32_t declared_place(const struct resource *r, const struct resource_field *f) {
    uint32_t place = 0;
    for (const struct resource_field *other = r->fields; other < f; other++) {
        place += !other->is_standard;
    }
    return place;
}

static bool has_bit(const struct resource *r, const struct resource_field *f, const uint64_t *bits) {
    uint32_t place = r->owner != NULL ? declared_place(r->owner, r->owner_list) : declared_place(r, f);
    return (bits[place / 64] >> (place % 64) & 1) != 0;
}

/* NULL without memory. */
static const bool *spread(struct arena *arena, const struct resource *r, const uint64_t *bits) {
    bool *may = ARENA_ARRAY(arena, bool, r->field_count);
    for (uint32_t i = 0; may != NULL && i < r->field_count; i++) {
        may[i] = r->fields[i].is_standard || has_bit(r, &r->fields[i], bits);
    }
    return may;
}

/* organization NULL: everywhere. */
static alees_rc ask(const struct engine_fields *fields, const alees_id *organization,
                    const struct alees_fields **ret_answer) {
    alees_ctx *ctx = fields->ctx;
    const struct alees_rbac_v1 *rbac = ctx->app->rbac;
    const struct alees_fields *answer = NULL;
    alees_rc rc = rbac->fields(rbac, ctx, ctx->who, fields->permission, organization, &answer);
    if (rc == ALEES_OK && (answer == NULL || (answer->all != 1 && answer->bits == NULL))) {
        rc = ALEES_E_INTERNAL;
    }
    if (rc != ALEES_OK) {
        (void)problem_set(&ctx->problem, problem_kind_of(rc), "The permissions of the caller cannot be known now.");
        return rc;
    }
    *ret_answer = answer;
    return ALEES_OK;
}

/* *ret_may NULL: every field. */
static alees_rc ask_map(const struct engine_fields *fields, const alees_id *organization, const bool **ret_may) {
    const struct alees_fields *answer = NULL;
    const bool *may = NULL;
    alees_rc rc = ask(fields, organization, &answer);
    if (rc == ALEES_OK && answer->all != 1) {
        may = spread(fields->ctx->arena, fields->r, answer->bits);
        rc = may != NULL ? ALEES_OK : engine_value_nomem(&fields->ctx->problem);
    }
    if (rc == ALEES_OK) {
        *ret_may = may;
    }
    return rc;
}

alees_rc engine_fields_open(alees_ctx *ctx, const struct resource *r, uint32_t permission,
                            struct engine_fields *ret_fields) {
    struct engine_fields fields = {.ctx = ctx, .r = r, .permission = permission};
    alees_rc rc = is_unrestricted(ctx, r) ? ALEES_OK : ask_map(&fields, NULL, &fields.everywhere);
    if (rc == ALEES_OK) {
        fields.is_all = fields.everywhere == NULL;
        *ret_fields = fields;
    }
    return rc;
}

/* The slot of an organization, or the free one where it would be. */
static struct engine_fields_known *find(const struct engine_fields *fields, const alees_id *organization) {
    uint32_t mask = fields->known_slots - 1, at;
    uint64_t bits;
    memcpy(&bits, organization->bytes + 8, sizeof bits); /* the random half of an id */
    at = (uint32_t)(bits * 0x9E3779B97F4A7C15u >> 32) & mask;
    while (fields->known[at].is_known && alees_id_compare(&fields->known[at].organization, organization) != 0) {
        at = (at + 1) & mask;
    }
    return &fields->known[at];
}

/* Always leaves half of the slots free. */
static alees_rc make_room(struct engine_fields *fields) {
    const struct engine_fields_known *old = fields->known;
    uint32_t old_slots = fields->known_slots, slots = old_slots > 0 ? 2 * old_slots : 16;
    struct engine_fields_known *known;
    if (2 * (fields->known_count + 1) <= old_slots) {
        return ALEES_OK;
    }
    known = ARENA_ARRAY(fields->ctx->arena, struct engine_fields_known, slots);
    if (known == NULL) {
        return engine_value_nomem(&fields->ctx->problem);
    }
    fields->known = known;
    fields->known_slots = slots;
    for (uint32_t i = 0; i < old_slots; i++) {
        if (old[i].is_known) {
            *find(fields, &old[i].organization) = old[i];
        }
    }
    return ALEES_OK;
}

alees_rc engine_fields_in(struct engine_fields *fields, const alees_id *organization, const bool **ret_may) {
    struct engine_fields_known *known;
    alees_rc rc;
    if (fields->is_all) {
        *ret_may = NULL;
        return ALEES_OK;
    }
    rc = make_room(fields);
    if (rc != ALEES_OK) {
        return rc;
    }
    known = find(fields, organization);
    if (!known->is_known) {
        rc = ask_map(fields, organization, &known->may);
        if (rc != ALEES_OK) {
            return rc;
        }
        known->organization = *organization;
        known->is_known = true;
        fields->known_count++;
    }
    *ret_may = known->may;
    return ALEES_OK;
}

/* The field whose value is the organization that a row is judged by; NULL: there is none. A new organization is not known
 * to the provider before it is committed: its parent stands for it, as it did for the permission to make it. */
static const struct resource_field *judged_by(const struct engine_fields *fields) {
    const struct resource *r = fields->r;
    if (r->decl->scope != ALEES_SCOPE_SELF) {
        return resource_field(r, STR_LIT("organization"));
    }
    return fields->ctx->route->operation == ROUTE_CREATE && !fields->is_there ? r->parent
                                                                              : resource_field(r, STR_LIT("id"));
}

/* Is that the caller in person, among the users and organizations of a row? A program with their key is somebody else. */
static bool is_own(const struct engine_fields *fields, const alees_id *id) {
    const struct alees_principal *who = fields->ctx->who;
    return fields->r->decl->scope == ALEES_SCOPE_SEVERAL && who != NULL && (who->flags & ALEES_API_KEY) == 0 &&
           alees_id_compare(&who->id, id) == 0;
}

alees_rc engine_fields_of_scope(struct engine_fields *fields, alees_str scope, const bool **ret_may) {
    uint32_t count = fields->r->field_count;
    bool *may = ARENA_ARRAY(fields->ctx->arena, bool, count);
    alees_id id;
    if (may == NULL) {
        return engine_value_nomem(&fields->ctx->problem);
    }
    memcpy(may, fields->everywhere, count * sizeof *may);
    for (size_t at = 0; engine_place_next(scope, &at, &id);) {
        const bool *here = NULL;
        alees_rc rc = is_own(fields, &id) ? ALEES_OK : engine_fields_in(fields, &id, &here);
        if (rc != ALEES_OK || here == NULL) {
            *ret_may = NULL;
            return rc;
        }
        for (uint32_t i = 0; i < count; i++) {
            may[i] = may[i] || here[i];
        }
    }
    *ret_may = may;
    return ALEES_OK;
}

alees_rc engine_fields_of_row(struct engine_fields *fields, const struct engine_view *view, const alees_rows *rows,
                              uint32_t row, const bool **ret_may) {
    const struct resource_field *f;
    alees_str text = {NULL, 0};
    alees_id organization;
    if (fields->is_all) {
        *ret_may = NULL;
        return ALEES_OK;
    }
    if (fields->r->decl->scope == ALEES_SCOPE_SEVERAL) {
        return engine_fields_of_scope(fields, store_rows_text(rows, row, view->scope), ret_may);
    }
    f = judged_by(fields);
    if (f != NULL) {
        uint32_t place = view->places[f - fields->r->fields];
        ASSERT(place != UINT32_MAX); /* what is not read is not "no organization" */
        text = store_rows_text(rows, row, place);
    }
    if (text.ptr != NULL && alees_id_parse(text, &organization) == ALEES_OK) {
        return engine_fields_in(fields, &organization, ret_may);
    }
    /* a row of no organization is shown to all; what says nothing of where it belongs is judged the narrow way */
    *ret_may = f != NULL && text.ptr == NULL && f != fields->r->parent ? NULL : fields->everywhere;
    return ALEES_OK;
}

alees_rc engine_fields_usable(struct engine_fields *fields, const alees_id *organization, const bool **ret_may) {
    const struct alees_organizations *where;
    if (fields->is_all) {
        *ret_may = NULL;
        return ALEES_OK;
    }
    where = fields->ctx->where;
    if (organization != NULL && engine_place_has(where, organization)) {
        return engine_fields_in(fields, organization, ret_may);
    }
    if (organization != NULL || where == NULL || (where->all != 1 && where->count == 0) ||
        (where->count == 1 && is_own(fields, &where->ids[0]))) {
        *ret_may = NULL; /* a list that reaches nowhere, or oneself alone, has nothing to tell */
    } else {
        *ret_may = fields->everywhere;
    }
    return ALEES_OK;
}

alees_rc engine_fields_somewhere(const struct engine_fields *fields, const struct resource_field *f, bool *ret_may) {
    const struct alees_organizations *where = fields->ctx->where;
    for (uint32_t i = 0; where != NULL && i < where->count; i++) {
        const struct alees_fields *answer = NULL;
        alees_rc rc = ask(fields, &where->ids[i], &answer);
        if (rc != ALEES_OK) {
            return rc;
        }
        if (answer->all == 1 || has_bit(fields->r, f, answer->bits)) {
            *ret_may = true;
            return ALEES_OK;
        }
    }
    *ret_may = false;
    return ALEES_OK;
}

/* ---- what is sent ---- */

/* Is this field in the body, though it may not be? What nobody can send is not a matter of rights. */
static bool is_forbidden(const struct resource *r, uint32_t action, const alees_json *body, const bool *may,
                         uint32_t at) {
    const struct resource_field *f = &r->fields[at];
    return !may[at] && jx_kind(jx_get(body, f->decl->name)) != ALEES_JSON_ABSENT && engine_change_takes(r, action, f);
}

bool engine_fields_permit(const struct resource *r, uint32_t action, const alees_json *body, const bool *may) {
    for (uint32_t i = 0; may != NULL && i < r->field_count; i++) {
        if (is_forbidden(r, action, body, may, i)) {
            return false;
        }
    }
    return true;
}

alees_rc engine_fields_refuse(const struct engine_fields *fields, uint32_t action, const alees_json *body,
                              const bool *may, const alees_id *organization) {
    const struct resource *r = fields->r;
    const struct alees_rbac_v1 *rbac = fields->ctx->app->rbac;
    struct problem *problem = &fields->ctx->problem;
    bool is_create = action == ALEES_CREATE;
    alees_str name = rbac->organization_name(rbac, fields->ctx, organization);
    alees_rc rc;
    for (uint32_t i = 0; i < r->field_count; i++) {
        if (is_forbidden(r, action, body, may, i)) {
            problem_add(problem, engine_value_pointer(problem->arena, alees_text(r->fields[i].decl->name)),
                        problem_rows[PROBLEM_FIELD_NOT_PERMITTED].code, "may not be %s by you; leave it out",
                        is_create ? "given" : "changed");
        }
    }
    rc = problem_set(problem, PROBLEM_FIELD_NOT_PERMITTED,
                     "Your roles in %s%.*s%s do not permit the fields that errors names; leave them out.",
                     name.ptr != NULL ? "the organization \"" : "the row's organization",
                     name.ptr != NULL ? (int)name.len : 0, name.ptr != NULL ? name.ptr : "",
                     name.ptr != NULL ? "\"" : "");
    problem->organization = name;
    return rc;
}
