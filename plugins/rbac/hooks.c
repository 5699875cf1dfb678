/* SPDX-License-Identifier: MIT
 * hooks.c - see hooks.h. */
#include "hooks.h"

#include <stdio.h>

/* --- begin and end --- */

/* The pipeline has decided before the request waited for its turn, perhaps for somebody who took the right away. */
static alees_rc check_still_may(const struct hook *h, const char *resource) {
    const char *verb = h->action == ALEES_CREATE ? "add" : h->action == ALEES_UPDATE ? "change" : "delete";
    char name[128];
    snprintf(name, sizeof name, "rbac.%s_%s", verb, resource);
    const uint32_t permission = policy_permission(h->r->catalogue, name);
    if (permission == 0) {
        return ALEES_E_INTERNAL;
    }
    if (policy_holds(h->writer, h->delegate.limit, permission, h->delegate.organization, false)) {
        return ALEES_OK;
    }
    return h->r->host->deny(h->ctx, h->r->catalogue->permissions[permission - 1]->name, h->delegate.organization);
}

alees_rc hook_begin(struct hook *h, struct rbac *r, alees_ctx *ctx, alees_change *change, const char *resource,
                    const struct rbac_about *about) {
    static const alees_id none;
    const struct policy_limit *limit;
    *h = (struct hook){.r = r, .ctx = ctx, .change = change, .action = r->resource->action(change)};
    h->organization = r->resource->organization(change);
    alees_rc rc = rbac_fresh_caller(r, ctx, about, &h->writer, &limit);
    if (rc != ALEES_OK) {
        return rc;
    }
    bool has_organization = alees_id_compare(&h->organization, &none) != 0;
    h->delegate = (struct delegate){r->catalogue, h->writer, limit, has_organization ? &h->organization : NULL};
    rc = resource ? check_still_may(h, resource) : ALEES_OK;
    if (rc != ALEES_OK) {
        hook_end(h);
    }
    return rc;
}

void hook_end(struct hook *h) {
    policy_user_release(h->writer);
}

/* --- values --- */

alees_str hook_value(const struct hook *h, const char *field) {
    const struct alees_resource_v1 *resource = h->r->resource;
    if (h->action == ALEES_UPDATE && !resource->is_sent(h->change, field)) {
        return resource->before(h->change, field);
    }
    return resource->value(h->change, field);
}

bool hook_is_true(alees_str value) {
    return value.len > 0 && value.ptr[0] == 't';
}

bool hook_is_superuser(const struct hook *h) {
    return h->writer->is_active && h->writer->is_superuser && !h->delegate.limit;
}

alees_str hook_organization(struct rbac *r, alees_ctx *ctx, const alees_change *change) {
    static const alees_id none;
    const alees_id organization = r->resource->organization(change);
    char *text = r->host->alloc(ctx, 40);
    if (!text || alees_id_compare(&organization, &none) == 0) {
        return alees_text(NULL);
    }
    text[0] = '{';
    alees_id_format(&organization, text + 1);
    text[37] = '}';
    return (alees_str){text, 38};
}

alees_str hook_join(struct rbac *r, alees_ctx *ctx, alees_str one, alees_str other) {
    if (one.len <= 2 || other.len <= 2) {
        return one.len <= 2 ? other : one;
    }
    char *text = r->host->alloc(ctx, one.len + other.len + 1);
    if (!text) {
        return alees_text(NULL);
    }
    memcpy(text, one.ptr, one.len - 1); /* "{a" "," "b}" */
    text[one.len - 1] = ',';
    memcpy(text + one.len, other.ptr + 1, other.len - 1);
    return (alees_str){text, one.len + other.len - 1};
}

/* --- refusals --- */

alees_rc hook_refuse(const struct hook *h, const char *field, const char *code, const char *detail) {
    return h->r->resource->refuse(h->change, field, code, alees_text(detail));
}

alees_rc hook_refuse_reference(const struct hook *h, const char *field) {
    return hook_refuse(h, field, "invalid_reference", "does not name a row that can be used here");
}

alees_rc hook_fail(const struct hook *h, const char *code, const char *detail) {
    return rbac_fail(h->r, h->ctx, ALEES_E_DENIED, code, detail);
}

static void tell_lack(const struct hook *h, const char *field, const struct delegate_lack *lack) {
    const struct policy_catalogue *c = h->r->catalogue;
    const char *permission = c->permissions[lack->permission - 1]->name;
    char text[512], role[120] = "";
    if (lack->role) {
        snprintf(role, sizeof role, "the role %s: ", lack->role->name);
    }
    if (lack->field == POLICY_NONE) {
        snprintf(text, sizeof text, "%s%s", role, permission);
    } else {
        const struct alees_resource *resource = c->resources[c->subjects[lack->permission - 1].resource]->resource;
        const struct alees_field *of =
            (const void *)((const char *)resource->fields.items + (size_t)lack->field * resource->fields.stride);
        snprintf(text, sizeof text, "%sthe field %s with %s", role, of->name, permission);
    }
    (void)hook_refuse(h, field, "not_held", text);
}

alees_rc hook_deny(const struct hook *h, enum delegate_verdict verdict, const char *field,
                   const struct delegate_lacks *lacks) {
    for (uint32_t i = 0; lacks && i < lacks->count && i < DELEGATE_MOST_LACKS; i++) {
        if (lacks->items[i].permission != 0) {
            tell_lack(h, field, &lacks->items[i]);
        }
    }
    switch (verdict) {
    case DELEGATE_EXCEEDS:
        return hook_fail(h, delegate_code(verdict),
                         "You would give rights that you do not hold in that organization yourself; see errors.");
    case DELEGATE_NOT_BELOW:
        return hook_fail(h, delegate_code(verdict),
                         "You would give rights in the organizations below that you do not hold there yourself; see "
                         "errors.");
    case DELEGATE_SELF:
        return hook_fail(h, delegate_code(verdict),
                         "Nobody widens their own rights. Ask somebody else who may change this; you may only reduce "
                         "it.");
    case DELEGATE_OWNERS_ONLY:
        return hook_fail(h, delegate_code(verdict),
                         "Only an owner of the organization, in person, may change what is an owner's.");
    case DELEGATE_SUPERUSERS_ONLY:
        return hook_fail(h, delegate_code(verdict), "Only a superuser, in person, may do this.");
    case DELEGATE_ALLOWED: break;
    }
    return ALEES_E_INTERNAL;
}
