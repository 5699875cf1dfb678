/* SPDX-License-Identifier: MIT
 * test_cache.c - plugins/rbac as it is built, on a host and a database of nothing but this file: what is read and when,
 * what a hint makes it forget, and that many threads never see what was taken away before. Worth a run under the thread
 * sanitizer. */
#include "test.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>

#include "alees/cred.h"
#include "alees/db.h"
#include "alees/http.h"
#include "alees/json.h"
#include "alees/rbac.h"
#include "alees/util.h"

#define USER "01930000-0000-7000-8000-00000000000a"
#define ACME "01930000-0000-7000-8000-000000000001"
#define BELOW "01930000-0000-7000-8000-000000000002"
#define ROLE "01930000-0000-7000-8000-0000000000c1"
#define MEMBERSHIP "01930000-0000-7000-8000-0000000000d1"
#define TOKEN "alees_this-is-the-token-of-the-only-user"

enum { VIEW = 1, ADD };

static const struct alees_permission permission_rows[] = {{"product.view_product", "See."},
                                                          {"product.add_product", "Add."}};

/* --- the database: a few facts --- */

static struct {
    atomic_uint granted; /* odd: the role is held */
    atomic_bool is_active, is_silent, is_away, role_adds, has_below;
    atomic_int users_read, trees_read, roles_read;
    void (*during_read)(void);
    void (*on_message)(void *state, alees_ctx *ctx, alees_str payload);
} facts;

struct alees_rows {
    uint32_t count;
    const char *cells[2][12];
};

static alees_rows *new_rows(alees_ctx *ctx) {
    return arena_alloc((struct arena *)ctx, sizeof(struct alees_rows));
}

static void read_user(alees_rows *rows, bool is_by_token) {
    const bool is_held = atomic_load(&facts.granted) % 2 == 1;
    rows->count = 1;
    const char *row[12] = {USER,
                           "somebody",
                           atomic_load(&facts.is_active) ? "t" : "f",
                           "f",
                           is_by_token ? "32503680000000000" : NULL,
                           MEMBERSHIP,
                           ACME,
                           "t",
                           "t",
                           NULL,
                           NULL,
                           is_held ? ROLE : NULL};
    memcpy(rows->cells[0], row, sizeof row);
    atomic_fetch_add(&facts.users_read, 1);
}

static void read_roles(alees_rows *rows) {
    const char *first[12] = {ROLE, NULL, "viewer", "product.view_product"};
    const char *second[12] = {ROLE, NULL, "viewer", "product.add_product"};
    rows->count = atomic_load(&facts.role_adds) ? 2 : 1;
    memcpy(rows->cells[0], first, sizeof first);
    memcpy(rows->cells[1], second, sizeof second);
    atomic_fetch_add(&facts.roles_read, 1);
}

static void read_tree(alees_rows *rows) {
    const char *first[12] = {ACME, NULL, "t", "Acme"};
    const char *second[12] = {BELOW, ACME, "t", "Acme below"};
    rows->count = atomic_load(&facts.has_below) ? 2 : 1;
    memcpy(rows->cells[0], first, sizeof first);
    memcpy(rows->cells[1], second, sizeof second);
    atomic_fetch_add(&facts.trees_read, 1);
}

static uint64_t hash_of(alees_str text) {
    uint64_t hash = 0xcbf29ce484222325u;
    for (size_t i = 0; i < text.len; i++) {
        hash = (hash ^ (uint8_t)text.ptr[i]) * 0x100000001b3u;
    }
    return hash;
}

static void hash_token(alees_str token, uint8_t *out) {
    uint64_t hash = hash_of(token);
    for (size_t i = 0; i < 4; i++) {
        memcpy(out + 8 * i, &hash, sizeof hash);
    }
}

static bool is_known_token(alees_str hex) {
    uint8_t hash[32];
    char text[65];
    hash_token(alees_text(TOKEN), hash);
    for (size_t i = 0; i < 32; i++) {
        static const char digits[] = "0123456789abcdef";
        text[2 * i] = digits[hash[i] >> 4];
        text[2 * i + 1] = digits[hash[i] & 15];
    }
    return hex.len == 64 && memcmp(hex.ptr, text, 64) == 0;
}

static alees_rc db_run(alees_self *self, alees_ctx *ctx, const struct alees_statement *statement,
                       const alees_str *params, uint32_t count, alees_rows **ret_rows) {
    alees_rows *rows = new_rows(ctx);
    (void)self;
    assert_int_equal(count, statement->nparams);
    assert_int_equal(statement->flags, ALEES_STATEMENT_ALONE | ALEES_STATEMENT_EVERYWHERE);
    assert_non_null(rows);
    if (atomic_load(&facts.is_away)) {
        return ALEES_E_UNAVAILABLE;
    }
    if (strcmp(statement->name, "load_roles") == 0) {
        read_roles(rows);
    } else if (strcmp(statement->name, "load_organizations") == 0) {
        read_tree(rows);
    } else if (strcmp(statement->name, "load_by_id") == 0) {
        read_user(rows, false);
    } else if (strcmp(statement->name, "load_by_token") == 0 && is_known_token(params[0])) {
        read_user(rows, true);
    }
    if (facts.during_read) {
        facts.during_read();
    }
    *ret_rows = rows;
    return ALEES_OK;
}

static uint32_t db_count(const alees_rows *rows) {
    return rows->count;
}

static alees_str db_text(const alees_rows *rows, uint32_t row, uint32_t column) {
    return alees_text(rows->cells[row][column]);
}

static alees_rc db_listen(alees_self *self, const char *channel,
                          void (*on_message)(void *state, alees_ctx *ctx, alees_str payload)) {
    (void)self;
    assert_string_equal(channel, "alees_rbac");
    facts.on_message = on_message;
    return ALEES_OK;
}

static uint32_t db_listener_age(alees_self *self) {
    (void)self;
    return atomic_load(&facts.is_silent) ? 2001 : 2000;
}

/* --- the host --- */

static uint32_t is_equal(const void *a, const void *b, size_t length) {
    return memcmp(a, b, length) == 0;
}

static const struct alees_db_v1 db = {.struct_size = sizeof db,
                                      .run = db_run,
                                      .count = db_count,
                                      .text = db_text,
                                      .listen = db_listen,
                                      .listener_age = db_listener_age};
static const struct alees_cred_v1 cred = {.struct_size = sizeof cred, .hash_token = hash_token, .is_equal = is_equal};
static const struct alees_http_v1 http = {.struct_size = sizeof http};
static const struct alees_json_v1 json = {.struct_size = sizeof json};

static const void *host_service(alees_self *self, const char *id) {
    (void)self;
    return strcmp(id, ALEES_DB_V1) == 0     ? (const void *)&db
           : strcmp(id, ALEES_CRED_V1) == 0 ? (const void *)&cred
           : strcmp(id, ALEES_HTTP_V1) == 0 ? (const void *)&http
                                            : (const void *)&json;
}

static void *host_alloc(alees_ctx *ctx, size_t size) {
    return arena_alloc((struct arena *)ctx, size);
}

static alees_rc host_fail(alees_ctx *ctx, alees_rc rc, const char *code, alees_str detail) {
    (void)ctx;
    (void)code;
    (void)detail;
    return rc;
}

static alees_str host_setting(alees_self *self, const char *key) {
    (void)self;
    return alees_text(strcmp(key, "cache_mib") == 0 ? "1" : "10");
}

static void host_count(alees_self *self, uint32_t metric, int64_t delta) {
    (void)self;
    (void)metric;
    (void)delta;
}

static alees_id host_new_id(void) {
    return (alees_id){{1}};
}

static alees_str host_listen_address(void) {
    return alees_text(NULL);
}

static const struct alees_host host = {.struct_size = sizeof host,
                                       .service = host_service,
                                       .alloc = host_alloc,
                                       .fail = host_fail,
                                       .setting = host_setting,
                                       .count = host_count,
                                       .new_id = host_new_id,
                                       .listen_address = host_listen_address};

/* --- one plugin for each test --- */

static const struct alees_plugin *plugin;
static const struct alees_rbac_v1 *rbac;
static void *plugin_state;
static struct arena *memory; /* of the test's own thread */

static int open_plugin(void **state) {
    void *module = dlopen(ALEES_PLUGIN_BUILD_DIR "/rbac.so", RTLD_NOW | RTLD_LOCAL);
    (void)state;
    plugin = module ? dlsym(module, "alees_plugin_v1") : NULL;
    return plugin ? 0 : -1;
}

static int start(void **state) {
    (void)state;
    memset(&facts, 0, sizeof facts);
    atomic_store(&facts.granted, 1);
    atomic_store(&facts.is_active, true);
    memory = test_arena();
    assert_ok(plugin->start(NULL, &host, (alees_ctx *)memory, &plugin_state));
    rbac = plugin->offer(plugin_state, ALEES_RBAC_V1);
    assert_ok(rbac->catalogue(rbac, (alees_ctx *)memory, (alees_list)ALEES_LIST(permission_rows)));
    return 0;
}

static int stop(void **state) {
    (void)state;
    plugin->stop(plugin_state);
    arena_free(memory);
    return 0;
}

static void hint(const char *payload) {
    facts.on_message(plugin_state, NULL, alees_text(payload));
}

static alees_rc ask_in(struct arena *arena, uint32_t permission, const char *where) {
    const struct alees_principal *who;
    alees_id id;
    assert_ok(alees_id_parse(alees_text(where), &id));
    alees_rc rc = rbac->authenticate(rbac, (alees_ctx *)arena, alees_text(TOKEN), &who);
    return rc == ALEES_OK ? rbac->decide(rbac, (alees_ctx *)arena, who, permission, &id, NULL) : rc;
}

static alees_rc ask(uint32_t permission) {
    return ask_in(memory, permission, ACME);
}

static void assert_reads(int users, int trees, int roles) {
    assert_int_equal(atomic_exchange(&facts.users_read, 0), users);
    assert_int_equal(atomic_exchange(&facts.trees_read, 0), trees);
    assert_int_equal(atomic_exchange(&facts.roles_read, 0), roles);
}

static void test_reads_once(void **state) {
    (void)state;
    assert_ok(ask(VIEW));
    assert_reads(1, 1, 1);
    for (int i = 0; i < 10; i++) {
        assert_ok(ask(VIEW));
        assert_err(ask(ADD), ALEES_E_DENIED);
    }
    assert_reads(0, 0, 0);
}

static void test_a_hint_forgets_what_it_names(void **state) {
    (void)state;
    assert_ok(ask(VIEW));
    assert_reads(1, 1, 1);
    atomic_store(&facts.granted, 2);
    hint("u:" USER);
    assert_err(ask(VIEW), ALEES_E_DENIED);
    assert_reads(1, 0, 0);
    hint("u:" ACME); /* some other user */
    (void)ask(VIEW);
    assert_reads(0, 0, 0);
    atomic_store(&facts.granted, 3);
    hint("u:" USER);
    assert_ok(ask(VIEW));
    assert_reads(1, 0, 0);
    atomic_store(&facts.role_adds, true);
    hint("r:");
    assert_ok(ask(ADD));
    assert_reads(0, 0, 1); /* the user is resolved anew, not read */
    assert_err(ask_in(memory, ADD, BELOW), ALEES_E_DENIED);
    atomic_store(&facts.has_below, true);
    hint("o:");
    assert_ok(ask_in(memory, ADD, BELOW));
    assert_reads(0, 1, 0);
    hint("flush");
    assert_ok(ask(ADD));
    assert_reads(1, 1, 1);
    hint(NULL); /* connected again */
    assert_ok(ask(ADD));
    assert_reads(1, 1, 1);
    hint("something of a newer server");
    assert_ok(ask(ADD));
    assert_reads(1, 1, 1);
}

static void test_a_token_is_forgotten_by_its_hash(void **state) {
    uint8_t hash[32];
    char text[35] = "t:";
    (void)state;
    assert_ok(ask(VIEW));
    assert_reads(1, 1, 1);
    hash_token(alees_text(TOKEN), hash);
    for (size_t i = 0; i < 16; i++) {
        (void)snprintf(text + 2 + 2 * i, 3, "%02x", hash[i]);
    }
    hint(text);
    assert_ok(ask(VIEW));
    assert_reads(1, 0, 0);
}

static void say_so_meanwhile(void) {
    hint("u:" USER);
}

static void test_what_changes_while_it_is_read_is_not_kept(void **state) {
    (void)state;
    facts.during_read = say_so_meanwhile;
    assert_ok(ask(VIEW)); /* by token, and, since that was not kept, by id */
    assert_reads(2, 1, 1);
    facts.during_read = NULL;
    assert_ok(ask(VIEW));
    assert_reads(1, 0, 0);
    assert_ok(ask(VIEW));
    assert_reads(0, 0, 0);
}

static void test_a_silent_listener_is_not_believed(void **state) {
    (void)state;
    assert_ok(ask(VIEW));
    assert_reads(1, 1, 1);
    atomic_store(&facts.is_silent, true);
    atomic_store(&facts.granted, 2); /* and nobody says so */
    assert_err(ask(VIEW), ALEES_E_DENIED);
    assert_reads(2, 2, 2); /* for each question */
    atomic_store(&facts.is_away, true);
    assert_err(ask(VIEW), ALEES_E_UNAVAILABLE);
    atomic_store(&facts.is_silent, false); /* heard again, with a database that is still away */
    hint(NULL);
    assert_err(ask(VIEW), ALEES_E_UNAVAILABLE);
    atomic_store(&facts.is_away, false);
    assert_err(ask(VIEW), ALEES_E_DENIED);
}

static void test_nobody(void **state) {
    const struct alees_principal *who;
    const struct alees_organizations *where;
    alees_ctx *ctx = (alees_ctx *)memory;
    alees_id acme;
    (void)state;
    assert_ok(alees_id_parse(alees_text(ACME), &acme));
    assert_err(rbac->authenticate(rbac, ctx, alees_text("alees_no-such-token-is-known-to-anybody"), &who),
               ALEES_E_UNAUTHENTICATED);
    assert_err(rbac->authenticate(rbac, ctx, alees_text("not-one-of-ours"), &who), ALEES_E_UNAUTHENTICATED);
    assert_err(rbac->authenticate(rbac, ctx, alees_text(NULL), &who), ALEES_E_UNAUTHENTICATED);
    assert_err(rbac->decide(rbac, ctx, NULL, VIEW, &acme, NULL), ALEES_E_DENIED);
    assert_ok(rbac->organizations(rbac, ctx, NULL, VIEW, &where));
    assert_int_equal(where->count, 0);
    assert_int_equal(where->all, 0);
    assert_reads(0, 0, 0);
    atomic_store(&facts.is_active, false);
    assert_err(ask(VIEW), ALEES_E_UNAUTHENTICATED);
}

static void test_the_list_is_a_copy(void **state) {
    const struct alees_principal *who;
    const struct alees_organizations *where;
    alees_ctx *ctx = (alees_ctx *)memory;
    (void)state;
    atomic_store(&facts.has_below, true);
    assert_ok(rbac->authenticate(rbac, ctx, alees_text(TOKEN), &who));
    assert_ok(rbac->organizations(rbac, ctx, who, VIEW, &where));
    atomic_store(&facts.granted, 2);
    hint("flush");
    assert_err(ask(VIEW), ALEES_E_DENIED);
    assert_text(where->text, "{" ACME "," BELOW "}"); /* the request keeps what it was told */
    assert_int_equal(where->count, 2);
    assert_text(who->username, "somebody");
}

/* --- many threads --- */

enum { THREADS = 4, CHANGES = 4000 };

static atomic_uint delivered; /* the last state of facts.granted that was hinted */
static atomic_bool is_over;

static void *change(void *data) {
    static const char *const hints[] = {"u:" USER, "u:" USER, "u:" USER, "flush", NULL};
    (void)data;
    for (uint32_t i = 2; i < CHANGES; i++) {
        atomic_store(&facts.granted, i);
        if (i % 7 == 0) {
            hint("r:");
        }
        if (i % 11 == 0) {
            hint("o:");
        }
        hint(hints[i % 5]);
        atomic_store(&delivered, i);
        nanosleep(&(struct timespec){0, 20000}, NULL);
    }
    atomic_store(&is_over, true);
    return NULL;
}

static void *ask_all_the_time(void *data) {
    struct arena *arena = test_arena();
    uintptr_t wrong = 0;
    (void)data;
    while (!atomic_load(&is_over)) {
        const uint32_t before = atomic_load(&delivered);
        const alees_rc rc = ask_in(arena, VIEW, ACME);
        if (atomic_load(&facts.granted) == before) { /* nothing was under way meanwhile: the answer must be that one */
            wrong += rc != (before % 2 == 1 ? ALEES_OK : ALEES_E_DENIED);
        }
        arena_reset(arena);
    }
    arena_free(arena);
    return (void *)wrong;
}

static void test_many_threads(void **state) {
    pthread_t readers[THREADS], writer;
    (void)state;
    atomic_store(&delivered, 1);
    atomic_store(&is_over, false);
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&readers[i], NULL, ask_all_the_time, NULL), 0);
    }
    assert_int_equal(pthread_create(&writer, NULL, change, NULL), 0);
    pthread_join(writer, NULL);
    for (int i = 0; i < THREADS; i++) {
        void *wrong;
        pthread_join(readers[i], &wrong);
        assert_null(wrong);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_reads_once, start, stop),
        cmocka_unit_test_setup_teardown(test_a_hint_forgets_what_it_names, start, stop),
        cmocka_unit_test_setup_teardown(test_a_token_is_forgotten_by_its_hash, start, stop),
        cmocka_unit_test_setup_teardown(test_what_changes_while_it_is_read_is_not_kept, start, stop),
        cmocka_unit_test_setup_teardown(test_a_silent_listener_is_not_believed, start, stop),
        cmocka_unit_test_setup_teardown(test_nobody, start, stop),
        cmocka_unit_test_setup_teardown(test_the_list_is_a_copy, start, stop),
        cmocka_unit_test_setup_teardown(test_many_threads, start, stop),
    };
    return cmocka_run_group_tests_name("cache", tests, open_plugin, NULL);
}
