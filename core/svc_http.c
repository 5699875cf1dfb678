/* SPDX-License-Identifier: MIT
 * svc_http.c - alees.http/1: the request and the answer of a plugin's route. */
#include <string.h>

#include "alees/util.h"
#include "catalogue.h"
#include "engine.h"
#include "jx.h"
#include "svc.h"
#include "svc_check.h"

static const alees_str absent = {NULL, 0};

static alees_str http_parameter(alees_ctx *ctx, const char *name) {
    if (!svc_is_ctx(ctx) || !name) {
        return absent;
    }
    alees_str value = ctx_path(ctx, name);
    return value.ptr ? value : ctx_parameter(ctx, name);
}

static alees_str http_header(alees_ctx *ctx, const char *name) {
    return svc_is_ctx(ctx) && name ? ctx_header(ctx, name) : absent;
}

static alees_str http_peer(alees_ctx *ctx) {
    return svc_is_ctx(ctx) ? ctx->request.peer : absent;
}

static alees_str http_token(alees_ctx *ctx) {
    return svc_is_ctx(ctx) ? ctx->token : absent;
}

static alees_str http_body(alees_ctx *ctx) {
    return svc_is_ctx(ctx) ? ctx->request.body : absent;
}

static const alees_json *http_json(alees_ctx *ctx) {
    return svc_is_ctx(ctx) ? ctx->json : NULL;
}

static alees_rc http_set_header(alees_ctx *ctx, const char *name, alees_str value) {
    return svc_is_ctx(ctx) && name ? ctx_set_header(ctx, name, value) : ALEES_E_INTERNAL;
}

/* Once, and with a status that is an answer. */
static bool may_reply(const alees_ctx *ctx, uint32_t status) {
    return svc_is_ctx(ctx) && ctx->response.status == 0 && status >= 200 && status <= 599;
}

static alees_rc finish(alees_ctx *ctx, uint32_t status, const char *type) {
    if (ctx->response.body.failed) {
        return problem_set(&ctx->problem, PROBLEM_OUT_OF_MEMORY, "%s", "The answer is too large.");
    }
    ctx->response.status = status;
    ctx->response.content_type = type;
    return ALEES_OK;
}

static bool is_header_value(const char *text) {
    for (; *text; text++) {
        if ((unsigned char)*text < 0x20 || *text == 0x7f) {
            return false;
        }
    }
    return true;
}

static alees_rc http_reply(alees_ctx *ctx, uint32_t status, const char *type, alees_str body) {
    if (!may_reply(ctx, status) || !type || !is_header_value(type)) {
        return ALEES_E_INTERNAL;
    }
    const char *copy = arena_dup(ctx->arena, type, strlen(type));
    if (!copy) {
        return problem_set(&ctx->problem, PROBLEM_OUT_OF_MEMORY, "%s", "The answer is too large.");
    }
    if (body.len) {
        str_view(&ctx->response.body, body);
    }
    return finish(ctx, status, copy);
}

static alees_rc http_reply_json(alees_ctx *ctx, uint32_t status, const alees_json *value) {
    if (!may_reply(ctx, status)) {
        return ALEES_E_INTERNAL;
    }
    jx_write(value, &ctx->response.body);
    return finish(ctx, status, "application/json");
}

static alees_rc http_reply_row(alees_ctx *ctx, uint32_t status, const char *resource, alees_id id) {
    if (!may_reply(ctx, status) || !resource) {
        return ALEES_E_INTERNAL;
    }
    const struct resource *r = catalogue_resource(&ctx->app->catalogue, resource);
    return r ? engine_reply_row(ctx, status, r, &id) : ALEES_E_INTERNAL;
}

static alees_rc http_reply_list(alees_ctx *ctx, const char *resource, const alees_id *ids, uint32_t count,
                                uint32_t flags) {
    if (!may_reply(ctx, 200) || !resource || (!ids && count > 0) || (flags & ~(uint32_t)ALEES_IN_THIS_ORDER) != 0 ||
        (ctx->route->flags & ALEES_ROUTE_LIST) == 0) {
        return ALEES_E_INTERNAL;
    }
    const struct resource *r = catalogue_resource(&ctx->app->catalogue, resource);
    return r ? engine_reply_list(ctx, r, ids, count, (flags & ALEES_IN_THIS_ORDER) != 0) : ALEES_E_INTERNAL;
}

static alees_rc http_refuse(alees_ctx *ctx, const char *member, const char *code, alees_str detail) {
    if (!svc_is_ctx(ctx) || !member) {
        return ALEES_E_INTERNAL;
    }
    return engine_refuse(ctx, alees_text(member), code, detail);
}

const struct alees_http_v1 svc_http = {
    .struct_size = sizeof(struct alees_http_v1),
    .parameter = http_parameter,
    .header = http_header,
    .peer = http_peer,
    .token = http_token,
    .body = http_body,
    .json = http_json,
    .set_header = http_set_header,
    .reply = http_reply,
    .reply_json = http_reply_json,
    .reply_row = http_reply_row,
    .refuse = http_refuse,
    .reply_list = http_reply_list,
};
