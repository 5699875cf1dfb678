/* SPDX-License-Identifier: MIT
 * engine_change.c - a body becomes a change: which columns get which values. What the client may not know or not write is
 * 400; every other fault is collected, so that one answer names them all. Then the plugin's hooks, through
 * alees.resource/1. */
#include "engine_nested.h"

#include <string.h>

#include "svc.h"

alees_change *engine_change_new(alees_ctx *ctx, const struct resource *r, uint32_t action, const alees_id *id) {
    alees_change *change = ARENA_NEW(ctx->arena, alees_change);
    struct engine_cell *cells = ARENA_ARRAY(ctx->arena, struct engine_cell, r->field_count);
    if (change == NULL || cells == NULL) {
        (void)engine_value_nomem(&ctx->problem);
        return NULL;
    }
    change->magic = ENGINE_CHANGE_MAGIC;
    change->action = action;
    change->ctx = ctx;
    change->resource = r;
    change->id = *id;
    change->is_open = true;
    change->cells = cells;
    if (engine_owner_is_found(ctx, r)) {
        change->owner = ctx->object;
        change->organization = ctx->object_organization;
    }
    return change;
}

/* The organization of a row: the one it belongs to, or the one it is. */
void engine_change_found(alees_change *change, const alees_rows *rows, uint32_t row, bool is_after) {
    const struct resource *r = change->resource;
    const struct resource_field *f = resource_field(r, STR_LIT("organization"));
    change->found = rows;
    change->found_row = row;
    if (!is_after) {
        change->before = rows;
        change->before_row = row;
    }
    if (r->decl->scope == ALEES_SCOPE_SELF) {
        change->organization = change->id;
    } else if (r->decl->scope == ALEES_SCOPE_ORGANIZATION && f != NULL) {
        alees_id id;
        if (alees_id_parse(store_rows_text(rows, row, r->shapes->all.places[f - r->fields]), &id) == ALEES_OK) {
            change->organization = id;
        }
    }
}

alees_rc engine_change_body(alees_ctx *ctx, const alees_json **ret_body) {
    if (jx_kind(ctx->json) != ALEES_JSON_OBJECT) {
        return problem_set(&ctx->problem, PROBLEM_BAD_REQUEST, "Send a JSON object: {\"name\": value, ...}.");
    }
    *ret_body = ctx->json;
    return ALEES_OK;
}

/* ---- what may be sent ---- */

bool engine_change_takes(const struct resource *r, uint32_t action, const struct resource_field *f) {
    bool is_create = action == ALEES_CREATE;
    if (f->is_standard) {
        return is_create && (f->decl->flags & ALEES_READ_ONLY) == 0;
    }
    if ((f->decl->flags & (ALEES_READ_ONLY | ALEES_COMPUTED)) != 0) {
        return false;
    }
    /* what a create was judged by does not change afterwards by the way */
    return is_create || ((f->decl->flags & ALEES_WRITE_ONCE) == 0 && f != r->parent);
}

/* What an upsert has found the row by is sent, and stays as it is; so is the id of a part in its owner's list. */
static bool is_known_by(const alees_change *change, const struct resource_field *f) {
    return change->known_by != NULL && (f == change->known_by || (!change->known_by->is_standard && f->is_standard &&
                                                                  strcmp(f->decl->name, "organization") == 0));
}

static bool is_organization(const struct resource_field *f) {
    return f->is_standard && strcmp(f->decl->name, "organization") == 0;
}

static bool takes(const alees_change *change, const struct resource_field *f) {
    return is_known_by(change, f) || (change->is_placed && is_organization(f)) ||
           engine_change_takes(change->resource, change->action, f);
}

struct names { /* of one look over the members of a body */
    alees_ctx *ctx;
    const alees_change *change; /* of a resource, or NULL: */
    const struct alees_field *fields;
    uint32_t count;
    enum problem_kind kind; /* of the first fault */
    bool is_faulty;
};

static const char *nearest_name(const struct names *n, alees_str key) {
    const struct resource *r = n->change != NULL ? n->change->resource : NULL;
    uint32_t most = r != NULL ? r->field_count : n->count, count = 0;
    const char **names = ARENA_ARRAY(n->ctx->arena, const char *, most);
    for (uint32_t i = 0; names != NULL && i < most; i++) {
        if (r == NULL || takes(n->change, &r->fields[i])) {
            names[count++] = r != NULL ? r->fields[i].decl->name : n->fields[i].name;
        }
    }
    return names != NULL ? engine_value_nearest(n->ctx->arena, key, names, count) : "";
}

static void refuse_name(struct names *n, alees_str key, enum problem_kind kind, const char *detail) {
    problem_add(&n->ctx->problem, engine_value_pointer(n->ctx->arena, key), problem_rows[kind].code, "%s", detail);
    if (!n->is_faulty) {
        n->is_faulty = true;
        n->kind = kind;
    }
}

static void refuse_unknown(struct names *n, alees_str key) {
    alees_str detail = arena_printf(n->ctx->arena, "is not a field%s", nearest_name(n, key));
    refuse_name(n, key, PROBLEM_UNKNOWN_FIELD, detail.ptr != NULL ? detail.ptr : "is not a field");
}

/* What would be left out of the answer is not worth looking for: a body may have tens of thousands of members. */
static bool has_room(const struct names *n) {
    return n->ctx->problem.item_count < PROBLEM_MOST_ITEMS;
}

/* A resource with a parent has a route of its plugin for it, where the rights at both ends are asked. */
static const char *how_to_move(const struct names *n) {
    alees_str detail = arena_printf(n->ctx->arena, "is changed by POST %s/{id}/move only; leave it out",
                                    n->change->resource->decl->path);
    return detail.ptr != NULL ? detail.ptr : "cannot be written; leave it out";
}

static bool look_at_field(void *data, alees_str key, const alees_json *value) {
    struct names *n = data;
    const struct resource_field *f = resource_field(n->change->resource, key);
    if (f == NULL) {
        refuse_unknown(n, key);
    } else if (!takes(n->change, f) && !n->change->is_item &&
               !(n->change->is_whole && engine_replace_is_same(n->change, f, value))) {
        bool is_once = (f->decl->flags & (ALEES_READ_ONLY | ALEES_COMPUTED)) == 0 && n->change->action == ALEES_UPDATE;
        refuse_name(n, key, PROBLEM_READ_ONLY_FIELD,
                    is_once && f == n->change->resource->parent ? how_to_move(n)
                    : is_once                                   ? "can be given on create only; leave it out"
                                                                : "cannot be written; leave it out");
    }
    return has_room(n);
}

static bool look_at_member(void *data, alees_str key, const alees_json *value) {
    struct names *n = data;
    (void)value;
    for (uint32_t i = 0; i < n->count; i++) {
        if (str_equal(key, n->fields[i].name)) {
            return true;
        }
    }
    refuse_unknown(n, key);
    return has_room(n);
}

static alees_rc check_names(struct names *n, const alees_json *body) {
    jx_each(body, n->change != NULL ? look_at_field : look_at_member, n);
    if (!n->is_faulty) {
        return ALEES_OK;
    }
    return problem_set(&n->ctx->problem, n->kind, "%s",
                       n->kind == PROBLEM_UNKNOWN_FIELD ? "The body has a field that does not exist here; see errors."
                                                        : "The body has a field that cannot be written; see errors.");
}

static alees_rc invalid(alees_ctx *ctx) {
    return problem_set(&ctx->problem, PROBLEM_INVALID, "Correct the fields that errors names, then send it again.");
}

/* After every field has been looked at. Without memory a fault may be missing from the items: nothing goes on then. */
static alees_rc verdict(alees_ctx *ctx) {
    if (ctx->problem.item_count > 0) {
        return invalid(ctx);
    }
    return arena_is_exhausted(ctx->arena) ? engine_value_nomem(&ctx->problem) : ALEES_OK;
}

/* ---- values ---- */

/* One declared field. E_INVALID is in the items already; any other failure ends the request. */
static alees_rc read_field(alees_change *change, uint32_t at, const alees_json *value) {
    const struct resource_field *f = &change->resource->fields[at];
    struct engine_cell *cell = &change->cells[at];
    alees_ctx *ctx = change->ctx;
    bool is_create = change->action == ALEES_CREATE, may = true;
    alees_str pointer;
    alees_rc rc;
    if (change->is_moving && f == change->resource->custom && engine_custom_is_moved(change, value)) {
        return engine_custom_read(change, at, jx_kind(value) == ALEES_JSON_OBJECT ? value : NULL);
    }
    if (jx_kind(value) == ALEES_JSON_ABSENT) {
        alees_str fallback = change->resource->shapes->fallbacks[at];
        if (change->is_whole) {
            return engine_replace_absent(change, at);
        }
        if (is_create && f == change->resource->custom) {
            rc = engine_custom_read(change, at, NULL);
            if (rc != ALEES_OK) {
                return rc;
            }
        }
        if (is_create && fallback.ptr != NULL) {
            cell->is_written = true;
            cell->value = fallback;
        } else if (is_create && (f->decl->flags & ALEES_REQUIRED) != 0 && (f->decl->flags & ALEES_READ_ONLY) == 0) {
            problem_add(&ctx->problem, engine_value_pointer(ctx->arena, alees_text(f->decl->name)), "required",
                        "is required");
        }
        return ALEES_OK;
    }
    if (change->is_whole && engine_replace_is_same(change, f, value)) {
        return ALEES_OK;
    }
    if (f == change->resource->custom && jx_kind(value) == ALEES_JSON_OBJECT) {
        return engine_custom_read(change, at, value);
    }
    pointer = engine_value_pointer(ctx->arena, alees_text(f->decl->name));
    rc = engine_value_from_json(ctx, f->decl, pointer, value, &cell->value);
    if (rc == ALEES_OK) {
        cell->is_sent = cell->is_written = true;
        if (f->decl->reference != NULL && cell->value.ptr != NULL && !change->refers_later) {
            rc = engine_refer_check(change, f, cell->value, &may);
        }
        if (rc == ALEES_OK && !may) {
            engine_refer_refuse(ctx, f);
        }
    }
    return rc == ALEES_E_INVALID ? ALEES_OK : rc;
}

/* So is the owner of a part. */
static alees_rc put_owner(alees_change *change) {
    const struct resource *r = change->resource;
    struct engine_cell *cell;
    char text[37];
    if (r->owner == NULL) {
        return ALEES_OK;
    }
    cell = &change->cells[r->owner_field - r->fields];
    cell->is_written = true;
    cell->value = arena_str(change->ctx->arena, (alees_str){alees_id_format(&change->owner, text), 36});
    return cell->value.ptr != NULL ? ALEES_OK : engine_value_nomem(&change->ctx->problem);
}

/* The organization of a create is a cell like any other, so that hooks and SQL need not know of it. */
static alees_rc put_organization(alees_change *change, const alees_json *body, const alees_id *organization) {
    static const alees_id none;
    const struct resource *r = change->resource;
    const struct resource_field *f = resource_field(r, STR_LIT("organization"));
    struct engine_cell *cell;
    char text[37];
    if (organization == NULL || r->decl->scope != ALEES_SCOPE_ORGANIZATION || f == NULL || !f->is_standard) {
        return ALEES_OK;
    }
    cell = &change->cells[f - r->fields];
    cell->is_sent = jx_kind(jx_get(body, "organization")) != ALEES_JSON_ABSENT;
    cell->is_written = true;
    if (alees_id_compare(organization, &none) == 0) { /* OPTIONAL: a row of none */
        return ALEES_OK;
    }
    cell->value = arena_str(change->ctx->arena, (alees_str){alees_id_format(organization, text), 36});
    return cell->value.ptr != NULL ? put_owner(change) : engine_value_nomem(&change->ctx->problem);
}

alees_rc engine_change_read(alees_change *change, const alees_json *body, const alees_id *organization) {
    const struct resource *r = change->resource;
    struct names names = {.ctx = change->ctx, .change = change};
    alees_rc rc = check_names(&names, body);
    if (rc == ALEES_OK) {
        rc = put_organization(change, body, organization);
    }
    for (uint32_t i = 0; i < r->field_count && rc == ALEES_OK; i++) {
        if (!r->fields[i].is_standard && &r->fields[i] != change->known_by && r->shapes->nested[i] == NULL) {
            rc = read_field(change, i, jx_get(body, r->fields[i].decl->name));
        }
    }
    rc = rc == ALEES_OK ? engine_nested_read(change, body) : rc;
    rc = rc == ALEES_OK && change->is_moving ? engine_refer_carried(change) : rc;
    return rc == ALEES_OK ? verdict(change->ctx) : rc;
}

bool engine_change_is_empty(const alees_change *change) {
    if (engine_nested_is_changed(change)) {
        return false;
    }
    for (uint32_t i = 0; i < change->resource->field_count; i++) {
        if (change->cells[i].is_written) {
            return false;
        }
    }
    return true;
}

alees_rc engine_check_body(alees_ctx *ctx, const struct alees_field *fields, uint32_t count, const alees_json *body) {
    struct names names = {.ctx = ctx, .fields = fields, .count = count};
    alees_rc rc;
    if (jx_kind(body) != ALEES_JSON_OBJECT) {
        return problem_set(&ctx->problem, PROBLEM_BAD_REQUEST, "Send a JSON object: {\"name\": value, ...}.");
    }
    rc = check_names(&names, body);
    for (uint32_t i = 0; i < count && rc == ALEES_OK; i++) {
        const alees_json *value = jx_get(body, fields[i].name);
        alees_str pointer = engine_value_pointer(ctx->arena, alees_text(fields[i].name)), text;
        if (jx_kind(value) != ALEES_JSON_ABSENT) {
            rc = engine_value_from_json(ctx, &fields[i], pointer, value, &text);
            rc = rc == ALEES_E_INVALID ? ALEES_OK : rc;
        } else if ((fields[i].flags & ALEES_REQUIRED) != 0) {
            problem_add(&ctx->problem, pointer, "required", "is required");
        }
    }
    return rc == ALEES_OK ? verdict(ctx) : rc;
}

alees_rc engine_change_hook(alees_change *change, alees_rc (*hook)(void *state, alees_ctx *ctx, alees_change *change)) {
    alees_ctx *ctx = change->ctx;
    struct alees_self *before = ctx->plugin;
    alees_rc rc;
    if (hook == NULL) {
        return ALEES_OK;
    }
    ctx->plugin = change->resource->plugin;
    rc = hook(ctx->plugin->state, ctx, change);
    ctx->plugin = before;
    if (ctx->problem.rc != ALEES_OK) {
        return ctx->problem.rc; /* it failed, whatever it gave back */
    }
    if (ctx->problem.item_count > 0 || rc == ALEES_OK) {
        return verdict(ctx);
    }
    return problem_set(&ctx->problem, problem_kind_of(rc), "The change was refused.");
}

/* ---- alees.resource/1 ---- */

static const alees_change *checked(const alees_change *change) {
    ASSERT(change != NULL && change->magic == ENGINE_CHANGE_MAGIC);
    return change;
}

static struct engine_cell *cell_of(const alees_change *change, const char *name) {
    const struct resource *r = checked(change)->resource;
    const struct resource_field *f = resource_field(r, alees_text(name));
    return f != NULL ? &change->cells[f - r->fields] : NULL;
}

static uint32_t svc_action(const alees_change *change) {
    return checked(change)->action;
}

static alees_id svc_id(const alees_change *change) {
    return checked(change)->id;
}

static uint32_t svc_is_sent(const alees_change *change, const char *field) {
    const struct engine_cell *cell = cell_of(change, field);
    return cell != NULL && cell->is_sent;
}

static alees_str svc_value(const alees_change *change, const char *field) {
    const struct engine_cell *cell = cell_of(change, field);
    return cell != NULL ? cell->value : (alees_str){NULL, 0};
}

static alees_rc svc_set(alees_change *change, const char *field, alees_str value) {
    struct engine_cell *cell = cell_of(change, field);
    const struct resource_field *f = resource_field(change->resource, alees_text(field));
    alees_str copy = value;
    if (cell == NULL || f == NULL || f->is_standard) {
        return ALEES_E_NOT_FOUND;
    }
    if (!change->is_open || change->action >= ALEES_DELETE_ROW || !resource_field_is_stored(f) ||
        (change->resource->decl->scope == ALEES_SCOPE_OWN && strcmp(f->column, change->resource->scope_column) == 0)) {
        return ALEES_E_UNSUPPORTED;
    }
    if (value.ptr != NULL) {
        if (!str_is_utf8(value)) {
            return ALEES_E_INVALID;
        }
        copy = arena_str(change->ctx->arena, value);
        if (copy.ptr == NULL) {
            return engine_value_nomem(&change->ctx->problem);
        }
    }
    cell->is_written = true;
    cell->is_default = false;
    cell->value = copy;
    return ALEES_OK;
}

static void refuse_field(struct problem *p, alees_str field, const char *code, alees_str detail) {
    problem_add(p, engine_value_pointer(p->arena, field), code != NULL ? code : "invalid", "%.*s",
                STR_FMT(detail)); /* copies both */
}

static alees_rc svc_refuse(alees_change *change, const char *field, const char *code, alees_str detail) {
    struct problem *p = checked(change)->told != NULL ? change->told : &change->ctx->problem;
    refuse_field(p, alees_text(field), code, detail);
    return ALEES_E_INVALID; /* engine_change_hook says the rest, when all fields have been looked at */
}

alees_rc engine_refuse(alees_ctx *ctx, alees_str field, const char *code, alees_str detail) {
    refuse_field(&ctx->problem, field, code, detail);
    return invalid(ctx);
}

static alees_id svc_organization(const alees_change *change) {
    return checked(change)->organization;
}

static alees_str svc_before(const alees_change *change, const char *field) {
    const struct resource *r = checked(change)->resource;
    const struct resource_field *f = resource_field(r, alees_text(field));
    uint32_t place = f != NULL ? r->shapes->all.places[f - r->fields] : UINT32_MAX;
    alees_str text;
    if (change->before == NULL || place == UINT32_MAX) {
        return (alees_str){NULL, 0};
    }
    text = store_rows_text(change->before, change->before_row, place);
    return f->decl->type == ALEES_PARTS && text.ptr != NULL
               ? engine_nested_json(change->ctx->arena, r->shapes->nested[f - r->fields], text)
               : text;
}

const struct alees_resource_v1 svc_resource = {
    .struct_size = sizeof(struct alees_resource_v1),
    .action = svc_action,
    .id = svc_id,
    .is_sent = svc_is_sent,
    .value = svc_value,
    .set = svc_set,
    .refuse = svc_refuse,
    .organization = svc_organization,
    .before = svc_before,
    .page_count = engine_page_count,
    .page_id = engine_page_id,
    .page_organization = engine_page_organization,
    .page_value = engine_page_value,
    .page_set = engine_page_set,
    .page_shows = engine_page_shows,
    .page_is_written = engine_page_is_written,
};
