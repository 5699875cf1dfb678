/* SPDX-License-Identifier: MIT
 * svc_json.c - alees.json/1: jx.c for plugins. The questions about a value go straight to jx.c, which accepts NULL. */
#include "jx.h"
#include "svc.h"

static bool is_ctx(const alees_ctx *ctx) {
    return ctx && ctx->magic == CTX_MAGIC;
}

static alees_rc parse(alees_ctx *ctx, alees_str text, alees_json **ret_value) {
    if (!is_ctx(ctx) || !ret_value) {
        return ALEES_E_INVALID;
    }
    return jx_parse(ctx->arena, &ctx->problem, text, ret_value);
}

static const alees_json *get(const alees_json *object, const char *key) {
    return key ? jx_get(object, key) : NULL;
}

static alees_rc integer(const alees_json *value, int64_t *ret_number) {
    return ret_number ? jx_integer(value, ret_number) : ALEES_E_INVALID;
}

static uint32_t is_true(const alees_json *value) {
    return jx_is_true(value);
}

static alees_json *object(alees_ctx *ctx) {
    return is_ctx(ctx) ? jx_object(ctx->arena) : NULL;
}

static alees_json *array(alees_ctx *ctx) {
    return is_ctx(ctx) ? jx_array(ctx->arena) : NULL;
}

static alees_rc put_boolean(alees_json *target, const char *key, uint32_t truth) {
    return jx_put_boolean(target, key, truth != 0);
}

const struct alees_json_v1 svc_json = {
    .struct_size = sizeof(struct alees_json_v1),
    .parse = parse,
    .kind = jx_kind,
    .size = jx_size,
    .get = get,
    .at = jx_at,
    .text = jx_text,
    .integer = integer,
    .is_true = is_true,
    .object = object,
    .array = array,
    .put = jx_put,
    .put_text = jx_put_text,
    .put_integer = jx_put_integer,
    .put_boolean = put_boolean,
};
