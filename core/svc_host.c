/* SPDX-License-Identifier: MIT
 * svc_host.c - struct alees_host, and the process behind all service tables.
 *
 * A table has no argument for the process, so there is one pointer to it here: set at boot, read-only afterwards. */
#include <string.h>

#include "alees/util.h"
#include "engine.h"
#include "log.h"
#include "plugin.h"
#include "svc.h"
#include "svc_check.h"
#include "sys.h"

static struct app *the_app;
static const char *the_listen;

void svc_init(struct app *app, const char *listen) {
    the_app = app;
    the_listen = listen;
}

struct app *svc_app(void) {
    return the_app;
}

void svc_offer(void) {
    plugin_offer_service(ALEES_HTTP_V1, &svc_http);
    plugin_offer_service(ALEES_DB_V1, &svc_db);
    plugin_offer_service(ALEES_JSON_V1, &svc_json);
    plugin_offer_service(ALEES_CRED_V1, &svc_cred);
    plugin_offer_service(ALEES_RESOURCE_V1, &svc_resource);
}

/* Only what was declared: the order of starting depends on it. */
static const void *host_service(alees_self *self, const char *id) {
    if (!svc_is_self(self) || !id) {
        return NULL;
    }
    for (uint32_t i = 0; i < self->need_count; i++) {
        if (strcmp(self->needs[i].service, id) == 0) {
            return plugin_service(id);
        }
    }
    log_warn("plugin %s asked for %s, which it does not declare in needs", self->decl.name, id);
    return NULL;
}

static void host_log(alees_self *self, alees_ctx *ctx, uint32_t level, alees_str text) {
    const char *request_id = ctx && svc_is_ctx(ctx) && ctx->request_id[0] ? ctx->request_id : NULL;
    if (svc_is_self(self) && level <= ALEES_LOG_ERROR && text.ptr) {
        int len = text.len < 4096 ? (int)text.len : 4096;
        log_event(level, self->decl.name, request_id, NULL, "%.*s", len, text.ptr);
    }
}

static void *host_alloc(alees_ctx *ctx, size_t size) {
    return svc_is_ctx(ctx) ? arena_alloc(ctx->arena, size) : NULL;
}

static alees_rc host_fail(alees_ctx *ctx, alees_rc rc, const char *code, alees_str detail) {
    return svc_is_ctx(ctx) ? ctx_fail(ctx, ctx->plugin, rc, code, detail) : ALEES_E_INTERNAL;
}

static const struct alees_principal *host_principal(alees_ctx *ctx) {
    return svc_is_ctx(ctx) ? ctx->who : NULL;
}

static alees_str host_setting(alees_self *self, const char *key) {
    for (uint32_t i = 0; svc_is_self(self) && key && i < self->setting_count; i++) {
        if (strcmp(self->settings[i].name, key) == 0) {
            return alees_text(self->setting_values[i]);
        }
    }
    return (alees_str){NULL, 0};
}

static void host_count(alees_self *self, uint32_t metric, int64_t delta) {
    if (svc_is_self(self) && self->metric_series && metric < self->metric_count) {
        metrics_add(self->metric_series[metric], delta);
    }
}

static alees_str host_listen_address(void) {
    return alees_text(the_listen);
}

static alees_rc host_deny(alees_ctx *ctx, const char *permission, const alees_id *organization) {
    return svc_is_ctx(ctx) && permission ? engine_place_deny(ctx, permission, organization) : ALEES_E_INTERNAL;
}

const struct alees_host svc_host = {
    .struct_size = sizeof(struct alees_host),
    .abi_minor = ALEES_ABI_MINOR,
    .service = host_service,
    .log = host_log,
    .alloc = host_alloc,
    .fail = host_fail,
    .principal = host_principal,
    .setting = host_setting,
    .count = host_count,
    .new_id = sys_new_id,
    .listen_address = host_listen_address,
    .deny = host_deny,
};
