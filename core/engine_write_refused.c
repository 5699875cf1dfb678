/* SPDX-License-Identifier: MIT
 * engine_write_refused.c - a write that changed nothing: why? The row is looked for, as far as the caller sees it. */
#include "engine_write.h"

/* The row is seen. Is its change refused for want of a permission? */
alees_rc engine_write_permitted(const struct engine_write *w, alees_str scope) {
    alees_id id;
    if (w->r->scope_column == NULL || engine_place_meets(w->ctx, w->where, scope)) {
        return ALEES_OK;
    }
    return engine_place_deny(w->ctx, w->ctx->route->permission_name,
                             alees_id_parse(scope, &id) == ALEES_OK ? &id : NULL);
}

static alees_rc not_as_meant(const struct engine_write *w, alees_str version) {
    if (!engine_condition_admits(&w->condition, version)) {
        return problem_set(
            &w->ctx->problem, PROBLEM_PRECONDITION_FAILED,
            "The row is not as your If-Match or If-None-Match says; read it again and send its new ETag.");
    }
    return problem_set(&w->ctx->problem, PROBLEM_CONFLICT, "The row has just changed; read it and try again.");
}

/* A deleted row, which the caller may know of; ALEES_OK: it is none. */
static alees_rc refused_deleted(const struct engine_write *w) {
    struct engine_place place = w->place;
    alees_str scope, version;
    alees_rc rc;
    place.life = ENGINE_DELETED;
    rc = engine_read_locate(w->ctx, w->r, &place, &w->change->id, &scope, &version);
    return rc != ALEES_OK || version.ptr == NULL ? rc : not_as_meant(w, version);
}

/* A write that changed nothing: is the row unseen, or seen but not permitted, or not the version that was meant? */
alees_rc engine_write_refused(struct engine_write *w) {
    const struct alees_organizations *view = NULL;
    alees_ctx *ctx = w->ctx;
    struct engine_place place;
    alees_str scope, version;
    alees_rc rc = w->life == ENGINE_DELETED ? refused_deleted(w) : ALEES_OK;
    if (rc == ALEES_OK && w->r->scope_column != NULL && !ctx->is_all) {
        rc = engine_place_holds(ctx, w->r, w->r->view, &view);
    }
    rc = rc == ALEES_OK ? engine_place_of(ctx, w->r, view, true, &place) : rc;
    rc = rc == ALEES_OK ? engine_read_locate(ctx, w->r, &place, &w->change->id, &scope, &version) : rc;
    if (rc != ALEES_OK) {
        return rc;
    }
    if (version.ptr == NULL) {
        return engine_error_not_found(ctx);
    }
    rc = engine_write_permitted(w, scope);
    if (rc == ALEES_OK && w->change->action == ALEES_RESTORE_ROW) {
        return problem_set(&ctx->problem, PROBLEM_CONFLICT, "The %s is not deleted.", w->r->decl->name);
    }
    return rc == ALEES_OK ? not_as_meant(w, version) : rc;
}
