/* SPDX-License-Identifier: MIT
 * describe_name.c - names in documents: they come from names of resources and paths alone, so that they stay what they are
 * for as long as these do. */
#include <string.h>

#include "describe.h"

static const char base[] = "/api/v1/";

static char upper(char c) {
    return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
}

/* "email_address" -> "EmailAddress"; also "-", "/" and "." end a word, and what stands in braces is left out. */
static void put_camel(struct str *out, const char *words) {
    bool is_first = true;
    for (const char *p = words; *p; p++) {
        if (*p == '{') {
            p += strcspn(p, "}");
            is_first = true;
        } else if (strchr("_-/.", *p)) {
            is_first = true;
        } else {
            str_putc(out, is_first ? upper(*p) : *p);
            is_first = false;
        }
    }
}

static const char *done(struct str *s) {
    alees_str text = str_done(s);
    return text.ptr ? text.ptr : "";
}

const char *describe_schema_name(struct describe *d, const struct resource *r) {
    struct str s;
    bool is_taken = false;
    for (uint32_t i = 0; i < d->catalogue->resource_count && d->catalogue->resources[i] != r; i++) {
        is_taken = is_taken || strcmp(d->catalogue->resources[i]->decl->name, r->decl->name) == 0;
    }
    str_init(&s, d->arena, 64);
    if (is_taken) {
        put_camel(&s, r->plugin->decl.name);
    }
    put_camel(&s, r->decl->name);
    return done(&s);
}

/* "POST" -> "post" */
static void put_method(struct str *out, const struct route *route) {
    for (const char *p = plugin_method(route->method); *p; p++) {
        str_putc(out, (char)(*p - 'A' + 'a'));
    }
}

static const char *skip_braces(const char *p) {
    while (*p == '{' || *p == '/') {
        p += *p == '{' ? strcspn(p, "}") + 1 : 1;
    }
    return p;
}

/* "/docs/{file}" and "/docs": the same but for what stands in braces. */
static bool has_same_words(const char *a, const char *b) {
    for (a = skip_braces(a), b = skip_braces(b); *a && *b; a = skip_braces(a), b = skip_braces(b)) {
        size_t len = strcspn(a, "/");
        if (len != strcspn(b, "/") || memcmp(a, b, len) != 0) {
            return false;
        }
        a += len;
        b += len;
    }
    return *a == *b;
}

/* Is there another one that would be called the same by method and words? */
static bool has_namesake(const struct describe *d, const struct route *route) {
    for (uint32_t i = 0; i < d->catalogue->route_count; i++) {
        const struct route *other = &d->catalogue->routes[i];
        if (other != route && other->operation >= ROUTE_PLUGIN && other->method == route->method &&
            has_same_words(other->path, route->path)) {
            return true;
        }
    }
    return false;
}

/* "/docs/errors/{code}" -> "ByCode" */
static void put_parameter_names(struct describe *d, struct str *out, const char *path) {
    for (const char *p = strchr(path, '{'); p; p = strchr(p + 1, '{')) {
        alees_str name = arena_printf(d->arena, "%.*s", (int)strcspn(p + 1, "}"), p + 1);
        str_puts(out, "By");
        put_camel(out, name.ptr ? name.ptr : "");
    }
}

const char *describe_operation_id(struct describe *d, const struct route *route) {
    static const struct {
        const char *verb; /* NULL: the method, and the words of the path */
        bool is_plural;   /* the words of the path, instead of the name of its rows */
        const char *tail;
    } words[] = {
        [ROUTE_LIST] = {"list", true, ""},
        [ROUTE_CREATE] = {"create", false, ""},
        [ROUTE_GET] = {"get", false, ""},
        [ROUTE_PATCH] = {"patch", false, ""},
        [ROUTE_PUT] = {"replace", false, ""},
        [ROUTE_REMOVE] = {"delete", false, ""},
        [ROUTE_PATCH_MANY] = {"patch", true, ""},
        [ROUTE_REMOVE_MANY] = {"delete", true, ""},
        [ROUTE_HISTORY] = {"list", false, "History"},
        [ROUTE_RESTORE] = {"restore", false, ""},
        [ROUTE_TAGS] = {"list", true, ""},
        [ROUTE_PLUGIN] = {NULL, true, ""},
        [ROUTE_HOST] = {NULL, true, ""},
    };
    const char *verb = words[route->operation].verb;
    struct str s;
    str_init(&s, d->arena, 64);
    if (verb) {
        str_puts(&s, verb);
    } else {
        put_method(&s, route);
    }
    if (words[route->operation].is_plural) {
        put_camel(&s, route->path + (strncmp(route->path, base, sizeof base - 1) == 0 ? sizeof base - 1 : 0));
    } else {
        str_puts(&s, describe_schema_name(d, route->resource));
    }
    str_puts(&s, words[route->operation].tail);
    if (!verb && has_namesake(d, route)) {
        put_parameter_names(d, &s, route->path);
    }
    return done(&s);
}

const char *describe_shape_name(struct describe *d, const struct route *route, const char *tail) {
    const char *id = describe_operation_id(d, route);
    alees_str name = arena_printf(d->arena, "%c%s%s", upper(id[0]), id[0] ? id + 1 : "", tail);
    return name.ptr ? name.ptr : "";
}

/* "units of measure" -> "Units of measure" */
static const char *heading(struct describe *d, const char *words, size_t len) {
    struct str s;
    str_init(&s, d->arena, 64);
    for (size_t i = 0; i < len; i++) {
        str_putc(&s, i == 0 ? upper(*words) : (char)(words[i] == '-' ? ' ' : words[i]));
    }
    return done(&s);
}

/* Whose path is the beginning of this one; NULL: there is none. */
static const struct resource *resource_at(const struct describe *d, const char *path) {
    for (uint32_t i = 0; i < d->catalogue->resource_count; i++) {
        const struct resource *r = d->catalogue->resources[i];
        size_t len = strlen(r->path);
        if (strncmp(r->path, path, len) == 0 && (path[len] == '/' || !path[len])) {
            return r;
        }
    }
    return NULL;
}

const char *describe_group(struct describe *d, const struct route *route) {
    const char *path = route->path + sizeof base - 2;
    const struct resource *r = route->resource;
    if (route->operation == ROUTE_HOST) {
        return "Server";
    }
    if (route->decl && route->decl->group) {
        return route->decl->group;
    }
    r = r ? r : resource_at(d, path);
    return r ? heading(d, r->labels, strlen(r->labels)) : heading(d, path + 1, strcspn(path + 1, "/"));
}

static bool is_first_of_group(struct describe *d, const struct route *route) {
    const char *group = describe_group(d, route);
    for (const struct route *r = d->catalogue->routes; r < route; r++) {
        if (describe_tells(d, r) && strcmp(describe_group(d, r), group) == 0) {
            return false;
        }
    }
    return true;
}

void describe_groups(struct describe *d, void (*each)(struct describe *d, const struct describe_group *group)) {
    for (uint32_t i = 0; i < d->catalogue->route_count; i++) {
        const struct route *route = &d->catalogue->routes[i];
        struct describe_group group = {.resource = route->resource};
        if (!describe_tells(d, route) || !is_first_of_group(d, route)) {
            continue;
        }
        group.name = describe_group(d, route);
        group.description = route->resource                  ? route->resource->decl->description
                            : route->operation == ROUTE_HOST ? "The server itself."
                                                             : route->plugin->decl.summary;
        each(d, &group);
    }
}
