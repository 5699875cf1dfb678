/* SPDX-License-Identifier: MIT
 * audit.c - the built-in plugin `audit`: its declaration, notes of refused attempts, pruning. See audit.h. */
#include "audit.h"

#include <inttypes.h>
#include <string.h>

#include "alees/resource.h"
#include "alees/util.h"
#include "app.h"
#include "audit_limit.h"
#include "core_sql.h"
#include "log.h"
#include "plugin_private.h"
#include "resource.h"
#include "sys.h"

enum { PRUNE_AT_ONCE = 20000, LONGEST_ACTION = 63 };

static const struct alees_field entry_fields[] = {
    {.name = "action",
     .type = ALEES_TEXT,
     .flags = ALEES_READ_ONLY | ALEES_FILTER,
     .description = "What happened: create, update, delete, restore, move_in, move_out; denied, login_refused, "
                    "password_refused; prune.",
     .example = "\"update\""},
    {.name = "resource",
     .type = ALEES_TEXT,
     .flags = ALEES_READ_ONLY | ALEES_NULLABLE | ALEES_FILTER,
     .description = "What kind of row it was about, by its whole name.",
     .example = "\"product.product\""},
    {.name = "object_id",
     .type = ALEES_UUID,
     .flags = ALEES_READ_ONLY | ALEES_NULLABLE | ALEES_FILTER,
     .description = "The id of that row, which may be gone by now.",
     .example = "\"01930d2e-8f7a-7c3b-9a51-3f6f2b8d4e10\""},
    {.name = "changes",
     .type = ALEES_JSON,
     .flags = ALEES_READ_ONLY | ALEES_NULLABLE,
     .description =
         "Of each field that changed the values before and after, as the database holds them; secrets as ***.",
     .example = "{\"name\":{\"before\":\"Bolt\",\"after\":\"Bolt M8\"}}",
     .schema = "{\"type\":[\"object\",\"null\"],\"additionalProperties\":{\"type\":\"object\",\"required\":[\"before\","
               "\"after\"],\"additionalProperties\":false,\"properties\":{\"before\":{},\"after\":{}}}}"},
    {.name = "user",
     .column = "user_id",
     .type = ALEES_UUID,
     .flags = ALEES_READ_ONLY | ALEES_NULLABLE | ALEES_FILTER,
     .description = "Who did it; null: a command of the server, or nobody who is known.",
     .example = "\"01930d2e-8f7a-7c3b-9a51-3f6f2b8d4e12\""},
    {.name = "key",
     .column = "key_id",
     .type = ALEES_UUID,
     .flags = ALEES_READ_ONLY | ALEES_NULLABLE | ALEES_FILTER,
     .description = "The API key of that user that it was done with; null: in person.",
     .example = "null"},
    {.name = "request_id",
     .type = ALEES_TEXT,
     .flags = ALEES_READ_ONLY | ALEES_NULLABLE | ALEES_FILTER,
     .description = "The X-Request-Id of the request, or cli: and the command.",
     .example = "\"01930d2e-8f7a-7c3b-9a51-3f6f2b8d4e13\""},
    {.name = "detail",
     .type = ALEES_TEXT,
     .flags = ALEES_READ_ONLY | ALEES_NULLABLE,
     .description = "More, for people.",
     .example = "\"PATCH /api/v1/products/{id}: product.change_product\""},
};

static const struct alees_resource resources[] = {
    {.name = "audit_entry",
     .path = "/audit-entries",
     .table = "audit.entry",
     .scope = ALEES_SCOPE_ORGANIZATION,
     .flags = ALEES_RESOURCE_OPTIONAL | ALEES_RESOURCE_NO_CREATE | ALEES_RESOURCE_NO_CHANGE | ALEES_RESOURCE_NO_DELETE |
              ALEES_RESOURCE_READ_ONLY,
     .order = "-id",
     .description =
         "Who changed what, when and by which request; the latest first. Entries of no organization, such as "
         "logins, are seen by superusers.",
     .fields = ALEES_LIST(entry_fields)},
};

enum { NOTE, PRUNE, HISTORY, HISTORY_PARAMS = 10 };
static const struct alees_statement statements[] = {
    [NOTE] = {"note", "SELECT audit.note($1, $2::uuid, $3::uuid, $4, $5::uuid, $6, $7::uuid, $8)", 8,
              ALEES_STATEMENT_ALONE},
    [PRUNE] = {"prune", "SELECT audit.prune($1::integer, $2::integer, $3)", 3, 0},
    /* in the order of enum audit_column */
    [HISTORY] = {"history",
                 "SELECT id, created_at, action, user_id, key_id, request_id, organization_id, scope_ids, changes "
                 "FROM audit.history($1, $2::uuid, $3::uuid, $4::uuid[], $5::boolean, $6::boolean, $7::boolean, "
                 "$8::uuid, $9::boolean, $10::integer)",
                 HISTORY_PARAMS, 0},
};

static const struct alees_migration migrations[] = {
    {1, 0, "create the audit trail", sql_audit_0001_entry},
    {2, 0, "find what a user did", sql_audit_0002_user},
    {3, 0, "show the history of a row", sql_audit_0003_history},
    {4, 0, "a row goes to another organization", sql_audit_0004_moved},
};

enum { WRITTEN, SUPPRESSED, LOST };
static const struct alees_metric metrics[] = {
    [WRITTEN] = {"notes_total", "Refused attempts that were written to the audit trail."},
    [SUPPRESSED] = {"suppressed_notes_total", "Refused attempts that were only counted: too many of one user."},
    [LOST] = {"lost_notes_total", "Refused attempts that could not be written; the log has them."},
};

/* alees.audit/1 has no argument for its plugin. Written at boot by one thread, read by any afterwards. */
static struct audit {
    alees_self *self; /* NULL: not started */
    struct audit_limit *limit;
} audit;

/* --- notes ------------------------------------------------------------------------------------------------------ */

struct note { /* in the memory of its ctx; texts are absent where there is nothing to say */
    const char *action;
    alees_str user, key, organization, resource, object, detail;
};

static alees_str id_text(struct arena *arena, const alees_id *id) {
    static const alees_id none;
    struct str s;
    if (!id || alees_id_compare(id, &none) == 0) {
        return (alees_str){NULL, 0};
    }
    str_init(&s, arena, 37);
    str_id(&s, id);
    return str_done(&s);
}

/* The client has its answer, the transaction of the request is over: nobody waits for this. */
static void write_note(void *state, alees_ctx *ctx, void *data) {
    const struct note *n = data;
    const struct alees_self *self = audit.self;
    struct store_scope scope = {.plugin = audit.self, .organizations = STR_LIT("{}")};
    const alees_str params[] = {alees_text(n->action), n->user,     n->key,    alees_text(ctx->request_id),
                                n->organization,       n->resource, n->object, n->detail};
    (void)state;
    if (self && self->prepared[NOTE]) {
        const struct store_call call = {self->prepared[NOTE], params};
        problem_init(&ctx->problem, ctx->arena);
        if (store_run_alone(ctx, &scope, &call, 1, NULL, NULL) == ALEES_OK) {
            metrics_add(self->metric_series[WRITTEN], 1);
            return;
        }
        metrics_add(self->metric_series[LOST], 1);
    }
    log_event(ALEES_LOG_WARN, "audit", ctx->request_id, NULL, "could not be written: %s of user %.*s: %.*s", n->action,
              n->user.ptr ? (int)n->user.len : 4, n->user.ptr ? n->user.ptr : "none", STR_FMT(n->detail));
}

/* Asked before anything is made: most of what comes too fast costs no more than this. */
static bool may_write(const char *action, const alees_id *user, uint64_t *ret_suppressed) {
    if (audit_limit_take(audit.limit, user, action, sys_monotonic_us(), ret_suppressed)) {
        return true;
    }
    metrics_add(audit.self->metric_series[SUPPRESSED], 1);
    return false;
}

static void put_note(alees_ctx *ctx, struct note *n, alees_str detail, uint64_t suppressed) {
    struct str text;
    struct note *kept = ARENA_NEW(ctx->arena, struct note);
    str_init(&text, ctx->arena, detail.len + 64);
    str_view(&text, detail);
    if (suppressed > 0) {
        str_printf(&text, " (%" PRIu64 " more before it were not written)", suppressed);
    }
    n->detail = str_done(&text);
    if (kept && n->detail.ptr) {
        *kept = *n;
        if (ctx_at_end(ctx, audit.self, write_note, kept) == ALEES_OK) {
            return;
        }
    }
    metrics_add(audit.self->metric_series[LOST], 1);
    log_event(ALEES_LOG_WARN, "audit", ctx->request_id, NULL, "no memory to write %s", n->action);
}

static void take_principal(const alees_ctx *ctx, struct note *n) {
    if (ctx->who) {
        n->user = id_text(ctx->arena, &ctx->who->id);
        n->key = ctx->who->flags & ALEES_API_KEY ? id_text(ctx->arena, &ctx->who->key) : n->key;
    }
}

void audit_denied(alees_ctx *ctx) {
    uint64_t suppressed;
    struct str detail;
    const struct route *r = ctx->route;
    if (!audit.self || !ctx->who || !r || !may_write("denied", &ctx->who->id, &suppressed)) {
        return;
    }
    struct note n = {.action = "denied"};
    alees_id object;
    alees_str id = ctx_path(ctx, "id");
    take_principal(ctx, &n);
    n.organization = id_text(ctx->arena, &ctx->problem.organization_id);
    if (r->resource) {
        n.resource = alees_text(r->resource->full_name);
        n.object = id.ptr && alees_id_parse(id, &object) == ALEES_OK ? id_text(ctx->arena, &object) : n.object;
    }
    str_init(&detail, ctx->arena, 256);
    str_view(&detail, ctx->request.method_text);
    str_printf(&detail, " %s", r->path);
    if (ctx->problem.permission.ptr) {
        str_puts(&detail, ": ");
        str_view(&detail, ctx->problem.permission);
    }
    put_note(ctx, &n, str_done(&detail), suppressed);
}

/* --- alees.audit/1 ---------------------------------------------------------------------------------------------- */

static void note(alees_self *self, alees_ctx *ctx, const char *action, const alees_id *user,
                 const alees_id *organization, alees_str detail) {
    uint64_t suppressed;
    if (!self || self->magic != PLUGIN_MAGIC || !ctx || ctx->magic != CTX_MAGIC || !audit.self) {
        return;
    }
    if (!plugin_is_name(action, LONGEST_ACTION) || (detail.ptr && !str_is_utf8(detail))) {
        log_event(ALEES_LOG_ERROR, self->decl.name, ctx->request_id, NULL,
                  "audit->note: the action is no name, or the detail no text");
        return;
    }
    if (!may_write(action, user, &suppressed)) {
        return;
    }
    struct note n = {.action = arena_dup(ctx->arena, action, strlen(action))};
    take_principal(ctx, &n);
    if (user) {
        n.user = id_text(ctx->arena, user);
    }
    n.organization = id_text(ctx->arena, organization);
    if (n.action) {
        put_note(ctx, &n, detail, suppressed);
    }
}

static const struct alees_audit_v1 service = {.struct_size = sizeof service, .note = note};

static const char *const offers[] = {ALEES_AUDIT_V1};

static const void *offer(void *state, const char *id) {
    (void)state;
    return strcmp(id, ALEES_AUDIT_V1) == 0 ? &service : NULL;
}

/* --- history ---------------------------------------------------------------------------------------------------- */

alees_rc audit_history(alees_ctx *ctx, const struct audit_question *q, alees_rows **ret_rows) {
    static const alees_str yes = {"true", 4}, no = {"false", 5};
    struct store_scope scope = {.plugin = audit.self, .all = q->is_all, .organizations = q->organizations};
    char most[12];
    if (!audit.self || !audit.self->prepared[HISTORY]) {
        return problem_set(&ctx->problem, PROBLEM_UNAVAILABLE, "There is no audit trail.");
    }
    snprintf(most, sizeof most, "%u", (unsigned)q->most);
    const alees_str params[HISTORY_PARAMS] = {alees_text(q->resource),
                                              q->object,
                                              q->owner,
                                              q->places,
                                              q->is_shared ? yes : no,
                                              q->is_owned ? yes : no,
                                              q->is_gone ? yes : no,
                                              q->start,
                                              q->is_backward ? yes : no,
                                              alees_text(most)};
    const struct store_call call = {audit.self->prepared[HISTORY], params};
    return store_run(ctx, &scope, &call, 1, ret_rows, NULL);
}

/* --- alees audit prune ------------------------------------------------------------------------------------------ */

static alees_rc prune(alees_ctx *ctx, int64_t days) {
    struct store_scope scope = {.plugin = audit.self, .all = true, .organizations = STR_LIT("{}")};
    char text[24], most[24];
    int64_t gone = 0, total = 0;
    snprintf(text, sizeof text, "%" PRId64, days);
    snprintf(most, sizeof most, "%d", PRUNE_AT_ONCE);
    const alees_str params[] = {alees_text(text), alees_text(most), alees_text(ctx->request_id)};
    const struct store_call call = {audit.self->prepared[PRUNE], params};
    do { /* each statement within database.statement_timeout_ms */
        alees_rows *rows = NULL;
        alees_rc rc = store_run(ctx, &scope, &call, 1, &rows, NULL);
        if (rc != ALEES_OK) {
            return rc;
        }
        if (!str_parse_i64(store_rows_text(rows, 0, 0), &gone)) {
            return ALEES_E_INTERNAL;
        }
        total += gone;
    } while (gone == PRUNE_AT_ONCE);
    printf("%" PRId64 " entries older than %" PRId64 " days are deleted\n", total, days);
    return ALEES_OK;
}

static alees_rc command(void *state, alees_ctx *ctx, int argc, char **argv) {
    int64_t days = config_integer(ctx->app->config, SETTING_AUDIT_RETENTION);
    bool is_given = argc == 4 && strcmp(argv[2], "--days") == 0;
    (void)state;
    if (argc < 2 || strcmp(argv[1], "prune") != 0 || (argc > 2 && !is_given)) {
        return ALEES_E_MALFORMED;
    }
    if (is_given && (!str_parse_i64(alees_text(argv[3]), &days) || days < 1 || days > 36500)) {
        return problem_set(&ctx->problem, PROBLEM_INVALID, "%s", "--days must be from 1 to 36500.");
    }
    if (days == 0) {
        printf("audit.retention_days is 0: everything is kept\n");
        return ALEES_OK;
    }
    return prune(ctx, days);
}

static const struct alees_command commands[] = {
    {"audit", "audit prune [--days N]",
     "Delete entries of the audit trail that are older than audit.retention_days, or than N days.", command},
};

/* --- life ------------------------------------------------------------------------------------------------------- */

static alees_rc start(alees_self *self, const struct alees_host *host, alees_ctx *ctx, void **state) {
    (void)host;
    audit.limit = audit_limit_new((uint32_t)config_integer(ctx->app->config, SETTING_AUDIT_DENIALS));
    if (!audit.limit) {
        return ALEES_E_NOMEM;
    }
    audit.self = self;
    *state = &audit;
    return ALEES_OK;
}

static void stop(void *state) {
    (void)state;
    audit_limit_free(audit.limit);
    memset(&audit, 0, sizeof audit);
}

const struct alees_plugin audit_plugin = {
    .magic = ALEES_MAGIC,
    .struct_size = sizeof(struct alees_plugin),
    .abi_minor = ALEES_ABI_MINOR,
    .name = "audit",
    .version = ALEES_VERSION,
    .summary = "Who changed what, and who was refused",
    .offers = ALEES_LIST(offers),
    .resources = ALEES_LIST(resources),
    .statements = ALEES_LIST(statements),
    .migrations = ALEES_LIST(migrations),
    .commands = ALEES_LIST(commands),
    .metrics = ALEES_LIST(metrics),
    .start = start,
    .offer = offer,
    .stop = stop,
};
