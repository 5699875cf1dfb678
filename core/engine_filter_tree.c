/* SPDX-License-Identifier: MIT
 * engine_filter_tree.c - filter={"or":[{"name__icontains":"bolt"},{"price__gte":3}]}: the members of an object must all
 * be met. Each leaf is read and permitted as the parameter of that name would be, its value JSON or the same text. */
#include "engine_filter.h"

struct level { /* one object */
    struct engine_filter_reader *reader;
    struct engine_filter *parts;
    uint32_t count, depth;
    alees_rc rc;
};

static alees_rc bad(struct engine_filter_reader *reader, const char *fault) {
    reader->is_nested = false; /* it is about the parameter as a whole */
    return engine_filter_bad(reader, fault);
}

static bool may_be_boolean(const struct engine_filter *leaf, enum engine_filter_takes takes) {
    return takes == ENGINE_TAKES_TRUTH || leaf->path_count > 0 || leaf->field->decl->type == ALEES_BOOLEAN;
}

static bool may_be_number(const struct engine_filter *leaf, enum engine_filter_takes takes) {
    uint32_t type = leaf->field->decl->type;
    return takes != ENGINE_TAKES_TRUTH && takes != ENGINE_TAKES_PATTERN &&
           (leaf->path_count > 0 || type == ALEES_INTEGER || type == ALEES_DECIMAL);
}

/* One JSON value as the text that a parameter would have. */
static alees_rc read_text(struct engine_filter_reader *reader, const struct engine_filter *leaf,
                          enum engine_filter_takes takes, const alees_json *value, alees_str *ret_text) {
    static const struct alees_field number = {.name = "number", .type = ALEES_DECIMAL};
    alees_ctx *ctx = reader->ctx;
    uint32_t kind = jx_kind(value);
    struct str object;
    if (kind == ALEES_JSON_STRING && takes != ENGINE_TAKES_OBJECT) {
        *ret_text = jx_text(value);
        return ALEES_OK;
    }
    if (kind == ALEES_JSON_BOOLEAN && may_be_boolean(leaf, takes)) {
        *ret_text = jx_is_true(value) ? STR_LIT("true") : STR_LIT("false");
        return ALEES_OK;
    }
    if ((kind == ALEES_JSON_INTEGER || kind == ALEES_JSON_REAL) && may_be_number(leaf, takes)) {
        return engine_value_from_json(ctx, &number, reader->parameter, value, ret_text);
    }
    if (kind == ALEES_JSON_OBJECT && takes == ENGINE_TAKES_OBJECT) {
        str_init(&object, ctx->arena, 64);
        jx_write(value, &object);
        *ret_text = str_done(&object);
        return ret_text->ptr != NULL ? ALEES_OK : engine_value_nomem(&ctx->problem);
    }
    return engine_filter_bad(reader, takes == ENGINE_TAKES_OBJECT  ? "must be an object"
                                     : takes == ENGINE_TAKES_TRUTH ? "must be true or false"
                                                                   : "has a value that is not of its type");
}

/* A list for operators that take one. */
static alees_rc read_texts(struct engine_filter_reader *reader, const struct engine_filter *leaf,
                           const alees_json *value, struct engine_filter_sent *ret_sent) {
    enum engine_filter_takes takes = engine_filter_form(leaf->field->decl, leaf->path_count > 0, leaf->op)->takes;
    bool is_list = takes == ENGINE_TAKES_LIST || takes == ENGINE_TAKES_RANGE;
    uint32_t count = is_list ? jx_size(value) : 1;
    alees_rc rc = ALEES_OK;
    *ret_sent = (struct engine_filter_sent){.is_null = jx_kind(value) == ALEES_JSON_NULL};
    if (ret_sent->is_null) {
        return ALEES_OK;
    }
    if (is_list && (jx_kind(value) != ALEES_JSON_ARRAY || count > ENGINE_MAX_IN)) {
        return engine_filter_bad(reader, "must be a list of at most 100 values");
    }
    ret_sent->texts = ARENA_ARRAY(reader->ctx->arena, alees_str, count);
    if (ret_sent->texts == NULL) {
        return engine_value_nomem(&reader->ctx->problem);
    }
    for (; ret_sent->count < count && rc == ALEES_OK; ret_sent->count++) {
        rc = read_text(reader, leaf, takes, is_list ? jx_at(value, ret_sent->count) : value,
                       &ret_sent->texts[ret_sent->count]);
    }
    return rc;
}

static alees_rc read_leaf(struct engine_filter_reader *reader, alees_str name, const alees_json *value,
                          struct engine_filter *leaf) {
    struct engine_filter_sent sent;
    alees_rc rc;
    if (++reader->leaves > ENGINE_MAX_LEAVES) {
        return bad(reader, "must hold at most 50 conditions");
    }
    reader->name = name;
    reader->is_nested = true;
    rc = engine_filter_read_name(reader, leaf);
    rc = rc == ALEES_OK ? read_texts(reader, leaf, value, &sent) : rc;
    rc = rc == ALEES_OK ? engine_filter_read_values(reader, &sent, leaf) : rc;
    return rc == ALEES_OK ? engine_filter_count(reader, leaf) : rc;
}

static alees_rc read_object(struct engine_filter_reader *reader, const alees_json *object, uint32_t depth,
                            struct engine_filter *ret_group);

/* "or": [..], "and": [..] */
static alees_rc read_array(struct engine_filter_reader *reader, const alees_json *array, uint32_t depth,
                           struct engine_filter *group) {
    uint32_t count = jx_size(array);
    struct engine_filter *parts;
    alees_rc rc = ALEES_OK;
    if (jx_kind(array) != ALEES_JSON_ARRAY || count == 0 || count > ENGINE_MAX_LEAVES) {
        return bad(reader, "must have a list of 1 to 50 objects in \"and\" and in \"or\"");
    }
    parts = ARENA_ARRAY(reader->ctx->arena, struct engine_filter, count);
    if (parts == NULL) {
        return engine_value_nomem(&reader->ctx->problem);
    }
    for (uint32_t i = 0; i < count && rc == ALEES_OK; i++) {
        rc = read_object(reader, jx_at(array, i), depth + 1, &parts[i]);
    }
    group->parts = parts;
    group->part_count = count;
    return rc;
}

static bool read_member(void *data, alees_str key, const alees_json *value) {
    struct level *level = data;
    struct engine_filter *part = &level->parts[level->count++];
    if (str_equal(key, "and") || str_equal(key, "or")) {
        part->join = str_equal(key, "or") ? ENGINE_OR : ENGINE_AND;
        level->rc = read_array(level->reader, value, level->depth, part);
    } else if (str_equal(key, "not")) {
        level->rc = read_object(level->reader, value, level->depth + 1, part);
        part->join = ENGINE_NOT;
    } else {
        level->rc = read_leaf(level->reader, key, value, part);
    }
    return level->rc == ALEES_OK;
}

static alees_rc read_object(struct engine_filter_reader *reader, const alees_json *object, uint32_t depth,
                            struct engine_filter *ret_group) {
    struct level level = {.reader = reader, .depth = depth};
    uint32_t count = jx_size(object);
    if (depth > ENGINE_MAX_DEPTH) {
        return bad(reader, "must be at most 5 objects deep");
    }
    if (jx_kind(object) != ALEES_JSON_OBJECT || count == 0 || count > ENGINE_MAX_LEAVES) {
        return bad(reader, "must consist of objects, each with 1 to 50 members"); /* an empty one would be all rows */
    }
    level.parts = ARENA_ARRAY(reader->ctx->arena, struct engine_filter, count);
    if (level.parts == NULL) {
        return engine_value_nomem(&reader->ctx->problem);
    }
    jx_each(object, read_member, &level);
    *ret_group = (struct engine_filter){.join = ENGINE_AND, .parts = level.parts, .part_count = level.count};
    return level.rc;
}

alees_rc engine_filter_read_tree(struct engine_filter_reader *reader, alees_str text, struct engine_filter *ret_group) {
    alees_ctx *ctx = reader->ctx;
    struct problem problem;
    alees_json *value = NULL;
    alees_rc rc;
    problem_init(&problem, ctx->arena);
    rc = jx_parse(ctx->arena, &problem, text, &value);
    if (rc == ALEES_E_NOMEM) {
        return engine_value_nomem(&ctx->problem);
    }
    return rc == ALEES_OK ? read_object(reader, value, 1, ret_group) : bad(reader, "must be a JSON object");
}
