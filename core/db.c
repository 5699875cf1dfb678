/* SPDX-License-Identifier: MIT
 * db.c - see db.h. */
#include "db.h"

#include <libpq-fe.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sys.h"

enum { DB_OPTIONS = 1024 };

struct db {
    PGconn *conn;
    bool is_dying; /* the server has said goodbye */
};

/* struct db_result is never defined: it is libpq's PGresult under a name that does not need its header. */
static struct db_result *wrap(PGresult *result) {
    return (struct db_result *)(void *)result;
}

static const PGresult *unwrap(const struct db_result *result) {
    return (const PGresult *)(const void *)result;
}

/* libpq would print what comes outside of any statement. Nothing of it matters but a farewell. */
static void on_notice(void *data, const PGresult *notice) {
    const char *severity = PQresultErrorField(notice, PG_DIAG_SEVERITY_NONLOCALIZED);
    if (severity && (strcmp(severity, "FATAL") == 0 || strcmp(severity, "PANIC") == 0)) {
        ((struct db *)data)->is_dying = true;
    }
}

/* libpq's messages have several lines; people and logs want one. */
static void explain(const PGconn *conn, char why[DB_WHY]) {
    snprintf(why, DB_WHY, "%s", conn ? PQerrorMessage(conn) : "out of memory");
    for (char *p = why; *p; p++) {
        if (*p == '\n') {
            *p = p[1] ? ' ' : '\0';
        }
    }
    if (!why[0]) {
        snprintf(why, DB_WHY, "no answer in time");
    }
}

/* What every session needs, behind the options that the connection string has itself. jit is off because it costs more
 * than a short statement; the search path is empty so that SQL means the same for whoever runs it. */
static bool session_options(const struct db_options *o, char out[DB_OPTIONS]) {
    char own[DB_OPTIONS / 2] = "";
    db_url_part(o->url, "options", own, sizeof own);
    int n = snprintf(out, DB_OPTIONS,
                     "%s%s-c statement_timeout=%u -c lock_timeout=%u -c idle_in_transaction_session_timeout=60000 "
                     "-c DateStyle=ISO -c IntervalStyle=iso_8601 -c TimeZone=UTC -c search_path=pg_catalog -c jit=off",
                     own, own[0] ? " " : "", o->statement_timeout_ms, o->lock_timeout_ms);
    return n > 0 && n < DB_OPTIONS;
}

static PGconn *start(const struct db_options *o) {
    char options[DB_OPTIONS];
    if (!session_options(o, options)) {
        return NULL;
    }
    /* dbname comes first and is expanded: what follows it wins. */
    const char *keys[] = {"dbname",          "application_name",    "options",          "client_encoding",
                          "keepalives_idle", "keepalives_interval", "keepalives_count", NULL};
    const char *values[] = {o->url, o->name, options, "UTF8", "30", "10", "3", NULL};
    return PQconnectStartParams(keys, values, 1);
}

static int remaining_ms(uint64_t deadline_us) {
    uint64_t now = sys_monotonic_us();
    return now >= deadline_us ? 0 : (int)((deadline_us - now) / 1000 + 1);
}

/* libpq's own connect_timeout does not hold for the polled way of connecting. */
static bool finish_connecting(PGconn *conn, uint64_t deadline_us) {
    PostgresPollingStatusType status = PGRES_POLLING_WRITING;
    while (status != PGRES_POLLING_OK) {
        struct pollfd p = {.fd = PQsocket(conn), .events = status == PGRES_POLLING_READING ? POLLIN : POLLOUT};
        int left = remaining_ms(deadline_us);
        if (left == 0 || p.fd < 0 || poll(&p, 1, left) == 0) {
            return false;
        }
        status = PQconnectPoll(conn);
        if (status == PGRES_POLLING_FAILED) {
            return false;
        }
    }
    return true;
}

alees_rc db_connect(const struct db_options *options, struct db **ret_db, char why[DB_WHY]) {
    uint64_t deadline = sys_monotonic_us() + (uint64_t)options->connect_timeout_ms * 1000;
    struct db *db = calloc(1, sizeof *db);
    if (!db) {
        snprintf(why, DB_WHY, "out of memory");
        return ALEES_E_NOMEM;
    }
    db->conn = start(options);
    PQsetNoticeReceiver(db->conn, on_notice, db);
    if (!db->conn || PQstatus(db->conn) == CONNECTION_BAD || !finish_connecting(db->conn, deadline)) {
        explain(db->conn, why);
        db_close(db);
        return ALEES_E_UNAVAILABLE;
    }
    *ret_db = db;
    return ALEES_OK;
}

void db_close(struct db *db) {
    if (db) {
        PQfinish(db->conn);
        free(db);
    }
}

int db_socket(const struct db *db) {
    return PQsocket(db->conn);
}

uint32_t db_server_version(const struct db *db) {
    return (uint32_t)PQserverVersion(db->conn);
}

bool db_is_idle(const struct db *db) {
    return PQstatus(db->conn) == CONNECTION_OK && PQtransactionStatus(db->conn) == PQTRANS_IDLE;
}

bool db_in_transaction(const struct db *db) {
    return PQtransactionStatus(db->conn) == PQTRANS_INTRANS;
}

bool db_is_gone(struct db *db) {
    struct pollfd p = {.fd = PQsocket(db->conn), .events = POLLIN};
    if (p.fd < 0 || PQstatus(db->conn) != CONNECTION_OK) {
        return true;
    }
    if (poll(&p, 1, 0) <= 0) {
        return false;
    }
    /* A farewell, the end of the stream, or only a parameter that was changed. */
    if (!PQconsumeInput(db->conn)) {
        return true;
    }
    (void)PQisBusy(db->conn); /* reads what came and calls on_notice */
    return db->is_dying || PQstatus(db->conn) != CONNECTION_OK;
}

static void pointers(const alees_str *params, uint32_t count, const char **out) {
    ASSERT(count <= DB_MAX_PARAMS);
    for (uint32_t i = 0; i < count; i++) {
        out[i] = params[i].ptr;
    }
}

alees_rc db_query(struct db *db, const char *sql, const alees_str *params, uint32_t count,
                  struct db_result **ret_result) {
    const char *values[DB_MAX_PARAMS];
    pointers(params, count, values);
    PGresult *result =
        count ? PQexecParams(db->conn, sql, (int)count, NULL, values, NULL, NULL, 0) : PQexec(db->conn, sql);
    ExecStatusType status = PQresultStatus(result);
    bool is_ok = status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK || status == PGRES_EMPTY_QUERY;
    if (ret_result) {
        *ret_result = wrap(result);
    } else {
        PQclear(result);
    }
    return is_ok ? ALEES_OK : ALEES_E_INTERNAL;
}

bool db_pipeline(struct db *db) {
    return PQsetnonblocking(db->conn, 1) == 0 && PQenterPipelineMode(db->conn) == 1;
}

bool db_send_prepare(struct db *db, const char *name, const char *sql) {
    return PQsendPrepare(db->conn, name, sql, 0, NULL) == 1;
}

bool db_send_describe(struct db *db, const char *name) {
    return PQsendDescribePrepared(db->conn, name) == 1;
}

bool db_send_prepared(struct db *db, const char *name, const alees_str *params, uint32_t count) {
    const char *values[DB_MAX_PARAMS];
    pointers(params, count, values);
    return PQsendQueryPrepared(db->conn, name, (int)count, values, NULL, NULL, 0) == 1;
}

bool db_send_text(struct db *db, const char *sql, const alees_str *params, uint32_t count) {
    const char *values[DB_MAX_PARAMS];
    pointers(params, count, values);
    return PQsendQueryParams(db->conn, sql, (int)count, NULL, values, NULL, NULL, 0) == 1;
}

bool db_send_sync(struct db *db) {
    return PQpipelineSync(db->conn) == 1;
}

int db_flush(struct db *db) {
    return PQflush(db->conn);
}

bool db_consume(struct db *db) {
    /* A TLS record may be larger than one read: what stays behind in the TLS library does not show in poll(). */
    int reads = PQsslInUse(db->conn) ? 4 : 1;
    while (reads-- > 0) {
        if (!PQconsumeInput(db->conn)) {
            return false;
        }
    }
    return true;
}

enum db_kind db_next(struct db *db, struct db_result **ret_result) {
    if (PQisBusy(db->conn)) {
        return PQstatus(db->conn) == CONNECTION_OK ? DB_BUSY : DB_LOST;
    }
    PGresult *result = PQgetResult(db->conn);
    if (!result) {
        return PQstatus(db->conn) == CONNECTION_OK ? DB_END : DB_LOST;
    }
    switch (PQresultStatus(result)) {
    case PGRES_TUPLES_OK:
    case PGRES_COMMAND_OK: *ret_result = wrap(result); return DB_RESULT;
    case PGRES_PIPELINE_SYNC: PQclear(result); return DB_SYNC;
    case PGRES_PIPELINE_ABORTED: PQclear(result); return DB_SKIPPED;
    case PGRES_FATAL_ERROR:
        if (PQresultErrorField(result, PG_DIAG_SQLSTATE)) {
            *ret_result = wrap(result);
            return DB_REFUSED;
        }
        break; /* libpq's own words: the connection is lost */
    case PGRES_EMPTY_QUERY:
    case PGRES_COPY_OUT:
    case PGRES_COPY_IN:
    case PGRES_BAD_RESPONSE:
    case PGRES_NONFATAL_ERROR:
    case PGRES_COPY_BOTH:
    case PGRES_SINGLE_TUPLE:
    default: break; /* COPY and the like are no statements that anyone may send */
    }
    PQclear(result);
    return DB_LOST;
}

void db_cancel(struct db *db) {
    char why[DB_WHY];
    PGcancel *cancel = PQgetCancel(db->conn);
    (void)(cancel && PQcancel(cancel, why, sizeof why)); /* statement_timeout ends it, too, only later */
    PQfreeCancel(cancel);
}

bool db_notification(struct db *db, struct db_notification *ret_notification) {
    (void)PQisBusy(db->conn);
    PGnotify *notify = PQnotifies(db->conn);
    if (!notify) {
        return false;
    }
    *ret_notification =
        (struct db_notification){.channel = notify->relname, .payload = notify->extra, .handle = notify};
    return true;
}

void db_forget_notification(struct db_notification *notification) {
    PQfreemem(notification->handle);
    notification->handle = NULL;
}

void db_result_free(struct db_result *result) {
    PQclear((PGresult *)(void *)result);
}

uint32_t db_rows(const struct db_result *result) {
    return (uint32_t)PQntuples(unwrap(result));
}

uint32_t db_columns(const struct db_result *result) {
    return (uint32_t)PQnfields(unwrap(result));
}

alees_str db_value(const struct db_result *result, uint32_t row, uint32_t column) {
    const PGresult *r = unwrap(result);
    if (PQgetisnull(r, (int)row, (int)column)) {
        return (alees_str){NULL, 0};
    }
    return (alees_str){PQgetvalue(r, (int)row, (int)column), (size_t)PQgetlength(r, (int)row, (int)column)};
}

/* "INSERT 0 3", "UPDATE 1"; a SELECT has a count too, but changed nothing. libpq's readers of the tag take no const. */
uint64_t db_changed(const struct db_result *result) {
    PGresult *r = (PGresult *)(uintptr_t)(const void *)result;
    const char *tag = PQcmdStatus(r);
    bool is_change = strncmp(tag, "INSERT", 6) == 0 || strncmp(tag, "UPDATE", 6) == 0 ||
                     strncmp(tag, "DELETE", 6) == 0 || strncmp(tag, "MERGE", 5) == 0;
    return is_change ? strtoull(PQcmdTuples(r), NULL, 10) : 0;
}

bool db_is_rollback(const struct db_result *result) {
    return strcmp(PQcmdStatus((PGresult *)(uintptr_t)(const void *)result), "ROLLBACK") == 0;
}

uint32_t db_parameters(const struct db_result *result) {
    return (uint32_t)PQnparams(unwrap(result));
}

const char *db_error(const struct db_result *result, enum db_field field) {
    static const int codes[] = {
        [DB_SQLSTATE] = PG_DIAG_SQLSTATE,          [DB_MESSAGE] = PG_DIAG_MESSAGE_PRIMARY,
        [DB_CONSTRAINT] = PG_DIAG_CONSTRAINT_NAME, [DB_TABLE] = PG_DIAG_TABLE_NAME,
        [DB_COLUMN] = PG_DIAG_COLUMN_NAME,
    };
    return PQresultErrorField(unwrap(result), codes[field]);
}

bool db_url_part(const char *url, const char *key, char *out, size_t size) {
    char *message = NULL;
    bool found = false;
    PQconninfoOption *options = PQconninfoParse(url, &message);
    for (PQconninfoOption *o = options; o && o->keyword; o++) {
        if (strcmp(o->keyword, key) == 0 && o->val && strlen(o->val) < size) {
            memcpy(out, o->val, strlen(o->val) + 1);
            found = true;
        }
    }
    PQconninfoFree(options);
    PQfreemem(message);
    return found;
}

bool db_encrypt_password(struct db *db, const char *user, const char *password, char *out, size_t size) {
    char *secret = PQencryptPasswordConn(db->conn, password, user, "scram-sha-256");
    bool is_ok = secret && strlen(secret) < size;
    if (is_ok) {
        memcpy(out, secret, strlen(secret) + 1);
    }
    PQfreemem(secret);
    return is_ok;
}
