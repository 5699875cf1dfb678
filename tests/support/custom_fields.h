/* SPDX-License-Identifier: MIT
 * custom_fields.h - definitions of custom fields for categories, and categories that have values of them. */
#ifndef CUSTOM_FIELDS_H
#define CUSTOM_FIELDS_H

#include "world.h"

enum { ADMIN, MANAGER, VIEWER, GLOBEX_MANAGER, BOTH, NOBODY };

#define ACME "01930000-0000-7000-8000-000000000001"
#define GLOBEX "01930000-0000-7000-8000-000000000003"
#define UNKNOWN_ID "01930000-0000-7000-8000-00000000ffff"
#define DEFINITIONS "/api/v1/custom-field-definitions"
#define CATEGORIES "/api/v1/categories"

/* Before each test: there are no definitions. */
int custom_clean(void **state);

/* For categories; members: "\"key\":\"a\",\"type\":\"text\"". defined: its path. */
const struct answer *custom_define(struct world *w, size_t user, const char *members);
const char *custom_defined(struct world *w, size_t user, const char *members);

/* A new one of Acme, of Globex for its manager, with that object of custom fields; NULL: without. category_path: its path. */
const struct answer *custom_category(struct world *w, size_t user, const char *custom);
const char *custom_category_path(struct world *w, size_t user, const char *custom);
const struct answer *custom_patch(struct world *w, size_t user, const char *path, const char *custom);
const char *custom_shown(struct world *w, const struct answer *a); /* custom_fields of the row that is the answer */
/* 422, and what its first item says. */
void custom_refused(const struct answer *a, const char *pointer, const char *code, const char *part);

#endif
