/* SPDX-License-Identifier: MIT
 * documents.c - see documents.h. What is kept is the packed form, which nearly every client takes; for the others it is
 * unpacked. */
#include "documents.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "alees/util.h"
#include "cred.h"
#include "describe.h"
#include "docs.h"
#include "engine_parts.h"
#include "gzip.h"
#include "pipeline_impl.h"

enum {
    KEPT = 8,     /* documents; each some 100 KiB */
    ETAG = 16 + 1 /* characters of a document's hash, and a NUL */
};

#define ORGANIZATION "organization"

enum kind { OPENAPI, POSTMAN };

static const struct {
    alees_str (*make)(struct arena *arena, const struct catalogue *catalogue, const bool *told, bool is_indented);
    const char *type;
} kinds[] = {
    [OPENAPI] = {describe_openapi, "application/json"},
    [POSTMAN] = {describe_postman, "application/json"},
};

/* One document, in one piece of memory; read-only from when it is kept. */
struct document {
    atomic_uint users; /* requests that read it, and the table */
    enum kind kind;
    char etag[ETAG];
    size_t size; /* unpacked */
    alees_str packed;
    bool told[]; /* by place in catalogue->routes; behind it the packed bytes */
};

struct documents {
    pthread_mutex_t making;      /* held by the one who makes a document */
    pthread_mutex_t table;       /* guards what follows, for a moment each time */
    struct document *kept[KEPT]; /* the one that was asked for last is the first */
};

static void release(void *data) {
    struct document *d = data;
    if (d && atomic_fetch_sub(&d->users, 1) == 1) {
        free(d);
    }
}

static void forget_all(void *data) {
    struct documents *d = data;
    for (size_t i = 0; i < KEPT; i++) {
        release(d->kept[i]);
    }
    (void)pthread_mutex_destroy(&d->table);
    (void)pthread_mutex_destroy(&d->making);
}

alees_rc documents_new(struct arena *arena, struct documents **ret_documents) {
    struct documents *d = ARENA_NEW(arena, struct documents);
    if (!d || pthread_mutex_init(&d->making, NULL) != 0) {
        return ALEES_E_NOMEM;
    }
    if (pthread_mutex_init(&d->table, NULL) != 0 || !arena_defer(arena, forget_all, d)) {
        return ALEES_E_NOMEM;
    }
    *ret_documents = d;
    return ALEES_OK;
}

/* ---- what is kept ---- */

static void put_first(struct documents *d, size_t place, struct document *document) {
    memmove(&d->kept[1], &d->kept[0], place * sizeof d->kept[0]);
    d->kept[0] = document;
}

/* For a user more; NULL: it is not kept. */
static struct document *find(struct documents *d, enum kind kind, const bool *told, size_t count) {
    struct document *found = NULL;
    (void)pthread_mutex_lock(&d->table);
    for (size_t i = 0; i < KEPT && d->kept[i] && !found; i++) {
        if (d->kept[i]->kind == kind && memcmp(d->kept[i]->told, told, count * sizeof *told) == 0) {
            found = d->kept[i];
            atomic_fetch_add(&found->users, 1);
            put_first(d, i, found);
        }
    }
    (void)pthread_mutex_unlock(&d->table);
    return found;
}

/* NULL: nothing. */
static void keep(struct documents *d, struct document *document) {
    if (!document) {
        return;
    }
    atomic_fetch_add(&document->users, 1);
    (void)pthread_mutex_lock(&d->table);
    struct document *last = d->kept[KEPT - 1];
    put_first(d, KEPT - 1, document);
    (void)pthread_mutex_unlock(&d->table);
    release(last);
}

static void put_etag(char etag[ETAG], alees_str text) {
    static const char digits[] = "0123456789abcdef";
    uint8_t hash[CRED_HASH];
    cred_hash(text, hash);
    for (size_t i = 0; i + 1 < ETAG; i++) {
        etag[i] = digits[hash[i / 2] >> (i % 2 ? 0 : 4) & 15];
    }
}

/* Made anew, for one user. */
static alees_rc make(alees_ctx *ctx, enum kind kind, const bool *told, struct document **ret_document) {
    const struct catalogue *catalogue = &ctx->app->catalogue;
    const size_t count = catalogue->route_count * sizeof *told;
    alees_str text = kinds[kind].make(ctx->arena, catalogue, told, false);
    struct str packed;
    str_init(&packed, ctx->arena, text.len / 8 + 1024);
    if (!text.ptr || !gzip_smallest(ctx->arena, text, &packed)) {
        return ALEES_E_NOMEM;
    }
    struct document *d = calloc(1, sizeof *d + count + packed.len);
    if (!d) {
        return ALEES_E_NOMEM;
    }
    atomic_init(&d->users, 1);
    d->kind = kind;
    d->size = text.len;
    put_etag(d->etag, text);
    memcpy(d->told, told, count);
    char *bytes = (char *)d->told + count;
    memcpy(bytes, packed.ptr, packed.len);
    d->packed = (alees_str){bytes, packed.len};
    *ret_document = d;
    return ALEES_OK;
}

/* Of several who ask for the same one, one makes it, and the others wait. */
static alees_rc find_or_make(alees_ctx *ctx, enum kind kind, const bool *told, struct document **ret_document) {
    struct documents *kept = ctx->app->documents;
    const size_t count = ctx->app->catalogue.route_count;
    struct document *d = find(kept, kind, told, count);
    alees_rc rc = ALEES_OK;
    if (!d) {
        (void)pthread_mutex_lock(&kept->making);
        d = find(kept, kind, told, count);
        if (!d) {
            rc = make(ctx, kind, told, &d);
            keep(kept, d);
        }
        (void)pthread_mutex_unlock(&kept->making);
    }
    if (rc == ALEES_OK && !arena_defer(ctx->arena, release, d)) {
        rc = ALEES_E_NOMEM;
    }
    if (rc == ALEES_OK) {
        *ret_document = d;
    }
    return rc;
}

/* ---- the answer ---- */

/* May the description of the API be told to this caller? */
static alees_rc permit(alees_ctx *ctx) {
    switch (docs_access_of(ctx)) {
    case DOCS_PUBLIC: return ALEES_OK;
    case DOCS_LOGIN:
        return ctx->who ? ALEES_OK
                        : problem_set(&ctx->problem, PROBLEM_UNAUTHENTICATED, "%s",
                                      "This server describes its API to users only: log in and send the token as the "
                                      "header Authorization: Bearer TOKEN.");
    case DOCS_OFF:
    default: return ALEES_E_NOT_FOUND;
    }
}

/* The packed form is another representation, so its tag is another one. */
static alees_rc put_headers(alees_ctx *ctx, const struct document *d, bool is_packed, alees_str *ret_etag) {
    alees_str etag = arena_printf(ctx->arena, "\"%s%s\"", d->etag, is_packed ? "-gzip" : "");
    alees_rc rc = ctx_set_header(ctx, "ETag", etag);
    if (rc == ALEES_OK) {
        rc = ctx_set_header(ctx, "Cache-Control", ctx->who ? STR_LIT("private, no-cache") : STR_LIT("no-cache"));
    }
    if (rc == ALEES_OK) {
        rc = ctx_set_header(ctx, "Vary", STR_LIT("Authorization"));
    }
    ctx->response.varies = true;
    *ret_etag = etag;
    return rc;
}

static alees_rc put_body(alees_ctx *ctx, const struct document *d, bool is_packed) {
    struct ctx_response *r = &ctx->response;
    r->status = 200;
    r->content_type = kinds[d->kind].type;
    if (is_packed) {
        r->coding = "gzip";
        str_view(&r->body, d->packed);
        return ALEES_OK;
    }
    return gzip_unpack(ctx->arena, d->packed, d->size, &r->body) ? ALEES_OK : ALEES_E_NOMEM;
}

/* The one parameter that there is. *ret_organization stays NULL without it. */
static alees_rc read_organization(alees_ctx *ctx, alees_id *id, const alees_id **ret_organization) {
    for (uint32_t i = 0; i < ctx->parameter_count; i++) {
        const struct ctx_parameter *p = &ctx->parameters[i];
        if (!str_equal(p->name, ORGANIZATION)) {
            problem_add(&ctx->problem, p->name, "unknown_parameter", "%s", "It is not known here.");
            return problem_set(&ctx->problem, PROBLEM_UNKNOWN_PARAMETER, "There is no parameter %.*s.",
                               STR_FMT(p->name));
        }
        if (i > 0 || alees_id_parse(p->value, id) != ALEES_OK) {
            problem_add(&ctx->problem, p->name, i > 0 ? "repeated" : "invalid_format", "%s",
                        i > 0 ? "Send it once." : "must be the id of an organization");
            return problem_set(&ctx->problem, PROBLEM_BAD_PARAMETER, "%s", "Correct the parameters named in errors.");
        }
        *ret_organization = id;
    }
    return ALEES_OK;
}

/* All of it for those without a token, who are nobody in any organization. */
static alees_rc choose(alees_ctx *ctx, bool **ret_told) {
    const uint32_t count = ctx->app->catalogue.route_count;
    const alees_id *organization = NULL;
    alees_id id;
    bool *told = ARENA_ARRAY(ctx->arena, bool, count);
    alees_rc rc = told ? read_organization(ctx, &id, &organization) : ALEES_E_NOMEM;
    if (rc == ALEES_OK && ctx->who) {
        rc = documents_judge(ctx, organization, told);
    } else if (rc == ALEES_OK && organization) {
        rc = problem_set(&ctx->problem, PROBLEM_UNAUTHENTICATED, "%s",
                         "What you may do in an organization is told to users: send the token as the header "
                         "Authorization: Bearer TOKEN.");
    } else if (rc == ALEES_OK) {
        memset(told, true, count * sizeof *told);
    }
    *ret_told = told;
    return rc;
}

static alees_rc answer(alees_ctx *ctx, enum kind kind) {
    struct document *d = NULL;
    bool *told = NULL;
    alees_str etag;
    alees_rc rc = permit(ctx);
    rc = rc == ALEES_OK ? choose(ctx, &told) : rc;
    rc = rc == ALEES_OK ? find_or_make(ctx, kind, told, &d) : rc;
    if (rc != ALEES_OK) {
        return rc;
    }
    bool is_packed = pipeline_accepts_coding(ctx_header_list(ctx, "accept-encoding"), "gzip");
    rc = put_headers(ctx, d, is_packed, &etag);
    if (rc == ALEES_OK && engine_condition_is_fresh(ctx, etag)) {
        ctx->response.status = 304;
        return ALEES_OK;
    }
    return rc == ALEES_OK ? put_body(ctx, d, is_packed) : rc;
}

alees_rc documents_openapi(alees_ctx *ctx) {
    return answer(ctx, OPENAPI);
}

alees_rc documents_postman(alees_ctx *ctx) {
    return answer(ctx, POSTMAN);
}
