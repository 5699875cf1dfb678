/* SPDX-License-Identifier: MIT
 *
 * alees/organization.h - the list of organizations, for plugins that work through all of them. Offered by
 * plugins/organization. To serve a request nobody needs it: there an organization is an id and the host does the rest.
 */
#ifndef ALEES_ORGANIZATION_H
#define ALEES_ORGANIZATION_H

#include "alees/abi.h"

#ifdef __cplusplus
extern "C" {
#endif

/* One organization. Lives as long as its ctx. */
struct alees_organization {
    uint32_t struct_size;
    uint32_t has_parent; /* 0: a root; parent is zero then */
    alees_id id;
    alees_id parent;
    alees_str code, name;
};

#define ALEES_ORGANIZATION_V1 "alees.organization/1"
struct alees_organization_v1 {
    uint32_t struct_size, reserved0;
    void *state; /* the provider's own; pass the table itself as me */
    /* Calls visit for each active organization that the ctx may see (all of them in demo and in commands), the oldest
     * first. The first failure of visit ends it and is given back. [owner] */
    alees_rc (*each)(const struct alees_organization_v1 *me, alees_ctx *ctx,
                     alees_rc (*visit)(void *data, alees_ctx *ctx, const struct alees_organization *organization),
                     void *data);
};

#ifdef __cplusplus
}
#endif
#endif
