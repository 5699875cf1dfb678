/* SPDX-License-Identifier: MIT
 * auth.c - log in, log out, change the password.
 *
 * No statement here is part of the request's transaction: a password takes a tenth of a second to hash, and no
 * connection waits for that. What was changed is committed when the statement returns, so it can be forgotten here at
 * once. */
#include <stdio.h>

#include "rbac.h"

static alees_str member(struct rbac *r, alees_ctx *ctx, const char *name) {
    return r->json->text(r->json->get(r->http->json(ctx), name));
}

/* For the audit trail. Never the name that was sent: people type their password there. user: absent if it is nobody's. */
static void note(struct rbac *r, alees_ctx *ctx, const char *action, alees_str user, const char *why) {
    const alees_str peer = r->http->peer(ctx);
    alees_id id;
    char detail[128];
    bool is_known = user.ptr && alees_id_parse(user, &id) == ALEES_OK;
    snprintf(detail, sizeof detail, "%s, from %.*s", why, peer.len < 64 ? (int)peer.len : 64, peer.ptr ? peer.ptr : "");
    if (r->audit) {
        r->audit->note(r->self, ctx, action, is_known ? &id : NULL, NULL, alees_text(detail));
    }
}

static alees_rc bad_credentials(struct rbac *r, alees_ctx *ctx, alees_str user, const char *why) {
    note(r, ctx, "login_refused", user, why);
    r->host->count(r->self, RBAC_REFUSED_LOGINS, 1);
    return rbac_fail(r, ctx, ALEES_E_UNAUTHENTICATED, "bad_credentials", "The user name or the password is wrong.");
}

alees_rc rbac_throttle(struct rbac *r, alees_ctx *ctx, alees_str account) {
    char seconds[16], detail[96];
    uint32_t wait = throttle_spend(r->throttle, account, r->http->peer(ctx), rbac_monotonic_us() / 1000);
    if (wait == 0) {
        return ALEES_OK;
    }
    r->host->count(r->self, RBAC_THROTTLED_LOGINS, 1);
    snprintf(seconds, sizeof seconds, "%u", wait);
    snprintf(detail, sizeof detail, "Too many attempts from this address. Try again in %u seconds.", wait);
    (void)r->http->set_header(ctx, "Retry-After", alees_text(seconds));
    return rbac_fail(r, ctx, ALEES_E_TOO_MANY, "too_many_attempts", detail);
}

static alees_rc answer_login(struct rbac *r, alees_ctx *ctx, alees_str token, alees_str expires_at, alees_str id,
                             alees_str username, bool is_superuser) {
    const struct alees_json_v1 *j = r->json;
    alees_json *answer = j->object(ctx), *user = j->object(ctx);
    alees_rc rc = answer && user ? ALEES_OK : ALEES_E_NOMEM;
    if (rc != ALEES_OK || (rc = j->put_text(user, "id", id)) != ALEES_OK ||
        (rc = j->put_text(user, "username", username)) != ALEES_OK ||
        (rc = j->put_boolean(user, "is_superuser", is_superuser)) != ALEES_OK ||
        (rc = j->put_text(answer, "token", token)) != ALEES_OK ||
        (rc = j->put_text(answer, "token_type", alees_text("Bearer"))) != ALEES_OK ||
        (rc = j->put_text(answer, "expires_at", expires_at)) != ALEES_OK ||
        (rc = j->put(answer, "user", user)) != ALEES_OK) {
        return rc;
    }
    return r->http->reply_json(ctx, 200, answer);
}

/* The password was right: a token, unless the account has changed meanwhile. */
static alees_rc issue_token(struct rbac *r, alees_ctx *ctx, alees_str id, alees_str username, alees_str password_hash,
                            bool is_superuser) {
    alees_str token;
    alees_rows *rows;
    uint8_t hash[32];
    alees_rc rc = r->cred->new_token(ctx, RBAC_TOKEN_PREFIX, &token);
    if (rc != ALEES_OK) {
        return rc;
    }
    r->cred->hash_token(token, hash);
    const alees_str params[] = {id, rbac_hex(r, ctx, hash), alees_text(r->token_hours), password_hash};
    rc = rbac_run(r, ctx, RBAC_LOGIN, params, 4, &rows);
    if (rc != ALEES_OK) {
        return rc;
    }
    if (r->db->count(rows) != 1) {
        return bad_credentials(r, ctx, id, "the account has just changed");
    }
    r->host->count(r->self, RBAC_LOGINS, 1);
    return answer_login(r, ctx, token, r->db->text(rows, 0, 0), id, username, is_superuser);
}

/* An unknown user, a wrong password and an account that is switched off take the same steps and are answered alike. */
alees_rc rbac_login(void *state, alees_ctx *ctx) {
    struct rbac *r = state;
    const alees_str username = member(r, ctx, "username"), password = member(r, ctx, "password");
    const alees_str absent = {NULL, 0};
    alees_rows *rows;
    alees_rc rc = rbac_throttle(r, ctx, username);
    if (rc != ALEES_OK) {
        return rc;
    }
    rc = rbac_run(r, ctx, RBAC_LOGIN_USER, &username, 1, &rows);
    if (rc != ALEES_OK) {
        return rc;
    }
    bool is_known = r->db->count(rows) == 1;
    alees_str hash = is_known ? r->db->text(rows, 0, 1) : absent;
    rc = r->cred->verify_password(ctx, password.len <= RBAC_MOST_PASSWORD ? password : alees_text(""), hash);
    if (rc != ALEES_OK && rc != ALEES_E_DENIED) {
        return rc; /* no turn to hash, or no memory */
    }
    bool is_active = is_known && alees_equal(r->db->text(rows, 0, 2), alees_text("t"));
    if (rc != ALEES_OK || !is_active || password.len > RBAC_MOST_PASSWORD) {
        return bad_credentials(r, ctx, is_known ? r->db->text(rows, 0, 0) : absent,
                               !is_known        ? "unknown user name"
                               : rc != ALEES_OK ? "wrong password"
                               : !is_active     ? "the account is switched off"
                                                : "the password is too long");
    }
    throttle_give_back(r->throttle, username, r->http->peer(ctx));
    return issue_token(r, ctx, r->db->text(rows, 0, 0), username, hash,
                       alees_equal(r->db->text(rows, 0, 3), alees_text("t")));
}

struct ended { /* tokens, by their hashes */
    uint32_t count;
    uint8_t (*hashes)[32];
};

static void forget_tokens(void *state, alees_ctx *ctx, void *data) {
    const struct ended *ended = data;
    (void)ctx;
    for (uint32_t i = 0; i < ended->count; i++) {
        rbac_forget_token(state, ended->hashes[i]);
    }
}

/* Not before the commit: whoever used one of them until then would put it back. */
static alees_rc forget_later(struct rbac *r, alees_ctx *ctx, uint32_t most, struct ended **ret_ended) {
    struct ended *ended = r->host->alloc(ctx, sizeof *ended);
    uint8_t(*hashes)[32] = r->host->alloc(ctx, ((size_t)most + 1) * sizeof *hashes);
    if (!ended || !hashes) {
        return ALEES_E_NOMEM;
    }
    *ended = (struct ended){0, hashes};
    alees_rc rc = r->db->after_commit(r->self, ctx, forget_tokens, ended);
    if (rc == ALEES_OK) {
        *ret_ended = ended;
    }
    return rc;
}

alees_rc rbac_logout(void *state, alees_ctx *ctx) {
    struct rbac *r = state;
    struct ended *ended;
    alees_rows *rows;
    alees_rc rc = forget_later(r, ctx, 1, &ended);
    if (rc != ALEES_OK) {
        return rc;
    }
    r->cred->hash_token(r->http->token(ctx), ended->hashes[0]);
    ended->count = 1;
    alees_str hex = rbac_hex(r, ctx, ended->hashes[0]);
    rc = rbac_run(r, ctx, RBAC_LOGOUT, &hex, 1, &rows);
    return rc == ALEES_OK ? r->http->reply(ctx, 204, "application/json", (alees_str){NULL, 0}) : rc;
}

static alees_rc check_current(struct rbac *r, alees_ctx *ctx, alees_str username, alees_str hash) {
    alees_str current = member(r, ctx, "current_password");
    alees_rc rc = rbac_throttle(r, ctx, username); /* a stolen token is no leave to guess */
    if (rc != ALEES_OK) {
        return rc;
    }
    rc = r->cred->verify_password(ctx, current.len <= RBAC_MOST_PASSWORD ? current : alees_text(""), hash);
    if (rc == ALEES_E_DENIED || (rc == ALEES_OK && current.len > RBAC_MOST_PASSWORD)) {
        note(r, ctx, "password_refused", rbac_id_text(r, ctx, &r->host->principal(ctx)->id), "wrong current password");
        return rbac_fail(r, ctx, ALEES_E_INVALID, "wrong_password", "/current_password is not your password.");
    }
    if (rc == ALEES_OK) {
        throttle_give_back(r->throttle, username, r->http->peer(ctx));
    }
    return rc;
}

static alees_rc forget_all(struct rbac *r, alees_ctx *ctx, const alees_rows *rows) {
    struct ended *ended;
    const uint32_t count = r->db->count(rows);
    alees_rc rc = forget_later(r, ctx, count, &ended);
    for (uint32_t i = 0; rc == ALEES_OK && i < count; i++) {
        ended->count += rbac_unhex(r->db->text(rows, i, 0), ended->hashes[ended->count], sizeof ended->hashes[0]);
    }
    return rc == ALEES_OK ? r->http->reply(ctx, 204, "application/json", (alees_str){NULL, 0}) : rc;
}

/* Every token of the user ends with the old password, this one included. API keys do not: they were never known to
 * whoever knew the password, and programs go on. */
alees_rc rbac_change_password(void *state, alees_ctx *ctx) {
    struct rbac *r = state;
    const struct alees_principal *who = r->host->principal(ctx);
    const alees_str id = rbac_id_text(r, ctx, &who->id), fresh = member(r, ctx, "new_password");
    alees_rows *rows;
    alees_str hash;
    if (fresh.len < RBAC_LEAST_PASSWORD || fresh.len > RBAC_MOST_PASSWORD) {
        return rbac_fail(r, ctx, ALEES_E_INVALID, "bad_password", "/new_password must have 8 to 1024 bytes.");
    }
    alees_rc rc = rbac_run(r, ctx, RBAC_ACCOUNT, &id, 1, &rows);
    if (rc != ALEES_OK) {
        return rc;
    }
    const alees_str old = r->db->count(rows) == 1 ? r->db->text(rows, 0, 0) : (alees_str){NULL, 0};
    rc = check_current(r, ctx, who->username, old);
    if (rc == ALEES_OK) {
        rc = r->cred->hash_password(ctx, fresh, &hash);
    }
    if (rc != ALEES_OK) {
        return rc;
    }
    const alees_str params[] = {id, hash, old};
    rc = rbac_run(r, ctx, RBAC_PASSWORD, params, 3, &rows);
    if (rc != ALEES_OK) {
        return rc;
    }
    if (r->db->count(rows) == 0) {
        return rbac_fail(r, ctx, ALEES_E_CONFLICT, "password_changed",
                         "The password was changed from elsewhere just now.");
    }
    return forget_all(r, ctx, rows);
}
