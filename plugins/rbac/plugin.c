/* SPDX-License-Identifier: MIT
 * plugin.c - the contents page of this plugin: everything it declares, then its start. */
#include <stdio.h>
#include <stdlib.h>

#include "rbac.h"
#include "rbac_sql.h"

/* --- settings, permissions, metrics --- */

static const struct alees_setting settings[] = {
    {"token_hours", ALEES_INTEGER, 0, 1, 8760, NULL, "12", "How long a login lasts, whatever happens in between."},
    {"cache_mib", ALEES_INTEGER, 0, 1, 65536, NULL, "64", "Memory for users and tokens that were seen lately, in MiB."},
    {"login_attempts", ALEES_INTEGER, 0, 0, 10000, NULL, "10",
     "Wrong passwords for one account from one address before it must wait, 30 seconds for each; ten times as many "
     "from one address in all. 0 switches this off."},
};

static const struct alees_permission permissions[] = {
    {"rbac.explain_decision", "Ask what other users may do in the organization, and why."},
};

static const struct alees_metric metrics[RBAC_METRICS] = {
    [RBAC_LOGINS] = {"logins_total", "Logins that succeeded."},
    [RBAC_REFUSED_LOGINS] = {"refused_logins_total", "Logins with a wrong user name or password."},
    [RBAC_THROTTLED_LOGINS] = {"throttled_logins_total", "Attempts that came too fast to be looked at."},
    [RBAC_USER_LOADS] = {"user_loads_total", "Users read from the database with their memberships."},
    [RBAC_TREE_LOADS] = {"tree_loads_total", "Times that the organizations were read."},
    [RBAC_ROLE_LOADS] = {"role_loads_total", "Times that the roles were read."},
    [RBAC_REVALIDATIONS] = {"revalidations_total", "Users read because the listener was silent."},
    [RBAC_FLUSHES] = {"flushes_total", "Times that everything in memory was forgotten."},
};

/* --- statements --- */

/* The columns are those of load.c: a row for each role of each membership, at least one. */
#define USER_COLUMNS(expires) \
    "SELECT u.id, u.username, u.is_active, u.is_superuser, " expires ", m.id, m.organization_id, m.is_active, " \
    "m.inherit, (date_part('epoch', m.valid_from) * 1000000)::bigint, " \
    "(date_part('epoch', m.valid_until) * 1000000)::bigint, h.role_id "
#define USER_MEMBERSHIPS \
    "LEFT JOIN rbac.membership m ON m.user_id = u.id LEFT JOIN rbac.membership_role h ON h.membership_id = m.id "
#define ISO "'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"'"
#define ALONE ALEES_STATEMENT_ALONE

const struct alees_statement rbac_statements[RBAC_STATEMENTS] = {
    [RBAC_LOAD_BY_TOKEN] =
        {"load_by_token",
         USER_COLUMNS("(date_part('epoch', t.expires_at) * 1000000)::bigint") "FROM rbac.token t JOIN rbac.app_user u "
                                                                              "ON u.id = t.user_id " USER_MEMBERSHIPS
                                                                              "WHERE t.hash = decode($1, 'hex') AND "
                                                                              "t.expires_at > now() ORDER BY m.id",
         1, ALONE},
    [RBAC_LOAD_BY_ID] = {"load_by_id",
                         USER_COLUMNS("NULL::bigint") "FROM rbac.app_user u " USER_MEMBERSHIPS
                                                      "WHERE u.id = $1::uuid ORDER BY m.id",
                         1, ALONE},
    [RBAC_LOAD_BY_NAME] = {"load_by_name",
                           USER_COLUMNS("NULL::bigint") "FROM rbac.app_user u " USER_MEMBERSHIPS
                                                        "WHERE u.username = $1 ORDER BY m.id",
                           1, ALONE},
    [RBAC_LOAD_ROLES] = {"load_roles",
                         "SELECT r.id, r.organization_id, r.name, p.permission FROM rbac.role r "
                         "LEFT JOIN rbac.role_permission p ON p.role_id = r.id ORDER BY r.id",
                         0, ALONE},
    [RBAC_LOAD_ORGANIZATIONS] = {"load_organizations", "SELECT id, parent_id, is_active, name FROM rbac.organization",
                                 0, ALONE},
    [RBAC_LOGIN_USER] = {"login_user",
                         "SELECT id, password_hash, is_active, is_superuser FROM rbac.app_user WHERE username = $1", 1,
                         ALONE},
    [RBAC_LOGIN] = {"login", /* user, token, hours, the hash that was verified */
                    "WITH u AS (UPDATE rbac.app_user SET last_login = now() "
                    "WHERE id = $1::uuid AND is_active AND password_hash = $4 RETURNING id), "
                    "d AS (DELETE FROM rbac.token WHERE user_id = $1::uuid AND expires_at <= now()) "
                    "INSERT INTO rbac.token AS t (hash, user_id, expires_at) "
                    "SELECT decode($2, 'hex'), u.id, now() + make_interval(hours => $3::integer) FROM u "
                    "RETURNING to_char(t.expires_at AT TIME ZONE 'UTC', " ISO ")",
                    4, ALONE},
    [RBAC_LOGOUT] = {"logout", "DELETE FROM rbac.token WHERE hash = decode($1, 'hex')", 1, ALONE},
    [RBAC_ACCOUNT] = {"account",
                      "SELECT password_hash, email, to_char(last_login AT TIME ZONE 'UTC', " ISO ") "
                      "FROM rbac.app_user WHERE id = $1::uuid AND is_active",
                      1, ALONE},
    [RBAC_PASSWORD] = {"password", /* user, new hash, old hash: the tokens that ended */
                       "WITH u AS (UPDATE rbac.app_user SET password_hash = $2, updated_at = now() "
                       "WHERE id = $1::uuid AND password_hash = $3 RETURNING id), "
                       "d AS (DELETE FROM rbac.token t USING u WHERE t.user_id = u.id RETURNING t.hash) "
                       "SELECT encode(d.hash, 'hex') FROM u LEFT JOIN d ON true",
                       3, ALONE},
    [RBAC_USER_ADD] = {"user_add", /* id, name, email, hash, superuser, demo */
                       "INSERT INTO rbac.app_user (id, username, email, password_hash, is_superuser, is_demo) "
                       "VALUES ($1::uuid, $2, $3, $4, $5::boolean, $6::boolean) ON CONFLICT (username) DO NOTHING",
                       6, 0},
    [RBAC_USER_PASSWORD] = {"user_password",
                            "WITH u AS (UPDATE rbac.app_user SET password_hash = $2, updated_at = now() "
                            "WHERE username = $1 RETURNING id), "
                            "d AS (DELETE FROM rbac.token t USING u WHERE t.user_id = u.id) "
                            "SELECT id FROM u",
                            2, 0},
    [RBAC_USER_DEACTIVATE] = {"user_deactivate",
                              "WITH u AS (UPDATE rbac.app_user SET is_active = false, updated_at = now() "
                              "WHERE username = $1 RETURNING id), "
                              "d AS (DELETE FROM rbac.token t USING u WHERE t.user_id = u.id) "
                              "SELECT id FROM u",
                              1, 0},
    [RBAC_USER_LIST] = {"user_list",
                        "SELECT username, email, is_active, is_superuser, is_demo, "
                        "to_char(last_login AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI') "
                        "FROM rbac.app_user ORDER BY username",
                        0, 0},
    [RBAC_GRANT] = {"grant_role", /* user name, organization, role name, inherit, id of a new membership */
                    "WITH u AS (SELECT id FROM rbac.app_user WHERE username = $1), "
                    "r AS (SELECT id FROM rbac.role WHERE name = $3 "
                    "AND (organization_id IS NULL OR organization_id = $2::uuid) "
                    "ORDER BY organization_id NULLS FIRST LIMIT 1), "
                    "m AS (INSERT INTO rbac.membership AS o (id, user_id, organization_id, inherit) "
                    "SELECT $5::uuid, u.id, $2::uuid, $4::boolean FROM u, r "
                    "ON CONFLICT (user_id, organization_id) DO UPDATE SET is_active = true, "
                    "inherit = o.inherit OR excluded.inherit, updated_at = now() RETURNING o.id), "
                    "h AS (INSERT INTO rbac.membership_role (membership_id, role_id) "
                    "SELECT m.id, r.id FROM m, r ON CONFLICT DO NOTHING) "
                    "SELECT (SELECT count(*) FROM u), (SELECT count(*) FROM r)",
                    5, 0},
    [RBAC_MEMBER_REMOVE] = {"member_remove",
                            "DELETE FROM rbac.membership m USING rbac.app_user u WHERE m.user_id = u.id "
                            "AND u.username = $1 AND m.organization_id IS NOT DISTINCT FROM $2::uuid",
                            2, 0},
    [RBAC_FIND_ORGANIZATION] = {"find_organization", /* by id or whole name */
                                "SELECT id FROM rbac.organization WHERE id::text = lower($1) OR name = $1 "
                                "ORDER BY id::text <> lower($1) LIMIT 2",
                                1, 0},
    [RBAC_DEMO_STATE] = {"demo_state",
                         "SELECT count(*) FILTER (WHERE is_demo), count(*) FILTER (WHERE NOT is_demo) "
                         "FROM rbac.app_user",
                         0, 0},
};

static const struct alees_migration migrations[] = {
    {1, 0, "users, tokens, roles, memberships, organizations", sql_0001_tables},
};

/* --- routes --- */

static const struct alees_field login_body[] = {
    {.name = "username",
     .type = ALEES_TEXT,
     .flags = ALEES_REQUIRED,
     .min = 1,
     .max = RBAC_MOST_NAME,
     .description = "The user's name.",
     .example = "\"acme-manager\""},
    {.name = "password",
     .type = ALEES_TEXT,
     .flags = ALEES_REQUIRED | ALEES_WRITE_ONLY,
     .min = 1,
     .max = RBAC_MOST_PASSWORD,
     .description = "The user's password.",
     .example = "\"demo-password\""},
};
static const struct alees_field login_response[] = {
    {.name = "token",
     .type = ALEES_TEXT,
     .description = "To be sent as Authorization: Bearer TOKEN.",
     .example = "\"alees_6nqWc0V3l2R1mJx9d8uYtB7sKpEoAfGhZiLzQwXyCvM\""},
    {.name = "token_type", .type = ALEES_TEXT, .description = "Always Bearer.", .example = "\"Bearer\""},
    {.name = "expires_at",
     .type = ALEES_TIMESTAMP,
     .description = "When the token ends, whatever happens in between.",
     .example = "\"2026-11-22T20:15:00.000000Z\""},
    {.name = "user",
     .type = ALEES_JSON,
     .description = "Who has logged in: id, username, is_superuser.",
     .example = "{\"id\":\"019a0c1e-7c1b-7d52-9c2e-3f1f6a1d2b3c\",\"username\":\"acme-manager\","
                "\"is_superuser\":false}"},
};
static const struct alees_field password_body[] = {
    {.name = "current_password",
     .type = ALEES_TEXT,
     .flags = ALEES_REQUIRED | ALEES_WRITE_ONLY,
     .min = 1,
     .max = RBAC_MOST_PASSWORD,
     .description = "The password until now.",
     .example = "\"demo-password\""},
    {.name = "new_password",
     .type = ALEES_TEXT,
     .flags = ALEES_REQUIRED | ALEES_WRITE_ONLY,
     .min = 1,
     .max = RBAC_MOST_PASSWORD,
     .description = "The password from now on, 8 to 1024 bytes.",
     .example = "\"correct horse battery staple\""},
};
static const struct alees_field me_response[] = {
    {.name = "user",
     .type = ALEES_JSON,
     .description = "id, username, email, is_superuser, last_login.",
     .example = "{\"id\":\"019a0c1e-7c1b-7d52-9c2e-3f1f6a1d2b3c\",\"username\":\"acme-manager\",\"email\":null,"
                "\"is_superuser\":false,\"last_login\":\"2026-11-22T08:15:00.000000Z\"}"},
    {.name = "memberships",
     .type = ALEES_JSON,
     .description = "A list: id, organization (id and name; null for global resources), names of the roles, inherit, "
                    "is_active (now, with its time), and the names of the permissions held in that organization.",
     .example = "[{\"id\":\"019a0c1e-8d2c-7e63-8d3f-4a2a7b2e3c4d\",\"organization\":{\"id\":"
                "\"019a0c1e-9e3d-7f74-9e4a-5b3b8c3f4d5e\",\"name\":\"Acme\"},\"roles\":[\"manager\"],\"inherit\":true,"
                "\"is_active\":true,\"permissions\":[\"product.view_product\",\"product.add_product\"]}]"},
};
static const struct alees_field can_parameters[] = {
    {.name = "permission",
     .type = ALEES_TEXT,
     .flags = ALEES_REQUIRED | ALEES_IN_QUERY,
     .min = 1,
     .max = 200,
     .description = "A permission by its whole name.",
     .example = "\"product.add_product\""},
    {.name = "organization",
     .type = ALEES_UUID,
     .flags = ALEES_IN_QUERY,
     .description = "Where; without it, of resources that belong to no organization.",
     .example = "\"019a0c1e-9e3d-7f74-9e4a-5b3b8c3f4d5e\""},
    {.name = "user",
     .type = ALEES_TEXT,
     .flags = ALEES_IN_QUERY,
     .min = 1,
     .max = RBAC_MOST_NAME,
     .description = "Somebody else, by name or id: needs rbac.explain_decision there.",
     .example = "\"acme-viewer\""},
};
static const struct alees_field can_response[] = {
    {.name = "allowed", .type = ALEES_BOOLEAN, .description = "Whether it is.", .example = "false"},
    {.name = "reason",
     .type = ALEES_CHOICE,
     .choices = "granted|superuser|inactive_user|unknown_permission|unknown_organization|inactive_organization|"
                "no_membership|inactive_membership|expired_membership|role_lacks_permission|unknown_user",
     .description = "Why.",
     .example = "\"role_lacks_permission\""},
};
static const struct alees_field permissions_response[] = {
    {.name = "results",
     .type = ALEES_JSON,
     .description = "A list: name, description, plugin.",
     .example = "[{\"name\":\"product.view_product\",\"description\":\"See products.\",\"plugin\":\"product\"}]"},
};

static const struct alees_route routes[] = {
    {.method = ALEES_POST,
     .flags = ALEES_ROUTE_PUBLIC,
     .path = "/auth/login",
     .summary = "Log in",
     .description = "Gives a token. An unknown user, a wrong password and an account that is switched off are answered "
                    "alike. After many attempts: 429 with Retry-After.",
     .body = ALEES_LIST(login_body),
     .response = ALEES_LIST(login_response),
     .request_example = "{\"username\":\"acme-manager\",\"password\":\"demo-password\"}",
     .handle = rbac_login},
    {.method = ALEES_POST,
     .flags = ALEES_ROUTE_LOGIN,
     .path = "/auth/logout",
     .summary = "Log out",
     .description = "Ends the token that the request came with.",
     .handle = rbac_logout},
    {.method = ALEES_GET,
     .flags = ALEES_ROUTE_LOGIN | ALEES_ROUTE_READ,
     .path = "/auth/me",
     .summary = "Who am I?",
     .description = "The user, the memberships and what they permit.",
     .response = ALEES_LIST(me_response),
     .handle = rbac_me},
    {.method = ALEES_POST,
     .flags = ALEES_ROUTE_LOGIN,
     .path = "/auth/password",
     .summary = "Change my password",
     .description = "Ends every token of the user, the one of this request included.",
     .body = ALEES_LIST(password_body),
     .request_example = "{\"current_password\":\"demo-password\",\"new_password\":\"correct horse battery staple\"}",
     .handle = rbac_change_password},
    {.method = ALEES_GET,
     .flags = ALEES_ROUTE_LOGIN | ALEES_ROUTE_READ,
     .path = "/rbac/can",
     .summary = "May I?",
     .description = "The decision itself, with its reason. Of an organization that the caller is no member of, the "
                    "reason is always no_membership.",
     .parameters = ALEES_LIST(can_parameters),
     .response = ALEES_LIST(can_response),
     .response_example = "{\"allowed\":false,\"reason\":\"role_lacks_permission\"}",
     .handle = rbac_can},
    {.method = ALEES_GET,
     .flags = ALEES_ROUTE_LOGIN | ALEES_ROUTE_READ,
     .path = "/permissions",
     .summary = "List permissions",
     .description = "Every permission of every plugin that is enabled.",
     .response = ALEES_LIST(permissions_response),
     .handle = rbac_permissions},
};

static const struct alees_command commands[] = {
    {"user",
     "user add NAME [--superuser] [--email E] [--password-file F] | passwd NAME [--password-file F] | "
     "deactivate NAME | list",
     "Manage user accounts. A password is read from a file, from a pipe, or asked for on a terminal.",
     rbac_command_user},
    {"can", "can USER PERMISSION ORGANIZATION [--explain]",
     "Say whether a user may do something in an organization (id or name); exit status 0: yes, 1: no.",
     rbac_command_can},
    {"member", "member add USER ORGANIZATION|--global ROLE [--inherit] | remove USER ORGANIZATION|--global",
     "Give a user a role in an organization (id or name), or take the membership away.", rbac_command_member},
};

/* --- small ones --- */

alees_rc rbac_run(struct rbac *r, alees_ctx *ctx, enum rbac_statement statement, const alees_str *params,
                  uint32_t count, alees_rows **ret_rows) {
    return r->db->run(r->self, ctx, &rbac_statements[statement], params, count, ret_rows);
}

alees_rc rbac_fail(struct rbac *r, alees_ctx *ctx, alees_rc rc, const char *code, const char *detail) {
    return r->host->fail(ctx, rc, code, alees_text(detail));
}

alees_str rbac_id_text(struct rbac *r, alees_ctx *ctx, const alees_id *id) {
    char *text = r->host->alloc(ctx, 37);
    return alees_text(text ? alees_id_format(id, text) : "");
}

/* --- life --- */

static void stop(void *state) {
    struct rbac *r = state;
    rbac_cache_stop(r);
    throttle_free(r->throttle);
    policy_catalogue_free(r->catalogue);
    free(r);
}

static alees_rc start(alees_self *self, const struct alees_host *host, alees_ctx *ctx, void **state) {
    struct rbac *r = calloc(1, sizeof *r);
    if (!r) {
        return ALEES_E_NOMEM;
    }
    r->host = host;
    r->self = self;
    r->db = host->service(self, ALEES_DB_V1);
    r->http = host->service(self, ALEES_HTTP_V1);
    r->json = host->service(self, ALEES_JSON_V1);
    r->cred = host->service(self, ALEES_CRED_V1);
    r->token_hours = host->setting(self, "token_hours").ptr;
    r->throttle =
        throttle_new(r->cred, (uint32_t)strtoul(host->setting(self, "login_attempts").ptr, NULL, 10), host->new_id());
    rbac_service_init(r);
    alees_rc rc = rbac_cache_start(r, ctx);
    if (rc == ALEES_OK && !r->throttle) {
        rc = ALEES_E_NOMEM;
    }
    if (rc == ALEES_OK) {
        rc = rbac_check_demo(r, ctx);
    }
    if (rc != ALEES_OK) {
        stop(r);
        return rc;
    }
    *state = r;
    return ALEES_OK;
}

static const void *offer(void *state, const char *id) {
    struct rbac *r = state;
    return strcmp(id, ALEES_RBAC_V1) == 0 ? &r->service : NULL;
}

static const struct alees_need needs[] = {
    {ALEES_DB_V1, ALEES_UPTO(struct alees_db_v1, listener_age), 0},
    {ALEES_HTTP_V1, ALEES_UPTO(struct alees_http_v1, reply_json), 0},
    {ALEES_JSON_V1, ALEES_UPTO(struct alees_json_v1, put_boolean), 0},
    {ALEES_CRED_V1, ALEES_UPTO(struct alees_cred_v1, is_equal), 0},
};
static const char *const offers[] = {ALEES_RBAC_V1};

const struct alees_plugin alees_plugin_v1 = {
    .magic = ALEES_MAGIC,
    .struct_size = sizeof alees_plugin_v1,
    .abi_minor = ALEES_ABI_MINOR,
    .min_minor = 0,
    .name = "rbac",
    .version = "1.0.0",
    .summary = "Users, roles and memberships; who may do what where.",
    .needs = ALEES_LIST(needs),
    .offers = ALEES_LIST(offers),
    .settings = ALEES_LIST(settings),
    .permissions = ALEES_LIST(permissions),
    .routes = ALEES_LIST(routes),
    .statements = ALEES_LIST(rbac_statements),
    .migrations = ALEES_LIST(migrations),
    .commands = ALEES_LIST(commands),
    .metrics = ALEES_LIST(metrics),
    .start = start,
    .offer = offer,
    .stop = stop,
    .demo = rbac_demo,
};
