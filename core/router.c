/* SPDX-License-Identifier: MIT
 * router.c - method and path -> route, by a tree of segments.
 *
 * A path is cut at its slashes; each segment is one step down the tree. A node has its literal children in an array
 * sorted by text, and at most one child for "any text" ({id}, whatever its name). Five routes
 *
 *     GET /products    POST /products    GET /products/{id}    POST /products/{product}/close    GET /products/export
 *
 * make this tree; [..] are the routes by method that a path ending there has:
 *
 *     (root) -- products [GET POST] --+-- export [GET]
 *                                     +-- {} [GET] -- close [POST]
 *
 * The names of parameters belong to the routes, not to the tree: the values are collected on the way down ({} of the
 * first step is value 0) and the route that is found says what they are called.
 *
 * Walking down, a literal child is tried first, then {}; where the literal branch ends without a route the walk comes
 * back and takes {}: /products/export/close is found as {product} = "export". A node that has a route for any method
 * ends the walk: the path decides, then the method, so that GET /products/export never means the product "export". As
 * a step back is possible at each of the at most 12 segments, the walk is bounded by the tree, not by the client: no
 * node is visited twice on one path, because each node has one parent.
 *
 * The path is matched as it came, still percent-encoded, so a decoded slash cannot make a new segment. Literals are
 * plain letters, digits and "-", "_", ".": an encoded form of them (%70roducts) is another path and unknown here. */
#include "router.h"

#include <string.h>

#include "str.h"

enum { METHODS = ALEES_DELETE + 1 };

struct leaf {            /* a route that ends at a node */
    struct route *route; /* NULL: none */
    const char *names[ROUTER_MAX_PARAMETERS];
    uint32_t count;
};

struct node {
    alees_str text;         /* of a literal; absent for {} and the root */
    struct node **literals; /* sorted: length first, then bytes */
    uint32_t literal_count;
    struct node *any;
    uint32_t allowed; /* 1u << method, of the leaves */
    struct leaf leaves[METHODS];
};

struct router {
    struct node root;
};

struct split {
    alees_str segments[ROUTER_MAX_SEGMENTS];
    uint32_t count;
};

/* "." and "..", also as %2e: what a proxy or a client library would have resolved, and we never do. */
static bool is_dots(alees_str segment) {
    uint32_t dots = 0;
    size_t i = 0;
    while (i < segment.len && dots < 3) {
        const char *p = segment.ptr + i;
        if (*p == '.') {
            i++;
        } else if (segment.len - i >= 3 && p[0] == '%' && p[1] == '2' && (p[2] == 'e' || p[2] == 'E')) {
            i += 3;
        } else {
            return false;
        }
        dots++;
    }
    return dots == 1 || dots == 2;
}

/* False for what is no path of ours: not rooted, too many segments, an empty one (but one slash at the end), dots. */
static bool split(alees_str path, struct split *ret_split) {
    size_t start = 1;
    ret_split->count = 0;
    if (path.len == 0 || path.ptr[0] != '/') {
        return false;
    }
    while (start < path.len) {
        const char *slash = memchr(path.ptr + start, '/', path.len - start);
        size_t end = slash ? (size_t)(slash - path.ptr) : path.len;
        alees_str segment = {path.ptr + start, end - start};
        if (segment.len == 0 || ret_split->count == ROUTER_MAX_SEGMENTS || is_dots(segment)) {
            return false;
        }
        ret_split->segments[ret_split->count++] = segment;
        start = end + 1;
    }
    return true;
}

static int compare(alees_str a, alees_str b) {
    if (a.len != b.len) {
        return a.len < b.len ? -1 : 1;
    }
    return a.len == 0 ? 0 : memcmp(a.ptr, b.ptr, a.len);
}

/* The place of text among the literals of n, or where it would be put. */
static uint32_t find_place(const struct node *n, alees_str text) {
    uint32_t low = 0, high = n->literal_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (compare(n->literals[middle]->text, text) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static struct node *find_literal(const struct node *n, alees_str text) {
    uint32_t place = find_place(n, text);
    return place < n->literal_count && compare(n->literals[place]->text, text) == 0 ? n->literals[place] : NULL;
}

/* --- building --------------------------------------------------------------------------------------------------- */

static struct node *add_literal(struct arena *arena, struct node *n, alees_str text) {
    struct node *child = find_literal(n, text);
    struct node **grown;
    uint32_t place;
    if (child) {
        return child;
    }
    child = ARENA_NEW(arena, struct node);
    grown = ARENA_ARRAY(arena, struct node *, (size_t)n->literal_count + 1);
    if (!child || !grown) {
        return NULL;
    }
    child->text = text;
    place = find_place(n, text);
    for (uint32_t i = 0; i < place; i++) {
        grown[i] = n->literals[i];
    }
    grown[place] = child;
    for (uint32_t i = place; i < n->literal_count; i++) {
        grown[i + 1] = n->literals[i];
    }
    n->literals = grown;
    n->literal_count++;
    return child;
}

static struct node *add_any(struct arena *arena, struct node *n) {
    if (!n->any) {
        n->any = ARENA_NEW(arena, struct node);
    }
    return n->any;
}

static bool is_parameter(alees_str segment) {
    return segment.len > 2 && segment.ptr[0] == '{' && segment.ptr[segment.len - 1] == '}';
}

static alees_rc add_route(struct arena *arena, struct router *r, struct route *route, FILE *errors) {
    struct node *n = &r->root;
    struct leaf leaf = {route, {NULL}, 0};
    struct split path;
    ASSERT(route->method >= ALEES_GET && route->method < METHODS);
    if (!split((alees_str){route->path, strlen(route->path)}, &path)) {
        fprintf(errors, "route %s is no path, or has more than %d segments\n", route->path, ROUTER_MAX_SEGMENTS);
        return ALEES_E_INVALID;
    }
    for (uint32_t i = 0; i < path.count; i++) {
        alees_str segment = path.segments[i];
        if (!is_parameter(segment)) {
            n = add_literal(arena, n, segment);
        } else if (leaf.count == ROUTER_MAX_PARAMETERS) {
            fprintf(errors, "route %s has more than %d parameters\n", route->path, ROUTER_MAX_PARAMETERS);
            return ALEES_E_INVALID;
        } else {
            leaf.names[leaf.count] = arena_str(arena, (alees_str){segment.ptr + 1, segment.len - 2}).ptr;
            n = leaf.names[leaf.count++] ? add_any(arena, n) : NULL;
        }
        if (!n) {
            return ALEES_E_NOMEM;
        }
    }
    if (n->leaves[route->method].route) {
        fprintf(errors, "route %s is the same as %s: no request could tell them apart\n", route->path,
                n->leaves[route->method].route->path);
        return ALEES_E_INVALID;
    }
    n->leaves[route->method] = leaf;
    n->allowed |= 1u << route->method;
    return ALEES_OK;
}

alees_rc router_new(struct arena *arena, struct route *routes, uint32_t count, FILE *errors,
                    struct router **ret_router) {
    struct router *r = ARENA_NEW(arena, struct router);
    alees_rc rc = r ? ALEES_OK : ALEES_E_NOMEM;
    for (uint32_t i = 0; rc == ALEES_OK && i < count; i++) {
        rc = add_route(arena, r, &routes[i], errors);
    }
    if (rc == ALEES_OK) {
        *ret_router = r;
    }
    return rc;
}

/* --- matching --------------------------------------------------------------------------------------------------- */

/* The node where the segments from `at` on end; values collects what {} took, *count how many on this branch. */
static const struct node *walk(const struct node *n, const struct split *path, uint32_t at, alees_str *values,
                               uint32_t *count) {
    const struct node *child, *found;
    if (at == path->count) {
        return n->allowed != 0 ? n : NULL;
    }
    child = find_literal(n, path->segments[at]);
    found = child ? walk(child, path, at + 1, values, count) : NULL;
    if (!found && n->any && *count < ROUTER_MAX_PARAMETERS) {
        values[(*count)++] = path->segments[at];
        found = walk(n->any, path, at + 1, values, count);
        *count -= !found;
    }
    return found;
}

void router_match(const struct router *r, uint32_t method, alees_str path, struct router_match *ret_match) {
    struct split segments;
    const struct node *n;
    uint32_t count = 0;
    ret_match->route = NULL;
    ret_match->allowed = 0;
    ret_match->count = 0;
    if (!split(path, &segments)) {
        return;
    }
    n = walk(&r->root, &segments, 0, ret_match->values, &count);
    if (!n) {
        return;
    }
    ret_match->allowed = n->allowed;
    if (method < METHODS && n->leaves[method].route) {
        const struct leaf *leaf = &n->leaves[method];
        ret_match->route = leaf->route;
        ret_match->count = leaf->count;
        memcpy(ret_match->names, leaf->names, sizeof ret_match->names);
    }
}
