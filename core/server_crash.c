/* SPDX-License-Identifier: MIT
 * server_crash.c - when the process dies in somebody's code, the last line says in whose. Plugins run in our address
 * space: this is the difference between "the server crashed" and "plugin product crashed in GET
 * /api/v1/products/{id}".
 *
 * The handler uses only what is async-signal-safe: reads of memory that was complete before the request started, and
 * write(2). It runs on a stack of its own, because the most likely crash is a stack that is used up. */
#define _XOPEN_SOURCE 700 /* sigaltstack */

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "plugin_private.h"
#include "server.h"

enum { STACK = 32 * 1024, LINE = 512 };

static const int numbers[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT};
static const char *const names[] = {"SIGSEGV", "SIGBUS", "SIGILL", "SIGFPE", "SIGABRT"};
static struct sigaction before[ARRAY_LEN(numbers)]; /* the sanitizers' own handlers, or the default */

static _Thread_local const alees_ctx *watched;
static _Thread_local bool has_stack;
static pthread_key_t stack_key; /* frees the stack at the end of its thread */
static bool is_ready;

struct line {
    char text[LINE];
    size_t len;
};

static void put(struct line *l, const char *text) {
    while (*text && l->len < LINE - 1) {
        l->text[l->len++] = *text++;
    }
}

static size_t place_of(int number) {
    size_t i = 0;
    while (i + 1 < ARRAY_LEN(numbers) && numbers[i] != number) {
        i++;
    }
    return i;
}

static void on_crash(int number, siginfo_t *info, void *machine) {
    const alees_ctx *ctx = watched;
    struct line l;
    size_t place = place_of(number);
    (void)machine;
    l.len = 0;
    put(&l, "alees: ");
    put(&l, names[place]);
    if (ctx) {
        put(&l, " in plugin ");
        put(&l, ctx->plugin ? ctx->plugin->decl.name : "(none: the server itself)");
        if (ctx->route) {
            put(&l, ", route ");
            put(&l, plugin_method(ctx->route->method));
            put(&l, " ");
            put(&l, ctx->route->path);
        }
        put(&l, ", request ");
        put(&l, ctx->request_id);
    } else {
        put(&l, " outside of a request");
    }
    l.text[l.len++] = '\n';
    (void)!write(STDERR_FILENO, l.text, l.len);
    /* Then as if we had not been here: a fault happens again on return; a signal that was sent is sent again. */
    (void)sigaction(number, &before[place], NULL);
    if (info->si_code <= 0) {
        (void)raise(number);
    }
}

static void free_stack(void *stack) {
    stack_t off;
    memset(&off, 0, sizeof off);
    off.ss_flags = SS_DISABLE;
    (void)sigaltstack(&off, NULL);
    free(stack);
}

static void give_stack(void) {
    stack_t now, ours;
    has_stack = true; /* or it cannot be had: then a used-up stack ends the process without the line */
    if (sigaltstack(NULL, &now) != 0 || (now.ss_flags & SS_DISABLE) == 0) {
        return;
    }
    memset(&ours, 0, sizeof ours);
    ours.ss_size = STACK;
    ours.ss_sp = malloc(STACK);
    if (!ours.ss_sp) {
        return;
    }
    if (pthread_setspecific(stack_key, ours.ss_sp) != 0 || sigaltstack(&ours, NULL) != 0) {
        (void)pthread_setspecific(stack_key, NULL);
        free(ours.ss_sp);
    }
}

void server_crash_init(void) {
    struct sigaction action;
    if (is_ready) {
        return;
    }
    if (pthread_key_create(&stack_key, free_stack) != 0) {
        return;
    }
    memset(&action, 0, sizeof action);
    action.sa_sigaction = on_crash;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK;
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
        (void)sigaction(numbers[i], &action, &before[i]);
    }
    is_ready = true;
}

void server_crash_watch(const alees_ctx *ctx) {
    if (is_ready && !has_stack) {
        give_stack();
    }
    watched = ctx;
}
