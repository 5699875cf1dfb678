/* SPDX-License-Identifier: MIT
 * key.c - API keys are made, and keys and tokens are ended.
 *
 * A key is bounded twice: when it is made, by what its user may do then (refused otherwise, so that nobody believes to
 * have made more), and whenever it is used, by what its user may do at that moment (policy_decide). Its permissions and
 * organizations never change; so of a key that is remembered only its end must be heard of. */
#include <stdio.h>

#include "rbac.h"

enum { SHOWN = 16 /* characters of a key that are kept to tell it from others */, MOST_MISSING = 10 };

static const alees_json *member(struct rbac *r, alees_ctx *ctx, const char *name) {
    return r->json->get(r->http->json(ctx), name);
}

/* --- what a new key may do --- */

struct wanted {
    uint64_t *set; /* of permissions */
    alees_id *organizations;
    uint32_t organization_count;                    /* 0: all of the user's */
    alees_str permissions_text, organizations_text; /* as PostgreSQL reads arrays; the second absent for all */
};

static alees_rc read_permissions(struct rbac *r, alees_ctx *ctx, struct wanted *w) {
    const alees_json *list = member(r, ctx, "permissions");
    w->set = r->host->alloc(ctx, policy_words(r->catalogue) * sizeof *w->set);
    if (!w->set) {
        return ALEES_E_NOMEM;
    }
    for (uint32_t i = 0; i < r->json->size(list); i++) {
        alees_str name = r->json->text(r->json->at(list, i));
        if (!policy_set_add(r->catalogue, w->set, name, true)) {
            char detail[192];
            snprintf(detail, sizeof detail, "/permissions/%u is the name of no permission, and a pattern of none.", i);
            return rbac_fail(r, ctx, ALEES_E_INVALID, "unknown_permission", detail);
        }
    }
    return rbac_set_text(r, ctx, w->set, &w->permissions_text);
}

static alees_rc read_organizations(struct rbac *r, alees_ctx *ctx, struct wanted *w) {
    const alees_json *list = member(r, ctx, "organizations");
    const uint32_t size = r->json->size(list);
    if (r->json->kind(list) != ALEES_JSON_ARRAY) {
        return ALEES_OK;
    }
    if (size == 0) {
        return rbac_fail(r, ctx, ALEES_E_INVALID, "no_organization",
                         "/organizations must name one at least; null stands for all of yours.");
    }
    w->organizations = r->host->alloc(ctx, size * sizeof *w->organizations);
    if (!w->organizations) {
        return ALEES_E_NOMEM;
    }
    for (uint32_t i = 0; i < size; i++) {
        if (alees_id_parse(r->json->text(r->json->at(list, i)), &w->organizations[i]) != ALEES_OK) {
            return rbac_fail(r, ctx, ALEES_E_INVALID, "bad_organization", "/organizations must be a list of ids.");
        }
    }
    w->organization_count = size;
    w->organizations_text = rbac_ids_text(r, ctx, w->organizations, size);
    return w->organizations_text.ptr ? ALEES_OK : ALEES_E_NOMEM;
}

/* --- is it within what the user may do? --- */

static bool holds_somewhere(struct policy_user *u, uint32_t permission) {
    const struct alees_organizations *where = policy_organizations(u, NULL, permission, NULL);
    return (where && (where->all || where->count > 0)) ||
           policy_is_allowed(policy_decide(u, NULL, permission, NULL, NULL));
}

/* What of the set the user lacks in one of the organizations; without organizations: everywhere. The first few; returns
 * how many of them there are. */
static uint32_t find_missing(const struct rbac *r, struct policy_user *u, const struct wanted *w,
                             uint32_t missing[static MOST_MISSING]) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < w->organization_count && count == 0; i++) {
        count = policy_lacks(u, NULL, w->set, &w->organizations[i], false, missing, MOST_MISSING);
    }
    for (uint32_t p = 1; w->organization_count == 0 && p <= r->catalogue->count && count < MOST_MISSING; p++) {
        if (policy_set_has(w->set, p) && !holds_somewhere(u, p)) {
            missing[count++] = p;
        }
    }
    return count < MOST_MISSING ? count : MOST_MISSING;
}

/* Of an organization that the user may not know, nothing is told but that it is among those named. */
static alees_rc check_within(struct rbac *r, alees_ctx *ctx, const struct wanted *w) {
    uint32_t missing[MOST_MISSING];
    struct policy_user *u;
    char detail[1024];
    alees_rc rc = rbac_user_by_id(r, ctx, &r->host->principal(ctx)->id, &u);
    if (rc != ALEES_OK) {
        return rc;
    }
    uint32_t count = find_missing(r, u, w, missing);
    policy_user_release(u);
    if (count == 0) {
        return ALEES_OK;
    }
    int length = snprintf(detail, sizeof detail, "A key may do no more than you may; you do not hold, %s:",
                          w->organization_count > 0 ? "in each of the organizations" : "anywhere");
    for (uint32_t i = 0; i < count && length < (int)sizeof detail; i++) {
        length += snprintf(detail + length, sizeof detail - (size_t)length, "%s %s", i > 0 ? "," : "",
                           r->catalogue->permissions[missing[i] - 1]->name);
    }
    return rbac_fail(r, ctx, ALEES_E_DENIED, "grant_exceeds_own", detail);
}

/* --- POST /api-keys --- */

static alees_rc answer_key(struct rbac *r, alees_ctx *ctx, alees_str row, alees_str secret) {
    alees_json *answer;
    alees_rc rc = r->json->parse(ctx, row, &answer);
    if (rc == ALEES_OK) {
        rc = r->json->put_text(answer, "secret", secret);
    }
    return rc == ALEES_OK ? r->http->reply_json(ctx, 201, answer) : rc;
}

static alees_rc insert_key(struct rbac *r, alees_ctx *ctx, const struct wanted *w) {
    const alees_id id = r->host->new_id();
    const alees_str user = rbac_id_text(r, ctx, &r->host->principal(ctx)->id);
    alees_str secret;
    uint8_t hash[32];
    alees_rows *rows;
    alees_rc rc = r->cred->new_token(ctx, RBAC_KEY_PREFIX, &secret);
    if (rc != ALEES_OK) {
        return rc;
    }
    r->cred->hash_token(secret, hash);
    const alees_str params[] = {rbac_id_text(r, ctx, &id),
                                user,
                                r->json->text(member(r, ctx, "name")),
                                {secret.ptr, SHOWN},
                                rbac_hex(r, ctx, hash),
                                w->permissions_text,
                                w->organizations_text,
                                r->json->text(member(r, ctx, "expires_at")),
                                r->host->setting(r->self, "api_keys_per_user")};
    rc = rbac_run(r, ctx, RBAC_KEY_ADD, params, 9, &rows);
    if (rc != ALEES_OK) {
        return rc;
    }
    if (r->db->count(rows) != 1) {
        return rbac_fail(r, ctx, ALEES_E_CONFLICT, "too_many_api_keys",
                         "You have as many API keys as a user may have. Delete one that is not used any more.");
    }
    return answer_key(r, ctx, r->db->text(rows, 0, 0), secret);
}

/* The user's row is locked first: keys that are made at once are counted one after the other. */
alees_rc rbac_create_key(void *state, alees_ctx *ctx) {
    struct rbac *r = state;
    struct wanted w = {0};
    alees_rows *rows;
    alees_rc rc = read_permissions(r, ctx, &w);
    rc = rc == ALEES_OK ? read_organizations(r, ctx, &w) : rc;
    rc = rc == ALEES_OK ? check_within(r, ctx, &w) : rc;
    if (rc != ALEES_OK) {
        return rc;
    }
    const alees_str params[] = {rbac_id_text(r, ctx, &r->host->principal(ctx)->id),
                                r->json->text(member(r, ctx, "expires_at"))};
    rc = rbac_run(r, ctx, RBAC_KEY_LOCK, params, 2, &rows);
    if (rc != ALEES_OK) {
        return rc;
    }
    if (r->db->count(rows) != 1) {
        return ALEES_E_UNAUTHENTICATED; /* deactivated or deleted just now */
    }
    if (!alees_equal(r->db->text(rows, 0, 0), alees_text("t"))) {
        return rbac_fail(r, ctx, ALEES_E_INVALID, "bad_expiry", "/expires_at must be ahead.");
    }
    return insert_key(r, ctx, &w);
}

/* --- keys and tokens end --- */

static void forget(void *state, alees_ctx *ctx, void *data) {
    (void)ctx;
    rbac_forget_token(state, data);
}

/* Others hear of it from a trigger; here it is over when the answer is given. */
static alees_rc end(struct rbac *r, alees_ctx *ctx, const alees_change *change, enum rbac_statement statement) {
    const alees_id id = r->resource->id(change);
    const alees_str text = rbac_id_text(r, ctx, &id);
    uint8_t *hash = r->host->alloc(ctx, 32);
    alees_rows *rows;
    if (!hash) {
        return ALEES_E_NOMEM;
    }
    alees_rc rc = rbac_run(r, ctx, statement, &text, 1, &rows);
    if (rc == ALEES_OK && r->db->count(rows) == 1 && rbac_unhex(r->db->text(rows, 0, 0), hash, 32)) {
        rc = r->db->after_commit(r->self, ctx, forget, hash);
    }
    return rc;
}

alees_rc rbac_before_key(void *state, alees_ctx *ctx, alees_change *change) {
    struct rbac *r = state;
    return r->resource->action(change) == ALEES_DELETE_ROW ? end(r, ctx, change, RBAC_KEY_HASH) : ALEES_OK;
}

alees_rc rbac_before_token(void *state, alees_ctx *ctx, alees_change *change) {
    struct rbac *r = state;
    return r->resource->action(change) == ALEES_DELETE_ROW ? end(r, ctx, change, RBAC_TOKEN_HASH) : ALEES_OK;
}
