/* SPDX-License-Identifier: MIT
 *
 * product - products, their categories, and units of measure.
 *
 * Reads from top to bottom: declarations (the fields in fields.h, statements), code (hooks, an action, demonstration
 * rows), then the descriptor. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alees/abi.h"
#include "alees/db.h"
#include "alees/http.h"
#include "alees/json.h"
#include "alees/organization.h"
#include "alees/rbac.h"
#include "alees/resource.h"
#include "alees/util.h"
#include "errors.h"
#include "fields.h"
#include "product_sql.h"

struct product {
    alees_self *self;
    const struct alees_host *host;
    const struct alees_db_v1 *db;
    const struct alees_http_v1 *http;
    const struct alees_json_v1 *json;
    const struct alees_resource_v1 *resource;
    const struct alees_rbac_v1 *rbac;
    const struct alees_organization_v1 *organizations; /* NULL: that plugin is not enabled */
};

enum { MOST_LEVELS = 50, MOST_COUNTED = 1000 };

/* CONVERT: a quotient has as many decimal places as its operands, so the one with fourteen zeros gives it enough. */
enum { FACTOR, FAULTS, LOCK_TREE, PLACE, IN_USE, CONVERT, DEMO_CATEGORIES, DEMO_PRODUCTS };

static const struct alees_statement statements[] = {
    [FACTOR] = {.name = "factor", .sql = "SELECT $1::numeric BETWEEN 1e-15 AND 1e15", .nparams = 1},
    /* $1 units, $2 categories, $3 organizations, $4 products: a category is looked for in the organization of the row that is
     * written and in no other the caller may have; of a row that is there it is read. */
    [FAULTS] = {.name = "faults",
                .sql = "SELECT r.n, u.is_active, c.category_type = 'PRODUCT'"
                       " FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[]) WITH ORDINALITY"
                       " AS r (unit, category, organization, product, n)"
                       " LEFT JOIN product.unit_of_measure u ON u.id = r.unit"
                       " LEFT JOIN product.category c ON c.id = r.category AND c.organization_id ="
                       " coalesce(r.organization, (SELECT p.organization_id FROM product.product p"
                       " WHERE p.id = r.product)) WHERE NOT u.is_active OR c.category_type <> 'PRODUCT'",
                .nparams = 4},
    [LOCK_TREE] = {.name = "lock_tree",
                   .sql = "SELECT pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended("
                          "'product.category ' || $1, 0))",
                   .nparams = 1},
    /* The category $1 of the organization $2 below $3: type of that; is it below $1 itself; levels that there would be. What
     * walks ends: by the second level that is wrong. */
    [PLACE] = {.name = "place",
               .sql = "WITH RECURSIVE above (id, parent_id, level) AS ("
                      "SELECT id, parent_id, 1 FROM product.category WHERE organization_id = $2::uuid AND id = $3::uuid"
                      " UNION ALL SELECT c.id, c.parent_id, a.level + 1 FROM above a JOIN product.category c"
                      " ON c.organization_id = $2::uuid AND c.id = a.parent_id WHERE a.level < 100),"
                      " below (id, level) AS ("
                      "SELECT id, 1 FROM product.category WHERE organization_id = $2::uuid AND parent_id = $1::uuid"
                      " UNION ALL SELECT c.id, b.level + 1 FROM below b JOIN product.category c"
                      " ON c.organization_id = $2::uuid AND c.parent_id = b.id WHERE b.level < 100)"
                      " SELECT (SELECT category_type FROM product.category WHERE organization_id = $2::uuid"
                      " AND id = $3::uuid), EXISTS (SELECT FROM above WHERE id = $1::uuid),"
                      " (SELECT coalesce(max(level), 0) FROM above) + 1 + (SELECT coalesce(max(level), 0) FROM below)",
               .nparams = 3},
    /* Rows that have the type of the category $1 of the organization $2: as check_unused names them. */
    [IN_USE] = {.name = "in_use",
                .sql = "SELECT (SELECT count(*) FROM (SELECT FROM product.category WHERE organization_id = $2::uuid"
                       " AND parent_id = $1::uuid LIMIT 1001) s), (SELECT count(*) FROM (SELECT FROM product.product"
                       " WHERE organization_id = $2::uuid AND category_id = $1::uuid AND deleted_at IS NULL"
                       " LIMIT 1001) s), (SELECT count(*) FROM (SELECT FROM product.product WHERE organization_id ="
                       " $2::uuid AND category_id = $1::uuid AND deleted_at IS NOT NULL LIMIT 1001) s)",
                .nparams = 2},
    [CONVERT] = {.name = "convert",
                 .sql = "SELECT trim_scale(round($3::numeric * a.factor * 1.00000000000000 / b.factor, 12))"
                        " FROM product.unit_of_measure a"
                        " JOIN product.unit_of_measure b ON b.uom_type = a.uom_type WHERE a.code = $1 AND b.code = $2",
                 .nparams = 3},
    [DEMO_CATEGORIES] = {.name = "demo_categories", .sql = sql_demo_categories, .nparams = 2},
    [DEMO_PRODUCTS] = {.name = "demo_products", .sql = sql_demo_products, .nparams = 2},
};

static const struct alees_migration migrations[] = {
    {.version = 1, .name = "create tables", .sql = sql_0001_tables},
    {.version = 2, .name = "types in keys, one step of a life at a time", .sql = sql_0002_rules},
    {.version = 3, .name = "a deleted product can be brought back", .sql = sql_0003_deleted},
};

/* Rules across fields. A reference to a row that is not there is the host's to refuse; the steps of a product's life are in
 * 0002_rules.sql. */

static alees_rc validate_unit(void *state, alees_ctx *ctx, alees_change *change) {
    struct product *me = state;
    alees_str factor = me->resource->value(change, "factor");
    alees_rows *rows;
    if (!factor.ptr) {
        return ALEES_OK;
    }
    alees_rc rc = me->db->run(me->self, ctx, &statements[FACTOR], &factor, 1, &rows);
    if (rc == ALEES_OK && !alees_equal(me->db->text(rows, 0, 0), alees_text("t"))) {
        rc = me->resource->refuse(change, "factor", "out_of_range",
                                  alees_text("Use a factor from 1e-15 to 1e15, or null for what cannot be converted."));
    }
    return rc;
}

/* One array of ids behind the other: what the changes write into a field; own: their own ids. */
static alees_str list_of(const struct product *me, alees_ctx *ctx, alees_change *const *changes, uint32_t count,
                         const char *field) {
    char *text = me->host->alloc(ctx, (size_t)count * 37 + 2);
    alees_str list = {text, 0};
    for (uint32_t i = 0; text && i < count; i++) {
        char own[37];
        alees_id id = me->resource->id(changes[i]);
        alees_str value = field ? me->resource->value(changes[i], field) : alees_text(alees_id_format(&id, own));
        value = value.ptr ? value : alees_text("NULL");
        text[list.len++] = i > 0 ? ',' : '{';
        memcpy(text + list.len, value.ptr, value.len);
        list.len += value.len;
    }
    if (text) {
        text[list.len++] = '}';
    }
    return list;
}

static alees_rc validate_products(void *state, alees_ctx *ctx, alees_change *const *changes, uint32_t count) {
    struct product *me = state;
    uint32_t asked = 0;
    alees_rows *rows;
    for (uint32_t i = 0; i < count; i++) {
        asked += me->resource->value(changes[i], "base_uom").ptr || me->resource->value(changes[i], "category").ptr;
    }
    if (asked == 0) {
        return ALEES_OK;
    }
    const alees_str params[] = {
        list_of(me, ctx, changes, count, "base_uom"), list_of(me, ctx, changes, count, "category"),
        list_of(me, ctx, changes, count, "organization"), list_of(me, ctx, changes, count, NULL)};
    if (!params[0].ptr || !params[1].ptr || !params[2].ptr || !params[3].ptr) {
        return ALEES_E_NOMEM;
    }
    alees_rc rc = me->db->run(me->self, ctx, &statements[FAULTS], params, 4, &rows);
    for (uint32_t i = 0; rc == ALEES_OK && i < me->db->count(rows); i++) {
        alees_change *change = changes[strtoul(me->db->text(rows, i, 0).ptr, NULL, 10) - 1];
        if (alees_equal(me->db->text(rows, i, 1), alees_text("f"))) {
            (void)me->resource->refuse(change, "base_uom", "inactive_unit",
                                       alees_text("Use a unit of measure that is active."));
        }
        if (alees_equal(me->db->text(rows, i, 2), alees_text("f"))) {
            (void)me->resource->refuse(change, "category", "wrong_category_type",
                                       alees_text("Use a category whose category_type is PRODUCT."));
        }
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
    if (me->resource->action(change) != ALEES_CREATE || me->resource->value(change, "slug").ptr) {
        return ALEES_OK;
    }
    alees_str slug = make_slug(me, ctx, me->resource->value(change, "name"));
    return slug.ptr ? me->resource->set(change, "slug", slug) : ALEES_E_NOMEM;
}

/* What the row will have. */
static alees_str after(const struct product *me, const alees_change *change, const char *field, uint32_t is_written) {
    return is_written ? me->resource->value(change, field) : me->resource->before(change, field);
}

static alees_rc check_place(struct product *me, alees_ctx *ctx, alees_change *change, const alees_str params[3],
                            alees_str type, const char *field) {
    alees_rows *rows;
    alees_rc rc = me->db->run(me->self, ctx, &statements[PLACE], params, 3, &rows);
    if (rc != ALEES_OK) {
        return rc;
    }
    if (alees_equal(me->db->text(rows, 0, 1), alees_text("t"))) {
        return me->host->fail(ctx, ALEES_E_CONFLICT, "cycle",
                              alees_text("Choose a parent that is neither this category nor below it."));
    }
    if (!me->db->text(rows, 0, 0).ptr) {
        return ALEES_OK; /* the host's to refuse, as any reference to nothing */
    }
    if (!alees_equal(me->db->text(rows, 0, 0), type)) {
        return me->resource->refuse(change, field, "wrong_category_type",
                                    alees_text("A category and its parent must have the same category_type."));
    }
    if (strtoul(me->db->text(rows, 0, 2).ptr, NULL, 10) > MOST_LEVELS) {
        return me->resource->refuse(change, field, "too_deep",
                                    alees_text("Choose a parent higher up: categories have 50 levels at most."));
    }
    return ALEES_OK;
}

/* May the caller see that field of the rows there? */
static alees_rc may_see(const struct product *me, alees_ctx *ctx, const char *view, alees_list fields,
                        const char *field, const alees_id *organization, uint32_t *ret_may) {
    const struct alees_principal *who = me->host->principal(ctx);
    const struct alees_field *all = fields.items;
    const struct alees_fields *seen;
    uint32_t at = 0;
    if (!who) {
        return ALEES_OK;
    }
    while (strcmp(all[at].name, field) != 0) {
        at++;
    }
    alees_rc rc = me->rbac->fields(me->rbac, ctx, who, me->rbac->permission(me->rbac, view), organization, &seen);
    if (rc == ALEES_OK) {
        *ret_may = seen->all || (seen->bits[at / 64] >> (at % 64) & 1);
    }
    return rc;
}

/* Of categories, products and deleted products. */
static alees_rc read_sight(const struct product *me, alees_ctx *ctx, const alees_id *organization, uint32_t may[3]) {
    const alees_list categories = ALEES_LIST(category_fields), products = ALEES_LIST(product_fields);
    const uint32_t remove = me->rbac->permission(me->rbac, "product.delete_product");
    alees_rc rc = may_see(me, ctx, "product.view_category", categories, "parent", organization, &may[0]);
    rc = rc == ALEES_OK ? may_see(me, ctx, "product.view_product", products, "category", organization, &may[1]) : rc;
    if (rc == ALEES_OK && may[1]) {
        rc = me->rbac->decide(me->rbac, ctx, me->host->principal(ctx), remove, organization, NULL);
        may[2] = rc == ALEES_OK;
    }
    return rc == ALEES_E_DENIED ? ALEES_OK : rc;
}

static int put_count(char *text, size_t size, unsigned long count, const char *one, const char *many) {
    if (count > MOST_COUNTED) {
        return snprintf(text, size, "more than %d %s", MOST_COUNTED, many);
    }
    return snprintf(text, size, "%lu %s", count, count == 1 ? one : many);
}

/* What is sorted into a category keeps its type. Counted for the caller is what they may see. */
static alees_rc check_unused(struct product *me, alees_ctx *ctx, const alees_id *organization,
                             const alees_str params[2]) {
    static const char *const words[][2] = {{"category below it", "categories below it"},
                                           {"product in it", "products in it"},
                                           {"deleted product in it", "deleted products in it"}};
    enum { KINDS = 3 };
    char text[320] = "Its category_type is that of ";
    unsigned long counts[KINDS];
    uint32_t may[KINDS] = {0}, holders = 0, hidden = 0, told = 0;
    size_t length = strlen(text);
    alees_rows *rows;
    alees_rc rc = me->db->run(me->self, ctx, &statements[IN_USE], params, 2, &rows);
    for (uint32_t i = 0; rc == ALEES_OK && i < KINDS; i++) {
        counts[i] = strtoul(me->db->text(rows, 0, i).ptr, NULL, 10);
        holders += counts[i] > 0;
    }
    if (rc != ALEES_OK || holders == 0) {
        return rc;
    }
    rc = read_sight(me, ctx, organization, may);
    for (uint32_t i = 0; i < KINDS; i++) {
        hidden += counts[i] > 0 && !may[i];
    }
    const uint32_t parts = holders - hidden + (hidden > 0);
    for (uint32_t i = 0; rc == ALEES_OK && i < KINDS; i++) {
        if (counts[i] > 0 && may[i]) {
            length += (size_t)snprintf(text + length, sizeof text - length, "%s",
                                       told == 0           ? ""
                                       : told + 1 == parts ? " and "
                                                           : ", ");
            length += (size_t)put_count(text + length, sizeof text - length, counts[i], words[i][0], words[i][1]);
            told++;
        }
    }
    (void)snprintf(text + length, sizeof text - length, "%s%s; move what has it first.",
                   hidden > 0 && told > 0 ? " and " : "", hidden > 0 ? "rows that you may not see" : "");
    return rc == ALEES_OK ? me->host->fail(ctx, ALEES_E_CONFLICT, "category_in_use", alees_text(text)) : rc;
}

/* The tree: no category below itself, none deeper than MOST_LEVELS, each of the type of its parent. The lock makes all who
 * write the tree of one organization wait for each other, before they have written a row that others point at: so they
 * cannot build a cycle together, and do not wait in one either. The statements after it see what others have committed. */
static alees_rc keep_tree(void *state, alees_ctx *ctx, alees_change *change) {
    struct product *me = state;
    uint32_t is_new = me->resource->action(change) == ALEES_CREATE;
    uint32_t has_type = is_new || me->resource->is_sent(change, "category_type");
    uint32_t has_parent = is_new || me->resource->is_sent(change, "parent");
    alees_id id = me->resource->id(change), organization = me->resource->organization(change);
    char own[37], place[37];
    alees_rows *rows;
    alees_str type = after(me, change, "category_type", has_type), parent = after(me, change, "parent", has_parent);
    uint32_t is_retyped = !is_new && !alees_equal(type, me->resource->before(change, "category_type"));
    if (me->resource->action(change) == ALEES_DELETE_ROW || ((!has_parent || !parent.ptr) && !is_retyped)) {
        return ALEES_OK;
    }
    const alees_str params[] = {alees_text(alees_id_format(&id, own)),
                                alees_text(alees_id_format(&organization, place)), parent};
    alees_rc rc = me->db->run(me->self, ctx, &statements[LOCK_TREE], &params[1], 1, &rows);
    if (rc == ALEES_OK && is_retyped) {
        rc = check_unused(me, ctx, &organization, params);
    }
    if (rc == ALEES_OK && parent.ptr) {
        rc = check_place(me, ctx, change, params, type, has_parent ? "parent" : "category_type");
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

static alees_rc put_demo(struct product *me, alees_ctx *ctx, const alees_id *organization, uint32_t number) {
    char id[37], text[16];
    (void)snprintf(text, sizeof text, "%u", (unsigned)number);
    const alees_str params[] = {alees_text(alees_id_format(organization, id)), alees_text(text)};
    alees_rows *rows;
    alees_rc rc = me->db->run(me->self, ctx, &statements[DEMO_CATEGORIES], params, 2, &rows);
    return rc == ALEES_OK ? me->db->run(me->self, ctx, &statements[DEMO_PRODUCTS], params, 2, &rows) : rc;
}

static alees_rc demo_organization(void *data, alees_ctx *ctx, const struct alees_organization *organization) {
    return alees_is_demo_large(&organization->id) ? ALEES_OK : put_demo(data, ctx, &organization->id, 0);
}

static alees_rc demo(void *state, alees_ctx *ctx) {
    struct product *me = state;
    return me->organizations ? me->organizations->each(me->organizations, ctx, demo_organization, me) : ALEES_OK;
}

static alees_rc demo_large(void *state, alees_ctx *ctx, const struct alees_demo *demo) {
    return demo->phase == ALEES_DEMO_ROWS ? put_demo(state, ctx, &demo->organization, demo->number) : ALEES_OK;
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
    me->rbac = host->service(self, ALEES_RBAC_V1);
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
     .fields = ALEES_LIST(unit_fields),
     .validate = validate_unit},
    {.name = "category",
     .path = "/categories",
     .table = "product.category",
     .scope = ALEES_SCOPE_ORGANIZATION,
     .flags = ALEES_RESOURCE_MOVABLE,
     .order = "name",
     .description = "Categories, a tree in each organization.",
     .fields = ALEES_LIST(category_fields),
     .validate = validate_category,
     .before_write = keep_tree},
    {.name = "product",
     .path = "/products",
     .table = "product.product",
     .scope = ALEES_SCOPE_ORGANIZATION,
     .flags = ALEES_RESOURCE_SOFT_DELETE | ALEES_RESOURCE_MOVABLE,
     .description = "Goods and services that an organization makes, buys or sells.",
     .fields = ALEES_LIST(product_fields),
     .validate_all = validate_products},
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
    {ALEES_RBAC_V1, ALEES_UPTO(struct alees_rbac_v1, fields), 0}, /* our tables reference rbac.organization, too */
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
    .demo_large = demo_large,
    .errors = ALEES_LIST(errors),
};
