/* SPDX-License-Identifier: MIT
 * parcel.c - boxes and what they are made of: items, which are written many at a time; labels, whose hooks look at each; and
 * seals, which no list of the box shows. */
#include "fixture.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "alees/util.h"

#define COLUMNS \
    "id uuid NOT NULL DEFAULT alees.new_id(), created_at timestamptz NOT NULL DEFAULT now(), " \
    "updated_at timestamptz NOT NULL DEFAULT now(), created_by uuid, updated_by uuid, " \
    "version integer NOT NULL DEFAULT 1, organization_id uuid NOT NULL, " \
    "PRIMARY KEY (organization_id, id), UNIQUE (id), "
#define OF_A_BOX \
    COLUMNS "box_id uuid NOT NULL, " \
            "FOREIGN KEY (organization_id, box_id) REFERENCES parcel.box (organization_id, id) ON DELETE CASCADE, "

static const struct alees_need needs[] = {
    {ALEES_RESOURCE_V1, ALEES_UPTO(struct alees_resource_v1, before), 0},
    {ALEES_RBAC_V1, ALEES_UPTO(struct alees_rbac_v1, catalogue), 0},
};

static const struct alees_field box[] = {
    {.name = "name",
     .type = ALEES_TEXT,
     .flags = ALEES_REQUIRED | ALEES_UNIQUE | ALEES_FILTER | ALEES_SORT,
     .max = 100,
     .description = "What it is called.",
     .example = "\"a\""},
    {.name = "note",
     .type = ALEES_TEXT,
     .flags = ALEES_NULLABLE,
     .max = 200,
     .description = "What is to be known of it."},
    {.name = "items",
     .type = ALEES_PARTS,
     .flags = ALEES_FILTER,
     .reference = "parcel.item",
     .max = 10,
     .description = "What is in it.",
     .example = "[{\"name\": \"screws\"}]"},
    {.name = "labels",
     .type = ALEES_PARTS,
     .flags = ALEES_FILTER,
     .reference = "parcel.label",
     .description = "What is written on it."},
};
#define BOX \
    { \
        .name = "box", .type = ALEES_REFERENCE, .flags = ALEES_READ_ONLY, .reference = "parcel.box", \
        .description = "The box that it belongs to." \
    }
static const struct alees_field item[] = {
    BOX,
    {.name = "name",
     .type = ALEES_TEXT,
     .flags = ALEES_REQUIRED | ALEES_FILTER | ALEES_SORT,
     .max = 100,
     .description = "What it is.",
     .example = "\"bolt\""},
    {.name = "quantity",
     .type = ALEES_INTEGER,
     .flags = ALEES_FILTER | ALEES_SORT,
     .min = 1,
     .max = 1000,
     .fallback = "1",
     .description = "How many of them."},
    {.name = "serial",
     .type = ALEES_TEXT,
     .flags = ALEES_NULLABLE | ALEES_UNIQUE | ALEES_FILTER | ALEES_WRITE_ONCE,
     .max = 50,
     .description = "Its number, unlike any other in the organization."},
    {.name = "kind",
     .type = ALEES_CHOICE,
     .flags = ALEES_FILTER,
     .choices = "goods|filling",
     .fallback = "\"goods\"",
     .description = "Of which kind."},
    {.name = "is_first",
     .type = ALEES_BOOLEAN,
     .flags = ALEES_SINGLE | ALEES_FILTER,
     .fallback = "false",
     .description = "Is it to be taken out first?"},
};
static const struct alees_field label[] = {
    BOX,
    {.name = "text",
     .type = ALEES_TEXT,
     .flags = ALEES_REQUIRED | ALEES_UNIQUE | ALEES_FILTER,
     .max = 100,
     .description = "What it says.",
     .example = "\"fragile\""},
    {.name = "is_main",
     .type = ALEES_BOOLEAN,
     .flags = ALEES_SINGLE | ALEES_FILTER,
     .fallback = "false",
     .description = "Is it the one on top?"},
    {.name = "trail",
     .type = ALEES_TEXT,
     .flags = ALEES_READ_ONLY | ALEES_NULLABLE,
     .description = "What the hooks were told."},
};
static const struct alees_field seal[] = {
    BOX,
    {.name = "number",
     .type = ALEES_INTEGER,
     .flags = ALEES_REQUIRED,
     .description = "What is stamped on it.",
     .example = "1"},
    {.name = "is_top",
     .type = ALEES_BOOLEAN,
     .flags = ALEES_SINGLE,
     .fallback = "false",
     .description = "Is it the one to be broken first?"},
};

static alees_rc check_label(void *state, alees_ctx *ctx, alees_change *change);
static alees_rc before_label(void *state, alees_ctx *ctx, alees_change *change);
static alees_rc after_label(void *state, alees_ctx *ctx, alees_change *change);

static const struct alees_resource resources[] = {
    {.name = "item",
     .path = "/items",
     .table = "parcel.item",
     .scope = ALEES_SCOPE_ORGANIZATION,
     .description = "What is in a box.",
     .fields = ALEES_LIST(item),
     .owner = "box"},
    {.name = "box",
     .path = "/boxes",
     .table = "parcel.box",
     .scope = ALEES_SCOPE_ORGANIZATION,
     .order = "name",
     .description = "What holds other things.",
     .fields = ALEES_LIST(box)},
    {.name = "label",
     .path = "/labels",
     .table = "parcel.label",
     .scope = ALEES_SCOPE_ORGANIZATION,
     .order = "-created_at",
     .description = "What is written on a box.",
     .fields = ALEES_LIST(label),
     .validate = check_label,
     .before_write = before_label,
     .after_write = after_label,
     .owner = "box"},
    {.name = "seal",
     .path = "/seals",
     .table = "parcel.seal",
     .scope = ALEES_SCOPE_ORGANIZATION,
     .flags = ALEES_RESOURCE_NO_CHANGE,
     .description = "What keeps a box closed.",
     .fields = ALEES_LIST(seal),
     .owner = "box"},
};

static const struct alees_migration migrations[] = {
    {1, 0, "create tables",
     "CREATE TABLE parcel.box (" COLUMNS "name text NOT NULL, note text, UNIQUE (organization_id, name));"
     "CREATE TABLE parcel.item (" OF_A_BOX "name text NOT NULL, quantity integer NOT NULL, serial text, "
     "kind text NOT NULL, is_first boolean NOT NULL, UNIQUE (organization_id, serial));"
     "CREATE INDEX item_box ON parcel.item (organization_id, box_id);"
     "CREATE UNIQUE INDEX item_first ON parcel.item (organization_id, box_id) WHERE is_first;"
     "CREATE TABLE parcel.label (" OF_A_BOX "text text NOT NULL, is_main boolean NOT NULL, trail text, "
     "UNIQUE (organization_id, text));"
     "CREATE INDEX label_box ON parcel.label (organization_id, box_id, text);"
     "CREATE UNIQUE INDEX label_main ON parcel.label (organization_id, box_id) WHERE is_main;"
     "CREATE TABLE parcel.seal (" OF_A_BOX "number bigint NOT NULL, is_top boolean NOT NULL);"
     "CREATE INDEX seal_box ON parcel.seal (organization_id, box_id);"
     "CREATE UNIQUE INDEX seal_top ON parcel.seal (organization_id, box_id) WHERE is_top;"},
};

static struct {
    const struct alees_host *host;
    const struct alees_resource_v1 *resource;
} parcel;

static alees_rc start(alees_self *self, const struct alees_host *host, alees_ctx *ctx, void **state) {
    (void)ctx;
    parcel.host = host;
    parcel.resource = host->service(self, ALEES_RESOURCE_V1);
    *state = &parcel;
    return ALEES_OK;
}

static bool is(alees_str text, const char *word) {
    return text.ptr && text.len == strlen(word) && memcmp(text.ptr, word, text.len) == 0;
}

/* What it says may not be "wrong"; "main" is the one on top, whether or not that was sent. */
static alees_rc check_label(void *state, alees_ctx *ctx, alees_change *change) {
    const struct alees_resource_v1 *r = parcel.resource;
    (void)state;
    (void)ctx;
    if (is(r->value(change, "text"), "wrong")) {
        return r->refuse(change, "text", "wrong_label", alees_text("is wrong; write something else"));
    }
    return is(r->value(change, "text"), "main") ? r->set(change, "is_main", alees_text("true")) : ALEES_OK;
}

/* Leaves what it was told in the row: "action|organization|text before|box before". */
static alees_rc before_label(void *state, alees_ctx *ctx, alees_change *change) {
    const struct alees_resource_v1 *r = parcel.resource;
    alees_id organization = r->organization(change);
    alees_str before = r->before(change, "text"), owner = r->before(change, "box");
    char text[512];
    int len = snprintf(text, sizeof text, "%u|%s|%.*s|%.*s", r->action(change),
                       alees_id_format(&organization, (char[37]){0}), before.ptr ? (int)before.len : 1,
                       before.ptr ? before.ptr : "-", owner.ptr ? (int)owner.len : 1, owner.ptr ? owner.ptr : "-");
    (void)state;
    if (is(before, "keep")) {
        return parcel.host->fail(ctx, ALEES_E_CONFLICT, "kept", alees_text("It is to be kept."));
    }
    return r->action(change) == ALEES_DELETE_ROW ? ALEES_OK : r->set(change, "trail", (alees_str){text, (size_t)len});
}

/* Too late for the label "late", which is written by then. */
static alees_rc after_label(void *state, alees_ctx *ctx, alees_change *change) {
    (void)state;
    return is(parcel.resource->value(change, "text"), "late")
               ? parcel.host->fail(ctx, ALEES_E_CONFLICT, "late", alees_text("It is too late."))
               : ALEES_OK;
}

static const struct alees_error errors[] = {
    {"kept", 409, 0, "Kept", "The parcel is to be kept."},
    {"late", 409, 0, "Too late", "The label is written by then."},
    {"wrong_label", 422, ALEES_ERROR_FIELD, "Wrong label", "Write something else."},
};

ALEES_EXPORT const struct alees_plugin alees_plugin_v1 = {
    FIXTURE("parcel"),
    .needs = ALEES_LIST(needs),
    .resources = ALEES_LIST(resources),
    .migrations = ALEES_LIST(migrations),
    .start = start,
    .errors = ALEES_LIST(errors),
};
