/* SPDX-License-Identifier: MIT
 *
 * alees/http.h - the request and the answer of a route.
 */
#ifndef ALEES_HTTP_H
#define ALEES_HTTP_H

#include "alees/abi.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { ALEES_IN_THIS_ORDER = 1 }; /* of reply_list */

#define ALEES_HTTP_V1 "alees.http/1"
struct alees_http_v1 {
    uint32_t struct_size, reserved0;
    /* A declared path or query parameter, decoded and validated; absent if it was not sent. [owner] */
    alees_str (*parameter)(alees_ctx *ctx, const char *name);
    /* A header's value; absent if it was not sent. [owner] */
    alees_str (*header)(alees_ctx *ctx, const char *name);
    /* The address of the peer, for throttling: "192.0.2.1". [owner] */
    alees_str (*peer)(alees_ctx *ctx);
    /* The bearer token of the request; absent if none. Never log it. [owner] */
    alees_str (*token)(alees_ctx *ctx);
    /* The body as it came, its size already limited. [owner] */
    alees_str (*body)(alees_ctx *ctx);
    /* The body as a JSON object, already validated against the route's row; NULL if none was sent. [owner] */
    const alees_json *(*json)(alees_ctx *ctx);
    /* name and value are copied. [owner] */
    alees_rc (*set_header)(alees_ctx *ctx, const char *name, alees_str value);
    /* Answers once; body is copied; type is the Content-Type. [owner] */
    alees_rc (*reply)(alees_ctx *ctx, uint32_t status, const char *type, alees_str body);
    /* Answers with a JSON value made by alees.json/1. [owner] */
    alees_rc (*reply_json)(alees_ctx *ctx, uint32_t status, const alees_json *value);
    /* Answers with the row {id} of a declared resource as the resource's own GET would: E_NOT_FOUND unless the caller may
     * view it. [owner] */
    alees_rc (*reply_row)(alees_ctx *ctx, uint32_t status, const char *resource, alees_id id);
    /* Refuses one member of the body with 422, as alees.resource/1 refuses a field: code is snake_case, detail tells what
     * to do. May be called for several members. Gives ALEES_E_INVALID. [owner] */
    alees_rc (*refuse)(alees_ctx *ctx, const char *member, const char *code, alees_str detail);
    /* Answers a route that is ALEES_ROUTE_LIST with the rows of these ids as the resource's own list would: those that the
     * caller may view, with filters, ordering, fields, expand, pages and exports as the client asks. ALEES_IN_THIS_ORDER: as
     * ids are, unless the client says another order; for some hundreds of ids at most. [owner] */
    alees_rc (*reply_list)(alees_ctx *ctx, const char *resource, const alees_id *ids, uint32_t count, uint32_t flags);
};

#ifdef __cplusplus
}
#endif
#endif
