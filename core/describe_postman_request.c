/* SPDX-License-Identifier: MIT
 * describe_postman_request.c - one request: where it goes, with which headers and which body. */
#include <stdio.h>
#include <string.h>

#include "describe_postman.h"

/* ---- the path ---- */

static const struct alees_field *parameter_of(const struct route *route, const char *name, size_t len) {
    const struct alees_field *f = route->decl ? route->decl->parameters.items : NULL;
    for (uint32_t i = 0; f && i < route->decl->parameters.count; i++) {
        if (strlen(f[i].name) == len && memcmp(f[i].name, name, len) == 0) {
            return &f[i];
        }
    }
    return NULL;
}

/* {name} at place: the id of a row of the resource that the path names before it. What belongs to a row, and what changes
 * it, is asked of the run's own. */
static const char *place_of(struct postman *p, const struct route *route, const char *place, size_t len) {
    const struct resource *r = postman_resource_at(p, route->path, (size_t)(place - 1 - route->path));
    const struct alees_field *f;
    if (r && r == p->of && p->step->id) {
        return postman_value(p, r, p->step->id);
    }
    if (r) {
        return postman_value(p, r, route->method == ALEES_GET && r == route->resource ? "@row" : "@new");
    }
    f = parameter_of(route, place + 1, len);
    return f ? postman_plain(p, route, f) : postman_value(p, NULL, "@nobody");
}

/* "api", "v1", "products", "{{product_id}}" */
static void put_path(struct postman *p, const struct route *route) {
    jw_array(&p->d.w, "path");
    for (const char *at = route->path; *at;) {
        const size_t len = strcspn(at + 1, "/");
        if (at[1] == '{') {
            jw_words(&p->d.w, NULL, place_of(p, route, at + 1, len - 2));
        } else {
            jw_text(&p->d.w, NULL, (alees_str){at + 1, len});
        }
        at += len + 1;
    }
    jw_end(&p->d.w);
}

static void put_raw_path(struct postman *p, const struct route *route, struct str *out) {
    str_puts(out, "{{base_url}}");
    for (const char *at = route->path; *at;) {
        const size_t len = strcspn(at + 1, "/");
        str_putc(out, '/');
        if (at[1] == '{') {
            str_puts(out, place_of(p, route, at + 1, len - 2));
        } else {
            str_put(out, at + 1, len);
        }
        at += len + 1;
    }
}

/* ---- the query ---- */

struct pair {
    const char *name, *value;
    size_t name_len, value_len;
};

/* "a=b&c=d": cuts one pair off. */
static bool next_pair(const char **at, struct pair *ret_pair) {
    if (!*at || !**at) {
        return false;
    }
    ret_pair->name = *at;
    ret_pair->name_len = strcspn(*at, "=");
    ret_pair->value = *at + ret_pair->name_len + 1;
    ret_pair->value_len = strcspn(ret_pair->value, "&");
    *at = ret_pair->value + ret_pair->value_len;
    *at += **at == '&';
    return true;
}

static const char *value_of(struct postman *p, const struct pair *pair) {
    alees_str text = arena_printf(p->d.arena, "%.*s", (int)pair->value_len, pair->value);
    return postman_value(p, p->of, text.ptr ? text.ptr : "");
}

static bool is_in(const char *query, const char *name) {
    struct pair pair;
    while (next_pair(&query, &pair)) {
        if (strlen(name) == pair.name_len && memcmp(name, pair.name, pair.name_len) == 0) {
            return true;
        }
    }
    return false;
}

static void put_pair(struct postman *p, const char *name, const char *value, const char *description, bool is_off) {
    jw_object(&p->d.w, NULL);
    jw_words(&p->d.w, "key", name);
    jw_words(&p->d.w, "value", value);
    if (description) {
        jw_words(&p->d.w, "description", description);
    }
    if (is_off) {
        jw_boolean(&p->d.w, "disabled", true);
    }
    jw_end(&p->d.w);
}

/* Of all parameters: a list's own, and each field that can be filtered by, compared as it is. */
static bool is_useful(const struct describe_parameter *q) {
    return !q->field || (!q->nested && strcmp(q->name, q->field->decl->name) == 0 && !q->field->is_standard);
}

/* Has the route a parameter that is sent? A plugin's own, required or about a row. */
static bool is_sent(const struct describe_parameter *q) {
    return q->decl && (q->is_required || q->decl->reference);
}

static void put_parameter(struct describe *d, const struct describe_parameter *q) {
    struct postman *p = (struct postman *)(void *)d;
    const char *value = "";
    if (!is_useful(q) || is_in(p->step->query, q->name)) {
        return;
    }
    if (q->decl) {
        value = postman_plain(p, p->route, q->decl);
    } else if (q->field) {
        const char *example = q->field->decl->example;
        value = example && example[0] == '"' ? postman_plain(p, p->route, q->field->decl) : "";
    }
    put_pair(p, q->name, value, q->description, !is_sent(q));
}

static bool has_all(const struct postman *p) {
    return !p->step->code && (p->step->does & (POSTMAN_FIRST | POSTMAN_SHOWS)) != 0;
}

static void put_query(struct postman *p, const struct route *route, bool is_whole) {
    const char *query = p->step->query;
    struct pair pair;
    jw_array(&p->d.w, "query");
    while (next_pair(&query, &pair)) {
        alees_str name = arena_printf(p->d.arena, "%.*s", (int)pair.name_len, pair.name);
        put_pair(p, name.ptr ? name.ptr : "", value_of(p, &pair), NULL, false);
    }
    if (is_whole && has_all(p)) {
        p->route = route;
        describe_query(&p->d, route, put_parameter);
    }
    jw_end(&p->d.w);
}

static void put_raw_parameter(struct describe *d, const struct describe_parameter *q) {
    struct postman *p = (struct postman *)(void *)d;
    if (is_sent(q) && !is_in(p->step->query, q->name)) {
        str_printf(&p->raw, "%c%s=%s", p->is_first ? '?' : '&', q->name, postman_plain(p, p->route, q->decl));
        p->is_first = false;
    }
}

static void put_url(struct postman *p, const struct route *route, bool is_whole) {
    const char *query = p->step->query;
    struct pair pair;
    str_init(&p->raw, p->d.arena, 256);
    put_raw_path(p, route, &p->raw);
    p->is_first = true;
    while (next_pair(&query, &pair)) {
        str_printf(&p->raw, "%c%.*s=%s", p->is_first ? '?' : '&', (int)pair.name_len, pair.name, value_of(p, &pair));
        p->is_first = false;
    }
    if (has_all(p)) {
        p->route = route;
        describe_query(&p->d, route, put_raw_parameter);
    }
    jw_object(&p->d.w, "url");
    jw_text(&p->d.w, "raw", str_done(&p->raw));
    jw_json(&p->d.w, "host", "[\"{{base_url}}\"]");
    put_path(p, route);
    put_query(p, route, is_whole);
    jw_end(&p->d.w);
}

/* ---- headers, body ---- */

static const char *type_of(const struct postman *p, const struct route *route) {
    const char *const *types = describe_body_types(route);
    if (p->step->body == POSTMAN_NONE || !types) {
        return NULL;
    }
    return p->step->body == POSTMAN_IMPORT ? "text/csv" : types[0];
}

static void put_header(struct postman *p, const char *name, const char *value) {
    if (value) {
        jw_object(&p->d.w, NULL);
        jw_words(&p->d.w, "key", name);
        jw_words(&p->d.w, "value", value);
        jw_end(&p->d.w);
    }
}

static void put_description(struct postman *p, const struct route *route) {
    struct str s;
    str_init(&s, p->d.arena, 256);
    if (route->decl && route->decl->description) {
        str_printf(&s, "%s\n\n", route->decl->description);
    }
    str_printf(&s, "Operation `%s` of the API's description.", describe_operation_id(&p->d, route));
    if (route->permission_name) {
        str_printf(&s, " Needs the permission `%s`.", route->permission_name);
    } else {
        str_puts(&s,
                 (route->flags & ALEES_ROUTE_PUBLIC) != 0 ? " Needs no login." : " For everybody who is logged in.");
    }
    jw_text(&p->d.w, "description", str_done(&s));
}

void postman_put_request(struct postman *p, const char *key, const struct route *route) {
    const bool is_whole = strcmp(key, "request") == 0;
    const char *type = type_of(p, route);
    jw_object(&p->d.w, key);
    jw_words(&p->d.w, "method", plugin_method(route->method));
    if (is_whole) {
        put_description(p, route);
        if ((p->step->does & POSTMAN_STRANGER) != 0 || (route->flags & ALEES_ROUTE_PUBLIC) != 0) {
            jw_json(&p->d.w, "auth", "{\"type\":\"noauth\"}");
        }
    }
    jw_array(&p->d.w, "header");
    put_header(p, "Content-Type", type);
    put_header(p, p->step->header, p->step->header ? postman_value(p, p->of, p->step->header_value) : NULL);
    jw_end(&p->d.w);
    put_url(p, route, is_whole);
    if (type) {
        jw_object(&p->d.w, "body");
        jw_words(&p->d.w, "mode", "raw");
        jw_text(&p->d.w, "raw", postman_body(p, route));
        jw_json(&p->d.w, "options",
                p->step->body == POSTMAN_IMPORT ? "{\"raw\":{\"language\":\"text\"}}"
                                                : "{\"raw\":{\"language\":\"json\"}}");
        jw_end(&p->d.w);
    }
    jw_end(&p->d.w);
}
