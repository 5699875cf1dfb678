/* SPDX-License-Identifier: MIT
 * sample.c - a resource with a field of every type. */
#include "test.h"

#include "sample.h"

#include <stdio.h>

static const struct alees_field standard[] = {
    {.name = "id", .column = "id", .type = ALEES_UUID, .flags = ALEES_READ_ONLY | ALEES_FILTER | ALEES_SORT},
    {.name = "organization", .column = "organization_id", .type = ALEES_UUID, .flags = ALEES_WRITE_ONCE | ALEES_FILTER},
    {.name = "created_at", .type = ALEES_TIMESTAMP, .flags = ALEES_READ_ONLY | ALEES_FILTER | ALEES_SORT},
    {.name = "updated_at", .type = ALEES_TIMESTAMP, .flags = ALEES_READ_ONLY | ALEES_FILTER | ALEES_SORT},
    {.name = "created_by", .type = ALEES_UUID, .flags = ALEES_READ_ONLY | ALEES_NULLABLE | ALEES_FILTER},
    {.name = "updated_by", .type = ALEES_UUID, .flags = ALEES_READ_ONLY | ALEES_NULLABLE | ALEES_FILTER},
};

static const struct alees_field declared[] = {
    {.name = "name", .type = ALEES_TEXT, .flags = ALEES_REQUIRED | ALEES_FILTER | ALEES_SORT, .min = 1, .max = 10},
    {.name = "size", .type = ALEES_INTEGER, .flags = ALEES_FILTER | ALEES_SORT, .min = 1, .max = 100, .fallback = "7"},
    {.name = "price", .type = ALEES_DECIMAL, .flags = ALEES_FILTER | ALEES_SORT, .min = -5, .max = 1000},
    {.name = "sold", .type = ALEES_BOOLEAN, .flags = ALEES_FILTER},
    {.name = "since", .type = ALEES_DATE, .flags = ALEES_FILTER | ALEES_NULLABLE},
    {.name = "at", .type = ALEES_TIMESTAMP, .flags = ALEES_FILTER | ALEES_SORT},
    {.name = "key", .type = ALEES_UUID, .flags = ALEES_FILTER | ALEES_NULLABLE},
    {.name = "status",
     .type = ALEES_CHOICE,
     .flags = ALEES_FILTER,
     .choices = "draft|active|archived",
     .fallback = "\"draft\""},
    {.name = "category",
     .column = "category_id",
     .type = ALEES_REFERENCE,
     .flags = ALEES_FILTER | ALEES_NULLABLE,
     .reference = "sample.category"},
    {.name = "attributes", .type = ALEES_JSON, .flags = ALEES_FILTER},
    {.name = "tags", .type = ALEES_TAGS, .flags = ALEES_FILTER},
    {.name = "secret", .type = ALEES_TEXT, .flags = ALEES_WRITE_ONLY},
    {.name = "slug", .type = ALEES_TEXT, .flags = ALEES_READ_ONLY},
    {.name = "code", .type = ALEES_TEXT, .flags = ALEES_WRITE_ONCE | ALEES_UNIQUE, .max = 20},
};

/* Of no resource. */
static const struct alees_field loose[] = {
    {.name = "parts", .type = ALEES_REFERENCES, .reference = "sample.part", .max = 2},
    {.name = "words", .type = ALEES_TAGS, .min = 1, .max = 60},
};

struct engine_fields sample_every_field = {.is_all = true};

const struct alees_field *sample_field(const char *name) {
    for (size_t i = 0; i < ARRAY_LEN(declared); i++) {
        if (strcmp(declared[i].name, name) == 0) {
            return &declared[i];
        }
    }
    for (size_t i = 0; i < ARRAY_LEN(loose); i++) {
        if (strcmp(loose[i].name, name) == 0) {
            return &loose[i];
        }
    }
    fail_msg("the sample has no field %s", name);
    return NULL;
}

static void add(struct resource *r, const struct alees_field *decl, bool is_standard) {
    struct resource_field *f = &r->fields[r->field_count++];
    f->decl = decl;
    f->column = decl->column ? decl->column : decl->name;
    f->is_standard = is_standard;
    f->target = decl->type == ALEES_REFERENCE ? r : NULL;
}

struct resource *sample_resource(struct arena *arena, uint32_t scope) {
    struct resource *r = ARENA_NEW(arena, struct resource);
    struct alees_resource *decl = ARENA_NEW(arena, struct alees_resource);
    struct alees_self *plugin = ARENA_NEW(arena, struct alees_self);
    assert_true(r && decl && plugin);
    *decl = (struct alees_resource){
        .name = "item", .path = "/items", .table = "sample.item", .scope = scope, .order = "name"};
    *r = (struct resource){.plugin = plugin,
                           .decl = decl,
                           .full_name = "sample.item",
                           .view_name = "sample.view_item",
                           .add_name = "sample.add_item",
                           .change_name = "sample.change_item",
                           .remove_name = "sample.delete_item"};
    switch (scope) {
    case ALEES_SCOPE_ORGANIZATION: r->scope_column = "organization_id"; break;
    case ALEES_SCOPE_SELF: r->scope_column = "id"; break;
    case ALEES_SCOPE_OWN: r->scope_column = "user_id"; break;
    case ALEES_SCOPE_SEVERAL: r->scope_column = "scope_ids"; break;
    default: break;
    }
    r->fields = ARENA_ARRAY(arena, struct resource_field, ARRAY_LEN(standard) + ARRAY_LEN(declared));
    assert_non_null(r->fields);
    for (size_t i = 0; i < ARRAY_LEN(standard); i++) {
        if (scope == ALEES_SCOPE_ORGANIZATION || strcmp(standard[i].name, "organization") != 0) {
            add(r, &standard[i], true);
        }
    }
    for (size_t i = 0; i < ARRAY_LEN(declared); i++) {
        add(r, &declared[i], false);
    }
    assert_ok(engine_shapes_new(arena, r, stderr, &r->shapes));
    return r;
}

static alees_str take(struct arena *arena, const char **at, const char *ends) {
    size_t len = strcspn(*at, ends);
    alees_str text = arena_str(arena, (alees_str){*at, len});
    *at += len;
    return text;
}

alees_ctx *sample_ctx(struct arena *arena, struct resource *r, const char *query) {
    static struct app app = {.page_size = 50, .max_page_size = 200};
    alees_ctx *ctx = ctx_new(&app, arena);
    struct route *route = ARENA_NEW(arena, struct route);
    struct alees_principal *who = ARENA_NEW(arena, struct alees_principal);
    assert_true(ctx && route && who);
    *route = (struct route){.method = ALEES_GET, .operation = ROUTE_LIST, .path = "/api/v1/items", .resource = r};
    memset(who->id.bytes, 0x11, sizeof who->id.bytes);
    ctx->route = route;
    ctx->who = who;
    ctx->parameters = ARENA_ARRAY(arena, struct ctx_parameter, 120);
    assert_non_null(ctx->parameters);
    while (*query != '\0') {
        struct ctx_parameter *p = &ctx->parameters[ctx->parameter_count++];
        p->name = take(arena, &query, "=&");
        query += *query == '=';
        p->value = take(arena, &query, "&");
        query += *query == '&';
    }
    return ctx;
}

alees_json *sample_json(struct arena *arena, const char *text) {
    struct problem problem;
    alees_json *value = NULL;
    problem_init(&problem, arena);
    assert_ok(jx_parse(arena, &problem, test_view(text), &value));
    return value;
}
