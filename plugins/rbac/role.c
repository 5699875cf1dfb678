/* SPDX-License-Identifier: MIT
 * role.c - what a role permits, and which fields it leaves. */
#include <stdio.h>
#include <stdlib.h>

#include "hooks.h"

/* --- the nearest name, for messages --- */

enum { LONGEST = 100 };

/* How many letters to insert, delete or exchange (Levenshtein, 1965). */
static uint32_t distance(alees_str a, const char *b) {
    uint32_t row[LONGEST + 1];
    const size_t length = strlen(b);
    if (a.len > LONGEST || length > LONGEST) {
        return UINT32_MAX;
    }
    for (uint32_t j = 0; j <= length; j++) {
        row[j] = j;
    }
    for (uint32_t i = 1; i <= a.len; i++) {
        uint32_t diagonal = row[0];
        row[0] = i;
        for (uint32_t j = 1; j <= length; j++) {
            uint32_t least = diagonal + (a.ptr[i - 1] != b[j - 1]);
            least = row[j] + 1 < least ? row[j] + 1 : least;
            least = row[j - 1] + 1 < least ? row[j - 1] + 1 : least;
            diagonal = row[j];
            row[j] = least;
        }
    }
    return row[length];
}

static alees_rc refuse_permission(const struct hook *h, alees_str name) {
    const struct policy_catalogue *c = h->r->catalogue;
    const int shown = name.len < LONGEST ? (int)name.len : LONGEST;
    const char *nearest = NULL;
    uint32_t least = (uint32_t)name.len / 3 + 1; /* farther away is another word */
    char text[2 * LONGEST + 64];
    for (uint32_t i = 0; i < c->count; i++) {
        uint32_t far = distance(name, c->permissions[i]->name);
        if (far < least) {
            least = far;
            nearest = c->permissions[i]->name;
        }
    }
    snprintf(text, sizeof text, "has no permission \"%.*s\"%s%s%s", shown, name.ptr, nearest ? "; did you mean \"" : "",
             nearest ? nearest : "", nearest ? "\"?" : "");
    return hook_refuse(h, "permissions", "unknown_permission", text);
}

/* --- permissions --- */

static bool is_among(alees_str array, alees_str name) {
    alees_str other;
    while (policy_next_name(&array, &other)) {
        if (alees_equal(name, other)) {
            return true;
        }
    }
    return false;
}

/* Into a set. What the role had already may stay, though nobody declares it now; a pattern is for a role of no
 * organization. */
static alees_rc read_permissions(const struct hook *h, uint64_t *set) {
    const alees_str had = h->r->resource->before(h->change, "permissions");
    alees_str names = h->r->resource->value(h->change, "permissions"), name;
    alees_rc rc = ALEES_OK;
    while (policy_next_name(&names, &name)) {
        if (!policy_set_add(h->r->catalogue, set, name, !h->delegate.organization) && !is_among(had, name)) {
            rc = refuse_permission(h, name);
        }
    }
    return rc;
}

static alees_rc find_role(const struct hook *h, const alees_id *id, struct delegate_role *ret_role) {
    const alees_str params[] = {rbac_id_text(h->r, h->ctx, id)};
    alees_rows *rows;
    alees_rc rc = rbac_run(h->r, h->ctx, RBAC_ROLE_IS_BELOW, params, 1, &rows);
    if (rc == ALEES_OK) {
        ret_role->role = policy_role(h->writer->roles, id);
        ret_role->is_below = hook_is_true(h->r->db->text(rows, 0, 0));
    }
    return rc;
}

static alees_rc judge_role(const struct hook *h, const alees_id *id) {
    uint64_t *set = h->r->host->alloc(h->ctx, policy_words(h->r->catalogue) * sizeof *set);
    struct delegate_role role = {0};
    struct delegate_lacks lacks;
    bool is_written = h->action != ALEES_DELETE_ROW && h->r->resource->is_sent(h->change, "permissions");
    alees_rc rc = set ? ALEES_OK : ALEES_E_NOMEM;
    if (rc == ALEES_OK && is_written) {
        rc = read_permissions(h, set);
    }
    if (rc == ALEES_OK && h->action != ALEES_CREATE) {
        rc = find_role(h, id, &role);
    }
    if (rc != ALEES_OK) {
        return rc;
    }
    enum delegate_verdict verdict = delegate_role(&h->delegate, &role, is_written ? set : NULL, &lacks);
    return verdict == DELEGATE_ALLOWED ? ALEES_OK : hook_deny(h, verdict, "permissions", &lacks);
}

static alees_str one_id(struct rbac *r, alees_ctx *ctx, alees_str id) {
    char *text = r->host->alloc(ctx, 40);
    int length = text && id.len == 36 ? snprintf(text, 40, "{%.*s}", (int)id.len, id.ptr) : 0;
    return (alees_str){length > 0 ? text : NULL, length > 0 ? (size_t)length : 0};
}

alees_rc rbac_write_role(void *state, alees_ctx *ctx, alees_change *change) {
    struct rbac *r = state;
    const alees_id id = r->resource->id(change);
    const struct rbac_about about = {.organizations = hook_organization(r, ctx, change),
                                     .roles = one_id(r, ctx, rbac_id_text(r, ctx, &id)),
                                     .lock = true};
    struct hook h;
    alees_rc rc = hook_begin(&h, r, ctx, change, "role", &about);
    if (rc != ALEES_OK) {
        return rc;
    }
    rc = judge_role(&h, &id);
    hook_end(&h);
    return rc == ALEES_OK ? rbac_roles_changed(r, ctx) : rc;
}

/* --- fields --- */

static const char *const field_lists[POLICY_ACTIONS] = {
    [POLICY_READ] = "read_fields", [POLICY_CREATE] = "create_fields", [POLICY_UPDATE] = "update_fields"};

static alees_rc read_fields(const struct hook *h, uint32_t resource, uint32_t action, struct policy_fields *fields) {
    const bool is_sent = h->r->resource->is_sent(h->change, field_lists[action]);
    alees_str names = hook_value(h, field_lists[action]), name;
    alees_rc rc = ALEES_OK;
    *fields = (struct policy_fields){0};
    while (policy_next_name(&names, &name)) {
        uint32_t field = policy_field(h->r->catalogue, resource, name);
        if (field != POLICY_NONE) {
            fields->bits[field / 64] |= (uint64_t)1 << (field % 64);
        } else if (is_sent) {
            char text[LONGEST + 64];
            snprintf(text, sizeof text, "names \"%.*s\", which is no field of that resource",
                     name.len < LONGEST ? (int)name.len : LONGEST, name.ptr);
            rc = hook_refuse(h, field_lists[action], "unknown_field", text);
        }
    }
    return rc;
}

static alees_rc find_resource(const struct hook *h, alees_str name, uint32_t *ret_resource) {
    const struct policy_catalogue *c = h->r->catalogue;
    uint32_t resource = policy_resource(c, name);
    if (resource == POLICY_NONE && h->action == ALEES_CREATE) {
        return hook_refuse(h, "resource", "unknown_resource", "is no resource here, such as \"product.product\"");
    }
    if (resource != POLICY_NONE && c->resources[resource]->resource->scope == ALEES_SCOPE_GLOBAL &&
        h->action == ALEES_CREATE) {
        return hook_refuse(h, "resource", "invalid", "belongs to no organization: everybody sees all of its fields");
    }
    *ret_resource = resource;
    return ALEES_OK;
}

static alees_rc judge_fields(const struct hook *h, alees_str role_id) {
    struct policy_fields wanted[POLICY_ACTIONS];
    struct delegate_role role = {0};
    struct delegate_lacks lacks;
    uint32_t resource = POLICY_NONE;
    alees_id id;
    alees_rc rc = alees_id_parse(role_id, &id) == ALEES_OK ? find_role(h, &id, &role) : ALEES_E_INVALID;
    if (rc != ALEES_OK) {
        return rc;
    }
    if (!role.role || role.role->is_system == (h->delegate.organization != NULL) ||
        (!role.role->is_system && alees_id_compare(&role.role->organization, h->delegate.organization) != 0)) {
        return hook_refuse_reference(h, "role");
    }
    rc = find_resource(h,
                       h->action == ALEES_CREATE ? h->r->resource->value(h->change, "resource")
                                                 : h->r->resource->before(h->change, "resource"),
                       &resource);
    for (uint32_t action = 0; rc == ALEES_OK && action < POLICY_ACTIONS; action++) {
        wanted[action] = (struct policy_fields){.all = true};
        if (h->action != ALEES_DELETE_ROW && resource != POLICY_NONE) {
            rc = read_fields(h, resource, action, &wanted[action]);
        }
    }
    if (rc != ALEES_OK) {
        return rc;
    }
    if (resource == POLICY_NONE) { /* of a plugin that is gone: it says nothing */
        return h->delegate.organization || hook_is_superuser(h) ? ALEES_OK
                                                                : hook_deny(h, DELEGATE_SUPERUSERS_ONLY, "role", NULL);
    }
    enum delegate_verdict verdict = delegate_fields(&h->delegate, &role, resource, wanted, &lacks);
    return verdict == DELEGATE_ALLOWED ? ALEES_OK : hook_deny(h, verdict, "", &lacks);
}

alees_rc rbac_write_field_permission(void *state, alees_ctx *ctx, alees_change *change) {
    struct rbac *r = state;
    const alees_str role = r->resource->action(change) == ALEES_CREATE ? r->resource->value(change, "role")
                                                                       : r->resource->before(change, "role");
    const struct rbac_about about = {
        .organizations = hook_organization(r, ctx, change), .roles = one_id(r, ctx, role), .lock = true};
    struct hook h;
    alees_rc rc = hook_begin(&h, r, ctx, change, "field_permission", &about);
    if (rc != ALEES_OK) {
        return rc;
    }
    rc = judge_fields(&h, role);
    hook_end(&h);
    return rc == ALEES_OK ? rbac_roles_changed(r, ctx) : rc;
}
