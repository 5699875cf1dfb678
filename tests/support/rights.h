/* SPDX-License-Identifier: MIT
 * rights.h - a provider of alees.rbac/1 that knows nothing but fields: what may be used of the sample's, in each of some
 * organizations, as the test says; and how often it was asked. */
#ifndef RIGHTS_H
#define RIGHTS_H

#include "sample.h"

enum { RIGHTS_VIEW = 1, RIGHTS_ADD, RIGHTS_CHANGE, RIGHTS_PERMISSIONS, RIGHTS_ORGANIZATIONS = 20 };

struct rights {
    struct alees_rbac_v1 table;
    struct app app;
    struct alees_organizations where;       /* in which the caller holds all three */
    alees_id ids[RIGHTS_ORGANIZATIONS + 1]; /* 01930000-0000-0000-0000-0000000000NN, from 1 on; the last is foreign */
    const struct resource *resource;
    const char *fields[RIGHTS_PERMISSIONS][RIGHTS_ORGANIZATIONS]; /* " name size "; NULL: all */
    /* What it says instead. */
    alees_rc rc;
    bool without_result, without_bits;
    uint32_t all;
    uint32_t everywhere_calls, calls[RIGHTS_ORGANIZATIONS];
};
extern struct rights rights;

/* A request for the list of a new sample, of somebody whom nothing restricts yet in so many organizations. */
alees_ctx *rights_request(struct arena *arena, uint32_t scope, uint32_t organizations, const char *query);
bool rights_has(const bool *may, const char *field); /* as engine_fields_* tell it */
uint32_t rights_asked(void);                         /* how often, in all */

#endif
