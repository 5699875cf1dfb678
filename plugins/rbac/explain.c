/* SPDX-License-Identifier: MIT
 * explain.c - may somebody do this, why, and who may. All of it is policy_decide; what is here is who may ask, and how
 * much the answer tells them.
 *
 * Everybody may ask about themselves. About others ask holders of rbac.explain_decision in that organization, and
 * superusers in person, who alone may ask of what is unknown. A refusal is the same whether or not there is such an
 * organization or such a user. */
#include <stdio.h>
#include <stdlib.h>

#include "rbac.h"

struct asking {
    struct policy_user *u;
    const struct policy_limit *limit;
    bool sees_all; /* a superuser in person */
};

static alees_rc open_asking(struct rbac *r, alees_ctx *ctx, struct asking *ret_asking) {
    const struct alees_principal *who = r->host->principal(ctx);
    struct asking asking = {.limit = rbac_limit(who)};
    alees_rc rc = rbac_user_by_id(r, ctx, &who->id, &asking.u);
    if (rc == ALEES_OK) {
        asking.sees_all = asking.u->is_active && asking.u->is_superuser && !asking.limit;
        *ret_asking = asking;
    }
    return rc == ALEES_E_NOT_FOUND ? ALEES_E_UNAUTHENTICATED : rc;
}

/* May this organization be named to them? */
static bool knows(const struct asking *asking, const alees_id *organization) {
    return asking->sees_all || (policy_is_member(asking->u, organization) &&
                                (!asking->limit || policy_limit_has(asking->limit, organization)));
}

static alees_rc guard(struct rbac *r, alees_ctx *ctx, const struct asking *asking, const alees_id *organization) {
    if (asking->sees_all || policy_holds(asking->u, asking->limit, r->explain, organization, false)) {
        return ALEES_OK;
    }
    return r->host->deny(ctx, "rbac.explain_decision",
                         organization && knows(asking, organization) ? organization : NULL);
}

/* --- the question --- */

struct question {
    alees_str user; /* id or name; absent: whoever asks */
    uint32_t permission;
    alees_id id;
    const alees_id *organization; /* id, or NULL */
};

static alees_rc read_question(struct rbac *r, alees_ctx *ctx, alees_str user, alees_str permission, alees_str where,
                              struct question *ret_question) {
    ret_question->user = user;
    ret_question->permission = permission.ptr ? policy_permission(r->catalogue, permission.ptr) : 0;
    ret_question->organization = NULL;
    if (where.ptr) {
        if (alees_id_parse(where, &ret_question->id) != ALEES_OK) {
            return rbac_fail(r, ctx, ALEES_E_MALFORMED, "bad_parameter", "organization must be an id.");
        }
        ret_question->organization = &ret_question->id;
    }
    return ALEES_OK;
}

/* By id or name, held; NULL, with ALEES_OK, if unknown. */
static alees_rc find_user(struct rbac *r, alees_ctx *ctx, alees_str name, struct policy_user **ret_user) {
    struct policy_user *u = NULL;
    alees_id id;
    alees_rc rc =
        alees_id_parse(name, &id) == ALEES_OK ? rbac_user_by_id(r, ctx, &id, &u) : rbac_user_by_name(r, ctx, name, &u);
    if (rc == ALEES_OK || rc == ALEES_E_NOT_FOUND) {
        *ret_user = u;
        return ALEES_OK;
    }
    return rc;
}

static bool is_self(const struct policy_user *u, alees_str name) {
    alees_id id;
    return !name.ptr || alees_equal(name, alees_text(u->username)) ||
           (alees_id_parse(name, &id) == ALEES_OK && alees_id_compare(&id, &u->id) == 0);
}

/* --- the answer --- */

/* A superuser who is no member there: whoever is no superuser learns as little of them as of an unknown user. */
static bool is_hidden(const struct asking *asking, const struct policy_user *about, const alees_id *organization,
                      uint32_t reason) {
    return !asking->sees_all && reason == ALEES_BY_SUPERUSER &&
           !(organization && policy_is_member(about, organization));
}

struct answer {
    struct policy_user *about; /* held; NULL: unknown */
    bool is_self;
    struct alees_decision why;
};

/* Of themselves as they ask, with their key; of others in person. */
static alees_rc find_answer(struct rbac *r, alees_ctx *ctx, const struct asking *asking, const struct question *q,
                            struct answer *ret_answer) {
    struct answer a = {.is_self = is_self(asking->u, q->user)};
    alees_rc rc = ALEES_OK;
    if (a.is_self) {
        a.about = policy_user_hold(asking->u);
    } else {
        rc = guard(r, ctx, asking, q->organization);
        rc = rc == ALEES_OK ? find_user(r, ctx, q->user, &a.about) : rc;
    }
    if (rc == ALEES_OK) {
        (void)policy_decide(a.about, a.is_self ? asking->limit : NULL, q->permission, q->organization, &a.why);
        if (!a.is_self && is_hidden(asking, a.about, q->organization, a.why.reason)) {
            a.why.reason = ALEES_NO_MEMBERSHIP;
        }
        *ret_answer = a;
    }
    return rc;
}

/* What a reason may tell: who does not see all learns nothing of organizations without a membership there, and of other
 * users only what they are in one's own. */
static uint32_t discreet(const struct asking *asking, const struct policy_user *about, const alees_id *organization,
                         uint32_t reason) {
    if (asking->sees_all || reason == ALEES_UNKNOWN_PERMISSION) {
        return reason;
    }
    if (reason == ALEES_UNKNOWN_ORGANIZATION || reason == ALEES_UNKNOWN_USER) {
        return ALEES_NO_MEMBERSHIP;
    }
    if (reason == ALEES_INACTIVE_USER && !(organization && policy_is_member(about, organization))) {
        return ALEES_NO_MEMBERSHIP;
    }
    return reason;
}

static alees_rc put_reason(struct rbac *r, const struct asking *asking, const struct question *q,
                           const struct answer *a, alees_json *target) {
    const char *why = policy_reason(discreet(asking, a->about, q->organization, a->why.reason));
    return r->json->put_text(target, "reason", alees_text(why));
}

static alees_rc put_named(struct rbac *r, alees_ctx *ctx, alees_json *target, const char *key, const alees_id *id,
                          const char *name) {
    alees_json *one = r->json->object(ctx);
    alees_rc rc = one ? rbac_put_id(r, one, "id", id) : ALEES_E_NOMEM;
    rc = rc == ALEES_OK ? r->json->put_text(one, "name", alees_text(name)) : rc;
    return rc == ALEES_OK ? r->json->put(target, key, one) : rc;
}

/* membership, through and role, where a membership gave the permission: null if it is in an organization that the asking
 * one does not know. Without organization it is through none. */
static alees_rc put_grounds(struct rbac *r, alees_ctx *ctx, const struct asking *asking, const struct question *q,
                            const struct answer *a, alees_json *target) {
    const bool is_told = a->why.reason == ALEES_GRANTED && (!q->organization || knows(asking, &a->why.through));
    const struct policy_role *role = is_told ? policy_role(a->about->roles, &a->why.role) : NULL;
    uint32_t through = is_told && q->organization ? policy_tree_find(a->about->tree, &a->why.through) : POLICY_NONE;
    alees_rc rc =
        is_told ? rbac_put_id(r, target, "membership", &a->why.membership) : rbac_put_null(r, target, "membership");
    if (rc == ALEES_OK) {
        rc = through != POLICY_NONE
                 ? put_named(r, ctx, target, "through", &a->why.through, a->about->tree->organizations[through].name)
                 : rbac_put_null(r, target, "through");
    }
    if (rc == ALEES_OK) {
        rc = role ? put_named(r, ctx, target, "role", &role->id, role->name) : rbac_put_null(r, target, "role");
    }
    return rc;
}

/* --- /rbac/can and /rbac/explain --- */

static alees_rc put_limit(struct rbac *r, alees_ctx *ctx, const struct answer *a, alees_json *target) {
    return a->why.reason == ALEES_BEYOND_KEY ? rbac_put_id(r, target, "limited_by", &r->host->principal(ctx)->key)
                                             : rbac_put_null(r, target, "limited_by");
}

static alees_rc reply(struct rbac *r, alees_ctx *ctx, const struct question *q, bool with_grounds) {
    alees_json *target = r->json->object(ctx);
    struct asking asking;
    struct answer a;
    alees_rc rc = target ? open_asking(r, ctx, &asking) : ALEES_E_NOMEM;
    if (rc != ALEES_OK) {
        return rc;
    }
    rc = find_answer(r, ctx, &asking, q, &a);
    if (rc == ALEES_OK) {
        rc = r->json->put_boolean(target, "allowed", policy_is_allowed(a.why.reason));
        rc = rc == ALEES_OK ? put_reason(r, &asking, q, &a, target) : rc;
        if (rc == ALEES_OK && with_grounds) {
            rc = put_grounds(r, ctx, &asking, q, &a, target);
            rc = rc == ALEES_OK ? put_limit(r, ctx, &a, target) : rc;
        }
        policy_user_release(a.about);
    }
    policy_user_release(asking.u);
    return rc == ALEES_OK ? r->http->reply_json(ctx, 200, target) : rc;
}

alees_rc rbac_can(void *state, alees_ctx *ctx) {
    struct rbac *r = state;
    struct question q;
    alees_rc rc = read_question(r, ctx, r->http->parameter(ctx, "user"), r->http->parameter(ctx, "permission"),
                                r->http->parameter(ctx, "organization"), &q);
    return rc == ALEES_OK ? reply(r, ctx, &q, false) : rc;
}

static alees_str member(struct rbac *r, alees_ctx *ctx, const char *name) {
    return r->json->text(r->json->get(r->http->json(ctx), name));
}

alees_rc rbac_explain(void *state, alees_ctx *ctx) {
    struct rbac *r = state;
    struct question q;
    alees_rc rc =
        read_question(r, ctx, member(r, ctx, "user"), member(r, ctx, "permission"), member(r, ctx, "organization"), &q);
    return rc == ALEES_OK ? reply(r, ctx, &q, true) : rc;
}

/* --- /rbac/who-can --- */

/* A page is made of candidates in the order of their ids: members of the organization, and of those above it with
 * inherit. Each is asked as ever, and those who may are listed, so a page may be short and yet not the last. */
struct who_page {
    uint32_t size;
    alees_str after;  /* absent: from the first */
    alees_rows *rows; /* one more than size if there are more */
    uint32_t count;
};

static alees_rc find_candidates(struct rbac *r, alees_ctx *ctx, const struct asking *asking, const struct question *q,
                                struct who_page *page) {
    char *limit = r->host->alloc(ctx, 16);
    if (!limit) {
        return ALEES_E_NOMEM;
    }
    snprintf(limit, 16, "%u", page->size + 1);
    const alees_str params[] = {q->organization ? rbac_id_text(r, ctx, q->organization) : alees_text(NULL), page->after,
                                alees_text(limit), alees_text(asking->sees_all ? "true" : "false")};
    alees_rc rc = rbac_run(r, ctx, RBAC_WHO_CAN, params, 4, &page->rows);
    if (rc == ALEES_OK) {
        page->count = r->db->count(page->rows);
    }
    return rc;
}

static alees_rc put_one(struct rbac *r, alees_ctx *ctx, const struct asking *asking, const struct question *q,
                        const struct answer *a, alees_json *list) {
    alees_json *one = r->json->object(ctx), *user = r->json->object(ctx);
    alees_rc rc = one && user ? rbac_put_id(r, user, "id", &a->about->id) : ALEES_E_NOMEM;
    if (rc != ALEES_OK || (rc = r->json->put_text(user, "username", alees_text(a->about->username))) != ALEES_OK ||
        (rc = r->json->put(one, "user", user)) != ALEES_OK || (rc = put_reason(r, asking, q, a, one)) != ALEES_OK ||
        (rc = put_grounds(r, ctx, asking, q, a, one)) != ALEES_OK) {
        return rc;
    }
    return r->json->put(list, NULL, one);
}

static alees_rc put_candidate(struct rbac *r, alees_ctx *ctx, const struct asking *asking, const struct question *q,
                              alees_str name, alees_json *list) {
    struct answer a = {0};
    alees_rc rc = find_user(r, ctx, name, &a.about);
    if (rc != ALEES_OK) {
        return rc;
    }
    uint32_t reason = policy_decide(a.about, NULL, q->permission, q->organization, &a.why);
    if (policy_is_allowed(reason) && (reason != ALEES_BY_SUPERUSER || asking->sees_all)) {
        rc = put_one(r, ctx, asking, q, &a, list);
    }
    policy_user_release(a.about);
    return rc;
}

static alees_rc put_next(struct rbac *r, alees_ctx *ctx, const struct question *q, const struct who_page *page,
                         alees_json *target) {
    enum { ROOM = 512 };
    const char *permission = r->catalogue->permissions[q->permission - 1]->name;
    char *url = r->host->alloc(ctx, ROOM);
    if (page->count <= page->size) {
        return rbac_put_null(r, target, "next");
    }
    if (!url) {
        return ALEES_E_NOMEM;
    }
    snprintf(url, ROOM, "/api/v1/rbac/who-can?permission=%.200s%s%s&page_size=%u&after=%.36s", permission,
             q->organization ? "&organization=" : "", q->organization ? rbac_id_text(r, ctx, q->organization).ptr : "",
             page->size, r->db->text(page->rows, page->size - 1, 0).ptr);
    return r->json->put_text(target, "next", alees_text(url));
}

static alees_rc list_who(struct rbac *r, alees_ctx *ctx, const struct asking *asking, const struct question *q,
                         struct who_page *page) {
    alees_json *target = r->json->object(ctx), *list = r->json->array(ctx);
    alees_rc rc = target && list ? find_candidates(r, ctx, asking, q, page) : ALEES_E_NOMEM;
    for (uint32_t i = 0; rc == ALEES_OK && i < page->count && i < page->size; i++) {
        rc = put_candidate(r, ctx, asking, q, r->db->text(page->rows, i, 0), list);
    }
    if (rc != ALEES_OK || (rc = r->json->put(target, "results", list)) != ALEES_OK ||
        (rc = put_next(r, ctx, q, page, target)) != ALEES_OK ||
        (rc = rbac_put_null(r, target, "previous")) != ALEES_OK ||
        (rc = rbac_put_null(r, target, "count")) != ALEES_OK) {
        return rc;
    }
    return r->http->reply_json(ctx, 200, target);
}

alees_rc rbac_who_can(void *state, alees_ctx *ctx) {
    struct rbac *r = state;
    const alees_str size = r->http->parameter(ctx, "page_size");
    struct who_page page = {.size = size.ptr ? (uint32_t)strtoul(size.ptr, NULL, 10) : RBAC_WHO_PAGE,
                            .after = r->http->parameter(ctx, "after")};
    struct asking asking;
    struct question q;
    alees_rc rc = read_question(r, ctx, alees_text(NULL), r->http->parameter(ctx, "permission"),
                                r->http->parameter(ctx, "organization"), &q);
    rc = rc == ALEES_OK ? open_asking(r, ctx, &asking) : rc;
    if (rc != ALEES_OK) {
        return rc;
    }
    rc = guard(r, ctx, &asking, q.organization);
    if (rc == ALEES_OK && q.permission == 0) {
        rc = rbac_fail(r, ctx, ALEES_E_MALFORMED, "bad_parameter", "There is no such permission: see /permissions.");
    }
    if (rc == ALEES_OK && q.organization && policy_tree_find(asking.u->tree, q.organization) == POLICY_NONE) {
        rc = rbac_fail(r, ctx, ALEES_E_NOT_FOUND, "not_found", "There is no such organization.");
    }
    rc = rc == ALEES_OK ? list_who(r, ctx, &asking, &q, &page) : rc;
    policy_user_release(asking.u);
    return rc;
}
