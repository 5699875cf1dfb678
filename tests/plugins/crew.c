/* SPDX-License-Identifier: MIT
 * crew.c - crews, and parts of which several things are true of one at most: members, which are written many at a time, and
 * guards, whose hooks look at each. */
#include "fixture.h"

static const struct alees_need needs[] = {
    {ALEES_RBAC_V1, ALEES_UPTO(struct alees_rbac_v1, catalogue), 0},
};

#define LIST(list, part) \
    { .name = (list), .type = ALEES_PARTS, .reference = "crew." part, .description = "Who is in it." }
static const struct alees_field crew[] = {
    {.name = "name",
     .type = ALEES_TEXT,
     .flags = ALEES_REQUIRED | ALEES_UNIQUE | ALEES_FILTER,
     .max = 100,
     .description = "What it is called.",
     .example = "\"a\""},
    LIST("members", "member"),
    LIST("guards", "guard"),
};

#define ROLE(role) \
    { \
        .name = (role), .type = ALEES_BOOLEAN, .flags = ALEES_SINGLE | ALEES_FILTER, .fallback = "false", \
        .description = "Is it this one?" \
    }
static const struct alees_field person[] = {
    {.name = "crew",
     .type = ALEES_REFERENCE,
     .flags = ALEES_READ_ONLY,
     .reference = "crew.crew",
     .description = "The crew."},
    {.name = "code",
     .type = ALEES_TEXT,
     .flags = ALEES_REQUIRED | ALEES_UNIQUE | ALEES_FILTER,
     .max = 50,
     .description = "Who it is.",
     .example = "\"a\""},
    ROLE("is_lead"),
    ROLE("is_deputy"),
    ROLE("is_driver"),
};

static alees_rc before(void *state, alees_ctx *ctx, alees_change *change) {
    (void)state;
    (void)ctx;
    (void)change;
    return ALEES_OK;
}

#define PERSON(who, where, hook) \
    { \
        .name = (who), .path = (where), .table = "crew." who, .scope = ALEES_SCOPE_ORGANIZATION, \
        .description = "Who is in a crew.", .fields = ALEES_LIST(person), .owner = "crew", .before_write = (hook) \
    }
static const struct alees_resource resources[] = {
    {.name = "crew",
     .path = "/crews",
     .table = "crew.crew",
     .scope = ALEES_SCOPE_ORGANIZATION,
     .description = "People who work together.",
     .fields = ALEES_LIST(crew)},
    PERSON("member", "/members", NULL),
    PERSON("guard", "/guards", before),
};

#define COLUMNS \
    "id uuid NOT NULL DEFAULT alees.new_id(), created_at timestamptz NOT NULL DEFAULT now(), " \
    "updated_at timestamptz NOT NULL DEFAULT now(), created_by uuid, updated_by uuid, " \
    "version integer NOT NULL DEFAULT 1, organization_id uuid NOT NULL, " \
    "PRIMARY KEY (organization_id, id), UNIQUE (id), "
#define UNIQUE_ROLE(table, role) "CREATE UNIQUE INDEX ON crew." table " (organization_id, crew_id) WHERE is_" role ";"
#define TABLE(table) \
    "CREATE TABLE crew." table " (" COLUMNS "crew_id uuid NOT NULL, code text NOT NULL, is_lead boolean NOT NULL, " \
    "is_deputy boolean NOT NULL, is_driver boolean NOT NULL, UNIQUE (organization_id, code), " \
    "FOREIGN KEY (organization_id, crew_id) REFERENCES crew.crew (organization_id, id) ON DELETE CASCADE);" \
    "CREATE INDEX ON crew." table " (organization_id, crew_id);" UNIQUE_ROLE(table, "lead") \
        UNIQUE_ROLE(table, "deputy") UNIQUE_ROLE(table, "driver")

static const struct alees_migration migrations[] = {
    {1, 0, "create tables",
     "CREATE TABLE crew.crew (" COLUMNS "name text NOT NULL, UNIQUE (organization_id, name));" TABLE("member")
         TABLE("guard")},
};

ALEES_EXPORT const struct alees_plugin alees_plugin_v1 = {
    FIXTURE("crew"),
    .needs = ALEES_LIST(needs),
    .resources = ALEES_LIST(resources),
    .migrations = ALEES_LIST(migrations),
};
