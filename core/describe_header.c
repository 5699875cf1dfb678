/* SPDX-License-Identifier: MIT
 * describe_header.c - the headers that a request may have, beside those of every request. */
#include "describe.h"

enum { ON_ALL = 0x7fffffff, ON_ONE = 1 << ROUTE_PATCH | 1 << ROUTE_PUT | 1 << ROUTE_REMOVE | 1 << ROUTE_RESTORE };
/* "*", or ETags with commas between them, as engine_condition.c reads them. */
#define ETAG "(W/)?\\\"[^\\\\x00- \\\"\\\\x7f]*\\\""
#define ETAGS "{\"type\":\"string\",\"pattern\":\"^([*]|" ETAG "( *, *" ETAG ")*)$\"}"
static const struct {
    struct describe_header header;
    uint32_t on; /* 1 << ROUTE_..; 0: where it is carried out once */
} headers[] = {
    {{"If-Match", NULL, "The row must be as one of these ETags says, else 412. `*`: as it is.", ETAGS}, ON_ONE},
    {{"If-None-Match", "read-", "The ETag of what is known: 304 if nothing has changed.", "{\"type\":\"string\"}"},
     1u << ROUTE_GET | 1u << ROUTE_HOST},
    {{"If-None-Match", "write-",
      "The row must not be as one of these ETags says, else 412, which is all that `*` gives.", ETAGS},
     ON_ONE},
    {{"Prefer", NULL,
      "Preferences (RFC 7240): `return=minimal` or `representation`, `tx=rollback` (a rehearsal); of many rows "
      "`max-affected=N`; of lists `count=exact`, `estimated` or `none`; with on_conflict "
      "`resolution=merge-duplicates` or `ignore-duplicates`; `handling=strict` or `lenient`. Preference-Applied tells "
      "which were obeyed.",
      "{\"type\":\"string\"}"},
     ON_ALL & ~(1u << ROUTE_HOST)},
    {{"Idempotency-Key", NULL, "Sent again with the same key, the request is carried out once. Imports have none: 422.",
      "{\"type\":\"string\",\"pattern\":\"^[!-~]{1,255}$\"}"},
     0},
};

/* As idempotency.c looks at it. */
bool describe_takes_key(const struct route *route) {
    return route->method == ALEES_POST && (route->flags & (ALEES_ROUTE_PUBLIC | ALEES_ROUTE_READ)) == 0;
}

static bool is_versioned(const struct route *route) {
    for (const uint32_t *s = route->statuses; s && *s; s++) {
        if (*s == 304) {
            return true;
        }
    }
    return false;
}

static bool takes_header(const struct route *route, size_t i) {
    if (route->operation == ROUTE_HOST) {
        return (headers[i].on & 1u << ROUTE_HOST) != 0 && is_versioned(route);
    }
    return headers[i].on != 0 ? (headers[i].on & (1u << route->operation)) != 0 : describe_takes_key(route);
}

void describe_headers(struct describe *d, const struct route *route,
                      void (*each)(struct describe *d, const struct describe_header *header)) {
    for (size_t i = 0; i < ARRAY_LEN(headers); i++) {
        if (!route || takes_header(route, i)) {
            each(d, &headers[i].header);
        }
    }
}
