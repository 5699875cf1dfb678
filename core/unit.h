/* SPDX-License-Identifier: MIT
 * unit.h - one round trip: [begin] [scope] statements [commit] Sync, and the sorting of what comes back. Level 3.
 *
 * A session is a connection in pipeline mode together with what is prepared on it. A unit is sent on a session in one
 * go; units sent one after the other on one session are answered in that order. lane.c lets many threads share a
 * session, pool.c gives one to a transaction. */
#ifndef UNIT_H
#define UNIT_H

#include "arena.h"
#include "db.h"
#include "store.h"

enum {
    UNIT_MAX_STATEMENTS = 1024, /* registered for ever */
    UNIT_MAX_SHAPES = 512       /* and those that come and go */
};

struct session;

/* Connects, enters pipeline mode and prepares the control statements. As db_connect. */
alees_rc session_open(const struct db_options *options, struct session **ret_session, char why[DB_WHY]) MUST_CHECK;
void session_close(struct session *s); /* accepts NULL */
struct db *session_db(const struct session *s);

enum unit_flags {
    UNIT_BEGIN = 1,      /* opens a transaction first */
    UNIT_LEAVE_ROLE = 2, /* an earlier unit of this transaction has set a role that may not set another */
    UNIT_SCOPE = 4,      /* sets role, organizations and actor, until the end of the transaction */
    UNIT_COMMIT = 8,
    UNIT_ROLLBACK = 16,
    UNIT_PREPARE_ONLY = 32, /* the first call is prepared and described, not run */
    UNIT_CHECK = 64,        /* what is deferred to the commit is checked now */
    UNIT_SNAPSHOT = 128,    /* opens a transaction first that only reads, in one snapshot, planned for its values */
    UNIT_RELEASE = 256,     /* forgets the savepoint */
    UNIT_SAVEPOINT = 512,   /* sets it */
    UNIT_BACK = 1024,       /* undoes what has happened since it was set */
    UNIT_BY_INDEX = 2048    /* with SNAPSHOT: see struct store_scope */
};

enum unit_stopped { UNIT_NOT_STOPPED, UNIT_LATE, UNIT_GONE };

struct unit {
    const struct store_call *calls;
    uint32_t count;
    uint32_t flags;
    bool all;                   /* which of the two roles of the statements' plugin: part of a prepared one's name */
    const char *role;           /* UNIT_SCOPE: "none" is the login role itself */
    alees_str organizations;    /* UNIT_SCOPE */
    alees_str actor;            /* UNIT_SCOPE: who writes, for the audit trail; absent: the unit only reads */
    alees_str timeout;          /* statement_timeout of the transaction in ms; absent: that of the session */
    uint64_t stop_us;           /* unit_run: monotonic; cancelled when it has passed; 0: never */
    int client;                 /* unit_run: a socket; cancelled when its peer hangs up; -1: none */
    enum unit_stopped stopped;  /* unit_run has cancelled it. It may have come to its end all the same */
    alees_str application;      /* together with actor: what PostgreSQL shows the connection as; absent: as ever */
    struct db_result **results; /* of calls[i], NULL if it did not come so far; the unit's own */
    struct db_result *error;    /* the first refusal, or NULL; the unit's own */
    uint32_t error_call;        /* which call it was; count: none of them */
    bool is_rolled_back;        /* a COMMIT that could only roll back */
    struct unit_step *steps;
    uint32_t step_count, step;
};

/* Memory for the unit's steps and results. u itself must live as long as the arena, at whose end its results are freed.
 * E_NOMEM. */
alees_rc unit_init(struct unit *u, struct arena *arena, const struct store_call *calls, uint32_t count) MUST_CHECK;

/* For one that only begins, commits or rolls back: needs no arena, so that a rollback cannot fail for lack of memory.
 * The caller frees u->error. */
struct unit_step {
    uint8_t kind;
    uint32_t call;
};
struct unit_space {
    struct unit_step steps[6];
};
void unit_init_control(struct unit *u, struct unit_space *space, uint32_t flags);

/* Sends all of it, and writes what the socket takes at once. false: the session is of no use any more. */
bool unit_send(struct unit *u, struct session *s) MUST_CHECK;

/* Takes what has come for this unit, the oldest that is not complete. Never waits. */
enum unit_state { UNIT_WAITING, UNIT_COMPLETE, UNIT_LOST };
enum unit_state unit_receive(struct unit *u, struct session *s) MUST_CHECK;

/* For a session that only this thread uses: sends, writes and reads until it is complete. false: lost, or past the
 * deadline; the session must be closed. After one that was stopped the session takes a ROLLBACK before anything else. */
bool unit_run(struct unit *u, struct session *s, uint64_t deadline_us) MUST_CHECK;

#endif
