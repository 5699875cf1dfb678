/* SPDX-License-Identifier: MIT
 * kinds.c - one resource of each kind that rows can belong to, apart from that of a single organization alone. */
#include "fixture.h"

#include <stdio.h>
#include <string.h>

#include "alees/db.h"
#include "alees/http.h"
#include "alees/json.h"
#include "alees/util.h"

#define COLUMNS \
    "id uuid NOT NULL DEFAULT alees.new_id(), created_at timestamptz NOT NULL DEFAULT now(), " \
    "updated_at timestamptz NOT NULL DEFAULT now(), created_by uuid, updated_by uuid, " \
    "version integer NOT NULL DEFAULT 1, title text NOT NULL"
#define STANDARD COLUMNS ", PRIMARY KEY (id)"

static const struct alees_need needs[] = {
    {ALEES_DB_V1, ALEES_UPTO(struct alees_db_v1, run), 0},
    {ALEES_HTTP_V1, ALEES_UPTO(struct alees_http_v1, reply_row), 0},
    {ALEES_JSON_V1, ALEES_UPTO(struct alees_json_v1, text), 0},
    {ALEES_RESOURCE_V1, ALEES_UPTO(struct alees_resource_v1, page_set), 0},
    {ALEES_RBAC_V1, ALEES_UPTO(struct alees_rbac_v1, catalogue), 0},
};

static const struct alees_field title[] = {
    {.name = "title",
     .type = ALEES_TEXT,
     .flags = ALEES_REQUIRED | ALEES_FILTER | ALEES_SORT,
     .max = 100,
     .description = "What it is called.",
     .example = "\"a\""},
};
static const struct alees_field own[] = {
    {.name = "title",
     .type = ALEES_TEXT,
     .flags = ALEES_REQUIRED | ALEES_UNIQUE | ALEES_FILTER,
     .max = 100,
     .description = "What it is called.",
     .example = "\"a\""},
    {.name = "user",
     .column = "user_id",
     .type = ALEES_UUID,
     .flags = ALEES_READ_ONLY | ALEES_FILTER,
     .description = "Whose it is."},
};
static const struct alees_field card[] = {
    {.name = "title",
     .type = ALEES_TEXT,
     .flags = ALEES_REQUIRED | ALEES_FILTER,
     .max = 100,
     .description = "What it is called.",
     .example = "\"a\""},
    {.name = "secret",
     .type = ALEES_TEXT,
     .flags = ALEES_WRITE_ONLY | ALEES_NULLABLE,
     .description = "What is never shown."},
    {.name = "parts",
     .type = ALEES_REFERENCES,
     .reference = "kinds.card",
     .max = 3,
     .fallback = "[]",
     .description = "What it is made of."},
    {.name = "holder",
     .type = ALEES_REFERENCE,
     .flags = ALEES_NULLABLE,
     .reference = "kinds.person",
     .description = "Who has it."},
    {.name = "rule",
     .type = ALEES_REFERENCE,
     .flags = ALEES_NULLABLE,
     .reference = "kinds.rule",
     .description = "By which rule."},
    {.name = "note",
     .type = ALEES_REFERENCE,
     .flags = ALEES_NULLABLE,
     .reference = "kinds.note",
     .description = "What somebody says of it."},
    {.name = "pair",
     .type = ALEES_REFERENCE,
     .flags = ALEES_NULLABLE | ALEES_WEAK,
     .reference = "kinds.card",
     .description = "Another one, as long as it is there."},
    {.name = "trail",
     .type = ALEES_TEXT,
     .flags = ALEES_READ_ONLY | ALEES_NULLABLE,
     .description = "What the hooks were told."},
    {.name = "label",
     .type = ALEES_TEXT,
     .flags = ALEES_COMPUTED | ALEES_NULLABLE,
     .description = "Its title and its organization, as represent was told."},
    {.name = "company",
     .type = ALEES_INTEGER,
     .flags = ALEES_COMPUTED,
     .min = 0,
     .max = 100000,
     .description = "How many cards represent was called for at once."},
    {.name = "facts",
     .type = ALEES_JSON,
     .flags = ALEES_COMPUTED | ALEES_NULLABLE,
     .description = "A list, of cards whose title is listed."},
};
static alees_rc represent_cards(void *state, alees_ctx *ctx, alees_page *page);
static alees_rc before_card(void *state, alees_ctx *ctx, alees_change *change);

static const struct alees_resource resources[] = {
    {.name = "card",
     .path = "/cards",
     .table = "kinds.card",
     .scope = ALEES_SCOPE_ORGANIZATION,
     .description = "What a hook looks at.",
     .fields = ALEES_LIST(card),
     .before_write = before_card,
     .represent = represent_cards},
    {.name = "note",
     .path = "/notes",
     .table = "kinds.note",
     .scope = ALEES_SCOPE_OWN,
     .description = "What a user keeps for themselves.",
     .fields = ALEES_LIST(own)},
    {.name = "ticket",
     .path = "/tickets",
     .table = "kinds.ticket",
     .scope = ALEES_SCOPE_OWN,
     .flags = ALEES_RESOURCE_NO_CREATE | ALEES_RESOURCE_NO_CHANGE,
     .description = "The same, made by a route of the plugin's own.",
     .fields = ALEES_LIST(title)},
    {.name = "person",
     .path = "/people",
     .table = "kinds.person",
     .scope = ALEES_SCOPE_SEVERAL,
     .order = "title",
     .description = "Who belongs to several.",
     .fields = ALEES_LIST(title)},
    {.name = "rule",
     .path = "/rules",
     .table = "kinds.rule",
     .scope = ALEES_SCOPE_ORGANIZATION,
     .flags = ALEES_RESOURCE_OPTIONAL | ALEES_RESOURCE_SHARED,
     .order = "title",
     .description = "What holds in one organization or in all.",
     .fields = ALEES_LIST(title)},
    {.name = "draft",
     .path = "/drafts",
     .table = "kinds.draft",
     .scope = ALEES_SCOPE_ORGANIZATION,
     .flags = ALEES_RESOURCE_OPTIONAL,
     .description = "What superusers keep from others.",
     .fields = ALEES_LIST(title)},
    {.name = "entry",
     .path = "/entries",
     .table = "kinds.entry",
     .scope = ALEES_SCOPE_ORGANIZATION,
     .flags = ALEES_RESOURCE_OPTIONAL | ALEES_RESOURCE_NO_CREATE | ALEES_RESOURCE_NO_CHANGE | ALEES_RESOURCE_NO_DELETE,
     .description = "What is only read.",
     .fields = ALEES_LIST(title)},
};
static const struct alees_migration migrations[] = {
    {1, 0, "create tables",
     "CREATE TABLE kinds.note (" STANDARD ", user_id uuid NOT NULL, UNIQUE (user_id, title));"
     "CREATE TABLE kinds.ticket (" STANDARD ", user_id uuid NOT NULL);"
     "CREATE INDEX ticket_user ON kinds.ticket (user_id, id);"
     "CREATE TABLE kinds.person (" STANDARD ", scope_ids uuid[] NOT NULL DEFAULT '{}');"
     "CREATE INDEX person_scope ON kinds.person USING gin (scope_ids);"
     "CREATE TABLE kinds.rule (" STANDARD ", organization_id uuid);"
     "CREATE INDEX rule_organization ON kinds.rule (organization_id, id);"
     "CREATE TABLE kinds.draft (" STANDARD ", organization_id uuid);"
     "CREATE INDEX draft_organization ON kinds.draft (organization_id, id);"
     "CREATE TABLE kinds.entry (" STANDARD ", organization_id uuid);"
     "CREATE INDEX entry_organization ON kinds.entry (organization_id, id);"
     "CREATE TABLE kinds.card (" COLUMNS ", organization_id uuid NOT NULL, secret text, "
     "parts uuid[] NOT NULL, trail text, pair_id uuid, holder_id uuid REFERENCES kinds.person ON DELETE SET NULL, "
     "rule_id uuid REFERENCES kinds.rule ON DELETE SET NULL, note_id uuid REFERENCES kinds.note ON DELETE SET NULL, "
     "UNIQUE (id), PRIMARY KEY (organization_id, id));"},
};

enum { ADD_TICKET, COUNT_NOTES, COUNT_RULES, DIVIDE };
static const struct alees_statement statements[] = {
    [ADD_TICKET] = {"add_ticket", "INSERT INTO kinds.ticket (user_id, title) VALUES ($1::uuid, $2) RETURNING id", 2, 0},
    [COUNT_NOTES] = {"count_notes", "SELECT count(*) FROM kinds.note", 0, 0},
    [COUNT_RULES] = {"count_rules", "SELECT count(*) FROM kinds.rule", 0, 0},
    [DIVIDE] = {"divide", "SELECT 1 / (0 * $1::bigint)", 1, 0},
};

static struct {
    alees_self *self;
    const struct alees_host *host;
    const struct alees_db_v1 *db;
    const struct alees_http_v1 *http;
    const struct alees_json_v1 *json;
    const struct alees_resource_v1 *resource;
} kinds;

static alees_rc start(alees_self *self, const struct alees_host *host, alees_ctx *ctx, void **state) {
    (void)ctx;
    kinds.self = self;
    kinds.host = host;
    kinds.db = host->service(self, ALEES_DB_V1);
    kinds.http = host->service(self, ALEES_HTTP_V1);
    kinds.json = host->service(self, ALEES_JSON_V1);
    kinds.resource = host->service(self, ALEES_RESOURCE_V1);
    *state = &kinds;
    return ALEES_OK;
}

/* Leaves what it was told in the row: "organization|title|parts|secret|version". Refuses to delete what is called keep. */
static alees_rc before_card(void *state, alees_ctx *ctx, alees_change *change) {
    static const char *const fields[] = {"title", "parts", "secret", "updated_by", "nonsense"};
    const struct alees_resource_v1 *r = kinds.resource;
    alees_id organization = r->organization(change);
    char text[512];
    size_t len = (size_t)snprintf(text, sizeof text, "%s", alees_id_format(&organization, (char[37]){0}));
    (void)state;
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        alees_str before = r->before(change, fields[i]);
        len += (size_t)snprintf(text + len, sizeof text - len, "|%.*s", before.ptr ? (int)before.len : 1,
                                before.ptr ? before.ptr : "-");
    }
    if (r->action(change) != ALEES_DELETE_ROW) {
        return r->set(change, "trail", (alees_str){text, len});
    }
    return strstr(text, "|keep|") ? kinds.host->fail(ctx, ALEES_E_CONFLICT, "kept", (alees_str){text, len}) : ALEES_OK;
}

/* What a title makes it do, beside what it is for. */
static alees_rc act_up(alees_ctx *ctx, alees_page *page, uint32_t row, alees_str called) {
    const struct alees_resource_v1 *r = kinds.resource;
    const alees_str one = {"1", 1};
    alees_rows *rows = NULL;
    if (alees_equal(called, alees_text("fail"))) {
        return kinds.host->fail(ctx, ALEES_E_CONFLICT, "failed", called);
    }
    if (alees_equal(called, alees_text("missing"))) {
        return ALEES_E_NOT_FOUND;
    }
    if (alees_equal(called, alees_text("divide"))) {
        return kinds.db->run(kinds.self, ctx, &statements[DIVIDE], &one, 1, &rows);
    }
    if (alees_equal(called, alees_text("wrong"))) {
        return r->page_set(page, row, "company", alees_text("12, \"title\": 3"));
    }
    if (alees_equal(called, alees_text("stored"))) {
        return r->page_set(page, row, "title", called);
    }
    if (alees_equal(called, alees_text("rules"))) {
        alees_rc rc = kinds.db->run(kinds.self, ctx, &statements[COUNT_RULES], NULL, 0, &rows);
        return rc == ALEES_OK ? r->page_set(page, row, "facts", kinds.db->text(rows, 0, 0)) : rc;
    }
    return alees_equal(called, alees_text("listed")) ? r->page_set(page, row, "facts", alees_text("[1, {\"a\": null}]"))
                                                     : ALEES_OK;
}

static alees_rc represent_cards(void *state, alees_ctx *ctx, alees_page *page) {
    const struct alees_resource_v1 *r = kinds.resource;
    uint32_t count = r->page_count(page);
    alees_rc rc = ALEES_OK;
    (void)state;
    for (uint32_t row = 0; row < count && rc == ALEES_OK; row++) {
        alees_id organization = r->page_organization(page, row), id = r->page_id(page, row);
        alees_str called = r->page_value(page, row, "title");
        char text[256], number[16];
        snprintf(text, sizeof text, "%.*s of %s, %s", called.ptr ? (int)called.len : 1, called.ptr ? called.ptr : "?",
                 alees_id_format(&organization, (char[37]){0}), alees_id_format(&id, (char[37]){0}));
        snprintf(number, sizeof number, "%u", (unsigned)count);
        rc = r->page_set(page, row, "label", alees_text(text));
        rc = rc == ALEES_OK ? r->page_set(page, row, "company", alees_text(number)) : rc;
        rc = rc == ALEES_OK ? act_up(ctx, page, row, called) : rc;
    }
    return rc;
}

/* For the user that the body names, so that a test can try another one. */
static alees_rc add_ticket(void *state, alees_ctx *ctx) {
    const alees_json *body = kinds.http->json(ctx);
    const alees_str params[] = {kinds.json->text(kinds.json->get(body, "user")),
                                kinds.json->text(kinds.json->get(body, "title"))};
    alees_rows *rows = NULL;
    alees_id id;
    alees_rc rc = kinds.db->run(kinds.self, ctx, &statements[ADD_TICKET], params, 2, &rows);
    (void)state;
    if (rc == ALEES_OK) {
        rc = alees_id_parse(kinds.db->text(rows, 0, 0), &id);
    }
    return rc == ALEES_OK ? kinds.http->reply_row(ctx, 201, "kinds.ticket", id) : rc;
}

static alees_rc count_notes(void *state, alees_ctx *ctx) {
    char text[64];
    alees_str count;
    alees_rows *rows = NULL;
    alees_rc rc = kinds.db->run(kinds.self, ctx, &statements[COUNT_NOTES], NULL, 0, &rows);
    (void)state;
    if (rc != ALEES_OK) {
        return rc;
    }
    count = kinds.db->text(rows, 0, 0);
    snprintf(text, sizeof text, "{\"count\":%.*s}", (int)count.len, count.ptr);
    return kinds.http->reply(ctx, 200, "application/json", alees_text(text));
}

static alees_rc touch_rule(void *state, alees_ctx *ctx) {
    (void)state;
    return kinds.http->reply(ctx, 200, "application/json", alees_text("{\"touched\":true}"));
}

static const struct alees_field ticket_body[] = {
    {.name = "user", .type = ALEES_UUID, .flags = ALEES_REQUIRED, .description = "Whose."},
    {.name = "title", .type = ALEES_TEXT, .flags = ALEES_REQUIRED, .max = 100, .description = "What."},
};
static const struct alees_field touch_parameters[] = {
    {.name = "id", .type = ALEES_UUID, .flags = ALEES_IN_PATH, .description = "Which one."},
};
static const struct alees_field count_response[] = {
    {.name = "count", .type = ALEES_INTEGER, .description = "How many."},
};
static const struct alees_field touch_response[] = {
    {.name = "touched", .type = ALEES_BOOLEAN, .description = "Always."},
};
static const struct alees_route routes[] = {
    {.method = ALEES_POST,
     .flags = ALEES_ROUTE_LOGIN,
     .path = "/tickets",
     .summary = "Create a ticket",
     .body = ALEES_LIST(ticket_body),
     .status = 201,
     .row = "kinds.ticket",
     .handle = add_ticket},
    {.method = ALEES_GET,
     .flags = ALEES_ROUTE_LOGIN | ALEES_ROUTE_READ,
     .path = "/notes/mine/count",
     .summary = "How many notes are in reach",
     .response = ALEES_LIST(count_response),
     .handle = count_notes},
    {.method = ALEES_POST,
     .path = "/rules/{id}/touch",
     .summary = "Touch a rule",
     .permission = "kinds.change_rule",
     .parameters = ALEES_LIST(touch_parameters),
     .object = "kinds.rule",
     .response = ALEES_LIST(touch_response),
     .handle = touch_rule},
};

static const struct alees_error errors[] = {
    {"kept", 409, 0, "Kept", "The row is to be kept."},
    {"failed", 409, 0, "Failed", "The hook has failed on purpose."},
};

ALEES_EXPORT const struct alees_plugin alees_plugin_v1 = {
    FIXTURE("kinds"),
    .needs = ALEES_LIST(needs),
    .resources = ALEES_LIST(resources),
    .routes = ALEES_LIST(routes),
    .statements = ALEES_LIST(statements),
    .migrations = ALEES_LIST(migrations),
    .start = start,
    .errors = ALEES_LIST(errors),
};
