/* SPDX-License-Identifier: MIT
 * archive.c - rows that are marked when they are deleted, of each kind that can be, and rows that refer to them: by keys
 * that hold, by one that lets go, and as parts. */
#include "fixture.h"

#define STANDARD \
    "id uuid NOT NULL DEFAULT alees.new_id(), created_at timestamptz NOT NULL DEFAULT now(), " \
    "updated_at timestamptz NOT NULL DEFAULT now(), created_by uuid, updated_by uuid, " \
    "version integer NOT NULL DEFAULT 1, title text NOT NULL, "
#define MARK "deleted_at timestamptz, deleted_by uuid, "
#define OF_ONE STANDARD "organization_id uuid NOT NULL, PRIMARY KEY (organization_id, id), UNIQUE (id)"
#define FOLDER(column) "FOREIGN KEY (organization_id, " column ") REFERENCES archive.folder (organization_id, id)"

static const struct alees_need needs[] = {
    {ALEES_RESOURCE_V1, ALEES_UPTO(struct alees_resource_v1, before), 0},
    {ALEES_RBAC_V1, ALEES_UPTO(struct alees_rbac_v1, catalogue), 0},
};

#define TITLE \
    { \
        .name = "title", .type = ALEES_TEXT, .flags = ALEES_REQUIRED | ALEES_FILTER | ALEES_SORT, .max = 100, \
        .description = "What it is called.", .example = "\"a\"" \
    }
#define UNIQUE_TITLE \
    { \
        .name = "title", .type = ALEES_TEXT, .flags = ALEES_REQUIRED | ALEES_UNIQUE | ALEES_FILTER | ALEES_SORT, \
        .max = 100, .description = "What it is called.", .example = "\"a\"" \
    }
#define REFERENCE(its_name, its_flags, its_target, its_description) \
    { \
        .name = (its_name), .type = ALEES_REFERENCE, .flags = (its_flags) | ALEES_FILTER, .reference = (its_target), \
        .description = (its_description) \
    }

static const struct alees_field folder[] = {
    UNIQUE_TITLE,
    {.name = "tags", .type = ALEES_TAGS, .flags = ALEES_FILTER, .fallback = "[]", .description = "Words for it."},
    REFERENCE("within", ALEES_NULLABLE, "archive.folder", "The one that it is in."),
    REFERENCE("seal", ALEES_NULLABLE, "archive.seal", "What keeps it closed."),
    {.name = "sheets",
     .type = ALEES_PARTS,
     .flags = ALEES_FILTER,
     .reference = "archive.sheet",
     .description = "What is in it."},
};
static const struct alees_field paper[] = {
    TITLE,
    REFERENCE("folder", ALEES_REQUIRED, "archive.folder", "Where it is."),
    REFERENCE("other", ALEES_NULLABLE | ALEES_WEAK, "archive.folder", "Where it was, as long as that is there."),
};
static const struct alees_field note[] = {
    TITLE,
    REFERENCE("folder", ALEES_NULLABLE, "archive.folder", "Where it is."),
    REFERENCE("hint", ALEES_NULLABLE, "archive.folder", "Where to look; empty when that has gone."),
};
static const struct alees_field sheet[] = {
    REFERENCE("folder", ALEES_READ_ONLY, "archive.folder", "Where it is."),
    TITLE,
};
static const struct alees_field seal[] = {UNIQUE_TITLE};
static const struct alees_field notice[] = {UNIQUE_TITLE};

#define SOFT(its_name, its_path, its_scope, its_flags, its_fields, its_description) \
    { \
        .name = (its_name), .path = (its_path), .table = "archive." its_name, .scope = (its_scope), \
        .flags = (its_flags) | ALEES_RESOURCE_SOFT_DELETE, .order = "title", .description = (its_description), \
        .fields = ALEES_LIST(its_fields) \
    }
static const struct alees_resource resources[] = {
    SOFT("folder", "/folders", ALEES_SCOPE_ORGANIZATION, 0, folder, "What holds papers."),
    SOFT("paper", "/papers", ALEES_SCOPE_ORGANIZATION, 0, paper, "What can be deleted, too."),
    SOFT("seal", "/seals", ALEES_SCOPE_GLOBAL, 0, seal, "What belongs to nobody."),
    SOFT("notice", "/notices", ALEES_SCOPE_ORGANIZATION, ALEES_RESOURCE_OPTIONAL | ALEES_RESOURCE_SHARED, notice,
         "What one organization or all are told."),
    {.name = "note",
     .path = "/notes",
     .table = "archive.note",
     .scope = ALEES_SCOPE_ORGANIZATION,
     .description = "What is deleted for good.",
     .fields = ALEES_LIST(note)},
    {.name = "sheet",
     .path = "/sheets",
     .table = "archive.sheet",
     .scope = ALEES_SCOPE_ORGANIZATION,
     .description = "What is in a folder.",
     .fields = ALEES_LIST(sheet),
     .owner = "folder"},
};

static const struct alees_migration migrations[] = {
    {1, 0, "create tables",
     "CREATE TABLE archive.seal (" STANDARD MARK "PRIMARY KEY (id));"
     "CREATE UNIQUE INDEX seal_title ON archive.seal (title) WHERE deleted_at IS NULL;"
     "CREATE TABLE archive.notice (" STANDARD MARK "organization_id uuid, PRIMARY KEY (id));"
     "CREATE INDEX notice_organization ON archive.notice (organization_id, id);"
     "CREATE UNIQUE INDEX notice_title ON archive.notice (organization_id, title) WHERE deleted_at IS NULL;"
     "CREATE TABLE archive.folder (" MARK "tags text[] NOT NULL, within_id uuid, "
     "seal_id uuid REFERENCES archive.seal, " OF_ONE ", " FOLDER(
         "within_id") ");"
                      "CREATE UNIQUE INDEX folder_title ON archive.folder (organization_id, title) WHERE deleted_at IS "
                      "NULL;"
                      "CREATE TABLE archive.paper (" MARK "folder_id uuid NOT NULL, other_id uuid, " OF_ONE ", " FOLDER(
                          "folder_id") ");"
                                       "CREATE TABLE archive.note (folder_id uuid, hint_id uuid, " OF_ONE
                                       ", " FOLDER("folder_id") ", " FOLDER(
                                           "hint_id") " ON DELETE SET NULL (hint_id));"
                                                      "CREATE TABLE archive.sheet (folder_id uuid NOT NULL, " OF_ONE
                                                      ", " FOLDER(
                                                          "folder_id") " ON DELETE CASCADE);"
                                                                       "CREATE INDEX sheet_folder ON archive.sheet "
                                                                       "(organization_id, folder_id);"},
};

static alees_rc start(alees_self *self, const struct alees_host *host, alees_ctx *ctx, void **state) {
    (void)self;
    (void)host;
    (void)ctx;
    *state = NULL;
    return ALEES_OK;
}

ALEES_EXPORT const struct alees_plugin alees_plugin_v1 = {
    FIXTURE("archive"),
    .needs = ALEES_LIST(needs),
    .resources = ALEES_LIST(resources),
    .migrations = ALEES_LIST(migrations),
    .start = start,
};
