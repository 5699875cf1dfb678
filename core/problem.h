/* SPDX-License-Identifier: MIT
 * problem.h - the one error of a request, in the form of RFC 9457, and the table of every error the host knows. Level 1.
 *
 * The first failure of a request is kept, later ones only pass it up. Detail says what to do; it never holds SQL, the
 * name of a constraint, a file or a foreign identifier. */
#ifndef PROBLEM_H
#define PROBLEM_H

#include "str.h"

/* name, HTTP status, stable code, result code, title, what it means (shown under /docs/errors/<code>) */
#define PROBLEM_TABLE(X) \
    X(BAD_REQUEST, 400, "bad_request", ALEES_E_MALFORMED, "The request was not understood") \
    X(MALFORMED_JSON, 400, "malformed_json", ALEES_E_MALFORMED, "The body is not valid JSON") \
    X(UNKNOWN_FIELD, 400, "unknown_field", ALEES_E_MALFORMED, "The body has an unknown field") \
    X(READ_ONLY_FIELD, 400, "read_only_field", ALEES_E_MALFORMED, "The body has a field that cannot be written") \
    X(UNKNOWN_PARAMETER, 400, "unknown_parameter", ALEES_E_MALFORMED, "The query has an unknown parameter") \
    X(BAD_PARAMETER, 400, "bad_parameter", ALEES_E_MALFORMED, "A parameter has a bad value") \
    X(INVALID_CURSOR, 400, "invalid_cursor", ALEES_E_MALFORMED, "The cursor is not valid here") \
    X(UNAUTHENTICATED, 401, "unauthenticated", ALEES_E_UNAUTHENTICATED, "No valid credentials") \
    X(BAD_CREDENTIALS, 401, "bad_credentials", ALEES_E_UNAUTHENTICATED, "Wrong username or password") \
    X(PERMISSION_DENIED, 403, "permission_denied", ALEES_E_DENIED, "Not permitted") \
    X(ORGANIZATION_NOT_PERMITTED, 403, "organization_not_permitted", ALEES_E_DENIED, \
      "Not permitted in that organization") \
    X(FIELD_NOT_PERMITTED, 403, "field_not_permitted", ALEES_E_DENIED, "Not permitted to write those fields") \
    X(NOT_BY_API_KEY, 403, "not_by_api_key", ALEES_E_DENIED, "Not permitted with an API key") \
    X(NOT_FOUND, 404, "not_found", ALEES_E_NOT_FOUND, "Not found") \
    X(METHOD_NOT_ALLOWED, 405, "method_not_allowed", ALEES_E_UNSUPPORTED, "Method not allowed") \
    X(NOT_ACCEPTABLE, 406, "not_acceptable", ALEES_E_UNSUPPORTED, "No acceptable representation") \
    X(CONFLICT, 409, "conflict", ALEES_E_CONFLICT, "Conflict with the present state") \
    X(NOT_UNIQUE, 409, "not_unique", ALEES_E_CONFLICT, "The value is taken") \
    X(PROTECTED, 409, "protected", ALEES_E_CONFLICT, "Other rows refer to this one") \
    X(LAST_OWNER, 409, "last_owner", ALEES_E_CONFLICT, "The last owner of an organization") \
    X(ORGANIZATION_CYCLE, 409, "organization_cycle", ALEES_E_CONFLICT, "An organization cannot be below itself") \
    X(IDEMPOTENCY_RUNNING, 409, "idempotency_running", ALEES_E_CONFLICT, "The same request is still running") \
    X(REPLY_NOT_KEPT, 409, "reply_not_kept", ALEES_E_CONFLICT, "The request was carried out; its reply was not kept") \
    X(TOO_MANY_AFFECTED, 409, "too_many_affected", ALEES_E_CONFLICT, "Too many rows would be affected") \
    X(PRECONDITION_FAILED, 412, "precondition_failed", ALEES_E_CONFLICT, "The row has changed") \
    X(BODY_TOO_LARGE, 413, "body_too_large", ALEES_E_MALFORMED, "The body is too large") \
    X(URI_TOO_LONG, 414, "uri_too_long", ALEES_E_MALFORMED, "The address is too long") \
    X(UNSUPPORTED_MEDIA_TYPE, 415, "unsupported_media_type", ALEES_E_MALFORMED, "Unsupported media type") \
    X(INVALID, 422, "invalid", ALEES_E_INVALID, "The values are not valid") \
    X(IDEMPOTENCY_MISMATCH, 422, "idempotency_mismatch", ALEES_E_INVALID, "The key was used for another request") \
    X(PRECONDITION_REQUIRED, 428, "precondition_required", ALEES_E_MALFORMED, \
      "The change must say which version it is of") \
    X(TOO_MANY_REQUESTS, 429, "too_many_requests", ALEES_E_TOO_MANY, "Too many requests") \
    X(HEADERS_TOO_LARGE, 431, "headers_too_large", ALEES_E_MALFORMED, "The headers are too large") \
    X(CLIENT_GONE, 499, "client_gone", ALEES_E_UNAVAILABLE, "The client has hung up") \
    X(INTERNAL, 500, "internal", ALEES_E_INTERNAL, "Internal error") \
    X(UNSUPPORTED, 501, "unsupported", ALEES_E_UNSUPPORTED, "Not supported") \
    X(UNAVAILABLE, 503, "unavailable", ALEES_E_UNAVAILABLE, "Temporarily unavailable") \
    X(TIMEOUT, 503, "timeout", ALEES_E_UNAVAILABLE, "The request took too long") \
    X(OUT_OF_MEMORY, 503, "out_of_memory", ALEES_E_NOMEM, "The request needs too much memory")

enum problem_kind {
#define X(name, status, code, rc, title) PROBLEM_##name,
    PROBLEM_TABLE(X)
#undef X
        PROBLEM_KINDS
};

enum { PROBLEM_MOST_ITEMS = 100 };

/* One field that is wrong. pointer is an RFC 6901 pointer into the body ("/sku"), or the name of a parameter. */
struct problem_item {
    struct problem_item *next;
    uint64_t row; /* of an import, from 1; 0: none */
    alees_str pointer;
    const char *code;
    alees_str detail;
};

struct problem {
    struct arena *arena;
    alees_rc rc; /* ALEES_OK: none yet */
    uint32_t status;
    const char *code;
    const char *title;
    alees_str detail;
    alees_str permission;     /* of a 403, when the caller may know */
    alees_str organization;   /* the same: its name */
    alees_id organization_id; /* for the audit trail, never for clients; zero: none */
    struct problem_item *items, *last;
    uint32_t item_count;
    alees_str at;         /* "/3": stands before the pointers into the body of items that are added; absent: nothing */
    uint64_t row;         /* of an import, from 1, that items which are added are about; 0: none */
    uint32_t retry_after; /* seconds; 0: no such header */
};

void problem_init(struct problem *p, struct arena *arena);
/* Sets the error unless there is one, and gives its result code back: `return problem_set(&ctx->problem, ...);` */
alees_rc problem_set(struct problem *p, enum problem_kind kind, const char *format, ...) PRINTF_LIKE(3, 4);
/* A plugin's own code, its status from rc. code is copied. */
alees_rc problem_fail(struct problem *p, alees_rc rc, const char *code, alees_str detail);
/* Adds a wrong field, unless there are PROBLEM_MOST_ITEMS. Sets nothing else: call problem_set(INVALID or the like)
 * after. */
void problem_add(struct problem *p, alees_str pointer, const char *code, const char *format, ...) PRINTF_LIKE(4, 5);
/* The kind that stands for a bare result code. */
enum problem_kind problem_kind_of(alees_rc rc);
/* application/problem+json. */
void problem_write(const struct problem *p, alees_str request_id, struct str *out);

struct problem_row {
    const char *code;
    const char *title;
    uint32_t status;
    alees_rc rc;
};
extern const struct problem_row problem_rows[PROBLEM_KINDS];

#endif
