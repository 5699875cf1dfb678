/* SPDX-License-Identifier: MIT
 * pipeline_prefer.c - what the client prefers: the Prefer headers of RFC 7240, all lines of them, into ctx->prefer. Of a
 * preference that comes twice the first counts. One that is not known is ignored, or refused under handling=strict; but
 * tx and max-affected, which clients rely on not to do harm, are refused whenever they cannot be read. */
#include <string.h>

#include "pipeline_impl.h"

enum { MAX_WORD = 63 };

struct preference {
    alees_str name, value; /* value: without its quotes; empty is none */
};

static bool is_token(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

static void skip_blanks(alees_str *rest) {
    while (rest->len > 0 && (rest->ptr[0] == ' ' || rest->ptr[0] == '\t')) {
        rest->ptr++;
        rest->len--;
    }
}

static bool take(alees_str *rest, char c) {
    skip_blanks(rest);
    if (rest->len == 0 || rest->ptr[0] != c) {
        return false;
    }
    rest->ptr++;
    rest->len--;
    skip_blanks(rest);
    return true;
}

static bool take_token(alees_str *rest, alees_str *ret_token) {
    size_t len = 0;
    while (len < rest->len && is_token(rest->ptr[len])) {
        len++;
    }
    *ret_token = (alees_str){rest->ptr, len};
    rest->ptr += len;
    rest->len -= len;
    return len > 0;
}

/* What is escaped is no value that means anything here, so it keeps its backslashes. */
static bool take_quoted(alees_str *rest, alees_str *ret_text) {
    size_t i = 1;
    for (; i < rest->len && rest->ptr[i] != '"'; i++) {
        i += rest->ptr[i] == '\\';
    }
    if (i >= rest->len) {
        return false;
    }
    *ret_text = (alees_str){rest->ptr + 1, i - 1};
    rest->ptr += i + 1;
    rest->len -= i + 1;
    return true;
}

/* name[=value] */
static bool take_pair(alees_str *rest, struct preference *ret_pair) {
    ret_pair->value = (alees_str){"", 0};
    if (!take_token(rest, &ret_pair->name)) {
        return false;
    }
    if (!take(rest, '=')) {
        return true;
    }
    return rest->len > 0 && rest->ptr[0] == '"' ? take_quoted(rest, &ret_pair->value)
                                                : take_token(rest, &ret_pair->value);
}

/* One of a list, and its parameters, none of which is known. */
static bool take_preference(alees_str *rest, struct preference *ret_preference) {
    struct preference parameter;
    if (!take_pair(rest, ret_preference)) {
        return false;
    }
    while (take(rest, ';')) {
        if (rest->len > 0 && rest->ptr[0] != ';' && rest->ptr[0] != ',' && !take_pair(rest, &parameter)) {
            return false;
        }
    }
    return rest->len == 0 || rest->ptr[0] == ',';
}

/* ---- what they mean ---- */

static bool read_return(struct ctx_prefer *p, alees_str value) {
    p->returns = str_equal(value, "minimal")          ? CTX_RETURN_MINIMAL
                 : str_equal(value, "representation") ? CTX_RETURN_REPRESENTATION
                                                      : CTX_RETURN_DEFAULT;
    return p->returns != CTX_RETURN_DEFAULT;
}

static bool read_count(struct ctx_prefer *p, alees_str value) {
    p->count = str_equal(value, "none")        ? CTX_COUNT_NONE
               : str_equal(value, "estimated") ? CTX_COUNT_ESTIMATED
               : str_equal(value, "exact")     ? CTX_COUNT_EXACT
                                               : CTX_COUNT_DEFAULT;
    return p->count != CTX_COUNT_DEFAULT;
}

static bool read_resolution(struct ctx_prefer *p, alees_str value) {
    p->resolution = str_equal(value, "merge-duplicates")    ? CTX_RESOLUTION_MERGE
                    : str_equal(value, "ignore-duplicates") ? CTX_RESOLUTION_IGNORE
                                                            : CTX_RESOLUTION_NONE;
    return p->resolution != CTX_RESOLUTION_NONE;
}

static bool read_tx(struct ctx_prefer *p, alees_str value) {
    p->is_dry_run = str_equal(value, "rollback");
    return p->is_dry_run || str_equal(value, "commit");
}

static bool read_max_affected(struct ctx_prefer *p, alees_str value) {
    int64_t most;
    if (!str_parse_i64(value, &most) || most < 0) {
        return false;
    }
    p->has_max_affected = true;
    p->max_affected = (uint64_t)most;
    return true;
}

static bool read_handling(struct ctx_prefer *p, alees_str value) {
    p->is_strict = str_equal(value, "strict");
    p->has_handling = p->is_strict || str_equal(value, "lenient");
    return p->has_handling;
}

static const struct {
    const char *name;
    bool (*read)(struct ctx_prefer *p, alees_str value);
    bool is_relied_on; /* refused always, not only under handling=strict */
} known[] = {
    {"return", read_return, false},
    {"count", read_count, false},
    {"resolution", read_resolution, false},
    {"tx", read_tx, true},
    {"max-affected", read_max_affected, true},
    {"handling", read_handling, false},
};

struct reading {
    alees_ctx *ctx;
    uint32_t seen; /* of the known ones */
    bool is_refused;
};

static void refuse(struct reading *g, alees_str text, bool is_always) {
    if (text.len > MAX_WORD) {
        text.len = MAX_WORD;
    }
    problem_add(&g->ctx->problem, STR_LIT("Prefer"), "unknown_preference", "%.*s is not known here.", STR_FMT(text));
    g->is_refused = g->is_refused || is_always;
}

static void read_one(struct reading *g, const struct preference *p) {
    for (uint32_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (!str_equal_nocase(p->name, known[i].name)) {
            continue;
        }
        if ((g->seen & 1u << i) == 0 && !known[i].read(&g->ctx->prefer, p->value)) {
            refuse(g, (alees_str){p->name.ptr, (size_t)(p->value.ptr - p->name.ptr) + p->value.len},
                   known[i].is_relied_on);
        }
        g->seen |= 1u << i;
        return;
    }
    refuse(g, p->name, false);
}

static void read_line(struct reading *g, alees_str rest) {
    struct preference p;
    for (skip_blanks(&rest); rest.len > 0; skip_blanks(&rest)) {
        alees_str start = rest;
        if (take(&rest, ',')) {
            continue;
        }
        if (!take_preference(&rest, &p)) { /* where the next one begins cannot be known */
            refuse(g, start, true);
            return;
        }
        read_one(g, &p);
    }
}

alees_rc pipeline_prefer(alees_ctx *ctx) {
    struct reading g = {.ctx = ctx};
    bool is_there = false;
    for (uint32_t i = 0; i < ctx->request.header_count; i++) {
        const struct ctx_header *h = &ctx->request.headers[i];
        if (str_equal_nocase(h->name, "prefer")) {
            is_there = true;
            read_line(&g, h->value);
        }
    }
    if (!is_there) {
        return ALEES_OK;
    }
    if (g.is_refused || (ctx->prefer.is_strict && ctx->problem.item_count > 0)) {
        return problem_set(&ctx->problem, PROBLEM_BAD_REQUEST, "%s",
                           "The header Prefer has what is not understood; see errors.");
    }
    problem_init(&ctx->problem, ctx->arena);
    return ctx->prefer.has_handling ? ctx_obeyed(ctx, CTX_PREFER_HANDLING) : ALEES_OK;
}
