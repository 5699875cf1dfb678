/* SPDX-License-Identifier: MIT
 * problem_table.h - every error code of the host's own, with what is shown under /docs/errors/<code>. Level 1. Those of a
 * plugin are in its list `errors`. */
#ifndef PROBLEM_TABLE_H
#define PROBLEM_TABLE_H

/* name, HTTP status, stable code, result code, title, what it means and what to do */
#define PROBLEM_TABLE(X) \
    X(BAD_REQUEST, 400, "bad_request", ALEES_E_MALFORMED, "The request was not understood", \
      "Something about the request itself is wrong: its framing, a header, an escape in its path. detail says what. " \
      "Correct the client; the same request will be refused again.") \
    X(MALFORMED_JSON, 400, "malformed_json", ALEES_E_MALFORMED, "The body is not valid JSON", \
      "The body is no JSON text in UTF-8, names a member twice, or is nested too deeply. detail says where. Build " \
      "bodies " \
      "with a JSON library instead of joining text.") \
    X(UNKNOWN_FIELD, 400, "unknown_field", ALEES_E_MALFORMED, "The body has an unknown field", \
      "A member of the body is none of those declared here; errors names it, and the one that was probably meant. " \
      "Nothing " \
      "was written. Remove it, or correct its name.") \
    X(READ_ONLY_FIELD, 400, "read_only_field", ALEES_E_MALFORMED, "The body has a field that cannot be written", \
      "A member of the body is one that the server fills in itself, or that is fixed once the row exists. Leave out " \
      "what " \
      "errors names.") \
    X(UNKNOWN_PARAMETER, 400, "unknown_parameter", ALEES_E_MALFORMED, "The query has an unknown parameter", \
      "A parameter of the query is none of those declared here, or names a field that you may not read. A misspelt " \
      "filter " \
      "is never ignored: it would show more than was asked for. detail names the nearest one.") \
    X(BAD_PARAMETER, 400, "bad_parameter", ALEES_E_MALFORMED, "A parameter has a bad value", \
      "A parameter is known, but its value does not fit: another type, out of bounds, or in conflict with a second " \
      "parameter. detail says what would fit.") \
    X(INVALID_CURSOR, 400, "invalid_cursor", ALEES_E_MALFORMED, "The cursor is not valid here", \
      "A cursor belongs to the user and to the query that it came from, and is never written by hand. Follow next " \
      "and " \
      "previous as they were given; after a change of the query begin again without a cursor.") \
    X(UNAUTHENTICATED, 401, "unauthenticated", ALEES_E_UNAUTHENTICATED, "No valid credentials", \
      "There was no token, or it has expired or was revoked. Log in by POST /api/v1/auth/login and send what it " \
      "answers " \
      "as the header Authorization: Bearer TOKEN.") \
    X(BAD_CREDENTIALS, 401, "bad_credentials", ALEES_E_UNAUTHENTICATED, "Wrong username or password", \
      "There is no active user of that name with that password. The answer is the same for either, and takes as " \
      "long.") \
    X(PERMISSION_DENIED, 403, "permission_denied", ALEES_E_DENIED, "Not permitted", \
      "You are known, but lack a permission. permission names it, and organization where it is missing, as far as " \
      "you may " \
      "know. Ask an owner of that organization for a role that has it.") \
    X(ORGANIZATION_NOT_PERMITTED, 403, "organization_not_permitted", ALEES_E_DENIED, \
      "Not permitted in that organization", \
      "The organization that the body names does not exist, or you may not write such rows in it: the two look alike " \
      "on " \
      "purpose. Name one in which you hold the permission.") \
    X(FIELD_NOT_PERMITTED, 403, "field_not_permitted", ALEES_E_DENIED, "Not permitted to write those fields", \
      "You may write such rows, but not the fields that errors names. Leave them out.") \
    X(NOT_BY_API_KEY, 403, "not_by_api_key", ALEES_E_DENIED, "Not permitted with an API key", \
      "What concerns passwords, keys and rights is done by a person who has logged in. Log in and send that token.") \
    X(NOT_FOUND, 404, "not_found", ALEES_E_NOT_FOUND, "Not found", \
      "There is nothing at this address, or you may not see it: the two look alike on purpose. Check the path and " \
      "the id, " \
      "then ask who may see such rows.") \
    X(METHOD_NOT_ALLOWED, 405, "method_not_allowed", ALEES_E_UNSUPPORTED, "Method not allowed", \
      "The address exists, but not for this method. The header Allow lists those it has.") \
    X(NOT_ACCEPTABLE, 406, "not_acceptable", ALEES_E_UNSUPPORTED, "No acceptable representation", \
      "The header Accept allows none of the media types that this address has; detail lists them.") \
    X(CONFLICT, 409, "conflict", ALEES_E_CONFLICT, "Conflict with the present state", \
      "The request is well-formed but does not fit the rows as they are now. Read them again, then decide.") \
    X(NOT_UNIQUE, 409, "not_unique", ALEES_E_CONFLICT, "The value is taken", \
      "Another row of the organization has the value that must be unique, perhaps one that you may not see. errors " \
      "names " \
      "the field. Choose another value.") \
    X(PROTECTED, 409, "protected", ALEES_E_CONFLICT, "Other rows refer to this one", \
      "The row cannot be deleted while others refer to it; errors names them as far as you may see them. Delete " \
      "them, or " \
      "let them refer to another row first.") \
    X(LAST_OWNER, 409, "last_owner", ALEES_E_CONFLICT, "The last owner of an organization", \
      "An organization keeps at least one active owner. Make somebody else an owner first.") \
    X(ORGANIZATION_CYCLE, 409, "organization_cycle", ALEES_E_CONFLICT, "An organization cannot be below itself", \
      "The parent is the organization itself or one below it. Choose a parent outside of its own branch.") \
    X(IDEMPOTENCY_RUNNING, 409, "idempotency_running", ALEES_E_CONFLICT, "The same request is still running", \
      "A request with this Idempotency-Key has not been answered yet. Send it again, with the same key, in a moment.") \
    X(REPLY_NOT_KEPT, 409, "reply_not_kept", ALEES_E_CONFLICT, "The request was carried out; its reply was not kept", \
      "A request with this Idempotency-Key was carried out, and its answer held a secret or was too long to be kept. " \
      "Read " \
      "the rows to see what it did; do not send it under another key.") \
    X(TOO_MANY_AFFECTED, 409, "too_many_affected", ALEES_E_CONFLICT, "Too many rows would be affected", \
      "More rows match than Prefer: max-affected allows, or than one request may change. Nothing was changed. Narrow " \
      "the " \
      "filters, or raise the number.") \
    X(PRECONDITION_FAILED, 412, "precondition_failed", ALEES_E_CONFLICT, "The row has changed", \
      "Its ETag is not as If-Match or If-None-Match says: somebody else has written it, or it exists already. Read " \
      "it " \
      "again, apply your change to what you get, and send its new ETag.") \
    X(BODY_TOO_LARGE, 413, "body_too_large", ALEES_E_MALFORMED, "The body is too large", \
      "The body is longer than the operator allows; detail says how long it may be. Send less at once, or use an " \
      "import.") \
    X(URI_TOO_LONG, 414, "uri_too_long", ALEES_E_MALFORMED, "The address is too long", \
      "Path and query are longer than the operator allows; detail says how long they may be. Ask for fewer values at " \
      "once.") \
    X(UNSUPPORTED_MEDIA_TYPE, 415, "unsupported_media_type", ALEES_E_MALFORMED, "Unsupported media type", \
      "The Content-Type of the body is not read here, or the body is compressed. Accept-Post and Accept-Patch list " \
      "what " \
      "is read.") \
    X(INVALID, 422, "invalid", ALEES_E_INVALID, "The values are not valid", \
      "The body was understood, but values break a rule. errors has one entry for each: pointer says where, code " \
      "which " \
      "rule, detail what to do. Correct them all, then send it again.") \
    X(IDEMPOTENCY_MISMATCH, 422, "idempotency_mismatch", ALEES_E_INVALID, "The key was used for another request", \
      "The Idempotency-Key belongs to an earlier request with another body or address. Use a new key for a new " \
      "request.") \
    X(PRECONDITION_REQUIRED, 428, "precondition_required", ALEES_E_MALFORMED, \
      "The change must say which version it is of", \
      "This server takes changes of a single row only with If-Match. Read the row and send its ETag.") \
    X(TOO_MANY_REQUESTS, 429, "too_many_requests", ALEES_E_TOO_MANY, "Too many requests", \
      "A limit for the user, the organization or the address is used up. Wait as many seconds as Retry-After says; " \
      "RateLimit tells how much is left.") \
    X(HEADERS_TOO_LARGE, 431, "headers_too_large", ALEES_E_MALFORMED, "The headers are too large", \
      "All headers together are longer than the operator allows. Send fewer.") \
    X(CLIENT_GONE, 499, "client_gone", ALEES_E_UNAVAILABLE, "The client has hung up", \
      "The connection was closed before the answer was ready; what ran was cancelled. It is seen in logs only.") \
    X(INTERNAL, 500, "internal", ALEES_E_INTERNAL, "Internal error", \
      "The server has a defect. Nothing was written. Tell its operator the request_id, under which the log says " \
      "more.") \
    X(UNSUPPORTED, 501, "unsupported", ALEES_E_UNSUPPORTED, "Not supported", \
      "This server, or the way it is configured, does not offer what was asked for.") \
    X(UNAVAILABLE, 503, "unavailable", ALEES_E_UNAVAILABLE, "Temporarily unavailable", \
      "Something that the server needs, above all its database, cannot be reached, or all places for such a request " \
      "are " \
      "taken. Try again after as many seconds as Retry-After says.") \
    X(TIMEOUT, 503, "timeout", ALEES_E_UNAVAILABLE, "The request took too long", \
      "The request ran into a time limit and was undone. Ask for less at once: fewer rows, more filters, no exact " \
      "count.") \
    X(OUT_OF_MEMORY, 503, "out_of_memory", ALEES_E_NOMEM, "The request needs too much memory", \
      "The request would need more memory than one may take. Ask for less, or send less, at once.")

/* Codes of the entries in `errors` that are no code of a whole problem: code, title, what it means and what to do */
#define PROBLEM_ITEM_TABLE(X) \
    X("required", "A value is missing", "The field must be there and must not be empty. Send it.") \
    X("null", "Null is not possible", "The field cannot be null. Send a value, or leave the field out.") \
    X("wrong_type", "Another type is needed", \
      "The value is of another JSON type than the field; detail says which one.") \
    X("invalid_format", "The text has another form", \
      "The value is no date, id, number or the like; detail shows one.") \
    X("too_short", "Too short", "The text has fewer characters than the field needs.") \
    X("too_long", "Too long", "The text has more characters than the field can hold.") \
    X("too_small", "Too small", "The number is below the least that the field takes.") \
    X("too_large", "Too large", "The number is above the most that the field takes.") \
    X("too_few", "Too few items", "The list holds fewer items than the field needs.") \
    X("too_many", "Too many items", "The list holds more items, or there are more rows, than are possible here.") \
    X("duplicate", "The same twice", "The list, or the request, holds the same value twice. Leave one of them out.") \
    X("not_a_choice", "None of the choices", "The value is none of those that the field can have; detail lists them.") \
    X("invalid_reference", "The row cannot be named here", \
      "The id is of no row of the right kind that you may see, or of one that cannot be used here: such as one of " \
      "another " \
      "organization. Name another row.") \
    X("unknown_part", "Not a part of this row", \
      "The id is of no row in this list of the row that is written. Leave the id out to add a new one.") \
    X("malformed", "A line cannot be read", "The line of the import is not valid CSV or JSON; detail says why.") \
    X("repeated", "Sent twice", "The parameter may be sent only once. Leave the other one out.") \
    X("unknown_preference", "An unknown preference", \
      "The header Prefer asks for something that is not known here, and that must not be ignored. Leave it out.")

#endif
