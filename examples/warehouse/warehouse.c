/* SPDX-License-Identifier: MIT
 *
 * warehouse - a plugin outside the tree of Alees, for you to copy.
 *
 * It serves warehouses (list, create, get, change, delete: all from one declaration) and one action of its own, closing
 * a warehouse. Read it from top to bottom; README.md says how to build and try it. */
#include <stdlib.h>

/* A plugin sees these headers and the C library, nothing else. */
#include "alees/abi.h"
#include "alees/db.h"
#include "alees/http.h"
#include "alees/json.h"
#include "alees/rbac.h"
#include "alees/resource.h"
#include "alees/util.h"
#include "warehouse_sql.h" /* made by alees_add_plugin() from sql/: one string for each file */

/* 1. A field is declared once. From this the host validates what clients send, builds the SQL, and writes the
 * documentation. All of it is constant data, read before any code of yours runs. */
static const struct alees_field warehouse_fields[] = {
    {.name = "name",
     .type = ALEES_TEXT,
     .flags = ALEES_REQUIRED | ALEES_FILTER | ALEES_SORT | ALEES_SEARCH,
     .min = 1,
     .max = 100,
     .description = "What the warehouse is called.",
     .example = "\"Hamburg harbour\""},
    {.name = "code",
     .type = ALEES_TEXT,
     .flags = ALEES_REQUIRED | ALEES_UNIQUE | ALEES_FILTER | ALEES_SORT | ALEES_SEARCH,
     .min = 1,
     .max = 20,
     .description = "A short name, unique in the organization.",
     .example = "\"HAM-1\""},
    {.name = "capacity",
     .type = ALEES_INTEGER,
     .flags = ALEES_FILTER | ALEES_SORT,
     .min = 0,
     .max = 1000000,
     .fallback = "0", /* JSON text: the value when the client sends none */
     .description = "How many pallets it holds.",
     .example = "1200"},
    {.name = "opened_on",
     .type = ALEES_DATE,
     .flags = ALEES_NULLABLE | ALEES_FILTER,
     .description = "The day it was opened.",
     .example = "\"2026-03-01\""},
    /* READ_ONLY: clients see it and may filter by it; only the action below writes it. */
    {.name = "is_open",
     .type = ALEES_BOOLEAN,
     .flags = ALEES_READ_ONLY | ALEES_FILTER,
     .description = "Whether goods are taken in.",
     .example = "true"},
    {.name = "closing_reason",
     .type = ALEES_TEXT,
     .flags = ALEES_READ_ONLY,
     .description = "Why it was closed; empty while it is open.",
     .example = "\"\""},
};

/* 2. A resource is a table of such fields at an address. Its four permissions come with it: warehouse.view_warehouse,
 * add_, change_ and delete_warehouse. SCOPE_ORGANIZATION: each row belongs to one organization, and nobody ever sees or
 * touches a row of an organization in which they do not hold the permission. You cannot forget that: it is not yours. */
static const struct alees_resource resources[] = {
    {.name = "warehouse",
     .path = "/warehouses",
     .table = "warehouse.warehouse",
     .scope = ALEES_SCOPE_ORGANIZATION,
     .order = "name",
     .description = "Places where goods are kept.",
     .fields = ALEES_LIST(warehouse_fields)},
};

/* 3. SQL of your own is declared too, with $1..$n for its values, and prepared when the server starts. It names no
 * organization: row-level security shows it only those of the caller. */
enum { CLOSE };
static const struct alees_statement statements[] = {
    /* One statement both asks and acts (`AND is_open`), so two requests at once cannot both close it. */
    [CLOSE] = {.name = "close",
               .sql = "UPDATE warehouse.warehouse SET is_open = false, closing_reason = $2, updated_at = now(),"
                      " updated_by = $3, version = version + 1 WHERE id = $1 AND is_open RETURNING id",
               .nparams = 3},
};

static const struct alees_migration migrations[] = {
    {.version = 1, .name = "create tables", .sql = sql_0001_tables},
};

/* 4. Your state: made in start, handed to every call, freed in stop. Many requests read it at the same time, so it does
 * not change while serving; anything that does needs a lock of its own. */
struct warehouse {
    alees_self *self;
    const struct alees_host *host;
    const struct alees_db_v1 *db;
    const struct alees_http_v1 *http;
    const struct alees_json_v1 *json;
};

/* 5. A handler. When it runs, the host has already found out who asks, that they may change this very warehouse (it is
 * the route's `object`), and that path and body are as declared. It runs in a transaction: ALEES_OK commits, anything
 * else rolls back. What it gets from the host lives until the request ends; there is nothing to free. */
static alees_rc close_warehouse(void *state, alees_ctx *ctx) {
    const struct warehouse *me = state;
    char user[37];
    alees_str params[3] = {me->http->parameter(ctx, "id"), me->json->text(me->json->get(me->http->json(ctx), "reason")),
                           alees_text(alees_id_format(&me->host->principal(ctx)->id, user))};
    alees_rows *rows;
    alees_id id;
    alees_rc rc = alees_id_parse(params[0], &id);
    if (rc == ALEES_OK) {
        rc = me->db->run(me->self, ctx, &statements[CLOSE], params, 3, &rows);
    }
    if (rc != ALEES_OK) {
        return rc; /* pass it up: db->run has set the answer to the client */
    }
    if (me->db->count(rows) == 0) {
        /* Your own failure: a code for programs (409 comes from E_CONFLICT), and what to do for people. */
        return me->host->fail(ctx, ALEES_E_CONFLICT, "already_closed",
                              alees_text("The warehouse is closed already; nothing was changed."));
    }
    return me->http->reply_row(ctx, 200, "warehouse.warehouse", id); /* answers as GET /warehouses/{id} would */
}

/* 6. The route to it. What is declared here is checked before the handler runs, and documented. */
static const struct alees_field close_parameters[] = {
    {.name = "id", .type = ALEES_UUID, .flags = ALEES_IN_PATH, .description = "The warehouse."},
};

static const struct alees_field close_body[] = {
    {.name = "reason",
     .type = ALEES_TEXT,
     .flags = ALEES_REQUIRED,
     .min = 1,
     .max = 500,
     .description = "Why it is closed.",
     .example = "\"Flooded\""},
};

static const struct alees_route routes[] = {
    {.method = ALEES_POST,
     .path = "/warehouses/{id}/close",
     .permission = "warehouse.change_warehouse",
     .object = "warehouse.warehouse", /* not visible to the caller: 404; visible, but not theirs to change: 403 */
     .summary = "Close a warehouse",
     .description =
         "Takes it out of use and answers with the warehouse. One that is closed already is 409 already_closed.",
     .parameters = ALEES_LIST(close_parameters),
     .body = ALEES_LIST(close_body),
     .row = "warehouse.warehouse", /* reply_row answers with the row */
     .request_example = "{\"reason\": \"Flooded\"}",
     .handle = close_warehouse},
};

/* 7. Codes of your own failures, as /docs/errors and the description of the API explain them. */
static const struct alees_error errors[] = {
    {.code = "already_closed",
     .status = 409,
     .title = "The warehouse is closed already",
     .help = "Somebody has closed it before. There is nothing left to do."},
};

/* 8. What you need from others. min_size says how much of the service's table you use; the server refuses to start, in
 * one line, if it is not there. */
static const struct alees_need needs[] = {
    {ALEES_DB_V1, ALEES_UPTO(struct alees_db_v1, run), 0},
    {ALEES_HTTP_V1, ALEES_UPTO(struct alees_http_v1, reply_row), 0},
    {ALEES_JSON_V1, ALEES_UPTO(struct alees_json_v1, text), 0},
    {ALEES_RBAC_V1, ALEES_UPTO(struct alees_rbac_v1, state), 0}, /* our table references rbac.organization */
};

static alees_rc start(alees_self *self, const struct alees_host *host, alees_ctx *ctx, void **state) {
    struct warehouse *me = calloc(1, sizeof *me);
    (void)ctx;
    if (!me) {
        return ALEES_E_NOMEM;
    }
    me->self = self;
    me->host = host;
    me->db = host->service(self, ALEES_DB_V1); /* never NULL: it is in needs */
    me->http = host->service(self, ALEES_HTTP_V1);
    me->json = host->service(self, ALEES_JSON_V1);
    *state = me;
    return ALEES_OK;
}

static void stop(void *state) {
    free(state);
}

/* 9. The one symbol that the server looks for. */
ALEES_EXPORT const struct alees_plugin alees_plugin_v1 = {
    .magic = ALEES_MAGIC,
    .struct_size = sizeof(struct alees_plugin),
    .abi_minor = ALEES_ABI_MINOR, /* what it is compiled with: the macro */
    .min_minor = 0,               /* the oldest server it can live on: a number */
    .name = "warehouse",          /* its configuration section, database schema and permissions' prefix */
    .version = "1.0.0",
    .summary = "Warehouses",
    .needs = ALEES_LIST(needs),
    .resources = ALEES_LIST(resources),
    .routes = ALEES_LIST(routes),
    .statements = ALEES_LIST(statements),
    .migrations = ALEES_LIST(migrations),
    .start = start,
    .stop = stop,
    .errors = ALEES_LIST(errors),
};
