/* SPDX-License-Identifier: MIT
 * fuzz_router.c - a method and a path from anywhere: what the tree finds is compared with a plain search over all routes
 * that knows nothing of trees. The first byte is the method, the rest the path. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "router.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct route routes[] = {
    {.method = ALEES_GET, .path = "/"},
    {.method = ALEES_GET, .path = "/healthz"},
    {.method = ALEES_GET, .path = "/a"},
    {.method = ALEES_POST, .path = "/a"},
    {.method = ALEES_GET, .path = "/a/{id}"},
    {.method = ALEES_PATCH, .path = "/a/{id}"},
    {.method = ALEES_GET, .path = "/a/b"},
    {.method = ALEES_POST, .path = "/a/{x}/c"},
    {.method = ALEES_GET, .path = "/a/b/d"},
    {.method = ALEES_GET, .path = "/{p}/{q}/{r}/{s}"},
    {.method = ALEES_GET, .path = "/a/{q}/c/{s}"},
    {.method = ALEES_GET, .path = "/a/b/c/d/e/f/g/h/i/j/k/l"},
};
enum { ROUTES = sizeof routes / sizeof routes[0] };

static void check(bool condition, const char *what) {
    if (!condition) {
        fprintf(stderr, "%s\n", what);
        abort();
    }
}

/* The next segment of a path at *at, moved behind it; false at the end (one slash there is none). */
static bool next(const char *path, size_t len, size_t *at, alees_str *ret_segment) {
    size_t start = *at + 1, end = start;
    if (*at >= len || start >= len) {
        return false;
    }
    while (end < len && path[end] != '/') {
        end++;
    }
    *ret_segment = (alees_str){path + start, end - start};
    *at = end;
    return true;
}

/* "1" for a literal, "0" for a parameter, per segment, as a number; -1 if the route does not match. A larger one wins. */
static long rank(const char *pattern, const char *path, size_t len) {
    size_t at_pattern = 0, at_path = 0;
    alees_str p, s;
    long value = 1;
    for (;;) {
        bool more = next(pattern, strlen(pattern), &at_pattern, &p);
        if (more != next(path, len, &at_path, &s)) {
            return -1;
        }
        if (!more) {
            return value;
        }
        if (p.ptr[0] == '{') {
            value = value * 2;
        } else if (p.len == s.len && memcmp(p.ptr, s.ptr, p.len) == 0) {
            value = value * 2 + 1;
        } else {
            return -1;
        }
    }
}

static bool is_dot(const char **p, const char *end) {
    if (*p < end && **p == '.') {
        *p += 1;
        return true;
    }
    if (end - *p >= 3 && (memcmp(*p, "%2e", 3) == 0 || memcmp(*p, "%2E", 3) == 0)) {
        *p += 3;
        return true;
    }
    return false;
}

/* What is refused before any route is looked at. */
static bool is_hostile(const char *path, size_t len) {
    size_t at = 0;
    uint32_t segments = 0;
    alees_str s;
    if (len == 0 || path[0] != '/') {
        return true;
    }
    while (next(path, len, &at, &s)) {
        const char *p = s.ptr, *end = s.ptr + s.len;
        segments++;
        if (s.len == 0 || segments > ROUTER_MAX_SEGMENTS) {
            return true;
        }
        if (is_dot(&p, end) && (p == end || (is_dot(&p, end) && p == end))) {
            return true;
        }
    }
    return false;
}

static void compare(const struct router_match *match, uint32_t method, const char *path, size_t len) {
    const struct route *expected = NULL;
    uint32_t allowed = 0;
    long best = -1;
    for (int pass = 0; pass < 2 && !is_hostile(path, len); pass++) {
        for (size_t i = 0; i < ROUTES; i++) {
            long r = rank(routes[i].path, path, len);
            if (pass == 0) {
                best = r > best ? r : best;
            } else if (r >= 0 && r == best) {
                allowed |= 1u << routes[i].method;
                expected = routes[i].method == method ? &routes[i] : expected;
            }
        }
    }
    check(match->allowed == allowed, "other methods than the plain search found");
    check(match->route == expected, "another route than the plain search found");
    check(match->count <= ROUTER_MAX_PARAMETERS, "too many values");
    for (uint32_t i = 0; i < match->count; i++) {
        alees_str v = match->values[i];
        check(v.len > 0 && v.ptr > path && v.ptr + v.len <= path + len, "a value that is not part of the path");
        check(!memchr(v.ptr, '/', v.len), "a value with a slash");
        check(match->names[i] != NULL, "a value without a name");
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct router *router;
    struct router_match match;
    uint32_t method;
    if (!router) {
        struct arena *arena = arena_new((size_t)1024 * 1024); /* as long as the process */
        check(arena && router_new(arena, routes, ROUTES, stderr, &router) == ALEES_OK, "no router");
    }
    if (size == 0) {
        return 0;
    }
    method = data[0] % 8;
    router_match(router, method, (alees_str){(const char *)data + 1, size - 1}, &match);
    compare(&match, method, (const char *)data + 1, size - 1);
    return 0;
}
