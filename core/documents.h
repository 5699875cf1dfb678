/* SPDX-License-Identifier: MIT
 * documents.h - the descriptions of the API as clients fetch them: GET /openapi.json, GET /postman.json. Level 4.
 *
 * A document is made when it is asked for the first time, and kept packed, a few of them: of all routes for those without a
 * token, of those routes that they can use for users. One at a time is made.
 *
 *   documents.c         what is kept, what is answered
 *   documents_rights.c  which routes a user is told of */
#ifndef DOCUMENTS_H
#define DOCUMENTS_H

#include "app.h"

struct documents;

/* What is kept lives as long as the arena. E_NOMEM. [boot] */
alees_rc documents_new(struct arena *arena, struct documents **ret_documents) MUST_CHECK;

/* Which routes can the caller use, somewhere, or unless it is NULL in this organization? told: by place in catalogue->routes. A
 * right that reaches some row counts, whichever it is; rights to fields do not. E_NOT_FOUND: the caller has no right in that
 * organization, or there is none. Every other failure is one of the provider of alees.rbac/1. */
alees_rc documents_judge(alees_ctx *ctx, const alees_id *organization, bool *told) MUST_CHECK;

/* Handlers of the routes of pipeline_host.c. */
alees_rc documents_openapi(alees_ctx *ctx);
alees_rc documents_postman(alees_ctx *ctx);

#endif
