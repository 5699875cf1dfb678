/* SPDX-License-Identifier: MIT
 * engine_query.c - the query of a list: parameters -> filters, ordering, page; and the statement for that shape.
 *
 * The text of the statement depends on which filters and keys there are, never on their values, and filters stand in the
 * order of the fields: the same question is the same prepared statement however it was phrased. */
#include "engine_filter.h"

#include <string.h>

static bool is_id(const struct resource_field *f) {
    return f->is_standard && strcmp(f->decl->name, "id") == 0;
}

bool engine_query_sorts(const struct resource_field *f) {
    return is_id(f) || ((f->decl->flags & ALEES_SORT) != 0 && (f->decl->flags & ALEES_WRITE_ONLY) == 0);
}

static bool may_use(const struct resource *r, const bool *may, const struct resource_field *f) {
    return may == NULL || may[f - r->fields];
}

static bool takes_organization(const struct resource *r) {
    return r->decl->scope == ALEES_SCOPE_ORGANIZATION && r->owner == NULL;
}

bool engine_query_takes(const struct resource *r, const char *parameter) {
    if (strcmp(parameter, "search") == 0) {
        return engine_search_may(r, NULL);
    }
    if (strcmp(parameter, "deleted") == 0) {
        return resource_is_soft(r);
    }
    return (strcmp(parameter, "organization") != 0 && strcmp(parameter, "below") != 0) || takes_organization(r);
}

/* Names of the fields that can be sorted by, for a message. */
static const char *nearest_key(struct arena *arena, const struct resource *r, const bool *may, alees_str word) {
    const char **names = ARENA_ARRAY(arena, const char *, r->field_count);
    uint32_t count = 0;
    if (names == NULL) {
        return "";
    }
    for (uint32_t i = 0; i < r->field_count; i++) {
        if (engine_query_sorts(&r->fields[i]) && may_use(r, may, &r->fields[i])) {
            names[count++] = r->fields[i].decl->name;
        }
    }
    return engine_value_nearest(arena, word, names, count);
}

/* One key of an ordering: "-created_at". NULL, or what is wrong with it. */
static const char *read_key(struct arena *arena, const struct resource *r, const bool *may, alees_str word,
                            struct engine_key *keys, uint32_t count) {
    bool descending = word.len > 0 && word.ptr[0] == '-';
    alees_str name = descending ? (alees_str){word.ptr + 1, word.len - 1} : word;
    const struct resource_field *f = resource_field(r, name);
    alees_str fault;
    if (f == NULL || !engine_query_sorts(f) || !may_use(r, may, f)) {
        fault =
            arena_printf(arena, "cannot use %s%s", engine_value_quote(arena, name), nearest_key(arena, r, may, name));
        return fault.ptr != NULL ? fault.ptr : "cannot be read";
    }
    if (count == ENGINE_MAX_KEYS - 1 && !is_id(f)) {
        return "has too many keys; send at most 4";
    }
    for (uint32_t i = 0; i < count; i++) {
        if (keys[i].field == f) {
            fault = arena_printf(arena, "names \"%s\" twice", f->decl->name);
            return fault.ptr != NULL ? fault.ptr : "names a field twice";
        }
    }
    keys[count] = (struct engine_key){f, descending};
    return NULL;
}

bool engine_query_order(struct arena *arena, const struct resource *r, const bool *may, alees_str text,
                        struct engine_key *keys, uint32_t *ret_count, const char **ret_fault) {
    uint32_t count = 0;
    size_t at = 0;
    while (text.ptr != NULL && at <= text.len && (count == 0 || !is_id(keys[count - 1].field))) {
        const char *comma = at < text.len ? memchr(text.ptr + at, ',', text.len - at) : NULL;
        size_t end = comma != NULL ? (size_t)(comma - text.ptr) : text.len;
        const char *fault = read_key(arena, r, may, (alees_str){text.ptr + at, end - at}, keys, count);
        if (fault != NULL) {
            *ret_fault = fault;
            return false;
        }
        count++;
        at = end + 1;
    }
    if (text.ptr != NULL && at <= text.len) {
        *ret_fault = "has a key behind \"id\", which already decides";
        return false;
    }
    if (count == 0 || !is_id(keys[count - 1].field)) { /* the same way as the last, so that rows compare as a whole */
        keys[count] = (struct engine_key){resource_field(r, STR_LIT("id")), count > 0 && keys[count - 1].descending};
        count++;
    }
    *ret_count = count;
    return true;
}

static alees_rc bad(alees_ctx *ctx, alees_str name, const char *fault) {
    problem_add(&ctx->problem, name, "bad_parameter", "%s", fault);
    return problem_set(&ctx->problem, PROBLEM_BAD_PARAMETER, "The parameter %.*s %s", STR_FMT(name), fault);
}

alees_rc engine_query_size(alees_ctx *ctx, const struct ctx_parameter *p, struct engine_query *q) {
    int64_t size;
    alees_str fault;
    if (str_parse_i64(p->value, &size) && size >= 1 && size <= (int64_t)ctx->app->max_page_size) {
        q->page_size = (uint32_t)size;
        q->has_own_size = q->page_size != ctx->app->page_size && q->page_size != ctx->app->max_page_size;
        return ALEES_OK;
    }
    fault = arena_printf(ctx->arena, "must be a whole number from 1 to %u", (unsigned)ctx->app->max_page_size);
    return bad(ctx, p->name, fault.ptr != NULL ? fault.ptr : "is too large");
}

alees_rc engine_query_explain(alees_ctx *ctx, const struct resource *r, const struct engine_query *q,
                              alees_str parameter, const struct resource_field *f) {
    bool is_partly = false;
    alees_str fault;
    alees_rc rc = q->has_organization ? ALEES_OK : engine_fields_somewhere(q->fields, f, &is_partly);
    if (rc != ALEES_OK || !is_partly) {
        return rc;
    }
    fault = arena_printf(ctx->arena, "needs \"%s\", which you may not read in every organization of this list%s",
                         f->decl->name, takes_organization(r) ? "; narrow it with ?organization=" : "");
    return bad(ctx, parameter, fault.ptr != NULL ? fault.ptr : "needs a field that you may not read everywhere");
}

/* The first of the keys that could be used but for the caller's rights; NULL: that is not what is wrong. */
static const struct resource_field *unreadable_key(alees_ctx *ctx, const struct resource *r, const bool *may,
                                                   alees_str text) {
    struct engine_key keys[ENGINE_MAX_KEYS];
    const char *fault = NULL;
    uint32_t count;
    if (may == NULL || !engine_query_order(ctx->arena, r, NULL, text, keys, &count, &fault)) {
        return NULL;
    }
    for (uint32_t i = 0; i < count; i++) {
        if (!may_use(r, may, keys[i].field)) {
            return keys[i].field;
        }
    }
    return NULL;
}

static alees_rc read_ordering(alees_ctx *ctx, const struct resource *r, const struct ctx_parameter *p,
                              struct engine_query *q) {
    const struct resource_field *f;
    const char *fault = NULL;
    alees_rc rc = ALEES_OK;
    if (engine_query_order(ctx->arena, r, q->may, p->value, q->keys, &q->key_count, &fault)) {
        return ALEES_OK;
    }
    f = unreadable_key(ctx, r, q->may, p->value);
    if (f != NULL) {
        rc = engine_query_explain(ctx, r, q, p->name, f);
    }
    return rc == ALEES_OK ? bad(ctx, p->name, fault) : rc;
}

/* Where the caller may read none of the fields that are searched, there is no such parameter. */
static alees_rc read_search(alees_ctx *ctx, const struct resource *r, const struct ctx_parameter *p,
                            struct engine_query *q) {
    alees_rc rc = ALEES_OK;
    if (engine_search_may(r, q->may)) {
        return engine_search_read(ctx, p, q);
    }
    for (uint32_t i = 0; i < r->field_count && rc == ALEES_OK; i++) {
        if (resource_is_searched(r, NULL, i)) {
            rc = engine_query_explain(ctx, r, q, p->name, &r->fields[i]);
        }
    }
    if (rc == ALEES_OK) {
        problem_add(&ctx->problem, p->name, "unknown_parameter", "%s", "It is not known here.");
        rc = problem_set(&ctx->problem, PROBLEM_UNKNOWN_PARAMETER, "There is no parameter \"search\"");
    }
    return rc;
}

static alees_rc read_parameter(alees_ctx *ctx, const struct resource *r, const struct ctx_parameter *p,
                               struct engine_query *q) {
    bool is_known;
    alees_rc rc = engine_count_read(ctx, p, q, &is_known);
    if (rc != ALEES_OK || is_known) {
        return rc;
    }
    if (str_equal(p->name, "page_size")) {
        return engine_query_size(ctx, p, q);
    }
    if (str_equal(p->name, "ordering")) {
        return read_ordering(ctx, r, p, q);
    }
    if (str_equal(p->name, "fields") || str_equal(p->name, "expand")) {
        return ALEES_OK; /* engine_view.c */
    }
    if (str_equal(p->name, "deleted") && resource_is_soft(r)) {
        return ALEES_OK; /* engine_deleted.c */
    }
    if (str_equal(p->name, "cursor")) {
        q->has_cursor = true;
        q->cursor = p->value;
        return ALEES_OK;
    }
    if (str_equal(p->name, "organization") && takes_organization(r)) {
        return q->has_organization || q->is_below ? ALEES_OK : bad(ctx, p->name, "must be the id of an organization");
    }
    if (str_equal(p->name, "below") && takes_organization(r)) {
        return engine_narrow_read(ctx, p, q);
    }
    if (str_equal(p->name, "search") && engine_search_may(r, NULL)) {
        return read_search(ctx, r, p, q);
    }
    return engine_filter_read(ctx, r, p, q);
}

static bool is_repeated(const alees_ctx *ctx, uint32_t at) {
    alees_str name = ctx->parameters[at].name;
    for (uint32_t i = 0; i < at; i++) {
        if (alees_equal(ctx->parameters[i].name, name)) {
            return true;
        }
    }
    return false;
}

uint32_t engine_query_page_size(const struct app *app) {
    return app->page_size < app->max_page_size ? app->page_size : app->max_page_size;
}

/* Which organization the list is of comes first: it decides which fields can be used. */
static alees_rc read_rights(alees_ctx *ctx, const struct resource *r, struct engine_query *q) {
    if (takes_organization(r)) {
        alees_str text = ctx_parameter(ctx, "organization");
        bool is_named = text.ptr != NULL && alees_id_parse(text, &q->organization) == ALEES_OK;
        q->is_below = is_named && str_equal(ctx_parameter(ctx, "below"), "true");
        q->has_organization = is_named && !q->is_below;
    }
    return engine_fields_usable(q->fields, q->has_organization ? &q->organization : NULL, &q->may);
}

/* The declared ordering, or by id if that needs a field that the caller may not read. */
static void take_default_order(const struct resource *r, struct engine_query *q) {
    memcpy(q->keys, r->shapes->order, sizeof q->keys);
    q->key_count = r->shapes->order_count;
    for (uint32_t i = 0; i < q->key_count; i++) {
        if (!may_use(r, q->may, q->keys[i].field)) {
            q->keys[0] = (struct engine_key){resource_field(r, STR_LIT("id")), false};
            q->key_count = 1;
        }
    }
}

alees_rc engine_query_read(alees_ctx *ctx, const struct resource *r, struct engine_fields *fields,
                           struct engine_query *ret_query) {
    struct engine_query *q = ret_query;
    alees_rc rc;
    memset(q, 0, sizeof *q);
    q->fields = fields;
    q->filters = ARENA_ARRAY(ctx->arena, struct engine_filter, ctx->parameter_count);
    if (q->filters == NULL) {
        return engine_value_nomem(&ctx->problem);
    }
    q->page_size = engine_query_page_size(ctx->app);
    rc = read_rights(ctx, r, q);
    if (rc == ALEES_OK) {
        take_default_order(r, q);
    }
    for (uint32_t i = 0; i < ctx->parameter_count && rc == ALEES_OK; i++) {
        const struct ctx_parameter *p = &ctx->parameters[i];
        rc = is_repeated(ctx, i) ? bad(ctx, p->name, "must not be given twice") : read_parameter(ctx, r, p, q);
    }
    return rc == ALEES_OK ? engine_count_settle(ctx, q) : rc;
}

alees_rc engine_query_cursor(alees_ctx *ctx, const uint8_t *secret, struct engine_query *q) {
    alees_str head;
    alees_rc rc;
    if (!q->has_cursor) {
        return ALEES_OK;
    }
    head = engine_cursor_head(ctx, q);
    if (head.ptr == NULL) {
        return engine_value_nomem(&ctx->problem);
    }
    rc = engine_cursor_read(ctx->arena, secret, head, q->cursor, q->values, q->key_count, &q->is_backward);
    if (rc == ALEES_E_MALFORMED) {
        return problem_set(&ctx->problem, PROBLEM_INVALID_CURSOR,
                           "Take the cursor from \"next\" or \"previous\" of the same list and the same user, and "
                           "change nothing else of the query but page_size; or start again without it.");
    }
    return rc == ALEES_OK ? rc : engine_value_nomem(&ctx->problem);
}

alees_rc engine_query_only(alees_ctx *ctx, const char *const *names, uint32_t count) {
    for (uint32_t i = 0; i < ctx->parameter_count; i++) {
        alees_str name = ctx->parameters[i].name;
        bool is_known = false;
        for (uint32_t j = 0; j < count; j++) {
            is_known = is_known || str_equal(name, names[j]);
        }
        if (!is_known) {
            return problem_set(&ctx->problem, PROBLEM_UNKNOWN_PARAMETER, "There is no parameter %s%s",
                               engine_value_quote(ctx->arena, name),
                               engine_value_nearest(ctx->arena, name, names, count));
        }
        if (is_repeated(ctx, i)) {
            return bad(ctx, name, "must not be given twice");
        }
    }
    return ALEES_OK;
}

alees_rc engine_query_view(alees_ctx *ctx) {
    static const char *const names[] = {"fields", "expand"};
    return engine_query_only(ctx, names, ARRAY_LEN(names));
}

alees_rc engine_query_deleted(alees_ctx *ctx) {
    static const char *const names[] = {"fields", "expand", "deleted"};
    return engine_query_only(ctx, names, ARRAY_LEN(names));
}

alees_rc engine_query_none(alees_ctx *ctx) {
    if (ctx->parameter_count == 0) {
        return ALEES_OK;
    }
    return problem_set(&ctx->problem, PROBLEM_UNKNOWN_PARAMETER, "There is no parameter %s: this route has none.",
                       engine_value_quote(ctx->arena, ctx->parameters[0].name));
}
