/* SPDX-License-Identifier: MIT
 * settings.h - every setting of the server, one row each: parser, `alees help-config`, etc/alees.conf and
 * docs/configuration.md are made from this table. Level 1. */
#ifndef SETTINGS_H
#define SETTINGS_H

#include <stdint.h>

/* id, section, key, type (TEXT, INTEGER, BOOLEAN, CHOICE, SECRET), unit, min, max, choices, default, description
 * A SECRET may also be read from the file that KEY_file names, and is never printed. */
#define SETTINGS_TABLE(X) \
    X(LISTEN, "server", "listen", TEXT, "address", 0, 0, NULL, "127.0.0.1", \
      "Address to listen on. Put a proxy that speaks TLS in front of anything but loopback.") \
    X(PORT, "server", "port", INTEGER, "port", 1, 65535, NULL, "8080", "TCP port to listen on.") \
    X(THREADS, "server", "threads", INTEGER, "threads", 1, 2048, NULL, "64", \
      "Threads that serve connections; a connection that is kept alive holds one.") \
    X(STACK, "server", "stack_kib", INTEGER, "KiB", 256, 65536, NULL, "1024", "Stack of each of these threads.") \
    X(KEEP_ALIVE, "server", "keep_alive_ms", INTEGER, "ms", 100, 600000, NULL, "5000", \
      "How long an idle connection is kept.") \
    X(REQUEST_TIMEOUT, "server", "request_timeout_ms", INTEGER, "ms", 100, 600000, NULL, "10000", \
      "How long reading a request may take.") \
    X(DRAIN, "server", "drain_ms", INTEGER, "ms", 0, 600000, NULL, "5000", \
      "How long running requests may finish after SIGTERM.") \
    X(MAX_BODY, "limits", "body_bytes", INTEGER, "bytes", 1024, 1073741824, NULL, "1048576", "Longest request body.") \
    X(MAX_URI, "limits", "uri_bytes", INTEGER, "bytes", 256, 16384, NULL, "8192", "Longest path and query.") \
    X(MAX_HEADER, "limits", "header_bytes", INTEGER, "bytes", 1024, 65536, NULL, "16384", \
      "Longest headers of a request, all together.") \
    X(USER_RATE, "limits", "user_per_minute", INTEGER, "requests", 0, 10000000, NULL, "6000", \
      "Requests of one user in a minute, with those of the API keys; 0: no limit. Beyond: 429.") \
    X(ORGANIZATION_RATE, "limits", "organization_per_minute", INTEGER, "requests", 0, 10000000, NULL, "60000", \
      "Requests in a minute about one organization, of all users; 0: no limit.") \
    X(ADDRESS_RATE, "limits", "address_per_minute", INTEGER, "requests", 0, 10000000, NULL, "600", \
      "Requests without a valid login in a minute from one address, other than this machine's own; 0: no limit.") \
    X(MAX_MEMORY, "limits", "request_memory_bytes", INTEGER, "bytes", 1048576, 1073741824, NULL, "67108864", \
      "Most memory of one request.") \
    X(REQUEST_MS, "limits", "request_ms", INTEGER, "ms", 100, 3600000, NULL, "30000", \
      "How long a request may take; what still runs in the database then is cancelled.") \
    X(PAGE_SIZE, "limits", "page_size", INTEGER, "rows", 1, 1000, NULL, "50", "Rows of a page unless page_size asks.") \
    X(MAX_PAGE_SIZE, "limits", "max_page_size", INTEGER, "rows", 1, 1000, NULL, "200", "Most rows of a page.") \
    X(BULK_ROWS, "limits", "bulk_rows", INTEGER, "rows", 1, 100000, NULL, "10000", \
      "Most rows that one request creates, changes or deletes, unless it is an import.") \
    X(EXPORTS, "limits", "exports", INTEGER, "exports", 1, 256, NULL, "2", \
      "Exports that run at once, each on a connection of database.pool; further ones are answered with 503.") \
    X(IMPORTS, "limits", "imports", INTEGER, "imports", 1, 256, NULL, "2", \
      "Imports that run at once, each on a connection of database.pool; further ones are answered with 503.") \
    X(IMPORT_BYTES, "limits", "import_bytes", INTEGER, "bytes", 1024, 1099511627776, NULL, "268435456", \
      "Longest body of an import.") \
    X(TRANSFER_TIME, "limits", "transfer_ms", INTEGER, "ms", 1000, 86400000, NULL, "600000", \
      "How long an export or an import may take, the network included.") \
    X(IDEMPOTENCY_HOURS, "http", "idempotency_hours", INTEGER, "hours", 1, 8760, NULL, "24", \
      "How long the reply to a request with an Idempotency-Key is kept.") \
    X(REQUIRE_IF_MATCH, "http", "require_if_match", BOOLEAN, NULL, 0, 0, NULL, "false", \
      "Answer PUT, PATCH and DELETE of one row that come without If-Match with 428.") \
    X(CORS_ORIGINS, "http", "cors_origins", TEXT, "origins", 0, 0, NULL, "", \
      "Web pages that may ask: origins such as https://app.example.com, blanks between them; or *, which is all.") \
    X(TRUSTED_PROXIES, "http", "trusted_proxies", TEXT, "addresses", 0, 0, NULL, "", \
      "Proxies in front, addresses or networks such as 10.0.0.0/8, blanks between them: their X-Forwarded-For tells " \
      "who " \
      "the client is, for limits by address.") \
    X(METRICS_FROM, "http", "metrics_from", TEXT, "addresses", 0, 0, NULL, "", \
      "Addresses or networks, blanks between them, that may read /metrics; empty: everybody.") \
    X(SERVER_TIMING, "http", "server_timing", BOOLEAN, NULL, 0, 0, NULL, "false", \
      "Tell every client in the header Server-Timing how long its request took: total, auth, db.") \
    X(DOCS_ACCESS, "docs", "access", CHOICE, NULL, 0, 0, "public|login|off", "public", \
      "Who may read the description of the API, /openapi.json and /postman.json, and see it at /docs: everybody, " \
      "users " \
      "with their token, or nobody. /docs/errors is for everybody.") \
    X(DOCS_PATH, "docs", "path", TEXT, "folder", 0, 0, NULL, "", \
      "Where the files of the page /docs are; empty: share/docs beside the program, or where they are installed.") \
    X(DB_URL, "database", "url", SECRET, "conninfo", 0, 0, NULL, "dbname=alees user=alees_app", \
      "libpq connection string of the server's role, alees_app.") \
    X(DB_OWNER_URL, "database", "owner_url", SECRET, "conninfo", 0, 0, NULL, "dbname=alees user=alees_owner", \
      "libpq connection string of the role that owns the schemas; used by `alees migrate` only.") \
    X(DB_ADMIN_URL, "database", "admin_url", SECRET, "conninfo", 0, 0, NULL, "dbname=alees", \
      "libpq connection string of a database superuser; used by `alees bootstrap` only.") \
    X(DB_LANES, "database", "lanes", INTEGER, "connections", 1, 64, NULL, "2", \
      "Connections on which short statements of many requests are pipelined.") \
    X(DB_POOL, "database", "pool", INTEGER, "connections", 1, 256, NULL, "8", \
      "Connections for transactions of several steps.") \
    X(DB_POOL_WAIT, "database", "pool_wait_ms", INTEGER, "ms", 1, 60000, NULL, "2000", \
      "How long a request waits for a connection before it is answered with 503.") \
    X(DB_STATEMENT_TIMEOUT, "database", "statement_timeout_ms", INTEGER, "ms", 10, 3600000, NULL, "10000", \
      "Longest run of one statement.") \
    X(DB_CONNECT_TIMEOUT, "database", "connect_timeout_ms", INTEGER, "ms", 100, 60000, NULL, "3000", \
      "Longest wait for a connection to PostgreSQL.") \
    X(DB_PURGE_DAYS, "database", "purge_days", INTEGER, "days", 0, 36500, NULL, "0", \
      "Age at which `alees purge` deletes for good what was deleted; 0: never.") \
    X(PASSWORD_HASHES, "security", "password_hashes", INTEGER, "hashes", 1, 64, NULL, "2", \
      "Password hashes computed at the same time; each takes 64 MiB for a moment.") \
    X(PASSWORD_WAIT, "security", "password_wait_ms", INTEGER, "ms", 10, 60000, NULL, "5000", \
      "How long a login waits for its turn before it is answered with 429.") \
    X(TRUST_MODULES, "security", "check_module_owner", BOOLEAN, NULL, 0, 0, NULL, "true", \
      "Refuse plugin files that others than root or the service user may write.") \
    X(AUDIT_RETENTION, "audit", "retention_days", INTEGER, "days", 0, 36500, NULL, "0", \
      "Age at which `alees audit prune` deletes entries of the audit trail; 0: never.") \
    X(AUDIT_DENIALS, "audit", "denials_per_minute", INTEGER, "entries", 0, 10000, NULL, "10", \
      "Refused attempts of one user that are written to the audit trail within a minute; the others are counted.") \
    X(LOG_LEVEL, "log", "level", CHOICE, NULL, 0, 0, "debug|info|warn|error", "info", "Least level that is logged.") \
    X(LOG_FORMAT, "log", "format", CHOICE, NULL, 0, 0, "auto|json|text", "auto", \
      "JSON lines, or text; auto is text on a terminal.") \
    X(LOG_REQUESTS, "log", "requests", BOOLEAN, NULL, 0, 0, NULL, "true", "One line for each request.")

enum settings_id {
#define X(id, section, key, type, unit, min, max, choices, fallback, description) SETTING_##id,
    SETTINGS_TABLE(X)
#undef X
        SETTINGS
};

enum settings_type { SETTINGS_TEXT, SETTINGS_INTEGER, SETTINGS_BOOLEAN, SETTINGS_CHOICE, SETTINGS_SECRET };

struct settings_row {
    const char *section, *key;
    enum settings_type type;
    const char *unit;
    int64_t min, max;
    const char *choices, *fallback, *description;
};
extern const struct settings_row settings_rows[SETTINGS]; /* config.c */

#endif
