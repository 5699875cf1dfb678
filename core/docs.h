/* SPDX-License-Identifier: MIT
 * docs.h - pages for those who write clients: /docs, the API reference, and /docs/errors, what the codes mean. Level 4.
 *
 *   docs.c         the page, who may see it, headers
 *   docs_files.c   its scripts and styles, sent as they lie in a folder
 *   docs_errors.c  the error codes, as HTML and as JSON
 *
 * The files of the page are none of the server's own making (docs/page): without them everything else works, and /docs says
 * how to get them. */
#ifndef DOCS_H
#define DOCS_H

#include "app.h"
#include "config.h"

struct docs;

/* In the order of the choices of docs.access. The page itself holds nothing: with LOGIN it is served like with PUBLIC, asks for
 * a token, and shows what /openapi.json answers to that. */
enum docs_access { DOCS_PUBLIC, DOCS_LOGIN, DOCS_OFF };

/* Opens the files of docs.path, or of the folder where they are installed, for as long as the arena lives; no folder is
 * as good. E_INVALID with a line on errors if docs.path is set and they are not there. E_NOMEM. [boot] */
alees_rc docs_open(struct arena *arena, const struct config *c, FILE *errors, struct docs **ret_docs) MUST_CHECK;

/* Handlers of the routes of pipeline_host.c. */
alees_rc docs_page(alees_ctx *ctx);
alees_rc docs_file(alees_ctx *ctx);
alees_rc docs_errors(alees_ctx *ctx);
alees_rc docs_error(alees_ctx *ctx);

/* ---- among the three files ---- */

/* Headers that let a page load and ask nothing but this server, and nobody frame it. */
alees_rc docs_protect(alees_ctx *ctx) MUST_CHECK;
/* Text as HTML. */
void docs_html(struct str *out, const char *text);
/* The beginning of a page, up to its heading; its end. */
void docs_begin(alees_ctx *ctx, const char *title);
alees_rc docs_end(alees_ctx *ctx) MUST_CHECK;

enum docs_access docs_access_of(const alees_ctx *ctx);
/* Are all files of the page there? */
bool docs_is_whole(const struct docs *d);
/* Answers with one of them, packed if the client takes that; 404 for any other name. */
alees_rc docs_send(alees_ctx *ctx, alees_str name) MUST_CHECK;

#endif
