/* SPDX-License-Identifier: MIT
 * sample.h - a resource with a field of every type, for tests of the engine that need no plugin and no database. */
#ifndef SAMPLE_H
#define SAMPLE_H

#include "engine_parts.h"

/* scope: ALEES_SCOPE_*. Lives as long as the arena. Its fields: id, organization (when scoped), created_at, updated_at,
 * created_by, updated_by, then
 *   name TEXT 1..10 required, filter, sort        size INTEGER 1..100 filter, sort, fallback 7
 *   price DECIMAL -5..1000 filter, sort           sold BOOLEAN filter
 *   since DATE filter, nullable                   at TIMESTAMP filter, sort
 *   key UUID filter, nullable                     status CHOICE draft|active|archived filter, fallback draft
 *   category REFERENCE filter, nullable           attributes JSON
 *   tags TAGS filter                              secret TEXT write-only
 *   slug TEXT read-only                           code TEXT write-once, unique */
struct resource *sample_resource(struct arena *arena, uint32_t scope);
/* The declaration; and of two that stand in no resource: parts REFERENCES at most 2, words TAGS 1..60. */
const struct alees_field *sample_field(const char *name);

/* A request to the list of r with that query, undecoded values as they are: "name=a&size=3". */
alees_ctx *sample_ctx(struct arena *arena, struct resource *r, const char *query);
extern struct engine_fields sample_every_field;                 /* what a caller may read whom no role restricts */
alees_json *sample_json(struct arena *arena, const char *text); /* fails the test if it is not JSON */

#endif
