/* SPDX-License-Identifier: MIT
 * parcel.h - boxes of tests/plugins/parcel.c and their parts, in a world made by world_setup_with(state, "parcel"). */
#ifndef PARCEL_H
#define PARCEL_H

#include "world.h"

enum { ADMIN, ACME_MANAGER, ACME_VIEWER, GLOBEX_MANAGER, BOTH, NOBODY };
#define ACME "01930000-0000-7000-8000-000000000001"
#define GLOBEX "01930000-0000-7000-8000-000000000003"
#define UNKNOWN "01930000-0000-7000-8000-0000000000ff"

/* The id of a new box, made by the superuser. */
const char *parcel_box(struct world *w, const char *organization);
/* "/api/v1/boxes/{box}/items" and what comes behind: tail begins with the parts' name: "items?all=true". */
const char *parcel_path(struct world *w, const char *box, const char *tail);
const struct answer *parcel_ask(struct world *w, size_t user, const char *method, const char *box, const char *tail,
                                const char *body);
/* With one header more; also If-Match and the like. */
const struct answer *parcel_ask_with(struct world *w, size_t user, const char *method, const char *box,
                                     const char *tail, const char *body, const char *header, const char *value);
/* The id of a new part of the box, made by the superuser. */
const char *parcel_part(struct world *w, const char *box, const char *parts, const char *body);
int64_t parcel_version(struct world *w, const char *box);
/* Of parcel.item or another table. */
int64_t parcel_count(struct world *w, const char *table, const char *condition);

#endif
