/* SPDX-License-Identifier: MIT
 * describe_name.c - names in documents: they come from names of resources and paths alone, so that they stay what they are
 * for as long as these do. */
#include <string.h>

#include "describe.h"

static const char base[] = "/api/v1/";

static char upper(char c) {
    return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
}

/* "email_address" -> "EmailAddress"; also "-" and "/" end a word, and what stands in braces is left out. */
static void put_camel(struct str *out, const char *words) {
    bool is_first = true;
    for (const char *p = words; *p; p++) {
        if (*p == '{') {
            p += strcspn(p, "}");
            is_first = true;
        } else if (strchr("_-/", *p)) {
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
    return done(&s);
}

/* "/email-addresses/{id}" -> "Email addresses". */
const char *describe_group(struct describe *d, const struct route *route) {
    const char *path = route->resource ? route->resource->decl->path + 1 : route->path;
    bool is_first = true;
    struct str s;
    if (route->operation == ROUTE_HOST) {
        return "Server";
    }
    if (!route->resource) {
        path += sizeof base - 1;
    }
    str_init(&s, d->arena, 64);
    for (; *path && *path != '/'; path++) {
        str_putc(&s, is_first ? upper(*path) : (char)(*path == '-' ? ' ' : *path));
        is_first = false;
    }
    return done(&s);
}
