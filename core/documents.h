/* SPDX-License-Identifier: MIT
 * documents.h - the descriptions of the API as clients fetch them: GET /openapi.json and the like. Level 4.
 *
 * A document is made when it is asked for the first time, and kept packed, a few of them: of all routes for those without a
 * token, of others for those whose rights are the same. One at a time is made. */
#ifndef DOCUMENTS_H
#define DOCUMENTS_H

#include "app.h"

struct documents;

/* What is kept lives as long as the arena. E_NOMEM. [boot] */
alees_rc documents_new(struct arena *arena, struct documents **ret_documents) MUST_CHECK;

/* Handlers of the routes of pipeline_host.c. */
alees_rc documents_openapi(alees_ctx *ctx);

#endif
