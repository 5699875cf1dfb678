/* SPDX-License-Identifier: MIT
 * engine_error.c - what PostgreSQL refused, in the words of the resource: which field, and what to do. Names of
 * constraints and columns are looked up here and go no further. */
#include "engine_parts.h"

#include <string.h>

alees_rc engine_error_not_found(alees_ctx *ctx) {
    return problem_set(&ctx->problem, PROBLEM_NOT_FOUND, "There is no such row, or you may not see it.");
}

static bool is_same(const char *a, const char *b) {
    return a != NULL && b != NULL && strcmp(a, b) == 0;
}

static bool is_state(const struct store_error *e, const char *sqlstate) {
    return strcmp(e->sqlstate, sqlstate) == 0;
}

static alees_str pointer_to(alees_ctx *ctx, const struct resource_field *f) {
    return engine_value_pointer(ctx->arena, alees_text(f->decl->name));
}

static const struct resource_field *by_column(const struct resource *r, const char *column) {
    for (uint32_t i = 0; i < r->field_count; i++) {
        if (is_same(r->fields[i].column, column)) {
            return &r->fields[i];
        }
    }
    return NULL;
}

/* with: " with the same resource", or nothing. */
static alees_rc taken(alees_ctx *ctx, const struct resource *r, const struct resource_field *f, const char *where,
                      alees_str with) {
    problem_add(&ctx->problem, pointer_to(ctx, f), "not_unique", "is taken by another %s%s%.*s", r->decl->name, where,
                STR_FMT(with));
    return problem_set(&ctx->problem, PROBLEM_NOT_UNIQUE,
                       "Another %s%s%.*s has this %s already; choose a different one.", r->decl->name, where,
                       STR_FMT(with), f->decl->name);
}

/* A key of several columns is about the last of its fields, among rows that are the same in the others. */
static alees_rc not_unique_among(alees_ctx *ctx, const struct resource *r, const char *columns) {
    const struct resource_field *last = NULL;
    const char *where = "", *joint = " with the same ";
    struct str with;
    str_init(&with, ctx->arena, 128);
    for (const char *p = columns; *p != '\0'; p += strcspn(p, ","), p += *p == ',') {
        alees_str column = arena_str(ctx->arena, (alees_str){p, strcspn(p, ",")});
        const struct resource_field *f = column.ptr != NULL ? by_column(r, column.ptr) : NULL;
        if (is_same(column.ptr, r->scope_column) && r->decl->scope == ALEES_SCOPE_ORGANIZATION) {
            where = " of the organization";
        } else if (f != NULL) {
            if (last != NULL) {
                str_printf(&with, "%s%s", joint, last->decl->name);
                joint = " and ";
            }
            last = f;
        }
    }
    return last != NULL ? taken(ctx, r, last, where, str_done(&with)) : ALEES_OK;
}

static alees_rc not_unique(alees_ctx *ctx, const struct engine_refused *what, const struct store_error *e) {
    const struct resource *r = what->r;
    const char *where = r->decl->scope == ALEES_SCOPE_ORGANIZATION ? " of the organization" : "";
    alees_rc rc = ALEES_OK;
    for (uint32_t i = 0; i < r->field_count; i++) {
        if (is_same(r->fields[i].unique_constraint, e->constraint)) {
            return taken(ctx, r, &r->fields[i], where, STR_LIT(""));
        }
    }
    for (uint32_t i = 0; i < r->key_count && rc == ALEES_OK; i++) {
        rc = is_same(r->keys[i].constraint, e->constraint) ? not_unique_among(ctx, r, r->keys[i].columns) : ALEES_OK;
    }
    return rc != ALEES_OK
               ? rc
               : problem_set(&ctx->problem, PROBLEM_NOT_UNIQUE,
                             "Another %s%s has the same values; choose different ones.", r->decl->name, where);
}

static alees_rc invalid_reference(alees_ctx *ctx, const struct engine_refused *what, const struct store_error *e) {
    const struct resource *r = what->r;
    for (uint32_t i = 0; i < r->field_count; i++) {
        const struct resource_field *f = &r->fields[i];
        if (is_same(f->foreign_constraint, e->constraint)) {
            problem_add(&ctx->problem, pointer_to(ctx, f), "invalid_reference",
                        "does not name a row that can be used here");
            return problem_set(&ctx->problem, PROBLEM_INVALID,
                               "Correct the fields that errors names, then send it again.");
        }
    }
    return problem_set(&ctx->problem, PROBLEM_INVALID, "A reference does not name a row that can be used here.");
}

/* A row that comes back may find that what it refers to has been deleted meanwhile. */
static alees_rc deleted_reference(alees_ctx *ctx, const struct engine_refused *what, const struct store_error *e) {
    const struct resource *r = what->r;
    for (uint32_t i = 0; i < r->field_count; i++) {
        const struct resource_field *f = &r->fields[i];
        if (is_same(f->foreign_constraint, e->constraint)) {
            problem_add(&ctx->problem, pointer_to(ctx, f), "invalid_reference", "names a row that is deleted");
        }
    }
    return problem_set(&ctx->problem, PROBLEM_CONFLICT,
                       "The %s refers to a row that is deleted; restore that one first.", r->decl->name);
}

static alees_rc protected_row(alees_ctx *ctx, const struct engine_refused *what, const struct store_error *e) {
    if (what->id != NULL) {
        engine_protect_tell(ctx, what, e, STR_LIT(""));
    }
    return problem_set(&ctx->problem, PROBLEM_PROTECTED,
                       "Other rows refer to this %s; delete them or let them refer to another one first.",
                       what->r->decl->name);
}

static alees_rc broken_rule(alees_ctx *ctx, const struct engine_refused *what, const struct store_error *e) {
    const struct resource *r = what->r;
    const struct resource_field *f = e->column != NULL ? by_column(r, e->column) : NULL;
    if (f != NULL) {
        problem_add(&ctx->problem, pointer_to(ctx, f), is_state(e, "23502") ? "required" : "invalid",
                    is_state(e, "23502") ? "must not be empty" : "is not possible here");
        return problem_set(&ctx->problem, PROBLEM_INVALID, "Correct the fields that errors names, then send it again.");
    }
    return problem_set(&ctx->problem, PROBLEM_INVALID,
                       is_state(e, "23514") ? "The values break a rule of %s."
                                            : "A value does not fit into its field of %s.",
                       r->decl->name);
}

/* What the client has not said cannot be seen in what it sent: of a PUT, the default of a field that was left out. */
static bool is_left_out(const alees_ctx *ctx, const struct resource *r, const struct resource_field *f) {
    return f != NULL && f->decl->fallback != NULL && ctx->route != NULL && ctx->route->operation == ROUTE_PUT &&
           ctx->route->resource == r && jx_kind(jx_get(ctx->json, f->decl->name)) == ALEES_JSON_ABSENT;
}

/* A trigger of the plugin: RAISE EXCEPTION '<what to do>' USING ERRCODE = 'AL003', CONSTRAINT = '<code>', COLUMN = .. */
static alees_rc refused_by_trigger(alees_ctx *ctx, const struct engine_refused *what, const struct store_error *e) {
    const struct resource_field *f = e->column != NULL ? by_column(what->r, e->column) : NULL;
    const char *code = e->constraint != NULL ? e->constraint : "conflict";
    alees_str detail = alees_text(e->message);
    if (e->message == NULL) {
        return problem_set(&ctx->problem, PROBLEM_CONFLICT, "A rule of %s does not allow this.", what->r->decl->name);
    }
    if (is_left_out(ctx, what->r, f)) {
        detail = arena_printf(ctx->arena, "%s PUT without %s means %s: send %s.", e->message, f->decl->name,
                              f->decl->fallback, f->decl->name);
    }
    problem_add(&ctx->problem, f != NULL ? pointer_to(ctx, f) : STR_LIT(""), code, "%.*s", STR_FMT(detail));
    return ctx_fail(ctx, what->r->plugin, ALEES_E_CONFLICT, code, detail);
}

/* A row that moves has been found right in what it says of its own table: what is broken is said of it there. */
static bool is_of_others(const struct engine_refused *what, const struct store_error *e) {
    for (uint32_t i = 0; what->is_moving && i < what->r->field_count; i++) {
        const struct resource_field *f = &what->r->fields[i];
        if (f->target == what->r && is_same(f->foreign_constraint, e->constraint)) {
            return true;
        }
    }
    return false;
}

/* PostgreSQL says the same of both ends of a reference: it names the table that has the key. */
static alees_rc broken_reference(alees_ctx *ctx, const struct engine_refused *what, const struct store_error *e) {
    const char *dot = strchr(what->r->decl->table, '.');
    bool is_own =
        (e->table == NULL || is_same(dot != NULL ? dot + 1 : what->r->decl->table, e->table)) && !is_of_others(what, e);
    return (is_own ? invalid_reference : protected_row)(ctx, what, e);
}

typedef alees_rc (*explain)(alees_ctx *ctx, const struct engine_refused *what, const struct store_error *e);

static explain explanation(uint32_t action, const struct store_error *e) {
    static const struct {
        const char *sqlstate;
        explain of_write, of_delete;
    } table[] = {
        {"23505", not_unique, not_unique},          /* unique_violation */
        {"23P01", not_unique, not_unique},          /* exclusion_violation */
        {"23503", broken_reference, protected_row}, /* foreign_key_violation */
        {"23001", protected_row, protected_row},    /* restrict_violation */
        {"23514", broken_rule, broken_rule},        /* check_violation */
        {"23502", broken_rule, broken_rule},        /* not_null_violation */
        {"AL003", refused_by_trigger, refused_by_trigger},
        {"22001", broken_rule, NULL}, /* string_data_right_truncation */
        {"22003", broken_rule, NULL}, /* numeric_value_out_of_range */
        {"22007", broken_rule, NULL}, /* invalid_datetime_format */
        {"22008", broken_rule, NULL}, /* datetime_field_overflow */
        {"22P02", broken_rule, NULL}, /* invalid_text_representation */
        {"22P05", broken_rule, NULL}, /* untranslatable_character */
    };
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        if (is_state(e, table[i].sqlstate)) {
            if (action == ALEES_RESTORE_ROW && table[i].of_write == broken_reference) {
                return deleted_reference;
            }
            return action == ALEES_DELETE_ROW ? table[i].of_delete : table[i].of_write;
        }
    }
    return NULL;
}

alees_rc engine_error_map(alees_ctx *ctx, const struct engine_refused *what, const struct store_error *error,
                          alees_rc rc) {
    explain say = error != NULL ? explanation(what->action, error) : NULL;
    alees_str at;
    uint64_t row;
    if (say == NULL) {
        return rc; /* the store has said all there is to say */
    }
    at = ctx->problem.at;
    row = ctx->problem.row;
    problem_init(&ctx->problem, ctx->arena); /* ours is more exact */
    ctx->problem.at = at;
    ctx->problem.row = row;
    return say(ctx, what, error);
}
