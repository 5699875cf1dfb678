/* SPDX-License-Identifier: MIT
 * rbac.h - what the files of this plugin share. Read plugin.c first, then policy.h, then this. */
#ifndef RBAC_H
#define RBAC_H

#include <pthread.h>

#include "alees/audit.h"
#include "alees/cred.h"
#include "alees/db.h"
#include "alees/http.h"
#include "alees/json.h"
#include "alees/resource.h"
#include "alees/util.h"
#include "policy.h"
#include "table.h"
#include "throttle.h"

enum rbac_statement {
    RBAC_LOAD_BY_TOKEN,
    RBAC_LOAD_BY_ID,
    RBAC_LOAD_BY_NAME,
    RBAC_LOAD_ROLES,
    RBAC_LOAD_FIELDS,
    RBAC_LOAD_ORGANIZATIONS,
    RBAC_FRESH_LOCK,
    RBAC_FRESH_LOCK_HELD,
    RBAC_FRESH_USER,
    RBAC_FRESH_ORGANIZATIONS,
    RBAC_FRESH_ROLES,
    RBAC_FRESH_FIELDS,
    RBAC_WHO_CAN,
    RBAC_LOGIN_USER,
    RBAC_LOGIN,
    RBAC_LOGOUT,
    RBAC_ACCOUNT,
    RBAC_TIMEZONE,
    RBAC_PASSWORD,
    RBAC_USER_ADD,
    RBAC_USER_PASSWORD,
    RBAC_USER_DEACTIVATE,
    RBAC_USER_LIST,
    RBAC_GRANT,
    RBAC_MEMBER_REMOVE,
    RBAC_FIND_ORGANIZATION,
    RBAC_DEMO_STATE,
    RBAC_DEMO_USERS,
    RBAC_DEMO_MEMBERS,
    RBAC_USER_SCOPES,
    RBAC_END_TOKENS,
    RBAC_ROLE_IS_BELOW,
    RBAC_MICROSECONDS,
    RBAC_LOAD_BY_KEY,
    RBAC_KEY_USED,
    RBAC_KEY_LOCK,
    RBAC_KEY_ADD,
    RBAC_KEY_HASH,
    RBAC_TOKEN_HASH,
    RBAC_INVITATION_ADD,
    RBAC_INVITATION_FIND,
    RBAC_INVITATION_LOCK,
    RBAC_GUEST_ADD,
    RBAC_GUEST_LOCK,
    RBAC_GUEST_MEMBERSHIP,
    RBAC_INVITATION_ACCEPT,
    RBAC_STATEMENTS
};
extern const struct alees_statement rbac_statements[RBAC_STATEMENTS]; /* statements.c */

enum { RBAC_ROUTES = 11, RBAC_RESOURCES = 7 };
extern const struct alees_route rbac_routes[RBAC_ROUTES];          /* routes.c */
extern const struct alees_resource rbac_resources[RBAC_RESOURCES]; /* resources.c */

enum rbac_metric {
    RBAC_LOGINS,
    RBAC_REFUSED_LOGINS,
    RBAC_THROTTLED_LOGINS,
    RBAC_USER_LOADS,
    RBAC_TREE_LOADS,
    RBAC_ROLE_LOADS,
    RBAC_REVALIDATIONS,
    RBAC_FLUSHES,
    RBAC_METRICS
};

#define RBAC_TOKEN_PREFIX "alees_"
#define RBAC_KEY_PREFIX "alees_key_"
#define RBAC_INVITATION_PREFIX "alees_invitation_"

enum { RBAC_LEAST_PASSWORD = 8, RBAC_MOST_PASSWORD = 1024, RBAC_MOST_NAME = 150 };
enum { RBAC_WHO_PAGE = 50, RBAC_MOST_WHO_PAGE = 200 };

struct rbac {
    const struct alees_host *host;
    alees_self *self;
    const struct alees_db_v1 *db;
    const struct alees_http_v1 *http;
    const struct alees_json_v1 *json;
    const struct alees_cred_v1 *cred;
    const struct alees_resource_v1 *resource;
    const struct alees_audit_v1 *audit; /* NULL: nobody offers it */
    struct alees_rbac_v1 service;       /* service.c */
    alees_list resources;               /* struct alees_resource_of: told before catalogue is */
    struct policy_catalogue *catalogue;
    uint32_t explain; /* number of rbac.explain_decision */
    uint32_t invite;  /* of rbac.add_invitation */
    const char *token_hours;
    struct throttle *throttle;

    /* cache.c */
    struct table *users;        /* struct policy_user by its id */
    struct table *tokens;       /* struct rbac_token by the first half of its hash */
    pthread_mutex_t world_lock; /* held while the tree or the roles are loaded: once for all who wait */
    struct policy_tree *tree;
    struct policy_roles *roles;
    int64_t tree_asked_at, roles_asked_at;              /* monotonic us, before they were read */
    int64_t unavailable_at;                             /* the same, when that last failed */
    _Atomic uint64_t tree_generation, roles_generation; /* the ones wanted: one more with each hint of a change */
};

/* --- cache.c: users in memory, kept true --- */

alees_rc rbac_cache_start(struct rbac *r, alees_ctx *ctx); /* listens; E_NOMEM */
void rbac_cache_stop(struct rbac *r);

struct rbac_token { /* of a login, or an API key */
    atomic_uint refs;
    uint8_t hash[32];
    alees_id user;
    int64_t expires_at; /* us since 1970 */
    alees_id key;
    struct policy_limit *limit;     /* of an API key; NULL: a login */
    _Atomic int64_t last_noted_use; /* of an API key, us since 1970 */
};

void rbac_token_release(struct rbac_token *t); /* accepts NULL */
/* The user of a token, of an id or of a name, as good as policy.h says. Held: policy_user_release, rbac_token_release.
 * E_UNAUTHENTICATED (token only: also for inactive users), E_NOT_FOUND, E_UNAVAILABLE, E_NOMEM. */
alees_rc rbac_user_by_token(struct rbac *r, alees_ctx *ctx, alees_str token, struct policy_user **ret_user,
                            struct rbac_token **ret_token);
alees_rc rbac_user_by_id(struct rbac *r, alees_ctx *ctx, const alees_id *id, struct policy_user **ret_user);
alees_rc rbac_user_by_name(struct rbac *r, alees_ctx *ctx, alees_str username, struct policy_user **ret_user);
/* The tree and the roles as they are now. Both held. */
alees_rc rbac_world(struct rbac *r, alees_ctx *ctx, struct policy_tree **ret_tree, struct policy_roles **ret_roles);
/* Nothing read before this call is believed about the user any more. */
alees_rc rbac_refresh(struct rbac *r, alees_ctx *ctx, const alees_id *user);
void rbac_forget_user(struct rbac *r, const alees_id *id); /* after a change by this process is committed */
void rbac_forget_tree(struct rbac *r);
void rbac_forget_token(struct rbac *r, const uint8_t hash[static 32]);
int64_t rbac_monotonic_us(void);
int64_t rbac_now_us(void); /* since 1970 */

/* --- load.c: rows into the model --- */

struct rbac_loaded {
    struct policy_user_row user;
    int64_t token_expires_at; /* us since 1970; of a token or key only */
    struct {                  /* RBAC_LOAD_BY_KEY only */
        alees_id id;
        alees_str permissions, organizations; /* as PostgreSQL writes arrays; organizations absent: all */
        int64_t last_used_at;                 /* us since 1970 */
    } key;
    const struct policy_membership_row *memberships;
    uint32_t count;
};
/* statement: one of RBAC_LOAD_BY_*. E_NOT_FOUND without a row. */
alees_rc rbac_load_user(struct rbac *r, alees_ctx *ctx, enum rbac_statement statement, alees_str key,
                        struct rbac_loaded *ret_loaded);
alees_rc rbac_load_tree(struct rbac *r, alees_ctx *ctx, uint64_t generation, struct policy_tree **ret_tree);
alees_rc rbac_load_roles(struct rbac *r, alees_ctx *ctx, uint64_t generation, struct policy_roles **ret_roles);

/* --- fresh.c: for rules that are judged in the transaction of a write --- */

/* What will be asked about, as arrays in PostgreSQL's text ("{id,id}"); absent is none. */
struct rbac_about {
    alees_str organizations; /* these, and what is above them, are known to the user that comes back */
    alees_str roles;         /* to be found in its roles (policy_role), besides those that it holds */
    /* Nobody else changes anything about rights in these organizations until this transaction ends (they are locked in
     * the order of their ids, as the trigger that keeps the last owner does), nor what the user holds there. */
    bool lock;
};

/* A user as the ctx's transaction sees it now, with its memberships, their roles and the organizations; to be asked with
 * policy_*. Release it with policy_user_release. E_NOT_FOUND, and what a statement fails with. */
alees_rc rbac_fresh_user(struct rbac *r, alees_ctx *ctx, const alees_id *id, const struct rbac_about *about,
                         struct policy_user **ret_user);
/* The same for whoever makes the request, with the limit of their key or NULL. E_DENIED if nobody does, or if they are
 * no more. */
alees_rc rbac_fresh_caller(struct rbac *r, alees_ctx *ctx, const struct rbac_about *about,
                           struct policy_user **ret_user, const struct policy_limit **ret_limit);
/* Was changed in the ctx's transaction: after its commit, before the client is answered, this process remembers nothing
 * older. Others hear of it by notification. */
alees_rc rbac_user_changed(struct rbac *r, alees_ctx *ctx, const alees_id *id);
alees_rc rbac_roles_changed(struct rbac *r, alees_ctx *ctx); /* with their permissions and fields */
/* load.c, for rbac_fresh_user: the organizations and the roles that about names. */
alees_rc rbac_load_fresh(struct rbac *r, alees_ctx *ctx, alees_str user, const struct rbac_about *about,
                         struct policy_tree **ret_tree, struct policy_roles **ret_roles);

/* --- service.c: alees.rbac/1 --- */

/* What the provider of a principal points to: how this request asks. Lives as long as the ctx. */
struct rbac_caller {
    const struct rbac *r;
    const struct policy_limit *limit; /* of the API key that was sent; NULL: the user in person */
};

void rbac_service_init(struct rbac *r);
/* The user of a principal, held; NULL, with ALEES_OK, if there is none (any more). And the limit under which they ask. */
alees_rc rbac_hold_user(struct rbac *r, alees_ctx *ctx, const struct alees_principal *who,
                        struct policy_user **ret_user, const struct policy_limit **ret_limit);
/* relatives.c: of the service. */
alees_rc rbac_relatives(const struct alees_rbac_v1 *me, alees_ctx *ctx, const struct alees_principal *who,
                        uint32_t permission, const alees_id *organization, uint32_t which, uint32_t depth,
                        const struct alees_relatives **ret_relatives);
/* A principal of u in the ctx's memory, by a key (its id, and its limit, which is copied) or in person (both NULL). Takes
 * the caller's reference to u, whatever it gives back. */
alees_rc rbac_make_principal(struct rbac *r, alees_ctx *ctx, struct policy_user *u, const alees_id *key,
                             const struct policy_limit *limit, const struct alees_principal **ret_who);
/* The limit under which a principal asks; NULL: none. */
const struct policy_limit *rbac_limit(const struct alees_principal *who);

/* --- gift.c: may these roles be given? --- */

struct rbac_gift {                /* a membership in an organization, or what is added to one */
    alees_id organization, user;  /* user: zero if that is not known yet */
    const alees_id *roles, *held; /* to be given; there already */
    uint32_t role_count, held_count;
    bool is_member;            /* there is one already */
    bool inherit, had_inherit; /* afterwards; already */
};

struct rbac_giver { /* from fresh.c, told of the gift's organization and roles */
    const struct policy_user *user;
    const struct policy_limit *limit;
};

struct rbac_refusal { /* for rbac_fail */
    alees_rc rc;
    const char *code;
    char detail[512];
};

/* By the rules of delegate.h: ALEES_OK, or the rc of the refusal; invalid_reference for what is no role there. */
alees_rc rbac_judge_gift(struct rbac *r, alees_ctx *ctx, const struct rbac_giver *giver, const struct rbac_gift *gift,
                         struct rbac_refusal *refusal);

/* --- auth.c, ask.c, explain.c, key.c, invitation.c: routes --- */

alees_rc rbac_login(void *state, alees_ctx *ctx);
alees_rc rbac_logout(void *state, alees_ctx *ctx);
alees_rc rbac_change_password(void *state, alees_ctx *ctx);
alees_rc rbac_me(void *state, alees_ctx *ctx);
alees_rc rbac_can(void *state, alees_ctx *ctx);
alees_rc rbac_explain(void *state, alees_ctx *ctx);
alees_rc rbac_who_can(void *state, alees_ctx *ctx);
alees_rc rbac_permissions(void *state, alees_ctx *ctx);
alees_rc rbac_create_key(void *state, alees_ctx *ctx);
alees_rc rbac_invite(void *state, alees_ctx *ctx);
alees_rc rbac_accept(void *state, alees_ctx *ctx);
/* Spends one attempt of the account and the address that the request comes from: E_TOO_MANY. Before any secret is looked
 * at; throttle_give_back if it was right. */
alees_rc rbac_throttle(struct rbac *r, alees_ctx *ctx, alees_str account);
/* Before an API key or a token is written: hooks of their resources. */
alees_rc rbac_before_key(void *state, alees_ctx *ctx, alees_change *change);
alees_rc rbac_before_token(void *state, alees_ctx *ctx, alees_change *change);
/* Writes when a key was used, once an hour at most: each time is an entry of the audit trail. That it could not be written is no reason to refuse the request. */
void rbac_note_use(struct rbac *r, alees_ctx *ctx, struct rbac_token *t);

/* --- account.c, membership.c, role.c: hooks of the resources, see hooks.h --- */

alees_rc rbac_check_user(void *state, alees_ctx *ctx, alees_change *change); /* validate; all others: before_write */
alees_rc rbac_write_user(void *state, alees_ctx *ctx, alees_change *change);
alees_rc rbac_write_membership(void *state, alees_ctx *ctx, alees_change *change);
alees_rc rbac_write_role(void *state, alees_ctx *ctx, alees_change *change);
alees_rc rbac_write_field_permission(void *state, alees_ctx *ctx, alees_change *change);

/* --- admin.c, member.c: commands; demo.c --- */

alees_rc rbac_command_user(void *state, alees_ctx *ctx, int argc, char **argv);
alees_rc rbac_command_can(void *state, alees_ctx *ctx, int argc, char **argv);
alees_rc rbac_command_member(void *state, alees_ctx *ctx, int argc, char **argv);
alees_rc rbac_add_user(struct rbac *r, alees_ctx *ctx, alees_str username, alees_str email, alees_str password,
                       const char *is_superuser, const char *is_demo);
alees_rc rbac_demo(void *state, alees_ctx *ctx);
alees_rc rbac_demo_large(void *state, alees_ctx *ctx, const struct alees_demo *demo);
/* Refuses to serve well-known passwords to a network: E_CONFLICT after a line in the log. */
alees_rc rbac_check_demo(struct rbac *r, alees_ctx *ctx);

/* --- small ones, plugin.c --- */

/* Runs a statement with count texts. */
alees_rc rbac_run(struct rbac *r, alees_ctx *ctx, enum rbac_statement statement, const alees_str *params,
                  uint32_t count, alees_rows **ret_rows);
alees_rc rbac_fail(struct rbac *r, alees_ctx *ctx, alees_rc rc, const char *code, const char *detail);
alees_rc rbac_put_id(struct rbac *r, alees_json *target, const char *key, const alees_id *id);
alees_rc rbac_put_null(struct rbac *r, alees_json *target, const char *key);

/* --- text.c: in the request's memory --- */

alees_str rbac_id_text(struct rbac *r, alees_ctx *ctx, const alees_id *id);        /* "" without memory */
alees_str rbac_hex(struct rbac *r, alees_ctx *ctx, const uint8_t hash[static 32]); /* absent without memory */
bool rbac_unhex(alees_str text, uint8_t *bytes, size_t size);                      /* exactly so many; else false */
alees_str rbac_ids_text(struct rbac *r, alees_ctx *ctx, const alees_id *ids,
                        uint32_t count); /* absent without memory */
alees_rc rbac_read_ids(struct rbac *r, alees_ctx *ctx, alees_str text, const alees_id **ret_ids, uint32_t *ret_count);
alees_rc rbac_set_text(struct rbac *r, alees_ctx *ctx, const uint64_t *set, alees_str *ret_text); /* names, "{a,b}" */

#endif
