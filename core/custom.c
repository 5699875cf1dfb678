/* SPDX-License-Identifier: MIT
 * custom.c - the built-in plugin `custom`: its declaration, what a definition must be, and which of them hold. See
 * custom.h. */
#include "custom.h"

#include <inttypes.h>
#include <string.h>

#include "alees/organization.h"
#include "alees/rbac.h"
#include "alees/util.h"
#include "app.h"
#include "core_sql.h"
#include "custom_errors.h"
#include "engine_filter.h"
#include "plugin_private.h"
#include "svc.h"

static const struct alees_field definition_fields[] = {
    {.name = "resource",
     .type = ALEES_TEXT,
     .flags = ALEES_REQUIRED | ALEES_WRITE_ONCE | ALEES_FILTER,
     .min = 1,
     .max = 127,
     .description = "Of which rows it is a field, by the whole name of their resource, which has custom_fields.",
     .example = "\"product.product\""},
    {.name = "key",
     .type = ALEES_TEXT,
     .flags = ALEES_REQUIRED | ALEES_WRITE_ONCE | ALEES_FILTER | ALEES_SORT,
     .min = 1,
     .max = 63,
     .description =
         "Its name in custom_fields: lower-case letters, digits and single _, a letter first; not the name of an "
         "operator of filters, such as gte. Unique for the "
         "resource within the organization, which may have another one of a key that is there for all.",
     .example = "\"weight\""},
    {.name = "label",
     .type = ALEES_TEXT,
     .flags = ALEES_REQUIRED,
     .min = 1,
     .max = 200,
     .description = "Its name for people.",
     .example = "\"Weight in kg\""},
    {.name = "type",
     .type = ALEES_CHOICE,
     .flags = ALEES_REQUIRED | ALEES_WRITE_ONCE | ALEES_FILTER,
     .choices = "text|integer|decimal|boolean|date|choice|reference",
     .description = "What its values are: a decimal is kept as a text, such as \"12.50\", a reference as an id.",
     .example = "\"text\""},
    {.name = "required",
     .type = ALEES_BOOLEAN,
     .flags = ALEES_FILTER,
     .fallback = "false",
     .description = "Whether each new row must have it, and none may lose it.",
     .example = "false"},
    {.name = "choices",
     .type = ALEES_TAGS,
     .fallback = "[]",
     .max = CUSTOM_MOST,
     .description = "Of a choice: what can be chosen; none of them holds the character |.",
     .example = "[]"},
    {.name = "min",
     .type = ALEES_INTEGER,
     .flags = ALEES_NULLABLE,
     .description = "The least number, or the fewest characters of a text; null: no bound.",
     .example = "null"},
    {.name = "max",
     .type = ALEES_INTEGER,
     .flags = ALEES_NULLABLE,
     .description = "The greatest number, or the most characters of a text; null: no bound, of a text 65535.",
     .example = "null"},
    {.name = "reference",
     .type = ALEES_TEXT,
     .flags = ALEES_NULLABLE | ALEES_WRITE_ONCE,
     .min = 1,
     .max = 127,
     .description = "Of a reference: the whole name of the resource to whose rows it points.",
     .example = "null"},
    {.name = "description",
     .type = ALEES_TEXT,
     .fallback = "\"\"",
     .max = 1000,
     .description = "What it is for.",
     .example = "\"With the packaging.\""},
    {.name = "is_active",
     .type = ALEES_BOOLEAN,
     .flags = ALEES_FILTER,
     .fallback = "true",
     .description = "Whether it holds: values of one that does not stay, and no row gets a new one.",
     .example = "true"},
};

static const struct alees_statement statements[] = {
    [CUSTOM_FIND] =
        {"find",
         "SELECT DISTINCT ON (key) key, type, required, array_to_string(choices, '|'), min, max, reference"
         " FROM custom.custom_field_definition WHERE resource = $1 AND is_active"
         " AND (organization_id = $2::uuid OR organization_id IS NULL) ORDER BY key, organization_id NULLS LAST",
         2, 0},
    [CUSTOM_COUNT] = {"count",
                      "SELECT count(*) FROM custom.custom_field_definition WHERE resource = $1"
                      " AND organization_id IS NOT DISTINCT FROM $2::uuid",
                      2, 0},
    [CUSTOM_DEMO] = {"demo", sql_custom_demo, 2, 0},
};

static const struct alees_migration migrations[] = {
    {1, 0, "create the definitions of custom fields", sql_custom_0001_definition},
};

/* The hooks below run with it as their state; written at boot by one thread, read by any afterwards. */
static struct alees_self *custom_self; /* NULL: not started */

/* --- what a definition must be ---------------------------------------------------------------------------------- */

static alees_rc refuse(alees_change *change, const char *field, const char *code, const char *detail) {
    return svc_resource.refuse(change, field, code, alees_text(detail));
}

/* What the field has when it is written: sent now, or there already. */
static alees_str value_of(const alees_change *change, const char *field) {
    bool is_new = svc_resource.action(change) == ALEES_CREATE || svc_resource.is_sent(change, field);
    return is_new ? svc_resource.value(change, field) : svc_resource.before(change, field);
}

static bool number_of(const alees_change *change, const char *field, int64_t *ret_number) {
    alees_str text = value_of(change, field);
    return text.ptr != NULL && str_parse_i64(text, ret_number);
}

static void check_bounds(alees_change *change, alees_str type) {
    int64_t min = 0, max = 0;
    bool has_min = number_of(change, "min", &min), has_max = number_of(change, "max", &max);
    bool is_text = str_equal(type, "text"), is_number = str_equal(type, "integer") || str_equal(type, "decimal");
    if (!is_text && !is_number) {
        if (has_min || has_max) {
            (void)refuse(change, has_min ? "min" : "max", "not_applicable",
                         "must be null: only a text or a number has bounds");
        }
        return;
    }
    if (is_text && has_min && (min < 0 || min > ENGINE_MAX_TEXT)) {
        (void)refuse(change, "min", "out_of_range", "must be from 0 to 65535 characters");
    } else if (is_text && has_max && (max < 1 || max > ENGINE_MAX_TEXT)) {
        (void)refuse(change, "max", "out_of_range", "must be from 1 to 65535 characters");
    } else if (has_min && has_max && (is_text ? min > max : min >= max)) {
        (void)refuse(change, "max", "out_of_range", is_text ? "must not be less than min" : "must be greater than min");
    }
}

static void check_choices(alees_change *change, alees_str type) {
    alees_str choices = value_of(change, "choices");
    bool is_choice = str_equal(type, "choice"), has_any = choices.len > 2; /* "{}" */
    if (is_choice && !has_any) {
        (void)refuse(change, "choices", "required", "must hold what can be chosen");
    } else if (!is_choice && has_any) {
        (void)refuse(change, "choices", "not_applicable", "must be empty: the type is not choice");
    } else if (has_any && memchr(choices.ptr, '|', choices.len) != NULL) {
        (void)refuse(change, "choices", "invalid_format", "must not hold the character |");
    }
}

/* The rows that can have custom fields, or (is_target) that can be pointed at. */
static bool is_possible(const struct resource *r, bool is_target) {
    return is_target ? r->owner == NULL : r->custom != NULL;
}

static void check_resource(alees_change *change, const char *field, bool is_target) {
    alees_ctx *ctx = change->ctx;
    const struct catalogue *c = &ctx->app->catalogue;
    alees_str name = svc_resource.value(change, field);
    const char **names = ARENA_ARRAY(ctx->arena, const char *, c->resource_count + 1);
    uint32_t count = 0;
    for (uint32_t i = 0; names != NULL && i < c->resource_count; i++) {
        if (is_possible(c->resources[i], is_target)) {
            if (str_equal(name, c->resources[i]->full_name)) {
                return;
            }
            names[count++] = c->resources[i]->full_name;
        }
    }
    alees_str detail = arena_printf(ctx->arena, "is no resource %s%s", is_target ? "to point at" : "with custom fields",
                                    names != NULL ? engine_value_nearest(ctx->arena, name, names, count) : "");
    (void)refuse(change, field, "not_a_choice", detail.ptr != NULL ? detail.ptr : "is no such resource");
}

static bool is_key(alees_str key) {
    for (size_t i = 0; i < key.len; i++) {
        char c = key.ptr[i];
        bool is_letter = c >= 'a' && c <= 'z', is_other = (c >= '0' && c <= '9') || c == '_';
        if (!is_letter && (i == 0 || !is_other)) {
            return false;
        }
    }
    return key.len > 0;
}

/* In ?custom_fields__KEY__gte= two _ part the names, and what is behind the last of them may be an operator. */
static void check_key(alees_change *change) {
    alees_str key = svc_resource.value(change, "key");
    enum engine_operator op;
    if (!is_key(key)) {
        (void)refuse(change, "key", "invalid_format", "must be lower-case letters, digits and _, a letter first");
    } else if (key.ptr[key.len - 1] == '_' || strstr(key.ptr, "__") != NULL) {
        (void)refuse(
            change, "key", "invalid_format",
            "must not have two _ side by side, nor one at its end: the filter custom_fields__KEY__gte could not "
            "name it");
    } else if (engine_filter_operator(key, &op)) {
        alees_str detail =
            arena_printf(change->ctx->arena,
                         "must not be %s: that is an operator of filters, and ?custom_fields__%s= would not "
                         "be about the key; choose another one, such as %s_value",
                         key.ptr, key.ptr, key.ptr);
        (void)refuse(change, "key", "reserved", detail.ptr != NULL ? detail.ptr : "must not be an operator of filters");
    }
}

/* Rows of users, and of nobody, are of no organization: what is for all holds for them. */
static void check_organization(alees_change *change) {
    static const alees_id none;
    alees_id organization = svc_resource.organization(change);
    alees_str name = svc_resource.value(change, "resource");
    const struct resource *r = name.ptr != NULL ? catalogue_resource(&change->ctx->app->catalogue, name.ptr) : NULL;
    bool is_of_one = r != NULL && (r->decl->scope == ALEES_SCOPE_ORGANIZATION || r->decl->scope == ALEES_SCOPE_SELF);
    if (r != NULL && r->custom != NULL && !is_of_one && alees_id_compare(&organization, &none) != 0) {
        (void)refuse(change, "organization", "not_applicable",
                     "must be null: rows of this resource belong to no single organization");
    }
}

static void check_shape(alees_change *change) {
    alees_str type = value_of(change, "type");
    check_choices(change, type);
    check_bounds(change, type);
}

static alees_rc check_new(void *state, alees_ctx *ctx, alees_change *change) {
    bool is_reference = str_equal(svc_resource.value(change, "type"), "reference");
    (void)state;
    if (svc_resource.action(change) != ALEES_CREATE) {
        return ALEES_OK;
    }
    check_resource(change, "resource", false);
    check_organization(change);
    check_key(change);
    if (svc_resource.value(change, "reference").ptr == NULL) {
        if (is_reference) {
            (void)refuse(change, "reference", "required", "is required: the type is reference");
        }
    } else if (is_reference) {
        check_resource(change, "reference", true);
    } else {
        (void)refuse(change, "reference", "not_applicable", "must be null: the type is not reference");
    }
    check_shape(change);
    return ctx->problem.item_count > 0 ? ALEES_E_INVALID : ALEES_OK;
}

static alees_str id_text(struct arena *arena, const alees_id *id) {
    static const alees_id none;
    char text[37];
    if (alees_id_compare(id, &none) == 0) {
        return (alees_str){NULL, 0};
    }
    return arena_str(arena, (alees_str){alees_id_format(id, text), 36});
}

/* Those of one organization, or those for all. */
static struct store_scope scope_of(struct arena *arena, alees_str organization) {
    struct store_scope scope = {.plugin = custom_self, .organizations = STR_LIT("{}")};
    if (organization.ptr != NULL) {
        scope.organizations = arena_printf(arena, "{%.*s}", STR_FMT(organization));
    }
    return scope;
}

/* Each write of the resource reads all of them. */
static alees_rc check_count(alees_ctx *ctx, alees_change *change) {
    alees_id organization = svc_resource.organization(change);
    alees_str id = id_text(ctx->arena, &organization);
    const alees_str params[] = {svc_resource.value(change, "resource"), id};
    const struct store_call call = {custom_self->prepared[CUSTOM_COUNT], params};
    struct store_scope scope = scope_of(ctx->arena, id);
    alees_rows *rows = NULL;
    int64_t count = 0;
    if (scope.organizations.ptr == NULL || arena_is_exhausted(ctx->arena)) {
        return engine_value_nomem(&ctx->problem);
    }
    alees_rc rc = store_run(ctx, &scope, &call, 1, &rows, NULL);
    if (rc != ALEES_OK || !str_parse_i64(store_rows_text(rows, 0, 0), &count)) {
        return rc != ALEES_OK ? rc : ALEES_E_INTERNAL;
    }
    return count < CUSTOM_MOST ? ALEES_OK
                               : refuse(change, "resource", "too_many",
                                        "has 200 custom fields already; delete one that is not needed any more");
}

static alees_rc before_write(void *state, alees_ctx *ctx, alees_change *change) {
    (void)state;
    if (svc_resource.action(change) == ALEES_CREATE) {
        return check_count(ctx, change);
    }
    if (svc_resource.action(change) == ALEES_UPDATE) {
        check_shape(change);
    }
    return ctx->problem.item_count > 0 ? ALEES_E_INVALID : ALEES_OK;
}

static alees_rc after_write(void *state, alees_ctx *ctx, alees_change *change) {
    (void)state;
    (void)change;
    custom_forget(ctx);
    return ALEES_OK;
}

/* --- those that hold -------------------------------------------------------------------------------------------- */

static uint32_t type_of(alees_str name) {
    static const struct {
        const char *name;
        uint32_t type;
    } types[] = {{"integer", ALEES_INTEGER}, {"decimal", ALEES_DECIMAL}, {"boolean", ALEES_BOOLEAN},
                 {"date", ALEES_DATE},       {"choice", ALEES_CHOICE},   {"reference", ALEES_REFERENCE}};
    for (size_t i = 0; i < ARRAY_LEN(types); i++) {
        if (str_equal(name, types[i].name)) {
            return types[i].type;
        }
    }
    return ALEES_TEXT;
}

/* A number without one of its bounds has the type's. */
static void put_bounds(struct alees_field *f, alees_str min, alees_str max) {
    bool is_text = f->type == ALEES_TEXT;
    if (min.ptr == NULL && max.ptr == NULL) {
        return;
    }
    f->min = is_text ? 0 : INT64_MIN;
    f->max = is_text ? ENGINE_MAX_TEXT : INT64_MAX;
    (void)(min.ptr != NULL && str_parse_i64(min, &f->min));
    (void)(max.ptr != NULL && str_parse_i64(max, &f->max));
}

static void put_definition(alees_ctx *ctx, const alees_rows *rows, uint32_t row, struct custom_definition *d) {
    alees_str choices = store_rows_text(rows, row, 3), reference = store_rows_text(rows, row, 6);
    d->decl = (struct alees_field){
        .name = store_rows_text(rows, row, 0).ptr,
        .type = type_of(store_rows_text(rows, row, 1)),
        .flags = str_equal(store_rows_text(rows, row, 2), "t") ? ALEES_REQUIRED : ALEES_NULLABLE,
        .choices = choices.ptr,
        .reference = reference.ptr,
    };
    put_bounds(&d->decl, store_rows_text(rows, row, 4), store_rows_text(rows, row, 5));
    d->decl.flags |= reference.ptr != NULL ? ALEES_WEAK : 0u;
    d->field = (struct resource_field){
        .decl = &d->decl,
        .target = reference.ptr != NULL ? catalogue_resource(&ctx->app->catalogue, reference.ptr) : NULL,
        .is_custom = true,
    };
}

static alees_rc make(alees_ctx *ctx, const struct resource *r, const alees_id *organization, const alees_rows *rows,
                     const struct custom_definitions **ret_definitions) {
    uint32_t count = rows != NULL ? store_rows_count(rows) : 0;
    struct custom_definitions *all = ARENA_NEW(ctx->arena, struct custom_definitions);
    struct custom_definition *items = ARENA_ARRAY(ctx->arena, struct custom_definition, count + 1);
    const char **keys = ARENA_ARRAY(ctx->arena, const char *, count + 1);
    if (all == NULL || items == NULL || keys == NULL) {
        return engine_value_nomem(&ctx->problem);
    }
    for (uint32_t i = 0; i < count; i++) {
        put_definition(ctx, rows, i, &items[i]);
        keys[i] = items[i].decl.name;
    }
    *all = (struct custom_definitions){r, *organization, items, count, keys, ctx->custom};
    ctx->custom = all;
    *ret_definitions = all;
    return ALEES_OK;
}

alees_rc custom_read(alees_ctx *ctx, const struct resource *r, const alees_id *organization,
                     const struct custom_definitions **ret_definitions) {
    alees_str id = id_text(ctx->arena, organization);
    const alees_str params[] = {alees_text(r->full_name), id};
    struct store_scope scope = scope_of(ctx->arena, id);
    alees_rows *rows = NULL;
    alees_rc rc = ALEES_OK;
    for (const struct custom_definitions *d = ctx->custom; d != NULL; d = d->next) {
        if (d->resource == r && alees_id_compare(&d->organization, organization) == 0) {
            *ret_definitions = d;
            return ALEES_OK;
        }
    }
    if (scope.organizations.ptr == NULL || arena_is_exhausted(ctx->arena)) {
        return engine_value_nomem(&ctx->problem);
    }
    if (custom_self != NULL) {
        const struct store_call call = {custom_self->prepared[CUSTOM_FIND], params};
        rc = store_run(ctx, &scope, &call, 1, &rows, NULL);
    }
    return rc == ALEES_OK ? make(ctx, r, organization, rows, ret_definitions) : rc;
}

void custom_forget(alees_ctx *ctx) {
    ctx->custom = NULL;
}

const struct custom_definition *custom_find(const struct custom_definitions *definitions, alees_str key) {
    for (uint32_t i = 0; i < definitions->count; i++) {
        if (str_equal(key, definitions->keys[i])) {
            return &definitions->items[i];
        }
    }
    return NULL;
}

/* --- the plugin ------------------------------------------------------------------------------------------------- */

static const struct alees_resource resources[] = {
    {.name = "custom_field_definition",
     .path = "/custom-field-definitions",
     .table = "custom.custom_field_definition",
     .scope = ALEES_SCOPE_ORGANIZATION,
     .flags = ALEES_RESOURCE_OPTIONAL | ALEES_RESOURCE_SHARED,
     .order = "key",
     .description = "Fields that an organization gives its rows, and those that superusers give the rows of all.",
     .fields = ALEES_LIST(definition_fields),
     .validate = check_new,
     .before_write = before_write,
     .after_write = after_write},
};

static alees_rc start(alees_self *self, const struct alees_host *host, alees_ctx *ctx, void **state) {
    (void)host;
    (void)ctx;
    custom_self = self;
    *state = self;
    return ALEES_OK;
}

static void stop(void *state) {
    (void)state;
    custom_self = NULL;
}

static const struct alees_need needs[] = {
    {ALEES_RBAC_V1, ALEES_UPTO(struct alees_rbac_v1, state), ALEES_NEED_OPTIONAL}, /* our table refers to its own */
    {ALEES_ORGANIZATION_V1, ALEES_UPTO(struct alees_organization_v1, each), ALEES_NEED_OPTIONAL}, /* demo rows only */
};

const struct alees_plugin custom_plugin = {
    .magic = ALEES_MAGIC,
    .struct_size = sizeof(struct alees_plugin),
    .abi_minor = ALEES_ABI_MINOR,
    .name = "custom",
    .version = ALEES_VERSION,
    .summary = "Definitions of custom fields",
    .needs = ALEES_LIST(needs),
    .resources = ALEES_LIST(resources),
    .statements = ALEES_LIST(statements),
    .migrations = ALEES_LIST(migrations),
    .start = start,
    .stop = stop,
    .demo = custom_demo,
    .errors = ALEES_LIST(custom_errors),
};
