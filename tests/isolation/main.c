/* SPDX-License-Identifier: MIT
 * main.c - the isolation kit: boots the whole server on a scratch database, makes a world, and lets every kind of user
 * attack every resource and every route. README.md lists the attacks. Exit status: 0 nothing got through, 1 something did
 * (or the kit could not run), 2 wrong usage. */
#include "kit.h"

#include <stdlib.h>
#include <string.h>

#include "metrics.h"

#define MEMORY ((size_t)4 * 1024 * 1024 * 1024) /* a bound, not a reservation */

extern char **environ;

/* In the order of running: what creates rows beyond the known places comes last. */
const struct kit_attack kit_attacks[] = {
    {"T01", "a foreign row by its id, read, changed, deleted", kit_attack_rows},
    {"T02", "other methods on it", kit_attack_methods},
    {"T03", "a role without the permission to view", NULL},
    {"T10", "lists: every row, count and page", kit_attack_list},
    {"T04", "?organization= of others", kit_attack_organization},
    {"T05", "?id= of others' rows", kit_attack_id_filter},
    {"T06", "filters through references and hidden fields", kit_attack_filters},
    {"T07", "filters by alias, column, SQL", kit_attack_aliases},
    {"T08", "ordering by hidden fields", kit_attack_ordering},
    {"T09", "text that stands in others' rows only", kit_attack_foreign_text},
    {"T11", "tags with their counts, routes of the plugin's own", kit_attack_tags},
    {"T12", "?expand=", kit_attack_expand},
    {"T13", "others' ids in nested paths, and in routes of the plugin's own", kit_attack_parts},
    {"T14", "another's cursor", kit_attack_cursor},
    {"T16", "If-None-Match on a foreign row", kit_attack_preconditions},
    {"T17", "If-Match on a foreign row", NULL},
    {"T18", "another's Idempotency-Key", kit_attack_idempotency},
    {"T21", "exports", kit_attack_export},
    {"T25", "the history of a row, also of one that is gone", kit_attack_history},
    {"T27", "headers that name an organization", kit_attack_headers},
    {"T29", "an id of one's own choice", kit_attack_own_id},
    {"T30", "as many statements as for an unknown row", kit_attack_statements},
    {"T31", "no answer shows others' text, ids, or SQL", NULL},
    {"T33", "moving a row, T37", kit_attack_move},
    {"T34", "references to others' rows", kit_attack_reference},
    {"T35", "mass assignment", kit_attack_mass_assignment},
    {"T36", "duplicate keys", kit_attack_duplicate_keys},
    {"T38", "bulk change by filter", kit_attack_bulk},
    {"T39", "bulk create, upsert", NULL},
    {"T40", "bulk delete by filter", NULL},
    {"T41", "import", NULL},
    {"T43", "deleted rows: seen, brought back, deleted for good", kit_attack_deleted},
    {"T44", "other spellings of the address", kit_attack_spellings},
    {"T45", "no token, no permission", kit_attack_no_token},
    {"T46", "a user without any organization", NULL},
    {"T59", "members below and beside", NULL},
    {"T65", "API keys, narrower than whose they are", NULL},
    {"T73", "deactivated users", NULL},
    {"T74", "expired, future and inactive memberships", NULL},
    {"T76", "a deleted user", NULL},
    {"T79", "after a transaction that failed", kit_attack_failed_transaction},
    {"T81", "one decision for several rows", NULL},
    {"T83", "inherited memberships, three deep", NULL},
    {"T84", "row-level security had nothing left to stop", NULL},
    {"T87", "an inactive organization, and below it", NULL},
    {"T28", "values that are unique elsewhere", kit_attack_unique},
    {"T32", "a new row in another's organization", kit_attack_create},
};
const size_t kit_attack_count = ARRAY_LEN(kit_attacks);

/* Parts of other rows are below their owner: what is about one row, or one owner's. */
static bool is_for(const struct kit_attack *attack, const struct resource *r) {
    static void (*const of_parts[])(struct kit *, const struct resource *) = {
        kit_attack_rows,     kit_attack_methods, kit_attack_preconditions, kit_attack_statements,
        kit_attack_no_token, kit_attack_parts,   kit_attack_history,       kit_attack_duplicate_keys};
    bool is_of_parts = false;
    for (size_t i = 0; i < ARRAY_LEN(of_parts); i++) {
        is_of_parts = is_of_parts || attack->run == of_parts[i];
    }
    return attack->run && (!r->owner || is_of_parts);
}

/* ---- what is attacked ---- */

static bool is_own(const struct kit *k, const struct alees_self *plugin) {
    if (!k->options.plugin) {
        return true;
    }
    const char *slash = strrchr(k->options.plugin, '/'), *file = slash ? slash + 1 : k->options.plugin;
    return strncmp(plugin->decl.name, file, strcspn(file, ".")) == 0 && file[strlen(plugin->decl.name)] == '.';
}

static bool is_attacked(const struct route *route) {
    static const char *const endings[] = {"/auth/logout", "/auth/password"}; /* they end the attacker's own session */
    for (size_t i = 0; i < ARRAY_LEN(endings); i++) {
        if (strstr(route->path, endings[i])) {
            return false;
        }
    }
    return route->operation == ROUTE_PLUGIN && !(route->flags & ALEES_ROUTE_PUBLIC);
}

static const char *route_name(struct kit *k, const struct route *route) {
    static const char *const methods[] = {"", "GET", "POST", "PUT", "PATCH", "DELETE"};
    return kit_text(k, "%s %s", methods[route->method], route->path);
}

static void list_subjects(struct kit *k) {
    const struct catalogue *c = k->catalogue;
    k->subjects = ARENA_ARRAY(k->arena, struct kit_subject, c->resource_count + c->route_count);
    ASSERT(k->subjects != NULL);
    for (uint32_t i = 0; i < c->resource_count; i++) {
        const struct resource *r = c->resources[i];
        if (is_own(k, r->plugin)) {
            k->subjects[k->subject_count++] = (struct kit_subject){r->full_name, r, NULL};
        }
    }
    for (uint32_t i = 0; i < c->route_count; i++) {
        const struct route *route = &c->routes[i];
        if (is_attacked(route) && is_own(k, route->plugin)) {
            k->subjects[k->subject_count++] = (struct kit_subject){route_name(k, route), route->resource, route};
        }
    }
}

/* What the host let through and PostgreSQL refused is a hole in the first lock, though nobody got anything. */
static void check_first_lock(struct kit *k, const struct metric *stopped, int64_t before) {
    const char *off = getenv("ALEES_TEST_LOCK_OFF");
    k->attack = "T84";
    if (!k->subject->route && (!off || !strstr(off, "host"))) { /* a plugin's own SQL may rely on it */
        kit_check(k, metrics_value(stopped) == before, "row-level security had to stop statements");
    }
}

static void attack_resource(struct kit *k, const struct resource *r) {
    const char *const all[] = {r->view_name, r->add_name, r->change_name, r->remove_name};
    const char *manage[ARRAY_LEN(all) + 1] = {NULL};
    size_t count = 0;
    for (size_t i = 0; i < ARRAY_LEN(all); i++) {
        bool is_known = false; /* to change the owner is to create, change and delete its parts */
        for (size_t j = 0; j < count && all[i]; j++) {
            is_known = is_known || strcmp(manage[j], all[i]) == 0;
        }
        if (all[i] && !is_known) {
            manage[count++] = all[i];
        }
    }
    kit_world_point(k, manage, r->view_name, r->view_name);
    for (size_t i = 0; i < kit_attack_count; i++) {
        if (is_for(&kit_attacks[i], r)) {
            k->attack = kit_attacks[i].name;
            kit_attacks[i].run(k, r);
            loopback_forget(k->loopback);
        }
    }
}

static int run(struct kit *k) {
    if (!kit_scratch_open(k)) {
        return 1;
    }
    if (!kit_world_make(k)) {
        return 1;
    }
    list_subjects(k);
    k->results = kit_results_new(k);
    const struct metric *stopped = metrics_register(METRICS_COUNTER, "alees_rls_stopped_total", "", "");
    for (uint32_t i = 0; i < k->subject_count; i++) {
        const struct kit_subject *s = &k->subjects[i];
        k->subject = s;
        int64_t before = metrics_value(stopped);
        k->attack = "T01";
        if (s->route) {
            kit_attack_route(k, s);
            loopback_forget(k->loopback);
        } else {
            attack_resource(k, s->resource);
        }
        check_first_lock(k, stopped, before);
    }
    return kit_report(k);
}

/* ---- the command line ---- */

static int usage(FILE *out, int status) {
    fprintf(out,
            "usage: isolation [--admin-url CONNINFO] [--password TEXT] [--database NAME] [--module-dir DIR] [--json]\n"
            "                 [--keep] [FILE.so]\n\n"
            "Attacks every resource and route of the plugin FILE.so (without it: of all plugins) as users of every\n"
            "kind, on a scratch database of a scratch PostgreSQL.\n\n"
            "  --admin-url  libpq connection string of a superuser there; default: the environment (PGHOST ..)\n"
            "  --password   of alees_app and alees_owner, if this PostgreSQL has these roles already\n"
            "  --database   an empty database to use; default: one is made, and dropped at the end\n"
            "  --module-dir folder of the other plugins\n"
            "  --json       the results as JSON; what got through on standard error\n"
            "  --keep       do not drop the database\n");
    return status;
}

static bool take_option(struct kit_options *o, int *at, int argc, char **argv) {
    const struct {
        const char *name;
        const char **target;
    } texts[] = {{"--admin-url", &o->admin_url},
                 {"--password", &o->password},
                 {"--database", &o->database},
                 {"--module-dir", &o->module_dir}};
    if (strcmp(argv[*at], "--json") == 0 || strcmp(argv[*at], "--keep") == 0) {
        *(argv[*at][2] == 'j' ? &o->is_json : &o->is_kept) = true;
        return true;
    }
    for (size_t i = 0; i < ARRAY_LEN(texts) && *at + 1 < argc; i++) {
        if (strcmp(argv[*at], texts[i].name) == 0) {
            *texts[i].target = argv[++*at];
            return true;
        }
    }
    if (argv[*at][0] == '-' || o->plugin) {
        return false;
    }
    o->plugin = argv[*at];
    return true;
}

/* Settings of whoever runs the kit are not the scratch server's. */
static void forget_environment(void) {
    for (char **variable = environ; *variable;) {
        char name[128];
        size_t length = strcspn(*variable, "=");
        if (strncmp(*variable, "ALEES_", 6) == 0 && strncmp(*variable, "ALEES_TEST_", 11) != 0 &&
            length < sizeof name) {
            memcpy(name, *variable, length);
            name[length] = '\0';
            (void)unsetenv(name);
            variable = environ;
        } else {
            variable++;
        }
    }
}

int main(int argc, char **argv) {
    struct kit k;
    memset(&k, 0, sizeof k);
    k.options.admin_url = "";
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0) {
            return usage(stdout, 0);
        }
        if (!take_option(&k.options, &i, argc, argv)) {
            return usage(stderr, 2);
        }
    }
    forget_environment();
    k.arena = arena_new(MEMORY);
    if (!k.arena) {
        fprintf(stderr, "isolation: out of memory\n");
        return 1;
    }
    int status = run(&k);
    kit_scratch_close(&k);
    arena_free(k.arena);
    return status;
}
