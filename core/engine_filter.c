/* SPDX-License-Identifier: MIT
 * engine_filter.c - a filter's name: which field, member and operator; whether the caller may ask that; and the words for
 * what is not known. A parameter is one condition; filter= is a tree of them (engine_filter_tree.c). */
#include "engine_filter.h"
#include "engine_nested.h"

#include <string.h>

alees_rc engine_filter_bad(const struct engine_filter_reader *reader, const char *fault) {
    struct problem *problem = &reader->ctx->problem;
    if (problem->item_count == 0) {
        problem_add(problem, reader->parameter, "bad_parameter", "%s", fault);
    }
    if (reader->is_nested) {
        return problem_set(problem, PROBLEM_BAD_PARAMETER, "In filter, %s %s",
                           engine_value_quote(reader->ctx->arena, reader->name), fault);
    }
    return problem_set(problem, PROBLEM_BAD_PARAMETER, "The parameter %.*s %s", STR_FMT(reader->parameter), fault);
}

alees_str engine_filter_take_word(alees_str *rest) {
    alees_str word = *rest;
    for (size_t i = 1; i + 1 < rest->len; i++) {
        if (rest->ptr[i] == '_' && rest->ptr[i + 1] == '_') {
            word.len = i;
            *rest = (alees_str){rest->ptr + i + 2, rest->len - i - 2};
            return word;
        }
    }
    *rest = (alees_str){NULL, 0};
    return word;
}

/* ---- words for what is not known ---- */

struct names { /* that could have been meant */
    struct arena *arena;
    const char **list;
    uint32_t count, cap;
};

static void add_name(struct names *names, const char *field, const char *op) {
    alees_str name = *op == '\0' ? alees_text(field) : arena_printf(names->arena, "%s__%s", field, op);
    if (names->count < names->cap && name.ptr != NULL) {
        names->list[names->count++] = name.ptr;
    }
}

/* A field with each of its operators, or without; of parts the fields that they can be chosen by. */
static void add_field(struct names *names, const struct resource_field *f, bool with_operators) {
    if (f->decl->type == ALEES_PARTS) {
        for (uint32_t i = 0; i < f->target->field_count; i++) {
            if (engine_nested_filters(f->target, &f->target->fields[i])) {
                add_name(names, f->decl->name, f->target->fields[i].decl->name);
            }
        }
        return;
    }
    add_name(names, f->decl->name, "");
    for (uint32_t op = ENGINE_EQ + 1; with_operators && op < ENGINE_OPERATORS; op++) {
        if (engine_filter_form(f->decl, false, (enum engine_operator)op)->sql[0] != NULL) {
            add_name(names, f->decl->name, engine_filter_word((enum engine_operator)op));
        }
    }
}

static const char *nearest(const struct engine_filter_reader *reader) {
    struct names names = {.arena = reader->ctx->arena};
    alees_str rest = reader->name;
    bool with_operators;
    (void)engine_filter_take_word(&rest);
    with_operators = rest.ptr != NULL;
    names.cap = (reader->r->field_count + RESOURCE_OF_A_LIST) * (with_operators ? (uint32_t)ENGINE_OPERATORS : 1u);
    for (uint32_t i = 0; i < reader->r->field_count; i++) {
        bool is_parts = reader->r->fields[i].decl->type == ALEES_PARTS;
        names.cap += is_parts ? reader->r->fields[i].target->field_count : 0;
    }
    names.list = ARENA_ARRAY(names.arena, const char *, names.cap);
    if (names.list == NULL) {
        return "";
    }
    for (uint32_t i = 0; i < reader->r->field_count; i++) {
        const struct resource_field *f = &reader->r->fields[i];
        if (engine_filter_is_on(f) && (reader->q->may == NULL || reader->q->may[i])) {
            add_field(&names, f, with_operators);
        }
    }
    for (uint32_t i = 0; i < RESOURCE_OF_A_LIST && !reader->is_nested; i++) {
        if (engine_query_takes(reader->r, resource_reserved[i])) {
            add_name(&names, resource_reserved[i], "");
        }
    }
    return engine_value_nearest(names.arena, reader->name, names.list, names.count);
}

alees_rc engine_filter_unknown(const struct engine_filter_reader *reader, const struct resource_field *f) {
    struct problem *problem = &reader->ctx->problem;
    problem_add(problem, reader->parameter, "unknown_parameter", "%s", "It is not known here.");
    if (f != NULL && (f->decl->flags & ALEES_WRITE_ONLY) == 0) {
        return problem_set(problem, PROBLEM_UNKNOWN_PARAMETER, "The list cannot be filtered by \"%s\".", f->decl->name);
    }
    return problem_set(problem, PROBLEM_UNKNOWN_PARAMETER, "There is no %s %s%s",
                       reader->is_nested ? "field for the parameter filter," : "parameter",
                       engine_value_quote(reader->ctx->arena, reader->name), nearest(reader));
}

/* The field is known, what stands behind it is not: says which operators there are. */
static alees_rc unknown_operator(const struct engine_filter_reader *reader, const struct resource_field *f,
                                 alees_str word) {
    struct problem *problem = &reader->ctx->problem;
    struct names names = {.arena = reader->ctx->arena, .cap = ENGINE_OPERATORS};
    struct str list;
    const char *proposal;
    alees_str shown;
    names.list = ARENA_ARRAY(names.arena, const char *, names.cap);
    str_init(&list, names.arena, 128);
    for (uint32_t op = ENGINE_EQ + 1; names.list != NULL && op < ENGINE_OPERATORS; op++) {
        const char *name = engine_filter_word((enum engine_operator)op);
        if (engine_filter_form(f->decl, false, (enum engine_operator)op)->sql[0] != NULL) {
            str_puts(&list, names.count > 0 ? ", " : "");
            str_puts(&list, name);
            names.list[names.count++] = name;
        }
    }
    shown = str_done(&list);
    proposal = engine_value_nearest(names.arena, word, names.list, names.count);
    problem_add(problem, reader->parameter, "unknown_parameter", "%s", "It is not known here.");
    return problem_set(problem, PROBLEM_UNKNOWN_PARAMETER, "The operators of \"%s\" are %.*s, not %s%s", f->decl->name,
                       STR_FMT(shown), engine_value_quote(names.arena, word), proposal);
}

/* ---- names ---- */

bool engine_filter_is_on(const struct resource_field *f) {
    return (f->decl->flags & ALEES_FILTER) != 0 && (f->decl->flags & ALEES_WRITE_ONLY) == 0;
}

/* "color__in" behind a JSON field: members, and an operator unless the last is none. */
static alees_rc read_path(const struct engine_filter_reader *reader, alees_str rest, struct engine_filter *leaf) {
    alees_str *path = ARENA_ARRAY(reader->ctx->arena, alees_str, ENGINE_MAX_PATH + 1);
    uint32_t count = 0;
    if (path == NULL) {
        return engine_value_nomem(&reader->ctx->problem);
    }
    while (rest.ptr != NULL) {
        alees_str word = engine_filter_take_word(&rest);
        if (rest.ptr == NULL && engine_filter_operator(word, &leaf->op)) {
            break;
        }
        if (word.len == 0 || count == ENGINE_MAX_PATH) {
            return engine_filter_bad(reader,
                                     word.len == 0 ? "has a member without a name" : "goes more than 5 members deep");
        }
        path[count] = arena_str(reader->ctx->arena, word);
        if (path[count++].ptr == NULL) {
            return engine_value_nomem(&reader->ctx->problem);
        }
    }
    leaf->path = path;
    leaf->path_count = count;
    return ALEES_OK;
}

alees_rc engine_filter_read_rest(struct engine_filter_reader *reader, alees_str rest, struct engine_filter *leaf) {
    const struct resource_field *f = leaf->field;
    alees_rc rc = ALEES_OK;
    if (rest.ptr != NULL && f->decl->type == ALEES_JSON) {
        rc = read_path(reader, rest, leaf);
    } else if (rest.ptr != NULL && !engine_filter_operator(rest, &leaf->op)) {
        return unknown_operator(reader, f, rest);
    }
    if (rc == ALEES_OK && engine_filter_form(f->decl, leaf->path_count > 0, leaf->op)->sql[0] == NULL) {
        return unknown_operator(reader, f, alees_text(engine_filter_word(leaf->op)));
    }
    return rc;
}

alees_rc engine_filter_read_name(struct engine_filter_reader *reader, struct engine_filter *leaf) {
    const struct engine_query *q = reader->q;
    alees_str rest = reader->name, word = engine_filter_take_word(&rest);
    const struct resource_field *f = resource_field(reader->r, word);
    alees_rc rc = ALEES_OK;
    if (f == NULL || !engine_filter_is_on(f)) {
        return engine_filter_unknown(reader, f);
    }
    if (q->may != NULL && !q->may[f - reader->r->fields]) {
        rc = engine_query_explain(reader->ctx, reader->r, q, reader->parameter, f);
        return rc == ALEES_OK ? engine_filter_unknown(reader, f) : rc;
    }
    *leaf = (struct engine_filter){.field = f};
    return f->decl->type == ALEES_PARTS ? engine_nested_filter_name(reader, rest, leaf)
                                        : engine_filter_read_rest(reader, rest, leaf);
}

/* ---- parameters ---- */

static int compare(uint64_t a, uint64_t b) {
    return a < b ? -1 : a > b;
}

/* By what the text of the statement depends on. */
static int order_of(const struct engine_filter *a, const struct engine_filter *b) {
    int order = compare(a->join, b->join);
    if (order == 0 && a->join == ENGINE_LEAF) {
        order = a->nested < b->nested ? -1 : a->nested > b->nested;
        order = order != 0 ? order : compare(a->is_presence, b->is_presence);
        order = order != 0 ? order : a->field < b->field ? -1 : a->field > b->field;
        order = order != 0 ? order : compare(a->op, b->op);
        order = order != 0 ? order : compare(a->variant, b->variant);
        order = order != 0 ? order : compare(a->path_count, b->path_count);
    }
    return order;
}

static alees_rc insert(const struct engine_filter_reader *reader, const struct engine_filter *filter) {
    struct engine_query *q = reader->q;
    uint32_t at = q->filter_count++;
    for (; at > 0 && order_of(&q->filters[at - 1], filter) > 0; at--) {
        q->filters[at] = q->filters[at - 1];
    }
    q->filters[at] = *filter;
    q->is_slow = q->is_slow || engine_filter_is_slow(filter);
    return ALEES_OK;
}

alees_rc engine_filter_count(struct engine_filter_reader *reader, const struct engine_filter *leaf) {
    reader->q->filter_values += leaf->path_count + leaf->value_count;
    return reader->q->filter_values <= ENGINE_MAX_FILTER_VALUES
               ? ALEES_OK
               : engine_filter_bad(reader, "is one condition too many; ask for less at once");
}

alees_rc engine_filter_read(alees_ctx *ctx, const struct resource *r, const struct ctx_parameter *p,
                            struct engine_query *q) {
    struct engine_filter_reader reader = {.ctx = ctx, .r = r, .q = q, .parameter = p->name, .name = p->name};
    struct engine_filter filter = {0};
    struct engine_filter_sent sent = {&(alees_str){p->value.ptr, p->value.len}, 1, false};
    enum engine_filter_takes takes;
    alees_rc rc;
    if (str_equal(p->name, "filter")) {
        rc = engine_filter_read_tree(&reader, p->value, &filter);
        return rc == ALEES_OK ? insert(&reader, &filter) : rc;
    }
    rc = engine_filter_read_name(&reader, &filter);
    if (rc != ALEES_OK) {
        return rc;
    }
    ASSERT(filter.field != NULL);
    takes = engine_filter_form(filter.field->decl, filter.path_count > 0, filter.op)->takes;
    if (takes == ENGINE_TAKES_LIST || takes == ENGINE_TAKES_RANGE) {
        rc = engine_filter_split(ctx->arena, p->value, &sent);
        if (rc != ALEES_OK) {
            return rc == ALEES_E_NOMEM ? engine_value_nomem(&ctx->problem)
                                       : engine_filter_bad(&reader, "has a value whose quotes are not closed");
        }
    }
    rc = engine_filter_read_values(&reader, &sent, &filter);
    rc = rc == ALEES_OK ? engine_filter_count(&reader, &filter) : rc;
    return rc == ALEES_OK ? insert(&reader, &filter) : rc;
}
