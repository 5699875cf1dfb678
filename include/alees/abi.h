/* SPDX-License-Identifier: MIT
 *
 * alees/abi.h - the contract between the server and a plugin. Read it top to bottom, then resource.h, then the
 * services (http.h, db.h, json.h, rbac.h, cred.h) that you use.
 *
 * The rules of this file: structures grow at the tail only; no hidden padding; a list carries its stride; nothing
 * wider than fixed-width integers, size_t and pointers; no third-party type. A break is a new symbol, alees_plugin_v2.
 *
 * Minor versions of ABI 1 (one line each; a member or a service was added):
 *   0  the first (not frozen before release 1.0)
 */
#ifndef ALEES_ABI_H
#define ALEES_ABI_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define ALEES_MAGIC 0x53454C41u /* the bytes "ALES" on a little-endian machine */
#define ALEES_ABI_MINOR 0u      /* +1 whenever a member or a service is added */
#define ALEES_EXPORT __attribute__((visibility("default")))

/* Size of a structure up to and including a member. */
#define ALEES_UPTO(type, member) ((uint32_t)(offsetof(type, member) + sizeof(((type *)0)->member)))
/* May p->member be touched? Its maker said how much of the structure it knows. */
#define ALEES_HAS(type, p, member) ((p)->struct_size >= ALEES_UPTO(type, member))

/* Words used on every function below.
 *   [boot]   the main thread, before serving starts or after it has stopped
 *   [owner]  the one thread now working on this ctx; a ctx is never used by two threads at once
 *   [any]    any thread, at the same time as any other call
 * Text is UTF-8. Text from the host also ends in a NUL and lives as long as the ctx it came from. Memory never changes
 * owner: the host copies what it keeps, a plugin keeps nothing of a ctx. No exception may cross. */

typedef int32_t alees_rc; /* ALEES_OK, or one of the codes below; anything but ALEES_OK is a failure */

enum {
    ALEES_OK = 0,
    ALEES_E_NOMEM = -1,            /* the request's memory limit; 503 */
    ALEES_E_INVALID = -2,          /* well-formed, but breaks a rule; 422 */
    ALEES_E_NOT_FOUND = -3,        /* unknown or invisible; 404 */
    ALEES_E_CONFLICT = -4,         /* against the present state; 409 */
    ALEES_E_DENIED = -5,           /* known, not permitted; 403 */
    ALEES_E_UNAVAILABLE = -6,      /* the database is away; 503 */
    ALEES_E_UNSUPPORTED = -7,      /* not offered here; 501 */
    ALEES_E_INTERNAL = -8,         /* a defect; 500 */
    ALEES_E_MALFORMED = -9,        /* not understood; 400 */
    ALEES_E_UNAUTHENTICATED = -10, /* no or bad credentials; 401 */
    ALEES_E_TOO_MANY = -11         /* try later; 429 */
};

/* Frozen for ever, may be passed by value. ptr == NULL means absent (or SQL NULL), which is not empty. */
typedef struct alees_str {
    const char *ptr;
    size_t len;
} alees_str;

/* A counted array whose items may be larger than the reader knows: step by stride, not by sizeof. */
typedef struct alees_list {
    const void *items;
    uint32_t count;
    uint32_t stride;
} alees_list;
#define ALEES_LIST(array) \
    { (array), (uint32_t)(sizeof(array) / sizeof((array)[0])), (uint32_t)sizeof((array)[0]) }

/* A UUID, in network byte order. Frozen for ever. */
typedef struct alees_id {
    uint8_t bytes[16];
} alees_id;

typedef struct alees_self alees_self; /* one plugin, as the host knows it; lives as long as the process */
typedef struct alees_ctx alees_ctx;   /* one request, command or notification: user, scope, transaction, memory */
typedef struct alees_rows alees_rows; /* a query's result; lives as long as its ctx */
typedef struct alees_json alees_json; /* a JSON value; lives as long as its ctx */

enum { ALEES_LOG_DEBUG, ALEES_LOG_INFO, ALEES_LOG_WARN, ALEES_LOG_ERROR };

/* What the host gives to every plugin. Valid until the process ends. */
struct alees_host {
    uint32_t struct_size;
    uint32_t abi_minor;
    /* The table of a service named in needs; NULL if nobody offers it. Valid until the process ends. [any] */
    const void *(*service)(alees_self *self, const char *id);
    /* One structured line, named after the plugin; ctx may be NULL. The text is copied. Never log secrets. [any] */
    void (*log)(alees_self *self, alees_ctx *ctx, uint32_t level, alees_str text);
    /* Zeroed memory, aligned for any type, gone with ctx: there is no free. NULL past the request's limit. [owner] */
    void *(*alloc)(alees_ctx *ctx, size_t size);
    /* Says why the call fails and gives rc back: `return host->fail(ctx, ALEES_E_CONFLICT, "already_closed", text);`
     * code is snake_case and stable; detail tells the client what to do. The first failure of a ctx wins. [owner] */
    alees_rc (*fail)(alees_ctx *ctx, alees_rc rc, const char *code, alees_str detail);
    /* The user of the request; NULL on a public route. Lives as long as ctx. [owner] */
    const struct alees_principal *(*principal)(alees_ctx *ctx);
    /* A declared setting of this plugin as text, defaults filled in; absent if it was not declared. [any] */
    alees_str (*setting)(alees_self *self, const char *key);
    /* Adds delta to the metric with that place in the plugin's list. [any] */
    void (*count)(alees_self *self, uint32_t metric, int64_t delta);
    /* A new id, rising with time (UUIDv7, RFC 9562). [any] */
    alees_id (*new_id)(void);
    /* The address the server will listen on, such as "127.0.0.1"; absent when a command runs instead. [any] */
    alees_str (*listen_address)(void);
    /* Says that the caller lacks a permission: 403 with its whole name and, unless NULL, what the organization is called.
     * Name none that the caller may not view. Gives ALEES_E_DENIED. [owner] */
    alees_rc (*deny)(alees_ctx *ctx, const char *permission, const alees_id *organization);
};

/* A service of another plugin or of the host. min_size is ALEES_UPTO(table, last member used), never sizeof. */
struct alees_need {
    const char *service;
    uint32_t min_size;
    uint32_t flags; /* ALEES_NEED_OPTIONAL */
};
enum { ALEES_NEED_OPTIONAL = 1 };

/* A permission beyond the four of each resource, by its whole name: "product.publish_product". */
struct alees_permission {
    const char *name;
    const char *description;
};

/* SQL is declared, prepared at boot under the plugin's role, and bound to $1..$n: no SQL text is made at run time. */
struct alees_statement {
    const char *name; /* snake_case, for logs */
    const char *sql;  /* one SELECT, INSERT, UPDATE, DELETE or WITH, naming tables with the plugin's schema */
    uint32_t nparams;
    uint32_t flags; /* ALEES_STATEMENT_* */
};
enum {
    /* Runs in a transaction of its own, even inside a handler's: what it reads is committed. For caches. */
    ALEES_STATEMENT_ALONE = 1,
    /* Sees the rows of every organization, whoever asks. Only for the plugin that offers alees.rbac/1, which must know what
     * the caller may before the caller may see it; any other plugin with such a statement is not loaded. */
    ALEES_STATEMENT_EVERYWHERE = 2
};

/* One step of the plugin's schema, applied once by the owner role in a transaction; a changed text is refused. */
struct alees_migration {
    uint32_t version; /* 1, 2, 3 */
    uint32_t flags;   /* 0 */
    const char *name; /* "create tables" */
    const char *sql;  /* several statements; the schema exists already */
};

/* A line of the plugin's section in the configuration. */
struct alees_setting {
    const char *name;
    uint32_t type;        /* ALEES_TEXT, ALEES_INTEGER, ALEES_BOOLEAN or ALEES_CHOICE (see resource.h) */
    uint32_t flags;       /* 0 */
    int64_t min, max;     /* of an integer; both 0: no bounds */
    const char *choices;  /* ALEES_CHOICE: "a|b|c" */
    const char *fallback; /* as text */
    const char *description;
};

/* A counter or gauge, shown on /metrics as alees_<plugin>_<name>. */
struct alees_metric {
    const char *name; /* "cache_hits_total": a name ending in _total is a counter, any other a gauge */
    const char *help;
};

/* A subcommand: `alees <name> ...`. */
struct alees_command {
    const char *name;
    const char *usage; /* "user add NAME | passwd NAME | deactivate NAME" */
    const char *summary;
    /* argv[0] is the command's name. Prints to standard output itself. In a transaction, as a superuser: committed on
     * ALEES_OK. [owner] */
    alees_rc (*run)(void *state, alees_ctx *ctx, int argc, char **argv);
};

/* A code of `fail`, of a service's `refuse` or of a trigger (SQLSTATE AL003), as /docs/errors/<code> and the description of
 * the API explain it. The server's own codes need not be declared. */
struct alees_error {
    const char *code;  /* snake_case */
    uint32_t status;   /* of the answer: 409 */
    uint32_t flags;    /* ALEES_ERROR_* */
    const char *title; /* "The unit is not active" */
    const char *help;  /* what it means and what to do, in sentences */
};
enum { ALEES_ERROR_FIELD = 1 /* only ever told of one field, in `errors` of a problem with another code */ };

/* One of the organizations of `alees demo --size large`, which are numbered from 1 to count. A row that belongs to number 5
 * can have the id 0193<kind, four digits>-0005-7000-8000-<row, twelve digits>, all of them hexadecimal; organizations
 * themselves have kind 0001 and row 0. So that other plugins can refer to them, and so that each run makes the same rows. */
struct alees_demo {
    uint32_t struct_size;
    uint32_t phase; /* ALEES_DEMO_* */
    uint32_t number, count;
    alees_id organization;
};
enum {
    ALEES_DEMO_USERS = 1,     /* no organization is there yet */
    ALEES_DEMO_ORGANIZATIONS, /* the organization itself, below one of a smaller number or below none */
    ALEES_DEMO_MEMBERS,       /* who may do what in it */
    ALEES_DEMO_ROWS           /* all else */
};

/* The one symbol of a plugin: constant data. Everything the host must know is here before any of its code runs. */
struct alees_plugin {
    uint32_t magic; /* these four words never move, in any version */
    uint32_t struct_size;
    uint32_t abi_minor;     /* the header it was compiled with: ALEES_ABI_MINOR */
    uint32_t min_minor;     /* the oldest host it can live on: a number you type, not the macro */
    const char *name;       /* "contact": its configuration section, its permissions' prefix, its database schema */
    const char *version;    /* "1.0.0" */
    const char *summary;    /* one line */
    alees_list needs;       /* of struct alees_need */
    alees_list offers;      /* of const char *: service ids that `offer` answers */
    alees_list settings;    /* of struct alees_setting */
    alees_list permissions; /* of struct alees_permission */
    alees_list resources;   /* of struct alees_resource (resource.h) */
    alees_list routes;      /* of struct alees_route (resource.h) */
    alees_list statements;  /* of struct alees_statement */
    alees_list migrations;  /* of struct alees_migration, versions rising */
    alees_list commands;    /* of struct alees_command */
    alees_list metrics;     /* of struct alees_metric */
    /* After every plugin it needs. *state comes back in all later calls. On failure nothing else is called. May be
     * NULL. [boot] */
    alees_rc (*start)(alees_self *self, const struct alees_host *host, alees_ctx *ctx, void **state);
    /* The table for an id listed in offers; asked once, after start; stays valid until stop. [boot] */
    const void *(*offer)(void *state, const char *id);
    /* Reverse order, no handler is running. Join every thread you made; the code stays mapped. May be NULL. [boot] */
    void (*stop)(void *state);
    /* Fills in demonstration rows, in a transaction, as a superuser. May be NULL. [owner] */
    alees_rc (*demo)(void *state, alees_ctx *ctx);
    /* The same by the hundred thousand, for `alees demo --size large`, after demo of every plugin: the rows of one
     * organization and phase, if they are not there yet. As a superuser; in the last phase each organization is a transaction
     * of its own, and others are under way at the same time; each phase before is one transaction. A second run finishes what
     * was interrupted. May be NULL. [owner] */
    alees_rc (*demo_large)(void *state, alees_ctx *ctx, const struct alees_demo *demo);
    alees_list errors; /* of struct alees_error: every code that it fails with, but for those of the server */
};
extern ALEES_EXPORT const struct alees_plugin alees_plugin_v1;

#ifdef __cplusplus
}
#endif
#endif
