/* SPDX-License-Identifier: MIT
 * catalogue_private.h - what the catalogue_*.c share while they build. Level 3. */
#ifndef CATALOGUE_PRIVATE_H
#define CATALOGUE_PRIVATE_H

#include "catalogue.h"
#include "plugin_private.h"
#include "resource.h"

struct catalogue_builder {
    struct arena *arena;
    const struct plugins *plugins;
    FILE *errors;
    uint32_t faults;
    bool out_of_memory;
    struct catalogue *catalogue;
};

void catalogue_fault(struct catalogue_builder *b, const struct alees_self *plugin, const char *format, ...)
    PRINTF_LIKE(3, 4);
/* A copy in the arena; an empty text without memory, which is noted. */
const char *catalogue_text(struct catalogue_builder *b, const char *format, ...) PRINTF_LIKE(2, 3);
/* Zeroed; NULL without memory, which is noted. */
void *catalogue_alloc(struct catalogue_builder *b, size_t size, size_t count);

void catalogue_add_resources(struct catalogue_builder *b);   /* with fields, references resolved */
void catalogue_add_owners(struct catalogue_builder *b);      /* what each is part of, which paths that makes */
void catalogue_add_permissions(struct catalogue_builder *b); /* gives the resources their numbers */
void catalogue_add_routes(struct catalogue_builder *b, alees_rc (*plugin_run)(alees_ctx *ctx),
                          const struct route *host_routes, uint32_t host_route_count);
void catalogue_add_errors(struct catalogue_builder *b); /* after the resources */

#endif
