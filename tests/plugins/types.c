/* SPDX-License-Identifier: MIT
 * types.c - one resource with a field of every type, each of which may be null and can be filtered by. */
#include "fixture.h"

#define FIELD(field, kind) \
    .name = (field), .type = (kind), .flags = ALEES_FILTER | ALEES_NULLABLE, .description = "One of each type."

static const struct alees_field thing[] = {
    {.name = "name",
     .type = ALEES_TEXT,
     .flags = ALEES_REQUIRED | ALEES_FILTER | ALEES_SORT,
     .max = 100,
     .description = "What it is called.",
     .example = "\"a\""},
    {FIELD("note", ALEES_TEXT)},
    {FIELD("size", ALEES_INTEGER)},
    {FIELD("price", ALEES_DECIMAL)},
    {FIELD("since", ALEES_DATE)},
    {FIELD("at", ALEES_TIMESTAMP)},
    {FIELD("key", ALEES_UUID)},
    {FIELD("sold", ALEES_BOOLEAN)},
    {FIELD("status", ALEES_CHOICE), .choices = "draft|active|archived"},
    {FIELD("other", ALEES_REFERENCE), .reference = "types.thing"},
    {FIELD("tags", ALEES_TAGS)},
    {FIELD("parts", ALEES_REFERENCES), .reference = "types.thing"},
    {FIELD("attributes", ALEES_JSON)},
};

static const struct alees_resource resources[] = {
    {.name = "thing",
     .path = "/things",
     .table = "types.thing",
     .scope = ALEES_SCOPE_ORGANIZATION,
     .order = "name",
     .description = "A field of every type.",
     .fields = ALEES_LIST(thing)},
};

static const struct alees_migration migrations[] = {
    {1, 0, "create tables",
     "CREATE TABLE types.thing (id uuid NOT NULL DEFAULT alees.new_id(), created_at timestamptz NOT NULL DEFAULT "
     "now(), "
     "updated_at timestamptz NOT NULL DEFAULT now(), created_by uuid, updated_by uuid, "
     "version integer NOT NULL DEFAULT 1, organization_id uuid NOT NULL, name text NOT NULL, note text, size integer, "
     "price numeric, since date, at timestamptz, key uuid, sold boolean, status text, "
     "other_id uuid, tags text[], parts uuid[], attributes jsonb, UNIQUE (id), PRIMARY KEY (organization_id, id), "
     "FOREIGN KEY (organization_id, other_id) REFERENCES types.thing (organization_id, id));"},
};

static alees_rc start(alees_self *self, const struct alees_host *host, alees_ctx *ctx, void **state) {
    (void)self;
    (void)host;
    (void)ctx;
    *state = NULL;
    return ALEES_OK;
}

ALEES_EXPORT const struct alees_plugin alees_plugin_v1 = {
    FIXTURE("types"),
    .resources = ALEES_LIST(resources),
    .migrations = ALEES_LIST(migrations),
    .start = start,
};
