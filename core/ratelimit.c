/* SPDX-License-Identifier: MIT
 * ratelimit.c - see ratelimit.h. Headers as in draft-ietf-httpapi-ratelimit-headers-10. */
#include "ratelimit.h"

#include <arpa/inet.h>
#include <string.h>

#include "alees/util.h"
#include "app.h"
#include "config.h"
#include "engine.h"
#include "jx.h"
#include "metrics.h"
#include "ratelimit_table.h"
#include "resource.h"
#include "sys.h"

enum { SETS = 4096 }; /* 16384 buckets, 256 KiB */

struct ratelimit {
    uint32_t quotas[CTX_RATES]; /* a minute; 0: not limited */
    struct metric *refused[CTX_RATES];
    struct ratelimit_table *table;
};

static const struct {
    const char *name, *whose;
    enum settings_id setting;
} kinds[CTX_RATES] = {
    [CTX_RATE_USER] = {"user", "You have", SETTING_USER_RATE},
    [CTX_RATE_ORGANIZATION] = {"organization", "This organization has", SETTING_ORGANIZATION_RATE},
    [CTX_RATE_ADDRESS] = {"address", "Your address, without a valid login, has", SETTING_ADDRESS_RATE},
};

alees_rc ratelimit_new(struct arena *arena, const struct config *c, struct ratelimit **ret_limit) {
    struct ratelimit *l = ARENA_NEW(arena, struct ratelimit);
    bool is_limited = false;
    if (!l) {
        return ALEES_E_NOMEM;
    }
    for (size_t i = 0; i < CTX_RATES; i++) {
        alees_str labels = arena_printf(arena, "by=\"%s\"", kinds[i].name);
        l->quotas[i] = (uint32_t)config_integer(c, kinds[i].setting);
        l->refused[i] = metrics_register(METRICS_COUNTER, "alees_rate_limited_total", labels.ptr ? labels.ptr : "",
                                         "Requests refused with 429 by a rate limit.");
        is_limited = is_limited || l->quotas[i] != 0;
    }
    l->table = is_limited ? ratelimit_table_new(arena, SETS) : NULL;
    if (is_limited && !l->table) {
        return ALEES_E_NOMEM;
    }
    *ret_limit = is_limited ? l : NULL;
    return ALEES_OK;
}

/* bytes: who it is; size at most 16. */
static alees_rc spend(alees_ctx *ctx, enum ctx_rates kind, const void *bytes, size_t size, uint32_t cost) {
    const struct ratelimit *l = ctx->app->ratelimit;
    struct ctx_rate *bucket = &ctx->rate[kind];
    if (!l || l->quotas[kind] == 0) {
        return ALEES_OK;
    }
    bucket->key[0] = (char)kind;
    memcpy(bucket->key + 1, bytes, size);
    bucket->key_size = (uint8_t)(size + 1);
    if (ratelimit_table_spend(l->table, (alees_str){bucket->key, bucket->key_size}, l->quotas[kind], cost,
                              sys_monotonic_us(), &bucket->state)) {
        return ALEES_OK;
    }
    metrics_add(l->refused[kind], 1);
    ctx->problem.retry_after = bucket->state.wait_s;
    return problem_set(&ctx->problem, PROBLEM_TOO_MANY_REQUESTS,
                       "%s %u requests a minute; the header Retry-After says when to go on.", kinds[kind].whose,
                       l->quotas[kind]);
}

alees_rc ratelimit_user(alees_ctx *ctx) {
    return spend(ctx, CTX_RATE_USER, ctx->who->id.bytes, sizeof ctx->who->id.bytes, 1);
}

/* The address as bytes; of an IPv6 one the network, which one customer has whole. 0: it is none, or of this machine. A
 * proxy that listens on both says ::ffff:a.b.c.d of those that come by IPv4: they are not one network. */
static size_t parse_address(alees_str text, unsigned char out[16]) {
    static const unsigned char local[16] = {[15] = 1}, mapped[12] = {[10] = 0xff, [11] = 0xff};
    char copy[64];
    if (text.len >= sizeof copy) {
        return 0;
    }
    memcpy(copy, text.len ? text.ptr : "", text.len);
    copy[text.len] = '\0';
    if (inet_pton(AF_INET, copy, out) == 1) {
        return out[0] == 127 ? 0 : 4;
    }
    if (inet_pton(AF_INET6, copy, out) == 1) {
        if (memcmp(out, mapped, sizeof mapped) == 0) {
            memmove(out, out + sizeof mapped, 4);
            return out[0] == 127 ? 0 : 4;
        }
        return memcmp(out, local, sizeof local) == 0 ? 0 : 8;
    }
    return 0;
}

alees_rc ratelimit_stranger(alees_ctx *ctx) {
    unsigned char address[16];
    size_t size = parse_address(ctx->request.peer, address);
    return size ? spend(ctx, CTX_RATE_ADDRESS, address, size, 1) : ALEES_OK;
}

/* Only one that the caller reaches: nobody empties the bucket of others. */
static bool is_named(const alees_ctx *ctx, alees_str text, alees_id *ret_id) {
    return text.ptr && alees_id_parse(text, ret_id) == ALEES_OK && engine_place_has(ctx->where, ret_id);
}

static bool find_organization(const alees_ctx *ctx, alees_id *ret_id) {
    static const alees_id none;
    const struct alees_organizations *where = ctx->where;
    if (alees_id_compare(&ctx->object_organization, &none) != 0) {
        *ret_id = ctx->object_organization;
        return true;
    }
    const struct resource *r = ctx->route->resource;
    if (!where || (r && r->decl->scope == ALEES_SCOPE_OWN)) {
        return false; /* rows of users are no organization's */
    }
    if (is_named(ctx, ctx_parameter(ctx, "organization"), ret_id) ||
        (ctx->json && is_named(ctx, jx_text(jx_get(ctx->json, "organization")), ret_id))) {
        return true;
    }
    if (!where->all && where->count == 1) {
        *ret_id = where->ids[0];
        return true;
    }
    return false;
}

alees_rc ratelimit_organization(alees_ctx *ctx) {
    alees_id id;
    return ctx->app->ratelimit && find_organization(ctx, &id)
               ? spend(ctx, CTX_RATE_ORGANIZATION, id.bytes, sizeof id.bytes, 1)
               : ALEES_OK;
}

alees_rc ratelimit_charge(alees_ctx *ctx, uint32_t cost) {
    alees_rc rc = ALEES_OK;
    for (uint32_t kind = 0; kind < CTX_RATES && rc == ALEES_OK; kind++) {
        const struct ctx_rate bucket = ctx->rate[kind];
        if (bucket.key_size) {
            rc = spend(ctx, (enum ctx_rates)kind, bucket.key + 1, bucket.key_size - 1u, cost);
        }
    }
    return rc;
}

void ratelimit_write(const alees_ctx *ctx, struct str *out) {
    const char *before = "\r\nRateLimit-Policy: \"";
    for (size_t i = 0; i < CTX_RATES; i++) {
        if (ctx->rate[i].state.quota) {
            str_puts(out, before);
            str_puts(out, kinds[i].name);
            str_puts(out, "\";q=");
            str_u64(out, ctx->rate[i].state.quota);
            str_puts(out, ";w=60");
            before = ", \"";
        }
    }
    before = "\r\nRateLimit: \"";
    for (size_t i = 0; i < CTX_RATES; i++) {
        if (ctx->rate[i].state.quota) {
            str_puts(out, before);
            str_puts(out, kinds[i].name);
            str_puts(out, "\";r=");
            str_u64(out, ctx->rate[i].state.remaining);
            str_puts(out, ";t=");
            str_u64(out, ctx->rate[i].state.reset_s);
            before = ", \"";
        }
    }
}
