/* SPDX-License-Identifier: MIT
 * plugin.c - the contents page of this plugin: what it declares (its SQL is in statements.c, its routes in routes.c),
 * then its start. */
#include <stdio.h>
#include <stdlib.h>

#include "errors.h"
#include "rbac.h"
#include "rbac_sql.h"

/* --- settings, permissions, metrics --- */

static const struct alees_setting settings[] = {
    {"token_hours", ALEES_INTEGER, 0, 1, 8760, NULL, "12", "How long a login lasts, whatever happens in between."},
    {"cache_mib", ALEES_INTEGER, 0, 1, 65536, NULL, "64", "Memory for users and tokens that were seen lately, in MiB."},
    {"login_attempts", ALEES_INTEGER, 0, 0, 10000, NULL, "10",
     "Wrong passwords for one account from one address before it must wait, 30 seconds for each; ten times as many "
     "from one address in all. 0 switches this off."},
    {"api_keys_per_user", ALEES_INTEGER, 0, 0, 10000, NULL, "50", "API keys that one user may have at a time."},
};

static const struct alees_permission permissions[] = {
    {"rbac.bind_role", "Give roles in the organization that permit more than one may oneself."},
    {"rbac.escalate_role", "Let roles of the organization permit more than one may oneself."},
    {"rbac.explain_decision", "Ask what other users may do in the organization, and why."},
    {"rbac.add_invitation", "Invite people into the organization."},
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

static const struct alees_migration migrations[] = {
    {1, 0, "users, tokens, roles, memberships, organizations", sql_0001_tables},
    {2, 0, "columns of resources, field permissions, the last owner", sql_0002_resources},
    {3, 0, "API keys, tokens as a resource, invitations", sql_0003_keys},
    {4, 0, "time zones", sql_0004_timezones},
    {5, 0, "organizations have their time", sql_0005_dates},
    {6, 0, "who changes definitions of custom fields", sql_0006_custom},
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

alees_rc rbac_put_id(struct rbac *r, alees_json *target, const char *key, const alees_id *id) {
    char text[37];
    return r->json->put_text(target, key, alees_text(alees_id_format(id, text)));
}

alees_rc rbac_put_null(struct rbac *r, alees_json *target, const char *key) {
    return r->json->put_text(target, key, alees_text(NULL));
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
    r->audit = host->service(self, ALEES_AUDIT_V1);
    r->resource = host->service(self, ALEES_RESOURCE_V1);
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
    {ALEES_AUDIT_V1, ALEES_UPTO(struct alees_audit_v1, note), ALEES_NEED_OPTIONAL},
    {ALEES_RESOURCE_V1, ALEES_UPTO(struct alees_resource_v1, before), 0},
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
    .resources = ALEES_LIST(rbac_resources),
    .routes = ALEES_LIST(rbac_routes),
    .statements = ALEES_LIST(rbac_statements),
    .migrations = ALEES_LIST(migrations),
    .commands = ALEES_LIST(commands),
    .metrics = ALEES_LIST(metrics),
    .start = start,
    .offer = offer,
    .stop = stop,
    .demo = rbac_demo,
    .demo_large = rbac_demo_large,
    .errors = ALEES_LIST(errors),
};
