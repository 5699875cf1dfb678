/* SPDX-License-Identifier: MIT
 * engine_condition.c - If-Match and If-None-Match (RFC 9110, 13.1) of a single row: all lines of each are one list.
 *
 * For a write they become conditions of its statement, so that nothing comes between the look and the change. One that
 * cannot be read is refused there: who sends it means to be safe. */
#include "engine_parts.h"

#include <string.h>

#define IF_MATCH "If-Match"
#define IF_NONE_MATCH "If-None-Match"

struct tags { /* of all lines of one header, read one by one */
    const alees_ctx *ctx;
    const char *name;
    uint32_t line, count;
    alees_str rest;
    bool is_any;       /* "*" */
    bool is_malformed; /* nothing more comes then */
};

static void open_tags(const alees_ctx *ctx, const char *name, struct tags *t) {
    *t = (struct tags){.ctx = ctx, .name = name};
}

static bool next_line(struct tags *t) {
    while (t->line < t->ctx->request.header_count) {
        const struct ctx_header *h = &t->ctx->request.headers[t->line++];
        if (str_equal_nocase(h->name, t->name)) {
            t->rest = h->value;
            t->is_malformed = h->value.len == 0;
            return true;
        }
    }
    return false;
}

/* The length of what stands between the quotes; SIZE_MAX without a closing one, or with what cannot stand there. */
static size_t opaque_length(const char *p, size_t left) {
    for (size_t i = 0; i < left && (unsigned char)p[i] > 0x20 && p[i] != 0x7f; i++) {
        if (p[i] == '"') {
            return i;
        }
    }
    return SIZE_MAX;
}

/* One at the beginning of t->rest, its quotes included, and the comma behind it. */
static bool take_tag(struct tags *t, bool *ret_is_weak, alees_str *ret_tag) {
    const char *p = t->rest.ptr, *end = p + t->rest.len;
    bool is_weak = end - p > 2 && p[0] == 'W' && p[1] == '/';
    size_t length;
    p += is_weak ? 2 : 0;
    if (p == end || *p != '"') {
        return false;
    }
    length = opaque_length(p + 1, (size_t)(end - p - 1));
    if (length == SIZE_MAX) {
        return false;
    }
    *ret_is_weak = is_weak;
    *ret_tag = (alees_str){p, length + 2};
    for (p += length + 2; p < end && (*p == ' ' || *p == '\t'); p++) {
    }
    t->rest = (alees_str){p, (size_t)(end - p)};
    return p == end || *p == ',';
}

/* "*" is one only alone. */
static bool take_any(struct tags *t) {
    bool is_any = str_equal(t->rest, "*");
    if (is_any && (t->count > 0 || next_line(t))) {
        t->is_malformed = true;
    } else if (is_any) {
        t->is_any = true;
        t->rest.len = 0;
    }
    return is_any;
}

static bool next_tag(struct tags *t, bool *ret_is_weak, alees_str *ret_tag) {
    for (;;) {
        while (t->rest.len > 0 && (t->rest.ptr[0] == ' ' || t->rest.ptr[0] == '\t' || t->rest.ptr[0] == ',')) {
            t->rest.ptr++;
            t->rest.len--;
        }
        if (t->is_malformed) {
            return false;
        }
        if (t->rest.len > 0) {
            break;
        }
        if (!next_line(t)) {
            return false;
        }
    }
    if (t->is_any || take_any(t)) {
        return false;
    }
    t->count++;
    t->is_malformed = !take_tag(t, ret_is_weak, ret_tag);
    return !t->is_malformed;
}

static bool is_sent(const alees_ctx *ctx, const char *name) {
    return ctx_header(ctx, name).ptr != NULL;
}

bool engine_condition_is_fresh(const alees_ctx *ctx, alees_str etag) {
    struct tags t;
    alees_str tag;
    bool is_weak, is_fresh = false;
    open_tags(ctx, IF_NONE_MATCH, &t);
    while (!is_fresh && next_tag(&t, &is_weak, &tag)) { /* weak ones match, too: the row is the same */
        is_fresh = alees_equal(tag, etag);
    }
    return is_fresh || (t.is_any && !t.is_malformed);
}

/* The version in the tag of this row; false: it is of another row, or of none. */
static bool version_of(alees_str tag, const char *id, int64_t *ret_version) {
    return tag.len > 39 && memcmp(tag.ptr + 1, id, 36) == 0 && tag.ptr[37] == '-' &&
           str_parse_i64((alees_str){tag.ptr + 38, tag.len - 39}, ret_version) && *ret_version >= 0 &&
           *ret_version <= INT32_MAX;
}

static alees_rc malformed(alees_ctx *ctx, const char *name) {
    return problem_set(&ctx->problem, PROBLEM_BAD_REQUEST,
                       "The header %s must be * or a list of ETags with their quotes, such as \"...-3\".", name);
}

/* Those versions of the row that a header names, as integer[]; "*": *ret_is_any. */
static alees_rc read_versions(alees_ctx *ctx, const char *name, const alees_id *id, bool takes_weak,
                              alees_str *ret_versions, bool *ret_is_any) {
    struct str list;
    struct tags t;
    char text[37];
    alees_str tag;
    bool is_weak;
    int64_t version;
    (void)alees_id_format(id, text);
    open_tags(ctx, name, &t);
    str_init(&list, ctx->arena, 32);
    str_putc(&list, '{');
    while (next_tag(&t, &is_weak, &tag)) {
        if ((takes_weak || !is_weak) && version_of(tag, text, &version)) {
            str_puts(&list, list.len > 1 ? "," : "");
            str_i64(&list, version);
        }
    }
    str_putc(&list, '}');
    if (t.is_malformed || (!t.is_any && t.count == 0)) {
        return malformed(ctx, name);
    }
    *ret_is_any = t.is_any;
    *ret_versions = str_done(&list);
    return ret_versions->ptr != NULL ? ALEES_OK : engine_value_nomem(&ctx->problem);
}

alees_rc engine_condition_read(alees_ctx *ctx, const alees_id *id, struct engine_condition *ret_condition) {
    struct engine_condition c = {{NULL, 0}, {NULL, 0}};
    bool is_any = false;
    alees_rc rc = ALEES_OK;
    if (is_sent(ctx, IF_MATCH)) { /* a weak tag never matches here (RFC 9110, 13.1.1) */
        rc = read_versions(ctx, IF_MATCH, id, false, &c.versions, &is_any);
        if (rc == ALEES_OK && is_any) {
            c.versions.ptr = NULL;
        }
    } else if (ctx->app->require_if_match) {
        return problem_set(&ctx->problem, PROBLEM_PRECONDITION_REQUIRED,
                           "Read the row, and send its ETag as the header If-Match.");
    }
    if (rc == ALEES_OK && is_sent(ctx, IF_NONE_MATCH)) {
        rc = read_versions(ctx, IF_NONE_MATCH, id, true, &c.excluded, &is_any);
        if (rc == ALEES_OK && is_any) { /* only if there is no such row */
            c.excluded.ptr = NULL;
            c.versions = STR_LIT("{}");
        }
    }
    if (rc == ALEES_OK) {
        *ret_condition = c;
    }
    return rc;
}

/* "{3,4}" and "3" */
static bool has(alees_str versions, alees_str version) {
    size_t start = 1;
    for (size_t i = start; i < versions.len; i++) {
        if (versions.ptr[i] == ',' || versions.ptr[i] == '}') {
            if (alees_equal((alees_str){versions.ptr + start, i - start}, version)) {
                return true;
            }
            start = i + 1;
        }
    }
    return false;
}

bool engine_condition_admits(const struct engine_condition *c, alees_str version) {
    return (c->versions.ptr == NULL || has(c->versions, version)) &&
           (c->excluded.ptr == NULL || !has(c->excluded, version));
}
