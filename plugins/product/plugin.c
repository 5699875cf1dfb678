/* SPDX-License-Identifier: MIT
 *
 * product - products, their categories, and units of measure.
 *
 * Reads from top to bottom: declarations (the fields in fields.h, statements), code (hooks, an action, demonstration
 * rows), then the descriptor. */
#include <stdlib.h>

#include "alees/abi.h"
#include "alees/db.h"
#include "alees/http.h"
#include "alees/json.h"
#include "alees/organization.h"
#include "alees/rbac.h"
#include "alees/resource.h"
#include "alees/util.h"
#include "fields.h"
#include "product_sql.h"

struct product {
    alees_self *self;
    const struct alees_host *host;
    const struct alees_db_v1 *db;
    const struct alees_http_v1 *http;
    const struct alees_json_v1 *json;
    const struct alees_resource_v1 *resource;
    const struct alees_organization_v1 *organizations; /* NULL: that plugin is not enabled */
};

/* CONVERT: a quotient has as many decimal places as its operands, so the one with fourteen zeros gives it enough. */
enum { UNIT_IS_ACTIVE, CATEGORY_TYPE, PARENT_TYPE, LOCK_TREE, IS_BELOW, CONVERT, DEMO_CATEGORIES, DEMO_PRODUCTS };

/* CATEGORY_TYPE and PARENT_TYPE look in the organization of the row that is written and in no other the caller may have:
 * of a new row it is among the values, of one that is there it is read. */
static const struct alees_statement statements[] = {
    [UNIT_IS_ACTIVE] = {.name = "unit_is_active",
                        .sql = "SELECT is_active FROM product.unit_of_measure WHERE id = $1",
                        .nparams = 1},
    [CATEGORY_TYPE] = {.name = "category_type",
                       .sql = "SELECT c.category_type = 'PRODUCT' FROM product.category c WHERE c.id = $1"
                              " AND c.organization_id = coalesce($2::uuid,"
                              " (SELECT p.organization_id FROM product.product p WHERE p.id = $3))",
                       .nparams = 3},
    [PARENT_TYPE] = {.name = "parent_type",
                     .sql = "SELECT c.category_type = coalesce(own.category_type, $4)"
                            " FROM product.category c LEFT JOIN product.category own ON own.id = $3 WHERE c.id = $1"
                            " AND c.organization_id = coalesce($2::uuid, own.organization_id)",
                     .nparams = 4},
    [LOCK_TREE] = {.name = "lock_tree",
                   .sql = "SELECT pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended("
                          "'product.category ' || organization_id, 0)) FROM product.category WHERE id = $1",
                   .nparams = 1},
    [IS_BELOW] = {.name = "is_below",
                  .sql = "WITH RECURSIVE above AS (SELECT id, parent_id FROM product.category WHERE id = $1"
                         " UNION SELECT c.id, c.parent_id FROM product.category c JOIN above ON c.id = above.parent_id)"
                         " SELECT 1 FROM above WHERE id = $2",
                  .nparams = 2},
    [CONVERT] = {.name = "convert",
                 .sql = "SELECT trim_scale(round($3::numeric * a.factor * 1.00000000000000 / b.factor, 12))"
                        " FROM product.unit_of_measure a"
                        " JOIN product.unit_of_measure b ON b.uom_type = a.uom_type WHERE a.code = $1 AND b.code = $2",
                 .nparams = 3},
    [DEMO_CATEGORIES] = {.name = "demo_categories", .sql = sql_demo_categories, .nparams = 1},
    [DEMO_PRODUCTS] = {.name = "demo_products", .sql = sql_demo_products, .nparams = 1},
};

static const struct alees_migration migrations[] = {
    {.version = 1, .name = "create tables", .sql = sql_0001_tables},
};

/* Rules across fields. A reference to a row that is not there is the host's to refuse. */

/* Refuses a field when the statement finds a row and it says false. */
static alees_rc check(struct product *me, alees_ctx *ctx, alees_change *change, uint32_t statement,
                      const alees_str *params, const char *field, const char *code, const char *detail) {
    alees_rows *rows;
    alees_rc rc = me->db->run(me->self, ctx, &statements[statement], params, statements[statement].nparams, &rows);
    if (rc == ALEES_OK && me->db->count(rows) == 1 && !alees_equal(me->db->text(rows, 0, 0), alees_text("t"))) {
        rc = me->resource->refuse(change, field, code, alees_text(detail));
    }
    return rc;
}

static alees_rc validate_product(void *state, alees_ctx *ctx, alees_change *change) {
    struct product *me = state;
    alees_str unit = me->resource->value(change, "base_uom");
    alees_str category = me->resource->value(change, "category");
    alees_id id = me->resource->id(change);
    char own[37];
    alees_rc rc = ALEES_OK;
    if (unit.ptr) {
        rc = check(me, ctx, change, UNIT_IS_ACTIVE, &unit, "base_uom", "inactive_unit",
                   "Use a unit of measure that is active.");
    }
    if (rc == ALEES_OK && category.ptr) {
        alees_str params[] = {category, me->resource->value(change, "organization"),
                              alees_text(alees_id_format(&id, own))};
        rc = check(me, ctx, change, CATEGORY_TYPE, params, "category", "wrong_category_type",
                   "Use a category whose category_type is PRODUCT.");
    }
    return rc;
}

/* "Paints & chemicals" -> "paints-chemicals": what is not a letter or digit of ASCII becomes one dash. */
static alees_str make_slug(const struct product *me, alees_ctx *ctx, alees_str name) {
    char *slug = me->host->alloc(ctx, name.len + 1);
    alees_str view = {slug, 0};
    for (size_t i = 0; slug && i < name.len; i++) {
        char c = name.ptr[i];
        if (c >= 'A' && c <= 'Z') {
            c = (char)(c - 'A' + 'a');
        }
        if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) {
            slug[view.len++] = c;
        } else if (view.len > 0 && slug[view.len - 1] != '-') {
            slug[view.len++] = '-';
        }
    }
    while (slug && view.len > 0 && slug[view.len - 1] == '-') {
        view.len--;
    }
    return view;
}

static alees_rc validate_category(void *state, alees_ctx *ctx, alees_change *change) {
    struct product *me = state;
    alees_str parent = me->resource->value(change, "parent");
    alees_id id = me->resource->id(change);
    char own[37];
    alees_rc rc = ALEES_OK;
    if (me->resource->action(change) == ALEES_CREATE && !me->resource->value(change, "slug").ptr) {
        alees_str slug = make_slug(me, ctx, me->resource->value(change, "name"));
        rc = slug.ptr ? me->resource->set(change, "slug", slug) : ALEES_E_NOMEM;
    }
    if (rc == ALEES_OK && parent.ptr) {
        alees_str type = me->resource->value(change, "category_type");
        alees_str params[] = {parent, me->resource->value(change, "organization"),
                              alees_text(alees_id_format(&id, own)), type.ptr ? type : alees_text("PRODUCT")};
        rc = check(me, ctx, change, PARENT_TYPE, params, "parent", "wrong_category_type",
                   "Use a parent of the same category_type.");
    }
    return rc;
}

/* No category may come to lie below itself. The lock makes moves in one organization wait for each other, so that two of
 * them cannot build a cycle together; the statement after it sees what the one before has committed. */
static alees_rc keep_tree(void *state, alees_ctx *ctx, alees_change *change) {
    struct product *me = state;
    alees_str parent = me->resource->value(change, "parent");
    alees_id id = me->resource->id(change);
    char own[37];
    alees_rows *rows;
    if (me->resource->action(change) != ALEES_UPDATE || !parent.ptr) {
        return ALEES_OK;
    }
    alees_str params[] = {parent, alees_text(alees_id_format(&id, own))};
    alees_rc rc = me->db->run(me->self, ctx, &statements[LOCK_TREE], &params[1], 1, &rows);
    if (rc == ALEES_OK) {
        rc = me->db->run(me->self, ctx, &statements[IS_BELOW], params, 2, &rows);
    }
    if (rc == ALEES_OK && me->db->count(rows) > 0) {
        rc = me->host->fail(ctx, ALEES_E_CONFLICT, "cycle",
                            alees_text("Choose a parent that is neither this category nor below it."));
    }
    return rc;
}

/* GET /units-of-measure/convert?from=KG&to=LB&value=10 */
static alees_rc convert(void *state, alees_ctx *ctx) {
    static const char *const names[] = {"from", "to", "value", "result"};
    const struct product *me = state;
    alees_str values[4] = {{NULL, 0}};
    alees_rows *rows;
    for (size_t i = 0; i < 3; i++) {
        values[i] = me->http->parameter(ctx, names[i]);
    }
    alees_rc rc = me->db->run(me->self, ctx, &statements[CONVERT], values, 3, &rows);
    if (rc != ALEES_OK) {
        return rc;
    }
    values[3] = me->db->text(rows, 0, 0); /* absent: no row, or a factor that is NULL */
    if (!values[3].ptr) {
        return me->host->fail(
            ctx, ALEES_E_INVALID, "not_convertible",
            alees_text("Use the codes of two units that exist, are of one uom_type and have a factor."));
    }
    alees_json *answer = me->json->object(ctx);
    rc = answer ? ALEES_OK : ALEES_E_NOMEM;
    for (size_t i = 0; i < 4 && rc == ALEES_OK; i++) {
        rc = me->json->put_text(answer, names[i], values[i]);
    }
    return rc == ALEES_OK ? me->http->reply_json(ctx, 200, answer) : rc;
}

/* Demonstration rows. */

static alees_rc demo_organization(void *data, alees_ctx *ctx, const struct alees_organization *organization) {
    struct product *me = data;
    char text[37];
    alees_str id = alees_text(alees_id_format(&organization->id, text));
    alees_rows *rows;
    alees_rc rc = me->db->run(me->self, ctx, &statements[DEMO_CATEGORIES], &id, 1, &rows);
    if (rc == ALEES_OK) {
        rc = me->db->run(me->self, ctx, &statements[DEMO_PRODUCTS], &id, 1, &rows);
    }
    return rc;
}

static alees_rc demo(void *state, alees_ctx *ctx) {
    struct product *me = state;
    return me->organizations ? me->organizations->each(me->organizations, ctx, demo_organization, me) : ALEES_OK;
}

/* Life. */

static alees_rc start(alees_self *self, const struct alees_host *host, alees_ctx *ctx, void **state) {
    struct product *me = calloc(1, sizeof *me);
    (void)ctx;
    if (!me) {
        return ALEES_E_NOMEM;
    }
    me->self = self;
    me->host = host;
    me->db = host->service(self, ALEES_DB_V1);
    me->http = host->service(self, ALEES_HTTP_V1);
    me->json = host->service(self, ALEES_JSON_V1);
    me->resource = host->service(self, ALEES_RESOURCE_V1);
    me->organizations = host->service(self, ALEES_ORGANIZATION_V1);
    *state = me;
    return ALEES_OK;
}

static void stop(void *state) {
    free(state);
}

/* The descriptor: all the host must know, before any code above runs. */

static const struct alees_resource resources[] = {
    {.name = "unit_of_measure",
     .path = "/units-of-measure",
     .table = "product.unit_of_measure",
     .scope = ALEES_SCOPE_GLOBAL,
     .order = "code",
     .description = "Units of measure, shared by all organizations.",
     .fields = ALEES_LIST(unit_fields)},
    {.name = "category",
     .path = "/categories",
     .table = "product.category",
     .scope = ALEES_SCOPE_ORGANIZATION,
     .order = "name",
     .description = "Categories, a tree in each organization.",
     .fields = ALEES_LIST(category_fields),
     .validate = validate_category,
     .before_write = keep_tree},
    {.name = "product",
     .path = "/products",
     .table = "product.product",
     .scope = ALEES_SCOPE_ORGANIZATION,
     .description = "Goods and services that an organization makes, buys or sells.",
     .fields = ALEES_LIST(product_fields),
     .validate = validate_product},
};

static const struct alees_route routes[] = {
    {.method = ALEES_GET,
     .flags = ALEES_ROUTE_READ | ALEES_ROUTE_LOGIN, /* units belong to nobody */
     .path = "/units-of-measure/convert",
     .summary = "Convert an amount",
     .description = "Converts an amount from one unit of measure into another of the same type.",
     .parameters = ALEES_LIST(convert_parameters),
     .response = ALEES_LIST(convert_response),
     .response_example = "{\"from\": \"KG\", \"to\": \"LB\", \"value\": \"10\", \"result\": \"22.046226218488\"}",
     .handle = convert},
};

static const struct alees_need needs[] = {
    {ALEES_DB_V1, ALEES_UPTO(struct alees_db_v1, text), 0},
    {ALEES_HTTP_V1, ALEES_UPTO(struct alees_http_v1, reply_json), 0},
    {ALEES_JSON_V1, ALEES_UPTO(struct alees_json_v1, put_text), 0},
    {ALEES_RESOURCE_V1, ALEES_UPTO(struct alees_resource_v1, refuse), 0},
    {ALEES_RBAC_V1, ALEES_UPTO(struct alees_rbac_v1, state), 0}, /* our tables reference rbac.organization */
    {ALEES_ORGANIZATION_V1, ALEES_UPTO(struct alees_organization_v1, each), ALEES_NEED_OPTIONAL}, /* demo rows only */
};

ALEES_EXPORT const struct alees_plugin alees_plugin_v1 = {
    .magic = ALEES_MAGIC,
    .struct_size = sizeof(struct alees_plugin),
    .abi_minor = ALEES_ABI_MINOR,
    .min_minor = 0,
    .name = "product",
    .version = "0.1.0",
    .summary = "Products, categories and units of measure",
    .needs = ALEES_LIST(needs),
    .resources = ALEES_LIST(resources),
    .routes = ALEES_LIST(routes),
    .statements = ALEES_LIST(statements),
    .migrations = ALEES_LIST(migrations),
    .start = start,
    .stop = stop,
    .demo = demo,
};
