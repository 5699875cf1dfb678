/* SPDX-License-Identifier: MIT
 * cmd_demo.c - `alees demo`. The small one is all plugins' rows in one transaction: half a demonstration would be worse than
 * none. The large one is loaded organization by organization, by several threads, through the same roles, policies, triggers
 * and indexes as any other rows: nothing is switched off for it, so nothing can stay so. */
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd_private.h"
#include "store.h"
#include "sys.h"

enum { ORGANIZATIONS = 1000, MOST_ORGANIZATIONS = 10000, WORKERS = 2, LINES = 10 };

struct load {
    struct app *app;
    uint32_t count;
    atomic_uint next;     /* number to be taken */
    atomic_bool is_ended; /* by a failure */
    pthread_mutex_t lock; /* of what is printed, and: */
    uint32_t done;
    struct cmd_progress progress;
};

static alees_ctx *open_ctx(struct app *app) {
    alees_ctx *ctx = server_ctx_new(app, NULL);
    if (ctx) {
        snprintf(ctx->request_id, sizeof ctx->request_id, "cli:demo");
        store_begin(ctx);
    } else {
        fprintf(stderr, "out of memory\n");
    }
    return ctx;
}

/* ---- small ---- */

static int load_small(struct app *app) {
    alees_ctx *ctx = open_ctx(app);
    const char *who = "demo";
    alees_rc rc = ALEES_OK;
    if (!ctx) {
        return CMD_FAILED;
    }
    for (uint32_t i = 0; rc == ALEES_OK && i < app->plugins.count; i++) {
        struct alees_self *plugin = app->plugins.items[i];
        if (!plugin->decl.demo) {
            continue;
        }
        ctx->plugin = plugin;
        who = plugin->decl.name;
        rc = plugin->decl.demo(plugin->state, ctx);
        if (rc == ALEES_OK) {
            printf("%s: demonstration data is in\n", who);
        }
    }
    if (rc == ALEES_OK) {
        rc = ctx_commit(ctx);
    }
    if (rc != ALEES_OK) {
        server_print_problem(ctx, who, rc, stderr);
        fprintf(stderr, "demo: nothing was written\n");
    }
    server_ctx_end(ctx);
    return rc == ALEES_OK ? CMD_OK : CMD_FAILED;
}

/* ---- large ---- */

static alees_id organization_id(uint32_t number) {
    alees_id id = {{0x01, 0x93, 0x00, 0x01, 0, 0, 0x70, 0x00, 0x80}};
    id.bytes[4] = (uint8_t)(number >> 8);
    id.bytes[5] = (uint8_t)number;
    return id;
}

/* One organization and phase, of all plugins. *ret_who: the one that failed. */
static alees_rc call_plugins(struct load *l, alees_ctx *ctx, uint32_t phase, uint32_t number, const char **ret_who) {
    const struct alees_demo demo = {.struct_size = sizeof demo,
                                    .phase = phase,
                                    .number = number,
                                    .count = l->count,
                                    .organization = organization_id(number)};
    alees_rc rc = ALEES_OK;
    for (uint32_t i = 0; rc == ALEES_OK && i < l->app->plugins.count; i++) {
        struct alees_self *plugin = l->app->plugins.items[i];
        if (plugin->decl.demo_large) {
            ctx->plugin = plugin;
            *ret_who = plugin->decl.name;
            rc = plugin->decl.demo_large(plugin->state, ctx, &demo);
        }
    }
    return rc;
}

/* The organizations from first to last in one transaction. */
static alees_rc load_range(struct load *l, uint32_t phase, uint32_t first, uint32_t last) {
    const char *who = "demo";
    alees_ctx *ctx = open_ctx(l->app);
    alees_rc rc = ctx ? ALEES_OK : ALEES_E_NOMEM;
    for (uint32_t number = first; rc == ALEES_OK && number <= last; number++) {
        rc = call_plugins(l, ctx, phase, number, &who);
    }
    rc = rc == ALEES_OK ? ctx_commit(ctx) : rc;
    if (ctx && rc != ALEES_OK) {
        (void)pthread_mutex_lock(&l->lock);
        server_print_problem(ctx, who, rc, stderr);
        (void)pthread_mutex_unlock(&l->lock);
    }
    server_ctx_end(ctx);
    return rc;
}

/* A bar for people, some lines for files. */
static void tell(struct load *l) {
    (void)pthread_mutex_lock(&l->lock);
    l->done++;
    cmd_progress_show(&l->progress, l->done, l->count, l->done == l->count);
    if (!l->progress.shows && (uint64_t)l->done * LINES / l->count != (uint64_t)(l->done - 1) * LINES / l->count) {
        printf("%" PRIu32 " of %" PRIu32 " organizations\n", l->done, l->count);
        (void)fflush(stdout);
    }
    (void)pthread_mutex_unlock(&l->lock);
}

static void *work(void *data) {
    struct load *l = data;
    for (uint32_t number = atomic_fetch_add(&l->next, 1); number <= l->count && !atomic_load(&l->is_ended);
         number = atomic_fetch_add(&l->next, 1)) {
        if (load_range(l, ALEES_DEMO_ROWS, number, number) != ALEES_OK) {
            atomic_store(&l->is_ended, true);
            break;
        }
        tell(l);
    }
    return NULL;
}

static bool load_rows(struct load *l) {
    pthread_t threads[WORKERS];
    uint32_t started = 0;
    while (started < WORKERS && pthread_create(&threads[started], NULL, work, l) == 0) {
        started++;
    }
    if (started == 0) {
        (void)work(l);
    }
    for (uint32_t i = 0; i < started; i++) {
        (void)pthread_join(threads[i], NULL);
    }
    return !atomic_load(&l->is_ended);
}

static int load_large(struct app *app, uint32_t count) {
    static const struct {
        uint32_t phase;
        const char *what;
    } before[] = {
        {ALEES_DEMO_USERS, "users"}, {ALEES_DEMO_ORGANIZATIONS, "organizations"}, {ALEES_DEMO_MEMBERS, "memberships"}};
    struct load l = {.app = app, .count = count, .progress = {.shows = isatty(STDERR_FILENO)}};
    const uint64_t start = sys_monotonic_us();
    bool is_done = pthread_mutex_init(&l.lock, NULL) == 0;
    atomic_init(&l.next, 1);
    for (size_t i = 0; is_done && i < ARRAY_LEN(before); i++) {
        is_done = load_range(&l, before[i].phase, 1, count) == ALEES_OK;
        if (is_done) {
            printf("%s: of %" PRIu32 " organizations\n", before[i].what, count);
            (void)fflush(stdout);
        }
    }
    is_done = is_done && load_rows(&l);
    if (is_done) {
        printf("demo: the rows of %" PRIu32 " organizations are in, after %" PRIu64 " s\n", count,
               (sys_monotonic_us() - start) / 1000000);
    } else {
        fprintf(stderr, "demo: %" PRIu32 " of %" PRIu32 " organizations are whole; the same command does the rest\n",
                l.done, count);
    }
    (void)pthread_mutex_destroy(&l.lock);
    return is_done ? CMD_OK : CMD_FAILED;
}

/* ---- arguments ---- */

struct options {
    bool is_large;
    uint32_t organizations; /* 0: not said */
};

static bool take_option(struct options *o, const char *name, const char *value) {
    if (strcmp(name, "--size") == 0) {
        o->is_large = strcmp(value, "large") == 0;
        return o->is_large || strcmp(value, "small") == 0;
    }
    char *end = NULL;
    unsigned long number = strcmp(name, "--organizations") == 0 ? strtoul(value, &end, 10) : 0;
    o->organizations = (uint32_t)(number <= MOST_ORGANIZATIONS ? number : 0);
    return o->organizations > 0 && *end == '\0';
}

static bool take_options(struct options *o, const struct cmd_call *call) {
    for (int i = 1; i < call->argc; i += 2) {
        if (i + 1 >= call->argc || !take_option(o, call->argv[i], call->argv[i + 1])) {
            fprintf(stderr, "alees demo: \"%s%s%s\" is not understood; see `alees demo --help`\n", call->argv[i],
                    i + 1 < call->argc ? " " : "", i + 1 < call->argc ? call->argv[i + 1] : "");
            return false;
        }
    }
    if (o->organizations > 0 && !o->is_large) {
        fprintf(stderr, "alees demo: --organizations goes with --size large\n");
        return false;
    }
    return true;
}

int cmd_demo(const struct cmd_call *call) {
    struct options o = {0};
    struct app app;
    if (!take_options(&o, call)) {
        return CMD_USAGE;
    }
    int status = cmd_open(call, &app, SERVER_STARTED, false);
    if (status != 0) {
        return status;
    }
    status = load_small(&app);
    if (status == CMD_OK && o.is_large) {
        status = load_large(&app, o.organizations > 0 ? o.organizations : ORGANIZATIONS);
    }
    server_close(&app);
    return status;
}
