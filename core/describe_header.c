/* SPDX-License-Identifier: MIT
 * describe_header.c - the headers that a request may have, beside those of every request. */
#include "describe.h"

enum { ON_ALL = 0x7fffffff };
static const struct {
    struct describe_header header;
    uint32_t on; /* 1 << ROUTE_..; 0: where it is carried out once */
} headers[] = {
    {{"If-Match", "The row must be as one of these ETags says, else 412. `*`: as it is.",
      "{\"type\":\"string\",\"pattern\":\"^([*]|(W/)?\\\"[^\\\"]*\\\"( *, *(W/)?\\\"[^\\\"]*\\\")*)$\"}"},
     1u << ROUTE_PATCH | 1u << ROUTE_PUT | 1u << ROUTE_REMOVE | 1u << ROUTE_RESTORE},
    {{"If-None-Match", "The ETag of what is known: 304 if nothing has changed.", "{\"type\":\"string\"}"},
     1u << ROUTE_GET | 1u << ROUTE_HOST},
    {{"Prefer",
      "Preferences (RFC 7240): `return=minimal` or `return=representation`, `tx=rollback` (a rehearsal), "
      "`max-affected=N`, "
      "`count=exact`, `resolution=merge-duplicates`, `handling=strict`. Preference-Applied tells which were obeyed.",
      "{\"type\":\"string\"}"},
     ON_ALL & ~(1u << ROUTE_HOST)},
    {{"Idempotency-Key", "Sent again with the same key, the request is carried out once.",
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
