/* SPDX-License-Identifier: MIT
 * good.c - a small plugin with one of everything. */
#include "fixture.h"

#include "alees/db.h"

static const struct alees_need needs[] = {
    {ALEES_DB_V1, ALEES_UPTO(struct alees_db_v1, run), 0},
    {"fixture.absent/1", 8, ALEES_NEED_OPTIONAL},
    {ALEES_RBAC_V1, ALEES_UPTO(struct alees_rbac_v1, catalogue), 0},
};
static const char *const offers[] = {"fixture.good/1"};
static const struct alees_setting settings[] = {
    {"greeting", ALEES_TEXT, 0, 0, 0, NULL, "hello", "What to say."},
    {"limit", ALEES_INTEGER, 0, 1, 10, NULL, "3", "How often."},
};
static const struct alees_permission permissions[] = {
    {"good.count_things", "Count things"},
};
static const struct alees_field fields[] = {
    {.name = "name",
     .type = ALEES_TEXT,
     .flags = ALEES_REQUIRED | ALEES_UNIQUE | ALEES_FILTER | ALEES_SORT,
     .max = 100,
     .description = "What it is called.",
     .example = "\"bolt\""},
    {.name = "kind", .type = ALEES_CHOICE, .choices = "a|b", .fallback = "\"a\"", .description = "Its kind."},
    {.name = "parent",
     .type = ALEES_REFERENCE,
     .flags = ALEES_NULLABLE,
     .reference = "good.thing",
     .description = "What it is part of."},
    {.name = "elsewhere",
     .type = ALEES_REFERENCE,
     .flags = ALEES_NULLABLE,
     .reference = "unloaded.row",
     .description = "A row of a plugin that is not there."},
};
static const struct alees_resource resources[] = {
    {.name = "thing",
     .path = "/things",
     .table = "good.thing",
     .scope = ALEES_SCOPE_ORGANIZATION,
     .order = "-name",
     .description = "Things.",
     .fields = ALEES_LIST(fields)},
    {.name = "unit_of_measure",
     .path = "/units-of-measure",
     .table = "good.unit_of_measure",
     .scope = ALEES_SCOPE_GLOBAL,
     .description = "Units.",
     .fields = ALEES_LIST(fields)},
};
static const struct alees_field parameters[] = {
    {.name = "id", .type = ALEES_UUID, .flags = ALEES_IN_PATH, .description = "Which one."},
    {.name = "unit", .type = ALEES_TEXT, .flags = ALEES_IN_QUERY, .description = "In which unit."},
};
static const struct alees_statement statements[] = {
    {"count", "SELECT count(*) FROM good.thing WHERE id = $1::uuid", 1, 0},
    {"now", "SELECT now()", 0, ALEES_STATEMENT_ALONE},
};
static const struct alees_migration migrations[] = {
    {1, 0, "create tables", "CREATE TABLE good.thing (); CREATE TABLE good.unit_of_measure ();"},
};
static const struct alees_metric metrics[] = {
    {"counted_total", "Things counted"},
    {"open", "Things open"},
};

static int started; /* how often, minus how often it was stopped: seen through the service */

static alees_rc start(alees_self *self, const struct alees_host *host, alees_ctx *ctx, void **state) {
    (void)self;
    (void)host;
    (void)ctx;
    started++;
    *state = &started;
    return ALEES_OK;
}

static struct good_v1 {
    uint32_t struct_size, reserved0;
    int *started;
} table = {sizeof(struct good_v1), 0, &started};

static const void *offer(void *state, const char *id) {
    (void)id;
    return state == &started ? &table : NULL;
}

static void stop(void *state) {
    (*(int *)state)--;
}

static alees_rc count(void *state, alees_ctx *ctx) {
    (void)state;
    (void)ctx;
    return ALEES_OK;
}

static alees_rc command(void *state, alees_ctx *ctx, int argc, char **argv) {
    (void)state;
    (void)ctx;
    (void)argc;
    (void)argv;
    return ALEES_OK;
}

static const struct alees_command commands[] = {
    {"greet", "greet NAME", "Say hello", command},
};
static const struct alees_route routes[] = {
    {.method = ALEES_GET,
     .flags = ALEES_ROUTE_READ,
     .path = "/things/{id}/count",
     .permission = "good.count_things",
     .object = "good.thing",
     .summary = "Count",
     .parameters = ALEES_LIST(parameters),
     .handle = count},
    {.method = ALEES_GET,
     .flags = ALEES_ROUTE_PUBLIC | ALEES_ROUTE_READ,
     .path = "/good/hello",
     .summary = "Say hello",
     .handle = count},
    {.method = ALEES_GET,
     .flags = ALEES_ROUTE_LOGIN | ALEES_ROUTE_READ,
     .path = "/good/me",
     .summary = "Say who",
     .handle = count},
};

ALEES_EXPORT const struct alees_plugin alees_plugin_v1 = {
    FIXTURE("good"),
    .needs = ALEES_LIST(needs),
    .offers = ALEES_LIST(offers),
    .settings = ALEES_LIST(settings),
    .permissions = ALEES_LIST(permissions),
    .resources = ALEES_LIST(resources),
    .routes = ALEES_LIST(routes),
    .statements = ALEES_LIST(statements),
    .migrations = ALEES_LIST(migrations),
    .commands = ALEES_LIST(commands),
    .metrics = ALEES_LIST(metrics),
    .start = start,
    .offer = offer,
    .stop = stop,
};
