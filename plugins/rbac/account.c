/* SPDX-License-Identifier: MIT
 * account.c - user accounts. One's own profile is one's own; another's account is changed by those who could be its user
 * without gaining anything. */
#include "address.h"
#include "hooks.h"

/* The fields of an account that are not its user's own to change; all others are. */
static const char *const beyond_profile[] = {"username", "password", "is_active", "is_superuser"};

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static bool sends_any(struct rbac *r, const alees_change *change, const char *const *names, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (r->resource->is_sent(change, names[i])) {
            return true;
        }
    }
    return false;
}

/* --- values --- */

/* What can be dialled, somewhere: an extension, too. */
static bool is_phone_number(alees_str text) {
    size_t digits = 0;
    for (size_t i = 0; i < text.len; i++) {
        const char c = text.ptr[i];
        if (c >= '0' && c <= '9') {
            digits++;
        } else if (c == '\0' || !strchr(" +()-./", c) || (c == '+' && i > 0)) {
            return false;
        }
    }
    return digits >= 2;
}

static alees_rc refuse(struct rbac *r, alees_change *change, const char *field, const char *code, const char *detail) {
    return r->resource->refuse(change, field, code, alees_text(detail));
}

static alees_rc check_timezone(struct rbac *r, alees_ctx *ctx, alees_change *change) {
    const alees_str name = r->resource->value(change, "timezone");
    alees_rows *rows;
    if (!name.ptr || !r->resource->is_sent(change, "timezone")) {
        return ALEES_OK;
    }
    alees_rc rc = rbac_run(r, ctx, RBAC_TIMEZONE, &name, 1, &rows);
    if (rc == ALEES_OK && r->db->count(rows) == 0) {
        rc = refuse(r, change, "timezone", "unknown_timezone",
                    "Use the IANA name of a time zone, such as Europe/Berlin.");
    }
    return rc;
}

static alees_rc check_profile(struct rbac *r, alees_ctx *ctx, alees_change *change) {
    const alees_str email = r->resource->value(change, "email"), language = r->resource->value(change, "language"),
                    phone = r->resource->value(change, "phone_number");
    alees_rc rc = ALEES_OK;
    if (email.ptr && !alees_is_email(email)) {
        rc = refuse(r, change, "email", "invalid", "must be an address such as a@example.com");
    }
    if (language.ptr && !alees_is_language(language)) {
        rc = refuse(r, change, "language", "unknown_language", "Use a BCP 47 language tag, such as de or de-DE.");
    }
    if (phone.len > 0 && !is_phone_number(phone)) {
        rc = refuse(r, change, "phone_number", "invalid_phone_number",
                    "Use digits, with spaces and + ( ) - . / between them, such as +44 20 7946 0000.");
    }
    const alees_rc timezone_rc = check_timezone(r, ctx, change);
    return timezone_rc == ALEES_OK ? rc : timezone_rc;
}

alees_rc rbac_check_user(void *state, alees_ctx *ctx, alees_change *change) {
    struct rbac *r = state;
    const alees_str username = r->resource->value(change, "username"),
                    password = r->resource->value(change, "password");
    alees_rc rc = check_profile(r, ctx, change);
    if (username.len > 0 && !address_is_username(username)) {
        rc = refuse(r, change, "username", "invalid",
                    "must not begin or end with a space or hold characters that cannot be seen");
    }
    if (r->resource->is_sent(change, "password") &&
        (password.len < RBAC_LEAST_PASSWORD || password.len > RBAC_MOST_PASSWORD)) {
        rc = refuse(r, change, "password", "bad_password", "must have 8 to 1024 bytes");
    }
    return rc;
}

/* --- tokens --- */

struct ended { /* tokens */
    uint32_t count;
    alees_id *halves; /* of their hashes: the first ones, by which they are remembered */
};

static void forget_tokens(void *state, alees_ctx *ctx, void *data) {
    const struct ended *ended = data;
    uint8_t hash[32] = {0};
    (void)ctx;
    for (uint32_t i = 0; i < ended->count; i++) {
        memcpy(hash, ended->halves[i].bytes, sizeof ended->halves[i].bytes);
        rbac_forget_token(state, hash);
    }
}

/* Every login of that user ends with this transaction. */
static alees_rc end_tokens(struct rbac *r, alees_ctx *ctx, const alees_id *user) {
    const alees_str id = rbac_id_text(r, ctx, user);
    alees_rows *rows;
    alees_rc rc = rbac_run(r, ctx, RBAC_END_TOKENS, &id, 1, &rows);
    if (rc != ALEES_OK) {
        return rc;
    }
    const uint32_t count = r->db->count(rows);
    struct ended *ended = r->host->alloc(ctx, sizeof *ended);
    alees_id *halves = r->host->alloc(ctx, (count + 1) * sizeof *halves);
    if (!ended || !halves) {
        return ALEES_E_NOMEM;
    }
    for (uint32_t i = 0; i < count; i++) {
        if (alees_id_parse(r->db->text(rows, i, 0), &halves[i]) != ALEES_OK) {
            return ALEES_E_INTERNAL;
        }
    }
    *ended = (struct ended){count, halves};
    return r->db->after_commit(r->self, ctx, forget_tokens, ended);
}

/* --- whose account --- */

/* What of it counts where, as the transaction sees it. */
static alees_rc judge_account(const struct hook *h, const struct rbac_about *about, const alees_id *id) {
    const bool is_removal = h->action == ALEES_DELETE_ROW;
    const char *name = is_removal ? "rbac.delete_user" : "rbac.change_user";
    struct policy_user *user;
    struct delegate_lacks lacks;
    bool is_elsewhere;
    alees_rc rc = rbac_fresh_user(h->r, h->ctx, id, about, &user);
    if (rc != ALEES_OK) {
        return rc;
    }
    enum delegate_verdict verdict = delegate_account(&h->delegate, policy_permission(h->r->catalogue, name), user,
                                                     is_removal, &is_elsewhere, &lacks);
    if (is_elsewhere) {
        rc =
            hook_fail(h, "permission_denied",
                      "You need that permission in every organization of which this user is a member; for one who is a "
                      "member of none, without organization.");
    } else if (verdict != DELEGATE_ALLOWED) {
        rc = hook_deny(h, verdict, "", &lacks);
    }
    policy_user_release(user);
    return rc;
}

static alees_rc judge_superuser(const struct hook *h) {
    const bool is_meant = h->r->resource->is_sent(h->change, "is_superuser") &&
                          (h->action == ALEES_UPDATE || hook_is_true(h->r->resource->value(h->change, "is_superuser")));
    return is_meant && !hook_is_superuser(h) ? hook_deny(h, DELEGATE_SUPERUSERS_ONLY, "is_superuser", NULL) : ALEES_OK;
}

static alees_rc judge_password(const struct hook *h, bool is_own) {
    if (!h->r->resource->is_sent(h->change, "password")) {
        return ALEES_OK;
    }
    if (h->delegate.limit) {
        return hook_fail(h, "not_by_api_key", "Passwords are not changed with an API key. Log in and send the token.");
    }
    return is_own ? hook_refuse(h, "password", "own_password",
                                "is changed with POST /auth/password, which asks for the present one")
                  : ALEES_OK;
}

static alees_rc judge(const struct hook *h, const struct rbac_about *about, const alees_id *id) {
    alees_rc rc = judge_superuser(h);
    rc = rc == ALEES_OK ? judge_password(h, alees_id_compare(&h->writer->id, id) == 0) : rc;
    return rc == ALEES_OK && h->action != ALEES_CREATE ? judge_account(h, about, id) : rc;
}

/* One's own profile, in person. */
static bool is_own_profile(struct rbac *r, alees_ctx *ctx, const alees_change *change, const alees_id *id) {
    const struct alees_principal *who = r->host->principal(ctx);
    return who && r->resource->action(change) == ALEES_UPDATE && !(who->flags & ALEES_API_KEY) &&
           alees_id_compare(&who->id, id) == 0 && !sends_any(r, change, beyond_profile, COUNT(beyond_profile));
}

/* The hash instead of the password: nobody ever reads it back. */
static alees_rc put_hash(struct rbac *r, alees_ctx *ctx, alees_change *change) {
    alees_str hash;
    alees_rc rc = r->cred->hash_password(ctx, r->resource->value(change, "password"), &hash);
    return rc == ALEES_OK ? r->resource->set(change, "password", hash) : rc;
}

/* As the transaction sees it, with locks or without. */
static alees_rc judge_now(struct rbac *r, alees_ctx *ctx, alees_change *change, alees_str organizations, bool lock) {
    const struct rbac_about writers = {.organizations = organizations, .lock = lock};
    const struct rbac_about users = {.organizations = organizations}; /* locked by then */
    const alees_id id = r->resource->id(change);
    struct hook h;
    alees_rc rc = hook_begin(&h, r, ctx, change, r->resource->action(change) == ALEES_CREATE ? "user" : NULL, &writers);
    if (rc == ALEES_OK) {
        rc = judge(&h, &users, &id);
        hook_end(&h);
    }
    return rc;
}

/* The organizations of an account may be nothing to do with the writer: they are not locked for somebody who is refused
 * anyway. */
static alees_rc judge_twice(struct rbac *r, alees_ctx *ctx, alees_change *change) {
    const alees_id id = r->resource->id(change);
    const alees_str text = rbac_id_text(r, ctx, &id);
    alees_str organizations = {NULL, 0};
    alees_rows *rows;
    alees_rc rc = rbac_run(r, ctx, RBAC_USER_SCOPES, &text, 1, &rows);
    if (rc == ALEES_OK && r->db->count(rows) == 1) {
        organizations = r->db->text(rows, 0, 0);
        rc = judge_now(r, ctx, change, organizations, false);
    }
    return rc == ALEES_OK ? judge_now(r, ctx, change, organizations, true) : rc;
}

alees_rc rbac_write_user(void *state, alees_ctx *ctx, alees_change *change) {
    struct rbac *r = state;
    const alees_id id = r->resource->id(change);
    const uint32_t action = r->resource->action(change);
    if (is_own_profile(r, ctx, change, &id)) {
        return ALEES_OK;
    }
    alees_rc rc = judge_twice(r, ctx, change);
    if (rc != ALEES_OK) {
        return rc;
    }
    bool has_password = r->resource->is_sent(change, "password");
    bool is_off = r->resource->is_sent(change, "is_active") && !hook_is_true(r->resource->value(change, "is_active"));
    rc = has_password ? put_hash(r, ctx, change) : ALEES_OK;
    if (rc == ALEES_OK && action == ALEES_UPDATE && (has_password || is_off)) {
        rc = end_tokens(r, ctx, &id);
    }
    return rc == ALEES_OK && action != ALEES_CREATE ? rbac_user_changed(r, ctx, &id) : rc;
}
