/* SPDX-License-Identifier: MIT
 * ctx.c - what the stages of a request, and the code they call, ask of it. */
#include "ctx.h"

#include <inttypes.h>
#include <string.h>

#include "alees/util.h"
#include "app.h"
#include "idempotency.h"
#include "sys.h"

enum {
    BODY_START = 1024, /* a usual answer of one row fits */
    WIRE_START = 1024, /* status line, the headers that every answer has */
    MAX_HEADERS = 32   /* that a handler may set */
};

/* Its address tells threads apart. */
static _Thread_local char this_thread;

alees_ctx *ctx_new(struct app *app, struct arena *arena) {
    alees_ctx *ctx = ARENA_NEW(arena, alees_ctx);
    if (!ctx) {
        return NULL;
    }
    ctx->magic = CTX_MAGIC;
    ctx->owner = &this_thread;
    ctx->app = app;
    ctx->arena = arena;
    ctx->started_us = sys_monotonic_us();
    ctx->client = -1;
    problem_init(&ctx->problem, arena);
    str_init(&ctx->response.body, arena, BODY_START);
    return ctx;
}

void ctx_end(alees_ctx *ctx) {
    if (!ctx) {
        return;
    }
    ASSERT(ctx->magic == CTX_MAGIC);
    if (ctx->transaction) {
        store_rollback(ctx);
    }
    for (struct ctx_after *last = ctx->at_end; last; last = last->next) {
        last->run(last->plugin->state, ctx, last->data);
    }
    ctx->magic = 0;
    arena_reset(ctx->arena);
}

bool ctx_is_owner(const alees_ctx *ctx) {
    return ctx->owner == &this_thread;
}

bool ctx_can_answer(const alees_ctx *ctx) {
    const struct ctx_response *r = &ctx->response;
    size_t wire = WIRE_START + r->body.len;
    for (uint32_t i = 0; i < r->header_count; i++) {
        wire += r->headers[i].name.len + r->headers[i].value.len;
    }
    return !r->body.failed && !arena_is_exhausted(ctx->arena) && arena_left(ctx->arena) > 2 * wire;
}

/* One name and value of Preference-Applied. */
static void put_preference(const struct ctx_prefer *p, enum ctx_preference which, struct str *out) {
    static const char *const returns[] = {"", "return=minimal", "return=representation"};
    static const char *const counts[] = {"", "count=none", "count=estimated", "count=exact"};
    static const char *const resolutions[] = {"", "resolution=merge-duplicates", "resolution=ignore-duplicates"};
    str_puts(out, out->len > 0 ? ", " : "");
    switch (which) {
    case CTX_PREFER_HANDLING: str_puts(out, p->is_strict ? "handling=strict" : "handling=lenient"); break;
    case CTX_PREFER_RETURN: str_puts(out, returns[p->returns]); break;
    case CTX_PREFER_COUNT: str_puts(out, counts[p->count]); break;
    case CTX_PREFER_RESOLUTION: str_puts(out, resolutions[p->resolution]); break;
    case CTX_PREFER_MAX_AFFECTED: str_printf(out, "max-affected=%" PRIu64, p->max_affected); break;
    case CTX_PREFER_TX:
    case CTX_PREFERENCES: str_puts(out, "tx=rollback"); break;
    }
}

alees_rc ctx_obeyed(alees_ctx *ctx, enum ctx_preference which) {
    struct ctx_prefer *p = &ctx->prefer;
    const bool is_sent[CTX_PREFERENCES] = {
        [CTX_PREFER_HANDLING] = p->has_handling,
        [CTX_PREFER_RETURN] = p->returns != CTX_RETURN_DEFAULT,
        [CTX_PREFER_COUNT] = p->count != CTX_COUNT_DEFAULT,
        [CTX_PREFER_RESOLUTION] = p->resolution != CTX_RESOLUTION_NONE,
        [CTX_PREFER_MAX_AFFECTED] = p->has_max_affected,
        [CTX_PREFER_TX] = p->is_dry_run,
    };
    struct str text;
    if (!is_sent[which] || (p->obeyed & 1u << which)) {
        return ALEES_OK;
    }
    p->obeyed |= 1u << which;
    str_init(&text, ctx->arena, 64);
    for (uint32_t i = 0; i < CTX_PREFERENCES; i++) {
        if (p->obeyed & 1u << i) {
            put_preference(p, (enum ctx_preference)i, &text);
        }
    }
    alees_rc rc = ctx_set_header(ctx, "Preference-Applied", str_done(&text));
    return rc == ALEES_OK ? rc
                          : problem_set(&ctx->problem, problem_kind_of(rc), "%s", "The answer has too many headers.");
}

alees_rc ctx_fail(alees_ctx *ctx, const struct alees_self *plugin, alees_rc rc, const char *code, alees_str detail) {
    struct problem *p = &ctx->problem;
    bool is_first = p->rc == ALEES_OK;
    rc = problem_fail(p, rc, code, detail);
    for (uint32_t i = 0; is_first && plugin && i < plugin->error_count; i++) {
        const struct alees_error *e = &plugin->errors[i];
        if ((e->flags & ALEES_ERROR_FIELD) == 0 && strcmp(e->code, p->code) == 0) {
            p->title = e->title;
        }
    }
    return rc;
}

alees_rc ctx_commit(alees_ctx *ctx) {
    if (ctx->prefer.is_dry_run) {
        alees_rc obeyed = ctx_obeyed(ctx, CTX_PREFER_TX);
        return obeyed == ALEES_OK ? store_rehearse(ctx) : obeyed;
    }
    alees_rc rc = idempotency_keep(ctx);
    if (rc != ALEES_OK) {
        store_rollback(ctx);
        return rc;
    }
    rc = store_commit(ctx);
    struct ctx_after *after = rc == ALEES_OK ? ctx->after : NULL;
    ctx->after = NULL;
    for (; after; after = after->next) {
        after->run(after->plugin->state, ctx, after->data);
    }
    return rc;
}

alees_rc ctx_at_end(alees_ctx *ctx, struct alees_self *plugin, void (*run)(void *state, alees_ctx *ctx, void *data),
                    void *data) {
    struct ctx_after *last = ARENA_NEW(ctx->arena, struct ctx_after);
    if (!last) {
        return ALEES_E_NOMEM;
    }
    *last = (struct ctx_after){ctx->at_end, plugin, run, data};
    ctx->at_end = last;
    return ALEES_OK;
}

alees_str ctx_actor(const alees_ctx *ctx) {
    struct str text;
    str_init(&text, ctx->arena, 2 * 37 + sizeof ctx->request_id);
    if (ctx->who) {
        str_id(&text, &ctx->who->id);
    }
    str_putc(&text, '|');
    if (ctx->who && (ctx->who->flags & ALEES_API_KEY)) {
        str_id(&text, &ctx->who->key);
    }
    str_putc(&text, '|');
    str_puts(&text, ctx->request_id);
    return str_done(&text);
}

alees_str ctx_header(const alees_ctx *ctx, const char *name) {
    for (uint32_t i = 0; i < ctx->request.header_count; i++) {
        if (str_equal_nocase(ctx->request.headers[i].name, name)) {
            return ctx->request.headers[i].value;
        }
    }
    return (alees_str){NULL, 0};
}

alees_str ctx_header_list(const alees_ctx *ctx, const char *name) {
    alees_str list = {NULL, 0};
    for (uint32_t i = 0; i < ctx->request.header_count; i++) {
        const struct ctx_header *h = &ctx->request.headers[i];
        if (!str_equal_nocase(h->name, name)) {
            continue;
        }
        list = list.ptr ? arena_printf(ctx->arena, "%.*s, %.*s", STR_FMT(list), STR_FMT(h->value)) : h->value;
    }
    return list;
}

alees_str ctx_parameter(const alees_ctx *ctx, const char *name) {
    for (uint32_t i = 0; i < ctx->parameter_count; i++) {
        if (str_equal(ctx->parameters[i].name, name)) {
            return ctx->parameters[i].value;
        }
    }
    return (alees_str){NULL, 0};
}

alees_str ctx_path(const alees_ctx *ctx, const char *name) {
    for (uint32_t i = 0; i < ctx->match.count; i++) {
        if (strcmp(ctx->match.names[i], name) == 0) {
            return ctx->match.values[i];
        }
    }
    return (alees_str){NULL, 0};
}

/* Headers that frame the message or that the server writes itself. */
static bool is_reserved(alees_str name) {
    static const char *const reserved[] = {"connection",   "content-length",        "content-type",
                                           "date",         "transfer-encoding",     "upgrade",
                                           "x-request-id", "x-content-type-options"};
    for (size_t i = 0; i < ARRAY_LEN(reserved); i++) {
        if (str_equal_nocase(name, reserved[i])) {
            return true;
        }
    }
    return false;
}

/* token of RFC 9110 for a name; a value is anything printable. */
static bool is_header_text(alees_str text, bool is_name) {
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        if (c < 0x20 || c == 0x7f || (is_name && (c == ' ' || c > 0x7e || strchr("\"(),/:;<=>?@[\\]{}", c)))) {
            return false;
        }
    }
    return true;
}

alees_rc ctx_set_header(alees_ctx *ctx, const char *name, alees_str value) {
    struct ctx_response *r = &ctx->response;
    struct ctx_header header = {{name, strlen(name)}, value};
    if (header.name.len == 0 || !value.ptr || !is_header_text(header.name, true) || !is_header_text(value, false) ||
        is_reserved(header.name)) {
        return ALEES_E_INVALID;
    }
    header.name = arena_str(ctx->arena, header.name);
    header.value = arena_str(ctx->arena, value);
    if (!header.name.ptr || !header.value.ptr) {
        return ALEES_E_NOMEM;
    }
    for (uint32_t i = 0; i < r->header_count; i++) {
        if (str_equal_nocase(r->headers[i].name, name)) {
            r->headers[i] = header;
            return ALEES_OK;
        }
    }
    if (!r->headers) {
        r->headers = ARENA_ARRAY(ctx->arena, struct ctx_header, MAX_HEADERS);
        if (!r->headers) {
            return ALEES_E_NOMEM;
        }
        r->header_cap = MAX_HEADERS;
    }
    if (r->header_count == r->header_cap) {
        return ALEES_E_INVALID;
    }
    r->headers[r->header_count++] = header;
    return ALEES_OK;
}

static bool is_superuser(const alees_ctx *ctx) {
    return ctx->who && (ctx->who->flags & ALEES_SUPERUSER);
}

static alees_str only(const alees_ctx *ctx, const alees_id *organization) {
    struct str text;
    str_init(&text, ctx->arena, sizeof "{}" + 36);
    str_putc(&text, '{');
    str_id(&text, organization);
    str_putc(&text, '}');
    alees_str whole = str_done(&text);
    return whole.ptr ? whole : STR_LIT("{}");
}

/* Narrow unless told otherwise: without a user or a permission there is no organization, and a request about one row
 * reaches only that row's organization, a superuser's too. Where any login will do, what belongs to the user is reached. */
void ctx_scope(const alees_ctx *ctx, struct alees_self *plugin, struct store_scope *ret_scope) {
    static const alees_id none;
    struct store_scope scope = {.plugin = plugin, .organizations = STR_LIT("{}")};
    const struct route *route = ctx->route;
    bool is_all = ctx->is_all || is_superuser(ctx);
    bool is_login = route && (route->flags & ALEES_ROUTE_LOGIN) && ctx->who && !(ctx->who->flags & ALEES_API_KEY);
    bool has_object = route && route->decl && route->decl->object;
    bool has_organization = has_object && alees_id_compare(&ctx->object_organization, &none) != 0;
    if (is_all && !has_organization) {
        scope.all = true;
    } else if (is_login && !ctx->where) {
        scope.organizations = only(ctx, &ctx->who->id);
    } else if (!is_all && (ctx->is_public || !ctx->where)) {
        /* none */
    } else if (has_object) {
        scope.organizations = only(ctx, &ctx->object_organization);
    } else if (ctx->where->all) {
        scope.all = true;
    } else if (ctx->where->text.ptr) {
        scope.organizations = ctx->where->text;
    }
    *ret_scope = scope;
}
