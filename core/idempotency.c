/* SPDX-License-Identifier: MIT
 * idempotency.c - see idempotency.h. The statements run as the server's own role on alees.idempotency, which no plugin's
 * role may touch. */
#include "idempotency.h"

#include <inttypes.h>
#include <string.h>

#include "alees/util.h"
#include "app.h"
#include "cred.h"
#include "engine.h"
#include "resource.h"

enum { MAX_KEY = 255, MAX_BODY = 1024 * 1024 };

struct idempotency { /* of a request that has claimed its key */
    alees_str user, api_key, route, key, fingerprint;
    alees_id *organizations;
    uint32_t count, cap;
};

static const char find_sql[] =
    "SELECT fingerprint, status, content_type, headers, body, organizations, is_everywhere, is_viewed "
    "FROM alees.idempotency WHERE user_id = $1::uuid AND api_key = $2::uuid AND route = $3 AND key = $4 "
    "AND created_at > now() - make_interval(hours => $5::integer)";
/* Two at once: the second does not wait, and whoever comes after the commit sees what it stored. */
static const char lock_sql[] = "SELECT pg_try_advisory_xact_lock(hashtextextended($1, 0))";
static const char keep_sql[] =
    "INSERT INTO alees.idempotency (user_id, api_key, route, key, fingerprint, status, content_type, headers, body, "
    "organizations, is_everywhere, is_viewed) VALUES ($1::uuid, $2::uuid, $3, $4, $5, $6::integer, $7, $8, $9, "
    "$10::uuid[], $11::boolean, $12::boolean) ON CONFLICT (user_id, api_key, route, key) DO UPDATE SET "
    "fingerprint = excluded.fingerprint, created_at = now(), status = excluded.status, "
    "content_type = excluded.content_type, headers = excluded.headers, body = excluded.body, "
    "organizations = excluded.organizations, is_everywhere = excluded.is_everywhere, is_viewed = excluded.is_viewed";
/* More than one for each that is stored, so that what has expired does not pile up. */
static const char prune_sql[] =
    "DELETE FROM alees.idempotency WHERE ctid = ANY (ARRAY(SELECT ctid FROM alees.idempotency WHERE created_at <= "
    "now() - make_interval(hours => $1::integer) ORDER BY created_at LIMIT 10 FOR UPDATE SKIP LOCKED))";

static alees_rc nomem(alees_ctx *ctx) {
    return problem_set(&ctx->problem, PROBLEM_OUT_OF_MEMORY, "%s", "The request needs too much memory.");
}

static bool prepare(alees_ctx *ctx, const char *sql, uint32_t nparams, const alees_str *params,
                    struct store_call *ret_call) {
    *ret_call = (struct store_call){
        store_statement(ctx->app->store, NULL, "idempotency", (alees_str){sql, strlen(sql)}, nparams), params};
    return ret_call->statement != NULL;
}

static alees_rc run_both(alees_ctx *ctx, const struct store_call calls[2], alees_rows *ret_rows[2]) {
    const struct store_scope scope = {.organizations = STR_LIT("{}")};
    return store_run(ctx, &scope, calls, 2, ret_rows, NULL);
}

static alees_str hours_of(alees_ctx *ctx) {
    return arena_printf(ctx->arena, "%" PRIu32, ctx->app->idempotency_hours);
}

/* ---- the key and the request ---- */

bool idempotency_is_asked(const alees_ctx *ctx) {
    bool is_writing = ctx->request.method == ALEES_POST && (ctx->route->flags & ALEES_ROUTE_READ) == 0;
    return is_writing && ctx->who != NULL && !ctx->is_public && !ctx->prefer.is_dry_run &&
           ctx_header(ctx, "Idempotency-Key").ptr != NULL;
}

static alees_rc find_key(alees_ctx *ctx, alees_str *ret_key) {
    uint32_t count = 0;
    bool is_good = true;
    for (uint32_t i = 0; i < ctx->request.header_count; i++) {
        if (str_equal_nocase(ctx->request.headers[i].name, "idempotency-key")) {
            *ret_key = ctx->request.headers[i].value;
            count++;
        }
    }
    for (size_t i = 0; i < ret_key->len; i++) {
        is_good = is_good && ret_key->ptr[i] > ' ' && ret_key->ptr[i] <= '~';
    }
    if (count != 1 || !is_good || ret_key->len < 1 || ret_key->len > MAX_KEY) {
        return problem_set(&ctx->problem, PROBLEM_BAD_REQUEST,
                           "Send one header Idempotency-Key of 1 to %d visible characters, such as a new UUID.",
                           MAX_KEY);
    }
    if (ctx->request.is_unread) {
        return problem_set(&ctx->problem, PROBLEM_BAD_REQUEST, "%s",
                           "An import cannot have an Idempotency-Key; it is all or nothing by itself.");
    }
    return ALEES_OK;
}

/* A code over path, query and body under the key itself. */
static alees_str fingerprint_of(alees_ctx *ctx, alees_str key) {
    uint8_t secret[CRED_HASH], code[CRED_MAC];
    alees_str text = arena_printf(ctx->arena, "fingerprint %.*s", STR_FMT(key));
    if (!text.ptr) {
        return text;
    }
    cred_hash(text, secret);
    cred_mac(secret, ctx->request.uri, ctx->request.body, code);
    return cred_base64(ctx->arena, code, sizeof code);
}

static alees_str id_text(alees_ctx *ctx, const alees_id *id) {
    char text[37];
    return arena_str(ctx->arena, (alees_str){alees_id_format(id, text), 36});
}

static alees_rc describe(alees_ctx *ctx, alees_str key, struct idempotency *ret_claim) {
    static const alees_id in_person;
    uint8_t hash[CRED_HASH];
    cred_hash(key, hash);
    *ret_claim = (struct idempotency){
        .user = id_text(ctx, &ctx->who->id),
        .api_key = id_text(ctx, ctx->who->flags & ALEES_API_KEY ? &ctx->who->key : &in_person),
        .route = alees_text(ctx->route->path),
        .key = cred_base64(ctx->arena, hash, sizeof hash),
        .fingerprint = fingerprint_of(ctx, key),
    };
    return arena_is_exhausted(ctx->arena) ? nomem(ctx) : ALEES_OK;
}

/* ---- once more ---- */

enum { FINGERPRINT, STATUS, CONTENT_TYPE, HEADERS, BODY, ORGANIZATIONS, IS_EVERYWHERE, IS_VIEWED };

static bool is_true(const alees_rows *rows, uint32_t column) {
    return str_equal(store_rows_text(rows, 0, column), "t");
}

/* The ids of "{uuid,uuid}" one by one. */
static bool next_id(alees_str list, size_t *at, alees_id *ret_id) {
    enum { ID = 36 };
    if (*at + 1 + ID >= list.len || alees_id_parse((alees_str){list.ptr + *at + 1, ID}, ret_id) != ALEES_OK) {
        return false;
    }
    *at += ID + 1;
    return true;
}

static bool holds_all(const alees_ctx *ctx, const struct alees_organizations *where, alees_str organizations) {
    static const alees_id none;
    alees_id id;
    for (size_t at = 0; next_id(organizations, &at, &id);) {
        bool is_none = alees_id_compare(&id, &none) == 0;
        if (is_none ? !engine_place_is_superuser(ctx) : !engine_place_has(where, &id)) {
            return false;
        }
    }
    return true;
}

static alees_rc views(alees_ctx *ctx, alees_str organizations, bool *ret_views) {
    const struct alees_organizations *view = NULL;
    alees_rc rc;
    if (engine_place_is_superuser(ctx)) {
        *ret_views = true;
        return ALEES_OK;
    }
    rc = engine_place_holds(ctx, ctx->route->resource, ctx->route->resource->view, &view);
    *ret_views = rc == ALEES_OK && holds_all(ctx, view, organizations);
    return rc;
}

/* What is known of the row of an answer is shown to who may see it now, not to who might then. */
static alees_rc check_permitted(alees_ctx *ctx, const alees_rows *rows) {
    alees_str organizations = store_rows_text(rows, 0, ORGANIZATIONS);
    bool is_superuser = engine_place_is_superuser(ctx), is_all = ctx->where && ctx->where->all == 1, may = true;
    if (!is_superuser) {
        may = (!is_true(rows, IS_EVERYWHERE) || is_all) && holds_all(ctx, ctx->where, organizations);
    }
    if (may && is_true(rows, IS_VIEWED)) {
        alees_rc rc = views(ctx, organizations, &may);
        if (rc != ALEES_OK) {
            return rc;
        }
    }
    return may ? ALEES_OK
               : engine_place_deny(ctx, ctx->route->permission_name ? ctx->route->permission_name : "of before", NULL);
}

static alees_rc put_headers(alees_ctx *ctx, alees_str lines) {
    for (size_t at = 0; at < lines.len;) {
        const char *line = lines.ptr + at, *end = memchr(line, '\n', lines.len - at);
        const char *colon = end ? memchr(line, ':', (size_t)(end - line)) : NULL;
        if (!colon) {
            return ALEES_E_INTERNAL;
        }
        const char *name = arena_dup(ctx->arena, line, (size_t)(colon - line));
        alees_rc rc =
            name ? ctx_set_header(ctx, name, (alees_str){colon + 1, (size_t)(end - colon - 1)}) : ALEES_E_NOMEM;
        if (rc != ALEES_OK) {
            return rc;
        }
        at += (size_t)(end - line) + 1;
    }
    return ctx_set_header(ctx, "Idempotency-Replayed", STR_LIT("true"));
}

static alees_rc replay(alees_ctx *ctx, const alees_rows *rows) {
    alees_str body = store_rows_text(rows, 0, BODY), type = store_rows_text(rows, 0, CONTENT_TYPE);
    int64_t status = 0;
    alees_rc rc = check_permitted(ctx, rows);
    if (rc == ALEES_OK && (!str_parse_i64(store_rows_text(rows, 0, STATUS), &status) || status < 200 || status > 299)) {
        rc = ALEES_E_INTERNAL;
    }
    if (rc == ALEES_OK && !body.ptr) {
        rc = problem_set(
            &ctx->problem, PROBLEM_REPLY_NOT_KEPT,
            "The request was carried out before, with status %" PRId64 "; its reply cannot be given again.", status);
    }
    rc = rc == ALEES_OK ? put_headers(ctx, store_rows_text(rows, 0, HEADERS)) : rc;
    if (rc != ALEES_OK) {
        return rc;
    }
    str_view(&ctx->response.body, body);
    ctx->response.content_type = type.ptr; /* NUL behind it; lives as long as the ctx */
    ctx->response.status = (uint32_t)status;
    store_rollback(ctx);
    return ctx->response.body.failed ? nomem(ctx) : ALEES_OK;
}

alees_rc idempotency_claim(alees_ctx *ctx) {
    struct idempotency *claim = ARENA_NEW(ctx->arena, struct idempotency);
    struct store_call calls[2];
    alees_rows *rows[2];
    alees_str key = {NULL, 0};
    alees_rc rc = claim ? find_key(ctx, &key) : nomem(ctx);
    rc = rc == ALEES_OK ? describe(ctx, key, claim) : rc;
    if (rc != ALEES_OK) {
        return rc;
    }
    const alees_str lock = arena_printf(ctx->arena, "%.*s %.*s %.*s %.*s", STR_FMT(claim->user),
                                        STR_FMT(claim->api_key), STR_FMT(claim->key), STR_FMT(claim->route));
    const alees_str params[] = {claim->user, claim->api_key, claim->route, claim->key, hours_of(ctx)};
    if (arena_is_exhausted(ctx->arena) || !prepare(ctx, lock_sql, 1, &lock, &calls[0]) ||
        !prepare(ctx, find_sql, ARRAY_LEN(params), params, &calls[1])) {
        return nomem(ctx);
    }
    rc = run_both(ctx, calls, rows);
    if (rc != ALEES_OK) {
        return rc;
    }
    if (!is_true(rows[0], 0)) {
        ctx->problem.retry_after = 1;
        return problem_set(&ctx->problem, PROBLEM_IDEMPOTENCY_RUNNING, "%s",
                           "The first request with this Idempotency-Key is still running; ask again in a moment.");
    }
    if (store_rows_count(rows[1]) == 0) {
        ctx->idempotency = claim;
        return ALEES_OK;
    }
    if (!alees_equal(store_rows_text(rows[1], 0, FINGERPRINT), claim->fingerprint)) {
        return problem_set(&ctx->problem, PROBLEM_IDEMPOTENCY_MISMATCH, "%s",
                           "This Idempotency-Key came with another request before; use a new one for each.");
    }
    return replay(ctx, rows[1]);
}

/* ---- the reply ---- */

alees_rc idempotency_about(alees_ctx *ctx, const alees_id *organization) {
    struct idempotency *c = ctx->idempotency;
    if (!c || (c->count > 0 && alees_id_compare(&c->organizations[c->count - 1], organization) == 0)) {
        return ALEES_OK;
    }
    if (c->count == c->cap) {
        alees_id *more = ARENA_ARRAY(ctx->arena, alees_id, 2 * (size_t)c->cap + 4);
        if (!more) {
            return nomem(ctx);
        }
        if (c->count > 0) {
            memcpy(more, c->organizations, c->count * sizeof *more);
        }
        c->organizations = more;
        c->cap = 2 * c->cap + 4;
    }
    c->organizations[c->count++] = *organization;
    return ALEES_OK;
}

static alees_str list_of(alees_ctx *ctx, const alees_id *ids, uint32_t count) {
    struct str text;
    str_init(&text, ctx->arena, 2 + 37 * (size_t)count);
    str_putc(&text, '{');
    for (uint32_t i = 0; i < count; i++) {
        str_puts(&text, i > 0 ? "," : "");
        str_id(&text, &ids[i]);
    }
    str_putc(&text, '}');
    return str_done(&text);
}

/* A plugin that does not say what its answer is about may have told something of every organization it reached. */
static alees_str organizations_of(alees_ctx *ctx, bool *ret_is_everywhere) {
    const struct idempotency *c = ctx->idempotency;
    const struct alees_organizations *where = ctx->where;
    *ret_is_everywhere = false;
    if (c->count > 0) {
        return list_of(ctx, c->organizations, c->count);
    }
    if (ctx->route->decl && ctx->route->decl->object) {
        return list_of(ctx, &ctx->object_organization, 1);
    }
    *ret_is_everywhere = where && where->all == 1;
    return where && where->all != 1 ? list_of(ctx, where->ids, where->count) : STR_LIT("{}");
}

static alees_str headers_of(alees_ctx *ctx) {
    struct str text;
    str_init(&text, ctx->arena, 128);
    for (uint32_t i = 0; i < ctx->response.header_count; i++) {
        str_view(&text, ctx->response.headers[i].name);
        str_putc(&text, ':');
        str_view(&text, ctx->response.headers[i].value);
        str_putc(&text, '\n');
    }
    return str_done(&text);
}

/* Credentials are kept nowhere, and neither is what is long or no text. */
static bool can_be_kept(const alees_ctx *ctx) {
    alees_str body = {ctx->response.body.ptr ? ctx->response.body.ptr : "", ctx->response.body.len};
    return (ctx->route->flags & ALEES_ROUTE_SECRET) == 0 && body.len <= MAX_BODY && str_is_utf8(body) &&
           !memchr(body.ptr, '\0', body.len);
}

alees_rc idempotency_keep(alees_ctx *ctx) {
    const struct idempotency *c = ctx->idempotency;
    const struct ctx_response *r = &ctx->response;
    bool is_everywhere, is_viewed = false, is_kept;
    struct store_call calls[2];
    alees_rows *rows[2];
    alees_rc rc = ALEES_OK;
    if (!c || r->status < 200 || r->status > 299) {
        return ALEES_OK;
    }
    is_kept = can_be_kept(ctx);
    alees_str organizations = organizations_of(ctx, &is_everywhere);
    if (organizations.ptr && c->count > 0 && ctx->route->operation == ROUTE_CREATE) {
        rc = views(ctx, organizations, &is_viewed);
    }
    if (rc != ALEES_OK) {
        return rc;
    }
    const alees_str absent = {NULL, 0},
                    body = arena_str(ctx->arena, (alees_str){r->body.ptr ? r->body.ptr : "", r->body.len});
    const alees_str params[] = {c->user,
                                c->api_key,
                                c->route,
                                c->key,
                                c->fingerprint,
                                arena_printf(ctx->arena, "%" PRIu32, r->status),
                                alees_text(r->content_type),
                                is_kept ? headers_of(ctx) : STR_LIT(""),
                                is_kept ? body : absent,
                                organizations,
                                is_everywhere ? STR_LIT("t") : STR_LIT("f"),
                                is_viewed ? STR_LIT("t") : STR_LIT("f")};
    const alees_str hours = hours_of(ctx);
    if (arena_is_exhausted(ctx->arena) || !prepare(ctx, keep_sql, ARRAY_LEN(params), params, &calls[0]) ||
        !prepare(ctx, prune_sql, 1, &hours, &calls[1])) {
        return nomem(ctx);
    }
    return run_both(ctx, calls, rows);
}
