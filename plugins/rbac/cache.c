/* SPDX-License-Identifier: MIT
 * cache.c - users in memory: found without the database, and never older than 2 seconds.
 *
 * Who is remembered is found by short locks of single shards and no other: a token leads to a user,
 * the user carries the tree and the roles that it was resolved against, and two counters say whether these are still
 * the ones. So there is no pointer that all readers share: the tree and the roles are published through the users, and
 * freed with the last user that holds them.
 *
 * Kept true:
 * - a hint (NOTIFY, from triggers on the tables) drops a user or a token, or moves a counter on: the next request
 *   loads the tree or the roles anew, once for all, and resolves its user against them without loading it;
 * - what is loaded while a hint comes in is used for that request and not kept (struct table_watch; the counter is
 *   read before the rows are);
 * - when the listener has been silent for 2 seconds, nothing is believed: every request loads its user, and a tree and
 *   roles that were asked for after it began; requests that wait for these share them;
 * - whatever the hints say, a user is loaded again after five minutes. */
#include <stdlib.h>
#include <time.h>

#include "rbac.h"

enum { LISTENER_MS = 2000 };
#define MOST_AGE_US ((int64_t)300 * 1000000)

static int64_t clock_us(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t rbac_monotonic_us(void) {
    return clock_us(CLOCK_MONOTONIC);
}

int64_t rbac_now_us(void) {
    return clock_us(CLOCK_REALTIME);
}

/* --- what the tables hold --- */

static void hold_token(void *object) {
    struct rbac_token *t = object;
    atomic_fetch_add_explicit(&t->refs, 1, memory_order_relaxed);
}

void rbac_token_release(struct rbac_token *t) {
    if (t && atomic_fetch_sub_explicit(&t->refs, 1, memory_order_acq_rel) == 1) {
        free(t->limit);
        free(t);
    }
}

static void release_token(void *object) {
    rbac_token_release(object);
}

static size_t bytes_of_token(const void *object) {
    const struct rbac_token *t = object;
    return sizeof *t + (t->limit ? t->limit->bytes : 0);
}

static void hold_user(void *object) {
    (void)policy_user_hold(object);
}

static void release_user(void *object) {
    policy_user_release(object);
}

static size_t bytes_of_user(const void *object) {
    const struct policy_user *u = object;
    return atomic_load_explicit(&u->bytes, memory_order_relaxed);
}

static const struct table_kind token_kind = {hold_token, release_token, bytes_of_token};
static const struct table_kind user_kind = {hold_user, release_user, bytes_of_user};

static alees_id token_key(const uint8_t hash[static 32]) {
    alees_id key;
    memcpy(key.bytes, hash, sizeof key.bytes);
    return key;
}

void rbac_forget_user(struct rbac *r, const alees_id *id) {
    table_drop(r->users, id);
}

void rbac_forget_token(struct rbac *r, const uint8_t hash[static 32]) {
    alees_id key = token_key(hash);
    table_drop(r->tokens, &key);
}

void rbac_forget_tree(struct rbac *r) {
    atomic_fetch_add(&r->tree_generation, 1);
}

/* --- the tree and the roles --- */

static bool is_listening(struct rbac *r) {
    return r->db->listener_age(r->self) <= LISTENER_MS;
}

/* An organization's time came or went, and nothing was written. */
static alees_rc move_on(struct rbac *r) {
    int64_t now = rbac_now_us();
    if (r->tree->last_change <= now && now < r->tree->next_change) {
        return ALEES_OK;
    }
    struct policy_tree *tree = policy_tree_again(r->tree, now);
    if (!tree) {
        return ALEES_E_NOMEM;
    }
    policy_tree_release(r->tree);
    r->tree = tree;
    return ALEES_OK;
}

static alees_rc refresh_tree(struct rbac *r, alees_ctx *ctx, int64_t not_before) {
    struct policy_tree *tree;
    uint64_t wanted = atomic_load(&r->tree_generation);
    int64_t asked_at = rbac_monotonic_us();
    if (r->tree && r->tree->generation == wanted && r->tree_asked_at >= not_before) {
        return move_on(r);
    }
    alees_rc rc = rbac_load_tree(r, ctx, wanted, &tree);
    if (rc == ALEES_OK) {
        policy_tree_release(r->tree);
        r->tree = tree;
        r->tree_asked_at = asked_at;
    }
    return rc;
}

static alees_rc refresh_roles(struct rbac *r, alees_ctx *ctx, int64_t not_before) {
    struct policy_roles *roles;
    uint64_t wanted = atomic_load(&r->roles_generation);
    int64_t asked_at = rbac_monotonic_us();
    if (r->roles && r->roles->generation == wanted && r->roles_asked_at >= not_before) {
        return ALEES_OK;
    }
    alees_rc rc = rbac_load_roles(r, ctx, wanted, &roles);
    if (rc == ALEES_OK) {
        policy_roles_release(r->roles);
        r->roles = roles;
        r->roles_asked_at = asked_at;
    }
    return rc;
}

static alees_rc world(struct rbac *r, alees_ctx *ctx, bool anew, struct policy_tree **ret_tree,
                      struct policy_roles **ret_roles) {
    int64_t began = rbac_monotonic_us(), not_before = is_listening(r) && !anew ? INT64_MIN : began;
    alees_rc rc = ALEES_E_UNAVAILABLE;
    if (!r->catalogue) {
        return rc; /* still starting */
    }
    pthread_mutex_lock(&r->world_lock);
    if (r->unavailable_at < began) { /* else the database did not answer while we waited here: nor would it us */
        rc = refresh_tree(r, ctx, not_before);
        rc = rc == ALEES_OK ? refresh_roles(r, ctx, not_before) : rc;
        r->unavailable_at = rc == ALEES_E_UNAVAILABLE ? rbac_monotonic_us() : r->unavailable_at;
    }
    if (rc == ALEES_OK) {
        *ret_tree = policy_tree_hold(r->tree);
        *ret_roles = policy_roles_hold(r->roles);
    }
    pthread_mutex_unlock(&r->world_lock);
    return rc;
}

alees_rc rbac_world(struct rbac *r, alees_ctx *ctx, struct policy_tree **ret_tree, struct policy_roles **ret_roles) {
    return world(r, ctx, false, ret_tree, ret_roles);
}

/* The user is loaded by the next question, because nobody can have been remembered meanwhile from rows of before
 * (table_watch), and is resolved against the tree and the roles that are read here. */
alees_rc rbac_refresh(struct rbac *r, alees_ctx *ctx, const alees_id *user) {
    struct policy_tree *tree;
    struct policy_roles *roles;
    rbac_forget_user(r, user);
    alees_rc rc = world(r, ctx, true, &tree, &roles);
    if (rc == ALEES_OK) {
        policy_tree_release(tree);
        policy_roles_release(roles);
    }
    return rc;
}

/* --- users --- */

static bool is_current(struct rbac *r, const struct policy_user *u, int64_t now) {
    return u->tree_generation == atomic_load_explicit(&r->tree_generation, memory_order_acquire) &&
           u->roles_generation == atomic_load_explicit(&r->roles_generation, memory_order_acquire) &&
           u->last_change <= now && now < u->next_change;
}

/* Takes the caller's reference to a remembered user; gives one to a user that is resolved against what is now. */
static alees_rc bring_up(struct rbac *r, alees_ctx *ctx, struct policy_user *u, int64_t now,
                         struct policy_user **ret_user) {
    struct policy_tree *tree;
    struct policy_roles *roles;
    if (is_current(r, u, now)) {
        *ret_user = u;
        return ALEES_OK;
    }
    alees_rc rc = rbac_world(r, ctx, &tree, &roles);
    if (rc == ALEES_OK) {
        struct policy_user *again = policy_user_again(u, tree, roles, now);
        policy_tree_release(tree);
        policy_roles_release(roles);
        rc = again ? ALEES_OK : ALEES_E_NOMEM;
        if (again) {
            table_replace(r->users, &u->id, u, again);
            *ret_user = again;
        }
    }
    policy_user_release(u);
    return rc;
}

/* What was loaded, as a user that is resolved against what is now. */
static alees_rc make_user(struct rbac *r, alees_ctx *ctx, const struct rbac_loaded *loaded, int64_t now,
                          struct policy_user **ret_user) {
    struct policy_tree *tree;
    struct policy_roles *roles;
    alees_rc rc = rbac_world(r, ctx, &tree, &roles);
    if (rc != ALEES_OK) {
        return rc;
    }
    struct policy_user *u =
        policy_user_new(&loaded->user, loaded->memberships, loaded->count, tree, roles, r->catalogue->count, now);
    policy_tree_release(tree);
    policy_roles_release(roles);
    if (!u) {
        return ALEES_E_NOMEM;
    }
    u->loaded_at = rbac_monotonic_us();
    *ret_user = u;
    return ALEES_OK;
}

/* Of a login, or with is_key of an API key. NULL without memory. */
static struct rbac_token *make_token(const struct rbac *r, const struct rbac_loaded *loaded,
                                     const uint8_t hash[static 32], bool is_key) {
    struct rbac_token *t = calloc(1, sizeof *t);
    if (!t) {
        return NULL;
    }
    atomic_init(&t->refs, 1);
    memcpy(t->hash, hash, sizeof t->hash);
    t->user = loaded->user.id;
    t->expires_at = loaded->token_expires_at;
    if (is_key) {
        t->key = loaded->key.id;
        t->limit = policy_limit_new(r->catalogue, loaded->key.permissions, loaded->key.organizations);
        atomic_init(&t->last_noted_use, loaded->key.last_used_at);
    }
    if (is_key && !t->limit) {
        rbac_token_release(t);
        t = NULL;
    }
    return t;
}

/* Loads a user, and keeps it if nothing has changed meanwhile. */
static alees_rc load(struct rbac *r, alees_ctx *ctx, enum rbac_statement statement, alees_str key,
                     struct policy_user **ret_user) {
    struct table_watch users;
    struct rbac_loaded loaded;
    bool keep = is_listening(r);
    int64_t now = rbac_now_us();
    table_watch(r->users, &users);
    if (!keep) {
        r->host->count(r->self, RBAC_REVALIDATIONS, 1);
    }
    alees_rc rc = rbac_load_user(r, ctx, statement, key, &loaded);
    rc = rc == ALEES_OK ? make_user(r, ctx, &loaded, now, ret_user) : rc;
    if (rc == ALEES_OK && keep) {
        table_put(r->users, &(*ret_user)->id, *ret_user, &users);
    }
    return rc;
}

/* The same by a token, which is kept as well. */
static alees_rc load_token(struct rbac *r, alees_ctx *ctx, const uint8_t hash[static 32], bool is_key,
                           struct policy_user **ret_user, struct rbac_token **ret_token) {
    struct table_watch users, tokens;
    struct rbac_loaded loaded;
    bool keep = is_listening(r);
    int64_t now = rbac_now_us();
    table_watch(r->users, &users);
    table_watch(r->tokens, &tokens);
    if (!keep) {
        r->host->count(r->self, RBAC_REVALIDATIONS, 1);
    }
    alees_rc rc =
        rbac_load_user(r, ctx, is_key ? RBAC_LOAD_BY_KEY : RBAC_LOAD_BY_TOKEN, rbac_hex(r, ctx, hash), &loaded);
    if (rc == ALEES_E_NOT_FOUND || (rc == ALEES_OK && (!loaded.user.is_active || loaded.token_expires_at <= now))) {
        return ALEES_E_UNAUTHENTICATED;
    }
    struct rbac_token *t = rc == ALEES_OK ? make_token(r, &loaded, hash, is_key) : NULL;
    rc = rc == ALEES_OK && !t ? ALEES_E_NOMEM : rc;
    rc = rc == ALEES_OK ? make_user(r, ctx, &loaded, now, ret_user) : rc;
    if (rc != ALEES_OK) {
        rbac_token_release(t);
        return rc;
    }
    if (keep) {
        alees_id at = token_key(hash);
        table_put(r->users, &(*ret_user)->id, *ret_user, &users);
        table_put(r->tokens, &at, t, &tokens);
    }
    *ret_token = t;
    return ALEES_OK;
}

/* A remembered user, if it may be believed; held. */
static struct policy_user *remember(struct rbac *r, const alees_id *id) {
    struct policy_user *u = table_get(r->users, id);
    if (u && rbac_monotonic_us() - u->loaded_at > MOST_AGE_US) {
        policy_user_release(u);
        u = NULL;
    }
    return u;
}

/* A remembered token with its remembered user, both held; false without one of them. */
static bool remember_token(struct rbac *r, const uint8_t hash[static 32], int64_t now, struct policy_user **ret_user,
                           struct rbac_token **ret_token) {
    alees_id key = token_key(hash);
    struct rbac_token *t = table_get(r->tokens, &key);
    struct policy_user *u = NULL;
    if (t && r->cred->is_equal(t->hash, hash, sizeof t->hash) && now < t->expires_at) {
        u = remember(r, &t->user);
    }
    if (!u || !u->is_active) {
        rbac_token_release(t);
        policy_user_release(u);
        return false;
    }
    *ret_user = u;
    *ret_token = t;
    return true;
}

/* By its form, so that neither is looked for among the others: a key is longer than a token. */
static bool is_key(alees_str token) {
    static const char prefix[] = RBAC_KEY_PREFIX;
    enum { RANDOM = 43 }; /* characters of 256 bits */
    return token.len == sizeof prefix - 1 + RANDOM && memcmp(token.ptr, prefix, sizeof prefix - 1) == 0;
}

alees_rc rbac_user_by_token(struct rbac *r, alees_ctx *ctx, alees_str token, struct policy_user **ret_user,
                            struct rbac_token **ret_token) {
    uint8_t hash[32];
    struct policy_user *u;
    struct rbac_token *t;
    int64_t now = rbac_now_us();
    r->cred->hash_token(token, hash);
    if (!is_listening(r) || !remember_token(r, hash, now, &u, &t)) {
        return load_token(r, ctx, hash, is_key(token), ret_user, ret_token);
    }
    alees_rc rc = bring_up(r, ctx, u, now, ret_user);
    if (rc != ALEES_OK) {
        rbac_token_release(t);
        return rc;
    }
    *ret_token = t;
    return ALEES_OK;
}

void rbac_note_use(struct rbac *r, alees_ctx *ctx, struct rbac_token *t) {
    const int64_t now = rbac_now_us(), hour = (int64_t)3600 * 1000000;
    int64_t noted = atomic_load_explicit(&t->last_noted_use, memory_order_relaxed);
    if (now - noted >= hour && atomic_compare_exchange_strong(&t->last_noted_use, &noted, now)) {
        const alees_str id = rbac_id_text(r, ctx, &t->key);
        alees_rows *rows;
        (void)rbac_run(r, ctx, RBAC_KEY_USED, &id, 1, &rows);
    }
}

alees_rc rbac_user_by_id(struct rbac *r, alees_ctx *ctx, const alees_id *id, struct policy_user **ret_user) {
    char text[37];
    struct policy_user *u = is_listening(r) ? remember(r, id) : NULL;
    if (u) {
        return bring_up(r, ctx, u, rbac_now_us(), ret_user);
    }
    return load(r, ctx, RBAC_LOAD_BY_ID, alees_text(alees_id_format(id, text)), ret_user);
}

alees_rc rbac_user_by_name(struct rbac *r, alees_ctx *ctx, alees_str username, struct policy_user **ret_user) {
    return load(r, ctx, RBAC_LOAD_BY_NAME, username, ret_user);
}

/* --- hints --- */

static void flush(struct rbac *r) {
    atomic_fetch_add(&r->tree_generation, 1);
    atomic_fetch_add(&r->roles_generation, 1);
    table_flush(r->users);
    table_flush(r->tokens);
    r->host->count(r->self, RBAC_FLUSHES, 1);
}

/* One at a time, on the listener's thread. A hint that is not understood may be one of a newer server. */
static void on_hint(void *state, alees_ctx *ctx, alees_str hint) {
    struct rbac *r = state;
    alees_str rest = {hint.ptr ? hint.ptr + 2 : NULL, hint.len - 2};
    alees_id id;
    (void)ctx;
    if (!hint.ptr || hint.len < 2 || hint.ptr[1] != ':') {
        flush(r);
    } else if (hint.ptr[0] == 'u' && alees_id_parse(rest, &id) == ALEES_OK) {
        rbac_forget_user(r, &id);
    } else if (hint.ptr[0] == 't' && rbac_unhex(rest, id.bytes, sizeof id.bytes)) {
        table_drop(r->tokens, &id);
    } else if (hint.ptr[0] == 'r') {
        atomic_fetch_add(&r->roles_generation, 1);
    } else if (hint.ptr[0] == 'o') {
        rbac_forget_tree(r);
    } else {
        flush(r);
    }
}

alees_rc rbac_cache_start(struct rbac *r, alees_ctx *ctx) {
    alees_str mib = r->host->setting(r->self, "cache_mib");
    size_t budget = (size_t)strtoul(mib.ptr ? mib.ptr : "64", NULL, 10) * 1024 * 1024;
    pthread_mutex_init(&r->world_lock, NULL);
    r->users = table_new(budget / 8 * 7, &user_kind);
    r->tokens = table_new(budget / 8, &token_kind);
    if (!r->users || !r->tokens) {
        return rbac_fail(r, ctx, ALEES_E_NOMEM, "out_of_memory", "There is no memory for the cache of users.");
    }
    return r->db->listen(r->self, "alees_rbac", on_hint);
}

void rbac_cache_stop(struct rbac *r) {
    table_free(r->users);
    table_free(r->tokens);
    policy_tree_release(r->tree);
    policy_roles_release(r->roles);
    pthread_mutex_destroy(&r->world_lock);
}
