/* SPDX-License-Identifier: MIT
 * custom_demo.c - the definitions of `alees demo`: some for all organizations, and some of Acme's own. The rows that have
 * values of them come from the plugins whose rows they are. */
#include <string.h>

#include "alees/organization.h"
#include "alees/util.h"
#include "app.h"
#include "custom.h"
#include "plugin_private.h"
#include "svc.h"

#define ACME "01930000-0000-7000-8000-000000000001" /* of plugins/organization */

/* "{product.product,contact.contact}": the resources of the demonstration that are there. */
static alees_str resources_of(const alees_ctx *ctx) {
    static const char *const names[] = {"product.product", "contact.contact"};
    struct str list;
    str_init(&list, ctx->arena, 64);
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        const struct resource *r = catalogue_resource(&ctx->app->catalogue, names[i]);
        if (r != NULL && r->custom != NULL) {
            str_puts(&list, list.len > 0 ? "," : "{");
            str_puts(&list, names[i]);
        }
    }
    str_puts(&list, list.len > 0 ? "}" : "{}");
    return str_done(&list);
}

/* organization: absent: those for all. */
static alees_rc put(alees_ctx *ctx, struct alees_self *self, alees_str organization) {
    const alees_str params[] = {organization, resources_of(ctx)};
    const struct store_call call = {self->prepared[CUSTOM_DEMO], params};
    struct store_scope scope;
    ctx_scope(ctx, self, &scope);
    return params[1].ptr != NULL ? store_run(ctx, &scope, &call, 1, NULL, NULL) : ALEES_E_NOMEM;
}

static alees_rc visit(void *data, alees_ctx *ctx, const struct alees_organization *organization) {
    char id[37];
    bool is_acme = strcmp(alees_id_format(&organization->id, id), ACME) == 0;
    return is_acme ? put(ctx, data, (alees_str){id, 36}) : ALEES_OK;
}

alees_rc custom_demo(void *state, alees_ctx *ctx) {
    struct alees_self *self = state;
    const struct alees_organization_v1 *organizations = svc_host.service(self, ALEES_ORGANIZATION_V1);
    alees_rc rc = put(ctx, self, (alees_str){NULL, 0});
    return rc == ALEES_OK && organizations != NULL ? organizations->each(organizations, ctx, visit, self) : rc;
}
