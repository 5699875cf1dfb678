/* SPDX-License-Identifier: MIT
 * engine_represent.c - computed fields: a resource's hook `represent`, called once for all rows of an answer, and the part
 * of alees.resource/1 that it works with. It sees of a row what the caller may read, so that what it makes of them tells no
 * more; what it may not have been asked for it is not called for. */
#include "engine_nested.h"

#include <string.h>

#define ENGINE_PAGE_MAGIC 0x50414745u

struct alees_page {
    uint32_t magic;
    struct engine_answer *answer;
};

/* Is there a row of which the caller reads one of the computed fields that are shown? */
static bool is_wanted(const struct engine_answer *a) {
    for (uint32_t i = 0; i < a->view->column_count; i++) {
        const struct engine_column *column = &a->view->columns[i];
        for (uint32_t row = 0; column->kind == ENGINE_COMPUTED && row < a->count; row++) {
            if (engine_answer_may(a, row, column->field)) {
                return true;
            }
        }
    }
    return false;
}

/* Its own statements reach what the caller may view, whatever the route is for. */
static alees_rc call(struct engine_answer *a) {
    alees_ctx *ctx = a->ctx;
    const struct resource *r = a->view->r;
    const struct alees_organizations *where = ctx->where, *view = where;
    struct alees_self *plugin = ctx->plugin;
    alees_page page = {ENGINE_PAGE_MAGIC, a};
    alees_rc rc = ALEES_OK;
    if (r->scope_column != NULL && !ctx->is_all) {
        rc = engine_place_holds(ctx, r, r->view, &view);
    }
    if (rc != ALEES_OK) {
        return rc;
    }
    ctx->where = view;
    ctx->plugin = r->plugin;
    rc = r->decl->represent(r->plugin->state, ctx, &page);
    ctx->plugin = plugin;
    ctx->where = where;
    page.magic = 0;
    return rc;
}

alees_rc engine_represent(struct engine_answer *a) {
    alees_ctx *ctx = a->ctx;
    alees_rc rc;
    if (!is_wanted(a)) {
        return ALEES_OK;
    }
    a->computed = ARENA_ARRAY(ctx->arena, alees_str, (size_t)a->count * a->view->r->shapes->computed_count);
    if (a->computed == NULL) {
        return engine_value_nomem(&ctx->problem);
    }
    rc = call(a);
    if (ctx->problem.rc != ALEES_OK) {
        return ctx->problem.rc; /* it failed, whatever it gave back */
    }
    if (rc == ALEES_OK) {
        return arena_is_exhausted(ctx->arena) ? engine_value_nomem(&ctx->problem) : ALEES_OK;
    }
    /* a row that is there cannot be "not found", nor what was asked be at fault */
    rc = rc == ALEES_E_NOMEM || rc == ALEES_E_UNAVAILABLE ? rc : ALEES_E_INTERNAL;
    return problem_set(&ctx->problem, problem_kind_of(rc), "Some fields could not be computed.");
}

/* ---- alees.resource/1 ---- */

static const struct engine_answer *checked(const alees_page *page) {
    ASSERT(page != NULL && page->magic == ENGINE_PAGE_MAGIC);
    return page->answer;
}

static alees_id id_of(const struct engine_answer *a, uint32_t row, const struct resource_field *f) {
    alees_id id = {{0}};
    if (f != NULL && row < a->count) {
        alees_str text = store_rows_text(a->rows, row, a->view->places[f - a->view->r->fields]);
        if (text.ptr == NULL || alees_id_parse(text, &id) != ALEES_OK) {
            return (alees_id){{0}};
        }
    }
    return id;
}

uint32_t engine_page_count(const alees_page *page) {
    return checked(page)->count;
}

alees_id engine_page_id(const alees_page *page, uint32_t row) {
    const struct engine_answer *a = checked(page);
    return id_of(a, row, &a->view->r->fields[ENGINE_ID]);
}

alees_id engine_page_organization(const alees_page *page, uint32_t row) {
    const struct engine_answer *a = checked(page);
    const struct resource *r = a->view->r;
    bool is_self = r->decl->scope == ALEES_SCOPE_SELF;
    return id_of(a, row, is_self ? &r->fields[ENGINE_ID] : resource_field(r, STR_LIT("organization")));
}

alees_str engine_page_value(const alees_page *page, uint32_t row, const char *field) {
    const struct engine_answer *a = checked(page);
    const struct resource *r = a->view->r;
    const struct resource_field *f = resource_field(r, alees_text(field));
    if (f == NULL || row >= a->count || !engine_answer_may(a, row, f) || a->view->places[f - r->fields] == UINT32_MAX) {
        return (alees_str){NULL, 0};
    }
    if (f->decl->type == ALEES_PARTS) {
        return engine_nested_json(a->ctx->arena, r->shapes->nested[f - r->fields],
                                  store_rows_text(a->rows, row, a->view->places[f - r->fields]));
    }
    return store_rows_text(a->rows, row, a->view->places[f - r->fields]);
}

uint32_t engine_page_shows(const alees_page *page, const char *field) {
    const struct engine_view *view = checked(page)->view;
    const struct resource_field *f = resource_field(view->r, alees_text(field));
    for (uint32_t i = 0; f != NULL && i < view->column_count; i++) {
        if (view->columns[i].kind == ENGINE_COMPUTED && view->columns[i].field == f) {
            return 1;
        }
    }
    return 0;
}

uint32_t engine_page_is_written(const alees_page *page) {
    const struct ctx_request *request = &checked(page)->ctx->request;
    return request->method != 0 && request->method != ALEES_GET;
}

/* What PostgreSQL says of booleans and moments, where it differs from what clients say. */
static bool is_from_database(uint32_t type, alees_str value) {
    if (type == ALEES_BOOLEAN) {
        return str_equal(value, "t") || str_equal(value, "f");
    }
    return type == ALEES_TIMESTAMP && value.len > 22 && value.ptr[10] == ' ' &&
           strspn(value.ptr, "0123456789-:.+ ") >= value.len;
}

/* It goes into the answer as it is: is it what was declared? */
static alees_rc check(alees_ctx *ctx, const struct alees_field *decl, alees_str value, alees_str *ret_text) {
    bool is_bounded = decl->min != 0 || decl->max != 0;
    struct problem problem;
    alees_json *json;
    alees_rc rc = ALEES_OK;
    alees_str copy = arena_str(ctx->arena, value);
    if (!str_is_utf8(value)) {
        return ALEES_E_INVALID;
    }
    if (copy.ptr == NULL) {
        return engine_value_nomem(&ctx->problem);
    }
    problem_init(&problem, ctx->arena);
    if (decl->type == ALEES_JSON) { /* any value, lists too: no column holds it */
        rc = jx_parse(ctx->arena, &problem, copy, &json);
    } else if ((decl->type != ALEES_TEXT || is_bounded) && !is_from_database(decl->type, copy)) {
        rc = engine_value_text(ctx->arena, &problem, decl, STR_LIT(""), copy, &copy);
    }
    if (rc == ALEES_E_NOMEM) {
        return engine_value_nomem(&ctx->problem);
    }
    *ret_text = copy;
    return rc == ALEES_OK ? ALEES_OK : ALEES_E_INVALID;
}

alees_rc engine_page_set(alees_page *page, uint32_t row, const char *field, alees_str value) {
    const struct engine_answer *a = checked(page);
    const struct resource *r = a->view->r;
    const struct resource_field *f = resource_field(r, alees_text(field));
    alees_str copy = value;
    if (f == NULL || row >= a->count) {
        return ALEES_E_NOT_FOUND;
    }
    if (!resource_field_is_computed(f)) {
        return ALEES_E_UNSUPPORTED;
    }
    if (value.ptr != NULL) {
        alees_rc rc = check(a->ctx, f->decl, value, &copy);
        if (rc != ALEES_OK) {
            return rc;
        }
    }
    a->computed[(size_t)row * r->shapes->computed_count + r->shapes->slots[f - r->fields]] = copy;
    return ALEES_OK;
}
