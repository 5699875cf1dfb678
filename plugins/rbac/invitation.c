/* SPDX-License-Identifier: MIT
 * invitation.c - invitations are made and accepted.
 *
 * An invitation is a membership that waits for a person with an address. It follows the rules of giving that membership
 * (gift.c) twice: when it is made, and again, for whoever made it and on rows read then, when it is accepted. The
 * token is shown once, to whoever invites; the server sends no mail. Unknown, used, expired and revoked tokens are
 * answered alike. */
#include <stdio.h>

#include "address.h"
#include "rbac.h"

static alees_str member(struct rbac *r, alees_ctx *ctx, const char *name) {
    return r->json->text(r->json->get(r->http->json(ctx), name));
}

/* --- POST /invitations --- */

/* The one that is named; else the only one in which the caller may invite. */
static alees_rc read_organization(struct rbac *r, alees_ctx *ctx, alees_id *ret_organization) {
    const alees_str named = member(r, ctx, "organization");
    const struct alees_organizations *where;
    if (named.ptr) {
        return alees_id_parse(named, ret_organization);
    }
    alees_rc rc = r->service.organizations(&r->service, ctx, r->host->principal(ctx), r->invite, &where);
    if (rc != ALEES_OK) {
        return rc;
    }
    if (where->count != 1) {
        return rbac_fail(r, ctx, ALEES_E_INVALID, "organization_required", "/organization must say which one.");
    }
    *ret_organization = where->ids[0];
    return ALEES_OK;
}

static alees_rc may_not_invite(struct rbac *r, alees_ctx *ctx) {
    return rbac_fail(r, ctx, ALEES_E_DENIED, "permission_denied",
                     "You need the permission rbac.add_invitation in that organization.");
}

/* A foreign organization and one that nobody has are answered alike. */
static alees_rc check_may_invite(struct rbac *r, alees_ctx *ctx, const alees_id *organization) {
    alees_rc rc = r->service.decide(&r->service, ctx, r->host->principal(ctx), r->invite, organization, NULL);
    return rc == ALEES_E_DENIED ? may_not_invite(r, ctx) : rc;
}

static alees_rc read_roles(struct rbac *r, alees_ctx *ctx, struct rbac_gift *gift) {
    const alees_json *list = r->json->get(r->http->json(ctx), "roles");
    const uint32_t size = r->json->size(list);
    alees_id *roles = r->host->alloc(ctx, (size + 1) * sizeof *roles);
    if (!roles) {
        return ALEES_E_NOMEM;
    }
    for (uint32_t i = 0; i < size; i++) {
        if (alees_id_parse(r->json->text(r->json->at(list, i)), &roles[i]) != ALEES_OK) {
            return rbac_fail(r, ctx, ALEES_E_INVALID, "invalid_reference", "/roles must be a list of ids of roles.");
        }
    }
    if (size == 0) {
        return rbac_fail(r, ctx, ALEES_E_INVALID, "no_role", "/roles must name one role at least.");
    }
    gift->roles = roles;
    gift->role_count = size;
    return ALEES_OK;
}

/* What a giver is read with. */
static alees_rc about(struct rbac *r, alees_ctx *ctx, const struct rbac_gift *gift, struct rbac_about *ret_about) {
    const uint32_t count = gift->role_count + gift->held_count;
    alees_id *roles = r->host->alloc(ctx, (count + 1) * sizeof *roles);
    if (!roles) {
        return ALEES_E_NOMEM;
    }
    for (uint32_t i = 0; i < count; i++) {
        roles[i] = i < gift->role_count ? gift->roles[i] : gift->held[i - gift->role_count];
    }
    *ret_about = (struct rbac_about){.organizations = rbac_ids_text(r, ctx, &gift->organization, 1),
                                     .roles = rbac_ids_text(r, ctx, roles, count),
                                     .lock = true};
    return ret_about->organizations.ptr && ret_about->roles.ptr ? ALEES_OK : ALEES_E_NOMEM;
}

static alees_rc check_may_give(struct rbac *r, alees_ctx *ctx, const struct rbac_gift *gift) {
    struct rbac_about what;
    struct rbac_refusal refusal;
    struct rbac_giver giver;
    struct policy_user *u;
    alees_rc rc = about(r, ctx, gift, &what);
    rc = rc == ALEES_OK ? rbac_fresh_caller(r, ctx, &what, &u, &giver.limit) : rc;
    if (rc != ALEES_OK) {
        return rc;
    }
    giver.user = u;
    if (!policy_holds(u, giver.limit, r->invite, &gift->organization, false)) {
        policy_user_release(u);
        return may_not_invite(r, ctx); /* not any more, when it was this request's turn */
    }
    rc = rbac_judge_gift(r, ctx, &giver, gift, &refusal);
    policy_user_release(u);
    return rc == ALEES_OK ? ALEES_OK : rbac_fail(r, ctx, rc, refusal.code, refusal.detail);
}

static alees_rc answer_invitation(struct rbac *r, alees_ctx *ctx, alees_str row, alees_str token) {
    alees_json *answer;
    alees_rc rc = r->json->parse(ctx, row, &answer);
    if (rc == ALEES_OK) {
        rc = r->json->put_text(answer, "token", token);
    }
    return rc == ALEES_OK ? r->http->reply_json(ctx, 201, answer) : rc;
}

static alees_rc insert_invitation(struct rbac *r, alees_ctx *ctx, const struct rbac_gift *gift, alees_str email) {
    const struct alees_principal *who = r->host->principal(ctx);
    const alees_id id = r->host->new_id();
    const alees_str absent = {NULL, 0};
    alees_str token;
    uint8_t hash[32];
    alees_rows *rows;
    alees_rc rc = r->cred->new_token(ctx, RBAC_INVITATION_PREFIX, &token);
    if (rc != ALEES_OK) {
        return rc;
    }
    r->cred->hash_token(token, hash);
    const alees_str params[] = {rbac_id_text(r, ctx, &id),
                                rbac_id_text(r, ctx, &gift->organization),
                                email,
                                rbac_ids_text(r, ctx, gift->roles, gift->role_count),
                                alees_text(gift->inherit ? "true" : "false"),
                                rbac_hex(r, ctx, hash),
                                who->flags & ALEES_API_KEY ? rbac_id_text(r, ctx, &who->key) : absent,
                                member(r, ctx, "expires_at"),
                                rbac_id_text(r, ctx, &who->id)};
    rc = rbac_run(r, ctx, RBAC_INVITATION_ADD, params, 9, &rows);
    if (rc != ALEES_OK) {
        return rc;
    }
    if (r->db->count(rows) != 1) {
        return rbac_fail(r, ctx, ALEES_E_INVALID, "bad_expiry", "/expires_at must be ahead, by 30 days at most.");
    }
    return answer_invitation(r, ctx, r->db->text(rows, 0, 0), token);
}

alees_rc rbac_invite(void *state, alees_ctx *ctx) {
    struct rbac *r = state;
    const alees_str email = member(r, ctx, "email");
    struct rbac_gift gift = {.inherit = r->json->is_true(r->json->get(r->http->json(ctx), "inherit"))};
    alees_rc rc = read_organization(r, ctx, &gift.organization);
    rc = rc == ALEES_OK ? check_may_invite(r, ctx, &gift.organization) : rc;
    rc = rc == ALEES_OK ? read_roles(r, ctx, &gift) : rc;
    if (rc != ALEES_OK) {
        return rc;
    }
    if (!alees_is_email(email)) {
        return rbac_fail(r, ctx, ALEES_E_INVALID, "bad_email", "/email must be an address such as ann@example.com.");
    }
    rc = check_may_give(r, ctx, &gift);
    return rc == ALEES_OK ? insert_invitation(r, ctx, &gift, email) : rc;
}

/* --- POST /invitations/accept --- */

struct guest { /* who accepts */
    alees_id id;
    alees_str username, email;
};

struct invitation {
    alees_str hash; /* hexadecimal */
    alees_str id, email;
    alees_id inviter;
    bool is_key_good; /* the API key that it was made with, if any, is there still */
    struct rbac_gift gift;
};

static alees_rc no_invitation(struct rbac *r, alees_ctx *ctx) {
    return rbac_fail(r, ctx, ALEES_E_NOT_FOUND, "not_found",
                     "There is no such invitation; it may be over, revoked, or accepted already.");
}

static alees_rc no_longer_valid(struct rbac *r, alees_ctx *ctx) {
    return rbac_fail(r, ctx, ALEES_E_DENIED, "invitation_no_longer_valid",
                     "Whoever invited you may not give this any more. Ask for a new invitation.");
}

/* Whose token the request came with. */
static alees_rc read_login(struct rbac *r, alees_ctx *ctx, struct guest *guest) {
    struct policy_user *u;
    struct rbac_token *t;
    alees_rc rc = rbac_user_by_token(r, ctx, r->http->token(ctx), &u, &t);
    if (rc != ALEES_OK) {
        return rc;
    }
    const bool is_key = t->limit != NULL;
    guest->id = u->id;
    policy_user_release(u);
    rbac_token_release(t);
    if (is_key) {
        return rbac_fail(r, ctx, ALEES_E_DENIED, "not_by_api_key", "An API key may not do this. Log in.");
    }
    if (member(r, ctx, "username").ptr || member(r, ctx, "password").ptr) {
        return rbac_fail(r, ctx, ALEES_E_INVALID, "already_logged_in",
                         "Send the token alone, or make a new account without being logged in.");
    }
    return ALEES_OK;
}

/* A new account, its password hashed before anything is locked, and not at all without an invitation. */
static alees_rc make_account(struct rbac *r, alees_ctx *ctx, const struct invitation *invitation, struct guest *guest) {
    const alees_str username = member(r, ctx, "username"), password = member(r, ctx, "password");
    alees_rows *rows;
    alees_str hash;
    if (!username.ptr || !password.ptr) {
        return rbac_fail(r, ctx, ALEES_E_UNAUTHENTICATED, "unauthenticated",
                         "Log in, or send username and password for a new account.");
    }
    if (password.len < RBAC_LEAST_PASSWORD || password.len > RBAC_MOST_PASSWORD) {
        return rbac_fail(r, ctx, ALEES_E_INVALID, "bad_password", "/password must have 8 to 1024 bytes.");
    }
    if (!address_is_username(username)) {
        return rbac_fail(r, ctx, ALEES_E_INVALID, "bad_username",
                         "/username must not begin or end with a space or hold characters that cannot be seen.");
    }
    alees_rc rc = rbac_run(r, ctx, RBAC_INVITATION_FIND, &invitation->hash, 1, &rows);
    if (rc == ALEES_OK && r->db->count(rows) != 1) {
        rc = no_invitation(r, ctx);
    }
    if (rc == ALEES_OK) {
        rc = r->cred->hash_password(ctx, password, &hash);
    }
    if (rc != ALEES_OK) {
        return rc;
    }
    guest->id = r->host->new_id();
    const alees_str params[] = {rbac_id_text(r, ctx, &guest->id), username,
                                r->db->text(rows, 0, 0),          hash,
                                member(r, ctx, "first_name"),     member(r, ctx, "last_name")};
    rc = rbac_run(r, ctx, RBAC_GUEST_ADD, params, 6, &rows);
    if (rc == ALEES_OK && r->db->changed(rows) == 0) {
        return rbac_fail(r, ctx, ALEES_E_CONFLICT, "username_taken", "There is a user of that name. Choose another.");
    }
    return rc;
}

/* From here on nobody else accepts it, and whoever writes about rights in the organization waits: it is locked before any
 * account, as everywhere. */
static alees_rc lock_invitation(struct rbac *r, alees_ctx *ctx, struct invitation *invitation) {
    alees_rows *rows;
    alees_rc rc = rbac_run(r, ctx, RBAC_INVITATION_LOCK, &invitation->hash, 1, &rows);
    if (rc != ALEES_OK) {
        return rc;
    }
    if (r->db->count(rows) != 1) {
        return no_invitation(r, ctx);
    }
    invitation->id = r->db->text(rows, 0, 0);
    invitation->email = r->db->text(rows, 0, 2);
    invitation->gift.inherit = alees_equal(r->db->text(rows, 0, 4), alees_text("t"));
    invitation->is_key_good = alees_equal(r->db->text(rows, 0, 6), alees_text("t"));
    if (alees_id_parse(r->db->text(rows, 0, 1), &invitation->gift.organization) != ALEES_OK ||
        alees_id_parse(r->db->text(rows, 0, 5), &invitation->inviter) != ALEES_OK) {
        return ALEES_E_INTERNAL;
    }
    rc = rbac_read_ids(r, ctx, r->db->text(rows, 0, 3), &invitation->gift.roles, &invitation->gift.role_count);
    const alees_str organization = rbac_ids_text(r, ctx, &invitation->gift.organization, 1);
    return rc == ALEES_OK ? rbac_run(r, ctx, RBAC_FRESH_LOCK, &organization, 1, &rows) : rc;
}

/* The account as it is now; locked, so that its invitations are accepted one after the other. */
static alees_rc lock_guest(struct rbac *r, alees_ctx *ctx, struct guest *guest) {
    const alees_str id = rbac_id_text(r, ctx, &guest->id);
    alees_rows *rows;
    alees_rc rc = rbac_run(r, ctx, RBAC_GUEST_LOCK, &id, 1, &rows);
    if (rc == ALEES_OK && r->db->count(rows) != 1) {
        return ALEES_E_UNAUTHENTICATED;
    }
    if (rc == ALEES_OK) {
        guest->username = r->db->text(rows, 0, 0);
        guest->email = r->db->text(rows, 0, 1);
    }
    return rc;
}

/* What the guest has there already: its roles stay, and it is neither switched on again nor prolonged. */
static alees_rc read_membership(struct rbac *r, alees_ctx *ctx, const struct guest *guest, struct rbac_gift *gift) {
    const alees_str params[] = {rbac_id_text(r, ctx, &guest->id), rbac_id_text(r, ctx, &gift->organization)};
    alees_rows *rows;
    alees_rc rc = rbac_run(r, ctx, RBAC_GUEST_MEMBERSHIP, params, 2, &rows);
    if (rc != ALEES_OK || r->db->count(rows) == 0) {
        return rc;
    }
    if (!alees_equal(r->db->text(rows, 0, 0), alees_text("t"))) {
        return rbac_fail(r, ctx, ALEES_E_CONFLICT, "membership_inactive",
                         "Your membership in that organization is switched off or out of its time; an invitation does "
                         "not change that.");
    }
    gift->is_member = true;
    gift->had_inherit = alees_equal(r->db->text(rows, 0, 1), alees_text("t"));
    gift->inherit = gift->inherit || gift->had_inherit;
    return rbac_read_ids(r, ctx, r->db->text(rows, 0, 2), &gift->held, &gift->held_count);
}

/* The inviter's rights as they are in this transaction. Nobody gives to themselves. */
static alees_rc check_inviter(struct rbac *r, alees_ctx *ctx, const struct invitation *invitation,
                              const struct guest *guest) {
    struct rbac_about what;
    const alees_id *organization = &invitation->gift.organization;
    struct rbac_refusal refusal;
    struct policy_user *u;
    if (!invitation->is_key_good || alees_id_compare(&invitation->inviter, &guest->id) == 0) {
        return no_longer_valid(r, ctx);
    }
    alees_rc rc = about(r, ctx, &invitation->gift, &what);
    rc = rc == ALEES_OK ? rbac_fresh_user(r, ctx, &invitation->inviter, &what, &u) : rc;
    if (rc == ALEES_E_NOT_FOUND) {
        return no_longer_valid(r, ctx);
    }
    if (rc != ALEES_OK) {
        return rc;
    }
    const struct rbac_giver giver = {.user = u};
    bool may = policy_is_allowed(policy_decide(u, NULL, r->invite, organization, NULL)) &&
               rbac_judge_gift(r, ctx, &giver, &invitation->gift, &refusal) == ALEES_OK;
    policy_user_release(u);
    return may ? ALEES_OK : no_longer_valid(r, ctx);
}

static alees_rc join(struct rbac *r, alees_ctx *ctx, const struct invitation *invitation, const struct guest *guest,
                     alees_str *ret_membership) {
    const alees_id id = r->host->new_id();
    const alees_str params[] = {invitation->id, rbac_id_text(r, ctx, &guest->id), rbac_id_text(r, ctx, &id)};
    alees_rows *rows;
    alees_rc rc = rbac_run(r, ctx, RBAC_INVITATION_ACCEPT, params, 3, &rows);
    if (rc == ALEES_OK && r->db->count(rows) != 1) {
        return ALEES_E_INTERNAL; /* it is locked */
    }
    if (rc == ALEES_OK) {
        *ret_membership = r->db->text(rows, 0, 0);
        rc = rbac_user_changed(r, ctx, &guest->id);
    }
    return rc;
}

static alees_rc answer_accepted(struct rbac *r, alees_ctx *ctx, const struct invitation *invitation,
                                const struct guest *guest, alees_str membership) {
    const struct alees_json_v1 *j = r->json;
    const alees_id *organization = &invitation->gift.organization;
    alees_json *answer = j->object(ctx), *where = j->object(ctx), *user = j->object(ctx);
    alees_rc rc = answer && where && user ? ALEES_OK : ALEES_E_NOMEM;
    if (rc != ALEES_OK || (rc = j->put_text(answer, "membership", membership)) != ALEES_OK ||
        (rc = j->put_text(where, "id", rbac_id_text(r, ctx, organization))) != ALEES_OK ||
        (rc = j->put_text(where, "name", r->service.organization_name(&r->service, ctx, organization))) != ALEES_OK ||
        (rc = j->put(answer, "organization", where)) != ALEES_OK ||
        (rc = j->put_text(user, "id", rbac_id_text(r, ctx, &guest->id))) != ALEES_OK ||
        (rc = j->put_text(user, "username", guest->username)) != ALEES_OK ||
        (rc = j->put(answer, "user", user)) != ALEES_OK) {
        return rc;
    }
    return r->http->reply_json(ctx, 200, answer);
}

/* In the transaction: the invitation is locked, then the account, then its membership. */
static alees_rc accept(struct rbac *r, alees_ctx *ctx, struct invitation *invitation, struct guest *guest) {
    alees_str membership = {NULL, 0};
    alees_rc rc = lock_invitation(r, ctx, invitation);
    rc = rc == ALEES_OK ? lock_guest(r, ctx, guest) : rc;
    if (rc == ALEES_OK && !address_is_same(guest->email, invitation->email)) {
        return rbac_fail(r, ctx, ALEES_E_DENIED, "invitation_for_other_address",
                         "The invitation is for another e-mail address than that of your account.");
    }
    invitation->gift.user = guest->id;
    rc = rc == ALEES_OK ? read_membership(r, ctx, guest, &invitation->gift) : rc;
    rc = rc == ALEES_OK ? check_inviter(r, ctx, invitation, guest) : rc;
    rc = rc == ALEES_OK ? join(r, ctx, invitation, guest, &membership) : rc;
    return rc == ALEES_OK ? answer_accepted(r, ctx, invitation, guest, membership) : rc;
}

/* A new account is written before the invitation is locked, since hashing its password takes long; without the
 * invitation it is rolled back. */
alees_rc rbac_accept(void *state, alees_ctx *ctx) {
    struct rbac *r = state;
    struct invitation invitation = {.id = {NULL, 0}};
    struct guest guest = {.username = {NULL, 0}};
    uint8_t hash[32];
    r->cred->hash_token(member(r, ctx, "token"), hash);
    invitation.hash = rbac_hex(r, ctx, hash);
    alees_rc rc = rbac_throttle(r, ctx, invitation.hash);
    if (rc == ALEES_OK) {
        rc = r->http->token(ctx).ptr ? read_login(r, ctx, &guest) : make_account(r, ctx, &invitation, &guest);
    }
    rc = rc == ALEES_OK ? accept(r, ctx, &invitation, &guest) : rc;
    if (rc == ALEES_OK) {
        throttle_give_back(r->throttle, invitation.hash, r->http->peer(ctx));
    }
    return rc;
}
