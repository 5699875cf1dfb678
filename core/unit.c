/* SPDX-License-Identifier: MIT
 * unit.c - see unit.h.
 *
 * When is a statement prepared? Its Parse must run under the role of its plugin, so it travels in the first unit that
 * needs it, behind the scope, and may fail or be skipped there. Later units are sent before that is known. So a
 * statement has three states on a session:
 *
 *   NEW      nobody has sent its Parse: the next unit does, and uses it by name
 *   ASKED    a Parse is under way: units sent meanwhile carry the SQL themselves, in an unnamed statement. They neither
 *            rely on that Parse nor send a second one under the same name, which PostgreSQL would refuse
 *   READY    its success has come back: used by name from now on
 *
 * A Parse that fails or is skipped gives NEW again. One that succeeded stays when its transaction is rolled back:
 * PostgreSQL keeps prepared statements outside of transactions. A statement whose plan no longer fits (a column has
 * changed its type under a running server) is UNNAMED from then on: its name is taken, its plan of no use.
 *
 * The number of a shape passes from one statement to another (store_shape.c). When the later one is first sent on a
 * session, what the session has of the earlier is deallocated: at the beginning of the unit, where nothing has failed
 * yet that would skip it. While the earlier one's Parse is still under way the later goes without a name. */
#include "unit.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sys.h"

enum {
    STOP_AGAIN_US = 200000, /* a request to cancel that came between two statements is lost: it is made again */
    STOP_GRACE_US = 5000000 /* for an answer after the first */
};

enum plan_state { PLAN_NEW, PLAN_ASKED, PLAN_READY, PLAN_UNNAMED };

struct session {
    struct db *db;
    uint8_t plans[2 * (UNIT_MAX_STATEMENTS + UNIT_MAX_SHAPES + 1)]; /* by number and role */
    uint64_t serials[2 * UNIT_MAX_SHAPES];                          /* which shape it is about */
};

enum step_kind { STEP_CONTROL, STEP_DROP, STEP_COMMIT, STEP_PARSE, STEP_DESCRIBE, STEP_RUN };

/* The control statements: their names are words, those of statements start with a digit. */
static const struct {
    const char *name, *sql;
} controls[] = {
    {"scope", "SELECT set_config('role', $1, true), set_config('alees.organizations', $2, true)"},
    {"actor", "SELECT set_config('role', $1, true), set_config('alees.organizations', $2, true), "
              "set_config('alees.actor', $3, true)"},
    {"limit", "SELECT set_config('statement_timeout', $1, true)"},
    {"traced", "SELECT set_config('role', $1, true), set_config('alees.organizations', $2, true), "
               "set_config('alees.actor', $3, true), set_config('application_name', $4, true)"},
    {"begin", "BEGIN"},
    {"snapshot", "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"},
    {"anew", "SET LOCAL plan_cache_mode = force_custom_plan"},
    {"by_index", "SET LOCAL enable_seqscan = off"},
    {"commit", "COMMIT"},
    {"rollback", "ROLLBACK"},
    {"leave", "SET LOCAL ROLE NONE"},
    {"check", "SET CONSTRAINTS ALL IMMEDIATE"},
    {"release", "RELEASE SAVEPOINT alees"},
    {"savepoint", "SAVEPOINT alees"},
    {"back", "ROLLBACK TO SAVEPOINT alees"},
};

alees_rc session_open(const struct db_options *options, struct session **ret_session, char why[DB_WHY]) {
    struct session *s = calloc(1, sizeof *s);
    if (!s) {
        snprintf(why, DB_WHY, "out of memory");
        return ALEES_E_NOMEM;
    }
    uint64_t deadline = sys_monotonic_us() + (uint64_t)options->connect_timeout_ms * 1000;
    alees_rc rc = db_connect(options, &s->db, why);
    if (rc != ALEES_OK) {
        session_close(s);
        return rc;
    }
    bool is_sent = db_pipeline(s->db);
    for (size_t i = 0; is_sent && i < ARRAY_LEN(controls); i++) {
        is_sent = db_send_prepare(s->db, controls[i].name, controls[i].sql);
    }
    struct unit_step steps[ARRAY_LEN(controls)] = {{0, 0}};
    struct unit u = {.steps = steps, .step_count = ARRAY_LEN(controls), .client = -1};
    if (!is_sent || !db_send_sync(s->db) || !unit_run(&u, s, deadline) || u.error) {
        snprintf(why, DB_WHY, "the connection was lost or is not fit: %s",
                 u.error ? db_error(u.error, DB_MESSAGE) : "no answer in time");
        db_result_free(u.error);
        session_close(s);
        return ALEES_E_UNAVAILABLE;
    }
    *ret_session = s;
    return ALEES_OK;
}

void session_close(struct session *s) {
    if (s) {
        db_close(s->db);
        free(s);
    }
}

struct db *session_db(const struct session *s) {
    return s->db;
}

static void release(void *data) {
    struct unit *u = data;
    for (uint32_t i = 0; i < u->count; i++) {
        db_result_free(u->results[i]);
    }
    db_result_free(u->error);
}

alees_rc unit_init(struct unit *u, struct arena *arena, const struct store_call *calls, uint32_t count) {
    *u = (struct unit){.calls = calls, .count = count, .error_call = count, .client = -1};
    u->results = ARENA_ARRAY(arena, struct db_result *, count);
    u->steps = ARENA_ARRAY(arena, struct unit_step, ARRAY_LEN(((struct unit_space *)0)->steps) + 3 * (size_t)count);
    if (!u->results || !u->steps || !arena_defer(arena, release, u)) {
        return ALEES_E_NOMEM;
    }
    return ALEES_OK;
}

void unit_init_control(struct unit *u, struct unit_space *space, uint32_t flags) {
    *u = (struct unit){.flags = flags, .steps = space->steps, .client = -1};
}

enum { PLAN_NAME = 24 };

/* "12" or "12a"; of a shape "s7" or "s7a", by its serial. Written by hand: this runs for each statement, under the lock of
 * a lane. */
static const char *plan_name(uint32_t number, uint64_t serial, bool all, char out[PLAN_NAME]) {
    char *p = out + PLAN_NAME - 1;
    *p = '\0';
    if (all) {
        *--p = 'a';
    }
    for (uint64_t n = serial ? serial : number; n; n /= 10) {
        *--p = (char)('0' + n % 10);
    }
    if (serial) {
        *--p = 's';
    }
    return p;
}

static uint8_t *plan_of(struct session *s, const struct unit *u, uint32_t call) {
    return &s->plans[2 * u->calls[call].statement->number + (u->all ? 1 : 0)];
}

/* Which shape the session's plan is about. */
static uint64_t *serial_of(struct session *s, const struct unit *u, uint32_t call) {
    return &s->serials[2 * (u->calls[call].statement->number - UNIT_MAX_STATEMENTS - 1) + (u->all ? 1 : 0)];
}

static void step(struct unit *u, enum step_kind kind, uint32_t call) {
    u->steps[u->step_count++] = (struct unit_step){.kind = (uint8_t)kind, .call = call};
}

static bool send_control(struct unit *u, struct session *s, enum step_kind kind, const char *name,
                         const alees_str *params, uint32_t count) {
    step(u, kind, u->count);
    return db_send_prepared(s->db, name, params, count);
}

/* Before anything of the unit can fail: the place of a shape becomes its own. */
static bool make_room(struct unit *u, struct session *s, uint32_t call) {
    const struct statement *st = u->calls[call].statement;
    if (st->serial == 0 || st->number == 0) {
        return true;
    }
    uint8_t *plan = plan_of(s, u, call);
    uint64_t *serial = serial_of(s, u, call), earlier = *serial;
    /* A younger one has it already: this request was on its way when it lost its place. */
    if (earlier >= st->serial || *plan == PLAN_ASKED) {
        return true;
    }
    bool is_there = *plan == PLAN_READY; /* one that is UNNAMED may be gone, and the unit must not fail for that */
    *serial = st->serial;
    *plan = PLAN_NEW;
    if (!is_there) {
        return true;
    }
    char name[PLAN_NAME], sql[PLAN_NAME + 16];
    snprintf(sql, sizeof sql, "DEALLOCATE \"%s\"", plan_name(0, earlier, u->all, name));
    step(u, STEP_DROP, call);
    return db_send_text(s->db, sql, NULL, 0);
}

static bool send_call(struct unit *u, struct session *s, uint32_t call) {
    const struct statement *st = u->calls[call].statement;
    const alees_str *params = u->calls[call].params;
    uint8_t *plan = plan_of(s, u, call);
    bool is_other = st->number != 0 && st->serial != 0 && *serial_of(s, u, call) != st->serial;
    char buffer[PLAN_NAME];
    const char *name = plan_name(st->number, st->serial, u->all, buffer);
    if (st->number == 0 || is_other || *plan == PLAN_ASKED || *plan == PLAN_UNNAMED) {
        step(u, STEP_RUN, call);
        return db_send_text(s->db, st->sql, params, st->nparams);
    }
    if (*plan == PLAN_NEW) {
        *plan = PLAN_ASKED;
        step(u, STEP_PARSE, call);
        if (!db_send_prepare(s->db, name, st->sql)) {
            return false;
        }
    }
    if (u->flags & UNIT_PREPARE_ONLY) {
        step(u, STEP_DESCRIBE, call);
        return db_send_describe(s->db, name);
    }
    step(u, STEP_RUN, call);
    return db_send_prepared(s->db, name, params, st->nparams);
}

static bool send_scope(struct unit *u, struct session *s) {
    const alees_str scope[4] = {{u->role, 0}, u->organizations, u->actor, u->application};
    if (!u->actor.ptr) {
        return send_control(u, s, STEP_CONTROL, "scope", scope, 2);
    }
    return u->application.ptr ? send_control(u, s, STEP_CONTROL, "traced", scope, 4)
                              : send_control(u, s, STEP_CONTROL, "actor", scope, 3);
}

static bool send_savepoint(struct unit *u, struct session *s) {
    static const struct {
        uint32_t flag;
        const char *name;
    } all[] = {{UNIT_BACK, "back"}, {UNIT_RELEASE, "release"}, {UNIT_SAVEPOINT, "savepoint"}};
    bool is_sent = true;
    for (size_t i = 0; is_sent && i < ARRAY_LEN(all); i++) {
        is_sent = (u->flags & all[i].flag) == 0 || send_control(u, s, STEP_CONTROL, all[i].name, NULL, 0);
    }
    return is_sent;
}

bool unit_send(struct unit *u, struct session *s) {
    bool is_sent = true;
    if (u->flags & (UNIT_BEGIN | UNIT_SNAPSHOT)) {
        is_sent = send_control(u, s, STEP_CONTROL, u->flags & UNIT_BEGIN ? "begin" : "snapshot", NULL, 0);
    }
    if (is_sent && (u->flags & UNIT_SNAPSHOT)) { /* what may be slow is planned for its values: that takes far less */
        is_sent = send_control(u, s, STEP_CONTROL, "anew", NULL, 0);
    }
    if (is_sent && (u->flags & UNIT_BY_INDEX)) {
        is_sent = send_control(u, s, STEP_CONTROL, "by_index", NULL, 0);
    }
    for (uint32_t i = 0; is_sent && i < u->count; i++) {
        is_sent = make_room(u, s, i);
    }
    is_sent = is_sent && send_savepoint(u, s);
    if (is_sent && (u->flags & UNIT_LEAVE_ROLE)) {
        is_sent = send_control(u, s, STEP_CONTROL, "leave", NULL, 0);
    }
    if (is_sent && u->timeout.ptr) { /* before the role, which may set nothing */
        is_sent = send_control(u, s, STEP_CONTROL, "limit", &u->timeout, 1);
    }
    if (is_sent && (u->flags & UNIT_SCOPE)) {
        is_sent = send_scope(u, s);
    }
    for (uint32_t i = 0; is_sent && i < u->count; i++) {
        is_sent = send_call(u, s, i);
    }
    if (is_sent && (u->flags & UNIT_CHECK)) {
        is_sent = send_control(u, s, STEP_CONTROL, "check", NULL, 0);
    }
    if (is_sent && (u->flags & UNIT_COMMIT)) {
        is_sent = send_control(u, s, STEP_COMMIT, "commit", NULL, 0);
    }
    if (is_sent && (u->flags & UNIT_ROLLBACK)) {
        is_sent = send_control(u, s, STEP_CONTROL, "rollback", NULL, 0);
    }
    return is_sent && db_send_sync(s->db);
}

/* feature_not_supported: "cached plan must not change result type"; invalid_sql_statement_name: somebody
 * deallocated it. */
static bool is_plan_spoilt(const struct db_result *error) {
    const char *state = db_error(error, DB_SQLSTATE);
    return strcmp(state, "0A000") == 0 || strcmp(state, "26000") == 0;
}

static void keep(struct unit *u, struct session *s, struct db_result *result) {
    const struct unit_step *now = &u->steps[u->step];
    switch ((enum step_kind)now->kind) {
    case STEP_RUN:
    case STEP_DESCRIBE:
        db_result_free(u->results[now->call]);
        u->results[now->call] = result;
        return;
    case STEP_PARSE: *plan_of(s, u, now->call) = PLAN_READY; break;
    case STEP_COMMIT: u->is_rolled_back = db_is_rollback(result); break;
    case STEP_DROP:
    case STEP_CONTROL: break;
    }
    db_result_free(result);
}

static void refuse(struct unit *u, struct session *s, struct db_result *error) {
    static const struct unit_step sync = {STEP_CONTROL, 0};
    const struct unit_step *now = u->step < u->step_count ? &u->steps[u->step] : &sync;
    if (now->kind == STEP_PARSE) {
        *plan_of(s, u, now->call) = PLAN_NEW;
    } else if (now->kind == STEP_RUN && error && is_plan_spoilt(error)) {
        uint8_t *plan = plan_of(s, u, now->call);
        *plan = *plan == PLAN_READY ? PLAN_UNNAMED : *plan;
    }
    if (error && !u->error) {
        u->error = error;
        u->error_call = now->kind == STEP_CONTROL || now->kind == STEP_DROP ? u->count : now->call;
    } else {
        db_result_free(error);
    }
}

enum unit_state unit_receive(struct unit *u, struct session *s) {
    for (;;) {
        struct db_result *result = NULL;
        enum db_kind kind = db_next(s->db, &result);
        if (kind == DB_BUSY) {
            return UNIT_WAITING;
        }
        if (kind == DB_SYNC) {
            return u->step >= u->step_count ? UNIT_COMPLETE : UNIT_LOST;
        }
        /* Behind the last step the Sync itself may be refused: it commits, and checks what was deferred. */
        bool is_out_of_step = u->step > u->step_count || (u->step == u->step_count && kind == DB_RESULT);
        if (kind == DB_LOST || is_out_of_step) {
            db_result_free(result);
            return UNIT_LOST;
        }
        if (kind == DB_RESULT) {
            keep(u, s, result);
        } else if (kind == DB_END) {
            u->step++;
        } else {
            refuse(u, s, result);
        }
    }
}

/* Is it time to end it, or to say so once more? */
static bool must_stop(struct unit *u, bool is_gone, uint64_t now, uint64_t again_us) {
    if (u->stopped == UNIT_NOT_STOPPED) {
        bool is_late = u->stop_us != 0 && now >= u->stop_us;
        u->stopped = is_gone ? UNIT_GONE : is_late ? UNIT_LATE : UNIT_NOT_STOPPED;
        return u->stopped != UNIT_NOT_STOPPED;
    }
    return now >= again_us;
}

static int wait_ms(const struct unit *u, uint64_t now, uint64_t until) {
    if (u->stopped == UNIT_NOT_STOPPED && u->stop_us != 0 && u->stop_us < until) {
        until = u->stop_us;
    } else if (u->stopped != UNIT_NOT_STOPPED && now + STOP_AGAIN_US < until) {
        until = now + STOP_AGAIN_US;
    }
    uint64_t ms = until > now ? (until - now) / 1000 + 1 : 0;
    return ms < INT_MAX ? (int)ms : INT_MAX;
}

bool unit_run(struct unit *u, struct session *s, uint64_t deadline_us) {
    uint64_t again_us = 0;
    bool is_gone = false;
    /* A unit whose steps are there already has been sent by session_open. */
    if (u->step_count == 0 && !unit_send(u, s)) {
        return false;
    }
    for (;;) {
        int unsent = db_flush(s->db);
        enum unit_state state = unsent < 0 ? UNIT_LOST : unit_receive(u, s);
        uint64_t now = sys_monotonic_us();
        if (state != UNIT_WAITING || now >= deadline_us) {
            return state == UNIT_COMPLETE;
        }
        if (must_stop(u, is_gone, now, again_us)) {
            deadline_us = again_us == 0 && now + STOP_GRACE_US < deadline_us ? now + STOP_GRACE_US : deadline_us;
            db_cancel(s->db);
            again_us = now + STOP_AGAIN_US;
        }
        is_gone = sys_wait(db_socket(s->db), unsent > 0, u->stopped == UNIT_NOT_STOPPED ? u->client : -1,
                           wait_ms(u, now, deadline_us));
        if (!db_consume(s->db)) {
            /* What came before the end may still complete it. */
            return unit_receive(u, s) == UNIT_COMPLETE;
        }
    }
}
