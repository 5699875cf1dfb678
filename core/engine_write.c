/* SPDX-License-Identifier: MIT
 * engine_write.c - create, merge-patch, replace, delete. One statement in one round trip; with hooks, a transaction around it.
 *
 * The statement itself holds the condition that the caller may write there. Only when it changed nothing is the row looked
 * for, to tell 404, 403 and 412 apart. */
#include "engine_batch.h"
#include "engine_write.h"
#include "idempotency.h"
#include "engine_transfer.h"
#include "engine_nested.h"
#include "engine_relocate.h"
#include "engine_validate.h"

#include <string.h>

enum { MEMORY_OF_ANSWER = 16 * 1024 * 1024 }; /* enough for any row: its texts, escaped, and twice while they grow */

static alees_str who(const alees_ctx *ctx) {
    struct str s;
    if (ctx->who == NULL) {
        return (alees_str){NULL, 0};
    }
    str_init(&s, ctx->arena, 40);
    str_id(&s, &ctx->who->id);
    return str_done(&s);
}

static alees_str row_id(const struct engine_write *w) {
    struct str s;
    str_init(&s, w->ctx->arena, 40);
    str_id(&s, &w->change->id);
    return str_done(&s);
}

/* ---- running it ---- */

static struct engine_target target_of(const struct engine_write *w) {
    bool is_everywhere = w->place.reach == ENGINE_EVERYWHERE;
    return (struct engine_target){.id = row_id(w),
                                  .user = who(w->ctx),
                                  .organizations = is_everywhere ? (alees_str){NULL, 0} : w->place.ids,
                                  .versions = w->condition.versions,
                                  .excluded = w->condition.excluded,
                                  .owner = w->place.owner,
                                  .is_owned = w->place.is_owned,
                                  .life = w->life};
}

static void mark(struct engine_sql *sql, const struct resource *r, const struct engine_target *target) {
    engine_sql_mark_one(sql, r, target, false);
}

static alees_rc run(struct engine_write *w) {
    const struct resource *r = w->r;
    const struct engine_target target = target_of(w);
    const struct store_error *error = NULL;
    struct engine_sql sql;
    alees_rc rc;
    engine_sql_init(&sql, w->ctx->arena, r->field_count + 6);
    switch (w->change->action) {
    case ALEES_CREATE: engine_sql_insert(&sql, r, w->change->cells, &target); break;
    case ALEES_UPDATE: engine_sql_update(&sql, r, w->change->cells, &target); break;
    case ALEES_RESTORE_ROW: engine_sql_mark_one(&sql, r, &target, true); break;
    default: (w->is_marking ? mark : engine_sql_delete)(&sql, r, &target); break;
    }
    rc = engine_sql_run(w->ctx, r, &w->place.scope, &sql, &w->rows, &error);
    if (rc == ALEES_OK && w->change->action != ALEES_DELETE_ROW && store_rows_count(w->rows) > 0) {
        engine_change_found(w->change, w->rows, 0, true);
    }
    if (rc != ALEES_OK) {
        const struct engine_refused what = {r, w->change->action, &w->change->id, w->is_marking, w->change->is_moving};
        rc = engine_error_map(w->ctx, &what, error, rc);
    }
    return rc;
}

/* A row that was deleted before goes for good without a word. */
static bool is_told(const struct engine_write *w) {
    return w->life == ENGINE_LIVE || w->change->action == ALEES_RESTORE_ROW;
}

typedef alees_rc (*hook)(void *state, alees_ctx *ctx, alees_change *change);

static hook hook_before(const struct engine_write *w) {
    return is_told(w) ? w->r->decl->before_write : NULL;
}

static hook hook_after(const struct engine_write *w) {
    return is_told(w) ? w->r->decl->after_write : NULL;
}

static alees_rc read_again(const struct engine_write *w, alees_rows **ret_rows) {
    return engine_read_row(w->ctx, &w->r->shapes->all, &w->place, &w->change->id, ret_rows);
}

/* What before_write judges by must not change until it is written: the row is locked first. */
static alees_rc lock(struct engine_write *w, bool *ret_is_missing) {
    const struct engine_target target = target_of(w);
    struct engine_sql sql;
    alees_rows *rows = NULL;
    alees_rc rc;
    if (w->change->action == ALEES_CREATE ||
        (hook_before(w) == NULL && w->whole == NULL && w->patch == NULL && !w->has_parts)) {
        return ALEES_OK;
    }
    engine_sql_init(&sql, w->ctx->arena, 6);
    engine_sql_lock(&sql, w->r, &target);
    rc = engine_sql_run(w->ctx, w->r, &w->place.scope, &sql, &rows, NULL);
    if (rc == ALEES_OK && store_rows_count(rows) == 0) {
        *ret_is_missing = true;
        return ALEES_E_NOT_FOUND;
    }
    if (rc == ALEES_OK && w->r->shapes->all.has_nested && (w->whole != NULL || w->patch != NULL || w->has_parts)) {
        rc = read_again(w, &rows); /* its parts, as they are since nobody else can change them */
    }
    if (rc == ALEES_OK) {
        w->before = rows;
        engine_change_found(w->change, rows, 0, false);
    }
    return rc;
}

/* One statement is its own transaction, unless there are hooks around it, or others behind it for the answer, or so little memory that it might be undone for
 * want of an answer. */
static bool needs_transaction(const struct engine_write *w) {
    bool is_shown = w->change->action != ALEES_DELETE_ROW &&
                    (w->view->expand_count > 0 || w->view->has_computed || w->view->has_nested);
    return is_shown || w->has_parts || w->whole != NULL || w->patch != NULL || w->r->owner != NULL ||
           hook_before(w) != NULL || hook_after(w) != NULL || arena_left(w->ctx->arena) < MEMORY_OF_ANSWER;
}

/* With the body that the client would rather not have left out. */
static alees_rc show(const struct engine_write *w) {
    alees_ctx *ctx = w->ctx;
    alees_str etag;
    alees_rc rc = ctx_obeyed(ctx, CTX_PREFER_RETURN);
    if (rc != ALEES_OK || ctx->prefer.returns != CTX_RETURN_MINIMAL) {
        return rc == ALEES_OK ? engine_row_reply(ctx, w->status, w->view, w->rows) : rc;
    }
    ctx->response.status = w->status == 201 ? 201 : 204;
    return engine_row_tag(ctx, w->view, w->rows, &etag);
}

/* The answer is written before the commit: one that cannot be given must not have happened. */
static alees_rc answer(struct engine_write *w) {
    alees_rc rc = ALEES_OK;
    if (w->change->action == ALEES_DELETE_ROW) {
        w->ctx->response.status = 204;
    } else {
        rc = show(w);
    }
    if (rc == ALEES_OK && !ctx_can_answer(w->ctx)) {
        rc = engine_value_nomem(&w->ctx->problem);
    }
    return rc;
}

/* What of a whole row, of its custom fields or of lists of parts, differs from what is there, and the plugin's look at that. */
static alees_rc compare(struct engine_write *w) {
    const alees_json *body = w->whole != NULL ? w->whole : w->patch;
    alees_rc rc = w->whole != NULL ? engine_replace_open(w->change, w->may) : ALEES_OK;
    rc = rc == ALEES_OK ? engine_relocate_begin(w, body) : rc;
    if (rc == ALEES_OK && body != NULL) {
        rc = engine_change_read(w->change, body, NULL);
        w->has_parts = w->change->nested_count > 0;
    }
    rc = rc == ALEES_OK ? engine_nested_compare(w->change, w->before, 0) : rc;
    rc = rc == ALEES_OK && !engine_change_is_empty(w->change) ? engine_validate(w->change) : rc;
    return rc == ALEES_OK ? engine_nested_check(&w->change, 1) : rc;
}

/* Of which organization is the answer? The one that a create was judged by, or that of the row that is back. */
static alees_rc tell_organization(const struct engine_write *w) {
    bool is_judged = w->r->decl->scope == ALEES_SCOPE_ORGANIZATION || w->r->decl->scope == ALEES_SCOPE_SELF;
    bool is_create = w->change->action == ALEES_CREATE;
    if (!is_judged || (!is_create && w->change->action != ALEES_RESTORE_ROW)) {
        return ALEES_OK;
    }
    return idempotency_about(w->ctx, is_create ? &w->judged : &w->change->organization);
}

/* Of a part the owner comes first, whose version rises if anything is written: of a whole row that is not known yet. */
static alees_rc lock_all(struct engine_write *w, bool *ret_is_missing) {
    alees_rc rc = ALEES_OK;
    if (w->r->owner != NULL) {
        rc = (w->whole != NULL ? engine_owner_lock : engine_owner_raise)(w->ctx, w->r);
    }
    if (rc == ALEES_OK && w->r->owner != NULL && w->change->action == ALEES_CREATE) {
        uint64_t room = 0;
        rc = engine_owner_room(w->ctx, w->r, &room);
        rc = rc == ALEES_OK && room == 0 ? engine_owner_refuse_more(w->ctx, w->r) : rc;
    }
    return rc == ALEES_OK ? lock(w, ret_is_missing) : rc;
}

/* Just before the row itself. */
static alees_rc prepare(struct engine_write *w) {
    alees_rc rc = engine_change_hook(w->change, hook_before(w));
    w->change->is_open = false;
    if (rc == ALEES_OK && w->r->owner != NULL && w->whole != NULL) {
        rc = engine_owner_raise(w->ctx, w->r);
    }
    return rc == ALEES_OK ? engine_single_unmake(w->change, &w->place.scope) : rc;
}

/* What a statement that writes gives back is without parts. */
static alees_rc read_parts(struct engine_write *w) {
    bool is_new = w->change->action == ALEES_CREATE && !w->has_parts;
    bool is_shown =
        w->change->action != ALEES_DELETE_ROW && w->view->has_nested && w->ctx->prefer.returns != CTX_RETURN_MINIMAL;
    return is_shown && !is_new ? read_again(w, &w->rows) : ALEES_OK;
}

static alees_rc perform(struct engine_write *w, bool *ret_is_missing) {
    alees_rc rc = lock_all(w, ret_is_missing);
    if (rc == ALEES_OK && w->change->action == ALEES_UPDATE && (w->whole != NULL || w->patch != NULL || w->has_parts)) {
        rc = compare(w);
        if (rc == ALEES_OK && engine_change_is_empty(w->change)) {
            w->rows = w->before;
            return answer(w);
        }
    }
    rc = rc == ALEES_OK ? prepare(w) : rc;
    rc = rc == ALEES_OK && w->change->is_moving ? engine_nested_remove(w->change, &w->place) : rc;
    rc = rc == ALEES_OK ? run(w) : rc;
    if (rc == ALEES_OK && store_rows_changed(w->rows) == 0) {
        *ret_is_missing = true;
        return ALEES_E_NOT_FOUND;
    }
    rc = rc == ALEES_OK && w->change->is_moving ? engine_relocate_end(w) : rc;
    rc = rc == ALEES_OK ? engine_nested_write(&w->change, 1, &w->place) : rc;
    rc = rc == ALEES_OK ? engine_change_hook(w->change, hook_after(w)) : rc;
    rc = rc == ALEES_OK ? read_parts(w) : rc;
    rc = rc == ALEES_OK ? tell_organization(w) : rc;
    return rc == ALEES_OK ? answer(w) : rc;
}

/* In the transaction that is open, which its opener ends; else in one of its own, if there must be one. */
static alees_rc attempt(struct engine_write *w, bool *ret_is_missing) {
    alees_rc rc;
    if (w->ctx->transaction != NULL || !needs_transaction(w)) {
        return perform(w, ret_is_missing);
    }
    store_begin(w->ctx);
    rc = perform(w, ret_is_missing);
    if (rc == ALEES_OK) {
        rc = ctx_commit(w->ctx);
    } else {
        store_rollback(w->ctx);
    }
    if (rc != ALEES_OK) {
        w->ctx->response.status = 0;
    }
    return rc;
}

static alees_rc carry_out(struct engine_write *w) {
    bool is_for_good = w->change->action == ALEES_DELETE_ROW && resource_is_soft(w->r) && !w->is_marking;
    bool is_missing = w->place.reach == ENGINE_NOWHERE;
    alees_rc rc = is_missing ? ALEES_E_NOT_FOUND : attempt(w, &is_missing);
    if (is_missing && is_for_good &&
        w->place.reach != ENGINE_NOWHERE) { /* one that is there, or one that was deleted */
        w->life = ENGINE_DELETED;
        is_missing = false;
        rc = attempt(w, &is_missing);
    }
    return is_missing ? engine_write_refused(w) : rc;
}

/* ---- which fields ---- */

/* What the caller may change of the row. One that is not seen, or not theirs to change, is refused as such. */
static alees_rc find_fields(struct engine_write *w, struct engine_fields *fields, alees_id *ret_organization,
                            const bool **ret_may) {
    alees_str scope, version;
    alees_rc rc = engine_read_locate(w->ctx, w->r, &w->place, &w->change->id, &scope, &version);
    if (rc != ALEES_OK) {
        return rc;
    }
    if (version.ptr == NULL || engine_write_permitted(w, scope) != ALEES_OK) {
        return engine_write_refused(w);
    }
    if (w->r->decl->scope == ALEES_SCOPE_SEVERAL) {
        return engine_fields_of_scope(fields, scope, ret_may);
    }
    if (scope.ptr == NULL || alees_id_parse(scope, ret_organization) != ALEES_OK) {
        return ALEES_E_INTERNAL;
    }
    rc = engine_fields_in(fields, ret_organization, ret_may);
    return rc == ALEES_OK ? engine_relocate_never(w, ret_organization) : rc;
}

/* May the caller send these fields? Only when they might not everywhere does the row's organization count, and has a row
 * that is there to be looked for. organization: of a create; zero: of none. */
static alees_rc check_fields(struct engine_write *w, uint32_t permission, const alees_json *body,
                             const alees_id *organization) {
    static const alees_id none;
    uint32_t action = w->change->action;
    alees_id judged = *organization;
    struct engine_fields fields;
    const bool *may;
    alees_rc rc = engine_fields_open(w->ctx, w->r, permission, &fields);
    bool is_enough = w->whole == NULL && rc == ALEES_OK && engine_fields_permit(w->r, action, body, fields.everywhere);
    if (rc != ALEES_OK || fields.is_all || is_enough) {
        return rc;
    }
    may = fields.everywhere;
    if (action == ALEES_UPDATE) {
        rc = find_fields(w, &fields, &judged, &may);
    } else if (w->ctx->problem.item_count > 0) {
        return ALEES_OK; /* it does not say which organization, and is refused for that */
    } else if (alees_id_compare(&judged, &none) != 0) {
        rc = engine_fields_in(&fields, &judged, &may);
    }
    w->may = may;
    if (rc != ALEES_OK || engine_fields_permit(w->r, action, body, may)) {
        return rc;
    }
    return engine_fields_refuse(&fields, action, body, may, &judged);
}

/* ---- the operations ---- */

/* A new row is written under its own organization and no other; a new organization is its own, below its parent. */
static alees_rc place_new_row(struct engine_write *w, const alees_id *organization) {
    static const alees_id none;
    struct str ids;
    alees_ctx *ctx = w->ctx;
    alees_rc rc = engine_place_of(ctx, w->r, ctx->where, false, &w->place);
    if (rc != ALEES_OK || w->place.reach == ENGINE_EVERYWHERE || w->r->decl->scope == ALEES_SCOPE_OWN) {
        return rc;
    }
    str_init(&ids, ctx->arena, 80);
    str_putc(&ids, '{');
    if (alees_id_compare(organization, &none) != 0) {
        str_id(&ids, organization);
    }
    if (w->r->decl->scope == ALEES_SCOPE_SELF) {
        str_puts(&ids, ids.len > 1 ? "," : "");
        str_id(&ids, &w->change->id);
    }
    str_putc(&ids, '}');
    w->place.scope.organizations = w->place.ids = str_done(&ids);
    w->place.reach = ENGINE_SEVERAL;
    return w->place.ids.ptr != NULL ? ALEES_OK : engine_value_nomem(&ctx->problem);
}

static alees_rc put_location(const struct engine_write *w) {
    struct str url;
    alees_str text;
    str_init(&url, w->ctx->arena, 128);
    engine_links_path(w->ctx, &url);
    str_putc(&url, '/');
    str_id(&url, &w->change->id);
    text = str_done(&url);
    if (text.ptr == NULL || ctx_set_header(w->ctx, "Location", text) != ALEES_OK) {
        return engine_value_nomem(&w->ctx->problem);
    }
    return ALEES_OK;
}

alees_rc engine_create(alees_ctx *ctx) {
    const struct resource *r = ctx->route->resource;
    struct engine_write w = {.ctx = ctx, .r = r, .status = 201};
    const alees_json *body = NULL;
    alees_id id = sys_new_id(), organization;
    alees_rc rc;
    if (ctx->request.is_unread) {
        return engine_import(ctx);
    }
    if (engine_bulk_is_meant(ctx)) {
        return engine_bulk_create(ctx);
    }
    rc = engine_query_view(ctx);
    rc = rc == ALEES_OK ? engine_view_read(ctx, r, NULL, &w.view) : rc;
    rc = rc == ALEES_OK ? engine_change_body(ctx, &body) : rc;
    rc = rc == ALEES_OK ? engine_place_create(ctx, r, body, &organization) : rc;
    if (rc != ALEES_OK) {
        return rc;
    }
    w.change = engine_change_new(ctx, r, ALEES_CREATE, &id);
    if (w.change == NULL) {
        return ALEES_E_NOMEM;
    }
    w.change->organization = r->decl->scope == ALEES_SCOPE_SELF ? id : organization;
    w.judged = organization;
    rc = check_fields(&w, r->add, body, &organization);
    rc = rc == ALEES_OK ? engine_change_read(w.change, body, &organization) : rc;
    rc = rc == ALEES_OK ? engine_validate(w.change) : rc;
    rc = rc == ALEES_OK ? engine_nested_check(&w.change, 1) : rc;
    w.has_parts = w.change->nested_count > 0;
    rc = rc == ALEES_OK ? place_new_row(&w, &organization) : rc;
    rc = rc == ALEES_OK ? put_location(&w) : rc;
    return rc == ALEES_OK ? carry_out(&w) : rc;
}

/* DELETE ..?permanent=true */
static alees_rc read_permanent(struct engine_write *w) {
    static const char *const names[] = {"permanent"};
    alees_rc rc = engine_query_only(w->ctx, names, ARRAY_LEN(names));
    alees_str text = w->ctx->parameter_count > 0 ? ctx_parameter(w->ctx, "permanent") : (alees_str){NULL, 0};
    w->is_marking = !str_equal(text, "true");
    if (rc == ALEES_OK && text.ptr != NULL && w->is_marking && !str_equal(text, "false")) {
        return problem_set(&w->ctx->problem, PROBLEM_BAD_PARAMETER, "The parameter permanent must be true or false");
    }
    return rc;
}

static alees_rc read_parameters(struct engine_write *w, uint32_t action) {
    if (action != ALEES_DELETE_ROW) {
        return engine_query_view(w->ctx);
    }
    return resource_is_soft(w->r) ? read_permanent(w) : engine_query_none(w->ctx);
}

/* What changing, deleting and restoring have in common: which row, where, which versions. */
static alees_rc start(struct engine_write *w, uint32_t action) {
    alees_ctx *ctx = w->ctx;
    alees_id id;
    alees_rc rc = engine_read_id(ctx, &id);
    rc = rc == ALEES_OK ? read_parameters(w, action) : rc;
    rc = rc == ALEES_OK ? engine_view_read(ctx, w->r, NULL, &w->view) : rc;
    rc = rc == ALEES_OK ? engine_condition_read(ctx, &id, &w->condition) : rc;
    rc = rc == ALEES_OK ? engine_place_seen(ctx, w->r, &w->where) : rc;
    rc = rc == ALEES_OK ? engine_place_of(ctx, w->r, w->where, false, &w->place) : rc;
    if (rc == ALEES_OK) {
        w->change = engine_change_new(ctx, w->r, action, &id);
        rc = w->change != NULL ? ALEES_OK : ALEES_E_NOMEM;
    }
    return rc;
}

/* Nothing to write: the row as it is, for those who may change it. */
static alees_rc reply_unchanged(struct engine_write *w) {
    alees_str organization, version;
    alees_rc rc = engine_read_locate(w->ctx, w->r, &w->place, &w->change->id, &organization, &version);
    if (rc != ALEES_OK) {
        return rc;
    }
    if (version.ptr == NULL || engine_write_permitted(w, organization) != ALEES_OK ||
        !engine_condition_admits(&w->condition, version)) {
        return engine_write_refused(w);
    }
    rc = engine_read_row(w->ctx, &w->r->shapes->all, &w->place, &w->change->id, &w->rows);
    return rc == ALEES_OK ? show(w) : rc;
}

static bool is_custom_sent(const struct resource *r, const alees_json *body) {
    return r->custom != NULL && jx_kind(jx_get(body, r->custom->decl->name)) == ALEES_JSON_OBJECT;
}

alees_rc engine_patch(alees_ctx *ctx) {
    const struct resource *r = ctx->route->resource;
    struct engine_write w = {.ctx = ctx, .r = r, .status = 200};
    static const alees_id none;
    const alees_json *body = NULL;
    alees_rc rc = start(&w, ALEES_UPDATE);
    rc = rc == ALEES_OK ? engine_change_body(ctx, &body) : rc;
    rc = rc == ALEES_OK ? check_fields(&w, r->change, body, &none) : rc;
    if (rc == ALEES_OK && (is_custom_sent(r, body) || engine_relocate_is_asked(r, body))) {
        w.patch = body;
        return carry_out(&w);
    }
    rc = rc == ALEES_OK ? engine_change_read(w.change, body, NULL) : rc;
    if (rc == ALEES_OK && engine_change_is_empty(w.change)) {
        return reply_unchanged(&w);
    }
    w.has_parts = rc == ALEES_OK && w.change->nested_count > 0;
    rc = rc == ALEES_OK && !w.has_parts ? engine_validate(w.change) : rc;
    return rc == ALEES_OK ? carry_out(&w) : rc;
}

alees_rc engine_put(alees_ctx *ctx) {
    struct engine_write w = {.ctx = ctx, .r = ctx->route->resource, .status = 200};
    static const alees_id none;
    alees_rc rc = start(&w, ALEES_UPDATE);
    rc = rc == ALEES_OK ? engine_change_body(ctx, &w.whole) : rc;
    rc = rc == ALEES_OK ? check_fields(&w, w.r->change, w.whole, &none) : rc;
    return rc == ALEES_OK ? carry_out(&w) : rc;
}

alees_rc engine_remove(alees_ctx *ctx) {
    struct engine_write w = {.ctx = ctx, .r = ctx->route->resource};
    alees_rc rc = start(&w, ALEES_DELETE_ROW);
    return rc == ALEES_OK ? carry_out(&w) : rc;
}

alees_rc engine_restore(alees_ctx *ctx) {
    struct engine_write w = {.ctx = ctx, .r = ctx->route->resource, .status = 200, .life = ENGINE_DELETED};
    alees_rc rc = start(&w, ALEES_RESTORE_ROW);
    return rc == ALEES_OK ? carry_out(&w) : rc;
}
