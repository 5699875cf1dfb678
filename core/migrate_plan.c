/* SPDX-License-Identifier: MIT
 * migrate_plan.c - which steps are declared, which have been applied. */
#include <stdlib.h>
#include <string.h>

#include "core_sql.h"
#include "cred.h"
#include "migrate_impl.h"

static const struct alees_migration core_steps[] = {
    {.version = 1, .name = "create core tables", .sql = sql_0001_core},
    {.version = 2, .name = "keep replies of requests with an Idempotency-Key", .sql = sql_0002_idempotency},
    {.version = 3, .name = "ids that rise within a millisecond", .sql = sql_0003_new_id},
};
static const char core_name[] = "alees";

static void checksum(const char *sql, char out[MIGRATE_CHECKSUM]) {
    static const char digits[] = "0123456789abcdef";
    uint8_t hash[CRED_HASH];
    cred_hash((alees_str){sql, strlen(sql)}, hash);
    for (size_t i = 0; i < sizeof hash; i++) {
        out[2 * i] = digits[hash[i] >> 4];
        out[2 * i + 1] = digits[hash[i] & 15];
    }
    out[2 * sizeof hash] = '\0';
}

static void add_steps(struct migrate_plan *plan, const char *plugin, const struct alees_migration *steps,
                      uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        struct migrate_step *step = &plan->steps[plan->count++];
        step->plugin = plugin;
        step->name = steps[i].name;
        step->sql = steps[i].sql;
        step->version = steps[i].version;
        checksum(step->sql, step->checksum);
    }
}

static struct migrate_step *find(struct migrate_plan *plan, alees_str plugin, uint32_t version) {
    for (uint32_t i = 0; i < plan->count; i++) {
        if (plan->steps[i].version == version && migrate_is(plugin, plan->steps[i].plugin)) {
            return &plan->steps[i];
        }
    }
    return NULL;
}

static bool is_declared(const struct migrate_plan *plan, alees_str plugin) {
    for (uint32_t i = 0; i < plan->count; i++) {
        if (migrate_is(plugin, plan->steps[i].plugin)) {
            return true;
        }
    }
    return false;
}

/* One applied step against the declared ones. Steps of plugins that are not enabled now are left alone. */
static bool compare(struct migrate_plan *plan, alees_str plugin, uint32_t version, alees_str sum, FILE *errors) {
    struct migrate_step *step = find(plan, plugin, version);
    if (!step) {
        if (!is_declared(plan, plugin)) {
            return true;
        }
        fprintf(errors,
                "%.*s: step %u has been applied, but this plugin does not know it: it is older than the database\n",
                STR_FMT(plugin), version);
        return false;
    }
    step->is_applied = true;
    if (!migrate_is(sum, step->checksum)) {
        fprintf(errors, "%s: step %u (%s) was changed after it had been applied: put its text back, add a new step\n",
                step->plugin, step->version, step->name);
        return false;
    }
    return true;
}

/* Steps are applied in order: one that is missing below an applied one came too late. */
static bool has_gap(const struct migrate_plan *plan, FILE *errors) {
    bool found = false;
    for (uint32_t i = 1; i < plan->count; i++) {
        const struct migrate_step *before = &plan->steps[i - 1], *step = &plan->steps[i];
        if (strcmp(before->plugin, step->plugin) == 0 && step->is_applied && !before->is_applied) {
            fprintf(errors, "%s: step %u (%s) has not been applied, but step %u has: give it a higher number\n",
                    before->plugin, before->version, before->name, step->version);
            found = true;
        }
    }
    return found;
}

static alees_rc compare_all(struct db *db, struct arena *arena, struct migrate_plan *plan, FILE *errors) {
    struct db_result *result = NULL;
    alees_rc rc = migrate_ask(db, arena, "alees.migration", "SELECT to_regclass('alees.migration') IS NOT NULL", NULL,
                              0, errors, &result);
    bool exists = rc == ALEES_OK && migrate_is(db_value(result, 0, 0), "t");
    db_result_free(result);
    if (rc != ALEES_OK || !exists) {
        return rc;
    }
    result = NULL;
    rc = migrate_ask(db, arena, "alees.migration",
                     "SELECT plugin, version, checksum FROM alees.migration ORDER BY plugin, version", NULL, 0, errors,
                     &result);
    for (uint32_t i = 0; result && rc != ALEES_E_INTERNAL && i < db_rows(result); i++) {
        uint32_t version = (uint32_t)strtoul(db_value(result, i, 1).ptr, NULL, 10);
        if (!compare(plan, db_value(result, i, 0), version, db_value(result, i, 2), errors)) {
            rc = ALEES_E_INVALID;
        }
    }
    db_result_free(result);
    return rc == ALEES_OK && has_gap(plan, errors) ? ALEES_E_INVALID : rc;
}

alees_rc migrate_plan(struct db *db, struct arena *arena, const struct plugins *plugins, FILE *errors,
                      struct migrate_plan *ret_plan) {
    struct migrate_plan plan = {NULL, 0, 0};
    uint32_t total = ARRAY_LEN(core_steps);
    for (uint32_t i = 0; i < plugins->count; i++) {
        total += plugins->items[i]->migration_count;
    }
    plan.steps = ARENA_ARRAY(arena, struct migrate_step, total);
    if (!plan.steps) {
        fprintf(errors, "out of memory\n");
        return ALEES_E_NOMEM;
    }
    add_steps(&plan, core_name, core_steps, ARRAY_LEN(core_steps));
    for (uint32_t i = 0; i < plugins->count; i++) {
        const struct alees_self *p = plugins->items[i];
        add_steps(&plan, p->decl.name, p->migrations, p->migration_count);
    }
    alees_rc rc = compare_all(db, arena, &plan, errors);
    if (rc != ALEES_OK) {
        return rc;
    }
    for (uint32_t i = 0; i < plan.count; i++) {
        plan.pending += plan.steps[i].is_applied ? 0 : 1;
    }
    *ret_plan = plan;
    return ALEES_OK;
}
