/* SPDX-License-Identifier: MIT
 * db.h - a connection to PostgreSQL, by libpq (db.c is the only file that includes it). Level 2.
 *
 * A connection is used by one thread at a time. It is made in plain mode, where db_query waits; db_pipeline turns it
 * into pipeline mode for good, where nothing waits: the caller sends, polls db_socket() and takes what has come. */
#ifndef DB_H
#define DB_H

#include "base.h"

struct db;
struct db_result; /* what came back of one statement; belongs to whom it was given to */

struct db_options {
    const char *url;  /* a libpq connection string or URI */
    const char *name; /* application_name */
    uint32_t connect_timeout_ms;
    uint32_t statement_timeout_ms; /* 0: none */
    uint32_t lock_timeout_ms;      /* 0: none */
};

enum { DB_WHY = 256, DB_MAX_PARAMS = 256 };

/* Connects, in connect_timeout_ms at most. E_UNAVAILABLE with a reason for people (never a password), or E_NOMEM. */
alees_rc db_connect(const struct db_options *options, struct db **ret_db, char why[DB_WHY]) MUST_CHECK;
void db_close(struct db *db); /* accepts NULL */
int db_socket(const struct db *db);
uint32_t db_server_version(const struct db *db); /* 150018 is 15.18 */
bool db_is_idle(const struct db *db);            /* alive and outside any transaction */
bool db_in_transaction(const struct db *db);     /* in one that has not failed */

/* Has the server closed this connection, on which nothing is under way? One poll that does not wait. */
bool db_is_gone(struct db *db);

/* Plain mode: waits for the answer, without a limit. sql may hold several statements if count is 0. E_INTERNAL when
 * PostgreSQL refused: *ret_result then holds the error. ret_result may be NULL. */
alees_rc db_query(struct db *db, const char *sql, const alees_str *params, uint32_t count,
                  struct db_result **ret_result) MUST_CHECK;

/* Pipeline mode. The sends only put messages into a buffer, except that db_send_sync also writes what the socket takes.
 * false: out of memory or broken, the connection is of no use any more. */
bool db_pipeline(struct db *db) MUST_CHECK;
bool db_send_prepare(struct db *db, const char *name, const char *sql) MUST_CHECK;
bool db_send_describe(struct db *db, const char *name) MUST_CHECK;
bool db_send_prepared(struct db *db, const char *name, const alees_str *params, uint32_t count) MUST_CHECK;
bool db_send_text(struct db *db, const char *sql, const alees_str *params, uint32_t count) MUST_CHECK;
bool db_send_sync(struct db *db) MUST_CHECK;
int db_flush(struct db *db);    /* 0: all written, 1: the socket is full, -1: broken */
bool db_consume(struct db *db); /* takes what the socket has; false: the connection is lost */

enum db_kind {
    DB_BUSY,    /* nothing complete yet */
    DB_RESULT,  /* of the current statement */
    DB_REFUSED, /* its error */
    DB_SKIPPED, /* an earlier one failed; no result */
    DB_END,     /* the current statement is over */
    DB_SYNC,    /* all up to a db_send_sync is over */
    DB_LOST     /* broken, or out of memory */
};
enum db_kind db_next(struct db *db, struct db_result **ret_result); /* written with DB_RESULT and DB_REFUSED */

/* Asks the server, over a connection of its own, to end what runs on this one; returns when the server has passed it on.
 * It may come too late, or between two statements: then nothing happens. Only while a statement of ours is under way there,
 * and with another round trip before the connection is lent on: a request that is late must not hit somebody else. */
void db_cancel(struct db *db);

/* The next notification that has come: true, and both texts until db_forget_notification. */
struct db_notification {
    const char *channel, *payload;
    void *handle;
};
bool db_notification(struct db *db, struct db_notification *ret_notification);
void db_forget_notification(struct db_notification *notification);

void db_result_free(struct db_result *result); /* accepts NULL */
uint32_t db_rows(const struct db_result *result);
uint32_t db_columns(const struct db_result *result);
alees_str db_value(const struct db_result *result, uint32_t row, uint32_t column); /* absent: NULL */
uint64_t db_changed(const struct db_result *result);                               /* rows inserted, updated, deleted */
bool db_is_rollback(const struct db_result *result);                               /* a COMMIT that rolled back */
uint32_t db_parameters(const struct db_result *result);                            /* of db_send_describe */

enum db_field { DB_SQLSTATE, DB_MESSAGE, DB_CONSTRAINT, DB_TABLE, DB_COLUMN };
const char *db_error(const struct db_result *result, enum db_field field); /* NULL if not said */

/* A part of a connection string ("password", "user", "dbname"); false if it has none or is malformed. */
bool db_url_part(const char *url, const char *key, char *out, size_t size);
/* A password as PostgreSQL keeps it, so that the server's log never sees it. */
bool db_encrypt_password(struct db *db, const char *user, const char *password, char *out, size_t size);

#endif
