/* SPDX-License-Identifier: MIT
 *
 * organization - the tree of organizations and their kinds.
 *
 * Reads from top to bottom: declarations (fields, statements), code (hooks, the offered service, demonstration rows),
 * then the descriptor; move.c moves one organization below another. To every other plugin an organization is an id; who
 * may do what in it is plugins/rbac's. */
#include "plugin.h"

#include <stdio.h>
#include <stdlib.h>

#include "errors.h"
#include "organization_sql.h"

/* Declarations: what the host serves, validates, scopes and documents. */

/* ISO 4217, the codes of currencies in use. */
#define CURRENCIES \
    "AED|AFN|ALL|AMD|ANG|AOA|ARS|AUD|AWG|AZN|BAM|BBD|BDT|BGN|BHD|BIF|BMD|BND|BOB|BRL|BSD|BTN|BWP|BYN|BZD|CAD|CDF|CHF|" \
    "CLP|CNY|COP|CRC|CUP|CVE|CZK|DJF|DKK|DOP|DZD|EGP|ERN|ETB|EUR|FJD|FKP|GBP|GEL|GHS|GIP|GMD|GNF|GTQ|GYD|HKD|HNL|HTG|" \
    "HUF|IDR|ILS|INR|IQD|IRR|ISK|JMD|JOD|JPY|KES|KGS|KHR|KMF|KPW|KRW|KWD|KYD|KZT|LAK|LBP|LKR|LRD|LSL|LYD|MAD|MDL|MGA|" \
    "MKD|MMK|MNT|MOP|MRU|MUR|MVR|MWK|MXN|MYR|MZN|NAD|NGN|NIO|NOK|NPR|NZD|OMR|PAB|PEN|PGK|PHP|PKR|PLN|PYG|QAR|RON|RSD|" \
    "RUB|RWF|SAR|SBD|SCR|SDG|SEK|SGD|SHP|SLE|SOS|SRD|SSP|STN|SVC|SYP|SZL|THB|TJS|TMT|TND|TOP|TRY|TTD|TWD|TZS|UAH|UGX|" \
    "USD|UYU|UZS|VED|VES|VND|VUV|WST|XAF|XCD|XOF|XPF|YER|ZAR|ZMW|ZWG"

static const struct alees_field type_fields[] = {
    {.name = "name",
     .type = ALEES_TEXT,
     .flags = ALEES_REQUIRED | ALEES_UNIQUE | ALEES_FILTER | ALEES_SORT | ALEES_SEARCH,
     .min = 1,
     .max = 100,
     .description = "What this kind of organization is called.",
     .example = "\"Branch\""},
    {.name = "description",
     .type = ALEES_TEXT,
     .flags = ALEES_SEARCH,
     .description = "What it means.",
     .example = "\"A place of business of a company\""},
};

static const struct alees_field organization_fields[] = {
    {.name = "name",
     .type = ALEES_TEXT,
     .flags = ALEES_REQUIRED | ALEES_FILTER | ALEES_SORT | ALEES_SEARCH | ALEES_SUBSTRING,
     .min = 1,
     .max = 255,
     .description = "What the organization is called.",
     .example = "\"Acme Berlin\""},
    {.name = "code",
     .type = ALEES_TEXT,
     .flags = ALEES_REQUIRED | ALEES_UNIQUE | ALEES_FILTER | ALEES_SORT | ALEES_SEARCH | ALEES_SUBSTRING,
     .min = 1,
     .max = 64,
     .description = "A short name, unique among all organizations.",
     .example = "\"ACME-BERLIN\""},
    {.name = "organization_type",
     .type = ALEES_REFERENCE,
     .flags = ALEES_REQUIRED | ALEES_FILTER,
     .reference = "organization.organization_type",
     .description = "What kind of organization it is.",
     .example = "\"01930000-0000-7000-8000-0000000000a1\""},
    {.name = "status",
     .type = ALEES_CHOICE,
     .flags = ALEES_FILTER,
     .choices = "active|inactive|archived",
     .fallback = "\"active\"",
     .description = "Only in an active organization, and within its dates, does anyone but a superuser hold a "
                    "permission.",
     .example = "\"active\""},
    {.name = "parent",
     .type = ALEES_REFERENCE,
     .flags = ALEES_WRITE_ONCE | ALEES_NULLABLE | ALEES_FILTER,
     .reference = "organization.organization",
     .description = "The organization above this one; null for a root, which only a superuser may create. Changed by "
                    "POST /organizations/{id}/move.",
     .example = "\"01930000-0000-7000-8000-000000000001\""},
    {.name = "effective_date",
     .type = ALEES_DATE,
     .flags = ALEES_NULLABLE | ALEES_FILTER,
     .description = "The day from which the organization exists, in its time zone: before it, it is like one that is "
                    "inactive.",
     .example = "\"2026-01-01\""},
    {.name = "end_date",
     .type = ALEES_DATE,
     .flags = ALEES_NULLABLE | ALEES_FILTER,
     .description =
         "The last day on which it exists, in its time zone; not before effective_date. Afterwards it is like "
         "one that is inactive.",
     .example = "null"},
    {.name = "primary_contact",
     .type = ALEES_REFERENCE,
     .flags = ALEES_NULLABLE | ALEES_FILTER | ALEES_WEAK,
     .reference = "contact.contact",
     .description =
         "Whom to ask first: a contact of this very organization, so never given on create. When the contact "
         "is deleted its id stays here.",
     .example = "null"},
    {.name = "primary_address",
     .type = ALEES_REFERENCE,
     .flags = ALEES_NULLABLE | ALEES_FILTER | ALEES_WEAK,
     .reference = "contact.address",
     .description = "Where it is: an address of a contact of this very organization, so never given on create. When "
                    "the address is deleted its id stays here.",
     .example = "null"},
    {.name = "timezone",
     .type = ALEES_TEXT,
     .flags = ALEES_FILTER,
     .min = 1,
     .max = 64,
     .fallback = "\"UTC\"",
     .description = "Its time zone, by IANA name.",
     .example = "\"Europe/Berlin\""},
    {.name = "currency",
     .type = ALEES_CHOICE,
     .flags = ALEES_NULLABLE | ALEES_FILTER,
     .choices = CURRENCIES,
     .description = "The currency it keeps its books in, by ISO 4217 code.",
     .example = "\"EUR\""},
    {.name = "language",
     .type = ALEES_TEXT,
     .flags = ALEES_FILTER,
     .min = 2,
     .max = 35,
     .fallback = "\"en\"",
     .description = "The language it is written to in, by BCP 47 tag.",
     .example = "\"de-DE\""},
    {.name = "tags",
     .type = ALEES_TAGS,
     .flags = ALEES_FILTER,
     .fallback = "[]",
     .description = "Free labels.",
     .example = "[\"emea\"]"},
    {.name = "metadata",
     .type = ALEES_JSON,
     .fallback = "{}",
     .description = "Whatever a client keeps with the organization.",
     .example = "{\"erp_id\": 4711}"},
    {.name = "custom_fields",
     .type = ALEES_JSON,
     .flags = ALEES_CUSTOM | ALEES_FILTER,
     .fallback = "{}",
     .description = "Values of custom fields, by key, as /custom-field-definitions defines them.",
     .example = "{}"},
};

const alees_list organization_field_list = ALEES_LIST(organization_fields);

const struct alees_statement organization_statements[ORGANIZATION_STATEMENTS] = {
    [TIMEZONE] = {.name = "timezone", .sql = "SELECT 1 FROM organization.timezone WHERE name = $1", .nparams = 1},
    [ACTIVE] = {.name = "active_organizations",
                .sql = "SELECT id, parent_id, code, name FROM organization.organization WHERE status = 'active' "
                       "AND coalesce(effective_date::timestamp AT TIME ZONE timezone <= now(), true) "
                       "AND coalesce((end_date + 1)::timestamp AT TIME ZONE timezone > now(), true) ORDER BY id"},
    [DEMO] = {.name = "demo_organization",
              .sql = "INSERT INTO organization.organization (id, name, code, parent_id, timezone, currency, language,"
                     " organization_type_id) SELECT $1::uuid, $2, $3, $4::uuid, $5, $6, $7, t.id"
                     " FROM organization.organization_type t WHERE t.name = $8 ON CONFLICT DO NOTHING",
              .nparams = 8},
    /* The organization $1, number $2: ten roots, ten below each of them, ten below each of these. */
    [DEMO_LARGE] = {.name = "demo_large",
                    .sql =
                        "INSERT INTO organization.organization (id, name, code, parent_id, timezone, currency,"
                        " language, organization_type_id, tags)"
                        " SELECT $1::uuid, (ARRAY['Hamburg', 'Lyon', 'Porto', 'Gdansk', 'Graz', 'Ghent', 'Turin',"
                        " 'Malmo', 'Cork', 'Brno'])[n % 10 + 1] || ' ' || (ARRAY['Trading', 'Works', 'Logistics',"
                        " 'Services', 'Retail', 'Tools', 'Foods'])[n % 7 + 1] || ' ' || n,"
                        " 'DEMO-' || lpad(n::text, 5, '0'), CASE WHEN n > 10 THEN"
                        " format('01930001-%s-7000-8000-000000000000', lpad(to_hex((n - 1) / 10), 4, '0'))::uuid END,"
                        " 'Europe/Berlin', 'EUR', 'en', t.id, ARRAY['demo']"
                        " FROM (SELECT $2::int AS n) s JOIN organization.organization_type t"
                        " ON t.name = CASE WHEN n > 10 THEN 'Branch' ELSE 'Company' END ON CONFLICT DO NOTHING",
                    .nparams = 2},
    [LOCK_MOVES] = {.name = "lock_moves", .sql = "SELECT pg_advisory_xact_lock(" ORGANIZATION_MOVES ")"},
    [LOCK] = {.name = "lock_organization",
              .sql = "SELECT parent_id FROM organization.organization WHERE id = $1 FOR NO KEY UPDATE",
              .nparams = 1},
    [MOVE] = {.name = "move_organization",
              .sql = "UPDATE organization.organization SET parent_id = $2::uuid, version = version + 1,"
                     " updated_at = now(), updated_by = $3::uuid WHERE id = $1::uuid"
                     " AND parent_id IS DISTINCT FROM $2::uuid",
              .nparams = 3},
    [NODES] = {.name = "nodes_of_a_tree", /* the ids; may all names be read? else their order would tell of them */
               .sql = "SELECT n.place, to_json(o.name), to_json(o.code), to_json(o.status)"
                      " FROM unnest($1::uuid[]) WITH ORDINALITY AS n (id, place)"
                      " JOIN organization.organization o ON o.id = n.id"
                      " ORDER BY CASE WHEN $2::boolean THEN o.name END, o.id",
               .nparams = 2},
};

static const struct alees_migration migrations[] = {
    {.version = 1, .name = "create tables", .sql = sql_0001_tables},
    {.version = 2, .name = "no organization below itself", .sql = sql_0002_cycles},
    {.version = 3, .name = "whom to ask, and where", .sql = sql_0003_primary},
    {.version = 4, .name = "organizations have their time", .sql = sql_0004_dates},
};

/* The service alees.organization/1. */

static alees_rc each(const struct alees_organization_v1 *service, alees_ctx *ctx,
                     alees_rc (*visit)(void *data, alees_ctx *ctx, const struct alees_organization *organization),
                     void *data) {
    struct organization *me = service->state;
    alees_rows *rows;
    alees_rc rc = me->db->run(me->self, ctx, &organization_statements[ACTIVE], NULL, 0, &rows);
    if (rc != ALEES_OK) {
        return rc;
    }
    for (uint32_t i = 0; i < me->db->count(rows) && rc == ALEES_OK; i++) {
        struct alees_organization row = {.struct_size = sizeof row};
        row.has_parent = alees_id_parse(me->db->text(rows, i, 1), &row.parent) == ALEES_OK;
        row.code = me->db->text(rows, i, 2);
        row.name = me->db->text(rows, i, 3);
        rc = alees_id_parse(me->db->text(rows, i, 0), &row.id);
        if (rc == ALEES_OK) {
            rc = visit(data, ctx, &row);
        }
    }
    return rc;
}

static const void *offer(void *state, const char *id) {
    struct organization *me = state;
    return strcmp(id, ALEES_ORGANIZATION_V1) == 0 ? &me->service : NULL;
}

/* Demonstration rows: three organizations, and what the demonstration users of plugins/rbac may do there. The ids are
 * fixed, so that documentation and tests can name them. */

#define ACME "01930000-0000-7000-8000-000000000001"
#define ACME_BERLIN "01930000-0000-7000-8000-000000000002"
#define GLOBEX "01930000-0000-7000-8000-000000000003"

/* id, name, code, parent, timezone, currency, language, type: as the statement DEMO numbers them. */
static const char *const demo_organizations[][8] = {
    {ACME, "Acme", "ACME", NULL, "Europe/London", "GBP", "en-GB", "Company"},
    {ACME_BERLIN, "Acme Berlin", "ACME-BERLIN", ACME, "Europe/Berlin", "EUR", "de-DE", "Branch"},
    {GLOBEX, "Globex", "GLOBEX", NULL, "America/New_York", "USD", "en-US", "Company"},
};

static const struct {
    const char *username, *organization, *role;
    uint32_t inherit;
} demo_grants[] = {
    {"acme-manager", ACME, "manager", 0}, {"acme-viewer", ACME, "viewer", 0}, {"globex-manager", GLOBEX, "manager", 0},
    {"both", ACME, "viewer", 0},          {"both", GLOBEX, "manager", 0},
};

static alees_rc demo(void *state, alees_ctx *ctx) {
    struct organization *me = state;
    alees_rc rc = ALEES_OK;
    for (size_t i = 0; i < sizeof demo_organizations / sizeof demo_organizations[0] && rc == ALEES_OK; i++) {
        alees_str params[8];
        alees_rows *rows;
        for (size_t p = 0; p < 8; p++) {
            params[p] = alees_text(demo_organizations[i][p]);
        }
        rc = me->db->run(me->self, ctx, &organization_statements[DEMO], params, 8, &rows);
    }
    for (size_t i = 0; i < sizeof demo_grants / sizeof demo_grants[0] && rc == ALEES_OK; i++) {
        alees_id id;
        rc = alees_id_parse(alees_text(demo_grants[i].organization), &id);
        if (rc == ALEES_OK) {
            rc = me->rbac->grant(me->rbac, ctx, alees_text(demo_grants[i].username), &id,
                                 alees_text(demo_grants[i].role), demo_grants[i].inherit);
        }
    }
    return rc;
}

static alees_rc demo_large(void *state, alees_ctx *ctx, const struct alees_demo *demo) {
    struct organization *me = state;
    char id[37], number[16];
    alees_rows *rows;
    if (demo->phase != ALEES_DEMO_ORGANIZATIONS) {
        return ALEES_OK;
    }
    (void)snprintf(number, sizeof number, "%u", (unsigned)demo->number);
    const alees_str params[] = {alees_text(alees_id_format(&demo->organization, id)), alees_text(number)};
    return me->db->run(me->self, ctx, &organization_statements[DEMO_LARGE], params, 2, &rows);
}

/* Life. */

static alees_rc start(alees_self *self, const struct alees_host *host, alees_ctx *ctx, void **state) {
    struct organization *me = calloc(1, sizeof *me);
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
    me->service = (struct alees_organization_v1){.struct_size = sizeof me->service, .state = me, .each = each};
    *state = me;
    return ALEES_OK;
}

static void stop(void *state) {
    free(state);
}

/* The descriptor: all the host must know, before any code above runs. */

static const struct alees_resource resources[] = {
    {.name = "organization_type",
     .path = "/organization-types",
     .table = "organization.organization_type",
     .scope = ALEES_SCOPE_GLOBAL,
     .order = "name",
     .description = "Kinds of organizations, shared by all.",
     .fields = ALEES_LIST(type_fields)},
    {.name = "organization",
     .path = "/organizations",
     .table = "organization.organization",
     .scope = ALEES_SCOPE_SELF,
     .order = "name",
     .parent = "parent",
     .description = "Organizations: each owns its rows in every other resource.",
     .fields = ALEES_LIST(organization_fields),
     .validate = organization_validate,
     .before_write = organization_before,
     .after_write = organization_after},
};

static const struct alees_permission permissions[] = {
    {ORGANIZATION_MOVE, "Move an organization that is directly below this one to somewhere else"},
};

static const struct alees_field move_parameters[] = {
    {.name = "id",
     .type = ALEES_UUID,
     .flags = ALEES_REQUIRED | ALEES_IN_PATH,
     .description = "The organization that moves.",
     .example = "\"01930000-0000-7000-8000-000000000002\""},
};

static const struct alees_field move_body[] = {
    {.name = "parent",
     .type = ALEES_REFERENCE,
     .flags = ALEES_NULLABLE,
     .reference = "organization.organization",
     .description = "The organization above it from now on; null makes it a root. Must be sent.",
     .example = "\"01930000-0000-7000-8000-000000000003\""},
};

static const struct alees_field list_parameters[] = {
    {.name = "id",
     .type = ALEES_UUID,
     .flags = ALEES_REQUIRED | ALEES_IN_PATH,
     .description = "The organization that is asked about.",
     .example = "\"01930000-0000-7000-8000-000000000001\""},
};

static const struct alees_field tree_parameters[] = {
    {.name = "id",
     .type = ALEES_UUID,
     .flags = ALEES_REQUIRED | ALEES_IN_PATH,
     .description = "The organization at the top.",
     .example = "\"01930000-0000-7000-8000-000000000001\""},
    {.name = "depth",
     .type = ALEES_INTEGER,
     .flags = ALEES_IN_QUERY,
     .min = 1,
     .max = ORGANIZATION_DEPTH,
     .fallback = "50",
     .description = "How many levels below it are shown.",
     .example = "2"},
};

static const struct alees_field tree_response[] = {
    {.name = "id", .type = ALEES_UUID, .flags = ALEES_REQUIRED, .description = "The organization."},
    {.name = "name", .type = ALEES_TEXT, .description = "What it is called."},
    {.name = "code", .type = ALEES_TEXT, .description = "Its short name."},
    {.name = "status", .type = ALEES_CHOICE, .choices = "active|inactive|archived", .description = "Its state."},
    {.name = "children",
     .type = ALEES_JSON,
     .description = "A list of the same, by name; left out where depth cuts it off.",
     .schema = "{\"type\":\"array\",\"items\":{\"$ref\":\"#/components/schemas/GetOrganizationsTreeAnswer\"}}"},
};

#define RELATIVES(tail, function, what, text) \
    { \
        .method = ALEES_GET, .flags = ALEES_ROUTE_READ | ALEES_ROUTE_LIST, .path = "/organizations/{id}/" tail, \
        .permission = ORGANIZATION_VIEW, .object = "organization.organization", .summary = (what), \
        .description = text " A list like GET /organizations, with all of its parameters.", \
        .parameters = ALEES_LIST(list_parameters), .handle = (function) \
    }

static const struct alees_route routes[] = {
    RELATIVES("children", organization_children, "List what is directly below an organization",
              "Those of them that you may view."),
    RELATIVES("descendants", organization_descendants, "List all that is below an organization",
              "Those of them that you may view, whatever lies between."),
    RELATIVES("ancestors", organization_ancestors, "List what is above an organization",
              "Those of them that you may view, the root first unless you ask for another order."),
    {.method = ALEES_GET,
     .flags = ALEES_ROUTE_READ,
     .path = "/organizations/{id}/tree",
     .permission = ORGANIZATION_VIEW,
     .summary = "Show an organization with all that is below it, nested",
     .description = "Those that you may view, each below the nearest one above it that you may view. At most 10000: "
                    "ask for less depth, or from further below.",
     .parameters = ALEES_LIST(tree_parameters),
     .response = ALEES_LIST(tree_response),
     .response_example = "{\"id\": \"01930000-0000-7000-8000-000000000001\", \"name\": \"Acme\", \"code\": \"ACME\", "
                         "\"status\": \"active\", \"children\": [{\"id\": \"01930000-0000-7000-8000-000000000002\", "
                         "\"name\": \"Acme Berlin\", \"code\": \"ACME-BERLIN\", \"status\": \"active\", "
                         "\"children\": []}]}",
     .handle = organization_tree},
    {.method = ALEES_POST,
     .path = "/organizations/{id}/move",
     .permission = "organization.change_organization",
     .object = "organization.organization",
     .summary = "Move an organization, with all that is below it, below another one",
     .description = "Needs organization.change_organization in it, organization.move_organization in its parent and "
                    "organization.add_organization in the new one. From and to being a root: superusers only.",
     .parameters = ALEES_LIST(move_parameters),
     .body = ALEES_LIST(move_body),
     .row = "organization.organization",
     .request_example = "{\"parent\": \"01930000-0000-7000-8000-000000000003\"}",
     .response_example = "{\"id\": \"01930000-0000-7000-8000-000000000002\", \"name\": \"Acme Berlin\", "
                         "\"parent\": \"01930000-0000-7000-8000-000000000003\"}",
     .handle = organization_move},
};

static const struct alees_need needs[] = {
    {ALEES_DB_V1, ALEES_UPTO(struct alees_db_v1, text), 0},
    {ALEES_HTTP_V1, ALEES_UPTO(struct alees_http_v1, reply_list), 0},
    {ALEES_JSON_V1, ALEES_UPTO(struct alees_json_v1, text), 0},
    {ALEES_RESOURCE_V1, ALEES_UPTO(struct alees_resource_v1, refuse), 0},
    {ALEES_RBAC_V1, ALEES_UPTO(struct alees_rbac_v1, relatives),
     0}, /* and the functions that its schema offers to ours */
};

static const char *const offers[] = {ALEES_ORGANIZATION_V1};

ALEES_EXPORT const struct alees_plugin alees_plugin_v1 = {
    .magic = ALEES_MAGIC,
    .struct_size = sizeof(struct alees_plugin),
    .abi_minor = ALEES_ABI_MINOR,
    .min_minor = 0,
    .name = "organization",
    .version = "0.1.0",
    .summary = "Organizations and their tree",
    .needs = ALEES_LIST(needs),
    .offers = ALEES_LIST(offers),
    .permissions = ALEES_LIST(permissions),
    .resources = ALEES_LIST(resources),
    .routes = ALEES_LIST(routes),
    .statements = ALEES_LIST(organization_statements),
    .migrations = ALEES_LIST(migrations),
    .start = start,
    .offer = offer,
    .stop = stop,
    .demo = demo,
    .demo_large = demo_large,
    .errors = ALEES_LIST(errors),
};
