/* SPDX-License-Identifier: MIT
 * router.h - method and path -> route and path parameters. Pure: no I/O, no allocation while matching. Level 3. */
#ifndef ROUTER_H
#define ROUTER_H

#include "catalogue.h"

enum { ROUTER_MAX_PARAMETERS = 4, ROUTER_MAX_SEGMENTS = 12 };

struct router;

struct router_match {
    struct route *route; /* NULL: none for this method */
    uint32_t allowed;    /* methods of this path, 1u << ALEES_GET ..; 0: the path is unknown */
    const char *names[ROUTER_MAX_PARAMETERS];
    alees_str values[ROUTER_MAX_PARAMETERS]; /* views into path, still percent-encoded */
    uint32_t count;
};

/* A tree of segments; a literal segment wins over a parameter. E_INVALID with a line on errors if two routes are the
 * same (parameters' names do not tell them apart). */
alees_rc router_new(struct arena *arena, struct route *routes, uint32_t count, FILE *errors,
                    struct router **ret_router) MUST_CHECK;
/* One trailing slash means the same; empty segments and dot segments match nothing. */
void router_match(const struct router *r, uint32_t method, alees_str path, struct router_match *ret_match);

#endif
