/* SPDX-License-Identifier: MIT
 * pipeline_negotiate.c - media types and codings: what a client takes (Accept, Accept-Encoding: RFC 9110, 12.5), what a
 * route reads and answers. */
#include <string.h>
#include <strings.h>

#include "pipeline_impl.h"

enum { MOST_WEIGHT = 1000, NO_WEIGHT = -1 };

/* "0.25" in thousandths; NO_WEIGHT if it is none. */
static int parse_weight(alees_str text) {
    int weight = 0, unit = MOST_WEIGHT;
    if (text.len < 1 || text.len > 5 || (text.ptr[0] != '0' && text.ptr[0] != '1') ||
        (text.len > 1 && text.ptr[1] != '.')) {
        return NO_WEIGHT;
    }
    for (size_t i = 0; i < text.len; i++) {
        if (i == 1) {
            continue;
        }
        if (text.ptr[i] < '0' || text.ptr[i] > '9') {
            return NO_WEIGHT;
        }
        weight += (text.ptr[i] - '0') * unit;
        unit /= 10;
    }
    return weight <= MOST_WEIGHT ? weight : NO_WEIGHT;
}

/* Of the parameters behind a range: its q; 1 without one, and for one that is no weight. */
static int weight_of(alees_str parameters) {
    while (parameters.len) {
        alees_str value = pipeline_trim(pipeline_next_part(&parameters, ';'));
        alees_str name = pipeline_next_part(&value, '=');
        if (str_equal_nocase(name, "q")) {
            int weight = parse_weight(value);
            return weight == NO_WEIGHT ? MOST_WEIGHT : weight;
        }
    }
    return MOST_WEIGHT;
}

/* How exactly does a range name this one? 3 itself, 2 its type, 1 anything, 0 not at all. */
static int match_range(alees_str range, const char *offered) {
    const char *slash = strchr(offered, '/');
    size_t type = slash ? (size_t)(slash - offered) + 1 : 0;
    if (str_equal_nocase(range, offered)) {
        return 3;
    }
    if (type && range.len == type + 1 && range.ptr[type] == '*' && strncasecmp(range.ptr, offered, type) == 0) {
        return 2;
    }
    return str_equal_nocase(range, slash ? "*/*" : "*") ? 1 : 0;
}

struct fit {
    int weight, exactness;
};

/* The range that names it most exactly decides. */
static struct fit fit_of(alees_str accept, const char *offered) {
    struct fit best = {NO_WEIGHT, 0};
    while (accept.len) {
        alees_str item = pipeline_next_part(&accept, ',');
        int exactness = match_range(pipeline_trim(pipeline_next_part(&item, ';')), offered);
        if (exactness > best.exactness) {
            best = (struct fit){weight_of(item), exactness};
        }
    }
    return best;
}

const char *pipeline_negotiate(alees_str accept, const char *const *offered) {
    const char *chosen = NULL;
    struct fit best = {0, 0};
    if (pipeline_trim(accept).len == 0) {
        return offered[0];
    }
    for (size_t i = 0; offered[i]; i++) {
        struct fit fit = fit_of(accept, offered[i]);
        if (fit.weight > best.weight || (chosen && fit.weight == best.weight && fit.exactness > best.exactness)) {
            best = fit;
            chosen = offered[i];
        }
    }
    return chosen;
}

bool pipeline_accepts_coding(alees_str accept_encoding, const char *coding) {
    return fit_of(accept_encoding, coding).weight > 0;
}

static const char CSV[] = "text/csv", NDJSON[] = "application/x-ndjson", JSON[] = "application/json";

enum ctx_format pipeline_format(const char *type) {
    return strcmp(type, CSV) == 0 ? CTX_CSV : strcmp(type, NDJSON) == 0 ? CTX_NDJSON : CTX_JSON;
}

const char *const *pipeline_answer_types(const struct route *route, bool is_import) {
    static const char *const json[] = {JSON, NULL}, *const rows[] = {JSON, CSV, NDJSON, NULL};
    static const char *const lines[] = {JSON, NDJSON, NULL}; /* what becomes of an import, as it goes */
    switch (route->operation) {
    case ROUTE_HOST: return NULL;
    case ROUTE_LIST: return rows;
    case ROUTE_CREATE: return is_import ? lines : json;
    case ROUTE_PLUGIN:
        if (route->flags & ALEES_ROUTE_LIST) {
            return rows;
        }
        return route->decl->response.count > 0 || route->decl->row ? json : NULL;
    case ROUTE_GET:
    case ROUTE_PATCH:
    case ROUTE_PUT:
    case ROUTE_REMOVE:
    case ROUTE_PATCH_MANY:
    case ROUTE_REMOVE_MANY:
    case ROUTE_HISTORY:
    case ROUTE_RESTORE:
    case ROUTE_TAGS:
    default: return json;
    }
}

bool pipeline_is_streamed(alees_ctx *ctx) {
    static const char *const types[] = {CSV, NDJSON, NULL};
    const char *type =
        ctx->request.method == ALEES_POST ? pipeline_body_type(ctx_header(ctx, "content-type"), types) : NULL;
    if (type) {
        ctx->request.format = pipeline_format(type);
    }
    return type != NULL;
}

const char *const *pipeline_body_types(const struct route *route) {
    static const char *const json[] = {JSON, NULL}, *const rows[] = {JSON, CSV, NDJSON, NULL};
    static const char *const patch[] = {"application/merge-patch+json", JSON, NULL};
    switch (route->operation) {
    case ROUTE_PATCH:
    case ROUTE_PATCH_MANY: return patch;
    case ROUTE_PUT: return json;
    case ROUTE_CREATE: return rows;
    case ROUTE_PLUGIN:
        if (route->method == ALEES_PATCH) {
            return patch;
        }
        return route->decl->body.count > 0 || route->method == ALEES_POST || route->method == ALEES_PUT ? json : NULL;
    case ROUTE_LIST:
    case ROUTE_GET:
    case ROUTE_REMOVE:
    case ROUTE_REMOVE_MANY:
    case ROUTE_HISTORY:
    case ROUTE_RESTORE:
    case ROUTE_TAGS:
    case ROUTE_HOST:
    default: return NULL;
    }
}

const char *pipeline_body_type(alees_str content_type, const char *const *types) {
    alees_str type = pipeline_trim(pipeline_next_part(&content_type, ';'));
    while (content_type.len) {
        alees_str value = pipeline_trim(pipeline_next_part(&content_type, ';'));
        alees_str name = pipeline_next_part(&value, '=');
        if (str_equal_nocase(name, "charset") && !str_equal_nocase(value, "utf-8") &&
            !str_equal_nocase(value, "\"utf-8\"")) {
            return NULL;
        }
    }
    for (size_t i = 0; types[i]; i++) {
        if (str_equal_nocase(type, types[i])) {
            return types[i];
        }
    }
    return NULL;
}

alees_str pipeline_list_types(struct arena *arena, const char *const *types, const char *before_last) {
    struct str text;
    str_init(&text, arena, 64);
    for (size_t i = 0; types[i]; i++) {
        str_puts(&text, i == 0 ? "" : types[i + 1] ? ", " : before_last);
        str_puts(&text, types[i]);
    }
    return str_done(&text);
}
