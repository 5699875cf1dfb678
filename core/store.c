/* SPDX-License-Identifier: MIT
 * store.c - opening and closing, the registry of statements, the listener. See store.h. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "app.h"
#include "log.h"
#include "store_impl.h"
#include "sys.h"

enum {
    LANE_DEPTH = 512, /* units under way on one lane */
    GRACE_MS = 2000,  /* after statement_timeout PostgreSQL answers by itself, unless it cannot be reached */
    READY_MS = 1000,  /* how long an answer of store_is_ready is believed */
    LOCK_MS = 10,     /* a statement on a lane waits for others' locks: all behind it wait, too */
    SMALL = 65536
};

static struct db_options db_options(const struct config *config) {
    return (struct db_options){
        .url = config_text(config, SETTING_DB_URL),
        .name = "alees",
        .connect_timeout_ms = (uint32_t)config_integer(config, SETTING_DB_CONNECT_TIMEOUT),
        .statement_timeout_ms = (uint32_t)config_integer(config, SETTING_DB_STATEMENT_TIMEOUT),
    };
}

/* A connection of its own, for a moment: all that would make serving wrong is found before the others are made. */
static alees_rc check(struct store *s, const struct db_options *options, const struct plugins *plugins, FILE *errors) {
    char why[DB_WHY];
    struct db *db = NULL;
    alees_rc rc = db_connect(options, &db, why);
    if (rc != ALEES_OK) {
        fprintf(errors, "database.url: cannot connect: %s\n", why);
        return rc;
    }
    rc = store_check(db, plugins, s->secret, errors);
    db_close(db);
    return rc;
}

static alees_rc open_connections(struct store *s, const struct config *config, FILE *errors) {
    char why[DB_WHY];
    const struct db_options db = db_options(config);
    const uint32_t timeout = db.statement_timeout_ms + GRACE_MS;
    s->statement_timeout_ms = db.statement_timeout_ms;
    struct lane_options lanes = {.db = db,
                                 .lanes = (uint32_t)config_integer(config, SETTING_DB_LANES),
                                 .depth = LANE_DEPTH,
                                 .timeout_ms = timeout};
    const struct pool_options pool = {.db = db,
                                      .connections = (uint32_t)config_integer(config, SETTING_DB_POOL),
                                      .wait_ms = (uint32_t)config_integer(config, SETTING_DB_POOL_WAIT),
                                      .timeout_ms = timeout};
    lanes.db.lock_timeout_ms = LOCK_MS;
    alees_rc rc = lane_open(&lanes, &s->lanes, why);
    if (rc != ALEES_OK) {
        fprintf(errors, "database.url: cannot connect: %s\n", why);
        return rc;
    }
    s->pool = pool_new(&pool);
    s->shapes = store_shapes_new(s->secret);
    s->listener = listen_new(&db, s->lanes);
    if (!s->pool || !s->listener || !s->shapes) {
        fprintf(errors, "out of memory\n");
        return ALEES_E_NOMEM;
    }
    return ALEES_OK;
}

alees_rc store_open(const struct config *config, const struct plugins *plugins, FILE *errors,
                    struct store **ret_store) {
    struct store *s = calloc(1, sizeof *s);
    struct arena *arena = s ? arena_new(STORE_MEMORY) : NULL;
    if (!arena) {
        free(s);
        fprintf(errors, "out of memory\n");
        return ALEES_E_NOMEM;
    }
    s->arena = arena;
    pthread_mutex_init(&s->registry, NULL);
    s->rls_stopped = metrics_register(METRICS_COUNTER, "alees_rls_stopped_total", "",
                                      "Statements that row-level security or rights stopped although the host let them "
                                      "through: always a defect or an attack.");
    s->stopped_gone = metrics_register(METRICS_COUNTER, "alees_db_cancelled_total", "reason=\"client gone\"",
                                       "Statements cancelled before they had come to their end.");
    s->stopped_late = metrics_register(METRICS_COUNTER, "alees_db_cancelled_total", "reason=\"deadline\"",
                                       "Statements cancelled before they had come to their end.");
    s->ran = metrics_register(METRICS_COUNTER, "alees_db_statements_total", "", "Statements sent to PostgreSQL.");
    const struct db_options db = db_options(config);
    alees_rc rc = check(s, &db, plugins, errors);
    if (rc == ALEES_OK) {
        rc = open_connections(s, config, errors);
    }
    if (rc != ALEES_OK) {
        store_close(s);
        return rc;
    }
    atomic_store(&s->is_ready, true);
    atomic_store(&s->asked_us, sys_monotonic_us());
    *ret_store = s;
    return ALEES_OK;
}

void store_close(struct store *s) {
    if (s) {
        listen_stop(s->listener);
        lane_close(s->lanes);
        pool_free(s->pool);
        store_shapes_free(s->shapes);
        pthread_mutex_destroy(&s->registry);
        arena_free(s->arena);
        free(s);
    }
}

/* FNV-1a */
uint64_t store_hash(uint64_t seed, const struct alees_self *plugin, alees_str sql) {
    uint64_t h = 0xcbf29ce484222325u ^ seed ^ (plugin ? plugin->index + 1u : 0u);
    for (size_t i = 0; i < sql.len; i++) {
        h = (h ^ (unsigned char)sql.ptr[i]) * 0x100000001b3u;
    }
    return h ^ h >> 32;
}

/* The statement, or the free slot where it belongs. Slots are only ever filled, so this needs no lock. */
static struct statement *find(struct store *s, const struct alees_self *plugin, alees_str sql, size_t *ret_slot) {
    size_t slot = (size_t)store_hash(0, plugin, sql) & (STORE_SLOTS - 1);
    for (;; slot = (slot + 1) & (STORE_SLOTS - 1)) {
        struct statement *st = atomic_load_explicit(&s->slots[slot], memory_order_acquire);
        if (!st || (st->plugin == plugin && str_equal(sql, st->sql))) {
            *ret_slot = slot;
            return st;
        }
    }
}

/* The engine's statements bear the whole name of a resource, those of plugins have none with a dot. */
bool store_is_reading(const char *name, const char *sql) {
    return strchr(name, '.') != NULL && strncasecmp(store_verb(sql), "SELECT", 6) == 0;
}

/* Lock held. */
static struct statement *add(struct store *s, struct alees_self *plugin, const char *name, alees_str sql,
                             uint32_t nparams, size_t slot) {
    if (s->statement_count == UNIT_MAX_STATEMENTS) {
        return NULL;
    }
    struct statement *st = ARENA_NEW(s->arena, struct statement);
    const char *text = arena_dup(s->arena, sql.ptr, sql.len);
    const char *label = arena_dup(s->arena, name, strlen(name));
    if (!st || !text || !label) {
        return NULL;
    }
    *st = (struct statement){
        .nparams = nparams, .sql = text, .name = label, .plugin = plugin, .is_reading = store_is_reading(name, text)};
    s->statements[s->statement_count++] = st;
    st->number = s->statement_count;
    atomic_store_explicit(&s->slots[slot], st, memory_order_release);
    return st;
}

const struct statement *store_statement(struct store *s, struct alees_self *plugin, const char *name, alees_str sql,
                                        uint32_t nparams) {
    ASSERT(nparams <= DB_MAX_PARAMS);
    size_t slot;
    struct statement *st = find(s, plugin, sql, &slot);
    if (st) {
        return st;
    }
    pthread_mutex_lock(&s->registry);
    st = find(s, plugin, sql, &slot);
    if (!st) {
        st = add(s, plugin, name, sql, nparams, slot);
    }
    pthread_mutex_unlock(&s->registry);
    return st;
}

const struct statement *store_known(struct store *s, const struct alees_self *plugin, alees_str sql) {
    size_t slot;
    return find(s, plugin, sql, &slot);
}

const char *store_verb(const char *sql) {
    const char *word = sql + strspn(sql, " \t\r\n");
    while (strncmp(word, "--", 2) == 0) {
        word += strcspn(word, "\n");
        word += strspn(word, " \t\r\n");
    }
    return word;
}

/* Only statements that read or write rows: anything else could change the session it runs on. */
static bool is_data_statement(const char *sql) {
    static const char *const verbs[] = {"SELECT", "INSERT", "UPDATE", "DELETE", "WITH"};
    const char *word = store_verb(sql);
    for (size_t i = 0; i < ARRAY_LEN(verbs); i++) {
        if (strncasecmp(word, verbs[i], strlen(verbs[i])) == 0 && strchr(" \t\r\n(", word[strlen(verbs[i])])) {
            return true;
        }
    }
    return false;
}

static bool report(const struct statement *st, const struct unit *u, FILE *errors) {
    const char *plugin = st->plugin ? st->plugin->decl.name : "alees";
    if (!is_data_statement(st->sql)) {
        fprintf(errors, "%s: statement \"%s\" is none of SELECT, INSERT, UPDATE, DELETE, WITH\n", plugin, st->name);
    } else if (u->error) {
        fprintf(errors, "%s: statement \"%s\" does not fit the database: %s (%s)\n", plugin, st->name,
                db_error(u->error, DB_MESSAGE), db_error(u->error, DB_SQLSTATE));
    } else if (!u->results[0] || db_parameters(u->results[0]) != st->nparams) {
        fprintf(errors, "%s: statement \"%s\" has %u parameters, declared are %u\n", plugin, st->name,
                u->results[0] ? db_parameters(u->results[0]) : 0, st->nparams);
    } else {
        return true;
    }
    return false;
}

/* All of them are sent before the first answer is read: one round trip, not one for each. */
static alees_rc prepare_on(struct store *s, struct session *session, struct arena *arena, FILE *errors) {
    uint32_t count = s->statement_count;
    struct unit *units = ARENA_ARRAY(arena, struct unit, count);
    struct store_call *calls = ARENA_ARRAY(arena, struct store_call, count);
    if (!units || !calls) {
        return ALEES_E_NOMEM;
    }
    for (uint32_t i = 0; i < count; i++) {
        calls[i].statement = s->statements[i];
        if (unit_init(&units[i], arena, &calls[i], 1) != ALEES_OK) {
            return ALEES_E_NOMEM;
        }
        units[i].flags = UNIT_SCOPE | UNIT_PREPARE_ONLY;
        units[i].role = calls[i].statement->plugin ? calls[i].statement->plugin->role : "none";
        units[i].organizations = STR_LIT("{}");
        if (!unit_send(&units[i], session)) {
            return ALEES_E_UNAVAILABLE;
        }
    }
    alees_rc rc = ALEES_OK;
    for (uint32_t i = 0; i < count; i++) {
        if (pool_run(s->pool, session, &units[i]) != ALEES_OK) {
            return ALEES_E_UNAVAILABLE;
        }
        if (!report(calls[i].statement, &units[i], errors)) {
            rc = ALEES_E_INVALID;
        }
    }
    return rc;
}

alees_rc store_prepare_all(struct store *s, FILE *errors) {
    struct session *session = NULL;
    struct arena *arena = arena_new(STORE_MEMORY);
    alees_rc rc = arena ? pool_take(s->pool, &session) : ALEES_E_NOMEM;
    if (rc == ALEES_OK) {
        rc = prepare_on(s, session, arena, errors);
        pool_give(s->pool, session);
    }
    arena_free(arena);
    if (rc == ALEES_E_UNAVAILABLE || rc == ALEES_E_NOMEM) {
        fprintf(errors, "%s\n", rc == ALEES_E_NOMEM ? "out of memory" : "the database went away");
    }
    return rc;
}

alees_rc store_listen(struct store *s, struct alees_self *plugin, const char *channel,
                      void (*on_message)(void *state, alees_ctx *ctx, alees_str payload)) {
    return listen_add(s->listener, plugin, channel, on_message);
}

alees_rc store_listen_start(struct store *s, alees_ctx *(*make)(void *data, struct alees_self *plugin),
                            void (*end)(void *data, alees_ctx *ctx), void *data, FILE *errors) {
    char why[DB_WHY];
    const struct listen_hooks hooks = {make, end, data};
    alees_rc rc = listen_start(s->listener, &hooks, why);
    if (rc != ALEES_OK) {
        fprintf(errors, "database.url: cannot listen: %s\n", why);
    }
    return rc;
}

uint32_t store_listener_age_ms(const struct store *s) {
    return listen_age_ms(s->listener);
}

static bool ask(struct store *s) {
    static const struct statement one = {.sql = "SELECT 1", .name = "ready"};
    const struct store_call call = {.statement = &one};
    struct arena *arena = arena_new(SMALL);
    struct unit *u = arena ? ARENA_NEW(arena, struct unit) : NULL;
    bool is_ready = u && unit_init(u, arena, &call, 1) == ALEES_OK && lane_run(s->lanes, u) == ALEES_OK && !u->error;
    arena_free(arena);
    return is_ready;
}

bool store_is_ready(struct store *s) {
    uint64_t asked = atomic_load(&s->asked_us);
    uint64_t now = sys_monotonic_us();
    if (now - asked >= (uint64_t)READY_MS * 1000 && atomic_compare_exchange_strong(&s->asked_us, &asked, now)) {
        atomic_store(&s->is_ready, ask(s));
    }
    return atomic_load(&s->is_ready);
}

const uint8_t *store_secret(const struct store *s) {
    return s->secret;
}
