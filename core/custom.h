/* SPDX-License-Identifier: MIT
 * custom.h - the built-in plugin `custom`: definitions of custom fields as a resource, and those that hold for the rows of
 * an organization. Level 3. Values are checked against them by engine_custom.c. */
#ifndef CUSTOM_H
#define CUSTOM_H

#include "ctx.h"
#include "resource.h"

extern const struct alees_plugin custom_plugin;
enum { CUSTOM_FIND, CUSTOM_COUNT, CUSTOM_DEMO }; /* the places of its statements */

enum { CUSTOM_MOST = 200 /* definitions for a resource in one organization, and as many for all */ };

struct custom_definition {
    struct alees_field decl;     /* as if it were a field of that name; NULLABLE, or REQUIRED */
    struct resource_field field; /* of decl; a reference is_custom */
};

/* Those that are active, by key; one of the organization itself stands for the one of that key for all. */
struct custom_definitions {
    const struct resource *resource;
    alees_id organization; /* zero: those for all alone */
    struct custom_definition *items;
    uint32_t count;
    const char **keys; /* as items */
    struct custom_definitions *next;
};

/* Of the rows of r in that organization. Read once for each within a request, until custom_forget: a write that began
 * before a definition changed is judged by the one that was. Live as long as the ctx's arena keeps them. Sets the problem. */
alees_rc custom_read(alees_ctx *ctx, const struct resource *r, const alees_id *organization,
                     const struct custom_definitions **ret_definitions) MUST_CHECK;
/* Before memory of the ctx is given back; after a definition has changed. */
void custom_forget(alees_ctx *ctx);
/* NULL: there is none. */
const struct custom_definition *custom_find(const struct custom_definitions *definitions, alees_str key);

/* custom_demo.c: the plugin's part of `alees demo`; state is the plugin. */
alees_rc custom_demo(void *state, alees_ctx *ctx) MUST_CHECK;

#endif
