/* SPDX-License-Identifier: MIT
 * svc_check.h - is a handle that a plugin gave back the one it was given? A wrong one is refused in every build; a ctx used
 * by two threads is a defect that a debug build stops at. */
#ifndef SVC_CHECK_H
#define SVC_CHECK_H

#include "ctx.h"

static inline bool svc_is_self(const alees_self *self) {
    return self && self->magic == PLUGIN_MAGIC;
}

static inline bool svc_is_ctx(const alees_ctx *ctx) {
    if (!ctx || ctx->magic != CTX_MAGIC) {
        return false;
    }
#ifndef NDEBUG
    ASSERT(ctx_is_owner(ctx));
#endif
    return true;
}

#endif
