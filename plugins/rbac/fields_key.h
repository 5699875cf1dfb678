/* SPDX-License-Identifier: MIT
 * fields_key.h - the fields of API keys, tokens and invitations; included by resources.c. */
#ifndef RBAC_FIELDS_KEY_H
#define RBAC_FIELDS_KEY_H

#include "alees/resource.h"

/* --- API keys and tokens: of one user --- */

#define OF_USER \
    { \
        .name = "user", .column = "user_id", .type = ALEES_REFERENCE, .reference = "rbac.user", \
        .flags = ALEES_READ_ONLY | ALEES_FILTER, .description = "Whose it is.", \
        .example = "\"019a0c1e-7c1b-7d52-9c2e-3f1f6a1d2b3c\"" \
    }

static const struct alees_field key_fields[] = {
    OF_USER,
    {.name = "name",
     .type = ALEES_TEXT,
     .flags = ALEES_REQUIRED | ALEES_FILTER | ALEES_SORT | ALEES_SEARCH,
     .min = 1,
     .max = 100,
     .description = "What it is for. The only thing that can be changed.",
     .example = "\"nightly export\""},
    {.name = "prefix",
     .type = ALEES_TEXT,
     .flags = ALEES_READ_ONLY,
     .description = "How the key begins, to tell it from others.",
     .example = "\"alees_key_6nqWc0\""},
    {.name = "permissions",
     .type = ALEES_TAGS,
     .flags = ALEES_READ_ONLY,
     .description = "What it may do, as long as its user may.",
     .example = "[\"product.view_product\"]"},
    {.name = "organizations",
     .type = ALEES_REFERENCES,
     .reference = "organization.organization",
     .flags = ALEES_READ_ONLY | ALEES_NULLABLE,
     .description = "Where; null: wherever its user may.",
     .example = "null"},
    {.name = "expires_at",
     .type = ALEES_TIMESTAMP,
     .flags = ALEES_READ_ONLY | ALEES_NULLABLE,
     .description = "When it ends; null: when it is deleted.",
     .example = "\"2027-11-22T00:00:00.000000Z\""},
    {.name = "last_used_at",
     .type = ALEES_TIMESTAMP,
     .flags = ALEES_READ_ONLY | ALEES_NULLABLE,
     .description = "When it was used last, to the hour.",
     .example = "\"2026-11-22T08:15:00.000000Z\""},
};

static const struct alees_field token_fields[] = {
    OF_USER,
    {.name = "expires_at",
     .type = ALEES_TIMESTAMP,
     .flags = ALEES_READ_ONLY | ALEES_FILTER | ALEES_SORT,
     .description = "When it ends, whatever happens in between.",
     .example = "\"2026-11-22T20:15:00.000000Z\""},
};

/* --- invitations --- */

static const struct alees_field invitation_fields[] = {
    {.name = "email",
     .type = ALEES_TEXT,
     .flags = ALEES_READ_ONLY | ALEES_FILTER | ALEES_SORT | ALEES_SEARCH | ALEES_SUBSTRING,
     .max = 254,
     .description = "Whose it is: the address of the account that may accept it.",
     .example = "\"ann@example.com\""},
    {.name = "roles",
     .column = "role_ids",
     .type = ALEES_REFERENCES,
     .reference = "rbac.role",
     .flags = ALEES_READ_ONLY,
     .description = "The roles that it gives.",
     .example = "[\"00000000-0000-7000-8000-000000000004\"]"},
    {.name = "inherit",
     .type = ALEES_BOOLEAN,
     .flags = ALEES_READ_ONLY,
     .description = "Also in the organizations below.",
     .example = "false"},
    {.name = "expires_at",
     .type = ALEES_TIMESTAMP,
     .flags = ALEES_READ_ONLY | ALEES_FILTER | ALEES_SORT,
     .description = "When it ends.",
     .example = "\"2026-11-29T08:15:00.000000Z\""},
    {.name = "accepted_at",
     .type = ALEES_TIMESTAMP,
     .flags = ALEES_READ_ONLY | ALEES_NULLABLE | ALEES_FILTER,
     .description = "When it was accepted.",
     .example = "null"},
    {.name = "accepted_by",
     .type = ALEES_UUID,
     .flags = ALEES_READ_ONLY | ALEES_NULLABLE | ALEES_FILTER,
     .description = "Who accepted it.",
     .example = "null"},
};

#endif
