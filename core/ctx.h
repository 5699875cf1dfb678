/* SPDX-License-Identifier: MIT
 * ctx.h - one request from its first byte to its answer (or one command, or one notification): everything that the stages
 * of the pipeline hand to each other. Level 3. The structure itself lies in its arena. */
#ifndef CTX_H
#define CTX_H

#include "catalogue.h"
#include "problem.h"
#include "ratelimit_table.h"
#include "router.h"
#include "store.h"
#include "trace.h"

struct app;

#define CTX_MAGIC 0x43545858u

struct ctx_header {
    alees_str name, value;
};

/* What a body is made of, or an answer. */
enum ctx_format { CTX_JSON, CTX_CSV, CTX_NDJSON };

struct ctx_request {
    uint32_t method; /* ALEES_GET ..; HEAD is ALEES_GET with is_head; 0: another one */
    bool is_head, is_options;
    bool is_unread;         /* there is a body, which nobody has read yet: ctx->stream gives it */
    enum ctx_format format; /* of an unread body */
    alees_str method_text;  /* "GET" */
    alees_str uri;          /* as it came, path and query */
    alees_str path, query;  /* its two parts, still encoded */
    const struct ctx_header *headers;
    uint32_t header_count;
    alees_str body; /* whole */
    alees_str peer; /* "127.0.0.1" */
};

struct ctx_parameter { /* of the query, decoded, in the order sent */
    alees_str name, value;
};

struct ctx_response {
    uint32_t status; /* 0: not answered yet */
    const char *content_type;
    struct ctx_header *headers; /* further ones */
    uint32_t header_count, header_cap;
    struct str body;
    bool varies;            /* with Accept-Encoding */
    const char *coding;     /* the body is packed: "gzip" */
    enum ctx_format format; /* that the client wants, of those that the route offers */
    bool is_streamed;       /* the body was, or for HEAD would be, written to ctx->stream; the headers are set before */
    bool close;             /* end the connection after this answer */
};

/* What the client prefers (RFC 7240); the words are those of PostgREST. Read by pipeline_prefer.c. */
enum ctx_return { CTX_RETURN_DEFAULT, CTX_RETURN_MINIMAL, CTX_RETURN_REPRESENTATION };
enum ctx_count { CTX_COUNT_DEFAULT, CTX_COUNT_NONE, CTX_COUNT_ESTIMATED, CTX_COUNT_EXACT };
enum ctx_resolution { CTX_RESOLUTION_NONE, CTX_RESOLUTION_MERGE, CTX_RESOLUTION_IGNORE };
struct ctx_prefer {
    enum ctx_return returns;
    enum ctx_count count;
    enum ctx_resolution resolution; /* of an upsert */
    bool is_dry_run;                /* tx=rollback: everything happens, then nothing has */
    bool is_strict;                 /* handling=strict: a preference that is not known is 400, else it is ignored */
    bool has_handling;
    bool has_max_affected;
    uint64_t max_affected; /* rows of a bulk change; more of them are refused */
    uint32_t obeyed;       /* 1 << CTX_PREFER_.. */
};
enum ctx_preference { /* in the order in which Preference-Applied names them */
                      CTX_PREFER_HANDLING,
                      CTX_PREFER_RETURN,
                      CTX_PREFER_COUNT,
                      CTX_PREFER_RESOLUTION,
                      CTX_PREFER_MAX_AFFECTED,
                      CTX_PREFER_TX,
                      CTX_PREFERENCES
};

/* A body that is too long to be held in memory, and an answer that is: of httpd.c, of a command, of a test. */
struct ctx_stream {
    void *data;
    /* How many; 0: the end; below 0: it broke off, or is too long, and the problem is set. */
    int64_t (*read)(void *data, char *bytes, size_t size);
    /* The first call sends status and headers. false: nobody takes it any more. */
    bool (*write)(void *data, const char *bytes, size_t size);
    bool (*is_gone)(void *data); /* has the client hung up? */
};

/* What a request was charged: ratelimit.c. */
enum ctx_rates { CTX_RATE_USER, CTX_RATE_ORGANIZATION, CTX_RATE_ADDRESS, CTX_RATES };
struct ctx_rate {
    char key[17]; /* of the bucket: its kind, and whose it is */
    uint8_t key_size;
    struct ratelimit_state state;
};

struct ctx_transaction;    /* store.c */
struct idempotency;        /* idempotency.c */
struct custom_definitions; /* custom.c */

struct alees_ctx {
    uint32_t magic;
    const void *owner; /* the thread it belongs to, see ctx_is_owner */
    struct app *app;
    struct arena *arena;
    struct problem problem;
    char request_id[40];
    char trace_id[TRACE_ID + 1]; /* "": the client has told of no trace */
    uint64_t started_us;         /* monotonic */
    uint64_t auth_us, db_us;     /* spent on authentication, on statements; counted for Server-Timing only */

    struct ctx_request request;
    struct ctx_response response;
    struct ctx_prefer prefer;
    struct ctx_stream *stream; /* NULL: what is sent and answered is in memory, both */
    uint64_t deadline_us;      /* monotonic; 0: none. No statement on the pool runs longer than until then */
    int client;                /* the socket that the request came from; -1: none */

    /* by the stages, in order */
    struct router_match match;
    struct route *route;
    struct ctx_parameter *parameters;
    uint32_t parameter_count;
    alees_str token;
    const struct alees_principal *who;
    const struct alees_organizations *where; /* in which the caller holds the route's permission; NULL: not asked */
    alees_id object, object_organization;    /* of a route with {id} and `object`; of parts: their owner */
    alees_json *json;
    struct ctx_rate rate[CTX_RATES];

    struct alees_self *plugin; /* whose code runs now: scope of its statements, name in a crash */
    bool is_public;            /* no user, on purpose */
    bool is_all;               /* a command: everything, as a superuser */
    struct ctx_transaction *transaction;
    struct idempotency *idempotency;   /* its key is claimed: the answer is stored by ctx_commit; NULL: none */
    struct custom_definitions *custom; /* that were read so far; see custom.h */
    struct ctx_after *after;           /* what plugins want to do once it is committed */
    struct ctx_after *at_end;          /* what is to be done when the client has its answer */
};

struct ctx_after {
    struct ctx_after *next;
    struct alees_self *plugin;
    void (*run)(void *state, alees_ctx *ctx, void *data);
    void *data;
};

/* A ctx in an arena of its own, owned by the calling thread. ctx_end rolls back what is open, does what ctx_at_end was
 * told, and resets the arena, with it the ctx; the arena itself stays the caller's. */
alees_ctx *ctx_new(struct app *app, struct arena *arena) MUST_CHECK; /* NULL without memory */
void ctx_end(alees_ctx *ctx);                                        /* accepts NULL */
bool ctx_is_owner(const alees_ctx *ctx);                             /* is the calling thread the one that made it? */

/* Is there memory to put what was answered so far on the wire? To be asked before a commit: an answer that cannot be given
 * must not have happened. */
bool ctx_can_answer(const alees_ctx *ctx);

/* The one way to end a transaction well: what Idempotency-Key wants to be stored, store_commit, and then what plugins asked for by alees.db/1 after_commit; or, for
 * a client that prefers tx=rollback, what a commit would check and a rollback, without those. */
alees_rc ctx_commit(alees_ctx *ctx) MUST_CHECK;

/* Names a preference in the header Preference-Applied of the answer, if the client sent it: for whoever obeys it. The
 * problem is set. */
alees_rc ctx_obeyed(alees_ctx *ctx, enum ctx_preference which) MUST_CHECK;

/* problem_fail for a plugin, NULL for nobody's: a code that it has declared brings its title. */
alees_rc ctx_fail(alees_ctx *ctx, const struct alees_self *plugin, alees_rc rc, const char *code, alees_str detail);

alees_str ctx_header(const alees_ctx *ctx,
                     const char *name); /* of the request; absent if none; last wins never: first */
/* Of a header that is a list: all its lines, joined by commas. Absent if there is none, or no memory. */
alees_str ctx_header_list(const alees_ctx *ctx, const char *name);
alees_str ctx_parameter(const alees_ctx *ctx, const char *name); /* of the query, decoded; absent if none */
alees_str ctx_path(const alees_ctx *ctx, const char *name);      /* {name} of the path, decoded; absent if none */
alees_rc ctx_set_header(alees_ctx *ctx, const char *name, alees_str value); /* copied; control characters refused */

/* Calls run(state of plugin, ctx, data) at the end of the ctx, when its answer has been sent and no transaction is open;
 * failures are run's to log. data must live as long as the ctx. E_NOMEM. */
alees_rc ctx_at_end(alees_ctx *ctx, struct alees_self *plugin, void (*run)(void *state, alees_ctx *ctx, void *data),
                    void *data) MUST_CHECK;

/* Who writes, as the audit trail's trigger reads it: "user|key|request", each empty if there is none. Absent without
 * memory. */
alees_str ctx_actor(const alees_ctx *ctx) MUST_CHECK;

/* The scope of statements that a plugin's own handler runs now. */
void ctx_scope(const alees_ctx *ctx, struct alees_self *plugin, struct store_scope *ret_scope);

#endif
