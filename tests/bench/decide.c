/* SPDX-License-Identifier: MIT
 * decide.c - what a decision costs. Without a server and a database: the model of plugins/rbac and its table of users.
 *
 *   bench_decide                      every measurement, as lines of a table; timings are medians of interleaved rounds
 *   bench_decide threads              what many threads cost each other, alone
 *   bench_decide CASE SHAPE TIMES     one case, for callgrind: --toggle-collect=measure counts it alone
 *
 * The shapes are those published for other engines: users in groups of ten, each group a role that permits one thing,
 * each thing permitted to ten groups. The question that is asked is one of each: allowed and denied. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "plugins/rbac/policy_parts.h"
#include "plugins/rbac/table.h"

enum { ROUNDS = 21, TIMES = 200000, NOW = 1000 };

static void *must(void *memory) {
    if (!memory) {
        fputs("out of memory\n", stderr);
        exit(1);
    }
    return memory;
}

static double now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static double resident_mib(void) {
    long pages = 0;
    FILE *f = fopen("/proc/self/statm", "r");
    if (!f || fscanf(f, "%*s %ld", &pages) != 1) {
        pages = 0;
    }
    if (f) {
        (void)fclose(f);
    }
    return (double)pages * (double)sysconf(_SC_PAGESIZE) / 1048576.0;
}

static uint64_t random_state = 88172645463325252u;

static uint32_t below(uint32_t limit) { /* xorshift64 */
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (uint32_t)((random_state >> 11) % limit);
}

static alees_id id_of(uint32_t kind, uint32_t number) {
    alees_id id = {{0x01, 0x93, (uint8_t)kind}};
    for (uint32_t i = 0; i < 4; i++) {
        id.bytes[12 + i] = (uint8_t)(number >> (24 - 8 * i));
    }
    return id;
}

enum { ORGANIZATION = 1, ROLE, MEMBERSHIP, USER };

/* --- a world of a shape --- */

struct shape {
    const char *name;
    uint32_t users, roles, resources;
};
static const struct shape shapes[] = {
    {"1,000 x 100", 1000, 100, 10}, {"10,000 x 1,000", 10000, 1000, 100}, {"100,000 x 10,000", 100000, 10000, 1000}};

struct world {
    struct policy_catalogue *catalogue;
    struct policy_tree *tree;
    struct policy_roles *roles;
    struct table *users;
    struct policy_user *pinned;
    char pinned_id[37], place[37], allowed[32], denied[32]; /* names */
    uint32_t may, may_not;                                  /* numbers of the last two */
    alees_id where;
};

static void hold_user(void *u) {
    (void)policy_user_hold(u);
}

static void release_user(void *u) {
    policy_user_release(u);
}

static size_t bytes_of_user(const void *u) {
    const struct policy_user *user = u;
    return atomic_load_explicit(&user->bytes, memory_order_relaxed);
}

static const struct table_kind user_kind = {hold_user, release_user, bytes_of_user};

static struct policy_catalogue *make_catalogue(uint32_t count) {
    struct permission {
        struct alees_permission decl;
        char name[32];
    } *rows = must(calloc(count, sizeof *rows));
    for (uint32_t i = 0; i < count; i++) {
        snprintf(rows[i].name, sizeof rows[i].name, "data%u.read", i);
        rows[i].decl = (struct alees_permission){rows[i].name, ""};
    }
    return must(policy_catalogue_new((alees_list){rows, count, sizeof *rows}, (alees_list){NULL, 0, 0}));
}

/* count organizations, each below one ten times smaller. */
static struct policy_tree *make_tree(uint32_t count) {
    struct policy_organization_row *rows = must(calloc(count, sizeof *rows));
    for (uint32_t i = 0; i < count; i++) {
        rows[i] = (struct policy_organization_row){.id = id_of(ORGANIZATION, i),
                                                   .parent = id_of(ORGANIZATION, i / 10),
                                                   .has_parent = i > 0,
                                                   .is_active = true,
                                                   .from = INT64_MIN,
                                                   .until = INT64_MAX,
                                                   .name = {"An organization", 15}};
    }
    struct policy_tree *tree = must(policy_tree_new(rows, count, 1, 0));
    free(rows);
    return tree;
}

static struct policy_roles *make_roles(const struct policy_catalogue *c, uint32_t count, uint64_t generation) {
    struct policy_role_row *rows = must(calloc(count, sizeof *rows));
    for (uint32_t i = 0; i < count; i++) {
        rows[i] = (struct policy_role_row){.id = id_of(ROLE, i),
                                           .is_system = true,
                                           .name = {"A role", 6},
                                           .permission = alees_text(c->permissions[i / 10 % c->count]->name)};
    }
    struct policy_roles *roles =
        must(policy_roles_new(c, &(struct policy_role_rows){.roles = rows, .role_count = count}, generation));
    free(rows);
    return roles;
}

/* With count memberships, the first in organization `where`, all with one role. */
static struct policy_user *make_user(const struct world *w, uint32_t number, uint32_t where, uint32_t role,
                                     uint32_t count) {
    struct policy_membership_row rows[16];
    const struct policy_user_row row = {id_of(USER, number), {"somebody", 8}, true, false};
    for (uint32_t i = 0; i < count; i++) {
        uint32_t place = (where + i * 7919) % w->tree->count;
        rows[i] = (struct policy_membership_row){.id = id_of(MEMBERSHIP, number * 16 + i),
                                                 .organization = id_of(ORGANIZATION, place),
                                                 .role = id_of(ROLE, role),
                                                 .is_active = true,
                                                 .has_role = true,
                                                 .from = INT64_MIN,
                                                 .until = INT64_MAX};
    }
    return must(policy_user_new(&row, rows, count, w->tree, w->roles, w->catalogue->count, NOW));
}

static void put_user(struct world *w, struct policy_user *u) {
    struct table_watch watch;
    table_watch(w->users, &watch);
    table_put(w->users, &u->id, u, &watch);
}

static struct world *make_world(const struct shape *s) {
    struct world *w = must(calloc(1, sizeof *w));
    const uint32_t asked = s->users / 2 + 1;
    const uint32_t thing = asked / 10 / 10 % s->resources;
    w->catalogue = make_catalogue(s->resources);
    w->tree = make_tree(s->roles);
    w->roles = make_roles(w->catalogue, s->roles, 1);
    w->users = must(table_new((size_t)4 << 30, &user_kind));
    for (uint32_t i = 0; i < s->users; i++) {
        struct policy_user *u = make_user(w, i, i % s->roles, i / 10, 1);
        put_user(w, u);
        if (i == asked) {
            w->pinned = policy_user_hold(u);
        }
        policy_user_release(u);
    }
    if (!w->pinned) {
        return w; /* without users of its own */
    }
    w->where = w->pinned->memberships[0].organization;
    alees_id_format(&w->pinned->id, w->pinned_id);
    alees_id_format(&w->where, w->place);
    w->may = thing + 1;
    w->may_not = s->resources;
    snprintf(w->allowed, sizeof w->allowed, "data%u.read", thing);
    snprintf(w->denied, sizeof w->denied, "data%u.read", s->resources - 1);
    return w;
}

/* --- the cases --- */

/* times decisions, half of them allowed; how many were. */
typedef uint32_t measured(struct world *w, uint32_t times);

static uint32_t pinned(struct world *w, uint32_t times) {
    uint32_t allowed = 0;
    for (uint32_t i = 0; i < times; i++) {
        allowed += policy_decide(w->pinned, NULL, i & 1 ? w->may : w->may_not, &w->where, NULL) == ALEES_GRANTED;
    }
    return allowed;
}

/* User, permission and organization by their names, as they come in a request: the user is found in the table. */
static uint32_t by_name(struct world *w, uint32_t times) {
    uint32_t allowed = 0;
    for (uint32_t i = 0; i < times; i++) {
        alees_id user, where;
        if (alees_id_parse((alees_str){w->pinned_id, 36}, &user) == ALEES_OK &&
            alees_id_parse((alees_str){w->place, 36}, &where) == ALEES_OK) {
            struct policy_user *u = table_get(w->users, &user);
            uint32_t permission = policy_permission(w->catalogue, i & 1 ? w->allowed : w->denied);
            allowed += policy_decide(u, NULL, permission, &where, NULL) == ALEES_GRANTED;
            policy_user_release(u);
        }
    }
    return allowed;
}

/* A different user each time: what is not in the processor's caches shows. */
static uint32_t any_user(struct world *w, uint32_t times) {
    const uint32_t count = w->roles->count * 10;
    uint32_t allowed = 0;
    for (uint32_t i = 0; i < times; i++) {
        const uint32_t number = below(count);
        const alees_id user = id_of(USER, number), where = id_of(ORGANIZATION, number % w->tree->count);
        struct policy_user *u = table_get(w->users, &user);
        const uint32_t may = number / 100 % w->catalogue->count + 1;
        allowed += policy_decide(u, NULL, i & 1 ? may : may % w->catalogue->count + 1, &where, NULL) == ALEES_GRANTED;
        policy_user_release(u);
    }
    return allowed;
}

static const struct {
    const char *name;
    measured *run;
} cases[] = {{"pinned", pinned}, {"by_name", by_name}, {"any_user", any_user}};
enum { CASES = sizeof cases / sizeof cases[0], SHAPES = sizeof shapes / sizeof shapes[0] };

__attribute__((noinline)) static uint32_t measure(measured *run, struct world *w, uint32_t times) {
    return run(w, times);
}

static int compare_doubles(const void *a, const void *b) {
    const double left = *(const double *)a, right = *(const double *)b;
    return (left > right) - (left < right);
}

static double median(double *values, size_t count) {
    qsort(values, count, sizeof *values, compare_doubles);
    return values[count / 2];
}

static void decisions(void) {
    static double taken[SHAPES][CASES][ROUNDS];
    struct world *worlds[SHAPES];
    for (size_t s = 0; s < SHAPES; s++) {
        worlds[s] = make_world(&shapes[s]);
    }
    for (size_t round = 0; round < ROUNDS; round++) { /* A B C A B C */
        for (size_t s = 0; s < SHAPES; s++) {
            for (size_t c = 0; c < CASES; c++) {
                const double start = now_ns();
                const uint32_t allowed = measure(cases[c].run, worlds[s], TIMES);
                taken[s][c][round] = (now_ns() - start) / TIMES;
                if (allowed != TIMES / 2) {
                    fprintf(stderr, "%s, %s: %u of %u allowed\n", shapes[s].name, cases[c].name, allowed, TIMES);
                    exit(1);
                }
            }
        }
    }
    for (size_t s = 0; s < SHAPES; s++) {
        printf("decide|%s", shapes[s].name);
        for (size_t c = 0; c < CASES; c++) {
            printf("|%.0f", median(taken[s][c], ROUNDS));
        }
        printf("\n");
    }
}

/* --- the list --- */

static void lists(void) {
    enum { USERS = 2000 };
    const struct shape shape = shapes[2];
    struct world *w = make_world(&shape);
    struct policy_user *users[USERS];
    double kept[ROUNDS], first[ROUNDS];
    for (size_t round = 0; round < ROUNDS; round++) {
        for (uint32_t i = 0; i < USERS; i++) {
            users[i] = make_user(w, i, i, 0, 10);
        }
        double start = now_ns();
        for (uint32_t i = 0; i < USERS; i++) {
            if (policy_organizations(users[i], NULL, 1, NULL)->count != 10) {
                exit(1);
            }
        }
        first[round] = (now_ns() - start) / USERS;
        uint32_t total = 0;
        start = now_ns();
        for (uint32_t i = 0; i < TIMES; i++) {
            total += policy_organizations(users[i % 16], NULL, 1, NULL)->count;
        }
        kept[round] = (now_ns() - start) / TIMES;
        for (uint32_t i = 0; i < USERS; i++) {
            policy_user_release(users[i]);
        }
        if (total != TIMES * 10) {
            exit(1);
        }
    }
    printf("list|10 memberships|%.0f|%.0f\n", median(kept, ROUNDS), median(first, ROUNDS));
}

/* --- many threads --- */

struct worker {
    struct world *w;
    uint32_t first, users; /* asks about users, one after the other, from its first on */
    pthread_t thread;
};

static void *work(void *argument) {
    const struct worker *me = argument;
    for (uint32_t i = 0; i < TIMES; i++) {
        const uint32_t number = (me->first + i * 7919) % me->users;
        const alees_id user = id_of(USER, number), where = id_of(ORGANIZATION, number % me->w->tree->count);
        struct policy_user *u = table_get(me->w->users, &user);
        if (policy_decide(u, NULL, number / 100 % me->w->catalogue->count + 1, &where, NULL) != ALEES_GRANTED) {
            exit(1);
        }
        policy_user_release(u);
    }
    return NULL;
}

/* Nanoseconds of the whole for each lookup and decision, with so many threads at it. */
static double together(struct world *w, uint32_t threads, uint32_t users) {
    struct worker workers[16];
    const double start = now_ns();
    for (uint32_t i = 0; i < threads; i++) {
        workers[i] = (struct worker){.w = w, .first = i * 97, .users = users};
        if (pthread_create(&workers[i].thread, NULL, work, &workers[i]) != 0) {
            exit(1);
        }
    }
    for (uint32_t i = 0; i < threads; i++) {
        pthread_join(workers[i].thread, NULL);
    }
    return (now_ns() - start) / TIMES / threads;
}

static void contention(void) {
    static const uint32_t threads[] = {1, 2, 16}, users[] = {1, 1000};
    struct world *w = make_world(&shapes[0]);
    double taken[2][3][5];
    for (size_t round = 0; round < 5; round++) {
        for (size_t u = 0; u < 2; u++) {
            for (size_t t = 0; t < 3; t++) {
                taken[u][t][round] = together(w, threads[t], users[u]);
            }
        }
    }
    for (size_t u = 0; u < 2; u++) {
        printf("threads|%s", u == 0 ? "one user" : "1,000 users");
        for (size_t t = 0; t < 3; t++) {
            printf("|%.0f", median(taken[u][t], 5));
        }
        printf("\n");
    }
}

/* --- a role that many hold is edited --- */

static void role_edit(void) {
    enum { USERS = 100000, EDITS = 5 };
    struct world *w = make_world(&(struct shape){"", 0, 10000, 1000});
    double build[EDITS], all[EDITS];
    for (uint32_t i = 0; i < USERS; i++) {
        struct policy_user *u = make_user(w, i, i, 7, 1);
        put_user(w, u);
        policy_user_release(u);
    }
    for (uint64_t edit = 0; edit < EDITS; edit++) {
        double start = now_ns();
        struct policy_roles *roles = make_roles(w->catalogue, 10000, edit + 2);
        build[edit] = (now_ns() - start) / 1e6;
        start = now_ns();
        for (uint32_t i = 0; i < USERS; i++) { /* as their next requests do, one by one */
            const alees_id id = id_of(USER, i);
            struct policy_user *u = table_get(w->users, &id);
            struct policy_user *again = must(policy_user_again(u, w->tree, roles, NOW));
            table_replace(w->users, &id, u, again);
            policy_user_release(u);
            policy_user_release(again);
        }
        all[edit] = (now_ns() - start) / 1e6;
        policy_roles_release(w->roles);
        w->roles = roles;
    }
    printf("role_edit|100,000 users, 10,000 roles|%.1f|%.0f\n", median(build, EDITS), median(all, EDITS));
}

/* --- more users than fit --- */

/* The rank of a request's user when the n-th most busy one makes 1/n of them: by the inverse of the sum, roughly. */
static uint32_t busy_user(uint32_t count) {
    const double share = (double)below(1u << 30) / (double)(1u << 30);
    double rank = 1.0, all = 0.0;
    for (uint32_t n = count; n > 1; n >>= 1) {
        all += 1.0; /* log2 of count */
    }
    for (double left = share * all; left > 0.0; left -= 1.0) { /* 2 to the power of share * log2(count) */
        rank *= left >= 1.0 ? 2.0 : 1.0 + left;
    }
    return rank >= (double)count ? count - 1 : (uint32_t)rank - 1;
}

static void memory(void) {
    enum { USERS = 1000000, MEMBERSHIPS = 10, REQUESTS = 4000000 };
    const size_t budget = (size_t)64 * 1024 * 1024 / 8 * 7; /* as cache.c divides cache_mib */
    struct world *w = make_world(&(struct shape){"", 0, 1000, 44});
    size_t most = 0, hits = 0;
    w->tree = make_tree(100000);
    table_free(w->users);
    const double before = resident_mib();
    w->users = must(table_new(budget, &user_kind));
    for (uint32_t i = 0; i < USERS + REQUESTS; i++) { /* everybody once, then as real ones come */
        const uint32_t number = i < USERS ? i : busy_user(USERS) * 7919u % USERS;
        const alees_id id = id_of(USER, number);
        struct policy_user *u = table_get(w->users, &id);
        hits += i >= USERS && u != NULL;
        if (!u) {
            u = make_user(w, number, number % 100000, number % 1000, MEMBERSHIPS);
            put_user(w, u);
        }
        (void)policy_organizations(u, NULL, number % 44 + 1, NULL);
        policy_user_release(u);
        most = table_bytes(w->users) > most ? table_bytes(w->users) : most;
    }
    uint32_t there = 0;
    for (uint32_t i = 0; i < USERS; i++) {
        const alees_id id = id_of(USER, i);
        struct policy_user *u = table_get(w->users, &id);
        there += u != NULL;
        policy_user_release(u);
    }
    printf("memory|1,000,000 users, 10,000,000 memberships|%.1f|%.1f|%u|%.1f\n", (double)most / 1048576.0,
           resident_mib() - before, there, 100.0 * (double)hits / REQUESTS);
}

static int one(const char *name, const char *shape, const char *times) {
    const unsigned long s = strtoul(shape, NULL, 10);
    for (size_t c = 0; c < CASES && s < SHAPES; c++) {
        if (strcmp(cases[c].name, name) == 0) {
            struct world *w = make_world(&shapes[s]);
            printf("%u\n", measure(cases[c].run, w, (uint32_t)strtoul(times, NULL, 10)));
            return 0;
        }
    }
    return 2;
}

int main(int argc, char **argv) {
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (argc == 2 && strcmp(argv[1], "threads") == 0) {
        contention();
        return 0;
    }
    if (argc == 4) {
        return one(argv[1], argv[2], argv[3]);
    }
    decisions();
    lists();
    contention();
    role_edit();
    memory();
    return 0;
}
