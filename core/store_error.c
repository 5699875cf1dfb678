/* SPDX-License-Identifier: MIT
 * store_error.c - what PostgreSQL refused, in our words. Its own never reach a client: they name constraints, tables
 * and other people's values. */
#include <string.h>
#include <strings.h>

#include "log.h"
#include "store_impl.h"

#define TIMEOUT_DETAIL "The database took too long; narrow the request with filters, or ask for less at once."

/* The first row whose code is the beginning of the SQLSTATE holds. */
static const struct {
    const char *code;
    enum problem_kind kind;
    uint32_t log_level;
    const char *detail;
} rows[] = {
    {"23505", PROBLEM_NOT_UNIQUE, ALEES_LOG_DEBUG, "Another row has this value already; choose a different one."},
    {"23P01", PROBLEM_CONFLICT, ALEES_LOG_DEBUG, "Another row stands in the way."},
    {"23001", PROBLEM_PROTECTED, ALEES_LOG_DEBUG, "Other rows refer to this one; change or delete them first."},
    {"23503", PROBLEM_INVALID, ALEES_LOG_DEBUG, "A reference names a row that does not exist."},
    {"23502", PROBLEM_INVALID, ALEES_LOG_DEBUG, "A value that is required is missing."},
    {"23514", PROBLEM_INVALID, ALEES_LOG_DEBUG, "A value breaks a rule of its table."},
    {"44000", PROBLEM_INVALID, ALEES_LOG_DEBUG, "A value breaks a rule of its table."},
    {"22", PROBLEM_INVALID, ALEES_LOG_DEBUG, "A value is malformed or out of range."},
    {"54000", PROBLEM_INVALID, ALEES_LOG_DEBUG, "A value is too long."},
    {"AL001", PROBLEM_LAST_OWNER, ALEES_LOG_DEBUG,
     "An organization would be left without an owner; make another active user its owner, without a time limit, "
     "first."},
    {"AL002", PROBLEM_ORGANIZATION_CYCLE, ALEES_LOG_DEBUG, /* plugins/organization */
     "The new parent is the organization itself or is below it; choose another one."},
    {"AL003", PROBLEM_CONFLICT, ALEES_LOG_DEBUG, "A rule of the database does not allow this."}, /* engine_error.c */
    {"P0001", PROBLEM_CONFLICT, ALEES_LOG_INFO, "A rule of the database does not allow this."},
    {"42501", PROBLEM_PERMISSION_DENIED, ALEES_LOG_WARN, "The database does not allow this."},
    {"40", PROBLEM_CONFLICT, ALEES_LOG_INFO, "Somebody else changed the same rows; try again."},
    {"55P03", PROBLEM_CONFLICT, ALEES_LOG_INFO, "Somebody else is changing the same rows; try again."},
    {"57014", PROBLEM_TIMEOUT, ALEES_LOG_WARN, TIMEOUT_DETAIL},
    {"25006", PROBLEM_UNAVAILABLE, ALEES_LOG_ERROR, "The database cannot be written now; try again later."},
    {"25P03", PROBLEM_UNAVAILABLE, ALEES_LOG_WARN, "The database cannot be reached now; try again."},
    {"08", PROBLEM_UNAVAILABLE, ALEES_LOG_WARN, "The database cannot be reached now; try again."},
    {"53", PROBLEM_UNAVAILABLE, ALEES_LOG_ERROR, "The database is overloaded; try again later."},
    {"57P", PROBLEM_UNAVAILABLE, ALEES_LOG_WARN, "The database is restarting; try again."},
    {"", PROBLEM_INTERNAL, ALEES_LOG_ERROR, "The server made a mistake; it has been logged."},
};

static size_t find(const char *sqlstate) {
    size_t i = 0;
    while (strncmp(sqlstate, rows[i].code, strlen(rows[i].code)) != 0) {
        i++;
    }
    return i;
}

/* One SQLSTATE for two things: a row that refers to nothing, and a row that cannot go because others refer to it. The
 * message tells them apart, but may be translated; the statement's first word helps then. */
static bool is_still_referenced(const struct unit *u, const char *message) {
    const char *sql = u->error_call < u->count ? u->calls[u->error_call].statement->sql : "";
    return (message && strstr(message, "update or delete on table")) ||
           strncasecmp(sql + strspn(sql, " \t\r\n"), "DELETE", 6) == 0;
}

/* Values never, whatever the level: primary messages of these classes name objects of the schema only. */
static bool may_log_message(const char *sqlstate) {
    return strncmp(sqlstate, "42", 2) == 0 || strncmp(sqlstate, "XX", 2) == 0 || strncmp(sqlstate, "0A", 2) == 0 ||
           strncmp(sqlstate, "25", 2) == 0 || strncmp(sqlstate, "5", 1) == 0;
}

static void write_log(const alees_ctx *ctx, const struct unit *u, const struct store_error *e, uint32_t level) {
    if (level < log_level()) {
        return;
    }
    const struct statement *st = e->call < u->count ? u->calls[e->call].statement : NULL;
    log_event(level, "db", ctx->request_id, NULL, "%s refused with %s%s%s%s%s", st && st->name ? st->name : "statement",
              e->sqlstate, e->constraint ? " by " : "", e->constraint ? e->constraint : "",
              may_log_message(e->sqlstate) && e->message ? ": " : "",
              may_log_message(e->sqlstate) && e->message ? e->message : "");
}

alees_rc store_refused(alees_ctx *ctx, struct store *s, const struct unit *u, const struct store_error **ret_error) {
    struct store_error *e = ARENA_NEW(ctx->arena, struct store_error);
    if (!e) {
        return problem_set(&ctx->problem, PROBLEM_OUT_OF_MEMORY, "%s", "The request needs too much memory.");
    }
    memcpy(e->sqlstate, db_error(u->error, DB_SQLSTATE), sizeof e->sqlstate - 1);
    e->call = u->error_call;
    e->constraint = db_error(u->error, DB_CONSTRAINT);
    e->table = db_error(u->error, DB_TABLE);
    e->column = db_error(u->error, DB_COLUMN);
    e->message = db_error(u->error, DB_MESSAGE);
    size_t row = find(e->sqlstate);
    if (strcmp(e->sqlstate, "23503") == 0 && is_still_referenced(u, e->message)) {
        row = find("23001");
    }
    if (strcmp(e->sqlstate, "42501") == 0) {
        metrics_add(s->rls_stopped, 1);
    }
    write_log(ctx, u, e, rows[row].log_level);
    if (ret_error) {
        *ret_error = e;
    }
    (void)problem_set(&ctx->problem, rows[row].kind, "%s", rows[row].detail);
    if (rows[row].kind == PROBLEM_UNAVAILABLE && ctx->problem.retry_after == 0) {
        ctx->problem.retry_after = 1;
    }
    return problem_rows[rows[row].kind].rc;
}

alees_rc store_late(alees_ctx *ctx) {
    return problem_set(&ctx->problem, PROBLEM_TIMEOUT, "%s", TIMEOUT_DETAIL);
}

alees_rc store_stopped(alees_ctx *ctx, struct store *s, const struct unit *u) {
    bool is_gone = u->stopped == UNIT_GONE;
    const struct statement *st = u->count > 0 ? u->calls[0].statement : NULL;
    metrics_add(is_gone ? s->stopped_gone : s->stopped_late, 1);
    log_event(is_gone ? ALEES_LOG_INFO : ALEES_LOG_WARN, "db", ctx->request_id, NULL, "%s cancelled: %s",
              st && st->name ? st->name : "statement",
              is_gone ? "the client has hung up" : "the request took too long");
    if (!is_gone) {
        return store_late(ctx);
    }
    ctx->response.close = true;
    return problem_set(&ctx->problem, PROBLEM_CLIENT_GONE, "%s", "The client has hung up.");
}

alees_rc store_away(alees_ctx *ctx) {
    (void)problem_set(&ctx->problem, PROBLEM_UNAVAILABLE, "%s", "The database cannot be reached now; try again.");
    if (ctx->problem.retry_after == 0) {
        ctx->problem.retry_after = 1;
    }
    return ALEES_E_UNAVAILABLE;
}
