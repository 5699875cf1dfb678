/* SPDX-License-Identifier: MIT
 * edge.c - what the edge adds to a request, in nanoseconds: one take from a token bucket, a traceparent, a negotiation, and
 * a list of fifty rows packed. `cmake --build BUILD --target bench_edge && BUILD/bench_edge` */
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "alees/util.h"
#include "gzip.h"
#include "pipeline_impl.h"
#include "ratelimit_table.h"
#include "sys.h"
#include "trace.h"

enum { ROUNDS = 1000000, PACKINGS = 2000, THREADS = 2, USERS = 10000 };

static struct ratelimit_table *table;
static volatile uint64_t sink; /* what is worked out must be of use to somebody */

/* One token each time, of so many users in turn. */
static void take(uint32_t users) {
    struct ratelimit_state state;
    char key[17] = {0};
    for (uint32_t i = 0; i < ROUNDS; i++) {
        uint32_t user = users > 1 ? i * 2654435761u % users : 0;
        memcpy(key + 1, &user, sizeof user);
        sink += ratelimit_table_spend(table, (alees_str){key, sizeof key}, 10000000, 1, sys_monotonic_us(), &state);
    }
}

static void *take_one(void *data) {
    (void)data;
    take(1);
    return NULL;
}

static void *take_many(void *data) {
    (void)data;
    take(USERS);
    return NULL;
}

static double in_threads(void *(*run)(void *data), int count) {
    pthread_t threads[THREADS];
    uint64_t start = sys_monotonic_us();
    for (int i = 0; i < count; i++) {
        if (pthread_create(&threads[i], NULL, run, NULL) != 0) {
            return -1;
        }
    }
    for (int i = 0; i < count; i++) {
        (void)pthread_join(threads[i], NULL);
    }
    return (double)(sys_monotonic_us() - start) * 1000.0 / ROUNDS;
}

static double read_headers(bool is_trace) {
    static const char *const offered[] = {"application/json", "text/csv", "application/x-ndjson", NULL};
    const alees_str trace = STR_LIT("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
    const alees_str accept = STR_LIT("application/json, text/plain, */*");
    char id[TRACE_ID + 1];
    uint64_t start = sys_monotonic_us();
    for (int i = 0; i < ROUNDS; i++) {
        sink += is_trace ? trace_parse(trace, id) : pipeline_negotiate(accept, offered) != NULL;
    }
    return (double)(sys_monotonic_us() - start) * 1000.0 / ROUNDS;
}

static void pack(void) {
    struct arena *arena = arena_new((size_t)16 * 1024 * 1024);
    static char rows[32 * 1024];
    size_t size = 0, packed = 0;
    for (unsigned i = 0; i < 50; i++) {
        alees_id id = sys_new_id();
        char text[37];
        size +=
            (size_t)snprintf(rows + size, sizeof rows - size,
                             "{\"id\":\"%s\",\"sku\":\"B-%05u\",\"name\":\"Bolt M%u\",\"price\":\"%u.50\",\"status\":"
                             "\"active\",\"tags\":[\"steel\"],\"created_at\":\"2026-11-22T14:05:00.123456Z\"},",
                             alees_id_format(&id, text), i * 7919 % 100000, i % 24, i * 31 % 977);
    }
    uint64_t start = sys_monotonic_us();
    for (int i = 0; arena && i < PACKINGS; i++) {
        struct str out;
        str_init(&out, arena, size / 4);
        sink += gzip_whole(arena, (alees_str){rows, size}, &out);
        packed = out.len;
        arena_reset(arena);
    }
    printf("| 50 rows, %zu bytes, packed to %zu | %.0f ns |\n", size, packed,
           (double)(sys_monotonic_us() - start) * 1000.0 / PACKINGS);
    arena_free(arena);
}

int main(void) {
    struct arena *arena = arena_new(1024 * 1024);
    table = arena ? ratelimit_table_new(arena, 4096) : NULL;
    if (!table) {
        return 1;
    }
    printf("| what | time |\n|---|---|\n");
    printf("| a token, the clock included, of one user | %.1f ns |\n", in_threads(take_one, 1));
    printf("| of %d users | %.1f ns |\n", USERS, in_threads(take_many, 1));
    printf("| of one user, %d threads at once | %.1f ns |\n", THREADS, in_threads(take_one, THREADS));
    printf("| of %d users, %d threads at once | %.1f ns |\n", USERS, THREADS, in_threads(take_many, THREADS));
    printf("| traceparent | %.1f ns |\n", read_headers(true));
    printf("| Accept, three types offered | %.1f ns |\n", read_headers(false));
    pack();
    arena_free(arena);
    return 0;
}
