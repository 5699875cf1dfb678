/* SPDX-License-Identifier: MIT
 * leaky.c - a plugin that forgets whose rows are whose: what is written into its notes is copied to a diary that it did not
 * declare, so nothing secures that, and two routes of its own tell everybody what is in there. For the isolation kit,
 * which must see it. */
#include "fixture.h"

#include "alees/db.h"
#include "alees/http.h"
#include "alees/json.h"
#include "alees/util.h"

static const struct alees_field fields[] = {
    {.name = "text",
     .type = ALEES_TEXT,
     .flags = ALEES_REQUIRED | ALEES_FILTER,
     .min = 1,
     .max = 200,
     .description = "What is noted.",
     .example = "\"buy milk\""},
};

enum { COPY, READ_ALL, KNOWS };
static const struct alees_statement statements[] = {
    [COPY] = {"copy", "INSERT INTO leaky.diary (id, text) SELECT n.id, n.text FROM leaky.note n WHERE n.id = $1", 1, 0},
    [READ_ALL] = {"read_all", "SELECT string_agg(text, ' ') FROM (SELECT text FROM leaky.diary LIMIT 1000) d", 0, 0},
    [KNOWS] = {"knows", "SELECT 1 FROM leaky.diary WHERE id = $1", 1, 0},
};
static const struct alees_migration migrations[] = {
    {1, 0, "create tables",
     "CREATE TABLE leaky.note (organization_id uuid NOT NULL REFERENCES rbac.organization (id), id uuid NOT NULL,"
     " created_at timestamptz NOT NULL DEFAULT now(), updated_at timestamptz NOT NULL DEFAULT now(), created_by uuid,"
     " updated_by uuid, version integer NOT NULL DEFAULT 1, text text NOT NULL, PRIMARY KEY (organization_id, id),"
     " UNIQUE (id)); CREATE TABLE leaky.diary (id uuid NOT NULL, text text NOT NULL)"},
};

static struct leaky {
    alees_self *self;
    const struct alees_host *host;
    const struct alees_db_v1 *db;
    const struct alees_http_v1 *http;
    const struct alees_json_v1 *json;
    const struct alees_resource_v1 *resource;
} leaky;

static alees_rc copy(void *state, alees_ctx *ctx, alees_change *change) {
    char text[37];
    const alees_id id = leaky.resource->id(change);
    const alees_str param = alees_text(alees_id_format(&id, text));
    alees_rows *rows;
    (void)state;
    return leaky.resource->action(change) == ALEES_CREATE
               ? leaky.db->run(leaky.self, ctx, &statements[COPY], &param, 1, &rows)
               : ALEES_OK;
}

static alees_rc diary(void *state, alees_ctx *ctx) {
    alees_json *answer = leaky.json->object(ctx);
    alees_rows *rows;
    (void)state;
    alees_rc rc = answer ? leaky.db->run(leaky.self, ctx, &statements[READ_ALL], NULL, 0, &rows) : ALEES_E_NOMEM;
    if (rc == ALEES_OK) {
        rc = leaky.json->put_text(answer, "text", leaky.db->text(rows, 0, 0));
    }
    return rc == ALEES_OK ? leaky.http->reply_json(ctx, 200, answer) : rc;
}

static alees_rc knows(void *state, alees_ctx *ctx) {
    const alees_str id = leaky.http->parameter(ctx, "id");
    alees_json *answer = leaky.json->object(ctx);
    alees_rows *rows;
    (void)state;
    alees_rc rc = answer ? leaky.db->run(leaky.self, ctx, &statements[KNOWS], &id, 1, &rows) : ALEES_E_NOMEM;
    if (rc == ALEES_OK) {
        rc = leaky.json->put_boolean(answer, "known", leaky.db->count(rows) > 0);
    }
    return rc == ALEES_OK ? leaky.http->reply_json(ctx, 200, answer) : rc;
}

static const struct alees_resource resources[] = {
    {.name = "note",
     .path = "/notes",
     .table = "leaky.note",
     .scope = ALEES_SCOPE_ORGANIZATION,
     .description = "Notes.",
     .fields = ALEES_LIST(fields),
     .after_write = copy},
};
static const struct alees_field parameters[] = {
    {.name = "id", .type = ALEES_UUID, .flags = ALEES_IN_PATH, .description = "Which note."},
};
static const struct alees_field diary_response[] = {
    {.name = "text", .type = ALEES_TEXT, .flags = ALEES_NULLABLE, .description = "All of it."},
};
static const struct alees_field known_response[] = {
    {.name = "known", .type = ALEES_BOOLEAN, .description = "Whether there was."},
};
static const struct alees_route routes[] = {
    {.method = ALEES_GET,
     .flags = ALEES_ROUTE_READ,
     .path = "/leaky/diary",
     .permission = "leaky.view_note",
     .summary = "All that was ever noted",
     .response = ALEES_LIST(diary_response),
     .handle = diary},
    {.method = ALEES_GET,
     .flags = ALEES_ROUTE_READ | ALEES_ROUTE_LOGIN,
     .path = "/leaky/known/{id}",
     .summary = "Was there such a note?",
     .parameters = ALEES_LIST(parameters),
     .response = ALEES_LIST(known_response),
     .handle = knows},
};
static const struct alees_need needs[] = {
    {ALEES_DB_V1, ALEES_UPTO(struct alees_db_v1, text), 0},
    {ALEES_HTTP_V1, ALEES_UPTO(struct alees_http_v1, reply_json), 0},
    {ALEES_JSON_V1, ALEES_UPTO(struct alees_json_v1, put_boolean), 0},
    {ALEES_RESOURCE_V1, ALEES_UPTO(struct alees_resource_v1, refuse), 0},
    {ALEES_RBAC_V1, ALEES_UPTO(struct alees_rbac_v1, state), 0},
};

static alees_rc start(alees_self *self, const struct alees_host *host, alees_ctx *ctx, void **state) {
    (void)ctx;
    leaky = (struct leaky){self,
                           host,
                           host->service(self, ALEES_DB_V1),
                           host->service(self, ALEES_HTTP_V1),
                           host->service(self, ALEES_JSON_V1),
                           host->service(self, ALEES_RESOURCE_V1)};
    *state = &leaky;
    return ALEES_OK;
}

ALEES_EXPORT const struct alees_plugin alees_plugin_v1 = {
    FIXTURE("leaky"),
    .needs = ALEES_LIST(needs),
    .resources = ALEES_LIST(resources),
    .routes = ALEES_LIST(routes),
    .statements = ALEES_LIST(statements),
    .migrations = ALEES_LIST(migrations),
    .start = start,
};
